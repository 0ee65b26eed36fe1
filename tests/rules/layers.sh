# A room includes only what lib/LAYERS allows it to.
. "$KT_SRCDIR/tests/rules/rule.sh"

layers() {
	(cd "$1" && find lib cmd -name '*.[ch]' | sort | xargs awk '
	FILENAME == "lib/LAYERS" {
		if (/^#/ || !NF)
			next
		room = $1
		if (!sub(/:$/, "", room))
			print FILENAME ":" FNR ": a room ends with a colon"
		for (i = 2; i <= NF; i++) {
			if (!($i in rooms))
				print FILENAME ":" FNR ": " $i " does not stand above"
			door[room, $i] = 1
		}
		rooms[room] = 1
		next
	}
	/^#[ \t]*include[ \t]*"/ {
		split($0, quoted, "\"")
		target = quoted[2]
		split(FILENAME, at, "/")
		from = at[1] == "cmd" ? "cmd" : at[2]
		if (target == "config.h")
			next
		if (target !~ /\//) {
			print FILENAME ":" FNR ": \"" target "\" has no room"
			next
		}
		split(target, to, "/")
		if (from != "cmd" && !(from in rooms))
			print FILENAME ":" FNR ": LAYERS does not know " from
		else if (to[1] != "cmd" && !(to[1] in rooms))
			print FILENAME ":" FNR ": LAYERS does not know " to[1]
		else if (to[1] == "cmd" && from != "cmd")
			print FILENAME ":" FNR ": no room includes cmd"
		else if (from != "cmd" && from != to[1] && !((from, to[1]) in door))
			print FILENAME ":" FNR ": " from " has no door to " to[1]
		else if (target ~ /_priv\.h$/ && from != to[1])
			print FILENAME ":" FNR ": " target " is private to " to[1]
	}' lib/LAYERS)
}

# Each outside header has the files that may see it, so that the rest of kt
# does not depend on the library.
doors() {
	(cd "$1" && grep -rn --include='*.[ch]' '^#[[:space:]]*include[[:space:]]*<' \
		lib cmd | awk -F: '
	BEGIN {
		only["microhttpd.h"] = "cmd/gateway/listen_mhd.h" \
		    " cmd/audit/witness_serve.c"
		only["curl/curl.h"] = "cmd/libcurl.h"
		only["cJSON.h"] = "lib/json/door.h"
		only["cjson/cJSON.h"] = "lib/json/door.h"
		only["yaml.h"] = "lib/config/tree.c"
		only["libpq-fe.h"] = "lib/fleet/fleet_priv.h"
		only["hs.h"] = only["hs/hs.h"] = "lib/detect/detect_priv.h" \
		    " cmd/hyperscan.c"
		only["pcre2.h"] = "lib/detect/detect_priv.h"
		only["zstd.h"] = "cmd/session/form.c"
	}
	{
		header = $3
		gsub(/.*<|>.*/, "", header)
		if (header in only && $1 != "cmd/version.c" &&
		    index(" " only[header] " ", " " $1 " ") == 0)
			print $1 ":" $2 ": <" header "> is for " only[header]
	}')
}

keeps 'rooms include only what LAYERS allows' layers layers
keeps 'each library has one door' doors doors

printf 'base:\njson: base\naudit: base\n' | plant lib/LAYERS
echo '#include "audit/audit.h"' | plant lib/json/a.c
notices 'a missing door is noticed' layers 'lib/json/a.c:1: json has no door'
printf 'base: json\njson: base\n' | plant lib/LAYERS
echo | plant lib/json/a.c
notices 'a cycle is noticed' layers 'LAYERS:1: json does not stand above'
printf 'base:\n' | plant lib/LAYERS
echo '#include "cmd/cmd.h"' | plant lib/base/a.h
notices 'a room that includes a command is noticed' layers 'no room includes cmd'
printf 'base:\n' | plant lib/LAYERS
echo '#include "base/base_priv.h"' | plant cmd/a.c
notices 'a private header outside its room is noticed' layers 'is private to base'
echo '#include <microhttpd.h>' | plant cmd/a.c
echo | plant lib/a.c
notices 'a second door to a library is noticed' doors 'cmd/a.c:1: <microhttpd.h>'
finish

# What leaves a room says which room it comes from.
. "$KT_SRCDIR/tests/rules/rule.sh"

# Reads "ROOM FILE SYMBOL" lines; the room of a command is cmd.
judge() {
	awk '
	FNR == NR {
		if (!/^#/ && NF)
			prefix[$2] = prefix[$2] " " $1
		next
	}
	{
		n = split("kt_" $1 "_ kt_" $1 prefix[$1], may, " ")
		if ($1 == "cmd")
			n = split("kt_ main", may, " ")
		for (i = 1; i <= n; i++)
			if ($3 == may[i] || (may[i] ~ /_$|^kt_surface$/ &&
			    index($3, may[i]) == 1))
				next
		print $2 ": " $3 " does not begin like its room"
	}' "$KT_SRCDIR/tests/rules/names.allow" -
}

exported() {
	cd "$KT_BUILDDIR" || return
	find lib cmd -name '*.o' | sort | while read -r object; do
		room=${object#lib/}
		room=${room%%/*}
		nm -g --defined-only "$object" |
			awk -v r="$room" -v o="${object%.o}.c" '
			# Sanitizers bring symbols of their own.
			$NF !~ /^(__|_)/ { print r, o, $NF }'
	done
}

names() {
	exported >"$out/exported"
	[ -s "$out/exported" ] || echo 'lib: there are no object files'
	judge <"$out/exported"
}

keeps 'exported names begin like their room' names names
echo 'json lib/json/a.c kt_audit_verify' | judge | grep -q 'does not begin'
claim "another room's prefix is noticed" $?
echo 'cmd cmd/a.c refuse' | judge | grep -q 'does not begin'
claim 'a name without any prefix is noticed' $?
finish

# A name that leaves a room says which room it comes from: the first word
# behind kt_ is the room's own or one of its words, and no other room's.
. "$KT_SRCDIR/tests/rules/rule.sh"

# Reads "ROOM FILE SYMBOL" lines; the room of a command is cmd.
judge() {
	awk -v rooms="$(sed -n 's/^\([a-z]*\):.*/\1/p' "$KT_SRCDIR/lib/LAYERS")" '
	BEGIN {
		n = split(rooms, room, "\n")
		for (i = 1; i <= n; i++)
			owner[room[i]] = room[i]
	}
	$3 !~ /^kt_/ && !($1 == "cmd" && $3 == "main") {
		print $2 ": " $3 " does not begin with kt_"
		next
	}
	# base is the vocabulary: its types are the prefix.  Nobody includes cmd.
	$1 == "cmd" || $1 == "base" { next }
	{
		split($3, word, "_")
		if (!(word[2] in owner))
			owner[word[2]] = $1
		if (owner[word[2]] != $1)
			print $2 ": " $3 " begins like a name of " owner[word[2]]
	}'
}

exported() {
	cd "$KT_BUILDDIR" || return
	find lib cmd -name '*.o' | sort | while read -r object; do
		room=${object#lib/}
		room=${room%%/*}
		# Sanitizers bring symbols of their own.
		nm -g --defined-only "$object" |
			awk -v r="$room" -v o="${object%.o}.c" \
			'$NF !~ /^_/ { print r, o, $NF }'
	done
}

names() {
	exported >"$out/exported"
	[ -s "$out/exported" ] || echo 'lib: there are no object files'
	judge <"$out/exported"
}

keeps 'exported names begin like their room' names names
echo 'json lib/json/a.c kt_audit_verify' | judge | grep -q 'of audit'
claim "another room's name is noticed" $?
printf 'json lib/json/a.c kt_word_x\nframe lib/frame/a.c kt_word_y\n' |
	judge | grep -q 'lib/frame/a.c: kt_word_y begins like a name of json'
claim 'a word of two rooms is noticed' $?
echo 'cmd cmd/a.c refuse' | judge | grep -q 'does not begin'
claim 'a name without any prefix is noticed' $?
finish

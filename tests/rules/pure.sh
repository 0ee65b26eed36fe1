# Rooms that compute cannot reach files, clocks, sockets or the environment:
# their object files call nothing that libc.allow does not list.
. "$KT_SRCDIR/tests/rules/rule.sh"

# The rooms that may touch the world.
impure='disk fleet'

# Reads "ROOM FILE SYMBOL" lines.
judge() {
	awk '
	FNR == NR {
		if (/^#/ || !NF)
			next
		if (NF == 1)
			allow[$1, ""] = 1
		for (i = 2; i <= NF; i++)
			allow[$1, $i] = 1
		if ($1 ~ /\*$/)
			stems[substr($1, 1, length($1) - 1)] = $1
		next
	}
	{
		name = $3
		if (name ~ /^kt_/)
			next
		sub(/@.*/, "", name)
		if (name ~ /^__isoc99_/)
			sub(/^__isoc99_/, "", name)
		if (name ~ /^__.*_chk$/) {
			sub(/^__/, "", name)
			sub(/_chk$/, "", name)
		}
		if ((name, "") in allow || (name, $1) in allow)
			next
		for (s in stems)
			if (index(name, s) == 1 &&
			    ((stems[s], "") in allow || (stems[s], $1) in allow))
				next
		print $2 ": calls " name
	}' "$KT_SRCDIR/tests/rules/libc.allow" -
}

calls() {
	cd "$KT_BUILDDIR" || return
	for dir in lib/*/; do
		room=$(basename "$dir")
		case " $impure " in *" $room "*) continue ;; esac
		for object in "$dir"*.o; do
			[ -f "$object" ] || continue
			nm -u "$object" | awk -v r="$room" -v o="${object%.o}.c" \
				'{ print r, o, $NF }'
		done
	done
}

pure() {
	calls >"$out/calls"
	[ -s "$out/calls" ] || echo 'lib: there are no object files'
	judge <"$out/calls"
}

if is_sanitized; then
	skip 'rooms that compute cannot reach the world' 'sanitizers add calls'
else
	keeps 'rooms that compute cannot reach the world' pure pure
fi
for call in open time getenv socket rand printf malloc fopen; do
	echo "json lib/json/a.c $call" | judge | grep -q "calls $call"
	claim "a call of $call is noticed" $?
done
finish

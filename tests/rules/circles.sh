# Files of a room stand above one another: none calls, over however many
# others, one that calls it.  Read from the objects, which cannot be out of
# date with the code.
. "$KT_SRCDIR/tests/rules/rule.sh"

# objects ROOT - folders below it that hold objects.
objects() {
	(cd "$1" && find lib cmd -name '*.o' | sed 's|/[^/]*$||' | sort -u)
}

# edges FOLDER - "CALLER CALLED" for each two files of a room.
edges() {
	nm -A "$1"/*.o | awk '
	{
		file = $1
		sub(/:.*/, "", file)
		sub(/.*\//, "", file)
		if ($(NF - 1) ~ /^[TDBRVW]$/)
			home[$NF] = file
		else if ($(NF - 1) == "U")
			wants[file, $NF] = 1
	}
	END {
		for (w in wants) {
			split(w, p, SUBSEP)
			if (p[2] in home && home[p[2]] != p[1])
				print p[1], home[p[2]]
		}
	}' | sort -u
}

circles() {
	root=$1
	[ "$1" != "$KT_SRCDIR" ] || root=$KT_BUILDDIR
	[ -n "$(objects "$root")" ] || echo 'objects: there are none to read'
	for room in $(objects "$root"); do
		edges "$root/$room" | tsort 2>&1 >/dev/null |
			awk -v room="$room" '
			/loop:?$/ && NR > 1 { exit }
			!/loop:?$/ { names = names " " $NF }
			END { if (names) print room ":" names " call in a circle" }'
	done
}

# Objects of two files, each given as one function that calls others.
planted() {
	mkdir -p "$out/tree/lib/a" "$out/tree/cmd"
	echo 'void b(void); void a(void); void a(void) { b(); }' >"$out/a.c"
	echo "void $1(void); void b(void); void b(void) { $1(); }" >"$out/b.c"
	cc -c -o "$out/tree/lib/a/a.o" "$out/a.c" &&
		cc -c -o "$out/tree/lib/a/b.o" "$out/b.c"
}

keeps 'files of a room call in no circle' circles circles
planted a
notices 'a circle is noticed' circles 'lib/a: a.o b.o call in a circle'
planted c
circles "$out/tree" >"$out/why"
[ ! -s "$out/why" ]
claim 'who calls another room is in none' $?
finish

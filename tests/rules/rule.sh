# rule - a rule about the source tree as a test.
#
# A rule is a function that takes the root of a tree and prints one line
# "SUBJECT: what is wrong" per violation.  tests/rules/waivers lists, for each
# rule, subjects that break it knowingly; one that breaks it no more is a
# violation too, so that the list only shrinks.
. "$KT_SRCDIR/tests/lib/tap.sh"

# keeps SENTENCE RULE FUNCTION - the tree of kt keeps the rule.
keeps() {
	$3 "$KT_SRCDIR" >"$out/found" 2>&1
	awk -v rule="$2" '
	FNR == NR {
		if ($1 == rule)
			waived[$2] = 1
		next
	}
	{
		subject = $1
		sub(/:$/, "", subject)
		if (subject in waived)
			seen[subject] = 1
		else
			print
	}
	END {
		for (s in waived)
			if (!(s in seen))
				print s ": keeps the rule; strike its waiver"
	}' "$KT_SRCDIR/tests/rules/waivers" "$out/found" >"$out/why"
	[ ! -s "$out/why" ]
	claim "$1" $?
}

# notices SENTENCE FUNCTION TEXT - in the tree under $out/tree it finds TEXT.
notices() {
	$2 "$out/tree" >"$out/why" 2>&1
	grep -qF -- "$3" "$out/why"
	claim "$1" $?
	rm -rf "$out/tree"
}

# plant PATH - writes standard input into the tree under $out/tree.
plant() {
	mkdir -p "$out/tree/$(dirname "$1")"
	cat >"$out/tree/$1"
}

# Source files below the folders given, generated ones left out.
files() {
	root=$1
	shift
	(cd "$root" && find "$@" -name node_modules -prune -o \
		-name corpus -prune -o -name golden -prune -o \
		-type f -print 2>/dev/null | sort)
}

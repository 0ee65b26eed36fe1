# Each bound of the program is reached by a test, which names it.
. "$KT_SRCDIR/tests/rules/rule.sh"

limits() {
	sed -n 's/^#define \(KT_[A-Z0-9_]*\)[[:space:]].*/\1/p' \
		"$1/lib/base/limits.h" >"$out/limits"
	[ -s "$out/limits" ] || echo 'limits.h: names no limit'
	while read -r limit; do
		(cd "$1" && grep -rqw --include='*.c' --include='*.h' \
			--include='*.sh' --include='*.py' -- "$limit" tests) ||
			echo "$limit: no test names it"
	done <"$out/limits"
	# And has its reason above it.
	awk '/^#define KT_[A-Z0-9_]*[ \t]/ && !near {
		print $2 ": no reason stands above it"
	}
	{ near = /\*\/$/ || (near && /^#define/) }' "$1/lib/base/limits.h"
}

keeps 'each limit has its reason and its test' limits limits
printf '/* why */\n#define KT_A_MAX 1\n\n#define KT_B_MAX 1\n' |
	plant lib/base/limits.h
echo 'KT_B_MAX' | plant tests/a.c
cp -r "$out/tree" "$out/again"
notices 'a limit without a test is noticed' limits 'KT_A_MAX: no test'
mv "$out/again" "$out/tree"
notices 'a limit without a reason is noticed' limits 'KT_B_MAX: no reason'
finish

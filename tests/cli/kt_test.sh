# The front door: help, version, exit codes, what is said about a slip.
kt="$KT_BUILDDIR/kt"
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
n=0
bad=0

# says WANTED-EXIT WANTED-TEXT argument...
says() {
	want=$1 text=$2
	shift 2
	n=$((n + 1))
	"$kt" "$@" >"$out/o" 2>&1 </dev/null
	got=$?
	if [ $got -eq "$want" ] && grep -qF -- "$text" "$out/o"; then
		echo "ok $n - kt $*"
	else
		bad=1
		echo "not ok $n - kt $*: exit $got, wanted $want and '$text'"
		sed 's/^/# /' "$out/o"
	fi
}

says 2 'usage: kt command'
says 0 'commands:' --help
says 0 'commands:' help
says 0 'usage: kt help' help --help
says 0 'libmicrohttpd' --version
says 0 'sanitizers' --version
says 2 "did you mean 'help'" hlep
says 2 "unknown option '--frobnicate'" --frobnicate
says 2 "unknown option '--frobnicate'" help --frobnicate
says 2 'unknown command' zzzzzzzzzzzz
# An answer that nobody got is none.
log="$KT_SRCDIR/tests/golden/audit-3"
for words in --help --version "audit key $log" "audit show --json $log 0"; do
	n=$((n + 1))
	"$kt" $words >/dev/full 2>"$out/o"
	if [ $? -eq 3 ] && grep -q 'standard output cannot' "$out/o"; then
		echo "ok $n - kt $words on a full disk"
	else
		bad=1
		echo "not ok $n - kt $words on a full disk"
	fi
done
# Who has no patterns does not need the library for them.
mkdir "$out/none" && : >"$out/none/libhs.so.5" && echo hello >"$out/text"
before=${LD_LIBRARY_PATH-}
export LD_LIBRARY_PATH="$out/none:$before"
says 3 'libhs.so.5 cannot be loaded: install it' inspect "$out/text"
says 0 'RESULT intact' audit verify "$KT_SRCDIR/tests/golden/audit-3"
export LD_LIBRARY_PATH="$before"
n=$((n + 1))
"$kt" inspect - <&- >/dev/null 2>&1
got=$?
[ $got -eq 3 ] && echo "ok $n - closed input is not empty input" || {
	bad=1
	echo "not ok $n - closed input is not empty input: exit $got"
}
# Every command of the table explains itself, both ways.
"$kt" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\( [a-z]*\)\{0,1\}\)  .*/\1/p' >"$out/cmds"
while read -r words; do
	# shellcheck disable=SC2086
	says 0 "usage: kt $words" $words --help
	[ "$words" = help ] && continue
	# shellcheck disable=SC2086
	says 0 "usage: kt $words" help $words
	# shellcheck disable=SC2086
	says 2 "see: kt $words --help" $words --no-such-option
	[ "$words" = "${words% *}" ] && continue
	says 0 "  $words " "${words% *}" --help
	says 2 'needs one more word, as listed' "${words% *}"
done <"$out/cmds"
[ -s "$out/cmds" ] || { echo 'not ok - no command is listed'; bad=1; }
echo "1..$n"
exit $bad

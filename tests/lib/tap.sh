# tap - tests in sh.  A test says `. "$KT_SRCDIR/tests/lib/tap.sh"`, then claims,
# and ends with `finish`.
#
#	claim SENTENCE STATUS    ok if STATUS is 0, else shows $out/why
#	skip SENTENCE REASON     for what is not on this machine
#
# $out is a folder of the test's own, gone afterwards; $kt is the program.
kt=$KT_BUILDDIR/kt
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
: >"$out/why"
tap_n=0
tap_bad=0

claim() {
	tap_n=$((tap_n + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $tap_n - $1"
	else
		tap_bad=1
		sed 's/^/# /' "$out/why"
		echo "not ok $tap_n - $1"
	fi
	: >"$out/why"
}

skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

finish() {
	echo "1..$tap_n"
	exit $tap_bad
}

# Whether the build carries sanitizers, which change symbols and timing.
is_sanitized() {
	! "$kt" --version | grep -q '^  sanitizers *no$'
}

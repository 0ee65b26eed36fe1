# The manual is clean mdoc, and what it lists is what the program knows.
. "$KT_SRCDIR/tests/rules/rule.sh"
man=$KT_SRCDIR/man
config=$KT_BUILDDIR/man/policy-config.yaml.5

for page in "$man"/*.[1-9] "$config" "$KT_BUILDDIR/man/kt-lint.7"; do
	name=$(basename "$page")
	if command -v mandoc >/dev/null; then
		mandoc -Tlint -W warning "$page" >"$out/why" 2>&1
		claim "$name is clean" $?
		# References between pages of kt lead somewhere.
		sed -n 's/^\.Xr \(kt[a-z-]*\|policy-config.yaml\) \([15]\).*/\1.\2/p' \
			"$page" | sort -u | while read -r to; do
			[ -f "$man/$to" ] || [ -f "$man/$to.in" ] || echo "$to"
		done >"$out/why"
		[ ! -s "$out/why" ]
		claim "$name refers to pages that are there" $?
	else
		skip "$name is clean" 'no mandoc'
	fi
done

# lists SENTENCE PAGE WORD ... - each word stands in the page as a word.
lists() {
	sentence=$1 page=$2
	shift 2
	[ $# -gt 0 ] || echo 'nothing to look for' >"$out/why"
	for word; do
		sed 's/[.,;:]*$//' "$page" | tr -s ' \t,' '\n' |
			grep -qxF -- "$word" || echo "$word" >>"$out/why"
	done
	[ ! -s "$out/why" ]
	claim "$sentence" $?
}
# named MACRO FILE - the names that a table has in its first string.
named() {
	sed -n "s/^$1([^\"]*\"\([^\"]*\)\".*/\1/p" "$KT_SRCDIR/$2"
}
# shellcheck disable=SC2046
{
lists 'kt-audit(5) has each class of breaks' "$man/kt-audit.5" \
	$(named KT_CLASS lib/audit/class.def)
lists 'kt-audit(5) has each outcome' "$man/kt-audit.5" \
	$(named KT_OUTCOME lib/audit/outcome.def)
lists 'kt-audit(5) has each type of record' "$man/kt-audit.5" \
	$(sed -n 's/^KT_TYPE(\(.*\))$/\1/p' "$KT_SRCDIR/lib/audit/type.def" |
		grep -vx other)
lists 'kt-audit(5) has each member of a record' "$man/kt-audit.5" \
	$(sed -n 's/.*\(put_name\|member_[a-z]*\)(&*p, "\([a-z_0-9]*\)".*/\2/p' \
		"$KT_SRCDIR/lib/audit/record.c" "$KT_SRCDIR/lib/audit/marks.c" |
		sort -u)
lists 'kt-audit(5) has each row that verify names' "$man/kt-audit.5" \
	$(sed -n 's/^	{ \([0-9]*\), [A-Z_]*, ".*/\1/p' \
		"$KT_SRCDIR/lib/audit/limits.c")
lists 'kt-session(5) has each event' "$man/kt-session.5" \
	$(sed -n 's/^KT_SESSION_EVENT([A-Z]*, "\([a-z]*\)".*/\1/p' \
		"$KT_SRCDIR/lib/session/event.def")
lists 'kt-token(1) has each scope' "$man/kt-token.1" \
	$(named KT_AUTH_SCOPE lib/auth/scope.def)
lists 'kt-detectors(5) has each validator' "$man/kt-detectors.5" \
	$(named KT_VALIDATOR lib/detect/validators.def)
lists 'kt-detectors(5) has each key' "$man/kt-detectors.5" \
	$(sed -n '/^} keys\[\]/,/^};/p' "$KT_SRCDIR/lib/policy/detector_file.c" |
		grep -v '^#' | grep -o 'TEXT([a-z_]*)\|INIT("[a-z_]*")' |
		sed 's/.*("*\([a-z_]*\).*/\1/')
lists 'policy-config.yaml(5) has each kind of policy' "$config" \
	$(sed -n 's/^KT_POLICY_KIND(\(.*\))/\1/p' \
		"$KT_SRCDIR/lib/policy/kinds.def" | tr _ - | sed 's/^/policy./' |
		sed 's/.*/"\\\&&"/')
}

# The keys are those of the program that was built.
"$kt" policy schema --man >"$out/sections"
awk 'FNR == NR { want[++n] = $0; next }
	$0 == want[at + 1] { at++; next }
	at > 0 && at < n { at = $0 == want[1] }
	END { exit at != n }' "$out/sections" "$config"
claim 'policy-config.yaml(5) has the keys that the program takes' $?

# Examples are tried, not believed.
awk '/^\.Bd / { is_in = 1; n++; next } /^\.Ed/ { is_in = 0 }
	is_in { gsub(/\\e/, "\\"); print > (out "/" n ".yaml") }' \
	out="$out" "$config"
"$kt" policy show --policy-config "$out/1.yaml" >/dev/null 2>"$out/why"
claim 'the first example of policy-config.yaml(5) loads' $?
"$kt" policy show --policy-config "$out/1.yaml" \
	--policy-config "$out/2.yaml" >/dev/null 2>"$out/why"
claim 'the second one overrides it' $?
awk '/^\.Bd / { is_in = 1; next } /^\.Ed/ { is_in = 0 }
	is_in { gsub(/\\e/, "\\"); print }' "$man/kt-detectors.5" >"$out/d.yaml"
"$KT_BUILDDIR/save-detectors" databases "$out/d.ktd" "$out/d.yaml" 2>"$out/why"
claim 'the example of kt-detectors(5) loads' $?

sed -n '/^```yaml$/,/^```$/p' "$KT_SRCDIR/README.md" | grep -v '^```' \
	>"$out/readme.yaml"
"$kt" policy show --policy-config "$out/readme.yaml" >/dev/null 2>"$out/why"
claim 'the configuration of README.md loads' $?
grep -o '](\([A-Za-z./]*\))' "$KT_SRCDIR/README.md" | tr -d '](),' |
	while read -r file; do
		[ -e "$KT_SRCDIR/$file" ] || echo "$file"
	done >"$out/why"
[ ! -s "$out/why" ]
claim 'README.md refers to files that are there' $?
sed -n 's/^\([a-z]*\):.*/\1/p' "$KT_SRCDIR/lib/LAYERS" | while read -r room; do
	grep -q "lib/$room\>" "$KT_SRCDIR/CONTRIBUTING.md" || echo "$room"
done >"$out/why"
[ ! -s "$out/why" ]
claim 'CONTRIBUTING.md has every room on its map' $?
finish

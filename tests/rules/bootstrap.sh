# bootstrap installs what configure asks for, and says how it is used.
. "$KT_SRCDIR/tests/rules/rule.sh"
bootstrap=$KT_SRCDIR/bootstrap

packages() {
	sed -n 's/^KT_LIBRARY(.*\[\([a-z0-9.-]*\)\])$/\1/p' \
		"$1/configure.ac" >"$out/wanted"
	[ -s "$out/wanted" ] || echo 'configure.ac: asks for nothing'
	sed -n "/^build_packages='/,/'\$/p; /^either_packages='/,/'\$/p" \
		"$1/bootstrap" | tr -s " \t'=:" '\n' >"$out/given"
	while read -r package; do
		grep -qx -- "$package" "$out/given" ||
			echo "bootstrap: does not install $package"
	done <"$out/wanted"
}

keeps 'what configure names is what bootstrap installs' packages packages
echo 'KT_LIBRARY([X], [x >= 1], [libx-dev])' | plant configure.ac
printf "build_packages='gcc liby-dev'\n" | plant bootstrap
notices 'a package that is missing there is noticed' packages \
	'does not install libx-dev'

for script in bootstrap .ci/run completions/generate.sh; do
	sh -n "$KT_SRCDIR/$script" 2>"$out/why"
	claim "$script is in the grammar of sh" $?
done
sh "$bootstrap" --help >"$out/why" && grep -q '^usage:' "$out/why"
claim 'bootstrap --help tells how it is used' $?
sh "$bootstrap" frobnicate >/dev/null 2>"$out/why"
[ $? -eq 2 ]
claim 'bootstrap refuses what it does not know' $?
finish

# The command table, what commands say of themselves, the manual and the
# completions name the same commands and options.
. "$KT_SRCDIR/tests/rules/rule.sh"

# In cmd.def: WORDS and SUMMARY, tab between.
sed -n 's/^KT_CMD("\([^"]*\)",.* "\([^"]*\)")$/\1\t\2/p' \
	"$KT_SRCDIR/cmd/cmd.def" | sort >"$out/table"
lines=$(grep -c '^KT_CMD(' "$KT_SRCDIR/cmd/cmd.def")
[ "$lines" -gt 0 ] && [ "$lines" -eq "$(wc -l <"$out/table")" ]
claim 'each line of the table is read' $?

sh "$KT_SRCDIR/completions/generate.sh" table "$kt" >"$out/said"
awk -F'\t' '$1 == "C" { print $2 "\t" $3 }' "$out/said" | sort |
	diff "$out/table" - >"$out/why"
claim 'kt --help lists the table' $?

# kt(1): ".It Ic WORDS" and the summary below it.
awk '/^\.It Ic / { words = substr($0, 8); getline; print words "\t" $0 }' \
	"$KT_SRCDIR/man/kt.1" | sort | diff "$out/table" - >"$out/why"
claim 'kt(1) lists the table' $?

# Each command has a section ".Ss kt WORDS" with its options, in the page of
# its first word.
page_options() { # page_options PAGE WORDS
	awk -v want=".Ss kt $2" '
	/^\.S[sh] / { is_here = $0 == want; found += is_here }
	is_here && /^\.It Fl -/ { print substr($3, 2) }
	END { if (!found) print "no section \"" want "\"" }' "$1" | sort -u
}
said_options() { # said_options WORDS
	awk -F'\t' -v w="$1" '$1 == "O" && $2 == w && $3 != "help" { print $3 }' \
		"$out/said" | sort -u
}
while IFS='	' read -r words summary; do
	page=$KT_SRCDIR/man/kt-${words%% *}.1
	[ "$words" != "${words#* }" ] || page=$KT_SRCDIR/man/kt.1
	said_options "$words" >"$out/a"
	page_options "$page" "$words" 2>&1 | diff "$out/a" - >"$out/why"
	claim "the manual explains kt $words and its options: $summary" $?
done <"$out/table"

for shell in bash zsh fish; do
	case $shell in zsh) file=_kt ;; *) file=kt.$shell ;; esac
	file=$KT_BUILDDIR/completions/$file
	if command -v $shell >/dev/null; then
		$shell -n "$file" >"$out/why" 2>&1
		claim "the completion for $shell is in its grammar" $?
	else
		skip "the completion for $shell is in its grammar" "no $shell"
	fi
done

# What a completion offers for a line, asked of the shell itself.
bash_offers() {
	bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kt
		printf "%s\n" "${COMPREPLY[@]}"' \
		"$KT_BUILDDIR/completions/kt.bash" "$@" 2>&1
}
fish_offers() {
	HOME=$out fish -c 'source $argv[1]; complete -C "$argv[2]"' \
		"$KT_BUILDDIR/completions/kt.fish" "$*" 2>&1 | cut -f1
}
for shell in bash fish; do
	if ! command -v $shell >/dev/null; then
		skip "$shell completes commands and options" "no $shell"
		continue
	fi
	while IFS='	' read -r words summary; do
		# shellcheck disable=SC2086
		${shell}_offers kt $words -- | grep '^--' | sed 's/^--//' |
			grep -vx help | sort -u >"$out/a"
		said_options "$words" | diff - "$out/a" >"$out/why"
		claim "$shell completes the options of kt $words" $?
		case $words in
		*' '*)
			${shell}_offers kt "${words%% *}" '' |
				grep -qx "${words#* }"
			;;
		*) ${shell}_offers kt '' | grep -qx "$words" ;;
		esac
		claim "$shell completes to kt $words" $?
	done <"$out/table"
done

# Words that are the program's own: codes, kinds of policy, models.
offers_words() { # offers_words SHELL WORD LINE ...
	shell=$1 word=$2
	shift 2
	"${shell}_offers" "$@" | grep -qxe "$word"
	claim "$shell completes $word behind $*" $?
}
for shell in bash fish; do
	command -v $shell >/dev/null || continue
	offers_words $shell KT301 kt explain ''
	offers_words $shell agent-firewall kt explain ''
	offers_words $shell claude-opus-4-7 kt count-tokens --model ''
	offers_words $shell o200k_base kt count-tokens --encoding ''
	offers_words $shell file kt inspect --as ''
	offers_words $shell ocsf kt audit query --format ''
	offers_words $shell html kt audit report --format ''
	offers_words $shell KT301 kt policy lint --ignore ''
	offers_words $shell dlp-filter kt policy test --new ''
done
for word in KT301 agent-firewall claude-opus-4-7 o200k_base; do
	grep -q "[( ]$word[ )]" "$KT_BUILDDIR/completions/_kt"
	claim "zsh completes $word" $?
done

# Nothing that kt says of itself is wider than a terminal.
while IFS='	' read -r words summary; do
	# shellcheck disable=SC2086
	"$kt" $words --help
done <"$out/table" | awk 'length > 80' >"$out/why"
[ ! -s "$out/why" ]
claim 'what commands say of themselves fits into 80 columns' $?
"$kt" help | awk 'length > 80' >"$out/why"
[ ! -s "$out/why" ]
claim 'the list of commands fits into 80 columns' $?
finish

#!/bin/sh
# generate - completions for a shell, made from what the program says about
# itself, so that a new command or option needs nothing here.
# usage: generate.sh bash|zsh|fish|table KT
# SPDX-License-Identifier: Apache-2.0
set -eu
shell=$1
kt=$2

# One line per fact, fields separated by tabs:
#	C WORDS SUMMARY
#	O WORDS LONG SHORT VALUE TEXT
table() {
	"$kt" --help | sed -n '/^commands:/,/^$/s/^  //p' | awk '
	{
		words = $1 (substr($0, length($1) + 2) ~ /^[a-z]/ ? " " $2 : "")
		text = substr($0, length(words) + 1)
		sub(/^ +/, "", text)
		print words "\t" text
	}' | while IFS='	' read -r words text; do
		printf 'C\t%s\t%s\n' "$words" "$text"
		# shellcheck disable=SC2086
		"$kt" $words --help | awk -v words="$words" '
		function told() {
			if (line != "")
				print "O\t" words "\t" line
			line = ""
		}
		END { told() }
		/^options:/ { is_option = 1; next }
		is_option && !/^  (-|    --)/ {
			sub(/^ +/, "")
			line = line " " $0
		}
		is_option && /^  (-|    --)/ {
			told()
			short = value = "-"
			sub(/^ +/, "")
			if (/^-[a-zA-Z], /) {
				short = substr($0, 2, 1)
				sub(/^-., /, "")
			}
			long = substr($1, 3)
			sub(/\[=.*/, "", long) # what may follow it
			$0 = substr($0, length($1) + 1)
			if ($0 ~ /^ [A-Z][A-Z_-]* /) {
				value = $1
				sub(/^ [A-Z_-]+/, "")
			}
			sub(/^ +/, "")
			line = long "\t" short "\t" value "\t" $0
		}'
	done
}

# What the words for values stand for.  Anything else is the user's to say.
values='
	# Which of the formats an option takes, its text says.
	function formats(text,   all, n, i, some) {
		n = split("table text json jsonl csv md html ocsf cef", all, " ")
		gsub(/[^a-z]/, " ", text)
		for (i = 1; i <= n; i++)
			if (index(" " text " ", " " all[i] " "))
				some = some " " all[i]
		return substr(some, 2)
	}
	function choices(value, text) {
		if (value == "KIND")
			return "human service"
		if (value == "FORMAT")
			return formats(text)
		if (value == "FMT")
			return "text short json sarif junit github gitlab tap markdown"
		if (value == "SOURCE")
			return "har audit"
		if (value == "PRESET")
			return "relaxed default strict"
		if (value == "LEVEL")
			return "error warning info never"
		if (value == "POLICY")
			return kinds
		if (value == "CODES")
			return codes
		if (value == "MODEL")
			return models
		if (value == "ENCODING")
			return "cl100k_base o200k_base claude"
		if (value == "FORM")
			return "text messages completions responses" \
				(text ~ / file or / ? " file" : "") " jsonl"
		return ""
	}
	# What may follow a command by itself.
	function operands(words) { return words == "explain" ? codes kinds : "" }
	function is_file(value) { return value == "FILE" }
	function is_dir(value) { return value == "DIR" }
	function first(words) { return substr(words, 1, index(words " ", " ") - 1) }
	function second(words) { return substr(words, index(words " ", " ") + 1) }
	function quoted(text) {
		gsub(/\047/, "\047\\\047\047", text)
		return "\047" text "\047"
	}
	BEGIN { FS = "\t" }
'
values="$values
	BEGIN { codes = \"$("$kt" policy lint --list-rules | cut -d' ' -f1 |
		tr '\n' ' ')\"
	kinds = \"$("$kt" policy schema | sed -n \
		's/^ *"policy\.\([a-z-]*\)": {$/\1/p' | tr '\n' ' ')\"
	models = \"$(sed -n 's/^KT_TOKEN_MODEL("\([^"][^"]*\)".*/\1/p' \
		"${0%/*}/../lib/token/family.def" | tr '\n' ' ')\" }"

bash_completion() {
	cat <<'END'
# bash completion for kt(1); generated, see completions/generate.sh
_kt() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local words=${COMP_WORDS[1]} values=
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
END
	table | awk "$values"'
	$1 == "C" {
		if (!(first($2) in seen))
			firsts = firsts " " first($2)
		seen[first($2)] = 1
		if (second($2) != "")
			seconds[first($2)] = seconds[first($2)] " " second($2)
	}
	$1 == "O" {
		options[$2] = options[$2] " --" $3
		if (choices($5, $6) != "")
			values_of[$2 " --" $3] = choices($5, $6)
		if (("--", $3) in seen)
			next
		seen["--", $3] = 1
		if (choices($5, $6) == "" && is_file($5))
			files = files "|--" $3
		else if (is_dir($5))
			dirs = dirs "|--" $3
		else if ($5 != "-" && choices($5, $6) == "")
			others = others "|--" $3
	}
	END {
		print "\t\tvalues=" quoted(substr(firsts, 2) " --help --version")
		print "\t\tmapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$cur\")"
		print "\t\treturn\n\tfi\n\tcase $words in"
		for (f in seconds) {
			print "\t" f ")"
			print "\t\tif ((COMP_CWORD == 2)); then"
			print "\t\t\tvalues=" quoted(substr(seconds[f], 2))
			print "\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$cur\")"
			print "\t\t\treturn\n\t\tfi"
			print "\t\twords+=\" ${COMP_WORDS[2]}\"\n\t\t;;"
		}
		print "\tesac\n\tcase \"$words $prev\" in"
		for (o in values_of)
			print "\t" quoted(o) ") values=" quoted(values_of[o]) " ;;"
		print "\tesac\n\t[[ -n $values ]] || case $prev in"
		if (files != "")
			print "\t" substr(files, 2) ")\n\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n\t\treturn\n\t\t;;"
		if (dirs != "")
			print "\t" substr(dirs, 2) ")\n\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n\t\treturn\n\t\t;;"
		if (others != "")
			print "\t" substr(others, 2) ") return ;;"
		print "\tesac\n\tif [[ $words == explain && $cur != -* ]]; then"
		print "\t\tvalues=" quoted(operands("explain"))
		print "\tfi"
		print "\tif [[ -z $values ]]; then\n\t\tcase $words in"
		for (w in options)
			print "\t\t" quoted(w) ") values=" quoted(substr(options[w], 2)) " ;;"
		print "\t\tesac"
		print "\t\tif [[ $cur != -* ]]; then"
		print "\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")"
		print "\t\t\treturn\n\t\tfi\n\tfi"
	}'
	cat <<'END'
	mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
}
complete -o filenames -F _kt kt
END
}

zsh_completion() {
	cat <<'END'
#compdef kt
# zsh completion for kt(1); generated, see completions/generate.sh
_kt() {
	local -a groups
	local words_of=$words[2]
END
	table | awk "$values"'
	# In a description, brackets and colons would end it.
	function plain(text) {
		gsub(/\[|\]|:/, " ", text)
		return text
	}
	$1 == "C" && second($2) == "" {
		groups = groups " " quoted($2 ":" plain($3))
	}
	$1 == "C" && second($2) != "" {
		if (!(first($2) in seconds))
			groups = groups " " quoted(first($2) ":" first($2) " ...")
		seconds[first($2)] = seconds[first($2)] " " quoted(second($2) ":" plain($3))
	}
	$1 == "O" {
		spec = "*--" $3 "[" plain($6) "]"
		if (choices($5, $6) != "")
			spec = spec ":" $5 ":(" choices($5, $6) ")"
		else if (is_file($5))
			spec = spec ":" $5 ":_files"
		else if (is_dir($5))
			spec = spec ":" $5 ":_files -/"
		else if ($5 != "-")
			spec = spec ":" $5 ":"
		options[$2] = options[$2] " " quoted(spec)
	}
	END {
		print "\tif (( CURRENT == 2 )); then"
		print "\t\tgroups=(" substr(groups, 2) ")"
		print "\t\t_describe command groups\n\t\treturn\n\tfi"
		print "\tcase $words_of in"
		for (f in seconds) {
			print "\t" f ")\n\t\tif (( CURRENT == 3 )); then"
			print "\t\t\tgroups=(" substr(seconds[f], 2) ")"
			print "\t\t\t_describe command groups\n\t\t\treturn\n\t\tfi"
			print "\t\twords_of+=\" $words[3]\"\n\t\t;;"
		}
		print "\tesac\n\tcase $words_of in"
		for (w in options)
			print "\t" quoted(w) ") _arguments -S" options[w] " " \
				quoted("*:" (operands(w) != "" ? "word:(" operands(w) ")" : "file:_files")) " ;;"
		print "\tesac"
	}'
	printf '}\n_kt "$@"\n'
}

fish_completion() {
	cat <<'END'
# fish completion for kt(1); generated, see completions/generate.sh
function __kt_is
    set -l words (commandline -opc)
    test (count $words) -ge (math 1 + (count $argv)); or return 1
    for i in (seq (count $argv))
        test "$words[$(math $i + 1)]" = "$argv[$i]"; or return 1
    end
end
function __kt_at
    set -l words (commandline -opc)
    test (count $words) -eq (math 1 + (count $argv)); and __kt_is $argv
end
complete -c kt -f -n __kt_at -l help -d 'list the commands'
complete -c kt -f -n __kt_at -l version -d 'print the version'
END
	table | awk "$values"'
	$1 == "C" && second($2) == "" {
		print "complete -c kt -f -n __kt_at -a " $2 " -d " quoted($3)
	}
	$1 == "C" && operands($2) != "" {
		print "complete -c kt -f -n \047__kt_is " $2 "\047 -a " quoted(operands($2))
	}
	$1 == "C" && second($2) != "" {
		if (!(first($2) in seen))
			print "complete -c kt -f -n __kt_at -a " first($2)
		seen[first($2)] = 1
		print "complete -c kt -f -n \047__kt_at " first($2) "\047 -a " second($2) " -d " quoted($3)
	}
	$1 == "O" {
		line = "complete -c kt -n \047__kt_is " $2 "\047 -l " $3
		if ($4 != "-")
			line = line " -s " $4
		if (choices($5, $6) != "")
			line = line " -x -a " quoted(choices($5, $6))
		else if (is_file($5))
			line = line " -r -F"
		else if (is_dir($5))
			line = line " -x -a \047(__fish_complete_directories)\047"
		else if ($5 != "-")
			line = line " -x"
		print line " -d " quoted($6)
	}'
}

case $shell in
bash) bash_completion ;;
zsh) zsh_completion ;;
fish) fish_completion ;;
table) table ;;
*)
	echo "generate: no shell '$shell'" >&2
	exit 2
	;;
esac

# A header opens with its charter, has a guard, and is short; a source file
# says why it is written this way, and ends before one loses the thread.
. "$KT_SRCDIR/tests/rules/rule.sh"

headers() {
	(cd "$1" && find lib cmd -name '*.[ch]' | sort | xargs awk '
	function close_file() {
		if (path == "")
			return
		if (!spdx)
			print path ": no SPDX line in its first comment"
		if (is_header && !guard)
			print path ": no guard KT_..._H"
		if (is_header && !is_private && knows doesnot promises != "111")
			print path ": no charter: Knows, Does not, Promises"
		if (lines > (is_header ? 160 : 900))
			print path ": " lines " lines"
	}
	FNR == 1 {
		close_file()
		path = FILENAME
		is_header = path ~ /\.h$/
		is_private = path ~ /_priv\.h$/
		spdx = guard = knows = doesnot = promises = 0
		if ($0 !~ /^\/\*/)
			print path ": does not open with a comment"
		in_first = 1
	}
	{ lines = FNR }
	in_first && /SPDX-License-Identifier: Apache-2.0/ { spdx = 1 }
	in_first && /^ \* Knows: / { knows = 1 }
	in_first && /^ \* Does not: / { doesnot = 1 }
	in_first && /^ \* Promises: / { promises = 1 }
	in_first && /\*\// { in_first = 0 }
	/^#ifndef KT_[A-Z0-9_]*_H$/ { guard = 1 }
	END { close_file() }')
}

keeps 'headers have a charter, a guard and an end' headers headers

printf '/* x\n * SPDX-License-Identifier: Apache-2.0\n */\n' | plant lib/a/a.c
printf '/*\n * Knows: x\n */\n#ifndef KT_A_H\n#endif\n' | plant cmd/a.h
notices 'a missing charter is noticed' headers 'cmd/a.h: no charter'
printf 'int x;\n' | plant lib/a/a.c
echo | plant cmd/a.c
notices 'a file without a word is noticed' headers 'a.c: does not open with'
finish

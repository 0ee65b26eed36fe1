# No notes to oneself, no words that say nothing, no calls that cannot be safe.
. "$KT_SRCDIR/tests/rules/rule.sh"

# An issue, or a sentence "Known limit: ...", is the place for what is left.
notes() {
	(cd "$1" && files . lib cmd tests man completions policies m4 |
		grep -v '^tests/rules/' |
		xargs grep -nwE 'TODO|FIXME|XXX|HACK' /dev/null 2>/dev/null)
}

# base/banned.h stops the compiler; this stops a macro that hides one.
calls() {
	(cd "$1" && files . lib cmd | grep '\.[ch]$' |
		grep -v '^lib/base/banned.h$' | xargs grep -nE \
		'(^|[^A-Za-z0-9_])(strcpy|strcat|sprintf|vsprintf|strncpy|strtok|atoi|gmtime|localtime|alloca|gets|system|popen|tmpnam)\(' \
		/dev/null)
}

# A name that fits everything tells nothing.
names() {
	(cd "$1" && files . lib cmd |
		grep -E '(^|[/_])(util|utils|helper|helpers|common|misc|manager|handler)([_.]|$)' |
		sed 's/$/: says nothing about what is in it/')
}

keeps 'there are no notes to oneself' notes notes
keeps 'banned calls are not made' calls calls
keeps 'file names say what is in them' filenames names
echo 'x(); /* TODO: y */' | plant lib/a.c
notices 'a note is noticed' notes 'lib/a.c:1'
echo '	(void)strcpy(a, b);' | plant lib/a.c
notices 'a banned call is noticed' calls 'lib/a.c:1'
echo | plant lib/json/utils.c
notices 'an empty name is noticed' names 'lib/json/utils.c'
finish

# The architecture, checked: each rule is a test that names what breaks it.
RULES = \
	%D%/bootstrap.sh \
	%D%/circles.sh \
	%D%/commands.sh \
	%D%/hardening.sh \
	%D%/headers.sh \
	%D%/layers.sh \
	%D%/limits.sh \
	%D%/manual.sh \
	%D%/names.sh \
	%D%/pure.sh \
	%D%/words.sh
TESTS += $(RULES)
EXTRA_DIST += $(RULES) %D%/rule.sh %D%/waivers %D%/libc.allow

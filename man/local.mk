# One page per first word of a command, and one per format.
dist_man_MANS = \
	%D%/kt.1 \
	%D%/kt-audit.1 \
	%D%/kt-gateway.1 \
	%D%/kt-policy.1 \
	%D%/kt-session.1 \
	%D%/kt-token.1 \
	%D%/kt-audit.5 \
	%D%/kt-detectors.5 \
	%D%/kt-session.5

# Its list of keys is what the program accepts.
EXTRA_DIST += %D%/policy-config.yaml.5.in %D%/kt-lint.7.in
nodist_man_MANS = man/policy-config.yaml.5 man/kt-lint.7
CLEANFILES += man/policy-config.yaml.5 man/sections.t man/kt-lint.7 man/codes.t
man/policy-config.yaml.5: kt$(EXEEXT) $(srcdir)/%D%/policy-config.yaml.5.in
	$(AM_V_GEN)$(MKDIR_P) man && \
	./kt$(EXEEXT) policy schema --man >man/sections.t && \
	sed -e '/@SECTIONS@/{r man/sections.t' -e 'd;}' \
	    $(srcdir)/%D%/policy-config.yaml.5.in >$@.t && mv $@.t $@
man/kt-lint.7: kt$(EXEEXT) $(srcdir)/%D%/kt-lint.7.in
	$(AM_V_GEN)$(MKDIR_P) man && ./kt$(EXEEXT) explain --man >man/codes.t && \
	sed -e '/@CODES@/{r man/codes.t' -e 'd;}' \
	    $(srcdir)/%D%/kt-lint.7.in >$@.t && mv $@.t $@

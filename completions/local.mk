# Completions are made from what the built program says about itself.
EXTRA_DIST += %D%/generate.sh
COMPLETIONS = completions/kt.bash completions/_kt completions/kt.fish
noinst_DATA += $(COMPLETIONS)
CLEANFILES += $(COMPLETIONS)
bashcompletiondir = $(datarootdir)/bash-completion/completions
nodist_bashcompletion_DATA = completions/kt.bash
zshcompletiondir = $(datarootdir)/zsh/site-functions
nodist_zshcompletion_DATA = completions/_kt
fishcompletiondir = $(datarootdir)/fish/vendor_completions.d
nodist_fishcompletion_DATA = completions/kt.fish
$(COMPLETIONS): kt$(EXEEXT) $(srcdir)/completions/generate.sh
	$(AM_V_GEN)$(MKDIR_P) completions && case $@ in \
	*.bash) shell=bash ;; *.fish) shell=fish ;; *) shell=zsh ;; esac && \
	$(SHELL) $(srcdir)/completions/generate.sh $$shell ./kt$(EXEEXT) >$@.t && \
	mv $@.t $@

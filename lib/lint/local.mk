libkt_a_SOURCES += \
	%D%/changes.c \
	%D%/changes.h \
	%D%/fields.c \
	%D%/firewall.c \
	%D%/format.c \
	%D%/format.h \
	%D%/glob.c \
	%D%/kinds.c \
	%D%/lint.c \
	%D%/lint.h \
	%D%/lint_priv.h \
	%D%/mend.c \
	%D%/models.c \
	%D%/models.def \
	%D%/names.c \
	%D%/patterns.c \
	%D%/posture.c \
	%D%/rules.c \
	%D%/rules.def \
	%D%/suppress.c \
	%D%/targets.c \
	%D%/tell.c \
	%D%/text.c

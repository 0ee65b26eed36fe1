libkt_a_SOURCES += \
	%D%/answer.c \
	%D%/cases.c \
	%D%/cover.c \
	%D%/draft.c \
	%D%/draft.h \
	%D%/play.c \
	%D%/run.c \
	%D%/trial.h \
	%D%/trial_priv.h \
	%D%/wire.c

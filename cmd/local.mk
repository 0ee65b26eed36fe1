bin_PROGRAMS += kt
kt_SOURCES = \
	%D%/args.c \
	%D%/cmd.def \
	%D%/cmd.h \
	%D%/files.c \
	%D%/files.h \
	%D%/kt.c \
	%D%/token.c \
	%D%/policy.c \
	%D%/version.c
kt_LDADD = $(GATEWAY_LIBS)

include %D%/gateway/local.mk

bin_PROGRAMS += kt
kt_SOURCES = \
	%D%/args.c \
	%D%/cmd.def \
	%D%/cmd.h \
	%D%/kt.c \
	%D%/version.c
kt_LDADD = $(GATEWAY_LIBS)

include %D%/gateway/local.mk

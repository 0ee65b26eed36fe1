# What the gateway and the audit commands share about audit directories.
noinst_LIBRARIES += libaudit.a
libaudit_a_SOURCES = \
	%D%/dir.c \
	%D%/dir.h \
	%D%/tiles.c \
	%D%/tiles.h

# What the gateway and the audit commands share about audit directories.
noinst_LIBRARIES += libaudit.a
libaudit_a_SOURCES = \
	%D%/ahead.c \
	%D%/ahead.h \
	%D%/bundle.c \
	%D%/bundle.h \
	%D%/content.c \
	%D%/content.h \
	%D%/archive.c \
	%D%/archive.h \
	%D%/dir.c \
	%D%/dir.h \
	%D%/find.c \
	%D%/find.h \
	%D%/gathered.c \
	%D%/gathered.h \
	%D%/judge.c \
	%D%/judge.h \
	%D%/pack.c \
	%D%/pack.h \
	%D%/pack_readme.c \
	%D%/part.c \
	%D%/part.h \
	%D%/plan.c \
	%D%/plan.h \
	%D%/pruned.c \
	%D%/pruned.h \
	%D%/revealed.c \
	%D%/revealed.h \
	%D%/revoked.c \
	%D%/revoked.h \
	%D%/signed_report.c \
	%D%/signed_report.h \
	%D%/since.c \
	%D%/since.h \
	%D%/stamped.c \
	%D%/stamped.h \
	%D%/tiles.c \
	%D%/tiles.h \
	%D%/witness.c \
	%D%/witness.h

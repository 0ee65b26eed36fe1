# Its own archive: only what gathers evidence needs the database's library.
noinst_LIBRARIES += libfleet.a
libfleet_a_SOURCES = %D%/fleet.h
libfleet_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/lib $(PQ_CFLAGS)
dist_pkgdata_DATA += %D%/fleet.sql
if POSTGRESQL
libfleet_a_SOURCES += \
	%D%/conn.c \
	%D%/fleet_priv.h \
	%D%/put.c \
	%D%/read.c
nodist_libfleet_a_SOURCES = %D%/fleet.inc
$(libfleet_a_OBJECTS): %D%/fleet.inc
%D%/fleet.inc: %D%/fleet.sql
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	sed 's/["\\]/\\&/g; s/.*/"&\\n"/' $(srcdir)/lib/fleet/fleet.sql >$@
BUILT_SOURCES += %D%/fleet.inc
CLEANFILES += %D%/fleet.inc
else
libfleet_a_SOURCES += %D%/none.c
endif
EXTRA_DIST += %D%/conn.c %D%/fleet_priv.h %D%/put.c %D%/read.c %D%/none.c

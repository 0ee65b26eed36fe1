libkt_a_SOURCES += \
	%D%/ascii_priv.h \
	%D%/class.c \
	%D%/class_priv.h \
	%D%/drift.c \
	%D%/drift.h \
	%D%/encoding.def \
	%D%/estimate.c \
	%D%/estimate.h \
	%D%/family.def \
	%D%/known.c \
	%D%/known_priv.h \
	%D%/make_table.c \
	%D%/merge.c \
	%D%/merge_priv.h \
	%D%/queue.c \
	%D%/split.c \
	%D%/split_priv.h \
	%D%/table.c \
	%D%/table.h \
	%D%/table_priv.h \
	%D%/tables.h \
	%D%/token.h \
	%D%/tokenizer.c \
	%D%/unicode.inc

# The vocabularies are an archive of their own, because what lays them out
# needs libkt.a.
noinst_LIBRARIES += libkt-tables.a
libkt_tables_a_SOURCES = %D%/tables.c %D%/tables.h %D%/encoding.def
TABLES = %D%/cl100k_base.ktt %D%/o200k_base.ktt %D%/claude.ktt
CLEANFILES += $(TABLES)
%D%/tables.$(OBJEXT): $(TABLES)
%D%/cl100k_base.ktt: save-ranks$(EXEEXT) %D%/data/cl100k_base.ranks
	$(AM_V_GEN)./save-ranks$(EXEEXT) $(top_srcdir)/%D%/data/cl100k_base.ranks $@
%D%/o200k_base.ktt: save-ranks$(EXEEXT) %D%/data/o200k_base.ranks
	$(AM_V_GEN)./save-ranks$(EXEEXT) $(top_srcdir)/%D%/data/o200k_base.ranks $@
%D%/claude.ktt: save-ranks$(EXEEXT) %D%/data/claude.ranks
	$(AM_V_GEN)./save-ranks$(EXEEXT) $(top_srcdir)/%D%/data/claude.ranks $@

EXTRA_DIST += \
	%D%/data/cl100k_base.ranks \
	%D%/data/claude.ranks \
	%D%/data/o200k_base.ranks \
	%D%/data/ranks.py \
	%D%/data/unicode.py

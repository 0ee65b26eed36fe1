# How much the detectors find, and how much they should not have: make accuracy
check_PROGRAMS += tests/accuracy/inspect
tests_accuracy_inspect_SOURCES = %D%/inspect.c
tests_accuracy_inspect_LDADD = $(KT_LIBS)
TESTS += %D%/accuracy_test.py
EXTRA_DIST += %D%/accuracy_test.py %D%/accuracy.py %D%/BASELINE.md
.PHONY: accuracy
accuracy: all tests/accuracy/inspect
	KT_SRCDIR='$(abs_top_srcdir)' KT_BUILDDIR='$(abs_top_builddir)' \
	python3 $(top_srcdir)/tests/accuracy/accuracy.py

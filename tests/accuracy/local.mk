# How much the detectors find, and how much they should not have: make accuracy
check_PROGRAMS += tests/accuracy/train
tests_accuracy_train_SOURCES = %D%/train.c
tests_accuracy_train_LDADD = $(KT_LIBS)
TESTS += %D%/accuracy_test.py
EXTRA_DIST += %D%/accuracy_test.py %D%/accuracy.py %D%/BASELINE.md \
	%D%/letters.py policies/detectors/train.py
.PHONY: accuracy
accuracy: all tests/accuracy/train
	KT_SRCDIR='$(abs_top_srcdir)' KT_BUILDDIR='$(abs_top_builddir)' \
	python3 $(top_srcdir)/tests/accuracy/accuracy.py

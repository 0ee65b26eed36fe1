# How much the detectors find, and how much they should not have: make accuracy
check_PROGRAMS += tests/accuracy/train
tests_accuracy_train_SOURCES = %D%/train.c
tests_accuracy_train_LDADD = $(KT_LIBS)
TESTS += %D%/accuracy_test.py %D%/pictures_test.py
EXTRA_DIST += %D%/accuracy_test.py %D%/accuracy.py %D%/BASELINE.md \
	%D%/pictures.py %D%/pictures_test.py %D%/PICTURES.md \
	%D%/letters.py %D%/ids.py %D%/made.py \
	%D%/shapes.py policies/detectors/train.py
# Pictures of text, where there is something to draw them with.
if HAVE_POPPLER
if HAVE_LEPTONICA
ACCURACY_RENDER = tests/accuracy/render
check_PROGRAMS += tests/accuracy/render
tests_accuracy_render_SOURCES = %D%/render.c
tests_accuracy_render_CPPFLAGS = $(POPPLER_CFLAGS) $(LEPTONICA_CFLAGS)
tests_accuracy_render_LDADD = $(POPPLER_LIBS) $(LEPTONICA_LIBS) -lm
endif
endif
.PHONY: accuracy
accuracy: all tests/accuracy/train $(ACCURACY_RENDER)
	KT_SRCDIR='$(abs_top_srcdir)' KT_BUILDDIR='$(abs_top_builddir)' \
	python3 $(top_srcdir)/tests/accuracy/accuracy.py \
	--check $(top_srcdir)/tests/accuracy/BASELINE.md
	KT_SRCDIR='$(abs_top_srcdir)' KT_BUILDDIR='$(abs_top_builddir)' \
	python3 $(top_srcdir)/tests/accuracy/pictures.py

check_PROGRAMS += tests/unit/detect/law_test tests/unit/detect/shipped_test
tests_unit_detect_law_test_SOURCES = %D%/law_test.c %D%/law.h %D%/rules.h
tests_unit_detect_law_test_LDADD = $(KT_LIBS)
tests_unit_detect_shipped_test_SOURCES = %D%/shipped_test.c %D%/law.h \
	%D%/shipped.h
tests_unit_detect_shipped_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/detect/law_test tests/unit/detect/shipped_test
check_PROGRAMS += tests/unit/detect/corpora_test
tests_unit_detect_corpora_test_SOURCES = %D%/corpora_test.c %D%/law.h \
	%D%/shipped.h
tests_unit_detect_corpora_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/detect/corpora_test
check_PROGRAMS += tests/unit/detect/detect_test
tests_unit_detect_detect_test_SOURCES = %D%/detect_test.c %D%/rules.h
tests_unit_detect_detect_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/detect/detect_test
check_PROGRAMS += tests/unit/detect/disguise_test
tests_unit_detect_disguise_test_SOURCES = %D%/disguise_test.c \
	%D%/disguises.h %D%/shipped.h
tests_unit_detect_disguise_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/detect/disguise_test
check_PROGRAMS += tests/unit/detect/near_test
tests_unit_detect_near_test_SOURCES = %D%/near_test.c
tests_unit_detect_near_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/detect/near_test
check_PROGRAMS += tests/unit/detect/engine_test
tests_unit_detect_engine_test_SOURCES = %D%/engine_test.c %D%/shipped.h
tests_unit_detect_engine_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/detect/engine_test
check_PROGRAMS += tests/unit/detect/begin_test
tests_unit_detect_begin_test_SOURCES = %D%/begin_test.c tests/unit/any.h
tests_unit_detect_begin_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/detect/begin_test
check_PROGRAMS += tests/unit/detect/context_test
tests_unit_detect_context_test_SOURCES = %D%/context_test.c %D%/shipped.h \
	tests/unit/any.h
tests_unit_detect_context_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/detect/context_test
check_PROGRAMS += tests/unit/detect/through_test
tests_unit_detect_through_test_SOURCES = %D%/through_test.c \
	%D%/disguises.h %D%/shipped.h
tests_unit_detect_through_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/detect/through_test
check_PROGRAMS += tests/unit/detect/asks_test
tests_unit_detect_asks_test_SOURCES = %D%/asks_test.c %D%/shipped.h
tests_unit_detect_asks_test_LDADD = $(KT_LIBS)
tests_unit_detect_asks_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=kt_detect_jit_match
TESTS += tests/unit/detect/asks_test
check_PROGRAMS += tests/unit/detect/guess_test
tests_unit_detect_guess_test_SOURCES = %D%/guess_test.c
tests_unit_detect_guess_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/detect/guess_test
check_PROGRAMS += tests/unit/detect/spared_test
tests_unit_detect_spared_test_SOURCES = %D%/spared_test.c %D%/shipped.h \
	tests/unit/any.h
tests_unit_detect_spared_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/detect/spared_test

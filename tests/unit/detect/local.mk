check_PROGRAMS += tests/unit/detect/law_test
tests_unit_detect_law_test_SOURCES = %D%/law_test.c %D%/rules.h
tests_unit_detect_law_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/detect/law_test

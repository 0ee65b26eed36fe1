check_PROGRAMS += tests/unit/base/base_test
tests_unit_base_base_test_SOURCES = %D%/base_test.c
tests_unit_base_base_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/base/base_test

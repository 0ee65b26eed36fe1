check_PROGRAMS += tests/unit/lint/lint_test
TESTS += tests/unit/lint/lint_test
tests_unit_lint_lint_test_SOURCES = %D%/lint_test.c
tests_unit_lint_lint_test_LDADD = $(KT_LIBS)

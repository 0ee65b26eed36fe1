check_PROGRAMS += \
	tests/unit/token/merge_test \
	tests/unit/token/token_test
tests_unit_token_merge_test_SOURCES = %D%/merge_test.c
tests_unit_token_merge_test_LDADD = $(KT_LIBS)
tests_unit_token_token_test_SOURCES = %D%/token_test.c
tests_unit_token_token_test_LDADD = $(KT_LIBS)
EXTRA_DIST += tests/data/tokens
TESTS += \
	tests/unit/token/merge_test \
	tests/unit/token/token_test

check_PROGRAMS += tests/unit/auth/auth_test
tests_unit_auth_auth_test_SOURCES = %D%/auth_test.c
tests_unit_auth_auth_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/auth/auth_test

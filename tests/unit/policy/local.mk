check_PROGRAMS += tests/unit/policy/policy_test tests/unit/policy/schema_test
TESTS += tests/unit/policy/policy_test tests/unit/policy/schema_test
tests_unit_policy_policy_test_SOURCES = %D%/policy_test.c $(exchange_drive)
tests_unit_policy_policy_test_LDADD = $(KT_LIBS)
tests_unit_policy_schema_test_SOURCES = %D%/schema_test.c
tests_unit_policy_schema_test_LDADD = $(KT_LIBS)

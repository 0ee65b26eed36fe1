check_PROGRAMS += tests/unit/config/config_test
tests_unit_config_config_test_SOURCES = %D%/config_test.c
tests_unit_config_config_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/config/config_test

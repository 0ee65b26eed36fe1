check_PROGRAMS += tests/unit/config/config_test tests/unit/config/schema_test
tests_unit_config_config_test_SOURCES = %D%/config_test.c %D%/load.h
tests_unit_config_config_test_LDADD = $(KT_LIBS)
tests_unit_config_schema_test_SOURCES = %D%/schema_test.c %D%/load.h
tests_unit_config_schema_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/config/config_test tests/unit/config/schema_test

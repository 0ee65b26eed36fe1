check_PROGRAMS += \
	tests/unit/json/json_test \
	tests/unit/json/suite_test \
	tests/unit/json/text_test
tests_unit_json_json_test_SOURCES = %D%/json_test.c
tests_unit_json_json_test_LDADD = $(KT_LIBS)
tests_unit_json_suite_test_SOURCES = %D%/suite_test.c
tests_unit_json_suite_test_LDADD = $(KT_LIBS)
tests_unit_json_text_test_SOURCES = %D%/text_test.c
tests_unit_json_text_test_LDADD = $(KT_LIBS)
TESTS += \
	tests/unit/json/json_test \
	tests/unit/json/suite_test \
	tests/unit/json/text_test

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

# The same once more over the scanner as it is for any machine.
json_any = lib/json/scan.c lib/json/write.c
check_PROGRAMS += \
	tests/unit/json/json_any_test \
	tests/unit/json/suite_any_test
TESTS += \
	tests/unit/json/json_any_test \
	tests/unit/json/suite_any_test
tests_unit_json_json_any_test_SOURCES = %D%/json_test.c $(json_any)
tests_unit_json_json_any_test_CPPFLAGS = $(AM_CPPFLAGS) -DKT_PLAIN_ANY
tests_unit_json_json_any_test_LDADD = $(KT_LIBS)
tests_unit_json_suite_any_test_SOURCES = %D%/suite_test.c $(json_any)
tests_unit_json_suite_any_test_CPPFLAGS = $(AM_CPPFLAGS) -DKT_PLAIN_ANY
tests_unit_json_suite_any_test_LDADD = $(KT_LIBS)

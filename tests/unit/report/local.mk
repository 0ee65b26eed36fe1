check_PROGRAMS += tests/unit/report/report_test
TESTS += tests/unit/report/report_test
tests_unit_report_report_test_SOURCES = %D%/report_test.c
tests_unit_report_report_test_LDADD = $(KT_LIBS)

check_PROGRAMS += tests/unit/session/session_test
TESTS += tests/unit/session/session_test
tests_unit_session_session_test_SOURCES = \
	%D%/session_test.c %D%/record.h $(exchange_drive)
tests_unit_session_session_test_LDADD = $(KT_LIBS)

check_PROGRAMS += tests/unit/exchange/exchange_test
tests_unit_exchange_exchange_test_SOURCES = \
	%D%/exchange_test.c %D%/drive.h
tests_unit_exchange_exchange_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/exchange/exchange_test
check_PROGRAMS += tests/unit/exchange/leak_test
tests_unit_exchange_leak_test_SOURCES = %D%/leak_test.c %D%/drive.h
tests_unit_exchange_leak_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/exchange/leak_test

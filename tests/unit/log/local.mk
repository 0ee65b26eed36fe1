check_PROGRAMS += tests/unit/log/writer_test
tests_unit_log_writer_test_SOURCES = %D%/writer_test.c \
	%D%/faults.h %D%/folder.h
tests_unit_log_writer_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/log/writer_test

check_PROGRAMS += tests/unit/log/orders_test
tests_unit_log_orders_test_SOURCES = %D%/orders_test.c \
	%D%/faults.h %D%/folder.h %D%/starved.h
tests_unit_log_orders_test_LDADD = $(GATEWAY_LIBS)
tests_unit_log_orders_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=calloc,--wrap=realloc,--wrap=free
TESTS += tests/unit/log/orders_test

check_PROGRAMS += tests/unit/log/power_test
tests_unit_log_power_test_SOURCES = %D%/power_test.c %D%/sim.h
tests_unit_log_power_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/log/power_test

check_PROGRAMS += tests/unit/log/starved_test
tests_unit_log_starved_test_SOURCES = %D%/starved_test.c %D%/sim.h \
	%D%/starved.h
tests_unit_log_starved_test_LDADD = $(GATEWAY_LIBS)
tests_unit_log_starved_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=calloc,--wrap=realloc,--wrap=free
TESTS += tests/unit/log/starved_test

check_PROGRAMS += tests/unit/log/keeper_test
tests_unit_log_keeper_test_SOURCES = %D%/keeper_test.c \
	%D%/faults.h %D%/folder.h
tests_unit_log_keeper_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/log/keeper_test

check_PROGRAMS += tests/unit/log/archive_test
tests_unit_log_archive_test_SOURCES = %D%/archive_test.c \
	%D%/faults.h %D%/folder.h
tests_unit_log_archive_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/log/archive_test

check_PROGRAMS += tests/unit/log/room_test
tests_unit_log_room_test_SOURCES = %D%/room_test.c \
	%D%/faults.h %D%/folder.h
tests_unit_log_room_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/log/room_test

check_PROGRAMS += tests/unit/disk/disk_test
tests_unit_disk_disk_test_SOURCES = %D%/disk_test.c
tests_unit_disk_disk_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/disk/disk_test

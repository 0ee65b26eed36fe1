check_PROGRAMS += tests/unit/media/image_test
tests_unit_media_image_test_SOURCES = %D%/image_test.c
tests_unit_media_image_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/media/image_test

check_PROGRAMS += tests/unit/media/image_test
tests_unit_media_image_test_SOURCES = %D%/image_test.c
tests_unit_media_image_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/media/image_test

check_PROGRAMS += tests/unit/media/exif_test
tests_unit_media_exif_test_SOURCES = %D%/exif_test.c
tests_unit_media_exif_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/media/exif_test

check_PROGRAMS += tests/unit/media/charset_test
tests_unit_media_charset_test_SOURCES = %D%/charset_test.c
tests_unit_media_charset_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/media/charset_test

check_PROGRAMS += tests/unit/media/markup_test
tests_unit_media_markup_test_SOURCES = %D%/markup_test.c
tests_unit_media_markup_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/media/markup_test

check_PROGRAMS += tests/unit/media/notes_test
tests_unit_media_notes_test_SOURCES = %D%/notes_test.c
tests_unit_media_notes_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/media/notes_test

check_PROGRAMS += tests/unit/media/pieces_test
tests_unit_media_pieces_test_SOURCES = %D%/pieces_test.c
tests_unit_media_pieces_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/media/pieces_test

check_PROGRAMS += tests/unit/media/ask_test
tests_unit_media_ask_test_SOURCES = %D%/ask_test.c
tests_unit_media_ask_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/media/ask_test

# The worker with an engine that misbehaves.
check_PROGRAMS += tests/unit/media/odd-media
tests_unit_media_odd_media_SOURCES = $(MEDIA_SOURCES) %D%/odd_read.c
tests_unit_media_odd_media_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)
tests_unit_media_odd_media_LDADD = libkt.a $(SECCOMP_LIBS)

check_PROGRAMS += tests/unit/media/worker_test
tests_unit_media_worker_test_SOURCES = %D%/worker_test.c
tests_unit_media_worker_test_LDADD = libgateway.a libkt.a
TESTS += tests/unit/media/worker_test

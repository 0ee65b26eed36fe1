check_PROGRAMS += tests/unit/frame/sse_test tests/unit/frame/http1_test
tests_unit_frame_sse_test_SOURCES = %D%/sse_test.c
tests_unit_frame_sse_test_LDADD = $(KT_LIBS)
tests_unit_frame_http1_test_SOURCES = %D%/http1_test.c
tests_unit_frame_http1_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/frame/sse_test tests/unit/frame/http1_test

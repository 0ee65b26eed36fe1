check_PROGRAMS += tests/unit/gateway/loop_test
tests_unit_gateway_loop_test_SOURCES = %D%/loop_test.c
tests_unit_gateway_loop_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/gateway/loop_test

check_PROGRAMS += tests/unit/gateway/upstream_test
tests_unit_gateway_upstream_test_SOURCES = %D%/upstream_test.c \
	%D%/heard.h %D%/script.h
tests_unit_gateway_upstream_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/gateway/upstream_test

check_PROGRAMS += tests/unit/gateway/tls_test
tests_unit_gateway_tls_test_SOURCES = %D%/tls_test.c %D%/heard.h %D%/script.h
tests_unit_gateway_tls_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/gateway/tls_test

check_PROGRAMS += tests/unit/gateway/listen_test
tests_unit_gateway_listen_test_SOURCES = %D%/listen_test.c
tests_unit_gateway_listen_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/gateway/listen_test

check_PROGRAMS += tests/unit/gateway/pace_test
tests_unit_gateway_pace_test_SOURCES = %D%/pace_test.c
tests_unit_gateway_pace_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/gateway/pace_test

check_PROGRAMS += tests/unit/gateway/proxy_test
tests_unit_gateway_proxy_test_SOURCES = %D%/proxy_test.c
tests_unit_gateway_proxy_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/gateway/proxy_test

check_PROGRAMS += tests/unit/gateway/bounds_test
tests_unit_gateway_bounds_test_SOURCES = %D%/bounds_test.c \
	%D%/heard.h %D%/script.h
tests_unit_gateway_bounds_test_LDADD = $(GATEWAY_LIBS)
tests_unit_gateway_bounds_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kt_curl_load \
	-Wl,--wrap=kt_loop_post
TESTS += tests/unit/gateway/bounds_test

check_PROGRAMS += tests/unit/gateway/known_test
tests_unit_gateway_known_test_SOURCES = %D%/known_test.c
tests_unit_gateway_known_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/gateway/known_test

# Measured by hand, never by make check: make tests/bench/json_bench
EXTRA_PROGRAMS += tests/bench/json_bench
tests_bench_json_bench_SOURCES = %D%/json_bench.c
tests_bench_json_bench_LDADD = $(KT_LIBS)

EXTRA_PROGRAMS += tests/bench/upstream_bench
tests_bench_upstream_bench_SOURCES = %D%/upstream_bench.c
tests_bench_upstream_bench_LDADD = $(GATEWAY_LIBS)

EXTRA_PROGRAMS += tests/bench/audit_bench
tests_bench_audit_bench_SOURCES = %D%/audit_bench.c
tests_bench_audit_bench_LDADD = $(GATEWAY_LIBS)
EXTRA_PROGRAMS += tests/bench/detect_bench
tests_bench_detect_bench_SOURCES = %D%/detect_bench.c
tests_bench_detect_bench_LDADD = $(KT_LIBS)

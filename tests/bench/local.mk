# Measured by hand, never by make check: make tests/bench/json_bench
EXTRA_PROGRAMS += tests/bench/json_bench
tests_bench_json_bench_SOURCES = %D%/json_bench.c
tests_bench_json_bench_LDADD = $(KT_LIBS)

# Built by make check, so that they compile; measured by hand only.
check_PROGRAMS += tests/bench/json_bench
tests_bench_json_bench_SOURCES = %D%/json_bench.c
tests_bench_json_bench_LDADD = $(KT_LIBS)

check_PROGRAMS += tests/bench/upstream_bench
tests_bench_upstream_bench_SOURCES = %D%/upstream_bench.c
tests_bench_upstream_bench_LDADD = $(GATEWAY_LIBS)

check_PROGRAMS += tests/bench/audit_bench
tests_bench_audit_bench_SOURCES = %D%/audit_bench.c
tests_bench_audit_bench_LDADD = $(GATEWAY_LIBS)
check_PROGRAMS += tests/bench/exchange_bench
tests_bench_exchange_bench_SOURCES = %D%/exchange_bench.c %D%/world.h \
	tests/unit/exchange/drive.h
tests_bench_exchange_bench_LDADD = $(KT_LIBS)
check_PROGRAMS += tests/bench/detect_bench
tests_bench_detect_bench_SOURCES = %D%/detect_bench.c
tests_bench_detect_bench_LDADD = $(KT_LIBS)

check_PROGRAMS += tests/bench/hold_bench
tests_bench_hold_bench_SOURCES = %D%/hold_bench.c \
	tests/unit/exchange/prose.h $(exchange_drive)
tests_bench_hold_bench_LDADD = $(KT_LIBS)
check_PROGRAMS += tests/bench/chain_bench
tests_bench_chain_bench_SOURCES = %D%/chain_bench.c %D%/world.h \
	tests/unit/exchange/drive.h
tests_bench_chain_bench_LDADD = $(KT_LIBS)
check_PROGRAMS += tests/bench/token_bench
tests_bench_token_bench_SOURCES = %D%/token_bench.c
tests_bench_token_bench_LDADD = $(KT_LIBS)

# kt beside nginx: ratios in bench.md, which make bench prints as well.
check_PROGRAMS += tests/bench/upstream tests/bench/load
tests_bench_upstream_SOURCES = %D%/upstream.c %D%/stamp.h
tests_bench_upstream_LDADD =
tests_bench_load_SOURCES = %D%/load.c %D%/stamp.h
tests_bench_load_LDADD =
EXTRA_DIST += %D%/run.py %D%/evidence.py
CLEANFILES += bench.md evidence.md
.PHONY: bench
bench: all tests/bench/upstream tests/bench/load tests/bench/hold_bench \
    tests/bench/chain_bench
	KT_SRCDIR='$(abs_top_srcdir)' KT_BUILDDIR='$(abs_top_builddir)' \
	python3 $(top_srcdir)/tests/bench/run.py $(BENCH_FLAGS)
	$(MAKE) bench-evidence
# The log: make bench-evidence EVIDENCE_FLAGS='--records 10000000'
.PHONY: bench-evidence
bench-evidence: all tests/audit/make_log tests/bench/audit_bench
	KT_BUILDDIR='$(abs_top_builddir)' \
	python3 $(top_srcdir)/tests/bench/evidence.py $(EVIDENCE_FLAGS)

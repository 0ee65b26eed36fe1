# Evidence, judged by somebody else: a second verifier and the attacks.
check_PROGRAMS += tests/audit/make_log
tests_audit_make_log_SOURCES = %D%/make_log.c
tests_audit_make_log_LDADD = $(GATEWAY_LIBS)
check_PROGRAMS += tests/audit/judge
tests_audit_judge_SOURCES = %D%/judge.c cmd/audit/verdict.c cmd/audit/verdict.h \
	cmd/audit/verdict_json.c cmd/audit/row.c cmd/audit/row.h
tests_audit_judge_LDADD = $(GATEWAY_LIBS)
check_PROGRAMS += tests/audit/flip_test
tests_audit_flip_test_SOURCES = %D%/flip_test.c
tests_audit_flip_test_LDADD = $(KT_LIBS)
TESTS += tests/audit/flip_test
TESTS += %D%/export_test.py %D%/report_test.py %D%/witness_test.py
TESTS += %D%/witness_http_test.py %D%/json_test.py
TESTS += %D%/reconcile_test.py %D%/stamp_test.py %D%/retain_test.py \
	%D%/siem_test.py
EXTRA_DIST += %D%/export_test.py %D%/report_test.py %D%/witness_test.py \
	%D%/witness_http_test.py %D%/json_test.py \
	%D%/reconcile_test.py %D%/stamp_test.py %D%/retain_test.py \
	%D%/siem_test.py
TESTS += %D%/agree_test.py %D%/attacks_test.py %D%/parts_test.py
EXTRA_DIST += %D%/asked.py %D%/agree_test.py %D%/attacks_test.py %D%/parts_test.py \
	%D%/verifier.py

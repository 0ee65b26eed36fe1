# Evidence, judged by somebody else: a second verifier and the attacks.
check_PROGRAMS += tests/audit/make_log
tests_audit_make_log_SOURCES = %D%/make_log.c
tests_audit_make_log_LDADD = $(GATEWAY_LIBS)
TESTS += %D%/agree_test.py %D%/attacks_test.py %D%/parts_test.py
EXTRA_DIST += %D%/agree_test.py %D%/attacks_test.py %D%/parts_test.py \
	%D%/verifier.py

check_PROGRAMS += tests/unit/audit/chain_test
tests_unit_audit_chain_test_SOURCES = %D%/chain_test.c
tests_unit_audit_chain_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/audit/chain_test

check_PROGRAMS += tests/unit/audit/verify_test
tests_unit_audit_verify_test_SOURCES = %D%/verify_test.c
tests_unit_audit_verify_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/audit/verify_test

check_PROGRAMS += tests/unit/audit/proof_test
tests_unit_audit_proof_test_SOURCES = %D%/proof_test.c
tests_unit_audit_proof_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/audit/proof_test

check_PROGRAMS += tests/unit/audit/subject_test
tests_unit_audit_subject_test_SOURCES = %D%/subject_test.c
tests_unit_audit_subject_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/audit/subject_test

check_PROGRAMS += tests/unit/audit/trust_test
tests_unit_audit_trust_test_SOURCES = %D%/trust_test.c
tests_unit_audit_trust_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/audit/trust_test

check_PROGRAMS += tests/unit/audit/course_test
tests_unit_audit_course_test_SOURCES = %D%/course_test.c
tests_unit_audit_course_test_LDADD = $(KT_LIBS)
TESTS += tests/unit/audit/course_test

check_PROGRAMS += tests/unit/audit/ahead_test
tests_unit_audit_ahead_test_SOURCES = %D%/ahead_test.c
tests_unit_audit_ahead_test_LDADD = $(GATEWAY_LIBS)
TESTS += tests/unit/audit/ahead_test

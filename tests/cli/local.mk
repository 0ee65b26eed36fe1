TESTS += %D%/inspect_test.sh
EXTRA_DIST += %D%/inspect_test.sh
TESTS += %D%/kt_test.sh %D%/policy_test.sh
EXTRA_DIST += %D%/kt_test.sh %D%/policy_test.sh
TESTS += %D%/token_test.sh
EXTRA_DIST += %D%/token_test.sh
TESTS += %D%/audit_test.sh
EXTRA_DIST += %D%/audit_test.sh tests/golden

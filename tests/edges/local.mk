# What acceptance looks at, each observed from outside the real program.
kt_edge_tests = %D%/configured_test.py %D%/faults_test.py \
	%D%/forwarding_test.py %D%/many_test.py %D%/newcomer_test.py %D%/odd_test.py \
	%D%/streams_test.py %D%/tokens_test.py %D%/translation_test.py
TESTS += $(kt_edge_tests)
EXTRA_DIST += $(kt_edge_tests) %D%/broken.py %D%/calls.py

TESTS += %D%/shell_test.py %D%/tls_sweep_test.py
EXTRA_DIST += %D%/shell_test.py %D%/tls_sweep_test.py
TESTS += %D%/suites_test.py %D%/smuggling_test.py \
	%D%/pressure_test.py %D%/gone_test.py %D%/reload_test.py %D%/scenario_test.py %D%/kill_test.py
EXTRA_DIST += %D%/suites_test.py %D%/smuggling_test.py \
	%D%/pressure_test.py %D%/gone_test.py %D%/reload_test.py %D%/scenario_test.py %D%/kill_test.py
TESTS += %D%/ship_test.py %D%/recording_test.py
EXTRA_DIST += %D%/ship_test.py %D%/recording_test.py
TESTS += %D%/canary_test.py %D%/content_test.py
EXTRA_DIST += %D%/canary_test.py %D%/content_test.py
TESTS += %D%/pack_test.py
EXTRA_DIST += %D%/pack_test.py
TESTS += %D%/erase_test.py %D%/revoke_test.py
EXTRA_DIST += %D%/erase_test.py %D%/revoke_test.py

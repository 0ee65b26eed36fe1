TESTS += %D%/facts_test.py %D%/redact_test.py %D%/replay_test.py %D%/sessions_test.py
EXTRA_DIST += %D%/facts_test.py %D%/forms.py %D%/redact_test.py %D%/replay_test.py %D%/sessions_test.py

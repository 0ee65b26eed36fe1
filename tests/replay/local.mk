TESTS += %D%/replay_test.py %D%/sessions_test.py
EXTRA_DIST += %D%/forms.py %D%/replay_test.py %D%/sessions_test.py

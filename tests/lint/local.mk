TESTS += %D%/fixtures_test.py
EXTRA_DIST += tests/lint

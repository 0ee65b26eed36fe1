TESTS += %D%/fixtures_test.py %D%/seeded_test.py
EXTRA_DIST += tests/lint

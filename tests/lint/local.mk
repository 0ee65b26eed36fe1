TESTS += %D%/fixtures_test.py %D%/seeded_test.py
# A folder that no build writes into: it is copied as it is.
EXTRA_DIST += %D%/fixtures_test.py %D%/seeded_test.py %D%/codes

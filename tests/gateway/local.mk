TESTS += %D%/shell_test.py
EXTRA_DIST += %D%/shell_test.py

# What is read in documents and pictures, by the real worker.
kt_media_tests = %D%/documents_test.py %D%/gateway_test.py %D%/guard_test.py \
	%D%/letters_test.py %D%/pictures_test.py \
	%D%/texts_test.py %D%/upload_test.py
TESTS += $(kt_media_tests)
EXTRA_DIST += $(kt_media_tests)

TESTS += %D%/lib_test.py
EXTRA_DIST += %D%/lib_test.py %D%/certificates.py %D%/gateway.py \
	%D%/grammar.py %D%/media.py %D%/postgres.py %D%/speech.py %D%/tap.py %D%/tap.sh %D%/tls.py \
	%D%/upstream.py %D%/wire.py

# The gateway, as an archive so that tests link its parts.
noinst_LIBRARIES += libgateway.a
libgateway_a_SOURCES = \
	%D%/loop.c \
	%D%/loop.h \
	%D%/upstream.h
GATEWAY_LIBS = libgateway.a $(KT_LIBS) $(MHD_LIBS) $(CURL_LIBS)

bin_PROGRAMS += kt
kt_SOURCES = \
	%D%/kt.c
kt_LDADD = $(KT_LIBS) $(MHD_LIBS) $(CURL_LIBS)

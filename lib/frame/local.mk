libkt_a_SOURCES += \
	%D%/sse.h \
	%D%/http1.h

libkt_a_SOURCES += \
	%D%/header.h \
	%D%/http1.h \
	%D%/sse.h

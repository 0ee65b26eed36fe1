libkt_a_SOURCES += \
	%D%/header.h \
	%D%/header.c \
	%D%/http1.h \
	%D%/http1.c \
	%D%/http1_write.c \
	%D%/multipart.h \
	%D%/multipart.c \
	%D%/sse.h \
	%D%/sse.c

libkt_a_SOURCES += \
	%D%/base.h \
	%D%/banned.h \
	%D%/limits.h \
	%D%/plain.h \
	%D%/err.c \
	%D%/span.c \
	%D%/mem.c \
	%D%/utf8.c

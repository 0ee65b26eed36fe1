libkt_a_SOURCES += \
	%D%/ask.c \
	%D%/ask.h \
	%D%/charset.c \
	%D%/charset.h \
	%D%/exif.c \
	%D%/exif.h \
	%D%/image.c \
	%D%/image.h \
	%D%/kind.c \
	%D%/kind.h \
	%D%/unbase64.c \
	%D%/unbase64.h \
	%D%/why.def

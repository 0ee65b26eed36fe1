libkt_a_SOURCES += \
	%D%/ask.c \
	%D%/ask.h \
	%D%/charset.c \
	%D%/charset.h \
	%D%/exif.c \
	%D%/exif.h \
	%D%/html.c \
	%D%/image.c \
	%D%/image.h \
	%D%/kind.c \
	%D%/kind.h \
	%D%/markup.h \
	%D%/notes.c \
	%D%/notes.h \
	%D%/pieces.c \
	%D%/pieces.h \
	%D%/rtf.c \
	%D%/unbase64.c \
	%D%/unbase64.h \
	%D%/why.def

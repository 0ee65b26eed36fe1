libkt_a_SOURCES += \
	%D%/image.c \
	%D%/image.h

libkt_a_SOURCES += \
	%D%/disk.h \
	%D%/disk.c \
	%D%/real.c

libkt_a_SOURCES += \
	%D%/nearest.h \
	%D%/nearest.c

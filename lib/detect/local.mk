libkt_a_SOURCES += \
	%D%/detect.h \
	%D%/stream.h

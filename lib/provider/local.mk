libkt_a_SOURCES += \
	%D%/facts.h \
	%D%/provider.h \
	%D%/segments.h \
	%D%/speak.h \
	%D%/stream.h \
	%D%/surface.h

libkt_a_SOURCES += \
	%D%/facts.c \
	%D%/facts.h \
	%D%/facts_priv.h \
	%D%/places.c \
	%D%/places.h \
	%D%/provider.h \
	%D%/segments.c \
	%D%/segments.h \
	%D%/speak.h \
	%D%/stream.h \
	%D%/surface.c \
	%D%/surface.h

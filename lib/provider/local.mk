libkt_a_SOURCES += \
	%D%/anthropic.c \
	%D%/facts.c \
	%D%/facts.h \
	%D%/facts_priv.h \
	%D%/offline.c \
	%D%/offline_anthropic.c \
	%D%/offline_openai.c \
	%D%/offline_priv.h \
	%D%/offline_responses.c \
	%D%/openai.c \
	%D%/places.c \
	%D%/places.def \
	%D%/places.h \
	%D%/provider.h \
	%D%/responses.c \
	%D%/segments.c \
	%D%/segments.h \
	%D%/speak.c \
	%D%/speak.h \
	%D%/stream.c \
	%D%/stream.h \
	%D%/stream_priv.h \
	%D%/surface.c \
	%D%/surface.h \
	%D%/translate.h \
	%D%/translate_pending.c

libkt_a_SOURCES += \
	%D%/callers.h \
	%D%/nearest.c \
	%D%/nearest.h \
	%D%/schema.h \
	%D%/services.h \
	%D%/settings.h \
	%D%/targets.h \
	%D%/tree.h

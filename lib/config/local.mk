libkt_a_SOURCES += \
	%D%/address.c \
	%D%/callers.c \
	%D%/callers.h \
	%D%/check.c \
	%D%/check.h \
	%D%/diag.c \
	%D%/emit.c \
	%D%/emit.h \
	%D%/fill.c \
	%D%/fill.h \
	%D%/load.c \
	%D%/man.c \
	%D%/nearest.c \
	%D%/nearest.h \
	%D%/schema.c \
	%D%/schema.h \
	%D%/services.c \
	%D%/services.h \
	%D%/settings.c \
	%D%/settings.h \
	%D%/show.c \
	%D%/targets.c \
	%D%/targets.h \
	%D%/tree.c \
	%D%/tree.h \
	%D%/value.c

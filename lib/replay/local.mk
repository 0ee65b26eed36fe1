libkt_a_SOURCES += \
	%D%/change.def \
	%D%/compare.c \
	%D%/filter.c \
	%D%/filter.h \
	%D%/outcome.c \
	%D%/play.c \
	%D%/replay.h

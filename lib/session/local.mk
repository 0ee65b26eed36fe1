libkt_a_SOURCES += \
	%D%/again.c \
	%D%/body.c \
	%D%/copy.c \
	%D%/copy.h \
	%D%/edits.c \
	%D%/event.def \
	%D%/line.c \
	%D%/line.h \
	%D%/media.c \
	%D%/media.h \
	%D%/read.c \
	%D%/reply.c \
	%D%/reply.h \
	%D%/scrub.c \
	%D%/scrub.h \
	%D%/scrub_stream.c \
	%D%/seal.c \
	%D%/seal.h \
	%D%/session.h \
	%D%/session_priv.h \
	%D%/tape.c \
	%D%/tape.h \
	%D%/write.c \
	%D%/write.h

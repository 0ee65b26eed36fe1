libkt_a_SOURCES += \
	%D%/exchange.h \
	%D%/exchange_priv.h \
	%D%/look.h \
	%D%/program.h \
	%D%/program_priv.h \
	%D%/count.c \
	%D%/count.h \
	%D%/answer.c \
	%D%/exchange.c \
	%D%/idle.c \
	%D%/inbound.c \
	%D%/inflate.c \
	%D%/inspect.c \
	%D%/judge.c \
	%D%/upload.c \
	%D%/media.c \
	%D%/look.c \
	%D%/outbound.c \
	%D%/program.c \
	%D%/record.c \
	%D%/refuse.c \
	%D%/stream.c \
	%D%/stream_text.c \
	%D%/tally.c \
	%D%/trim.c

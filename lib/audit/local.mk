libkt_a_SOURCES += \
	%D%/audit.h \
	%D%/canon.c \
	%D%/canon.h \
	%D%/chain.c \
	%D%/hash.c \
	%D%/marks.c \
	%D%/marks.h \
	%D%/note.c \
	%D%/outcome.def \
	%D%/record.c \
	%D%/record.h

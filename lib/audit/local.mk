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
	%D%/record.h \
	%D%/class.def \
	%D%/resolve.c \
	%D%/type.def \
	%D%/verify.c \
	%D%/verify.h \
	%D%/verify_priv.h

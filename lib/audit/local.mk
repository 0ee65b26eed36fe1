libkt_a_SOURCES += \
	%D%/audit.h \
	%D%/base64.c \
	%D%/canon.c \
	%D%/canon.h \
	%D%/chain.c \
	%D%/hash.c \
	%D%/key.c \
	%D%/key.h \
	%D%/marks.c \
	%D%/marks.h \
	%D%/note.c \
	%D%/outcome.def \
	%D%/proof.c \
	%D%/proof.h \
	%D%/record.c \
	%D%/record.h \
	%D%/class.def \
	%D%/limits.c \
	%D%/receipt.c \
	%D%/resolve.c \
	%D%/signed.c \
	%D%/tile.c \
	%D%/tile.h \
	%D%/type.def \
	%D%/verify.c \
	%D%/verify.h \
	%D%/verify_priv.h

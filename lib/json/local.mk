libkt_a_SOURCES += \
	%D%/door.c \
	%D%/door.h \
	%D%/json.h \
	%D%/json_priv.h \
	%D%/names.c \
	%D%/pointer.c \
	%D%/scan.c \
	%D%/text.c \
	%D%/text.h \
	%D%/walk.c \
	%D%/write.c \
	%D%/write.h

libkt_a_SOURCES += \
	%D%/model.c \
	%D%/model.h \
	%D%/chat.h \
	%D%/chat.def \
	%D%/chat.c \
	%D%/class.h \
	%D%/class.def \
	%D%/class.c

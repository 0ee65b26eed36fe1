libkt_a_SOURCES += \
	%D%/chat.h \
	%D%/chat.def \
	%D%/chat.c \
	%D%/class.h \
	%D%/class.def \
	%D%/class.c

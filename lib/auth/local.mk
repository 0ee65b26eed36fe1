libkt_a_SOURCES += \
	%D%/auth.c \
	%D%/auth.h \
	%D%/file.c \
	%D%/scope.def \
	%D%/when.c

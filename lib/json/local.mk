libkt_a_SOURCES += \
	%D%/door.h \
	%D%/json.h \
	%D%/text.h \
	%D%/write.h

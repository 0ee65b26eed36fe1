libkt_a_SOURCES += \
	%D%/audit.h \
	%D%/marks.h \
	%D%/outcome.def \
	%D%/record.h

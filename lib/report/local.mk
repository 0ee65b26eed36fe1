libkt_a_SOURCES += \
	%D%/format.c \
	%D%/excerpt.c \
	%D%/format.h \
	%D%/formats.def \
	%D%/json.c \
	%D%/markdown.c \
	%D%/plain.c \
	%D%/report.c \
	%D%/report.h \
	%D%/report_priv.h \
	%D%/sarif.c \
	%D%/text.c \
	%D%/xml.c

# The worker that reads media: a program of its own, so that kt itself is
# linked with none of the engines.
pkglibexec_PROGRAMS += kt-media
MEDIA_SOURCES = \
	%D%/media.c \
	%D%/sandbox.c \
	%D%/sandbox.h
kt_media_SOURCES = $(MEDIA_SOURCES) %D%/read.c %D%/read.h
if HAVE_LEPTONICA
kt_media_SOURCES += %D%/picture.c
endif
if HAVE_POPPLER
kt_media_SOURCES += %D%/pdf.c
endif
if HAVE_OFFICE
kt_media_SOURCES += %D%/office.c
endif
kt_media_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS) $(LEPTONICA_CFLAGS) \
	$(TESSERACT_CFLAGS) $(ZBAR_CFLAGS) $(POPPLER_CFLAGS) $(OFFICE_CFLAGS)
kt_media_LDADD = libkt.a $(SECCOMP_LIBS) $(TESSERACT_LIBS) \
	$(LEPTONICA_LIBS) $(ZBAR_LIBS) $(POPPLER_LIBS) $(OFFICE_LIBS) \
	$(ZLIB_LIBS) -lm

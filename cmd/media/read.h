/*
 * read - a medium becomes the texts that are in it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which engine reads which kind, and the bounds of all of them
 *           together: pixels, pages, parts, bytes unpacked, text.
 * Does not: defend itself: it runs in a process of its own that ends after
 *           one medium and can do nothing but compute (sandbox.h).
 * Promises: what is not read is told by `why`, and what was read all the
 *           same is in the answer.
 */
#ifndef KT_MEDIA_READ_H
#define KT_MEDIA_READ_H
#include "media/ask.h"

struct kt_ocr; /* what recognises letters; NULL: there is none */
/* languages: "eng+deu".  NULL: no engine, or no data for one of them. */
struct kt_ocr *kt_ocr_open(const char *languages);
/* Loads what kt_read_pdf cannot load for itself behind the sandbox. */
void kt_pdf_open(void);

struct kt_reading {
	struct kt_ocr *ocr;
	uint32_t pixels_max, pages_max;
	struct kt_buf answer;
	struct kt_media_text at; /* source and page of what comes next */
	uint32_t pages;
	uint32_t files;	   /* that were found in a document */
	uint64_t unpacked; /* bytes of parts so far */
	enum kt_media_why why; /* the first that was missed */
};

/* Not all of it could be read; the first reason stays. */
void kt_reading_missed(struct kt_reading *r, enum kt_media_why why);
/* Adds a text if there is one; cleans what is not UTF-8. */
void kt_reading_add(struct kt_reading *r, enum kt_media_source source,
    struct kt_span text);

/* The same for a text that may be RTF or HTML, or have some of it inside. */
void kt_read_text(struct kt_reading *r, enum kt_media_source source,
    struct kt_span text);

/* Gathers the answer to a question whose medium is `bytes`. */
void kt_read(struct kt_reading *r, struct kt_span bytes);

/* The engines. */
void kt_read_picture(struct kt_reading *r, struct kt_span bytes);
/* False: it is no PDF after all, and nothing was added or told. */
bool kt_read_pdf(struct kt_reading *r, struct kt_span bytes);
void kt_read_zip(struct kt_reading *r, struct kt_span bytes);
/* Rows of gray pixels, as a page was drawn; where fewer than so many things
 * are as high as letters, they are not read. */
void kt_read_pixels(struct kt_reading *r, const unsigned char *gray,
    uint32_t width, uint32_t height, size_t stride, size_t letters_min);
/* "tesseract 5.3.0, zbar 0.23", or an empty text: found when this was built. */
extern const char kt_read_engines[];

#endif

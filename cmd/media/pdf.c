/*
 * pdf - text of pages, of notes and of forms, and what only pixels show.
 * A page that carries pictures is drawn and looked at as well.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <cairo.h>
#include <poppler.h>

#include "cmd/media/read.h"

#define DOTS_PER_POINT 2.0 /* 144 dpi: small print stays readable */
#define DRAWN_MAX 8000000  /* pixels of one page */

/* What strings of two bytes a letter are made UTF-8 from. */
static const char *const wide[] = { "UTF-16BE", "UTF-16LE" };

/* Never closed again: with the last of them iconv unloads its code, and
 * behind the sandbox it finds it no more. */
void
kt_pdf_open(void)
{
	for (size_t i = 0; i < KT_NELEMS(wide); i++)
		(void)g_iconv_open("UTF-8", wide[i]); /* reads_wide tells */
}

/* The library keeps still about a string that it cannot convert. */
static bool
reads_wide(void)
{
	bool does = true;

	for (size_t i = 0; i < KT_NELEMS(wide); i++) {
		char *s = g_convert(
		    "aa", 2, "UTF-8", wide[i], NULL, NULL, NULL);

		does = does && s != NULL;
		g_free(s);
	}
	return does;
}

static void
add(struct kt_reading *r, enum kt_media_source source, char *text)
{
	if (text != NULL)
		kt_reading_add(r, source, kt_span_of(text));
	g_free(text);
}

static void
draw(struct kt_reading *r, PopplerPage *page)
{
	double w, h, scale = DOTS_PER_POINT;
	cairo_surface_t *surface;
	cairo_t *cr;

	poppler_page_get_size(page, &w, &h);
	if (!(w >= 1 && h >= 1 && w * h < 1e9)) {
		kt_reading_missed(r, KT_MEDIA_WHY_PIXELS);
		return;
	}
	while (w * scale * h * scale > DRAWN_MAX)
		scale /= 2;
	surface = cairo_image_surface_create(
	    CAIRO_FORMAT_RGB24, (int)(w * scale) + 1, (int)(h * scale) + 1);
	cr = cairo_create(surface);
	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_paint(cr);
	cairo_scale(cr, scale, scale);
	poppler_page_render(page, cr);
	cairo_surface_flush(surface);
	if (cairo_status(cr) != CAIRO_STATUS_SUCCESS ||
	    cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
	} else {
		int width = cairo_image_surface_get_width(surface);
		int height = cairo_image_surface_get_height(surface);
		size_t stride = (size_t)cairo_image_surface_get_stride(surface);
		unsigned char *rows = cairo_image_surface_get_data(surface);

		/* Blue, green, red, nothing: the mean, in place. */
		for (size_t y = 0; y < (size_t)height; y++)
			for (size_t x = 0; x < (size_t)width; x++) {
				unsigned char *p = rows + y * stride + 4 * x;

				rows[y * stride + x] = (unsigned char)(
				    (p[0] + 2 * p[1] + p[2]) / 4);
			}
		kt_read_pixels(r, rows, (uint32_t)width, (uint32_t)height,
		    stride);
	}
	cairo_destroy(cr);
	cairo_surface_destroy(surface);
}

static void
add_notes(struct kt_reading *r, PopplerPage *page)
{
	GList *all = poppler_page_get_annot_mapping(page);

	for (GList *at = all; at != NULL; at = at->next) {
		PopplerAnnotMapping *m = at->data;

		add(r, KT_MEDIA_ABOUT, poppler_annot_get_contents(m->annot));
	}
	poppler_page_free_annot_mapping(all);
	all = poppler_page_get_form_field_mapping(page);
	for (GList *at = all; at != NULL; at = at->next) {
		PopplerFormFieldMapping *m = at->data;

		if (poppler_form_field_get_field_type(m->field) ==
		    POPPLER_FORM_FIELD_TEXT)
			add(r, KT_MEDIA_SAID,
			    poppler_form_field_text_get_text(m->field));
	}
	poppler_page_free_form_field_mapping(all);
}

static void
read_page(struct kt_reading *r, PopplerPage *page)
{
	char *text = poppler_page_get_text(page);
	GList *pictures = poppler_page_get_image_mapping(page);

	if (text == NULL || text[0] == '\0' || pictures != NULL)
		draw(r, page);
	poppler_page_free_image_mapping(pictures);
	add(r, KT_MEDIA_SAID, text);
	add_notes(r, page);
}

static void
read_document(struct kt_reading *r, PopplerDocument *d)
{
	int n = poppler_document_get_n_pages(d);

	r->pages = n > 0 ? (uint32_t)n : 0;
	if (!reads_wide())
		kt_reading_missed(r, KT_MEDIA_WHY_ENGINE);
	add(r, KT_MEDIA_ABOUT, poppler_document_get_title(d));
	add(r, KT_MEDIA_ABOUT, poppler_document_get_author(d));
	add(r, KT_MEDIA_ABOUT, poppler_document_get_subject(d));
	add(r, KT_MEDIA_ABOUT, poppler_document_get_keywords(d));
	if (poppler_document_has_attachments(d))
		kt_reading_missed(r, KT_MEDIA_WHY_KIND);
	if (r->pages > r->pages_max)
		kt_reading_missed(r, KT_MEDIA_WHY_PAGES);
	for (uint32_t i = 0; i < r->pages && i < r->pages_max; i++) {
		PopplerPage *page = poppler_document_get_page(d, (int)i);

		r->at.page = i + 1;
		if (page == NULL) {
			kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
			continue;
		}
		read_page(r, page);
		g_object_unref(page);
	}
	r->at.page = 0;
}

bool
kt_read_pdf(struct kt_reading *r, struct kt_span bytes)
{
	GBytes *b = g_bytes_new_static(bytes.ptr, bytes.len);
	GError *why = NULL;
	PopplerDocument *d = poppler_document_new_from_bytes(b, NULL, &why);
	bool is_locked = g_error_matches(
	    why, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED);
	bool is_pdf = d != NULL || is_locked;

	if (d != NULL)
		read_document(r, d);
	else if (is_locked)
		kt_reading_missed(r, KT_MEDIA_WHY_LOCKED);
	g_clear_error(&why);
	g_clear_object(&d);
	g_bytes_unref(b);
	return is_pdf;
}

/*
 * pdf - text of pages, of notes and of forms, and what only pixels show.
 * All that is written in the document is had before the first page is drawn,
 * which takes long.  A page that carries pictures, or notes that are drawn on
 * it, is drawn and looked at as a whole.  Of any other the text that is had
 * without is covered, and only letters that are left are looked at: outlines,
 * letters of no known code, what a field shows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <cairo.h>
#include <math.h>
#include <poppler.h>

#include "cmd/media/read.h"
#include "exchange/look.h"
#include "media/kind.h"
#include "media/pieces.h"

#define DOTS_PER_POINT 2.0 /* 144 dpi: small print stays readable */
#define DRAWN_MAX 8000000  /* pixels of one page */
#define LEFT_MIN 5	   /* letters that are no text of a page */

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

/* ---- files inside ---- */

struct attached {
	struct kt_reading *r;
	struct kt_buf bytes;
};

static gboolean
take(const gchar *bytes, gsize n, gpointer self, GError **why)
{
	struct attached *a = self;

	(void)why; /* told by what is returned */
	a->r->unpacked += n;
	if (a->r->unpacked <= KT_MEDIA_UNPACKED_MAX &&
	    kt_buf_add(&a->bytes, (struct kt_span){ bytes, n }) == KT_OK)
		return TRUE;
	kt_reading_missed(a->r, KT_MEDIA_WHY_BOMB);
	return FALSE;
}

/* Texts and pictures; a document in a document is where bombs begin. */
static void
read_inside(struct kt_reading *r, struct kt_span bytes)
{
	switch (kt_media_kind(bytes)) {
	case KT_MEDIA_TEXT:
	case KT_MEDIA_TEXT_CODED:
	case KT_MEDIA_PICTURE:
		kt_read(r, bytes);
		break;
	case KT_MEDIA_UNKNOWN:
	case KT_MEDIA_TWOFOLD:
	case KT_MEDIA_PDF:
	case KT_MEDIA_TEXT_OR_PDF:
	case KT_MEDIA_ZIP:
		if (bytes.len > 0)
			kt_reading_missed(r, KT_MEDIA_WHY_KIND);
		break;
	}
}

/* Takes the file; NULL: there is one that is not found. */
static void
read_attached(struct kt_reading *r, PopplerAttachment *file)
{
	struct attached a = { .r = r };

	if (file == NULL) {
		kt_reading_missed(r, KT_MEDIA_WHY_KIND);
		return;
	}
	r->files++;
	kt_buf_init(&a.bytes, KT_MEDIA_UNPACKED_MAX);
	kt_reading_add(r, KT_MEDIA_ABOUT,
	    kt_span_of(poppler_attachment_get_name(file)));
	kt_reading_add(r, KT_MEDIA_ABOUT,
	    kt_span_of(poppler_attachment_get_description(file)));
	if (poppler_attachment_save_to_callback(file, take, &a, NULL))
		read_inside(r, kt_buf_span(&a.bytes));
	else
		kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
	kt_buf_fini(&a.bytes);
	g_object_unref(file);
}

static void
read_all_attached(struct kt_reading *r, PopplerDocument *d)
{
	GList *all = poppler_document_get_attachments(d);
	guint n = 0;

	for (GList *at = all; at != NULL; at = at->next, n++)
		read_attached(r, at->data);
	if (n < poppler_document_get_n_attachments(d))
		kt_reading_missed(r, KT_MEDIA_WHY_KIND);
	g_list_free(all);
}

/* Of what is drawn, all or what is no text that is had without. */
struct drawing {
	cairo_surface_t *surface;
	cairo_t *cr;
};

static bool
begin_drawing(struct kt_reading *r, PopplerPage *page, struct drawing *d)
{
	double w, h, scale = DOTS_PER_POINT;

	poppler_page_get_size(page, &w, &h);
	if (!(w >= 1 && h >= 1 && w * h < 1e9)) {
		kt_reading_missed(r, KT_MEDIA_WHY_PIXELS);
		return false;
	}
	if (w * scale * h * scale > DRAWN_MAX)
		scale = sqrt(DRAWN_MAX / (w * h));
	d->surface = cairo_image_surface_create(
	    CAIRO_FORMAT_RGB24, (int)(w * scale) + 1, (int)(h * scale) + 1);
	d->cr = cairo_create(d->surface);
	cairo_set_source_rgb(d->cr, 1, 1, 1);
	cairo_paint(d->cr);
	cairo_scale(d->cr, scale, scale);
	cairo_save(d->cr);
	poppler_page_render(page, d->cr);
	cairo_restore(d->cr);
	cairo_set_source_rgb(d->cr, 1, 1, 1);
	return true;
}

static void
cover(struct drawing *d, const PopplerRectangle *at)
{
	cairo_rectangle(d->cr, at->x1 - 1, at->y1 - 1, at->x2 - at->x1 + 2,
	    at->y2 - at->y1 + 2);
}

static void
cover_texts(struct drawing *d, PopplerPage *page)
{
	PopplerRectangle *all = NULL;
	guint n = 0;

	(void)poppler_page_get_text_layout(page, &all, &n); /* or there is none */
	for (guint i = 0; i < n; i++)
		cover(d, &all[i]);
	cairo_fill(d->cr);
	g_free(all);
}

static void
look_at_drawing(struct kt_reading *r, struct drawing *d, bool is_whole)
{
	size_t width = (size_t)cairo_image_surface_get_width(d->surface);
	size_t height = (size_t)cairo_image_surface_get_height(d->surface);
	size_t stride = (size_t)cairo_image_surface_get_stride(d->surface);
	unsigned char *rows = cairo_image_surface_get_data(d->surface);

	/* Blue, green, red, nothing: the mean, in place. */
	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++) {
			unsigned char *p = rows + y * stride + 4 * x;

			rows[y * stride + x] = (unsigned char)(
			    (p[0] + 2 * p[1] + p[2]) / 4);
		}
	kt_read_pixels(r, rows, (uint32_t)width, (uint32_t)height, stride,
	    is_whole ? 0 : LEFT_MIN);
}

/* What is known of a page before it is drawn. */
struct look {
	size_t said;   /* bytes of its text */
	bool is_whole; /* only drawing shows all of it */
};

/* While it is drawn, what notes and fields show becomes text as well. */
static void
draw(struct kt_reading *r, PopplerPage *page, const struct look *look)
{
	struct drawing d;
	char *text;

	if (!begin_drawing(r, page, &d))
		return;
	text = poppler_page_get_text(page);
	if (text != NULL && strlen(text) != look->said)
		kt_reading_add(r, KT_MEDIA_SAID, kt_span_of(text));
	g_free(text);
	if (!look->is_whole)
		cover_texts(&d, page);
	cairo_surface_flush(d.surface);
	if (cairo_status(d.cr) != CAIRO_STATUS_SUCCESS ||
	    cairo_surface_status(d.surface) != CAIRO_STATUS_SUCCESS)
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
	else
		look_at_drawing(r, &d, look->is_whole);
	cairo_destroy(d.cr);
	cairo_surface_destroy(d.surface);
}

/* True: it looks as only drawing shows. */
static bool
add_note(struct kt_reading *r, PopplerAnnot *note)
{
	add(r, KT_MEDIA_ABOUT, poppler_annot_get_contents(note));
	if (POPPLER_IS_ANNOT_MARKUP(note)) {
		add(r, KT_MEDIA_ABOUT, poppler_annot_markup_get_label(
		    POPPLER_ANNOT_MARKUP(note)));
		add(r, KT_MEDIA_ABOUT, poppler_annot_markup_get_subject(
		    POPPLER_ANNOT_MARKUP(note)));
	}
	switch (poppler_annot_get_annot_type(note)) {
	case POPPLER_ANNOT_FILE_ATTACHMENT:
		add(r, KT_MEDIA_ABOUT, poppler_annot_file_attachment_get_name(
		    POPPLER_ANNOT_FILE_ATTACHMENT(note)));
		read_attached(r, poppler_annot_file_attachment_get_attachment(
		    POPPLER_ANNOT_FILE_ATTACHMENT(note)));
		break;
	case POPPLER_ANNOT_SOUND:
	case POPPLER_ANNOT_MOVIE:
	case POPPLER_ANNOT_SCREEN:
	case POPPLER_ANNOT_3D:
		kt_reading_missed(r, KT_MEDIA_WHY_KIND);
		break;
	case POPPLER_ANNOT_FREE_TEXT:
	case POPPLER_ANNOT_LINE:
	case POPPLER_ANNOT_SQUARE:
	case POPPLER_ANNOT_CIRCLE:
	case POPPLER_ANNOT_POLYGON:
	case POPPLER_ANNOT_POLY_LINE:
	case POPPLER_ANNOT_STAMP:
	case POPPLER_ANNOT_CARET:
	case POPPLER_ANNOT_INK:
	case POPPLER_ANNOT_WATERMARK:
	case POPPLER_ANNOT_UNKNOWN:
		return true;
	case POPPLER_ANNOT_TEXT:
	case POPPLER_ANNOT_LINK:
	case POPPLER_ANNOT_HIGHLIGHT:
	case POPPLER_ANNOT_UNDERLINE:
	case POPPLER_ANNOT_SQUIGGLY:
	case POPPLER_ANNOT_STRIKE_OUT:
	case POPPLER_ANNOT_POPUP:
	case POPPLER_ANNOT_WIDGET:
	case POPPLER_ANNOT_PRINTER_MARK:
	case POPPLER_ANNOT_TRAP_NET:
		break;
	}
	return false;
}

/* True: there are some that only drawing shows. */
static bool
add_notes(struct kt_reading *r, PopplerPage *page)
{
	GList *all = poppler_page_get_annot_mapping(page);
	bool is_drawn = false;

	for (GList *at = all; at != NULL; at = at->next) {
		PopplerAnnotMapping *m = at->data;

		is_drawn |= add_note(r, m->annot);
	}
	poppler_page_free_annot_mapping(all);
	return is_drawn;
}

static void
add_field(struct kt_reading *r, PopplerFormField *field)
{
	add(r, KT_MEDIA_ABOUT, poppler_form_field_get_name(field));
	add(r, KT_MEDIA_ABOUT, poppler_form_field_get_mapping_name(field));
	add(r, KT_MEDIA_ABOUT,
	    poppler_form_field_get_alternate_ui_name(field));
	switch (poppler_form_field_get_field_type(field)) {
	case POPPLER_FORM_FIELD_TEXT:
		add(r, KT_MEDIA_SAID, poppler_form_field_text_get_text(field));
		break;
	case POPPLER_FORM_FIELD_CHOICE:
		add(r, KT_MEDIA_SAID,
		    poppler_form_field_choice_get_text(field));
		for (int i = 0;
		     i < poppler_form_field_choice_get_n_items(field); i++)
			add(r, KT_MEDIA_SAID,
			    poppler_form_field_choice_get_item(field, i));
		break;
	case POPPLER_FORM_FIELD_UNKNOWN:
	case POPPLER_FORM_FIELD_BUTTON:
	case POPPLER_FORM_FIELD_SIGNATURE:
		break;
	}
}

static void
add_fields(struct kt_reading *r, PopplerPage *page)
{
	GList *all = poppler_page_get_form_field_mapping(page);

	for (GList *at = all; at != NULL; at = at->next) {
		PopplerFormFieldMapping *m = at->data;

		add_field(r, m->field);
	}
	poppler_page_free_form_field_mapping(all);
}

/* Where it leads to outside of the document; what it does is not done. */
static void
add_action(struct kt_reading *r, const PopplerAction *a)
{
	const char *says = a->type == POPPLER_ACTION_URI ? a->uri.uri :
	    a->type == POPPLER_ACTION_LAUNCH ? a->launch.file_name :
	    a->type == POPPLER_ACTION_GOTO_REMOTE ? a->goto_remote.file_name :
	    NULL;

	kt_reading_add(r, KT_MEDIA_ABOUT, kt_span_of(says));
}

static void
add_links(struct kt_reading *r, PopplerPage *page)
{
	GList *all = poppler_page_get_link_mapping(page);

	for (GList *at = all; at != NULL; at = at->next) {
		PopplerLinkMapping *m = at->data;

		if (m->action != NULL)
			add_action(r, m->action);
	}
	poppler_page_free_link_mapping(all);
}

/* What is written. */
static struct look
read_page(struct kt_reading *r, PopplerPage *page)
{
	char *text = poppler_page_get_text(page);
	GList *pictures = poppler_page_get_image_mapping(page);
	struct look look = { .said = text ? strlen(text) : 0 };

	look.is_whole = add_notes(r, page) || pictures != NULL ||
	    look.said == 0;
	poppler_page_free_image_mapping(pictures);
	add(r, KT_MEDIA_SAID, text);
	add_fields(r, page);
	add_links(r, page);
	return look;
}

#define BOOKMARKS_DEEP 32
#define ELEMENTS_DEEP 64
#define ELEMENTS_MAX 200000 /* paragraphs, cells, pictures */

/* Takes `at`, where one level of bookmarks begins. */
static void
add_bookmarks(struct kt_reading *r, PopplerIndexIter *at, int deep)
{
	if (at == NULL)
		return;
	if (deep == BOOKMARKS_DEEP)
		kt_reading_missed(r, KT_MEDIA_WHY_PAGES);
	else
		do {
			PopplerAction *a = poppler_index_iter_get_action(at);

			kt_reading_add(
			    r, KT_MEDIA_ABOUT, kt_span_of(a->any.title));
			add_action(r, a);
			poppler_action_free(a);
			add_bookmarks(r, poppler_index_iter_get_child(at),
			    deep + 1);
		} while (poppler_index_iter_next(at));
	poppler_index_iter_free(at);
}

/* What is said instead of what is drawn, to who cannot see it. */
static void
add_element(struct kt_reading *r, PopplerStructureElement *e)
{
	add(r, KT_MEDIA_ABOUT, poppler_structure_element_get_title(e));
	add(r, KT_MEDIA_ABOUT, poppler_structure_element_get_abbreviation(e));
	add(r, KT_MEDIA_ABOUT, poppler_structure_element_get_alt_text(e));
	add(r, KT_MEDIA_ABOUT, poppler_structure_element_get_actual_text(e));
}

/* Takes `at`, where one level of the structure begins. */
static void
add_structure(struct kt_reading *r, PopplerStructureElementIter *at, int deep,
    uint32_t *left)
{
	if (at == NULL)
		return;
	do {
		PopplerStructureElement *e;

		if (deep == 0 || *left == 0) {
			kt_reading_missed(r, KT_MEDIA_WHY_PAGES);
			break;
		}
		(*left)--;
		e = poppler_structure_element_iter_get_element(at);
		if (!poppler_structure_element_is_content(e))
			add_element(r, e);
		g_object_unref(e);
		add_structure(r, poppler_structure_element_iter_get_child(at),
		    deep - 1, left);
	} while (poppler_structure_element_iter_next(at));
	poppler_structure_element_iter_free(at);
}

static void
read_about(struct kt_reading *r, PopplerDocument *d)
{
	uint32_t left = ELEMENTS_MAX;
	char *metadata = poppler_document_get_metadata(d);

	add(r, KT_MEDIA_ABOUT, poppler_document_get_title(d));
	add(r, KT_MEDIA_ABOUT, poppler_document_get_author(d));
	add(r, KT_MEDIA_ABOUT, poppler_document_get_subject(d));
	add(r, KT_MEDIA_ABOUT, poppler_document_get_keywords(d));
	add(r, KT_MEDIA_ABOUT, poppler_document_get_creator(d));
	add(r, KT_MEDIA_ABOUT, poppler_document_get_producer(d));
	if (metadata != NULL)
		kt_read_text(r, KT_MEDIA_ABOUT, kt_span_of(metadata));
	g_free(metadata);
	add_bookmarks(r, poppler_index_iter_new(d), 0);
	add_structure(r, poppler_structure_element_iter_new(d), ELEMENTS_DEEP,
	    &left);
	if (poppler_document_has_javascript(d))
		kt_reading_missed(r, KT_MEDIA_WHY_KIND);
}

/* Takes `at`, where one level of layers begins.  Who hides one hides it from
   the eye, not from who takes the text. */
static void
show_layers(PopplerLayersIter *at)
{
	if (at == NULL)
		return;
	do {
		PopplerLayer *layer = poppler_layers_iter_get_layer(at);

		if (layer != NULL)
			poppler_layer_show(layer);
		g_clear_object(&layer);
		show_layers(poppler_layers_iter_get_child(at));
	} while (poppler_layers_iter_next(at));
	poppler_layers_iter_free(at);
}

/* ---- what no page and no list leads to ---- */

#define PEEK 4096 /* bytes of a stream that tell whether it is XML */

struct leftover {
	struct kt_reading *r;
	struct kt_buf said;
	bool is_full;
	uint32_t files;
};

static bool
has(struct kt_span s, struct kt_span word)
{
	return memmem(s.ptr, s.len, word.ptr, word.len) != NULL;
}

/* What comes first of a stream, in out; false: it cannot be had. */
static bool
unpack(struct kt_span about, struct kt_span bytes, struct kt_buf *out)
{
	if (has(about, KT_SPAN("/FlateDecode")))
		return kt_look_inflate(bytes, false, out) != KT_E_LIMIT;
	return !has(about, KT_SPAN("/Filter")) &&
	    kt_buf_add(out, bytes) == KT_OK;
}

static void
say_strings(struct leftover *l, struct kt_span objects)
{
	struct kt_pieces p = { .s = objects };
	struct kt_span piece, about;
	enum kt_piece kind;

	while ((kind = kt_pieces_next(&p, &piece, &about)) != KT_PIECE_NONE)
		if (kind == KT_PIECE_STRING)
			l->is_full |= kt_pieces_say(piece, &l->said) < 0;
}

/* Forms of XFA, and what else is written in XML. */
static void
say_xml(struct leftover *l, struct kt_span about, struct kt_span bytes)
{
	struct kt_buf b;
	bool is_xml;

	kt_buf_init(&b, PEEK);
	(void)unpack(about, bytes, &b); /* or what comes first of it */
	is_xml = kt_span_starts(kt_span_trim(kt_buf_span(&b)), KT_SPAN("<"));
	kt_buf_fini(&b);
	if (!is_xml)
		return;
	kt_buf_init(&b, KT_MEDIA_ANSWER_MAX);
	if (!unpack(about, bytes, &b))
		kt_reading_missed(l->r, KT_MEDIA_WHY_BOMB);
	l->r->unpacked += b.len;
	kt_read_text(l->r, KT_MEDIA_ABOUT, kt_buf_span(&b));
	kt_buf_fini(&b);
}

static void
say_stream(struct leftover *l, struct kt_span about, struct kt_span bytes)
{
	struct kt_buf b;

	l->files += has(about, KT_SPAN("/EmbeddedFile"));
	if (has(about, KT_SPAN("/Metadata")) ||
	    has(about, KT_SPAN("/EmbeddedFile")))
		return; /* were read */
	if (!has(about, KT_SPAN("/ObjStm"))) {
		say_xml(l, about, bytes);
		return;
	}
	kt_buf_init(&b, KT_MEDIA_UNPACKED_MAX);
	if (!unpack(about, bytes, &b))
		kt_reading_missed(l->r, KT_MEDIA_WHY_BOMB);
	l->r->unpacked += b.len;
	say_strings(l, kt_buf_span(&b));
	kt_buf_fini(&b);
}

/* What is encrypted, with no password to open, has no string in the clear. */
static void
read_leftover(struct kt_reading *r, struct kt_span bytes)
{
	struct leftover l = { .r = r };
	struct kt_pieces p = { .s = bytes };
	struct kt_span piece, about;
	enum kt_piece kind;

	if (has(bytes, KT_SPAN("/Encrypt"))) {
		kt_reading_missed(r, KT_MEDIA_WHY_LOCKED);
		return;
	}
	kt_buf_init(&l.said, KT_MEDIA_ANSWER_MAX);
	while (r->unpacked <= KT_MEDIA_UNPACKED_MAX &&
	    (kind = kt_pieces_next(&p, &piece, &about)) != KT_PIECE_NONE) {
		if (kind == KT_PIECE_STRING)
			l.is_full |= kt_pieces_say(piece, &l.said) < 0;
		else
			say_stream(&l, about, piece);
	}
	if (r->unpacked > KT_MEDIA_UNPACKED_MAX)
		kt_reading_missed(r, KT_MEDIA_WHY_BOMB);
	if (l.is_full)
		kt_reading_missed(r, KT_MEDIA_WHY_TEXT);
	if (l.files > r->files)
		kt_reading_missed(r, KT_MEDIA_WHY_KIND);
	kt_reading_add(r, KT_MEDIA_ABOUT, kt_buf_span(&l.said));
	kt_buf_fini(&l.said);
}

static void
read_document(struct kt_reading *r, PopplerDocument *d, uint32_t pages)
{
	struct look *looks;
	uint32_t n;

	r->pages = pages;
	if (!reads_wide())
		kt_reading_missed(r, KT_MEDIA_WHY_ENGINE);
	read_about(r, d);
	show_layers(poppler_layers_iter_new(d));
	if (r->pages > r->pages_max)
		kt_reading_missed(r, KT_MEDIA_WHY_PAGES);
	n = r->pages < r->pages_max ? r->pages : r->pages_max;
	looks = kt_alloc_array(n + 1, sizeof(*looks));
	for (uint32_t i = 0; looks != NULL && i < 2 * n; i++) {
		PopplerPage *page =
		    poppler_document_get_page(d, (int)(i % n));

		r->at.page = i % n + 1;
		if (page == NULL)
			kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
		else if (i < n)
			looks[i] = read_page(r, page);
		else
			draw(r, page, &looks[i - n]);
		g_clear_object(&page);
	}
	if (looks == NULL)
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
	kt_free(looks);
	r->at.page = 0;
	read_all_attached(r, d);
}

bool
kt_read_pdf(struct kt_reading *r, struct kt_span bytes)
{
	GBytes *b = g_bytes_new_static(bytes.ptr, bytes.len);
	GError *why = NULL;
	PopplerDocument *d = poppler_document_new_from_bytes(b, NULL, &why);
	bool is_locked = g_error_matches(
	    why, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED);
	int pages = d != NULL ? poppler_document_get_n_pages(d) : 0;

	if (pages > 0) {
		read_document(r, d, (uint32_t)pages);
		read_leftover(r, bytes);
	} else if (is_locked) {
		kt_reading_missed(r, KT_MEDIA_WHY_LOCKED);
	}
	g_clear_error(&why);
	g_clear_object(&d);
	g_bytes_unref(b);
	return pages > 0 || is_locked;
}

/*
 * office - archives of XML: DOCX, XLSX, PPTX and their free kin.
 * Every part is unpacked into one buffer with a bound over all of them; a
 * part that says less than it holds is a bomb like any other.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <expat.h>
#include <zip.h>

#include "cmd/media/read.h"
#include "media/kind.h"

#define READ_BYTES 65536

/* ---- one XML part ---- */

struct part {
	XML_Parser parser;
	struct kt_buf text;
	bool is_full;
};

/* The name without its prefix. */
static const char *
bare(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

static bool
is_in(const char *name, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

static void
say(struct part *p, struct kt_span s)
{
	p->is_full |= kt_buf_add(&p->text, s) < 0;
}

static void
on_text(void *self, const XML_Char *s, int len)
{
	say(self, (struct kt_span){ s, (size_t)len });
}

/* Links, what is told of pictures, who wrote a note. */
static void
on_start(void *self, const XML_Char *name, const XML_Char **a)
{
	static const char *const told[] = { "Target", "descr", "title", "author",
		"instr", "href", NULL };

	(void)name; /* any element may carry them */
	for (; a[0] != NULL; a += 2)
		if (is_in(bare(a[0]), told)) {
			say(self, kt_span_of(a[1]));
			say(self, KT_SPAN("\n"));
		}
}

static void
on_end(void *self, const XML_Char *name)
{
	static const char *const lines[] = { "p", "row", "si", "tr", "br", "h",
		"comment", "title", "creator", "subject", "keywords",
		"description", "table-row", NULL };
	static const char *const cells[] = { "c", "tc", "tab", "table-cell",
		NULL };

	name = bare(name);
	if (is_in(name, lines))
		say(self, KT_SPAN("\n"));
	else if (is_in(name, cells))
		say(self, KT_SPAN("\t"));
}

/* No office file has one; entities are what it would bring. */
static void
on_doctype(void *self, const XML_Char *name, const XML_Char *system,
    const XML_Char *public, int has_internal)
{
	struct part *p = self;

	(void)name, (void)system, (void)public; /* any is too many */
	(void)has_internal;
	(void)XML_StopParser(p->parser, XML_FALSE); /* the parse fails */
}

static void
read_xml(struct kt_reading *r, struct kt_span bytes)
{
	struct part p = { .parser = XML_ParserCreate(NULL) };

	if (p.parser == NULL) {
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
		return;
	}
	kt_buf_init(&p.text, KT_MEDIA_ANSWER_MAX);
	XML_SetUserData(p.parser, &p);
	XML_SetElementHandler(p.parser, on_start, on_end);
	XML_SetCharacterDataHandler(p.parser, on_text);
	XML_SetStartDoctypeDeclHandler(p.parser, on_doctype);
	if (XML_Parse(p.parser, bytes.ptr, (int)bytes.len, 1) != XML_STATUS_OK)
		kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
	if (p.is_full)
		kt_reading_missed(r, KT_MEDIA_WHY_TEXT);
	kt_reading_add(r, KT_MEDIA_SAID, kt_buf_span(&p.text));
	XML_ParserFree(p.parser);
	kt_buf_fini(&p.text);
}

/* ---- the archive ---- */

/* A folder, or how to print. */
static bool
is_silent(struct kt_span name)
{
	return kt_span_ends(name, KT_SPAN("/")) ||
	    kt_span_starts(name, KT_SPAN("xl/printerSettings/")) ||
	    kt_span_starts(name, KT_SPAN("word/printerSettings/"));
}

static bool
is_xml(struct kt_span name)
{
	return kt_span_ends(name, KT_SPAN(".xml")) ||
	    kt_span_ends(name, KT_SPAN(".rels")) ||
	    kt_span_ends(name, KT_SPAN(".vml"));
}

static void
read_part(struct kt_reading *r, struct kt_span name, struct kt_span bytes)
{
	if (is_xml(name)) {
		read_xml(r, bytes);
		return;
	}
	switch (kt_media_kind(bytes)) {
	case KT_MEDIA_PICTURE:
	case KT_MEDIA_TEXT:
	case KT_MEDIA_TEXT_OR_PDF:
		kt_read(r, bytes);
		break;
	case KT_MEDIA_UNKNOWN:
	case KT_MEDIA_TWOFOLD:
	case KT_MEDIA_PDF:
	case KT_MEDIA_ZIP: /* an archive in an archive is where bombs begin */
		if (bytes.len > 0)
			kt_reading_missed(r, KT_MEDIA_WHY_KIND);
		break;
	}
}

/* False: no more of this archive is to be unpacked. */
static bool
unpack(struct kt_reading *r, zip_file_t *f, struct kt_buf *out)
{
	zip_int64_t n;

	do {
		if (kt_buf_reserve(out, READ_BYTES) < 0) {
			kt_reading_missed(r, KT_MEDIA_WHY_BOMB);
			return false;
		}
		n = zip_fread(f, out->ptr + out->len, READ_BYTES);
		if (n < 0) {
			kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
			kt_buf_reset(out);
			return true;
		}
		out->len += (size_t)n;
		r->unpacked += (uint64_t)n;
		if (r->unpacked > KT_MEDIA_UNPACKED_MAX) {
			kt_reading_missed(r, KT_MEDIA_WHY_BOMB);
			return false;
		}
	} while (n > 0);
	return true;
}

static bool
read_entry(struct kt_reading *r, zip_t *z, zip_uint64_t i)
{
	const char *name = zip_get_name(z, i, ZIP_FL_ENC_GUESS);
	zip_file_t *f;
	struct kt_buf b;
	bool goes_on;

	if (name == NULL || is_silent(kt_span_of(name)))
		return true;
	f = zip_fopen_index(z, i, 0);
	if (f == NULL) {
		int code = zip_error_code_zip(zip_get_error(z));

		kt_reading_missed(r,
		    code == ZIP_ER_NOPASSWD || code == ZIP_ER_ENCRNOTSUPP ?
		    KT_MEDIA_WHY_LOCKED : KT_MEDIA_WHY_BROKEN);
		return true;
	}
	kt_buf_init(&b, KT_MEDIA_UNPACKED_MAX + READ_BYTES);
	goes_on = unpack(r, f, &b);
	if (goes_on)
		read_part(r, kt_span_of(name), kt_buf_span(&b));
	kt_buf_fini(&b);
	(void)zip_fclose(f); /* was only read */
	return goes_on;
}

void
kt_read_zip(struct kt_reading *r, struct kt_span bytes)
{
	zip_error_t error;
	zip_source_t *source;
	zip_t *z;
	zip_int64_t n;

	zip_error_init(&error);
	source = zip_source_buffer_create(bytes.ptr, bytes.len, 0, &error);
	z = source ? zip_open_from_source(
	    source, ZIP_RDONLY | ZIP_CHECKCONS, &error) : NULL;
	zip_error_fini(&error);
	if (z == NULL) {
		zip_source_free(source);
		kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
		return;
	}
	n = zip_get_num_entries(z, 0);
	if (n > KT_MEDIA_PARTS_MAX) {
		kt_reading_missed(r, KT_MEDIA_WHY_PAGES);
		n = KT_MEDIA_PARTS_MAX;
	}
	for (zip_int64_t i = 0; i < n && read_entry(r, z, (zip_uint64_t)i); i++)
		continue;
	zip_discard(z);
}

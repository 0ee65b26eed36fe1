/*
 * office - archives of XML: DOCX, XLSX, PPTX and their free kin.
 * Every part is unpacked into one buffer with a bound over all of them; a
 * part that says less than it holds is a bomb like any other.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <expat.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <zip.h>

#include "cmd/media/read.h"
#include "media/kind.h"

#define READ_BYTES 65536

/* ---- one XML part ---- */

struct part {
	XML_Parser parser;
	struct kt_buf text;
	struct kt_buf beside; /* what attributes say: not between two runs */
	size_t from;	/* where the text of this element begins */
	bool is_apart;	/* in an element that is no run, before its text */
	bool has_text;	/* since the last tag */
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

/* Pieces of one paragraph or string: what they say is one text. */
static bool
is_run(const char *name)
{
	static const char *const runs[] = { "t", "delText", "instrText",
		"delInstrText", "span", "a", NULL };

	return is_in(name, runs);
}

static void
say(struct part *p, struct kt_span s)
{
	p->is_full |= kt_buf_add(&p->text, s) < 0;
}

/* Nothing is set apart twice, but for the end of a line behind a cell. */
static void
separate(struct part *p, char by)
{
	struct kt_span s = kt_buf_span(&p->text);
	char last = s.len > 0 ? s.ptr[s.len - 1] : '\n';

	if (last != '\n' && (last != '\t' || by == '\n'))
		say(p, (struct kt_span){ &by, 1 });
}

static bool
is_blank(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr(" \t\r\n", s.ptr[i]) == NULL)
			return false;
	return true;
}

static void
on_text(void *self, const XML_Char *s, int len)
{
	struct part *p = self;

	if (p->is_apart && is_blank((struct kt_span){ s, (size_t)len }))
		return;
	if (p->is_apart) {
		separate(p, '\t');
		p->from = p->text.len;
	}
	p->is_apart = false;
	p->has_text = true;
	say(p, (struct kt_span){ s, (size_t)len });
}

#define ATTRIBUTE_MIN 6 /* bytes; what is shorter names nothing and nobody */
#define NUMBER_MIN 9    /* digits; what has less is a length or a place */
#define REVISION 8      /* hexadecimal digits that editors count by */

/* Is it words, a name or a number of somebody?  Not: a schema, a GUID, a
 * revision, a measure. */
static bool
is_telling(struct kt_span value)
{
	size_t letters = 0, digits = 0, hex = 0, points = 0;

	if (value.len < ATTRIBUTE_MIN || value.ptr[0] == '{' ||
	    kt_span_starts(value, KT_SPAN("http://schemas.")) ||
	    kt_span_starts(value, KT_SPAN("http://purl.oclc.org/")))
		return false;
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];
		bool is_digit = c >= '0' && c <= '9';
		unsigned char small = c | 32;
		bool is_letter = c >= 0x80 || (small >= 'a' && small <= 'z');

		digits += is_digit;
		points += c == '.';
		letters += is_letter;
		hex += is_digit || (small >= 'a' && small <= 'f');
	}
	if (letters == 0)
		return digits >= NUMBER_MIN && points != 1;
	return hex < value.len || hex != REVISION;
}

/* Links, names, prompts, what is told of pictures, who wrote a note: any
 * attribute may say something, but for those that only programs read. */
static void
on_start(void *self, const XML_Char *name, const XML_Char **a)
{
	static const char *const told[] = { "Target", "descr", "title", "author",
		"instr", "href", NULL };
	static const char *const untold[] = { "r", "t", "ref", "sqref", "space",
		"Type", "ContentType", "value-type", "Requires", "Ignorable", "style",
		"path", "enhanced-path", "gfxdata", "hashValue", "saltValue",
		"hash", "salt", "checksum", "initialisation-vector", NULL };
	struct part *p = self;

	name = bare(name);
	p->is_apart = !is_run(name);
	p->has_text = false;
	if (strcmp(name, "lsdException") == 0) /* names of built-in styles */
		return;
	for (; a[0] != NULL; a += 2) {
		struct kt_span value = kt_span_of(a[1]);
		const char *of = bare(a[0]);

		if (strncmp(a[0], "xmlns", 5) == 0 || is_in(of, untold) ||
		    (!is_in(of, told) && !is_telling(value)))
			continue;
		p->is_full |= kt_buf_add(&p->beside, value) < 0 ||
		    kt_buf_addc(&p->beside, '\n') < 0;
	}
}

/* A whole number is one, also where it was written as 4.1E+15 or 41.0. */
static void
write_out(struct part *p)
{
	struct kt_span s =
	    kt_span_sub(kt_buf_span(&p->text), p->from, p->text.len);
	char digits[32], *end;
	double v;

	if (s.len >= sizeof(digits) || kt_span_find(s, '.') == s.len)
		return;
	(void)snprintf(digits, sizeof(digits), "%.*s", KT_SPAN_ARG(s));
	v = strtod(digits, &end);
	if (*end != '\0' || !(fabs(v) < 1e18) || floor(v) < v)
		return;
	(void)snprintf(digits, sizeof(digits), "%.0f", v);
	p->text.len = p->from;
	say(p, kt_span_of(digits));
}

static void
on_end(void *self, const XML_Char *name)
{
	static const char *const lines[] = { "p", "row", "si", "tr", "br", "cr",
		"h", "line-break", "comment", "table-row", NULL };
	static const char *const cells[] = { "c", "f", "v", "is", "tc", "tab",
		"ptab", "table-cell", NULL };
	struct part *p = self;

	name = bare(name);
	if (p->has_text && strcmp(name, "v") == 0)
		write_out(p);
	if (is_in(name, lines))
		separate(p, '\n');
	else if (is_in(name, cells))
		separate(p, '\t');
	else if (strcmp(name, "s") == 0)
		separate(p, ' ');
	else if (strcmp(name, "noBreakHyphen") == 0)
		say(p, KT_SPAN("-"));
	else if (p->has_text && !is_run(name))
		separate(p, '\n');
	p->is_apart = p->has_text = false;
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

/* False: it is none, at least not to its end. */
static bool
read_xml(struct kt_reading *r, struct kt_span bytes)
{
	struct part p = { .parser = XML_ParserCreate(NULL) };
	bool is_xml;

	if (p.parser == NULL) {
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
		return true;
	}
	kt_buf_init(&p.text, KT_MEDIA_ANSWER_MAX);
	kt_buf_init(&p.beside, KT_MEDIA_ANSWER_MAX);
	XML_SetUserData(p.parser, &p);
	XML_SetElementHandler(p.parser, on_start, on_end);
	XML_SetCharacterDataHandler(p.parser, on_text);
	XML_SetStartDoctypeDeclHandler(p.parser, on_doctype);
	is_xml = XML_Parse(p.parser, bytes.ptr, (int)bytes.len, 1) ==
	    XML_STATUS_OK;
	if (p.is_full)
		kt_reading_missed(r, KT_MEDIA_WHY_TEXT);
	kt_reading_add(r, KT_MEDIA_SAID, kt_buf_span(&p.text));
	kt_reading_add(r, KT_MEDIA_SAID, kt_buf_span(&p.beside));
	XML_ParserFree(p.parser);
	kt_buf_fini(&p.text);
	kt_buf_fini(&p.beside);
	return is_xml;
}

/* ---- the archive ---- */

/* What a driver of printers left, in a form of its own. */
static bool
is_of_printer(struct kt_span name)
{
	return kt_span_starts(name, KT_SPAN("xl/printerSettings/")) ||
	    kt_span_starts(name, KT_SPAN("word/printerSettings/"));
}

/* A part may have any name, but one that has these is to be XML. */
static bool
is_to_be_xml(struct kt_span name)
{
	static const struct kt_span ends[] = { KT_SPAN_INIT(".xml"),
		KT_SPAN_INIT(".rels"), KT_SPAN_INIT(".vml") };

	for (size_t i = 0; i < KT_NELEMS(ends); i++)
		if (name.len >= ends[i].len &&
		    kt_case_eq(name.ptr + name.len - ends[i].len, ends[i].ptr,
		        ends[i].len))
			return true;
	return false;
}

static void
read_part(struct kt_reading *r, struct kt_span name, struct kt_span bytes)
{
	if (is_to_be_xml(name) && bytes.len > 0) {
		if (!read_xml(r, bytes))
			kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
		return;
	}
	switch (kt_media_kind(bytes)) {
	case KT_MEDIA_TEXT:
	case KT_MEDIA_TEXT_CODED:
	case KT_MEDIA_TEXT_OR_PDF:
		if (kt_span_find(bytes, '<') < bytes.len)
			(void)read_xml(r, bytes); /* or it is but a text */
		kt_read(r, bytes);
		break;
	case KT_MEDIA_PICTURE:
		kt_read(r, bytes);
		break;
	case KT_MEDIA_UNKNOWN:
		if (bytes.len > 0 && !is_of_printer(name))
			kt_reading_missed(r, KT_MEDIA_WHY_KIND);
		break;
	case KT_MEDIA_TWOFOLD:
	case KT_MEDIA_PDF:
	case KT_MEDIA_ZIP: /* an archive in an archive is where bombs begin */
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
read_entry(
    struct kt_reading *r, zip_t *z, zip_uint64_t i, const char *name)
{
	zip_file_t *f;
	struct kt_buf b;
	bool goes_on;

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

static bool
read_entries(struct kt_reading *r, zip_t *z, zip_int64_t n, bool are_xml)
{
	bool goes_on = true;

	for (zip_int64_t i = 0; goes_on && i < n; i++) {
		const char *name =
		    zip_get_name(z, (zip_uint64_t)i, ZIP_FL_ENC_GUESS);

		if (name != NULL && is_to_be_xml(kt_span_of(name)) == are_xml)
			goes_on = read_entry(r, z, (zip_uint64_t)i, name);
	}
	return goes_on;
}

/* They are chosen by somebody, too, each folder's like the part's own. */
static void
add_names(struct kt_reading *r, zip_t *z, zip_int64_t n)
{
	bool is_full = false;
	struct kt_buf b;

	kt_buf_init(&b, KT_MEDIA_ANSWER_MAX);
	for (zip_int64_t i = 0; i < n; i++) {
		const char *name =
		    zip_get_name(z, (zip_uint64_t)i, ZIP_FL_ENC_GUESS);

		for (; name != NULL && *name != '\0'; name++)
			is_full |= kt_buf_addc(
			    &b, *name == '/' ? '\n' : *name) < 0;
		is_full |= kt_buf_addc(&b, '\n') < 0;
	}
	if (is_full)
		kt_reading_missed(r, KT_MEDIA_WHY_TEXT);
	kt_reading_add(r, KT_MEDIA_ABOUT, kt_buf_span(&b));
	kt_buf_fini(&b);
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
	add_names(r, z, n);
	/* Pictures take long: what is written goes before them. */
	if (read_entries(r, z, n, true))
		(void)read_entries(r, z, n, false); /* told, if not all */
	zip_discard(z);
}

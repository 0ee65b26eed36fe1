/*
 * kind - a few marks.  A reader of PDF looks for its mark in the first KiB,
 * so a picture with that mark inside is also a document to somebody; and a
 * text with it is one, or tells of one: only reading it tells which.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/charset.h"
#include "media/kind.h"

#define PDF_WITHIN 1024

static bool
has_pdf_mark(struct kt_span s)
{
	struct kt_span mark = KT_SPAN("%PDF-");

	for (size_t at = 0; at < PDF_WITHIN && at + mark.len <= s.len; at++)
		if (s.ptr[at] == '%' &&
		    memcmp(s.ptr + at, mark.ptr, mark.len) == 0)
			return true;
	return false;
}

static bool
is_picture(struct kt_span s)
{
	return kt_span_starts(s, KT_SPAN("\x89PNG\r\n\x1a\n")) ||
	    kt_span_starts(s, KT_SPAN("GIF8")) ||
	    kt_span_starts(s, KT_SPAN("\xff\xd8\xff")) ||
	    (kt_span_starts(s, KT_SPAN("RIFF")) &&
	        kt_span_eq(kt_span_sub(s, 8, 4), KT_SPAN("WEBP")));
}

static bool
is_text(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (kt_charset_is_control((unsigned char)s.ptr[i]))
			return false;
	return s.len > 0 && kt_utf8_check(s) == s.len;
}

const char *
kt_media_type(struct kt_span s)
{
	static const struct {
		struct kt_span mark;
		const char *type;
	} marks[] = { { KT_SPAN_INIT("\x89PNG"), "image/png" },
		{ KT_SPAN_INIT("GIF8"), "image/gif" },
		{ KT_SPAN_INIT("\xff\xd8\xff"), "image/jpeg" },
		{ KT_SPAN_INIT("RIFF"), "image/webp" } };
	size_t good = kt_utf8_check(s), coded = kt_charset_check(s);

	good = good > coded ? good : coded;
	/* The last character may be cut. */
	if (s.len - good < 4)
		s = kt_span_sub(s, 0, good > 0 ? good : s.len);
	switch (kt_media_kind(s)) {
	case KT_MEDIA_PICTURE:
		for (size_t i = 0; i < KT_NELEMS(marks); i++)
			if (kt_span_starts(s, marks[i].mark))
				return marks[i].type;
		break;
	case KT_MEDIA_PDF:
		return "application/pdf";
	case KT_MEDIA_ZIP:
		return "application/zip";
	case KT_MEDIA_TEXT:
	case KT_MEDIA_TEXT_CODED:
	case KT_MEDIA_TEXT_OR_PDF:
		return "text/plain";
	case KT_MEDIA_UNKNOWN:
	case KT_MEDIA_TWOFOLD:
		break;
	}
	return "application/octet-stream";
}

enum kt_media_kind
kt_media_kind(struct kt_span s)
{
	bool is_zip = kt_span_starts(s, KT_SPAN("PK\3\4"));
	bool is_other = is_picture(s) || is_zip;

	if (kt_span_starts(s, KT_SPAN("%PDF-")))
		return KT_MEDIA_PDF;
	if (has_pdf_mark(s))
		return is_other ? KT_MEDIA_TWOFOLD :
		    is_text(s) ? KT_MEDIA_TEXT_OR_PDF : KT_MEDIA_PDF;
	if (is_zip)
		return KT_MEDIA_ZIP;
	if (is_other)
		return KT_MEDIA_PICTURE;
	if (is_text(s))
		return KT_MEDIA_TEXT;
	return s.len > 0 && kt_charset_check(s) == s.len ?
	    KT_MEDIA_TEXT_CODED : KT_MEDIA_UNKNOWN;
}

/*
 * exif - tags in a file inside a file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/exif.h"

/* A TIFF file: its byte order, and offsets that count from its beginning. */
struct tiff {
	struct kt_span bytes;
	bool is_little;
};

static const struct kt_span mark = KT_SPAN_INIT("Exif\0\0");

/* n bytes at `at`; 0 where there are none. */
static uint32_t
number(const struct tiff *t, size_t at, size_t n)
{
	uint32_t v = 0;

	if (at > t->bytes.len || t->bytes.len - at < n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		size_t k = t->is_little ? n - 1 - i : i;

		v = v << 8 | (uint8_t)t->bytes.ptr[at + k];
	}
	return v;
}

/* Where a directory's tag is; 0: it has none.  A directory with more entries
   than bytes has those that are there. */
static size_t
entry_of(const struct tiff *t, size_t directory, uint32_t tag)
{
	size_t n = number(t, directory, 2);

	for (size_t i = 0, at = directory + 2;
	     directory != 0 && i < n && at + 12 <= t->bytes.len; i++, at += 12) {
		if (number(t, at, 2) == tag)
			return at;
	}
	return 0;
}

/* Degrees, minutes and seconds, each a fraction. */
static double
angle(const struct tiff *t, size_t entry)
{
	static const double parts[] = { 1, 60, 3600 };
	size_t at = number(t, entry + 8, 4);
	double v = 0;

	for (size_t i = 0; i < KT_NELEMS(parts); i++) {
		double over = number(t, at + 8 * i + 4, 4);

		if (over > 0)
			v += number(t, at + 8 * i, 4) / over / parts[i];
	}
	return v;
}

enum { GPS = 0x8825, LATITUDE_REF = 1, LATITUDE, LONGITUDE_REF, LONGITUDE };

static double
signed_angle(const struct tiff *t, size_t directory, uint32_t tag, char minus)
{
	size_t ref = entry_of(t, directory, tag - 1);
	double v = angle(t, entry_of(t, directory, tag));

	return ref != 0 && t->bytes.ptr[ref + 8] == minus ? -v : v;
}

static void
read_place(const struct tiff *t, size_t first, struct kt_exif *out)
{
	size_t gps = entry_of(t, first, GPS);
	size_t directory = gps != 0 ? number(t, gps + 8, 4) : 0;

	if (out->has_place || entry_of(t, directory, LATITUDE) == 0 ||
	    entry_of(t, directory, LONGITUDE) == 0)
		return;
	out->has_place = true;
	out->latitude = signed_angle(t, directory, LATITUDE, 'S');
	out->longitude = signed_angle(t, directory, LONGITUDE, 'W');
}

static void
read_texts(const struct tiff *t, size_t first, struct kt_exif *out)
{
	/* ImageDescription, Artist, Copyright: NUL-terminated. */
	static const uint32_t tags[] = { 0x010e, 0x013b, 0x8298 };

	for (size_t i = 0; i < KT_NELEMS(tags); i++) {
		size_t entry = entry_of(t, first, tags[i]);
		size_t len = entry != 0 ? number(t, entry + 4, 4) : 0;
		size_t at = len <= 4 ? entry + 8 : number(t, entry + 8, 4);
		struct kt_span s = kt_span_sub(t->bytes, at, len);

		s = kt_span_sub(s, 0, kt_span_find(s, '\0'));
		if (s.len > 0 && out->ntexts < KT_EXIF_TEXTS_MAX)
			out->texts[out->ntexts++] = s;
	}
}

static void
read_orientation(const struct tiff *t, size_t first, struct kt_exif *out)
{
	size_t entry = entry_of(t, first, 0x0112);
	uint32_t v = entry != 0 ? number(t, entry + 8, 2) : 0;

	if (out->orientation == 0 && v > 1 && v <= 8)
		out->orientation = v;
}

static void
read_tiff(struct kt_span bytes, struct kt_exif *out)
{
	struct tiff t = { bytes, kt_span_starts(bytes, KT_SPAN("II")) };
	size_t first = number(&t, 4, 4);

	if ((!t.is_little && !kt_span_starts(bytes, KT_SPAN("MM"))) ||
	    number(&t, 2, 2) != 42)
		return;
	read_place(&t, first, out);
	read_texts(&t, first, out);
	read_orientation(&t, first, out);
}

/* ---- where it lies ---- */

/* Segments up to the first scan. */
static void
read_jpeg(struct kt_span s, struct kt_exif *out)
{
	const struct tiff t = { s, false };

	for (size_t at = 2; at + 4 <= s.len;) {
		unsigned kind = (uint8_t)s.ptr[at + 1];
		size_t len = number(&t, at + 2, 2);
		struct kt_span body = kt_span_sub(s, at + 4, len - 2);

		if ((uint8_t)s.ptr[at] != 0xff || kind == 0xda || kind == 0xd9)
			return;
		if (kind == 0xff) { /* fill */
			at++;
			continue;
		}
		if (len < 2)
			return;
		if (kind == 0xe1 && kt_span_starts(body, mark))
			read_tiff(kt_span_sub(body, mark.len, body.len), out);
		at += 2 + len;
	}
}

static void
read_png(struct kt_span s, struct kt_exif *out)
{
	const struct tiff t = { s, false };

	for (size_t at = 8; at + 12 <= s.len;) {
		size_t len = number(&t, at, 4);
		struct kt_span kind = kt_span_sub(s, at + 4, 4);

		if (kt_span_eq(kind, KT_SPAN("eXIf")))
			read_tiff(kt_span_sub(s, at + 8, len), out);
		if (len > s.len - at - 12)
			return;
		at += 12 + len;
	}
}

static void
read_webp(struct kt_span s, struct kt_exif *out)
{
	const struct tiff t = { s, true };

	for (size_t at = 12; at + 8 <= s.len;) {
		size_t len = number(&t, at + 4, 4);
		struct kt_span body = kt_span_sub(s, at + 8, len);

		if (kt_span_eq(kt_span_sub(s, at, 4), KT_SPAN("EXIF")))
			read_tiff(kt_span_starts(body, mark) ?
			    kt_span_sub(body, mark.len, body.len) : body, out);
		if (len >= s.len - at - 8)
			return;
		at += 8 + len + (len & 1);
	}
}

bool
kt_exif_read(struct kt_span s, struct kt_exif *out)
{
	*out = (struct kt_exif){ 0 };
	if (kt_span_starts(s, KT_SPAN("\xff\xd8\xff")))
		read_jpeg(s, out);
	else if (kt_span_starts(s, KT_SPAN("\x89PNG\r\n\x1a\n")))
		read_png(s, out);
	else if (kt_span_starts(s, KT_SPAN("RIFF")) &&
	    kt_span_eq(kt_span_sub(s, 8, 4), KT_SPAN("WEBP")))
		read_webp(s, out);
	return out->has_place || out->ntexts > 0 || out->orientation != 0;
}

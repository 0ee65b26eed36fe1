/*
 * exif - a position and texts, in both byte orders and in each container.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/exif.h"
#include "tests/unit/tap.h"

/* 37 deg 48 min 30 s south, 122 deg 15 min west, by "Ann"; offsets are
 * counted from "MM". */
#define BIG \
	"MM\0\x2a\0\0\0\x08" \
	"\0\x02" \
	"\x01\x3b\0\2\0\0\0\4" "Ann\0" \
	"\x88\x25\0\4\0\0\0\1" "\0\0\0\x26" \
	"\0\0\0\0" \
	"\0\x04" \
	"\0\1\0\2\0\0\0\2" "S\0\0\0" \
	"\0\2\0\5\0\0\0\3" "\0\0\0\x5c" \
	"\0\3\0\2\0\0\0\2" "W\0\0\0" \
	"\0\4\0\5\0\0\0\3" "\0\0\0\x74" \
	"\0\0\0\0" \
	"\0\0\0\x25\0\0\0\1" "\0\0\0\x30\0\0\0\1" "\0\0\x0b\xb8\0\0\0\x64" \
	"\0\0\0\x7a\0\0\0\1" "\0\0\0\x0f\0\0\0\1" "\0\0\0\0\0\0\0\1"
/* The same without the artist, and north and east. */
#define LITTLE \
	"II\x2a\0\x08\0\0\0" \
	"\1\0" \
	"\x25\x88\4\0\1\0\0\0" "\x1a\0\0\0" \
	"\0\0\0\0" \
	"\2\0" \
	"\2\0\5\0\3\0\0\0" "\x38\0\0\0" \
	"\4\0\5\0\3\0\0\0" "\x50\0\0\0" \
	"\0\0\0\0" \
	"\x25\0\0\0\1\0\0\0" "\x30\0\0\0\1\0\0\0" "\xb8\x0b\0\0\x64\0\0\0" \
	"\x7a\0\0\0\1\0\0\0" "\x0f\0\0\0\1\0\0\0" "\0\0\0\0\1\0\0\0"

#define NBIG (sizeof(BIG) - 1)
#define NLITTLE (sizeof(LITTLE) - 1)

static void
put(struct kt_buf *b, const char *s, size_t n)
{
	if (kt_buf_add(b, (struct kt_span){ s, n }) < 0)
		abort();
}
#define PUT(b, s) put(b, s, sizeof(s) - 1)

static void
put_number(struct kt_buf *b, size_t v, size_t n, bool is_little)
{
	for (size_t i = 0; i < n; i++) {
		char c = (char)(v >> 8 * (is_little ? i : n - 1 - i));

		put(b, &c, 1);
	}
}

enum { JPEG, PNG, WEBP, NKINDS };

static void
wrap(struct kt_buf *b, int kind, const char *tiff, size_t n)
{
	kt_buf_reset(b);
	switch (kind) {
	case JPEG:
		PUT(b, "\xff\xd8\xff\xe0\0\4ab\xff\xe1");
		put_number(b, n + 8, 2, false);
		PUT(b, "Exif\0\0");
		put(b, tiff, n);
		PUT(b, "\xff\xda\0\2");
		break;
	case PNG:
		PUT(b, "\x89PNG\r\n\x1a\n\0\0\0\1tEXtaCCCC");
		put_number(b, n, 4, false);
		PUT(b, "eXIf");
		put(b, tiff, n);
		PUT(b, "CCCC");
		break;
	default:
		PUT(b, "RIFF\0\0\0\0WEBPVP8 \3\0\0\0abc\0EXIF");
		put_number(b, n, 4, true);
		put(b, tiff, n);
		break;
	}
}

static bool
is_near(double a, double b)
{
	return a - b < 1e-9 && b - a < 1e-9;
}

static void
a_position_is_read_in_each_container(void)
{
	struct kt_buf b;
	struct kt_exif e;

	kt_buf_init(&b, 4096);
	for (int kind = 0; kind < NKINDS; kind++) {
		wrap(&b, kind, BIG, NBIG);
		ok(kt_exif_read(kt_buf_span(&b), &e) && e.has_place);
		ok(is_near(e.latitude, -(37 + 48 / 60.0 + 30 / 3600.0)));
		ok(is_near(e.longitude, -122.25));
		ok(e.ntexts == 1 && kt_span_eq(e.texts[0], KT_SPAN("Ann")));
		wrap(&b, kind, LITTLE, NLITTLE);
		ok(kt_exif_read(kt_buf_span(&b), &e) && e.has_place);
		ok(is_near(e.latitude, 37 + 48 / 60.0 + 30 / 3600.0));
		ok(is_near(e.longitude, 122.25) && e.ntexts == 0);
	}
	kt_buf_fini(&b);
}

static void
only_what_turns_a_picture_is_its_orientation(void)
{
	char tiff[] = "MM\0\x2a\0\0\0\x08\0\x01"
	              "\x01\x12\0\3\0\0\0\1" "\0\0\0\0" "\0\0\0\0";
	struct kt_buf b;
	struct kt_exif e;

	kt_buf_init(&b, 4096);
	for (int kind = 0; kind < NKINDS; kind++)
		for (unsigned v = 0; v < 16; v++) {
			bool does = v >= 2 && v <= 8;

			tiff[19] = (char)v;
			wrap(&b, kind, tiff, sizeof(tiff) - 1);
			ok(kt_exif_read(kt_buf_span(&b), &e) == does);
			ok(e.orientation == (does ? v : 0));
		}
	kt_buf_fini(&b);
}

/* In a copy of its own, so that a sanitizer sees any step too far. */
static void
what_is_cut_or_changed_is_never_read_behind_its_end(void)
{
	struct kt_buf b;
	size_t told = 0;

	kt_buf_init(&b, 4096);
	for (int kind = 0; kind < NKINDS; kind++) {
		wrap(&b, kind, BIG, NBIG);
		for (size_t n = 0; n <= b.len; n++) {
			char *copy = kt_alloc(n + 1);
			struct kt_span s = { copy, n };
			struct kt_exif e;

			memcpy(copy, b.ptr, n);
			told += kt_exif_read(s, &e);
			for (unsigned v = 0; n > 0 && v < 256; v += 51) {
				copy[n - 1] = (char)v;
				(void)kt_exif_read(s, &e); /* it only must end */
				for (size_t i = 0; i < e.ntexts; i++)
					ok(e.texts[i].ptr >= copy &&
					    e.texts[i].ptr + e.texts[i].len <=
					        copy + n);
			}
			kt_free(copy);
		}
	}
	ok(told > 0);
	kt_buf_fini(&b);
}

static void
without_any_of_it_there_is_nothing(void)
{
	static const struct kt_span none[] = { KT_SPAN_INIT(""),
		KT_SPAN_INIT("\xff\xd8\xff\xda\0\2"),
		KT_SPAN_INIT("\xff\xd8\xff\xe1\0\0"),
		KT_SPAN_INIT("\x89PNG\r\n\x1a\n\xff\xff\xff\xff" "eXIfMM\0\x2a"),
		KT_SPAN_INIT("GIF89a") };
	struct kt_exif e;

	for (size_t i = 0; i < KT_NELEMS(none); i++)
		ok(!kt_exif_read(none[i], &e));
}

int
main(void)
{
	RUN(a_position_is_read_in_each_container);
	RUN(only_what_turns_a_picture_is_its_orientation);
	RUN(what_is_cut_or_changed_is_never_read_behind_its_end);
	RUN(without_any_of_it_there_is_nothing);
	return done();
}

/*
 * image - sizes from the headers of pictures.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/image.h"

struct size {
	uint32_t w, h;
};

static uint32_t
big(struct kt_span s, size_t at, size_t n)
{
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | (uint8_t)s.ptr[at + i];
	return v;
}

static uint32_t
little(struct kt_span s, size_t at, size_t n)
{
	uint32_t v = 0;

	for (size_t i = n; i-- > 0;)
		v = v << 8 | (uint8_t)s.ptr[at + i];
	return v;
}

static struct size
of_png(struct kt_span s)
{
	if (s.len < 24 || !kt_span_eq(kt_span_sub(s, 12, 4), KT_SPAN("IHDR")))
		return (struct size){ 0 };
	return (struct size){ big(s, 16, 4), big(s, 20, 4) };
}

static struct size
of_gif(struct kt_span s)
{
	if (s.len < 10)
		return (struct size){ 0 };
	return (struct size){ little(s, 6, 2), little(s, 8, 2) };
}

/* Segments until the frame header: SOF0 to SOF15, less DHT, JPG and DAC. */
static struct size
of_jpeg(struct kt_span s)
{
	for (size_t at = 2; at + 9 <= s.len;) {
		unsigned mark = (uint8_t)s.ptr[at + 1];

		if ((uint8_t)s.ptr[at] != 0xff)
			break;
		if (mark == 0xff) { /* fill */
			at++;
		} else if (mark >= 0xc0 && mark <= 0xcf && mark != 0xc4 &&
		    mark != 0xc8 && mark != 0xcc) {
			return (struct size){ big(s, at + 7, 2),
				big(s, at + 5, 2) };
		} else {
			at += 2 + big(s, at + 2, 2);
		}
	}
	return (struct size){ 0 };
}

static struct size
of_webp(struct kt_span s)
{
	struct kt_span kind = kt_span_sub(s, 12, 4);

	if (s.len < 30)
		return (struct size){ 0 };
	if (kt_span_eq(kind, KT_SPAN("VP8X")))
		return (struct size){ little(s, 24, 3) + 1,
			little(s, 27, 3) + 1 };
	if (kt_span_eq(kind, KT_SPAN("VP8L"))) {
		uint32_t bits = little(s, 21, 4);

		return (struct size){ (bits & 0x3fff) + 1,
			(bits >> 14 & 0x3fff) + 1 };
	}
	if (kt_span_eq(kind, KT_SPAN("VP8 ")))
		return (struct size){ little(s, 26, 2) & 0x3fff,
			little(s, 28, 2) & 0x3fff };
	return (struct size){ 0 };
}

bool
kt_image_size(struct kt_span head, uint32_t *width, uint32_t *height)
{
	struct size size = { 0 };

	if (kt_span_starts(head, KT_SPAN("\x89PNG\r\n\x1a\n")))
		size = of_png(head);
	else if (kt_span_starts(head, KT_SPAN("GIF8")))
		size = of_gif(head);
	else if (kt_span_starts(head, KT_SPAN("\xff\xd8")))
		size = of_jpeg(head);
	else if (kt_span_starts(head, KT_SPAN("RIFF")) && head.len >= 12 &&
	    kt_span_eq(kt_span_sub(head, 8, 4), KT_SPAN("WEBP")))
		size = of_webp(head);
	if (size.w == 0 || size.h == 0)
		return false;
	*width = size.w;
	*height = size.h;
	return true;
}

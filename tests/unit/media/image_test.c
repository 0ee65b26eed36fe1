/*
 * image - sizes of pictures from their first bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/image.h"
#include "tests/unit/tap.h"

static const struct {
	const char *what;
	struct kt_span head;
	uint32_t w, h;
} pictures[] = {
	{ "png",
	    KT_SPAN_INIT("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x80\0\0\x01\xe0"
	                 "\x08\x02"),
	    640, 480 },
	{ "gif", KT_SPAN_INIT("GIF89a\x40\x01\xc8\0\xf7\0\0"), 320, 200 },
	{ "jpeg with fill and another segment first",
	    KT_SPAN_INIT("\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xff"
	                 "\xc2\0\x11\x08\x02\x58\x03\x20\x03"),
	    800, 600 },
	{ "webp, lossy",
	    KT_SPAN_INIT("RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0\x30\x01\0\x9d\x01\x2a"
	                 "\x40\x01\xf0\0"),
	    320, 240 },
	{ "webp, lossless: 14 bits each, less one",
	    KT_SPAN_INIT("RIFF\x24\0\0\0WEBPVP8L\x18\0\0\0\x2f\x3f\x01\x3c\0\0\0"
	                 "\0\0\0"),
	    320, 241 },
	{ "webp, extended",
	    KT_SPAN_INIT("RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\x3f\x01\0"
	                 "\xef\0\0"),
	    320, 240 },
};

static void
each_format_tells_its_size(void)
{
	for (size_t i = 0; i < KT_NELEMS(pictures); i++) {
		uint32_t w = 0, h = 0;

		if (!ok(kt_image_size(pictures[i].head, &w, &h)) ||
		    !ok(w == pictures[i].w && h == pictures[i].h))
			printf("# %s: %u x %u\n", pictures[i].what, w, h);
	}
}

/* In a copy of its own, so that a sanitizer sees any step too far. */
static void
a_head_cut_anywhere_is_never_read_behind_its_end(void)
{
	for (size_t i = 0; i < KT_NELEMS(pictures); i++)
		for (size_t n = 0; n < pictures[i].head.len; n++) {
			char *copy = kt_alloc(n + 1);
			uint32_t w, h;

			memcpy(copy + 1, pictures[i].head.ptr, n);
			if (kt_image_size(
			        (struct kt_span){ copy + 1, n }, &w, &h))
				ok(w == pictures[i].w && h == pictures[i].h);
			kt_free(copy);
		}
	ok(!kt_image_size(KT_SPAN("\xff\xd8\xff\xe0\0\0\0\0\0\0\0\0\0\0\0"),
	    &(uint32_t){ 0 }, &(uint32_t){ 0 }));
}

int
main(void)
{
	RUN(each_format_tells_its_size);
	RUN(a_head_cut_anywhere_is_never_read_behind_its_end);
	return done();
}

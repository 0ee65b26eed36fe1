/*
 * picture - letters and codes in pixels.  Its header is checked before it is
 * decoded: a kilobyte may unpack to gigapixels.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <leptonica/allheaders.h>
#include <math.h>
#include <stdlib.h>
#ifdef KT_HAVE_TESSERACT
#include <tesseract/capi.h>
#endif
#ifdef KT_HAVE_ZBAR
#include <zbar.h>
#endif

#include "cmd/media/read.h"
#include "media/exif.h"
#include "media/image.h"

/* How high the engine likes letters such as x, in pixels; those of a screen
 * are half as high, those of a camera much higher. */
#define LETTER_HEIGHT 24
#define BLACK 130 /* what is darker belongs to letters */
#define SPECK 4 /* what is lower is none */
#define FEW 10  /* one of so many may be lower than the small ones */
#define AGAIN 2 /* a scale that is so much larger is tried as well */
#define ENLARGE_MAX 4
#define REDUCE_MAX 2
#define SCALED_MAX 12000000 /* pixels, after */

struct kt_ocr {
	void *api; /* TessBaseAPI, which is threads, files and globals */
};

#ifdef KT_HAVE_TESSERACT
struct kt_ocr *
kt_ocr_open(const char *languages)
{
	struct kt_ocr *o = kt_alloc(sizeof(*o));

	if (o == NULL)
		return NULL;
	o->api = TessBaseAPICreate();
	if (o->api == NULL ||
	    TessBaseAPIInit3(o->api, NULL, languages) != 0) {
		kt_free(o);
		return NULL;
	}
	return o;
}

static int
by_height(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Of the heights of what hangs together, the middle one and one that few are
 * below; 0: nothing does. */
struct heights {
	int middle, small;
};

static struct heights
letter_heights(PIX *gray)
{
	PIX *black = pixThresholdToBinary(gray, BLACK);
	BOXA *boxes = black ? pixConnCompBB(black, 8) : NULL;
	int n = boxes ? boxaGetCount(boxes) : 0, seen = 0, h;
	int *all = kt_alloc_array((size_t)n + 1, sizeof(*all));
	struct heights found = { 0 };

	for (int i = 0; all != NULL && i < n; i++)
		if (boxaGetBoxGeometry(boxes, i, NULL, NULL, NULL, &h) == 0 &&
		    h >= SPECK)
			all[seen++] = h;
	if (seen > 0) {
		qsort(all, (size_t)seen, sizeof(*all), by_height);
		found = (struct heights){ all[seen / 2], all[seen / FEW] };
	}
	kt_free(all);
	boxaDestroy(&boxes);
	pixDestroy(&black);
	return found;
}

/* By how much letters of this height are to be scaled. */
static float
scale_of(PIX *gray, int height)
{
	float by = height ? (float)LETTER_HEIGHT / (float)height : 1;
	float pixels = (float)pixGetWidth(gray) * (float)pixGetHeight(gray);

	by = by > ENLARGE_MAX ? ENLARGE_MAX : by;
	by = by < 1.0f / REDUCE_MAX ? 1.0f / REDUCE_MAX : by;
	return pixels * by * by > SCALED_MAX ? sqrtf(SCALED_MAX / pixels) : by;
}

static void
recognise_at(struct kt_reading *r, PIX *gray, float scale)
{
	TessBaseAPI *api = r->ocr->api;
	PIX *large = pixScale(gray, scale, scale);
	PIX *straight = large ? pixDeskew(large, 0) : NULL;
	char *text;

	if (straight == NULL) {
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
		pixDestroy(&large);
		return;
	}
	TessBaseAPISetPageSegMode(api, PSM_AUTO);
	TessBaseAPISetImage2(api, straight);
	TessBaseAPISetSourceResolution(api, 300);
	text = TessBaseAPIGetUTF8Text(api);
	if (text == NULL)
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
	else
		kt_reading_add(r, KT_MEDIA_SEEN, kt_span_of(text));
	TessDeleteText(text);
	TessBaseAPIClear(api);
	pixDestroy(&large);
	pixDestroy(&straight);
}

/* Without what is higher: beside it the engine takes small letters for dust. */
static PIX *
only_low(PIX *gray, int height)
{
	PIX *black = pixThresholdToBinary(gray, BLACK);
	PIX *high = black ? pixSelectBySize(black, 0, height, 8,
	    L_SELECT_HEIGHT, L_SELECT_IF_GT, NULL) : NULL;
	PIX *wide = high ? pixDilateBrick(NULL, high, 3, 3) : NULL;
	PIX *low = wide ? pixCopy(NULL, gray) : NULL;

	if (low != NULL)
		(void)pixSetMasked(low, wide, 255); /* of one size: it goes */
	pixDestroy(&black);
	pixDestroy(&high);
	pixDestroy(&wide);
	return low;
}

/* What is small beside large letters is looked at once more, by itself. */
static void
recognise_low(struct kt_reading *r, PIX *gray, const struct heights *h)
{
	PIX *low = only_low(gray, h->middle * 2 / 3);

	if (low != NULL)
		recognise_at(r, low, scale_of(gray, h->small));
	else
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
	pixDestroy(&low);
}

static void
recognise(struct kt_reading *r, PIX *gray)
{
	struct heights h;

	if (r->ocr == NULL) {
		kt_reading_missed(r, KT_MEDIA_WHY_ENGINE);
		return;
	}
	h = letter_heights(gray);
	recognise_at(r, gray, scale_of(gray, h.middle));
	if (scale_of(gray, h.small) > AGAIN * scale_of(gray, h.middle))
		recognise_low(r, gray, &h);
}
#else
struct kt_ocr *
kt_ocr_open(const char *languages)
{
	(void)languages; /* none can be read */
	return NULL;
}

static void
recognise(struct kt_reading *r, PIX *gray)
{
	(void)gray; /* nobody here can */
	kt_reading_missed(r, KT_MEDIA_WHY_ENGINE);
}
#endif

#ifdef KT_HAVE_ZBAR
static void
find_codes(struct kt_reading *r, PIX *gray)
{
	uint32_t w = (uint32_t)pixGetWidth(gray);
	uint32_t h = (uint32_t)pixGetHeight(gray);
	unsigned char *y = kt_alloc((size_t)w * h);
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	zbar_image_t *image = zbar_image_create();
	const zbar_symbol_t *s;

	for (uint32_t row = 0; y != NULL && row < h; row++) {
		l_uint32 *line = pixGetData(gray) +
		    (size_t)row * (size_t)pixGetWpl(gray);

		for (uint32_t x = 0; x < w; x++)
			y[(size_t)row * w + x] = GET_DATA_BYTE(line, x);
	}
	zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
	zbar_image_set_size(image, w, h);
	zbar_image_set_data(image, y, (unsigned long)w * h, NULL);
	if (y == NULL || zbar_scan_image(scanner, image) < 0)
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
	s = zbar_image_first_symbol(image);
	for (; s != NULL; s = zbar_symbol_next(s))
		kt_reading_add(r, KT_MEDIA_CODE,
		    (struct kt_span){ zbar_symbol_get_data(s),
		        zbar_symbol_get_data_length(s) });
	zbar_image_destroy(image);
	zbar_image_scanner_destroy(scanner);
	kt_free(y);
}
#else
static void
find_codes(struct kt_reading *r, PIX *gray)
{
	(void)gray; /* nobody here can */
	kt_reading_missed(r, KT_MEDIA_WHY_ENGINE);
}
#endif

static void
read_gray(struct kt_reading *r, PIX *gray)
{
	find_codes(r, gray);
	recognise(r, gray);
}

/* What is transparent is shown on white. */
static PIX *
decode(struct kt_span bytes)
{
	PIX *any = pixReadMem((const l_uint8 *)bytes.ptr, bytes.len);
	PIX *opaque = any ? pixRemoveAlpha(any) : NULL;
	PIX *gray = opaque ? pixConvertTo8(opaque, 0) : NULL;

	pixDestroy(&any);
	pixDestroy(&opaque);
	return gray;
}

/* Who shows a picture turns it as it says, or not: both are read. */
static void
recognise_turned(struct kt_reading *r, PIX *gray, unsigned orientation)
{
	static const struct {
		int quarters; /* clockwise */
		bool is_mirrored; /* and then left is right */
	} ways[] = { [2] = { 0, true }, [3] = { 2, false }, [4] = { 2, true },
		[5] = { 1, true }, [6] = { 1, false }, [7] = { 3, true },
		[8] = { 3, false } };
	PIX *turned = pixRotateOrth(gray, ways[orientation].quarters);

	if (turned != NULL && ways[orientation].is_mirrored)
		(void)pixFlipLR(turned, turned); /* in place: cannot fail */
	if (turned != NULL)
		recognise(r, turned);
	else
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
	pixDestroy(&turned);
}

void
kt_read_picture(struct kt_reading *r, struct kt_span bytes)
{
	struct kt_exif about;
	uint32_t w, h;
	PIX *gray;

	setMsgSeverity(L_SEVERITY_NONE);
	if (!kt_image_size(bytes, &w, &h)) {
		kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
		return;
	}
	if ((uint64_t)w * h > r->pixels_max) {
		kt_reading_missed(r, KT_MEDIA_WHY_PIXELS);
		return;
	}
	gray = decode(bytes);
	if (gray == NULL) {
		kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
		return;
	}
	if ((uint64_t)pixGetWidth(gray) * (uint64_t)pixGetHeight(gray) >
	    r->pixels_max) {
		kt_reading_missed(r, KT_MEDIA_WHY_PIXELS);
	} else {
		read_gray(r, gray);
		if (kt_exif_read(bytes, &about) && about.orientation != 0)
			recognise_turned(r, gray, about.orientation);
	}
	pixDestroy(&gray);
}

void
kt_read_pixels(struct kt_reading *r, const unsigned char *gray,
    uint32_t width, uint32_t height, size_t stride)
{
	PIX *pix;

	setMsgSeverity(L_SEVERITY_NONE);
	pix = pixCreate((l_int32)width, (l_int32)height, 8);
	if (pix == NULL) {
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
		return;
	}
	for (uint32_t y = 0; y < height; y++) {
		l_uint32 *line =
		    pixGetData(pix) + (size_t)y * (size_t)pixGetWpl(pix);

		for (uint32_t x = 0; x < width; x++)
			SET_DATA_BYTE(line, x, gray[y * stride + x]);
	}
	read_gray(r, pix);
	pixDestroy(&pix);
}

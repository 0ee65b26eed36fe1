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
#define CONTRAST 150 /* of letters that are read well, of 255 */
#define CONTRAST_MIN 16 /* what differs less is one colour */
#define SPECK 4 /* what is lower is none */
#define FEW 10  /* one of so many may be lower than the small ones */
#define AGAIN 2 /* a scale that is so much larger is tried as well */
#define LEAN_MAX 20 /* degrees to either side */
#define SURE 60 /* per cent; letters on their head get less */
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

#endif

static int
by_height(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Of the heights of what hangs together, the middle one and one that few are
 * below; 0: nothing does. */
struct heights {
	int middle, small;
	size_t n;
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
		found = (struct heights){ all[seen / 2], all[seen / FEW],
			(size_t)seen };
	}
	kt_free(all);
	boxaDestroy(&boxes);
	pixDestroy(&black);
	return found;
}

/* Letters are dark on light: what is the other way is turned over, and what
 * differs too little from what is around it is made to differ. */
static PIX *
level(PIX *gray)
{
	l_int32 between, dark, light, all, count;
	PIX *black, *leveled;

	if (pixSplitDistributionFgBg(gray, 0.5f, 1, &between, &dark, &light,
	        NULL) != 0 || light - dark < CONTRAST_MIN)
		return pixClone(gray);
	leveled = light - dark < CONTRAST ?
	    pixGammaTRC(NULL, gray, 1, dark, light) : pixCopy(NULL, gray);
	black = pixThresholdToBinary(gray, between);
	all = pixGetWidth(gray) * pixGetHeight(gray);
	if (leveled != NULL && black != NULL &&
	    pixCountPixels(black, &count, NULL) == 0 && count > all / 2)
		(void)pixInvert(leveled, leveled); /* in place: cannot fail */
	pixDestroy(&black);
	return leveled ? leveled : pixClone(gray);
}

#ifdef KT_HAVE_TESSERACT
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

/* How sure the engine is of what it read, in per cent. */
static int
recognise_straight(struct kt_reading *r, PIX *straight)
{
	TessBaseAPI *api = r->ocr->api;
	char *text;
	int sure;

	TessBaseAPISetPageSegMode(api, PSM_AUTO);
	TessBaseAPISetImage2(api, straight);
	TessBaseAPISetSourceResolution(api, 300);
	text = TessBaseAPIGetUTF8Text(api);
	sure = text ? TessBaseAPIMeanTextConf(api) : 0;
	if (text == NULL)
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
	else
		kt_reading_add(r, KT_MEDIA_SEEN, kt_span_of(text));
	TessDeleteText(text);
	TessBaseAPIClear(api);
	return sure;
}

/* The engine finds lines that go up as well as across, but none that lean,
 * and takes those on their head for words of no language. */
static void
recognise_at(struct kt_reading *r, PIX *gray, float scale)
{
	PIX *large = pixScale(gray, scale, scale);
	PIX *straight = large ? pixDeskewGeneral(
	    large, 0, LEAN_MAX, 0, 0, 0, NULL, NULL) : NULL;
	PIX *turned;

	if (straight == NULL) {
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
	} else if (recognise_straight(r, straight) < SURE) {
		turned = pixRotate180(NULL, straight);
		if (turned != NULL)
			(void)recognise_straight(r, turned); /* or it is none */
		else
			kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
		pixDestroy(&turned);
	}
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
	PIX *clear;

	if (r->ocr == NULL) {
		kt_reading_missed(r, KT_MEDIA_WHY_ENGINE);
		return;
	}
	clear = level(gray);
	h = letter_heights(clear);
	recognise_at(r, clear, scale_of(clear, h.middle));
	if (scale_of(clear, h.small) > AGAIN * scale_of(clear, h.middle))
		recognise_low(r, clear, &h);
	pixDestroy(&clear);
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

/* Takes one way in which a picture is shown. */
static void
read_shown(struct kt_reading *r, PIX *shown, unsigned orientation)
{
	PIX *gray = shown ? pixConvertTo8(shown, 0) : NULL;

	if (gray != NULL) {
		read_gray(r, gray);
		if (orientation != 0)
			recognise_turned(r, gray, orientation);
	} else {
		kt_reading_missed(r, KT_MEDIA_WHY_FAILED);
	}
	pixDestroy(&shown);
	pixDestroy(&gray);
}

static bool
is_transparent(PIX *any)
{
	l_int32 is_opaque = 1;

	return pixGetSpp(any) == 4 &&
	    pixAlphaIsOpaque(any, &is_opaque) == 0 && !is_opaque;
}

/* What is transparent is white to some, black to others, and to who forgets
 * about it of a colour of its own. */
static void
read_decoded(struct kt_reading *r, PIX *any, unsigned orientation)
{
	read_shown(r, pixRemoveAlpha(any), orientation);
	if (!is_transparent(any))
		return;
	read_shown(r, pixAlphaBlendUniform(any, 0), orientation);
	(void)pixSetSpp(any, 3); /* cannot fail */
	read_shown(r, pixClone(any), orientation);
}

static PIX *
decode(struct kt_span bytes)
{
	PIX *any = pixReadMem((const l_uint8 *)bytes.ptr, bytes.len);
	PIX *colours = any != NULL && pixGetColormap(any) != NULL ?
	    pixRemoveColormap(any, REMOVE_CMAP_WITH_ALPHA) : pixClone(any);

	pixDestroy(&any);
	return colours;
}

void
kt_read_picture(struct kt_reading *r, struct kt_span bytes)
{
	struct kt_exif about;
	uint32_t w, h;
	PIX *any;

	setMsgSeverity(L_SEVERITY_NONE);
	if (!kt_image_size(bytes, &w, &h)) {
		kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
		return;
	}
	if ((uint64_t)w * h > r->pixels_max) {
		kt_reading_missed(r, KT_MEDIA_WHY_PIXELS);
		return;
	}
	any = decode(bytes);
	if (any == NULL) {
		kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
		return;
	}
	(void)kt_exif_read(bytes, &about); /* zero: nothing is there */
	if ((uint64_t)pixGetWidth(any) * (uint64_t)pixGetHeight(any) >
	    r->pixels_max)
		kt_reading_missed(r, KT_MEDIA_WHY_PIXELS);
	else
		read_decoded(r, any, about.orientation);
	pixDestroy(&any);
}

void
kt_read_pixels(struct kt_reading *r, const unsigned char *gray,
    uint32_t width, uint32_t height, size_t stride, size_t letters_min)
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
	if (letters_min == 0 || letter_heights(pix).n >= letters_min)
		read_gray(r, pix);
	pixDestroy(&pix);
}

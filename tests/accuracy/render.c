/*
 * render - pictures of text, for measuring how well letters are read.
 * Each line of standard input is "FILE POINTS DEGREES DPI FONT|TEXT|TEXT...";
 * each TEXT is a line of the picture, which is a JPEG of quality 60.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <cairo.h>
#include <leptonica/allheaders.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cairo_surface_t *
draw(char *text, double points, double degrees, double dpi)
{
	int width = (int)(dpi * 7), height = (int)(dpi * 2.6);
	double size = points * dpi / 72, y = height * 0.3;
	cairo_surface_t *s =
	    cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
	cairo_t *cr = cairo_create(s);
	char *rest = NULL, *line = strtok_r(text, "|", &rest);

	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_paint(cr);
	cairo_set_source_rgb(cr, 0.05, 0.05, 0.1);
	cairo_select_font_face(cr, line, CAIRO_FONT_SLANT_NORMAL,
	    CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(cr, size);
	cairo_translate(cr, width / 2, height / 2);
	cairo_rotate(cr, degrees * M_PI / 180);
	cairo_translate(cr, -width / 2, -height / 2);
	while ((line = strtok_r(NULL, "|", &rest)) != NULL) {
		cairo_move_to(cr, width * 0.05, y);
		cairo_show_text(cr, line);
		y += size * 1.4;
	}
	cairo_destroy(cr);
	cairo_surface_flush(s);
	return s;
}

static int
save(const char *path, cairo_surface_t *s)
{
	int width = cairo_image_surface_get_width(s);
	int height = cairo_image_surface_get_height(s);
	int stride = cairo_image_surface_get_stride(s), failed;
	const unsigned char *rows = cairo_image_surface_get_data(s);
	PIX *pix = pixCreate(width, height, 32);

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			const unsigned char *p = rows + y * stride + 4 * x;

			pixSetRGBPixel(pix, x, y, p[2], p[1], p[0]);
		}
	failed = pixWriteJpeg(path, pix, 60, 0);
	pixDestroy(&pix);
	return failed;
}

int
main(void)
{
	char line[4096], path[1024];
	double points, degrees, dpi;
	int at;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		cairo_surface_t *s;
		int failed;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%1023s %lf %lf %lf %n", path, &points,
		        &degrees, &dpi, &at) != 4)
			return EXIT_FAILURE;
		s = draw(line + at, points, degrees, dpi);
		failed = save(path, s);
		cairo_surface_destroy(s);
		if (failed)
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

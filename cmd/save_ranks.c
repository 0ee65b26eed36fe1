/*
 * save_ranks - lays out a vocabulary while kt is being built.
 * SPDX-License-Identifier: Apache-2.0
 *
 *	save-ranks FILE.ranks OUT
 *
 * What is written becomes read-only data of the program: token/table.h.
 */
#include <stdlib.h>

#include "token/table.h"

#define FILE_MAX (16u << 20)
#define IMAGE_MAX (64u << 20)

static int
complain(const char *what, const char *why)
{
	(void)fprintf(stderr, "save-ranks: %s: %s\n", what, why);
	return EXIT_FAILURE;
}

static bool
read_all(const char *path, struct kt_buf *out)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return false;
	if (kt_buf_reserve(out, FILE_MAX) == KT_OK) {
		n = fread(out->ptr, 1, FILE_MAX, f);
		out->len = n < FILE_MAX ? n : 0;
	}
	return fclose(f) == 0 && out->len > 0;
}

static bool
write_all(const char *path, struct kt_span bytes)
{
	FILE *f = fopen(path, "wb");
	bool is_written;

	if (f == NULL)
		return false;
	is_written = fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;
	return fclose(f) == 0 && is_written;
}

int
main(int argc, char **argv)
{
	struct kt_buf ranks, image;
	struct kt_err err;
	int status = EXIT_SUCCESS;

	if (argc != 3)
		return complain("usage", "save-ranks FILE.ranks OUT");
	kt_buf_init(&ranks, FILE_MAX);
	kt_buf_init(&image, IMAGE_MAX);
	if (!read_all(argv[1], &ranks))
		status = complain(argv[1], "cannot be read");
	else if (kt_token_table_make(kt_buf_span(&ranks), &image, &err) < 0)
		status = complain(argv[1], err.text);
	else if (!write_all(argv[2], kt_buf_span(&image)))
		status = complain(argv[2], "cannot be written");
	kt_buf_fini(&ranks);
	kt_buf_fini(&image);
	return status;
}

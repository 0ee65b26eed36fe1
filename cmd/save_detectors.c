/*
 * save_detectors - compiles the shipped detectors while kt is being built.
 * SPDX-License-Identifier: Apache-2.0
 *
 *	save-detectors databases|definitions OUT FILE.yaml ...
 *
 * The files come in the order in which kt reads them: by name.  What is
 * written serves the CPU of this machine and those that can do as much; on
 * another kt compiles the detectors when it starts.
 */
#include <stdlib.h>

#include "policy/detector_file.h"
#include "policy/detector_saved.h"

#define ARENA_MAX (64u << 20)
#define FILE_MAX (4u << 20)

static int
complain(const char *what, const char *why)
{
	(void)fprintf(stderr, "save-detectors: %s: %s\n", what, why);
	return EXIT_FAILURE;
}

static bool
read_source(const char *path, struct kt_arena *mem, struct kt_config_source *out)
{
	FILE *f = fopen(path, "rb");
	char *bytes = kt_arena_alloc(mem, FILE_MAX);
	size_t n;

	if (f == NULL || bytes == NULL) {
		if (f != NULL)
			(void)fclose(f); /* was only read */
		return false;
	}
	n = fread(bytes, 1, FILE_MAX, f);
	*out = (struct kt_config_source){ .name = kt_span_of(path),
		.bytes = { .ptr = bytes, .len = n } };
	return fclose(f) == 0 && n < FILE_MAX;
}

static int
save_databases(const struct kt_detector *defs, size_t n, struct kt_buf *out)
{
	struct kt_detect *db;
	struct kt_err err;

	if (kt_detect_new(&db, defs, n, &err) < 0)
		return complain("detectors", err.text);
	if (kt_detect_save(db, out) < 0)
		return complain("detectors", "cannot be saved");
	kt_detect_free(&db);
	return EXIT_SUCCESS;
}

static int
write_out(const char *path, struct kt_buf *out)
{
	FILE *f = fopen(path, "wb");
	bool is_written;

	if (f == NULL)
		return complain(path, "cannot be opened");
	is_written = fwrite(out->ptr, 1, out->len, f) == out->len;
	if (fclose(f) != 0 || !is_written)
		return complain(path, "cannot be written");
	kt_buf_fini(out);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	static struct kt_config_diags diags;
	static struct kt_config_source files[KT_CONFIG_FILES_MAX];
	struct kt_arena *mem = kt_arena_new(ARENA_MAX);
	const struct kt_detector *defs;
	struct kt_buf said, out;
	size_t n;
	int status;

	if (argc < 4 || argc - 3 > KT_CONFIG_FILES_MAX || mem == NULL)
		return complain("usage",
		    "save-detectors databases|definitions OUT FILE.yaml ...");
	for (int i = 3; i < argc; i++)
		if (!read_source(argv[i], mem, &files[i - 3]))
			return complain(argv[i], "cannot be read");
	if (kt_policy_detectors_load(files, (size_t)argc - 3, mem, &diags, &defs,
	        &n) < 0) {
		kt_buf_init(&said, ARENA_MAX);
		if (kt_config_diags_text(&diags, &said) == KT_OK)
			(void)fwrite(said.ptr, 1, said.len, stderr);
		return complain("detectors", "not loaded");
	}
	kt_buf_init(&out, ARENA_MAX);
	if (strcmp(argv[1], "databases") == 0)
		status = save_databases(defs, n, &out);
	else if (kt_policy_detectors_save(
	             files, (size_t)argc - 3, defs, n, &out) == KT_OK)
		status = EXIT_SUCCESS;
	else
		status = complain("definitions", "cannot be saved");
	if (status == EXIT_SUCCESS)
		status = write_out(argv[2], &out);
	kt_arena_free(&mem);
	return status;
}

/*
 * policy_fmt - the usual form of files.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/files.h"
#include "disk/disk.h"
#include "lint/format.h"
#include "lint/lint.h"

#define ARENA_MAX (64u << 20)
#define TEXT_MAX (64u << 20)

enum { CHECK = KT_OPT_LONG };

/* A file that is no YAML stays as it is: lint tells what is wrong with it. */
static enum kt_exit
give(const char *path, struct kt_span before, const struct kt_buf *after,
    bool is_check)
{
	struct kt_err err;
	bool is_stdin = strcmp(path, "-") == 0;

	if (is_check) {
		if (kt_span_eq(before, kt_buf_span(after)))
			return KT_EXIT_YES;
		(void)printf("%s\n", is_stdin ? "stdin" : path);
		return KT_EXIT_NO;
	}
	if (is_stdin)
		return kt_print(kt_buf_span(after)) ? KT_EXIT_YES :
		                                      KT_EXIT_UNKNOWN;
	if (kt_span_eq(before, kt_buf_span(after)))
		return KT_EXIT_YES;
	if (kt_disk_replace(&kt_disk_real, path, kt_buf_span(after), 0644,
	    &err) == KT_OK)
		return KT_EXIT_YES;
	kt_say("%s", err.text);
	return KT_EXIT_UNKNOWN;
}

static enum kt_exit
format(const char *path, bool is_check)
{
	struct kt_cmd_files *files = kt_alloc(sizeof(*files));
	struct kt_config_diags *d = kt_alloc(sizeof(*d));
	struct kt_arena *mem = kt_arena_new(ARENA_MAX);
	enum kt_exit status = KT_EXIT_UNKNOWN;
	struct kt_err err = { .text = "out of memory" };
	struct kt_buf out;
	enum kt_rc rc = KT_E_LIMIT;

	kt_buf_init(&out, TEXT_MAX);
	if (files == NULL || d == NULL || mem == NULL)
		goto end;
	rc = strcmp(path, "-") == 0 ?
	    kt_cmd_files_add_stdin(files, "stdin", &err) :
	    kt_cmd_files_add(files, path, &err);
	if (rc < 0)
		goto end;
	d->files = files->sources;
	d->files_n = 1;
	rc = kt_lint_format(d, mem, &out);
	if (rc < 0 && d->is_starved) {
		(void)kt_fail(&err, KT_E_LIMIT, "out of memory"); /* in err */
	} else if (rc == KT_E_PARSE) {
		kt_say("%s: not YAML: kt policy lint tells where", path);
		status = KT_EXIT_NO;
		rc = KT_OK;
	} else if (rc == KT_OK) {
		status = give(path, files->sources[0].bytes, &out, is_check);
	}
end:
	if (rc < 0)
		kt_say("%s", err.text);
	kt_buf_fini(&out);
	kt_arena_free(&mem);
	kt_free(d);
	if (files != NULL)
		kt_cmd_files_fini(files);
	kt_free(files);
	return status;
}

enum kt_exit
kt_cmd_policy_fmt(const struct kt_cmd *self, int argc, char **argv)
{
	static const struct kt_opt opts[] = {
		{ CHECK, "check", NULL,
		  "change nothing; name the files that would be changed" },
	};
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	enum kt_exit status = KT_EXIT_YES;
	bool is_check = false;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		is_check = c == CHECK;
	}
	if (args.operand == argc)
		return kt_misuse(self, "a file, or '-', must follow");
	for (int i = args.operand; i < argc; i++) {
		enum kt_exit one = format(argv[i], is_check);

		status = one > status ? one : status;
	}
	return status;
}

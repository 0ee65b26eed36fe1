/*
 * policy - commands about configurations: what is in force, and what may be
 * written.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/cmd.h"
#include "cmd/files.h"
#include "policy/policy.h"

#define TEXT_MAX (64u << 20)

static enum kt_exit
print(struct kt_buf *out, enum kt_rc rc)
{
	enum kt_exit status = KT_EXIT_YES;

	if (rc < 0) {
		kt_say("the answer does not fit into memory");
		status = KT_EXIT_UNKNOWN;
	} else if (!kt_print(kt_buf_span(out))) {
		status = KT_EXIT_UNKNOWN;
	}
	kt_buf_fini(out);
	return status;
}

static enum kt_exit
show(struct kt_cmd_files *files, char *const *paths, size_t n,
    enum kt_config_style style)
{
	struct kt_cmd_settings s;
	struct kt_err err;
	struct kt_buf out;
	enum kt_rc rc;

	if (kt_cmd_files_policy(files, paths, n, &err) < 0) {
		kt_say("%s", err.text);
		return KT_EXIT_UNKNOWN;
	}
	if (kt_cmd_settings_load(&s, files, &err) < 0) {
		if (err.rc == KT_E_PARSE)
			return KT_EXIT_NO;
		kt_say("%s", err.text);
		return KT_EXIT_UNKNOWN;
	}
	kt_buf_init(&out, TEXT_MAX);
	rc = kt_config_show(&kt_config_root_table, s.settings, style, &out);
	kt_cmd_settings_fini(&s);
	return print(&out, rc);
}

enum kt_exit
kt_cmd_policy_show(const struct kt_cmd *self, int argc, char **argv)
{
	static const struct kt_opt opts[] = {
		KT_OPT_POLICY_LINE,
		KT_OPT_JSON_LINE,
	};
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	enum kt_config_style style = KT_CONFIG_YAML;
	char *paths[KT_CONFIG_FILES_MAX];
	struct kt_cmd_files *files;
	enum kt_exit status;
	size_t n = 0;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		if (c == KT_OPT_JSON)
			style = KT_CONFIG_JSON;
		else if (n == KT_CONFIG_FILES_MAX)
			return kt_misuse(self, "more than %d files", (int)n);
		else
			paths[n++] = args.value;
	}
	if (args.operand < argc)
		return kt_misuse(self, "'%s' is not an option; a file follows "
		    "--policy-config", argv[args.operand]);
	files = kt_alloc(sizeof(*files));
	if (files == NULL) {
		kt_say("out of memory");
		return KT_EXIT_UNKNOWN;
	}
	status = show(files, paths, n, style);
	kt_cmd_files_fini(files);
	kt_free(files);
	return status;
}

enum kt_exit
kt_cmd_policy_schema(const struct kt_cmd *self, int argc, char **argv)
{
	enum { MAN = KT_OPT_LONG };
	static const struct kt_opt opts[] = {
		{ MAN, "man", NULL, "print the manual's list of keys, in mdoc(7)" },
		KT_OPT_JSON_LINE,
	};
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	const struct kt_config_kind *kinds;
	bool is_man = false;
	struct kt_buf out;
	size_t kinds_n;
	enum kt_rc rc;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		is_man = c == MAN;
	}
	if (args.operand < argc)
		return kt_misuse(self, "'%s' is not an option",
		    argv[args.operand]);
	kinds = kt_policy_config_kinds(&kinds_n);
	kt_buf_init(&out, TEXT_MAX);
	if (is_man)
		rc = kt_config_man(&kt_config_root_table, kinds, kinds_n, &out);
	else
		rc = kt_config_schema(&kt_config_root_table, kinds, kinds_n, &out);
	return print(&out, rc);
}

/*
 * policy_diff - what two configurations differ in: all defaults are filled in
 * first, so that two files that say the same in other words do not differ.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/files.h"
#include "lint/changes.h"
#include "lint/lint.h"

#define TEXT_MAX (64u << 20)

/* What is in force by a file, in the form of kt policy show. */
static enum kt_exit
effective(char *path, enum kt_config_style style, struct kt_buf *out)
{
	struct kt_cmd_files *files = kt_alloc(sizeof(*files));
	enum kt_exit status = KT_EXIT_UNKNOWN;
	struct kt_cmd_settings s;
	struct kt_err err = { .text = "out of memory" };

	if (files == NULL || kt_cmd_files_policy(files, &path, 1, &err) < 0) {
		kt_say("%s", err.text);
	} else if (kt_cmd_settings_load(&s, files, &err) < 0) {
		if (err.rc != KT_E_PARSE)
			kt_say("%s", err.text);
	} else {
		if (kt_config_show(&kt_config_root_table, s.settings, style,
		        out) == KT_OK)
			status = KT_EXIT_YES;
		else
			kt_say("out of memory");
		kt_cmd_settings_fini(&s);
	}
	if (files != NULL)
		kt_cmd_files_fini(files);
	kt_free(files);
	return status;
}

static enum kt_exit
tell(struct kt_span name, struct kt_span before, struct kt_span after,
    bool is_json)
{
	struct kt_buf out;
	enum kt_exit status = KT_EXIT_UNKNOWN;
	size_t n = 0;
	enum kt_rc rc;

	kt_buf_init(&out, TEXT_MAX);
	rc = is_json ? kt_lint_changes(before, after, &out, &n) :
	               kt_lint_patch(name, before, after, &out);
	if (rc < 0)
		kt_say("out of memory");
	else if (kt_print(kt_buf_span(&out)))
		status = n > 0 || (!is_json && out.len > 0) ? KT_EXIT_NO :
		                                              KT_EXIT_YES;
	kt_buf_fini(&out);
	return status;
}

/* What recorded calls would come out as: kt replay of both. */
static enum kt_exit
replay(char *old, char *new, char *sessions)
{
	char word[] = "replay", against[] = "--against",
	     policy[] = "--policy-config";
	char *argv[] = { word, against, old, policy, new, sessions, NULL };

	for (size_t i = 0; i < kt_cmds_n; i++) {
		if (strcmp(kt_cmds[i].words, word) == 0)
			return kt_cmds[i].run(
			    &kt_cmds[i], KT_NELEMS(argv) - 1, argv);
	}
	KT_BUG("no command of that name");
}

enum kt_exit
kt_cmd_policy_diff(const struct kt_cmd *self, int argc, char **argv)
{
	enum { SESSIONS = KT_OPT_LONG };
	static const struct kt_opt opts[] = { KT_OPT_JSON_LINE,
		{ SESSIONS, "sessions", "DIR",
		  "tell what recorded calls come out otherwise, too" } };
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	enum kt_config_style style = KT_CONFIG_YAML;
	struct kt_buf before, after;
	enum kt_exit status, played = KT_EXIT_YES;
	char *sessions = NULL;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		if (c == SESSIONS)
			sessions = args.value;
		else
			style = KT_CONFIG_JSON;
	}
	if (sessions != NULL && style == KT_CONFIG_JSON)
		return kt_misuse(self, "--json or --sessions; kt replay has a "
		    "JSON of its own");
	if (argc - args.operand != 2)
		return kt_misuse(self, "two files must follow: the old one and "
		    "the new one");
	kt_buf_init(&before, TEXT_MAX);
	kt_buf_init(&after, TEXT_MAX);
	status = effective(argv[args.operand], style, &before);
	if (status == KT_EXIT_YES)
		status = effective(argv[args.operand + 1], style, &after);
	if (status == KT_EXIT_YES)
		status = tell(kt_span_of(argv[args.operand + 1]),
		    kt_buf_span(&before), kt_buf_span(&after),
		    style == KT_CONFIG_JSON);
	kt_buf_fini(&before);
	kt_buf_fini(&after);
	if (sessions != NULL && status != KT_EXIT_UNKNOWN)
		played = replay(
		    argv[args.operand], argv[args.operand + 1], sessions);
	return played > status ? played : status;
}

/*
 * policy_diff - what two configurations differ in: all defaults are filled in
 * first, so that two files that say the same in other words do not differ.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/files.h"
#include "lint/changes.h"
#include "lint/lint.h"

#define TEXT_MAX (64u << 20)

/* What is in force by a file: to be compared, and to be shown. */
struct effect {
	struct kt_buf json, yaml;
};

static void
effect_init(struct effect *e)
{
	kt_buf_init(&e->json, TEXT_MAX);
	kt_buf_init(&e->yaml, TEXT_MAX);
}

static void
effect_fini(struct effect *e)
{
	kt_buf_fini(&e->json);
	kt_buf_fini(&e->yaml);
}

static enum kt_exit
effective(char *path, struct effect *out)
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
		if (kt_config_show(&kt_config_root_table, s.settings,
		        KT_CONFIG_JSON, &out->json) == KT_OK &&
		    kt_config_show(&kt_config_root_table, s.settings,
		        KT_CONFIG_YAML, &out->yaml) == KT_OK)
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

/* Order of keys says nothing: whether they differ is asked of both trees. */
static enum kt_exit
tell(struct kt_span name, const struct effect *before,
    const struct effect *after, bool is_json)
{
	struct kt_buf out;
	enum kt_exit status = KT_EXIT_UNKNOWN;
	size_t n = 0;
	enum kt_rc rc;

	kt_buf_init(&out, TEXT_MAX);
	rc = kt_lint_changes(kt_buf_span(&before->json),
	    kt_buf_span(&after->json), &out, &n);
	if (rc == KT_OK && !is_json) {
		kt_buf_reset(&out);
		if (n > 0)
			rc = kt_lint_patch(name, kt_buf_span(&before->yaml),
			    kt_buf_span(&after->yaml), &out);
	}
	if (rc < 0)
		kt_say("out of memory");
	else if (kt_print(kt_buf_span(&out)))
		status = n > 0 ? KT_EXIT_NO : KT_EXIT_YES;
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
	struct effect before, after;
	enum kt_exit status, played = KT_EXIT_YES;
	char *sessions = NULL;
	bool is_json = false;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		if (c == SESSIONS)
			sessions = args.value;
		else
			is_json = true;
	}
	if (sessions != NULL && is_json)
		return kt_misuse(self, "--json or --sessions; kt replay has a "
		    "JSON of its own");
	if (argc - args.operand != 2)
		return kt_misuse(self, "two files must follow: the old one and "
		    "the new one");
	effect_init(&before);
	effect_init(&after);
	status = effective(argv[args.operand], &before);
	if (status == KT_EXIT_YES)
		status = effective(argv[args.operand + 1], &after);
	if (status == KT_EXIT_YES)
		status = tell(kt_span_of(argv[args.operand + 1]), &before,
		    &after, is_json);
	effect_fini(&before);
	effect_fini(&after);
	if (sessions != NULL && status != KT_EXIT_UNKNOWN)
		played = replay(
		    argv[args.operand], argv[args.operand + 1], sessions);
	return played > status ? played : status;
}

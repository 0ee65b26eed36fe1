/*
 * policy_test - reads cases and the configuration beside them, and has
 * lib/trial run them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "cmd/policy_case.h"
#include "cmd/program.h"
#include "cmd/report.h"
#include "cmd/session/form.h"
#include "detect/standin.h"
#include "disk/disk.h"
#include "exchange/program.h"
#include "trial/trial.h"

#define ARENA_MAX (64u << 20)
#define TEXT_MAX (4u << 20)
#define SUFFIX "_test.yaml"

/* What the cases of a file are about. */
struct subject {
	char beside[KT_CMD_PATH_MAX]; /* empty: what was named, or the starter */
	bool is_open;
	struct kt_cmd_program program;
	struct kt_trial_coverage coverage;
};

struct tests {
	const struct kt_cmd *self;
	struct kt_cmd_outputs out;
	char *policies[KT_CONFIG_FILES_MAX];
	size_t npolicies;
	const char *only, *session, *key_path;
	uint64_t fail_under;
	bool has_coverage;

	struct subject subject;
	struct kt_cmd_files cases;
	struct kt_config_diags diags;
	struct kt_arena *mem;
	struct kt_report_source sources[KT_CONFIG_FILES_MAX];
	struct kt_report *report;
	size_t run, failed;
	bool is_covered;
};

/* Targets are the cases themselves: any key will do. */
static bool
any_secret(void *arg, const struct kt_config_secret *ref,
    struct kt_arena *mem, struct kt_span *out)
{
	(void)arg, (void)ref, (void)mem;
	*out = KT_SPAN("test");
	return true;
}

/* A file, or of a folder all that are named as cases. */
static enum kt_rc
add_cases(struct tests *t, const char *path, struct kt_err *err)
{
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return kt_cmd_files_add(&t->cases, path, err);
	if (kt_cmd_files_add_dir(&t->cases, path, SUFFIX, err) < 0)
		return err->rc;
	return kt_cmd_files_add_dir(&t->cases, path, ".json", err);
}

/* x_test.yaml is about x.yaml, unless something else was named. */
static void
find_beside(const struct tests *t, size_t i, char path[static KT_CMD_PATH_MAX])
{
	struct kt_span name = kt_span_of(t->cases.names[i]);
	struct stat st;

	path[0] = '\0';
	if (t->npolicies > 0 || !kt_span_ends(name, KT_SPAN(SUFFIX)))
		return;
	(void)snprintf(path, KT_CMD_PATH_MAX, "%.*s.yaml",
	    (int)(name.len - strlen(SUFFIX)), name.ptr);
	if (stat(path, &st) != 0)
		path[0] = '\0';
}

static void
close_subject(struct subject *s)
{
	static const struct subject none;

	kt_cmd_program_close(&s->program);
	*s = none;
}

/* Cases made of recorded calls hold what stands in for findings. */
static enum kt_chain_use
use_of(const struct tests *t)
{
	for (size_t i = 0; i < t->cases.n; i++) {
		if (kt_standin_is_in(t->cases.sources[i].bytes))
			return KT_CHAIN_REPLAY;
	}
	return KT_CHAIN_SERVE;
}

static enum kt_rc
open_subject(struct tests *t, const char *beside, struct kt_err *err)
{
	struct kt_program_options o = {
		.secret = any_secret,
		.instance_key = KT_SPAN("0123456789abcdef0123456789abcdef"),
		.use = use_of(t),
	};
	struct subject *s = &t->subject;
	char *files[] = { s->beside };
	bool is_beside = beside[0] != '\0';

	s->is_open = true;
	(void)snprintf(s->beside, sizeof(s->beside), "%s", beside);
	if (kt_cmd_program_open(&s->program, is_beside ? files : t->policies,
	    is_beside ? 1 : t->npolicies, &o, err) < 0)
		return err->rc;
	kt_trial_coverage_init(&s->coverage, s->program.settings.settings);
	return KT_OK;
}

/* Mistakes in a file of cases keep them from being run: exit 3. */
static void
say_diags(const struct kt_config_diags *d)
{
	struct kt_buf b;

	kt_buf_init(&b, TEXT_MAX);
	if (kt_config_diags_text(d, &b) == KT_OK)
		(void)fprintf(stderr, "%.*s", KT_SPAN_ARG(kt_buf_span(&b)));
	kt_buf_fini(&b);
}

static enum kt_rc
run_file(struct tests *t, size_t i, struct kt_err *err)
{
	struct kt_trial trial = { .program = t->subject.program.program,
		.scratch = t->subject.program.scratch, .report = t->report,
		.coverage = &t->subject.coverage, .file = i,
		.only = kt_span_of(t->only) };
	const struct kt_trial_file *file;

	t->diags.n = t->diags.dropped = t->diags.hidden_n = 0;
	t->diags.files = &t->cases.sources[i];
	t->diags.files_n = 1;
	if (kt_trial_load(&file, t->mem, &t->diags) < 0) {
		say_diags(&t->diags);
		return kt_fail(err, KT_E_PARSE, "%s cannot be run",
		    t->cases.names[i]);
	}
	if (kt_trial_run(&trial, file, err) < 0)
		return err->rc;
	t->run += trial.run;
	t->failed += trial.failed;
	return KT_OK;
}

/* What the cases have shown of the subject that they are done with. */
static void
tell_coverage(struct tests *t)
{
	const struct subject *s = &t->subject;
	struct kt_buf missing;
	unsigned percent;

	if (!s->is_open)
		return;
	kt_buf_init(&missing, TEXT_MAX);
	percent = kt_trial_coverage_percent(&s->coverage, &missing);
	if (t->has_coverage || percent < t->fail_under) {
		(void)fprintf(stderr, "coverage: %u %%", percent);
		if (s->beside[0] != '\0')
			(void)fprintf(stderr, " of %s", s->beside);
		(void)fprintf(
		    stderr, "\n%.*s", KT_SPAN_ARG(kt_buf_span(&missing)));
	}
	kt_buf_fini(&missing);
	t->is_covered = t->is_covered && percent >= t->fail_under;
}

/* Files about the same thing, one after the other, are about one. */
static enum kt_rc
run_files(struct tests *t, struct kt_err *err)
{
	char beside[KT_CMD_PATH_MAX];
	enum kt_rc rc = KT_OK;

	t->is_covered = true;
	for (size_t i = 0; i < t->cases.n && rc == KT_OK; i++) {
		find_beside(t, i, beside);
		if (!t->subject.is_open ||
		    strcmp(beside, t->subject.beside) != 0) {
			tell_coverage(t);
			close_subject(&t->subject);
			rc = open_subject(t, beside, err);
		}
		if (rc == KT_OK)
			rc = run_file(t, i, err);
	}
	if (rc == KT_OK)
		tell_coverage(t);
	return rc;
}

static enum kt_exit
run(struct tests *t, struct kt_err *err)
{
	struct kt_report_options o = { "kt policy test", t->sources, t->cases.n,
		kt_trial_rules, kt_trial_nrules };
	enum kt_exit status;

	for (size_t i = 0; i < t->cases.n; i++)
		t->sources[i] = (struct kt_report_source){
			t->cases.sources[i].name, t->cases.sources[i].bytes };
	t->report = kt_report_new(&o);
	t->mem = kt_arena_new(ARENA_MAX);
	if (t->report == NULL || t->mem == NULL) {
		(void)kt_fail(err, KT_E_LIMIT, "out of memory"); /* in err */
		return KT_EXIT_UNKNOWN;
	}
	if (run_files(t, err) < 0 || kt_report_close(t->report, err) < 0)
		return KT_EXIT_UNKNOWN;
	err->text[0] = '\0';
	status = kt_cmd_outputs_write(&t->out, t->report);
	if (t->run == 0)
		return kt_say("no case has the name '%s'", t->only),
		       KT_EXIT_UNKNOWN;
	if (t->failed > 0)
		kt_say("%zu of %zu cases failed", t->failed, t->run);
	else
		kt_say("%zu case%s passed", t->run, t->run > 1 ? "s" : "");
	if (!t->is_covered && status == KT_EXIT_YES)
		status = KT_EXIT_NO;
	return status;
}

enum { RUN = KT_OPT_LONG, COVERAGE, FAIL_UNDER, NEW, FROM };
static const struct kt_opt opts[] = {
	KT_OPT_POLICY_LINE,
	KT_OPT_REPORT_LINES,
	{ RUN, "run", "NAME", "only cases of this name; * and ? fit any" },
	{ COVERAGE, "coverage", NULL, "tell what no case has shown" },
	{ FAIL_UNDER, "fail-under", "PERCENT",
	  "exit 1 when the cases show less of the chain" },
	{ NEW, "new", "POLICY", "print cases to begin with" },
	{ FROM, "from-session", "FILE",
	  "print recorded calls as cases; FILE#12: one of them" },
	KT_OPT_SESSION_KEY_LINE,
};

static enum kt_exit
begin(struct tests *t, int argc, char **argv)
{
	struct kt_args args = { .cmd = t->self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct kt_err err = { .text = "" };
	const char *misuse;
	enum kt_exit status;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		if (kt_cmd_outputs_take(&t->out, c, args.value, &misuse)) {
			if (misuse != NULL)
				return kt_misuse(t->self, "%s", misuse);
		} else if (c == KT_OPT_POLICY) {
			if (t->npolicies == KT_CONFIG_FILES_MAX - 1)
				return kt_misuse(t->self, "too many files");
			t->policies[t->npolicies++] = args.value;
		} else if (c == RUN) {
			t->only = args.value;
		} else if (c == NEW) {
			return kt_cmd_case_new(t->self, args.value);
		} else if (c == FROM) {
			t->session = args.value;
		} else if (c == KT_OPT_SESSION_KEY) {
			t->key_path = args.value;
		} else if (c == FAIL_UNDER && (!kt_span_u64(kt_span_of(args.value),
		    &t->fail_under) || t->fail_under > 100)) {
			return kt_misuse(t->self, "--fail-under takes 0 to 100");
		}
		t->has_coverage |= c == COVERAGE;
	}
	if (t->session != NULL)
		return kt_cmd_case_of_session(t->self, t->session, t->key_path);
	if (args.operand == argc)
		return kt_misuse(t->self, "a file of cases must follow");
	for (int i = args.operand; i < argc; i++) {
		if (add_cases(t, argv[i], &err) < 0) {
			kt_say("%s", err.text);
			return KT_EXIT_UNKNOWN;
		}
	}
	if (t->cases.n == 0) {
		kt_say("there are no cases");
		return KT_EXIT_UNKNOWN;
	}
	status = run(t, &err);
	if (status == KT_EXIT_UNKNOWN && err.text[0] != '\0')
		kt_say("%s", err.text);
	return status;
}

enum kt_exit
kt_cmd_policy_test(const struct kt_cmd *self, int argc, char **argv)
{
	struct tests *t = kt_alloc(sizeof(*t));
	enum kt_exit status = KT_EXIT_UNKNOWN;

	if (t == NULL) {
		kt_say("out of memory");
		return status;
	}
	t->self = self;
	t->out.fail = KT_REPORT_ERROR;
	t->only = "";
	status = begin(t, argc, argv);
	kt_report_free(&t->report);
	close_subject(&t->subject);
	kt_cmd_files_fini(&t->cases);
	kt_arena_free(&t->mem);
	kt_free(t);
	return status;
}

/*
 * policy_lint - reads files, asks lib/lint, hands out what it found.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/changed.h"
#include "cmd/files.h"
#include "cmd/report.h"
#include "disk/disk.h"
#include "json/write.h"
#include "lint/lint.h"
#include "policy/detector_file.h"

#define DETECTORS_ARENA_MAX (64u << 20)
#define BASELINE_MAX (64u << 20)
#define TEXT_MAX (16u << 20)

struct run {
	const struct kt_cmd *self;
	struct kt_cmd_outputs out;
	struct kt_lint_options o;
	const char *select, *ignore, *baseline, *write_baseline, *changed;
	const char *stdin_name;
	enum kt_report_fix fix;
	bool is_diff, is_list, is_merged;

	struct kt_cmd_files files, detectors;
	struct kt_report_source sources[KT_CONFIG_FILES_MAX];
	struct kt_lint_unit units[KT_CONFIG_FILES_MAX];
	struct kt_config_diags diags; /* of the detectors */
	struct kt_arena *mem;
	struct kt_buf saved;
	struct kt_report *r;
};

/* What has ended is judged by the day; SOURCE_DATE_EPOCH is not asked. */
static void
set_today(struct kt_lint_options *o)
{
	struct kt_disk_time now;
	time_t seconds;
	struct tm day;

	kt_disk_now(&now);
	seconds = (time_t)(now.real_us / 1000000);
	if (gmtime_r(&seconds, &day) == NULL ||
	    strftime(o->today, sizeof(o->today), "%Y-%m-%d", &day) == 0)
		o->today[0] = '\0';
}

/* The shipped ones and those of a configuration; first: its first file. */
static enum kt_rc
read_own(void *arg, const struct kt_settings *s, size_t first,
    struct kt_arena *mem, struct kt_lint_detectors *out, struct kt_err *err)
{
	struct run *run = arg;
	struct kt_config_diags *d = &run->diags;
	enum kt_rc rc;

	kt_cmd_files_fini(&run->detectors);
	if (kt_cmd_files_detectors(
	        &run->detectors, s, run->files.names + first, err) < 0)
		return err->rc;
	d->n = d->dropped = d->hidden_n = 0;
	rc = kt_policy_detectors_load(run->detectors.sources, run->detectors.n,
	    mem, d, &out->at, &out->n);
	if (rc == KT_E_PARSE && d->n > 0)
		return kt_fail(err, rc, "policies.detectors: %s:%u:%u: %s",
		    run->detectors.names[d->at[0].at.file],
		    (unsigned)d->at[0].at.line, (unsigned)d->at[0].at.column,
		    d->at[0].text);
	return rc < 0 ? kt_fail(err, rc, "policies.detectors: larger than what "
	    "is read") : rc;
}

/* A lint that does not know the detectors could not tell a name from none. */
static enum kt_rc
read_detectors(struct run *run, struct kt_err *err)
{
	char folder[KT_CMD_PATH_MAX];

	if (!kt_cmd_find_file("policies/detectors", folder))
		return kt_fail(err, KT_E_IO, "'policies/detectors' is neither in "
		    "%s nor beside the program", KT_DATADIR);
	if (kt_cmd_files_add_detectors(&run->detectors, folder, err) < 0)
		return err->rc;
	if (kt_policy_detectors_load(run->detectors.sources, run->detectors.n,
	    run->mem, &run->diags, &run->o.detectors.at,
	    &run->o.detectors.n) < 0)
		return kt_fail(err, KT_E_PARSE, "the detectors in %s have mistakes: "
		    "kt policy lint %s tells them", folder, folder);
	kt_cmd_saved_detectors(&run->saved);
	run->o.detectors.saved = kt_buf_span(&run->saved);
	run->o.own = read_own;
	run->o.own_arg = run;
	return KT_OK;
}

static enum kt_rc
add_path(struct run *run, const char *path, struct kt_err *err)
{
	size_t before = run->files.n;
	struct stat st;

	if (strcmp(path, "-") == 0)
		return kt_cmd_files_add_stdin(&run->files, run->stdin_name, err);
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return kt_cmd_files_add(&run->files, path, err);
	if (kt_cmd_files_add_dir(&run->files, path, ".yaml", err) < 0)
		return err->rc;
	/* Or a folder of *.yml would be found to be without fault. */
	return run->files.n > before ? KT_OK : kt_fail(err, KT_E_IO,
	    "%s: no file in it ends in .yaml", path);
}

static enum kt_rc
read_files(struct run *run, char **paths, int n, struct kt_err *err)
{
	for (int i = 0; i < n; i++) {
		if (add_path(run, paths[i], err) < 0)
			return err->rc;
	}
	if (run->files.n == 0 && kt_cmd_files_policy(&run->files, NULL, 0,
	    err) < 0)
		return err->rc;
	for (size_t i = 0; i < run->files.n; i++) {
		run->sources[i] = (struct kt_report_source){
			run->files.sources[i].name, run->files.sources[i].bytes };
		run->units[i] = (struct kt_lint_unit){ i, 1 };
	}
	run->o.nunits = run->files.n;
	if (run->is_merged) {
		run->units[0].n = run->files.n;
		run->o.nunits = 1;
	}
	run->o.units = run->units;
	return KT_OK;
}

static enum kt_rc
use_baseline(struct run *run, struct kt_err *err)
{
	struct kt_report_finding f = { .rule = &kt_lint_rules[KT_LINT_908],
		.severity = KT_REPORT_WARNING,
		.at = { .file = KT_REPORT_NOWHERE } };
	struct kt_buf b;
	size_t stale;
	char text[160];
	enum kt_rc rc;

	kt_buf_init(&b, BASELINE_MAX);
	rc = kt_disk_read_file(&kt_disk_real, run->baseline, BASELINE_MAX, &b, err);
	if (rc == KT_OK &&
	    kt_lint_baseline(run->r, kt_buf_span(&b), &stale, err) < 0)
		rc = kt_wrap(err, "%s", run->baseline);
	kt_buf_fini(&b);
	if (rc < 0)
		return rc;
	if (stale == 0 || !run->o.is_on[KT_LINT_908])
		return KT_OK;
	(void)snprintf(text, sizeof(text), "%zu entr%s of '%.80s' %s no "
	    "longer found", stale, stale == 1 ? "y" : "ies", run->baseline,
	    stale == 1 ? "is" : "are");
	f.message = kt_span_of(text);
	f.help = kt_span_of(f.rule->help);
	(void)kt_report_add(run->r, &f); /* close tells when it is full */
	return kt_report_close(run->r, err);
}

/* What passed is told by name. */
static void
tell_passes(struct run *run)
{
	size_t n;
	struct kt_report_finding *const *all = kt_report_findings(run->r, &n);

	for (size_t i = 0; i < run->files.n; i++) {
		bool is_clean = true;

		for (size_t k = 0; k < n && is_clean; k++)
			is_clean = all[k]->at.file != i ||
			    all[k]->suppressed.len > 0;
		if (is_clean)
			kt_report_pass(run->r, &(struct kt_report_pass){
			    .file = i, .subject = run->files.sources[i].name });
	}
}

/* Only what was changed since a commit. */
static enum kt_rc
keep_changed(struct run *run, struct kt_err *err)
{
	struct kt_cmd_changed changed;
	size_t n;
	struct kt_report_finding *const *all = kt_report_findings(run->r, &n);

	for (size_t i = 0; i < run->files.n; i++) {
		if (kt_cmd_changed_since(&changed, run->changed,
		    run->files.names[i], err) < 0)
			return err->rc;
		for (size_t k = 0; k < n; k++) {
			if (all[k]->at.file == i && all[k]->at.line > 0 &&
			    !kt_cmd_changed_has(&changed, all[k]->at.line))
				all[k]->suppressed = KT_SPAN("not changed");
		}
		kt_cmd_changed_fini(&changed);
	}
	return KT_OK;
}

/* --fix and --diff. */

static enum kt_rc
mend_file(struct run *run, size_t i, struct kt_buf *patch, struct kt_err *err)
{
	struct kt_span before = run->sources[i].bytes;
	struct kt_buf b;
	size_t n = 0;
	enum kt_rc rc;

	kt_buf_init(&b, TEXT_MAX);
	rc = kt_lint_mend(run->r, i, run->fix, &b, &n);
	if (rc < 0) {
		rc = kt_fail(err, rc, "out of memory");
	} else if (n > 0 && run->is_diff) {
		if (kt_report_is_hidden(run->r, i))
			kt_say("%s holds what may be a secret: no patch shows its lines",
			    run->files.names[i]);
		else if (kt_lint_patch(run->files.sources[i].name, before,
		    kt_buf_span(&b), patch) < 0)
			rc = kt_fail(err, KT_E_LIMIT, "out of memory");
	} else if (n > 0) {
		rc = kt_disk_replace(&kt_disk_real, run->files.names[i],
		    kt_buf_span(&b), 0644, err);
		if (rc == KT_OK)
			kt_say("%s: %zu finding%s mended", run->files.names[i], n,
			    n == 1 ? "" : "s");
	}
	kt_buf_fini(&b);
	return rc;
}

static enum kt_rc
mend(struct run *run, struct kt_err *err)
{
	struct kt_buf patch;
	enum kt_rc rc = KT_OK;

	kt_buf_init(&patch, TEXT_MAX);
	for (size_t i = 0; i < run->files.n && rc == KT_OK; i++)
		rc = mend_file(run, i, &patch, err);
	if (rc == KT_OK && patch.len > 0 &&
	    (fwrite(patch.ptr, patch.len, 1, stdout) != 1 || fflush(stdout) != 0))
		rc = kt_fail(err, KT_E_IO, "standard output cannot be written");
	kt_buf_fini(&patch);
	return rc;
}

static enum kt_rc
look(struct run *run, struct kt_err *err)
{
	struct kt_report_options o = { "kt policy lint", run->sources,
		run->files.n, kt_lint_rules, KT_LINT_CODES };

	run->r = kt_report_new(&o);
	if (run->r == NULL)
		return kt_fail(err, KT_E_LIMIT, "out of memory");
	if (kt_lint_run(&run->o, run->r, err) < 0 ||
	    kt_report_close(run->r, err) < 0)
		return err->rc;
	if (run->baseline != NULL && use_baseline(run, err) < 0)
		return err->rc;
	if (run->changed != NULL && keep_changed(run, err) < 0)
		return err->rc;
	tell_passes(run);
	return KT_OK;
}

static enum kt_exit
lint(struct run *run, char **paths, int n)
{
	struct kt_err err;

	set_today(&run->o);
	if (read_files(run, paths, n, &err) < 0 ||
	    read_detectors(run, &err) < 0)
		goto fail;
	if (look(run, &err) < 0)
		goto fail;
	if (run->fix != KT_REPORT_FIX_NONE || run->is_diff) {
		if (run->fix == KT_REPORT_FIX_NONE)
			run->fix = KT_REPORT_FIX_SAFE;
		if (mend(run, &err) < 0)
			goto fail;
		if (run->is_diff)
			return KT_EXIT_YES;
		kt_report_free(&run->r);
		kt_cmd_files_fini(&run->files);
		if (read_files(run, paths, n, &err) < 0 || look(run, &err) < 0)
			goto fail;
	}
	if (run->write_baseline != NULL) {
		struct kt_cmd_outputs all = { .n = 1, .never_fails = true };

		all.at[0].format = kt_report_format_named(KT_SPAN("json"));
		all.at[0].path = run->write_baseline;
		return kt_cmd_outputs_write(&all, run->r);
	}
	return kt_cmd_outputs_write(&run->out, run->r);
fail:
	kt_say("%s", err.text);
	return KT_EXIT_UNKNOWN;
}

/* --list-rules */
static enum kt_exit
list(const struct kt_cmd_outputs *o)
{
	bool is_json = o->n > 0 && strcmp(o->at[0].format->name, "json") == 0;
	struct kt_json_writer w;
	struct kt_buf b;
	enum kt_exit status = KT_EXIT_YES;

	kt_buf_init(&b, TEXT_MAX);
	kt_json_writer_init(&w, &b);
	kt_json_begin_array(&w);
	for (size_t i = 0; i < KT_LINT_CODES; i++) {
		const struct kt_report_rule *rule = &kt_lint_rules[i];
		const char *severity = kt_report_severities[rule->severity];
		const char *preset = kt_lint_presets[
		    kt_lint_preset_of((enum kt_lint_code)i)];
		static const char *const fixes[] = { "", "safe", "unsafe" };
		const char *fix = fixes[kt_lint_fix_of((enum kt_lint_code)i)];

		if (!is_json) {
			(void)printf("%s  %-8s %-8s %-7s %s\n", rule->code,
			    severity, preset, fix, rule->title);
			continue;
		}
		kt_json_begin_object(&w);
		kt_json_named_cstr(&w, "code", rule->code);
		kt_json_named_cstr(&w, "severity", severity);
		kt_json_named_cstr(&w, "preset", preset);
		kt_json_named_cstr(&w, "fix", fix);
		kt_json_named_cstr(&w, "title", rule->title);
		kt_json_named_cstr(&w, "why", rule->why);
		kt_json_named_cstr(&w, "help", rule->help);
		kt_json_end_object(&w);
	}
	kt_json_end_array(&w);
	if (is_json && (kt_json_written(&w) < 0 || kt_buf_addc(&b, '\n') < 0)) {
		kt_say("the report does not fit into memory");
		status = KT_EXIT_UNKNOWN;
	} else if (!kt_print(is_json ? kt_buf_span(&b) : KT_SPAN(""))) {
		status = KT_EXIT_UNKNOWN;
	}
	kt_buf_fini(&b);
	return status;
}

enum { PRESET = KT_OPT_LONG, SELECT, IGNORE, BASELINE, WRITE_BASELINE, FIX,
	DIFF, STDIN_NAME, CHANGED, LIST };

static const struct kt_opt opts[] = {
	KT_OPT_REPORT_LINES,
	KT_OPT_POLICY_LINE,
	{ PRESET, "preset", "PRESET",
	  "relaxed (what the gateway refuses), default or strict" },
	{ SELECT, "select", "CODES", "only these, such as KT4,KT301" },
	{ IGNORE, "ignore", "CODES", "all but these" },
	{ BASELINE, "baseline", "FILE",
	  "leave out what an earlier report (-o json) tells" },
	{ WRITE_BASELINE, "write-baseline", "FILE", "write such a report" },
	{ FIX, "fix", "[=HOW]",
	  "mend what can be: safe (the default) or unsafe" },
	{ DIFF, "diff", NULL, "print what --fix would do, as a patch" },
	{ STDIN_NAME, "stdin-filename", "NAME", "what to call standard input" },
	{ CHANGED, "changed-since", "COMMIT",
	  "only lines that git says were changed since" },
	{ LIST, "list-rules", NULL, "print the catalogue" },
};

static const char *
take(struct run *run, int c, char *value)
{
	switch (c) {
	case PRESET:
		for (int i = 0; kt_lint_presets[i] != NULL; i++) {
			if (strcmp(value, kt_lint_presets[i]) == 0) {
				run->o.preset = (enum kt_lint_preset)i;
				return NULL;
			}
		}
		return "the presets are relaxed, default and strict";
	case FIX:
		run->fix = KT_REPORT_FIX_SAFE;
		if (value == NULL || strcmp(value, "safe") == 0)
			return NULL;
		run->fix = KT_REPORT_FIX_UNSAFE;
		return strcmp(value, "unsafe") == 0 ? NULL :
		    "fixes are safe or unsafe";
	case SELECT: run->select = value; break;
	case IGNORE: run->ignore = value; break;
	case BASELINE: run->baseline = value; break;
	case WRITE_BASELINE: run->write_baseline = value; break;
	case DIFF: run->is_diff = true; break;
	case STDIN_NAME: run->stdin_name = value; break;
	case CHANGED: run->changed = value; break;
	case LIST: run->is_list = true; break;
	default: break;
	}
	return NULL;
}

static enum kt_exit
begin(struct run *run, int argc, char **argv)
{
	struct kt_args args = { .cmd = run->self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	char *merged[KT_CONFIG_FILES_MAX];
	const char *misuse = NULL;
	struct kt_err err;
	int n = 0, c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		if (c == KT_OPT_POLICY && n < KT_CONFIG_FILES_MAX)
			merged[n++] = args.value;
		else if (!kt_cmd_outputs_take(&run->out, c, args.value, &misuse))
			misuse = take(run, c, args.value);
		if (misuse != NULL)
			return kt_misuse(run->self, "%s", misuse);
	}
	if (n > 0 && args.operand < argc)
		return kt_misuse(run->self, "files are named either as operands, "
		    "one configuration each, or with --policy-config, together one");
	if (kt_lint_choose(&run->o, run->select, run->ignore, &err) < 0)
		return kt_misuse(run->self, "%s: --list-rules has them", err.text);
	for (int i = args.operand; i < argc; i++) {
		if (strcmp(argv[i], "-") == 0 && !run->is_diff &&
		    run->fix != KT_REPORT_FIX_NONE)
			return kt_misuse(run->self, "standard input cannot be "
			    "mended: --diff prints a patch");
	}
	if (run->is_list)
		return list(&run->out);
	run->is_merged = n > 0;
	return n > 0 ? lint(run, merged, n) :
	    lint(run, argv + args.operand, argc - args.operand);
}

enum kt_exit
kt_cmd_policy_lint(const struct kt_cmd *self, int argc, char **argv)
{
	struct run *run = kt_alloc(sizeof(*run));
	enum kt_exit status = KT_EXIT_UNKNOWN;

	if (run == NULL) {
		kt_say("out of memory");
		return status;
	}
	run->self = self;
	run->o.preset = KT_LINT_DEFAULT;
	run->out.fail = KT_REPORT_ERROR;
	run->stdin_name = "stdin";
	run->mem = kt_arena_new(DETECTORS_ARENA_MAX);
	if (run->mem != NULL)
		status = begin(run, argc, argv);
	kt_report_free(&run->r);
	kt_cmd_files_fini(&run->files);
	kt_cmd_files_fini(&run->detectors);
	kt_arena_free(&run->mem);
	kt_buf_fini(&run->saved);
	kt_free(run);
	return status;
}

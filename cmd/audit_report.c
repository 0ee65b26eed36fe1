/*
 * audit report - what a log has to say to the questions of a framework.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Figures, the records behind them and what they do not show; whether that
 * is enough is not for a program to say.
 */
#include <errno.h>

#include "audit/canon.h"
#include "audit/limits.h"
#include "cmd/audit/bundle.h"
#include "cmd/audit/figures.h"
#include "cmd/audit/signed_report.h"
#include "cmd/cmd.h"

enum { FRAMEWORK = KT_OPT_LONG, FORMAT, OUT, SINCE, UNTIL, VKEY, SIGN };

static const struct kt_opt options[] = {
	{ FRAMEWORK, "framework", "NAME",
	    "eu-ai-act, nist-ai-rmf, hipaa, soc2 or gdpr" },
	{ FORMAT, "format", "FORMAT", "md (default), json or html" },
	KT_OPT_JSON_LINE,
	{ OUT, "out", "FILE", "where to write (default: standard output)" },
	{ SIGN, "sign", NULL, "by the log's key, in FILE.note" },
	{ SINCE, "since", "TIME", "not before, such as 2026-11" },
	{ UNTIL, "until", "TIME", "before" },
	{ VKEY, "vkey", "KEY", "the key to trust, or a file that holds it" },
};

enum format { MD, JSON, HTML };

struct run {
	enum kt_framework framework;
	enum format format;
	const char *out, *vkey;
	bool is_signed;
	struct kt_figures figures;
};

/* ---- Markdown ---- */

static void
tallies(const struct kt_tally *t, const char *title, FILE *out)
{
	(void)fprintf(out, "\n## %s\n\n", title);
	for (size_t i = 0; i < t->n; i++) {
		(void)fputs("- ", out);
		kt_report_put(kt_span_of(t->at[i].word), out);
		(void)fprintf(out, ": %llu\n", (unsigned long long)t->at[i].n);
	}
}

static void
write_md_facts(const struct kt_report_told *t, FILE *out)
{
	char facts[KT_REPORT_FACTS][KT_REPORT_FACT];
	size_t n = kt_report_facts(t, facts);

	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "- %s\n", facts[i]);
	(void)fputc('\n', out);
}

static void
write_md_period(const struct kt_figures *f, FILE *out)
{
	if (f->since.len == 0 && f->until.len == 0)
		return;
	(void)fprintf(out, "Period: from %.*s to %.*s.\n\n",
	    KT_SPAN_ARG(f->since.len > 0 ? f->since : KT_SPAN("the beginning")),
	    KT_SPAN_ARG(f->until.len > 0 ? f->until : KT_SPAN("the end")));
}

static void
write_md(const struct kt_report_told *t, FILE *out)
{
	const struct kt_audit_report *r = t->log;
	struct kt_audit_limit limits[KT_AUDIT_LIMITS_MAX];
	size_t n = kt_audit_not_proven(r, limits);

	(void)fprintf(out, "# %s\n\nLog `", kt_framework_titles[t->framework]);
	kt_report_put(kt_span_of(r->origin), out);
	(void)fprintf(out, "`, records [%llu, %llu), verified: "
	    "%s.\nCounts and records, not a judgement whether a demand is "
	    "met. `kt audit prove INDEX`\nproves a record.\n\n",
	    (unsigned long long)r->first, (unsigned long long)r->size,
	    r->nbreaks > 0 ? "TAMPERED" : "intact");
	write_md_facts(t, out);
	write_md_period(t->figures, out);
	(void)fprintf(out, "| Article | Demand | Figure | Count | Records |\n"
	    "|---|---|---|---:|---|\n");
	for (size_t i = 0; i < 2 * kt_controls_n; i++) {
		const struct kt_control *c = &kt_controls[i / 2];
		enum kt_figure g = c->figures[i % 2];

		if (c->framework != t->framework)
			continue;
		(void)fprintf(out, "| %s | %s | %s | %llu |",
		    i % 2 == 0 ? c->article : "", i % 2 == 0 ? c->demand : "",
		    kt_figure_texts[g],
		    (unsigned long long)t->figures->at[g].n);
		for (uint64_t k = 0; k < t->figures->at[g].n &&
		    k < KT_FIGURE_SAMPLES; k++)
			(void)fprintf(out, " %llu", (unsigned long long)
			    t->figures->at[g].samples[k]);
		(void)fprintf(out, " |\n");
		if (i % 2 == 1 && kt_control_is_empty(c, t->figures))
			(void)fprintf(out, "| | Nothing on record for this "
			    "demand | | | |\n");
	}
	tallies(&t->figures->decisions, "Decisions", out);
	tallies(&t->figures->classes, "Classes", out);
	tallies(&t->figures->outcomes, "Outcomes", out);
	(void)fprintf(out, "\n## By day\n\n| Day | Calls | Stopped | Tokens | "
	    "Cost |\n|---|---:|---:|---:|---:|\n");
	for (size_t i = 0; i < t->figures->ndays; i++) {
		const struct kt_day *d = &t->figures->days[i];

		(void)fprintf(out, "| %s | %llu | %llu | %llu | %.6f |\n",
		    d->date, (unsigned long long)d->calls,
		    (unsigned long long)d->stopped,
		    (unsigned long long)d->tokens,
		    (double)d->cost_micro / 1e6);
	}
	(void)fprintf(out, "\n## Not proven\n\n");
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "- %s\n", limits[i].text);
}

/* ---- JSON ---- */

static void
put_figure(struct kt_audit_put *p, const struct kt_figures *f,
    enum kt_figure g)
{
	kt_audit_put_open(p, '{');
	kt_audit_member_int(p, "count", f->at[g].n);
	kt_audit_member_text(p, "figure", kt_span_of(kt_figure_texts[g]));
	kt_audit_put_name(p, "records");
	kt_audit_put_open(p, '[');
	for (uint64_t k = 0; k < f->at[g].n && k < KT_FIGURE_SAMPLES; k++)
		kt_audit_put_int(p, f->at[g].samples[k]);
	kt_audit_put_close(p, ']');
	kt_audit_put_close(p, '}');
}

static void
put_controls(struct kt_audit_put *p, const struct kt_report_told *t)
{
	kt_audit_put_name(p, "controls");
	kt_audit_put_open(p, '[');
	for (size_t i = 0; i < kt_controls_n; i++) {
		const struct kt_control *c = &kt_controls[i];

		if (c->framework != t->framework)
			continue;
		kt_audit_put_open(p, '{');
		kt_audit_member_text(p, "article", kt_span_of(c->article));
		kt_audit_member_text(p, "demand", kt_span_of(c->demand));
		kt_audit_member_bool(
		    p, "empty", kt_control_is_empty(c, t->figures));
		kt_audit_put_name(p, "figures");
		kt_audit_put_open(p, '[');
		put_figure(p, t->figures, c->figures[0]);
		put_figure(p, t->figures, c->figures[1]);
		kt_audit_put_close(p, ']');
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
}

static void
put_words(struct kt_audit_put *p, const char *name, const struct kt_tally *t,
    const uint64_t *values)
{
	kt_audit_put_name(p, name);
	kt_audit_put_open(p, '[');
	for (size_t k = 0; k < t->n; k++) {
		if (values[k] == 0)
			continue;
		kt_audit_put_open(p, '{');
		kt_audit_member_int(p, "count", values[k]);
		kt_audit_member_text(p, "word", kt_span_of(t->at[k].word));
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
}

static void
put_days(struct kt_audit_put *p, const struct kt_figures *f)
{
	kt_audit_put_name(p, "days");
	kt_audit_put_open(p, '[');
	for (size_t i = 0; i < f->ndays; i++) {
		kt_audit_put_open(p, '{');
		kt_audit_member_int(p, "calls", f->days[i].calls);
		put_words(p, "classes", &f->classes, f->days[i].classes);
		kt_audit_member_int(p, "cost_micro", f->days[i].cost_micro);
		kt_audit_member_text(p, "date", kt_span_of(f->days[i].date));
		put_words(p, "decisions", &f->decisions,
		    f->days[i].decisions);
		kt_audit_member_int(p, "stopped", f->days[i].stopped);
		kt_audit_member_int(p, "tokens", f->days[i].tokens);
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
}

static void
put_facts(struct kt_audit_put *p, const struct kt_report_told *t)
{
	char facts[KT_REPORT_FACTS][KT_REPORT_FACT];
	size_t n = kt_report_facts(t, facts);

	kt_audit_put_name(p, "facts");
	kt_audit_put_open(p, '[');
	for (size_t i = 0; i < n; i++)
		kt_audit_put_text(p, kt_span_of(facts[i]));
	kt_audit_put_close(p, ']');
}

static void
put_checkpoint(struct kt_audit_put *p, const struct kt_audit_report *r)
{
	char root[2 * KT_AUDIT_HASH + 1];

	kt_hex(r->newest_root, KT_AUDIT_HASH, root);
	kt_audit_put_name(p, "checkpoint");
	kt_audit_put_open(p, '{');
	kt_audit_member_text(p, "root", kt_span_of(root));
	kt_audit_member_int(p, "size", r->newest_size);
	kt_audit_put_close(p, '}');
}

static enum kt_rc
write_json(const struct kt_report_told *t, FILE *out, struct kt_err *err)
{
	struct kt_audit_limit limits[KT_AUDIT_LIMITS_MAX];
	size_t n = kt_audit_not_proven(t->log, limits);
	struct kt_audit_put p;
	struct kt_buf text;
	enum kt_rc rc;

	kt_buf_init(&text, 16u << 20);
	kt_audit_put_begin(&p, &text);
	put_checkpoint(&p, t->log);
	put_controls(&p, t);
	put_days(&p, t->figures);
	put_facts(&p, t);
	kt_audit_member_text(
	    &p, "framework", kt_span_of(kt_framework_words[t->framework]));
	kt_audit_put_name(&p, "not_proven");
	kt_audit_put_open(&p, '[');
	for (size_t i = 0; i < n; i++)
		kt_audit_put_text(&p, kt_span_of(limits[i].text));
	kt_audit_put_close(&p, ']');
	kt_audit_member_text(&p, "origin", kt_span_of(t->log->origin));
	kt_audit_member_text(&p, "result", t->log->nbreaks > 0 ?
	    KT_SPAN("tampered") : KT_SPAN("intact"));
	kt_audit_member_text(&p, "since", t->figures->since);
	kt_audit_member_int(&p, "size", t->log->size);
	kt_audit_member_text(&p, "until", t->figures->until);
	rc = kt_audit_put_finish(&p, err);
	if (rc == KT_OK)
		(void)fprintf(out, "%.*s\n", KT_SPAN_ARG(kt_buf_span(&text)));
	kt_buf_fini(&text);
	return rc;
}

/* ---- the command ---- */

static enum kt_rc
write_report(const struct run *r, const struct kt_audit_report *log,
    const struct kt_revoked *revoked, struct kt_err *err)
{
	struct kt_report_told t = { r->framework, &r->figures, log, revoked };
	FILE *out = stdout;
	enum kt_rc rc = KT_OK;

	if (r->out != NULL && strcmp(r->out, "-") != 0)
		out = fopen(r->out, "w");
	if (out == NULL)
		return kt_fail(err, KT_E_IO, "%s: %s", r->out,
		    strerror(errno));
	switch (r->format) {
	case MD:
		write_md(&t, out);
		break;
	case JSON:
		rc = write_json(&t, out, err);
		break;
	case HTML:
		kt_report_html(&t, out);
		break;
	}
	if (fflush(out) != 0 || ferror(out) != 0)
		rc = kt_fail(err, KT_E_IO, "the report cannot be written");
	if (out != stdout && fclose(out) != 0 && rc == KT_OK)
		rc = kt_fail(err, KT_E_IO, "the report cannot be written");
	return rc;
}

static enum kt_exit
run(struct run *r, const char *dir)
{
	struct kt_judge j = { .progress = NULL };
	const struct kt_audit_report *log = NULL;
	struct kt_revoked revoked = { .is_there = false };
	struct kt_err err = { .rc = KT_OK };
	enum kt_exit e = KT_EXIT_YES;
	struct kt_buf key;

	kt_buf_init(&key, 1u << 20);
	j.dir.notes.fd = -1; /* nothing to close before it is open */
	if (r->vkey == NULL || kt_text_or_file(r->vkey, &key, &err) == KT_OK)
		log = kt_judge(&j, dir, kt_buf_span(&key), NULL,
		    kt_figures_see, &r->figures);
	if (log == NULL) {
		e = kt_exit_untold(err.rc < 0 ? &err : &j.err);
	} else if (kt_revoked_read(&revoked, log, j.dir.dir, &err) < 0 ||
	    write_report(r, log, &revoked, &err) < 0 || (r->is_signed &&
	    kt_report_sign(r->out, j.dir.dir, log->origin, &err) < 0)) {
		kt_say("%s", err.text);
		e = KT_EXIT_UNKNOWN;
	} else if (log->nbreaks > 0) {
		kt_say("the log was tampered with: see kt audit verify");
		e = KT_EXIT_NO;
	}
	kt_judge_fini(&j);
	kt_figures_fini(&r->figures);
	kt_buf_fini(&key);
	return e;
}

/* The place of `word` in the list, or n. */
static size_t
place(const char *word, const char *const *list, size_t n)
{
	size_t i = 0;

	while (i < n && strcmp(word, list[i]) != 0)
		i++;
	return i;
}

static const char *const formats[] = { "md", "json", "html", NULL };

static bool
take(struct run *r, int opt, const char *value)
{
	size_t k;

	switch (opt) {
	case FRAMEWORK:
		k = place(value, kt_framework_words, KT_FRAMEWORKS);
		r->framework = (enum kt_framework)k;
		return k < KT_FRAMEWORKS;
	case FORMAT:
		k = place(value, formats, HTML + 1);
		r->format = (enum format)k;
		return k <= HTML;
	case KT_OPT_JSON:
		r->format = JSON;
		return true;
	case OUT:
		r->out = value;
		return true;
	case SIGN:
		r->is_signed = true;
		return true;
	case SINCE:
		return kt_audit_time_take(value, &r->figures.since);
	case UNTIL:
		return kt_audit_time_take(value, &r->figures.until);
	default:
		r->vkey = value;
		return true;
	}
}

enum kt_exit
kt_cmd_audit_report(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct run r = { .framework = KT_FRAMEWORKS,
		.figures = { .since = KT_SPAN("") } };
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		if (!take(&r, opt, args.value))
			return opt == FORMAT || opt == FRAMEWORK ?
			    kt_misuse_word(self, opt == FORMAT ? "format" :
			        "framework", args.value, opt == FORMAT ?
			        formats : kt_framework_words) :
			    kt_misuse(self, "'%s' is no time: "
			        KT_AUDIT_TIME_FORM, args.value);
	}
	if (r.framework == KT_FRAMEWORKS)
		return kt_misuse(self, "name a --framework");
	if (r.is_signed && (r.out == NULL || strcmp(r.out, "-") == 0))
		return kt_misuse(self, "--sign takes --out FILE");
	if (argc - args.operand > 1)
		return kt_misuse(self, "one directory at a time");
	return run(&r, kt_audit_dir_default(args.operand < argc ?
	    argv[args.operand] : NULL));
}

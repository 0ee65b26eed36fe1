/*
 * page - a report as one HTML file that opens anywhere.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Plots are SVG in the page: no script, no font and no image from elsewhere,
 * for the page is opened on machines that reach nothing.
 */
#include "cmd/audit/figures.h"

#include <stddef.h>

#include "audit/audit.h"
#include "audit/limits.h"
#include "cmd/audit/row.h"

#define WIDTH 720
#define HEIGHT 160
#define WIDEST 48 /* of a day, where there are few */
#define COLOURS 8 /* that most eyes tell apart */

static const char head[] =
"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
"style-src 'unsafe-inline'\">\n"
"<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
"<style>body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem "
"auto;padding:0 1rem;color:#222}table{border-collapse:collapse;width:100%%}"
"td,th{border-bottom:1px solid #ddd;padding:.3rem .5rem;text-align:left;"
"vertical-align:top}code{overflow-wrap:anywhere}th{white-space:nowrap}"
"td.n{text-align:right;font-variant-numeric:tabular-nums}"
"svg{width:100%%;height:auto}svg.key{width:.7em}path{stroke:#bbb}"
".s0{fill:#0072b2}.s1{fill:#d55e00}.s2{fill:#009e73}.s3{fill:#cc79a7}"
".s4{fill:#e69f00}.s5{fill:#56b4e9}.s6{fill:#b8ac00}.s7{fill:#666}"
"text{font:11px system-ui,sans-serif;fill:#555}small{color:#555}</style>"
"</head><body>\n<h1>%s</h1>\n";

void
kt_report_put(struct kt_span text, FILE *out)
{
	char c[16];

	while (text.len > 0) {
		(void)kt_row_escape(&text, c);
		(void)fputs(*c == '<' ? "&lt;" : *c == '&' ? "&amp;" : c, out);
	}
}

/* As it was asked for: anything may stand there. */
static void
period(const struct kt_figures *f, FILE *out)
{
	if (f->since.len == 0 && f->until.len == 0)
		return;
	(void)fputs("<p>Period: from ", out);
	kt_report_put(
	    f->since.len > 0 ? f->since : KT_SPAN("the beginning"), out);
	(void)fputs(" to ", out);
	kt_report_put(f->until.len > 0 ? f->until : KT_SPAN("the end"), out);
	(void)fputs(".</p>\n", out);
}

static void
samples(const struct kt_figures *f, enum kt_figure k, FILE *out)
{
	for (uint64_t i = 0; i < f->at[k].n && i < KT_FIGURE_SAMPLES; i++)
		(void)fprintf(out, "%s%llu", i == 0 ? "" : ", ",
		    (unsigned long long)f->at[k].samples[i]);
}

static void
controls(const struct kt_report_told *t, FILE *out)
{
	(void)fputs("<h2>Demands and figures</h2>\n<table><tr><th>Article<th>"
		    "Demand<th>Figure<th>Count<th>First records</tr>\n", out);
	for (size_t i = 0; i < kt_controls_n; i++) {
		const struct kt_control *c = &kt_controls[i];

		if (c->framework != t->framework)
			continue;
		for (int k = 0; k < 2; k++) {
			enum kt_figure g = c->figures[k];

			(void)fprintf(out, "<tr><td>%s<td>%s<td>%s<td "
			    "class=\"n\">%llu<td><small>",
			    k == 0 ? c->article : "", k == 0 ? c->demand : "",
			    kt_figure_texts[g],
			    (unsigned long long)t->figures->at[g].n);
			samples(t->figures, g, out);
			(void)fputs("</small></tr>\n", out);
		}
		if (kt_control_is_empty(c, t->figures))
			(void)fputs("<tr><td><td colspan=\"4\">Nothing on "
				    "record for this demand.</tr>\n", out);
	}
	(void)fputs("</table>\n", out);
}

static void
facts_of(const struct kt_report_told *t, FILE *out)
{
	char facts[KT_REPORT_FACTS][KT_REPORT_FACT];
	size_t n = kt_report_facts(t, facts);

	(void)fputs("<ul>\n", out);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "<li>%s</li>\n", facts[i]);
	(void)fputs("</ul>\n", out);
}

/* ---- plots ---- */

struct series { /* values of a day, one above the other */
	const char *title, *unit;
	const struct kt_tally *words; /* NULL: one, and all of it */
	size_t offset;                /* of the first value in a day */
	uint64_t divisor;             /* of the numbers that are printed */
};

static uint64_t
value(const struct kt_day *d, const struct series *s, size_t k)
{
	const char *at = (const char *)d + s->offset;
	uint64_t v;

	memcpy(&v, at + k * sizeof(v), sizeof(v));
	return v;
}

static size_t
count_of(const struct series *s)
{
	return s->words != NULL ? s->words->n : 1;
}

static uint64_t
sum_of(const struct kt_day *d, const struct series *s)
{
	uint64_t sum = 0;

	for (size_t k = 0; k < count_of(s); k++)
		sum += value(d, s, k);
	return sum;
}

/* The same word has the same colour in every plot of every page. */
static size_t
colour(const struct series *s, size_t k)
{
	static const struct {
		const char *word;
		size_t colour;
	} known[] = { { "pass", 2 }, { "none", 2 }, { "redact", 4 },
		{ "block", 1 }, { "truncate", 6 }, { "error", 7 },
		{ "internal", 5 }, { "clinical", 3 }, { "pii", 4 },
		{ "pci", 6 }, { "phi", 1 }, { "secret", 7 } };

	for (size_t i = 0; s->words != NULL && i < KT_NELEMS(known); i++) {
		if (strcmp(s->words->at[k].word, known[i].word) == 0)
			return known[i].colour;
	}
	return k % COLOURS;
}

/* Days since 1970: one without calls has its place all the same. */
static uint64_t
number_of(const struct kt_day *d)
{
	char ts[40];
	uint64_t us = 0;

	(void)snprintf(ts, sizeof(ts), "%sT00:00:00.000000Z", d->date);
	(void)kt_audit_time_parse(kt_span_of(ts), &us); /* else it is 0 */
	return us / 86400000000u;
}

static double
width_of_day(const struct kt_figures *f)
{
	uint64_t days = 1 + number_of(&f->days[f->ndays - 1]) -
	    number_of(&f->days[0]);
	double w = (double)WIDTH / (double)days;

	return w < WIDEST ? w : WIDEST;
}

static void
bars(const struct kt_figures *f, const struct series *s, size_t day,
    uint64_t most, FILE *out)
{
	double w = width_of_day(f), top = HEIGHT + 16, x = w *
	    (double)(number_of(&f->days[day]) - number_of(&f->days[0]));

	for (size_t k = 0; k < count_of(s); k++) {
		uint64_t v = value(&f->days[day], s, k);
		double h = (double)v / (double)most * HEIGHT;

		if (v == 0)
			continue;
		top -= h;
		(void)fprintf(out, "<rect class=\"s%zu\" x=\"%.2f\" "
		    "y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"><title>%s",
		    colour(s, k), x, top, w * 0.9, h,
		    f->days[day].date);
		if (s->words != NULL) {
			(void)fputc(' ', out);
			kt_report_put(kt_span_of(s->words->at[k].word), out);
		}
		(void)fprintf(out, ": %.6g%s</title></rect>\n",
		    (double)v / (double)s->divisor, s->unit);
	}
}

static void
legend(const struct series *s, FILE *out)
{
	if (s->words == NULL)
		return;
	(void)fputs("<p>", out);
	for (size_t k = 0; k < s->words->n; k++) {
		(void)fprintf(out, "<svg class=\"key\" viewBox=\"0 0 9 9\">"
		    "<rect class=\"s%zu\" width=\"9\" height=\"9\"/></svg> ",
		    colour(s, k));
		kt_report_put(kt_span_of(s->words->at[k].word), out);
		(void)fputs(" &nbsp; ", out);
	}
	(void)fputs("</p>\n", out);
}

/* Of the first day, and of the last where there is room beneath its bar. */
static void
dates(const struct kt_figures *f, FILE *out)
{
	const struct kt_day *first = &f->days[0];
	const struct kt_day *last = &f->days[f->ndays - 1];
	double right = width_of_day(f) *
	    (double)(1 + number_of(last) - number_of(first));

	(void)fprintf(out, "<path d=\"M0 %dH%d\"/><text x=\"0\" y=\"%d\">%s"
	    "</text>", HEIGHT + 16, WIDTH, HEIGHT + 30, first->date);
	if (right > 3 * WIDEST)
		(void)fprintf(out, "<text x=\"%.2f\" y=\"%d\" "
		    "text-anchor=\"end\">%s</text>", right, HEIGHT + 30,
		    last->date);
	(void)fputs("\n</svg>\n", out);
}

static void
plot(const struct kt_figures *f, const struct series *s, FILE *out)
{
	uint64_t most = 0;

	for (size_t i = 0; i < f->ndays; i++)
		most = sum_of(&f->days[i], s) > most ?
		    sum_of(&f->days[i], s) : most;
	(void)fprintf(out, "<h3>%s</h3>\n", s->title);
	if (most == 0) {
		(void)fputs("<p>Nothing on record.</p>\n", out);
		return;
	}
	(void)fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>%s"
	    "</title><text x=\"0\" y=\"11\">%.6g%s</text>\n", WIDTH,
	    HEIGHT + 34, s->title, (double)most / (double)s->divisor, s->unit);
	for (size_t i = 0; i < f->ndays; i++)
		bars(f, s, i, most, out);
	dates(f, out);
	legend(s, out);
}

static void
plots(const struct kt_figures *f, FILE *out)
{
	const struct series all[] = {
		{ "Calls by day", "", NULL, offsetof(struct kt_day, calls),
		    1 },
		{ "Decisions by day", "", &f->decisions,
		    offsetof(struct kt_day, decisions), 1 },
		{ "Highest class of calls by day", "", &f->classes,
		    offsetof(struct kt_day, classes), 1 },
		{ "Calls blocked or cut by day", "", NULL,
		    offsetof(struct kt_day, stopped), 1 },
		{ "Tokens that providers reported, by day", "", NULL,
		    offsetof(struct kt_day, tokens), 1 },
		{ "Cost by day, in the currency of the prices", "", NULL,
		    offsetof(struct kt_day, cost_micro), 1000000 },
	};

	(void)fputs("<h2>Over time</h2>\n", out);
	for (size_t i = 0; i < KT_NELEMS(all); i++)
		plot(f, &all[i], out);
}

static void
tallies(const struct kt_tally *t, const char *title, FILE *out)
{
	(void)fprintf(out, "<h3>%s</h3>\n<table>\n", title);
	for (size_t i = 0; i < t->n; i++) {
		(void)fputs("<tr><td>", out);
		kt_report_put(kt_span_of(t->at[i].word), out);
		(void)fprintf(out, "<td class=\"n\">%llu</tr>\n",
		    (unsigned long long)t->at[i].n);
	}
	(void)fputs("</table>\n", out);
}

void
kt_report_html(const struct kt_report_told *t, FILE *out)
{
	const struct kt_audit_report *r = t->log;
	const char *title = kt_framework_titles[t->framework];
	struct kt_audit_limit limits[KT_AUDIT_LIMITS_MAX];
	size_t n = kt_audit_not_proven(r, limits);

	(void)fprintf(out, head, title, title);
	(void)fputs("<p>Log <code>", out);
	kt_report_put(kt_span_of(r->origin), out);
	(void)fprintf(out, "</code>, records [%llu, %llu), verified: "
	    "<strong>%s</strong>. Counts and records, not a judgement whether "
	    "a demand is met. <code>kt audit prove INDEX</code> proves a "
	    "record.</p>\n", (unsigned long long)r->first,
	    (unsigned long long)r->size,
	    r->nbreaks > 0 ? "TAMPERED" : "intact");
	facts_of(t, out);
	period(t->figures, out);
	controls(t, out);
	plots(t->figures, out);
	tallies(&t->figures->decisions, "Decisions", out);
	tallies(&t->figures->classes, "Classes", out);
	tallies(&t->figures->outcomes, "Outcomes", out);
	(void)fputs("<h2>Not proven</h2>\n<ul>\n", out);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "<li>%s</li>\n", limits[i].text);
	(void)fputs("</ul>\n</body></html>\n", out);
}

/*
 * page - a report as one HTML file that opens anywhere.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Plots are SVG in the page: no script, no font and no image from elsewhere,
 * for the page is opened on machines that reach nothing.
 */
#include "cmd/audit/figures.h"

#define WIDTH 720
#define HEIGHT 160

static const char head[] =
"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
"style-src 'unsafe-inline'\">\n"
"<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
"<style>body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem "
"auto;padding:0 1rem;color:#222}table{border-collapse:collapse;width:100%%}"
"td,th{border-bottom:1px solid #ddd;padding:.3rem .5rem;text-align:left;"
"vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}"
"svg{width:100%%;height:auto}rect.a{fill:#2b6cb0}rect.b{fill:#c05621}"
"text{font:11px system-ui,sans-serif;fill:#555}small{color:#555}</style>"
"</head><body>\n<h1>%s</h1>\n";

/* Text of a record, which anybody may have written. */
static void
put(struct kt_span text, FILE *out)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.ptr[i]) {
		case '<':
			(void)fputs("&lt;", out);
			break;
		case '&':
			(void)fputs("&amp;", out);
			break;
		default:
			(void)fputc(text.ptr[i], out);
		}
	}
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
		    "Demand<th>Figure<th>Count<th>Records</tr>\n", out);
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
	}
	(void)fputs("</table>\n", out);
}

static uint64_t
value(const struct kt_day *d, int which)
{
	return which == 0 ? d->calls : which == 1 ? d->stopped : d->tokens;
}

/* Bars of one value, and of another in front of it. */
static void
plot(const struct kt_figures *f, const char *title, int back, int front,
    FILE *out)
{
	uint64_t most = 1;

	for (size_t i = 0; i < f->ndays; i++)
		most = value(&f->days[i], back) > most ?
		    value(&f->days[i], back) : most;
	(void)fprintf(out, "<h3>%s</h3>\n<svg viewBox=\"0 0 %d %d\" role=\"img\">"
	    "<text x=\"0\" y=\"11\">%llu</text>\n", title, WIDTH, HEIGHT + 34,
	    (unsigned long long)most);
	for (size_t i = 0; i < f->ndays; i++) {
		for (int k = 0; k < (front < 0 ? 1 : 2); k++) {
			double h = (double)value(&f->days[i],
			    k == 0 ? back : front) / (double)most * HEIGHT;
			double w = (double)WIDTH / (double)f->ndays;

			(void)fprintf(out, "<rect class=\"%c\" x=\"%.2f\" "
			    "y=\"%.2f\" width=\"%.2f\" height=\"%.2f\">"
			    "<title>%s: %llu</title></rect>\n", 'a' + k,
			    (double)i * w, HEIGHT + 16 - h, w * 0.9, h,
			    f->days[i].date, (unsigned long long)value(
				&f->days[i], k == 0 ? back : front));
		}
	}
	if (f->ndays > 0)
		(void)fprintf(out, "<text x=\"0\" y=\"%d\">%s</text><text "
		    "x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n",
		    HEIGHT + 30, f->days[0].date, WIDTH, HEIGHT + 30,
		    f->days[f->ndays - 1].date);
	(void)fputs("</svg>\n", out);
}

static void
tallies(const struct kt_tally *t, const char *title, FILE *out)
{
	(void)fprintf(out, "<h3>%s</h3>\n<table>\n", title);
	for (size_t i = 0; i < t->n; i++) {
		(void)fputs("<tr><td>", out);
		put(kt_span_of(t->at[i].word), out);
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
	put(kt_span_of(r->origin), out);
	(void)fprintf(out, "</code>, records [%llu, %llu), verified: "
	    "<strong>%s</strong>. Counts and records, not a judgement whether "
	    "a demand is met.</p>\n", (unsigned long long)r->first,
	    (unsigned long long)r->size,
	    r->nbreaks > 0 ? "TAMPERED" : "intact");
	controls(t, out);
	(void)fputs("<h2>Over time</h2>\n", out);
	plot(t->figures, "Calls, and those blocked or cut, by day", 0, 1, out);
	plot(t->figures, "Tokens that providers reported, by day", 2, -1, out);
	tallies(&t->figures->decisions, "Decisions", out);
	tallies(&t->figures->classes, "Classes", out);
	tallies(&t->figures->outcomes, "Outcomes", out);
	(void)fputs("<h2>Not proven</h2>\n<ul>\n", out);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "<li>%s</li>\n", limits[i].text);
	(void)fputs("</ul>\n</body></html>\n", out);
}

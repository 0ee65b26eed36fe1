/*
 * figures - what a log says in numbers, with records that show it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how a record is counted, and which texts ask for which count.
 * Does not: judge whether a demand is met: people do.
 * Promises: every number comes with the indices of records behind it.
 */
#ifndef KT_FIGURES_H
#define KT_FIGURES_H
#include "cmd/audit/judge.h"
#include "cmd/audit/revoked.h"

enum kt_figure {
	KT_FIGURE_CALLS,
	KT_FIGURE_CHAIN,
	KT_FIGURE_FINDINGS,
	KT_FIGURE_POLICIES,
	KT_FIGURE_STOPPED,
	KT_FIGURE_REDACTED,
	KT_FIGURE_FAILED,
	KT_FIGURE_REJECTS,
	KT_FIGURE_RECOVERIES,
	KT_FIGURE_RETENTION,
	KT_FIGURE_ERASURES,
	KT_FIGURE_ADMIN,
	KT_FIGURE_NAMED,
	KT_FIGURE_SENT,
	KT_FIGURE_PHI,
	KT_FIGURE_PHI_NO_BAA,
	KT_FIGURE_SEGMENTS,
	KT_FIGURES
};
extern const char *const kt_figure_texts[KT_FIGURES];

enum kt_framework {
#define KT_FRAMEWORK(id, word, title) KT_FRAMEWORK_##id,
#define KT_CONTROL(id, article, demand, a, b)
#include "cmd/audit/frameworks.def"
#undef KT_FRAMEWORK
#undef KT_CONTROL
	KT_FRAMEWORKS
};
struct kt_control {
	enum kt_framework framework;
	const char *article, *demand;
	enum kt_figure figures[2];
};
extern const char *const kt_framework_words[KT_FRAMEWORKS + 1]; /* NULL */
extern const char *const kt_framework_titles[KT_FRAMEWORKS];
extern const struct kt_control kt_controls[];
extern const size_t kt_controls_n;

#define KT_FIGURE_SAMPLES 3
#define KT_FIGURE_WORDS 16 /* decisions, classes: more are "other" */
struct kt_tally {
	struct {
		char word[32];
		uint64_t n;
	} at[KT_FIGURE_WORDS];
	size_t n;
};
struct kt_day {
	char date[11];
	uint64_t calls, stopped, tokens, cost_micro;
	/* Beside the words of the tallies of the same name. */
	uint64_t decisions[KT_FIGURE_WORDS], classes[KT_FIGURE_WORDS];
};
struct kt_figures {
	struct {
		uint64_t n, samples[KT_FIGURE_SAMPLES];
	} at[KT_FIGURES];
	struct kt_tally decisions, classes, outcomes;
	struct kt_day *days; /* ascending, owned */
	size_t ndays, days_cap;
	struct kt_span since, until; /* of the period, borrowed */
};
/* Nothing in the period answers to this demand. */
bool kt_control_is_empty(
    const struct kt_control *c, const struct kt_figures *f);
/* A kt_audit_line_fn over a struct kt_figures. */
bool kt_figures_see(void *figures, struct kt_span line);
void kt_figures_fini(struct kt_figures *f);

struct kt_report_told { /* everything a report is written from */
	enum kt_framework framework;
	const struct kt_figures *figures;
	const struct kt_audit_report *log;
	const struct kt_revoked *revoked;
};
#define KT_REPORT_FACTS 6
#define KT_REPORT_FACT 160 /* bytes of one, with its NUL */
/* Sentences about the log: what proves it, and what is missing from it. */
size_t kt_report_facts(const struct kt_report_told *t,
    char facts[static KT_REPORT_FACTS][KT_REPORT_FACT]);
/*
 * Text of a record, which anybody may have written, where it is shown as
 * HTML, which Markdown is as well.
 */
void kt_report_put(struct kt_span text, FILE *out);
/* A page that needs nothing else, with plots. */
void kt_report_html(const struct kt_report_told *t, FILE *out);

#endif

/*
 * figures - counting as the verifier reads.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One pass and fixed memory but for the days: a report over a year must not
 * need a database.
 */
#include "cmd/audit/figures.h"

#include "audit/canon.h"

const char *const kt_figure_texts[KT_FIGURES] = {
	[KT_FIGURE_CALLS] = "calls recorded",
	[KT_FIGURE_CHAIN] = "records in the verified chain",
	[KT_FIGURE_FINDINGS] = "calls with a reason code",
	[KT_FIGURE_POLICIES] = "policies that came into force",
	[KT_FIGURE_STOPPED] = "calls blocked or cut",
	[KT_FIGURE_REDACTED] = "calls redacted",
	[KT_FIGURE_FAILED] = "calls that failed upstream",
	[KT_FIGURE_REJECTS] = "requests refused before they were calls",
	[KT_FIGURE_RECOVERIES] = "recoveries and gaps",
	[KT_FIGURE_RETENTION] = "removals under a retention policy",
	[KT_FIGURE_ERASURES] = "erasures",
	[KT_FIGURE_ADMIN] = "acts of administration",
	[KT_FIGURE_NAMED] = "calls by a named principal",
	[KT_FIGURE_SENT] = "calls sent to a provider",
	[KT_FIGURE_PHI] = "calls with health data",
	[KT_FIGURE_PHI_NO_BAA] = "of these, passed to a target without agreement",
	[KT_FIGURE_SEGMENTS] = "segments, each with software and policy",
};

const char *const kt_framework_words[KT_FRAMEWORKS + 1] = {
#define KT_FRAMEWORK(id, word, title) [KT_FRAMEWORK_##id] = word,
#define KT_CONTROL(id, article, demand, a, b)
#include "cmd/audit/frameworks.def"
#undef KT_FRAMEWORK
#undef KT_CONTROL
};
const char *const kt_framework_titles[KT_FRAMEWORKS] = {
#define KT_FRAMEWORK(id, word, title) [KT_FRAMEWORK_##id] = title,
#define KT_CONTROL(id, article, demand, a, b)
#include "cmd/audit/frameworks.def"
#undef KT_FRAMEWORK
#undef KT_CONTROL
};
const struct kt_control kt_controls[] = {
#define KT_FRAMEWORK(id, word, title)
#define KT_CONTROL(id, article, demand, a, b) \
	{ KT_FRAMEWORK_##id, article, demand, { a, b } },
#include "cmd/audit/frameworks.def"
#undef KT_FRAMEWORK
#undef KT_CONTROL
};
const size_t kt_controls_n = KT_NELEMS(kt_controls);

static void
count(struct kt_figures *f, enum kt_figure k, uint64_t index)
{
	if (f->at[k].n < KT_FIGURE_SAMPLES)
		f->at[k].samples[f->at[k].n] = index;
	f->at[k].n++;
}

/* Where the word is, which is room for one more. */
static size_t
tally(struct kt_tally *t, struct kt_span word)
{
	size_t i = 0;

	while (i < t->n && !kt_span_eq(word, kt_span_of(t->at[i].word)))
		i++;
	if (i == KT_FIGURE_WORDS)
		i--; /* the last one takes what there is no room for */
	if (i == t->n) {
		(void)snprintf(t->at[i].word, sizeof(t->at[i].word), "%.*s",
		    i + 1 == KT_FIGURE_WORDS ? 5 : (int)word.len,
		    i + 1 == KT_FIGURE_WORDS ? "other" : word.ptr);
		t->n++;
	}
	t->at[i].n++;
	return i;
}

static bool
is_text(struct kt_span line, const char *path, const char *want)
{
	struct kt_span v;

	return kt_audit_member_of_text(line, path, &v) &&
	    kt_span_eq(v, kt_span_of(want));
}

static uint64_t
number(struct kt_span line, const char *path)
{
	struct kt_span v;
	uint64_t n = 0;

	return kt_audit_member(line, path, &v) && kt_span_u64(v, &n) ? n : 0;
}

/* Nearly always the last day; a clock that stepped back finds its own. */
static struct kt_day *
day_of(struct kt_figures *f, struct kt_span ts)
{
	struct kt_span date = kt_span_sub(ts, 0, 10);
	size_t at = f->ndays;
	uint64_t ignored; /* what is no time has no day */
	int order = 1;

	while (at > 0 && (order = memcmp(f->days[at - 1].date, date.ptr,
	    date.len)) > 0)
		at--;
	if (at > 0 && order == 0)
		return &f->days[at - 1];
	if (!kt_audit_time_parse(ts, &ignored) ||
	    kt_grow((void **)&f->days, &f->days_cap, f->ndays + 1,
	        sizeof(*f->days)) < 0)
		return NULL;
	memmove(&f->days[at + 1], &f->days[at],
	    (f->ndays++ - at) * sizeof(*f->days));
	f->days[at] = (struct kt_day){ .calls = 0 };
	memcpy(f->days[at].date, date.ptr, 10);
	return &f->days[at];
}

static bool
has_some(struct kt_span line, const char *path)
{
	struct kt_span v;

	return kt_audit_member(line, path, &v) && v.len > 2;
}

static void
see_call(struct kt_figures *f, struct kt_span line, const struct
    kt_audit_line *l)
{
	bool is_stopped = is_text(line, "outcome", "blocked") ||
	    is_text(line, "outcome", "cut-by-policy") ||
	    is_text(line, "decision", "block");
	bool is_phi = is_text(line, "data_class", "phi");
	struct kt_day *day = day_of(f, l->ts);
	struct kt_span v;

	count(f, KT_FIGURE_CALLS, l->i);
	if (has_some(line, "reason_codes"))
		count(f, KT_FIGURE_FINDINGS, l->i);
	if (is_stopped)
		count(f, KT_FIGURE_STOPPED, l->i);
	if (is_text(line, "decision", "redact"))
		count(f, KT_FIGURE_REDACTED, l->i);
	if (kt_audit_member_of_text(line, "outcome", &v) &&
	    kt_span_starts(v, KT_SPAN("upstream-")))
		count(f, KT_FIGURE_FAILED, l->i);
	if (has_some(line, "principal.id"))
		count(f, KT_FIGURE_NAMED, l->i);
	if (has_some(line, "destination.target"))
		count(f, KT_FIGURE_SENT, l->i);
	if (is_phi)
		count(f, KT_FIGURE_PHI, l->i);
	if (is_phi && !is_stopped && has_some(line, "destination.target") &&
	    kt_audit_member(line, "destination.baa", &v) &&
	    kt_span_eq(v, KT_SPAN("false")))
		count(f, KT_FIGURE_PHI_NO_BAA, l->i);
	if (kt_audit_member_of_text(line, "outcome", &v))
		(void)tally(&f->outcomes, v); /* not told by day */
	if (day == NULL)
		return;
	if (kt_audit_member_of_text(line, "decision", &v))
		day->decisions[tally(&f->decisions, v)]++;
	if (kt_audit_member_of_text(line, "data_class", &v))
		day->classes[tally(&f->classes, v)]++;
	day->cost_micro += number(line, "cost_micro");
	day->calls++;
	day->stopped += is_stopped;
	day->tokens += number(line, "tokens.reported_in") +
	    number(line, "tokens.reported_out");
}

bool
kt_control_is_empty(const struct kt_control *c, const struct kt_figures *f)
{
	return f->at[c->figures[0]].n == 0 && f->at[c->figures[1]].n == 0;
}

static const struct {
	const char *type;
	enum kt_figure figure;
} types[] = {
	{ "policy", KT_FIGURE_POLICIES },
	{ "reject", KT_FIGURE_REJECTS },
	{ "recovery", KT_FIGURE_RECOVERIES },
	{ "gap", KT_FIGURE_RECOVERIES },
	{ "retention", KT_FIGURE_RETENTION },
	{ "erasure", KT_FIGURE_ERASURES },
	{ "admin", KT_FIGURE_ADMIN },
	{ "segment", KT_FIGURE_SEGMENTS },
};

bool
kt_figures_see(void *figures, struct kt_span line)
{
	struct kt_figures *f = figures;
	struct kt_audit_line l;
	struct kt_err ignored; /* the verifier says what is wrong with it */

	if (kt_audit_line_parse(line, &l, &ignored) < 0 || !l.is_whole ||
	    !kt_audit_time_is_in(l.ts, f->since, f->until))
		return true;
	count(f, KT_FIGURE_CHAIN, l.i);
	if (kt_span_eq(l.type, KT_SPAN("call")))
		see_call(f, line, &l);
	for (size_t i = 0; i < KT_NELEMS(types); i++) {
		if (kt_span_eq(l.type, kt_span_of(types[i].type)))
			count(f, types[i].figure, l.i);
	}
	return true;
}

void
kt_figures_fini(struct kt_figures *f)
{
	kt_free(f->days);
	f->days = NULL;
}

/* ---- the log itself ---- */

static void
checkpoint_fact(const struct kt_audit_report *r, char *fact)
{
	char root[2 * KT_AUDIT_HASH + 1];

	kt_hex(r->newest_root, KT_AUDIT_HASH, root);
	if (r->newest_size == 0)
		(void)snprintf(fact, KT_REPORT_FACT,
		    "No checkpoint covers a record.");
	else
		(void)snprintf(fact, KT_REPORT_FACT, "The newest checkpoint "
		    "is of %llu records, with the root %s.",
		    (unsigned long long)r->newest_size, root);
}

static void
key_fact(const struct kt_audit_report *r, char *fact)
{
	char id[2 * sizeof(r->key.id) + 1];

	kt_hex(r->key.id, sizeof(r->key.id), id);
	if (!r->has_key)
		(void)snprintf(fact, KT_REPORT_FACT,
		    "Checkpoints are not signed.");
	else
		(void)snprintf(fact, KT_REPORT_FACT, "Checkpoints are signed "
		    "by the key %s, %s.", id, r->is_pinned ?
		    "which the reviewer gave (--vkey)" :
		    "by the log's own word: none was given (--vkey)");
}

size_t
kt_report_facts(const struct kt_report_told *t,
    char facts[static KT_REPORT_FACTS][KT_REPORT_FACT])
{
	const struct kt_audit_report *r = t->log;
	size_t n = 0;

	checkpoint_fact(r, facts[n++]);
	key_fact(r, facts[n++]);
	if (t->revoked->is_there)
		(void)snprintf(facts[n++], KT_REPORT_FACT, "The keys were "
		    "revoked: no signature counts from record %llu on.",
		    (unsigned long long)t->revoked->index);
	if (r->first > 0)
		(void)snprintf(facts[n++], KT_REPORT_FACT, "%llu records "
		    "before record %llu are gone%s.",
		    (unsigned long long)r->first,
		    (unsigned long long)r->first, r->retained >= r->first ?
		    ", as a retention record tells" : "");
	if (r->course.lost > 0 || r->course.lost_contents > 0)
		(void)snprintf(facts[n++], KT_REPORT_FACT, "%llu records and "
		    "%llu contents are known to be lost: see gap records.",
		    (unsigned long long)r->course.lost,
		    (unsigned long long)r->course.lost_contents);
	if (r->tail > 0)
		(void)snprintf(facts[n++], KT_REPORT_FACT, "%llu records "
		    "behind the newest checkpoint are proven by nothing but "
		    "their chain.", (unsigned long long)r->tail);
	return n;
}

/*
 * rules - which calls a routing rule can still decide.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A rule is a box: a set of model names, of token counts, of minutes of the
 * day and so on.  One box covers another when it does so in every direction,
 * which is decided exactly.  Candidates are found by the literal beginning
 * of their model pattern, so that ten thousand rules for as many models cost
 * ten thousand look-ups; only patterns are compared with one another.
 */
#include <stdlib.h>

#include "lint/lint_priv.h"

#define DAY 1440 /* minutes */
#define WALK 256 /* comparisons that cost as much as one of two patterns */

struct box {
	const struct kt_config_routing_rule *rule;
	struct kt_span model, group; /* len 0: any */
	int64_t tokens[2], budget[2]; /* from, to: both included */
	int streaming;       /* -1: any */
	bool is_always;      /* no time of day */
	uint16_t from, to;   /* minutes; from > to spans midnight */
	bool is_broken;      /* told already, or never reached: takes no part */
	size_t next;         /* in its bucket; 0: none */
};

struct field {
	struct box *boxes; /* from 1 */
	size_t n, *buckets, nbuckets, *wild, nwild;
	size_t pairs;
	bool is_told;        /* that they were too many */
};

/* Conditions as text. */

/* "< 4000", ">= 80": an interval. */
static bool
read_comparison(struct kt_span s, int64_t out[static 2])
{
	bool is_less, has_equal;
	uint64_t v;

	s = kt_span_trim(s);
	if (s.len < 2 || (s.ptr[0] != '<' && s.ptr[0] != '>' && s.ptr[0] != '='))
		return false;
	is_less = s.ptr[0] == '<';
	has_equal = s.ptr[0] == '=' || s.ptr[1] == '=';
	if (s.ptr[0] == '=') {
		s = kt_span_sub(s, s.ptr[1] == '=' ? 2 : 1, SIZE_MAX);
		if (!kt_span_u64(kt_span_trim(s), &v) || v > INT64_MAX / 2)
			return false;
		out[0] = out[1] = (int64_t)v;
		return true;
	}
	s = kt_span_trim(kt_span_sub(s, has_equal ? 2 : 1, SIZE_MAX));
	if (!kt_span_u64(s, &v) || v > INT64_MAX / 2)
		return false;
	if (is_less)
		out[1] = (int64_t)v - !has_equal;
	else
		out[0] = (int64_t)v + !has_equal;
	return true;
}

static bool
read_clock(struct kt_span s, uint16_t *out)
{
	uint64_t h, m;

	if (s.len != 5 || s.ptr[2] != ':' || !kt_span_u64(kt_span_sub(s, 0, 2),
	    &h) || !kt_span_u64(kt_span_sub(s, 3, 2), &m) || m > 59 || h > 24 ||
	    (h == 24 && m > 0))
		return false;
	*out = (uint16_t)(h * 60 + m);
	return true;
}

/* A condition's node, for places. */
static const struct kt_config_node *
when_node(const struct box *b, const char *name)
{
	return kt_config_get(b->rule->when.node, kt_span_of(name));
}

static void
read_interval(struct kt_lint *l, struct box *b, const char *name,
    struct kt_span text, int64_t most, int64_t out[static 2])
{
	const struct kt_config_node *node = when_node(b, name);
	struct kt_report_finding *f;

	out[0] = 0;
	out[1] = most;
	if (text.ptr == NULL)
		return;
	if (!read_comparison(text, out)) {
		f = kt_lint_tell(l, KT_LINT_112, node, "'%.40s' is not a "
		    "comparison", text.ptr);
		kt_lint_help(l, f, "such as \"< 4000\" or \">= 80\"");
		b->is_broken = true;
	} else if (out[0] > out[1]) {
		(void)kt_lint_tell(l, KT_LINT_303, node,
		    "'%s' is never %.40s", name, text.ptr);
		b->is_broken = true;
	} else if (out[0] == 0 && out[1] == most) {
		(void)kt_lint_tell(l, KT_LINT_304, node,
		    "'%s' is always %.40s", name, text.ptr);
	}
}

static void
read_time(struct kt_lint *l, struct box *b)
{
	struct kt_span s = b->rule->when.time_of_day;
	const struct kt_config_node *node = when_node(b, "time_of_day");
	size_t dash = kt_span_find(s, '-');
	struct kt_report_finding *f;

	b->is_always = true;
	if (s.ptr == NULL)
		return;
	if (!read_clock(kt_span_trim(kt_span_sub(s, 0, dash)), &b->from) ||
	    !read_clock(kt_span_trim(kt_span_sub(s, dash + 1, SIZE_MAX)),
	    &b->to)) {
		f = kt_lint_tell(l, KT_LINT_112, node,
		    "'%.40s' is not a time of day", s.ptr);
		kt_lint_help(l, f, "such as \"22:00-06:00\"");
		b->is_broken = true;
	} else if (b->from == 0 && b->to == DAY) {
		(void)kt_lint_tell(l, KT_LINT_304, node,
		    "'%.40s' is the whole day", s.ptr);
	} else if (b->from == b->to) {
		(void)kt_lint_tell(l, KT_LINT_314, node,
		    "'%.40s' ends when it begins", s.ptr);
		b->is_broken = true;
	} else {
		b->is_always = false;
	}
}

static void
read_streaming(struct kt_lint *l, struct box *b)
{
	const struct kt_config_node *node = b->rule->when.streaming;

	b->streaming = -1;
	if (node == NULL)
		return;
	b->streaming = kt_span_eq(node->text, KT_SPAN("true"));
	if (node->type == KT_CONFIG_NODE_SCALAR && node->is_plain &&
	    (b->streaming || kt_span_eq(node->text, KT_SPAN("false"))))
		return;
	(void)kt_lint_tell(l, KT_LINT_103, node,
	    "'streaming' takes true or false");
	b->is_broken = true;
}

static void
read_box(struct kt_lint *l, struct box *b,
    const struct kt_config_routing_rule *rule)
{
	const struct kt_config_routing_when *w = &rule->when;

	b->rule = rule;
	b->model = w->model;
	b->group = w->group;
	if (kt_span_eq(b->model, KT_SPAN("*"))) {
		(void)kt_lint_tell(l, KT_LINT_304, when_node(b, "model"),
		    "'model' fits every model");
		b->model = KT_SPAN("");
	}
	read_interval(l, b, "input_tokens", w->input_tokens, INT64_MAX, b->tokens);
	read_interval(l, b, "budget_spent_pct", w->budget_spent_pct, INT64_MAX,
	    b->budget);
	read_time(l, b);
	read_streaming(l, b);
}

/* Boxes. */

static bool
has_minute(const struct box *b, uint16_t m)
{
	if (b->is_always)
		return true;
	return b->from < b->to ? m >= b->from && m < b->to :
	    m >= b->from || m < b->to;
}

static int
length(int minutes)
{
	return (minutes + DAY) % DAY;
}

static bool
time_covers(const struct box *a, const struct box *b)
{
	if (a->is_always || b->is_always)
		return a->is_always;
	/* On the circle: b begins within a, and ends before a does. */
	return length(b->from - a->from) + length(b->to - b->from) <=
	    length(a->to - a->from);
}

static bool
time_meets(const struct box *a, const struct box *b)
{
	return a->is_always || b->is_always || has_minute(a, b->from) ||
	    has_minute(b, a->from);
}

static bool
covers(const struct box *a, const struct box *b)
{
	if (a->model.len > 0 && (b->model.len == 0 ||
	    !kt_lint_glob_covers(a->model, b->model)))
		return false;
	if (a->group.len > 0 && !kt_span_eq(a->group, b->group))
		return false;
	return a->tokens[0] <= b->tokens[0] && a->tokens[1] >= b->tokens[1] &&
	    a->budget[0] <= b->budget[0] && a->budget[1] >= b->budget[1] &&
	    (a->streaming < 0 || a->streaming == b->streaming) &&
	    time_covers(a, b);
}

static bool
meets(const struct box *a, const struct box *b)
{
	if (a->model.len > 0 && b->model.len > 0 &&
	    !kt_lint_glob_meets(a->model, b->model))
		return false;
	if (a->group.len > 0 && b->group.len > 0 &&
	    !kt_span_eq(a->group, b->group))
		return false;
	return a->tokens[0] <= b->tokens[1] && b->tokens[0] <= a->tokens[1] &&
	    a->budget[0] <= b->budget[1] && b->budget[0] <= a->budget[1] &&
	    (a->streaming < 0 || b->streaming < 0 ||
	    a->streaming == b->streaming) && time_meets(a, b);
}

static bool
same_use(const struct box *a, const struct box *b)
{
	return kt_span_eq(a->rule->use.target, b->rule->use.target) &&
	    kt_span_eq(a->rule->use.model, b->rule->use.model);
}

/* What stands out of a box: the node of its model, else of the rule. */
static const struct kt_config_node *
face(const struct box *b)
{
	const struct kt_config_node *node = when_node(b, "model");

	return node != NULL ? node :
	    kt_config_get(b->rule->node, KT_SPAN("name"));
}

static const char *
name_of(const struct box *b)
{
	return b->rule->name.ptr != NULL ? b->rule->name.ptr : "";
}

/* True: b is settled, and nothing more needs to be said about it. */
static bool
judge(struct kt_lint *l, const struct box *a, struct box *b)
{
	struct kt_report_finding *f;
	enum kt_lint_code code = KT_LINT_301;

	if (!covers(a, b)) {
		code = KT_LINT_302;
		if (!meets(a, b) || covers(b, a) || same_use(a, b))
			return false;
	}
	if (code == KT_LINT_301)
		f = kt_lint_tell(l, code, face(b), "rule '%.60s' can never decide: "
		    "rule '%.60s' in line %u holds for every call it holds for",
		    name_of(b), name_of(a), (unsigned)face(a)->at.line);
	else
		f = kt_lint_tell(l, code, face(b), "rule '%.60s' overlaps rule "
		    "'%.60s' in line %u, which decides first", name_of(b),
		    name_of(a), (unsigned)face(a)->at.line);
	if (f != NULL)
		kt_report_note(l->r, f, kt_lint_place(l, face(a)),
		    "rule '%.60s'", name_of(a));
	b->is_broken = code == KT_LINT_301;
	if (code == KT_LINT_301)
		kt_lint_help(l, f, "move '%.60s' above line %u, or remove it",
		    name_of(b), (unsigned)face(a)->at.line);
	return true;
}

/* The index: plain names by hash, patterns one by one. */

static size_t
bucket_of(const struct field *f, struct kt_span s)
{
	return (size_t)(kt_hash(KT_HASH_BEGIN, s) % f->nbuckets);
}

static bool
is_wild(const struct box *b)
{
	return b->model.len == 0 || !kt_lint_glob_is_plain(b->model);
}

static bool
is_over(struct kt_lint *l, struct field *f, const struct box *a,
    const struct box *b)
{
	struct kt_report_finding *one;

	f->pairs += is_wild(a) && is_wild(b) &&
	    kt_lint_glob_may_meet(a->model, b->model) ? WALK : 1;
	if (f->pairs <= KT_LINT_PAIRS_MAX)
		return false;
	if (!f->is_told) {
		f->is_told = true;
		one = kt_lint_tell(l, KT_LINT_302, face(b), "from rule '%.60s' on, "
		    "rules were not compared: too many patterns", name_of(b));
		kt_lint_help(l, one, "name models in full where you can");
	}
	return true;
}

static void
compare(struct kt_lint *l, struct field *f, size_t i)
{
	struct box *b = &f->boxes[i];

	/* Earlier patterns, in order. */
	for (size_t k = 0; k < f->nwild && f->wild[k] < i; k++) {
		const struct box *a = &f->boxes[f->wild[k]];

		if (is_over(l, f, a, b) || judge(l, a, b))
			return;
	}
	/* Earlier rules for the very name; of a pattern, all names. */
	if (!is_wild(b)) {
		for (size_t k = f->buckets[bucket_of(f, b->model)]; k != 0;
		     k = f->boxes[k].next) {
			if (kt_span_eq(f->boxes[k].model, b->model) &&
			    (is_over(l, f, &f->boxes[k], b) ||
			    judge(l, &f->boxes[k], b)))
				return;
		}
		return;
	}
	for (size_t k = 1; k < i; k++) {
		const struct box *a = &f->boxes[k];

		if (is_wild(a) || a->is_broken)
			continue;
		if (is_over(l, f, a, b) || judge(l, a, b))
			return;
	}
}

static void
insert(struct field *f, size_t i)
{
	struct box *b = &f->boxes[i];
	size_t *bucket;

	if (is_wild(b)) {
		f->wild[f->nwild++] = i;
		return;
	}
	bucket = &f->buckets[bucket_of(f, b->model)];
	b->next = *bucket;
	*bucket = i;
}

void
kt_lint_check_rules(struct kt_lint *l, const struct kt_config_providers *p)
{
	const struct kt_config_routing_rule *rules = p->routing_rules.at;
	struct field f = { .n = p->routing_rules.n };

	if (f.n == 0)
		return;
	f.nbuckets = f.n * 2;
	f.boxes = kt_arena_array(l->mem, f.n + 1, sizeof(*f.boxes));
	f.buckets = kt_arena_array(l->mem, f.nbuckets, sizeof(*f.buckets));
	f.wild = kt_arena_array(l->mem, f.n, sizeof(*f.wild));
	if (f.boxes == NULL || f.buckets == NULL || f.wild == NULL)
		return; /* the full arena is told */
	for (size_t i = 1; i <= f.n; i++) {
		read_box(l, &f.boxes[i], &rules[i - 1]);
		if (f.boxes[i].is_broken || rules[i - 1].node == NULL ||
		    face(&f.boxes[i]) == NULL)
			continue;
		compare(l, &f, i);
		if (!f.boxes[i].is_broken)
			insert(&f, i);
	}
}

/*
 * compare - one name for a difference, the gravest that fits.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "replay/replay.h"

static const struct row {
	const char *word;
	bool fails;
} rows[] = {
	[KT_CHANGE_NONE] = { "none", false },
#define KT_CHANGE(id, word, code, fails, meaning) \
	[KT_CHANGE_##id] = { word, fails },
#include "replay/change.def"
};

const char *
kt_change_word(enum kt_change c)
{
	return rows[c].word;
}

bool
kt_change_fails(enum kt_change c)
{
	return rows[c].fails;
}

bool
kt_change_of(struct kt_span word, enum kt_change *out)
{
	for (unsigned c = 1; c < KT_NCHANGES; c++) {
		if (!kt_span_eq(word, kt_span_of(rows[c].word)))
			continue;
		*out = (enum kt_change)c;
		return true;
	}
	return false;
}

static int
strength(const struct kt_outcome *o)
{
	static const char *const words[] = { "pass", "truncate", "redact",
		"block" };

	for (int i = 0; i < 4; i++) {
		if (strcmp(o->decision, words[i]) == 0)
			return i;
	}
	return 3; /* an error lets nothing through either */
}

static bool
is_error(const struct kt_outcome *o)
{
	return strcmp(o->decision, "error") == 0;
}

/* Is each word of a one of b? */
static bool
is_part(const char *a, const char *b)
{
	struct kt_span rest = kt_span_of(a);

	while (rest.len > 0) {
		size_t n = kt_span_find(rest, ' ');
		struct kt_span word = kt_span_sub(rest, 0, n);
		struct kt_span all = kt_span_of(b);
		bool has = false;

		rest = kt_span_sub(rest, n + 1, rest.len);
		while (all.len > 0 && !has) {
			n = kt_span_find(all, ' ');
			has = kt_span_eq(kt_span_sub(all, 0, n), word);
			all = kt_span_sub(all, n + 1, all.len);
		}
		if (!has)
			return false;
	}
	return true;
}

static bool
differ(const char *a, const char *b)
{
	return strcmp(a, b) != 0;
}

enum kt_change
kt_outcome_compare(
    const struct kt_outcome *from, const struct kt_outcome *to)
{
	if (from->is_recorded != to->is_recorded)
		return KT_CHANGE_ERROR;
	if (strength(to) < strength(from))
		return KT_CHANGE_LOOSENED;
	if (is_error(to) && !is_error(from))
		return KT_CHANGE_ERROR;
	if (strength(to) > strength(from))
		return KT_CHANGE_TIGHTENED;
	if (!is_part(from->redactions, to->redactions))
		return KT_CHANGE_LOOSENED;
	if (!is_part(to->redactions, from->redactions))
		return KT_CHANGE_TIGHTENED;
	if (is_error(from) && !is_error(to))
		return KT_CHANGE_REWORDED;
	if (differ(from->target, to->target))
		return KT_CHANGE_REROUTED;
	if (from->status != to->status || differ(from->outcome, to->outcome) ||
	    from->is_cut != to->is_cut)
		return KT_CHANGE_REWORDED;
	if (differ(from->policy, to->policy) || differ(from->rule, to->rule))
		return KT_CHANGE_OTHER_RULE;
	if (differ(from->reasons, to->reasons) ||
	    differ(from->data_class, to->data_class) ||
	    differ(from->flags, to->flags))
		return KT_CHANGE_REWORDED;
	if (differ(from->rules, to->rules))
		return KT_CHANGE_OTHER_RULE;
	if (from->attempts != to->attempts ||
	    differ(from->translation, to->translation))
		return KT_CHANGE_COST;
	return KT_CHANGE_NONE;
}

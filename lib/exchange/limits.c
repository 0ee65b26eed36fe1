/*
 * limits - how much text there is, and for which policy it is too much.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/exchange_priv.h"

/* An escape is one character, a pair of them for one too. */
void
kt_measure_text(struct kt_measures *m, struct kt_span s, bool has_escapes)
{
	bool in_word = false;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
		bool is_more = (c & 0xc0) == 0x80;

		if (has_escapes && c == '\\' && i + 1 < s.len) {
			c = (unsigned char)s.ptr[++i];
			is_space = c == 'n' || c == 't' || c == 'r';
			/* \uDC00 and up: the second half of a character. */
			is_more = c == 'u' && i + 2 < s.len &&
			    (s.ptr[i + 1] | 32) == 'd' &&
			    (unsigned char)s.ptr[i + 2] > 'B' &&
			    s.ptr[i + 2] != 'a' && s.ptr[i + 2] != 'b';
			if (c == 'u') {
				is_space |= i + 4 < s.len &&
				    memcmp(s.ptr + i + 1, "00", 2) == 0 &&
				    (s.ptr[i + 3] < '2' ||
				        memcmp(s.ptr + i + 3, "20", 2) == 0);
				i += 4;
			}
		}
		m->chars += !is_more;
		m->words += !is_space && !in_word;
		in_word = !is_space;
	}
}

bool
kt_x_has_limits(const struct kt_exchange *x)
{
	const struct kt_chain *chain = &x->program->chain;

	for (size_t i = 0; i < chain->n; i++) {
		if (chain->policies[i].kind->measure != NULL)
			return true;
	}
	return false;
}

void
kt_x_apply_limits(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_measures *m, bool is_answer)
{
	const struct kt_chain *chain = &x->program->chain;

	if (x->measures[is_answer] != NULL)
		m = x->measures[is_answer];
	for (size_t i = 0; i < chain->n; i++) {
		const struct kt_policy *p = &chain->policies[i];
		enum kt_reason r;

		if (p->kind->measure == NULL)
			continue;
		r = p->kind->measure(p, m, is_answer);
		if (r == KT_REASON_NONE)
			continue;
		(void)kt_x_note_wish(x, v, p->kind->judge(p, NULL, NULL,
		    KT_COMPONENT_MESSAGES), r, p);
	}
}

void
kt_x_apply_text_limits(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_span text, enum kt_component c)
{
	struct kt_measures m = { .bytes = text.len };

	if (!kt_x_has_limits(x))
		return;
	kt_measure_text(&m, text, false);
	kt_x_apply_limits(x, v, &m, c == KT_COMPONENT_COMPLETION);
}

void
kt_x_measure_answer(struct kt_exchange *x, struct kt_span raw)
{
	if (kt_x_has_limits(x))
		kt_measure_text(&x->stream.measures, raw, true);
}

bool
kt_x_is_within_limits(struct kt_exchange *x, const struct kt_measures *m)
{
	kt_x_apply_limits(x, &x->answer_verdict, m, true);
	return x->answer_verdict.action != KT_ACTION_BLOCK;
}

/*
 * near - looks for the words that a match has to stand near to.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A number that may be anything is only a finding behind a word that says
 * what it is.  Such words are rare and cheap to find, the numbers are neither:
 * so Vectorscan is asked for the words, and a match is attempted behind each.
 */
#include "detect/detect_priv.h"

/* One word as a pattern; its blanks may be written in other ways. */
static enum kt_rc
add_word(struct kt_buf *out, const char *w)
{
	static const char blank[] = "[ _-]?";
	enum kt_rc rc = KT_OK;

	for (; *w != '\0' && rc == KT_OK; w++) {
		char byte[5] = { '\\', 'x' };

		kt_hex(w, 1, byte + 2);
		rc = *w == ' '
		    ? kt_buf_add(out, (struct kt_span){ blank, 6 })
		    : kt_buf_add(out, (struct kt_span){ byte, 4 });
	}
	return rc;
}

static uint32_t
least_bytes(const char *w)
{
	uint32_t n = 0;

	for (; *w != '\0'; w++)
		n += *w != ' ';
	return n;
}

bool
kt_detect_near_learn(struct kt_detect_rule *r)
{
	const struct kt_detector *d = r->def;

	r->slack = UINT32_MAX;
	for (size_t i = 0; i < d->ncontext; i++) {
		uint32_t n = least_bytes(d->context[i]);

		r->slack = n < r->slack ? n : r->slack;
	}
	r->is_near = d->is_context_required && d->ncontext > 0 && r->slack > 0;
	return r->is_near;
}

const char *
kt_detect_near_words(const struct kt_detector *d, struct kt_arena *mem)
{
	struct kt_buf words;
	struct kt_span copy = { 0 };
	enum kt_rc rc = KT_OK;

	kt_buf_init(&words, KT_DETECT_WORDS_MAX);
	for (size_t i = 0; i < d->ncontext && rc == KT_OK; i++) {
		rc = add_word(&words, d->context[i]);
		if (rc == KT_OK)
			rc = kt_buf_add(&words, KT_SPAN("|"));
	}
	if (rc == KT_OK) {
		words.len--; /* the last bar */
		copy = kt_arena_dup(mem, kt_buf_span(&words));
	}
	kt_buf_fini(&words);
	return copy.ptr;
}

bool
kt_detect_near_starts(const struct kt_detect_rule *r, struct kt_span text,
    size_t end, size_t *first, size_t *last)
{
	/* Letters inside another word are none of its own. */
	if (end >= text.len || !kt_detect_rule_ends_context(r, text, end))
		return false;
	*first = *last = end;
	/* A longer word; still, what is looked for could begin inside it. */
	if (!kt_detect_word_goes_on(text, end) && r->context_bytes > r->slack)
		*last += r->context_bytes - r->slack;
	if (*last >= text.len)
		*last = text.len - 1;
	return true;
}

bool
kt_detect_near_alone(const struct kt_detect_rule *r, struct kt_span text,
    const struct kt_detect_bytes *there)
{
	return r->def->is_alone_enough && text.len >= r->min_width &&
	    text.len <= r->max_width &&
	    kt_detect_bytes_meet(&r->needs, there) &&
	    kt_detect_bytes_within(there, &r->body);
}

/*
 * model - words, windows and sums.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Weights belong to hashes of words, not to words: no dictionary, a fixed
 * size, and nothing of the texts that it was trained on can be read in it.
 * The last words are kept in a ring twice as long as it seems, so that every
 * window is one piece.
 */
#include "detect/detect_priv.h"

#define ROOM (2 * KT_DETECT_MODEL_LONG)
#define BEGIN 1u
/* Confidence at the thresholds, and at most. */
#define FLAGGED_PM 600
#define SURE_PM 800
#define MOST_PM 990

struct walk {
	kt_detect_model_window_fn *fn;
	void *arg;
	struct kt_detect_model_word word[ROOM];
	size_t n; /* in word: the last ones */
	size_t sentence; /* of those: in the sentence */
	size_t since; /* a long window ended */
	uint32_t last[KT_DETECT_MODEL_GRAMS - 1]; /* hashes of the words before */
};

bool
kt_detect_model_read(struct kt_detect_model *m, struct kt_span file)
{
	if (file.len != KT_DETECT_MODEL_BYTES)
		return false;
	memcpy(&m->head, file.ptr, sizeof(m->head));
	m->weights = (const int8_t *)(file.ptr + sizeof(m->head));
	return memcmp(m->head.magic, KT_DETECT_MODEL_MAGIC, sizeof(KT_DETECT_MODEL_MAGIC)) ==
	    0;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_letter(char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (uint8_t)c >= 0x80;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static uint32_t
mix(uint32_t h, uint32_t with)
{
	h = (h ^ with) * 0x9e3779b1u;
	return h ^ h >> 15;
}

static void
tell(struct walk *w, enum kt_detect_model_scale scale, size_t n)
{
	if (n >= KT_DETECT_MODEL_LEAST)
		w->fn(w->arg, scale, w->word + w->n - n, n);
}

static void
end_sentence(struct walk *w)
{
	tell(w, KT_DETECT_MODEL_SENTENCE, w->sentence);
	w->sentence = 0;
	/* Orders begin with their verb: where a sentence begins is a word. */
	w->last[0] = w->last[1] = BEGIN;
}

static void
add_word(struct walk *w, uint64_t start, uint64_t end, uint32_t hash)
{
	struct kt_detect_model_word *to;
	uint32_t pair = mix(hash, w->last[0]);

	if (w->n == ROOM) {
		memmove(w->word, w->word + KT_DETECT_MODEL_LONG,
		    KT_DETECT_MODEL_LONG * sizeof(w->word[0]));
		w->n = KT_DETECT_MODEL_LONG;
	}
	to = &w->word[w->n++];
	*to = (struct kt_detect_model_word){ .start = start,
		.end = end,
		.bucket = { hash % KT_DETECT_MODEL_BUCKETS, pair % KT_DETECT_MODEL_BUCKETS,
		    mix(pair, w->last[1]) % KT_DETECT_MODEL_BUCKETS } };
	w->last[1] = w->last[0];
	w->last[0] = hash;
	w->since++;
	if (++w->sentence == KT_DETECT_MODEL_SHORT)
		end_sentence(w);
	if (w->since >= KT_DETECT_MODEL_STRIDE && w->n >= KT_DETECT_MODEL_LONG) {
		tell(w, KT_DETECT_MODEL_PASSAGE, KT_DETECT_MODEL_LONG);
		w->since = 0;
	}
}

static bool
ends_sentence(struct kt_span text, size_t at)
{
	char c = text.ptr[at];

	if (c == '\n' || c == '|')
		return true;
	/* An escaped line end, in JSON that was not decoded. */
	if (c == '\\')
		return at + 1 < text.len && text.ptr[at + 1] == 'n';
	return (c == '.' || c == '!' || c == '?') &&
	    (at + 1 == text.len || !is_letter(text.ptr[at + 1]));
}

void
kt_detect_model_windows(struct kt_span text, kt_detect_model_window_fn *fn, void *arg)
{
	struct walk w = { .fn = fn, .arg = arg, .last = { BEGIN, BEGIN } };

	for (size_t at = 0; at < text.len;) {
		size_t start = at;
		uint32_t h = 0x811c9dc5u;

		if (is_digit(text.ptr[at])) {
			/* Numbers say nothing, and tables have many of them. */
			while (at < text.len && is_digit(text.ptr[at]))
				at++;
			continue;
		}
		while (at < text.len &&
		    (is_letter(text.ptr[at]) ||
			(at > start && text.ptr[at] == '\'')))
			h = (h ^ (uint8_t)lower(text.ptr[at++])) * 0x01000193u;
		if (at > start) {
			add_word(&w, start, at, h);
			continue;
		}
		if (ends_sentence(text, at)) {
			end_sentence(&w);
			at += text.ptr[at] == '\\';
		}
		at++;
	}
	end_sentence(&w);
	/* What is left of a text, or all of a short one. */
	if (w.since > 0)
		tell(&w, KT_DETECT_MODEL_PASSAGE,
		    w.n < KT_DETECT_MODEL_LONG ? w.n : KT_DETECT_MODEL_LONG);
}

/* 64 times the square root of n. */
static int32_t
root64(size_t n)
{
	uint32_t want = (uint32_t)n << 12, r = 0;

	for (uint32_t bit = 1u << 10; bit > 0; bit >>= 1)
		if ((r + bit) * (r + bit) <= want)
			r += bit;
	return (int32_t)r;
}

int32_t
kt_detect_model_scaled(int32_t sum, size_t n)
{
	return sum * 256 / root64(n);
}

int32_t
kt_detect_model_score(const struct kt_detect_model *m, enum kt_detect_model_scale scale,
    const struct kt_detect_model_word *v, size_t n)
{
	int32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < KT_DETECT_MODEL_GRAMS; k++)
			sum += m->weights[v[i].bucket[k]];
	return m->head.bias[scale] + kt_detect_model_scaled(sum, n);
}

/* Models that look at the same words at once. */
#define TOGETHER 8

struct passage {
	const struct kt_detect *db;
	struct kt_detect_scratch *s;
	struct kt_finding last[TOGETHER]; /* of each; end 0: none */
	size_t n;
	enum kt_rc rc;
};

/* From the first threshold to the second one, and on at the same pace. */
static uint16_t
confidence_of(const struct kt_detect_model_head *h, int32_t score)
{
	int64_t pm = FLAGGED_PM;

	if (h->block > h->flag)
		pm += (int64_t)(score - h->flag) * (SURE_PM - FLAGGED_PM) /
		    (h->block - h->flag);
	return (uint16_t)(pm < MOST_PM ? pm : MOST_PM);
}

/* Windows overlap: what they flag together is one finding. */
static void
weigh_one(struct passage *p, struct kt_finding *f,
    enum kt_detect_model_scale scale, const struct kt_detect_model_word *v,
    size_t n)
{
	const struct kt_detect_model *m = &p->db->rules[f->detector].model;
	int32_t score;
	uint16_t pm;

	if (m->head.is_short && scale != KT_DETECT_MODEL_SENTENCE)
		return;
	score = kt_detect_model_score(m, scale, v, n);
	if (score < m->head.flag || p->rc < 0)
		return;
	pm = confidence_of(&m->head, score);
	if (f->end > 0 && v[0].start < f->end) {
		f->start = v[0].start < f->start ? v[0].start : f->start;
		f->end = v[n - 1].end > f->end ? v[n - 1].end : f->end;
		if (pm > f->confidence_pm)
			f->confidence_pm = pm;
		return;
	}
	if (f->end > 0)
		p->rc = kt_detect_scratch_add(p->s, f);
	f->start = v[0].start;
	f->end = v[n - 1].end;
	f->confidence_pm = pm;
}

static void
weigh(void *arg, enum kt_detect_model_scale scale,
    const struct kt_detect_model_word *v, size_t n)
{
	struct passage *p = arg;

	for (size_t i = 0; i < p->n; i++)
		weigh_one(p, &p->last[i], scale, v, n);
}

static enum kt_rc
weigh_together(struct passage *p, struct kt_span text)
{
	if (kt_detect_scratch_trips(p->s))
		return KT_E_ENGINE;
	kt_detect_model_windows(text, weigh, p);
	for (size_t i = 0; i < p->n && p->rc == KT_OK; i++)
		if (p->last[i].end > 0)
			p->rc = kt_detect_scratch_add(p->s, &p->last[i]);
	p->n = 0;
	return p->rc;
}

enum kt_rc
kt_detect_models_scan(const struct kt_detect *db, struct kt_detect_scratch *s,
    const struct kt_detect_set *enabled, struct kt_span text)
{
	struct passage p = { .db = db, .s = s };

	for (size_t i = 0; i < db->nmodels && p.rc == KT_OK; i++) {
		if (!kt_detect_rule_is_on(enabled, db->models[i]))
			continue;
		p.last[p.n++] =
		    (struct kt_finding){ .detector = db->models[i] };
		if (p.n == TOGETHER)
			p.rc = weigh_together(&p, text);
	}
	return p.n > 0 && p.rc == KT_OK ? weigh_together(&p, text) : p.rc;
}

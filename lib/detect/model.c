/*
 * model - words, windows and sums.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Weights belong to hashes of words, not to words: no dictionary, a fixed
 * size, and nothing of the texts that it was trained on can be read in it.
 * Sums run on, so that a window is a difference of two.
 */
#include "detect/detect_priv.h"

#define BEGIN 1u
/* The same two words are another pair when there is one between them. */
#define APART 12345u
/* More than any window sums up to. */
#define SUM_MAX (KT_DETECT_MODEL_LONG * KT_DETECT_MODEL_GRAMS * 128 + 1)
/* Confidence at the thresholds, and at most. */
#define FLAGGED_PM 600
#define SURE_PM 800
#define MOST_PM 990

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

/* The least sum of n words that scores as much as the threshold; what
   kt_detect_model_score divides is cut towards zero. */
static int32_t
least_sum(const struct kt_detect_model *m, enum kt_detect_model_scale scale,
    size_t n)
{
	int64_t by = (int64_t)m->head.flag - m->head.bias[scale], sum;

	if (m->head.is_short && scale != KT_DETECT_MODEL_SENTENCE)
		return SUM_MAX;
	sum = by > 0 ? (by * root64(n) + 255) / 256
		     : 1 - ((1 - by) * root64(n) + 255) / 256;
	return sum > SUM_MAX ? SUM_MAX : sum < -SUM_MAX ? -SUM_MAX
							: (int32_t)sum;
}

bool
kt_detect_model_read(struct kt_detect_model *m, struct kt_span file)
{
	if (file.len != KT_DETECT_MODEL_BYTES)
		return false;
	memcpy(&m->head, file.ptr, sizeof(m->head));
	m->weights = (const int8_t *)(file.ptr + sizeof(m->head));
	if (memcmp(m->head.magic, KT_DETECT_MODEL_MAGIC,
	        sizeof(KT_DETECT_MODEL_MAGIC)) != 0)
		return false;
	for (size_t n = 1; n <= KT_DETECT_MODEL_LONG; n++)
		for (int scale = 0; scale < KT_DETECT_MODEL_SCALES; scale++)
			m->least[scale][n] = least_sum(m, scale, n);
	return true;
}

/*
 * What a byte is: a letter is itself, in lower case; a quote is part of a word
 * that has begun; ENDS may end a sentence; nothing else tells anything, least
 * of all digits, of which tables have many.
 */
#define ENDS 1
#define Z4 0, 0, 0, 0
#define Z8 Z4, Z4
#define E ENDS
#define UP(x) x, x + 1, x + 2, x + 3, x + 4, x + 5, x + 6, x + 7
/* clang-format off */
static const uint8_t meaning[256] = {
	Z8, 0, 0, E, 0, Z4, Z8, Z8, /* LF */
	0, E, 0, 0, 0, 0, 0, '\'', Z4, 0, 0, E, 0, /* ! ' . */
	Z8, Z4, 0, 0, 0, E, /* ? */
	0, UP('a'), UP('i'), UP('q'), 'y', 'z', 0, E, 0, 0, 0,
	0, UP('a'), UP('i'), UP('q'), 'y', 'z', 0, E, 0, 0, 0,
	UP(0x80), UP(0x88), UP(0x90), UP(0x98), UP(0xa0), UP(0xa8),
	UP(0xb0), UP(0xb8), UP(0xc0), UP(0xc8), UP(0xd0), UP(0xd8),
	UP(0xe0), UP(0xe8), UP(0xf0), UP(0xf8),
};
/* clang-format on */
#undef E

static uint32_t
mix(uint32_t h, uint32_t with)
{
	h = (h ^ with) * 0x9e3779b1u;
	return h ^ h >> 15;
}

struct walk {
	struct kt_detect_model_window window;
	kt_detect_model_window_fn *fn;
	void *arg;
};

/* The last n of the words; sums: of all of them. */
static void
tell(struct walk *w, enum kt_detect_model_scale scale, uint32_t words,
    uint32_t n, int32_t sum0, int32_t sum1)
{
	struct kt_detect_model_window *to = &w->window;

	if (n < KT_DETECT_MODEL_LEAST)
		return;
	to->scale = scale;
	to->first = words - n;
	to->n = n;
	to->sum[0] = sum0 - kt_detect_model_word_at(to, 0)->before[0];
	to->sum[1] = sum1 - kt_detect_model_word_at(to, 0)->before[1];
	w->fn(w->arg, to);
}

/* The byte at p is ENDS: does a sentence end there? */
static bool
ends_sentence(const uint8_t *p, const uint8_t *end)
{
	if (*p == '\n' || *p == '|')
		return true;
	/* An escaped line end, in JSON that was not decoded. */
	if (*p == '\\')
		return p + 1 < end && p[1] == 'n';
	return p + 1 == end || meaning[p[1]] <= '\'';
}

/* Hashes how the word at p begins; behind it.  A word that begins before
   `safe` ends before the text does. */
static inline const uint8_t *
read_word(const uint8_t *p, const uint8_t *end, const uint8_t *safe,
    uint32_t *hash)
{
	uint32_t h = 0x811c9dc5u;
	uint8_t c = meaning[*p];
	int letters = KT_DETECT_MODEL_STEM;

	if (p < safe) {
		do {
			h = (h ^ c) * 0x01000193u;
			c = meaning[*++p];
		} while (c >= '\'' && --letters > 0);
		while (c >= '\'')
			c = meaning[*++p];
	} else {
		do {
			h = (h ^ c) * 0x01000193u;
			c = ++p < end ? meaning[*p] : 0;
		} while (c >= '\'' && --letters > 0);
		while (c >= '\'')
			c = ++p < end ? meaning[*p] : 0;
	}
	*hash = h;
	return p;
}

void
kt_detect_model_windows(struct kt_span text,
    const int8_t *const weights[static KT_DETECT_MODEL_LANES],
    kt_detect_model_window_fn *fn, void *arg)
{
	const int8_t *by0 = weights[0], *by1 = weights[1];
	const uint8_t *begin = (const uint8_t *)text.ptr;
	const uint8_t *p = begin, *end = p + text.len, *safe = end;
	/* Words so far, with those before the sentence, and before the passage
	   that comes next. */
	uint32_t words = 0, sentence = 0, passage = 0;
	/* Of the words before.  Orders begin with their verb: where a sentence
	   begins is a word. */
	uint32_t last = BEGIN, before_last = BEGIN;
	int32_t sum0 = 0, sum1 = 0;
	struct walk w;

	_Static_assert(KT_DETECT_MODEL_LANES == 2, "by0 and by1");
	w.fn = fn;
	w.arg = arg;
	while (safe > begin && meaning[safe[-1]] >= '\'')
		safe--;
	while (p < end) {
		struct kt_detect_model_word *to;
		uint32_t hash;
		uint16_t a, b, c;

		if (meaning[*p] <= '\'') {
			if (*p != ' ' && meaning[*p] == ENDS &&
			    ends_sentence(p, end)) {
				tell(&w, KT_DETECT_MODEL_SENTENCE, words,
				    words - sentence, sum0, sum1);
				sentence = words;
				last = before_last = BEGIN;
				p += *p == '\\';
			}
			p++;
			continue;
		}
		to = &w.window.ring[words++ % KT_DETECT_MODEL_RING];
		to->start = (uint32_t)(p - begin);
		p = read_word(p, end, safe, &hash);
		to->end = (uint32_t)(p - begin);
		to->bucket[0] = a = (uint16_t)mix(hash, 0);
		to->bucket[1] = b = (uint16_t)mix(hash, last);
		to->bucket[2] = c = (uint16_t)mix(
		    hash + APART, before_last);
		to->before[0] = sum0;
		to->before[1] = sum1;
		sum0 += by0[a] + by0[b] + by0[c];
		sum1 += by1[a] + by1[b] + by1[c];
		before_last = last;
		last = hash;
		if (words - sentence == KT_DETECT_MODEL_SHORT) {
			tell(&w, KT_DETECT_MODEL_SENTENCE, words,
			    words - sentence, sum0, sum1);
			sentence = words;
			last = before_last = BEGIN;
		}
		if (words - passage >= KT_DETECT_MODEL_STRIDE &&
		    words >= KT_DETECT_MODEL_LONG) {
			tell(&w, KT_DETECT_MODEL_PASSAGE, words,
			    KT_DETECT_MODEL_LONG, sum0, sum1);
			passage = words;
		}
	}
	tell(&w, KT_DETECT_MODEL_SENTENCE, words, words - sentence, sum0, sum1);
	/* What is left of a text, or all of a short one. */
	if (words > passage)
		tell(&w, KT_DETECT_MODEL_PASSAGE, words,
		    words < KT_DETECT_MODEL_LONG ? words : KT_DETECT_MODEL_LONG,
		    sum0, sum1);
}

int32_t
kt_detect_model_scaled(int32_t sum, size_t n)
{
	return sum * 256 / root64(n);
}

int32_t
kt_detect_model_score(const struct kt_detect_model *m,
    enum kt_detect_model_scale scale, int32_t sum, size_t n)
{
	return m->head.bias[scale] + kt_detect_model_scaled(sum, n);
}

struct passage {
	const struct kt_detect *db;
	struct kt_detect_scratch *s;
	struct kt_finding last[KT_DETECT_MODEL_LANES]; /* end 0: none */
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
flag(struct passage *p, struct kt_finding *f,
    const struct kt_detect_model_window *w, int32_t score)
{
	const struct kt_detect_model *m = p->db->rules[f->detector].model;
	uint32_t start = kt_detect_model_word_at(w, 0)->start;
	uint32_t end = kt_detect_model_word_at(w, w->n - 1)->end;
	uint16_t pm = confidence_of(&m->head, score);

	if (f->end > 0 && start < f->end) {
		f->start = start < f->start ? start : f->start;
		f->end = end > f->end ? end : f->end;
		if (pm > f->confidence_pm)
			f->confidence_pm = pm;
		return;
	}
	if (f->end > 0)
		p->rc = kt_detect_scratch_add(p->s, f);
	f->start = start;
	f->end = end;
	f->confidence_pm = pm;
}

static void
weigh(void *arg, const struct kt_detect_model_window *w)
{
	struct passage *p = arg;

	for (size_t i = 0; i < p->n && p->rc == KT_OK; i++) {
		const struct kt_detect_model *m =
		    p->db->rules[p->last[i].detector].model;

		if (w->sum[i] >= m->least[w->scale][w->n])
			flag(p, &p->last[i], w,
			    kt_detect_model_score(
				m, w->scale, w->sum[i], w->n));
	}
}

static enum kt_rc
weigh_all(struct passage *p, struct kt_span text)
{
	const int8_t *weights[KT_DETECT_MODEL_LANES];

	if (kt_detect_scratch_trips(p->s))
		return KT_E_ENGINE;
	for (size_t i = 0; i < KT_NELEMS(weights); i++)
		weights[i] = p->db->rules[p->last[i < p->n ? i : 0].detector]
				 .model->weights;
	kt_detect_model_windows(text, weights, weigh, p);
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
		if (p.n == KT_DETECT_MODEL_LANES)
			p.rc = weigh_all(&p, text);
	}
	return p.n > 0 && p.rc == KT_OK ? weigh_all(&p, text) : p.rc;
}

/*
 * model_priv - a linear model of what an attack reads like.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    words and their neighbours, one weight for each hash of them, and
 *           the windows of a text over which weights are added up.
 * Does not: learn (tests/accuracy/train.c does), or know what it looks for.
 * Promises: integers only: the same text scores the same on every machine;
 *           one pass for every two models, a fixed number of words in memory.
 */
#ifndef KT_DETECT_MODEL_PRIV_H
#define KT_DETECT_MODEL_PRIV_H
#include "base/base.h"

/* One weight a bucket; a file is this and a head, below 1 MB. */
#define KT_DETECT_MODEL_BUCKETS 65536
/* A word, it behind the one before, it behind the one before that. */
#define KT_DETECT_MODEL_GRAMS 3
/* Letters of a word that tell: its endings do not, and sources that were not
   learned from have others. */
#define KT_DETECT_MODEL_STEM 5
/* Long windows begin every stride words; short ones are sentences. */
#define KT_DETECT_MODEL_LONG 144
#define KT_DETECT_MODEL_STRIDE 48
#define KT_DETECT_MODEL_SHORT 40
#define KT_DETECT_MODEL_LEAST 3
#define KT_DETECT_MODEL_LANES 2 /* models that are summed up in one pass */

enum kt_detect_model_scale { KT_DETECT_MODEL_SENTENCE, KT_DETECT_MODEL_PASSAGE, KT_DETECT_MODEL_SCALES };

/* The file: little endian, as the machines are that kt runs on. */
struct kt_detect_model_head {
	char magic[16];
	int32_t bias[KT_DETECT_MODEL_SCALES];
	int32_t is_short; /* sentences alone are scored */
	/* Scores from which there is a finding, and a sure one. */
	int32_t flag, block;
};
#define KT_DETECT_MODEL_MAGIC "kt-model/3\n"
#define KT_DETECT_MODEL_BYTES (sizeof(struct kt_detect_model_head) + KT_DETECT_MODEL_BUCKETS)

struct kt_detect_model {
	struct kt_detect_model_head head;
	const int8_t *weights; /* KT_DETECT_MODEL_BUCKETS, the file's */
	/* The least sum of n words that is a finding. */
	int32_t least[KT_DETECT_MODEL_SCALES][KT_DETECT_MODEL_LONG + 1];
};
/* False: not such a file.  The bytes outlive the model. */
bool kt_detect_model_read(struct kt_detect_model *m, struct kt_span file);

/* A word of a text, its buckets, and the sums of all words before it. */
struct kt_detect_model_word {
	uint32_t start, end;
	uint16_t bucket[KT_DETECT_MODEL_GRAMS];
	int32_t before[KT_DETECT_MODEL_LANES];
};
#define KT_DETECT_MODEL_RING 256 /* a power of two */
struct kt_detect_model_window {
	enum kt_detect_model_scale scale;
	uint32_t first, n;
	int32_t sum[KT_DETECT_MODEL_LANES];
	struct kt_detect_model_word ring[KT_DETECT_MODEL_RING];
};
static inline const struct kt_detect_model_word *
kt_detect_model_word_at(const struct kt_detect_model_window *w, uint32_t i)
{
	return &w->ring[(w->first + i) % KT_DETECT_MODEL_RING];
}
/* The windows of a text of at most UINT32_MAX bytes, in order of their ends,
   and the sums of the weights of each. */
typedef void kt_detect_model_window_fn(
    void *arg, const struct kt_detect_model_window *w);
void kt_detect_model_windows(struct kt_span text,
    const int8_t *const weights[static KT_DETECT_MODEL_LANES],
    kt_detect_model_window_fn *fn, void *arg);

/* A sum of n words made comparable with that of any other number. */
int32_t kt_detect_model_scaled(int32_t sum, size_t n);
int32_t kt_detect_model_score(const struct kt_detect_model *m,
    enum kt_detect_model_scale scale, int32_t sum, size_t n);

struct kt_detect;
struct kt_detect_scratch;
struct kt_detect_set;
/* The passages of text that the models of enabled rules would flag. */
KT_MUSTCHECK enum kt_rc kt_detect_models_scan(const struct kt_detect *db,
    struct kt_detect_scratch *s, const struct kt_detect_set *enabled,
    struct kt_span text);

#endif

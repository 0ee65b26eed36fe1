/*
 * model_priv - a linear model of what an attack reads like.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    words and their neighbours, one weight for each hash of them, and
 *           the windows of a text over which weights are added up.
 * Does not: learn (tests/accuracy/train.c does), or know what it looks for.
 * Promises: integers only: the same text scores the same on every machine;
 *           one pass, with a fixed number of words in memory.
 */
#ifndef KT_DETECT_MODEL_PRIV_H
#define KT_DETECT_MODEL_PRIV_H
#include "base/base.h"

/* One weight a bucket; a file is this and a head, below 1 MB. */
#define KT_DETECT_MODEL_BUCKETS 65536
/* A word, it behind the last one, it behind the last two. */
#define KT_DETECT_MODEL_GRAMS 3
/* Long windows begin every stride words; short ones are sentences. */
#define KT_DETECT_MODEL_LONG 96
#define KT_DETECT_MODEL_STRIDE 32
#define KT_DETECT_MODEL_SHORT 40
#define KT_DETECT_MODEL_LEAST 3

enum kt_detect_model_scale { KT_DETECT_MODEL_SENTENCE, KT_DETECT_MODEL_PASSAGE, KT_DETECT_MODEL_SCALES };

/* The file: little endian, as the machines are that kt runs on. */
struct kt_detect_model_head {
	char magic[16];
	int32_t bias[KT_DETECT_MODEL_SCALES];
	int32_t is_short; /* sentences alone are scored */
	/* Scores from which there is a finding, and a sure one. */
	int32_t flag, block;
};
#define KT_DETECT_MODEL_MAGIC "kt-model/1\n"
#define KT_DETECT_MODEL_BYTES (sizeof(struct kt_detect_model_head) + KT_DETECT_MODEL_BUCKETS)

struct kt_detect_model {
	struct kt_detect_model_head head;
	const int8_t *weights; /* KT_DETECT_MODEL_BUCKETS, the file's */
};
/* False: not such a file.  The bytes outlive the model. */
bool kt_detect_model_read(struct kt_detect_model *m, struct kt_span file);

/* A word of a text and the buckets that it adds up. */
struct kt_detect_model_word {
	uint64_t start, end;
	uint32_t bucket[KT_DETECT_MODEL_GRAMS];
};
/* The words [first, first + n) at v; called in order of their ends. */
typedef void kt_detect_model_window_fn(void *arg, enum kt_detect_model_scale scale,
    const struct kt_detect_model_word *v, size_t n);
void kt_detect_model_windows(
    struct kt_span text, kt_detect_model_window_fn *fn, void *arg);

/* The sum of n words made comparable with that of any other number. */
int32_t kt_detect_model_scaled(int32_t sum, size_t n);
int32_t kt_detect_model_score(const struct kt_detect_model *m, enum kt_detect_model_scale scale,
    const struct kt_detect_model_word *v, size_t n);

struct kt_detect;
struct kt_detect_scratch;
struct kt_detect_set;
/* The passages of text that the models of enabled rules would flag: one walk
   over its words for all of them. */
KT_MUSTCHECK enum kt_rc kt_detect_models_scan(const struct kt_detect *db,
    struct kt_detect_scratch *s, const struct kt_detect_set *enabled,
    struct kt_span text);

#endif

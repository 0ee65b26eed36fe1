/*
 * sample - the tokens of texts of any length, for a bounded price.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which parts of a long text are counted, and what those stand for.
 * Does not: know which texts a call has: exchange/count.h, exchange/tally.c.
 * Promises: texts of KT_TALLY_WHOLE together are counted whole; of n bytes
 *           more than that, about KT_TALLY_STEP * log2(n / KT_TALLY_STEP) are
 *           read.  The same texts in the same order give the same number.
 *
 * Of what follows the whole part every second cell is counted, for two; after
 * each KT_TALLY_STEP that was counted half as many: strata, each with what it
 * stands for, so that nobody has to know in advance how much there will be.
 */
#ifndef KT_SAMPLE_H
#define KT_SAMPLE_H
#include "token/estimate.h"

/* Starts zeroed; ends with kt_sample_end. */
struct kt_sample {
	struct kt_token_sum sum;
	bool counts_all;  /* whatever it costs */
	bool is_partial;  /* some text was not read, or cut where a token may
	                     stand */
	uint64_t counted; /* bytes */
	uint64_t skip;    /* bytes that the last part stands for, to come */
	unsigned doubled; /* one part in 2^doubled is counted */
	struct kt_token_sum last;
	size_t last_len;
};
/*
 * Adds the inside of a JSON string, as it is written; or, without room, a
 * text as it is.  KT_E_LIMIT as kt_token_count, or room is too small.
 */
KT_MUSTCHECK enum kt_rc kt_sample_add(struct kt_sample *s, enum kt_family f,
    struct kt_tokenizer *t, struct kt_span raw, struct kt_buf *room);
/* Takes back what the last part stood for and did not come. */
void kt_sample_end(struct kt_sample *s);

#endif

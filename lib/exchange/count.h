/*
 * count - the tokens of a whole request, as far as they can be known here.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what vendors add around messages, tools and images, from their
 *           documentation and from published measurements.
 * Does not: ask anybody.
 * Promises: a count is called exact only where the vendor publishes both the
 *           vocabulary and the rule: texts in messages of OpenAI's models.
 */
#ifndef KT_COUNT_H
#define KT_COUNT_H
#include "exchange/sample.h"
#include "json/json.h"
#include "provider/segments.h"

struct kt_count {
	struct kt_token_sum sum;
	uint32_t messages, tools, images;
	bool is_exact;
};
/* How much of it is read: all, or as much as kt_sample reads. */
enum kt_count_effort { KT_COUNT_ALL = 0, KT_COUNT_SAMPLE };

/*
 * text is the body that json indexed; room is for one string at a time.
 * KT_E_LIMIT  a string that no tokenizer or no room is large enough for
 */
KT_MUSTCHECK enum kt_rc kt_count_body(struct kt_count *out,
    enum kt_count_effort effort, enum kt_family f, struct kt_tokenizer *t,
    enum kt_format format, const struct kt_json *json, struct kt_span text,
    struct kt_buf *room);

#endif

/*
 * facts_priv - what the formats tell each other inside the room.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the members of usage and of answers, per format.
 * Does not: keep anything.
 * Promises: a number that is absent or null leaves the usage as it was, so
 *           that later events of a stream correct earlier ones.
 */
#ifndef KT_FACTS_PRIV_H
#define KT_FACTS_PRIV_H
#include "provider/facts.h"

void kt_usage_anthropic(struct kt_usage *u, const struct kt_json *json,
    struct kt_span text, uint32_t usage);
void kt_usage_openai(struct kt_usage *u, const struct kt_json *json,
    struct kt_span text, uint32_t usage);
/* The object that is an answer, wherever in a text it stands. */
void kt_answer_anthropic(struct kt_answer_facts *f, const struct kt_json *json,
    struct kt_span text, uint32_t answer);
void kt_answer_openai(struct kt_answer_facts *f, const struct kt_json *json,
    struct kt_span text, uint32_t answer);
void kt_answer_responses(struct kt_answer_facts *f, const struct kt_json *json,
    struct kt_span text, uint32_t answer);

/* The name of a member that marks what stands before it to be cached. */
bool kt_facts_is_mark(
    const struct kt_json *json, struct kt_span text, uint32_t name);
/* Below the member of this name the names are the caller's own. */
bool kt_facts_is_free(
    const struct kt_json *json, struct kt_span text, uint32_t name);

#endif

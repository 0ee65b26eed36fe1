/*
 * offline_priv - what the offline model says, before a format says it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    one turn: a text, or calls of tools, and what they count.
 * Does not: know where the request came from.
 * Promises: text is UTF-8, arguments are one JSON object each.
 */
#ifndef KT_OFFLINE_PRIV_H
#define KT_OFFLINE_PRIV_H
#include "json/write.h"
#include "provider/speak.h"

/* Bytes of text in one event, so that streams of it have several. */
#define KT_OFFLINE_PIECE 48

struct kt_offline_turn {
	struct kt_span model; /* JSON, quotes included */
	struct kt_span text;
	bool is_cut; /* max_tokens was reached */
	struct {
		struct kt_span name, arguments;
	} calls[KT_OFFLINE_CALLS_MAX];
	size_t ncalls;
	uint64_t input_tokens, output_tokens;
	uint64_t seed; /* of ids */
	bool is_stream, wants_usage;
};

KT_MUSTCHECK enum kt_rc kt_offline_say_anthropic(
    const struct kt_offline_turn *t, struct kt_buf *out);
KT_MUSTCHECK enum kt_rc kt_offline_say_openai(
    const struct kt_offline_turn *t, struct kt_buf *out);
KT_MUSTCHECK enum kt_rc kt_offline_say_responses(
    const struct kt_offline_turn *t, struct kt_buf *out);

/* The next piece of a text, whole characters; empty at its end. */
/* At most max bytes, whole characters. */
struct kt_span kt_offline_cut(struct kt_span text, size_t max);
struct kt_span kt_offline_piece(struct kt_span *rest);
/* "name": "prefix" and the seed in digits; i tells several apart. */
void kt_offline_put_id(struct kt_json_writer *w, const char *name,
    const char *prefix, const struct kt_offline_turn *t, size_t i);

#endif

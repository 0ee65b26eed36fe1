/*
 * said - the texts of an answer that are its output.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    where each format has what the model says to the client, whole
 *           or in pieces.
 * Does not: take thinking, refusals, citations or calls for it.
 * Promises: pieces of one choice, joined in order, are what a client joins.
 */
#ifndef KT_SAID_H
#define KT_SAID_H
#include "chat/chat.h"
#include "json/json.h"

struct kt_said {
	uint32_t node;   /* a string */
	uint64_t choice; /* from 0 on */
};
typedef void kt_said_fn(void *arg, const struct kt_said *said);
/* A whole answer, or the data of one event. */
void kt_said_read(enum kt_format format, const struct kt_json *json,
    struct kt_span text, kt_said_fn *tell, void *arg);
void kt_said_read_event(enum kt_format format, const struct kt_json *json,
    struct kt_span text, kt_said_fn *tell, void *arg);

#endif

/*
 * prose - plain text cut as models send it, and how much of it is held.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Counts and no clock: an event is held when its text ends behind the hold
 * that its own step tells, for as many events as come before it may go.
 */
#ifndef KT_TEST_PROSE_H
#define KT_TEST_PROSE_H
#include "detect/stream.h"

/* How models cut: at blanks; or like a vocabulary of word pieces does. */
enum cutting { WORDS, TOKENS };

struct hold {
	size_t events, held, waited; /* waited: events, over all held ones */
	size_t bytes, most; /* held: the sum over all events, and the most */
};

static inline int
kind_of(char c)
{
	if ((c | 32) >= 'a' && (c | 32) <= 'z')
		return 'a';
	if (c >= '0' && c <= '9')
		return '0';
	if (c == ' ' || c == '\n')
		return c;
	return (uint8_t)c >= 0x80 ? 'a' : '.';
}

/* Length of the first event's text. */
static inline size_t
next_delta(struct kt_span s, enum cutting how)
{
	size_t n = s.ptr[0] == ' ' || s.ptr[0] == '\'';
	int kind;

	if (how == WORDS) {
		for (n = 1; n < s.len && s.ptr[n] != ' ';)
			n++;
		return n;
	}
	n = n < s.len ? n : 0;
	kind = kind_of(s.ptr[n]);
	for (n++; n < s.len && kind_of(s.ptr[n]) == kind && kind != ' '; n++)
		if (n == 10 || (kind == '0' && n == 4))
			break;
	return n;
}

#define WAITING_MAX 512

/* Adds what held detectors hold of text. */
static inline bool
measure_hold(const struct kt_detect *db, struct kt_detect_scratch *s,
    const struct kt_detect_set *enabled, const struct kt_detect_set *held,
    struct kt_span text, enum cutting how, struct hold *h)
{
	struct kt_detect_stream *st;
	struct kt_detect_step out = { 0 };
	uint64_t ends[WAITING_MAX], at = 0;
	size_t n = 0;
	bool is_fine = true;

	if (kt_detect_stream_new(&st, db, enabled, held) < 0)
		return false;
	while (text.len > 0 && is_fine) {
		size_t len = next_delta(text, how), kept = 0;

		is_fine = kt_detect_stream_feed(
			      st, s, kt_span_sub(text, 0, len), &out) == KT_OK;
		text = kt_span_sub(text, len, text.len);
		at += len;
		h->events++;
		h->bytes += at - out.hold;
		if (at - out.hold > h->most)
			h->most = at - out.hold;
		if (n < WAITING_MAX)
			ends[n++] = at;
		for (size_t i = 0; i < n; i++)
			if (ends[i] > out.hold)
				ends[kept++] = ends[i];
		h->held += kept > 0 && ends[kept - 1] == at;
		h->waited += kept;
		n = kept;
	}
	kt_detect_stream_free(&st);
	return is_fine;
}

#endif

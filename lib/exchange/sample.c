/*
 * sample - parts of long texts, cut where nothing is torn.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/sample.h"

#include "json/text.h"

/* One part: long enough that the tokens its ends tear are few among its own,
   short enough that a text has many. */
#define CELL 1024
#define NEAR 64 /* bytes that a part may be longer */

/* Bytes of the escape that raw begins with; both halves of a surrogate pair. */
static size_t
escape_len(struct kt_span raw)
{
	if (raw.len < 6 || raw.ptr[1] != 'u')
		return 2;
	return (raw.ptr[2] | 0x20) == 'd' &&
	        memchr("89abAB", raw.ptr[3], 6) != NULL ? 12 : 6;
}

/*
 * Where a part that begins at `at` and wants n bytes ends: not inside an
 * escape or a character.  `at` is such a place, too.
 */
static size_t
cut_behind(struct kt_span raw, size_t at, uint64_t n)
{
	size_t want;
	const char *p;

	if (n >= raw.len - at)
		return raw.len;
	want = at + (size_t)n;
	/* A space is in neither; most texts have one near. */
	p = memchr(raw.ptr + want, ' ',
	    raw.len - want < NEAR ? raw.len - want : NEAR);
	if (p != NULL)
		return (size_t)(p - raw.ptr);
	while (at < want) {
		p = memchr(raw.ptr + at, '\\', want - at);
		at = p == NULL ? want : (size_t)(p - raw.ptr);
		if (p != NULL)
			at += escape_len(kt_span_sub(raw, at, raw.len - at));
	}
	while (at < raw.len && ((uint8_t)raw.ptr[at] & 0xc0) == 0x80)
		at++;
	return at < raw.len ? at : raw.len;
}

/* Once more as much as is worth it: from here on every other part less. */
static void
thin_out(struct kt_sample *s)
{
	while (s->counted >=
	    KT_TALLY_WHOLE + (uint64_t)s->doubled * KT_TALLY_STEP)
		s->doubled++;
}

static enum kt_rc
count(struct kt_sample *s, enum kt_family f, struct kt_tokenizer *t,
    struct kt_span raw, struct kt_buf *room)
{
	struct kt_token_sum sum = { 0 };
	uint64_t weight = UINT64_C(1) << s->doubled;
	struct kt_span text = raw;

	if (room != NULL) {
		kt_buf_reset(room);
		if (kt_json_unescape_add(room, raw) < 0)
			return KT_E_LIMIT;
		text = kt_buf_span(room);
	}
	if (kt_token_sum_add(&sum, f, t, text, NULL) < 0)
		return KT_E_LIMIT;
	s->sum.n += sum.n * weight;
	s->sum.low += sum.low * weight;
	s->sum.high += sum.high * weight;
	s->last = sum;
	s->last_len = raw.len;
	s->skip = (weight - 1) * raw.len;
	s->counted += raw.len;
	return KT_OK;
}

enum kt_rc
kt_sample_add(struct kt_sample *s, enum kt_family f, struct kt_tokenizer *t,
    struct kt_span raw, struct kt_buf *room)
{
	size_t at = 0, end;

	if (s->counts_all ||
	    (s->doubled == 0 && s->counted + raw.len <= KT_TALLY_WHOLE))
		return count(s, f, t, raw, room);
	s->is_partial |= raw.len > 0;
	while (at < raw.len) {
		if (s->skip > 0) {
			end = cut_behind(raw, at, s->skip);
			s->skip -= end - at < s->skip ? end - at : s->skip;
		} else {
			thin_out(s);
			end = cut_behind(raw, at, CELL);
			if (count(s, f, t, kt_span_sub(raw, at, end - at),
			        room) < 0)
				return KT_E_LIMIT;
		}
		at = end;
	}
	return KT_OK;
}

static void
take_back(uint64_t *from, uint64_t n, const struct kt_sample *s)
{
	*from -= n * s->skip / s->last_len;
}

void
kt_sample_end(struct kt_sample *s)
{
	if (s->skip == 0 || s->last_len == 0)
		return;
	take_back(&s->sum.n, s->last.n, s);
	take_back(&s->sum.low, s->last.low, s);
	take_back(&s->sum.high, s->last.high, s);
	s->skip = 0;
}

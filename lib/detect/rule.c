/*
 * rule - one attempt at a match, and what must be true of it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whole texts and streams ask the same three questions here (does it match,
 * is it accepted, how far does the tail reach), so that they cannot come to
 * different answers.  PCRE2 is asked about one start at a time, by its offset
 * limit and not by its ANCHORED option, because that one leaves the JIT.
 */
#include <math.h>

#include "detect/jit_priv.h"

#define LOOKAHEAD_ROOM 16
#define CONTEXT_GAIN_PM 300
#define CONFIDENCE_MAX_PM 990

bool
kt_detect_scratch_trips(struct kt_detect_scratch *s)
{
	return ++s->calls == s->fail_at;
}

/* Of what comes all must be of the body until what is needed has come. */
static bool
may_go_on(const struct kt_detect_rule *r, struct kt_span subject, size_t at)
{
	const char *p = subject.ptr + at;
	size_t n = r->needs_by < KT_DETECT_AHEAD ? r->needs_by : KT_DETECT_AHEAD;
	size_t room = subject.len - at;

	for (size_t i = 0; i < n && i < room; i++) {
		if (kt_detect_bytes_has(&r->needs, p[i]))
			return true;
		if (!kt_detect_bytes_has(&r->body, p[i]))
			return false;
	}
	return n == 0 || n == KT_DETECT_AHEAD || n > room;
}

/* To ask PCRE2 costs as much as to look at a hundred bytes; a few tell most
   starts apart, which PCRE2 would try one by one. */
bool
kt_detect_rule_may_begin(
    const struct kt_detect_rule *r, struct kt_span subject, size_t at)
{
	const char *p = subject.ptr + at;
	size_t room = subject.len - at;

	if (at > 0 &&
	    (!kt_detect_bytes_has(&r->before, p[-1]) ||
	        (r->begins_word && kt_detect_is_word(*p) &&
	            kt_detect_is_word(p[-1]))))
		return false;
	if (at > 0 || !r->has_front)
		for (size_t i = 0; i < KT_DETECT_GLANCE && i < room; i++)
			if (!kt_detect_bytes_has(&r->begin[i], p[i]))
				return false;
	return may_go_on(r, subject, at);
}

enum kt_detect_attempt
kt_detect_rule_attempt(const struct kt_detect_rule *r,
    struct kt_detect_scratch *s, struct kt_span subject, size_t from,
    size_t last, bool is_end, struct kt_detect_match *m)
{
	enum kt_detect_attempt got = KT_DETECT_ATTEMPT_MISS;

	for (; from <= last && got == KT_DETECT_ATTEMPT_MISS; from++)
		if ((from == 0 ||
		        kt_detect_bytes_has(&r->begin[0], subject.ptr[from])) &&
		    kt_detect_rule_may_begin(r, subject, from))
			got = kt_detect_rule_ask(
			    r, s, subject, from, is_end, m);
	return got;
}

enum kt_detect_attempt
kt_detect_rule_ask(const struct kt_detect_rule *r,
    struct kt_detect_scratch *s, struct kt_span subject, size_t start,
    bool is_end, struct kt_detect_match *m)
{
	size_t far = start + r->max_width + LOOKAHEAD_ROOM;
	const PCRE2_SIZE *at;
	int rc;

	if (kt_detect_scratch_trips(s))
		return KT_DETECT_ATTEMPT_ERROR;
	(void)pcre2_set_offset_limit(s->limits, start); /* cannot fail */
	/*
	 * PCRE2 first looks ahead, far, for bytes that a match must have.  What
	 * no match can reach is kept from it; should it matter after all (a
	 * long lookahead), the attempt is open and is made again.
	 */
	rc = PCRE2_ERROR_PARTIAL;
	if (subject.len > far)
		rc = kt_detect_jit_match(r, s, kt_span_sub(subject, 0, far),
		    start, PCRE2_PARTIAL_HARD);
	if (rc == PCRE2_ERROR_PARTIAL)
		rc = kt_detect_jit_match(r, s, subject, start,
		    is_end ? 0 : PCRE2_PARTIAL_HARD);
	if (rc == PCRE2_ERROR_NOMATCH)
		return KT_DETECT_ATTEMPT_MISS;
	if (rc < 0 && rc != PCRE2_ERROR_PARTIAL)
		return KT_DETECT_ATTEMPT_ERROR;
	at = pcre2_get_ovector_pointer(s->match);
	*m = (struct kt_detect_match){ .start = at[0],
		.end = at[1],
		.span_start = at[0] + r->def->public_bytes,
		.span_end = at[1] };
	if (rc == PCRE2_ERROR_PARTIAL)
		return KT_DETECT_ATTEMPT_OPEN;
	/* 0: there were more captures than the vector has room for. */
	if (r->has_capture && rc != 1 && at[2] != PCRE2_UNSET &&
	    at[3] > at[2]) {
		m->span_start = at[2];
		m->span_end = at[3];
	}
	return KT_DETECT_ATTEMPT_HIT;
}

/* Shannon entropy in hundredths of a bit per byte. */
static unsigned
entropy_cb(struct kt_span s)
{
	unsigned count[256] = { 0 };
	double h = 0;

	for (size_t i = 0; i < s.len; i++)
		count[(uint8_t)s.ptr[i]]++;
	for (size_t i = 0; i < 256; i++) {
		double p = (double)count[i] / (double)s.len;

		if (count[i] > 0)
			h -= p * log2(p);
	}
	return (unsigned)(h * 100);
}

bool
kt_detect_rule_accepts(const struct kt_detect_rule *r, struct kt_span label,
    struct kt_span subject, const struct kt_detect_match *m,
    uint16_t *confidence_pm)
{
	size_t start = r->def->public_bytes > 0 ? m->start : m->span_start;
	struct kt_span span = { subject.ptr + start, m->span_end - start };
	unsigned confidence = r->def->confidence_pm;

	for (size_t i = 0; i < r->def->nvalidators; i++)
		if (!r->validators[i](span))
			return false;
	if (r->def->entropy_cb > 0 && entropy_cb(span) < r->def->entropy_cb)
		return false;
	if (r->def->ncontext > 0) {
		bool has = kt_detect_rule_has_context(
		    r, label, subject, m->start);

		if (!has && r->def->is_context_required) {
			if (!r->def->is_alone_enough || !m->is_alone)
				return false;
			confidence /= 2;
		}
		if (has && !r->def->is_context_required &&
		    confidence < CONFIDENCE_MAX_PM) {
			confidence += CONTEXT_GAIN_PM;
			if (confidence > CONFIDENCE_MAX_PM)
				confidence = CONFIDENCE_MAX_PM;
		}
	}
	if (r->checksum != NULL)
		confidence =
		    r->checksum(span) ? CONFIDENCE_MAX_PM : confidence / 2;
	*confidence_pm = (uint16_t)confidence;
	return true;
}

/* A run of bytes of a tail's class, and where the last one that was long
   enough ended. */
struct solid {
	size_t run, end;
};

static void
go_on(const struct kt_detect_rule *r, struct solid *s, struct kt_span subject,
    size_t at)
{
	s->run = kt_detect_bytes_has(&r->tail, subject.ptr[at]) ? s->run + 1
	                                                        : 0;
	if (s->run >= KT_DETECT_SOLID)
		s->end = at + 1;
}

/* What is in front of `at`, as far back as it matters: where a tail is told
   piece by piece it ends where it does in the whole. */
static struct solid
look_back(const struct kt_detect_rule *r, struct kt_span subject, size_t from,
    size_t at)
{
	size_t far = r->def->tail_gap + KT_DETECT_SOLID;
	struct solid s = { .end = at - from > far ? at - far : from };

	for (size_t i = s.end; r->def->tail_gap > 0 && i < at; i++)
		go_on(r, &s, subject, i);
	return s;
}

static bool
ends_tail(const struct kt_detect_rule *r, struct kt_span subject, size_t from,
    size_t at)
{
	size_t n = r->tail_end_len;

	return n > 0 && at - from >= n &&
	    memcmp(subject.ptr + at - n, r->def->tail_end, n) == 0;
}

size_t
kt_detect_rule_tail(const struct kt_detect_rule *r, struct kt_span subject,
    size_t from, size_t at, bool *is_over)
{
	struct solid s = look_back(r, subject, from, at);

	for (*is_over = false; at < subject.len; at++) {
		*is_over = ends_tail(r, subject, from, at) ||
		    (!kt_detect_bytes_has(&r->tail, subject.ptr[at]) &&
		        at - s.end >= r->def->tail_gap);
		if (*is_over)
			return at;
		go_on(r, &s, subject, at);
	}
	*is_over = ends_tail(r, subject, from, at);
	return at;
}

static void
add_range(struct kt_detect_bytes *set, int lo, int hi)
{
	for (int c = lo; c <= hi; c++)
		kt_detect_bytes_add(set, (char)c);
}

static bool add_escape(struct kt_detect_bytes *set, char c, int *single);

/* What a class does not have: \W is all that \w is not. */
static bool
add_others(struct kt_detect_bytes *set, char of)
{
	struct kt_detect_bytes class = { { 0 } };
	int single;
	bool is_known = add_escape(&class, of, &single);

	for (size_t i = 0; i < KT_NELEMS(set->w); i++)
		set->w[i] |= ~class.w[i];
	return is_known;
}

/* The byte or the class behind a backslash; false when unknown. */
static bool
add_escape(struct kt_detect_bytes *set, char c, int *single)
{
	*single = -1;
	switch (c) {
	case 'D':
	case 'W':
	case 'S':
		return add_others(set, (char)(c | 32));
	case 'd':
		add_range(set, '0', '9');
		return true;
	case 'w':
		add_range(set, '0', '9');
		add_range(set, 'A', 'Z');
		add_range(set, 'a', 'z');
		kt_detect_bytes_add(set, '_');
		return true;
	case 's':
		add_range(set, '\t', '\r');
		kt_detect_bytes_add(set, ' ');
		return true;
	case 'n':
		*single = '\n';
		return true;
	case 'r':
		*single = '\r';
		return true;
	case 't':
		*single = '\t';
		return true;
	default:
		*single = (uint8_t)c;
		return c != '\0' && (uint8_t)c < 0x80 &&
		    (c == '_' || !kt_detect_is_word(c));
	}
}

bool
kt_detect_bytes_parse(const char *text, struct kt_detect_bytes *set)
{
	const char *p = text;
	bool is_not = false;

	*set = (struct kt_detect_bytes){ { 0 } };
	if (*p++ != '[')
		return false;
	if (*p == '^') {
		is_not = true;
		p++;
	}
	if (*p == ']')
		return false;
	while (*p != ']') {
		int lo = (uint8_t)*p++;

		if (lo == '\0')
			return false;
		if (lo == '\\' && !add_escape(set, *p++, &lo))
			return false;
		if (lo < 0)
			continue;
		if (*p == '-' && p[1] != ']' && p[1] != '\0' && p[1] != '\\') {
			if ((uint8_t)p[1] < lo)
				return false;
			add_range(set, lo, (uint8_t)p[1]);
			p += 2;
		} else {
			kt_detect_bytes_add(set, (char)lo);
		}
	}
	for (size_t i = 0; is_not && i < KT_NELEMS(set->w); i++)
		set->w[i] = ~set->w[i];
	return p[1] == '\0';
}

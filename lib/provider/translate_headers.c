/*
 * translate_headers - how much a client may still ask, in its own words.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The one vendor tells the moment at which a limit is whole again (RFC 3339),
 * the other how long that takes ("1h0m2s", "6m0s", "20ms").
 */
#include "provider/translate.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define MONTH_MS UINT64_C(2678400000) /* no limit lasts longer */

static const struct pair {
	struct kt_span anthropic, openai;
	bool is_time;
} pairs[] = {
#define LIMIT(of) \
	{ KT_SPAN_INIT("anthropic-ratelimit-" of "-limit"), \
	    KT_SPAN_INIT("x-ratelimit-limit-" of), false }, \
	{ KT_SPAN_INIT("anthropic-ratelimit-" of "-remaining"), \
	    KT_SPAN_INIT("x-ratelimit-remaining-" of), false }, \
	{ KT_SPAN_INIT("anthropic-ratelimit-" of "-reset"), \
	    KT_SPAN_INIT("x-ratelimit-reset-" of), true }
	LIMIT("requests"),
	LIMIT("tokens"),
#undef LIMIT
};

/* ---- a moment becomes a time to wait ---- */

static bool
read_moment(struct kt_span s, uint64_t *at_s)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	static const size_t begins[] = { 0, 5, 8, 11, 14, 17 };
	struct kt_span zone = kt_span_sub(s, sizeof(form) - 1, s.len);
	uint64_t n[KT_NELEMS(begins)];
	struct tm tm;
	time_t t;

	if (s.len < sizeof(form) || !kt_span_ends(zone, KT_SPAN("Z")))
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] != 'd' && form[i] != s.ptr[i])
			return false;
	}
	for (size_t i = 0; i < KT_NELEMS(begins); i++) {
		if (!kt_span_u64(
		        kt_span_sub(s, begins[i], i == 0 ? 4 : 2), &n[i]))
			return false;
	}
	tm = (struct tm){ .tm_year = (int)n[0] - 1900, .tm_mon = (int)n[1] - 1,
		.tm_mday = (int)n[2], .tm_hour = (int)n[3], .tm_min = (int)n[4],
		.tm_sec = (int)n[5] };
	t = timegm(&tm);
	*at_s = (uint64_t)t;
	return t > 0;
}

static struct kt_span
write_wait(uint64_t s, struct kt_arena *mem)
{
	uint64_t h = s / 3600, m = s / 60 % 60;

	if (h > 0)
		return kt_arena_printf(mem, "%" PRIu64 "h%" PRIu64 "m%" PRIu64
		    "s", h, m, s % 60);
	if (m > 0)
		return kt_arena_printf(
		    mem, "%" PRIu64 "m%" PRIu64 "s", m, s % 60);
	return kt_arena_printf(mem, "%" PRIu64 "s", s);
}

/* ---- and back ---- */

static bool
is_digit(struct kt_span s)
{
	return s.len > 0 && s.ptr[0] >= '0' && s.ptr[0] <= '9';
}

/* "8.64", in thousandths. */
static bool
take_number(struct kt_span *s, uint64_t *n)
{
	uint64_t of = 1000;

	if (!is_digit(*s))
		return false;
	for (*n = 0; is_digit(*s) && *n < MONTH_MS;
	     *s = kt_span_sub(*s, 1, s->len))
		*n = 10 * *n + 1000 * (uint64_t)(s->ptr[0] - '0');
	if (s->len == 0 || s->ptr[0] != '.')
		return true;
	for (*s = kt_span_sub(*s, 1, s->len); is_digit(*s);
	     *s = kt_span_sub(*s, 1, s->len))
		*n += (of /= 10) * (uint64_t)(s->ptr[0] - '0');
	return true;
}

/* "6m0s", "8.64s", "20ms": in milliseconds. */
static bool
read_wait(struct kt_span s, uint64_t *ms)
{
	static const struct {
		struct kt_span name;
		uint64_t ms;
	} units[] = { { KT_SPAN_INIT("ms"), 1 }, { KT_SPAN_INIT("s"), 1000 },
		{ KT_SPAN_INIT("m"), 60000 }, { KT_SPAN_INIT("h"), 3600000 } };

	for (*ms = 0; s.len > 0 && *ms < MONTH_MS;) {
		size_t unit = 0;
		uint64_t n;

		if (!take_number(&s, &n))
			return false;
		while (unit < KT_NELEMS(units) &&
		    !kt_span_starts(s, units[unit].name))
			unit++;
		if (unit == KT_NELEMS(units))
			return false;
		*ms += n * units[unit].ms / 1000;
		s = kt_span_sub(s, units[unit].name.len, s.len);
	}
	return s.len == 0;
}

static struct kt_span
write_moment(uint64_t at_s, struct kt_arena *mem)
{
	time_t t = (time_t)at_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		return (struct kt_span){ 0 };
	return kt_arena_printf(mem, "%04d-%02d-%02dT%02d:%02d:%02dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

/* ---- both ---- */

static struct kt_span
other_time(enum kt_format from, struct kt_span value, uint64_t now_s,
    struct kt_arena *mem)
{
	uint64_t n;

	value = kt_span_trim(value);
	if (from == KT_FORMAT_ANTHROPIC)
		return read_moment(value, &n) ?
		    write_wait(n > now_s ? n - now_s : 0, mem) :
		    (struct kt_span){ 0 };
	return value.len > 0 && read_wait(value, &n) ?
	    write_moment(now_s + (n + 999) / 1000, mem) :
	    (struct kt_span){ 0 };
}

void
kt_translate_header(enum kt_format from, struct kt_header *h, uint64_t now_s,
    struct kt_arena *mem)
{
	for (size_t i = 0; i < KT_NELEMS(pairs); i++) {
		const struct pair *p = &pairs[i];
		bool is_theirs = from == KT_FORMAT_ANTHROPIC;
		struct kt_span value = h->value;

		if (!kt_span_caseeq(
		        h->name, is_theirs ? p->anthropic : p->openai))
			continue;
		if (p->is_time)
			value = other_time(from, h->value, now_s, mem);
		if (value.len > 0)
			*h = (struct kt_header){
				.name = is_theirs ? p->openai : p->anthropic,
				.value = value };
		return;
	}
}

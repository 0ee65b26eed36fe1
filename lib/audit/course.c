/*
 * course - one record compared with the one before it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * This runs for every record: times are compared as they are spelt, and read
 * only where one is less.
 */
#include "audit/course.h"

#include "audit/audit.h"

static const char *const type_names[] = {
#define KT_TYPE(name) [KT_AUDIT_TYPE_##name] = #name,
#include "audit/type.def"
#undef KT_TYPE
};

const char *
kt_audit_type_name(enum kt_audit_type t)
{
	return type_names[t];
}

/* What is too long to be one is none. */
static size_t
keep(char *to, size_t size, struct kt_span s)
{
	if (s.len >= size)
		s.len = 0;
	memcpy(to, s.ptr, s.len);
	to[s.len] = '\0';
	return s.len;
}

/* ---- time ---- */

static void
went_back(struct kt_audit_course *c, struct kt_span ts, uint64_t i)
{
	uint64_t before, now;

	c->backs++;
	if (!kt_audit_time_parse(kt_span_of(c->last.ts), &before) ||
	    !kt_audit_time_parse(ts, &now) || before - now <= c->back_us)
		return;
	c->back_us = before - now;
	c->back_at = i;
}

static void
was_silent(struct kt_audit_course *c, uint64_t us, uint64_t i)
{
	c->silences += us > KT_AUDIT_SILENCE_US;
	if (us <= c->silence_us)
		return;
	c->silence_us = us;
	c->silence_at = i;
}

/* From the last record on to one at this moment; whether it is of the same
 * process. */
static bool
pass(struct kt_audit_course *c, uint64_t mono, struct kt_span ts,
    struct kt_span boot, uint64_t i)
{
	const struct kt_audit_moment *last = &c->last;
	bool is_same = boot.len > 0 && boot.len == last->boot_len &&
	    memcmp(last->boot, boot.ptr, boot.len) == 0;

	if (is_same && mono > last->mono)
		was_silent(c, mono - last->mono, i);
	if (ts.len == last->ts_len && memcmp(last->ts, ts.ptr, ts.len) > 0)
		went_back(c, ts, i);
	return is_same;
}

/* Canonical, so at most sixteen digits. */
static uint64_t
number(struct kt_span digits)
{
	uint64_t n = 0;

	for (size_t k = 0; k < digits.len; k++)
		n = n * 10 + (uint64_t)(digits.ptr[k] - '0');
	return n;
}

/* ---- what was lost ---- */

static void
add_member(uint64_t *to, struct kt_span text, const char *name)
{
	struct kt_span value;
	uint64_t n;

	if (kt_audit_member(text, name, &value) && kt_span_u64(value, &n))
		*to += n;
}

static void
note(struct kt_audit_course *c, enum kt_audit_type type, struct kt_span text)
{
	switch (type) {
	case KT_AUDIT_TYPE_gap:
		add_member(&c->lost, text, "records");
		add_member(&c->lost_contents, text, "contents");
		break;
	case KT_AUDIT_TYPE_recovery:
		add_member(&c->bytes_cut, text, "bytes_cut");
		add_member(&c->unfinished, text, "unfinished");
		break;
	case KT_AUDIT_TYPE_erasure:
		add_member(&c->erased, text, "secrets");
		break;
	default:
		break;
	}
}

/* ---- records ---- */

void
kt_audit_course_see(struct kt_audit_course *c, const struct kt_audit_line *l,
    enum kt_audit_type type, struct kt_span text)
{
	uint64_t mono = number(l->mono);
	bool is_sync = kt_span_eq(l->clk, KT_SPAN("{\"state\":\"sync\"}"));

	if (!pass(c, mono, l->ts, l->boot, l->i))
		c->last.boot_len =
		    keep(c->last.boot, sizeof(c->last.boot), l->boot);
	if (!is_sync) {
		if (c->unsync++ == 0)
			c->unsync_at = l->i;
		c->unsync_runs += !c->has_some || c->last.is_sync;
	}
	c->last.mono = mono;
	c->last.is_sync = is_sync;
	c->last.ts_len = keep(c->last.ts, sizeof(c->last.ts), l->ts);
	if (!c->has_some)
		c->first = c->last;
	c->has_some = true;
	note(c, type, text);
}

static void
add_lost(struct kt_audit_course *c, const struct kt_audit_course *next)
{
	c->lost += next->lost;
	c->lost_contents += next->lost_contents;
	c->bytes_cut += next->bytes_cut;
	c->unfinished += next->unfinished;
	c->erased += next->erased;
}

void
kt_audit_course_join(struct kt_audit_course *c,
    const struct kt_audit_course *next, uint64_t first)
{
	const struct kt_audit_moment *m = &next->first;

	(void)pass(c, m->mono, kt_span_of(m->ts), kt_span_of(m->boot), first);
	if (next->silence_us > c->silence_us) {
		c->silence_us = next->silence_us;
		c->silence_at = next->silence_at;
	}
	if (next->back_us > c->back_us) {
		c->back_us = next->back_us;
		c->back_at = next->back_at;
	}
	c->silences += next->silences;
	c->backs += next->backs;
	if (c->unsync == 0)
		c->unsync_at = next->unsync_at;
	c->unsync_runs += next->unsync_runs;
	if (!c->last.is_sync && !m->is_sync)
		c->unsync_runs--; /* the same one */
	c->unsync += next->unsync;
	add_lost(c, next);
	c->last = next->last;
}

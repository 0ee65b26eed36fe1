/*
 * chain - binding records to each other, and all of them into one root.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The tree keeps only the roots of its perfect subtrees: appending costs one
 * node hash on average and no memory, and a segment header can carry all of
 * it.  Proofs need inner nodes as well, which can be rebuilt from the lines.
 */
#include "audit/audit.h"
#include "audit/canon.h"

#include <time.h>

enum kt_rc
kt_audit_chain_init(struct kt_audit_chain *c, struct kt_err *err)
{
	*c = (struct kt_audit_chain){ .size = 0 };
	return kt_audit_hash_init(&c->hash, err);
}

void
kt_audit_chain_fini(struct kt_audit_chain *c)
{
	kt_audit_hash_fini(&c->hash);
}

void
kt_audit_leaf(struct kt_audit_chain *c, struct kt_span line,
    uint8_t leaf[KT_AUDIT_HASH])
{
	static const char zero[1];

	kt_audit_hash_add(&c->hash, (struct kt_span){ zero, 1 });
	kt_audit_hash_add(&c->hash, line);
	kt_audit_hash_take(&c->hash, leaf);
}

static void
node(struct kt_audit_chain *c, const uint8_t *left, uint8_t *right)
{
	char bytes[1 + 2 * KT_AUDIT_HASH] = { 1 };

	memcpy(bytes + 1, left, KT_AUDIT_HASH);
	memcpy(bytes + 1 + KT_AUDIT_HASH, right, KT_AUDIT_HASH);
	kt_audit_hash_add(&c->hash, (struct kt_span){ bytes, sizeof(bytes) });
	kt_audit_hash_take(&c->hash, right);
}

void
kt_audit_chain_step(
    struct kt_audit_chain *c, const uint8_t leaf[KT_AUDIT_HASH])
{
	uint8_t up[KT_AUDIT_HASH];
	unsigned level = 0;

	memcpy(up, leaf, sizeof(up));
	for (uint64_t n = c->size; n & 1; n >>= 1) {
		node(c, c->frontier[level++], up);
		if (level % 8 == 0 && level / 8 <= KT_AUDIT_TILE_LEVELS)
			memcpy(c->full[level / 8], up, sizeof(up));
	}
	memcpy(c->frontier[level], up, sizeof(up));
	memcpy(c->prev, leaf, sizeof(c->prev));
	c->size++;
}

void
kt_audit_chain_root(struct kt_audit_chain *c, uint8_t root[KT_AUDIT_HASH])
{
	bool has_some = false;

	for (unsigned level = 0; level < 64; level++) {
		if ((c->size >> level & 1) == 0)
			continue;
		if (has_some)
			node(c, c->frontier[level], root);
		else
			memcpy(root, c->frontier[level], KT_AUDIT_HASH);
		has_some = true;
	}
	if (!has_some)
		kt_audit_hash_take(&c->hash, root); /* of no bytes at all */
}

/* ---- sealing ---- */

struct merge {
	struct kt_audit_put put;
	const struct kt_audit_envelope *env;
	const struct kt_audit_chain *chain;
	unsigned next; /* of the envelope's members */
	struct kt_span kept; /* members of the body, not yet copied */
	bool has_clash;
};

#define YEAR_10000_US (UINT64_C(253402300800) * 1000000)

struct date {
	unsigned year, month, day;
};

/*
 * In a calendar whose years begin in March, leap days stand at the end of
 * years, centuries and the 400 years after which everything repeats.
 */
static struct date
date_of(uint64_t days_since_1970)
{
	unsigned days = (unsigned)days_since_1970 + 719468; /* since 0000-03 */
	unsigned in_era = days % 146097;
	unsigned year = (in_era - in_era / 1460 + in_era / 36524 -
	    in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * in_year + 2) / 153; /* from March on */

	year += days / 146097 * 400;
	return (struct date){ .year = year + (month >= 10),
		.month = month >= 10 ? month - 9 : month + 3,
		.day = in_year - (153 * month + 2) / 5 + 1 };
}

static char *
put_digits(char *to, unsigned n, unsigned width, char next)
{
	for (unsigned i = width; i-- > 0; n /= 10)
		to[i] = (char)('0' + n % 10);
	to[width] = next;
	return to + width + 1;
}

/* For each record, so not by strftime(), which takes longer than the rest. */
static struct kt_span
timestamp(uint64_t us, char text[static 40])
{
	struct date d;
	unsigned second;
	char *to = text;

	if (us >= YEAR_10000_US)
		us = YEAR_10000_US - 1;
	d = date_of(us / 1000000 / 86400);
	second = (unsigned)(us / 1000000 % 86400);
	to = put_digits(to, d.year, 4, '-');
	to = put_digits(to, d.month, 2, '-');
	to = put_digits(to, d.day, 2, 'T');
	to = put_digits(to, second / 3600, 2, ':');
	to = put_digits(to, second / 60 % 60, 2, ':');
	to = put_digits(to, second % 60, 2, '.');
	to = put_digits(to, (unsigned)(us % 1000000), 6, 'Z');
	return (struct kt_span){ text, (size_t)(to - text) };
}

/* The number that the digits at `from` are. */
static bool
digits(struct kt_span ts, size_t from, size_t n, uint64_t *out)
{
	return kt_span_u64(kt_span_sub(ts, from, n), out);
}

bool
kt_audit_time_parse(struct kt_span ts, uint64_t *us)
{
	uint64_t year, month, day, hour, minute, second, micro;
	char again[40];
	struct tm tm;

	if (ts.len != strlen("2026-11-20T19:51:46.104233Z") ||
	    !digits(ts, 0, 4, &year) || !digits(ts, 5, 2, &month) ||
	    !digits(ts, 8, 2, &day) || !digits(ts, 11, 2, &hour) ||
	    !digits(ts, 14, 2, &minute) || !digits(ts, 17, 2, &second) ||
	    !digits(ts, 20, 6, &micro) || year < 1970)
		return false;
	tm = (struct tm){ .tm_year = (int)year - 1900,
		.tm_mon = (int)month - 1, .tm_mday = (int)day,
		.tm_hour = (int)hour, .tm_min = (int)minute,
		.tm_sec = (int)second };
	*us = (uint64_t)timegm(&tm) * 1000000 + micro;
	/* No 31st of June, and nothing else between the digits. */
	return kt_span_eq(ts, timestamp(*us, again));
}

bool
kt_audit_time_take(const char *text, struct kt_span *time)
{
	char whole[] = "1970-01-01T00:00:00.000000Z";
	struct kt_span t = kt_span_of(text);
	uint64_t us;

	if (kt_span_ends(t, KT_SPAN("Z")))
		t.len--;
	*time = t;
	if (t.len < 4 || t.len >= sizeof(whole) - 1 || t.len == 20 ||
	    (t.len < 20 && t.len % 3 != 1))
		return false; /* it ends inside of a number, or before one */
	memcpy(whole, t.ptr, t.len);
	return kt_audit_time_parse(kt_span_of(whole), &us);
}

bool
kt_audit_time_is_before(struct kt_span ts, struct kt_span time)
{
	size_t n = ts.len < time.len ? ts.len : time.len;

	return n > 0 && memcmp(ts.ptr, time.ptr, n) < 0;
}

bool
kt_audit_time_is_in(
    struct kt_span ts, struct kt_span since, struct kt_span until)
{
	return !kt_audit_time_is_before(ts, since) &&
	    (until.len == 0 || kt_audit_time_is_before(ts, until));
}

static const struct kt_span envelope_names[] = {
	KT_SPAN_INIT("boot"), KT_SPAN_INIT("clk"), KT_SPAN_INIT("i"),
	KT_SPAN_INIT("mono"), KT_SPAN_INIT("origin"), KT_SPAN_INIT("prev"),
	KT_SPAN_INIT("ts"), KT_SPAN_INIT("v"),
};

bool
kt_audit_is_envelope(struct kt_span name)
{
	for (size_t i = 0; i < KT_NELEMS(envelope_names); i++) {
		if (kt_span_eq(name, envelope_names[i]))
			return true;
	}
	return false;
}

/* Neighbours in the body are neighbours in the line, comma and all. */
static void
put_kept(struct merge *m)
{
	struct kt_audit_put *p = &m->put;

	if (m->kept.len == 0)
		return;
	if (p->rc == KT_OK && p->level[p->depth].name != NULL)
		p->rc = kt_buf_addc(p->out, ',');
	if (p->rc == KT_OK)
		p->rc = kt_buf_add(p->out, m->kept);
	p->level[p->depth].name = ""; /* sorts before every name to come */
	m->kept.len = 0;
}

/* Integers have no sign, so the name of the offset has it. */
static void
put_clock(struct kt_audit_put *p, const struct kt_audit_envelope *env)
{
	bool is_synced = env->clk == KT_AUDIT_CLOCK_SYNC;

	kt_audit_put_open(p, '{');
	if (is_synced && env->clk_us < 0)
		kt_audit_member_int(p, "back_us", 0 - (uint64_t)env->clk_us);
	else if (is_synced)
		kt_audit_member_int(p, "forward_us", (uint64_t)env->clk_us);
	kt_audit_member_text(p, "state",
	    is_synced ? KT_SPAN("sync") : KT_SPAN("unsync"));
	kt_audit_put_close(p, '}');
}

static void
put_envelope(struct merge *m)
{
	char text[2 * KT_AUDIT_HASH + 1];
	struct kt_audit_put *p = &m->put;

	put_kept(m);
	kt_audit_put_name_of(
	    p, envelope_names[m->next].ptr, envelope_names[m->next].len);
	switch (m->next++) {
	case 0:
		kt_audit_put_text(p, m->env->boot);
		break;
	case 1:
		put_clock(p, m->env);
		break;
	case 2:
		kt_audit_put_int(p, m->chain->size);
		break;
	case 3:
		kt_audit_put_int(p, m->env->mono_us);
		break;
	case 4:
		kt_audit_put_text(p, m->env->origin);
		break;
	case 5:
		kt_hex(m->chain->prev, KT_AUDIT_HASH, text);
		kt_audit_put_text(p, kt_span_of(text));
		break;
	case 6:
		kt_audit_put_text(p, timestamp(m->env->ts_us, text));
		break;
	case 7:
		kt_audit_put_text(p, KT_SPAN(KT_AUDIT_VERSION));
		break;
	}
}

static int
compare(struct kt_span a, struct kt_span b)
{
	size_t min = a.len < b.len ? a.len : b.len;
	int order;

	if (b.len > 0 && *a.ptr != *b.ptr) /* most of the time */
		return (unsigned char)*a.ptr < (unsigned char)*b.ptr ? -1 : 1;
	order = memcmp(a.ptr, b.ptr, min);
	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Members of the body pass as they are spelt, the envelope's in between. */
static bool
merge_member(void *arg, struct kt_span name, struct kt_span v)
{
	struct merge *m = arg;
	int order = 1;

	while (m->next < KT_NELEMS(envelope_names)) {
		order = compare(envelope_names[m->next], name);
		if (order >= 0)
			break;
		put_envelope(m);
	}
	if (order == 0 && m->next < KT_NELEMS(envelope_names)) {
		m->has_clash = true;
		return false;
	}
	if (m->kept.len == 0)
		m->kept.ptr = name.ptr - 1;
	m->kept.len = (size_t)(v.ptr + v.len - m->kept.ptr);
	return m->put.rc == KT_OK;
}

static enum kt_rc
merge_line(struct merge *m, struct kt_span body, struct kt_err *err)
{
	struct kt_audit_put *p = &m->put;
	enum kt_rc rc;

	rc = kt_audit_canon_check(body, merge_member, m, err);
	if (p->rc < 0)
		return kt_fail(err, p->rc, "no room for the line");
	if (m->has_clash)
		return kt_fail(err, KT_E_MISUSE,
		    "a body has the envelope's member '%s'",
		    envelope_names[m->next].ptr);
	if (rc < 0)
		return kt_wrap(err, "record body");
	while (m->next < KT_NELEMS(envelope_names))
		put_envelope(m);
	put_kept(m);
	kt_audit_put_close(p, '}');
	return p->rc < 0 ? kt_fail(err, p->rc, "no room for the line") : KT_OK;
}

enum kt_rc
kt_audit_seal(struct kt_audit_chain *c, const struct kt_audit_envelope *env,
    struct kt_span body, struct kt_buf *out, uint8_t leaf[KT_AUDIT_HASH],
    struct kt_err *err)
{
	struct merge m = { .env = env, .chain = c };
	struct kt_span line;
	size_t from = out->len;
	enum kt_rc rc;

	kt_audit_put_begin(&m.put, out);
	rc = merge_line(&m, body, err);
	if (rc == KT_OK && out->len - from > KT_AUDIT_LINE_MAX)
		rc = kt_fail(err, KT_E_LIMIT, "line of %zu bytes",
		    out->len - from);
	if (rc == KT_OK && kt_buf_addc(out, '\n') < 0)
		rc = kt_fail(err, KT_E_LIMIT, "no room for the line");
	if (rc < 0) {
		out->len = from;
		return rc;
	}
	line = kt_span_sub(kt_buf_span(out), from, out->len - from - 1);
	kt_audit_leaf(c, line, leaf);
	kt_audit_chain_step(c, leaf);
	return KT_OK;
}

/*
 * How a log went: what is told of one pass is told of its parts, wherever it
 * is cut.
 */
#include "config.h"
#include "audit/course.h"
#include "tests/unit/tap.h"

#define RECORDS 60

struct record {
	char ts[40], mono[20], boot[70];
	const char *clk, *text;
	enum kt_audit_type type;
};

static struct record log_of[RECORDS];
static uint32_t state = 7;

static uint32_t
next(uint32_t below)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % below;
}

static void
make_log(void)
{
	static const char *const gap = "{\"records\":3,\"type\":\"gap\"}";
	static const char *const recovery =
	    "{\"bytes_cut\":5,\"type\":\"recovery\",\"unfinished\":2}";
	uint64_t mono = 1000;
	unsigned boot = 0;

	for (int i = 0; i < RECORDS; i++) {
		struct record *r = &log_of[i];

		mono += next(3) == 0 ? next(400) * 1000000u : 7;
		boot += next(12) == 0;
		(void)snprintf(r->mono, sizeof(r->mono), "%llu",
		    (unsigned long long)mono);
		(void)snprintf(r->ts, sizeof(r->ts),
		    "2026-11-20T19:%02u:46.104233Z", next(60));
		(void)snprintf(r->boot, sizeof(r->boot), "boot-%u", boot);
		r->clk = next(2) ? "{\"state\":\"sync\"}" :
				   "{\"state\":\"unsync\"}";
		r->type = next(9) == 0 ? KT_AUDIT_TYPE_gap : next(9) == 0 ?
		    KT_AUDIT_TYPE_recovery : KT_AUDIT_TYPE_call;
		r->text = r->type == KT_AUDIT_TYPE_gap ? gap : recovery;
	}
}

static struct kt_audit_course
pass(int from, int to)
{
	struct kt_audit_course c = { .has_some = false };

	for (int i = from; i < to; i++) {
		const struct record *r = &log_of[i];
		struct kt_audit_line l = { .i = (uint64_t)i,
			.ts = kt_span_of(r->ts), .mono = kt_span_of(r->mono),
			.boot = kt_span_of(r->boot),
			.clk = kt_span_of(r->clk) };

		kt_audit_course_see(&c, &l, r->type, kt_span_of(r->text));
	}
	return c;
}

/* The figures, which is all but the moments at both ends. */
static bool
are_same(const struct kt_audit_course *a, const struct kt_audit_course *b)
{
	return a->silence_us == b->silence_us &&
	    a->silence_at == b->silence_at && a->silences == b->silences &&
	    a->back_us == b->back_us && a->back_at == b->back_at &&
	    a->backs == b->backs && a->unsync == b->unsync &&
	    a->unsync_runs == b->unsync_runs && a->unsync_at == b->unsync_at &&
	    a->lost == b->lost && a->bytes_cut == b->bytes_cut &&
	    a->unfinished == b->unfinished;
}

static void
parts_say_what_one_pass_says_wherever_it_is_cut(void)
{
	for (int round = 0; round < 40; round++) {
		make_log();
		struct kt_audit_course one = pass(0, RECORDS);

		ok(one.silences > 0 && one.backs > 0 && one.unsync > 0);
		for (int k = 1; k + 1 < RECORDS; k++) {
			int m = k + 1 + (int)next((uint32_t)(RECORDS - k - 1));
			struct kt_audit_course a = pass(0, k), b = pass(k, m);
			struct kt_audit_course c = pass(m, RECORDS);

			kt_audit_course_join(&a, &b, (uint64_t)k);
			if (m < RECORDS)
				kt_audit_course_join(&a, &c, (uint64_t)m);
			ok(are_same(&a, &one));
		}
	}
}

static void
say(int i, const char *ts, uint64_t mono, const char *boot)
{
	struct record *r = &log_of[i];

	*r = (struct record){ .clk = "{\"state\":\"sync\"}", .text = "{}" };
	(void)snprintf(r->ts, sizeof(r->ts), "%s", ts);
	(void)snprintf(r->boot, sizeof(r->boot), "%s", boot);
	(void)snprintf(
	    r->mono, sizeof(r->mono), "%llu", (unsigned long long)mono);
}

#define NOON "2026-11-20T12:00:00.000000Z"

static void
silence_is_of_one_process_and_by_its_steady_clock(void)
{
	struct kt_audit_course c;

	say(0, NOON, 5, "a");
	say(1, NOON, 5 + KT_AUDIT_HEARTBEAT_US, "a");
	say(2, NOON, 5 + KT_AUDIT_HEARTBEAT_US + KT_AUDIT_SILENCE_US, "a");
	c = pass(0, 3);
	ok(c.silences == 0 && c.silence_us == KT_AUDIT_SILENCE_US);
	ok(c.silence_at == 2);
	say(1, NOON, 4, "a");
	c = pass(0, 3);
	ok(c.silences == 1 && c.silence_at == 2);
	say(1, "2026-11-20T19:00:00.000000Z", 6, "ab");
	c = pass(0, 3);
	ok(c.silences == 0 && c.silence_us == 0 && c.backs == 1);
	ok(c.back_us == 7 * UINT64_C(3600000000) && c.back_at == 2);
}

static void
what_is_no_time_and_no_boot_is_not_compared(void)
{
	static const char longer[] = "an id that is longer than any that a "
				     "process of this program gives itself.";
	struct kt_audit_course c;

	say(0, "2026-11-20T12:00:00.000000Z and then some", 5, longer);
	say(1, "2026-11-20T11:00:00.000000Z and then some", 1u << 30, longer);
	say(2, "yesterday", 0, "");
	say(3, "today", 1u << 31, "");
	say(4, "2026-13-20T12:00:00.000000Z", 1u << 31, "b");
	say(5, "2026-12-20T12:00:00.000000Z", 1u << 31, "b");
	c = pass(0, 6);
	ok(c.silences == 0 && c.silence_us == 0);
	ok(c.backs == 1 && c.back_us == 0); /* which is told, not by how much */
}

int
main(void)
{
	RUN(parts_say_what_one_pass_says_wherever_it_is_cut);
	RUN(silence_is_of_one_process_and_by_its_steady_clock);
	RUN(what_is_no_time_and_no_boot_is_not_compared);
	return done();
}

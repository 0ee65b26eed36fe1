/*
 * Room on the disk: a full one is recorded by what was set aside for it, and
 * one that fills up is told of in time.
 */
#include "config.h"
#include "audit/canon.h"
#include "cmd/audit/judge.h"
#include "cmd/log/log.h"
#include "cmd/log/room.h"
#include "tests/unit/log/faults.h"
#include "tests/unit/log/folder.h"
#include "tests/unit/tap.h"

#include <poll.h>

static struct kt_err err;
static const struct kt_span call = KT_SPAN_INIT("{\"type\":\"call\"}");
static int lines; /* told to people */

static void
count_line(const char *text)
{
	(void)text;
	lines++;
}

static struct kt_writer_opts
opts_of(const struct kt_disk_io *io)
{
	return (struct kt_writer_opts){ .io = io, .dir = kt_span_of(dir),
		.deployment = KT_SPAN("kt"), .gateway = KT_SPAN("gw"),
		.software = KT_SPAN("kt test"),
		.policy_hash = KT_SPAN("sha256:00"), .say = count_line };
}

struct seen {
	struct kt_buf said; /* of records of one type a member, with commas */
	const char *type, *member;
};

static bool
see(void *arg, struct kt_span line)
{
	struct seen *s = arg;
	struct kt_span v;

	if (kt_audit_member_of_text(line, "type", &v) &&
	    kt_span_eq(v, kt_span_of(s->type))) {
		ok(kt_audit_member(line, s->member, &v) ||
		    kt_buf_add(&s->said, KT_SPAN("-")) == KT_OK);
		if (kt_audit_member(line, s->member, &v))
			ok(kt_buf_add(&s->said, v) == KT_OK);
		ok(kt_buf_addc(&s->said, ',') == KT_OK);
	}
	return true;
}

/* The log is intact, and this is what its records of such a type say. */
static bool
says(const char *type, const char *member, const char *want)
{
	struct seen s = { .type = type, .member = member };
	struct kt_judge j = { .jobs = 1 };
	const struct kt_audit_report *r;
	bool is_so;

	kt_buf_init(&s.said, 1u << 16);
	r = kt_judge(&j, dir, (struct kt_span){ NULL, 0 }, NULL, see, &s);
	is_so = r != NULL && r->nbreaks == 0 &&
	    kt_span_eq(kt_buf_span(&s.said), kt_span_of(want));
	if (!is_so && r != NULL)
		printf("# %d breaks, %.*s\n", (int)r->nbreaks,
		    KT_SPAN_ARG(kt_buf_span(&s.said)));
	kt_judge_fini(&j);
	kt_buf_fini(&s.said);
	return is_so;
}

static bool
holds(off_t bytes)
{
	char path[300];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/reserve", dir);
	return stat(path, &st) == 0 && st.st_size == bytes &&
	    st.st_blocks >= bytes / 512;
}

static bool
has_reserve(void)
{
	return holds(KT_AUDIT_RESERVE);
}

static void
start_small(struct faults *f, struct kt_writer_opts *opts)
{
	fresh_dir("room_test");
	faults_init(f);
	f->is_small = true;
	f->room = KT_AUDIT_RESERVE + 100000;
	*opts = opts_of(&f->io);
}

static void
full_disk_is_recorded_by_what_was_set_aside(void)
{
	static struct kt_log log;
	struct kt_writer_opts opts;
	struct faults f;
	uint8_t leaf[32];
	uint64_t durable = 0;

	start_small(&f, &opts);
	ok(kt_log_open(&log, &opts, &err) == KT_OK && has_reserve());
	while (kt_log_add(&log, call, leaf, &err) == KT_OK &&
	    kt_log_flush(&log, &err) == KT_OK)
		durable = log.chain.size;
	ok(log.is_poisoned && log.is_full && durable > 10);
	ok(kt_log_reopen(&log, &err) == KT_OK && !has_reserve());
	ok(says("recovery", "cause", "\"disk-full\","));
	/* A part of it may have fitted: then none of it stays. */
	(void)atomic_fetch_sub(&f.room, KT_AUDIT_RESERVE / 2);
	ok(kt_room_hold(&log, &err) == KT_E_IO && !has_reserve());
	ok(strstr(err.text, "set space aside") != NULL);
	(void)atomic_fetch_add(&f.room, KT_AUDIT_RESERVE);
	ok(kt_room_hold(&log, &err) == KT_OK && has_reserve());
	ok(log.durable >= durable);
	ok(kt_log_close(&log, &err) == KT_OK && !has_reserve());
	ok(says("shutdown", "type", "\"shutdown\","));
}

static void
log_does_not_begin_where_it_could_not_tell_of_its_end(void)
{
	static struct kt_log log;
	struct kt_writer_opts opts;
	struct faults f;

	start_small(&f, &opts);
	f.room = KT_AUDIT_RESERVE - 1;
	ok(kt_log_open(&log, &opts, &err) == KT_E_IO && !has_reserve());
	ok(strstr(err.text, "No space left") != NULL);
}

static void
small_disk_spares_an_eighth(void)
{
	static struct kt_log log;
	struct kt_writer_opts opts;
	struct faults f;

	fresh_dir("room_test");
	faults_init(&f);
	f.disk = 512u << 10;
	opts = opts_of(&f.io);
	ok(kt_log_open(&log, &opts, &err) == KT_OK && holds(64 << 10));
	ok(kt_log_close(&log, &err) == KT_OK);
}

/* Nobody else's reserve goes because a second process could not begin. */
static void
reserve_is_its_holders(void)
{
	static struct kt_log log, other;
	struct kt_writer_opts opts = opts_of(&kt_disk_real);

	fresh_dir("room_test");
	ok(kt_log_open(&log, &opts, &err) == KT_OK && has_reserve());
	ok(kt_log_open(&other, &opts, &err) == KT_E_MISUSE && has_reserve());
	ok(kt_log_close(&log, &err) == KT_OK);
}

static size_t
submit(struct kt_writer *w, struct kt_writer_inbox *in)
{
	struct pollfd p = { .fd = kt_writer_inbox_fd(in), .events = POLLIN };
	struct kt_writer_ticket *t = NULL;
	bool is_durable;

	if (kt_writer_submit(w, call, in, NULL, &err) < 0)
		return 0;
	while ((t = kt_writer_inbox_take(in)) == NULL)
		(void)poll(&p, 1, 1000);
	is_durable = t->is_durable;
	kt_writer_ticket_free(&t);
	return is_durable;
}

static void
writer_is_up_again_only_where_it_could_tell_of_the_next_time(void)
{
	struct kt_writer_opts opts;
	struct kt_writer_inbox *in;
	struct kt_writer *w;
	struct faults f;
	size_t durable = 0;

	start_small(&f, &opts);
	lines = 0;
	if (!ok(kt_writer_start(&w, &opts, &err) == KT_OK))
		return;
	ok(kt_writer_inbox_new(&in, &err) == KT_OK);
	while (submit(w, in) == 1)
		durable++;
	ok(durable > 10 && !kt_writer_is_up(w));
	/* It records that, and takes nothing else while it is so. */
	for (int i = 0; i < 12000 && has_reserve(); i++)
		(void)poll(NULL, 0, 10);
	for (int i = 0; i < 30; i++)
		ok(!kt_writer_is_up(w) && submit(w, in) == 0);
	(void)atomic_fetch_add(&f.room, 3 * KT_AUDIT_RESERVE);
	for (int i = 0; i < 12000 && !kt_writer_is_up(w); i++)
		(void)poll(NULL, 0, 10);
	ok(has_reserve() && submit(w, in) == 1);
	ok(kt_writer_stop(&w, &err) == KT_OK);
	ok(lines == 2); /* that it is down, and that it is up */
	kt_writer_inbox_free(&in);
	ok(says("recovery", "cause", "\"disk-full\","));
	ok(says("shutdown", "type", "\"shutdown\","));
}

/* KT_AUDIT_SPACE_LOW, KT_AUDIT_SPACE_CRITICAL, KT_AUDIT_SPACE_POINTS. */
static void
alarm_is_told_once_as_it_begins_and_once_as_it_ends(void)
{
	static const struct {
		unsigned free;
		int lines;
	} steps[] = {
		{ 50, 0 }, { KT_AUDIT_SPACE_LOW, 0 },
		{ KT_AUDIT_SPACE_LOW - 1, 1 }, { KT_AUDIT_SPACE_LOW, 1 },
		{ KT_AUDIT_SPACE_LOW - 1, 1 },
		{ KT_AUDIT_SPACE_LOW + KT_AUDIT_SPACE_POINTS - 1, 1 },
		{ KT_AUDIT_SPACE_LOW + KT_AUDIT_SPACE_POINTS, 2 },
		{ KT_AUDIT_SPACE_CRITICAL - 1, 3 },
		{ KT_AUDIT_SPACE_CRITICAL + KT_AUDIT_SPACE_POINTS - 1, 3 },
		{ KT_AUDIT_SPACE_CRITICAL + KT_AUDIT_SPACE_POINTS, 4 },
		{ 0, 5 }, { 100, 6 }, { 100, 6 },
	};
	static struct kt_log log;
	struct kt_writer_opts opts;
	struct faults f;

	fresh_dir("room_test");
	faults_init(&f);
	opts = opts_of(&f.io);
	lines = 0;
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	for (size_t i = 0; i < KT_NELEMS(steps); i++) {
		f.used = 100 - steps[i].free;
		kt_room_look(&log);
		ok(kt_log_checkpoint(&log, &err) == KT_OK);
		if (!ok(lines == steps[i].lines))
			printf("# step %zu\n", i);
	}
	ok(kt_log_close(&log, &err) == KT_OK);
	ok(says("space", "below", "20,-,5,20,5,-,"));
	ok(says("space", "free_percent", "19,22,4,7,0,100,"));
}

static void
what_was_so_before_is_said_and_no_record(void)
{
	struct kt_writer_opts opts;
	struct kt_writer *w;
	struct faults f;

	fresh_dir("room_test");
	faults_init(&f);
	f.used = 99;
	lines = 0;
	opts = opts_of(&f.io);
	ok(kt_writer_start(&w, &opts, &err) == KT_OK && lines == 1);
	ok(kt_writer_stop(&w, &err) == KT_OK);
	ok(lines == 1 && says("space", "below", ""));
}

/* As the kernel told last, which is asked for at most once a second. */
static void
clock_has_its_offset_and_costs_no_call_per_record(void)
{
	static struct kt_log log;
	struct kt_writer_opts opts;
	struct kt_disk_time from, to;
	struct faults f;
	uint8_t leaf[32];

	fresh_dir("room_test");
	faults_init(&f);
	f.clock = (struct kt_disk_clock){ .is_synced = true,
		.offset_us = -12 };
	opts = opts_of(&f.io);
	kt_disk_now(&from);
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	for (int i = 0; i < 300; i++)
		ok(kt_log_add(&log, call, leaf, &err) == KT_OK &&
		    kt_log_flush(&log, &err) == KT_OK);
	ok(kt_log_close(&log, &err) == KT_OK);
	kt_disk_now(&to);
	ok(f.asked >= 1 &&
	    f.asked <= 1 + (to.mono_us - from.mono_us) / 1000000);
	ok(says("shutdown", "clk", "{\"back_us\":12,\"state\":\"sync\"},"));
	f.clock.offset_us = 7;
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	ok(kt_log_close(&log, &err) == KT_OK);
	ok(says("shutdown", "clk", "{\"back_us\":12,\"state\":\"sync\"},"
	    "{\"forward_us\":7,\"state\":\"sync\"},"));
}

static void
offset_is_not_told_of_a_clock_that_is_not_synchronised(void)
{
	static struct kt_log log;
	struct kt_writer_opts opts;
	struct faults f;

	fresh_dir("room_test");
	faults_init(&f);
	f.clock.offset_us = 5;
	opts = opts_of(&f.io);
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	ok(kt_log_close(&log, &err) == KT_OK);
	ok(says("shutdown", "clk", "{\"state\":\"unsync\"},"));
}

int
main(void)
{
	RUN(full_disk_is_recorded_by_what_was_set_aside);
	RUN(log_does_not_begin_where_it_could_not_tell_of_its_end);
	RUN(small_disk_spares_an_eighth);
	RUN(reserve_is_its_holders);
	RUN(writer_is_up_again_only_where_it_could_tell_of_the_next_time);
	RUN(alarm_is_told_once_as_it_begins_and_once_as_it_ends);
	RUN(what_was_so_before_is_said_and_no_record);
	RUN(clock_has_its_offset_and_costs_no_call_per_record);
	RUN(offset_is_not_told_of_a_clock_that_is_not_synchronised);
	fresh_dir("room_test");
	return done();
}

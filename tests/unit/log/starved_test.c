/*
 * Memory runs out at the n-th request, for every n: the log says so, loses
 * nothing that it told of, gives everything back, and goes on later.
 */
#include "config.h"
#include "cmd/log/log.h"
#include "tests/unit/exchange/drive.h"
#include "tests/unit/exchange/words.h"
#include "tests/unit/log/sim.h"
#include "tests/unit/log/starved.h"
#include "tests/unit/tap.h"

#define SCRIPT 24

static struct kt_err err;
static struct sim sim;
static uint8_t told[SCRIPT][32];
static uint64_t told_at[SCRIPT];
static size_t ntold;

/* The disk's own memory is not what is short. */
static int64_t
fed_pwrite(void *arg, int fd, const void *from, size_t n, uint64_t at)
{
	unsigned long was = atomic_exchange(&starved_at, 0);
	unsigned long calls = atomic_load(&starved_calls);
	long held = atomic_load(&starved_held);
	int64_t wrote = sim_pwrite(arg, fd, from, n, at);

	atomic_store(&starved_held, held);
	atomic_store(&starved_calls, calls);
	atomic_store(&starved_at, was);
	return wrote;
}

static int
fed_fdatasync(void *arg, int fd)
{
	unsigned long was = atomic_exchange(&starved_at, 0);
	unsigned long calls = atomic_load(&starved_calls);
	long held = atomic_load(&starved_held);
	int rc = sim_fdatasync(arg, fd);

	atomic_store(&starved_held, held);
	atomic_store(&starved_calls, calls);
	atomic_store(&starved_at, was);
	return rc;
}

static struct kt_writer_opts
opts_of(void)
{
	return (struct kt_writer_opts){ .io = &sim.io, .dir = KT_SPAN("log"),
		.deployment = KT_SPAN("kt"), .gateway = KT_SPAN("gw"),
		.segment_bytes = 4000 };
}

static void
play_log(struct kt_log *log)
{
	for (int i = 0; i < SCRIPT; i++) {
		uint64_t at = log->chain.size;

		if (log->is_poisoned && kt_log_reopen(log, &err) < 0)
			continue;
		at = log->chain.size;
		if (kt_log_add(log, KT_SPAN("{\"type\":\"call\"}"),
		    told[ntold], &err) < 0 || kt_log_flush(log, &err) < 0)
			continue;
		told_at[ntold++] = at;
		if (i % 5 == 0)
			(void)!kt_log_checkpoint(log, &err);
		if (!log->is_poisoned &&
		    log->segment.size > log->segment_bytes)
			(void)!kt_log_rotate(log, &err);
	}
}

/* The n-th line of the log, by its leaf; false: there is none. */
static bool
is_there(uint64_t index, const uint8_t leaf[32])
{
	struct kt_audit_chain c;
	uint64_t at = 0;
	bool is_same = false;

	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	for (unsigned n = 0; n < 100; n++) {
		char path[64];
		struct kt_span text;
		uint8_t is[32];

		(void)snprintf(path, sizeof(path), "log/seg/%012u.jsonl", n);
		text = sim_read(&sim, path);
		for (; text.len > 0; at++) {
			size_t len = kt_span_find(text, '\n');

			if (at == index) {
				kt_audit_leaf(&c, kt_span_sub(text, 0, len), is);
				is_same = memcmp(is, leaf, 32) == 0;
			}
			text = kt_span_sub(text, len + 1, text.len);
		}
	}
	kt_audit_chain_fini(&c);
	return is_same;
}

/* False: the script ended before it came to the n-th. */
static bool
one_shortage(unsigned long n, bool goes_on)
{
	static struct kt_log log;
	struct kt_writer_opts opts;
	bool was_reached;
	long held;

	sim_init(&sim, 1);
	sim.io.pwrite = fed_pwrite;
	sim.io.fdatasync = fed_fdatasync;
	opts = opts_of();
	ntold = 0;
	held = atomic_load(&starved_held);
	atomic_store(&starves_on, goes_on);
	atomic_store(&starved_calls, 0);
	atomic_store(&starved_at, n);
	if (kt_log_open(&log, &opts, &err) == KT_OK) {
		play_log(&log);
		(void)kt_log_close(&log, &err); /* it may say what it lacks */
	}
	was_reached = atomic_load(&starved_calls) >= n;
	atomic_store(&starved_at, 0);
	ok(atomic_load(&starved_held) == held);
	memset(sim.fds, 0, sizeof(sim.fds));
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	ok(kt_log_close(&log, &err) == KT_OK);
	for (size_t i = 0; i < ntold; i++)
		ok(is_there(told_at[i], told[i]));
	sim_fini(&sim);
	return was_reached;
}

static void
a_log_without_memory_loses_nothing_that_it_told(void)
{
	unsigned long n = 1;

	while (one_shortage(n, false))
		n++;
	ok(n > 10);
	printf("# %lu requests for memory\n", n - 1);
	for (n = 1; one_shortage(n, true); n++)
		;
}

static void
room(struct kt_buf *b)
{
	ok(kt_buf_reserve(b, 1u << 16) == KT_OK);
}

/* A call whose memory runs out is as it would be with plenty, or refused. */
static void
a_call_without_memory_is_refused_and_never_allowed(void)
{
	static const struct script scripts[] = {
		{ .target = "/v1/messages", .body = ASK("my " CARD " and " TOKEN),
		    .answer = WHOLE("it is " CARD) },
		{ .target = "/v1/messages", .body = ASK_STREAM("hi " CARD),
		    .type = "text/event-stream",
		    .answer = START DELTA("my 4111 1111 1") DELTA("111 1111 ")
			FINISH },
	};
	unsigned long refused = 0, n;
	struct world w;

	ok(world_init(&w, CONFIG(REDACT) "audit: {durability: strict}\n"));
	for (size_t i = 0; i < KT_NELEMS(scripts); i++) {
		struct result fed, r;

		result_init(&fed);
		run_script(&w, &scripts[i], &fed);
		for (n = 1;; n++) {
			result_init(&r);
			room(&r.up), room(&r.out), room(&r.record);
			room(&r.open), room(&r.up_head);
			atomic_store(&starves_on, n % 2);
			atomic_store(&starved_calls, 0);
			atomic_store(&starved_at, n);
			run_script(&w, &scripts[i], &r);
			atomic_store(&starved_at, 0);
			ok(r.up.len == 0 || kt_span_eq(kt_buf_span(&r.up),
			    kt_buf_span(&fed.up)));
			ok(!has(&r.out, "1111 1111") && !has(&r.record, "4111"));
			if (r.status == 200 && !r.is_aborted && r.has_ended &&
			    !has(&r.out, "event: error"))
				ok(kt_span_eq(kt_buf_span(&r.out),
				    kt_buf_span(&fed.out)));
			else
				refused++;
			result_fini(&r);
			if (atomic_load(&starved_calls) < n)
				break;
		}
		result_fini(&fed);
	}
	world_fini(&w);
	ok(refused > 10);
	printf("# %lu calls refused\n", refused);
}

int
main(void)
{
	RUN(a_log_without_memory_loses_nothing_that_it_told);
	RUN(a_call_without_memory_is_refused_and_never_allowed);
	return done();
}

/*
 * make_log DIR SEED RECORDS SEGMENT-BYTES [GATEWAY] - writes a log for tests
 * to change; with the name of this machine, one that kt gateway run takes up.
 * KT_LOG_DAYS: it looks as if it had been written in so many days until now.
 * KT_LOG_WILD: its clocks jump, and it loses records.
 *
 * By the writer's own parts, with what a gateway's life has: batches, marks,
 * checkpoints, rotation, restarts with and without a good end.
 */
#include "config.h"
#include "audit/marks.h"
#include "audit/record.h"
#include "cmd/log/log.h"

#include <stdlib.h>

static struct kt_err err;
static uint64_t state;

static uint32_t
next(uint32_t below)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

static void
must(enum kt_rc rc)
{
	if (rc < 0) {
		(void)fprintf(stderr, "make_log: %s\n", err.text);
		exit(1);
	}
}

static void
add_call(struct kt_log *log, uint64_t n)
{
	static const char *const decisions[] = { "pass", "redact", "block" };
	static const char *const names[] = { "ada", "bob\x1b[31m", "caf\xc3\xa9",
		("\xe2\x80\xae" "evil") };
	char id[32], talk[32], request[32] = "";
	struct kt_audit_call call = {
		.call_id = { id, 0 },
		.principal = { .id = kt_span_of(names[next(4)]),
			.kind = KT_SPAN("human") },
		.agent = { .id = KT_SPAN("agent"), .conversation = { talk, 0 } },
		.endpoint = KT_SPAN("messages"),
		.method = KT_SPAN("POST"),
		.model_requested = KT_SPAN("model-x"),
		.data_class = next(3) ? KT_SPAN("none") : KT_SPAN("pii"),
		.decision = kt_span_of(decisions[next(3)]),
		.outcome = (enum kt_audit_outcome)next(9),
		.bytes_in = next(100000),
		.http_status = 200,
		.tokens = { .is_reported = true, .in = next(5000),
			.out = next(900) },
	};
	uint8_t leaf[32];

	(void)snprintf(id, sizeof(id), "call-%llu", (unsigned long long)n);
	(void)snprintf(talk, sizeof(talk), "talk-%u", next(5));
	if (next(5) > 0)
		(void)snprintf(request, sizeof(request), "req_%llu",
		    (unsigned long long)n);
	call.upstream_request_id = kt_span_of(request);
	call.call_id = kt_span_of(id);
	call.agent.conversation = kt_span_of(talk);
	kt_buf_reset(&log->body);
	must(kt_audit_call_write(&call, &log->body, &err));
	must(kt_log_add(log, kt_buf_span(&log->body), leaf, &err));
	kt_buf_reset(&log->body);
}

static bool is_wild;

static void
add_mark(struct kt_log *log)
{
	bool is_gap = is_wild && next(4) == 0;

	kt_buf_reset(&log->body);
	must(kt_audit_mark_write(is_gap ? KT_SPAN("gap") : KT_SPAN("heartbeat"),
	    is_gap ? next(9) : log->chain.size, &log->body, &err));
	must(kt_log_add_own(log, &err));
}

/* Nothing of it has to outlive the test, and disks are slow to promise. */
static int
no_sync(void *arg, int fd)
{
	(void)arg;
	(void)fd;
	return 0;
}

struct ago {
	uint64_t real_us, mono_us, step_us;
};

static void
past(void *arg, struct kt_disk_time *t)
{
	struct ago *a = arg;

	t->real_us = a->real_us += a->step_us;
	t->mono_us = a->mono_us += a->step_us;
}

/* Each look at the clock is a step; there are some for each record. */
static void
go_back(struct kt_disk_io *io, struct ago *a, uint64_t days, uint64_t records)
{
	struct kt_disk_time now;

	kt_disk_now(&now);
	a->real_us = now.real_us - days * 86400000000u;
	a->mono_us = 1;
	a->step_us = days * 86400000000u / (records * 2 + 100);
	io->now = past;
	io->arg = a;
}

/* Milliseconds mostly, and minutes of silence, and hours back. */
static void
jump(void *arg, struct kt_disk_time *t)
{
	struct ago *a = arg;
	uint64_t us = next(40) == 0 ? next(400) * 1000000u : 1000;

	a->mono_us += us;
	a->real_us += us;
	if (next(40) == 0)
		a->real_us -= next(3600) * UINT64_C(1000001);
	t->real_us = a->real_us;
	t->mono_us = a->mono_us;
}

static void
go_wild(struct kt_disk_io *io, struct ago *a)
{
	is_wild = true;
	go_back(io, a, 30, 1);
	io->now = jump;
}

int
main(int argc, char **argv)
{
	static struct kt_log log;
	struct kt_disk_io io = kt_disk_real;
	struct kt_writer_opts opts = {
		.io = &io,
		.deployment = KT_SPAN("test.example"),
		.gateway = KT_SPAN("gw-1"),
		.software = KT_SPAN("kt test"),
		.policy_hash = KT_SPAN("sha256:00"),
	};
	uint64_t records, n = 0, days = 0;
	struct ago ago;

	io.fdatasync = io.fsync = no_sync;
	if (getenv("KT_LOG_DAYS") != NULL)
		days = strtoull(getenv("KT_LOG_DAYS"), NULL, 10);
	if (argc == 6) {
		opts.deployment = KT_SPAN("kt");
		opts.gateway = kt_span_of(argv[5]);
	}
	if (argc < 5 || !kt_span_u64(kt_span_of(argv[2]), &state) ||
	    !kt_span_u64(kt_span_of(argv[3]), &records) ||
	    !kt_span_u64(kt_span_of(argv[4]), &opts.segment_bytes))
		return 2;
	opts.dir = kt_span_of(argv[1]);
	if (getenv("KT_LOG_WILD") != NULL)
		go_wild(&io, &ago);
	if (days > 0)
		go_back(&io, &ago, days, records);
	must(kt_log_open(&log, &opts, &err));
	while (n < records) {
		/* A large one is of a busy gateway: whole batches. */
		for (uint32_t k = next(records < 500000 ? 40 : 1000); k > 0 && n < records; k--, n++) {
			if (next(20) == 0)
				add_mark(&log);
			else
				add_call(&log, n);
		}
		must(kt_log_flush(&log, &err));
		if (next(3) == 0)
			must(kt_log_checkpoint(&log, &err));
		if (log.segment.size > opts.segment_bytes)
			must(kt_log_rotate(&log, &err));
		if (records < 100000 && next(60) == 0) {
			log.is_poisoned = next(2); /* as a kill leaves it */
			(void)kt_log_close(&log, &err);
			must(kt_log_open(&log, &opts, &err));
		}
	}
	must(kt_log_close(&log, &err));
	return 0;
}

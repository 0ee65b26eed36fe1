/*
 * How fast the log grows with 256 records in flight, and how fast it is
 * verified.  usage: audit_bench [DIR [RECORDS]]; DIR must not exist yet.
 */
#include "config.h"
#include "audit/record.h"
#include "audit/verify.h"
#include "cmd/gateway/writer.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#define IN_FLIGHT 256

static struct kt_err err;

static void
must(enum kt_rc rc)
{
	if (rc < 0) {
		(void)fprintf(stderr, "audit_bench: %s\n", err.text);
		exit(1);
	}
}

static uint64_t
now(void)
{
	struct kt_disk_time t;

	kt_disk_now(&t);
	return t.mono_us;
}

/* Of all threads: the writer's share is not more. */
static double
cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* cannot fail */
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* About 1.2 KB once sealed, as a call of an agent is. */
static void
make_body(struct kt_buf *body)
{
	static const struct kt_audit_component parts[] = {
		{ .role = KT_SPAN_INIT("system"), .count = 2, .bytes = 14000 },
		{ .role = KT_SPAN_INIT("messages"), .count = 9, .bytes = 900 },
	};
	static const struct kt_span codes[] = {
		KT_SPAN_INIT("prompt.pii.detected"),
	};
	struct kt_audit_call call = {
		.call_id = KT_SPAN("01JD0000000000000000000000"),
		.endpoint = KT_SPAN("messages"), .method = KT_SPAN("POST"),
		.model_requested = KT_SPAN("claude-sonnet-4-5"),
		.model_served = KT_SPAN("claude-sonnet-4-5"),
		.decision = KT_SPAN("pass"), .outcome = KT_AUDIT_OK,
		.policy_hash = KT_SPAN("sha256:9f86d081884c7d659a2feaa0c55ad0"),
		.request_commit = KT_SPAN("sha256s:9f86d081884c7d659a2feaa0c55"),
		.components = parts, .ncomponents = 2,
		.reason_codes = { codes, 1 },
		.tokens = { .is_reported = true, .in = 412, .out = 64 },
		.is_stream = true,
	};

	must(kt_audit_call_write(&call, body, &err));
}

struct lag {
	uint64_t sent[IN_FLIGHT];
	uint32_t *us;
	size_t n;
};

static int
by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
append(struct kt_writer *w, size_t records)
{
	struct lag lag = { .us = kt_alloc_array(records, sizeof(*lag.us)) };
	struct kt_writer_counts counts;
	struct kt_writer_inbox *in;
	struct kt_buf body;
	size_t sent = 0, free_slots = IN_FLIGHT;
	uint64_t start, took;
	double cpu = cpu_us();

	if (lag.us == NULL)
		exit(1);
	kt_buf_init(&body, 65536);
	make_body(&body);
	must(kt_writer_inbox_new(&in, &err));
	start = now();
	while (lag.n < records) {
		struct kt_writer_ticket *t;
		struct pollfd p = { .fd = kt_writer_inbox_fd(in),
			.events = POLLIN };

		for (; sent < records && sent < IN_FLIGHT && free_slots > 0;
		    sent++, free_slots--) {
			lag.sent[sent] = now();
			must(kt_writer_submit(w, kt_buf_span(&body), in,
			    &lag.sent[sent], &err));
		}
		(void)poll(&p, 1, 1000);
		while ((t = kt_writer_inbox_take(in)) != NULL) {
			uint64_t *slot = t->owner;

			if (!t->is_durable)
				exit(1);
			lag.us[lag.n++] = (uint32_t)(now() - *slot);
			kt_writer_ticket_free(&t);
			if (sent == records)
				continue;
			sent++;
			*slot = now();
			must(kt_writer_submit(
			    w, kt_buf_span(&body), in, slot, &err));
		}
	}
	took = now() - start;
	kt_writer_counts(w, &counts);
	qsort(lag.us, lag.n, sizeof(*lag.us), by_value);
	(void)printf("append  %.0f records/s, %.1f per sync, p50 %u us, "
	    "p99 %u us, %.1f us of CPU each\n",
	    (double)records * 1e6 / (double)took,
	    (double)counts.records / (double)counts.batches,
	    lag.us[lag.n / 2], lag.us[lag.n * 99 / 100],
	    (cpu_us() - cpu) / (double)records);
	kt_writer_inbox_free(&in);
	kt_buf_fini(&body);
	kt_free(lag.us);
}

static bool
next_note(void *arg, struct kt_span *note)
{
	return kt_audit_notes_next(arg, note);
}

static void
verify(const char *dir)
{
	struct kt_buf newest, notes, seg;
	struct kt_audit_verify *v;
	const struct kt_audit_report *r;
	struct kt_span rest;
	struct kt_audit_evidence e = { .next = next_note, .arg = &rest };
	char path[512];
	uint64_t took = 0, start, bytes = 0;

	kt_buf_init(&newest, 1u << 20);
	kt_buf_init(&notes, 1u << 28);
	kt_buf_init(&seg, 1u << 28);
	(void)snprintf(path, sizeof(path), "%s/checkpoint", dir);
	must(kt_disk_read_file(&kt_disk_real, path, 4096, &newest, &err));
	(void)snprintf(path, sizeof(path), "%s/checkpoints", dir);
	must(kt_disk_read_file(&kt_disk_real, path, 1u << 27, &notes, &err));
	rest = kt_buf_span(&notes);
	e.newest = kt_buf_span(&newest);
	must(kt_audit_verify_new(&v, &e, &err));
	for (unsigned n = 0;; n++) {
		(void)snprintf(
		    path, sizeof(path), "%s/seg/%012u.jsonl", dir, n);
		if (kt_disk_read_file(
		    &kt_disk_real, path, 1u << 27, &seg, &err) < 0)
			break;
		start = now();
		kt_audit_verify_segment(v, n);
		must(kt_audit_verify_feed(v, kt_buf_span(&seg), &err));
		took += now() - start;
		bytes += seg.len;
	}
	r = kt_audit_verify_finish(v);
	(void)printf("verify  %.0f records/s, %.0f MB/s, %.0f bytes each, "
	    "%zu breaks\n", (double)r->size * 1e6 / (double)took,
	    (double)bytes / (double)took, (double)bytes / (double)r->size,
	    r->nbreaks);
	kt_audit_verify_free(&v);
	kt_buf_fini(&newest);
	kt_buf_fini(&notes);
	kt_buf_fini(&seg);
}

int
main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : "audit_bench.dir";
	size_t records = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;
	struct kt_writer_opts opts = {
		.io = &kt_disk_real, .dir = kt_span_of(dir),
		.deployment = KT_SPAN("bench"), .gateway = KT_SPAN("g"),
	};
	struct kt_writer *w;

	must(kt_writer_start(&w, &opts, &err));
	append(w, records);
	must(kt_writer_stop(&w, &err));
	verify(dir);
	return 0;
}

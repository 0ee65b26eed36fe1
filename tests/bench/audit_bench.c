/*
 * How fast the log grows with 256 records in flight, and how fast it is
 * verified.  usage: audit_bench [DIR [RECORDS [RATE [BYTES]]]]; DIR must not
 * exist yet.  With a RATE, records come at so many a second, as long as no
 * more than 256 are in flight, and wait from the moment at which they were
 * due.  With BYTES nothing is logged: a loop writes so many for each record
 * to the file DIR and syncs it, so that both wait for the same disk.
 */
#include "config.h"
#include "audit/record.h"
#include "audit/verify.h"
#include "cmd/log/writer.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

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

struct feed {
	struct kt_writer *w;
	struct kt_writer_inbox *in;
	struct kt_buf body;
	uint64_t start_us, due_us[IN_FLIGHT], *idle[IN_FLIGHT];
	size_t records, rate, sent, nidle; /* rate 0: as fast as they go */
	uint32_t *waited_us;
	size_t done;
};

static int
by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static uint64_t
next_due(const struct feed *f)
{
	return f->rate == 0 ? kt_disk_mono_us()
			    : f->start_us + f->sent * 1000000 / f->rate;
}

static void
submit_due(struct feed *f)
{
	while (f->nidle > 0 && f->sent < f->records &&
	    next_due(f) <= kt_disk_mono_us()) {
		uint64_t *slot = f->idle[--f->nidle];

		*slot = next_due(f);
		f->sent++;
		must(kt_writer_submit(
		    f->w, kt_buf_span(&f->body), f->in, slot, &err));
	}
}

static void
take_done(struct feed *f)
{
	struct kt_writer_ticket *t;

	while ((t = kt_writer_inbox_take(f->in)) != NULL) {
		uint64_t *slot = t->owner;

		if (!t->is_durable)
			exit(1);
		f->waited_us[f->done++] = (uint32_t)(kt_disk_mono_us() - *slot);
		f->idle[f->nidle++] = slot;
		kt_writer_ticket_free(&t);
	}
}

static void
append(struct kt_writer *w, size_t records, size_t rate)
{
	struct feed f = { .w = w, .records = records, .rate = rate,
		.waited_us = kt_alloc_array(records, sizeof(*f.waited_us)) };
	struct kt_writer_counts counts;
	double cpu = cpu_us();
	uint64_t took;

	if (f.waited_us == NULL)
		exit(1);
	kt_buf_init(&f.body, 65536);
	make_body(&f.body);
	must(kt_writer_inbox_new(&f.in, &err));
	while (f.nidle < IN_FLIGHT) {
		f.idle[f.nidle] = &f.due_us[f.nidle];
		f.nidle++;
	}
	f.start_us = kt_disk_mono_us();
	while (f.done < records) {
		struct pollfd p = { .fd = kt_writer_inbox_fd(f.in),
			.events = POLLIN };
		uint64_t due, at;

		submit_due(&f);
		due = next_due(&f);
		at = kt_disk_mono_us();
		(void)ppoll(&p, 1,
		    &(struct timespec){ .tv_nsec = f.nidle == 0 ||
			    f.sent == records
			? 999999999
			: due > at ? (long)(due - at) * 1000
				   : 0 },
		    NULL);
		take_done(&f);
	}
	took = kt_disk_mono_us() - f.start_us;
	kt_writer_counts(w, &counts);
	qsort(f.waited_us, f.done, sizeof(*f.waited_us), by_value);
	(void)printf("append  %.0f records/s, %.1f per sync, p50 %u us, "
	    "p99 %u us, %.1f us of CPU each\n",
	    (double)records * 1e6 / (double)took,
	    (double)counts.records / (double)counts.batches,
	    f.waited_us[f.done / 2], f.waited_us[f.done * 99 / 100],
	    (cpu_us() - cpu) / (double)records);
	kt_writer_inbox_free(&f.in);
	kt_buf_fini(&f.body);
	kt_free(f.waited_us);
}

/* ---- the disk alone ---- */

static void
sleep_until(uint64_t at)
{
	uint64_t us = kt_disk_mono_us();

	us = at > us ? at - us : 0;
	(void)nanosleep(&(struct timespec){ .tv_sec = (time_t)(us / 1000000),
	    .tv_nsec = (long)(us % 1000000) * 1000 }, NULL);
}

/* What came while the last sync ran is written and synced together. */
static void
write_and_sync(const char *path, size_t records, size_t rate, size_t bytes)
{
	struct feed f = { .records = records, .rate = rate,
		.waited_us = kt_alloc_array(records, sizeof(*f.waited_us)) };
	char *text = kt_alloc_array(IN_FLIGHT, bytes);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	off_t at = 0;

	if (f.waited_us == NULL || text == NULL || fd < 0)
		exit(1);
	memset(text, 'x', IN_FLIGHT * bytes);
	f.start_us = kt_disk_mono_us();
	while (f.done < records) {
		size_t n = 0, all;
		uint64_t end;

		sleep_until(next_due(&f));
		for (; n < IN_FLIGHT && f.sent < records &&
		    next_due(&f) <= kt_disk_mono_us(); f.sent++)
			n++;
		all = n * bytes;
		if (pwrite(fd, text, all, at) != (ssize_t)all ||
		    fdatasync(fd) < 0)
			exit(1);
		at += (off_t)all;
		end = kt_disk_mono_us();
		for (; n > 0; n--, f.done++)
			f.waited_us[f.done] = (uint32_t)(end - f.start_us -
			    f.done * 1000000 / rate);
	}
	qsort(f.waited_us, f.done, sizeof(*f.waited_us), by_value);
	(void)printf("disk  p50 %u us, p99 %u us\n", f.waited_us[f.done / 2],
	    f.waited_us[f.done * 99 / 100]);
	(void)close(fd); /* synced */
	kt_free(text);
	kt_free(f.waited_us);
}

/* ---- what was written ---- */

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
		start = kt_disk_mono_us();
		kt_audit_verify_segment(v, n);
		must(kt_audit_verify_feed(v, kt_buf_span(&seg), &err));
		took += kt_disk_mono_us() - start;
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
	size_t rate = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	size_t bytes = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
	struct kt_writer *w;

	if (bytes > 0 && rate > 0) {
		write_and_sync(dir, records, rate, bytes);
		return 0;
	}
	must(kt_writer_start(&w, &opts, &err));
	append(w, records, rate);
	must(kt_writer_stop(&w, &err));
	verify(dir);
	return 0;
}

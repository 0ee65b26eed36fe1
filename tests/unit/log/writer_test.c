/*
 * The log under every single fault: what was acknowledged is there, what is
 * there verifies, and nobody else may write to it.
 */
#include "config.h"
#include "audit/marks.h"
#include "audit/record.h"
#include "audit/verify.h"
#include "cmd/log/log.h"
#include "tests/unit/log/faults.h"
#include "tests/unit/log/folder.h"
#include "tests/unit/tap.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct kt_err err;

static struct kt_writer_opts
opts_of(const struct kt_disk_io *io)
{
	return (struct kt_writer_opts){
		.io = io,
		.dir = kt_span_of(dir),
		.deployment = KT_SPAN("kt"),
		.gateway = KT_SPAN("gw"),
		.software = KT_SPAN("kt test"),
		.policy_hash = KT_SPAN("sha256:00"),
		.segment_bytes = 6000,
	};
}

/* ---- reading it back ---- */

static bool
next_note(void *arg, struct kt_span *note)
{
	return kt_audit_notes_next(arg, note);
}

/* The n-th segment's bytes; false when there is none. */
static bool
read_segment(unsigned n, struct kt_buf *out)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/seg/%012u.jsonl", dir, n);
	return kt_disk_read_file(&kt_disk_real, path, 1u << 24, out, &err) ==
	    KT_OK;
}

static struct kt_audit_report verified;

/* Verifies the directory; `leaves` collects each record's leaf by index. */
static void
verify_dir(uint8_t (*leaves)[32], size_t max)
{
	struct kt_buf newest, notes, seg;
	struct kt_audit_verify *v;
	struct kt_audit_chain c;
	struct kt_span rest;
	struct kt_audit_evidence e = { .next = next_note, .arg = &rest };
	char path[300];
	unsigned nsegments = 0;
	size_t n = 0;

	kt_buf_init(&newest, 1u << 16);
	kt_buf_init(&notes, 1u << 24);
	kt_buf_init(&seg, 1u << 25);
	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	(void)snprintf(path, sizeof(path), "%s/checkpoint", dir);
	(void)!kt_disk_read_file(&kt_disk_real, path, 4096, &newest, &err);
	(void)snprintf(path, sizeof(path), "%s/checkpoints", dir);
	(void)!kt_disk_read_file(&kt_disk_real, path, 1u << 22, &notes, &err);
	rest = kt_buf_span(&notes);
	e.newest = kt_buf_span(&newest);
	ok(kt_audit_verify_new(&v, &e, &err) == KT_OK);
	/* Listed before any is read: all but the last are whole by then. */
	while (read_segment(nsegments, &seg))
		nsegments++;
	for (unsigned s = 0; s < nsegments && read_segment(s, &seg); s++) {
		struct kt_span text = kt_buf_span(&seg);

		kt_audit_verify_segment(v, s);
		ok(kt_audit_verify_feed(v, text, &err) == KT_OK);
		while (leaves != NULL && text.len > 0 && n < max) {
			size_t len = kt_span_find(text, '\n');

			kt_audit_leaf(&c, kt_span_sub(text, 0, len),
			    leaves[n++]);
			text = kt_span_sub(text, len + 1, text.len);
		}
	}
	verified = *kt_audit_verify_finish(v);
	kt_audit_verify_free(&v);
	kt_audit_chain_fini(&c);
	kt_buf_fini(&newest);
	kt_buf_fini(&notes);
	kt_buf_fini(&seg);
}

static bool
is_intact(void)
{
	if (verified.nbreaks == 0 && !verified.has_incomplete_tail)
		return true;
	if (verified.nbreaks > 0)
		printf("# %s at %llu\n",
		    kt_audit_class_name(verified.breaks[0].class),
		    (unsigned long long)verified.breaks[0].index);
	return false;
}

/* ---- one fault anywhere ---- */

#define SCRIPT 50
struct acked {
	uint64_t index;
	uint8_t leaf[32];
};

/* 50 records in batches of 1 to 4, checkpoints between; returns the acks. */
static size_t
play(struct kt_log *log, struct acked acks[static SCRIPT])
{
	size_t n = 0, pending;
	char body[64];

	for (int i = 0; i < SCRIPT;) {
		struct acked batch[4];
		int size = 1 + i % 4;

		pending = 0;
		for (int k = 0; k < size && i < SCRIPT; k++, i++) {
			(void)snprintf(body, sizeof(body),
			    "{\"call_id\":\"c%d\",\"type\":\"call\"}", i);
			batch[pending].index = log->chain.size;
			if (kt_log_add(log, kt_span_of(body),
			    batch[pending].leaf, &err) == KT_OK)
				pending++;
		}
		if (kt_log_flush(log, &err) == KT_OK) {
			memcpy(acks + n, batch, pending * sizeof(batch[0]));
			n += pending;
		}
		if (i % 5 == 0 && !log->is_poisoned)
			(void)!kt_log_checkpoint(log, &err);
		if (i % 10 == 0) /* nobody waits */
			kt_log_keep_partial_tiles(log);
		if (log->segment.size > log->segment_bytes &&
		    !log->is_poisoned)
			(void)!kt_log_rotate(log, &err);
		if (log->is_poisoned)
			(void)!kt_log_reopen(log, &err);
	}
	return n;
}

static void
check_acks(const struct acked *acks, size_t n)
{
	static uint8_t leaves[1000][32];

	verify_dir(leaves, KT_NELEMS(leaves));
	ok(is_intact());
	for (size_t i = 0; i < n; i++)
		ok(acks[i].index < verified.size &&
		    memcmp(leaves[acks[i].index], acks[i].leaf, 32) == 0);
}

/* One run with the fault at call `at`; false when the script ended before. */
static bool
one_fault(unsigned long at, int error, bool keeps_failing)
{
	static struct acked acks[SCRIPT];
	struct faults f;
	struct kt_writer_opts opts;
	static struct kt_log log;
	size_t n = 0;
	bool is_open, was_reached;

	fresh_dir("writer_test");
	faults_init(&f);
	f.fail_at = at;
	f.error = error;
	f.keeps_failing = keeps_failing;
	opts = opts_of(&f.io);
	is_open = kt_log_open(&log, &opts, &err) == KT_OK;
	if (is_open) {
		n = play(&log, acks);
		if (!keeps_failing)
			ok(n >= SCRIPT - 8);
		(void)kt_log_close(&log, &err);
	}
	was_reached = atomic_load(&f.calls) >= at;
	/* The disk is well again: the next start takes the log up. */
	f.fail_at = 0;
	if (!ok(kt_log_open(&log, &opts, &err) == KT_OK))
		printf("# fault %lu: %s\n", at, err.text);
	else
		ok(kt_log_close(&log, &err) == KT_OK);
	check_acks(acks, n);
	return was_reached;
}

static void
no_acknowledged_record_is_lost_whichever_call_fails_once(void)
{
	static const int errors[] = { EIO, ENOSPC, EDQUOT, EROFS };
	unsigned long at = 1;

	for (size_t e = 0; e < KT_NELEMS(errors); e++) {
		for (at = 1; one_fault(at, errors[e], false);
		     at += stride())
			;
		ok(at > 100); /* else the script does not reach much */
	}
}

static void
nor_when_the_disk_stays_broken_from_there_on(void)
{
	unsigned long at;

	for (at = 1; one_fault(at, EIO, true); at += stride())
		;
	for (at = 1; one_fault(at, ENOSPC, true); at += stride())
		;
}

/* In a process of its own, which is no more at call `at`. */
static _Noreturn void
play_until_killed(unsigned long at, int tell)
{
	static struct kt_log log;
	struct faults f;
	struct kt_writer_opts opts;

	faults_init(&f);
	f.fail_at = at;
	f.kills = true;
	opts = opts_of(&f.io);
	if (kt_log_open(&log, &opts, &err) < 0)
		_exit(2);
	for (int i = 0; i < SCRIPT; i += 3) {
		struct acked batch[3];

		for (int k = 0; k < 3; k++) {
			batch[k].index = log.chain.size;
			if (kt_log_add(&log, KT_SPAN("{\"type\":\"call\"}"),
			    batch[k].leaf, &err) < 0)
				_exit(2);
		}
		if (kt_log_flush(&log, &err) < 0 ||
		    write(tell, batch, sizeof(batch)) != sizeof(batch) ||
		    (i % 9 == 0 && kt_log_checkpoint(&log, &err) < 0) ||
		    (log.segment.size > log.segment_bytes &&
			kt_log_rotate(&log, &err) < 0))
			_exit(2);
	}
	_exit(0);
}

static void
a_kill_at_any_call_loses_nothing_that_was_told(void)
{
	static struct acked told[SCRIPT + 3];
	struct kt_writer_opts opts = opts_of(&kt_disk_real);
	static struct kt_log log;
	unsigned long at;
	int status = 1;

	for (at = 1; status != 0 && at < 2000; at += stride()) {
		int fd[2];
		ssize_t got;
		pid_t pid;

		fresh_dir("writer_test");
		ok(pipe(fd) == 0);
		pid = fork();
		if (pid == 0)
			play_until_killed(at, fd[1]);
		(void)close(fd[1]);
		ok(waitpid(pid, &status, 0) == pid &&
		    (status == 0 || WIFSIGNALED(status)));
		got = read(fd[0], told, sizeof(told));
		(void)close(fd[0]);
		ok(kt_log_open(&log, &opts, &err) == KT_OK);
		ok(kt_log_close(&log, &err) == KT_OK);
		check_acks(told, (size_t)got / sizeof(told[0]));
	}
	ok(at > 100);
}

static void
a_clock_that_steps_is_told_and_never_called_tampering(void)
{
	static const int64_t hours[] = { 1, 0, -1, 87660, -87660, 3, -3, 0 };
	static struct kt_log log;
	struct faults f;
	struct kt_writer_opts opts;
	uint8_t leaf[32];

	fresh_dir("writer_test");
	faults_init(&f);
	opts = opts_of(&f.io);
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	for (size_t i = 0; i < 3 * KT_NELEMS(hours); i++) {
		f.clock_us = hours[i % KT_NELEMS(hours)] * 3600 * 1000000;
		ok(kt_log_add(&log, KT_SPAN("{\"type\":\"call\"}"), leaf,
		    &err) == KT_OK);
		ok(kt_log_flush(&log, &err) == KT_OK);
		if (i % 5 == 0)
			ok(kt_log_checkpoint(&log, &err) == KT_OK);
		if (i % 7 == 6)
			ok(kt_log_rotate(&log, &err) == KT_OK);
	}
	ok(kt_log_close(&log, &err) == KT_OK);
	verify_dir(NULL, 0);
	ok(is_intact() && verified.tail == 0);
	ok(verified.by_type[KT_AUDIT_TYPE_call] == 3 * KT_NELEMS(hours));
	/* Each step is a record, to within the one that a round begins with. */
	ok(verified.by_type[KT_AUDIT_TYPE_clock] >= 3 * 7);
}

static void
short_and_interrupted_calls_change_nothing(void)
{
	static struct acked acks[SCRIPT];
	static struct kt_log log;
	struct faults f;
	struct kt_writer_opts opts;

	fresh_dir("writer_test");
	faults_init(&f);
	f.is_short = true;
	opts = opts_of(&f.io);
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	ok(play(&log, acks) == SCRIPT);
	ok(kt_log_close(&log, &err) == KT_OK);
	check_acks(acks, SCRIPT);
}

/* ---- taking up a log ---- */

static void
write_log(unsigned records)
{
	static struct kt_log log;
	struct kt_writer_opts opts = opts_of(&kt_disk_real);
	uint8_t leaf[32];

	opts.segment_bytes = 1u << 20;
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	for (unsigned i = 0; i < records; i++)
		ok(kt_log_add(&log, KT_SPAN("{\"type\":\"call\"}"), leaf,
		    &err) == KT_OK);
	ok(kt_log_flush(&log, &err) == KT_OK);
	/* As a kill would leave it: no shutdown, no last checkpoint. */
	log.is_poisoned = true;
	(void)kt_log_close(&log, &err);
}

static void
cut_segment(unsigned n, off_t size)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/seg/%012u.jsonl", dir, n);
	ok(truncate(path, size) == 0);
}

static void
tail_cut_anywhere_keeps_the_longest_prefix_and_the_rest(void)
{
	struct kt_buf seg;
	size_t size, first;

	kt_buf_init(&seg, 1u << 20);
	fresh_dir("writer_test");
	write_log(4);
	ok(read_segment(0, &seg));
	size = seg.len;
	/* Genesis and segment record are under the first checkpoint. */
	first = kt_span_find(kt_buf_span(&seg), '\n') + 1;
	first += kt_span_find(kt_span_sub(
	    kt_buf_span(&seg), first, size), '\n') + 1;
	for (size_t n = first; n <= size; n += 37) {
		struct kt_span whole;
		size_t lines = 0;

		fresh_dir("writer_test");
		write_log(4);
		cut_segment(0, (off_t)n);
		write_log(1);
		verify_dir(NULL, 0);
		ok(is_intact());
		ok(read_segment(0, &seg));
		whole = kt_buf_span(&seg);
		ok(whole.len <= n && whole.ptr[whole.len - 1] == '\n');
		for (size_t i = 0; i < whole.len; i++)
			lines += whole.ptr[i] == '\n';
		ok(verified.by_type[KT_AUDIT_TYPE_call] == lines - 2 + 1);
		ok(verified.by_type[KT_AUDIT_TYPE_recovery] ==
		    (whole.len < n));
	}
	kt_buf_fini(&seg);
}

static void
log_below_its_checkpoint_is_not_taken_up(void)
{
	struct kt_writer_opts opts;
	static struct kt_log log;
	struct kt_buf seg;

	kt_buf_init(&seg, 1u << 20);
	fresh_dir("writer_test");
	write_log(2);
	ok(read_segment(0, &seg));
	cut_segment(0, (off_t)kt_span_find(kt_buf_span(&seg), '\n') + 1);
	opts = opts_of(&kt_disk_real);
	ok(kt_log_open(&log, &opts, &err) == KT_E_PARSE);
	fresh_dir("writer_test");
	write_log(2);
	cut_segment(0, 0);
	opts = opts_of(&kt_disk_real);
	ok(kt_log_open(&log, &opts, &err) == KT_E_PARSE);
	kt_buf_fini(&seg);
}

static void
second_process_is_refused_and_told_why(void)
{
	struct kt_writer_opts opts;
	static struct kt_log log;
	pid_t pid;
	int status = 1;

	fresh_dir("writer_test");
	opts = opts_of(&kt_disk_real);
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	pid = fork();
	if (pid == 0) {
		static struct kt_log other;

		_exit(kt_log_open(&other, &opts, &err) == KT_E_MISUSE &&
		    strstr(err.text, "another process") != NULL ? 0 : 1);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0);
	ok(kt_log_close(&log, &err) == KT_OK);
	opts.segment_bytes = 0;
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	ok(log.segment_bytes == KT_AUDIT_SEGMENT_MAX);
	ok(kt_log_close(&log, &err) == KT_OK);
	opts.gateway = KT_SPAN("other");
	ok(kt_log_open(&log, &opts, &err) < 0); /* another one's log */
}

/* ---- calls that were under way ---- */

static void
add_call(struct kt_log *log, const char *type, unsigned id)
{
	char body[96];
	uint8_t leaf[32];

	(void)snprintf(body, sizeof(body), "{\"call_id\":\"C%u\",\"endpoint\":"
	    "\"messages\",\"type\":\"%s\"}", id, type);
	ok(kt_log_add(log, kt_span_of(body), leaf, &err) == KT_OK);
}

/* Calls of many segments, three of which never came to an end. */
static void
a_crash_is_told_of_each_call_that_was_open(void)
{
	static struct kt_log log;
	struct kt_writer_opts opts;
	uint64_t at[40];

	fresh_dir("writer_test");
	opts = opts_of(&kt_disk_real);
	opts.durability = KT_DURABILITY_STRICT;
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	for (unsigned i = 0; i < 40; i++) {
		at[i] = log.chain.size;
		add_call(&log, "open", i);
		ok(kt_log_flush(&log, &err) == KT_OK);
		kt_opens_add(&log.opens, at[i]);
		if (i % 13 != 12) {
			add_call(&log, "call", i);
			ok(kt_log_flush(&log, &err) == KT_OK);
			kt_opens_remove(&log.opens, at[i]);
		}
		if (i % 10 == 9)
			ok(kt_log_rotate(&log, &err) == KT_OK);
	}
	log.is_poisoned = true; /* no good end */
	ok(kt_log_close(&log, &err) < 0);
	for (int again = 0; again < 2; again++) {
		ok(kt_log_open(&log, &opts, &err) == KT_OK);
		ok(log.opens.n == 0);
		ok(kt_log_close(&log, &err) == KT_OK);
		verify_dir(NULL, 0);
		ok(is_intact() && verified.tail == 0);
		ok(verified.by_type[KT_AUDIT_TYPE_open] == 40);
		ok(verified.by_type[KT_AUDIT_TYPE_call] == 40);
		ok(verified.by_type[KT_AUDIT_TYPE_recovery] == 1);
	}
}

static void
the_oldest_open_call_is_known_without_memory_for_all(void)
{
	struct kt_opens o = { .at = NULL };
	uint64_t since = 0;

	ok(!kt_opens_since(&o, &since));
	kt_opens_add(&o, 5);
	kt_opens_add(&o, 9);
	ok(kt_opens_since(&o, &since) && since == 5);
	kt_opens_remove(&o, 7);
	kt_opens_remove(&o, 5);
	ok(kt_opens_since(&o, &since) && since == 9);
	o.floor = 8; /* as where index 7 found no room */
	ok(kt_opens_since(&o, &since) && since == 7);
	kt_opens_remove(&o, 9);
	ok(kt_opens_since(&o, &since) && since == 7);
	kt_opens_fini(&o);
}

/* ---- the thread ---- */

static size_t
collect(struct kt_writer_inbox *in, size_t want, size_t *durable)
{
	size_t n = 0;

	while (n < want) {
		struct pollfd p = { .fd = kt_writer_inbox_fd(in),
			.events = POLLIN };
		struct kt_writer_ticket *t;

		if (poll(&p, 1, 60000) <= 0)
			break;
		while ((t = kt_writer_inbox_take(in)) != NULL) {
			*durable += t->is_durable;
			n++;
			kt_writer_ticket_free(&t);
		}
	}
	return n;
}

/* n records, synced once and read back; how often that waits for the disk. */
static unsigned long
waits_for(struct kt_log *log, struct faults *f, int n)
{
	unsigned long before = atomic_load(&f->waits);
	uint8_t leaf[32];

	for (int i = 0; i < n; i++)
		ok(kt_log_add(log, KT_SPAN("{\"call_id\":\"c\",\"type\":"
		    "\"call\"}"), leaf, &err) == KT_OK);
	ok(kt_log_flush(log, &err) == KT_OK);
	ok(kt_log_read_back(log, &err) == KT_OK);
	return atomic_load(&f->waits) - before;
}

/* Whoever's record comes meanwhile waits for all of it. */
static void
beside_its_records_the_disk_is_waited_for_only_where_it_must(void)
{
	struct faults f;
	struct kt_writer_opts opts;
	static struct kt_log log;
	unsigned long before;
	char path[400];

	fresh_dir("writer_test");
	faults_init(&f);
	opts = opts_of(&f.io);
	opts.segment_bytes = 0;
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	ok(waits_for(&log, &f, 1) == 1);
	before = atomic_load(&f.waits); /* the list, and the file that is one */
	ok(kt_log_checkpoint(&log, &err) == KT_OK);
	ok(atomic_load(&f.waits) - before == 2);
	ok(waits_for(&log, &f, 256) == 2); /* one tile is full */
	before = atomic_load(&f.lists);
	for (int i = 0; i < 8; i++)
		ok(waits_for(&log, &f, 256) == 2);
	ok(atomic_load(&f.lists) == before); /* none of them was partial */
	ok(kt_log_checkpoint(&log, &err) == KT_OK);
	before = atomic_load(&f.waits);
	kt_log_keep_partial_tiles(&log);
	kt_log_keep_partial_tiles(&log);
	ok(atomic_load(&f.waits) == before);
	(void)snprintf(path, sizeof(path), "%s/tile/0/%03u.p/%u", dir,
	    (unsigned)(log.chain.size / 256), (unsigned)(log.chain.size % 256));
	ok(access(path, R_OK) == 0);
	before = atomic_load(&f.lists);
	ok(waits_for(&log, &f, 256) == 2);
	ok(atomic_load(&f.lists) == before + 1 && access(path, R_OK) < 0);
	ok(kt_log_close(&log, &err) == KT_OK);
	verify_dir(NULL, 0);
	ok(is_intact());
}

static void
every_ticket_comes_back_and_a_bad_body_is_alone_in_failing(void)
{
	struct kt_writer_opts opts;
	struct kt_writer_inbox *in;
	struct kt_writer *w;
	struct kt_writer_counts counts;
	size_t durable = 0, sent = 0;

	fresh_dir("writer_test");
	opts = opts_of(&kt_disk_real);
	ok(kt_writer_start(&w, &opts, &err) == KT_OK);
	ok(kt_writer_inbox_new(&in, &err) == KT_OK);
	for (int i = 0; i < 300; i++) {
		sent += kt_writer_submit(w, i == 77 ? KT_SPAN("{]") :
		    KT_SPAN("{\"type\":\"call\"}"), in, NULL, &err) == KT_OK;
		if (i == 150)
			kt_writer_rotate(w);
		if (i == 200)
			ok(kt_writer_policy(w, KT_SPAN("sha256:01"),
			    KT_SPAN("2"), KT_SPAN("reload"), &err) == KT_OK);
	}
	ok(sent == 300);
	ok(collect(in, 300, &durable) == 300);
	ok(durable == 299);
	kt_writer_counts(w, &counts);
	ok(counts.failures == 1);
	ok(kt_writer_stop(&w, &err) == KT_OK && w == NULL);
	kt_writer_inbox_free(&in);
	verify_dir(NULL, 0);
	ok(is_intact() && verified.tail == 0);
	ok(verified.by_type[KT_AUDIT_TYPE_call] == 299);
	ok(verified.by_type[KT_AUDIT_TYPE_policy] == 1);
	ok(verified.by_type[KT_AUDIT_TYPE_shutdown] == 1);
}

static void
broken_disk_takes_the_writer_down_and_a_good_one_up_again(void)
{
	struct faults f;
	struct kt_writer_opts opts;
	struct kt_writer_inbox *in;
	struct kt_writer *w;
	size_t durable = 0;

	fresh_dir("writer_test");
	faults_init(&f);
	opts = opts_of(&f.io);
	ok(kt_writer_start(&w, &opts, &err) == KT_OK);
	ok(kt_writer_inbox_new(&in, &err) == KT_OK);
	ok(kt_writer_is_up(w));
	f.keeps_failing = true;
	atomic_store(&f.fail_at, atomic_load(&f.calls) + 1);
	ok(kt_writer_submit(w, KT_SPAN("{\"type\":\"call\"}"), in, NULL,
	    &err) == KT_OK);
	ok(collect(in, 1, &durable) == 1 && durable == 0);
	ok(!kt_writer_is_up(w));
	ok(kt_writer_submit(w, KT_SPAN("{\"type\":\"call\"}"), in, NULL,
	    &err) == KT_E_IO);
	atomic_store(&f.fail_at, 0);
	for (int i = 0; i < 6000 && !kt_writer_is_up(w); i++)
		(void)poll(NULL, 0, 10);
	ok(kt_writer_is_up(w));
	ok(kt_writer_submit(w, KT_SPAN("{\"type\":\"call\"}"), in, NULL,
	    &err) == KT_OK);
	ok(collect(in, 1, &durable) == 1 && durable == 1);
	ok(kt_writer_stop(&w, &err) == KT_OK);
	kt_writer_inbox_free(&in);
	verify_dir(NULL, 0);
	ok(is_intact());
	ok(verified.by_type[KT_AUDIT_TYPE_recovery] == 1);
	ok(verified.by_type[KT_AUDIT_TYPE_call] == 1);
	ok(verified.by_type[KT_AUDIT_TYPE_gap] == 1);
}

/* A process of its own: writes as fast as it can, and tells what is durable. */
static _Noreturn void
write_until_killed(int tell)
{
	struct kt_writer_opts opts = opts_of(&kt_disk_real);
	struct kt_writer_inbox *in;
	struct kt_writer_ticket *t;
	struct kt_writer *w;
	struct acked a;

	opts.segment_bytes = 20000;
	if (kt_writer_start(&w, &opts, &err) < 0 ||
	    kt_writer_inbox_new(&in, &err) < 0)
		_exit(1);
	for (;;) {
		struct pollfd p = { .fd = kt_writer_inbox_fd(in),
			.events = POLLIN };

		for (int i = 0; i < 3; i++) {
			if (kt_writer_submit(w, KT_SPAN("{\"type\":\"call\"}"),
			    in, NULL, &err) < 0)
				_exit(1);
		}
		(void)poll(&p, 1, 1000);
		while ((t = kt_writer_inbox_take(in)) != NULL) {
			a.index = t->index;
			memcpy(a.leaf, t->leaf, sizeof(a.leaf));
			if (!t->is_durable ||
			    write(tell, &a, sizeof(a)) != (ssize_t)sizeof(a))
				_exit(1);
			kt_writer_ticket_free(&t);
		}
	}
}

static void
kill_loses_nothing_told_and_a_growing_log_is_never_called_changed(void)
{
	static uint8_t leaves[20000][32];
	static struct acked told[20000];
	size_t n = 0;

	fresh_dir("writer_test");
	for (int round = 0; round < 8; round++) {
		int fd[2], status;
		pid_t pid;

		ok(pipe(fd) == 0);
		pid = fork();
		if (pid == 0)
			write_until_killed(fd[1]);
		(void)close(fd[1]);
		for (int k = 0; k < 20 + 7 * round; k++) {
			if (read(fd[0], &told[n], sizeof(told[n])) ==
			    (ssize_t)sizeof(told[n]))
				n++;
			if (k % 16 == 3) { /* while it grows */
				verify_dir(NULL, 0);
				ok(verified.nbreaks == 0);
			}
		}
		ok(kill(pid, SIGKILL) == 0);
		ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
		while (n < KT_NELEMS(told) && read(fd[0], &told[n],
		    sizeof(told[n])) == (ssize_t)sizeof(told[n]))
			n++;
		(void)close(fd[0]);
	}
	write_log(1);
	verify_dir(leaves, KT_NELEMS(leaves));
	ok(is_intact() && n >= 8 * 20 && verified.size < KT_NELEMS(leaves));
	for (size_t i = 0; i < n; i++)
		ok(told[i].index < verified.size &&
		    memcmp(leaves[told[i].index], told[i].leaf, 32) == 0);
}

/* A disk that does not answer: KT_AUDIT_QUEUE_MAX records wait, no more. */
static int
slow_sync(void *arg, int fd)
{
	atomic_int *is_slow = arg;

	while (atomic_load(is_slow))
		(void)poll(NULL, 0, 1);
	return kt_disk_real.fdatasync(NULL, fd);
}

static void
queue_is_bounded_by_kt_audit_queue_max_and_by_bytes(void)
{
	/* {"a":"...","type":"call"} of 16 KiB: the bytes run out first. */
	static char big[16384];
	static atomic_int is_slow;
	struct kt_disk_io io = kt_disk_real;
	struct kt_writer_opts opts;
	struct kt_writer *w;
	size_t n = 0;

	memset(big, 'x', sizeof(big));
	memcpy(big, "{\"a\":\"", 6);
	memcpy(big + sizeof(big) - 17, "\",\"type\":\"call\"}", 16);
	io.arg = &is_slow;
	io.fdatasync = slow_sync;
	fresh_dir("writer_test");
	opts = opts_of(&io);
	ok(kt_writer_start(&w, &opts, &err) == KT_OK);
	atomic_store(&is_slow, 1);
	while (kt_writer_submit(w, (struct kt_span){ big, sizeof(big) - 1 },
	    NULL, NULL, &err) == KT_OK)
		n++;
	ok(n == KT_AUDIT_QUEUE_BYTES_MAX / (sizeof(big) - 1));
	atomic_store(&is_slow, 0);
	ok(kt_writer_stop(&w, &err) == KT_OK);

	fresh_dir("writer_test");
	opts = opts_of(&io);
	ok(kt_writer_start(&w, &opts, &err) == KT_OK);
	atomic_store(&is_slow, 1);
	for (n = 0; kt_writer_submit(w, KT_SPAN("{\"type\":\"call\"}"), NULL,
	    NULL, &err) == KT_OK; n++)
		continue;
	ok(n == KT_AUDIT_QUEUE_MAX);
	atomic_store(&is_slow, 0);
	ok(kt_writer_stop(&w, &err) == KT_OK);
	verify_dir(NULL, 0);
	ok(is_intact());
}

int
main(void)
{
	RUN(no_acknowledged_record_is_lost_whichever_call_fails_once);
	RUN(nor_when_the_disk_stays_broken_from_there_on);
	RUN(a_kill_at_any_call_loses_nothing_that_was_told);
	RUN(a_clock_that_steps_is_told_and_never_called_tampering);
	RUN(short_and_interrupted_calls_change_nothing);
	RUN(tail_cut_anywhere_keeps_the_longest_prefix_and_the_rest);
	RUN(log_below_its_checkpoint_is_not_taken_up);
	RUN(second_process_is_refused_and_told_why);
	RUN(a_crash_is_told_of_each_call_that_was_open);
	RUN(the_oldest_open_call_is_known_without_memory_for_all);
	RUN(beside_its_records_the_disk_is_waited_for_only_where_it_must);
	RUN(every_ticket_comes_back_and_a_bad_body_is_alone_in_failing);
	RUN(broken_disk_takes_the_writer_down_and_a_good_one_up_again);
	RUN(kill_loses_nothing_told_and_a_growing_log_is_never_called_changed);
	RUN(queue_is_bounded_by_kt_audit_queue_max_and_by_bytes);
	fresh_dir("writer_test");
	return done();
}

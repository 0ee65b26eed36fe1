/*
 * Orders on a disk that fails: whatever call goes wrong, the log is intact
 * and the next start has carried each order out, told of first, or said why
 * not.
 */
#include "config.h"
#include "cmd/audit/content.h"
#include "cmd/audit/judge.h"
#include "cmd/log/log.h"
#include "cmd/log/orders.h"
#include "cmd/log/vault.h"
#include "cmd/log/writer.h"
#include "tests/unit/log/faults.h"
#include "tests/unit/log/folder.h"
#include "tests/unit/log/starved.h"
#include "tests/unit/tap.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAYS INT64_C(86400000000)

static struct kt_err err;
static const uint8_t secret[KT_AUDIT_HASH] = "a secret of thirty-two bytes ..";

static struct kt_writer_opts
opts_of(const struct kt_disk_io *io)
{
	return (struct kt_writer_opts){ .io = io, .dir = kt_span_of(dir),
		.deployment = KT_SPAN("kt"), .gateway = KT_SPAN("gw"),
		.software = KT_SPAN("kt test") };
}

static void
put_order(int n, const char *text)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/orders/%016x.order", dir,
	    (unsigned)n);
	ok(kt_disk_write_atomic(
	    &kt_disk_real, path, kt_span_of(text), 0600, &err) == KT_OK);
}

/* A log of a year ago with three segments, one caller, and some orders. */
static void
make(void)
{
	static struct kt_log log;
	struct faults f;
	struct kt_writer_opts opts;
	char path[KT_PATH_MAX], text[256], pseudonym[KT_AUDIT_PSEUDONYM];
	uint8_t leaf[KT_AUDIT_HASH];

	fresh_dir("orders_test");
	faults_init(&f);
	f.clock_us = -400 * DAYS;
	opts = opts_of(&f.io);
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	ok(kt_audit_subject_add(
	    log.subjects, KT_SPAN("ann"), secret) != NULL);
	for (int i = 0; i < 12; i++) {
		ok(kt_log_add(&log, KT_SPAN("{\"type\":\"call\"}"), leaf,
		    &err) == KT_OK);
		ok(kt_log_flush(&log, &err) == KT_OK);
		if (i % 5 == 4)
			ok(kt_log_rotate(&log, &err) == KT_OK);
	}
	ok(kt_log_close(&log, &err) == KT_OK);
	(void)snprintf(path, sizeof(path), "%s/orders", dir);
	ok(kt_disk_mkdir(&kt_disk_real, path, 0700, &err) == KT_OK);
	(void)snprintf(path, sizeof(path), "%s/content", dir);
	ok(kt_disk_mkdir(&kt_disk_real, path, 0700, &err) == KT_OK);
	for (uint64_t n = 0; n < 3; n++) {
		ok(kt_content_path(path, dir, n, &err) == KT_OK);
		ok(kt_disk_write_atomic(&kt_disk_real, path, KT_SPAN("kept"),
		    0600, &err) == KT_OK);
	}
	kt_audit_pseudonym(secret, pseudonym);
	(void)snprintf(text, sizeof(text),
	    "{\"do\":\"erase\",\"ground\":\"test\",\"subject\":\"%s\"}",
	    pseudonym);
	put_order(1, text);
	put_order(2, "{\"days\":200,\"do\":\"retain\"}");
	put_order(3, "{\"do\":\"rotate\"}");
	put_order(4, "{\"do\":\"hold\",\"name\":\"m\",\"subject\":\"p:0\"}");
	put_order(5, "{\"do\":\"release\",\"name\":\"none\"}");
}

/* Done, refused, failed: every order has its answer. */
static bool
is_done(int n)
{
	char path[512];
	struct kt_buf text;
	char code = ' ';

	(void)snprintf(path, sizeof(path), "%s/orders/%016x.answer", dir,
	    (unsigned)n);
	kt_buf_init(&text, 8192);
	if (kt_disk_read_file(&kt_disk_real, path, 4096, &text, &err) == KT_OK &&
	    text.len > 0)
		code = *text.ptr;
	ok(code == '0' || code == '1' || code == '3' || code == '5');
	kt_buf_fini(&text);
	(void)snprintf(path, sizeof(path), "%s/orders/%016x.order", dir,
	    (unsigned)n);
	ok(access(path, F_OK) != 0);
	return code == '0';
}

/* Of the log as the next good start leaves it. */
static void
check(void)
{
	struct kt_writer_opts opts = opts_of(&kt_disk_real);
	struct kt_judge j = { .progress = NULL };
	const struct kt_audit_report *r;
	static struct kt_log log;
	char path[KT_PATH_MAX], pseudonym[KT_AUDIT_PSEUDONYM];
	bool is_gone;

	r = kt_judge(&j, dir, KT_SPAN(""), NULL, NULL, NULL);
	ok(r != NULL && r->nbreaks == 0); /* also before it was mended */
	kt_judge_fini(&j);
	if (!ok(kt_log_open(&log, &opts, &err) == KT_OK &&
	    kt_log_orders(&log, &err) == KT_OK)) {
		printf("# %s\n", err.text);
		return;
	}
	ok(kt_log_close(&log, &err) == KT_OK);
	r = kt_judge(&j, dir, KT_SPAN(""), NULL, NULL, NULL);
	if (!ok(r != NULL && r->nbreaks == 0))
		return;
	is_gone = !kt_vault_pseudonym(
	    &kt_disk_real, dir, KT_SPAN("ann"), pseudonym);
	ok(is_gone == (r->by_type[KT_AUDIT_TYPE_erasure] > 0));
	ok(is_gone || !is_done(1)); /* done twice, the second is nobody's */
	for (uint64_t n = 0; n < 3; n++) { /* with its segment */
		ok(kt_content_path(path, dir, n, &err) == KT_OK);
		ok((access(path, F_OK) != 0) == (r->pruned > 0 && n < 2));
	}
	ok(is_done(2) == (r->pruned > 0) &&
	    is_done(2) == (j.dir.segments[0] == 2));
	ok(is_done(3));
	(void)snprintf(path, sizeof(path), "%s/hold/m", dir);
	ok(is_done(4) && access(path, F_OK) == 0);
	ok(!is_done(5));
	kt_judge_fini(&j);
}

static void
obey(struct faults *f)
{
	static struct kt_log log;
	struct kt_writer_opts opts = opts_of(&f->io);

	if (kt_log_open(&log, &opts, &err) < 0)
		return;
	(void)!kt_log_orders(&log, &err);
	(void)kt_log_close(&log, &err); /* with a fault it may fail */
}

/* One start with the fault at call `at`; false: there is no such call. */
static bool
one_fault(unsigned long at, int error, bool keeps_failing)
{
	struct faults f;

	make();
	faults_init(&f);
	f.fail_at = at;
	f.error = error;
	f.keeps_failing = keeps_failing;
	obey(&f);
	check();
	return atomic_load(&f.calls) >= at;
}

static void
each_order_is_carried_out_whichever_call_fails(void)
{
	static const int errors[] = { EIO, ENOSPC };
	unsigned long at = 1;

	for (size_t e = 0; e < KT_NELEMS(errors); e++) {
		for (at = 1; one_fault(at, errors[e], false);
		     at += stride())
			;
		ok(at > 100); /* else the orders do not reach much */
		for (at = 1; one_fault(at, errors[e], true);
		     at += stride())
			;
	}
}

static void
or_wherever_the_process_is_killed(void)
{
	unsigned long at;
	int status = 1;

	for (at = 1; status != 0 && at < 2000; at += stride()) {
		struct faults f;
		pid_t pid;

		make();
		faults_init(&f);
		f.fail_at = at;
		f.kills = true;
		pid = fork();
		if (pid == 0) {
			obey(&f);
			_exit(0);
		}
		ok(waitpid(pid, &status, 0) == pid &&
		    (status == 0 || WIFSIGNALED(status)));
		check();
	}
	ok(at > 100);
}

/* The same start without memory for the n-th request. */
static bool
one_shortage(unsigned long n, bool goes_on)
{
	struct faults f;
	bool was_reached;
	long held;

	make();
	faults_init(&f);
	held = atomic_load(&starved_held);
	atomic_store(&starves_on, goes_on);
	atomic_store(&starved_calls, 0);
	atomic_store(&starved_at, n);
	obey(&f);
	was_reached = atomic_load(&starved_calls) >= n;
	atomic_store(&starved_at, 0);
	ok(atomic_load(&starved_held) == held);
	check();
	return was_reached;
}

static void
or_whichever_request_for_memory_is_refused(void)
{
	unsigned long n;

	for (n = 1; one_shortage(n, false); n++)
		;
	ok(n > 20);
	for (n = 1; one_shortage(n, true); n++)
		;
}

/* Three records one after the other: the last follows the orders' turn. */
static void
calls_are_recorded(struct kt_writer *w)
{
	struct kt_writer_inbox *in;
	struct kt_writer_ticket *t = NULL;

	ok(kt_writer_inbox_new(&in, &err) == KT_OK);
	kt_writer_orders(w);
	for (int i = 0; i < 3; i++) {
		struct pollfd p = { .fd = kt_writer_inbox_fd(in),
			.events = POLLIN };

		if (!ok(kt_writer_submit(w, KT_SPAN("{\"type\":\"call\"}"), in,
		    NULL, &err) == KT_OK))
			break;
		while (t == NULL && poll(&p, 1, 60000) > 0)
			t = kt_writer_inbox_take(in);
		ok(t != NULL && t->is_durable);
		kt_writer_ticket_free(&t);
	}
	kt_writer_inbox_free(&in);
}

static void
an_order_that_cannot_be_read_stops_no_call(void)
{
	static char text[5000];
	struct kt_writer_opts opts;
	struct kt_writer *w;
	char path[512];

	fresh_dir("orders_test");
	opts = opts_of(&kt_disk_real);
	ok(kt_writer_start(&w, &opts, &err) == KT_OK);
	(void)snprintf(path, sizeof(path), "%s/orders", dir);
	ok(mkfifo(path, 0600) == 0); /* where a folder should be */
	calls_are_recorded(w);
	ok(remove(path) == 0 && mkdir(path, 0700) == 0);
	memset(text, 'x', sizeof(text) - 1);
	put_order(1, text);
	calls_are_recorded(w);
	(void)snprintf(path, sizeof(path), "%s/orders/%016x.order", dir, 1u);
	ok(remove(path) == 0);
	put_order(1, "{\"do\":\"rotate\"}");
	calls_are_recorded(w);
	ok(is_done(1));
	ok(kt_writer_stop(&w, &err) == KT_OK);
}

int
main(void)
{
	RUN(each_order_is_carried_out_whichever_call_fails);
	RUN(or_wherever_the_process_is_killed);
	RUN(or_whichever_request_for_memory_is_refused);
	RUN(an_order_that_cannot_be_read_stops_no_call);
	fresh_dir("orders_test");
	return done();
}

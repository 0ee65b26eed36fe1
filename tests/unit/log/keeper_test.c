/*
 * Contents on a disk that fails or is nearly full, and more than may wait:
 * each is there and opens, or a gap record counts it.
 */
#include "config.h"
#include "audit/canon.h"
#include "cmd/audit/content.h"
#include "cmd/audit/judge.h"
#include "cmd/log/keeper.h"
#include "tests/unit/log/faults.h"
#include "tests/unit/log/folder.h"
#include "tests/unit/tap.h"

#define CALLS 3

static struct kt_err err;
static const uint8_t secret[KT_AUDIT_HASH] = "a secret of thirty-two bytes ..";
static const struct kt_span said = KT_SPAN_INIT("what was said");

/* One call of the exchange's, as the relay tells of it. */
static void
keep(struct kt_keeper *k, uint64_t index, struct kt_span request)
{
	struct kt_event ev = { .kind = KT_EVENT_REQUEST_BODY, .bytes = request };
	struct kt_writer_ticket t = { .index = index, .segment = 7 };
	struct kt_keeping *c = kt_keeper_begin(k, KT_CONFIG_CONTENT_FULL);
	char commit[KT_AUDIT_COMMIT_TEXT] = "sha256:";
	uint8_t digest[KT_AUDIT_HASH];
	struct kt_summary s = { .call_id = KT_SPAN("C"),
		.kept = { KT_CONFIG_CONTENT_FULL, secret, { 0 }, { 0 } } };

	kt_audit_sha256(request, digest);
	kt_hex(digest, sizeof(digest), commit + strlen(commit));
	s.kept.request = kt_span_of(commit);
	kt_keeping_event(c, &ev);
	kt_keeping_recorded(c, &t);
	kt_keeping_seal(&c, &s);
	kt_keeping_end(&c);
}

struct seen {
	uint64_t lost;
};

static bool
see(void *arg, struct kt_span line)
{
	struct seen *s = arg;
	struct kt_span n;
	uint64_t lost;

	if (kt_audit_member(line, "contents", &n) && kt_span_u64(n, &lost))
		s->lost += lost;
	return true;
}

static uint64_t
lost(void)
{
	struct kt_audit_dir d = { .io = NULL };
	struct seen s = { 0 };

	ok(kt_audit_dir_open(&d, dir, &err) == KT_OK);
	ok(kt_audit_dir_list(&d, &err) == KT_OK);
	ok(kt_audit_scan(&d, 0, see, &s, &err) == KT_OK);
	kt_audit_dir_close(&d);
	return s.lost;
}

/* How many of the calls can be shown; whatever opens is what was said. */
static uint64_t
opened(struct kt_span request)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < CALLS; i++) {
		struct kt_content c;
		struct kt_buf sealed, plain;

		kt_buf_init(&sealed, 1u << 20);
		kt_buf_init(&plain, 1u << 20);
		if (kt_content_find(dir, 7, i, &sealed, &err) == KT_OK &&
		    kt_content_open(kt_buf_span(&sealed), secret, KT_SPAN("C"),
		        &plain, &c, &err) == KT_OK) {
			ok(kt_span_eq(c.request, request));
			n++;
		}
		kt_buf_fini(&sealed);
		kt_buf_fini(&plain);
	}
	return n;
}

/* Some calls by such a keeper, over a log that is well. */
static void
run(const struct kt_keeper_options *with, struct kt_span request)
{
	struct kt_writer_opts w = { .io = &kt_disk_real,
		.dir = kt_span_of(dir), .deployment = KT_SPAN("kt"),
		.gateway = KT_SPAN("gw"), .software = KT_SPAN("kt test") };
	struct kt_keeper_options o = *with;
	struct kt_keeper *k;

	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	o.dir = dir;
	if (!ok(kt_writer_start(&o.writer, &w, &err) == KT_OK))
		return;
	if (ok(kt_keeper_start(&k, &o, &err) == KT_OK)) {
		for (uint64_t i = 0; i < CALLS; i++)
			keep(k, i, request);
		kt_keeper_stop(&k);
	}
	ok(kt_writer_stop(&o.writer, &err) == KT_OK);
}

static void
room_is_left_for_records(void)
{
	struct faults f;

	faults_init(&f);
	f.used = 100 - KT_CONTENT_FREE_PERCENT + 1;
	run(&(struct kt_keeper_options){ .io = &f.io }, said);
	ok(opened(said) == 0);
	ok(lost() == CALLS);
}

/* KT_CONTENT_QUEUE_MAX bounds what waits; a call has KT_CONTENT_CALL_MAX. */
static void
what_is_too_much_is_not_kept_and_counted(void)
{
	struct kt_span large = { calloc(1, KT_CONTENT_CALL_MAX + 1),
		KT_CONTENT_CALL_MAX + 1 };

	run(&(struct kt_keeper_options){ .io = &kt_disk_real,
	    .queue_bytes = said.len }, said);
	ok(opened(said) == 0);
	ok(lost() == CALLS);
	if (!ok(large.ptr != NULL))
		return;
	run(&(struct kt_keeper_options){ .io = &kt_disk_real }, large);
	ok(opened(large) == 0);
	ok(lost() == CALLS);
	free((void *)(uintptr_t)large.ptr);
}

static void
on_a_disk_that_fails_each_is_there_or_counted(void)
{
	struct kt_keeper_options o = { .io = &kt_disk_real };
	struct faults f;
	unsigned long calls = 1;

	run(&o, said);
	ok(opened(said) == CALLS);
	ok(lost() == 0);
	for (unsigned long n = 1; n <= calls; n++) {
		faults_init(&f);
		f.error = n % 2 ? ENOSPC : EIO;
		atomic_store(&f.fail_at, n);
		o.io = &f.io;
		run(&o, said);
		ok(opened(said) + lost() >= CALLS);
		ok(lost() <= CALLS);
		calls = atomic_load(&f.calls);
	}
	ok(calls > 4);
}

int
main(void)
{
	fresh_dir("keeper_test");
	RUN(room_is_left_for_records);
	RUN(what_is_too_much_is_not_kept_and_counted);
	RUN(on_a_disk_that_fails_each_is_there_or_counted);
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return done();
}

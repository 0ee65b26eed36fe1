/*
 * known - ids of files are found again, up to a bound.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/known.h"
#include "tests/unit/tap.h"

static bool
has(struct kt_known *k, unsigned i, unsigned text)
{
	char id[32], want[16];
	struct kt_buf b;
	bool is;

	(void)snprintf(id, sizeof(id), "file_%u", i);
	(void)snprintf(want, sizeof(want), "%u", text);
	kt_buf_init(&b, 64);
	is = kt_known_find(k, kt_span_of(id), KT_SPAN("p"), &b) &&
	    kt_span_eq(kt_buf_span(&b), kt_span_of(want));
	kt_buf_fini(&b);
	return is;
}

static void
add(struct kt_known *k, unsigned i, unsigned text)
{
	char id[32], said[16];

	(void)snprintf(id, sizeof(id), "file_%u", i);
	(void)snprintf(said, sizeof(said), "%u", text);
	kt_known_add(k, kt_span_of(id), KT_SPAN("p"), kt_span_of(said));
}

static void
what_was_said_last_of_an_id_is_known(void)
{
	struct kt_known *k = kt_known_new();

	ok(!has(k, 1, 7));
	add(k, 1, 7);
	add(k, 2, 8);
	add(k, 1, 9);
	ok(has(k, 1, 9) && has(k, 2, 8) && !has(k, 3, 0));
	kt_known_free(&k);
}

static void
what_another_program_read_is_not_known(void)
{
	struct kt_known *k = kt_known_new();
	struct kt_buf b;

	kt_buf_init(&b, 64);
	add(k, 1, 7);
	ok(!kt_known_find(k, KT_SPAN("file_1"), KT_SPAN("q"), &b) && b.len == 0);
	ok(has(k, 1, 7));
	kt_buf_fini(&b);
	kt_known_free(&k);
}

/* Not one more than KT_FILES_KNOWN_MAX, and the newest are there. */
static void
the_oldest_make_room(void)
{
	struct kt_known *k = kt_known_new();
	unsigned n = 2 * KT_FILES_KNOWN_MAX, there = 0, missing = 0;

	for (unsigned i = 0; i < n; i++)
		add(k, i, i);
	for (unsigned i = 0; i < n; i++)
		there += has(k, i, i);
	ok(there <= KT_FILES_KNOWN_MAX && there > KT_FILES_KNOWN_MAX / 2);
	for (unsigned i = n - KT_FILES_KNOWN_MAX / 8; i < n; i++)
		missing += !has(k, i, i);
	/* A set may get more than its share. */
	ok(missing < KT_FILES_KNOWN_MAX / 64);
	kt_known_free(&k);
}

int
main(void)
{
	RUN(what_was_said_last_of_an_id_is_known);
	RUN(what_another_program_read_is_not_known);
	RUN(the_oldest_make_room);
	return done();
}

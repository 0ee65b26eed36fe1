/*
 * worker - the real worker around an engine that misbehaves, and the real
 * engines before bytes that do.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/media/client.h"
#include "tests/unit/tap.h"

/* Asks, and gives the answer's first text, or else its reason. */
static enum kt_media_why
ask_for(struct kt_media_client *c, uint32_t seconds, struct kt_span bytes,
    char text[static 64])
{
	struct kt_media_question q = { .pixels_max = KT_MEDIA_PIXELS_MAX,
		.pages_max = KT_MEDIA_PAGES_MAX, .seconds_max = seconds,
		.length = (uint32_t)bytes.len };
	char head[KT_MEDIA_HEAD];
	struct kt_span pieces[2] = { { head, sizeof(head) }, bytes };
	struct kt_media_answer a = { .why = KT_MEDIA_WHY_FAILED };
	struct kt_media_text t;
	struct kt_buf answer = { 0 };
	struct kt_err err = { 0 };

	kt_media_question_write(&q, head);
	text[0] = '\0';
	if (kt_media_client_ask(c, pieces, &answer, &err) == KT_OK &&
	    kt_media_answer_read(kt_buf_span(&answer), &a) == KT_OK &&
	    kt_media_answer_next(&a, &t))
		(void)snprintf(text, 64, "%.*s", KT_SPAN_ARG(t.text));
	kt_buf_fini(&answer);
	return a.why;
}

static enum kt_media_why
ask(struct kt_media_client *c, struct kt_span bytes, char text[static 64])
{
	return ask_for(c, KT_MEDIA_SECONDS, bytes, text);
}

static struct kt_media_client *
client(const char *name)
{
	const char *build = getenv("KT_BUILDDIR");
	char path[KT_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", build ? build : ".", name);
	return kt_media_client_new(path, KT_SPAN("eng"));
}

#define ODD "tests/unit/media/odd-media"

static void
answers_well(struct kt_media_client *c)
{
	char text[64];

	ok(ask(c, KT_SPAN("well"), text) == KT_MEDIA_WHY_NOTHING);
	ok(strcmp(text, "well") == 0);
}

static void
a_hung_engine_is_ended_at_its_deadline_and_costs_one_answer(void)
{
	struct kt_media_client *c = client(ODD);
	char text[64];

	ok(ask_for(c, 1, KT_SPAN("hang"), text) == KT_MEDIA_WHY_SLOW);
	answers_well(c);
	ok(ask_for(c, 1, KT_SPAN("sleep"), text) == KT_MEDIA_WHY_SLOW);
	answers_well(c);
	kt_media_client_free(&c);
}

static void
a_crashed_engine_costs_one_answer(void)
{
	static const struct kt_span ways[] = { KT_SPAN_INIT("crash"),
		KT_SPAN_INIT("leave"),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		KT_SPAN_INIT("eat"), /* memory is bounded: sandbox.c */
#endif
	};
	struct kt_media_client *c = client(ODD);
	char text[64];

	for (size_t i = 0; i < KT_NELEMS(ways); i++) {
		ok(ask(c, ways[i], text) == KT_MEDIA_WHY_FAILED);
		answers_well(c);
	}
	kt_media_client_free(&c);
}

static void
what_was_read_before_an_engine_failed_is_told(void)
{
	struct kt_media_client *c = client(ODD);
	char text[64];

	ok(ask_for(c, 1, KT_SPAN("said hang"), text) == KT_MEDIA_WHY_SLOW);
	ok(strcmp(text, "said") == 0);
	ok(ask(c, KT_SPAN("said crash"), text) == KT_MEDIA_WHY_FAILED);
	ok(strcmp(text, "said") == 0);
	kt_media_client_free(&c);
}

static void
an_engine_that_was_taken_over_cannot_lie_its_way_out(void)
{
	struct kt_media_client *c = client(ODD);
	char text[64];

	ok(ask(c, KT_SPAN("lie"), text) == KT_MEDIA_WHY_FAILED);
	(void)setenv("KT_TEST_KEY", "secret", 1);
	ok(ask(c, KT_SPAN("doors"), text) == KT_MEDIA_WHY_NOTHING);
	if (!ok(strcmp(text, "all are shut") == 0))
		printf("# %s\n", text);
	kt_media_client_free(&c);
}

/* KT_MEDIA_READERS_MAX at a time; the others wait in the socket. */
static void
more_questions_than_readers_are_answered_in_turn(void)
{
	enum { N = 3 * KT_MEDIA_READERS_MAX };
	struct kt_media_client *c = client(ODD);
	struct kt_media_question q = { .seconds_max = 2 * KT_MEDIA_SECONDS,
		.length = 4 };
	struct kt_media_talk t[N];
	char head[KT_MEDIA_HEAD];
	struct kt_span pieces[2] = { { head, sizeof(head) }, KT_SPAN("well") };
	struct kt_err err = { 0 };
	size_t over = 0;

	kt_media_question_write(&q, head);
	for (size_t i = 0; i < N; i++)
		ok(kt_media_talk_begin(c, &t[i], pieces, &err) == KT_OK);
	for (size_t round = 0; over < N && round < 100000; round++)
		for (size_t i = 0; i < N; i++) {
			enum kt_media_step step;

			if (t[i].fd < 0)
				continue;
			step = kt_media_talk_step(&t[i]);
			if (step == KT_MEDIA_MORE) {
				(void)usleep(100);
				continue;
			}
			ok(step == KT_MEDIA_DONE);
			kt_media_talk_end(&t[i]);
			over++;
		}
	ok(over == N);
	kt_media_client_free(&c);
}

static void
a_worker_that_is_not_there_is_told(void)
{
	struct kt_media_client *c = client("no-such-program");
	char text[64];

	ok(ask(c, KT_SPAN("well"), text) == KT_MEDIA_WHY_FAILED);
	kt_media_client_free(&c);
}

/* Or not read at all, where the engine is not installed. */
static bool
is_refused(struct kt_media_client *c, struct kt_span bytes,
    enum kt_media_why why)
{
	char text[64];
	enum kt_media_why w = ask(c, bytes, text);

	return w == why || w == KT_MEDIA_WHY_ENGINE;
}

/* A header that promises 10^10 pixels; nothing is decoded. */
static void
a_picture_over_KT_MEDIA_PIXELS_MAX_is_refused_by_its_header(void)
{
	struct kt_media_client *c = client("kt-media");

	ok(is_refused(c, KT_SPAN("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\1\x86\xa0"
	                         "\0\1\x86\xa0\x08\2\0\0\0"),
	    KT_MEDIA_WHY_PIXELS));
	kt_media_client_free(&c);
}

static void
bytes_that_only_begin_well_are_broken(void)
{
	struct kt_media_client *c = client("kt-media");
	char text[64];

	ok(is_refused(c, KT_SPAN("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\2\x80"
	                         "\0\0\1\xe0\x08\2 and no more"),
	    KT_MEDIA_WHY_BROKEN));
	ok(is_refused(c, KT_SPAN("%PDF-1.7 and no more"), KT_MEDIA_WHY_BROKEN));
	ok(is_refused(c, KT_SPAN("PK\3\4 and no more"), KT_MEDIA_WHY_BROKEN));
	ok(ask(c, KT_SPAN("\0\1\2\3"), text) == KT_MEDIA_WHY_KIND);
	ok(ask(c, KT_SPAN("a plain text"), text) == KT_MEDIA_WHY_NOTHING);
	ok(strcmp(text, "a plain text") == 0);
	kt_media_client_free(&c);
}

int
main(void)
{
	RUN(a_hung_engine_is_ended_at_its_deadline_and_costs_one_answer);
	RUN(a_crashed_engine_costs_one_answer);
	RUN(what_was_read_before_an_engine_failed_is_told);
	RUN(an_engine_that_was_taken_over_cannot_lie_its_way_out);
	RUN(more_questions_than_readers_are_answered_in_turn);
	RUN(a_worker_that_is_not_there_is_told);
	RUN(a_picture_over_KT_MEDIA_PIXELS_MAX_is_refused_by_its_header);
	RUN(bytes_that_only_begin_well_are_broken);
	return done();
}

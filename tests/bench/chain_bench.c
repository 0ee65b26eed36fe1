/*
 * chain_bench - what a policy adds to a call, by the size of its text.
 * SPDX-License-Identifier: Apache-2.0
 *
 *	KT_SRCDIR=. KT_BUILDDIR=. tests/bench/chain_bench POLICY FILE...
 *
 * Texts are cut from the FILEs, none is sent twice, and each call runs under
 * POLICY and under no policy at all: what is told is the difference, in CPU
 * time.  Then what an event of a stream costs more, and what a delta costs
 * with every detector that has a span.  Tables in Markdown.
 */
#include <time.h>

#include "detect/stream.h"
#include "tests/bench/world.h"

#define DELTA 64
#define STREAM_EVENTS 2000

/* More calls where they are short, so that a p99 is about several. */
static const struct {
	size_t bytes, calls;
} sizes[] = { { 1 << 10, 1000 }, { 16 << 10, 400 }, { 100 << 10, 100 },
	{ 1000 << 10, 30 } };

struct bench {
	struct world policy, empty;
	struct kt_buf text;
	size_t at, n; /* where the next text is cut, and how many were */
};

static double
cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* always there */
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
keep_escaped(struct kt_buf *to, struct kt_span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		char pair[] = { '\\', c == '\n' ? 'n' : c == '\t' ? 't' : c };

		if (c == '"' || c == '\\' || c == '\n' || c == '\t')
			keep(to, (struct kt_span){ pair, 2 });
		else if ((uint8_t)c >= 0x20)
			keep(to, (struct kt_span){ &c, 1 });
	}
}

/* About n bytes that were not there before. */
static void
keep_text(struct bench *b, struct kt_buf *to, size_t n)
{
	char mark[32];
	int len = snprintf(mark, sizeof(mark), "part %zu ", b->n++);

	keep_escaped(to, (struct kt_span){ mark, (size_t)len });
	while (n > 0) {
		size_t part = b->text.len - b->at < n ? b->text.len - b->at : n;

		keep_escaped(
		    to, kt_span_sub(kt_buf_span(&b->text), b->at, part));
		n -= part;
		b->at = b->at + part < b->text.len ? b->at + part : b->n % 61;
	}
}

static double
took(struct world *w, const struct script *s)
{
	struct result r;
	double from;

	result_init(&r);
	from = cpu_us();
	run_script(w, s, &r);
	from = cpu_us() - from;
	bench_must(r.records == 1 && r.status == 200, "a call that failed");
	result_fini(&r);
	return from;
}

/* What s costs under the policy beyond what it costs under none. */
static double
added(struct bench *b, const struct script *s)
{
	double with = took(&b->policy, s);

	return with - took(&b->empty, s);
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static struct script
script_of(const struct kt_buf *body)
{
	return (struct script){ .target = "/v1/messages",
		.headers = { { KT_SPAN("content-type"),
		    KT_SPAN("application/json") } },
		.nheaders = 1,
		.body = body->ptr,
		.body_len = body->len,
		.request_cut = 65536,
		.answer = "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\","
		          "\"model\":\"c\",\"stop_reason\":\"end_turn\","
		          "\"stop_sequence\":null,\"usage\":{\"input_tokens\":1,"
		          "\"output_tokens\":1},\"content\":[{\"type\":\"text\","
		          "\"text\":\"ok\"}]}" };
}

static void
one_size(struct bench *b, size_t bytes, size_t calls)
{
	double *us = calloc(calls, sizeof(*us));
	struct kt_buf body;

	bench_must(us != NULL, "no memory");
	kt_buf_init(&body, BENCH_FILE_MAX);
	for (size_t i = 0; i < calls; i++) {
		struct script s;

		kt_buf_reset(&body);
		keep(&body, KT_SPAN("{\"model\":\"claude-sonnet-4-5\","
		    "\"max_tokens\":64,\"messages\":[{\"role\":\"user\","
		    "\"content\":\""));
		keep_text(b, &body, bytes);
		keep(&body, KT_SPAN("\"}]}"));
		s = script_of(&body);
		us[i] = added(b, &s);
	}
	qsort(us, calls, sizeof(*us), by_size);
	printf("| %zu KB | %zu | %.1f | %.3f | %.3f |\n", bytes >> 10, calls,
	    us[calls / 2] / (double)(bytes >> 10), us[calls / 2] / 1e3,
	    us[calls * 99 / 100] / 1e3);
	free(us);
	kt_buf_fini(&body);
}

static void
keep_event(struct kt_buf *to, const char *name, const char *json)
{
	keep(to, KT_SPAN("event: "));
	keep(to, kt_span_of(name));
	keep(to, KT_SPAN("\ndata: "));
	keep(to, kt_span_of(json));
	keep(to, KT_SPAN("\n\n"));
}

static void
events(struct bench *b)
{
	static const char request[] = "{\"model\":\"claude-sonnet-4-5\","
	    "\"max_tokens\":64,\"stream\":true,\"messages\":[{\"role\":"
	    "\"user\",\"content\":\"go on\"}]}";
	struct kt_buf body = { .ptr = (char *)(uintptr_t)request,
		.len = sizeof(request) - 1 };
	struct script s = script_of(&body);
	struct kt_buf sse;

	kt_buf_init(&sse, BENCH_FILE_MAX);
	keep_event(&sse, "message_start", "{\"type\":\"message_start\","
	    "\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":"
	    "\"assistant\",\"model\":\"c\",\"content\":[],\"usage\":"
	    "{\"input_tokens\":1,\"output_tokens\":1}}}");
	keep_event(&sse, "content_block_start", "{\"type\":"
	    "\"content_block_start\",\"index\":0,\"content_block\":"
	    "{\"type\":\"text\",\"text\":\"\"}}");
	for (size_t i = 0; i < STREAM_EVENTS; i++) {
		keep(&sse, KT_SPAN("event: content_block_delta\ndata: "
		    "{\"type\":\"content_block_delta\",\"index\":0,"
		    "\"delta\":{\"type\":\"text_delta\",\"text\":\""));
		keep_text(b, &sse, DELTA);
		keep(&sse, KT_SPAN("\"}}\n\n"));
	}
	keep_event(&sse, "content_block_stop",
	    "{\"type\":\"content_block_stop\",\"index\":0}");
	keep_event(&sse, "message_delta", "{\"type\":\"message_delta\","
	    "\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},"
	    "\"usage\":{\"output_tokens\":1}}");
	keep_event(&sse, "message_stop", "{\"type\":\"message_stop\"}");
	s.type = "text/event-stream";
	s.answer = sse.ptr;
	s.answer_len = sse.len;
	s.answer_cut = sse.len / STREAM_EVENTS;
	printf("| an event of %d bytes in a stream | %.2f |\n", DELTA,
	    added(b, &s) / STREAM_EVENTS);
	kt_buf_fini(&sse);
}

/* The detectors alone. */
static void
deltas(struct bench *b, const struct kt_detect_set *on, const char *which)
{
	const struct kt_detect *db = b->policy.program->chain.detect;
	struct kt_span text = kt_buf_span(&b->text);
	struct kt_detect_stream *st;
	struct kt_detect_step out;
	size_t n = 0;
	double us;

	bench_must(
	    kt_detect_stream_new(&st, db, on, on) == KT_OK, "no memory");
	us = cpu_us();
	for (size_t at = 0; at + DELTA <= text.len && n < STREAM_EVENTS * 4;
	     at += DELTA, n++)
		bench_must(kt_detect_stream_feed(st, b->policy.scratch->detect,
		               kt_span_sub(text, at, DELTA), &out) == KT_OK,
		    "the engine failed");
	printf("| a delta of %d bytes, every %s | %.2f |\n", DELTA, which,
	    (cpu_us() - us) / (double)n);
	kt_detect_stream_free(&st);
}

/* Those that name a span, so that text waits for them. */
static void
span_deltas(struct bench *b)
{
	const struct kt_detect *db = b->policy.program->chain.detect;
	struct kt_detect_set on;

	bench_must(kt_detect_set_init(&on, db) == KT_OK, "no memory");
	for (size_t i = 0; i < kt_detect_count(db); i++)
		if (kt_detect_def(db, (uint32_t)i)->when == KT_DETECT_SPAN)
			kt_detect_set_add(&on, i);
	bench_must(kt_detect_set_hasten(&on, db) == KT_OK, "no memory");
	deltas(b, &on, "span detector");
	kt_detect_set_fini(&on);
}

int
main(int argc, char **argv)
{
	struct kt_buf config, none, file;
	struct bench b = { 0 };

	if (argc < 3)
		bench_must(false, "usage: chain_bench POLICY FILE...");
	bench_world(&b.policy, argv[1], &config);
	bench_world(&b.empty, "empty", &none);
	kt_buf_init(&b.text, BENCH_FILE_MAX);
	for (int i = 2; i < argc; i++) {
		bench_read(argv[i], &file);
		keep(&b.text, kt_buf_span(&file));
		kt_buf_fini(&file);
	}
	bench_must(b.text.len > 0, "no text");
	printf("| text | calls | us/KB | p50 ms | p99 ms |\n"
	       "|---|---|---|---|---|\n");
	for (size_t i = 0; i < KT_NELEMS(sizes); i++)
		one_size(&b, sizes[i].bytes, sizes[i].calls);
	printf("\n| stream | us |\n|---|---|\n");
	events(&b);
	span_deltas(&b);
	deltas(&b, NULL, "detector");
	world_fini(&b.policy);
	world_fini(&b.empty);
	kt_buf_fini(&b.text);
	kt_buf_fini(&config);
	kt_buf_fini(&none);
	return EXIT_SUCCESS;
}

#include "frame/sse.h"
#include "tests/unit/tap.h"

/* Writes down what comes out, and checks that the raw spans are the input. */
struct transcript {
	struct kt_buf text, raw;
};

static int
drain(struct kt_sse *s, struct transcript *t)
{
	struct kt_sse_event ev;
	struct kt_err err;
	int got;

	while ((got = kt_sse_next(s, &ev, &err)) > 0) {
		ok(kt_buf_printf(&t->text, "[%.*s|%.*s|%zu%s|%zu]",
		       KT_SPAN_ARG(ev.name), KT_SPAN_ARG(ev.data), ev.data_lines,
		       ev.is_comment ? "|c" : "", ev.raw.len) == KT_OK);
		ok(kt_buf_add(&t->raw, ev.raw) == KT_OK);
		if (ev.data_lines == 1)
			ok(ev.data.ptr >= ev.raw.ptr &&
			    ev.data.ptr + ev.data.len <= ev.raw.ptr + ev.raw.len);
	}
	return got;
}

/* Fed in pieces that end at the given offsets. */
static void
run(struct transcript *t, struct kt_span in, const size_t *cuts, size_t n)
{
	struct kt_sse s;
	size_t from = 0;

	kt_buf_init(&t->text, 1 << 20);
	kt_buf_init(&t->raw, 1 << 20);
	kt_sse_init(&s, KT_EVENT_MAX);
	for (size_t i = 0; i <= n; i++) {
		size_t to = i < n ? cuts[i] : in.len;
		/* A copy of its own, so that reading past it is seen. */
		char *piece = kt_alloc(to - from);

		memcpy(piece, in.ptr + from, to - from);
		kt_sse_feed(&s, (struct kt_span){ piece, to - from });
		ok(drain(&s, t) == 0);
		kt_free(piece);
		from = to;
	}
	kt_sse_finish(&s);
	ok(drain(&s, t) == 0);
	ok(kt_buf_printf(&t->text, "<%.*s>", KT_SPAN_ARG(kt_sse_rest(&s))) ==
	    KT_OK);
	ok(kt_buf_add(&t->raw, kt_sse_rest(&s)) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&t->raw), in));
	kt_sse_fini(&s);
}

static void
forget(struct transcript *t)
{
	kt_buf_fini(&t->text);
	kt_buf_fini(&t->raw);
}

static bool
same_in_all_cuts(struct kt_span in, struct kt_span expected)
{
	size_t *every = kt_alloc_array(in.len, sizeof(*every));
	struct transcript t;
	bool is_same = true;

	for (size_t cut = 0; cut <= in.len && is_same; cut++) {
		run(&t, in, &cut, 1);
		is_same = kt_span_eq(kt_buf_span(&t.text), expected);
		if (!is_same)
			printf("# cut at %zu: %.*s\n", cut, (int)t.text.len,
			    t.text.ptr);
		forget(&t);
	}
	for (size_t i = 0; i < in.len; i++)
		every[i] = i;
	run(&t, in, every, in.len);
	is_same = is_same && kt_span_eq(kt_buf_span(&t.text), expected);
	forget(&t);
	kt_free(every);
	return is_same;
}

static void
events_are_the_same_however_they_are_cut(void)
{
	static const struct {
		struct kt_span in, out;
	} cases[] = {
		{ KT_SPAN_INIT("event: ping\ndata: {}\n\nevent:x\ndata:1\ndata:  2\n\n"),
		    KT_SPAN_INIT("[ping|{}|1|22][x|1\n 2|2|25]<>") },
		{ KT_SPAN_INIT("data: a\r\n\r\ndata: b\r\n\r\n"),
		    KT_SPAN_INIT("[|a|1|11][|b|1|11]<>") },
		{ KT_SPAN_INIT("data: a\r\rdata: b\r\r"),
		    KT_SPAN_INIT("[|a|1|9][|b|1|9]<>") },
		{ KT_SPAN_INIT("data: a\n\r\ndata: b\r\n\ndata: c\r\r\ndata: d"),
		    KT_SPAN_INIT("[|a|1|10][|b|1|10][|c|1|9]<\ndata: d>") },
		{ KT_SPAN_INIT(": keep-alive\n\n\n\r\n: x\ndata\n\nid: 3\nretry: 1\n\n"),
		    KT_SPAN_INIT("[||0|c|14][||0|c|1][||0|c|2][||1|10][||0|16]<>") },
		{ KT_SPAN_INIT("\xef\xbb\xbf"
		               "data: a\n\n\xef\xbb\xbf"
		               "data: b\n\n"),
		    KT_SPAN_INIT("[|a|1|12][||0|12]<>") },
		{ KT_SPAN_INIT("event: a\nevent: b\ndata:\ndata:\n\ndata: cut\n"),
		    KT_SPAN_INIT("[b|\n|2|31]<data: cut\n>") },
		{ KT_SPAN_INIT("data: a\r\n\r"), KT_SPAN_INIT("[|a|1|10]<>") },
		{ KT_SPAN_INIT("\r"), KT_SPAN_INIT("[||0|c|1]<>") },
		{ KT_SPAN_INIT(""), KT_SPAN_INIT("<>") },
	};

	for (size_t i = 0; i < KT_NELEMS(cases); i++)
		if (!ok(same_in_all_cuts(cases[i].in, cases[i].out)))
			printf("# case %zu\n", i);
}

static void
an_event_ending_in_bare_cr_does_not_wait_for_the_next(void)
{
	struct kt_sse s;
	struct kt_sse_event ev;

	kt_sse_init(&s, KT_EVENT_MAX);
	kt_sse_feed(&s, KT_SPAN("data: a\r\r"));
	ok(kt_sse_next(&s, &ev, NULL) == 1);
	ok(kt_sse_next(&s, &ev, NULL) == 0);
	kt_sse_fini(&s);
}

static void
nothing_larger_than_the_limit_is_held(void)
{
	char big[64];

	memset(big, 'a', sizeof(big));
	for (size_t n = 1; n < 20; n++) {
		struct kt_sse_event ev;
		struct kt_err err;
		struct kt_sse s;
		int got;

		kt_sse_init(&s, n);
		do {
			kt_sse_feed(&s, (struct kt_span){ big, 3 });
			got = kt_sse_next(&s, &ev, &err);
		} while (got == 0);
		ok(got == KT_E_LIMIT && s.held.len <= n);
		ok(kt_sse_next(&s, &ev, &err) == KT_E_LIMIT);
		kt_sse_fini(&s);
	}
	ok(KT_EVENT_MAX >= 1 << 20); /* a tool result comes whole */
}

static void
a_large_event_leaves_no_memory_behind(void)
{
	size_t len = 1 << 20;
	char *big = kt_alloc(len);
	struct kt_sse s;
	struct kt_sse_event ev;

	memset(big, 'a', len);
	memcpy(big + len - 2, "\n\n", 2);
	kt_sse_init(&s, KT_EVENT_MAX);
	for (size_t at = 0; at < len; at += 4096) {
		kt_sse_feed(&s, (struct kt_span){ big + at, 4096 });
		ok(kt_sse_next(&s, &ev, NULL) == (at + 4096 == len));
	}
	ok(ev.raw.len == len);
	ok(kt_sse_next(&s, &ev, NULL) == 0 && s.held.cap < 65536);
	kt_sse_fini(&s);
	kt_free(big);
}

int
main(void)
{
	RUN(events_are_the_same_however_they_are_cut);
	RUN(an_event_ending_in_bare_cr_does_not_wait_for_the_next);
	RUN(nothing_larger_than_the_limit_is_held);
	RUN(a_large_event_leaves_no_memory_behind);
	return done();
}

#include <malloc.h>

#include "tests/unit/gateway/heard.h"

/* One request, that ends with no answer. */
static bool
fails(struct kt_origin *origin, enum kt_upstream_fail why)
{
	struct heard h = { 0 };
	bool is_so;

	begin(&h, origin);
	wait_end(&h);
	is_so = h.end == FAILED && h.why == why;
	forget(&h);
	return is_so;
}

static void
a_kept_connection_carries_the_next_request(void)
{
	static const struct step steps[] = { { ACCEPT }, { EXPECT }, SENDS(OK2),
		{ EXPECT }, SENDS(OK2), { WAIT_CLOSE }, { END } };
	struct kt_origin *origin;
	struct heard h = { 0 };
	struct script s;

	script_listen(&s, 8);
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	for (int i = 0; i < 2; i++) {
		begin(&h, origin);
		wait_end(&h);
		ok(h.end == WHOLE && heard(&h, "200{hi"));
		ok(h.sents == 1 && h.sent_bytes == 5);
		forget(&h);
	}
	kt_upstream_drop_idle(upstream);
	script_join(&s);
	ok(s.conns_seen == 1 && s.requests_seen == 2 && s.is_closed_seen);
	ok(kt_span_starts(kt_buf_span(&s.requests),
	    KT_SPAN("POST /v1/x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:")));
	script_end(&s);
	kt_origin_free(&origin);
}

static void
a_request_that_meets_a_dead_kept_connection_is_sent_once_more(void)
{
	/* Closed when the second request is on its way: nobody could know. */
	static const struct step steps[] = { { ACCEPT }, { EXPECT }, SENDS(OK2),
		{ LEAVE }, { ACCEPT }, { EXPECT }, SENDS(OK2),
		{ EXPECT }, SENDS("HTTP/1.1"), { CLOSE }, { END } };
	struct kt_origin *origin;
	struct heard h = { 0 };
	struct script s;

	script_listen(&s, 8);
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	for (int i = 0; i < 2; i++) {
		begin(&h, origin);
		atomic_store(&s.may_leave, i == 1);
		while (atomic_load(&s.may_leave))
			(void)sched_yield(); /* never fails */
		wait_end(&h);
		ok(h.end == WHOLE && heard(&h, "200{hi") && h.sents == 1);
		forget(&h);
	}
	ok(s.conns_seen == 2);
	/* But not when a byte of an answer came. */
	ok(fails(origin, KT_UPSTREAM_RESET));
	script_join(&s);
	ok(s.conns_seen == 2 && s.requests_seen == 3);
	script_end(&s);
	kt_origin_free(&origin);
}

static void
a_request_that_was_read_is_never_sent_again(void)
{
	static const enum step_do ends[] = { CLOSE, RESET };

	for (size_t i = 0; i < KT_NELEMS(ends); i++) {
		const struct step steps[] = { { ACCEPT }, { EXPECT },
			SENDS(OK2), { EXPECT }, { ends[i] }, { END } };
		struct kt_origin *origin;
		struct heard h = { 0 };
		struct script s;

		script_listen(&s, 8);
		script_start(&s, steps);
		origin = origin_of(s.port, 0);
		begin(&h, origin);
		wait_end(&h);
		ok(h.end == WHOLE);
		forget(&h);
		ok(fails(origin, KT_UPSTREAM_RESET));
		script_join(&s);
		ok(s.conns_seen == 1 && s.requests_seen == 2);
		script_end(&s);
		kt_origin_free(&origin);
	}
}

/* On kept connections they are written together, at the end of the turn. */
static void
requests_of_one_turn_all_go_out_but_those_cancelled_in_it(void)
{
	enum { CALLS = 20, CANCELLED = 18 }; /* of the second write */
	static const struct step steps[] = { { ACCEPT }, { EXPECT }, SENDS(OK2),
		{ EXPECT }, SENDS(OK2), { WAIT_CLOSE }, { END } };
	static struct script s[CALLS];
	static struct heard h[CALLS];
	struct kt_origin *origins[CALLS];

	for (int i = 0; i < CALLS; i++) {
		script_listen(&s[i], 8);
		script_start(&s[i], steps);
		origins[i] = origin_of(s[i].port, 0);
		begin(&h[i], origins[i]);
		wait_end(&h[i]);
		forget(&h[i]);
	}
	for (int i = 0; i < CALLS; i++) {
		h[i] = (struct heard){ 0 };
		begin(&h[i], origins[i]);
	}
	kt_upstream_cancel(&h[CANCELLED].call);
	for (int i = 0; i < CALLS; i++)
		if (i != CANCELLED) {
			wait_end(&h[i]);
			ok(h[i].end == WHOLE && heard(&h[i], "200{hi"));
			ok(h[i].sents == 1 && h[i].sent_bytes == 5);
		}
	kt_upstream_drop_idle(upstream);
	for (int i = 0; i < CALLS; i++) {
		script_join(&s[i]);
		ok(s[i].conns_seen == 1 && s[i].is_closed_seen);
		ok(s[i].requests_seen == (i == CANCELLED ? 1 : 2));
		forget(&h[i]);
		script_end(&s[i]);
		kt_origin_free(&origins[i]);
	}
}

static void
an_idle_connection_that_the_peer_closes_is_dropped(void)
{
	static const struct step steps[] = { { ACCEPT }, { EXPECT }, SENDS(OK2),
		{ CLOSE }, { ACCEPT }, { EXPECT }, SENDS(OK2), { END } };
	struct kt_origin *origin;
	struct heard h = { 0 };
	struct script s;

	script_listen(&s, 8);
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	for (int i = 0; i < 2; i++) {
		begin(&h, origin);
		wait_end(&h);
		ok(h.end == WHOLE);
		forget(&h);
		turn();
		turn();
	}
	script_join(&s);
	kt_upstream_drop_idle(upstream);
	script_end(&s);
	kt_origin_free(&origin);
}

/* Plays one answer, cut at len, and says how the call ended. */
static void
play(struct heard *h, struct kt_span answer, enum step_do after)
{
	struct step steps[] = { { ACCEPT }, { EXPECT }, { SEND, answer, 0 },
		{ after }, { END } };
	struct kt_origin *origin;
	struct script s;

	script_listen(&s, 8);
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	begin(h, origin);
	wait_end(h);
	script_join(&s);
	kt_upstream_drop_idle(upstream);
	script_end(&s);
	kt_origin_free(&origin);
}

static void
an_answer_cut_at_any_byte_never_ends_well(void)
{
	static const struct kt_span answers[] = {
		KT_SPAN_INIT(OK2),
		KT_SPAN_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		             "1\r\nh\r\n1\r\ni\r\n0\r\n\r\n"),
	};

	for (size_t i = 0; i < KT_NELEMS(answers); i++) {
		size_t head = 0;

		while (memcmp(answers[i].ptr + head, "\r\n\r\n", 4) != 0)
			head++;
		for (size_t n = 0; n <= answers[i].len; n++) {
			struct heard h = { 0 };

			play(&h, kt_span_sub(answers[i], 0, n),
			    n % 2 ? CLOSE : RESET);
			if (n < head + 4)
				ok(h.end == FAILED && h.why == KT_UPSTREAM_RESET);
			else if (n < answers[i].len)
				ok(h.end == TRUNCATED && h.err.text[0] != '\0');
			else
				ok(h.end == WHOLE && heard(&h, "200{hi"));
			forget(&h);
		}
	}
}

static void
a_reset_never_ends_a_body_that_lasts_to_the_close(void)
{
	struct heard h = { 0 };

	play(&h, KT_SPAN("HTTP/1.1 200 OK\r\n\r\nhi"), CLOSE);
	ok(h.end == WHOLE && heard(&h, "200{hi"));
	forget(&h);
	play(&h, KT_SPAN("HTTP/1.1 200 OK\r\n\r\nhi"), RESET);
	ok(h.end == TRUNCATED || h.end == FAILED);
	forget(&h);
}

static void
what_is_not_http_fails_as_protocol(void)
{
	struct heard h = { 0 };

	play(&h, KT_SPAN("SSH-2.0-x\r\n"), WAIT_CLOSE);
	ok(h.end == FAILED && h.why == KT_UPSTREAM_PROTOCOL);
	forget(&h);
	play(&h, KT_SPAN("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	                 "1\r\nhZZ"), WAIT_CLOSE);
	ok(h.end == TRUNCATED && heard(&h, "200{h"));
	forget(&h);
}

static bool
is_left(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* Cancels at a point of the call; the peer must see it at once. */
static void
cancel_at(struct heard h, struct kt_span answer, int requests)
{
	struct step steps[] = { { ACCEPT }, { EXPECT }, { SEND, answer, 0 },
		{ WAIT_CLOSE }, { END } };
	struct kt_origin *origin;
	struct script s;

	script_listen(&s, 8);
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	begin(&h, origin);
	while (h.call != NULL && (h.cancels_at_head || h.cancels_at_body ||
	    atomic_load(&s.requests_seen) < requests))
		turn();
	kt_upstream_cancel(&h.call);
	turn();
	turn();
	ok(h.end == OPEN);
	ok(requests == 0 ||
	    (atomic_load(&s.requests_seen) == 1 && is_left(s.fd)));
	(void)shutdown(s.listener, SHUT_RDWR); /* ends an accept in vain */
	script_join(&s);
	ok(requests == 0 || s.is_closed_seen);
	script_end(&s);
	kt_origin_free(&origin);
	forget(&h);
}

static void
cancel_closes_the_connection_at_once_wherever_it_stands(void)
{
	struct kt_span answer = KT_SPAN("HTTP/1.1 200 OK\r\n\r\nsome");

	cancel_at((struct heard){ 0 }, answer, 0);
	cancel_at((struct heard){ 0 }, (struct kt_span){ "", 0 }, 1);
	cancel_at((struct heard){ .cancels_at_head = true }, answer, 1);
	cancel_at((struct heard){ .cancels_at_body = true }, answer, 1);
}

static void
a_paused_call_makes_the_peer_wait_and_memory_stays_flat(void)
{
	static const struct step steps[] = { { ACCEPT }, { EXPECT },
		SENDS("HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n"),
		{ FILL, { NULL, 0 }, 33554432 }, { WAIT_CLOSE }, { END } };
	struct kt_origin *origin;
	struct heard h = { 0 };
	size_t before, filled;
	struct script s;

	script_listen(&s, 8);
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	begin(&h, origin);
	while (h.text.len == 0)
		turn();
	before = mallinfo2().uordblks;
	kt_upstream_pause(h.call);
	do {
		filled = atomic_load(&s.filled);
		for (int i = 0; i < 5; i++)
			turn();
	} while (atomic_load(&s.filled) != filled);
	ok(filled < 24u << 20); /* what the kernel holds, at most */
	/* A few reads may have been under way; 24 MiB would not be a few. */
	ok(mallinfo2().uordblks < before + (1u << 20));
	h.pauses = true;
	kt_upstream_resume(h.call);
	wait_end(&h);
	ok(h.end == WHOLE && h.body_bytes == 33554432);
	kt_upstream_drop_idle(upstream);
	script_join(&s);
	script_end(&s);
	kt_origin_free(&origin);
	forget(&h);
}

static void
a_pause_between_chunks_loses_and_repeats_nothing(void)
{
	struct heard h = { .pauses = true };

	play(&h, KT_SPAN("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	                 "1\r\na\r\n2\r\nbc\r\n1\r\nd\r\n3\r\nefg\r\n0\r\n\r\n"),
	    CLOSE);
	ok(h.end == WHOLE && heard(&h, "200{abcdefg"));
	forget(&h);
}

/* What was set aside of an answer is no part of the next one. */
static void
a_paused_answer_leaves_nothing_to_the_next_call(void)
{
	static const struct step steps[] = { { ACCEPT }, { EXPECT },
		SENDS("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"),
		{ EXPECT }, SENDS(OK2), { WAIT_CLOSE }, { END } };
	struct kt_origin *origin;
	struct heard h = { .pauses = true };
	struct script s;

	script_listen(&s, 8);
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	begin(&h, origin);
	wait_end(&h);
	ok(h.end == WHOLE && heard(&h, "200{abc"));
	forget(&h);
	h.pauses = false;
	begin(&h, origin);
	wait_end(&h);
	ok(h.end == WHOLE && heard(&h, "200{hi"));
	forget(&h);
	kt_upstream_drop_idle(upstream);
	script_join(&s);
	ok(s.conns_seen == 1 && s.requests_seen == 2);
	script_end(&s);
	kt_origin_free(&origin);
}

static void
a_streamed_body_goes_up_piece_by_piece(void)
{
	static const struct step steps[] = { { ACCEPT }, { EXPECT }, SENDS(OK2),
		{ ACCEPT }, { EXPECT }, SENDS(OK2), { END } };
	static const uint64_t lengths[] = { 9, KT_HTTP1_CHUNKED };
	static const char *const seen[] = { "hello, kt",
		"5\r\nhello\r\n2\r\n, \r\n2\r\nkt\r\n0\r\n\r\n" };
	struct kt_origin *origin;
	struct heard h = { 0 };
	struct script s;

	script_listen(&s, 8);
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	for (size_t i = 0; i < 2; i++) {
		begin_with(&h, origin, KT_SPAN("hello"), lengths[i]);
		ok(kt_upstream_send(h.call, KT_SPAN("x"), NULL) == KT_E_MISUSE);
		while (h.sents < 1)
			turn();
		ok(kt_upstream_send(h.call, KT_SPAN(", "), NULL) == KT_OK);
		while (h.sents < 2)
			turn();
		ok(kt_upstream_send(h.call, KT_SPAN("kt"), NULL) == KT_OK);
		kt_upstream_finish(h.call);
		wait_end(&h);
		ok(h.end == WHOLE && h.sents == 3 && h.sent_bytes == 9);
		forget(&h);
		kt_upstream_drop_idle(upstream);
	}
	script_join(&s);
	for (size_t i = 0; i < 2; i++)
		ok(strstr(s.requests.ptr, seen[i]) != NULL);
	script_end(&s);
	kt_origin_free(&origin);
}

static void
an_early_answer_is_heard_though_the_body_was_not_taken(void)
{
	static const struct step steps[] = { { ACCEPT },
		SENDS("HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno"),
		{ WAIT_CLOSE }, { WAIT_CLOSE }, { END } };
	size_t len = 16u << 20;
	char *big = kt_alloc(len);
	struct kt_origin *origin;
	struct heard h = { 0 };
	struct script s;

	script_listen(&s, 8);
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	begin_with(&h, origin, (struct kt_span){ big, len }, len);
	wait_end(&h);
	ok(h.end == WHOLE && heard(&h, "413{no"));
	script_join(&s);
	script_end(&s);
	kt_origin_free(&origin);
	forget(&h);
	kt_free(big);
}

static void
a_large_body_arrives_whole(void)
{
	static const struct step steps[] = { { ACCEPT }, { EXPECT }, SENDS(OK2),
		{ END } };
	size_t len = 3000000;
	char *big = kt_alloc(len);
	struct kt_origin *origin;
	struct heard h = { 0 };
	struct script s;

	for (size_t i = 0; i < len; i++)
		big[i] = (char)('a' + i % 23);
	script_listen(&s, 8);
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	begin_with(&h, origin, (struct kt_span){ big, len }, len);
	wait_end(&h);
	script_join(&s);
	ok(h.end == WHOLE && h.sent_bytes == len);
	ok(kt_span_ends(
	    kt_buf_span(&s.requests), (struct kt_span){ big, len }));
	kt_upstream_drop_idle(upstream);
	script_end(&s);
	kt_origin_free(&origin);
	forget(&h);
	kt_free(big);
}

static void
failing_to_connect_says_why(void)
{
	struct kt_origin *origin;
	struct script s;
	int fillers[16];

	script_listen(&s, 8);
	(void)close(s.listener); /* refused from now on */
	origin = origin_of(s.port, 0);
	ok(fails(origin, KT_UPSTREAM_CONNECT));
	kt_origin_free(&origin);
	kt_buf_fini(&s.requests);

	host = KT_SPAN("no-such-name.invalid");
	origin = origin_of(1, 0);
	ok(fails(origin, KT_UPSTREAM_RESOLVE));
	kt_origin_free(&origin);
	host = (struct kt_span){ NULL, 0 };

	/* A full backlog: SYNs are dropped. */
	script_listen(&s, 0);
	for (size_t i = 0; i < KT_NELEMS(fillers); i++) {
		struct sockaddr_in at = { .sin_family = AF_INET,
			.sin_port = htons(s.port) };

		at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fillers[i], (struct sockaddr *)&at, sizeof(at));
	}
	origin = origin_of(s.port, 300);
	ok(fails(origin, KT_UPSTREAM_CONNECT_TIMEOUT));
	for (size_t i = 0; i < KT_NELEMS(fillers); i++)
		(void)close(fillers[i]); /* they have done their work */
	script_end(&s);
	kt_origin_free(&origin);
}

static void
names_are_looked_up_off_the_loop_and_remembered(void)
{
	static const struct step steps[] = { { ACCEPT }, { EXPECT }, SENDS(OK2),
		{ ACCEPT }, { EXPECT }, SENDS(OK2), { END } };
	struct kt_origin *origin;
	struct heard h = { 0 };
	struct script s;

	script_listen(&s, 8);
	script_start(&s, steps);
	host = KT_SPAN("localhost"); /* ::1 is refused, 127.0.0.1 is next */
	origin = origin_of(s.port, 0);
	for (int i = 0; i < 2; i++) {
		begin(&h, origin);
		wait_end(&h);
		ok(h.end == WHOLE && heard(&h, "200{hi"));
		forget(&h);
		kt_upstream_drop_idle(upstream);
	}
	host = (struct kt_span){ NULL, 0 };
	script_join(&s);
	script_end(&s);
	kt_origin_free(&origin);
}

static void
a_request_that_cannot_be_written_is_refused_at_once(void)
{
	static char much[2 * KT_HEAD_MAX];
	struct kt_header bad = { KT_SPAN("A"), KT_SPAN("b\r\nC: d") };
	struct kt_upstream_request r = {
		.method = KT_SPAN("POST"), .target = KT_SPAN("/"),
		.headers = &bad, .n_headers = 1, .body_bytes = 0,
	};
	struct kt_origin *origin = origin_of(1, 0);
	struct kt_upstream_call *call;

	ok(kt_upstream_start(upstream, origin, &r, &events, NULL, &call, NULL) ==
	    KT_E_MISUSE);
	ok(call == NULL);
	memset(much, 'b', sizeof(much));
	bad.value = (struct kt_span){ much, sizeof(much) };
	ok(kt_upstream_start(upstream, origin, &r, &events, NULL, &call, NULL) ==
	    KT_E_LIMIT);
	ok(call == NULL);
	kt_origin_free(&origin);
}

/* Answers, each whole and cut, by the own client and by libcurl. */
static void
both_ways_tell_the_same_story(void)
{
	static const struct kt_span answers[] = {
		KT_SPAN_INIT(OK2),
		KT_SPAN_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		             "1\r\nh\r\n1;x=y\r\ni\r\n0\r\nT: x\r\n\r\n"),
		KT_SPAN_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		             "1\r\nh\r\n1\r\ni"),
		KT_SPAN_INIT("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi"),
		KT_SPAN_INIT("HTTP/1.1 200 OK\r\n\r\nhi"),
		KT_SPAN_INIT("HTTP/1.0 404 No\r\nA: b\r\n\r\nhi"),
		KT_SPAN_INIT("HTTP/1.1 204 No\r\n\r\n"),
		KT_SPAN_INIT("HTTP/1.1 301 M\r\nLocation: /x\r\n"
		             "Content-Length: 0\r\n\r\n"),
		KT_SPAN_INIT("HTTP/1.1 529 \r\nContent-Length: 1\r\n\r\nx"),
		KT_SPAN_INIT("HTTP/1.1 100 C\r\n\r\n" OK2),
		KT_SPAN_INIT("HTTP/1.1 103 E\r\nLink: x\r\n\r\n" OK2),
		KT_SPAN_INIT("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		             "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		KT_SPAN_INIT(""),
		KT_SPAN_INIT("HTTP/1.1 200 OK\r\nContent-Le"),
	};

	for (size_t i = 0; i < KT_NELEMS(answers); i++) {
		struct heard own = { 0 }, curl = { 0 };

		play(&own, answers[i], CLOSE);
		is_by_proxy = true;
		play(&curl, answers[i], CLOSE);
		is_by_proxy = false;
		if (!ok(own.end == curl.end && kt_span_eq(kt_buf_span(&own.text),
		                                   kt_buf_span(&curl.text))))
			printf("# answer %zu: own %d '%.*s' %s, curl %d '%.*s' "
			       "%s\n", i, own.end, (int)own.text.len,
			    own.text.ptr, own.err.text, curl.end,
			    (int)curl.text.len, curl.text.ptr, curl.err.text);
		if (!ok(own.end != FAILED || own.why == curl.why))
			printf("# answer %zu: own %s, curl %s: %s\n", i,
			    kt_upstream_fail_name(own.why),
			    kt_upstream_fail_name(curl.why), curl.err.text);
		ok(own.end != WHOLE || own.sent_bytes == curl.sent_bytes);
		forget(&own);
		forget(&curl);
	}
}

int
main(void)
{
	set_up();
	RUN(a_kept_connection_carries_the_next_request);
	RUN(a_request_that_meets_a_dead_kept_connection_is_sent_once_more);
	RUN(a_request_that_was_read_is_never_sent_again);
	RUN(requests_of_one_turn_all_go_out_but_those_cancelled_in_it);
	RUN(an_idle_connection_that_the_peer_closes_is_dropped);
	RUN(an_answer_cut_at_any_byte_never_ends_well);
	RUN(a_reset_never_ends_a_body_that_lasts_to_the_close);
	RUN(what_is_not_http_fails_as_protocol);
	RUN(cancel_closes_the_connection_at_once_wherever_it_stands);
	RUN(a_paused_call_makes_the_peer_wait_and_memory_stays_flat);
	RUN(a_pause_between_chunks_loses_and_repeats_nothing);
	RUN(a_paused_answer_leaves_nothing_to_the_next_call);
	RUN(a_streamed_body_goes_up_piece_by_piece);
	RUN(an_early_answer_is_heard_though_the_body_was_not_taken);
	RUN(a_large_body_arrives_whole);
	RUN(failing_to_connect_says_why);
	RUN(names_are_looked_up_off_the_loop_and_remembered);
	RUN(a_request_that_cannot_be_written_is_refused_at_once);
	is_by_proxy = true;
	RUN(a_pause_between_chunks_loses_and_repeats_nothing);
	RUN(a_streamed_body_goes_up_piece_by_piece);
	RUN(a_large_body_arrives_whole);
	RUN(cancel_closes_the_connection_at_once_wherever_it_stands);
	RUN(a_paused_call_makes_the_peer_wait_and_memory_stays_flat);
	is_by_proxy = false;
	RUN(both_ways_tell_the_same_story);
	tear_down();
	return done();
}

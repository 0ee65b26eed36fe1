#include "config.h"
/*
 * The listener over loopback sockets, driven by one thread: the server's
 * turns and the client's reads alternate.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cmd/gateway/bind.h"
#include "cmd/gateway/listen.h"
#include "tests/unit/tap.h"

/* What the application side saw, and how it answers. */
static struct {
	struct kt_loop *loop;
	struct kt_listen *listen;
	struct kt_config_address address;
	struct kt_request *request;
	struct kt_buf body;
	char target[256], what[64];
	int heads, ends, gone, finished, rejects, empty;
	unsigned status;
	size_t sent;
	bool answers; /* 200 with the body that came, as soon as it is whole */
	bool refuses; /* 401 at the head */
	bool pauses;  /* after the first piece of a body */
} seen;

static void *
on_head(void *worker, struct kt_request *r, const struct kt_head *head)
{
	(void)worker;
	seen.request = r;
	seen.heads++;
	(void)snprintf(seen.target, sizeof(seen.target), "%.*s",
	    KT_SPAN_ARG(head->path));
	if (seen.refuses) {
		kt_request_answer(r, 401, NULL, 0, 2);
		ok(kt_request_write(r, KT_SPAN("no")) == KT_OK);
		kt_request_finish(r);
	}
	return &seen;
}

static void
on_body(void *call, struct kt_span bytes)
{
	(void)call;
	ok(kt_buf_add(&seen.body, bytes) == KT_OK);
	if (seen.pauses)
		kt_request_pause(seen.request);
}

static void
on_end(void *call)
{
	struct kt_header type = { KT_SPAN("content-type"), KT_SPAN("x/y") };

	(void)call;
	seen.ends++;
	if (!seen.answers)
		return;
	kt_request_answer(seen.request, 200, &type, 1, seen.body.len);
	ok(kt_request_write(seen.request, kt_buf_span(&seen.body)) == KT_OK);
	kt_request_finish(seen.request);
}

static void
on_sent(void *call, size_t bytes)
{
	(void)call;
	seen.sent += bytes;
}

static void
on_gone(void *call)
{
	(void)call;
	seen.gone++;
}

static void
on_done(void *call)
{
	(void)call;
	seen.finished++;
}

static void
on_reject(void *worker, unsigned status, const char *what,
    const struct kt_head *head)
{
	(void)worker;
	(void)head;
	seen.rejects++;
	seen.status = status;
	(void)snprintf(seen.what, sizeof(seen.what), "%s", what);
}

static void
on_empty(void *worker)
{
	(void)worker;
	seen.empty++;
}

static uint64_t
each_turn(void *self)
{
	(void)self;
	return kt_listen_turn(seen.listen);
}

/* Where something hangs; far more than a busy machine needs. */
#define PATIENCE_US 60000000

static void
begin_with(bool answers, uint64_t deadline_us)
{
	static const struct kt_listen_events events = { on_head, on_body,
		on_end, on_sent, on_gone, on_done, on_reject, on_empty };
	struct kt_listen_options o = { .events = &events, .nfds = 1,
		.deadlines = { deadline_us, deadline_us, deadline_us,
			deadline_us },
		.connections_max = 64 };
	int fd;

	memset(&seen, 0, sizeof(seen));
	seen.answers = answers;
	kt_buf_init(&seen.body, 64u << 20);
	ok(kt_config_address(KT_SPAN("127.0.0.1:0"), &seen.address));
	ok(kt_bind(&seen.address, &fd, 1, NULL) == KT_OK);
	ok(kt_loop_new(&seen.loop, NULL) == KT_OK);
	o.loop = seen.loop;
	o.fds = &fd;
	ok(kt_listen_new(&seen.listen, &o, NULL) == KT_OK);
	kt_loop_each_turn(seen.loop, each_turn, NULL);
}

static void
begin(bool answers)
{
	begin_with(answers, 10 * PATIENCE_US);
}

static void
end(void)
{
	kt_listen_free(&seen.listen);
	kt_loop_free(&seen.loop);
	kt_buf_fini(&seen.body);
}

static int
dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(seen.address.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ok(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	return fd;
}

static void
say(int fd, struct kt_span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = send(fd, bytes.ptr, bytes.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return;
		if (n > 0)
			bytes = kt_span_sub(bytes, (size_t)n, bytes.len);
		ok(kt_loop_turn(seen.loop, 1000, NULL) == KT_OK);
	}
}

/* So many, of a millisecond each where nothing happens. */
static void
turns(int n)
{
	while (n-- > 0)
		ok(kt_loop_turn(seen.loop, 1000, NULL) == KT_OK);
}

/* Reads until the server closes or `want` bytes came. */
static struct kt_span
hear(int fd, size_t want, bool *is_closed)
{
	static char got[1 << 20];
	size_t n = 0;
	uint64_t until = kt_loop_now(seen.loop) + PATIENCE_US;

	*is_closed = false;
	while (n < want && kt_loop_now(seen.loop) < until) {
		ssize_t more = recv(fd, got + n, sizeof(got) - n, MSG_DONTWAIT);

		if (more == 0 || (more < 0 && errno != EAGAIN)) {
			*is_closed = true;
			break;
		}
		n += more > 0 ? (size_t)more : 0;
		ok(kt_loop_turn(seen.loop, 1000, NULL) == KT_OK);
	}
	return (struct kt_span){ got, n };
}

static bool
has(struct kt_span s, const char *part)
{
	return memmem(s.ptr, s.len, part, strlen(part)) != NULL;
}

static void
a_request_is_told_and_answered_and_the_connection_kept(void)
{
	struct kt_span get = KT_SPAN("GET /a%41?q=%2F HTTP/1.1\r\n"
				     "Host: x\r\n\r\n");
	bool is_closed;
	int fd;

	begin(true);
	fd = dial();
	for (int i = 1; i <= 3; i++) {
		say(fd, get);
		ok(has(hear(fd, 40, &is_closed), "HTTP/1.1 200 OK\r\n"));
		ok(!is_closed && seen.heads == i && seen.ends == i);
		turns(1);
		ok(seen.finished == i && seen.gone == 0);
		ok(strcmp(seen.target, "/a%41?q=%2F") == 0);
	}
	(void)close(fd);
	end();
}

static void
a_body_arrives_whole_in_both_framings(void)
{
	static const char *const bodies[] = {
		"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
		"\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
	};
	bool is_closed;

	for (size_t i = 0; i < KT_NELEMS(bodies); i++)
		for (size_t cut = 0; cut < strlen(bodies[i]); cut += 3) {
			struct kt_span all = kt_span_of(bodies[i]);
			struct kt_span got;
			int fd;

			begin(true);
			fd = dial();
			say(fd, kt_span_sub(all, 0, cut));
			say(fd, kt_span_sub(all, cut, all.len));
			got = hear(fd, 90, &is_closed);
			ok(has(got, "200 OK") && kt_span_ends(got,
			    KT_SPAN("\r\n\r\nhello")));
			(void)close(fd);
			end();
		}
}

#define H "Host: x\r\n"
#define NEXT "GET /second HTTP/1.1\r\nHost: x\r\n\r\n"
static const struct {
	const char *what;
	struct kt_span head;
} ambiguous[] = {
#define BAD(what, text) { what, KT_SPAN_INIT(text NEXT) }
	BAD("framing", "POST / HTTP/1.1\r\n" H "Content-Length: 4\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	BAD("content_length", "POST / HTTP/1.1\r\n" H "Content-Length: 4\r\n"
	    "Content-Length: 5\r\n\r\nabcd"),
	BAD("content_length", "POST / HTTP/1.1\r\n" H "Content-Length: 4\r\n"
	    "Content-Length: 4\r\n\r\nabcd"),
	BAD("http", "POST / HTTP/1.1\r\n" H "Content-Length: +4\r\n\r\nabcd"),
	BAD("http", "POST / HTTP/1.1\r\n" H "Content-Length: 4,4\r\n\r\nabcd"),
	BAD("http", "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n"),
	BAD("transfer_encoding", "POST / HTTP/1.1\r\n" H
	    "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
	BAD("transfer_encoding", "POST / HTTP/1.1\r\n" H
	    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
	BAD("transfer_encoding", "POST / HTTP/1.1\r\n" H
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"
	    "\r\n0\r\n\r\n"),
	BAD("transfer_encoding", "POST / HTTP/1.1\r\n" H
	    "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n"),
	BAD("header.repeated", "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\n"
	    "Content-Encoding: identity\r\ncontent-encoding: gzip\r\n\r\na"),
	BAD("header.repeated", "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\n"
	    "Content-Type: a/b\r\nContent-Type: a/c\r\n\r\na"),
	BAD("transfer_encoding.version", "POST / HTTP/1.0\r\n" H
	    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	BAD("header.name", "POST / HTTP/1.1\r\n" H
	    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
	BAD("host.count", "GET / HTTP/1.1\r\n\r\n"),
	BAD("host.count", "GET / HTTP/1.1\r\n" H "Host: y\r\n\r\n"),
	BAD("host.value", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
	BAD("host.value", "GET / HTTP/1.1\r\nHost: \r\n\r\n"),
	BAD("head.layout", "GET / HTTP/1.1\r\n" H ": bare\r\n\r\n"),
	BAD("http", "GET / HTTP/1.1\r\n" H "bare\r\n\r\n"),
	BAD("header.value", "GET / HTTP/1.1\r\n" H "a: b\x01\r\n\r\n"),
	BAD("header.value", "GET / HTTP/1.1\r\n" H "a: b\rc: d\r\n\r\n"),
	BAD("head.layout", "GET / HTTP/1.1\r\n" H "a: b\nc: d\r\n\r\n"),
	BAD("head.layout", "GET / HTTP/1.1\n" H "\r\n"),
	BAD("head.layout", "GET / HTTP/1.1\r\n" H "\n"),
	BAD("head.layout", "GET / HTTP/1.1\r\n" H "a: b\0c\r\n\r\n"),
	BAD("head.layout", "GET / HTTP/1.1\r\n" H "a: b\r\n c\r\n\r\n"),
	BAD("head.layout", "GET / HTTP/1.1\r\nHost: x\r\n\ty\r\na: b\r\n\r\n"),
	BAD("head.layout", "GET  / HTTP/1.1\r\n" H "\r\n"),
	BAD("target.bytes", "GET /a b HTTP/1.1\r\n" H "\r\n"),
	BAD("head.layout", "GET /a\0b HTTP/1.1\r\n" H "\r\n"),
	BAD("target.bytes", "GET /a\x7f HTTP/1.1\r\n" H "\r\n"),
	BAD("target.bytes", "GET /a\xc3\xa4 HTTP/1.1\r\n" H "\r\n"),
	BAD("target.bytes", "GET /a#b HTTP/1.1\r\n" H "\r\n"),
	BAD("target.bytes", "GET /a\\..\\b HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form", "GET a HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form", "OPTIONS * HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form", "CONNECT x:443 HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form", "GET http://y/ HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form", "GET ftp://x/ HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape", "GET /a%00b/../c HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape", "GET /?a=%00 HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape", "GET /a%0d%0ab HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape", "GET /a%zz HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape", "GET /a% HTTP/1.1\r\n" H "\r\n"),
	BAD("target.dots", "GET /a/../b HTTP/1.1\r\n" H "\r\n"),
	BAD("target.dots", "GET /a/%2e%2E HTTP/1.1\r\n" H "\r\n"),
	BAD("target.dots", "GET /a/.%2e?q HTTP/1.1\r\n" H "\r\n"),
	BAD("target.dots", "GET /./a HTTP/1.1\r\n" H "\r\n"),
	BAD("expect", "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\n"
	    "Expect: tea\r\n\r\na"),
	BAD("version", "GET / HTTP/1.2\r\n" H "\r\n"),
	BAD("http", "GET / HTTP/2.0\r\n" H "\r\n"),
#undef BAD
};

static void
an_ambiguous_head_is_refused_and_nothing_after_it_is_served(void)
{
	bool is_closed;

	for (size_t i = 0; i < KT_NELEMS(ambiguous); i++) {
		struct kt_span got;
		int fd;

		begin(true);
		fd = dial();
		say(fd, ambiguous[i].head);
		got = hear(fd, SIZE_MAX, &is_closed);
		if (!ok(is_closed && seen.heads == 0 && !has(got, " 200 ")) ||
		    !ok(got.len == 0 || has(got, "HTTP/1.1 4") ||
		        has(got, "HTTP/1.1 505")) ||
		    !ok(strcmp(seen.what, ambiguous[i].what) == 0 ||
		        strcmp(ambiguous[i].what, "http") == 0))
			printf("# case %zu %s, said %s: %.*s\n%.*s\n", i,
			    ambiguous[i].what, seen.what,
			    KT_SPAN_ARG(ambiguous[i].head), KT_SPAN_ARG(got));
		(void)close(fd);
		end();
	}
}

static void
a_trailer_that_says_what_only_a_head_may_is_refused(void)
{
	static const char *const names[] = { "Content-Length", "Host",
		"transfer-encoding", "X-Sum" };
	bool is_closed;

	for (size_t i = 0; i < KT_NELEMS(names); i++) {
		bool is_harmless = i + 1 == KT_NELEMS(names);
		char text[256];
		struct kt_span got;
		int fd, n = snprintf(text, sizeof(text),
		    "POST /p HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
		    "2\r\nhe\r\n0\r\n%s: 7\r\n\r\n" NEXT, names[i]);

		begin(true);
		fd = dial();
		say(fd, (struct kt_span){ text, (size_t)n });
		got = hear(fd, is_harmless ? 90 : SIZE_MAX, &is_closed);
		if (is_harmless)
			ok(seen.rejects == 0 && has(got, "200 OK"));
		else
			ok(is_closed && has(got, "HTTP/1.1 400") &&
			    !has(got, " 200 ") && seen.ends == 0 &&
			    seen.heads == 1 && seen.gone == 1 &&
			    strcmp(seen.what, "trailer") == 0);
		(void)close(fd);
		end();
	}
}

static void
what_only_looks_odd_is_served(void)
{
	static const char *const fine[] = {
		"GET /a..b/...c/%2f?../../#no", "GET http://x/p?q",
		"GET //a", "GET /a%20b?c=%0a", "DELETE /v1/files/f-1",
	};
	bool is_closed;

	for (size_t i = 0; i < KT_NELEMS(fine); i++) {
		char text[256];
		int fd, n;

		begin(true);
		fd = dial();
		n = snprintf(text, sizeof(text), "%.*s HTTP/1.1\r\nHost: x\r\n"
		    "a:b\r\nc:  d  \r\n\r\n", (int)strcspn(fine[i], "#"),
		    fine[i]);
		say(fd, (struct kt_span){ text, (size_t)n });
		ok(has(hear(fd, 40, &is_closed), " 200 "));
		(void)close(fd);
		end();
	}
}

static void
too_many_headers_are_refused(void)
{
	char text[KT_HEADERS_MAX * 8 + 64];
	int n = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: x\r\n");
	bool is_closed;
	int fd;

	for (int i = 0; i < KT_HEADERS_MAX; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "a: b\r\n");
	n += snprintf(text + n, sizeof(text) - (size_t)n, "\r\n");
	begin(true);
	fd = dial();
	say(fd, (struct kt_span){ text, (size_t)n });
	ok(has(hear(fd, SIZE_MAX, &is_closed), " 431 ") && is_closed);
	ok(seen.heads == 0);
	(void)close(fd);
	end();
}

static void
a_refusal_by_head_reaches_a_client_that_is_still_sending(void)
{
	struct kt_span head = KT_SPAN("POST / HTTP/1.1\r\n" H
				      "Content-Length: 900000000\r\n\r\n");
	static char filler[1 << 20];
	struct kt_span got;
	bool is_closed;
	int fd;

	begin(true);
	seen.refuses = true;
	fd = dial();
	say(fd, head);
	say(fd, (struct kt_span){ filler, sizeof(filler) });
	got = hear(fd, SIZE_MAX, &is_closed);
	ok(has(got, " 401 ") && has(got, "onnection: close"));
	ok(kt_span_ends(got, KT_SPAN("\r\n\r\nno")));
	ok(seen.heads == 1 && seen.body.len == 0);
	(void)close(fd);
	end();
}

static void
a_refusal_of_a_short_body_keeps_the_connection(void)
{
	bool is_closed;
	int fd;

	begin(true);
	seen.refuses = true;
	fd = dial();
	for (int i = 1; i <= 2; i++) {
		say(fd, KT_SPAN("POST / HTTP/1.1\r\n" H
				"Content-Length: 4\r\n\r\n"));
		say(fd, KT_SPAN("body"));
		ok(has(hear(fd, 60, &is_closed), " 401 ") && !is_closed);
		turns(2);
		ok(seen.heads == i && seen.finished == i);
	}
	(void)close(fd);
	end();
}

static void
a_paused_body_fills_the_window_and_nothing_else(void)
{
	static char filler[8 << 20];
	char head[128];
	int n = snprintf(head, sizeof(head), "POST / HTTP/1.1\r\n" H
	    "Content-Length: %zu\r\n\r\n", sizeof(filler));
	size_t sent = 0;
	int fd;

	begin(true);
	seen.pauses = true;
	fd = dial();
	say(fd, (struct kt_span){ head, (size_t)n });
	for (int i = 0; i < 200; i++) {
		ssize_t more = send(fd, filler, sizeof(filler) - sent,
		    MSG_DONTWAIT);

		sent += more > 0 ? (size_t)more : 0;
		turns(1);
	}
	ok(seen.body.len > 0 && seen.body.len <= 65536);
	ok(sent < sizeof(filler));
	seen.pauses = false;
	kt_request_resume(seen.request);
	while (sent < sizeof(filler) && seen.gone == 0) {
		ssize_t more = send(fd, filler, sizeof(filler) - sent,
		    MSG_DONTWAIT);

		sent += more > 0 ? (size_t)more : 0;
		turns(1);
	}
	for (int i = 0; i < 5000 && seen.ends == 0; i++)
		turns(1);
	ok(seen.body.len == sizeof(filler) && seen.ends == 1);
	(void)close(fd);
	end();
}

static void
pieces_of_an_answer_leave_as_they_come(void)
{
	bool is_closed;
	struct kt_span got;
	int fd;

	begin(false);
	fd = dial();
	say(fd, KT_SPAN(NEXT));
	turns(10);
	ok(seen.ends == 1);
	kt_request_answer(seen.request, 200, NULL, 0, KT_HEAD_CHUNKED);
	ok(has(hear(fd, 60, &is_closed), "chunked"));
	for (int i = 0; i < 5; i++) {
		ok(kt_request_write(seen.request, KT_SPAN("event")) == KT_OK);
		got = hear(fd, 10, &is_closed);
		ok(kt_span_eq(got, KT_SPAN("5\r\nevent\r\n")));
		ok(seen.sent == 5 * (size_t)(i + 1));
	}
	kt_request_finish(seen.request);
	ok(kt_span_eq(hear(fd, 5, &is_closed), KT_SPAN("0\r\n\r\n")));
	turns(5);
	ok(seen.finished == 1 && !is_closed);
	(void)close(fd);
	end();
}

static void
an_aborted_answer_never_looks_complete(void)
{
	static const uint64_t lengths[] = { KT_HEAD_CHUNKED, 100 };
	bool is_closed;

	for (size_t i = 0; i < KT_NELEMS(lengths); i++)
		for (int is_begun = 0; is_begun < 2; is_begun++) {
			struct kt_span got;
			int fd;

			begin(false);
			fd = dial();
			say(fd, KT_SPAN(NEXT));
			turns(5);
			kt_request_answer(
			    seen.request, 200, NULL, 0, lengths[i]);
			ok(kt_request_write(seen.request, KT_SPAN("part")) ==
			    KT_OK);
			if (is_begun)
				turns(10);
			kt_request_abort(seen.request);
			got = hear(fd, SIZE_MAX, &is_closed);
			ok(is_closed && !has(got, "\r\n0\r\n\r\n"));
			ok(seen.gone == 0 && seen.finished == 0);
			(void)close(fd);
			end();
		}
}

static void
a_client_that_leaves_is_noticed_before_and_after_the_first_byte(void)
{
	for (int is_begun = 0; is_begun < 2; is_begun++) {
		bool is_closed;
		int fd;

		begin(false);
		fd = dial();
		say(fd, KT_SPAN(NEXT));
		turns(10);
		if (is_begun) {
			kt_request_answer(
			    seen.request, 200, NULL, 0, KT_HEAD_CHUNKED);
			ok(hear(fd, 60, &is_closed).len > 0);
		}
		ok(seen.gone == 0);
		(void)close(fd);
		turns(20);
		ok(seen.gone == 1 && seen.finished == 0);
		ok(kt_listen_connections(seen.listen) == 0);
		end();
	}
}

static void
a_client_that_leaves_in_the_middle_is_noticed_soon(void)
{
	static const char *const parts[] = {
		"GE", "GET / HTTP/1.1\r\nHost", NEXT,
		"POST / HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\n",
		"POST / HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\nabc",
		"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n9",
	};

	for (size_t i = 0; i < KT_NELEMS(parts); i++)
		for (int is_refused = 0; is_refused < 2; is_refused++) {
			int fd;

			begin(true);
			seen.refuses = is_refused;
			fd = dial();
			turns(2);
			/* Bytes and end in one event. */
			ok(send(fd, parts[i], strlen(parts[i]), 0) > 0);
			(void)close(fd);
			for (int ms = 0; ms < 300 && (ms < 5 ||
			         kt_listen_connections(seen.listen) > 0); ms++)
				turns(1);
			ok(kt_listen_connections(seen.listen) == 0);
			ok(seen.gone + seen.finished == (i >= 2));
			end();
		}
}

static void
a_slow_head_body_or_reader_is_closed_by_its_deadline(void)
{
	static const char *const starts[] = {
		"", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\n",
		"POST / HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\nabc",
	};
	static char much[1 << 20];
	uint64_t until;
	bool is_closed;
	int fd;

	for (size_t i = 0; i < KT_NELEMS(starts); i++) {
		begin_with(true, 500000);
		fd = dial();
		say(fd, kt_span_of(starts[i]));
		ok(hear(fd, SIZE_MAX, &is_closed).len == 0 && is_closed);
		ok(seen.gone == (i == 3));
		(void)close(fd);
		end();
	}
	begin_with(false, 500000);
	fd = dial();
	say(fd, KT_SPAN(NEXT));
	turns(5);
	kt_request_answer(seen.request, 200, NULL, 0, KT_HEAD_CHUNKED);
	for (int i = 0; i < 16; i++)
		ok(kt_request_write(seen.request,
		       (struct kt_span){ much, sizeof(much) }) == KT_OK);
	until = kt_loop_now(seen.loop) + PATIENCE_US;
	while (seen.gone == 0 && kt_loop_now(seen.loop) < until)
		turns(1);
	ok(seen.gone == 1);
	(void)close(fd);
	end();
}

static void
a_drain_finishes_what_began_and_serves_nothing_new(void)
{
	bool is_closed;
	struct kt_span got;
	int busy, idle, late;

	begin(false);
	idle = dial();
	busy = dial();
	say(busy, KT_SPAN(NEXT));
	turns(10);
	kt_listen_drain(seen.listen);
	ok(hear(idle, SIZE_MAX, &is_closed).len == 0 && is_closed);
	late = socket(AF_INET, SOCK_STREAM, 0);
	ok(connect(late, (struct sockaddr *)&(struct sockaddr_in){
	       .sin_family = AF_INET,
	       .sin_port = htons(seen.address.port),
	       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
	       sizeof(struct sockaddr_in)) < 0);
	ok(seen.empty == 0);
	kt_request_answer(seen.request, 200, NULL, 0, 2);
	ok(kt_request_write(seen.request, KT_SPAN("ok")) == KT_OK);
	kt_request_finish(seen.request);
	say(busy, KT_SPAN(NEXT));
	got = hear(busy, SIZE_MAX, &is_closed);
	ok(has(got, " 200 ") && has(got, "onnection: close") && is_closed);
	ok(seen.heads == 1 && seen.finished == 1);
	turns(10);
	ok(seen.empty == 1);
	(void)close(busy);
	(void)close(idle);
	(void)close(late);
	end();
}

static void
a_port_in_use_is_an_error_with_its_cause(void)
{
	struct kt_config_address again;
	struct kt_err err = { 0 };
	int fds[3];

	begin(true);
	again = seen.address;
	ok(kt_bind(&again, fds, 3, &err) == KT_E_IO);
	ok(strstr(err.text, "in use") != NULL);
	ok(strstr(err.text, "127.0.0.1:") != NULL);
	end();
	ok(kt_config_address(KT_SPAN("127.0.0.1:0"), &again));
	ok(kt_bind(&again, fds, 3, &err) == KT_OK);
	ok(again.port != 0);
	for (int i = 0; i < 3; i++) {
		int more[1];

		ok(kt_bind(&again, more, 1, &err) == KT_E_IO);
		(void)close(fds[i]);
	}
}

int
main(void)
{
	RUN(a_request_is_told_and_answered_and_the_connection_kept);
	RUN(a_body_arrives_whole_in_both_framings);
	RUN(an_ambiguous_head_is_refused_and_nothing_after_it_is_served);
	RUN(a_trailer_that_says_what_only_a_head_may_is_refused);
	RUN(what_only_looks_odd_is_served);
	RUN(too_many_headers_are_refused);
	RUN(a_refusal_by_head_reaches_a_client_that_is_still_sending);
	RUN(a_refusal_of_a_short_body_keeps_the_connection);
	RUN(a_paused_body_fills_the_window_and_nothing_else);
	RUN(pieces_of_an_answer_leave_as_they_come);
	RUN(an_aborted_answer_never_looks_complete);
	RUN(a_client_that_leaves_is_noticed_before_and_after_the_first_byte);
	RUN(a_client_that_leaves_in_the_middle_is_noticed_soon);
	RUN(a_slow_head_body_or_reader_is_closed_by_its_deadline);
	RUN(a_drain_finishes_what_began_and_serves_nothing_new);
	RUN(a_port_in_use_is_an_error_with_its_cause);
	return done();
}

/*
 * upstream_bench - CPU of the calling thread per request, and memory per open
 * stream, for the own client and for libcurl (which here takes the server
 * for its proxy).  The server is an epoll thread that answers every request
 * with the same bytes.  Run by hand: its figures belong to one machine.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <malloc.h>
#include <time.h>

#include "tests/unit/gateway/heard.h"

#define REQUESTS 40000
#define AT_ONCE 32
#define STREAMS 400

static char answer[1200];
static int server_epoll, listener;

static void
answer_one(int fd)
{
	char request[8192];
	ssize_t n = recv(fd, request, sizeof(request), 0);

	if (n <= 0)
		(void)close(fd); /* the client has gone */
	else if (request[n - 1] != 'Z')
		return; /* the end of the body is still to come */
	else if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
		(void)close(fd); /* the same */
}

static void *
serve(void *arg)
{
	struct epoll_event ev[64];

	(void)arg; /* one server per process */
	for (;;) {
		int n = epoll_wait(server_epoll, ev, 64, -1);

		for (int i = 0; i < n; i++) {
			struct epoll_event in = { .events = EPOLLIN };

			if (ev[i].data.fd != listener) {
				answer_one(ev[i].data.fd);
				continue;
			}
			in.data.fd = accept(listener, NULL, NULL);
			(void)epoll_ctl(
			    server_epoll, EPOLL_CTL_ADD, in.data.fd, &in);
		}
	}
	return NULL;
}

struct caller {
	struct kt_upstream_call *call;
	struct kt_origin *origin;
	struct kt_timer next;
};
static int begun, ended, heads;

static void start_one(void *self);

static void
bench_head(void *self, const struct kt_http1_head *head)
{
	(void)self, (void)head; /* only counted */
	heads++;
}

static void
bench_body(void *self, struct kt_span bytes)
{
	(void)self, (void)bytes; /* only passed through */
}

static void
bench_end(void *self, enum kt_upstream_end how, const struct kt_err *err)
{
	if (how != KT_UPSTREAM_OK)
		printf("# truncated: %s\n", err->text);
	((struct caller *)self)->call = NULL;
	ended++;
	if (begun < REQUESTS)
		start_one(self);
}

static void
bench_fail(void *self, enum kt_upstream_fail why, const struct kt_err *err)
{
	((struct caller *)self)->call = NULL;
	printf("# %s: %s\n", kt_upstream_fail_name(why), err->text);
	ended++;
}

static const struct kt_upstream_events bench_events = {
	bench_head, bench_body, NULL, bench_end, bench_fail
};

static void
start_one(void *self)
{
	static char body[1900];
	struct caller *c = self;
	struct kt_span piece = { body, sizeof(body) };
	struct kt_header headers[] = {
		{ KT_SPAN("Content-Type"), KT_SPAN("application/json") },
		{ KT_SPAN("x-api-key"), KT_SPAN("sk-0000000000000000") },
		{ KT_SPAN("anthropic-version"), KT_SPAN("2023-06-01") },
	};
	struct kt_upstream_request r = {
		.method = KT_SPAN("POST"), .target = KT_SPAN("/v1/messages"),
		.headers = headers, .n_headers = KT_NELEMS(headers),
		.body = &piece, .n_body = 1, .body_bytes = sizeof(body),
	};

	body[sizeof(body) - 1] = 'Z';
	begun++;
	if (kt_upstream_start(upstream, c->origin, &r, &bench_events, c, &c->call,
	        NULL) < 0)
		KT_BUG("cannot start");
}

static double
cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* exists on Linux */
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
bench_unary(const char *name, struct kt_origin *origin)
{
	static struct caller callers[AT_ONCE];
	double start = cpu_us();

	begun = ended = 0;
	for (int i = 0; i < AT_ONCE; i++) {
		callers[i].origin = origin;
		start_one(&callers[i]);
	}
	while (ended < REQUESTS)
		turn();
	printf("%-8s %6.2f us CPU per request\n", name,
	    (cpu_us() - start) / REQUESTS);
}

static void
bench_streams(const char *name, struct kt_origin *origin)
{
	static struct caller callers[STREAMS];
	size_t before = mallinfo2().uordblks;

	heads = 0;
	begun = REQUESTS; /* none follows */
	for (int i = 0; i < STREAMS; i++) {
		callers[i].origin = origin;
		start_one(&callers[i]);
	}
	while (heads < STREAMS)
		turn();
	printf("%-8s %6zu bytes of heap per open stream\n", name,
	    (mallinfo2().uordblks - before) / STREAMS);
	for (int i = 0; i < STREAMS; i++)
		kt_upstream_cancel(&callers[i].call);
	kt_upstream_drop_idle(upstream);
}

static void
answer_with(const char *framing, size_t body)
{
	int n = snprintf(answer, sizeof(answer),
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%s\r\n",
	    framing);

	memset(answer + n, 'x', body);
	answer[(size_t)n + body] = '\0';
}

int
main(void)
{
	struct epoll_event in = { .events = EPOLLIN };
	struct script s;
	pthread_t thread;

	set_up();
	script_listen(&s, 1024);
	listener = s.listener;
	server_epoll = epoll_create1(EPOLL_CLOEXEC);
	in.data.fd = listener;
	if (epoll_ctl(server_epoll, EPOLL_CTL_ADD, listener, &in) != 0 ||
	    pthread_create(&thread, NULL, serve, NULL) != 0)
		KT_BUG("no server");
	for (int way = 0; way < 2; way++) {
		const char *name = way == 0 ? "own" : "libcurl";
		struct kt_origin *origin;

		is_by_proxy = way == 1;
		origin = origin_of(s.port, 0);
		answer_with("Content-Length: 1020\r\n", 1020);
		bench_unary(name, origin);
		kt_upstream_drop_idle(upstream);
		answer_with("Transfer-Encoding: chunked\r\n", 0);
		bench_streams(name, origin);
		kt_origin_free(&origin);
	}
	tear_down();
	return EXIT_SUCCESS;
}

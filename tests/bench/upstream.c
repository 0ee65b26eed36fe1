/*
 * upstream - a provider that costs next to nothing, to measure what stands
 * before it.  One thread, one epoll.  A request whose head says
 * "x-bench: stream" is answered by events, any other by the same 1 KB.
 *
 *	upstream PORT [INTERVAL_US]
 *
 * All streams have one interval, so a queue in order of time is enough.  The
 * time of sending lies in the text of each event, in letters: digits would
 * be looked at as numbers of cards.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* strcasestr, epoll_pwait2 are extensions */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/stamp.h"

#define READY_MAX 256
#define HEAD_MAX 16384

struct conn {
	int fd;
	size_t head_len; /* of the head at hand, collected in head */
	uint64_t body_left;
	bool is_stream, is_closed, is_queued;
	uint64_t due_ns;
	struct conn *next;
	char head[HEAD_MAX];
};

struct bench {
	int epoll_fd, listener;
	uint64_t interval_ns;
	struct conn *first, **last; /* streams, earliest first */
	char answer[2048];
	size_t answer_len;
	char *sink;
};
#define SINK_BYTES (1u << 20)

static void
write_answer(struct bench *b)
{
	char body[1021];
	int n = snprintf(body, sizeof(body), "{\"id\":\"msg_01Bench\","
	    "\"type\":\"message\",\"role\":\"assistant\",\"model\":"
	    "\"claude-sonnet-4-5\",\"stop_reason\":\"end_turn\","
	    "\"stop_sequence\":null,\"usage\":{\"input_tokens\":512,"
	    "\"output_tokens\":128},\"content\":[{\"type\":\"text\","
	    "\"text\":\"");

	while (n < (int)sizeof(body) - 4 - 18)
		n += snprintf(body + n, sizeof(body) - (size_t)n,
		    "the answer goes on ");
	n += snprintf(body + n, sizeof(body) - (size_t)n, "\"}]}");
	b->answer_len = (size_t)snprintf(b->answer, sizeof(b->answer),
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	    "request-id: req_bench\r\nContent-Length: %d\r\n\r\n%s", n, body);
}

static void
send_all(struct conn *c, const char *bytes, size_t len)
{
	/* A peer that does not take a kilobyte is too slow to be measured. */
	if (send(c->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) !=
	    (ssize_t)len)
		(void)shutdown(c->fd, SHUT_RDWR); /* on_ready sees the end */
}

static size_t
write_event(char *out, size_t room, const char *name, const char *json)
{
	char event[1024];
	int n = snprintf(
	    event, sizeof(event), "event: %s\ndata: %s\n\n", name, json);

	return (size_t)snprintf(out, room, "%x\r\n%s\r\n", (unsigned)n, event);
}

static void
begin_stream(struct bench *b, struct conn *c)
{
	char out[2048];
	size_t n = (size_t)snprintf(out, sizeof(out),
	    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	    "request-id: req_bench\r\nTransfer-Encoding: chunked\r\n\r\n");

	n += write_event(out + n, sizeof(out) - n, "message_start",
	    "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_01Bench\","
	    "\"type\":\"message\",\"role\":\"assistant\",\"content\":[],"
	    "\"model\":\"claude-sonnet-4-5\",\"stop_reason\":null,"
	    "\"stop_sequence\":null,\"usage\":{\"input_tokens\":25,"
	    "\"output_tokens\":1}}}");
	n += write_event(out + n, sizeof(out) - n, "content_block_start",
	    "{\"type\":\"content_block_start\",\"index\":0,"
	    "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}");
	send_all(c, out, n);
	c->is_stream = c->is_queued = true;
	c->due_ns = now_ns() + b->interval_ns;
	c->next = NULL;
	*b->last = c;
	b->last = &c->next;
}

static void
send_event(struct conn *c)
{
	char out[512], json[256], stamp[STAMP_LETTERS + 1];

	write_stamp(now_ns(), stamp);
	(void)snprintf(json, sizeof(json), "{\"type\":\"content_block_delta\","
	    "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" "
	    STAMP_MARK "%sand so on\"}}", stamp);
	send_all(c, out,
	    write_event(out, sizeof(out), "content_block_delta", json));
}

static void
drop(struct bench *b, struct conn *c)
{
	(void)epoll_ctl(b->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
	(void)close(c->fd);
	c->is_closed = true;
	if (!c->is_queued)
		free(c); /* else send_due does, which still knows it */
}

static void
send_due(struct bench *b)
{
	uint64_t now = now_ns();

	while (b->first != NULL && b->first->due_ns <= now) {
		struct conn *c = b->first;

		b->first = c->next;
		if (b->first == NULL)
			b->last = &b->first;
		if (c->is_closed) {
			free(c);
			continue;
		}
		send_event(c);
		c->due_ns += b->interval_ns;
		c->next = NULL;
		*b->last = c;
		b->last = &c->next;
	}
}

static bool
has_header(const struct conn *c, const char *lower)
{
	return strcasestr(c->head, lower) != NULL;
}

/* Bytes of a head or a body; answers as soon as a request is whole. */
static void
take(struct bench *b, struct conn *c, const char *bytes, size_t len)
{
	while (len > 0 || (c->head_len == SIZE_MAX && c->body_left == 0)) {
		size_t n;
		char *end, *length;

		if (c->head_len == SIZE_MAX) { /* in the body */
			n = len < c->body_left ? len : (size_t)c->body_left;
			bytes += n;
			len -= n;
			c->body_left -= n;
			if (c->body_left > 0)
				return;
			c->head_len = 0;
			if (has_header(c, "x-bench: stream"))
				begin_stream(b, c);
			else
				send_all(c, b->answer, b->answer_len);
			continue;
		}
		n = HEAD_MAX - 1 - c->head_len;
		n = len < n ? len : n;
		memcpy(c->head + c->head_len, bytes, n);
		c->head[c->head_len + n] = '\0';
		end = strstr(c->head, "\r\n\r\n");
		if (end == NULL && c->head_len + n == HEAD_MAX - 1) {
			(void)shutdown(c->fd, SHUT_RDWR); /* the same */
			return;
		}
		if (end == NULL) {
			c->head_len += n;
			return;
		}
		n = (size_t)(end + 4 - c->head) - c->head_len;
		end[2] = '\0';
		bytes += n;
		len -= n;
		length = strcasestr(c->head, "content-length:");
		c->body_left = length ? strtoull(length + 15, NULL, 10) : 0;
		c->head_len = SIZE_MAX;
	}
}

static void
on_ready(struct bench *b, struct conn *c)
{
	ssize_t n = recv(c->fd, b->sink, SINK_BYTES, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(b, c);
		return;
	}
	if (!c->is_stream)
		take(b, c, b->sink, (size_t)n);
}

static void
accept_one(struct bench *b)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = accept(b->listener, NULL, NULL), one = 1;
	struct conn *c = calloc(1, sizeof(*c));

	if (fd < 0 || c == NULL) {
		free(c);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->fd = fd;
	ev.data.ptr = c;
	if (epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
		die("epoll_ctl");
}

static void
serve(struct bench *b)
{
	struct epoll_event ready[READY_MAX];
	struct timespec wait, *until;
	int n;

	for (;;) {
		until = NULL;
		if (b->first != NULL) {
			wait = time_until(b->first->due_ns);
			until = &wait;
		}
		n = epoll_pwait2(b->epoll_fd, ready, READY_MAX, until, NULL);
		for (int i = 0; i < n; i++) {
			if (ready[i].data.ptr == NULL)
				accept_one(b);
			else
				on_ready(b, ready[i].data.ptr);
		}
		send_due(b);
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event ev = { .events = EPOLLIN };
	struct bench b = { .sink = malloc(SINK_BYTES) };
	int one = 1;

	if (argc < 2) {
		(void)fprintf(stderr, "usage: upstream PORT [INTERVAL_US]\n");
		return 2;
	}
	at.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	b.interval_ns =
	    1000 * (argc > 2 ? strtoull(argv[2], NULL, 10) : 20000);
	b.last = &b.first;
	write_answer(&b);
	b.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	b.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(
	    b.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (b.sink == NULL || b.epoll_fd < 0 || b.listener < 0 ||
	    bind(b.listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(b.listener, 4096) != 0 ||
	    epoll_ctl(b.epoll_fd, EPOLL_CTL_ADD, b.listener, &ev) != 0)
		die("listen");
	serve(&b);
	return 0;
}

/*
 * load - asks a server for as much as it gives, at a rate, or for streams.
 *
 *	load closed PORT BODY CONNECTIONS SECONDS
 *	load open PORT BODY CONNECTIONS SECONDS RATE
 *	load stream PORT BODY STREAMS SECONDS
 *
 * One thread, one epoll; says when it begins and ends to count, then prints
 * one line of JSON.  The first fifth of the time is warm-up.  `open` sends at its rate whatever comes
 * back, on connections that are free, and counts from the moment at which a
 * request was due: a server that is slow cannot slow its measurement.
 * wrk is not used: it neither keeps a rate nor reads the time in an event.
 * The letters behind each TURN_MARK of the body are others in each request:
 * a text with one is new, a text without is one that was sent before.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* strcasestr, epoll_pwait2 are extensions */

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/stamp.h"

#define READY_MAX 256
#define IN_BYTES 65536
#define HEAD_MAX 8192
#define US_MAX 2000000 /* latencies above are counted as this */
#define RAMP_NS 1500000000ull
#define TURN_MARK "nextturn"
#define TURN_LETTERS 8
#define TURNS_MAX 4096 /* marks in one body */

struct conn {
	int fd; /* -1: closed */
	bool is_busy, is_body, is_chunked, is_closing;
	unsigned status;
	uint64_t begun_ns, left;
	size_t sent, head_len;
	struct conn *next_free;
	char head[HEAD_MAX]; /* of the answer, or the tail of a stream */
};

struct bench {
	int epoll_fd;
	struct sockaddr_in to;
	bool is_stream, is_open_loop, is_told;
	char *request;
	size_t request_len;
	char *turns[TURNS_MAX]; /* the letters, in the request */
	size_t nturns;
	uint64_t turn;
	struct conn *conns, *free_conns;
	size_t nconns;
	uint64_t start_ns, count_ns, end_ns;
	uint64_t done, ok, refused, other, failed, late, events, opened;
	uint32_t *by_us; /* of what was accepted, or of events */
	char in[IN_BYTES];
};

static void
count(struct bench *b, uint64_t from_ns)
{
	uint64_t now = now_ns(), us;

	if (now < b->count_ns || now >= b->end_ns)
		return;
	us = now > from_ns ? (now - from_ns) / 1000 : 0;
	b->by_us[us < US_MAX ? us : US_MAX - 1]++;
}

static bool
is_counting(const struct bench *b)
{
	uint64_t now = now_ns();

	return now >= b->count_ns && now < b->end_ns;
}

static void
set_free(struct bench *b, struct conn *c)
{
	c->is_busy = false;
	c->next_free = b->free_conns;
	b->free_conns = c;
}

static void
drop(struct conn *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}

static void
open_conn(struct bench *b, struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 ||
	    connect(c->fd, (struct sockaddr *)&b->to, sizeof(b->to)) != 0)
		die("connect");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 ||
	    epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, c->fd, &ev) != 0)
		die("epoll_ctl");
	b->opened++;
}

static void
fail(struct bench *b, struct conn *c)
{
	if (is_counting(b))
		b->failed++;
	drop(c);
	set_free(b, c);
}

static void
watch(struct bench *b, struct conn *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	(void)epoll_ctl(b->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev);
}

static void
send_more(struct bench *b, struct conn *c)
{
	bool was_partial = c->sent > 0;

	while (c->sent < b->request_len) {
		ssize_t n = send(c->fd, b->request + c->sent,
		    b->request_len - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			if (!was_partial)
				watch(b, c, EPOLLIN | EPOLLOUT);
			return;
		}
		if (n < 0) { /* refused before it was read: the answer waits */
			c->sent = b->request_len;
			break;
		}
		c->sent += (size_t)n;
	}
	if (was_partial)
		watch(b, c, EPOLLIN);
}

/* One request is shared: what is sent still ends with letters of the next
   turn, which are new as well. */
static void
write_turn(struct bench *b)
{
	char letters[TURN_LETTERS];
	uint64_t n = b->turn++;

	for (size_t i = 0; i < TURN_LETTERS; i++, n /= 26)
		letters[i] = (char)('a' + n % 26);
	for (size_t i = 0; i < b->nturns; i++)
		memcpy(b->turns[i], letters, TURN_LETTERS);
}

static void
find_turns(struct bench *b)
{
	const size_t mark = strlen(TURN_MARK), need = mark + TURN_LETTERS;
	char *at = b->request, *past = b->request + b->request_len;

	while ((at = memmem(at, (size_t)(past - at), TURN_MARK, mark)) &&
	    (size_t)(past - at) >= need && b->nturns < TURNS_MAX) {
		b->turns[b->nturns++] = at + mark;
		at += need;
	}
}

static void
begin(struct bench *b, struct conn *c, uint64_t due_ns)
{
	write_turn(b);
	if (c->fd < 0)
		open_conn(b, c);
	c->is_busy = true;
	c->is_body = c->is_chunked = c->is_closing = false;
	c->head_len = c->sent = 0;
	c->status = 0;
	c->begun_ns = due_ns;
	send_more(b, c);
}

static void
end(struct bench *b, struct conn *c)
{
	if (is_counting(b)) {
		b->done++;
		if (c->status == 200)
			b->ok++;
		else if (c->status == 429 || c->status == 503)
			b->refused++;
		else
			b->other++;
	}
	if (c->status == 200)
		count(b, c->begun_ns);
	if (c->is_closing || c->sent < b->request_len)
		drop(c);
	set_free(b, c);
}

/* False: not whole yet. */
static bool
take_head(struct conn *c, const char **bytes, size_t *len)
{
	size_t n = HEAD_MAX - 1 - c->head_len;
	char *end, *length;

	n = *len < n ? *len : n;
	memcpy(c->head + c->head_len, *bytes, n);
	c->head[c->head_len + n] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	if (end == NULL) {
		c->head_len += n;
		return false;
	}
	n = (size_t)(end + 4 - c->head) - c->head_len;
	*bytes += n;
	*len -= n;
	end[2] = '\0';
	c->status = (unsigned)strtoul(c->head + 9, NULL, 10);
	c->is_chunked = strcasestr(c->head, "transfer-encoding:") != NULL;
	c->is_closing = strcasestr(c->head, "connection: close") != NULL;
	length = strcasestr(c->head, "content-length:");
	c->left = length ? strtoull(length + 15, NULL, 10) : 0;
	c->is_body = true;
	c->head_len = 0;
	return true;
}

static void
take_answer(struct bench *b, struct conn *c, const char *bytes, size_t len)
{
	if (!c->is_body && !take_head(c, &bytes, &len))
		return;
	if (c->is_chunked) {
		if (len >= 5 && memcmp(bytes + len - 5, "0\r\n\r\n", 5) == 0)
			end(b, c);
		return;
	}
	c->left -= len < c->left ? len : c->left;
	if (c->left == 0)
		end(b, c);
}

/* Looks for stamps; what may be the begin of one waits in c->head. */
static void
take_events(struct bench *b, struct conn *c, const char *bytes, size_t len)
{
	const size_t mark = strlen(STAMP_MARK), need = mark + STAMP_LETTERS;
	char text[IN_BYTES + 64];
	const char *at, *found, *past;

	if (!c->is_body) {
		if (!take_head(c, &bytes, &len))
			return;
		if (c->status != 200)
			b->other++;
	}
	memcpy(text, c->head, c->head_len);
	memcpy(text + c->head_len, bytes, len);
	past = text + c->head_len + len;
	for (at = text; (found = memmem(at, (size_t)(past - at), STAMP_MARK,
	                     mark)) != NULL;
	     at = found + need) {
		if ((size_t)(past - found) < need)
			break;
		count(b, read_stamp(found + mark));
		b->events += is_counting(b);
	}
	if (found == NULL && (size_t)(past - at) > mark)
		found = past - mark;
	if (found == NULL || found < at)
		found = at;
	c->head_len = (size_t)(past - found);
	memmove(c->head, found, c->head_len);
}

static void
on_ready(struct bench *b, struct conn *c, uint32_t events)
{
	ssize_t n;

	if (c->fd < 0)
		return;
	if (events & EPOLLOUT)
		send_more(b, c);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(c->fd, b->in, IN_BYTES - 1, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 && !c->is_busy)
		drop(c); /* an idle connection that the server closed */
	else if (n <= 0)
		fail(b, c);
	else if (b->is_stream)
		take_events(b, c, b->in, (size_t)n);
	else if (c->is_busy)
		take_answer(b, c, b->in, (size_t)n);
}

/* Whoever started us reads the clocks of the server at these two words. */
static void
tell(const char *word)
{
	(void)puts(word);
	(void)fflush(stdout);
}

static void
wait_until(struct bench *b, uint64_t due_ns)
{
	struct epoll_event ready[READY_MAX];
	struct timespec wait;
	int n;

	if (!b->is_told && is_counting(b)) {
		b->is_told = true;
		tell("counting");
	}
	if (!b->is_told && b->count_ns < due_ns)
		due_ns = b->count_ns;
	wait = time_until(due_ns);
	n = epoll_pwait2(b->epoll_fd, ready, READY_MAX, &wait, NULL);
	for (int i = 0; i < n; i++)
		on_ready(b, ready[i].data.ptr, ready[i].events);
}

static struct conn *
take_free(struct bench *b)
{
	struct conn *c = b->free_conns;

	if (c != NULL)
		b->free_conns = c->next_free;
	return c;
}

static void
run_closed(struct bench *b)
{
	while (now_ns() < b->end_ns) {
		struct conn *c;

		while ((c = take_free(b)) != NULL)
			begin(b, c, now_ns());
		wait_until(b, b->end_ns);
	}
}

/* Before the clock starts: a connect that waits would delay all others. */
static void
open_all(struct bench *b)
{
	uint64_t warm_ns = b->count_ns - b->start_ns;
	uint64_t all_ns = b->end_ns - b->start_ns;

	b->count_ns = b->end_ns = UINT64_MAX;
	for (size_t i = 0; i < b->nconns; i++) {
		open_conn(b, &b->conns[i]);
		if (i % 32 == 0)
			wait_until(b, now_ns() + 2000000);
	}
	b->start_ns = now_ns();
	b->count_ns = b->start_ns + warm_ns;
	b->end_ns = b->start_ns + all_ns;
}

static void
run_open(struct bench *b, double rate)
{
	uint64_t due, step = (uint64_t)(1e9 / rate), now;

	open_all(b);
	due = b->start_ns;
	while ((now = now_ns()) < b->end_ns) {
		while (due <= now) {
			struct conn *c = take_free(b);

			if (c != NULL)
				begin(b, c, due);
			else if (is_counting(b))
				b->late++; /* the server holds them all */
			due += step;
		}
		wait_until(b, due);
	}
}

/* Opened over a while, so that neither start nor events come all at once. */
static void
run_streams(struct bench *b)
{
	uint64_t due = b->start_ns, step = RAMP_NS / b->nconns;
	uint64_t seconds_ns = b->end_ns - b->count_ns;
	struct conn *c;

	b->count_ns = b->end_ns = UINT64_MAX;
	while ((c = take_free(b)) != NULL) {
		while (now_ns() < due)
			wait_until(b, due);
		begin(b, c, now_ns());
		due += step;
	}
	b->count_ns = now_ns() + 500000000;
	b->end_ns = b->count_ns + seconds_ns;
	while (now_ns() < b->end_ns)
		wait_until(b, b->end_ns);
}

static double
percentile(const struct bench *b, double part)
{
	uint64_t all = 0, below = 0;

	for (size_t i = 0; i < US_MAX; i++)
		all += b->by_us[i];
	for (size_t i = 0; i < US_MAX; i++) {
		below += b->by_us[i];
		if (all > 0 && (double)below >= part * (double)all)
			return (double)i;
	}
	return 0;
}

static void
write_request(struct bench *b, unsigned port, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), n;

	if (fd < 0 || fstat(fd, &st) != 0)
		die(path);
	b->request = malloc((size_t)st.st_size + 1024);
	if (b->request == NULL)
		die("request");
	n = snprintf(b->request, 1024, "POST /v1/messages HTTP/1.1\r\n"
	    "Host: 127.0.0.1:%u\r\nUser-Agent: bench/1\r\n"
	    "Accept: application/json\r\nContent-Type: application/json\r\n"
	    "anthropic-version: 2023-06-01\r\nx-api-key: sk-ant-bench\r\n"
	    "%sContent-Length: %ju\r\n\r\n", port,
	    b->is_stream ? "x-bench: stream\r\n" : "", (uintmax_t)st.st_size);
	if (read(fd, b->request + n, (size_t)st.st_size) != st.st_size)
		die(path);
	(void)close(fd);
	b->request_len = (size_t)n + (size_t)st.st_size;
	find_turns(b);
}

static void
report(const struct bench *b)
{
	double seconds = (double)(b->end_ns - b->count_ns) / 1e9;
	size_t open = 0;

	for (size_t i = 0; i < b->nconns; i++)
		open += b->conns[i].fd >= 0;
	(void)printf("{\"seconds\":%.3f,\"done\":%ju,\"ok\":%ju,"
	    "\"refused\":%ju,\"other\":%ju,\"failed\":%ju,\"late\":%ju,"
	    "\"events\":%ju,\"open\":%zu,\"opened\":%ju,\"p50\":%.0f,"
	    "\"p99\":%.0f,\"p999\":%.0f}\n", seconds, (uintmax_t)b->done,
	    (uintmax_t)b->ok, (uintmax_t)b->refused, (uintmax_t)b->other,
	    (uintmax_t)b->failed, (uintmax_t)b->late, (uintmax_t)b->events,
	    open, (uintmax_t)b->opened, percentile(b, .5), percentile(b, .99),
	    percentile(b, .999));
}

int
main(int argc, char **argv)
{
	static struct bench b;
	double seconds;

	if (argc < 6) {
		(void)fprintf(stderr, "usage: load closed|open|stream PORT "
		    "BODY CONNECTIONS SECONDS [RATE]\n");
		return 2;
	}
	b.is_stream = strcmp(argv[1], "stream") == 0;
	b.is_open_loop = strcmp(argv[1], "open") == 0;
	b.to = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10)) };
	write_request(&b, ntohs(b.to.sin_port), argv[3]);
	b.nconns = strtoul(argv[4], NULL, 10);
	seconds = strtod(argv[5], NULL);
	b.conns = calloc(b.nconns, sizeof(*b.conns));
	b.by_us = calloc(US_MAX, sizeof(*b.by_us));
	b.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (b.conns == NULL || b.by_us == NULL || b.epoll_fd < 0)
		die("start");
	for (size_t i = 0; i < b.nconns; i++) {
		b.conns[i].fd = -1;
		set_free(&b, &b.conns[i]);
	}
	b.start_ns = now_ns();
	b.count_ns = b.start_ns + (uint64_t)(seconds * 2e8);
	b.end_ns = b.start_ns + (uint64_t)(seconds * 1e9);
	if (b.is_stream)
		run_streams(&b);
	else if (b.is_open_loop)
		run_open(&b, argc > 6 ? strtod(argv[6], NULL) : 1000);
	else
		run_closed(&b);
	tell("counted");
	report(&b);
	return 0;
}

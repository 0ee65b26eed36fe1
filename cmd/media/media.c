/*
 * kt-media - reads pictures and documents for kt, one process for each.
 *
 * This process loads the engines once and forks: the child closes everything
 * but its socket, gives up every right, reads one question, answers it and
 * ends.  So no medium meets what an earlier one left, a crash costs one
 * answer, and this process never sees a byte of any medium.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/media/client.h"
#include "cmd/media/read.h"
#include "cmd/media/sandbox.h"
#include "media/unbase64.h"

#define JOB_FD (KT_MEDIA_CONTROL_FD + 1) /* where a child has its socket */

struct reader {
	pid_t pid;
	int fd, pidfd;
	int64_t end_ms;
};

struct media {
	struct kt_ocr *ocr;
	struct reader readers[KT_MEDIA_READERS_MAX];
	size_t n;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the child ---- */

static bool
receive(int fd, char *to, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, to, n);

		if (got <= 0)
			return false;
		to += got;
		n -= (size_t)got;
	}
	return true;
}

static bool
send_all(int fd, struct kt_span s)
{
	while (s.len > 0) {
		ssize_t put = write(fd, s.ptr, s.len);

		if (put <= 0)
			return false;
		s = kt_span_sub(s, (size_t)put, s.len);
	}
	return true;
}

/* The medium itself, of which `text` is a base64 form, or which it is. */
static bool
unpack(const struct kt_media_question *q, struct kt_buf *text,
    struct kt_buf *medium)
{
	switch (q->encoding) {
	case KT_MEDIA_RAW:
		*medium = *text;
		*text = (struct kt_buf){ 0 };
		return true;
	case KT_MEDIA_BASE64:
		kt_buf_init(medium, KT_MEDIA_MAX);
		return kt_media_unbase64(kt_buf_span(text), medium) == KT_OK;
	case KT_MEDIA_NENCODINGS:
		break;
	}
	return false;
}

static uint32_t
lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* What is being read: a signal brings no argument. */
static struct kt_reading reading;

/* In the middle of an engine: what was read so far, and why no more.  The
   answer never moves; where half a text was added, it is none. */
static void
end_early(int signal)
{
	if (reading.answer.len < KT_MEDIA_ANSWER_HEAD)
		_exit(1);
	kt_media_answer_end(&reading.answer, signal == SIGALRM ?
	    KT_MEDIA_WHY_SLOW : KT_MEDIA_WHY_FAILED, reading.pages);
	_exit(!send_all(JOB_FD, kt_buf_span(&reading.answer)));
}

static void
answer(struct kt_ocr *ocr, int fd)
{
	struct kt_reading *r = &reading;
	struct kt_media_question q;
	struct kt_buf text, medium;
	char head[KT_MEDIA_HEAD];

	if (!receive(fd, head, sizeof(head)) || kt_media_question_read(
	        (struct kt_span){ head, sizeof(head) }, &q) < 0)
		return;
	*r = (struct kt_reading){ .ocr = ocr, .why = KT_MEDIA_WHY_NOTHING,
		.pixels_max = lower(q.pixels_max, KT_MEDIA_PIXELS_MAX),
		.pages_max = lower(q.pages_max, KT_MEDIA_PAGES_MAX) };
	kt_buf_init(&r->answer, KT_MEDIA_ANSWER_MAX);
	kt_buf_init(&text, KT_MEDIA_MAX);
	if (kt_buf_reserve(&r->answer, KT_MEDIA_ANSWER_MAX) < 0 ||
	    kt_media_answer_begin(&r->answer) < 0)
		return;
	(void)alarm(lower(q.seconds_max, KT_MEDIA_SECONDS)); /* never fails */
	if (kt_buf_reserve(&text, q.length) < 0 ||
	    !receive(fd, text.ptr, q.length))
		return;
	text.len = q.length;
	if (unpack(&q, &text, &medium))
		kt_read(r, kt_buf_span(&medium));
	else
		kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
	(void)alarm(0); /* it is sent once */
	kt_media_answer_end(&r->answer, r->why, r->pages);
	(void)send_all(fd, kt_buf_span(&r->answer)); /* nobody else to tell */
}

static _Noreturn void
be_reader(struct kt_ocr *ocr, int fd)
{
	static const int early[] = { SIGALRM, SIGABRT, SIGBUS, SIGFPE, SIGILL,
		SIGSEGV };

	(void)signal(SIGPIPE, SIG_DFL); /* nobody waits: end */
	for (size_t i = 0; i < KT_NELEMS(early); i++)
		(void)signal(early[i], end_early); /* all are signals there are */
	if (dup2(fd, JOB_FD) == JOB_FD && close(KT_MEDIA_CONTROL_FD) == 0 &&
	    kt_sandbox_enter(JOB_FD) == KT_OK)
		answer(ocr, JOB_FD);
	_exit(0); /* no destructor of an engine runs in here */
}

/* ---- the parent ---- */

/* Later than the alarm, which says why: a reader is nice, and may have to wait
   for a processor until it can say so. */
#define END_MS ((KT_MEDIA_SECONDS + 5) * 1000)

/* Above JOB_FD, which a child overwrites. */
static int
lift(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, JOB_FD + 1);

	(void)close(fd); /* the other one is it now */
	return high;
}

static void
start(struct media *m, int fd)
{
	struct reader *r = &m->readers[m->n];

	fd = fd >= 0 ? lift(fd) : -1;
	if (fd < 0)
		return;
	*r = (struct reader){ .fd = fd,
		.end_ms = now_ms() + END_MS };
	r->pid = fork();
	if (r->pid == 0)
		be_reader(m->ocr, fd);
	r->pidfd = r->pid > 0 ? pidfd_open(r->pid, 0) : -1;
	if (r->pid > 0 && r->pidfd >= 0) {
		m->n++;
		return;
	}
	if (r->pid > 0) {
		(void)kill(r->pid, SIGKILL); /* it is ours, and there */
		(void)waitpid(r->pid, NULL, 0);
	}
	(void)close(fd); /* the other side sees the end */
}

/* The end of its socket tells the other side, if the answer did not. */
static void
end(struct media *m, size_t i)
{
	struct reader *r = &m->readers[i];

	(void)kill(r->pid, SIGKILL); /* ended it has, or shall */
	(void)waitpid(r->pid, NULL, 0);
	(void)close(r->fd);
	(void)close(r->pidfd);
	*r = m->readers[--m->n];
}

/* One socket, or -1 when there was none in the message. */
static int
take(bool *is_over)
{
	char byte, room[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room) };
	ssize_t n = recvmsg(KT_MEDIA_CONTROL_FD, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	int fd = -1;

	*is_over = n == 0 || (n < 0 && errno != EINTR);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static int
until_next_end(const struct media *m)
{
	int64_t now = now_ms(), wait = -1;

	for (size_t i = 0; i < m->n; i++) {
		int64_t left = m->readers[i].end_ms - now;

		left = left < 0 ? 0 : left;
		wait = wait < 0 || left < wait ? left : wait;
	}
	return (int)wait;
}

/* Two descriptors each: it ended, or nobody waits for its answer. */
static void
reap(struct media *m, const struct pollfd *p)
{
	int64_t now = now_ms();

	for (size_t i = m->n; i-- > 0;)
		if (p[2 * i].revents != 0 || p[2 * i + 1].revents != 0 ||
		    m->readers[i].end_ms <= now)
			end(m, i);
}

static void
run(struct media *m)
{
	bool is_over = false;

	while (!is_over) {
		struct pollfd p[1 + 2 * KT_MEDIA_READERS_MAX];
		size_t n = 2 * m->n;

		for (size_t i = 0; i < m->n; i++) {
			p[2 * i] = (struct pollfd){ .fd = m->readers[i].pidfd,
				.events = POLLIN };
			p[2 * i + 1] =
			    (struct pollfd){ .fd = m->readers[i].fd };
		}
		/* When all are busy, who asks waits in the socket. */
		p[n] = (struct pollfd){ .fd = KT_MEDIA_CONTROL_FD,
			.events = m->n < KT_MEDIA_READERS_MAX ? POLLIN : 0 };
		if (poll(p, n + 1, until_next_end(m)) < 0 && errno != EINTR)
			return;
		reap(m, p);
		if (p[n].revents & POLLIN)
			start(m, take(&is_over));
		else if (p[n].revents != 0)
			is_over = true;
	}
}

int
main(int argc, char **argv)
{
	struct media m = { 0 };
	int type = 0;
	socklen_t len = sizeof(type);

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("kt-media %s\n", kt_read_engines);
		return 0;
	}
	if (argc != 2 || getsockopt(KT_MEDIA_CONTROL_FD, SOL_SOCKET, SO_TYPE,
	        &type, &len) < 0 || type != SOCK_SEQPACKET) {
		(void)fputs("kt-media is started by kt, not by hand\n", stderr);
		return 2;
	}
	if (close_range(KT_MEDIA_CONTROL_FD + 1, ~0u, 0) < 0)
		return 3;
	m.ocr = kt_ocr_open(argv[1]);
	kt_pdf_open();
	run(&m);
	while (m.n > 0)
		end(&m, 0);
	_exit(0); /* no destructor of an engine runs here either */
}

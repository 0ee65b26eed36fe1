/*
 * client - starts the worker with posix_spawn, which is safe beside threads,
 * and hands it one end of a socket pair per question.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/media/client.h"

#define READ_BYTES 65536
#define LANGUAGES_MAX 128

struct kt_media_client {
	pid_t pid; /* 0: not running */
	int control;
	char path[KT_PATH_MAX], languages[LANGUAGES_MAX];
};

struct kt_media_client *
kt_media_client_new(const char *path, struct kt_span languages)
{
	struct kt_media_client *c = kt_alloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->control = -1;
	(void)snprintf(c->path, sizeof(c->path), "%s", path);
	(void)snprintf(c->languages, sizeof(c->languages), "%.*s",
	    KT_SPAN_ARG(languages.len > 0 ? languages : KT_SPAN("eng")));
	return c;
}

/* Its control socket is its life. */
static void
stop(struct kt_media_client *c)
{
	if (c->control >= 0)
		(void)close(c->control);
	c->control = -1;
	if (c->pid > 0) {
		(void)kill(c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
	}
	c->pid = 0;
}

void
kt_media_client_free(struct kt_media_client **c)
{
	if (*c == NULL)
		return;
	stop(*c);
	kt_free(*c);
	*c = NULL;
}

static int
spawn(struct kt_media_client *c, int control)
{
	static char threads[] = "OMP_THREAD_LIMIT=1", locale[] = "LC_ALL=C",
	    home[] = "HOME=/nonexistent";
	char data[KT_PATH_MAX + 32];
	char *argv[] = { c->path, c->languages, NULL };
	char *envp[] = { threads, locale, home, NULL, NULL };
	const char *prefix = getenv("TESSDATA_PREFIX");
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	if (prefix != NULL && snprintf(data, sizeof(data),
	        "TESSDATA_PREFIX=%s", prefix) < (int)sizeof(data))
		envp[3] = data;
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	rc = posix_spawn_file_actions_init(&files);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return rc;
	}
	/* Its own session: a Ctrl-C is for who drains, not for who reads. */
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	rc = posix_spawn_file_actions_adddup2(
	    &files, control, KT_MEDIA_CONTROL_FD);
	for (int fd = 0; rc == 0 && fd < 3; fd++)
		rc = posix_spawn_file_actions_addopen(&files, fd, "/dev/null",
		    fd == 0 ? O_RDONLY : O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn(&c->pid, c->path, &files, &attr, argv, envp);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

static enum kt_rc
run_worker(struct kt_media_client *c, struct kt_err *err)
{
	int pair[2], rc;

	stop(c);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return kt_fail(err, KT_E_IO, "kt-media: %s", strerror(errno));
	rc = spawn(c, pair[1]);
	(void)close(pair[1]); /* the worker has it */
	if (rc != 0) {
		(void)close(pair[0]);
		c->pid = 0;
		return kt_fail(err, KT_E_IO, "%s: %s", c->path, strerror(rc));
	}
	c->control = pair[0];
	return KT_OK;
}

static bool
hand_over(int control, int fd)
{
	char byte = 'q', room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return control >= 0 &&
	    sendmsg(control, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

enum kt_rc
kt_media_talk_begin(struct kt_media_client *c, struct kt_media_talk *t,
    const struct kt_span pieces[2], struct kt_err *err)
{
	enum kt_rc rc = KT_OK;
	int pair[2];

	*t = (struct kt_media_talk){ .fd = -1,
		.pieces = { pieces[0], pieces[1] } };
	kt_buf_init(&t->answer, KT_MEDIA_ANSWER_MAX);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return kt_fail(err, KT_E_IO, "kt-media: %s", strerror(errno));
	if (fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0)
		rc = kt_fail(err, KT_E_IO, "kt-media: %s", strerror(errno));
	else if (!hand_over(c->control, pair[1])) {
		rc = run_worker(c, err);
		if (rc == KT_OK && !hand_over(c->control, pair[1]))
			rc = kt_fail(err, KT_E_IO, "kt-media: %s",
			    strerror(errno));
	}
	(void)close(pair[1]); /* the worker has it */
	if (rc < 0) {
		(void)close(pair[0]);
		return rc;
	}
	t->fd = pair[0];
	return KT_OK;
}

static size_t
left_to_send(const struct kt_media_talk *t)
{
	return t->pieces[0].len + t->pieces[1].len - t->sent;
}

short
kt_media_talk_wants(const struct kt_media_talk *t)
{
	return left_to_send(t) > 0 ? POLLOUT : POLLIN;
}

static bool
would_wait(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static enum kt_media_step
send_more(struct kt_media_talk *t)
{
	while (left_to_send(t) > 0) {
		size_t in_first = t->pieces[0].len;
		struct kt_span s = t->sent < in_first ?
		    kt_span_sub(t->pieces[0], t->sent, in_first) :
		    kt_span_sub(t->pieces[1], t->sent - in_first,
		        t->pieces[1].len);
		ssize_t n = send(t->fd, s.ptr, s.len, MSG_NOSIGNAL);

		if (would_wait(n))
			return KT_MEDIA_MORE;
		if (n <= 0)
			return KT_MEDIA_LOST;
		t->sent += (size_t)n;
	}
	return KT_MEDIA_MORE;
}

static enum kt_media_step
receive_more(struct kt_media_talk *t)
{
	for (;;) {
		size_t whole = kt_media_answer_length(kt_buf_span(&t->answer));
		size_t want = whole == 0 ?
		    KT_MEDIA_ANSWER_HEAD - t->answer.len :
		    whole - t->answer.len;
		ssize_t n;

		if (whole == KT_MEDIA_ANSWER_BAD)
			return KT_MEDIA_LOST;
		if (whole > 0 && want == 0)
			return KT_MEDIA_DONE;
		want = want < READ_BYTES ? want : READ_BYTES;
		if (kt_buf_reserve(&t->answer, want) < 0)
			return KT_MEDIA_LOST;
		n = recv(t->fd, t->answer.ptr + t->answer.len, want, 0);
		if (would_wait(n))
			return KT_MEDIA_MORE;
		if (n <= 0)
			return KT_MEDIA_LOST;
		t->answer.len += (size_t)n;
	}
}

enum kt_media_step
kt_media_talk_step(struct kt_media_talk *t)
{
	enum kt_media_step step = send_more(t);

	return step == KT_MEDIA_MORE && left_to_send(t) == 0 ?
	    receive_more(t) : step;
}

void
kt_media_talk_end(struct kt_media_talk *t)
{
	if (t->fd >= 0)
		(void)close(t->fd); /* the worker ends who reads for it */
	t->fd = -1;
	kt_buf_fini(&t->answer);
}

enum kt_rc
kt_media_client_ask(struct kt_media_client *c, const struct kt_span pieces[2],
    struct kt_buf *answer, struct kt_err *err)
{
	enum kt_media_step step = KT_MEDIA_MORE;
	struct kt_media_talk t;

	if (kt_media_talk_begin(c, &t, pieces, err) < 0)
		return err->rc;
	while (step == KT_MEDIA_MORE) {
		struct pollfd p = { .fd = t.fd,
			.events = kt_media_talk_wants(&t) };
		/* The worker ends who takes too long; this is for a worker
		   that does not. */
		int n = poll(&p, 1, 2 * KT_MEDIA_SECONDS * 1000);

		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		step = kt_media_talk_step(&t);
	}
	if (step == KT_MEDIA_DONE) {
		kt_buf_fini(answer);
		*answer = t.answer;
		t.answer = (struct kt_buf){ 0 };
	}
	kt_media_talk_end(&t);
	return step == KT_MEDIA_DONE ? KT_OK :
	    kt_fail(err, KT_E_IO, "kt-media gave no answer");
}

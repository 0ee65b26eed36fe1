/*
 * script - a provider on loopback that does what it is told, step by step.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    one connection at a time, in clear or under TLS, in a thread.
 * Does not: think.
 * Promises: nothing waits longer than a minute, where something hangs.
 */
#ifndef KT_SCRIPT_H
#define KT_SCRIPT_H
#include <errno.h>
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"

enum step_do { END = 0, ACCEPT, EXPECT, SEND, CLOSE, RESET, DROP, WAIT_CLOSE,
	FILL, LEAVE };
struct step {
	enum step_do what;
	struct kt_span bytes; /* SEND */
	size_t n;             /* FILL: so many bytes, or until it blocks */
};

struct script {
	const struct step *steps;
	gnutls_certificate_credentials_t tls; /* NULL: in clear */
	gnutls_datum_t *tickets;              /* for resumption */
	pthread_t thread;
	gnutls_session_t session;
	int listener, fd;
	uint16_t port;
	struct kt_buf requests; /* all that was received */
	atomic_int requests_seen, conns_seen, is_closed_seen;
	atomic_int may_leave; /* LEAVE closes when it is set, and clears it */
	atomic_size_t filled;
	int was_resumed;
};

/* What the next server speaks; NULL: the default. */
static const char *script_priority;

static inline ssize_t
script_read(struct script *s, char *to, size_t max)
{
	if (s->session != NULL)
		return gnutls_record_recv(s->session, to, max);
	return recv(s->fd, to, max, 0);
}

static inline ssize_t
script_write(struct script *s, const char *from, size_t n)
{
	if (s->session != NULL)
		return gnutls_record_send(s->session, from, n);
	return send(s->fd, from, n, MSG_NOSIGNAL);
}

static inline void
script_close(struct script *s)
{
	if (s->session != NULL)
		gnutls_deinit(s->session);
	s->session = NULL;
	if (s->fd >= 0)
		(void)close(s->fd); /* the test looks at the other end */
	s->fd = -1;
}

static inline void
script_accept(struct script *s)
{
	struct timeval minute = { .tv_sec = 60 };
	int rc;

	script_close(s);
	s->fd = accept(s->listener, NULL, NULL);
	(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute));
	(void)setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &minute, sizeof(minute));
	atomic_fetch_add(&s->conns_seen, 1);
	if (s->tls == NULL || s->fd < 0)
		return;
	if (gnutls_init(&s->session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL) < 0)
		return;
	if (script_priority != NULL)
		(void)gnutls_priority_set_direct(
		    s->session, script_priority, NULL);
	else
		(void)gnutls_set_default_priority(s->session);
	if (s->tickets != NULL)
		(void)gnutls_session_ticket_enable_server(
		    s->session, s->tickets);
	(void)gnutls_credentials_set(
	    s->session, GNUTLS_CRD_CERTIFICATE, s->tls);
	gnutls_transport_set_int(s->session, s->fd);
	do
		rc = gnutls_handshake(s->session);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc < 0)
		script_close(s);
	s->was_resumed = rc == 0 && gnutls_session_is_resumed(s->session);
}

/* One request with its body, by length or in chunks. */
static inline void
script_expect(struct script *s)
{
	size_t from = s->requests.len, want = 0;
	char bytes[4096];
	ssize_t n;

	while ((n = script_read(s, bytes, sizeof(bytes))) > 0) {
		struct kt_span all;
		char *head, *length;

		if (kt_buf_add(&s->requests,
		        (struct kt_span){ bytes, (size_t)n }) < 0 ||
		    kt_buf_addc(&s->requests, '\0') < 0)
			return;
		s->requests.len--;
		all = kt_span_sub(kt_buf_span(&s->requests), from, SIZE_MAX);
		head = strstr(all.ptr, "\r\n\r\n");
		if (head == NULL)
			continue;
		want = (size_t)(head - all.ptr) + 4;
		length = strstr(all.ptr, "Content-Length: ");
		if (length != NULL && length < head)
			want += strtoul(length + 16, NULL, 10);
		length = strstr(all.ptr, "Transfer-Encoding: chunked");
		if (length != NULL && length < head &&
		    !kt_span_ends(all, KT_SPAN("0\r\n\r\n")))
			continue;
		if (all.len >= want)
			break;
	}
	if (n > 0)
		atomic_fetch_add(&s->requests_seen, 1);
}

static inline void *
script_play(void *arg)
{
	struct script *s = arg;
	struct linger now = { .l_onoff = 1 };
	static char zeros[65536];
	char byte;

	for (const struct step *at = s->steps; at->what != END; at++) {
		switch (at->what) {
		case END:
			break;
		case ACCEPT:
			script_accept(s);
			break;
		case EXPECT:
			script_expect(s);
			break;
		case SEND:
			for (size_t i = 0; i < at->bytes.len;) {
				ssize_t n = script_write(
				    s, at->bytes.ptr + i, at->bytes.len - i);
				if (n <= 0)
					break;
				i += (size_t)n;
			}
			break;
		case FILL:
			for (size_t i = 0; i < at->n;) {
				size_t max = at->n - i;
				ssize_t n = script_write(s, zeros,
				    max < sizeof(zeros) ? max : sizeof(zeros));
				if (n <= 0)
					break;
				i += (size_t)n;
				atomic_fetch_add(&s->filled, (size_t)n);
			}
			break;
		case CLOSE:
			if (s->session != NULL)
				(void)gnutls_bye(s->session, GNUTLS_SHUT_WR);
			script_close(s);
			break;
		case LEAVE:
			while (!atomic_load(&s->may_leave))
				(void)sched_yield(); /* never fails */
			script_close(s);
			atomic_store(&s->may_leave, 0);
			break;
		case DROP:
			script_close(s);
			break;
		case RESET:
			(void)setsockopt(
			    s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
			script_close(s);
			break;
		case WAIT_CLOSE:
			if (script_read(s, &byte, 1) == 0 ||
			    (errno != EAGAIN && errno != EWOULDBLOCK))
				atomic_store(&s->is_closed_seen, 1);
			break;
		}
	}
	return NULL;
}

static inline void
script_listen(struct script *s, int backlog)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	struct timeval minute = { .tv_sec = 60 };

	*s = (struct script){ .fd = -1 };
	kt_buf_init(&s->requests, 64u << 20);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(
	    s->listener, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute));
	if (bind(s->listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(s->listener, backlog) != 0 ||
	    getsockname(s->listener, (struct sockaddr *)&at, &len) != 0)
		KT_BUG("no loopback");
	s->port = ntohs(at.sin_port);
}

static inline void
script_start(struct script *s, const struct step *steps)
{
	s->steps = steps;
	if (pthread_create(&s->thread, NULL, script_play, s) != 0)
		KT_BUG("no thread");
}

static inline void
script_join(struct script *s)
{
	(void)pthread_join(s->thread, NULL); /* a thread of our own */
	script_close(s);
}

static inline void
script_end(struct script *s)
{
	(void)close(s->listener); /* nobody connects any more */
	kt_buf_fini(&s->requests);
}
#endif

/*
 * listen - libmicrohttpd as a parser and writer inside our loop: we accept,
 * we keep all deadlines, it owns the bytes of a connection.
 *
 * One daemon per worker, without a listening socket, is fed by
 * MHD_add_connection, so that several addresses share it and a drain is the
 * closing of our own sockets.  What MHD does not do, and is done here:
 *  - it accepts ambiguous heads: head.c and listen_head.c;
 *  - it does not see a suspended client leave: EPOLLRDHUP in our own epoll;
 *  - suspended connections do not time out: one timer per connection;
 *  - a resume walks its whole list of suspended connections: resumes are
 *    collected and done once per turn;
 *  - there is no call that closes a connection: shutdown(2) is the order.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* accept4 is an extension */

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/gateway/listen_mhd.h"

#define ROUNDS_MAX 4           /* of MHD_run in one turn */
#define ACCEPTS_MAX 64         /* in one turn */
#define ACCEPT_PAUSE_US 100000 /* when descriptors have run out */
#define SUBJECT_MAX 1024

struct acceptor {
	struct kt_listen *l;
	struct kt_watch watch;
	int fd;
};

/* Connections. */

static bool
begin_tls(struct kt_request *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    r->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info != NULL && kt_tls_begin(r->l->o.tls, info->tls_session,
	                           &r->wants_peer) == KT_OK;
}

static void
connect_peer(struct kt_listen *l, struct MHD_Connection *mhd, void **context)
{
	struct kt_request *r = kt_alloc(sizeof(*r));
	const struct sockaddr_in6 *v6 = (const void *)l->peer;
	const struct sockaddr_in *v4 = (const void *)l->peer;

	*context = r;
	if (r == NULL) {
		(void)shutdown(l->adding_fd, SHUT_RDWR); /* 0 bytes follow */
		return;
	}
	r->l = l;
	r->mhd = mhd;
	r->fd = l->adding_fd;
	kt_buf_init(&r->target, POOL_BYTES);
	kt_buf_init(&r->fields, POOL_BYTES);
	kt_buf_init(&r->out, KT_REQUEST_OUT_MAX);
	kt_buf_init(&r->subject, SUBJECT_MAX);
	(void)inet_ntop(l->peer->sa_family, l->peer->sa_family == AF_INET6 ?
	    (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr,
	    r->address, sizeof(r->address));
	r->next = l->first;
	r->link = &l->first;
	if (r->next != NULL)
		r->next->link = &r->next;
	l->first = r;
	l->nconnections++;
	if (kt_watch_add(l->o.loop, &r->peer_watch, r->fd,
	        EPOLLRDHUP | EPOLLET, kt_request_on_peer, r, NULL) < 0 ||
	    (l->o.tls != NULL && !begin_tls(r)))
		kt_request_break(r);
	kt_request_deadline(r, l->o.deadlines.head_us);
}

/* Of a request that nobody called for. */
static void
tell_line(struct kt_listen *l, unsigned status)
{
	struct kt_head head = { 0 };

	l->o.events->on_reject(l->o.worker, status, "http", &head);
}

static void
disconnect(struct kt_request *r)
{
	struct kt_listen *l = r->l;

	if (l->nunseen > 0) {
		l->nunseen--;
		tell_line(l, MHD_HTTP_BAD_REQUEST);
	}
	kt_watch_del(l->o.loop, &r->peer_watch);
	kt_timer_del(l->o.loop, &r->timer);
	if (r->wants_linger && !r->is_broken && !r->is_half_closed)
		kt_linger_add(&l->linger, r->fd);
	*r->link = r->next;
	if (r->next != NULL)
		r->next->link = r->link;
	l->nconnections--;
	kt_buf_fini(&r->target);
	kt_buf_fini(&r->fields);
	kt_buf_fini(&r->out);
	kt_buf_fini(&r->subject);
	kt_free(r);
}

static void
on_connection(void *self, struct MHD_Connection *mhd, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		connect_peer(self, mhd, context);
	else if (*context != NULL)
		disconnect(*context);
}

/*
 * What matters of it comes back as a status or a broken connection, but for
 * what is refused by its first line alone: of that nothing else is called.  A
 * 400 may be of either kind: it is of the line when a connection ends before
 * any request was told of it.
 */
static void
on_log(void *self, const char *fmt, va_list ap)
{
	struct kt_listen *l = self;
	unsigned status;

	if (strstr(fmt, "HTTP response code is %u") == NULL)
		return;
	status = va_arg(ap, unsigned);
	if (kt_listen_is_of_line(status))
		tell_line(l, status);
	else if (status == MHD_HTTP_BAD_REQUEST)
		l->nunseen++;
}

static size_t
keep_raw(void *self, struct MHD_Connection *mhd, char *s)
{
	(void)self;
	(void)mhd;
	return strlen(s); /* nothing is decoded */
}

/* Accepting. */

static void
set_accepting(struct kt_listen *l, bool is_on)
{
	for (size_t i = 0; i < l->nacceptors; i++)
		kt_watch_set(
		    l->o.loop, &l->acceptors[i].watch, is_on ? EPOLLIN : 0);
}

static void
accept_again(void *self)
{
	struct kt_listen *l = self;

	if (!l->is_draining)
		set_accepting(l, true);
}

/* False: no more for now. */
static bool
accept_one(struct kt_listen *l, int listen_fd)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);
	int fd = accept4(listen_fd, (struct sockaddr *)&peer, &len,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE ||
	                  errno == ENOBUFS || errno == ENOMEM)) {
		/* Without the timer it stays on, and the loop turns. */
		set_accepting(l, kt_timer_set(l->o.loop, &l->accept_timer,
		    kt_loop_now(l->o.loop) + ACCEPT_PAUSE_US, accept_again,
		    l) < 0);
		return false;
	}
	if (fd < 0) /* a connection that broke in the queue is no reason */
		return errno == ECONNABORTED || errno == EINTR;
	l->peer = (const struct sockaddr *)&peer;
	l->adding_fd = fd;
	/* On failure MHD closes the descriptor: the limit was reached. */
	(void)MHD_add_connection(l->daemon, fd, l->peer, len);
	l->peer = NULL;
	l->is_ready = true;
	return true;
}

static void
on_acceptable(void *self, uint32_t events)
{
	struct acceptor *a = self;

	(void)events;
	for (int i = 0; i < ACCEPTS_MAX; i++)
		if (!accept_one(a->l, a->fd))
			return;
}

/* Life of the listener. */

static void
on_runnable(void *self, uint32_t events)
{
	struct kt_listen *l = self;

	(void)events;
	l->is_ready = true;
}

static void
resume_all(struct kt_listen *l)
{
	while (l->waking != NULL) {
		struct kt_request *r = l->waking;

		l->waking = r->next_waking;
		r->is_waking = r->is_suspended = false;
		MHD_resume_connection(r->mhd);
		l->is_ready = true;
	}
}

uint64_t
kt_listen_turn(struct kt_listen *l)
{
	MHD_UNSIGNED_LONG_LONG due_ms;
	uint64_t late_us = kt_loop_now(l->o.loop) + KT_PACE_TURN_US;

	/* Each round takes what came in the one before: when there is more
	 * than can be done, rounds would grow. */
	for (int i = 0; i < ROUNDS_MAX &&
	     (i == 0 || kt_loop_clock(l->o.loop) < late_us); i++) {
		resume_all(l);
		if (!l->is_ready && (MHD_get_timeout(l->daemon, &due_ms) ==
		                        MHD_NO || due_ms > 0))
			break;
		l->is_ready = false;
		(void)MHD_run(l->daemon);
	}
	if (l->is_draining && l->nconnections == 0 && !l->is_told_empty) {
		l->is_told_empty = true;
		l->o.events->on_empty(l->o.worker);
	}
	resume_all(l);
	if (l->is_ready || (MHD_get_timeout(l->daemon, &due_ms) == MHD_YES &&
	                       due_ms == 0))
		return 0;
	return UINT64_MAX;
}

static struct MHD_Daemon *
start(struct kt_listen *l)
{
	const struct kt_tls *tls = l->o.tls;
	struct kt_tls_text text =
	    tls != NULL ? kt_tls_text(tls) : (struct kt_tls_text){ 0 };
	/* It does not start without; what a session shows is begin_tls(). */
	struct MHD_OptionItem with_tls[] = {
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, text.key },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, text.certificate },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		    (void *)(uintptr_t)text.priorities },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
	        MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
	        (tls != NULL ? MHD_USE_TLS : 0),
	    0, NULL, NULL, kt_listen_on_access, l,
	    MHD_OPTION_EXTERNAL_LOGGER, on_log, l,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)l->o.connections_max,
	    MHD_OPTION_NOTIFY_COMPLETED, kt_listen_on_completed, NULL,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
	    MHD_OPTION_URI_LOG_CALLBACK, kt_listen_on_target, NULL,
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_raw, NULL,
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    /* head.c is the judge where the layout is known. */
	    MHD_OPTION_STRICT_FOR_CLIENT, l->knows_layout ? 0 : 1,
	    MHD_OPTION_ARRAY, tls != NULL ? with_tls : none, MHD_OPTION_END);
}

static void
close_acceptors(struct kt_listen *l)
{
	for (size_t i = 0; i < l->nacceptors; i++) {
		kt_watch_del(l->o.loop, &l->acceptors[i].watch);
		(void)close(l->acceptors[i].fd); /* holds nothing to lose */
	}
	l->nacceptors = 0;
}

static enum kt_rc
open_acceptors(struct kt_listen *l, struct kt_err *err)
{
	const union MHD_DaemonInfo *info;
	enum kt_rc rc;

	l->daemon = start(l);
	if (l->daemon == NULL)
		return kt_fail(err, KT_E_IO, "libmicrohttpd did not start");
	info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	rc = kt_watch_add(l->o.loop, &l->run_watch, info->epoll_fd, EPOLLIN,
	    on_runnable, l, err);
	for (size_t i = 0; i < l->nacceptors && rc == KT_OK; i++)
		rc = kt_watch_add(l->o.loop, &l->acceptors[i].watch,
		    l->acceptors[i].fd, EPOLLIN, on_acceptable,
		    &l->acceptors[i], err);
	return rc;
}

enum kt_rc
kt_listen_new(struct kt_listen **out, const struct kt_listen_options *o,
    struct kt_err *err)
{
	struct kt_listen *l = kt_alloc(sizeof(*l));
	struct acceptor *acceptors =
	    kt_alloc_array(o->nfds, sizeof(*l->acceptors));
	enum kt_rc rc;

	*out = NULL;
	if (l == NULL || acceptors == NULL) {
		kt_free(l);
		kt_free(acceptors);
		for (size_t i = 0; i < o->nfds; i++)
			(void)close(o->fds[i]); /* holds nothing to lose */
		return kt_fail(err, KT_E_LIMIT, "no memory for a listener");
	}
	l->o = *o;
	l->linger.loop = o->loop;
	l->knows_layout = kt_listen_knows_layout();
	l->acceptors = acceptors;
	l->nacceptors = o->nfds;
	for (size_t i = 0; i < o->nfds; i++)
		acceptors[i] = (struct acceptor){ .l = l, .fd = o->fds[i] };
	rc = open_acceptors(l, err);
	if (rc < 0)
		kt_listen_free(&l);
	*out = l;
	return rc;
}

void
kt_listen_set_deadlines(
    struct kt_listen *l, const struct kt_listen_deadlines *d)
{
	l->o.deadlines = *d;
}

void
kt_listen_drain(struct kt_listen *l)
{
	if (l->is_draining)
		return;
	l->is_draining = true;
	close_acceptors(l);
	for (struct kt_request *r = l->first; r != NULL; r = r->next)
		if (!r->is_open)
			kt_request_break(r);
}

void
kt_listen_abort(struct kt_listen *l)
{
	for (struct kt_request *r = l->first; r != NULL; r = r->next)
		kt_request_leave(r);
}

size_t
kt_listen_connections(const struct kt_listen *l)
{
	return l->nconnections;
}

void
kt_listen_free(struct kt_listen **l)
{
	if (*l == NULL)
		return;
	close_acceptors(*l);
	kt_listen_abort(*l);
	resume_all(*l);
	if ((*l)->daemon != NULL) {
		kt_watch_del((*l)->o.loop, &(*l)->run_watch);
		MHD_stop_daemon((*l)->daemon);
	}
	kt_timer_del((*l)->o.loop, &(*l)->accept_timer);
	kt_linger_fini(&(*l)->linger);
	kt_free((*l)->acceptors);
	kt_free(*l);
	*l = NULL;
}

/*
 * listen - libmicrohttpd as a parser and writer inside our loop: we accept,
 * we keep all deadlines, it owns the bytes of a connection.
 *
 * One daemon per worker, without a listening socket, is fed by
 * MHD_add_connection, so that several addresses share it and a drain is the
 * closing of our own sockets.  What MHD does not do, and is done here:
 *  - it accepts ambiguous heads: head.c, and is_tiled() below for the bytes
 *    that it has already replaced (bare LF, NUL, folded lines);
 *  - it does not see a suspended client leave: EPOLLRDHUP in our own epoll;
 *  - suspended connections do not time out: one timer per connection;
 *  - a resume walks its whole list of suspended connections: resumes are
 *    collected and done once per turn;
 *  - there is no call that closes a connection: shutdown(2) is the order.
 * A response must not be queued while a body is coming in, so an answer that
 * is ready then waits until the body was read and dropped.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* accept4 is an extension */

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "cmd/gateway/listen_priv.h"

#define POOL_BYTES 16384       /* per connection; bounds the head as well */
#define BLOCK_BYTES 16384      /* of an answer with a known length */
#define ROUNDS_MAX 4           /* of MHD_run in one turn */
#define ACCEPTS_MAX 64         /* in one turn */
#define ACCEPT_PAUSE_US 100000 /* when descriptors have run out */
#define SUBJECT_MAX 1024
#define KEEP_BYTES 16384       /* an output buffer larger is given back */
#define DROPPED_MAX (64u << 20)
#define SHORT_BODY 65536

struct acceptor {
	struct kt_listen *l;
	struct kt_watch watch;
	int fd;
};

static void
suspend(struct kt_request *r)
{
	MHD_suspend_connection(r->mhd);
	r->is_suspended = true;
}

/* The answer. */

/* MHD frees what it closes here upon news of the socket, which it does not
 * watch now; at a connection with its own time-out it looks in each run. */
static ssize_t
break_answer(struct kt_request *r)
{
	(void)MHD_set_connection_option(
	    r->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1U);
	r->l->is_ready = true;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static ssize_t
on_room(void *self, uint64_t at, char *to, size_t max)
{
	struct kt_request *r = self;
	size_t n = r->out.len - r->out_at;

	(void)at; /* pieces are handed over in order, once */
	if (r->is_broken)
		return break_answer(r);
	if (n == 0 && r->is_finished)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0) {
		suspend(r);
		return 0;
	}
	n = n < max ? n : max;
	memcpy(to, r->out.ptr + r->out_at, n);
	r->out_at += n;
	r->sent += n;
	r->active_us = kt_loop_now(r->l->o.loop);
	if (r->out_at == r->out.len) {
		size_t sent = r->sent;

		kt_buf_reset(&r->out);
		r->out_at = r->sent = 0;
		if (r->call != NULL)
			r->l->o.events->on_sent(r->call, sent);
	}
	return (ssize_t)n;
}

static void
add_fields(struct kt_request *r, struct MHD_Response *response)
{
	for (size_t at = 0; at < r->fields.len;) {
		const char *name = r->fields.ptr + at;
		const char *value = name + strlen(name) + 1;

		/* MHD refuses an empty value; nothing can be done for it. */
		(void)MHD_add_response_header(response, name, value);
		at = (size_t)(value - r->fields.ptr) + strlen(value) + 1;
	}
}

/* Hands the answer to MHD: at once when all is there, else as it comes. */
static enum MHD_Result
send_answer(struct kt_request *r)
{
	bool is_whole = r->is_finished && r->length == r->out.len;
	bool is_stream = r->length == KT_HEAD_CHUNKED;
	struct MHD_Response *response = is_whole
	    ? MHD_create_response_from_buffer(
	          r->out.len, r->out.ptr, MHD_RESPMEM_PERSISTENT)
	    : MHD_create_response_from_callback(
	          is_stream ? MHD_SIZE_UNKNOWN : r->length,
	          is_stream && !r->is_1_0 ? 1 : BLOCK_BYTES, on_room, r, NULL);
	enum MHD_Result rc;

	if (response == NULL)
		return MHD_NO;
	if (is_whole) {
		r->sent = r->out.len;
		r->out_at = r->out.len;
	}
	add_fields(r, response);
	if (r->l->is_draining)
		(void)MHD_add_response_header(response, "Connection", "close");
	rc = MHD_queue_response(r->mhd, r->status, response);
	MHD_destroy_response(response);
	return rc;
}

/* What MHD is told when a callback for this request ends. */
static enum MHD_Result
go_on(struct kt_request *r)
{
	if (r->is_broken)
		return MHD_NO;
	if (r->is_answered && (!r->is_bodiless || r->is_finished))
		return send_answer(r);
	suspend(r);
	return MHD_YES;
}

/* Refuses for good: nothing more of this connection is read. */
static enum MHD_Result
refuse(struct kt_request *r, unsigned status, const char *what)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "refused: %s\n", what);
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    (size_t)n, text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc;

	r->is_refused = true;
	r->wants_linger = true;
	if (response == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(response, "Content-Type", "text/plain");
	(void)MHD_add_response_header(response, "Connection", "close");
	rc = MHD_queue_response(r->mhd, status, response);
	MHD_destroy_response(response);
	return rc;
}

/* The head. */

static enum MHD_Result
take_header(void *self, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	struct kt_listen *l = self;

	(void)kind; /* only headers were asked for */
	if (l->nheaders < KT_HEADERS_MAX)
		l->headers[l->nheaders] = (struct kt_header){
			.name = { name, name_len }, .value = { value, value_len }
		};
	return ++l->nheaders <= KT_HEADERS_MAX ? MHD_YES : MHD_NO;
}

static bool
is_line_end(const char *at, const char *end)
{
	return end - at >= 2 && at[0] == '\0' && at[1] == '\0';
}

/*
 * Whether request line and fields lie side by side in the head as received,
 * each ended by the two NULs that MHD wrote over CR LF.  A bare LF is one, a
 * NUL of the client's ends a string early, a folded line was moved away: all
 * leave a gap.
 */
static bool
is_tiled(const struct kt_request *r, const char *version)
{
	const struct kt_listen *l = r->l;
	const char *at = r->head + strlen(r->head) + 1;
	const char *end = r->head + r->head_bytes;

	if (at != r->uri || at + r->target.len + 1 != version)
		return false;
	at = version + strlen(version);
	for (size_t i = 0; i < l->nheaders; i++) {
		const struct kt_header *h = &l->headers[i];

		if (!is_line_end(at, end) || at + 2 != h->name.ptr)
			return false;
		at = h->name.ptr + h->name.len + 1; /* the colon */
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		if (at != h->value.ptr)
			return false;
		at += h->value.len;
	}
	return is_line_end(at, end) && is_line_end(at + 2, end) &&
	    at + 4 == end;
}

static const struct kt_head_fault *
check(struct kt_request *r, struct kt_head *head, const char *method,
    const char *version)
{
	static const struct kt_head_fault too_many = { 431, "header.count" };
	static const struct kt_head_fault layout = { 400, "head.layout" };
	const union MHD_ConnectionInfo *size = MHD_get_connection_info(
	    r->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct kt_listen *l = r->l;

	r->head = method;
	r->head_bytes = size != NULL ? size->header_size : 0;
	l->nheaders = 0;
	(void)MHD_get_connection_values_n(
	    r->mhd, MHD_HEADER_KIND, take_header, l);
	if (l->nheaders > KT_HEADERS_MAX)
		return &too_many;
	*head = (struct kt_head){
		.method = kt_span_of(method), .version = kt_span_of(version),
		.target = kt_buf_span(&r->target),
		.headers = l->headers, .nheaders = l->nheaders,
	};
	if (l->knows_layout && !is_tiled(r, version))
		return &layout;
	/* MHD takes "chunked " for a coding that it does not know. */
	for (size_t i = 0; i < l->nheaders; i++)
		if (!kt_span_caseeq(
		        l->headers[i].name, KT_SPAN("transfer-encoding")))
			l->headers[i].value = kt_span_trim(l->headers[i].value);
	return kt_head_check(head);
}

static bool
is_peer_trusted(struct kt_request *r)
{
	const union MHD_ConnectionInfo *info;

	if (r->l->o.tls == NULL || !r->l->o.tls->has_client_ca ||
	    r->is_peer_known)
		return true;
	info = MHD_get_connection_info(
	    r->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	r->is_peer_known =
	    info != NULL && kt_tls_peer(info->tls_session, &r->subject);
	return r->is_peer_known;
}

/* What is on its way already is read, so that the connection lives on. */
static bool
is_short(const struct kt_head *head)
{
	return head->body_bytes == KT_HEAD_NO_BODY ||
	    (head->body_bytes <= SHORT_BODY && !head->has_expect);
}

static enum MHD_Result
begin(struct kt_request *r, const char *method, const char *version)
{
	const struct kt_listen_events *events = r->l->o.events;
	struct kt_head head = { 0 };
	const struct kt_head_fault *fault = check(r, &head, method, version);
	static const struct kt_head_fault untrusted = { 403, "certificate" };

	if (fault == NULL && !is_peer_trusted(r))
		fault = &untrusted;
	if (fault != NULL) {
		events->on_reject(
		    r->l->o.worker, fault->status, fault->what, &head);
		return refuse(r, fault->status, fault->what);
	}
	if (r->l->is_draining)
		return refuse(r, 503, "shutting down");
	r->is_begun = true;
	r->is_1_0 = head.is_1_0;
	r->is_bodiless = kt_span_eq(head.method, KT_SPAN("HEAD"));
	r->active_us = kt_loop_now(r->l->o.loop);
	if (head.body_bytes != KT_HEAD_NO_BODY)
		kt_request_deadline(r, r->l->o.body_idle_us);
	else
		kt_timer_del(r->l->o.loop, &r->timer);
	r->call = events->on_head(r->l->o.worker, r, &head);
	if (r->is_broken)
		return MHD_NO;
	if (r->call == NULL && !r->is_answered)
		return refuse(r, 503, "no memory");
	if (!(r->is_answered || r->is_unwanted) || is_short(&head))
		return MHD_YES; /* MHD goes on to the body or the end */
	/* Refused by its head: do not wait for the body. */
	r->is_unwanted = true;
	r->is_ended = true;
	r->wants_linger = true;
	kt_request_deadline(r, r->l->o.write_idle_us);
	return go_on(r);
}

/* The body and the end. */

static enum MHD_Result
take_body(struct kt_request *r, const char *bytes, size_t *left)
{
	struct kt_span body = { bytes, *left };

	if (r->is_broken)
		return MHD_NO;
	if (r->is_paused) {
		suspend(r);
		return MHD_YES;
	}
	*left = 0;
	r->active_us = kt_loop_now(r->l->o.loop);
	if (r->is_answered || r->call == NULL) {
		r->dropped += body.len;
		return r->dropped <= DROPPED_MAX ? MHD_YES : MHD_NO;
	}
	r->l->o.events->on_body(r->call, body);
	if (r->is_broken)
		return MHD_NO;
	if (r->is_paused)
		suspend(r);
	return MHD_YES;
}

static enum MHD_Result
take_trailer(void *self, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	struct kt_request *r = self;

	(void)kind; /* only trailers were asked for */
	(void)value; /* dropped, whatever it says */
	(void)value_len;
	/* When "0", CR, LF of the last chunk come one by one, MHD tells the
	 * last field of the head again. */
	if (name >= r->head && name < r->head + r->head_bytes)
		return MHD_YES;
	r->is_forged = !kt_head_may_trail((struct kt_span){ name, name_len });
	return r->is_forged ? MHD_NO : MHD_YES;
}

/* Trailers go nowhere; one that could not be one is no mistake. */
static bool
are_trailers_harmless(struct kt_request *r)
{
	(void)MHD_get_connection_values_n(
	    r->mhd, MHD_FOOTER_KIND, take_trailer, r);
	return !r->is_forged;
}

static enum MHD_Result
refuse_trailers(struct kt_request *r)
{
	const struct kt_listen_events *events = r->l->o.events;
	struct kt_head head = { .target = kt_buf_span(&r->target) };
	void *call = r->call;

	r->is_ended = true;
	r->call = NULL;
	if (call != NULL)
		events->on_gone(call);
	events->on_reject(r->l->o.worker, 400, "trailer", &head);
	return refuse(r, 400, "trailer");
}

static enum MHD_Result
take_end(struct kt_request *r)
{
	if (!r->is_ended && !r->is_broken && !r->is_answered &&
	    !are_trailers_harmless(r))
		return refuse_trailers(r);
	if (!r->is_ended && !r->is_broken) {
		r->is_ended = true;
		r->active_us = kt_loop_now(r->l->o.loop);
		kt_request_deadline(r, r->l->o.write_idle_us);
		if (r->call != NULL)
			r->l->o.events->on_end(r->call);
		if (r->is_half_closed && !r->is_finished && !r->is_broken)
			kt_request_leave(r);
	}
	return go_on(r);
}

static enum MHD_Result
on_access(void *self, struct MHD_Connection *mhd, const char *url,
    const char *method, const char *version, const char *bytes, size_t *left,
    void **context)
{
	struct kt_request *r = *context;

	(void)self;
	(void)mhd;
	(void)url; /* decoded and cut: r->target is what was sent */
	if (r == NULL || !r->is_open)
		return MHD_NO;
	if (!r->is_begun && !r->is_refused)
		return begin(r, method, version);
	if (r->is_unwanted && r->is_ended)
		return go_on(r);
	if (*left > 0)
		return take_body(r, bytes, left);
	return take_end(r);
}

/* From connection to connection. */

static struct kt_request *
request_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

/* A request line came; `uri` is what MHD is about to decode in place. */
static void *
on_target(void *self, const char *uri, struct MHD_Connection *mhd)
{
	struct kt_request *r = request_of(mhd);

	(void)self;
	if (r == NULL)
		return NULL;
	r->is_open = true;
	r->uri = uri;
	kt_buf_reset(&r->target);
	if (uri != NULL && kt_buf_add(&r->target, kt_span_of(uri)) < 0)
		kt_request_break(r);
	if (r->is_used)
		kt_request_deadline(r, r->l->o.head_us);
	r->is_used = true;
	return r;
}

static void
reset(struct kt_request *r)
{
	r->call = NULL;
	r->uri = NULL;
	r->out_at = r->sent = r->dropped = 0;
	r->is_open = r->is_begun = r->is_ended = r->is_paused = false;
	r->is_refused = r->is_answered = r->is_finished = false;
	r->is_bodiless = r->is_unwanted = r->is_forged = false;
	r->head = NULL;
	r->head_bytes = 0;
	kt_buf_reset(&r->out);
	if (r->out.cap > KEEP_BYTES) {
		kt_buf_fini(&r->out);
		kt_buf_init(&r->out, KT_REQUEST_OUT_MAX);
	}
	kt_buf_reset(&r->fields);
}

/* MHD refused the head by itself. */
static void
tell_reject(struct kt_request *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    r->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
	struct kt_head head = { .target = kt_buf_span(&r->target) };

	if (info != NULL && info->http_status >= 400)
		r->l->o.events->on_reject(
		    r->l->o.worker, info->http_status, "http", &head);
}

static void
on_completed(void *self, struct MHD_Connection *mhd, void **context,
    enum MHD_RequestTerminationCode how)
{
	struct kt_request *r = *context;
	const struct kt_listen_events *events;
	void *call;

	(void)self;
	(void)mhd;
	if (r == NULL || !r->is_open)
		return;
	events = r->l->o.events;
	call = r->call;
	r->call = NULL;
	if (!r->is_begun && !r->is_refused)
		tell_reject(r);
	if (call != NULL && how == MHD_REQUEST_TERMINATED_COMPLETED_OK &&
	    r->is_finished && !r->is_broken) {
		if (r->sent > 0)
			events->on_sent(call, r->sent);
		events->on_done(call);
	} else if (call != NULL) {
		events->on_gone(call);
	}
	reset(r);
	kt_request_deadline(r, r->l->o.keepalive_us);
	if (r->l->is_draining)
		kt_request_break(r);
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
	        EPOLLRDHUP | EPOLLET, kt_request_on_peer, r, NULL) < 0)
		kt_request_break(r);
	kt_request_deadline(r, l->o.head_us);
}

static void
disconnect(struct kt_request *r)
{
	struct kt_listen *l = r->l;

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

static void
hush(void *self, const char *fmt, va_list ap)
{
	/* What matters of it comes back as a status or a broken connection. */
	(void)self;
	(void)fmt;
	(void)ap;
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

	for (int i = 0; i < ROUNDS_MAX; i++) {
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
	struct kt_tls *tls = l->o.tls;
	struct MHD_OptionItem with_tls[] = {
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, tls ? tls->key.ptr : NULL },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0,
		    tls ? tls->certificate.ptr : NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		    tls ? (void *)(uintptr_t)tls->priorities : NULL },
		{ tls && tls->has_client_ca ? MHD_OPTION_HTTPS_MEM_TRUST
		                            : MHD_OPTION_END,
		    0, tls ? tls->client_ca.ptr : NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
	        MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
	        (tls != NULL ? MHD_USE_TLS : 0),
	    0, NULL, NULL, on_access, l,
	    MHD_OPTION_EXTERNAL_LOGGER, hush, NULL,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)l->o.connections_max,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
	    MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
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
	/* is_tiled() knows how this version lays out a head. */
	l->knows_layout = strcmp(MHD_get_version(), "0.9.75") == 0;
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

/*
 * listen_call - a request from its head to the end of its answer, as
 * libmicrohttpd calls.  A response must not be queued while a body is coming
 * in, so an answer that is ready then waits until the body was read and
 * dropped.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/listen_mhd.h"

#define BLOCK_BYTES 16384 /* of an answer with a known length */
#define KEEP_BYTES 16384  /* an output buffer larger is given back */
#define DROPPED_MAX (64u << 20)
#define SHORT_BODY 65536

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

static bool
is_peer_trusted(struct kt_request *r)
{
	const union MHD_ConnectionInfo *info;

	if (!r->wants_peer || r->is_peer_known)
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
	const struct kt_head_fault *fault = kt_listen_head(r, &head, method, version);
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
		kt_request_deadline(r, r->l->o.deadlines.body_idle_us);
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
	kt_request_deadline(r, r->l->o.deadlines.write_idle_us);
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
		kt_request_deadline(r, r->l->o.deadlines.write_idle_us);
		if (r->call != NULL)
			r->l->o.events->on_end(r->call);
		if (r->is_half_closed && !r->is_finished && !r->is_broken)
			kt_request_leave(r);
	}
	return go_on(r);
}

enum MHD_Result
kt_listen_on_access(void *self, struct MHD_Connection *mhd, const char *url,
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
void *
kt_listen_on_target(void *self, const char *uri, struct MHD_Connection *mhd)
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
		kt_request_deadline(r, r->l->o.deadlines.head_us);
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

bool
kt_listen_is_of_line(unsigned status)
{
	return status == MHD_HTTP_URI_TOO_LONG ||
	    status == MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED;
}

/* MHD may have refused the head, or how the body is framed, by itself. */
static void
tell_reject(struct kt_request *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    r->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
	struct kt_head head = { .target = kt_buf_span(&r->target) };

	if (info == NULL || info->http_status < 400)
		return;
	if (info->http_status == MHD_HTTP_BAD_REQUEST && r->l->nunseen > 0)
		r->l->nunseen--;
	if (!kt_listen_is_of_line(info->http_status))
		r->l->o.events->on_reject(
		    r->l->o.worker, info->http_status, "http", &head);
}

void
kt_listen_on_completed(void *self, struct MHD_Connection *mhd, void **context,
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
	if (!r->is_answered && !r->is_refused)
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
	kt_request_deadline(r, r->l->o.deadlines.keepalive_us);
	if (r->l->is_draining)
		kt_request_break(r);
}

/*
 * upstream_curl - the way through a proxy, and the oracle of the own client.
 *
 * No callback of the user runs inside libcurl: what arrives is put into a
 * buffer of the call, and told when libcurl has returned.  It costs a copy,
 * and buys that a user may start, cancel and pause calls wherever he likes,
 * which libcurl forbids inside its own callbacks.  The head goes through the
 * reader of the own client, so both refuse the same heads.
 *
 * Finding a connection is linear in the transfers of a multi handle, so they
 * are spread over handles of at most KT_CURL_SHARD transfers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/upstream_priv.h"
#include "cmd/libcurl.h"

#define HIGH_WATER 65536u /* libcurl delivers up to 16 KiB at a time */

struct shard {
	struct shard *next;
	struct curl_pool *pool;
	CURLM *multi;
	struct kt_timer timer;
	size_t n_calls;
};

struct curl_call {
	struct kt_upstream_call base;
	struct curl_call *next, **prev; /* among those with news */
	struct shard *shard;
	CURL *easy;
	struct curl_slist *headers;
	struct kt_http1 reader; /* of the head only */
	struct kt_buf head, body;
	struct kt_span *out;
	size_t n_out, at_out, off;
	uint64_t left, unsent;
	CURLcode result;
	bool *gone; /* set when the call is freed while it is told */
	bool is_sent_due, is_streamed, is_chunked, is_finishing;
	bool has_head, has_ended, is_paused, is_held, waits_for_piece;
	bool is_head_ready; /* a byte of an answer came */
};

struct curl_pool {
	struct kt_curl curl;
	struct kt_upstream *u;
	struct shard *shards;
	struct curl_call *news;
	struct kt_post post;
	bool is_posted, is_freed;
};

struct socket {
	struct kt_watch watch;
	struct shard *shard;
};

static const struct kt_curl *
curl_of(const struct curl_call *call)
{
	return &call->shard->pool->curl;
}

static void
resume(struct curl_call *call)
{
	/* If it fails, that shows later. */
	(void)curl_of(call)->easy_pause(call->easy, CURLPAUSE_CONT);
}

/* News are told in a turn of their own. */
static void
unlist(struct curl_call *call)
{
	if (call->prev == NULL)
		return;
	*call->prev = call->next;
	if (call->next != NULL)
		call->next->prev = call->prev;
	call->prev = NULL;
}

static void
has_news(struct curl_call *call)
{
	struct curl_pool *pool = call->shard->pool;

	if (call->prev != NULL)
		return;
	call->next = pool->news;
	call->prev = &pool->news;
	if (call->next != NULL)
		call->next->prev = &call->next;
	pool->news = call;
	if (!pool->is_posted)
		kt_loop_post(pool->u->loop, &pool->post);
	pool->is_posted = true;
}

/* What libcurl calls. */

static size_t
on_header(char *bytes, size_t size, size_t n, void *self)
{
	struct curl_call *call = self;

	call->is_head_ready = true;
	has_news(call);
	if (kt_buf_add(&call->head, (struct kt_span){ bytes, size * n }) < 0)
		return 0;
	return size * n;
}

static size_t
on_write(char *bytes, size_t size, size_t n, void *self)
{
	struct curl_call *call = self;

	has_news(call);
	if (call->body.len >= HIGH_WATER) {
		call->is_held = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (kt_buf_add(&call->body, (struct kt_span){ bytes, size * n }) < 0)
		return 0;
	return size * n;
}

static size_t
on_read(char *to, size_t size, size_t n, void *self)
{
	struct curl_call *call = self;
	size_t max = size * n, len = 0;

	while (call->at_out < call->n_out && len < max) {
		struct kt_span s = kt_span_sub(
		    call->out[call->at_out], call->off, max - len);

		memcpy(to + len, s.ptr, s.len);
		len += s.len;
		call->off += s.len;
		if (call->off == call->out[call->at_out].len) {
			call->at_out++;
			call->off = 0;
		}
	}
	if (call->at_out == call->n_out)
		has_news(call);
	call->waits_for_piece = len == 0 && !call->is_finishing &&
	    (call->is_chunked || call->left > 0);
	return call->waits_for_piece ? CURL_READFUNC_PAUSE : len;
}

static int
on_seek(void *self, curl_off_t offset, int origin)
{
	struct curl_call *call = self;

	if (offset != 0 || origin != SEEK_SET || call->is_streamed)
		return CURL_SEEKFUNC_CANTSEEK;
	call->at_out = 0;
	call->off = 0;
	return CURL_SEEKFUNC_OK;
}

static void
collect(struct shard *shard)
{
	const struct kt_curl *curl = &shard->pool->curl;
	CURLMsg *msg;
	int more;

	while ((msg = curl->multi_info_read(shard->multi, &more)) != NULL) {
		struct curl_call *call = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		if (curl->easy_getinfo(
		        msg->easy_handle, CURLINFO_PRIVATE, &call) != CURLE_OK)
			KT_BUG("a transfer without a call");
		call->has_ended = true;
		call->result = msg->data.result;
		has_news(call);
	}
}

static void
act(struct shard *shard, curl_socket_t fd, int what)
{
	int running;

	/* A failure shows in the transfers, which collect finds. */
	(void)shard->pool->curl.multi_socket_action(
	    shard->multi, fd, what, &running);
	collect(shard);
}

static void
on_socket_event(void *self, uint32_t events)
{
	struct socket *s = self;
	int what = 0;

	if (events & EPOLLIN)
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_ERR;
	act(s->shard, s->watch.fd, what);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *socketp)
{
	struct shard *shard = self;
	struct kt_loop *loop = shard->pool->u->loop;
	struct socket *s = socketp;
	uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) |
	    (what & CURL_POLL_OUT ? EPOLLOUT : 0);

	(void)easy; /* one socket may serve several in turn */
	if (what == CURL_POLL_REMOVE) {
		if (s != NULL)
			kt_watch_del(loop, &s->watch);
		kt_free(s);
		return 0;
	}
	if (s != NULL) {
		kt_watch_set(loop, &s->watch, events);
		return 0;
	}
	s = kt_alloc(sizeof(*s));
	if (s == NULL)
		return -1;
	s->shard = shard;
	if (kt_watch_add(loop, &s->watch, fd, events, on_socket_event, s, NULL) <
	        0 ||
	    shard->pool->curl.multi_assign(shard->multi, fd, s) != CURLM_OK) {
		kt_watch_del(loop, &s->watch);
		kt_free(s);
		return -1;
	}
	return 0;
}

static void
on_time(void *self)
{
	act(self, CURL_SOCKET_TIMEOUT, 0);
}

static int
on_timer(CURLM *multi, long timeout_ms, void *self)
{
	struct shard *shard = self;
	struct kt_loop *loop = shard->pool->u->loop;

	(void)multi; /* the shard's */
	if (timeout_ms < 0) {
		kt_timer_del(loop, &shard->timer);
		return 0;
	}
	return kt_timer_set(loop, &shard->timer,
	    kt_loop_now(loop) + (uint64_t)timeout_ms * 1000, on_time, shard);
}

/* The ends. */

static void
free_call(struct curl_call *call)
{
	unlist(call);
	if (call->easy != NULL) {
		/* Not of a multi handle, when it was not added. */
		(void)curl_of(call)->multi_remove_handle(
		    call->shard->multi, call->easy);
		curl_of(call)->easy_cleanup(call->easy);
	}
	if (call->shard != NULL) { /* or there is nothing of libcurl's */
		curl_of(call)->slist_free_all(call->headers);
		call->shard->n_calls--;
	}
	kt_http1_fini(&call->reader);
	kt_buf_fini(&call->head);
	kt_buf_fini(&call->body);
	kt_free(call->out);
}

static enum kt_upstream_fail
kind_of(CURLcode code)
{
	switch ((int)code) { /* of some hundred, these say something */
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return KT_UPSTREAM_RESOLVE;
	case CURLE_COULDNT_CONNECT:
		return KT_UPSTREAM_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return KT_UPSTREAM_CONNECT_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return KT_UPSTREAM_TLS;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_FAIL_REWIND:
		return KT_UPSTREAM_RESET;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
		return KT_UPSTREAM_LOCAL;
	default:
		return KT_UPSTREAM_PROTOCOL;
	}
}

static void
end(struct curl_call *call, enum kt_upstream_fail why, const struct kt_err *err)
{
	struct kt_upstream_call base = call->base;
	bool has_head = call->has_head;

	if (call->gone != NULL)
		*call->gone = true;
	free_call(call);
	kt_upstream_call_free(&call->base);
	if (!has_head)
		base.events->on_fail(base.self, why, err);
	else if (err != NULL)
		base.events->on_end(base.self, KT_UPSTREAM_TRUNCATED, err);
	else
		base.events->on_end(base.self, KT_UPSTREAM_OK, NULL);
}

/* Telling.  Each says whether to go on: gone means cancelled by the user. */

static bool
tell_sent(struct curl_call *call, const bool *gone)
{
	uint64_t n = call->unsent;

	if (!call->is_sent_due || call->at_out < call->n_out ||
	    (!call->is_streamed && !call->is_head_ready))
		return true;
	call->is_sent_due = false;
	call->unsent = 0;
	if (call->base.events->on_sent != NULL)
		call->base.events->on_sent(call->base.self, n);
	return !*gone;
}

static bool
tell_head(struct curl_call *call, const bool *gone)
{
	struct kt_span in = kt_buf_span(&call->head);
	struct kt_http1 reader;
	struct kt_http1_part part;
	struct kt_err err;
	int got;

	if (call->has_head || call->head.len == 0)
		return true;
	got = kt_http1_next(&call->reader, &in, &part, &err);
	if (got < 0) {
		end(call, KT_UPSTREAM_PROTOCOL, &err);
		return false;
	}
	kt_buf_reset(&call->head);
	if (got == 0)
		return true;
	call->has_head = true;
	/* Taken out, so that a cancel does not free what is being read. */
	reader = call->reader;
	kt_http1_init(&call->reader, KT_HTTP1_ASKED_ANY);
	call->base.events->on_head(call->base.self, &part.head);
	kt_http1_fini(&reader);
	return !*gone;
}

static bool
tell_body(struct curl_call *call, const bool *gone)
{
	struct kt_buf body = call->body;

	if (!call->has_head || call->is_paused || body.len == 0)
		return true;
	/* Taken out, so that a cancel does not free what is being read. */
	kt_buf_init(&call->body, 2 * HIGH_WATER);
	call->base.events->on_body(call->base.self, kt_buf_span(&body));
	kt_buf_fini(&body);
	if (*gone)
		return false;
	if (!call->is_held)
		return true;
	call->is_held = false;
	resume(call);
	return true;
}

static void
tell_end(struct curl_call *call)
{
	struct kt_err err;

	if (!call->has_ended || call->body.len > 0 || call->is_paused)
		return;
	if (call->result == CURLE_OK && call->has_head) {
		end(call, KT_UPSTREAM_LOCAL, NULL);
		return;
	}
	if (call->result == CURLE_OK) {
		(void)kt_fail(&err, KT_E_IO, "closed inside the head");
		end(call, KT_UPSTREAM_RESET, &err);
		return;
	}
	(void)kt_fail(&err, KT_E_IO, "%s",
	    curl_of(call)->easy_strerror(call->result));
	end(call, kind_of(call->result), &err);
}

static void
tell(struct curl_call *call)
{
	bool gone = false;

	call->gone = &gone;
	if (tell_sent(call, &gone) && tell_head(call, &gone) &&
	    tell_body(call, &gone))
		tell_end(call);
	if (!gone)
		call->gone = NULL;
}

static void
tell_all(void *self)
{
	struct curl_pool *pool = self;
	struct curl_call *now = pool->news;

	pool->is_posted = false;
	if (pool->is_freed) {
		kt_free(pool);
		return;
	}
	pool->news = NULL; /* what comes now is told in the next turn */
	if (now != NULL)
		now->prev = &now;
	while (now != NULL) {
		struct curl_call *call = now;

		unlist(call);
		tell(call);
	}
}

/* Pools and shards. */

static struct curl_pool *
pool_of(struct kt_upstream *u)
{
	struct curl_pool *pool = u->curl;

	if (pool != NULL || (pool = kt_alloc(sizeof(*pool))) == NULL)
		return pool;
	if (kt_curl_load(&pool->curl, NULL) < 0) { /* kt_origin_new() had it */
		kt_free(pool);
		return NULL;
	}
	pool->u = u;
	pool->post.fn = tell_all;
	pool->post.self = pool;
	u->curl = pool;
	return pool;
}

static struct shard *
shard_of(struct curl_pool *pool)
{
	struct shard *s;

	for (s = pool->shards; s != NULL; s = s->next)
		if (s->n_calls < KT_CURL_SHARD)
			return s;
	s = kt_alloc(sizeof(*s));
	if (s == NULL || (s->multi = pool->curl.multi_init()) == NULL) {
		kt_free(s);
		return NULL;
	}
	s->pool = pool;
	s->next = pool->shards;
	pool->shards = s;
	/* These cannot fail: the handle and the options are right. */
#define SET(option, value) \
	((void)pool->curl.multi_setopt(s->multi, option, value))
	SET(CURLMOPT_SOCKETFUNCTION, on_socket);
	SET(CURLMOPT_SOCKETDATA, s);
	SET(CURLMOPT_TIMERFUNCTION, on_timer);
	SET(CURLMOPT_TIMERDATA, s);
	/* The default forgets idle connections when transfers are few. */
	SET(CURLMOPT_MAXCONNECTS, (long)KT_CURL_SHARD);
	SET(CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
#undef SET
	return s;
}

/* libcurl closes idle connections only with their handle. */
void
kt_curl_pool_drop_idle(struct curl_pool *pool)
{
	struct shard **at = &pool->shards;

	while (*at != NULL) {
		struct shard *s = *at;

		if (s->n_calls > 0) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		(void)pool->curl.multi_cleanup(s->multi); /* has no transfers */
		kt_timer_del(pool->u->loop, &s->timer);
		kt_free(s);
	}
}

void
kt_curl_pool_free(struct curl_pool *pool)
{
	kt_curl_pool_drop_idle(pool);
	if (pool->shards != NULL)
		KT_BUG("upstreams freed before their calls were over");
	pool->is_freed = true;
	if (!pool->is_posted)
		kt_free(pool);
}

/* The way. */

static bool
add_header(struct curl_call *call, struct kt_span name, struct kt_span value)
{
	char line[KT_HEAD_MAX];
	struct curl_slist *list;
	int n = value.len > 0
	    ? snprintf(line, sizeof(line), "%.*s: %.*s", KT_SPAN_ARG(name),
	          KT_SPAN_ARG(value))
	    : snprintf(line, sizeof(line), "%.*s;", KT_SPAN_ARG(name));

	if (n < 0 || (size_t)n >= sizeof(line))
		return false;
	list = curl_of(call)->slist_append(call->headers, line);
	if (list != NULL)
		call->headers = list;
	return list != NULL;
}

/* The caller's headers, and an end to those that libcurl would add. */
static bool
add_headers(struct curl_call *call, const struct kt_upstream_request *r)
{
	static const char *const own[] = { "Expect", "Accept", "Content-Type",
		"User-Agent" };
	bool is_ok = true;

	for (size_t i = 0; i < r->n_headers && is_ok; i++)
		if (!kt_span_caseeq(
		        r->headers[i].name, KT_SPAN("content-length")))
			is_ok = add_header(
			    call, r->headers[i].name, r->headers[i].value);
	for (size_t i = 0; i < KT_NELEMS(own) && is_ok; i++) {
		char line[32];
		struct curl_slist *list;

		if (kt_header_find(r->headers, r->n_headers,
		        kt_span_of(own[i])).ptr != NULL)
			continue;
		(void)snprintf(line, sizeof(line), "%s:", own[i]);
		list = curl_of(call)->slist_append(call->headers, line);
		is_ok = list != NULL;
		call->headers = is_ok ? list : call->headers;
	}
	if (is_ok && call->is_chunked)
		is_ok = add_header(
		    call, KT_SPAN("Transfer-Encoding"), KT_SPAN("chunked"));
	return is_ok;
}

/* The same refusals as those of the own client. */
static enum kt_rc
check(const struct kt_origin *origin, const struct kt_upstream_request *r,
    struct kt_err *err)
{
	struct kt_header headers[KT_HEADERS_MAX + 1];
	struct kt_buf head;
	enum kt_rc rc;
	size_t n = 0;

	if (r->n_headers > KT_HEADERS_MAX)
		return kt_fail(err, KT_E_MISUSE, "more than %d headers",
		    KT_HEADERS_MAX);
	if (kt_header_find(r->headers, r->n_headers, KT_SPAN("host")).ptr == NULL)
		headers[n++] = (struct kt_header){
			KT_SPAN("Host"), kt_span_of(origin->host_header)
		};
	for (size_t i = 0; i < r->n_headers; i++)
		headers[n++] = r->headers[i];
	kt_buf_init(&head, 2 * KT_HEAD_MAX);
	rc = kt_http1_write_request(
	    &head, r->method, r->target, headers, n, r->body_bytes, err);
	kt_buf_fini(&head);
	return rc;
}

static enum kt_rc
fill_out(struct curl_call *call, const struct kt_upstream_request *r,
    struct kt_err *err)
{
	uint64_t length = r->body_bytes == KT_HTTP1_NO_BODY ? 0 : r->body_bytes;

	call->out = kt_alloc_array(r->n_body + 1, sizeof(*call->out));
	if (call->out == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for a request");
	for (size_t i = 0; i < r->n_body; i++) {
		call->unsent += r->body[i].len;
		if (r->body[i].len > 0)
			call->out[call->n_out++] = r->body[i];
	}
	if (call->unsent > length)
		return kt_fail(err, KT_E_MISUSE, "body is longer than it said");
	call->is_chunked = length == KT_HTTP1_CHUNKED;
	call->left = call->is_chunked ? 0 : length - call->unsent;
	call->is_streamed = call->is_chunked || call->left > 0;
	call->is_sent_due = true;
	return KT_OK;
}

#define SET(option, value) (rc |= curl_of(call)->easy_setopt(e, option, value))

static int
set_target(struct curl_call *call, const struct kt_upstream_request *r)
{
	const struct kt_origin *o = call->base.origin;
	struct kt_buf url;
	CURL *e = call->easy;
	int rc = 0;

	kt_buf_init(&url, 2 * KT_HEAD_MAX);
	if (kt_buf_printf(&url, "%s://%s", o->trust != NULL ? "https" : "http",
	        o->host_header) < 0 ||
	    kt_buf_add(&url, r->target) < 0 || kt_buf_addc(&url, '\0') < 0)
		rc = CURLE_OUT_OF_MEMORY;
	else
		SET(CURLOPT_URL, url.ptr);
	kt_buf_fini(&url);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_PROXY, o->proxy);
	SET(CURLOPT_NOPROXY, ""); /* whether it applies was decided before */
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
	if (o->trust != NULL && o->trust->ca_file[0] != '\0') {
		SET(CURLOPT_CAINFO, &o->trust->ca_file[0]);
		SET(CURLOPT_CAPATH, NULL);
	}
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	return rc;
}

static int
set_body(struct curl_call *call, const struct kt_upstream_request *r)
{
	char method[64];
	CURL *e = call->easy;
	int rc = 0;

	if (kt_span_eq(r->method, KT_SPAN("HEAD"))) {
		SET(CURLOPT_NOBODY, 1L);
		return rc;
	}
	if (r->body_bytes != KT_HTTP1_NO_BODY) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, call->is_chunked
		        ? (curl_off_t)-1
		        : (curl_off_t)r->body_bytes);
	}
	(void)snprintf(method, sizeof(method), "%.*s", KT_SPAN_ARG(r->method));
	SET(CURLOPT_CUSTOMREQUEST, method);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, call);
	SET(CURLOPT_SEEKFUNCTION, on_seek);
	SET(CURLOPT_SEEKDATA, call);
	return rc;
}

static int
set_rest(struct curl_call *call)
{
	CURL *e = call->easy;
	int rc = 0;

	SET(CURLOPT_PRIVATE, call);
	SET(CURLOPT_HTTPHEADER, call->headers);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TCP_NODELAY, 1L);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, 16384L); /* the least: 64 KiB else */
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, call);
	SET(CURLOPT_WRITEFUNCTION, on_write);
	SET(CURLOPT_WRITEDATA, call);
	return rc;
}

static enum kt_rc
set_up(struct curl_call *call, const struct kt_upstream_request *request,
    struct kt_err *err)
{
	call->easy = curl_of(call)->easy_init();
	if (call->easy == NULL || !add_headers(call, request))
		return kt_fail(err, KT_E_LIMIT, "no memory for a request");
	if ((set_target(call, request) | set_body(call, request) |
	        set_rest(call)) != 0)
		return kt_fail(err, KT_E_MISUSE, "proxy or request is malformed");
	if (curl_of(call)->multi_add_handle(
	        call->shard->multi, call->easy) != CURLM_OK)
		return kt_fail(err, KT_E_LIMIT, "no memory for a request");
	return KT_OK;
}

static enum kt_rc
start(struct kt_upstream *u, struct kt_origin *origin,
    const struct kt_upstream_request *request, struct kt_upstream_call *base,
    struct kt_err *err)
{
	struct curl_call *call = (struct curl_call *)base;
	struct curl_pool *pool = pool_of(u);
	enum kt_rc rc;

	kt_http1_init(&call->reader,
	    kt_span_eq(request->method, KT_SPAN("HEAD")) ? KT_HTTP1_ASKED_HEAD
	                                                 : KT_HTTP1_ASKED_ANY);
	kt_buf_init(&call->head, 2 * KT_HEAD_MAX);
	kt_buf_init(&call->body, 2 * HIGH_WATER);
	rc = check(origin, request, err);
	if (rc == KT_OK)
		rc = fill_out(call, request, err);
	if (rc == KT_OK && pool != NULL)
		call->shard = shard_of(pool);
	if (rc == KT_OK && call->shard == NULL)
		rc = kt_fail(err, KT_E_LIMIT, "no memory for a request");
	if (call->shard != NULL)
		call->shard->n_calls++;
	if (rc == KT_OK)
		rc = set_up(call, request, err);
	if (rc < 0)
		free_call(call);
	return rc;
}

static void
cancel(struct kt_upstream_call *base)
{
	struct curl_call *call = (struct curl_call *)base;

	if (call->gone != NULL)
		*call->gone = true;
	free_call(call);
	kt_upstream_call_free(base);
}

static void
pause_call(struct kt_upstream_call *base)
{
	((struct curl_call *)base)->is_paused = true;
}

static void
resume_call(struct kt_upstream_call *base)
{
	struct curl_call *call = (struct curl_call *)base;

	call->is_paused = false;
	has_news(call);
}

static void
go_on_reading(struct curl_call *call)
{
	if (call->waits_for_piece)
		resume(call);
}

static enum kt_rc
send_piece(
    struct kt_upstream_call *base, struct kt_span piece, struct kt_err *err)
{
	struct curl_call *call = (struct curl_call *)base;

	if (call->is_sent_due || call->is_finishing)
		return kt_fail(err, KT_E_MISUSE, "a piece is on its way still");
	if (!call->is_chunked && piece.len > call->left)
		return kt_fail(err, KT_E_MISUSE, "body is longer than it said");
	call->left -= call->is_chunked ? 0 : piece.len;
	call->is_sent_due = true;
	call->unsent = piece.len;
	call->out[0] = piece;
	call->n_out = piece.len > 0;
	call->at_out = 0;
	call->off = 0;
	go_on_reading(call);
	has_news(call);
	return KT_OK;
}

static void
finish(struct kt_upstream_call *base)
{
	struct curl_call *call = (struct curl_call *)base;

	call->is_finishing = true;
	go_on_reading(call);
}

/* Only GnuTLS says it; another library leaves it unknown. */
static void
tell_peer(const struct kt_upstream_call *base, struct kt_upstream_peer *out)
{
	const struct curl_call *call = (const struct curl_call *)base;
	struct curl_tlssessioninfo *info = NULL;

	if (call->easy != NULL && curl_of(call)->easy_getinfo(call->easy,
	        CURLINFO_TLS_SSL_PTR, &info) == CURLE_OK &&
	    info != NULL && info->backend == CURLSSLBACKEND_GNUTLS &&
	    info->internals != NULL)
		kt_wire_peer(info->internals, out);
}

const struct upstream_way kt_upstream_curl = {
	.start = start,
	.cancel = cancel,
	.peer = tell_peer,
	.pause = pause_call,
	.resume = resume_call,
	.send = send_piece,
	.finish = finish,
	.call_bytes = sizeof(struct curl_call),
};

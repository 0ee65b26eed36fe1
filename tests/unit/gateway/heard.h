/*
 * heard - calls upstream from a loop, and writes down what comes back.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the order that callbacks must keep, and asserts it.
 * Does not: know what a test is about.
 * Promises: no wait is longer than a minute, where something hangs.
 */
#ifndef KT_HEARD_H
#define KT_HEARD_H
#include "cmd/gateway/upstream.h"
#include "tests/unit/gateway/script.h"
#include "tests/unit/tap.h"

static struct kt_loop *loop;
static struct kt_resolver *resolver;
static struct kt_upstream *upstream;
static struct kt_trust *trust; /* of the next call; NULL: in clear */
static struct kt_span tls_name, host;
static bool is_by_proxy;

/* One call and what was heard of it. */
struct heard {
	struct kt_upstream_call *call;
	struct kt_buf text;
	uint64_t sent_bytes, body_bytes;
	int sents;
	enum { OPEN, WHOLE, TRUNCATED, FAILED } end;
	enum kt_upstream_fail why;
	struct kt_err err;
	bool cancels_at_head, cancels_at_body, pauses, is_paused;
	struct kt_timer resume;
};

static void
on_head(void *self, const struct kt_http1_head *head)
{
	struct heard *h = self;

	ok(kt_buf_printf(&h->text, "%d{", head->status) == KT_OK);
	if (h->cancels_at_head)
		kt_upstream_cancel(&h->call);
}

static void
on_resume(void *self)
{
	struct heard *h = self;

	h->is_paused = false;
	kt_upstream_resume(h->call);
}

static void
on_body(void *self, struct kt_span bytes)
{
	struct heard *h = self;

	ok(!h->is_paused);
	h->body_bytes += bytes.len;
	if (h->body_bytes < 65536)
		ok(kt_buf_add(&h->text, bytes) == KT_OK);
	if (h->cancels_at_body) {
		kt_upstream_cancel(&h->call);
	} else if (h->pauses) {
		h->is_paused = true;
		kt_upstream_pause(h->call);
		ok(kt_timer_set(loop, &h->resume, 0, on_resume, h) == KT_OK);
	}
}

static void
on_sent(void *self, uint64_t bytes)
{
	struct heard *h = self;

	h->sents++;
	h->sent_bytes += bytes;
}

static void
on_end(void *self, enum kt_upstream_end how, const struct kt_err *err)
{
	struct heard *h = self;

	ok(h->end == OPEN);
	h->end = how == KT_UPSTREAM_OK ? WHOLE : TRUNCATED;
	if (err != NULL)
		h->err = *err;
	h->call = NULL;
}

static void
on_fail(void *self, enum kt_upstream_fail why, const struct kt_err *err)
{
	struct heard *h = self;

	ok(h->end == OPEN && h->text.len == 0);
	h->end = FAILED;
	h->why = why;
	h->err = *err;
	h->call = NULL;
}

static const struct kt_upstream_events events = {
	on_head, on_body, on_sent, on_end, on_fail
};

static struct kt_origin *
origin_of(uint16_t port, uint32_t connect_ms)
{
	char proxy[64];
	struct kt_origin_spec spec = {
		.host = host.len > 0 ? host : KT_SPAN("127.0.0.1"),
		.port = port,
		.trust = trust,
		.tls_name = tls_name,
		.connect_ms = connect_ms,
	};
	struct kt_origin *origin;

	(void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", port);
	if (is_by_proxy)
		spec.proxy = kt_span_of(proxy);
	ok(kt_origin_new(&origin, &spec, NULL) == KT_OK);
	return origin;
}

static void
begin_with(struct heard *h, struct kt_origin *origin, struct kt_span body,
    uint64_t body_bytes)
{
	struct kt_upstream_request r = {
		.method = body_bytes == KT_HTTP1_NO_BODY ? KT_SPAN("GET")
		                                         : KT_SPAN("POST"),
		.target = KT_SPAN("/v1/x?y=1"),
		.body = &body,
		.n_body = body.len > 0 ? 1 : 0,
		.body_bytes = body_bytes,
	};
	struct kt_err err = { 0 };

	if (h->text.limit == 0)
		kt_buf_init(&h->text, 1u << 20);
	h->end = OPEN;
	if (!ok(kt_upstream_start(upstream, origin, &r, &events, h, &h->call,
	            &err) == KT_OK))
		printf("# %s\n", err.text);
	ok(h->end == OPEN && h->sents == 0 && h->text.len == 0);
}

static inline void
begin(struct heard *h, struct kt_origin *origin)
{
	begin_with(h, origin, KT_SPAN("hello"), 5);
}

static void
turn(void)
{
	ok(kt_loop_turn(loop, 20000, NULL) == KT_OK);
}

static inline void
wait_end(struct heard *h)
{
	/* Far more than a busy machine with sanitizers needs. */
	uint64_t until = kt_loop_now(loop) + 60000000;

	while (h->end == OPEN && kt_loop_now(loop) < until)
		turn();
	ok(h->end != OPEN);
}

static inline bool
heard(const struct heard *h, const char *text)
{
	if (kt_span_eq(kt_buf_span(&h->text), kt_span_of(text)))
		return true;
	printf("# heard '%.*s', err '%s'\n", (int)h->text.len, h->text.ptr,
	    h->err.text);
	return false;
}

static inline void
forget(struct heard *h)
{
	kt_buf_fini(&h->text);
	kt_timer_del(loop, &h->resume);
	*h = (struct heard){ 0 };
}

#define OK2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define SENDS(text) { SEND, KT_SPAN_INIT(text), 0 }

static inline void
set_up(void)
{
	ok(kt_loop_new(&loop, NULL) == KT_OK);
	ok(kt_resolver_new(&resolver, NULL) == KT_OK);
	ok(kt_upstream_new(&upstream, loop, resolver, NULL) == KT_OK);
}

static inline void
tear_down(void)
{
	kt_upstream_free(&upstream);
	kt_resolver_free(&resolver);
	kt_loop_free(&loop);
}
#endif

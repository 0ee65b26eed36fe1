/*
 * again - the streams of a session that was recorded, searched once more.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lines are searched one by one where they stand.  A stream is in many of
 * them, so its bytes are joined, searched as the recorder does, and given
 * back to the lines they came from.
 */
#include "frame/header.h"
#include "json/text.h"
#include "json/write.h"
#include "session/session_priv.h"
#include "session/session.h"

struct again {
	const struct kt_scrub *s;
	const struct kt_session *session;
	struct kt_buf *out, joined;
	size_t done; /* of the session's text, which is in out */
	size_t nline; /* that it ends in */
	size_t *ends;
	kt_scrub_told_fn told;
	void *arg;
	struct kt_err *err;
};

/* The answer of an attempt: its head, and what came before the next one. */
struct attempt {
	const struct kt_session_event *head;
	size_t n; /* events */
	enum kt_format format;
};

static size_t
pieces_of(const struct attempt *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		n += a->head[i].npieces;
	return n;
}

static size_t
place_of(const struct again *g, const struct kt_session_piece *p)
{
	return (size_t)(p->raw.ptr - g->session->text.ptr);
}

/* How many lines end before a place behind what is done. */
static size_t
lines_to(const struct again *g, size_t at)
{
	size_t n = 0;

	for (size_t i = g->done; i < at; i++)
		n += g->session->text.ptr[i] == '\n';
	return n;
}

static enum kt_rc
fail(struct again *g, const struct attempt *a, enum kt_rc rc)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->head[i].npieces > 0 && a->head[i].pieces->fill == 0)
			return kt_fail(g->err, rc, "line %zu: a stream that cannot "
			    "be searched", g->nline +
			        lines_to(g, place_of(g, a->head[i].pieces)));
	}
	return kt_fail(g->err, rc, "a stream that cannot be searched");
}

/* A piece with another text; others keep the bytes that they have. */
static enum kt_rc
put_piece(struct again *g, const struct kt_session_piece *p,
    struct kt_span before, struct kt_span after)
{
	struct kt_span text = g->session->text;
	size_t at;

	if (kt_span_eq(before, after))
		return KT_OK;
	if (p->fill > 0 || (at = place_of(g, p)) < g->done)
		return KT_E_PARSE; /* what stands for more than this text */
	if (kt_buf_add(g->out, kt_span_sub(text, g->done, at - g->done)) < 0 ||
	    kt_json_write_escaped(g->out, after) < 0)
		return KT_E_LIMIT;
	g->nline += lines_to(g, at);
	g->done = at + p->raw.len;
	return KT_OK;
}

static enum kt_rc
put_pieces(struct again *g, const struct attempt *a, const size_t *ends_before,
    struct kt_span after)
{
	struct kt_span before = kt_buf_span(&g->joined);
	size_t k = 0, was = 0, is = 0;
	enum kt_rc rc = KT_OK;

	for (size_t i = 0; i < a->n; i++) {
		for (size_t n = 0; n < a->head[i].npieces && rc == KT_OK; n++) {
			rc = put_piece(g, &a->head[i].pieces[n],
			    kt_span_sub(before, was, ends_before[k] - was),
			    kt_span_sub(after, is, g->ends[k] - is));
			was = ends_before[k];
			is = g->ends[k++];
		}
	}
	return rc;
}

static enum kt_rc
join(struct again *g, const struct attempt *a, size_t *ends_before)
{
	size_t k = 0;

	kt_buf_reset(&g->joined);
	for (size_t i = 0; i < a->n; i++) {
		for (size_t n = 0; n < a->head[i].npieces; n++) {
			if (kt_session_join(
			        &a->head[i].pieces[n], 1, &g->joined) < 0)
				return KT_E_LIMIT;
			g->ends[k] = ends_before[k] = g->joined.len;
			k++;
		}
	}
	return KT_OK;
}

static enum kt_rc
search(struct again *g, const struct attempt *a)
{
	size_t npieces = pieces_of(a), found = 0;
	size_t *ends_before = kt_alloc_array(2 * npieces + 1, sizeof(*g->ends));
	const struct kt_detector *first = NULL;
	struct kt_buf after;
	enum kt_rc rc = ends_before != NULL ? KT_OK : KT_E_LIMIT;

	kt_buf_init(&after, 2 * (size_t)KT_SESSION_CALL_MAX);
	if (rc == KT_OK) {
		g->ends = ends_before + npieces;
		rc = join(g, a, ends_before);
	}
	if (rc == KT_OK)
		rc = kt_scrub_stream_again(g->s, a->format,
		    kt_buf_span(&g->joined), g->ends, npieces, &after, &found,
		    &first);
	if (rc == KT_OK && found > 0)
		rc = put_pieces(g, a, ends_before, kt_buf_span(&after));
	if (rc == KT_OK && found > 0)
		g->told(g->arg, g->nline, found, first);
	kt_buf_fini(&after);
	kt_free(ends_before);
	return rc < 0 ? fail(g, a, rc) : KT_OK;
}

static bool
is_stream(const struct kt_session_event *head)
{
	return head->n < 400 && kt_span_caseeq(kt_span_sub(kt_header_find(
	    head->headers, head->nheaders, KT_SPAN("content-type")), 0, 17),
	    KT_SPAN("text/event-stream"));
}

static enum kt_rc
search_call(struct again *g, const struct kt_session_call *c)
{
	struct attempt a = { .head = NULL };
	enum kt_rc rc = KT_OK;

	for (size_t i = 0; i < c->nevents && rc == KT_OK; i++) {
		const struct kt_session_event *e = &c->events[i];

		if (e->kind == KT_SESSION_UP)
			a.format = e->format;
		if (e->kind != KT_SESSION_HEAD || !is_stream(e))
			continue;
		a.head = e;
		a.n = 1;
		while (i + a.n < c->nevents && e[a.n].kind != KT_SESSION_UP &&
		    e[a.n].kind != KT_SESSION_HEAD)
			a.n++;
		rc = search(g, &a);
	}
	return rc;
}

enum kt_rc
kt_scrub_streams(const struct kt_scrub *s, const struct kt_session *session,
    struct kt_buf *out, kt_scrub_told_fn told, void *arg, struct kt_err *err)
{
	struct again g = { .s = s, .session = session, .out = out, .nline = 1,
		.told = told, .arg = arg, .err = err };
	enum kt_rc rc = KT_OK;

	kt_buf_init(&g.joined, KT_SESSION_CALL_MAX);
	for (size_t i = 0; i < session->ncalls && rc == KT_OK; i++)
		rc = search_call(&g, &session->calls[i]);
	kt_buf_fini(&g.joined);
	if (rc == KT_OK && kt_buf_add(out, kt_span_sub(
	        session->text, g.done, session->text.len)) < 0)
		rc = kt_fail(err, KT_E_LIMIT, "out of memory");
	return rc;
}

/*
 * write - members in alphabetical order, so that two recordings of the same
 * calls can be compared line by line.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/standin.h"
#include "session/line.h"
#include "session/media.h"
#include "session/session.h"
#include "session/session_priv.h"
#include "session/write.h"

#define BODIES_KEPT 8 /* conversations under way in one file */
#define LINES_MAX ((size_t)KT_SESSION_LINE_MAX)

struct kept_body {
	uint64_t call, conversation, used;
	struct kt_body body;
};

struct kt_session_writer {
	struct kt_session_head head; /* spans in mem */
	struct kt_arena *mem;
	const struct kt_scrub *scrub;
	uint64_t calls;
	struct kept_body kept[BODIES_KEPT];
	struct kt_blobs blobs; /* that are in the file */
};

struct kt_session_writer *
kt_session_writer_new(
    const struct kt_session_head *head, const struct kt_scrub *scrub)
{
	struct kt_session_writer *w = kt_alloc(sizeof(*w));

	if (w == NULL || (w->mem = kt_arena_new(65536)) == NULL) {
		kt_free(w);
		return NULL;
	}
	w->head = *head;
	w->head.id = kt_arena_dup(w->mem, head->id);
	w->scrub = scrub;
	return w;
}

void
kt_session_writer_free(struct kt_session_writer **wp)
{
	struct kt_session_writer *w = *wp;

	if (w == NULL)
		return;
	for (size_t i = 0; i < BODIES_KEPT; i++)
		kt_body_fini(&w->kept[i].body);
	kt_blobs_fini(&w->blobs);
	kt_arena_free(&w->mem);
	kt_free(w);
	*wp = NULL;
}

size_t
kt_session_written(const struct kt_session_writer *w)
{
	return w->calls;
}

/* ---- lines ---- */

static uint64_t
mix(uint64_t h, const char *s)
{
	return kt_hash(kt_hash(h, kt_span_of(s)), KT_SPAN("\xff"));
}

void
kt_session_digest(const struct kt_detector *d, char out[static 17])
{
	uint64_t h = KT_HASH_BEGIN;

	h = mix(mix(mix(mix(mix(mix(h, d->id), d->pattern), d->tail), d->tail_end),
	        d->checksum), d->beside);
	for (size_t i = 0; i < d->nvalidators; i++)
		h = mix(h, d->validators[i]);
	for (size_t i = 0; i < d->ncontext; i++)
		h = mix(h, d->context[i]);
	h = kt_hash(h, d->model);
	h ^= d->confidence_pm * UINT64_C(0x9e3779b97f4a7c15) + d->entropy_cb +
	    d->context_bytes + (unsigned)d->class * 7919u +
	    (unsigned)d->is_context_required * 104729u + d->is_caseless +
	    d->tail_gap * UINT64_C(15485863);
	(void)snprintf(out, 17, "%016llx", (unsigned long long)h);
}

/* A policy may bring one of the same id: the first is the one told. */
static bool
is_told(const struct kt_look *look, size_t n)
{
	const char *id = kt_look_detector(look, n)->id;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(kt_look_detector(look, i)->id, id) == 0)
			return true;
	}
	return false;
}

static enum kt_rc
write_detectors(const struct kt_look *look, struct kt_json_writer *j)
{
	const struct kt_detector *d;

	kt_json_named_object(j, "detectors");
	for (size_t i = 0; (d = kt_look_detector(look, i)) != NULL; i++) {
		char digest[17];

		if (is_told(look, i))
			continue;
		kt_session_digest(d, digest);
		kt_line_text(j, d->id, kt_span_of(digest));
	}
	kt_json_end_object(j);
	return KT_OK;
}

enum kt_rc
kt_session_write_head(struct kt_session_writer *w, struct kt_buf *out)
{
	const struct kt_session_head *h = &w->head;
	struct kt_json_writer j;

	kt_line_begin(&j, out);
	kt_line_text(&j, "content", w->scrub->is_facts_only ?
	    KT_SPAN("facts_only") :
	                                                KT_SPAN("redacted"));
	(void)write_detectors(w->scrub->look, &j); /* j keeps the failure */
	kt_line_text(&j, "fmt", KT_SPAN(KT_SESSION_FORMAT));
	kt_line_text(&j, "id", h->id);
	kt_line_kind(&j, "meta");
	kt_line_text(&j, "kt", h->kt);
	kt_json_named_object(&j, "policy");
	kt_line_text(&j, "hash", h->policy_hash);
	kt_line_text(&j, "version", h->policy_version);
	kt_json_end_object(&j);
	kt_line_text(&j, "source", h->source);
	kt_json_named_u64(&j, "t0_us", h->t0_us);
	if (kt_line_end(&j) < 0)
		return KT_E_LIMIT;
	kt_line_begin(&j, out);
	kt_json_named_u64(&j, "at", 0);
	kt_line_kind(&j, "state");
	kt_json_named_object(&j, "v");
	kt_json_named_array(&j, "targets.unavailable");
	for (size_t i = 0; i < h->ntargets; i++) {
		if (!h->targets[i].is_available)
			kt_json_put_string(&j, h->targets[i].id);
	}
	kt_json_end_array(&j);
	kt_json_end_object(&j);
	return kt_line_end(&j);
}

enum kt_rc
kt_session_write_lost(uint64_t calls, struct kt_buf *out)
{
	struct kt_json_writer j;

	kt_line_begin(&j, out);
	kt_json_named_u64(&j, "calls", calls);
	kt_line_kind(&j, "lost");
	return kt_line_end(&j);
}

/* ---- bodies ---- */

/* Those that are not in the file yet go in front of the line. */
static enum kt_rc
write_blobs(struct kt_session_writer *w, const struct kt_body *b,
    struct kt_span text, struct kt_buf *out)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct kt_body_part *p = &b->v[i];
		struct kt_json_writer j;
		bool is_new;

		if (p->how != KT_BODY_BLOB)
			continue;
		if (kt_blobs_add(&w->blobs, p->name, &is_new) < 0)
			return KT_E_LIMIT;
		if (!is_new)
			continue;
		kt_line_begin(&j, out);
		kt_blob_put_name(&j, "h", p->name);
		kt_line_kind(&j, "blob");
		kt_line_text(&j, "v", kt_span_sub(text, p->at, p->len));
		if (kt_line_end(&j) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static void
put_parts(struct kt_json_writer *j, const struct kt_body *b, size_t from,
    struct kt_span text)
{
	for (size_t i = from; i < b->n; i++) {
		const struct kt_body_part *p = &b->v[i];

		switch (p->how) {
		case KT_BODY_LITERAL:
			kt_json_put_string(j, kt_span_sub(text, p->at, p->len));
			break;
		case KT_BODY_BLOB:
			kt_json_begin_object(j);
			kt_blob_put_name(j, "b", p->name);
			kt_json_end_object(j);
			break;
		case KT_BODY_FILL:
			kt_line_fill(j, p->len);
			break;
		}
	}
}

/* The body of the same conversation before this one, or the oldest place. */
static struct kept_body *
kept_of(struct kt_session_writer *w, uint64_t conversation)
{
	struct kept_body *oldest = &w->kept[0];

	for (size_t i = 0; i < BODIES_KEPT; i++) {
		struct kept_body *k = &w->kept[i];

		if (k->body.n > 0 && k->conversation == conversation)
			return k;
		if (k->used < oldest->used)
			oldest = k;
	}
	return oldest;
}

static size_t
shared(const struct kept_body *k, const struct kt_body *b, uint64_t conversation)
{
	size_t n = 0;

	if (k->conversation != conversation)
		return 0;
	while (n < k->body.n && n < b->n && k->body.v[n].name == b->v[n].name &&
	    k->body.v[n].len == b->v[n].len)
		n++;
	return n;
}

/* ---- a call ---- */

struct call {
	struct kt_session_writer *w;
	const struct kt_tape *t;
	struct kt_buf *out, *line; /* line: not yet sure to be written */
	uint64_t n, conversation;
	struct kt_scrubbed request, answer;
	size_t *ends;
	bool has_gaps, is_withheld, is_cut;
	bool is_unpacked; /* the request came packed */
	struct kt_buf path;
};

static bool
is_chat(enum kt_endpoint e)
{
	return kt_endpoint_format(e) != KT_FORMAT_NONE;
}

static struct kt_span
header_of(const struct kt_tape *t, size_t from, size_t n, struct kt_span name)
{
	for (size_t i = from; i < from + n; i++) {
		if (kt_span_caseeq(kt_tape_bytes(t, t->headers[i].name_at,
		        t->headers[i].name_len), name))
			return kt_tape_bytes(t, t->headers[i].value_at,
			    t->headers[i].value_len);
	}
	return (struct kt_span){ 0 };
}

/* Values are scrubbed like any text: a client may put anything there. */
static enum kt_rc
put_headers(struct call *c, struct kt_json_writer *j, size_t from, size_t n)
{
	const struct kt_tape *t = c->t;
	struct kt_buf b;
	enum kt_rc rc = KT_OK;

	kt_json_named_array(j, "hdr");
	kt_buf_init(&b, KT_HEAD_MAX * 8);
	for (size_t i = from; i < from + n && rc == KT_OK; i++) {
		const struct kt_tape_header *h = &t->headers[i];

		if (c->is_unpacked && i < t->request_nheaders &&
		    kt_span_caseeq(kt_tape_bytes(t, h->name_at, h->name_len),
		        KT_SPAN("content-encoding")))
			continue;
		kt_buf_reset(&b);
		rc = kt_scrub_text(c->w->scrub,
		    kt_tape_bytes(t, h->value_at, h->value_len), &b);
		if (rc == KT_E_PARSE) { /* bytes that are no text */
			kt_buf_reset(&b);
			rc = kt_standin_write_blank(&b);
		}
		kt_json_begin_array(j);
		kt_json_put_string(j, kt_tape_bytes(t, h->name_at, h->name_len));
		kt_json_put_string(j, kt_buf_span(&b));
		kt_json_end_array(j);
	}
	kt_buf_fini(&b);
	kt_json_end_array(j);
	return rc;
}

/* Known by its id, or by how it began. */
static uint64_t
conversation_of(const struct call *c, const struct kt_body *b)
{
	struct kt_span id = header_of(c->t, 0, c->t->request_nheaders,
	    KT_SPAN("x-claude-code-session-id"));
	uint64_t h = kt_hash(KT_HASH_BEGIN, id);

	if (id.len == 0 && b->n > 1)
		h ^= b->v[0].name ^ b->v[1].name << 1;
	return kt_hash(h, c->t->caller[0]) | 1;
}

enum coding {
	AS_IS = 0,
	PACKED,
	REFUSED, /* by the exchange, whatever is in it */
};

static enum coding
coding_of(const struct kt_tape *t, bool *is_gzip)
{
	struct kt_span name = KT_SPAN("content-encoding");
	struct kt_span e = header_of(t, 0, t->request_nheaders, name);
	size_t n = 0;

	for (size_t i = 0; i < t->request_nheaders; i++)
		n += kt_span_caseeq(kt_tape_bytes(t, t->headers[i].name_at,
		    t->headers[i].name_len), name);
	e = kt_span_trim(e);
	*is_gzip = kt_span_caseeq(e, KT_SPAN("gzip"));
	if (n > 1)
		return REFUSED;
	if (e.len == 0 || kt_span_caseeq(e, KT_SPAN("identity")))
		return AS_IS;
	return *is_gzip || kt_span_caseeq(e, KT_SPAN("deflate")) ? PACKED :
	                                                          REFUSED;
}

/* Written as what was inspected: unpacked, and without saying otherwise. */
static enum kt_rc
scrub_packed(struct call *c, bool is_gzip, bool *is_refused)
{
	struct kt_span packed = kt_buf_span(&c->t->body);
	struct kt_buf plain;
	enum kt_rc rc;

	kt_buf_init(&plain, KT_BODY_MAX);
	rc = kt_look_inflate(packed, is_gzip, &plain);
	c->is_unpacked = rc == KT_OK;
	*is_refused = rc == KT_E_PARSE;
	if (rc == KT_OK)
		rc = kt_scrub_request(c->w->scrub, c->t->endpoint,
		    kt_buf_span(&plain), c->t->jobs, c->t->njobs, &c->request);
	else
		rc = kt_scrub_withhold(packed.len, &c->request);
	kt_buf_fini(&plain);
	return rc;
}

static enum kt_rc
scrub_request(struct call *c)
{
	const struct kt_tape *t = c->t;
	struct kt_span body = kt_buf_span(&t->body);
	bool is_gzip, is_file = t->endpoint == KT_ENDPOINT_FILES;
	enum coding coding = coding_of(t, &is_gzip);
	/* What is refused for its head is refused again. */
	bool is_refused = coding == REFUSED && !is_file;
	enum kt_rc rc;

	if (is_file || is_refused)
		rc = kt_scrub_withhold(body.len, &c->request);
	else if (coding == PACKED)
		rc = scrub_packed(c, is_gzip, &is_refused);
	else
		rc = kt_scrub_request(c->w->scrub, t->endpoint, body, t->jobs,
		    t->njobs, &c->request);
	c->has_gaps = c->request.has_gaps;
	c->is_withheld = (t->has_guard && c->w->scrub->is_facts_only) ||
	    (is_file && t->njobs > 0) ||
	    (c->request.is_withheld && !is_file && !is_refused);
	return rc;
}

static enum kt_rc
scrub_path(struct call *c)
{
	struct kt_span path =
	    kt_tape_bytes(c->t, c->t->target_at, c->t->target_len);

	kt_buf_init(&c->path, KT_HEAD_MAX * 8);
	if (kt_scrub_text(c->w->scrub, path, &c->path) == KT_OK)
		return KT_OK;
	kt_buf_reset(&c->path);
	c->is_withheld = true;
	return kt_buf_add(&c->path, KT_SPAN("/"));
}

static enum kt_rc
write_request(struct call *c)
{
	static const char *const who[] = { "id", "kind", "auth", "token",
		"group" };
	static const uint8_t sorted[] = { 2, 4, 0, 1, 3 };
	const struct kt_tape *t = c->t;
	struct kt_span text = kt_buf_span(&c->request.text);
	struct kept_body *kept;
	struct kt_json_writer j;
	struct kt_body body;
	char name[20];
	size_t same;
	enum kt_rc rc = kt_body_split(&body, text);

	c->conversation = conversation_of(c, &body);
	kept = kept_of(c->w, c->conversation);
	same = shared(kept, &body, c->conversation);
	if (rc == KT_OK)
		rc = write_blobs(c->w, &body, text, c->line);
	kt_line_begin(&j, c->line);
	kt_json_named_u64(&j, "asked", t->asked_us);
	kt_json_named_array(&j, "body");
	if (same > 0) {
		kt_json_begin_object(&j);
		kt_json_named_u64(&j, "first", same);
		kt_json_named_u64(&j, "of", kept->call);
		kt_json_end_object(&j);
	}
	put_parts(&j, &body, same, text);
	kt_json_end_array(&j);
	(void)snprintf(name, sizeof(name), "%016llx",
	    (unsigned long long)c->conversation);
	kt_line_text(&j, "conv", kt_span_of(name));
	kt_line_flag(&j, "empty", !t->has_body);
	kt_line_flag(&j, "gaps", c->has_gaps);
	if (rc == KT_OK)
		rc = put_headers(c, &j, 0, t->request_nheaders);
	kt_line_kind(&j, "req");
	kt_line_text(&j, "m", kt_tape_bytes(t, t->method_at, t->method_len));
	kt_json_named_u64(&j, "n", c->n);
	kt_line_text(&j, "path", kt_buf_span(&c->path));
	kt_json_named_u64(&j, "t", t->wall_us - c->w->head.t0_us);
	kt_line_flag(&j, "tls", t->is_tls);
	kt_line_flag(&j, "unaudited", t->is_unaudited);
	kt_json_named_object(&j, "who");
	for (size_t i = 0; i < KT_NELEMS(sorted); i++)
		kt_line_text(&j, who[sorted[i]], t->caller[sorted[i]]);
	kt_line_flag(&j, "unscoped", t->lacks_scope);
	kt_json_end_object(&j);
	kt_line_flag(&j, "withheld", c->is_withheld);
	if (rc == KT_OK)
		rc = kt_line_end(&j);
	if (rc < 0) {
		kt_body_fini(&body);
		return rc;
	}
	kt_body_fini(&kept->body);
	*kept = (struct kept_body){ c->n, c->conversation, c->n, body };
	return KT_OK;
}

enum kt_rc
kt_session_write_measures(struct kt_buf *out, uint64_t n, const char *name,
    const struct kt_measures *m)
{
	struct kt_json_writer j;

	if (m == NULL)
		return KT_OK;
	kt_line_begin(&j, out);
	kt_line_kind(&j, "fact");
	kt_json_named_u64(&j, "n", n);
	kt_line_text(&j, "name", kt_span_of(name));
	kt_json_named_object(&j, "v");
	kt_json_named_u64(&j, "attachments", m->attachment_bytes);
	kt_json_named_u64(&j, "bytes", m->bytes);
	kt_json_named_u64(&j, "chars", m->chars);
	kt_json_named_u64(&j, "messages", m->messages);
	kt_json_named_u64(&j, "tools", m->tools);
	kt_json_named_u64(&j, "words", m->words);
	kt_json_end_object(&j);
	return kt_line_end(&j);
}

/* The format that the upstream spoke. */
static enum kt_format
format_of(const struct kt_tape *t, uint64_t target)
{
	enum kt_format f = kt_endpoint_format(t->endpoint);

	return (f == KT_FORMAT_ANTHROPIC || f == KT_FORMAT_OPENAI) &&
	        target != KT_FORMAT_NONE ? (enum kt_format)target : f;
}

/* ---- answers ---- */

struct answer { /* of one attempt: events [from, to) */
	size_t from, to, head;
	enum kt_format format;
	bool has_head;
	struct kt_buf joined;
};

static enum kt_rc
join(struct call *c, struct answer *a)
{
	size_t n = 0;

	kt_buf_init(&a->joined, KT_SESSION_CALL_MAX);
	for (size_t i = a->from; i < a->to; i++) {
		const struct kt_tape_event *e = &c->t->events[i];

		if (e->kind == KT_SESSION_HEAD) {
			a->head = i;
			a->has_head = true;
		}
		if (e->kind != KT_SESSION_BODY)
			continue;
		if (kt_buf_add(&a->joined,
		        kt_tape_bytes(c->t, e->at, e->len)) < 0)
			return KT_E_LIMIT;
		c->ends[n++] = a->joined.len;
	}
	return KT_OK;
}

static enum kt_endpoint
endpoint_of(enum kt_format f)
{
	switch (f) {
	case KT_FORMAT_ANTHROPIC:
		return KT_ENDPOINT_MESSAGES;
	case KT_FORMAT_OPENAI:
		return KT_ENDPOINT_COMPLETIONS;
	case KT_FORMAT_RESPONSES:
		return KT_ENDPOINT_RESPONSES;
	case KT_FORMAT_NONE:
	case KT_NFORMATS:
		break;
	}
	return KT_ENDPOINT_PASSTHROUGH;
}

static bool
is_json(struct kt_span text)
{
	struct kt_json j;
	bool is;

	kt_json_init(&j, KT_ANSWER_MAX);
	is = kt_json_parse(&j, text, NULL) == KT_OK;
	kt_json_fini(&j);
	return is;
}

/* What passes unread is not written; nor what is read in another way than it
   stands there: events that are called JSON have their texts in pieces. */
static bool
passes_unread(const struct kt_tape *t, struct kt_span type, struct kt_span text)
{
	return is_chat(t->endpoint) ? text.len > 0 && !is_json(text) :
	    !kt_span_caseeq(kt_span_sub(type, 0, 16),
	        KT_SPAN("application/json"));
}

/* Scrubbed as what it is; c->ends then are those of the pieces. */
static enum kt_rc
scrub_answer(struct call *c, struct answer *a, size_t nends)
{
	const struct kt_tape_event *head = &c->t->events[a->head];
	struct kt_span type = header_of(
	    c->t, head->header, head->nheaders, KT_SPAN("content-type"));
	struct kt_span text = kt_buf_span(&a->joined);
	bool is_stream = kt_span_caseeq(kt_span_sub(type, 0, 17),
	    KT_SPAN("text/event-stream"));
	enum kt_rc rc;

	if (is_chat(c->t->endpoint) && is_stream && head->n < 400)
		return kt_scrub_stream(c->w->scrub, a->format, c->is_cut, text,
		    c->ends, nends, &c->answer);
	if (head->n < 400 && passes_unread(c->t, type, text))
		rc = kt_scrub_withhold(text.len, &c->answer);
	else
		rc = kt_scrub_body(c->w->scrub, endpoint_of(a->format),
		    KT_ANSWER, text, &c->answer);
	/* All with the last piece: of a whole, pieces mean nothing. */
	for (size_t i = 0; i < nends; i++)
		c->ends[i] = i + 1 == nends ? c->answer.text.len : 0;
	return rc;
}

static void
put_body(struct kt_json_writer *j, const struct kt_scrubbed *from, size_t at,
    size_t to)
{
	kt_json_named_array(j, "d");
	if (to > at && from->is_withheld)
		kt_line_fill(j, to - at);
	else if (to > at)
		kt_json_put_string(
		    j, kt_span_sub(kt_buf_span(&from->text), at, to - at));
	kt_json_end_array(j);
}

/* A piece may end inside a character: it then waits for the next one. */
static size_t
whole_characters(struct kt_span text, size_t at)
{
	while (at > 0 && at < text.len && ((uint8_t)text.ptr[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static enum kt_rc
write_event(struct call *c, const struct answer *a,
    const struct kt_tape_event *e, size_t at, size_t to)
{
	struct kt_json_writer j;
	enum kt_rc rc = KT_OK;

	kt_line_begin(&j, c->line);
	if (e->kind == KT_SESSION_SENT)
		kt_json_named_u64(&j, "b", e->n);
	if (e->kind == KT_SESSION_BODY)
		put_body(&j, &c->answer, at, to);
	kt_line_text(&j, "e", kt_span_of(kt_session_event_word(e->kind)));
	if (e->kind == KT_SESSION_FAIL)
		kt_json_named_u64(&j, "fault", e->n);
	if (e->kind == KT_SESSION_UP)
		kt_line_text(&j, "format", kt_span_of(kt_format_name(a->format)));
	if (e->kind == KT_SESSION_HEAD)
		rc = put_headers(c, &j, e->header, e->nheaders);
	kt_line_kind(&j, "ev");
	kt_json_named_u64(&j, "n", c->n);
	if (e->kind == KT_SESSION_HEAD)
		kt_json_named_u64(&j, "status", e->n);
	kt_json_named_u64(&j, "t", e->at_us);
	if (e->kind == KT_SESSION_UP)
		kt_line_text(&j, "target", kt_tape_bytes(c->t, e->at, e->len));
	return rc == KT_OK ? kt_line_end(&j) : rc;
}

static enum kt_rc
write_attempt(struct call *c, struct answer *a)
{
	size_t k = 0, at = 0, nends = 0;
	enum kt_rc rc = join(c, a);

	for (size_t i = a->from; i < a->to; i++)
		nends += c->t->events[i].kind == KT_SESSION_BODY;
	if (rc == KT_OK && a->has_head)
		rc = scrub_answer(c, a, nends);
	if (rc == KT_OK && c->answer.has_gaps)
		c->has_gaps = true;
	c->is_withheld |= c->answer.is_withheld && is_chat(c->t->endpoint);
	for (size_t i = a->from; i < a->to && rc == KT_OK; i++) {
		const struct kt_tape_event *e = &c->t->events[i];
		size_t to = at;

		if (e->kind == KT_SESSION_BODY)
			to = whole_characters(
			    kt_buf_span(&c->answer.text), c->ends[k++]);
		rc = write_event(c, a, e, at, to);
		at = to > at ? to : at;
	}
	if (rc == KT_OK && a->has_head)
		rc = kt_session_write_measures(
		    c->line, c->n, "measures.answer", &c->answer.measures);
	kt_buf_fini(&c->answer.text);
	c->answer = (struct kt_scrubbed){ 0 };
	kt_buf_fini(&a->joined);
	return rc;
}

static enum kt_rc
write_attempts(struct call *c)
{
	const struct kt_tape *t = c->t;
	enum kt_rc rc = KT_OK;

	for (size_t i = 0; i < t->n && rc == KT_OK;) {
		struct answer a = { .from = i, .to = i + 1,
			.format = format_of(t,
			    t->events[i].kind == KT_SESSION_UP ?
			        t->events[i].n : KT_FORMAT_NONE) };

		while (a.to < t->n && t->events[a.to].kind != KT_SESSION_UP)
			a.to++;
		rc = write_attempt(c, &a);
		i = a.to;
	}
	return rc;
}

static enum kt_rc
write_decision(struct call *c)
{
	struct kt_json_writer j;

	if (c->t->record.len > 0) {
		kt_line_begin(&j, c->line);
		kt_line_kind(&j, "dec");
		kt_json_named_u64(&j, "n", c->n);
		kt_json_named_raw(&j, "v", kt_buf_span(&c->t->record));
		if (kt_line_end(&j) < 0)
			return KT_E_LIMIT;
	}
	kt_line_begin(&j, c->line);
	kt_line_flag(&j, "gaps", c->has_gaps);
	kt_line_kind(&j, "end");
	kt_json_named_u64(&j, "n", c->n);
	kt_line_flag(&j, "withheld", c->is_withheld);
	return kt_line_end(&j);
}

static bool
was_cut(const struct kt_tape *t)
{
	static const char word[] = "\"outcome\":\"cut-by-policy\"";
	struct kt_span r = kt_buf_span(&t->record);

	for (size_t i = 0; i + sizeof(word) - 1 <= r.len; i++) {
		if (memcmp(r.ptr + i, word, sizeof(word) - 1) == 0)
			return true;
	}
	return false;
}

enum kt_rc
kt_session_write_call(struct kt_session_writer *w, const struct kt_tape *t,
    struct kt_buf *out, struct kt_err *err)
{
	struct kt_buf line;
	struct call c = { .w = w, .t = t, .out = out, .line = &line,
		.n = w->calls + 1, .is_cut = was_cut(t) };
	enum kt_rc rc = KT_E_LIMIT;

	if (t->is_torn)
		return kt_fail(err, KT_E_LIMIT, "larger than what is recorded");
	kt_buf_init(&line, LINES_MAX);
	c.ends = kt_alloc_array(t->n + 1, sizeof(*c.ends));
	if (c.ends != NULL)
		rc = scrub_request(&c);
	if (rc == KT_OK)
		rc = scrub_path(&c);
	if (rc == KT_OK)
		rc = write_request(&c);
	if (rc == KT_OK && !c.request.is_withheld)
		rc = kt_session_write_measures(
		    c.line, c.n, "measures.request", &c.request.measures);
	if (rc == KT_OK)
		rc = kt_session_write_media(t, w->scrub, &w->blobs, c.n, &line);
	if (rc == KT_OK)
		rc = write_attempts(&c);
	if (rc == KT_OK)
		rc = write_decision(&c);
	if (rc == KT_OK)
		rc = kt_buf_add(out, kt_buf_span(&line));
	kt_buf_fini(&line);
	kt_buf_fini(&c.request.text);
	kt_buf_fini(&c.path);
	kt_free(c.ends);
	w->calls++; /* its number is not used again in any case */
	if (rc == KT_OK)
		return KT_OK;
	/* What was to be in the file is not: begin anew. */
	for (size_t i = 0; i < BODIES_KEPT; i++)
		kt_body_fini(&w->kept[i].body);
	kt_blobs_fini(&w->blobs);
	return kt_fail(err, rc, "cannot be written as lines");
}

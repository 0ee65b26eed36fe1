/*
 * read - one line at a time, each by the strict index; what a line points to
 * stays where it is in the text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/json.h"
#include "json/text.h"
#include "session/session.h"

#define MEM_MAX ((size_t)1 << 30)

struct reader {
	struct kt_session *s;
	struct kt_json json;
	struct kt_span line;
	uint32_t root;
	size_t nline;
	bool has_meta;
	struct blob {
		uint64_t name;
		struct kt_span raw;
	} *blobs; /* a table with holes */
	size_t nblobs, blobs_cap;
	size_t calls_cap, npieces;
	/* The call under way; its lists grow and are moved when it ends. */
	struct kt_session_call call;
	struct kt_session_event *events;
	size_t nevents, events_cap;
	struct kt_session_medium *media;
	size_t nmedia, media_cap;
	bool is_open;
	struct kt_err *err;
};

static enum kt_rc
wrong(struct reader *r, const char *what)
{
	return kt_fail(r->err, KT_E_PARSE, "line %zu: %s", r->nline, what);
}

static enum kt_rc
full(struct reader *r)
{
	return kt_fail(r->err, KT_E_LIMIT, "line %zu: more than is read of a "
	    "session", r->nline);
}

/* ---- values ---- */

static uint32_t
find(const struct reader *r, uint32_t object, const char *name)
{
	return kt_json_member(&r->json, r->line, object, kt_span_of(name));
}

static bool
is_type(const struct reader *r, uint32_t n, enum kt_json_type type)
{
	return kt_json_type(&r->json, n) == type;
}

/* A copy without escapes; empty where there is none. */
static struct kt_span
text_of(struct reader *r, uint32_t n)
{
	struct kt_span raw, out = { 0 };

	if (!is_type(r, n, KT_JSON_STRING) && !is_type(r, n, KT_JSON_NAME))
		return out;
	raw = kt_json_string(&r->json, r->line, n);
	if (!kt_json_has_escapes(&r->json, n))
		return raw;
	return kt_json_unescape(raw, r->s->mem, &out, NULL) == KT_OK ? out :
	    (struct kt_span){ 0 };
}

static struct kt_span
text(struct reader *r, uint32_t object, const char *name)
{
	return text_of(r, find(r, object, name));
}

static uint64_t
number(const struct reader *r, uint32_t object, const char *name)
{
	uint64_t v = 0;

	(void)kt_json_u64(&r->json, r->line, find(r, object, name), &v);
	return v;
}

static bool
flag(const struct reader *r, uint32_t object, const char *name)
{
	bool v = false;

	(void)kt_json_bool(&r->json, find(r, object, name), &v); /* absent */
	return v;
}

static size_t
count(const struct reader *r, uint32_t list)
{
	size_t n = 0;

	for (uint32_t i = kt_json_first(&r->json, list); i != 0;
	     i = kt_json_next(&r->json, i))
		n++;
	return n;
}

/* ---- the first lines ---- */

static enum kt_rc
read_meta(struct reader *r)
{
	struct kt_session *s = r->s;
	uint32_t policy = find(r, r->root, "policy");
	uint32_t list = find(r, r->root, "detectors"), m;
	struct kt_session_detector *d;
	struct kt_span content = text(r, r->root, "content");

	if (r->has_meta)
		return wrong(r, "a second meta line");
	if (!kt_span_eq(text(r, r->root, "fmt"), KT_SPAN(KT_SESSION_FORMAT)))
		return wrong(r, "not a session of format " KT_SESSION_FORMAT);
	r->has_meta = true;
	s->id = text(r, r->root, "id");
	s->kt = text(r, r->root, "kt");
	s->source = text(r, r->root, "source");
	s->policy_hash = text(r, policy, "hash");
	s->policy_version = text(r, policy, "version");
	s->t0_us = number(r, r->root, "t0_us");
	s->is_facts_only = kt_span_eq(content, KT_SPAN("facts_only"));
	if (!s->is_facts_only && !kt_span_eq(content, KT_SPAN("redacted")))
		return wrong(r, "content is neither redacted nor facts_only");
	if (s->id.len == 0 || s->id.len > 64)
		return wrong(r, "a session needs an id");
	for (size_t i = 0; i < s->id.len; i++) {
		if (kt_span_find(KT_SPAN("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		        "abcdefghijklmnopqrstuvwxyz-_."), s->id.ptr[i]) == 65)
			return wrong(r, "an id of letters, digits and -_.");
	}
	if (!is_type(r, list, KT_JSON_OBJECT))
		return wrong(r, "detectors are not told");
	d = kt_arena_array(s->mem, count(r, list) + 1, sizeof(*d));
	if (d == NULL)
		return full(r);
	for (m = kt_json_first(&r->json, list); m != 0;
	     m = kt_json_next(&r->json, kt_json_value_of(&r->json, m)))
		d[s->ndetectors++] = (struct kt_session_detector){
			text_of(r, m), text_of(r, kt_json_value_of(&r->json, m)) };
	s->detectors = d;
	return KT_OK;
}

static enum kt_rc
read_state(struct reader *r)
{
	uint32_t list = find(
	    r, find(r, r->root, "v"), "targets.unavailable"), n;
	struct kt_span *to;

	if (!is_type(r, list, KT_JSON_ARRAY))
		return KT_OK; /* of a later kind */
	to = kt_arena_array(r->s->mem, count(r, list) + 1, sizeof(*to));
	if (to == NULL)
		return full(r);
	r->s->nunavailable = 0;
	for (n = kt_json_first(&r->json, list); n != 0;
	     n = kt_json_next(&r->json, n))
		to[r->s->nunavailable++] = text_of(r, n);
	r->s->unavailable = to;
	return KT_OK;
}

/* ---- blobs and pieces ---- */

static bool
blob_name(const struct reader *r, uint32_t n, uint64_t *out)
{
	struct kt_span s = kt_json_string(&r->json, r->line, n);
	uint8_t b[8];

	if (!is_type(r, n, KT_JSON_STRING) || s.len != 18 ||
	    !kt_span_starts(s, KT_SPAN("b:")) ||
	    !kt_unhex(kt_span_sub(s, 2, 16), b, sizeof(b)))
		return false;
	*out = 0;
	for (int i = 0; i < 8; i++)
		*out = *out << 8 | b[i];
	return true;
}

static struct blob *
blob_at(struct blob *table, size_t cap, uint64_t name)
{
	size_t i = (name * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (cap - 1);

	while (table[i].raw.ptr != NULL && table[i].name != name)
		i = (i + 1) & (cap - 1);
	return &table[i];
}

static enum kt_rc
read_blob(struct reader *r)
{
	uint32_t v = find(r, r->root, "v");
	uint64_t name;
	struct blob *to;

	if (!blob_name(r, find(r, r->root, "h"), &name) ||
	    !is_type(r, v, KT_JSON_STRING))
		return wrong(r, "a blob without a name or a text");
	if (r->nblobs * 2 >= r->blobs_cap) {
		size_t cap = r->blobs_cap ? 2 * r->blobs_cap : 1024;
		struct blob *table = kt_alloc_array(cap, sizeof(*table));

		if (table == NULL)
			return full(r);
		for (size_t i = 0; i < r->blobs_cap; i++) {
			if (r->blobs[i].raw.ptr != NULL)
				*blob_at(table, cap, r->blobs[i].name) =
				    r->blobs[i];
		}
		kt_free(r->blobs);
		r->blobs = table;
		r->blobs_cap = cap;
	}
	to = blob_at(r->blobs, r->blobs_cap, name);
	if (to->raw.ptr == NULL) {
		*to = (struct blob){ name, kt_json_string(&r->json, r->line, v) };
		r->nblobs++;
	}
	return KT_OK;
}

/* The call of that number; they come in order. */
static const struct kt_session_call *
call_of(const struct reader *r, uint64_t n)
{
	size_t from = 0, to = r->s->ncalls;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (r->s->calls[mid].n == n)
			return &r->s->calls[mid];
		if (r->s->calls[mid].n < n)
			from = mid + 1;
		else
			to = mid;
	}
	return NULL;
}

static enum kt_rc
read_piece(struct reader *r, uint32_t n, struct kt_session_piece *to)
{
	uint64_t name;
	const struct blob *b;

	if (is_type(r, n, KT_JSON_STRING)) {
		to->raw = kt_json_string(&r->json, r->line, n);
		return KT_OK;
	}
	if (find(r, n, "b") != 0) {
		if (!blob_name(r, find(r, n, "b"), &name) || r->blobs_cap == 0)
			return wrong(r, "a part that is nowhere");
		b = blob_at(r->blobs, r->blobs_cap, name);
		if (b->raw.ptr == NULL)
			return wrong(r, "a part that is nowhere");
		to->raw = b->raw;
		return KT_OK;
	}
	to->fill = number(r, n, "fill");
	if (to->fill == 0 || to->fill > KT_FILE_MAX)
		return wrong(r, "a part of no kind");
	return KT_OK;
}

static enum kt_rc
read_pieces(struct reader *r, uint32_t list,
    const struct kt_session_piece **out, size_t *nout)
{
	uint32_t n = kt_json_first(&r->json, list);
	const struct kt_session_call *like = NULL;
	uint64_t first = 0;
	size_t have = count(r, list), k = 0;
	struct kt_session_piece *to;

	if (!is_type(r, list, KT_JSON_ARRAY))
		return wrong(r, "a body that is no list");
	if (is_type(r, n, KT_JSON_OBJECT) && find(r, n, "of") != 0) {
		like = call_of(r, number(r, n, "of"));
		first = number(r, n, "first");
		if (like == NULL || first > like->npieces)
			return wrong(r, "begins like a call that is not there");
		n = kt_json_next(&r->json, n);
		have--;
	}
	if (have + first > KT_SESSION_PIECES_MAX - r->npieces)
		return full(r);
	r->npieces += have + first;
	to = kt_arena_array(r->s->mem, have + first + 1, sizeof(*to));
	if (to == NULL)
		return full(r);
	if (first > 0)
		memcpy(to, like->pieces, first * sizeof(*to));
	for (k = first; n != 0; n = kt_json_next(&r->json, n), k++) {
		if (read_piece(r, n, &to[k]) < 0)
			return r->err->rc;
	}
	*out = to;
	*nout = k;
	return KT_OK;
}

/* ---- calls ---- */

static enum kt_rc
read_headers(struct reader *r, const struct kt_header **out, size_t *nout)
{
	uint32_t list = find(r, r->root, "hdr"), n;
	size_t k = 0, have = count(r, list);
	struct kt_header *to;

	if (list == 0)
		return KT_OK;
	if (have > KT_HEADERS_MAX)
		return full(r);
	to = kt_arena_array(r->s->mem, have + 1, sizeof(*to));
	if (to == NULL)
		return full(r);
	for (n = kt_json_first(&r->json, list); n != 0;
	     n = kt_json_next(&r->json, n), k++) {
		uint32_t name = kt_json_first(&r->json, n);

		to[k].name = text_of(r, name);
		to[k].value = text_of(r, kt_json_next(&r->json, name));
		if (!kt_header_is_name(to[k].name) ||
		    !kt_header_is_value(to[k].value))
			return wrong(r, "a header that is none");
	}
	*out = to;
	*nout = k;
	return KT_OK;
}

static enum kt_rc
read_request(struct reader *r)
{
	struct kt_session_call *c = &r->call;
	uint32_t who = find(r, r->root, "who");

	if (r->is_open)
		return wrong(r, "a call begins inside another");
	*c = (struct kt_session_call){ .line = r->nline,
		.n = number(r, r->root, "n"),
		.at_us = number(r, r->root, "t"),
		.asked_us = number(r, r->root, "asked"),
		.method = text(r, r->root, "m"),
		.path = text(r, r->root, "path"),
		.conversation = text(r, r->root, "conv"),
		.caller = { .id = text(r, who, "id"),
		    .kind = text(r, who, "kind"),
		    .auth_method = text(r, who, "auth"),
		    .token_id = text(r, who, "token"),
		    .group = text(r, who, "group"),
		    .lacks_scope = flag(r, who, "unscoped") },
		.is_tls = flag(r, r->root, "tls"),
		.is_audit_up = !flag(r, r->root, "unaudited"),
		.has_body = !flag(r, r->root, "empty"),
		.has_gaps = flag(r, r->root, "gaps"),
		.is_withheld = flag(r, r->root, "withheld") };
	if (r->s->ncalls > 0 && c->n <= r->s->calls[r->s->ncalls - 1].n)
		return wrong(r, "calls are not in order");
	if (c->n == 0 || c->method.len == 0 || c->path.len == 0 ||
	    !kt_header_is_name(c->method) || !kt_header_is_value(c->path))
		return wrong(r, "a request without number, method or path");
	if (read_headers(r, &c->headers, &c->nheaders) < 0)
		return r->err->rc;
	r->is_open = true;
	r->nevents = r->nmedia = 0;
	return read_pieces(
	    r, find(r, r->root, "body"), &c->pieces, &c->npieces);
}

static enum kt_rc
read_said(struct reader *r, uint32_t n, struct kt_session_said *to)
{
	to->page = (uint32_t)number(r, n, "page");
	if (!kt_media_source_of(text(r, n, "source"), &to->source))
		return wrong(r, "a text of a medium that stood nowhere");
	return read_pieces(r, find(r, n, "text"), &to->pieces, &to->npieces);
}

static enum kt_rc
read_texts(struct reader *r, uint32_t list, struct kt_session_medium *m)
{
	struct kt_session_said *to =
	    kt_arena_array(r->s->mem, count(r, list) + 1, sizeof(*to));

	if (to == NULL)
		return full(r);
	m->said = to;
	for (uint32_t n = kt_json_first(&r->json, list); n != 0;
	     n = kt_json_next(&r->json, n)) {
		if (read_said(r, n, &to[m->nsaid++]) < 0)
			return r->err->rc;
	}
	return KT_OK;
}

static enum kt_rc
read_medium(struct reader *r, uint32_t v, bool is_file)
{
	struct kt_session_medium m = { .number = number(r, v, "number"),
		.pages = (uint32_t)number(r, v, "pages"),
		.id = text(r, v, "id"), .found = text(r, v, "found") };
	struct kt_span word = text(r, v, "why");
	unsigned why = 0;
	void *p = r->media;

	while (why < KT_MEDIA_NWHYS && !kt_span_eq(word, kt_span_of(
	           kt_media_why_word((enum kt_media_why)why))))
		why++;
	if (is_file ? m.id.len == 0 :
	        m.number == 0 || why == KT_MEDIA_NWHYS)
		return wrong(r, "a medium without a number, or why");
	m.is_guard = kt_span_eq(text(r, r->root, "name"), KT_SPAN("guard"));
	if (m.is_guard)
		m.found = text(r, v, "says");
	m.why = is_file ? KT_MEDIA_WHY_NOTHING : (enum kt_media_why)why;
	if (!is_file && read_texts(r, find(r, v, "texts"), &m) < 0)
		return r->err->rc;
	if (kt_grow(&p, &r->media_cap, r->nmedia + 1, sizeof(m)) < 0)
		return full(r);
	r->media = p;
	r->media[r->nmedia++] = m;
	return KT_OK;
}

static enum kt_rc
read_fact(struct reader *r)
{
	struct kt_span name = text(r, r->root, "name");
	uint32_t v = find(r, r->root, "v");
	struct kt_measures *m;
	int which = kt_span_eq(name, KT_SPAN("measures.answer"));

	if (kt_span_eq(name, KT_SPAN("medium")))
		return read_medium(r, v, false);
	if (kt_span_eq(name, KT_SPAN("recall")) ||
	    kt_span_eq(name, KT_SPAN("guard")))
		return read_medium(r, v, true);

	if (!which && !kt_span_eq(name, KT_SPAN("measures.request")))
		return KT_OK; /* of a later kind */
	m = kt_arena_alloc(r->s->mem, sizeof(*m));
	if (m == NULL)
		return full(r);
	*m = (struct kt_measures){ .bytes = number(r, v, "bytes"),
		.chars = number(r, v, "chars"), .words = number(r, v, "words"),
		.messages = number(r, v, "messages"),
		.tools = number(r, v, "tools"),
		.attachment_bytes = number(r, v, "attachments") };
	r->call.measures[which] = m;
	return KT_OK;
}

static enum kt_rc
read_event(struct reader *r)
{
	struct kt_session_event e = { .at_us = number(r, r->root, "t") };
	struct kt_span word = text(r, r->root, "e");
	struct kt_span format = text(r, r->root, "format");
	unsigned k = 0;
	void *p = r->events;

	while (k < KT_NSESSION_EVENTS && !kt_span_eq(word, kt_span_of(
	           kt_session_event_word((enum kt_session_event_kind)k))))
		k++;
	if (k == KT_NSESSION_EVENTS)
		return KT_OK; /* of a later kind */
	e.kind = (enum kt_session_event_kind)k;
	switch (e.kind) {
	case KT_SESSION_UP:
		e.target = text(r, r->root, "target");
		for (unsigned f = 0; f < KT_NFORMATS; f++) {
			if (kt_span_eq(format, kt_span_of(
			        kt_format_name((enum kt_format)f))))
				e.format = (enum kt_format)f;
		}
		break;
	case KT_SESSION_HEAD:
		e.n = number(r, r->root, "status");
		if (e.n < 100 || e.n > 999)
			return wrong(r, "a status that is none");
		if (read_headers(r, &e.headers, &e.nheaders) < 0)
			return r->err->rc;
		break;
	case KT_SESSION_BODY:
		if (read_pieces(r, find(r, r->root, "d"), &e.pieces,
		        &e.npieces) < 0)
			return r->err->rc;
		break;
	case KT_SESSION_FAIL:
		e.n = number(r, r->root, "fault");
		if (e.n < KT_FAULT_CONNECT || e.n > KT_FAULT_TIMEOUT)
			return wrong(r, "a fault that is none");
		break;
	case KT_SESSION_SENT:
		e.n = number(r, r->root, "b");
		break;
	case KT_SESSION_END:
	case KT_SESSION_GONE:
	case KT_SESSION_STOP:
	case KT_SESSION_LOST:
	case KT_NSESSION_EVENTS:
		break;
	}
	if (r->nevents > 0 && e.at_us < r->events[r->nevents - 1].at_us)
		return wrong(r, "time goes back");
	if (kt_grow(&p, &r->events_cap, r->nevents + 1, sizeof(e)) < 0)
		return full(r);
	r->events = p;
	r->events[r->nevents++] = e;
	return KT_OK;
}

static enum kt_rc
end_call(struct reader *r)
{
	struct kt_session *s = r->s;
	struct kt_session_call *c = &r->call;
	void *p = s->calls;

	if (s->ncalls == KT_SESSION_CALLS_MAX ||
	    kt_grow(&p, &r->calls_cap, s->ncalls + 1, sizeof(*c)) < 0)
		return full(r);
	s->calls = p;
	c->has_gaps |= flag(r, r->root, "gaps");
	c->is_withheld |= flag(r, r->root, "withheld");
	c->events = kt_arena_array(s->mem, r->nevents + 1, sizeof(*c->events));
	if (c->events == NULL)
		return full(r);
	if (r->nevents > 0)
		memcpy(c->events, r->events, r->nevents * sizeof(*c->events));
	c->nevents = r->nevents;
	c->media = kt_arena_array(s->mem, r->nmedia + 1, sizeof(*c->media));
	if (c->media == NULL)
		return full(r);
	if (r->nmedia > 0)
		memcpy(c->media, r->media, r->nmedia * sizeof(*c->media));
	c->nmedia = r->nmedia;
	s->calls[s->ncalls++] = *c;
	r->is_open = false;
	return KT_OK;
}

/* ---- lines ---- */

static enum kt_rc
read_of_call(struct reader *r, struct kt_span k)
{
	if (!r->is_open || number(r, r->root, "n") != r->call.n)
		return wrong(r, "belongs to no call");
	if (kt_span_eq(k, KT_SPAN("fact")))
		return read_fact(r);
	if (kt_span_eq(k, KT_SPAN("ev")))
		return read_event(r);
	if (kt_span_eq(k, KT_SPAN("end")))
		return end_call(r);
	r->call.record = kt_json_raw(&r->json, r->line, find(r, r->root, "v"));
	return is_type(r, find(r, r->root, "v"), KT_JSON_OBJECT) ? KT_OK :
	    wrong(r, "a decision that is no record");
}

static enum kt_rc
read_line(struct reader *r)
{
	struct kt_span k = text(r, r->root, "k");

	if (!is_type(r, r->root, KT_JSON_OBJECT) || k.len == 0)
		return wrong(r, "not an object with a member k");
	if (kt_span_eq(k, KT_SPAN("meta")))
		return read_meta(r);
	if (!r->has_meta)
		return wrong(r, "a session begins with its meta line");
	if (kt_span_eq(k, KT_SPAN("state")))
		return read_state(r);
	if (kt_span_eq(k, KT_SPAN("blob")))
		return read_blob(r);
	if (kt_span_eq(k, KT_SPAN("req")))
		return read_request(r);
	if (kt_span_eq(k, KT_SPAN("lost"))) {
		r->s->nlost += number(r, r->root, "calls");
		return KT_OK;
	}
	if (kt_span_eq(k, KT_SPAN("fact")) || kt_span_eq(k, KT_SPAN("ev")) ||
	    kt_span_eq(k, KT_SPAN("dec")) || kt_span_eq(k, KT_SPAN("end")))
		return read_of_call(r, k);
	return KT_OK; /* of a later kind */
}

static enum kt_rc
read_lines(struct reader *r, struct kt_span rest)
{
	while (rest.len > 0) {
		size_t len = kt_span_find(rest, '\n');
		bool is_last = len == rest.len;
		struct kt_err why = { 0 };

		r->nline++;
		r->line = kt_span_sub(rest, 0, len);
		rest = kt_span_sub(rest, len + 1, rest.len);
		kt_json_reset(&r->json, KT_SESSION_LINE_MAX);
		if (kt_json_parse(&r->json, r->line, &why) < 0) {
			if (is_last && r->has_meta) {
				r->s->cut_line = r->nline;
				return KT_OK;
			}
			return kt_fail(r->err, why.rc, "line %zu: %s", r->nline,
			    why.text);
		}
		r->root = kt_json_root(&r->json);
		if (read_line(r) < 0)
			return r->err->rc;
		if (kt_arena_is_full(r->s->mem))
			return full(r);
	}
	return KT_OK;
}

enum kt_rc
kt_session_read(struct kt_session *s, struct kt_span text, struct kt_err *err)
{
	struct reader r = { .s = s, .err = err };
	enum kt_rc rc;

	*s = (struct kt_session){ .text = text };
	s->mem = kt_arena_new(MEM_MAX);
	if (s->mem == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	kt_json_init(&r.json, KT_SESSION_LINE_MAX);
	rc = text.len > KT_SESSION_FILE_MAX ? full(&r) : read_lines(&r, text);
	if (rc == KT_OK && !r.has_meta)
		rc = wrong(&r, "not a session: there is no meta line");
	if (rc == KT_OK && r.is_open && s->cut_line == 0)
		s->cut_line = r.nline;
	kt_json_fini(&r.json);
	kt_free(r.blobs);
	kt_free(r.events);
	kt_free(r.media);
	return rc;
}

void
kt_session_fini(struct kt_session *s)
{
	kt_free(s->calls);
	kt_arena_free(&s->mem);
	*s = (struct kt_session){ 0 };
}

enum kt_rc
kt_session_join(const struct kt_session_piece *p, size_t n, struct kt_buf *out)
{
	enum kt_rc rc = KT_OK;

	for (size_t i = 0; i < n && rc == KT_OK; i++) {
		if (p[i].fill == 0) {
			rc = kt_json_unescape_add(out, p[i].raw);
			continue;
		}
		rc = kt_buf_reserve(out, p[i].fill);
		if (rc < 0)
			break;
		memset(out->ptr + out->len, 'A', p[i].fill);
		out->len += p[i].fill;
	}
	return rc;
}

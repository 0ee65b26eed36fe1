/*
 * copy - what was read still has its escapes, and is written with them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "session/copy.h"
#include "session/line.h"
#include "session/session_priv.h"

struct kt_session_copy {
	struct kt_blobs blobs; /* that are written */
};

struct kt_session_copy *
kt_session_copy_new(void)
{
	return kt_alloc(sizeof(struct kt_session_copy));
}

void
kt_session_copy_free(struct kt_session_copy **c)
{
	if (*c == NULL)
		return;
	kt_blobs_fini(&(*c)->blobs);
	kt_free(*c);
	*c = NULL;
}

enum kt_rc
kt_session_copy_head(const struct kt_session *s, struct kt_span id,
    uint64_t t0_us, struct kt_buf *out)
{
	struct kt_json_writer j;

	kt_line_begin(&j, out);
	kt_line_text(&j, "content", s->is_facts_only ? KT_SPAN("facts_only") :
	                                      KT_SPAN("redacted"));
	kt_json_named_object(&j, "detectors");
	for (size_t i = 0; i < s->ndetectors; i++) {
		kt_json_put_name_span(&j, s->detectors[i].id);
		kt_json_put_string(&j, s->detectors[i].digest);
	}
	kt_json_end_object(&j);
	kt_line_text(&j, "fmt", KT_SPAN(KT_SESSION_FORMAT));
	kt_line_text(&j, "id", id);
	kt_line_kind(&j, "meta");
	kt_line_text(&j, "kt", s->kt);
	kt_json_named_object(&j, "policy");
	kt_line_text(&j, "hash", s->policy_hash);
	kt_line_text(&j, "version", s->policy_version);
	kt_json_end_object(&j);
	kt_line_text(&j, "source", s->source);
	kt_json_named_u64(&j, "t0_us", t0_us);
	if (kt_line_end(&j) < 0)
		return KT_E_LIMIT;
	kt_line_begin(&j, out);
	kt_json_named_u64(&j, "at", 0);
	kt_line_kind(&j, "state");
	kt_json_named_object(&j, "v");
	kt_json_named_array(&j, "targets.unavailable");
	for (size_t i = 0; i < s->nunavailable; i++)
		kt_json_put_string(&j, s->unavailable[i]);
	kt_json_end_array(&j);
	kt_json_end_object(&j);
	return kt_line_end(&j);
}

/* ---- pieces ---- */

static void
put_quoted(struct kt_json_writer *j, struct kt_span raw)
{
	struct kt_buf b;

	kt_buf_init(&b, KT_SESSION_LINE_MAX);
	if (kt_buf_addc(&b, '"') < 0 || kt_buf_add(&b, raw) < 0 ||
	    kt_buf_addc(&b, '"') < 0)
		j->rc = KT_E_LIMIT;
	kt_json_put_raw(j, kt_buf_span(&b));
	kt_buf_fini(&b);
}

static enum kt_rc
write_blobs(struct kt_session_copy *c, const struct kt_session_piece *p,
    size_t n, struct kt_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		struct kt_span raw = p[i].raw;
		uint64_t name;
		bool is_new;
		struct kt_json_writer j;

		if (raw.len < KT_BLOB_MIN)
			continue;
		name = kt_blob_name(raw);
		if (kt_blobs_add(&c->blobs, name, &is_new) < 0)
			return KT_E_LIMIT;
		if (!is_new)
			continue;
		kt_line_begin(&j, out);
		kt_blob_put_name(&j, "h", name);
		kt_line_kind(&j, "blob");
		kt_json_put_name(&j, "v");
		put_quoted(&j, raw);
		if (kt_line_end(&j) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static void
put_pieces(struct kt_json_writer *j, const char *name,
    const struct kt_session_piece *p, size_t n, bool has_blobs)
{
	kt_json_named_array(j, name);
	for (size_t i = 0; i < n; i++) {
		if (p[i].fill > 0) {
			kt_line_fill(j, p[i].fill);
		} else if (has_blobs && p[i].raw.len >= KT_BLOB_MIN) {
			kt_json_begin_object(j);
			kt_blob_put_name(j, "b", kt_blob_name(p[i].raw));
			kt_json_end_object(j);
		} else {
			put_quoted(j, p[i].raw);
		}
	}
	kt_json_end_array(j);
}

static void
put_headers(struct kt_json_writer *j, const struct kt_header *h, size_t n)
{
	kt_json_named_array(j, "hdr");
	for (size_t i = 0; i < n; i++) {
		kt_json_begin_array(j);
		kt_json_put_string(j, h[i].name);
		kt_json_put_string(j, h[i].value);
		kt_json_end_array(j);
	}
	kt_json_end_array(j);
}

/* ---- a call ---- */

static enum kt_rc
copy_request(const struct kt_session_call *c, uint64_t n, uint64_t at_us,
    struct kt_buf *out)
{
	struct kt_json_writer j;

	kt_line_begin(&j, out);
	kt_json_named_u64(&j, "asked", c->asked_us);
	put_pieces(&j, "body", c->pieces, c->npieces, true);
	kt_line_text(&j, "conv", c->conversation);
	kt_line_flag(&j, "empty", !c->has_body);
	kt_line_flag(&j, "gaps", c->has_gaps);
	put_headers(&j, c->headers, c->nheaders);
	kt_line_kind(&j, "req");
	kt_line_text(&j, "m", c->method);
	kt_json_named_u64(&j, "n", n);
	kt_line_text(&j, "path", c->path);
	kt_json_named_u64(&j, "t", at_us);
	kt_line_flag(&j, "tls", c->is_tls);
	kt_line_flag(&j, "unaudited", !c->is_audit_up);
	kt_json_named_object(&j, "who");
	kt_line_text(&j, "auth", c->caller.auth_method);
	kt_line_text(&j, "group", c->caller.group);
	kt_line_text(&j, "id", c->caller.id);
	kt_line_text(&j, "kind", c->caller.kind);
	kt_line_text(&j, "token", c->caller.token_id);
	kt_line_flag(&j, "unscoped", c->caller.lacks_scope);
	kt_json_end_object(&j);
	kt_line_flag(&j, "withheld", c->is_withheld);
	return kt_line_end(&j);
}

static void
put_said(struct kt_json_writer *j, const struct kt_session_medium *m)
{
	kt_json_named_array(j, "texts");
	for (size_t i = 0; i < m->nsaid; i++) {
		const struct kt_session_said *said = &m->said[i];

		kt_json_begin_object(j);
		kt_json_named_u64(j, "page", said->page);
		kt_line_text(j, "source",
		    kt_span_of(kt_media_source_word(said->source)));
		put_pieces(j, "text", said->pieces, said->npieces, true);
		kt_json_end_object(j);
	}
	kt_json_end_array(j);
}

static enum kt_rc
copy_medium(struct kt_session_copy *c, const struct kt_session_medium *m,
    uint64_t n, struct kt_buf *out)
{
	bool is_file = m->id.len > 0;
	struct kt_json_writer j;

	for (size_t i = 0; i < m->nsaid; i++) {
		if (write_blobs(c, m->said[i].pieces, m->said[i].npieces, out) < 0)
			return KT_E_LIMIT;
	}
	kt_line_begin(&j, out);
	kt_line_kind(&j, "fact");
	kt_json_named_u64(&j, "n", n);
	kt_line_text(&j, "name", m->is_guard ? KT_SPAN("guard") :
	    is_file ? KT_SPAN("recall") : KT_SPAN("medium"));
	kt_json_named_object(&j, "v");
	if (m->is_guard) {
		kt_line_text(&j, "id", m->id);
		kt_line_text(&j, "says", m->found);
	} else if (is_file) {
		kt_line_text(&j, "found", m->found);
		kt_line_text(&j, "id", m->id);
	} else {
		kt_json_named_u64(&j, "number", m->number);
		kt_json_named_u64(&j, "pages", m->pages);
		put_said(&j, m);
		kt_line_text(&j, "why", kt_span_of(kt_media_why_word(m->why)));
	}
	kt_json_end_object(&j);
	return kt_line_end(&j);
}

static enum kt_rc
copy_event(const struct kt_session_event *e, uint64_t n, struct kt_buf *out)
{
	struct kt_json_writer j;

	kt_line_begin(&j, out);
	if (e->kind == KT_SESSION_SENT)
		kt_json_named_u64(&j, "b", e->n);
	if (e->kind == KT_SESSION_BODY)
		put_pieces(&j, "d", e->pieces, e->npieces, false);
	kt_line_text(&j, "e", kt_span_of(kt_session_event_word(e->kind)));
	if (e->kind == KT_SESSION_FAIL)
		kt_json_named_u64(&j, "fault", e->n);
	if (e->kind == KT_SESSION_UP)
		kt_line_text(&j, "format", kt_span_of(kt_format_name(e->format)));
	if (e->kind == KT_SESSION_HEAD)
		put_headers(&j, e->headers, e->nheaders);
	kt_line_kind(&j, "ev");
	kt_json_named_u64(&j, "n", n);
	if (e->kind == KT_SESSION_HEAD)
		kt_json_named_u64(&j, "status", e->n);
	kt_json_named_u64(&j, "t", e->at_us);
	kt_line_text(&j, "target", e->target);
	return kt_line_end(&j);
}

enum kt_rc
kt_session_copy_call(struct kt_session_copy *c,
    const struct kt_session_call *call, uint64_t n, uint64_t at_us,
    struct kt_buf *out)
{
	struct kt_json_writer j;
	enum kt_rc rc = write_blobs(c, call->pieces, call->npieces, out);

	if (rc == KT_OK)
		rc = copy_request(call, n, at_us, out);
	if (rc == KT_OK)
		rc = kt_session_write_measures(
		    out, n, "measures.request", call->measures[0]);
	if (rc == KT_OK)
		rc = kt_session_write_measures(
		    out, n, "measures.answer", call->measures[1]);
	for (size_t i = 0; rc == KT_OK && i < call->nmedia; i++)
		rc = copy_medium(c, &call->media[i], n, out);
	for (size_t i = 0; rc == KT_OK && i < call->nevents; i++)
		rc = copy_event(&call->events[i], n, out);
	if (rc == KT_OK && call->record.len > 0) {
		kt_line_begin(&j, out);
		kt_line_kind(&j, "dec");
		kt_json_named_u64(&j, "n", n);
		kt_json_named_raw(&j, "v", call->record);
		rc = kt_line_end(&j);
	}
	kt_line_begin(&j, out);
	kt_line_kind(&j, "end");
	kt_json_named_u64(&j, "n", n);
	return rc == KT_OK ? kt_line_end(&j) : rc;
}

bool
kt_session_is_alike(const struct kt_session *a, const struct kt_session *b)
{
	if (!kt_span_eq(a->policy_hash, b->policy_hash) ||
	    a->is_facts_only != b->is_facts_only ||
	    a->ndetectors != b->ndetectors ||
	    a->nunavailable != b->nunavailable)
		return false;
	for (size_t i = 0; i < a->ndetectors; i++) {
		if (!kt_span_eq(a->detectors[i].id, b->detectors[i].id) ||
		    !kt_span_eq(a->detectors[i].digest, b->detectors[i].digest))
			return false;
	}
	for (size_t i = 0; i < a->nunavailable; i++) {
		if (!kt_span_eq(a->unavailable[i], b->unavailable[i]))
			return false;
	}
	return true;
}

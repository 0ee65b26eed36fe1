/*
 * copy - what was read still has its escapes, and is written with them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "audit/audit.h"
#include "json/write.h"
#include "session/copy.h"

#define BLOB_MIN 256

struct kt_session_copy {
	uint64_t *names; /* of blobs that are written, as a list */
	size_t n, cap;
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
	kt_free((*c)->names);
	kt_free(*c);
	*c = NULL;
}

static void
begin(struct kt_json_writer *j, struct kt_buf *out)
{
	kt_json_writer_init(j, out);
	kt_json_begin_object(j);
}

static enum kt_rc
end(struct kt_json_writer *j)
{
	kt_json_end_object(j);
	return kt_json_written(j) < 0 ? kt_json_written(j) :
	                                kt_buf_addc(j->out, '\n');
}

static void
put(struct kt_json_writer *j, const char *name, struct kt_span value)
{
	if (value.len == 0)
		return;
	kt_json_put_name(j, name);
	kt_json_put_string(j, value);
}

static void
number(struct kt_json_writer *j, const char *name, uint64_t v)
{
	kt_json_put_name(j, name);
	kt_json_put_u64(j, v);
}

static void
flag(struct kt_json_writer *j, const char *name, bool v)
{
	if (!v)
		return;
	kt_json_put_name(j, name);
	kt_json_put_bool(j, true);
}

static void
kind(struct kt_json_writer *j, const char *k)
{
	put(j, "k", kt_span_of(k));
}

enum kt_rc
kt_session_copy_head(const struct kt_session *s, struct kt_span id,
    uint64_t t0_us, struct kt_buf *out)
{
	struct kt_json_writer j;

	begin(&j, out);
	put(&j, "content", s->is_facts_only ? KT_SPAN("facts_only") :
	                                      KT_SPAN("redacted"));
	kt_json_put_name(&j, "detectors");
	kt_json_begin_object(&j);
	for (size_t i = 0; i < s->ndetectors; i++) {
		kt_json_put_name_span(&j, s->detectors[i].id);
		kt_json_put_string(&j, s->detectors[i].digest);
	}
	kt_json_end_object(&j);
	put(&j, "fmt", KT_SPAN(KT_SESSION_FORMAT));
	put(&j, "id", id);
	kind(&j, "meta");
	put(&j, "kt", s->kt);
	kt_json_put_name(&j, "policy");
	kt_json_begin_object(&j);
	put(&j, "hash", s->policy_hash);
	put(&j, "version", s->policy_version);
	kt_json_end_object(&j);
	put(&j, "source", s->source);
	number(&j, "t0_us", t0_us);
	if (end(&j) < 0)
		return KT_E_LIMIT;
	begin(&j, out);
	number(&j, "at", 0);
	kind(&j, "state");
	kt_json_put_name(&j, "v");
	kt_json_begin_object(&j);
	kt_json_put_name(&j, "targets.unavailable");
	kt_json_begin_array(&j);
	for (size_t i = 0; i < s->nunavailable; i++)
		kt_json_put_string(&j, s->unavailable[i]);
	kt_json_end_array(&j);
	kt_json_end_object(&j);
	return end(&j);
}

/* ---- pieces ---- */

static uint64_t
name_of(struct kt_span s)
{
	uint8_t digest[KT_AUDIT_HASH];
	uint64_t name = 0;

	kt_audit_sha256(s, digest);
	for (int i = 0; i < 8; i++)
		name = name << 8 | digest[i];
	return name;
}

static void
write_name(uint64_t name, char text[static 20])
{
	(void)snprintf(text, 20, "b:%016llx", (unsigned long long)name);
}

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

static bool
is_written(const struct kt_session_copy *c, uint64_t name)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->names[i] == name)
			return true;
	}
	return false;
}

static enum kt_rc
write_blobs(struct kt_session_copy *c, const struct kt_session_call *call,
    struct kt_buf *out)
{
	for (size_t i = 0; i < call->npieces; i++) {
		struct kt_span raw = call->pieces[i].raw;
		uint64_t name = name_of(raw);
		void *p = c->names;
		char text[20];
		struct kt_json_writer j;

		if (raw.len < BLOB_MIN || is_written(c, name))
			continue;
		if (kt_grow(&p, &c->cap, c->n + 1, sizeof(name)) < 0)
			return KT_E_LIMIT;
		c->names = p;
		c->names[c->n++] = name;
		begin(&j, out);
		write_name(name, text);
		put(&j, "h", kt_span_of(text));
		kind(&j, "blob");
		kt_json_put_name(&j, "v");
		put_quoted(&j, raw);
		if (end(&j) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static void
put_pieces(struct kt_json_writer *j, const char *name,
    const struct kt_session_piece *p, size_t n, bool has_blobs)
{
	kt_json_put_name(j, name);
	kt_json_begin_array(j);
	for (size_t i = 0; i < n; i++) {
		if (p[i].fill > 0) {
			kt_json_begin_object(j);
			number(j, "fill", p[i].fill);
			kt_json_end_object(j);
		} else if (has_blobs && p[i].raw.len >= BLOB_MIN) {
			char text[20];

			write_name(name_of(p[i].raw), text);
			kt_json_begin_object(j);
			put(j, "b", kt_span_of(text));
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
	kt_json_put_name(j, "hdr");
	kt_json_begin_array(j);
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

	begin(&j, out);
	number(&j, "asked", c->asked_us);
	put_pieces(&j, "body", c->pieces, c->npieces, true);
	put(&j, "conv", c->conversation);
	flag(&j, "empty", !c->has_body);
	flag(&j, "gaps", c->has_gaps);
	put_headers(&j, c->headers, c->nheaders);
	kind(&j, "req");
	put(&j, "m", c->method);
	number(&j, "n", n);
	put(&j, "path", c->path);
	number(&j, "t", at_us);
	flag(&j, "tls", c->is_tls);
	flag(&j, "unaudited", !c->is_audit_up);
	kt_json_put_name(&j, "who");
	kt_json_begin_object(&j);
	put(&j, "auth", c->caller.auth_method);
	put(&j, "group", c->caller.group);
	put(&j, "id", c->caller.id);
	put(&j, "kind", c->caller.kind);
	put(&j, "token", c->caller.token_id);
	flag(&j, "unscoped", c->caller.lacks_scope);
	kt_json_end_object(&j);
	flag(&j, "withheld", c->is_withheld);
	return end(&j);
}

static enum kt_rc
copy_measures(const struct kt_measures *m, const char *name, uint64_t n,
    struct kt_buf *out)
{
	struct kt_json_writer j;

	if (m == NULL)
		return KT_OK;
	begin(&j, out);
	kind(&j, "fact");
	number(&j, "n", n);
	put(&j, "name", kt_span_of(name));
	kt_json_put_name(&j, "v");
	kt_json_begin_object(&j);
	number(&j, "attachments", m->attachment_bytes);
	number(&j, "bytes", m->bytes);
	number(&j, "chars", m->chars);
	number(&j, "messages", m->messages);
	number(&j, "tools", m->tools);
	number(&j, "words", m->words);
	kt_json_end_object(&j);
	return end(&j);
}

static enum kt_rc
copy_event(const struct kt_session_event *e, uint64_t n, struct kt_buf *out)
{
	struct kt_json_writer j;

	begin(&j, out);
	if (e->kind == KT_SESSION_SENT)
		number(&j, "b", e->n);
	if (e->kind == KT_SESSION_BODY)
		put_pieces(&j, "d", e->pieces, e->npieces, false);
	put(&j, "e", kt_span_of(kt_session_event_word(e->kind)));
	if (e->kind == KT_SESSION_FAIL)
		number(&j, "fault", e->n);
	if (e->kind == KT_SESSION_UP)
		put(&j, "format", kt_span_of(kt_format_name(e->format)));
	if (e->kind == KT_SESSION_HEAD)
		put_headers(&j, e->headers, e->nheaders);
	kind(&j, "ev");
	number(&j, "n", n);
	if (e->kind == KT_SESSION_HEAD)
		number(&j, "status", e->n);
	number(&j, "t", e->at_us);
	put(&j, "target", e->target);
	return end(&j);
}

enum kt_rc
kt_session_copy_call(struct kt_session_copy *c,
    const struct kt_session_call *call, uint64_t n, uint64_t at_us,
    struct kt_buf *out)
{
	struct kt_json_writer j;
	enum kt_rc rc = write_blobs(c, call, out);

	if (rc == KT_OK)
		rc = copy_request(call, n, at_us, out);
	if (rc == KT_OK)
		rc = copy_measures(call->measures[0], "measures.request", n, out);
	if (rc == KT_OK)
		rc = copy_measures(call->measures[1], "measures.answer", n, out);
	for (size_t i = 0; rc == KT_OK && i < call->nevents; i++)
		rc = copy_event(&call->events[i], n, out);
	if (rc == KT_OK && call->record.len > 0) {
		begin(&j, out);
		kind(&j, "dec");
		number(&j, "n", n);
		kt_json_put_name(&j, "v");
		kt_json_put_raw(&j, call->record);
		rc = end(&j);
	}
	begin(&j, out);
	kind(&j, "end");
	number(&j, "n", n);
	return rc == KT_OK ? end(&j) : rc;
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

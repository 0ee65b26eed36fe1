/*
 * upload - a file on its way to a vendor's store.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where no policy reads files, bytes are piped as they come and told as
 * unread.  Else they are held until all are there, their parts are read and
 * judged, and the body goes up as it came, also when it is encoded.  What is
 * larger than a body may be is not held: it is told as unread, too.
 */
#include "exchange/exchange_priv.h"

#define ID_MAX 256

static uint64_t
most(const struct kt_exchange *x)
{
	return (uint64_t)x->program->settings->gateway.max_file_bytes;
}

/* Bytes go on as they come from now on. */
static void
pass(struct kt_exchange *x)
{
	struct kt_x_verdict *v = &x->request_verdict;

	x->decision = KT_ACTION_IGNORE;
	if (!x->is_request_complete) {
		x->request_counts.count[KT_COMPONENT_FILES] = 1;
		if (kt_x_note_uninspectable(x, v, KT_COMPONENT_FILES) ==
		    KT_ACTION_BLOCK) {
			kt_x_refuse(x, v->reason, v->policy, NULL);
			return;
		}
	}
	kt_x_dispatch(x);
}

void
kt_x_upload_begin(struct kt_exchange *x)
{
	struct kt_span type = kt_x_header(x, KT_SPAN("content-type"));
	struct kt_policy_reading reading;
	struct kt_multipart *m;

	x->is_json = false;
	if (x->is_request_complete ||
	    !kt_chain_reads(
	        &x->program->chain, KT_COMPONENT_FILES, &reading)) {
		pass(x);
		return;
	}
	m = kt_arena_alloc(x->mem, sizeof(*m));
	if (m == NULL) {
		kt_x_fail(x, KT_E_LIMIT);
		return;
	}
	if (kt_multipart_init(m, type) == KT_OK) {
		x->upload = m;
		return;
	}
	/* Whoever says multipart is understood, or nobody is. */
	if (kt_span_caseeq(kt_span_sub(type, 0, 10), KT_SPAN("multipart/")))
		kt_x_refuse(x, KT_REASON_GATEWAY_MALFORMED, NULL,
		    "multipart: the content-type");
	else
		pass(x);
}

/* Of what came, as it came. */
static struct kt_buf *
held(struct kt_exchange *x)
{
	return x->is_encoded ? &x->wire : &x->body;
}

static void
pipe(struct kt_exchange *x, struct kt_span bytes)
{
	struct kt_span kept = kt_arena_dup(x->turn, bytes);

	if (kept.ptr == NULL) {
		kt_x_fail(x, KT_E_LIMIT);
	} else if (x->phase == KT_X_OPENING) {
		if (kt_buf_add(held(x), bytes) < 0 || !kt_x_charge(x))
			x->is_error = true; /* paused, and yet too much */
	} else if (x->is_upstream_open) {
		kt_x_order(x, KT_ORDER_UPSTREAM_BODY)->bytes = kept;
		x->asked_us = x->now_mono;
	}
}

/* Too much to hold: what is held goes first. */
static void
let_go(struct kt_exchange *x, struct kt_span bytes)
{
	x->upload = NULL;
	pass(x);
	if (x->phase != KT_X_RECORDING && x->phase != KT_X_DONE)
		pipe(x, bytes);
}

void
kt_x_upload_body(struct kt_exchange *x, struct kt_span bytes)
{
	struct kt_err err = { 0 };

	if (x->bytes_in > most(x)) {
		kt_x_refuse(x, KT_REASON_GATEWAY_TOO_LARGE, NULL, NULL);
		return;
	}
	if (x->upload == NULL) {
		pipe(x, bytes);
		return;
	}
	if (kt_buf_add(held(x), bytes) < 0)
		let_go(x, bytes);
	else if (!x->is_encoded && kt_multipart_feed(
	             x->upload, kt_buf_span(&x->body), &err) < 0)
		kt_x_refuse(x, KT_REASON_GATEWAY_MALFORMED, NULL, "%s", err.text);
	else if (!kt_x_charge(x))
		kt_x_refuse(x, KT_REASON_GATEWAY_BUSY, NULL, NULL);
}

/* The head of a part, with all its names: a text that cannot be edited. */
static enum kt_rc
look_at(struct kt_exchange *x, struct kt_span text)
{
	struct kt_x_verdict *v = &x->request_verdict;
	struct kt_x_edits none = { 0 };
	struct kt_x_text t = { .raw = text, .is_plain = true,
		.component = KT_COMPONENT_FILES, .kind = KT_SEGMENT_FIXED };

	if (kt_utf8_check(text) < text.len)
		return kt_x_note_unread(
		    x, v, KT_COMPONENT_FILES, 0, 0, text.len);
	return kt_x_inspect_text(x, v, &t, x->turn, &none);
}

static enum kt_rc
look_at_part(struct kt_exchange *x, const struct kt_multipart_part *p)
{
	struct kt_span body = kt_buf_span(&x->body);
	struct kt_span content = kt_span_sub(body, p->content, p->content_len);
	enum kt_rc rc = look_at(x, kt_span_sub(body, p->head, p->head_len));

	if (rc < 0 || content.len == 0)
		return rc;
	x->inspection.counts.count[KT_COMPONENT_FILES]++;
	x->inspection.counts.bytes[KT_COMPONENT_FILES] += content.len;
	if (kt_x_media_list_file(x, KT_COMPONENT_FILES, content))
		return KT_OK;
	return kt_x_note_unread(x, &x->request_verdict, KT_COMPONENT_FILES, 0,
	    p->content, content.len);
}

bool
kt_x_decode_body(struct kt_exchange *x)
{
	bool is_gzip = kt_span_caseeq(
	    kt_span_trim(kt_x_header(x, KT_SPAN("content-encoding"))),
	    KT_SPAN("gzip"));
	enum kt_rc rc;

	if (!x->is_encoded)
		return true;
	rc = kt_look_inflate(kt_buf_span(&x->wire), is_gzip, &x->body);
	if (rc == KT_E_LIMIT)
		kt_x_refuse(x, KT_REASON_GATEWAY_TOO_LARGE, NULL,
		    "once decoded");
	else if (rc < 0)
		kt_x_refuse(x, KT_REASON_GATEWAY_MALFORMED, NULL,
		    "content-encoding");
	else
		return true;
	return false;
}

bool
kt_x_upload_end(struct kt_exchange *x)
{
	struct kt_multipart *m = x->upload;
	struct kt_err err = { 0 };
	enum kt_rc rc = KT_OK;

	if (x->upload == NULL) {
		if (x->is_upstream_open && x->phase < KT_X_RECORDING) {
			kt_x_upload_digest(x);
			x->asked_us = x->now_mono;
			(void)kt_x_order(x, KT_ORDER_UPSTREAM_FINISH);
		}
		return false;
	}
	if (x->phase != KT_X_UPLOAD)
		return x->phase == KT_X_INSPECT;
	if (!kt_x_decode_body(x))
		return false;
	if (!kt_x_charge(x)) {
		kt_x_refuse(x, KT_REASON_GATEWAY_BUSY, NULL, NULL);
		return false;
	}
	if (kt_multipart_end(m, kt_buf_span(&x->body), &err) < 0) {
		kt_x_refuse(x, KT_REASON_GATEWAY_MALFORMED, NULL, "%s", err.text);
		return false;
	}
	kt_x_upload_digest(x);
	x->is_call = true;
	x->phase = KT_X_INSPECT;
	x->inspect_mono = x->now_mono;
	x->inspection = (struct kt_x_inspection){ 0 };
	for (size_t i = 0; rc == KT_OK && i < m->n; i++)
		rc = look_at_part(x, &m->parts[i]);
	if (rc < 0)
		kt_x_fail(x, rc);
	return rc == KT_OK;
}

/* ---- what the vendor calls it ---- */

/* "read", and a line for each detector: how sure it was, and which. */
static struct kt_span
found(struct kt_exchange *x)
{
	const struct kt_x_verdict *v = &x->request_verdict;
	struct kt_span text = KT_SPAN("read");

	for (size_t i = 0; i < v->ndetections; i++)
		text = kt_arena_printf(x->mem, "%.*s\n%u %s", KT_SPAN_ARG(text),
		    (unsigned)v->detections[i].max_conf_pm,
		    v->detections[i].detector->id);
	return text;
}

/* All of it was looked at, and all that was found has a place in a list. */
static bool
is_read(const struct kt_x_verdict *v)
{
	return !(v->threats & KT_CLASS_BIT(KT_CLASS_UNINSPECTABLE)) &&
	    v->ndetections < KT_X_DETECTIONS_MAX;
}

void
kt_x_upload_remember(struct kt_exchange *x)
{
	struct kt_span text = kt_buf_span(&x->answer), id, *pieces;
	struct kt_order *o;
	uint32_t node;

	if (x->upload == NULL || !is_read(&x->request_verdict))
		return;
	node = kt_json_member(&x->answer_json, text,
	    kt_json_root(&x->answer_json), KT_SPAN("id"));
	id = kt_json_string(&x->answer_json, text, node);
	if (kt_json_type(&x->answer_json, node) != KT_JSON_STRING ||
	    kt_json_has_escapes(&x->answer_json, node) || id.len == 0 ||
	    id.len > ID_MAX)
		return;
	pieces = kt_arena_array(x->mem, 3, sizeof(*pieces));
	if (pieces == NULL)
		return;
	pieces[0] = kt_arena_dup(x->mem, id);
	pieces[1] = kt_program_hash(x->program);
	pieces[2] = found(x);
	if (kt_arena_is_full(x->mem))
		return;
	o = kt_x_order(x, KT_ORDER_JOB);
	o->job_kind = KT_JOB_REMEMBER;
	o->pieces = pieces;
	o->npieces = 3;
}

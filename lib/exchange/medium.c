/*
 * medium - which strings of a body are pictures, documents and files.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/exchange_priv.h"

/* Shorter ones are identifiers and words, unless a place says that they are
   bytes: they can be read as they are. */
#define PAYLOAD_MIN 128
static const struct kt_span data_mark = KT_SPAN_INIT(";base64,");

bool
kt_x_is_base64(struct kt_span raw)
{
	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.ptr[i];

		/* JSON may write "\/" for a slash. */
		if (c == '\\' && i + 1 < raw.len && raw.ptr[i + 1] == '/')
			continue;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		        (c >= '0' && c <= '9') || c == '+' || c == '/' ||
		        c == '=' || c == '-' || c == '_'))
			return false;
	}
	return raw.len > 0;
}

bool
kt_x_is_payload(struct kt_span raw)
{
	if (kt_span_starts(raw, KT_SPAN("data:")))
		raw = kt_span_sub(raw, kt_span_find(raw, ',') + 1, raw.len);
	return raw.len >= PAYLOAD_MIN && kt_x_is_base64(raw);
}

/* The base64 in "data:TYPE;base64,..." or in a bare string, which elsewhere
   than in a place of bytes may be a name; empty: none. */
static struct kt_span
payload_of(struct kt_span raw, bool is_bytes)
{
	struct kt_span none = { 0 };
	size_t comma = kt_span_find(raw, ',');

	if (kt_span_starts(raw, KT_SPAN("data:"))) {
		if (!kt_span_ends(kt_span_sub(raw, 0, comma + 1), data_mark))
			return none;
		raw = kt_span_sub(raw, comma + 1, raw.len);
		is_bytes = true;
	}
	return kt_x_is_payload(raw) || (is_bytes && kt_x_is_base64(raw)) ?
	    raw : none;
}

static bool
add(struct kt_exchange *x, const struct kt_x_medium *one)
{
	struct kt_x_media *m = &x->media;
	struct kt_policy_reading reading;
	struct kt_x_medium *v;

	if (one->bytes.len == 0 || one->bytes.len > KT_MEDIA_MAX ||
	    !kt_chain_reads(&x->program->chain, one->component, &reading))
		return false;
	v = kt_x_more(x->mem, m->v, m->n, &m->cap, KT_X_MEDIA_MAX, sizeof(*v));
	if (v == NULL)
		return false; /* the most, or the full arena refuses the call */
	m->v = v;
	v[m->n++] = *one;
	return true;
}

bool
kt_x_media_list_id(struct kt_exchange *x, const struct kt_segment *s,
    struct kt_span id, size_t at)
{
	return add(x, &(struct kt_x_medium){
	    .job = KT_JOB_RECALL,
	    .node = s->node,
	    .is_of_result = s->is_of_result,
	    .component = s->component,
	    .bytes = id,
	    .at = at,
	    .length = id.len,
	});
}

bool
kt_x_media_list(struct kt_exchange *x, const struct kt_segment *s,
    struct kt_span raw, size_t at, bool is_bytes)
{
	struct kt_span bytes = payload_of(raw, is_bytes);

	return add(x, &(struct kt_x_medium){
	    .job = KT_JOB_MEDIA,
	    .node = s->node,
	    .is_of_result = s->is_of_result,
	    .component = s->component,
	    .encoding = KT_MEDIA_BASE64,
	    .bytes = bytes,
	    .seen = kt_x_seen_add(x, s->component, KT_MEDIA_BASE64, bytes),
	    .at = at,
	    .length = raw.len,
	});
}

bool
kt_x_media_list_file(
    struct kt_exchange *x, enum kt_component c, struct kt_span bytes)
{
	return add(x, &(struct kt_x_medium){
	    .job = KT_JOB_MEDIA,
	    .component = c,
	    .encoding = KT_MEDIA_RAW,
	    .bytes = bytes,
	    .seen = kt_x_seen_add(x, c, KT_MEDIA_RAW, bytes),
	    .length = bytes.len,
	});
}

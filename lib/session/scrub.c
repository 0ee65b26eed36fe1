/*
 * scrub - whole bodies and texts.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The search is the one of the exchange (exchange/look.h), so what a policy
 * could have found is what is taken out, at the bytes it was written with.
 */
#include "session/media.h"
#include "session/session_priv.h"

#define TEXT_MAX ((size_t)4 * KT_BODY_MAX)

/* Text between the quotes of a node. */
static struct kt_scrub_edit
inside(const struct kt_json *j, uint32_t node, enum kt_scrub_kind kind)
{
	return (struct kt_scrub_edit){ .start = j->nodes[node].start + 1,
		.end = j->nodes[node].end - 1, .kind = kind };
}

/* The media of a request, and the jobs that read them. */
struct media {
	const struct kt_tape_job *jobs;
	size_t n;
};

static void
number_medium(
    const struct media *m, struct kt_span text, struct kt_scrub_edit *edit)
{
	uint64_t name = m->n > 0 ? kt_blob_name(kt_span_sub(text, edit->start,
	    edit->end - edit->start)) : 0;

	for (size_t i = 0; i < m->n; i++) {
		if (m->jobs[i].kind != KT_JOB_MEDIA || m->jobs[i].name != name)
			continue;
		edit->kind = KT_SCRUB_MEDIUM;
		edit->tag = m->jobs[i].id;
		return;
	}
}

/* Base64 goes, and what was read as such; what names a place stays, and was
   searched as text. */
static enum kt_rc
withhold_payload(struct kt_scrub_edits *e, const struct media *m,
    const struct kt_json *j, struct kt_span text, uint32_t node)
{
	struct kt_span raw = kt_json_string(j, text, node);
	struct kt_scrub_edit edit = inside(j, node, KT_SCRUB_FILL);

	if (kt_span_starts(raw, KT_SPAN("data:")))
		edit.start += kt_span_find(raw, ',') + 1;
	number_medium(m, text, &edit);
	return edit.kind == KT_SCRUB_MEDIUM || kt_look_is_payload(raw) ?
	    kt_scrub_add(e, edit) : KT_OK;
}

/* A threat stays in sight, unless its text does not stay as it was. */
static enum kt_rc
keep_threats(const struct kt_scrub *s, struct kt_scrub_edits *e,
    const struct kt_looked *looked, const struct kt_json *j,
    struct kt_span text)
{
	size_t n = e->n;

	for (size_t i = 0; i < looked->nfound; i++) {
		const struct kt_sighting *at = &looked->found[i];
		struct kt_scrub_edit edit;
		size_t end = j != NULL ? j->nodes[at->node].end - 1 : text.len;
		size_t start = j != NULL ? j->nodes[at->node].start : 0;
		bool is_changed = false;

		if (at->detector == NULL || !kt_scrub_is_threat(at->detector))
			continue;
		for (size_t k = 0; k < n && !is_changed; k++)
			is_changed = e->v[k].start >= start && e->v[k].end <= end;
		if (!is_changed)
			continue;
		edit = kt_scrub_edit_of(s, at, text);
		edit.end = edit.start;
		if (kt_scrub_add(e, edit) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static enum kt_rc
take_out(const struct kt_scrub *s, struct kt_scrub_edits *e,
    const struct kt_looked *looked, const struct kt_json *j,
    struct kt_span text)
{
	for (size_t i = 0; i < looked->nfound; i++) {
		const struct kt_sighting *at = &looked->found[i];
		struct kt_scrub_edit edit;

		if (at->detector == NULL ||
		    (kt_scrub_is_threat(at->detector) && !s->is_facts_only))
			continue;
		edit = kt_scrub_edit_of(s, at, text);
		if (j != NULL && kt_json_type(j, at->node) == KT_JSON_NUMBER) {
			edit.kind = KT_SCRUB_QUOTED;
			edit.start = j->nodes[at->node].start;
			edit.end = j->nodes[at->node].end;
		}
		if (kt_scrub_add(e, edit) < 0)
			return KT_E_LIMIT;
	}
	return s->is_facts_only ? KT_OK : keep_threats(s, e, looked, j, text);
}

/*
 * Payloads go.  Where only facts are wanted every text goes as well: what was
 * found in it then stands there alone.
 */
static enum kt_rc
take_whole(const struct kt_scrub *s, struct kt_scrub_edits *e,
    const struct media *media, enum kt_format format,
    enum kt_direction direction, const struct kt_json *j, struct kt_span text)
{
	struct kt_segments *it = kt_alloc(sizeof(*it));
	struct kt_segment one;
	enum kt_rc rc = KT_OK;

	if (it == NULL)
		return KT_E_LIMIT;
	kt_segments_init(it, format, direction, j, text);
	while (rc == KT_OK && kt_segments_next(it, &one)) {
		if (kt_json_type(j, one.node) != KT_JSON_STRING)
			continue;
		if (one.kind == KT_SEGMENT_OPAQUE)
			rc = withhold_payload(e, media, j, text, one.node);
		else if (s->is_facts_only && !kt_segment_is_fixed(one.kind))
			rc = kt_scrub_add(e, inside(j, one.node, KT_SCRUB_GONE));
	}
	kt_free(it);
	return rc;
}

enum kt_rc
kt_scrub_withhold(size_t len, struct kt_scrubbed *out)
{
	kt_buf_fini(&out->text);
	kt_buf_init(&out->text, len + 1);
	out->is_withheld = true;
	if (len == 0)
		return KT_OK;
	if (kt_buf_reserve(&out->text, len) < 0)
		return KT_E_LIMIT;
	memset(out->text.ptr, KT_SESSION_FILL, len);
	out->text.len = len;
	return KT_OK;
}

static enum kt_rc
scrub_json(const struct kt_scrub *s, enum kt_endpoint endpoint,
    enum kt_direction direction, const struct media *media,
    const struct kt_json *j, struct kt_span text, struct kt_scrubbed *out)
{
	enum kt_endpoint as = endpoint;
	struct kt_scrub_edits e = { 0 };
	struct kt_looked looked;
	enum kt_rc rc =
	    kt_look_at_body(s->look, as, direction, j, text, &looked);

	if (rc == KT_E_PARSE) { /* of another shape than the endpoint wants */
		as = KT_ENDPOINT_PASSTHROUGH;
		rc = kt_look_at_body(s->look, as, direction, j, text, &looked);
	}
	if (rc == KT_OK)
		rc = take_out(s, &e, &looked, j, text);
	if (rc == KT_OK)
		rc = take_whole(s, &e, media, kt_endpoint_format(as), direction,
		    j, text);
	out->measures = looked.measures;
	out->has_gaps = e.n > 0;
	if (rc == KT_OK)
		rc = kt_scrub_apply(&e, text, NULL, 0, &out->text);
	kt_scrub_edits_fini(&e);
	return rc;
}

static enum kt_rc
scrub_plain(const struct kt_scrub *s, struct kt_span text,
    enum kt_component component, struct kt_buf *out, bool *has_gaps)
{
	struct kt_scrub_edits e = { 0 };
	struct kt_looked looked;
	enum kt_rc rc = kt_look_at_text(s->look, text, component, &looked);

	if (rc == KT_OK)
		rc = take_out(s, &e, &looked, NULL, text);
	*has_gaps = e.n > 0;
	if (rc == KT_OK)
		rc = kt_scrub_apply(&e, text, NULL, 0, out);
	kt_scrub_edits_fini(&e);
	return rc;
}

enum kt_rc
kt_scrub_text(const struct kt_scrub *s, struct kt_span text, struct kt_buf *out)
{
	bool has_gaps;

	return scrub_plain(s, text, KT_COMPONENT_MESSAGES, out, &has_gaps);
}

enum kt_rc
kt_scrub_facts(
    const struct kt_scrub *s, struct kt_span text, struct kt_buf *out)
{
	struct kt_scrub_edits e = { 0 };
	struct kt_looked looked;
	enum kt_rc rc =
	    kt_look_at_text(s->look, text, KT_COMPONENT_MESSAGES, &looked);

	if (rc == KT_OK)
		rc = take_out(s, &e, &looked, NULL, text);
	if (rc == KT_OK)
		rc = kt_scrub_add(&e, (struct kt_scrub_edit){ .end = text.len,
		    .kind = KT_SCRUB_GONE });
	if (rc == KT_OK)
		rc = kt_scrub_apply(&e, text, NULL, 0, out);
	kt_scrub_edits_fini(&e);
	return rc;
}

/* Records name detectors, and some names sound like what they find. */
static bool
is_detector(const struct kt_scrub *s, struct kt_span value)
{
	const struct kt_detector *d;

	for (size_t i = 0; (d = kt_look_detector(s->look, i)) != NULL; i++) {
		if (kt_span_eq(value, kt_span_of(d->id)))
			return true;
	}
	return false;
}

/* Detectors have digests, and a token has an id; texts have no names. */
static bool
is_said_by_kt(const struct kt_json *j, struct kt_span line, uint32_t node)
{
	uint32_t name = kt_json_name_of(j, node);
	uint32_t list = kt_json_name_of(j, kt_json_parent(j, node));

	return kt_span_eq(kt_json_string(j, line, name), KT_SPAN("token")) ||
	    kt_span_eq(kt_json_string(j, line, list), KT_SPAN("detectors"));
}

enum kt_rc
kt_scrub_line(const struct kt_scrub *s, struct kt_span line,
    struct kt_buf *out, size_t *found, const struct kt_detector **first)
{
	struct kt_scrub_edits e = { 0 };
	struct kt_looked looked = { .nfound = 0 };
	struct kt_json j;
	enum kt_rc rc;

	kt_json_init(&j, KT_SESSION_LINE_MAX);
	rc = kt_json_parse(&j, line, NULL);
	if (rc == KT_OK)
		rc = kt_look_at_body(s->look, KT_ENDPOINT_PASSTHROUGH,
		    KT_REQUEST, &j, line, &looked);
	for (size_t i = 0; rc == KT_OK && i < looked.nfound; i++) {
		const struct kt_sighting *at = &looked.found[i];

		/* Numbers are times and counts, names are those of the format
		 * and of detectors. */
		if (at->detector == NULL || kt_scrub_is_threat(at->detector) ||
		    kt_json_type(&j, at->node) != KT_JSON_STRING ||
		    is_detector(s, kt_json_string(&j, line, at->node)) ||
		    is_said_by_kt(&j, line, at->node))
			continue;
		if ((*found)++ == 0)
			*first = at->detector;
		rc = kt_scrub_add(&e, kt_scrub_edit_of(s, at, line));
	}
	if (rc == KT_OK)
		rc = kt_scrub_apply(&e, line, NULL, 0, out);
	kt_scrub_edits_fini(&e);
	kt_json_fini(&j);
	return rc;
}

static enum kt_rc
scrub_body(const struct kt_scrub *s, enum kt_endpoint endpoint,
    enum kt_direction direction, const struct media *media,
    struct kt_span text, struct kt_scrubbed *out)
{
	struct kt_json j;
	enum kt_rc rc;

	*out = (struct kt_scrubbed){ .measures.bytes = text.len };
	kt_buf_init(&out->text, TEXT_MAX);
	kt_json_init(&j, KT_BODY_MAX);
	if (text.len == 0)
		rc = KT_OK;
	else if (kt_json_parse(&j, text, NULL) == KT_OK)
		rc = scrub_json(s, endpoint, direction, media, &j, text, out);
	else if (s->is_facts_only)
		rc = KT_E_PARSE;
	else
		rc = scrub_plain(s, text, direction == KT_ANSWER ?
		        KT_COMPONENT_COMPLETION : KT_COMPONENT_MESSAGES,
		    &out->text, &out->has_gaps);
	kt_json_fini(&j);
	/* What nobody could search is not written. */
	return rc == KT_OK ? rc : kt_scrub_withhold(text.len, out);
}

enum kt_rc
kt_scrub_body(const struct kt_scrub *s, enum kt_endpoint endpoint,
    enum kt_direction direction, struct kt_span text, struct kt_scrubbed *out)
{
	return scrub_body(
	    s, endpoint, direction, &(struct media){ NULL, 0 }, text, out);
}

enum kt_rc
kt_scrub_request(const struct kt_scrub *s, enum kt_endpoint endpoint,
    struct kt_span text, const struct kt_tape_job *jobs, size_t njobs,
    struct kt_scrubbed *out)
{
	return scrub_body(s, endpoint, KT_REQUEST,
	    &(struct media){ jobs, njobs }, text, out);
}

/*
 * inspect - from the strings of a body to findings, edits and a verdict.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Text is unescaped before it is searched, and findings are mapped back, so
 * that an escape hides nothing and an edit never cuts one.  A body is
 * inspected in slices; the loop gets its turn between them.
 */
#include "exchange/exchange_priv.h"
#include "detect/search.h"

/* What is no JSON has backslashes that are no escapes. */
static size_t
raw_at(const struct kt_x_text *t, const struct kt_json_map *map, size_t at)
{
	return t->has_escapes ? kt_json_map_raw(map, t->raw, at) : at;
}

static size_t
raw_end_at(const struct kt_x_text *t, const struct kt_json_map *map, size_t at)
{
	return t->has_escapes ? kt_json_map_raw_end(map, t->raw, at) : at;
}

/* Where offset `at` of t lies in what was given first. */
static uint64_t
place_of(const struct kt_exchange *x, const struct kt_x_text *t,
    const struct kt_json_map *map, size_t at, bool is_end)
{
	const struct kt_x_nest *in = x->nest;

	if (t->stands_for > 0)
		return t->at + (is_end ? t->stands_for : 0);
	for (;;) {
		at = t->at +
		    (is_end ? raw_end_at(t, map, at) : raw_at(t, map, at));
		if (in == NULL)
			return at;
		t = in->text;
		map = in->map;
		in = in->around;
	}
}

/* Redactions of one text, merged and as edits of its raw form. */
static enum kt_rc
add_redactions(struct kt_exchange *x, const struct kt_x_verdict *v,
    const struct kt_x_text *t,
    struct kt_span text, const struct kt_json_map *map, struct kt_finding *f,
    size_t n, struct kt_arena *mem, struct kt_x_edits *edits)
{
	struct kt_x_markers markers = { .v = v, .text = text,
		.is_plain = t->is_plain, .found = f };

	n = markers.n = kt_findings_merge(x->program->chain.detect, f, n);
	for (size_t i = 0; i < n; i++) {
		const struct kt_policy *by = kt_x_decider(x, v, &f[i],
		    t->component, t->kind,
		    kt_span_sub(text, f[i].start, f[i].end - f[i].start));
		struct kt_span marker;
		size_t start, end;

		if (by == NULL)
			return KT_E_ENGINE;
		marker = kt_x_marker(x, &markers, i, by, mem);
		if (marker.ptr == NULL)
			return KT_E_LIMIT;
		start = raw_at(t, map, f[i].start);
		end = raw_end_at(t, map, f[i].end);
		if (kt_x_edit_add(edits, mem, t->at + start, t->at + end,
		        marker) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

/* The same text found as two things: the first policy of the chain has it.
   leads is whose the last of v is; returns how many there are then. */
static size_t
add_redacted(struct kt_finding *v, size_t n, const struct kt_finding *f,
    const struct kt_policy *by, const struct kt_policy *leads)
{
	bool is_same = n > 0 && v[n - 1].start == f->start &&
	    v[n - 1].end == f->end;

	if (is_same && by->index > leads->index)
		return n;
	while (is_same && by->index < leads->index && n > 0 &&
	    v[n - 1].start == f->start && v[n - 1].end == f->end)
		n--;
	v[n] = *f;
	return n + 1;
}

/* Not what only stood beside something that is looked for; to a recorder, not
   what texts make of each other: they do so again when they are played. */
static bool
is_sighted(const struct kt_exchange *x, const struct kt_policy *by)
{
	return x->program->chain.use == KT_CHAIN_RECORD ?
	    !x->inspection.beside.is_again : by != NULL;
}

enum kt_rc
kt_x_inspect_text(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_x_text *t, struct kt_arena *mem, struct kt_x_edits *edits)
{
	const struct kt_chain *chain = &x->program->chain;
	struct kt_json_map map = { 0 };
	struct kt_span text = t->raw;
	struct kt_findings found;
	struct kt_finding *redact;
	struct kt_x_clean_key key;
	const struct kt_policy *leads = NULL;
	size_t n = 0;

	if ((chain->hears & KT_COMPONENT_BIT(t->component)) == 0 ||
	    t->raw.len == 0)
		return KT_OK;
	if (kt_x_clean_has(x->scratch->clean, t, &key))
		return KT_OK;
	if (t->has_escapes && kt_json_unescape(t->raw, x->turn, &text, &map) < 0)
		return KT_E_LIMIT;
	if (kt_detect_search(chain->detect, x->scratch->detect, t->label,
	        text, &chain->heard[t->component], &found) < 0)
		return KT_E_ENGINE;
	if (found.n == 0) {
		kt_x_clean_keep(x->scratch->clean, t, &key);
		return KT_OK;
	}
	if (kt_x_beside_text(x, t->component, text, &found) < 0)
		return KT_E_LIMIT;
	redact = kt_arena_array(x->turn, found.n, sizeof(*redact));
	if (redact == NULL)
		return KT_E_LIMIT;
	for (size_t i = 0; i < found.n; i++) {
		const struct kt_finding *f = &found.v[i];
		const struct kt_policy *by = NULL;
		enum kt_action a =
		    kt_x_judge(x, v, f, t->component, t->kind,
		        kt_span_sub(text, f->start, f->end - f->start), &by);

		if (a == KT_ACTION_REDACT) {
			n = add_redacted(redact, n, f, by, leads);
			leads = redact[n - 1].detector == f->detector ? by : leads;
		}
		if (x->sightings != NULL && is_sighted(x, by) &&
		    kt_x_note_sighting(x, (struct kt_sighting){
			.detector = kt_detect_def(chain->detect, f->detector),
			.start = place_of(x, t, &map, f->start, false),
			.end = place_of(x, t, &map, f->end, true),
			.confidence_pm = f->confidence_pm,
			.component = t->component,
			.action = a,
			.policy = by }) < 0)
			return KT_E_LIMIT;
	}
	return add_redactions(x, v, t, text, &map, redact, n, mem, edits);
}

/* What a value is called tells what it may be. */
static struct kt_span
label_of(struct kt_exchange *x, const struct kt_json *j, struct kt_span text,
    uint32_t node)
{
	uint32_t name = kt_json_label_of(j, node);
	struct kt_span label = kt_json_string(j, text, name);

	/* Without memory the turn's arena is full, which refuses the call. */
	if (kt_json_has_escapes(j, name) &&
	    kt_json_unescape(label, x->turn, &label, NULL) < 0)
		return (struct kt_span){ 0 };
	return label;
}

/* A number that is to be redacted becomes a string: JSON stays valid. */
static enum kt_rc
inspect_number(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_x_text *t, struct kt_arena *mem, struct kt_x_edits *edits)
{
	struct kt_x_edits inner = { 0 };
	struct kt_span text;
	enum kt_rc rc = kt_x_inspect_text(x, v, t, x->turn, &inner);

	if (rc < 0 || inner.n == 0)
		return rc;
	text = kt_arena_printf(mem, "\"%.*s\"", KT_SPAN_ARG(inner.v[0].text));
	if (text.ptr == NULL)
		return KT_E_LIMIT;
	return kt_x_edit_add(edits, mem, t->at, t->at + t->raw.len, text);
}

/*
 * Text that begins like JSON and is not, or not strictly: a tool may read
 * its escapes all the same.
 */
static enum kt_rc
inspect_free_text(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_span text, enum kt_component c, struct kt_arena *mem,
    struct kt_x_edits *edits)
{
	struct kt_x_text t = { .raw = text, .component = c,
		.kind = KT_SEGMENT_TEXT };
	struct kt_span plain;

	t.has_escapes = kt_span_find(text, '\\') < text.len &&
	    kt_json_unescape(text, x->turn, &plain, NULL) == KT_OK;
	t.is_plain = !t.has_escapes;
	return kt_x_inspect_text(x, v, &t, mem, edits);
}

enum kt_rc
kt_x_inspect_arguments(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_span text, enum kt_component c, struct kt_arena *mem,
    struct kt_x_edits *edits)
{
	struct kt_json j;
	enum kt_rc rc;

	if ((x->program->chain.hears & KT_COMPONENT_BIT(c)) == 0)
		return KT_OK;
	kt_json_init(&j, KT_BODY_MAX);
	kt_x_seed_json(x, &j);
	rc = kt_json_parse(&j, text, NULL);
	if (rc == KT_E_PARSE) { /* a grammar's text, a call that was cut off */
		kt_json_fini(&j);
		return inspect_free_text(x, v, text, c, mem, edits);
	}
	for (uint32_t n = 1; rc == KT_OK && n < j.count; n++) {
		struct kt_x_text t = { .raw = kt_json_string(&j, text, n),
			.at = j.nodes[n].start + 1, .component = c,
			.has_escapes = kt_json_has_escapes(&j, n),
			.kind = KT_SEGMENT_TEXT,
			.label = label_of(x, &j, text, n) };

		switch (kt_json_type(&j, n)) {
		case KT_JSON_NAME:
			t.kind = KT_SEGMENT_NAME;
			rc = kt_x_inspect_text(x, v, &t, mem, edits);
			break;
		case KT_JSON_STRING:
			rc = kt_x_inspect_text(x, v, &t, mem, edits);
			break;
		case KT_JSON_NUMBER:
			t.raw = kt_json_raw(&j, text, n);
			t.at--;
			if (kt_segment_is_long_number(t.raw))
				rc = inspect_number(x, v, &t, mem, edits);
			break;
		case KT_JSON_ABSENT:
		case KT_JSON_NULL:
		case KT_JSON_FALSE:
		case KT_JSON_TRUE:
		case KT_JSON_ARRAY:
		case KT_JSON_OBJECT:
			break;
		}
	}
	kt_json_fini(&j);
	return rc;
}

static enum kt_rc
inspect_nested(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_x_text *t, struct kt_span text,
    const struct kt_json_map *map, struct kt_arena *mem,
    struct kt_x_edits *edits)
{
	struct kt_x_edits inner = { 0 };
	struct kt_x_nest nest = { t, map, x->nest };
	enum kt_rc rc;

	x->nest = &nest;
	rc = kt_x_inspect_arguments(x, v, text, t->component, x->turn, &inner);
	x->nest = nest.around;
	return rc < 0 ? rc : kt_x_nest_edits(&inner, t, map, mem, edits);
}

/* Vendors that write a call's arguments as JSON inside a string. */
static bool
may_be_nested(const struct kt_x_text *t, enum kt_format format)
{
	return t->component == KT_COMPONENT_TOOL_USE &&
	    t->kind == KT_SEGMENT_TEXT && format != KT_FORMAT_ANTHROPIC;
}

enum kt_rc
kt_x_inspect_node(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_json *json, struct kt_span text,
    const struct kt_segment *s, enum kt_format format, struct kt_arena *mem,
    struct kt_x_edits *edits)
{
	struct kt_x_text t = { .raw = kt_json_string(json, text, s->node),
		.at = json->nodes[s->node].start + 1,
		.has_escapes = kt_json_has_escapes(json, s->node),
		.component = s->component, .kind = s->kind,
		.label = label_of(x, json, text, s->node) };
	struct kt_json_map map = { 0 };
	struct kt_span said = t.raw;

	x->node = s->node;
	x->is_of_result = s->is_of_result;
	if (kt_json_type(json, s->node) == KT_JSON_NUMBER) {
		t.raw = kt_json_raw(json, text, s->node);
		t.at--;
		return inspect_number(x, v, &t, mem, edits);
	}
	if (!may_be_nested(&t, format))
		return kt_x_inspect_text(x, v, &t, mem, edits);
	if (kt_json_unescape(t.raw, x->turn, &said, &map) < 0)
		return KT_E_LIMIT;
	if (kt_json_begins(said))
		return inspect_nested(x, v, &t, said, &map, mem, edits);
	return kt_x_inspect_text(x, v, &t, mem, edits);
}

/* ---- a whole body, in slices ---- */

void
kt_x_inspect_end(struct kt_exchange *x)
{
	struct kt_segments *done = x->inspection.segments;

	if (x->scratch->segments == NULL)
		x->scratch->segments = done;
	else
		kt_free(done);
	x->inspection.segments = NULL;
	x->inspection.is_under_way = false;
	x->inspection.beside.is_again = false;
	kt_x_row_free(x);
}

void
kt_x_inspect_begin(struct kt_exchange *x, enum kt_format format,
    enum kt_direction direction, const struct kt_json *json,
    struct kt_span text)
{
	struct kt_x_inspection *in = &x->inspection;

	kt_x_inspect_end(x);
	*in = (struct kt_x_inspection){ .is_under_way = true };
	in->measures.bytes = text.len;
	in->format = format;
	/* A stack for the deepest text: not to be kept by every stream. */
	in->segments = x->scratch->segments;
	x->scratch->segments = NULL;
	if (in->segments == NULL)
		in->segments = kt_alloc(sizeof(*in->segments));
	if (in->segments == NULL)
		return; /* kt_x_inspect says so */
	kt_segments_init(in->segments, format, direction, json, text);
	if (x->program->chain.hears != 0)
		kt_segments_want_all(in->segments);
}

/* A medium that will be read. */
static bool
list_medium(struct kt_exchange *x, const struct kt_segment *s,
    struct kt_span raw, size_t at)
{
	const struct kt_segments *in = x->inspection.segments;
	struct kt_span label = label_of(x, in->json, in->text, s->node);
	bool is_bytes = kt_span_eq(label, KT_SPAN("data")) ||
	    kt_span_eq(label, KT_SPAN("file_data"));

	return in->direction == KT_REQUEST &&
	    kt_x_media_list(x, s, raw, at, is_bytes);
}

/* An id of a file; who wants files read asks whether this one was. */
static bool
list_id(struct kt_exchange *x, const struct kt_segment *s,
    struct kt_span raw, size_t at)
{
	const struct kt_segments *in = x->inspection.segments;
	struct kt_span label = label_of(x, in->json, in->text, s->node);

	return in->direction == KT_REQUEST &&
	    (kt_span_eq(label, KT_SPAN("file_id")) ||
	        kt_span_eq(label, KT_SPAN("file_ids"))) &&
	    !kt_json_has_escapes(in->json, s->node) &&
	    kt_x_media_list_id(x, s, raw, at);
}

/*
 * Arguments are as long as they are written, which a stream and a vendor that
 * quotes them tell: where they are values, tools.c counts them whole.
 */
static bool
is_counted_by_call(
    const struct kt_x_inspection *in, const struct kt_segment *s)
{
	return in->segments->direction == KT_ANSWER &&
	    in->format == KT_FORMAT_ANTHROPIC &&
	    s->component == KT_COMPONENT_TOOL_USE;
}

/* Media, and the texts of documents; not the words around them. */
static bool
is_attachment(const struct kt_segment *s)
{
	return s->kind == KT_SEGMENT_OPAQUE ||
	    (s->kind == KT_SEGMENT_TEXT &&
	        (s->component == KT_COMPONENT_DOCUMENTS ||
	            s->component == KT_COMPONENT_FILES));
}

static enum kt_rc
inspect_segment(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_segment *s, struct kt_x_edits *edits, size_t *cost)
{
	struct kt_x_inspection *in = &x->inspection;
	const struct kt_json *j = in->segments->json;
	struct kt_span raw = kt_json_string(j, in->segments->text, s->node);

	*cost += raw.len + 16;
	if (kt_json_type(j, s->node) != KT_JSON_STRING)
		return kt_x_inspect_node(x, v, j, in->segments->text, s, in->format,
		    x->mem, edits);
	in->counts.count[s->component]++;
	in->counts.bytes[s->component] += raw.len;
	if (is_attachment(s))
		in->measures.attachment_bytes += raw.len;
	if (s->kind == KT_SEGMENT_OPAQUE) {
		size_t at = j->nodes[s->node].start + 1;

		if (raw.len == 0 || list_medium(x, s, raw, at))
			return KT_OK;
		if (!list_id(x, s, raw, at) && kt_x_note_unread(x, v,
		    s->component, s->node, at, raw.len) < 0)
			return KT_E_LIMIT;
		if (kt_x_is_payload(raw))
			return KT_OK;
		s->kind = KT_SEGMENT_FIXED; /* a URL, a name: read as it is */
	}
	if (!kt_segment_is_fixed(s->kind) && !is_counted_by_call(in, s) &&
	    (kt_x_has_limits(x) || x->sightings != NULL))
		kt_measure_text(&in->measures, raw, true);
	return kt_x_inspect_node(
	    x, v, j, in->segments->text, s, in->format, x->mem, edits);
}

/* It has persons, and other texts of its message say what that means. */
static enum kt_rc
inspect_again(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_segment *s, size_t *cost)
{
	struct kt_x_inspection *in = &x->inspection;
	const struct kt_segments *all = in->segments;

	*cost += kt_json_string(all->json, all->text, s->node).len + 16;
	return kt_x_inspect_node(x, v, all->json, all->text, s, in->format,
	    x->mem, &in->beside.edits);
}

/* They spell a text once more, token by token and byte by byte. */
enum kt_rc
kt_x_drop_logprobs(enum kt_format format, const struct kt_json *j,
    struct kt_span text, struct kt_arena *mem, struct kt_x_edits *edits)
{
	for (uint32_t n = 1; format != KT_FORMAT_ANTHROPIC && n < j->count; n++) {
		uint32_t value = kt_json_value_of(j, n);
		enum kt_json_type type = kt_json_type(j, value);

		if ((type != KT_JSON_ARRAY && type != KT_JSON_OBJECT) ||
		    !kt_json_is(j, text, n, KT_SPAN("logprobs")))
			continue;
		if (kt_x_edit_add(edits, mem, j->nodes[value].start,
		        j->nodes[value].end, type == KT_JSON_ARRAY ?
		        KT_SPAN("[]") : KT_SPAN("null")) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static int
inspect_slice(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_x_edits *edits)
{
	struct kt_x_inspection *in = &x->inspection;
	struct kt_segment s;
	size_t cost = 0;

	if (in->segments == NULL)
		return KT_E_LIMIT;
	while (cost < KT_INSPECT_SLICE) {
		bool is_again = kt_x_beside_next(x, &s);
		enum kt_rc rc;

		if (!is_again && !kt_segments_next(in->segments, &s)) {
			/* What is no string may have ended the message. */
			is_again = kt_x_beside_next(x, &s);
			if (!is_again)
				break;
		}
		if (is_again)
			rc = inspect_again(x, v, &s, &cost);
		else if ((rc = inspect_segment(x, v, &s, edits, &cost)) == KT_OK &&
		    (rc = kt_x_beside_segment(x, &s)) == KT_OK)
			rc = kt_x_row_segment(x, v, &s);
		if (rc < 0)
			return rc;
	}
	if (cost >= KT_INSPECT_SLICE)
		return 0;
	in->is_under_way = false; /* what follows is of no message */
	if (kt_x_row_end(x, v) < 0)
		return KT_E_ENGINE;
	kt_x_edits_sort(&x->row.edits);
	if (kt_x_edits_merge(edits, &in->beside.edits, x->mem) < 0 ||
	    kt_x_edits_merge(edits, &x->row.edits, x->mem) < 0 ||
	    kt_x_inspect_tools(x, v, in->segments, edits) < 0)
		return KT_E_LIMIT;
	if (in->segments->direction == KT_ANSWER && edits->n > 0) {
		if (kt_x_drop_logprobs(in->format, in->segments->json,
		        in->segments->text, x->mem, edits) < 0)
			return KT_E_LIMIT;
		kt_x_edits_sort(edits);
	}
	kt_x_apply_limits(x, v, &in->measures, in->segments->direction == KT_ANSWER);
	/* An arena that refused anything may have lost an edit: refuse. */
	if (kt_arena_is_full(x->mem) || kt_arena_is_full(x->turn))
		return KT_E_LIMIT;
	return 1;
}

int
kt_x_inspect(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_x_edits *edits)
{
	int rc = inspect_slice(x, v, edits);

	if (rc != 0)
		kt_x_inspect_end(x);
	return rc;
}

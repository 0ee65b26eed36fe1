/*
 * inspect - from the strings of a body to findings, edits and a verdict.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Text is unescaped before it is searched, and findings are mapped back, so
 * that an escape hides nothing and an edit never cuts one.  A body is
 * inspected in slices; the loop gets its turn between them.
 */
#include "exchange/exchange_priv.h"
#include "json/write.h"

bool
kt_x_looks_at(const struct kt_exchange *x, enum kt_component c)
{
	const struct kt_chain *chain = &x->program->chain;

	if (chain->detect == NULL)
		return false;
	for (size_t i = 0; i < chain->n; i++) {
		const struct kt_policy *p = &chain->policies[i];

		if (p->kind->judge != NULL && p->listens.bits != NULL &&
		    (p->components & KT_COMPONENT_BIT(c)))
			return true;
	}
	return false;
}

enum kt_rc
kt_x_edit_add(struct kt_x_edits *e, struct kt_arena *mem, size_t start,
    size_t end, struct kt_span text)
{
	if (e->n == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 8;
		struct kt_edit *v = kt_arena_array(mem, cap, sizeof(*v));

		if (v == NULL)
			return KT_E_LIMIT;
		if (e->n > 0)
			memcpy(v, e->v, e->n * sizeof(*v));
		e->v = v;
		e->cap = cap;
	}
	e->v[e->n++] = (struct kt_edit){ .start = start, .end = end, .text = text };
	return KT_OK;
}

enum kt_rc
kt_x_splice(
    struct kt_span text, const struct kt_x_edits *edits, struct kt_buf *out)
{
	size_t at = 0;

	for (size_t i = 0; i < edits->n; i++) {
		const struct kt_edit *e = &edits->v[i];

		if (kt_buf_add(out, kt_span_sub(text, at, e->start - at)) < 0 ||
		    kt_buf_add(out, e->text) < 0)
			return KT_E_LIMIT;
		at = e->end;
	}
	return kt_buf_add(out, kt_span_sub(text, at, text.len));
}

static void
note_reason(struct kt_x_verdict *v, enum kt_reason reason)
{
	for (size_t i = 0; i < v->nreasons; i++) {
		if (v->reasons[i] == reason)
			return;
	}
	if (v->nreasons < KT_NELEMS(v->reasons))
		v->reasons[v->nreasons++] = reason;
}

static void
note_rule(struct kt_x_verdict *v, const struct kt_policy *p,
    enum kt_action action, enum kt_reason reason)
{
	struct kt_span policy = kt_span_of(p->kind->config.name);
	struct kt_span rule = kt_span_of(kt_reason_code(reason));
	struct kt_span word = kt_span_of(kt_action_name(action));

	for (size_t i = 0; i < v->nrules; i++) {
		if (kt_span_eq(v->rules[i].policy, policy) &&
		    kt_span_eq(v->rules[i].rule, rule) &&
		    kt_span_eq(v->rules[i].action, word))
			return;
	}
	if (v->nrules < KT_NELEMS(v->rules))
		v->rules[v->nrules++] = (struct kt_audit_rule){
			.policy = policy, .rule = rule, .action = word };
}

void
kt_x_note(struct kt_x_verdict *v, enum kt_action action, enum kt_reason reason,
    const struct kt_policy *policy)
{
	note_reason(v, reason);
	if (policy != NULL)
		note_rule(v, policy, action, reason);
	if (action < v->action) {
		v->action = action;
		v->reason = reason;
		v->policy = policy;
	}
}

static void
note_detection(struct kt_x_verdict *v, const struct kt_detector *d,
    const struct kt_finding *f, enum kt_component c, enum kt_action action)
{
	struct kt_x_detection *at = NULL;

	if (KT_CLASS_BIT(d->class) & KT_CLASS_THREATS)
		v->threats |= KT_CLASS_BIT(d->class);
	else
		v->classes |= KT_CLASS_BIT(d->class);
	v->by_component[c] |= KT_CLASS_BIT(d->class);
	for (size_t i = 0; i < v->ndetections && at == NULL; i++) {
		if (v->detections[i].detector == d->id &&
		    v->detections[i].component == c &&
		    v->detections[i].action == action)
			at = &v->detections[i];
	}
	if (at == NULL) {
		if (v->ndetections == KT_NELEMS(v->detections))
			return; /* the classes and reasons above still tell */
		at = &v->detections[v->ndetections++];
		*at = (struct kt_x_detection){ .detector = d->id,
			.class = d->class, .component = c, .action = action };
	}
	at->count++;
	if (f->confidence_pm > at->max_conf_pm)
		at->max_conf_pm = f->confidence_pm;
}

/* What an action means where bytes must not be edited. */
static enum kt_action
without_edit(enum kt_action a, enum kt_segment_kind kind)
{
	if (a != KT_ACTION_REDACT || kind == KT_SEGMENT_TEXT)
		return a;
	/* Thinking passes, or its signature breaks; structure cannot be cut
	 * without changing what the request means, so it is refused. */
	return kind == KT_SEGMENT_SIGNED ? KT_ACTION_FLAG : KT_ACTION_BLOCK;
}

enum kt_action
kt_x_judge(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_finding *f, enum kt_component c, enum kt_segment_kind kind,
    const struct kt_policy **by)
{
	struct kt_opinion opinions[KT_X_OPINIONS_MAX];
	const struct kt_detector *d =
	    kt_detect_def(x->program->chain.detect, f->detector);
	enum kt_action action = KT_ACTION_IGNORE;
	size_t deciding, n;

	n = kt_chain_judge(&x->program->chain, f, c, opinions,
	    KT_NELEMS(opinions), &deciding);
	for (size_t i = 0; i < n; i++) {
		enum kt_action a = opinions[i].action;

		/* An endpoint that only detects never changes a byte. */
		if (x->surface.endpoint == KT_ENDPOINT_DETECT)
			a = KT_ACTION_FLAG;
		a = without_edit(a, kind);
		kt_x_note(v, a, opinions[i].reason, opinions[i].policy);
		if (a < action) {
			action = a;
			*by = opinions[i].policy;
		}
	}
	if (n > 0)
		note_detection(v, d, f, c, action);
	return action;
}

/* A marker as it must stand inside a JSON string; deep: inside two. */
static struct kt_span
marker_text(struct kt_exchange *x, struct kt_arena *mem,
    const struct kt_policy *by, const struct kt_detector *d,
    struct kt_span matched)
{
	struct kt_buf plain, escaped;
	struct kt_span s = { 0 };

	(void)x;
	kt_buf_init(&plain, KT_BODY_MAX);
	kt_buf_init(&escaped, KT_BODY_MAX);
	if (kt_policy_mark(by, d, matched, &plain) == KT_OK &&
	    kt_json_write_escaped(&escaped, kt_buf_span(&plain)) == KT_OK)
		s = kt_arena_dup(mem, kt_buf_span(&escaped));
	kt_buf_fini(&plain);
	kt_buf_fini(&escaped);
	return s;
}

enum kt_rc
kt_x_inspect_text(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_span raw, size_t raw_at, bool has_escapes, enum kt_component c,
    enum kt_segment_kind kind, struct kt_arena *mem, struct kt_x_edits *edits)
{
	const struct kt_chain *chain = &x->program->chain;
	struct kt_json_map map = { 0 };
	struct kt_span text = raw;
	struct kt_findings found;
	struct kt_finding *redact;
	size_t n = 0;

	if (chain->detect == NULL || raw.len == 0)
		return KT_OK;
	if (has_escapes && kt_json_unescape(raw, x->turn, &text, &map) < 0)
		return KT_E_LIMIT;
	if (kt_detect_scan(chain->detect, x->scratch->detect, text,
	        &chain->heard[c], &found) < 0)
		return KT_E_ENGINE;
	if (found.n == 0)
		return KT_OK;
	redact = kt_arena_array(x->turn, found.n, sizeof(*redact));
	if (redact == NULL)
		return KT_E_LIMIT;
	for (size_t i = 0; i < found.n; i++) {
		const struct kt_policy *by = NULL;

		if (kt_x_judge(x, v, &found.v[i], c, kind, &by) ==
		    KT_ACTION_REDACT)
			redact[n++] = found.v[i];
	}
	n = kt_findings_merge(chain->detect, redact, n);
	for (size_t i = 0; i < n; i++) {
		struct kt_opinion o[KT_X_OPINIONS_MAX];
		size_t deciding, start, end;
		struct kt_span marker;

		if (kt_chain_judge(chain, &redact[i], c, o, KT_NELEMS(o),
		        &deciding) == 0)
			return KT_E_ENGINE;
		marker = marker_text(x, mem, o[deciding].policy,
		    kt_detect_def(chain->detect, redact[i].detector),
		    kt_span_sub(text, redact[i].start,
		        redact[i].end - redact[i].start));
		if (marker.ptr == NULL)
			return KT_E_LIMIT;
		start = kt_json_map_raw(&map, raw, redact[i].start);
		end = kt_json_map_raw_end(&map, raw, redact[i].end);
		if (kt_x_edit_add(edits, mem, raw_at + start, raw_at + end,
		        marker) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

/* A number that is to be redacted becomes a string: JSON stays valid. */
static enum kt_rc
inspect_number(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_span raw, size_t at, enum kt_component c, struct kt_arena *mem,
    struct kt_x_edits *edits)
{
	struct kt_x_edits inner = { 0 };
	struct kt_span text;

	if (raw.len < 8) /* no detector knows a shorter number by itself */
		return KT_OK;
	if (kt_x_inspect_text(x, v, raw, 0, false, c, KT_SEGMENT_TEXT, mem,
	        &inner) < 0)
		return KT_E_ENGINE;
	if (inner.n == 0)
		return KT_OK;
	text = kt_arena_printf(mem, "\"%.*s\"", KT_SPAN_ARG(inner.v[0].text));
	if (text.ptr == NULL)
		return KT_E_LIMIT;
	return kt_x_edit_add(edits, mem, at, at + raw.len, text);
}

enum kt_rc
kt_x_inspect_arguments(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_span text, enum kt_component c, struct kt_arena *mem,
    struct kt_x_edits *edits)
{
	struct kt_json j;
	enum kt_rc rc = KT_OK;

	kt_json_init(&j, KT_EVENT_MAX);
	if (kt_json_parse(&j, text, NULL) < 0) {
		/* A grammar's text or a call that was cut off: plain text. */
		kt_json_fini(&j);
		return kt_x_inspect_text(x, v, text, 0, false, c,
		    KT_SEGMENT_TEXT, mem, edits);
	}
	for (uint32_t n = 1; rc == KT_OK && n < j.count; n++) {
		enum kt_json_type type = kt_json_type(&j, n);

		if (type == KT_JSON_STRING)
			rc = kt_x_inspect_text(x, v, kt_json_string(&j, text, n),
			    j.nodes[n].start + 1, kt_json_has_escapes(&j, n), c,
			    KT_SEGMENT_TEXT, mem, edits);
		else if (type == KT_JSON_NUMBER)
			rc = inspect_number(x, v, kt_json_raw(&j, text, n),
			    j.nodes[n].start, c, mem, edits);
	}
	kt_json_fini(&j);
	return rc;
}

/* ---- a whole body, in slices ---- */

void
kt_x_inspect_begin(struct kt_exchange *x, enum kt_format format,
    enum kt_direction direction, const struct kt_json *json,
    struct kt_span text)
{
	x->inspection = (struct kt_x_inspection){ .is_under_way = true };
	x->inspection.measures.bytes = text.len;
	kt_segments_init(
	    &x->inspection.segments, format, direction, json, text);
}

static void
measure_text(struct kt_measures *m, struct kt_span s)
{
	bool in_word = false;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r';

		m->chars += (c & 0xc0) != 0x80;
		m->words += !is_space && !in_word;
		in_word = !is_space;
	}
}

static bool
has_measures(const struct kt_chain *chain)
{
	for (size_t i = 0; i < chain->n; i++) {
		if (chain->policies[i].kind->measure != NULL)
			return true;
	}
	return false;
}

static void
note_uninspectable(struct kt_x_verdict *v, enum kt_component c)
{
	v->threats |= KT_CLASS_BIT(KT_CLASS_UNINSPECTABLE);
	v->by_component[c] |= KT_CLASS_BIT(KT_CLASS_UNINSPECTABLE);
	kt_x_note(v, KT_ACTION_FLAG, kt_reason_of(c, KT_CLASS_UNINSPECTABLE),
	    NULL);
}

/* Tool arguments of OpenAI are JSON inside a string. */
static bool
is_nested_json(const struct kt_segment *s, struct kt_span raw)
{
	return s->component == KT_COMPONENT_TOOL_USE && raw.len > 1 &&
	    (raw.ptr[0] == '{' || raw.ptr[0] == '[');
}

static enum kt_rc
inspect_nested(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_span raw, size_t raw_at, enum kt_component c,
    struct kt_x_edits *edits)
{
	struct kt_x_edits inner = { 0 };
	struct kt_json_map map = { 0 };
	struct kt_span text;

	if (kt_json_unescape(raw, x->turn, &text, &map) < 0 ||
	    kt_x_inspect_arguments(x, v, text, c, x->turn, &inner) < 0)
		return KT_E_ENGINE;
	for (size_t i = 0; i < inner.n; i++) {
		const struct kt_edit *e = &inner.v[i];
		struct kt_buf b;
		struct kt_span twice;
		enum kt_rc rc;

		kt_buf_init(&b, KT_BODY_MAX);
		rc = kt_json_write_escaped(&b, e->text);
		twice = rc == KT_OK ? kt_arena_dup(x->mem, kt_buf_span(&b)) :
		    (struct kt_span){ 0 };
		kt_buf_fini(&b);
		if (twice.ptr == NULL ||
		    kt_x_edit_add(edits, x->mem,
		        raw_at + kt_json_map_raw(&map, raw, e->start),
		        raw_at + kt_json_map_raw_end(&map, raw, e->end),
		        twice) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static enum kt_rc
inspect_segment(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_segment *s, struct kt_x_edits *edits, size_t *cost)
{
	struct kt_x_inspection *in = &x->inspection;
	const struct kt_json *j = in->segments.json;
	struct kt_span raw = kt_json_string(j, in->segments.text, s->node);

	*cost += raw.len + 16;
	in->count[s->component]++;
	in->bytes[s->component] += raw.len;
	if (s->kind == KT_SEGMENT_OPAQUE) {
		in->measures.attachment_bytes += raw.len;
		if (raw.len > 0)
			note_uninspectable(v, s->component);
		return KT_OK;
	}
	if (has_measures(&x->program->chain))
		measure_text(&in->measures, raw);
	if (is_nested_json(s, raw))
		return inspect_nested(
		    x, v, raw, j->nodes[s->node].start + 1, s->component, edits);
	return kt_x_inspect_text(x, v, raw, j->nodes[s->node].start + 1,
	    kt_json_has_escapes(j, s->node), s->component, s->kind, x->mem,
	    edits);
}

static void
apply_limits(struct kt_exchange *x, struct kt_x_verdict *v, bool is_answer)
{
	const struct kt_chain *chain = &x->program->chain;

	for (size_t i = 0; i < chain->n; i++) {
		const struct kt_policy *p = &chain->policies[i];
		enum kt_reason r;
		enum kt_action a;

		if (p->kind->measure == NULL)
			continue;
		r = p->kind->measure(p, &x->inspection.measures, is_answer);
		if (r == KT_REASON_NONE)
			continue;
		a = p->kind->judge(p, NULL, NULL, KT_COMPONENT_MESSAGES);
		if (p->common->mode == KT_CONFIG_MONITOR ||
		    x->surface.endpoint == KT_ENDPOINT_DETECT)
			a = KT_ACTION_FLAG;
		kt_x_note(v, a, r, p);
	}
}

int
kt_x_inspect(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_x_edits *edits)
{
	struct kt_x_inspection *in = &x->inspection;
	struct kt_segment s;
	size_t cost = 0;

	while (kt_segments_next(&in->segments, &s)) {
		enum kt_rc rc = inspect_segment(x, v, &s, edits, &cost);

		if (rc < 0)
			return rc;
		if (cost >= KT_INSPECT_SLICE)
			return 0;
	}
	in->is_under_way = false;
	apply_limits(x, v, in->segments.direction == KT_ANSWER);
	/* An arena that refused anything may have lost an edit: refuse. */
	if (kt_arena_is_full(x->mem) || kt_arena_is_full(x->turn))
		return KT_E_LIMIT;
	return 1;
}

/*
 * seam - a value that begins in one text and ends in the next.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The texts of blocks that follow one another are one text to whoever reads
 * them, and to a translation that joins them.  Each was searched by itself;
 * here is found what reaches from one into the next.  So of a text only the
 * end is read again, and what comes behind it until nothing that began before
 * can still grow.  Whole bodies and streams go the same way.
 */
#include "exchange/exchange_priv.h"
#include "json/write.h"

/* What a text is fed in, behind a seam. */
#define PIECE 256
/* An escape of JSON is never longer: two halves of a character. */
#define ESCAPE_MAX 12
/* No name of a member is that: JSON is UTF-8. */
#define TAIL_LABEL "\xff"

/* A client that gets all texts of an answer as one has nothing between. */
bool
kt_x_row_goes_on(const struct kt_exchange *x)
{
	return x->is_translated && x->client_format == KT_FORMAT_OPENAI;
}

void
kt_x_row_free(struct kt_exchange *x)
{
	kt_detect_stream_free(&x->row.st);
	kt_buf_fini(&x->row.text);
	x->row = (struct kt_x_row){ 0 };
}

/* Nothing is undecided any more: what was held for it may go. */
static void
close_row(struct kt_x_row *row)
{
	for (size_t i = 0; i < row->n; i++)
		if (row->v[i].block != NULL && row->v[i].block->is_ended)
			row->v[i].block->hold = row->v[i].block->length;
	kt_detect_stream_free(&row->st);
	kt_buf_fini(&row->text);
	row->n = row->nreaches = 0;
	row->length = row->text_at = 0;
	row->is_waiting = false;
}

static uint64_t
end_of(const struct kt_x_row *row, size_t i)
{
	return i + 1 < row->n ? row->v[i + 1].at : row->length;
}

static enum kt_rc
add_stretch(struct kt_exchange *x, struct kt_x_stretch one)
{
	struct kt_x_row *row = &x->row;
	struct kt_x_stretch *v =
	    kt_x_more(x->mem, row->v, row->n, &row->cap, SIZE_MAX, sizeof(*v));

	if (v == NULL)
		return KT_E_LIMIT;
	row->v = v;
	one.at = row->length;
	v[row->n++] = one;
	return KT_OK;
}

/* ---- what is found ---- */

static bool
reaches_over(const struct kt_x_row *row, const struct kt_finding *f)
{
	for (size_t i = 0; i < row->n; i++)
		if (row->v[i].at > f->start && row->v[i].at < f->end)
			return true;
	return false;
}

/* Those that are so long ago that nothing is told of them any more. */
static void
drop_reaches(struct kt_x_row *row)
{
	size_t n = 0;

	for (size_t i = 0; i < row->nreaches; i++)
		if (row->reaches[i].is_open || row->reaches[i].start +
		        KT_DETECT_HOLD_WRITTEN_MAX >= row->hold)
			row->reaches[n++] = row->reaches[i];
	row->nreaches = n;
}

static struct kt_x_reach *
find_reach(struct kt_exchange *x, const struct kt_finding *f)
{
	struct kt_x_row *row = &x->row;
	struct kt_x_reach *v = row->reaches;

	for (size_t i = 0; i < row->nreaches; i++)
		if (v[i].start == f->start && v[i].detector == f->detector)
			return &v[i];
	if (row->nreaches == row->reaches_cap)
		drop_reaches(row);
	v = kt_x_more(x->mem, v, row->nreaches, &row->reaches_cap, SIZE_MAX,
	    sizeof(*v));
	if (v == NULL)
		return NULL;
	row->reaches = v;
	v[row->nreaches] = (struct kt_x_reach){ .start = f->start,
		.detector = f->detector, .action = KT_ACTION_IGNORE };
	return &v[row->nreaches++];
}

static struct kt_span
marker_of(struct kt_exchange *x, const struct kt_x_verdict *v,
    const struct kt_policy *by, const struct kt_finding *f,
    struct kt_span matched)
{
	struct kt_span s = { 0 };
	struct kt_buf m;

	kt_buf_init(&m, KT_EVENT_MAX);
	if (kt_x_mark(x, v, by, f, matched, &m) == KT_OK)
		s = kt_arena_dup(x->mem, kt_buf_span(&m));
	kt_buf_fini(&m);
	return s;
}

static enum kt_rc
judge(struct kt_exchange *x, struct kt_x_verdict *v, struct kt_x_reach *r,
    const struct kt_finding *f)
{
	struct kt_x_row *row = &x->row;
	struct kt_span matched = { 0 };
	const struct kt_policy *by = NULL;

	if (f->start >= row->text_at) /* else its begin is gone */
		matched = kt_span_sub(kt_buf_span(&row->text),
		    f->start - row->text_at, f->end - f->start);
	r->is_judged = true;
	x->node = row->v[0].s.node;
	x->is_of_result = row->v[0].s.is_of_result;
	r->action = kt_x_judge(
	    x, v, f, row->component, KT_SEGMENT_TEXT, matched, &by);
	r->policy = by;
	if (r->action != KT_ACTION_REDACT)
		return KT_OK;
	if (kt_x_vault_restores(x, v, by)) {
		r->action = KT_ACTION_IGNORE; /* one token is of one text */
		return KT_OK;
	}
	/* The events of this format say each text again, and again. */
	if (row->is_stream &&
	    x->stream.reader.format == KT_FORMAT_RESPONSES) {
		r->action = kt_x_note_wish(x, v, KT_ACTION_BLOCK,
		    kt_reason_of(row->component,
		        kt_detect_def(x->program->chain.detect, f->detector)
		            ->class), by);
		return KT_OK;
	}
	r->marker = marker_of(x, v, by, f, matched);
	return r->marker.ptr != NULL ? KT_OK : KT_E_LIMIT;
}

/* How much of the inside of a JSON string says at least n bytes of text, or
   all of it does. */
static struct kt_span
beginning(struct kt_span raw, size_t n)
{
	size_t at = 0;

	for (size_t said = 0; at < raw.len && said < n; said++) {
		size_t left = raw.len - at;

		if (raw.ptr[at] != '\\')
			at++;
		else if (left < 6 || raw.ptr[at + 1] != 'u')
			at += 2;
		else if ((raw.ptr[at + 2] | 32) == 'd' && left >= ESCAPE_MAX &&
		    strchr("89abAB", raw.ptr[at + 3]) != NULL)
			at += ESCAPE_MAX;
		else
			at += 6;
	}
	return kt_span_sub(raw, 0, at);
}

/* What was taken out of the body comes back part by part. */
static struct kt_span
marker_written(struct kt_exchange *x, const struct kt_x_verdict *v,
    const struct kt_finding *f, const struct kt_x_reach *r, struct kt_span part)
{
	struct kt_span said = r->marker, s = { 0 };
	struct kt_buf b;

	if (r->policy->kind->restores != NULL)
		said = marker_of(x, v, r->policy, f, part);
	kt_buf_init(&b, KT_EVENT_MAX);
	if (said.ptr != NULL && kt_json_write_escaped(&b, said) == KT_OK)
		s = kt_arena_dup(x->mem, kt_buf_span(&b));
	kt_buf_fini(&b);
	return s;
}

/* [from, to) of the row, which lies in stretch i, where it is written. */
static enum kt_rc
cover_written(struct kt_exchange *x, const struct kt_x_verdict *v, size_t i,
    uint64_t from, uint64_t to, const struct kt_finding *f,
    const struct kt_x_reach *r)
{
	const struct kt_x_stretch *in = &x->row.v[i];
	const struct kt_segments *all = x->inspection.segments;
	size_t at = all->json->nodes[in->s.node].start + 1 + in->raw_at;
	struct kt_span raw = kt_json_string(all->json, all->text, in->s.node);
	struct kt_json_map map = { 0 };
	struct kt_span text, marker;
	size_t start;
	enum kt_rc rc = KT_OK;

	raw = kt_span_sub(raw, in->raw_at, raw.len);
	raw = beginning(raw, to - in->at);
	if (kt_json_unescape(raw, x->turn, &text, &map) < 0)
		return KT_E_LIMIT;
	start = kt_json_map_raw(&map, raw, from - in->at);
	raw.len = kt_json_map_raw_end(&map, raw, to - in->at) - start;
	at += start;
	x->node = in->s.node;
	if (x->sightings != NULL && (r->policy != NULL ||
	        x->program->chain.use == KT_CHAIN_RECORD))
		rc = kt_x_note_sighting(x, (struct kt_sighting){
			.detector = kt_detect_def(
			    x->program->chain.detect, f->detector),
			.start = at, .end = at + raw.len,
			.confidence_pm = f->confidence_pm,
			.component = x->row.component, .action = r->action,
			.policy = r->policy });
	if (rc < 0 || r->action != KT_ACTION_REDACT)
		return rc;
	marker = marker_written(
	    x, v, f, r, kt_span_sub(text, from - in->at, to - from));
	if (marker.ptr == NULL)
		return KT_E_LIMIT;
	return kt_x_edit_add(
	    &x->row.edits, x->mem, at, at + raw.len, marker);
}

static enum kt_rc
cover(struct kt_exchange *x, const struct kt_x_verdict *v,
    const struct kt_finding *f, const struct kt_x_reach *r)
{
	struct kt_x_row *row = &x->row;
	enum kt_rc rc = KT_OK;

	for (size_t i = 0; i < row->n && rc == KT_OK; i++) {
		struct kt_x_stretch *in = &row->v[i];
		uint64_t from = f->start > in->at ? f->start : in->at;
		uint64_t to = f->end < end_of(row, i) ? f->end : end_of(row, i);

		if (from >= to)
			continue;
		if (!row->is_stream)
			rc = cover_written(x, v, i, from, to, f, r);
		else if (in->block != NULL && r->action == KT_ACTION_REDACT)
			rc = kt_x_block_cover(x, in->block, &(struct kt_finding){
				.start = in->from + from - in->at,
				.end = in->from + to - in->at,
				.detector = f->detector,
				.is_open = f->is_open && i + 1 == row->n },
			    r->marker);
	}
	return rc;
}

static enum kt_rc
take(struct kt_exchange *x, struct kt_x_verdict *v, const struct kt_finding *f)
{
	bool reaches = reaches_over(&x->row, f);
	struct kt_x_reach *r;
	enum kt_rc rc = KT_OK;

	if (!reaches && !f->is_open)
		return KT_OK; /* of one text, which knows */
	r = find_reach(x, f);
	if (r == NULL)
		return KT_E_LIMIT;
	r->is_open = f->is_open;
	/* In a body it can be waited for, so that all of it is known. */
	if (!reaches || (f->is_open && !x->row.is_stream))
		return KT_OK;
	if (!r->is_judged)
		rc = judge(x, v, r, f);
	return rc == KT_OK ? cover(x, v, f, r) : rc;
}

/* ---- the row ---- */

static bool
has_open(const struct kt_x_row *row)
{
	bool is_open = false;

	for (size_t i = 0; i < row->nreaches && !is_open; i++)
		is_open = row->reaches[i].is_open;
	return is_open;
}

static bool
is_decided(const struct kt_x_row *row)
{
	uint64_t last = row->n > 1 ? row->v[row->n - 1].at : row->length;

	return !has_open(row) && row->hold >= last;
}

/* What was decided of the texts before needs to be known no longer. */
static void
forget(struct kt_x_row *row)
{
	size_t gone = 0, bytes = row->hold - row->text_at;
	bool is_wanted = !row->is_stream && has_open(row);

	for (size_t i = 0; i < row->n; i++) {
		struct kt_x_stretch *in = &row->v[i];
		uint64_t end = end_of(row, i);

		if (in->block == NULL || !in->block->is_ended)
			continue;
		in->block->hold = in->from +
		    (row->hold < end ? row->hold : end) - in->at;
		if (row->hold >= end)
			in->block = NULL; /* it may be gone when it is out */
	}
	while (gone + 1 < row->n && row->v[gone + 1].at <= row->hold)
		gone++;
	row->n -= gone;
	if (gone > 0)
		memmove(row->v, row->v + gone, row->n * sizeof(*row->v));
	if (bytes > PIECE && !is_wanted) {
		kt_buf_shift(&row->text, bytes);
		row->text_at += bytes;
	}
}

static enum kt_rc
take_step(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_detect_step *step)
{
	size_t n = step->findings.n;
	struct kt_finding *copy = kt_arena_array(x->turn, n, sizeof(*copy));
	enum kt_rc rc = KT_OK;

	if (copy == NULL)
		return KT_E_LIMIT;
	if (n > 0)
		memcpy(copy, step->findings.v, n * sizeof(*copy));
	for (size_t i = 0; i < n && rc == KT_OK; i++)
		rc = take(x, v, &copy[i]);
	x->row.hold = step->hold;
	return rc;
}

static enum kt_rc
feed(struct kt_exchange *x, struct kt_x_verdict *v, struct kt_span text)
{
	struct kt_x_row *row = &x->row;
	struct kt_detect_step step = { 0 };
	enum kt_rc rc;

	row->length += text.len;
	if (kt_buf_add(&row->text, text) < 0)
		return KT_E_LIMIT;
	rc = kt_detect_stream_feed(row->st, x->scratch->detect, text, &step);
	if (rc == KT_OK)
		rc = take_step(x, v, &step);
	if (rc < 0)
		return rc;
	if (is_decided(row))
		close_row(row);
	else
		forget(row);
	return KT_OK;
}

enum kt_rc
kt_x_row_end(struct kt_exchange *x, struct kt_x_verdict *v)
{
	struct kt_detect_step step = { 0 };
	enum kt_rc rc = KT_OK;

	if (x->row.st != NULL && x->row.n > 1) {
		rc = kt_detect_stream_end(
		    x->row.st, x->scratch->detect, &step);
		if (rc == KT_OK)
			rc = take_step(x, v, &step);
	}
	close_row(&x->row);
	return rc;
}

/* Is there anything at the end of the text before that could reach over?
   Its stretch was added. */
static enum kt_rc
begin(struct kt_exchange *x, struct kt_x_verdict *v, enum kt_component c,
    struct kt_span tail)
{
	const struct kt_chain *chain = &x->program->chain;
	struct kt_x_row *row = &x->row;

	row->component = c;
	kt_buf_init(&row->text, KT_BODY_MAX);
	if (kt_detect_stream_new(
	        &row->st, chain->detect, &chain->heard[c], NULL) < 0)
		return KT_E_LIMIT;
	return feed(x, v, tail);
}

/* ---- of a stream ---- */

/* A text that others may follow. */
static bool
is_in_row(const struct kt_x_block *b)
{
	return b->is_inspected && !b->is_signed &&
	    b->component != KT_COMPONENT_TOOL_USE;
}

enum kt_rc
kt_x_row_grow(struct kt_exchange *x, struct kt_x_block *b, struct kt_span text)
{
	struct kt_x_row *row = &x->row;
	struct kt_x_verdict *v = &x->answer_verdict;
	enum kt_rc rc = KT_OK;

	if (row->n == 0)
		return KT_OK;
	if (!is_in_row(b) && kt_x_row_goes_on(x))
		return KT_OK;
	if (b->key != row->key && (!is_in_row(b) || b->length > text.len ||
	        b->component != row->component))
		return kt_x_row_end(x, v); /* another text */
	if (text.len == 0)
		return KT_OK;
	if (row->is_waiting) {
		row->is_waiting = false;
		rc = begin(x, v, b->component,
		    (struct kt_span){ row->tail, row->tail_len });
	}
	if (rc == KT_OK && row->st != NULL && b->key != row->key)
		rc = add_stretch(x, (struct kt_x_stretch){
			.block = b->is_held ? b : NULL });
	row->key = b->key;
	return rc == KT_OK && row->st != NULL ? feed(x, v, text) : rc;
}

enum kt_rc
kt_x_row_ended(struct kt_exchange *x, struct kt_x_block *b)
{
	struct kt_x_row *row = &x->row;
	struct kt_span text = kt_buf_span(&b->text);
	enum kt_rc rc;

	if (!is_in_row(b) || b->length == 0)
		return KT_OK;
	if (row->st != NULL && row->key == b->key) {
		forget(row); /* and holds b as well now */
		return KT_OK;
	}
	rc = kt_x_row_end(x, &x->answer_verdict);
	if (rc < 0)
		return rc;
	if (row->tail == NULL)
		row->tail = kt_arena_alloc(x->mem, KT_X_TAIL);
	if (row->tail == NULL)
		return KT_E_LIMIT;
	if (text.len > KT_X_TAIL)
		text = kt_span_sub(text, text.len - KT_X_TAIL, text.len);
	memcpy(row->tail, text.ptr, text.len);
	row->tail_len = text.len;
	row->is_waiting = row->is_stream = true;
	row->key = b->key;
	row->component = b->component;
	if (b->is_held)
		b->hold = b->decided;
	return add_stretch(x, (struct kt_x_stretch){
		.block = b->is_held ? b : NULL,
		.from = b->length - text.len });
}

/* ---- of a whole body ---- */

/* Does an escape, or a character that is none, begin there? */
static bool
is_between(struct kt_span raw, size_t at)
{
	size_t first = at >= ESCAPE_MAX ? at - ESCAPE_MAX + 1 : 0;

	if (raw.ptr[at] == '\\' && raw.ptr[at - 1] != '\\')
		return raw.len - at < 6 || raw.ptr[at + 1] != 'u' ||
		    (raw.ptr[at + 2] | 32) != 'd' ||
		    strchr("cdefCDEF", raw.ptr[at + 3]) == NULL;
	return memchr(raw.ptr + first, '\\', at - first) == NULL;
}

/* The last bytes of the inside of a JSON string. */
static size_t
tail_at(struct kt_span raw, bool has_escapes)
{
	size_t n = has_escapes ? 2 * KT_X_TAIL : KT_X_TAIL;
	size_t at = raw.len > n ? raw.len - n : 0;

	while (has_escapes && at > 0 && at < raw.len && !is_between(raw, at))
		at++;
	return at;
}

static enum kt_rc
begin_in_body(struct kt_exchange *x, struct kt_x_verdict *v)
{
	const struct kt_segment *s = &x->row.before;
	const struct kt_segments *in = x->inspection.segments;
	struct kt_x_text t = { .raw = kt_json_string(in->json, in->text, s->node),
		.has_escapes = kt_json_has_escapes(in->json, s->node),
		.component = s->component, .kind = s->kind,
		.label = KT_SPAN(TAIL_LABEL) };
	size_t at = tail_at(t.raw, t.has_escapes);
	struct kt_x_clean_key key;
	struct kt_span text;
	enum kt_rc rc;

	t.raw = kt_span_sub(t.raw, at, t.raw.len);
	if (t.raw.len == 0 || kt_x_clean_has(x->scratch->clean, &t, &key))
		return KT_OK;
	if (kt_json_unescape(t.raw, x->turn, &text, NULL) < 0)
		return KT_E_LIMIT;
	rc = add_stretch(x, (struct kt_x_stretch){ .s = *s, .raw_at = at });
	if (rc == KT_OK)
		rc = begin(x, v, s->component, text);
	if (rc == KT_OK && x->row.st == NULL)
		kt_x_clean_keep(x->scratch->clean, &t, &key);
	return rc;
}

/* What is still undecided goes on with the text of s. */
static enum kt_rc
go_on_in_body(
    struct kt_exchange *x, struct kt_x_verdict *v, const struct kt_segment *s)
{
	const struct kt_segments *in = x->inspection.segments;
	struct kt_span raw = kt_json_string(in->json, in->text, s->node), text;
	enum kt_rc rc = raw.len == 0 ? KT_OK :
	    add_stretch(x, (struct kt_x_stretch){ .s = *s });

	while (rc == KT_OK && x->row.st != NULL && raw.len > 0) {
		struct kt_span piece = beginning(raw, PIECE);

		if (kt_json_unescape(piece, x->turn, &text, NULL) < 0)
			return KT_E_LIMIT;
		rc = feed(x, v, text);
		raw = kt_span_sub(raw, piece.len, raw.len);
	}
	return rc;
}

/* The text of a block, and not one that is called otherwise. */
static bool
is_of_block(const struct kt_segments *in, const struct kt_segment *s)
{
	uint32_t name = kt_json_label_of(in->json, s->node);

	return s->kind == KT_SEGMENT_TEXT &&
	    s->component != KT_COMPONENT_TOOL_USE && in->depth > 1 &&
	    in->scope[in->depth - 1].is_object &&
	    !in->scope[in->depth - 2].is_object &&
	    kt_json_type(in->json, s->node) == KT_JSON_STRING &&
	    kt_json_is(in->json, in->text, name, KT_SPAN("text"));
}

/* A block that is not the one before: is it the next one of its list? */
static enum kt_rc
enter_block(struct kt_exchange *x, struct kt_x_verdict *v)
{
	const struct kt_segments *in = x->inspection.segments;
	struct kt_x_row *row = &x->row;
	bool goes_on = row->has_text || (row->had_text &&
	    in->direction == KT_ANSWER && kt_x_row_goes_on(x));
	bool is_next = goes_on && in->depth >= row->depth &&
	    in->scope[row->depth - 2].end == row->list_end;

	row->had_text = is_next;
	row->has_text = false;
	row->block_end = is_next ? in->scope[row->depth - 1].end : 0;
	return is_next ? KT_OK : kt_x_row_end(x, v);
}

enum kt_rc
kt_x_row_segment(
    struct kt_exchange *x, struct kt_x_verdict *v, const struct kt_segment *s)
{
	const struct kt_segments *in = x->inspection.segments;
	struct kt_x_row *row = &x->row;
	enum kt_rc rc = KT_OK;

	if (s->node >= row->block_end)
		rc = enter_block(x, v);
	if (rc < 0 || !is_of_block(in, s) ||
	    (x->program->chain.hears & KT_COMPONENT_BIT(s->component)) == 0)
		return rc;
	if (!row->had_text || row->depth != in->depth ||
	    row->before.component != s->component)
		rc = kt_x_row_end(x, v);
	else if (row->st == NULL)
		rc = begin_in_body(x, v);
	if (rc == KT_OK && row->st != NULL)
		rc = go_on_in_body(x, v, s);
	row->depth = in->depth;
	row->has_text = true;
	row->before = *s;
	row->block_end = in->scope[in->depth - 1].end;
	row->list_end = in->scope[in->depth - 2].end;
	return rc;
}

/*
 * scrub_stream - streams, read as one text after they are over.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A secret may be cut into pieces of many events.  So the pieces of each
 * growing text are joined, searched, and what is found is taken out of every
 * event that has a part of it; its stand-in goes into the last one, so that
 * it is found again no sooner than it was.  Texts in a row are searched as one
 * besides, by the rule of exchange/seam.c, for what reaches over their ends.
 * Known limit: what the exchange cannot redact over two texts it may redact
 * in the one that has the stand-in.
 */
#include "frame/sse.h"
#include "json/text.h"
#include "provider/stream.h"
#include "session/session_priv.h"

#define TEXT_MAX ((size_t)2 * KT_BODY_MAX)
#define MEM_MAX (64u << 20)

/* A part of a growing text: where it is written and where it belongs. */
struct piece {
	struct kt_span raw; /* inside of a JSON string of the whole text */
	size_t at;          /* of raw */
	size_t start, end;  /* in its block */
	const void *of;     /* the text that was searched by itself */
	struct piece *next;
};
struct block {
	uint64_t key;
	struct kt_buf text;
	enum kt_component component;
	bool is_ended;
	enum {
		GROWS = 0,
		LOOSE, /* texts that no grammar joins, and somebody might */
		ROW,   /* those of blocks that follow one another */
	} kind;
	struct piece *first, *last;
	struct block *next;
};
struct stream {
	const struct kt_scrub *s;
	struct kt_span text;
	struct kt_stream_reader reader;
	struct kt_arena *mem, *turn;
	struct kt_json json;
	struct block *blocks;
	struct block *row; /* that the text of the next block goes on */
	struct block *last; /* in it */
	struct kt_scrub_edits edits;
	struct kt_measures *measures;
	size_t over; /* what stands behind it is not written */
	bool is_cut;
	bool is_again; /* recorded: all of it stays but what is found */
	size_t found;
	const struct kt_detector *first;
};

static void
note(struct stream *st, const struct kt_detector *d)
{
	if (st->found++ == 0)
		st->first = d;
}

static enum kt_rc
add_sightings(struct stream *st, const struct kt_looked *looked, size_t at)
{
	struct kt_span here = kt_span_sub(st->text, at, st->text.len);

	for (size_t i = 0; i < looked->nfound; i++) {
		const struct kt_sighting *f = &looked->found[i];
		struct kt_scrub_edit e;

		if (f->detector == NULL || kt_scrub_is_threat(f->detector))
			continue;
		e = kt_scrub_edit_of(st->s, f, here);
		e.start += at;
		e.end += at;
		if (kt_scrub_add(&st->edits, e) < 0)
			return KT_E_LIMIT;
		note(st, f->detector);
	}
	return KT_OK;
}

/* Lines that are no data, and data that is no JSON. */
static enum kt_rc
look_at_frame(struct stream *st, size_t at, size_t len)
{
	struct kt_looked looked;

	if (len == 0)
		return KT_OK;
	if (kt_look_at_text(st->s->look, kt_span_sub(st->text, at, len),
	        KT_COMPONENT_COMPLETION, &looked) < 0)
		return KT_E_PARSE;
	return add_sightings(st, &looked, at);
}

static struct block *
add_block(struct stream *st, const struct kt_part *p)
{
	struct block *b = kt_arena_alloc(st->mem, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->key = p->block;
	b->component = p->component;
	kt_buf_init(&b->text, TEXT_MAX);
	b->next = st->blocks;
	st->blocks = b;
	return b;
}

static struct block *
block_of(struct stream *st, const struct kt_part *p)
{
	struct block *b = st->blocks;
	bool is_loose = p->block == 0;

	while (b != NULL && (b->kind != (is_loose ? LOOSE : GROWS) ||
	        b->is_ended || (is_loose ? b->component != p->component :
	                                   b->key != p->block)))
		b = b->next;
	if (b == NULL && (b = add_block(st, p)) != NULL && is_loose)
		b->kind = LOOSE;
	return b;
}

static enum kt_rc
add_piece(struct stream *st, struct block *b, struct kt_span raw, size_t at,
    const void *of)
{
	struct piece *one = kt_arena_alloc(st->mem, sizeof(*one));

	if (one == NULL)
		return KT_E_LIMIT;
	*one = (struct piece){ .raw = raw, .at = at, .start = b->text.len,
		.of = of != NULL ? of : one };
	if (kt_json_unescape_add(&b->text, raw) < 0)
		return KT_E_LIMIT;
	one->end = b->text.len;
	if (b->last != NULL)
		b->last->next = one;
	else
		b->first = one;
	b->last = one;
	return KT_OK;
}

/* What b is given goes on in the row, begins one, or ends it. */
static enum kt_rc
add_to_row(struct stream *st, struct block *b, const struct kt_part *p,
    struct kt_span raw, size_t at)
{
	bool is_in_row = b->kind == GROWS && p->kind != KT_PART_SIGNED &&
	    b->component != KT_COMPONENT_TOOL_USE;

	if (!is_in_row || (st->row != NULL && st->last != b &&
	        (b->first != NULL || b->component != st->row->component)))
		st->row = NULL;
	if (!is_in_row || raw.len == 0)
		return KT_OK;
	if (st->row == NULL && (st->row = add_block(st, p)) == NULL)
		return KT_E_LIMIT;
	st->row->kind = ROW;
	st->last = b;
	return add_piece(st, st->row, raw, at, b);
}

static enum kt_rc
grow(struct stream *st, const struct kt_part *p, struct kt_span data,
    size_t at, struct block **to)
{
	struct kt_span raw = kt_json_string(&st->json, data, p->node);
	struct block *b = *to = block_of(st, p);

	if (b == NULL)
		return KT_E_LIMIT;
	if (b->kind == GROWS)
		kt_measure_text(st->measures, raw, true);
	at += st->json.nodes[p->node].start + 1;
	raw = kt_span_sub(st->text, at, raw.len);
	if (add_to_row(st, b, p, raw, at) < 0 ||
	    (raw.len > 0 && add_piece(st, b, raw, at, NULL) < 0))
		return KT_E_LIMIT;
	return KT_OK;
}

static bool
is_growing(const struct kt_stream_event *ev, uint32_t node)
{
	for (size_t i = 0; i < ev->nparts; i++) {
		if (ev->parts[i].node == node && ev->parts[i].block != 0 &&
		    ev->parts[i].kind != KT_PART_OPAQUE)
			return true;
	}
	return false;
}

/* Whatever of an event does not grow is complete. */
static enum kt_rc
look_at_rest(struct stream *st, const struct kt_stream_event *ev,
    struct kt_span data, size_t at)
{
	struct kt_looked looked;
	size_t n = 0;
	struct kt_sighting *kept;

	if (kt_look_at_body(st->s->look, KT_ENDPOINT_PASSTHROUGH, KT_ANSWER,
	        &st->json, data, &looked) < 0)
		return KT_E_PARSE;
	kept = kt_arena_array(st->turn, looked.nfound + 1, sizeof(*kept));
	if (kept == NULL)
		return KT_E_LIMIT;
	for (size_t i = 0; i < looked.nfound; i++) {
		if (!is_growing(ev, looked.found[i].node))
			kept[n++] = looked.found[i];
	}
	looked.found = kept;
	looked.nfound = n;
	return add_sightings(st, &looked, at);
}

/* Payloads, and where only facts are wanted every whole text. */
static enum kt_rc
withhold_parts(struct stream *st, const struct kt_stream_event *ev,
    struct kt_span data, size_t at)
{
	for (size_t i = 0; i < ev->nparts; i++) {
		const struct kt_part *p = &ev->parts[i];
		struct kt_scrub_edit e = {
			.start = at + st->json.nodes[p->node].start + 1,
			.end = at + st->json.nodes[p->node].end - 1,
			.kind = KT_SCRUB_GONE };

		if (p->kind == KT_PART_OPAQUE) {
			if (!kt_look_is_payload(
			        kt_json_string(&st->json, data, p->node)))
				continue;
			e.kind = KT_SCRUB_FILL;
		} else if (!st->s->is_facts_only || p->kind == KT_PART_FIXED) {
			continue;
		}
		if (kt_scrub_add(&st->edits, e) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static void
end_blocks(struct stream *st, const struct kt_stream_event *ev)
{
	for (struct block *b = st->blocks; b != NULL; b = b->next) {
		b->is_ended |= ev->ends_all;
		for (size_t i = 0; i < ev->nended; i++)
			b->is_ended |= ev->ended[i] == b->key;
	}
}

/* Does it begin what is no text, or end the answer? */
static bool
parts_texts(const struct kt_stream_event *ev, const struct block *grown)
{
	return (grown == NULL || grown->is_ended) &&
	    (ev->kind == KT_STREAM_BLOCK_START ||
	        ev->kind == KT_STREAM_FINISH || ev->kind == KT_STREAM_STOP);
}

static enum kt_rc
look_at_data(struct stream *st, const struct kt_sse_event *sse, size_t at)
{
	struct kt_stream_event ev;
	struct kt_span data = sse->data;
	struct block *grown = NULL;
	enum kt_rc rc = KT_OK;

	if (data.len == 0 || kt_span_eq(data, KT_SPAN("[DONE]"))) {
		if (kt_stream_read(&st->reader, sse->name, data, NULL, st->turn,
		        &ev, NULL) == KT_OK)
			end_blocks(st, &ev);
		return KT_OK;
	}
	if (kt_json_parse(&st->json, data, NULL) < 0 ||
	    kt_stream_read(&st->reader, sse->name, data, &st->json, st->turn,
	        &ev, NULL) < 0) {
		/* Nothing behind it was read by anybody. */
		st->over = (size_t)(sse->raw.ptr - st->text.ptr) + sse->raw.len;
		return look_at_frame(st, at, data.len);
	}
	rc = look_at_rest(st, &ev, data, at);
	if (rc == KT_OK && !st->is_again)
		rc = withhold_parts(st, &ev, data, at);
	for (size_t i = 0; rc == KT_OK && i < ev.nparts; i++) {
		if (is_growing(&ev, ev.parts[i].node) ||
		    ev.parts[i].kind == KT_PART_WHOLE)
			rc = grow(st, &ev.parts[i], data, at, &grown);
	}
	end_blocks(st, &ev);
	if (parts_texts(&ev, grown))
		st->row = NULL;
	return rc;
}

static enum kt_rc
look_at_event(struct stream *st, const struct kt_sse_event *sse)
{
	size_t at = (size_t)(sse->raw.ptr - st->text.ptr), data;
	enum kt_rc rc;

	/* Data in several lines has no place of its own. */
	if (sse->raw.ptr < st->text.ptr || at > st->text.len ||
	    sse->data_lines > 1)
		return KT_E_PARSE;
	if (sse->data_lines == 0)
		return look_at_frame(st, at, sse->raw.len);
	data = (size_t)(sse->data.ptr - st->text.ptr);
	rc = look_at_frame(st, at, data - at);
	if (rc == KT_OK)
		rc = look_at_frame(st, data + sse->data.len,
		    at + sse->raw.len - data - sse->data.len);
	return rc < 0 ? rc : look_at_data(st, sse, data);
}

/* What covers [start, end) of a block, in every piece that has some. */
static enum kt_rc
edit_pieces(struct stream *st, const struct block *b, struct kt_scrub_edit e)
{
	enum kt_scrub_kind kind = e.kind;
	size_t start = e.start, end = e.end;

	for (const struct piece *p = b->first; p != NULL; p = p->next) {
		struct kt_json_map map;
		struct kt_span text;
		size_t from = start > p->start ? start : p->start;
		size_t to = end < p->end ? end : p->end;
		bool is_last = start < end ? end <= p->end && end > p->start :
		    start >= p->start && (start < p->end || p->next == NULL);

		if (from >= to && !is_last)
			continue;
		if (kt_json_unescape(p->raw, st->turn, &text, &map) < 0)
			return KT_E_LIMIT;
		e.kind = is_last ? kind : KT_SCRUB_GONE;
		e.start = p->at + kt_json_map_raw(&map, p->raw, from - p->start);
		e.end = p->at + kt_json_map_raw_end(&map, p->raw, to - p->start);
		if (kt_scrub_add(&st->edits, e) < 0)
			return KT_E_LIMIT;
		kt_arena_reset(st->turn);
		if (is_last)
			break;
	}
	return KT_OK;
}

static enum kt_rc
look_at(struct stream *st, const struct block *b, struct kt_looked *out)
{
	struct kt_span text = kt_buf_span(&b->text);

	return b->component == KT_COMPONENT_TOOL_USE ?
	    kt_look_at_arguments(st->s->look, text, out) :
	    kt_look_at_text(st->s->look, text, b->component, out);
}

/* Those that a stream would have told before the text broke off. */
static enum kt_rc
decided(struct stream *st, const struct block *b, struct kt_looked *out)
{
	struct kt_sighting *kept;
	enum kt_rc rc;

	*out = (struct kt_looked){ 0 };
	if (b->component == KT_COMPONENT_TOOL_USE)
		return KT_OK;
	rc = kt_look_at_beginning(
	    st->s->look, kt_buf_span(&b->text), b->component, out);
	kept = kt_arena_array(st->mem, out->nfound + 1, sizeof(*kept));
	if (rc < 0 || kept == NULL)
		return KT_E_LIMIT;
	if (out->nfound > 0)
		memcpy(kept, out->found, out->nfound * sizeof(*kept));
	out->found = kept;
	return KT_OK;
}

static bool
is_among(const struct kt_looked *all, const struct kt_sighting *one)
{
	for (size_t i = 0; i < all->nfound; i++) {
		if (all->found[i].detector == one->detector &&
		    all->found[i].start == one->start)
			return true;
	}
	return false;
}

/* In a text that was searched by itself. */
static bool
is_inside(const struct block *b, const struct kt_sighting *f)
{
	const struct piece *p = b->first;
	const void *of;

	while (p != NULL && f->start >= p->end)
		p = p->next;
	of = p != NULL ? p->of : NULL;
	while (p != NULL && f->end > p->end)
		p = p->next;
	return p != NULL && p->of == of;
}

static enum kt_rc
scrub_block(struct stream *st, const struct block *b)
{
	struct kt_span text = kt_buf_span(&b->text);
	bool is_whole = b->is_ended || b->kind != GROWS || st->is_again;
	bool is_sure = is_whole || st->is_cut;
	struct kt_looked looked = { 0 }, told = { 0 };
	enum kt_rc rc = is_whole ? KT_OK : decided(st, b, &told);
	size_t before = st->edits.n;

	if (b->kind == ROW && b->first->of == b->last->of)
		return KT_OK; /* one text */
	if (rc == KT_OK && look_at(st, b, &looked) < 0)
		rc = KT_E_PARSE;
	for (int threats = 0; threats < 2; threats++) {
		for (size_t i = 0; rc == KT_OK && i < looked.nfound; i++) {
			const struct kt_sighting *f = &looked.found[i];
			struct kt_scrub_edit e;

			if (f->detector == NULL ||
			    kt_scrub_is_threat(f->detector) != threats)
				continue;
			e = kt_scrub_edit_of(st->s, f, text);
			if (b->kind != GROWS && is_inside(b, f))
				continue; /* seen as a whole */
			if (b->kind == LOOSE ||
			    (!is_sure && !is_among(&told, f)))
				e.kind = KT_SCRUB_BLANK;
			if (threats && !st->s->is_facts_only) {
				if (st->edits.n == before)
					break; /* stays, as its text does */
				e.end = e.start;
			} else if (!threats) {
				note(st, f->detector);
			}
			rc = edit_pieces(st, b, e);
		}
	}
	/* What may be the half of something. */
	if (rc == KT_OK && !is_whole && told.hold < text.len)
		rc = edit_pieces(st, b, (struct kt_scrub_edit){
			.start = told.hold, .end = text.len,
			.kind = KT_SCRUB_BLANK });
	if (rc == KT_OK && st->s->is_facts_only && b->kind == GROWS)
		rc = edit_pieces(st, b, (struct kt_scrub_edit){
			.end = text.len, .kind = KT_SCRUB_GONE });
	return rc;
}

static enum kt_rc
read_events(struct stream *st)
{
	struct kt_sse sse;
	struct kt_sse_event ev;
	struct kt_err err;
	struct kt_span rest;
	enum kt_rc rc = KT_OK;
	int more = 1;

	kt_sse_init(&sse, KT_EVENT_MAX);
	kt_sse_feed(&sse, st->text);
	while (rc == KT_OK && st->over == st->text.len &&
	    (more = kt_sse_next(&sse, &ev, &err)) == 1) {
		kt_arena_reset(st->turn);
		rc = look_at_event(st, &ev);
	}
	if (rc == KT_OK && more < 0)
		rc = KT_E_LIMIT;
	if (rc == KT_OK && more == 0) {
		rest = kt_sse_rest(&sse);
		/* Half an event: nobody read it. */
		st->over = st->text.len - rest.len;
	}
	kt_sse_fini(&sse);
	return rc;
}

/* What nobody read is text all the same. */
static enum kt_rc
look_at_end(struct stream *st)
{
	size_t at = st->over;

	st->over = st->text.len;
	return look_at_frame(st, at, st->text.len - at);
}

static enum kt_rc
run(struct stream *st, enum kt_format format, size_t *ends, size_t nends,
    struct kt_buf *out)
{
	enum kt_rc rc = KT_E_LIMIT;

	st->over = st->text.len;
	kt_stream_reader_init(&st->reader, format);
	kt_json_init(&st->json, 2 * (size_t)KT_EVENT_MAX);
	st->mem = kt_arena_new(MEM_MAX);
	st->turn = kt_arena_new(MEM_MAX);
	if (st->mem != NULL && st->turn != NULL)
		rc = read_events(st);
	if (rc == KT_OK && st->is_again)
		rc = look_at_end(st);
	for (struct block *b = st->blocks; rc == KT_OK && b != NULL; b = b->next) {
		kt_arena_reset(st->turn);
		rc = scrub_block(st, b);
	}
	for (size_t i = 0; i < nends; i++)
		ends[i] = ends[i] < st->over ? ends[i] : st->over;
	if (rc == KT_OK)
		rc = kt_scrub_apply(&st->edits,
		    kt_span_sub(st->text, 0, st->over), ends, nends, out);
	for (struct block *b = st->blocks; b != NULL; b = b->next)
		kt_buf_fini(&b->text);
	kt_json_fini(&st->json);
	kt_arena_free(&st->mem);
	kt_arena_free(&st->turn);
	return rc;
}

enum kt_rc
kt_scrub_stream(const struct kt_scrub *s, enum kt_format format, bool is_cut,
    struct kt_span text, size_t *ends, size_t nends, struct kt_scrubbed *out)
{
	struct stream st = { .s = s, .text = text, .is_cut = is_cut,
		.measures = &out->measures };
	enum kt_rc rc;

	*out = (struct kt_scrubbed){ .measures.bytes = text.len };
	kt_buf_init(&out->text, TEXT_MAX);
	rc = run(&st, format, ends, nends, &out->text);
	out->has_gaps = st.edits.n > 0 || st.over < text.len;
	kt_scrub_edits_fini(&st.edits);
	if (rc == KT_OK)
		return rc;
	kt_buf_reset(&out->text);
	out->is_withheld = true;
	for (size_t i = 0; i < nends; i++)
		ends[i] = 0;
	return KT_OK;
}

enum kt_rc
kt_scrub_stream_again(const struct kt_scrub *s, enum kt_format format,
    struct kt_span text, size_t *ends, size_t nends, struct kt_buf *out,
    size_t *found, const struct kt_detector **first)
{
	struct kt_measures measures = { .bytes = text.len };
	struct stream st = { .s = s, .text = text, .is_again = true,
		.measures = &measures };
	enum kt_rc rc = run(&st, format, ends, nends, out);

	kt_scrub_edits_fini(&st.edits);
	*found = st.found;
	*first = st.first;
	return rc;
}

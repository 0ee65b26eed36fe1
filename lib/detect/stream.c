/*
 * stream - looks through disguises while the text is still arriving.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The text has a flow.  Where it may be disguised (sites.c) a second flow
 * forks off: it has seen the same so far, and goes on with what the text says
 * once the disguise is taken off.  When nothing was disguised for as long as
 * a flow remembers, both know the same again and the second one ends.  A view
 * may be disguised itself, so each has a fork of its own, up to
 * KT_DETECT_DEPTH_MAX.  Plain text costs the look for sites.
 *
 * What is undecided waits before any flow sees it: a character that is cut,
 * an escape, one that only hides something if a letter follows.  Of a run of
 * base64 or hexadecimal digits that are text so far the digits from the
 * eighth on wait; words have fewer, and to hold every word would show.  A row
 * waits from its fourth byte on.
 */
#include "detect/flow_priv.h"
#include "detect/detect_priv.h"
#include "detect/search.h"

/* What the look for sites sees again of what it has seen. */
#define AGAIN 32
/* What waits is never more; a longer row of invisible characters is a site. */
#define WAITS_MAX 64
/* Several that wait one behind the other are no more than this. */
#define ALL_WAITS (3 * WAITS_MAX)
/* A run as long as this is not a word that happens to be text. */
#define RUN_WAITS 8
#define OPEN_MAX 8

/* A finding whose tail goes on: what it begins with may be forgotten. */
struct open {
	uint32_t detector, start;
	uint64_t source;
	uint32_t disguise;
};

struct layer {
	struct kt_detect_flow *flow;
	struct layer *view, *source; /* of it; what it is a view of */
	unsigned depth;
	struct kt_buf waits; /* of its own text */
	struct kt_buf raw; /* of its source: not taken off yet */
	struct kt_detect_view off;
	struct open open[OPEN_MAX];
	size_t nopen;
};

/* A finding in the clear, and a flow's last ones. */
struct told {
	uint32_t detector, start;
};
#define TOLD_MAX 32

struct kt_detect_stream {
	struct layer text;
	struct told told[TOLD_MAX];
	size_t ntold; /* so far */
	uint64_t total, hold;
	bool is_failed, is_over;
};

static void
free_view(struct layer *l)
{
	struct layer *v = l->view;

	if (v == NULL)
		return;
	l->view = NULL;
	free_view(v);
	kt_detect_flow_free(&v->flow);
	kt_detect_view_fini(&v->off);
	kt_buf_fini(&v->waits);
	kt_buf_fini(&v->raw);
	kt_free(v);
}

enum kt_rc
kt_detect_stream_new(struct kt_detect_stream **out, const struct kt_detect *db,
    const struct kt_detect_set *enabled, const struct kt_detect_set *held)
{
	struct kt_detect_stream *st = kt_alloc(sizeof(*st));

	*out = st;
	if (st == NULL)
		return KT_E_LIMIT;
	kt_buf_init(&st->text.waits, ALL_WAITS);
	if (kt_detect_flow_new(&st->text.flow, db, enabled, held) == KT_OK)
		return KT_OK;
	kt_detect_stream_free(out);
	return KT_E_LIMIT;
}

void
kt_detect_stream_free(struct kt_detect_stream **pst)
{
	struct kt_detect_stream *st = *pst;

	*pst = NULL;
	if (st == NULL)
		return;
	free_view(&st->text);
	kt_detect_flow_free(&st->text.flow);
	kt_buf_fini(&st->text.waits);
	kt_free(st);
}

/* ---- what waits ---- */

/* Could the run that begins at `from` and ends the text be one that says a
   text?  What there is of it does. */
static bool
may_say(struct kt_span in, size_t from)
{
	size_t n = in.len - from;

	return n >= RUN_WAITS && n < KT_DETECT_RUN_MIN &&
	    kt_detect_run_may_say(in, from);
}

static size_t
run_waits(struct kt_span in)
{
	size_t begin = in.len, first = in.len;

	while (begin > 0 && in.len - begin < KT_DETECT_RUN_MIN &&
	    kt_detect_digit64(in.ptr[begin - 1]) >= 0)
		begin--;
	for (; in.len - begin >= RUN_WAITS && first == in.len; begin++)
		if (kt_detect_begins_run(in, begin) && may_say(in, begin))
			first = begin;
	return first;
}

/* One that is cut, with those that stand right before it. */
static size_t
escape_waits(struct kt_span in)
{
	size_t at = in.len > 12 ? in.len - 12 : 0, first, n;

	while (at > 0 && in.ptr[at - 1] == '\\' && in.len - at < WAITS_MAX)
		at--;
	for (first = at; at < in.len; at += n) {
		n = kt_detect_begins_escape(in.ptr[at])
		    ? kt_detect_escape_needs(in, at)
		    : 1;
		if (n == 1)
			first = at + 1;
		/* And what is behind it, which tells whether it hides. */
		else if (in.len - at < n + 2)
			return first;
	}
	return in.len;
}

static bool
is_mark(char c)
{
	return c > ' ' && c < 127 && !kt_detect_is_alnum(c);
}

/* A row of characters at the end that may hide what comes behind; also when
   there are marks among them. */
static size_t
row_waits(struct kt_span in)
{
	size_t at = in.len, first = in.len;

	while (at > 0 && in.len - at < WAITS_MAX) {
		char out[KT_DETECT_FOLD_MAX];
		uint32_t cp, disguise;
		size_t from = at - 1, n;

		if (is_mark(in.ptr[from])) {
			at = from;
			continue;
		}
		if ((unsigned char)in.ptr[from] < 0x80)
			break;
		while (from > 0 && at - from < 4 &&
		    ((unsigned char)in.ptr[from] & 0xc0) == 0x80)
			from--;
		if (kt_utf8_decode(kt_span_sub(in, from, at - from), &cp) !=
		    at - from) {
			if (at < in.len ||
			    !kt_detect_is_cut(kt_span_sub(in, from, 4)))
				break;
		} else if (!kt_detect_is_mark(in, from) &&
		    !kt_detect_is_cell(cp) &&
		    !kt_detect_fold(cp, out, &n, &disguise)) {
			break;
		}
		first = at = from;
	}
	return first;
}

/* How much of a text, of which `known` bytes are known already, is decided;
   *is_row: it ends in a row that is too long to wait for. */
static size_t
decided(struct kt_span in, size_t known, bool *is_row)
{
	size_t was, all = in.len;

	in.len = kt_detect_row_waits(in);
	do { /* what waits may make wait what is before it, for so long */
		size_t row;

		was = in.len;
		in.len = run_waits(in);
		in.len = escape_waits(in);
		row = row_waits(in);
		*is_row = in.len - row > WAITS_MAX - 16;
		if (!*is_row)
			in.len = row;
	} while (in.len < was && in.len > known &&
	    all - in.len < 2 * WAITS_MAX);
	return in.len > known ? in.len : known;
}

/* ---- findings ---- */

static enum kt_rc
keep(struct kt_detect_scratch *s, const struct kt_finding *f)
{
	void *v = s->all;

	if (s->nall == KT_FINDINGS_MAX ||
	    kt_grow(&v, &s->all_cap, s->nall + 1, sizeof(*f)) < 0)
		return KT_E_LIMIT;
	s->all = v;
	s->all[s->nall++] = *f;
	return KT_OK;
}

/* Where [*start, *end) of a view lies in its source, and how it was written. */
static uint32_t
back(const struct layer *v, uint64_t *start, uint64_t *end)
{
	const struct kt_detect_view *off = &v->off;
	size_t a = (size_t)*start, b = (size_t)*end;
	size_t first = off->n > 0 ? off->units[0].view : off->text_base;
	uint32_t disguise = 0;

	if (b > first && b > a) {
		size_t from = a > first ? a : first;

		disguise = kt_detect_view_back(off, &from, &b);
		if (a >= first)
			a = from;
	}
	*start = a;
	*end = b;
	return disguise;
}

static struct open *
find_open(struct layer *v, const struct kt_finding *f)
{
	for (size_t i = 0; i < v->nopen; i++)
		if (v->open[i].detector == f->detector &&
		    v->open[i].start == f->start)
			return &v->open[i];
	return NULL;
}

/* From a view to its source; an open finding keeps its begin. */
static void
tell_in_source(struct layer *v, struct kt_finding *f)
{
	struct open *o = find_open(v, f);
	uint32_t start = (uint32_t)f->start;
	uint64_t len = f->end - f->start;

	f->disguise |= (uint8_t)back(v, &f->start, &f->end);
	/* What was left out stands in no unit. */
	if (f->disguise == 0 && f->end - f->start != len)
		f->disguise = KT_DISGUISE_FORM;
	if (o != NULL) {
		f->start = o->source;
		f->disguise |= (uint8_t)o->disguise;
		o->disguise = f->disguise;
		if (!f->is_open)
			*o = v->open[--v->nopen];
	} else if (f->is_open && v->nopen < OPEN_MAX) {
		v->open[v->nopen++] = (struct open){ f->detector, start,
			f->start, f->disguise };
	}
}

static bool
was_told(const struct kt_detect_stream *st, const struct kt_finding *f)
{
	size_t n = st->ntold < TOLD_MAX ? st->ntold : TOLD_MAX;

	for (size_t i = 0; i < n; i++)
		if (st->told[i].detector == f->detector &&
		    st->told[i].start == f->start)
			return true;
	return false;
}

/* What is not disguised is told by the text's own flow, unless it is a finding
   by what is around it. */
static enum kt_rc
collect(struct kt_detect_stream *st, struct layer *l,
    struct kt_detect_scratch *s, const struct kt_findings *found)
{
	for (size_t i = 0; i < found->n; i++) {
		struct kt_finding f = found->v[i];

		if (l->source == NULL)
			st->told[st->ntold++ % TOLD_MAX] =
			    (struct told){ f.detector, (uint32_t)f.start };
		for (struct layer *v = l; v->source != NULL; v = v->source)
			tell_in_source(v, &f);
		if (l->source != NULL && f.disguise == 0) {
			if (was_told(st, &f))
				continue;
			f.disguise = KT_DISGUISE_FORM;
		}
		if (keep(s, &f) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

/* ---- layers ---- */

static enum kt_rc feed(struct kt_detect_stream *st, struct layer *l,
    struct kt_detect_scratch *s, struct kt_span text, bool is_end);

/* The view of what comes from `at` on. */
static enum kt_rc
branch(struct layer *l, uint64_t at, bool is_in_word)
{
	struct layer *v = kt_alloc(sizeof(*v));

	if (v == NULL)
		return KT_E_LIMIT;
	l->view = v;
	v->source = l;
	v->depth = l->depth + 1;
	v->off.text_base = v->off.source_base = v->off.source_end =
	    (uint32_t)at;
	v->off.within =
	    is_in_word ? KT_DETECT_WITHIN_WORD : KT_DETECT_WITHIN_TEXT;
	kt_buf_init(&v->waits, ALL_WAITS);
	kt_buf_init(&v->raw, 2 * ALL_WAITS + AGAIN + KT_DETECT_SLICE);
	return kt_detect_flow_fork(&v->flow, l->flow, at);
}

/* Looks for a disguise in what comes next, behind `known` bytes that the flow
   knows, and gives the view what it has to take off. */
static enum kt_rc
look(struct layer *l, struct kt_span in, size_t known, bool is_row)
{
	size_t site;

	if (l->view != NULL)
		return kt_buf_add(
		    &l->view->raw, kt_span_sub(in, known, in.len));
	if (l->depth == KT_DETECT_DEPTH_MAX || in.len == known)
		return KT_OK;
	site = kt_detect_next_site(in, known > 16 ? known - 16 : 0);
	if (site == in.len && !is_row)
		return KT_OK;
	site = site < known ? site : known;
	if (branch(l, kt_detect_flow_length(l->flow) - (known - site),
		site > 0 && kt_detect_is_alnum(in.ptr[site - 1])) < 0)
		return KT_E_LIMIT;
	return kt_buf_add(&l->view->raw, kt_span_sub(in, site, in.len));
}

/* How long ago, in the view, was something taken off? */
static uint64_t
plain_for(const struct layer *v)
{
	const struct kt_detect_view *off = &v->off;
	uint64_t now = off->text_base + off->text.len;

	if (off->n == 0)
		return 0;
	return off->units[off->n - 1].disguise != 0
	    ? 0
	    : now - off->units[off->n - 1].view;
}

/* Units that lie behind all that a flow remembers. */
static void
forget_units(struct kt_detect_view *off)
{
	uint32_t now = off->text_base + (uint32_t)off->text.len;
	size_t n = 0;

	while (n + 1 < off->n &&
	    off->units[n + 1].view + KT_DETECT_KEEP + KT_DETECT_SLICE < now)
		n++;
	if (n < 64)
		return;
	memmove(off->units, off->units + n, (off->n - n) * sizeof(*off->units));
	off->n -= n;
}

static enum kt_rc
feed_view(struct kt_detect_stream *st, struct layer *v,
    struct kt_detect_scratch *s, bool is_end)
{
	size_t used;
	enum kt_rc rc = kt_detect_unmask_more(
	    kt_buf_span(&v->raw), is_end, &v->off, &used);

	if (rc < 0)
		return rc;
	memmove(v->raw.ptr, v->raw.ptr + used, v->raw.len - used);
	v->raw.len -= used;
	forget_units(&v->off);
	return feed(st, v, s, kt_buf_span(&v->off.text), is_end);
}

/* Text that is decided, behind `known` bytes. */
static enum kt_rc
take(struct kt_detect_stream *st, struct layer *l, struct kt_detect_scratch *s,
    struct kt_span in, size_t known, bool is_row, bool is_end)
{
	struct kt_detect_step step = { 0 };
	enum kt_rc rc = look(l, in, known, is_row);

	if (rc == KT_OK && in.len > known)
		rc = kt_detect_flow_feed(
		    l->flow, s, kt_span_sub(in, known, in.len), &step);
	if (rc == KT_OK)
		rc = collect(st, l, s, &step.findings);
	if (rc == KT_OK && is_end)
		rc = kt_detect_flow_end(l->flow, s, &step);
	if (rc == KT_OK && is_end)
		rc = collect(st, l, s, &step.findings);
	if (rc < 0 || l->view == NULL)
		return rc;
	rc = feed_view(st, l->view, s, is_end);
	if (rc == KT_OK && !is_end && l->view->view == NULL &&
	    plain_for(l->view) >= KT_DETECT_KEEP &&
	    !kt_detect_flow_is_open(l->view->flow))
		free_view(l);
	return rc;
}

/* What the flow knows and what waits, and the text behind both. */
static struct kt_span
lay_out(const struct layer *l, struct kt_detect_scratch *s,
    struct kt_span text, size_t *known)
{
	struct kt_span kept = kt_detect_flow_kept(l->flow);
	size_t n = kept.len < AGAIN ? kept.len : AGAIN;

	_Static_assert(sizeof(s->piece) >= AGAIN + ALL_WAITS + KT_DETECT_SLICE,
	    "a piece fits");
	*known = n;
	memcpy(s->piece, kept.ptr + kept.len - n, n);
	if (l->waits.len > 0)
		memcpy(s->piece + n, l->waits.ptr, l->waits.len);
	n += l->waits.len;
	if (text.len > 0)
		memcpy(s->piece + n, text.ptr, text.len);
	return (struct kt_span){ s->piece, n + text.len };
}

static enum kt_rc
feed(struct kt_detect_stream *st, struct layer *l, struct kt_detect_scratch *s,
    struct kt_span text, bool is_end)
{
	enum kt_rc rc = KT_OK;

	do {
		size_t n = text.len < KT_DETECT_SLICE ? text.len
						      : KT_DETECT_SLICE;
		size_t known, done;
		bool is_last = n == text.len, is_row = false;
		struct kt_span in =
		    lay_out(l, s, kt_span_sub(text, 0, n), &known);

		done = is_end && is_last ? in.len : decided(in, known, &is_row);
		kt_buf_reset(&l->waits);
		if (done < in.len)
			rc = kt_buf_add(
			    &l->waits, kt_span_sub(in, done, in.len));
		if (rc == KT_OK)
			rc = take(st, l, s, kt_span_sub(in, 0, done), known,
			    is_row, is_end && is_last);
		text = kt_span_sub(text, n, text.len);
	} while (text.len > 0 && rc == KT_OK);
	return rc;
}

/* ---- the door ---- */

/* Text before it may go out, as far as l and its views know. */
static uint64_t
hold_of(const struct layer *l)
{
	uint64_t hold = kt_detect_flow_hold(l->flow), of, end;
	const struct layer *v = l->view;

	if (v == NULL)
		return hold;
	of = hold_of(v);
	if (of == v->off.text_base + v->off.text.len) {
		of = v->off.source_base; /* nothing of it is held */
	} else if (v->off.n > 0 && of >= v->off.units[0].view) {
		end = of + 1;
		(void)back(v, &of, &end); /* where, not how */
	}
	return of < hold ? of : hold;
}

/* Of a finding that was told again the last, which is the longest. */
static size_t
latest(struct kt_finding *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		bool is_again = false;

		for (size_t k = i + 1;
		     k < n && v[k].start == v[i].start && !is_again; k++)
			is_again = v[k].detector == v[i].detector &&
			    (v[k].disguise == 0) == (v[i].disguise == 0);
		if (!is_again)
			v[kept++] = v[i];
	}
	return kept;
}

static enum kt_rc
run(struct kt_detect_stream *st, struct kt_detect_scratch *s,
    struct kt_span text, bool is_end, struct kt_detect_step *out)
{
	uint64_t hold;
	enum kt_rc rc;

	*out = (struct kt_detect_step){ .hold = st->hold };
	if (st->is_over)
		KT_BUG("a stream fed behind its end");
	if (st->is_failed)
		return KT_E_ENGINE;
	s->nall = 0;
	st->total += text.len;
	rc = st->total < UINT32_MAX ? feed(st, &st->text, s, text, is_end)
				    : KT_E_LIMIT;
	hold = hold_of(&st->text);
	if (rc == KT_OK && st->total - hold > KT_DETECT_HOLD_WRITTEN_MAX)
		rc = KT_E_LIMIT;
	if (rc < 0) {
		st->is_failed = true;
		return rc;
	}
	st->is_over = is_end;
	/* A run may be told when its first digits have gone. */
	st->hold = hold > st->hold ? hold : st->hold;
	kt_detect_sort(s->all, s->nall);
	out->findings = (struct kt_findings){ s->all, latest(s->all, s->nall) };
	out->hold = st->hold;
	return KT_OK;
}

enum kt_rc
kt_detect_stream_feed(struct kt_detect_stream *st, struct kt_detect_scratch *s,
    struct kt_span delta, struct kt_detect_step *out)
{
	return run(st, s, delta, false, out);
}

enum kt_rc
kt_detect_stream_end(struct kt_detect_stream *st, struct kt_detect_scratch *s,
    struct kt_detect_step *out)
{
	return run(st, s, (struct kt_span){ 0 }, true, out);
}

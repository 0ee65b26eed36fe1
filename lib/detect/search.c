/*
 * search - findings in the clear and in disguise.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The text is searched as it is.  Where something may be disguised, what is
 * around is searched again as a view, up to three layers deep, and what is
 * found there is told where it was written.  Searching a whole second text
 * would cost twice as much for one typographic blank.
 */
#include "detect/detect_priv.h"
#include "detect/search.h"

/* As wide as matches of most detectors with their context. */
#define AROUND 256
/* And on to the next blank, for what is wider: tokens have none. */
#define AROUND_MAX (AROUND + KT_HOLD_MAX)
/* Shorter texts are looked at whole. */
#define WHOLE_MAX 2048

struct pass {
	const struct kt_detect *db;
	struct kt_detect_scratch *s;
	const struct kt_detect_set *enabled;
	struct kt_span label, text;
	size_t nclear; /* findings in the clear, at the front of all */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* A run of digits is one site however long it is, over ends of lines. */
static size_t
end_of_site(struct kt_span text, size_t at)
{
	if (kt_detect_digit64(text.ptr[at]) < 0)
		return at + 1;
	while (at < text.len && (kt_detect_digit64(text.ptr[at]) >= 0 ||
	        text.ptr[at] == '\n' || text.ptr[at] == '\r'))
		at++;
	return at;
}

/* What is searched again around the sites from `first` on; *next: behind. */
static struct kt_span
window(struct kt_span text, size_t first, size_t *next)
{
	size_t from = first > AROUND ? first - AROUND : 0, to = first, site;
	size_t least = first > AROUND_MAX ? first - AROUND_MAX : 0;

	if (text.len <= WHOLE_MAX) {
		*next = text.len;
		return text;
	}
	while (from > least && !is_blank(text.ptr[from - 1]))
		from--;
	for (site = first; site < text.len && site <= to;
	     site = kt_detect_next_site(text, site)) {
		size_t most;

		site = end_of_site(text, site);
		most = site + AROUND_MAX;
		to = site + AROUND;
		while (to < text.len && to < most && !is_blank(text.ptr[to]))
			to++;
	}
	*next = site;
	return kt_span_sub(text, from, to - from);
}

static bool
is_known(const struct pass *p, const struct kt_finding *f)
{
	const struct kt_detect_scratch *s = p->s;
	size_t low = 0, high = p->nclear;

	while (low < high) { /* the first in the clear that begins there */
		size_t mid = low + (high - low) / 2;

		if (s->all[mid].start < f->start)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < p->nclear && s->all[low].start == f->start; low++)
		if (s->all[low].detector == f->detector &&
		    s->all[low].end == f->end)
			return true;
	return false;
}

/* Two layers may tell the same. */
static size_t
once(struct kt_finding *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept == 0 || v[kept - 1].start != v[i].start ||
		    v[kept - 1].end != v[i].end ||
		    v[kept - 1].detector != v[i].detector)
			v[kept++] = v[i];
	return kept;
}

static enum kt_rc
keep(struct pass *p, const struct kt_finding *f)
{
	void *v = p->s->all;

	if (p->s->nall == KT_FINDINGS_MAX ||
	    kt_grow(&v, &p->s->all_cap, p->s->nall + 1, sizeof(*f)) < 0)
		return KT_E_LIMIT;
	p->s->all = v;
	p->s->all[p->s->nall++] = *f;
	return KT_OK;
}

/* Findings of a view, which is `depth` layers over the window. */
static enum kt_rc
keep_all(struct pass *p, const struct kt_findings *found, unsigned depth,
    struct kt_span part)
{
	for (size_t i = 0; i < found->n; i++) {
		struct kt_finding f = found->v[i];
		size_t start = (size_t)f.start, end = (size_t)f.end;
		bool is_cut;

		for (unsigned d = depth; d-- > 0;)
			f.disguise |= (uint8_t)kt_detect_view_back(
			    &p->s->view[d], &start, &end);
		/* What touches the edge of a part may be no match outside. */
		is_cut = (start == 0 && part.ptr > p->text.ptr) ||
		    (end == part.len &&
		        part.ptr + part.len < p->text.ptr + p->text.len);
		if (f.disguise == 0)
			f.disguise = KT_DISGUISE_FORM;
		f.start = (uint64_t)(part.ptr - p->text.ptr) + start;
		f.end = (uint64_t)(part.ptr - p->text.ptr) + end;
		if (!is_cut && !is_known(p, &f) && keep(p, &f) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static enum kt_rc
search_part(struct pass *p, struct kt_span part)
{
	struct kt_span label =
	    part.ptr == p->text.ptr ? p->label : (struct kt_span){ 0 };
	struct kt_span in = part;

	for (unsigned depth = 0; depth < KT_DETECT_DEPTH_MAX; depth++) {
		struct kt_detect_view *view = &p->s->view[depth];
		struct kt_findings found;
		bool changed;
		enum kt_rc rc;

		if (depth > 0 && kt_detect_next_site(in, 0) == in.len)
			break;
		rc = kt_detect_unmask(in, view, &changed);
		if (rc < 0 || !changed)
			return rc;
		in = kt_buf_span(&view->text);
		rc = kt_detect_scan_labelled(
		    p->db, p->s, label, in, p->enabled, &found);
		if (rc == KT_OK)
			rc = keep_all(p, &found, depth + 1, part);
		if (rc < 0)
			return rc;
	}
	return KT_OK;
}

enum kt_rc
kt_detect_search(const struct kt_detect *db, struct kt_detect_scratch *s,
    struct kt_span label, struct kt_span text,
    const struct kt_detect_set *enabled, struct kt_findings *out)
{
	struct pass p = { db, s, enabled, label, text, 0 };
	size_t site = kt_detect_next_site(text, 0);
	enum kt_rc rc =
	    kt_detect_scan_labelled(db, s, label, text, enabled, out);

	if (rc < 0 || site == text.len || db->n == 0)
		return rc;
	s->nall = 0;
	for (size_t i = 0; i < out->n && rc == KT_OK; i++)
		rc = keep(&p, &out->v[i]);
	p.nclear = s->nall;
	while (rc == KT_OK && site < text.len)
		rc = search_part(&p, window(text, site, &site));
	*out = (struct kt_findings){ 0 };
	if (rc < 0)
		return rc;
	kt_detect_sort(s->all, s->nall);
	*out = (struct kt_findings){ s->all, once(s->all, s->nall) };
	return KT_OK;
}

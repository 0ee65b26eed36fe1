/*
 * edits - of a text: collected in any order, applied in one pass.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Those that overlap take out what any of them covers, and each leaves its
 * stand-in: what two detectors saw, two will see again.
 */
#include <gnutls/crypto.h>
#include <stdlib.h>

#include "detect/standin.h"
#include "session/media.h"
#include "session/session_priv.h"

enum kt_rc
kt_scrub_add(struct kt_scrub_edits *e, struct kt_scrub_edit one)
{
	void *p = e->v;

	if (e->n == KT_FINDINGS_MAX ||
	    kt_grow(&p, &e->cap, e->n + 1, sizeof(one)) < 0)
		return KT_E_LIMIT;
	e->v = p;
	e->v[e->n++] = one;
	return KT_OK;
}

void
kt_scrub_edits_fini(struct kt_scrub_edits *e)
{
	kt_free(e->v);
	*e = (struct kt_scrub_edits){ 0 };
}

static uint32_t
tag_of(const struct kt_scrub *s, struct kt_span matched)
{
	uint8_t digest[32] = { 0 };

	/* Without a digest all look alike, which tells less. */
	(void)gnutls_hmac_fast(GNUTLS_MAC_SHA256, s->key, 32, matched.ptr,
	    matched.len, digest);
	return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 |
	    (uint32_t)digest[2] << 8 | digest[3];
}

bool
kt_scrub_is_threat(const struct kt_detector *d)
{
	return (KT_CLASS_BIT(d->class) & KT_CLASS_THREATS) != 0;
}

struct kt_scrub_edit
kt_scrub_edit_of(const struct kt_scrub *s, const struct kt_sighting *at,
    struct kt_span text)
{
	return (struct kt_scrub_edit){ .start = at->start, .end = at->end,
		.detector = at->detector, .confidence_pm = at->confidence_pm,
		.tag = tag_of(s,
		    kt_span_sub(text, at->start, at->end - at->start)) };
}

static int
in_order(const void *x, const void *y)
{
	const struct kt_scrub_edit *a = x, *b = y;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	if (a->detector != b->detector && a->detector && b->detector)
		return strcmp(a->detector->id, b->detector->id);
	return (a->detector == NULL) - (b->detector == NULL);
}

static bool
is_same(const struct kt_scrub_edit *a, const struct kt_scrub_edit *b)
{
	return a->start == b->start && a->end == b->end && a->kind == b->kind &&
	    a->detector == b->detector;
}

static enum kt_rc
write_fill(struct kt_buf *out, size_t n)
{
	if (kt_buf_reserve(out, n) < 0)
		return KT_E_LIMIT;
	memset(out->ptr + out->len, KT_SESSION_FILL, n);
	out->len += n;
	return KT_OK;
}

static enum kt_rc
write_one(const struct kt_scrub_edit *e, struct kt_buf *out)
{
	switch (e->kind) {
	case KT_SCRUB_STANDIN:
	case KT_SCRUB_QUOTED:
		return kt_standin_write(
		    out, e->detector, e->confidence_pm, e->tag);
	case KT_SCRUB_BLANK:
		return kt_standin_write_blank(out);
	case KT_SCRUB_FILL:
		return write_fill(out, e->end - e->start);
	case KT_SCRUB_MEDIUM:
		return kt_medium_mark(out, e->tag) < 0 ? KT_E_LIMIT :
		    write_fill(out, e->end - e->start > KT_MEDIUM_MARK_LEN ?
		            e->end - e->start - KT_MEDIUM_MARK_LEN : 0);
	case KT_SCRUB_GONE:
		break;
	}
	return KT_OK;
}

/* All that overlap, from i on; returns the first that does not. */
static size_t
cluster(const struct kt_scrub_edits *e, size_t i, size_t *end)
{
	size_t k = i + 1;

	*end = e->v[i].end;
	while (k < e->n && (e->v[k].start < *end ||
	        (e->v[k].start == e->v[i].start && e->v[k].end == *end))) {
		if (e->v[k].end > *end)
			*end = e->v[k].end;
		k++;
	}
	return k;
}

static enum kt_rc
write_cluster(const struct kt_scrub_edits *e, size_t from, size_t to,
    struct kt_buf *out)
{
	bool is_quoted = false;
	enum kt_rc rc = KT_OK;

	for (size_t i = from; i < to; i++)
		is_quoted |= e->v[i].kind == KT_SCRUB_QUOTED;
	if (is_quoted)
		rc = kt_buf_addc(out, '"');
	for (size_t i = from; i < to && rc == KT_OK; i++) {
		if (i == from || !is_same(&e->v[i], &e->v[i - 1]))
			rc = write_one(&e->v[i], out);
	}
	if (is_quoted && rc == KT_OK)
		rc = kt_buf_addc(out, '"');
	return rc;
}

enum kt_rc
kt_scrub_apply(struct kt_scrub_edits *e, struct kt_span text, size_t *ends,
    size_t nends, struct kt_buf *out)
{
	size_t at = 0, next = 0, i = 0, k = 0;

	if (e->n > 1)
		qsort(e->v, e->n, sizeof(*e->v), in_order);
	while (i < e->n) {
		size_t start = e->v[i].start, end;

		next = cluster(e, i, &end);
		for (; k < nends && ends[k] < end; k++)
			ends[k] = out->len +
			    (ends[k] < start ? ends[k] - at : start - at);
		if (kt_buf_add(out, kt_span_sub(text, at, start - at)) < 0 ||
		    write_cluster(e, i, next, out) < 0)
			return KT_E_LIMIT;
		at = end;
		i = next;
	}
	for (; k < nends; k++)
		ends[k] = out->len + ends[k] - at;
	return kt_buf_add(out, kt_span_sub(text, at, text.len));
}

enum kt_rc
kt_medium_mark(struct kt_buf *out, uint32_t number)
{
	return kt_buf_printf(out, KT_MEDIUM_MARK "%08u", (unsigned)number);
}

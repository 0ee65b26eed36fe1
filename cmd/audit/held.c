/*
 * held - each list in the order in which a log comes by them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit/held.h"

#include "cmd/audit/bundle.h"
#include "disk/disk.h"

#include <stdlib.h>

static enum kt_rc
keep_origin(char to[static KT_HELD_ORIGIN], struct kt_span origin,
    struct kt_err *err)
{
	if (origin.len >= KT_HELD_ORIGIN)
		return kt_fail(err, KT_E_LIMIT, "an origin of %zu bytes",
		    origin.len);
	memcpy(to, origin.ptr, origin.len);
	to[origin.len] = '\0';
	return KT_OK;
}

static enum kt_rc
add_known(struct kt_held *h, struct kt_span note, struct kt_err *err)
{
	struct kt_held_known *k;

	if (kt_grow((void **)&h->known, &h->known_cap, h->nknown + 1,
	    sizeof(*h->known)) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	k = &h->known[h->nknown];
	*k = (struct kt_held_known){ .is_used = false };
	if (kt_audit_checkpoint_parse(note, &k->cp, err) < 0 ||
	    keep_origin(k->origin, k->cp.origin, err) < 0)
		return err->rc;
	k->cp.origin = (struct kt_span){ .ptr = NULL };
	kt_audit_sha256(note, k->digest);
	h->nknown++;
	return KT_OK;
}

enum kt_rc
kt_held_checkpoint(struct kt_held *h, const char *path, struct kt_err *err)
{
	struct kt_buf text;
	enum kt_rc rc;

	kt_buf_init(&text, 4 * KT_AUDIT_NOTE_MAX);
	rc = kt_disk_read_file(
	    &kt_disk_real, path, KT_AUDIT_NOTE_MAX, &text, err);
	if (rc == KT_OK)
		rc = add_known(h, kt_buf_span(&text), err);
	kt_buf_fini(&text);
	return rc < 0 ? kt_wrap(err, "%s", path) : KT_OK;
}

static enum kt_rc
add_receipt(struct kt_held *h, struct kt_span line, struct kt_err *err)
{
	struct kt_held_receipt *r;
	struct kt_span origin;

	if (kt_grow((void **)&h->receipts, &h->receipts_cap,
	    h->nreceipts + 1, sizeof(*h->receipts)) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	r = &h->receipts[h->nreceipts];
	*r = (struct kt_held_receipt){ .is_used = false };
	if (kt_audit_receipt_parse(line, &r->r, &origin, err) < 0 ||
	    keep_origin(r->origin, origin, err) < 0)
		return err->rc;
	h->nreceipts++;
	return KT_OK;
}

enum kt_rc
kt_held_receipts(struct kt_held *h, const char *value, struct kt_err *err)
{
	struct kt_span rest, line;
	struct kt_buf text;
	enum kt_rc rc;

	kt_buf_init(&text, 4u << 20);
	rc = kt_text_or_file(value, &text, err);
	rest = kt_buf_span(&text);
	while (rc == KT_OK && kt_text_line(&rest, &line)) {
		if (line.len > 0)
			rc = add_receipt(h, line, err);
	}
	kt_buf_fini(&text);
	return rc;
}

enum kt_rc
kt_held_stamp(struct kt_held *h, const char *path, struct kt_err *err)
{
	if (h->nstamps == KT_HELD_STAMPS_MAX)
		return kt_fail(err, KT_E_MISUSE, "more than %d time stamps",
		    KT_HELD_STAMPS_MAX);
	h->stamp_files[h->nstamps++] = path;
	return KT_OK;
}

/* Each is over a checkpoint that is held against the log as well. */
static enum kt_rc
read_stamp(struct kt_held *h, const char *path, struct kt_stamped *out,
    size_t *of, struct kt_err *err)
{
	struct kt_buf answer;
	enum kt_rc rc;

	kt_buf_init(&answer, 1u << 20);
	rc = kt_stamp_of_file(path, h->tsa_ca, &answer, &out->stamp, err);
	kt_buf_fini(&answer);
	for (size_t i = 0; rc == KT_OK && i < h->nknown; i++) {
		if (memcmp(h->known[i].digest, out->stamp.digest,
		    KT_AUDIT_HASH) == 0) {
			out->size = h->known[i].cp.size;
			*of = i;
			return KT_OK;
		}
	}
	return rc < 0 ? rc : kt_fail(err, KT_E_PARSE, "%s: it stamps none "
	    "of the known checkpoints", path);
}

/* Both are what they hold first. */
static int
by_size(const void *a, const void *b)
{
	const struct kt_audit_checkpoint *x = a, *y = b;

	return (x->size > y->size) - (x->size < y->size);
}

static int
by_index(const void *a, const void *b)
{
	const struct kt_audit_receipt *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

void
kt_held_sort(struct kt_audit_checkpoint *known, size_t n)
{
	if (n > 0)
		qsort(known, n, sizeof(*known), by_size);
}

enum kt_rc
kt_held_finish(struct kt_held *h, struct kt_err *err)
{
	if (h->nknown > 0)
		qsort(h->known, h->nknown, sizeof(*h->known), by_size);
	if (h->nreceipts > 0)
		qsort(h->receipts, h->nreceipts, sizeof(*h->receipts),
		    by_index);
	for (size_t i = 0; i < h->nstamps; i++) {
		if (read_stamp(h, h->stamp_files[i], &h->stamps[i],
		    &h->stamped[i], err) < 0)
			return err->rc;
	}
	return KT_OK;
}

void
kt_held_fini(struct kt_held *h)
{
	kt_free(h->known);
	kt_free(h->receipts);
}

/* ---- of one log ---- */

static struct kt_span
name_of(const char *origin)
{
	const char *slash = strrchr(origin, '/');

	return slash == NULL ? kt_span_of(origin) :
	    (struct kt_span){ origin, (size_t)(slash - origin) };
}

static bool
is_of(const char *held, const char *origin, bool is_only)
{
	return origin[0] == '\0' || strcmp(held, origin) == 0 ||
	    (is_only && kt_span_eq(name_of(held), name_of(origin)));
}

enum kt_rc
kt_held_of(struct kt_held *h, const char *origin, bool is_only, size_t more,
    struct kt_held_part *out, struct kt_err *err)
{
	*out = (struct kt_held_part){ .nstamps = 0 };
	out->known = kt_alloc_array(
	    h->nknown + more + 1, sizeof(*out->known));
	out->receipts = kt_alloc_array(
	    h->nreceipts + 1, sizeof(*out->receipts));
	if (out->known == NULL || out->receipts == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	for (size_t i = 0; i < h->nknown; i++) {
		if (!is_of(h->known[i].origin, origin, is_only))
			continue;
		h->known[i].is_used = true;
		out->known[out->nknown++] = h->known[i].cp;
		for (size_t s = 0; s < h->nstamps; s++) {
			if (h->stamped[s] == i)
				out->stamps[out->nstamps++] = h->stamps[s];
		}
	}
	for (size_t i = 0; i < h->nreceipts; i++) {
		if (!is_of(h->receipts[i].origin, origin, is_only))
			continue;
		h->receipts[i].is_used = true;
		out->receipts[out->nreceipts++] = h->receipts[i].r;
	}
	return KT_OK;
}

void
kt_held_part_fini(struct kt_held_part *p)
{
	kt_free(p->known);
	kt_free(p->receipts);
}

const char *
kt_held_unused(const struct kt_held *h)
{
	for (size_t i = 0; i < h->nknown; i++)
		if (!h->known[i].is_used)
			return h->known[i].origin;
	for (size_t i = 0; i < h->nreceipts; i++)
		if (!h->receipts[i].is_used)
			return h->receipts[i].origin;
	return NULL;
}

/*
 * held - each list in the order in which a log comes by them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit/held.h"

#include "cmd/audit/bundle.h"
#include "disk/disk.h"

#include <stdlib.h>

static enum kt_rc
add_known(struct kt_held *h, struct kt_span note, struct kt_err *err)
{
	struct kt_audit_checkpoint *cp;
	struct kt_stamped *f;

	if (kt_grow((void **)&h->known, &h->known_cap, h->nknown + 1,
	    sizeof(*h->known)) < 0 ||
	    kt_grow((void **)&h->known_files, &h->known_files_cap,
		h->nknown_files + 1, sizeof(*h->known_files)) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	cp = &h->known[h->nknown];
	if (kt_audit_checkpoint_parse(note, cp, err) < 0)
		return err->rc;
	cp->origin = (struct kt_span){ .ptr = NULL };
	f = &h->known_files[h->nknown_files++];
	kt_audit_sha256(note, f->stamp.digest);
	f->size = cp->size;
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

enum kt_rc
kt_held_receipts(struct kt_held *h, const char *value, struct kt_err *err)
{
	struct kt_span rest, line, origin;
	struct kt_buf text;
	enum kt_rc rc;

	kt_buf_init(&text, 4u << 20);
	rc = kt_text_or_file(value, &text, err);
	for (rest = kt_buf_span(&text); rc == KT_OK && rest.len > 0;) {
		size_t n = kt_span_find(rest, '\n');

		line = kt_span_trim(kt_span_sub(rest, 0, n));
		rest = kt_span_sub(rest, n + 1, rest.len);
		if (line.len == 0)
			continue;
		if (kt_grow((void **)&h->receipts, &h->receipts_cap,
		    h->nreceipts + 1, sizeof(*h->receipts)) < 0)
			rc = kt_fail(err, KT_E_LIMIT, "no memory");
		else
			rc = kt_audit_receipt_parse(line,
			    &h->receipts[h->nreceipts++], &origin, err);
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
    struct kt_err *err)
{
	struct kt_buf answer;
	enum kt_rc rc;

	kt_buf_init(&answer, 1u << 20);
	rc = kt_stamp_of_file(path, h->tsa_ca, &answer, &out->stamp, err);
	kt_buf_fini(&answer);
	for (size_t i = 0; rc == KT_OK && i < h->nknown_files; i++) {
		if (memcmp(h->known_files[i].stamp.digest, out->stamp.digest,
		    KT_AUDIT_HASH) == 0) {
			out->size = h->known_files[i].size;
			return KT_OK;
		}
	}
	return rc < 0 ? rc : kt_fail(err, KT_E_PARSE, "%s: it stamps none "
	    "of the known checkpoints", path);
}

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
	kt_held_sort(h->known, h->nknown);
	if (h->nreceipts > 0)
		qsort(h->receipts, h->nreceipts, sizeof(*h->receipts),
		    by_index);
	for (size_t i = 0; i < h->nstamps; i++) {
		if (read_stamp(h, h->stamp_files[i], &h->stamps[i], err) < 0)
			return err->rc;
	}
	return KT_OK;
}

void
kt_held_fini(struct kt_held *h)
{
	kt_free(h->known);
	kt_free(h->known_files);
	kt_free(h->receipts);
}

/*
 * pruned - proofs instead of records.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The verifier has passed over what was brought of records that it could not
 * read.  Few are brought and many are gone, so each is proven by itself.
 */
#include "cmd/audit/pruned.h"

static enum kt_rc
compare_known(struct kt_audit_dir *d, const struct kt_audit_checkpoint *known,
    const struct kt_audit_checkpoint *cp, struct kt_audit_report *r,
    struct kt_err *err)
{
	struct kt_audit_path path;

	if (kt_audit_dir_prove_older(d, known->size, cp, &path, err) < 0)
		return kt_wrap(err, "the known checkpoint of %llu records, "
		    "which are gone", (unsigned long long)known->size);
	if (!kt_audit_consistency_holds(
	    known->size, known->root, cp->size, cp->root, &path))
		kt_audit_report_fork(r, r->known_size < known->size ?
		    r->known_size : 0, known->size > 0 ? known->size - 1 : 0);
	else if (known->size > r->known_size)
		r->known_size = known->size;
	return KT_OK;
}

/* The tile's own leaf is proven first: then a receipt is held against it. */
static enum kt_rc
compare_receipt(struct kt_audit_dir *d, const struct kt_audit_receipt *receipt,
    const struct kt_audit_checkpoint *cp, struct kt_audit_report *r,
    struct kt_err *err)
{
	struct kt_audit_path path;
	uint8_t leaf[KT_AUDIT_HASH];

	if (kt_audit_dir_node(d, 0, receipt->index, leaf, err) < 0 ||
	    kt_audit_dir_prove(d, leaf, receipt->index, cp, &path, err) < 0)
		return kt_wrap(err, "the receipt of record %llu, which is gone",
		    (unsigned long long)receipt->index);
	if (memcmp(leaf, receipt->leaf, KT_AUDIT_HASH) != 0)
		kt_audit_report_fork(r, r->known_size <= receipt->index ?
		    r->known_size : 0, receipt->index);
	else
		r->receipts++;
	return KT_OK;
}

enum kt_rc
kt_pruned_compare(struct kt_audit_dir *d, const struct kt_audit_brought *b,
    struct kt_audit_report *r, struct kt_err *err)
{
	struct kt_audit_checkpoint cp;

	if (r->pruned == 0 || r->nbreaks > 0 ||
	    ((b->nknown == 0 || b->known[0].size >= r->pruned) &&
		(b->nreceipts == 0 || b->receipts[0].index >= r->pruned)))
		return KT_OK;
	if (kt_audit_checkpoint_parse(kt_buf_span(&d->newest), &cp, err) < 0)
		return err->rc;
	for (size_t k = 0; k < b->nknown && b->known[k].size < r->pruned &&
	    r->nbreaks == 0; k++) {
		if (compare_known(d, &b->known[k], &cp, r, err) < 0)
			return err->rc;
	}
	for (size_t k = 0; k < b->nreceipts && r->nbreaks == 0 &&
	    b->receipts[k].index < r->pruned; k++) {
		if (compare_receipt(d, &b->receipts[k], &cp, r, err) < 0)
			return err->rc;
	}
	return KT_OK;
}

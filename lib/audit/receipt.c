/*
 * receipt - what a client kept of an answer: <origin>#<index>;<leaf hash>.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The leaf hash and not a signature: a receipt is compared with a log whose
 * checkpoints are signed, and costs an answer no more than a header.
 */
#include "audit/receipt.h"

enum kt_rc
kt_audit_receipt_parse(struct kt_span text, struct kt_audit_receipt *r,
    struct kt_span *origin, struct kt_err *err)
{
	size_t hash, at;

	text = kt_span_trim(text);
	if (kt_span_starts(text, KT_SPAN("kt-audit:")))
		text = kt_span_trim(kt_span_sub(text, 9, text.len));
	at = kt_span_find(text, '#');
	hash = kt_span_find(text, ';');
	*origin = kt_span_sub(text, 0, at);
	if (origin->len == 0 || hash <= at ||
	    !kt_span_u64(kt_span_sub(text, at + 1, hash - at - 1), &r->index) ||
	    !kt_unhex(kt_span_sub(text, hash + 1, text.len), r->leaf,
		KT_AUDIT_HASH))
		return kt_fail(err, KT_E_PARSE,
		    "not a receipt: <origin>#<index>;<64 digits>");
	return KT_OK;
}

struct kt_span
kt_audit_receipt_write(const struct kt_audit_receipt *r, struct kt_span origin,
    char text[static KT_AUDIT_RECEIPT_MAX])
{
	char digits[20];
	struct kt_span index = kt_decimal(r->index, digits);
	char *to = text;

	if (origin.len + index.len + 2 * KT_AUDIT_HASH + 3 >
	    KT_AUDIT_RECEIPT_MAX)
		return (struct kt_span){ 0 };
	if (origin.len > 0)
		memcpy(to, origin.ptr, origin.len);
	to += origin.len;
	*to++ = '#';
	memcpy(to, index.ptr, index.len);
	to += index.len;
	*to++ = ';';
	kt_hex(r->leaf, KT_AUDIT_HASH, to);
	return (struct kt_span){ text,
		(size_t)(to - text) + 2 * KT_AUDIT_HASH };
}

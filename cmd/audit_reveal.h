/*
 * audit_reveal - what was said in a call, for those who may ask.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    where the secret of a caller is, and which commitment a part of
 *           a call has to match.
 * Does not: ask who may: whoever can read the vault can.
 * Promises: nothing is shown that is not what the record commits to, and
 *           nothing before a record tells that it is shown.
 */
#ifndef KT_AUDIT_REVEAL_H
#define KT_AUDIT_REVEAL_H
#include "cmd/audit/find.h"
#include "cmd/cmd.h"

struct kt_reveal {
	const char *field;       /* request or completion */
	const char *reason, *by; /* words; by may be NULL */
	struct kt_buf plain;
	struct kt_span bytes, commit; /* of the field; borrows */
	uint8_t salt[KT_AUDIT_HASH];  /* of a commitment that has one */
};
/* Of the record in `line`.  Anything but KT_EXIT_YES was explained. */
enum kt_exit kt_reveal(
    struct kt_reveal *r, struct kt_audit_dir *d, struct kt_span line);
void kt_reveal_fini(struct kt_reveal *r);

#endif

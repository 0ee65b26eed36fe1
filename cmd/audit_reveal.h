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
#include "cmd/audit/revealed.h"
#include "cmd/cmd.h"

struct kt_reveal {
	const char *name;        /* of a field: cmd/audit/revealed.h */
	const char *reason, *by; /* words; by may be NULL */
	/*
	 * The field of exactly this name, and its salt alone will do; else
	 * `request` is the one that is kept.
	 */
	bool is_for_proof;
	const struct kt_revealed_field *field;
	struct kt_buf plain;
	struct kt_span bytes; /* of the field; borrows */
	struct kt_span commit, subject; /* borrow from the record */
	uint64_t index;
	bool is_salted; /* or the salt is of no use */
	uint8_t salt[KT_AUDIT_HASH];
};
/*
 * Of the record in `line`; records nothing.  KT_E_PARSE: what is kept is not
 * what it commits to.  Whatever comes of it, _fini is due.
 */
KT_MUSTCHECK enum kt_rc kt_reveal_open(struct kt_reveal *r,
    struct kt_audit_dir *d, struct kt_span line, struct kt_err *err);
/* Has it recorded; anything but KT_EXIT_YES was explained: show nothing. */
enum kt_exit kt_reveal_tell(const struct kt_reveal *r, const char *dir);
void kt_reveal_fini(struct kt_reveal *r);

#endif

/*
 * revealed - what was said in a call, beside the proof of its record.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    INDEX.FIELD, the bytes, and INDEX.FIELD.salt, what their
 *           commitment was made with (kt-audit(5), Commitments).
 * Does not: look for either in a log: cmd/audit_reveal.h does.
 * Promises: bytes hold only where the record commits to exactly them.
 */
#ifndef KT_REVEALED_H
#define KT_REVEALED_H
#include "audit/audit.h"
#include "disk/disk.h"

#define KT_REVEALED_FIELDS 3
struct kt_revealed_field {
	const char *name, *member; /* of the record, with the commitment */
};
extern const struct kt_revealed_field kt_revealed_fields[KT_REVEALED_FIELDS];
/* NULL: no field has this name. */
const struct kt_revealed_field *kt_revealed_named(const char *name);

/* bytes.ptr NULL: only the salt.  salt NULL: the commitment has none. */
KT_MUSTCHECK enum kt_rc kt_revealed_write(const char *folder, uint64_t index,
    const struct kt_revealed_field *f, const uint8_t *salt,
    struct kt_span bytes, struct kt_err *err);
/* How to check it with sha256sum(1). */
KT_MUSTCHECK enum kt_rc kt_revealed_readme(uint64_t index,
    const struct kt_revealed_field *f, bool is_salted, bool has_bytes,
    struct kt_buf *out, struct kt_err *err);

enum kt_revealed_state {
	KT_REVEALED_NOT = 0,
	KT_REVEALED_SALT, /* for who has the bytes from elsewhere */
	KT_REVEALED_BYTES, /* they hold */
};
struct kt_revealed {
	struct {
		enum kt_revealed_state state;
		uint64_t bytes;
	} field[KT_REVEALED_FIELDS];
};
/*
 * KT_E_PARSE: `line` does not commit to what is there.  KT_E_MISUSE: a salt
 * is missing.
 */
KT_MUSTCHECK enum kt_rc kt_revealed_check(struct kt_revealed *r,
    const char *folder, uint64_t index, struct kt_span line,
    struct kt_err *err);

#endif

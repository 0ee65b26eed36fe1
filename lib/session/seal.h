/*
 * seal - sessions that only the holder of a key reads: kt-session(5).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the form of an encrypted file, made so that it can grow.
 * Does not: open files, find keys, or make random bytes.
 * Promises: what was changed, moved or left out in the middle is refused and
 *           its place told; a key that does not fit is told from a change.
 * Does not promise: to notice whole frames that are gone from the end.
 */
#ifndef KT_SESSION_SEAL_H
#define KT_SESSION_SEAL_H
#include "base/base.h"

#define KT_SEAL_KEY 32
#define KT_SEAL_SALT 24

struct kt_seal {
	uint8_t key[KT_SEAL_KEY], head_key[KT_SEAL_KEY];
	uint64_t nframes; /* so far: no two have the same nonce */
};

/* The 64 hexadecimal digits of a key; a line feed may follow. */
bool kt_seal_key_of(struct kt_span text, uint8_t key[static KT_SEAL_KEY]);
/* The first bytes of a file.  The salt is of this file alone. */
KT_MUSTCHECK enum kt_rc kt_seal_begin(struct kt_seal *s,
    const uint8_t key[static KT_SEAL_KEY],
    const uint8_t salt[static KT_SEAL_SALT], struct kt_buf *out,
    struct kt_err *err);
/* A frame that can be read without those behind it. */
KT_MUSTCHECK enum kt_rc kt_seal_add(struct kt_seal *s, struct kt_span plain,
    struct kt_buf *out, struct kt_err *err);
void kt_seal_fini(struct kt_seal *s); /* forgets the keys */

bool kt_seal_is(struct kt_span bytes);
/*
 * All frames of a file.  is_cut: the last one is not whole, and left out.
 * KT_E_PARSE: another key, or bytes that were changed.
 */
KT_MUSTCHECK enum kt_rc kt_seal_open(struct kt_span sealed,
    const uint8_t key[static KT_SEAL_KEY], struct kt_buf *out, bool *is_cut,
    struct kt_err *err);

#endif

/*
 * subject - a secret for each caller that is known by name.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which secret is whose, and the pseudonym that follows from it.
 * Does not: store anything: cmd/log/vault.h does.
 * Promises: records name a caller by a pseudonym and commit to what was said
 *           by salts, both made with that caller's secret; once it is gone,
 *           neither leads back to the person, and the log still verifies.
 *
 * Any thread may look up and add; only the writer takes what is fresh and
 * forgets.  No lock is taken.  What was forgotten stays in memory until the
 * end, with other random bytes in place of the secret.
 */
#ifndef KT_AUDIT_SUBJECT_H
#define KT_AUDIT_SUBJECT_H
#include <stdatomic.h>

#include "audit/audit.h"

#define KT_AUDIT_PSEUDONYM 35 /* "p:", 32 digits, NUL */

struct kt_audit_subject {
	struct kt_audit_subject *next, *fresh;
	atomic_bool is_forgotten, is_held;
	uint8_t secret[KT_AUDIT_HASH];
	char pseudonym[KT_AUDIT_PSEUDONYM];
	struct kt_span id; /* in the same block */
};
struct kt_audit_subjects;

/* NULL: no memory. */
struct kt_audit_subjects *kt_audit_subjects_new(void);
void kt_audit_subjects_free(struct kt_audit_subjects **s);
/* Borrowed until the end; NULL: there is none. */
struct kt_audit_subject *kt_audit_subject_find(
    struct kt_audit_subjects *s, struct kt_span id);
/* As above, or a new one with `secret`, to be stored; NULL: no memory. */
struct kt_audit_subject *kt_audit_subject_add(struct kt_audit_subjects *s,
    struct kt_span id, const uint8_t secret[KT_AUDIT_HASH]);
/* One that is stored already. */
struct kt_audit_subject *kt_audit_subject_load(struct kt_audit_subjects *s,
    struct kt_span id, const uint8_t secret[KT_AUDIT_HASH]);
/* Those added since, linked by `fresh`; NULL: none. */
struct kt_audit_subject *kt_audit_subjects_fresh(struct kt_audit_subjects *s);
/* One of those could not be stored: it is fresh again. */
void kt_audit_subject_again(
    struct kt_audit_subjects *s, struct kt_audit_subject *one);
/* By the pseudonym; NULL: there is none. */
struct kt_audit_subject *kt_audit_subject_named(
    struct kt_audit_subjects *s, struct kt_span pseudonym);
/* `random` takes the place of the secret: calls under way use it. */
void kt_audit_subject_forget(
    struct kt_audit_subject *s, const uint8_t random[KT_AUDIT_HASH]);
/*
 * Legal holds, as records tell of them.  The writer says whom they cover:
 * all, or each of whom `covers` says so.  NULL: somebody without a name.
 */
typedef bool kt_audit_covers_fn(void *arg, struct kt_span pseudonym);
void kt_audit_subjects_hold(struct kt_audit_subjects *s, bool is_all,
    kt_audit_covers_fn *covers, void *arg);
bool kt_audit_subject_is_held(
    const struct kt_audit_subjects *s, const struct kt_audit_subject *one);
void kt_audit_pseudonym(const uint8_t secret[KT_AUDIT_HASH],
    char out[KT_AUDIT_PSEUDONYM]);

#endif

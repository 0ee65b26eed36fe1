/*
 * key - who signs a checkpoint, and what a signature is worth.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    Ed25519, C2SP verifier keys, signature lines of signed notes.
 * Does not: keep keys in files, or decide which key was due: verify.h.
 * Promises: a signature line counts only for the key whose name and id it
 *           has; a seed leaves no copy behind in memory of this room.
 */
#ifndef KT_AUDIT_KEY_H
#define KT_AUDIT_KEY_H
#include "audit/audit.h"

#define KT_AUDIT_SEED 32
#define KT_AUDIT_PUB 32
#define KT_AUDIT_SIG 64
#define KT_AUDIT_KEY_NAME 256 /* with its NUL */
/* name "+" 8 digits "+" 44 of base64, NUL */
#define KT_AUDIT_VKEY_TEXT (KT_AUDIT_KEY_NAME + 9 + 45)

struct kt_audit_vkey { /* <name>+<id>+<base64 of 0x01 and the key> */
	char name[KT_AUDIT_KEY_NAME];
	uint8_t id[4], pub[KT_AUDIT_PUB];
};
/* KT_E_LIMIT: the name is too long.  KT_E_PARSE: it has '+' or a space. */
KT_MUSTCHECK enum kt_rc kt_audit_vkey_make(struct kt_audit_vkey *k,
    struct kt_span name, const uint8_t pub[KT_AUDIT_PUB], struct kt_err *err);
/* One LF behind it is fine. */
KT_MUSTCHECK enum kt_rc kt_audit_vkey_parse(
    struct kt_span text, struct kt_audit_vkey *k, struct kt_err *err);
void kt_audit_vkey_text(
    const struct kt_audit_vkey *k, char out[KT_AUDIT_VKEY_TEXT]);

/* A private key, ready.  Holds memory from _init to _fini. */
struct kt_audit_signer {
	struct kt_audit_vkey vkey;
	void *state;
};
KT_MUSTCHECK enum kt_rc kt_audit_signer_init(struct kt_audit_signer *s,
    struct kt_span name, const uint8_t seed[KT_AUDIT_SEED],
    struct kt_err *err);
void kt_audit_signer_fini(struct kt_audit_signer *s);
/* Another name for the same key. */
KT_MUSTCHECK enum kt_rc kt_audit_signer_rename(
    struct kt_audit_signer *s, struct kt_span name, struct kt_err *err);
/* Ed25519 over the bytes themselves, for texts that are no notes. */
KT_MUSTCHECK enum kt_rc kt_audit_sign(const struct kt_audit_signer *s,
    struct kt_span bytes, uint8_t sig[KT_AUDIT_SIG], struct kt_err *err);
/*
 * Appends "— name base64" LF to `note`, whose text (up to the empty line,
 * which is there already) are its first `text` bytes.
 */
KT_MUSTCHECK enum kt_rc kt_audit_note_sign(const struct kt_audit_signer *s,
    struct kt_buf *note, size_t text, struct kt_err *err);

/* A public key, ready for many checks. */
struct kt_audit_checker {
	struct kt_audit_vkey vkey;
	void *state; /* NULL: none */
};
KT_MUSTCHECK enum kt_rc kt_audit_checker_init(struct kt_audit_checker *c,
    const struct kt_audit_vkey *k, struct kt_err *err);
void kt_audit_checker_fini(struct kt_audit_checker *c);

bool kt_audit_signature_holds(const struct kt_audit_checker *c,
    struct kt_span bytes, const uint8_t sig[KT_AUDIT_SIG]);

enum kt_audit_signed {
	KT_AUDIT_SIGNED_BAD = 0,  /* by this key's name and id, but wrong */
	KT_AUDIT_SIGNED_NOT,      /* no line under this name */
	KT_AUDIT_SIGNED_OTHER,    /* under this name, by keys not known here */
	KT_AUDIT_SIGNED_GOOD,
};
/* What the lines under this key's name say about `note`. */
enum kt_audit_signed kt_audit_note_check(
    const struct kt_audit_checker *c, struct kt_span note);
/* Text without the empty line, and the lines after it; false: not a note. */
bool kt_audit_note_split(
    struct kt_span note, struct kt_span *text, struct kt_span *lines);

/* Standard base64; out has room for 4 * ((n + 2) / 3) + 1 bytes. */
void kt_audit_base64(const uint8_t *bytes, size_t n, char *out);
/* Only the one spelling of exactly n bytes. */
bool kt_audit_unbase64(struct kt_span text, uint8_t *out, size_t n);

#endif

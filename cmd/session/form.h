/*
 * form - what the lines of a session are wrapped in on disk.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    suffixes of names, zstd, and how a key comes from a file or the
 *           environment; packed first, then encrypted.
 * Does not: know what the lines say.
 * Promises: nothing is on disk in the clear that was to be encrypted; what
 *           was added is readable, whatever becomes of what follows.
 */
#ifndef KT_CMD_SESSION_FORM_H
#define KT_CMD_SESSION_FORM_H
#include "cmd/cmd.h"
#include "session/seal.h"

#define KT_SESSION_KEY_VARIABLE "KT_SESSION_KEY"
/* For commands that read sessions; its value goes to _key_read. */
enum { KT_OPT_SESSION_KEY = KT_OPT_JSON + 64 };
#define KT_OPT_SESSION_KEY_LINE \
	{ KT_OPT_SESSION_KEY, "key", "FILE", \
	  "key of encrypted sessions (default: $" KT_SESSION_KEY_VARIABLE ")" }

struct kt_session_key { /* starts zeroed */
	uint8_t bytes[KT_SEAL_KEY];
	bool is_there;
};
/* Of a file; NULL: of the environment, which may have none. */
KT_MUSTCHECK enum kt_rc kt_session_key_read(
    struct kt_session_key *key, const char *path, struct kt_err *err);
void kt_session_key_fini(struct kt_session_key *key);

struct kt_session_form {
	bool is_packed, is_sealed;
};
/* .kts, and behind it .zst, .enc or both. */
const char *kt_session_form_suffix(struct kt_session_form form);
bool kt_session_form_of(struct kt_span name, struct kt_session_form *form);

/* Lines become bytes of a file, part by part. */
struct kt_session_wrap {
	struct kt_session_form form;
	struct kt_seal seal;
	struct kt_buf packed;
};
/* What the file begins with, if anything, is added to out. */
KT_MUSTCHECK enum kt_rc kt_session_wrap_begin(struct kt_session_wrap *w,
    struct kt_session_form form, const struct kt_session_key *key,
    struct kt_buf *out, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_session_wrap_add(struct kt_session_wrap *w,
    struct kt_span lines, struct kt_buf *out, struct kt_err *err);
void kt_session_wrap_end(struct kt_session_wrap *w);

/*
 * The bytes of a file become its lines; form: what they were in.  is_cut:
 * the end of the file is missing, and what was before it is there.
 */
KT_MUSTCHECK enum kt_rc kt_session_unwrap(struct kt_buf *bytes,
    const struct kt_session_key *key, struct kt_session_form *form,
    bool *is_cut, struct kt_err *err);

#endif

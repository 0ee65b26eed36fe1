/*
 * bundle - the files by which one record is proven to somebody else.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    INDEX.tlog-proof, INDEX.json, checkpoint, README.md; with them,
 *           where it was asked for, what was said: revealed.h.
 * Does not: need the log.
 * Promises: what checks is signed by the key that was given, and nothing is
 *           taken from the folder's own idea of a key.
 */
#ifndef KT_BUNDLE_H
#define KT_BUNDLE_H
#include "cmd/audit/find.h"
#include "cmd/audit/revealed.h"
#include "cmd/cmd.h"

struct kt_bundle {
	struct kt_buf proof_text, line, note;
	struct kt_audit_proof proof;
	struct kt_audit_signed_tree tree;
	struct kt_revealed revealed;
};
void kt_bundle_init(struct kt_bundle *b);
void kt_bundle_fini(struct kt_bundle *b);
/* at: a folder with one proof, or one of a folder's proofs.
 * KT_E_PARSE: it proves nothing.  KT_E_IO: it could not be read. */
KT_MUSTCHECK enum kt_rc kt_bundle_check(struct kt_bundle *b, const char *at,
    struct kt_span vkey, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_bundle_readme(uint64_t index, const char *vkey,
    struct kt_buf *out, struct kt_err *err);
/*
 * The contents of the file of that name, else the text itself.  Nothing pins
 * nothing: KT_E_PARSE where the file is empty, KT_E_MISUSE where the text is.
 */
KT_MUSTCHECK enum kt_rc kt_text_or_file(
    const char *value, struct kt_buf *to, struct kt_err *err);
/* Takes the next line of such a text, without blanks and its LF or CRLF. */
bool kt_text_line(struct kt_span *rest, struct kt_span *line);
/* Says why it failed, and how a command ends with it. */
enum kt_exit kt_exit_untold(const struct kt_err *err);

#endif

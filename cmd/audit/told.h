/*
 * told - one answer for machines, on one line.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how the answers of audit commands look as JSON: `result` is a
 *           word, and `error` tells why where there is none.
 * Does not: know which members an answer has.
 * Promises: the object is whole or not printed.
 */
#ifndef KT_TOLD_H
#define KT_TOLD_H
#include "audit/canon.h"
#include "cmd/cmd.h"

struct kt_told {
	struct kt_audit_put put; /* members, in ascending order */
	struct kt_buf out;
};
void kt_told_begin(struct kt_told *t);
/* Prints it, and gives back its memory. */
void kt_told_end(struct kt_told *t);
/* done, no, refused, undecided: what an exit code says in a word. */
const char *kt_told_word(enum kt_exit e);

#endif

/*
 * line - what all who write session files share.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how a line begins and ends, and which texts a file has by name.
 * Does not: know the kinds of lines.
 * Promises: a text is looked for among those of a file in constant time.
 */
#ifndef KT_SESSION_LINE_H
#define KT_SESSION_LINE_H
#include "json/write.h"

void kt_line_begin(struct kt_json_writer *j, struct kt_buf *out);
KT_MUSTCHECK enum kt_rc kt_line_end(struct kt_json_writer *j);
void kt_line_kind(struct kt_json_writer *j, const char *kind);
/* Members; an empty text and a false flag are not written. */
void kt_line_text(
    struct kt_json_writer *j, const char *name, struct kt_span value);
void kt_line_flag(struct kt_json_writer *j, const char *name, bool v);
/* {"fill":n}: so many letters of no meaning. */
void kt_line_fill(struct kt_json_writer *j, uint64_t n);

/* Texts from this length on are written once in a file. */
#define KT_BLOB_MIN 256
uint64_t kt_blob_name(struct kt_span text);
/* As the value of a member. */
void kt_blob_put_name(
    struct kt_json_writer *j, const char *member, uint64_t name);
/* The names that a file has: a table with holes.  Starts zeroed. */
struct kt_blobs {
	uint64_t *v;
	size_t n, cap;
};
/* Adds name; *is_new: it was not among them. */
KT_MUSTCHECK enum kt_rc kt_blobs_add(
    struct kt_blobs *b, uint64_t name, bool *is_new);
void kt_blobs_fini(struct kt_blobs *b); /* and zeroed again */

#endif

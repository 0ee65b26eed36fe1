/*
 * course - how a log went, by what its records say of it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what time did between one record and the next, and what records
 *           tell was lost, cut off or erased.
 * Does not: judge: who wrote the records could write all of this.
 * Promises: parts that are joined say what one pass says.
 */
#ifndef KT_AUDIT_COURSE_H
#define KT_AUDIT_COURSE_H
#include "audit/canon.h"

enum kt_audit_type {
#define KT_TYPE(name) KT_AUDIT_TYPE_##name,
#include "audit/type.def"
#undef KT_TYPE
	KT_AUDIT_TYPES
};
const char *kt_audit_type_name(enum kt_audit_type t);

struct kt_audit_moment { /* when a record was written */
	uint64_t mono; /* microseconds since the machine started */
	char ts[32];   /* empty: longer than any */
	char boot[64]; /* of its process; empty: longer than any */
	size_t ts_len, boot_len;
	bool is_sync;
};
struct kt_audit_course {
	bool has_some;
	struct kt_audit_moment first, last; /* where it has */
	/* Between two records of one process: the longest time, the record
	 * that ended it, and how often it was over KT_AUDIT_SILENCE_US. */
	uint64_t silence_us, silence_at, silences;
	/* The wall clock was less than a record before: by how much at most. */
	uint64_t back_us, back_at, backs;
	/* Records of a clock that nobody kept right, runs of them, the first. */
	uint64_t unsync, unsync_runs, unsync_at;
	uint64_t lost, lost_contents;   /* as gap records tell */
	uint64_t bytes_cut, unfinished; /* as recovery records do */
	uint64_t erased;                /* secrets, as erasure records do */
};
/* A record, which follows the one seen before; its line is `text`. */
void kt_audit_course_see(struct kt_audit_course *c,
    const struct kt_audit_line *l, enum kt_audit_type type,
    struct kt_span text);
/* Adds what came behind; `first` is its first record. */
void kt_audit_course_join(struct kt_audit_course *c,
    const struct kt_audit_course *next, uint64_t first);

#endif

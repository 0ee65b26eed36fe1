/*
 * canon - the one way in which a record may be spelt.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    a subset of RFC 8785: ASCII member names in ascending order,
 *           integers from 0 to 2^53-1, the shortest escapes, valid UTF-8, no
 *           white space, no duplicate names, bounded depth.
 * Does not: know which members a record has.
 * Promises: what the put functions wrote passes kt_audit_canon_check(), and
 *           any other spelling of the same members does not.
 */
#ifndef KT_AUDIT_CANON_H
#define KT_AUDIT_CANON_H
#include "base/base.h"

#define KT_AUDIT_INT_MAX ((UINT64_C(1) << 53) - 1)

/* Writing.  The first failure sticks in rc; out is then to be thrown away. */
struct kt_audit_put {
	struct kt_buf *out;
	enum kt_rc rc;
	unsigned depth;
	size_t text_max; /* longer texts are cut here */
	size_t from;     /* where the object began in out */
	struct {
		const char *name; /* the last member's */
		bool has_some;
	} level[KT_AUDIT_DEPTH_MAX];
};
/* Opens one object at the end of `out`. */
void kt_audit_put_begin(struct kt_audit_put *p, struct kt_buf *out);
/* Closes it; KT_E_LIMIT: `out` had no room and is as it was before. */
KT_MUSTCHECK enum kt_rc kt_audit_put_finish(
    struct kt_audit_put *p, struct kt_err *err);
void kt_audit_put_open(struct kt_audit_put *p, char bracket);
void kt_audit_put_close(struct kt_audit_put *p, char bracket);
/* A member's name: constant text, in ascending order, or it is a bug. */
void kt_audit_put_name_of(struct kt_audit_put *p, const char *name, size_t n);
static inline void
kt_audit_put_name(struct kt_audit_put *p, const char *name)
{
	kt_audit_put_name_of(p, name, strlen(name)); /* which is a constant */
}
/* Bytes that are not UTF-8 become U+FFFD. */
void kt_audit_put_text(struct kt_audit_put *p, struct kt_span text);
/* What is larger than KT_AUDIT_INT_MAX is written as that. */
void kt_audit_put_int(struct kt_audit_put *p, uint64_t n);
void kt_audit_put_bool(struct kt_audit_put *p, bool b);
void kt_audit_put_null(struct kt_audit_put *p);
/* Whole members, for the lines that have many of them. */
static inline void
kt_audit_member_text(
    struct kt_audit_put *p, const char *name, struct kt_span text)
{
	kt_audit_put_name(p, name);
	kt_audit_put_text(p, text);
}
/* As above, but nothing at all for an empty text. */
static inline void
kt_audit_member_some(
    struct kt_audit_put *p, const char *name, struct kt_span text)
{
	if (text.len > 0)
		kt_audit_member_text(p, name, text);
}
static inline void
kt_audit_member_int(struct kt_audit_put *p, const char *name, uint64_t n)
{
	kt_audit_put_name(p, name);
	kt_audit_put_int(p, n);
}
static inline void
kt_audit_member_bool(struct kt_audit_put *p, const char *name, bool b)
{
	kt_audit_put_name(p, name);
	kt_audit_put_bool(p, b);
}

/* A member of the outermost object; `value` as it is spelt.  False: stop. */
typedef bool kt_audit_member_fn(
    void *arg, struct kt_span name, struct kt_span value);
/* KT_E_PARSE with the offset when `line` is not one canonical object. */
KT_MUSTCHECK enum kt_rc kt_audit_canon_check(struct kt_span line,
    kt_audit_member_fn *each, void *arg, struct kt_err *err);

/*
 * The value at a path like "agent.id" of a canonical object, as it is spelt;
 * false: there is none.
 */
bool kt_audit_member(
    struct kt_span object, const char *path, struct kt_span *value);
/* As above for a text: without its quotes, escapes as they are. */
bool kt_audit_member_of_text(
    struct kt_span object, const char *path, struct kt_span *value);

/* The envelope of a line, spelt: texts without their quotes. */
struct kt_audit_line {
	struct kt_span v, type, prev, ts, boot, origin, index;
	struct kt_span clk, mono; /* an object, digits; empty: another form */
	uint64_t i;
	bool is_whole; /* every envelope member is there, in its form */
};
KT_MUSTCHECK enum kt_rc kt_audit_line_parse(
    struct kt_span line, struct kt_audit_line *to, struct kt_err *err);

#endif

/*
 * json - where every value of a JSON text lies, and nothing else.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    RFC 8259, strictly: UTF-8 checked; a byte order mark, names that
 *           are equal once unescaped, unpaired surrogates, bytes behind the
 *           value and nesting over KT_JSON_DEPTH_MAX are refused.
 * Does not: copy, convert or keep the text.  A number stays text ("1e400",
 *           "-0", twenty digits), \u0000 in a string is a byte like others.
 * Promises: linear time on any input; at no byte of it more than
 *           max(KT_JSON_NODES_MIN, bytes so far / KT_JSON_BYTES_PER_NODE)
 *           nodes of 16 bytes, then KT_E_LIMIT; the same result however the
 *           text was cut; no text in any message.
 */
#ifndef KT_JSON_H
#define KT_JSON_H
#include "base/base.h"

/* A node nobody found is 0: absent, with no text and no relatives. */
enum kt_json_type {
	KT_JSON_ABSENT = 0,
	KT_JSON_NULL,
	KT_JSON_FALSE,
	KT_JSON_TRUE,
	KT_JSON_NUMBER,
	KT_JSON_STRING,
	KT_JSON_ARRAY,
	KT_JSON_OBJECT,
	KT_JSON_NAME, /* of the value that is the node behind it */
};

/* Nodes stand in document order; members are NAME, value, NAME, value. */
struct kt_json_node {
	uint32_t start, end; /* offsets in the text, quotes included */
	uint32_t next;       /* the node behind this one and all below it */
	uint32_t parent : 27;
	uint32_t type : 4;
	uint32_t has_escapes : 1;
};

struct kt_json_frame {
	uint32_t node;  /* the open array or object */
	uint32_t names; /* how many hashed names lie below its own */
};

struct kt_json {
	struct kt_buf store;
	struct kt_json_node *nodes; /* in store; nodes[0] is the absent one */
	uint32_t count, cap;        /* both include the absent one */
	size_t max_bytes;
	uint64_t seed;
	/* The scanner: where it stopped and what it then expects. */
	size_t pos;
	int state, number;
	uint32_t depth;
	struct kt_json_frame *open; /* in frames: few texts nest deep */
	struct kt_buf frames;
	struct kt_buf names, table; /* duplicate search, until the end */
	/* The first refusal stays. */
	enum kt_rc rc;
	const char *why;
	size_t why_at; /* offset */
	bool is_complete;
};

/* Texts over max_bytes (at most UINT32_MAX) are refused with KT_E_LIMIT. */
void kt_json_init(struct kt_json *j, size_t max_bytes);
/* Before the first byte: a random number nobody outside can know. */
void kt_json_seed(struct kt_json *j, uint64_t seed);
void kt_json_reset(struct kt_json *j, size_t max_bytes); /* keeps memory */
void kt_json_fini(struct kt_json *j);

/*
 * text is everything so far and may have moved since the last call; only
 * what is new is read.  KT_E_PARSE and KT_E_LIMIT are final.
 */
KT_MUSTCHECK enum kt_rc kt_json_feed(
    struct kt_json *j, struct kt_span text, struct kt_err *err);
/* Reads what is left, then the text must hold one whole value. */
KT_MUSTCHECK enum kt_rc kt_json_end(
    struct kt_json *j, struct kt_span text, struct kt_err *err);
/* From the start, whatever was fed before; memory is used again. */
KT_MUSTCHECK enum kt_rc kt_json_parse(
    struct kt_json *j, struct kt_span text, struct kt_err *err);

/*
 * Walking.  All take 0 and give 0 (ABSENT, an empty span, false) when there
 * is nothing; text is the one that was indexed.
 */
uint32_t kt_json_root(const struct kt_json *j); /* 0 until kt_json_end */
enum kt_json_type kt_json_type(const struct kt_json *j, uint32_t n);
uint32_t kt_json_parent(const struct kt_json *j, uint32_t n);
uint32_t kt_json_first(const struct kt_json *j, uint32_t n);
uint32_t kt_json_next(const struct kt_json *j, uint32_t n); /* sibling */
/* The value of a NAME; the NAME of a member's value. */
uint32_t kt_json_value_of(const struct kt_json *j, uint32_t name);
uint32_t kt_json_name_of(const struct kt_json *j, uint32_t value);
/* The NAME of a value or of the array that it stands in. */
uint32_t kt_json_label_of(const struct kt_json *j, uint32_t value);
bool kt_json_has_escapes(const struct kt_json *j, uint32_t n);

/* The whole value; a string or name without its quotes, still escaped. */
struct kt_span kt_json_raw(
    const struct kt_json *j, struct kt_span text, uint32_t n);
struct kt_span kt_json_string(
    const struct kt_json *j, struct kt_span text, uint32_t n);
/* A string or name equals want once unescaped. */
bool kt_json_is(const struct kt_json *j, struct kt_span text, uint32_t n,
    struct kt_span want);
/* The value of a member; linear in the members before it. */
uint32_t kt_json_member(const struct kt_json *j, struct kt_span text,
    uint32_t object, struct kt_span name);
/* False leaves *out alone.  Only numbers without fraction and exponent. */
bool kt_json_bool(const struct kt_json *j, uint32_t n, bool *out);
bool kt_json_u64(const struct kt_json *j, struct kt_span text, uint32_t n,
    uint64_t *out);

/*
 * RFC 6901.  An index in an array is found by counting, so write pointers
 * for what is reported, not for every node.  A name's pointer is its value's.
 */
KT_MUSTCHECK enum kt_rc kt_json_pointer(const struct kt_json *j,
    struct kt_span text, uint32_t n, struct kt_buf *out);
/* A name as it stands in a text, as the last step of a pointer, without '/'. */
KT_MUSTCHECK enum kt_rc kt_json_pointer_add(
    struct kt_buf *out, struct kt_span raw);
uint32_t kt_json_at(
    const struct kt_json *j, struct kt_span text, struct kt_span pointer);

#endif

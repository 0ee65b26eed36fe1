/*
 * write - JSON text, compact, one value at a time.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    commas, colons, and the shortest escape of each byte.
 * Does not: know what it writes; order and names are the caller's.
 * Promises: the first failure stays and later calls add nothing, so only
 *           kt_json_written() needs to be asked; what it says is whole is
 *           accepted by the index, as long as no name is written twice.
 */
#ifndef KT_JSON_WRITE_H
#define KT_JSON_WRITE_H
#include "base/base.h"

/*
 * With quotes.  KT_E_PARSE when text is not UTF-8; then, and on KT_E_LIMIT,
 * the buffer is as it was.
 */
KT_MUSTCHECK enum kt_rc kt_json_write_string(
    struct kt_buf *out, struct kt_span text);
/* The inside of a string only, as a splice into one needs it. */
KT_MUSTCHECK enum kt_rc kt_json_write_escaped(
    struct kt_buf *out, struct kt_span text);

struct kt_json_writer {
	struct kt_buf *out; /* borrowed */
	enum kt_rc rc;
	uint32_t depth;
	bool wants_value; /* a name stands open */
	bool is_whole;    /* one value stands at the top */
	struct {
		bool is_object, has_items;
	} open[KT_JSON_DEPTH_MAX];
};
void kt_json_writer_init(struct kt_json_writer *w, struct kt_buf *out);

void kt_json_begin_object(struct kt_json_writer *w);
void kt_json_end_object(struct kt_json_writer *w);
void kt_json_begin_array(struct kt_json_writer *w);
void kt_json_end_array(struct kt_json_writer *w);
void kt_json_put_name(struct kt_json_writer *w, const char *name);
void kt_json_put_name_span(struct kt_json_writer *w, struct kt_span name);
void kt_json_put_string(struct kt_json_writer *w, struct kt_span text);
void kt_json_put_cstr(struct kt_json_writer *w, const char *text);
void kt_json_put_u64(struct kt_json_writer *w, uint64_t v);
void kt_json_put_bool(struct kt_json_writer *w, bool v);
void kt_json_put_null(struct kt_json_writer *w);
/* A value that is JSON text already; it is not checked. */
void kt_json_put_raw(struct kt_json_writer *w, struct kt_span json);
/* Whole members: a name, and its value or what begins it. */
static inline void
kt_json_named_string(
    struct kt_json_writer *w, const char *name, struct kt_span text)
{
	kt_json_put_name(w, name);
	kt_json_put_string(w, text);
}
static inline void
kt_json_named_cstr(struct kt_json_writer *w, const char *name, const char *text)
{
	kt_json_put_name(w, name);
	kt_json_put_cstr(w, text);
}
/* NULL is told as null. */
static inline void
kt_json_named_word(struct kt_json_writer *w, const char *name, const char *word)
{
	kt_json_put_name(w, name);
	if (word != NULL)
		kt_json_put_cstr(w, word);
	else
		kt_json_put_null(w);
}
static inline void
kt_json_named_u64(struct kt_json_writer *w, const char *name, uint64_t v)
{
	kt_json_put_name(w, name);
	kt_json_put_u64(w, v);
}
static inline void
kt_json_named_bool(struct kt_json_writer *w, const char *name, bool v)
{
	kt_json_put_name(w, name);
	kt_json_put_bool(w, v);
}
static inline void
kt_json_named_null(struct kt_json_writer *w, const char *name)
{
	kt_json_put_name(w, name);
	kt_json_put_null(w);
}
static inline void
kt_json_named_raw(
    struct kt_json_writer *w, const char *name, struct kt_span json)
{
	kt_json_put_name(w, name);
	kt_json_put_raw(w, json);
}
static inline void
kt_json_named_object(struct kt_json_writer *w, const char *name)
{
	kt_json_put_name(w, name);
	kt_json_begin_object(w);
}
static inline void
kt_json_named_array(struct kt_json_writer *w, const char *name)
{
	kt_json_put_name(w, name);
	kt_json_begin_array(w);
}

/* Nothing is in the array or object that stands open. */
bool kt_json_is_empty(const struct kt_json_writer *w);
/* KT_OK when one whole value was written, else the first failure. */
KT_MUSTCHECK enum kt_rc kt_json_written(const struct kt_json_writer *w);

#endif

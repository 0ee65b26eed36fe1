/*
 * translate_priv - one translation on its way, inside the room.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how members are looked up and moved, how losses and refusals are
 *           told, what a model can do (model.def).
 * Does not: know any row of the tables; the files that use it do.
 * Promises: the first refusal stays and everything after it writes nothing
 *           that is kept, so only the end needs to be asked.
 */
#ifndef KT_TRANSLATE_PRIV_H
#define KT_TRANSLATE_PRIV_H
#include "json/text.h"
#include "json/write.h"
#include "provider/translate.h"

enum kt_sampling { KT_SAMPLING_NONE = 0, KT_SAMPLING_ONE, KT_SAMPLING_BOTH };
enum kt_effort {
	KT_EFFORT_NONE = 0,
	KT_EFFORT_HIGH,
	KT_EFFORT_HIGHMAX,
	KT_EFFORT_MAX,
};
enum kt_thinking {
	KT_THINKING_NONE = 0,
	KT_THINKING_MANUAL,
	KT_THINKING_ADAPTIVE,
};
enum { KT_MODEL_OFF = 1, KT_MODEL_SYSTEM = 2, KT_MODEL_DEVELOPER = 4 };
struct kt_model {
	struct kt_span prefix;
	enum kt_sampling sampling;
	enum kt_effort effort;
	enum kt_thinking thinking;
	unsigned flags;
	uint64_t max_output;
};
/* By plain name; a vendor's or region's prefix in front is passed over. */
const struct kt_model *kt_tr_model(struct kt_span name);

struct kt_tr {
	const struct kt_json *json;
	struct kt_span text;
	const struct kt_translate_options *o;
	const struct kt_model *model; /* that will answer; requests only */
	struct kt_arena *mem;
	struct kt_json_writer *w;
	struct kt_translation *report;
	struct kt_err *err;
	bool is_strict;
	unsigned nmarks; /* cache_control written so far */
	unsigned compares; /* of names in schemas so far */
	enum kt_rc rc;
};
void kt_tr_init(struct kt_tr *t, const struct kt_json *json,
    struct kt_span text, const struct kt_translate_options *o,
    struct kt_arena *mem, struct kt_json_writer *w,
    struct kt_translation *report, struct kt_err *err);

/* A loss: told, or in strict mode refused. */
void kt_tr_dropped(struct kt_tr *t, const char *field);
void kt_tr_approximated(struct kt_tr *t, const char *field);
/* The same with a name of the client's: "where.name", made fit to print. */
void kt_tr_dropped_name(
    struct kt_tr *t, const char *where, struct kt_span name);
/* Members of an object whose names are not among the words of known. */
void kt_tr_tell_rest(
    struct kt_tr *t, uint32_t object, const char *where, const char *known);
void kt_tr_refuse(struct kt_tr *t, const char *fmt, ...) KT_PRINTF(2, 3);
void kt_tr_full(struct kt_tr *t); /* no memory */

/* A member; null counts as absent. */
uint32_t kt_tr_get(struct kt_tr *t, uint32_t object, const char *name);
bool kt_tr_is(struct kt_tr *t, uint32_t n, const char *want);
bool kt_tr_has_type(struct kt_tr *t, uint32_t n, enum kt_json_type type);
struct kt_span kt_tr_string(struct kt_tr *t, uint32_t n); /* raw inside */
bool kt_tr_is_empty(struct kt_tr *t, uint32_t n); /* "", [], {} or absent */
/* The next member of an object, or item of an array. */
uint32_t kt_tr_next(struct kt_tr *t, uint32_t n);
/* A known member: its place in names, or n. */
size_t kt_tr_which(struct kt_tr *t, uint32_t name,
    const struct kt_span *names, size_t n);

/* "name": the value as it stands; nothing when it is absent. */
void kt_tr_copy(struct kt_tr *t, const char *name, uint32_t n);
/* The same for strings only; another type is refused as field. */
void kt_tr_copy_string(
    struct kt_tr *t, const char *name, uint32_t n, const char *field);
void kt_tr_put(struct kt_tr *t, const char *name, const char *value);
/* A string of raw pieces; name NULL: the next value of an array. */
void kt_tr_put_raws(struct kt_tr *t, const char *name,
    const struct kt_span *raws, size_t n);
void kt_tr_put_raw(struct kt_tr *t, const char *name, struct kt_span raw);
void kt_tr_put_model(struct kt_tr *t);
void kt_tr_text_block(struct kt_tr *t, struct kt_span raw); /* {type,text} */

/* Ids of calls: to Anthropic's alphabet and back; both are raw strings. */
void kt_tr_call_id_out(
    struct kt_tr *t, const char *name, struct kt_span raw); /* to Anthropic */
void kt_tr_call_id_back(
    struct kt_tr *t, const char *name, struct kt_span raw); /* to OpenAI */
/* Message ids; either is reversed by the other. */
void kt_tr_message_id(
    struct kt_tr *t, enum kt_format to, struct kt_span raw);

/*
 * The raw arguments of a call as an object that goes under "input".  Text
 * that is no object becomes {"_raw": text} and is reported as field.
 */
void kt_tr_put_input(struct kt_tr *t, struct kt_span raw, const char *field);
/* Blank or null, which is what a call without arguments may send. */
bool kt_tr_says_nothing(struct kt_span plain);
/* The object n as a string of compact JSON under "arguments". */
void kt_tr_put_arguments(struct kt_tr *t, uint32_t n);
/* Deeper values cannot be nested again without breaking the index. */
#define KT_TR_DEPTH_SPARE 12
bool kt_tr_is_too_deep(struct kt_span json);

/* schema.c: a schema whose objects are closed; true when that changed it. */
bool kt_tr_put_closed_schema(struct kt_tr *t, uint32_t n);
bool kt_tr_schema_fits_strict(struct kt_tr *t, uint32_t n);
/* Every object in it is closed and requires all of its properties, without
   which OpenAI refuses it as a strict one. */
bool kt_tr_schema_is_total(struct kt_tr *t, uint32_t n);

/* The two directions of requests and answers. */
void kt_tr_request_to_anthropic(struct kt_tr *t);
void kt_tr_request_to_openai(struct kt_tr *t);
void kt_tr_answer_to_anthropic(struct kt_tr *t);
void kt_tr_answer_to_openai(struct kt_tr *t);
/* Parts of them that have a file of their own. */
void kt_tr_messages_to_anthropic(struct kt_tr *t, uint32_t messages,
    struct kt_span last_system);
void kt_tr_tools_to_anthropic(struct kt_tr *t);
void kt_tr_cache_mark(struct kt_tr *t, uint32_t n);
void kt_tr_put_text(
    struct kt_tr *t, uint32_t value, uint32_t part, uint32_t marked);
void kt_tr_put_parts(struct kt_tr *t, uint32_t message);
void kt_tr_put_content(struct kt_tr *t, uint32_t message);
void kt_tr_end_parts(struct kt_tr *t); /* of an array that is open */
void kt_tr_messages_to_openai(
    struct kt_tr *t, uint32_t system, uint32_t messages);
void kt_tr_tools_to_openai(struct kt_tr *t);

/* Shared with streams. */
bool kt_tr_is_custom(struct kt_tr *t, struct kt_span raw_name);
bool kt_tr_has_functions(struct kt_tr *t);
/* The word for a stop, and "stop" for one that nobody knows. */
const char *kt_tr_stop_to_openai(struct kt_tr *t, struct kt_span raw);
/* NULL where the word is not known. */
const char *kt_tr_stop_to_anthropic(struct kt_span raw, bool *is_exact);
void kt_tr_usage_openai(
    struct kt_tr *t, const struct kt_usage *u, uint64_t reasoning);
void kt_tr_usage_anthropic(
    struct kt_tr *t, const struct kt_usage *u, uint64_t reasoning);
/* {"error": ...} of a body in the other format, without the status. */
KT_MUSTCHECK enum kt_rc kt_tr_error_frame(enum kt_format to,
    const struct kt_json *json, struct kt_span text, struct kt_buf *out);

#endif

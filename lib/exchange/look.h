/*
 * look - the inspection of a call, for a text or a body that is no call.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how to run a program's chain over one text or one body, and where
 *           each finding stands in it.
 * Does not: route, translate, forward, record or print.
 * Promises: verdict, findings and edits are those of the gateway, because the
 *           same functions make them; an error is told, never "nothing
 *           found".
 */
#ifndef KT_LOOK_H
#define KT_LOOK_H
#include "exchange/program.h"
#include "json/json.h"
#include "policy/policy.h"
#include "provider/segments.h"

/* One finding.  Offsets are bytes of what was given, end exclusive. */
struct kt_sighting {
	const struct kt_detector *detector; /* NULL: cannot be looked into */
	uint64_t start, end;
	uint32_t node; /* of the body's index; 0 in a text */
	uint16_t confidence_pm;
	enum kt_component component;
	enum kt_action action; /* what the chain does about it */
	const struct kt_policy *policy; /* that decided so; may be NULL */
};

struct kt_sightings {
	struct kt_sighting *v;
	size_t n, cap;
};

/* Valid until the next look. */
struct kt_looked {
	enum kt_action action; /* IGNORE: nothing was found */
	enum kt_reason reason; /* and the policy that decided, if any */
	const struct kt_policy *policy;
	const enum kt_reason *reasons; /* all, each once */
	size_t nreasons;
	kt_class_set classes, by_component[KT_NCOMPONENTS];
	const struct kt_sighting *found; /* as they were found */
	size_t nfound;
	struct kt_measures measures; /* of a body */
	uint64_t hold; /* of a beginning: from here on nothing is decided */
};

/* Answers a question about a medium (media/ask.h) into out; < 0: it could
 * not be asked, which is told of the medium and is no error. */
typedef enum kt_rc kt_look_read_fn(
    void *arg, const struct kt_span *pieces, struct kt_buf *out);

struct kt_look;
/* program and scratch outlive it; NULL: no memory. */
struct kt_look *kt_look_new(
    const struct kt_program *program, struct kt_scratch *scratch);
void kt_look_free(struct kt_look **l);
/* Without it nothing in a medium is read. */
void kt_look_set_reader(struct kt_look *l, kt_look_read_fn *fn, void *arg);
/* Those that can be sighted, by number; NULL behind the last. */
const struct kt_detector *kt_look_detector(const struct kt_look *l, size_t i);
/* Does a policy ask it anywhere? */
bool kt_look_hears(const struct kt_look *l, size_t i);

/* text has to be UTF-8 (KT_E_PARSE), and lasts until the next look. */
KT_MUSTCHECK enum kt_rc kt_look_at_text(struct kt_look *l, struct kt_span text,
    enum kt_component component, struct kt_looked *out);
/* bytes: a picture or a document as it is; the same holds. */
KT_MUSTCHECK enum kt_rc kt_look_at_medium(struct kt_look *l,
    struct kt_span bytes, enum kt_component component, struct kt_looked *out);
/* The same for the arguments of a tool call, JSON or not. */
KT_MUSTCHECK enum kt_rc kt_look_at_arguments(
    struct kt_look *l, struct kt_span text, struct kt_looked *out);
/* Of a text that did not end: what a stream would have told so far. */
KT_MUSTCHECK enum kt_rc kt_look_at_beginning(struct kt_look *l,
    struct kt_span text, enum kt_component component, struct kt_looked *out);
/*
 * json is the index of text; both last until the next look.  KT_E_PARSE: not
 * what the endpoint takes.
 */
KT_MUSTCHECK enum kt_rc kt_look_at_body(struct kt_look *l,
    enum kt_endpoint endpoint, enum kt_direction direction,
    const struct kt_json *json, struct kt_span text, struct kt_looked *out);
/* A packed body as it is inspected: gzip, else deflate.  KT_E_LIMIT: it
 * unpacks to more than it may. */
KT_MUSTCHECK enum kt_rc kt_look_inflate(
    struct kt_span in, bool is_gzip, struct kt_buf *out);
/* Long enough for a picture or a cipher text, and nothing but base64. */
bool kt_look_is_payload(struct kt_span raw);
/* Adds characters and words; not bytes. */
void kt_measure_text(
    struct kt_measures *m, struct kt_span s, bool has_escapes);
/* What was looked at, as it would go on: with all redactions made. */
KT_MUSTCHECK enum kt_rc kt_look_redacted(
    const struct kt_look *l, struct kt_buf *out);

/* "pass", "redact" or "block": the word that records and answers carry. */
const char *kt_decision_word(enum kt_action a);

#endif

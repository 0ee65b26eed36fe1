/*
 * policy - what is to be done about what was found.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the kinds of policy (kinds.def), their settings, and how several
 *           opinions become one: block beats redact beats flag.
 * Does not: search text, edit bytes, or talk to anybody.
 * Promises: block is zero; a policy in monitor mode changes nothing; every
 *           policy that matches is told, the deciding one first.
 */
#ifndef KT_POLICY_H
#define KT_POLICY_H
#include "chat/chat.h"
#include "chat/class.h"
#include "config/settings.h"
#include "detect/detect.h"
#include "json/json.h"

enum kt_reason {
#define KT_REASON(id, code, meaning) KT_REASON_##id,
#include "policy/reason.def"
	KT_NREASONS,
};
const char *kt_reason_code(enum kt_reason r);
const char *kt_reason_meaning(enum kt_reason r);
/* The code of a finding of this class in this place. */
enum kt_reason kt_reason_of(enum kt_component c, enum kt_class class);

/* What one policy wants for one finding.  Strongest first. */
enum kt_action {
	KT_ACTION_BLOCK = 0,
	KT_ACTION_REDACT,
	KT_ACTION_FLAG,
	KT_ACTION_IGNORE, /* not this policy's business */
};
const char *kt_action_name(enum kt_action a);

/* What a body measures; for content-limits. */
struct kt_measures {
	uint64_t bytes, chars, words, messages, tools, attachment_bytes;
};

/* A replacement of body bytes [start, end).  Sorted, never overlapping. */
struct kt_edit {
	size_t start, end;
	struct kt_span text;
};

/* Up to where media are read, and what a finding in them may come to. */
struct kt_policy_reading {
	uint32_t pixels_max, pages_max, seconds_max;
	enum kt_action unredactable; /* where a text would be redacted */
	const struct kt_config_strings *languages;
};

struct kt_policy;
struct kt_policy_kind {
	struct kt_config_kind config; /* name, alias, table of settings */
	kt_component_set components; /* where it looks unless told; 0: all */
	/* Detectors of its own, from its settings; may be NULL. */
	enum kt_rc (*define)(const struct kt_policy *p, struct kt_arena *mem,
	    struct kt_detector *out, size_t room, size_t *n, struct kt_err *err);
	/* Which detectors it listens to; NULL: none. */
	enum kt_rc (*select)(struct kt_policy *p, const struct kt_detect *db,
	    struct kt_err *err);
	/* What it wants for a finding of a selected detector; with more
	   confidence never something milder. */
	enum kt_action (*judge)(const struct kt_policy *p,
	    const struct kt_detector *d, const struct kt_finding *f,
	    enum kt_component c);
	/* NONE: within its limits. */
	enum kt_reason (*measure)(const struct kt_policy *p,
	    const struct kt_measures *m, bool is_answer);
	/* What it does about content that cannot be looked into; NULL: notes
	   it, as all do. */
	enum kt_action (*unseen)(const struct kt_policy *p);
	/* Wants media of its components read; NULL: does not. */
	void (*reads)(const struct kt_policy *p, struct kt_policy_reading *out);
	/* What stands where the matched text stood; NULL: the label. */
	enum kt_rc (*mark)(const struct kt_policy *p,
	    const struct kt_detector *d, struct kt_span matched,
	    struct kt_buf *out);
	/* Insertions into a request. */
	enum kt_rc (*decorate)(const struct kt_policy *p, enum kt_format format,
	    const struct kt_json *json, struct kt_span text,
	    struct kt_arena *mem, struct kt_edit *out, size_t room, size_t *n);
};

struct kt_policy {
	const struct kt_policy_kind *kind;
	const struct kt_config_common *common; /* its settings begin so */
	struct kt_detect_set listens;
	kt_component_set components;
	uint8_t mark_key[32]; /* keys marker_format: hash */
	size_t index;
};

extern const struct kt_policy_kind *const kt_policy_kinds[];
extern const size_t kt_policy_nkinds;
/* For kt_config_load, in the order of kt_policy_kinds. */
const struct kt_config_kind *kt_policy_config_kinds(size_t *n);

enum kt_chain_use {
	KT_CHAIN_SERVE = 0,
	KT_CHAIN_RECORD, /* every detector is heard everywhere */
	KT_CHAIN_REPLAY, /* stand-ins are found as what they stand for */
};
/* Policies in order with one database for all their detectors. */
struct kt_chain {
	enum kt_chain_use use;
	struct kt_policy *policies;
	size_t n;
	struct kt_detect *detect; /* NULL: nothing to search for */
	/* What some policy does not ignore, and what it may redact or block:
	   the rest need not be searched for, and not held back. */
	struct kt_detect_set heard[KT_NCOMPONENTS];
	struct kt_detect_set enforced[KT_NCOMPONENTS];
	/* Where there is any of them. */
	kt_component_set hears, acts;
	struct kt_arena *mem;
};
/*
 * shipped outlives the chain, as the settings do.  saved is what
 * kt_detect_save gave for it, or empty: milliseconds instead of hundreds.
 * What does not fit (another CPU, edited files) is compiled.  Policies with
 * enabled: false are left out.
 */
KT_MUSTCHECK enum kt_rc kt_chain_init(struct kt_chain *c,
    const struct kt_settings *settings, const struct kt_detector *shipped,
    size_t nshipped, struct kt_span saved, const uint8_t mark_key[32],
    enum kt_chain_use use, struct kt_err *err);
void kt_chain_fini(struct kt_chain *c);

/* One opinion about one finding. */
struct kt_opinion {
	const struct kt_policy *policy;
	enum kt_action action; /* as it counts: monitor makes it FLAG */
	enum kt_action wanted; /* as the policy would have it */
	enum kt_reason reason;
};
/*
 * All opinions about f, in chain order; returns how many (0: nobody
 * listens).  *deciding is the index of the strongest, the first of equals.
 */
size_t kt_chain_judge(const struct kt_chain *c, const struct kt_finding *f,
    enum kt_component component, struct kt_opinion *out, size_t room,
    size_t *deciding);
/* The bounds of the first policy that wants media of this component read;
 * false: none does. */
bool kt_chain_reads(const struct kt_chain *c, enum kt_component component,
    struct kt_policy_reading *out);
/* The audit section, with what an enabled audit-logger of the chain says. */
struct kt_config_audit kt_policy_audit(const struct kt_settings *settings);
/* audit-logger's log_all_access; true without that policy. */
bool kt_policy_logs_passed(const struct kt_chain *c);
/* Adds the marker of the deciding policy for the matched text. */
KT_MUSTCHECK enum kt_rc kt_policy_mark(const struct kt_policy *p,
    const struct kt_detector *d, struct kt_span matched, struct kt_buf *out);

#endif

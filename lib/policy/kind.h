/*
 * kind - what a kind of policy can be asked.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the questions; a kind answers those that are its own.
 * Does not: know any kind (kinds.def), nor in which order they are asked.
 * Promises: block is zero.
 */
#ifndef KT_POLICY_KIND_H
#define KT_POLICY_KIND_H
#include "chat/chat.h"
#include "chat/class.h"
#include "config/settings.h"
#include "detect/detect.h"
#include "json/json.h"
#include "policy/reason.h"

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
struct kt_policy_guard; /* policy/outside.h */
struct kt_tool; /* policy/tool.h */
struct kt_tool_opinion;
struct kt_tool_cuts;
struct kt_destination; /* policy/destination.h */
struct kt_cargo;
struct kt_config_group; /* config/callers.h */

/* Who calls, and for what. */
struct kt_member {
	struct kt_span principal, group, model, endpoint;
	bool is_for_model; /* whether it is named or not, one will answer */
	const struct kt_config_group *settings; /* of the group, or NULL */
};

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
	/* JSON Schema of what answers say; empty: any. */
	struct kt_span (*schema)(const struct kt_policy *p);
	/* What it does about content that cannot be looked into; NULL: notes
	   it, as all do. */
	enum kt_action (*unseen)(const struct kt_policy *p);
	/* Wants media of its components read; NULL: does not. */
	void (*reads)(const struct kt_policy *p, struct kt_policy_reading *out);
	/* Asks somebody else; NULL: nobody.  One kind does. */
	void (*guard)(const struct kt_policy *p, struct kt_policy_guard *out);
	/* What stands where the matched text stood; NULL: the label. */
	enum kt_rc (*mark)(const struct kt_policy *p,
	    const struct kt_detector *d, struct kt_span matched,
	    struct kt_buf *out);
	/* Do answers get back, in that component, what its markers stand for?
	   NULL: nowhere. */
	bool (*restores)(const struct kt_policy *p, enum kt_component c);
	/* Of a tool that is offered or called; fills in reason and what else
	   it has to say. */
	enum kt_action (*tool)(const struct kt_policy *p,
	    const struct kt_tool *t, struct kt_tool_opinion *out);
	/* What it takes out of a text that a tool gave back; json NULL: the
	   text is none. */
	void (*cut)(const struct kt_policy *p, struct kt_span tool,
	    struct kt_span text, const struct kt_json *json,
	    struct kt_tool_cuts *out);
	/* Refuses a request for the classes of its parts; NONE: it does not. */
	enum kt_reason (*weigh)(const struct kt_policy *p,
	    const struct kt_member *who, const kt_class_set *by_component);
	/* Refuses a caller this model or endpoint; NONE: it does not. */
	enum kt_reason (*permit)(
	    const struct kt_policy *p, const struct kt_member *who);
	/* Why, of its own detectors; NULL: by place and class. */
	enum kt_reason (*reason)(const struct kt_detector *d,
	    enum kt_component c);
	/* Keeps a request from a target; NONE: it may go there. */
	enum kt_reason (*admit)(const struct kt_policy *p,
	    const struct kt_destination *d, const struct kt_cargo *cargo);
	/* Wants the marks of what is to be cached taken off on the way. */
	bool (*unmarks)(const struct kt_policy *p,
	    const struct kt_destination *d, const struct kt_cargo *cargo);
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

#endif

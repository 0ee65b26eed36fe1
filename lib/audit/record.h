/*
 * record - what one line of the log tells, before it is sealed.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the members of every record type and their canonical order.
 * Does not: know index, time or hash (the seal adds them); see content.
 * Promises: whatever a client sent as a name is made valid UTF-8 and cut to
 *           KT_AUDIT_TEXT_MAX; a record that would be too long loses entries
 *           from its lists, and says in `truncated` how many.
 *
 * All spans and arrays are borrowed for the call.  An empty span is left out
 * or written as null, a zero time is left out.
 */
#ifndef KT_AUDIT_RECORD_H
#define KT_AUDIT_RECORD_H
#include "audit/entries.h"

enum kt_audit_outcome {
#define KT_OUTCOME(name, text) KT_AUDIT_##name,
#include "audit/outcome.def"
#undef KT_OUTCOME
};
const char *kt_audit_outcome_name(enum kt_audit_outcome o);

struct kt_audit_call {
	struct kt_span call_id;
	struct {
		struct kt_span id, kind, auth_method, issuer, groups_hash;
	} principal;
	struct { /* without id and conversation null */
		struct kt_span id, on_behalf_of, conversation;
	} agent;
	struct kt_span client_addr_tag, token_id;
	struct kt_span endpoint, method, path, api_version;
	bool is_stream, has_cost, is_held; /* by a legal hold */
	struct kt_span model_requested, model_served;
	struct kt_span request_commit, completion_commit;
	struct kt_span content, content_commit; /* of what is kept; or empty */
	uint64_t bytes_in, bytes_out, eval_us, cost_micro; /* of US dollars */
	const struct kt_audit_component *components;
	size_t ncomponents, ncomponent_classes, ndetections;
	struct kt_span data_class; /* empty writes "none" */
	struct kt_audit_spans data_classes, threats;
	const struct kt_audit_component_class *component_classes;
	const struct kt_audit_detection *detections;
	struct kt_span policy_version, policy_hash;
	struct kt_span decision; /* empty writes "error" */
	struct kt_audit_spans reason_codes;
	struct { /* n counts all; v has the first KT_AUDIT_TOOLS_MAX */
		const struct kt_audit_tool *v;
		size_t n;
	} tools;
	const struct kt_audit_medium *images, *files; /* none: not written */
	size_t nimages, nfiles;
	const struct kt_audit_rule *rules;
	size_t nrules;

	struct { /* an empty target writes null */
		struct kt_span target, provider, deployment, region;
		struct kt_span upstream_host, baa_id;
		struct kt_span tls_version, tls_spki; /* "sha256:" and hex */
		bool has_baa;
	} destination;
	const struct kt_audit_attempt *attempts;
	size_t nattempts;
	struct { /* written when there was a translation */
		bool is_present, is_strict;
		struct kt_audit_spans dropped, approximated;
	} translation;
	struct kt_span upstream_request_id, upstream_message_id;

	enum kt_audit_outcome outcome;
	uint32_t http_status;
	struct kt_span stop_reason;
	struct { /* written when is_stream */
		uint64_t events, forwarded_bytes, withheld_bytes;
		bool is_cut;
		uint64_t cut_at_event;
	} stream;
	struct { /* null unless something is known */
		bool is_reported; /* by the upstream: in to cache_write */
		uint64_t in, out, cache_read, cache_write;
		bool is_counted, is_exact, is_heard; /* local_in and _out */
		uint64_t local_in, local_out, drift_pm; /* drift 0: unknown */
	} tokens;
	int64_t retention_days; /* 0: left out */
	uint32_t cache_breakpoints; /* that the request set */
	struct kt_span prefix_tag, prefix_class; /* of what they mark */
	struct { /* microseconds; the first three since 1970, UTC */
		uint64_t start, first_byte, end, inspect_us, upstream_us;
	} t;
};
/* Appends the body; `out` needs room for KT_AUDIT_BODY_MAX bytes. */
KT_MUSTCHECK enum kt_rc kt_audit_call_write(const struct kt_audit_call *call,
    struct kt_buf *out, struct kt_err *err);

/*
 * The same call before it goes upstream: who asked for what, for whom it is
 * and where it goes.  All else of `call` is not looked at.
 */
KT_MUSTCHECK enum kt_rc kt_audit_open_write(const struct kt_audit_call *call,
    struct kt_buf *out, struct kt_err *err);
/*
 * The call record of an open one that never came to an end: the members of
 * its line, and the outcome crash-unknown.  `index` is the open record's.
 */
KT_MUSTCHECK enum kt_rc kt_audit_open_end(struct kt_span line, uint64_t index,
    struct kt_buf *out, struct kt_err *err);

/* A refusal before there was a call: no raw content, only lengths. */
struct kt_audit_reject {
	uint32_t status;
	struct kt_span reason_code, detail, client_addr_tag, call_id;
	uint64_t method_bytes, target_bytes, head_bytes;
};
KT_MUSTCHECK enum kt_rc kt_audit_reject_write(const struct kt_audit_reject *r,
    struct kt_buf *out, struct kt_err *err);

struct kt_audit_policy { /* a chain came into force */
	struct kt_span policy_hash, policy_version, cause;
};
KT_MUSTCHECK enum kt_rc kt_audit_policy_write(const struct kt_audit_policy *p,
    struct kt_buf *out, struct kt_err *err);

#endif

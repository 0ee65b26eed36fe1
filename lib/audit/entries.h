/*
 * entries - of the lists in a call record.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what each entry has (kt-audit(5), Calls).
 * Does not: own anything: all spans are borrowed.
 * Promises: an empty span is left out or written as null.
 */
#ifndef KT_AUDIT_ENTRIES_H
#define KT_AUDIT_ENTRIES_H
#include "audit/audit.h"

struct kt_audit_component { /* one per role that the request had */
	struct kt_span role; /* a component word: messages, tools, ... */
	struct kt_span commit, data_class;
	uint64_t count, bytes;
};
struct kt_audit_component_class { /* data_class_components */
	struct kt_span component, data_class;
};
struct kt_audit_detection {
	struct kt_span detector, version, data_class, component, action;
	uint32_t count, max_conf_pm;
};
struct kt_audit_rule {
	struct kt_span policy, rule, action, wanted; /* where it only watched */
	bool is_deciding;
};
struct kt_audit_attempt {
	struct kt_span target;
	uint32_t status; /* 0: no answer */
	uint64_t ms;
};
#define KT_AUDIT_TOOLS_MAX 64
struct kt_audit_tool { /* a call of the answer, or a result it brought */
	struct kt_span name, id, arguments_hash, decision, reason_code;
	struct kt_span result_hash, result_decision;
};
#define KT_AUDIT_MEDIA_MAX 64
struct kt_audit_medium { /* of images[] or files[] */
	struct kt_span hash, media_type, component, data_class, verdict, why;
	uint64_t bytes;
	uint32_t width, height, findings; /* pixels; 0: not known */
};
struct kt_audit_spans {
	const struct kt_span *at;
	size_t n;
};

#endif

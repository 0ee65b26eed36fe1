/*
 * trial - small cases that people write: a request, and what must come of it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the form of cases (kt-policy(1)), how one becomes a request and an
 *           upstream's answer, and what the record of its call says.
 * Does not: open files or reach a network; the exchange is the one of the
 *           gateway, and its upstream is the case.
 * Promises: the same cases and program give the same findings; every field
 *           that differs is told at its place, with what was got.
 */
#ifndef KT_TRIAL_H
#define KT_TRIAL_H
#include "config/schema.h"
#include "exchange/exchange.h"
#include "report/report.h"

enum kt_trial_api { KT_TRIAL_MESSAGES = 0, KT_TRIAL_COMPLETIONS };

struct kt_trial_request {
	const struct kt_config_node *node;
	int api;             /* enum kt_trial_api */
	struct kt_span model, system, user, tool_result;
	struct kt_config_strings tools;
	bool stream;
	const struct kt_config_node *tool_use; /* {name: input}, of before */
	const struct kt_config_node *body; /* instead of all but api */
};
struct kt_trial_given {
	const struct kt_config_node *node;
	struct kt_span now, principal, group;
};
struct kt_trial_case {
	const struct kt_config_node *node;
	struct kt_span name;
	struct kt_trial_given given;
	struct kt_trial_request request;
	struct kt_span answer; /* what the model says; absent: "ok" */
	const struct kt_config_node *tool_use; /* that the model calls */
	const struct kt_config_node *matrix, *expect;
};
struct kt_trial_file {
	const struct kt_config_node *node;
	struct kt_config_items cases; /* struct kt_trial_case */
};

/*
 * d->files[0]: YAML with a list "cases", or one case in JSON with "input" and
 * "expected".  KT_E_PARSE: d says everything that is wrong.
 */
KT_MUSTCHECK enum kt_rc kt_trial_load(const struct kt_trial_file **out,
    struct kt_arena *mem, struct kt_config_diags *d);

/* What came of one call. */
struct kt_trial_result {
	char decision[16], policy[64], rule[96], reason_code[64], data_class[24];
	unsigned status;
	bool has_ended;      /* false: it waits for something outside */
	struct kt_buf record;
};

/* What the cases have shown of a chain. */
#define KT_TRIAL_POLICIES_MAX 64
#define KT_TRIAL_RULES_MAX 1024 /* those behind are not counted */
struct kt_trial_coverage {
	struct {
		const char *name;
		bool has_matched, has_decided;
	} policies[KT_TRIAL_POLICIES_MAX];
	size_t npolicies;
	struct { /* what has a name in a policy: rules, patterns */
		const char *policy;
		struct kt_span name;
		bool has_matched;
	} rules[KT_TRIAL_RULES_MAX];
	size_t nrules;
	bool has_passed, has_redacted, has_blocked;
	bool has_answers, has_streamed, has_tools, has_calls, has_results;
};
void kt_trial_coverage_init(
    struct kt_trial_coverage *c, const struct kt_settings *s);
/* Of 100; missing gets one line for each thing no case has shown. */
unsigned kt_trial_coverage_percent(
    const struct kt_trial_coverage *c, struct kt_buf *missing);

struct kt_trial {
	const struct kt_program *program;
	struct kt_scratch *scratch;
	struct kt_report *report; /* file 0 is the file of cases */
	struct kt_trial_coverage *coverage;
	struct kt_span only; /* a pattern for names; empty: all */
	size_t file;         /* in the report */
	size_t run, failed;
};
extern const struct kt_report_rule kt_trial_rules[];
extern const size_t kt_trial_nrules;
/* Runs the cases of a file, matrices spread out. */
KT_MUSTCHECK enum kt_rc kt_trial_run(struct kt_trial *t,
    const struct kt_trial_file *file, struct kt_err *err);

#endif

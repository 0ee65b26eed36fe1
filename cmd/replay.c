/*
 * replay - reads sessions, has lib/replay play them on every core, and tells
 * what comes out otherwise, in groups.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Threads take whole sessions and leave rows behind; what is told is made
 * from the rows in the order of the files, so that it does not depend on who
 * was faster.
 */
#include "cmd/replay/replay.h"
#include "cmd/report.h"

enum { AGAINST = KT_OPT_LONG, FAIL_ON, APPROVE, JOBS, STRICT, EXPLAIN,
	DIVERGENCES, FILTER, SAMPLE, SEED, COVERAGE, ONLY_CHANGES };
static const struct kt_opt opts[] = {
	KT_OPT_POLICY_LINE,
	KT_OPT_REPORT_LINES,
	KT_OPT_SESSION_KEY_LINE,
	{ AGAINST, "against", "FILE",
	  "compare with this configuration instead of what was recorded" },
	{ FAIL_ON, "fail-on", "LIST",
	  "exit 1 for these (default: loosened,tightened,error)" },
	{ APPROVE, "approve", "FILE", "groups of changes that are wanted" },
	{ JOBS, "jobs", "N", "threads (default: one per core)" },
	{ STRICT, "strict", NULL,
	  "exit 4 where a call cannot be judged, 3 where a file is cut" },
	{ DIVERGENCES, "all-divergences", NULL,
	  "count also calls behind the first change of a conversation" },
	{ FILTER, "filter", "WORDS",
	  "only calls like 'principal=ann tool=Bash*'" },
	{ SAMPLE, "sample", "N", "so many of the sessions" },
	{ SEED, "seed", "N", "which of them (default: 0)" },
	{ COVERAGE, "coverage", NULL, "tell which policies no call reached" },
	{ ONLY_CHANGES, "only-changes", NULL,
	  "leave out sessions that come out as they did" },
	{ EXPLAIN, "explain", "ID#N", "tell one call rule by rule" },
};

static enum kt_exit
take_classes(struct kt_replay_run *r, struct kt_span list)
{
	memset(r->fails, 0, sizeof(r->fails));
	if (kt_span_eq(list, KT_SPAN("never")))
		return KT_EXIT_YES;
	/* An empty list is a slip, and must not be a gate that never shuts. */
	for (bool is_first = true; is_first || list.len > 0; is_first = false) {
		size_t n = kt_span_find(list, ',');
		enum kt_change c;

		if (!kt_change_of(kt_span_sub(list, 0, n), &c))
			return kt_misuse(r->self, "--fail-on knows loosened, "
			    "tightened, error, rerouted, reworded, other-rule, "
			    "cost and never");
		r->fails[c] = true;
		list = kt_span_sub(list, n + 1, list.len);
	}
	return KT_EXIT_YES;
}

static enum kt_exit
take_filter(struct kt_replay_run *r, const char *value)
{
	char names[160];

	if (kt_replay_filter_add(&r->filter, kt_span_of(value)))
		return KT_EXIT_YES;
	kt_replay_filter_names(names, sizeof(names));
	return kt_misuse(r->self, "--filter takes up to %d of %s, each with = "
	    "and a pattern", KT_REPLAY_FILTER_WORDS, names);
}

static enum kt_exit
take_number(
    struct kt_replay_run *r, const char *name, const char *value, uint64_t *to)
{
	return kt_span_u64(kt_span_of(value), to) ? KT_EXIT_YES :
	    kt_misuse(r->self, "--%s takes a number", name);
}

static enum kt_exit
take_option(struct kt_replay_run *r, int c, char *value)
{
	const char *misuse;

	if (kt_cmd_outputs_take(&r->out, c, value, &misuse))
		return misuse == NULL ? KT_EXIT_YES :
		    kt_misuse(r->self, "%s", misuse);
	switch (c) {
	case KT_OPT_POLICY:
		if (r->sides[KT_REPLAY_NEW].npaths == KT_CONFIG_FILES_MAX - 1)
			return kt_misuse(r->self, "too many files");
		r->sides[KT_REPLAY_NEW].paths[r->sides[KT_REPLAY_NEW].npaths++] =
		    value;
		break;
	case KT_OPT_SESSION_KEY:
		r->key_path = value;
		break;
	case AGAINST:
		r->has_old = strcmp(value, "recorded") != 0;
		r->sides[KT_REPLAY_OLD].paths[0] = value;
		r->sides[KT_REPLAY_OLD].npaths = 1;
		break;
	case FAIL_ON:
		return take_classes(r, kt_span_of(value));
	case APPROVE:
		r->approvals_path = value;
		break;
	case JOBS:
		if (!kt_span_u64(kt_span_of(value), &r->jobs) || r->jobs < 1 ||
		    r->jobs > KT_REPLAY_JOBS_MAX)
			return kt_misuse(r->self, "--jobs takes 1 to %d",
			    KT_REPLAY_JOBS_MAX);
		break;
	case FILTER:
		return take_filter(r, value);
	case SAMPLE:
		return take_number(r, "sample", value, &r->sample);
	case SEED:
		return take_number(r, "seed", value, &r->seed);
	case ONLY_CHANGES:
		r->only_changes = true;
		break;
	case COVERAGE:
		r->has_coverage = true;
		break;
	case STRICT:
		r->is_strict = true;
		break;
	case DIVERGENCES:
		r->counts_all = true;
		break;
	case EXPLAIN:
		r->explain = value;
		break;
	}
	return KT_EXIT_YES;
}

static enum kt_exit
begin(struct kt_replay_run *r, int argc, char **argv)
{
	struct kt_args args = { .cmd = r->self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct kt_err err = { .text = "" };
	enum kt_exit status = KT_EXIT_YES;
	int c;

	while (status == KT_EXIT_YES &&
	    (c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		status = take_option(r, c, args.value);
	}
	if (status != KT_EXIT_YES)
		return status;
	if (args.operand == argc)
		return kt_misuse(r->self, "sessions or a folder must follow");
	for (int i = args.operand; i < argc; i++) {
		if (kt_session_paths_add(&r->paths, argv[i], &err) < 0) {
			kt_say("%s", err.text);
			return KT_EXIT_UNKNOWN;
		}
	}
	if (kt_replay_sample(r, &err) < 0 ||
	    kt_session_key_read(&r->key, r->key_path, &err) < 0 ||
	    kt_replay_load(r, &err) < 0 || kt_replay_run(r, &err) < 0) {
		kt_say("%s", err.text);
		return KT_EXIT_UNKNOWN;
	}
	if (r->explain != NULL)
		return r->has_explained ? KT_EXIT_YES :
		    (kt_say("no session has a call %s", r->explain),
		        KT_EXIT_UNKNOWN);
	return kt_replay_tell(r);
}

enum kt_exit
kt_cmd_replay(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_replay_run *r = kt_alloc(sizeof(*r));
	enum kt_exit status;

	if (r == NULL) {
		kt_say("out of memory");
		return KT_EXIT_UNKNOWN;
	}
	r->self = self;
	r->out.fail = KT_REPORT_ERROR;
	for (unsigned c = 1; c < KT_NCHANGES; c++)
		r->fails[c] = kt_change_fails((enum kt_change)c);
	status = begin(r, argc, argv);
	kt_replay_free(r);
	kt_free(r);
	return status;
}

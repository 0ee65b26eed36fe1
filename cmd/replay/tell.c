/*
 * tell - rows become groups, groups become findings of a report: nobody
 * reads a thousand lines that say the same.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cmd/replay/replay.h"
#include "config/schema.h"

#define EXAMPLES 3
#define GROUPS_MAX 65536
#define APPROVALS_ARENA (8u << 20)

/* One more rule than there are changes: what cannot be judged. */
enum { NOT_JUDGED = KT_NCHANGES, UNUSED, CUT, NRULES };
static const struct kt_report_rule rules[NRULES] = {
	{ "KT850", KT_REPORT_INFO, "no change", "", "" },
#define KT_CHANGE(id, word, code, fails, meaning) \
	[KT_CHANGE_##id] = { code, KT_REPORT_ERROR, word, meaning, \
	    "kt replay --explain tells a call rule by rule; a change that is " \
	    "wanted goes into a file for --approve" },
#include "replay/change.def"
	[NOT_JUDGED] = { "KT858", KT_REPORT_WARNING, "indeterminate",
	    "what the new configuration asks was not recorded",
	    "record again with the detectors it needs" },
	[UNUSED] = { "KT859", KT_REPORT_WARNING, "approval without a change",
	    "an approval that fits nothing hides the next mistake",
	    "remove it, or give it a later day" },
	[CUT] = { "KT860", KT_REPORT_WARNING, "session is cut",
	    "the recorder stopped in the middle of a call",
	    "the calls before it were played" },
};

struct group {
	unsigned rule;
	char key[17], message[400];
	const struct kt_replay_row *first;
	size_t session; /* of the first */
	size_t n, nhypothetical, nmade_up;
	struct { size_t session; const struct kt_replay_row *row; } at[EXAMPLES];
	bool counts;
	struct kt_span approved; /* the reason */
};

struct approval {
	const struct kt_config_node *node;
	struct kt_span group, reason, owner, expires;
	bool is_used;
};
struct approvals {
	const struct kt_config_node *node;
	struct kt_config_items approvals;
};

struct telling {
	struct kt_replay_run *r;
	struct kt_report *report;
	struct kt_report_source *sources;
	struct group *groups;
	size_t ngroups, cap;
	struct kt_cmd_files files; /* of approvals */
	struct kt_arena *mem;
	struct kt_config_diags *diags;
	struct approvals *approvals;
};

#define S struct approval
static const struct kt_config_field approval_fields[] = {
	KT_CONFIG_FIELD(S, STRING, group, .is_required = true,
	    .doc = "Of the change, as kt replay prints it"),
	KT_CONFIG_FIELD(S, STRING, reason, .is_required = true,
	    .doc = "Why it is wanted"),
	KT_CONFIG_FIELD(S, STRING, owner, .is_required = true,
	    .doc = "Who answers for it"),
	KT_CONFIG_FIELD(S, STRING, expires, .is_required = true,
	    .doc = "The last day, as 2026-12-31"),
};
#undef S
static const struct kt_config_table approval_table = {
	.name = "approvals[]", .doc = "One group of changes",
	.size = sizeof(struct approval), .fields = approval_fields,
	.n = KT_NELEMS(approval_fields),
};
static const struct kt_config_field approvals_fields[] = {
	{ .name = "approvals", .type = KT_CONFIG_SECTIONS,
	  .offset = KT_CONFIG_OFFSET(struct approvals, SECTIONS, approvals),
	  .table = &approval_table, .is_required = true,
	  .doc = "Changes that are wanted" },
};
static const struct kt_config_table approvals_table = {
	.name = "approvals", .doc = "A file of approvals",
	.size = sizeof(struct approvals), .fields = approvals_fields,
	.n = KT_NELEMS(approvals_fields),
};

/* ---- groups ---- */

static void
describe(const struct kt_replay_row *row, char out[static 400])
{
	const struct kt_outcome *a = &row->from, *b = &row->to;

	if (row->change == KT_CHANGE_NONE) {
		(void)snprintf(out, 400, "cannot be judged: %s", row->unknown);
		return;
	}
	(void)snprintf(out, 400, "%s: %s %u (%s%s%s) -> %s %u (%s%s%s)%s%s",
	    kt_change_word(row->change), a->decision, a->status,
	    a->policy[0] ? a->policy : "no policy", a->rule[0] ? " " : "",
	    a->rule, b->decision, b->status,
	    b->policy[0] ? b->policy : "no policy", b->rule[0] ? " " : "",
	    b->rule, strcmp(a->target, b->target) != 0 ? ", to target " : "",
	    strcmp(a->target, b->target) == 0 ? "" :
	        b->target[0] ? b->target : "none");
}

static void
fingerprint(const char *text, char out[static 17])
{
	uint64_t h = kt_hash(KT_HASH_BEGIN, kt_span_of(text));

	(void)snprintf(out, 17, "%016llx", (unsigned long long)h);
}

static struct group *
group_of(struct telling *t, const struct kt_replay_row *row, size_t session)
{
	char message[400], key[17];
	struct group *g;
	void *p = t->groups;

	describe(row, message);
	fingerprint(message, key);
	for (size_t i = 0; i < t->ngroups; i++) {
		if (strcmp(t->groups[i].key, key) == 0)
			return &t->groups[i];
	}
	if (t->ngroups == GROUPS_MAX ||
	    kt_grow(&p, &t->cap, t->ngroups + 1, sizeof(*g)) < 0)
		return NULL;
	t->groups = p;
	g = &t->groups[t->ngroups++];
	*g = (struct group){ .first = row, .session = session,
		.rule = row->change == KT_CHANGE_NONE ? NOT_JUDGED :
		    (unsigned)row->change };
	memcpy(g->message, message, sizeof(message));
	memcpy(g->key, key, sizeof(key));
	return g;
}

static enum kt_rc
gather(struct telling *t)
{
	const struct kt_replay_run *r = t->r;

	for (size_t i = 0; i < r->paths.n; i++) {
		const struct kt_replay_session *s = &r->sessions[i];

		for (size_t k = 0; k < s->nrows; k++) {
			const struct kt_replay_row *row = &s->rows[k];
			struct group *g = group_of(t, row, i);

			if (g == NULL)
				return KT_E_LIMIT;
			if (g->n < EXAMPLES) {
				g->at[g->n].session = i;
				g->at[g->n].row = row;
			}
			g->n++;
			g->nhypothetical += row->is_hypothetical;
			g->nmade_up += row->is_made_up;
			g->counts |= !row->is_hypothetical || r->counts_all;
		}
	}
	return KT_OK;
}

static int
in_order(const void *x, const void *y)
{
	const struct group *a = x, *b = y;

	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	return strcmp(a->key, b->key);
}

/* ---- approvals ---- */

static enum kt_rc
read_approvals(struct telling *t, struct kt_err *err)
{
	const struct kt_config_node *root;
	void *out;
	struct kt_buf b;

	if (t->r->approvals_path == NULL)
		return KT_OK;
	t->mem = kt_arena_new(APPROVALS_ARENA);
	t->diags = kt_alloc(sizeof(*t->diags));
	if (t->mem == NULL || t->diags == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	if (kt_cmd_files_add(&t->files, t->r->approvals_path, err) < 0)
		return err->rc;
	t->diags->files = t->files.sources;
	t->diags->files_n = 1;
	root = kt_config_parse(0, t->mem, t->diags);
	if (root != NULL && kt_config_fill(&out, &approvals_table, root, NULL, 0,
	        t->mem, t->diags) == KT_OK) {
		t->approvals = out;
		return KT_OK;
	}
	kt_buf_init(&b, 1u << 20);
	if (kt_config_diags_text(t->diags, &b) == KT_OK)
		(void)fwrite(b.ptr, 1, b.len, stderr);
	kt_buf_fini(&b);
	return kt_fail(err, KT_E_PARSE, "%s cannot be used",
	    t->r->approvals_path);
}

static void
approve(struct telling *t)
{
	struct approval *all = t->approvals ?
	    (struct approval *)(uintptr_t)t->approvals->approvals.at : NULL;
	size_t n = t->approvals ? t->approvals->approvals.n : 0;
	time_t now = time(NULL);
	char today[16] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(today, sizeof(today), "%Y-%m-%d", &tm);
	for (size_t i = 0; i < n; i++) {
		/* Past its last day it approves nothing. */
		bool is_over = all[i].expires.len != 10 ||
		    memcmp(all[i].expires.ptr, today, 10) < 0;

		for (size_t k = 0; k < t->ngroups && !is_over; k++) {
			if (!kt_span_eq(all[i].group,
			        kt_span_of(t->groups[k].key)))
				continue;
			t->groups[k].approved = all[i].reason;
			all[i].is_used = true;
		}
		if (all[i].is_used)
			continue;
		(void)kt_report_add(t->report, &(struct kt_report_finding){
		    .rule = &rules[UNUSED], .severity = KT_REPORT_WARNING,
		    .at = { t->r->paths.n, all[i].node->at.line,
		        all[i].node->at.column, all[i].node->at.line,
		        all[i].node->at.column + 1 },
		    .message = kt_report_text(t->report, "approval of %.*s "
		        "(%.*s) %s", KT_SPAN_ARG(all[i].group),
		        KT_SPAN_ARG(all[i].owner), is_over ? "has expired" :
		        "fits no change"),
		    .help = kt_span_of(rules[UNUSED].help) });
	}
}

/* ---- findings ---- */

static struct kt_report_place
place_of(size_t session, size_t line)
{
	return (struct kt_report_place){ session, (uint32_t)line, 1,
		(uint32_t)line, 2 };
}

static void
tell_group(struct telling *t, const struct group *g)
{
	const struct kt_replay_run *r = t->r;
	char names[EXAMPLES * 80] = "";
	size_t at = 0;
	struct kt_report_finding *f, one = { .rule = &rules[g->rule],
		.severity = g->rule == NOT_JUDGED ? KT_REPORT_WARNING :
		    r->fails[g->rule] && g->counts ? KT_REPORT_ERROR :
		    KT_REPORT_INFO,
		.at = place_of(g->session, g->first->line),
		.suppressed = g->approved };

	for (size_t i = 0; i < EXAMPLES && i < g->n; i++) {
		int n = snprintf(names + at, sizeof(names) - at, "%s%s#%llu",
		    i ? ", " : "", r->sessions[g->at[i].session].id,
		    (unsigned long long)g->at[i].row->n);

		at += n > 0 && (size_t)n < sizeof(names) - at ? (size_t)n : 0;
	}
	one.subject = kt_report_text(t->report, "%s#%llu",
	    r->sessions[g->session].id, (unsigned long long)g->first->n);
	one.message = kt_report_text(t->report, "%s: %zu call%s: %s%s",
	    g->message, g->n, g->n == 1 ? "" : "s", names,
	    g->n > EXAMPLES ? ", ..." : "");
	one.why = kt_report_text(t->report, "%s%s%s",
	    rules[g->rule].why, g->nhypothetical == 0 ? "" :
	    g->nhypothetical == g->n ? "; hypothetical: the conversation went "
	        "another way before" :
	    "; some are hypothetical: the conversation went another way before",
	    g->nmade_up ? "; no answer was recorded, so an empty one was made "
	        "up" : "");
	one.help = kt_report_text(t->report, "group %s; kt replay --explain "
	    "%s#%llu", g->key, r->sessions[g->session].id,
	    (unsigned long long)g->first->n);
	f = kt_report_add(t->report, &one);
	for (size_t i = 1; i < EXAMPLES && i < g->n; i++)
		kt_report_note(t->report, f,
		    place_of(g->at[i].session, g->at[i].row->line), "%s#%llu",
		    r->sessions[g->at[i].session].id,
		    (unsigned long long)g->at[i].row->n);
}

static void
tell_sessions(struct telling *t)
{
	const struct kt_replay_run *r = t->r;

	for (size_t i = 0; i < r->paths.n; i++) {
		const struct kt_replay_session *s = &r->sessions[i];
		bool is_well = s->nrows == 0 && !r->only_changes;

		if (s->cut_line > 0)
			(void)kt_report_add(t->report,
			    &(struct kt_report_finding){ .rule = &rules[CUT],
			    .severity = KT_REPORT_WARNING,
			    .at = place_of(i, s->cut_line),
			    .message = KT_SPAN("the last call of this session is "
			        "cut"),
			    .help = kt_span_of(rules[CUT].help) });
		if (is_well)
			kt_report_pass(t->report, &(struct kt_report_pass){ i,
			    kt_report_text(t->report, "%s: %zu calls unchanged",
			        s->id, s->ncalls), { 0 } });
	}
}

static void
sum_up(const struct telling *t, size_t *nindeterminate, size_t *ncut)
{
	const struct kt_replay_run *r = t->r;
	size_t ncalls = 0, changed = 0, each[KT_NCHANGES] = { 0 };

	*nindeterminate = *ncut = 0;
	for (size_t i = 0; i < r->paths.n; i++) {
		ncalls += r->sessions[i].ncalls;
		*nindeterminate += r->sessions[i].nindeterminate;
		*ncut += r->sessions[i].cut_line > 0;
		for (size_t k = 0; k < r->sessions[i].nrows; k++)
			each[r->sessions[i].rows[k].change]++;
	}
	for (unsigned c = 1; c < KT_NCHANGES; c++)
		changed += each[c];
	(void)fprintf(stderr, "kt replay: %zu call%s in %zu session%s: %zu "
	    "changed", ncalls, ncalls == 1 ? "" : "s", r->paths.n,
	    r->paths.n == 1 ? "" : "s", changed);
	for (unsigned c = 1; c < KT_NCHANGES; c++) {
		if (each[c] > 0)
			(void)fprintf(stderr, ", %zu %s", each[c],
			    kt_change_word((enum kt_change)c));
	}
	if (*nindeterminate > 0)
		(void)fprintf(stderr, "; %zu cannot be judged", *nindeterminate);
	(void)fputc('\n', stderr);
}

/* What no call has shown of the chain. */
static void
tell_coverage(const struct kt_replay_run *r)
{
	const struct kt_settings *s = r->sides[KT_REPLAY_NEW].settings.settings;
	uint64_t matched = 0, decided = 0;
	size_t n = 0, reached = 0;

	for (size_t i = 0; i < r->paths.n; i++) {
		matched |= r->sessions[i].matched;
		decided |= r->sessions[i].decided;
	}
	for (size_t i = 0; i < s->policies.links_n &&
	     i < KT_REPLAY_POLICIES_MAX; i++) {
		const struct kt_config_link *l = &s->policies.links[i];
		const struct kt_config_common *common = l->settings;

		if (!common->enabled ||
		    strcmp(l->kind->name, "audit-logger") == 0)
			continue; /* it only writes down */
		n++;
		reached += (matched >> i & 1) != 0;
		if ((matched >> i & 1) == 0)
			(void)fprintf(stderr, "%s never matches\n", l->kind->name);
		else if ((decided >> i & 1) == 0)
			(void)fprintf(stderr, "%s never decides\n", l->kind->name);
	}
	(void)fprintf(stderr, "coverage: %zu of %zu policies match\n", reached,
	    n);
}

static enum kt_rc
begin(struct telling *t, struct kt_err *err)
{
	struct kt_report_options o = { .tool = "kt replay", .rules = rules,
		.nrules = NRULES };
	size_t n = t->r->paths.n;

	if (read_approvals(t, err) < 0)
		return err->rc;
	t->sources = kt_alloc_array(n + 1, sizeof(*t->sources));
	if (t->sources == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	for (size_t i = 0; i < n; i++)
		t->sources[i].name = kt_span_of(t->r->paths.at[i]);
	if (t->files.n > 0)
		t->sources[n] = (struct kt_report_source){
			t->files.sources[0].name, t->files.sources[0].bytes };
	o.sources = t->sources;
	o.nsources = n + t->files.n;
	t->report = kt_report_new(&o);
	return t->report != NULL && gather(t) == KT_OK ? KT_OK :
	    kt_fail(err, KT_E_LIMIT, "no memory");
}

static enum kt_exit
finish(struct telling *t, struct kt_err *err)
{
	size_t nindeterminate, ncut;
	enum kt_exit status;

	if (t->ngroups > 1)
		qsort(t->groups, t->ngroups, sizeof(*t->groups), in_order);
	approve(t);
	for (size_t i = 0; i < t->ngroups; i++)
		tell_group(t, &t->groups[i]);
	tell_sessions(t);
	if (kt_report_close(t->report, err) < 0)
		return KT_EXIT_UNKNOWN;
	sum_up(t, &nindeterminate, &ncut);
	if (t->r->has_coverage)
		tell_coverage(t->r);
	status = kt_cmd_outputs_write(&t->r->out, t->report);
	if (status == KT_EXIT_YES && t->r->is_strict && ncut > 0)
		status = KT_EXIT_UNKNOWN;
	if (status == KT_EXIT_YES && t->r->is_strict && nindeterminate > 0)
		status = KT_EXIT_WEAKER;
	return status;
}

enum kt_exit
kt_replay_tell(struct kt_replay_run *r)
{
	struct telling t = { .r = r };
	struct kt_err err = { .text = "" };
	enum kt_exit status = KT_EXIT_UNKNOWN;

	for (size_t i = 0; i < r->paths.n; i++) {
		if (r->sessions[i].err.rc == KT_OK)
			continue;
		kt_say("%s", r->sessions[i].err.text);
		return KT_EXIT_UNKNOWN;
	}
	if (begin(&t, &err) == KT_OK)
		status = finish(&t, &err);
	if (err.text[0] != '\0')
		kt_say("%s", err.text);
	kt_report_free(&t.report);
	kt_free(t.groups);
	kt_free(t.sources);
	kt_free(t.diags);
	kt_arena_free(&t.mem);
	kt_cmd_files_fini(&t.files);
	return status;
}

/* ---- one call ---- */

static void
print_field(const char *name, const char *from, const char *to)
{
	if (strcmp(from, to) == 0)
		(void)printf("  %-12s %s\n", name, from[0] ? from : "-");
	else
		(void)printf("  %-12s %s -> %s\n", name, from[0] ? from : "-",
		    to[0] ? to : "-");
}

void
kt_replay_explain(const struct kt_session *s, const struct kt_session_call *c,
    struct kt_span from, struct kt_span to, const struct kt_replay_row *row)
{
	const struct kt_outcome *a = &row->from, *b = &row->to;
	char was[16], now[16];

	(void)from, (void)to;
	(void)printf("%.*s#%llu  %.*s %.*s  %s\n", KT_SPAN_ARG(s->id),
	    (unsigned long long)c->n, KT_SPAN_ARG(c->method),
	    KT_SPAN_ARG(c->path), kt_change_word(row->change));
	(void)snprintf(was, sizeof(was), "%u", a->status);
	(void)snprintf(now, sizeof(now), "%u", b->status);
	print_field("decision", a->decision, b->decision);
	print_field("status", was, now);
	print_field("outcome", a->outcome, b->outcome);
	print_field("policy", a->policy, b->policy);
	print_field("rule", a->rule, b->rule);
	print_field("reasons", a->reasons, b->reasons);
	print_field("rules", a->rules, b->rules);
	print_field("redacted", a->redactions, b->redactions);
	print_field("found", a->flags, b->flags);
	print_field("class", a->data_class, b->data_class);
	print_field("target", a->target, b->target);
	print_field("translation", a->translation, b->translation);
	if (row->is_made_up)
		(void)printf("  %-12s no answer was recorded: an empty one was "
		    "made up\n", "answer");
	if (row->unknown[0] != '\0')
		(void)printf("  %-12s %s\n", "not known", row->unknown);
}

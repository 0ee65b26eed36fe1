/*
 * cases - their form is a table, like that of a configuration: a misspelt
 * key is told with the one that was meant.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/auth.h"
#include "trial/trial_priv.h"

static const char *const apis[] = { "messages", "completions", NULL };

#define S struct kt_trial_request
static const struct kt_config_field request_fields[] = {
	KT_CONFIG_FIELD(S, ENUM, api, .fallback = "messages", .names = apis,
	    .doc = "Form of the request"),
	KT_CONFIG_FIELD(S, STRING, model, .fallback = "claude-sonnet-4-5",
	    .doc = "Model that is asked for"),
	KT_CONFIG_FIELD(S, STRING, system, .doc = "System prompt"),
	KT_CONFIG_FIELD(S, STRING, user, .doc = "What the user says"),
	KT_CONFIG_FIELD(S, STRING, tool_result,
	    .doc = "What a tool gave back, as the last message"),
	KT_CONFIG_FIELD(S, ANY, tool_use,
	    .doc = "The call that tool_result is of, {name: input}"),
	KT_CONFIG_FIELD(S, STRINGS, tools, .takes_one = true,
	    .doc = "Names of tools that are offered"),
	KT_CONFIG_FIELD(S, BOOL, stream, .fallback = "false",
	    .doc = "Whether the answer is streamed"),
	KT_CONFIG_FIELD(S, ANY, body, .doc = "The whole body instead"),
};
#undef S
static const struct kt_config_table request_table = {
	.name = "request", .doc = "What a client sends",
	.size = sizeof(struct kt_trial_request),
	.fields = request_fields, .n = KT_NELEMS(request_fields),
};
#define S struct kt_trial_given
static const struct kt_config_field given_fields[] = {
	KT_CONFIG_FIELD(S, STRING, now, .doc = "The time, as 2026-11-20T10:00:00Z"),
	KT_CONFIG_FIELD(S, STRING, principal, .fallback = "anonymous",
	    .doc = "Who calls; empty: somebody who is not let in"),
	KT_CONFIG_FIELD(S, STRING, group, .doc = "The group of who calls"),
};
#undef S
static const struct kt_config_table given_table = {
	.name = "given", .doc = "When it happens, and who calls",
	.size = sizeof(struct kt_trial_given),
	.fields = given_fields, .n = KT_NELEMS(given_fields),
};
#define S struct kt_trial_case
static const struct kt_config_field case_fields[] = {
	KT_CONFIG_FIELD(S, STRING, name, .is_required = true,
	    .doc = "A sentence that says what holds"),
	KT_CONFIG_SUBSECTION(S, given, &given_table,
	    .doc = "When it happens, and who calls"),
	KT_CONFIG_SUBSECTION(S, request, &request_table,
	    .doc = "What a client sends"),
	KT_CONFIG_FIELD(S, STRING, answer, .doc = "What the model says"),
	KT_CONFIG_FIELD(S, ANY, tool_use,
	    .doc = "Tools that the model calls, {name: input}"),
	KT_CONFIG_FIELD(S, ANY, matrix,
	    .doc = "Fields of given and request with several values each"),
	KT_CONFIG_FIELD(S, ANY, expect,
	    .doc = "What must come of it; of a matrix, lists in lists"),
};
#undef S
static const struct kt_config_table case_table = {
	.name = "cases[]", .doc = "One case",
	.size = sizeof(struct kt_trial_case),
	.fields = case_fields, .n = KT_NELEMS(case_fields),
};
static const struct kt_config_field file_fields[] = {
	KT_CONFIG_FIELD(struct kt_trial_file, SECTIONS, cases,
	    .table = &case_table, .is_required = true, .doc = "The cases"),
};
static const struct kt_config_table file_table = {
	.name = "cases", .doc = "A file of cases",
	.size = sizeof(struct kt_trial_file),
	.fields = file_fields, .n = KT_NELEMS(file_fields),
};

/* What nothing can miss tests nothing; of a matrix, in any of its lists. */
static void
check_expect(const struct kt_config_node *expect, struct kt_span name,
    struct kt_config_diags *d)
{
	if (expect->type != KT_CONFIG_NODE_SCALAR && expect->first == NULL)
		kt_config_diag(d, KT_CONFIG_MISSING, expect->at,
		    "'%.60s' expects nothing", name.ptr);
	if (expect->type != KT_CONFIG_NODE_LIST)
		return;
	for (const struct kt_config_node *e = expect->first; e; e = e->next)
		check_expect(e, name, d);
}

/* {"name", "input": {...}, "expected": {...}}: a form others use as well. */
static enum kt_rc
load_single(const struct kt_trial_file **out, const struct kt_config_node *root,
    struct kt_arena *mem, struct kt_config_diags *d)
{
	struct kt_trial_file *file = kt_arena_alloc(mem, sizeof(*file));
	struct kt_trial_case *c = kt_arena_alloc(mem, sizeof(*c));
	const struct kt_config_node *name = kt_config_get(root, KT_SPAN("name"));

	if (file == NULL || c == NULL)
		return KT_E_LIMIT;
	c->node = root;
	c->name = name != NULL ? name->text : KT_SPAN("case");
	c->request.body = kt_config_get(root, KT_SPAN("input"));
	c->request.model = KT_SPAN("claude-sonnet-4-5");
	c->given.principal = KT_SPAN("anonymous");
	c->expect = kt_config_get(root, KT_SPAN("expected"));
	if (c->expect == NULL)
		kt_config_diag(d, KT_CONFIG_MISSING, root->at,
		    "a case needs 'expected'");
	else
		check_expect(c->expect, c->name, d);
	file->node = root;
	file->cases = (struct kt_config_items){ c, 1, root };
	*out = file;
	return kt_config_diags_any(d) ? KT_E_PARSE : KT_OK;
}

static void
check_call(const struct kt_config_node *call, struct kt_config_diags *d)
{
	if (call == NULL)
		return;
	if (call->type != KT_CONFIG_NODE_MAP) {
		kt_config_diag(d, KT_CONFIG_WRONG_TYPE, call->at,
		    "tool_use is a map of names and inputs");
		return;
	}
	for (const struct kt_config_node *c = call->first; c; c = c->next) {
		if (c->type != KT_CONFIG_NODE_MAP &&
		    c->type != KT_CONFIG_NODE_NULL)
			kt_config_diag(d, KT_CONFIG_WRONG_TYPE, c->at, "the input of "
			    "'%.60s' is no map", c->key.ptr);
	}
}

static void
check_matrix(const struct kt_config_node *matrix, struct kt_config_diags *d)
{
	if (matrix == NULL)
		return;
	if (matrix->type != KT_CONFIG_NODE_MAP)
		kt_config_diag(d, KT_CONFIG_WRONG_TYPE, matrix->at,
		    "matrix is a map of fields and lists of values");
	for (const struct kt_config_node *a = matrix->first; a; a = a->next) {
		if (a->type == KT_CONFIG_NODE_LIST && a->first == NULL)
			kt_config_diag(d, KT_CONFIG_MISSING, a->at,
			    "'%.60s' has no value: no case is run", a->key.ptr);
	}
}

/* Another time would be taken, and the case be about that. */
static void
check_time(const struct kt_config_node *n, struct kt_config_diags *d)
{
	uint64_t seconds;

	if (n == NULL)
		return;
	for (const struct kt_config_node *e = n->first; e != NULL; e = e->next)
		check_time(e, d);
	if (n->type == KT_CONFIG_NODE_SCALAR && !kt_auth_when_parse(n->text, &seconds))
		kt_config_diag(d, KT_CONFIG_RANGE, n->at, "'%.40s' is no time "
		    "such as 2026-11-20T10:00:00Z", n->text.ptr);
}

/* A whole body leaves no room for its parts. */
static void
check_parts(const struct kt_config_node *from, struct kt_config_diags *d)
{
	static const char *const parts[] = { "system", "user", "tool_result",
		"tool_use", "tools" };

	for (size_t i = 0; i < KT_NELEMS(parts); i++) {
		const struct kt_config_node *one =
		    kt_config_get(from, kt_span_of(parts[i]));

		if (one == NULL)
			continue;
		kt_config_diag(d, KT_CONFIG_CONTRADICTION, one->key_at,
		    "'%s' stands beside 'body', which is the whole request",
		    parts[i]);
		kt_config_diag_help(d, "leave one of them out");
	}
}

static void
check_case(const struct kt_trial_case *c, struct kt_config_diags *d)
{
	if (c->request.body != NULL) {
		check_parts(c->request.node, d);
		check_parts(c->matrix, d);
	}
	check_call(c->request.tool_use, d);
	check_call(c->tool_use, d);
	check_matrix(c->matrix, d);
	check_time(kt_config_get(c->matrix, KT_SPAN("now")), d);
	check_time(kt_config_get(kt_config_get(c->node, KT_SPAN("given")),
	    KT_SPAN("now")), d);
	if (c->expect == NULL)
		kt_config_diag(d, KT_CONFIG_MISSING, c->node->at,
		    "'%.60s' expects nothing", c->name.ptr);
	else
		check_expect(c->expect, c->name, d);
}

enum kt_rc
kt_trial_load(const struct kt_trial_file **out, struct kt_arena *mem,
    struct kt_config_diags *d)
{
	const struct kt_config_node *root = kt_config_parse(0, mem, d);
	const struct kt_trial_case *all;
	void *file;

	if (root == NULL)
		return KT_E_PARSE;
	if (kt_config_get(root, KT_SPAN("input")) != NULL)
		return load_single(out, root, mem, d);
	if (kt_config_fill(&file, &file_table, root, NULL, 0, mem, d) < 0)
		return KT_E_PARSE;
	*out = file;
	all = (*out)->cases.at;
	if ((*out)->cases.n == 0)
		kt_config_diag(d, KT_CONFIG_MISSING,
		    kt_config_get(root, KT_SPAN("cases"))->at,
		    "there is no case");
	for (size_t i = 0; i < (*out)->cases.n; i++)
		check_case(&all[i], d);
	return kt_config_diags_any(d) ? KT_E_PARSE : KT_OK;
}

/*
 * run - cases one by one, matrices spread out, and what was got against what
 * was expected.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every case runs, whatever failed before; only fields that differ are told.
 */
#include "json/json.h"
#include "trial/trial_priv.h"

#define RECORD_MAX (1u << 20)
#define AXES_MAX 4
#define ROWS_MAX 4096

enum { NOT_MET, NOT_RUN, NOT_KNOWN };
const struct kt_report_rule kt_trial_rules[] = {
	[NOT_MET] = { "KT811", KT_REPORT_ERROR, "expectation not met",
	    "The policy does something else than its test says.",
	    "Mend the policy, or the case." },
	[NOT_RUN] = { "KT812", KT_REPORT_ERROR, "case cannot be run",
	    "What is not tried is not known.",
	    "Mend the case." },
	[NOT_KNOWN] = { "KT803", KT_REPORT_ERROR, "expects what there is not",
	    "An expectation that nothing can meet tests nothing.",
	    "Use the fields decision, policy, rule, status, reason_code, "
	    "data_class." },
};
const size_t kt_trial_nrules = KT_NELEMS(kt_trial_rules);

static struct kt_report_place
place(const struct kt_trial *t, const struct kt_config_node *n)
{
	const struct kt_config_place *at = &n->at;

	if (n->type != KT_CONFIG_NODE_SCALAR && n->key_at.line > 0)
		at = &n->key_at;
	return (struct kt_report_place){ t->file, at->line, at->column, at->line,
		at->column + (at->len ? at->len : 1) };
}

/* Every rule that matched, in order, the deciding one marked. */
static struct kt_span
story(struct kt_trial *t, const struct kt_trial_result *r)
{
	struct kt_span text = kt_buf_span(&r->record), all = KT_SPAN("");
	struct kt_json j;
	struct kt_err err;
	uint32_t list, n;

	kt_json_init(&j, RECORD_MAX);
	list = text.len > 0 && kt_json_parse(&j, text, &err) == KT_OK ?
	    kt_json_member(&j, text, kt_json_root(&j), KT_SPAN("rules")) : 0;
	for (n = kt_json_first(&j, list); n != 0; n = kt_json_next(&j, n)) {
		bool is_deciding = false;

		(void)kt_json_bool(&j, kt_json_member(&j, text, n,
		    KT_SPAN("deciding")), &is_deciding); /* absent: it is not */
		all = kt_report_text(t->report, "%.*s%s%.*s/%.*s: %.*s%s",
		    KT_SPAN_ARG(all), all.len > 0 ? ", " : "matched: ",
		    KT_SPAN_ARG(kt_json_string(&j, text, kt_json_member(&j, text, n,
		    KT_SPAN("policy")))), KT_SPAN_ARG(kt_json_string(&j, text,
		    kt_json_member(&j, text, n, KT_SPAN("rule")))),
		    KT_SPAN_ARG(kt_json_string(&j, text, kt_json_member(&j, text, n,
		    KT_SPAN("action")))), is_deciding ? " (decided)" : "");
	}
	kt_json_fini(&j);
	return all.len > 0 ? all : KT_SPAN("no policy matched");
}

static struct kt_report_finding *
tell(struct kt_trial *t, int rule, struct kt_span name,
    const struct kt_config_node *at, struct kt_span message)
{
	struct kt_report_finding f = { .rule = &kt_trial_rules[rule],
		.severity = kt_trial_rules[rule].severity, .at = place(t, at),
		.message = message, .subject = name,
		.help = kt_span_of(kt_trial_rules[rule].help) };

	return kt_report_add(t->report, &f);
}

/* Other words for the same decision. */
static const char *
decision_word(struct kt_span s)
{
	static const struct { const char *said, *meant; } words[] = {
		{ "allow", "pass" }, { "deny", "block" }, { "flag", "pass" } };

	for (size_t i = 0; i < KT_NELEMS(words); i++) {
		if (kt_span_eq(s, kt_span_of(words[i].said)))
			return words[i].meant;
	}
	return s.ptr;
}

struct field {
	const char *name, *got;
};

static size_t
fields_of(const struct kt_trial_result *r, char status[static 16],
    struct field out[static 8])
{
	(void)snprintf(status, 16, "%u", r->status);
	out[0] = (struct field){ "decision", r->decision };
	out[1] = (struct field){ "verdict", r->decision };
	out[2] = (struct field){ "policy", r->policy };
	out[3] = (struct field){ "rule", r->rule };
	out[4] = (struct field){ "status", status };
	out[5] = (struct field){ "reason_code", r->reason_code };
	out[6] = (struct field){ "data_class", r->data_class };
	return 7;
}

/* False: it differs, and was told. */
static bool
check_one(struct kt_trial *t, struct kt_span name,
    const struct kt_config_node *want, const struct field *f,
    const struct kt_trial_result *r)
{
	struct kt_report_finding *one;
	bool is_decision = strcmp(f->name, "decision") == 0 ||
	    strcmp(f->name, "verdict") == 0;
	const char *word = is_decision ? decision_word(want->text) :
	    want->text.ptr;

	if (word != NULL && strcmp(word, f->got) == 0)
		return true;
	one = tell(t, NOT_MET, name, want, kt_report_text(t->report,
	    "%.*s: %s: expected %s, got %s", KT_SPAN_ARG(name), f->name,
	    word ? word : "nothing", f->got[0] ? f->got : "nothing"));
	if (one != NULL)
		one->why = story(t, r);
	return false;
}

static bool
check(struct kt_trial *t, struct kt_span name,
    const struct kt_config_node *expect, const struct kt_trial_result *r)
{
	struct field fields[8];
	char status[16];
	size_t n = fields_of(r, status, fields), i;
	bool is_met = true;

	if (expect->type == KT_CONFIG_NODE_SCALAR)
		return check_one(t, name, expect, &fields[0], r);
	for (const struct kt_config_node *c = expect->first; c; c = c->next) {
		for (i = 0; i < n; i++) {
			if (kt_span_eq(c->key, kt_span_of(fields[i].name)))
				break;
		}
		if (i < n) {
			is_met &= check_one(t, name, c, &fields[i], r);
			continue;
		}
		(void)tell(t, NOT_KNOWN, name, c, kt_report_text(t->report,
		    "'%.60s' is no field of an outcome", c->key.ptr));
		is_met = false;
	}
	return is_met;
}

/* Running. */

static enum kt_rc
run_one(struct kt_trial *t, const struct kt_trial_case *c,
    struct kt_span name, const struct kt_config_node *expect)
{
	struct kt_trial_result r = { .has_ended = false };
	enum kt_rc rc;

	if (t->only.len > 0 && !kt_span_glob(t->only, name))
		return KT_OK;
	kt_buf_init(&r.record, RECORD_MAX);
	rc = kt_trial_play(t, c, &r);
	t->run++;
	if (rc == KT_E_LIMIT) {
		kt_buf_fini(&r.record);
		return rc;
	}
	if (rc < 0 || !r.has_ended) {
		(void)tell(t, NOT_RUN, name, c->node, rc < 0 ?
		    KT_SPAN("the request of this case cannot be made") :
		    KT_SPAN("the call waits for something outside"));
		t->failed++;
	} else if (check(t, name, expect, &r)) {
		kt_report_pass(t->report, &(struct kt_report_pass){
		    .file = t->file, .subject = name });
	} else {
		t->failed++;
	}
	kt_trial_cover(t->coverage, c, &r);
	kt_buf_fini(&r.record);
	return KT_OK;
}

/* One value of an axis takes the place of the case's own. */
static bool
set_axis(struct kt_trial_case *c, struct kt_span axis,
    const struct kt_config_node *value, struct kt_span *one)
{
	struct kt_trial_request *r = &c->request;
	const struct { const char *name; struct kt_span *at; } texts[] = {
		{ "user", &r->user }, { "system", &r->system },
		{ "model", &r->model }, { "tool_result", &r->tool_result },
		{ "answer", &c->answer }, { "now", &c->given.now },
		{ "principal", &c->given.principal },
		{ "group", &c->given.group } };

	for (size_t i = 0; i < KT_NELEMS(texts); i++) {
		if (!kt_span_eq(axis, kt_span_of(texts[i].name)))
			continue;
		*texts[i].at = value->text;
		return true;
	}
	if (kt_span_eq(axis, KT_SPAN("tool_use"))) {
		c->tool_use = value;
		return value->type == KT_CONFIG_NODE_MAP;
	}
	if (kt_span_eq(axis, KT_SPAN("stream"))) {
		r->stream = kt_span_eq(value->text, KT_SPAN("true"));
		return true;
	}
	if (!kt_span_eq(axis, KT_SPAN("tools")))
		return false;
	*one = value->text;
	r->tools = (struct kt_config_strings){ one, 1, value };
	return true;
}

static enum kt_rc
spread(struct kt_trial *t, const struct kt_trial_case *from,
    const struct kt_config_node *axis, struct kt_span name,
    const struct kt_config_node *expect)
{
	const struct kt_config_node *e, *v;
	enum kt_rc rc = KT_OK;

	if (axis == NULL)
		return run_one(t, from, name, expect);
	if (t->run >= ROWS_MAX)
		return KT_E_LIMIT;
	if (axis->type != KT_CONFIG_NODE_LIST ||
	    expect->type != KT_CONFIG_NODE_LIST || axis->n != expect->n) {
		(void)tell(t, NOT_RUN, name, expect, kt_report_text(t->report,
		    "'%.40s' needs a list of as many outcomes as it has values",
		    axis->key.ptr));
		t->run++;
		t->failed++;
		return KT_OK;
	}
	for (v = axis->first, e = expect->first; v && rc == KT_OK;
	     v = v->next, e = e->next) {
		struct kt_trial_case c = *from;
		struct kt_span one, row, word = v->text;

		if (!set_axis(&c, axis->key, v, &one)) {
			(void)tell(t, NOT_RUN, name, axis, kt_report_text(
			    t->report, "'%.40s' cannot vary", axis->key.ptr));
			t->run++;
			t->failed++;
			return KT_OK;
		}
		if (v->type == KT_CONFIG_NODE_MAP && v->first != NULL)
			word = v->first->key; /* the tool */
		row = kt_report_text(t->report, "%.*s, %s: %.60s",
		    KT_SPAN_ARG(name), axis->key.ptr, word.ptr ? word.ptr : "");
		rc = spread(t, &c, axis->next, row, e);
	}
	return rc;
}

enum kt_rc
kt_trial_run(struct kt_trial *t, const struct kt_trial_file *file,
    struct kt_err *err)
{
	const struct kt_trial_case *all = file->cases.at;

	for (size_t i = 0; i < file->cases.n; i++) {
		const struct kt_config_node *axis = all[i].matrix != NULL ?
		    all[i].matrix->first : NULL;

		if (all[i].matrix != NULL && all[i].matrix->n > AXES_MAX)
			return kt_fail(err, KT_E_LIMIT, "'%.60s' has more than %d "
			    "axes", all[i].name.ptr, AXES_MAX);
		if (spread(t, &all[i], axis, all[i].name, all[i].expect) < 0)
			return kt_fail(err, KT_E_LIMIT, "more cases than fit, at "
			    "'%.60s'", all[i].name.ptr);
	}
	return KT_OK;
}

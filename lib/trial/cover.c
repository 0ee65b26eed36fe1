/*
 * cover - what cases have shown, by what the records of their calls say.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A rule that allows leaves no trace in a record: it is not counted.
 */
#include "json/json.h"
#include "trial/trial_priv.h"

#define RECORD_MAX (1u << 20)

/* ---- what there is ---- */

static bool
allows(const struct kt_config_seen *seen)
{
	struct kt_config_seen action;
	const int *word;

	if (!kt_config_find(seen->table, seen->section, "action", &action) ||
	    action.field->type != KT_CONFIG_ENUM)
		return false;
	word = action.member;
	return *word >= 0 && strcmp(action.field->names[*word], "allow") == 0;
}

/* A rule or a pattern: it has a name, and is below a policy's settings. */
static void
take_name(void *arg, const struct kt_config_seen *seen)
{
	struct kt_trial_coverage *c = arg;
	const struct kt_span *name = seen->member;

	if (strcmp(seen->field->name, "name") != 0 ||
	    seen->field->type != KT_CONFIG_STRING || allows(seen) ||
	    c->nrules == KT_TRIAL_RULES_MAX)
		return;
	c->rules[c->nrules].policy = c->policies[c->npolicies - 1].name;
	c->rules[c->nrules++].name = *name;
}

void
kt_trial_coverage_init(
    struct kt_trial_coverage *c, const struct kt_settings *s)
{
	*c = (struct kt_trial_coverage){ 0 };
	for (size_t i = 0; i < s->policies.links_n; i++) {
		const struct kt_config_link *l = &s->policies.links[i];
		const struct kt_config_common *common = l->settings;

		/* These decide nothing. */
		if (!common->enabled || c->npolicies == KT_TRIAL_POLICIES_MAX ||
		    strcmp(l->kind->name, "audit-logger") == 0 ||
		    strcmp(l->kind->name, "prompt-decorator") == 0)
			continue;
		c->policies[c->npolicies++].name = l->kind->name;
		kt_config_visit(l->kind->table, l->settings, take_name, c);
	}
}

/* ---- what was seen ---- */

struct view {
	struct kt_json j;
	struct kt_span text;
};

static struct kt_span
text(const struct view *v, uint32_t object, const char *name)
{
	return kt_json_string(&v->j, v->text, kt_json_member(
	    &v->j, v->text, object, kt_span_of(name)));
}

static uint32_t
first_of(const struct view *v, const char *list)
{
	return kt_json_first(&v->j, kt_json_member(
	    &v->j, v->text, kt_json_root(&v->j), kt_span_of(list)));
}

static void
see_rule(struct kt_trial_coverage *c, struct kt_span policy,
    struct kt_span rule)
{
	for (size_t i = 0; i < c->npolicies; i++)
		c->policies[i].has_matched |= kt_span_eq(
		    policy, kt_span_of(c->policies[i].name));
	for (size_t i = 0; i < c->nrules; i++)
		c->rules[i].has_matched |= kt_span_eq(c->rules[i].name, rule) &&
		    kt_span_eq(policy, kt_span_of(c->rules[i].policy));
}

/* A pattern of one's own is the detector "policy:name". */
static void
see_detector(struct kt_trial_coverage *c, struct kt_span detector)
{
	size_t colon = kt_span_find(detector, ':');

	if (colon < detector.len)
		see_rule(c, kt_span_sub(detector, 0, colon),
		    kt_span_sub(detector, colon + 1, detector.len));
}

static void
see_record(struct kt_trial_coverage *c, const struct kt_trial_result *r)
{
	struct view v = { .text = kt_buf_span(&r->record) };
	struct kt_err err;
	uint32_t n;

	kt_json_init(&v.j, RECORD_MAX);
	if (v.text.len > 0 && kt_json_parse(&v.j, v.text, &err) == KT_OK) {
		for (n = first_of(&v, "rules"); n != 0; n = kt_json_next(&v.j, n))
			see_rule(c, text(&v, n, "policy"), text(&v, n, "rule"));
		for (n = first_of(&v, "detections"); n != 0;
		     n = kt_json_next(&v.j, n))
			see_detector(c, text(&v, n, "detector"));
	}
	kt_json_fini(&v.j);
	for (size_t i = 0; i < c->npolicies; i++)
		c->policies[i].has_decided |=
		    strcmp(c->policies[i].name, r->policy) == 0;
}

void
kt_trial_cover(struct kt_trial_coverage *c, const struct kt_trial_case *one,
    const struct kt_trial_result *r)
{
	see_record(c, r);
	c->has_passed |= strcmp(r->decision, "pass") == 0;
	c->has_redacted |= strcmp(r->decision, "redact") == 0;
	c->has_blocked |= strcmp(r->decision, "block") == 0;
	c->has_streamed |= one->request.stream;
	c->has_tools |= one->request.tools.n > 0;
	c->has_calls |= one->tool_use != NULL;
	c->has_answers |= one->answer.len > 0;
	c->has_results |= one->request.tool_result.ptr != NULL ||
	    one->request.tool_use != NULL;
}

/* ---- what is missing ---- */

struct sum {
	struct kt_buf *missing;
	size_t all, shown;
	enum kt_rc rc;
};

static void
count(struct sum *s, bool is_shown, const char *how, const char *what,
    struct kt_span name)
{
	s->all++;
	s->shown += is_shown;
	if (is_shown || s->rc < 0)
		return;
	s->rc = kt_buf_printf(s->missing, "%s%s%.*s %s\n", what,
	    name.len > 0 ? ": " : "", KT_SPAN_ARG(name), how);
}

unsigned
kt_trial_coverage_percent(
    const struct kt_trial_coverage *c, struct kt_buf *missing)
{
	const struct { bool is_shown; const char *what, *how; } units[] = {
		{ c->has_passed, "no case", "passes" },
		{ c->has_redacted, "no case", "is redacted" },
		{ c->has_blocked, "no case", "is blocked" },
		{ c->has_answers, "no answer", "says anything" },
		{ c->has_streamed, "no answer", "is streamed" },
		{ c->has_tools, "no case", "offers a tool" },
		{ c->has_calls, "no answer", "calls a tool" },
		{ c->has_results, "no tool", "gives something back" },
	};
	struct sum s = { .missing = missing };

	for (size_t i = 0; i < c->npolicies; i++) {
		const char *name = c->policies[i].name;

		count(&s, c->policies[i].has_matched, "never matches", name,
		    KT_SPAN(""));
		count(&s, c->policies[i].has_decided, "never decides", name,
		    KT_SPAN(""));
	}
	for (size_t i = 0; i < c->nrules; i++)
		count(&s, c->rules[i].has_matched, "never matches",
		    c->rules[i].policy, c->rules[i].name);
	for (size_t i = 0; i < KT_NELEMS(units); i++)
		count(&s, units[i].is_shown, units[i].how, units[i].what,
		    KT_SPAN(""));
	return s.rc == KT_OK ? (unsigned)(s.shown * 100 / s.all) : 0;
}

/*
 * tell - rules by code, the places they speak of, and what they say there.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lint/lint_priv.h"

/* The severities of rules.def. */
enum { INFO = KT_REPORT_INFO, WARNING = KT_REPORT_WARNING,
	ERROR = KT_REPORT_ERROR };

const struct kt_report_rule kt_lint_rules[] = {
#define KT_LINT_RULE(n, severity, preset, fix, title, why, help) \
	{ "KT" #n, (enum kt_report_severity)severity, title, why, help },
#include "lint/rules.def"
};

static const struct {
	enum kt_lint_preset preset;
	enum kt_report_fix fix;
} traits[] = {
#define KT_LINT_RULE(n, severity, preset, fix, title, why, help) \
	{ KT_LINT_##preset, KT_REPORT_FIX_##fix },
#include "lint/rules.def"
};

enum kt_lint_preset
kt_lint_preset_of(enum kt_lint_code code)
{
	return traits[code].preset;
}

enum kt_report_fix
kt_lint_fix_of(enum kt_lint_code code)
{
	return traits[code].fix;
}

int
kt_lint_code_of(struct kt_span name)
{
	for (int i = 0; i < KT_LINT_CODES; i++) {
		if (kt_span_caseeq(name, kt_span_of(kt_lint_rules[i].code)))
			return i;
	}
	return -1;
}

/* "KT3" stands for all codes that begin so. */
static enum kt_rc
switch_codes(struct kt_lint_options *o, const char *list, bool is_on,
    struct kt_err *err)
{
	struct kt_span rest = kt_span_of(list);

	/* A slip: nothing selected would be a gate that never shuts. */
	if (rest.len == 0 && is_on)
		return kt_fail(err, KT_E_PARSE, "there is no code ''");
	while (rest.len > 0) {
		size_t comma = kt_span_find(rest, ',');
		struct kt_span one = kt_span_trim(kt_span_sub(rest, 0, comma));
		size_t n = 0;

		for (size_t i = 0; i < KT_LINT_CODES; i++) {
			struct kt_span code = kt_span_of(kt_lint_rules[i].code);

			if (one.len < 3 ||
			    !kt_span_caseeq(kt_span_sub(code, 0, one.len), one))
				continue;
			o->is_on[i] = is_on;
			n++;
		}
		if (n == 0)
			return kt_fail(err, KT_E_PARSE, "there is no code '%.*s'",
			    KT_SPAN_ARG(one));
		rest = kt_span_sub(rest, comma + 1, SIZE_MAX);
	}
	return KT_OK;
}

enum kt_rc
kt_lint_choose(struct kt_lint_options *o, const char *select,
    const char *ignore, struct kt_err *err)
{
	for (size_t i = 0; i < KT_LINT_CODES; i++)
		o->is_on[i] = select == NULL && traits[i].preset <= o->preset;
	if (select != NULL && switch_codes(o, select, true, err) < 0)
		return err->rc;
	if (ignore != NULL && switch_codes(o, ignore, false, err) < 0)
		return err->rc;
	return KT_OK;
}

/* ---- telling ---- */

static struct kt_report_place
place_of(const struct kt_lint *l, const struct kt_config_place *at)
{
	uint32_t len = at->len > 0 ? at->len : 1;

	if (at->line == 0)
		return (struct kt_report_place){ .file = l->base };
	return (struct kt_report_place){ l->base + at->file, at->line,
		at->column, at->line, at->column + len };
}

struct kt_report_place
kt_lint_key_place(const struct kt_lint *l, const struct kt_config_node *node)
{
	if (node == NULL)
		return (struct kt_report_place){ .file = l->base };
	return place_of(l, node->key_at.line > 0 ? &node->key_at :
	    &node->at);
}

struct kt_report_place
kt_lint_place(const struct kt_lint *l, const struct kt_config_node *node)
{
	if (node == NULL || node->type != KT_CONFIG_NODE_SCALAR)
		return kt_lint_key_place(l, node);
	return place_of(l, &node->at);
}

struct kt_report_finding *
kt_lint_at(struct kt_lint *l, enum kt_lint_code code,
    struct kt_report_place at, const char *fmt, ...)
{
	struct kt_report_finding f = {
		.rule = &kt_lint_rules[code],
		.severity = kt_lint_rules[code].severity,
		.at = at,
		.why = kt_span_of(kt_lint_rules[code].why),
		.help = kt_span_of(kt_lint_rules[code].help),
	};
	char text[400];
	va_list ap;

	if (!l->o->is_on[code])
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	f.message = kt_span_of(text);
	return kt_report_add(l->r, &f);
}

void
kt_lint_help(struct kt_lint *l, struct kt_report_finding *f,
    const char *fmt, ...)
{
	char text[800];
	va_list ap;

	if (f == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	f->help = kt_report_text(l->r, "%s", text);
}

void
kt_lint_refuse(struct kt_report_finding *f)
{
	if (f != NULL)
		f->is_firm = true;
}

void
kt_lint_replace(struct kt_lint *l, struct kt_report_finding *f,
    const struct kt_config_node *node, const char *text)
{
	if (f == NULL || node->end_line != node->at.line)
		return;
	f->fix = traits[f->rule - kt_lint_rules].fix;
	kt_report_edit(l->r, f, place_of(l, &node->at),
	    kt_span_of(text));
}

void
kt_lint_drop_line(struct kt_lint *l, struct kt_report_finding *f,
    const struct kt_config_node *node)
{
	struct kt_report_place at = kt_lint_place(l, node);
	const struct kt_report_options *o = kt_report_options(l->r);
	struct kt_span text = o->sources[at.file].bytes;
	size_t start, end;

	if (f == NULL || node->end_line != node->at.line)
		return;
	at.column = 1;
	at.end_line = at.line + 1;
	at.end_column = 1;
	start = kt_report_offset(l->r, &at, false);
	end = kt_report_offset(l->r, &at, true);
	/* "  - word" alone on its line, with or without a comment. */
	text = kt_span_trim(kt_span_sub(text, start, end - start));
	if (text.len < 2 || text.ptr[0] != '-' || text.ptr[1] != ' ')
		return;
	f->fix = traits[f->rule - kt_lint_rules].fix;
	kt_report_edit(l->r, f, at, KT_SPAN(""));
}

/* ---- settings of kinds, which are private to their files ---- */

const struct kt_config_node *
kt_lint_element(const struct kt_config_node *list, size_t i)
{
	const struct kt_config_node *n = list;

	if (n == NULL || n->type != KT_CONFIG_NODE_LIST)
		return n;
	for (n = n->first; n != NULL && i > 0; i--)
		n = n->next;
	return n;
}

bool
kt_lint_kind_named(
    const struct kt_lint *l, const char *name, struct kt_lint_kind *out)
{
	for (size_t i = 0; i < l->s->policy.n; i++) {
		const struct kt_config_kind_settings *k = &l->s->policy.at[i];

		if (strcmp(k->kind->name, name) != 0)
			continue;
		*out = (struct kt_lint_kind){ k->kind, k->settings, false };
		for (size_t n = 0; n < l->s->policies.links_n; n++)
			out->is_in_chain |=
			    l->s->policies.links[n].kind == k->kind;
		return true;
	}
	return false;
}

static const void *
member(const struct kt_lint_kind *k, const char *field,
    enum kt_config_type type, struct kt_config_seen *seen)
{
	if (!kt_config_find(k->kind->table, k->common, field, seen) ||
	    seen->field->type != type)
		return NULL;
	return seen->member;
}

const char *
kt_lint_word(const struct kt_lint_kind *k, const char *field)
{
	struct kt_config_seen seen;
	const int *v = member(k, field, KT_CONFIG_ENUM, &seen);

	return v != NULL && *v >= 0 ? seen.field->names[*v] : "";
}

const struct kt_config_strings *
kt_lint_strings(const struct kt_lint_kind *k, const char *field)
{
	static const struct kt_config_strings none;
	struct kt_config_seen seen;
	const struct kt_config_strings *v = member(k, field, KT_CONFIG_STRINGS,
	    &seen);

	return v != NULL ? v : &none;
}

const struct kt_config_items *
kt_lint_items(const struct kt_lint_kind *k, const char *field)
{
	static const struct kt_config_items none;
	struct kt_config_seen seen;
	const struct kt_config_items *v = member(k, field, KT_CONFIG_SECTIONS,
	    &seen);

	return v != NULL ? v : &none;
}

const struct kt_config_node *
kt_lint_node(const struct kt_lint_kind *k, const char *field)
{
	return kt_config_get(k->common->node, kt_span_of(field));
}

const struct kt_chain *
kt_lint_chain(struct kt_lint *l)
{
	static const uint8_t key[32];
	const struct kt_lint_detectors *d = &l->detectors;

	if (!l->has_tried && l->is_whole)
		l->has_chain = kt_chain_init(&l->chain, l->s, d->at, d->n,
		    d->saved, key, KT_CHAIN_SERVE, &l->why_not) == KT_OK;
	l->has_tried = true;
	return l->has_chain ? &l->chain : NULL;
}

void
kt_lint_tell_diag(struct kt_lint *l, const struct kt_config_diag *diag)
{
	char name[16];
	int code;
	struct kt_report_place at = place_of(l, &diag->at);
	struct kt_report_finding *f;

	(void)snprintf(name, sizeof(name), "KT%d", (int)diag->code);
	code = kt_lint_code_of(kt_span_of(name));
	if (code < 0)
		KT_BUG("the loader tells a code that rules.def has not");
	f = kt_lint_at(l, (enum kt_lint_code)code, at, "%s", diag->text);
	kt_lint_refuse(f);
	if (f != NULL && diag->help[0] != '\0')
		f->help = kt_report_text(l->r, "%s", diag->help);
	if (f != NULL && diag->meant[0] != '\0' && diag->at.line > 0) {
		f->fix = traits[code].fix;
		kt_report_edit(l->r, f, at, kt_span_of(diag->meant));
	}
}

void
kt_lint_tell_rest(struct kt_lint *l, size_t n)
{
	if (n > 0)
		kt_lint_refuse(kt_lint_at(l, KT_LINT_114,
		    (struct kt_report_place){ .file = l->base },
		    "%zu more mistake%s not told: mend these first", n,
		    n == 1 ? " is" : "s are"));
}

bool
kt_lint_is_cases(const struct kt_config_node *root)
{
	return kt_config_get(root, KT_SPAN("cases")) != NULL &&
	    kt_config_get(root, KT_SPAN("pack")) == NULL;
}

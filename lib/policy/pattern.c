/*
 * pattern - the user's own patterns become detectors like the shipped ones,
 * so that streaming, redaction and records know only one kind.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/check.h"
#include "policy/policy_priv.h"

const char *const kt_policy_actions[] = { "block", "redact", "flag", NULL };

static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct kt_policy_pattern, STRING, name,
	    .is_required = true,
	    .doc = "Name in records, unique; letters, digits, blanks, - and _"),
	KT_CONFIG_FIELD(struct kt_policy_pattern, STRING, pattern,
	    .is_required = true,
	    .doc = "Regular expression of at most 512 matched bytes"),
	KT_CONFIG_FIELD(struct kt_policy_pattern, STRING, entity,
	    .doc = "Word of the redaction marker; default: the name in capitals"),
	KT_CONFIG_FIELD(struct kt_policy_pattern, ENUM, class,
	    .names = kt_class_data_names, .fallback = "internal",
	    .doc = "Data class of what matches"),
	KT_CONFIG_FIELD(struct kt_policy_pattern, ENUM, action,
	    .names = kt_policy_actions,
	    .doc = "What to do about it; default: the action of the policy"),
};

bool
kt_policy_is_name(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i], small = (char)(c | 0x20);

		if ((small < 'a' || small > 'z') && (c < '0' || c > '9') &&
		    c != '-' && c != '_' && c != ' ')
			return false;
	}
	return s.len > 0;
}

/* What kt's own detectors are called, such as "#term-1", is no name. */
static void
check(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_policy_pattern *p = section;

	if (p->name.ptr == NULL || kt_policy_is_name(p->name))
		return;
	kt_config_fault(ctx, KT_CONFIG_FORM, p->node, "name",
	    "'name' takes letters, digits, blanks, '-' and '_'");
}

/* By its name a finding is led back to its pattern and what that wants. */
void
kt_policy_check_patterns(
    struct kt_config_ctx *ctx, const struct kt_config_items *patterns)
{
	kt_config_check_unique(ctx, patterns, sizeof(struct kt_policy_pattern),
	    offsetof(struct kt_policy_pattern, name), "name");
}

const struct kt_config_table kt_policy_pattern_table = {
	.name = "pattern",
	.doc = "A pattern of the user's own",
	.size = sizeof(struct kt_policy_pattern),
	.fields = fields,
	.n = KT_NELEMS(fields),
	.check = check,
};

static struct kt_span
entity_of(const struct kt_policy_pattern *from, struct kt_arena *mem)
{
	struct kt_span s = kt_arena_dup(
	    mem, from->entity.len ? from->entity : from->name);
	char *p = (char *)(uintptr_t)s.ptr;

	for (size_t i = 0; s.ptr != NULL && i < s.len; i++) {
		if (p[i] >= 'a' && p[i] <= 'z')
			p[i] = (char)(p[i] - 'a' + 'A');
		else if (p[i] == '-' || p[i] == ' ')
			p[i] = '_';
	}
	return s;
}

enum kt_rc
kt_policy_define_patterns(const struct kt_policy *p,
    const struct kt_config_items *patterns, struct kt_arena *mem,
    struct kt_detector *out, size_t room, size_t *n, struct kt_err *err)
{
	const struct kt_policy_pattern *from = patterns->at;

	if (patterns->n > room)
		return kt_fail(err, KT_E_PARSE, "too many patterns");
	for (size_t i = 0; i < patterns->n; i++) {
		struct kt_span id = kt_arena_printf(mem, "%s:%.*s",
		    p->kind->config.name, KT_SPAN_ARG(from[i].name));
		struct kt_span entity = entity_of(&from[i], mem);

		if (id.ptr == NULL || entity.ptr == NULL)
			return kt_fail(err, KT_E_LIMIT, "no memory for patterns");
		out[i] = (struct kt_detector){
			.id = id.ptr,
			.group = "user",
			.entity = entity.ptr,
			.class = (enum kt_class)from[i].class,
			.confidence_pm = 1000,
			.pattern = from[i].pattern.ptr,
		};
	}
	*n = patterns->n;
	return KT_OK;
}

static bool
is_own(const struct kt_policy *p, const struct kt_detector *d)
{
	size_t len = strlen(p->kind->config.name);

	return strcmp(d->group, "user") == 0 &&
	    strncmp(d->id, p->kind->config.name, len) == 0 && d->id[len] == ':';
}

const struct kt_policy_pattern *
kt_policy_pattern_of(const struct kt_policy *p,
    const struct kt_config_items *patterns, const struct kt_detector *d)
{
	const struct kt_policy_pattern *at = patterns->at;
	struct kt_span name;

	if (!is_own(p, d))
		return NULL;
	name = kt_span_of(d->id + strlen(p->kind->config.name) + 1);
	for (size_t i = 0; i < patterns->n; i++) {
		if (kt_span_eq(at[i].name, name))
			return &at[i];
	}
	return NULL;
}

void
kt_policy_select_group(
    struct kt_policy *p, const struct kt_detect *db, const char *group)
{
	for (size_t i = 0; i < kt_detect_count(db); i++) {
		const struct kt_detector *d = kt_detect_def(db, i);

		if (strcmp(d->group, group) == 0 &&
		    (strcmp(group, "user") != 0 || is_own(p, d)))
			kt_detect_set_add(&p->listens, i);
	}
}

void
kt_policy_select_classes(
    struct kt_policy *p, const struct kt_detect *db, kt_class_set set)
{
	for (size_t i = 0; i < kt_detect_count(db); i++) {
		if (set & KT_CLASS_BIT(kt_detect_def(db, i)->class))
			kt_detect_set_add(&p->listens, i);
	}
}

enum kt_action
kt_policy_note(const struct kt_policy *p, const struct kt_detector *d,
    const struct kt_finding *f, enum kt_component c)
{
	(void)p, (void)d, (void)f;
	return c == KT_COMPONENT_COMPLETION ? KT_ACTION_IGNORE :
	    KT_ACTION_FLAG;
}

bool
kt_policy_is_listed(const struct kt_config_strings *globs, struct kt_span s)
{
	for (size_t i = 0; i < globs->n; i++) {
		if (kt_span_glob(globs->at[i], s))
			return true;
	}
	return false;
}

void
kt_policy_select_files(struct kt_policy *p, const struct kt_detect *db)
{
	for (size_t i = 0; i < kt_detect_count(db); i++) {
		const struct kt_detector *d = kt_detect_def(db, i);

		/* Detectors that settings bring have a policy's name before. */
		if (strcmp(d->group, "user") == 0 && strchr(d->id, ':') == NULL)
			kt_detect_set_add(&p->listens, i);
	}
}

enum kt_rc
kt_policy_select_names(struct kt_policy *p, const struct kt_detect *db,
    const struct kt_config_strings *names, struct kt_err *err)
{
	const struct kt_config_node *at = names->node ? names->node->first : NULL;

	for (size_t i = 0; i < names->n; i++) {
		if (!kt_detect_set_add_named(&p->listens, db, names->at[i]))
			return kt_fail(err, KT_E_PARSE,
			    "no detector, group or entity is called '%.*s' (line "
			    "%u)", KT_SPAN_ARG(names->at[i]),
			    at != NULL ? (unsigned)at->at.line : 0);
		at = at != NULL ? at->next : NULL;
	}
	return KT_OK;
}

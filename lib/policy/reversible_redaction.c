/*
 * reversible-redaction - tokens go up instead of values, and the answer has
 * the values again.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Looking for tokens in an answer is looking for a pattern, and putting the
 * value back is a redaction whose marker is the value: streams, splits and
 * quoted JSON need nothing of their own.  What looks like a token in a
 * request is a value like others, so that it comes back as it was.
 */
#include "policy/policy_priv.h"
#include "policy/token.h"

struct settings {
	struct kt_config_common common;
	struct kt_config_strings entities;
	struct kt_config_items custom_patterns;
	uint32_t restore_in;
	int scope;
};
static const char *const places[] = { "text", "tool_use", NULL };
static const char *const scopes[] = { "conversation", "request", NULL };

/*
 * The pattern below finds no longer word, and none in other letters: such a
 * token would stay in the answer.
 */
#define WORD_MAX 46

static void
check_pattern(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_policy_pattern *p = section;
	const char *field = p->entity.ptr != NULL ? "entity" : "name";
	struct kt_span word = p->entity.ptr != NULL ? p->entity : p->name;
	char first;

	if (word.ptr == NULL)
		return;
	first = word.len > 0 ? (char)(word.ptr[0] | 0x20) : '\0';
	if (kt_policy_is_name(p->name) && kt_policy_is_name(word) &&
	    first >= 'a' && first <= 'z' && word.len <= WORD_MAX)
		return;
	kt_config_fault(ctx, KT_CONFIG_FORM, p->node, field,
	    "'%s' takes a letter, then letters, digits, blanks, '-' and '_', at "
	    "most %d in all", field, WORD_MAX);
}

#define S struct kt_policy_pattern
static const struct kt_config_field pattern_fields[] = {
	KT_CONFIG_FIELD(S, STRING, name, .is_required = true,
	    .doc = "Word of the token, in capitals, unique: customer makes "
	           "[[CUSTOMER_001]]; a letter, then letters, digits, blanks, - "
	           "and _, at most 46 in all"),
	KT_CONFIG_FIELD(S, STRING, pattern, .is_required = true,
	    .doc = "Regular expression of at most 512 matched bytes"),
	KT_CONFIG_FIELD(S, STRING, entity,
	    .doc = "Another word for the token than the name"),
};
#undef S
static const struct kt_config_table pattern_table = {
	.name = "policy.reversible-redaction.custom_patterns[]",
	.doc = "A pattern of the user's own",
	.size = sizeof(struct kt_policy_pattern),
	.fields = pattern_fields, .n = KT_NELEMS(pattern_fields),
	.check = check_pattern,
};

#define S struct settings
static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(S, STRINGS, entities,
	    .fallback = "[EMAIL_ADDRESS, PHONE_NUMBER, CREDIT_CARD, IBAN_CODE, "
	                "US_SSN, PERSON]",
	    .doc = "What is replaced, by entity, id or group of detectors"),
	KT_CONFIG_FIELD(S, SECTIONS, custom_patterns, .table = &pattern_table,
	    .doc = "Patterns of the user's own"),
	KT_CONFIG_FIELD(S, ENUMS, restore_in, .names = places,
	    .fallback = "[text, tool_use]",
	    .doc = "Where the answer gets the values back; thinking never does"),
	KT_CONFIG_FIELD(S, ENUM, scope, .names = scopes,
	    .fallback = "conversation",
	    .doc = "How long a token stands for a value; both number the values "
	           "in the order of tools, system and messages, so that a "
	           "conversation that only grows keeps its tokens, and nothing "
	           "is kept between requests"),
};
#undef S

static void
check(void *section, struct kt_config_ctx *ctx)
{
	const struct settings *s = section;

	kt_policy_check_patterns(ctx, &s->custom_patterns);
}

static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "reversible-redaction", fields,
	.check = check,
	.doc = "Values leave as tokens such as [[EMAIL_001]] and come back in "
	       "answers");

static const struct settings *
of(const struct kt_policy *p)
{
	return (const struct settings *)p->common;
}

/*
 * Four brackets, or three: a model may lose one.  All are written in one way,
 * or the first of each two with a backslash; else a backslash that stood
 * before a value would be taken for a part of its token.
 */
#define BARE "[ \\t]?(?:\\*\\*|__|[*`])?[ \\t]?[A-Za-z]" \
	"(?:[A-Za-z0-9_ -]|\\\\[_-]){0,46}?[0-9]{3,6}" \
	"[ \\t]?(?:\\*\\*|__|[*`])?[ \\t]?"
#define BRACKETS(open, shut) \
	"(?:" open "){2}" BARE "(?:" shut "){1,2}|" open BARE "(?:" shut "){2}"
#define TOKEN \
	BRACKETS("\\[", "\\]") "|" BRACKETS("\\\\\\[", "\\\\\\]") \
	"|" BRACKETS("\\\\u005[bB]", "\\\\u005[dD]") "|" BRACKETS("&#91;", "&#93;") \
	"|\\\\\\[\\[" BARE "\\\\\\]\\]"

static enum kt_rc
define(const struct kt_policy *p, struct kt_arena *mem,
    struct kt_detector *out, size_t room, size_t *n, struct kt_err *err)
{
	if (kt_policy_define_patterns(
	        p, &of(p)->custom_patterns, mem, out, room, n, err) < 0)
		return err->rc;
	if (*n == room)
		return kt_fail(err, KT_E_PARSE, "too many patterns");
	for (size_t i = 0; i < *n; i++)
		out[i].class = KT_CLASS_INTERNAL;
	out[(*n)++] = (struct kt_detector){
		.id = "reversible-redaction:#token",
		.group = KT_TOKEN_GROUP,
		.entity = "LITERAL",
		.class = KT_CLASS_NONE,
		.confidence_pm = 1000,
		.pattern = TOKEN,
	};
	return KT_OK;
}

static enum kt_rc
choose(struct kt_policy *p, const struct kt_detect *db, struct kt_err *err)
{
	kt_policy_select_group(p, db, "user");
	kt_policy_select_group(p, db, KT_TOKEN_GROUP);
	return kt_policy_select_names(p, db, &of(p)->entities, err);
}

static enum kt_action
judge(const struct kt_policy *p, const struct kt_detector *d,
    const struct kt_finding *f, enum kt_component c)
{
	uint32_t in = of(p)->restore_in;

	/* A number that stands alone is told of, and stays what it is; a key
	 * with a wrong checksum may be a key. */
	if (f->confidence_pm < KT_POLICY_UNSURE_PM && d->class == KT_CLASS_PII)
		return KT_ACTION_FLAG;
	if (c == KT_COMPONENT_COMPLETION)
		return kt_policy_token_is(d) && (in & 1) ? KT_ACTION_REDACT :
		    KT_ACTION_IGNORE;
	return KT_ACTION_REDACT;
}

static bool
restores(const struct kt_policy *p, enum kt_component c)
{
	return of(p)->restore_in & (c == KT_COMPONENT_TOOL_USE ? 2 : 1);
}

const struct kt_policy_kind kt_policy_reversible_redaction = {
	.config = { .name = "reversible-redaction", .table = &table },
	.define = define,
	.select = choose,
	.judge = judge,
	.restores = restores,
};

/*
 * pii-detector - personal data, in both directions.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A marker depends on the matched text and the key of the instance alone, so
 * the same value becomes the same bytes on every later turn: prompt caches
 * and signed thinking survive.
 */
#include <gnutls/crypto.h>

#include "policy/policy_priv.h"

enum marker { LABEL, ASTERISKS, PARTIAL, HASH };
static const char *const markers[] = { "label", "asterisks", "partial", "hash",
	NULL };

struct redaction {
	const struct kt_config_node *node;
	int marker_format;
	bool reversible;
	struct kt_config_pairs custom_markers;
};
struct settings {
	struct kt_config_common common;
	int action;
	struct kt_config_strings entities, flag_entities;
	bool pci_mode, healthcare_mode;
	struct kt_config_items detect_patterns;
	struct redaction redaction;
};

static const struct kt_config_field redaction_fields[] = {
	KT_CONFIG_FIELD(struct redaction, ENUM, marker_format,
	    .names = markers, .fallback = "label",
	    .doc = "[CREDIT_CARD], stars, the last four characters, or a keyed "
	           "hash"),
	KT_CONFIG_FIELD(struct redaction, BOOL, reversible,
	    .fallback = "false",
	    .doc = "Reserved: values are not restored by this kind"),
	KT_CONFIG_FIELD(struct redaction, PAIRS, custom_markers,
	    .doc = "Marker text by entity"),
};
static const struct kt_config_table redaction_table = {
	.name = "policy.pii-detector.redaction",
	.doc = "What stands where the text stood",
	.size = sizeof(struct redaction),
	.fields = redaction_fields,
	.n = KT_NELEMS(redaction_fields),
};

static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct settings, ENUM, action,
	    .names = kt_policy_actions, .fallback = "redact",
	    .doc = "What to do about personal data, in requests and answers"),
	KT_CONFIG_FIELD(struct settings, STRINGS, entities,
	    .doc = "Act on these only, by entity, id or group; default: all of "
	           "group pii"),
	KT_CONFIG_FIELD(struct settings, STRINGS, flag_entities,
	    .doc = "Record these and leave them as they are"),
	KT_CONFIG_FIELD(struct settings, BOOL, pci_mode, .fallback = "true",
	    .doc = "Act on payment cards, whatever entities says"),
	KT_CONFIG_FIELD(struct settings, BOOL, healthcare_mode,
	    .fallback = "false",
	    .doc = "Act on medical identifiers, and on persons in "
	           "texts about health; else they are recorded"),
	KT_CONFIG_FIELD(struct settings, SECTIONS, detect_patterns,
	    .table = &kt_policy_pattern_table,
	    .doc = "Patterns of the user's own"),
	KT_CONFIG_SUBSECTION(struct settings, redaction, &redaction_table,
	    .doc = "What stands where the text stood"),
};
static void
check(void *section, struct kt_config_ctx *ctx)
{
	const struct settings *s = section;

	kt_policy_check_patterns(ctx, &s->detect_patterns);
}

static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "pii-detector", fields,
	.check = check,
	.doc = "Personal data, found by pattern, check digit and context");

static const struct settings *
of(const struct kt_policy *p)
{
	return (const struct settings *)p->common;
}

static enum kt_rc
define(const struct kt_policy *p, struct kt_arena *mem,
    struct kt_detector *out, size_t room, size_t *n, struct kt_err *err)
{
	return kt_policy_define_patterns(
	    p, &of(p)->detect_patterns, mem, out, room, n, err);
}

void
kt_policy_select_health(struct kt_policy *p, const struct kt_detect *db)
{
	kt_policy_select_group(p, db, "medical");
	kt_policy_select_group(p, db, "clinical");
}

static enum kt_rc
choose(struct kt_policy *p, const struct kt_detect *db, struct kt_err *err)
{
	const struct settings *s = of(p);

	kt_policy_select_group(p, db, "user");
	if (s->pci_mode)
		(void)kt_detect_set_add_named(
		    &p->listens, db, KT_SPAN("CREDIT_CARD"));
	if (s->healthcare_mode || s->entities.n == 0)
		kt_policy_select_health(p, db);
	if (s->entities.n == 0)
		kt_policy_select_group(p, db, "pii");
	else if (kt_policy_select_names(p, db, &s->entities, err) < 0)
		return err->rc;
	return kt_policy_select_names(p, db, &s->flag_entities, err);
}

static bool
names(const struct kt_config_strings *list, const struct kt_detector *d)
{
	for (size_t i = 0; i < list->n; i++) {
		if (kt_detect_is_called(d, list->at[i]))
			return true;
	}
	return false;
}

enum kt_action
kt_policy_act_if_sure(const struct kt_detector *d, const struct kt_finding *f,
    enum kt_action action)
{
	return d->class == KT_CLASS_CLINICAL ||
	        f->confidence_pm < KT_POLICY_UNSURE_PM ?
	    KT_ACTION_FLAG : action;
}

static enum kt_action
judge(const struct kt_policy *p, const struct kt_detector *d,
    const struct kt_finding *f, enum kt_component c)
{
	const struct settings *s = of(p);
	const struct kt_policy_pattern *own =
	    kt_policy_pattern_of(p, &s->detect_patterns, d);

	if (own != NULL && own->action >= 0)
		return (enum kt_action)own->action;
	/* Noted only, and not worth holding an answer back for. */
	if (d->when == KT_DETECT_BLOCK && c == KT_COMPONENT_COMPLETION &&
	    !s->healthcare_mode)
		return KT_ACTION_IGNORE;
	if (names(&s->flag_entities, d) ||
	    (d->class == KT_CLASS_PHI && !s->healthcare_mode))
		return KT_ACTION_FLAG;
	return kt_policy_act_if_sure(d, f, (enum kt_action)s->action);
}

static enum kt_rc
write_hash(const struct kt_policy *p, const struct kt_detector *d,
    struct kt_span matched, struct kt_buf *out)
{
	uint8_t digest[32];
	char hex[2 * 6 + 1];

	/* HMAC: without the key of the instance nobody can try values. */
	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, p->mark_key, sizeof(p->mark_key),
	        matched.ptr, matched.len, digest) < 0)
		return KT_E_ENGINE;
	kt_hex(digest, 6, hex);
	return kt_buf_printf(out, "[%s:%s]", d->entity, hex);
}

static enum kt_rc
write_stars(struct kt_span matched, size_t shown, struct kt_buf *out)
{
	size_t count = 0, at = 0, len;
	uint32_t cp;

	for (size_t i = 0; i < matched.len; i += len, count++) {
		len = kt_utf8_decode(kt_span_sub(matched, i, 4), &cp);
		len = len ? len : 1;
	}
	if (shown * 2 > count)
		shown = 0;
	for (size_t k = 0; k < count; k++, at += len) {
		len = kt_utf8_decode(kt_span_sub(matched, at, 4), &cp);
		len = len ? len : 1;
		if (kt_buf_add(out, k + shown < count ? KT_SPAN("*") :
		        kt_span_sub(matched, at, len)) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static enum kt_rc
mark(const struct kt_policy *p, const struct kt_detector *d,
    struct kt_span matched, struct kt_buf *out)
{
	const struct redaction *r = &of(p)->redaction;

	for (size_t i = 0; i < r->custom_markers.n; i++) {
		if (kt_span_eq(r->custom_markers.at[i].key, kt_span_of(d->entity)))
			return kt_buf_add(out, r->custom_markers.at[i].value);
	}
	switch ((enum marker)r->marker_format) {
	case ASTERISKS:
		return write_stars(matched, 0, out);
	case PARTIAL:
		return write_stars(matched, 4, out);
	case HASH:
		return write_hash(p, d, matched, out);
	case LABEL:
		break;
	}
	return kt_buf_printf(out, "[%s]", d->entity);
}

const struct kt_policy_kind kt_policy_pii_detector = {
	.config = { .name = "pii-detector", .table = &table },
	.define = define,
	.select = choose,
	.judge = judge,
	.mark = mark,
};

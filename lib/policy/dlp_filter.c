/*
 * dlp-filter - the user's own patterns and terms.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A term is a pattern with every character quoted, whole words, without
 * case; so terms and patterns stream, redact and report alike.
 */
#include "policy/policy_priv.h"

struct settings {
	struct kt_config_common common;
	int action;
	struct kt_config_items detect_patterns;
	struct kt_config_strings blocked_terms;
};

static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct settings, ENUM, action,
	    .names = kt_policy_actions, .fallback = "block",
	    .doc = "What to do about a match, in requests and answers"),
	KT_CONFIG_FIELD(struct settings, SECTIONS, detect_patterns,
	    .table = &kt_policy_pattern_table,
	    .doc = "Patterns of the user's own"),
	KT_CONFIG_FIELD(struct settings, STRINGS, blocked_terms,
	    .doc = "Whole words or phrases, compared without case"),
};
static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "dlp-filter", fields,
	.doc = "Patterns and terms of the user's own");

static const struct settings *
of(const struct kt_policy *p)
{
	return (const struct settings *)p->common;
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

/* The term as a pattern: bytes that are not letters or digits as \xhh. */
static struct kt_span
quote(struct kt_span term, struct kt_arena *mem)
{
	struct kt_buf b;
	struct kt_span s = { 0 };
	enum kt_rc rc = KT_OK;

	kt_buf_init(&b, KT_HOLD_MAX * 4 + 16);
	if (term.len > 0 && is_word(term.ptr[0]))
		rc = kt_buf_add(&b, KT_SPAN("\\b"));
	for (size_t i = 0; rc == KT_OK && i < term.len; i++) {
		unsigned char c = (unsigned char)term.ptr[i];

		rc = is_word((char)c) ? kt_buf_addc(&b, (char)c) :
		    kt_buf_printf(&b, "\\x%02x", c);
	}
	if (rc == KT_OK && term.len > 0 && is_word(term.ptr[term.len - 1]))
		rc = kt_buf_add(&b, KT_SPAN("\\b"));
	if (rc == KT_OK)
		s = kt_arena_dup(mem, kt_buf_span(&b));
	kt_buf_fini(&b);
	return s;
}

static enum kt_rc
define(const struct kt_policy *p, struct kt_arena *mem,
    struct kt_detector *out, size_t room, size_t *n, struct kt_err *err)
{
	const struct settings *s = of(p);

	if (kt_policy_define_patterns(
	        p, &s->detect_patterns, mem, out, room, n, err) < 0)
		return err->rc;
	if (s->blocked_terms.n > room - *n)
		return kt_fail(err, KT_E_LIMIT, "too many terms");
	for (size_t i = 0; i < s->blocked_terms.n; i++) {
		struct kt_span pattern = quote(s->blocked_terms.at[i], mem);
		struct kt_span id = kt_arena_printf(
		    mem, "%s:#term-%zu", p->kind->config.name, i + 1);

		if (pattern.ptr == NULL || id.ptr == NULL)
			return kt_fail(err, KT_E_LIMIT,
			    "term %zu is longer than %d bytes", i + 1, KT_HOLD_MAX);
		if (s->blocked_terms.at[i].len == 0)
			return kt_fail(err, KT_E_PARSE, "term %zu is empty", i + 1);
		out[(*n)++] = (struct kt_detector){
			.id = id.ptr,
			.group = "user",
			.entity = "TERM",
			.class = KT_CLASS_INTERNAL,
			.confidence_pm = 1000,
			.is_caseless = true,
			.pattern = pattern.ptr,
		};
	}
	return KT_OK;
}

static enum kt_rc
choose(struct kt_policy *p, const struct kt_detect *db, struct kt_err *err)
{
	(void)err; /* its own detectors cannot be missing */
	kt_policy_select_group(p, db, "user");
	kt_policy_select_files(p, db);
	return KT_OK;
}

static enum kt_action
judge(const struct kt_policy *p, const struct kt_detector *d,
    const struct kt_finding *f, enum kt_component c)
{
	const struct settings *s = of(p);
	const struct kt_policy_pattern *own =
	    kt_policy_pattern_of(p, &s->detect_patterns, d);

	(void)f, (void)c; /* terms are terms everywhere */
	if (own != NULL && own->action >= 0)
		return (enum kt_action)own->action;
	return (enum kt_action)s->action;
}

const struct kt_policy_kind kt_policy_dlp_filter = {
	.config = { .name = "dlp-filter", .table = &table },
	.define = define,
	.select = choose,
	.judge = judge,
};

/*
 * dlp-filter - the user's own patterns and terms.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A term is a pattern with every character quoted, whole words, without
 * case; so terms and patterns stream, redact and report alike.  Patterns are
 * bytes: other letters than those of ASCII are written in all their cases.
 */
#include <unicase.h>
#include <uninorm.h>

#include "policy/policy_priv.h"

/* Of a pattern that forgives: it grows with the cube of the term, and the
   engines take no longer one. */
#define NEAR_BYTES_MAX 15800

struct settings {
	struct kt_config_common common;
	int action;
	struct kt_config_items detect_patterns;
	struct kt_config_strings blocked_terms;
	bool fuzzy_matching;
	int64_t max_distance;
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
	KT_CONFIG_FIELD(struct settings, BOOL, fuzzy_matching,
	    .fallback = "false",
	    .doc = "Find terms also with characters added, left out or changed"),
	KT_CONFIG_FIELD(struct settings, INT, max_distance, .min = 1, .max = 2,
	    .fallback = "1",
	    .doc = "How many such characters; terms with fewer than four for "
	           "each are found as they are, and those with more than about "
	           "90 for one or 24 for two, outside ASCII 50 and 16, are an "
	           "error"),
};
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

/* One character of a term, quoted. */
static size_t
next_char(struct kt_span term, size_t at)
{
	uint32_t cp;
	size_t n = kt_utf8_decode(kt_span_sub(term, at, 4), &cp);

	return n > 0 ? n : 1;
}

static enum kt_rc
put_chars(struct kt_buf *b, struct kt_span s)
{
	enum kt_rc rc = KT_OK;

	for (size_t i = 0; rc == KT_OK && i < s.len; i++)
		rc = (unsigned char)s.ptr[i] < 0x80 ?
		    kt_buf_printf(b, "\\x%02x", s.ptr[i]) :
		    kt_buf_addc(b, s.ptr[i]);
	return rc;
}

/* Letters of scripts that part words by blanks; elsewhere a term stands in
   the middle of text. */
static bool
is_letter(uint32_t cp)
{
	return cp < 0x80 ? is_word((char)cp) :
	    (cp >= 0xc0 && cp < 0x590 && cp != 0xd7 && cp != 0xf7) ||
	    (cp >= 0x10a0 && cp < 0x1100) || (cp >= 0x1e00 && cp < 0x2000);
}

/* The same in bytes, behind \w. */
#define LETTER_2 "[\\xc3-\\xd6][\\x80-\\xbf]"
#define LETTER_3 "\\xe1[\\x82\\x83\\xb8-\\xbf][\\x80-\\xbf]"
#define NO_SIGN "(?!\\xc3[\\x97\\xb7])"
#define NOT_BEHIND "(?<!\\w)(?<!" NO_SIGN LETTER_2 ")(?<!" LETTER_3 ")"
#define NOT_BEFORE "(?!\\w|" NO_SIGN LETTER_2 "|" LETTER_3 ")"
#define BLANKS "(?:(?:\\s|\xc2\xa0|\xe2\x80\xaf){1,4})"

static bool
is_blank(uint32_t cp)
{
	return cp == ' ' || (cp >= '\t' && cp <= '\r') || cp == 0xa0 ||
	    cp == 0x202f;
}

/* A character in its own bytes, or in those of its letter and marks. */
static enum kt_rc
put_forms(struct kt_buf *b, uint32_t cp)
{
	char bytes[4];
	uint8_t parts[64];
	size_t n = kt_utf8_encode(cp, bytes), len = sizeof(parts);

	if (put_chars(b, (struct kt_span){ bytes, n }) < 0)
		return KT_E_LIMIT;
	if (u8_normalize(UNINORM_NFD, (const uint8_t *)bytes, n, parts, &len) !=
	        parts || (len == n && memcmp(parts, bytes, n) == 0))
		return KT_OK;
	return kt_buf_addc(b, '|') < 0 ? KT_E_LIMIT :
	    put_chars(b, (struct kt_span){ (const char *)parts, len });
}

/* A character that is not of ASCII in each of its cases. */
static enum kt_rc
put_cases(struct kt_buf *b, uint32_t cp)
{
	uint32_t small = uc_tolower(uc_toupper(cp));
	uint32_t v[] = { cp, small, uc_toupper(cp), uc_tolower(cp),
		uc_totitle(cp), small == 0x3c3 ? 0x3c2 : cp /* a final sigma */ };
	enum kt_rc rc = kt_buf_add(b, KT_SPAN("(?:"));

	for (size_t i = 0; rc == KT_OK && i < KT_NELEMS(v); i++) {
		size_t k = 0;

		while (v[k] != v[i])
			k++;
		if (k < i)
			continue; /* told already */
		rc = i > 0 ? kt_buf_addc(b, '|') : KT_OK;
		if (rc == KT_OK)
			rc = put_forms(b, v[i]);
	}
	return rc == KT_OK ? kt_buf_addc(b, ')') : rc;
}

static enum kt_rc
put_char(struct kt_buf *b, struct kt_span c)
{
	uint32_t cp;

	if (kt_utf8_decode(c, &cp) == 0)
		return put_chars(b, c);
	if (is_blank(cp))
		return kt_buf_add(b, KT_SPAN(BLANKS));
	if (cp >= 0x80)
		return put_cases(b, cp);
	return is_word((char)cp) ? kt_buf_addc(b, (char)cp) : put_chars(b, c);
}

/* Where a term may begin. */
static enum kt_rc
put_edge(struct kt_buf *b, struct kt_span term)
{
	uint32_t first;

	if (kt_utf8_decode(term, &first) == 0 || !is_letter(first))
		return KT_OK;
	return first < 0x80 ? kt_buf_add(b, KT_SPAN("\\b")) :
	    kt_buf_add(b, KT_SPAN(NOT_BEHIND));
}

static enum kt_rc
put_term(struct kt_buf *b, struct kt_span term)
{
	enum kt_rc rc = put_edge(b, term);
	uint32_t last = 0;
	size_t at, n;

	for (at = 0; rc == KT_OK && at < term.len; at += n) {
		bool was_blank = is_blank(last) && at > 0;

		n = next_char(term, at);
		if (kt_utf8_decode(kt_span_sub(term, at, n), &last) == 0)
			last = 0;
		if (!was_blank || !is_blank(last))
			rc = put_char(b, kt_span_sub(term, at, n));
	}
	return rc == KT_OK && is_letter(last) ?
	    kt_buf_add(b, KT_SPAN(NOT_BEFORE)) : rc;
}

/* Further blanks are forgiven as other characters are. */
static enum kt_rc
put_one(struct kt_buf *b, struct kt_span c)
{
	return kt_span_eq(c, KT_SPAN(" ")) ? kt_buf_add(b, KT_SPAN("\\s")) :
	    put_char(b, c);
}

/*
 * Levenshtein as a pattern: from here the term goes on as it is, or there is
 * one less to forgive: a character is left out, is changed, or has one more
 * before it; or there are two more, and nothing is left.
 */
#define LETTER_BYTE "[\\w\x80-\xff]"
#define ANY "(?:[ -~]|[\xc2-\xf4][\x80-\xbf]{1,3})"
static enum kt_rc
put_near(struct kt_buf *b, struct kt_span term, size_t at, int64_t left)
{
	size_t n = next_char(term, at);
	struct kt_span c = kt_span_sub(term, at, n);

	if (at == term.len)
		return left == 0 ? KT_OK :
		    kt_buf_printf(b, ANY "{0,%d}", (int)left);
	if (left == 0)
		return put_one(b, c) < 0 ? KT_E_LIMIT :
		    put_near(b, term, at + n, 0);
	if (kt_buf_add(b, KT_SPAN("(?:")) < 0 || put_one(b, c) < 0 ||
	    put_near(b, term, at + n, left) < 0 ||
	    kt_buf_add(b, KT_SPAN("|(?:" ANY)) < 0 || put_one(b, c) < 0 ||
	    kt_buf_add(b, KT_SPAN("?)?")) < 0 ||
	    put_near(b, term, at + n, left - 1) < 0)
		return KT_E_LIMIT;
	if (left == 2 && (kt_buf_add(b, KT_SPAN("|" ANY "{2}")) < 0 ||
	        put_near(b, term, at, 0) < 0))
		return KT_E_LIMIT;
	return kt_buf_add(b, KT_SPAN(")"));
}

static size_t
count_chars(struct kt_span s)
{
	size_t n = 0;

	for (size_t at = 0; at < s.len; at += next_char(s, at))
		n++;
	return n;
}

static bool
is_near(const struct settings *s, struct kt_span term)
{
	return s->fuzzy_matching &&
	    count_chars(term) >= 4 * (size_t)s->max_distance;
}

/* The term as a pattern, its letters and marks composed as texts have them;
   out is of the caller. */
static enum kt_rc
quote(const struct settings *s, struct kt_span term, struct kt_buf *out)
{
	uint8_t composed[KT_HOLD_MAX];
	size_t len = sizeof(composed);

	if (term.len < len / 4 && u8_normalize(UNINORM_NFC,
	        (const uint8_t *)term.ptr, term.len, composed, &len) == composed)
		term = (struct kt_span){ (const char *)composed, len };
	if (!is_near(s, term)) {
		kt_buf_init(out, KT_HOLD_MAX * 16);
		return put_term(out, term);
	}
	kt_buf_init(out, NEAR_BYTES_MAX);
	return put_edge(out, term) < 0 ||
	        kt_buf_add(out, KT_SPAN("(?=" LETTER_BYTE ")")) < 0 ||
	        put_near(out, term, 0, s->max_distance) < 0 ?
	    KT_E_LIMIT :
	    kt_buf_add(out, KT_SPAN("(?<=" LETTER_BYTE ")" NOT_BEFORE));
}

static void
check(void *section, struct kt_config_ctx *ctx)
{
	const struct settings *s = section;

	kt_policy_check_patterns(ctx, &s->detect_patterns);
	for (size_t i = 0; i < s->blocked_terms.n; i++) {
		struct kt_span term = s->blocked_terms.at[i];
		struct kt_buf b;

		if (term.len == 0)
			kt_config_fault(ctx, KT_CONFIG_FORM, s->common.node,
			    "blocked_terms", "term %zu is empty", i + 1);
		if (quote(s, term, &b) < 0 || term.len > KT_HOLD_MAX)
			kt_config_fault(ctx, KT_CONFIG_FORM, s->common.node,
			    "blocked_terms", "term %zu, of %zu characters, is too "
			    "long%s; name a part of it", i + 1, count_chars(term),
			    is_near(s, term) ? " for max_distance" : "");
		kt_buf_fini(&b);
	}
}

static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "dlp-filter", fields,
	.check = check,
	.doc = "Patterns and terms of the user's own");

static enum kt_rc
define(const struct kt_policy *p, struct kt_arena *mem,
    struct kt_detector *out, size_t room, size_t *n, struct kt_err *err)
{
	const struct settings *s = of(p);

	if (kt_policy_define_patterns(
	        p, &s->detect_patterns, mem, out, room, n, err) < 0)
		return err->rc;
	if (s->blocked_terms.n > room - *n)
		return kt_fail(err, KT_E_PARSE, "too many terms");
	for (size_t i = 0; i < s->blocked_terms.n; i++) {
		struct kt_span term = s->blocked_terms.at[i];
		struct kt_span pattern = { 0 }, id = kt_arena_printf(
		    mem, "%s:#term-%zu", p->kind->config.name, i + 1);
		struct kt_buf b;

		if (quote(s, term, &b) == KT_OK)
			pattern = kt_arena_dup(mem, kt_buf_span(&b));
		kt_buf_fini(&b);
		if (pattern.ptr == NULL || id.ptr == NULL)
			return kt_fail(err, KT_E_LIMIT,
			    "term %zu is too long", i + 1);
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

/*
 * check - what can be said of one pattern for whoever wrote it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The width comes from the engine that will hold text back by it, the place
 * of a mistake from the one that will confirm matches.
 */
#include <limits.h>
#include <stdlib.h>

#include "detect/check.h"
#include "detect/detect_priv.h"

#define GROUPS_MAX 64

static size_t
error_at(const struct kt_detector *d)
{
	PCRE2_SIZE at = 0;
	int rc;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)d->pattern,
	    PCRE2_ZERO_TERMINATED, PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &rc,
	    &at, NULL);

	if (code == NULL)
		return at;
	pcre2_code_free(code);
	return SIZE_MAX;
}

/* Behind the atom at p: a class, an escape or one character. */
static const char *
skip_atom(const char *p)
{
	if (*p == '\\')
		return p[1] != '\0' ? p + 2 : p + 1;
	if (*p != '[')
		return p + 1;
	p++;
	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p != '\0' && *p != ']')
		p += *p == '\\' && p[1] != '\0' ? 2 : 1;
	return *p == ']' ? p + 1 : p;
}

/* "+", "*" or "{n,}"; *end is behind it. */
static bool
is_endless(const char *p, const char **end)
{
	const char *close;

	*end = p;
	if (*p == '+' || *p == '*') {
		*end = p + 1;
		return true;
	}
	if (*p != '{' || (close = strchr(p, '}')) == NULL)
		return false;
	*end = close + 1;
	return close[-1] == ',';
}

/* "?:", "?=", "?<name>": what a group is, not what is in it. */
static const char *
skip_group_head(const char *p)
{
	while (*p != '\0' && *p != ')' && strchr(":=!>", *p) == NULL)
		p++;
	return *p != '\0' && *p != ')' ? p + 1 : p;
}

/*
 * (a+)+, (?:a|b*)*: a branch that is one repeated thing, in a group that is
 * repeated; the same text can then be cut in exponentially many ways.
 */
static bool
has_nested(const char *p)
{
	struct {
		size_t atoms;
		bool is_single, is_found;
	} open[GROUPS_MAX] = { 0 };
	size_t depth = 0;

	while (*p != '\0') {
		const char *end;
		bool is_group = false, was_found = false;

		if (*p == '(' && depth + 1 < GROUPS_MAX) {
			depth++;
			open[depth].atoms = 0;
			open[depth].is_single = open[depth].is_found = false;
			p++;
			if (*p == '?')
				p = skip_group_head(p);
			continue;
		}
		if (*p == '|' || (*p == ')' && depth > 0)) {
			open[depth].is_found |= open[depth].is_single &&
			    open[depth].atoms == 1;
			open[depth].atoms = 0;
			open[depth].is_single = false;
			if (*p++ == '|')
				continue;
			was_found = open[depth--].is_found;
			is_group = true;
		} else {
			p = skip_atom(p);
		}
		open[depth].atoms++;
		if (is_endless(p, &end)) {
			if (is_group && was_found)
				return true;
			open[depth].is_single = open[depth].atoms == 1;
		}
		p = end;
	}
	return false;
}

static bool
is_word_list(const char *p)
{
	size_t bars = 0;

	for (; *p != '\0'; p++) {
		bool is_letter = (*p >= 'a' && *p <= 'z') ||
		    (*p >= 'A' && *p <= 'Z') || *p == ' ';

		bars += *p == '|';
		if (!is_letter && *p != '|')
			return false;
	}
	return bars > 0;
}

enum kt_rc
kt_detect_check(const struct kt_detector *d, struct kt_detect_facts *out,
    struct kt_err *err)
{
	struct kt_detect *db = NULL;
	hs_compile_error_t *why = NULL;
	hs_expr_info_t *info = NULL;
	unsigned flags = d->is_caseless ? HS_FLAG_CASELESS : 0;
	unsigned limit = d->when == KT_DETECT_BLOCK ? KT_DETECT_WIDTH_MAX :
	    KT_HOLD_MAX;

	*out = (struct kt_detect_facts){ .error_at = SIZE_MAX, .min_width = 1 };
	if (d->pattern == NULL)
		return kt_fail(err, KT_E_PARSE, "there is no pattern");
	out->is_nested = has_nested(d->pattern);
	out->is_words = is_word_list(d->pattern);
	if (kt_detect_prepare(&db, d, 1, NULL, err) < 0) {
		out->error_at = error_at(d);
		return err->rc;
	}
	out->begins_literal = kt_detect_is_anchored(db, 0);
	kt_detect_free(&db);
	if (hs_expression_info(d->pattern, flags, &info, &why) != HS_SUCCESS) {
		(void)hs_free_compile_error(why); /* the next one tells */
		why = NULL;
		if (hs_expression_info(d->pattern, flags | HS_FLAG_PREFILTER, &info,
		    &why) != HS_SUCCESS) {
			(void)kt_fail(err, KT_E_PARSE, "%s",
			    why != NULL ? why->message : "no memory");
			(void)hs_free_compile_error(why); /* frees only */
			return err->rc;
		}
	}
	out->min_width = info->min_width;
	out->max_width = info->max_width;
	free(info);
	if (out->min_width == 0)
		return kt_fail(err, KT_E_PARSE, "matches nothing");
	if (out->max_width > limit)
		return kt_fail(err, KT_E_LIMIT, "may be wider than %u bytes", limit);
	return KT_OK;
}

/*
 * regex - PCRE2 without its JIT: a value is short and meets one pattern, and
 * compiling for the machine would take longer than the search.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/detect_priv.h"
#include "detect/regex.h"

/* Steps from one start; a pattern that needs more gives up. */
#define STEPS_MAX 20000

struct kt_detect_regex {
	pcre2_code *code;
	pcre2_match_context *limits;
};

enum kt_rc
kt_detect_regex_new(struct kt_detect_regex **out, struct kt_span pattern,
    enum kt_detect_regex_end end, struct kt_err *err)
{
	struct kt_detect_regex *r = kt_alloc(sizeof(*r));
	PCRE2_SIZE at;
	int rc;

	*out = NULL;
	if (r == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for a pattern");
	r->limits = pcre2_match_context_create(NULL);
	r->code = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len,
	    PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_MATCH_INVALID_UTF |
	        (end == KT_DETECT_REGEX_TEXT ? PCRE2_DOLLAR_ENDONLY : 0),
	    &rc, &at, NULL);
	if (r->code == NULL || r->limits == NULL) {
		char why[120] = "";

		(void)pcre2_get_error_message(rc, (PCRE2_UCHAR *)why, sizeof(why));
		kt_detect_regex_free(&r);
		return kt_fail(err, KT_E_PARSE, "at byte %zu: %s", at, why);
	}
	(void)pcre2_set_match_limit(r->limits, STEPS_MAX); /* cannot fail */
	*out = r;
	return KT_OK;
}

void
kt_detect_regex_free(struct kt_detect_regex **r)
{
	if (*r == NULL)
		return;
	pcre2_code_free((*r)->code);
	pcre2_match_context_free((*r)->limits);
	kt_free(*r);
	*r = NULL;
}

int
kt_detect_regex_find(const struct kt_detect_regex *r, struct kt_span text,
    size_t from, size_t *start, size_t *end)
{
	pcre2_match_data *m = pcre2_match_data_create(1, NULL);
	int rc;

	if (m == NULL)
		return KT_E_ENGINE;
	rc = pcre2_match(r->code, (PCRE2_SPTR)(text.ptr ? text.ptr : ""),
	    text.len, from, 0, m, r->limits);
	if (rc >= 0) {
		*start = pcre2_get_ovector_pointer(m)[0];
		*end = pcre2_get_ovector_pointer(m)[1];
	}
	pcre2_match_data_free(m);
	return rc >= 0 ? 1 : rc == PCRE2_ERROR_NOMATCH ? 0 : KT_E_ENGINE;
}

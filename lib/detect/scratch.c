/*
 * scratch - what one thread needs, for however many databases.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One per thread and not one per exchange: Vectorscan's scratch alone is tens
 * of kilobytes, and an exchange never scans two texts at the same time.
 */
#include "detect/detect_priv.h"

#define MATCH_LIMIT 1000000u

enum kt_rc
kt_detect_scratch_grow(
    struct kt_detect_scratch *s, const struct kt_detect *db, struct kt_err *err)
{
	void *p = s->next;

	for (size_t i = 0; i < db->nhs; i++)
		if (hs_alloc_scratch(db->hs[i], &s->hs) != HS_SUCCESS)
			return kt_fail(err, KT_E_LIMIT, "scratch: no memory");
	if (db->numbers != NULL &&
	    hs_alloc_scratch(db->numbers, &s->hs) != HS_SUCCESS)
		return kt_fail(err, KT_E_LIMIT, "scratch: no memory");
	if (kt_grow(&p, &s->next_cap, db->n, sizeof(*s->next)) < 0)
		return kt_fail(err, KT_E_LIMIT, "scratch: no memory");
	s->next = p;
	return KT_OK;
}

enum kt_rc
kt_detect_scratch_new(struct kt_detect_scratch **out,
    const struct kt_detect *db, struct kt_err *err)
{
	struct kt_detect_scratch *s = kt_alloc(sizeof(*s));
	enum kt_rc rc;

	*out = s;
	if (s == NULL)
		return kt_fail(err, KT_E_LIMIT, "scratch: no memory");
	/* Pairs 0 and 1 are all that is asked for; a small vector is fine. */
	s->match = pcre2_match_data_create(2, NULL);
	s->ends = pcre2_match_data_create(KT_DETECT_ENDS_MAX, NULL);
	s->limits = pcre2_match_context_create(NULL);
	s->stack = pcre2_jit_stack_create(32 << 10, 256 << 10, NULL);
	if (s->match == NULL || s->ends == NULL || s->limits == NULL ||
	    s->stack == NULL) {
		kt_detect_scratch_free(out);
		return kt_fail(err, KT_E_LIMIT, "scratch: no memory");
	}
	pcre2_jit_stack_assign(s->limits, NULL, s->stack);
	(void)pcre2_set_match_limit(s->limits, MATCH_LIMIT); /* cannot fail */
	rc = kt_detect_scratch_grow(s, db, err);
	if (rc < 0)
		kt_detect_scratch_free(out);
	return rc;
}

void
kt_detect_scratch_free(struct kt_detect_scratch **ps)
{
	struct kt_detect_scratch *s = *ps;

	*ps = NULL;
	if (s == NULL)
		return;
	if (s->hs != NULL && hs_free_scratch(s->hs) != HS_SUCCESS)
		KT_BUG("a scratch freed while it is in use");
	pcre2_match_data_free(s->match);
	pcre2_match_data_free(s->ends);
	pcre2_match_context_free(s->limits);
	pcre2_jit_stack_free(s->stack);
	kt_free(s->window);
	kt_free(s->next);
	kt_free(s->found);
	kt_free(s->all);
	kt_free(s->hits);
	kt_free(s->spots);
	for (size_t i = 0; i < KT_NELEMS(s->view); i++)
		kt_detect_view_fini(&s->view[i]);
	kt_free(s);
}

void
kt_detect_scratch_fail_at(struct kt_detect_scratch *s, uint64_t n)
{
	s->fail_at = n == 0 ? 0 : s->calls + n;
}

uint64_t
kt_detect_scratch_calls(const struct kt_detect_scratch *s)
{
	return s->calls;
}

/*
 * jit - machine code for the patterns that are asked often.
 * SPDX-License-Identifier: Apache-2.0
 *
 * To make it takes as long as some thirty matches by PCRE2's interpreter, and
 * a policy has hundreds of patterns of which a text asks a few: made for all
 * of them it was most of the time until the first text and a quarter of the
 * memory.  The interpreter's code stays as it is, for threads that match with
 * it; the machine code is that of a copy, shown to all when it is ready.
 */
#include "detect/jit_priv.h"

#define ASKED_OFTEN 16

static void
make(const struct kt_detect_rule *r)
{
	pcre2_code *code = pcre2_code_copy(r->code);

	/* Without memory, or a JIT for this machine, all stays as it is. */
	if (code == NULL)
		return;
	if (pcre2_jit_compile(code,
		PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD) != 0) {
		pcre2_code_free(code);
		return;
	}
	atomic_store_explicit(&r->jit->code, code, memory_order_release);
}

void
kt_detect_jit_fini(struct kt_detect_jit *j)
{
	pcre2_code_free(
	    atomic_load_explicit(&j->code, memory_order_relaxed));
}

int
kt_detect_jit_match(const struct kt_detect_rule *r,
    struct kt_detect_scratch *s, struct kt_span subject, size_t from,
    uint32_t options)
{
	struct kt_detect_jit *j = r->jit;
	PCRE2_SPTR text = (PCRE2_SPTR)subject.ptr;
	pcre2_code *code =
	    atomic_load_explicit(&j->code, memory_order_acquire);

	/* A third of a short match is what pcre2_match does before it asks
	   the JIT. */
	if (code != NULL)
		return pcre2_jit_match(code, text, subject.len, from, options,
		    s->match, s->limits);
	/* One of all threads is the one to make it. */
	if (atomic_fetch_add_explicit(&j->asked, 1, memory_order_relaxed) ==
	    ASKED_OFTEN)
		make(r);
	return pcre2_match(r->code, text, subject.len, from, options,
	    s->match, s->limits);
}

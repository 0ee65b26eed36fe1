/*
 * starved - memory that runs out at the n-th time somebody asks for some.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The program is linked with --wrap for what lib/base calls; `held` counts
 * what was not given back.
 */
#ifndef KT_TEST_STARVED_H
#define KT_TEST_STARVED_H
#include <stdatomic.h>
#include <stdlib.h>

static atomic_ulong starved_calls, starved_at; /* 0: never */
static atomic_long starved_held;
static atomic_bool starves_on; /* all after it fail, too */

void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static inline bool
starved(void)
{
	unsigned long n = atomic_fetch_add(&starved_calls, 1) + 1;
	unsigned long at = atomic_load(&starved_at);

	return at > 0 && (n == at || (n > at && atomic_load(&starves_on)));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	void *p = starved() ? NULL : __real_calloc(n, size);

	if (p != NULL)
		atomic_fetch_add(&starved_held, 1);
	return p;
}

void *
__wrap_realloc(void *old, size_t size)
{
	void *p = starved() ? NULL : __real_realloc(old, size);

	if (p != NULL && old == NULL)
		atomic_fetch_add(&starved_held, 1);
	return p;
}

void
__wrap_free(void *p)
{
	if (p != NULL)
		atomic_fetch_sub(&starved_held, 1);
	__real_free(p);
}
#endif

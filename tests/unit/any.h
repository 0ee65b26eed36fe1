/*
 * any - random choices, the same at each run.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_TEST_ANY_H
#define KT_TEST_ANY_H
#include <stddef.h>
#include <stdint.h>

/* One of n: 0 to n - 1. */
static inline size_t
any_of(size_t n)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(state >> 33) % n;
}

#endif

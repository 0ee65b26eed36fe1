/*
 * stamp - the time of sending, carried inside a text of an event.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how upstream.c writes it and load.c finds it again.
 * Does not: speak HTTP.
 */
#ifndef KT_BENCH_STAMP_H
#define KT_BENCH_STAMP_H
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define STAMP_MARK "ktbench "
#define STAMP_WORD 5 /* letters, with the blank */
#define STAMP_LETTERS (8 * STAMP_WORD) /* 32 bits */

static inline uint64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* exists on Linux */
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline struct timespec
time_until(uint64_t due_ns)
{
	uint64_t now = now_ns(), left = due_ns > now ? due_ns - now : 0;

	return (struct timespec){ .tv_sec = (time_t)(left / 1000000000),
		.tv_nsec = (long)(left % 1000000000) };
}

/* Words, as a model says them: a row of letters would be what a secret looks
   like, and costs what no prose does.  One says four bits of microseconds. */
static const char stamp_words[16][STAMP_WORD + 1] = { "also ", "back ",
	"came ", "does ", "each ", "find ", "good ", "have ", "into ", "just ",
	"keep ", "like ", "many ", "next ", "only ", "part " };

static inline void
write_stamp(uint64_t ns, char out[static STAMP_LETTERS + 1])
{
	uint64_t us = ns / 1000;

	for (int i = STAMP_LETTERS - STAMP_WORD; i >= 0; i -= STAMP_WORD) {
		memcpy(out + i, stamp_words[us & 15], STAMP_WORD);
		us >>= 4;
	}
	out[STAMP_LETTERS] = '\0';
}

/* When it was written: within the last hour. */
static inline uint64_t
read_stamp(const char *in)
{
	uint64_t now = now_ns() / 1000, us = 0;

	for (int i = 0; i < STAMP_LETTERS; i += STAMP_WORD)
		us = us << 4 | (uint64_t)(in[i] - 'a');
	us |= now >> 32 << 32;
	return (us > now ? us - (UINT64_C(1) << 32) : us) * 1000;
}

static inline _Noreturn void
die(const char *what)
{
	perror(what);
	exit(1);
}

#endif

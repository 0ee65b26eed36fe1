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
#define STAMP_LETTERS 16

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

static inline void
write_stamp(uint64_t ns, char out[static STAMP_LETTERS + 1])
{
	for (int i = STAMP_LETTERS - 1; i >= 0; i--, ns >>= 4)
		out[i] = (char)('a' + (ns & 15));
	out[STAMP_LETTERS] = '\0';
}

static inline uint64_t
read_stamp(const char *in)
{
	uint64_t ns = 0;

	for (int i = 0; i < STAMP_LETTERS; i++)
		ns = ns << 4 | (uint64_t)(in[i] - 'a');
	return ns;
}

static inline _Noreturn void
die(const char *what)
{
	perror(what);
	exit(1);
}

#endif

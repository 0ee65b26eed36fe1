/*
 * base - spans, bounded buffers, arenas and the way failures are told.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    memory with a limit, text that is not NUL-terminated, UTF-8,
 *           and how an error gathers context on its way up.
 * Does not: know what kt is for.
 * Promises: no buffer or arena grows past the limit it was given; a failure
 *           to allocate is reported like any other limit, never by exiting.
 */
#ifndef KT_BASE_H
#define KT_BASE_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/limits.h"

#define KT_NELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define KT_MUSTCHECK __attribute__((warn_unused_result))
#define KT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Negative, so that "rc < 0" reads as "failed" at every call. */
enum kt_rc {
	KT_OK = 0,
	KT_E_LIMIT = -1,   /* a bound in limits.h, or memory, was reached */
	KT_E_PARSE = -2,   /* the input is not what its format promises */
	KT_E_IO = -3,      /* the world said no */
	KT_E_MISUSE = -4,  /* the caller asked for something contradictory */
	KT_E_ENGINE = -5,  /* a library we inspect with reported an error */
};

/* Caller-owned, fixed in size: reporting a failure must not be able to fail. */
struct kt_err {
	enum kt_rc rc;
	char text[240]; /* grows at the front, outermost context first */
};

/* Sets the text and returns rc, so that "return kt_fail(...)" reads well. */
enum kt_rc kt_fail(struct kt_err *err, enum kt_rc rc, const char *fmt, ...)
    KT_PRINTF(3, 4);
/* Puts "context: " in front of the text and returns the rc already set. */
enum kt_rc kt_wrap(struct kt_err *err, const char *fmt, ...) KT_PRINTF(2, 3);

/* An impossible state: says where, then aborts.  Never reached by input. */
#define KT_BUG(why) kt_bug(__FILE__, __LINE__, (why))
_Noreturn void kt_bug(const char *file, int line, const char *why);

/* Borrowed text or bytes, by value, never NUL-terminated. */
struct kt_span {
	const char *ptr;
	size_t len;
};
#define KT_SPAN_INIT(lit) { .ptr = (lit), .len = sizeof(lit) - 1 }
#define KT_SPAN(lit) ((struct kt_span)KT_SPAN_INIT(lit))
/* For printf("%.*s", KT_SPAN_ARG(s)). */
#define KT_SPAN_ARG(s) (int)(s).len, (s).ptr

/* Inline, so that the length of a constant is one. */
static inline struct kt_span
kt_span_of(const char *cstr)
{
	return (struct kt_span){ .ptr = cstr, .len = cstr ? strlen(cstr) : 0 };
}
struct kt_span kt_span_sub(struct kt_span s, size_t from, size_t len);
/* ASCII letters compare without case; nothing else is folded. */
bool kt_case_eq(const char *a, const char *b, size_t len);
/* Inline, because most comparisons end at the lengths. */
static inline bool
kt_span_caseeq(struct kt_span a, struct kt_span b)
{
	return a.len == b.len && kt_case_eq(a.ptr, b.ptr, a.len);
}
static inline bool
kt_span_eq(struct kt_span a, struct kt_span b)
{
	return a.len == b.len &&
	    (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
bool kt_span_starts(struct kt_span s, struct kt_span prefix);
bool kt_span_ends(struct kt_span s, struct kt_span suffix);
/* Index of the first c, or s.len. */
size_t kt_span_find(struct kt_span s, char c);
/* Without spaces and tabs at either end. */
struct kt_span kt_span_trim(struct kt_span s);
/* Decimal digits only, no sign, no overflow; false leaves *out alone. */
bool kt_span_u64(struct kt_span s, uint64_t *out);
/* Shell-style glob: '*' any run, '?' one byte.  Linear in s times '*'s. */
bool kt_span_glob(struct kt_span pattern, struct kt_span s);
bool kt_span_caseglob(struct kt_span pattern, struct kt_span s);
/* FNV-1a, on from h: for tables and marks, it withstands nobody. */
#define KT_HASH_BEGIN 14695981039346656037u
uint64_t kt_hash(uint64_t h, struct kt_span s);

/* Owned bytes that never grow past their limit. */
struct kt_buf {
	char *ptr;
	size_t len, cap, limit;
};
void kt_buf_init(struct kt_buf *b, size_t limit);
void kt_buf_fini(struct kt_buf *b);
void kt_buf_reset(struct kt_buf *b); /* keeps the memory */
/* KT_E_LIMIT leaves the buffer as it was. */
KT_MUSTCHECK enum kt_rc kt_buf_add(struct kt_buf *b, struct kt_span s);
KT_MUSTCHECK enum kt_rc kt_buf_addc(struct kt_buf *b, char c);
/* In decimal. */
KT_MUSTCHECK enum kt_rc kt_buf_addn(struct kt_buf *b, uint64_t n);
KT_MUSTCHECK enum kt_rc kt_buf_printf(struct kt_buf *b, const char *fmt, ...)
    KT_PRINTF(2, 3);
/* Room for len more bytes at ptr + len; the caller then raises len. */
KT_MUSTCHECK enum kt_rc kt_buf_reserve(struct kt_buf *b, size_t len);
/* Drops the first n bytes. */
void kt_buf_shift(struct kt_buf *b, size_t n);
struct kt_span kt_buf_span(const struct kt_buf *b);

/* Memory with one lifetime.  No free inside; capped at creation. */
struct kt_arena;
/* NULL when there is no memory.  Nothing is set aside before first use. */
struct kt_arena *kt_arena_new(size_t cap);
void kt_arena_free(struct kt_arena **a);
void kt_arena_reset(struct kt_arena *a); /* keeps the first block */
/* Zeroed and aligned for any type; NULL when full, and from then on always. */
void *kt_arena_alloc(struct kt_arena *a, size_t size);
void *kt_arena_array(struct kt_arena *a, size_t n, size_t size);
/* A copy with a NUL behind it; ptr is NULL when the arena is full. */
struct kt_span kt_arena_dup(struct kt_arena *a, struct kt_span s);
/* All of parts, one behind the other, and a NUL. */
struct kt_span kt_arena_join(
    struct kt_arena *a, const struct kt_span *parts, size_t n);
struct kt_span kt_arena_printf(struct kt_arena *a, const char *fmt, ...)
    KT_PRINTF(2, 3);
bool kt_arena_is_full(const struct kt_arena *a); /* an allocation was refused */
size_t kt_arena_used(const struct kt_arena *a);

/* Heap memory for objects that live as long as their owner says.  Zeroed. */
void *kt_alloc(size_t size);
void *kt_alloc_array(size_t n, size_t size);
/* Grows *ptr of *cap elements to at least n, new ones zeroed. */
KT_MUSTCHECK enum kt_rc kt_grow(void **ptr, size_t *cap, size_t n, size_t size);
void kt_free(void *ptr);

/* Offset of the first byte that is not strict UTF-8, or s.len. */
size_t kt_utf8_check(struct kt_span s);
/* One code point at s.ptr; its length in bytes, or 0 if it is not UTF-8. */
size_t kt_utf8_decode(struct kt_span s, uint32_t *cp);
/* Writes 1 to 4 bytes and returns how many. */
size_t kt_utf8_encode(uint32_t cp, char out[static 4]);

/* The digits of n, at the end of text. */
struct kt_span kt_decimal(uint64_t n, char text[static 20]);
/* Lower-case hexadecimal; out has room for 2 * n + 1 bytes. */
void kt_hex(const void *bytes, size_t n, char *out);
/* False unless s is exactly 2 * n lower- or upper-case digits. */
bool kt_unhex(struct kt_span s, void *out, size_t n);

#endif

/*
 * mem - buffers and arenas with a limit.  Growth doubles, so that adding is
 * linear overall; the limit is checked before, so that a refused addition
 * leaves everything as it was.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "base/base.h"

#define ALIGNMENT 16u
/* Each of thousands of streams has some; with its head, what the C library
 * gives out and takes back without a search. */
#define FIRST_BLOCK 992u
#define BLOCK_MAX (1u << 20)

void *
kt_alloc(size_t size)
{
	return calloc(1, size ? size : 1);
}

void *
kt_alloc_array(size_t n, size_t size)
{
	return calloc(n ? n : 1, size ? size : 1);
}

void
kt_free(void *ptr)
{
	free(ptr);
}

enum kt_rc
kt_grow(void **ptr, size_t *cap, size_t n, size_t size)
{
	size_t want = *cap ? *cap : 16;
	char *p;

	if (n <= *cap)
		return KT_OK;
	while (want < n) {
		if (want > SIZE_MAX / 2)
			return KT_E_LIMIT;
		want *= 2;
	}
	if (size != 0 && want > SIZE_MAX / size)
		return KT_E_LIMIT;
	p = realloc(*ptr, want * size);
	if (p == NULL)
		return KT_E_LIMIT;
	memset(p + *cap * size, 0, (want - *cap) * size);
	*ptr = p;
	*cap = want;
	return KT_OK;
}

void
kt_buf_init(struct kt_buf *b, size_t limit)
{
	*b = (struct kt_buf){ .limit = limit };
}

void
kt_buf_fini(struct kt_buf *b)
{
	free(b->ptr);
	b->ptr = NULL;
	b->len = b->cap = 0;
}

void
kt_buf_reset(struct kt_buf *b)
{
	b->len = 0;
}

enum kt_rc
kt_buf_reserve(struct kt_buf *b, size_t len)
{
	size_t want = b->cap ? b->cap : 256;
	char *p;

	if (len > b->limit || b->len > b->limit - len)
		return KT_E_LIMIT;
	if (b->len + len <= b->cap)
		return KT_OK;
	while (want < b->len + len)
		want *= 2;
	if (want > b->limit)
		want = b->limit;
	p = realloc(b->ptr, want);
	if (p == NULL)
		return KT_E_LIMIT;
	b->ptr = p;
	b->cap = want;
	return KT_OK;
}

enum kt_rc
kt_buf_add(struct kt_buf *b, struct kt_span s)
{
	if (s.len == 0)
		return KT_OK;
	if ((s.len > b->cap - b->len || s.len > b->limit - b->len) &&
	    kt_buf_reserve(b, s.len) < 0)
		return KT_E_LIMIT;
	memcpy(b->ptr + b->len, s.ptr, s.len);
	b->len += s.len;
	return KT_OK;
}

enum kt_rc
kt_buf_addn(struct kt_buf *b, uint64_t n)
{
	char text[20];

	return kt_buf_add(b, kt_decimal(n, text));
}

enum kt_rc
kt_buf_addc(struct kt_buf *b, char c)
{
	return kt_buf_add(b, (struct kt_span){ .ptr = &c, .len = 1 });
}

enum kt_rc
kt_buf_printf(struct kt_buf *b, const char *fmt, ...)
{
	size_t room = b->cap - b->len;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(room > 0 ? b->ptr + b->len : NULL, room, fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len > b->limit - b->len)
		return KT_E_LIMIT;
	if ((size_t)len < room) { /* it fitted */
		b->len += (size_t)len;
		return KT_OK;
	}
	/* vsnprintf writes a NUL behind the text: room for it, not counted. */
	if (b->len + (size_t)len + 1 > b->cap) {
		size_t cap = (b->len + (size_t)len + 1) * 2;
		char *p = realloc(b->ptr, cap);

		if (p == NULL)
			return KT_E_LIMIT;
		b->ptr = p;
		b->cap = cap;
	}
	va_start(ap, fmt);
	(void)vsnprintf(b->ptr + b->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
	return KT_OK;
}

void
kt_buf_shift(struct kt_buf *b, size_t n)
{
	if (n > b->len)
		KT_BUG("more dropped from a buffer than it holds");
	if (n == 0)
		return; /* an empty buffer may have no memory yet */
	memmove(b->ptr, b->ptr + n, b->len - n);
	b->len -= n;
}

struct kt_span
kt_buf_span(const struct kt_buf *b)
{
	return (struct kt_span){ .ptr = b->ptr, .len = b->len };
}

struct block {
	struct block *next; /* the one filled before this */
	size_t size, used;
	_Alignas(ALIGNMENT) char bytes[];
};

struct kt_arena {
	struct block *top;
	size_t cap, reserved, used;
	bool is_full;
};

struct kt_arena *
kt_arena_new(size_t cap)
{
	struct kt_arena *a = kt_alloc(sizeof(*a));

	if (a != NULL)
		a->cap = cap;
	return a;
}

static void
drop_blocks(struct block *b)
{
	while (b != NULL) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
}

void
kt_arena_free(struct kt_arena **a)
{
	if (*a == NULL)
		return;
	drop_blocks((*a)->top);
	free(*a);
	*a = NULL;
}

void
kt_arena_reset(struct kt_arena *a)
{
	struct block *first = a->top;

	while (first != NULL && first->next != NULL) {
		struct block *next = first->next;

		free(first);
		first = next;
	}
	if (first != NULL && first->size > FIRST_BLOCK) {
		free(first);
		first = NULL;
	}
	if (first != NULL)
		first->used = 0;
	a->top = first;
	a->reserved = first ? first->size : 0;
	a->used = 0;
	a->is_full = false;
}

static struct block *
add_block(struct kt_arena *a, size_t need)
{
	size_t size = a->top ? a->top->size * 2 : FIRST_BLOCK;
	struct block *b;

	if (size > BLOCK_MAX)
		size = BLOCK_MAX;
	if (size < need)
		size = need;
	b = malloc(sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	*b = (struct block){ .next = a->top, .size = size };
	a->reserved += size;
	a->top = b;
	return b;
}

/* Not cleared. */
static void *
take(struct kt_arena *a, size_t size)
{
	struct block *b = a->top;
	void *p;

	if (size > SIZE_MAX - ALIGNMENT)
		size = SIZE_MAX - ALIGNMENT;
	size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (size == 0)
		size = ALIGNMENT;
	if (a->is_full || size > a->cap - a->used)
		goto full;
	if ((b == NULL || size > b->size - b->used) && (b = add_block(a, size)) == NULL)
		goto full;
	p = b->bytes + b->used;
	b->used += size;
	a->used += size;
	return p;
full:
	a->is_full = true;
	return NULL;
}

void *
kt_arena_alloc(struct kt_arena *a, size_t size)
{
	void *p = take(a, size);

	if (p != NULL)
		memset(p, 0, size);
	return p;
}

void *
kt_arena_array(struct kt_arena *a, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size)
		n = SIZE_MAX, size = 1;
	return kt_arena_alloc(a, n * size);
}

struct kt_span
kt_arena_dup(struct kt_arena *a, struct kt_span s)
{
	char *p = take(a, s.len + 1);

	if (p == NULL)
		return (struct kt_span){ 0 };
	if (s.len > 0)
		memcpy(p, s.ptr, s.len);
	p[s.len] = '\0';
	return (struct kt_span){ .ptr = p, .len = s.len };
}

struct kt_span
kt_arena_join(struct kt_arena *a, const struct kt_span *parts, size_t n)
{
	size_t len = 0;
	char *p;

	for (size_t i = 0; i < n; i++)
		len += parts[i].len;
	p = kt_arena_alloc(a, len + 1);
	if (p == NULL)
		return (struct kt_span){ 0 };
	len = 0;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].len > 0)
			memcpy(p + len, parts[i].ptr, parts[i].len);
		len += parts[i].len;
	}
	return (struct kt_span){ .ptr = p, .len = len };
}

struct kt_span
kt_arena_printf(struct kt_arena *a, const char *fmt, ...)
{
	va_list ap;
	int len;
	char *p;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0 || (p = kt_arena_alloc(a, (size_t)len + 1)) == NULL)
		return (struct kt_span){ 0 };
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return (struct kt_span){ .ptr = p, .len = (size_t)len };
}

bool
kt_arena_is_full(const struct kt_arena *a)
{
	return a->is_full;
}

size_t
kt_arena_used(const struct kt_arena *a)
{
	return a->used;
}

/*
 * json_priv - the letters of a JSON string, shared inside the room.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which bytes of a string need a second look, what an escape
 *           stands for, and which open names are equal.
 * Does not: know about values.
 * Promises: nothing here reads behind the length it was given.
 */
#ifndef KT_JSON_PRIV_H
#define KT_JSON_PRIV_H
#include "base/plain.h"
#include "json/json.h"

/* Why the first bytes are no letter.  Zero: too few bytes to tell. */
enum {
	KT_JSON_BAD_ESCAPE = -1,
	KT_JSON_BAD_PAIR = -2,
	KT_JSON_BAD_UTF8 = -3,
};

/* What the byte behind a backslash stands for; 0 for 'u' and for nothing. */
extern const unsigned char kt_json_simple[256];
/*
 * The length of the escape at p (2, 6, or 12 for a surrogate pair), and the
 * code point it stands for.
 */
int kt_json_escape(const char *p, size_t n, uint32_t *cp);

/* Walks over the bytes that a raw string stands for. */
struct kt_json_letters {
	const char *p, *end;
	unsigned char more[4]; /* the rest of what an escape became */
	unsigned more_at, more_len;
};
static inline struct kt_json_letters
kt_json_letters_of(struct kt_span raw)
{
	return (struct kt_json_letters){
		.p = raw.ptr,
		.end = raw.len ? raw.ptr + raw.len : raw.ptr,
	};
}
/* The next byte, or -1 at the end or at a malformed escape. */
int kt_json_letter(struct kt_json_letters *l);

/* The name that was just closed, for the search that follows. */
KT_MUSTCHECK enum kt_rc kt_json_names_push(
    struct kt_json *j, const char *text, uint32_t node);
/*
 * Ends an object whose names begin at below.  *twice is the second of two
 * equal names, or 0.  KT_E_LIMIT: no memory, or so many names collide that
 * somebody chose them to.
 */
KT_MUSTCHECK enum kt_rc kt_json_names_pop(
    struct kt_json *j, const char *text, uint32_t below, uint32_t *twice);

/* The length of the UTF-8 sequence at p, whose first byte is not ASCII. */
static inline int
kt_json_utf8(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (p[0] < 0xc2 || p[0] > 0xf4)
		return KT_JSON_BAD_UTF8;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0; /* else a longer form of a smaller number */
	else if (p[0] == 0xed)
		high = 0x9f; /* else a surrogate */
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f; /* else beyond U+10FFFF */
	if (n > 1 && (p[1] < low || p[1] > high))
		return KT_JSON_BAD_UTF8;
	for (size_t i = 2; i < len && i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return KT_JSON_BAD_UTF8;
	}
	return n < len ? 0 : (int)len;
}

#endif

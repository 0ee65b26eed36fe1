/*
 * token - written one way, read in many.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/token.h"

bool
kt_policy_token_is(const struct kt_detector *d)
{
	return strcmp(d->group, KT_TOKEN_GROUP) == 0;
}

const char *
kt_policy_token_label(const char *entity)
{
	static const struct {
		const char *entity, *label;
	} shorter[] = {
		{ "EMAIL_ADDRESS", "EMAIL" }, { "PHONE_NUMBER", "PHONE" },
		{ "IP_ADDRESS", "IP" }, { "MAC_ADDRESS", "MAC" },
		{ "CREDIT_CARD", "CARD" }, { "IBAN_CODE", "IBAN" },
		{ "US_SSN", "SSN" },
	};

	for (size_t i = 0; i < KT_NELEMS(shorter); i++) {
		if (strcmp(shorter[i].entity, entity) == 0)
			return shorter[i].label;
	}
	return entity;
}

enum kt_rc
kt_policy_token_write(const char *label, uint32_t number, struct kt_buf *out)
{
	return kt_buf_printf(out, "[[%s_%03u]]", label, number);
}

/* A bracket as it may be written; its length, 0: none. */
static size_t
bracket(struct kt_span s, char plain, char digit)
{
	if (s.len > 0 && s.ptr[0] == plain)
		return 1;
	if (s.len > 1 && s.ptr[0] == '\\' && s.ptr[1] == plain)
		return 2;
	if (s.len > 5 && memcmp(s.ptr, "\\u005", 5) == 0 &&
	    (s.ptr[5] | 32) == digit)
		return 6;
	if (s.len > 4 && memcmp(s.ptr, plain == '[' ? "&#91;" : "&#93;", 5) == 0)
		return 5;
	return 0;
}

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* Of a name and its number, also as Markdown escapes it. */
static bool
is_named(struct kt_span s)
{
	return is_alnum(s.ptr[0]) || memchr(" -_", s.ptr[0], 3) != NULL ||
	    (s.len > 1 && s.ptr[0] == '\\' && memchr("-_", s.ptr[1], 2) != NULL);
}

bool
kt_policy_token_read(struct kt_span text, struct kt_span *label, uint32_t *number)
{
	size_t from = 0, to, digits, n, brackets = 0;
	uint64_t v;

	while ((n = bracket(kt_span_sub(text, from, text.len), '[', 'b')) > 0) {
		from += n;
		brackets++;
	}
	while (from < text.len && !is_alnum(text.ptr[from]))
		from++;
	to = from;
	while (to < text.len && is_named(kt_span_sub(text, to, text.len)))
		to++;
	for (size_t at = to; at < text.len; at++) {
		n = bracket(kt_span_sub(text, at, text.len), ']', 'd');
		brackets += n > 0;
		at += n > 0 ? n - 1 : 0;
	}
	while (to > from && !is_alnum(text.ptr[to - 1]))
		to--;
	digits = to;
	while (digits > from && text.ptr[digits - 1] >= '0' &&
	    text.ptr[digits - 1] <= '9')
		digits--;
	if (brackets < 3 || !kt_span_u64(
	        kt_span_sub(text, digits, to - digits), &v) || v > UINT32_MAX)
		return false;
	*number = (uint32_t)v;
	while (digits > from && !is_alnum(text.ptr[digits - 1]))
		digits--;
	*label = kt_span_sub(text, from, digits - from);
	return label->len > 0;
}

bool
kt_policy_token_same(const char *label, struct kt_span said)
{
	size_t i = 0;

	for (; *label != '\0'; label++) {
		if (!is_alnum(*label))
			continue;
		while (i < said.len && !is_alnum(said.ptr[i]))
			i++;
		if (i == said.len || !kt_case_eq(label, said.ptr + i, 1))
			return false;
		i++;
	}
	while (i < said.len && !is_alnum(said.ptr[i]))
		i++;
	return i == said.len;
}

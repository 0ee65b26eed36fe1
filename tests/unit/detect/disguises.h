/*
 * disguises - how a value is written so that it is not seen.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each puts on `made` what it is given.
 */
#ifndef KT_TEST_DETECT_DISGUISES_H
#define KT_TEST_DETECT_DISGUISES_H
#include "detect/search.h"
#include "json/write.h"

static struct kt_buf made;

static void
put(struct kt_span s)
{
	if (kt_buf_add(&made, s) < 0)
		KT_BUG("a disguise that is too large");
}

static void
put_cp(uint32_t cp)
{
	char bytes[4];

	put((struct kt_span){ bytes, kt_utf8_encode(cp, bytes) });
}

static void
invisible(struct kt_span s)
{
	static const uint32_t cps[] = { 0x200b, 0x200d, 0x2060, 0xfeff, 0xad };

	for (size_t i = 0; i < s.len; i++) {
		put(kt_span_sub(s, i, 1));
		/* Between characters, not inside one. */
		if (i % 3 == 1 && i + 1 < s.len && (s.ptr[i + 1] & 0xc0) != 0x80)
			put_cp(cps[i % KT_NELEMS(cps)]);
	}
}

static void
full_width(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] > ' ' && s.ptr[i] < 127)
			put_cp(0xfee0u + (unsigned char)s.ptr[i]);
		else
			put(kt_span_sub(s, i, 1));
}

static void
full_width_digits(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
			put_cp(0xfee0u + (unsigned char)s.ptr[i]);
		else
			put(kt_span_sub(s, i, 1));
}

static void
full_width_marks(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == ':' || s.ptr[i] == '=' || s.ptr[i] == '_')
			put_cp(0xfee0u + (unsigned char)s.ptr[i]);
		else
			put(kt_span_sub(s, i, 1));
}

static void
wide_blanks(struct kt_span s)
{
	static const uint32_t cps[] = { 0xa0, 0x2003, 0x202f, 0x3000 };

	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == ' ')
			put_cp(cps[i % KT_NELEMS(cps)]);
		else
			put(kt_span_sub(s, i, 1));
}

static void
look_alike(struct kt_span s)
{
	static const char ascii[] = "aceopxysijABEKMHOPCTXSIJ";
	static const uint32_t like[] = { 0x430, 0x441, 0x435, 0x43e, 0x440,
		0x445, 0x443, 0x455, 0x456, 0x458, 0x410, 0x412, 0x415, 0x39a,
		0x41c, 0x41d, 0x41e, 0x420, 0x421, 0x422, 0x425, 0x405, 0x406,
		0x408 };

	for (size_t i = 0; i < s.len; i++) {
		const char *at =
		    memchr(ascii, s.ptr[i], sizeof(ascii) - 1);

		if (at != NULL)
			put_cp(like[at - ascii]);
		else
			put(kt_span_sub(s, i, 1));
	}
}

/* Capitals as the letters that flags are made of, others as small capitals. */
static void
flags_and_capitals(struct kt_span s)
{
	static const char ascii[] = "abcdefghijklmnoprstuvwyz";
	static const uint32_t small[] = { 0x1d00, 0x299, 0x1d04, 0x1d05, 0x1d07,
		0xa730, 0x262, 0x29c, 0x26a, 0x1d0a, 0x1d0b, 0x29f, 0x1d0d,
		0x274, 0x1d0f, 0x1d18, 0x280, 0xa731, 0x1d1b, 0x1d1c, 0x1d20,
		0x1d21, 0x28f, 0x1d22 };

	for (size_t i = 0; i < s.len; i++) {
		const char *at =
		    memchr(ascii, s.ptr[i], sizeof(ascii) - 1);

		if (at != NULL)
			put_cp(small[at - ascii]);
		else if (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z')
			put_cp(0x1f1e6u + (uint32_t)(s.ptr[i] - 'A'));
		else
			put(kt_span_sub(s, i, 1));
	}
}

static void
json_in_json(struct kt_span s)
{
	struct kt_buf once;

	kt_buf_init(&once, 1u << 20);
	if (kt_json_write_string(&once, s) < 0 ||
	    kt_json_write_string(&made, kt_buf_span(&once)) < 0)
		KT_BUG("an example that is not UTF-8");
	kt_buf_fini(&once);
}

static void
unicode_escapes(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (kt_buf_printf(&made, "\\u%04x", (unsigned char)s.ptr[i]) < 0)
			KT_BUG("no memory");
}

static void
entities(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (kt_buf_printf(&made, i % 2 ? "&#%d;" : "&#x%x;",
		        (unsigned char)s.ptr[i]) < 0)
			KT_BUG("no memory");
}

static void
unclosed_entities(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			put(kt_span_sub(s, i, 1));
		else if (kt_buf_printf(&made, i % 2 ? "&#%d" : "&#x%x",
		             s.ptr[i]) < 0)
			KT_BUG("no memory");
}

static void
code_points(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		enum kt_rc rc;

		/* Eight digits would be a value of their own. */
		if ((unsigned char)c >= 0x80)
			rc = kt_buf_add(&made, kt_span_sub(s, i, 1));
		else if (c >= '0' && c <= '9')
			rc = kt_buf_printf(&made, "\\u{%x}", c);
		else if (i % 2)
			rc = kt_buf_printf(&made, "\\x{%x}", c);
		else
			rc = kt_buf_printf(&made, "\\U%08x", c);
		if (rc < 0)
			KT_BUG("no memory");
	}
}

static void
octal(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (kt_buf_printf(&made, i % 2 ? "\\%o" : "\\%03o",
		        (unsigned char)s.ptr[i]) < 0)
			KT_BUG("no memory");
}

static void
percent(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (kt_buf_printf(&made, "%%%02X", (unsigned char)s.ptr[i]) < 0)
			KT_BUG("no memory");
}

static void
hex(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (kt_buf_printf(&made, "%02x", (unsigned char)s.ptr[i]) < 0)
			KT_BUG("no memory");
}

static void
named(struct kt_span s)
{
	static const struct {
		char c;
		const char *is;
	} names[] = { { ' ', "&nbsp;" }, { '@', "&commat;" },
		{ '"', "&quot;" }, { '&', "&amp;" } };

	for (size_t i = 0; i < s.len; i++) {
		size_t k = 0;

		while (k < KT_NELEMS(names) && names[k].c != s.ptr[i])
			k++;
		put(k < KT_NELEMS(names) ? kt_span_of(names[k].is)
		                         : kt_span_sub(s, i, 1));
	}
}

static void
hex_literal(struct kt_span s)
{
	put(KT_SPAN("0x"));
	hex(s);
}

/* RFC 4648: groups of bytes as digits of so many bits, with padding. */
static void
digits_of(struct kt_span s, const char *digits, size_t bytes, unsigned bits)
{
	size_t last = bytes * 8 - bits;

	for (size_t i = 0; i < s.len; i += bytes) {
		size_t n = s.len - i < bytes ? s.len - i : bytes;
		uint64_t all = 0;

		for (size_t k = 0; k < bytes; k++)
			all = all << 8 |
			    (k < n ? (unsigned char)s.ptr[i + k] : 0u);
		for (size_t k = 0; k <= last; k += bits)
			put(k < n * 8 ? (struct kt_span){
			                    &digits[all >> (last - k) &
			                        ((1u << bits) - 1)], 1 }
			              : KT_SPAN("="));
	}
}

static void
base64(struct kt_span s)
{
	digits_of(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789+/", 3, 6);
}

/* UTF-16, as PowerShell takes its commands. */
static void
base64_wide(struct kt_span s)
{
	struct kt_buf wide;

	kt_buf_init(&wide, 1u << 20);
	for (size_t i = 0; i < s.len; i++)
		if (kt_buf_add(&wide, kt_span_sub(s, i, 1)) < 0 ||
		    kt_buf_add(&wide, (struct kt_span){ "", 1 }) < 0)
			KT_BUG("no memory");
	base64(kt_buf_span(&wide));
	kt_buf_fini(&wide);
}

static void
base32(struct kt_span s)
{
	digits_of(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5, 5);
}

static void
quoted(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (kt_buf_printf(&made, "%s=%02X",
		        i % 25 == 24 ? "=\r\n" : "",
		        (unsigned char)s.ptr[i]) < 0)
			KT_BUG("no memory");
}

static void
between(struct kt_span s, const char *with)
{
	for (size_t i = 0; i < s.len; i++) {
		if (i > 0 && (s.ptr[i] & 0xc0) != 0x80)
			put(kt_span_of(with));
		put(kt_span_sub(s, i, 1));
	}
}

static void
blanks_between(struct kt_span s)
{
	between(s, " ");
}

static void
underscores_between(struct kt_span s)
{
	between(s, "_");
}

/* Marks above, below and across, on all that is ASCII but the last. */
static void
covered(struct kt_span s)
{
	static const uint32_t marks[] = { 0x336, 0x301, 0x317, 0x30a, 0x353 };

	for (size_t i = 0; i < s.len; i++) {
		put(kt_span_sub(s, i, 1));
		for (size_t k = 0; k < 2 + i % 2 && i + 1 < s.len &&
		     s.ptr[i] > ' ' && s.ptr[i] < 127; k++)
			put_cp(marks[(i + k) % KT_NELEMS(marks)]);
	}
}

static void
braille(struct kt_span s)
{
	static const uint8_t cell[26] = { 1, 3, 9, 25, 17, 11, 27, 19, 10, 26,
		5, 7, 13, 29, 21, 15, 31, 23, 14, 30, 37, 39, 58, 45, 61, 53 };

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c >= '0' && c <= '9') {
			put_cp(0x283c);
			put_cp(0x2800u + cell[c == '0' ? 9 : c - '1']);
		} else if ((c | 32) >= 'a' && (c | 32) <= 'z') {
			if (i > 0 && s.ptr[i - 1] >= '0' && s.ptr[i - 1] <= '9')
				put_cp(0x2830);
			if (c < 'a')
				put_cp(0x2820);
			put_cp(0x2800u + cell[(c | 32) - 'a']);
		} else if (c == ' ' || c == '-') {
			put_cp(c == ' ' ? 0x2800 : 0x2824);
		} else {
			put(kt_span_sub(s, i, 1));
		}
	}
}

/* Capitals in discs, and what selectors of variants carry. */
static void
selected(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z')
			put_cp(0x1f150u + (uint32_t)(s.ptr[i] - 'A'));
		else if (s.ptr[i] >= ' ' && s.ptr[i] < 127)
			put_cp(0xe0110u + (uint32_t)(s.ptr[i] - ' '));
		else
			put(kt_span_sub(s, i, 1));
}

static void
again(void (*outer)(struct kt_span), void (*inner)(struct kt_span),
    struct kt_span s)
{
	struct kt_buf first;

	inner(s);
	first = made;
	kt_buf_init(&made, 1u << 20);
	outer(kt_buf_span(&first));
	kt_buf_fini(&first);
}

static void
base64_twice(struct kt_span s)
{
	again(base64, base64, s);
}

static void
base64_of_percent(struct kt_span s)
{
	again(base64, percent, s);
}

static void
three_layers(struct kt_span s)
{
	struct kt_buf first;

	again(hex, look_alike, s);
	first = made;
	kt_buf_init(&made, 1u << 20);
	base64(kt_buf_span(&first));
	kt_buf_fini(&first);
}

static const struct disguise {
	const char *name;
	void (*put_on)(struct kt_span s);
	bool is_whole; /* the whole text wears it, or only the match */
	bool is_row; /* of which the first bytes may be a word */
	size_t letters; /* at least, of the first eight bytes */
} disguises[] = {
	{ "invisible characters", invisible, false },
	{ "full width", full_width, false },
	{ "full-width digits", full_width_digits, false },
	{ "look-alikes", look_alike, false },
	{ "\\u in the match", unicode_escapes, false },
	{ "percent in the match", percent, false },
	{ "entities of HTML", entities, true },
	{ "entities without their end", unclosed_entities, true },
	{ "code points", code_points, true },
	{ "octal", octal, true },
	{ "invisible characters everywhere", invisible, true },
	{ "full width everywhere", full_width, true },
	{ "full-width marks", full_width_marks, true },
	{ "wide blanks", wide_blanks, true },
	{ "look-alikes everywhere", look_alike, true },
	{ "flags and small capitals", flags_and_capitals, true },
	{ "\\u everywhere", unicode_escapes, true },
	{ "JSON in JSON", json_in_json, true },
	{ "percent", percent, true },
	{ "names of HTML", named, true },
	{ "hex", hex, true }, { "0x and hex", hex_literal, true },
	{ "base64", base64, true },
	{ "base64 of UTF-16", base64_wide, true },
	{ "base32", base32, true },
	{ "quoted-printable", quoted, true, true },
	{ "blanks between", blanks_between, true, true, 3 },
	{ "underscores between", underscores_between, true, true, 3 },
	{ "marks on the match", covered, false },
	{ "marks everywhere", covered, true },
	{ "braille", braille, true },
	{ "discs and selectors", selected, true },
	{ "base64 twice", base64_twice, true },
	{ "percent in base64", base64_of_percent, true },
	{ "look-alikes in hex in base64", three_layers, true },
};

/* Rows of digits are tables, and those of marks are lines. */
static bool
suits(const struct disguise *how, struct kt_span text)
{
	size_t letters = 0;

	for (size_t i = 0; i < 8 && i < text.len; i++)
		letters += (text.ptr[i] | 32) >= 'a' && (text.ptr[i] | 32) <= 'z';
	return letters >= how->letters;
}

static void
wear(const struct disguise *how, struct kt_span text, size_t start, size_t end)
{
	kt_buf_reset(&made);
	if (how->is_whole) {
		how->put_on(text);
		return;
	}
	/* The match only: what it is called stays in the clear. */
	put(kt_span_sub(text, 0, start));
	how->put_on(kt_span_sub(text, start, end - start));
	put(kt_span_sub(text, end, text.len));
}

#endif

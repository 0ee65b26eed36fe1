/*
 * address - e-mail, telephone and network addresses.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Code is full of strings that look like these: name@version, 1.2.3.4 as a
 * version, ::1 as the host itself.  What the pattern cannot exclude, these do.
 */
#include "detect/detect_priv.h"

static bool
ends_with_any(struct kt_span s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(words[i]);

		if (s.len >= len &&
		    kt_span_caseeq(
			kt_span_sub(s, s.len - len, len), kt_span_of(words[i])))
			return true;
	}
	return false;
}

bool
kt_detect_is_email(struct kt_span s)
{
	/* Files (icon@2x.png) and hosts of code (git@github.com:...). */
	static const char *const not_tld[] = { ".png", ".jpg", ".jpeg", ".gif",
		".svg", ".webp", ".js", ".ts", ".tsx", ".jsx", ".json", ".css",
		".html", ".py", ".rb", ".go", ".rs", ".java", ".md", ".lock",
		".service", ".target", ".socket", ".timer", ".map" };
	size_t at = kt_span_find(s, '@');
	struct kt_span local = kt_span_sub(s, 0, at);

	if (at == 0 || at > 64 || at + 4 > s.len)
		return false;
	if (s.ptr[0] == '.' || s.ptr[at - 1] == '.' || s.ptr[at + 1] == '.' ||
	    s.ptr[at + 1] == '-')
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (s.ptr[i] == '.' && s.ptr[i - 1] == '.')
			return false;
	if (kt_span_eq(local, KT_SPAN("git")))
		return false;
	return !ends_with_any(s, not_tld, KT_NELEMS(not_tld));
}

/* What is dialled, without an extension and the word in front of it. */
static struct kt_span
without_extension(struct kt_span s)
{
	size_t n = 0;

	while (n < s.len && kt_detect_kind(s.ptr[n]) != KT_DETECT_LETTER)
		n++;
	return kt_span_sub(s, 0, n);
}

/* North American: area and exchange begin with 2 to 9.  In front may stand 1,
   001, or the two digits of another country, which the pattern sees to. */
bool
kt_detect_is_phone(struct kt_span s)
{
	uint8_t d[16];
	size_t n = kt_detect_digits(without_extension(s), d, 15), at;

	if (n != 10 && !(n == 11 && d[0] == 1) && !(n == 12 && d[0] > 1) &&
	    !(n == 13 && d[0] == 0))
		return false;
	at = n - 10;
	if (d[at] < 2 || d[at + 3] < 2)
		return false;
	return !(d[at + 1] == 1 && d[at + 2] == 1);
}

bool
kt_detect_is_phone_international(struct kt_span s)
{
	uint8_t d[16];
	size_t n = kt_detect_digits(without_extension(s), d, 15);

	if (n < 8 || n > 15 || d[0] == 0)
		return false;
	return !kt_detect_all_same(d, n);
}

/* Without the country: as long as such numbers are, and no date. */
bool
kt_detect_is_phone_local(struct kt_span s)
{
	uint8_t d[20];
	size_t n = kt_detect_digits(without_extension(s), d, 19), strokes = 0;

	for (size_t i = 0; i < s.len; i++)
		strokes += s.ptr[i] == '/';
	if (n < 7 || n > (d[0] == 0 ? 15 : 13) || strokes > 1)
		return false;
	/* 2024-01-15, 15.01.2024 */
	if (n == 8 &&
	    ((d[0] * 10u + d[1] == 20 || d[0] * 10u + d[1] == 19) ||
		d[4] * 10u + d[5] == 20 || d[4] * 10u + d[5] == 19))
		return false;
	return !kt_detect_all_same(d, n);
}

bool
kt_detect_is_ipv4(struct kt_span s)
{
	unsigned part[4] = { 0 }, n = 0;
	size_t digits = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '.') {
			if (digits == 0 || ++n > 3)
				return false;
			digits = 0;
			continue;
		}
		if (c < '0' || c > '9' || ++digits > 3 ||
		    (digits == 2 && part[n] == 0))
			return false;
		part[n] = part[n] * 10 + (unsigned)(c - '0');
		if (part[n] > 255)
			return false;
	}
	if (n != 3 || digits == 0)
		return false;
	/* Hosts and masks identify nobody; x.0.0.y is mostly a version. */
	return part[0] != 0 && part[0] != 127 && part[0] != 255 &&
	    !(part[1] == 0 && part[2] == 0 && part[0] < 10);
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* Begins as the ranges in use do: 2000::/3, fe80::/10, fc00::/7, ff00::/8. */
static bool
is_ipv6_range(struct kt_span s)
{
	char a = s.len > 4 ? s.ptr[0] | 32 : 0, b = s.len > 4 ? s.ptr[1] | 32 : 0;

	return s.len > 4 && s.ptr[4] == ':' &&
	    (a == ('2' | 32) || a == ('3' | 32) ||
	        (a == 'f' && (b == 'e' || b == 'c' || b == 'd' || b == 'f')));
}

/* What stands before a zone or the length of a prefix. */
static struct kt_span
without_suffix(struct kt_span s)
{
	size_t n = kt_span_find(s, '%'), m = kt_span_find(s, '/');

	return kt_span_sub(s, 0, n < m ? n : m);
}

/* The last 32 bits as IPv4 writes them count as two groups: "::ffff:0:0". */
static size_t
find_ipv4(struct kt_span s)
{
	size_t at = s.len;

	if (kt_span_find(s, '.') == s.len)
		return s.len;
	while (at > 0 && s.ptr[at - 1] != ':')
		at--;
	return at;
}

static bool
is_quad(struct kt_span s)
{
	unsigned v = 0, n = 0;

	for (size_t i = 0; i < s.len; i++) {
		v = s.ptr[i] == '.' ? 0 : v * 10 + (unsigned)(s.ptr[i] - '0');
		n += s.ptr[i] == '.';
		if (v > 255)
			return false;
	}
	return n == 3;
}

bool
kt_detect_is_ipv6(struct kt_span s)
{
	size_t groups = 0, digits = 0, letters = 0, gaps = 0, hex = 0, v4;

	s = without_suffix(s);
	v4 = find_ipv4(s);
	if (v4 < s.len && !is_quad(kt_span_sub(s, v4, s.len - v4)))
		return false;
	for (size_t i = 0; i < v4; i++) {
		char c = s.ptr[i];

		if (c == ':') {
			if (i + 1 < s.len && s.ptr[i + 1] == ':') {
				gaps++;
				if (i + 2 < s.len && s.ptr[i + 2] == ':')
					return false;
			}
			groups += digits > 0;
			digits = 0;
			continue;
		}
		if (!is_hex(c))
			return false;
		letters += c > '9';
		hex++;
		if (++digits > 4)
			return false;
	}
	groups += digits > 0;
	if (v4 < s.len)
		return gaps + (groups == 6) == 1 && groups <= 6;
	if (gaps > 1 || groups > 8 || (gaps == 0 && groups != 8))
		return false;
	if (s.len > 1 && s.ptr[s.len - 1] == ':' && s.ptr[s.len - 2] != ':')
		return false;
	/* A::B is code, 12::34 a time: an address says more than that. */
	return (groups >= 3 && hex >= 6 && (letters > 0 || groups > 3)) ||
	    (groups >= 2 && gaps == 1 && is_ipv6_range(s) &&
	        (letters > 0 || hex >= 6));
}

/* Of a network card: neither the one for all nor that for none. */
bool
kt_detect_is_mac_plain(struct kt_span s)
{
	size_t n = 0, same = 0;
	char first = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (!is_hex(s.ptr[i]))
			continue;
		first = n == 0 ? s.ptr[i] : first;
		same += s.ptr[i] == first;
		n++;
	}
	return n == 12 && same < n;
}

/* Digits alone are dates and versions, unless colons stand between them. */
bool
kt_detect_is_mac(struct kt_span s)
{
	size_t digits = 0, letters = 0;

	for (size_t i = 0; i < s.len; i++) {
		digits += s.ptr[i] >= '0' && s.ptr[i] <= '9';
		letters += (s.ptr[i] | 32) >= 'a' && (s.ptr[i] | 32) <= 'f';
	}
	return kt_detect_is_mac_plain(s) &&
	    (letters > 0 || kt_span_find(s, ':') < s.len) &&
	    (digits > 0 || kt_span_find(s, '.') == s.len);
}

static bool
is_toll_free(struct kt_span s)
{
	uint8_t d[16];
	size_t n = kt_detect_digits(without_extension(s), d, 15);
	const uint8_t *area = n == 11 && d[0] == 1 ? d + 1 : d;

	if (n != 10 && n != 11)
		return false;
	return area[0] == 8 && (area[1] == 0 ? area[2] == 0
	                                     : area[1] == area[2] && area[1] > 1);
}

/* A line or a mailbox of a firm: whoever is talked of, it is not who is
   reached there. */
bool
kt_detect_reaches_a_firm(struct kt_span s)
{
	static const char *const roles[] = { "press", "media", "info",
		"contact", "support", "help", "helpdesk", "sales", "office",
		"service", "kontakt", "presse", "contacto", "prensa", "editor",
		"webmaster", "postmaster", "noreply", "no-reply", "newsletter" };
	struct kt_span local = kt_span_sub(s, 0, kt_span_find(s, '@'));

	if (local.len == s.len)
		return is_toll_free(s);
	for (size_t i = 0; i < KT_NELEMS(roles); i++)
		if (kt_span_caseeq(local, kt_span_of(roles[i])))
			return true;
	return false;
}

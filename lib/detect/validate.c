/*
 * validate - numbers on cards and accounts, tokens, and addresses.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A validator sees the span only and answers yes or no: no state, no order
 * between them.  What a pattern can say cheaply is said there; here is only
 * what needs arithmetic or a list.
 */
#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>

#include "detect/detect_priv.h"

static const struct {
	const char *name;
	kt_detect_validator_fn fn;
} validators[] = {
#define KT_VALIDATOR(name, fn) { name, fn },
#include "detect/validators.def"
};

kt_detect_validator_fn
kt_detect_validator(const char *name)
{
	for (size_t i = 0; i < KT_NELEMS(validators); i++)
		if (strcmp(validators[i].name, name) == 0)
			return validators[i].fn;
	return NULL;
}

bool
kt_detect_validator_exists(const char *name)
{
	return kt_detect_validator(name) != NULL;
}

bool
kt_detect_is_luhn(struct kt_span s)
{
	uint8_t d[32];
	size_t n = kt_detect_digits(s, d, sizeof(d));

	return n <= sizeof(d) && kt_detect_luhn(d, n);
}

/* Issuer ranges: first digits from lo to hi, and the lengths they have. */
static const struct {
	uint16_t lo, hi;
	uint8_t min, max;
} issuers[] = {
	{ 1800, 1800, 15, 15 }, /* JCB */
	{ 2131, 2131, 15, 15 },
	{ 2200, 2205, 16, 19 }, /* Mir, Borica */
	{ 2221, 2720, 16, 16 }, /* Mastercard */
	{ 3000, 3059, 14, 19 }, /* Diners */
	{ 3095, 3095, 14, 19 },
	{ 3400, 3499, 15, 15 }, /* American Express */
	{ 3528, 3589, 16, 19 }, /* JCB */
	{ 3600, 3699, 14, 19 }, /* Diners */
	{ 3700, 3799, 15, 15 },
	{ 3800, 3999, 14, 19 },
	{ 4000, 4999, 13, 19 }, /* Visa */
	{ 5018, 5018, 12, 19 }, /* Maestro */
	{ 5019, 5019, 16, 16 }, /* Dankort */
	{ 5020, 5020, 12, 19 },
	{ 5038, 5038, 12, 19 },
	{ 5041, 5041, 16, 16 }, /* Elo */
	{ 5060, 5067, 16, 19 }, /* Verve, Elo */
	{ 5078, 5090, 16, 19 }, /* Verve, RuPay, Elo */
	{ 5100, 5599, 16, 16 },
	{ 5612, 5612, 12, 19 },
	{ 5817, 5899, 12, 19 },
	{ 6011, 6011, 16, 19 }, /* Discover */
	{ 6060, 6089, 16, 16 }, /* Hipercard, RuPay */
	{ 6200, 6299, 16, 19 }, /* UnionPay, Elo */
	{ 6304, 6304, 12, 19 },
	{ 6362, 6363, 16, 16 }, /* Elo */
	{ 6370, 6390, 12, 19 }, /* InstaPayment, Maestro */
	{ 6440, 6599, 16, 19 }, /* Discover, Troy, RuPay, Verve */
	{ 6759, 6773, 12, 19 },
	{ 8100, 8299, 16, 19 }, /* UnionPay, RuPay */
	{ 8600, 8600, 16, 16 }, /* Uzcard */
	{ 9704, 9704, 16, 19 }, /* Napas */
	{ 9792, 9792, 16, 16 }, /* Troy */
	{ 9860, 9860, 16, 16 }, /* Humo */
};

/* Of any issuer: as long as they are, and the check digit. */
bool
kt_detect_is_card_number(struct kt_span s)
{
	uint8_t d[20];
	size_t n = kt_detect_digits(s, d, 19), same = 1;

	while (same < n && same < 19 && d[same] == d[0])
		same++;
	return n >= 12 && n <= 19 && same < n && kt_detect_luhn(d, n);
}

static unsigned
four(const uint8_t *d)
{
	return d[0] * 1000u + d[1] * 100u + d[2] * 10u + d[3];
}

/* "5430 5431 5432 5433": a row of numbers, as tables of characters have. */
static bool
climbs(const uint8_t *d, size_t n)
{
	for (size_t i = 4; i + 4 <= n; i += 4)
		if (four(d + i) - four(d + i - 4) - 1 > 15)
			return false;
	return n == 16;
}

bool
kt_detect_is_card(struct kt_span s)
{
	uint8_t d[20];
	size_t n = kt_detect_digits(s, d, 19);
	unsigned head;

	if (!kt_detect_is_card_number(s) || climbs(d, n))
		return false;
	head = four(d);
	for (size_t i = 0; i < KT_NELEMS(issuers); i++)
		if (head >= issuers[i].lo && head <= issuers[i].hi &&
		    n >= issuers[i].min && n <= issuers[i].max)
			return true;
	return false;
}

/* "CCnn": the country, and its length in all. */
static const char iban_lengths[] =
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 "
    "CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 "
    "GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 "
    "KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 "
    "MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 "
    "RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 "
    "UA29 VA22 VG24 XK20 YE30 ";

static unsigned
iban_length(const char *country)
{
	for (const char *p = iban_lengths; *p != '\0'; p += 5)
		if (p[0] == country[0] && p[1] == country[1])
			return (unsigned)(p[2] - '0') * 10 +
			    (unsigned)(p[3] - '0');
	return 0;
}

/* 0..35 for a digit or letter of either case, or -1. */
static int
value36(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	return -1;
}

bool
kt_detect_is_iban(struct kt_span s)
{
	char plain[40];
	size_t n = 0;
	unsigned rest = 0;
	bool has_small = false, has_great = false;

	for (size_t i = 0; i < s.len; i++) {
		int v = value36(s.ptr[i]);

		if (v < 0)
			continue;
		has_small |= s.ptr[i] >= 'a';
		has_great |= v > 9 && s.ptr[i] < 'a';
		if (n == sizeof(plain))
			return false;
		plain[n++] = (char)(v < 10 ? '0' + v : 'A' + v - 10);
	}
	if (n < 15 || n != iban_length(plain) || (has_small && has_great))
		return false;
	for (size_t i = 0; i < n; i++) {
		int v = value36(plain[(i + 4) % n]);

		rest = (rest * (v < 10 ? 10u : 100u) + (unsigned)v) % 97;
	}
	return rest == 1;
}

bool
kt_detect_is_aba_routing(struct kt_span s)
{
	uint8_t d[9];

	if (kt_detect_digits(s, d, 9) != 9 || d[0] > 3)
		return false;
	return (3 * (d[0] + d[3] + d[6]) + 7 * (d[1] + d[4] + d[7]) + d[2] +
		   d[5] + d[8]) %
		10 ==
	    0 &&
	    (d[0] | d[1] | d[2] | d[3]);
}

bool
kt_detect_is_us_npi(struct kt_span s)
{
	uint8_t d[15] = { 8, 0, 8, 4, 0 };

	return kt_detect_digits(s, d + 5, 10) == 10 &&
	    (d[5] == 1 || d[5] == 2) && !kt_detect_all_same(d + 5, 9) &&
	    kt_detect_luhn(d, 15);
}

/* Base 58: 25 bytes, the last four begin the hash of the hash of the rest. */
static bool
is_base58_checked(struct kt_span s)
{
	static const char of[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
				 "abcdefghijkmnopqrstuvwxyz";
	uint8_t n[25] = { 0 }, hash[32];

	for (size_t i = 0; i < s.len; i++) {
		const char *at = memchr(of, s.ptr[i], 58);
		unsigned carry;

		if (at == NULL)
			return false;
		carry = (unsigned)(at - of);
		for (size_t k = sizeof(n); k > 0; k--, carry >>= 8) {
			carry += n[k - 1] * 58u;
			n[k - 1] = (uint8_t)carry;
		}
		if (carry != 0)
			return false;
	}
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, n, 21, hash) == 0 &&
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, hash, 32, hash) == 0 &&
	    memcmp(hash, n + 21, 4) == 0;
}

/* BIP 173 and BIP 350: a polynomial over 32 values. */
static bool
is_bech32_checked(struct kt_span s)
{
	static const char of[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	static const uint32_t turn[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
		0x3d4233dd, 0x2a1462b3 };
	/* What "bc" and its end begin with. */
	static const uint8_t head[] = { 3, 3, 0, 2, 3 };
	uint32_t sum = 1;

	for (size_t i = 3; i < s.len + 5; i++) {
		const char *at = i < 8 ? of : memchr(of, s.ptr[i - 5], 32);
		uint32_t v = i < 8 ? head[i - 3] : 0, top = sum >> 25;

		if (at == NULL)
			return false;
		v += (uint32_t)(at - of);
		sum = (sum & 0x1ffffff) << 5 ^ v;
		for (size_t k = 0; k < KT_NELEMS(turn); k++)
			sum ^= top >> k & 1 ? turn[k] : 0;
	}
	return sum == 1 || sum == 0x2bc830a3;
}

bool
kt_detect_is_bitcoin(struct kt_span s)
{
	return s.len > 8 &&
	    (s.ptr[0] == 'b' ? is_bech32_checked(s) : is_base58_checked(s));
}

static void
count_kinds(struct kt_span s, size_t *digits, size_t *lower, size_t *upper)
{
	*digits = *lower = *upper = 0;
	for (size_t i = 0; i < s.len; i++) {
		*digits += s.ptr[i] >= '0' && s.ptr[i] <= '9';
		*lower += s.ptr[i] >= 'a' && s.ptr[i] <= 'z';
		*upper += s.ptr[i] >= 'A' && s.ptr[i] <= 'Z';
	}
}

/* Letters and digits: no word, no name, no plain number. */
bool
kt_detect_is_mixed(struct kt_span s)
{
	size_t digits, lower, upper;

	count_kinds(s, &digits, &lower, &upper);
	return digits > 0 && lower + upper > 0;
}

/* CRC-32 of IEEE 802.3, bit by bit: tokens are short. */
static uint32_t
crc32_of(struct kt_span s)
{
	uint32_t crc = ~(uint32_t)0;

	for (size_t i = 0; i < s.len; i++) {
		crc ^= (uint8_t)s.ptr[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
	}
	return ~crc;
}

/* GitHub and npm: six base 62 digits of the CRC of what is behind '_'. */
bool
kt_detect_is_crc32_base62(struct kt_span s)
{
	static const char digit[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz";
	size_t at = kt_span_find(s, '_') + 1;
	uint32_t crc;

	if (at >= s.len || s.len - at <= 6)
		return false;
	crc = crc32_of(kt_span_sub(s, at, s.len - at - 6));
	for (size_t i = 0; i < 6; i++, crc /= 62)
		if (s.ptr[s.len - 1 - i] != digit[crc % 62])
			return false;
	return true;
}

/* GitLab: the last seven are the CRC of all before them, to the base 36. */
bool
kt_detect_is_crc32_base36(struct kt_span s)
{
	static const char digit[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint32_t crc;

	if (s.len < 8)
		return false;
	crc = crc32_of(kt_span_sub(s, 0, s.len - 7));
	for (size_t i = 0; i < 7; i++, crc /= 36)
		if (s.ptr[s.len - 1 - i] != digit[crc % 36])
			return false;
	return true;
}

/* Grafana: behind the last '_', in hexadecimal from its lowest byte on, the CRC
   of what is before that. */
bool
kt_detect_is_crc32_hex(struct kt_span s)
{
	static const char digit[] = "0123456789abcdef";
	uint32_t crc;

	if (s.len < 10 || s.ptr[s.len - 9] != '_')
		return false;
	crc = crc32_of(kt_span_sub(s, 0, s.len - 9));
	for (size_t i = s.len - 8; i < s.len; i += 2, crc >>= 8)
		if (s.ptr[i] != digit[crc >> 4 & 15] ||
		    s.ptr[i + 1] != digit[crc & 15])
			return false;
	return true;
}

/* "eyJ" is base64 of {" : the header says an algorithm, "alg" or "typ". */
bool
kt_detect_is_jwt(struct kt_span s)
{
	char head[96];
	size_t n = 0;
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < s.len && s.ptr[i] != '.' && n < sizeof(head);
	     i++) {
		char c = s.ptr[i];
		int v = c >= 'A' && c <= 'Z' ? c - 'A'
		    : c >= 'a' && c <= 'z'   ? c - 'a' + 26
		    : c >= '0' && c <= '9'   ? c - '0' + 52
		    : c == '-' || c == '+'   ? 62
		    : c == '_' || c == '/'   ? 63
					     : -1;

		if (v < 0)
			break;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			head[n++] = (char)(bits >> have & 0xff);
		}
	}
	return kt_detect_contains((struct kt_span){ head, n }, "\"alg\"") ||
	    kt_detect_contains((struct kt_span){ head, n }, "\"typ\"") ||
	    kt_detect_contains((struct kt_span){ head, n }, "\"enc\"") ||
	    kt_detect_contains((struct kt_span){ head, n }, "\"kid\"");
}

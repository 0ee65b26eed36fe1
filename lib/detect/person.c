/*
 * person - national numbers of people, each with the check its state uses.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One function per country, flat: the rules share arithmetic but not reasons,
 * and each has to be read beside its own specification.
 */
#include "detect/detect_priv.h"
#include "detect/person_priv.h"

bool
kt_detect_is_us_ssn(struct kt_span s)
{
	/* Published in advertisements and manuals. */
	static const uint32_t known[] = { 78051120, 219099999, 123456789,
		111111111, 222222222, 333333333, 444444444, 555555555,
		777777777, 888888888, 987654321, 123121234 };
	uint8_t d[9];
	uint32_t v = 0;

	if (kt_detect_digits(s, d, 9) != 9)
		return false;
	for (size_t i = 0; i < 9; i++)
		v = v * 10 + d[i];
	for (size_t i = 0; i < KT_NELEMS(known); i++)
		if (v == known[i])
			return false;
	return v / 1000000 != 0 && v / 1000000 != 666 && v / 1000000 < 900 &&
	    v / 10000 % 100 != 0 && v % 10000 != 0;
}

bool
kt_detect_is_us_itin(struct kt_span s)
{
	uint8_t d[9];
	unsigned group;

	if (kt_detect_digits(s, d, 9) != 9 || d[0] != 9)
		return false;
	group = d[3] * 10u + d[4];
	return (group >= 50 && group <= 65) || (group >= 70 && group <= 88) ||
	    (group >= 90 && group <= 92) || (group >= 94 && group <= 99);
}

bool
kt_detect_is_uk_nhs(struct kt_span s)
{
	static const uint8_t w[] = { 10, 9, 8, 7, 6, 5, 4, 3, 2 };
	uint8_t d[10];
	unsigned check;

	if (kt_detect_digits(s, d, 10) != 10 || kt_detect_all_same(d, 10))
		return false;
	check = (11 - kt_detect_weigh(d, w, 9) % 11) % 11;
	return check == d[9];
}

bool
kt_detect_is_nl_bsn(struct kt_span s)
{
	static const uint8_t w[] = { 9, 8, 7, 6, 5, 4, 3, 2 };
	uint8_t d[9];

	if (kt_detect_digits(s, d, 9) != 9 || kt_detect_all_same(d, 9))
		return false;
	return (kt_detect_weigh(d, w, 8) + 11u - d[8]) % 11 == 0;
}

/* DNI and NIE: the letter is the number modulo 23. */
bool
kt_detect_is_es_nif(struct kt_span s)
{
	static const char letter[] = "TRWAGMYFPDXBNJZSQVHLCKE";
	uint8_t d[9];
	uint32_t v = 0;
	size_t n;
	char first = s.len > 0 ? kt_detect_upper(s.ptr[0]) : 0;

	n = kt_detect_digits(s, d, 8);
	if (first >= 'X' && first <= 'Z') {
		if (n != 7)
			return false;
		v = (uint32_t)(first - 'X');
	} else if (n != 8 && n != 7) { /* a zero in front may be left out */
		return false;
	}
	for (size_t i = 0; i < n; i++)
		v = v * 10 + d[i];
	return v > 0 && letter[v % 23] == kt_detect_upper(s.ptr[s.len - 1]);
}

bool
kt_detect_is_it_codice_fiscale(struct kt_span s)
{
	static const uint8_t odd[] = { 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4,
		18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23 };
	unsigned sum = 0;

	if (s.len != 16)
		return false;
	for (size_t i = 0; i < 15; i++) {
		char c = kt_detect_upper(s.ptr[i]);
		bool is_digit = c >= '0' && c <= '9';
		unsigned v;

		if (!is_digit && (c < 'A' || c > 'Z'))
			return false;
		v = (unsigned)(c - (is_digit ? '0' : 'A'));
		sum += i % 2 == 0 ? odd[v] : v;
	}
	return (char)('A' + sum % 26) == kt_detect_upper(s.ptr[15]);
}

bool
kt_detect_is_pl_pesel(struct kt_span s)
{
	static const uint8_t w[] = { 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1 };
	uint8_t d[11];

	if (kt_detect_digits(s, d, 11) != 11)
		return false;
	return kt_detect_is_day(d[4] * 10u + d[5], (d[2] * 10u + d[3]) % 20) &&
	    kt_detect_weigh(d, w, 11) % 10 == 0;
}

/* ISO 7064 modulo 11, 10.  Of the first ten digits none is there more than
   three times; that one is twice is left out, as numbers that were made up for
   a text have the check digit right and hardly more. */
bool
kt_detect_is_de_steuer_id(struct kt_span s)
{
	uint8_t d[11], times[10] = { 0 };

	if (kt_detect_digits(s, d, 11) != 11 || d[0] == 0)
		return false;
	for (size_t i = 0; i < 10; i++)
		if (++times[d[i]] > 3)
			return false;
	return kt_detect_is_mod11_10(d, 11);
}

bool
kt_detect_is_fr_nir(struct kt_span s)
{
	uint64_t v = 0;
	unsigned key;
	size_t n = 0, at = 0;

	/* Corsica writes 2A and 2B; they count as 19 and 18. */
	for (; at < s.len && n < 13; at++) {
		char c = kt_detect_upper(s.ptr[at]);

		if (c >= '0' && c <= '9')
			v = v * 10 + (uint64_t)(c - '0');
		else if (n == 6 && (c == 'A' || c == 'B'))
			v = (v - 2) * 10 + (c == 'A' ? 19 : 18);
		else
			continue;
		n++;
	}
	if (n != 13)
		return false;
	uint8_t d[2];
	if (kt_detect_digits(kt_span_sub(s, at, s.len - at), d, 2) != 2)
		return false;
	key = d[0] * 10u + d[1];
	return key == 97 - (unsigned)(v % 97);
}

bool
kt_detect_is_br_cpf(struct kt_span s)
{
	static const uint8_t w[] = { 11, 10, 9, 8, 7, 6, 5, 4, 3, 2 };
	uint8_t d[11];
	unsigned a, b;

	if (kt_detect_digits(s, d, 11) != 11 || kt_detect_all_same(d, 11))
		return false;
	a = kt_detect_weigh(d, w + 1, 9) * 10 % 11 % 10;
	b = kt_detect_weigh(d, w, 10) * 10 % 11 % 10;
	return a == d[9] && b == d[10];
}

bool
kt_detect_is_ca_sin(struct kt_span s)
{
	uint8_t d[9];

	return kt_detect_digits(s, d, 9) == 9 && d[0] != 0 && d[0] != 8 &&
	    !kt_detect_all_same(d, 9) && kt_detect_luhn(d, 9);
}

/* The dihedral group of ten elements catches every swap of neighbours. */
bool
kt_detect_is_in_aadhaar(struct kt_span s)
{
	static const uint8_t turn[8][10] = {
		{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 },
		{ 1, 5, 7, 6, 2, 8, 3, 0, 9, 4 },
		{ 5, 8, 0, 3, 7, 9, 6, 1, 4, 2 },
		{ 8, 9, 1, 6, 0, 4, 3, 5, 2, 7 },
		{ 9, 4, 5, 3, 1, 2, 6, 8, 7, 0 },
		{ 4, 2, 8, 6, 5, 7, 3, 9, 0, 1 },
		{ 2, 7, 9, 3, 8, 0, 6, 4, 1, 5 },
		{ 7, 0, 4, 6, 9, 1, 3, 2, 5, 8 },
	};
	uint8_t d[12];
	unsigned c = 0;

	if (kt_detect_digits(s, d, 12) != 12 || d[0] < 2 || kt_detect_all_same(d, 12))
		return false;
	for (size_t i = 0; i < 12; i++) {
		unsigned x = turn[i % 8][d[11 - i]];

		if (c < 5)
			c = x < 5 ? (c + x) % 5 : 5 + (c + x) % 5;
		else
			c = x < 5 ? 5 + (c - x) % 5 : (c + 5 - x) % 5;
	}
	return c == 0;
}

bool
kt_detect_is_fi_hetu(struct kt_span s)
{
	static const char check[] = "0123456789ABCDEFHJKLMNPRSTUVWXY";
	uint8_t d[9];
	uint32_t v = 0;

	if (s.len != 11 || kt_detect_digits(kt_span_sub(s, 0, 10), d, 9) != 9)
		return false;
	for (size_t i = 0; i < 9; i++)
		v = v * 10 + d[i];
	return kt_detect_is_day(d[0] * 10u + d[1], d[2] * 10u + d[3]) && v % 1000 >= 2 &&
	    check[v % 31] == kt_detect_upper(s.ptr[10]);
}

bool
kt_detect_is_se_personnummer(struct kt_span s)
{
	uint8_t d[12];
	size_t n = kt_detect_digits(s, d, 12), at;
	unsigned day;

	if (n != 10 && n != 12)
		return false;
	at = n - 10;
	day = d[at + 4] * 10u + d[at + 5];
	return kt_detect_is_day(day > 60 ? day - 60 : day, d[at + 2] * 10u + d[at + 3]) &&
	    kt_detect_luhn(d + at, 10);
}

bool
kt_detect_is_tr_kimlik(struct kt_span s)
{
	uint8_t d[11];
	unsigned odd, even, sum = 0;

	if (kt_detect_digits(s, d, 11) != 11 || d[0] == 0)
		return false;
	odd = d[0] + d[2] + d[4] + d[6] + d[8];
	even = d[1] + d[3] + d[5] + d[7];
	for (size_t i = 0; i < 10; i++)
		sum += d[i];
	return (odd * 7 + 100 - even) % 10 == d[9] && sum % 10 == d[10];
}

bool
kt_detect_is_kr_rrn(struct kt_span s)
{
	static const uint8_t w[] = { 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5 };
	uint8_t d[13];
	unsigned check;

	if (kt_detect_digits(s, d, 13) != 13 ||
	    !kt_detect_is_day(d[4] * 10u + d[5], d[2] * 10u + d[3]))
		return false;
	check = (11 - kt_detect_weigh(d, w, 12) % 11) % 10;
	/* Foreigners' numbers (gender 5 to 8) count two more. */
	if (d[6] >= 5 && d[6] <= 8)
		return (check + 2) % 10 == d[12] || check == d[12];
	return check == d[12];
}

bool
kt_detect_is_sg_nric(struct kt_span s)
{
	static const uint8_t w[] = { 2, 7, 6, 5, 4, 3, 2 };
	uint8_t d[7];
	unsigned sum;
	char first, last;

	if (s.len != 9 || kt_detect_digits(s, d, 7) != 7)
		return false;
	first = kt_detect_upper(s.ptr[0]);
	last = kt_detect_upper(s.ptr[8]);
	sum = kt_detect_weigh(d, w, 7) + (first == 'T' || first == 'G' ? 4 : 0);
	switch (first) {
	case 'S':
	case 'T':
		return "JZIHGFEDCBA"[sum % 11] == last;
	case 'F':
	case 'G':
		return "XWUTRQPNMLK"[sum % 11] == last;
	case 'M':
		return "KLJNPQRTUWX"[10 - (sum + 3) % 11] == last;
	default:
		return false;
	}
}

bool
kt_detect_is_th_tnin(struct kt_span s)
{
	static const uint8_t w[] = { 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2 };
	uint8_t d[13];

	/* Behind the first digit stands a province: 10 to 96. */
	return kt_detect_digits(s, d, 13) == 13 && d[0] > 0 && d[0] < 9 &&
	    kt_detect_pair(d + 1) >= 10 && kt_detect_pair(d + 1) <= 96 &&
	    (11 - kt_detect_weigh(d, w, 12) % 11) % 10 == d[12];
}

bool
kt_detect_is_za_id(struct kt_span s)
{
	uint8_t d[13];

	return kt_detect_digits(s, d, 13) == 13 && d[10] < 3 &&
	    kt_detect_is_day(d[4] * 10u + d[5], d[2] * 10u + d[3]) &&
	    kt_detect_luhn(d, 13);
}

bool
kt_detect_is_au_tfn(struct kt_span s)
{
	static const uint8_t w[] = { 1, 4, 3, 7, 5, 8, 6, 9, 10 };
	uint8_t d[9];

	return kt_detect_digits(s, d, 9) == 9 && !kt_detect_all_same(d, 9) &&
	    kt_detect_weigh(d, w, 9) % 11 == 0;
}

/* Eight digits, a check digit and the number of the card's issue. */
bool
kt_detect_is_au_medicare(struct kt_span s)
{
	static const uint8_t w[] = { 1, 3, 7, 9, 1, 3, 7, 9 };
	uint8_t d[10];

	return kt_detect_digits(s, d, 10) == 10 && kt_detect_weigh(d, w, 8) % 10 == d[8];
}

/* The sum of the digits of what the weights 1, 2, 1, 2 ... give. */
static unsigned
cross_sums(const uint8_t *d, const uint8_t *w, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned x = (unsigned)d[i] * w[i];

		sum += x / 10 + x % 10;
	}
	return sum;
}

/* A letter as its two digits, then the rest of the number. */
static bool
spell(struct kt_span s, size_t letter_at, uint8_t *d, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < s.len && out + 1 < n; i++) {
		char c = kt_detect_upper(s.ptr[i]);

		if (i == letter_at && c >= 'A' && c <= 'Z') {
			d[out++] = (uint8_t)((c - 'A' + 1) / 10);
			d[out++] = (uint8_t)((c - 'A' + 1) % 10);
		} else if (c >= '0' && c <= '9') {
			d[out++] = (uint8_t)(c - '0');
		} else {
			return false;
		}
	}
	return out + 1 == n;
}

/* Health insurance: a letter, eight digits, the check digit. */
bool
kt_detect_is_de_kvnr(struct kt_span s)
{
	static const uint8_t w[] = { 1, 2, 1, 2, 1, 2, 1, 2, 1, 2 };
	uint8_t d[11];

	return s.len == 10 && spell(kt_span_sub(s, 0, 9), 0, d, 11) &&
	    cross_sums(d, w, 10) % 10 == (unsigned)(s.ptr[9] - '0');
}

/* Pension insurance: area, birthday, a letter, serial, the check digit. */
bool
kt_detect_is_de_rvnr(struct kt_span s)
{
	static const uint8_t w[] = { 2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1 };
	uint8_t d[13];

	/* Who shares birthday and letter has a day that counts 50 more. */
	return s.len == 12 && spell(kt_span_sub(s, 0, 11), 8, d, 13) &&
	    kt_detect_is_day((d[2] * 10u + d[3]) % 50, d[4] * 10u + d[5]) &&
	    cross_sums(d, w, 12) % 10 == (unsigned)(s.ptr[11] - '0');
}

/* Passports and cards of identity: ICAO 9303, weights 7, 3, 1. */
bool
kt_detect_is_mrz_digit(struct kt_span s)
{
	static const uint8_t w[] = { 7, 3, 1 };
	unsigned sum = 0;

	for (size_t i = 0; i + 1 < s.len; i++) {
		char c = kt_detect_upper(s.ptr[i]);
		bool is_digit = c >= '0' && c <= '9';

		if (!is_digit && (c < 'A' || c > 'Z'))
			return false;
		sum += (unsigned)(is_digit ? c - '0' : c - 'A' + 10) * w[i % 3];
	}
	return s.len > 1 && sum % 10 == (unsigned)(s.ptr[s.len - 1] - '0');
}

/* Those who may prescribe: two sums of every other digit. */
bool
kt_detect_is_us_dea(struct kt_span s)
{
	uint8_t d[7];

	if (s.len < 9 ||
	    kt_detect_digits(kt_span_sub(s, 2, s.len - 2), d, 7) != 7)
		return false;
	return (d[0] + d[2] + d[4] + 2u * (d[1] + d[3] + d[5])) % 10 == d[6];
}

/* Somebody's licence, and not the day it was given or what it costs. */
bool
kt_detect_is_licence(struct kt_span s)
{
	uint8_t d[20];
	size_t n = kt_detect_digits(s, d, 19), bars = 0;
	bool has_letter = false;

	for (size_t i = 0; i < s.len; i++) {
		bars += s.ptr[i] == '-';
		has_letter |= kt_detect_upper(s.ptr[i]) >= 'A';
	}
	if (n == 8 && bars == 2 && !has_letter)
		return false;
	return n >= 5 && n <= 19;
}

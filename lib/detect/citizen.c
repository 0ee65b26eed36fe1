/*
 * citizen - numbers of persons of more states, most of them one weighted sum.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Beside person.c, which has those whose rules are longer; each function is
 * the rule that the state publishes, and nothing about where it is written.
 */
#include "detect/detect_priv.h"
#include "detect/person_priv.h"

/* From 2000 on a two stands before the nine digits. */
bool
kt_detect_is_be_national(struct kt_span s)
{
	uint8_t d[11];
	uint64_t v;
	unsigned check;

	if (!kt_detect_number(s, d, 11) || kt_detect_pair(d + 2) % 20 > 12 ||
	    kt_detect_pair(d + 4) > 31)
		return false;
	v = kt_detect_value(d, 9);
	check = kt_detect_pair(d + 9);
	return check == 97 - v % 97 ||
	    check == 97 - (v + UINT64_C(2000000000)) % 97;
}

/* Numbers given since 2007 need no check digit: the day has to exist. */
bool
kt_detect_is_dk_cpr(struct kt_span s)
{
	uint8_t d[10];

	return kt_detect_number(s, d, 10) &&
	    kt_detect_is_day(kt_detect_pair(d), kt_detect_pair(d + 2));
}

bool
kt_detect_is_no_fodselsnummer(struct kt_span s)
{
	static const uint8_t w[] = { 3, 7, 6, 1, 8, 9, 4, 5, 2 };
	static const uint8_t v[] = { 5, 4, 3, 2, 7, 6, 5, 4, 3, 2 };
	uint8_t d[11];
	unsigned day;

	if (!kt_detect_number(s, d, 11))
		return false;
	day = kt_detect_pair(d);
	return kt_detect_is_day(
	           day > 40 ? day - 40 : day, kt_detect_pair(d + 2) % 40) &&
	    kt_detect_fills(kt_detect_weigh(d, w, 9), 11) == d[9] &&
	    kt_detect_fills(kt_detect_weigh(d, v, 10), 11) == d[10];
}

/* ISO 7064 modulo 11, 2: the check character may be X. */
bool
kt_detect_is_cn_resident(struct kt_span s)
{
	static const uint8_t w[] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5,
		8, 4, 2 };
	uint8_t d[17];

	if (s.len != 18 || !kt_detect_number(kt_span_sub(s, 0, 17), d, 17) ||
	    d[0] == 0)
		return false;
	if (!kt_detect_is_day(kt_detect_pair(d + 12), kt_detect_pair(d + 10)) ||
	    kt_detect_pair(d + 6) < 18 || kt_detect_pair(d + 6) > 20)
		return false;
	return "10X98765432"[kt_detect_weigh(d, w, 17) % 11] ==
	    kt_detect_upper(s.ptr[17]);
}

/* As on articles in shops. */
static bool
is_ean(const uint8_t *d, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += d[n - 1 - i] * (i % 2 == 1 ? 3u : 1u);
	return sum % 10 == 0;
}

bool
kt_detect_is_ch_ahv(struct kt_span s)
{
	uint8_t d[13];

	return kt_detect_number(s, d, 13) &&
	    d[0] == 7 && d[1] == 5 && d[2] == 6 &&
	    is_ean(d, 13);
}

bool
kt_detect_is_pt_nif(struct kt_span s)
{
	static const uint8_t w[] = { 9, 8, 7, 6, 5, 4, 3, 2 };
	uint8_t d[9];
	unsigned check;

	if (!kt_detect_number(s, d, 9) || d[0] == 0 || d[0] == 4)
		return false;
	check = kt_detect_fills(kt_detect_weigh(d, w, 8), 11);
	return (check == 10 ? 0 : check) == d[8];
}

bool
kt_detect_is_at_svnr(struct kt_span s)
{
	static const uint8_t w[] = { 3, 7, 9, 0, 5, 8, 4, 2, 1, 6 };
	uint8_t d[10];

	return kt_detect_number(s, d, 10) && d[0] != 0 &&
	    kt_detect_is_day(kt_detect_pair(d + 4), kt_detect_pair(d + 6)) &&
	    kt_detect_weigh(d, w, 10) % 11 == d[3];
}

/* Seven digits, the check letter, and since 2013 another one. */
bool
kt_detect_is_ie_pps(struct kt_span s)
{
	static const uint8_t w[] = { 8, 7, 6, 5, 4, 3, 2 };
	uint8_t d[7];
	unsigned sum;
	char more;

	if (s.len < 8 || s.len > 9 ||
	    !kt_detect_number(kt_span_sub(s, 0, 7), d, 7))
		return false;
	sum = kt_detect_weigh(d, w, 7);
	more = s.len == 9 ? kt_detect_upper(s.ptr[8]) : 'W';
	if (more != 'W')
		sum += 9u * (unsigned)(more - 'A' + 1);
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23] == kt_detect_upper(s.ptr[7]);
}

/* Women's months count 50 more, and 20 more when a day has run out. */
bool
kt_detect_is_cz_rodne_cislo(struct kt_span s)
{
	uint8_t d[10];
	unsigned month;
	uint64_t nine;

	if (!kt_detect_number(s, d, 10))
		return false;
	month = kt_detect_pair(d + 2) % 50;
	if (!kt_detect_is_day(
	        kt_detect_pair(d + 4), month > 20 ? month - 20 : month))
		return false;
	nine = kt_detect_value(d, 9);
	return kt_detect_value(d, 10) % 11 == 0 ||
	    (nine % 11 == 10 && d[9] == 0);
}

bool
kt_detect_is_ro_cnp(struct kt_span s)
{
	static const uint8_t w[] = { 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9 };
	uint8_t d[13];
	unsigned check;

	if (!kt_detect_number(s, d, 13) || d[0] == 0 ||
	    !kt_detect_is_day(kt_detect_pair(d + 5), kt_detect_pair(d + 3)))
		return false;
	check = kt_detect_weigh(d, w, 12) % 11;
	return (check == 10 ? 1 : check) == d[12];
}

bool
kt_detect_is_bg_egn(struct kt_span s)
{
	static const uint8_t w[] = { 2, 4, 8, 5, 10, 9, 7, 3, 6 };
	uint8_t d[10];

	return kt_detect_number(s, d, 10) &&
	    kt_detect_is_day(
	        kt_detect_pair(d + 4), kt_detect_pair(d + 2) % 20) &&
	    kt_detect_weigh(d, w, 9) % 11 % 10 == d[9];
}

/* Greece: the birthday, then a serial number, then Luhn. */
bool
kt_detect_is_gr_amka(struct kt_span s)
{
	uint8_t d[11];

	return kt_detect_number(s, d, 11) &&
	    kt_detect_is_day(kt_detect_pair(d), kt_detect_pair(d + 2)) &&
	    kt_detect_luhn(d, 11);
}

bool
kt_detect_is_il_id(struct kt_span s)
{
	uint8_t d[9];

	return kt_detect_number(s, d, 9) && kt_detect_luhn(d, 9);
}

/* Mexico: letters of the name, birthday, sex, state, and a check digit. */
bool
kt_detect_is_mx_curp(struct kt_span s)
{
	/* N with tilde stands between N and O, where nobody writes it. */
	unsigned sum = 0;
	uint8_t d[6];

	if (s.len != 18 || !kt_detect_number(kt_span_sub(s, 4, 6), d, 6) ||
	    !kt_detect_is_day(kt_detect_pair(d + 4), kt_detect_pair(d + 2)))
		return false;
	for (size_t i = 0; i < 17; i++) {
		char c = kt_detect_upper(s.ptr[i]);
		unsigned v = c <= '9' ? (unsigned)(c - '0') :
		                        (unsigned)(c - 'A') + 10 + (c > 'N');

		sum += v * (18 - (unsigned)i);
	}
	return kt_detect_fills(sum, 10) == (unsigned)(s.ptr[17] - '0');
}

bool
kt_detect_is_cl_rut(struct kt_span s)
{
	uint8_t d[8];
	size_t n = kt_detect_digits(kt_span_sub(s, 0, s.len - 1), d, 8);
	unsigned sum = 0;

	if (n < 7 || n > 8 || kt_detect_all_same(d, n))
		return false;
	for (size_t i = 0; i < n; i++)
		sum += d[n - 1 - i] * (2 + (unsigned)i % 6);
	return "0123456789K"[kt_detect_fills(sum, 11)] ==
	    kt_detect_upper(s.ptr[s.len - 1]);
}

bool
kt_detect_is_ar_cuit(struct kt_span s)
{
	static const uint8_t w[] = { 5, 4, 3, 2, 7, 6, 5, 4, 3, 2 };
	uint8_t d[11];

	return kt_detect_number(s, d, 11) && (d[0] == 2 || d[0] == 3) &&
	    kt_detect_fills(kt_detect_weigh(d, w, 10), 11) == d[10];
}

/* A blank counts as 36, so that one letter or two make no difference. */
bool
kt_detect_is_hk_id(struct kt_span s)
{
	uint8_t d[6];
	size_t letters = 0, at;
	unsigned sum;
	char check;

	while (letters < s.len && kt_detect_upper(s.ptr[letters]) >= 'A')
		letters++;
	if (letters < 1 || letters > 2 ||
	    kt_detect_digits(kt_span_sub(s, letters, 6), d, 6) != 6)
		return false;
	sum = letters == 2
	    ? (unsigned)(kt_detect_upper(s.ptr[0]) - 'A' + 10) * 9
	    : 36 * 9;
	sum += (unsigned)(kt_detect_upper(s.ptr[letters - 1]) - 'A' + 10) * 8;
	for (size_t i = 0; i < 6; i++)
		sum += d[i] * (7 - (unsigned)i);
	at = letters + 6;
	if (at < s.len && s.ptr[at] == '(')
		at++;
	check = at < s.len ? kt_detect_upper(s.ptr[at]) : 0;
	return "0123456789A"[kt_detect_fills(sum, 11)] == check;
}

/* The letter, as two digits, is a place. */
bool
kt_detect_is_tw_id(struct kt_span s)
{
	static const uint8_t place[26] = { 10, 11, 12, 13, 14, 15, 16, 17, 34,
		18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31,
		33 };
	static const uint8_t w[] = { 8, 7, 6, 5, 4, 3, 2, 1, 1 };
	uint8_t d[9];
	unsigned p;

	if (s.len != 10 || !kt_detect_number(kt_span_sub(s, 1, 9), d, 9))
		return false;
	p = place[(unsigned)(kt_detect_upper(s.ptr[0]) - 'A') % 26];
	return (p / 10 + p % 10 * 9 + kt_detect_weigh(d, w, 9)) % 10 == 0;
}

bool
kt_detect_is_jp_my_number(struct kt_span s)
{
	static const uint8_t w[] = { 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2 };
	uint8_t d[12];
	unsigned check;

	if (!kt_detect_number(s, d, 12))
		return false;
	check = kt_detect_fills(kt_detect_weigh(d, w, 11), 11);
	return (check == 10 ? 0 : check) == d[11];
}

/* Malaysia: a birthday, a place that exists, a serial number. */
bool
kt_detect_is_my_nric(struct kt_span s)
{
	uint8_t d[12];
	unsigned place;

	if (!kt_detect_number(s, d, 12))
		return false;
	place = kt_detect_pair(d + 6);
	return kt_detect_is_day(kt_detect_pair(d + 4), kt_detect_pair(d + 2)) &&
	    place != 0 && (place < 17 || place > 20);
}

/* Indonesia: a district, a birthday (women's days count 40 more). */
bool
kt_detect_is_id_nik(struct kt_span s)
{
	uint8_t d[16];
	unsigned day;

	if (!kt_detect_number(s, d, 16) || kt_detect_pair(d) < 11)
		return false;
	day = kt_detect_pair(d + 6);
	return kt_detect_is_day(
	    day > 40 ? day - 40 : day, kt_detect_pair(d + 8));
}

bool
kt_detect_is_ae_id(struct kt_span s)
{
	uint8_t d[15];

	return kt_detect_number(s, d, 15) &&
	    d[0] == 7 && d[1] == 8 && d[2] == 4 &&
	    kt_detect_luhn(d, 15);
}

bool
kt_detect_is_ua_rnokpp(struct kt_span s)
{
	/* The first weight is -1: ten, modulo eleven. */
	static const uint8_t w[] = { 10, 5, 7, 9, 4, 6, 10, 5, 7 };
	uint8_t d[10];

	return kt_detect_number(s, d, 10) &&
	    kt_detect_weigh(d, w, 9) % 11 % 10 == d[9];
}

/* Estonia and Lithuania: other weights when the first ones give ten. */
bool
kt_detect_is_ee_isikukood(struct kt_span s)
{
	static const uint8_t w[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 1 };
	static const uint8_t v[] = { 3, 4, 5, 6, 7, 8, 9, 1, 2, 3 };
	uint8_t d[11];
	unsigned check;

	if (!kt_detect_number(s, d, 11) || d[0] == 0 || d[0] > 8 ||
	    !kt_detect_is_day(kt_detect_pair(d + 5), kt_detect_pair(d + 3)))
		return false;
	check = kt_detect_weigh(d, w, 10) % 11;
	if (check == 10)
		check = kt_detect_weigh(d, v, 10) % 11 % 10;
	return check == d[10];
}

bool
kt_detect_is_hu_taj(struct kt_span s)
{
	static const uint8_t w[] = { 3, 7, 3, 7, 3, 7, 3, 7 };
	uint8_t d[9];

	return kt_detect_number(s, d, 9) &&
	    kt_detect_weigh(d, w, 8) % 10 == d[8];
}

/* ISO 7064 modulo 11, 10. */
bool
kt_detect_is_hr_oib(struct kt_span s)
{
	uint8_t d[11];

	return kt_detect_number(s, d, 11) && kt_detect_is_mod11_10(d, 11);
}

/* Of Yugoslavia, and of the states that came after it. */
bool
kt_detect_is_rs_jmbg(struct kt_span s)
{
	static const uint8_t w[] = { 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2 };
	uint8_t d[13];
	unsigned check;

	if (!kt_detect_number(s, d, 13) ||
	    !kt_detect_is_day(kt_detect_pair(d), kt_detect_pair(d + 2)))
		return false;
	check = kt_detect_fills(kt_detect_weigh(d, w, 12), 11);
	return (check == 10 ? 0 : check) == d[12];
}

bool
kt_detect_is_nz_ird(struct kt_span s)
{
	static const uint8_t w[] = { 3, 2, 7, 6, 5, 4, 3, 2 };
	static const uint8_t v[] = { 7, 4, 3, 2, 5, 2, 7, 6 };
	uint8_t d[9] = { 0 };
	size_t n = kt_detect_digits(s, d, 9);
	unsigned check;

	if (n == 8) {
		memmove(d + 1, d, 8);
		d[0] = 0;
	}
	if (n < 8 || n > 9 || kt_detect_all_same(d, 9))
		return false;
	check = kt_detect_fills(kt_detect_weigh(d, w, 8), 11);
	if (check == 10)
		check = kt_detect_fills(kt_detect_weigh(d, v, 8), 11);
	return check == d[8];
}

bool
kt_detect_is_ru_snils(struct kt_span s)
{
	static const uint8_t w[] = { 9, 8, 7, 6, 5, 4, 3, 2, 1 };
	uint8_t d[11];

	return kt_detect_number(s, d, 11) &&
	    kt_detect_weigh(d, w, 9) % 101 % 100 == kt_detect_pair(d + 9);
}

/* Of a person: twelve digits, the last two are checks. */
bool
kt_detect_is_ru_inn(struct kt_span s)
{
	static const uint8_t w[] = { 7, 2, 4, 10, 3, 5, 9, 4, 6, 8 };
	static const uint8_t v[] = { 3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8 };
	uint8_t d[12];

	return kt_detect_number(s, d, 12) &&
	    kt_detect_weigh(d, w, 10) % 11 % 10 == d[10] &&
	    kt_detect_weigh(d, v, 11) % 11 % 10 == d[11];
}

/* The Philippines: behind nine digits there may be those of a branch. */
bool
kt_detect_is_ph_tin(struct kt_span s)
{
	static const uint8_t w[] = { 9, 8, 7, 6, 5, 4, 3, 2 };
	uint8_t d[14];
	size_t n = kt_detect_digits(s, d, 14);

	return n >= 9 && n <= 14 && !kt_detect_all_same(d, 9) &&
	    kt_detect_weigh(d, w, 8) % 11 == d[8];
}

/* Germany's physicians: six digits, the check digit, a specialty. */
bool
kt_detect_is_de_lanr(struct kt_span s)
{
	static const uint8_t w[] = { 4, 9, 4, 9, 4, 9 };
	uint8_t d[9];

	return kt_detect_digits(s, d, 9) == 9 &&
	    kt_detect_fills(kt_detect_weigh(d, w, 6), 10) == d[6];
}

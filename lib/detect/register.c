/*
 * register - numbers of taxpayers, of insured persons and of firms.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Beside person.c and citizen.c, which have what states give to everybody at
 * birth; each function is the rule that the register publishes.  They were
 * compared with python-stdnum, which names the source of each.
 */
#include "detect/detect_priv.h"
#include "detect/person_priv.h"

/* 0..9, and letters from 10 on. */
static unsigned
value_of(char c)
{
	c = kt_detect_upper(c);
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10;
}

/* Letters and digits without what stands between them, in upper case. */
static size_t
squeeze(struct kt_span s, char *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len && n <= max; i++) {
		char c = kt_detect_upper(s.ptr[i]);

		if ((c < '0' || c > '9') && (c < 'A' || c > 'Z'))
			continue;
		if (n < max)
			out[n] = c;
		n++;
	}
	return n;
}

/* Iceland: of persons and of firms, whose days count 40 more. */
bool
kt_detect_is_is_kennitala(struct kt_span s)
{
	static const uint8_t w[] = { 3, 2, 7, 6, 5, 4, 3, 2, 1 };
	uint8_t d[10];
	unsigned day;

	if (!kt_detect_number(s, d, 10) ||
	    (d[9] != 9 && d[9] != 0 && d[9] != 8))
		return false;
	day = kt_detect_pair(d);
	return kt_detect_is_day(
	           day > 40 ? day - 40 : day, kt_detect_pair(d + 2)) &&
	    kt_detect_weigh(d, w, 9) % 11 == 0;
}

/* Latvia: since 2017 without the birthday, behind 32. */
bool
kt_detect_is_lv_personas_kods(struct kt_span s)
{
	static const uint8_t w[] = { 10, 5, 8, 4, 2, 1, 6, 3, 7, 9 };
	uint8_t d[11];

	return kt_detect_number(s, d, 11) &&
	    (kt_detect_pair(d) == 32 ||
	        (kt_detect_is_day(
	             kt_detect_pair(d), kt_detect_pair(d + 2)) &&
	            d[6] < 3)) &&
	    (1 + kt_detect_weigh(d, w, 10)) % 11 % 10 == d[10];
}

/* Greece: twice as much from digit to digit. */
bool
kt_detect_is_gr_afm(struct kt_span s)
{
	uint8_t d[9];
	unsigned sum = 0;

	if (!kt_detect_number(s, d, 9))
		return false;
	for (size_t i = 0; i < 8; i++)
		sum = sum * 2 + d[i];
	return sum * 2 % 11 % 10 == d[8];
}

/* Spain's social security: the province, a number, and what it leaves
   modulo 97; zeros in front of a number below ten millions do not count. */
bool
kt_detect_is_es_nss(struct kt_span s)
{
	uint8_t d[12];
	uint64_t number;

	if (!kt_detect_number(s, d, 12) || kt_detect_pair(d) == 0 ||
	    kt_detect_pair(d) > 66)
		return false;
	number = kt_detect_value(d + 2, 8);
	number += (number < 10000000 ? UINT64_C(10000000) : 100000000) *
	    kt_detect_pair(d);
	return number % 97 == kt_detect_pair(d + 10);
}

/* The United Kingdom: the check digit stands first. */
bool
kt_detect_is_uk_utr(struct kt_span s)
{
	static const uint8_t w[] = { 6, 7, 8, 9, 10, 5, 4, 3, 2 };
	uint8_t d[10];

	return kt_detect_number(s, d, 10) &&
	    (unsigned)("21987654321"[kt_detect_weigh(d + 1, w, 9) % 11] -
	        '0') == d[0];
}

/* Colombia: of persons it is that of the identity card. */
bool
kt_detect_is_co_nit(struct kt_span s)
{
	static const uint8_t w[] = { 3, 7, 13, 17, 19, 23, 29, 37, 41, 43 };
	uint8_t d[11];
	size_t n = kt_detect_digits(s, d, 11);
	unsigned sum = 0;

	if (n < 8 || n > 11 || kt_detect_all_same(d, n))
		return false;
	for (size_t i = 0; i + 1 < n; i++)
		sum += (unsigned)w[i] * d[n - 2 - i];
	return (unsigned)("01987654321"[sum % 11] - '0') == d[n - 1];
}

bool
kt_detect_is_pe_ruc(struct kt_span s)
{
	static const uint8_t w[] = { 5, 4, 3, 2, 7, 6, 5, 4, 3, 2 };
	uint8_t d[11];
	unsigned kind;

	if (!kt_detect_number(s, d, 11))
		return false;
	kind = kt_detect_pair(d);
	return (kind == 10 || kind == 15 || kind == 17 || kind == 20) &&
	    (11 - kt_detect_weigh(d, w, 10) % 11) % 10 == d[10];
}

/* Ecuador: a province, then as on cards. */
bool
kt_detect_is_ec_cedula(struct kt_span s)
{
	uint8_t d[10];
	unsigned place;

	if (!kt_detect_number(s, d, 10))
		return false;
	place = kt_detect_pair(d);
	return ((place >= 1 && place <= 24) || place == 30) && d[2] < 6 &&
	    kt_detect_luhn(d, 10);
}

bool
kt_detect_is_uy_ci(struct kt_span s)
{
	static const uint8_t w[] = { 2, 9, 8, 7, 6, 3, 4 };
	uint8_t d[8];

	return kt_detect_number(s, d, 8) &&
	    kt_detect_fills(kt_detect_weigh(d, w, 7), 10) == d[7];
}

/* Venezuela: the letter says of whom, and counts. */
bool
kt_detect_is_ve_rif(struct kt_span s)
{
	static const uint8_t w[] = { 3, 2, 7, 6, 5, 4, 3, 2 };
	static const char kinds[] = "VEJPG";
	const char *kind;
	uint8_t d[9];

	if (s.len == 0 || !kt_detect_number(s, d, 9) ||
	    (kind = strchr(kinds, kt_detect_upper(s.ptr[0]))) == NULL)
		return false;
	return (unsigned)("00987654321"[(4 * (unsigned)(kind - kinds + 1) +
	                                    kt_detect_weigh(d, w, 8)) %
	                      11] -
	           '0') == d[8];
}

/* Brazil's firms; the weights go from two to nine and begin again. */
bool
kt_detect_is_br_cnpj(struct kt_span s)
{
	static const uint8_t w[] = { 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2 };
	uint8_t d[14];

	return kt_detect_number(s, d, 14) &&
	    kt_detect_fills(kt_detect_weigh(d, w + 1, 12), 11) % 10 == d[12] &&
	    kt_detect_fills(kt_detect_weigh(d, w, 13), 11) % 10 == d[13];
}

/* Mexico: of a person, with the birthday and the check character. */
bool
kt_detect_is_mx_rfc(struct kt_span s)
{
	unsigned sum = 0;
	uint8_t d[6];
	char c[13];

	if (squeeze(s, c, 13) != 13 ||
	    !kt_detect_number((struct kt_span){ c + 4, 6 }, d, 6) ||
	    !kt_detect_is_day(kt_detect_pair(d + 4), kt_detect_pair(d + 2)))
		return false;
	/* & is 24, and what comes behind it counts one more. */
	for (size_t i = 0; i < 12; i++)
		sum += (value_of(c[i]) + (c[i] > 'N')) * (13 - (unsigned)i);
	return "0123456789A"[kt_detect_fills(sum, 11)] == c[12];
}

bool
kt_detect_is_pl_nip(struct kt_span s)
{
	static const uint8_t w[] = { 6, 5, 7, 2, 3, 4, 5, 6, 7 };
	uint8_t d[10];

	return kt_detect_number(s, d, 10) &&
	    kt_detect_weigh(d, w, 9) % 11 == d[9];
}

/* Poland's identity card: three letters, the check digit, five digits. */
bool
kt_detect_is_pl_id_card(struct kt_span s)
{
	static const uint8_t w[] = { 7, 3, 1, 9, 7, 3, 1, 7, 3 };
	unsigned sum = 0;
	char c[9];

	if (squeeze(s, c, 9) != 9)
		return false;
	for (size_t i = 0; i < 9; i++)
		sum += value_of(c[i]) * w[i];
	return sum % 10 == 0;
}

/* Portugal's citizen card: Luhn, with letters. */
bool
kt_detect_is_pt_cc(struct kt_span s)
{
	unsigned sum = 0;
	char c[12];

	if (squeeze(s, c, 12) != 12)
		return false;
	for (size_t i = 0; i < 12; i++) {
		unsigned v = value_of(c[i]);

		if (i % 2 == 0)
			v = 2 * v > 9 ? 2 * v - 9 : 2 * v;
		sum += v;
	}
	return sum % 10 == 0;
}

/* Hungary's taxpayers: each digit as often as its place says. */
bool
kt_detect_is_hu_adoazonosito(struct kt_span s)
{
	static const uint8_t w[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	uint8_t d[10];

	return kt_detect_number(s, d, 10) && d[0] == 8 &&
	    kt_detect_weigh(d, w, 9) % 11 == d[9];
}

bool
kt_detect_is_md_idnp(struct kt_span s)
{
	static const uint8_t w[] = { 7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1 };
	uint8_t d[13];

	return kt_detect_number(s, d, 13) && (d[0] == 0 || d[0] == 2) &&
	    kt_detect_weigh(d, w, 12) % 10 == d[12];
}

/* British Columbia's health number. */
bool
kt_detect_is_ca_bc_phn(struct kt_span s)
{
	static const uint8_t w[] = { 2, 4, 8, 5, 10, 9, 7, 3 };
	uint8_t d[10];

	return kt_detect_number(s, d, 10) && d[0] == 9 &&
	    kt_detect_fills(kt_detect_weigh(d + 1, w, 8), 11) == d[9];
}

bool
kt_detect_is_tr_vkn(struct kt_span s)
{
	uint8_t d[10];
	unsigned sum = 0;

	if (!kt_detect_number(s, d, 10))
		return false;
	for (unsigned i = 1; i <= 9; i++) {
		unsigned a = (d[9 - i] + i) % 10;
		unsigned b = (a << i) % 9;

		sum += a != 0 && b == 0 ? 9 : b;
	}
	return kt_detect_fills(sum, 10) == d[9];
}

/* France's taxpayers: what the first ten digits leave modulo 511. */
bool
kt_detect_is_fr_spi(struct kt_span s)
{
	uint8_t d[13];

	if (!kt_detect_number(s, d, 13) || d[0] > 3)
		return false;
	return kt_detect_value(d, 10) % 511 ==
	    d[10] * 100u + kt_detect_pair(d + 11);
}

/* Kazakhstan: other weights when the first ones give ten. */
bool
kt_detect_is_kz_iin(struct kt_span s)
{
	static const uint8_t w[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
	static const uint8_t v[] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2 };
	uint8_t d[12];
	unsigned check;

	if (!kt_detect_number(s, d, 12) ||
	    !kt_detect_is_day(kt_detect_pair(d + 4), kt_detect_pair(d + 2)))
		return false;
	check = kt_detect_weigh(d, w, 11) % 11;
	if (check == 10)
		check = kt_detect_weigh(d, v, 11) % 11;
	return check == d[11];
}

/* Egypt: century, birthday, a governorate that exists. */
bool
kt_detect_is_eg_id(struct kt_span s)
{
	uint8_t d[14];
	unsigned place;

	if (!kt_detect_number(s, d, 14) || (d[0] != 2 && d[0] != 3) ||
	    !kt_detect_is_day(kt_detect_pair(d + 5), kt_detect_pair(d + 3)))
		return false;
	place = kt_detect_pair(d + 7);
	return (place >= 1 && place <= 35) || place == 88;
}

/* Saudi Arabia: 1 for citizens, 2 for residents. */
bool
kt_detect_is_sa_id(struct kt_span s)
{
	uint8_t d[10];

	return kt_detect_number(s, d, 10) && (d[0] == 1 || d[0] == 2) &&
	    kt_detect_luhn(d, 10);
}

bool
kt_detect_is_kw_civil(struct kt_span s)
{
	static const uint8_t w[] = { 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
	uint8_t d[12];

	return kt_detect_number(s, d, 12) && (d[0] == 2 || d[0] == 3) &&
	    kt_detect_is_day(kt_detect_pair(d + 5), kt_detect_pair(d + 3)) &&
	    11 - kt_detect_weigh(d, w, 11) % 11 == d[11];
}

bool
kt_detect_is_ir_melli(struct kt_span s)
{
	static const uint8_t w[] = { 10, 9, 8, 7, 6, 5, 4, 3, 2 };
	uint8_t d[10];
	unsigned rest;

	if (!kt_detect_number(s, d, 10))
		return false;
	rest = kt_detect_weigh(d, w, 9) % 11;
	return (rest < 2 ? rest : 11 - rest) == d[9];
}

/* Pakistan: a province first, a sex last. */
bool
kt_detect_is_pk_cnic(struct kt_span s)
{
	uint8_t d[13];

	return kt_detect_number(s, d, 13) &&
	    d[0] >= 1 && d[0] <= 7 && d[12] != 0;
}

/* Sri Lanka: the year and the day in it, which is 500 more for women. */
bool
kt_detect_is_lk_nic(struct kt_span s)
{
	uint8_t d[12];
	size_t n = kt_detect_digits(s, d, 12), at = n == 12 ? 4 : 2;
	unsigned day;

	if ((n != 9 && n != 12) || kt_detect_all_same(d, n))
		return false;
	if (n == 12 && kt_detect_pair(d) != 19 && kt_detect_pair(d) != 20)
		return false;
	day = (d[at] * 100u + kt_detect_pair(d + at + 1)) % 500;
	return day >= 1 && day <= 366;
}

/* New Zealand's patients: since 2019 a letter may be the check. */
bool
kt_detect_is_nz_nhi(struct kt_span s)
{
	unsigned sum = 0;
	char c[7];

	if (squeeze(s, c, 7) != 7)
		return false;
	for (size_t i = 0; i < 6; i++) {
		unsigned v = value_of(c[i]);

		/* A is 1; I and O are not used. */
		if (c[i] >= 'A')
			v = v - 9 - (c[i] > 'I') - (c[i] > 'O');
		sum += v * (7 - (unsigned)i);
	}
	if (c[6] >= 'A')
		return value_of(c[6]) - 9 - (c[6] > 'I') - (c[6] > 'O') ==
		    23 - sum % 23;
	return sum % 11 != 0 &&
	    kt_detect_fills(sum, 11) % 10 == (unsigned)(c[6] - '0');
}

bool
kt_detect_is_mu_nid(struct kt_span s)
{
	unsigned sum = 0;
	char c[14];

	if (squeeze(s, c, 14) != 14)
		return false;
	for (size_t i = 0; i < 13; i++)
		sum += value_of(c[i]) * (14 - (unsigned)i);
	return value_of(c[13]) == kt_detect_fills(sum, 17);
}

/* Australia's businesses: one is taken from the first digit. */
bool
kt_detect_is_au_abn(struct kt_span s)
{
	static const uint8_t w[] = { 10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 };
	uint8_t d[11];

	return kt_detect_number(s, d, 11) && d[0] > 0 &&
	    (kt_detect_weigh(d, w, 11) + 89 - 10) % 89 == 0;
}

bool
kt_detect_is_au_acn(struct kt_span s)
{
	static const uint8_t w[] = { 8, 7, 6, 5, 4, 3, 2, 1 };
	uint8_t d[9];

	return kt_detect_number(s, d, 9) &&
	    kt_detect_fills(kt_detect_weigh(d, w, 8), 10) == d[8];
}

/* Italy: a number, the office of a province, Luhn. */
bool
kt_detect_is_it_iva(struct kt_span s)
{
	uint8_t d[11];
	unsigned place, first = 0;

	if (!kt_detect_number(s, d, 11))
		return false;
	for (size_t i = 0; i < 7; i++)
		first |= d[i];
	place = d[7] * 100u + kt_detect_pair(d + 8);
	return first != 0 &&
	    ((place >= 1 && place <= 100) || place == 120 || place == 121 ||
	        place == 888 || place == 999) &&
	    kt_detect_luhn(d, 11);
}

bool
kt_detect_is_de_ust(struct kt_span s)
{
	uint8_t d[9];

	return kt_detect_number(s, d, 9) &&
	    d[0] != 0 && kt_detect_is_mod11_10(d, 9);
}

/* Korea's businesses: the last product counts its tens as well. */
bool
kt_detect_is_kr_brn(struct kt_span s)
{
	static const uint8_t w[] = { 1, 3, 7, 1, 3, 7, 1, 3, 5 };
	uint8_t d[10];

	return kt_detect_number(s, d, 10) && d[0] != 0 &&
	    kt_detect_fills(kt_detect_weigh(d, w, 9) + d[8] * 5u / 10, 10) ==
	    d[9];
}

/* Singapore's entities: businesses, companies since 1967, and all others. */
bool
kt_detect_is_sg_uen(struct kt_span s)
{
	static const char of[] = "ABCDEFGHJKLMNPQRSTUVWX0123456789";
	static const uint8_t business[] = { 10, 4, 9, 3, 8, 2, 7, 1 };
	static const uint8_t company[] = { 10, 8, 6, 4, 9, 7, 5, 3, 1 };
	static const uint8_t other[] = { 4, 3, 5, 3, 10, 2, 2, 5, 7 };
	uint8_t d[9] = { 0 };
	unsigned sum = 0;
	char c[10];
	size_t n = squeeze(s, c, 10);

	if (n != 9 && n != 10)
		return false;
	(void)kt_detect_digits((struct kt_span){ c, n - 1 }, d, 9);
	if (n == 9)
		return "XMKECAWLJDB"[kt_detect_weigh(d, business, 8) % 11] ==
		    c[8];
	if (c[0] <= '9')
		return "ZKCMDNERGWH"[kt_detect_weigh(d, company, 9) % 11] ==
		    c[9];
	for (size_t i = 0; i < 9; i++) {
		const char *at = strchr(of, c[i]);

		if (at == NULL)
			return false;
		sum += (unsigned)(at - of) * other[i];
	}
	return of[(sum + 11 - 5) % 11] == c[9];
}

/* Sweden's firms: a third digit that no month has. */
bool
kt_detect_is_se_orgnr(struct kt_span s)
{
	uint8_t d[10];

	return kt_detect_number(s, d, 10) && d[0] != 0 && d[2] >= 2 &&
	    kt_detect_luhn(d, 10);
}

bool
kt_detect_is_no_orgnr(struct kt_span s)
{
	static const uint8_t w[] = { 3, 2, 7, 6, 5, 4, 3, 2, 1 };
	uint8_t d[9];

	return kt_detect_number(s, d, 9) && d[0] >= 8 &&
	    kt_detect_weigh(d, w, 9) % 11 == 0;
}

bool
kt_detect_is_dk_cvr(struct kt_span s)
{
	static const uint8_t w[] = { 2, 7, 6, 5, 4, 3, 2, 1 };
	uint8_t d[8];

	return kt_detect_number(s, d, 8) && d[0] != 0 &&
	    kt_detect_weigh(d, w, 8) % 11 == 0;
}

bool
kt_detect_is_fi_y_tunnus(struct kt_span s)
{
	static const uint8_t w[] = { 7, 9, 10, 5, 8, 4, 2, 1 };
	uint8_t d[8];

	return kt_detect_number(s, d, 8) && kt_detect_weigh(d, w, 8) % 11 == 0;
}

bool
kt_detect_is_ch_uid(struct kt_span s)
{
	static const uint8_t w[] = { 5, 4, 3, 2, 7, 6, 5, 4 };
	uint8_t d[9];

	return kt_detect_number(s, d, 9) &&
	    kt_detect_fills(kt_detect_weigh(d, w, 8), 11) == d[8];
}

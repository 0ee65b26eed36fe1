"""ids - numbers that no state, bank or vendor gave to anybody.

Knows:    the published form and check digits of national numbers, cards,
          accounts and addresses; nothing of the detectors.
Promises: the same values for the same random.Random.
"""
import datetime
import string


def digits(r, n, first="0123456789"):
    return r.choice(first) + "".join(r.choice("0123456789")
                                     for _ in range(n - 1))


def letters(r, n, of=string.ascii_uppercase):
    return "".join(r.choice(of) for _ in range(n))


def weigh(text, weights):
    return sum(int(c) * w for c, w in zip(text, weights))


def day(r, first=1940, last=2005):
    return datetime.date(r.randint(first, last), r.randint(1, 12),
                         r.randint(1, 28))


def luhn(body):
    total = 0
    for i, c in enumerate(reversed(body)):
        n = int(c) * (2 if i % 2 == 0 else 1)
        total += n // 10 + n % 10
    return body + str(-total % 10)


def retry(make):
    """A rule may have no check digit for some numbers: draw again."""
    def maker(r):
        while True:
            out = make(r)
            if out is not None:
                return out
    return maker


def us_ssn(r):
    while True:
        area, group, serial = (r.randint(1, 899), r.randint(1, 99),
                               r.randint(1, 9999))
        if area != 666:
            return "%03d-%02d-%04d" % (area, group, serial)


def us_itin(r):
    return "9%02d-%02d-%04d" % (r.randint(0, 99), r.choice(
        list(range(50, 66)) + list(range(70, 89)) + [90, 91, 92, 94, 95]),
        r.randint(1, 9999))


@retry
def uk_nhs(r):
    body = digits(r, 9, "4679")
    check = -weigh(body, range(10, 1, -1)) % 11
    return None if check == 10 else "%s %s %s%d" % (
        body[:3], body[3:6], body[6:], check)


def uk_nino(r):
    first = letters(r, 1, "ABCEGHJKLMNOPRSTWXYZ")
    second = letters(r, 1, "ABCEGHJKLMNPRSTWXYZ")
    if first + second in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"):
        return uk_nino(r)
    return "%s%s %s %s %s %s" % (first, second, digits(r, 2), digits(r, 2),
                                 digits(r, 2), r.choice("ABCD"))


@retry
def nl_bsn(r):
    body = digits(r, 8, "123456789")
    check = weigh(body, range(9, 1, -1)) % 11
    return None if check == 10 else body + str(check)


def es_nif(r):
    n = r.randint(10000000, 99999999)
    return "%08d%s" % (n, "TRWAGMYFPDXBNJZSQVHLCKE"[n % 23])


def es_nie(r):
    head, n = r.randint(0, 2), r.randint(0, 9999999)
    return "%s%07d%s" % ("XYZ"[head], n,
                         "TRWAGMYFPDXBNJZSQVHLCKE"[(head * 10**7 + n) % 23])


def it_codice_fiscale(r):
    d = day(r)
    of = "BCDFGLMNPRSTVZ"
    body = "%s%02d%s%02d%s%s" % (
        letters(r, 6, of), d.year % 100, "ABCDEHLMPRST"[d.month - 1],
        d.day + r.choice((0, 40)), letters(r, 1, "ABCDEFGHIL"), digits(r, 3))
    odd = {}
    for i, v in enumerate((1, 0, 5, 7, 9, 13, 15, 17, 19, 21)):
        odd[str(i)] = odd[chr(65 + i)] = v
    for c, v in zip("KLMNOPQRSTUVWXYZ", (2, 4, 18, 20, 11, 3, 6, 8, 12, 14,
                                         16, 10, 22, 25, 24, 23)):
        odd[c] = v
    total = sum(odd[c] if i % 2 == 0 else
                int(c) if c.isdigit() else ord(c) - 65
                for i, c in enumerate(body))
    return body + chr(65 + total % 26)


def pl_pesel(r):
    d = day(r)
    body = "%02d%02d%02d%s" % (d.year % 100, d.month + (
        20 if d.year >= 2000 else 0), d.day, digits(r, 4))
    return body + str(-weigh(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def iso_11_10(body):
    p = 10
    for c in body:
        x = (int(c) + p) % 10
        p = (x or 10) * 2 % 11
    return body + str((11 - p) % 10)


def de_steuer_id(r):
    """Of the first ten digits one appears twice, one not at all."""
    pool = list("0123456789")
    r.shuffle(pool)
    pool[r.randint(1, 9)] = pool[0]
    r.shuffle(pool)
    if pool[0] == "0":
        return de_steuer_id(r)
    for i in range(1, 9):
        if pool[i - 1] == pool[i] == pool[i + 1]:
            return de_steuer_id(r)
    return iso_11_10("".join(pool))


def fr_nir(r):
    body = "%d%02d%02d%02d%s%s" % (r.randint(1, 2), r.randint(40, 99),
                                   r.randint(1, 12), r.randint(1, 95),
                                   digits(r, 3), digits(r, 3))
    key = "%02d" % (97 - int(body) % 97)
    return " ".join((body[0], body[1:3], body[3:5], body[5:7], body[7:10],
                     body[10:], key))


def br_cpf(r):
    body = digits(r, 9)
    for weights in (range(10, 1, -1), range(11, 1, -1)):
        body += str(weigh(body, weights) * 10 % 11 % 10)
    return "%s.%s.%s-%s" % (body[:3], body[3:6], body[6:9], body[9:])


def ca_sin(r):
    n = luhn(digits(r, 8, "1234567"))
    return "%s %s %s" % (n[:3], n[3:6], n[6:])


D5 = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
      [2, 3, 4, 0, 1, 7, 8, 9, 5, 6], [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
      [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
      [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
      [8, 7, 6, 5, 9, 3, 2, 1, 0, 4], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]
TURN = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
for _ in range(6):
    TURN.append([TURN[-1][TURN[1][i]] for i in range(10)])


def in_aadhaar(r):
    body, c = digits(r, 11, "23456789"), 0
    for i, x in enumerate(reversed(body)):
        c = D5[c][TURN[(i + 1) % 8][int(x)]]
    n = body + str(D5[c].index(0))
    return "%s %s %s" % (n[:4], n[4:8], n[8:])


def in_pan(r):
    return "%s%s%s%s%s" % (letters(r, 3), r.choice("PCHFATBLJG"), letters(r, 1),
                           digits(r, 4), letters(r, 1))


def fi_hetu(r):
    d = day(r)
    head, serial = d.strftime("%d%m%y"), "%03d" % r.randint(2, 899)
    return "%s%s%s%s" % (head, "A" if d.year >= 2000 else "-", serial,
                         "0123456789ABCDEFHJKLMNPRSTUVWXY"[
                             int(head + serial) % 31])


def se_personnummer(r):
    n = luhn(day(r, 1940, 1999).strftime("%y%m%d") + digits(r, 3))
    return n[:6] + "-" + n[6:]


def dk_cpr(r):
    return day(r).strftime("%d%m%y") + "-" + digits(r, 4)


@retry
def no_fodselsnummer(r):
    body = day(r).strftime("%d%m%y") + digits(r, 3)
    for weights in ((3, 7, 6, 1, 8, 9, 4, 5, 2),
                    (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)):
        check = -weigh(body, weights) % 11
        if check == 10:
            return None
        body += str(check)
    return body


def tr_kimlik(r):
    n = [int(c) for c in digits(r, 9, "123456789")]
    n.append((sum(n[0:9:2]) * 7 - sum(n[1:8:2])) % 10)
    n.append(sum(n) % 10)
    return "".join(map(str, n))


def kr_rrn(r):
    d = day(r)
    body = d.strftime("%y%m%d") + str(
        r.randint(1, 2) + (2 if d.year >= 2000 else 0)) + digits(r, 5)
    check = (11 - weigh(body, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10
    return body[:6] + "-" + body[6:] + str(check)


def sg_nric(r):
    head, body = r.choice("STFG"), digits(r, 7)
    total = weigh(body, (2, 7, 6, 5, 4, 3, 2)) + (4 if head in "TG" else 0)
    return head + body + ("JZIHGFEDCBA" if head in "ST" else
                          "XWUTRQPNMLK")[total % 11]


def th_tnin(r):
    body = digits(r, 1, "12345678") + digits(r, 1, "1345678") + digits(r, 10)
    n = body + str((11 - weigh(body, range(13, 1, -1)) % 11) % 10)
    return "-".join((n[0], n[1:5], n[5:10], n[10:12], n[12]))


def za_id(r):
    return luhn(day(r).strftime("%y%m%d") + digits(r, 4) + "08")


@retry
def au_tfn(r):
    body = digits(r, 8, "123456789")
    for check in "0123456789":
        if weigh(body + check, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0:
            return "%s %s %s" % (body[:3], body[3:6], body[6:] + check)
    return None


def be_national(r):
    d = day(r)
    serial = "%03d" % r.randint(1, 997)
    n = int(("2" if d.year >= 2000 else "") + d.strftime("%y%m%d") + serial)
    return "%s-%s.%02d" % (d.strftime("%y.%m.%d"), serial, 97 - n % 97)


def cn_resident(r):
    body = (r.choice(("110105", "310115", "440305", "510104", "330106")) +
            day(r).strftime("%Y%m%d") + digits(r, 3))
    return body + "10X98765432"[weigh(body, (
        7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)) % 11]


def ch_ahv(r):
    body = "756" + digits(r, 9)
    check = -sum(int(c) * (3 if i % 2 else 1)
                 for i, c in enumerate(body)) % 10
    n = body + str(check)
    return "%s.%s.%s.%s" % (n[:3], n[3:7], n[7:11], n[11:])


def pt_nif(r):
    body = digits(r, 8, "12")
    check = -weigh(body, range(9, 1, -1)) % 11
    return body + str(0 if check == 10 else check)


@retry
def at_svnr(r):
    serial, born = digits(r, 3, "123456789"), day(r).strftime("%d%m%y")
    check = (weigh(serial, (3, 7, 9)) +
             weigh(born, (5, 8, 4, 2, 1, 6))) % 11
    return None if check == 10 else "%s%d %s" % (serial, check, born)


def ie_pps(r):
    body, more = digits(r, 7), r.choice(("", "A", "B"))
    total = weigh(body, range(8, 1, -1)) + 9 * "WAB".index(more or "W")
    return body + "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] + more


def cz_rodne_cislo(r):
    d = day(r, 1954)
    nine = "%02d%02d%02d%s" % (d.year % 100, d.month + r.choice((0, 50)),
                               d.day, digits(r, 3))
    check = int(nine) % 11 % 10
    return nine[:6] + "/" + nine[6:] + str(check)


def ro_cnp(r):
    d = day(r)
    body = "%d%s%02d%s" % (r.choice((5, 6) if d.year >= 2000 else (1, 2)),
                           d.strftime("%y%m%d"), r.randint(1, 46),
                           digits(r, 3))
    check = weigh(body, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return body + str(1 if check == 10 else check)


def bg_egn(r):
    d = day(r)
    body = "%02d%02d%02d%s" % (d.year % 100, d.month + (
        40 if d.year >= 2000 else 0), d.day, digits(r, 3))
    return body + str(weigh(body, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10)


def gr_amka(r):
    return luhn(day(r).strftime("%d%m%y") + digits(r, 4))


def il_id(r):
    return luhn(digits(r, 8, "0123"))


def mx_curp(r):
    body = "%s%s%s%s%s%s" % (
        letters(r, 1) + letters(r, 1, "AEIOU") + letters(r, 2), day(
            r, 1940, 1999).strftime("%y%m%d"),
        r.choice("HM"), r.choice(("DF", "JC", "NL", "MC", "VZ")),
        letters(r, 3, "BCDFGLMNRS"), digits(r, 1))
    table = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"
    total = sum(table.index(c) * (18 - i) for i, c in enumerate(body))
    return body + str(-total % 10)


def cl_rut(r):
    n = digits(r, 8, "12")
    total = sum(int(c) * (2 + i % 6) for i, c in enumerate(reversed(n)))
    return "%s.%s.%s-%s" % (n[:2], n[2:5], n[5:],
                            "0123456789K"[-total % 11])


@retry
def ar_cuit(r):
    body = r.choice(("20", "23", "27")) + digits(r, 8, "1234")
    check = -weigh(body, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return None if check == 10 else "%s-%s-%d" % (body[:2], body[2:], check)


def hk_id(r):
    letter, body = letters(r, 1, "ABCDEFGHKMPRVWYZ"), digits(r, 6)
    total = 36 * 9 + (ord(letter) - 55) * 8 + weigh(body, range(7, 1, -1))
    return "%s%s(%s)" % (letter, body, "0123456789A"[-total % 11])


def tw_id(r):
    place = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (
        10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24,
        25, 26, 27, 28, 29, 32, 30, 31, 33)))
    head, body = r.choice("ABCDEFGHKLMNPQSTUVXY"), digits(r, 8, "12")
    p = place[head]
    total = p // 10 + p % 10 * 9 + weigh(body, range(8, 0, -1))
    return head + body + str(-total % 10)


def jp_my_number(r):
    body = digits(r, 11, "123456789")
    check = weigh(body, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    n = body + str(0 if check <= 1 else 11 - check)
    return "%s %s %s" % (n[:4], n[4:8], n[8:])


def my_nric(r):
    return "%s-%02d-%s" % (day(r).strftime("%y%m%d"), r.randint(1, 14),
                           digits(r, 4))


def id_nik(r):
    return "%s%s%s" % (r.choice(("317401", "327304", "357801")),
                       day(r).strftime("%d%m%y"), digits(r, 4))


def ae_id(r):
    n = luhn("784%d%s" % (r.randint(1950, 2005), digits(r, 7)))
    return "-".join((n[:3], n[3:7], n[7:14], n[14]))


def ua_rnokpp(r):
    body = digits(r, 9, "23")
    return body + str(weigh(body, (-1, 5, 7, 9, 4, 6, 10, 5, 7)) % 11 % 10)


def ee_isikukood(r):
    d = day(r)
    body = "%d%s%s" % (r.choice((5, 6) if d.year >= 2000 else (3, 4)),
                       d.strftime("%y%m%d"), digits(r, 3))
    check = weigh(body, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = weigh(body, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return body + str(check)


def hu_taj(r):
    body = digits(r, 8, "01")
    n = body + str(weigh(body, (3, 7, 3, 7, 3, 7, 3, 7)) % 10)
    return "%s %s %s" % (n[:3], n[3:6], n[6:])


def hr_oib(r):
    return iso_11_10(digits(r, 10))


def rs_jmbg(r):
    d = day(r)
    body = "%02d%02d%03d%02d%s" % (d.day, d.month, d.year % 1000,
                                   r.randint(70, 89), digits(r, 3))
    check = -weigh(body, (7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return body + str(0 if check == 10 else check)


@retry
def nz_ird(r):
    body = digits(r, 8, "1")
    check = -weigh(body, (3, 2, 7, 6, 5, 4, 3, 2)) % 11
    if check == 10:
        check = -weigh(body, (7, 4, 3, 2, 5, 2, 7, 6)) % 11
    return None if check == 10 else "%s-%s-%s" % (
        body[:3], body[3:6], body[6:] + str(check))


def ru_snils(r):
    body = digits(r, 9, "12")
    n = "%02d" % (weigh(body, range(9, 0, -1)) % 101 % 100)
    return "%s-%s-%s %s" % (body[:3], body[3:6], body[6:], n)


def ru_inn(r):
    body = digits(r, 10, "1357")
    for weights in ((7, 2, 4, 10, 3, 5, 9, 4, 6, 8),
                    (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)):
        body += str(weigh(body, weights) % 11 % 10)
    return body


@retry
def ph_tin(r):
    body = digits(r, 8)
    check = weigh(body, range(9, 1, -1)) % 11
    return None if check == 10 else "%s-%s-%s%d-000" % (
        body[:3], body[3:6], body[6:], check)


def us_npi(r):
    return luhn("80840" + digits(r, 9, "1"))[5:]


CARDS = (("4", 16), ("4", 19), ("51", 16), ("55", 16), ("2221", 16),
         ("2720", 16), ("34", 15), ("37", 15), ("300", 14), ("36", 14),
         ("38", 14), ("6011", 16), ("644", 16), ("65", 16), ("622126", 16),
         ("3530", 16), ("5019", 16), ("5018", 16), ("6304", 18), ("6759", 16),
         ("2200", 16), ("2204", 16), ("6062", 16), ("9792", 16), ("8171", 16),
         ("508500", 16), ("506099", 16), ("636368", 16), ("213100", 15),
         ("1800", 15), ("637", 16))


def card(r):
    head, n = r.choice(CARDS)
    number = luhn(head + digits(r, n - 1 - len(head)))
    if n == 15:
        parts = number[:4], number[4:10], number[10:]
    elif n == 14:
        parts = number[:4], number[4:10], number[10:]
    else:
        parts = [number[i:i + 4] for i in range(0, n, 4)]
    return r.choice(("", " ", "-", " ")).join(parts)


# Country: the form of the account, n digits, a letters, c either.
IBAN = {
    "AD": "8n12c", "AE": "19n", "AL": "8n16c", "AT": "16n", "AZ": "4a20c",
    "BA": "16n", "BE": "12n", "BG": "4a6n8c", "BH": "4a14c",
    "BR": "23n1a1c", "CH": "5n12c", "CR": "18n", "CY": "8n16c", "CZ": "20n",
    "DE": "18n", "DK": "14n", "DO": "4c20n", "EE": "16n", "ES": "20n",
    "FI": "14n", "FO": "14n", "FR": "10n11c2n", "GB": "4a14n", "GE": "2a16n",
    "GI": "4a15c", "GL": "14n", "GR": "7n16c", "GT": "24c", "HR": "17n",
    "HU": "24n", "IE": "4a14n", "IL": "19n", "IS": "22n", "IT": "1a10n12c",
    "JO": "4a4n18c", "KW": "4a22c", "KZ": "3n13c", "LB": "4n20c",
    "LI": "5n12c", "LT": "16n", "LU": "3n13c", "LV": "4a13c",
    "MC": "10n11c2n", "MD": "20c", "ME": "18n", "MK": "3n10c2n",
    "MT": "4a5n18c", "MU": "4a19n3a", "NL": "4a10n", "NO": "11n",
    "PK": "4a16c", "PL": "24n", "PS": "4a21c", "PT": "21n", "QA": "4a21c",
    "RO": "4a16c", "RS": "18n", "SA": "2n18c", "SE": "20n", "SI": "15n",
    "SK": "20n", "SM": "1a10n12c", "TN": "20n", "TR": "5n1n16c",
    "UA": "6n19c", "VA": "3n15n", "VG": "4a16n", "XK": "16n",
}


def iban(r):
    country = r.choice(sorted(IBAN))
    body, n = "", ""
    for c in IBAN[country]:
        if c.isdigit():
            n += c
            continue
        of = {"n": "0123456789", "a": string.ascii_uppercase,
              "c": "0123456789" + string.ascii_uppercase}[c]
        body, n = body + letters(r, int(n), of), ""
    number = "".join(str(int(c, 36)) for c in body + country + "00")
    full = "%s%02d%s" % (country, 98 - int(number) % 97, body)
    kind = r.randint(0, 4)
    if kind == 0:
        return " ".join(full[i:i + 4] for i in range(0, len(full), 4))
    if kind == 1:
        return full.lower()
    if kind == 2:
        return "-".join(full[i:i + 4] for i in range(0, len(full), 4))
    return full


PHONES = ("+1 {3}-{3}-{4}", "+1 ({3}) {3}-{4}", "({3}) {3}-{4}", "{3}-{3}-{4}",
          "{3}.{3}.{4}", "1-{3}-{3}-{4}", "+1{3}{3}{4}", "+44 20 {4} {4}",
          "+44 (0)20 {4} {4}", "+44 7{3} {6}", "+447{3}{6}", "020 {4} {4}",
          "07{3} {6}", "+49 30 {8}", "+49 (0)30 {8}", "+49 (30) {4}-{4}",
          "+49/30/{7}", "030 / {8}", "+33 1 {2} {2} {2} {2}",
          "01 {2} {2} {2} {2}", "+33 (0)6 {2} {2} {2} {2}", "06.{2}.{2}.{2}.{2}",
          "+34 6{2} {3} {3}", "6{2} {2} {2} {2}", "+39 06 {4} {4}",
          "+39 3{2} {7}", "+31 6 {8}", "06-{8}", "+41 44 {3} {2} {2}",
          "+43 1 {7}", "+46 70-{3} {2} {2}", "+47 {2} {2} {2} {2}",
          "+45 {2} {2} {2} {2}", "+358 40 {7}", "+48 {3} {3} {3}",
          "+420 {3} {3} {3}", "+7 (9{2}) {3}-{2}-{2}", "8 (9{2}) {3}-{2}-{2}",
          "+81 3-{4}-{4}", "03-{4}-{4}", "090-{4}-{4}", "+82 10-{4}-{4}",
          "010-{4}-{4}", "+86 138 {4} {4}", "138{8}", "+91 98{3} {5}",
          "+91-98{8}", "+61 2 {4} {4}", "(02) {4} {4}", "0412 {3} {3}",
          "+64 21 {3} {4}", "+55 11 9{4}-{4}", "(11) 9{4}-{4}",
          "+52 55 {4} {4}", "+54 9 11 {4}-{4}", "+27 82 {3} {4}",
          "+972 5{1}-{3}-{4}", "+90 532 {3} {2} {2}", "0532 {3} {2} {2}",
          "+65 9{3} {4}", "+852 {4} {4}", "0049 30 {8}", "0033 1 {2} {2} {2} {2}",
          "00 44 20 {4} {4}", "+1-{3}-{3}-{4} x{3}", "{3}-{3}-{4} ext. {4}",
          "tel:+1-{3}-{3}-{4}", "+353 1 {3} {4}", "+971 50 {3} {4}")


def phone(r):
    out, form = "", r.choice(PHONES)
    while "{" in form:
        head, _, rest = form.partition("{")
        n, _, form = rest.partition("}")
        out += head + digits(r, int(n), "23456789")
    return (out + form).replace("tel:", "")


def ipv4(r):
    return "%d.%d.%d.%d" % (r.choice((8, 24, 52, 81, 93, 104, 151, 172, 185,
                                      192, 203)), r.randint(1, 254),
                            r.randint(1, 254), r.randint(1, 254))


def ipv6(r):
    group = lambda: "%x" % r.randint(1, 0xffff)  # noqa: E731
    kind = r.randint(0, 6)
    if kind == 0:
        return ":".join(group() for _ in range(8))
    if kind == 1:
        return "2001:db8::" + ":".join(group() for _ in range(r.randint(1, 4)))
    if kind == 2:
        return "fe80::%s:%s:%s:%s" % tuple(group() for _ in range(4))
    if kind == 3:
        return "::ffff:" + ipv4(r)
    if kind == 4:
        return "64:ff9b::" + ipv4(r)
    if kind == 5:
        return ("2a0%d:%04x:%04x::%x" % (r.randint(0, 9), r.randint(0, 65535),
                                       r.randint(0, 65535),
                                       r.randint(1, 65535))).upper()
    return "fd%02x:%s:%s::%s" % (r.randint(0, 255), group(), group(), group())


def mac(r):
    n = ["%02x" % r.randint(0, 255) for _ in range(6)]
    kind = r.randint(0, 3)
    if kind == 0:
        return ":".join(n)
    if kind == 1:
        return "-".join(n).upper()
    if kind == 2:
        return ":".join(n).upper()
    return ".".join(a + b for a, b in zip(n[::2], n[1::2]))


NATIONAL = {
    "US_SSN": us_ssn, "US_ITIN": us_itin, "UK_NHS": uk_nhs,
    "UK_NINO": uk_nino, "NL_BSN": nl_bsn, "ES_NIF": es_nif, "ES_NIE": es_nie,
    "IT_FISCAL_CODE": it_codice_fiscale, "PL_PESEL": pl_pesel,
    "DE_TAX_ID": de_steuer_id, "FR_NIR": fr_nir, "BR_CPF": br_cpf,
    "CA_SIN": ca_sin, "IN_AADHAAR": in_aadhaar, "IN_PAN": in_pan,
    "FI_PERSONAL_IDENTITY_CODE": fi_hetu, "SE_PERSONNUMMER": se_personnummer,
    "DK_CPR": dk_cpr, "NO_FODSELSNUMMER": no_fodselsnummer,
    "TR_NATIONAL_ID": tr_kimlik, "KR_RRN": kr_rrn, "SG_NRIC_FIN": sg_nric,
    "TH_TNIN": th_tnin, "ZA_ID_NUMBER": za_id, "AU_TFN": au_tfn,
    "BE_NATIONAL_NUMBER": be_national, "CN_RESIDENT_ID": cn_resident,
    "CH_AHV": ch_ahv, "PT_NIF": pt_nif, "AT_SVNR": at_svnr,
    "IE_PPS": ie_pps, "CZ_RODNE_CISLO": cz_rodne_cislo, "RO_CNP": ro_cnp,
    "BG_EGN": bg_egn, "GR_AMKA": gr_amka, "IL_ID_NUMBER": il_id,
    "MX_CURP": mx_curp, "CL_RUT": cl_rut, "AR_CUIT": ar_cuit,
    "HK_ID_CARD": hk_id, "TW_ID_NUMBER": tw_id, "JP_MY_NUMBER": jp_my_number,
    "MY_NRIC": my_nric, "ID_NIK": id_nik, "AE_EMIRATES_ID": ae_id,
    "UA_RNOKPP": ua_rnokpp, "EE_ISIKUKOOD": ee_isikukood, "HU_TAJ": hu_taj,
    "HR_OIB": hr_oib, "RS_JMBG": rs_jmbg, "NZ_IRD": nz_ird,
    "RU_SNILS": ru_snils, "RU_INN": ru_inn, "PH_TIN": ph_tin,
}


# Of registers: registers.yaml.
@retry
def is_kennitala(r):
    body = day(r, 1950, 1999).strftime("%d%m%y") + digits(r, 2, "23456789")
    check = -weigh(body, (3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return None if check == 10 else "%s-%s%d9" % (body[:6], body[6:], check)


@retry
def lv_personas_kods(r):
    body = day(r, 1950, 1999).strftime("%d%m%y") + "1" + digits(r, 3)
    check = (1 + weigh(body, (10, 5, 8, 4, 2, 1, 6, 3, 7, 9))) % 11
    return None if check == 10 else "%s-%s%d" % (body[:6], body[6:], check)


def gr_afm(r):
    body = digits(r, 8, "01234")
    return body + str(weigh(body, (256, 128, 64, 32, 16, 8, 4, 2)) % 11 % 10)


def es_nss(r):
    body = r.choice(("08", "28", "41", "46")) + digits(r, 8, "123456789")
    return "%s/%s/%02d" % (body[:2], body[2:], int(body) % 97)


def uk_utr(r):
    body = digits(r, 9)
    check = "21987654321"[weigh(body, (6, 7, 8, 9, 10, 5, 4, 3, 2)) % 11]
    return "%s%s %s" % (check, body[:4], body[4:])


@retry
def co_nit(r):
    body = digits(r, 9, "123456789")
    check = -weigh(body, (41, 37, 29, 23, 19, 17, 13, 7, 3)) % 11
    return None if check == 10 else "%s.%s.%s-%d" % (
        body[:3], body[3:6], body[6:], check)


def ec_cedula(r):
    return luhn(r.choice(("01", "09", "17", "24")) + digits(r, 1, "01234") +
                digits(r, 6))


def do_cedula(r):
    n = luhn(digits(r, 10, "0123"))
    return "-".join((n[:3], n[3:10], n[10]))


@retry
def pl_nip(r):
    body = digits(r, 9, "123456789")
    check = weigh(body, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11
    n = body + str(check)
    return None if check == 10 else "-".join((n[:3], n[3:6], n[6:8], n[8:]))


def kz_iin(r):
    while True:
        body = day(r, 1950, 1999).strftime("%y%m%d") + "3" + digits(r, 4)
        check = weigh(body, range(1, 12)) % 11
        if check < 10:
            return body + str(check)


def sa_id(r):
    return luhn(digits(r, 1, "12") + digits(r, 8))


def ir_melli(r):
    body = digits(r, 9, "1234567")
    rest = weigh(body, range(10, 1, -1)) % 11
    return body + str(rest if rest < 2 else 11 - rest)


def fr_spi(r):
    body = digits(r, 1, "0123") + digits(r, 9)
    n = body + "%03d" % (int(body) % 511)
    return " ".join((n[:2], n[2:4], n[4:7], n[7:10], n[10:]))


def br_cnpj(r):
    n = digits(r, 8) + "0001"
    for weights in ((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2),
                    (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)):
        n += str(-weigh(n, weights) % 11 % 10)
    return "%s.%s.%s/%s-%s" % (n[:2], n[2:5], n[5:8], n[8:12], n[12:])


def au_abn(r):
    body = digits(r, 9)
    head = 11 + (-weigh(body, range(3, 20, 2)) - 1) % 89
    return "%d %s %s %s" % (head, body[:3], body[3:6], body[6:])


def au_acn(r):
    body = digits(r, 8, "0123456")
    n = body + str(-weigh(body, range(8, 0, -1)) % 10)
    return " ".join((n[:3], n[3:6], n[6:]))


def de_vat(r):
    return "DE" + iso_11_10(digits(r, 8, "123456789"))


def it_vat(r):
    return luhn(digits(r, 7, "123456789") + r.choice(("001", "058", "100")))


def se_organisationsnummer(r):
    n = luhn("55" + digits(r, 1, "6789") + digits(r, 6))
    return n[:6] + "-" + n[6:]


def kr_brn(r):
    body = digits(r, 1, "123456") + digits(r, 8, "12345678")
    total = weigh(body, (1, 3, 7, 1, 3, 7, 1, 3, 5)) + int(body[8]) * 5 // 10
    n = body + str(-total % 10)
    return "-".join((n[:3], n[3:5], n[5:]))


REGISTERS = {
    "IS_KENNITALA": is_kennitala, "LV_PERSONAS_KODS": lv_personas_kods,
    "GR_AFM": gr_afm, "ES_NSS": es_nss, "UK_UTR": uk_utr, "CO_NIT": co_nit,
    "EC_CEDULA": ec_cedula, "DO_CEDULA": do_cedula, "PL_NIP": pl_nip,
    "KZ_IIN": kz_iin, "SA_NATIONAL_ID": sa_id, "IR_NATIONAL_CODE": ir_melli,
    "FR_SPI": fr_spi, "BR_CNPJ": br_cnpj, "AU_ABN": au_abn, "AU_ACN": au_acn,
    "DE_VAT_ID": de_vat, "IT_VAT_CODE": it_vat, "KR_BRN": kr_brn,
    "SE_ORGANISATIONSNUMMER": se_organisationsnummer,
}

"""made - texts that no detector was made for, the same on every machine.

Knows:    the published forms of numbers and tokens (ids.py), how files and
          people write them, what merely looks alike.
Does not: read the corpora or the detectors: a pattern that fits these texts
          was not fitted to them.
Promises: the same records for the same SEED.
"""
import base64
import hashlib
import json
import random
import string
import zlib

import ids
import shapes

SEED = 20261101
EACH = 30

# How the number is called where it is given, in its language and English.
CALLED = {
    "US_SSN": ("Social Security Number", "SSN"),
    "US_ITIN": ("ITIN", "taxpayer identification number"),
    "UK_NHS": ("NHS number", "NHS no."),
    "UK_NINO": ("National Insurance number", "NI number"),
    "NL_BSN": ("BSN", "burgerservicenummer"),
    "ES_NIF": ("DNI", "NIF"), "ES_NIE": ("NIE",),
    "IT_FISCAL_CODE": ("codice fiscale", "tax code"),
    "PL_PESEL": ("PESEL", "numer PESEL"),
    "DE_TAX_ID": ("Steuer-ID", "steuerliche Identifikationsnummer"),
    "FR_NIR": ("num\u00e9ro de s\u00e9curit\u00e9 sociale", "NIR"),
    "BR_CPF": ("CPF",), "CA_SIN": ("SIN", "social insurance number"),
    "IN_AADHAAR": ("Aadhaar number", "Aadhaar"), "IN_PAN": ("PAN",),
    "FI_PERSONAL_IDENTITY_CODE": ("henkil\u00f6tunnus",
                                  "personal identity code"),
    "SE_PERSONNUMMER": ("personnummer",),
    "DK_CPR": ("CPR-nummer", "CPR number"),
    "NO_FODSELSNUMMER": ("f\u00f8dselsnummer", "personnummer"),
    "TR_NATIONAL_ID": ("TC Kimlik No", "T.C. kimlik numaras\u0131"),
    "KR_RRN": ("\uc8fc\ubbfc\ub4f1\ub85d\ubc88\ud638",
               "resident registration number"),
    "SG_NRIC_FIN": ("NRIC", "FIN"),
    "TH_TNIN": ("Thai national ID", "\u0e40\u0e25\u0e02\u0e1b\u0e23\u0e30"
                "\u0e08\u0e33\u0e15\u0e31\u0e27\u0e1b\u0e23\u0e30\u0e0a\u0e32"
                "\u0e0a\u0e19"),
    "ZA_ID_NUMBER": ("ID number", "South African ID"),
    "AU_TFN": ("TFN", "tax file number"),
    "BE_NATIONAL_NUMBER": ("rijksregisternummer", "registre national"),
    "CN_RESIDENT_ID": ("\u8eab\u4efd\u8bc1\u53f7\u7801", "resident ID"),
    "CH_AHV": ("AHV-Nummer", "AVS number"),
    "PT_NIF": ("NIF", "n\u00famero de contribuinte"),
    "AT_SVNR": ("Sozialversicherungsnummer", "SVNR"),
    "IE_PPS": ("PPS number", "PPSN"),
    "CZ_RODNE_CISLO": ("rodn\u00e9 \u010d\u00edslo", "birth number"),
    "RO_CNP": ("CNP", "cod numeric personal"),
    "BG_EGN": ("\u0415\u0413\u041d", "EGN"),
    "GR_AMKA": ("AMKA", "\u0391\u039c\u039a\u0391"),
    "IL_ID_NUMBER": ("teudat zehut", "\u05ea\u05e2\u05d5\u05d3\u05ea "
                     "\u05d6\u05d4\u05d5\u05ea"),
    "MX_CURP": ("CURP",), "CL_RUT": ("RUT",), "AR_CUIT": ("CUIT", "CUIL"),
    "HK_ID_CARD": ("HKID", "Hong Kong identity card"),
    "TW_ID_NUMBER": ("\u8eab\u5206\u8b49\u5b57\u865f", "Taiwan ID"),
    "JP_MY_NUMBER": ("\u30de\u30a4\u30ca\u30f3\u30d0\u30fc", "My Number"),
    "MY_NRIC": ("MyKad", "IC number"), "ID_NIK": ("NIK", "nomor KTP"),
    "AE_EMIRATES_ID": ("Emirates ID",),
    "UA_RNOKPP": ("\u0420\u041d\u041e\u041a\u041f\u041f", "RNOKPP"),
    "EE_ISIKUKOOD": ("isikukood", "asmens kodas"),
    "HU_TAJ": ("TAJ sz\u00e1m", "TAJ"), "HR_OIB": ("OIB",),
    "RS_JMBG": ("JMBG", "EM\u0160O"),
    "NZ_IRD": ("IRD number",),
    "RU_SNILS": ("\u0421\u041d\u0418\u041b\u0421", "SNILS"),
    "RU_INN": ("\u0418\u041d\u041d",), "PH_TIN": ("TIN",),
}
# What registers give, in the same way.
REGISTERED = {
    "IS_KENNITALA": ("kennitala",), "LV_PERSONAS_KODS": ("personas kods",),
    "GR_AFM": ("\u0391\u03a6\u039c", "AFM"),
    "ES_NSS": ("n\u00famero de la Seguridad Social", "NSS"),
    "UK_UTR": ("UTR", "Unique Taxpayer Reference"), "CO_NIT": ("NIT",),
    "EC_CEDULA": ("c\u00e9dula", "c\u00e9dula de identidad"),
    "DO_CEDULA": ("c\u00e9dula",), "PL_NIP": ("NIP", "numer NIP"),
    "KZ_IIN": ("\u0418\u0418\u041d", "IIN"),
    "SA_NATIONAL_ID": ("Saudi national ID", "iqama"),
    "IR_NATIONAL_CODE": ("\u06a9\u062f \u0645\u0644\u06cc",),
    "FR_SPI": ("num\u00e9ro fiscal",), "BR_CNPJ": ("CNPJ",),
    "AU_ABN": ("ABN",), "AU_ACN": ("ACN",),
    "DE_VAT_ID": ("USt-IdNr.", "VAT ID"), "IT_VAT_CODE": ("partita IVA",),
    "KR_BRN": ("\uc0ac\uc5c5\uc790\ub4f1\ub85d\ubc88\ud638",),
    "SE_ORGANISATIONSNUMMER": ("organisationsnummer",),
}
# {k}: what it is called, {v}: the value.
SAID = (
    "{k}: {v}", "{k} {v}", "Her {k} is {v}, please update the file.",
    "Please check {k} {v} for me and tell me what is on record.",
    "Customer record\n- name: on file\n- {k}: {v}\n- status: active\n",
    "{k} = {v}", "| {k} | {v} |", '{{"{k}": "{v}"}}',
    '{{"person": {{"{k}": "{v}", "active": true}}}}',
    "<td>{k}</td><td>{v}</td>", "The form says: {k} ({v}).",
)
FIELDS = ("message", "note", "body", "comment")


class Maker:
    def __init__(self, seed=SEED):
        self.r = random.Random(seed)
        self.records = []

    def add(self, kind, template, value, entity=None, **names):
        """A template with {v}; the span is where the value stands."""
        head, tail = template.split("{v}")
        fill = lambda s: s.replace("{{", "{").replace("}}", "}")  # noqa: E731
        for k, v in names.items():
            head, tail = (s.replace("{%s}" % k, v) for s in (head, tail))
        head, tail = fill(head), fill(tail)
        start = len(head.encode())
        self.records.append({
            "kind": kind, "text": head + value + tail,
            "spans": [{"start": start, "end": start + len(value.encode()),
                       "type": entity}]})

    def benign(self, kind, text):
        self.records.append({"kind": kind, "text": text, "spans": []})


def national(m, kind="national", drawn=ids.NATIONAL, called=CALLED):
    for entity, draw in drawn.items():
        for i in range(EACH):
            value = draw(m.r)
            if m.r.random() < 0.3 and entity not in ("HK_ID_CARD",):
                value = value.replace(" ", "").replace(".", "")
            if m.r.random() < 0.1 and any(c.isalpha() for c in value):
                value = value.lower()
            m.add(kind + " " + entity, SAID[i % len(SAID)], value, entity,
                  k=called[entity][i % len(called[entity])])


def shaped(m):
    shapes.shapes(m, password, key, (PASSWORDS, KEYS), camel, 2 * EACH)


def registered(m):
    national(m, "register", ids.REGISTERS, REGISTERED)


MONTHS = (
    ("January", "February", "March", "April", "May", "June", "July",
     "August", "September", "October", "November", "December"),
    ("Januar", "Februar", "M\u00e4rz", "April", "Mai", "Juni", "Juli",
     "August", "September", "Oktober", "November", "Dezember"),
    ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio",
     "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    ("janvier", "f\u00e9vrier", "mars", "avril", "mai", "juin", "juillet",
     "ao\u00fbt", "septembre", "octobre", "novembre", "d\u00e9cembre"))


def born(r):
    """(words before, the date as one writes it there)"""
    d = ids.day(r)
    en, de, es, fr = (names[d.month - 1] for names in MONTHS)
    return r.choice((
        ("DOB:", d.strftime("%m/%d/%Y")), ("DOB", d.strftime("%d-%m-%Y")),
        ("D.O.B.", d.strftime("%m/%d/%y")),
        ("date of birth:", d.isoformat()),
        ("Date of Birth is", "%s %d, %d" % (en, d.day, d.year)),
        ("was born on", "%d %s %d" % (d.day, en, d.year)),
        ("was born", "%s %dth, %d" % (en, 4 + d.day % 15, d.year)),
        ("birthday is", "%s %d, %d" % (en[:3], d.day, d.year)),
        ("birth date:", d.strftime("%d %b %Y")),
        ("birthdate", d.strftime("%Y/%m/%d")),
        ("date_of_birth=", d.strftime("%Y%m%d")),
        ("geboren am", d.strftime("%d.%m.%Y")),
        ("Geburtsdatum:", "%d. %s %d" % (d.day, de, d.year)),
        ("geb.", d.strftime("%d.%m.%Y")),
        ("fecha de nacimiento:", "%d de %s de %d" % (d.day, es, d.year)),
        ("naci\u00f3 el", d.strftime("%d/%m/%Y")),
        ("n\u00e9e le", "%d %s %d" % (d.day, fr, d.year)),
        ("date de naissance :", d.strftime("%d/%m/%Y")),
        ("data di nascita:", d.strftime("%d/%m/%Y")),
        ("data de nascimento:", d.strftime("%d/%m/%Y")),
        ("geboortedatum:", d.strftime("%d-%m-%Y")),
        ("f\u00f6delsedatum", d.isoformat()),
        ("data urodzenia:", d.strftime("%d.%m.%Y")),
        ("\u751f\u5e74\u6708\u65e5:", "%d\u5e74%d\u6708%d\u65e5" % (
            d.year, d.month, d.day)),
        ("\uc0dd\ub144\uc6d4\uc77c", d.strftime("%Y.%m.%d")),
        ("\u0434\u0430\u0442\u0430 \u0440\u043e\u0436\u0434\u0435\u043d"
         "\u0438\u044f:", d.strftime("%d.%m.%Y"))))


PASSPORTS = (
    ("passport number", "A9"), ("US passport no.", "9" * 9),
    ("Passport No", "AA9999999"), ("Reisepass-Nr.", "C9A99A9A9"),
    ("pasaporte", "AAA999999"), ("num\u00e9ro de passeport", "99AA99999"),
    ("passaporto n.", "AA9999999"), ("paspoortnummer", "AA99A9A99"),
    ("\u62a4\u7167\u53f7\u7801", "E99999999"),
    ("\uc5ec\uad8c\ubc88\ud638", "M999A9999"),
    ("\u043f\u0430\u0441\u043f\u043e\u0440\u0442", "99 9999999"),
    ("passport", "A9999999"))
LICENCES = (
    ("driver's license", "A9999999"), ("Driver License Number", "999999999"),
    ("driver's licence no.", "A9999-99999-99999"),
    ("DL#", "A999999999999"), ("driving licence", None),
    ("F\u00fchrerschein-Nr.", "A999AAA9A99"),
    ("permis de conduire n\u00b0", "999999999999"),
    ("carnet de conducir", "99999999A"), ("rijbewijsnummer", "9999999999"),
    ("CNH", "99999999999"))


def papers(r, forms):
    called, form = r.choice(forms)
    if form is None:
        return called, "%s%s%s%s%s" % (
            ids.letters(r, 5), ids.digits(r, 1, "3456789"),
            "%02d" % r.randint(1, 12), "%02d%s" % (r.randint(1, 28),
                                                   ids.digits(r, 1)),
            ids.letters(r, 2) + ids.digits(r, 1) + ids.letters(r, 2))
    if form == "A9":
        form = "A99999999"
    out = ""
    for c in form:
        out += (ids.letters(r, 1, "CFGHJKLMNPRTVWXYZ") if c == "A" else
                ids.digits(r, 1) if c == "9" else c)
    return called, out


PHONE_SAID = (
    "call me at {v} tomorrow", "Phone: {v}", "Tel. {v}", "my number is {v}.",
    "Mobile {v}, office closed on Fridays", "reach me on {v} after 6pm",
    "Telefon: {v}", "T\u00e9l : {v}", "tel\u00e9fono {v}",
    "Rufen Sie mich an: Telefon {v}", '{{"phone": "{v}"}}', "fax {v}",
    "WhatsApp {v}", "\u7535\u8bdd: {v}", "\uc804\ud654 {v}", "cell: {v}",
    "contact_phone,{v}", "text me: my mobile is {v}")
MAIL = ("{f}.{l}@{d}", "{f}{n}@{d}", "{f}+{l}@{d}", "{f}_{l}@mail.{d}",
        "{F}.{L}@{d}", "{f}@{d}")
HOSTS = ("example.org", "corp.example.co.uk", "firma.example.de",
         "mail.example.fr", "uni.example.edu", "example.io",
         "xn--bcher-kva.example", "a.b.example.com")


def mail(r):
    f, last = r.choice(("ana", "li", "omar", "jan", "eve")), r.choice(
        ("silva", "chen", "haddad", "novak", "o'neil", "berg"))
    return r.choice(MAIL).format(f=f, l=last, F=f.title(), L=last.title(),
                                 d=r.choice(HOSTS), n=r.randint(1, 99))


def personal(m):
    r = m.r
    for i in range(4 * EACH):
        m.add("card", ("my card is {v}, please", "Card number: {v}",
                       '{{"card": "{v}", "cvv": "on file"}}',
                       "Kreditkarte {v}", "{v}", "paid with {v} yesterday",
                       "tarjeta: {v}")[i % 7], ids.card(r), "CREDIT_CARD")
        m.add("IBAN", ("IBAN {v}", "please wire it to {v}.", "{v}",
                       '{{"account": "{v}"}}', "Kontonummer: {v}",
                       "iban={v}")[i % 6], ids.iban(r), "IBAN_CODE")
        m.add("phone", PHONE_SAID[i % len(PHONE_SAID)], ids.phone(r),
              "PHONE_NUMBER")
        m.add("e-mail", ("mail {v} please", "<{v}>", '"{v}"',
                         "Kontakt: {v}.")[i % 4], mail(r), "EMAIL_ADDRESS")
        m.add("IPv4", ("from {v} port 22", "host {v}:8080", '"ip": "{v}"',
                       "client {v} - - GET /")[i % 4], ids.ipv4(r),
              "IP_ADDRESS")
        m.add("IPv6", ("from {v} port 22", "http://[{v}]:8080/", '"{v}"',
                       "addr: {v}.", "inet6 {v}/64")[i % 5], ids.ipv6(r),
              "IP_ADDRESS")
        m.add("MAC", ("ether {v} txqueuelen 1000", "MAC: {v}",
                      '"mac": "{v}"', "seen {v} on port 3")[i % 4],
              ids.mac(r), "MAC_ADDRESS")
        words, date = born(r)
        m.add("date of birth", ("{k} {v}", "Patient {k} {v}, seen today.",
                                "She {k} {v} and lives here.",
                                "{k} {v}\nsex: f")[i % 4], date,
              "DATE_OF_BIRTH", k=words)
        called, value = papers(r, PASSPORTS)
        m.add("passport", ("{k} {v}", "{k}: {v}.", "My {k} is {v}.",
                           '{{"{k}": "{v}"}}')[i % 4], value, "PASSPORT",
              k=called)
        called, value = papers(r, LICENCES)
        m.add("driving licence", ("{k} {v}", "{k}: {v}.",
                                  "My {k} is {v}.")[i % 3], value,
              "DRIVER_LICENSE", k=called)


WORDS = ("correct", "horse", "battery", "staple", "river", "purple", "tiger",
         "winter", "orange", "dragon", "monkey", "silver", "summer", "coffee")


def password(r):
    """What people choose: a word bent, two words and a number, or noise."""
    kind = r.randint(0, 3)
    if kind == 0:
        w = r.choice(WORDS).title()
        return w[:2] + w[2:].replace("e", "3").replace("o", "0") + \
            ids.digits(r, r.randint(2, 4)) + r.choice("!$#*?&")
    if kind == 1:
        return "%s%s%s" % (r.choice(WORDS).title(), r.choice(WORDS).title(),
                           ids.digits(r, 2))
    of = string.ascii_letters + string.digits
    if kind == 2:
        of += "!#%*+_=^~"
    return (ids.letters(r, 1, string.ascii_letters) +
            ids.letters(r, r.randint(8, 15), of) + ids.digits(r, 1))


def key(r):
    kind = r.randint(0, 3)
    if kind == 0:
        return "".join(r.choice("0123456789abcdef")
                       for _ in range(r.choice((32, 40, 64))))
    if kind == 1:
        return base64.b64encode(bytes(
            r.randint(0, 255) for _ in range(r.choice((24, 32, 33))))).decode()
    return ids.letters(r, r.randint(20, 44),
                       string.ascii_letters + string.digits)


# Kind: templates; {n} is a name of a secret, {v} a password or key.
CONTEXTS = {
    "YAML": ("{n}: {v}\n", 'database:\n  host: db1\n  {n}: "{v}"\n',
             "env:\n  - name: {N}\n    value: {v}\n", "  {n}: '{v}'\n"),
    "TOML": ('[server]\n{n} = "{v}"\n', "{n} = '{v}'\n"),
    "INI": ("[client]\nuser = app\n{n} = {v}\n", "{n}={v}\n"),
    "JSON": ('{{"user": "app", "{n}": "{v}"}}', '{{\n  "{c}": "{v}"\n}}'),
    "JSON in JSON": ('{{"arguments": "{{\\"{n}\\": \\"{v}\\"}}"}}',
                     '"{{\\\\\\"{n}\\\\\\":\\\\\\"{v}\\\\\\"}}"'),
    "Python": ('{n} = "{v}"\n', "connect(host='db', {n}='{v}')\n",
               'os.environ["{N}"] = "{v}"\n', 'config["{n}"] = \'{v}\'\n'),
    "JavaScript": ('const {c} = "{v}";\n', "module.exports = {{ {c}: '{v}' }}",
                   "process.env.{N} = '{v}'\n", "let {c} = `{v}`;"),
    "shell": ('export {N}="{v}"\n', "{N}={v} ./run.sh\n", "export {N}='{v}'\n",
              "set {N}={v}\r\n"),
    "Dockerfile": ("ENV {N}={v}\n", "ENV {N} {v}\n", 'ARG {N}="{v}"\n'),
    "XML": ("<{c}>{v}</{c}>", '<add key="{c}" value="{v}"/>',
            '<property name="{n}">{v}</property>',
            '<user name="app" {c}="{v}"/>'),
    "properties": ("spring.datasource.{n}={v}\n", "app.{n}: {v}\n"),
    "Java, Go, C#": ('String {c} = "{v}";', '{c} := "{v}"',
                     'var {c} = "{v}";', 'private const string {c} = "{v}";',
                     'static final char *{n} = "{v}";'),
    "PHP, Ruby": ("define('{N}', '{v}');", "'{n}' => '{v}',", ':{n} => "{v}"',
                  "${n} = '{v}';"),
    "SQL": ("CREATE USER app IDENTIFIED BY '{v}';",
            "ALTER ROLE app WITH PASSWORD '{v}';",
            "ALTER USER app SET PASSWORD = '{v}';"),
    "Terraform": ('{n} = "{v}"\n', 'variable "{n}" {{\n  default = "{v}"\n}}'),
}
PASSWORDS = ("password", "db_password", "passwd", "pwd", "user_password",
             "admin_pass", "redis_password", "smtp_password")
KEYS = ("api_key", "secret_key", "auth_token", "client_secret",
        "access_token", "api_token", "encryption_key", "signing_secret")
CONNECTIONS = (
    "postgres://app:{v}@db.internal:5432/shop",
    "mysql://root:{v}@10.0.0.3/app", "redis://:{v}@cache:6379/0",
    "mongodb+srv://svc:{v}@cluster0.mongodb.net/?retryWrites=true",
    "amqp://guest2:{v}@mq:5672/%2f", "https://ci:{v}@git.corp.example/x.git",
    "Server=tcp:sql1,1433;Database=shop;User ID=sa;Password={v};Encrypt=True",
    "jdbc:mysql://db/shop?user=app&password={v}&useSSL=true",
    "host=db user=app password={v} dbname=shop",
    "Data Source=db;Uid=app;Pwd={v};", "ftp://backup:{v}@ftp.example.net/",
    "jdbc:postgresql://db/shop?user=app&password={v}",
    "sftp://deploy:{v}@files.example.net:22/in")
COMMANDS = (
    "curl -u admin:{v} https://api.example.com/v1",
    "curl --user deploy:{v} -X POST https://x.example.com/run",
    'curl -H "Authorization: Bearer {v}" https://api.example.com',
    'curl -H "X-Api-Key: {v}" https://api.example.com/me',
    "curl -H 'PRIVATE-TOKEN: {v}' https://git.example.com/api/v4",
    "wget --http-user=bob --http-password={v} https://example.com/f",
    "mysql -h db -u root -p{v} shop", "sshpass -p '{v}' ssh deploy@host",
    "docker login -u ci -p {v} registry.example.com",
    "PGPASSWORD={v} psql -h db -U app", "redis-cli -h cache -a {v} ping",
    "http --auth bob:{v} GET https://api.example.com",
    "kubectl create secret generic s --from-literal=password={v}",
    "openssl enc -aes-256-cbc -pass pass:{v} -in a",
    "ldapsearch -D cn=admin -w {v} -b dc=x",
    "GET /v1/items HTTP/1.1\r\nHost: x\r\nAuthorization: Token {v}\r\n\r\n",
    "https://api.example.com/v1/items?api_key={v}&page=2",
    "https://example.com/cb?access_token={v}")
PROSE = (
    "The password is {v}", "the admin password for staging is {v}, ok?",
    "log in as bob with password {v}", "Password: {v}",
    "my wifi password is {v}. Please do not share it.",
    "use {v} as the password", "username bob / password {v}",
    "I changed the password to {v} yesterday.", "pw: {v}",
    "das Passwort lautet {v}", "Mein Kennwort ist {v}.",
    "la contrase\u00f1a es {v}", "le mot de passe est {v}",
    "la password \u00e8 {v}", "a senha \u00e9 {v}", "het wachtwoord is {v}",
    "l\u00f6senordet \u00e4r {v}", "has\u0142o to {v}",
    "\u043f\u0430\u0440\u043e\u043b\u044c: {v}", "\u5bc6\u7801\u662f{v}",
    "\u30d1\u30b9\u30ef\u30fc\u30c9\u306f {v}", "\ube44\ubc00\ubc88\ud638\ub294 {v}",
    "the API key is {v}", "here is my token: {v}",
    "credentials: bob / {v}", "login: bob password: {v}",
    "user: admin, pass: {v}", "The passphrase was {v}")


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(w.title() for w in rest)


def generic(m):
    r = m.r
    for context, forms in CONTEXTS.items():
        for i in range(2 * EACH):
            form = forms[i // 2 % len(forms)]
            is_key = i % 2 and context != "SQL"
            name = r.choice(KEYS if is_key else PASSWORDS)
            value = key(r) if is_key else password(r)
            if context == "XML":
                value = value.replace("&", "+")
            if not is_key and "$" in value:
                value = value.replace("$", "!")
            m.add("secret in " + context, form, value, n=name,
                  N=name.upper(), c=camel(name))
    for kind, forms in (("connection string", CONNECTIONS),
                        ("command", COMMANDS), ("prose", PROSE)):
        for i in range(4 * EACH):
            form = forms[i % len(forms)]
            value = password(r)
            if kind != "prose":
                value = "".join(c for c in value if c.isalnum() or c in "!_=")
            if any(w in form.lower() for w in (
                    "token", "key", "bearer")):
                value = "".join(c for c in key(r) if c.isalnum())
            m.add("secret in " + kind, form, value)


def base62(n):
    of = string.digits + string.ascii_uppercase + string.ascii_lowercase
    out = ""
    for _ in range(6):
        n, k = divmod(n, 62)
        out = of[k] + out
    return out


def token(r):
    an = string.ascii_letters + string.digits
    hexes = "0123456789abcdef"
    draw = lambda n, of=an: ids.letters(r, n, of)  # noqa: E731
    kind = r.randint(0, 17)
    if kind == 0:
        body = draw(30)
        return r.choice(("ghp_", "gho_", "ghs_", "ghu_")) + body + base62(
            zlib.crc32(body.encode()))
    if kind == 1:
        body = draw(30)
        return "npm_" + body + base62(zlib.crc32(body.encode()))
    return (
        lambda: "AKIA" + draw(16, string.ascii_uppercase + "234567"),
        lambda: "AIza" + draw(35, an + "-_"),
        lambda: "glpat-" + draw(20, an),
        lambda: "xoxb-%s-%s-%s" % (ids.digits(r, 12, "123456789"),
                                   ids.digits(r, 13, "123456789"), draw(24)),
        lambda: "sk_live_" + draw(24), lambda: "rk_live_" + draw(24),
        lambda: "SG.%s.%s" % (draw(22), draw(43)),
        lambda: "key-" + draw(32, hexes),
        lambda: "sk-ant-api03-" + draw(93, an + "-_") + "AA",
        lambda: "sk-proj-" + draw(74, an) + "T3BlbkFJ" + draw(74, an),
        lambda: "hf_" + draw(34, string.ascii_letters),
        lambda: "dop_v1_" + draw(64, hexes),
        lambda: "shpat_" + draw(32, hexes),
        lambda: "github_pat_%s_%s" % (draw(22), draw(59)),
        lambda: "pypi-AgEIcHlwaS5vcmc" + draw(80, an + "-_"),
        lambda: "eyJhbGciOiJIUzI1NiJ9.%s.%s" % (
            base64.urlsafe_b64encode(json.dumps(
                {"sub": draw(8), "iat": r.randint(16 * 10**8, 17 * 10**8)}
            ).encode()).decode().rstrip("="), draw(43, an + "-_")),
    )[kind - 2]()


TOKEN_SAID = ("token={v}", '"{v}"', "export X={v}\n", "use {v} for now",
              "<key>{v}</key>", '{{"a": "{v}"}}', "- {v}\n", "'{v}',",
              "x: {v} # old", "?t={v}&x=1", "{v}")


def providers(m):
    for i in range(10 * EACH):
        m.add("provider token", TOKEN_SAID[i % len(TOKEN_SAID)], token(m.r))


def uuid(r):
    h = "%032x" % r.getrandbits(128)
    return "-".join((h[:8], h[8:12], "4" + h[13:16], "a" + h[17:20], h[20:]))


def look_alikes(m):
    r = m.r
    sha = lambda n=40: hashlib.sha256(  # noqa: E731
        str(r.random()).encode()).hexdigest()[:n]
    b64 = lambda n: base64.b64encode(bytes(  # noqa: E731
        r.randint(0, 255) for _ in range(n))).decode()
    lorem = ("add", "fix", "move", "test", "parser", "cache", "the", "of",
             "for", "index", "loop", "token", "key", "password")
    for i in range(EACH):
        words = " ".join(r.choice(lorem) for _ in range(6))
        version = "%d.%d.%d" % (r.randint(0, 30), r.randint(0, 40),
                                r.randint(0, 99))
        m.benign("lock file", "".join(
            '    "node_modules/%s": {\n      "version": "%s",\n      '
            '"resolved": "https://registry.example/%s/-/%s-%s.tgz",\n'
            '      "integrity": "sha512-%s"\n    },\n' % (
                p, version, p, p, version, b64(64))
            for p in ("token-types", "left-pad", "js-tokens", "passport",
                      "secret-utils")))
        m.benign("lock file", 'name = "secrecy"\nversion = "%s"\nsource = '
                 '"registry+https://example/index"\nchecksum = "%s"\n' % (
                     version, sha(64)))
        m.benign("lock file", "github.com/x/token v%s h1:%s=\n"
                 "github.com/x/auth v%s/go.mod h1:%s=\n" % (
                     version, b64(32)[:43], version, b64(32)[:43]))
        m.benign("hashes", "%s  ./dist/app-%s.tar.gz\n%s *b.zip\n" % (
            sha(64), version, sha(32)))
        m.benign("hashes", "FROM base@sha256:%s\nimage: app:%s\n" % (
            sha(64), sha(12)))
        m.benign("hashes", "etag: \"%s\"\nx-request-id: %s\ntrace_id=%s\n" % (
            sha(32), uuid(r), sha(32)))
        m.benign("UUIDs", '{"id": "%s", "token_id": "%s", "key_id": "%s"}' % (
            uuid(r), uuid(r), uuid(r)))
        m.benign("UUIDs", "session %s joined room %s at %d\n" % (
            uuid(r), uuid(r), r.randint(16 * 10**8, 18 * 10**8)))
        m.benign("versions, times", "built %s on 2026-%02d-%02dT%02d:%02d:%02d"
                 ".%06dZ, took %d.%03d s; build %d, kernel %d.%d.%d-%d\n" % (
                     version, r.randint(1, 12), r.randint(1, 28),
                     r.randint(0, 23), r.randint(0, 59), r.randint(0, 59),
                     r.randint(0, 999999), r.randint(0, 99),
                     r.randint(0, 999), r.randint(10**8, 10**10),
                     r.randint(3, 6), r.randint(0, 19), r.randint(0, 300),
                     r.randint(1, 99)))
        m.benign("versions, times", "t=%d start=%d.%06d end=%d ns=%d" % (
            r.randint(16 * 10**8, 18 * 10**8),
            r.randint(16 * 10**8, 18 * 10**8), r.randint(0, 999999),
            r.randint(16 * 10**11, 18 * 10**11),
            r.randint(16 * 10**17, 18 * 10**17)))
        m.benign("git log", "commit %s\nMerge: %s %s\nDate:   Mon Nov 2 1%d:"
                 "30:00 2026 +0100\n\n    %s\n\ndiff --git a/auth.c b/auth.c\n"
                 "index %s..%s 100644\n@@ -%d,7 +%d,9 @@ check_password(\n" % (
                     sha(), sha(7), sha(7), r.randint(0, 9), words, sha(9),
                     sha(9), r.randint(1, 900), r.randint(1, 900)))
        m.benign("minified", "!function(e,t){var n=e.token||t.%s,r={p:%d,"
                 "k:\"%s\"};return r.password?n(r.key):void 0}(this,"
                 "window),a.secret=function(){return this._%s};" % (
                     ids.letters(r, 2, string.ascii_lowercase),
                     r.randint(1, 10**6), ids.letters(r, 3), sha(4)))
        m.benign("pictures", '<img src="data:image/png;base64,%s">' %
                 ("iVBORw0KGgoAAAANSUhEUg" + b64(240)))
        m.benign("pictures", "@font-face{src:url(data:font/woff2;base64,"
                 "d09GMgABAAAAA%s)}" % b64(180))
        m.benign("keys that are public", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"
                 "AAAAI%s bob@laptop\n" % b64(32)[:43])
        m.benign("keys that are public", "-----BEGIN CERTIFICATE-----\nMIIB"
                 "%s\n-----END CERTIFICATE-----\n" % b64(120))
        m.benign("placeholders", r.choice((
            "password = os.environ['DB_PASSWORD']\n",
            "API_KEY=your-api-key-here\n", 'token: "${GITHUB_TOKEN}"\n',
            "password: {{ vault.db_password }}\n", "export SECRET=<secret>\n",
            'const apiKey = process.env.API_KEY;\n', "DB_PASSWORD=changeme\n",
            "secret_key = get_secret('prod/app')\n", "PASSWORD=********\n",
            "curl -u $USER:$PASS https://x.example\n",
            "curl -H 'Authorization: Bearer $TOKEN' https://x.example\n",
            "postgres://user:password@localhost/db\n",
            "api_key: REPLACE_ME\n", "password: !vault |\n",
            "if (password.length < 12) throw new Error('too short');\n",
            "def check(password: str) -> bool: ...\n",
            'secretName: tls-certificate\n', "tokenUrl: /oauth/token\n",
            "--password-file /run/secrets/db\n",
            "max_tokens=4096 token_count=1234567890\n")) + words + "\n")
        m.benign("talk", r.choice((
            "Your password must have 12 characters, a digit and a symbol.",
            "Never share your password or API key with anybody.",
            "How do I rotate a client secret in production?",
            "The token expires after 3600 seconds; ask for another one.",
            "What is the difference between a passport and an ID card?",
            "The IBAN of an account in Norway has 15 characters.",
            "My phone died twice on 2026-03-04 between 10:15 and 11:45.",
            "Card payments went up by 12.5 % to 1,234,567,890 in 2025.",
            "Social security numbers have nine digits, three in the area.",
            "The driver license exam costs 42 dollars since 2024.",
            "She was born in Oslo and moved to Bergen 20 years ago.",
            "Order 4711-2026-000123 was shipped with tracking 00340434161"
            "094042557.", "ISBN 978-3-16-148410-0, pages 100-200, vol. 12",
            "Invoice no. 2026-00012345 of 01.02.2026, amount 1.234,56 EUR",
            "Coordinates 48.858370, 2.294481; elevation 35 m",
            "Part 12-3456-7890 fits models 1001234 to 1009876.")))
        m.benign("tables", "id,qty,price,sku\n" + "".join(
            "%d,%d,%d.%02d,%s-%d\n" % (r.randint(10**6, 10**9),
                                       r.randint(1, 99), r.randint(1, 999),
                                       r.randint(0, 99), ids.letters(r, 3),
                                       r.randint(1000, 99999))
            for _ in range(8)))
        m.benign("tables", "int t[] = {%s};\n" % ", ".join(
            str(r.getrandbits(30)) for _ in range(12)))


# What a number, a name and a label look like to who hides them.
def full_width(text):
    return "".join(chr(ord(c) + 0xfee0) if "!" <= c <= "~" else c
                   for c in text)


def zero_width(text):
    return "\u200b".join(text)


ALIKE = str.maketrans("aceopxyABCEHKMOPTX",
                      "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0410\u0412"
                      "\u0421\u0415\u041d\u041a\u041c\u041e\u0420\u0422\u0425")
# Cells of braille, a to z, by their dots.
CELLS = bytes.fromhex("0103091911 0b1b130a1a 05070d1d15 0f1f170e1e "
                      "25273a2d3d 35")


def braille(text):
    out, last = "", ""
    for c in text:
        at = string.ascii_lowercase.find(c.lower())
        digit = "1234567890".find(c)
        if c in string.digits:
            out += "\u283c" + chr(0x2800 + CELLS[digit])
        elif at >= 0:
            out += "\u2830" * (last.isdigit() and at < 10)
            out += "\u2820" * c.isupper() + chr(0x2800 + CELLS[at])
        else:
            out += {" ": "\u2800", "-": "\u2824"}.get(c, c)
        last = c
    return out


def apart(text):
    """Digits alone stand so in tables."""
    letters = sum(c in string.ascii_letters for c in text[:8])
    return " ".join(text) if letters > 2 else None


DISGUISES = {
    "full width": full_width, "zero width": zero_width,
    "look-alikes": lambda t: t.translate(ALIKE),
    "compatibility forms": lambda t: "".join(
        chr(0x1d7f6 + int(c)) if c in string.digits else c for c in t),
    "\\u": lambda t: "".join("\\u%04x" % ord(c) if ord(c) < 0x10000 else c
                             for c in t),
    "JSON in JSON": lambda t: json.dumps(json.dumps({"a": t})),
    "percent": lambda t: "".join("%%%02X" % b for b in t.encode()),
    "base64": lambda t: base64.b64encode(t.encode()).decode(),
    "base32": lambda t: base64.b32encode(t.encode()).decode(),
    "quoted-printable": lambda t: "".join("=%02X" % b for b in t.encode()),
    "letters apart": apart,
    "marks": lambda t: "\u0336\u0301".join(t),
    "braille": braille,
    "hex": lambda t: t.encode().hex(),
}


def records(seed=SEED):
    m = Maker(seed)
    for part in (national, personal, generic, providers, look_alikes,
                 registered, shaped):
        part(m)
    return m.records

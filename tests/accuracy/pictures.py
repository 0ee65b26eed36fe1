"""pictures - what is found in rendered pictures of what was planted in them.

Usage: pictures.py            measure, and print the table
       pictures.py --write F  and keep it: PICTURES.md
SPDX-License-Identifier: Apache-2.0
"""
import collections
import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import media  # noqa: E402
from tap import BUILDDIR, SRCDIR  # noqa: E402

N = 200
FONTS = ["DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono",
         "DejaVu Sans Condensed"]
RENDER = os.path.join(BUILDDIR, "tests/accuracy/render")


def luhn(digits):
    total = sum(d if i % 2 else sum(divmod(2 * d, 10))
                for i, d in enumerate(reversed(digits)))
    return -total % 10


def number(r, n):
    return [r.randrange(10) for _ in range(n)]


def card(r):
    digits = [4] + number(r, 14)
    digits.append(luhn(digits))
    text = "".join(map(str, digits))
    return "CREDIT_CARD", "card " + " ".join(
        text[i:i + 4] for i in range(0, 16, 4))


def email(r):
    name = r.choice(["jane", "peter", "maria", "tom", "susan", "carlos"])
    last = r.choice(["miller", "novak", "garcia", "smith", "berg", "rossi"])
    return "EMAIL_ADDRESS", "%s.%s@%s" % (name, last, r.choice(
        ["example.com", "firma.example.org", "mail.example.net"]))


def ssn(r):
    return "US_SSN", "SSN %03d-%02d-%04d" % (
        r.randrange(101, 600), r.randrange(10, 99), r.randrange(1000, 9999))


def iban(r):
    bban = "".join(map(str, number(r, 18)))
    check = 98 - int(bban + "131400") % 97
    text = "DE%02d%s" % (check, bban)
    return "IBAN_CODE", "IBAN " + " ".join(
        text[i:i + 4] for i in range(0, len(text), 4))


def phone(r):
    return "PHONE_NUMBER", "call +1 %s-555-%04d" % (
        r.choice(["212", "415", "646", "303"]), r.randrange(100, 200))


def address(r):
    return "IP_ADDRESS", "host 192.168.%d.%d" % (
        r.randrange(1, 250), r.randrange(1, 250))


KINDS = [card, email, ssn, iban, phone, address]
FILLER = ["please send it today", "the meeting is at noon",
          "notes of the last week", "order for the new office",
          "thank you for the visit", "see the table below"]


def planned():
    """[(line for render, the entity that is planted)]"""
    r = random.Random(20261121)
    for i in range(N):
        entity, text = KINDS[i % len(KINDS)](r)
        points = 10 + 14 * r.random()
        if points > 16 and len(text) > 24:
            points = 10 + 6 * r.random()  # or it does not fit the picture
        lines = [r.choice(FILLER), text, r.choice(FILLER)]
        yield "%.1f %.2f %d %s|%s" % (
            points, r.uniform(-5, 5), r.choice([96, 150, 200]),
            r.choice(FONTS), "|".join(lines)), entity


def read(folder, step):
    plan = list(planned())[::step]
    names = [os.path.join(folder, "%d.jpg" % i) for i in range(len(plan))]
    # The library that finds fonts keeps what it found.
    subprocess.run([RENDER], check=True, text=True, env=dict(
        os.environ, ASAN_OPTIONS="detect_leaks=0"), input="".join(
        "%s %s\n" % (n, line) for n, (line, _) in zip(names, plan)))
    worker = media.Worker()
    for name, (line, entity) in zip(names, plan):
        with open(name, "rb") as f:
            why, _, texts = worker.ask(f.read())
        yield line, entity, why, "\n".join(t for _, _, t in texts)
    worker.close()


def is_measurable():
    return os.path.exists(RENDER) and media.has("tesseract")


def measure(step=1):
    """Of every STEP-th: {entity: [found, planted]}, and what was missed."""
    with tempfile.TemporaryDirectory() as folder:
        rows = list(read(folder, step))
    out = subprocess.run(
        [os.path.join(BUILDDIR, "kt"), "inspect", "--as", "jsonl"],
        capture_output=True, text=True, input="".join(
            json.dumps({"text": text, "component": "images"}) + "\n"
            for _, _, _, text in rows)).stdout.splitlines()
    found, missed = collections.defaultdict(lambda: [0, 0]), []
    for (line, entity, why, text), answer in zip(rows, out):
        hit = any(f["entity"] == entity for f in json.loads(answer)["findings"])
        found[entity][0] += hit
        found[entity][1] += 1
        if not hit:
            missed.append((line, why, text))
    return found, missed


HEAD = """# Pictures

Written by `python3 tests/accuracy/pictures.py --write`: %d rendered pictures
(10-24 pt, 96 to 200 dpi, up to 5 degrees to either side, four fonts, JPEG of
quality 60), one thing planted in each. In per cent; the goal is 95 in all.

| planted | found | of |
|---|---:|---:|
"""


def table(found):
    rows = sorted(found.items())
    rows.append(("all", [sum(v[i] for v in found.values()) for i in (0, 1)]))
    return HEAD % N + "".join("| %s | %.1f | %d |\n" % (
        name, 100 * hit / of, of) for name, (hit, of) in rows)


def main():
    if not is_measurable():
        print("pictures: not built with cairo, leptonica and tesseract")
        return
    found, missed = measure()
    text = table(found)
    if len(sys.argv) == 3 and sys.argv[1] == "--write":
        with open(sys.argv[2], "w", encoding="utf-8") as f:
            f.write(text)
    else:
        print(text)
        for line, why, said in missed:
            print("missed: %s\n  %s: %r" % (line, why, said))


if __name__ == "__main__":
    main()

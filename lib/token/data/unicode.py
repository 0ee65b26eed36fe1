#!/usr/bin/env python3
# unicode.py - writes ../unicode.inc: what the tokenizers know of Unicode.
# SPDX-License-Identifier: Apache-2.0
#
# Needs the module unicodedata2 16.0.0 (Apache-2.0): vocabularies were made
# with the classes of Unicode 16.0, and newer letters would be cut otherwise.
import pathlib
import unicodedata as older

import unicodedata2 as unicode

VERSION = "16.0.0"
BLOCK = 128
LAST = 0x110000
# White_Space of PropList.txt, which the module does not know.
SPACES = [*range(0x9, 0xE), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B),
          0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
# As in class_priv.h.
BITS = {"Lu": 1, "Lt": 1, "Ll": 2, "Lm": 4, "Lo": 4, "Mn": 8, "Mc": 8, "Me": 8,
        "Nd": 16, "Nl": 16, "No": 16}


def bits(cp):
    if cp in SPACES:
        return 32
    return BITS.get(unicode.category(chr(cp)), 0)


def rows(values, per_line):
    for i in range(0, len(values), per_line):
        yield "\t" + ", ".join(str(v) for v in values[i:i + per_line]) + ",\n"


def classes():
    blocks, index = [], []
    for start in range(0, LAST, BLOCK):
        block = tuple(bits(cp) for cp in range(start, start + BLOCK))
        if block not in blocks:
            blocks.append(block)
        index.append(blocks.index(block))
    yield "const uint8_t kt_char_block[] = {\n"
    yield from rows(index, 20)
    yield f"}};\nconst uint8_t kt_char_classes[][{BLOCK}] = {{\n"
    for block in blocks:
        yield "\t{\n"
        yield from rows(block, 32)
        yield "\t},\n"
    yield "};\n"


def is_new(cp):
    """Assigned after the Unicode that the oldest library of ours knows."""
    return (older.category(chr(cp)) == "Cn" and
            unicode.category(chr(cp)) != "Cn")


def compatibility():
    yield "static const uint32_t newer_compatible[][2] = {\n"
    for cp in range(LAST):
        text = unicode.normalize("NFKC", chr(cp))
        if is_new(cp) and text != chr(cp):
            assert len(text) == 1
            yield f"\t{{ {cp:#x}, {ord(text):#x} }},\n"
    yield "};\n"
    yield "static const uint32_t newer_composed[][3] = {\n"
    for cp in range(LAST):
        parts = unicode.decomposition(chr(cp)).split()
        if is_new(cp) and len(parts) == 2 and not parts[0].startswith("<"):
            one, two = (int(p, 16) for p in parts)
            if unicode.normalize("NFC", chr(one) + chr(two)) == chr(cp):
                yield f"\t{{ {one:#x}, {two:#x}, {cp:#x} }},\n"
    yield "};\n"


def main():
    assert unicode.unidata_version == VERSION
    assert older.unidata_version <= "14.0.0", "run it with Python 3.11"
    out = pathlib.Path(__file__).parent.parent / "unicode.inc"
    with out.open("w") as f:
        f.write("/* Made by data/unicode.py from Unicode "
                f"{VERSION}; not edited by hand. */\n")
        f.writelines(classes())
        f.writelines(compatibility())


main()

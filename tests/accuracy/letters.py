"""letters - which pairs of letters words are made of: lib/detect/letters.def.

    python3 tests/accuracy/letters.py > lib/detect/letters.def

Counts pairs of letters in the prose and documentation of the corpora; the
pairs that make up COVER per mille of all are those of words.  Integers only:
the same corpora give the same table.
"""
import collections
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import accuracy  # noqa: E402

COVER = 955
SETS = ("benign-docs/docs.jsonl.gz", "benign-wildguard/data.jsonl.gz",
        "benign-prompts-chat/data.jsonl.gz", "phi-aci-bench/data.jsonl.gz")


def main():
    words = collections.Counter()
    for name in SETS:
        for record in accuracy.read(name):
            words.update(re.findall(r"[a-z]{3,16}", record["text"].lower()))
    pairs = collections.Counter()
    for word, n in words.items():
        for a, b in zip(word, word[1:]):
            pairs[a + b] += min(n, 50)  # "the" is one word among many
    total, seen, rows = sum(pairs.values()), 0, [0] * 26
    for pair, n in sorted(pairs.items(), key=lambda p: (-p[1], p[0])):
        if seen * 1000 >= total * COVER:
            break
        seen += n
        rows[ord(pair[0]) - 97] |= 1 << (ord(pair[1]) - 97)
    print("/*\n * letters.def - after which letter words have which: "
          "one row a letter,\n * one bit a letter behind it.  Written by "
          "tests/accuracy/letters.py.\n * SPDX-License-Identifier: "
          "Apache-2.0\n */")
    for row in rows:
        print("KT_LETTERS(0x%07x)" % row)
    print("#undef KT_LETTERS")


if __name__ == "__main__":
    main()

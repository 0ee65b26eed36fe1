#!/usr/bin/env python3
"""Writes lookalikes.def: letters that look like a letter of ASCII.

	lookalikes.py confusables.json >lookalikes.def

The source is Unicode's list of confusable characters (UTS 39) in the form in
which confusable-homoglyphs 3.3.1 carries it.  What NFKC folds by itself is
left out, and so are digits: their value says more than their shape.
"""
import json
import sys
import unicodedata

# Common disguises that UTS 39 does not list, lower case by shape.
more = dict(zip('κкεтмнвгп', 'kketmhbrn')) | {'τ': 't', 'ω': 'w'}

letters = dict(more)
for key, others in json.load(open(sys.argv[1])).items():
    if len(key) != 1 or ord(key) < 128 or \
            unicodedata.category(key)[0] == 'N' or \
            unicodedata.normalize('NFKC', key) != key:
        continue
    for other in others:
        c = other['c']
        if len(c) == 1 and c.isascii() and c.isalpha():
            # UTS 39 takes every capital I for a small l.
            if c == 'l' and unicodedata.category(key) == 'Lu':
                c = 'I'
            letters.setdefault(key, c)

print('/*')
print(' * lookalikes.def - letters that look like one of ASCII, in order.')
print(' * LOOKALIKE(code point, letter).  Made by lookalikes.py; not edited.')
print(' * SPDX-License-Identifier: Apache-2.0')
print(' */')
for key in sorted(letters):
    print(f"LOOKALIKE(0x{ord(key):04x}, '{letters[key]}')")
print('#undef LOOKALIKE')

#!/usr/bin/env python3
# ranks.py - packs published vocabularies into the files beside this one.
# SPDX-License-Identifier: Apache-2.0
#
# usage: ranks.py GPT_TOKENIZER_DIR ANTHROPIC_TOKENIZER_DIR
#
# The arguments are the unpacked npm packages gpt-tokenizer 4.0.0 (MIT; its
# data/*.tiktoken are OpenAI's files, byte for byte) and @anthropic-ai/tokenizer
# 0.0.4 (Apache-2.0).  A source whose SHA-256 is not the one below is refused.
#
# A .ranks file is for each token, in the order of ids from the first one on:
# its length (LEB128) and its bytes.  What id the first has is in
# ../encoding.def.
import base64
import hashlib
import json
import pathlib
import sys

SOURCES = (
    ("cl100k_base", 0, "data/cl100k_base.tiktoken",
     "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"),
    ("o200k_base", 0, "data/o200k_base.tiktoken",
     "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"),
    ("claude", 1, "claude.json",
     "58dad83d85e9cd57be209172449ebfbc395df2b455c11fe8b7e5b661e6f462ad"),
)


def lines_of_tiktoken(data):
    for line in data.splitlines():
        token, rank = line.split()
        yield int(rank), base64.b64decode(token, validate=True)


def ranks_of_json(data):
    """One text: "! FIRST base64 base64 ..."; ids count up from FIRST."""
    mark, first, *tokens = json.loads(data)["bpe_ranks"].split()
    if mark != "!":
        sys.exit("bpe_ranks: not the form this script knows")
    for i, token in enumerate(tokens):
        yield int(first) + i, base64.b64decode(token, validate=True)


def leb128(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: ranks.py GPT_TOKENIZER_DIR ANTHROPIC_TOKENIZER_DIR")
    here = pathlib.Path(__file__).parent
    for name, package, path, sha256 in SOURCES:
        data = (pathlib.Path(sys.argv[1 + package]) / path).read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            sys.exit(f"{path}: SHA-256 differs from the pinned one")
        read = ranks_of_json if path.endswith(".json") else lines_of_tiktoken
        pairs = list(read(data))
        first = pairs[0][0]
        if [rank for rank, _ in pairs] != list(range(first, first + len(pairs))):
            sys.exit(f"{path}: ranks are not consecutive")
        packed = b"".join(leb128(len(t)) + t for _, t in pairs)
        (here / f"{name}.ranks").write_bytes(packed)
        print(f"{name}: {len(pairs)} tokens from id {first}, {len(packed)} bytes")


main()

"""letters - what the worker reads in pictures, however they are shown.
SPDX-License-Identifier: Apache-2.0
"""
import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import media
from tap import Skip, run_all

ROW = "HHHHHHHH"


def chunk(kind, said):
    return (struct.pack(">I", len(said)) + kind + said
            + struct.pack(">I", zlib.crc32(kind + said)))


def is_ink(letter, x, y, wide, high, thick):
    """Letters that are but bars"""
    bars = {"left": x < thick, "right": x >= wide - thick, "top": y < thick,
            "low": y >= high - thick, "across": abs(y - high // 2) <= thick // 2,
            "middle": abs(x - wide // 2) <= thick // 2}
    return any(bars[b] for b in {
        "H": ("left", "right", "across"), "T": ("top", "middle"),
        "E": ("left", "top", "across", "low"), "L": ("left", "low"),
        "F": ("left", "top", "across"), " ": ()}[letter])


def picture(ink, around, high, row=ROW, on_its_head=False):
    """A PNG with a row of letters, each pixel of so many bytes as the two
    colours have."""
    wide, thick, size = high * 3 // 4, max(1, high // 7), len(ink)
    across = (len(row) + 4) * 3 * wide // 2
    pixels = [around] * across * 5 * high
    for n, letter in enumerate(row):
        left = (n + 2) * 3 * wide // 2
        for y in range(high):
            for x in range(wide):
                if is_ink(letter, x, y, wide, high, thick):
                    pixels[(2 * high + y) * across + left + x] = ink
    if on_its_head:
        pixels.reverse()
    said = b"".join(b"\0" + b"".join(pixels[y * across:(y + 1) * across])
                    for y in range(5 * high))
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", across, 5 * high, 8,
                                         {1: 0, 4: 6}[size], 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(said)) + chunk(b"IEND", b""))


def said(medium):
    if not media.has("tesseract"):
        raise Skip("kt-media has no tesseract")
    worker = media.Worker()
    try:
        answer = worker.ask(medium)
    finally:
        worker.close()
    assert answer[0] == "read", answer
    return "\n".join(t for _, _, t in answer[2])


def letters_are_read_in_any_two_colours():
    for letter, around in ((0, 255), (255, 0), (150, 255), (150, 0),
                           (0, 100), (200, 235), (60, 30)):
        for high in (8, 12, 30):
            got = said(picture(bytes([letter]), bytes([around]), high))
            assert ROW in got, (letter, around, high, got)


def letters_that_only_transparency_hides_are_read():
    for ink in (b"\0\0\0", b"\xff\xff\xff"):
        got = said(picture(ink + b"\xff", b"\0\0\0\0", 12))
        assert ROW in got, (ink, got)


def letters_on_their_head_are_read():
    for row in ("TELL THE FLEET", "THE LEFT THEFT"):
        got = said(picture(b"\0", b"\xff", 24, row, on_its_head=True))
        assert row in got, got


run_all([
    letters_are_read_in_any_two_colours,
    letters_that_only_transparency_hides_are_read,
    letters_on_their_head_are_read,
])

"""pictures - what lies beside the pixels, and pictures behind the first.
SPDX-License-Identifier: Apache-2.0
"""
import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import media
from tap import Skip, run_all

CARD = b"4111 1111 1111 1111"


def ask(picture):
    if not media.has("lept"):
        raise Skip("kt-media decodes no pictures")
    worker = media.Worker()
    try:
        return worker.ask(picture)
    finally:
        worker.close()


def chunk(kind, body):
    return (struct.pack(">I", len(body)) + kind + body
            + struct.pack(">I", zlib.crc32(kind + body)))


def png(*chunks):
    """32 x 32 pixels of white"""
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">2I5B", 32, 32, 8, 0, 0, 0, 0))
            + b"".join(chunks)
            + chunk(b"IDAT", zlib.compress((b"\0" + b"\xff" * 32) * 32))
            + chunk(b"IEND", b""))


def gif(*blocks):
    return (b"GIF89a\1\0\1\0\x80\0\0\xff\xff\xff\0\0\0" + b"".join(blocks)
            + b";")


FRAME = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"


def told(answer):
    return "\n".join(text for _, _, text in answer[2])


def a_text_beside_the_pixels_is_read():
    for picture in (
            png(chunk(b"tEXt", b"Comment\0" + CARD)),
            png(chunk(b"zTXt", b"Comment\0\0" + zlib.compress(CARD))),
            png(chunk(b"iTXt", b"Comment\0\1\0en\0\0" + zlib.compress(CARD))),
            png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x>4111 1<b>1</b>11"
                      b" 1111 1111</x>")),
            gif(b"!\xfe\x0a" + CARD[:10] + b"\x09" + CARD[10:] + b"\0",
                FRAME)):
        answer = ask(picture)
        assert CARD.decode() in told(answer), answer
        assert answer[0] in ("read", "engine"), answer


def a_text_that_unpacks_to_too_much_is_a_bomb():
    much = zlib.compress(b"x" * (9 << 20))
    answer = ask(png(chunk(b"zTXt", b"a\0\0" + much)))
    assert answer[0] == "bomb", answer[:2]


def a_text_that_does_not_unpack_is_told():
    answer = ask(png(chunk(b"zTXt", b"a\0\0" + b"no zlib")))
    assert answer[0] == "broken", answer


def pictures_behind_the_first_are_told_as_unread():
    one, two = ask(gif(FRAME)), ask(gif(FRAME, FRAME))
    assert one[0] in ("read", "engine") and two[0] == "pages", (one, two)


run_all([
    a_text_beside_the_pixels_is_read,
    a_text_that_unpacks_to_too_much_is_a_bomb,
    a_text_that_does_not_unpack_is_told,
    pictures_behind_the_first_are_told_as_unread,
])

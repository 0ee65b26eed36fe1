"""texts - what the worker reads in files of text, however they are written.
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import media
from tap import run_all

CARD = "4111 1111 1111 1111"


def read(medium, why="read"):
    worker = media.Worker()
    try:
        answer = worker.ask(medium)
    finally:
        worker.close()
    assert answer[0] == why, answer
    return [text for _, _, text in answer[2]]


def a_text_is_read_in_the_encoding_that_it_has():
    said = f"Gr\u00fc\u00dfe \u2013 {CARD}\n"
    for medium in (b"\xff\xfe" + said.encode("utf-16-le"),
                   b"\xfe\xff" + said.encode("utf-16-be"),
                   said.encode("cp1252")):
        assert read(medium) == [said], medium


def a_number_is_read_over_the_markup_in_it():
    for medium in (b"{\\rtf1 4111 {\\b 1111} \\'31111 1111}",
                   b"<p>4111 1<b>1</b>11 1&#49;11 1111</p>",
                   ("\ufeff<p>4111 1<b>1</b>11 1111 1111")
                   .encode("utf-16-le")):
        assert any(CARD in text for text in read(medium)), medium


def a_picture_in_rtf_is_told_as_unread():
    said = read(b"{\\rtf1 seen {\\pict\\pngblip 89504e47}}", "kind")
    assert "seen " in said, said


run_all([
    a_text_is_read_in_the_encoding_that_it_has,
    a_number_is_read_over_the_markup_in_it,
    a_picture_in_rtf_is_told_as_unread,
])

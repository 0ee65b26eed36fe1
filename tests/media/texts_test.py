"""texts - what the worker reads in files of text, however they are written.
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import media
from tap import run_all

CARD = "4111 1111 1111 1111"


def read(medium):
    worker = media.Worker()
    try:
        answer = worker.ask(medium)
    finally:
        worker.close()
    assert answer[0] == "read", answer
    return [text for _, _, text in answer[2]]


def a_text_is_read_in_the_encoding_that_it_has():
    said = f"Gr\u00fc\u00dfe \u2013 {CARD}\n"
    for medium in (b"\xff\xfe" + said.encode("utf-16-le"),
                   b"\xfe\xff" + said.encode("utf-16-be"),
                   said.encode("cp1252")):
        assert read(medium) == [said], medium


run_all([
    a_text_is_read_in_the_encoding_that_it_has,
])

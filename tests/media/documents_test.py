"""documents - what the worker reads in documents, and what it refuses.
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import media
from tap import Skip, run_all

CARD = "4111 1111 1111 1111"


def texts(answer, page=None):
    return "\n".join(t for _, p, t in answer[2] if page in (None, p))


def ask(medium, engine, **more):
    if not media.has(engine):
        raise Skip(f"kt-media has no {engine}")
    worker = media.Worker()
    try:
        return worker.ask(medium, **more)
    finally:
        worker.close()


def office(medium):
    return ask(medium, "libzip")


def pdf(medium, **more):
    return ask(medium, "poppler", **more)


def the_text_of_office_files_is_read_over_its_runs():
    for medium in (media.docx(CARD), media.xlsx([CARD, "other"]),
                   media.pptx(CARD)):
        answer = office(medium)
        assert answer[0] == "read" and CARD in texts(answer), answer


def links_comments_and_their_authors_are_read():
    answer = office(media.docx("hello", **{
        "word/_rels/document.xml.rels":
            "<Relationships><Relationship Target='https://a.example/?q="
            "hidden'/></Relationships>",
        "word/comments.xml": f"<w:comments {media.W}><w:comment "
            "w:author='Jane'><w:p><w:r><w:t>between us</w:t></w:r></w:p>"
            "</w:comment></w:comments>"}))
    for said in ("hello\nend\n", "hidden", "Jane", "between us"):
        assert said in texts(answer), answer


UNPACKED = 64  # MiB: KT_MEDIA_UNPACKED_MAX
PARTS = 4096   # KT_MEDIA_PARTS_MAX


def much(mebibytes):
    return b"<a><!--" + b" " * (mebibytes << 20) + b"--></a>"


def a_part_that_unpacks_to_too_much_is_a_bomb():
    answer = office(media.archive({"word/document.xml": much(UNPACKED + 1)}))
    assert answer[0] == "bomb" and not answer[2], answer[:2]


def so_are_many_that_are_too_much_together():
    answer = office(media.archive(
        {"1.xml": much(1), "2.xml": much(UNPACKED)}))
    assert answer[0] == "bomb", answer[:2]


def too_many_parts_are_told_and_the_first_ones_read():
    answer = office(media.archive(
        {f"{i}.xml": "<a>x</a>" for i in range(PARTS + 1)}))
    assert answer[0] == "pages" and len(answer[2]) == PARTS, answer[:2]


def a_part_with_a_document_type_is_not_read_and_the_others_are():
    answer = office(media.docx("seen", **{
        "a.xml": "<!DOCTYPE a [<!ENTITY b 'bbbb'>]><a>&b;&b;</a>"}))
    assert answer[0] == "broken" and "see" in texts(answer), answer
    assert "bbbb" not in texts(answer), answer


def an_archive_in_an_archive_is_told_as_unread():
    answer = office(media.docx("seen", **{
        "word/embeddings/a.docx": media.docx("inside")}))
    assert answer[0] == "kind" and "seen" in texts(answer), answer
    assert "inside" not in texts(answer), answer


def the_pages_of_a_pdf_are_read_each_as_its_own():
    answer = pdf(media.pdf([CARD, "second page"], title="a title"))
    assert answer[:2] == ("read", 2), answer
    assert CARD in texts(answer, 1), answer
    assert "second page" in texts(answer, 2), answer
    assert "a title" in texts(answer, 0), answer


def pages_over_the_limit_are_told_and_the_others_read():
    answer = pdf(media.pdf(["one", "two", "three"]), pages=2)
    assert answer[0] == "pages", answer
    assert "two" in texts(answer) and "three" not in texts(answer), answer


def a_picture_that_is_also_a_pdf_is_not_read_as_one_of_them():
    answer = pdf(b"\xff\xd8\xff\xe0 " + media.pdf(["hidden"]))
    assert answer[0] == "twofold" and not answer[2], answer


def wide(text):
    """As a PDF has what is not Latin."""
    return b"<feff" + text.encode("utf-16-be").hex().encode() + b">"


def annotation(what):
    return {"page": b"/Annots[7 0 R]",
            "beside": [b"<</Type/Annot/Rect[10 10 300 40]" + what + b">>"]}


def a_picture_in_an_archive_tells_where_it_was_taken():
    answer = office(media.docx("seen", **{
        "word/media/image1.jpeg": media.photo(-37, 122)}))
    assert "latitude -37.0" in texts(answer), answer


def a_text_with_the_mark_of_a_pdf_is_read_as_what_it_is():
    hidden = media.pdf(["hidden"]).replace(b"(hidden)", b"<68696464656e>")
    for before in (b"\n", b"\xef\xbb\xbf", b"many words " * 50):
        answer = pdf(before + hidden)
        assert answer[0] == "read" and "hidden" in texts(answer, 1), answer
        assert "68696464656e" in texts(answer, 0), answer
    said = "A file that begins with %PDF-1.7 is one.\n"
    assert pdf(said.encode()) == ("read", 0, [(0, 0, said)])


def strings_of_two_bytes_a_letter_are_read_wherever_they_stand():
    field = annotation(b"/Subtype/Widget/FT/Tx/T(a)/DA(/F1 12 Tf)/V"
                       + wide(CARD))
    for medium in (
            media.pdf(["seen"], info=b"/Subject" + wide(CARD)),
            media.pdf(["seen"], **annotation(
                b"/Subtype/Text/Contents" + wide(CARD))),
            media.pdf(["seen"], more=b"/AcroForm<</Fields[7 0 R]>>", **field)):
        answer = pdf(medium)
        assert answer[0] == "read" and CARD in texts(answer), answer


run_all([
    the_text_of_office_files_is_read_over_its_runs,
    links_comments_and_their_authors_are_read,
    a_part_that_unpacks_to_too_much_is_a_bomb,
    so_are_many_that_are_too_much_together,
    too_many_parts_are_told_and_the_first_ones_read,
    a_part_with_a_document_type_is_not_read_and_the_others_are,
    an_archive_in_an_archive_is_told_as_unread,
    the_pages_of_a_pdf_are_read_each_as_its_own,
    pages_over_the_limit_are_told_and_the_others_read,
    a_picture_that_is_also_a_pdf_is_not_read_as_one_of_them,
    a_picture_in_an_archive_tells_where_it_was_taken,
    a_text_with_the_mark_of_a_pdf_is_read_as_what_it_is,
    strings_of_two_bytes_a_letter_are_read_wherever_they_stand,
])

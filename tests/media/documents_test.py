"""documents - what the worker reads in documents, and what it refuses.
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import media
from tap import Skip, run_all

CARD = "4111 1111 1111 1111"
SAID, SEEN = 0, 1  # enum kt_media_source


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


def only(part, name="xl/worksheets/sheet1.xml"):
    return texts(office(media.archive({name: part}))).split("\n")


def values_of_neighbours_are_not_one_value():
    for part in ("<row><c><f>1+1</f><v>{}</v></c></row>",
                 "<row><cell><v>{}</v></cell><cell><v>12</v></cell></row>",
                 "<p><number>{}</number><number>12</number></p>",
                 "<p><r><offset>914400</offset></r><r><t>{}</t></r></p>"):
        said = only(part.format("4111111111111111"))
        assert any("4111111111111111" in line.split("\t") for line in said)


def a_whole_number_is_read_as_one_however_it_is_written():
    for written in ("4.111111111111111E15", "4.111111111111111E+15",
                    "4111111111111111.0"):
        said = only(f"<row><c><v>{written}</v></c></row>")
        assert "4111111111111111\t" in said, said
    assert "0.5\t" in only("<row><c><v>0.5</v></c></row>")


def what_attributes_say_is_read_and_not_what_they_count():
    said = only(
        f"<a xmlns:w='http://w.example/'><sheet name='card {CARD}'/>"
        f"<c r='AB123456' w:rsid='00AB12CD' x='1234567' y='0.5118110236'"
        f" id='{{9D8B030D-6E8A-4147}}'/><s v='jane@example.com'/></a>")
    assert said[-3:-1] == [f"card {CARD}", "jane@example.com"], said


def a_part_is_read_by_what_it_is_and_not_by_its_name():
    said = "<p><r><t>4111 11</t></r><r><t>11 1111 1111</t></r></p>"
    for name in ("word/document.XML", "word/document.dat",
                 "word/printerSettings/document.xml", "a/"):
        assert CARD in texts(office(media.archive({name: said}))), name
    driver = {"xl/printerSettings/printerSettings1.bin": b"\0\1\2\3",
              "Configurations2/current.xml": b""}
    assert office(media.archive(driver))[0] == "read"


def names_of_parts_are_read():
    answer = office(media.archive({f"word/{CARD}.txt": "x"}))
    assert CARD in texts(answer).split("\n")[1], answer


UNPACKED = 64  # MiB: KT_MEDIA_UNPACKED_MAX
PARTS = 4096   # KT_MEDIA_PARTS_MAX


def much(mebibytes):
    return b"<a><!--" + b" " * (mebibytes << 20) + b"--></a>"


def a_part_that_unpacks_to_too_much_is_a_bomb():
    answer = office(media.archive({"word/document.xml": much(UNPACKED + 1)}))
    assert answer[0] == "bomb", answer[:2]
    assert texts(answer) == "word\ndocument.xml\n", answer


def so_are_many_that_are_too_much_together():
    answer = office(media.archive(
        {"1.xml": much(1), "2.xml": much(UNPACKED)}))
    assert answer[0] == "bomb", answer[:2]


def too_many_parts_are_told_and_the_first_ones_read():
    answer = office(media.archive(
        {f"{i}.xml": "<a>x</a>" for i in range(PARTS + 1)}))
    assert answer[0] == "pages", answer[:2]
    assert [t for _, _, t in answer[2]].count("x") == PARTS, answer[:2]


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


def a_pdf_whose_pages_are_not_found_is_broken():
    medium = media.pdf(["hidden"]).replace(b"/Count 1", b"/Count 999999")
    assert pdf(medium) == ("broken", 0, [])


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


def what_lies_beside_the_pages_of_a_pdf_is_read():
    choice = annotation(b"/Subtype/Widget/FT/Ch/Ff 131072/T(a)/V(jane)"
                        b"/Opt[(jane)(" + CARD.encode() + b")]")
    for medium in (
            media.pdf(["seen"], info=b"/Creator(%s)" % CARD.encode()),
            media.pdf(["seen"], more=b"/Metadata 7 0 R", beside=[media.stream(
                b"<x>%s</x>" % CARD.encode(),
                b"/Type/Metadata/Subtype/XML")]),
            media.pdf(["seen"], more=b"/Outlines 7 0 R", beside=[
                b"<</First 8 0 R/Last 8 0 R/Count 1>>",
                b"<</Title" + wide(CARD) + b"/Parent 7 0 R>>"]),
            media.pdf(["seen"], more=b"/AcroForm<</Fields[7 0 R]>>", **choice),
            media.pdf(["seen"], more=b"/AcroForm<</Fields[7 0 R]>>",
                      **annotation(b"/Subtype/Widget/FT/Tx/T(a)/TU"
                                   + wide(CARD))),
            media.pdf(["seen"], **annotation(
                b"/Subtype/Text/T" + wide(CARD))),
            media.pdf(["seen"], **annotation(
                b"/Subtype/Link/A<</S/URI/URI(mailto:%s)>>"
                % CARD.encode()))):
        answer = pdf(medium)
        assert answer[0] == "read" and CARD in texts(answer), answer


def filed(said, about=b"", name=b"a.txt"):
    """A file of a PDF as it stands in three objects from 7 on"""
    return [b"<</Type/Filespec/F(%s)/UF(%s)/EF<</F 8 0 R>>%s>>"
            % (name, name, about), media.stream(said, b"/Type/EmbeddedFile")]


def attached(said, **more):
    return pdf(media.pdf(["seen"], more=b"/Names<</EmbeddedFiles<</Names"
                         b"[(a) 7 0 R]>>>>", beside=filed(said, **more)))


def a_file_in_a_pdf_is_read_and_so_are_its_name_and_what_it_is_for():
    card = CARD.encode()
    for answer in (attached(card), attached(CARD.encode("cp1252") + b"\xfc"),
                   attached(b"x", about=b"/Desc(%s)" % card),
                   attached(b"x", name=b"%s.txt" % card),
                   pdf(media.pdf(["seen"], page=b"/Annots[9 0 R]",
                                 beside=filed(card) + [
                           b"<</Type/Annot/Subtype/FileAttachment/Rect"
                           b"[0 0 9 9]/FS 7 0 R>>"]))):
        assert answer[0] == "read" and CARD in texts(answer), answer


def a_file_in_a_pdf_that_is_no_text_or_picture_is_told_as_unread():
    for inside in (media.pdf(["x"]), media.docx("x"), b"\0\1\2"):
        answer = attached(inside)
        assert answer[0] == "kind" and "seen" in texts(answer), answer


def a_file_in_a_pdf_that_unpacks_to_too_much_is_a_bomb():
    much = zlib.compress(b" " * ((UNPACKED + 1) << 20))
    answer = pdf(media.pdf(["seen"], more=b"/Names<</EmbeddedFiles<</Names"
                           b"[(a) 7 0 R]>>>>", beside=[filed(b"")[0],
                           media.stream(much, b"/Filter/FlateDecode")]))
    assert answer[0] == "bomb" and "seen" in texts(answer), answer


def what_is_said_instead_of_what_is_drawn_is_read():
    for key in (b"/Alt", b"/ActualText", b"/E", b"/T"):
        answer = pdf(media.pdf(
            ["seen"], more=b"/MarkInfo<</Marked true>>/StructTreeRoot 7 0 R",
            beside=[b"<</Type/StructTreeRoot/K 8 0 R>>",
                    b"<</Type/StructElem/S/Document/P 7 0 R/K[9 0 R]>>",
                    b"<</Type/StructElem/S/Span/P 8 0 R/Pg 5 0 R/K[0]%s%s>>"
                    % (key, wide(CARD))]))
        assert answer[0] == "read" and CARD in texts(answer), (key, answer)


def packed(*objects):
    """Objects from 8 on, in a stream; nobody refers to them"""
    at = " ".join(f"{8 + i} {sum(map(len, objects[:i]))}"
                  for i in range(len(objects))).encode() + b"\n"
    return media.stream(zlib.compress(at + b"".join(objects)),
                        b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode"
                        % (len(objects), len(at)))


def strings_are_read_wherever_a_pdf_has_them():
    card = CARD.encode()
    for medium in (
            media.pdf(["seen"], info=b"/Custom(%s)" % card),
            media.pdf(["seen"], info=b"/Custom" + wide(CARD)),
            media.pdf(["seen"], info=b"/Custom(4111\\0401111 1111\\\n 1111)"),
            media.pdf(["seen"], **annotation(b"/Subtype/Text/RC(<p>%s</p>)"
                                             % card)),
            media.pdf(["seen"], beside=[packed(b"<</Alt(%s)>>" % card)]),
            media.pdf(["seen"], more=b"/AcroForm<</XFA 7 0 R>>", beside=[
                media.stream(zlib.compress(b"<x:a>%s</x:a>" % card),
                             b"/Filter/FlateDecode")])):
        answer = pdf(medium)
        assert answer[0] == "read" and CARD in texts(answer), answer


def a_file_that_no_list_of_a_pdf_has_is_told_as_unread():
    answer = pdf(media.pdf(["seen"], more=b"/AF[7 0 R]",
                           beside=filed(b"hidden")))
    assert answer[0] == "kind" and "seen" in texts(answer), answer


def objects_that_unpack_to_too_much_are_a_bomb():
    answer = pdf(media.pdf(["seen"], beside=[packed(b" " * (9 << 20))]))
    assert answer[0] == "bomb" and "seen" in texts(answer), answer


def a_file_at_a_note_that_is_not_there_is_told_as_unread():
    answer = pdf(media.pdf(["seen"], **annotation(
        b"/Subtype/FileAttachment/FS<</Type/Filespec/F(a.txt)>>")))
    assert answer[0] == "kind" and "seen" in texts(answer), answer


def stamped(*points, kind=b"/Stamp", **more):
    """A page with a note that shows lines of eight H, which are but boxes."""
    if not media.has("tesseract"):
        raise Skip("kt-media has no tesseract")
    lines = b" ".join(b"/F2 %d Tf 0 -%d Td (aaaaaaaa) Tj" % (p, 10 + p)
                      for p in points)
    return pdf(media.pdf(["seen"], page=b"/Annots[7 0 R]", beside=[
        b"<</Type/Annot/Subtype" + kind
        + b"/Rect[10 10 390 190]/F 4/AP<</N 8 0 R>>>>",
        media.stream(b"BT 10 180 Td " + lines + b" ET",
                     b"/Type/XObject/Subtype/Form/BBox[0 0 380 180]"
                     b"/Resources<</Font<</F2 9 0 R>>>>"),
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 600 900]/FontMatrix"
        b"[.001 0 0 .001 0 0]/FirstChar 97/LastChar 97/Widths[800]"
        b"/Encoding<</Differences[97/a]>>/CharProcs<</a 10 0 R>>"
        b"/Resources<<>>>>", media.stream(
            b"800 0 0 0 600 900 d1 0 0 100 900 re 500 0 100 900 re "
            b"0 400 600 100 re f")], **more))


def a_page_is_drawn_for_the_notes_that_only_drawing_shows():
    answer = stamped(24)
    assert answer[0] == "read" and "HHHHHHHH" in texts(answer), answer


BOX = (b"q 0 0 10 90 re 50 0 10 90 re 0 40 60 10 re f Q 1 0 0 1 80 0 cm ")


def letters_that_are_no_text_are_looked_at_beside_text():
    """Outlines, as a printer leaves them"""
    if not media.has("tesseract"):
        raise Skip("kt-media has no tesseract")
    outlines = "x) Tj ET q .3 0 0 .3 40 20 cm " + BOX.decode() * 8
    answer = pdf(media.pdf([outlines + "Q BT ("]))
    said = [t for source, _, t in answer[2] if source == SEEN]
    assert answer[0] == "read" and len(said) == 1, answer
    assert "HHHHHHHH" in said[0], answer


def text_that_is_had_is_not_looked_at():
    answer = pdf(media.pdf(["seen and read"]))
    assert [source for source, _, _ in answer[2]] == [SAID], answer


def what_notes_and_fields_show_is_read():
    for kind in (b"/Widget/FT/Tx/T(a)", b"/Widget/FT/Btn/Ff 65536/T(a)"):
        answer = stamped(24, kind=kind)
        assert answer[0] == "read" and "aaaaaaaa" in texts(answer), answer


def a_layer_that_is_off_is_read_as_one_that_is_on():
    hidden = ("x) Tj ET /OC /L BDC BT /F1 12 Tf 40 60 Td (" + CARD
              + ") Tj ET EMC BT (y")
    for order in (b"", b"/Order[7 0 R]"):
        answer = pdf(media.pdf([hidden], beside=[
            b"<</Type/OCG/Name(a)>>"], more=b"/OCProperties<</OCGs[7 0 R]/D"
            b"<</OFF[7 0 R]" + order + b">>>>").replace(
                b"/Resources<<", b"/Resources<</Properties<</L 7 0 R>>"))
        assert answer[0] == "read" and CARD in texts(answer, 1), answer


def all_that_is_written_goes_before_what_is_looked_at():
    answer = stamped(24)
    assert [source for source, page, _ in answer[2] if page == 1] == [
        SAID, SAID, SEEN], answer


def a_large_page_is_drawn_as_finely_as_the_limit_lets():
    answer = stamped(4, box=b"0 0 1450 1450")
    assert answer[0] == "read" and "HH" in texts(answer), answer


def small_letters_are_read_beside_large_ones():
    answer = stamped(40, 40, 40, 4)
    assert texts(answer).count("HHHHHHHH") == 4, answer


run_all([
    the_text_of_office_files_is_read_over_its_runs,
    links_comments_and_their_authors_are_read,
    values_of_neighbours_are_not_one_value,
    a_whole_number_is_read_as_one_however_it_is_written,
    what_attributes_say_is_read_and_not_what_they_count,
    a_part_is_read_by_what_it_is_and_not_by_its_name,
    names_of_parts_are_read,
    a_part_that_unpacks_to_too_much_is_a_bomb,
    so_are_many_that_are_too_much_together,
    too_many_parts_are_told_and_the_first_ones_read,
    a_part_with_a_document_type_is_not_read_and_the_others_are,
    an_archive_in_an_archive_is_told_as_unread,
    the_pages_of_a_pdf_are_read_each_as_its_own,
    pages_over_the_limit_are_told_and_the_others_read,
    a_pdf_whose_pages_are_not_found_is_broken,
    a_picture_that_is_also_a_pdf_is_not_read_as_one_of_them,
    a_picture_in_an_archive_tells_where_it_was_taken,
    a_text_with_the_mark_of_a_pdf_is_read_as_what_it_is,
    strings_of_two_bytes_a_letter_are_read_wherever_they_stand,
    what_lies_beside_the_pages_of_a_pdf_is_read,
    a_file_in_a_pdf_is_read_and_so_are_its_name_and_what_it_is_for,
    a_file_in_a_pdf_that_is_no_text_or_picture_is_told_as_unread,
    a_file_in_a_pdf_that_unpacks_to_too_much_is_a_bomb,
    what_is_said_instead_of_what_is_drawn_is_read,
    strings_are_read_wherever_a_pdf_has_them,
    a_file_that_no_list_of_a_pdf_has_is_told_as_unread,
    objects_that_unpack_to_too_much_are_a_bomb,
    a_file_at_a_note_that_is_not_there_is_told_as_unread,
    a_page_is_drawn_for_the_notes_that_only_drawing_shows,
    letters_that_are_no_text_are_looked_at_beside_text,
    text_that_is_had_is_not_looked_at,
    what_notes_and_fields_show_is_read,
    a_layer_that_is_off_is_read_as_one_that_is_on,
    all_that_is_written_goes_before_what_is_looked_at,
    a_large_page_is_drawn_as_finely_as_the_limit_lets,
    small_letters_are_read_beside_large_ones,
])

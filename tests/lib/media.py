"""media - the worker that reads media, asked without kt in between; and
documents made by hand.
SPDX-License-Identifier: Apache-2.0
"""
import io
import os
import socket
import struct
import subprocess
import zipfile

from tap import PATIENCE

WHYS = ["failed", "read", "kind", "twofold", "engine", "broken", "locked",
        "pixels", "pages", "bomb", "text", "slow"]


def has(engine):
    """Was kt-media built with it?"""
    out = subprocess.run([program(), "--version"], capture_output=True,
                         text=True, check=True).stdout
    return engine in out


def program():
    return os.path.join(os.environ["KT_BUILDDIR"], "kt-media")


class Worker:
    """One kt-media, as a gateway worker has it."""

    def __init__(self):
        self.control, theirs = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET)

        def be_three():
            os.dup2(theirs.fileno(), 3, inheritable=True)

        self.process = subprocess.Popen(
            [program(), "eng"], pass_fds=(3, theirs.fileno()),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=be_three, env={"OMP_THREAD_LIMIT": "1"})
        theirs.close()

    def ask(self, medium, pixels=40000000, pages=600):
        """(why, pages, [(source, page, text)])

        Readers are nice: where others want the processors it may take a few
        times the 20 seconds that one has.
        """
        for _ in range(6):
            answer = self._ask(medium, pixels, pages)
            if answer[0] != "slow":
                break
        return answer

    def _ask(self, medium, pixels, pages):
        ours, theirs = socket.socketpair()
        socket.send_fds(self.control, [b"q"], [theirs.fileno()])
        theirs.close()
        ours.sendall(b"KTMQ" + struct.pack(
            "<5I", 0, pixels, pages, 20, len(medium)) + medium)
        answer = b""
        while part := ours.recv(65536):
            answer += part
        ours.close()
        if len(answer) < 16:
            return "failed", 0, []
        why, n, length = struct.unpack("<3I", answer[4:16])
        texts, rest = [], answer[16:16 + length]
        while rest:
            source, page, size = struct.unpack("<3I", rest[:12])
            texts.append((source, page, rest[12:12 + size].decode()))
            rest = rest[12 + size:]
        return WHYS[why], n, texts

    def close(self):
        self.control.close()
        self.process.wait(timeout=PATIENCE)


def photo(latitude, longitude):
    """The beginning of a JPEG that says where it was taken: degrees north
    and east, as two whole numbers."""
    def entry(tag, kind, count, value):
        return struct.pack(">HHII", tag, kind, count, value)

    gps = 26 + 2 + 4 * 12 + 4
    degrees = [b"".join(struct.pack(">II", v, 1) for v in (abs(d), 0, 0))
               for d in (latitude, longitude)]
    tiff = (b"MM\0*" + struct.pack(">IH", 8, 1) + entry(0x8825, 4, 1, 26)
            + struct.pack(">IH", 0, 4)
            + entry(1, 2, 2, (0x4e if latitude >= 0 else 0x53) << 24)
            + entry(2, 5, 3, gps)
            + entry(3, 2, 2, (0x45 if longitude >= 0 else 0x57) << 24)
            + entry(4, 5, 3, gps + 24) + struct.pack(">I", 0)
            + b"".join(degrees))
    body = b"Exif\0\0" + tiff
    return (b"\xff\xd8\xff\xe1" + struct.pack(">H", len(body) + 2) + body
            + b"\xff\xc0\0\x11\x08\0\x10\0\x20\x03" + b"\0" * 200)


def archive(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, text in parts.items():
            z.writestr(name, text)
    return out.getvalue()


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'


def docx(text, **more):
    """Each word in a run of its own, as editors leave them."""
    runs = "".join(f"<w:r><w:t xml:space='preserve'>{part}</w:t></w:r>"
                   for part in (text[:3], text[3:7], text[7:]))
    return archive({
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f"<w:document {W}><w:body><w:p>{runs}</w:p>"
                             "<w:p><w:r><w:t>end</w:t></w:r></w:p>"
                             "</w:body></w:document>", **more})


def xlsx(cells):
    shared = "".join(f"<si><t>{c}</t></si>" for c in cells)
    return archive({
        "[Content_Types].xml": "<Types/>",
        "xl/sharedStrings.xml": f"<sst>{shared}</sst>",
        "xl/worksheets/sheet1.xml": "<worksheet><sheetData><row>"
        "<c t='s'><v>0</v></c><c><v>42</v></c></row></sheetData></worksheet>"})


def pptx(text):
    return archive({
        "[Content_Types].xml": "<Types/>",
        "ppt/slides/slide1.xml": f"<p:sld {A} xmlns:p='p'><a:p><a:r><a:t>"
                                 f"{text}</a:t></a:r></a:p></p:sld>"})


def stream(said, about=b""):
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (about, len(said), said)


def pdf(pages, title="", more=b"", info=b"", page=b"", beside=(),
        box=b"0 0 400 200"):
    """One line of text a page, in a font that nobody has to bring.

    Beside them objects by number: with one page, 7 is the first free one.
    """
    objects = [b"<</Type/Catalog/Pages 2 0 R" + more + b">>",
               b"<</Type/Pages/Kids[%s]/Count %d>>" % (
                   b" ".join(b"%d 0 R" % (5 + 2 * i)
                             for i in range(len(pages))), len(pages)),
               b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
               b"<</Title(%s)%s>>" % (title.encode(), info)]
    for i, text in enumerate(pages):
        said = b"BT /F1 12 Tf 40 100 Td (%s) Tj ET" % text.encode("latin-1")
        objects.append(b"<</Type/Page/Parent 2 0 R/MediaBox[" + box + b"]"
                       b"/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R%s>>"
                       % (6 + 2 * i, page))
        objects.append(stream(said))
    objects += beside
    out, at = b"%PDF-1.7\n", []
    for i, o in enumerate(objects):
        at.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (i + 1, o)
    xref = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in at)
    return out + (b"trailer<</Size %d/Root 1 0 R/Info 4 0 R>>\nstartxref\n%d\n"
                  b"%%%%EOF\n" % (len(objects) + 1, xref))

"""pictures_test - some of the pictures of PICTURES.md are still read."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pictures  # noqa: E402
import media  # noqa: E402
from tap import Skip, run_all  # noqa: E402

STEP = 7  # goes round the six kinds


def what_is_planted_in_pictures_is_found():
    if not pictures.is_measurable():
        raise Skip("not built with cairo, leptonica and tesseract")
    found, missed = pictures.measure(STEP)
    hits, planted = (sum(v[i] for v in found.values()) for i in (0, 1))
    assert planted >= pictures.N // STEP, found
    assert hits >= 0.95 * planted, missed


def drawn(folder, line):
    """A picture of LINE for render, as bytes."""
    name = os.path.join(folder, "drawn.jpg")
    subprocess.run([pictures.RENDER], check=True, text=True,
                   env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"),
                   input=f"{name} {line}\n")
    with open(name, "rb") as f:
        return f.read()


def a_picture_is_read_as_it_stands_and_as_it_is_to_be_turned():
    if not pictures.is_measurable():
        raise Skip("not built with cairo, leptonica and tesseract")
    upside_down = (b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\1"
                   b"\1\x12\0\3\0\0\0\1\0\3\0\0\0\0\0\0")
    worker = media.Worker()
    with tempfile.TemporaryDirectory() as folder:
        for degrees in (0, 180):
            jpeg = drawn(folder, f"16 {degrees} 150 DejaVu Sans"
                         "|please send it today|the meeting is at noon")
            answer = worker.ask(jpeg[:2] + upside_down + jpeg[2:])
            assert any("at noon" in t for _, _, t in answer[2]), answer
    worker.close()


run_all([what_is_planted_in_pictures_is_found,
         a_picture_is_read_as_it_stands_and_as_it_is_to_be_turned])

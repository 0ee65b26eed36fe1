"""pictures_test - some of the pictures of PICTURES.md are still read."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pictures  # noqa: E402
from tap import Skip, run_all  # noqa: E402

STEP = 7  # goes round the six kinds


def what_is_planted_in_pictures_is_found():
    if not pictures.is_measurable():
        raise Skip("not built with cairo, leptonica and tesseract")
    found, missed = pictures.measure(STEP)
    hits, planted = (sum(v[i] for v in found.values()) for i in (0, 1))
    assert planted >= pictures.N // STEP, found
    assert hits >= 0.95 * planted, missed


run_all([what_is_planted_in_pictures_is_found])

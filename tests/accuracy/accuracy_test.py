"""accuracy_test - what was found yesterday is found today."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import accuracy  # noqa: E402
from tap import CORPORA, SRCDIR, Skip, run_all  # noqa: E402

BASELINE = os.path.join(SRCDIR, "tests/accuracy/BASELINE.md")


def no_figure_falls_by_more_than_a_point():
    if not os.path.isdir(CORPORA):
        raise Skip("no corpora beside the checkout")
    with open(BASELINE, encoding="utf-8") as f:
        then = accuracy.rows(f.read())
    assert len(then) > 50, "the baseline has %d figures" % len(then)
    bad = list(accuracy.fallen(then, accuracy.measure()))
    assert not bad, "\n" + "\n".join(bad)


def a_fallen_figure_is_named():
    table = accuracy.Table()
    table.add("recall", "a", 89.9, 10)
    table.add("false positives", "a", 2.1, 10, None, False)
    table.add("recall", "b", 90.0, 10)
    then = {("recall", "a"): 91.0, ("false positives", "a"): 1.0,
            ("recall", "b"): 91.0, ("recall", "c"): 1.0}
    assert [line.split(":")[0] for line in accuracy.fallen(then, table)] == [
        "recall, a", "false positives, a", "recall, c"]


def the_weights_are_what_the_corpora_teach():
    """the shipped weights are what the corpora teach, bit for bit"""
    if not os.path.isdir(CORPORA):
        raise Skip("no corpora beside the checkout")
    sys.path.insert(0, os.path.join(SRCDIR, "policies/detectors"))
    import train
    with tempfile.TemporaryDirectory() as folder:
        train.make(folder)
        for name in train.MODELS:
            with open(os.path.join(folder, name + ".weights"), "rb") as f:
                made = f.read()
            with open(os.path.join(SRCDIR, "policies/detectors",
                                   name + ".weights"), "rb") as f:
                assert made == f.read(), name + ": other weights"


if __name__ == "__main__":
    run_all([a_fallen_figure_is_named, no_figure_falls_by_more_than_a_point,
             the_weights_are_what_the_corpora_teach])

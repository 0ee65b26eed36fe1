"""tap - tests as sentences, told one by one.

Knows:    how a result is printed, what the exit code is, where things are, and
          how long a test waits.
Promises: each sentence ends in exactly one line; a sentence that raises does
          not stop the ones behind it; what is skipped is said, never silent;
          a scratch folder goes when the test ends.
"""
import atexit
import os
import shutil
import sys
import tempfile
import time
import traceback

SRCDIR = os.environ.get("KT_SRCDIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILDDIR = os.environ.get("KT_BUILDDIR") or os.getcwd()
# Seconds after which something hangs.  They are never waited for in vain where
# it happens, so that no loaded machine is in a hurry.
PATIENCE = float(os.environ.get("KT_PATIENCE") or 120)
CORPORA = os.path.join(SRCDIR, "..", "shared", "corpora")


class Skip(Exception):
    """Raised where a sentence cannot be tried here; its text says why."""


def scratch(prefix="kt-"):
    """An empty folder; what is in it when the test ends goes with it."""
    path = tempfile.mkdtemp(prefix=prefix)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def _line(self, is_ok, sentence, note=""):
        self.n += 1
        print("%sok %d - %s%s" % (
            "" if is_ok else "not ", self.n, sentence, note), flush=True)

    def ok(self, is_true, sentence, why=""):
        self._line(is_true, sentence)
        if not is_true:
            self.bad += 1
            for line in str(why).splitlines()[:40]:
                print("# " + line[:400], flush=True)
        return bool(is_true)

    def skip(self, sentence, why):
        self._line(True, sentence, " # SKIP " + why)

    def tell(self, is_ok, sentence, note, extra=()):
        """One result that another program printed."""
        if is_ok and note.upper().startswith("SKIP"):
            self.skip(sentence, note[4:].strip())
        else:
            self.ok(is_ok, sentence, "\n".join(extra))

    def run(self, sentence, test, *args):
        """TEST holds unless it raises."""
        try:
            test(*args)
        except Skip as why:
            self.skip(sentence, str(why))
        except Exception:  # an assertion, or anything else: the test failed
            self.ok(False, sentence, traceback.format_exc())
        else:
            self.ok(True, sentence)

    def end(self):
        print("1..%d" % self.n, flush=True)
        sys.exit(1 if self.bad else 0)


def sentence_of(test):
    return test.__name__.replace("_", " ")


def run_all(tests):
    """Each function is one sentence, told by its name or its docstring."""
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    tap = Tap()
    for test in tests:
        if only in test.__name__:
            tap.run((test.__doc__ or sentence_of(test)).strip(), test)
    tap.end()


def eventually(is_true, what):
    """Waits until IS_TRUE() returns something true, and returns that."""
    end = time.monotonic() + PATIENCE
    while True:
        got = is_true()
        if got:
            return got
        assert time.monotonic() < end, "not within %g s: %s" % (PATIENCE, what)
        time.sleep(0.02)


def within(seconds, measure, tries=5):
    """MEASURE() tells how long something took: the best of a few tries is below
    SECONDS.  A stalled machine spoils some of them, a slow program all."""
    times = []
    while not times or times[-1] >= seconds:
        assert len(times) < tries, "never within %g s: %s" % (seconds, times)
        times.append(measure())


def same(got, wanted, what="bytes"):
    """Equality of bytes that says where they part."""
    if got == wanted:
        return
    at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b),
              min(len(got), len(wanted)))
    raise AssertionError(
        "%s differ at %d (got %d, wanted %d)\n got    %r\n wanted %r" % (
            what, at, len(got), len(wanted), got[max(0, at - 40):at + 60],
            wanted[max(0, at - 40):at + 60]))

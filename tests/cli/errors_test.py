"""Each error that the tools for policies and recordings can print is in a
test, word for word: three of its words in a row, at least.
"""
import glob
import os
import re

from tap import SRCDIR, run_all

SOURCES = ("cmd/policy*.c", "cmd/replay.c", "cmd/replay/*.c", "cmd/session.c",
           "cmd/session/*.c", "cmd/count_tokens.c", "cmd/explain.c",
           "cmd/files.c", "cmd/program.c", "cmd/report.c", "cmd/changed.c")
TESTS = ("cli", "replay", "lint", "unit/session", "unit/report", "unit/lint",
         "gateway/recording_test.py", "rules/commands.sh", "gateway/session*")
# Which argument of a call the text is.
CALLS = {"kt_say": 0, "kt_misuse": 1, "kt_fail": 2, "say": 1}
LITERAL = r'"((?:[^"\\]|\\.)*)"'


def read(path):
    with open(path, errors="replace") as f:
        return f.read()


def texts_of(source):
    """What is printed, with its literals joined."""
    for m in re.finditer(r"\b(%s)\(" % "|".join(CALLS), source):
        before = r"[^,;()]*(?:\([^()]*\)[^,;()]*)*," * CALLS[m[1]]
        found = re.compile(
            before + r"\s*((?:%s\s*)+)" % LITERAL.replace("(", "(?:", 1)
        ).match(source, m.end())
        if found:
            yield "".join(re.findall(LITERAL, found[1]))


def words_of(text):
    """Runs of words between what is filled in."""
    for part in re.split(r"%[-0-9.*]*(?:hh?|ll?|z|j)?[a-zA-Z%]|\\[n\"]", text):
        words = re.findall(r"[A-Za-z0-9_./'$-]+", part)
        if words:
            yield words


def patterns_of(text):
    runs = sorted(words_of(text), key=len, reverse=True)
    if not runs:
        return []
    n = min(3, len(runs[0]))
    return [r"[^A-Za-z0-9]+".join(map(re.escape, run[i:i + n]))
            for run in runs for i in range(len(run) - n + 1)]


def all_texts():
    out = {}
    for pattern in SOURCES:
        for path in glob.glob(os.path.join(SRCDIR, pattern)):
            for text in texts_of(read(path)):
                if patterns_of(text):  # else it is all filled in
                    out.setdefault(text, os.path.relpath(path, SRCDIR))
    return out


def all_tests():
    out = []
    for name in TESTS:
        for top in glob.glob(os.path.join(SRCDIR, "tests", name)):
            files = [top] if os.path.isfile(top) else glob.glob(
                top + "/**/*", recursive=True)
            out += [read(f) for f in files if f.endswith((
                ".py", ".sh", ".c")) and not f.endswith("errors_test.py")]
    # Python and shell break long strings; so do we not.
    return re.sub(r"[\"']\s*\n\s*[\"']", "", "\n".join(out))


def each_error_is_in_a_test():
    texts, tests = all_texts(), all_tests()
    assert len(texts) > 60, "the sources are not read: %d" % len(texts)
    missing = ["%s: %s" % (texts[t], t) for t in texts if not any(
        re.search(p, tests) for p in patterns_of(t))]
    assert not missing, "in no test:\n# " + "\n# ".join(sorted(missing))


run_all([each_error_is_in_a_test])

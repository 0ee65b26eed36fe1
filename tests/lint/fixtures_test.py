"""The catalogue, code by code: KTnnn/bad.yaml gives exactly the findings that
its comments expect, to the column; KTnnn/good.yaml gives none; fixed.yaml is
what --fix=unsafe makes of bad.yaml.

	# expect: KT301 12:9-12:14
	# lint: --preset strict --select KT415     options of kt policy lint
	# over: base.yaml                          an earlier file of the same
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from tap import BUILDDIR, SRCDIR, Tap  # noqa: E402

KT = os.path.join(BUILDDIR, "kt")
HERE = os.path.join(SRCDIR, "tests", "lint", "codes")
# Told of a baseline and not of a configuration: tests/cli/lint_test.sh.
ELSEWHERE = {"KT908"}


def kt(*args):
    return subprocess.run([KT, *args], capture_output=True, text=True)


def lint(paths, options):
    said = kt("policy", "lint", "-o", "json", *options, *paths)
    assert said.returncode in (0, 1), said.stderr
    return json.loads(said.stdout)["findings"]


def text_of(path):
    with open(path, encoding="utf-8", errors="replace", newline="") as f:
        return f.read()


def arguments(path):
    text = text_of(path)
    options = re.findall(r"^# lint: (.*)$", text, re.M)
    over = re.findall(r"^# over: (.*)$", text, re.M)
    if over:
        base = os.path.join(os.path.dirname(path), over[0])
        return ["--policy-config", base, "--policy-config", path], []
    return options[0].split() if options else [], [path]


def findings(path):
    options, paths = arguments(path)
    # Fixtures of other codes hold whether or not a version acts on their keys.
    idle = {"KT440"} - {os.path.basename(os.path.dirname(path))}
    return [f for f in lint(paths, options)
            if "suppressed" not in f and f["code"] not in idle]


def found(path):
    return sorted("%s %d:%d-%d:%d" % (f["code"], f["line"], f["column"],
                                      f["end_line"], f["end_column"])
                  for f in findings(path))


def expected(path):
    return sorted(re.findall(r"^# expect: (.*)$", text_of(path), re.M))


def is_exact(path):
    got, want = found(path), expected(path)
    assert got == want, "got %s, expected %s" % (got, want)


def is_mended(folder):
    with tempfile.TemporaryDirectory() as out:
        copy = os.path.join(out, "bad.yaml")
        shutil.copy(os.path.join(folder, "bad.yaml"), copy)
        options, _ = arguments(copy)
        assert kt("policy", "lint", "--fix=unsafe", *options,
                  copy).returncode in (0, 1)
        assert text_of(copy) == text_of(os.path.join(folder, "fixed.yaml"))
        # What was mended is found no more; others may stay.
        code = os.path.basename(folder)
        fixable = [f for f in findings(copy) if f["code"] == code and f["fix"]]
        assert not fixable, fixable


def main():
    tap = Tap()
    rules = json.loads(kt("policy", "lint", "--list-rules", "-o",
                          "json").stdout)
    codes = [r["code"] for r in rules]
    tap.ok(len(codes) >= 70 and len(set(codes)) == len(codes),
           "there are 70 codes or more, each once", len(codes))
    folders = {d for d in os.listdir(HERE) if d.startswith("KT")}
    tap.ok(folders | ELSEWHERE == set(codes), "each code has its fixtures",
           folders ^ set(codes))
    for rule in rules:
        code = rule["code"]
        folder = os.path.join(HERE, code)
        page = kt("explain", code)
        tap.ok(page.returncode == 0 and rule["title"] in page.stdout and
               rule["why"] in page.stdout and rule["help"] in page.stdout,
               "%s has its page: %s" % (code, rule["title"]), page.stderr)
        if code in ELSEWHERE:
            continue
        bad = os.path.join(folder, "bad.yaml")
        tap.run("%s: bad.yaml gives what it expects" % code, is_exact, bad)
        tap.ok(any(e.startswith(code) for e in expected(bad)),
               "%s: and that is this code" % code)
        tap.run("%s: good.yaml gives nothing" % code, is_exact,
                os.path.join(folder, "good.yaml"))
        has_fix = os.path.exists(os.path.join(folder, "fixed.yaml"))
        tap.ok(has_fix == (rule["fix"] != ""),
               "%s: the catalogue tells whether it is mended" % code)
        if has_fix:
            tap.run("%s: --fix=unsafe mends it" % code, is_mended, folder)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())

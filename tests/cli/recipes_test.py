"""The recipes in policies/ci do what they say: every command of theirs is run
in a project with a shipped pack, and again when the pack is broken."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from tap import BUILDDIR, SRCDIR, Tap  # noqa: E402

POLICIES = os.path.join(SRCDIR, "policies")
RECIPES = os.path.join(POLICIES, "ci")
FILES = {"github.yml": r"^ *run: (.*)$", "gitlab.yml": r"^ *- ((?:kt|for) .*)$",
         "policy.mk": None, "pre-commit.yaml": r"^ *entry: (.*)$"}
PACKS = [n for n in sorted(os.listdir(POLICIES)) if n.endswith(".yaml")]
SESSIONS = ["sessions/" + n for n in sorted(
    os.listdir(os.path.join(POLICIES, "sessions")))]
# One mistake for each kind of check: what is written, and what is promised.
DEFECTS = [("action: redact", "action: redcat"),
           ("action: redact", "action: flag")]


def read(name):
    with open(os.path.join(RECIPES, name), encoding="utf-8") as f:
        return f.read()


def commands(name):
    """The commands of a recipe, as its host would run them."""
    if name == "policy.mk":
        return ["make -f %s policy-check" % os.path.join(RECIPES, name)]
    found = re.findall(FILES[name], read(name), re.M)
    if name != "pre-commit.yaml":
        return found
    patterns = re.findall(r"^ *files: (.*)$", read(name), re.M)
    assert len(patterns) == len(found)
    return [c + "".join(" policies/" + p for p in PACKS + SESSIONS
                        if re.search(f, "policies/" + p))
            for c, f in zip(found, patterns)]


def run(name, folder):
    """The exit codes of a recipe's commands."""
    env = dict(os.environ, PATH=BUILDDIR + os.pathsep + os.environ["PATH"],
               GITHUB_STEP_SUMMARY=os.path.join(folder, "step"))
    for k in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        env.pop(k, None)
    return [subprocess.run(["sh", "-c", c], cwd=folder, env=env, check=False,
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL).returncode
            for c in commands(name)]


def project(folder):
    os.makedirs(os.path.join(folder, "policies", "sessions"))
    for p in PACKS + SESSIONS:
        shutil.copy(os.path.join(POLICIES, p), os.path.join(
            folder, "policies", p))


def named(name):
    """Files that a recipe hands to its host."""
    return re.findall(r"(?:sarif_file|codequality|junit): (\S+)$",
                      read(name), re.M)


tap = Tap()
for recipe in sorted(FILES):
    with tempfile.TemporaryDirectory() as d:
        project(d)
        codes = run(recipe, d)
        tap.ok(codes and not any(codes), "%s passes what is shipped" % recipe,
               codes)
        for f in named(recipe):
            tap.ok(os.path.getsize(os.path.join(d, f)),
                   "%s leaves %s" % (recipe, f))
        pack = os.path.join(d, "policies", "starter.yaml")
        with open(pack, encoding="utf-8") as f:
            whole = f.read()
        for good, bad in DEFECTS:
            assert good in whole
            with open(pack, "w", encoding="utf-8") as f:
                f.write(whole.replace(good, bad))
            codes = run(recipe, d)
            tap.ok(any(codes), "%s fails after %s" % (recipe, bad), codes)
tap.ok(sorted(os.listdir(RECIPES)) == sorted(FILES), "each recipe is tried",
       os.listdir(RECIPES))
sys.exit(tap.end())

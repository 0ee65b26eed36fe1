"""What the tools for policies and recordings say when they are asked wrongly,
or cannot do it: the exit code and the words."""
import glob
import os
import shutil
import subprocess
import tempfile

from tap import BUILDDIR, PATIENCE, SRCDIR, run_all

KT = os.path.join(BUILDDIR, "kt")
PACK = os.path.join(SRCDIR, "policies", "starter.yaml")
# Arguments, exit code, words.  FILE is an empty file, GOOD a policy, BAD none.
ASKED = [
    ("count-tokens --as poem", 2,
     "--as poem: text, messages, completions, responses or jsonl wanted"),
    ("count-tokens --encoding gpt2", 2,
     "--encoding gpt2: cl100k_base, o200k_base or claude wanted"),
    ("count-tokens --format xml", 2,
     "--format xml: text, json or jsonl wanted"),
    ("count-tokens --ids --as messages --encoding claude", 2,
     "--ids goes with --as text or jsonl"),
    ("count-tokens --ids --model claude-opus-4-7", 2,
     "the vocabulary of claude-opus-4-7 is not public"),
    ("count-tokens --model gpt-4o --encoding claude", 2,
     "--model or --encoding, not both: a model has its own"),
    ("audit query --decision bogus NONE", 2, "--decision bogus: pass, redact, "
     "block, truncate or error wanted"),
    ("audit query --outcome b*x NONE", 2, "client-abort or crash-unknown"),
    ("audit query --type calls NONE", 2, "clock or space wanted"),
    ("audit query --data-class pi NONE", 2, "phi or secret wanted"),
    ("audit query --decision re* EMPTY", 3, "cannot list"),
    ("audit query --format xml NONE", 2,
     "--format xml: table, json, csv, ocsf or cef wanted"),
    ("audit tail --format csv NONE", 2,
     "--format csv: table, json, ocsf or cef wanted"),
    ("audit report --framework x NONE", 2, "soc2 or gdpr wanted"),
    ("audit report --framework soc2 --format xml NONE", 2,
     "--format xml: md, json or html wanted"),
    ("policy fmt", 2, "a file, or '-', must follow"),
    ("policy diff GOOD", 2,
     "two files must follow: the old one and the new one"),
    ("policy lint --select KT000 GOOD", 2, "--list-rules has them"),
    ("policy lint --select= GOOD", 2, "there is no code ''"),
    ("policy lint EMPTY", 3, "no file in it ends in .yaml"),
    ("policy lint --fix=safe - <GOOD", 2,
     "standard input cannot be mended: --diff prints a patch"),
    ("policy lint - </", 3, "standard input cannot be read"),
    ("policy test", 2, "a file of cases must follow"),
    ("policy diff --json --sessions GOOD GOOD GOOD", 2,
     "--json or --sessions"),
    ("policy test --fail-under 101 GOOD", 2, "--fail-under takes 0 to 100"),
    ("policy test --new pii-detektor", 2, "there is no kind of policy "
     "'pii-detektor': did you mean 'pii-detector'?"),
    ("policy test --new qqqqqqqq", 2, "there is no kind of policy 'qqqqqqqq'"),
    ("policy test --policy-config GOOD BAD", 3, "cannot be run"),
    # A configuration that does not load is a finding where it is what is
    # asked about, and else keeps the answer from being found.
    ("policy show --policy-config NONE", 1, "needs 'providers'"),
    ("policy diff NONE GOOD", 3, "needs 'providers'"),
    ("policy diff GOOD NONE", 3, "needs 'providers'"),
    ("policy test --policy-config NONE CASES", 3, "needs 'providers'"),
    ("inspect --policy-config NONE", 3, "needs 'providers'"),
    ("replay --policy-config NONE SESSION", 3, "needs 'providers'"),
    ("audit retain --policy-config NONE OUT", 3,
     "needs 'providers'"),
    ("session redact --policy-config NONE --check SESSION", 3,
     "needs 'providers'"),
    ("replay --policy-config BAD SESSION", 3,
     "the configuration has mistakes"),
    ("session show", 2,
     "a session must follow, and perhaps the number of a call"),
    ("session show SESSION 0", 2, "'0' is no number of a call"),
    ("session minimize --out OUT SESSION 0", 2,
     "--out FILE, a session and perhaps the number of a call must follow"),
    ("session show CUT", 0, "the last call is cut"),
    ("session list EMPTY", 3, "there are no sessions in it"),
    ("session redact --check EMPTY", 3, "there are no sessions in it"),
    ("session redact --check SESSION EMPTY", 3, "there are no sessions in it"),
    ("session merge --out OUT EMPTY", 3, "there are no sessions in it"),
    ("replay EMPTY", 3, "there are no sessions in it"),
    ("session redact --check TORN", 3, "cut, and cannot be searched"),
    ("session redact TORN", 0, "cut, and left out"),
    ("session redact --check TORN", 0, ""),
    ("session list --json ODDNAME", 3, "a name that JSON cannot hold"),
    ("session export", 2, "a session must follow"),
    ("session import --from tape --out OUT BAD", 2,
     "--from takes har or audit"),
    ("session merge", 2, "--out FILE and sessions must follow"),
    ("session merge --out OUT SESSION OTHER", 3,
     "was recorded by another policy or other detectors than"),
    ("session show NOZST", 3, "not what zstd writes"),
    ("inspect --policy-config LONG <BAD", 3,
     "a path of policies.detectors is longer than"),
    ("replay", 2, "sessions or a folder must follow"),
    ("replay --fail-on worse SESSION", 2,
     "--fail-on knows loosened, tightened, error, rerouted, reworded, "
     "other-rule, cost and never"),
    ("replay --fail-on= SESSION", 2, "--fail-on knows loosened"),
    ("replay --sample few SESSION", 2, "takes a number"),
    ("replay --filter nothing SESSION", 2, "each with = and a pattern"),
    ("replay --jobs 0 SESSION", 2, "--jobs takes 1 to"),
    ("replay --policy-config GOOD --explain nobody#7 SESSION", 3,
     "no session has a call nobody#7"),
    ("replay --policy-config GOOD --approve BAD SESSION", 3,
     "BAD cannot be used"),
]


def files_in(folder):
    def write(name, text):
        with open(os.path.join(folder, name), "w", encoding="latin-1") as f:
            f.write(text)
        return os.path.join(folder, name)

    with open(PACK, encoding="latin-1") as f:
        good = f.read()
    sessions = sorted(glob.glob(os.path.join(
        SRCDIR, "policies", "sessions", "*.kts")))
    with open(sessions[0], encoding="latin-1") as f:
        whole = f.read()
    os.mkdir(os.path.join(folder, "empty"))
    return {
        "EMPTY": os.path.join(folder, "empty"),
        "OUT": os.path.join(folder, "out.kts"),
        "CUT": write("cut.kts", whole[:-30]),
        "TORN": write("torn.kts", whole[:-60]),
        "ODDNAME": write("odd\udcff.kts", whole),
        # What zstd begins with, and nothing that it goes on with.
        "NOZST": write("no.kts.zst", "(\xb5/\xfd" + "neither " * 9),
        "OTHER": sessions[1],
        "GOOD": write("good.yaml", good),
        "NONE": write("none.yaml", "pack: {name: n}\n"),
        "CASES": write("c_test.yaml", "cases: [{name: a, expect: pass}]\n"),
        "BAD": write("bad.yaml", "a: [\n"),
        "LONG": write("long.yaml", good.replace(
            "policies:\n", "policies:\n  detectors: ['%s']\n" % ("d" * 5000),
            1)),
        "SESSION": sessions[0]}


def run(kt, asked, names, **more):
    source = subprocess.DEVNULL
    argv = []
    for word in asked.split():
        if word.startswith("<"):
            path = names.get(word[1:], word[1:])
            source = os.open(path, os.O_RDONLY)
        else:
            argv.append(names.get(word, word))
    try:
        return subprocess.run(
            [kt, *argv], stdin=source, capture_output=True, text=True,
            errors="surrogateescape",
            timeout=PATIENCE,
            env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere"},
            **more)
    finally:
        if source != subprocess.DEVNULL:
            os.close(source)


def what_is_asked_wrongly_is_told():
    with tempfile.TemporaryDirectory(prefix="kt-") as folder:
        names = files_in(folder)
        wrong = []
        for asked, code, words in ASKED:
            got = run(KT, asked, names)
            for name, path in names.items():
                words = words.replace(name + " ", path + " ")
            if got.returncode != code or words not in got.stderr:
                wrong.append((asked, got.returncode, got.stderr[:300]))
        assert not wrong, "\n".join(map(repr, wrong))


def a_program_without_its_files_says_where_it_looked():
    with tempfile.TemporaryDirectory(prefix="kt-") as folder:
        alone = shutil.copy(KT, folder)
        for asked, words in (
                ("inspect", "no --policy-config, and 'policies/starter.yaml' "
                 "is neither in"),
                ("inspect --policy-config " + PACK,
                 "'policies/detectors' is neither in")):
            got = run(alone, asked, {}, cwd=folder)
            assert got.returncode == 3 and words in got.stderr, got


def a_reference_that_git_does_not_know_is_told():
    with tempfile.TemporaryDirectory(prefix="kt-") as folder:
        path = os.path.join(folder, "p.yaml")
        shutil.copy(PACK, path)
        subprocess.run(["git", "init", "-q", folder], check=True)
        got = run(KT, "policy lint --changed-since nowhere p.yaml", {},
                  cwd=folder)
        assert got.returncode == 3, got
        assert "git cannot compare p.yaml with 'nowhere'" in got.stderr, got


run_all([
    what_is_asked_wrongly_is_told,
    a_program_without_its_files_says_where_it_looked,
    a_reference_that_git_does_not_know_is_told,
])

"""What the tools for policies and recordings say at their bounds: without
memory, without files or processes to have, and of what is too large.  None of
them then says yes, or no: it could not find out."""
import functools
import json
import os
import resource
import shutil
import subprocess
import tempfile

from tap import BUILDDIR, PATIENCE, SRCDIR, Skip, run_all

KT = os.path.join(BUILDDIR, "kt")
PACKS = os.path.join(SRCDIR, "policies")
STARTER = os.path.join(PACKS, "starter.yaml")
SESSION = os.path.join(PACKS, "sessions", "starter.kts")
MIB = 1 << 20


def kt(*argv, memory=None, files=None, before=None, path=None, program=KT,
       **more):
    def limit():
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        if before:
            before()
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    if memory and is_sanitized():
        raise Skip("a sanitizer takes more memory than there is")
    return subprocess.run([program, *argv], capture_output=True, text=True,
                          errors="replace", timeout=PATIENCE, preexec_fn=limit,
                          stdin=subprocess.DEVNULL,
                          env={"PATH": path or "/usr/bin:/bin"}, **more)


@functools.lru_cache
def is_sanitized():
    with open(KT, "rb") as f:
        return b"__asan_init" in f.read()


def refused(r, words):
    assert r.returncode == 3, (r.returncode, r.stdout[-300:], r.stderr[-300:])
    assert words in r.stderr, r.stderr[-600:]


def session(folder, name, change):
    """The shipped session with its lines changed."""
    with open(SESSION) as f:
        lines = [json.loads(line) for line in f]
    change(lines)
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.writelines(json.dumps(line) + "\n" for line in lines)
    return path


def filled(lines):
    """One call, with a body of 400 million letters."""
    lines[:] = [line for line in lines if line.get("n", 1) == 1]
    body = next(line for line in lines if line["k"] == "req")
    body["body"] = ['{"model": "m", "messages": [{"role": "user", "content": '
                    '"', {"fill": 400000000}, '"}]}']


def starved_commands():
    yield "policy", "show"
    yield "policy", "schema"
    yield "policy", "diff", STARTER, os.path.join(PACKS, "finance.yaml")
    yield "policy", "fmt", "--check", STARTER
    yield "policy", "lint", "--list-rules", "-o", "json"
    yield "policy", "lint", STARTER
    yield "count-tokens", "--json", STARTER
    yield "session", "list", SESSION
    yield "session", "export", SESSION
    yield "replay", SESSION


def least_that_loads():
    low, high = 1, 1024
    while low + 1 < high:
        middle = (low + high) // 2
        if kt("--help", memory=middle * MIB).returncode == 0:
            high = middle
        else:
            low = middle
    return low * MIB


def whoever_is_starved_of_memory_says_so_or_what_is_true():
    least, told = least_that_loads(), ""
    for argv in starved_commands():
        fed = kt(*argv)
        memory, well = least, 0
        while well < 3:
            r = kt(*argv, memory=memory)
            if r.returncode == fed.returncode and r.stdout == fed.stdout:
                well += 1
            elif r.returncode != 127:  # else it was not even loaded
                assert r.returncode == 3, (argv, memory, r.returncode,
                                           r.stdout[-200:], r.stderr)
                told += r.stderr
                assert "kt: " in r.stderr, (argv, memory)
                well = 0
            memory += 131072 if memory < least + 8 * MIB else MIB
            assert memory < 2048 * MIB, (argv, r.stderr)
    for words in ("out of memory", "no memory",
                  "the answer does not fit into memory"):
        assert words in told, words


def a_report_that_does_not_fit_is_told():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "p.yaml")
        with open(STARTER) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(text + "# blanks \n" * 60000)
        memory, told = least_that_loads() + 8 * MIB, ""
        while "the report does not fit into memory" not in told:
            r = kt("policy", "lint", "-o", "sarif", "--select", "KT113", path,
                   memory=memory)
            assert r.returncode == 3, (memory // MIB, r.stderr)
            told = r.stderr
            memory += 2 * MIB


def what_is_too_large_is_not_begun():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "large")
        with open(path, "wb") as f:
            f.truncate((1 << 30) + 1)
        refused(kt("count-tokens", path), "over 1 GiB; count it in parts")
        big = session(folder, "big.kts", filled)
        refused(kt("session", "export", big, memory=300 * MIB),
                "big.kts is larger than what is exported")
        bomb = os.path.join(folder, "bomb.kts.zst")
        with open(bomb, "wb") as f:  # blocks of 128 KiB, four bytes each
            f.write(b"\x28\xb5\x2f\xfd\x00\x58")
            for i in range(2400):
                f.write((131072 << 3 | 1 << 1 | (i == 2399)).to_bytes(
                    3, "little") + b"x")
        refused(kt("session", "list", bomb), "larger than 268435456 bytes")


def a_session_that_does_not_fit_is_told():
    def words(lines):
        filled(lines)
        body = next(line for line in lines if line["k"] == "req")
        body["body"][1] = "word " * (4 * MIB)

    with tempfile.TemporaryDirectory() as folder:
        path = session(folder, "big.kts", words)
        memory, told = least_that_loads() + 20 * MIB, ""
        while "larger than a session may be" not in told:
            r = kt("session", "merge", "--out", os.path.join(folder, "o.kts"),
                   path, memory=memory)
            assert r.returncode == 3, (memory // MIB, r.stderr)
            told = r.stderr
            memory += 4 * MIB


def too_much_at_once_is_told():
    with tempfile.TemporaryDirectory() as folder:
        many = ["--policy-config", STARTER] * 64
        for command in ("replay", "test"):
            r = kt(*(["policy"] if command == "test" else []), command, *many,
                   SESSION)
            assert r.returncode == 2, r.stderr
            assert "too many files" in r.stderr, r.stderr

        def without(name):
            def change(lines):
                state = next(x for x in lines if x["k"] == "state")
                state["v"]["targets.unavailable"] = [name]
            return change

        for i in range(17):
            session(folder, "%02d.kts" % i, without("t%d" % i))
        refused(kt("replay", "--jobs", "1", folder),
                "sessions of more than 16 sets of targets")


def a_policy_that_does_not_run_is_told_whoever_finds_it():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "p.yaml")
        with open(path, "w") as f:
            f.write("pack: {name: p}\npolicies: {chain: [audit-logger]}\n"
                    "providers: {targets: [{id: a, provider: bedrock}]}\n")
        for jobs in ("1", "2"):
            refused(kt("replay", "--jobs", jobs, "--policy-config", path,
                       SESSION, SESSION), "no target is usable")


def what_cannot_be_played_or_searched_is_told():
    with tempfile.TemporaryDirectory() as folder:
        big = session(folder, "big.kts", filled)
        refused(kt("session", "minimize", "--out",
                   os.path.join(folder, "o.kts"), big),
                "call 1 cannot be played in part")

        def mails(lines):
            lines.insert(1, {"k": "note", "v": "a@example.com " * 140000})
        refused(kt("session", "redact", "--check",
                   session(folder, "mails.kts", mails)),
                "mails.kts: line 2: cannot be searched")


def har_of(words):
    return {"log": {"version": "1.2", "entries": [{
        "startedDateTime": "2026-11-20T10:00:00.000Z", "time": 1,
        "request": {"method": "POST", "url": "https://h/v1/messages",
                    "headers": [], "postData": {"text": words}},
        "response": {"status": 200, "headers": [], "content": {
            "text": "{}"}}}]}}


def a_har_file_that_does_not_fit_is_told():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.har")
        with open(path, "w") as f:
            json.dump(har_of("a\n" * (8 * MIB)), f)
        memory, told = least_that_loads() + 40 * MIB, ""
        while "more than fits" not in told:
            r = kt("session", "import", "--out", os.path.join(folder, "o.kts"),
                   path, memory=memory)
            assert r.returncode == 3, (memory // MIB, r.stderr)
            told = r.stderr
            memory += 4 * MIB


def a_git_that_fails_is_told():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        policy = os.path.join(folder, "p.yaml")
        with open(STARTER) as f, open(policy, "w") as to:
            to.write(f.read())
        fake = os.path.join(folder, "git")
        with open(fake, "w") as f:
            f.write("#!/bin/sh\necho '@@ what @@'\n")
        os.chmod(fake, 0o755)
        argv = ("policy", "lint", "--changed-since", "HEAD", policy)
        refused(kt(*argv, path=folder + ":/usr/bin:/bin"),
                "git said something else")
        told = "".join(kt(*argv, files=n).stderr for n in range(3, 12))
        assert "no pipe: Too many open files" in told, told

        def nobody():
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        # The checkout may be in a folder that is open to nobody else.
        os.chmod(folder, 0o755)
        own = shutil.copy(KT, folder)
        shutil.copytree(os.path.join(SRCDIR, "policies", "detectors"),
                        os.path.join(folder, "policies", "detectors"))
        refused(kt(*argv, before=nobody, program=own), "no process: ")


run_all([whoever_is_starved_of_memory_says_so_or_what_is_true,
         a_report_that_does_not_fit_is_told, what_is_too_large_is_not_begun,
         a_session_that_does_not_fit_is_told,
         too_much_at_once_is_told,
         a_policy_that_does_not_run_is_told_whoever_finds_it,
         what_cannot_be_played_or_searched_is_told,
         a_har_file_that_does_not_fit_is_told, a_git_that_fails_is_told])

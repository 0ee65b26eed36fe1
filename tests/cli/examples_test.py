"""The examples of the manual, run as they stand.

Knows:    for each page what has to be there before its commands, and which of
          them do not end with 0.
Promises: a command of an example that is not run is an error, and so is one
          whose output is printed otherwise in the manual.
"""
import glob
import os
import re
import shutil
import subprocess
import tempfile

from tap import BUILDDIR, PATIENCE, SRCDIR, Skip, run_all

MAN = os.path.join(SRCDIR, "man")
CALL = r"""
call() {
	curl -s "127.0.0.1:$PORT/v1/messages" -H 'content-type: application/json' \
		-d '{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[
		{"role":"user","content":"my card is 4111 1111 1111 1111"}]}'
}
"""
# A shipped pack that wants no key.
OFFLINE = """
offline() {
	sed '/^providers:/,$d' $SRCDIR/policies/$1.yaml
	echo 'providers: {targets: [{id: o, provider: offline}]}'
}
"""
# What there is before; the commands run in this order, too.
BEFORE = {
    "kt.1": CALL + OFFLINE,
    "kt-audit.1": CALL + "kt gateway run &\ncall >answer; stop\n"
                         "KEY=$(cat audit/log.vkey)\n",
    "kt-gateway.1": OFFLINE +
                    "offline coding-agent >coding-agent.yaml\n"
                    "claude() { curl -sf $ANTHROPIC_BASE_URL/healthz; }\n",
    "kt-policy.1": "for f in policy-config a b; do\n"
                   "cp $SRCDIR/policies/starter.yaml $f.yaml; done\n"
                   "{ echo '# yaml-language-server: "
                   "$schema=kt.schema.json'; cat a.yaml; } >my.yaml\n",
    "kt-token.1": "kt gateway run &\n",
    "kt-session.1": "mkdir -p tests\n"
                    "cp -r $SRCDIR/policies/sessions tests/sessions\n",
}
CODES = {"kt audit verify ./audit": 1,
         "kt policy show --policy-config a.yaml --policy-config": 0}
# Between the commands: what a reader does in another window.
BETWEEN = {"kt gateway run --record sessions": "call >answer; stop; "
           "offline starter >new.yaml"}
NOT_RUN = {"kt session merge --key my.key": "wants a recording made for a key"}


def plain(line):
    return line.replace("\\e", "\\").replace("\\&", "").replace("\\(dq", '"')


def examples(page):
    """Commands, and the lines that the manual prints behind each."""
    with open(os.path.join(MAN, page)) as f:
        lines = f.read().splitlines()
    section, out, is_shown, goes_on = "", [], False, False
    for line in lines:
        if line.startswith(".Sh "):
            section = line[4:]
        if line.startswith(".Dl kt ") and not line.startswith(".Dl kt:"):
            out.append([plain(line[4:]), []])
        is_shown = (line.startswith(".Bd") or is_shown) and line != ".Ed"
        if section != "EXAMPLES" or not is_shown or line.startswith("."):
            goes_on = False
            continue
        text = plain(line)
        if text.startswith("$ "):
            out.append([text[2:], []])
        elif goes_on:
            out[-1][0] += "\n" + text
        elif out:
            out[-1][1].append(text)
        command = out[-1][0] if out else ""
        goes_on = command.endswith("\\") or command.count("'") % 2 == 1
    return out


def script_of(page):
    first = r"""
set -u
PORT=
server=
listens() { # of the gateway that was just started
	for i in $(seq 1200); do
		PORT=$(sed -n 's/^kt: listening on .*:\([0-9]*\).*/\1/p' log)
		[ -z "$PORT" ] || return 0
		sleep 0.1
	done
}
stop() {
	[ -z "$server" ] || { kill $server; wait $server; }
	server=
}
trap stop EXIT
check() { # CODE LINE ...: of the command before
	[ "$1" -eq "$2" ] || { echo "not ok: exit $1: $3" >&2; exit 9; }
}
"""
    out = [first]

    def add(command, code=0, shown=()):
        if command.startswith("kt gateway run"):
            out.append(command.replace(
                "kt gateway run", ">log; kt gateway run --listen 127.0.0.1:0"
            ).rstrip("& ") + " >log 2>&1 &\nserver=$!\nlistens")
            return
        out.append("{ " + command + "\n} >shown")
        out.append("check $? %d %s" % (code, shell_word(command)))
        for line in shown:
            out.append("grep -qxF %s shown; check $? 0 %s" % (
                shell_word(line), shell_word("prints " + line)))

    for line in BEFORE[page].strip().split("\n") if page != "kt.1" else ():
        if line.startswith("kt gateway run"):
            add(line)
        else:
            out.append(line)
    if page == "kt.1":
        out.append(BEFORE[page])
    for command, shown in examples(page):
        if any(command.startswith(n) for n in NOT_RUN):
            continue
        code = next((c for k, c in CODES.items() if command.startswith(k)), 0)
        add(command, code, shown)
        for k, more in BETWEEN.items():
            if command.startswith(k):
                out.append(more)
    return "\n".join(out).replace("localhost:8080", "127.0.0.1:$PORT").replace(
        "127.0.0.1:8080", "127.0.0.1:$PORT") + "\n"


def shell_word(text):
    return "'" + text.replace("'", "'\\''") + "'"


def run(page):
    if not shutil.which("curl"):
        raise Skip("no curl")
    with tempfile.TemporaryDirectory(prefix="kt-") as folder:
        program = os.path.join(folder, "bin")
        os.mkdir(program)
        with open(os.path.join(program, "kt"), "w") as f:
            f.write('#!/bin/sh\nexec "%s/kt" "$@"\n' % BUILDDIR)
        os.chmod(os.path.join(program, "kt"), 0o755)
        got = subprocess.run(
            ["sh", "-c", script_of(page)], cwd=folder,
            capture_output=True, text=True, timeout=PATIENCE, env={
                "PATH": program + ":/usr/bin:/bin", "HOME": folder,
                "SRCDIR": SRCDIR})
        assert got.returncode == 0, (page, got.stderr[-2000:])
        if page == "kt.1":
            with open(os.path.join(folder, "answer")) as f:
                assert "[CREDIT_CARD]" in f.read()


def every_page_with_examples_is_known():
    pages = {os.path.basename(p) for p in glob.glob(MAN + "/*.[1-8]")
             if examples(os.path.basename(p))}
    assert pages == set(BEFORE), pages ^ set(BEFORE)
    commands = [c for p in pages for c, _ in examples(p)]
    assert len(commands) >= 17, commands
    for known in (*CODES, *BETWEEN, *NOT_RUN):
        assert any(c.startswith(known) for c in commands), known


def sentence(page):
    def test():
        run(page)
    test.__name__ = "the examples of %s run" % re.sub(r"\.1$", "(1)", page)
    return test


run_all([every_page_with_examples_is_known, *map(sentence, sorted(BEFORE))])

"""The runner of scenarios must not overlook what does not hold."""
import os
import subprocess
import sys
import tempfile

from tap import SRCDIR, run_all

RUNNER = os.path.join(SRCDIR, "tests", "scenario.py")

# Each claims one thing that is not so; %s is where it goes.
SCENARIO = '''
scenario "false"
provider p1 { answer 200 hello; %(provider)s }
gateway g1 -upstream p1
client c1 -to g1 {
	post /v1/messages say "card 4111 1111 1111 1111"
	%(client)s
}
operator g1 { %(operator)s }
audit g1 { %(audit)s }
'''
FALSE = {
    "provider": ["expect requests == 0", "expect last.body == sent",
                 "expect last.body contains 4111", "fly",
                 "expect last.header host == x"],
    "client": ["expect status == 403", "expect text lacks hello", "fly /",
               "expect header content-type == none", "expect seconds > 60",
               "expect seconds < 0",
               "expect .content.0.text != hello", "expect body == none"],
    "operator": ["expect told contains nonsense", "fly",
                 'reload "{}" -bad', 'reload "policy: [" -good'],
    "audit": ["expect calls == 2", "expect call.decision == block",
              "expect chain == tampered", "expect call.threats has x",
              "expect rejects > 0", "fly"],
}


def plays(text, env=None):
    with tempfile.NamedTemporaryFile("w", suffix=".scn") as f:
        f.write(text)
        f.flush()
        return subprocess.run([sys.executable, RUNNER, f.name], text=True,
                              capture_output=True, env=env)


def of(**lines):
    return SCENARIO % {"provider": "", "client": "", "operator": "",
                       "audit": "", **lines}


def what_holds_is_told_so():
    r = plays(of(audit="expect call.decision == redact; flip"))
    assert r.returncode == 0 and r.stdout.startswith("ok 1 - false"), r


def what_does_not_hold_is_told_so():
    text = "".join(of(**{who: line}) for who, lines in FALSE.items()
                   for line in lines)
    n = sum(len(lines) for lines in FALSE.values())
    r = plays(text, {**os.environ, "KT_PATIENCE": "3"})
    assert r.returncode == 1, r
    for i in range(1, n + 1):
        assert "not ok %d - false" % i in r.stdout, r.stdout


def what_nobody_can_read_is_no_pass():
    for text in ('scenario "x"\nnobody n1 {\n}\n', 'scenario "x"\nclient c1 {',
                 'scenario "x"\nclient c1 -to g1 { get / }\n'):
        assert plays(text).returncode == 1, text


run_all([
    what_holds_is_told_so,
    what_does_not_hold_is_told_so,
    what_nobody_can_read_is_no_pass,
])

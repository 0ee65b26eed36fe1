"""Who is erased leaves nothing behind, and the log still proves the rest."""
import os
import subprocess
import tempfile

import gateway
import speech
import wire
from gateway import holders
from tap import PATIENCE, eventually, run_all
from upstream import Upstream, whole

CANARY = "the canary of nobody's business 7351"
ASK = {"model": "claude-sonnet-4-5", "max_tokens": 9,
       "messages": [{"role": "user", "content": CANARY}]}
NAMES = ("ann.the.first", "bob.the.second")


def kt(*argv):
    return subprocess.run([gateway.KT, *argv], capture_output=True, text=True,
                          timeout=PATIENCE, env={"PATH": "/usr/bin:/bin"})


class Two:
    """A gateway with two callers, who have called."""

    def __init__(self, up, audit=None):
        self.tokens = {}
        self.folder = None
        import tempfile
        self.folder = tempfile.TemporaryDirectory(prefix="kt-tokens-")
        file = os.path.join(self.folder.name, "tokens.json")
        for name in NAMES:
            made = kt("token", "create", "--principal", name,
                      "--tokens-file", file)
            assert made.returncode == 0, made
            self.tokens[name] = made.stdout.strip().split()[-1]
        self.kt = gateway.Gateway(
            gateway.config([gateway.target("up", up)], mode="tokens",
                           audit=audit or {}),
            args=("--tokens-file", file))

    def ask(self, name):
        got = wire.post(self.kt.port, "/v1/messages", ASK,
                        [("Authorization", "Bearer " + self.tokens[name])])
        assert got.status == 200, got
        return got.headers.get("kt-audit")


def who(records):
    return [r["principal"]["id"] for r in records]


def a_caller_is_erased_and_nothing_leads_back():
    for is_running in (True, False):
        with Upstream(lambda _: whole(speech.message(CANARY))) as up:
            two = Two(up)
            receipts = [two.ask(n) for n in NAMES + NAMES]
            audit = two.kt.audit
            ann, bob = who(two.kt.records())[:2]
            assert ann != bob and ann.startswith("p:"), (ann, bob)
            assert who(two.kt.records()) == [ann, bob, ann, bob]
            secret = open(os.path.join(audit, "vault", ann[2:]), "rb").read()
            assert secret[32:] == NAMES[0].encode()
            found = kt("audit", "query", "--principal", NAMES[0], "--type",
                       "call", "--format", "csv", audit)
            assert found.stdout.count(ann) == 2, found
            if not is_running:
                two.kt.end()
            done = kt("audit", "erase", "--subject", NAMES[0], "--ground",
                      "gdpr-17", "--by", "dpo", audit)
            assert done.returncode == 0, (done, two.kt.told())
            assert not holders(audit, secret[:32])
            assert not holders(audit, NAMES[0].encode())
            assert not holders(audit, CANARY.encode())
            assert holders(audit, NAMES[1].encode())
            again = kt("audit", "erase", "--subject", NAMES[0], audit)
            assert again.returncode == 1, again
            record = two.kt.records("erasure")[0]
            assert record["subject"] == ann and record["by"] == "dpo", record
            if is_running:
                two.ask(NAMES[0])
                assert who(two.kt.records())[-1] not in (ann, bob)
                two.kt.end()
            said = kt("audit", "verify", audit, *(
                a for r in receipts for a in ("--receipt", r)))
            assert said.returncode == 0, said
            two.kt.stop()


def what_a_crash_left_of_a_new_caller_goes_at_the_next_start():
    with Upstream(lambda _: whole(speech.message("hi"))) as up:
        two = Two(up)
        two.ask(NAMES[0])
        unborn = os.path.join(two.kt.audit, "vault", "0" * 32 + ".tmp")
        with open(unborn, "wb") as f:
            f.write(b"s" * 32 + b"carla.the.third")
        two.kt.again()
        assert not holders(two.kt.audit, b"carla.the.third")
        two.ask(NAMES[0])
        assert len(set(who(two.kt.records()))) == 1
        two.kt.stop()


def a_legal_hold_refuses_erasure_until_it_is_released():
    with Upstream(lambda _: whole(speech.message("hi"))) as up:
        two = Two(up)
        for name in NAMES:
            two.ask(name)
        audit = two.kt.audit
        for only in ((), ("--subject", NAMES[0])):
            assert kt("audit", "hold", *only, "matter-7",
                      audit).returncode == 0
            got = kt("audit", "erase", "--subject", NAMES[0], audit)
            assert got.returncode == 5 and "hold" in got.stderr, got
            for name in NAMES:
                two.ask(name)
            assert [r.get("legal_hold") for r in two.kt.records()[-2:]] == [
                True, None if only else True], two.kt.records()[-2:]
            assert kt("audit", "hold", "--release", "matter-7",
                      audit).returncode == 0
            assert kt("audit", "hold", "--release", "matter-7",
                      audit).returncode == 1
        assert kt("audit", "hold", "--subject", NAMES[1], "m",
                  audit).returncode == 0
        assert kt("audit", "erase", "--subject", NAMES[0],
                  audit).returncode == 0
        two.ask(NAMES[1])
        two.kt.again()  # a hold is read at the start, too
        two.ask(NAMES[1])
        assert [r.get("legal_hold") for r in two.kt.records()[-2:]] == [
            True, True]
        assert [r["action"] for r in two.kt.records("admin")] == [
            "hold", "release", "hold", "release", "hold"]
        assert two.kt.end() == 0
        assert two.kt.verify().returncode == 0
        two.kt.stop()


def a_key_is_rotated_on_request():
    with Upstream(lambda _: whole(speech.message("hi"))) as up:
        two = Two(up)
        two.ask(NAMES[0])
        old = open(os.path.join(two.kt.audit, "key/epoch.key"), "rb").read()
        done = kt("audit", "key", "rotate", two.kt.audit)
        assert done.returncode == 0, done
        new = open(os.path.join(two.kt.audit, "key/epoch.key"), "rb").read()
        assert old != new and not holders(two.kt.audit, old)
        assert two.kt.records("key") and two.kt.records("admin")
        two.ask(NAMES[1])
        assert two.kt.end() == 0
        assert two.kt.verify().returncode == 0
        two.kt.stop()


def plain_hashes_are_those_of_the_bytes():
    import hashlib
    import json
    with Upstream(lambda _: whole(speech.message("hi"))) as up:
        two = Two(up, {"hash_mode": "plain"})
        two.ask(NAMES[0])
        commit = two.kt.call()["request_commit"]
        sent = up.requests[-1].body
        assert commit == "sha256:" + hashlib.sha256(sent).hexdigest(), (
            commit, json.dumps(ASK))
        assert two.kt.end() == 0
        two.kt.stop()


def of_a_place_without_a_log_no_command_says_yes_or_no():
    with tempfile.TemporaryDirectory() as top:
        for words in (["erase", "--subject", "ann"], ["hold", "m"],
                      ["hold", "--release", "m"], ["key"], ["key", "rotate"],
                      ["retain", "--days", "200"], ["verify"], ["query"],
                      ["tail"], ["recover"], ["anchor", "--to", top],
                      ["export", "--out", top + "/out"],
                      ["report", "--framework", "gdpr"]):
            for place in (top, top + "/none"):
                got = kt("audit", *words, place)
                assert got.returncode == 3 and got.stderr, got
        for words in (["show"], ["prove", "--out", top]):
            got = kt("audit", *words, top, "1")
            assert got.returncode == 3 and got.stderr, got
        assert os.listdir(top) == [], os.listdir(top)


run_all([
    of_a_place_without_a_log_no_command_says_yes_or_no,
    a_caller_is_erased_and_nothing_leads_back,
    what_a_crash_left_of_a_new_caller_goes_at_the_next_start,
    a_legal_hold_refuses_erasure_until_it_is_released,
    a_key_is_rotated_on_request,
    plain_hashes_are_those_of_the_bytes,
])

"""Keys that may be stolen are revoked by one that is kept elsewhere."""
import json
import os
import shutil
import subprocess
import tempfile

import gateway
import speech
import wire
from tap import PATIENCE, run_all
from upstream import Upstream, whole

ASK = {"model": "claude-sonnet-4-5", "max_tokens": 9,
       "messages": [{"role": "user", "content": "hi"}]}


def kt(*argv):
    return subprocess.run([gateway.KT, *argv], capture_output=True, text=True,
                          timeout=PATIENCE, env={"PATH": "/usr/bin:/bin"})


def verify(*argv):
    got = kt("audit", "verify", "--json", *argv)
    return got.returncode, json.loads(got.stdout)


class Place:
    """A log of some calls, its recovery key taken away."""

    def __init__(self, calls=3):
        with Upstream(lambda _: whole(speech.message("hi"))) as up:
            self.kt = gateway.Gateway(gateway.config(
                [gateway.target("up", up)]))
            for _ in range(calls):
                assert wire.post(self.kt.port, "/v1/messages",
                                 ASK).status == 200
            assert len(self.kt.records()) == calls
        self.audit = self.kt.audit
        self.away = tempfile.TemporaryDirectory(prefix="kt-away-")
        self.key = os.path.join(self.away.name, "recovery.key")
        os.rename(os.path.join(self.audit, "key/recovery.key"), self.key)

    def revoke(self, at, key=None):
        return kt("audit", "key", "revoke", "--at", str(at), "--recovery-key",
                  key or self.key, "--by", "ciso", self.audit)


def the_log_names_its_recovery_key_and_goes_on_without_it():
    p = Place()
    assert "recovery.key" in p.kt.told()
    named = p.kt.records("genesis")[0]["recovery_vkey"]
    assert {r["recovery_vkey"] for r in p.kt.records("segment")} == {named}
    p.kt.again()
    assert p.kt.end() == 0
    assert not os.path.exists(os.path.join(p.audit, "key/recovery.key"))
    assert {r["recovery_vkey"] for r in p.kt.records("segment")} == {named}
    assert verify(p.audit)[0] == 0
    told = json.loads(kt("audit", "key", "--json", p.audit).stdout)
    assert told["recovery_vkey"] == named, told
    p.kt.stop()


def what_is_signed_from_there_on_is_not_proven():
    for is_running in (True, False):
        p = Place()
        if not is_running:
            p.kt.end()
        done = p.revoke(4)
        assert done.returncode == 0 and "from record 4" in done.stdout, done
        admin = p.kt.records("admin")[-1]
        assert (admin["action"], admin["record"], admin["by"]) == (
            "revoke", 4, "ciso"), admin
        p.kt.end()
        code, said = verify(p.audit)
        assert (code, said["result"], said["revoked"]) == (4, "weak", 4), said
        assert "revoked" in said["warnings"] and not said["breaks"], said
        text = kt("audit", "verify", p.audit).stdout
        assert "from record 4 on" in text and "RESULT weak" in text, text
        later, earlier = p.revoke(5), p.revoke(3)
        assert later.returncode == 1 and "already" in later.stderr, later
        assert earlier.returncode == 0
        assert verify(p.audit)[1]["revoked"] == 3
        p.kt.stop()


def a_copy_of_the_note_serves_where_it_was_removed():
    p = Place()
    p.kt.end()
    assert p.revoke(2).returncode == 0
    note = os.path.join(p.away.name, "note")
    out = os.path.join(p.away.name, "out")
    shutil.copy(os.path.join(p.audit, "revocation"), note)
    assert kt("audit", "export", "--out", out, p.audit).returncode == 0
    assert verify(out)[1]["revoked"] == 2
    os.unlink(os.path.join(p.audit, "revocation"))
    assert verify(p.audit)[0] == 0
    code, said = verify("--revocation", note, p.audit)
    assert (code, said["revoked"]) == (4, 2), said
    p.kt.stop()


def nobody_else_revokes():
    p, other = Place(), Place()
    p.kt.end()
    other.kt.end()
    wrong = p.revoke(2, other.key)
    assert wrong.returncode == 1 and "not the recovery key" in wrong.stderr
    stable = p.revoke(2, os.path.join(p.audit, "key/log.key"))
    assert stable.returncode == 1, stable
    beyond = p.revoke(10 ** 6)
    assert beyond.returncode == 1 and "there are" in beyond.stderr, beyond
    assert p.revoke(2, os.path.join(p.audit, "log.vkey")).returncode == 3
    assert not os.path.exists(os.path.join(p.audit, "revocation"))
    assert not p.kt.records("admin")
    assert other.revoke(2).returncode == 0
    with open(os.path.join(other.audit, "revocation")) as f:
        note = f.read()
    for bad in (note, note.replace("\n2\n", "\n1\n"), "", "x\n\n\n"):
        with open(os.path.join(p.audit, "revocation"), "w") as f:
            f.write(bad)
        code, said = verify(p.audit)
        assert (code, said["revoked"]) == (0, None), said
        assert "other-revocation" in said["warnings"], said
    for args in (["--at", "2"], ["--recovery-key", p.key], ["--at", "x",
                 "--recovery-key", p.key]):
        assert kt("audit", "key", "revoke", *args, p.audit).returncode == 2
    assert kt("audit", "key", "--at", "2", p.audit).returncode == 2
    p.kt.stop()
    other.kt.stop()


def a_gateway_does_not_go_on_with_revoked_keys():
    p = Place()
    p.kt.end()
    assert p.revoke(4).returncode == 0
    try:
        p.kt.again()
        raise RuntimeError("it went on")
    except AssertionError as e:
        assert "revoked" in str(e), e
    print("# " + kt("audit", "recover", p.audit).stdout)


def the_next_log_cites_the_one_that_was_set_aside():
    p = Place()
    p.kt.end()
    assert p.revoke(4).returncode == 0
    assert kt("audit", "recover", p.audit).returncode == 1
    done = kt("audit", "recover", "--accept-loss", p.audit)
    assert done.returncode == 0, done
    p.kt.again()
    assert p.kt.end() == 0
    assert p.kt.records("genesis")[0]["cites"]
    aside = [x for x in os.listdir(p.audit) if x.startswith("lost-")]
    assert verify(os.path.join(p.audit, aside[0]))[1]["revoked"] == 4
    assert verify(p.audit)[0] == 0
    p.kt.stop()


run_all([
    the_log_names_its_recovery_key_and_goes_on_without_it,
    what_is_signed_from_there_on_is_not_proven,
    a_copy_of_the_note_serves_where_it_was_removed,
    nobody_else_revokes,
    a_gateway_does_not_go_on_with_revoked_keys,
    the_next_log_cites_the_one_that_was_set_aside,
])

"""What was said is kept on request: encrypted, for one reason at a time, and
gone with its caller."""
import hashlib
import hmac
import json
import os
import re
import subprocess

import gateway
import speech
import wire
from gateway import holders
from tap import PATIENCE, eventually, run_all, scratch
from upstream import Upstream, stream, whole

SAID = "the canary of nobody's business 7351"
CARD = "4111 1111 1111 1111"
ASK = {"model": "claude-sonnet-4-5", "max_tokens": 9,
       "messages": [{"role": "user", "content": SAID}]}
PII = {"pii-detector": {"action": "redact"}}
BACK = {"reversible-redaction": {}}


def kt(*argv):
    return subprocess.run([gateway.KT, *argv], capture_output=True,
                          timeout=PATIENCE, env={"PATH": "/usr/bin:/bin"})


def reveal(audit, index, field, *more):
    return kt("audit", "show", "--reveal", field, "--reason", "incident-7",
              *more, audit, str(index))


def shown(audit, index, field):
    got = reveal(audit, index, field)
    assert got.returncode == 0, got
    return got.stdout


def kept(audit):
    folder = os.path.join(audit, "content")
    return sum(os.path.getsize(os.path.join(folder, n)) for n in (
        os.listdir(folder) if os.path.isdir(folder) else ()))


def start(up, content="full", name=None, policy=None, chain=None, audit=None,
          **more):
    """With a caller known by NAME, else anybody."""
    args = ()
    if name:
        file = os.path.join(scratch("kt-tokens-"), "t.json")
        made = kt("token", "create", "--principal", name,
                  "--tokens-file", file)
        assert made.returncode == 0, made
        args = ("--tokens-file", file)
        more["headers"] = [("Authorization", "Bearer " +
                            made.stdout.decode().strip().split()[-1])]
    headers = more.pop("headers", [])
    g = gateway.Gateway(gateway.config(
        [gateway.target("up", up, **more)], policy or {}, chain,
        mode="tokens" if name else "passthrough",
        audit={"content": content, **(audit or {})}), args=args)
    g.headers = headers
    return g


def ask(g, body=None, n=1):
    """The record of a call, when its content is there too."""
    before = kept(g.audit)
    got = wire.post(g.port, "/v1/messages", body or ASK, g.headers)
    record = g.call(n)
    if record.get("content"):
        eventually(lambda: kept(g.audit) > before, "content")
    return got, record


def what_is_shown_is_what_was_sent_byte_for_byte():
    def script(r):
        if b"stream" in r.body:
            return stream(speech.message_events([speech.text(SAID)]))
        return whole(speech.message(SAID))
    for name in (None, "ann.the.first"):
        with Upstream(script) as up:
            g = start(up, name=name)
            for n, more in enumerate(({}, {"stream": True}), 1):
                got, record = ask(g, {**ASK, **more}, n)
                assert record["content"] == "full", record
                i = record["i"]
                assert shown(g.audit, i, "request") == up.requests[-1].body
                assert shown(g.audit, i, "completion") == got.body
            assert not holders(g.folder, SAID.encode())
            assert g.end() == 0, g.told()
            assert shown(g.audit, i, "completion") == got.body
            assert g.verify().returncode == 0
            g.stop()


def a_record_tells_that_it_was_shown_before_it_is():
    with Upstream(lambda _: whole(speech.message("hi"))) as up:
        g = start(up, name="ann")
        _, record = ask(g)
        got = reveal(g.audit, record["i"], "request", "--by", "dpo")
        assert got.returncode == 0 and got.stdout, got
        admin = g.records("admin")[-1]
        assert {k: admin[k] for k in ("action", "by", "ground", "name",
                                      "record", "subject")} == {
            "action": "reveal", "by": "dpo", "ground": "incident-7",
            "name": "request", "record": record["i"],
            "subject": record["principal"]["id"]}, admin
        for wrong in (["--reveal", "request"], ["--reveal", "salt",
                      "--reason", "x"], ["--reveal", "request", "--reason",
                      "x", "--json"]):
            got = kt("audit", "show", *wrong, g.audit, str(record["i"]))
            assert got.returncode == 2 and not got.stdout, got
        got = kt("audit", "show", "--reveal", "request", "--reason",
                 "two words", g.audit, str(record["i"]))
        assert got.returncode == 3 and not got.stdout, got
        assert len(g.records("admin")) == 1
        g.stop()


def secret_of(audit, record):
    """The caller's, or the one of all who have no name."""
    who = record["principal"]["id"]
    path = "vault/" + who[2:] if who.startswith("p:") else "key/commit.key"
    with open(os.path.join(audit, path), "rb") as f:
        return f.read()[:32]


def salt_of(audit, record, field):
    return hmac.digest(secret_of(audit, record), b"\0".join(
        x.encode() for x in (record["call_id"], field)), "sha256")


def commitment(salt, content):
    return "sha256s:" + hashlib.sha256(
        b"kt-commit-v1\0" + salt + content).hexdigest()


def prove(g, index, *fields):
    out = scratch("kt-proof-")
    got = kt("audit", "prove", "--out", out, "--reason", "incident-7",
             *(x for f in fields for x in ("--reveal", f)), g.audit,
             str(index))
    return out, got


def check(g, out):
    got = kt("audit", "check", "--json", "--vkey", g.audit + "/log.vkey", out)
    told = json.loads(got.stdout)
    return got.returncode, {x["field"]: x["bytes"] if x["is_checked"] else
                            None for x in told["revealed"]}


def by_the_readme(out):
    """What its own commands print of each field."""
    with open(out + "/README.md") as f:
        text = f.read()
    return {field: subprocess.run(["sh", "-c", line], cwd=out, check=True,
                                  capture_output=True).stdout.decode()[:64]
            for field, line in re.findall(
                "^## What was said: `(.*)`$.*?^    (.*sha256sum)$", text,
                re.M | re.S)}


def a_field_is_proven_to_who_has_only_sha256sum():
    with Upstream(lambda _: whole(speech.message("hi"))) as up:
        for name, how in (("ann", {}), (None, {}),
                          (None, {"hash_mode": "plain"})):
            g = start(up, name=name, audit=how)
            got, record = ask(g)
            i, salted = record["i"], not how
            eventually(lambda: kt("audit", "prove", "--out", g.folder,
                                  g.audit, str(i)).returncode == 0, "seal")
            out, p = prove(g, i, "completion")
            assert p.returncode == 0, p
            assert open("%s/%d.completion" % (out, i), "rb").read() == got.body
            assert check(g, out) == (0, {"completion": len(got.body)})
            assert by_the_readme(out)["completion"] == \
                record["completion_commit"].split(":")[1]
            # Nothing of the other field, nor what opens either.
            assert not holders(out, SAID.encode())
            known = b"".join(open(os.path.join(out, n), "rb").read()
                             for n in os.listdir(out))
            for field in "request", "content", "kept":
                assert salt_of(g.audit, record, field) not in known
            assert secret_of(g.audit, record) not in known
            assert (salt_of(g.audit, record, "completion") in known) == salted
            admin = g.records("admin")[-1]
            assert (admin["action"], admin["name"], admin["record"],
                    admin["ground"]) == ("reveal", "completion", i,
                                         "incident-7"), admin
            # Any byte, of the bytes, the salt or their absence.
            for name in ["%d.completion" % i] + ["%d.completion.salt" % i
                                                 ] * salted:
                path = os.path.join(out, name)
                good = open(path, "rb").read()
                for at in range(len(good)):
                    bad = bytearray(good)
                    bad[at] ^= 1
                    if at % 16 and at != len(good) - 1:
                        continue
                    with open(path, "wb") as f:
                        f.write(bad)
                    assert check(g, out)[0] == 1, (name, at)
                with open(path, "wb") as f:
                    f.write(good + b"0")
                assert check(g, out)[0] == 1, name
                with open(path, "wb") as f:
                    f.write(good)
            if salted:
                os.unlink(path)
                assert check(g, out)[0] == 3
            out, p = prove(g, i, "request", "completion")
            assert p.returncode == 0 and check(g, out) == (0, {
                "completion": len(got.body),
                "request": len(up.requests[-1].body)})
            assert [x["name"] for x in g.records("admin")[-2:]] == [
                "request", "completion"]
            g.stop()


def a_salt_is_enough_for_who_kept_the_bytes():
    with Upstream(lambda _: whole(speech.message("hi"))) as up:
        g = start(up, "none", name="ann")
        _, record = ask(g)
        i, sent = record["i"], up.requests[-1].body
        eventually(lambda: kt("audit", "prove", "--out", g.folder, g.audit,
                              str(i)).returncode == 0, "seal")
        out, p = prove(g, i, "request")
        assert p.returncode == 0 and b"not kept" in p.stdout, p
        assert check(g, out) == (0, {"request": None})
        path = "%s/%d.request" % (out, i)
        with open(path, "wb") as f:
            f.write(sent)
        assert check(g, out) == (0, {"request": len(sent)})
        with open(path, "wb") as f:
            f.write(sent + b" ")
        assert check(g, out)[0] == 1
        # Nothing is recorded of what comes to nothing.
        before = len(g.records("admin"))
        for fields, code in ((("request", "content"), 3), (("kept",), 2),
                             (("request", "request"), 2)):
            out, p = prove(g, i, *fields)
            assert p.returncode == code and not os.listdir(out), p
        for words in (["--reveal", "request"], ["--reason", "x"],
                      ["--reveal", "request", "--reason", "x",
                       "--consistency", "1"]):
            p = kt("audit", "prove", *words, g.audit, str(i))
            assert p.returncode == 2, p
        assert kt("audit", "erase", "--subject", "ann",
                  g.audit).returncode == 0
        out, p = prove(g, i, "request")
        assert p.returncode == 3 and not os.listdir(out), p
        assert len(g.records("admin")) == before
        g.stop()


def every_commitment_goes_with_its_caller_those_of_tools_too():
    used = {"type": "tool_use", "id": "toolu_01", "name": "look",
            "input": {"at": "it"}}
    body = {**ASK, "messages": ASK["messages"] + [
        {"role": "assistant", "content": [used]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_01",
             "content": "seen"}]}]}
    with Upstream(lambda _: whole(speech.message("hi"))) as up:
        g = start(up, name="ann")
        got, record = ask(g, body)
        assert record["request_commit"] == commitment(
            salt_of(g.audit, record, "request"), up.requests[-1].body)
        assert record["completion_commit"] == commitment(
            salt_of(g.audit, record, "completion"), got.body)
        tool = record["tool_invocations"][0]
        assert tool["result_hash"] in [commitment(
            salt_of(g.audit, record, "result:toolu_01"), x)
            for x in (b"seen", b'"seen"')], tool
        g.stop()


def who_is_erased_takes_it_along():
    with Upstream(lambda _: whole(speech.message("hi"))) as up:
        g = start(up, name="ann.the.first")
        _, record = ask(g)
        assert kt("audit", "erase", "--subject", "ann.the.first",
                  g.audit).returncode == 0
        got = reveal(g.audit, record["i"], "request")
        assert got.returncode == 3 and not got.stdout, got
        assert b"erased" in got.stderr
        assert g.end() == 0 and g.verify().returncode == 0
        g.stop()


def what_was_changed_or_moved_is_not_shown():
    with Upstream(lambda _: whole(speech.message("hi"))) as up:
        g = start(up)
        _, one = ask(g)
        _, two = ask(g, {**ASK, "max_tokens": 8}, 2)
        assert g.end() == 0
        folder = os.path.join(g.audit, "content")
        path = os.path.join(folder, os.listdir(folder)[0])
        good = open(path, "rb").read()
        size = 16 + int.from_bytes(good[8:16], "big")
        swapped = (good[:16] + good[size + 16:] + good[size:size + 16] +
                   good[16:size])
        assert len(swapped) == len(good) == 2 * size
        for bad in (good[:size - 1] + b"?" + good[size:], swapped,
                    good[:90] + bytes([good[90] ^ 1]) + good[91:]):
            with open(path, "wb") as f:
                f.write(bad)
            got = reveal(g.audit, one["i"], "request")
            assert got.returncode == 1 and not got.stdout, got
        with open(path, "wb") as f:
            f.write(good[:-1])
        assert reveal(g.audit, two["i"], "request").returncode == 3
        assert reveal(g.audit, one["i"], "request").returncode == 0
        assert g.verify().returncode == 0  # the evidence needs none of it
        g.stop()


def redacted_keeps_what_went_up_and_nothing_that_was_taken_out():
    body = {**ASK, "messages": [{"role": "user", "content": "card " + CARD}]}
    with Upstream(lambda _: whole(speech.message("paid"))) as up:
        g = start(up, "redacted", policy=PII)
        got, record = ask(g, body)
        assert record["content"] == "redacted", record
        assert record["content_commit"] != record["request_commit"]
        text = shown(g.audit, record["i"], "request")
        assert text == up.requests[-1].body and CARD.encode() not in text
        assert shown(g.audit, record["i"], "completion") == got.body
        g.stop()


def redacted_keeps_no_answer_that_was_given_back_what_was_taken_out():
    def script(r):
        text = json.loads(r.body)["messages"][0]["content"]
        return whole(speech.message("you said " + text))
    body = {**ASK, "messages": [{"role": "user", "content": "card " + CARD}]}
    with Upstream(script) as up:
        g = start(up, "redacted", policy=BACK,
                  chain=["reversible-redaction", "audit-logger"])
        got, record = ask(g, body)
        assert CARD.encode() in got.body and CARD.encode() not in \
            up.requests[-1].body, (got, up.requests)
        assert CARD.encode() not in shown(g.audit, record["i"], "request")
        assert reveal(g.audit, record["i"], "completion").returncode == 3
        g.stop()


def redacted_keeps_nothing_of_a_request_that_was_refused():
    body = {**ASK, "messages": [{"role": "user", "content": "card " + CARD}]}
    with Upstream(lambda _: whole(speech.message("hi"))) as up:
        for mode, code in (("redacted", 3), ("full", 0)):
            g = start(up, mode, policy={"pii-detector": {"action": "block"}})
            assert wire.post(g.port, "/v1/messages", body).status == 403
            record = g.call()
            if code == 0:
                eventually(lambda: kept(g.audit), "content")
            assert g.end() == 0
            assert reveal(g.audit, record["i"], "request").returncode == code
            assert reveal(g.audit, record["i"], "completion").returncode == 3
            assert kept(g.audit) == 0 or code == 0
            g.stop()
        assert not up.requests


def a_target_that_keeps_nothing_has_none_kept():
    with Upstream(lambda _: whole(speech.message("hi"))) as up:
        g = start(up, zdr=True)
        _, record = ask(g)
        assert "content" not in record, record
        assert g.end() == 0
        assert kept(g.audit) == 0
        assert reveal(g.audit, record["i"], "request").returncode == 3
        g.stop()


run_all([
    what_is_shown_is_what_was_sent_byte_for_byte,
    a_record_tells_that_it_was_shown_before_it_is,
    a_field_is_proven_to_who_has_only_sha256sum,
    a_salt_is_enough_for_who_kept_the_bytes,
    every_commitment_goes_with_its_caller_those_of_tools_too,
    who_is_erased_takes_it_along,
    what_was_changed_or_moved_is_not_shown,
    redacted_keeps_what_went_up_and_nothing_that_was_taken_out,
    redacted_keeps_no_answer_that_was_given_back_what_was_taken_out,
    redacted_keeps_nothing_of_a_request_that_was_refused,
    a_target_that_keeps_nothing_has_none_kept,
])

"""What was said is kept on request: encrypted, for one reason at a time, and
gone with its caller."""
import json
import os
import subprocess
import tempfile

import gateway
import speech
import wire
from tap import eventually, run_all
from upstream import Upstream, stream, whole

SAID = "the canary of nobody's business 7351"
CARD = "4111 1111 1111 1111"
ASK = {"model": "claude-sonnet-4-5", "max_tokens": 9,
       "messages": [{"role": "user", "content": SAID}]}
PII = {"pii-detector": {"action": "redact"}}
BACK = {"reversible-redaction": {}}


def kt(*argv):
    return subprocess.run([gateway.KT, *argv], capture_output=True,
                          timeout=60, env={"PATH": "/usr/bin:/bin"})


def holders(folder, needle):
    out = []
    for top, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(top, name), "rb") as f:
                if needle.encode() in f.read():
                    out.append(os.path.join(top, name))
    return out


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


def start(up, content="full", name=None, policy=None, chain=None, **more):
    """With a caller known by NAME, else anybody."""
    args = ()
    if name:
        file = os.path.join(tempfile.mkdtemp(prefix="kt-tokens-"), "t.json")
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
        audit={"content": content}), args=args)
    g.headers = headers
    return g


def ask(g, body=None, n=1):
    """The record of a call, when its content is there too."""
    before = kept(g.audit)
    got = wire.post(g.port, "/v1/messages", body or ASK, g.headers)
    record = g.call(n)
    if record.get("content"):
        eventually(lambda: kept(g.audit) > before, 5, "content")
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
            assert not holders(g.folder, SAID)
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
                eventually(lambda: kept(g.audit), 5, "content")
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
    who_is_erased_takes_it_along,
    what_was_changed_or_moved_is_not_shown,
    redacted_keeps_what_went_up_and_nothing_that_was_taken_out,
    redacted_keeps_no_answer_that_was_given_back_what_was_taken_out,
    redacted_keeps_nothing_of_a_request_that_was_refused,
    a_target_that_keeps_nothing_has_none_kept,
])

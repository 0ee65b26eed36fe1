"""Streams that a policy touches: what is kept, what is withheld, how it ends."""
import json
import os
import re
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import grammar
import speech
import wire
from calls import (PATHS, ask, by_stream, events_of, read, refusal, request,
                   said)
from gateway import Gateway, config, shipped, target
from tap import eventually, run_all, same, within
from upstream import HANG, Upstream, stream, whole

FORMS = ("anthropic", "openai")
OTHER = {"anthropic": "openai", "openai": "anthropic"}
CARD = "4111 1111 1111 1111"
SSN = "536-90-4399"
TOKEN = "ghp_" + "R8xT2kLmQ9vB4nZc7WfY1aHd5sJe3u0pG6iN"
PEM = ("-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEA7bq0\n" * 40
       + "-----END RSA PRIVATE KEY-----")
MARK = r"\[[A-Z_]+\]"


def acting(up, form, action, **more):
    return config([target("up", up, form)], {
        "pii-detector": {"action": action, "pci_mode": True},
        "secret-scanner": {"action": action},
        "prompt-injection": {"action": "flag"}}, **more)


def streamed(up, kt, form, words, width, check=True):
    up.script = lambda _: stream(events_of(form, words, width))
    got = ask(kt, form, stream=True)
    assert got.status == 200 and got.is_whole, got
    return got, read(form, got.body) if check else None


def text_of(form, g):
    return g.text() if form == "anthropic" else g.text


def a_streamed_redaction_keeps_both_sides():
    for form in FORMS:
        with Upstream(None) as up, Gateway(
                acting(up, form, "redact")) as kt:
            for secret in (CARD, TOKEN):
                words = "Grüße 😀 é: %s; and\n\tmore 中文 %s." % (
                    secret, secret)
                around = words.split(secret)
                for width in (1, 2, 3, 5, 8, 13, 21, 200):
                    got, g = streamed(up, kt, form, words, width)
                    text = text_of(form, g)
                    marks = re.findall(MARK, text)
                    assert len(marks) == 2, (width, text)
                    assert re.split(MARK, text) == around, (width, text)
                    assert secret[:6].encode() not in got.body, got
                    assert g.error is None


def a_private_key_is_withheld_whole():
    for form in FORMS:
        with Upstream(None) as up, Gateway(
                acting(up, form, "redact")) as kt:
            for width in (1, 7, 64, 5000):
                words = "before: %s\nafter" % PEM
                got, g = streamed(up, kt, form, words, width)
                text = text_of(form, g)
                assert b"BEGIN" not in got.body and b"MII" not in got.body
                assert b"END RSA" not in got.body, text
                assert re.fullmatch("before: %s\nafter" % MARK, text), text
        with Upstream(None) as up, Gateway(
                acting(up, form, "block")) as kt:
            got, g = streamed(up, kt, form, "before: %s\nafter" % PEM, 7)
            assert b"BEGIN" not in got.body and b"MII" not in got.body, got
            assert "before: ".startswith(text_of(form, g).rstrip("-"))


def is_cut(form, g):
    if form == "anthropic":
        assert g.stop == "policy_block", g.stop
        assert g.last.get("policy_reason_code"), g.last
    else:
        assert g.finish == "content_filter" and g.is_done, g.finish


def a_streamed_block_is_cut_in_good_grammar():
    for form in FORMS:
        with Upstream(None) as up, Gateway(acting(up, form, "block")) as kt:
            for n, width in enumerate((1, 3, 7, 19, 200)):
                got, g = streamed(
                    up, kt, form, "it is: %s, you know" % CARD, width)
                is_cut(form, g)
                assert b"4111" not in got.body, got
                assert b"you know" not in got.body, got
                record = kt.call(n + 1)
                assert record["outcome"] == "cut-by-policy", record
                assert "completion.pci.detected" in record["reason_codes"]


def a_cut_leaves_the_upstream_within_a_second():
    for form in FORMS:
        head = events_of(form, "it is: %s, you know" % CARD, 9)[:-4]
        with Upstream(lambda _: stream([*head, HANG])) as up, Gateway(
                acting(up, form, "block")) as kt:
            def leave():
                got = ask(kt, form, stream=True)
                at = time.monotonic()
                is_cut(form, read(form, got.body))
                took = up.taken()[-1]
                return eventually(lambda: took.closed_at, "it is left") - at

            within(1, leave)


def a_translated_block_is_cut_in_the_clients_grammar():
    for form in FORMS:
        with Upstream(by_stream(OTHER[form], "it is: %s, yes" % CARD)) as up, \
                Gateway(acting(up, OTHER[form], "block")) as kt:
            got = ask(kt, form, stream=True)
            is_cut(form, read(form, got.body))
            assert b"4111" not in got.body
            e = refusal(ask(kt, form), form, 403)
            assert e["code"] == "output_blocked", e


def a_blocked_whole_answer_is_a_403():
    for form in FORMS + ("responses",):
        provider = "anthropic" if form == "anthropic" else "openai"
        with Upstream(lambda _: said(form, "it is " + CARD)) as up, Gateway(
                acting(up, provider, "block")) as kt:
            got = ask(kt, form)
            e = refusal(got, form, 403)
            assert e["code"] == "output_blocked", e
            assert e["reason_code"] == "completion.pci.detected", e
            assert e["policy"] == "pii-detector", e
            assert "4111" not in got.body.decode()
            if form == "anthropic":
                assert e["type"] == "permission_error", e


def a_blocked_request_is_a_403_and_never_goes_up():
    for form in FORMS + ("responses",):
        provider = "anthropic" if form == "anthropic" else "openai"
        with Upstream(lambda _: said(form)) as up, Gateway(
                acting(up, provider, "block")) as kt:
            for more in ({}, {"stream": True}):
                got = ask(kt, form, "it is " + CARD, **more)
                e = refusal(got, form, 403)
                assert e["code"] == "input_blocked", e
                assert e["reason_code"] == "prompt.pci.detected", e
                assert "4111" not in got.body.decode()
            assert not up.taken()
            assert kt.call()["outcome"] == "blocked"


def responses_streams_are_inspected():
    with Upstream(None) as up, Gateway(
            acting(up, "openai", "redact")) as kt:
        for width in (1, 7, 200):
            up.script = lambda _: stream(speech.response_events(
                "it is: %s, yes" % CARD, width=width))
            got = ask(kt, "responses", stream=True)
            assert got.status == 200 and got.is_whole, got
            assert b"4111" not in got.body, got.body
            names = [n for n, d, _ in grammar.frames(got.body) if d]
            assert names[0] == "response.created", names
            assert names[-1] == "response.completed", names
            said_now = "".join(
                json.loads(d)["delta"] for n, d, _ in
                grammar.frames(got.body)
                if n == "response.output_text.delta")
            assert re.fullmatch("it is: %s, yes" % MARK, said_now), said_now
            for n, d, _ in grammar.frames(got.body):
                grammar.strict(d)


def a_text_that_responses_repeat_counts_once():
    words = "mail jane@acme.example"
    with Upstream(None) as up, Upstream(lambda _: whole(
            {"decision": "pass"})) as guard, Gateway(config(
                [target("up", up, "openai")], {
                    "content-limits": {"max_completion_chars": len(words)},
                    "pii-detector": {"action": "flag"},
                    "external-guard": {"url": guard.url + "/"}},
                ["content-limits", "pii-detector", "external-guard",
                 "audit-logger"])) as kt:
        events = speech.response_events(words)
        up.script = lambda _: stream(events)
        assert ask(kt, "responses", stream=True).is_whole
        record = kt.call()
        assert record["decision"] == "pass", record
        assert [d["count"] for d in record["detections"]] == [1], record
        posted = [r.json() for r in guard.taken()]
        assert [p["texts"] for p in posted if p["direction"] == "answer"] == [
            [{"component": "completion", "text": words}]], posted
        # What was not said before is no repeat.
        events[-1] = events[-1].replace(b"jane", b"joan")
        ask(kt, "responses", stream=True)
        record = kt.call(2)
        assert "completion.size.exceeded" in record["reason_codes"], record
        assert [d["count"] for d in record["detections"]] == [2], record


def flags_and_monitors_change_no_byte():
    words = "%s %s %s %s a@b.example 10.0.0.1" % (CARD, SSN, TOKEN, PEM)
    monitor = {k: {"action": "block", "mode": "monitor"} for k in (
        "pii-detector", "secret-scanner")}
    for form in FORMS:
        for setup in (lambda up: acting(up, form, "flag"),
                      lambda up: config([target("up", up, form)], monitor)):
            with Upstream(None) as up, Gateway(setup(up)) as kt:
                for width in (1, 7, 500):
                    got, _ = streamed(up, kt, form, words, width)
                    same(got.body, b"".join(events_of(form, words, width)))
                up.script = lambda _: said(form, words)
                got = ask(kt, form, words)
                same(got.body, said(form, words).steps[0])
                assert json.loads(up.taken()[-1].body)["messages"][0][
                    "content"] == words
                record = kt.call(4)
                assert record["decision"] == "pass", record
                assert {"pci", "secret"} <= set(record["data_classes"])


def pings_flow_while_text_is_held():
    events = speech.message_events("it is: 4111 1111 1111", width=50)
    at = next(i for i, e in enumerate(events) if b"text_delta" in e) + 1
    ping = speech.event("ping", {"type": "ping", "of": "its own"})
    come = threading.Event()  # the rest is only said then
    with Upstream(lambda _: stream(
            [*events[:at], *[ping] * 5, come, *events[at:]])) as up, Gateway(
            acting(up, "anthropic", "redact")) as kt:
        got = until(kt, b"its own", 5, come)
        assert got.is_whole, got
        g = grammar.anthropic(got.body)
        assert g.text() == "it is: 4111 1111 1111", g.text()


def until(kt, mark, n, come):
    """The answer; COME is set once MARK came N times and nothing that is
    held."""
    def look(r):
        if r.body.count(mark) >= n and not come.is_set():
            assert b"4111" not in r.body, r.body
            come.set()

    with wire.Connection(kt.port) as c:
        c.request("POST", PATHS["anthropic"], [wire.JSON],
                  json.dumps(request(stream=True)).encode())
        return c.answer(until=look)


def pings_come_while_a_silent_upstream_is_held():
    events = speech.message_events("it is: 4111 1111 1111", width=50)
    at = next(i for i, e in enumerate(events) if b"text_delta" in e) + 1
    pings = b"".join(events[:at]).count(b"event: ping") + 1
    come = threading.Event()
    with Upstream(lambda _: stream(
            [*events[:at], come, *events[at:]])) as up, Gateway(
            acting(up, "anthropic", "redact")) as kt:
        got = until(kt, b"event: ping", pings, come)
        assert got.is_whole, got
        grammar.anthropic(got.body)


def thinking_is_never_edited():
    blocks = [{"type": "thinking", "thinking": "the card is %s, hm" % CARD,
               "signature": "c2lnbmF0dXJl"}, speech.text("hello")]
    for width in (1, 9, 200):
        raw = b"".join(speech.message_events(blocks, width=width))
        with Upstream(lambda _: stream([raw])) as up:
            with Gateway(acting(up, "anthropic", "redact")) as kt:
                got = ask(kt, stream=True)
                g = grammar.anthropic(got.body)
                if g.stop == "end_turn":
                    same(got.body, raw)  # passed or flagged: as it came
                else:
                    assert b"4111" not in got.body, got
            with Gateway(acting(up, "anthropic", "block")) as kt:
                got = ask(kt, stream=True)
                grammar.anthropic(got.body)
                assert b"4111 1111" not in got.body, got


def a_secret_in_a_tool_call_never_leaves():
    call = {"cmd": "curl -H 'x: %s' é" % TOKEN, "n": 1}
    for form in FORMS:
        for action in ("redact", "block"):
            for width in (1, 7, 200):
                if form == "anthropic":
                    raw = speech.message_events(
                        [speech.tool("Bash", call)], width=width)
                else:
                    raw = speech.completion_events(
                        None, [speech.call("Bash", call)], width=width)
                with Upstream(lambda _: stream(raw)) as up, Gateway(
                        acting(up, form, action)) as kt:
                    for client in FORMS:
                        got = ask(kt, client, stream=True)
                        g = read(client, got.body)
                        assert TOKEN[:8].encode() not in got.body, got.body
                        if action == "block":
                            # Nor is a call left, bare of its arguments.
                            assert b"Bash" not in got.body, got.body
                            is_cut(client, g)


def spelled(pieces):
    """Log probabilities of PIECES, as OpenAI tells them."""
    return {"content": [{
        "token": piece, "logprob": -.5, "bytes": list(piece.encode()),
        "top_logprobs": []} for piece in pieces], "refusal": None}


def spellings(choices):
    tokens = [t for c in choices for t in (
        c["logprobs"] or {"content": []})["content"]]
    return ("".join(t["token"] for t in tokens),
            bytes(b for t in tokens for b in t["bytes"]).decode())


def log_probabilities_do_not_spell_what_was_redacted():
    pieces = ["the ", "4111", "1111", "1111", "1111", " card", " it", " is"]
    document = speech.completion("".join(pieces))
    document["choices"][0]["logprobs"] = spelled(pieces)
    chunks = [json.loads(e[6:]) for e in speech.completion_events()[:-1]]
    raw = speech.completion_events()[:1]
    for piece in pieces:
        chunk = json.loads(json.dumps(chunks[0]))
        chunk["choices"][0].update(delta={"content": piece},
                                   logprobs=spelled([piece]))
        raw.append(b"data: %s\n\n" % json.dumps(chunk).encode())
    raw += speech.completion_events()[-3:]
    with Upstream(None) as up:
        for action in ("flag", "redact"):
            with Gateway(acting(up, "openai", action)) as kt:
                up.script = lambda _: whole(document)
                told = [spellings(grammar.strict(
                    ask(kt, "openai").body)["choices"])]
                up.script = lambda _: stream(raw)
                got = ask(kt, "openai", stream=True)
                read("openai", got.body)
                told.append(spellings([
                    c for e in got.body.split(b"\n\n")
                    if e.startswith(b"data: {")
                    for c in json.loads(e[6:])["choices"]
                    if "logprobs" in c]))
            for tokens, spelt in told:
                assert tokens == spelt
                has = "4111" in tokens
                assert has if action == "flag" else not has, tokens
            # What stands beside in other events is told.
            assert told[1][0].endswith(" it is"), told


def an_event_of_several_data_lines_stays_one():
    lines = (b'id: 9\n: note\nevent: content_block_delta\n'
             b'data: {"type":"content_block_delta","index":0,\n'
             b'data:  "delta":{"type":"text_delta",\r\n'
             b'data: "text":"card %s end"}}\n\n' % CARD.encode())
    raw = speech.message_events("x", width=1)
    k = next(i for i, e in enumerate(raw) if b"content_block_delta" in e)
    raw[k] = lines
    with Upstream(lambda _: stream(raw)) as up, Gateway(
            acting(up, "anthropic", "redact")) as kt:
        got = ask(kt, stream=True)
        g = read("anthropic", got.body)
        assert re.fullmatch("card %s end" % MARK, g.text()), g.text()
        assert b"id: 9\n: note\nevent: content_block_delta\ndata: {" in \
            got.body, got.body


def by_default_what_cannot_be_read_passes():
    body = {
        "model": "m", "max_tokens": 9, "": {"": ""}, "messages": [
            {"role": "user", "content": [
                {"type": "image", "source": {
                    "type": "url", "url": "https://a.example/b.png"}},
                {"type": "document", "source": {
                    "type": "file", "file_id": "file_1"}},
                {"type": "brand_new", "x": {"": [None, True]}},
                {"type": "text", "text": "nul \0 here"}]},
            {"role": "assistant", "content": [
                {"type": "redacted_thinking", "data": "b2Rk"}]},
            {"role": "user", "content": "go on"}]}
    raw = json.dumps(body).encode().replace(
        b'"max_tokens"', b'"z": [1e400, -0, 12345678901234567890], '
        b'"max_tokens"')
    for pack in ("starter", "coding-agent"):
        with Upstream(lambda _: said()) as up, Gateway(shipped(
                pack, [target("up", up)], "passthrough")) as kt:
            got = wire.post(kt.port, PATHS["anthropic"], raw)
            assert got.status == 200, got
            same(up.taken()[0].body, raw)
            record = kt.call()
            assert record["decision"] == "pass", record
            assert "uninspectable" in record["threats"], record


run_all([
    a_streamed_redaction_keeps_both_sides,
    a_private_key_is_withheld_whole,
    a_streamed_block_is_cut_in_good_grammar,
    a_cut_leaves_the_upstream_within_a_second,
    a_translated_block_is_cut_in_the_clients_grammar,
    a_blocked_whole_answer_is_a_403,
    a_blocked_request_is_a_403_and_never_goes_up,
    responses_streams_are_inspected,
    a_text_that_responses_repeat_counts_once,
    flags_and_monitors_change_no_byte,
    pings_flow_while_text_is_held,
    pings_come_while_a_silent_upstream_is_held,
    thinking_is_never_edited,
    a_secret_in_a_tool_call_never_leaves,
    log_probabilities_do_not_spell_what_was_redacted,
    an_event_of_several_data_lines_stays_one,
    by_default_what_cannot_be_read_passes,
])

"""Bytes are sacred: what nobody rewrites arrives as it was sent.

Recorded requests of real clients go through the real program, in every form
that JSON allows; answers come back in every cutting.
"""
import glob
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import grammar
import speech
import wire
from forms import all_forms, compact
from gateway import Gateway, config, shipped, target
from tap import CORPORA, SRCDIR, Skip, run_all, same
from upstream import Answer, Upstream, stream, whole

HOP = {"connection", "host", "content-length", "accept-encoding"}
FLAG = {"secret-scanner": {"action": "flag"},
        "pii-detector": {"action": "flag"},
        "prompt-injection": {"action": "flag"}}
CARD = "4111 1111 1111 1111"
MARK = rb"\[[A-Z_]+\]"


def answers(request):
    if request.path.endswith("/count_tokens"):
        return whole({"input_tokens": 1})
    if request.path.endswith("/responses"):
        return whole(speech.response("hi"))
    if request.path.endswith("/chat/completions"):
        return whole(speech.completion("hi"))
    if request.method == "GET":
        return whole({"data": []})
    return whole(speech.message("hi"))


class Recorded:
    def __init__(self, name, r):
        self.name, self.method, self.target = name, r["method"], r["target"]
        self.body = r.get("body")
        values = r.get("header_values", {})
        self.headers = [
            (n, values.get(n.lower(), "x"))
            for n in r.get("header_names_in_order", ())
            if n.lower() not in ("host", "content-length")]
        if not self.headers:
            self.headers = [wire.JSON, ("anthropic-version", "2023-06-01")]


def corpus():
    files = sorted(glob.glob(os.path.join(CORPORA, "claude-code", "*.json")))
    if not files:
        raise Skip("there are no recorded requests beside the source")
    for path in files:
        with open(path) as f:
            for r in json.load(f)["requests"]:
                yield Recorded(os.path.basename(path), r)


def small():
    for name, where in (
            ("claude-code-count-tokens", "/v1/messages/count_tokens"),
            ("codex-responses", "/v1/responses")):
        with open(os.path.join(SRCDIR, "tests", "data", name + ".json")) as f:
            body = json.load(f)
        yield Recorded(name, {"method": "POST", "target": where,
                              "body": body})


def is_openai(r):
    return r.target.startswith("/v1/responses")


def send(up, kt, r, body, pieces=None):
    """The request as the upstream got it."""
    before = len(up.taken())
    got = wire.ask(kt.port, r.method, r.target, r.headers, body, pieces)
    assert got.status == 200, (r.name, got)
    taken = up.taken()[before:]
    assert len(taken) == 1, (r.name, taken)
    return taken[0]


def headers_agree(got, r):
    def kept(headers):
        return [(n.lower(), v) for n, v in headers if n.lower() not in HOP]

    assert kept(got.headers) == kept(r.headers), (
        r.name, kept(got.headers), kept(r.headers))


def each_form_arrives(requests, configs):
    seen = 0
    with Upstream(answers) as up:
        for provider in ("anthropic", "openai"):
            mine = [r for r in requests
                    if is_openai(r) == (provider == "openai")]
            with Gateway(configs([target("up", up, provider)])) as kt:
                for r in mine:
                    if r.method == "HEAD":
                        assert wire.ask(kt.port, "HEAD",
                                        r.target).status == 200
                        continue
                    if not r.body:
                        headers_agree(send(up, kt, r, None), r)
                        continue
                    for form, body in all_forms(r.body):
                        got = send(up, kt, r, body)
                        assert got.target == r.target, got
                        same(got.body, body, "%s, %s" % (r.name, form))
                        headers_agree(got, r)
                        seen += 1
    assert seen >= 2 * len([r for r in requests if r.body])


def flagging(targets):
    return config(targets, FLAG)


def small_requests_arrive_in_every_form():
    each_form_arrives(list(small()), flagging)


def recorded_requests_arrive_in_every_form():
    each_form_arrives(list(corpus()), flagging)


def recorded_requests_arrive_as_sent_under(pack):
    with Upstream(answers) as up:
        for provider in ("anthropic", "openai"):
            configs = shipped(pack, [target("up", up, provider)],
                              "passthrough")
            with Gateway(configs) as kt:
                for r in corpus():
                    if is_openai(r) != (provider == "openai") or not r.body:
                        continue
                    body = compact(r.body)
                    same(send(up, kt, r, body).body, body, r.name)


def the_starter_changes_no_recorded_request():
    recorded_requests_arrive_as_sent_under("starter")


def the_coding_agent_pack_changes_no_recorded_request():
    recorded_requests_arrive_as_sent_under("coding-agent")


def an_upload_in_pieces_arrives_whole():
    r = next(small())
    body = compact(r.body)
    with Upstream(answers) as up, Gateway(
            flagging([target("up", up)])) as kt:
        for width in (1, 7, 500):
            pieces = [body[i:i + width] for i in range(0, len(body), width)]
            same(send(up, kt, r, None, pieces).body, body)


def card_forms():
    """(name, path, body, the card's bytes)"""
    text = "before é\t\n" + CARD + " after 😀"
    for name, path, d in (
            ("text", "/v1/messages", {"role": "user", "content": text}),
            ("block", "/v1/messages", {"role": "user", "content": [
                {"type": "text", "text": text,
                 "cache_control": {"type": "ephemeral"}}]}),
            ("tool result", "/v1/messages", {"role": "user", "content": [
                {"tool_use_id": "t", "type": "tool_result", "content": [
                    {"type": "text", "text": text}], "is_error": False}]}),
            ("count", "/v1/messages/count_tokens",
             {"role": "user", "content": text})):
        whole_body = {"model": "m", "max_tokens": 5, "zz": [1, {"y": None}],
                      "messages": [{"role": "user", "content": "hi"},
                                   {"role": "assistant", "content": "ho"}, d]}
        for form, body in all_forms(whole_body):
            card = CARD.encode()
            if form == "all escapes":
                card = b"".join(b"\\u00%02x" % c for c in card)
            yield "%s, %s" % (name, form), path, body, card


def a_redacted_request_differs_in_the_cards_bytes_alone():
    with Upstream(answers) as up, Gateway(shipped(
            "starter", [target("up", up)], "passthrough")) as kt:
        for name, path, body, card in card_forms():
            assert body.count(card) == 1, name
            r = Recorded(name, {"method": "POST", "target": path})
            got = send(up, kt, r, body).body
            before, after = body.split(card)
            same(got[:len(before)], before, name + ": before the card")
            same(got[len(got) - len(after):], after, name + ": behind it")
            marker = got[len(before):len(got) - len(after)]
            assert re.fullmatch(MARK, marker), (name, marker)
            json.loads(got)


def the_same_card_becomes_the_same_bytes_on_every_turn():
    said = {"role": "user", "content": "pay with " + CARD}
    turns = [{"role": "assistant", "content": "done"},
             {"role": "user", "content": "again"}]
    with Upstream(answers) as up, Gateway(shipped(
            "starter", [target("up", up)], "passthrough")) as kt:
        for n in range(3):
            wire.post(kt.port, "/v1/messages", {
                "model": "m", "max_tokens": 5, "messages": [said] + turns * n})
        heads = [json.loads(r.body)["messages"][0] for r in up.taken()]
        assert heads[0] == heads[1] == heads[2] and CARD not in str(heads)


ODD_ANSWER = (b'{ "id":"msg_1","type":"message","role":"assistant",'
              b'"model":"m","content":[{"type":"text","text":"h\\u0069 \\/"},'
              b'\r\n\t{"type":"new_kind","x":[1e400,-0,'
              b'12345678901234567890]}],"stop_reason":"brand_new",'
              b'"usage":{"input_tokens":1,"output_tokens":2,"k":1.0}}\n')


def whole_answers_come_back_as_sent():
    said = {}
    with Upstream(lambda _: said["it"]) as up, Gateway(
            flagging([target("up", up)])) as kt:
        for status in (200, 400, 404, 429, 500, 529):
            body = ODD_ANSWER
            if status != 200:
                body = b'{"type":"error", "error":{"type":"e","message":' \
                       b'"w\\u006Frds", "n":1e400}}\n'
            for framing in ("length", "chunked", "close"):
                said["it"] = Answer(status, [
                    ("Content-Type", "application/json; x=y"),
                    ("request-id", "req_Up"), ("anthropic-Odd", "a, b"),
                    ("retry-after", "7"), ("x-should-retry", "false"),
                ], body, framing)
                got = wire.post(kt.port, "/v1/messages", {
                    "model": "m", "max_tokens": 5,
                    "messages": [{"role": "user", "content": "hi"}]})
                assert got.status == status, got
                same(got.body, body, "answer with %d" % status)
                for name, value in (
                        ("content-type", "application/json; x=y"),
                        ("request-id", "req_Up"),
                        ("anthropic-odd", "a, b"), ("retry-after", "7"),
                        ("x-should-retry", "false")):
                    assert got.headers.all(name) == [value], (name, got)


def odd_stream():
    """A stream with all that a client has to put up with."""
    events = speech.message_events("Grüße, 中文 and 😀 in many pieces " * 3,
                                   width=3)
    events.insert(3, b": a comment\n\n")
    events.insert(5, speech.event("brand_new", {"type": "brand_new",
                                                "x": 1e9, "y": [{}]}))
    events.insert(6, b'event: ping\ndata: {"type": "ping" }\n\n')
    events.insert(8, b'event: content_block_delta\ndata: { "type":'
                     b'"content_block_delta", "index" :0, "delta":{"type":'
                     b'"new_delta","n":12345678901234567890,"m":1e400}}\n\n')
    events.insert(9, b'id: 7\nretry: 10\nevent: ping\ndata:{"type":"ping"}'
                     b'\n\n')
    return b"".join(events)


def openai_stream():
    events = speech.completion_events("Grüße, 中文 and 😀 pieces " * 3,
                                      width=3)
    events.insert(2, b": a comment\n\n")
    events.insert(4, events[4].replace(b'"index":0', b'"index": 0,"zz":1e400'))
    return b"".join(events)


def cuttings(raw):
    for width in (1, 7, 100, len(raw)):
        yield [raw[i:i + width] for i in range(0, len(raw), width)]


def streams_come_back_as_sent():
    said = {}
    with Upstream(lambda _: said["it"]) as up:
        for provider, path, raw, check in (
                ("anthropic", "/v1/messages", odd_stream(),
                 grammar.anthropic),
                ("openai", "/v1/chat/completions", openai_stream(),
                 grammar.chat)):
            check(raw)
            for configs in (flagging, lambda t: shipped(
                    "starter", t, "passthrough")):
                with Gateway(configs([target("up", up, provider)])) as kt:
                    for end in (b"\n", b"\r\n", b"\r"):
                        ended = raw.replace(b"\n", end)
                        for pieces in cuttings(ended):
                            said["it"] = stream(pieces)
                            got = wire.post(kt.port, path, {
                                "model": "m", "max_tokens": 5,
                                "stream": True, "messages": [
                                    {"role": "user", "content": "hi"}]})
                            assert got.is_whole and got.status == 200, got
                            same(got.body, ended, "%s, %r, %d pieces" % (
                                provider, end, len(pieces)))


def a_redacted_answer_differs_in_the_cards_bytes_alone():
    said = {}
    with Upstream(lambda _: said["it"]) as up, Gateway(shipped(
            "starter", [target("up", up)], "passthrough")) as kt:
        card = CARD.encode()
        body = ODD_ANSWER.replace(b"h\\u0069", b"h\\u0069 " + card + b" \\n")
        said["it"] = whole(body)
        got = wire.post(kt.port, "/v1/messages", {
            "model": "m", "max_tokens": 5,
            "messages": [{"role": "user", "content": "hi"}]})
        before, after = body.split(card)
        assert got.body.startswith(before) and got.body.endswith(after), got
        assert re.fullmatch(MARK, got.body[len(before):-len(after)]), got


run_all([
    small_requests_arrive_in_every_form,
    recorded_requests_arrive_in_every_form,
    the_starter_changes_no_recorded_request,
    the_coding_agent_pack_changes_no_recorded_request,
    an_upload_in_pieces_arrives_whole,
    a_redacted_request_differs_in_the_cards_bytes_alone,
    the_same_card_becomes_the_same_bytes_on_every_turn,
    whole_answers_come_back_as_sent,
    streams_come_back_as_sent,
    a_redacted_answer_differs_in_the_cards_bytes_alone,
])

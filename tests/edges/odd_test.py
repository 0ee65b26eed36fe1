"""Answers that are rare but right, routes, and the responses API."""
import gzip
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import grammar
import speech
import wire
from broken import JSON, SSE
from calls import PATHS, ask, read, refusal, request, said
from gateway import Gateway, config, target
from tap import eventually, run_all, same
from upstream import CUT, END, HANG, Answer, Upstream, stream, whole

CARD = "4111 1111 1111 1111"


class Saying:
    """A gateway whose upstream says what is asked of it."""

    def __init__(self, provider="anthropic", policy=None, **more):
        self.answer = None
        self.up = Upstream(lambda _: self.answer)
        self.kt = Gateway(config(
            [target("up", self.up, provider)], policy or {}, **more))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.up.stop()
        self.kt.__exit__(*error)

    def __call__(self, answer, form="anthropic", **more):
        self.answer = answer
        return ask(self.kt, form, **more)


def raw(head, body=b""):
    return Answer(steps=[head.replace(b"\n", b"\r\n") + b"\r\n" + body, END],
                  framing="raw")


def a_whole_answer_to_a_stream_request_is_one():
    answer = said()
    with Saying() as s:
        got = s(answer, stream=True)
        assert got.status == 200, got
        same(got.body, answer.steps[0])
        assert got.headers.get("content-type") == "application/json"


def a_stream_to_a_whole_request_is_inspected():
    with Saying() as s:
        events = speech.message_events("it is %s, yes" % CARD)
        got = s(stream(events))
        assert b"4111 1111" not in got.body, got


def interim_answers_are_not_the_answer():
    body = speech.compact(speech.message("hello"))
    with Saying() as s:
        got = s(raw(b"HTTP/1.1 103 Early Hints\nLink: </a>\n\n"
                    b"HTTP/1.1 200 OK\nContent-Type: application/json\n"
                    b"Content-Length: %d\n" % len(body), body))
        assert got.status == 200, got
        same(got.body, body)


def chunk_extensions_and_trailers_are_framing():
    body = speech.compact(speech.message("hello"))
    with Saying() as s:
        got = s(raw(
            b"HTTP/1.1 200 OK\nContent-Type: application/json\n"
            b"Transfer-Encoding: chunked\n",
            b"%x;a=b\r\n" % 10 + body[:10] + b"\r\n%X\r\n" % len(body[10:])
            + body[10:] + b"\r\n0\r\nX-Trailer: 1\r\n\r\n"))
        assert got.status == 200, got
        same(got.body, body)


def answers_whose_end_is_unclear_are_refused():
    body = speech.compact(speech.message("hello"))
    with Saying() as s:
        for fields in (b"Content-Length: 5\nContent-Length: 6\n",
                       b"Content-Length: %d\nTransfer-Encoding: chunked\n"
                       % len(body), b"Content-Length: -1\n",
                       b"Content-Length: +5\n",
                       b"Transfer-Encoding: gzip, chunked\n"):
            got = s(raw(b"HTTP/1.1 200 OK\nContent-Type: application/json\n"
                        + fields, body))
            assert got.status == 502, (fields, got)
            refusal(got, "anthropic")


def a_redirect_is_not_followed():
    with Saying() as s:
        got = s(Answer(307, [("Location", s.up.url + "/v1/other"), JSON],
                       b"{}"))
        assert got.status in (307, 502), got
        assert len(s.up.taken()) == 1


def an_encoded_stream_is_a_502():
    packed = gzip.compress(b"".join(speech.message_events("hello")))
    with Saying() as s:
        got = s(Answer(200, [SSE, ("Content-Encoding", "gzip")], packed),
                stream=True)
        refusal(got, "anthropic", 502)


def equal_headers_both_come_back():
    with Saying() as s:
        got = s(said(headers=[("X-Two", "1"), ("X-Two", "2")]))
        assert got.headers.all("x-two") == ["1", "2"], got


def heads_of_any_size_have_room_or_are_refused():
    with Saying() as s:
        for asked in (0, 4000, 9000, 11000, 12000, 30000):
            for told in (0, 4000, 8000, 8200, 12000, 16000, 40000):
                n = len(s.kt.records())
                got = s(said(headers=[("X-Big", "a" * told)]), headers=[
                    ("X-Long", "b" * asked)] if asked else [])
                if got.status in (413, 431):
                    assert asked > 11000, (asked, got)
                    continue
                assert got.status == (200 if told <= 8000 else 502), (
                    asked, told, got)
                if got.status != 200:
                    refusal(got, "anthropic")
                assert s.kt.call(n + 1)["http_status"] == got.status
        # A cookie is kept twice.
        for asked in (2000, 5000, 8000, 11000):
            got = s(said(), headers=[("Cookie", "a=" + "b" * asked)])
            assert got.status == (200 if asked <= 5000 else 431), got


def routes_say_what_becomes_of_a_path():
    routes = {"/v1/embeddings": "passthrough", "/v1/moderations": "deny",
              "/v1/watched": "detect", "/v2/ask": "completions"}
    answer = whole({"ok": 1})
    with Saying("openai", {"secret-scanner": {"action": "block"},
                           "pii-detector": {"action": "block"}},
                routes=routes) as s:
        s.answer = answer
        body = b'{ "input": "hi", "n": 1e400 }'
        got = wire.post(s.kt.port, "/v1/embeddings", body)
        assert got.status == 200, got
        same(s.up.taken()[-1].body, body)
        same(got.body, answer.steps[0])
        n = len(s.up.taken())
        got = wire.post(s.kt.port, "/v1/embeddings",
                        {"input": ["a", {"b": CARD}]})
        assert got.status == 403, got
        for path, status in (("/v1/moderations", 403), ("/v1/none", 404)):
            got = wire.post(s.kt.port, path, {})
            assert got.status == status, (path, got)
        assert len(s.up.taken()) == n
        body = json.dumps({"input": CARD}).encode()
        assert wire.post(s.kt.port, "/v1/watched", body).status == 200
        same(s.up.taken()[-1].body, body)
        s.answer = said("openai")
        got = wire.post(s.kt.port, "/v2/ask", request("it is " + CARD))
        refusal(got, "openai", 403)


def responses_streams_end_by_their_own_grammar():
    ends = {"response.failed", "response.incomplete", "error"}
    events = speech.response_events("hello there, all of you")

    def last(got):
        names = [n for n, d, _ in grammar.frames(got.body) if d]
        for _, d, _ in grammar.frames(got.body):
            grammar.strict(d)
        assert got.is_whole and names[0] == "response.created", names
        return names[-1]

    with Saying("openai", {"pii-detector": {"action": "block"}}) as s:
        got = s(stream(speech.response_events("it is %s, yes" % CARD)),
                "responses", stream=True)
        assert last(got) in ends and b"4111" not in got.body, got
        # What the client has seen of a message is in the last event too.
        seen = [json.loads(d) for _, d, _ in grammar.frames(got.body) if d]
        said_so_far = "".join(d["delta"] for d in seen if "delta" in d)
        item = seen[-1]["response"]["output"][0]
        assert item["content"][0]["text"] == said_so_far, seen
        assert item["status"] == "incomplete", seen
        for steps in ([CUT], [END], [], [b"event: x\ndata: {nonsense\n\n"]):
            got = s(stream([*events[:6], 0.02, *steps]), "responses",
                    stream=True)
            assert last(got) in ends, (steps, got)
    with Saying("openai") as s:
        same(s(stream(events), "responses", stream=True).body,
             b"".join(events))


def responses_calls_of_tools_are_inspected():
    key = "ghp_" + "R8xT2kLmQ9vB4nZc7WfY1aHd5sJe3u0pG6iN"
    item = speech.function_call("run", {"cmd": "echo " + key})
    for action in ("redact", "block"):
        with Saying("openai", {"secret-scanner": {"action": action}}) as s:
            got = s(stream(speech.response_events(item)), "responses",
                    stream=True)
            assert key[:10].encode() not in got.body, got.body
            got = s(whole(speech.response(item)), "responses")
            assert key[:10].encode() not in got.body, got.body
            assert got.status == (200 if action == "redact" else 403), got
            if action == "redact":
                arguments = got.json()["output"][0]["arguments"]
                assert json.loads(arguments)["cmd"].startswith("echo ["), got


def a_client_that_leaves_before_the_answer_leaves_a_record():
    with Saying() as s:
        s.answer = Answer(steps=[HANG], framing="raw")
        with wire.Connection(s.kt.port) as c:
            c.request("POST", PATHS["anthropic"], [wire.JSON],
                      json.dumps(request()).encode())
            eventually(s.up.taken, "the request is there")
        assert s.kt.call()["outcome"] == "client-abort"


def fields_of_answers_that_nobody_knows_pass():
    body = speech.compact({**speech.message("hello"), "new": {"a": [None]},
                           "container": None})
    with Saying() as s:
        same(s(whole(body)).body, body)
        assert read("anthropic", s(stream(speech.message_events(
            [{"type": "server_tool_use", "id": "srv_1", "name": "web_search",
              "input": {}},
             {"type": "web_search_tool_result", "tool_use_id": "srv_1",
              "content": []}, speech.text("x")])), stream=True).body)


def json_that_is_no_object_passes_through():
    answers = [(b"[1,2]", "a"), (b'"x"', "b"), (b"true", "c"), (b"", "d"),
               (b'{"a":1}\n{"b":2}\n', "e")]
    with Upstream(None) as up, Gateway(config(
            [target("up", up)], {"secret-scanner": {"action": "redact"}},
            routes={"/v1/messages": "messages", "*": "passthrough"})) as kt:
        for body, name in answers:
            up.script = lambda _: whole(body)
            got = wire.ask(kt.port, "GET", "/v1/" + name)
            assert got.status == 200, got
            same(got.body, body)
        up.script = lambda _: whole(b'["ghp_%s"]' % (b"R8xT2kLmQ9vB4nZc7Wf"
                                                     b"Y1aHd5sJe3u0pG6iN"))
        got = wire.ask(kt.port, "GET", "/v1/f")
        assert got.status == 200 and b"ghp_" not in got.body, got


def a_model_is_its_name_however_it_is_spelled():
    body = (b'{"model":"meta\\/ll\\u0061ma","max_tokens":9,"messages":'
            b'[{"role":"user","content":"hi"}]}')
    with Upstream(lambda _: said()) as up, Gateway(config(
            [target("up", up)], {"rbac": {"roles": [
                {"name": "all", "models": ["meta/*"]}]}},
            ["rbac", "audit-logger"])) as kt:
        got = wire.post(kt.port, PATHS["anthropic"], body)
        assert got.status == 200, got
        same(up.taken()[0].body, body)
        assert kt.call()["model_requested"] == "meta/llama"
    with Gateway(config([target("up", "http://127.0.0.1:1", "openai",
                                model="meta/llama")])) as kt:
        for item, status in (("meta/llama", 200), ("meta%2Fllama", 200),
                             ("%6deta%2fllama", 200), ("meta%2Fllam", 404),
                             ("meta%2Fllama%", 400), ("meta%2Fllamas", 404),
                             ("meta%252Fllama", 404)):
            got = wire.ask(kt.port, "GET", "/v1/models/" + item,
                           headers=[("anthropic-version", "2023-06-01")])
            assert got.status == status, (item, got)


run_all([
    a_whole_answer_to_a_stream_request_is_one,
    a_stream_to_a_whole_request_is_inspected,
    interim_answers_are_not_the_answer,
    chunk_extensions_and_trailers_are_framing,
    answers_whose_end_is_unclear_are_refused,
    a_redirect_is_not_followed,
    an_encoded_stream_is_a_502,
    equal_headers_both_come_back,
    heads_of_any_size_have_room_or_are_refused,
    routes_say_what_becomes_of_a_path,
    responses_streams_end_by_their_own_grammar,
    responses_calls_of_tools_are_inspected,
    a_client_that_leaves_before_the_answer_leaves_a_record,
    fields_of_answers_that_nobody_knows_pass,
    json_that_is_no_object_passes_through,
    a_model_is_its_name_however_it_is_spelled,
])

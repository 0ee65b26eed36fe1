"""A client of one format, an upstream of the other: what arrives, what ends."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import grammar
import speech
import wire
from broken import SSE, broken_streams, broken_wholes
from calls import PATHS, ask, read, refusal, request, said
from gateway import Gateway, config, target
from tap import run_all
from upstream import Answer, Upstream, stream, whole

OTHER = {"anthropic": "openai", "openai": "anthropic"}
WIDTHS = (1, 3, 16, 400)
WORDS = "Grüße 😀, 中文 \"quoted\" \\ and\n\ttabs"


def translating(up, client, policy=None):
    return config([target("up", up, OTHER[client])], policy or {
        "pii-detector": {"action": "flag"},
        "secret-scanner": {"action": "flag"}})


class Through:
    """A gateway between CLIENT's format and an upstream of the other."""

    def __init__(self, client, **more):
        self.client, self.answer = client, None
        self.up = Upstream(lambda _: self.answer)
        try:
            self.kt = Gateway(translating(self.up, client, **more))
        except BaseException:
            self.up.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.up.stop()
        self.kt.__exit__(*error)

    def ask(self, answer, **more):
        self.answer = answer
        return ask(self.kt, self.client, **more)

    def stream(self, events, check=True, **more):
        got = self.ask(stream(events), stream=True, **more)
        assert got.status == 200 and got.is_whole, got
        assert got.headers.get("content-type").startswith(
            "text/event-stream"), got
        return read(self.client, got.body) if check else got


def cut(events, width):
    raw = b"".join(events)
    return [raw[i:i + width] for i in range(0, len(raw), width)]


def answers_of_every_kind_become_chunks():
    tools = [speech.tool("Read", {"p": WORDS, "n": 2}, "toolu_1"),
             speech.tool("List", {}, "toolu_2")]
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    kinds = {
        "text": ([speech.text(WORDS)], "stop", WORDS, []),
        "two texts": ([speech.text("a"), speech.text("b")], "stop", "ab", []),
        "tools": (tools, "tool_calls", "", ["Read", "List"]),
        "all": ([thought, speech.text(WORDS), *tools], "tool_calls", WORDS,
                ["Read", "List"]),
        "nothing": ([], "stop", "", [])}
    with Through("openai") as t:
        for name, (blocks, finish, text, calls) in kinds.items():
            for width in WIDTHS:
                events = speech.message_events(blocks, width=width)
                for pieces in (events, cut(events, 11)):
                    g = t.stream(pieces, stream_options={
                        "include_usage": True})
                    assert g.finish == finish, (name, g.finish)
                    assert g.text == text, (name, g.text)
                    got = [g.calls[i]["name"] for i in sorted(g.calls)]
                    assert got == calls, (name, g.calls)
                    for i, c in enumerate(tools if calls else ()):
                        assert json.loads(g.calls[i]["arguments"]) == \
                            c["input"], g.calls
                        assert g.calls[i]["id"] == c["id"]
                    assert g.usage["total_tokens"] == 15, g.usage
            assert t.stream(speech.message_events(blocks)).usage is None
            d = t.ask(whole(speech.message(blocks))).json()
            choice = d["choices"][0]
            assert choice["finish_reason"] == finish, (name, d)
            assert (choice["message"]["content"] or "") == text, (name, d)
            assert [c["function"]["name"] for c in choice["message"].get(
                "tool_calls") or ()] == calls, d
            assert d["usage"]["prompt_tokens"] == 10, d


def completions_of_every_kind_become_messages():
    calls = [speech.call("Read", {"p": WORDS, "n": 2}, "call_1"),
             speech.call("List", {}, "call_2")]
    kinds = {
        "text": (WORDS, None, "end_turn"),
        "tools": (None, calls, "tool_use"),
        "both": (WORDS, calls, "tool_use"),
        "nothing": ("", None, "end_turn")}
    with Through("anthropic") as t:
        for name, (words, called, stop) in kinds.items():
            wanted = [(c["id"], c["function"]["name"],
                       json.loads(c["function"]["arguments"]))
                      for c in called or ()]
            for width in WIDTHS:
                events = speech.completion_events(words, called, width=width)
                for pieces in (events, cut(events, 11)):
                    g = t.stream(pieces)
                    assert g.stop == stop, (name, g.stop)
                    assert g.text() == (words or ""), (name, g.text())
                    got = [(b["id"], b["name"], json.loads(b["value"] or "{}"))
                           for b in g.blocks if b["type"] == "tool_use"]
                    assert got == wanted, (name, got)
                    assert g.usage["input_tokens"] == 10, g.usage
                    assert g.usage["output_tokens"] == 5, g.usage
            d = t.ask(whole(speech.completion(words, called))).json()
            assert d["stop_reason"] == stop, (name, d)
            assert "".join(b.get("text", "") for b in d["content"]) == (
                words or ""), d
            assert [(b["id"], b["name"], b["input"]) for b in d["content"]
                    if b["type"] == "tool_use"] == wanted, d
            assert d["usage"]["input_tokens"] == 10, d
            assert all(b.get("text") != "" for b in d["content"]), d
        sent = t.up.taken()[0].json()
        assert sent["stream_options"]["include_usage"] is True, sent


def tools_that_a_server_sends_its_own_way_still_read():
    # Whole arguments at once, no usage, and an index that starts at one.
    def chunk(delta, reason=None, **more):
        return b"data: " + speech.compact({
            "id": "c", "object": "chat.completion.chunk", "created": 1,
            "model": "m", "choices": [{
                "index": 0, "delta": delta, "finish_reason": reason}],
            **more}) + b"\n\n"

    def one(index, name):
        return chunk({"tool_calls": [{
            "index": index, "id": "call_" + name, "type": "function",
            "function": {"name": name, "arguments": '{"a":1}'}}]})

    begin, end = chunk({"role": "assistant"}), b"data: [DONE]\n\n"
    with Through("anthropic") as t:
        for first in (0, 1):
            g = t.stream([begin, one(first, "f"), one(first + 1, "g"),
                          chunk({}, "tool_calls"), end])
            assert [b["name"] for b in g.blocks] == ["f", "g"], g.blocks
            assert g.stop == "tool_use"
        g = t.stream([begin, chunk({"content": "x", "tool_calls": None}),
                      chunk({"content": None}), chunk({}, "stop"), end])
        assert g.text() == "x"
        # Some say why it ended together with the last word.
        g = t.stream([chunk({"role": "assistant", "content": "x"}, "stop"),
                      end])
        assert (g.text(), g.stop) == ("x", "end_turn")


def a_deprecated_function_is_called_in_its_own_way():
    # Who asks with functions reads function_call and nothing else.
    blocks = [speech.tool("f", {"a": 1})]
    asked = {"functions": [{"name": "f", "parameters": {
        "type": "object", "properties": {"a": {"type": "integer"}}}}]}
    with Through("openai") as t:
        d = t.ask(whole(speech.message(blocks)), **asked).json()
        choice = d["choices"][0]
        assert choice["finish_reason"] == "function_call", d
        assert choice["message"]["function_call"] == {
            "name": "f", "arguments": '{"a":1}'}, d
        assert "tool_calls" not in choice["message"], d
        sent = t.up.taken()[-1].json()
        assert sent["tool_choice"]["disable_parallel_tool_use"] is True, sent
        got = t.stream(speech.message_events(blocks), check=False, **asked)
        text = got.body.decode()
        assert '"function_call":{"name":"f"' in text, text
        assert '"finish_reason":"function_call"' in text, text
        assert "tool_calls" not in text, text


def the_reasons_of_an_end_are_translated():
    with Through("openai") as t:
        for stop, finish in (("max_tokens", "length"),
                             ("stop_sequence", "stop"),
                             ("refusal", "content_filter"),
                             ("model_context_window_exceeded", "length")):
            g = t.stream(speech.message_events("x", stop=stop))
            assert g.finish == finish, (stop, g.finish)
            d = t.ask(whole(speech.message("x", stop=stop))).json()
            assert d["choices"][0]["finish_reason"] == finish, (stop, d)
    with Through("anthropic") as t:
        for finish, stop in (("length", "max_tokens"),
                             ("content_filter", "refusal"),
                             ("function_call", "tool_use")):
            g = t.stream(speech.completion_events("x", finish=finish))
            assert g.stop == stop, (finish, g.stop)
            d = t.ask(whole(speech.completion("x", finish=finish))).json()
            assert d["stop_reason"] == stop, (finish, d)


def usage_counts_the_cache_once():
    counted = {"input_tokens": 3, "output_tokens": 5,
               "cache_read_input_tokens": 100,
               "cache_creation_input_tokens": 20}
    answer = {**speech.message("x"), "usage": counted}
    with Through("openai") as t:
        u = t.ask(whole(answer)).json()["usage"]
        assert (u["prompt_tokens"], u["completion_tokens"]) == (123, 5), u
        assert u["total_tokens"] == 128, u
        assert u["prompt_tokens_details"]["cached_tokens"] == 100, u
    answer = {**speech.completion("x"), "usage": {
        "prompt_tokens": 123, "completion_tokens": 5, "total_tokens": 128,
        "prompt_tokens_details": {"cached_tokens": 100}}}
    with Through("anthropic") as t:
        u = t.ask(whole(answer)).json()["usage"]
        assert (u["input_tokens"], u["cache_read_input_tokens"],
                u["output_tokens"]) == (23, 100, 5), u


def errors_come_in_the_clients_shape_with_their_words():
    kinds = {400: "invalid_request_error", 401: "authentication_error",
             403: "permission_error", 404: "not_found_error",
             413: "request_too_large", 429: "rate_limit_error",
             500: "api_error", 503: None, 529: "overloaded_error"}
    for client in OTHER:
        with Through(client) as t:
            for status, kind in kinds.items():
                words = "scripted words %d" % status
                body = (speech.error(kind or "api_error", words)
                        if client == "openai"
                        else speech.openai_error("x", words, "y"))
                for is_stream in (False, True):
                    got = t.ask(whole(body, status, [
                        ("retry-after", "7"), ("request-id", "req_1")]),
                        stream=is_stream)
                    # One vendor says 503 where the other says 529.
                    expected = (503, 529) if status in (503, 529) else (
                        status,)
                    assert got.status in expected, (client, status, got)
                    e = grammar.strict(got.body)["error"]
                    assert e["message"] == words, (client, status, e)
                    assert got.headers.get("retry-after") == "7", got
                    for name in (("request-id",) if client == "anthropic"
                                 else ("request-id", "x-request-id")):
                        assert got.headers.get(name) == "req_1", got
                    if client == "anthropic" and kind:
                        assert e["type"] == kind, (status, e)


def an_error_in_html_becomes_json_by_type_as_well():
    for client in OTHER:
        with Through(client) as t:
            got = t.ask(Answer(502, [("Content-Type", "text/html")],
                               [b"<h1>Bad Gateway</h1>"]))
            assert got.status == 502, got
            assert got.headers.get("content-type") == "application/json", got
            assert grammar.strict(got.body)["error"]["message"], got


def a_broken_upstream_is_never_a_clean_end():
    for client in OTHER:
        with Through(client) as t:
            for name, answer in broken_wholes(OTHER[client]):
                got = t.ask(answer)
                assert got.status in (502, 503, 504), (client, name, got)
                refusal(got, client)
            for name, head, steps in broken_streams(OTHER[client]):
                g = t.stream([*head, 0.02, *steps])
                # Some OpenAI servers never send their last event, "[DONE]".
                is_whole = (client == "anthropic" and
                            name == "a clean end without the last event")
                assert (g.error is None) == is_whole, (client, name,
                                                       g.__dict__)
            got = t.ask(Answer(200, [SSE], b""), stream=True)
            if got.status == 200:
                assert read(client, got.body).error, got
            else:
                refusal(got, client)


def a_translated_redaction_keeps_both_sides():
    policy = {"pii-detector": {"action": "redact"}}
    words = "before é 4111 1111 1111 1111 after 😀"
    for client in OTHER:
        with Through(client, policy=policy) as t:
            for width in WIDTHS:
                events = (speech.completion_events(words, width=width)
                          if client == "anthropic" else
                          speech.message_events(words, width=width))
                g = t.stream(events)
                text = g.text() if client == "anthropic" else g.text
                assert text.startswith("before é ["), text
                assert text.endswith("] after 😀"), text
                assert "4111" not in text, text
            got = t.ask(said(OTHER[client], words), words=words)
            assert got.status == 200, got
            assert b"4111" not in got.body and b"after" in got.body, got
            assert b"4111" not in t.up.taken()[-1].body


def what_another_target_would_have_lost_is_not_told():
    lost = {"anthropic": {"top_k": 4}, "openai": {"seed": 7}}
    for client, fields in lost.items():
        with Upstream(lambda _: whole({}, 500)) as a, \
                Upstream(lambda _: said(client)) as b, \
                Gateway(config([target("a", a, OTHER[client]),
                                target("b", b, client)])) as kt:
            got = ask(kt, client, **fields)
            assert got.status == 200, got
            assert got.headers.get("x-kt-translation") is None, got
            assert "translation" not in kt.call(), kt.call()
            assert fields.items() <= b.taken()[-1].json().items()


def limits_are_told_in_the_words_of_the_client():
    names = {"anthropic": "anthropic-ratelimit-requests-remaining",
             "openai": "x-ratelimit-remaining-requests"}
    for client, other in OTHER.items():
        with Through(client) as t:
            for answer in (said(other), whole({}, 429)):
                answer.headers.append((names[other], "7"))
                got = t.ask(answer)
                assert got.headers.get(names[client]) == "7", got
                assert got.headers.get(names[other]) is None, got


def what_is_lost_is_told_or_refused():
    with Through("openai") as t:
        got = t.ask(said("anthropic"), seed=7, logit_bias={"1": 2})
        told = got.headers.get("x-kt-translation") or ""
        assert "seed" in told and "logit_bias" in told, got
        dropped = t.kt.call()["translation"]["dropped"]
        assert {"seed", "logit_bias"} <= set(dropped), dropped
        sent = t.up.taken()[-1].json()
        assert "seed" not in sent and "logit_bias" not in sent
        n = len(t.up.taken())
        # However a client, or a proxy before kt, spells the field.
        for fields in (["strict"], ["Strict"], ["other", "strict"],
                       ["strict", "other"], ["other, strict"]):
            got = t.ask(said("anthropic"), seed=7,
                        headers=[("x-kt-translation", f) for f in fields])
            e = refusal(got, "openai", 400)
            assert "seed" in e["message"], e
        assert len(t.up.taken()) == n
        got = t.ask(said("anthropic"), n=2)
        refusal(got, "openai", 400)


def the_request_becomes_one_of_the_other_format():
    tool = {"type": "function", "function": {
        "name": "f", "description": "d",
        "parameters": {"type": "object", "properties": {}}}}
    with Through("openai") as t:
        t.answer = said("anthropic")
        got = wire.post(t.kt.port, PATHS["openai"], {
            "model": "m", "max_completion_tokens": 7, "stop": "END",
            "tools": [tool], "tool_choice": "required",
            "parallel_tool_calls": False, "messages": [
                {"role": "system", "content": "s1"},
                {"role": "developer", "content": "s2"},
                {"role": "user", "content": "u"},
                {"role": "assistant", "content": None, "tool_calls": [
                    speech.call("f", {"a": 1}, "c1"),
                    speech.call("f", {}, "c2")]},
                {"role": "tool", "tool_call_id": "c1", "content": "r1"},
                {"role": "tool", "tool_call_id": "c2", "content": "r2"},
                {"role": "user", "content": "go"}]})
        assert got.status == 200, got
        r = t.up.taken()[-1]
        assert r.target == "/v1/messages", r.target
        assert r.headers.get("anthropic-version"), r.headers
        d = r.json()
        assert [b["text"] for b in d["system"]] == ["s1", "s2"], d
        assert d["max_tokens"] == 7 and d["stop_sequences"] == ["END"], d
        assert d["tools"][0]["name"] == "f", d
        assert d["tool_choice"] == {
            "type": "any", "disable_parallel_tool_use": True}, d
        assert [m["role"] for m in d["messages"]] == [
            "user", "assistant", "user"], d
        last = d["messages"][2]["content"]
        assert [b["type"] for b in last] == [
            "tool_result", "tool_result", "text"], last
    with Through("anthropic") as t:
        t.answer = said("openai")
        got = wire.post(t.kt.port, PATHS["anthropic"], {
            **request("u"), "system": [{"type": "text", "text": "s"}],
            "stop_sequences": ["END"]})
        assert got.status == 200, got
        r = t.up.taken()[-1]
        assert r.target == "/v1/chat/completions", r.target
        assert r.headers.get("anthropic-version") is None, r.headers
        d = r.json()
        assert d["messages"][0]["role"] in ("system", "developer"), d
        assert d["max_completion_tokens"] == 9 and d["stop"] == ["END"], d


run_all([
    what_another_target_would_have_lost_is_not_told,
    limits_are_told_in_the_words_of_the_client,
    answers_of_every_kind_become_chunks,
    completions_of_every_kind_become_messages,
    tools_that_a_server_sends_its_own_way_still_read,
    a_deprecated_function_is_called_in_its_own_way,
    the_reasons_of_an_end_are_translated,
    usage_counts_the_cache_once,
    errors_come_in_the_clients_shape_with_their_words,
    an_error_in_html_becomes_json_by_type_as_well,
    a_broken_upstream_is_never_a_clean_end,
    a_translated_redaction_keeps_both_sides,
    what_is_lost_is_told_or_refused,
    the_request_becomes_one_of_the_other_format,
])

"""external-guard - the real program and a classifier that a script plays."""
import json
import os
import sys

HERE = os.path.dirname(__file__)
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, os.path.join(HERE, "..", "edges"))

import wire
import speech
from calls import ask, events_of, read, refusal, request, said
from gateway import Gateway, config, target
from tap import PATIENCE, run_all
from upstream import HANG, Answer, Upstream, stream, whole

ANSWER = 65536  # KT_GUARD_ANSWER_MAX
CARD = "4111 1111 1111 1111"
CHAIN = ["secret-scanner", "pii-detector", "external-guard", "audit-logger"]


class Asked:
    """A gateway, its upstream, and a classifier that answers SAYS."""

    def __init__(self, says, answer=None, env=None, first=(),
                 vendor="anthropic", **settings):
        self.guard = Upstream(lambda r: says(r) if callable(says) else says)
        self.up = Upstream(lambda _: answer or said())
        policy = {"external-guard": {
            "url": self.guard.url + "/v1/judge?x=1",
            "timeout_ms": 1000 * int(PATIENCE), **settings}}
        self.kt = Gateway(
            config([target("up", self.up, vendor)], policy, [*first, *CHAIN],
                   gateway={"workers": 1}), env)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.kt.__exit__(*error)
        self.guard.stop()
        self.up.stop()

    def __call__(self, words="hi", **more):
        return wire.post(
            self.kt.port, "/v1/messages", request(words, **more))

    def posted(self):
        return [r.json() for r in self.guard.taken()]


def decided(word):
    return whole({"decision": word})


def objecting_to(word):
    return lambda r: decided("block" if word in r.body else "pass")


def texts_of_both_directions_are_posted_as_they_are():
    words = 'a "quoted" \\ word, \u00fc\u2028 and\nmore'
    with Asked(decided("pass"), said(words="fine")) as a:
        assert a(words, system="be kind", tools=[{
            "name": "t", "description": "a tool",
            "input_schema": {"type": "object"}}]).status == 200
        asked, answered = a.posted()
        assert asked["direction"] == "request", asked
        assert {"component": "messages", "text": words} in asked["texts"]
        assert {"component": "system", "text": "be kind"} in asked["texts"]
        assert {"component": "tools", "text": "a tool"} in asked["texts"]
        assert answered == {"direction": "answer", "texts": [
            {"component": "completion", "text": "fine"}]}, answered
        r = a.guard.taken()[0]
        assert r.method == "POST" and r.path == "/v1/judge", r
        assert r.headers.get("content-type") == "application/json", r


def an_objection_refuses_the_request_before_it_goes_up():
    with Asked(objecting_to(b"bad")) as a:
        e = refusal(a("something bad"), "anthropic", 403)
        assert e["reason_code"] == "prompt.guard.refused", e
        assert e["policy"] == "external-guard", e
        assert not a.up.taken()
        assert a("something good").status == 200


def an_objection_refuses_the_answer():
    with Asked(objecting_to(b"evil"), said(words="evil words")) as a:
        e = refusal(a(), "anthropic", 403)
        assert e["reason_code"] == "completion.guard.refused", e
        assert e["code"] == "output_blocked", e


def a_streamed_answer_is_held_until_it_is_judged():
    for verdict, is_cut in (("block", True), ("pass", False)):
        events = events_of("anthropic", "some evil words at length", 40)
        with Asked(lambda r: decided(
                verdict if b"evil words" in r.body else "pass"),
                stream(events)) as a:
            got = a(stream=True)
            assert got.status == 200 or is_cut, got
            assert (b"evil" in got.body) is not is_cut, got.body
            call = a.kt.call()
            assert call["decision"] == ("block" if is_cut else "pass"), call
            texts = a.posted()[1]["texts"]
            assert {"component": "completion",
                    "text": "some evil words at length"} in texts, texts


def what_is_redacted_is_not_shown_to_the_classifier():
    with Asked(decided("pass")) as a:
        assert a("card 4111 1111 1111 1111, thanks").status == 200
        assert a.posted()[0]["texts"] == [{
            "component": "messages",
            "text": "card [CREDIT_CARD], thanks"}], a.posted()


def tokens_are_shown_to_the_classifier_as_they_go_up():
    with Asked(decided("pass"), first=["reversible-redaction"],
               cache_seconds=60, phases=["request"]) as a:
        for _ in range(2):
            assert a("I am jane.roe@example.org").status == 200
        assert [r["texts"][0]["text"] for r in a.posted()] == [
            "I am [[EMAIL_001]]"], a.posted()
        assert b"I am [[EMAIL_001]]" in a.up.taken()[-1].body


def no_answer_fails_closed_and_may_be_allowed():
    bad = [whole({"decision": "pass"}, status=500), whole({"other": 1}),
           whole({"decision": "maybe"}), whole({"decision": None}),
           Answer(steps=[b"<html>"]),
           whole({"decision": "pass", "more": "x" * ANSWER}),
           Answer(steps=[HANG])]
    for answer in bad:
        how = {"timeout_ms": 300} if HANG in answer.steps else {}
        with Asked(answer, **how) as a:
            e = refusal(a(), "anthropic", 503)
            assert e["reason_code"] == "gateway.guard.unavailable", e
            assert not a.up.taken()
            assert a.kt.call()["outcome"] == "fail-closed", a.kt.call()
    with Asked(bad[0], on_error="allow") as a:
        assert a().status == 200
        assert "gateway.guard.unavailable" in a.kt.call()["reason_codes"]


def a_classifier_that_is_not_there_fails_closed():
    with Asked(decided("pass")) as a:
        a.guard.stop()
        refusal(a(), "anthropic", 503)


def scores_and_booleans_decide_too():
    for value, is_blocked in ((True, 1), (False, 0), (0.91, 1), (0.1, 0),
                              (1e-05, 0), (0.8, 1)):
        with Asked(whole({"results": [{"x": value}]}),
                   verdict="/results/0/x", threshold=0.8,
                   phases=["request"]) as a:
            assert a().status == (403 if is_blocked else 200), value


def phases_choose_what_is_posted():
    block = [{"type": "tool_result", "tool_use_id": "t1",
              "content": "from a tool"}, {"type": "text", "text": "user"}]
    for phases, wanted in (
            (["tool"], ["from a tool"]), (["request"], ["user"]),
            (["completion"], ["hello"])):
        with Asked(decided("pass"), phases=phases) as a:
            assert a(block).status == 200
            got = [t["text"] for p in a.posted() for t in p["texts"]]
            assert got == wanted, (phases, got)


def a_call_is_its_name_and_its_arguments_whole_or_streamed():
    arguments = {"path": "/srv/\u00fc\n", "limit": 7}
    block = speech.tool("Read", arguments)
    call = speech.call("Read", arguments)
    item = speech.function_call("Read", arguments)
    for form, answer in (
            ("anthropic", whole(speech.message([block]))),
            ("anthropic", stream(speech.message_events([block]))),
            ("openai", whole(speech.completion(calls=[call]))),
            ("openai", stream(speech.completion_events(calls=[call]))),
            ("responses", whole(speech.response(item))),
            ("responses", stream(speech.response_events(item)))):
        vendor = "anthropic" if form == "anthropic" else "openai"
        with Asked(decided("pass"), answer, vendor=vendor,
                   phases=["tool"]) as a:
            assert ask(a.kt, form, stream=b"data:" in b"".join(
                s for s in answer.steps if isinstance(s, bytes))).is_whole
            texts = [t["text"] for t in a.posted()[-1]["texts"]]
            names = [t for t in texts if t == "Read"]
            rest = [t for t in texts if t != "Read"]
            assert texts[0] == "Read" and len(rest) == 1, (form, texts)
            assert form == "responses" or len(names) == 1, (form, texts)
            assert json.loads(rest[0]) == arguments, (form, texts)


def tools_of_a_request_are_posted_by_name_and_arguments():
    with Asked(decided("pass"), phases=["tool"]) as a:
        got = wire.post(a.kt.port, "/v1/messages", {
            "model": "m", "max_tokens": 9, "tools": [
                {"name": "Read", "input_schema": {"type": "object"}}],
            "messages": [
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": [speech.tool(
                    "Bash", {"command": "ls", "mail": "card " + CARD})]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_01",
                     "content": "a"}]}]})
        assert got.status == 200, got
        texts = a.posted()[0]["texts"]
        assert {"component": "tools", "text": "Read"} in texts, texts
        calls = [t["text"] for t in texts if t["component"] == "tool_use"]
        assert calls[0] == "Bash" and json.loads(calls[1]) == {
            "command": "ls", "mail": "card [CREDIT_CARD]"}, texts


def no_more_than_max_bytes_is_posted():
    with Asked(decided("pass"), phases=["request"]) as a:
        assert a("x" * 400).status == 200
        n = len(a.guard.taken()[0].body)
    for room, status in ((n, 200), (n - 1, 503)):
        with Asked(decided("pass"), phases=["request"], max_bytes=room) as a:
            assert a("x" * 400).status == status, room
            assert len(a.guard.taken()) == (status == 200)


def the_same_texts_are_asked_once_while_they_are_kept():
    with Asked(decided("pass"), cache_seconds=60, phases=["request"]) as a:
        for _ in range(3):
            assert a("the same").status == 200
        assert a("another").status == 200
        assert len(a.posted()) == 2, a.posted()
    with Asked(decided("pass"), phases=["request"]) as a:
        for _ in range(3):
            assert a("the same").status == 200
        assert len(a.posted()) == 3, a.posted()


def in_monitor_mode_it_only_tells():
    with Asked(decided("block"), mode="monitor") as a:
        assert a().status == 200
        assert "prompt.guard.refused" in a.kt.call()["reason_codes"]


def its_key_is_sent_as_a_bearer_token():
    with Asked(decided("pass"), env={"GUARD_KEY": "k1"},
               secret_key_ref={"env": "GUARD_KEY"}) as a:
        assert a().status == 200
        assert a.guard.taken()[0].headers.get("authorization") == "Bearer k1"
        assert "k1" not in json.dumps(a.kt.records())


run_all([
    texts_of_both_directions_are_posted_as_they_are,
    an_objection_refuses_the_request_before_it_goes_up,
    an_objection_refuses_the_answer,
    a_streamed_answer_is_held_until_it_is_judged,
    what_is_redacted_is_not_shown_to_the_classifier,
    tokens_are_shown_to_the_classifier_as_they_go_up,
    no_answer_fails_closed_and_may_be_allowed,
    a_classifier_that_is_not_there_fails_closed,
    scores_and_booleans_decide_too,
    phases_choose_what_is_posted,
    a_call_is_its_name_and_its_arguments_whole_or_streamed,
    tools_of_a_request_are_posted_by_name_and_arguments,
    no_more_than_max_bytes_is_posted,
    the_same_texts_are_asked_once_while_they_are_kept,
    in_monitor_mode_it_only_tells,
    its_key_is_sent_as_a_bearer_token,
])

"""Upstreams that fail: what the client sees, and who is asked next."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import grammar
import speech
from broken import JSON, SSE, broken_streams, broken_wholes
from calls import ask, by_stream, events_of, read, refusal, said, scripted
from gateway import Gateway, config, target
from tap import eventually, run_all, same, within
from upstream import (CUT, HANG, Answer, Upstream, nobody, stream,
                      whole)

FORMS = ("anthropic", "openai")


def one(up, form, **more):
    return config([target("up", up, form, **more)])


def a_broken_answer_is_a_5xx_in_the_clients_shape():
    now = {}
    for form in FORMS:
        with Upstream(lambda _: now["answer"]) as up, Gateway(
                one(up, form)) as kt:
            for n, (name, now["answer"]) in enumerate(broken_wholes(form)):
                got = ask(kt, form)
                assert got.status in (502, 503, 504), (form, name, got)
                e = refusal(got, form)
                assert "hello" not in str(e), (name, e)
                record = kt.call(n + 1)
                assert record["outcome"] == "upstream-error", (name, record)


def a_stream_that_breaks_ends_in_an_error_event():
    now = {}
    for form in FORMS:
        with Upstream(lambda _: now["answer"]) as up, Gateway(
                one(up, form)) as kt:
            for n, (name, head, steps) in enumerate(broken_streams(form)):
                now["answer"] = stream([*head, 0.05, *steps])
                got = ask(kt, form, stream=True)
                where = (form, name, got)
                assert got.status == 200 and got.is_whole, where
                try:
                    g = read(form, got.body)
                except grammar.Ungrammatical as why:
                    raise AssertionError((str(why), where))
                assert g.error, where
                begin = b"".join(head[:1])
                same(got.body[:len(begin)], begin, name)
                outcome = kt.call(n + 1)["outcome"]
                assert outcome == "upstream-error", (where, outcome)


def a_stream_that_never_began_is_a_5xx():
    for form in FORMS:
        for name, answer in (
                ("no event", Answer(200, [SSE], b"")),
                ("reset", Answer(200, [SSE], [CUT], "chunked"))):
            with Upstream(lambda _: answer) as up, Gateway(
                    one(up, form)) as kt:
                got = ask(kt, form, stream=True)
                if got.status == 200:
                    assert read(form, got.body).error, (name, got)
                else:
                    assert got.status in (502, 504), (name, got)
                    refusal(got, form)


def errors_inside_a_stream_pass():
    failed = speech.event("error", speech.error("overloaded_error", "w"))
    raw = b"".join(speech.message_events("hello")[:5]) + failed
    with Upstream(lambda _: stream([raw])) as up, Gateway(
            one(up, "anthropic")) as kt:
        same(ask(kt, stream=True).body, raw)


def a_slow_first_byte_is_a_504():
    for form in FORMS:
        with Upstream(lambda _: Answer(steps=[HANG], framing="raw")) as up, \
                Gateway(one(up, form, timeout_seconds=1)) as kt:
            def wait(is_stream):
                begun = time.monotonic()
                got = ask(kt, form, stream=is_stream)
                took = time.monotonic() - begun
                refusal(got, form, 504)
                assert took > 0.9, took
                eventually(lambda: up.taken()[-1].closed_at,
                           "the upstream is left")
                return took

            for is_stream in (False, True):
                within(2, lambda: wait(is_stream))
            assert kt.call()["outcome"] == "upstream-timeout", kt.call()


def silence_in_a_stream_ends_in_an_error_event():
    for form in FORMS:
        head = events_of(form, "hello there")[:4]
        with Upstream(lambda _: stream([*head, HANG])) as up, Gateway(one(
                up, form, stream_timeout_seconds=1)) as kt:
            def wait():
                begun = time.monotonic()
                got = ask(kt, form, stream=True)
                took = time.monotonic() - begun
                assert read(form, got.body).error, got
                eventually(lambda: up.taken()[-1].closed_at,
                           "the upstream is left")
                return took

            within(2, wait)
            assert kt.call()["outcome"] == "upstream-timeout", kt.call()


def a_whole_answer_that_stalls_is_a_504():
    half = Answer(200, [JSON, ("Content-Length", "99")], [b"{", HANG], "none")
    with Upstream(lambda _: half) as up, Gateway(one(
            up, "anthropic", timeout_seconds=1)) as kt:
        refusal(ask(kt), "anthropic", 504)
        eventually(lambda: up.taken()[0].closed_at, "it is left")


def the_total_is_bounded_where_it_is_asked_for():
    beats = [speech.event("ping", {"type": "ping"}), 0.3] * 1000
    events = speech.message_events("hello there")
    with Upstream(lambda _: stream([*events[:4], *beats])) as up, Gateway(one(
            up, "anthropic", timeout_seconds=2,
            total_timeout_seconds=2)) as kt:
        def wait():
            begun = time.monotonic()
            got = ask(kt, stream=True)
            took = time.monotonic() - begun
            assert took > 1.9, took
            if got.status == 504:
                return took + 2  # nothing came in time: it says nothing here
            assert grammar.anthropic(got.body).error, got
            return took

        within(3, wait)


def no_connection_is_a_502():
    for form in FORMS:
        with Gateway(one(nobody(), form)) as kt:
            refusal(ask(kt, form), form, 502)
            refusal(ask(kt, form, stream=True), form, 502)


def failing(status, form):
    error = (speech.error("api_error", "scripted") if form == "anthropic"
             else speech.openai_error("server_error", "scripted"))
    return whole(error, status, [("retry-after", "1")])


def two(form, first, second):
    return config([target("a", first, form), target("b", second, form)])


def the_next_target_is_asked_on_overload_and_failure():
    now = {}
    for form in FORMS:
        with Upstream(lambda _: failing(now["status"], form)) as a, \
                Upstream(by_stream(form, "from b")) as b, \
                Gateway(two(form, a, b)) as kt:
            cases = [(s, i) for s in (429, 500, 502, 503, 529)
                     for i in (False, True)]
            for n, (now["status"], is_stream) in enumerate(cases):
                got = ask(kt, form, stream=is_stream)
                assert got.status == 200, (form, now, got)
                assert len(a.taken()) == len(b.taken()) == n + 1
                same(a.taken()[n].body, b.taken()[n].body)
                tried = [(t["target"], t["status"])
                         for t in kt.call(n + 1)["attempts"]]
                assert tried == [("a", now["status"]), ("b", 200)], tried
        with Upstream(lambda _: said(form)) as b, Gateway(
                two(form, nobody(), b)) as kt:
            assert ask(kt, form).status == 200
            assert [t["target"] for t in kt.call()["attempts"]] == ["a", "b"]


def the_clients_own_mistake_is_not_tried_again():
    for form in FORMS:
        now = {}
        with Upstream(lambda _: now["answer"]) as a, \
                Upstream(lambda _: said(form)) as b, \
                Gateway(two(form, a, b)) as kt:
            for status in (400, 401, 403, 404, 413, 422):
                now["answer"] = failing(status, form)
                got = ask(kt, form)
                assert got.status == status, (form, status, got)
                same(got.body, now["answer"].steps[0])
                assert not b.taken(), (form, status)


def nothing_is_tried_again_once_the_client_has_bytes():
    head = speech.message_events("hello there")[:5]
    with Upstream(lambda _: stream([*head, 0.05, CUT])) as a, \
            Upstream(lambda _: said()) as b, \
            Gateway(two("anthropic", a, b)) as kt:
        got = ask(kt, stream=True)
        assert grammar.anthropic(got.body).error, got
        assert not b.taken()


def an_overload_of_all_passes_on_as_it_is():
    for status, outcome in ((529, "upstream-overloaded"),
                            (429, None), (500, None)):
        answer = failing(status, "anthropic")
        with Upstream(lambda _: answer) as a, Upstream(lambda _: answer) as b, \
                Gateway(two("anthropic", a, b)) as kt:
            got = ask(kt)
            assert got.status == status, got
            same(got.body, answer.steps[0])
            assert got.headers.get("retry-after") == "1"
            assert got.headers.get("x-should-retry") is None, got
            record = kt.call()
            assert len(record["attempts"]) == 2, record
            if outcome:
                assert record["outcome"] == outcome, record


def an_upstream_that_recovers_is_asked_on_a_new_connection():
    closing = Answer(200, [JSON], [speech.compact(speech.message("x"))],
                     "close")
    with Upstream(scripted([said(), closing, said()])) as up, \
            Gateway(one(up, "anthropic")) as kt:
        for _ in range(4):
            assert ask(kt).status == 200
            time.sleep(0.05)


def a_failover_may_change_the_format():
    with Upstream(lambda _: failing(529, "anthropic")) as a, \
            Upstream(lambda r: stream(speech.completion_events("from b"))
                     if r.json().get("stream")
                     else said("openai", "from b")) as b, \
            Gateway(config([target("a", a), target("b", b, "openai")])) as kt:
        got = ask(kt)
        assert got.status == 200, got
        assert got.json()["content"][0]["text"] == "from b", got
        got = ask(kt, stream=True)
        assert grammar.anthropic(got.body).text() == "from b", got


SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def a_target_that_cannot_be_told_is_passed_over():
    """no failover to a target that has no words for the call"""
    with Upstream(lambda _: failing(529, "anthropic")) as a, \
            Upstream(lambda _: said("openai")) as b, \
            Upstream(lambda _: said("anthropic", "from c")) as c:
        targets = [target("a", a), target("b", b, "openai"), target("c", c)]
        with Gateway(config(targets[:2])) as kt:
            got = ask(kt, tools=[SEARCH])
            assert got.status == 529, got
            assert got.headers.get("retry-after") == "1", got
            assert kt.call()["outcome"] == "upstream-overloaded"
        for first in (0, 1):  # after another, and as the first of all
            with Gateway(config(targets[first:])) as kt:
                got = ask(kt, tools=[SEARCH])
                assert got.status == 200 and b"from c" in got.body, got
                tried = [t["target"] for t in kt.call()["attempts"]]
                assert tried == ["a", "c"][first:], tried
        with Gateway(config(targets[1:2])) as kt:
            refusal(ask(kt, tools=[SEARCH]), "anthropic", 400)
        assert not b.taken()


def what_a_target_passed_over_would_have_cost_is_not_told():
    """marks are taken off on the way to a target, not in asking about it"""
    guard = {"max_class": "internal", "unless_baa": True,
             "action": "strip_cache_control"}
    text = [{"type": "text", "text": "write to jane.roe@example.org",
             "cache_control": {"type": "ephemeral"}}]
    with Upstream(lambda _: failing(529, "anthropic")) as a, \
            Upstream(lambda _: said("openai")) as b:
        agreement = {"baa": {"agreement": "No. 1", "expires": "2099-01-01"}}
        for agreed in (True, False):
            with Gateway(config(
                    [target("a", a, data_policy=agreement if agreed else {}), target("b", b, "openai")],
                    {"cache-guard": guard,
                     "pii-detector": {"action": "flag"}},
                    ["pii-detector", "cache-guard", "audit-logger"])) as kt:
                got = ask(kt, tools=[SEARCH],
                          messages=[{"role": "user", "content": text}])
                assert got.status == 529, got
                call = kt.call()
                assert (b"cache_control" in a.taken()[-1].body) == agreed
                assert (call["decision"] == "redact") != agreed, call
        assert not b.taken()


def another_vendor_never_gets_the_clients_credential():
    """a credential goes to the vendor it is for, and to no other"""
    brought = [("x-api-key", "sk-ant-own"), ("cookie", "sid=own"),
               ("authorization", "Bearer sk-ant-oat-own")]
    with Upstream(lambda _: failing(529, "anthropic")) as a, \
            Upstream(lambda _: said("openai")) as b:
        for key in (None, "B_KEY"):
            with Gateway(config([target("a", a),
                                 target("b", b, "openai", key)]),
                         env={"B_KEY": "sk-b"}) as kt:
                assert ask(kt, headers=brought).status == 200
            for name, value in brought:
                assert a.taken()[-1].headers.get(name) == value
            came = b.taken()[-1].headers
            assert not any(came.get(name) for name in ("x-api-key", "cookie"))
            assert came.get("authorization") == (
                "Bearer sk-b" if key else None), came


run_all([
    a_broken_answer_is_a_5xx_in_the_clients_shape,
    a_stream_that_breaks_ends_in_an_error_event,
    a_stream_that_never_began_is_a_5xx,
    errors_inside_a_stream_pass,
    a_slow_first_byte_is_a_504,
    silence_in_a_stream_ends_in_an_error_event,
    a_whole_answer_that_stalls_is_a_504,
    the_total_is_bounded_where_it_is_asked_for,
    no_connection_is_a_502,
    the_next_target_is_asked_on_overload_and_failure,
    the_clients_own_mistake_is_not_tried_again,
    nothing_is_tried_again_once_the_client_has_bytes,
    an_overload_of_all_passes_on_as_it_is,
    an_upstream_that_recovers_is_asked_on_a_new_connection,
    a_failover_may_change_the_format,
    a_target_that_cannot_be_told_is_passed_over,
    what_a_target_passed_over_would_have_cost_is_not_told,
    another_vendor_never_gets_the_clients_credential,
])

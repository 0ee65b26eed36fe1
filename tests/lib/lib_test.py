"""The tests' own tools: what they would overlook, every test overlooks."""
import threading

import grammar
import speech
import tap
import wire
from tap import eventually, run_all, same, within
from upstream import CUT, END, HANG, Answer, Upstream, stream, whole

BLOCKS = [{"type": "thinking", "thinking": "hm, hm", "signature": "sig"},
          speech.text("Grüße from here"),
          speech.tool("Read", {"path": "/a b", "n": 10**20})]


def refuses(check, raw, why):
    try:
        check(raw)
    except grammar.Ungrammatical as said:
        assert why in str(said), "%r, wanted %r" % (str(said), why)
        return
    raise AssertionError("accepted: " + why)


def what_speech_says_is_grammatical():
    for width in (1, 3, 100):
        g = grammar.anthropic(b"".join(speech.message_events(
            BLOCKS, width=width)))
        assert g.stop == "tool_use" and g.text() == "Grüße from here"
        c = grammar.chat(b"".join(speech.completion_events(
            "hello there", [speech.call("f", {"a": 1})], width=width)))
        assert c.text == "hello there" and c.usage["total_tokens"] == 15
        assert c.calls[0]["arguments"] == '{"a": 1}'


def each_dropped_or_doubled_event_is_noticed():
    events = speech.message_events(BLOCKS, width=100)
    for i, e in enumerate(events):
        if b"event: ping" in e or b"input_json_delta" in e:
            continue  # no grammar can miss these
        if b"text_delta" not in e and b"thinking_delta" not in e:
            refuses(grammar.anthropic, b"".join(events[:i] + events[i + 1:]),
                    "")
            # message_delta may come twice.
            if b"event: message_delta" not in e:
                refuses(grammar.anthropic,
                        b"".join(events[:i] + [e] + events[i:]), "")


def each_cut_stream_is_noticed():
    raw = b"".join(speech.message_events("some words here"))
    for i in range(1, len(raw)):
        try:
            grammar.anthropic(raw[:i])
        except (grammar.Ungrammatical, UnicodeDecodeError):
            continue
        raise AssertionError("accepted a stream cut at %d" % i)
    raw = b"".join(speech.completion_events("some words"))
    refuses(grammar.chat, raw[:-len(b"data: [DONE]\n\n")], "no finish")


def names_that_occur_twice_are_noticed():
    refuses(grammar.anthropic, b'event: ping\ndata: {"type":"ping",'
            b'"type":"ping"}\n\n', "twice")


def an_error_ends_a_stream():
    begin = b"".join(speech.message_events("some words")[:4])
    failed = speech.event("error", speech.error("api_error", "gone"))
    assert grammar.anthropic(begin + failed).error["message"] == "gone"
    refuses(grammar.anthropic, begin + failed + speech.event(
        "message_stop", {"type": "message_stop"}), "behind the end")


def the_upstream_keeps_exact_bytes_and_does_as_told():
    def script(request):
        return {
            "/whole": whole(b'{"a": 1e400}', 418, [("X-Odd", "a  b")]),
            "/stream": stream([b"a", 0.01, b"b"]),
            "/cut": Answer(200, [], [b"12345", CUT], "chunked"),
            "/end": Answer(200, [("Content-Length", "9")], [b"123", END],
                           "none"),
            "/raw": Answer(steps=[b"nonsense", END], framing="raw"),
        }[request.path]

    with Upstream(script) as up:
        body = b"\xff\r\n\0 {"
        r = wire.ask(up.port, "POST", "/whole?a=%20b", [("x-Ab", "q")], body)
        assert (r.status, r.body) == (418, b'{"a": 1e400}') and r.is_whole
        assert r.headers.get("x-odd") == "a  b"
        got = up.taken()[0]
        same(got.body, body)
        assert got.target == "/whole?a=%20b" and ("x-Ab", "q") in got.headers
        assert b"\r\nx-Ab: q\r\n" in got.raw_head
        r = wire.ask(up.port, "POST", "/stream", pieces=[b"a", b"b"])
        assert r.body == b"ab" and len(r.pieces) == 2 and r.is_whole
        assert up.taken("/stream")[0].body == b"ab"
        for path in ("/cut", "/end"):
            assert not wire.ask(up.port, "GET", path).is_whole, path
        assert wire.ask(up.port, "GET", "/raw").status == 0


def the_upstream_notices_when_its_peer_leaves():
    with Upstream(lambda _: stream([b"a", HANG])) as up:
        with wire.Connection(up.port) as c:
            c.request("GET", "/")
            c.answer(until=lambda r: r.body)
        eventually(lambda: up.taken()[0].closed_at, "the end is seen")


def what_is_told_to_wait_waits_for_an_event():
    told = threading.Event()
    with Upstream(lambda _: stream([b"a", told, b"b"])) as up:
        def tell(r):
            assert told.is_set() or r.body == b"a", r
            told.set()

        with wire.Connection(up.port) as c:
            c.request("GET", "/")
            assert c.answer(until=tell).body == b"ab"


def patience_ends_and_one_good_try_is_enough():
    times = [9, 9, 0.5, 9]
    within(1, lambda: times.pop(0), tries=3)
    assert times == [9], times
    kept, tap.PATIENCE = tap.PATIENCE, 0.1
    try:
        for hopeless in (lambda: within(1, lambda: 2),
                         lambda: eventually(lambda: False, "it")):
            try:
                hopeless()
            except AssertionError:
                continue
            raise RuntimeError("it has held")
    finally:
        tap.PATIENCE = kept


run_all([
    what_speech_says_is_grammatical,
    each_dropped_or_doubled_event_is_noticed,
    each_cut_stream_is_noticed,
    names_that_occur_twice_are_noticed,
    an_error_ends_a_stream,
    the_upstream_keeps_exact_bytes_and_does_as_told,
    the_upstream_notices_when_its_peer_leaves,
    what_is_told_to_wait_waits_for_an_event,
    patience_ends_and_one_good_try_is_enough,
])

"""Clients that leave, upstreams that die: noticed, recorded, never smoothed."""
import json
import socket
import struct
import time

import gateway
import grammar
import speech
import wire
from tap import PATIENCE, eventually, run_all, within
from upstream import CUT, END, HANG, Answer, Upstream, stream, whole

ASK = {"model": "claude-sonnet-4-5", "max_tokens": 9,
       "messages": [{"role": "user", "content": "hello"}]}
BODY = json.dumps(ASK).encode()
STREAM = json.dumps({**ASK, "stream": True}).encode()
HELLO = speech.message("hello")


def gateway_of(up, **more):
    return gateway.Gateway(gateway.config([gateway.target("up", up)], **more))


def head(length=len(BODY)):
    return (b"POST /v1/messages HTTP/1.1\r\nHost: a\r\n"
            b"Content-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % length)


def half_closes(port, part):
    """A client that says PART and no more; how long it is held."""
    at = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as s:
        s.sendall(part)
        s.shutdown(socket.SHUT_WR)
        try:
            got = s.recv(65536)
        except ConnectionError:
            got = b""
    assert b" 200 " not in got or part.endswith(BODY), (part, got)
    return time.monotonic() - at


def a_client_that_half_closes_is_let_go_within_two_seconds():
    parts = (b"", b"POST ", head()[:-2], head(), head() + BODY[:9],
             head() + BODY)
    with Upstream(lambda _: whole(HELLO)) as up, gateway_of(up) as kt:
        for part in parts:
            within(2, lambda: half_closes(kt.port, part))
        assert wire.post(kt.port, "/v1/messages", ASK).status == 200


def leaves(kt, up, reset, after):
    """A client leaves; the longer of the times until the upstream saw it, and
    half of that until the record was on disk."""
    up.forget()
    n = len(kt.records())
    c = wire.Connection(kt.port)
    c.request("POST", "/v1/messages", [wire.JSON], STREAM)
    eventually(up.taken, "the request is up")
    if after:
        c.answer(until=lambda r: after in r.body)
    if reset:
        c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
    at = time.monotonic()
    c.close()
    taken = up.taken()[0]
    record = kt.call(n + 1)
    recorded = time.monotonic() - at
    assert record["outcome"] == "client-abort", record
    eventually(lambda: taken.closed_at, "the upstream is left")
    return max(taken.closed_at - at, recorded / 2)


def a_client_that_leaves_is_seen_in_one_second_and_recorded_in_two():
    events = speech.message_events("some words to be sent")
    with Upstream(lambda _: stream([events[0], events[1], events[2],
                                    events[3], events[4], HANG])) as after, Upstream(
            lambda _: stream([HANG])) as before:
        for up, marks in ((before, (None,)),
                          (after, (b"message_start", b"text_delta"))):
            with gateway_of(up) as kt:
                for mark in marks:
                    for reset in (False, True):
                        within(1, lambda: leaves(kt, up, reset, mark))


def an_upstream_that_dies_at_any_byte_never_looks_complete():
    events = speech.message_events("some words to be sent")
    raw = b"".join(events)
    cuts = list(range(0, len(raw), 7))

    def script(_):
        n = len(up.taken()) - 1
        return stream([raw[:cuts[n]], (CUT, END)[n % 2]])

    with Upstream(script) as up, gateway_of(up) as kt:
        for cut in cuts:
            r = wire.post(kt.port, "/v1/messages", {**ASK, "stream": True})
            if r.status != 200:
                assert r.status == 502 and r.json()["type"] == "error", (cut, r)
                continue
            said = grammar.anthropic(r.body)
            assert said.error and "message_stop" not in said.events, (cut, r)
        assert len(kt.records()) == len(cuts)
        assert {r["outcome"] for r in kt.records()} == {"upstream-error"}


def an_answer_cut_at_any_byte_is_a_502():
    raw = json.dumps(HELLO).encode()
    cuts = list(range(0, len(raw), 7))

    def script(_):
        n = len(up.taken()) - 1
        return Answer(200, [wire.JSON, ("Content-Length", str(len(raw)))],
                      [raw[:cuts[n]], (CUT, END)[n % 2]], "as it is")

    with Upstream(script) as up, gateway_of(up) as kt:
        for cut in cuts:
            r = wire.post(kt.port, "/v1/messages", ASK)
            assert r.status == 502 and r.json()["type"] == "error", (cut, r)


run_all([
    an_upstream_that_dies_at_any_byte_never_looks_complete,
    an_answer_cut_at_any_byte_is_a_502,
    a_client_that_half_closes_is_let_go_within_two_seconds,
    a_client_that_leaves_is_seen_in_one_second_and_recorded_in_two,
])

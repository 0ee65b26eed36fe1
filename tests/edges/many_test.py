"""Large, slow and many: nothing mixes, nothing is lost, memory is bounded."""
import json
import os
import random
import re
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import grammar
import speech
import wire
from calls import PATHS, ask, refusal, request, said
from gateway import Gateway, config, target
from tap import eventually, run_all, same, within
from upstream import Upstream, stream, whole

MB = 1 << 20


def open_to(up, **more):
    return config([target("up", up)], **more)


def rss_kb(kt):
    with open("/proc/%d/status" % kt.process.pid) as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def many_streams_at_once_do_not_mix():
    def script(r):
        words = r.json()["messages"][0]["content"]
        if not r.json().get("stream"):
            return said(words=words)
        steps = []
        for e in speech.message_events(words * 5, width=9):
            steps += [e, random.random() * 0.004]
        return stream(steps)

    failed = []

    def client(kt, number):
        try:
            with wire.Connection(kt.port) as c:
                for turn in range(3):
                    words = "client %d turn %d; " % (number, turn)
                    is_stream = (number + turn) % 4 != 0
                    c.request("POST", PATHS["anthropic"], [wire.JSON],
                              json.dumps(request(
                                  words, stream=is_stream)).encode())
                    got = c.answer()
                    assert got.status == 200 and got.is_whole, got
                    text = (grammar.anthropic(got.body).text() if is_stream
                            else got.json()["content"][0]["text"])
                    assert text == words * (5 if is_stream else 1), text
        except Exception as why:
            failed.append((number, why))

    with Upstream(script) as up, Gateway(open_to(up)) as kt:
        threads = [threading.Thread(target=client, args=(kt, i))
                   for i in range(60)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not failed, failed[:3]
        eventually(lambda: len(kt.records()) == 180, "180 records")
        ids = {r["call_id"] for r in kt.records()}
        assert len(ids) == 180


def requests_behind_each_other_are_answered_in_order():
    with Upstream(lambda r: said(words=r.json()["messages"][0]["content"])) \
            as up, Gateway(open_to(up)) as kt:
        with wire.Connection(kt.port) as c:
            raw = b""
            for i in range(5):
                body = json.dumps(request("turn %d" % i)).encode()
                raw += (b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n"
                        b"Content-Type: application/json\r\n"
                        b"Content-Length: %d\r\n\r\n" % len(body)) + body
            c.send(raw)
            c.sent_at = time.monotonic()
            for i in range(5):
                got = c.answer()
                assert got.json()["content"][0]["text"] == "turn %d" % i, got


def a_large_request_and_answer_pass_unchanged():
    words = "".join(random.choice("abcdefgh \n é中") for _ in range(4 * MB))
    answer = said(words=words)
    with Upstream(lambda _: answer) as up, Gateway(open_to(up)) as kt:
        body = json.dumps(request(words)).encode()
        got = wire.post(kt.port, PATHS["anthropic"], body)
        assert got.status == 200, got.status
        same(up.taken()[0].body, body)
        same(got.body, answer.steps[0])


def a_body_over_the_limit_is_a_413():
    with Upstream(lambda _: said()) as up, Gateway(open_to(
            up, gateway={"max_body_bytes": MB})) as kt:
        body = json.dumps(request("x" * MB)).encode()
        for pieces in (None, [body[i:i + 65536]
                              for i in range(0, len(body), 65536)]):
            try:
                got = wire.ask(kt.port, "POST", PATHS["anthropic"],
                               [wire.JSON], None if pieces else body, pieces)
            except ConnectionError:
                continue  # closed while the rest was on its way
            if got.status:
                e = refusal(got, "anthropic", 413)
                assert e["type"] == "request_too_large", e
        assert not up.taken()
        assert ask(kt).status == 200


def a_client_that_asks_first_may_go_on():
    with Upstream(lambda _: said()) as up, Gateway(open_to(up)) as kt:
        body = json.dumps(request("x" * 100000)).encode()
        with wire.Connection(kt.port) as c:
            c.send(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nExpect: "
                   b"100-continue\r\nContent-Type: application/json\r\n"
                   b"Content-Length: %d\r\n\r\n" % len(body))
            line, _, _ = c.reader.head()
            assert line.startswith("HTTP/1.1 100"), line
            c.send(body)
            c.sent_at = time.monotonic()
            assert c.answer().status == 200
        same(up.taken()[0].body, body)


def stands(request):
    """Nothing more of its answer goes."""
    done = request.done
    time.sleep(1)
    return request.done == done


def a_slow_reader_slows_its_upstream():
    events = speech.message_events("word " * 2000000, width=50000)
    pad = b": " + b"x" * 30000 + b"\n\n"
    steps = [s for e in events for s in (e, pad, pad)]
    raw = b"".join(steps)
    assert len(raw) > 20 * MB
    with Upstream(lambda _: stream(steps)) as up, Gateway(config(
            [target("up", up)], chain=[])) as kt:
        with wire.Connection(kt.port) as c:
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            c.request("POST", PATHS["anthropic"], [wire.JSON],
                      json.dumps(request(stream=True)).encode())
            got = c.answer(until=lambda r: len(r.body) > MB)
            before, took = rss_kb(kt), up.taken()[0]
            eventually(lambda: stands(took), "it is slowed")
            assert took.answered_at is None, "all was taken"
            assert rss_kb(kt) - before < 12 * 1024, (before, rss_kb(kt))
        eventually(lambda: took.closed_at or took.answered_at,
                   "the upstream is left")


def an_upload_that_ends_early_never_goes_up():
    with Upstream(lambda _: said()) as up, Gateway(open_to(up)) as kt:
        body = json.dumps(request()).encode()
        for _ in range(5):
            with wire.Connection(kt.port) as c:
                c.send(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n"
                       b"Content-Length: %d\r\n\r\n" % (len(body) + 1) + body)
                time.sleep(0.02)
        assert ask(kt).status == 200
        assert kt.end() == 0  # what was under way had its end
        assert len(up.taken()) == 1, up.taken()


def a_burst_of_counts_is_flat():
    with Upstream(lambda _: whole({"input_tokens": 3})) as up, \
            Gateway(open_to(up)) as kt:
        def one(took):
            got = wire.post(kt.port, "/v1/messages/count_tokens?beta=true",
                            request("x" * 30000))
            assert got.json() == {"input_tokens": 3}, got
            took.append(got.pieces[0][0])

        def burst():
            took = []
            threads = [threading.Thread(target=one, args=(took,))
                       for _ in range(24)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            assert len(took) == 24, took
            return max(took)

        within(3, burst)


run_all([
    many_streams_at_once_do_not_mix,
    requests_behind_each_other_are_answered_in_order,
    a_large_request_and_answer_pass_unchanged,
    a_body_over_the_limit_is_a_413,
    a_client_that_asks_first_may_go_on,
    a_slow_reader_slows_its_upstream,
    an_upload_that_ends_early_never_goes_up,
    a_burst_of_counts_is_flat,
])

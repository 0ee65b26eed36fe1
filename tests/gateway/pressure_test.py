"""Clients that are slow or greedy: the others must not notice.

Memory is read from the kernel (VmHWM, the most that was ever resident) and
has a cap that is fixed here; under a sanitizer sizes mean nothing and only
the answers are judged.
"""
import json
import resource
import select
import socket
import subprocess
import time
import zlib

import gateway
import speech
import wire
from tap import PATIENCE, Skip, eventually, run_all, within
from upstream import Upstream, stream, whole

ASK = {"model": "claude-sonnet-4-5", "max_tokens": 9,
       "messages": [{"role": "user", "content": "hello"}]}
BODY = json.dumps(ASK).encode()
STREAM = json.dumps({**ASK, "stream": True}).encode()
HELLO = speech.message("hello")
MIB = 1 << 20
CLIENTS = 1000


def gateway_of(up, **more):
    """Two workers, because bodies under way are bounded for each."""
    return gateway.Gateway(gateway.config([gateway.target("up", up)], **more),
                           args=["--workers", "2"])


def most_resident(kt):
    with open("/proc/%d/status" % kt.process.pid) as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise Skip("the kernel does not tell VmHWM")


def stays_under(kt, cap, what):
    got = most_resident(kt)
    print("# %s: at most %.1f MiB resident" % (what, got / MIB), flush=True)
    if not gateway.is_sanitized():
        assert got < cap, "%s: %.1f MiB, cap %.1f" % (
            what, got / MIB, cap / MIB)


def need_descriptors(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < n:
        raise Skip("only %d descriptors" % hard)
    if soft < n:
        resource.setrlimit(resource.RLIMIT_NOFILE, (n, hard))


def head(path="/v1/messages", length=len(BODY), more=""):
    return ("POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            "Content-Length: %d\r\n%s\r\n" % (path, length, more)).encode()


def dial(port, n):
    out = []
    for _ in range(n):
        out.append(socket.create_connection(("127.0.0.1", port), PATIENCE))
    return out


def closed(socks):
    """How many of these the gateway has ended."""
    return sum(wire.is_closed(s) for s in socks)


def close_all(socks):
    for s in socks:
        s.close()


def is_served(port):
    """While a thousand clients begin at once a slow machine may say no."""
    status = wire.post(port, "/v1/messages", ASK).status
    assert status in (200, 503), status
    return status == 200


def p99_ms(port, n=100):
    """Of calls that are asked again, as clients do, until they are served."""
    times = []
    for _ in range(n):
        at = time.monotonic()
        eventually(lambda: is_served(port), "served")
        times.append((time.monotonic() - at) * 1000)
    return sorted(times)[int(n * 0.99) - 1]


def slow_clients(port, n):
    """Half of them in their head, half in their body."""
    heads, bodies = dial(port, n // 2), dial(port, n // 2)
    for s in heads:
        s.sendall(b"POST /v1/mess")
    for s in bodies:
        s.sendall(head() + BODY[:5])
    return heads, bodies


def deadlines(seconds):
    return {"deadlines": {"head_seconds": seconds, "keepalive_seconds": seconds,
                          "body_idle_seconds": seconds}}


def a_thousand_slow_clients_hold_nobody_up():
    need_descriptors(CLIENTS + 200)
    with Upstream(lambda _: whole(HELLO)) as up, gateway_of(
            up, gateway=deadlines(10 * int(PATIENCE))) as kt:
        idle = min(p99_ms(kt.port) for _ in range(3))
        before = most_resident(kt)
        heads, bodies = slow_clients(kt.port, CLIENTS)
        busy = []

        def measure():
            for s in heads[:50]:
                s.send(b"a")
            busy.append(p99_ms(kt.port))
            return busy[-1] / 1000

        within(1000 if gateway.is_sanitized() else (2 * idle + 50) / 1000,
               measure)
        each = (most_resident(kt) - before) / CLIENTS
        print("# p99 idle %.1f ms, with %d slow clients %.1f ms, %.1f KiB each"
              % (idle, CLIENTS, busy[-1], each / 1024), flush=True)
        if not gateway.is_sanitized():
            assert each < 64 * 1024, "%d bytes each" % each
        assert closed(heads + bodies) == 0
        close_all(heads + bodies)


def slow_clients_are_closed():
    """Slow clients are closed, and a byte buys their head no more time"""
    with Upstream(lambda _: whole(HELLO)) as up, gateway_of(
            up, gateway=deadlines(2)) as kt:
        heads, bodies = slow_clients(kt.port, 100)

        def goes_on():
            for s in heads:
                try:
                    s.send(b"a")
                except ConnectionError:
                    pass  # it was closed
            time.sleep(0.1)
            return closed(heads + bodies) == 100

        eventually(goes_on, "all end")
        close_all(heads + bodies)
        assert wire.post(kt.port, "/v1/messages", ASK).status == 200


def clients_that_do_not_read_hold_bounded_memory_and_are_left():
    n = 10
    first = speech.message_events("a " * 8000, width=16000)
    delta = next(e for e in first if b"text_delta" in e)
    at = first.index(delta)
    # More than the kernel's buffers on both sides and kt's own can take.
    long = first[:at] + [delta] * 2000 + first[at + 1:]
    with Upstream(lambda _: stream(long)) as up, gateway_of(
            up, chain=[],
            gateway={"deadlines": {"keepalive_seconds": 3}}) as kt:
        socks = []
        for _ in range(n):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", kt.port))
            s.sendall(head(length=len(STREAM)) + STREAM)
            socks.append(s)
        eventually(lambda: len(up.taken()) == n, "all went up")
        eventually(lambda: len(kt.records()) == n, "they are left")
        stays_under(kt, 100 * MIB, "%d clients that do not read" % n)
        assert {r["outcome"] for r in kt.records()} == {"client-abort"}
        eventually(lambda: all(r.closed_at for r in up.taken()),
                   "the upstream is left")
        close_all(socks)


def header_bombs_are_refused():
    bombs = {
        "one long value": b"A: " + b"a" * 200000 + b"\r\n\r\n",
        "one long name": b"a" * 200000,
        "many fields": b"a: b\r\n" * 3000 + b"\r\n",
        "a long target": b"",
        "many blanks": b"A:" + b" " * 200000,
        "folded lines": b"A: b\r\n" + b" c\r\n" * 20000,
    }
    with Upstream(lambda _: whole(HELLO)) as up, gateway_of(up) as kt:
        for what, fields in bombs.items():
            start = b"GET /%s HTTP/1.1\r\nHost: a\r\n" % (
                b"a" * 200000 if what == "a long target" else b"v1/models")
            at = "127.0.0.1", kt.port
            with socket.create_connection(at, PATIENCE) as s:
                got = b""
                try:
                    s.sendall(start + fields)
                    s.shutdown(socket.SHUT_WR)
                    while True:
                        more = s.recv(65536)
                        if not more:
                            break
                        got += more
                except socket.timeout:
                    raise
                except OSError:
                    pass  # refused before all was said
                assert got == b"" or got[9:12] in (
                    b"400", b"413", b"414", b"431"), (what, got[:100])
        assert not up.taken()
        stays_under(kt, 60 * MIB, "header bombs")
        eventually(lambda: len(kt.records("reject")) == len(bombs) and 414 in
                   [r["http_status"] for r in kt.records("reject")],
                   [r["http_status"] for r in kt.records("reject")])


def gzip_of(pattern, size):
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = b"".join(z.compress(pattern * (MIB // len(pattern)))
                   for _ in range(size // MIB))
    return out + z.flush()


def bodies_that_grow_when_decoded_are_refused():
    inner = gzip_of(b"a", 40 * MIB)
    bombs = {
        "ratio over 100": gzip_of(b"a", 8 * MIB),
        "more than 32 MiB": inner,
        "a bomb in a bomb": zlib.compress(inner, 9),
    }
    with Upstream(lambda _: whole(HELLO)) as up, gateway_of(up) as kt:
        for what, body in bombs.items():
            r = wire.post(kt.port, "/v1/messages", body,
                          [("Content-Encoding", "gzip")])
            assert r.status in (400, 413), (what, r)
        r = wire.post(kt.port, "/v1/messages", gzip_of(b"a", 8 * MIB),
                      [("Content-Encoding", "gzip")])
        assert r.status == 413, r
        assert not up.taken()
        stays_under(kt, 80 * MIB, "gzip bombs")


BOMBS = {
    "[0,0,...": b"0,",
    "[[],[],...": b"[],",
    "[{\"\":0},...": b"{\"\":0},",
    "[\"\\u0000\"...": b"\"\\u0000\",",
}


def bodies_of_millions_of_values_are_refused():
    with Upstream(lambda _: whole(HELLO)) as up, gateway_of(up) as kt:
        for what, unit in BOMBS.items():
            body = b"[" + unit * ((8 * MIB - 2) // len(unit))
            body = body.rstrip(b",") + b"]"

            def refused():
                at = time.monotonic()
                r = wire.post(kt.port, "/v1/messages", body)
                assert r.status in (400, 413), (what, r)
                return time.monotonic() - at

            within(60 if gateway.is_sanitized() else 3, refused)
        deep = b"[" * 100000
        r = wire.post(kt.port, "/v1/messages", deep)
        assert r.status == 400, r
        assert r.json()["error"]["type"] == "invalid_request_error", r
        assert not up.taken()


def a_hundred_clients_with_32_mib_of_zeros_stay_under_a_cap():
    n, size = 8 if gateway.is_sanitized() else 100, 32 * MIB
    piece = b"0," * 32768
    with Upstream(lambda _: whole(HELLO)) as up, gateway_of(up) as kt:
        before = most_resident(kt)
        socks = dial(kt.port, n)
        left = {}
        for s in socks:
            s.sendall(head(length=size) + b"[")
            s.setblocking(False)
            left[s] = size - 1
        sent = dict.fromkeys(socks, 0)
        statuses = {}
        end = time.monotonic() + 2 * PATIENCE
        while len(statuses) < n and time.monotonic() < end:
            r, w, _ = select.select(
                [s for s in socks if s not in statuses],
                [s for s in socks if s not in statuses and left[s]],
                [], 1)
            for s in r:
                try:
                    statuses[s] = s.recv(4096)[9:12] or b"end"
                except ConnectionError:
                    statuses[s] = b"end"
            for s in w:
                if s in statuses:
                    continue
                try:
                    k = s.send(piece[sent[s] % 2:][:left[s]])
                    sent[s] += k
                    left[s] -= k
                except ConnectionError:
                    statuses[s] = b"end"
                except BlockingIOError:
                    pass
        close_all(socks)
        assert len(statuses) == n, "%d of %d answered" % (len(statuses), n)
        assert set(statuses.values()) <= {b"413", b"503"}, (
            set(statuses.values()))
        assert not up.taken()
        print("# sent %d MiB in all; the program had %.1f MiB" % (
            sum(sent.values()) / MIB, before / MIB), flush=True)
        stays_under(kt, 1200 * MIB, "%d clients with zeros" % n)
        assert wire.post(kt.port, "/v1/messages", ASK).status == 200


run_all([
    a_thousand_slow_clients_hold_nobody_up,
    slow_clients_are_closed,
    clients_that_do_not_read_hold_bounded_memory_and_are_left,
    header_bombs_are_refused,
    bodies_that_grow_when_decoded_are_refused,
    bodies_of_millions_of_values_are_refused,
    a_hundred_clients_with_32_mib_of_zeros_stay_under_a_cap,
])

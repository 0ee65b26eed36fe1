"""Requests that two readers could take for different ones.

Written from RFC 9112: what kt refuses ends the connection, and what it lets
through goes up as one request with the target that was sent.
"""
import contextlib
import json
import re
import socket

import gateway
from tap import PATIENCE, run_all, same
from upstream import Upstream, whole
from wire import Broken, Reader

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"POST /v1/x HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

# (what, bytes); SMUGGLED follows each.
REFUSED = [
    # 6.3: a length and a coding, in each order.
    ("CL.TE", HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"0\r\n\r\n"),
    ("TE.CL", HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
     b"5c\r\nabcd0\r\n\r\n"),
    # 6.1: codings that one reader knows and another one does not.
    *[("TE " + repr(te), HEAD + b"Transfer-Encoding:" + te + b"\r\n\r\n"
       b"0\r\n\r\n")
      for te in (b" xchunked", b" chunked ", b" chunked\t", b" chunked, ",
                 b" ,chunked", b" chunked;q=1", b" \"chunked\"", b" x chunked",
                 b" chunked, identity", b" identity, chunked", b" gzip",
                 b" chunked, chunked", b"\x0bchunked", b" \x00chunked",
                 b" chunked\x00", b" chunk\xc3\xa9d", b"\r\n chunked",
                 b" chunked\r\nTransfer-Encoding: chunked",
                 b" chunked\r\nTransfer-Encoding: x",
                 b" x\r\nTransfer-Encoding: chunked", b"")],
    ("TE in 1.0", HEAD.replace(b"1.1", b"1.0")
     + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    # 5.1: blanks where a name ends, lines that do not say what they are.
    ("blank before the colon", HEAD + b"Content-Length : 2\r\n\r\nab"),
    ("tab before the colon", HEAD + b"Content-Length\t: 2\r\n\r\nab"),
    ("blank before the name", HEAD + b" Content-Length: 2\r\n\r\nab"),
    ("first field folded", b"POST /v1/x HTTP/1.1\r\n Host: a\r\n\r\n"),
    ("NUL in a name", HEAD + b"Content\x00-Length: 2\r\n\r\nab"),
    ("no colon", HEAD + b"Content-Length\r\n\r\n"),
    ("folded length", HEAD + b"Content-Length:\r\n 2\r\n\r\nab"),
    ("bare LF in the head", HEAD + b"A: b\nContent-Length: 2\r\n\r\nab"),
    ("bare CR in the head", HEAD + b"A: b\rContent-Length: 2\r\n\r\nab"),
    ("bare LF ends the head", HEAD + b"Content-Length: 2\r\n\n\r\nab"),
    # 6.2: lengths that are read in more than one way.
    *[("CL " + repr(cl), HEAD + b"Content-Length:" + cl + b"\r\n\r\nabcd")
      for cl in (b" +4", b" -4", b" 4,4", b" 4, 4", b" 0x4", b" 4 4", b" 4;",
                 b" 1e1", b" four", b"", b" 18446744073709551616",
                 b" 9223372036854775808", b" 4\r\nContent-Length: 4",
                 b" 0\r\nContent-Length: 4", b" \xd9\xa4", b" 4\x00")],
    # 7.1: chunks.
    *[("chunk " + repr(c), CHUNKED + c)
      for c in (b"-1\r\n\r\n", b"+1\r\na\r\n0\r\n\r\n", b"0x1\r\na\r\n0\r\n\r\n",
                b" 1\r\na\r\n0\r\n\r\n", b"1 \r\na\r\n0\r\n\r\n",
                b"g\r\n", b"\r\n\r\n", b"1\r\nabc\r\n0\r\n\r\n",
                b"ffffffffffffffff1\r\na\r\n", b"1\r\na0\r\n\r\n",
                b"fffffffffffffffff\r\na\r\n", b"1_0\r\na\r\n",
                b"0\r\nContent-Length: 9\r\n\r\n",
                b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
                b"0\r\nHost: b\r\n\r\n")],
    # 3: request lines.
    ("no Host", b"POST /v1/x HTTP/1.1\r\n\r\n"),
    ("two Hosts", HEAD + b"Host: b\r\n\r\n"),
    ("Host against target", b"POST http://b/v1/x HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("Host with a path", b"POST /v1/x HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    ("Host with a user", b"POST /v1/x HTTP/1.1\r\nHost: b@a\r\n\r\n"),
    ("two blanks", b"POST  /v1/x HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a tab", b"POST\t/v1/x HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a blank at the end", b"POST /v1/x HTTP/1.1 \r\nHost: a\r\n\r\n"),
    ("no version", b"POST /v1/x\r\n"),
    ("lower case version", b"POST /v1/x http/1.1\r\nHost: a\r\n\r\n"),
    ("HTTP/1.10", b"POST /v1/x HTTP/1.10\r\nHost: a\r\n\r\n"),
    ("HTTP/0.9", b"POST /v1/x HTTP/0.9\r\nHost: a\r\n\r\n"),
    ("HTTP/3.0", b"POST /v1/x HTTP/3.0\r\nHost: a\r\n\r\n"),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("a tunnel", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
    ("a method with a slash", b"PO/ST /v1/x HTTP/1.1\r\nHost: a\r\n\r\n"),
    # 9110 10.1.1 and repeated fields that decide what is read.
    ("an expectation", HEAD + b"Expect: 101\r\nContent-Length: 2\r\n\r\nab"),
    ("two types", HEAD + b"Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n"),
    ("two encodings", HEAD + b"Content-Encoding: identity\r\n"
     b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab"),
]

# Targets that kt refuses: they could be read as another path.
BAD_TARGETS = [
    b"/v1/messages/../files", b"/v1/./messages", b"/v1/messages/..",
    b"/v1/%2e%2e/x", b"/v1/.%2E/x", b"/v1/messages%00", b"/v1/x%00/../y",
    b"/v1/x?a=%00", b"/v1/%0d%0aHost:%20b", b"/v1/x%0a", b"/v1/x%7f",
    b"/v1/x%1b", b"/v1\\messages", b"/v1/x\x01", b"/v1/x\x7f", b"/v1/x\xff",
    b"/v1/x#y", b"/v1/x%", b"/v1/x%4", b"/v1/x%zz", b"v1/x", b"*", b"//b/..",
    b"http://a@b/v1/x", b"ftp://a/v1/x", b"", b"/v1/x%u0041",
    b"/v1/files/x%2f..%2fy", b"/%2f..%2f", b"/v1/x%5C..", b"/v1%2F%2e/x",
]

# Other spellings of a path that is an endpoint: nobody is asked.
UNCLEAR = [
    b"/v1/messages%2fcount_tokens", b"/v1/message%73", b"/v1/messages/",
    b"/v1//messages", b"/v1/messages;a=b",
    b"//v1/messages;a=b", b"/v1%5cmessages",
]

# Targets that go up byte for byte, and the endpoint that is recorded.
TARGETS = [
    (b"/v1/messages", "messages"),
    (b"/v1/messages?beta=true", "messages"),
    (b"/v1/messages?a=/../&b=%2e%2e&c=?", "messages"),
    (b"/v1/messages/count_tokens", "count_tokens"),
    (b"/V1/messages", "passthrough"),
    (b"/v1/message/", "passthrough"),
    (b"/v1//message;a=b", "passthrough"),
    (b"/v1/mes%2fsages", "passthrough"),
    (b"/v1/...", "passthrough"),
    (b"/v1/..a/b..", "passthrough"),
    (b"/a%20b+c%C3%A4%25", "passthrough"),
    (b"/~a!$&'()*,=:@-._", "passthrough"),
]

ROUTES = {"/v1/messages": "messages",
          "/v1/messages/count_tokens": "count_tokens", "*": "passthrough"}
BODY = json.dumps({"model": "m", "max_tokens": 1, "messages": [
    {"role": "user", "content": "hi"}]}).encode()


@contextlib.contextmanager
def open_gateway(**more):
    with Upstream(lambda _: whole({"input_tokens": 1})) as up, gateway.Gateway(
            gateway.config([gateway.target("up", up)], chain=[],
                           routes=ROUTES, **more)) as kt:
        yield kt, up


def tell(port, raw):
    """Everything that comes back until the gateway ends the connection."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as sock:
        got = b""
        try:
            sock.sendall(raw)
            while True:
                more = sock.recv(65536)
                if not more:
                    return got
                got += more
        except socket.timeout:
            raise AssertionError("%r stays open: %r" % (raw, got))
        except ConnectionError:
            return got


def statuses(got):
    return [int(s) for s in re.findall(rb"HTTP/1\.1 (\d+) ", got)]


def what_is_ambiguous_is_refused_and_nothing_behind_it_is_served():
    with open_gateway() as (kt, up):
        for what, raw in REFUSED:
            got = tell(kt.port, raw + SMUGGLED)
            assert all(s >= 400 for s in statuses(got)), "%s: %r" % (what, got)
            assert not up.taken(), "%s: %r went up" % (what, up.taken())


def each_refusal_leaves_a_reject_record():
    with open_gateway() as (kt, _):
        for n, (what, raw) in enumerate(REFUSED):
            said = statuses(tell(kt.port, raw))
            record = kt.call(n + 1, kind="reject")
            assert set(said) <= {record["http_status"]}, (what, said, record)
        assert len(kt.records("reject")) == len(REFUSED)


def a_target_with_two_readings_is_refused():
    with open_gateway() as (kt, up):
        for target in BAD_TARGETS:
            got = tell(kt.port, b"GET " + target
                       + b" HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED)
            assert not up.taken(), "%r: %r" % (target, up.taken())
            assert statuses(got)[:1] == [400], "%r: %r" % (target, got)


def a_path_that_others_read_as_an_endpoint_is_not_served():
    with open_gateway() as (kt, up):
        for target in UNCLEAR:
            got = tell(kt.port, b"POST " + target
                       + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                       b"Content-Type: application/json\r\n"
                       b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
            assert statuses(got) == [404], "%r: %r" % (target, got)
            assert b"read it as another path" in got, got
        assert not up.taken(), up.taken()


def the_path_that_is_sent_is_the_path_that_is_routed_and_recorded():
    with open_gateway() as (kt, up):
        for n, (target, endpoint) in enumerate(TARGETS):
            got = tell(kt.port, b"POST " + target
                       + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                       b"Content-Type: application/json\r\n"
                       b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
            assert statuses(got), "%r: %r" % (target, got)
            taken = up.taken()
            assert len(taken) == n + 1, "%r: %r" % (target, got)
            same(taken[-1].target.encode("latin-1"), target, "targets")
            told = kt.call(n + 1)
            assert told["endpoint"] == endpoint, (target, told)
            assert told["path"].encode() == target.partition(b"?")[0], told


def the_body_of_a_refused_request_is_never_read_as_a_request():
    body = SMUGGLED * 3
    with open_gateway(gateway={"max_body_bytes": 1024}) as (kt, up):
        for start, extra, length, status in (
                (b"DELETE /v1/messages", b"", len(body), 405),
                (b"POST /v1/messages", b"Content-Encoding: br\r\n",
                 len(body), 415),
                (b"POST /v1/messages", b"", 100000, 413),
                (b"POST /v1/messages", b"Content-Encoding: br\r\n", 100000,
                 415)):
            raw = (start + b" HTTP/1.1\r\nHost: a\r\n" + extra
                   + b"Content-Length: %d\r\n\r\n" % length + body)
            got = tell(kt.port, raw + LAST)
            is_read = length == len(body)  # whole: the connection goes on
            assert statuses(got) == [status] + [200] * is_read, (start, got)
            assert not up.taken(), up.taken()


def pipelined_requests_are_answered_in_order_and_once():
    with open_gateway() as (kt, up):
        raw = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i
                       for i in range(5))
        got = tell(kt.port, raw + LAST)
        assert statuses(got) == [200] * 6, got
        assert [r.target for r in up.taken()] == ["/%d" % i for i in range(5)]


def what_a_client_names_in_connection_stays_on_its_hop():
    with open_gateway() as (kt, up):
        tell(kt.port, b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop"
             b"\r\nX-Hop: 1\r\nX-End: 2\r\nKeep-Alive: 9\r\nTE: trailers\r\n"
             b"Upgrade: h2c\r\nHTTP2-Settings: AA\r\nProxy-Connection: x\r\n"
             b"\r\n")
        headers = up.taken()[0].headers
        assert headers.get("x-end") == "2", headers
        for name in ("x-hop", "keep-alive", "te", "upgrade",
                     "proxy-connection", "connection"):
            assert headers.get(name) in (None, "keep-alive"), (name, headers)


# What libmicrohttpd hides between chunks; it goes up as the body of one
# request in kt's own framing, so that nobody behind kt can differ.
HIDDEN = [
    ("a bare LF ends a chunk", b"5\nhello\n0\n\n", True),
    ("a bare LF ends the body", b"5\r\nhello\r\n0\r\n\n", True),
    ("an extension without a name", b"5;\r\nhello\r\n0\r\n\r\n", True),
    ("an extension in the last chunk", b"5\r\nhello\r\n0;a\r\n\r\n", True),
    ("a bare CR in an extension", b"5;a=\rb\r\nhello\r\n0\r\n\r\n", True),
    ("a bare LF in an extension", b"5;a=\"\n\"\r\nhello\r\n0\r\n\r\n", False),
    ("a trailer that is no field", b"5\r\nhello\r\n0\r\nabc\r\n\r\n", False),
    ("a trailer with a control", b"5\r\nhello\r\n0\r\na: \x01\r\n\r\n", True),
    ("a NUL in a trailer", b"5\r\nhello\r\n0\r\na: \0b\r\n\r\n", True),
    ("a folded trailer", b"5\r\nhello\r\n0\r\na: b\r\n c\r\n\r\n", True),
    ("leading zeros of a chunk", b"0005\r\nhello\r\n00\r\n\r\n", True),
]


def the_known_limits_of_chunk_framing_are_exactly_these():
    with open_gateway() as (kt, up):
        for what, chunks, is_let_through in HIDDEN:
            up.forget()
            got = tell(kt.port, CHUNKED.replace(
                b"Host: a", b"Host: a\r\nConnection: close") + chunks)
            assert (statuses(got) == [200]) == is_let_through, "%s: %r" % (
                what, got)
            assert len(up.taken()) == is_let_through, what
            for request in up.taken():
                same(request.body, b"hello", what)


def no_value_splits_the_head_that_goes_up():
    with open_gateway() as (kt, up):
        for bad in (b"a\rX: y", b"a\nX: y", b"a\0X: y", b"a\x0bb",
                    b"a\r\n X: y"):
            tell(kt.port, b"GET /x HTTP/1.1\r\nHost: a\r\nX-A: " + bad
                 + b"\r\n\r\n")
        assert not up.taken(), up.taken()[0].raw_head


run_all([
    what_is_ambiguous_is_refused_and_nothing_behind_it_is_served,
    each_refusal_leaves_a_reject_record,
    a_target_with_two_readings_is_refused,
    a_path_that_others_read_as_an_endpoint_is_not_served,
    the_path_that_is_sent_is_the_path_that_is_routed_and_recorded,
    the_body_of_a_refused_request_is_never_read_as_a_request,
    pipelined_requests_are_answered_in_order_and_once,
    what_a_client_names_in_connection_stays_on_its_hop,
    the_known_limits_of_chunk_framing_are_exactly_these,
    no_value_splits_the_head_that_goes_up,
])

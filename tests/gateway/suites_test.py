"""Every request of two public parser suites, whole and byte by byte.

A gateway that passes all paths on is asked; what its upstream received is
the judge of what was let through.  KNOWN lists the differences, with reasons:
whoever changes a verdict of kt changes a line there.
"""
import csv
import functools
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import gateway
from tap import CORPORA, PATIENCE, Skip, run_all
from upstream import Upstream, whole
from wire import Broken, Reader

SUITES = os.path.join(CORPORA, "http-parser-suites")
SILENCE = 2  # seconds without an answer: kt waits for more
LONG = 20    # the same, where that would be news

# Refused by a suite, let through by kt.
LET_THROUGH = (
    ("kt's head has 11 KiB, their limits are smaller (RFC 9110 5.4)",
     "gunicorn/invalid/006 gunicorn/invalid/007"
     " gunicorn/invalid/009 gunicorn/invalid/017"),
    ("any token is a method (RFC 9110 9.1) and passthrough takes all",
     "gunicorn/invalid/003c llhttp/request/invalid-04"),
    ("what follows a closing request is never read (RFC 9112 9.6)",
     "llhttp/request/connection-03"),
    ("known limit: libmicrohttpd skips chunk extensions (RFC 9112 7.1.1)",
     "gunicorn/invalid/chunked_14 llhttp/request/transfer-encoding-09"),
)

# Let through by a suite, refused by kt.
REFUSED = (
    ("a Host that is no name and port (RFC 9112 3.2, 9110 7.2)",
     "gunicorn/valid/002 gunicorn/valid/003 llhttp/request/sample-03"
     " llhttp/request/sample-04"),
    ("bytes that a target must escape, fragments (RFC 9112 3.2, 3986 2)",
     "gunicorn/valid/005 gunicorn/valid/027 llhttp/request/uri-01"
     " llhttp/request/uri-08"),
    ("forms of a target that ask for a proxy or a tunnel (RFC 9112 3.2.2-4)",
     "gunicorn/valid/rfc9112_target_absolute_userinfo_01"
     " gunicorn/valid/rfc9112_target_asterisk_options_01"
     " gunicorn/valid/rfc9112_target_authority_connect_01"
     " gunicorn/valid/rfc9112_target_authority_ipv6_01"
     " llhttp/request/method-02 llhttp/request/method-03"
     " llhttp/request/method-04 llhttp/request/method-05"
     " llhttp/request/uri-03 llhttp/request/uri-04 llhttp/request/uri-06"
     " llhttp/request/uri-09 llhttp/request/uri-10"),
    ("codings other than chunked alone (RFC 9112 6.1, 501 or 400)",
     "gunicorn/valid/009 gunicorn/valid/025 gunicorn/valid/025_line"
     " gunicorn/valid/029 gunicorn/valid/030"
     " gunicorn/valid/rfc9112_smuggle_gzip_chunked_01"
     " gunicorn/valid/rfc9112_smuggle_te_identity_chunked_01"
     " llhttp/request/transfer-encoding-20"
     " llhttp/request/transfer-encoding-21"),
    ("no version, or another protocol's (RFC 9112 2.3)",
     "llhttp/request/method-12 llhttp/request/method-13"
     " llhttp/request/method-14 llhttp/request/sample-10"),
    ("a body that is shorter than its length is waited for (RFC 9112 6.3)",
     "gunicorn/valid/099 llhttp/request/content-length-16"),
    ("the page / is kt's own, for GET and HEAD (RFC 9110 15.5.6)",
     "llhttp/request/connection-08 llhttp/request/method-08 "
     + " ".join("llhttp/request/pausing-%02d" % i for i in range(1, 14))),
)


def cases():
    path = os.path.join(SUITES, "expected.tsv")
    if not os.path.exists(path):
        raise Skip("the corpus is not here")
    with open(path) as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    return [r for r in rows if r["kind"] == "request"]


def content(row):
    with open(os.path.join(SUITES, row["file"]), "rb") as f:
        return f.read()


def with_host(raw):
    """RAW with a Host field, where a request of HTTP/1.1 has none: else
    every verdict would be about that."""
    line, end, rest = raw.lstrip(b"\r\n").partition(b"\r\n")
    if b"HTTP/1.1" not in line or b"\nhost" in raw.lower():
        return raw
    return line + end + b"Host: a" + end + rest


def send(sock, raw, is_bytewise):
    try:
        if is_bytewise:
            for i in range(len(raw)):
                sock.send(raw[i:i + 1])
        else:
            sock.sendall(raw)
    except OSError:
        pass  # refused and closed before all was said


def answers(sock, silence):
    """The statuses on this connection until it ends or falls silent."""
    reader, out = Reader(sock), []
    sock.settimeout(silence)
    try:
        while True:
            start, headers, _ = reader.head()
            out.append(int(start.split(" ")[1]))
            sum(len(p) for p in reader.body(headers, True))
    except socket.timeout:
        out.append("waits")
    except (Broken, OSError, ValueError):
        out.append("closed")
    return out


def ask(port, raw, is_bytewise=False, silence=SILENCE):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        send(sock, raw, is_bytewise)
        return answers(sock, silence)


@functools.lru_cache(maxsize=None)
def heard():
    """{file: (its row, statuses whole, byte by byte, and with a Host)}"""
    rows = cases()

    def asked(row, silence):
        raw = content(row)
        return (row, ask(kt.port, raw, False, silence),
                ask(kt.port, raw, True, silence),
                ask(kt.port, with_host(raw), False, silence))

    def each(row):
        got = asked(row, SILENCE)
        return got if is_no_news(*got) else asked(row, LONG)

    with Upstream(lambda _: whole(b"{}")) as up, gateway.Gateway(
            gateway.config([gateway.target("up", up)], chain=[],
                           routes={"*": "passthrough"})) as kt:
        with ThreadPoolExecutor(96) as pool:
            out = {row["file"]: (row, *rest)
                   for row, *rest in pool.map(each, rows)}
        assert ask(kt.port, b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200
    return out


def is_no_news(row, at_once, bytewise, hosted):
    """Whatever the cutting, and as the suite or a list here says?"""
    is_let_through = row["upstream_verdict"] == "accept"
    is_listed = row["file"][:-4] in listed(LET_THROUGH + REFUSED)
    return at_once == bytewise and (
        not is_default(row) or
        row["upstream_verdict"] not in ("accept", "reject") or
        (hosted[0] == 200) == (is_let_through != is_listed))


def no_file_harms_and_any_cutting_is_answered_alike():
    for file, (_, at_once, bytewise, _) in heard().items():
        assert at_once == bytewise, "%s: %s, in bytes %s" % (
            file, at_once, bytewise)


def is_default(row):
    return row["mode"] in ("-", "strict")


def differs(verdict, is_let_through):
    """The files of this verdict that kt treats in the other way."""
    return {file[:-4] for file, (row, *_, hosted) in heard().items()
            if row["upstream_verdict"] == verdict and is_default(row)
            and (hosted[0] == 200) == is_let_through}


def listed(groups):
    names = [name for _, files in groups for name in files.split()]
    assert len(names) == len(set(names)), "a file is listed twice"
    return set(names)


def what_a_suite_refuses_is_refused():
    got, known = differs("reject", True), listed(LET_THROUGH)
    assert got == known, "new %s, gone %s" % (got - known, known - got)


def what_a_suite_lets_through_is_let_through():
    got, known = differs("accept", False), listed(REFUSED)
    assert got == known, "new %s, gone %s" % (got - known, known - got)


def without_a_host_nothing_of_http_1_1_is_served():
    for file, (row, at_once, _, _) in heard().items():
        raw = content(row)
        if with_host(raw) != raw:
            assert 200 not in at_once, "%s: %s" % (file, at_once)


run_all([
    no_file_harms_and_any_cutting_is_answered_alike,
    what_a_suite_refuses_is_refused,
    what_a_suite_lets_through_is_let_through,
    without_a_host_nothing_of_http_1_1_is_served,
])

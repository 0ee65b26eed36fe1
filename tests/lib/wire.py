"""wire - HTTP/1.1 as bytes, so that a test sees exactly what crossed.

Knows:    how a message is framed; one request per connection unless told.
Does not: normalise, retry, follow, decode.
Promises: names, values and bodies are given back as they came; pieces of a
          body keep the time at which they came.
"""
import json
import select
import socket
import time

from tap import PATIENCE


class Broken(Exception):
    """The peer ended in the middle of a message."""


class Headers(list):
    """(name, value) in order and case of arrival."""

    def get(self, name, default=None):
        return next((v for n, v in self if n.lower() == name.lower()), default)

    def all(self, name):
        return [v for n, v in self if n.lower() == name.lower()]


class Reader:
    def __init__(self, sock):
        self.sock = sock
        self.kept = b""

    def more(self):
        got = self.sock.recv(65536)
        if not got:
            raise Broken("closed")
        self.kept += got

    def until(self, mark):
        while mark not in self.kept:
            self.more()
        got, self.kept = self.kept.split(mark, 1)
        return got + mark

    def some(self, n):
        if not self.kept:
            self.more()
        got, self.kept = self.kept[:n], self.kept[n:]
        return got

    def exactly(self, n):
        while len(self.kept) < n:
            self.more()
        got, self.kept = self.kept[:n], self.kept[n:]
        return got

    def head(self):
        """Start line, headers and the raw head."""
        raw = self.until(b"\r\n\r\n")
        lines = raw.decode("latin-1").split("\r\n")[:-2]
        headers = Headers()
        for line in lines[1:]:
            name, value = line.split(":", 1)
            headers.append((name, value.strip(" \t")))
        return lines[0], headers, raw

    def chunks(self):
        while True:
            n = int(self.until(b"\r\n").split(b";")[0], 16)
            if n == 0:
                self.until(b"\r\n")
                return
            left = n
            while left:
                piece = self.some(left)
                left -= len(piece)
                yield piece
            if self.exactly(2) != b"\r\n":
                raise Broken("a chunk without its end")

    def body(self, headers, is_answer):
        if "chunked" in (headers.get("transfer-encoding") or "").lower():
            yield from self.chunks()
        elif headers.get("content-length") is not None:
            left = int(headers.get("content-length"))
            while left:
                piece = self.some(left)
                left -= len(piece)
                yield piece
        elif is_answer:
            while True:
                try:
                    yield self.some(65536)
                except Broken:
                    return


class Response:
    def __init__(self):
        self.status = 0
        self.headers = Headers()
        self.raw_head = b""
        self.pieces = []  # (seconds since the request was sent, bytes)
        self.is_whole = False  # the framing says that nothing is missing

    @property
    def body(self):
        return b"".join(p for _, p in self.pieces)

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "<%d %r whole=%s %r>" % (
            self.status, list(self.headers), self.is_whole, self.body[:300])


def has_more(sock, seconds=0):
    """Bytes or the end wait to be read, or come within so many seconds."""
    poll = select.poll()  # select knows no descriptor above 1,023
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def is_closed(sock):
    """The peer has closed; bytes that wait to be read are not an end."""
    if not has_more(sock):
        return False
    try:
        return sock.recv(1, socket.MSG_PEEK) == b""
    except ConnectionError:
        return True


class Connection:
    def __init__(self, port, host="127.0.0.1"):
        self.sock = socket.create_connection((host, port), timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.sock)
        self.host = "%s:%d" % (host, port)

    def send(self, raw):
        self.sock.sendall(raw)

    def request(self, method, target, headers=(), body=None, pieces=None):
        """PIECES of the body go out as chunks; BODY with its length."""
        head = ["%s %s HTTP/1.1" % (method, target), "Host: " + self.host]
        head += ["%s: %s" % h for h in headers]
        if pieces is not None:
            head.append("Transfer-Encoding: chunked")
        elif body is not None:
            head.append("Content-Length: %d" % len(body))
        raw = ("\r\n".join(head) + "\r\n\r\n").encode("latin-1")
        if pieces is None:
            self.send(raw + (body or b""))
        else:
            self.send(raw)
            for piece in pieces:
                if piece:
                    self.send(b"%x\r\n" % len(piece) + piece + b"\r\n")
            self.send(b"0\r\n\r\n")
        self.sent_at = time.monotonic()

    def answer(self, method="POST", until=None):
        """Reads one answer; UNTIL(response) true stops in the middle.

        A status of 0: the peer closed instead of answering.
        """
        r = Response()
        while r.status < 200:  # interim answers are not the answer
            try:
                start, r.headers, r.raw_head = self.reader.head()
            except (Broken, ConnectionError):
                r.status = 0
                return r
            r.status = int(start.split(" ")[1])
        if method == "HEAD" or r.status in (204, 304):
            r.is_whole = True
            return r
        try:
            for piece in self.reader.body(r.headers, True):
                r.pieces.append((time.monotonic() - self.sent_at, piece))
                if until and until(r):
                    return r
            r.is_whole = True
        except (Broken, ConnectionError):
            pass
        return r

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


JSON = ("Content-Type", "application/json")


def ask(port, method, target, headers=(), body=None, pieces=None):
    """One request on its own connection."""
    with Connection(port) as c:
        c.request(method, target, headers, body, pieces)
        return c.answer(method)


def post(port, target, document, headers=()):
    """DOCUMENT as JSON; bytes go as they are."""
    if not isinstance(document, bytes):
        document = json.dumps(document).encode()
    return ask(port, "POST", target, [JSON, *headers], document)

"""upstream - a provider on loopback that does as the test's script says.

Knows:    HTTP/1.1 of the server's side; how to misbehave at any byte.
Does not: know what a model is; speech.py writes the answers.
Promises: each request is kept with the exact bytes of its head and body
          before it is answered; the end of the peer is noticed while the
          answer waits, and its time kept.

A script is a function from a Request to an Answer.  The steps of an Answer
are bytes to send, seconds to wait, a threading.Event to wait for, or one of
the words below.
"""
import json
import math
import socket
import threading
import time
from urllib.parse import parse_qsl

from wire import Broken, Headers, Reader, has_more, is_closed

CUT = "cut"    # reset the connection here
END = "end"    # close the connection here, in good order for TCP
HANG = "hang"  # wait here until the peer closes


class Request:
    def __init__(self, start, headers, raw_head, body, connection):
        self.method, self.target, _ = start.split(" ")
        self.path, _, self.query = self.target.partition("?")
        self.headers, self.raw_head, self.body = headers, raw_head, body
        self.connection = connection  # a number per TCP connection
        self.at = time.monotonic()
        self.done = 0            # the step of the answer that goes
        self.closed_at = None    # when the peer was seen to be gone
        self.answered_at = None  # when the last step was done

    def json(self):
        return json.loads(self.body)

    def parameters(self):
        return dict(parse_qsl(self.query))

    def __repr__(self):
        return "<%s %s %d>" % (self.method, self.target, len(self.body))


class Answer:
    """framing: length, chunked, close (until the end), or raw (no head)."""

    def __init__(self, status=200, headers=(), steps=(), framing=None):
        self.status, self.headers = status, list(headers)
        self.steps = [steps] if isinstance(steps, bytes) else list(steps)
        is_plain = all(isinstance(s, bytes) for s in self.steps)
        self.framing = framing or ("length" if is_plain else "chunked")

    def head(self):
        lines = ["HTTP/1.1 %d Scripted" % self.status]
        lines += ["%s: %s" % h for h in self.headers]
        if self.framing == "length":
            n = sum(len(s) for s in self.steps if isinstance(s, bytes))
            lines.append("Content-Length: %d" % n)
        elif self.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        elif self.framing == "close":
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def whole(document, status=200, headers=()):
    """DOCUMENT as JSON; bytes go as they are."""
    if not isinstance(document, bytes):
        document = json.dumps(document).encode()
    return Answer(
        status, [("Content-Type", "application/json"), *headers], document)


def stream(steps, headers=(), framing="chunked"):
    return Answer(200, [("Content-Type", "text/event-stream"), *headers],
                  steps, framing)


class Upstream:
    def __init__(self, script):
        self.script = script
        self.requests = []
        self._lock = threading.Lock()
        self._open = set()
        self._connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % self.port
        self._is_over = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._is_over = True
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        with self._lock:
            for sock in self._open:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def taken(self, path=None):
        """The requests so far, of one path or all; the list is a copy."""
        with self._lock:
            return [r for r in self.requests if path in (None, r.path)]

    def forget(self):
        with self._lock:
            self.requests = []

    def _accept(self):
        while not self._is_over:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections += 1
                number = self._connections
                self._open.add(sock)
            threading.Thread(
                target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock, number):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            reader = Reader(sock)
            while self._one(sock, reader, number):
                pass
        except (Broken, OSError):
            pass
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()

    def _one(self, sock, reader, number):
        start, headers, raw = reader.head()
        if (headers.get("expect") or "").lower() == "100-continue":
            sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = b"".join(reader.body(headers, False))
        request = Request(start, headers, raw, body, number)
        with self._lock:
            self.requests.append(request)
        answer = self.script(request)
        try:
            return self._send(sock, request, answer)
        except OSError:
            request.closed_at = request.closed_at or time.monotonic()
            return False
        finally:
            request.answered_at = time.monotonic()

    def _send(self, sock, request, answer):
        is_chunked = answer.framing == "chunked"
        if answer.framing != "raw":
            sock.sendall(answer.head())
        for request.done, step in enumerate(
                answer.steps if request.method != "HEAD" else ()):
            if isinstance(step, bytes):
                if is_chunked and step:
                    step = b"%x\r\n" % len(step) + step + b"\r\n"
                sock.sendall(step)
            elif step == CUT:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                b"\x01\0\0\0\0\0\0\0")
                return False
            elif step == END:
                return False
            elif not self._wait(sock, request, step):
                return False
        if is_chunked and request.method != "HEAD":
            sock.sendall(b"0\r\n\r\n")
        return answer.framing in ("length", "chunked")

    def _wait(self, sock, request, step):
        """False when the peer went away meanwhile."""
        event = step if isinstance(step, threading.Event) else None
        end = time.monotonic() + (
            math.inf if event or step == HANG else step)
        while not self._is_over:
            left = end - time.monotonic()
            if left <= 0 or event and event.is_set():
                return True
            has_more(sock, min(left, 0.02 if event else 0.2))
            if is_closed(sock):
                request.closed_at = time.monotonic()
                return False
            if left > 0.05 and has_more(sock):
                time.sleep(0.02)  # bytes of a next request wait
        return False


_taken = []


def nobody():
    """A URL where nobody listens, nor will: its port stays taken."""
    _taken.append(socket.socket())
    _taken[-1].bind(("127.0.0.1", 0))
    return "http://127.0.0.1:%d" % _taken[-1].getsockname()[1]


__all__ = ["Answer", "CUT", "END", "HANG", "Headers", "Request", "Upstream",
           "nobody", "stream", "whole"]

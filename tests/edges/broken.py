"""broken - answers that are none, in each way that an upstream may fail."""
import speech
from calls import events_of
from upstream import CUT, END, Answer

JSON = ("Content-Type", "application/json")
SSE = ("Content-Type", "text/event-stream")


def broken_wholes(form):
    good = speech.compact(speech.message("hello") if form == "anthropic"
                          else speech.completion("hello"))
    first = good.index(b":")
    twice = good[:-1] + b"," + good[1:first] + b":1}"
    for name, answer in (
            ("empty", Answer(200, [JSON], b"")),
            ("cut JSON", Answer(200, [JSON], good[:-9])),
            ("two documents", Answer(200, [JSON], good + good)),
            ("not JSON", Answer(200, [JSON], b"<html>hello</html>")),
            ("HTML", Answer(200, [("Content-Type", "text/html")],
                            b"<html>hello</html>")),
            ("not UTF-8", Answer(200, [JSON], good.replace(
                b"hello", b"hel\xfflo"))),
            ("equal names", Answer(200, [JSON], twice)),
            ("an array", Answer(200, [JSON], b"[]")),
            ("reset in the body", Answer(
                200, [JSON], [good[:20], CUT], "chunked")),
            ("a short body", Answer(
                200, [JSON, ("Content-Length", "%d" % len(good))],
                [good[:20], END], "none")),
            ("reset before the head", Answer(steps=[CUT], framing="raw")),
            ("closed before the head", Answer(steps=[END], framing="raw")),
            ("not HTTP", Answer(steps=[b"what?\r\n\r\n", END],
                                framing="raw"))):
        yield name, answer


def broken_streams(form):
    """(name, the events before the fault, the steps of the fault)"""
    events = events_of(form, "hello there", 4)
    head, rest = events[:4], events[4:]
    line = (b"event: content_block_delta\n" if form == "anthropic" else b"")
    bad = line + b"data: "
    for name, steps in (
            ("reset", [CUT]),
            ("an early end", [END]),
            ("half an event", [rest[0][:len(rest[0]) // 2], CUT]),
            ("half an event and a clean end", [rest[0][:-9]]),
            ("a clean end without the last event", rest[:-1]),
            ("not JSON", [bad + b"{nonsense\n\n", *rest]),
            ("equal names", [bad + b'{"type":"ping","type":"ping"}\n\n',
                             *rest]),
            ("not UTF-8", [rest[0].replace(b'":"', b'":"\xff', 1), *rest]),
            ("a lone surrogate", [rest[0].replace(b'":"', b'":"\\udc00', 1),
                                  *rest])):
        yield name, head, steps

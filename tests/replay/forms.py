"""forms - one JSON document in the many bytes that it may have.

Promises: each form parses to the same document, numbers aside; no two forms
          are equal for a document that has a string and an object.
"""
import json

# What a double cannot hold, and what no schema knows.
ODD = ('{"kt_unknown":{"a":1e400,"b":-0,"c":12345678901234567890,'
       '"d":1.0,"e":1E+2,"f":-0.0,"g":0.10000000000000000555,'
       '"h":[],"i":{},"":"","\\u0000":"\\u0000\\ud83d\\ude00\\/"},')


def compact(d):
    return json.dumps(d, separators=(",", ":"), ensure_ascii=False).encode()


def _escaped(d):
    """Every character of each string as an escape, names included."""
    if isinstance(d, str):
        units = d.encode("utf-16-be")
        return '"%s"' % "".join(
            "\\u%02X%02x" % (units[i], units[i + 1])
            for i in range(0, len(units), 2))
    if isinstance(d, dict):
        return "{%s}" % ",".join(
            _escaped(k) + ":" + _escaped(v) for k, v in d.items())
    if isinstance(d, list):
        return "[%s]" % ",".join(map(_escaped, d))
    return json.dumps(d)


def odd(d):
    """Numbers and keys that nobody knows: first, last and inside."""
    text = ODD.encode() + compact(d)[1:]
    text = text.replace(b'"messages":[{', b'"messages":[' + ODD.encode())
    return text.replace(b'"input":[{', b'"input":[' + ODD.encode())


def all_forms(d):
    yield "compact", compact(d)
    yield "pretty", json.dumps(d, indent=2, ensure_ascii=False).encode()
    yield "CRLF and tabs", b"\r\n" + json.dumps(
        d, indent="\t", ensure_ascii=False).replace("\n", "\r\n").encode() \
        + b"\t\r\n "
    yield "plain escapes", json.dumps(d).encode()
    yield "odd numbers and keys", odd(d)
    # Six bytes for one: only where that stays a request and not a flood.
    if len(compact(d)) < 150000:
        yield "all escapes", _escaped(d).encode()

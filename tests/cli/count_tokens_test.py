#!/usr/bin/env python3
"""kt count-tokens: as the reference counts, and what it says of the rest."""
import hashlib
import json
import os
import struct
import subprocess
import tempfile
import zlib
from base64 import b64encode

import tap

KT = os.path.join(tap.BUILDDIR, "kt")
t = tap.Tap()


def run(*args, stdin=b""):
    p = subprocess.run([KT, "count-tokens", *args], input=stdin,
                       capture_output=True, timeout=tap.PATIENCE)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def vectors(folder):
    for name in ("cl100k_base", "o200k_base", "claude"):
        with open(os.path.join(folder, name + ".jsonl"), "rb") as f:
            data = f.read()
        code, out, err = run("--as", "jsonl", "--ids", "--encoding", name,
                             stdin=data)
        wanted = [json.loads(line) for line in data.splitlines()]
        got = [json.loads(line) for line in out.splitlines()]
        bad = [w["cat"] for w, g in zip(wanted, got)
               if w["n_tokens"] != g["n_tokens"] or not g["exact"] or
               hashlib.sha256(",".join(map(str, g["ids"])).encode())
               .hexdigest() != w["tokens_sha256"]]
        if code != 0 or bad or len(got) != len(wanted):
            return "%s: exit %d, wrong: %s %s" % (name, code, bad[:5], err)
    return ""


why = vectors(os.path.join(tap.SRCDIR, "tests/data/tokens"))
t.ok(not why, "a_batch_has_the_ids_of_the_reference", why)
shared = os.path.join(tap.CORPORA, "tokens")
if os.path.isdir(shared):
    why = vectors(shared)
    t.ok(not why, "every_script_has_the_ids_of_the_reference", why)
else:
    t.skip("every_script_has_the_ids_of_the_reference", "no " + shared)

for model, family in (("o3-mini", None), ("chatgpt-4o-latest", None),
                      ("llama-3", "other"), ("nosuch", "other")):
    _, said, _ = run("--model", model, "--json", stdin=b"Hello, world")
    said = json.loads(said)
    t.ok(said["exact"] == (family is None) and said.get("family") == family,
         "%s is %s" % (model, family or "exact"), said)

code, out, err = run("--model", "gpt-4o", stdin=b"Hello, world")
t.ok((code, out) == (0, "3\n"), "a_count_for_people_is_a_number", out + err)
code, out, err = run("--model", "claude-opus-4-8", "--json",
                     stdin=b"Hello, world")
got = json.loads(out)
t.ok(got["exact"] is False and got["family"] == "claude-4.7" and
     got["low"] < got["n_tokens"] < got["high"],
     "what_nobody_publishes_is_called_an_estimate_with_its_band", out)

for args, want in (
        (["--ids"], "is not public; --encoding"),
        (["--model", "gpt-4o", "--encoding", "claude"], "not both"),
        (["--encoding", "cl100k"], "cl100k_base, o200k_base or claude"),
        (["--as", "messages", "--ids", "--encoding", "claude"], "--ids"),
        (["--format", "xml"], "text, json or jsonl"),
        (["--as", "prose"], "jsonl wanted")):
    code, out, err = run(*args)
    t.ok(code == 2 and want in err, "misuse: " + " ".join(args), err)
for args, stdin, want in (
        ([], b"abc\xff", "standard input: byte 3 is not UTF-8"),
        (["/nowhere/at/all"], b"", "/nowhere/at/all: No such file"),
        (["--as", "messages"], b'{"a":1,"a":2}', "standard input: "),
        (["--as", "messages"], b"[]", "a request is an object"),
        (["--as", "responses"], b'"hello"', "a request is an object"),
        (["--as", "messages"], b'{"input":"a"}', "no \"messages\""),
        (["--as", "completions"], b'{"messages":"a"}', "not a list"),
        (["--as", "jsonl"], b'{"text":"a"}\n{"txt":"b"}\n{"text":"c"}\n',
         "standard input:2: no \"text\"")):
    code, out, err = run(*args, stdin=stdin)
    t.ok(code == 3 and want in err, "cannot: " + want, err)
t.ok(len(out.splitlines()) == 2, "lines_behind_a_bad_one_are_counted", out)


def png(width, height):
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0,
                                       0)) + chunk(b"IEND", b""))


def count(body, form, *args):
    code, out, err = run("--as", form, "--json", *args,
                         stdin=json.dumps(body).encode())
    return json.loads(out) if code == 0 else {"n_tokens": err}


def said(content, **more):
    return {"model": "claude-sonnet-4-5", "max_tokens": 9,
            "messages": [{"role": "user", "content": content}], **more}


plain = count(said("Hello"), "messages")["n_tokens"]
source = {"type": "base64", "media_type": "image/png",
          "data": b64encode(png(280, 560)).decode()}
image = count(said([{"type": "text", "text": "Hello"},
                    {"type": "image", "source": source}]), "messages")
t.ok(image["n_tokens"] - plain == 10 * 20,
     "an_image_counts_28_by_28_pixels_a_token", image)
tool = {"name": "get_weather", "description": "The weather of a place",
        "input_schema": {"type": "object", "properties": {
            "place": {"type": "string"}}}}
tools = count(said("Hello", tools=[tool]), "messages")["n_tokens"]
t.ok(plain + 346 < tools < plain + 500, "tools_cost_their_frame_and_text",
     tools)
system = count(said("Hello", system="Be short."), "messages")["n_tokens"]
t.ok(plain < system < plain + 10, "system_text_is_counted", system)
body = {"model": "gpt-4o", "messages": [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": "Hello"}]}
got = count(body, "completions")
# 3 for the answer; 3 and the role for each message; "Be short." is 3 tokens.
t.ok(got["n_tokens"] == 3 + 4 + 3 + 4 + 1 and got["exact"],
     "messages_of_openai_are_counted_by_the_published_rule", got)

with tempfile.TemporaryDirectory() as d:
    names = []
    for i, text in enumerate((b"one", b"one two")):
        names.append(os.path.join(d, "file%d" % i))
        with open(names[-1], "wb") as f:
            f.write(text)
    code, out, err = run("--encoding", "cl100k_base", *names)
    t.ok(out == "1  %s\n2  %s\n" % tuple(names), "many_files_are_named", out)

t.end()

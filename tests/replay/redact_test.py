"""kt session redact on streams: a value is taken out wherever it is cut.

Promises: no cut of a value over events or over the pieces they came in keeps
          it; what holds no value keeps its bytes; a second look finds nothing.
"""
import json
import os
import subprocess
import tempfile

from tap import BUILDDIR, PATIENCE, SRCDIR, run_all

KT = os.path.join(BUILDDIR, "kt")
CARD = "4111 1111 1111 1111"
SAID = "Take %s for it." % CARD
SHIPPED = os.path.join(SRCDIR, "policies", "sessions", "starter.kts")


def kt(*args):
    return subprocess.run([KT, "session", *args], capture_output=True,
                          text=True, timeout=PATIENCE)


def sse(name, **data):
    return "event: %s\ndata: %s\n\n" % (name, json.dumps(
        {"type": name, **data}))


def anthropic(texts):
    return "".join([
        sse("message_start", message={
            "id": "m", "type": "message", "role": "assistant",
            "model": "claude-sonnet-4-5", "content": [],
            "usage": {"input_tokens": 1, "output_tokens": 1}}),
        sse("content_block_start", index=0,
            content_block={"type": "text", "text": ""}),
        *(sse("content_block_delta", index=0,
              delta={"type": "text_delta", "text": t}) for t in texts),
        sse("content_block_stop", index=0), sse("message_stop")])


def openai(texts):
    return "".join(
        "data: %s\n\n" % json.dumps({"id": "c", "choices": [
            {"index": 0, "delta": {"content": t}}]}) for t in texts
    ) + "data: [DONE]\n\n"


def said(form, stream):
    """What a client joins of the texts."""
    text = ""
    for line in stream.splitlines():
        if line.startswith("data: {"):
            data = json.loads(line[6:])
            text += data["choices"][0]["delta"]["content"] \
                if form is openai else data.get("delta", {}).get("text", "")
    return text


def cuts(form):
    """(pieces, events) for each cut of the text, and of the bytes."""
    for at in range(1, len(SAID)):
        stream = form([SAID[:at], SAID[at:]])
        yield [part + "\n\n" for part in stream.split("\n\n")[:-1]]
    stream = form([SAID])
    begin = stream.index(CARD)
    for at in range(begin, begin + len(CARD) + 1):
        yield [stream[:at], stream[at:]]
    yield list(form(list(SAID)))


def session(path, calls):
    """calls: (word of the format, pieces of the answer)."""
    with open(SHIPPED) as f:
        lines = f.read().splitlines()
    first = next(i for i, s in enumerate(lines) if json.loads(s)["k"] == "req")
    call = []
    for line in lines[first:]:
        call.append(json.loads(line))
        if call[-1]["k"] == "end":
            break
    out = [s for s in lines[:first]]
    for n, (word, pieces) in enumerate(calls, 1):
        for one in call:
            if one.get("e") == "body":
                continue
            one = {**one, "n": n}
            if one["k"] == "req":
                one["t"] = n
            if one.get("e") == "up":
                one["format"] = word
            out.append(json.dumps(one))
            if one.get("e") == "head":
                out += [json.dumps({"d": [p], "e": "body", "k": "ev", "n": n,
                                    "t": one["t"]}) for p in pieces]
    with open(path, "w") as f:
        f.write("\n".join(out) + "\n")


def streams(path):
    """Each call's answer, joined."""
    found = {}
    with open(path) as f:
        for line in map(json.loads, f):
            if line.get("e") == "body":
                found[line["n"]] = found.get(line["n"], "") + "".join(
                    line["d"])
    return [found[n] for n in sorted(found)]


def no_cut_of_a_value_keeps_it(form, word):
    calls = [(word, pieces) for pieces in cuts(form)]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s.kts")
        session(path, calls)
        with open(path) as f:
            before = f.read()
        assert [said(form, s) for s in streams(path)] == [SAID] * len(calls)
        r = kt("redact", "--check", path)
        assert r.returncode == 1 and CARD not in r.stdout, r
        assert r.stdout.count("1 finding, ") == len(calls), r.stdout
        # Each is told at a line of its own call.
        lines = before.splitlines()
        told = [json.loads(lines[int(s[len(path) + 1:].split(":")[0]) - 1])
                for s in r.stdout.splitlines()]
        assert sorted(one["n"] for one in told) == \
            list(range(1, len(calls) + 1)), r.stdout
        with open(path) as f:
            assert f.read() == before
        r = kt("redact", path)
        assert r.returncode == 0, r
        for n, stream in enumerate(streams(path), 1):
            text = said(form, stream)
            assert text.startswith("Take <kt|") and text.endswith(
                "> for it.") and len(text) == len("Take <kt|> for it.") + 19, \
                (n, text)
        r = kt("redact", "--check", path)
        assert r.returncode == 0 and r.stdout == "", r


def no_cut_of_a_value_in_messages_keeps_it():
    no_cut_of_a_value_keeps_it(anthropic, "anthropic")


def no_cut_of_a_value_in_completions_keeps_it():
    no_cut_of_a_value_keeps_it(openai, "openai")


def what_holds_no_value_keeps_its_bytes():
    clean = [("anthropic", [anthropic(["4111 1111 ", "nothing"])])]
    # Nothing of these is a whole event, and nobody reads the last of each.
    clean += [(word, [text]) for word in ("anthropic", "openai", "unheard of")
              for text in ("", "data: {", "data: {}\n\n: x\n\ndata: []\n\n",
                           "data: {\n\nevent: y\n\n", "no events")]
    dirty = [("anthropic", [anthropic(["4111 1111 ", "1111 1111"])])]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s.kts")
        session(path, clean + dirty)
        with open(path) as f:
            before = f.read().splitlines()
        assert kt("redact", path).returncode == 0
        with open(path) as f:
            after = f.read().splitlines()
        changed = [i for i, pair in enumerate(zip(before, after))
                   if pair[0] != pair[1]]
        assert len(before) == len(after) and len(changed) == 1, changed
        assert json.loads(before[changed[0]])["n"] == len(clean) + 1, changed


def a_value_behind_what_ends_the_reading_is_found():
    for broken in ("data: {\n\n", "data: []\n\n"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "s.kts")
            session(path, [("anthropic", [
                anthropic(["hello"]), broken, "data: 4111 1111 ",
                "1111 1111"])])
            assert kt("redact", "--check", path).returncode == 1, broken
            assert kt("redact", path).returncode == 0, broken
            assert not any("1111" in s for s in streams(path)), broken


run_all([
    no_cut_of_a_value_in_messages_keeps_it,
    no_cut_of_a_value_in_completions_keeps_it,
    what_holds_no_value_keeps_its_bytes,
    a_value_behind_what_ends_the_reading_is_found,
])

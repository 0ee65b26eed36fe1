"""Claude Code in print mode through kt, with loopback as its only network."""
import base64
import json
import os
import re
import shutil
import struct
import tempfile
import time
import zlib

import speech
from clients import (HERE, IS_DIRECT, Run, Upstream, alone, folder, node,
                     program, through)
from gateway import config, need, shipped, target
from tap import Skip, Tap, eventually, within
from upstream import Answer, stream, whole

FILE = (
    'owner = "dev@example.com"\n'
    'listen = "127.0.0.1:8080"\n'
    "\tphone = +1 202 555 0143  # a comment\n"
    'name = "Zoë — 中文"\n'
    "\n"
    "limit = 10\n")
EDITED = FILE.replace("limit = 10", "limit = 20")


def blocks(body, kind):
    return [b for m in body["messages"] if isinstance(m["content"], list)
            for b in m["content"] if b["type"] == kind]


def text_of(result):
    content = result["content"]
    return content if isinstance(content, str) else "".join(
        b.get("text", "") for b in content)


def file_in(result):
    """What the model sees of a file that was read: lines with numbers."""
    lines = re.findall(r"^ *\d+[\t→](.*)$", text_of(result), re.M)
    return "\n".join(lines)


class Model:
    """Plays one scene; PLAY(n of tool results, body, request) says what."""

    def __init__(self, play):
        self.play = play
        self.seen = []

    def __call__(self, request):
        if request.path == "/v1/messages/count_tokens":
            return whole({"input_tokens": 7})
        if request.path != "/v1/messages":
            return Answer(200 if request.method == "HEAD" else 404)
        body = request.json()
        if not body.get("tools"):
            said = "a title"  # what the client asks beside its turn
        else:
            said = self.play(len(blocks(body, "tool_result")), body, request)
        if isinstance(said, str):
            said = [speech.text(said)]
        if not body.get("stream"):
            return whole(speech.message(said, body["model"]))
        return stream(speech.message_events(said, body["model"], 50))


def binary():
    return program("@anthropic-ai", "claude-code-linux-*", "claude")


def claude(kt, prompt, *more, cwd=None):
    return Run(
        [binary(), "-p", prompt, "--output-format", "json", *more],
        {"ANTHROPIC_BASE_URL": kt.url, "ANTHROPIC_AUTH_TOKEN": "dummy",
         "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
         "DISABLE_AUTOUPDATER": "1"}, cwd)


def said(run):
    assert run.code == 0, run.told()
    result = json.loads(run.out)
    assert not result["is_error"], run.told()
    return result["result"]


def packs(up):
    yield "an open configuration", config([target("up", up)], chain=[])
    for pack in ("starter", "coding-agent"):
        yield pack, shipped(pack, [target("up", up)], "passthrough")


def one_turn(up, kt):
    assert said(claude(kt, "say hi")) == "hi there"
    sent = [r for r in up.taken("/v1/messages") if r.json().get("tools")]
    assert len(sent) == 1, sent
    assert sent[0].headers.all("authorization") == ["Bearer dummy"]
    assert sent[0].query == "beta=true"
    assert sent[0].headers.get("x-claude-code-session-id")
    assert "claude-code-" in sent[0].headers.get("anthropic-beta")
    first = sent[0].json()["system"][0]["text"]
    assert first.startswith("x-anthropic-billing-header:"), first[:80]


def edit_play(folder):
    """Read, edit, then write the whole file from what was seen of it."""
    path, copy = os.path.join(folder, "a.toml"), os.path.join(folder, "b.toml")

    def play(n, body, _):
        results = blocks(body, "tool_result")
        if n == 0:
            return [speech.text("Reading."),
                    speech.tool("Read", {"file_path": path}, "toolu_1")]
        if n == 1:
            return [speech.tool("Edit", {
                "file_path": path, "old_string": "limit = 10",
                "new_string": "limit = 20"}, "toolu_2")]
        if n == 2:
            seen = file_in(results[0])
            if not seen.endswith("\n"):
                seen += "\n"
            return [speech.tool("Write", {
                "file_path": copy, "content": seen}, "toolu_3")]
        return "done: %d results" % n

    return play


def edit_loop(up, kt, folder):
    run = claude(kt, "edit a.toml", "--allowedTools", "Read,Edit,Write",
                 "--permission-mode", "acceptEdits", cwd=folder)
    assert said(run) == "done: 3 results", run.told()
    with open(os.path.join(folder, "a.toml"), newline="") as f:
        got = f.read()
    assert got == EDITED, got
    with open(os.path.join(folder, "b.toml"), newline="") as f:
        got = f.read()
    assert got == FILE, "written from what the model saw: " + got
    for r in up.taken("/v1/messages"):
        for b in blocks(r.json(), "tool_result"):
            assert not b.get("is_error"), b


def png(width, height):
    """A picture with a different colour in each corner."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    rows = b"".join(b"\0" + b"".join(
        bytes((x * 255 // width, y * 255 // height, 128))
        for x in range(width)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height,
                                         8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def image_play(folder):
    def play(n, body, _):
        if n == 0:
            return [speech.tool("Read", {
                "file_path": os.path.join(folder, "a.png")}, "toolu_1")]
        content = blocks(body, "tool_result")[0]["content"]
        seen = [b["source"] for b in content if b["type"] == "image"]
        return "saw %d: %s" % (len(seen), seen[0]["media_type"])

    return play


def image_loop(up, kt, folder):
    run = claude(kt, "look at a.png", "--allowedTools", "Read", cwd=folder)
    assert said(run) == "saw 1: image/png", run.told()
    result = blocks(up.taken("/v1/messages")[-1].json(), "tool_result")[0]
    data = [b for b in result["content"] if b["type"] == "image"][0]["source"]
    with open(os.path.join(folder, "a.png"), "rb") as f:
        assert base64.b64decode(data["data"]) == f.read()
    if not IS_DIRECT:
        # It went through unread, and the record says so.
        last = eventually(lambda: [r for r in kt.records() if any(
            c["role"] == "images" for c in r["components"])], "its record")
        assert last[-1]["decision"] == "pass", last[-1]
        assert "uninspectable" in last[-1]["threats"], last[-1]


def agent_sdk_turn(up, kt):
    sdk = os.path.join(folder(), "node_modules", "@anthropic-ai",
                       "claude-agent-sdk")
    if not os.path.isdir(sdk):
        raise Skip("the agent SDK is not installed")
    run = Run(
        [node(), os.path.join(HERE, "agent_sdk.mjs"), "say hi", binary()],
        {"ANTHROPIC_BASE_URL": kt.url, "ANTHROPIC_AUTH_TOKEN": "dummy",
         "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
         "DISABLE_AUTOUPDATER": "1", "KT_CLIENTS": folder()})
    assert said(run) == "hi there"
    sent = [r for r in up.taken("/v1/messages") if r.json().get("tools")]
    assert len(sent) == 1 and "agent-sdk/" in sent[0].headers.get(
        "user-agent"), sent
    assert sent[0].headers.all("authorization") == ["Bearer dummy"]


def bash_play(n, body, _):
    if n == 0:
        return [speech.tool("Bash", {"command": "echo h''i there",
                                     "description": "say hi"})]
    return "it said " + text_of(blocks(body, "tool_result")[0])


def bash_loop(up, kt):
    assert said(claude(kt, "run it", "--allowedTools", "Bash")) == \
        "it said hi there"


def agent_play(n, body, request):
    if request.headers.get("x-claude-code-agent-id"):
        return "the sub-agent was here"
    if n == 0:
        return [speech.tool("Agent", {
            "description": "look", "prompt": "look around",
            "subagent_type": "general-purpose",
            "run_in_background": False})]
    return "done: " + text_of(blocks(body, "tool_result")[0])


def sub_agent(up, kt):
    got = said(claude(kt, "ask an agent", "--allowedTools", "Agent,Task"))
    assert "the sub-agent was here" in got, got
    ids = {r.headers.get("x-claude-code-agent-id")
           for r in up.taken("/v1/messages")}
    assert len(ids) == 2, ids


def context(up, kt):
    run = claude(kt, "/context")
    assert run.code == 0, run.told()
    counted = up.taken("/v1/messages/count_tokens")
    assert len(counted) >= 20, len(counted)
    assert all(r.query == "beta=true" for r in counted)
    if not IS_DIRECT:
        eventually(lambda: sum(
            r.get("endpoint") == "count_tokens" for r in kt.records())
            == len(counted), "a record of each count")


def upstream_is_busy(up, kt):
    """529 once: whoever retries, the turn ends well."""
    assert said(claude(kt, "say hi")) == "hi there"


class Busy(Model):
    """Answers the first turn with 529."""

    def __call__(self, request):
        if request.path == "/v1/messages" and not self.seen:
            self.seen.append(request)
            return whole(speech.error("overloaded_error", "Overloaded"), 529)
        return super().__call__(request)


def refused(up, kt):
    run = claude(kt, "my key is AKIA" + "Z7QXM3KDPW5RTLNV")
    assert run.code == 1, run.told()
    assert b"API Error: 403" in run.out, run.told()
    assert not [r for r in up.taken("/v1/messages") if r.json().get("tools")]


def unknown(up, kt):
    """Without the header that forbids it, it would go on for minutes."""
    def told():
        begun = time.monotonic()
        run = claude(kt, "say hi")
        assert run.code == 1 and b"401" in run.out, run.told()
        return time.monotonic() - begun

    within(15, told)
    assert not up.taken("/v1/messages")


def played(tap, name, play, test, configuration, *more, model=Model):
    def run():
        with Upstream(model(play)) as up:
            with through(up, configuration(up)) as kt:
                test(up, kt, *more)

    tap.run("Claude Code: " + name, run)


def hi(*_):
    return "hi there"


def main():
    tap = Tap()

    try:
        need()
        binary()
        alone()
    except Skip as why:
        tap.skip("Claude Code works through kt", str(why))
        tap.end()

    def pack(name):
        return lambda up: dict(packs(up))[name]

    for name in ("an open configuration", "starter", "coding-agent"):
        played(tap, "one turn under " + name, hi, one_turn, pack(name))
    for name in ("starter", "coding-agent"):
        place = tempfile.mkdtemp(prefix="kt-project-")
        try:
            with open(os.path.join(place, "a.toml"), "w", newline="") as f:
                f.write(FILE)
            with open(os.path.join(place, "a.png"), "wb") as f:
                f.write(png(64, 48))
            played(tap, "a file that is read, edited and written keeps its "
                   "bytes under " + name, edit_play(place), edit_loop,
                   pack(name), place)
            played(tap, "a picture that is read arrives as it is under "
                   + name, image_play(place), image_loop, pack(name), place)
        finally:
            shutil.rmtree(place)
    starter = pack("starter")
    played(tap, "a program of the agent SDK has its turn", hi, agent_sdk_turn,
           starter)
    played(tap, "a command runs and its output is read", bash_play,
           bash_loop, starter)
    played(tap, "a sub-agent works beside its main agent", agent_play,
           sub_agent, starter)
    played(tap, "/context counts with a burst of calls", hi, context, starter)
    played(tap, "a 529 is survived", hi, upstream_is_busy, starter,
           model=Busy)
    if not IS_DIRECT:
        played(tap, "a refusal is told at once", hi, refused,
               lambda up: config([target("up", up)], {
                   "secret-scanner": {"action": "block"}}))
        played(tap, "a wrong token is told at once", hi, unknown,
               lambda up: config([target("up", up)], mode="tokens",
                                 auth={"mode": "tokens",
                                       "tokens_file": os.devnull}))
    tap.end()


if __name__ == "__main__":
    main()

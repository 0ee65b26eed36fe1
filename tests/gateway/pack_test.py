"""A coding agent behind its pack: what it reads, edits and writes keeps every
byte, and what is secret in it never leaves."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import gateway
import grammar
import speech
import wire
from tap import run_all
from upstream import Upstream, stream, whole

KEY = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
CARD = "4111 1111 1111 1111"
FILE = ("# jane.doe@example.com, 127.0.0.1, caf\u00e9 \"quoted\" \\n\n"
        "TOKEN = '%s'\nCARD = \"%s\"\nagain = '%s'\n"
        "see [[Page_001]] and a[[i100]] [[ -f x ]] {\"a\": [[1, 2]]}\n"
        % (KEY, CARD, KEY))
OLD, NEW = "TOKEN = '%s'" % KEY, "TOKEN = '%s'  # rotated" % KEY


class Model:
    """Writes what it read; then edits a line of it."""

    def __init__(self):
        self.seen = None

    def __call__(self, request):
        body = request.json()
        results = [b for m in body["messages"] if isinstance(
            m["content"], list) for b in m["content"]
            if b["type"] == "tool_result"]
        if not results:
            said = [speech.tool("Read", {"file_path": "a"}, "toolu_1")]
        elif len(results) == 1:
            self.seen = results[0]["content"]
            said = [speech.tool("Write", {
                "file_path": "b", "content": self.seen}, "toolu_2")]
        else:
            line = self.seen.split("\n")[1]
            said = [speech.text("It says " + line), speech.tool("Edit", {
                "file_path": "b", "old_string": line,
                "new_string": line + "  # rotated"}, "toolu_3")]
        return (stream(speech.message_events(said)) if body.get("stream")
                else whole(speech.message(said)))


def content_of(answer, is_stream):
    if not is_stream:
        return answer.json()["content"]
    return [{"type": "text", "text": b["value"]} if b["type"] == "text" else
            {"type": "tool_use", "id": b["id"], "name": b["name"],
             "input": json.loads(b["value"])}
            for b in grammar.anthropic(answer.body).blocks]


def session(is_stream):
    model = Model()
    with Upstream(model) as up, gateway.Gateway(gateway.shipped(
            "coding-agent", [gateway.target("up", up)])) as kt:
        messages = [{"role": "user", "content": "rotate the token"}]
        uses = []
        for result in (FILE, "written", None):
            got = wire.post(kt.port, "/v1/messages", {
                "model": "m", "max_tokens": 99, "messages": messages,
                "stream": is_stream})
            assert got.status == 200, got
            content = content_of(got, is_stream)
            uses.append([b for b in content if b["type"] == "tool_use"][0])
            messages += [
                {"role": "assistant", "content": content},
                {"role": "user", "content": [{
                    "type": "tool_result", "tool_use_id": uses[-1]["id"],
                    "content": result}]}]
        assert content[0]["text"] == "It says " + OLD, content
        sent = [r.body for r in up.taken()]
    assert uses[1]["input"]["content"] == FILE, uses[1]
    assert uses[2]["input"]["old_string"] == OLD, uses[2]
    assert uses[2]["input"]["new_string"] == NEW, uses[2]
    for body in sent:
        assert KEY.encode() not in body and CARD.encode() not in body, body
    return sent


def what_is_read_and_written_again_keeps_every_byte():
    session(False)


def so_it_does_when_the_answer_is_streamed():
    session(True)


def a_conversation_that_grows_goes_up_with_the_same_beginning():
    sent = session(False)
    first = sent[1][:sent[1].rindex(b'"stream"')].rstrip(b", ]")
    assert sent[2].startswith(first), (sent[1], sent[2])


run_all([
    what_is_read_and_written_again_keeps_every_byte,
    so_it_does_when_the_answer_is_streamed,
    a_conversation_that_grows_goes_up_with_the_same_beginning,
])

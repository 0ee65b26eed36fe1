"""grammar - is this stream one that a client can read?

Knows:    framing of server-sent events, the order of Anthropic's events and
          the shape of OpenAI's chunks.
Does not: accept what a lenient client would forgive.
Promises: what it lets pass starts, nests and ends as the vendors say; else
          Ungrammatical names the event.
"""
import json

STOPS = {"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn",
         "refusal", "model_context_window_exceeded", "policy_block"}
STARTS_EMPTY = {"text": "text", "thinking": "thinking"}


class Ungrammatical(AssertionError):
    pass


def demand(is_true, what):
    if not is_true:
        raise Ungrammatical(what)


def _once(pairs):
    names = [k for k, _ in pairs]
    demand(len(names) == len(set(names)), "a name occurs twice: %s" % names)
    return dict(pairs)


def strict(text):
    """JSON without names that occur twice."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except ValueError as why:
        raise Ungrammatical("not JSON: %s: %r" % (why, text[:200]))


def frames(raw):
    """[(event name or None, data or None, bytes)]; a comment has neither.

    Every frame must be whole: bytes behind the last blank line are an error.
    """
    out = []
    text = raw.decode("utf-8")  # never half a character
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = text.split("\n\n")
    demand(parts[-1] == "", "half a frame at the end: %r" % parts[-1][-200:])
    for part in parts[:-1]:
        name, data = None, []
        for line in part.strip("\n").split("\n"):
            field, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if field == "event":
                demand(name is None, "two names in one frame: %r" % part)
                name = value
            elif field == "data":
                data.append(value)
            else:
                demand(field in ("", "id", "retry"),
                       "not a field: %r" % line[:200])
        out.append((name, "\n".join(data) if data else None, part))
    return out


class Anthropic:
    """message_start (ping | block)* message_delta+ message_stop, or error."""

    def __init__(self):
        self.state = "before"
        self.open = None    # index of the open block
        self.kind = None
        self.next = 0
        self.blocks = []    # {type, text | json | thinking, ...}
        self.stop = None
        self.last = {}      # the message_stop document
        self.error = None
        self.usage = {}
        self.events = []

    def take(self, name, document):
        demand(document.get("type") == name,
               "event %s says type %r" % (name, document.get("type")))
        self.events.append(name)
        demand(self.state != "over", "%s behind the end" % name)
        step = getattr(self, "on_" + name, None)
        if name == "ping" or step is None:
            return  # at any time; unknown events are ignored
        step(document)

    def on_error(self, d):
        demand(isinstance(d["error"].get("type"), str)
               and isinstance(d["error"].get("message"), str),
               "an error without type and message")
        self.error, self.state = d["error"], "over"

    def on_message_start(self, d):
        demand(self.state == "before", "a second message_start")
        m = d["message"]
        demand(m["content"] == [] and m["stop_reason"] is None
               and m["role"] == "assistant" and m["type"] == "message"
               and "usage" in m and isinstance(m.get("id"), str)
               and isinstance(m.get("model"), str),
               "not how a message starts: %r" % m)
        self.state = "blocks"
        self.usage.update(m["usage"])

    def on_content_block_start(self, d):
        demand(self.state == "blocks", "a block in " + self.state)
        demand(self.open is None, "a block inside a block")
        demand(d["index"] == self.next, "block %r, not %d" % (
            d["index"], self.next))
        block = d["content_block"]
        self.open, self.kind = d["index"], block["type"]
        field = STARTS_EMPTY.get(self.kind)
        demand(field is None or block[field] == "", "a start with text")
        if self.kind in ("tool_use", "server_tool_use"):
            demand(block["input"] == {} and block["id"] and block["name"],
                   "not how a tool starts: %r" % block)
        self.blocks.append({**block, "value": ""})

    def on_content_block_delta(self, d):
        demand(self.open is not None and d["index"] == self.open,
               "a delta for block %r, open is %r" % (d["index"], self.open))
        delta, block = d["delta"], self.blocks[-1]
        fits = {"text_delta": ("text", "text"),
                "input_json_delta": ("tool_use server_tool_use mcp_tool_use",
                                     "partial_json"),
                "thinking_delta": ("thinking", "thinking"),
                "signature_delta": ("thinking", "signature")}
        kinds, field = fits.get(delta["type"], (None, None))
        if kinds is None:
            return
        demand(self.kind in kinds.split(), "%s in a %s block" % (
            delta["type"], self.kind))
        demand("signed" not in block, "a delta behind the signature")
        if field == "signature":
            block["signed"] = delta[field]
        else:
            block["value"] += delta[field]

    def on_content_block_stop(self, d):
        demand(self.open is not None and d["index"] == self.open,
               "stop of block %r, open is %r" % (d["index"], self.open))
        block = self.blocks[-1]
        if self.kind == "tool_use":
            strict(block["value"] or "{}")
        if self.kind == "thinking":
            demand("signed" in block, "thinking without its signature")
        self.open, self.next = None, self.next + 1

    def on_message_delta(self, d):
        demand(self.state in ("blocks", "delta"), "message_delta in "
               + self.state)
        demand(self.open is None, "message_delta inside a block")
        self.state = "delta"
        stop = d["delta"].get("stop_reason")
        demand(stop is None or stop in STOPS, "stop_reason %r" % stop)
        self.stop = stop or self.stop
        self.usage.update(d["usage"])

    def on_message_stop(self, d):
        demand(self.state == "delta" and self.stop,
               "message_stop without a message_delta with stop_reason")
        self.state, self.last = "over", d

    def text(self):
        return "".join(b["value"] for b in self.blocks
                       if b["type"] == "text")


def anthropic(raw, is_over=True):
    """The stream's Anthropic, or Ungrammatical."""
    g = Anthropic()
    for name, data, part in frames(raw):
        if data is None and name is None:
            continue  # a comment
        demand(name is not None and data is not None,
               "a frame without name or data: %r" % part)
        demand("\n" not in data, "data of two lines: %r" % part)
        g.take(name, strict(data))
    if is_over:
        demand(g.state == "over", "the stream ends in %s" % g.state)
    return g


class Chat:
    def __init__(self):
        self.text, self.finish, self.usage, self.error = "", None, None, None
        self.calls = {}
        self.is_done = False
        self.documents = []


def chat(raw, is_over=True):
    """Chunks of chat completions: role first, one finish, then [DONE]."""
    g = Chat()
    seen = None
    for name, data, part in frames(raw):
        if data is None and name is None:
            continue
        demand(name is None and data is not None, "not a chunk: %r" % part)
        demand(not g.is_done and not g.error, "a chunk behind the end")
        if data == "[DONE]":
            g.is_done = True
            continue
        d = strict(data)
        g.documents.append(d)
        if "error" in d:
            demand(isinstance(d["error"].get("message"), str),
                   "an error without message")
            g.error = d["error"]
            continue
        demand(d["object"] == "chat.completion.chunk", "object: %r" % d)
        same = (d["id"], d["created"], d["model"])
        demand(seen in (None, same), "id, created or model changes")
        is_first, seen = seen is None, same
        g.usage = d.get("usage") or g.usage
        for choice in d["choices"]:
            delta = choice["delta"]
            demand(not is_first or delta.get("role") == "assistant",
                   "the first delta has no role")
            demand(g.finish is None, "a choice behind its finish")
            g.text += delta.get("content") or ""
            for c in delta.get("tool_calls") or ():
                _call(g, c)
            g.finish = choice["finish_reason"]
    if is_over:
        demand(g.error or (g.is_done and g.finish),
               "no finish, no error: %r" % (g.documents[-1:],))
        for c in g.calls.values():
            strict(c["arguments"] or "{}")
    return g


def _call(g, c):
    known = g.calls.get(c["index"])
    if known is None:
        demand(c["index"] == len(g.calls), "call index %r" % c["index"])
        demand(c.get("id") and c["function"].get("name"),
               "a call without id or name: %r" % c)
        g.calls[c["index"]] = {"id": c["id"], "name": c["function"]["name"],
                               "arguments": c["function"].get("arguments",
                                                              "")}
    else:
        demand("id" not in c or c["id"] == known["id"], "the id changes")
        known["arguments"] += c["function"].get("arguments") or ""

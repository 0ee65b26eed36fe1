"""scenes - the provider that the real clients talk to.

A client asks for a scene by its name in the text of its last user message;
so the same scene is played to a native and to a translated request.
"""
import json
import re
import threading

import speech
from upstream import Answer, stream, whole

HELLO = "Hello from the upstream: café, 中文, 😀."
ANTHROPIC_MODELS = [
    {"type": "model", "id": "claude-sonnet-4-5", "display_name": "Sonnet",
     "created_at": "2025-09-29T00:00:00Z"},
    {"type": "model", "id": "claude-haiku-4-5", "display_name": "Haiku",
     "created_at": "2025-10-01T00:00:00Z"}]
OPENAI_MODELS = [
    {"id": "gpt-4o", "object": "model", "created": 1, "owned_by": "openai"},
    {"id": "gpt-5", "object": "model", "created": 2, "owned_by": "openai"}]


def said(content):
    """The text of a message's content, in either format."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(said(block) for block in content)
    return said(content.get("text") or content.get("content") or "")


def results_of(body):
    """What tools gave back, in either format."""
    out = []
    for m in body.get("messages", ()):
        if m["role"] == "tool":
            out.append(said(m["content"]))
        elif isinstance(m["content"], list):
            out += [said(b) for b in m["content"] if b.get("type") == "tool_result"]
    return out


def images_of(body):
    out = []
    for m in body.get("messages", ()):
        for b in m["content"] if isinstance(m["content"], list) else ():
            if b["type"] == "image":
                out.append((b["source"]["media_type"], b["source"]["data"]))
            elif b["type"] == "image_url":
                kind, data = b["image_url"]["url"].split(";base64,")
                out.append((kind[len("data:"):], data))
    return out


class Scenes:
    def __init__(self):
        self.played = {}
        self._lock = threading.Lock()

    def __call__(self, request):
        path = re.sub("^/v1", "", request.path)
        if request.method == "GET" and path.startswith("/models"):
            return self.models(request, path)
        if path.startswith("/files"):
            return self.files(request)
        if path == "/messages/count_tokens":
            return whole({"input_tokens": 42})
        if request.method == "HEAD":
            return Answer(200)
        if path not in ("/messages", "/chat/completions", "/responses"):
            return whole(speech.error("not_found_error", request.path), 404)
        body = request.json()
        found = re.findall(r"scene:([a-z0-9-]+)", request.body.decode())
        name = found[-1] if found else "hello"
        with self._lock:
            self.played[name] = self.played.get(name, 0) + 1
            n = self.played[name]
        return self.play(name, n, body, path)

    def models(self, request, path):
        is_anthropic = request.headers.get("anthropic-version")
        known = ANTHROPIC_MODELS if is_anthropic else OPENAI_MODELS
        if path == "/models":
            if is_anthropic:
                return whole({"data": known, "has_more": False,
                              "first_id": known[0]["id"],
                              "last_id": known[-1]["id"]})
            return whole({"object": "list", "data": known})
        for model in known:
            if path == "/models/" + model["id"]:
                return whole(model)
        return whole(speech.error("not_found_error", "no such model")
                     if is_anthropic else speech.openai_error(
                         "invalid_request_error", "no such model",
                         "model_not_found"), 404)

    def files(self, request):
        if request.method == "POST":
            return whole({"id": "file_01", "type": "file",
                          "filename": "a.txt", "mime_type": "text/plain",
                          "size_bytes": 5, "downloadable": False,
                          "created_at": "2025-01-01T00:00:00Z"})
        return whole({"data": [], "has_more": False})

    def error(self, path, status, words, headers=()):
        kinds = {400: "invalid_request_error", 401: "authentication_error",
                 429: "rate_limit_error", 500: "api_error",
                 529: "overloaded_error"}
        if path == "/messages":
            return whole(speech.error(kinds[status], words), status,
                         [("request-id", "req_up"), *headers])
        return whole(speech.openai_error(kinds[status], words), status,
                     [("x-request-id", "req_up"), *headers])

    def play(self, name, n, body, path):
        failing = re.fullmatch("status-([0-9]+)(-once)?", name)
        if failing and not (failing[2] and n > 1):
            status = int(failing[1])
            again = [("retry-after-ms", "20")] if failing[2] else []
            return self.error(path, status, "scripted %d" % status, again)
        is_stream = body.get("stream", False)
        words, call = HELLO, None
        if name == "echo":
            words = said(body["messages"][-1])
        if name == "system":
            words = "system: " + (said(body.get("system", "")) or said(
                [m for m in body["messages"]
                 if m["role"] in ("system", "developer")]))
        if name == "image":
            words = json.dumps(images_of(body))
        if name == "tools":
            given = results_of(body)
            if given:
                words = "the tool said: " + given[-1]
            else:
                call = ("get_weather", {"city": "Zürich", "days": 2})
        if name == "broken" and is_stream:
            return self.broken(path)
        return self.say(path, is_stream, words, call, body)

    def broken(self, path):
        if path == "/messages":
            events = speech.message_events(HELLO)[:4]
            events.append(speech.event("error", speech.error(
                "overloaded_error", "scripted end")))
        else:
            events = speech.completion_events(HELLO)[:3]
            events.append(b"data: " + speech.compact(speech.openai_error(
                "server_error", "scripted end")) + b"\n\n")
        return stream(events)

    def say(self, path, is_stream, words, call, body):
        if path == "/messages":
            blocks = [speech.tool(*call)] if call else words
            if is_stream:
                return stream(speech.message_events(blocks, body["model"]),
                              [("request-id", "req_up")])
            return whole(speech.message(blocks, body["model"]),
                         headers=[("request-id", "req_up")])
        if path == "/responses":
            item = speech.function_call(*call) if call else words
            if is_stream:
                return stream(speech.response_events(item, body["model"]))
            return whole(speech.response(item, body["model"]))
        calls = [speech.call(*call)] if call else None
        words = None if call else words
        if is_stream:
            asked = (body.get("stream_options") or {}).get("include_usage")
            return stream(speech.completion_events(
                words, calls, body["model"], with_usage=bool(asked)))
        return whole(speech.completion(words, calls, body["model"]))

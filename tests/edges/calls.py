"""calls - the requests that the edge tests make, and the shapes of refusals.

Knows:    the smallest request of each format and how its errors look.
"""
import json

import grammar
import speech
import wire
from upstream import stream, whole

PATHS = {"anthropic": "/v1/messages", "openai": "/v1/chat/completions",
         "responses": "/v1/responses"}


def request(words="hi", model="m", form="anthropic", **more):
    if form == "responses":
        return {"model": model, "input": words, **more}
    return {"model": model, "max_tokens": 9,
            "messages": [{"role": "user", "content": words}], **more}


def ask(kt, form="anthropic", words="hi", headers=(), **more):
    return wire.post(kt.port, PATHS[form], request(words, form=form, **more),
                     headers)


def said(form="anthropic", words="hello", **more):
    """A whole answer of FORM."""
    return whole({"anthropic": speech.message, "openai": speech.completion,
                  "responses": speech.response}[form](words), **more)


def events_of(form, words, width=7, **more):
    return {"anthropic": speech.message_events,
            "openai": speech.completion_events,
            "responses": speech.response_events}[form](
                words, width=width, **more)


def read(form, raw, is_over=True):
    return {"anthropic": grammar.anthropic,
            "openai": grammar.chat}[form](raw, is_over)


def refusal(got, form, status=None):
    """The error of a refusal, after its shape was checked."""
    if status is not None:
        assert got.status == status, got
    assert got.status >= 400 and got.is_whole, got
    assert got.headers.get("content-type").startswith("application/json"), got
    d = grammar.strict(got.body)
    if form == "anthropic":
        assert d["type"] == "error", d
        assert isinstance(d.get("request_id"), str), d
    else:
        assert "type" not in d, d
        assert "param" in d["error"] and "code" in d["error"], d
    e = d["error"]
    assert isinstance(e["type"], str) and e["message"], d
    if 400 <= got.status <= 403 or got.status == 413:
        assert got.headers.get("x-should-retry") == "false", got
    return e


def scripted(answers):
    """A script that gives the next of ANSWERS, and the last for ever."""
    left = list(answers)

    def script(_):
        return left.pop(0) if len(left) > 1 else left[0]

    return script


def by_stream(form, words, width=7):
    """A script that says WORDS, streamed or whole as it is asked."""
    def script(r):
        if json.loads(r.body).get("stream"):
            return stream(events_of(form, words, width))
        return said(form, words)

    return script

"""speech - what a model says, in the bytes of each wire format.

Knows:    how answers, streams and errors of the three formats look.
Promises: every stream it makes is one that grammar.py accepts.
"""
import json


def compact(document):
    return json.dumps(document, separators=(",", ":"),
                      ensure_ascii=False).encode()


def event(name, document):
    return b"event: %s\ndata: %s\n\n" % (name.encode(), compact(document))


def usage(n_in=10, n_out=5):
    return {"input_tokens": n_in, "output_tokens": n_out}


# Anthropic messages --------------------------------------------------------

def text(words):
    return {"type": "text", "text": words}


def tool(name, arguments, name_id="toolu_01"):
    return {"type": "tool_use", "id": name_id, "name": name,
            "input": arguments}


def message(blocks, model="claude-sonnet-4-5", stop=None):
    if isinstance(blocks, str):
        blocks = [text(blocks)]
    is_tool = any(b["type"] == "tool_use" for b in blocks)
    return {
        "id": "msg_01", "type": "message", "role": "assistant",
        "model": model, "content": blocks,
        "stop_reason": stop or ("tool_use" if is_tool else "end_turn"),
        "stop_sequence": None, "usage": usage()}


def _block_events(i, block, width):
    def delta(d):
        return event("content_block_delta", {
            "type": "content_block_delta", "index": i, "delta": d})

    empty = dict(block)
    deltas = []
    if block["type"] == "text":
        whole, empty["text"] = block["text"], ""
        deltas = [delta({"type": "text_delta", "text": whole[k:k + width]})
                  for k in range(0, len(whole), width)]
    elif block["type"] == "tool_use":
        whole, empty["input"] = json.dumps(block["input"]), {}
        deltas = [delta({"type": "input_json_delta",
                         "partial_json": whole[k:k + width]})
                  for k in range(0, len(whole), width)]
    elif block["type"] == "thinking":
        whole = block["thinking"]
        empty["thinking"] = empty["signature"] = ""
        deltas = [delta({"type": "thinking_delta",
                         "thinking": whole[k:k + width]})
                  for k in range(0, len(whole), width)]
        deltas.append(delta({"type": "signature_delta",
                             "signature": block["signature"]}))
    return [event("content_block_start", {
        "type": "content_block_start", "index": i, "content_block": empty}),
        *deltas,
        event("content_block_stop",
              {"type": "content_block_stop", "index": i})]


def message_events(blocks, model="claude-sonnet-4-5", width=7, stop=None):
    """The events of a whole stream, each a bytes object."""
    whole = message(blocks, model, stop)
    begin = {**whole, "content": [], "stop_reason": None,
             "usage": usage(10, 1)}
    out = [event("message_start", {"type": "message_start",
                                   "message": begin}),
           event("ping", {"type": "ping"})]
    for i, block in enumerate(whole["content"]):
        out += _block_events(i, block, width)
    out.append(event("message_delta", {
        "type": "message_delta",
        "delta": {"stop_reason": whole["stop_reason"],
                  "stop_sequence": None},
        "usage": whole["usage"]}))
    out.append(event("message_stop", {"type": "message_stop"}))
    return out


def error(kind, words):
    return {"type": "error", "error": {"type": kind, "message": words},
            "request_id": "req_01"}


# OpenAI chat ---------------------------------------------------------------

def call(name, arguments, name_id="call_01"):
    return {"id": name_id, "type": "function", "function": {
        "name": name, "arguments": json.dumps(arguments)}}


OPENAI_USAGE = {"prompt_tokens": 10, "completion_tokens": 5,
                "total_tokens": 15}


def completion(words=None, calls=None, model="gpt-4o", finish=None):
    said = {"role": "assistant", "content": words, "refusal": None}
    if calls:
        said["tool_calls"] = calls
    return {
        "id": "chatcmpl-01", "object": "chat.completion", "created": 1,
        "model": model, "choices": [{
            "index": 0, "message": said, "logprobs": None,
            "finish_reason": finish or ("tool_calls" if calls else "stop")}],
        "usage": OPENAI_USAGE}


def completion_events(words="", calls=None, model="gpt-4o", width=7,
                      with_usage=True, finish=None):
    def chunk(delta, reason=None):
        document = {
            "id": "chatcmpl-01", "object": "chat.completion.chunk",
            "created": 1, "model": model, "choices": [
                {"index": 0, "delta": delta, "finish_reason": reason}]}
        if with_usage:
            document["usage"] = None
        return b"data: " + compact(document) + b"\n\n"

    out = [chunk({"role": "assistant", "content": ""})]
    out += [chunk({"content": words[k:k + width]})
            for k in range(0, len(words or ""), width)]
    for i, one in enumerate(calls or ()):
        f = one["function"]
        out.append(chunk({"tool_calls": [{
            "index": i, "id": one["id"], "type": "function",
            "function": {"name": f["name"], "arguments": ""}}]}))
        out += [chunk({"tool_calls": [{"index": i, "function": {
            "arguments": f["arguments"][k:k + width]}}]})
            for k in range(0, len(f["arguments"]), width)]
    out.append(chunk({}, finish or ("tool_calls" if calls else "stop")))
    if with_usage:
        out.append(b"data: " + compact({
            "id": "chatcmpl-01", "object": "chat.completion.chunk",
            "created": 1, "model": model, "choices": [],
            "usage": OPENAI_USAGE}) + b"\n\n")
    out.append(b"data: [DONE]\n\n")
    return out


def openai_error(kind, words, code=None):
    return {"error": {"message": words, "type": kind, "param": None,
                      "code": code}}


# OpenAI responses ----------------------------------------------------------

def _said(words):
    return {"type": "message", "id": "msg_1", "status": "completed",
            "role": "assistant", "content": [
                {"type": "output_text", "text": words, "annotations": []}]}


def function_call(name, arguments):
    return {"type": "function_call", "id": "fc_1", "call_id": "call_1",
            "name": name, "arguments": json.dumps(arguments),
            "status": "completed"}


def response(item, model="gpt-5"):
    if isinstance(item, str):
        item = _said(item)
    return {
        "id": "resp_1", "object": "response", "created_at": 1,
        "status": "completed", "error": None, "incomplete_details": None,
        "instructions": None, "model": model, "output": [item],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "metadata": {}, "temperature": 1, "top_p": 1, "usage": {
            "input_tokens": 10, "output_tokens": 5, "total_tokens": 15,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0}}}


def response_events(item, model="gpt-5", width=7):
    whole = response(item, model)
    item = whole["output"][0]
    out = []

    def add(name, **more):
        out.append(event(name, {"type": name, "sequence_number": len(out),
                                **more}))

    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    add("response.created", response=begun)
    add("response.in_progress", response=begun)
    if item["type"] == "message":
        words = item["content"][0]["text"]
        where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        add("response.output_item.added", output_index=0,
            item={**item, "status": "in_progress", "content": []})
        add("response.content_part.added", **where,
            part={"type": "output_text", "text": "", "annotations": []})
        for k in range(0, len(words), width):
            add("response.output_text.delta", **where,
                delta=words[k:k + width])
        add("response.output_text.done", **where, text=words)
        add("response.content_part.done", **where, part=item["content"][0])
    else:
        where = {"item_id": item["id"], "output_index": 0}
        add("response.output_item.added", output_index=0,
            item={**item, "status": "in_progress", "arguments": ""})
        add("response.function_call_arguments.delta", **where,
            delta=item["arguments"])
        add("response.function_call_arguments.done", **where,
            arguments=item["arguments"])
    add("response.output_item.done", output_index=0, item=item)
    add("response.completed", response=whole)
    return out

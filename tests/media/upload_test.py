"""upload - files on their way to a vendor's store, through the real program."""
import base64
import gzip
import json
import os
import signal
import sys
import zlib

HERE = os.path.dirname(__file__)
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, os.path.join(HERE, "..", "edges"))

import wire
from calls import refusal, said
from gateway import Gateway, config, target
from tap import eventually, run_all, same
from upstream import Upstream, whole

CARD = "4111 1111 1111 1111"
CHAIN = ["file-inspector", "document-inspector", "image-inspector",
         "secret-scanner", "pii-detector", "audit-logger"]
HEAD = [("content-type", "multipart/form-data; boundary=xYz"),
        ("anthropic-version", "2023-06-01")]
LIMIT = 32 << 20  # KT_BODY_MAX: what is held to be read


def form(content, filename="a.txt", more=b""):
    return (b"--xYz\r\nContent-Disposition: form-data; name=\"file\"; "
            b"filename=\"" + filename.encode() + b"\"\r\n"
            b"Content-Type: text/plain\r\n\r\n" + content + b"\r\n" + more +
            b"--xYz--\r\n")


def field(name, value):
    return (b"--xYz\r\nContent-Disposition: form-data; name=\"" + name +
            b"\"\r\n\r\n" + value + b"\r\n")


def store(r):
    if r.path == "/v1/files":
        return whole({"id": "file_011", "type": "file"})
    return said()


def gate(up, policy=None, chain=CHAIN):
    return Gateway(config([target("up", up)], policy, chain))


def send(kt, body, head=HEAD, **more):
    return wire.ask(kt.port, "POST", "/v1/files", head, body, **more)


def name_it(kt, file_id="file_011"):
    return wire.post(kt.port, "/v1/messages", {
        "model": "m", "max_tokens": 9, "messages": [
            {"role": "user", "content": [{"type": "document", "source": {
                "type": "file", "file_id": file_id}}]}]})


def an_upload_that_is_clean_goes_up_byte_for_byte():
    body = form(b"nothing to see\n" * 3000, more=field(b"purpose", b"x"))
    with Upstream(store) as up, gate(up) as kt:
        got = send(kt, body)
        assert got.status == 200 and got.json()["id"] == "file_011", got
        same(up.taken()[0].body, body)
        call = kt.call()
        assert call["threats"] == [], call
        assert call["components"][0]["role"] == "files", call


def a_card_in_a_file_a_name_or_a_field_is_refused_before_it_goes_up():
    with Upstream(store) as up, gate(up) as kt:
        for body in (form(b"card " + CARD.encode()),
                     form(b"x", filename="card %s.txt" % CARD),
                     form(b"x", more=field(b"note", CARD.encode())),
                     # Whatever else the head of a part says goes up as well.
                     form(b"x").replace(b"text/plain", b"text/plain; name=\""
                                        + CARD.encode() + b"\""),
                     form(b"").replace(b"\r\n\r\n", b"\r\nX-Note: "
                                       + CARD.encode() + b"\r\n\r\n", 1)):
            e = refusal(send(kt, body), "anthropic", 403)
            assert e["reason_code"] == "prompt.pci.detected", e
        assert not up.taken()
        assert CARD not in json.dumps(kt.records())


def what_two_readers_could_cut_differently_is_refused():
    with Upstream(store) as up, gate(up) as kt:
        for body in (b"preamble\r\n" + form(b"x"), form(b"x") + b"behind",
                     form(b"x\r\n--xYz0\r\ny"), form(b"x")[:-6]):
            refusal(send(kt, body), "anthropic", 400)
        refusal(send(kt, form(b"x"), [
            ("content-type", "multipart/form-data; boundary=a; boundary=b"),
            HEAD[1]]), "anthropic", 400)
        assert not up.taken()


def an_id_of_a_file_that_was_read_is_no_unread_content():
    flag = {"pii-detector": {"action": "flag"}}
    with Upstream(store) as up, gate(up, flag) as kt:
        assert name_it(kt).status == 200
        assert send(kt, form(b"mail a.b@example.com")).status == 200
        assert name_it(kt).status == 200
        assert name_it(kt, "file_012").status == 200
        calls = eventually(
            lambda: len(kt.records()) == 4 and kt.records(), "records")
        threats = [c["threats"] for c in calls]
        assert threats == [["uninspectable"], [], [], ["uninspectable"]], calls


def an_id_brings_the_classes_of_its_file():
    policy = {"pii-detector": {"action": "flag"}}
    with Upstream(store) as up, gate(up, policy) as kt:
        assert send(kt, form(b"card " + CARD.encode())).status == 200
        assert name_it(kt).status == 200
        calls = eventually(
            lambda: len(kt.records()) == 2 and kt.records(), "records")
        assert [c["data_class"] for c in calls] == ["pci", "pci"], calls
        assert calls[1]["data_class_components"]["documents"] == "pci"


def told_of(kt, file_id="file_011"):
    """What the record of the next call that names it says"""
    n = len(kt.records())
    got = name_it(kt, file_id)
    call = eventually(
        lambda: len(kt.records()) > n and kt.records()[-1], "a record")
    return got.status, call["threats"], call["data_class"]


def what_was_found_in_a_file_is_judged_where_it_is_named():
    """What is only told of in files may be refused in documents"""
    policy = {"pii-detector": {"action": "redact"},
              "file-inspector": {"unredactable": "flag"}}
    with Upstream(store) as up, gate(up, policy) as kt:
        assert send(kt, form(b"card " + CARD.encode())).status == 200
        assert told_of(kt) == (403, [], "pci")
        assert len(up.taken()) == 1


def who_did_not_look_at_files_has_not_read_a_document():
    policy = {"pii-detector": {
        "action": "block", "components": ["messages", "documents"]}}
    with Upstream(store) as up, gate(up, policy) as kt:
        assert send(kt, form(b"card " + CARD.encode())).status == 200
        assert told_of(kt) == (200, ["uninspectable"], "none")


def what_another_configuration_read_is_unread():
    without = [c for c in CHAIN if c != "pii-detector"]
    with Upstream(store) as up, gate(up, chain=without) as kt:
        assert send(kt, form(b"card " + CARD.encode())).status == 200
        assert told_of(kt) == (200, [], "none")
        with open(os.path.join(kt.folder, "0.yaml"), "w") as f:
            f.write(config([target("up", up)], None, CHAIN))
        kt.process.send_signal(signal.SIGHUP)
        eventually(lambda: "reloaded " in kt.told(), "the new chain")
        assert told_of(kt) == (200, ["uninspectable"], "none")


def a_medium_of_a_few_bytes_is_read_as_any():
    """Its place says that it is base64: no length has to"""
    few = base64.b64encode(b"card " + CARD.encode()).decode()
    blocks = [{"type": "file", "file": {
        "filename": "a.txt", "file_data": "data:text/plain;base64," + few}},
        {"type": "file", "file": {"filename": "a.txt", "file_data": few}}]
    policy = {"pii-detector": {"action": "block"}}
    with Upstream(lambda _: said("openai")) as up, Gateway(config(
            [target("up", up, "openai")], policy, CHAIN)) as kt:
        for i, block in enumerate(blocks):
            got = wire.post(kt.port, "/v1/chat/completions", {
                "model": "m", "messages": [
                    {"role": "user", "content": [block]}]})
            assert got.status == 403, got
            call = kt.call(i + 1)
            assert (call["threats"], call["data_class"]) == ([], "pci"), call


def a_file_that_could_not_be_read_is_not_known_by_its_id():
    with Upstream(store) as up, gate(up) as kt:
        assert send(kt, form(b"\0\1\2 nobody knows")).status == 200
        assert name_it(kt).status == 200
        calls = eventually(
            lambda: len(kt.records()) == 2 and kt.records(), "records")
        assert [c["threats"] for c in calls] == 2 * [["uninspectable"]], calls


def what_comes_down_is_told_as_unread_or_refused():
    def script(r):
        if r.path.endswith("/content"):
            return whole(b"card " + CARD.encode())
        return whole({"data": [{"id": "file_011", "filename": CARD}]})

    head = HEAD[1:]
    for wants, status in (("flag", 200), ("block", 403)):
        policy = {"file-inspector": {"uninspectable": wants}}
        with Upstream(script) as up, gate(up, policy) as kt:
            got = wire.ask(
                kt.port, "GET", "/v1/files/file_011/content", head)
            assert got.status == status, got
            assert kt.call()["threats"] == ["uninspectable"], kt.call()
            # What is said of files is text.
            got = wire.ask(kt.port, "GET", "/v1/files", head)
            assert got.status == 200 and CARD.encode() not in got.body, got
            call = kt.call(2)
            assert (call["threats"], call["data_class"]) == ([], "pci"), call


def what_is_packed_is_unpacked_to_be_read_and_goes_up_as_it_came():
    card = form(b"card " + CARD.encode())
    with Upstream(store) as up, gate(up) as kt:
        for coding, pack in (("gzip", gzip.compress),
                             ("deflate", zlib.compress)):
            head = [*HEAD, ("content-encoding", coding)]
            body = pack(form(b"nothing to see"))
            assert send(kt, body, head).status == 200
            same(up.taken()[-1].body, body)
            refusal(send(kt, pack(card), head), "anthropic", 403)
            refusal(send(kt, card, head), "anthropic", 400)
            refusal(send(kt, pack(card)[:-9], head), "anthropic", 400)
        assert len(up.taken()) == 2
        assert kt.call()["threats"] == [], kt.call()


def who_cannot_be_unpacked_is_refused_whoever_reads():
    for chain in (CHAIN, ["pii-detector"]):
        with Upstream(store) as up, gate(up, chain=chain) as kt:
            for coding in ("br", "zstd", "gzip, gzip"):
                head = [*HEAD, ("content-encoding", coding)]
                refusal(send(kt, form(b"x"), head), "anthropic", 415)
            assert not up.taken()


def what_is_too_large_to_hold_is_piped_and_told_or_refused():
    body = form(b"0" * (LIMIT + 100000))
    with Upstream(store) as up, gate(up) as kt:
        assert send(kt, body).status == 200
        same(up.taken()[0].body, body)
        assert kt.call()["threats"] == ["uninspectable"], kt.call()
    strict = {"file-inspector": {"uninspectable": "block"}}
    with Upstream(store) as up, gate(up, strict) as kt:
        got = send(kt, body)
        assert got.status == 403, got


def without_an_inspector_files_are_piped_as_they_come():
    body = form(b"card " + CARD.encode())
    with Upstream(store) as up, gate(up, chain=["pii-detector"]) as kt:
        packed = gzip.compress(body)
        for bytes_, head in ((body, HEAD), (
                packed, [*HEAD, ("content-encoding", "gzip")])):
            assert send(kt, bytes_, head).status == 200
            same(up.taken()[-1].body, bytes_)
        assert kt.call()["threats"] == ["uninspectable"], kt.call()


run_all([
    an_upload_that_is_clean_goes_up_byte_for_byte,
    a_card_in_a_file_a_name_or_a_field_is_refused_before_it_goes_up,
    what_two_readers_could_cut_differently_is_refused,
    an_id_of_a_file_that_was_read_is_no_unread_content,
    an_id_brings_the_classes_of_its_file,
    what_was_found_in_a_file_is_judged_where_it_is_named,
    who_did_not_look_at_files_has_not_read_a_document,
    what_another_configuration_read_is_unread,
    a_medium_of_a_few_bytes_is_read_as_any,
    a_file_that_could_not_be_read_is_not_known_by_its_id,
    what_comes_down_is_told_as_unread_or_refused,
    what_is_packed_is_unpacked_to_be_read_and_goes_up_as_it_came,
    who_cannot_be_unpacked_is_refused_whoever_reads,
    what_is_too_large_to_hold_is_piped_and_told_or_refused,
    without_an_inspector_files_are_piped_as_they_come,
])

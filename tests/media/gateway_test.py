"""gateway - the real program before pictures, and with readers that fail."""
import base64
import json
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(__file__)
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, os.path.join(HERE, "..", "edges"))

import gateway
import media
import wire
from calls import refusal, said
from gateway import Gateway, config, target
from tap import BUILDDIR, SRCDIR, Skip, eventually, run_all, same
from upstream import Upstream

CARD = "4111 1111 1111 1111"
CHAIN = ["image-inspector", "document-inspector", "file-inspector",
         "secret-scanner", "pii-detector", "audit-logger"]


def document(medium, kind="application/pdf"):
    return {"type": "document", "source": {
        "type": "base64", "media_type": kind,
        "data": base64.b64encode(medium).decode()}}


def body(*blocks):
    return json.dumps({
        "model": "m", "max_tokens": 9,
        "messages": [{"role": "user", "content": list(blocks)}]}).encode()


def picture(behind):
    return {"type": "image", "source": {
        "type": "base64", "media_type": "image/png", "data":
            base64.b64encode(media.photo(-37, 122) + behind).decode()}}


def ask(kt, *blocks):
    return wire.post(kt.port, "/v1/messages", body(*blocks))


def gate(up, policy=None):
    return Gateway(config([target("up", up)], policy, CHAIN))


class Odd:
    """A copy of kt whose reader does what its input says."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="kt-odd-")
        build = os.path.join(self.folder, "build")
        os.mkdir(build)
        shutil.copy(os.path.join(BUILDDIR, "kt"), build)
        shutil.copy(os.path.join(BUILDDIR, "tests/unit/media/odd-media"),
                    os.path.join(build, "kt-media"))
        for name in ("detectors.ktd", "definitions.ktd"):
            os.symlink(os.path.join(BUILDDIR, name), os.path.join(build, name))
        os.symlink(os.path.join(SRCDIR, "policies"),
                   os.path.join(self.folder, "policies"))
        self.kt, gateway.KT = gateway.KT, os.path.join(build, "kt")
        return self

    def __exit__(self, *_):
        gateway.KT = self.kt
        shutil.rmtree(self.folder)


def odd(word):
    return document(b"." * 200 + word, "text/plain")


def a_card_in_a_document_is_refused_and_the_record_says_where():
    if not media.has("poppler"):
        raise Skip("kt-media has no poppler")
    with Upstream(lambda _: said()) as up, gate(up) as kt:
        e = refusal(ask(kt, document(media.pdf(["card " + CARD]))),
                    "anthropic", 403)
        assert e["reason_code"] == "prompt.pci.detected", e
        assert not up.taken()
        call = kt.call()
        assert call["data_class_components"]["documents"] == "pci", call
        assert CARD not in json.dumps(call)


def where_a_picture_was_taken_is_personal_and_the_record_names_the_picture():
    taken = picture(b"")
    with Upstream(lambda _: said()) as up, gate(up) as kt:
        e = refusal(ask(kt, taken), "anthropic", 403)
        assert e["reason_code"] == "prompt.pii.detected", e
        call = kt.call()
        assert [d["detector"] for d in call["detections"]] == [
            "picture-position"], call
        one = call["images"][0]
        assert one["media_type"] == "image/jpeg", one
        assert (one["w"], one["h"]) == (32, 16), one
        assert one["bytes"] == len(media.photo(-37, 122)), one
        assert (one["verdict"], one["data_class"]) == ("block", "pii"), one
        assert one["image_hash"].startswith("sha256s:"), one
        assert "37.0" not in json.dumps(call), call
    policy = {"pii-detector": {"flag_entities": ["LOCATION"]}}
    with Upstream(lambda _: said()) as up, gate(up, policy) as kt:
        assert ask(kt, taken).status == 200
        assert "prompt.pii.detected" in kt.call()["reason_codes"], kt.call()


def a_clean_document_arrives_byte_for_byte():
    if not media.has("libzip"):
        raise Skip("kt-media has no libzip")
    body = json.dumps({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": [document(media.docx("nothing"))]}],
        "x": 1.50}).encode().replace(b"/", b"\\/")
    with Upstream(lambda _: said()) as up, gate(up) as kt:
        got = wire.ask(kt.port, "POST", "/v1/messages", [
            ("content-type", "application/json")], body)
        assert got.status == 200, got
        same(up.taken()[0].body, body)
        assert kt.call()["threats"] == [], kt.call()


def a_hung_reader_costs_one_finding_and_nobody_else_waits():
    # Pictures have a second, documents all the time of this machine.
    quick = {"image-inspector": {"timeout_seconds": 1}}
    with Odd(), Upstream(lambda _: said()) as up, gate(up, quick) as kt:
        assert ask(kt, picture(b" hang")).status == 200
        assert kt.call()["threats"] == ["uninspectable"], kt.call()
        with wire.Connection(kt.port) as hung:
            hung.request("POST", "/v1/messages", [wire.JSON],
                         body(odd(b"hang")))
            for n in range(3):
                assert ask(kt, odd(b"well")).status == 200
                assert kt.call(n + 2)["threats"] == [], kt.call(n + 2)
            assert not wire.has_more(hung.sock), "it did not hang"


def a_crashed_reader_costs_one_finding():
    with Odd(), Upstream(lambda _: said()) as up, gate(up) as kt:
        for word in (b"crash", b"leave", b"eat", b"lie"):
            assert ask(kt, odd(word)).status == 200
            assert ask(kt, odd(b"well " + word + b".")).status == 200
        calls = eventually(
            lambda: len(kt.records()) == 8 and kt.records(), "records")
        assert [bool(c["threats"]) for c in calls] == 4 * [True, False], calls


def what_a_reader_failed_at_can_be_refused():
    strict = {"document-inspector": {"uninspectable": "block"}}
    with Odd(), Upstream(lambda _: said()) as up, gate(up, strict) as kt:
        e = refusal(ask(kt, odd(b"crash")), "anthropic", 403)
        assert e["reason_code"] == "prompt.content.uninspectable", e
        assert e["policy"] == "document-inspector", e
        assert ask(kt, odd(b"well")).status == 200


def what_a_reader_says_is_inspected():
    with Odd(), Upstream(lambda _: said()) as up, gate(up) as kt:
        refusal(ask(kt, odd(b"card " + CARD.encode())), "anthropic", 403)
        assert not up.taken()


def a_worker_that_was_killed_is_started_again():
    def workers(kt):
        out = []
        for task in os.listdir("/proc/%d/task" % kt.process.pid):
            with open("/proc/%d/task/%s/children" %
                      (kt.process.pid, task)) as f:
                out += f.read().split()
        return out

    def is_dead(pid):
        try:
            with open("/proc/%s/stat" % pid) as f:
                return f.read().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    with Odd(), Upstream(lambda _: said()) as up, gate(up) as kt:
        assert ask(kt, odd(b"one")).status == 200
        assert len(workers(kt)) >= 1, workers(kt)
        for pid in workers(kt):
            os.kill(int(pid), 9)
            eventually(lambda: is_dead(pid), "the end of the worker")
        assert ask(kt, odd(b"two")).status == 200
        calls = eventually(
            lambda: len(kt.records()) == 2 and kt.records(), "records")
        assert not any(c["threats"] for c in calls), calls


run_all([
    a_card_in_a_document_is_refused_and_the_record_says_where,
    where_a_picture_was_taken_is_personal_and_the_record_names_the_picture,
    a_clean_document_arrives_byte_for_byte,
    a_hung_reader_costs_one_finding_and_nobody_else_waits,
    a_crashed_reader_costs_one_finding,
    what_a_reader_failed_at_can_be_refused,
    what_a_reader_says_is_inspected,
    a_worker_that_was_killed_is_started_again,
])

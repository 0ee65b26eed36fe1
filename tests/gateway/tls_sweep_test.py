"""Streams over TLS leak nothing: every cut, looked at by the client.

One rule of each shape (lib/detect), each text cut in two at every byte that
begins a character, in both formats, written plainly and as \\u escapes.  The
machine itself is swept with all rules in tests/unit/exchange/leak_test.c.
"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import gateway
import grammar
import speech
import tls
import wire
from certificates import certificates
from gateway import Gateway, config, target
from tap import run_all
from upstream import Upstream, stream

PATHS = {"anthropic": "/v1/messages", "openai": "/v1/chat/completions"}
ASK = json.dumps({"model": "m", "max_tokens": 9, "stream": True, "messages": [
    {"role": "user", "content": "hi"}]}).encode()
# What may go out, what may not, what comes behind.
TEXTS = {
    "a literal": ("Grüße 😀 ", "ghp_" + "R8xT2kLmQ9vB4nZc7WfY1aHd5sJe3u0pG6iN",
                  " ok"),
    "a number": ("é ", "4111 1111 1111 1111", ", 😀"),
    "a number in its context": ("NHS number ", "943 476 5919", "."),
    "an anchor": ("CF ", "RSSMRA85T10A562S", " ok"),
    "a public part": ("to DE", "89370400440532013000", " ok"),
    "a head": ("x: postgres://bob:", "Zx81cv0qPl2", "@db:5432 now"),
    "a tail": ("key ", "sk-" + "proj-" + "q7WnB2xZk9LmV4tRy6PsGd1CfHj3Ea8u" * 2,
               ", so"),
    "a tail with an end": (
        "here: ", "-----BEGIN RSA PRIVATE KEY-----\n"
        + "MIIEowIBAAKCAQEA7bq0\n" * 3 + "-----END RSA PRIVATE KEY-----",
        "\nafter"),
}


def plain(words):
    return json.dumps(words, ensure_ascii=False).encode()


def escaped(words):
    units = words.encode("utf-16-be")
    return b'"%s"' % b"".join(
        b"\\u%02x%02x" % tuple(units[i:i + 2])
        for i in range(0, len(units), 2))


def cut(form, words, at, write):
    """The events of an answer that says WORDS in two deltas."""
    make = {"anthropic": speech.message_events,
            "openai": speech.completion_events}[form]
    first, second = write(words[:at]), write(words[at:])
    return [e.replace(b'"@"', first).replace(b'"#"', second)
            for e in make("@#", width=1)]


class Sweep:
    """A gateway with TLS that acts on all that it finds, and a client."""

    def __init__(self, folder, form, action):
        self.form, self.folder = form, folder
        self.up = Upstream(lambda _: stream(self.events))
        policy = {kind: {"action": action}
                  for kind in ("secret-scanner", "pii-detector")}
        try:
            self.kt = Gateway(config(
                [target("up", self.up, form)], policy,
                gateway={"tls": tls.server(folder)}))
        except BaseException:
            self.up.stop()
            raise
        self.client = None

    def __enter__(self):
        assert "listening on https://" in self.kt.told(), self.kt.told()
        return self

    def __exit__(self, *why):
        if self.client:
            self.client.close()
        self.up.stop()
        self.kt.__exit__(*why)

    def ask(self):
        self.client = self.client or tls.Connection(
            self.kt.port, tls.context(self.folder))
        self.client.request("POST", PATHS[self.form], [wire.JSON], ASK)
        got = self.client.answer()
        if (got.headers.get("connection") or "") == "close":
            self.client.close()
            self.client = None
        assert got.status == 200 and got.is_whole, got
        return got

    def each(self, step):
        """Every text, cut at every STEP-th place: its parts, what came."""
        for shape, parts in TEXTS.items():
            words = "".join(parts)
            for at in range(1, len(words), step):
                for write in (plain, escaped):
                    self.events = cut(self.form, words, at, write)
                    got = self.ask()
                    yield (shape, at, write.__name__), parts, got.body

    def read(self, raw):
        """The text, and whether a policy ended it."""
        if self.form == "anthropic":
            g = grammar.anthropic(raw)
            return g.text(), g.stop == "policy_block"
        g = grammar.chat(raw)
        return g.text, g.finish == "content_filter"


def swept(action, step, holds):
    n = 0
    with tempfile.TemporaryDirectory() as d:
        certificates(d)
        for form in PATHS:
            with Sweep(d, form, action) as s:
                for where, parts, raw in s.each(step):
                    text, is_cut = s.read(raw)
                    assert holds(parts, text, is_cut), (form, where, text)
                    n += 1
    print("# %d streams" % n)
    assert n * step > 1000


def no_byte_of_a_match_leaves_over_tls_however_it_is_cut():
    swept("block", 1, lambda parts, text, is_cut:
          is_cut and parts[0].startswith(text))


def a_redaction_over_tls_keeps_both_sides():
    swept("redact", 5, lambda parts, text, is_cut:
          not is_cut and text.startswith(parts[0] + "[")
          and text.endswith("]" + parts[2]) and parts[1] not in text)


def a_flag_leaks_over_tls_so_the_sweep_can_fail():
    swept("flag", 23, lambda parts, text, is_cut:
          not is_cut and text == "".join(parts))


def spki_of(path):
    """SHA-256 of the public key of a certificate, by openssl."""
    key = subprocess.run(["openssl", "x509", "-in", path, "-noout",
                          "-pubkey"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"],
                         input=key, capture_output=True, check=True).stdout
    return "sha256:" + hashlib.sha256(der).hexdigest()


def the_record_tells_whose_certificate_a_provider_showed():
    with tempfile.TemporaryDirectory(prefix="kt-tls-") as d:
        certificates(d)
        with Sweep(d, "anthropic", "flag") as s:  # stands for a provider
            s.events = speech.message_events([speech.text("hi")])
            with Gateway(config([{
                    "id": "up", "provider": "anthropic",
                    "base_url": "https://127.0.0.1:%d" % s.kt.port,
                    "ca_file": os.path.join(d, "ca.crt")}])) as kt:
                for n in (1, 2):  # the second on the same connection
                    got = wire.post(kt.port, "/v1/messages", ASK)
                    assert got.status == 200, got
                    assert kt.call(n)["destination"]["upstream_tls"] == {
                        "spki": spki_of(os.path.join(d, "server.crt")),
                        "version": "TLS1.3"}, kt.call(n)
            assert "upstream_tls" not in s.kt.call()["destination"]


gateway.need()
run_all([
    the_record_tells_whose_certificate_a_provider_showed,
    no_byte_of_a_match_leaves_over_tls_however_it_is_cut,
    a_redaction_over_tls_keeps_both_sides,
    a_flag_leaks_over_tls_so_the_sweep_can_fail,
])

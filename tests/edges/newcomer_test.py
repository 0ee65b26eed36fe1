"""What somebody sees who starts kt for the first time."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import wire
from calls import PATHS, ask, said
from gateway import KT, Gateway, config, holders, target
from tap import PATIENCE, SRCDIR, run_all
from upstream import Upstream

CARD = "my card is 4111 1111 1111 1111"


def verify(folder):
    return subprocess.run([KT, "audit", "verify", folder], text=True,
                          capture_output=True, timeout=PATIENCE,
                          env={"PATH": "/usr/bin:/bin"})


def without_key_or_file_it_answers_offline_and_says_so():
    with Gateway([]) as kt:
        for form in PATHS:
            for more in ({}, {"stream": True}):
                got = ask(kt, form, CARD, **more)
                assert got.status == 200 and got.is_whole, got
                assert got.headers.get("kt-offline") == "true", got
                assert b"4111" not in got.body, got.body
        assert "offline" in kt.told(), kt.told()
        assert kt.call()["data_class"] == "pci", kt.call()
        assert wire.ask(kt.port, "GET", "/healthz").status == 200


def the_card_never_reaches_the_upstream():
    with Upstream(lambda _: said()) as up:
        over = '{"providers": {"targets": [%s]}}' % (
            '{"id": "anthropic", "provider": "anthropic", "base_url": "%s",'
            '"secret_key_ref": {"env": "ANTHROPIC_API_KEY"}}' % up.url)
        starter = os.path.join(SRCDIR, "policies", "starter.yaml")
        with Gateway([starter, over],
                     {"ANTHROPIC_API_KEY": "vendor"}) as kt:
            got = ask(kt, words=CARD)
            assert got.status == 200 and got.headers.get(
                "kt-offline") is None, got
            sent = up.taken()[0]
            assert b"4111" not in sent.body
            assert sent.headers.all("x-api-key") == ["vendor"]
            assert kt.call()["data_class"] == "pci"


def the_verifier_tells_the_truth_both_times():
    kt = Gateway([])
    try:
        for _ in range(3):
            ask(kt, words=CARD)
        kt.call(3)
        assert kt.end() == 0, kt.told()
        before = verify(kt.audit)
        assert before.returncode == 0, before
        folder = os.path.join(kt.audit, "seg")
        path = os.path.join(folder, sorted(os.listdir(folder))[-1])
        os.chmod(path, 0o600)
        with open(path, "r+b") as f:
            text = f.read()
            at = text.index(b'"data_class":"pci"')
            f.seek(at + len(b'"data_class":"'))
            f.write(b"pii")
        after = verify(kt.audit)
        assert after.returncode == 1, after
        number = text[:at].count(b"\n")
        assert re.search(r"\b%d\b" % number, after.stdout + after.stderr), (
            number, after)
    finally:
        kt.stop()


def no_text_of_a_call_is_in_its_evidence():
    secret = "unmistakable-phrase-4711"
    with Gateway([]) as kt:
        ask(kt, words=secret + " " + CARD)
        kt.call()
        for said in (secret.encode(), b"4111 1111"):
            assert not holders(kt.audit, said), said
        assert secret not in kt.told()


def detectors_are_found_from_anywhere():
    with tempfile.TemporaryDirectory() as d:
        got = subprocess.run(
            [KT, "policy", "show"], cwd=d, capture_output=True, text=True,
            env={"PATH": "/usr/bin:/bin", "HOME": ""}, timeout=PATIENCE)
        assert got.returncode == 0 and "starter" in got.stdout, got


def tokens_are_asked_for_and_go_no_further():
    with tempfile.TemporaryDirectory() as d:
        tokens = os.path.join(d, "tokens.json")

        def create(*more):
            made = subprocess.run(
                [KT, "token", "create", "--tokens-file", tokens,
                 "--principal", "dev", *more], capture_output=True,
                text=True, timeout=PATIENCE, env={"PATH": "/usr/bin:/bin"})
            assert made.returncode == 0, made
            token = made.stdout.strip().splitlines()[-1]
            assert token.startswith("kt_gk_"), made
            return token

        full, models = create(), create("--scopes", "models")
        with open(tokens) as f:
            assert full not in f.read()
        with Upstream(lambda _: said()) as up, Gateway(config(
                [target("up", up, key="VENDOR")], auth={"mode": "tokens",
                      "headers": ["authorization", "x-api-key", "ApiKey"]}),
                {"VENDOR": "vendor"}, ["--tokens-file", tokens]) as kt:
            for sent in ([("x-api-key", full)],
                         [("Authorization", "Bearer " + full)],
                         [("ApiKey", full),
                          ("Authorization", "Bearer dummy")]):
                assert ask(kt, headers=sent).status == 200, sent
                r = up.taken()[-1]
                assert r.headers.all("x-api-key") == ["vendor"], r.headers
                assert full.encode() not in r.raw_head
                assert b"dummy" not in r.raw_head, r.raw_head
            n = len(up.taken())
            for sent in ([], [("x-api-key", "kt_gk_wrong")],
                         [("x-api-key", full[:-1])]):
                got = ask(kt, headers=sent)
                assert got.status == 401, got
                assert got.json()["error"]["type"] == \
                    "authentication_error", got
                assert got.headers.get("x-should-retry") == "false", got
            got = ask(kt, headers=[("x-api-key", models)])
            assert got.status == 403, got
            assert len(up.taken()) == n
            assert kt.call()["principal"]["id"] != full


run_all([
    without_key_or_file_it_answers_offline_and_says_so,
    the_card_never_reaches_the_upstream,
    the_verifier_tells_the_truth_both_times,
    no_text_of_a_call_is_in_its_evidence,
    detectors_are_found_from_anywhere,
    tokens_are_asked_for_and_go_no_further,
])

"""The running gateway as a process: how it starts, listens, is told and ends.

What a call means is tested elsewhere; here it only has to cross.
"""
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import gateway
import speech
import tls
import wire
from certificates import certificates
from gateway import KT, Gateway, config, target
from tap import PATIENCE, Skip, eventually, run_all, within
from upstream import HANG, Upstream, stream, whole

ASK = {"model": "claude-sonnet-4-5", "max_tokens": 9,
       "messages": [{"role": "user", "content": "hello"}]}
HELLO = speech.message("hello")
PATIENT = {"drain_seconds": 10 * int(PATIENCE)}


def answering(_):
    return whole(HELLO)


def setup(up, **more):
    return config([target("one", up)], **more)


def hello(port, **more):
    return wire.post(port, "/v1/messages", {**ASK, **more})


def read_all(connection):
    """Everything until the peer closes."""
    got = connection.reader.kept
    while True:
        more = connection.sock.recv(65536)
        if not more:
            return got
        got += more


def kt(*args, **env):
    return subprocess.run([KT, *args], capture_output=True, text=True,
                          timeout=PATIENCE,
                          env={"PATH": "/usr/bin:/bin", **env})


def a_port_in_use_is_an_error_with_its_cause():
    with Upstream(answering) as up, Gateway(setup(up)) as g:
        with tempfile.TemporaryDirectory() as d:
            r = kt("gateway", "run", "--listen", "127.0.0.1:%d" % g.port,
                   "--audit-dir", d + "/audit", HOME=d)
        assert r.returncode == 3 and "in use" in r.stderr, r
        assert "listening" not in r.stderr
        for _ in range(20):
            assert hello(g.port).status == 200


def two_gateways_never_write_one_audit_directory():
    with Upstream(answering) as up, Gateway(setup(up)) as g:
        r = kt("gateway", "run", "--listen", "127.0.0.1:0",
               "--audit-dir", g.audit, HOME=g.folder)
        assert r.returncode == 1 and "another gateway" in r.stderr, r


def records_whose_file_was_removed_are_not_taken_for_kept():
    with Upstream(answering) as up, Gateway(setup(up)) as g:
        assert hello(g.port).status == 200
        path = os.path.join(g.audit, "seg", "000000000000.jsonl")
        with open(path, "rb") as f:
            kept = f.read()
        os.unlink(path)
        assert hello(g.port).status == 503
        said = "recorded: segment 0: a file was removed while it was written"
        eventually(lambda: said in g.told(), said)
        with open(path, "wb") as f:
            f.write(kept)
        eventually(lambda: hello(g.port).status == 200, "it is back")
        os.unlink(os.path.join(g.audit, "checkpoints"))
        said = "recorded: checkpoints: a file was removed"
        eventually(lambda: hello(g.port) and said in g.told(), said)
        eventually(lambda: hello(g.port).status == 200, "begun again")


def an_open_gateway_does_not_spend_the_vendors_key():
    text = config([target("one", "http://127.0.0.1:9", key="KEY")],
                  mode="none")
    with tempfile.TemporaryDirectory() as d:
        path = d + "/p.yaml"
        with open(path, "w") as f:
            f.write(text)
        r = kt("gateway", "run", "--listen", "0.0.0.0:0", "--audit-dir",
               d + "/a", "--policy-config", path, HOME=d, KEY="sk-secret")
        assert r.returncode == 1 and "--allow-open" in r.stderr, r
        assert "sk-secret" not in r.stderr
    with Gateway(text, {"KEY": "sk-secret"},
                 ["--listen", "0.0.0.0:0", "--allow-open"]) as g:
        assert wire.ask(g.port, "GET", "/healthz").status == 200


def a_reload_does_not_open_what_a_start_would_not():
    with Upstream(answering) as up, tempfile.TemporaryDirectory() as d:
        tokens = d + "/tokens.json"
        r = kt("token", "create", "--principal", "a", "--tokens-file", tokens)
        assert r.returncode == 0, r
        auth = {"mode": "tokens", "tokens_file": tokens}
        targets = [target("one", up, key="KEY")]
        with Gateway(config(targets, auth=auth), {"KEY": "sk-secret"},
                     ["--listen", "0.0.0.0:0"]) as g:
            with open(os.path.join(g.folder, "0.yaml"), "w") as f:
                f.write(config(targets, mode="none"))
            g.process.send_signal(signal.SIGHUP)
            eventually(lambda: "not reloaded" in g.told(), g.told())
            assert "--allow-open" in g.told(), g.told()
            assert hello(g.port).status == 401
            assert len(g.records("policy")) == 1


def a_bad_configuration_is_told_and_nothing_starts():
    with tempfile.TemporaryDirectory() as d:
        path = d + "/p.yaml"
        with open(path, "w") as f:
            f.write("polices: 1\n")
        r = kt("gateway", "run", "--listen", "127.0.0.1:0", "--audit-dir",
               d + "/a", "--policy-config", path, HOME=d)
        assert r.returncode == 1 and "polices" in r.stderr, r
        assert not os.path.exists(d + "/a")


def the_banner_names_every_file_of_the_configuration():
    with Upstream(answering) as up, Gateway([
            setup(up), json.dumps({"gateway": PATIENT})]) as g:
        for name in ("0.yaml", "1.yaml"):
            assert os.path.join(g.folder, name) + "\n" in g.told(), g.told()


def a_reload_changes_what_is_enforced_and_a_bad_file_does_not():
    with Upstream(answering) as up:
        flagging = setup(up, policy={"pii-detector": {"action": "flag"}})
        with Gateway(flagging) as g:
            card = [{"role": "user", "content": "4111 1111 1111 1111"}]
            assert hello(g.port, messages=card).status == 200
            path = os.path.join(g.folder, "0.yaml")

            def write(text):
                with open(path, "w") as f:
                    f.write(text)
                r = kt("gateway", "reload", "--audit-dir", g.audit)
                assert r.returncode == 0, r

            write("policies: [\n")
            eventually(lambda: "not reloaded" in g.told(), g.told())
            assert hello(g.port, messages=card).status == 200
            write(setup(up, policy={"pii-detector": {"action": "block"}}))
            eventually(lambda: "kt: reloaded" in g.told(), g.told())
            eventually(lambda: hello(g.port, messages=card).status == 403,
                       "the new policy blocks")
        assert kt("gateway", "reload", "--audit-dir",
                  "/nonexistent").returncode == 1


def a_reload_tells_what_is_amiss_and_what_waits():
    with Upstream(answering) as up, tempfile.TemporaryDirectory() as d:
        with open(d + "/key", "w") as f:
            f.write("sk-secret")
        lost = target("lost", up)
        lost["secret_key_ref"] = {"file": d + "/key"}
        targets = [lost, target("one", up, key="KEY")]
        with Gateway(config(targets, mode="none"), {"KEY": "k"}) as g:
            os.unlink(d + "/key")
            with open(os.path.join(g.folder, "0.yaml"), "w") as f:
                f.write(config(targets, mode="none", gateway={
                    "deadlines": {"head_seconds": 1}, "tls": tls.server(d)}))
            g.process.send_signal(signal.SIGHUP)
            eventually(lambda: "kt: reloaded" in g.told(), g.told())
            assert "warning: target lost is unavailable" in g.told()
            assert "TLS towards clients begins when" in g.told()

            def until_closed():
                with wire.Connection(g.port) as c:
                    begun = time.monotonic()
                    assert not read_all(c)
                    return time.monotonic() - begun

            within(9, until_closed)  # by default it is 10


def a_reload_under_streams_breaks_none_of_them():
    def slow(_):
        steps = []
        for e in speech.message_events("a b c d e f g h"):
            steps += [e, 0.05]
        return stream(steps)

    with Upstream(slow) as up, Gateway(setup(up)) as g:
        cs = [wire.Connection(g.port) for _ in range(8)]
        for c in cs:
            c.request("POST", "/v1/messages", [wire.JSON],
                      json.dumps({**ASK, "stream": True}).encode())
        for _ in range(40):
            g.process.send_signal(signal.SIGHUP)
            time.sleep(0.01)
        for c in cs:
            r = c.answer()
            assert r.status == 200 and r.is_whole, r
            assert b"message_stop" in r.body
            c.close()
        eventually(lambda: "kt: reloaded" in g.told(), g.told())


def what_one_classifier_let_pass_is_shown_to_the_one_that_replaces_it():
    def judge(decision):
        return Upstream(lambda _: whole({"decision": decision}))

    with Upstream(answering) as up, judge("pass") as one, \
            judge("block") as other:
        def asking(who):
            return setup(up, chain=["external-guard", "audit-logger"],
                         policy={"external-guard": {
                             "url": who.url + "/judge",
                             "cache_seconds": 3600}})

        with Gateway(asking(one), args=("--workers", "1")) as g:
            assert [hello(g.port).status for _ in range(2)] == [200, 200]
            with open(os.path.join(g.folder, "0.yaml"), "w") as f:
                f.write(asking(other))
            g.process.send_signal(signal.SIGHUP)
            eventually(lambda: "kt: reloaded" in g.told(), g.told())
            eventually(lambda: hello(g.port).status == 403, g.told())


def a_changed_tokens_file_takes_effect_by_itself():
    with Upstream(answering) as up, tempfile.TemporaryDirectory() as d:
        tokens = d + "/tokens.json"

        def create(name):
            r = kt("token", "create", "--principal", name, "--tokens-file",
                   tokens)
            assert r.returncode == 0, r
            return r.stdout.strip().splitlines()[-1]

        first = create("alice")
        text = config([target("one", up, key="KEY")], mode="tokens")
        with Gateway(text, {"KEY": "k"}, ["--tokens-file", tokens]) as g:
            def status(token):
                return wire.post(g.port, "/v1/messages", ASK,
                                 [("x-api-key", token)]).status

            assert status(first) == 200 and status("kt_gk_no") == 401
            second = create("bob")
            eventually(lambda: status(second) == 200, "bob is let in")


def a_token_revoked_during_the_start_is_not_valid_after_it():
    # The start is held between reading the tokens and being ready: it reads
    # the roots of a target from a pipe.
    with Upstream(answering) as up, tempfile.TemporaryDirectory() as d:
        certificates(d)
        tokens, pipe = d + "/tokens.json", d + "/pipe"
        os.mkfifo(pipe)
        r = kt("token", "create", "--principal", "a", "--tokens-file", tokens)
        token = r.stdout.strip().splitlines()[-1]
        with open(tokens) as f:
            ref = json.load(f)["tokens"][0]["id"]

        def revoke():
            with open(pipe, "wb") as to:  # waits for who reads it
                kt("token", "revoke", ref, "--tokens-file", tokens)
                with open(d + "/ca.crt", "rb") as f:
                    to.write(f.read())
                os.rename(d + "/ca.crt", pipe)  # for who reads it again

        threading.Thread(target=revoke, daemon=True).start()
        text = config([target("one", up, key="KEY"),
                       target("two", "https://127.0.0.1:1", key="KEY",
                              ca_file=pipe)], mode="tokens")
        with Gateway(text, {"KEY": "k"}, ["--tokens-file", tokens]) as g:
            eventually(lambda: wire.post(
                g.port, "/v1/messages", ASK, [("x-api-key", token)]
            ).status == 401, "the token is revoked")


def tokens_are_taken_up_while_the_configuration_is_being_edited():
    with Upstream(answering) as up, tempfile.TemporaryDirectory() as d:
        tokens = d + "/tokens.json"
        r = kt("token", "create", "--principal", "a", "--tokens-file", tokens)
        token = r.stdout.strip().splitlines()[-1]
        with open(tokens) as f:
            listed = f.read()
        ref = json.loads(listed)["tokens"][0]["id"]
        text = config([target("one", up, key="KEY")], mode="tokens")
        with Gateway(text, {"KEY": "k"}, ["--tokens-file", tokens]) as g:
            def status():
                return wire.post(g.port, "/v1/messages", ASK,
                                 [("x-api-key", token)]).status

            def write(name, text):
                with open(d + "/new", "w") as f:
                    f.write(text)
                os.rename(d + "/new", name)

            assert status() == 200
            write(os.path.join(g.folder, "0.yaml"), "policies: [\n")
            for n, spoil in enumerate((
                    lambda: write(tokens, listed[:-9]),
                    lambda: open(tokens, "w").close(),
                    lambda: os.unlink(tokens)), 1):
                spoil()
                eventually(lambda n=n: g.told().count("tried again") == n,
                           g.told())
                assert status() == 200
            write(tokens, listed)
            r = kt("token", "revoke", ref, "--tokens-file", tokens)
            assert r.returncode == 0, r
            eventually(lambda: status() == 401, "the token is revoked")
            assert g.told().count("tried again") == 3, g.told()
        with Gateway(text, {"KEY": "k"}) as g:
            assert "no list of tokens is named" in g.told(), g.told()
            assert status() == 401
        open(tokens, "w").close()
        with Gateway(text, {"KEY": "k"}, ["--tokens-file", tokens]) as g:
            assert status() == 401  # nobody yet


def the_clients_close_reaches_the_upstream_within_a_second():
    """Before the first byte and after it, the upstream is left at once."""
    first = speech.message_events("hello")[0]
    for steps in ([HANG], [first, HANG]):
        def script(_, steps=steps):
            return stream(steps)

        with Upstream(script) as up, Gateway(setup(up)) as g:
            def leave():
                up.forget()
                with wire.Connection(g.port) as c:
                    c.request("POST", "/v1/messages", [wire.JSON],
                              json.dumps({**ASK, "stream": True}).encode())
                    eventually(up.taken, "the request is there")
                    if len(steps) > 1:
                        c.answer(until=lambda r: r.body)
                    time.sleep(0.1)
                    left = time.monotonic()
                took = up.taken()[0]
                return eventually(
                    lambda: took.closed_at, "the upstream is left") - left

            within(1, leave)
            assert g.call()["outcome"] == "client-abort"


def status(port):
    """Of /healthz; 0 where nobody listens."""
    try:
        return wire.ask(port, "GET", "/healthz").status
    except ConnectionError:
        return 0


def after_sigterm_streams_finish_and_nothing_new_is_served():
    events, go_on = speech.message_events("hello"), threading.Event()

    def slow(_):
        return stream([events[0], go_on, *events[1:]])

    with Upstream(slow) as up, Gateway(setup(up, gateway=PATIENT)) as g:
        idle = wire.Connection(g.port)
        idle.request("GET", "/healthz")
        assert idle.answer("GET").status == 200
        with wire.Connection(g.port) as c:
            c.request("POST", "/v1/messages", [wire.JSON],
                      json.dumps({**ASK, "stream": True}).encode())
            c.answer(until=lambda r: r.body)
            g.terminate()
            eventually(lambda: "stopping" in g.told(), "told")
            eventually(lambda: status(g.port) in (0, 503), "nobody is let in")
            try:
                idle.request("GET", "/healthz")
                assert idle.answer("GET").status in (0, 503)
            except ConnectionError:
                pass
            go_on.set()
            assert read_all(c).endswith(b"\r\n0\r\n\r\n")
        assert g.process.wait(gateway.STOP) == 0
        assert [r["outcome"] for r in g.records()] == ["ok"]
        assert g.records("shutdown")
        idle.close()


def a_second_sigterm_does_not_wait_and_says_so():
    begun = speech.message_events("hello")[:4]
    with Upstream(lambda _: stream([*begun, HANG])) as up, Gateway(
            setup(up, gateway=PATIENT)) as g:
        c = wire.Connection(g.port)
        c.request("POST", "/v1/messages", [wire.JSON],
                  json.dumps({**ASK, "stream": True}).encode())
        c.answer(until=lambda r: r.body)
        g.terminate()
        eventually(lambda: "stopping" in g.told(), "told")
        assert g.process.poll() is None
        g.terminate()
        told = read_all(c)
        assert b"event: error" in told, told
        assert told.endswith(b"\r\n0\r\n\r\n"), told
        code = g.process.wait(gateway.STOP)
        assert code == 0, (code, g.told())
        record, = g.records()
        assert record["outcome"] == "fail-closed", record
        assert "gateway.process.stopping" in record["reason_codes"], record
        c.close()


def a_refused_head_is_recorded_and_the_connection_closed():
    with Upstream(answering) as up, Gateway(setup(up)) as g:
        with wire.Connection(g.port) as c:
            c.send(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n"
                   b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
                   b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            got = read_all(c)
        assert got.startswith(b"HTTP/1.1 400 "), got
        assert got.count(b"HTTP/1.1") == 1
        eventually(lambda: g.records("reject"), "a reject record")
        assert not up.taken()


def the_path_that_is_checked_is_the_path_that_is_sent():
    with Upstream(answering) as up, Gateway(setup(up)) as g:
        assert wire.ask(g.port, "POST", "/v1/%6dessages", [wire.JSON],
                        json.dumps(ASK).encode()).status == 404
        assert wire.ask(g.port, "POST", "/v1/messages?beta=true&x=%2f%41",
                        [wire.JSON], json.dumps(ASK).encode()).status == 200
        assert up.taken()[0].target == "/v1/messages?beta=true&x=%2f%41"


def a_line_per_call_is_json_when_asked_and_never_has_text():
    with Upstream(answering) as up:
        with tempfile.TemporaryFile() as out:
            g = None
            real = subprocess.Popen

            def popen(*args, **kw):
                return real(*args, **{**kw, "stdout": out})

            subprocess.Popen = popen
            try:
                g = Gateway(setup(up), args=["--log-format", "json"])
            finally:
                subprocess.Popen = real
            with g:
                assert hello(g.port).status == 200
                g.call()
                assert wire.post(g.port, "/v1/hello", ASK).status == 404
                assert wire.ask(g.port, "HEAD", "/").status == 200
            out.seek(0)
            lines = [json.loads(line) for line in out]
    assert len(lines) == 2, lines
    assert lines[1]["kt.reason_code"] == "route.path.unknown", lines
    assert lines[0]["gen_ai.request.model"] == "claude-sonnet-4-5"
    assert lines[0]["gen_ai.usage.output_tokens"] == HELLO["usage"][
        "output_tokens"]
    assert "hello" not in json.dumps(lines)


def a_record_tells_how_long_the_inspection_took():
    """One event brings all of the request, and none its end."""
    with Upstream(answering) as up, Gateway(setup(up)) as g:
        said = [{"role": "user", "content": "some words of prose. " * 9000}]
        assert hello(g.port, messages=said).status == 200
        record = g.call()
        assert 0 < record["eval_us"] == record["t"]["inspect_us"], record


# TLS -----------------------------------------------------------------------

def secure(up, d, **more):
    return setup(up, gateway={"tls": tls.server(d, **more)})


def over_tls(port, d, client=None, raw=b"", version=None):
    got = b""
    with tls.Connection(port, tls.context(d, client, version)) as c:
        c.send(raw)
        try:
            while True:
                more = c.sock.recv(65536)
                if not more:
                    break
                got += more
        except (ssl.SSLError, ConnectionError):
            pass
    return got


CLOSING = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def tls_is_spoken_from_1_2_upwards():
    with tempfile.TemporaryDirectory() as d, Upstream(answering) as up:
        certificates(d)
        with Gateway(secure(up, d)) as g:
            assert "listening on https://" in g.told()
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                got = over_tls(g.port, d, raw=CLOSING, version=version)
                assert got.startswith(b"HTTP/1.1 200 "), got
            try:
                over_tls(g.port, d, raw=CLOSING,
                         version=ssl.TLSVersion.TLSv1_1)
                raise AssertionError("TLS 1.1 was spoken")
            except (ssl.SSLError, OSError):
                pass
            body = json.dumps(ASK).encode()
            got = over_tls(
                g.port, d, raw=b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n"
                b"Content-Type: application/json\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert b"hello" in got and b" 200 " in got, got


def with_a_client_ca_only_its_own_get_in():
    with tempfile.TemporaryDirectory() as d, Upstream(answering) as up:
        certificates(d)
        with Gateway(secure(up, d, client_ca=d + "/ca.crt")) as g:
            got = over_tls(g.port, d, "client", CLOSING)
            assert got.startswith(b"HTTP/1.1 200 "), got
            for who in (None, "stranger", "machine"):
                got = over_tls(g.port, d, who, CLOSING)
                assert b" 200 " not in got, got
            eventually(lambda: len(g.records("reject")) == 3, "recorded")


def a_renewed_certificate_is_shown_from_the_reload_on():
    with tempfile.TemporaryDirectory() as d, Upstream(answering) as up, \
            tempfile.TemporaryDirectory() as later:
        certificates(d)
        certificates(later)
        with Gateway(secure(up, d, client_ca=d + "/ca.crt")) as g:
            def reload(said):
                g.process.send_signal(signal.SIGHUP)
                eventually(lambda: said in g.told(), said)

            def is_served(by, client):
                c = tls.context(by)
                c.load_cert_chain(client + ".crt", client + ".key")
                try:
                    with tls.Connection(g.port, c) as open_:
                        open_.request("GET", "/healthz")
                        return open_.answer("GET").status == 200
                except (ssl.SSLError, ConnectionError):
                    return False

            with tls.Connection(g.port, tls.context(d, "client")) as before:
                for name in ("server.crt", "server.key"):
                    shutil.copy(os.path.join(later, name), d)
                reload("kt: reloaded")
                before.request("GET", "/healthz")
                assert before.answer("GET").status == 200
            for _ in range(2):
                assert is_served(later, d + "/client")
                assert not is_served(d, d + "/client")
                assert not is_served(later, later + "/client")
                shutil.copy(later + "/client.key", d + "/server.key")
                reload("certificate in use stays: gateway.tls: ")


gateway.need()
run_all([
    a_port_in_use_is_an_error_with_its_cause,
    two_gateways_never_write_one_audit_directory,
    records_whose_file_was_removed_are_not_taken_for_kept,
    an_open_gateway_does_not_spend_the_vendors_key,
    a_reload_does_not_open_what_a_start_would_not,
    a_bad_configuration_is_told_and_nothing_starts,
    the_banner_names_every_file_of_the_configuration,
    a_reload_changes_what_is_enforced_and_a_bad_file_does_not,
    a_reload_tells_what_is_amiss_and_what_waits,
    a_reload_under_streams_breaks_none_of_them,
    what_one_classifier_let_pass_is_shown_to_the_one_that_replaces_it,
    a_changed_tokens_file_takes_effect_by_itself,
    a_token_revoked_during_the_start_is_not_valid_after_it,
    tokens_are_taken_up_while_the_configuration_is_being_edited,
    the_clients_close_reaches_the_upstream_within_a_second,
    after_sigterm_streams_finish_and_nothing_new_is_served,
    a_second_sigterm_does_not_wait_and_says_so,
    a_refused_head_is_recorded_and_the_connection_closed,
    the_path_that_is_checked_is_the_path_that_is_sent,
    a_line_per_call_is_json_when_asked_and_never_has_text,
    a_record_tells_how_long_the_inspection_took,
    tls_is_spoken_from_1_2_upwards,
    with_a_client_ca_only_its_own_get_in,
    a_renewed_certificate_is_shown_from_the_reload_on,
])

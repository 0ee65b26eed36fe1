"""What crosses a gateway that has no opinion: credentials, paths, headers."""
import gzip
import json
import os
import sys
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import speech
import wire
from calls import PATHS, ask, refusal, request, said
from gateway import Gateway, config, target
from tap import eventually, run_all, same, within
from upstream import Answer, Upstream, whole

KEY = "vendor-key-1"
BOTH = [("x-api-key", "client-key"), ("Authorization", "Bearer client-tok")]
CREDENTIALS = ("x-api-key", "authorization", "api-key")


def credentials(r):
    return {n.lower(): r.headers.all(n) for n in CREDENTIALS
            if r.headers.get(n) is not None}


def answering(r):
    if r.path.endswith("count_tokens"):
        return whole({"input_tokens": 3})
    for form, path in PATHS.items():
        if r.path.endswith(path[3:]):
            return said(form)
    return whole({"data": []})


def crossed(setup, form="anthropic", headers=(), env=None, **more):
    """(the answer, what the upstream got)"""
    with Upstream(answering) as up, Gateway(setup(up), env) as kt:
        got = ask(kt, form, headers=headers, **more)
        assert got.status == 200, got
        assert len(up.taken()) == 1, up.taken()
        return got, up.taken()[0]


def the_vendors_key_replaces_the_clients_own_once():
    for form, wanted in (
            ("anthropic", {"x-api-key": [KEY]}),
            ("openai", {"authorization": ["Bearer " + KEY]})):
        for sent in ((), BOTH, BOTH[:1], BOTH[1:]):
            _, r = crossed(lambda up: config(
                [target("up", up, form, "VENDOR")], mode="none"), form,
                sent, {"VENDOR": KEY})
            assert credentials(r) == wanted, (form, sent, credentials(r))
            assert b"client" not in r.raw_head, r.raw_head


def a_key_may_have_its_own_header_and_prefix():
    _, r = crossed(lambda up: config([target(
        "up", up, "openai", "VENDOR", api_key_header="api-key",
        api_key_prefix="Key ")], mode="none"), "openai", BOTH,
        {"VENDOR": KEY})
    assert credentials(r) == {"api-key": ["Key " + KEY]}, credentials(r)


def a_key_may_come_from_a_file():
    path = os.path.join("/tmp", "kt-key-%d" % os.getpid())
    with open(path, "w") as f:
        f.write(KEY + "\n")
    try:
        _, r = crossed(lambda up: config([target(
            "up", up, secret_key_ref={"file": path})], mode="none"))
        assert credentials(r) == {"x-api-key": [KEY]}, credentials(r)
    finally:
        os.unlink(path)


def passthrough_keeps_the_clients_credentials():
    for sent in (BOTH, BOTH[:1], BOTH[1:],
                 [("Authorization", "Bearer sk-ant-oat01-x")]):
        _, r = crossed(lambda up: config([target("up", up)]), headers=sent)
        assert credentials(r) == {n.lower(): [v] for n, v in sent}, r.headers


def a_base_url_may_end_with_v1_or_not():
    for form in PATHS:
        provider = "anthropic" if form == "anthropic" else "openai"
        for base, deep in (("", ""), ("/v1", ""), ("/v1/", ""),
                           ("/deep/er", "/deep/er"),
                           ("/deep/er/v1", "/deep/er")):
            _, r = crossed(lambda up: config([target(
                "up", up.url + base, provider)]), form)
            assert r.target == deep + PATHS[form], (form, base, r.target)


def the_query_is_kept_and_prefixes_are_stripped():
    with Upstream(answering) as up, Gateway(
            config([target("up", up)])) as kt:
        for sent, wanted in (
                ("/v1/messages?beta=true", None),
                ("/v1/messages?a=%20b&c=%2F&&d", None),
                ("/v1/anthropic/v1/messages?beta=true",
                 "/v1/messages?beta=true"),
                ("/v1/anthropic/v1/messages/count_tokens?beta=true",
                 "/v1/messages/count_tokens?beta=true"),
                ("/v1/messages/count_tokens?beta=true", None)):
            got = wire.post(kt.port, sent, request())
            assert got.status == 200, (sent, got)
            assert up.taken()[-1].target == (wanted or sent), up.taken()[-1]
        got = wire.ask(kt.port, "GET", "/v1/models?limit=1000",
                       [("anthropic-version", "2023-06-01")])
        assert got.status == 200, got
        assert up.taken()[-1].target == "/v1/models?limit=1000"


def the_version_goes_up_once():
    for own in ({}, {"headers": {"Anthropic-Version": "v-own"}},
                {"anthropic_version": "v-own"},
                {"headers": {"anthropic-version": "v-own"},
                 "anthropic_version": "v-other"}):
        with Upstream(answering) as up, Gateway(
                config([target("up", up, **own)])) as kt:
            for sent in ([], [("anthropic-version", "v-client")]):
                assert ask(kt, headers=sent).status == 200
                came = up.taken()[-1].headers.all("anthropic-version")
                assert came == ["v-own" if own else
                                "v-client" if sent else "2023-06-01"], came


def unknown_headers_go_up_and_come_back():
    up_headers = [("anthropic-new-thing", "a;b, c"),
                  ("anthropic-version", "2099-01-01"),
                  ("anthropic-beta", "x-2025-01-01,y"),
                  ("anthropic-beta", "z"),
                  ("X-Claude-Code-Session-Id", "s-1"),
                  ("User-Agent", "odd/1 (x)")]
    down = [("request-id", "req_1"), ("anthropic-organization-id", "o"),
            ("anthropic-ratelimit-unified-status", "allowed"),
            ("X-New", "v; w=1"), ("retry-after", "3")]

    def script(_):
        return said(headers=down)

    with Upstream(script) as up, Gateway(config([target("up", up)])) as kt:
        got = ask(kt, headers=up_headers)
        r = up.taken()[0]
        for name, value in up_headers:
            assert value in r.headers.all(name), (name, r.headers)
        for name, value in down:
            assert got.headers.all(name) == [value], (name, got.headers)


def hop_by_hop_headers_stay_on_their_hop():
    hop = [("Connection", "X-Drop, keep-alive"), ("X-Drop", "1"),
           ("Keep-Alive", "timeout=9"), ("TE", "trailers"),
           ("Proxy-Authorization", "Basic eHg="), ("Upgrade", "h2c")]
    back = [("Connection", "X-Gone"), ("X-Gone", "1"),
            ("Keep-Alive", "timeout=9"), ("Proxy-Authenticate", "Basic"),
            ("X-Stays", "1")]
    with Upstream(lambda _: said(headers=back)) as up, Gateway(
            config([target("up", up)])) as kt:
        got = ask(kt, headers=hop + [("X-Stays", "1")])
        r = up.taken()[0]
        for name in ("x-drop", "keep-alive", "te", "upgrade",
                     "proxy-authorization"):
            assert r.headers.get(name) is None, (name, r.headers)
        assert "x-drop" not in (r.headers.get("connection") or "").lower()
        assert r.headers.get("x-stays") == "1"
        for name in ("x-gone", "keep-alive", "proxy-authenticate"):
            assert got.headers.get(name) is None, (name, got.headers)
        assert got.headers.get("x-stays") == "1"


def a_targets_model_replaces_that_value_alone():
    body = (b'{ "messages":[{"role":"user","content":"the model is m"}],\r\n'
            b'"x":{"model":"m"},\t"model" : "m" ,"max_tokens":9}')
    with Upstream(answering) as up, Gateway(config(
            [target("up", up, model="other-1")])) as kt:
        for path in ("/v1/messages", "/v1/messages/count_tokens"):
            assert wire.post(kt.port, path, body).status == 200
            same(up.taken()[-1].body,
                 body.replace(b'"model" : "m"', b'"model" : "other-1"'))
        record = kt.call(2)
        assert record["model_requested"] == "m", record
        assert record["model_served"] == "other-1", record


def a_targets_headers_are_added():
    _, r = crossed(lambda up: config([target(
        "up", up, headers={"X-Team": "blue", "anthropic-beta": "q"})]))
    assert r.headers.all("x-team") == ["blue"]
    assert "q" in ",".join(r.headers.all("anthropic-beta"))


def a_compressed_request_goes_up_in_its_own_bytes():
    body = json.dumps(request()).encode()
    card = json.dumps(request("4111 1111 1111 1111")).encode()
    raw = zlib.compress(body)
    with Upstream(answering) as up, Gateway(config(
            [target("up", up)])) as kt:
        for coding, packed in (("gzip", gzip.compress(body)),
                               ("deflate", raw)):
            got = wire.post(kt.port, "/v1/messages", packed,
                            [("Content-Encoding", coding)])
            assert got.status == 200, (coding, got)
            r = up.taken()[-1]
            same(r.body, packed)
            assert r.headers.all("content-encoding") == [coding]
        got = wire.post(kt.port, "/v1/messages", gzip.compress(card),
                        [("Content-Encoding", "gzip")])
        assert got.status == 200, got
        r = up.taken()[-1]
        assert r.headers.get("content-encoding") is None, r.headers
        assert b"4111" not in r.body and json.loads(r.body)
        n = len(up.taken())
        for coding in ("br", "zstd", "gzip, gzip"):
            got = wire.post(kt.port, "/v1/messages", body,
                            [("Content-Encoding", coding)])
            refusal(got, "anthropic", 415)
        bomb = gzip.compress(b"[" + b" " * (8 << 20) + b"]")
        got = wire.post(kt.port, "/v1/messages", bomb,
                        [("Content-Encoding", "gzip")])
        assert got.status in (400, 413), got
        assert len(up.taken()) == n


def each_coding_is_read_or_refused():
    body = json.dumps(request()).encode()
    with Upstream(answering) as up, Gateway(config(
            [target("up", up)])) as kt:
        for coding, sent, status in (
                ("GZIP", gzip.compress(body), 200),
                ("deflate", zlib.compress(body), 200),
                ("identity", body, 200), ("x-gzip", gzip.compress(body), 415),
                ("deflate", gzip.compress(body), 400),
                ("gzip", body, 400)):
            n = len(up.taken())
            got = wire.post(kt.port, "/v1/messages", sent,
                            [("Content-Encoding", coding)])
            assert got.status == status, (coding, got)
            assert len(up.taken()) == n + (status == 200), coding
            if status == 200:
                same(up.taken()[-1].body, sent, coding)
                assert up.taken()[-1].headers.get(
                    "content-encoding") == coding


def each_endpoint_has_its_names_and_keeps_its_query():
    def script(r):
        if r.path.endswith("count_tokens"):
            return whole({"input_tokens": 3})
        if r.method == "GET" or r.path == "/v1/files":
            return whole({"data": [], "has_more": False})
        return answering(r)

    with Upstream(script) as up, Gateway(config(
            [target("up", up)])) as kt:
        for method, path in (
                ("POST", "/messages"), ("POST", "/messages/count_tokens"),
                ("GET", "/models"), ("GET", "/models/claude-x"),
                ("POST", "/files"), ("GET", "/files"),
                ("GET", "/files/file_1"), ("DELETE", "/files/file_1")):
            for start in ("/v1", "/v1/anthropic", "/v1/anthropic/v1"):
                for query in ("", "?beta=true"):
                    target_of = start + path + query
                    body = json.dumps(request()).encode()
                    got = wire.ask(
                        kt.port, method, target_of,
                        [("anthropic-version", "2023-06-01"), wire.JSON],
                        body if method == "POST" else None)
                    assert got.status == 200, (method, target_of, got)
                    r = up.taken()[-1]
                    assert (r.method, r.target) == (
                        method, "/v1" + path + query), (target_of, r)


def a_file_passes_unread_and_its_record_says_so():
    def script(r):
        return whole({"id": "file_1"})

    upload = (b"--b\r\nContent-Disposition: form-data; name=\"file\"; "
              b"filename=\"a.txt\"\r\n\r\n4111 1111 1111 1111\r\n--b--\r\n")
    with Upstream(script) as up, Gateway(config(
            [target("up", up)])) as kt:
        head = [("anthropic-version", "2023-06-01"),
                ("Content-Type", "multipart/form-data; boundary=b")]
        got = wire.ask(kt.port, "POST", "/v1/files", head, upload)
        assert got.status == 200, got
        same(up.taken()[-1].body, upload)
        r = kt.call(1)
        assert (r["decision"], r["threats"]) == (
            "pass", ["uninspectable"]), r
        assert r["reason_codes"] == ["prompt.content.uninspectable"], r
        assert [(c["role"], c["bytes"]) for c in r["components"]] == [
            ("files", len(upload))], r
        assert wire.ask(kt.port, "GET", "/v1/files", head).status == 200
        r = kt.call(2)
        assert (r["decision"], r["threats"]) == ("pass", []), r


def the_offline_model_says_so_in_each_answer():
    with Gateway(config([{"id": "offline", "provider": "offline"}])) as kt:
        for form in PATHS:
            for more in ({}, {"stream": True}):
                got = ask(kt, form, **more)
                assert got.status == 200, got
                assert got.headers.get("kt-offline") == "true", got
                assert got.headers.get("content-type") == (
                    "text/event-stream" if more else "application/json"), got
        got = wire.post(kt.port, "/v1/messages/count_tokens", request())
        assert got.headers.get("kt-offline") == "true", got


def answers_are_asked_for_uncompressed_and_else_refused():
    packed = Answer(200, [("Content-Type", "application/json"),
                          ("Content-Encoding", "gzip")],
                    gzip.compress(json.dumps(
                        speech.message("hello")).encode()))
    with Upstream(lambda _: packed) as up, Gateway(config(
            [target("up", up)])) as kt:
        got = ask(kt, headers=[("Accept-Encoding", "gzip, br")])
        assert up.taken()[0].headers.all("accept-encoding") == ["identity"]
        refusal(got, "anthropic", 502)


def what_the_gateway_answers_itself():
    with Upstream(answering) as up, Gateway(config(
            [target("up", up)])) as kt:
        for method, path, status in (
                ("HEAD", "/", 200), ("HEAD", "/api/hello", 200),
                ("GET", "/healthz", 200), ("GET", "/nothing", 404),
                ("POST", "/v1/embeddings", 404),
                ("GET", "/v1/messages", 405)):
            got = wire.ask(kt.port, method, path)
            assert got.status in (status, 404 if status == 405 else status), \
                (method, path, got)
        got = wire.post(kt.port, "/v1/nothing", {},
                        [("anthropic-version", "2023-06-01")])
        refusal(got, "anthropic", 404)
        assert not up.taken()


def bodies_that_parsers_disagree_about_are_refused():
    with Upstream(answering) as up, Gateway(config(
            [target("up", up)])) as kt:
        for body in (b"", b"{", b"[]", b'{"a":1}x', b'{"model":"\xff"}',
                     b'{"model":"a","model":"b","messages":[]}',
                     b'{"model":"a","m\\u006fdel":"b","messages":[]}',
                     b'{"model":"a","x":"\\ud800","messages":[]}'):
            for form in PATHS:
                got = wire.post(kt.port, PATHS[form], body)
                refusal(got, form, 400)
        deep = b'{"model":"a","messages":[],"x":%s1%s}' % (
            b"[" * 200, b"]" * 200)
        assert wire.post(kt.port, PATHS["anthropic"],
                         deep).status in (400, 413)
        assert not up.taken()


def each_refusal_leaves_its_record():
    path = PATHS["anthropic"]
    refused = (
        (400, "gateway.request.malformed", "POST", path, [wire.JSON], b"{"),
        (404, "route.path.unknown", "POST", "/v1/none", [wire.JSON], b"{}"),
        (405, "route.method.refused", "GET", path, [], None),
        (415, "gateway.encoding.unsupported", "POST", path,
         [wire.JSON, ("Content-Encoding", "br")], b"{}"),
        (413, "gateway.request.too_large", "POST", path, [wire.JSON],
         b"x" * 200000),
        (400, "gateway.request.malformed", "POST", path, [("Host", "b")],
         b"{}"))
    with Upstream(answering) as up, Gateway(config(
            [target("up", up)], gateway={"max_body_bytes": 100000})) as kt:
        for n, (status, reason, *sent) in enumerate(refused):
            assert wire.ask(kt.port, *sent).status == status, sent[:2]
            record = eventually(lambda: kt.records("reject")[n:],
                                "a record of %d" % status)[0]
            assert (record["http_status"], record["reason_code"]) == (
                status, reason), record
        assert not up.taken() and not kt.records()


def records_are_on_disk_within_two_seconds():
    with Upstream(answering) as up, Gateway(config(
            [target("up", up)])) as kt:
        def wait():
            n = len(kt.records())
            ask(kt)
            begun = time.monotonic()
            kt.call(n + 1)
            return time.monotonic() - begun

        within(2, wait)
        record = kt.call()
        assert record["endpoint"] == "messages", record
        assert record["outcome"] == "ok" and record["decision"] == "pass"


run_all([
    the_vendors_key_replaces_the_clients_own_once,
    a_key_may_have_its_own_header_and_prefix,
    a_key_may_come_from_a_file,
    passthrough_keeps_the_clients_credentials,
    a_base_url_may_end_with_v1_or_not,
    the_query_is_kept_and_prefixes_are_stripped,
    the_version_goes_up_once,
    unknown_headers_go_up_and_come_back,
    hop_by_hop_headers_stay_on_their_hop,
    a_targets_model_replaces_that_value_alone,
    a_targets_headers_are_added,
    a_compressed_request_goes_up_in_its_own_bytes,
    each_coding_is_read_or_refused,
    each_endpoint_has_its_names_and_keeps_its_query,
    a_file_passes_unread_and_its_record_says_so,
    the_offline_model_says_so_in_each_answer,
    answers_are_asked_for_uncompressed_and_else_refused,
    what_the_gateway_answers_itself,
    bodies_that_parsers_disagree_about_are_refused,
    each_refusal_leaves_its_record,
    records_are_on_disk_within_two_seconds,
])

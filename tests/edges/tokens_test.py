"""Tokens that the gateway counts itself."""
import json
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import speech
import wire
from calls import ask, request, said
from gateway import KT, Gateway, config, target
from tap import run_all
from upstream import Upstream, whole

TEXT = "Counted here, not there: 3 + 4 = 7; naïve café. " * 40
COUNT = "/v1/messages/count_tokens"


def counted(body, model):
    """What kt count-tokens says of the same body."""
    got = subprocess.run(
        [KT, "count-tokens", "--model", model, "--as", "messages",
         "--format", "json"], input=json.dumps(body), text=True, check=True,
        stdout=subprocess.PIPE)
    return json.loads(got.stdout)


def a_target_without_that_endpoint_is_not_asked():
    body = request(TEXT, model="claude-sonnet-4-5")
    with Upstream(lambda _: said("openai")) as up, \
            Gateway(config([target("up", up, "openai")])) as kt:
        got = wire.post(kt.port, COUNT, body)
        assert got.status == 200, got
        want = counted(body, "claude-sonnet-4-5")
        assert got.json() == {"input_tokens": want["n_tokens"]}, (got, want)
        assert got.headers.get("kt-estimate") == "true", got
        assert not up.taken()


def the_model_of_the_target_is_what_is_counted():
    body = request("Γειά σου κόσμε, πώς είσαι σήμερα; " * 40,
                   model="claude-sonnet-4-5")
    with Upstream(lambda _: said("openai")) as up, Gateway(config(
            [target("up", up, "openai", model="gpt-4o")])) as kt:
        told = wire.post(kt.port, COUNT, body).json()["input_tokens"]
        assert wire.post(kt.port, "/v1/messages", body).status == 200
        here = next(r["tokens"]["local_in"] for r in kt.records(None)
                    if r.get("endpoint") == "messages")
        other = counted(body, "claude-sonnet-4-5")["n_tokens"]
        assert abs(told - here) * 20 < here, (told, here)
        assert abs(other - here) * 5 > here, (other, here)


def two_dozen_at_once_say_the_same():
    body = request(TEXT * 20)
    with Upstream(lambda _: said("openai")) as up, \
            Gateway(config([target("up", up, "openai")])) as kt:
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(
            wire.post(kt.port, COUNT, body).json()["input_tokens"]))
            for _ in range(24)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert len(answers) == 24 and len(set(answers)) == 1, answers


def a_request_of_just_so_many_tokens_fits():
    body = request(TEXT, model="claude-sonnet-4-5")
    n = counted(body, "claude-sonnet-4-5")["n_tokens"]
    assert len(json.dumps(body)) > n + 512, "too short to be counted"
    for most, status in ((n, 200), (n - 1, 400)):
        with Upstream(lambda _: said()) as up, Gateway(config(
                [target("up", up, max_context_tokens=most)])) as kt:
            got = wire.post(kt.port, "/v1/messages", body)
            assert got.status == status, (most, got)
            assert len(up.taken()) == (status == 200)


def the_next_target_may_take_more():
    with Upstream(lambda _: said()) as small, \
            Upstream(lambda _: said()) as large, Gateway(config(
                [target("small", small, max_context_tokens=20),
                 target("large", large)])) as kt:
        assert ask(kt, words=TEXT).status == 200
        assert not small.taken() and len(large.taken()) == 1


def what_a_provider_reports_corrects_the_next_estimate():
    body = request(TEXT, model="claude-sonnet-4-5")
    n = counted(body, "claude-sonnet-4-5")["n_tokens"]

    def answer(_):
        said_so = speech.completion("hello")
        said_so["usage"] = {
            "prompt_tokens": 2 * n, "completion_tokens": 1,
            "total_tokens": 2 * n + 1,
            "prompt_tokens_details": {"cached_tokens": n}}
        return whole(said_so)

    with Upstream(answer) as up, Gateway(
            config([target("up", up, "openai")]), args=["--workers", "1"]) as g:
        before = wire.post(g.port, COUNT, body).json()["input_tokens"]
        assert wire.post(g.port, "/v1/messages", body).status == 200
        after = wire.post(g.port, COUNT, body)
        assert (before, after.json()["input_tokens"]) == (n, 2 * n), after
        assert after.headers.get("kt-estimate") == "true", after
        other = wire.post(g.port, COUNT, {**body, "model": "claude-opus-4-5"})
        assert other.json()["input_tokens"] == n, other
        call = [r for r in g.records() if r["endpoint"] == "messages"]
        assert call[0]["tokens"]["drift"] == 2000, call
        assert call[0]["tokens"]["local_in"] == n, call


run_all([
    a_target_without_that_endpoint_is_not_asked,
    the_model_of_the_target_is_what_is_counted,
    two_dozen_at_once_say_the_same,
    a_request_of_just_so_many_tokens_fits,
    the_next_target_may_take_more,
    what_a_provider_reports_corrects_the_next_estimate,
])

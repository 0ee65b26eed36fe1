"""Codex through kt, with loopback as its only network."""
import json

import speech
from clients import IS_DIRECT, Run, Upstream, alone, program, through
from gateway import config, need, shipped, target
from tap import Skip, Tap
from upstream import Answer, stream

PROVIDER = ('model_providers.kt={{name="kt",base_url="{}/v1",'
            'wire_api="responses",env_key="KT_TEST_KEY"}}')


def binary():
    return program("@openai", "codex-linux-*", "vendor", "*", "*", "codex")


class Model:
    def __init__(self, play):
        self.play = play

    def __call__(self, request):
        if request.path != "/v1/responses":
            return Answer(404)
        return stream(speech.response_events(self.play(request.json())))


def codex(kt, prompt):
    return Run(
        [binary(), "exec", "--skip-git-repo-check", "--json",
         "--dangerously-bypass-approvals-and-sandbox",
         "-c", PROVIDER.format(kt.url), "-c", 'model_provider="kt"',
         "-m", "gpt-5", prompt], {
            "KT_TEST_KEY": "dummy",
            # What it asks of others than its provider fails at once.
            "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"})


def said(run):
    """The last thing the agent said."""
    assert run.code == 0, run.told()
    told = [json.loads(line) for line in run.out.splitlines()
            if line.startswith(b"{")]
    items = [t["item"] for t in told if t["type"] == "item.completed"]
    words = [i["text"] for i in items if i.get("type") == "agent_message"]
    assert words, run.told()
    return words[-1]


def outputs(body):
    return [i for i in body["input"]
            if i.get("type") == "function_call_output"]


def hi(_):
    return "hi there"


def command(body):
    given = outputs(body)
    if not given:
        return speech.function_call("exec_command", {"cmd": "echo h''i dev"})
    return "it said " + given[-1]["output"].strip().splitlines()[-1]


def one_turn(up, kt):
    assert said(codex(kt, "say hi")) == "hi there"
    sent = up.taken("/v1/responses")
    assert len(sent) == 1, sent
    assert sent[0].headers.all("authorization") == ["Bearer dummy"]


def tool_loop(up, kt):
    assert said(codex(kt, "run it")) == "it said hi dev"
    assert len(up.taken("/v1/responses")) == 2


def redacted(up, kt):
    assert said(codex(kt, "my card is 4111 1111 1111 1111")) == "hi there"
    if not IS_DIRECT:
        for r in up.taken("/v1/responses"):
            assert b"4111 1111" not in r.body
        assert kt.call()["data_class"] == "pci", kt.call()


def refused(up, kt):
    run = codex(kt, "my key is AKIA" + "Z7QXM3KDPW5RTLNV")
    assert run.code not in (0, None), run.told()
    assert not up.taken("/v1/responses")


def main():
    tap = Tap()
    try:
        need()
        binary()
        alone()
    except Skip as why:
        tap.skip("Codex works through kt", str(why))
        tap.end()

    def played(name, play, test, configuration):
        def run():
            with Upstream(Model(play)) as up:
                with through(up, configuration(up)) as kt:
                    test(up, kt)

        tap.run("Codex: " + name, run)

    def starter(up):
        return shipped("starter", [target("up", up, "openai")],
                       "passthrough")

    played("one turn", hi, one_turn, starter)
    played("a command runs and its output is read", command, tool_loop,
           starter)
    played("a card never leaves", hi, redacted, starter)
    if not IS_DIRECT:
        played("a refusal is told at once", hi, refused,
               lambda up: config([target("up", up, "openai")], {
                   "secret-scanner": {"action": "block"}}))
    tap.end()


main()

"""The vendors' SDKs through kt: native, translated and offline."""
from clients import IS_DIRECT, Upstream, folder, node, script, through
from gateway import config, need, target
from scenes import Scenes
from tap import Skip, Tap

OTHER = {"anthropic": "openai", "openai": "anthropic"}


def parts(tap, name, own):
    """Each part has its own upstream, so that nothing is played twice."""
    for part, provider in (("native", own), ("translated", OTHER[own]),
                           ("offline", "offline")):
        if IS_DIRECT and part != "native":
            continue
        with Upstream(Scenes()) as up:
            if provider == "offline":
                targets = [{"id": "up", "provider": "offline"}]
            else:
                targets = [target("up", up, provider)]
            with through(up, config(targets, mode="passthrough")) as kt:
                script(tap, name, kt.url, part,
                       env={"KT_DIRECT": "1"} if IS_DIRECT else None)
            if part == "native":
                sent = {r.headers.get("authorization")
                        for r in up.taken() if r.method == "POST"}
                tap.ok(sent <= {"Bearer sk-test-client",
                                "Bearer sk-ant-oat-test"},
                       "%s: the client's own credential went up" % own, sent)


def main(own):
    tap = Tap()
    try:
        need()
        node(), folder()
        parts(tap, own + "_sdk.cjs", own)
    except Skip as why:
        tap.skip("the %s SDK works through kt" % own, str(why))
    tap.end()

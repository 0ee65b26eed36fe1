"""The vendors' SDKs through kt: native, translated, offline, over TLS."""
import os
import tempfile

from certificates import certificates
from clients import IS_DIRECT, Run, Upstream, folder, node, script, through
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


def over_tls(tap, name, own):
    """The native part again; the SDK trusts the authority by its variable."""
    with tempfile.TemporaryDirectory(prefix="kt-") as d, \
            Upstream(Scenes()) as up:
        certificates(d)
        tls = {"certificate": os.path.join(d, "server.crt"),
               "private_key": os.path.join(d, "server.key")}
        with through(up, config([target("up", up, own)], mode="passthrough",
                                gateway={"tls": tls})) as kt:
            url = kt.url.replace("http:", "https:")
            script(tap, name, url, "native",
                   env={"NODE_EXTRA_CA_CERTS": os.path.join(d, "ca.crt")},
                   told="over TLS")
            n = len(up.taken())
            run = Run([node(), "-e", DISTRUST, url], {"KT_CLIENTS": folder()})
            tap.ok(run.code == 0 and len(up.taken()) == n,
                   "over TLS: a client without the authority says nothing",
                   run.told())


DISTRUST = """
fetch(process.argv[1] + '/v1/messages', {method: 'POST', body: '{}'}).then(
  () => process.exit(1),
  (e) => process.exit(/VERIFY|SELF_SIGNED/.test(e.cause.code) ? 0 : 2));
"""


def main(own):
    tap = Tap()
    try:
        need()
        node(), folder()
        parts(tap, own + "_sdk.cjs", own)
        if not IS_DIRECT:
            over_tls(tap, own + "_sdk.cjs", own)
    except Skip as why:
        tap.skip("the %s SDK works through kt" % own, str(why))
    tap.end()

"""kill -9 under load: what a client has whole is in the log."""
import json
import os
import signal
import subprocess
import threading
import time

import gateway
import speech
import wire
from tap import eventually, run_all
from upstream import Upstream, stream, whole

KILLS = int(os.environ.get("KT_KILLS", "20"))
CLIENTS = 6
ASK = {"model": "claude-sonnet-4-5", "max_tokens": 9,
       "messages": [{"role": "user", "content": "hello"}]}
HELLO = speech.message("hello")
EVENTS = speech.message_events("some words to be sent")


def provider(request):
    if request.json().get("stream"):
        return stream(EVENTS)
    return whole(HELLO)


class Load:
    """Clients that ask until the gateway is gone; what they were told."""

    def __init__(self, port):
        self.port, self.receipts, self.calls = port, [], []
        self.is_over = False
        self.threads = [threading.Thread(target=self.ask, args=(i,))
                        for i in range(CLIENTS)]
        for t in self.threads:
            t.start()

    def ask(self, i):
        body = {**ASK, "stream": True} if i % 2 else ASK
        while not self.is_over:
            try:
                with wire.Connection(self.port) as c:
                    c.request("POST", "/v1/messages", [wire.JSON],
                              json.dumps(body).encode())
                    got = c.answer()
            except (OSError, wire.Broken):
                continue
            if got.status != 200 or not got.is_whole:
                continue
            self.calls.append(got.headers.get("kt-call"))
            if got.headers.get("kt-audit"):
                self.receipts.append(got.headers.get("kt-audit"))

    def end(self):
        self.is_over = True
        for t in self.threads:
            t.join()


def killed(kt, n):
    """Starts over in the same directory N times; what was told, and how long
    each start took."""
    receipts, calls, starts = [], [], []
    for i in range(n):
        load = Load(kt.port)
        eventually(lambda: len(load.receipts) > 1, "calls under way")
        time.sleep(0.05 + 0.011 * (i % 13))
        kt.process.send_signal(signal.SIGKILL)
        kt.process.wait()
        load.end()
        receipts += load.receipts
        calls += load.calls
        at = time.monotonic()
        kt.again()
        starts.append(time.monotonic() - at)
    return receipts, calls, starts


def check(durability):
    audit = {"durability": durability}
    with Upstream(provider) as up, gateway.Gateway(gateway.config(
            [gateway.target("up", up)], audit=audit)) as kt:
        receipts, calls, starts = killed(kt, KILLS)
        kt.end()
        ended = {r["call_id"]: r for r in kt.records("call")}
        opened = {r["call_id"] for r in kt.records("open")}
        lost = [c for c in calls if c not in ended]
        assert len(calls) > KILLS and len(receipts) > KILLS, len(calls)
        assert not lost, "%d of %d calls are not in the log" % (
            len(lost), len(calls))
        assert all(ended[c]["outcome"] == "ok" for c in calls)
        said = subprocess.run(
            [gateway.KT, "audit", "verify", "--json", kt.audit] +
            [a for r in receipts[-200:] for a in ("--receipt", r)],
            capture_output=True, text=True)
        assert said.returncode == 0, said
        bare = subprocess.run([gateway.KT, "audit", "verify", "--json",
                               kt.audit], capture_output=True, text=True)
        open_rows = [r["text"] for r in json.loads(bare.stdout)["not_proven"]
                     if r["row"] == 18]
        assert ("is told" in open_rows[0]) == (durability == "strict"), bare
        unknown = [r for r in ended.values()
                   if r["outcome"] == "crash-unknown"]
        print("# %s: %d kills, %d answers whole, %d calls crash-unknown, "
              "slowest start %.2f s" % (durability, KILLS, len(calls),
                                        len(unknown), max(starts)), flush=True)
        # Of the last ones, which have most to read.
        assert min(starts[-5:]) < (10 if gateway.is_sanitized() else 2), starts
        return ended, opened, unknown


def commit_loses_no_answer_that_a_client_has_whole():
    _, opened, unknown = check("commit")
    assert not opened and not unknown


def strict_also_tells_of_every_call_that_was_under_way():
    ended, opened, unknown = check("strict")
    assert opened and opened == set(ended)
    assert unknown
    for record in unknown:
        assert record["destination"]["target"] == "up", record
        assert record["opened"] < record["i"], record


run_all([
    commit_loses_no_answer_that_a_client_has_whole,
    strict_also_tells_of_every_call_that_was_under_way,
])

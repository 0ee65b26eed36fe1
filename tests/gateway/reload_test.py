"""A hundred reloads a second under streams: nobody notices, nothing grows.

Run it in a tree built with --enable-sanitize=address or thread: then it
also shows that no worker holds on to what was replaced.
"""
import signal
import subprocess
import threading
import time

import gateway
import speech
import wire
from tap import PATIENCE, eventually, run_all
from upstream import Upstream, stream, whole

ASK = {"model": "claude-sonnet-4-5", "max_tokens": 9,
       "messages": [{"role": "user", "content": "hello"}]}
SECONDS = 5
EVENTS = speech.message_events("a stream that takes its time " * 4)
HELLO = speech.message("hello")


def script(request):
    if request.json().get("stream"):
        return stream([step for e in EVENTS for step in (e, 0.005)])
    return whole(HELLO)


def call_until(kt, over, failures):
    """Whole answers and streams, one after the other."""
    while not over.is_set():
        for more in ({}, {"stream": True}):
            r = wire.post(kt.port, "/v1/messages", {**ASK, **more})
            # A sanitizer makes turns so long that calls are shed.
            if r.status == 503 and is_slow:
                continue
            if r.status != 200 or not r.is_whole or (
                    more and r.body != b"".join(EVENTS)):
                failures.append(r)


def resident(kt):
    with open("/proc/%d/status" % kt.process.pid) as f:
        return next(int(line.split()[1]) / 1024 for line in f
                    if line.startswith("VmHWM:"))


def verify(kt):
    r = subprocess.run([gateway.KT, "audit", "verify", kt.audit],
                       capture_output=True, text=True)
    assert r.returncode == 0, (r.returncode, r.stdout, r.stderr)


def a_reload_every_10_ms_under_streams_breaks_none_and_frees_all():
    with Upstream(script) as up, gateway.Gateway(gateway.config(
            [gateway.target("up", up)])) as kt:
        over, failures = threading.Event(), []
        callers = [threading.Thread(target=call_until,
                                    args=(kt, over, failures))
                   for _ in range(8)]
        for c in callers:
            c.start()
        sent, end = 0, time.monotonic() + SECONDS
        hopeless = end + PATIENCE
        while time.monotonic() < end or (
                kt.told().count("reloaded ") < 10 and
                time.monotonic() < hopeless):
            kt.process.send_signal(signal.SIGHUP)
            sent += 1
            if sent % 20 == 0:
                kt.process.send_signal(signal.SIGUSR1)
            time.sleep(0.01)
        over.set()
        for c in callers:
            c.join()
        eventually(lambda: len(kt.records("policy")) ==
                   kt.told().count("reloaded ") + 1,
                   "a policy record for each reload")
        reloads = kt.told().count("reloaded ")
        print("# %d signals, %d reloads, %d calls, at most %.0f MiB" % (
            sent, reloads, len(kt.records()), resident(kt)), flush=True)
        assert not failures, failures[:3]
        assert reloads >= 10 and "not reloaded" not in kt.told(), kt.told()
        if not is_slow:
            assert resident(kt) < 150, "%.0f MiB" % resident(kt)
        verify(kt)


def a_stop_is_not_kept_waiting_by_reloads():
    patient = {"drain_seconds": 10 * int(PATIENCE)}
    with Upstream(script) as up, gateway.Gateway(gateway.config(
            [gateway.target("up", up)], gateway=patient)) as kt:
        over = threading.Event()

        def again():
            while not over.is_set():
                try:
                    kt.process.send_signal(signal.SIGHUP)
                except ProcessLookupError:
                    return

        t = threading.Thread(target=again)
        t.start()
        time.sleep(0.3)
        kt.terminate()
        try:
            assert kt.process.wait(gateway.STOP) == 0
        finally:
            over.set()
            t.join()


is_slow = gateway.is_sanitized()
run_all([
    a_reload_every_10_ms_under_streams_breaks_none_and_frees_all,
    a_stop_is_not_kept_waiting_by_reloads,
])

#!/usr/bin/env python3
"""run - kt beside nginx on the same core, before the same upstream.

The server under test has core 0 for itself; the upstream and the client
share core 1.  Runs of direct, nginx and kt alternate, and medians are taken,
so that a machine that is busy for a while is busy for all.  What is compared
is work per CPU-second of the server, from schedstat: it bears noise that a
rate does not.  Writes a table in Markdown beside printing it.
"""
import argparse
import glob
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SRCDIR = os.environ.get("KT_SRCDIR", os.path.dirname(os.path.dirname(HERE)))
BUILDDIR = os.environ.get("KT_BUILDDIR", os.getcwd())
SERVER_CORE, PEER_CORE = 0, 1
NGINX = """
worker_processes 1;
worker_rlimit_nofile 65536;
pid nginx.pid;
error_log error.log;
events { worker_connections 16384; }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path unused;
	uwsgi_temp_path unused;
	scgi_temp_path unused;
	client_max_body_size 64m;
	client_body_buffer_size 2m;
	keepalive_requests 1000000000;
	upstream provider {
		server 127.0.0.1:%(upstream)d;
		keepalive 512;
		keepalive_requests 1000000000;
	}
	server {
		listen 127.0.0.1:%(port)d backlog=4096;
		location / {
			proxy_pass http://provider;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_buffering %(buffering)s;
			proxy_read_timeout 60s;
		}
	}
}
"""
WORDS = ("the of and to a in that it is was for on are with as his they be "
         "at one have this from or had by hot word but what some we can out "
         "other were all there when up use your how said an each she which "
         "their time will way about many then them write would like so these "
         "her long make thing see him two has look more day could go come did "
         "number sound no most people my over know water than call first who "
         "may down side been now find function return value buffer").split()


# tests/bench/load.c: a text that ends so is another one in each request.
NEW = " nextturn" + "a" * 8


class Skip(Exception):
    """Said, and no failure."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def await_port(port, process, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("a server did not start")


def pin(core):
    return ["taskset", "-c", str(core)]


def prose(rng, words):
    out = []
    while len(out) < words:
        n = rng.randint(6, 16)
        out.append(" ".join(rng.choice(WORDS) for _ in range(n))
                   .capitalize() + ".")
        out.extend([""] * (n - 1))
    return " ".join(w for w in out if w)


def source(rng, lines):
    return "\n".join(
        "\tif (%s(%s->%s, %d) < 0)\n\t\treturn fail(\"%s: %%s\", %s);"
        % (rng.choice(WORDS), rng.choice(WORDS), rng.choice(WORDS),
           rng.randint(0, 9999), prose(rng, 6), rng.choice(WORDS))
        for _ in range(lines))


def small_body(is_stream=False):
    rng = random.Random(1)
    body = {"model": "claude-sonnet-4-5", "max_tokens": 1024,
            "system": prose(rng, 100),
            "messages": [{"role": "user", "content": prose(rng, 220) + NEW}]}
    if is_stream:
        body["stream"] = True
    return json.dumps(body)


def agent_body(size, is_new):
    """What a coding agent sends late in its day: its last turn is new, the
    others were sent before; or all is new, as after a restart."""
    rng = random.Random(2)
    old = NEW if is_new else ""
    tools = [{"name": "tool_%d" % i, "description": prose(rng, 600) + old,
              "input_schema": {"type": "object", "properties": {
                  w: {"type": "string", "description": prose(rng, 20)}
                  for w in rng.sample(WORDS, 5)}}} for i in range(16)]
    messages = [{"role": "user", "content": prose(rng, 60)}]
    body = {"model": "claude-sonnet-4-5", "max_tokens": 8192,
            "system": [{"type": "text", "text": prose(rng, 2500) + old}],
            "tools": tools, "messages": messages}
    total, i = len(json.dumps(body)), 0
    while total < size:
        use = "toolu_%06d" % i
        new = [
            {"role": "assistant", "content": [
                {"type": "text", "text": prose(rng, 40) + old},
                {"type": "tool_use", "id": use, "name": "tool_1", "input": {
                    "path": "src/%s/%s.c" % tuple(rng.sample(WORDS, 2))}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": use,
                 "content": source(rng, 60) + old}]}]
        messages += new
        total += len(json.dumps(new))
        i += 1
    messages[-1]["content"][0]["content"] = source(rng, 60) + NEW
    return json.dumps(body)


class Server:
    """A process with its port, its CPU time and its memory."""

    def __init__(self, name, process, port, pid=None):
        self.name, self.process, self.port = name, process, port
        self.pid = pid or process.pid

    def cpu_seconds(self):
        """On a core, and waiting for one, of all threads."""
        ran = waited = 0
        for task in os.listdir("/proc/%d/task" % self.pid):
            try:
                with open("/proc/%d/task/%s/schedstat"
                          % (self.pid, task)) as f:
                    a, b = f.read().split()[:2]
            except FileNotFoundError:
                continue  # the thread has ended
            ran += int(a)
            waited += int(b)
        return ran / 1e9, waited / 1e9

    def rss_kb(self):
        with open("/proc/%d/status" % self.pid) as f:
            for line in f:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.servers, self.skipped, self.lines = [], [], []
        self.waits = []  # of the server for its core, as a share
        self.bodies = {}
        for name, text in (("small", small_body()),
                           ("stream", small_body(True)),
                           ("large", agent_body(options.large, False)),
                           ("large-new", agent_body(options.large, True))):
            self.bodies[name] = os.path.join(folder, name + ".json")
            with open(self.bodies[name], "w") as f:
                f.write(text)
        self.upstream_port = free_port()

    # ---- who takes part ----

    def start(self, name, argv, port, core, **more):
        process = subprocess.Popen(pin(core) + argv, cwd=self.folder,
                                   stdin=subprocess.DEVNULL, **more)
        server = Server(name, process, port)
        self.servers.append(server)
        await_port(port, process)
        return server

    def start_upstream(self):
        self.start("upstream", [os.path.join(BUILDDIR, "tests/bench/upstream"),
                                str(self.upstream_port),
                                str(1000000 // self.options.rate)],
                   self.upstream_port, PEER_CORE)
        return Server("direct", None, self.upstream_port, os.getpid())

    def start_nginx(self, name, buffering):
        program = shutil.which("nginx", path=os.environ["PATH"] +
                               ":/usr/sbin:/usr/local/sbin")
        if program is None:
            raise Skip("nginx is not installed")
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        port = free_port()
        with open(os.path.join(folder, "nginx.conf"), "w") as f:
            f.write(NGINX % {"upstream": self.upstream_port, "port": port,
                             "buffering": buffering})
        server = self.start(name, [program, "-p", folder, "-c", "nginx.conf",
                                   "-e", "error.log", "-g", "daemon off;"],
                            port, SERVER_CORE)
        with open("/proc/%d/task/%d/children"
                  % (server.pid, server.pid)) as f:
            server.pid = int(f.read().split()[0])
        return server

    def start_kt(self, name, over):
        program = os.path.join(BUILDDIR, "kt")
        port = free_port()
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        config = {"providers": {"targets": [{
            "id": "bench", "provider": "anthropic", "timeout_seconds": 60,
            "secret_key_ref": {"env": "BENCH_KEY"},
            "base_url": "http://127.0.0.1:%d" % self.upstream_port}]}}
        config.update(over)
        path = os.path.join(folder, "bench.yaml")
        with open(path, "w") as f:
            json.dump(config, f)
        with open(os.path.join(folder, "stderr"), "wb") as log:
            return self.start(
                name, [program, "gateway", "run", "--workers", "1",
                       "--policy-config",
                       os.path.join(SRCDIR, "policies", "starter.yaml"),
                       "--policy-config", path,
                       "--listen", "127.0.0.1:%d" % port,
                       "--audit-dir", os.path.join(folder, "audit")],
                port, SERVER_CORE, stderr=log, stdout=subprocess.DEVNULL,
                env={"HOME": folder, "BENCH_KEY": "sk-bench",
                     "PATH": "/usr/bin:/bin"})

    def start_all(self):
        found = {"direct": self.start_upstream()}
        for name, start in (
                ("nginx", lambda: self.start_nginx("nginx", "on")),
                ("nginx-sse", lambda: self.start_nginx("nginx-sse", "off")),
                ("kt-empty",
                 lambda: self.start_kt("kt-empty",
                                       {"policies": {"chain": []}})),
                ("kt", lambda: self.start_kt("kt", {}))):
            try:
                found[name] = start()
            except Skip as why:
                self.skipped.append("%s: %s" % (name, why))
        return found

    def stop_all(self):
        for server in reversed(self.servers):
            server.stop()

    # ---- one run ----

    def load(self, server, mode, body, connections, seconds, *more):
        argv = [os.path.join(BUILDDIR, "tests/bench/load"), mode,
                str(server.port), self.bodies[body], str(connections),
                str(seconds)] + [str(m) for m in more]
        with subprocess.Popen(pin(PEER_CORE) + argv, text=True,
                              stdout=subprocess.PIPE) as client:
            if client.stdout.readline() != "counting\n":
                raise RuntimeError("%s: the client gave up" % server.name)
            before = server.cpu_seconds()
            start = time.monotonic()
            word = client.stdout.readline()
            after = server.cpu_seconds()
            took = time.monotonic() - start
            rss_kb = server.rss_kb()
            got = json.loads(client.stdout.readline())
        if word != "counted\n":
            raise RuntimeError("%s: the client gave up" % server.name)
        got["cpu"] = after[0] - before[0]
        got["core"] = got["cpu"] / took
        got["rss_kb"] = rss_kb
        if server.process is not None:
            self.waits.append((after[1] - before[1]) / took)
        return got

    def rounds(self, names, found, run, rounds=None):
        """Medians by name, of runs that take turns."""
        got = {name: [] for name in names if name in found}
        for i in range(rounds or self.options.rounds):
            for name in list(got) if i % 2 == 0 else reversed(list(got)):
                got[name].append(run(found[name]))
        return {name: {k: statistics.median(r[k] for r in runs)
                       for k in runs[0]} for name, runs in got.items()}

    # ---- what is measured ----

    def say(self, text=""):
        print(text, flush=True)
        self.lines.append(text)

    def table(self, head, rows):
        self.say("| " + " | ".join(head) + " |")
        self.say("|" + "---|" * len(head))
        for row in rows:
            self.say("| " + " | ".join(row) + " |")
        self.say()

    def idle(self, found):
        self.say("## Idle\n")
        self.table(["server", "RSS MB"],
                   [[n, "%.1f" % (s.rss_kb() / 1024)]
                    for n, s in found.items() if n != "direct"])

    def unary(self, found, title, body, connections, names, rate=None):
        """As many as the server answers, or RATE a second of each: one that
        has more to do finds more to do at a time, and its peers awake."""
        self.say("## %s, %d connections\n" % (title, connections))
        how = ("open", rate) if rate else ("closed",)
        runs = self.rounds(names, found, lambda s: self.load(
            s, how[0], body, connections, self.options.seconds, *how[1:]))
        base = runs.get("nginx")
        rows = []
        for name, r in runs.items():
            us = r["cpu"] / max(r["done"], 1) * 1e6
            ratio = "-"
            if base and name != "direct":
                ratio = "%.2f" % (base["cpu"] / base["done"] /
                                  (r["cpu"] / max(r["done"], 1)))
            rows.append([
                name, "%.0f" % (r["done"] / r["seconds"]),
                "-" if name == "direct" else "%.1f" % us, ratio,
                "%.0f" % r["p50"], "%.0f" % r["p99"],
                "-" if name == "direct" else "%.0f %%" % (100 * r["core"]),
                "%d" % (r["other"] + r["failed"] + r["refused"])])
        self.table(["server", "req/s", "CPU us/req", "req per CPU-s vs nginx",
                    "p50 us", "p99 us", "core used", "not 200"], rows)
        return runs

    def lonely(self, found):
        self.say("## One call at a time, 2 KB: added latency\n")
        runs = self.rounds(["direct", "nginx", "kt-empty", "kt"], found,
                           lambda s: self.load(s, "closed", "small", 1,
                                               self.options.seconds / 2))
        base = runs["direct"]
        self.table(["server", "p50 us", "p99 us", "added p50", "added p99"],
                   [[n, "%.0f" % r["p50"], "%.0f" % r["p99"],
                     "%+.0f" % (r["p50"] - base["p50"]),
                     "%+.0f" % (r["p99"] - base["p99"])]
                    for n, r in runs.items()])

    def streams(self, found):
        n = self.options.streams
        self.say("## %d streams of %d events/s\n" % (n, self.options.rate))
        idle = {name: s.rss_kb() for name, s in found.items()}
        runs = self.rounds(
            ["direct", "nginx-sse", "kt-empty", "kt"], found,
            lambda s: self.load(s, "stream", "stream", n,
                                self.options.seconds * 2),
            max(1, self.options.rounds - 1))
        base, rows = runs["direct"], []
        for name, r in runs.items():
            is_direct = name == "direct"
            rows.append([
                name, "%.0f" % (r["events"] / r["seconds"]),
                "-" if is_direct else "%.1f" % (
                    r["cpu"] / max(r["events"], 1) * 1e6),
                "-" if is_direct else "%.0f %%" % (100 * r["core"]),
                "%.0f" % r["p50"], "%.0f" % r["p99"],
                "%+.0f" % (r["p50"] - base["p50"]),
                "%+.0f" % (r["p99"] - base["p99"]),
                "-" if is_direct else "%.1f" % (
                    (r["rss_kb"] - idle[name]) / n),
                "%d" % (n - r["open"] + r["other"])])
        self.table(["server", "events/s", "CPU us/event", "core used",
                    "p50 us", "p99 us", "added p50", "added p99",
                    "KB/stream", "lost"], rows)

    def hold(self):
        """Of clean text, by what the starter enforces; counts, no clock."""
        self.say("## What streams hold back\n")
        got = subprocess.run(
            [os.path.join(BUILDDIR, "tests/bench/hold_bench"),
             os.path.join(SRCDIR, "policies", "starter.yaml")] +
            [os.path.join(SRCDIR, f) for f in ("LICENSE", "README.md")],
            env=dict(os.environ, KT_SRCDIR=SRCDIR), check=True, text=True,
            stdout=subprocess.PIPE)
        self.say(got.stdout)

    def chain(self):
        """What the starter adds, in CPU time, without a socket."""
        self.say("## What the chain adds\n")
        got = subprocess.run(
            [os.path.join(BUILDDIR, "tests/bench/chain_bench"),
             os.path.join(SRCDIR, "policies", "starter.yaml")] +
            sorted(glob.glob(os.path.join(SRCDIR, "man", "*.[1-8]"))) +
            sorted(glob.glob(os.path.join(SRCDIR, "lib", "*", "*.c"))),
            env=dict(os.environ, KT_SRCDIR=SRCDIR, KT_BUILDDIR=BUILDDIR),
            check=True, text=True, stdout=subprocess.PIPE)
        self.say(got.stdout)

    def overload(self, found, unary):
        rows = []
        self.say("## 2 KB calls at a rate, twice what the server can do\n")
        for name in ("nginx", "kt"):
            if name not in found:
                continue
            r = unary[name]
            full = r["done"] / r["seconds"] / max(r["core"], .01)
            for part in (.5, 2):
                rate = full * part
                got = self.rounds([name], found, lambda s: self.load(
                    s, "open", "small", self.options.crowd,
                    self.options.seconds * 1.5, rate), 2)[name]
                # A request that found no free connection waits still.
                asked = got["done"] + got["late"] + got["failed"]
                rows.append([
                    name, "%.1f x" % part, "%.0f" % (asked / got["seconds"]),
                    "%.0f" % (got["ok"] / got["seconds"]),
                    "%.1f" % (100 * got["refused"] / max(asked, 1)),
                    "%.1f" % (100 * got["late"] / max(asked, 1)),
                    "%d" % (got["failed"] + got["other"]),
                    "%.1f" % (got["p50"] / 1000),
                    "%.1f" % (got["p99"] / 1000)])
        self.table(["server", "load", "asked/s", "200/s", "429/503 %",
                    "unsent %", "failed", "p50 ms of 200", "p99 ms of 200"],
                   rows)

    def run(self):
        o = self.options
        load = os.getloadavg()[0]
        self.say("# kt beside nginx\n")
        self.say("Server on core %d, upstream and client on core %d, plain "
                 "HTTP, loopback; medians of %d rounds that take turns.\n"
                 % (SERVER_CORE, PEER_CORE, o.rounds))
        found = self.start_all()
        for line in self.skipped:
            self.say("Skipped: %s\n" % line)
        wanted = o.only.split(",") if o.only else None

        def is_wanted(name):
            return wanted is None or name in wanted

        unary = {}
        if is_wanted("hold"):
            self.hold()
        if is_wanted("chain"):
            self.chain()
        if is_wanted("idle"):
            self.idle(found)
        if is_wanted("streams"):  # early: memory once used stays
            self.streams(found)
        if is_wanted("lonely"):
            self.lonely(found)
        if is_wanted("unary") or is_wanted("overload"):
            unary = self.unary(found, "Unary 2 KB in, 1 KB out", "small", 32,
                               ["direct", "nginx", "kt-empty", "kt"])
        if is_wanted("unary"):
            self.unary(found, "The same, %d a second of each" % o.calls,
                       "small", 32, ["nginx", "kt-empty", "kt"], o.calls)
        if is_wanted("large"):
            for body, what in (("large", "the last turn is new"),
                               ("large-new", "every text is new")):
                self.unary(found, "%.2f MB in, 1 KB out, %s"
                           % (o.large / 1e6, what), body, 4,
                           ["nginx", "kt-empty", "kt"])
        if is_wanted("overload"):
            self.overload(found, unary)
        if self.waits:
            self.say("Noise: load average %.1f at the start; the server was "
                     "ready and waited for its core %.0f %% of the time "
                     "(median; worst run %.0f %%)." % (
                         load, 100 * statistics.median(self.waits),
                         100 * max(self.waits)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0,
                        help="of one run; streams take twice that")
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=50,
                        help="events per second of a stream")
    parser.add_argument("--calls", type=int, default=5000,
                        help="calls per second where all get as many")
    parser.add_argument("--large", type=int, default=1050000,
                        help="bytes of the large body")
    parser.add_argument("--crowd", type=int, default=2000,
                        help="connections of the overload test")
    parser.add_argument("--only", help="of hold,chain,idle,streams,lonely,unary,"
                        "large,overload, by commas")
    parser.add_argument("--output", default="bench.md")
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) < 2:
        print("bench: skipped: two cores are needed")
        return 0
    folder = tempfile.mkdtemp(prefix="kt-bench-")
    bench = Bench(options, folder)
    try:
        bench.run()
    finally:
        bench.stop_all()
        with open(options.output, "w") as f:
            f.write("\n".join(bench.lines) + "\n")
        shutil.rmtree(folder, ignore_errors=True)
    print("bench: written to " + options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())

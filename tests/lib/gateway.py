"""gateway - the real program, started for one test and gone after it.

Knows:    how kt is started and told ready, where its evidence lies.
Promises: an empty environment and a fresh HOME; the process is ended by its
          own id, whatever the test did; used by `with`, it ends well and its
          log verifies, or the test fails.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

from tap import BUILDDIR, PATIENCE, SRCDIR, Skip, eventually, scratch

KT = os.path.join(BUILDDIR, "kt")
READY = re.compile(rb"^kt: listening on https?://[^ ]*:([0-9]+)\n", re.M)
# Less than drain_seconds (30), so that a call which hangs is not overlooked.
STOP = 25
CHAIN = ["prompt-injection", "secret-scanner", "pii-detector", "audit-logger"]


def target(name, upstream, provider="anthropic", key=None, **more):
    """One entry of providers.targets; KEY is the name of a variable."""
    out = {"id": name, "provider": provider,
           "base_url": getattr(upstream, "url", upstream)}
    if key:
        out["secret_key_ref"] = {"env": key}
    out.update(more)
    return out


def config(targets, policy=None, chain=None, mode="passthrough", **more):
    """A configuration in JSON, which is YAML."""
    out = {
        "pack": {"name": "test"},
        "auth": {"mode": mode},
        "policies": {"chain": CHAIN if chain is None else chain},
        "policy": policy or {},
        "providers": {"targets": targets},
    }
    out.update(more)
    return json.dumps(out, indent=1)


def shipped(pack, targets, mode=None):
    """A shipped pack and the file that points it at TARGETS."""
    over = {"providers": {"targets": targets}}
    if mode:
        over["auth"] = {"mode": mode}
    return [os.path.join(SRCDIR, "policies", pack + ".yaml"),
            json.dumps(over, indent=1)]


class Gateway:
    """CONFIG: text of a file, a path, or a list of them."""

    def __init__(self, config, env=None, args=(), audit_dir=True):
        self.folder = scratch()
        self.audit = os.path.join(self.folder, "audit")
        self.text = b""
        home = os.path.join(self.folder, "home")
        os.mkdir(home)
        argv = [KT, "gateway", "run", "--listen", "127.0.0.1:0"]
        if audit_dir:
            argv += ["--audit-dir", self.audit]
        configs = config if isinstance(config, list) else [config]
        for i, text in enumerate(configs):
            if not os.path.isabs(text):
                path = os.path.join(self.folder, "%d.yaml" % i)
                with open(path, "w") as f:
                    f.write(text)
                text = path
            argv += ["--policy-config", text]
        self.argv = argv + list(args)
        self.env = {"HOME": home, "PATH": "/usr/bin:/bin", **_sanitizer(),
                    **(env or {})}
        self._start()

    def again(self):
        """Starts once more, where the one before has ended or was killed."""
        self.end(force=True)
        self.process.stderr.close()
        self.text = b""
        self._start()

    def _start(self):
        self.process = subprocess.Popen(
            self.argv, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.env)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.port = self._ready()
        except BaseException:
            self.stop(force=True)
            raise
        self.url = "http://127.0.0.1:%d" % self.port

    def _read(self):
        while True:
            got = os.read(self.process.stderr.fileno(), 65536)
            if not got:
                return
            self.text += got

    def _ready(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = READY.search(self.text)
            if found:
                return int(found.group(1))
            if self.process.poll() is not None:
                self._reader.join(PATIENCE)
                break
            time.sleep(0.01)
        raise AssertionError("kt is not ready: " + self.told())

    def told(self):
        return self.text.decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        code = self.end()
        said = self.verify() if kind is None and code == 0 else None
        self._clean()
        if kind is None:
            assert code == 0, "kt ended with %s: %s" % (code, self.told())
            assert said is None or said.returncode == 0, said

    def verify(self):
        """kt audit verify of what this gateway left."""
        return subprocess.run(
            [KT, "audit", "verify", self.audit], capture_output=True,
            text=True, timeout=PATIENCE, env={"PATH": "/usr/bin:/bin"})

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self, force=False):
        """Ends the process and removes what it left; see end()."""
        code = self.end(force)
        self._clean()
        return code

    def end(self, force=False):
        """Ends the process; its exit code, or a word when it had to be
        killed."""
        code = self.process.poll()
        if code is None:
            if not force:
                self.terminate()
            try:
                code = self.process.wait(0.01 if force else STOP)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                code = "killed: it did not end on SIGTERM"
        self._reader.join(PATIENCE)
        return code

    def _clean(self):
        if self.process.stderr:
            self.process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def records(self, kind="call"):
        """What is on disk now."""
        out = []
        folder = os.path.join(self.audit, "seg")
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            with open(os.path.join(folder, name), "rb") as f:
                for line in f.read().split(b"\n")[:-1]:
                    record = json.loads(line)
                    if kind in (None, record["type"]):
                        out.append(record)
        return out

    def call(self, n=1, kind="call"):
        """The N-th record of this kind, once it is there."""
        return eventually(lambda: self.records(kind)[n - 1:n],
                          "%d %s records" % (n, kind))[0]


def holders(folder, needle):
    """The files under FOLDER that have these bytes, or their name has."""
    while True:
        try:
            return [os.path.join(top, name)
                    for top, _, names in os.walk(folder) for name in names
                    if needle in os.path.join(top, name).encode()
                    or needle in _content(os.path.join(top, name))]
        except FileNotFoundError:
            pass  # it was just renamed: look again at all of them


def _content(path):
    with open(path, "rb") as f:
        return f.read()


def _sanitizer():
    return {k: v for k, v in os.environ.items()
            if k in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
                     "LSAN_OPTIONS")}


def is_sanitized():
    """Whether times and sizes mean nothing in this build."""
    told = subprocess.run([KT, "--version"], capture_output=True,
                          text=True).stdout
    return "sanitizers       no" not in told


def need():
    """Raises Skip where this build has no gateway."""
    if not os.access(KT, os.X_OK):
        raise Skip("there is no " + KT)

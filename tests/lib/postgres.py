"""postgres - a real PostgreSQL for one test, gone after it.

Knows:    where distributions put the server, and that it refuses root.
Promises: it listens on a socket in its own directory and nowhere else, and
          is ended by its own id; where it is not installed, Skip says so.
"""
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

from tap import PATIENCE, Skip

USER = "nobody"


def program(name):
    found = shutil.which(name) or (sorted(
        glob.glob("/usr/lib/postgresql/*/bin/" + name)) or [None])[-1]
    if found is None:
        raise Skip("%s is not installed (postgresql)" % name)
    return found


class Postgres:
    def __init__(self):
        self.programs = {n: program(n) for n in ("initdb", "postgres", "psql")}
        self.folder = tempfile.mkdtemp(prefix="pg-", dir="/tmp")
        self.process = None
        self.prefix = []
        if os.getuid() == 0:
            if shutil.which("setpriv") is None:
                raise Skip("root needs setpriv to start PostgreSQL")
            self.prefix = ["setpriv", "--reuid", USER, "--clear-groups"]
            shutil.chown(self.folder, USER)
        os.chmod(self.folder, 0o755)
        self.data = os.path.join(self.folder, "data")
        self.url = "postgresql:///postgres?user=kt&host=" + self.folder
        try:
            self._run(self.programs["initdb"], "-D", self.data, "-U", "kt",
                      "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
            self.start()
        except BaseException:
            self.close()
            raise

    def _run(self, *argv):
        p = subprocess.run([*self.prefix, *argv], cwd=self.folder, text=True,
                           stdin=subprocess.DEVNULL, capture_output=True,
                           check=False, env={"PATH": "/usr/bin:/bin",
                                             "LC_ALL": "C"})
        assert p.returncode == 0, p

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, self.programs["postgres"], "-D", self.data,
                 "-k", self.folder, "-c", "listen_addresses=",
                 "-c", "fsync=off", "-c", "shared_buffers=16MB"],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log()
            if self.sql("SELECT 1", check=False) == "1":
                return
            time.sleep(0.1)
        raise AssertionError("PostgreSQL is not ready: " + self.log())

    def stop(self):
        """At once, as a machine that goes away."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(PATIENCE)
        self.process = None

    def log(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as f:
            return f.read()[-2000:]

    def sql(self, text, check=True, db="postgres"):
        """Rows, a line each, columns with bars between."""
        p = subprocess.run(
            [self.programs["psql"], "-X", "-A", "-t", "-q", "-v",
             "ON_ERROR_STOP=1", "-d",
             self.url.replace("/postgres?", "/%s?" % db), "-c", text],
            text=True, capture_output=True, check=False,
            stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"})
        if check:
            assert p.returncode == 0, p
        return p.stdout.strip()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

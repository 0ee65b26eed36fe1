"""clients - where the real clients are, and how one is run.

Knows:    where their installation may be; each run's empty environment.
Promises: no client sees a credential, a proxy or a HOME of this machine; a
          run ends at its time limit, with all the processes it started.

KT_CLIENTS names the folder that has node_modules; tests/clients/install
makes one.  KT_CLIENTS_DIRECT=1 runs the clients without kt, which tells
whether a failure is kt's.
"""
import ctypes
import fcntl
import glob
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

import gateway
from tap import BUILDDIR, PATIENCE, SRCDIR, Skip
from upstream import Upstream

HERE = os.path.join(SRCDIR, "tests", "clients")
NODE_MIN = 22
IS_DIRECT = bool(os.environ.get("KT_CLIENTS_DIRECT"))


def folder():
    for place in (os.environ.get("KT_CLIENTS"),
                  os.path.join(BUILDDIR, "tests", "clients"), HERE):
        if place and os.path.isdir(os.path.join(place, "node_modules")):
            return place
    raise Skip("no npm clients: run tests/clients/install")


def program(*path):
    """A program below node_modules; its package is named after the machine,
    so PATH may have wild cards."""
    found = [f for f in sorted(glob.glob(os.path.join(
        folder(), "node_modules", *path))) if os.access(f, os.X_OK)
        and "musl" not in os.path.relpath(f, folder()).split(os.sep)[2]]
    if not found:
        raise Skip(path[1] + " is not installed for this machine")
    return found[0]


def alone():
    """From here on this process and its children reach loopback only.

    Call it before any thread or child is there.  Skips where the system
    does not let a program give up its network.
    """
    new_user, new_net = 0x10000000, 0x40000000
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(new_net) != 0:
        if libc.unshare(new_user | new_net) != 0:
            raise Skip("no network namespace: "
                       + os.strerror(ctypes.get_errno()))
        for name, text in (("setgroups", "deny"),
                           ("uid_map", "%d %d 1" % (uid, uid)),
                           ("gid_map", "%d %d 1" % (gid, gid))):
            with open("/proc/self/" + name, "w") as f:
                f.write(text)
    get_flags, set_flags, up = 0x8913, 0x8914, 0x1
    with socket.socket() as s:
        ask = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(s, get_flags, ask))[1]
        fcntl.ioctl(s, set_flags, struct.pack("16sH14x", b"lo", flags | up))


def node():
    """That of the machine if it is new enough, or what install put here."""
    found = shutil.which("node")
    if found and int(subprocess.check_output(
            [found, "-p", "process.versions.node.split('.')[0]"])) >= NODE_MIN:
        return found
    own = glob.glob(os.path.join(folder(), "node", "node_modules",
                                 "node-linux-*", "bin", "node"))
    if not own:
        raise Skip("no Node.js %d: run tests/clients/install" % NODE_MIN)
    return own[0]


class Run:
    """One run of a program: code, out, err; code None when it was ended."""

    def __init__(self, argv, env, cwd=None):
        self.home = tempfile.mkdtemp(prefix="kt-home-")
        env = {"HOME": self.home, "PATH": "/usr/local/bin:/usr/bin:/bin",
               "LANG": "C.UTF-8", "NO_PROXY": "*", "no_proxy": "*", **env}
        process = subprocess.Popen(
            argv, env=env, cwd=cwd or self.home, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)
        try:
            self.out, self.err = process.communicate(timeout=PATIENCE)
            self.code = process.returncode
        except subprocess.TimeoutExpired:
            self._end(process)
            self.out, self.err = process.communicate()
            self.code = None
        finally:
            self._end(process)
            shutil.rmtree(self.home, ignore_errors=True)

    @staticmethod
    def _end(process):
        """Its session is ours: nothing else has this group."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def told(self):
        return "exit %s\n%s\n%s" % (
            self.code, self.out.decode(errors="replace")[-3000:],
            self.err.decode(errors="replace")[-3000:])


class Direct:
    """Stands in for a Gateway: the client talks to the upstream."""

    def __init__(self, up):
        self.url, self.port = up.url, up.port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @staticmethod
    def told():
        return ""


def through(up, configuration, **more):
    return Direct(up) if IS_DIRECT else gateway.Gateway(configuration, **more)


LINE = re.compile(r"(not )?ok (.*?)(?: # (.*))?$")


def script(tap, name, url, part, env=None, told=None):
    """Runs tests/clients/NAME and tells each of its lines under PART, or
    under what is TOLD instead."""
    run = Run([node(), os.path.join(HERE, name), url, part],
              {"KT_CLIENTS": folder(), **(env or {})})
    lines = []
    for line in run.out.decode(errors="replace").splitlines():
        found = LINE.match(line)
        if found:
            lines.append([not found[1], found[2], found[3] or "", []])
        elif lines:
            lines[-1][3].append(line.lstrip("# "))
    for is_ok, sentence, note, extra in lines:
        tap.tell(is_ok, "%s: %s" % (told or part, sentence), note, extra)
    tap.ok(run.code == 0 and lines,
           "%s: %s ran to its end" % (told or part, name),
           run.told() if run.code else "")


__all__ = ["Direct", "HERE", "IS_DIRECT", "Run", "Upstream", "alone",
           "folder", "node", "program", "script", "through"]

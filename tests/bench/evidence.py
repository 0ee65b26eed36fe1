#!/usr/bin/env python3
"""evidence - how fast the log grows, and how fast it is verified and proven.

Records come at a rate to the writer and, in turn with it, to a bare loop that
writes as many bytes and syncs them: what the writer adds is the difference.
Then a log of a size that people have is written once, by the writer's own
parts but without waiting for the disk, verified by one thread and by all, and
some of its records are proven.  Writes a table in Markdown beside printing it.
"""
import argparse
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BUILDDIR = os.environ.get("KT_BUILDDIR", os.getcwd())
KT = os.path.join(BUILDDIR, "kt")
MAKE = os.path.join(BUILDDIR, "tests/audit/make_log")
BENCH = os.path.join(BUILDDIR, "tests/bench/audit_bench")
GOALS = {
    "append, 256 in flight": "20,000/s",
    "kt adds to the disk": "p99 <= 3 ms",
    "writer at 1,000 calls/s": "<= 5 % of a core",
    "verify, one thread": "250,000 records/s and 300 MB/s",
    "memory of verify": "<= 64 MiB",
    "prove": "<= 10 ms",
}


def run(*argv):
    """Output, wall and CPU seconds, and the most memory in MiB."""
    start = time.monotonic()
    p = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    out = p.stdout.read()
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode != 0:
        sys.exit("%s: exit %d" % (" ".join(argv), p.returncode))
    return (out, time.monotonic() - start, usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024)


class Table:
    def __init__(self):
        self.lines = ["| what | seen | goal |", "|---|---|---|"]
        print("\n".join(self.lines), flush=True)

    def row(self, what, seen):
        line = "| %s | %s | %s |" % (what, seen, GOALS.get(what, ""))
        print(line, flush=True)
        self.lines.append(line)


APPEND = re.compile(r"append +(\d+) records/s, ([\d.]+) per sync, p50 (\d+) "
                    r"us, p99 (\d+) us, ([\d.]+) us of CPU.*?(\d+) bytes each",
                    re.DOTALL)
DISK = re.compile(r"disk +p50 (\d+) us, p99 (\d+) us")
RATE = "20000"
ROUNDS = 3


def bench(top, *args):
    path = os.path.join(top, "append")
    out, _, _, _ = run(BENCH, path, *args)
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
    return out


def append(table, top, records):
    got = APPEND.search(bench(top, str(records), "0"))
    table.row("append, 256 in flight", "%s records/s, %s per sync" % (
        format(int(got[1]), ","), got[2]))
    table.row("writer at 1,000 calls/s", "%.2f %% of a core" % (
        float(got[5]) * 1000 / 1e6 * 100))
    compare(table, top, records, got[6])


def compare(table, top, records, size):
    """With the disk alone, one after the other; medians of the rounds."""
    seen = {"kt": [], "disk": []}
    for _ in range(ROUNDS):
        disk = DISK.search(bench(top, str(records), RATE, size))
        kt = APPEND.search(bench(top, str(records), RATE))
        seen["disk"].append((int(disk[1]), int(disk[2])))
        seen["kt"].append((int(kt[3]), int(kt[4])))
    p50, p99 = ({who: statistics.median(x[k] for x in rounds) / 1e3
                 for who, rounds in seen.items()} for k in (0, 1))
    for what, who in (("kt at 20,000 records/s", "kt"),
                      ("write and sync of as much", "disk")):
        table.row(what, "p50 %.2f ms, p99 %.2f ms" % (p50[who], p99[who]))
    table.row("kt adds to the disk", "p50 %.2f ms, p99 %.2f ms" % (
        p50["kt"] - p50["disk"], p99["kt"] - p99["disk"]))


def size_of(log):
    return sum(os.path.getsize(os.path.join(log, "seg", n))
               for n in os.listdir(os.path.join(log, "seg")))


def verify(table, log, records):
    size, most = size_of(log), 0
    for what, jobs in (("verify, one thread", 1),
                       ("verify, %d threads" % os.cpu_count(),
                        os.cpu_count())):
        out, took, cpu, memory = run(
            KT, "audit", "verify", "--jobs", str(jobs), log)
        assert "RESULT intact" in out
        most = max(most, memory)
        per = cpu if jobs == 1 else took
        table.row(what, "%s records/s, %d MB/s%s (%.1f s, %.1f s of CPU)" % (
            format(int(records / per), ","), size / per / 1e6,
            " per CPU-second" if jobs == 1 else "", took, cpu))
    table.row("memory of verify", "%.1f MiB" % most)


def prove(table, log, records):
    rng, took = random.Random(1), []
    out = os.path.join(os.path.dirname(log), "proofs")
    os.mkdir(out)
    for _ in range(20):
        _, _, cpu, _ = run(KT, "audit", "prove", "--out", out, log,
                           str(rng.randrange(records)))
        took.append(cpu)
    _, _, start, _ = run(KT, "audit", "prove", "--help")
    took.sort()
    table.row("prove", "median %.1f ms of CPU, of which %.1f to start" % (
        took[len(took) // 2] * 1e3, start * 1e3))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--records", type=int, default=1000000,
                   help="of the log that is verified: 10000000 takes 8 GB")
    p.add_argument("--append", type=int, default=200000,
                   help="records that the writer is given")
    p.add_argument("--dir", help="where; needs a disk, not memory")
    p.add_argument("--out", default="evidence.md")
    o, _ = p.parse_known_args()
    top = tempfile.mkdtemp(prefix="kt-evidence-", dir=o.dir or BUILDDIR)
    try:
        table = Table()
        append(table, top, o.append)
        log = os.path.join(top, "log")
        _, took, _, _ = run(MAKE, log, "1", str(o.records), str(64 << 20))
        table.row("log", "%s records, %.1f GB, written in %.0f s" % (
            format(o.records, ","), size_of(log) / 1e9, took))
        verify(table, log, o.records)
        prove(table, log, o.records)
        with open(o.out, "w") as f:
            f.write("\n".join(table.lines) + "\n")
    finally:
        shutil.rmtree(top, ignore_errors=True)


main()

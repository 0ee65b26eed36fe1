"""train - makes direct.weights and indirect.weights from the corpora.

    make tests/accuracy/train
    KT_SRCDIR=SOURCE KT_BUILDDIR=BUILD python3 policies/detectors/train.py

Knows:    which texts teach what: `direct` tells attacks on a model from
          other requests, `indirect` tells orders from the data that a tool
          brings.  An attack in a table is an order like any request is, so
          requests are orders there.
Promises: the same corpora give the same bytes: integers, hashes for choices,
          no time and no chance.  Nothing but the corpora is learned from.

A model's thresholds are set on texts that it has not learned from, in four
folds: `flag` where few of the worst clean source are above it, `block` where
hardly any is.
"""
import hashlib
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "accuracy"))
import accuracy  # noqa: E402
from tap import BUILDDIR  # noqa: E402

FOLDS = 4
ATTACKS = ("garak", "gptfuzz", "giskard")
CLEAN = ("docs", "lockfiles", "aci-bench", "agent-transcripts",
         "agent-instructions", "synth-pii", "synth-phi", "secret-negatives",
         "bipia-clean")
REQUESTS = ("wildguard", "xstest", "prompts-chat")
# Whole sources that are tested together by a model that saw none of them.
GROUPS = (("garak", "wildguard"), ("gptfuzz", "prompts-chat", "xstest"),
          ("giskard", "docs", "lockfiles", "aci-bench"),
          ("bipia-clean", "agent-instructions", "agent-transcripts",
           "secret-negatives", "synth-pii", "synth-phi"))
# Of a hundred: may be above flag and block, at most, of each clean source.
FLAG = {"direct": {"wildguard": 0.8, "xstest": 0.8, "prompts-chat": 1.8,
                   "docs": 1.5, "bipia-clean": 1.8},
        "indirect": {"bipia-clean": 1.8, "docs": 2.4}}
BLOCK = 0.1


def number(text):
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def sample(source, text, label, key=None, span=None, kind=""):
    out = {"text": text, "label": label, "source": source, "kind": kind,
           "fold": number(key or text[:60]) % FOLDS}
    if span is not None:
        out["span"] = [span["start"], span["end"]]
    return out


def halves(text):
    """A long attack is one in each half: who copies it leaves out some."""
    words = text.split()
    at = len(words) // 2
    return (" ".join(words[:at]), " ".join(words[at:])) if at > 30 else ()


def direct(sets):
    for name in ATTACKS:
        for r in sets[name]:
            yield sample(name, r["text"], 1)
            for part in halves(r["text"]):
                yield sample("+" + name, part, 1, r["text"][:60])
    for name in REQUESTS + CLEAN:
        for r in sets[name]:
            yield sample(name, r["text"], -1)


def orders(record):
    """The first sentences of a request that are as long as an order."""
    said = re.split(r"(?<=[.!?])\s", record["text"])[:3]
    return [s for s in said if 3 <= len(s.split()) <= 40]


def order(record):
    """Of an attack, where the order is: the code that it brings is code."""
    span = record["spans"][0]
    said = record["text"].encode()[span["start"]:span["end"]]
    code = re.search(rb"(?:\\n|\n)?```", said)
    return {"start": span["start"],
            "end": span["start"] + code.start() if code else span["end"]}


def indirect(sets):
    for name in CLEAN:
        often = 4 if name in ("docs", "agent-transcripts",
                              "agent-instructions") else 1
        for r in sets[name]:
            for _ in range(often):
                yield sample(name, r["text"], -1)
    for r in sets["bipia"]:
        for _ in range(3):
            yield sample("bipia", r["text"], 1, r["meta"]["attack"],
                         order(r), r["subtype"])
    for name in REQUESTS + ATTACKS:
        for r in sets[name]:
            for s in orders(r):
                if number(s + name) % 100 < 5:
                    yield sample("+" + name, s, 1)


MODELS = {"direct": (direct, ()), "indirect": (indirect, ("-s",))}


def train(samples, *options):
    lines = "".join(json.dumps(s) + "\n" for s in samples)
    done = subprocess.run(
        [os.path.join(BUILDDIR, "tests/accuracy/train"), *options],
        input=lines, stdout=subprocess.PIPE, check=True, encoding="utf-8")
    return [int(n) for n in done.stdout.split()]


def unseen(samples, *options):
    """The score of each sample, by a model that has not seen its fold."""
    out = [0] * len(samples)
    for fold in range(FOLDS):
        at = [i for i, s in enumerate(samples) if s["fold"] == fold]
        for i, score in zip(at, train(samples, "-w", str(fold), *options)):
            out[i] = score
    return out


def threshold(samples, scores, allowed):
    """The lowest that lets through what ALLOWED says, per clean source."""
    least = -10 ** 6
    for name, share in allowed.items():
        of = sorted(score for s, score in zip(samples, scores)
                    if s["source"] == name)
        least = max(least, of[-1 - int(len(of) * share / 100)] + 1)
    return least


def thresholds(name, samples, *options):
    scores = unseen(samples, *options)
    flag = threshold(samples, scores, FLAG[name])
    block = threshold(samples, scores,
                      {source: BLOCK for source in FLAG[name]})
    return flag, max(block, flag + 1)


def by_source(sets):
    """`direct`, with folds that are groups of whole sources."""
    samples = list(direct(sets))
    for s in samples:
        s["fold"] = next(
            i for i, g in enumerate(GROUPS)
            if s["source"].lstrip("+") in g)
    return samples


def make(folder):
    sets = accuracy.corpora()
    for name, (samples, options) in MODELS.items():
        samples = list(samples(sets))
        flag, block = thresholds(name, samples, *options)
        train(samples, "-o", os.path.join(folder, name + ".weights"),
              "-f", str(flag), "-b", str(block), *options)
        print("%s: flag %d, block %d" % (name, flag, block))


if __name__ == "__main__":
    make(HERE)

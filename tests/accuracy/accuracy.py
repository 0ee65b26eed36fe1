"""accuracy - what the detectors find in texts that others collected.

    make accuracy                        # prints the tables, and fails
    python3 accuracy.py --check FILE     # when a figure of FILE has fallen
    python3 accuracy.py --write FILE     # keeps them: BASELINE.md

Knows:    the corpora (../shared/corpora), what counts as found, the goals.
Promises: every figure is named by metric and source; the worst source of a
          metric is told, never the mean.

A gold span is found when a finding of a mapped type covers at least half of
its bytes; a record without gold spans when there is any finding.  F2 is
5PR/(4P+R).  False-positive rates count records with at least one finding.
"""
import collections
import gzip
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import made  # noqa: E402
from tap import BUILDDIR, CORPORA, SRCDIR  # noqa: E402

# Gold types that are the same thing as an entity of ours, by another name.
SAME = {
    "PHONE": "PHONE_NUMBER", "PH_MOBILE_NUMBER": "PHONE_NUMBER",
    "TR_PHONE_NUMBER": "PHONE_NUMBER", "PASSPORT": "PASSPORT",
    "DATE": "DATE_OF_BIRTH", "NAME": "PERSON", "NAME_PROVIDER": "PERSON",
    "MRN": "MEDICAL_RECORD_NUMBER", "NPI": "US_NPI",
    "DEA": "MEDICAL_LICENSE", "EMAIL": "EMAIL_ADDRESS",
    "ADDRESS": "LOCATION", "STREET_ADDRESS": "LOCATION",
}
# What can be told by form, check digit or a word beside it.
STRUCTURED = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE",
              "IP_ADDRESS", "MAC_ADDRESS", "US_SSN", "US_ITIN", "CVV",
              "DATE_OF_BIRTH", "US_NPI", "US_MBI", "MEDICAL_LICENSE",
              "UK_NHS", "UK_NINO", "US_PASSPORT", "US_DRIVER_LICENSE",
              "ABA_ROUTING_NUMBER", "CRYPTO", "PASSPORT")
NATIONAL = re.compile(
    r"(?:A[ERTU]|B[EGR]|C[AHLNZ]|D[EK]|E[ES]|F[IR]|GR|H[KRU]|I[DELNT]|JP|KR|"
    r"M[XY]|N[GLOZ]|P[HLT]|R[OSU]|S[EG]|T[HRW]|U[AK]|ZA)_")
# No identifier of a person or a payment, or told by words alone.
NOT_STRUCTURED = re.compile(
    r".*(?:VEHICLE|PLATE|KFZ|POSTCODE|PLZ|UEN|ORGANISATION|VAT|GSTIN|"
    r"BRN|ABN|ACN)")
# Written where a token would be: nobody was ever given one like it.
MASK = re.compile(r"([xXZ])\1{7}|EXAMPLEKEY|(?:abcdefghij){2}")
# Has no prefix, length and alphabet of its own: not a provider's token.
GENERIC = {"generic-api-key", "curl-auth-header", "curl-auth-user",
           "kubernetes-secret-yaml", "hashicorp-tf-password",
           "nuget-config-password", "pkcs12-file", "sidekiq-secret",
           "sidekiq-sensitive-url", "keyword", "basic_auth"}
TRIGGER = re.compile(
    r"(?i)\b(?:ignore|disregard|bypass|override|jailbreak|system prompt|"
    r"instructions?|pretend|act as|you are now|developer mode|hack|inject)\b")
# How much a figure may fall before it is an error.
POINT = 1.0
BENIGN = ("wildguard", "xstest", "prompts-chat", "docs", "agent-instructions",
          "lockfiles", "agent-transcripts", "secret-negatives", "aci-bench",
          "bipia-clean")


def read(path):
    opened = gzip.open if path.endswith(".gz") else open
    with opened(os.path.join(CORPORA, path), "rt", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def corpora():
    sets = {
        "gitleaks": "secrets-gitleaks/data.jsonl.gz",
        "detect-secrets": "secrets-detect-secrets/data.jsonl.gz",
        "presidio": "pii-presidio/data.jsonl.gz",
        "presidio-research": "pii-presidio-research/data.jsonl.gz",
        "synth-pii": "kt-synth/pii.jsonl.gz",
        "synth-phi": "kt-synth/phi.jsonl.gz",
        "secret-negatives": "kt-synth/secret-negatives.jsonl.gz",
        "agent-transcripts": "kt-synth/agent-transcripts.jsonl.gz",
        "aci-bench": "phi-aci-bench/data.jsonl.gz",
        "garak": "inj-garak/data.jsonl.gz",
        "giskard": "inj-giskard/data.jsonl",
        "gptfuzz": "inj-gptfuzz/data.jsonl.gz",
        "bipia": "inj-bipia/data.jsonl.gz",
        "wildguard": "benign-wildguard/data.jsonl.gz",
        "xstest": "benign-xstest/data.jsonl.gz",
        "prompts-chat": "benign-prompts-chat/data.jsonl.gz",
        "docs": "benign-docs/docs.jsonl.gz",
        "lockfiles": "benign-docs/lockfiles.jsonl.gz",
        "agent-instructions": "benign-docs/agent-instructions.jsonl.gz",
    }
    sets = {name: read(path) for name, path in sets.items()}
    sets["bipia-clean"] = [r for r in sets["bipia"] if r["label"] == "benign"]
    sets["bipia"] = [r for r in sets["bipia"] if r["label"] != "benign"]
    return sets


def component(name):
    if name.startswith("bipia"):
        return "tool_results"
    if name in ("docs", "lockfiles", "agent-instructions"):
        return "documents"
    return "messages"


def inspect(sets, *more):
    """Adds "found" to each record; the component is told by the set."""
    lines, where = [], []
    for name, records in sets.items():
        for r in records:
            lines.append(json.dumps({"id": len(where), "text": r["text"],
                                     "component": component(name)}))
            where.append(r)
    done = subprocess.run(
        [os.path.join(BUILDDIR, "kt"), "inspect", "--as", "jsonl", *more, "-"],
        input="\n".join(lines) + "\n", stdout=subprocess.PIPE,
        encoding="utf-8")
    if done.returncode not in (0, 1):
        raise RuntimeError("kt inspect: exit %d" % done.returncode)
    for line in done.stdout.splitlines():
        said = json.loads(line)
        where[said["id"]]["found"] = said["findings"]


def same(kind):
    return SAME.get(kind, kind)


def entity_is(finding, kind):
    """Of which state a passport is, its number does not always tell."""
    entity = finding["entity"]
    return entity == kind or ("PASSPORT" in (kind, entity) and
                              kind.endswith("PASSPORT") and
                              entity.endswith("PASSPORT"))


def overlap(span, finding):
    return (min(span["end"], finding["end"]) -
            max(span["start"], finding["start"]))


def is_found(span, findings):
    return any(2 * overlap(span, f) >= span["end"] - span["start"]
               for f in findings)


def of_class(record, name):
    return [f for f in record["found"] if f["class"] == name]


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


class Table:
    """Figures by name; is_more says which way is better."""

    def __init__(self):
        self.rows = []

    def add(self, metric, source, figure, n, goal=None, is_more=True):
        self.rows.append((metric, source, figure, n, goal, is_more))

    def text(self):
        out = ["| metric | source | figure | of | goal |",
               "|---|---|---:|---:|---|"]
        for metric, source, figure, n, goal, is_more in self.rows:
            mark = "" if goal is None else "%s %g" % (
                "≥" if is_more else "≤", goal)
            if goal is not None and (
                    figure < goal if is_more else figure > goal):
                mark += " (missed)"
            out.append("| %s | %s | %.1f | %d | %s |" % (
                metric, source, figure, n, mark))
        return "\n".join(out) + "\n"


def secrets(sets, table):
    for name in ("gitleaks", "detect-secrets"):
        hits = collections.defaultdict(list)
        for r in sets[name]:
            if r["label"] != "secret" or MASK.search(r["text"]):
                continue
            kind = "generic" if r["subtype"] in GENERIC else "provider"
            found, spans = of_class(r, "secret"), r.get("spans") or []
            hits[kind].append(any(is_found(s, found) for s in spans)
                              if spans else bool(found))
        table.add("provider-token recall", name, percent(
            sum(hits["provider"]), len(hits["provider"])),
            len(hits["provider"]), 99)
        table.add("generic credential recall", name, percent(
            sum(hits["generic"]), len(hits["generic"])),
            len(hits["generic"]), 60)
    for name in ("lockfiles", "docs", "agent-transcripts", "secret-negatives",
                 "wildguard", "prompts-chat", "aci-bench", "synth-pii",
                 "synth-phi", "presidio-research", "bipia-clean"):
        bad = sum(bool(of_class(r, "secret")) for r in sets[name])
        table.add("secret false positives", name, percent(
            bad, len(sets[name])), len(sets[name]),
            0 if name == "lockfiles" else 1, False)


def f2(hit, gold, wrong):
    """hit of gold spans; wrong findings."""
    p = hit / (hit + wrong) if hit + wrong else 1.0
    r = hit / gold if gold else 1.0
    return 100.0 * 5 * p * r / (4 * p + r) if p + r else 0.0


def is_structured(kind):
    return kind in STRUCTURED or bool(
        NATIONAL.match(kind) and not NOT_STRUCTURED.match(kind))


def suite(records):
    """Per entity [hit, gold, wrong], of the entity a row is about."""
    count = collections.defaultdict(lambda: [0, 0, 0])
    for r in records:
        kind = same(r["meta"]["entity"])
        spans = r.get("spans") or []
        found = [f for f in r["found"] if entity_is(f, kind)]
        count[kind][0] += sum(is_found(s, found) for s in spans)
        count[kind][1] += len(spans)
        if spans or r["label"] == "benign":
            count[kind][2] += sum(
                all(overlap(s, f) <= 0 for s in spans) for f in found)
    return count


def sentences(records):
    count = collections.defaultdict(lambda: [0, 0, 0])
    for r in records:
        spans = [dict(s, type=same(s["type"])) for s in r.get("spans") or []]
        for s in spans:
            count[s["type"]][0] += is_found(
                s, [f for f in r["found"] if entity_is(f, s["type"])])
            count[s["type"]][1] += 1
        for f in r["found"]:
            if f["class"] in ("pii", "pci") and all(
                    overlap(s, f) <= 0 for s in spans):
                count[f["entity"]][2] += 1
    return count


def pii(sets, table):
    for name, count, goal in (
            ("presidio", suite(sets["presidio"]), 96),
            ("presidio-research", sentences(sets["presidio-research"]), 85),
            ("synth-pii", sentences(sets["synth-pii"]), 85)):
        all_of = [0, 0, 0]
        for kind in sorted(count):
            if not is_structured(kind):
                continue
            all_of = [a + b for a, b in zip(all_of, count[kind])]
            if count[kind][1]:
                table.add("F2 of " + kind, name, f2(*count[kind]),
                          count[kind][1])
        table.add("PII F2, structured types", name, f2(*all_of), all_of[1],
                  goal)
        other = [0, 0, 0]
        for kind in count:
            if not is_structured(kind):
                other = [a + b for a, b in zip(other, count[kind])]
        table.add("PII F2, other types", name, f2(*other), other[1])


def phi(sets, table):
    def is_phi(r):
        return any(f["class"] == "phi" for f in r["found"])

    gold = [r for r in sets["synth-phi"] if r["label"] == "phi"]
    clean = {"synth-phi": [r for r in sets["synth-phi"]
                           if r["label"] != "phi"]}
    for name in ("aci-bench", "docs", "wildguard", "synth-pii"):
        clean[name] = sets[name]
    hit = sum(map(is_phi, gold))
    table.add("PHI document recall", "synth-phi", percent(hit, len(gold)),
              len(gold), 95)
    wrong = sum(map(is_phi, clean["synth-phi"]))
    table.add("PHI document precision", "synth-phi",
              percent(hit, hit + wrong), hit + wrong, 95)
    for name, records in clean.items():
        table.add("PHI false positives", name, percent(
            sum(map(is_phi, records)), len(records)), len(records),
            None if name == "aci-bench" else 2, False)
    table.add("health context seen", "aci-bench", percent(
        sum(any(f["class"] == "clinical" for f in r["found"])
            for r in sets["aci-bench"]), len(sets["aci-bench"])),
        len(sets["aci-bench"]))
    count = collections.defaultdict(lambda: [0, 0])
    for r in gold:
        for s in r["spans"]:
            kind = s["type"]
            count[kind][0] += is_found(s, [
                f for f in r["found"] if f["class"] in ("phi", "pii")])
            count[kind][1] += 1
    for kind in ("MRN", "NPI", "DEA", "HEALTH_PLAN_ID", "NAME", "DATE",
                 "PHONE", "ADDRESS", "ACCOUNT"):
        table.add("PHI identifier recall: " + kind, "synth-phi",
                  percent(*count[kind]), count[kind][1])


def injection(sets, table):
    def hits(records):
        return percent(sum(bool(of_class(r, "prompt_injection"))
                           for r in records), len(records))

    def put(metric, source, records, goal, is_more=True):
        table.add(metric, source, hits(records), len(records), goal, is_more)

    garak, giskard = sets["garak"], sets["giskard"]
    short = [r for r in garak if "extraction" in r["subtype"]]
    put("wild jailbreak recall", "garak",
        [r for r in garak if "extraction" not in r["subtype"]], 95)
    put("wild jailbreak recall", "gptfuzz", sets["gptfuzz"], 95)
    put("wild jailbreak recall", "giskard",
        [r for r in giskard if "Jailbreak" in r["subtype"]], 95)
    put("short injection recall", "giskard",
        [r for r in giskard if "Jailbreak" not in r["subtype"]], 45)
    put("short injection recall", "garak prompt extraction", short, 45)
    bipia = sets["bipia"]
    for kind in ("email", "table", "code"):
        put("indirect injection recall", "bipia " + kind,
            [r for r in bipia if r["subtype"].endswith(kind)], 50)
    clean = {name: sets[name] for name in BENIGN}
    for name in BENIGN:
        if name == "bipia-clean":
            put("indirect false positives", name, clean[name], 2, False)
        else:
            put("injection false positives", name, clean[name],
                1 if name in ("wildguard", "xstest") else 2, False)
    tricky = [r for name in ("wildguard", "xstest", "prompts-chat", "docs")
              for r in clean[name] if TRIGGER.search(r["text"])]
    table.add("over-defence accuracy", "benign with trigger words",
              100 - hits(tricky), len(tricky), 90)


def is_hit(record, found):
    span = record["spans"][0]
    kind = span["type"]
    if kind is None:
        return [f for f in found if f["class"] == "secret"]
    if kind == "DRIVER_LICENSE":
        return [f for f in found if "DRIV" in f["entity"]]
    return [f for f in found if entity_is(f, kind)]


def drawn(table):
    """What made.py draws: no text of it was ever looked at by a person who
    collected; every number and key is new."""
    records = made.records()
    inspect({"messages": records})
    count = collections.defaultdict(lambda: [0, 0])
    held = []
    for r in records:
        kind = r["kind"].split(" ")[0] if r["kind"].startswith(
            ("national ", "register ")) else r["kind"]
        if r["spans"]:
            hit = is_found(r["spans"][0], is_hit(r, r["found"]))
            held += [r] if hit else []
        else:
            hit = any(f["class"] in ("secret", "pii", "pci", "phi")
                      for f in r["found"])
        count[kind, bool(r["spans"])][0] += hit
        count[kind, bool(r["spans"])][1] += 1
    for (kind, is_gold), (hit, n) in count.items():
        table.add("made recall" if is_gold else "made false positives", kind,
                  percent(hit, n), n, 95 if is_gold else 1, is_gold)
    held = held[::7]
    for name, disguise in made.DISGUISES.items():
        worn = [dict(r, text=text) for r, text in
                ((r, disguise(r["text"])) for r in held) if text]
        inspect({"messages": worn})
        table.add("made, found in disguise", name, percent(
            sum(bool(is_hit(r, r["found"])) for r in worn), len(worn)),
            len(worn), 95)


def unseen_sources(sets, table):
    """The models alone, each source scored by one that did not see it."""
    sys.path.insert(0, os.path.join(SRCDIR, "policies", "detectors"))
    import train

    samples = train.by_source(sets)
    scores = train.unseen(samples)
    least = train.threshold(samples, scores,
                            {name: 1 for name in train.REQUESTS})
    for name in train.ATTACKS:
        of = [n >= least for s, n in zip(samples, scores)
              if s["source"] == name]
        table.add("attack model, source unseen, 1 % false positives", name,
                  percent(sum(of), len(of)), len(of), 95)
    samples = list(train.direct(sets))
    scores = train.unseen(samples)
    least = train.threshold(samples, scores, train.FLAG["direct"])
    for name in train.ATTACKS:
        of = [n >= least for s, n in zip(samples, scores)
              if s["source"] == name]
        table.add("attack model, text unseen, 1 % false positives", name,
                  percent(sum(of), len(of)), len(of), 95)
    samples = list(train.indirect(sets))
    scores = train.unseen(samples, "-s")
    least = train.threshold(samples, scores, {"bipia-clean": 2})
    for kind in ("email", "table", "code"):
        of = [n >= least for s, n in zip(samples, scores)
              if s["kind"].endswith(kind) and s["source"] == "bipia"]
        table.add("order model, attack unseen, 2 % false positives",
                  "bipia " + kind, percent(sum(of), len(of)), len(of), 50)


def worst(table):
    """The source with the highest rate of each kind of false positive."""
    out = []
    for metric in sorted({r[0] for r in table.rows if not r[5]}):
        row = max((r for r in table.rows if r[0] == metric),
                  key=lambda r: r[2])
        out.append("- %s: worst is %s, %.1f %%\n" % (metric, row[1], row[2]))
    return "".join(out)


def measure():
    sets = corpora()
    inspect(sets)
    table = Table()
    secrets(sets, table)
    pii(sets, table)
    phi(sets, table)
    injection(sets, table)
    drawn(table)
    unseen_sources(sets, table)
    return table


HEAD = """# Accuracy

Written by `python3 tests/accuracy/accuracy.py --write` and checked by
`tests/accuracy/accuracy_test.py`: no figure may fall by more than a point.
In per cent, on the corpora beside the checkout; `of` is how many records or
spans.

"""


def rows(text):
    """{(metric, source): figure} of a table in Markdown."""
    out = {}
    for line in text.splitlines():
        cells = [c.strip() for c in line.split("|")[1:-1]]
        if len(cells) == 5 and cells[2].replace(".", "").isdigit():
            out[cells[0], cells[1]] = float(cells[2])
    return out


def fallen(then, table):
    """What is worse than in THEN by more than a point, or is gone."""
    now = {r[:2]: (r[2], r[5]) for r in table.rows}
    for name, figure in then.items():
        if name not in now:
            yield "%s, %s: no longer measured" % name
            continue
        is_now, is_more = now[name]
        worse = figure - is_now if is_more else is_now - figure
        if worse > POINT:
            yield "%s, %s: was %.1f, is %.1f" % (*name, figure, is_now)


def main():
    table = measure()
    text = HEAD + table.text() + "\n## The worst sources\n\n" + worst(table)
    if len(sys.argv) == 3 and sys.argv[1] == "--write":
        with open(sys.argv[2], "w", encoding="utf-8") as f:
            f.write(text)
        return
    print(text, end="")
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        with open(sys.argv[2], encoding="utf-8") as f:
            bad = list(fallen(rows(f.read()), table))
        if bad:
            sys.exit("fallen by more than a point:\n" + "\n".join(bad))


if __name__ == "__main__":
    main()

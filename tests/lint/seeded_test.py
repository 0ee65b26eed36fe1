"""Defects put into the shipped packs, one at a time: kt policy lint finds at
least 95 of a hundred, with what kt replay and kt policy test say of the
sessions and cases beside the packs.  Each is something that a person does by
mistake, or an attacker on purpose; a change without effect is none.

KT_EVERY, 1 unless set: only each so many-th is put in, for builds in
which a start takes long; the rate of each kind is not judged then."""
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from tap import BUILDDIR, SRCDIR, Tap  # noqa: E402

KT = os.path.join(BUILDDIR, "kt")
PACKS = os.path.join(SRCDIR, "policies")
AT_ONCE = 50  # files of one run
WANTED = 200
RATE = 0.95
LEAST = 0.90
EVERY = int(os.environ.get("KT_EVERY") or 1)


def typo(word):
    return word[:len(word) // 2] + word[len(word) // 2 + 1:]


def lines_with(text, pattern):
    for m in re.finditer(pattern, text, re.M):
        yield m


def replaced(text, m, group, by):
    return text[:m.start(group)] + by + text[m.end(group):]


def misspelt(text):
    """Keys, entities, kinds, words: a letter is lost."""
    for m in lines_with(text, r"^ *(?:- )?([a-z_-]{4,}):"):
        yield "key " + m[1], replaced(text, m, 1, typo(m[1]))
    for m in lines_with(text, r"^ +- ([A-Z_]{5,})$"):
        yield "entity " + m[1], replaced(text, m, 1, typo(m[1]))
    for m in lines_with(text, r"^ +- ([a-z-]{6,})$"):
        yield "kind " + m[1], replaced(text, m, 1, typo(m[1]))
    for m in lines_with(
            text, r"^ +(?:action|tool_results|mode|sensitivity|provider): "
            r"([a-z-]+)$"):
        yield "word " + m[1], replaced(text, m, 1, typo(m[1]))


def mistyped(text):
    """Values of another type."""
    for m in lines_with(text, r"^ +[a-z_]+: (true|false)$"):
        for word in ("yes", '"true"', "1"):
            yield "boolean " + word, replaced(text, m, 1, word)
    for m in lines_with(text, r"^ +[a-z_]+: ([0-9]+)$"):
        for word in ('"%s"' % m[1], m[1] + "d", "-1", "[%s]" % m[1]):
            yield "number " + word, replaced(text, m, 1, word)


def below(text, head):
    """The lines below a key, with where they begin and end."""
    found = re.search(r"^( *)%s:.*\n" % head, text, re.M)
    at = found.end() if found else len(text)
    while found and at < len(text):
        end = text.index("\n", at) + 1
        line = text[at:end]
        if line.strip() and not line.startswith(found[1] + " "):
            break
        yield at, end, line
        at = end


def dropped(text):
    """A policy taken out of the chain; a section, a setting, a rule gone."""
    lines = list(below(text, "policy"))
    for i, (at, end, line) in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if indent < 4 or line.lstrip().startswith("#"):
            continue
        for _, more, deeper in lines[i + 1:]:
            if deeper.strip() and (
                    len(deeper) - len(deeper.lstrip()) <= indent):
                break
            end = more
        yield "no " + line.strip(), text[:at] + text[end:]
    chain = re.search(r"^  chain:\n((?:    - .*\n)+)", text, re.M)
    for kind in re.findall(r"- ([a-z-]+)\n", chain[1]):
        if re.search(r"^  %s:" % kind, text, re.M):
            yield "chain without " + kind, text.replace(
                "    - %s\n" % kind, "", 1)
    for section in ("pack", "policies", "providers"):
        yield "no " + section, re.sub(
            r"^%s:\n(?:(?: .*|#.*)?\n)*" % section, "", text, count=1,
            flags=re.M)


def reordered(text):
    """What ends a list begins it; what records goes in front."""
    rest = ('      - name: the-rest\n        tool: "*"\n'
            "        action: allow\n")
    for m in lines_with(text, r"^      - name: (.*)$"):
        yield "what allows the rest before " + m[1], (
            text[:m.start()] + rest + text[m.start():])
    chain = re.search(r"^  chain:\n((?:    - .*\n)+)", text, re.M)
    links = chain[1].splitlines(True)
    if "    - reversible-redaction\n" in links:
        links.remove("    - reversible-redaction\n")
        links.insert(-1, "    - reversible-redaction\n")
        yield "what comes back behind what does not", text.replace(
            chain[1], "".join(links), 1)
    yield "record before inspection", text.replace(
        "    - audit-logger\n", "", 1).replace(
            "  chain:\n", "  chain:\n    - audit-logger\n", 1)


def widened(text):
    """A glob fits more than was meant."""
    for m in lines_with(text, r"^        tool: \"?([A-Za-z*]+)\"?$"):
        for by in ("*", m[1][:2].strip("*") + "*", "[%s]" % m[1]):
            yield "tool %s for %s" % (by, m[1]), (
                text[:m.start()] + '        tool: "%s"' % by + text[m.end():])


def unanchored(text):
    """A regular expression loses what holds it."""
    for m in lines_with(text, r"matches: '([^'\n]+)'"):
        pattern = m[1]
        for by in (pattern.replace("\\.", "."), pattern.strip("/"),
                   pattern.replace("\\b", ""), pattern.replace(
                       "[^|;&]*", ".*"), pattern.split("(", 1)[0], "",
                   pattern + "|", "(" + pattern):
            if by != pattern:
                yield "%s for %s" % (by, pattern), replaced(text, m, 1, by)


def without_baa(text):
    """The agreement ends, or is no longer asked for."""
    declared = text.replace("      # data_policy:", "      data_policy:")
    for key in ("baa: {", "zero_data", "training"):
        declared = declared.replace("      #   " + key, "        " + key)
    if declared == text:
        return
    for name, old, new in (
            ("removed", r"^        baa:.*\n", ""),
            ("without a number", r"agreement: [^,]*, ", ""),
            ("without an end", r", expires: [0-9-]*", ""),
            ("at an end", r"expires: [0-9-]*", "expires: 2020-12-31"),
            ("not asked for", r"^    require_baa_for:.*\n", ""),
            ("not asked for phi", r"\[phi, clinical\]", "[clinical]"),
            ("only a preference", r"provider: block", "provider: allow")):
        yield "agreement " + name, (
            declared, re.sub(old, new, declared, count=1, flags=re.M))


FLIPS = {
    "pii-detector": [
        "mode: monitor", "on_error: allow", "enabled: false",
        "pci_mode: false", "healthcare_mode: true", "components: [messages]",
        "components: [completion]", "entities: [EMAIL_ADDRES]",
        "redaction: {reversible: true}",
        "redaction: {custom_markers: {EMAIL: x}}",
        "detect_patterns: [{name: x, pattern: '(a'}]",
        "detect_patterns: [{name: x, pattern: 'a?'}]",
        "detect_patterns: [{name: x, pattern: 'api.example.com'}]",
        "detect_patterns: [{name: x, pattern: 'A[0-9]{1,900}'}]",
        "detect_patterns: [{name: x, pattern: 'A(?:b+)*'}]"],
    "secret-scanner": [
        "mode: monitor", "on_error: allow", "enabled: false",
        "components: [messages, completion]", "components: [tool_results]",
        "detectors: [github-pta]", "detectors: [nothing]"],
    "prompt-injection": [
        "mode: monitor", "on_error: allow", "enabled: false",
        "encoding: {decode_base64: false}",
        "encoding: {normalize_unicode: false}",
        "encoding: {detect_homoglyphs: false}",
        "boundaries: {reject_fake_boundaries: false}",
        "components: [messages]", "components: [system]"],
    "audit-logger": [
        "content: full", "durability: async", "immutable: false",
        "on_error: allow", "enabled: false", "mode: monitor"],
}


def flipped(text):
    """A setting that weakens, put below its kind."""
    for kind, settings in FLIPS.items():
        head = re.search(r"^  %s:\n" % kind, text, re.M)
        for setting in settings if head else ():
            key = setting.split(":")[0]
            # Where it is said already, it is said anew.
            body = re.compile(r"(^  %s:\n(?:    .*\n|\n)*?)    %s: .*\n" % (
                kind, key), re.M)
            base = body.sub(r"\1", text, count=1)
            yield "%s %s" % (kind, setting), base.replace(
                head[0], head[0] + "    " + setting + "\n", 1)
    for kind in ("secret-scanner", "pii-detector"):
        yield kind + " only notes", re.sub(
            r"(^  %s:\n    action: )\w+" % kind, r"\1flag", text,
            count=1, flags=re.M)
    for entity in ("CREDIT_CARD", "US_SSN", "IBAN_CODE"):
        yield entity + " passes", text.replace(
            "    flag_entities:\n",
            "    flag_entities:\n      - %s\n" % entity, 1)
    yield "twice in a list", text.replace(
        "      - EMAIL_ADDRESS\n", "      - EMAIL_ADDRESS\n" * 2, 1)


def opened(text):
    """The gateway's own doors."""
    for line in ("listen: 0.0.0.0:8080", "listen: 10.0.0.1:80",
                 "listen: localhost"):
        yield line, re.sub(r"^  listen: .*$", "  " + line, text, count=1,
                           flags=re.M)
    for line in ("fail_mode: allow", "block_status: 503",
                 "block_status: 429", "block_status: 200",
                 "admin: {listen: '127.0.0.1:9'}", "workers: -1"):
        yield line, text.replace("gateway:\n", "gateway:\n  %s\n" % line, 1)
    for block in ("audit: {on_failure: fail_open}", "audit: {content: full}",
                  "audit: {durability: async}", "audit: {hash_mode: plain}",
                  "audit: {retention_days: 7}",
                  "routes: {/v1/files: deny, '*': passthrough}",
                  "routes: {/v1/files: deny, '*': detect}",
                  "webhooks: [{url: 'http://hooks.example.org'}]",
                  "consumer_groups: [{name: g, scopes: [admin, chat]}]"):
        yield block, text + block + "\n"
    yield "switched off", text.replace("enabled: true", "enabled: false", 1)


SECRET = "sk-ant-api03-" + "CH2n6WSZ1mvw4SKdWcWCiHSWYpUWyFiXuuyxGxZvyCrS8Q7" \
    "PSK4gFR4DgJo7"


def leaking(text):
    """A secret in the file, and calls sent astray."""
    target = "      provider: anthropic\n"
    base = re.sub(r"      secret_key_ref:\n        env: .*\n", "", text)
    for line in (
            "secret_key_ref: " + SECRET, "secret_key_ref: {env: %s}" % SECRET,
            "secret_key_ref: {env: OPENAI_API_KEY}",
            "headers: {x-api-key: %s}" % SECRET,
            "headers: {x-team: %s}" % SECRET,
            "headers: {authorization: Bearer abc}",
            "headers: {anthropic-beta: code-execution-2025-05-22}",
            "base_url: http://proxy.example.org",
            "base_url: https://169.254.169.254",
            "base_url: https://user:pw@example.org",
            "base_url: example.org", "model: claude-3-opus-20240229",
            "model: claud-opus-4-5", "model: gpt-4o",
            "model: us.anthropic.claude-sonnet-4-5-v1:0",
            "max_messages: 4", "timeout_seconds: 1",
            "anthropic_version: \"2023-06-31\"", "allow_all_tools: true",
            "data_policy: {baa: {agreement: a, expires: \"2020-01-01\"}}",
            "data_policy: {baa: {expires: \"2030-01-01\"}}",
            "description: %s" % SECRET, "weight: 3"):
        yield line[:40], base.replace(target, target + "      " + line + "\n",
                                      1)
    yield "secret in a comment", text + "# old key: %s\n" % SECRET
    yield "another provider", text.replace("provider: anthropic",
                                           "provider: antropic", 1)


def misrouted(text):
    end = text.rstrip("\n") + "\n"
    for block in (
            "strategy: singel", "fallback: {max_attempts: 3}",
            "strategy: cost", "strategy: weighted_round_robin\n  fallback: {}",
            "retry: {on: [timeout]}", "retry: {base_ms: 900, max_ms: 100}",
            "model_aliases: {a: b, b: a}",
            "model_aliases: {claude-opus-4-5: claude-haiku-4-5}",
            "routing_rules: [{name: r, use: {target: nowhere}}]",
            "routing_rules: [{name: r, when: {input_tokens: '< 0'}, "
            "use: {target: anthropic}}]",
            "routing_rules: [{name: r, when: {input_tokens: many}, "
            "use: {target: anthropic}}]",
            "routing_rules: [{name: r, when: {group: g}, "
            "use: {target: anthropic}}]",
            "routing_rules: [{name: a, when: {model: '*'}, "
            "use: {target: anthropic}}]",
            "routing_rules: [{name: a, when: {model: 'claude-*'}, "
            "use: {target: anthropic}}, {name: b, when: "
            "{model: 'claude-opus-*'}, use: {target: anthropic}}]",
            "routing_rules: [{name: a, when: {time_of_day: '9-17'}, "
            "use: {target: anthropic}}]"):
        yield block[:50], end + "  " + block + "\n"


def broken(text):
    """What editors and merges do to a file."""
    yield "cut in the middle", text[:len(text) // 2].rsplit(":", 1)[0]
    yield "a merge conflict", "<<<<<<< HEAD\n" + text
    yield "tabs", text.replace("\n  ", "\n\t", 3)
    yield "an anchor", text.replace("pack:\n", "pack: &x\n", 1)
    yield "a second document", text + "---\npack: {name: other}\n"
    yield "a section twice", text + text[text.index("policies:"):]
    yield "a byte order mark", "\ufeff" + text
    yield "a hidden mark", text.replace("# ", "# \u202e", 1)
    yield "blanks", text.replace("policies:\n", "policies:   \n", 1)


MAKERS = (misspelt, mistyped, dropped, reordered, widened, unanchored,
          flipped, opened, leaking, without_baa, misrouted, broken)


# text is what the pack became; before, what it was.
Defect = collections.namedtuple("Defect", "pack operator name before text")
ALL_CHANGES = "loosened,tightened,error,rerouted,reworded,other-rule,cost"


def packs():
    return [name for name in sorted(os.listdir(PACKS)) if name.endswith(
        ".yaml") and not name.endswith("_test.yaml")]


def defects():
    for pack in packs():
        with open(os.path.join(PACKS, pack), encoding="utf-8") as f:
            text = f.read()
        for maker in MAKERS:
            for name, mutant in maker(text):
                before = text
                if isinstance(mutant, tuple):
                    before, mutant = mutant
                if mutant != before:
                    yield Defect(pack, maker.__name__, name, before, mutant)


def kt(*argv):
    return subprocess.run([KT, *argv], capture_output=True, text=True)


def lint(paths):
    said = kt("policy", "lint", "-o", "json", *paths)
    assert said.returncode in (0, 1), said.stderr
    caught = set()
    for f in json.loads(said.stdout)["findings"]:
        if f["severity"] != "info" and "suppressed" not in f:
            caught.add(f["file"])
    return caught


def written(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def tried(defect, path):
    """What the sessions and the cases beside the pack show of it, or None
    where the same is in force."""
    before = written(path[:-5] + ".was.yaml", defect.before)
    name = defect.pack[:-5]
    if kt("policy", "diff", before, path).returncode == 0:
        return None
    said = kt("replay", "--jobs", "1", "--policy-config", path, "--against",
              before, "--fail-on", ALL_CHANGES,
              os.path.join(PACKS, "sessions", name + ".kts"))
    if said.returncode != 0:
        return True
    return kt("policy", "test", "--policy-config", path, os.path.join(
        PACKS, name + "_test.yaml")).returncode != 0


def judge(all_, out):
    """Of each defect: who caught it ("lint", "replay"), "none", or "same"."""
    paths = [written(os.path.join(out, "%d.yaml" % i), d.text)
             for i, d in enumerate(all_)]
    caught = set()
    for at in range(0, len(paths), AT_ONCE):
        caught |= lint(paths[at:at + AT_ONCE])
    verdicts = ["lint" if path in caught else None for path in paths]
    left = [i for i, v in enumerate(verdicts) if v is None]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for i, is_seen in zip(left, pool.map(
                lambda i: tried(all_[i], paths[i]), left)):
            verdicts[i] = ("same" if is_seen is None else
                           "replay" if is_seen else "none")
    return verdicts


def main():
    tap = Tap()
    all_ = list(defects())[::EVERY]
    with tempfile.TemporaryDirectory() as out:
        verdicts = judge(all_, out)
    tally = collections.defaultdict(collections.Counter)
    missed = []
    for defect, verdict in zip(all_, verdicts):
        tally[defect.operator][verdict] += 1
        if verdict == "none":
            missed.append("%s: %s: %s" % defect[:3])
    weak = []
    for operator, n in tally.items():
        if EVERY == 1 and n["none"] > (1 - LEAST) * (n.total() - n["same"]):
            weak.append(operator)
        print("# %-11s %4d: lint %d, replay and cases %d, missed %d" % (
            operator, n.total() - n["same"], n["lint"], n["replay"],
            n["none"]))
    total = sum(v != "same" for v in verdicts)
    tap.ok(total >= WANTED // EVERY, "%d defects are put in" % total)
    tap.ok(len(missed) <= (1 - RATE) * total,
           "at least 95 of a hundred are found (%d of %d)" % (
               total - len(missed), total), "\n".join(missed))
    tap.ok(not weak, "at least 90 of a hundred of each kind", ", ".join(weak))
    shipped = [os.path.join(PACKS, p) for p in packs()]
    tap.ok(not lint(shipped), "nothing is found in the packs as they are")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())

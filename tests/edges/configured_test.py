"""What a configuration says is done, and what is not done is told."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

from calls import ask, refusal, said
from gateway import CHAIN, KT, Gateway, config, shipped, target
from tap import PATIENCE, run_all
from upstream import Upstream, whole

OFFLINE = [{"id": "offline", "provider": "offline"}]
KEY = "acme_0bX3vKd82LqYw6TzMn4RtPs9HgJfCe1A"
ACME = """detectors:
  - id: acme-key
    entity: ACME_KEY
    group: secret
    class: secret
    pattern: '\\bacme_[A-Za-z0-9]{32}\\b'
"""
NORTHERN = """detectors:
  - id: northern
    entity: PROJECT
    class: internal
    pattern: 'Project Borealis'
"""


def detectors_of_ones_own_are_searched_for():
    with tempfile.TemporaryDirectory(prefix="kt-") as d, \
            Upstream(lambda _: said()) as up:
        os.mkdir(d + "/more")
        for name, text in (("more/acme.yaml", ACME), ("one.yaml", NORTHERN),
                           ("kt.yaml", config(
                               [target("up", up)],
                               {"secret-scanner": {"action": "redact"}},
                               CHAIN + ["dlp-filter"],
                               policies={"chain": CHAIN + ["dlp-filter"],
                                         "detectors": ["more", "one.yaml"]}))):
            with open(os.path.join(d, name), "w") as f:
                f.write(text)
        # The paths are those beside the file, not those of the process.
        with Gateway(d + "/kt.yaml") as kt:
            assert ask(kt, words="key %s." % KEY).status == 200
            assert b"key [ACME_KEY]." in up.taken()[-1].body
            got = ask(kt, words="on Project Borealis")
            assert refusal(got, "anthropic", 403)["policy"] == "dlp-filter"
            assert kt.call(1)["detections"][0]["detector"] == "acme-key"


def a_mistake_in_such_a_file_is_told_at_its_place():
    with tempfile.TemporaryDirectory(prefix="kt-") as d:
        path = d + "/own.yaml"
        for text, told in ((ACME.replace("class:", "clas:"), "own.yaml:5:5: "),
                           (None, "own.yaml")):
            if text:
                with open(path, "w") as f:
                    f.write(text)
            else:
                os.unlink(path)
            try:
                Gateway(config(OFFLINE, policies={
                    "chain": CHAIN, "detectors": [path]})).stop()
            except AssertionError as e:
                assert told in str(e), e
            else:
                raise AssertionError("it started")


def what_only_detectors_know_is_an_error_of_the_configuration_too():
    for settings, told in (
            ({"entities": ["EMAIL_ADDRESS", "NOPE"]},
             "policy pii-detector: no detector, group or entity is called "
             "'NOPE' (line 17)"),
            ({"detect_patterns": [{"name": "wide", "pattern": "a.*b"}]},
             "detector pii-detector:wide: pattern: may be wider than 512")):
        with tempfile.TemporaryDirectory(prefix="kt-") as d:
            with open(d + "/kt.yaml", "w") as f:
                f.write(config(OFFLINE, {"pii-detector": settings},
                               ["pii-detector"]))
            got = subprocess.run(
                [KT, "gateway", "run", "--listen", "127.0.0.1:0",
                 "--audit-dir", d + "/audit", "--policy-config",
                 d + "/kt.yaml"], capture_output=True, text=True,
                timeout=PATIENCE, env={"PATH": "/usr/bin:/bin"})
            assert got.returncode == 1 and told in got.stderr, (told, got)


def the_audit_logger_overrides_the_audit_section():
    with tempfile.TemporaryDirectory(prefix="kt-") as d:
        def start(policy, chain=CHAIN):
            kt = Gateway(config(
                OFFLINE, {"audit-logger": policy}, chain,
                audit={"directory": d + "/section", "durability": "commit"}))
            return kt

        # --audit-dir, which the tests give, wins over both.
        with start({"directory": d + "/logger", "durability": "async"}) as kt:
            assert ask(kt).status == 200
            assert kt.records("segment")[0]["durability"] == "async"
        with start({}) as kt:
            assert kt.records("segment")[0]["durability"] == "commit"
        with start({"durability": "async"}, ["pii-detector"]) as kt:
            assert kt.records("segment")[0]["durability"] == "commit"
        assert not os.listdir(d)


def where_evidence_goes_is_told_and_the_nearest_word_wins():
    with tempfile.TemporaryDirectory(prefix="kt-") as d:
        for section, logger, args, where in (
                (None, None, [], d + "/env"),
                (d + "/section", None, [], d + "/section"),
                (d + "/section", d + "/logger", [], d + "/logger"),
                (d + "/section", d + "/logger", ["--audit-dir", d + "/arg"],
                 d + "/arg")):
            kt = Gateway(
                config(OFFLINE, {"audit-logger": {"directory": logger}},
                       audit={"directory": section}),
                env={"KT_AUDIT_DIR": d + "/env"}, args=args, audit_dir=False)
            kt.audit = where
            with kt:
                assert re.search("evidence +%s\n" % where, kt.told()), kt.told()
                assert ask(kt).status == 200
            assert os.path.isdir(where + "/seg"), os.listdir(d)


IDLE = {
    "pack": {"name": "t", "enabled": False},
    "gateway": {"fail_mode": "allow"},
    "policy": {"pii-detector": {"on_error": "allow",
                                "redaction": {"reversible": True}}},
    "telemetry": {"prometheus": {"listen": "127.0.0.1:9"}},
}
TOLD = ["pack.enabled", "gateway.fail_mode", "policy.*.on_error",
        "policy.pii-detector.redaction.reversible", "telemetry"]


def as_many_targets_are_tried_as_one_may_ask_for():
    most = 16  # KT_ATTEMPTS_MAX
    with Upstream(lambda _: whole({}, 500)) as up:
        targets = [target("t%d" % i, up) for i in range(most + 1)]

        def start(n):
            return Gateway(config(targets, providers={
                "targets": targets, "fallback": {"max_attempts": n}}))

        with start(most) as kt:
            assert ask(kt).status == 500
            assert len(kt.call()["attempts"]) == most
        try:
            start(most + 1).stop()
        except AssertionError as e:
            assert "'max_attempts' must be from 1 to 16" in str(e), e
        else:
            raise AssertionError("it started")


def what_nothing_acts_on_is_told_by_name_and_line():
    with Gateway(config(OFFLINE, **{k: v for k, v in IDLE.items()
                                    if k != "policy"},
                        policy=IDLE["policy"])) as kt:
        told = re.findall(r"warning +(\S+) \(line (\d+)\) is not acted on",
                          kt.told())
        with open(os.path.join(kt.folder, "0.yaml")) as f:
            lines = f.read().splitlines()
        assert sorted(n for n, _ in told) == sorted(TOLD), kt.told()
        for name, line in told:
            last = name.rpartition(".")[2]
            assert '"%s"' % last in lines[int(line) - 1], (name, line)


def a_start_without_a_usable_target_names_what_is_missing():
    for value, why in (({}, "(variable MY_KEY) is not set"),
                       ({"MY_KEY": "k\n"}, "(variable MY_KEY) holds a line")):
        try:
            Gateway(config([target("up", "http://127.0.0.1:9", key="MY_KEY")],
                           mode="none"), value).stop()
            raise RuntimeError("it started")
        except AssertionError as e:
            assert "target up is unavailable: its secret " + why in str(e), e


def the_shipped_packs_warn_of_nothing():
    for pack in ("starter", "coding-agent"):
        with Gateway(shipped(pack, OFFLINE)) as kt:
            assert "not acted on" not in kt.told(), kt.told()


run_all([
    detectors_of_ones_own_are_searched_for,
    a_mistake_in_such_a_file_is_told_at_its_place,
    what_only_detectors_know_is_an_error_of_the_configuration_too,
    the_audit_logger_overrides_the_audit_section,
    where_evidence_goes_is_told_and_the_nearest_word_wins,
    as_many_targets_are_tried_as_one_may_ask_for,
    what_nothing_acts_on_is_told_by_name_and_line,
    a_start_without_a_usable_target_names_what_is_missing,
    the_shipped_packs_warn_of_nothing,
])

"""formats NAME - NAME.json, .sarif, .xml, .gl, .tap, .gh, .md are what their
readers expect, and all tell the same findings."""
import json
import re
import sys
import xml.etree.ElementTree as ET

TEXT = {"type": "string", "minLength": 1}
LINE = {"type": "integer", "minimum": 1}
MESSAGE = {"type": "object", "required": ["text"],
           "properties": {"text": TEXT}}
REGION = {"type": "object", "additionalProperties": False,
          "required": ["startLine"],
          "properties": {k: LINE for k in (
              "startLine", "startColumn", "endLine", "endColumn")}}
ARTIFACT = {"type": "object", "required": ["uri"], "properties": {
    "uri": {"type": "string", "pattern": r"^[^ \\^<>\"{}|`]+$"}}}
LOCATION = {"type": "object", "additionalProperties": False,
            "required": ["physicalLocation"], "properties": {
                "message": MESSAGE,
                "physicalLocation": {
                    "type": "object", "required": ["artifactLocation"],
                    "properties": {"artifactLocation": ARTIFACT,
                                   "region": REGION}}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
RULE = {"type": "object", "required": ["id"], "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "pattern": "^KT[0-9]{3}$"},
            "shortDescription": MESSAGE, "fullDescription": MESSAGE,
            "help": {"type": "object", "required": ["text"], "properties": {
                "text": TEXT, "markdown": TEXT}},
            "defaultConfiguration": {"properties": {"level": LEVEL}}}}
FIX = {"type": "object", "required": ["artifactChanges"], "properties": {
    "description": MESSAGE, "artifactChanges": {
        "type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["artifactLocation", "replacements"],
            "properties": {"artifactLocation": ARTIFACT, "replacements": {
                "type": "array", "minItems": 1, "items": {
                    "required": ["deletedRegion"],
                    "properties": {"deletedRegion": REGION}}}}}}}}
RESULT = {"type": "object", "required": ["message"],
          "additionalProperties": False, "properties": {
              "ruleId": TEXT, "ruleIndex": {"type": "integer", "minimum": 0},
              "level": LEVEL, "message": MESSAGE,
              "locations": {"type": "array", "items": LOCATION},
              "relatedLocations": {"type": "array", "items": LOCATION},
              "partialFingerprints": {
                  "type": "object", "additionalProperties": TEXT},
              "fixes": {"type": "array", "items": FIX}}}
# The part of SARIF 2.1.0 (OASIS, 27 March 2020) that kt writes.
SARIF = {"type": "object", "required": ["version", "runs"],
         "additionalProperties": False, "properties": {
             "$schema": {"type": "string", "format": "uri"},
             "version": {"const": "2.1.0"},
             "runs": {"type": "array", "items": {
                 "type": "object", "required": ["tool"],
                 "additionalProperties": False, "properties": {
                     "tool": {"type": "object", "required": ["driver"],
                              "properties": {"driver": {
                                  "type": "object", "required": ["name"],
                                  "properties": {"name": TEXT, "rules": {
                                      "type": "array", "items": RULE,
                                      "uniqueItems": True}}}}},
                     "columnKind": {"enum": ["utf16CodeUnits",
                                             "unicodeCodePoints"]},
                     "results": {"type": "array", "items": RESULT}}}}}}
GITLAB = {"type": "array", "items": {
    "type": "object",
    "required": ["description", "check_name", "fingerprint", "severity",
                 "location"],
    "properties": {
        "description": TEXT, "check_name": TEXT, "fingerprint": TEXT,
        "severity": {"enum": ["info", "minor", "major", "critical",
                              "blocker"]},
        "location": {"required": ["path", "lines"], "properties": {
            "path": TEXT, "lines": {"required": ["begin"], "properties": {
                "begin": LINE}}}}}}}


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def check(schema, value):
    try:
        import jsonschema
    except ImportError:
        print("no jsonschema: only what follows is checked")
    else:
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(value, schema)


def junit(text):
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    total = 0
    for suite in root:
        assert suite.tag == "testsuite" and suite.get("name")
        cases = list(suite)
        assert int(suite.get("tests")) == len(cases)
        assert int(suite.get("failures")) == len(suite.findall(".//failure"))
        assert int(suite.get("skipped")) == len(suite.findall(".//skipped"))
        for case in cases:
            assert case.tag == "testcase"
            assert case.get("name") and case.get("classname")
            assert all(c.tag in ("failure", "skipped", "system-out")
                       for c in case)
            total += case.get("name").startswith("KT")
    assert int(root.get("failures")) == len(root.findall(".//failure"))
    return total


def main(name):
    findings = json.loads(read(name + ".json"))["findings"]
    n = len(findings)
    for f in findings:
        for key in ("file", "line", "column", "end_line", "end_column",
                    "start", "end", "code", "message", "help"):
            assert key in f, key
    sarif = json.loads(read(name + ".sarif"))
    check(SARIF, sarif)
    run = sarif["runs"][0]
    assert len(run["results"]) == n
    for r in run["results"]:
        rule = run["tool"]["driver"]["rules"][r["ruleIndex"]]
        assert rule["id"] == r["ruleId"]
    gitlab = json.loads(read(name + ".gl"))
    check(GITLAB, gitlab)
    assert len(gitlab) == n
    assert junit(read(name + ".xml")) == n
    tap = read(name + ".tap").splitlines()
    assert tap[0] == "TAP version 13"
    plan = re.fullmatch(r"1\.\.(\d+)", tap[-1])
    results = [t for t in tap if re.match(r"(not )?ok \d+ - ", t)]
    assert int(plan.group(1)) == len(results) >= n
    annotations = read(name + ".gh").splitlines()
    assert len(annotations) == n
    for a in annotations:
        assert re.match(r"::(error|warning|notice) file=[^,:]+(,\w+=\d+)*,"
                        r"title=KT\d+::.", a), a
    assert read(name + ".md").count("\n| ") - 1 == n or n == 0


main(sys.argv[1])

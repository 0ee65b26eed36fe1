"""scenario - runs *.scn files: providers, gateways and clients on loopback.

    scenario "a title that is a claim"
    provider NAME { LINES }     what it answers, what it must have seen
    gateway NAME OPTIONS { YAML }
    client NAME -to GATEWAY { LINES }
    operator GATEWAY { LINES }
    audit GATEWAY { LINES }

Blocks run from top to bottom; what a provider expects is judged at the end.
A body is { to a line of its own with }, or one line with `;` between.  Words
are bare or "JSON strings"; # begins a comment.  $name is a token, a file of
the corpus or a value that was kept.

provider   answers in order, the last one for ever; the default is "hello":
    answer STATUS [TEXT] [-header "N: V"]     in the shape that was asked for
    stream TEXT [-cut | -stall | -slow]       dies, hangs, takes 20 ms an event
    call TOOL JSON [TOOL JSON]  calls tools, streamed where that is asked
    raw STATUS BODY     body as it is        hang     never answers
    close               before any answer    refuse   is not there at all
    -anthropic | -openai in the block's head  the format; default: the path's
    -baa in the block's head                  it has an agreement
    expect requests == 1       expect last.body lacks TEXT
    expect last.header NAME == VALUE          expect last.target == PATH
    expect last.body == sent   the bytes of the client's last request
gateway    -upstream P[,P]   -auth MODE   -chain a,b   -key VALUE   (vendor's)
    -timeout N   -silence N   (of its targets, in seconds)
    -guard P     whom external-guard of the chain asks
    -token NAME=SCOPES   -disk SIZE  (audit on a small disk; needs root)
    YAML is a second configuration file, laid over the first.
client     each request on a connection of its own
    header NAME: VALUE         for what follows
    post|get|head|delete|put PATH [BODY]
        BODY: say TEXT [-stream] | ask TEXT (chat completions) | raw TEXT
              zeros N | gzip say TEXT | bomb N   (N bytes, once decoded)
    begin post ...    up to the first bytes;  finish    the rest;  leave
    expect status|text|stop|error|body|seconds|models OP VALUE
    expect header NAME OP VALUE     expect .json.path OP VALUE
    "expect seconds < N" asks again where it took longer: the best counts.
operator
    reload "YAML" -good|-bad   another second file, and SIGHUP
    rotate   stop   fill disk   free disk   wait SECONDS
    expect told contains TEXT       expect exit == 0       expect health
audit      waits for what it expects
    expect calls|rejects|policies|segments == N    expect chain == intact
    expect call.NAME OP VALUE (of the last one; a.b for members)
    expect reject.NAME OP VALUE       flip    one bit of a copy, then tampered
OP: == != < > contains lacks has (a member of a list)
"""
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))

import gateway
import grammar
import speech
import wire
from tap import PATIENCE, Skip, Tap, eventually, within
from upstream import CUT, HANG, Answer, Upstream, nobody, stream, whole

WORD = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|(#.*)|(;)|([^\s;"]+))')
METHODS = ("get", "head", "post", "put", "delete", "options")


class Mistake(Exception):
    """The scenario says what nobody understands."""


# Reading -------------------------------------------------------------------

def words_of(line):
    """[statement, ...] of one line; a statement is a list of words."""
    out, at = [[]], 0
    line = line.rstrip()
    while at < len(line):
        m = WORD.match(line, at)
        if not m:
            raise Mistake("cannot read: " + line[at:])
        at = m.end()
        if m.group(2):
            break
        if m.group(3):
            out.append([])
        else:
            out[-1].append(json.loads(m.group(1)) if m.group(1)
                           else m.group(4))
    return [s for s in out if s]


class Block:
    def __init__(self, line, number):
        self.words, self.number, self.lines = words_of(line)[0], number, []
        self.kind = self.words[0]

    def text(self):
        return textwrap.dedent("\n".join(self.lines))

    def statements(self):
        return [s for line in self.lines for s in words_of(line)]


def blocks_of(text):
    block, is_open = None, False
    for number, line in enumerate(text.split("\n"), 1):
        if is_open:
            if line.strip() == "}":
                is_open = False
            else:
                block.lines.append(line)
            continue
        if not line.strip() or line.strip().startswith("#"):
            continue
        head, brace, rest = line.partition(" {")
        block = Block(head, number)
        if brace and rest.rstrip().endswith("}"):
            block.lines.append(rest.rstrip()[:-1])
        elif brace:
            is_open = True
        yield block
    if is_open:
        raise Mistake("a block is not closed")


def scenarios_of(text):
    out = []
    for block in blocks_of(text):
        if block.kind == "scenario":
            out.append((block.words[1], []))
        else:
            out[-1][1].append(block)
    return out


def options_of(words, flags=()):
    """{name: value or True} of "-name value" among WORDS, and the rest."""
    options, rest, at = {}, [], 0
    while at < len(words):
        if re.match("-[a-z]", words[at]):
            name = words[at][1:]
            if name in flags:
                options[name] = True
            else:
                at += 1
                options.setdefault(name, []).append(words[at])
        else:
            rest.append(words[at])
        at += 1
    return options, rest


def holds(got, op, wanted):
    if op in ("<", ">"):
        return float(got) < float(wanted) if op == "<" else (
            float(got) > float(wanted))
    if op == "has":
        return wanted in (got or ())
    if isinstance(got, bytes):
        got = got.decode("utf-8", "replace")
    if isinstance(got, (dict, list)):
        got = json.dumps(got)
    if isinstance(got, bool) or got is None:
        got = {True: "true", False: "false", None: "none"}[got]
    got = str(got)
    return {"==": got == wanted, "!=": got != wanted,
            "contains": wanted in got, "lacks": wanted not in got}[op]


def member(document, path):
    for name in [p for p in path.split(".") if p]:
        if isinstance(document, list):
            document = document[int(name)]
        else:
            document = (document or {}).get(name)
    return document


# Providers -----------------------------------------------------------------

class Provider:
    FLAGS = ("anthropic", "openai", "baa")

    def __init__(self, block, stage):
        self.stage, self.name = stage, block.words[1]
        self.options, _ = options_of(block.words[2:], self.FLAGS)
        self.answers, self.expects, self.is_absent = [], [], False
        self.up = None
        for s in block.statements():
            if s[0] == "expect":
                self.expects.append(s[1:])
            elif s[0] == "refuse":
                self.is_absent = True
            elif s[0] in ("answer", "stream", "call", "raw", "hang",
                          "close"):
                self.answers.append(s)
            else:
                raise Mistake("a provider cannot: " + " ".join(s))
        if self.is_absent:
            self.url = nobody()
        else:
            self.up = Upstream(self.script)
            self.url = self.up.url

    def stop(self):
        if self.up:
            self.up.stop()

    def script(self, request):
        n = len(self.up.taken()) - 1
        if not self.answers:
            return self.say(request, ["answer", "200", "hello"])
        return self.say(request, self.answers[min(n, len(self.answers) - 1)])

    def say(self, request, words):
        o, rest = options_of(words[1:], ("cut", "stall", "slow"))
        headers = [tuple(h.split(": ", 1)) for h in o.get("header", ())]
        is_chat = "/chat/" in request.path
        if words[0] == "hang":
            return stream([HANG])
        if words[0] == "close":
            return Answer(steps=[CUT], framing="raw")
        if words[0] == "raw":
            return whole(rest[1].encode(), int(rest[0]), headers)
        text = rest[-1] if rest else ""
        wants_stream = request.body[:1] == b"{" and request.json().get(
            "stream")
        if words[0] == "call":
            pairs = [(rest[i], json.loads(rest[i + 1]), "call_%d" % i)
                     for i in range(0, len(rest), 2)]
            return self.call(pairs, is_chat, wants_stream, headers)
        if words[0] == "stream" or (wants_stream and rest[0] == "200"):
            events = (speech.completion_events if is_chat
                      else speech.message_events)(text)
            return stream(self.steps(events, o), headers)
        return whole(self.document(request, int(rest[0]), text), int(rest[0]),
                     headers)

    @staticmethod
    def call(pairs, is_chat, wants_stream, headers):
        calls = [(speech.call if is_chat else speech.tool)(*p) for p in pairs]
        if is_chat and wants_stream:
            return stream(speech.completion_events("", calls), headers)
        if is_chat:
            return whole(speech.completion(None, calls), 200, headers)
        if wants_stream:
            return stream(speech.message_events(calls), headers)
        return whole(speech.message(calls), 200, headers)

    @staticmethod
    def steps(events, o):
        half = events[:len(events) // 2]
        if "cut" in o:
            return half + [CUT]
        if "stall" in o:
            return half + [HANG]
        if "slow" in o:
            return [step for e in events for step in (e, 0.02)]
        return events

    @staticmethod
    def document(request, status, text):
        is_chat = "/chat/" in request.path
        if status >= 400:
            return (speech.openai_error("api_error", text) if is_chat
                    else speech.error("api_error", text))
        if request.path.endswith("/count_tokens"):
            return {"input_tokens": 42}
        if "/messages" in request.path:
            return speech.message(text)
        if is_chat:
            return speech.completion(text)
        return {"said": text}

    def judge(self):
        for words in self.expects:
            taken = self.up.taken() if self.up else []
            if words[0] == "requests":
                got, op, wanted = len(taken), words[1], words[2]
            elif not taken:
                raise AssertionError("%s was asked nothing" % self.name)
            elif words[0] == "last.header":
                got, op, wanted = (taken[-1].headers.get(words[1]), words[2],
                                   words[3])
            else:
                got, op, wanted = (getattr(taken[-1], words[0][5:]), words[1],
                                   words[2])
            if wanted == "sent":
                assert got == self.stage.sent, "%s got %r, sent was %r" % (
                    self.name, got, self.stage.sent)
                continue
            wanted = self.stage.value(wanted)
            assert holds(got, op, wanted), "%s: expect %s, got %r" % (
                self.name, " ".join(words), got)


# Gateways ------------------------------------------------------------------

class Kt:
    def __init__(self, block, stage):
        self.stage, self.name = stage, block.words[1]
        o, _ = options_of(block.words[2:])
        self.mount = None
        env, args = {}, []
        targets = [self.target(stage.of(name), o)
                   for name in o.get("upstream", [""])[0].split(",") if name]
        if "key" in o:
            env["VENDOR_KEY"] = o["key"][0]
        if "token" in o:
            args += ["--tokens-file", self.tokens(o["token"])]
        if "disk" in o:
            args += ["--audit-dir", self.small_disk(o["disk"][0])]
        chain = o["chain"][0].split(",") if "chain" in o else None
        policy = {"external-guard": {
            "url": stage.of(o["guard"][0]).url + "/judge",
            "timeout_ms": 1000 * int(PATIENCE)}} if "guard" in o else None
        self.kt = gateway.Gateway(
            [gateway.config(targets, policy, chain,
                            mode=o.get("auth", ["passthrough"])[0]),
             block.text() or "{}\n"], env=env, args=args)
        self.over = os.path.join(self.kt.folder, "1.yaml")
        if self.mount:
            self.kt.audit = os.path.join(self.mount, "audit")
        self.code = None

    @staticmethod
    def target(provider, o):
        kind = "openai" if "openai" in provider.options else "anthropic"
        more = {field: int(o[name][0]) for name, field in (
            ("timeout", "timeout_seconds"),
            ("silence", "stream_timeout_seconds")) if name in o}
        if "baa" in provider.options:
            more["data_policy"] = {
                "baa": {"agreement": "BAA-1", "expires": "2099-01-01"}}
        return gateway.target(provider.name, provider.url, kind,
                              "VENDOR_KEY" if "key" in o else None, **more)

    def tokens(self, wanted):
        path = os.path.join(self.stage.folder, "tokens.json")
        for one in wanted:
            name, _, scopes = one.partition("=")
            r = subprocess.run(
                [gateway.KT, "token", "create", "--tokens-file", path,
                 "--principal", name, "--scopes", scopes],
                capture_output=True, text=True, check=True)
            self.stage.values[name] = r.stdout.split()[-1]
        return path

    def small_disk(self, size):
        path = os.path.join(self.stage.folder, "disk")
        os.mkdir(path)
        r = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size,
                            "none", path], capture_output=True)
        if r.returncode:
            raise Skip("no small disk can be mounted here")
        self.mount = path
        return os.path.join(path, "audit")

    def stop(self):
        """Ends it; what it left must be intact."""
        code = self.kt.end()
        said = self.verify(self.kt.audit)
        self.kt.stop()
        if self.mount:
            subprocess.run(["umount", self.mount], check=False)
        return (code, said)

    def operate(self, words):
        kt, o = self.kt, options_of(words[1:], ("good", "bad"))
        if words[0] == "reload":
            before = len(kt.told())
            with open(self.over, "w") as f:
                f.write(o[1][0])
            kt.process.send_signal(signal.SIGHUP)
            eventually(lambda: "reloaded" in kt.told()[before:],
                       "it says whether it has reloaded")
            assert ("not reloaded" in kt.told()[before:]) == (
                "bad" in o[0]), kt.told()[before:]
        elif words[0] == "rotate":
            n = len(self.segments())
            kt.process.send_signal(signal.SIGUSR1)
            eventually(lambda: len(self.segments()) > n, "a new segment")
        elif words[0] == "stop":
            kt.terminate()
        elif words[:2] == ["fill", "disk"]:
            with open(os.path.join(self.mount, "filler"), "wb", 0) as f:
                try:
                    while f.write(bytes(4096)):
                        pass
                except OSError:
                    pass  # it is full
        elif words[:2] == ["free", "disk"]:
            os.unlink(os.path.join(self.mount, "filler"))
        elif words[0] == "wait":
            time.sleep(float(words[1]))
        elif words == ["expect", "health"]:
            eventually(lambda: wire.ask(kt.port, "GET", "/healthz").status
                       == 200, "it is well")
        elif words[:2] == ["expect", "told"]:
            eventually(lambda: holds(kt.told(), *words[2:4]), kt.told())
        elif words[:2] == ["expect", "exit"]:
            self.code = kt.process.wait(gateway.STOP)
            assert holds(self.code, *words[2:4]), kt.told()
        else:
            raise Mistake("an operator cannot: " + " ".join(words))

    # Evidence.

    def segments(self):
        folder = os.path.join(self.kt.audit, "seg")
        return sorted(os.path.join(folder, n) for n in os.listdir(folder))

    @staticmethod
    def verify(folder):
        r = subprocess.run([gateway.KT, "audit", "verify", folder],
                           capture_output=True, text=True)
        return {0: "intact", 1: "tampered"}.get(
            r.returncode, "unknown: " + r.stdout + r.stderr)

    def copied(self, to):
        """Whether nothing was renamed meanwhile."""
        shutil.rmtree(to, ignore_errors=True)
        try:
            return shutil.copytree(self.kt.audit, to)
        except shutil.Error:
            return None

    def flip(self):
        """One bit of a record that another one follows."""
        copy = os.path.join(self.stage.folder, "copy")
        eventually(lambda: self.copied(copy), "a copy")
        with open(os.path.join(copy, "seg", os.path.basename(
                self.segments()[0])), "r+b") as f:
            raw = bytearray(f.read())
            lines = raw.rindex(b"\n", 0, len(raw) - 1)
            at = raw.rindex(b'"mono":', 0, lines) + 8
            raw[at] ^= 1
            f.seek(0)
            f.write(raw)
        got = self.verify(copy)
        shutil.rmtree(copy)
        assert got == "tampered", got

    def evidence(self, words):
        kinds = {"calls": "call", "rejects": "reject", "policies": "policy"}
        if words[0] in kinds:
            return len(self.kt.records(kinds[words[0]]))
        if words[0] == "segments":
            return len(self.segments())
        if words[0] == "chain":
            return self.verify(self.kt.audit)
        kind, _, path = words[0].partition(".")
        records = self.kt.records(kind)
        return member(records[-1], path) if records else None

    def audit(self, words):
        if words[0] == "flip":
            self.flip()
            return
        wanted = self.stage.value(words[3])
        try:
            eventually(lambda: holds(self.evidence(words[1:]), words[2],
                                     wanted), " ".join(words[1:]))
        except AssertionError as why:
            raise AssertionError("%s, got %r\n%s" % (
                why, self.evidence(words[1:]), self.kt.records()[-1:]))


# Clients -------------------------------------------------------------------

class Client:
    def __init__(self, name, kt, stage):
        self.name, self.kt, self.stage = name, kt, stage
        self.headers, self.open, self.r, self.path = [], None, None, ""
        self.seconds = 0

    def body(self, words, headers):
        """The bytes of a body; may add to HEADERS."""
        o, rest = options_of(words, ("stream",))
        if not rest:
            return None
        value = self.stage.value(rest[-1])
        if rest[0] == "gzip":
            headers.append(("Content-Encoding", "gzip"))
            return gzip.compress(self.body(words[1:], []), mtime=0)
        if rest[0] == "bomb":
            headers.append(("Content-Encoding", "gzip"))
            return gzip.compress(b" " * int(value), mtime=0)
        if rest[0] == "zeros":
            return b"[" + b"0," * (int(value) // 2 - 1) + b"]"
        if rest[0] == "raw":
            return value.encode()
        model = "gpt-4o" if rest[0] == "ask" else "claude-sonnet-4-5"
        if rest[0] not in ("say", "ask"):
            raise Mistake("no body: " + " ".join(words))
        document = {"model": model, "max_tokens": 64, "messages": [
            {"role": "user", "content": value}]}
        if "stream" in o:
            document["stream"] = True
        return json.dumps(document, ensure_ascii=False).encode()

    def send(self, words):
        headers = list(self.headers)
        method, self.path = words[0].upper(), words[1]
        body = self.body(words[2:], headers)
        if body is not None and not any(
                n.lower() == "content-type" for n, _ in headers):
            headers.append(wire.JSON)
        self.stage.sent = body
        self.method = method
        self.leave()
        self.open = wire.Connection(self.kt.kt.port)
        self.at, self.is_told = time.monotonic(), False
        try:
            self.open.request(method, self.path, headers, body)
        except OSError:
            pass  # refused before all was said: there is an answer

    def begin(self):
        """Up to the first bytes of the body."""
        self.r = wire.Response()
        start, self.r.headers, self.r.raw_head = self.open.reader.head()
        self.r.status = int(start.split(" ")[1])
        self.pieces = self.open.reader.body(self.r.headers, True)
        self.r.pieces.append((0, next(self.pieces)))

    def finish(self):
        self.r = self.open.answer(self.method)
        self.seconds = time.monotonic() - self.at
        self.leave()

    def took(self):
        """The time of the last request, or of it once more."""
        if self.is_told:
            self.send(self.asked)
            self.finish()
        self.is_told = True
        return self.seconds

    def leave(self):
        if self.open:
            self.open.close()
        self.open = None

    def rest(self):
        """What is behind the bytes of a begun answer."""
        try:
            for piece in self.pieces:
                self.r.pieces.append((0, piece))
            self.r.is_whole = True
        except (wire.Broken, ConnectionError):
            pass
        self.seconds = time.monotonic() - self.at
        self.leave()

    def parsed(self):
        is_chat = "/chat/" in self.path
        if "event-stream" in (self.r.headers.get("content-type") or ""):
            return (grammar.chat if is_chat else grammar.anthropic)(
                self.r.body)
        return self.r.json()

    def what(self, words):
        """(value, operator, wanted)"""
        name = words[0]
        if name == "header":
            return (self.r.headers.get(words[1]), *words[2:4])
        if name in ("status", "body"):
            return (getattr(self.r, name), *words[1:3])
        if name == "whole":
            return (self.r.is_whole, *words[1:3])
        if name == "seconds":
            return (self.seconds, *words[1:3])
        if name == "models":
            return ([m["id"] for m in self.r.json()["data"]], *words[1:3])
        if name.startswith("."):
            return (member(self.r.json(), name), *words[1:3])
        return (self.said(name), *words[1:3])

    def said(self, name):
        got = self.parsed()
        is_stream = not isinstance(got, dict)
        if name == "error":
            return ((got.error if is_stream else got.get("error"))
                    or {}).get("type")
        if name == "stop":
            if is_stream:
                return getattr(got, "stop", None) or getattr(
                    got, "finish", None)
            return got.get("stop_reason") or member(
                got, "choices.0.finish_reason")
        if name != "text":
            raise Mistake("nobody can expect " + name)
        if is_stream:
            return got.text if isinstance(got.text, str) else got.text()
        if "choices" in got:
            return member(got, "choices.0.message.content")
        return "".join(b.get("text", "") for b in got["content"])

    def do(self, words):
        if words[0] == "header":
            self.headers.append((words[1].rstrip(":"), self.stage.value(
                " ".join(words[2:]))))
        elif words[0] == "begin":
            self.send(words[1:])
            self.begin()
        elif words[0] == "finish":
            self.rest()
        elif words[0] == "leave":
            self.leave()
        elif words[:3] == ["expect", "seconds", "<"]:
            within(float(words[3]), self.took)
        elif words[0] == "expect":
            got, op, wanted = self.what(words[1:])
            assert holds(got, op, self.stage.value(wanted)), (
                "%s: expect %s, got %r of %r" % (
                    self.name, " ".join(words[1:]), got, self.r))
        elif words[0] in METHODS:
            self.asked = words
            self.send(words)
            self.finish()
        else:
            raise Mistake("a client cannot: " + " ".join(words))


# The stage -----------------------------------------------------------------

class Stage:
    """What one scenario has on it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="scn-")
        self.values, self.sent = {}, None
        self.providers, self.gateways, self.clients = {}, {}, {}

    def value(self, word):
        return re.sub(r"\$(\w+)", lambda m: self.values.get(
            m.group(1), m.group(0)), word)

    def of(self, name):
        for all_of in (self.providers, self.gateways):
            if name in all_of:
                return all_of[name]
        raise Mistake("there is no " + name)

    def run(self, block):
        if block.kind == "provider":
            self.providers[block.words[1]] = Provider(block, self)
        elif block.kind == "gateway":
            self.gateways[block.words[1]] = Kt(block, self)
        elif block.kind == "client":
            client = self.clients.get(block.words[1])
            if client is None:
                options, _ = options_of(block.words[2:])
                client = Client(block.words[1], self.of(options["to"][0]),
                                self)
                self.clients[block.words[1]] = client
            for words in block.statements():
                client.do(words)
        elif block.kind in ("operator", "audit"):
            kt = self.of(block.words[1])
            for words in block.statements():
                (kt.operate if block.kind == "operator" else kt.audit)(words)
        else:
            raise Mistake("nobody knows what this is: " + block.kind)

    def play(self, blocks):
        try:
            for block in blocks:
                try:
                    self.run(block)
                except Skip:
                    raise
                except Exception as why:
                    told = "".join(g.kt.told() for g in self.gateways.values())
                    raise AssertionError("line %d: %s\n%s" % (
                        block.number, why, told[-1500:])) from why
            for provider in self.providers.values():
                provider.judge()
        finally:
            codes = [g.stop() for g in self.gateways.values()]
            for provider in self.providers.values():
                provider.stop()
            for client in self.clients.values():
                client.leave()
            shutil.rmtree(self.folder, ignore_errors=True)
        assert codes == [(0, "intact")] * len(codes), codes


def play(scenario):
    """None, or why it does not hold."""
    try:
        Stage().play(scenario[1])
    except Skip as why:
        return why
    except Exception:
        return traceback.format_exc()
    return None


def main(path, only=""):
    tap = Tap()
    with open(path) as f:
        scenarios = [s for s in scenarios_of(f.read()) if only in s[0]]
    with ThreadPoolExecutor(3) as pool:
        for (title, _), why in zip(scenarios, pool.map(play, scenarios)):
            if isinstance(why, Skip):
                tap.skip(title, str(why))
            else:
                tap.ok(why is None, title, why)
    tap.end()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A witness over HTTP, as two processes: what it signs, keeps and refuses."""
import concurrent.futures
import contextlib
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import tap

KT = os.path.join(tap.BUILDDIR, 'kt')
MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')
KT_WITNESS_REQUEST_MAX = 32768 + 4096
KT_WITNESSES_MAX = 32


def kt(*words):
    return subprocess.run([KT, 'audit', *words], text=True,
                          timeout=tap.PATIENCE, check=False,
                          capture_output=True)


def must(*words):
    p = kt(*words)
    assert p.returncode == 0, p
    return p.stdout


def grow(log, seed, records='60'):
    subprocess.run([MAKE, log, str(seed), records, '20000'], check=True)


class Witness:
    """Running, until it is closed or killed."""

    def __init__(self, folder, *logs):
        self.folder = folder
        if not os.path.exists(folder):
            must('witness', 'init', folder,
                 'witness.example/' + os.path.basename(folder))
        self.key = must('witness', 'key', folder).strip()
        for log in logs:
            must('witness', 'trust', folder, log + '/log.vkey')
        self.p = subprocess.Popen(
            [KT, 'audit', 'witness', 'serve', '--listen', '127.0.0.1:0',
             folder], stderr=subprocess.PIPE, text=True)
        line = self.p.stderr.readline()
        self.url = re.search(r'http://127\.0\.0\.1:(\d+)$', line).group(0)
        self.port = int(self.url.rsplit(':', 1)[1])

    def end(self, how=signal.SIGTERM):
        self.p.send_signal(how)
        told = self.p.communicate(timeout=tap.PATIENCE)[1]
        return self.p.returncode, told

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.p.returncode is None:
            self.end()

    def at(self):
        return '--url', self.url, '--vkey', self.key

    def ask(self, body, path='/add-checkpoint', method='POST'):
        c = http.client.HTTPConnection('127.0.0.1', self.port,
                                       timeout=tap.PATIENCE)
        with contextlib.closing(c):
            c.request(method, path, body.encode())
            r = c.getresponse()
            return r.status, r.getheader('Content-Type'), r.read().decode()


def verify(log, *options):
    p = kt('verify', '--json', *options, log)
    return p.returncode, json.loads(p.stdout)


def make(top, name, records='60'):
    log = top + '/log-' + name
    grow(log, 3, records)
    return log


def in_step_with_the_log(top):
    log = make(top, 'step')
    with Witness(top + '/s1', log) as one, Witness(top + '/s2', log) as two:
        both = [*one.at(), *two.at()]
        for _ in range(2):
            must('witness', 'sync', *both, log)
            code, r = verify(log, '--witness', one.key, '--witness', two.key)
            assert code == 0 and r['known_size'] == r['size'], r
            grow(log, 4)
        # One that signed more than the log has kept, as after a crash here.
        shutil.rmtree(log + '/witness')
        must('witness', 'sync', *both, log)
        assert one.end() == (0, '') and two.end()[0] == 0
        p = kt('witness', 'sync', '--json', *both, log)
        assert p.returncode == 3, p
        for line in p.stdout.splitlines():
            told = json.loads(line)
            assert (told['result'], told['status']) == ('undecided', 0), told


def as_the_specification_says(top):
    log, stranger = make(top, 'spec'), make(top, 'stranger')
    ask = must('witness', 'request', log)
    unsigned = '\n'.join(x for x in ask.split('\n')
                         if not x.startswith('\u2014'))
    with Witness(top + '/spec', log) as w:
        for status, body in (
                (400, ''), (400, 'old 05\n\n'), (403, unsigned),
                (404, must('witness', 'request', stranger))):
            assert w.ask(body)[0] == status, (status, body)
        assert w.ask(ask, path='/')[0] == 404
        assert w.ask(ask, path='/add-checkpoint/x')[0] == 404
        assert w.ask('', method='GET')[0] == 405
        status, _, answer = w.ask(ask)
        assert status == 200 and answer.startswith('\u2014 witness.example/')
        size = ask.split('\n')[3]
        assert w.ask(ask) == (409, 'text/x.tlog.size', size + '\n')
        grow(log, 5)
        more = must('witness', 'request', '--old', size, log)
        wrong = more.split('\n')
        wrong[1] = wrong[2]
        assert w.ask('\n'.join(wrong))[0] == 422
        assert w.ask(more)[0] == 200
        # A body that is too long is not read to its end.
        assert w.ask('x' * KT_WITNESS_REQUEST_MAX)[0] == 400
        with tap_raises(OSError, http.client.HTTPException):
            w.ask('x' * (KT_WITNESS_REQUEST_MAX + 1))
        assert w.ask(must('witness', 'request', log))[0] == 409


@contextlib.contextmanager
def tap_raises(*kinds):
    try:
        yield
    except kinds:
        return
    raise AssertionError('nothing was raised')


def a_snapshot_put_back(top):
    """Row 8: first it is shorter than what was seen, then another."""
    log, older = make(top, 'new'), top + '/log-older'
    shutil.copytree(log, older)
    with Witness(top + '/back', log) as w:
        grow(log, 6)
        must('witness', 'sync', *w.at(), log)
        p = kt('witness', 'sync', *w.at(), older)
        assert p.returncode == 1 and 'cut or put back' in p.stderr, p
        grow(older, 7, '300')
        assert verify(older)[0] == 0  # alone it looks well
        p = kt('witness', 'sync', '--json', *w.at(), older)
        told = json.loads(p.stdout)
        assert p.returncode == 1 and told['result'] == 'refused', p
        assert told['status'] == 422 and told['error'], told
        assert not os.path.exists(older + '/witness')
        code, said = w.end()
        assert code == 0 and 'no extension of what was seen' in said, said


def two_histories(top):
    """Row 9: both are signed by the log's key, and one is witnessed."""
    log, other = make(top, 'a'), top + '/log-b'
    shutil.copytree(log, other)
    grow(log, 8)
    grow(other, 9)
    old = must('witness', 'request', log)
    requests = [must('witness', 'request', x) for x in (log, other)]
    for k in range(3):
        with Witness('%s/fork%d' % (top, k), log) as w:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                told = list(pool.map(w.ask, requests * 4))
            assert [x[0] for x in told].count(200) == 1, told
            assert {x[0] for x in told} == {200, 409}, told
            assert w.end(signal.SIGKILL)[0] == -signal.SIGKILL
        # It was on disk before it was answered.
        loser = requests[1 - [x[0] for x in told].index(200) % 2]
        with Witness('%s/fork%d' % (top, k)) as w:
            assert w.ask(loser)[0] == 409
            assert w.ask(old)[0] == 409


def the_end(top):
    """Who has begun to ask is answered, nobody else is let in."""
    log = make(top, 'end')
    ask = must('witness', 'request', log).encode()
    with Witness(top + '/end', log) as w:
        with socket.create_connection(('127.0.0.1', w.port), tap.PATIENCE) as s:
            s.sendall(b'POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n'
                      b'Content-Length: %d\r\n\r\n' % len(ask) + ask[:99])
            assert w.ask('')[0] == 400  # so that the other one was seen
            w.p.send_signal(signal.SIGTERM)
            tap.eventually(lambda: is_closed(w.port), 'no more callers')
            s.sendall(ask[99:])
            answer = b''
            while not answer.endswith(b'=\n'):
                part = s.recv(4096)
                assert part, answer
                answer += part
            assert answer.startswith(b'HTTP/1.1 200 '), answer
        assert w.p.wait(tap.PATIENCE) == 0


def is_closed(port):
    try:
        socket.create_connection(('127.0.0.1', port), tap.PATIENCE).close()
        return False
    except ConnectionError:
        return True


class Liar(http.server.BaseHTTPRequestHandler):
    """Answers as the test wants it to."""

    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.server.asked += 1
        status, kind, body = self.server.says
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Location', '/elsewhere')
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def who_lies(top):
    log = make(top, 'lied')
    with Witness(top + '/honest', log) as w:
        key = w.key
    server = http.server.HTTPServer(('127.0.0.1', 0), Liar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = 'http://127.0.0.1:%d' % server.server_port
    for code, asked, says in (
            (1, 1, (200, 'text/plain', b'')),
            (1, 1, (200, 'text/plain', b'\xe2\x80\x94 x AAAA\n')),
            (3, 1, (200, 'text/plain', b'x' * (1 << 20))),
            (3, 1, (302, 'text/plain', b'')),
            (3, 1, (500, 'text/plain', b'')),
            (1, 1, (409, 'text/plain', b'1\n')),
            (1, 1, (409, 'text/x.tlog.size', b'much\n')),
            (1, 1, (409, 'text/x.tlog.size', b'99999999999\n')),
            (1, 2, (409, 'text/x.tlog.size', b'1\n'))):
        server.says, server.asked = says, 0
        p = kt('witness', 'sync', '--url', url, '--vkey', key, log)
        assert (p.returncode, server.asked) == (code, asked), (says, p)
        assert 'records' not in p.stdout, p
        assert not os.path.exists(log + '/witness') or not os.listdir(
            log + '/witness'), says
    server.shutdown()
    server.server_close()


def asked_wrongly(top):
    log = make(top, 'wrong')
    one = ['--url', 'http://127.0.0.1:9', '--vkey', 'x']
    for words in (['sync', '--url', 'http://127.0.0.1:9', log],
                  ['sync', log], ['sync', *one, log, log],
                  ['sync', *one * (KT_WITNESSES_MAX + 1), log],
                  ['serve'], ['serve', '--listen', 'nowhere', top],
                  ['serve', '--vkey', 'x', top]):
        p = kt('witness', *words)
        assert p.returncode == 2 and not p.stdout, p
    assert kt('witness', 'serve', top + '/none').returncode == 3
    assert kt('witness', 'sync', *one, log).returncode == 3
    assert kt('witness', 'sync', *one, top + '/none').returncode == 3


t = tap.Tap()
with tempfile.TemporaryDirectory() as top:
    for sentence, test in (
            ('witnesses that are asked stay in step', in_step_with_the_log),
            ('each answer has its status', as_the_specification_says),
            ('a snapshot that was put back is refused', a_snapshot_put_back),
            ('of two histories one is signed', two_histories),
            ('who has begun to ask is answered', the_end),
            ('an answer is not believed', who_lies),
            ('what cannot be asked is told', asked_wrongly)):
        t.run(sentence, test, top)
t.end()

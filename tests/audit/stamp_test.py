"""A time stamp of RFC 3161 over an anchored checkpoint, by an authority that
the test makes with openssl ts and reaches over HTTP, as a user would."""
import hashlib
import http.server
import json
import os
import re
import subprocess
import tempfile
import threading
import urllib.request

import tap

KT = os.path.join(tap.BUILDDIR, 'kt')
MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')
CONFIG = """
[tsa]
default_tsa = tsa1
[tsa1]
serial = ./serial
signer_cert = ./tsa.crt
signer_key = ./tsa.key
certs = ./tsa.crt
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
"""


def kt(*words):
    return subprocess.run([KT, 'audit', *words], text=True,
                          capture_output=True, check=False)


def openssl(folder, *words, data=None):
    try:
        p = subprocess.run(['openssl', *words], cwd=folder, input=data,
                           capture_output=True, check=False)
    except FileNotFoundError:
        raise tap.Skip('there is no openssl') from None
    assert p.returncode == 0, p
    return p.stdout


class Authority:
    """One that answers on loopback, and its certificates in FOLDER."""

    def __init__(self, folder, purpose='critical,timeStamping'):
        key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
               '-nodes', '-days', '2']
        openssl(folder, 'req', '-x509', *key, '-keyout', 'ca.key', '-out',
                'ca.crt', '-subj', '/CN=an authority', '-addext',
                'keyUsage=keyCertSign')
        openssl(folder, 'req', '-x509', *key, '-keyout', 'tsa.key', '-out',
                'tsa.crt', '-subj', '/CN=its clock', '-CA', 'ca.crt',
                '-CAkey', 'ca.key', '-addext', 'extendedKeyUsage=' + purpose,
                '-addext', 'keyUsage=critical,digitalSignature')
        with open(os.path.join(folder, 'ts.cnf'), 'w') as f:
            f.write(CONFIG)
        with open(os.path.join(folder, 'serial'), 'w') as f:
            f.write('01\n')
        self.folder = folder

    def __enter__(self):
        folder = self.folder

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                with open(os.path.join(folder, 'q.tsq'), 'wb') as f:
                    f.write(body)
                answer = openssl(folder, 'ts', '-reply', '-config', 'ts.cnf',
                                 '-queryfile', 'q.tsq')
                self.send_response(200)
                self.send_header('Content-Length', str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass
        self.server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def ask(self, request):
        """What curl does."""
        with open(request, 'rb') as f:
            r = urllib.request.Request(
                'http://127.0.0.1:%d' % self.server.server_port, f.read(),
                {'Content-Type': 'application/timestamp-query'})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(r, timeout=tap.PATIENCE).read()


class Scene:
    def __init__(self, top, purpose='critical,timeStamping'):
        self.log = os.path.join(top, 'log')
        self.anchors = os.path.join(top, 'anchors')
        self.ca = os.path.join(top, 'tsa/ca.crt')
        self.ask = os.path.join(top, 'ask.tsq')
        self.answer = os.path.join(top, 'answer.tsr')
        for d in (self.anchors, os.path.join(top, 'tsa')):
            os.makedirs(d)
        subprocess.run([MAKE, self.log, '7', '60', '20000'], check=True)
        p = kt('anchor', '--to', self.anchors, '--stamp-request', self.ask,
               self.log)
        assert p.returncode == 0, p
        self.note = p.stdout.strip()
        self.stamp = self.note.replace('.checkpoint', '.tsr')
        with Authority(os.path.join(top, 'tsa'), purpose) as a:
            self.put(a.ask(self.ask))

    def put(self, answer):
        self.bytes = answer
        with open(self.answer, 'wb') as f:
            f.write(answer)

    def keep(self):
        return kt('anchor', '--to', self.anchors, '--stamp', self.answer,
                  '--tsa-ca', self.ca)

    def verify(self, *more):
        return kt('verify', '--json', '--known-checkpoint', self.note,
                  '--time-stamp', self.stamp, '--tsa-ca', self.ca, *more,
                  self.log)


def a_checkpoint_is_stamped_and_the_time_is_told():
    with tempfile.TemporaryDirectory() as top:
        s = Scene(top)
        p = s.keep()
        assert p.returncode == 0 and s.stamp in p.stdout, p
        openssl(top, 'ts', '-verify', '-data', s.note, '-in', s.stamp,
                '-CAfile', s.ca)
        openssl(top, 'ts', '-verify', '-queryfile', s.ask, '-in', s.stamp,
                '-CAfile', s.ca)
        text = openssl(top, 'ts', '-reply', '-in', s.stamp, '-text').decode()
        stamped = re.search(r'Time stamp: .* (\d\d:\d\d:\d\d)', text)[1]
        p = s.verify()
        assert p.returncode == 0, p
        said = json.loads(p.stdout)['time_stamps']
        assert len(said) == 1 and said[0]['size'] > 50, said
        assert re.fullmatch(r'20\d\d-\d\d-\d\dT%sZ' % stamped,
                            said[0]['time']), (said, text)
        assert s.keep().returncode == 3  # what is there is not replaced


def a_stamp_by_somebody_else_or_of_something_else_is_none():
    with tempfile.TemporaryDirectory() as top, \
            tempfile.TemporaryDirectory() as other:
        s, o = Scene(top), Scene(other)
        mine, s.ca = s.ca, o.ca
        p = s.keep()
        assert p.returncode == 1 and 'trusted' in p.stderr, p
        s.ca = mine
        with Authority(os.path.join(top, 'tsa')) as a:
            s.put(a.ask(o.ask))
        with open(o.note, 'rb') as f, open(s.note, 'rb') as g:
            if f.read() != g.read():  # a log has keys of its own
                p = s.keep()
                assert p.returncode == 1 and 'stamps nothing' in p.stderr, p
        assert not os.path.exists(s.stamp)


def a_key_that_is_not_for_time_stamping_stamps_nothing():
    with tempfile.TemporaryDirectory() as top:
        try:
            s = Scene(top, 'clientAuth')
        except OSError:  # openssl does not sign with it either
            return
        assert s.keep().returncode == 1


def each_byte_that_is_signed_counts():
    with tempfile.TemporaryDirectory() as top:
        s = Scene(top)
        assert s.keep().returncode == 0
        good, taken = s.bytes, []
        with open(s.note, 'rb') as f:
            digest = hashlib.sha256(f.read()).digest()
        at = good.find(digest)
        signed = at - 27  # what says of what and when begins before it
        for k in list(range(signed, at + 60)) + list(range(0, at, 7)):
            with open(s.stamp, 'wb') as f:
                f.write(good[:k] + bytes([good[k] ^ 4]) + good[k + 1:])
            if s.verify().returncode == 0:
                taken.append(k)
        # At most in the head, which is not signed and says nothing of it.
        assert not [k for k in taken if k >= signed], (signed, taken)
        for bad in (b'', good[:-1], good[:at], good + b'x', b'\x30\x84\xff' * 9):
            with open(s.stamp, 'wb') as f:
                f.write(bad)
            assert s.verify().returncode == 3, bad[:20]


def misuse_is_told():
    with tempfile.TemporaryDirectory() as top:
        for words in (['anchor', '--stamp', 'x', '--to', top],
                      ['anchor', '--stamp-request', 'x'],
                      ['anchor', '--to', top, '--tsa-ca', 'x'],
                      ['verify', '--time-stamp', 'x'],
                      ['verify', '--tsa-ca', 'x']):
            assert kt(*words).returncode == 2, words
        assert kt('verify', '--tsa-ca', 'x', *['--time-stamp', 'x'] * 17,
                  top).returncode == 2


tap.run_all([
    a_checkpoint_is_stamped_and_the_time_is_told,
    a_stamp_by_somebody_else_or_of_something_else_is_none,
    a_key_that_is_not_for_time_stamping_stamps_nothing,
    each_byte_that_is_signed_counts,
    misuse_is_told,
])

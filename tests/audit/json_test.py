"""Each audit command answers machines: one object, a word, the exit code."""
import json
import os
import re
import shutil
import subprocess
import tempfile

import tap

KT = os.path.join(tap.BUILDDIR, 'kt')
MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')
WORDS = {'done': 0, 'proven': 0, 'no': 1, 'not-proven': 1, 'refused': 5,
         'undecided': 3}


def kt(*words):
    return subprocess.run([KT, 'audit', *words], text=True,
                          timeout=tap.PATIENCE, check=False,
                          capture_output=True,
                          env={'PATH': '/usr/bin:/bin'})


def told(*words, code, **members):
    """What the one object has, beside what it should."""
    p = kt(*words)
    lines = p.stdout.splitlines()
    assert p.returncode == code and len(lines) == 1, (words, p)
    r = json.loads(lines[0])
    assert WORDS[r['result']] == code and ('error' in r) == (code != 0), r
    assert not p.stderr, p
    for name, value in members.items():
        assert r[name] == value, (name, r)
    return r


class Scene:
    def __init__(self, top, name):
        self.top, self.log = top + '/' + name, top + '/' + name + '/log'
        os.mkdir(self.top)
        subprocess.run([MAKE, self.log, '3', '60', '20000'], check=True)
        r = json.loads(kt('verify', '--json', self.log).stdout)
        self.origin, self.size = r['origin'], r['size']
        self.root = r['checkpoints']['root']

    def cut(self):
        subprocess.run(['chmod', '-R', 'u+w', self.log], check=True)
        last = self.log + '/seg/' + sorted(os.listdir(self.log + '/seg'))[-1]
        with open(last, 'rb') as f:
            lines = f.read().splitlines(True)
        with open(last, 'wb') as f:
            f.write(b''.join(lines[:-1]))
        return json.loads(lines[-1])['i']


def every_command_has_it(_top):
    p = subprocess.run([KT, '--help'], text=True, capture_output=True,
                       check=True)
    words = re.findall(r'^ +audit ([a-z]+)', p.stdout, re.M)
    assert len(words) > 15, p
    for word in words:
        assert '--json' in kt(word, '--help').stdout, word


def proofs(top):
    s = Scene(top, 'proofs')
    same = {'origin': s.origin, 'size': s.size}
    out = s.top + '/out'
    told('prove', '--json', '--out', out, s.log, '7', code=0, index=7,
         folder=out, **same)
    told('check', '--json', '--vkey', s.log + '/log.vkey', out, code=0,
         index=7, **same)
    r = told('prove', '--json', '--consistency', '10', s.log, code=0,
             older=10, **same)
    assert r['hashes'] == kt('prove', '--consistency', '10',
                             s.log).stdout.split(), r
    told('prove', '--json', '--out', out, s.log, '8', code=0, index=8,
         folder=out, **same)
    for name in '7', '8':
        told('check', '--json', '--vkey', s.log + '/log.vkey',
             '%s/%s.tlog-proof' % (out, name), code=0, index=int(name), **same)
    told('check', '--json', '--vkey', s.log + '/log.vkey', out, code=3)
    with open(out + '/checkpoint', 'rb+') as f:
        kept = f.read()
        f.write(b'\n')
    told('prove', '--json', '--out', out, s.log, '9', code=3)
    with open(out + '/checkpoint', 'rb') as f:
        assert f.read() == kept + b'\n'
    assert not os.path.exists(out + '/9.json')
    told('prove', '--json', '--out', out, s.log, '7777', code=3)
    told('prove', '--json', '--out', out, top + '/none', '7', code=3)
    out = s.top + '/export'
    told('export', '--json', '--out', out, s.log, code=0, first=0,
         folder=out, **same)
    told('export', '--json', '--out', out, s.log, code=3)  # there already
    told('export', '--json', '--out', out, top + '/none', code=3)
    s.cut()
    told('export', '--json', '--out', out + '2', s.log, code=1)


def anchors(top):
    s = Scene(top, 'anchors')
    to = s.top + '/to'
    os.mkdir(to)
    shutil.copytree(s.log, s.top + '/older')
    same = {'origin': s.origin, 'size': s.size, 'root': s.root}
    r = told('anchor', '--json', '--to', to, s.log, code=0, **same)
    assert os.listdir(to) == [os.path.basename(r['file'])], r
    r = told('anchor', '--json', '--to', to, s.log, code=0, **same)
    assert 'file' not in r, r
    subprocess.run([MAKE, s.log, '4', '60', '20000'], check=True)
    told('anchor', '--json', '--to', to, s.log, code=0)
    told('anchor', '--json', '--to', to, s.top + '/older', code=1, **same)
    told('anchor', '--json', '--to', to, top + '/none', code=3)


def orders(top):
    s = Scene(top, 'orders')
    told('hold', '--json', 'matter', s.log, code=0)
    told('hold', '--json', '--release', 'matter', s.log, code=0)
    told('hold', '--json', 'two words', s.log, code=3)
    told('erase', '--json', '--subject', 'nobody', s.log, code=1)
    told('erase', '--json', '--subject', 'nobody', top + '/none', code=3)
    told('key', '--json', 'rotate', s.log, code=0)
    told('key', '--json', 'rotate', top + '/none', code=3)
    key = s.log + '/key/recovery.key'
    ask = ['key', '--json', 'revoke', '--recovery-key']
    told(*ask, s.log + '/log.vkey', '--at', '9', s.log, code=3)
    told(*ask, key, '--at', '9999', s.log, code=1)
    r = told(*ask, key, '--at', '9', s.log, code=0)
    assert r['from'] == 9 and os.path.exists(r['file']), r
    told('recover', '--json', s.log, code=1, revoked_from=9)


def recovery(top):
    s = Scene(top, 'recovery')
    told('recover', '--json', s.log, code=0, size=s.size, newest_size=s.size)
    at = s.cut()
    lost = {'class': 'truncate', 'first_bad': at, 'newest_size': s.size}
    told('recover', '--json', s.log, code=1, **lost)
    r = told('recover', '--json', '--accept-loss', s.log, code=0, **lost)
    assert os.path.isdir(os.path.join(s.log, r['folder'], 'seg')), r
    told('recover', '--json', top + '/none', code=3)


def as_by_format(top):
    s = Scene(top, 'format')
    for words in (['query'], ['report', '--framework', 'gdpr']):
        a, b = (kt(*words, *how, s.log) for how in (
            ['--json'], ['--format', 'json']))
        assert a.returncode == 0 and a.stdout == b.stdout, (a, b)
        for line in a.stdout.splitlines():
            json.loads(line)


t = tap.Tap()
with tempfile.TemporaryDirectory() as top:
    for sentence, test in (
            ('every command has --json', every_command_has_it),
            ('proofs and exports are told', proofs),
            ('anchors are told', anchors),
            ('orders are told', orders),
            ('what was lost is told', recovery),
            ('--json is --format json', as_by_format)):
        t.run(sentence, test, top)
t.end()

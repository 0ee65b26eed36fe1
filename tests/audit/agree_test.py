"""Two verifiers, written apart, agree on random logs and random damage.

KT_LOGS is how many logs; `.ci/run evidence` asks for a thousand.
"""
import os
import random
import shutil
import subprocess
import tempfile

import asked
import tap
import verifier

MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')
LOGS = int(os.environ.get('KT_LOGS', '20'))
JUDGE = asked.Judge()


def theirs(folder):
    try:
        return 'intact %s' % verifier.Log(folder).check().root().hex()
    except verifier.Broken as e:
        return 'tampered (%s)' % e


def ours(folder):
    code, r = JUDGE.ask(folder)
    if code == 0:
        return 'intact ' + r['checkpoints']['root']
    return 'tampered' if code == 1 else str(r)


def damage(rng, folder):
    """One byte of any file that verification reads."""
    files = [os.path.join(at, f) for at, _, names in os.walk(folder)
             for f in names if 'key' not in at and 'tile' not in at]
    path = rng.choice([f for f in files if os.path.getsize(f)])
    with open(path, 'r+b') as f:
        at = rng.randrange(os.path.getsize(path))
        f.seek(at)
        old = f.read(1)[0]
        f.seek(at)
        f.write(bytes([old ^ 1 << rng.randrange(8)]))
    return '%s byte %d' % (path, at)


def agree(seed, top):
    rng = random.Random(seed)
    folder = os.path.join(top, 'log')
    subprocess.run([MAKE, folder, str(seed), str(rng.randrange(1, 40)),
                    str(rng.choice([3000, 20000]))], check=True)
    a, b = ours(folder), theirs(folder)
    assert a == b and a.startswith('intact'), (seed, a, b)
    image = asked.Image(folder)
    for _ in range(2):
        image.write(folder)
        where = damage(rng, folder)
        a, b = ours(folder), theirs(folder)
        assert a.split()[0] == b.split()[0] == 'tampered', (where, a, b)
    shutil.rmtree(folder)


def agree_on_all():
    with tempfile.TemporaryDirectory() as top:
        for seed in range(1, LOGS + 1):
            agree(seed, top)


SPELLINGS = [  # a member behind the others, and whether it is canonical
    ('"zz":0', True), ('"zz":9007199254740991', True), ('"zz":"\x7f"', True),
    ('"zz":-0', False), ('"zz":-5', False), ('"zz":[-1]', False),
    ('"zz":9007199254740992', False), ('"zz":1e3', False), ('"zz":1.0', False),
    ('"zz":01', False), ('"zz":+1', False), ('"zz":Infinity', False),
    ('"zz":"\\u001f"', True), ('"zz":"\\u001F"', False),
    ('"zz":"\\/"', False), ('"zz":"\\ud800"', False),
    ('"zz":' + '[' * 15 + ']' * 15, True),
    ('"zz":' + '[' * 16 + ']' * 16, False),
    ('"z\\"z":0', False), ('"z\u00e9":0', False), ('"a":0', False),
    ('"zz":0,"zz":0', False), ('"zz": 0', False),
]


def spelt():
    """What may stand in a line, by a record that no checkpoint covers."""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, 'log')
        subprocess.run([MAKE, folder, '3', '5', '20000'], check=True)
        path = folder + '/seg/000000000000.jsonl'
        with open(folder + '/checkpoints', 'rb') as f:
            notes = f.read().split(b'\n\n')[:-3]
        with open(folder + '/checkpoints', 'wb') as f:
            f.write(b'\n\n'.join(notes) + b'\n\n')
        with open(folder + '/checkpoint', 'wb') as f:
            f.write(b'\n\n'.join(notes[-2:]) + b'\n')
        with open(path, 'rb') as f:
            lines = f.read().splitlines(True)
        last = lines.pop().decode()
        members = [last[:-2] + ',' + x + '}\n' for x, _ in SPELLINGS]
        good = [holds for _, holds in SPELLINGS] + [False, False, False]
        members += [last.replace('"mono":', '"mono":-'),
                    last.replace('"mono":', '"mono_":'),
                    last.replace('"clk":{', '"clk":"{","clj":{')]
        for line, holds in zip(members, good):
            with open(path, 'wb') as f:
                f.write(b''.join(lines) + line.encode())
            a, b = ours(folder), theirs(folder)
            want = 'intact' if holds else 'tampered'
            assert a.split()[0] == b.split()[0] == want, (line, a, b)


def golden():
    """Logs of earlier versions verify for ever."""
    top = os.path.join(tap.SRCDIR, 'tests/golden')
    for name in ('audit-2', 'audit-3'):
        a, b = ours(os.path.join(top, name)), theirs(os.path.join(top, name))
        assert a == b and a.startswith('intact'), (name, a, b)


t = tap.Tap()
t.run('two verifiers agree on random logs, whole and damaged', agree_on_all)
t.run('and on what is canonical', spelt)
t.run('and on the signed logs of earlier versions', golden)
JUDGE.close()
t.end()

"""A log is verified in parts: at the same time, or only some of them."""
import json
import os
import random
import resource
import shutil
import subprocess
import tempfile

import tap

KT = os.path.join(tap.BUILDDIR, 'kt')
MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')
KT_JOBS_MAX = 64


def verify(folder, *options):
    p = subprocess.run([KT, 'audit', 'verify', '--json', *options, folder],
                       text=True, capture_output=True, check=False)
    return p.returncode, p.stdout, p.stderr


def of(folder, *options):
    code, out, _ = verify(folder, *options)
    return code, json.loads(out)


def copy(whole, to):
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(whole, to)
    subprocess.run(['chmod', '-R', 'u+w', to], check=True)
    return to


def flip(rng, path):
    with open(path, 'r+b') as f:
        at = rng.randrange(os.path.getsize(path))
        f.seek(at)
        old = f.read(1)[0]
        f.seek(at)
        f.write(bytes([old ^ 1 << rng.randrange(8)]))


def segments(folder):
    return [os.path.join(folder, 'seg', n)
            for n in sorted(os.listdir(folder + '/seg'))]


def starts(folder):
    out, n = [], 0
    for path in segments(folder):
        out.append(n)
        with open(path, 'rb') as f:
            n += len(f.readlines())
    return out, n


def same_answer(whole, top):
    """Whole, and damaged anywhere."""
    assert len(segments(whole)) > 4
    assert verify(whole, '--jobs', '1') == verify(whole, '--jobs', '4')
    assert verify(whole, '--jobs', '1')[0] == 0
    rng = random.Random(1)
    for _ in range(30):
        log = copy(whole, top + '/log')
        files = segments(log) + [log + '/checkpoints', log + '/checkpoint',
                                 log + '/log.vkey', log + '/tile/0/000']
        flip(rng, rng.choice(files))
        one, many = (verify(log, '--jobs', n) for n in '14')
        assert one == many and one[0] == 1, (one, many)


def same_without_one(whole, top):
    """A segment, or what somebody kept elsewhere."""
    kept = top + '/kept'
    for k in 0, 2, len(segments(whole)) - 1:
        log = copy(whole, top + '/log')
        os.remove(segments(log)[k])
        one, many = (verify(log, '--jobs', n) for n in '14')
        assert one == many and one[0] == 1, (one, many)
    with open(whole + '/checkpoints', 'rb') as f:
        notes = f.read().split(b'\n\n')
    for k in range(0, len(notes) - 1, 2):
        with open(kept, 'wb') as f:
            f.write(notes[k] + b'\n\n' + notes[k + 1] + b'\n')
        one, many = (verify(whole, '--jobs', n, '--known-checkpoint', kept)
                     for n in '14')
        assert one == many and one[0] == 0, (one, many)
        assert json.loads(one[1])['known_size'] > 0


def a_range(whole, top):
    at, n = starts(whole)
    code, r = of(whole, '--from', str(at[2] + 1), '--to', str(at[3] + 1))
    assert code == 0 and r['first'] == at[2], r
    assert r['size'] >= at[4] and r['size'] < n, r
    assert 'partial' in r['warnings'] and r['unsigned_tail'] == 0, r
    assert of(whole, '--strict', '--from', str(at[2]))[0] == 4
    log = copy(whole, top + '/log')
    flip(random.Random(3), segments(log)[1])
    assert of(log)[0] == 1
    assert of(log, '--from', str(at[2]))[0] == 0
    flip(random.Random(4), segments(log)[3])
    code, r = of(log, '--from', str(at[2]))
    assert code == 1 and at[3] <= r['first_bad']['index'] < at[4], r
    assert of(log, '--from', '9' * 15, '--to', '1')[0] == 3


def a_lie_in_a_header(whole, top):
    """What a segment record says of the past is signed, too."""
    log = copy(whole, top + '/log')
    path = segments(log)[3]
    at, _ = starts(whole)
    with open(path, 'rb') as f:
        head, rest = f.read().split(b'\n', 1)
    r = json.loads(head)
    with open(path, 'wb') as f:
        r['prev'] = 'ab' * 32
        f.write(json.dumps(r, separators=(',', ':')).encode() + b'\n' + rest)
    assert of(log, '--from', str(at[3]), '--to', str(at[3]))[0] == 1


def by_time(whole, top):
    with open(segments(whole)[0], 'rb') as f:
        year = json.loads(f.readline())['ts'][:4]
    assert of(whole, '--since', year)[0] == 0
    code, r = of(whole, '--since', str(int(year) + 1))
    assert code == 0 and r['first'] > 0, r


def a_missing_log(whole, top):
    """Is missed where somebody has written down that it ought to be there."""
    with open(whole + '/log.vkey') as f:
        key = f.read().strip()
    name, file = key.split('+')[0], top + '/inventory'
    for text, code in ((key, 0), (name, 0), ('# none\n\n', 0),
                       (name + '\n' + name + 'x', 1)):
        with open(file, 'w') as f:
            f.write(text)
        p = subprocess.run([KT, 'audit', 'verify', '--inventory', file, whole],
                           text=True, capture_output=True, check=False)
        assert p.returncode == code, (text, p)
        assert ('RESULT MISSING %sx\n' % name in p.stdout) == (code == 1), p
        assert 'that the inventory does not name' in p.stdout, p
    out = verify(whole, '--inventory', file)[1].splitlines()
    assert json.loads(out[1]) == {'origin': name + 'x', 'result': 'missing'}


def misuse(whole, top):
    for options in (['--jobs', '0'], ['--jobs', str(KT_JOBS_MAX + 1)],
                    ['--from', 'x'], ['--to', '1', '--known-checkpoint',
                                      whole + '/checkpoint']):
        assert verify(whole, *options)[0] == 2, options


def memory(whole, top):
    """Is bounded, however many records there are."""
    big = top + '/big'
    subprocess.run([MAKE, big, '3', '60000', '1000000'], check=True)
    assert of(big)[0] == 0
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    limit = 64 << 10
    if 'address' not in os.environ.get('KT_SANITIZERS', '') and \
            'ASAN_OPTIONS' not in os.environ:
        assert peak < limit, peak


t = tap.Tap()
with tempfile.TemporaryDirectory() as top:
    whole = os.path.join(top, 'whole')
    subprocess.run([MAKE, whole, '11', '600', '30000'], check=True)
    for sentence, test in (
            ('how many threads there are changes no answer', same_answer),
            ('nor where something is missing or known', same_without_one),
            ('a range is verified by itself, up to its checkpoint', a_range),
            ('a segment record cannot lie about the past', a_lie_in_a_header),
            ('a window of time takes its neighbours', by_time),
            ('a log that is missing is missed', a_missing_log),
            ('what cannot be is a misuse', misuse),
            ('memory does not grow with the log', memory)):
        t.run(sentence, test, whole, top)
t.end()

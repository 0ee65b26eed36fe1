"""A log is verified in parts: at the same time, or only some of them."""
import base64
import datetime
import hashlib
import json
import os
import random
import resource
import shutil
import subprocess
import tempfile

import tap
import verifier

KT = os.path.join(tap.BUILDDIR, 'kt')
MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')
KT_JOBS_MAX = 64
KT_AUDIT_SILENCE_US = 120000000


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
    assert of(whole, '--from', str(n))[0] == 3


def one_segment(whole, top):
    """Is the range of its records."""
    at, n = starts(whole)
    for k in range(len(at)):
        end = (at + [n])[k + 1] - 1
        a, b = (verify(whole, *x) for x in (
            ('--segment', str(k)), ('--from', str(at[k]), '--to', str(end))))
        assert a == b and a[0] == 0 and json.loads(a[1])['first'] == at[k], a
    log = copy(whole, top + '/log')
    flip(random.Random(5), segments(log)[2])
    assert [of(log, '--segment', str(k))[0] for k in (1, 2, 3)] == [0, 1, 0]
    assert of(log, '--segment', str(len(at)))[0] == 3
    p = subprocess.run([KT, 'audit', 'verify', '--segment', '3', whole],
                       text=True, capture_output=True, check=False)
    assert 'RESULT intact (partial) ' in p.stdout, p
    a, b = (of(whole, *x)[1] for x in (['--from', '0'], []))
    assert a == b, (a, b)  # nothing is left out


def notes_of(folder):
    with open(folder + '/checkpoints', 'rb') as f:
        return verifier.notes_of(f.read())


def keep(path, note):
    with open(path, 'wb') as f:
        f.write(note.text + b'\n' + ''.join(
            x + '\n' for x in note.lines).encode())
    return path


def since_a_checkpoint(whole, top):
    """Only what came after it is read, and it is of this log."""
    at, n = starts(whole)
    for note in notes_of(whole)[::9]:
        kept = keep(top + '/kept', note)
        begin = max(x for x in at if x < note.size)
        for jobs in '14':
            code, r = of(whole, '--jobs', jobs, '--since-checkpoint', kept)
            assert code == 0 and r['first'] == begin and r['size'] == n, r
            assert r['since_checkpoint'] == r['known_size'] == note.size, r
            assert ('partial' in r['warnings']) == (begin > 0), r
    kept = keep(top + '/kept', [x for x in notes_of(whole)
                                if x.size > at[3]][0])
    log = copy(whole, top + '/log')
    flip(random.Random(6), segments(log)[1])
    assert of(log, '--since-checkpoint', kept)[0] == 0
    flip(random.Random(7), segments(log)[4])
    assert of(log, '--since-checkpoint', kept)[0] == 1
    newest = keep(top + '/newest', notes_of(whole)[-1])
    os.remove(segments(log)[-1])
    code, r = of(log, '--since-checkpoint', newest)
    assert code == 1 and r['first_bad']['class'] == 'truncate', r
    p = subprocess.run([KT, 'audit', 'verify', '--since-checkpoint', newest,
                        log], text=True, capture_output=True, check=False)
    assert 'the trusted' not in p.stdout, p


def since_no_checkpoint_of_it(whole, top):
    """Says why it counts for nothing, and is never intact."""
    subprocess.run([MAKE, top + '/other', '12', '60', '30000'], check=True)
    kept = top + '/kept'
    for note, word, cut in (
            (notes_of(whole)[5], 'is not signed by the key', 1),
            (notes_of(top + '/other')[2], 'is of another log', 0)):
        note.lines = note.lines[cut:]
        code, out, _ = verify(whole, '--since-checkpoint', keep(kept, note))
        r = json.loads(out)
        assert code == 3 and word in r['error'], r
    with open(kept, 'w') as f:
        f.write('no checkpoint')
    assert verify(whole, '--since-checkpoint', kept)[0] == 3
    note = notes_of(whole)[0]
    note.text = b'%s\n0\n%s\n' % (note.origin.encode(), base64.b64encode(
        verifier.sha(b'')))
    p = verify(whole, '--since-checkpoint', keep(kept, note))
    assert p[0] == 3 and 'of no records' in p[2], p
    old = top + '/old'
    subprocess.run([MAKE, old, '7', '200', '20000'], check=True,
                   env=dict(os.environ, KT_LOG_DAYS='500'))
    keep(kept, notes_of(old)[0])
    subprocess.run([KT, 'audit', 'retain', '--days', '250', '--apply', old],
                   check=True, capture_output=True)
    code, r = of(old, '--since-checkpoint', kept)
    assert code == 3 and 'its last record is gone' in r['error'], r
    assert of(old, '--known-checkpoint', kept)[0] == 0


def quickly(whole, top):
    """The end alone, and it says so; or all, where something is wrong."""
    at, n = starts(whole)
    p = subprocess.run([KT, 'audit', 'verify', '--quick', whole],
                       text=True, capture_output=True, check=False)
    assert p.returncode == 0 and 'RESULT intact (quick) ' in p.stdout, p
    assert 'records 0 to %d say' % (at[-1] - 1) in p.stdout, p
    code, r = of(whole, '--quick')
    assert r['first'] == at[-1] and r['size'] == n, r
    assert r['quick']['skipped'] == len(at) - 1 and 'quick' in r['warnings'], r
    assert 1 < r['quick']['agree'] < len(at), r
    assert of(whole, '--quick', '--strict')[0] == 4
    log = copy(whole, top + '/log')
    flip(random.Random(8), segments(log)[1])
    assert of(log, '--quick')[0] == 0  # this is what it did not read
    for name in segments(log)[-1], log + '/checkpoint', log + '/checkpoints':
        log = copy(whole, top + '/log')
        with open(name, 'r+b') as f:
            f.seek(-40, 2)
            f.write(b'\0')
        a, b = verify(log, '--quick'), verify(log)
        assert a == b and a[0] == 1, (name, a, b)
    log = copy(whole, top + '/log')
    os.remove(segments(log)[1])
    assert verify(log, '--quick') == verify(log)
    one = top + '/one'  # of one segment nothing is left out
    subprocess.run([MAKE, one, '3', '20', '1000000'], check=True)
    assert verify(one, '--quick') == verify(one)


def quick_reads_roots(whole, top):
    """A segment record with another root is looked into."""
    log = copy(whole, top + '/log')
    sizes = {x.size for x in notes_of(whole)}
    at, _ = starts(whole)
    k = [k for k, x in enumerate(at) if k and x in sizes][0]
    path = segments(log)[k]
    with open(path, 'rb') as f:
        head, rest = f.read().split(b'\n', 1)
    r = json.loads(head)
    r['frontier'][0] = 'ab' * 32
    with open(path, 'wb') as f:
        f.write(json.dumps(r, separators=(',', ':')).encode() + b'\n' + rest)
    assert verify(log, '--quick') == verify(log)
    assert of(log, '--quick')[0] == 1


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


def told_of(folder):
    """What the records say of time and losses, from the records alone."""
    rs = []
    for path in segments(folder):
        with open(path, 'rb') as f:
            rs += [json.loads(x) for x in f.read().splitlines()]
    rows = list(zip(rs, rs[1:]))
    us = datetime.timedelta(microseconds=1)

    def when(r):
        return datetime.datetime.strptime(r['ts'], '%Y-%m-%dT%H:%M:%S.%fZ')

    quiet = [(b['mono'] - a['mono'], b['i']) for a, b in rows
             if a['boot'] == b['boot']]
    backs = [((when(a) - when(b)) // us, b['i']) for a, b in rows
             if when(b) < when(a)]
    longest = max(quiet, key=lambda x: (x[0], -x[1]))
    back = max(backs, key=lambda x: (x[0], -x[1]))
    return rs, {
        'silence': {'us': longest[0], 'at': longest[1], 'over': sum(
            x > KT_AUDIT_SILENCE_US for x, _ in quiet)},
        'clock': {'backs': len(backs), 'back_us': back[0], 'back_at': back[1],
                  'unsync': len(rs), 'unsync_runs': 1, 'unsync_at': 0},
        'lost': {'records': sum(r.get('records', 0) for r in rs
                                if r['type'] == 'gap'),
                 'contents': 0, 'bytes_cut': 0, 'unfinished': 0, 'erased': 0}}


def time_and_losses(whole, top):
    """Are told as the records have them, in one pass or in parts."""
    log = top + '/wild'
    subprocess.run([MAKE, log, '21', '900', '30000'], check=True,
                   env=dict(os.environ, KT_LOG_WILD='1'))
    rs, want = told_of(log)
    if rs[0]['clk']['state'] == 'sync':  # as this machine's clock is
        want['clock'].update(unsync=0, unsync_runs=0, unsync_at=None)
    assert want['silence']['over'] > 9 and want['clock']['backs'] > 9, want
    assert want['lost']['records'] > 9, want
    one, many = (verify(log, '--jobs', n) for n in '14')
    assert one == many and one[0] == 0, (one, many)
    r = json.loads(one[1])
    for name in want:
        assert r[name] == want[name], (name, r[name], want[name])
    assert {'silence', 'clock-steps'} <= set(r['warnings']), r
    p = subprocess.run([KT, 'audit', 'verify', log], text=True,
                       capture_output=True, check=False)
    for text in ('silence   %.6f s at most, before record %d; %d over' % (
            want['silence']['us'] / 1e6, want['silence']['at'],
            want['silence']['over']),
            'clock     %d steps back' % want['clock']['backs'],
            'lost      %d records' % want['lost']['records'],
            'epochs, continuous'):
        assert text in p.stdout, (text, p.stdout)


def a_missing_log(whole, top):
    """Is missed where somebody has written down that it ought to be there."""
    with open(whole + '/log.vkey') as f:
        key = f.read().strip()
    name, file = key.split('+')[0], top + '/inventory'
    for text, code in ((key, 0), (name, 0), ('# none\n\n', 0),
                       (name + '\r\n\r\n', 0),
                       (name + '\n' + name + 'x', 1)):
        with open(file, 'w') as f:
            f.write(text)
        p = subprocess.run([KT, 'audit', 'verify', '--inventory', file, whole],
                           text=True, capture_output=True, check=False)
        assert p.returncode == code, (text, p)
        assert ('RESULT MISSING %sx\n' % name in p.stdout) == (code == 1), p
        assert 'that the inventory does not name' in p.stdout, p
    out = verify(whole, '--inventory', file)[1].splitlines()
    other = b'\1' + bytes(32)  # a log of that name by another key is another
    with open(file, 'w') as f:
        f.write('%s+%s+%s' % (name, verifier.key_id(name, other[1:]),
                              base64.b64encode(other).decode()))
    code, said, _ = verify(whole, '--inventory', file)
    assert code == 1 and '"missing"' in said, said
    assert json.loads(out[1]) == {'origin': name + 'x', 'result': 'missing'}


def receipt_of(folder, index):
    with open(folder + '/checkpoint') as f:
        origin = f.readline().strip()
    lines = b''.join(open(p, 'rb').read() for p in segments(folder))
    leaf = hashlib.sha256(b'\0' + lines.splitlines()[index]).hexdigest()
    return '%s#%d;%s' % (origin, index, leaf)


def of_one_of_several(whole, top):
    other = top + '/elsewhere'
    subprocess.run([MAKE, other, '5', '60', '30000', 'elsewhere'], check=True)
    good = top + '/receipts'  # a file with the line ends of other systems
    with open(good, 'w', newline='') as f:
        f.write(receipt_of(other, 7) + '\r\n')
    bad = receipt_of(other, 7)
    bad = bad[:-1] + ('0' if bad[-1] != '0' else '1')

    def ask(folders, *options):
        p = subprocess.run([KT, 'audit', 'verify', '--json', *options,
                            *folders], text=True, capture_output=True,
                           check=False)
        return p.returncode, [json.loads(line)
                              for line in p.stdout.splitlines()], p.stderr

    kept = ('--known-checkpoint', whole + '/checkpoint', '--receipt', good)
    code, (one, two), said = ask((whole, other), *kept)
    assert (code, said) == (0, ''), said
    assert (one['known_size'], one['receipts']) == (one['size'], 0), one
    assert (two['known_size'], two['receipts']) == (0, 1), two
    code, (one, two), _ = ask((whole, other), '--receipt', bad)
    assert code == 1 and one['result'] == 'intact', one
    assert two['first_bad']['class'] == 'fork', two
    code, (one,), said = ask((whole,), *kept)
    assert code == 3 and one['result'] == 'intact', one
    assert 'it is none of these logs' in said, said
    # Of a log of the same name: one of the two took the other's place.
    anew = bad.replace(bad.split('#')[0].split('/')[-1], '0' * 32)
    code, (two,), _ = ask((other,), '--receipt', anew)
    assert code == 1 and two['first_bad']['class'] == 'fork', two
    assert ask((whole, other), '--receipt', anew)[0] == 3


def misuse(whole, top):
    for options in (['--jobs', '0'], ['--jobs', str(KT_JOBS_MAX + 1)],
                    ['--from', 'x'], ['--to', '1', '--known-checkpoint',
                                      whole + '/checkpoint'],
                    ['--segment', 'x'], ['--segment', '1', '--from', '2'],
                    ['--quick', '--segment', '1'], ['--quick', '--receipt',
                                                    'x#1;' + 64 * 'a'],
                    ['--quick', '--postgres', 'x']):
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
            ('a segment by itself is its range', one_segment),
            ('a log is verified since a checkpoint', since_a_checkpoint),
            ('which has to be of this log', since_no_checkpoint_of_it),
            ('the end alone is verified quickly', quickly),
            ('with the roots of what is left out', quick_reads_roots),
            ('a segment record cannot lie about the past', a_lie_in_a_header),
            ('a window of time takes its neighbours', by_time),
            ('time and losses are told as in the records', time_and_losses),
            ('a log that is missing is missed', a_missing_log),
            ('what is held of one log is held against no other',
             of_one_of_several),
            ('what cannot be is a misuse', misuse),
            ('memory does not grow with the log', memory)):
        t.run(sentence, test, whole, top)
t.end()

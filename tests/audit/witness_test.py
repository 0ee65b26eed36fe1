"""A witness signs one history of a log, and a verifier holds it to that."""
import base64
import json
import os
import shutil
import subprocess
import tempfile

import tap
import verifier

KT = os.path.join(tap.BUILDDIR, 'kt')
MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')


def kt(*words, text=''):
    return subprocess.run([KT, 'audit', *words], input=text, text=True,
                          capture_output=True, check=False)


def must(*words, text=''):
    p = kt(*words, text=text)
    assert p.returncode == 0, p
    return p.stdout


def grow(log, seed, records='60'):
    subprocess.run([MAKE, log, str(seed), records, '20000'], check=True)


def verify(log, *options):
    p = kt('verify', '--json', *options, log)
    return p.returncode, json.loads(p.stdout)


def rows(r):
    return {x['row']: x['text'] for x in r['not_proven']}


class Scene:
    """A log, and a witness that trusts it."""

    def __init__(self, top, name):
        self.log, self.state = top + '/' + name, top + '/w-' + name
        grow(self.log, 3)
        self.key = must('witness', 'init', self.state,
                        'witness.example/' + name).strip()
        must('witness', 'trust', self.state, self.log + '/log.vkey')


def seen_is_signed(top):
    s = Scene(top, 'one')
    code, r = verify(s.log, '--witness', s.key)
    assert code == 4 and 'witness-quorum' in r['warnings'], r
    must('witness', 'sync', s.log, s.state)
    grow(s.log, 4)
    must('witness', 'sync', s.log, s.state)  # from the size it knows
    must('witness', 'sync', s.log, s.state)  # and again, with nothing new
    code, r = verify(s.log, '--witness', s.key)
    assert code == 0 and r['witnesses'][0]['size'] == r['size'], r
    assert r['known_size'] == r['size']
    assert 'beyond' in rows(r)[5] and 'beyond' in rows(r)[9], r
    p = kt('verify', '--witness', s.key, s.log)
    assert 'quorum    of 1: met' in p.stdout, p
    other = must('witness', 'init', top + '/w-2', 'witness.example/2').strip()
    two = ['--witness', s.key, '--witness', other]
    assert verify(s.log, *two)[0] == 4
    assert verify(s.log, *two, '--quorum', '1')[0] == 0
    assert kt('verify', *two, '--quorum', '3', s.log).returncode == 2


def as_in_the_specification(top):
    """Checked by the other verifier: key id, message, time, signature."""
    s = Scene(top, 'spec')
    request = must('witness', 'request', s.log)
    answer = must('witness', 'add', s.state, text=request)
    name, digits, blob = s.key.split('+', 2)
    pub = base64.b64decode(blob)[1:]
    assert base64.b64decode(blob)[0] == 4
    key_id = verifier.sha(name.encode() + b'\n\4' + pub)[:4]
    assert digits == key_id.hex()
    dash, by, sig = answer.rstrip('\n').split(' ')
    sig = base64.b64decode(sig, validate=True)
    assert (dash, by, sig[:4]) == ('\u2014', name, key_id) and len(sig) == 76
    note = request.split('\n\n', 1)[1]
    text = 'cosignature/v1\ntime %d\n%s\n' % (
        int.from_bytes(sig[4:12], 'big'), note.split('\n\n')[0])
    assert verifier.is_signed(pub, text.encode(), sig[12:])


def by_hand(top):
    """As over a web server: three texts, none of them trusted."""
    s = Scene(top, 'hand')
    files = [top + '/' + n for n in ('request', 'answer')]
    for size in '0', None:
        request = must('witness', 'request', '--old', size or str(
            json.loads(kt('verify', '--json', '--witness', s.key,
                          s.log).stdout)['witnesses'][0]['size']), s.log)
        answer = must('witness', 'add', s.state, text=request)
        for path, text in zip(files, (request, answer)):
            with open(path, 'w') as f:
                f.write(text)
        must('witness', 'keep', '--vkey', s.key, s.log, *files)
        assert verify(s.log, '--witness', s.key)[0] == 0
        grow(s.log, 5)
    with open(files[1], 'w') as f:
        f.write(answer.replace('A', 'B'))
    assert kt('witness', 'keep', '--vkey', s.key, s.log,
              *files).returncode == 1


def refusals(top):
    """Each with the status of the specification."""
    s = Scene(top, 'no')
    request = must('witness', 'request', s.log)
    stranger = Scene(top, 'stranger')
    proof = must('witness', 'request', '--old', '5', s.log)
    for status, text in (
            (400, ''), (400, 'old 05\n\n'), (400, request[:-9]),
            (400, request.replace('old 0', 'old 99999999')),
            (404, must('witness', 'request', stranger.log)),
            (403, '\n'.join(x for x in request.split('\n')
                            if not x.startswith('\u2014')) + ''),
            (409, proof), (422, request.replace(
                'old 0\n', 'old 0\n' + proof.split('\n')[1] + '\n'))):
        p = kt('witness', 'add', s.state, text=text)
        assert p.returncode == 1, (status, p)
        assert p.stderr.startswith('kt: %d: ' % status), (status, p)
        assert p.stdout == ('0\n' if status == 409 else ''), p
    must('witness', 'add', s.state, text=request)
    size = request.split('\n')[3]
    p = kt('witness', 'add', s.state, text=request)
    assert p.returncode == 1 and p.stdout == size + '\n', p
    grow(s.log, 6)
    wrong = must('witness', 'request', '--old', size, s.log).split('\n')
    wrong[1] = wrong[2]
    p = kt('witness', 'add', s.state, text='\n'.join(wrong))
    assert p.stderr.startswith('kt: 422: '), p


def what_it_cannot_read(top):
    """It is not as if it had seen nothing: that would sign another history."""
    s = Scene(top, 'eio')
    must('witness', 'sync', s.log, s.state)
    for name in os.listdir(s.state + '/seen'):
        os.truncate(s.state + '/seen/' + name, 1 << 20)
    p = kt('witness', 'add', s.state, text=must('witness', 'request', s.log))
    assert p.returncode == 3 and p.stdout == '', p


def a_log_put_back(top):
    """Rows 5, 8, 9 and 11: neither the witness nor the verifier is fooled."""
    s = Scene(top, 'back')
    shutil.copytree(s.log, top + '/older')
    grow(s.log, 7)
    must('witness', 'sync', s.log, s.state)
    shutil.copytree(s.log + '/witness', top + '/older/witness')
    code, r = verify(top + '/older', '--witness', s.key)
    assert code == 1 and r['first_bad']['class'] == 'truncate', r
    p = kt('witness', 'sync', top + '/older', s.state)
    assert p.returncode != 0, p
    grow(top + '/older', 8, '200')
    code, r = verify(top + '/older', '--witness', s.key)
    assert code == 1 and r['first_bad']['class'] == 'fork', r
    p = kt('witness', 'sync', top + '/older', s.state)
    assert p.returncode == 1 and ': 422: ' in p.stderr, p
    assert verify(top + '/older')[0] == 0  # alone it looks well


def a_log_that_was_set_aside(top):
    """What was signed of it goes with it, and says nothing of the next."""
    s = Scene(top, 'aside')
    must('witness', 'sync', s.log, s.state)
    with open(s.log + '/checkpoint') as f:
        size = int(f.readlines()[1])
    seg = s.log + '/seg/' + sorted(os.listdir(s.log + '/seg'))[-1]
    os.chmod(seg, 0o600)
    with open(seg, 'r+b') as f:
        f.truncate(100)
    must('recover', '--accept-loss', s.log)
    grow(s.log, 5)
    code, r = verify(s.log, '--witness', s.key)
    assert code == 4 and 'witness-quorum' in r['warnings'], r
    lost = [n for n in os.listdir(s.log) if n.startswith('lost-')][0]
    code, r = verify(os.path.join(s.log, lost), '--witness', s.key)
    assert r['witnesses'][0]['size'] == size and code == 1, r
    p = kt('witness', 'sync', s.log, s.state)
    assert p.returncode == 1 and p.stderr.endswith(
        ': 404: not a log that is trusted here\n'), p


def by_policy(top):
    """As --vkey, --witness and --quorum, with groups."""
    s = Scene(top, 'policy')
    keys = [s.key] + [must('witness', 'init', '%s/w-p%d' % (top, i),
                           'witness.example/p%d' % i).strip()
                      for i in range(2)]
    must('witness', 'trust', top + '/w-p0', s.log + '/log.vkey')
    must('witness', 'sync', s.log, s.state)
    size = verify(s.log)[1]['size']
    grow(s.log, 4)
    must('witness', 'sync', s.log, top + '/w-p0')
    with open(s.log + '/log.vkey') as f:
        vkey = f.read().strip()
    file = top + '/policy.txt'

    def ask(*lines, options=()):
        with open(file, 'w') as f:
            f.write('log %s\n' % vkey + ''.join(
                'witness w%d %s\n' % x for x in enumerate(keys)) +
                ''.join(x + '\n' for x in lines))
        return verify(s.log, '--policy', file, *options)

    same = ['--vkey', vkey, *(x for k in keys for x in ('--witness', k))]
    for quorum, code in (('1', 0), ('2', 0), ('3', 4)):
        a = ask('group g %s w0 w1 w2' % quorum, 'quorum g')
        b = verify(s.log, *same, '--quorum', quorum)
        assert a == b and a[0] == code, (a, b)
        assert a[1]['key']['pinned'] and len(a[1]['witnesses']) == 3, a
    code, r = ask('group g any w2 w1', 'group h all w0 g', 'quorum h')
    assert code == 0 and r['quorum_size'] == size < r['size'], r
    p = kt('verify', '--policy', file, s.log)
    assert 'of the policy: met, for %d records' % size in p.stdout, p
    assert ask('quorum w2')[0] == 4
    assert ask('quorum w1')[1]['quorum_size'] == r['size']
    code, r = ask('quorum none')
    assert code == 0 and 'witness-quorum' not in r['warnings'], r
    assert 'none, by the policy' in kt('verify', '--policy', file,
                                       s.log).stdout
    # The keys of several logs; and of none that is this one.
    other = Scene(top, 'policy-other').log
    with open(file, 'w') as f:
        for log in other, s.log:
            with open(log + '/log.vkey') as k:
                f.write('log %s https://log.example\n' % k.read().strip())
        f.write('quorum none\n')
    for log in other, s.log:
        code, r = verify(log, '--policy', file, '--quick')
        assert code == 0 and r['key']['pinned'], r
    with open(file, 'w') as f:
        with open(other + '/log.vkey') as k:
            f.write('log %s\nquorum none\n' % k.read().strip())
    code, r = verify(s.log, '--policy', file)
    assert code == 1 and r['first_bad']['class'] == 'key-replaced', r
    with open(file, 'w') as f:
        f.write('quorum none\n')
    code, r = verify(s.log, '--policy', file)
    assert code == 0 and not r['key']['pinned'], r
    with open(file, 'a') as f:
        f.write('\ngroup g 1 nobody\n')
    p = kt('verify', '--policy', file, s.log)
    assert p.returncode == 3 and 'policy.txt: line 3: a member' in p.stderr, p
    assert kt('verify', '--policy', top + '/none', s.log).returncode == 3
    ask('quorum w0')
    for options in (['--vkey', vkey], ['--witness', s.key], ['--quick'],
                    ['--quorum', '1'], ['--from', '3']):
        assert kt('verify', '--policy', file, *options,
                  s.log).returncode == 2, options


t = tap.Tap()
with tempfile.TemporaryDirectory() as top:
    for sentence, test in (
            ('what a witness has seen is signed and told', seen_is_signed),
            ('its signature is that of C2SP', as_in_the_specification),
            ('requests and answers are texts', by_hand),
            ('what it refuses has its status', refusals),
            ('what it cannot read is not new', what_it_cannot_read),
            ('a policy says whose word counts', by_policy),
            ('a log that was put back is no extension', a_log_put_back),
            ('what was signed of a log goes aside with it',
             a_log_that_was_set_aside)):
        t.run(sentence, test, top)
t.end()

"""Records that were kept long enough go, and the rest proves as before."""
import json
import os
import random
import shutil
import subprocess
import tempfile

import asked
import tap
import verifier

KT = os.path.join(tap.BUILDDIR, 'kt')
MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')
STARTER = os.path.join(tap.SRCDIR, 'policies/starter.yaml')
DAYS = 400
FLIPS = 3 * int(os.environ.get('KT_SEEDS', '20'))
JUDGE = asked.Judge()
KT_AUDIT_RETAIN_SEGMENTS = 4
KT_AUDIT_RETENTION_MIN, KT_AUDIT_RETENTION_MAX = 183, 36500


def kt(*argv):
    return subprocess.run([KT, 'audit', *argv], text=True,
                          timeout=tap.PATIENCE, check=False,
                          capture_output=True)


def make(folder, seed, records=300):
    env = dict(os.environ, KT_LOG_DAYS=str(DAYS))
    subprocess.run([MAKE, folder, str(seed), str(records), '30000'],
                   env=env, check=True)


def segments(folder):
    return sorted(os.listdir(folder + '/seg'))


def records(folder):
    out = []
    for name in segments(folder):
        with open(os.path.join(folder, 'seg', name), 'rb') as f:
            out += [json.loads(x) for x in f]
    return out


def last_days(folder, keep):
    """How many days ago this segment began."""
    with open(os.path.join(folder, 'seg', segments(folder)[keep])) as f:
        ts = json.loads(f.readline())['ts']
    then = subprocess.run(['date', '-d', ts, '+%s'], text=True, check=True,
                          capture_output=True).stdout
    now = subprocess.run(['date', '+%s'], text=True, check=True,
                         capture_output=True).stdout
    return (int(now) - int(then)) // 86400


def retain(folder, days, *options):
    p = kt('retain', '--json', '--days', str(days), *options, folder)
    return p.returncode, json.loads(p.stdout) if p.stdout else p.stderr


def copy(whole, to):
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(whole, to)
    return to


def both(folder, known=''):
    """What both verifiers say, and all of what kt says."""
    code, r = JUDGE.ask(folder, known)
    try:
        verifier.Log(folder).check()
        other = 0
    except verifier.Broken:
        other = 1
    assert code == other or known, (code, other, r)
    return code, r


def pruned(top, keep=5):
    """A log of which all before this segment is gone, and what it was."""
    log = copy(top + '/whole', top + '/log')
    before = records(log)
    code, told = retain(log, last_days(log, keep), '--apply', '--below-minimum',
                        'a test', '--by', 'tester')
    assert code == 0 and told['removed'] and told['size'] > 0, told
    return log, before, told


def only_told_at_first(top):
    log = copy(top + '/whole', top + '/log')
    before = asked.Image(log).files
    days = last_days(log, 3)
    assert days > KT_AUDIT_RETENTION_MIN, days
    code, told = retain(log, days)
    assert code == 0 and not told['removed'] and told['segments'] > 1, told
    assert asked.Image(log).files == before
    assert retain(log, KT_AUDIT_RETENTION_MAX)[1]['segments'] == 0
    for bad in ('0', 'x', str(KT_AUDIT_RETENTION_MAX + 1)):
        assert kt('retain', '--days', bad, log).returncode == 2
    assert kt('retain', log).returncode == 2
    assert kt('retain', '--days', '400', top + '/none').returncode == 3


def the_rest_proves(top):
    log, before, told = pruned(top)
    size = told['size']
    orders = [r for r in records(log) if r['type'] == 'retention']
    assert len(orders) == -(-told['segments'] // KT_AUDIT_RETAIN_SEGMENTS)
    record = orders[-1]
    assert (orders[0]['first'], record['size']) == (0, size), record
    assert record['by'] == 'tester' and record['ground'] == 'a-test', record
    code, r = both(log)
    assert code == 0 and r['pruned'] == {'by': record['i'], 'size': size}, r
    assert r['first'] == size and 22 in [x['row'] for x in r['not_proven']]
    one, many = (kt('verify', '--json', '--jobs', n, log) for n in '14')
    assert one.returncode == many.returncode == 0
    assert one.stdout == many.stdout == json.dumps(
        r, separators=(',', ':'), ensure_ascii=False) + '\n'
    said = kt('verify', log).stdout
    assert '[0, %d), told by record %d' % (size, record['i']) in said, said
    kept = records(log)
    assert kept[:3] == before[size:size + 3]
    for i in size, kept[-1]['i']:
        out = '%s/proof.%d' % (top, i)
        assert kt('prove', '--out', out, log, str(i)).returncode == 0
        assert kt('check', '--vkey', log + '/log.vkey',
                  out).returncode == 0
    assert kt('prove', '--consistency', '5', log, '0').returncode in (0, 2)
    assert kt('prove', log, '0').returncode == 3
    for words in (['query'], ['tail'], ['key'], ['show', log, str(size)]):
        p = kt(*words, *([] if log in words else [log]))
        assert p.returncode == 0, p
    assert kt('export', '--out', top + '/out', log).returncode == 0
    assert both(top + '/out')[0] == 0
    shutil.rmtree(top + '/out')


def what_was_kept_elsewhere(top):
    """Checkpoints and receipts of what is gone, by the tiles that stay."""
    log, _, told = pruned(top)
    whole = top + '/whole'
    with open(whole + '/checkpoints', 'rb') as f:
        notes = f.read().split(b'\n\n')
    with open(top + '/kept', 'wb') as f:
        f.write(notes[2] + b'\n\n' + notes[3] + b'\n')
    code, r = JUDGE.ask(log, top + '/kept')
    known = int(notes[2].split(b'\n')[1])
    assert known < told['size'] and code == 0, r
    assert r['known_size'] == known, r
    with open(top + '/kept', 'rb') as f:
        note = f.read().split(b'\n')
    note[2] = notes[4].split(b'\n')[2]
    with open(top + '/forged', 'wb') as f:
        f.write(b'\n'.join(note))
    code, r = JUDGE.ask(log, top + '/forged')
    assert code == 1 and r['first_bad']['class'] == 'fork', r
    with open(whole + '/seg/' + segments(whole)[0], 'rb') as f:
        line = f.read().split(b'\n')[5]
    receipt = '%s#5;%s' % (r['origin'],
                           verifier.sha(b'\0' + line).hex())
    p = kt('verify', '--json', '--receipt', receipt, log)
    assert p.returncode == 0 and json.loads(p.stdout)['receipts'] == 1, p
    p = kt('verify', '--json', '--receipt', receipt[:-4] + 'abcd', log)
    r = json.loads(p.stdout)
    assert p.returncode == 1 and r['first_bad']['index'] == 5, p
    shutil.rmtree(log + '/tile')
    assert JUDGE.ask(log)[0] == 0
    assert JUDGE.ask(log, top + '/kept')[0] == 3
    assert kt('verify', '--receipt', receipt, log).returncode == 3


def missing_without_a_word(top):
    """More than was told, less, or nothing told at all."""
    log, _, told = pruned(top)
    size, seg = told['size'], log + '/seg/'
    first = segments(log)
    back = sorted(os.listdir(top + '/whole/seg'))[told['segments'] - 1]
    shutil.copy(top + '/whole/seg/' + back, seg + back)
    code, r = both(log)  # the removal was interrupted
    assert code == 0 and 0 < r['pruned']['size'] < size, r
    os.remove(seg + back)
    os.remove(seg + first[0])
    code, r = both(log)
    assert code == 1, r
    assert r['first_bad']['class'] == 'missing-segment', r
    assert r['first_bad']['index'] == size, r
    log = copy(top + '/whole', top + '/log')
    for name in segments(log)[:3]:
        os.remove(log + '/seg/' + name)
    code, r = both(log)
    assert code == 1 and r['first_bad']['index'] == 0, r
    assert r['first_bad']['class'] == 'missing-segment' and not r['pruned'], r


def changed_behind(top):
    """Each flipped bit of what is left is found, and where it is."""
    log, _, told = pruned(top, 6)
    image, rng = asked.Image(log), random.Random(1)
    starts, n = [], told['size']
    told_at = both(log)[1]['pruned']['by']
    for name in segments(log):
        starts.append(n)
        n += image.files['seg/' + name].count(b'\n')
    for turn in range(FLIPS):
        k = 0 if turn % 2 else rng.randrange(len(starts))
        name = 'seg/' + segments(log)[k]
        data = bytearray(image.files[name])
        head = data.index(b'\n')
        at = rng.randrange(head if turn % 2 else len(data) - 1)
        data[at] ^= 1 << rng.randrange(8)
        path = os.path.join(log, name)
        os.chmod(path, 0o600)
        with open(path, 'wb') as f:
            f.write(data)
        index = starts[k] + image.files[name][:at].count(b'\n')
        code, r = both(log)
        # Without the record that tells of it, what is gone is missing, too.
        hits = index == told_at or (  # or the end of the line before it
            image.files[name][at] == 10 and index + 1 == told_at)
        bad = [b for b in r['breaks'] if not hits or
               b['class'] != 'missing-segment'][:1]
        assert code == 1 and bad, (turn, name, at, r)
        assert bad[0]['from'] <= index <= bad[0]['index'], (
            index, r['breaks'], data[max(0, at - 20):at + 20],
            image.files[name][max(0, at - 20):at + 20])
        assert bad[0]['class'] in ('edit', 'delete'), (turn, bad)
        with open(path, 'wb') as f:
            f.write(image.files[name])
    assert both(log)[0] == 0


def it_goes_on(top):
    """Another process takes the log up, and lets go of more."""
    log, _, told = pruned(top)
    subprocess.run([MAKE, log, '8', '60', '20000'], check=True)
    assert both(log)[0] == 0
    code, more = retain(log, last_days(log, 2), '--apply', '--below-minimum',
                        'again')
    assert code == 0 and more['first'] == told['size'], more
    code, r = both(log)
    assert code == 0 and r['pruned']['size'] == more['size'], r


def too_early(top):
    log = copy(top + '/whole', top + '/log')
    before = asked.Image(log).files
    code, text = retain(log, KT_AUDIT_RETENTION_MIN - 1, '--apply')
    assert code == 5 and 'half a year' in text or '183' in text, text
    policy = top + '/policy.yaml'
    for audit, want in (('{retention_days: 300}', 0),
                        ('{retention_days: 7}', 3),
                        ('{retention_days: 7, below_minimum: for a test}', 0)):
        with open(policy, 'w') as f:
            f.write('audit: %s\n' % audit)
        p = kt('retain', '--json', '--policy-config', STARTER,
               '--policy-config', policy, log)
        assert p.returncode == want, p
    assert asked.Image(log).files == before


def a_hold_keeps(top):
    log = copy(top + '/whole', top + '/log')
    who = 'p:' + '1' * 32
    days = last_days(log, 4)
    plan = retain(log, days)[1]
    assert kt('hold', '--subject', who, 'm', log).returncode == 0
    assert retain(log, days)[1] == plan  # nobody of that name is in it
    path = log + '/seg/' + segments(log)[2]
    with open(path, 'rb') as f:
        data = f.read()
    os.chmod(path, 0o600)
    with open(path, 'wb') as f:  # not a log any more, but a plan is one
        f.write(data.replace(b'"id":"ada"', b'"id":"%s"' % who.encode()))
    code, told = retain(log, days)
    assert code == 0 and told['held'] and told['segments'] == 2, told
    with open(path, 'wb') as f:
        f.write(data)
    assert kt('hold', '--release', 'm', log).returncode == 0
    assert kt('hold', 'all', log).returncode == 0
    before = segments(log)
    code, told = retain(log, days, '--apply', '--below-minimum', 'x')
    assert code == 5 and told['held'] and not told['removed'], told
    assert segments(log) == before


t = tap.Tap()
with tempfile.TemporaryDirectory() as top:
    make(top + '/whole', 5)
    for sentence, test in (
            ('without --apply it is only told', only_told_at_first),
            ('what is gone is told, and the rest proves', the_rest_proves),
            ('what was kept elsewhere is compared', what_was_kept_elsewhere),
            ('what nothing tells of is missing', missing_without_a_word),
            ('what is left is still watched', changed_behind),
            ('a log goes on, and lets go of more', it_goes_on),
            ('nothing goes too early', too_early),
            ('a legal hold keeps segments', a_hold_keeps)):
        t.run(sentence, test, top)
JUDGE.close()
t.end()

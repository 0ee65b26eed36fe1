"""The attacks of kt-audit(5): each is named, or said not to be excluded.

KT_SEEDS is how many times each is tried, every time at another place.
"""
import base64
import hashlib
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
SEEDS = int(os.environ.get('KT_SEEDS', '12'))
JUDGE = asked.Judge()


# ---- what a thief can do with keys that are on the disk

def sign(seed, text):
    """Ed25519 as in RFC 8032."""
    def squeeze(p):
        z = pow(p[2], verifier.P - 2, verifier.P)
        x, y = p[0] * z % verifier.P, p[1] * z % verifier.P
        return (y | (x & 1) << 255).to_bytes(32, 'little')
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], 'little') & (1 << 254) - 8 | 1 << 254
    pub = squeeze(verifier.times(a, verifier.BASE))
    r = int.from_bytes(hashlib.sha512(h[32:] + text).digest(), 'little')
    big = squeeze(verifier.times(r % verifier.L, verifier.BASE))
    k = int.from_bytes(hashlib.sha512(big + pub + text).digest(), 'little')
    s = (r + k * a) % verifier.L
    return pub, big + s.to_bytes(32, 'little')


def line_of(name, seed, text):
    pub, sig = sign(seed, text)
    blob = bytes.fromhex(verifier.key_id(name, pub)) + sig
    return '\u2014 %s %s\n' % (name, base64.b64encode(blob).decode())


# ---- a log, taken apart

class Log:
    def __init__(self, folder):
        self.folder = folder
        self.segments = []
        for name in sorted(os.listdir(folder + '/seg')):
            with open(folder + '/seg/' + name, 'rb') as f:
                self.segments.append(f.read().splitlines(True))
        with open(folder + '/checkpoints', 'rb') as f:
            self.notes = verifier.notes_of(f.read())
        self.flat = [x for s in self.segments for x in s]
        self.size = len(self.flat)

    def write(self, flat=None, notes=None):
        """The lines back into segments of the same lengths."""
        flat = self.flat if flat is None else flat
        for k, lines in enumerate(self.segments):
            n = len(lines) if k + 1 < len(self.segments) else len(flat)
            with open('%s/seg/%012d.jsonl' % (self.folder, k), 'wb') as f:
                f.write(b''.join(flat[:n]))
            flat = flat[n:]
        if notes is not None:
            with open(self.folder + '/checkpoints', 'wb') as f:
                f.write(b''.join(x + b'\n' for x in notes))
            with open(self.folder + '/checkpoint', 'wb') as f:
                f.write(notes[-1])
        shutil.rmtree(self.folder + '/tile', ignore_errors=True)

    def text_of(self, note):
        return note.text + b'\n' + ''.join(
            x + '\n' for x in note.lines).encode()

    def key(self, name):
        with open(self.folder + '/key/' + name, 'rb') as f:
            return f.read()

    def sealed(self, note, text=None):
        """The note signed anew by the keys that are on the disk."""
        text = text or note.text
        name = note.origin.rsplit('/', 1)[0] + '/epoch'
        return text + b'\n' + (
            line_of(note.origin, self.key('log.key'), text) +
            line_of(name, self.key('epoch.key'), text)).encode()

    def matching(self, k):
        """The largest checkpoint that does not cover record k."""
        return max([n.size for n in self.notes if n.size <= k], default=0)

    def rewrite(self, k, **members):
        """Record k edited, with MEMBERS, and all that follows from it recomputed."""
        flat, tree, prev, roots = [], verifier.Tree(), '0' * 64, {}
        for i, line in enumerate(self.flat):
            r = json.loads(line)
            r['prev'] = prev
            if i == k:
                r['mono'] += 1
                r.update(members)
            line = json.dumps(r, ensure_ascii=False, sort_keys=True,
                              separators=(',', ':')).encode()
            leaf = verifier.sha(b'\0' + line)
            prev = leaf.hex()
            tree.step(leaf)
            roots[tree.size] = tree.root()
            flat.append(line + b'\n')
        notes = [
            self.text_of(n) if n.size <= k else self.sealed(
                n, ('%s\n%d\n%s\n' % (n.origin, n.size, base64.b64encode(
                    roots[n.size]).decode())).encode())
            for n in self.notes]
        self.write(flat, notes)


def verify(folder, known='', vkey=''):
    return JUDGE.ask(folder, known, vkey)


def found(folder, kind, index, since=None, **options):
    """The first bad record, and from where on it may be."""
    code, r = verify(folder, **options)
    bad = r.get('first_bad') or {}
    assert code == 1 and r['result'] == 'tampered', r
    assert bad['class'] == kind, (kind, index, bad)
    assert bad['from'] <= index <= bad['index'], (kind, index, bad)
    assert since in (None, bad['from']), (kind, since, bad)


def open_row(folder, row):
    code, r = verify(folder)
    assert code == 0 and r['result'] == 'intact', r
    assert row in [x['row'] for x in r['not_proven']], (row, r)


# ---- one function per attack: it changes the log and says what is found

def edit(log, rng):
    k = rng.randrange(log.size)
    r = json.loads(log.flat[k])
    r['mono'] += 1
    log.flat[k] = json.dumps(r, ensure_ascii=False, sort_keys=True,
                             separators=(',', ':')).encode() + b'\n'
    log.write()
    found(log.folder, 'edit', k)


def delete(log, rng):
    k = rng.randrange(log.size - 1)
    log.write(log.flat[:k] + log.flat[k + 1:])
    code, r = verify(log.folder)
    assert code == 1 and r['first_bad']['index'] == k, r
    # A record gone at a file's end may be a file that lacks its end.
    assert r['first_bad']['class'] in ('delete', 'missing-segment'), r


def double(log, rng):
    k = rng.randrange(log.size)
    log.write(log.flat[:k + 1] + log.flat[k:])
    found(log.folder, 'insert', k + 1)


def swap(log, rng):
    a, b = sorted(rng.sample(range(log.size), 2))
    log.flat[a], log.flat[b] = log.flat[b], log.flat[a]
    log.write()
    found(log.folder, 'reorder', a)


def drop_line_feed(log, rng):
    """The last of a file: the record is as it was, but no line any more."""
    ends = [sum(len(s) for s in log.segments[:k + 1])
            for k in range(len(log.segments) - 1)]
    k = rng.choice(ends) - 1
    log.flat[k] = log.flat[k][:-1]
    log.write()
    found(log.folder, 'canonical', k, since=k)
    index = str(k)
    for words, code in (['query', '--json', log.folder], 1), (
            ['show', '--json', log.folder, index], 0):
        p = subprocess.run([KT, 'audit', *words], capture_output=True,
                           check=False)
        assert p.returncode == code and log.flat[k] in p.stdout, (words, p)


def cut_unsigned_tail(log, rng):
    open_row(log.folder, 3)


def cut_signed_tail(log, rng):
    k = rng.randrange(1, log.size)
    log.write(log.flat[:k])
    found(log.folder, 'truncate', k)


def cut_all_together(log, rng):
    kept = rng.choice(log.notes[:-1])
    newest = log.text_of(log.notes[-1])
    notes = [log.text_of(n) for n in log.notes if n.size <= kept.size]
    log.write(log.flat[:kept.size], notes)
    if verify(log.folder)[0] == 0:  # else it ended inside an epoch's end
        open_row(log.folder, 5)
    with open(log.folder + '/kept', 'wb') as f:
        f.write(newest)
    found(log.folder, 'truncate', kept.size, known=log.folder + '/kept')


def cut_all_but_tiles(log, rng):
    """As above, by somebody who does not know what tiles are."""
    LONG.write(log.folder)
    log = Log(log.folder)
    tiles = log.folder + '/tile'
    kept = rng.choice([n for n in log.notes if n.size < 255])
    shutil.move(tiles, log.folder + '/kept')
    log.write(log.flat[:kept.size], [log.text_of(n) for n in log.notes
                                     if n.size <= kept.size])
    alone = verify(log.folder)[0]  # 1: it ended inside an epoch's end
    shutil.move(log.folder + '/kept', tiles)
    code, r = verify(log.folder)
    assert code == 1 and (alone or r['tiled'] >= 256), r
    if not alone:
        found(log.folder, 'truncate', kept.size, since=kept.size)
    try:
        verifier.Log(log.folder).check()
        raise AssertionError('the other verifier saw nothing')
    except verifier.Broken:
        pass
    if not alone:  # behind its checkpoint it may be a copy: only told
        shutil.move(tiles, log.folder + '/kept')
        log.write(log.flat[:kept.size + 1])
        shutil.move(log.folder + '/kept', tiles)
        code, r = verify(log.folder)
        assert code == 0 and 'tiles-ahead' in r['warnings'], r
        assert r['unsigned_tail'] == 1 and r['tiled'] >= 256, r
        a, b = (json.loads(log.flat[kept.size - n])['ts'] for n in (1, 0))
        assert a[:16] != b[:16] or r['unsigned_us'] == round(
            (float(b[17:-1]) - float(a[17:-1])) * 1e6), (a, b, r)
    os.remove(tiles + '/0/000')  # without them it is one of row 5
    if not alone:
        open_row(log.folder, 5)


def remove_newest(log, rng):
    """The file of the newest checkpoint, which the list has as well."""
    os.remove(log.folder + '/checkpoint')
    code, r = verify(log.folder)
    assert code == 0 and 'newest-checkpoint-missing' in r['warnings'], r
    assert r['size'] == verifier.Log(log.folder).check().size, r
    os.remove(log.folder + '/checkpoints')
    found(log.folder, 'signature', 0)


def remove_segment(log, rng):
    k = rng.randrange(len(log.segments))
    os.remove('%s/seg/%012d.jsonl' % (log.folder, k))
    first = sum(len(s) for s in log.segments[:k])
    found(log.folder, 'missing-segment' if k + 1 < len(log.segments)
          else 'truncate', first)


def remove_beginning(log, rng):
    """As retention does, without its record, or more than it told of."""
    ends = [sum(len(s) for s in log.segments[:k])
            for k in range(len(log.segments))]
    k = rng.randrange(1, len(ends))
    for n in range(k):
        os.remove('%s/seg/%012d.jsonl' % (log.folder, n))
    found(log.folder, 'missing-segment', 0)
    PRUNED.write(log.folder)
    seg = log.folder + '/seg/'
    code, r = verify(log.folder)
    assert code == 0 and r['pruned']['size'] == r['first'], r
    os.remove(seg + sorted(os.listdir(seg))[0])
    found(log.folder, 'missing-segment', r['first'])


def remove_log(log, rng):
    shutil.rmtree(log.folder)
    os.mkdir(log.folder)
    assert verify(log.folder)[0] == 3


def snapshot_and_fork(log, rng):
    """Two histories from one snapshot: keys, counters and all."""
    old = log.folder + '.old'
    shutil.copytree(log.folder, old)
    for folder, seed in (log.folder, 1), (old, 2):
        subprocess.run([MAKE, folder, str(seed), '30', '20000'], check=True)
    open_row(old, 8)
    open_row(old, 9)
    code, r = verify(old, known=log.folder + '/checkpoint')
    bad = r['first_bad']
    assert code == 1, r
    if bad['class'] == 'fork': # else the other is the longer one
        assert bad['from'] <= log.size <= bad['index'], (log.size, bad)
    else:
        assert bad['class'] == 'truncate' and bad['index'] == r['size'], r
    shutil.rmtree(old)


def rewrite_earlier_epoch(log, rng):
    keys = [i for i, x in enumerate(log.flat) if b'"type":"key"' in x]
    k = rng.randrange(1, keys[-1] - 1)
    log.rewrite(k)
    found(log.folder, 'key-out-of-epoch', k, since=log.matching(k))
    anew = Log(log.folder) # and without what he cannot sign
    anew.write(notes=[anew.text_of(n) for n in anew.notes
                      if n.size > keys[-1] + 1])
    found(log.folder, 'key-out-of-epoch', k, since=0)


def rewrite_current_epoch(log, rng):
    keys = [i for i, x in enumerate(log.flat) if b'"type":"key"' in x]
    newest = log.text_of(log.notes[-1])
    k = rng.randrange(keys[-1] + 1, log.size)
    log.rewrite(k)
    open_row(log.folder, 11)
    with open(log.folder + '/kept', 'wb') as f:
        f.write(newest)
    found(log.folder, 'fork', k, known=log.folder + '/kept')


def replace_all(log, rng):
    with open(log.folder + '/log.vkey') as f:
        pinned = f.read().strip()
    OTHER.write(log.folder)
    open_row(log.folder, 12)
    found(log.folder, 'key-replaced', 0, vkey=pinned)


def strip_signatures(log, rng):
    log.write(notes=[n.text + b'\n' for n in log.notes])
    found(log.folder, 'signature', 0)


def reseal_with_newer_key(log, rng):
    keys = [i for i, x in enumerate(log.flat) if b'"type":"key"' in x]
    last = keys[-1] + 1
    k = rng.choice([i for i, n in enumerate(log.notes) if n.size <= last])
    notes = [log.text_of(n) for n in log.notes]
    notes[k] = log.sealed(log.notes[k])
    log.write(notes=notes)
    found(log.folder, 'key-out-of-epoch',
          log.matching(log.notes[k].size - 1))
    breaks = verify(log.folder)[1]['breaks']
    assert len(breaks) == len({(b['class'], b['from']) for b in breaks}), breaks


def foreign_key(log, rng):
    k = rng.randrange(len(log.notes))
    notes = [log.text_of(n) for n in log.notes]
    n = log.notes[k]
    notes[k] = n.text + b'\n' + line_of(
        n.origin, rng.randbytes(32), n.text).encode()
    log.write(notes=notes)
    found(log.folder, 're-signed', log.matching(n.size - 1))


def drop_idle_time(log, rng):
    beats = [i for i, x in enumerate(log.flat) if b'heartbeat' in x]
    k = rng.choice(beats)
    log.write(log.flat[:k] + log.flat[k + 1:])
    code, r = verify(log.folder)
    assert code == 1 and r['first_bad']['index'] == k, r


def replay_other_gateway(log, rng):
    other = OTHER.files['seg/000000000000.jsonl'].splitlines(True)
    k = rng.randrange(1, log.size)
    line = other[rng.randrange(3, 9)]
    log.write(log.flat[:k] + [line] + log.flat[k:])
    found(log.folder, 'insert', k)


def rot(log, rng):
    k = rng.randrange(log.size - 1)
    line = bytearray(log.flat[k])
    line[rng.randrange(len(line) - 1)] ^= 1 << rng.randrange(8)
    log.flat[k] = bytes(line)
    log.write()
    found(log.folder, 'edit', k)


def change_tile(log, rng):
    LONG.write(log.folder)
    path = log.folder + '/tile/0/000'
    with open(path, 'r+b') as f:
        f.seek(rng.randrange(8192))
        old = f.read(1)[0]
        f.seek(-1, 1)
        f.write(bytes([old ^ 1]))
    found(log.folder, 'tile', 0)
    os.remove(path)  # a cache: absent is not changed
    assert verify(log.folder)[0] == 0


def respell(log, rng):
    """The log commits to a line that is not canonical: by the writer."""
    k = rng.randrange(log.size - 1)
    log.flat[k] = log.flat[k].replace(b'{', b'{ ', 1)
    log.write()
    found(log.folder, 'edit', k)


def another_version(log, rng):
    """A last record that is not known is no edit, unless it is one."""
    k = log.matching(log.size) - 1
    log.flat = log.flat[:k + 1]
    odd = log.flat[:-1] + [log.flat[-1].replace(b'kt-audit/1', b'kt-audit/9')]
    log.write(odd)
    found(log.folder, 'edit', k)
    log.rewrite(k, v='kt-audit/9')
    code, r = verify(log.folder)
    assert code == 3 and r['result'] == 'undecided', r


def times_and_omissions(log, rng):
    for row in 7, 16, 17, 18, 19:
        open_row(log.folder, row)


def guess_content(log, rng):
    """Who has a copy for others has no salt to try contents with."""
    shutil.rmtree(log.folder + '/key')
    code, r = verify(log.folder)
    assert code == 0 and r['result'] == 'intact', r


def write_to_the_terminal(log, rng):
    """Names with escapes, and such as turn text round."""
    if rng.randrange(max(1, SEEDS // 3)):
        return  # a process each: three are enough
    for words in (['query'], ['query', '--format', 'csv'],
                  ['tail', '-n', '30'], ['show'], ['verify']):
        argv = [KT, 'audit', *words, log.folder]
        if words == ['show']:
            argv.append(str(rng.randrange(log.size)))
        p = subprocess.run(argv, capture_output=True, check=False)
        odd = [c for c in p.stdout + p.stderr
               if not (32 <= c < 127 or c == 10)]
        assert p.returncode == 0 and not odd, (words, p)
    lie = '<b>\u202e\u009b2J\r\x1b]0;'
    for i, name in (0, 'ts'), (1, 'origin'), (log.size - 1, 'ts'):
        record = json.loads(log.flat[i])
        record[name] = lie
        log.flat[i] = json.dumps(
            record, ensure_ascii=False, sort_keys=True,
            separators=(',', ':')).encode() + b'\n'
    log.write(notes=[lie.encode() + log.text_of(n) for n in log.notes])
    for gone in (), ('checkpoint', 'checkpoints'):  # then records name it
        for name in gone:
            os.unlink(os.path.join(log.folder, name))
        for words in (['verify'], ['report', '--framework', 'soc2'],
                      ['report', '--framework', 'soc2', '--format', 'html']):
            p = subprocess.run([KT, 'audit', *words, log.folder],
                               capture_output=True, check=False)
            odd = [c for c in p.stdout + p.stderr
                   if not (32 <= c < 127 or c == 10)]
            assert p.returncode == 1 and not odd, (words, p)
            assert words == ['verify'] or b'<b>' not in p.stdout, p


def harm_the_reader(log, rng):
    """A hostile log ends in a verdict, and nothing is written."""
    name = rng.choice(['seg/000000000000.jsonl', 'checkpoints', 'checkpoint',
                       'log.vkey'])
    with open(os.path.join(log.folder, name), 'rb') as f:
        data = f.read()
    at = rng.randrange(len(data))
    junk = rng.choice([
        b'[' * 70000, b'{"a":' * 9000, b'"' + b'a' * 200000,
        rng.randbytes(3000), b'\0' * 65536, b'\n' * 5000, b'9' * 400,
        '\u2014 x AAAA\n'.encode() * 3000, b'\xff\xfe' * 100,
        b'{"i":18446744073709551616}\n', b'\\u0000' * 50])
    with open(os.path.join(log.folder, name), 'wb') as f:
        f.write(data[:at] + junk + data[at:])
    before = asked.Image(log.folder).files
    code, r = verify(log.folder)
    assert code in (1, 3), (name, at, r)
    assert asked.Image(log.folder).files == before


ATTACKS = [edit, delete, double, swap, drop_line_feed, cut_unsigned_tail,
           cut_signed_tail, cut_all_together, cut_all_but_tiles, remove_newest,
           remove_segment, remove_beginning, remove_log, snapshot_and_fork,
           rewrite_earlier_epoch, rewrite_current_epoch, replace_all,
           strip_signatures, reseal_with_newer_key, foreign_key,
           drop_idle_time, replay_other_gateway, rot, change_tile, respell,
           another_version, times_and_omissions, guess_content,
           write_to_the_terminal, harm_the_reader]


def attack(image, folder, how):
    for seed in range(SEEDS):
        image.write(folder)
        try:
            how(Log(folder), random.Random('%s %d' % (how.__name__, seed)))
        except AssertionError as e:
            raise AssertionError('seed %d: %s' % (seed, e)) from e


t = tap.Tap()
with tempfile.TemporaryDirectory() as top:
    whole = os.path.join(top, 'whole')
    subprocess.run([MAKE, whole, '5', '70', '16000'], check=True)
    image = asked.Image(whole)
    subprocess.run([MAKE, top + '/long', '6', '300', '100000'], check=True)
    subprocess.run([MAKE, top + '/other', '99', '40', '20000'], check=True)
    subprocess.run([MAKE, top + '/old', '7', '200', '20000'], check=True,
                   env=dict(os.environ, KT_LOG_DAYS='500'))
    subprocess.run([KT, 'audit', 'retain', '--days', '250', '--apply',
                    top + '/old'], check=True, capture_output=True)
    LONG, OTHER, PRUNED = (asked.Image(top + name)
                           for name in ('/long', '/other', '/old'))
    for how in ATTACKS:
        shutil.rmtree(top + '/log.old', ignore_errors=True)
        t.run('attack: ' + how.__name__.replace('_', ' '), attack, image,
              os.path.join(top, 'log'), how)
JUDGE.close()
t.end()

"""A second verifier of kt-audit/1, written from kt-audit(5) alone.

Standard library only.  It says whether a log is what its checkpoints commit
to and whose they are; it does not tell what kind of tampering it sees.

    python3 verifier.py DIR [VKEY]
"""
import base64
import functools
import hashlib
import json
import os
import re
import sys


class Broken(Exception):
    """The log is not what it should be."""


def sha(data):
    return hashlib.sha256(data).digest()


# Ed25519, RFC 8032, section 6 (verification only).
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P)
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


@functools.lru_cache(64)
def doubled(point):
    """The point, twice it, four times it: the same few keys come again."""
    out = [point]
    for _ in range(255):
        out.append(add(out[-1], out[-1]))
    return out


def times(n, point):
    out = (0, 1, 1, 0)
    for k, power in enumerate(doubled(point)):
        if n >> k & 1:
            out = add(out, power)
    return out


def point_of(data):
    y = int.from_bytes(data, 'little')
    x = recover_x(y & (1 << 255) - 1, y >> 255)
    y &= (1 << 255) - 1
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


@functools.lru_cache(4096)
def is_signed(pub, text, sig):
    a, r = point_of(pub), point_of(sig[:32])
    s = int.from_bytes(sig[32:], 'little')
    if a is None or r is None or s >= L:
        return False
    h = hashlib.sha512(sig[:32] + pub + text).digest()
    x = times(s, BASE)
    y = add(r, times(int.from_bytes(h, 'little') % L, a))
    return ((x[0] * y[2] - y[0] * x[2]) % P == 0 and
            (x[1] * y[2] - y[1] * x[2]) % P == 0)


# ---- canonical form

def no_twins(pairs):
    names = [name for name, _ in pairs]
    if names != sorted(set(names)) or not all(
            re.fullmatch(r'[ !#-\[\]-\x7f]*', x) for x in names):
        raise Broken('names')
    return dict(pairs)


def whole(text):
    n = int(text)
    if not 0 <= n < 2**53 or text != str(n):
        raise Broken('number')
    return n


def refuse(_):
    raise Broken('number')


def depth(value):
    if isinstance(value, (dict, list)):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, inner), default=0)
    return 0


def record_of(line):
    if len(line) > 32768:
        raise Broken('length')
    try:
        text = line.decode()
        r = json.loads(text, object_pairs_hook=no_twins, parse_int=whole,
                       parse_float=refuse, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Broken('not JSON') from None
    again = json.dumps(r, ensure_ascii=False, separators=(',', ':'))
    if not isinstance(r, dict) or again != text or depth(r) > 16:
        raise Broken('not canonical')
    for name, form in (('v', str), ('i', int), ('prev', str), ('type', str),
                       ('ts', str), ('mono', int), ('boot', str),
                       ('clk', dict), ('origin', str)):
        if not isinstance(r.get(name), form):
            raise Broken('envelope')
    if not re.fullmatch('[0-9a-f]{64}', r['prev']):
        raise Broken('prev')
    if r['v'] != 'kt-audit/1':
        raise Broken('version')
    return r


# ---- tree

class Tree:
    """The roots of the perfect subtrees, smallest last."""

    def __init__(self):
        self.size, self.parts = 0, []

    def step(self, leaf):
        n = self.size
        while n & 1:
            leaf = sha(b'\1' + self.parts.pop() + leaf)
            n >>= 1
        self.parts.append(leaf)
        self.size += 1

    def root(self):
        if not self.parts:
            return sha(b'')
        out = self.parts[-1]
        for part in reversed(self.parts[:-1]):
            out = sha(b'\1' + part + out)
        return out


# ---- notes

def key_of(text):
    name, digits, blob = text.removesuffix('\n').split('+', 2)
    blob = base64.b64decode(blob, validate=True)
    if len(blob) != 33 or blob[0] != 1 or digits != key_id(name, blob[1:]):
        raise Broken('vkey')
    return name, blob[1:]


def key_id(name, pub):
    return sha(name.encode() + b'\n\1' + pub)[:4].hex()


def check_line(lines, name, pub, text):
    """At least one good line under this name, and no other under it."""
    found = False
    for line in lines:
        parts = line.split(' ')
        if len(parts) != 3 or parts[0] != '\u2014':
            raise Broken('signature line')
        if parts[1] != name:
            continue
        blob = base64.b64decode(parts[2], validate=True)
        if base64.b64encode(blob).decode() != parts[2] or len(blob) != 68:
            raise Broken('signature')
        if blob[:4].hex() == key_id(name, pub):
            if not is_signed(pub, text, blob[4:]):
                raise Broken('signature')
            found = True
    if not found:
        raise Broken('no signature by ' + name)


class Note:
    def __init__(self, data):
        try:
            text, tail = data.decode().split('\n\n')
            self.origin, size, root = text.split('\n')
            self.lines = tail.split('\n')[:-1]
            self.root = base64.b64decode(root, validate=True)
            self.size = int(size)
        except ValueError:
            raise Broken('checkpoint') from None
        if (str(self.size) != size or not data.endswith(b'\n') or
                base64.b64encode(self.root).decode() != root):
            raise Broken('checkpoint')
        self.text = (text + '\n').encode()


def notes_of(data):
    """Notes, each followed by one empty line; a torn last one is dropped."""
    out, at = [], 0
    while True:
        middle = data.find(b'\n\n', at)
        end = data.find(b'\n\n', middle + 2) if middle >= 0 else -1
        if end < 0:
            return out
        out.append(Note(data[at:end + 1]))
        at = end + 2


# ---- a log

class Log:
    def __init__(self, folder, pinned=None):
        def read(name):
            path = os.path.join(folder, name)
            if not os.path.exists(path):
                return b''
            with open(path, 'rb') as f:
                return f.read()
        self.vkey = read('log.vkey').decode('utf-8', 'replace')
        self.newest = read('checkpoint')
        self.list = read('checkpoints')
        self.folder = folder
        self.pinned = pinned
        self.segments = []
        seg = os.path.join(folder, 'seg')
        for name in sorted(os.listdir(seg)):
            if re.fullmatch(r'\d{12}\.jsonl', name):
                self.segments.append((int(name[:12]), read('seg/' + name)))

    def lines(self):
        for k, (number, data) in enumerate(self.segments):
            if number != k + self.segments[0][0]:
                raise Broken('segment missing')
            lines = data.split(b'\n')
            torn = lines.pop()
            if torn and k + 1 < len(self.segments):
                raise Broken('line without end')
            yield from lines

    def check_note(self, note, tree, epoch):
        if note.origin != self.origin:
            raise Broken('origin')
        if note.size != tree.size or note.root != tree.root():
            raise Broken('root')
        check_line(note.lines, note.origin, self.pub, note.text)
        check_line(note.lines, self.name + '/epoch', epoch, note.text)

    def begin(self):
        """What is known where a log begins: here, or behind what is gone."""
        self.gone = (0, '')
        self.told = None
        if not self.segments or self.segments[0][0] == 0:
            return Tree(), '0' * 64
        r = record_of(self.segments[0][1].split(b'\n')[0])
        if r['type'] != 'segment' or r['size'] != r['i']:
            raise Broken('segment missing')
        tree = Tree()
        tree.size = r['size']
        tree.parts = [bytes.fromhex(x) for x in r['frontier']]
        if (len(tree.parts) != bin(tree.size).count('1') or
                tree.root().hex() != r['root']):
            raise Broken('frontier')
        self.gone = (tree.size, r['root'])
        self.origin = r['origin']
        self.name = self.origin.rsplit('/', 1)[0]
        self.pub = key_of(self.pinned or self.vkey)[1]
        if self.vkey and key_of(self.vkey)[1] != self.pub:
            raise Broken('log.vkey')
        self.epoch = key_of(r['epoch_vkey'])[1]
        return tree, r['prev']

    def check_gone(self):
        """No record is gone that none tells of."""
        size, root = self.gone
        if size and (not self.told or self.told[0] < size or
                     (self.told[0] == size and self.told[1] != root)):
            raise Broken('segment missing')

    def check_early(self, note):
        """Of a size whose last record is gone: whose it is."""
        if note.origin != self.origin:
            raise Broken('origin')
        check_line(note.lines, note.origin, self.pub, note.text)

    def has_tile(self, n):
        """Whether there is a full one of level 0."""
        groups = ['%03d' % (n % 1000)]
        while n >= 1000:
            n //= 1000
            groups.insert(0, 'x%03d' % (n % 1000))
        return os.path.exists(os.path.join(self.folder, 'tile/0', *groups))

    def learn(self, r):
        if r['i'] == 0:
            self.name = r['origin']
            name, self.pub = key_of(r['vkey'])
            if name != self.name:
                raise Broken('vkey')
            self.epoch = key_of(r['epoch_vkey'])[1]
            if self.vkey and key_of(self.vkey)[1] != self.pub:
                raise Broken('log.vkey')
            if self.pinned and key_of(self.pinned)[1] != self.pub:
                raise Broken('pinned key')
        elif r['origin'] != self.origin:
            raise Broken('origin')

    def check(self):
        """The tree, where everything is as it should be."""
        try:
            return self.check_all()
        except (ValueError, KeyError) as e:  # a key, base64 or a number
            raise Broken(str(e)) from e

    def check_all(self):
        self.notes = notes_of(self.list)
        notes = list(self.notes)
        tree, prev = self.begin()
        while notes and tree.size and notes[0].size <= tree.size:
            if notes[0].size == tree.size and notes[0].root != tree.root():
                raise Broken('root')
            self.check_early(notes.pop(0))
        for line in self.lines():
            r = record_of(line)
            if r['i'] != tree.size or r['prev'] != prev:
                raise Broken('chain')
            self.learn(r)
            leaf = sha(b'\0' + line)
            if r['i'] == 0:
                self.origin = self.name + '/' + leaf.hex()[:32]
            tree.step(leaf)
            prev = leaf.hex()
            closes = r['type'] == 'key' and bool(notes)
            while notes and notes[0].size == tree.size:
                self.check_note(notes.pop(0), tree, self.epoch)
                closes = False
            if notes and notes[0].size < tree.size:
                raise Broken('checkpoints out of order')
            if r['type'] == 'key':
                if closes:
                    raise Broken('epoch not closed')
                self.epoch = key_of(r['epoch_vkey'])[1]
            if r['type'] == 'retention' and r['size'] <= r['i']:
                self.told = max(self.told or (0,), (r['size'], r['root']))
            if (r['type'] == 'segment' and
                    key_of(r['epoch_vkey'])[1] != self.epoch):
                raise Broken('epoch of a segment')
        if notes:
            raise Broken('truncated')
        self.check_gone()
        if not self.notes or self.newest and self.newest != (
                self.notes[-1].text + b'\n' +
                ''.join(x + '\n' for x in self.notes[-1].lines).encode()):
            raise Broken('newest checkpoint')
        if self.notes[-1].size == tree.size and self.has_tile(tree.size >> 8):
            raise Broken('a tile of records that are not there')
        return tree


def main():
    try:
        tree = Log(sys.argv[1], *sys.argv[2:3]).check()
    except Broken as e:
        print('TAMPERED', e)
        return 1
    print('intact', tree.size, tree.root().hex())
    return 0


if __name__ == '__main__':
    sys.exit(main())

"""What is exported is checked by the commands of its README, and no others."""
import base64
import datetime
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import tarfile
import tempfile

import asked
import tap

KT = os.path.join(tap.BUILDDIR, 'kt')
MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')


def export(whole, out, *options):
    return subprocess.run([KT, 'audit', 'export', '--out', out, *options,
                           whole], text=True, capture_output=True,
                          check=False)


def commands(folder):
    with open(folder + '/README.md') as f:
        blocks = re.findall('^```sh\n(.*?)^```', f.read(), re.M | re.S)
    assert len(blocks) == 5, blocks
    return ''.join(blocks)


def run(folder):
    return subprocess.run(['sh', '-e'], input=commands(folder), text=True,
                          cwd=folder, capture_output=True, check=False)


def by_hand(whole, top):
    """Sizes with full tiles, partial ones, and records at every edge."""
    for k, options in enumerate((['--from', '5', '--to', '9'], [],
                                 ['--from', '255'], ['--from', '256'],
                                 ['--from', '511', '--to', '513'],
                                 ['--from', '600'])):
        out = '%s/out.%d' % (top, k)
        p = export(whole, out, *options)
        assert p.returncode == 0, p
        index = int(options[1]) if options else 0
        p = run(out)
        assert p.returncode == 0, p
        assert 'Signature Verified' in p.stdout, p
        assert 'record %d is in' % index in p.stdout, p


def by_kt(whole, top):
    out = top + '/out'
    assert export(whole, out, '--from', '300').returncode == 0
    with open(whole + '/log.vkey') as f:
        key = f.read().strip()
    with open(out + '/README.md') as f:
        line = re.search('^```kt\n(.*?)\n```', f.read(), re.M).group(1)
    p = subprocess.run(['sh', '-c', line], cwd=out, text=True, check=False,
                       capture_output=True, env={
                           'PATH': tap.BUILDDIR + ':/usr/bin:/bin',
                           'KEY': key})
    assert p.returncode == 0 and 'RESULT intact' in p.stdout, p


def a_change_shows(whole, top):
    """By another command each: sum, signature, tree."""
    out = top + '/changed'
    assert export(whole, out, '--from', '300').returncode == 0
    image = asked.Image(out)
    segment = [n for n, data in image.files.items()
               if n.startswith('seg/') and b'"i":300,' in data][0]
    lines = image.files[segment].splitlines(True)
    k = [i for i, x in enumerate(lines) if b'"i":300,' in x][0]
    changed = lines[k].replace(b'"mono":1', b'"mono":2')
    changed = changed if changed != lines[k] else lines[k].replace(
        b'"mono":', b'"mono":1')
    for name, data in ((segment, b''.join(
            lines[:k] + [changed] + lines[k + 1:])),
            ('checkpoint', image.files['checkpoint'].replace(b'/', b'_', 1)),
            ('tile/0/001', b'\0' * 8192)):
        for resum in False, True:
            image.write(out)
            with open(os.path.join(out, name), 'wb') as f:
                f.write(data)
            if resum:  # by who can change one thing, and so another
                subprocess.run("find seg tile check* log.vkey README.md "
                               "manifest.json -type f -exec sha256sum {} + "
                               ">SHA256SUMS", shell=True, cwd=out, check=True)
            p = run(out)
            assert p.returncode != 0, (name, resum, p)


def same_bytes(whole, top):
    """Twice, and where the tiles have to be made from the records."""
    bare = top + '/bare'
    shutil.copytree(whole, bare)
    shutil.rmtree(bare + '/tile')
    for k, source in enumerate((whole, whole, bare)):
        out = '%s/same.%d' % (top, k)
        assert export(source, out, '--from', '300').returncode == 0
    a, b, c = (asked.Image('%s/same.%d' % (top, k)).files for k in range(3))
    assert a == b == c


def an_archive_is_the_folder(whole, top):
    """Read by others: their files are those of the folder, byte for byte."""
    out, tar = top + '/as.folder', top + '/as.tar'
    assert export(whole, out, '--from', '300').returncode == 0
    p = export(whole, tar, '--from', '300', '--json')
    told = json.loads(p.stdout)
    assert p.returncode == 0 and told['file'] == tar, p
    with tarfile.open(tar) as t:
        files = {m.name.split('/', 1)[1]: (m, t.extractfile(m).read())
                 for m in t.getmembers()}
        tops = {m.name.split('/')[0] for m in t.getmembers()}
    assert {n: d for n, (_, d) in files.items()} == asked.Image(out).files
    assert tops == {'%s-%d-%d' % (told['origin'].split('/')[-1],
                                  told['first'], told['size'] - 1)}, tops
    with open(whole + '/checkpoint') as f:
        assert f.readline().strip() == told['origin']
    last = json.loads(b''.join(d for n, (_, d) in sorted(files.items())
                               if n.startswith('seg/')).splitlines()[-1])
    when = datetime.datetime.fromisoformat(
        last['ts'].replace('Z', '+00:00')).timestamp()
    for m, _ in files.values():
        assert m.isreg() and (m.uid, m.gid, m.uname, m.gname, m.mode) == (
            0, 0, '', '', 0o644) and m.mtime == int(when), m.get_info()
    for reader in ('tar', 'bsdtar'):
        if shutil.which(reader) is None:
            continue
        at = '%s/by.%s' % (top, reader)
        os.mkdir(at)
        p = subprocess.run([reader, '-xf', tar, '-C', at], text=True,
                           capture_output=True, check=False)
        assert p.returncode == 0 and p.stderr == '', p
        at = os.path.join(at, tops.pop())
        tops = {os.path.basename(at)}
        assert asked.Image(at).files == asked.Image(out).files
        assert run(at).returncode == 0


def an_archive_has_the_same_bytes(whole, top):
    archives = []
    for k in range(2):
        tar = '%s/same.%d.tar' % (top, k)
        assert export(whole, tar).returncode == 0
        with open(tar, 'rb') as f:
            archives.append(f.read())
    assert archives[0] == archives[1]
    folder = top + '/same'
    assert export(whole, folder).returncode == 0
    for there in (tar, folder):
        p = export(whole, there)
        assert p.returncode == 3 and 'is there already' in p.stderr, p
    assert export(whole, '-').returncode == 2


def an_archive_is_whole_or_not_there(whole, top):
    """As on a disk that is full: no file may be longer than that."""
    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))
    where = top + '/full'
    os.mkdir(where)
    p = subprocess.run([KT, 'audit', 'export', '--out', where + '/x.tar',
                        whole], text=True, capture_output=True, check=False,
                       preexec_fn=full, restore_signals=False)
    assert p.returncode == 3 and 'cannot append' in p.stderr, p
    assert os.listdir(where) == [], os.listdir(where)


def h(data):
    return hashlib.sha256(data).digest()


def root_of(leaves):
    """As RFC 6962 defines it."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return h(b'\1' + root_of(leaves[:k]) + root_of(leaves[k:]))


def bundles(folder):
    """By number: the entries of each, read as C2SP tlog-tiles says."""
    out = {}
    for name, data in asked.Image(folder).files.items():
        m = re.fullmatch('tile/entries/((?:x[0-9]{3}/)*[0-9]{3})'
                         r'(?:\.p/([0-9]+))?', name)
        if m is None:
            assert 'entries' not in name, name
            continue
        entries, at = [], 0
        while at < len(data):
            n = int.from_bytes(data[at:at + 2], 'big')
            entries.append(data[at + 2:at + 2 + n])
            assert len(entries[-1]) == n, name
            at += 2 + n
        assert len(entries) == int(m.group(2) or 256), name
        out[int(re.sub('[x/]', '', m.group(1)))] = (m.group(), entries)
    return dict(sorted(out.items()))


def bundles_are_the_tree(whole, top):
    out = top + '/bundles'
    assert export(whole, out, '--entries').returncode == 0
    found = bundles(out)
    leaves = []
    for k, (name, entries) in found.items():
        leaves += [h(b'\0' + e) for e in entries]
        with open(os.path.join(out, name.replace('entries', '0')), 'rb') as f:
            assert f.read() == b''.join(leaves[256 * k:]), name
    with open(out + '/checkpoint') as f:
        _, size, root = f.read().split('\n')[:3]
    assert len(leaves) == int(size) > 512 and list(found) == [
        *range(len(found))], (size, found.keys())
    assert root_of(leaves) == base64.b64decode(root)
    assert run(out).returncode == 0  # they are in SHA256SUMS
    # Of a part, those that are whole in it.
    p = export(whole, out + '.2', '--from', '300', '--entries', '--json')
    first, size = (json.loads(p.stdout)[k] for k in ('first', 'size'))
    part = bundles(out + '.2')
    assert list(part) == list(range(-(-first // 256), -(-size // 256))), part
    assert 0 < first and part and all(
        found[k][1][:len(e)] == e for k, (_, e) in part.items()), p
    assert export(whole, out + '.3').returncode == 0
    assert not bundles(out + '.3')


def what_retention_left(_, top):
    """Begins with its first record; one before it is not asked for."""
    log, out = top + '/left', top + '/left.out'
    subprocess.run([MAKE, log, '8', '300', '30000'], check=True,
                   env={**os.environ, 'KT_LOG_DAYS': '900'})
    p = subprocess.run([KT, 'audit', 'retain', '--days', '700', '--apply',
                        log], capture_output=True, text=True, check=False)
    assert p.returncode == 0 and 'were removed' in p.stdout, p
    p = export(log, out, '--json')
    first = json.loads(p.stdout)['first']
    assert p.returncode == 0 and first > 0, p
    p = run(out)
    assert p.returncode == 0 and 'record %d is in' % first in p.stdout, p
    for words in (['export', '--out', out + '.no', '--from', '1', log],
                  ['show', log, '1'], ['prove', '--out', top, log, '1']):
        p = subprocess.run([KT, 'audit', *words], capture_output=True,
                           text=True, check=False)
        assert p.returncode == 3 and p.stderr == (
            'kt: record 1 is gone: the log begins with record %d\n'
            % first), p
    assert not os.path.exists(out + '.no')
    p = subprocess.run([KT, 'audit', 'query', log], capture_output=True,
                       text=True, check=False)
    assert '; [%d, ' % first in p.stderr, p


def only_what_is_intact(whole, top):
    bad = top + '/bad'
    shutil.copytree(whole, bad)
    subprocess.run(['chmod', '-R', 'u+w', bad], check=True)
    with open(bad + '/seg/000000000000.jsonl', 'r+b') as f:
        f.write(b'[')
    p = export(bad, top + '/none', '--to', '3')
    assert p.returncode == 1 and not os.path.exists(top + '/none'), p
    assert export(whole, top + '/same.0').returncode == 3  # there already
    assert export(whole, top + '/more', '--from', '9999').returncode == 3
    p = subprocess.run([KT, 'audit', 'export', whole], check=False,
                       capture_output=True)
    assert p.returncode == 2, p


t = tap.Tap()
with tempfile.TemporaryDirectory() as top:
    whole = os.path.join(top, 'whole')
    subprocess.run([MAKE, whole, '8', '700', '120000'], check=True)
    for sentence, test in (
            ('the commands of the README check a record', by_hand),
            ('and so does kt, given the key', by_kt),
            ('whatever is changed, one of them fails', a_change_shows),
            ('the same log gives the same bytes', same_bytes),
            ('an archive unpacks to what the folder is',
             an_archive_is_the_folder),
            ('an archive has the same bytes each time',
             an_archive_has_the_same_bytes),
            ('on a full disk there is no half of an archive',
             an_archive_is_whole_or_not_there),
            ('bundles of records hash to the tree', bundles_are_the_tree),
            ('so it is of what retention left', what_retention_left),
            ('only what is intact is handed on', only_what_is_intact)):
        t.run(sentence, test, whole, top)
t.end()

"""Evidence is gathered in a real PostgreSQL, and judged from there."""
import json
import os
import shutil
import socket
import subprocess
import tempfile

import gateway
import postgres
import tap

KT = gateway.KT
MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')
SHIP = {'audit': {'ship': {'postgres': {'env': 'FLEET'}}},
        'pack': {'name': 'test'}, 'auth': {'mode': 'none'},
        'policies': {'chain': ['audit-logger']},
        'providers': {'targets': [{'id': 'off', 'provider': 'offline'}]}}


def start(pg, folder=None):
    args = ['--audit-dir', folder] if folder else []
    gw = gateway.Gateway(json.dumps(SHIP), env={'FLEET': pg.url}, args=args,
                         audit_dir=folder is None)
    gw.audit = folder or gw.audit
    return gw


def kt(*words):
    return subprocess.run([KT, 'audit', *words], text=True, check=False,
                          capture_output=True)


def verify(pg, *options):
    p = kt('verify', '--json', '--postgres', pg.url, *options)
    return p.returncode, [json.loads(x) for x in p.stdout.splitlines()]


def call(gw):
    body = json.dumps({'model': 'm', 'max_tokens': 9, 'messages': [
        {'role': 'user', 'content': 'hello \\ \t there'}]})
    p = subprocess.run(['curl', '-sS', '--max-time', '%d' % tap.PATIENCE, '-d', body, '-H',
                        'content-type: application/json',
                        gw.url + '/v1/messages'], capture_output=True,
                       text=True, check=False)
    assert p.returncode == 0 and '"content"' in p.stdout, p


def lines(folder):
    out = []
    for name in sorted(os.listdir(folder + '/seg')):
        with open(os.path.join(folder, 'seg', name)) as f:
            out += f.read().splitlines()
    return out


def is_all_there(pg, folder):
    return pg.sql('SELECT count(*) FROM kt_record') == str(len(lines(folder)))


def origin_of(folder):
    with open(folder + '/log.vkey') as f:
        return f.read().split('+')[0]


def a_log_from_before(pg, top):
    """With records of every odd spelling; it is all there, byte for byte."""
    folder = top + '/log'
    name = ''.join(c for c in socket.gethostname()
                   if c.isascii() and (c.isalnum() or c == '-'))
    subprocess.run([MAKE, folder, '4', '3000', '200000', name or 'gateway'],
                   check=True)
    gw = start(pg, folder)
    try:
        tap.eventually(lambda: pg.sql(
            "SELECT to_regclass('kt_record')") == 'kt_record', 'tables')
        tap.eventually(lambda: is_all_there(pg, folder), 'all records')
    finally:
        assert gw.end() == 0, gw.told()
    assert is_all_there(pg, folder)
    got = pg.sql('SELECT line FROM kt_record ORDER BY i')
    assert got.splitlines() == lines(folder)
    with open(folder + '/checkpoints') as f:
        notes = f.read()
    got = pg.sql("SELECT note FROM kt_checkpoint ORDER BY at")
    assert got.replace('\n', '') == notes.replace('\n', '')


def from_the_database_alone(pg, top):
    folder = top + '/log'
    with open(folder + '/log.vkey') as f:
        key = f.read().strip()
    code, (r,) = verify(pg, '--vkey', key)
    _, (own,) = 0, [json.loads(kt('verify', '--json', '--vkey', key,
                                  folder).stdout)]
    assert code == 0 and r['result'] == 'intact' and r['key']['pinned'], r
    for name in ('origin', 'size', 'records', 'checkpoints', 'key',
                 'durability', 'unsigned_tail', 'not_proven'):
        assert r[name] == own[name], (name, r, own)
    assert r['unsigned_tail'] == 0
    code, _ = verify(pg, '--origin', 'nobody/*')
    assert code == 3


def a_change_there(pg, top):
    """Each is told as it is in files."""
    origin = origin_of(top + '/log')
    n = int(pg.sql('SELECT count(*) FROM kt_record'))
    where = "WHERE origin = '%s' AND " % origin
    for kind, index, sql in (
            ('edit', 700, "UPDATE kt_record SET line = replace(line, "
             "'\"mono\":', '\"mono\":1') " + where + 'i = 700'),
            ('delete', 800, 'DELETE FROM kt_record ' + where + 'i = 800'),
            ('truncate', n - 5,
             'DELETE FROM kt_record ' + where + 'i >= %d' % (n - 5)),
            ('signature', None, "UPDATE kt_checkpoint SET note = left(note, "
             "length(note) - 10) || 'AAAAAAAA=' || chr(10) " + where +
             'size > %d' % (n // 2)),
            ('key-replaced', 0, "UPDATE kt_log SET vkey = replace(vkey, "
             "'+A', '+B')")):
        pg.sql('DROP DATABASE IF EXISTS kept')
        pg.sql('CREATE DATABASE kept TEMPLATE postgres')
        pg.sql(sql)
        code, (r,) = verify(pg)
        assert code == 1 and r['first_bad']['class'] == kind, (kind, r)
        assert index in (None, r['first_bad']['index']), (kind, r)
        for table in 'kt_checkpoint', 'kt_record', 'kt_log':
            pg.sql('TRUNCATE %s CASCADE' % table)
        for table in 'kt_log', 'kt_record', 'kt_checkpoint':
            path = os.path.join(pg.folder, table)
            pg.sql("\\copy %s TO '%s'" % (table, path), db='kept')
            pg.sql("\\copy %s FROM '%s'" % (table, path))
        assert verify(pg)[0] == 0


def a_query(pg, top):
    """Gives what the directory gives."""
    for options in (['--decision', 'block'], ['--principal', 'ada'],
                    ['--type', 'key'], ['--limit', '7']):
        a = kt('query', '--format', 'json', *options, top + '/log')
        b = kt('query', '--format', 'json', *options, '--postgres', pg.url)
        assert a.returncode == b.returncode == 0, (a, b)
        assert a.stdout and a.stdout == b.stdout, options
    assert pg.sql("SELECT count(*) FROM kt_record WHERE principal = 'ada'"
                  ) == str(len(kt('query', '--format', 'json', '--principal',
                                  'ada', top + '/log').stdout.splitlines()))


def an_outage(pg, top):
    """Calls are answered without the database; then it catches up, once."""
    folder = top + '/live'
    os.mkdir(folder)
    with tempfile.NamedTemporaryFile('w') as url:
        url.write(pg.url + '\n')
        url.flush()
        pg.sql('TRUNCATE kt_log CASCADE')
        gw = start(pg, folder)
        try:
            for _ in range(3):
                call(gw)
            tap.eventually(lambda: int(pg.sql(
                "SELECT count(*) FROM kt_record WHERE type = 'call'")) == 3,
                'three calls')
            pg.stop()
            for _ in range(5):
                call(gw)
            tap.eventually(lambda: 'kt: evidence: PostgreSQL' in gw.told(),
                           'a word')
            gw.end(force=True)  # killed with calls that are not shipped
            gw.again()
            call(gw)
            pg.start()
            call(gw)
            tap.eventually(lambda: pg.sql(
                "SELECT count(*) FROM kt_record WHERE type = 'call'"
                ) == '10', 'ten calls')
        finally:
            code = gw.end()
        assert code == 0, gw.told()
        assert is_all_there(pg, folder)
        assert pg.url not in gw.told()
        code, (r,) = verify(pg)
        assert code == 0 and r['records']['call'] == 10, r
        p = kt('verify', '--postgres', url.name)
        assert p.returncode == 0 and 'RESULT intact' in p.stdout, p


def another_history(pg, top):
    """Of a log that was put back: nothing is added to it, and it is said."""
    folder, old = top + '/live', top + '/old'
    shutil.copytree(folder, old)
    gw = start(pg, folder)
    try:
        call(gw)
        tap.eventually(lambda: is_all_there(pg, folder), 'all records')
    finally:
        assert gw.end() == 0
    n = pg.sql('SELECT count(*) FROM kt_record')
    gw = start(pg, old)
    try:
        for _ in range(8):
            call(gw)
        tap.eventually(lambda: 'another record' in gw.told(), 'a word')
    finally:
        assert gw.end() == 0
    assert pg.sql('SELECT count(*) FROM kt_record') == n
    assert verify(pg)[0] == 0


def many_logs(pg, top):
    other = top + '/other'
    os.mkdir(other)
    gw = start(pg, other)
    try:
        call(gw)
        tap.eventually(lambda: pg.sql('SELECT count(*) FROM kt_log') == '2',
                       'two logs')
    finally:
        assert gw.end() == 0
    code, reports = verify(pg)
    assert code == 0 and len(reports) == 2, reports
    code, reports = verify(pg, '--origin', origin_of(other))
    assert code == 0 and [r['origin'] for r in reports] == [origin_of(other)]


def a_shortened_log(pg, top):
    """What retention let go, there and in the database; late starters."""
    pg.sql('TRUNCATE kt_log CASCADE')
    folder = top + '/aged'
    name = ''.join(c for c in socket.gethostname()
                   if c.isascii() and (c.isalnum() or c == '-'))
    subprocess.run([MAKE, folder, '9', '300', '40000', name or 'gateway'],
                   check=True, env=dict(os.environ, KT_LOG_DAYS='600'))
    gw = start(pg, folder)
    try:
        tap.eventually(lambda: pg.sql(
            "SELECT to_regclass('kt_record')") == 'kt_record' and
            is_all_there(pg, folder), 'all records')
        p = kt('retain', '--json', '--days', '300', '--apply', folder)
        told = json.loads(p.stdout)
        assert p.returncode == 0 and told['removed'], (p, gw.told())
        call(gw)
    finally:
        assert gw.end() == 0
    code, (r,) = verify(pg)
    assert code == 0 and r['pruned'] is None, r
    for size, want in ((told['size'], 0), (told['size'] + 9, 1)):
        pg.sql("DELETE FROM kt_record WHERE origin = '%s' AND i < %d" % (
            origin_of(folder), size))
        code, (r,) = verify(pg)
        assert code == want, r
        assert want or r['pruned']['size'] == size, r
    pg.sql('TRUNCATE kt_log CASCADE')
    gw = start(pg, folder)
    try:
        tap.eventually(lambda: is_all_there(pg, folder), 'the rest')
    finally:
        assert gw.end() == 0
    code, (r,) = verify(pg)
    assert code == 0 and r['first'] == told['size'], r


def no_database(pg, top):
    """Is no verdict, and no reason not to start."""
    assert verify(pg, '--origin', '*')[0] == 0
    p = kt('verify', '--postgres', 'postgresql:///x?user=u&password=se%63ret&'
           'host=' + top)
    assert p.returncode == 3 and 'secret' not in p.stdout + p.stderr, p
    gw = gateway.Gateway(json.dumps(SHIP), env={
        'FLEET': 'postgresql:///x?host=' + top})
    try:
        call(gw)
    finally:
        assert gw.stop() == 0
    for url in ('postgresql://u:hun%zzter2@h/x', 'postgresql://u:hunter2@[h/x',
                'postgresql://u:hunter2@h:x:y/?z'):
        p = kt('verify', '--postgres', url)
        assert p.returncode == 3 and 'no URL of a database' in p.stderr, p
        assert 'hunter' not in p.stderr and 'zz' not in p.stderr, p
    p = kt('verify', '--postgres', 'no-such-file')
    assert p.returncode == 3 and "kt: 'no-such-file' is no file; as a " \
        'database: ' in p.stderr, p


SENTENCES = (
    ('a log arrives in the database, byte for byte', a_log_from_before),
    ('it is verified from there alone', from_the_database_alone),
    ('what is changed there is told as in files', a_change_there),
    ('a query gives what the directory gives', a_query),
    ('an outage holds nobody up and loses nothing', an_outage),
    ('another history of a log gets nothing more', another_history),
    ('many logs have a verdict each', many_logs),
    ('what retention let go may go there, too', a_shortened_log),
    ('no database is no verdict, and no obstacle', no_database))


def main():
    t = tap.Tap()
    try:
        pg = postgres.Postgres()
        if 'built without' in kt('verify', '--postgres', 'x').stderr:
            pg.close()
            raise tap.Skip('kt is built without PostgreSQL')
    except tap.Skip as why:
        for sentence, _ in SENTENCES:
            t.skip(sentence, str(why))
        t.end()
    with pg, tempfile.TemporaryDirectory() as top:
        for sentence, test in SENTENCES:
            t.run(sentence, test, pg, top)
    t.end()


main()

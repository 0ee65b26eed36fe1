"""The log beside a provider's list, and checkpoints put out of reach."""
import csv
import io
import json
import os
import shutil
import subprocess
import tempfile

import gateway
import tap
import wire

KT = os.path.join(tap.BUILDDIR, 'kt')
MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')


def kt(*words):
    return subprocess.run([KT, 'audit', *words], text=True, check=False,
                          capture_output=True)


def calls(log):
    out = kt('query', '--type', 'call', '--format', 'json', log).stdout
    got = [json.loads(x) for x in out.splitlines()]
    return [c for c in got if c.get('upstream_request_id')]


def write(path, names, rows, end='\r\n'):
    text = io.StringIO()
    w = csv.writer(text, lineterminator=end)
    w.writerow(names)
    w.writerows(rows)
    with open(path, 'w', newline='') as f:
        f.write(text.getvalue())


def usage(log):
    return [[c['upstream_request_id'], 'a "model", quoted',
             c['tokens']['reported_in'], c['tokens']['reported_out']]
            for c in calls(log)]


NAMES = ['request_id', 'model', 'input_tokens', 'output_tokens']


def reconcile(log, rows, *options, names=None, **more):
    path = os.path.dirname(log) + '/usage.csv'
    write(path, names or NAMES, rows, **more)
    p = kt('reconcile', '--json', *options, log, path)
    return p.returncode, json.loads(p.stdout) if p.stdout else p.stderr


def they_agree(log):
    rows = usage(log)
    assert len(rows) > 100
    for end in '\r\n', '\n':
        code, r = reconcile(log, rows, end=end)
        assert code == 0 and r['calls'] == r['usage'] == len(rows), r
    code, r = reconcile(log, rows + [['', 'sum', 9, 9]])
    assert code == 0, r
    assert reconcile(log, rows, names=['\ufeffrequest_id', *NAMES[1:]])[0] == 0
    half = [[a, b, c // 2, d // 3] for a, b, c, d in rows]
    rest = [[a, b, c - c // 2, d - d // 3] for a, b, c, d in rows]
    assert reconcile(log, half + rest)[0] == 0  # in two lines each
    code, r = reconcile(log, rows, '--id', 'call', '--input', 'i', '--output',
                        'o', names=['call', 'm', 'i', 'o'])
    assert code == 0, r


def each_difference(log):
    rows, all_calls = usage(log), calls(log)
    code, r = reconcile(log, rows + [['req_hidden', 'm', 1, 1]])
    assert code == 1 and r['only_provider']['first'] == [
        {'id': 'req_hidden'}], r
    code, r = reconcile(log, rows[:7] + rows[8:])
    assert code == 1 and r['only_log']['first'] == [
        {'id': rows[7][0], 'index': all_calls[7]['i']}], r
    rows[9][2] += 1
    code, r = reconcile(log, rows)
    assert code == 1 and r['tokens_differ']['first'] == [
        {'id': rows[9][0], 'index': all_calls[9]['i']}], r
    code, r = reconcile(log, [])
    assert code == 1 and r['only_log']['count'] == len(rows), r
    assert len(r['only_log']['first']) == 100, r


def the_same_call_twice(log):
    """One of the provider's calls does not account for two of the log's."""
    copy = log + '.twice'
    shutil.copytree(log, copy)
    a, b = calls(log)[3:5]
    for at in os.listdir(copy + '/seg'):
        path = os.path.join(copy, 'seg', at)
        os.chmod(path, 0o600)
        with open(path) as f:
            text = f.read()
        with open(path, 'w') as f:
            f.write(text.replace('"%s"' % b['upstream_request_id'],
                                 '"%s"' % a['upstream_request_id']))
    code, r = reconcile(copy, usage(log))
    assert code == 1 and r['only_log']['first'] == [
        {'id': a['upstream_request_id'], 'index': b['i']}], r


def what_no_provider_answered(_):
    """The offline model is part of the gateway: no list has its calls."""
    with gateway.Gateway(json.dumps({
            'pack': {'name': 'test'}, 'auth': {'mode': 'none'},
            'policies': {'chain': ['audit-logger']},
            'providers': {'targets': [
                {'id': 'off', 'provider': 'offline'}]}})) as gw:
        assert wire.post(gw.port, '/v1/messages', {
            'model': 'm', 'max_tokens': 9, 'messages': [
                {'role': 'user', 'content': 'hello'}]}).status == 200
        assert gw.end() == 0
        c, = kt('query', '--type', 'call', '--format', 'json',
                gw.audit).stdout.splitlines()
        assert json.loads(c)['upstream_message_id'], c
        code, r = reconcile(gw.audit, [])
    assert code == 0 and r['calls'] == 0, r


def a_window(log):
    code, r = reconcile(log, [], '--since', '2100')
    assert code == 0 and r['calls'] == 0, r


def what_is_no_list(log):
    for names, rows in ((['x'], [['y']]), (NAMES, [['r', 'm', 'x', '1']]),
                        (NAMES, [['r', 'm', '-1', '1']])):
        assert reconcile(log, rows, names=names)[0] == 3
    path = os.path.dirname(log) + '/bad.csv'
    with open(path, 'w') as f:
        f.write('request_id\n"open')
    assert kt('reconcile', log, path).returncode == 3
    assert kt('reconcile', log, path + '.none').returncode == 3
    assert kt('reconcile').returncode == 2


def anchors(log):
    """Each is held against the one before."""
    top = os.path.dirname(log)
    old, to = top + '/old', top + '/anchors'
    os.mkdir(to)
    shutil.copytree(log, old)
    p = kt('anchor', '--to', to, log)
    assert p.returncode == 0 and os.path.exists(p.stdout.strip()), p
    with open(p.stdout.strip()) as a, open(log + '/checkpoint') as b:
        assert a.read() == b.read()
    first = p.stdout.strip()
    assert kt('anchor', '--to', to, log).returncode == 0  # nothing new
    subprocess.run([MAKE, log, '2', '50', '30000'], check=True)
    assert kt('anchor', '--to', to, log).returncode == 0
    assert len(os.listdir(to)) == 2
    assert kt('verify', '--known-checkpoint', first, log).returncode == 0
    p = kt('anchor', '--to', to, old)
    assert p.returncode == 1 and 'was cut or put back' in p.stderr, p
    subprocess.run([MAKE, old, '3', '400', '30000'], check=True)
    p = kt('anchor', '--to', to, old)
    assert p.returncode == 1, p
    assert len(os.listdir(to)) == 2
    assert kt('anchor', log).returncode == 2


t = tap.Tap()
with tempfile.TemporaryDirectory() as top:
    log = os.path.join(top, 'log')
    subprocess.run([MAKE, log, '31', '300', '60000'], check=True)
    for sentence, test in (
            ('a log and a list that agree do so', they_agree),
            ('each difference is told, both ways', each_difference),
            ('an id accounts for one call', the_same_call_twice),
            ('what the gateway answered itself is in no list',
             what_no_provider_answered),
            ('a window of time is kept to', a_window),
            ('what is no list is no answer', what_is_no_list),
            ('anchors are of one history', anchors)):
        t.run(sentence, test, log)
t.end()

"""Records as security events: read by parsers that follow the formats' own
words, OCSF 1.6.0 and CEF version 0, and held against the records."""
import datetime
import json
import os
import re
import shutil
import subprocess
import tempfile

import tap

KT = os.path.join(tap.BUILDDIR, 'kt')
MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')
GOLDEN = os.path.join(tap.SRCDIR, 'tests/golden')
ROW = re.compile(r'^KT_SIEM(_SEEN)?\("([^"]*)", "([^"]*)", "([^"]*)", '
                 r'"([^"]*)"\)$', re.M)
with open(os.path.join(tap.SRCDIR, 'cmd/audit/siem.def'),
          encoding='utf-8') as f:
    ROWS = [(bool(m[0]), *m[1:]) for m in ROW.findall(f.read())]
assert len(ROWS) > 30, ROWS

HOSTILE = ('a|b\\c=d cs1=evil\r\nCEF:0|x|y|1|2|3|9|act=pass \x1b[31m\x00'
           '\u202eevil\u2028 "q" \\n \\= caf\u00e9 \U0001f600\x7f\x85')


def ask(folder, form, *options, code=0):
    p = subprocess.run([KT, 'audit', 'query', '--format', form, *options,
                        folder], capture_output=True, check=False)
    assert p.returncode == code, p
    text = p.stdout.decode('utf-8')
    assert text.endswith('\n') and not text.endswith('\n\n'), text[-99:]
    return text[:-1].split('\n')


def records(folder, *options, code=0):
    return [json.loads(x) for x in ask(folder, 'json', *options, code=code)]


def member(record, path):
    for name in path.split('.'):
        if not isinstance(record, dict) or name not in record:
            return None
        record = record[name]
    return None if record == '' else record


# ---- OCSF ----

BASE = {'activity_id', 'activity_name', 'category_uid', 'class_uid',
        'type_uid', 'severity_id', 'time', 'metadata', 'unmapped'}
TIMES = {'start_time', 'end_time'}
CONTROL = {'action_id', 'disposition', 'disposition_id', 'policy'}
SEEN = {'actor', 'api', 'src_endpoint', 'dst_endpoint'}
CLASSES = {  # what each may have, and what it must
    0: (BASE, BASE - {'unmapped'}),
    6003: (BASE | TIMES | CONTROL | SEEN | {'resources'},
           BASE - {'activity_name'} | {'actor', 'api', 'src_endpoint'}),
    2004: (BASE | TIMES | CONTROL | {
        'resources', 'finding_info', 'evidences', 'is_alert', 'status_id'},
           BASE - {'activity_name'} | {'finding_info'}),
}


def no_twice(pairs):
    names = [k for k, _ in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)


def ocsf_member(event, path):
    for name in path.split('.'):
        if not isinstance(event, dict):
            return None
        event = event.get(name.removesuffix('[]'))
        if name.endswith('[]') and event is not None:
            assert len(event) == 1, event
            event = event[0]
    return event


def check_ocsf(line, record):
    e = json.loads(line, object_pairs_hook=no_twice)
    kind = e['class_uid']
    may, must = CLASSES[kind]
    assert must <= e.keys() <= may, (e.keys() ^ must, e)
    assert e['category_uid'] == kind // 1000
    assert e['type_uid'] == kind * 100 + e['activity_id']
    assert e['severity_id'] in (1, 2, 3, 4)
    assert e['metadata']['version'] == '1.6.0'
    assert e['metadata']['product']['name'] == 'kt'
    assert e['metadata']['sequence'] == record['i']
    assert e['metadata']['uid'] == '%s#%d' % (record['origin'], record['i'])
    assert isinstance(e['time'], int)
    assert abs(e['time'] / 1000 - seconds_of(record['ts'])) < 0.001
    is_call = record['type'] in ('call', 'open')
    is_bad = record.get('reason_codes') or record.get(
        'decision', 'pass') != 'pass' or record['type'] == 'reject'
    assert kind == (2004 if is_bad else 6003 if is_call else 0), e
    if kind == 6003:
        assert e['actor']['user']['uid'] and e['api']['operation']
        assert e['src_endpoint']['uid']
    if kind == 2004:
        uid = record.get('call_id')
        assert e['finding_info']['title'] and e['finding_info']['uid'] == (
            uid if isinstance(uid, str) else str(record['i'])), e
    for seen, name, attribute, _, _ in ROWS:
        if kind == 0 and not attribute.startswith('unmapped.'):
            attribute = 'unmapped.' + attribute
        elif kind == 2004 and seen:
            attribute = 'evidences[].' + attribute
        want, got = member(record, name), ocsf_member(e, attribute)
        assert got == want or (want is None and got == 'unknown'), (
            name, attribute, want, got)


def seconds_of(ts):
    return datetime.datetime.fromisoformat(
        ts.replace('Z', '+00:00')).timestamp()


# ---- CEF ----


def read_cef(line):
    """Seven bars that are not escaped, then keys before equals signs."""
    header, at = [''], 0
    while len(header) < 8:
        if line[at] == '\\':
            assert line[at + 1] in '\\|', line
            header[-1] += line[at + 1]
            at += 2
        elif line[at] == '|':
            header.append('')
            at += 1
        else:
            header[-1] += line[at]
            at += 1
    rest = line[at:]
    keys = [(m.start(1), m.end(), m.group(1)) for m in re.finditer(
        r'(?:^|(?<= ))([A-Za-z0-9]+)(?<!\\)=', rest)]
    assert keys and keys[0][0] == 0, line
    fields = {}
    for k, (_, end, key) in enumerate(keys):
        stop = keys[k + 1][0] - 1 if k + 1 < len(keys) else len(rest)
        value = rest[end:stop]
        assert re.fullmatch(r'(?:[^\\=]|\\[\\=nr])*', value), value
        assert key not in fields, (key, line)
        fields[key] = re.sub(r'\\(.)', lambda m: {'n': '\n', 'r': '\r'}.get(
            m[1], m[1]), value)
    return header[:7], fields


def shown(text):
    """As names are shown: what is no plain ASCII, by its number."""
    return ''.join(c if ' ' <= c <= '~' or c in '\r\n' else
                   '\\u%04x' % ord(c) if ord(c) < 0x10000 else
                   '\\U%08x' % ord(c) for c in text)


def check_cef(line, record):
    assert all(' ' <= c <= '~' for c in line), line
    header, fields = read_cef(line)
    reasons = [shown(x).replace('\r', '\\u000d').replace('\n', '\\u000a')
               for x in [*record.get('reason_codes', ()),
                         record.get('reason_code', 0)] if isinstance(x, str)]
    decision = record.get('decision')
    decision = decision if isinstance(decision, str) else None
    assert header[:3] == ['CEF:0', 'kt', 'kt'], header
    assert header[4] == (reasons + [record['type']])[0], header
    assert header[5] == ' '.join(filter(None, (record['type'], decision)))
    assert 0 <= int(header[6]) <= 10
    if decision == 'block':
        assert int(header[6]) >= 7, header
    want = {'rt': str(int(record['ts'][20:23]) + 1000 * int(
                seconds_of(record['ts'][:19] + 'Z'))),
            'cat': record['type'], 'deviceExternalId': record['origin'],
            'cn1': str(record['i']), 'cn1Label': 'index'}
    for _, name, _, key, label in ROWS:
        value = member(record, name)
        if key == '' or value is None or value == []:
            continue
        if isinstance(value, dict) or (isinstance(
                value, list) and not isinstance(value[0], str)):
            want[key] = fields[key]  # of no type that a record has there
        else:
            want[key] = ','.join(map(shown, value)) if isinstance(
                value, list) else shown(str(value))
        if label:
            want[key + 'Label'] = label
    assert fields == want, {k: (fields.get(k), want.get(k)) for k in {
        *fields, *want} if fields.get(k) != want.get(k)}


# ---- what is asked ----


def both(folder, code=0):
    want = records(folder, code=code)
    for form, check in (('ocsf', check_ocsf), ('cef', check_cef)):
        lines = ask(folder, form, code=code)
        assert len(lines) == len(want) > 0
        for line, record in zip(lines, want):
            check(line, record)
    return want


def of_a_gateway(_):
    kinds = {r['type'] for r in both(os.path.join(GOLDEN, 'audit-3'))}
    assert {'call', 'segment', 'policy'} & kinds, kinds


def of_every_decision(top):
    folder = top + '/made'
    subprocess.run([MAKE, folder, '3', '400', '90000'], check=True)
    said = {r.get('decision') for r in both(folder)}
    assert {'pass', 'redact', 'block'} <= said, said


def of_names_that_are_made_to_harm(top):
    """Put into the log by hand, which it notices: they are told as well."""
    folder = top + '/hostile'
    shutil.copytree(top + '/made', folder)
    subprocess.run(['chmod', '-R', 'u+w', folder], check=True)
    name = json.dumps(HOSTILE, ensure_ascii=False).encode()
    for at in sorted(os.listdir(folder + '/seg')):
        path = os.path.join(folder, 'seg', at)
        with open(path, 'rb') as f:
            text = f.read()
        for old in (b'"model-x"', b'"id":"agent"', b'"endpoint":"messages"'):
            text = text.replace(old, old[:old.rindex(b':') + 1] + name
                                if b':' in old else name)
        with open(path, 'wb') as f:
            f.write(text)
    got = both(folder, code=1)
    assert any(member(r, 'model_requested') == HOSTILE for r in got)
    named = [r for r in got if member(r, 'agent.id') == HOSTILE]
    p = subprocess.run([KT, 'audit', 'query', '--json', '--agent',
                        '*b\\c=d*"q" \\n *', folder], capture_output=True,
                       check=False)
    assert named and len(p.stdout.splitlines()) == len(named), p.stderr


def of_a_refusal_and_of_what_was_ordered(top):
    """Records that the logs above lack, spelt as they are."""
    folder = top + '/few'
    shutil.copytree(os.path.join(GOLDEN, 'audit-1'), folder)
    subprocess.run(['chmod', '-R', 'u+w', folder], check=True)
    path = sorted(os.listdir(folder + '/seg'))[0]
    path = os.path.join(folder, 'seg', path)
    with open(path, encoding='utf-8') as f:
        base = json.loads(f.readlines()[0])
    with open(path, 'w', encoding='utf-8') as f:
        for k, more in enumerate((
                {'type': 'reject', 'http_status': 400, 'call_id': 'c',
                 'reason_code': 'gateway.request.malformed',
                 'detail': 'x', 'head_bytes': 7},
                {'type': 'gap', 'records': 7},
                {'type': 'space', 'below': 5, 'free_percent': 3},
                {'type': 'admin', 'action': 'hold', 'by': HOSTILE,
                 'name': 'case', 'subject': 'p:1'},
                {'type': 'call', 'decision': 'block',
                 'reason_codes': [HOSTILE, 'a,b', '"']},
                {'type': 'call', 'decision': {'a': '"'}, 'call_id': [1, 'x'],
                 'reason_codes': [{'x': '"'}, 7], 'principal': 'y',
                 **{'m%03d' % k: k for k in range(120)}},
                {'type': 'call', 'decision': 'error', 'http_status': 503,
                 'agent': None, 'reason_codes': []},
                {'type': 'call', 'decision': 'pass', 'reason_codes': []},
                {'type': 'open', 'call_id': 'c', 'method': 'GET'})):
            record = {**{n: base[n] for n in (
                'boot', 'clk', 'mono', 'origin', 'prev', 'ts', 'v')},
                'i': k, **more}
            f.write(json.dumps(record, sort_keys=True, ensure_ascii=False,
                               separators=(',', ':')) + '\n')
    got = both(folder, code=1)
    assert [r['type'] for r in got][:3] == ['reject', 'gap', 'space'], got
    assert [json.loads(x)['severity_id'] for x in ask(
        folder, 'ocsf', code=1)][:8] == [2, 4, 3, 1, 4, 3, 3, 1]


def while_it_is_written(top):
    """kt audit tail tells them as kt audit query does."""
    for form in 'ocsf', 'cef':
        p = subprocess.run([KT, 'audit', 'tail', '-n', '20', '--format', form,
                            top + '/made'], capture_output=True, check=True)
        assert p.stdout.decode().split('\n')[:-1] == ask(
            top + '/made', form)[-20:], p
    p = subprocess.run([KT, 'audit', 'tail', '--format', 'xml', top],
                       capture_output=True, check=False)
    assert p.returncode == 2, p


def the_manual_has_the_table(_):
    with open(os.path.join(tap.SRCDIR, 'man/kt-audit.5'),
              encoding='utf-8') as f:
        page = f.read()
    page = page[page.index('.Sh OTHER FORMATS'):]
    told = re.findall(r'^\.It Ic (\S+) Ta (\S+) Ta (\S+)(?: (\S+))?$', page,
                      re.M)
    want = [(name, ocsf, cef or '-', label)
            for _, name, ocsf, cef, label in ROWS]
    assert told == want, set(told) ^ set(want)


t = tap.Tap()
with tempfile.TemporaryDirectory() as top:
    for sentence, test in (
            ('what a gateway wrote is told in OCSF and CEF', of_a_gateway),
            ('so is every decision', of_every_decision),
            ('no name ends a field or begins another',
             of_names_that_are_made_to_harm),
            ('refusals, gaps and orders are events, too',
             of_a_refusal_and_of_what_was_ordered),
            ('they come as they are written', while_it_is_written),
            ('the manual has the table', the_manual_has_the_table)):
        t.run(sentence, test, top)
t.end()

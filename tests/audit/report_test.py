"""Reports say the same in each form, and the page needs nothing else."""
import base64
import datetime
import hashlib
import html.parser
import json
import os
import re
import shutil
import subprocess
import tempfile

import tap

KT = os.path.join(tap.BUILDDIR, 'kt')
MAKE = os.path.join(tap.BUILDDIR, 'tests/audit/make_log')
FRAMEWORKS = 'eu-ai-act', 'nist-ai-rmf', 'hipaa', 'soc2', 'gdpr'


def report(log, framework, form, *options):
    p = subprocess.run([KT, 'audit', 'report', '--framework', framework,
                        '--format', form, *options, log], text=True,
                       capture_output=True, check=False)
    assert p.returncode == 0, p
    return p.stdout


class Page(html.parser.HTMLParser):
    """What is in it, and what it asks for."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.asks = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.asks += [v for k, v in attrs
                      if k in ('src', 'href', 'xlink:href', 'data', 'action')]
        self.asks += [k for k, _ in attrs if k.startswith('on')]


def same_in_each_form(log):
    """Each demand and count of the JSON is in the others."""
    for framework in FRAMEWORKS:
        told = json.loads(report(log, framework, 'json'))
        others = report(log, framework, 'md'), report(log, framework, 'html')
        assert len(told['controls']) >= 5 and told['result'] == 'intact'
        for control in told['controls']:
            for text in others:
                assert control['article'] in text, (framework, control)
                assert control['demand'] in text, (framework, control)
            assert control['empty'] == all(
                f['count'] == 0 for f in control['figures']), control
            for f in control['figures']:
                assert '| %s | %d |' % (f['figure'], f['count']) in others[0]
                assert '%s<td class="n">%d<' % (f['figure'],
                                                f['count']) in others[1]
        for text in others:
            assert text.count('Nothing on record for this demand') == sum(
                c['empty'] for c in told['controls']), framework
            for row in told['not_proven']:
                assert row in text


def needs_nothing(log):
    """No script, font, image or address; and the browser is told so."""
    for framework in FRAMEWORKS:
        text = report(log, framework, 'html')
        page = Page(text)
        assert not page.asks, page.asks
        assert not {'script', 'link', 'img', 'iframe', 'object',
                    'form'} & set(page.tags)
        assert "default-src 'none'" in text
        assert not re.search(r'https?:|url\(|@import', text)


def plots(log):
    """A bar for each word of each day, as high as its number."""
    day, = json.loads(report(log, 'soc2', 'json'))['days']
    text = report(log, 'soc2', 'html')
    for words in day['decisions'], day['classes']:
        assert sum(w['count'] for w in words) == day['calls']
        for w in words:
            found = re.findall('height="([0-9.]+)"><title>%s %s: %d</title>'
                               % (day['date'], w['word'], w['count']), text)
            assert len(found) == 1, (w, found)
            high = 160 * w['count'] / day['calls']
            assert abs(float(found[0]) - high) < 0.01, (w, found)
    for title in ('Calls by day', 'Decisions by day', 'Highest class',
                  'Cost by day', 'Tokens that providers reported'):
        assert '<h3>%s' % title in text, title


def what_proves_it(log):
    """In each form: the checkpoint, the key, and what is missing."""
    with open(log + '/checkpoint') as f:
        _, size, root = f.read().split('\n')[:3]
    root = base64.b64decode(root).hex()
    told = json.loads(report(log, 'soc2', 'json'))
    assert told['checkpoint'] == {'root': root, 'size': int(size)}, told
    assert 'own word' in told['facts'][1], told['facts']
    text = report(log, 'soc2', 'md', '--vkey', log + '/log.vkey')
    assert 'which the reviewer gave' in text, text
    for form in 'md', 'html':
        text = report(log, 'soc2', form)
        assert all(f in text for f in told['facts']), (form, told['facts'])
        assert root in text
    copy = log + '.revoked'
    shutil.copytree(log, copy)
    key = os.path.join(copy, 'key/recovery.key')
    subprocess.run([KT, 'audit', 'key', 'revoke', '--at', '7',
                    '--recovery-key', key, copy], check=True,
                   capture_output=True)
    assert 'from record 7 on' in report(copy, 'soc2', 'md')


def by_the_day(log):
    """A day without calls keeps its place, and a word its colour."""
    far = log + '.far'
    p = subprocess.run([MAKE, far, '5', '60', '60000'], check=True, env={
        **os.environ, 'KT_LOG_DAYS': '9'})
    p = subprocess.run([MAKE, far, '5', '60', '60000'], check=True)
    days = [d['date'] for d in json.loads(report(far, 'gdpr', 'json'))['days']]
    text = report(far, 'gdpr', 'html')
    start, end = (datetime.date.fromisoformat(d) for d in (days[0], days[-1]))
    wide = min(48, 720 / ((end - start).days + 1))
    for day in days:
        x, = {m for m in re.findall(
            r'class="s0" x="([0-9.]+)"[^>]*><title>%s: [0-9]+<' % day, text)
              } or {None}
        at = (datetime.date.fromisoformat(day) - start).days * wide
        assert x is not None and abs(float(x) - at) < 0.01, (day, x, at)
    assert len(days) < (end - start).days + 1, days
    assert set(re.findall(r'class="(s[0-9])"[^>]*><title>[0-9-]+ pass:',
                          text)) == {'s2'}


def a_period(log):
    told = json.loads(report(log, 'gdpr', 'json', '--since', '2100'))
    assert told['days'] == [] and told['since'] == '2100'
    assert all(c['empty'] for c in told['controls'])
    text = report(log, 'gdpr', 'html', '--since', '2026-11-20T10:00:00Z',
                  '--until', '2027')
    assert 'from 2026-11-20T10:00:00 to 2027' in text


def signed(log):
    """By the log's key, over these bytes, and no checkpoint."""
    def run(*words):
        return subprocess.run([os.path.join(tap.BUILDDIR, 'kt'), 'audit',
                               *words], text=True, capture_output=True,
                              check=False)
    out = os.path.join(os.path.dirname(log), 'report.md')
    made = run('report', '--framework', 'gdpr', '--out', out, '--sign', log)
    assert made.returncode == 0, made
    with open(os.path.join(log, 'log.vkey')) as f:
        vkey = f.read()
    got = run('check', '--vkey', vkey, '--report', out)
    assert (got.returncode, got.stdout) == (0, 'RESULT proven\n'), got
    with open(out, 'rb') as f:
        body = f.read()
    with open(out + '.note') as f:
        note = f.read()
    assert hashlib.sha256(body).hexdigest() == note.split('\n')[2], note
    assert run('verify', '--known-checkpoint', out + '.note',
               log).returncode == 3
    other = os.path.join(os.path.dirname(log), 'other')
    subprocess.run([MAKE, other, '22', '20', '60000'], check=True)
    with open(os.path.join(other, 'log.vkey')) as f:
        assert run('check', '--vkey', f.read(), '--report',
                   out).returncode == 1
    for bad in (note.replace('report', 'raport'), note[:-9] + 'AAAAAAA=\n',
                note.split('\n\n')[0] + '\n\n'):
        with open(out + '.note', 'w') as f:
            f.write(bad)
        got = run('check', '--vkey', vkey, '--json', '--report', out)
        assert (got.returncode, got.stdout) == (
            1, '{"result":"not-proven"}\n'), (bad, got)
    with open(out + '.note', 'w') as f:
        f.write(note)
    with open(out, 'ab') as f:
        f.write(b' ')
    assert run('check', '--vkey', vkey, '--report', out).returncode == 1
    os.unlink(out + '.note')
    assert run('check', '--vkey', vkey, '--report', out).returncode == 3
    for wrong in (['--sign'], ['--sign', '--out', '-']):
        assert run('report', '--framework', 'gdpr', *wrong,
                   log).returncode == 2
    assert run('check', '--vkey', vkey, '--report', out,
               log).returncode == 2


t = tap.Tap()
with tempfile.TemporaryDirectory() as top:
    log = os.path.join(top, 'log')
    subprocess.run([MAKE, log, '21', '500', '60000'], check=True)
    for sentence, test in (
            ('a report says the same in each form', same_in_each_form),
            ('its page needs nothing from elsewhere', needs_nothing),
            ('its bars are as high as the numbers', plots),
            ('it says what proves it', what_proves_it),
            ('days have their places and words their colours', by_the_day),
            ('a period without records is told as empty', a_period),
            ('a report is signed by the key of its log', signed)):
        t.run(sentence, test, log)
t.end()

"""Asking the verifier ten thousand times, without ten thousand processes."""
import json
import os
import shutil
import subprocess

import tap

JUDGE = os.path.join(tap.BUILDDIR, 'tests/audit/judge')


class Judge:
    def __init__(self):
        self.process = subprocess.Popen([JUDGE], text=True,
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def ask(self, folder, known='', vkey=''):
        """The exit code of kt audit verify --json, and what it says."""
        self.process.stdin.write('\t'.join((folder, known, vkey)) + '\n')
        self.process.stdin.flush()
        code, text = self.process.stdout.readline().split(' ', 1)
        return int(code), json.loads(text)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait() == 0


class Image:
    """A directory in memory, put back as it was as often as one likes."""

    def __init__(self, folder):
        self.files = {}
        for at, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(at, name)
                with open(path, 'rb') as f:
                    self.files[os.path.relpath(path, folder)] = f.read()

    def write(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        made = set()
        for name, data in self.files.items():
            path = os.path.join(folder, name)
            if os.path.dirname(path) not in made:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                made.add(os.path.dirname(path))
            with open(path, 'wb') as f:
                f.write(data)

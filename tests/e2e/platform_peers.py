"""Platforms that are not ours, and tests that have one: govmomi's vcsim."""
import json
import os
import subprocess
from pathlib import Path

from lab import SOON, FreeLabTest, run, wait_for

PEERS = Path(__file__).resolve().parent.parent / 'peers/vcsim'


class Vcsim:
    """In the lab's network namespace; at the same address again after it was killed."""

    def __init__(self, lab, program):
        self.lab, self.program, self.process, self.address = lab, program, None, '127.0.0.1:0'
        self.sent = lab.folder / 'sent'  # disks that leases got
        self.sent.mkdir(exist_ok=True)

    def start(self, machines=1, password='correct-horse-7'):
        self.password = password
        self.process = subprocess.Popen(
            [*self.lab.enter, self.program, '-l', self.address, '-machines', str(machines), '-password', password, '-keep', str(self.sent)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env={**os.environ, 'TMPDIR': str(self.lab.folder)})
        self.address = self.process.stdout.readline().strip()
        return self

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def other(self, *words):
        """What another client does, or sees: pyvmomi."""
        return run(*self.lab.enter, '/usr/bin/python3', PEERS / 'other.py', self.address, self.password, *words).stdout

    def devices(self, name):
        merged = {}
        for line in self.other('disks', name).splitlines():
            merged.update(json.loads(line))
        return merged

    def make(self, name, raw, controller='ParaVirtualSCSIController', card='VirtualVmxnet3', firmware='bios'):
        """A machine that is off, whose disk has the content of a raw file; the file that this lies in."""
        self.other('create', name, str(raw.stat().st_size >> 10), controller, card, firmware)
        folder = next(self.lab.folder.glob(f'govcsim-*/{name}'))
        run('qemu-img', 'convert', '-f', 'raw', '-O', 'vmdk', '-o', 'subformat=monolithicFlat', raw, folder / f'{name}.vmdk')
        return folder / f'{name}-flat.vmdk'


class PlatformTest(FreeLabTest):
    """Has a daemon, with a platform `prod` where that was added."""
    hypervisor = 'fake'

    def setUp(self):
        super().setUp()
        built = run(PEERS / 'build', check=False)
        if built.returncode == 77:
            self.skipTest('skipped, because ' + built.stderr.strip())
        self.assertEqual(built.returncode, 0, built.stderr)
        self.lab = self.new_lab(hypervisor=self.hypervisor).start()
        self.vcsim = Vcsim(self.lab, built.stdout.split('\n')[0]).start()
        self.addCleanup(self.vcsim.kill)
        self.password = self.lab.folder / 'password'
        self.password.write_text('correct-horse-7\n')

    def add(self, *more):
        return self.lab.truce('platform', 'add', 'prod', f'vsphere://user@{self.vcsim.address}', '--password-file', self.password, *more)

    def add_trusted(self):
        """As the fingerprint is, that is shown."""
        fingerprint = self.add().err.rpartition('--fingerprint ')[2].strip()
        added = self.add('--fingerprint', fingerprint)
        self.assertEqual(added.code, 0, added)
        self.wait_state('connected')

    def show(self):
        return self.lab.must('platform', 'show', 'prod', '--format', 'json').json()

    def wait_state(self, state, so=lambda shown: True):
        return wait_for(lambda: (shown := self.show())['state'] == state and so(shown) and shown, SOON, f'prod is {state}')

    def machines(self):
        return {vm['name']: vm for vm in self.lab.must('vm', 'list', '--platform', 'prod', '--format', 'json').json()['items']}

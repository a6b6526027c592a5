"""Encrypted disks, by the CLI, on real QEMU: nothing of what a guest writes is on the disk in plain text, and keys are
nowhere but where they were put."""
import json
import os
import re
import secrets
import unittest
from pathlib import Path

from lab import SOON, TRUCE, FreeLabTest, run, wait_for

BLOCK = 64 * 1024


def pattern(word):
    """What a guest writes; it is looked for in files."""
    return f'PATTERN-{word}-' * 4


class Guest:
    """A machine of the smallest guest with disks that are written to as a whole."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name

    def run(self, script):
        return self.lab.must('vm', 'exec', self.name, '--', 'sh', '-c', script).out

    def write(self, word, block=0, disk='vda'):
        self.run(f'i=0; while [ $i -lt 200 ]; do echo {pattern(word)}; i=$((i+1)); done >/run/text; '
                 f'dd if=/run/text of=/dev/{disk} bs={BLOCK} seek={block} conv=sync,notrunc,fsync 2>/dev/null')

    def read(self, block=0, disk='vda'):
        text = self.run(f'echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/{disk} bs={BLOCK} skip={block} count=1 2>/dev/null '
                        '| head -n 1').strip('\0\n')
        found = re.match(r'PATTERN-(.*?)-', text)
        return found.group(1) if found else text

    @property
    def folder(self):
        return self.lab.state / 'pool/vms' / self.lab.vm(self.name)['uuid']


class Encryption(FreeLabTest):
    def setUp(self):
        super().setUp()
        self.keys = None

    def new(self, *options):
        lab = self.new_lab(*options, recipes=('tiny',))
        self.keys = lab.folder / 'keys'
        self.keys.mkdir(mode=0o700)
        if not options:
            lab.options += ['--key-folder', self.keys]
        lab.start()
        lab.make_template('tiny')
        self.lab = lab
        return lab

    def put_key(self, name, text=None):
        text = text or secrets.token_urlsafe(32)
        path = self.keys / name
        path.write_text(text + '\n')
        path.chmod(0o600)
        return text

    def guest(self, name, *options, disk='32MiB'):
        self.lab.new_tiny(name, '--disk', disk, *options)
        self.lab.wait_agent(name)
        return Guest(self.lab, name)

    def images(self, guest, folder=None):
        folder = folder or guest.folder
        return sorted([*folder.glob('*.qcow2'), *folder.glob('layers/*.qcow2')])

    def expect_secret(self, guest, *words, folder=None):
        """All images of a machine are encrypted, sound, and show nothing of what was written."""
        images = self.images(guest, folder)
        self.assertTrue(images)
        for path in images:
            data = path.read_bytes()
            self.assertIn(b'LUKS\xba\xbe', data[:8 << 20], path)
            copy = self.lab.folder / 'copy.qcow2'  # the original is locked while its machine runs
            copy.write_bytes(data)
            self.assertIn('encryption', run(TRUCE, 'image', 'info', copy).stdout)
            copy.unlink()
            for word in words:
                self.assertNotIn(pattern(word).encode(), data, path)

    def expect_nowhere(self, key):
        """A key is in no process's words or environment, in no file of the daemon, and in no support bundle."""
        for pid in filter(str.isdigit, os.listdir('/proc')):
            for what in ('cmdline', 'environ'):
                try:
                    seen = Path('/proc', pid, what).read_bytes()
                except OSError:
                    continue
                self.assertNotIn(key.encode(), seen, f'/proc/{pid}/{what}')
        bundle = self.lab.folder / f'{secrets.token_hex(4)}.tar.zst'
        self.lab.must('support', 'bundle', '-o', bundle)
        unpacked = self.lab.folder / f'{bundle.name}.d'
        unpacked.mkdir()
        run('tar', '--zstd', '-xf', bundle, '-C', unpacked)
        for root in (self.lab.state, self.lab.run, unpacked, self.lab.log):
            for path in [root] if root.is_file() else root.rglob('*'):
                if path.is_file() and not path.is_symlink():
                    self.assertNotIn(key.encode(), path.read_bytes(), path)

    def test_a_machine_lives_on_an_encrypted_disk(self):
        lab = self.new()
        key = self.put_key('db')
        guest = self.guest('vault', '--disk-key', 'db')
        guest.write('one')
        self.assertEqual(guest.read(), 'one')
        self.expect_secret(guest, 'one')
        self.expect_nowhere(key)
        self.assertEqual(json.loads(lab.must('disk', 'list', 'vault', '--format', 'json').out)['items'][0]['key'], 'db')
        self.assertEqual(list((lab.run / 'vms').glob('*/vm/key-*')), [], 'the pipes are gone')

        lab.must('vm', 'stop', 'vault', '--now')
        lab.must('vm', 'start', 'vault')
        lab.wait_agent('vault')
        self.assertEqual(guest.read(), 'one')

        guest.run('echo 4711 >/run/value')
        lab.must('vm', 'suspend', 'vault')
        events = [e for e in lab.events('vms/vault') if e['kind'] == 'vm.memory_not_encrypted']
        self.assertEqual(len(events), 1, 'its memory is in plain text, and that is told')
        lab.must('vm', 'start', 'vault')
        lab.wait_agent('vault')
        self.assertEqual(guest.run('cat /run/value'), '4711\n')
        self.assertEqual(guest.read(), 'one')

        # The daemon dies, its key is gone, and the machine runs on.
        pid = lab.qemu_pid('vault')
        lab.kill()
        (self.keys / 'db').unlink()
        lab.start()
        lab.wait_observed('vault', 'running')
        self.assertEqual(lab.qemu_pid('vault'), pid)
        guest.write('two', 1)
        self.assertEqual(guest.read(1), 'two')
        refused = lab.refused('snapshot', 'create', 'vault', 'none').err
        self.assertIn("key 'db'", refused)
        lab.must('vm', 'stop', 'vault', '--now')
        refused = lab.refused('vm', 'start', 'vault').err
        self.assertIn(f"disk0 is encrypted: key 'db': there is no file {self.keys / 'db'}", refused)

        wrong = self.put_key('db')
        refused = lab.refused('vm', 'start', 'vault').err
        self.assertIn(f"disk0: key 'db' ({self.keys / 'db'}) does not open it", refused)
        (self.keys / 'db').chmod(0o644)
        self.assertIn('chmod 0600', lab.refused('vm', 'start', 'vault').err)
        self.put_key('db', key)
        lab.must('vm', 'start', 'vault')
        lab.wait_agent('vault')
        self.assertEqual((guest.read(0), guest.read(1)), ('one', 'two'))
        self.expect_secret(guest, 'one', 'two')
        self.expect_nowhere(key)
        self.expect_nowhere(wrong)
        lab.close()

    def test_snapshots_growth_and_moves_keep_it_encrypted(self):
        lab = self.new()
        key = self.put_key('db')
        guest = self.guest('tree', '--disk-key', 'db')
        guest.write('one')
        lab.must('snapshot', 'create', 'tree', 'first')
        guest.write('two', 1)
        lab.must('snapshot', 'create', 'tree', 'warm', '--memory')
        guest.write('three')
        self.assertEqual(len(self.images(guest)), 3)
        self.expect_secret(guest, 'one', 'two', 'three')

        lab.must('snapshot', 'delete', 'tree', 'first')  # merged by QEMU
        self.assertEqual((guest.read(0), guest.read(1)), ('three', 'two'))
        lab.must('snapshot', 'restore', 'tree', 'warm')
        lab.wait_observed('tree', 'running')
        lab.wait_agent('tree')
        self.assertEqual((guest.read(0), guest.read(1)), ('one', 'two'))

        lab.must('snapshot', 'clone', 'tree', 'warm', 'copy')
        copy = Guest(lab, 'copy')
        self.expect_secret(copy, 'one', 'two')
        lab.must('vm', 'start', 'copy')
        lab.wait_agent('copy')
        self.assertEqual((copy.read(0), copy.read(1)), ('one', 'two'))
        lab.must('vm', 'stop', 'copy', '--now')

        lab.must('vm', 'stop', 'tree', '--now')
        lab.must('snapshot', 'create', 'tree', 'still')
        lab.must('snapshot', 'delete', 'tree', 'warm', '--subtree')  # merged by the daemon
        self.assertEqual(len(self.images(guest)), 1)
        self.expect_secret(guest, 'one', 'two', 'three')
        lab.must('disk', 'set', 'tree', 'disk0', '--size', '48MiB')
        place = lab.folder / 'fast'
        lab.must('pool', 'create', 'fast', '--source', place)
        lab.must('disk', 'move', 'tree', 'disk0', 'fast')
        lab.must('vm', 'start', 'tree')
        lab.wait_agent('tree')
        self.assertEqual((guest.read(0), guest.read(1)), ('one', 'two'))
        self.assertEqual(int(guest.run('cat /sys/block/vda/size')) * 512, 48 << 20)
        lab.must('disk', 'set', 'tree', 'disk0', '--size', '64MiB')
        wait_for(lambda: int(guest.run('cat /sys/block/vda/size')) * 512 == 64 << 20, SOON, 'the guest sees its size')
        guest.write('end', 1023)
        self.assertEqual(guest.read(1023), 'end')
        self.expect_secret(guest, 'one', 'two', 'end', folder=place / 'vms' / lab.vm('tree')['uuid'])
        self.expect_nowhere(key)
        lab.must('vm', 'stop', 'tree', '--now')
        lab.must('disk', 'move', 'tree', 'disk0', 'default')
        lab.must('pool', 'delete', 'fast')
        lab.close()

    def test_an_encrypted_disk_comes_and_goes_while_the_guest_runs(self):
        lab = self.new()
        key, other = self.put_key('db'), self.put_key('logs')
        guest = self.guest('host')
        guest.write('plain')
        self.assertIn("key 'none'", lab.refused('disk', 'create', 'host', '--size', '16MiB', '--key', 'none').err)
        lab.must('disk', 'create', 'host', '--size', '16MiB', '--key', 'db')
        lab.must('disk', 'create', 'host', '--size', '16MiB', '--key', 'logs')
        wait_for(lambda: guest.run('ls /sys/block').split().count('vdc'), SOON, 'the guest sees both')
        guest.write('hidden', disk='vdb')
        guest.write('logged', disk='vdc')
        lab.must('snapshot', 'create', 'host', 'all')
        guest.write('later', disk='vdb')
        lab.must('snapshot', 'delete', 'host', 'all')
        self.assertEqual([guest.read(disk=d) for d in ('vda', 'vdb', 'vdc')], ['plain', 'later', 'logged'])
        for name, word in (('disk1', 'hidden'), ('disk1', 'later'), ('disk2', 'logged')):
            self.assertNotIn(pattern(word).encode(), (guest.folder / f'{name}.qcow2').read_bytes())
        self.assertIn(pattern('plain').encode(), (guest.folder / 'disk0.qcow2').read_bytes(), 'this one is not encrypted')
        self.expect_nowhere(key)
        self.expect_nowhere(other)
        lab.kill()
        lab.start()
        lab.wait_observed('host', 'running')
        lab.must('disk', 'delete', 'host', 'disk1')
        self.assertFalse((guest.folder / 'disk1.qcow2').exists())
        self.assertFalse((guest.folder / 'disk1.key').exists())
        lab.must('disk', 'create', 'host', '--size', '16MiB')
        wait_for(lambda: guest.run('ls /sys/block').split().count('vdb'), SOON, 'the guest sees the new one')
        self.assertNotIn(b'LUKS', (guest.folder / 'disk1.qcow2').read_bytes())
        lab.close()

    def test_clones_of_a_plain_template_are_encrypted(self):
        lab = self.new()
        self.put_key('db')
        raw = lab.folder / 'plain.raw'
        raw.write_bytes(pattern('template').encode() * 4000)
        run('truncate', '-s', '4M', raw)
        image = lab.folder / 'plain.qcow2'
        run('qemu-img', 'convert', '-O', 'qcow2', raw, image)
        lab.must('template', 'create', 'plain', '--file', image)
        for name, kind in (('linked', 'linked'), ('full', 'full')):
            lab.must('vm', 'create', name, '--template', 'plain', '--clone', kind, '--disk', '8MiB', '--disk-key', 'db')
            lab.bookkeep()
            guest = Guest(lab, name)
            self.expect_secret(guest, 'template')
            key = f'secret,id=s,file={self.keys / "db"}.line'
            (self.keys / 'db.line').write_text((self.keys / 'db').read_text().strip())
            disk = guest.folder / 'disk0.qcow2'
            out = lab.folder / f'{name}.raw'
            run('qemu-img', 'convert', '--object', key, '--image-opts',
                f'driver=qcow2,encrypt.key-secret=s,file.filename={disk}', '-O', 'raw', out)
            self.assertTrue(out.read_bytes().startswith(pattern('template').encode() * 4000))
            self.assertEqual(out.stat().st_size, 8 << 20)
            lab.must('disk', 'set', name, 'disk0', '--size', '12MiB')
        self.assertIn('its key was not given', run(TRUCE, 'image', 'convert', '-O', 'raw', disk, lab.folder / 'x.raw',
                                                   check=False).stderr)
        lab.close()

    def test_a_program_may_give_the_keys(self):
        program = Path('/usr/local/lib') / f'truce-test-{secrets.token_hex(4)}'
        self.addCleanup(program.unlink)
        key = secrets.token_urlsafe(32)
        program.write_text(f'#!/bin/sh\n[ "$1" = db ] || {{ echo "no such key in the vault" >&2; exit 4; }}\necho {key}\n')
        program.chmod(0o700)
        lab = self.new('--key-command', program)
        guest = self.guest('vault', '--disk-key', 'db')
        guest.write('one')
        self.assertEqual(guest.read(), 'one')
        self.expect_secret(guest, 'one')
        self.expect_nowhere(key)
        refused = lab.refused('vm', 'create', 'none', '--template', 'tiny', '--disk', '16MiB', '--disk-key', 'web').err
        self.assertIn("key 'web'", refused)
        self.assertIn('no such key in the vault', refused)
        refused = lab.refused('vm', 'create', 'bad', '--template', 'tiny', '--disk', '16MiB', '--disk-key', '../db').err
        self.assertIn("'../db' is not the name of a key", refused)
        lab.close()


if __name__ == '__main__':
    unittest.main()

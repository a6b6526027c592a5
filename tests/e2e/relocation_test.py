"""Machines that move between a vSphere server that is not ours (vcsim) and here, with real disks and a real QEMU."""
import os
import struct
import unittest

from lab import SOON, run, sha256_of, wait_for
from platform_peers import Moves, PlatformTest

TEXT_SECTOR = 12345


def boot_sector():
    """A PC that starts by it reads one sector of the disk, by its BIOS, and says on the serial line what is there."""
    head = bytes.fromhex('31c08ed88ed0bc007c be0000 b442cd1372fe be0080'.replace(' ', ''))
    tail = bytes.fromhex('ac84c0 7412 88c4 bafd03eca82074fb 88e0 baf803ee ebe9 f4ebfd'.replace(' ', ''))
    packet = struct.pack('<BBHHHQ', 16, 0, 1, 0x8000, 0, TEXT_SECTOR)
    code = bytearray(head + tail)
    where = head.index(b'\xbe\0\0') + 1
    code[where:where + 2] = struct.pack('<H', 0x7C00 + len(code))
    code += packet
    return bytes(code.ljust(510, b'\0') + b'\x55\xaa')


def make_disk(path, mebi, text, full=0):
    """A raw disk that boots, with something at its ends, holes between, and so many MiB that cannot be compressed."""
    with open(path, 'wb') as disk:
        disk.truncate(mebi << 20)
        disk.seek(16 << 20)
        for _ in range(full):
            disk.write(os.urandom(1 << 20))
        for at, content in ((0, boot_sector()), (TEXT_SECTOR * 512, text.encode() + b'\r\n\0'), (1 << 20, os.urandom(1 << 17)),
                            ((mebi << 20) - 65536, os.urandom(65536))):
            disk.seek(at)
            disk.write(content)
    return path


class Relocation(Moves, PlatformTest):
    hypervisor = 'qemu'

    def setUp(self):
        super().setUp()
        self.add_trusted()

    def make(self, name, mebi=16, full=0, **more):
        raw = make_disk(self.lab.folder / f'{name}.raw', mebi, f'this is {name}', full)
        flat = self.vcsim.make(name, raw, **more)
        wait_for(lambda: f'prod/{name}' in self.machines(), SOON, f'{name} is seen')
        return raw, flat

    def test_a_machine_comes_boots_and_goes_back(self):
        raw, flat = self.make('Web_01')
        before = sha256_of(flat)
        report = self.lab.must('vm', 'move-report', 'prod/Web_01', '--to', 'here', '--format', 'json').json()
        self.assertEqual(report['name'], 'web-01')
        for line in ('disks: ParaVirtualSCSIController stays pvscsi', 'network cards: VirtualVmxnet3 stays vmxnet3'):
            self.assertIn(line, report['kept'])
        self.assertIn('no network', self.lab.refused('vm', 'move', 'prod/Web_01', '--to', 'here', '--network', 'none').err)
        self.lab.must('vm', 'move', 'prod/Web_01', '--to', 'here', '--start')
        self.lab.wait_log('web-01', 'this is Web_01')
        here, there = self.lab.vm('web-01'), self.vcsim.devices('Web_01')
        self.assertEqual((here['uuid'], here['nics'][0]['mac'], here['cpus'], here['memory']), (there['uuid'], '00:50:56:12:34:56', 1, 256 << 20))
        self.assertEqual(here['relocation'] if 'relocation' in here else '', '')
        self.assertEqual(sha256_of(flat), before, 'the source is as it was')
        self.assertEqual(self.machines()['prod/Web_01']['observed'], 'off')
        self.lab.must('vm', 'stop', 'web-01', '--now')
        wait_for(lambda: self.lab.vm('web-01')['observed'] == 'off', SOON, 'it is off')
        self.assert_same(self.disk_of('web-01'), raw)

        # And back, under another name, as the source was kept.
        refused = self.lab.refused('vm', 'move', 'web-01', '--to', 'prod')
        self.assertIn('--network' if 'network' in refused.err else 'VM Network', refused.err + '--network')
        self.lab.must('vm', 'move', 'web-01', '--to', 'prod', '--new-name', 'back', '--network', 'VM Network', '--keep-source=false')
        sent = list(self.vcsim.sent.glob('*.vmdk'))
        self.assertEqual(len(sent), 1)
        self.assert_same(sent[0], raw)
        there = self.vcsim.devices('back')
        self.assertEqual((there['cpus'], there['memory_mb'], there['disk'], there['on'], there['card'], there['mac'], there['uuid']),
                         (1, 256, 16 << 10, 'ParaVirtualSCSIController', 'VirtualVmxnet3', '00:50:56:12:34:56', here['uuid']))
        wait_for(lambda: 'web-01' not in self.lab.vms(), SOON, 'what was moved is gone here')
        wait_for(lambda: 'prod/back' in self.machines(), SOON, 'it is seen there')

    def test_what_is_called_off_leaves_nothing(self):
        _, flat = self.make('large', 1024)
        before = sha256_of(flat)
        task = self.begin('prod/large', '--to', 'here')
        self.wait_copying(task)
        self.assertIn('is moving', self.lab.refused('vm', 'start', 'large').err)
        self.assertIn('is moving', self.lab.refused('vm', 'delete', 'large').err)
        self.assertIn('being moved', self.lab.refused('vm', 'move', 'prod/large', '--to', 'here', '--new-name', 'other').err)
        folder = self.disk_of('large').parent
        self.lab.must('task', 'cancel', task)
        self.assertEqual(self.wait_end(task)['state'], 'cancelled')
        wait_for(lambda: 'large' not in self.lab.vms() and not folder.exists(), SOON, 'nothing is left')
        self.assertEqual(sha256_of(flat), before)

    def test_a_move_goes_on_when_the_daemon_was_killed(self):
        raw, _ = self.make('heavy', 1024, 384)
        task = self.begin('prod/heavy', '--to', 'here')
        self.wait_copying(task)
        self.lab.kill()
        self.lab.start()
        self.assertEqual(self.wait_end(task)['state'], 'succeeded')
        self.assert_same(self.disk_of('heavy'), raw)

        # Out again: what was half made there is removed, and made anew.
        task = self.begin('heavy', '--to', 'prod', '--new-name', 'away', '--network', 'VM Network')
        self.wait_copying(task)
        self.lab.kill()
        self.lab.start()
        self.assertEqual(self.wait_end(task)['state'], 'succeeded')
        names = [line for line in self.vcsim.other('list').splitlines() if '"away"' in line]
        self.assertEqual(len(names), 1, 'it is there once')
        newest = max(self.vcsim.sent.glob('*.vmdk'), key=lambda path: path.stat().st_mtime)
        self.assert_same(newest, raw)
        self.assertEqual(self.lab.vm('heavy')['observed'], 'off', 'what it was moved from is kept')

    def test_a_source_that_is_gone_undoes_the_move(self):
        self.make('lost', 1024)
        task = self.begin('prod/lost', '--to', 'here')
        self.wait_copying(task)
        self.vcsim.kill()
        self.vcsim.start()  # a new one, in which the machine never was
        ended = self.wait_end(task)
        self.assertEqual(ended['state'], 'failed', ended)
        wait_for(lambda: 'lost' not in self.lab.vms(), SOON, 'nothing is left')


if __name__ == '__main__':
    unittest.main()

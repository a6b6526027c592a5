"""Repair, snapshots inside, bitmaps and resizing by `truce image`, with QEMU as the other judge."""

import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from lab import TRUCE

KIB, MIB = 1 << 10, 1 << 20


def run(*words, status=0):
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != status:
        raise AssertionError(f'{words}: {done.returncode}, not {status}: {done.stdout}{done.stderr}')
    return done.stdout + (done.stderr if status else '')


def truce(*words, status=0):
    return run(TRUCE, 'image', *words, status=status)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix='truce-repair-'))
        self.addCleanup(shutil.rmtree, self.folder)
        self.disk = self.folder / 'disk'

    def clean(self, form='qcow2'):
        run('qemu-img', 'check', '-q', '-f', form, self.disk)
        truce('check', self.disk)

    def patch(self, at, content):
        with self.disk.open('r+b') as file:
            file.seek(at)
            file.write(content)

    def number(self, at, form='>Q'):
        with self.disk.open('rb') as file:
            file.seek(at)
            return struct.unpack(form, file.read(struct.calcsize(form)))[0]

    def qemu_io(self, *commands):
        run('qemu-io', '-f', 'qcow2', *(word for command in commands for word in ('-c', command)), self.disk)


class Repair(Case):
    def make_qcow2(self):
        run('qemu-img', 'create', '-q', '-f', 'qcow2', self.disk, '16M')
        self.qemu_io('write -P 1 0 4M', 'write -P 2 8M 1M')

    def test_leaks_are_status_1_damage_is_status_2_and_a_repair_leaves_0(self):
        self.make_qcow2()
        counts = self.number(self.number(48))
        before = self.folder / 'before'
        shutil.copy(self.disk, before)
        last = self.disk.stat().st_size // 65536
        os.truncate(self.disk, (last + 1) * 65536)
        self.patch(counts + 2 * last, struct.pack('>H', 1))
        truce('check', self.disk, status=1)
        truce('check', '--repair', self.disk)
        self.clean()
        shutil.copy(before, self.disk)
        self.patch(counts + 2 * 60, struct.pack('>H', 0))
        truce('check', self.disk, status=2)
        self.assertIn('mended', truce('check', '--repair', self.disk))
        self.clean()
        self.assertEqual(run('qemu-img', 'compare', '-f', 'qcow2', '-F', 'qcow2', before, self.disk),
                         'Images are identical.\n')

    def test_a_clean_image_is_not_written_to(self):
        self.make_qcow2()
        before = self.disk.read_bytes()
        truce('check', '--repair', self.disk)
        self.assertEqual(self.disk.read_bytes(), before)

    def test_a_dirty_image_is_not_written_to_until_it_was_repaired(self):
        run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'lazy_refcounts=on', self.disk, '16M')
        subprocess.run(['qemu-io', '-f', 'qcow2', '-c', 'write -P 1 0 4M', '-c', 'sigraise 9', self.disk],
                       capture_output=True, check=False, timeout=60)
        self.assertEqual(self.number(72) & 1, 1)
        self.assertIn('cannot be written', truce('resize', self.disk, '20MiB', status=1))
        truce('check', '--repair', self.disk)
        self.clean()
        truce('resize', self.disk, '20MiB')
        run('qemu-io', '-f', 'qcow2', '-c', 'read -P 1 0 4M', self.disk)
        self.clean()

    def test_damaged_parts_are_given_up_only_when_that_is_said(self):
        self.make_qcow2()
        table = self.number(self.number(40)) & 0xfffffffffffe00
        self.patch(table, struct.pack('>Q', 1 << 63 | 1 << 50))
        said = truce('check', '--repair', self.disk, status=2)
        self.assertIn('cluster at 0', said)
        self.assertNotIn('mended', said)
        truce('check', '--drop-damaged', self.disk, status=2)
        self.assertIn('reads as zeros', truce('check', '--repair', '--drop-damaged', self.disk))
        self.clean()
        self.qemu_io('read -P 0 0 64k', 'read -P 1 64k 3M')

    def test_other_formats(self):
        raw = self.folder / 'raw'
        raw.write_bytes(os.urandom(3 * MIB))
        for form, qemu in (('vhd', 'vpc'), ('vhdx', 'vhdx'), ('vmdk', 'vmdk'), ('vdi', 'vdi')):
            with self.subTest(form):
                truce('convert', '-f', 'raw', '-O', form, '--replace', raw, self.disk)
                at = {'vhd': 20, 'vhdx': 65536 + 100, 'vmdk': 72, 'vdi': 388}[form]
                self.patch(at, b'\1' if form == 'vmdk' else b'\2\0\0\0')
                self.assertIn('mended', truce('check', '--repair', self.disk))
                truce('check', self.disk)
                if form != 'vhd':
                    run('qemu-img', 'check', '-f', qemu, self.disk)
                run('qemu-img', 'compare', '-f', 'raw', '-F', qemu, raw, self.disk)
        run('qemu-img', 'convert', '-f', 'raw', '-O', 'qed', raw, self.disk)
        self.assertIn('not mended', truce('check', '--repair', self.disk, status=3))


class Snapshots(Case):
    def test_both_programs_make_apply_and_delete_each_others(self):
        run('qemu-img', 'create', '-q', '-f', 'qcow2', self.disk, '16M')
        self.qemu_io('write -P 1 0 1M')
        run('qemu-img', 'snapshot', '-c', 'theirs', self.disk)
        self.qemu_io('write -P 2 512k 1M')
        truce('snapshot', self.disk, '--create', 'ours')
        truce('snapshot', self.disk, '--create', 'ours', status=1)
        self.clean()
        self.qemu_io('write -P 3 0 2M')
        rows = json.loads(truce('snapshot', self.disk, '--format', 'json'))
        self.assertEqual([row['name'] for row in rows], ['theirs', 'ours'])
        self.assertIn('theirs', truce('snapshot', self.disk))
        listed = run('qemu-img', 'snapshot', '-l', self.disk)
        self.assertIn('ours', listed)
        raw = self.folder / 'raw'
        truce('convert', '--snapshot', 'theirs', self.disk, raw)
        self.assertEqual(raw.read_bytes(), b'\1' * MIB + bytes(15 * MIB))
        truce('compare', '--snapshot', 'theirs', '-F', 'raw', self.disk, raw)
        truce('map', '--snapshot', 'theirs', self.disk)
        truce('convert', '--snapshot', 'nobody', self.disk, self.folder / 'x', status=1)
        truce('snapshot', self.disk, '--apply', 'theirs')
        self.clean()
        self.qemu_io('read -P 1 0 1M', 'read -P 0 1M 1M')
        run('qemu-img', 'snapshot', '-a', 'ours', self.disk)
        self.qemu_io('read -P 1 0 512k', 'read -P 2 512k 1M')
        self.clean()
        truce('snapshot', self.disk, '--delete', 'theirs')
        self.clean()
        run('qemu-img', 'snapshot', '-d', 'ours', self.disk)
        self.clean()
        self.assertEqual(json.loads(truce('snapshot', self.disk, '--format', 'json')), [])
        truce('snapshot', self.disk, '--create', 'a', '--delete', 'b', status=2)

    def test_the_memory_of_a_machine_in_a_snapshot_is_kept(self):
        run('qemu-img', 'create', '-q', '-f', 'qcow2', self.disk, '16M')
        self.qemu_io('write -P 1 0 1M')
        commands = 'savevm saved\nquit\n'
        run('sh', '-c', f"printf '{commands}' | qemu-system-x86_64 -M none -display none -monitor stdio "
            f'-drive if=none,file={self.disk},format=qcow2')
        row = json.loads(truce('snapshot', self.disk, '--format', 'json'))[0]
        self.assertGreater(row['machine_state'], 0)
        truce('snapshot', self.disk, '--create', 'ours')
        self.qemu_io('write -P 2 0 1M')
        truce('snapshot', self.disk, '--apply', 'saved')
        self.clean()
        truce('snapshot', self.disk, '--delete', 'ours')
        self.clean()
        self.qemu_io('read -P 1 0 1M')
        run('sh', '-c', f"printf 'loadvm saved\\nquit\\n' | qemu-system-x86_64 -M none -display none -monitor stdio "
            f'-drive if=none,file={self.disk},format=qcow2 | grep -vi error')
        truce('snapshot', self.disk, '--delete', 'saved')
        self.clean()

    def test_other_formats_have_none(self):
        truce('create', '-f', 'vhdx', self.disk, '16MiB')
        self.assertIn('only qcow2', truce('snapshot', self.disk, '--create', 'x', status=1))


class Bitmaps(Case):
    def bits(self, name):
        """The dirty ranges of a bitmap, as QEMU serves them over NBD."""
        socket = self.folder / 'socket'
        server = subprocess.Popen(['qemu-nbd', '-r', '-t', '-k', socket, '-f', 'qcow2', '-B', name, self.disk])
        try:
            for _ in range(100):
                if socket.exists():
                    break
                time.sleep(0.05)
            options = (f'driver=nbd,server.type=unix,server.path={socket},'
                       f'x-dirty-bitmap=qemu:dirty-bitmap:{name}')
            rows = json.loads(run('qemu-img', 'map', '--output=json', '--image-opts', options))
        finally:
            server.terminate()
            server.wait()
        return [(row['start'], row['length']) for row in rows if not row['data']]

    def test_what_is_written_through_truce_is_in_the_bitmaps_as_qemu_reads_them(self):
        run('qemu-img', 'create', '-q', '-f', 'qcow2', self.disk, '16M')
        run('qemu-img', 'bitmap', '--add', '-g', '64k', self.disk, 'changes')
        run('qemu-img', 'bitmap', '--add', '--disable', self.disk, 'still')
        socket = self.folder / 'ours'
        server = subprocess.Popen([TRUCE, 'image', 'serve', self.disk, '--writable', '--listen', f'unix:{socket}'],
                                  stdout=subprocess.PIPE)
        try:
            server.stdout.readline()
            run('qemu-io', '-f', 'raw', '-c', 'write -P 1 1M 100k', '-c', 'write -P 2 9M 1', f'nbd+unix:///?socket={socket}')
        finally:
            server.terminate()
            server.wait()
            server.stdout.close()
        self.assertEqual(self.bits('changes'), [(MIB, 128 * KIB), (9 * MIB, 64 * KIB)])
        self.assertEqual(self.bits('still'), [])
        self.clean()
        info = json.loads(truce('info', self.disk, '--format', 'json'))['bitmaps']
        self.assertEqual(info[0], {'name': 'changes', 'granularity': 64 * KIB, 'enabled': True, 'inconsistent': False})
        truce('resize', self.disk, '20MiB')
        self.assertEqual(self.bits('changes')[:2], [(MIB, 128 * KIB), (9 * MIB, 64 * KIB)])
        self.clean()
        target = self.folder / 'copy'
        truce('convert', '--bitmaps', '-O', 'qcow2', '-o', 'cluster_size=4096', self.disk, target)
        truce('convert', '--bitmaps', '-O', 'vhdx', self.disk, self.folder / 'no', status=2)
        self.disk = target
        self.assertEqual(self.bits('changes')[:2], [(MIB, 128 * KIB), (9 * MIB, 64 * KIB)])
        self.clean()

    def test_after_a_kill_the_bitmap_says_that_it_is_out_of_date(self):
        run('qemu-img', 'create', '-q', '-f', 'qcow2', self.disk, '16M')
        run('qemu-img', 'bitmap', '--add', self.disk, 'changes')
        socket = self.folder / 'ours'
        server = subprocess.Popen([TRUCE, 'image', 'serve', self.disk, '--writable', '--listen', f'unix:{socket}'],
                                  stdout=subprocess.PIPE)
        server.stdout.readline()
        run('qemu-io', '-f', 'raw', '-c', 'write -P 1 1M 100k', '-c', 'flush', f'nbd+unix:///?socket={socket}')
        server.kill()
        server.wait()
        server.stdout.close()
        self.assertTrue(json.loads(truce('info', self.disk, '--format', 'json'))['bitmaps'][0]['inconsistent'])
        self.assertIn('in-use', run('qemu-img', 'info', self.disk))
        self.assertIn('out of date', truce('convert', '--bitmaps', '-O', 'qcow2', self.disk, self.folder / 'x', status=1))


class Resize(Case):
    def test_a_vmdk_gets_another_size(self):
        raw = self.folder / 'raw'
        raw.write_bytes(os.urandom(3 * MIB))
        for kind in ('monolithicSparse', 'monolithicFlat', 'twoGbMaxExtentSparse', 'twoGbMaxExtentFlat'):
            with self.subTest(kind):
                disk = self.folder / f'{kind}.vmdk'
                allowed = [] if kind == 'monolithicSparse' else ['--allow-external', self.folder]
                truce('convert', '-f', 'raw', '-O', 'vmdk', '-o', f'subformat={kind}', raw, disk)
                if allowed:
                    truce('resize', disk, '5MiB', status=1)
                truce('resize', disk, '80MiB', *allowed)
                run('qemu-img', 'check', '-f', 'vmdk', disk)
                back = self.folder / 'back'
                run('qemu-img', 'convert', '-f', 'vmdk', '-O', 'raw', disk, back)
                self.assertEqual(back.read_bytes(), raw.read_bytes() + bytes(77 * MIB))
                truce('resize', disk, '2MiB', *allowed, status=1)
                truce('resize', '--shrink', disk, '2MiB', *allowed)
                run('qemu-img', 'convert', '-f', 'vmdk', '-O', 'raw', disk, back)
                self.assertEqual(back.read_bytes(), raw.read_bytes()[:2 * MIB])
        stream = self.folder / 'stream.vmdk'
        truce('convert', '-f', 'raw', '-O', 'vmdk', '--compress', raw, stream)
        self.assertIn('cannot be written in place', truce('resize', stream, '9MiB', status=1))

    def test_a_partition_that_would_be_cut_off_is_named_and_kept(self):
        raw = bytearray(8 * MIB)
        raw[446 + 4] = 0x83
        raw[454:462] = struct.pack('<II', 2048, 8192)
        raw[510:512] = b'\x55\xaa'
        self.disk.write_bytes(raw)
        truce('resize', '-f', 'raw', '--shrink', self.disk, '6MiB')
        said = truce('resize', '-f', 'raw', '--shrink', self.disk, '4MiB', status=1)
        self.assertIn('partition 1', said)
        self.assertIn('--force', said)
        self.assertEqual(self.disk.stat().st_size, 6 * MIB)
        truce('resize', '-f', 'raw', '--shrink', '--force', self.disk, '4MiB')
        self.assertEqual(self.disk.stat().st_size, 4 * MIB)


if __name__ == '__main__':
    unittest.main()

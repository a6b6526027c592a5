"""Conversions in place, and those that are interrupted: the real CLI, kill -9 and qemu-img as judge."""

import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
import unittest

from image_test import ImageCase, MIB, WRITTEN, disk_content, outside
from lab import LONG, TRUCE, wait_for

# What a disk becomes in place: name, our options, what qemu-img calls it.
IN_PLACE = [
    ('disk.vhd', ['-O', 'vhd'], 'vpc'),
    ('disk.vmdk', ['-O', 'vmdk'], 'vmdk'),
    ('esx.vmdk', ['-O', 'vmdk', '-o', 'subformat=vmfs'], 'vmdk'),
    ('disk.qcow2', ['-O', 'qcow2'], 'qcow2'),
]


class InPlace(ImageCase):
    def qemu_there(self, folder, *words):
        """QEMU looks for the data file of a QCOW2 in its working folder."""
        done = subprocess.run(['qemu-img', *map(str, words)], capture_output=True, text=True, timeout=60, check=False,
                              cwd=folder)
        self.assertEqual((done.returncode, done.stderr), (0, ''), f'{words}: {done.stdout}{done.stderr}')
        return done.stdout

    def test_a_disk_goes_through_every_kind_and_comes_back(self):
        for name, words, form in IN_PLACE:
            with self.subTest(name):
                folder = self.path(f'{name}.d')
                folder.mkdir()
                raw = folder / 'disk.raw'
                raw.write_bytes(self.raw.read_bytes())
                inode = raw.stat().st_ino
                told = self.truce('convert', '--in-place', '-f', 'raw', *words, raw, folder / name)
                self.assertIn('in place: nothing moved', told)
                self.qemu_there(folder, 'compare', '-f', 'raw', '-F', form, self.raw, name)
                if form in ('vmdk', 'qcow2'):
                    self.qemu_there(folder, 'check', '-f', form, name)
                allowed = [] if form == 'vpc' else ['--allow-external', folder]
                self.assertEqual(self.truce('compare', self.raw, folder / name, '-f', 'raw', *allowed), 'the same\n')
                self.truce('convert', '--in-place', folder / name, folder / 'back.raw', *allowed)
                self.assertEqual(os.listdir(folder), ['back.raw'])
                self.assertEqual((folder / 'back.raw').stat().st_ino, inode)
                self.assertEqual((folder / 'back.raw').read_bytes(), self.raw.read_bytes())

    def test_it_takes_no_time_whatever_the_size(self):
        for name, words, _ in IN_PLACE:
            with self.subTest(name):
                folder = self.path(f'{name}.d')
                folder.mkdir()
                with open(folder / 'disk.raw', 'wb') as disk:
                    disk.truncate(1 << 40)
                told = json.loads(self.truce('convert', '--in-place', '-f', 'raw', *words, folder / 'disk.raw',
                                             folder / name, '--format', 'json'))
                self.assertTrue(told['in_place'])
                self.assertLess(told['seconds'], 5)  # the goal is 0.05, on a machine that does nothing else

    def test_what_cannot_be_done_is_refused_and_changes_nothing(self):
        raw, folder = self.path('disk.raw'), self.path('').parent / self.path('').name
        raw.write_bytes(self.raw.read_bytes())
        (folder / 'there.vhd').write_text('precious')
        os.link(raw, folder / 'second')
        os.symlink('disk.raw', folder / 'link')
        cases = (([raw, folder / 'x.vhd', '-O', 'vhd'], 1, '--hard-links'),
                 ([folder / 'link', folder / 'x.vhd', '-O', 'vhd'], 2, 'symbolic link'),
                 ([raw, folder / 'there.vhd', '-O', 'vhd', '--hard-links'], 1, 'nothing is written over'),
                 ([raw, folder / 'x.vdi', '-O', 'vdi', '--hard-links'], 1, 'in place can be made raw'),
                 ([raw, folder / 'x.vhd', '-O', 'vhd', '--copy'], 2, '--copy'),
                 ([raw, folder.parent / 'x.vhd', '-O', 'vhd'], 2, "in the source's folder"))
        for words, status, told in cases:
            with self.subTest(told):
                self.assertIn(told, self.truce('convert', '--in-place', '-f', 'raw', *words, status=status))
        self.assertEqual(sorted(os.listdir(folder)), ['disk.raw', 'link', 'second', 'there.vhd'])
        self.assertEqual(raw.read_bytes(), self.raw.read_bytes())
        self.truce('convert', '--in-place', '-f', 'raw', '--hard-links', '-O', 'vhd', raw, folder / 'x.vhd')

    def test_an_interrupted_one_is_known_and_recovered(self):
        # A machine holds the disk: what was killed cannot be finished while it does.
        folder = self.path('kill')
        folder.mkdir()
        interrupted = 0
        for delay in range(0, 60, 2):
            raw = folder / 'disk.raw'
            raw.write_bytes(self.raw.read_bytes())
            os.sync()
            process = subprocess.Popen([TRUCE, 'image', 'convert', '--in-place', '-f', 'raw', '-O', 'vmdk', raw,
                                        folder / 'disk.vmdk'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(delay / 1000)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if (folder / '.disk.raw.truce-journal').exists():
                interrupted += 1
                for verb in ('info', 'check', 'serve'):
                    told = subprocess.run([TRUCE, 'image', verb, raw], capture_output=True, text=True, timeout=30,
                                          check=False)
                    self.assertIn('truce image recover', told.stderr)
            self.truce('recover', raw if raw.exists() else folder / 'disk.vmdk')
            if raw.exists():
                self.truce('convert', '--in-place', '-f', 'raw', '-O', 'vmdk', raw, folder / 'disk.vmdk')
            self.assertEqual(sorted(os.listdir(folder)), ['disk-flat.vmdk', 'disk.vmdk'])
            self.assertEqual((folder / 'disk-flat.vmdk').read_bytes(), self.raw.read_bytes())
            for name in os.listdir(folder):
                (folder / name).unlink()
        print(f'{interrupted} of 30 left a journal')


class Source(ImageCase):
    @unittest.skipUnless(shutil.which('strace'), 'skipped, because strace is not installed')
    def test_coreos_3728_a_source_is_on_the_disk_before_its_holes_are_believed(self):
        # XFS has shown holes where data was written and not on the disk yet.
        source, log = self.path('disk.raw'), self.path('calls')
        source.write_bytes(self.raw.read_bytes())
        subprocess.run(['strace', '-f', '-y', '-o', log, '-e', 'trace=lseek,fdatasync,ioctl,copy_file_range', TRUCE, 'image',
                        'convert', '--no-sync', '-f', 'raw', '-O', 'qcow2', source, self.path('disk.qcow2')], check=True,
                       stdout=subprocess.DEVNULL, timeout=60)
        calls = [line for line in log.read_text().splitlines() if f'<{source}>' in line]
        first = next(number for number, line in enumerate(calls) if re.search('SEEK_|FICLONE|copy_file_range', line))
        self.assertTrue(any('fdatasync(' in line for line in calls[:first]), calls[:first + 1])


@unittest.skipIf(os.geteuid() != 0, 'skipped, because mounting needs root')
class Sharing(ImageCase):
    SYSTEMS = {'xfs': ['mkfs.xfs', '-q', '-m', 'reflink=1'], 'btrfs': ['mkfs.btrfs', '-q']}

    def mounted(self, kind):
        """An empty file system that shares blocks."""
        if not shutil.which(self.SYSTEMS[kind][0]):
            self.skipTest(f'skipped, because {self.SYSTEMS[kind][0]} is not installed')
        device, folder = self.path(f'{kind}.img'), self.path(kind)
        folder.mkdir()
        with open(device, 'wb') as file:
            file.truncate(1 << 30)
        done = subprocess.run([*self.SYSTEMS[kind], device], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run(['mount', '-o', 'loop', device, folder], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest(f'skipped, because {kind} cannot be mounted here: {done.stderr.strip()}')
        self.addCleanup(subprocess.run, ['umount', folder], check=True)
        return folder

    def scattered(self, path, size):
        """A disk of many pieces with holes between them; the content, and how many bytes are stored."""
        chance = random.Random(size)
        with open(path, 'wb') as disk:
            disk.truncate(size)
            for _ in range(300):
                disk.seek(chance.randrange((size - 400_000) // 4096) * 4096)
                disk.write(chance.randbytes(chance.choice((512, 4096, 40_000, 300_000))))
            disk.seek(size - 512)
            disk.write(chance.randbytes(512))
        os.sync()
        return path.read_bytes(), path.stat().st_blocks * 512

    def convert(self, source, target, *words):
        return json.loads(self.truce('convert', source, target, *words, '--format', 'json'))

    def test_blocks_are_shared_and_every_format_holds_the_same(self):
        for kind in self.SYSTEMS:
            folder = self.mounted(kind)
            for size in (32 * MIB, 32 * MIB + 512):
                source = folder / f'{size}.raw'
                content, stored = self.scattered(source, size)
                for name, words, form in WRITTEN:
                    if 'compress' in ' '.join(words) or 'compression' in ' '.join(words):
                        continue
                    with self.subTest(kind=kind, size=size, name=name):
                        target, back = folder / f'{size}-{name}', folder / f'{size}-{name}.back'
                        told = self.convert(source, target, '-f', 'raw', *words)
                        self.assertGreater(told['shared'], stored * 9 // 10)
                        self.assertLessEqual(told['shared'] + told['kernel'] + told['through'], stored)
                        self.qemu_img('compare', '-f', 'raw', '-F', form, source, target)
                        told = self.convert(target, back, *outside(name, target))
                        self.assertGreater(told['shared'], stored // 2)
                        self.assertEqual(back.read_bytes(), content)
                        self.assertEqual(source.read_bytes(), content)
                        for path in (target, back):
                            path.unlink()


class Resume(ImageCase):
    SLOW = ['--threads', '1', '-O', 'qcow2', '-o', 'compression=zlib', '-o', 'level=12']

    def seconds_of(self, source, words):
        """How long the whole conversion takes here."""
        start = time.monotonic()
        self.truce('convert', '--no-sync', '-f', 'raw', *words, source, self.path('whole'))
        self.path('whole').unlink()
        return time.monotonic() - start

    def convert_and_kill(self, delay, number, *words):
        """How it ended: its status, and what it said."""
        process = subprocess.Popen([TRUCE, 'image', 'convert', '--resume', *map(str, words)], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        try:
            out, told = process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            out, told = process.communicate(timeout=60)
        return process.returncode, out + told

    def test_a_killed_conversion_goes_on_and_ends_the_same(self):
        chance = random.Random(4)
        kills, wanted = 0, 20 if LONG else 2
        source = self.path('large.raw')
        source.write_bytes(disk_content(96 * MIB, 3))
        targets = [('qcow2', self.SLOW), ('vmdk', ['--threads', '1', '-O', 'vmdk', '-o', 'subformat=streamOptimized',
                                                   '-o', 'level=12'])]
        whole = max(self.seconds_of(source, words) for _, words in targets)
        for number, (form, words) in enumerate(itertools.cycle(targets)):
            target = self.path(f'disk{number}.{form}')
            status, resumed, told, tries = 1, False, '', 0
            while status != 0:
                # Later each time, so that it comes to an end on any machine.
                delay = chance.uniform(0.3, 0.7) * whole * (1 + tries / 4)
                tries += 1
                status, told = self.convert_and_kill(delay, signal.SIGKILL, '-f', 'raw', *words, source, target)
                if status == 0:
                    break
                self.assertEqual(status, -signal.SIGKILL, told)
                self.assertFalse(target.exists())
                kills += 1
                resumed = resumed or (target.parent / f'.{target.name}.truce-checkpoint').exists()
            if resumed:
                self.assertIn('resumed at', told)
            self.qemu_img('compare', '-f', 'raw', '-F', form, source, target)
            self.truce('check', target)
            self.assertEqual([name for name in os.listdir(target.parent) if name.startswith('.')], [])
            if kills >= wanted:
                break

    def test_ctrl_c_tells_how_to_go_on_and_a_change_of_the_source_is_noticed(self):
        source, target = self.path('large.raw'), self.path('disk.qcow2')
        source.write_bytes(disk_content(96 * MIB, 3))
        delay = self.seconds_of(source, self.SLOW) / 2
        status, told = self.convert_and_kill(delay, signal.SIGINT, '-f', 'raw', *self.SLOW, source, target)
        self.assertEqual(status, 1, told)
        self.assertRegex(told, 'cancelled; the same command goes on from [0-9]+ %')
        with open(source, 'r+b') as disk:
            disk.write(b'changed')
        told = self.truce('convert', '--resume', '-f', 'raw', *self.SLOW, source, target, status=1)
        self.assertIn('the source was changed', told)
        checkpoint = target.parent / '.disk.qcow2.truce-checkpoint'
        content = bytearray(checkpoint.read_bytes())
        content[len(content) // 2] ^= 1
        checkpoint.write_bytes(content)
        done = subprocess.run([TRUCE, 'image', 'convert', '--resume', '-f', 'raw', '-O', 'qcow2', source, target],
                              capture_output=True, text=True, timeout=60, check=True)
        self.assertIn('begins anew', done.stderr)
        self.qemu_img('compare', '-f', 'raw', '-F', 'qcow2', source, target)

    def test_a_source_over_a_parent_is_gone_on_with_unless_the_parent_was_changed(self):
        base, child, target = self.path('base.raw'), self.path('child.qcow2'), self.path('disk.qcow2')
        content = disk_content(96 * MIB, 3)
        base.write_bytes(content)
        self.truce('create', '-f', 'qcow2', '--backing', base, child)
        words = [*self.SLOW, child, target, '--allow-external', base.parent]
        delay = self.seconds_of(base, self.SLOW) / 2
        status, told = self.convert_and_kill(delay, signal.SIGINT, *words)
        self.assertRegex(told, 'cancelled; the same command goes on from [0-9]+ %')
        with open(base, 'r+b') as disk:
            disk.write(b'changed')
        self.assertIn('the source was changed', self.truce('convert', '--resume', *words, status=1))
        for left in target.parent.glob('.disk.qcow2.*'):
            left.unlink()
        status, told = self.convert_and_kill(delay, signal.SIGKILL, *words)
        while status != 0:
            delay *= 2
            status, told = self.convert_and_kill(delay, signal.SIGKILL, *words)
        self.qemu_img('compare', '-f', 'raw', '-F', 'qcow2', base, target)

    @unittest.skipIf(os.geteuid() != 0, 'skipped, because mounting needs root')
    def test_a_full_file_system_is_told_and_gone_on_from(self):
        folder = self.path('full')
        folder.mkdir()
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=18m', 'tmpfs', folder], check=True)
        self.addCleanup(subprocess.run, ['umount', folder], check=True)
        source = self.path('noise.raw')
        source.write_bytes(random.Random(1).randbytes(24 * MIB))
        for words in (['-O', 'raw'], ['-O', 'vhdx'], ['-O', 'qcow2', '--compress']):
            target = folder / 'disk'
            told = self.truce('convert', '-f', 'raw', *words, source, target, status=1)
            self.assertRegex(told, 'No space left on device; .* more are needed; nothing is left of the target')
            self.assertEqual(os.listdir(folder), [])
            told = self.truce('convert', '--resume', '-f', 'raw', *words, source, target, status=1)
            self.assertRegex(told, 'No space left on device; .*; the same command goes on from')
            subprocess.run(['mount', '-o', 'remount,size=64m', folder], check=True)
            told = self.truce('convert', '--resume', '-f', 'raw', *words, source, target)
            self.assertRegex(told, 'resumed at [1-9][0-9] %')
            form = words[1]
            self.qemu_img('compare', '-f', 'raw', '-F', form, source, target)
            self.assertEqual(os.listdir(folder), ['disk'])
            target.unlink()
            subprocess.run(['mount', '-o', 'remount,size=18m', folder], check=True)

    @unittest.skipIf(os.geteuid() != 0, 'skipped, because mounting needs root')
    def test_a_target_of_several_files_is_gone_on_from(self):
        folder, source = self.path('full'), self.path('noise.raw')
        folder.mkdir()
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=18m', 'tmpfs', folder], check=True)
        self.addCleanup(subprocess.run, ['umount', folder], check=True)
        with open(source, 'wb') as disk:
            disk.truncate(5 << 30)
            for at in (0, 5 << 29, 9 << 29):
                disk.seek(at)
                disk.write(random.Random(at).randbytes(8 * MIB))
        for name, words, count in (('disk.vmdk', ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse'], 4),
                                   ('disk.vmdk', ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentFlat'], 4),
                                   ('disk.vmdk', ['-O', 'vmdk', '-o', 'subformat=monolithicFlat'], 2),
                                   ('disk.qcow2', ['-O', 'qcow2', '-o', 'data_file=disk.data'], 2)):
            with self.subTest(words[-1]):
                words = ['--resume', '-f', 'raw', *words, source, folder / name]
                told = self.truce('convert', *words, status=1)
                self.assertRegex(told, 'No space left on device; .*; the same command goes on from')
                self.assertEqual([left for left in os.listdir(folder) if not left.startswith('.')], [])
                subprocess.run(['mount', '-o', 'remount,size=64m', folder], check=True)
                self.assertRegex(self.truce('convert', *words), 'resumed at [1-9][0-9] %')
                self.assertEqual(len(os.listdir(folder)), count)
                done = subprocess.run(['qemu-img', 'compare', '-f', 'raw', '-F', words[4], source, name], cwd=folder,
                                      capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ''), done.stdout)
                self.assertEqual(self.truce('compare', source, folder / name, '-f', 'raw', '--allow-external', folder),
                                 'the same\n')
                for left in os.listdir(folder):
                    (folder / left).unlink()
                subprocess.run(['mount', '-o', 'remount,size=18m', folder], check=True)

    def test_ctrl_c_twice_leaves_nothing_behind(self):
        source, target = self.path('large.raw'), self.path('disk.vmdk')
        source.write_bytes(disk_content(40 * MIB, 3))
        process = subprocess.Popen([TRUCE, 'image', 'convert', '-f', 'raw', *self.SLOW, source, target],
                                   stderr=subprocess.PIPE, text=True)
        wait_for(lambda: len(os.listdir(target.parent)) == 2, 20, 'the unfinished target')
        for _ in range(2):
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertNotEqual(process.returncode, 0)
        self.assertEqual(os.listdir(target.parent), ['large.raw'])


if __name__ == '__main__':
    unittest.main()

"""Disks through pipes: `-` as a source and as a target of `truce image`. Needs no daemon."""

import os
import pty
import subprocess
import tarfile
import threading
import time

from image_sources_test import MIB, SourcesTest
from lab import TRUCE

ONLY_THESE = 'raw and streamOptimized VMDK'


class PipesTest(SourcesTest):
    def through(self, *words, given=b'', status=0, **more):
        """The bytes that a command gives for those that it is given; what it says is in .said."""
        done = subprocess.run([TRUCE, 'image', *map(str, words)], input=given, capture_output=True, timeout=60, **more)
        self.said = done.stderr.decode()
        self.assertEqual(done.returncode, status, (words, self.said))
        return done.stdout

    def packed_by_qemu(self):
        path = self.folder / 'qemu.vmdk'
        self.qemu('convert', '-f', 'raw', '-O', 'vmdk', '-o', 'subformat=streamOptimized', self.raw, path)
        return path.read_bytes()

    def nothing_is_left(self):
        self.assertEqual([path.name for path in self.folder.iterdir() if 'out' in path.name], [])


class Output(PipesTest):
    def test_raw_is_the_disk_byte_for_byte_and_messages_go_elsewhere(self):
        image = self.folder / 'disk.qcow2'
        self.qemu('convert', '-f', 'raw', '-O', 'qcow2', self.raw, image)
        self.assertEqual(self.through('convert', '-O', 'raw', image, '-'), self.raw.read_bytes())
        self.assertIn('raw disk of 4MiB', self.said)
        self.assertEqual(self.through('convert', image, '-', '--format', 'json'), self.raw.read_bytes())
        self.assertIn('"zeroes"', self.said)

    def test_a_stream_optimized_vmdk_is_what_qemu_reads_and_what_a_file_would_hold(self):
        packed = self.folder / 'packed.vmdk'
        packed.write_bytes(self.through('convert', '-O', 'vmdk', '--compress', self.raw, '-'))
        self.qemu('compare', '-f', 'raw', '-F', 'vmdk', self.raw, packed)
        self.truce('check', packed)
        self.truce('compare', packed, self.raw)

    def test_formats_that_need_a_file_say_which_do_not(self):
        for words in (['-O', 'qcow2'], ['-O', 'vhdx'], ['-O', 'vmdk'], ['-O', 'vhd']):
            self.assertEqual(self.through('convert', *words, self.raw, '-', status=1), b'')
            self.assertIn('-O raw and -O vmdk --compress', self.said)

    def test_a_reader_that_ends_early_is_an_error_and_no_signal(self):
        for words in (['-O', 'raw'], ['-O', 'vmdk', '--compress']):
            child = subprocess.Popen([TRUCE, 'image', 'convert', *words, self.raw, '-'], stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE)
            child.stdout.read(10)
            child.stdout.close()
            said = child.stderr.read().decode()
            child.stderr.close()
            self.assertEqual(child.wait(60), 1)
            self.assertIn('broken pipe', said)

    def test_a_full_device_and_a_closed_descriptor_are_errors(self):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([TRUCE, 'image', 'convert', self.raw, '-'], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'No space left', done.stderr)
        done = subprocess.run(['sh', '-c', 'exec "$0" image convert "$1" - >&-', TRUCE, self.raw], stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'standard output is closed', done.stderr)

    def test_never_onto_a_terminal(self):
        leader, terminal = pty.openpty()
        self.addCleanup(os.close, leader)
        self.addCleanup(os.close, terminal)
        for words in (['convert', self.raw, '-'], ['pack', self.raw, '-o', '-']):
            done = subprocess.run([TRUCE, 'image', *words], stdout=terminal, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b'is a terminal', done.stderr)
        done = subprocess.run([TRUCE, 'image', 'convert', '-', self.folder / 'out'], stdin=terminal, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        self.nothing_is_left()

    def test_it_streams_before_its_source_has_ended(self):
        """A source that has given 2 MiB only: the disk's first bytes are out already."""
        child = subprocess.Popen([TRUCE, 'image', 'convert', '-f', 'raw', '--source-size', '4MiB', '-', '-'],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        disk, seen = os.urandom(4 * MIB), threading.Event()

        def give():
            child.stdin.write(disk[:2 * MIB])
            child.stdin.flush()
            seen.wait(30)
            child.stdin.write(disk[2 * MIB:])
            child.stdin.close()
        giver = threading.Thread(target=give)
        giver.start()
        got = child.stdout.read(MIB)
        self.assertIsNone(child.poll())
        seen.set()
        got += child.stdout.read()
        giver.join()
        child.stdout.close()
        child.stderr.close()
        self.assertEqual(child.wait(60), 0)
        self.assertEqual(got, disk)

    def test_an_ova_goes_through_a_pipe(self):
        package = self.folder / 'got.ova'
        package.write_bytes(self.through('pack', self.raw, '-o', '-'))
        with tarfile.open(package) as archive:
            self.assertTrue(archive.getnames()[0].endswith('.ovf'))
        self.truce('unpack', package, self.folder / 'unpacked', '-O', 'raw')
        unpacked, = (self.folder / 'unpacked').glob('*.raw')
        self.assertEqual(unpacked.read_bytes(), self.raw.read_bytes())

    def test_an_xva_goes_through_a_pipe(self):
        package = self.folder / 'got.xva'
        package.write_bytes(self.through('pack', self.raw, '-o', '-', '--package', 'xva'))
        with tarfile.open(package) as archive:
            self.assertEqual(archive.getnames()[0], 'ova.xml')
        self.truce('unpack', package, self.folder / 'of-xva', '-O', 'raw')
        unpacked, = (self.folder / 'of-xva').glob('*.raw')
        self.assertEqual(unpacked.read_bytes(), self.raw.read_bytes())


class Input(PipesTest):
    def test_stream_optimized_vmdks_of_ours_and_of_qemu_become_every_format(self):
        ours = self.through('convert', '-O', 'vmdk', '--compress', self.raw, '-')
        for given in (ours, self.packed_by_qemu()):
            for name in ('raw', 'qcow2', 'vhdx', 'vdi', 'vmdk'):
                target = self.folder / f'out.{name}'
                self.through('convert', '-', target, '-O', name, '--replace', given=given)
                self.qemu('compare', '-f', 'raw', '-F', name, self.raw, target)
            self.assertEqual(self.through('convert', '-', '-', given=given), self.raw.read_bytes())

    def test_a_raw_disk_of_unknown_size_becomes_every_format(self):
        disk = self.raw.read_bytes()
        for name in ('raw', 'qcow2', 'vhdx'):
            target = self.folder / f'out.{name}'
            self.through('convert', '-f', 'raw', '-O', name, '-', target, given=disk)
            self.qemu('compare', '-f', 'raw', '-F', name, self.raw, target)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ['disk.raw', 'out.qcow2', 'out.raw', 'out.vhdx'])
        target = self.folder / 'dd.qcow2'
        subprocess.run(f'dd if={self.raw} bs=7777 status=none | {TRUCE} image convert -f raw -O qcow2 - {target}',
                       shell=True, check=True, timeout=60, capture_output=True)
        self.qemu('compare', '-f', 'raw', '-F', 'qcow2', self.raw, target)

    def test_a_raw_disk_of_a_size_that_is_given_must_have_it(self):
        disk, target = self.raw.read_bytes(), self.folder / 'out.qcow2'
        for given in (disk[:-512], disk + bytes(512), disk[:MIB]):
            self.through('convert', '-f', 'raw', '-O', 'qcow2', '--source-size', '4MiB', '-', target, given=given, status=1)
            self.assertIn('announced', self.said)
            self.nothing_is_left()
        self.through('convert', '-f', 'raw', '-O', 'qcow2', '--source-size', '4MiB', '-', target, given=disk)
        self.assertNotIn('beside', self.said)
        self.qemu('compare', '-f', 'raw', '-F', 'qcow2', self.raw, target)

    def test_what_is_cut_off_in_the_middle_is_an_error_and_leaves_no_target(self):
        for whole in (self.through('convert', '-O', 'vmdk', '--compress', self.raw, '-'), self.packed_by_qemu()):
            for part in (300, 512, 70_000, len(whole) // 2, len(whole) // 2 + 77, len(whole) - 1536):
                words = [] if part > 300 else ['-f', 'vmdk']
                for name in ('raw', 'qcow2'):
                    self.through('convert', *words, '-O', name, '-', self.folder / 'out', given=whole[:part], status=1)
                    self.nothing_is_left()

    def test_damage_in_a_grain_is_an_error_and_leaves_no_target(self):
        whole = bytearray(self.through('convert', '-O', 'vmdk', '--compress', self.raw, '-'))
        middle = len(whole) // 2
        whole[middle:middle + 4096] = os.urandom(4096)
        self.through('convert', '-', self.folder / 'out', given=bytes(whole), status=1)
        self.nothing_is_left()

    def test_formats_whose_tables_lie_anywhere_say_which_do_not(self):
        for name in ('qcow2', 'vhdx', 'vmdk'):
            image = self.folder / f'disk.{name}'
            self.qemu('convert', '-f', 'raw', '-O', name, self.raw, image)
            self.through('convert', '-', self.folder / 'out', given=image.read_bytes(), status=1)
            self.assertIn('save it to a file first', self.said)
            self.nothing_is_left()
            with open(image, 'rb') as opened:  # a file that the shell opened is none of a pipe's poverty
                done = subprocess.run([TRUCE, 'image', 'convert', '-', '-'], stdin=opened, capture_output=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (0, self.raw.read_bytes()), done.stderr)

    def test_what_does_not_go_with_a_pipe_is_refused(self):
        for option in (['--in-place', '-O', 'vhd'], ['--resume'], ['--bitmaps'], ['--backing', self.raw],
                       ['--snapshot', 'a']):
            self.through('convert', *option, '-', self.folder / 'out', status=2)
        for words in (['info', '-'], ['compare', self.raw, '-'], ['check', '-'], ['pack', '-', '-o', 'x.ova'],
                      ['convert', '--source-size', '1MiB', self.raw, self.folder / 'out']):
            self.assertIn(self.through(*words, status=2 if '--source-size' in words else 1), (b'',))
            self.assertIn('pipe', self.said)
        self.nothing_is_left()

    def test_an_interrupted_wait_for_input_ends_and_leaves_no_target(self):
        child = subprocess.Popen([TRUCE, 'image', 'convert', '-', self.folder / 'out'], stdin=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        child.stdin.write(bytes(3 * MIB))
        child.stdin.flush()
        time.sleep(1)
        child.terminate()
        self.assertEqual(child.wait(20), 1)
        child.stdin.close()
        child.stderr.close()
        self.nothing_is_left()


del PipesTest, SourcesTest

"""Every format into every other, and what hostile images get: `truce image` beside qemu-img and others.

TRUCE_LONG_TESTS=1 tries every pair in every size.
"""

import fcntl
import itertools
import os
import random
import shutil
import signal
import struct
import subprocess
import time
import unittest

from image_test import ImageCase, disk_content
from lab import LONG, TRUCE

MIB = 1 << 20

# Name, options of ours, what QEMU calls it, the tool and its mount that read it as well.
VARIANTS = [
    ('raw', ['-O', 'raw'], 'raw', None),
    ('qcow2', ['-O', 'qcow2'], 'qcow2', 'qcow'),
    ('qcow2-v2', ['-O', 'qcow2', '-o', 'compat=0.10'], 'qcow2', 'qcow'),
    *((f'qcow2-{size}', ['-O', 'qcow2', '-o', f'cluster_size={size}'], 'qcow2', None)
      for size in (512, 1024, 4096, 16384, 262144, 2097152)),
    ('qcow2-subclusters', ['-O', 'qcow2', '-o', 'extended_l2=on'], 'qcow2', None),
    ('qcow2-small-subclusters', ['-O', 'qcow2', '-o', 'extended_l2=on', '-o', 'cluster_size=16384'], 'qcow2', None),
    ('qcow2-zlib', ['-O', 'qcow2', '--compress'], 'qcow2', 'qcow'),
    ('qcow2-zlib-512', ['-O', 'qcow2', '-o', 'compression=zlib', '-o', 'cluster_size=512'], 'qcow2', None),
    ('qcow2-zstd', ['-O', 'qcow2', '-o', 'compression=zstd'], 'qcow2', None),
    ('qcow2-data', ['-O', 'qcow2', '-o', 'data_file=qcow2-data.bytes'], 'qcow2', None),
    ('qcow', ['-O', 'qcow'], 'qcow', 'qcow'),
    ('vhd', ['-O', 'vhd'], 'vpc', 'vhdi'),
    ('vhd-512k', ['-O', 'vhd', '-o', 'block_size=512K'], 'vpc', 'vhdi'),
    ('vhd-fixed', ['-O', 'vhd', '-o', 'subformat=fixed'], 'vpc', 'vhdi'),
    ('vhdx', ['-O', 'vhdx'], 'vhdx', 'vhdi'),
    ('vhdx-1m', ['-O', 'vhdx', '-o', 'block_size=1048576'], 'vhdx', 'vhdi'),
    ('vhdx-fixed', ['-O', 'vhdx', '-o', 'subformat=fixed', '-o', 'block_size=1048576'], 'vhdx', 'vhdi'),
    ('vmdk', ['-O', 'vmdk'], 'vmdk', 'vmdk'),
    ('vmdk-stream', ['-O', 'vmdk', '--compress'], 'vmdk', 'vmdk'),
    ('vmdk-flat', ['-O', 'vmdk', '-o', 'subformat=monolithicFlat'], 'vmdk', 'vmdk'),
    ('vmdk-2gb', ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse'], 'vmdk', 'vmdk'),
    ('vmdk-2gb-flat', ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentFlat'], 'vmdk', 'vmdk'),
    ('vdi', ['-O', 'vdi'], 'vdi', None),
    ('vdi-static', ['-O', 'vdi', '-o', 'subformat=static'], 'vdi', None),
]
SEVERAL_FILES = {'qcow2-data', 'vmdk-flat', 'vmdk-2gb', 'vmdk-2gb-flat'}
SIZES = (512, 511 * 512, MIB + 512, 3 * MIB)


class MatrixCase(ImageCase):
    def convert(self, source, name, target, words, form=None):
        """A new image; other files of the source are allowed where it has some."""
        allowed = ['--allow-external', source.parent] if name in SEVERAL_FILES else []
        self.truce('convert', '--quiet', '--no-sync', *(['-f', form] if form else []), source, target, *words, *allowed)

    def images_of(self, size):
        """A folder with a raw disk of this size and one image of it of each variant."""
        folder = self.path(f'of-{size}')
        folder.mkdir()
        raw = folder / 'disk'
        raw.write_bytes(disk_content(size, size))
        for name, words, _, _ in VARIANTS:
            (folder / name).mkdir()
            self.convert(raw, 'raw', folder / name / name, words, 'raw')
        return folder


class Pairs(MatrixCase):
    def test_every_pair_of_variants_keeps_the_content(self):
        folders = {size: self.images_of(size) for size in SIZES}
        pairs = list(itertools.product(enumerate(VARIANTS), enumerate(VARIANTS)))
        for (i, (source, _, _, _)), (j, (target, words, form, _)) in pairs:
            for size in SIZES if LONG else [SIZES[(i + j) % len(SIZES)]]:
                with self.subTest(f'{source} to {target}, {size} bytes'):
                    folder, made = folders[size], self.path('made')
                    made.mkdir()
                    self.convert(folder / source / source, source, made / 'disk', words,
                                 'raw' if source == 'raw' else None)
                    self.assertEqual('', self.differences(folder / 'disk', made / 'disk', form))
                    shutil.rmtree(made)

    def differences(self, raw, image, form):
        """What qemu-img says, which looks for data files where it is started."""
        done = subprocess.run(['qemu-img', 'compare', '-f', 'raw', '-F', form, str(raw), image.name], cwd=image.parent,
                              capture_output=True, text=True, timeout=60, check=False)
        return '' if done.returncode == 0 else done.stdout + done.stderr


class ThirdJudges(MatrixCase):
    def test_the_tools_of_libyal_see_the_same_size(self):
        folder = self.images_of(MIB + 512)
        for name, _, _, tool in VARIANTS:
            if tool is None:
                continue
            with self.subTest(name):
                done = subprocess.run([f'{tool}info', folder / name / name], capture_output=True, text=True, timeout=60,
                                      check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f'({MIB + 512} bytes)', done.stdout)

    def test_the_tools_of_libyal_mount_the_same_content(self):
        if not os.access('/dev/fuse', os.R_OK | os.W_OK):
            self.skipTest('there is no FUSE here')
        folder = self.images_of(3 * MIB)
        expected = (folder / 'disk').read_bytes()
        for name, _, _, tool in VARIANTS:
            if tool is None:
                continue
            with self.subTest(name):
                self.assertEqual(self.mounted(tool, folder / name / name), expected)

    def mounted(self, tool, image):
        """The disk's content through the tool's file system."""
        place = self.path(f'mount-{image.name}')
        place.mkdir()
        done = subprocess.run([f'{tool}mount', image, place], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0 or not os.listdir(place):
            self.skipTest(f'{tool}mount: {done.stderr.strip()}')
        try:
            return (place / os.listdir(place)[0]).read_bytes()
        finally:
            subprocess.run(['umount', place], check=True)


class Served(MatrixCase):
    def test_cloud_hypervisor_7661_writes_from_several_connections_do_not_corrupt(self):
        for form, words in (('qcow2', []), ('vhdx', ['-o', 'block_size=1048576']), ('vhd', []), ('vdi', [])):
            with self.subTest(form):
                disk, socket = self.path(f'disk.{form}'), self.folder / f'{form}.sock'
                self.truce('create', '-f', form, *words, disk, '16MiB')
                expected = bytearray(16 * MIB)
                server = subprocess.Popen([TRUCE, 'image', 'serve', disk, '--writable', '-f', form, '--listen',
                                           f'unix:{socket}'], stdout=subprocess.PIPE, text=True)
                try:
                    address = server.stdout.readline().strip()
                    clients = [self.client(address, part, expected) for part in range(4)]
                    self.assertEqual([client.wait(60) for client in clients], [0] * 4)
                finally:
                    server.send_signal(signal.SIGTERM)
                    self.assertEqual(server.wait(20), 0)
                    server.stdout.close()
                raw = self.path(f'{form}.raw')
                self.qemu_img('convert', '-f', 'vpc' if form == 'vhd' else form, '-O', 'raw', disk, raw)
                self.assertTrue(raw.read_bytes() == bytes(expected))
                self.truce('check', disk, '-f', form)

    def client(self, address, part, expected):
        """Writes into every fourth piece of the disk, as `expected` gets to be."""
        dice = random.Random(part)
        words = []
        for piece in range(part, 64, 4):
            at = piece * MIB // 4 + 512 * dice.randrange(100)
            length = 512 * dice.randint(1, 400)
            words += ['-c', f'write -P {piece + 1} {at} {length}']
            expected[at:at + length] = bytes([piece + 1]) * length
        return subprocess.Popen(['qemu-io', '-f', 'raw', *words, address], stdout=subprocess.DEVNULL)


def qcow2_header(size=MIB, backing=b''):
    """A qcow2 image without any cluster; what a guest can write into its disk."""
    fields = struct.pack('>4sIQIIQIIQQIIQ', b'QFI\xfb', 2, 72 if backing else 0, len(backing), 16, size, 0, 1, 65536,
                         131072, 1, 0, 0)
    return (fields + backing).ljust(65536, b'\0') + bytes(65536) + struct.pack('>Q', 196608).ljust(65536, b'\0') + \
        (struct.pack('>H', 1) * 4).ljust(65536, b'\0')


def vmdk_descriptor(extents):
    return (f'# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType="monolithicFlat"\n'
            f'{extents}\nddb.adapterType = "ide"\n').encode()


class Hostile(MatrixCase):
    def setUp(self):
        self.secret = self.path('secret')
        self.secret.write_bytes(b'the secret of the host' * 3000)

    def leaks(self, disk, *words):
        """What a conversion tells, after it has been looked at that the secret is in no file that it made."""
        target = self.path('target')
        done = subprocess.run([TRUCE, 'image', 'convert', *map(str, words), disk, target], capture_output=True, text=True,
                              timeout=20, check=False)
        if target.exists():
            self.assertNotIn(b'the secret', target.read_bytes())
            target.unlink()
        return done.returncode, done.stderr

    def test_q8_no_image_discloses_a_file_of_the_host(self):
        name = str(self.secret).encode()
        images = {
            'backing file': qcow2_header(backing=name),
            'backing file by json:': qcow2_header(backing=b'json:{"driver":"file","filename":"' + name + b'"}'),
            'backing file by file:': qcow2_header(backing=b'file:' + name),
            'backing file above': qcow2_header(backing=b'../' * 20 + name),
            'extent': vmdk_descriptor(f'RW 128 FLAT "{self.secret}" 0'),
            'extent beside': vmdk_descriptor('RW 128 FLAT "secret" 0'),
            'extent above': vmdk_descriptor(f'RW 128 FLAT "{"../" * 20}{self.secret}" 0'),
        }
        for what, content in images.items():
            with self.subTest(what):
                disk = self.path('disk')
                disk.write_bytes(content)
                status, told = self.leaks(disk)
                self.assertEqual(status, 1, told)
                self.assertRegex(told, r'--allow-external|neither|outside')
                elsewhere = self.path('elsewhere')
                elsewhere.mkdir(exist_ok=True)
                self.assertEqual(self.leaks(disk, '--allow-external', elsewhere)[0], 1)

    def test_cve_2024_32498_a_data_file_is_never_read_by_a_path(self):
        disk, data = self.path('disk'), self.path('data')
        self.qemu_img('create', '-q', '-f', 'qcow2', '-o', f'data_file={data},data_file_raw=on', disk, '64k')
        content = disk.read_bytes()
        for name in (str(self.secret), '../' + '../' * 20 + str(self.secret).lstrip('/')):
            longer = content.replace(str(data).encode(), name.encode()[:len(str(data))].ljust(len(str(data)), b'\0'))
            disk.write_bytes(longer)
            self.assertEqual(self.leaks(disk)[0], 1)

    def test_cve_2008_2004_what_a_guest_wrote_into_its_raw_disk_is_only_bytes(self):
        disk = self.path('disk')
        disk.write_bytes(qcow2_header(backing=str(self.secret).encode()).ljust(MIB, b'\0'))
        self.assertEqual(self.leaks(disk)[0], 1)  # as a qcow2 image it would have to be allowed
        target = self.path('copy')
        self.truce('convert', '-f', 'raw', disk, target)
        self.assertEqual(target.read_bytes(), disk.read_bytes())

    def test_cve_2026_24708_a_header_in_a_raw_disk_does_not_reach_the_host_by_resize(self):
        disk = self.path('disk')
        disk.write_bytes(qcow2_header(backing=str(self.secret).encode()).ljust(MIB, b'\0'))
        before = self.secret.read_bytes()
        self.truce('resize', disk, '4MiB', status=1)
        self.truce('resize', '-f', 'raw', disk, '4MiB')
        self.assertEqual(disk.stat().st_size, 4 * MIB)
        self.assertEqual(self.secret.read_bytes(), before)

    def test_a_file_of_two_formats_is_refused_until_the_user_says_which(self):
        disk, vhd = self.path('disk'), self.path('disk.vhd')
        self.truce('create', '-f', 'vhd', '-o', 'subformat=fixed', vhd, '1MiB')
        disk.write_bytes(qcow2_header().ljust(MIB, b'\0') + vhd.read_bytes()[-512:])
        self.assertIn('could be qcow2 or vhd', self.truce('info', disk, status=1))
        self.truce('info', disk, '-f', 'vhd')

    def test_q8_neither_ten_thousand_extents_nor_an_image_on_itself_takes_long(self):
        start = time.monotonic()
        disk = self.path('disk')
        disk.write_bytes(vmdk_descriptor('RW 1 FLAT "f" 0\n' * 10000))
        self.truce('info', disk, status=1)
        disk.write_bytes(qcow2_header(backing=b'disk'))
        for verb in ('check', 'map'):
            told = self.truce(verb, disk, '--allow-external', disk.parent, status=2 if verb == 'check' else 1)
            self.assertIn('stands on itself', told)
        self.assertEqual(self.leaks(disk, '--allow-external', disk.parent)[0], 1)
        self.assertLess(time.monotonic() - start, 5)

    def test_cve_2015_5162_a_small_file_of_a_huge_disk_costs_neither_time_nor_space(self):
        disk, target = self.path('disk'), self.path('target')
        self.truce('create', '-f', 'qcow2', disk, '8TiB')
        start = time.monotonic()
        self.truce('info', disk)
        self.truce('convert', '--quiet', disk, target, '-O', 'vhdx')
        self.assertLess(time.monotonic() - start, 5)
        self.assertLess(target.stat().st_blocks * 512, 64 * MIB)

    def test_opennebula_1585_an_image_that_a_machine_uses_is_neither_resized_nor_written(self):
        disk = self.path('disk')
        self.truce('create', '-f', 'qcow2', disk, '4MiB')
        with open(disk, 'r+b') as held:  # as QEMU holds it: byte 100 of its locks, and 201 for "nobody else writes"
            for byte in (100, 101, 201):
                lock = struct.pack('hhqqi4x', fcntl.F_RDLCK, os.SEEK_SET, byte, 1, 0)
                fcntl.fcntl(held, 37, lock)  # F_OFD_SETLK
            self.assertIn('in use', self.truce('resize', disk, '8MiB', status=1))
        self.truce('resize', disk, '8MiB')


if __name__ == '__main__':
    unittest.main()

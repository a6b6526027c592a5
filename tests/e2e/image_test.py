"""`truce image` as people use it, with qemu-img as the other judge. Needs no daemon."""

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from lab import TRUCE

MIB = 1 << 20

# What we write: name, our options, what qemu-img calls the format.
WRITTEN = [
    ('raw', ['-O', 'raw'], 'raw'),
    ('qcow2', ['-O', 'qcow2'], 'qcow2'),
    ('qcow2-v2', ['-O', 'qcow2', '-o', 'compat=0.10'], 'qcow2'),
    ('qcow2-4k', ['-O', 'qcow2', '-o', 'cluster_size=4096'], 'qcow2'),
    ('qcow2-2m', ['-O', 'qcow2', '-o', 'cluster_size=2097152'], 'qcow2'),
    ('qcow2-subclusters', ['-O', 'qcow2', '-o', 'extended_l2=on'], 'qcow2'),
    ('qcow2-zlib', ['-O', 'qcow2', '--compress'], 'qcow2'),
    ('qcow2-zstd', ['-O', 'qcow2', '-o', 'compression=zstd'], 'qcow2'),
    ('vhd', ['-O', 'vhd'], 'vpc'),
    ('vhd-fixed', ['-O', 'vhd', '-o', 'subformat=fixed'], 'vpc'),
    ('vhdx', ['-O', 'vhdx'], 'vhdx'),
    ('vhdx-fixed', ['-O', 'vhdx', '-o', 'subformat=fixed'], 'vhdx'),
    ('vhdx-1m', ['-O', 'vhdx', '-o', 'block_size=1048576'], 'vhdx'),
    ('vmdk', ['-O', 'vmdk'], 'vmdk'),
    ('vmdk-stream', ['-O', 'vmdk', '--compress'], 'vmdk'),
    ('vmdk-flat', ['-O', 'vmdk', '-o', 'subformat=monolithicFlat'], 'vmdk'),
    ('vmdk-2gb', ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse'], 'vmdk'),
    ('vdi', ['-O', 'vdi'], 'vdi'),
    ('vdi-static', ['-O', 'vdi', '-o', 'subformat=static'], 'vdi'),
]

# What qemu-img writes and we read: name, its options.
FOREIGN = [
    ('qcow2', ['-O', 'qcow2']),
    ('qcow2-v2-512', ['-O', 'qcow2', '-o', 'compat=0.10,cluster_size=512']),
    ('qcow2-subclusters', ['-O', 'qcow2', '-o', 'extended_l2=on,cluster_size=131072']),
    ('qcow2-zlib', ['-c', '-O', 'qcow2']),
    ('qcow2-zstd', ['-c', '-O', 'qcow2', '-o', 'compression_type=zstd']),
    ('qcow', ['-O', 'qcow']),
    ('qed', ['-O', 'qed']),
    ('vpc', ['-O', 'vpc', '-o', 'force_size=on']),
    ('vpc-fixed', ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on']),
    ('vhdx', ['-O', 'vhdx']),
    ('vhdx-fixed', ['-O', 'vhdx', '-o', 'subformat=fixed']),
    ('vmdk', ['-O', 'vmdk']),
    ('vmdk-stream', ['-O', 'vmdk', '-o', 'subformat=streamOptimized']),
    ('vmdk-flat', ['-O', 'vmdk', '-o', 'subformat=monolithicFlat']),
    ('vmdk-2gb', ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse']),
    ('vmdk-2gb-flat', ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentFlat']),
    ('vdi', ['-O', 'vdi']),
    ('vdi-static', ['-O', 'vdi', '-o', 'static=on']),
]


def outside(name, path):
    """What allows the other files of a variant that has some."""
    return ['--allow-external', path.parent] if 'flat' in name or '2gb' in name else []


def disk_content(size, seed):
    """Noise, text and zeros in runs of many sizes."""
    noise = random.Random(seed)
    content = bytearray()
    while len(content) < size:
        length = 512 * noise.randint(1, noise.choice((8, 200, 9000)))
        kind = noise.randrange(3)
        content += (bytes(length) if kind == 0 else noise.randbytes(length) if kind == 1 else
                    (b'all work and no play %06d ' % noise.randrange(10**6) * (length // 28 + 1))[:length])
    return bytes(content[:size])


class ImageCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix='truce-image-'))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.raw = cls.folder / 'disk.raw'
        cls.raw.write_bytes(disk_content(24 * MIB, 11))

    def truce(self, *words, status=0):
        done = subprocess.run([TRUCE, 'image', *map(str, words)], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, status, f'{words}: {done.stdout}{done.stderr}')
        return done.stdout if status == 0 else done.stdout + done.stderr

    def qemu_img(self, *words, status=0):
        done = subprocess.run(['qemu-img', *map(str, words)], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, status, f'{words}: {done.stdout}{done.stderr}')
        self.assertEqual(done.stderr, '')
        return done.stdout

    def path(self, name):
        """A name of this test's own; nothing is there."""
        folder = self.folder / self.id().rpartition('.')[2]
        folder.mkdir(exist_ok=True)
        return folder / name


class Formats(ImageCase):
    def test_what_we_write_qemu_reads_without_a_warning(self):
        for name, ours, form in WRITTEN:
            with self.subTest(name):
                target = self.path(name)
                self.truce('convert', self.raw, target, *ours)
                self.qemu_img('compare', '-f', 'raw', '-F', form, self.raw, target)
                allowed = outside(name, target)
                self.assertEqual(self.truce('compare', self.raw, target, '-f', 'raw', *allowed), 'the same\n')
                if form in ('qcow2', 'vhdx', 'vdi', 'vmdk'):
                    self.qemu_img('check', '-f', form, target)
                if name != 'raw':
                    self.truce('check', target, *allowed)

    def test_what_qemu_writes_we_read(self):
        for name, theirs in FOREIGN:
            with self.subTest(name):
                source = self.path(name)
                self.qemu_img('convert', '-f', 'raw', *theirs, self.raw, source)
                allowed = outside(name, source)
                self.assertEqual(self.truce('compare', self.raw, source, '-f', 'raw', *allowed), 'the same\n')
                self.truce('convert', source, self.path(f'{name}.back'), *allowed)
                self.assertEqual(self.path(f'{name}.back').read_bytes(), self.raw.read_bytes())

    def test_info_says_what_it_is(self):
        for name, words, _ in WRITTEN:
            with self.subTest(name):
                target = self.path(name)
                self.truce('convert', self.raw, target, *words)
                told = json.loads(self.truce('info', target, '--format', 'json',
                                             *(['-f', 'raw'] if name == 'raw' else [])))
                self.assertEqual(told['format'], words[1])
                self.assertEqual(told['size'], 24 * MIB)
                self.assertEqual(told['warnings'], [])

    def test_map_covers_the_disk_once(self):
        for name, words, _ in WRITTEN[1:12]:
            with self.subTest(name):
                target = self.path(name)
                self.truce('convert', self.raw, target, *words)
                at = 0
                for row in json.loads(self.truce('map', target, '--format', 'json')):
                    self.assertEqual(row['start'], at)
                    at += row['length']
                    if row['kind'] == 'data':
                        self.assertLessEqual(row['offset'] + row['length'], os.path.getsize(target))
                self.assertEqual(at, 24 * MIB)


class Packages(ImageCase):
    def test_an_appliance_keeps_its_disks_there_and_back(self):
        first, second = self.path('one.qcow2'), self.path('two.vhdx')
        self.truce('convert', self.raw, first, '-f', 'raw', '-O', 'qcow2')
        self.truce('convert', self.raw, second, '-f', 'raw', '-O', 'vhdx')
        ova, xva = self.path('web01.ova'), self.path('web01.xva')
        self.truce('pack', first, '--disk', second, '-o', ova)
        names = subprocess.run(['tar', 'tf', ova], capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(names[0], 'web01.ovf')
        self.assertEqual(names[-1], 'web01.mf')
        self.truce('unpack', ova, self.path('as-it-is'))
        subprocess.run('sed "s/SHA256(\\(.*\\))= \\(.*\\)/\\2  \\1/" web01.mf | sha256sum --check --quiet', shell=True,
                       cwd=self.path('as-it-is'), check=True)
        self.truce('pack', ova, '-o', xva)
        for package in (ova, xva):
            folder = self.path(f'{package.name}.d')
            disks = self.truce('unpack', package, folder, '-O', 'qcow2').split()
            self.assertEqual(len(disks), 2)
            for disk in disks:
                self.qemu_img('compare', '-f', 'raw', '-F', 'qcow2', self.raw, folder / disk)

    def test_a_damaged_appliance_is_refused(self):
        ova = self.path('web01.ova')
        self.truce('pack', self.raw_as('qcow2'), '-o', ova)
        content = bytearray(ova.read_bytes())
        content[len(content) // 2] ^= 1
        ova.write_bytes(content)
        self.assertIn('manifest', self.truce('unpack', ova, self.path('out'), status=1))

    def raw_as(self, form):
        disk = self.path(f'disk.{form}')
        self.truce('convert', self.raw, disk, '-f', 'raw', '-O', form)
        return disk


class Served(ImageCase):
    def test_a_served_disk_is_read_and_written_by_qemu(self):
        for name, words in (('raw', ['-O', 'raw']), ('qcow2', ['-O', 'qcow2']), ('vhdx', ['-O', 'vhdx'])):
            with self.subTest(name):
                disk, socket = self.path(f'disk.{name}'), self.path(f'{name}.sock')
                self.truce('convert', self.raw, disk, '-f', 'raw', *words)
                server = subprocess.Popen([TRUCE, 'image', 'serve', disk, '--writable', '-f', name, '--listen',
                                           f'unix:{socket}'], stdout=subprocess.PIPE, text=True)
                try:
                    address = server.stdout.readline().strip()
                    self.assertEqual(address, f'nbd+unix:///?socket={socket}')
                    self.qemu_img('compare', '-f', 'raw', '-F', 'raw', self.raw, address)
                    subprocess.run(['qemu-io', '-f', 'raw', '-c', 'write -P 77 1M 300k', '-c', 'discard 4M 2M', '-c',
                                    'write -z 9M 1M', '-c', 'flush', address], capture_output=True, check=True)
                finally:
                    server.send_signal(signal.SIGTERM)
                    self.assertEqual(server.wait(20), 0)
                    server.stdout.close()
                expected = bytearray(self.raw.read_bytes())
                expected[MIB:MIB + 300 * 1024] = bytes([77]) * 300 * 1024
                expected[9 * MIB:10 * MIB] = bytes(MIB)
                back = self.path(f'{name}.back')
                self.qemu_img('convert', '-f', name, '-O', 'raw', disk, back)
                got = bytearray(back.read_bytes())
                got[4 * MIB:6 * MIB] = expected[4 * MIB:6 * MIB]  # a discarded range may read as anything
                self.assertTrue(got == expected)
                self.truce('check', disk, '-f', name, status=3 if name == 'raw' else 0)


class Careful(ImageCase):
    def test_a_file_that_is_there_is_not_written_over(self):
        target = self.path('there')
        target.write_text('precious')
        told = self.truce('convert', self.raw, target, '-O', 'vhdx', status=1)
        self.assertIn('--replace', told)
        self.assertEqual(target.read_text(), 'precious')
        self.truce('convert', '--replace', self.raw, target, '-O', 'vhdx')
        self.assertGreater(target.stat().st_size, MIB)
        self.assertEqual([target.name], os.listdir(target.parent))

    def test_an_interrupted_conversion_leaves_nothing(self):
        source, target = self.path('large.raw'), self.path('never.qcow2')
        source.write_bytes(disk_content(192 * MIB, 3))
        process = subprocess.Popen([TRUCE, 'image', 'convert', '--threads', '1', '-O', 'qcow2', '-o', 'compression=zlib',
                                    '-o', 'level=12', source, target], stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1, told)
        self.assertIn('cancelled', told)
        self.assertEqual(os.listdir(target.parent), ['large.raw'])

    def test_external_files_are_followed_only_when_allowed(self):
        base, top = self.path('base.raw'), self.path('top.qcow2')
        base.write_bytes(b'secret' * 1024 * 1024)
        self.qemu_img('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, top)
        self.assertIn('base.raw', self.truce('info', top))
        for verb in (['convert', top, self.path('leak')], ['map', top], ['compare', top, self.raw]):
            told = self.truce(*verb, status=2 if verb[0] == 'compare' else 1)
            self.assertIn('--allow-external', told)
        self.assertFalse(self.path('leak').exists())
        told = self.truce('convert', top, self.path('leak'), '--allow-external', self.folder / 'nowhere', status=1)
        self.assertIn('nowhere', told)
        elsewhere = self.path('elsewhere')
        elsewhere.mkdir()
        self.assertIn('outside', self.truce('map', top, '--allow-external', elsewhere, status=1))
        self.truce('convert', top, self.path('whole'), '--allow-external', base.parent)
        self.assertEqual(self.path('whole').read_bytes(), base.read_bytes())

    def test_what_would_be_lost_is_told_and_refused_when_strict(self):
        source = self.path('old.qcow2')
        self.qemu_img('create', '-q', '-f', 'qcow2', source, '8M')
        self.qemu_img('snapshot', '-c', 'before', source)
        self.assertIn('before', self.truce('convert', '--strict', source, self.path('new.vhdx'), '-O', 'vhdx', status=1))
        done = subprocess.run([TRUCE, 'image', 'convert', source, self.path('new.vhdx'), '-O', 'vhdx'],
                              capture_output=True, text=True, timeout=60, check=True)
        self.assertIn("snapshot 'before' is not taken over", done.stderr)

    def test_an_image_that_a_machine_uses_is_not_read(self):
        disk = self.path('live.qcow2')
        self.truce('create', '-f', 'qcow2', disk, '16MiB')
        holder = subprocess.Popen(['qemu-io', '-f', 'qcow2', str(disk)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        try:
            holder.stdin.write('write 0 4096\n')
            holder.stdin.flush()
            self.assertIn('wrote', holder.stdout.readline())
            self.assertIn('in use', self.truce('convert', disk, self.path('copy'), status=1))
        finally:
            holder.communicate('quit\n', timeout=10)
        self.truce('convert', disk, self.path('copy'))

    def test_resize_keeps_the_content_and_shrinks_only_when_told(self):
        for form in ('raw', 'qcow2', 'vhdx', 'vhd', 'vdi'):
            with self.subTest(form):
                disk = self.path(f'disk.{form}')
                self.truce('convert', self.raw, disk, '-f', 'raw', '-O', form)
                self.truce('resize', disk, '30MiB', '-f', form)
                told = json.loads(self.truce('info', disk, '-f', form, '--format', 'json'))
                self.assertEqual(told['size'], 30 * MIB)
                self.truce('compare', self.raw, disk, '-f', 'raw', '-F', form)
                self.assertIn('--shrink', self.truce('resize', disk, '8MiB', '-f', form, status=1))

    def test_wrong_wishes_get_an_answer_that_helps(self):
        for words, told in ((['convert', self.raw, 'x', '-O', 'vhdz'], 'only: raw'),
                            (['convert', self.raw, 'x', '-O', 'vhd', '-o', 'colour=red'], 'there is: subformat'),
                            (['convert', self.raw, 'x', '-O', 'vhd', '-o', 'subformat=thin'], 'dynamic|fixed'),
                            (['convert', self.raw, 'x', '-O', 'vdi', '--compress'], 'qcow2 and vmdk can'),
                            (['convert', self.raw, 'x', '-O', 'raw', '--threads', '99'], '1 to 16'),
                            (['convert', self.raw, 'x', '-O', 'qcow2', '-o', 'cluster_size=1000'], 'cluster')):
            with self.subTest(told):
                self.assertIn(told, self.truce(*words, status=2))
        self.assertIn('No such file', self.truce('info', self.path('absent'), status=1))
        self.assertIn('neither a file', self.truce('info', '/dev/null', status=2))


if __name__ == '__main__':
    unittest.main()

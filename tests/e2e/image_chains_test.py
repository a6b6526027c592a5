"""Chains of images through the real program, with qemu-img and vhdiinfo as the other judges."""

import json
import os
import random
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from image_test import MIB, WRITTEN, ImageCase, disk_content
from lab import TRUCE

SIZE = 8 * MIB
FORMATS = ['qcow2', 'vhd', 'vhdx', 'vmdk']
BY_QEMU = ['qcow2', 'vmdk']  # it cannot VHD and VHDX over others


class ChainCase(ImageCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix='truce-chains-'))
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def raw_file(self, name, content):
        path = self.path(name)
        path.write_bytes(content)
        return path

    def allowed(self):
        return ['--allow-external', self.path('')]

    def chain(self, form):
        """base, middle, top, and what each holds."""
        base_content = disk_content(SIZE, 3)
        middle_content = changed(base_content, 4)
        top_content = changed(middle_content, 5)
        names = [self.path(f'{name}.{form}') for name in ('base', 'middle', 'top')]
        contents = [base_content, middle_content, top_content]
        raws = [self.raw_file(f'{index}.raw', content) for index, content in enumerate(contents)]
        self.truce('convert', '-f', 'raw', '-O', form, raws[0], names[0])
        for index in (1, 2):
            self.truce('convert', '-f', 'raw', '-O', form, '--backing', names[index - 1], raws[index], names[index],
                       *self.allowed())
        return names, raws

    def check(self, image):
        """VHDX and VMDK keep the room of what was zeroed, which is lost but harmless: status 1."""
        done = subprocess.run([TRUCE, 'image', 'check', image, *self.allowed()], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        return done.stdout

    def expect(self, form, image, raw):
        self.assertEqual(self.truce('compare', '-f', 'raw', raw, image, *self.allowed()), 'the same\n')
        self.assertIn(' 0 damaged', self.check(image))
        if form in BY_QEMU:
            self.qemu_img('compare', '-f', 'raw', '-F', form, raw, image)
            self.qemu_img('check', '-f', form, image)


def changed(content, seed):
    """Some ranges of it replaced by noise, text or zeros."""
    noise = random.Random(seed)
    out = bytearray(content)
    for _ in range(12):
        length = 512 * noise.randint(1, noise.choice((4, 100, 600)))
        at = 512 * noise.randrange((len(out) - length) // 512)
        out[at:at + length] = noise.randbytes(length) if noise.randrange(3) else bytes(length)
    return bytes(out)


class Chains(ChainCase):
    def test_a_conversion_onto_a_parent_writes_what_differs(self):
        for form in FORMATS:
            with self.subTest(form):
                names, raws = self.chain(form)
                for image, raw in zip(names, raws):
                    self.expect(form, image, raw)
                self.assertLess(os.stat(names[2]).st_blocks * 512, SIZE)
                for path in (*names, *raws):
                    path.unlink()

    def test_a_new_image_on_a_parent_shows_it(self):
        for form in FORMATS:
            with self.subTest(form):
                raw = self.raw_file(f'{form}.raw', disk_content(SIZE, 9))
                base, disk = self.path(f'base.{form}'), self.path(f'disk.{form}')
                self.truce('convert', '-f', 'raw', '-O', form, raw, base)
                self.truce('create', '-f', form, '--backing', base, disk)
                self.assertIn('--allow-external', self.truce('compare', '-f', 'raw', raw, disk, status=2))
                self.expect(form, disk, raw)
                self.assertIn('itself', self.truce('create', '-f', form, '--replace', '--backing', disk, disk, status=1))

    def test_parents_are_named_relative_to_the_image_or_absolute(self):
        base = self.path('base.qcow2')
        self.truce('create', '-f', 'qcow2', base, '8MiB')
        (self.path('below')).mkdir()
        near = self.path('below') / 'near.qcow2'
        done = subprocess.run([TRUCE, 'image', 'create', '-f', 'qcow2', '--backing', 'base.qcow2', 'below/near.qcow2', '16MiB'],
                              cwd=self.path(''), capture_output=True, text=True, check=True)
        self.assertIn("'../base.qcow2'", done.stdout)
        told = json.loads(self.qemu_img('info', '--output=json', '--backing-chain', near))
        self.assertEqual(told[0]['backing-filename'], '../base.qcow2')
        self.assertEqual(told[0]['backing-filename-format'], 'qcow2')
        self.assertEqual(told[0]['virtual-size'], 16 * MIB)
        self.assertEqual(len(told), 2)
        far = self.path('below') / 'far.qcow2'
        self.truce('create', '-f', 'qcow2', '--backing', base, far)
        self.assertEqual(json.loads(self.qemu_img('info', '--output=json', far))['backing-filename'], str(base))

    @unittest.skipUnless(shutil.which('vhdiinfo'), 'needs libvhdi-utils')
    def test_vhdiinfo_finds_the_parent_of_a_differencing_vhd(self):
        names, _ = self.chain('vhd')
        told = [subprocess.run(['vhdiinfo', name], capture_output=True, text=True, check=True).stdout for name in names]
        self.assertIn('Differential', told[2])
        identifier = [line.split()[-1] for line in told[1].splitlines() if line.strip().startswith('Identifier')]
        parent = [line.split()[-1] for line in told[2].splitlines() if 'Parent identifier' in line]
        self.assertEqual(parent, identifier)
        self.assertIn('middle.vhd', told[2])

    def test_commit_writes_a_layer_down(self):
        for form in FORMATS:
            with self.subTest(form):
                (base, middle, top), raws = self.chain(form)
                self.assertIn('--allow-external', self.truce('commit', top, status=1))
                self.assertIn('left as it is', self.truce('commit', '--keep', top, *self.allowed()))
                self.expect(form, top, raws[2])
                self.expect(form, middle, raws[2])
                told = json.loads(self.truce('commit', top, *self.allowed(), '--format', 'json'))
                self.assertTrue(told['emptied'])
                self.expect(form, top, raws[2])
                self.expect(form, base, raws[0])
                told = json.loads(self.truce('commit', '--keep', top, *self.allowed(), '--format', 'json'))
                self.assertEqual(told['written'], 0)
                for path in (base, middle, top, *raws):
                    path.unlink()

    def test_a_commit_into_a_smaller_parent_lets_it_grow(self):
        base, top = self.path('base.raw'), self.path('top.qcow2')
        base.write_bytes(disk_content(2 * MIB, 1))
        self.truce('create', '-f', 'qcow2', '--backing', base, '--backing-format', 'raw', top, '4MiB')
        subprocess.run(['qemu-io', '-f', 'qcow2', '-c', 'write -P 7 3M 64k', top], capture_output=True, check=True)
        self.truce('commit', top, *self.allowed())
        self.assertEqual(base.read_bytes(), disk_content(2 * MIB, 1) + bytes(MIB) + b'\7' * 65536 + bytes(MIB - 65536))

    def wait_for_use(self, user, top):
        """What commit says once the other program has opened the parent."""
        for _ in range(200):
            files = [os.readlink(link) for link in Path(f'/proc/{user.pid}/fd').iterdir()]
            if any(name.endswith('base.qcow2') for name in files):
                break
            time.sleep(0.05)
        time.sleep(0.5)  # opened, then locked
        return self.truce('commit', top, *self.allowed(), status=1)

    def test_a_parent_in_use_is_not_committed_into(self):
        base, top = self.path('base.qcow2'), self.path('top.qcow2')
        self.truce('create', '-f', 'qcow2', base, '4MiB')
        self.truce('create', '-f', 'qcow2', '--backing', base, top)
        with subprocess.Popen(['qemu-io', '-f', 'qcow2', '-c', 'sleep 60000', base], stdout=subprocess.DEVNULL) as user:
            try:
                self.assertIn('in use', self.wait_for_use(user, top))
            finally:
                user.kill()
        self.truce('commit', top, *self.allowed())

    def test_rebase_changes_the_parent_and_not_the_disk(self):
        for form in FORMATS:
            with self.subTest(form):
                (base, middle, top), raws = self.chain(form)
                self.assertIn('--allow-external', self.truce('rebase', '-b', base, top, status=1))
                self.truce('rebase', '-b', base, top, *self.allowed())
                middle.rename(self.path('elsewhere'))
                self.expect(form, top, raws[2])
                base.rename(self.path(f'renamed.{form}'))
                self.truce('rebase', '--unsafe', '-b', self.path(f'renamed.{form}'), top)
                self.expect(form, top, raws[2])
                self.truce('rebase', '--none', top, *self.allowed())
                self.path(f'renamed.{form}').unlink()
                self.assertEqual(self.truce('compare', '-f', 'raw', raws[2], top), 'the same\n')
                qemu = 'vpc' if form == 'vhd' else form
                self.qemu_img('compare', '-f', 'raw', '-F', qemu, raws[2], top)
                for path in (self.path('elsewhere'), top, *raws):
                    path.unlink()

    def test_images_of_qemu_are_rebased_and_committed(self):
        raw = self.raw_file('base.raw', disk_content(SIZE, 2))
        other = self.raw_file('other.raw', disk_content(SIZE, 8))
        for form, words in (('qcow2', []), ('qcow2', ['-o', 'compat=0.10']), ('qcow2', ['-o', 'extended_l2=on'])):
            with self.subTest(words):
                top, whole = self.path('top'), self.path('whole.raw')
                self.qemu_img('create', '-q', '-f', form, *words, '-F', 'raw', '-b', 'base.raw', top)
                subprocess.run(['qemu-io', '-f', form, '-c', 'write -P 9 1M 300k', '-c', 'write -z 5M 1M', top],
                               capture_output=True, check=True)
                self.qemu_img('convert', '-O', 'raw', top, whole)
                self.truce('rebase', '-b', other, '--backing-format', 'raw', top, *self.allowed())
                self.qemu_img('compare', '-f', 'raw', '-F', form, whole, top)
                self.qemu_img('check', top)
                self.assertEqual(json.loads(self.qemu_img('info', '--output=json', top))['backing-filename'], str(other))
                self.truce('commit', top, *self.allowed())
                self.qemu_img('compare', '-f', 'raw', '-F', 'raw', whole, other)
                self.qemu_img('check', top)
                other.write_bytes(disk_content(SIZE, 8))
                top.unlink()

    def test_a_circle_is_refused(self):
        base, top = self.path('base.qcow2'), self.path('top.qcow2')
        self.truce('create', '-f', 'qcow2', base, '4MiB')
        self.truce('create', '-f', 'qcow2', '--backing', base, top)
        self.assertIn('circle', self.truce('rebase', '-b', top, base, *self.allowed(), status=1))
        self.truce('rebase', '--unsafe', '-b', top, base)
        self.assertIn('circle', self.truce('map', top, *self.allowed(), status=1))


class Measures(ChainCase):
    def test_a_conversion_takes_what_measure_said(self):
        raw = self.raw_file('disk.raw', disk_content(24 * MIB, 11))
        for name, words, form in WRITTEN:
            with self.subTest(name):
                folder = self.path(name)
                folder.mkdir()
                target = folder / 'disk'
                told = json.loads(self.truce('measure', '-f', 'raw', raw, *words, '--format', 'json'))
                self.truce('convert', '-f', 'raw', raw, target, *words)
                real = sum(path.stat().st_blocks * 512 for path in folder.iterdir())
                if told['at_most']:
                    self.assertGreaterEqual(told['required'], real)
                else:
                    # A file system may need blocks of its own to say where a file lies.
                    self.assertLessEqual(told['required'], real)
                    self.assertLessEqual(real, told['required'] + 16384)
                    # A descriptor names its files, and those are called otherwise here.
                    length = sum(path.stat().st_size for path in folder.iterdir())
                    self.assertAlmostEqual(told['length'], length, delta=64)
                self.assertLessEqual(told['required'], told['fully_allocated'])
                if name in ('raw', 'qcow2'):
                    theirs = json.loads(self.qemu_img('measure', '--output=json', '-O', form, '--size', str(24 * MIB)))
                    self.assertAlmostEqual(told['fully_allocated'], theirs['fully-allocated'], delta=MIB)

    def test_an_empty_disk_is_measured(self):
        self.assertIn('required', self.truce('measure', '-O', 'vhdx', '--size', '1TiB'))
        self.truce('measure', '-O', 'vhdx', status=2)


if __name__ == '__main__':
    unittest.main()

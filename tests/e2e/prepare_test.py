"""Guests are changed so that they boot on another hypervisor: a Debian that has no driver for virtio in its initramfs, and a disk like Windows'."""
import json
import os
import re
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from lab import BOOT, SOON, TEMPLATES, TRUCE, run, sha256_of, wait_for
from libvirt_moves_test import WithOther

START = 1 << 20  # of the first partition
VIRTIO = ('virtio_pci', 'virtio_blk', 'virtio_scsi')
SERVICES = 'ControlSet001\\Services\\'


def appliance():
    """What libguestfs needs besides itself, where a host has no kernel of its own: Debian's."""
    folder = Path('/var/cache/truce/appliance-kernel')
    if not (folder / 'ready').exists():
        release = re.search(r'Depends: (linux-image-\S+)', run('apt-cache', 'depends', 'linux-image-cloud-amd64').stdout)[1]
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as download:
            run('apt-get', '-q', 'download', release, cwd=download)
            run('dpkg-deb', '-x', *Path(download).glob('*.deb'), folder)
        version, = (folder / 'lib/modules').iterdir()
        run('depmod', '-b', folder, version.name)
        (folder / 'ready').touch()
    Path('/lib/modules').mkdir(exist_ok=True)  # supermin looks for it whatever it is told
    kernel, = (folder / 'boot').glob('vmlinuz-*')
    return {'SUPERMIN_KERNEL': str(kernel), 'SUPERMIN_MODULES': str(folder / 'lib/modules' / kernel.name.removeprefix('vmlinuz-'))}


class Ext4:
    """The file system on the first partition of a raw disk, changed without mounting it."""

    def __init__(self, disk):
        self.disk = f'{disk}?offset={START}'

    def ask(self, *words):
        return subprocess.run(['debugfs', '-R', ' '.join(words), self.disk], check=True, capture_output=True).stdout

    def names(self, folder):
        return [line.split('/')[5] for line in self.ask('ls', '-p', folder).decode().splitlines() if line]

    def read(self, path):
        return self.ask('cat', path)

    def write(self, path, content):
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            orders = f'cd {os.path.dirname(path)}\nrm {os.path.basename(path)}\nwrite {file.name} {os.path.basename(path)}\n'
            subprocess.run(['debugfs', '-w', '-f', '/dev/stdin', self.disk], check=True, capture_output=True, input=orders.encode())


def without_virtio(initrd):
    """The same initramfs, without those drivers."""
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(['zstd', '-dcq'], input=initrd, check=True, capture_output=True).stdout
        subprocess.run(['cpio', '-idm', '--quiet'], cwd=folder, input=packed, check=True)
        found = [path for path in Path(folder).rglob('*.ko*') if path.name.split('.')[0].replace('-', '_') in VIRTIO]
        assert found, 'it has none'
        for path in found:
            path.unlink()
        names = '\n'.join(str(path.relative_to(folder)) for path in sorted(Path(folder).rglob('*')))
        made = subprocess.run(['cpio', '-o', '-H', 'newc', '-R', '0:0', '--quiet'], cwd=folder, input=names.encode(), check=True, capture_output=True)
        return subprocess.run(['zstd', '-1q'], input=made.stdout, check=True, capture_output=True).stdout


def registry():
    """A hive with nothing in it, as Windows writes it."""
    def cell(content):
        size = (len(content) + 4 + 7) // 8 * 8
        return struct.pack('<i', -size) + content.ljust(size - 4, b'\0')

    def key(security):
        numbers = (-1, -1, 0, -1, security, -1, 0, 0, 0, 0, 0)
        return cell(struct.pack('<2sHQIIIIiiIiIiIIIIIHH', b'nk', 0x2C, 0, 0, 0, 0, 0, *numbers[:6], *numbers[6:], 4, 0) + b'ROOT')
    where = 32 + len(key(0))
    root, security = key(where), cell(struct.pack('<2sHIIII', b'sk', 0, where, where, 1, 0))
    body = struct.pack('<4sIIIIQI', b'hbin', 0, 4096, 0, 0, 0, 0) + root + security
    free = 4096 - len(body)
    body += struct.pack('<i', free) + bytes(free - 4)
    head = struct.pack('<4sIIQIIIIIII', b'regf', 1, 1, 0, 1, 3, 0, 1, 32, 4096, 1).ljust(508, b'\0')
    check = 0
    for (word,) in struct.iter_unpack('<I', head):
        check ^= word
    return (head + struct.pack('<I', check)).ljust(4096, b'\0') + body


def needs_packages(test):
    for program, package in (('/usr/sbin/ntfscp', 'ntfs-3g'), ('/usr/bin/hivexsh', 'libhivex-bin'), ('/usr/lib/x86_64-linux-gnu/libguestfs.so.0', 'libguestfs0')):
        if not Path(program).exists():
            test.skipTest(f'skipped, because {package} is not installed (tools/install-packages test)')


def make_debian(raw):
    """The template's disk as it would be elsewhere: no driver for virtio in its initramfs, disks and cards by names of others."""
    run('qemu-img', 'convert', '-O', 'raw', TEMPLATES.output('debian-12') / 'disk.qcow2', raw)
    inside = Ext4(raw)
    initrd, = ['/boot/' + name for name in inside.names('/boot') if name.startswith('initrd.img-')]
    inside.write(initrd, without_virtio(inside.read(initrd)))
    inside.write('/usr/share/initramfs-tools/modules.d/truce', b'sd_mod\n')
    inside.write('/etc/fstab', b'/dev/sda1 / ext4 errors=remount-ro 0 1\n')
    grub = inside.read('/boot/grub/grub.cfg').decode()
    inside.write('/boot/grub/grub.cfg', re.sub(r'root=\S+ ', 'root=/dev/sda1 ', grub).encode())
    inside.write('/etc/systemd/network/50-lan.network', b'[Match]\nName=ens192\n[Network]\nDHCP=yes\n')


class Moving(WithOther):
    def setUp(self):
        needs_packages(self)
        os.environ.update(appliance())  # of the daemon, too
        super().setUp()

    def told(self, task):
        return '\n'.join(step['text'] for step in self.task(task)['steps'])

    def test_a_debian_that_has_no_driver_for_virtio_boots_here_when_it_was_prepared(self):
        raw = self.lab.folder / 'deb.raw'
        make_debian(raw)
        there = self.libvirtd.define('deb', raw, memory=512)
        raw.unlink()
        before = sha256_of(there)
        self.wait_seen('deb')
        task = self.begin('kvm/deb', '--to', 'here', '--prepare', '--start')
        wait_for(lambda: 'looked into' in self.told(task), 4 * SOON, 'its guest is being changed')
        # Whatever was written by then, it is copied and changed again.
        self.lab.kill()
        self.lab.start()
        began = time.monotonic()
        ended = wait_for(lambda: (shown := self.task(task))['state'] not in ('running', 'queued') and shown, 20 * SOON, 'the move ends')
        self.assertEqual(ended['state'], 'succeeded', ended)
        print(f'    copied and prepared in {time.monotonic() - began:.0f} s', flush=True)
        mac = self.lab.vm('deb')['nics'][0]['mac']
        for words in ('copied again', '/etc/fstab: /dev/sda1 is UUID=', '/boot/grub/grub.cfg: /dev/sda1 is UUID=', f'network card {mac} stays ens192',
                      r'initramfs of \S+: has .*virtio_blk'):
            self.assertRegex(self.told(task), words)
        self.lab.wait_log('deb', 'login:', 4 * BOOT)
        wait_for(lambda: self.lab.vm('deb')['addresses'], BOOT, 'its card has its name, and so an address')
        self.assertEqual(sha256_of(there), before, 'what it was moved from is as it was')
        self.assertEqual(list(Path('/var/tmp').glob('truce-guest-*')), [])

    def test_one_whose_guest_cannot_be_changed_is_not_here(self):
        raw = self.lab.folder / 'empty.raw'
        with open(raw, 'wb') as file:
            file.truncate(64 << 20)
        self.libvirtd.define('empty', raw)
        self.wait_seen('empty')
        shown = self.wait_end(self.begin('kvm/empty', '--to', 'here', '--prepare'))
        self.assertEqual(shown['state'], 'failed')
        self.assertIn('no system', shown['error'])
        wait_for(lambda: 'empty' not in self.lab.vms(), SOON, 'nothing of it is here')
        self.assertEqual(list(Path('/var/tmp').glob('truce-guest-*')), [])


class Preparing(unittest.TestCase):
    def setUp(self):
        needs_packages(self)
        folder = tempfile.TemporaryDirectory(dir='/var/tmp')
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.environment = {**os.environ, **appliance()}

    def prepare(self, *words):
        return subprocess.run([TRUCE, 'image', 'prepare', *words, '--format', 'json'], env=self.environment, capture_output=True, text=True, check=False)

    def make_windows(self, services):
        """A disk with NTFS, and on it what makes libguestfs know a Windows by."""
        part, disk, mounted = (self.folder / name for name in ('part', 'win.raw', 'mounted'))
        with open(part, 'wb') as file:
            file.truncate(64 << 20)
        run('mkntfs', '-q', '-F', '-Q', '-s', '512', '-p', '2048', '-H', '255', '-S', '63', part)
        mounted.mkdir()
        run('ntfs-3g', part, mounted)
        try:
            config = mounted / 'Windows/System32/config'
            config.mkdir(parents=True)
            program = b'MZ'.ljust(60, b'\0') + struct.pack('<I4sHHIIIHH', 64, b'PE\0\0', 0x8664, 1, 0, 0, 0, 240, 0x22) + struct.pack('<H', 0x20B)
            (mounted / 'Windows/System32/cmd.exe').write_bytes(program.ljust(4096, b'\0'))
            (mounted / 'autoexec.bat').touch()
            self.fill(config / 'SOFTWARE', {'Microsoft\\Windows NT\\CurrentVersion': {
                'ProductName': 'string:Windows Server 2019', 'CurrentVersion': 'string:6.3', 'CurrentMajorVersionNumber': 'dword:10',
                'CurrentMinorVersionNumber': 'dword:0', 'CurrentBuildNumber': 'string:17763', 'InstallationType': 'string:Server'}})
            self.fill(config / 'SYSTEM', {
                'Select': {'Current': 'dword:1'}, 'ControlSet001\\Control\\Session Manager\\Environment': {'PROCESSOR_ARCHITECTURE': 'string:AMD64'},
                **{SERVICES + name: {'Start': f'dword:{start}'} for name, start in services.items()},
                SERVICES + 'storahci\\StartOverride': {'0': 'dword:3'}})
        finally:
            run('umount', mounted)
        with open(disk, 'wb') as file:
            file.truncate(66 << 20)
            file.seek(START)
            file.write(part.read_bytes())
        subprocess.run(['sfdisk', '-q', disk], input='label: dos\nstart=2048, size=131072, type=7, bootable\n', text=True, check=True, capture_output=True)
        return disk

    @staticmethod
    def fill(hive, keys):
        hive.write_bytes(registry())
        orders, made = [], set()
        for key, values in keys.items():
            orders.append('cd \\')
            path = ''
            for word in key.split('\\'):
                path += '\\' + word
                if path not in made:
                    orders.append(f'add {word}')
                    made.add(path)
                orders.append(f'cd {path}')
            orders += [f'setval {len(values)}', *(word for value in values.items() for word in value)]
        subprocess.run(['hivexsh', '-w', hive], input='\n'.join([*orders, 'commit', '']), text=True, check=True, capture_output=True)

    def test_a_windows_starts_the_drivers_for_all_disks(self):
        disk = self.make_windows({'storahci': 3, 'storvsc': 0, 'LSI_SAS': 3, 'e1iexpress': 3})
        done = self.prepare(disk)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        self.assertIn('Windows Server 2019', told['guest'])
        self.assertEqual(told['changed'], ['driver storahci (SATA (AHCI)) starts at boot', 'driver LSI_SAS (LSI Logic SAS) starts at boot'])
        self.assertIn('no virtio drivers', told['left'][0])
        part, hive = self.folder / 'part', self.folder / 'hive'
        part.write_bytes(disk.read_bytes()[START:START + (64 << 20)])
        hive.write_bytes(subprocess.run(['ntfscat', part, 'Windows/System32/config/SYSTEM'], check=True, capture_output=True).stdout)
        said = {name: run('hivexget', hive, SERVICES + name, 'Start').stdout.strip() for name in ('storahci', 'storvsc', 'LSI_SAS', 'e1iexpress')}
        self.assertEqual(said, {'storahci': '0', 'storvsc': '0', 'LSI_SAS': '0', 'e1iexpress': '3'})
        below = subprocess.run(['hivexsh', hive], input=f'cd {SERVICES}storahci\nls\n', text=True, check=True, capture_output=True).stdout
        self.assertNotIn('StartOverride', below)

    def test_what_is_no_system_is_refused_and_stays_as_it_is(self):
        disk = self.folder / 'empty.raw'
        with open(disk, 'wb') as file:
            file.truncate(64 << 20)
        before = sha256_of(disk)
        done = self.prepare(disk)
        self.assertEqual(done.returncode, 1)
        self.assertIn('no system', done.stderr)
        self.assertEqual(sha256_of(disk), before)
        self.assertEqual([path.name for path in self.folder.iterdir()], ['empty.raw'])


if __name__ == '__main__':
    unittest.main()

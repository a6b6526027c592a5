"""What machines can be made of, on real QEMU: each proves itself with what a guest or QEMU says."""
import json
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib
from pathlib import Path

from lab import BOOT, READY, SOON, TRUCE, LabTest, Waited, alive, processes_with, run, wait_for
from pictures import sizes_of_png

MEMTEST = Path('/boot/memtest86+ia32.bin')
MEMTEST_EFI = Path('/boot/memtest86+x64.efi')
OVMF = Path('/usr/share/OVMF/OVMF_CODE_4M.fd')


def boot_sector(text):
    """512 bytes that a BIOS boots: they write the text to the first serial port, and stop."""
    code = bytes([
        0xFA,                    # cli
        0x31, 0xC0,              # xor ax, ax
        0x8E, 0xD8,              # mov ds, ax
        0xBE, 0x16, 0x7C,        # mov si, text
        0xBA, 0xF8, 0x03,        # mov dx, 0x3f8
        0xAC,                    # next: lodsb
        0x84, 0xC0,              # test al, al
        0x74, 0x03,              # jz stop
        0xEE,                    # out dx, al
        0xEB, 0xF8,              # jmp next
        0xF4,                    # stop: hlt
        0xEB, 0xFD,              # jmp stop
    ]) + text.encode() + b'\n\0'
    return code + bytes(510 - len(code)) + b'\x55\xaa'


def pixels_of_png(data):
    """Colour -> how many pixels have it; 8-bit RGB as QEMU writes it. [PNG specification, 9 Filtering]"""
    width, height = sizes_of_png(data)
    packed, at = b'', 8
    while at < len(data):
        length, kind = struct.unpack_from('>I4s', data, at)
        if kind == b'IDAT':
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    raw, counts, above = zlib.decompress(packed), {}, bytes(width * 3)
    for y in range(height):
        start = y * (width * 3 + 1)
        filtered, line = raw[start], bytearray(raw[start + 1:start + 1 + width * 3])
        for i in range(len(line) if filtered else 0):
            left = line[i - 3] if i >= 3 else 0
            corner = above[i - 3] if i >= 3 else 0
            guess = left + above[i] - corner
            paeth = min((left, above[i], corner), key=lambda value: abs(guess - value))
            line[i] = (line[i] + (0, left, above[i], (left + above[i]) // 2, paeth)[filtered]) & 0xFF
        for x in range(0, len(line), 3):
            colour = bytes(line[x:x + 3])
            counts[colour] = counts.get(colour, 0) + 1
        above = bytes(line)
    return counts


class MachinesTest(LabTest):
    recipes = ('tiny',)

    def add_kernel(self, name, kernel, **manifest):
        """A template that boots a kernel of this host."""
        text = json.dumps({'kernel': 'kernel', **manifest})
        self.lab.add_recipe(name, f"#!/bin/sh\ncp {kernel} \"$1/kernel\" && echo '{text}' > \"$1/manifest.json\"\n")
        self.lab.make_template(name)

    def picture(self, name):
        file = self.lab.folder / f'{name}.png'
        self.lab.must('vm', 'screenshot', name, file)
        data = file.read_bytes()
        file.unlink()
        return data

    def in_guest(self, name, *words):
        return self.lab.must('vm', 'exec', name, '--', *words).out


class Hardware(MachinesTest):
    def test_the_processors_are_as_many_sockets_cores_and_numa_nodes_as_asked_for(self):
        self.lab.new_tiny('m', '--cpus', '4', '--sockets', '2', '--numa-nodes', '2', '--cpu-model', 'qemu64',
                          '--watchdog', 'reset', '--sound', 'hda', '--display', 'virtio', '--serial-ports', '2')
        self.lab.wait_agent('m')
        said = self.in_guest('m', 'sh', '-c',
                             'cat /proc/cpuinfo; ls /sys/devices/system/node; cat /sys/bus/pci/devices/*/device')
        self.assertEqual(len(set(line for line in said.splitlines() if line.startswith('physical id'))), 2)
        self.assertIn('cpu cores\t: 2', said)
        self.assertIn('QEMU Virtual CPU', said)
        self.assertIn('node1', said)
        for device in ('0x25ab', '0x293e', '0x1050', '0x000d'):  # i6300ESB, ICH9 sound, virtio GPU, xHCI
            self.assertIn(device, said)
        words = [str(TRUCE), 'vm', 'console', 'm', '--port', 'serial2']
        line = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                env=self.lab.environment())
        self.in_guest('m', 'sh', '-c', 'for i in 1 2 3 4 5 6; do echo second-port >/dev/ttyS1; sleep 1; done')
        line.terminate()
        self.assertIn('second-port', line.communicate()[0])

    def test_a_legacy_machine_has_ide_and_an_old_network_card(self):
        self.lab.must('vm', 'create', 'old', '--template', 'tiny', '--machine', 'legacy', '--memory', '128MiB',
                      '--disk', '64MiB', '--start')
        self.lab.wait_log('old', READY)
        with self.lab.console('old') as console:
            console.expect('Connected')
            console.type('\rcat /sys/bus/pci/devices/*/device; echo "that is"" all"\r')
            console.expect('0x7010', BOOT)  # PIIX3 IDE
            console.expect('0x100e', BOOT)  # e1000
            console.expect('that is all', BOOT)

    def test_a_32_bit_system_boots_on_a_32_bit_processor(self):
        if not MEMTEST.exists():
            self.skipTest('skipped, because memtest86+ is not installed')
        self.add_kernel('memtest', MEMTEST)
        self.lab.must('vm', 'create', 'm', '--template', 'memtest', '--machine', 'legacy', '--cpu-model', 'qemu32',
                      '--memory', '64MiB', '--start')

        def blue():
            colours = pixels_of_png(self.picture('m'))
            blue = sum(count for colour, count in colours.items() if colour[:2] == b'\0\0' and colour[2] > 128)
            return blue > sum(colours.values()) / 2
        wait_for(blue, BOOT, 'the blue screen of memtest86+')

    def test_what_cannot_be_is_refused_before_anything_is_made(self):
        create = ('vm', 'create', 'm', '--template', 'tiny')
        for options, words in ((('--secure-boot', 'microsoft'), '--secure-boot: .*needs the firmware uefi'),
                               (('--cpus', '4', '--sockets', '3'), '--sockets: .*the machine has 4'),
                               (('--cpu-model', 'host'), '--cpu-model: .*needs KVM'),
                               (('--cpu-model', 'z80'), "--cpu-model: .*no processor model 'z80'"),
                               (('--machine', 'legacy', '--disk-bus', 'sata'), '--disk-bus: .*use ide'),
                               (('--display', 'virtio', '--gpu-3d'), '--gpu-3d: .*/dev/dri'),
                               (('--pci', '0000:01:00.0'), '--pci: .*IOMMU'),
                               (('--machine-version', '99.0'), '--machine-version: .*up to version'),
                               (('--answer-file', '/dev/null', '--answer-kind', 'preseed'), 'answer')):
            self.assertRegex(self.lab.refused(*create, *options).err, words)
        self.assertEqual(self.lab.vms(), {})

    def test_hardware_changes_while_the_machine_is_off_and_stays(self):
        self.lab.must('vm', 'create', 'm', '--template', 'tiny', '--memory', '128MiB')
        self.lab.wait_observed('m', 'off')
        made_with = self.lab.vm('m')['hardware']['machine_version']
        self.lab.must('vm', 'set', 'm', '--display', 'none', '--boot', 'disk', '--acpi=false')
        self.lab.must('vm', 'set', 'm', '--boot=', '--acpi=true')
        self.assertEqual(self.lab.vm('m')['hardware'], {'machine_version': made_with, 'display': 'none', 'acpi': True})
        self.lab.must('vm', 'start', 'm')
        self.lab.wait_log('m', READY)
        self.assertIn('no screen', self.lab.refused('vm', 'screenshot', 'm', '-').err)
        self.lab.must('vm', 'set', 'm', '--display', 'vga')
        self.assertEqual(self.lab.vm('m')['pending'], ['display: none -> vga'])
        self.assertIn('no screen', self.lab.refused('vm', 'screenshot', 'm', '-').err, 'that waits')

    def test_huge_pages_that_the_host_has_not_are_refused_with_how_to_get_them(self):
        if int(Path('/proc/sys/vm/nr_hugepages').read_text()) > 60:
            self.skipTest('skipped, because this host has huge pages')
        self.lab.must('vm', 'create', 'm', '--template', 'tiny', '--memory', '128MiB', '--huge-pages')
        self.assertRegex(self.lab.refused('vm', 'start', 'm').err, r'64 huge pages of 2 MiB .*sysctl vm.nr_hugepages=')


class Boot(MachinesTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.make_media()
        except BaseException:
            cls.lab.tear_down()
            raise

    @classmethod
    def make_media(cls):
        disk = cls.lab.folder / 'disk.raw'
        disk.write_bytes(boot_sector('from the disk') + bytes((1 << 20) - 512))
        tree = cls.lab.folder / 'cd'
        tree.mkdir()
        (tree / 'boot.img').write_bytes(boot_sector('from the CD'))
        cd = cls.lab.folder / 'cd.iso'
        run('xorriso', '-as', 'genisoimage', '-quiet', '-b', 'boot.img', '-no-emul-boot', '-boot-load-size', '1',
            '-o', cd, tree)
        cls.lab.must('template', 'create', 'sector', '--file', disk)
        cls.lab.must('template', 'create', 'cd', '--file', cd)

    def test_one_start_boots_the_cd_and_the_next_reset_the_disk_again(self):
        self.lab.must('vm', 'create', 'm', '--template', 'sector', '--iso', 'cd', '--start')
        self.lab.wait_log('m', 'from the disk')
        self.assertIn('only when it is off', self.lab.refused('vm', 'start', 'm', '--boot', 'cdrom').err)
        self.lab.must('vm', 'stop', 'm', '--now')
        self.lab.must('vm', 'start', 'm', '--boot', 'cdrom')
        self.lab.wait_log('m', 'from the CD')
        self.lab.must('vm', 'reset', 'm')
        self.lab.wait_log('m', 'from the disk', count=2)

    def test_the_order_is_kept_and_ide_disks_boot_in_a_legacy_machine(self):
        self.lab.must('vm', 'create', 'm', '--template', 'sector', '--iso', 'cd', '--machine', 'legacy', '--boot',
                      'cdrom', '--boot', 'disk', '--start')
        self.lab.wait_log('m', 'from the CD')
        self.lab.must('vm', 'stop', 'm', '--now')
        self.lab.must('vm', 'set', 'm', '--boot=')
        self.lab.must('vm', 'start', 'm')
        self.lab.wait_log('m', 'from the disk')

    def test_sata_and_scsi_disks_boot(self):
        for bus in ('sata', 'scsi'):
            self.lab.must('vm', 'create', bus, '--template', 'sector', '--disk-bus', bus, '--start')
            self.lab.wait_log(bus, 'from the disk')

    def test_an_answer_file_is_on_a_cd_of_its_own_while_the_installer_is_there(self):
        answers = self.lab.folder / 'answers'
        answers.write_text('lang en_US\n%packages\n%end\n')
        self.lab.must('vm', 'create', 'm', '--iso', 'cd', '--disk', '1MiB', '--answer-file', answers, '--start')
        self.lab.wait_log('m', 'from the CD')
        iso = self.lab.state / 'pool/vms' / self.lab.vm('m')['uuid'] / 'answers.iso'
        words = Path('/proc', str(self.lab.qemu_pid('m')), 'cmdline').read_text()
        self.assertIn(str(iso), words)
        self.assertNotIn('rootpw', words)
        said = run('xorriso', '-indev', iso, '-pvd_info', '-find', '/').stdout
        self.assertIn('OEMDRV', said)
        self.assertIn('/ks.cfg', said)
        self.lab.must('vm', 'stop', 'm', '--now')
        self.lab.must('vm', 'set', 'm', '--iso', '')
        self.lab.must('vm', 'start', 'm')
        self.assertNotIn('answers.iso', Path('/proc', str(self.lab.qemu_pid('m')), 'cmdline').read_text())


@unittest.skipUnless(OVMF.exists(), 'skipped, because ovmf is not installed')
class Uefi(MachinesTest):
    def variables(self, name, kind=''):
        return self.lab.state / 'pool/vms' / self.lab.vm(name)['uuid'] / f'uefi-variables{kind}.fd'

    def test_a_program_of_uefi_boots_and_the_variables_are_the_machines_own(self):
        if not MEMTEST_EFI.exists():
            self.skipTest('skipped, because memtest86+ is not installed')
        self.add_kernel('memtest-efi', MEMTEST_EFI, command_line='console=ttyS0')
        self.lab.must('vm', 'create', 'm', '--template', 'memtest-efi', '--firmware', 'uefi', '--memory', '128MiB',
                      '--start')
        self.lab.wait_log('m', 'Memtest86+', BOOT * 2)
        self.assertNotEqual(sizes_of_png(self.picture('m')), (720, 400))  # a BIOS would be in text mode
        changed = self.variables('m').read_bytes()
        self.assertNotEqual(changed, OVMF.with_name('OVMF_VARS_4M.fd').read_bytes(), 'the firmware wrote none')
        self.lab.must('vm', 'suspend', 'm')
        self.assertEqual(self.variables('m').read_bytes(), changed)
        self.lab.must('vm', 'start', 'm')
        self.lab.must('vm', 'stop', 'm', '--now')
        self.assertEqual(self.variables('m').stat().st_mode & 0o777, 0o600)

    def test_linux_says_that_it_was_booted_by_uefi_and_has_a_tpm(self):
        kernel = self.debian_kernel()
        recipe = self.lab.recipes / 'tiny'
        self.lab.add_recipe('tiny-efi', f'#!/bin/sh\n{recipe} "$1" && cp {kernel} "$1/kernel" && '
                            'sed -i \'s/"vmlinux"/"kernel"/\' "$1/manifest.json"\n')
        self.lab.make_template('tiny-efi')
        options = ['--tpm'] if shutil.which('swtpm') else []
        self.lab.must('vm', 'create', 'm', '--template', 'tiny-efi', '--firmware', 'uefi', '--memory', '256MiB',
                      *options, '--start')
        self.lab.wait_log('m', READY, BOOT * 3)
        self.lab.wait_agent('m')
        self.assertIn('fw_platform_size', self.in_guest('m', 'ls', '/sys/firmware/efi'))
        if options:
            self.assertIn('tpm0', self.in_guest('m', 'ls', '/sys/class/tpm'))

    def debian_kernel(self):
        """The kernel of the recipe tiny as Debian packs it, with its EFI stub."""
        name = run('sh', '-c', "apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-/ {print $2}'"
                   ).stdout.split()
        folder = Path(tempfile.mkdtemp(dir=self.lab.folder))
        if not name or run('apt-get', '-q', 'download', name[0], cwd=folder, check=False).returncode != 0:
            self.skipTest('skipped, because the kernel package cannot be fetched')
        run('sh', '-c', 'dpkg-deb --fsys-tarfile *.deb | tar -x --wildcards "./boot/vmlinuz*"', cwd=folder)
        return next((folder / 'boot').glob('vmlinuz*'))

    def test_under_secure_boot_a_program_without_signature_does_not_start(self):
        if not MEMTEST_EFI.exists():
            self.skipTest('skipped, because memtest86+ is not installed')
        self.add_kernel('unsigned', MEMTEST_EFI, command_line='console=ttyS0')
        self.lab.must('vm', 'create', 'm', '--template', 'unsigned', '--firmware', 'uefi', '--secure-boot', 'snakeoil',
                      '--memory', '128MiB', '--start')
        self.assertIn('property=secure', ' '.join(processes_with(self.lab.vm('m')['uuid']).values()))
        # OVMF says `Not Found` here, not `Security Violation`: that the signature is why is not shown.
        self.lab.wait_log('m', 'failed to load Boot', BOOT * 2)
        self.assertNotIn('Memtest86+', self.lab.must('vm', 'log', 'm', '--bytes', 65536).out)
        self.assertTrue(self.variables('m', '-snakeoil').exists())

    def test_a_kernel_that_uefi_cannot_start_is_refused(self):
        self.lab.must('vm', 'create', 'm', '--template', 'tiny', '--firmware', 'uefi', '--memory', '128MiB')
        self.assertIn('no EFI stub', self.lab.refused('vm', 'start', 'm').err)


@unittest.skipUnless(shutil.which('swtpm'), 'skipped, because swtpm is not installed')
class Tpm(MachinesTest):
    def tpm_pids(self, name):
        folder = self.lab.state / 'pool/vms' / self.lab.vm(name)['uuid'] / 'tpm'
        return [pid for pid, words in processes_with(str(folder)).items() if 'swtpm' in words and alive(pid)]

    def test_a_tpm_is_confined_as_its_machine_and_lives_as_long(self):
        self.lab.new_tiny('m', '--tpm')
        pid, = self.tpm_pids('m')
        status = Path('/proc', str(pid), 'status').read_text()
        user = 720000 + self.lab.vm('m')['number']
        self.assertRegex(status, rf'(?m)^Uid:\t{user}\t{user}\t{user}\t{user}$')
        self.assertRegex(status, r'(?m)^NoNewPrivs:\t1$')
        self.lab.must('vm', 'suspend', 'm')
        wait_for(lambda: not alive(pid), SOON, 'the TPM has ended')
        self.lab.must('vm', 'start', 'm')
        self.assertEqual(len(self.tpm_pids('m')), 1)
        self.lab.kill()  # its daemon: machine and TPM go on
        self.lab.start()
        self.assertEqual(len(self.tpm_pids('m')), 1)
        self.lab.must('vm', 'stop', 'm', '--now')
        with self.assertRaises(Waited):
            wait_for(lambda: self.tpm_pids('m'), 1, 'a TPM of a machine that is off')


if __name__ == '__main__':
    unittest.main()

"""Systems that are not today's Debian on today's machines, from Debian's archive, booted from CDs on legacy machines.

What the screen shows is read from screenshots: the text mode of a VGA has the font of QEMU's own VGA BIOS.
With TRUCE_PICTURES=FOLDER the screenshots are kept there.
"""
import os
import shutil
import struct
import unittest
import zlib
from pathlib import Path

from lab import BOOT, SOON, LabTest, run, wait_for
from pictures import sizes_of_png

GRUB_CD = Path('/usr/lib/grub-rescue/grub-rescue-cdrom.iso')
IPXE_CD = Path('/usr/lib/ipxe/ipxe.iso')
MEMTEST = Path('/boot/memtest86+ia32.bin')
INSTALLER = Path('/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386')
VGA_BIOS = Path('/usr/share/seabios/vgabios-stdvga.bin')
GLYPH_OF_A = bytes([0, 0, 0x10, 0x38, 0x6C, 0xC6, 0xC6, 0xFE, 0xC6, 0xC6, 0xC6, 0xC6, 0, 0, 0, 0])


def rows_of_png(data):
    """The pixels of an 8-bit RGB PNG as QEMU writes it, a bytes for each row. [PNG specification, 9 Filtering]"""
    width, height = sizes_of_png(data)
    if data[24:29] != b'\x08\x02\0\0\0':
        raise AssertionError('not an 8-bit RGB picture without interlace')
    packed, at = b'', 8
    while at < len(data):
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        packed += data[at + 8:at + 8 + length] if kind == b'IDAT' else b''
        at += 12 + length
    raw, step, size = zlib.decompress(packed), 3, width * 3
    rows, above = [], bytes(size)
    for row in range(height):
        kind, line = raw[row * (size + 1)], bytearray(raw[row * (size + 1) + 1:(row + 1) * (size + 1)])
        for i in range(size if kind else 0):
            left, up = line[i - step] if i >= step else 0, above[i]
            corner = above[i - step] if i >= step else 0
            line[i] = line[i] + (left, up, (left + up) // 2, nearest(left, up, corner))[kind - 1] & 0xFF
        above = bytes(line)
        rows.append(above)
    return rows


def nearest(left, up, corner):
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


class Font:
    """The 8x16 font of a VGA BIOS: 256 glyphs of 16 bytes one after another."""

    def __init__(self, rom):
        place = rom.index(GLYPH_OF_A) - ord('A') * 16
        self.letters = {}
        for code in range(255, 0, -1):
            self.letters[rom[place + code * 16:place + code * 16 + 16]] = chr(code) if 32 <= code < 127 else '#'
        self.letters[bytes(16)] = ' '

    def read(self, png):
        """The text of a screen in text mode, a line for each row; what is no glyph is '?'."""
        width, height = sizes_of_png(png)
        if (width, height) not in ((720, 400), (640, 400)):
            raise AssertionError(f'{width}x{height} is no text mode')
        cell, rows = width // 80, rows_of_png(png)
        return '\n'.join(''.join(self.letter(rows, cell, column, line) for column in range(80)).rstrip()
                         for line in range(25))

    def letter(self, rows, cell, column, line):
        begin = column * cell * 3
        dots = [[rows[line * 16 + y][begin + x * 3:begin + x * 3 + 3] for x in range(8)] for y in range(16)]
        back = dots[0][0]
        glyph = bytes(sum(128 >> x for x in range(8) if dots[y][x] != back) for y in range(16))
        return self.letters.get(glyph) or self.letters.get(bytes(255 - b for b in glyph), '?')


class OldSystems(LabTest):
    @classmethod
    def setUpClass(cls):
        if not VGA_BIOS.exists():
            raise unittest.SkipTest(f'skipped, because {VGA_BIOS} is not there')
        cls.font = Font(VGA_BIOS.read_bytes())
        super().setUpClass()

    def need(self, path, package):
        if not path.exists():
            self.skipTest(f'skipped, because {package} is not installed')

    def made_cd(self, name, files, menu):
        """A CD that boots GRUB, which starts what is on it."""
        for program, package in (('grub-mkrescue', 'grub-common'), ('xorriso', 'xorriso')):
            if not shutil.which(program):
                self.skipTest(f'skipped, because {package} is not installed')
        tree = self.lab.folder / f'{name}-tree'
        (tree / 'boot/grub').mkdir(parents=True)
        for target, source in files.items():
            shutil.copy(source, tree / target)
        (tree / 'boot/grub/grub.cfg').write_text(menu)
        made = self.lab.folder / f'{name}.iso'
        run('grub-mkrescue', '-d', '/usr/lib/grub/i386-pc', '-o', made, tree)
        return made

    def boot(self, name, cd, *options):
        self.lab.must('template', 'create', f'{name}-cd', '--file', cd)
        self.lab.must('vm', 'create', name, '--iso', f'{name}-cd', '--disk', '64MiB', '--machine', 'legacy', '--boot', 'cdrom',
                      '--start', *options)
        self.lab.bookkeep()

    def picture(self, name):
        path = self.lab.folder / f'{name}.png'
        self.lab.must('vm', 'screenshot', name, path)
        return path.read_bytes()

    def text(self, name):
        picture = self.picture(name)
        return self.font.read(picture) if sizes_of_png(picture)[1] == 400 else ''

    def wait_text(self, name, *words, limit=BOOT):
        return wait_for(lambda: all(word in (text := self.text(name)) for word in words) and text, limit,
                        f'{words} on the screen of {name}')

    def keep(self, name):
        folder = os.environ.get('TRUCE_PICTURES')
        if folder:
            Path(folder, f'old-{name}.png').write_bytes(self.picture(name))

    def test_grub_from_a_rescue_cd_offers_loaders_of_hurd_and_bsd_on_a_486(self):
        self.need(GRUB_CD, 'grub-rescue-pc')
        self.boot('grub', GRUB_CD, '--cpu-model', '486', '--memory', '32MiB', '--acpi=false')
        self.wait_text('grub', 'GNU GRUB  version 2', 'GNU (aka GNU/Hurd)', 'OpenBSD', 'Press enter to boot')
        self.keep('grub')

    def test_ipxe_from_its_cd_gets_an_address_through_an_old_network_card(self):
        self.need(IPXE_CD, 'ipxe')
        self.boot('ipxe', IPXE_CD, '--cpu-model', 'pentium2', '--memory', '32MiB', '--nic-model', 'rtl8139')
        self.wait_text('ipxe', 'Open Source Network Boot Firmware', 'net0')
        address = wait_for(lambda: self.lab.vm('ipxe')['addresses'], BOOT, 'an address')[0]
        self.wait_text('ipxe', address, limit=SOON)
        self.keep('ipxe')

    def test_memtest86_from_a_cd_tests_a_pentium(self):
        self.need(MEMTEST, 'memtest86+')
        cd = self.made_cd('memtest', {'memtest': MEMTEST},
                          'set timeout=0\nmenuentry memtest {\n  linux16 /memtest\n}\n')
        self.boot('memtest', cd, '--cpu-model', 'pentium', '--memory', '32MiB')
        self.wait_text('memtest', 'Memtest86+', 'Pass', '#')
        self.keep('memtest')

    def test_a_32_bit_linux_boots_from_a_cd_on_a_pentium_3_and_its_installer_asks(self):
        self.need(INSTALLER / 'linux', 'debian-installer-12-netboot-i386')
        cd = self.made_cd('installer', {'linux': INSTALLER / 'linux', 'initrd.gz': INSTALLER / 'initrd.gz'},
                          'set timeout=0\nmenuentry installer {\n  linux /linux vga=normal nomodeset console=ttyS0 '
                          'console=tty0 ---\n  initrd /initrd.gz\n}\n')
        self.boot('installer', cd, '--cpu-model', 'pentium3', '--memory', '512MiB')
        log = self.lab.wait_log('installer', 'Linux version', BOOT * 2)
        self.assertRegex(log, r'(?i)linux version \S+-686')
        self.assertNotIn('x86_64', log)

        self.wait_text('installer', 'Select a language', 'English', '<Go Back>', limit=BOOT * 3)
        self.keep('installer')


if __name__ == '__main__':
    unittest.main()

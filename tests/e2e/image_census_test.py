"""A census of malformed images: what `truce image` and qemu-img make of each. `image_census_test.py --table` prints it."""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import TRUCE

MIB = 1 << 20
FAR = 1 << 40       # beyond the end of every file here
LIMIT = 10          # seconds; nothing here has more than 8 MiB
MEMORY = 128 * MIB  # with what the test itself takes, which a child's peak begins with

# The disk that all images hold before something is done to them: text, a hole, noise.
CONTENT = b''.join(b'line %05d of the disk, as good as any other ......\n' % i for i in range(8000))
CONTENT = CONTENT.ljust(2 * MIB, b'\0') + bytes((i * i * 7919 >> 5) % 256 for i in range(100_000))
CONTENT = CONTENT.ljust(3 * MIB, b'\0')

# Well-formed images: how qemu-img makes them. The keys of CASES.
BASES = {
    'qcow2': ['-O', 'qcow2'],
    'qcow2 packed': ['-c', '-O', 'qcow2'],
    'vhd': ['-O', 'vpc', '-o', 'force_size=on'],
    'vhd fixed': ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on'],
    'vhdx': ['-O', 'vhdx', '-o', 'block_size=1M'],
    'vmdk': ['-O', 'vmdk'],
    'vmdk packed': ['-O', 'vmdk', '-o', 'subformat=streamOptimized'],
    'vdi': ['-O', 'vdi'],
    'qcow': ['-O', 'qcow'],
    'qed': ['-O', 'qed'],
}


def number(image, at, form):
    return struct.unpack_from(form, image, at)[0]


def put(at, form, value):
    """Puts a number at an offset, or at one that is found in the image."""
    def change(image):
        struct.pack_into(form, image, at(image) if callable(at) else at, value)
    return change


def text(at, value):
    def change(image):
        start = at(image) if callable(at) else at
        image[start:start + len(value)] = value
    return change


def cut(length):
    """Keeps the first bytes, or leaves out the last ones."""
    def change(image):
        del image[length:]
    return change


def half(image):
    del image[len(image) // 2:]


def copy(source, target, length):
    def change(image):
        begin, end = source(image), target(image)
        image[end:end + length] = image[begin:begin + length]
    return change


def all_of(*changes):
    def change(image):
        for each in changes:
            each(image)
    return change


# --- where things are ------------------------------------------------------------------------

def l1(image):
    return number(image, 40, '>Q')


def l2(image):
    return number(image, l1(image), '>Q') & 0x00fffffffffffe00


def l2_second(image):
    return l2(image) + 8


def vhd_table(image):
    return number(image, 512 + 16, '>Q')


def vhd_last(image):
    return len(image) - 512


def gd(image):
    return number(image, 56, '<Q') * 512


def gt(image):
    return number(image, gd(image), '<I') * 512


def first_marker(image):
    return number(image, 64, '<Q') * 512


def vdi_map(image):
    return number(image, 0x154, '<I')


def qcow_l2(image):
    return number(image, l1(image), '>Q')


def qed_l1(image):
    return number(image, 40, '<Q')


def qed_l2(image):
    return number(image, qed_l1(image), '<Q')


# --- checksums: what stands behind them is to be looked at -------------------------------------

def vhd_sum(at, length, field):
    def change(image):
        start = at(image) if callable(at) else at
        struct.pack_into('>I', image, start + field, 0)
        struct.pack_into('>I', image, start + field, ~sum(image[start:start + length]) & 0xffffffff)
    return change


def footer(field, form, value):
    """In both footers of a dynamic VHD, with right checksums."""
    return all_of(put(field, form, value), put(lambda image: vhd_last(image) + field, form, value),
                  vhd_sum(0, 512, 64), vhd_sum(vhd_last, 512, 64))


def last_footer(field, form, value):
    return all_of(put(lambda image: vhd_last(image) + field, form, value), vhd_sum(vhd_last, 512, 64))


def head(field, form, value):
    return all_of(put(512 + field, form, value), vhd_sum(512, 1024, 36))


CRC = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
    CRC.append(byte)


def crc32c(data):
    value = 0xffffffff
    for byte in data:
        value = value >> 8 ^ CRC[(value ^ byte) & 255]
    return value ^ 0xffffffff


def vhdx_sums(image):
    for at, length in ((65536, 4096), (131072, 4096), (196608, 65536), (262144, 65536)):
        struct.pack_into('<I', image, at + 4, 0)
        struct.pack_into('<I', image, at + 4, crc32c(image[at:at + length]))


def both(at, field, form, value):
    """In both headers (at 64 KiB) or region tables (at 192 KiB) of a VHDX, with right checksums."""
    second = 131072 if at == 65536 else 262144
    return all_of(put(at + field, form, value), put(second + field, form, value), vhdx_sums)


def region(image, name):
    """The entry of a region in the first table."""
    for entry in range(196608 + 16, 196608 + 16 + 32 * 2, 32):
        if image[entry:entry + 4] == name:
            return entry
    raise ValueError(name)


BAT, METADATA = bytes.fromhex('6677c22d'), bytes.fromhex('06a27c8b')
ITEMS = {'file': '3767a1ca', 'size': '2442a52f', 'sector': '1dbf4181'}


def bat(image):
    return number(image, region(image, BAT) + 16, '<Q')


def metadata(image):
    return number(image, region(image, METADATA) + 16, '<Q')


def item_entry(name):
    def at(image):
        table = metadata(image)
        for entry in range(table + 32, table + 32 + 32 * 6, 32):
            if image[entry:entry + 4] == bytes.fromhex(ITEMS[name]):
                return entry
        raise ValueError(name)
    return at


def item(name, more=0):
    return lambda image: metadata(image) + number(image, item_entry(name)(image) + 16, '<I') + more


def in_region(name, field, form, value):
    def change(image):
        entry = region(image, name) - 196608
        both(196608, entry + field, form, value)(image)
    return change


def descriptor(extents, kind='monolithicFlat', more=''):
    lines = ('# Disk DescriptorFile', 'version=1', 'CID=12345678', 'parentCID=ffffffff' if 'parentCID' not in more else more,
             f'createType="{kind}"', extents, 'ddb.adapterType = "ide"', '')
    def change(image):
        image[:] = '\n'.join(lines).encode()
    return change


def twice_as_second(table, width):
    """The second entry of a table becomes the first."""
    return copy(table, lambda image: table(image) + width, width)


# --- the cases: name, what is done to the image -------------------------------------------------

CASES = {
    'qcow2': {
        'cut off in the header': cut(50),
        'cut off in the middle': cut(-200_000),
        'version 7': put(4, '>I', 7),
        'clusters of 32 bytes': put(20, '>I', 5),
        'clusters of 1 TiB': put(20, '>I', 40),
        'a disk of 8 EiB': put(24, '>Q', 1 << 63),
        'a disk larger than its table': put(24, '>Q', 1 << 50),
        'an L1 table of 2 Gi entries': put(36, '>I', 0x7fffffff),
        'an L1 table of no entry': put(36, '>I', 0),
        'an L1 table beyond the file': put(40, '>Q', FAR),
        'an L1 table at an odd place': put(40, '>Q', 0x30001),
        'an L1 table that is the header': put(40, '>Q', 0),
        'a refcount table beyond the file': put(48, '>Q', FAR),
        'a refcount table of 4 Gi clusters': put(56, '>I', 0xffffffff),
        '4 Gi snapshots': put(60, '>I', 0xffffffff),
        'a snapshot beyond the file': all_of(put(60, '>I', 1), put(64, '>Q', FAR)),
        'a snapshot that is the header': all_of(put(60, '>I', 1), put(64, '>Q', 0)),
        'an unknown feature': put(72, '>Q', 1 << 40),
        'marked as corrupt': put(72, '>Q', 2),
        'marked as not closed': put(72, '>Q', 1),
        'a data file without a name': put(72, '>Q', 4),
        'extended L2 where there is none': put(72, '>Q', 16),
        'refcounts of 512 bits': put(96, '>I', 9),
        'a header of 4 GiB': put(100, '>I', 0xffffffff),
        'a header of 8 bytes': put(100, '>I', 8),
        'an encryption that there is not': put(32, '>I', 7),
        'encryption without a key': put(32, '>I', 1),
        'an unknown compression': all_of(put(72, '>Q', 8), put(104, 'B', 9)),
        'a header extension of 4 GiB': put(112 + 4, '>I', 0xfffffff0),
        'a backing file of a long name': all_of(put(8, '>Q', 1024), put(16, '>I', 0xffffffff)),
        'a backing file by its path': all_of(put(8, '>Q', 1024), put(16, '>I', 11), text(1024, b'/etc/passwd')),
        'a backing file by json:': all_of(put(8, '>Q', 1024), put(16, '>I', 44),
                                          text(1024, b'json:{"driver":"file","filename":"/etc/pass"}')),
        'an L1 entry beyond the file': put(l1, '>Q', FAR | 1 << 63),
        'an L1 entry at an odd place': put(l1, '>Q', 0x40200 | 1 << 63),
        'an L1 entry that is the header': put(l1, '>Q', 1 << 63 | 65536),
        'an L2 entry beyond the file': put(l2, '>Q', FAR | 1 << 63),
        'an L2 entry at an odd place': put(l2, '>Q', 0x50200 | 1 << 63),
        'an L2 entry that is the L1 table': put(l2, '>Q', 0x30000 | 1 << 63),
        'an L2 entry with reserved bits': put(l2, '>Q', 0x3f << 56 | 0x50000 | 1 << 63),
        'two blocks in one cluster': twice_as_second(l2, 8),
    },
    'qcow2 packed': {
        'a packed cluster beyond the file': put(l2, '>Q', 1 << 62 | FAR),
        'a packed cluster that is the header': put(l2, '>Q', 1 << 62 | 0),
        'a packed cluster of noise': text(lambda image: (number(image, l2(image), '>Q') & (1 << 54) - 1) + 20, b'\xaa' * 64),
        'a packed cluster cut off': cut(-40_000),
        'zstd said, zlib stored': all_of(put(72, '>Q', 8), put(104, 'B', 1)),
    },
    'vhd': {
        'no footer at the end': cut(-512),
        'no footer at all': all_of(cut(-512), text(0, bytes(512))),
        'both footers of a wrong checksum': all_of(put(64, '>I', 1), put(lambda image: vhd_last(image) + 64, '>I', 1)),
        'a kind that there is not': footer(60, '>I', 9),
        'a disk of 8 EiB': footer(48, '>Q', 1 << 63),
        'a disk that ends in a sector': footer(48, '>Q', 3 * MIB - 100),
        'a disk larger than its table': footer(48, '>Q', 1 << 34),
        'a header beyond the file': footer(16, '>Q', FAR),
        'a header that is the footer': footer(16, '>Q', 0),
        'a header of a wrong checksum': put(512 + 36, '>I', 1),
        'a header of another name': all_of(text(512, b'conectix'), vhd_sum(512, 1024, 36)),
        'blocks of no size': head(32, '>I', 0),
        'blocks of 3 bytes': head(32, '>I', 3),
        'blocks of 2 GiB': head(32, '>I', 1 << 31),
        'a table of 4 Gi entries': head(28, '>I', 0xffffffff),
        'a table of no entry': head(28, '>I', 0),
        'a table beyond the file': head(16, '>Q', FAR),
        'a block beyond the file': put(vhd_table, '>I', 0x7fffffff),
        'a block that is the header': put(vhd_table, '>I', 1),
        'two blocks in one place': twice_as_second(vhd_table, 4),
        'a difference without a parent': footer(60, '>I', 4),
        'cut off in the middle': cut(-1 * MIB),
    },
    'vhd fixed': {
        'a disk larger than the file': last_footer(48, '>Q', 1 << 30),
        'a footer of another checksum': put(lambda image: vhd_last(image) + 64, '>I', 1),
        'a dynamic one without a header': last_footer(60, '>I', 3),
    },
    'vhdx': {
        'both headers of a wrong checksum': all_of(put(65536 + 4, '<I', 1), put(131072 + 4, '<I', 1)),
        'both region tables of a wrong checksum': all_of(put(196608 + 4, '<I', 1), put(262144 + 4, '<I', 1)),
        'version 9': both(65536, 66, '<H', 9),
        'a log that is noise': all_of(both(65536, 48, '<Q', 12345), text(MIB, b'loge' + b'\xaa' * 4092)),
        'a log beyond the file': all_of(both(65536, 48, '<Q', 12345), both(65536, 72, '<Q', FAR)),
        'a log of 4 GiB': all_of(both(65536, 48, '<Q', 12345), both(65536, 68, '<I', 0xfff00000)),
        '4 Gi regions': both(196608, 8, '<I', 0xffffffff),
        'a table beyond the file': in_region(BAT, 16, '<Q', FAR),
        'a table that is too small': in_region(BAT, 24, '<I', 0),
        'metadata beyond the file': in_region(METADATA, 16, '<Q', FAR),
        'an unknown region that is needed': all_of(in_region(BAT, 28, '<I', 1), in_region(BAT, 0, '<I', 77)),
        '64 Ki metadata items': put(lambda image: metadata(image) + 10, '<H', 0xffff),
        'metadata without the size': put(item_entry('size'), '<I', 99),
        'an item beyond the metadata': put(lambda image: item_entry('size')(image) + 16, '<I', 0xfffffff0),
        'blocks of no size': put(item('file'), '<I', 0),
        'blocks of 3 MiB': put(item('file'), '<I', 3 * MIB),
        'blocks of 2 GiB': put(item('file'), '<I', 1 << 31),
        'a parent without a locator': put(item('file', 4), '<I', 2),
        'a disk of 16 EiB': put(item('size'), '<Q', 0xfffffffffffffe00),
        'a disk that ends in a sector': put(item('size'), '<Q', 3 * MIB - 100),
        'sectors of no size': put(item('sector'), '<I', 0),
        'sectors of 513 bytes': put(item('sector'), '<I', 513),
        'a block of no legal state': put(bat, '<Q', 4 * MIB | 5),
        'a block beyond the file': put(bat, '<Q', FAR | 6),
        'a block that is the log': put(bat, '<Q', MIB | 6),
        'two blocks in one place': copy(bat, lambda image: bat(image) + 16, 8),
        'cut off in the middle': cut(-MIB),
    },
    'vmdk': {
        'version 99': put(4, '<I', 99),
        'a disk of 8 EiB': put(12, '<Q', 1 << 54),
        'a disk larger than its table': put(12, '<Q', 1 << 30),
        'grains of no size': put(20, '<Q', 0),
        'grains of 3 sectors': put(20, '<Q', 3),
        'grains of 1 TiB': put(20, '<Q', 1 << 31),
        'tables of no entry': put(44, '<I', 0),
        'tables of 2 Gi entries': put(44, '<I', 1 << 31),
        'a descriptor beyond the file': put(28, '<Q', FAR),
        'a descriptor of 1 TiB': put(36, '<Q', 1 << 31),
        'a directory beyond the file': all_of(put(48, '<Q', FAR), put(56, '<Q', FAR)),
        'a directory that is the header': all_of(put(48, '<Q', 0), put(56, '<Q', 0)),
        'line ends that were changed': text(73, b'\n\n\n\n'),
        'an unknown compression': put(77, '<H', 7),
        'a table beyond the file': put(gd, '<I', 0x7fffffff),
        'a grain beyond the file': put(gt, '<I', 0x7fffffff),
        'a grain that is the directory': put(gt, '<I', 21),
        'two grains in one place': twice_as_second(gt, 4),
        'a parent that is not named': text(lambda image: image.index(b'parentCID=ffffffff'), b'parentCID=12345678'),
        'cut off in the middle': cut(-200_000),
        'an extent by its path': descriptor('RW 8 FLAT "/etc/passwd" 0'),
        'an extent above': descriptor('RW 8 FLAT "../../../../../../etc/passwd" 0'),
        'an extent that is a device': descriptor('RW 8 FLAT "/dev/zero" 0'),
        'ten thousand extents': descriptor('RW 1 FLAT "f" 0\n' * 10_000),
        'a kind that there is not': descriptor('RW 8 FLAT "f" 0', kind='everything'),
        'no extent': descriptor(''),
        'an extent of 16 EiB': descriptor('RW 36028797018963967 FLAT "f" 0'),
        'itself as its extent': descriptor('RW 8 SPARSE "image"', kind='monolithicSparse'),
    },
    'vmdk packed': {
        'a grain of another place': put(first_marker, '<Q', 777),
        'a grain of 4 GiB': put(lambda image: first_marker(image) + 8, '<I', 0xfffffff0),
        'a grain of noise': text(lambda image: first_marker(image) + 40, b'\xaa' * 64),
        'cut off in the middle': half,
    },
    'vdi': {
        'another signature': put(64, '<I', 1),
        'version 9': put(68, '<I', 9 << 16),
        'a kind that there is not': put(76, '<I', 7),
        'a difference without a parent': put(76, '<I', 4),
        'a map at an odd place': put(0x154, '<I', 513),
        'a map beyond the file': put(0x154, '<I', 0x7ffffe00),
        'data beyond the file': put(0x158, '<I', 0x7ffffe00),
        'sectors of 4,096 bytes': put(0x168, '<I', 4096),
        'a disk of 8 EiB': put(0x170, '<Q', 1 << 63),
        'a disk larger than its map': put(0x170, '<Q', 1 << 40),
        'blocks of no size': put(0x178, '<I', 0),
        'blocks of 3 bytes': put(0x178, '<I', 3),
        '4 Gi blocks': put(0x180, '<I', 0xffffffff),
        'a block beyond the file': put(vdi_map, '<I', 0x7fffffff),
        'two blocks in one place': copy(vdi_map, lambda image: vdi_map(image) + 8, 4),
        'cut off in the middle': cut(-MIB),
    },
    'qcow': {
        'clusters of 2^64 bytes': put(32, 'B', 64),
        'tables of 2^40 entries': put(33, 'B', 40),
        'a disk of 8 EiB': put(24, '>Q', 1 << 63),
        'an L1 table beyond the file': put(40, '>Q', FAR),
        'an L1 entry beyond the file': put(l1, '>Q', FAR),
        'an L2 entry beyond the file': put(qcow_l2, '>Q', FAR),
        'encryption without a key': put(36, '>I', 1),
        'a backing file by its path': all_of(put(8, '>Q', 256), put(16, '>I', 11), text(256, b'/etc/passwd')),
    },
    'qed': {
        'clusters of 3 bytes': put(4, '<I', 3),
        'tables of no cluster': put(8, '<I', 0),
        'a header of 4 Gi clusters': put(12, '<I', 0xffffffff),
        'an unknown feature': put(16, '<Q', 1 << 40),
        'a disk of 8 EiB': put(48, '<Q', 1 << 63),
        'an L1 table beyond the file': put(40, '<Q', FAR),
        'an L1 entry beyond the file': put(qed_l1, '<Q', FAR),
        'an L2 entry beyond the file': put(qed_l2, '<Q', FAR),
    },
}
# Each entry for itself is right: they are read as they stand, as another disk, with a warning.
ANOTHER_DISK = {'two blocks in one cluster', 'two blocks in one place', 'two grains in one place'}
# Only what nothing refers to any more shows that this was not meant, as after any crash.
LOOKS_WELL = 'extended L2 where there is none'


class Run:
    """How a program ended."""

    def __init__(self, argv):
        start = time.monotonic()
        with tempfile.TemporaryFile() as told:
            process = subprocess.Popen(list(map(str, argv)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=told)
            while True:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    break
                if time.monotonic() - start > LIMIT:
                    process.kill()
                    os.wait4(process.pid, 0)
                    status = usage = None
                    break
                time.sleep(0.002)
            told.seek(0)
            self.told = told.read().decode(errors='replace').strip()
        self.hung = status is None
        self.status = None if self.hung else os.waitstatus_to_exitcode(status)
        self.memory = 0 if self.hung else usage.ru_maxrss * 1024
        process.returncode = self.status if self.status is not None else -9


class Entry:
    """A malformed image, and what the two programs did with it."""

    def __init__(self, base, what, folder, image):
        self.base, self.what = base, what
        self.path = path = folder / 'image'
        path.write_bytes(image)
        name = base.split()[0]
        qemu = {'vhd': 'vpc'}.get(name, name)
        ours, theirs = folder / 'ours', folder / 'theirs'
        self.info = Run([TRUCE, 'image', 'info', '-f', name, path])
        self.check = Run([TRUCE, 'image', 'check', '-f', name, path])
        convert = [TRUCE, 'image', 'convert', '--quiet', '--no-sync', '-f', name, '-O', 'raw', path, ours]
        self.convert = Run(convert)
        self.same = ours.exists() and ours.read_bytes() == CONTENT
        self.strict = Run([*convert, '--strict', '--replace'])
        self.left = [each.name for each in folder.iterdir() if each.name not in ('image', 'ours')]
        if ours.exists():
            ours.unlink()
        self.qemu = self.of_qemu(Run(['qemu-img', 'convert', '-f', qemu, '-O', 'raw', path, theirs]), theirs)

    @staticmethod
    def of_qemu(run, target):
        if run.hung:
            return 'hangs'
        if run.status < 0:
            return 'crashes'
        if run.status != 0:
            return 'refuses'
        with open(target, 'rb') as made:
            same = os.fstat(made.fileno()).st_size == len(CONTENT) and made.read() == CONTENT
        return 'reads it' if same else 'other bytes'

    def of_ours(self):
        if self.convert.hung or self.convert.status < 0:
            return 'hangs' if self.convert.hung else 'crashes'
        if self.convert.status != 0:
            return 'refuses'
        return 'reads it' if self.same else 'other bytes'

    def row(self):
        why = (self.convert.told or self.check.told or '-').splitlines()[-1]
        why = why.replace('truce: ', '', 1).replace(f'{self.path}: ', '', 1)
        return (f'{self.base}: {self.what}', self.of_ours(), f'{self.info.status} {self.check.status} {self.convert.status}',
                self.qemu, why)


def made(folder):
    """The well-formed images by their names."""
    raw = folder / 'raw'
    raw.write_bytes(CONTENT)
    images = {}
    for base, words in BASES.items():
        path = folder / 'base'
        path.unlink(missing_ok=True)
        subprocess.run(['qemu-img', 'convert', '-f', 'raw', *words, raw, path], check=True, capture_output=True)
        images[base] = path.read_bytes()
    return images


def census(folder):
    images = made(folder)

    def one(number, base, what, change):
        image = bytearray(images[base])
        change(image)
        place = folder / f'{number}'
        place.mkdir()
        entry = Entry(base, what, place, image)
        shutil.rmtree(place)
        return entry

    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(one, number, base, what, change) for number, (base, what, change) in
                 enumerate((base, what, change) for base, cases in CASES.items() for what, change in cases.items())]
        return [task.result() for task in tasks]


def print_table(entries):
    rows = [('image', 'truce', 'status', 'qemu-img', 'what truce says'), *(entry.row() for entry in entries)]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        print('  '.join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[4]]).rstrip())
    for who, counts in (('truce', Counter(entry.of_ours() for entry in entries)),
                        ('qemu-img', Counter(entry.qemu for entry in entries))):
        print(f'{who}: {len(entries)} images; ' + ', '.join(f'{what}: {count}' for what, count in counts.most_common()))


class Census(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory(prefix='truce-census-') as folder:
            cls.entries = census(Path(folder))

    def each(self, look):
        """Calls `look` for every entry; each that fails is told of."""
        for entry in self.entries:
            with self.subTest(f'{entry.base}: {entry.what}'):
                look(entry)

    def test_there_are_more_than_a_hundred_malformed_images_of_all_formats(self):
        self.assertGreater(len(self.entries), 100)
        self.assertEqual({entry.base.split()[0] for entry in self.entries}, {base.split()[0] for base in BASES})

    def test_none_crashes_hangs_or_takes_memory(self):
        def look(entry):
            for run in (entry.info, entry.check, entry.convert, entry.strict):
                self.assertFalse(run.hung)
                self.assertGreaterEqual(run.status, 0, run.told)
                self.assertLess(run.memory, MEMORY)
        self.each(look)

    def test_each_is_refused_in_one_sentence_or_read_to_the_last_byte(self):
        def look(entry):
            self.assertIn(entry.convert.status, (0, 1), entry.convert.told)
            self.assertEqual(entry.left, [], 'files beside the target')
            errors = [line for line in entry.convert.told.splitlines() if not line.startswith('truce: warning: ')]
            if entry.convert.status == 0:
                self.assertEqual(errors, [])
                if entry.what not in ANOTHER_DISK:
                    self.assertTrue(entry.same or entry.what == LOOKS_WELL, 'other bytes, and nobody is told')
                elif not entry.same:
                    self.assertRegex(entry.convert.told, r'truce: warning: .*[0-9]+ damaged, so that bytes may be wrong')
                    self.assertEqual(entry.strict.status, 1)
                    self.assertIn('(--strict)', entry.strict.told)
            else:
                self.assertEqual(len(errors), 1, entry.convert.told)
                self.assertRegex(errors[0], r'^truce: .{20,400}$')
        self.each(look)

    def test_check_finds_nothing_wrong_only_where_nothing_else_is_read(self):
        def look(entry):
            self.assertIn(entry.check.status, (0, 1, 2, 3), entry.check.told)
            if entry.of_ours() == 'other bytes':
                self.assertNotEqual(entry.check.status, 0)
        self.each(look)


if __name__ == '__main__':
    if sys.argv[1:] == ['--table']:
        with tempfile.TemporaryDirectory(prefix='truce-census-') as where:
            print_table(census(Path(where)))
    else:
        unittest.main()

"""Virtual hard disks in real files: made and checked by qemu-img, their headers read after [MS-VHDX] and the VHD specification."""
import json
import struct
import subprocess
import uuid

FIXED, DYNAMIC, DIFFERENCING = 2, 3, 4
VHD, VHDX = 2, 3
FORMATS = {'vhd': VHD, 'avhd': VHD, 'vhdx': VHDX, 'avhdx': VHDX}  # by the extension of a file, as Windows takes no other
PROGRAM_NAMES = {VHD: 'vpc', VHDX: 'vhdx'}
WIN32_LOCATOR = uuid.UUID('B04AEFB7-D19E-4A81-B789-25B8E9445913')
REGION_TABLE, METADATA_REGION = 192 << 10, uuid.UUID('8B7CA206-4790-4B9A-B8FE-575F050F886E')
PARAMETERS, SIZE, IDENTITY, LOGICAL, PHYSICAL, LOCATOR = map(uuid.UUID, (
    'CAA16737-FA36-4D43-B3B6-33F0AA44E76B', '2FA54224-CD1B-4876-B211-5DBED83BF4B8', 'BECA12AB-B2E6-4523-93EF-C309E000C746',
    '8141BF1D-A96F-4709-BA47-F233A8FAAB5F', 'CDA348C7-445D-4471-9CC9-E9885251C556', 'A8D35F2D-B30B-454D-ABF7-D3D84834AB0C'))


class BadImage(Exception):
    """A file is no virtual hard disk, or a broken one."""


def read_image(path, form):
    """Its `size`, `type`, `id` (a GUID), the path of its `parent` or None, `block`, `logical` and `physical`."""
    try:
        with open(path, 'rb') as file:
            facts = read_vhdx(file) if form == VHDX else read_vhd(file)
    except (struct.error, ValueError, KeyError) as error:
        raise BadImage(f'its headers cannot be read: {error}') from None
    if facts['type'] != DIFFERENCING:  # qemu-img knows none
        checked = subprocess.run(['qemu-img', 'info', '-U', '--output=json', '-f', PROGRAM_NAMES[form], path], capture_output=True, text=True,
                                 check=False)
        if checked.returncode:
            raise BadImage(checked.stderr.strip())
        if form == VHDX and json.loads(checked.stdout)['virtual-size'] != facts['size']:
            raise BadImage('its sizes differ')
    return facts


def at(file, place, count, whence=0):
    file.seek(place, whence)
    found = file.read(count)
    if len(found) < count:
        raise ValueError(f'it ends before {place} + {count}')
    return found


def read_vhdx(file):
    if at(file, 0, 8) != b'vhdxfile' or at(file, REGION_TABLE, 4) != b'regi':
        raise ValueError('there is no signature')
    items = vhdx_items(file)
    block, flags = struct.unpack_from('<II', items[PARAMETERS])
    kind = DIFFERENCING if flags & 2 else FIXED if flags & 1 else DYNAMIC
    return {'size': struct.unpack('<Q', items[SIZE])[0], 'type': kind, 'id': str(uuid.UUID(bytes_le=items[IDENTITY])).upper(), 'block': block,
            'parent': vhdx_parent(items[LOCATOR]) if kind == DIFFERENCING else None, 'logical': struct.unpack('<I', items[LOGICAL])[0],
            'physical': struct.unpack('<I', items[PHYSICAL])[0]}


def metadata_start(file):
    count = struct.unpack('<I', at(file, REGION_TABLE + 8, 4))[0]
    regions = {}
    for number in range(min(count, 2047)):
        name, place, _, _ = struct.unpack('<16sQII', at(file, REGION_TABLE + 16 + 32 * number, 32))
        regions[uuid.UUID(bytes_le=name)] = place
    return regions[METADATA_REGION]


def vhdx_items(file):
    start = metadata_start(file)
    table = at(file, start, 64 << 10)
    if table[:8] != b'metadata':
        raise ValueError('there is no metadata')
    items = {}
    for number in range(min(struct.unpack_from('<H', table, 10)[0], 2047)):
        name, place, length, _ = struct.unpack_from('<16sIII', table, 32 + 32 * number)
        items[uuid.UUID(bytes_le=name)] = at(file, start + place, min(length, 1 << 20)) if length else b''
    return items


def vhdx_parent(locator):
    """The absolute path if it is said, else the relative one."""
    found = {}
    for number in range(struct.unpack_from('<H', locator, 18)[0]):
        key, value, key_length, value_length = struct.unpack_from('<IIHH', locator, 20 + 12 * number)
        found[locator[key:key + key_length].decode('utf-16-le')] = locator[value:value + value_length].decode('utf-16-le')
    return found.get('absolute_win32_path') or found['relative_path']


def read_vhd(file):
    footer = at(file, -512, 512, 2)
    if footer[:8] != b'conectix':
        raise ValueError('there is no footer')
    place, size, kind = struct.unpack_from('>Q', footer, 16)[0], struct.unpack_from('>Q', footer, 48)[0], struct.unpack_from('>I', footer, 60)[0]
    if kind not in (FIXED, DYNAMIC, DIFFERENCING):
        raise ValueError(f'it is of the type {kind}')
    if -sum(footer[:64] + footer[68:]) - 1 & 0xFFFFFFFF != struct.unpack_from('>I', footer, 64)[0]:
        raise ValueError('the sum of its footer is wrong')
    facts = {'size': size, 'type': kind, 'id': str(uuid.UUID(bytes=footer[68:84])).upper(), 'parent': None, 'block': 0, 'logical': 512,
             'physical': 512}
    if kind != FIXED:
        header = at(file, place, 1024)
        if header[:8] != b'cxsparse':
            raise ValueError('there is no header')
        facts['block'] = struct.unpack_from('>I', header, 32)[0]
        if kind == DIFFERENCING:
            facts['parent'] = header[64:576].decode('utf-16-be').split('\0')[0]
    return facts


def make_image(path, form, kind, size, block):
    """A new one, that is no differencing disk."""
    options = ['subformat=' + ('fixed' if kind == FIXED else 'dynamic')]
    if form == VHD:
        options.append('force_size=on')  # else the size is one that cylinders make
    elif block:
        options.append(f'block_size={block}')
    made = subprocess.run(['qemu-img', 'create', '-q', '-f', PROGRAM_NAMES[form], '-o', ','.join(options), path, str(size)], capture_output=True,
                          text=True, check=False)
    if made.returncode:
        path.unlink(missing_ok=True)
        raise OSError(made.stderr.strip())


def linkage_of(path):
    """What a differencing VHDX remembers of its parent: the id of the last writing, which the newer of two headers has."""
    with open(path, 'rb') as file:
        headers = [at(file, place << 10, 48) for place in (64, 128)]
    return str(uuid.UUID(bytes_le=max(headers, key=lambda one: struct.unpack_from('<Q', one, 8)[0])[32:48]))


def locator_for(linkage, parent):
    pairs = {'parent_linkage': '{%s}' % linkage, 'relative_path': '.\\' + parent.rpartition('\\')[2], 'absolute_win32_path': parent}
    texts = [text.encode('utf-16-le') for pair in pairs.items() for text in pair]
    places = [20 + 12 * len(pairs) + sum(map(len, texts[:number])) for number in range(len(texts))]
    entries = b''.join(struct.pack('<IIHH', *places[number:number + 2], *map(len, texts[number:number + 2])) for number in range(0, len(texts), 2))
    return WIN32_LOCATOR.bytes_le + struct.pack('<HH', 0, len(pairs)) + entries + b''.join(texts)


def make_child(path, size, block, parent, linkage):
    """A differencing VHDX, which qemu-img does not make: an empty dynamic one that is told of a parent. A block that it has not is the parent's."""
    make_image(path, VHDX, DYNAMIC, size, block)
    locator = locator_for(linkage, parent)
    with open(path, 'r+b') as file:
        start = metadata_start(file)
        table = bytearray(at(file, start, 64 << 10))
        count = struct.unpack_from('<H', table, 10)[0]
        entries = [struct.unpack_from('<16sIII', table, 32 + 32 * number) for number in range(count)]
        end = max(place + length for _, place, length, _ in entries)
        place = next(place for name, place, _, _ in entries if name == PARAMETERS.bytes_le)
        struct.pack_into('<H', table, 10, count + 1)
        struct.pack_into('<16sIIII', table, 32 + 32 * count, LOCATOR.bytes_le, end, len(locator), 4, 0)
        flags = struct.unpack('<I', at(file, start + place + 4, 4))[0]
        for where, content in ((start, table), (start + place + 4, struct.pack('<I', flags | 2)), (start + end, locator)):
            file.seek(where)
            file.write(content)

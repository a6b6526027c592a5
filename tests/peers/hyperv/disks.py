"""Files on the host's volumes, and what the image service tells of virtual hard disks."""
import uuid

from host import COMPLETED, FAILED, GIB, INVALID_PARAMETER, NOT_FOUND, NOT_SUPPORTED, JobError
from images import DIFFERENCING, DYNAMIC, FIXED, FORMATS, VHD, VHDX, BadImage, linkage_of, make_child, make_image, read_image
from paths import file_path
from schema import Instance
from values import BadValue, embedded, parse_embedded

FOLDER = 'D:\\Hyper-V\\Virtual Hard Disks\\'
SHARING_VIOLATION = 15
SMALLEST, LARGEST = 3 << 20, {VHD: 2040 * GIB, VHDX: 64 << 40}  # of disks [about-vhd, and what Windows Server tells of VHDX]
CORRUPT = 'The file or directory is corrupted and unreadable. (0x80070570)'
# What CreateVirtualHardDisk takes; what GetText() of a new object has beside it changes nothing.
WANTED = {'Type', 'Format', 'Path', 'ParentPath', 'MaxInternalSize', 'BlockSize', 'LogicalSectorSize', 'PhysicalSectorSize'}
CONSTANT = {'InstanceID': '', 'Caption': 'Virtual Hard Disk Setting Data', 'Description': 'Setting Data for a Virtual Hard Disk', 'ElementName': '',
            'DataAlignment': 0, 'PmemAddressAbstractionType': 0, 'IsPmemCompatible': False, 'ParentIdentifier': ''}


def new_file(host, path, length, **disk):
    """A file; `disk` says, if it is a virtual hard disk, its `size` (the largest), its type and the path of its parent."""
    now = host.now()
    folder, _, name = path.rpartition('\\')
    stem, _, extension = name.rpartition('.')
    made = host.add('CIM_DataFile', Name=path, Caption=path, Description=path, Drive=path[:2].lower(), Path=folder[2:] + '\\', FileName=stem,
                    Extension=extension, FileSize=length, FileType=extension + ' File', CreationDate=now, LastAccessed=now, LastModified=now,
                    InstallDate=now, CreationClassName='CIM_LogicalFile', CSCreationClassName='Win32_ComputerSystem', CSName=host.name,
                    FSCreationClassName='Win32_FileSystem', FSName='NTFS', Status='OK', Archive=True, Compressed=False, Encrypted=False,
                    Hidden=False, Readable=True, System=False, Writeable=True, AccessMask=18809343, EightDotThreeFileName=path.lower())
    if disk:
        made.hidden.update({'parent': None, 'id': str(uuid.uuid4()).upper(), **disk})
    return made


def new_disk(host, path, size=8 * GIB):
    return new_file(host, path, 4 << 20, size=size, type=DYNAMIC)


def new_child(host, parent, path):
    """A differencing disk, which has what changes from now on."""
    size = facts_of(find_file(host, parent))['size']
    return new_file(host, path, 4 << 20, size=size, type=DIFFERENCING, parent=parent)


def find_file(host, path):
    return next((one for one in host.each('CIM_DataFile') if one['Name'].lower() == (path or '').lower()), None)


def children(host, path):
    return [one for one in host.each('CIM_DataFile') if (one.hidden.get('parent') or '').lower() == path.lower()]


def users(host, path):
    """The settings that say that a drive holds this file."""
    return [one for one in host.each('Msvm_StorageAllocationSettingData') if path.lower() in map(str.lower, one.get('HostResource', []))]


def in_use(host, path):
    """Do running machines have it open, itself or below one that they have?"""
    owners = [one['InstanceID'].split('\\')[0].removeprefix('Microsoft:') for one in users(host, path)]
    return any(machine.guid in owners and machine.state not in (3, 6) for machine in host.machines) or any(
        in_use(host, one['Name']) for one in children(host, path))


def delete_file(host, instance):
    """CIM_DataFile.Delete"""
    if in_use(host, instance['Name']):
        return {'ReturnValue': SHARING_VIOLATION}
    remove_file(host, instance)
    return {'ReturnValue': COMPLETED}


def remove_file(host, file):
    if file.hidden.get('real'):
        file.hidden['real'].unlink(missing_ok=True)
    host.drop(file)


def merge(host, path):
    """A file that nobody's drive holds any more is merged: what lies on it goes into it and takes its place, or it goes as nothing does."""
    file, above = find_file(host, path), children(host, path)
    if users(host, path) or file is None or len(above) > 1:
        return
    if not above:
        if file.hidden.get('parent'):
            remove_file(host, file)
            merge(host, file.hidden['parent'])
        return
    taken = above[0]
    for one in children(host, taken['Name']):
        one.hidden['parent'] = path
    for one in users(host, taken['Name']):
        one['HostResource'] = [path]
    remove_file(host, taken)
    file.change(FileSize=file['FileSize'] + taken['FileSize'], LastModified=host.now())


def facts_of(file):
    """What is known of a virtual hard disk: its `size`, `type`, `parent`, `id` and, if it is real, more; None: it is none. What the model does
    not know itself it reads in the real file (BadImage: it cannot be) unless that is as it was when it last was read."""
    if 'size' in file.hidden:
        return file.hidden
    real = file.hidden.get('real')
    if real is None:
        return None
    form = FORMATS.get(file['Extension'].lower())
    if form is None:
        return None
    state = (file['FileSize'], float(file['LastModified']))
    if file.hidden.get('read', (None,))[0] != state:
        try:
            facts = read_image(real, form)
        except FileNotFoundError:
            raise BadImage('it has just gone') from None
        file.hidden['read'] = (state, facts)
        file.hidden['parent'] = facts['parent']
    return file.hidden['read'][1]


def disk_of(host, path):
    """The file of a disk, what is known of it, and the code that a method returns."""
    file = find_file(host, path)
    try:
        facts = facts_of(file) if file else None
    except BadImage as error:
        host.complaint = f'{CORRUPT}: {error}'
        return None, None, FAILED
    if facts is None:
        return None, None, INVALID_PARAMETER if file else NOT_FOUND
    return file, facts, COMPLETED


def get_setting(host, _, Path):  # pylint: disable=invalid-name
    """Msvm_ImageManagementService.GetVirtualHardDiskSettingData. The documents do not say that it is a job; here it never is."""
    file, facts, code = disk_of(host, Path)
    if file is None:
        return {'ReturnValue': code}
    parent, _, _ = disk_of(host, facts['parent']) if facts['parent'] else (None, None, None)
    setting = Instance('Msvm_VirtualHardDiskSettingData', InstanceID='', Caption='Virtual Hard Disk Setting Data', ElementName=file['FileName'],
                       Description='Setting Data for a Virtual Hard Disk', Type=facts['type'], Path=file['Name'],
                       Format=FORMATS.get(file['Extension'].lower(), VHDX), ParentPath=facts['parent'] or '',
                       ParentIdentifier='{%s}' % facts_of(parent)['id'] if parent else '', MaxInternalSize=facts['size'],
                       BlockSize=facts.get('block', 32 << 20), LogicalSectorSize=facts.get('logical', 512),
                       PhysicalSectorSize=facts.get('physical', 4096), VirtualDiskId='{%s}' % facts['id'], DataAlignment=0,
                       PmemAddressAbstractionType=0, IsPmemCompatible=False, ParentTimestamp=parent['LastModified'] if parent else None)
    return {'ReturnValue': COMPLETED, 'SettingData': embedded(setting)}


def get_state(host, _, Path):  # pylint: disable=invalid-name
    """Msvm_ImageManagementService.GetVirtualHardDiskState."""
    file, facts, code = disk_of(host, Path)
    if file is None:
        return {'ReturnValue': code}
    state = Instance('Msvm_VirtualHardDiskState', FileSize=file['FileSize'], InUse=in_use(host, file['Name']), MinInternalSize=facts['size'],
                     PhysicalSectorSize=facts.get('physical', 4096), Alignment=1, FragmentationPercentage=0, Timestamp=file['LastModified'])
    return {'ReturnValue': COMPLETED, 'State': embedded(state)}


def check_file(host, path, optical=False):
    """Can a drive hold this file? If not, that is how the job of who wants it ends. The texts are those that clients of real hosts quote."""
    file = find_file(host, path)
    if file is None:
        raise JobError(FAILED, f"Attachment '{path}' not found. Error: 'The system cannot find the file specified. (0x80070002)'.")
    if optical:
        return
    try:
        facts = facts_of(file)
    except BadImage as error:
        raise JobError(FAILED, f"Cannot get information for attachment '{path}'. Error: '{CORRUPT}'. ({error})") from None
    if facts is None:
        raise JobError(FAILED, f"Cannot get information for attachment '{path}'. Error: 'The file is not a virtual disk. (0xC03A0015)'.")


def check_unused(host, path):
    """Windows would let two machines have a disk as long as not both run: who does that is likely to be wrong."""
    if users(host, path) or children(host, path):
        raise JobError(FAILED, f"Failed to open attachment '{path}'. Error: 'The process cannot access the file because it is being used by another "
                               "process. (0x80070020)'.")


# --- CreateVirtualHardDisk.

def disk_wanted(text):
    """What a new disk is to be, if it is one that there can be."""
    kind, found = parse_embedded(text or '')
    if kind.name != 'Msvm_VirtualHardDiskSettingData':
        raise BadValue(f'{kind.name} describes no virtual hard disk')
    found = {name: value for name, value in found.items() if value is not None}
    extra = {name for name, value in found.items() if name not in WANTED and value != CONSTANT.get(name)}
    if extra:
        raise BadValue(f'a new disk is not told {sorted(extra)}')
    path, form, type_ = file_path(found.get('Path')), found.get('Format'), found.get('Type')
    if form not in (VHD, VHDX) or type_ not in (FIXED, DYNAMIC, DIFFERENCING):
        raise BadValue(f'Format is {form!r}, Type {type_!r}: the model makes 2 (VHD) and 3 (VHDX), of the types 2, 3 and 4')
    if FORMATS.get(path.rpartition('.')[2].lower()) != form:
        raise BadValue(f'the extension of {path!r} is not that of the Format {form}')
    if (type_ == DIFFERENCING) != bool(found.get('ParentPath')):
        raise BadValue('ParentPath is for differencing disks')
    check_geometry(form, type_, found)
    return {'path': path, 'form': form, 'type': type_, 'size': -(-found.get('MaxInternalSize', 0) // 512) * 512, 'block': found.get('BlockSize', 0),
            'parent': file_path(found['ParentPath']) if type_ == DIFFERENCING else None, 'logical': found.get('LogicalSectorSize') or 512}


def check_geometry(form, type_, found):
    """Sizes: 0, or nothing, is what the host likes. A differencing disk is as large as its parent."""
    size, block = found.get('MaxInternalSize', 0), found.get('BlockSize', 0)
    legal = size == 0 if type_ == DIFFERENCING else SMALLEST <= size <= LARGEST[form]
    if not legal:
        raise BadValue(f'MaxInternalSize {size} is not legal')
    blocks = (512 << 10, 2 << 20) if form == VHD else [1 << 20 << power for power in range(9)]
    if block and (block not in blocks or type_ == FIXED and form == VHD):
        raise BadValue(f'BlockSize {block} is not legal')
    for name, legal in (('LogicalSectorSize', (512,) if form == VHD else (512, 4096)), ('PhysicalSectorSize', (512, 4096))):
        if found.get(name, 0) not in (0, *legal):
            raise BadValue(f'{name} {found[name]} is not legal')


def create_disk(host, _, VirtualDiskSettingData):  # pylint: disable=invalid-name
    """Msvm_ImageManagementService.CreateVirtualHardDisk: a Msvm_StorageJob. What is wrong with its parameters is told at once, what is wrong
    on the volume is how the job ends."""
    try:
        wanted = disk_wanted(VirtualDiskSettingData)
    except BadValue as error:
        host.complaint = str(error)
        return {'ReturnValue': INVALID_PARAMETER}

    def effect(_):
        put_disk(host, **wanted)
    return host.carry_out('CreateVirtualHardDisk', 'Creating Virtual Hard Disk', 1, effect, kind='Msvm_StorageJob')


def folder_is_there(host, folder):
    """A real one; or one that a file lies in, or that the host uses by default, or the root of a volume."""
    volume = host.volumes.get(folder[:2].upper())
    if volume:
        return volume.place(folder).is_dir()
    places = [one['Name'] for one in host.each('CIM_DataFile')] + [one['Name'] for one in host.each('Win32_Volume')] + [FOLDER]
    return any(one.lower().startswith(folder.lower() + '\\') for one in places)


def put_disk(host, path, form, type, size, block, parent, logical):  # pylint: disable=redefined-builtin
    def failed(text):
        return JobError(FAILED, f"Failed to create the virtual hard disk. The system failed to create '{path}': {text}")
    if not folder_is_there(host, path.rpartition('\\')[0]):
        raise failed('The system cannot find the path specified. (0x80070003).')
    if find_file(host, path):
        raise failed('The file exists. (0x80070050).')
    if parent:
        try:
            check_file(host, parent)
        except JobError as error:
            raise failed(error.text) from None
        if FORMATS.get(parent.rpartition('.')[2].lower()) != form:
            raise failed('The virtual hard disk and its parent are of different formats. (0xC03A0006).')
        size = facts_of(find_file(host, parent))['size']
    volume = host.volumes.get(path[:2].upper())
    if not volume:
        new_file(host, path, size if type == FIXED else 4 << 20, size=size, type=type, parent=parent, logical=logical,
                 **({'block': block} if block else {}))
    else:
        try:
            make_real(host, volume.place(path), form, type, size, block, parent, logical)
        except OSError as error:
            raise failed(f'There is not enough space on the disk. (0x80070070): {error}') from None
        volume.refresh()


def make_real(host, real, form, kind, size, block, parent, logical):
    if logical != 512 or parent and form == VHD:
        raise JobError(NOT_SUPPORTED, 'The model makes real disks by qemu-img, which knows only sectors of 512 bytes and no parents of VHDs.')
    if not parent:
        make_image(real, form, kind, size, block)
        return
    below = find_file(host, parent).hidden.get('real')
    make_child(real, size, block, parent, linkage_of(below) if below else str(uuid.uuid4()))

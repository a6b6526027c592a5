"""Files on the host's volumes, and what the image service tells of virtual hard disks."""
import uuid

from host import COMPLETED, GIB, INVALID_PARAMETER, NOT_FOUND
from schema import Instance
from values import embedded

FOLDER = 'D:\\Hyper-V\\Virtual Hard Disks\\'
FIXED, DYNAMIC, DIFFERENCING = 2, 3, 4
VHD, VHDX = 2, 3
SHARING_VIOLATION = 15


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
    size = find_file(host, parent).hidden['size']
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
    host.drop(instance)
    return {'ReturnValue': COMPLETED}


def merge(host, path):
    """A file that nobody's drive holds any more is merged: what lies on it goes into it and takes its place, or it goes as nothing does."""
    file, above = find_file(host, path), children(host, path)
    if users(host, path) or file is None or len(above) > 1:
        return
    if not above:
        if file.hidden.get('parent'):
            host.drop(file)
            merge(host, file.hidden['parent'])
        return
    taken = above[0]
    for one in children(host, taken['Name']):
        one.hidden['parent'] = path
    for one in users(host, taken['Name']):
        one['HostResource'] = [path]
    host.drop(taken)
    file.change(FileSize=file['FileSize'] + taken['FileSize'], LastModified=host.now())


def disk_of(host, path):
    file = find_file(host, path)
    if file is None:
        return None, NOT_FOUND
    return (file, COMPLETED) if file.hidden else (None, INVALID_PARAMETER)


def get_setting(host, _, Path):  # pylint: disable=invalid-name
    """Msvm_ImageManagementService.GetVirtualHardDiskSettingData. The documents do not say that it is a job; here it never is."""
    file, code = disk_of(host, Path)
    if file is None:
        return {'ReturnValue': code}
    parent = find_file(host, file.hidden['parent'])
    setting = Instance('Msvm_VirtualHardDiskSettingData', InstanceID='', Caption='Virtual Hard Disk Setting Data', ElementName=file['FileName'],
                       Description='Setting Data for a Virtual Hard Disk', Type=file.hidden['type'], Path=file['Name'],
                       Format=VHD if file['Extension'].lower() in ('vhd', 'avhd') else VHDX, ParentPath=file.hidden['parent'] or '',
                       ParentIdentifier='{%s}' % parent.hidden['id'] if parent else '', MaxInternalSize=file.hidden['size'], BlockSize=32 << 20,
                       LogicalSectorSize=512, PhysicalSectorSize=4096, VirtualDiskId='{%s}' % file.hidden['id'], DataAlignment=0,
                       PmemAddressAbstractionType=0, IsPmemCompatible=False, ParentTimestamp=parent['LastModified'] if parent else None)
    return {'ReturnValue': COMPLETED, 'SettingData': embedded(setting)}


def get_state(host, _, Path):  # pylint: disable=invalid-name
    """Msvm_ImageManagementService.GetVirtualHardDiskState."""
    file, code = disk_of(host, Path)
    if file is None:
        return {'ReturnValue': code}
    state = Instance('Msvm_VirtualHardDiskState', FileSize=file['FileSize'], InUse=in_use(host, file['Name']), MinInternalSize=file.hidden['size'],
                     PhysicalSectorSize=4096, Alignment=1, FragmentationPercentage=0, Timestamp=file['LastModified'])
    return {'ReturnValue': COMPLETED, 'State': embedded(state)}

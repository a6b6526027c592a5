"""Snapshots: copies of a machine's settings, with disks that hold what came after them."""
import time

from disks import check_file, children, find_file, merge, new_child, remove_file, users
from host import INVALID_PARAMETER, INVALID_STATE, NOT_SUPPORTED, STARTED, JobError, new_guid
from machines import OFF, PAUSED, RUNNING, SAVED, SNAPSHOT, machine_of
from values import BadValue, parse_embedded

FULL = 2  # of SnapshotType
DISABLED, STANDARD = 2, 5  # of UserSnapshotType
DISK = 'Microsoft:Hyper-V:Virtual Hard Disk'
OF_SETTINGS = ('InstanceID', 'ElementName', 'VirtualSystemType', 'Parent', 'IsSaved', 'CreationTime', 'ConfigurationID', 'Notes', 'UserSnapshotType',
               'ConfigurationDataRoot', 'ConfigurationFile', 'AutomaticSnapshotsEnabled')  # what a machine keeps when a snapshot is applied


def renamed(text, old, new):
    """A text that names one owner's objects names another's: as an id, and as a path, in which backslashes are doubled."""
    return text.replace(f'Microsoft:{old}', f'Microsoft:{new}')


def copy_devices(host, old, new):
    """The settings of devices that one has, for the other too."""
    made = []
    for one in host.owned(old):
        if one.kind.name != 'Msvm_VirtualSystemSettingData':
            made.append(host.keep(one.copy(InstanceID=renamed(one['InstanceID'], old, new),
                                           Parent=renamed(one['Parent'], old, new) if one.get('Parent') else None)) if 'Parent' in one.kind.properties
                        else host.keep(one.copy(InstanceID=renamed(one['InstanceID'], old, new))))
    return made


def grow(host, drives):
    """Each of these drives gets a new disk on the one that it has."""
    for one in drives:
        if one.get('ResourceSubType') == DISK and one.get('HostResource'):
            path = one['HostResource'][0]
            stem = find_file(host, path)['FileName'].split('_')[0]
            folder = path.rpartition('\\')[0]
            one['HostResource'] = [new_child(host, path, f'{folder}\\{stem}_{new_guid()}.avhdx')['Name']]


def take(host, machine, title=None):
    """A snapshot of a machine as it is. With its memory if it has some and snapshots are of the standard kind."""
    guid, now, settings = new_guid(), host.now(), machine.settings
    with_memory = settings['UserSnapshotType'] == STANDARD and machine.state in (RUNNING, PAUSED) or machine.state == SAVED
    taken = host.keep(settings.copy(
        InstanceID='Microsoft:' + guid, ConfigurationID=guid, VirtualSystemType=SNAPSHOT, CreationTime=now, IsSaved=with_memory,
        ElementName=title or time.strftime(f"{settings['ElementName']} - (%m/%d/%Y - %I:%M:%S %p)", time.gmtime(now)), Notes=[],
        ConfigurationDataRoot=settings['SnapshotDataRoot'], ConfigurationFile=f'Snapshots\\{guid}.vmcx'))
    copy_devices(host, machine.guid, guid)
    grow(host, host.owned(machine.guid))
    settings.change(Parent=host.path(taken))
    machine.configured()
    return taken


def create_snapshot(host, _, AffectedSystem, SnapshotSettings, SnapshotType, ResultingSnapshot):  # pylint: disable=invalid-name,unused-argument
    """CreateSnapshot. What comes of it is known when the job ends: the job's Msvm_AffectedJobElement refers to it."""
    machine = machine_of(host, AffectedSystem) if AffectedSystem is not None else None
    try:
        if machine is None or SnapshotType is None:
            raise BadValue('AffectedSystem is no machine, or there is no SnapshotType')
        if SnapshotSettings and 'CIM_SettingData' not in parse_embedded(SnapshotSettings)[0].lineage():
            raise BadValue('SnapshotSettings should be a CIM_SettingData, or nothing')
    except BadValue as error:
        host.complaint = str(error)
        return {'ReturnValue': INVALID_PARAMETER}
    if SnapshotType != FULL:
        return {'ReturnValue': NOT_SUPPORTED}
    if machine.busy or machine.state not in (RUNNING, OFF, SAVED, PAUSED) or machine.settings['UserSnapshotType'] == DISABLED:
        return {'ReturnValue': INVALID_STATE}

    def effect(job):
        if machine not in host.machines:
            raise JobError(INVALID_STATE, 'The machine is gone.')
        for path in paths_of(host.owned(machine.guid)):
            check_file(host, path)
        taken = take(host, machine)
        host.add('Msvm_AffectedJobElement', AffectingElement=job, AffectedElement=taken, ElementEffects=[5])
    return {'ReturnValue': STARTED, 'Job': host.start_job('CreateSnapshot', 'Creating Virtual Machine Snapshot', 70, effect, [machine.system])}


def owner_of(host, snapshot):
    """The machine that a snapshot is of; None if it is no snapshot."""
    if snapshot is None or snapshot.get('VirtualSystemType') != SNAPSHOT:
        return None
    return next((one for one in host.machines if one.guid == snapshot['VirtualSystemIdentifier']), None)


def paths_of(owned):
    return [path for one in owned if one.get('ResourceSubType') == DISK for path in one.get('HostResource', [])]


def apply_snapshot(host, _, Snapshot):  # pylint: disable=invalid-name
    """ApplySnapshot: only to a machine that is off or saved. Its disks' present content goes."""
    machine = owner_of(host, Snapshot)
    if machine is None:
        return {'ReturnValue': INVALID_PARAMETER}
    if machine.busy or machine.state not in (OFF, SAVED):
        return {'ReturnValue': INVALID_STATE}

    def effect(_):
        if machine not in host.machines or machine.state not in (OFF, SAVED) or Snapshot not in host.each('Msvm_VirtualSystemSettingData'):
            raise JobError(INVALID_STATE, 'The machine runs, or the snapshot is gone.')
        for path in paths_of(host.owned(Snapshot['ConfigurationID'])):
            check_file(host, path)
        before = [one for one in host.owned(machine.guid) if one is not machine.settings]
        for one in before:
            host.drop(one)
        grow(host, copy_devices(host, Snapshot['ConfigurationID'], machine.guid))
        for path in paths_of(before):
            if find_file(host, path) and not users(host, path) and not children(host, path):
                remove_file(host, find_file(host, path))
        machine.settings.change(**{name: Snapshot.get(name) for name in Snapshot.kind.properties if name not in OF_SETTINGS},
                                Parent=host.path(Snapshot))
        machine.arrive(SAVED if Snapshot['IsSaved'] else OFF)
        machine.configured()
    job = host.start_job('ApplySnapshot', 'Applying Virtual Machine Snapshot', 71, effect, [machine.system])
    return {'ReturnValue': STARTED, 'Job': job}


def below(host, snapshot):
    """The snapshots that were taken on it, and on these."""
    path = host.path(snapshot)
    some = [one for one in host.each('Msvm_VirtualSystemSettingData', VirtualSystemType=SNAPSHOT) if one.get('Parent') == path]
    return some + [each for one in some for each in below(host, one)]


def drop_snapshot(host, snapshot):
    """It goes; what was taken on it now is on what it was on, and so is the machine; disks that nobody needs are merged."""
    path = host.path(snapshot)
    for one in host.each('Msvm_VirtualSystemSettingData'):
        if one.get('Parent') == path:
            one.change(Parent=snapshot.get('Parent'))
    owned = host.owned(snapshot['ConfigurationID'])
    for one in owned:
        host.drop(one)
    for one in paths_of(owned):
        merge(host, one)


def destroy(host, method, snapshot, with_those_below):
    machine = owner_of(host, snapshot)
    if machine is None:
        return {'ReturnValue': INVALID_PARAMETER}
    if machine.busy:
        return {'ReturnValue': INVALID_STATE}

    def effect(_):
        going = [snapshot] + (below(host, snapshot) if with_those_below else [])
        for one in reversed(going):
            if one in host.each('Msvm_VirtualSystemSettingData'):
                drop_snapshot(host, one)
        machine.configured()
    return {'ReturnValue': STARTED, 'Job': host.start_job(method, 'Deleting Virtual Machine Snapshot', 72, effect, [machine.system])}


def destroy_snapshot(host, _, AffectedSnapshot):  # pylint: disable=invalid-name
    return destroy(host, 'DestroySnapshot', AffectedSnapshot, False)


def destroy_snapshot_tree(host, _, SnapshotSettingData):  # pylint: disable=invalid-name
    return destroy(host, 'DestroySnapshotTree', SnapshotSettingData, True)

"""Machines that are made from nothing: DefineSystem, and the devices that are added to machines and taken from them.

What is wrong with parameters is told at once (32773), so is a machine whose state does not allow it (32775); what is wrong with files is how
the job ends. A real host tells some of the former by its job too: the documents do not say which."""
import re

from disks import check_file, check_unused
from hardware import (IDE, KIND, KINDS, blank_machine, planned_connection, planned_controller, planned_drive, planned_medium, planned_port, plug,
                      unplug)
from host import FAILED, INVALID_PARAMETER, INVALID_STATE, NOT_FOUND, NOT_SUPPORTED, JobError, new_guid
from machines import ALWAYS, OFF, PAUSED, RUNNING, WHILE_OFF, check_addresses, check_system, machine_of
from paths import file_path, object_at
from schema import Instance
from values import BadValue, parse_embedded

REALIZED = 'Microsoft:Hyper-V:System:Realized'
ROOTS = {'ConfigurationDataRoot', 'SnapshotDataRoot', 'SuspendDataRoot', 'SwapFileDataRoot', 'LogDataRoot', 'GuestStateDataRoot'}
SUB_TYPES = {KIND + 'SubType:1': 1, KIND + 'SubType:2': 2}
CONTROLLERS = {'Emulated IDE Controller': 2, 'Synthetic SCSI Controller': 64}  # how many drives each holds
DRIVES = {'Virtual Hard Disk': 'Synthetic Disk Drive', 'Virtual CD/DVD Disk': 'Synthetic DVD Drive'}
PORTS = {'Synthetic Ethernet Port': 8, 'Emulated Ethernet Port': 4}  # how many a machine may have
MOST_CONTROLLERS = 4


def refused(host, error):
    host.complaint = str(error)
    return {'ReturnValue': INVALID_PARAMETER}


# --- DefineSystem.

def system_wanted(text):
    """The generation and the settings of a new machine."""
    kind, wanted = parse_embedded(text or '')
    if kind.name != 'Msvm_VirtualSystemSettingData':
        raise BadValue(f'{kind.name} describes no machine')
    wanted = {name: value for name, value in wanted.items() if value is not None}
    sub_type = wanted.pop('VirtualSystemSubType', KIND + 'SubType:1')
    if sub_type not in SUB_TYPES or wanted.pop('VirtualSystemType', REALIZED) != REALIZED:
        raise BadValue(f'there is no VirtualSystemSubType {sub_type!r}, or the VirtualSystemType is not {REALIZED}')
    unknown = {name for name in wanted.keys() - set(ALWAYS) - set(WHILE_OFF) - ROOTS if wanted[name] not in ('', [])}
    if unknown:
        raise BadValue(f'a new machine is not told {sorted(unknown)}')
    for name in ROOTS & wanted.keys():
        file_path(wanted[name].rstrip('\\'))
    check_system(SUB_TYPES[sub_type], wanted)
    if wanted.get('BootSourceOrder'):
        raise BadValue('a new machine has nothing yet to boot from')
    return SUB_TYPES[sub_type], {name: value for name, value in wanted.items() if value not in ('', [])}


def define_system(host, _, SystemSettings, ResourceSettings, ReferenceConfiguration):  # pylint: disable=invalid-name
    """DefineSystem. The machine is there when the job ends, whose Msvm_AffectedJobElement refers to it then; that ResultingSystem is there at
    once is not usual, as public clients of real hosts tell. What is not said of it has defaults. Its guest does not answer until the tests say
    so, as nothing is installed."""
    if ResourceSettings or ReferenceConfiguration is not None:
        host.complaint = 'the model makes machines of SystemSettings only'
        return {'ReturnValue': NOT_SUPPORTED}
    try:
        generation, wanted = system_wanted(SystemSettings)
    except BadValue as error:
        return refused(host, error)
    guid, name = new_guid(), wanted.pop('ElementName', 'New Virtual Machine')

    def effect(job):
        number = max((one.number for one in host.machines), default=0) + 1
        machine = blank_machine(host, guid, number, name, generation, **wanted)
        machine.guest = False
        if job:
            host.add('Msvm_AffectedJobElement', AffectingElement=job, AffectedElement=machine.system, ElementEffects=[5])
    system = Instance('Msvm_ComputerSystem', CreationClassName='Msvm_ComputerSystem', Name=guid)
    return host.carry_out('DefineSystem', 'Creating Virtual Machine', 1, effect, {'ResultingSystem': system}, manner='job-only')


# --- AddResourceSettings.

def word_of(device):
    """A ResourceSubType without what all have in common."""
    return (device.get('ResourceSubType') or '').removeprefix(KIND)


def parent_of(host, machine, values, words):
    """The device of the machine that Parent names, which is of one of some kinds."""
    found = object_at(host, values.get('Parent'))
    if found not in host.owned(machine.guid):
        raise BadValue(f'Parent {values["Parent"]!r} is not of this machine')
    if word_of(found) not in words:
        raise BadValue(f'Parent is a {word_of(found)}, and should be {sorted(words)}')
    return found


def those_at(host, present, parent):
    return [one for one in present if one.get('Parent') == host.path(parent)]


def controller_wanted(host, machine, _, present):
    if sum(word_of(one) == 'Synthetic SCSI Controller' for one in present) >= MOST_CONTROLLERS:
        raise BadValue(f'a machine has at most {MOST_CONTROLLERS} SCSI controllers')
    return planned_controller(host, machine.guid)


def drive_wanted(host, machine, values, present):
    optical = machine.generation == 1 and word_of(values) == 'Synthetic DVD Drive'  # these are at IDE
    controller = parent_of(host, machine, values, {'Emulated IDE Controller'} if optical else CONTROLLERS)
    text, slots = values.get('AddressOnParent', ''), CONTROLLERS[word_of(controller)]
    if not re.fullmatch(r'0|[1-9]\d?', text) or int(text) >= slots:
        raise BadValue(f'AddressOnParent {text!r} is none of 0 to {slots - 1}')
    if values.get('Address', '') not in ('', text):
        raise BadValue(f'Address {values["Address"]!r} and AddressOnParent {text!r} differ')
    if any(one.get('AddressOnParent') == text for one in those_at(host, present, controller)):
        raise BadValue(f'there is a drive at {text} of {values["Parent"]}')
    return planned_drive(host, values['ResourceSubType'], controller, int(text))


def medium_wanted(host, machine, values, present):
    drive = parent_of(host, machine, values, {DRIVES[word_of(values)]})
    if those_at(host, present, drive):
        raise BadValue(f'the drive {values["Parent"]} holds something')
    if len(values.get('HostResource', [])) != 1:
        raise BadValue('HostResource is to have the path of one file')
    return planned_medium(host, values['ResourceSubType'], drive, file_path(values['HostResource'][0]))


def port_wanted(host, machine, values, present):
    sub_type, static, address = values['ResourceSubType'], values.get('StaticMacAddress', False), values.get('Address', '')
    if machine.generation == 2 and word_of(values) == 'Emulated Ethernet Port':
        raise BadValue('generation 2 has no emulated cards')
    if sum(one.get('ResourceSubType') == sub_type for one in present) >= PORTS[word_of(values)]:
        raise BadValue(f'a machine has at most {PORTS[word_of(values)]} of {sub_type}')
    if static and not re.fullmatch('[0-9A-Fa-f]{12}', address):
        raise BadValue(f'Address {address!r} is not 12 hexadecimal digits')
    if static and (int(address[:2], 16) & 1 or not int(address, 16)):
        raise BadValue(f'Address {address!r} is not that of one card')
    if not static and address.strip('0'):
        raise BadValue(f'Address is {address!r}, and StaticMacAddress is not true: the host would choose another')
    return planned_port(host, sub_type, machine.guid, address.upper() if static else None)


def connection_wanted(host, machine, values, present):
    port = parent_of(host, machine, values, PORTS)
    if those_at(host, present, port):
        raise BadValue(f'the card {values["Parent"]} has a connection')
    found = [object_at(host, one) for one in values.get('HostResource', [])]
    if len(found) > 1 or any(one.kind.name != 'Msvm_VirtualEthernetSwitch' for one in found):
        raise BadValue('HostResource is to have the path of one Msvm_VirtualEthernetSwitch')
    if values.get('EnabledState', 2) not in (2, 3):
        raise BadValue(f'EnabledState {values["EnabledState"]} is neither 2 nor 3')
    return planned_connection(host, values['ResourceSubType'], port, found[0] if found else None)


# What can be added: what makes it of its text, and which properties that reads, or are as they are given.
MAKERS = {
    'Synthetic SCSI Controller': (controller_wanted, (), ('ElementName', 'VirtualSystemIdentifiers')),
    'Synthetic Disk Drive': (drive_wanted, ('Parent', 'AddressOnParent', 'Address'), ('ElementName',)),
    'Synthetic DVD Drive': (drive_wanted, ('Parent', 'AddressOnParent', 'Address'), ('ElementName',)),
    'Virtual Hard Disk': (medium_wanted, ('Parent', 'HostResource'), ('ElementName',)),
    'Virtual CD/DVD Disk': (medium_wanted, ('Parent', 'HostResource'), ('ElementName',)),
    'Synthetic Ethernet Port': (port_wanted, ('Address', 'StaticMacAddress'), ('ElementName', 'VirtualSystemIdentifiers')),
    'Emulated Ethernet Port': (port_wanted, ('Address', 'StaticMacAddress'), ('ElementName',)),
    'Ethernet Connection': (connection_wanted, ('Parent', 'HostResource', 'LastKnownSwitchName'), ('ElementName', 'EnabledState'))}


def check_known(host, kind, values, known):
    """Beside what is known, a text has only what the template of such a device has, as clients start from a copy of it."""
    template = next(one for one in host.each(kind.name, ResourceSubType=values['ResourceSubType']) if one['InstanceID'].endswith('\\Default'))
    unknown = {name for name, value in values.items() if name not in known and value not in ('', [], template.get(name))}
    if unknown:
        raise BadValue(f'a new {word_of(values)} is not told {sorted(unknown)}')


def device_wanted(host, machine, text, present):
    """A device, as it would be."""
    kind, values = parse_embedded(text or '')
    values = {name: value for name, value in values.items() if value is not None}
    if word_of(values) not in MAKERS:
        raise BadValue(f'{values.get("ResourceSubType")!r} cannot be added')
    wanted = KINDS[values['ResourceSubType']]
    if (kind.name, values.get('ResourceType')) != wanted[:2]:
        raise BadValue(f'a {word_of(values)} is a {wanted[0]} of the ResourceType {wanted[1]}, not a {kind.name} of {values.get("ResourceType")}')
    make, read, kept = MAKERS[word_of(values)]
    check_known(host, kind, values, {'ResourceType', 'ResourceSubType', *read, *kept})
    device = make(host, machine, values, present)
    device.change(**{name: values[name] for name in kept if values.get(name) not in (None, '', [])})
    return device


def devices_wanted(host, machine, texts):
    if not texts:
        raise BadValue('there is nothing to add')
    present, made = host.owned(machine.guid), []
    for text in texts:
        made.append(device_wanted(host, machine, text, present + made))
    return made


def can_change(machine, devices):
    """Off, all; while it runs, what is at SCSI, connections and DVDs; cards only of generation 2."""
    def hot(device):
        word = word_of(device)
        if word in ('Synthetic Disk Drive', 'Synthetic DVD Drive', 'Virtual Hard Disk'):
            return IDE not in device['InstanceID']
        return word in ('Ethernet Connection', 'Virtual CD/DVD Disk') or word == 'Synthetic Ethernet Port' and machine.generation == 2
    return not machine.busy and (machine.state == OFF or machine.state in (RUNNING, PAUSED) and all(map(hot, devices)))


def check_state(host, machine, devices):
    """Can a job that is to change these still do so?"""
    if machine not in host.machines:
        raise JobError(NOT_FOUND, 'The virtual machine is gone.')
    if not can_change(machine, devices):
        raise JobError(INVALID_STATE, 'The operation cannot be performed while the virtual machine is in its current state.')


def not_in_this_state(host, machine):
    host.complaint = f'the machine is in the state {machine.state}, in which this is not changed, or it is on the way to another'
    return {'ReturnValue': INVALID_STATE}


def check_device(host, machine, device):
    """What a job finds wrong: what has changed since it began, and what is the matter with files and addresses."""
    names = {one['InstanceID'] for one in host.owned(machine.guid)}
    parent = device.get('Parent')
    if device['InstanceID'] in names or parent and parent not in map(host.path, host.owned(machine.guid)):
        raise JobError(FAILED, f"'{machine.system['ElementName']}' failed to add device '{device['ElementName']}': its place is gone or taken.")
    if word_of(device) in DRIVES:
        path = device['HostResource'][0]
        check_file(host, path, optical='DVD' in word_of(device))
        if word_of(device) == 'Virtual Hard Disk':
            check_unused(host, path)
            if machine.generation == 2 and not path.lower().endswith('x'):
                raise JobError(FAILED, f"Failed to add device '{path}': generation 2 has no disks of the format VHD. (0xC03A0019)")
    if word_of(device) in PORTS and machine.state != OFF:
        check_addresses(host, machine, [device])
        device.change(Address=device['Address'] if device['StaticMacAddress'] else host.new_mac())


def add_devices(host, _, AffectedConfiguration, ResourceSettings):  # pylint: disable=invalid-name
    """AddResourceSettings: all or nothing. ResultingResourceSettings are told with the job, though they are there when it ends."""
    machine = machine_of(host, AffectedConfiguration) if AffectedConfiguration is not None else None
    try:
        if machine is None or AffectedConfiguration is not machine.settings:
            raise BadValue('AffectedConfiguration is no Msvm_VirtualSystemSettingData of a machine')
        devices = devices_wanted(host, machine, ResourceSettings)
    except BadValue as error:
        return refused(host, error)
    if not can_change(machine, devices):
        return not_in_this_state(host, machine)

    def effect(_):
        check_state(host, machine, devices)
        for one in devices:
            check_device(host, machine, one)
        for one in devices:
            plug(host, machine, one)
        machine.configured()
    return host.carry_out('AddResourceSettings', 'Adding Virtual Machine Resources', 30, effect, {'ResultingResourceSettings': devices},
                          [machine.system])


# --- RemoveResourceSettings.

def with_those_at(host, owned, device):
    """A device, and what it holds: that goes with it."""
    return [device] + [each for one in those_at(host, owned, device) for each in with_those_at(host, owned, one)]


def going_of(host, machine, devices):
    owned = host.owned(machine.guid)
    found = [each for one in devices if one in owned for each in with_those_at(host, owned, one)]
    return [one for number, one in enumerate(found) if one not in found[:number]]


def remove_devices(host, _, ResourceSettings):  # pylint: disable=invalid-name
    """RemoveResourceSettings, of one machine. The files stay."""
    owners = [one for one in host.machines if any(each in host.owned(one.guid) for each in ResourceSettings or [])]
    try:
        if len(owners) != 1 or not all(one in host.owned(owners[0].guid) for one in ResourceSettings):
            raise BadValue('ResourceSettings are not devices of one machine')
        fixed = [one['InstanceID'] for one in ResourceSettings if word_of(one) not in MAKERS]
        if fixed:
            raise BadValue(f'these cannot be removed: {fixed}')
    except BadValue as error:
        return refused(host, error)
    machine = owners[0]
    if not can_change(machine, going_of(host, machine, ResourceSettings)):
        return not_in_this_state(host, machine)

    def effect(_):
        going = going_of(host, machine, ResourceSettings)
        check_state(host, machine, going)
        for one in going:
            unplug(host, machine, one)
        machine.configured()
    return host.carry_out('RemoveResourceSettings', 'Removing Virtual Machine Resources', 32, effect, affected=[machine.system])

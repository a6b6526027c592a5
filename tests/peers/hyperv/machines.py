"""Machines, the states that they go through, and what can be changed of them."""
import re

from disks import check_file, check_unused, merge
from host import COMPLETED, FAILED, INVALID_PARAMETER, INVALID_STATE, NOT_READY, NOT_SUPPORTED, STARTED, JobError
from paths import file_path, object_at
from schema import Instance
from values import BadValue, embedded, parse_embedded

RUNNING, OFF, SAVED, PAUSED = 2, 3, 6, 9  # of EnabledState
NOT_APPLICABLE = 12  # of RequestedState, while nothing is requested
NO_CONTACT = 12  # of OperationalStatus of what needs the guest
SNAPSHOT = 'Microsoft:Hyper-V:Snapshot:Realized'
PROCESSOR, MEMORY = 'b637f346-6a0e-4dec-af52-bd70cb80a21d', '4764334d-e001-4176-82ee-5594ec9b530e'
COMPONENTS = {'Msvm_ShutdownComponent': ('Shutdown', '9F8233AC-BE49-4C79-8EE3-E7E1985B2077'),
              'Msvm_HeartbeatComponent': ('Heartbeat', '84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47'),
              'Msvm_KvpExchangeComponent': ('Key-Value Pair Exchange', '2A34B1C2-FD73-4043-8A5B-DD2159BC743F')}
HOST_PROCESSORS, SMALLEST_MEMORY, LARGEST_MEMORY = 16, 32, 65536
# What can be asked for: from which states it can, the state on the way and that at the end, what the job is called and its JobType.
CHANGES = {RUNNING: ((OFF,), 10, RUNNING, 'Starting Virtual Machine', 12), OFF: ((RUNNING, PAUSED, SAVED), 4, OFF, 'Turning Off Virtual Machine', 13),
           SAVED: ((RUNNING, PAUSED), 32773, SAVED, 'Saving Virtual Machine', 14), PAUSED: ((RUNNING,), 32776, PAUSED, 'Pausing Virtual Machine', 26),
           11: ((RUNNING, PAUSED), 10, RUNNING, 'Resetting Virtual Machine', 28)}
RESUME = ((PAUSED,), 32777, RUNNING, 'Resuming Virtual Machine', 27)
RESTORE = ((SAVED,), 10, RUNNING, 'Restoring Virtual Machine', 15)
# What ModifySystemSettings takes at any time, and while a machine is off; the rest of the properties cannot be changed.
ALWAYS = ('ElementName', 'Notes', 'UserSnapshotType', 'AutomaticStartupAction', 'AutomaticStartupActionDelay', 'AutomaticShutdownAction',
          'AutomaticStartupActionSequenceNumber', 'AutomaticRecoveryAction', 'AutomaticSnapshotsEnabled', 'IncrementalBackupEnabled')
WHILE_OFF = ('BIOSNumLock', 'BootOrder', 'BootSourceOrder', 'SecureBootEnabled', 'SecureBootTemplateId', 'BIOSGUID', 'BIOSSerialNumber',
             'BaseBoardSerialNumber', 'ChassisSerialNumber', 'ChassisAssetTag', 'VirtualNumaEnabled', 'PauseAfterBootFailure',
             'NetworkBootPreferredProtocol', 'ConsoleMode', 'LockOnDisconnect', 'GuestControlledCacheTypes', 'LowMmioGapSize', 'HighMmioGapSize')
LEGAL = {'UserSnapshotType': (2, 3, 4, 5), 'AutomaticStartupAction': (2, 3, 4), 'AutomaticShutdownAction': (2, 3, 4),
         'AutomaticRecoveryAction': (2, 3, 4), 'NetworkBootPreferredProtocol': (4096, 4097), 'ConsoleMode': (0, 1, 2, 3),
         'SecureBootTemplateId': ('1734c6e8-3154-4dda-ba5f-a874cc483422', '272e7447-90a4-4563-a4b9-8e4ab00526ce',
                                  '4292ae2b-ee2c-42b5-a969-dd8f8689f6f3')}  # Windows, UEFI's certificate authority, shielded machines
BRACED_GUID = re.compile(r'\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}')
# What ModifyResourceSettings can change.
CHANGEABLE = {
    'Msvm_ProcessorSettingData': {'VirtualQuantity', 'Reservation', 'Limit', 'Weight', 'LimitProcessorFeatures', 'LimitCPUID', 'HwThreadsPerCore',
                                  'ExposeVirtualizationExtensions', 'MaxNumaNodesPerSocket', 'MaxProcessorsPerNumaNode'},
    'Msvm_MemorySettingData': {'VirtualQuantity', 'Reservation', 'Limit', 'Weight', 'DynamicMemoryEnabled', 'TargetMemoryBuffer',
                               'MaxMemoryBlocksPerNumaNode'},
    'Msvm_StorageAllocationSettingData': {'HostResource'}}
NO_ADDRESS = '0' * 12  # of a card with a dynamic address, before its machine has ever run


class Machine:
    """One virtual machine: its object, its settings, and what is not in them. `guest` says whether the integration services run."""

    def __init__(self, host, system, settings, number):
        self.host, self.system, self.settings, self.number = host, system, settings, number
        self.guest = True
        self.since, self.before = None, 0.0  # since when it runs, and for how many seconds it did until then
        self.busy = False

    @property
    def guid(self):
        return self.system['Name']

    @property
    def generation(self):
        return int(self.settings['VirtualSystemSubType'][-1])

    @property
    def state(self):
        return self.system['EnabledState']

    def show_time(self):
        """OnTimeInMilliseconds does not count what is spent paused."""
        running = self.host.now() - self.since if self.since is not None else 0
        self.system.change(OnTimeInMilliseconds=int((self.before + running) * 1000))

    def configured(self):
        self.system.change(TimeOfLastConfigurationChange=self.host.now())

    def enter(self, state):
        """It is in a state now: 2, 3, 6, 9, or one on the way."""
        if state == self.state:
            return
        self.system.change(EnabledState=state, TimeOfLastStateChange=self.host.now())

    def calm(self):
        """What was on the way is not any more."""
        self.busy = False
        self.system.change(RequestedState=NOT_APPLICABLE, OperationalStatus=[2], StatusDescriptions=['Operating normally'])
        if self.state not in (RUNNING, OFF, SAVED, PAUSED):
            self.enter(self.system.hidden['before'])

    def arrive(self, state, restarted=False):
        """It has come to a state: its devices, its time and its saved memory become what they are then."""
        before = self.system.hidden.get('before', self.state)
        self.busy = False
        self.system.change(RequestedState=NOT_APPLICABLE, OperationalStatus=[2], StatusDescriptions=['Operating normally'])
        if restarted:  # a reset is a change of state too: TimeOfLastStateChange tells of it
            self.system.change(TimeOfLastStateChange=self.host.now())
        self.enter(state)
        if self.since is not None and state != RUNNING:
            self.before += self.host.now() - self.since
            self.since = None
        if state in (OFF, SAVED) or restarted or (state == RUNNING and before in (OFF, SAVED)):
            self.before = 0.0
        if state == RUNNING and (self.since is None or restarted):
            self.since = float(self.host.now())
        if state in (RUNNING, PAUSED):
            self.plug_in()
        else:
            self.unplug()
        if self.settings.get('IsSaved') != (state == SAVED):
            self.settings.change(IsSaved=state == SAVED)
            self.configured()
        self.show_time()

    # --- What only a running machine has.

    def device(self, kind, name, identity, **properties):
        return self.host.add(kind, SystemCreationClassName='Msvm_ComputerSystem', SystemName=self.guid, CreationClassName=kind,
                             DeviceID=f'Microsoft:{self.guid}\\{identity}', Caption=name, Description='Microsoft ' + name,
                             ElementName=name, Name=name, EnabledState=2, EnabledDefault=2, RequestedState=NOT_APPLICABLE, HealthState=5,
                             **{'OperationalStatus': [2], 'StatusDescriptions': ['OK'], **properties})

    def plug_in(self):
        """The devices of a running machine. Those of the integration services are there as soon as it runs; OperationalStatus tells whether
        the guest answers."""
        if not self.host.each('Msvm_Memory', SystemName=self.guid):
            for number in range(self.own('Msvm_ProcessorSettingData')['VirtualQuantity']):
                self.device('Msvm_Processor', 'Processor', f'{PROCESSOR}\\{number}', LoadPercentage=3, LoadPercentageHistory=[3, 3], CPUStatus=1,
                            MaxClockSpeed=2400, CurrentClockSpeed=2400, Role='Central Processor')
            blocks = self.own('Msvm_MemorySettingData')['VirtualQuantity']
            self.device('Msvm_Memory', 'Memory', MEMORY, NumberOfBlocks=blocks, ConsumableBlocks=blocks, BlockSize=1 << 20, Volatile=True,
                        Purpose='System Memory', Primordial=False)
            for kind, (name, identity) in COMPONENTS.items():
                self.device(kind, name, identity)
            self.system.change(ProcessID=4000 + self.number)
        self.show_guest()

    def unplug(self):
        for kind in ('Msvm_Processor', 'Msvm_Memory', *COMPONENTS):
            for one in self.host.each(kind, SystemName=self.guid):
                self.host.drop(one)
        self.system.change(ProcessID=None)
        self.show_guest()

    def own(self, kind):
        """Its settings of a class of which it has one."""
        return next(one for one in self.host.owned(self.guid) if one.kind.name == kind)

    def show_guest(self):
        """What the guest tells, if it does: that it lives, of what kind it is, its addresses."""
        answers = self.guest and self.state in (RUNNING, PAUSED)
        for kind in COMPONENTS:
            for one in self.host.each(kind, SystemName=self.guid):
                one.change(OperationalStatus=[2] if answers else [NO_CONTACT], StatusDescriptions=['OK' if answers else 'No Contact'])
        for one in self.host.each('Msvm_HeartbeatComponent', SystemName=self.guid):
            if answers:  # the second number is the health of the guest's applications: 32783 is unknown
                one.change(OperationalStatus=[2, 32783], StatusDescriptions=['OK', 'Application state unknown'])
        for one in self.host.each('Msvm_KvpExchangeComponent', SystemName=self.guid):
            one.change(GuestIntrinsicExchangeItems=self.facts() if answers else [], GuestExchangeItems=[])
        last = 10 + self.number
        for one in self.guest_cards():
            if answers:
                one.change(IPAddresses=[f'192.0.{2 + last // 250}.{last % 250}', f'2001:db8::{last}'], Subnets=['255.255.255.0', '/64'],
                           DefaultGateways=['192.0.2.1'], DNSServers=['192.0.2.2'], ProtocolIFType=4098, IPAddressOrigins=[2, 2])
            else:
                one.change(IPAddresses=[], Subnets=[], DefaultGateways=[], DNSServers=[], ProtocolIFType=0, IPAddressOrigins=[])

    def guest_cards(self):
        head = f'Microsoft:GuestNetwork\\{self.guid}\\'
        return [one for one in self.host.each('Msvm_GuestNetworkAdapterConfiguration') if one['InstanceID'].startswith(head)]

    def facts(self):
        last = 10 + self.number
        facts = {'FullyQualifiedDomainName': f'web{self.number:02d}.example', 'IntegrationServicesVersion': '6.1.0', 'ProcessorArchitecture': '9',
                 'NetworkAddressIPv4': f'192.0.{2 + last // 250}.{last % 250}', 'NetworkAddressIPv6': f'2001:db8::{last}',
                 'OSBuildNumber': '6.1.0-18-amd64', 'OSName': 'Debian GNU/Linux',
                 'OSMajorVersion': '12', 'OSMinorVersion': '5', 'OSVersion': '6.1.0', 'OSPlatformId': '2'}
        return [embedded(Instance('Msvm_KvpExchangeDataItem', Caption='Key-Value Pair Exchange Data Item', Source=2, Name=name, Data=data,
                                  ElementName='Key-Value Pair Exchange Data Item', Description='Microsoft Key-Value Pair Exchange Data Item'))
                for name, data in facts.items()]


def machine_of(host, instance):
    """The machine whose object or whose settings these are, or None."""
    return next((one for one in host.machines if instance is one.system or instance is one.settings), None)


def ports_of(host, guid):
    return [one for one in host.owned(guid) if one.get('ResourceType') == 10]


def check_addresses(host, machine, ports):
    """Two cards of machines that run do not have the same address. How a real host says that is not documented."""
    used = {one['Address']: other for other in host.machines if other is not machine and other.state not in (OFF, SAVED)
            for one in ports_of(host, other.guid)}
    for one in ports:
        if one['Address'] in used:
            raise JobError(FAILED, f"'{machine.system['ElementName']}' {one['ElementName']}: the address {one['Address']} is that of a card of "
                                   f"'{used[one['Address']].system['ElementName']}'. Error: 'Attempt to access invalid address. (0x800701E7)'.")


def check_start(host, machine):
    """A machine starts only if the files of its drives are there and good, and its cards' addresses are not in use. Cards with a dynamic address
    get it as the machine starts first."""
    for one in host.owned(machine.guid):
        if one.kind.name == 'Msvm_StorageAllocationSettingData':
            for path in one.get('HostResource', []):
                check_file(host, path, optical='DVD' in one['ResourceSubType'])
    ports = ports_of(host, machine.guid)
    check_addresses(host, machine, ports)
    for one in ports:
        if one['Address'] == NO_ADDRESS:
            one.change(Address=host.new_mac())


def request_state_change(host, system, RequestedState, TimeoutPeriod):  # pylint: disable=invalid-name
    """Msvm_ComputerSystem.RequestStateChange. TimeoutPeriod is not used, as the documents say."""
    machine = machine_of(host, system)
    if machine is None:
        return {'ReturnValue': NOT_SUPPORTED}
    if RequestedState is None or RequestedState not in CHANGES:
        return {'ReturnValue': INVALID_STATE}
    change = CHANGES[RequestedState]
    if RequestedState == RUNNING:
        change = {PAUSED: RESUME, SAVED: RESTORE}.get(machine.state, change)
    sources, way, end, caption, kind = change
    if machine.busy or machine.state not in sources:
        return {'ReturnValue': INVALID_STATE}
    machine.busy = True
    system.hidden['before'] = machine.state
    system.change(RequestedState=RequestedState, OperationalStatus=[11], StatusDescriptions=['In service'])
    machine.enter(way)

    def effect(_):
        if machine not in host.machines:
            raise JobError(FAILED, 'The machine is gone.')
        if end == RUNNING and system.hidden['before'] in (OFF, SAVED):
            check_start(host, machine)
        machine.arrive(end, restarted=RequestedState == 11)
    job = host.start_job('RequestStateChange', caption, kind, effect, [system], undo=machine.calm)
    return {'ReturnValue': STARTED, 'Job': job}


def initiate_shutdown(host, component, Force, Reason):  # pylint: disable=invalid-name
    """Msvm_ShutdownComponent.InitiateShutdown: the guest is told, and the machine is off some time later."""
    machine = next(one for one in host.machines if one.guid == component['SystemName'])
    if Force is None or Reason is None:
        return {'ReturnValue': INVALID_PARAMETER}
    if machine.busy or machine.state != RUNNING:
        return {'ReturnValue': INVALID_STATE}
    if not machine.guest:  # not told by the documents: of their codes this one is closest
        return {'ReturnValue': NOT_READY}
    started = machine.since

    def effect():
        if machine.state == RUNNING and machine.since == started and machine in host.machines:
            machine.arrive(OFF)
    host.later(max(host.job_seconds, 0.05), effect)
    return {'ReturnValue': COMPLETED}


def settings_of(host, text, kinds):
    """The instance that an embedded one means, and what it would be changed to."""
    kind, wanted = parse_embedded(text or '')
    if kind.name not in kinds:
        raise BadValue(f'{kind.name} is not to be changed here')
    found = next((one for one in host.each(kind.name) if one['InstanceID'].lower() == (wanted.get('InstanceID') or '').lower()), None)
    if found is None:
        raise BadValue(f'there is no {kind.name} {wanted.get("InstanceID")!r}')
    return found, {name: value for name, value in wanted.items() if value is not None and value != found.get(name)}


def check_system(generation, wanted):
    """Are these values that settings of a machine can have?"""
    for name, value in wanted.items():
        if name in LEGAL and (value.lower() if isinstance(value, str) else value) not in LEGAL[name]:
            raise BadValue(f'{name} cannot be {value!r}')
    if not 0 < len(wanted.get('ElementName', 'name')) <= 100:
        raise BadValue('the name has over 100 characters or none')
    if not BRACED_GUID.fullmatch(wanted.get('BIOSGUID', '{%s}' % PROCESSOR)):
        raise BadValue(f'BIOSGUID {wanted["BIOSGUID"]!r} is no GUID in braces')
    if generation == 1 and (wanted.get('SecureBootEnabled') or wanted.get('SecureBootTemplateId') or wanted.get('BootSourceOrder')):
        raise BadValue('generation 1 has no Secure Boot and no BootSourceOrder')
    if wanted.get('BootOrder') and (generation == 2 or sorted(wanted['BootOrder']) != [0, 1, 2, 3]):
        raise BadValue('BootOrder is for generation 1, and has each of 0, 1, 2 and 3')


def boot_sources(host, found, paths):
    """The order in which to boot, whose paths are those of all sources that the machine has."""
    wanted = [host.path(object_at(host, one)) for one in paths]
    if sorted(wanted) != sorted(found['BootSourceOrder']):
        raise BadValue(f'BootSourceOrder is to have each of {found["BootSourceOrder"]}')
    return wanted


def modify_system_settings(host, _, SystemSettings):  # pylint: disable=invalid-name
    """ModifySystemSettings, of a machine or of a snapshot. What has no value in the text stays as it is."""
    try:
        found, wanted = settings_of(host, SystemSettings, ('Msvm_VirtualSystemSettingData',))
        unknown = wanted.keys() - set(ALWAYS) - set(WHILE_OFF)
        if unknown:  # a real service overlooks some of these; who sends them is likely to be wrong
            raise BadValue(f'these cannot be changed: {sorted(unknown)}')
        check_system(int(found['VirtualSystemSubType'][-1]), wanted)
        if 'BootSourceOrder' in wanted:
            wanted['BootSourceOrder'] = boot_sources(host, found, wanted['BootSourceOrder'])
    except BadValue as error:
        host.complaint = str(error)
        return {'ReturnValue': INVALID_PARAMETER}
    machine = machine_of(host, found)
    if wanted.keys() & set(WHILE_OFF) and (machine is None or machine.state != OFF):
        host.complaint = f'the machine is to be off to change {sorted(wanted.keys() & set(WHILE_OFF))}'
        return {'ReturnValue': INVALID_STATE}

    def effect(_):
        found.change(**wanted)
        if machine:
            machine.system.change(ElementName=found['ElementName'])
            machine.configured()
    return host.carry_out('ModifySystemSettings', 'Modifying Virtual Machine', 2, effect, affected=[found])


def check_resource(host, found, wanted):
    """What a job finds wrong with quantities, or with the file that a drive would hold."""
    new = {**found, **wanted}
    if found.kind.name == 'Msvm_StorageAllocationSettingData':
        optical = 'CD/DVD' in found['ResourceSubType']
        check_file(host, new['HostResource'][0], optical)
        if not optical:
            check_unused(host, new['HostResource'][0])
        return
    if found.kind.name == 'Msvm_ProcessorSettingData':
        good = 1 <= new['VirtualQuantity'] <= HOST_PROCESSORS
    elif new['DynamicMemoryEnabled']:
        good = SMALLEST_MEMORY <= new['Reservation'] <= new['VirtualQuantity'] <= new['Limit']
    else:
        good = SMALLEST_MEMORY <= new['VirtualQuantity'] <= LARGEST_MEMORY and new['VirtualQuantity'] % 2 == 0
    if not good:
        raise JobError(INVALID_PARAMETER, f"'{found.kind.name}' failed to modify: a value is out of range. (Virtual machine ID "
                                          f"{found['InstanceID'].split(chr(92))[0].removeprefix('Microsoft:')})")


def change_resource(found, wanted):
    """Without dynamic memory, a real host's Reservation and Limit follow the quantity."""
    found.change(**wanted)
    if found.kind.name == 'Msvm_MemorySettingData' and not found['DynamicMemoryEnabled']:
        found.change(Reservation=found['VirtualQuantity'], Limit=found['VirtualQuantity'])


def one_file(paths):
    """HostResource of what holds a file names it and nothing else."""
    if len(paths or []) != 1:
        raise BadValue(f'HostResource should be one file, and is {paths}')
    return file_path(paths[0])


def modify_resource_settings(host, _, ResourceSettings):  # pylint: disable=invalid-name
    """ModifyResourceSettings, of processors, memory and the files that drives hold, while the machine is off."""
    try:
        changes = [settings_of(host, text, CHANGEABLE) for text in ResourceSettings or []]
        if not changes:
            raise BadValue('there is nothing to change')
        for found, wanted in changes:
            if wanted.keys() - CHANGEABLE[found.kind.name]:
                raise BadValue(f'these cannot be changed: {sorted(wanted.keys() - CHANGEABLE[found.kind.name])}')
            if 'HostResource' in wanted:
                one_file(wanted['HostResource'])
    except BadValue as error:
        host.complaint = str(error)
        return {'ReturnValue': INVALID_PARAMETER}
    owners = [next((one for one in host.machines if found['InstanceID'].startswith(f'Microsoft:{one.guid}\\')), None) for found, _ in changes]
    if any(one is None or one.busy or one.state != OFF for one in owners):
        return {'ReturnValue': INVALID_STATE}

    def effect(_):
        if any(one.state != OFF for one in owners):
            raise JobError(INVALID_STATE, 'The operation cannot be performed while the virtual machine is in its current state.')
        for found, wanted in changes:
            if wanted:
                check_resource(host, found, wanted)
        for (found, wanted), machine in zip(changes, owners):
            change_resource(found, wanted)
            machine.configured()
    return host.carry_out('ModifyResourceSettings', 'Modifying Virtual Machine Resources', 31, effect,
                          {'ResultingResourceSettings': [found for found, _ in changes]}, [one.system for one in owners])


def erase(host, machine):
    """It goes, and its snapshots with it, whose disks are merged; the disks themselves stay."""
    machine.unplug()
    host.machines.remove(machine)
    snapshots = [one for one in host.each('Msvm_VirtualSystemSettingData', VirtualSystemIdentifier=machine.guid) if one is not machine.settings]
    paths = []
    for snapshot in snapshots:
        for one in host.owned(snapshot['ConfigurationID']):
            paths += one.get('HostResource', []) if one.get('ResourceSubType') == 'Microsoft:Hyper-V:Virtual Hard Disk' else []
            host.drop(one)
    for path in dict.fromkeys(paths):
        merge(host, path)
    for one in host.owned(machine.guid):
        host.drop(one)
    for one in machine.guest_cards():
        host.drop(one)
    host.drop(machine.system)


def destroy_system(host, _, AffectedSystem):  # pylint: disable=invalid-name
    """DestroySystem: only of a machine that is off."""
    machine = machine_of(host, AffectedSystem) if AffectedSystem is not None else None
    if machine is None:
        return {'ReturnValue': INVALID_PARAMETER}
    if machine.busy or machine.state != OFF:
        return {'ReturnValue': INVALID_STATE}

    def effect(_):
        if machine.state != OFF or machine not in host.machines:
            raise JobError(FAILED, 'The machine is not off any more.')
        erase(host, machine)
    return host.carry_out('DestroySystem', 'Destroying Virtual Machine', 3, effect)

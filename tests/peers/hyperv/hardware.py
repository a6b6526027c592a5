"""What machines are made of: the settings of devices, what a machine has that nobody gave any yet, and from what it can boot."""
from host import new_guid
from machines import MEMORY, NO_ADDRESS, NOT_APPLICABLE, OFF, PROCESSOR, Machine
from schema import Instance, Interval

IDE, DISKETTE = '83F8638B-8DCA-4152-9EDA-2CA8B33039B4', '8F0D2762-0B00-4E04-AF4F-19010527CB93'
KIND = 'Microsoft:Hyper-V:'
KINDS = {  # ResourceSubType: class, ResourceType, name
    'Microsoft:Hyper-V:Processor': ('Msvm_ProcessorSettingData', 3, 'Processor'),
    'Microsoft:Hyper-V:Memory': ('Msvm_MemorySettingData', 4, 'Memory'),
    'Microsoft:Hyper-V:Emulated IDE Controller': ('Msvm_ResourceAllocationSettingData', 5, 'IDE Controller'),
    'Microsoft:Hyper-V:Synthetic SCSI Controller': ('Msvm_ResourceAllocationSettingData', 6, 'SCSI Controller'),
    'Microsoft:Hyper-V:Synthetic Disk Drive': ('Msvm_ResourceAllocationSettingData', 17, 'Hard Drive'),
    'Microsoft:Hyper-V:Synthetic DVD Drive': ('Msvm_ResourceAllocationSettingData', 16, 'DVD Drive'),
    'Microsoft:Hyper-V:Synthetic Diskette Drive': ('Msvm_ResourceAllocationSettingData', 14, 'Diskette Drive'),
    'Microsoft:Hyper-V:Virtual Hard Disk': ('Msvm_StorageAllocationSettingData', 31, 'Hard Disk Image'),
    'Microsoft:Hyper-V:Virtual CD/DVD Disk': ('Msvm_StorageAllocationSettingData', 31, 'ISO Disk Image'),
    'Microsoft:Hyper-V:Synthetic Ethernet Port': ('Msvm_SyntheticEthernetPortSettingData', 10, 'Network Adapter'),
    'Microsoft:Hyper-V:Emulated Ethernet Port': ('Msvm_EmulatedEthernetPortSettingData', 10, 'Legacy Network Adapter'),
    'Microsoft:Hyper-V:Ethernet Connection': ('Msvm_EthernetPortAllocationSettingData', 33, 'Ethernet Switch Port Settings')}


def new_setting(host, sub_type, identity, parent=None, **properties):
    """A setting of a device that there is from now on."""
    return host.keep(planned_setting(host, sub_type, identity, parent, **properties))


def planned_setting(host, sub_type, identity, parent=None, **properties):
    """A setting that there will be; `identity` is what follows `Microsoft:` in its id."""
    kind, number, name = KINDS[sub_type]
    fields = {'Caption': name, 'Description': f'Settings for the Microsoft {name}', 'ElementName': name, 'ResourceType': number,
              'ResourceSubType': sub_type, 'PoolID': '', 'ConsumerVisibility': 3, 'AllocationUnits': 'count', 'VirtualQuantity': 1, 'Reservation': 1,
              'Limit': 1, 'Weight': 0, 'AutomaticAllocation': True, 'AutomaticDeallocation': True, 'VirtualQuantityUnits': 'count'}
    if sub_type.endswith(':Processor'):
        fields.update(AllocationUnits='percent / 1000', Reservation=0, Limit=100000, Weight=100, LimitCPUID=False, LimitProcessorFeatures=False,
                      ExposeVirtualizationExtensions=False, HwThreadsPerCore=1, MaxNumaNodesPerSocket=1, MaxProcessorsPerNumaNode=16)
    if sub_type.endswith(':Memory'):
        fields.update(AllocationUnits='byte * 2^20', VirtualQuantityUnits='byte * 2^20', VirtualQuantity=1024, Reservation=1024, Limit=1024,
                      Weight=5000, DynamicMemoryEnabled=False, TargetMemoryBuffer=20, IsVirtualized=True, SwapFilesInUse=False,
                      MaxMemoryBlocksPerNumaNode=65536)
    if kind == 'Msvm_StorageAllocationSettingData':
        fields.update(Access=3 if 'Hard' in sub_type else 1, VirtualResourceBlockSize=512, VirtualQuantityUnits='count(fixed size block)',
                      IOPSLimit=0, IOPSReservation=0, CachingMode=0,
                      PersistentReservationsSupported=False, IgnoreFlushes=False, WriteHardeningMethod=0)
    return Instance(kind, InstanceID='Microsoft:' + identity, Parent=host.path(parent) if parent else None, **{**fields, **properties})


def identity_of(setting):
    return setting['InstanceID'].removeprefix('Microsoft:')


def planned_controller(host, guid):
    own = new_guid()
    return planned_setting(host, KIND + 'Synthetic SCSI Controller', f'{guid}\\{own}\\0', VirtualSystemIdentifiers=['{%s}' % own])


def planned_drive(host, sub_type, controller, slot):
    return planned_setting(host, sub_type, f'{identity_of(controller)}\\{slot}\\D', controller, AddressOnParent=str(slot))


def planned_medium(host, sub_type, drive, path):
    return planned_setting(host, sub_type, identity_of(drive).removesuffix('D') + 'L', drive, HostResource=[path], Address='')


def planned_port(host, sub_type, guid, address=None):
    """A card: with an address that somebody wants, or with one that the host finds when its machine starts first."""
    own = new_guid()
    fields = {} if 'Emulated' in sub_type else {'VirtualSystemIdentifiers': ['{%s}' % own], 'DeviceNamingEnabled': False, 'AllowPacketDirect': False}
    return planned_setting(host, sub_type, f'{guid}\\{own}', Address=address or NO_ADDRESS, StaticMacAddress=bool(address), ClusterMonitored=True,
                           **fields)


def planned_connection(host, sub_type, port, switch):
    """What connects a card to a switch, or would if it had one."""
    return planned_setting(host, sub_type, identity_of(port) + '\\C', port, HostResource=[host.path(switch)] if switch else [], EnabledState=2,
                           LastKnownSwitchName=switch['ElementName'] if switch else '', RequiredFeatures=[], RequiredFeatureHints=[], Address='',
                           TestReplicaPoolID='', TestReplicaSwitchName='', CompartmentGuid='')


def fill_templates(host):
    """A real host shows, beside the settings of machines, those that new devices have at first and may have at least and at most."""
    for number, sub_type in enumerate(KINDS):
        for place, word in enumerate(('Default', 'Minimum', 'Maximum', 'Increment')):
            new_setting(host, sub_type, f'Definition\\{0xB637F346 + number:08X}-6A0E-4DEC-AF52-BD70CB80A21D\\{word}',
                        VirtualQuantity=(1024, 32, 1048576, 2)[place] if sub_type.endswith(':Memory') else 1)


def blank_machine(host, guid, number, name, generation, **wanted):
    """A machine that is off, with what each has; `wanted` are settings that it has instead of those that it would."""
    now = host.now()
    system = host.add(
        'Msvm_ComputerSystem', CreationClassName='Msvm_ComputerSystem', Name=guid, ElementName=name, Caption='Virtual Machine', EnabledState=OFF,
        Description='Microsoft Virtual Machine', EnabledDefault=2, RequestedState=NOT_APPLICABLE, HealthState=5, OperationalStatus=[2],
        StatusDescriptions=['Operating normally'], InstallDate=now, TimeOfLastStateChange=now, TimeOfLastConfigurationChange=now,
        OnTimeInMilliseconds=0, ResetCapability=1, NumberOfNumaNodes=1, ReplicationState=0, ReplicationHealth=0, ReplicationMode=0,
        FailedOverReplicationType=0, LastReplicationType=0, EnhancedSessionModeState=3, Status='OK')
    settings = {**first_settings(guid, number, name, generation, now), **wanted}
    machine = Machine(host, system, host.add('Msvm_VirtualSystemSettingData', **settings), number)
    host.machines.append(machine)
    new_setting(host, 'Microsoft:Hyper-V:Processor', f'{guid}\\{PROCESSOR}\\0', VirtualQuantity=1)
    new_setting(host, 'Microsoft:Hyper-V:Memory', f'{guid}\\{MEMORY}')
    if generation == 1:
        for place in '01':
            new_setting(host, KIND + 'Emulated IDE Controller', f'{guid}\\{IDE}\\{place}', Address=place, AddressOnParent='',
                        ElementName=f'IDE Controller {place}')
        add_diskette_drive(host, machine)
    host.add('Msvm_SecuritySettingData', InstanceID=f'Microsoft:{guid}\\{new_guid()}', Caption='Security Settings', ElementName='Security Settings',
             Description='Security settings of the virtual machine', TpmEnabled=False, KsdEnabled=False, ShieldingRequested=False,
             DataProtectionRequested=False, EncryptStateAndVmMigrationTraffic=False, VirtualizationBasedSecurityOptOut=False)
    return machine


def first_settings(guid, number, name, generation, now):
    return dict(
        InstanceID='Microsoft:' + guid, Caption='Virtual Machine Settings', ElementName=name,
        Description='Active settings for the virtual machine', VirtualSystemIdentifier=guid, VirtualSystemType='Microsoft:Hyper-V:System:Realized',
        VirtualSystemSubType=f'Microsoft:Hyper-V:SubType:{generation}', Notes=[], CreationTime=now, ConfigurationID=guid, Version='10.0',
        ConfigurationDataRoot='D:\\Hyper-V', ConfigurationFile=f'Virtual Machines\\{guid}.vmcx', SnapshotDataRoot='D:\\Hyper-V',
        SuspendDataRoot='D:\\Hyper-V', SwapFileDataRoot='D:\\Hyper-V', LogDataRoot='D:\\Hyper-V', GuestStateDataRoot='D:\\Hyper-V', IsSaved=False,
        GuestStateFile=f'Virtual Machines\\{guid}.vmgs', AutomaticStartupAction=3, AutomaticStartupActionDelay=Interval(0), Architecture='x64',
        AutomaticStartupActionSequenceNumber=0, AutomaticShutdownAction=3, AutomaticRecoveryAction=3, BIOSGUID='{%s}' % new_guid(),
        UserSnapshotType=3, BIOSSerialNumber=f'0000-0000-{number:04d}',
        BaseBoardSerialNumber=f'0000-0000-{number:04d}', ChassisSerialNumber=f'0000-0000-{number:04d}',
        ChassisAssetTag='7783-7084-3265-9085-8269-3286-77', BIOSNumLock=False, BootOrder=[1, 2, 3, 0] if generation == 1 else [], BootSourceOrder=[],
        SecureBootEnabled=generation == 2, IncrementalBackupEnabled=False, VirtualNumaEnabled=True, PauseAfterBootFailure=False, ConsoleMode=0,
        AutomaticSnapshotsEnabled=False, IsAutomaticSnapshot=False, LockOnDisconnect=False, AllowFullSCSICommandSet=False,
        SecureBootTemplateId='1734c6e8-3154-4dda-ba5f-a874cc483422' if generation == 2 else None, AutomaticCriticalErrorAction=1,
        AutomaticCriticalErrorActionTimeout=Interval(1800), GuestControlledCacheTypes=False, DebugPortEnabled=0, DebugPort=0, DebugChannelId=0,
        LowMmioGapSize=128, HighMmioGapSize=512, EnhancedSessionTransportType=0, NetworkBootPreferredProtocol=4096)


def add_diskette_drive(host, machine):
    """Each machine of generation 1 has one, and a controller of no subtype that holds it. [ids: captures of real hosts]"""
    head = f'{machine.guid}\\{DISKETTE}\\0'
    controller = new_setting(host, KIND + 'Synthetic Diskette Drive', head, ResourceType=1, OtherResourceType='Microsoft Virtual Diskette Controller',
                             ResourceSubType=None, ElementName='Diskette Controller')
    new_setting(host, KIND + 'Synthetic Diskette Drive', head + '\\0\\D', controller, AddressOnParent='0')


# --- Devices that come and go.

def plug(host, machine, device):
    """A planned device is there now, with what comes with it: what can be booted from it, what a guest tells of a card."""
    host.keep(device)
    add_boot_source(host, machine, device)
    if device['ResourceType'] == 10:
        host.add('Msvm_GuestNetworkAdapterConfiguration', InstanceID='Microsoft:GuestNetwork\\' + identity_of(device), DHCPEnabled=False,
                 IPAddresses=[], Subnets=[], DefaultGateways=[], DNSServers=[], ProtocolIFType=0, IPAddressOrigins=[])
        machine.show_guest()
    return device


def unplug(host, machine, device):
    host.drop(device)
    drop_boot_source(host, machine, device)
    for one in host.each('Msvm_GuestNetworkAdapterConfiguration', InstanceID='Microsoft:GuestNetwork\\' + identity_of(device)):
        host.drop(one)


# --- From what machines of generation 2 boot.

def boot_source_of(host, device):
    """What there is to boot from a device, or None. Its id is the device's and `\\B`. [seen at real hosts, says a public client]"""
    return next(iter(host.each('Msvm_BootSourceSettingData', InstanceID=device['InstanceID'] + '\\B')), None)


def add_boot_source(host, machine, device):
    """Firmware boots from drives and cards: one that comes is the last that it tries."""
    if machine.generation == 2 and device['ResourceSubType'] in (KIND + 'Synthetic Disk Drive', KIND + 'Synthetic DVD Drive',
                                                                KIND + 'Synthetic Ethernet Port'):
        network = device['ResourceType'] == 10
        source = host.add('Msvm_BootSourceSettingData', InstanceID=device['InstanceID'] + '\\B', Caption='Boot Source', ElementName='Boot Source',
                          Description='Boot Source Setting Data', BootSourceType=2 if network else 1, OtherLocation='', FirmwareDevicePath='\\',
                          BootSourceDescription='EFI Network' if network else 'EFI SCSI Device', OptionalData=[])
        machine.settings['BootSourceOrder'] = machine.settings['BootSourceOrder'] + [host.path(source)]


def drop_boot_source(host, machine, device):
    """What is gone is not tried."""
    source = boot_source_of(host, device)
    if source:
        host.drop(source)
        machine.settings['BootSourceOrder'] = [one for one in machine.settings['BootSourceOrder'] if one != host.path(source)]

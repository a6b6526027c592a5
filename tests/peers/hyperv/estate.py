"""A host as it is at first: its services, its volumes, a switch, the templates of settings, and machines.

The forms of ids and the subtypes of resources are those that the documents, and clients of real hosts, tell."""
from disks import FOLDER, new_disk, new_file
from host import GIB, Host, new_guid
from machines import MEMORY, NOT_APPLICABLE, OFF, PROCESSOR, RUNNING, Machine
from schema import Interval, Moment

IDE, SCSI = '83F8638B-8DCA-4152-9EDA-2CA8B33039B4', 'D422512D-2BF2-4752-809D-7B82B5FCB1B4'
ISO = FOLDER + 'installer.iso'
SWITCH = 'Switch 1'
START = Moment(1767225600)  # when the host was installed: 2026-01-01


def new_host(user, password, machines):
    host = Host(user, password)
    with host.changed:
        fill_windows(host)
        fill_virtualization(host)
        fill_templates(host)
        new_file(host, ISO, 700 << 20)
        make_machines(host, machines)
        if host.machines:
            start(host, host.machines[0])
    return host


def fill_windows(host):
    name = host.name
    host.add('Win32_ComputerSystem', Name=name, Caption=name, DNSHostName=name, Domain='WORKGROUP', Workgroup='WORKGROUP', Manufacturer='Maker',
             Model='Server 1', NumberOfLogicalProcessors=16, NumberOfProcessors=1, TotalPhysicalMemory=64 * GIB, SystemType='x64-based PC',
             CreationClassName='Win32_ComputerSystem', Description='AT/AT COMPATIBLE', HypervisorPresent=True, PartOfDomain=False, Status='OK',
             Roles=['LM_Workstation', 'LM_Server', 'NT', 'Server_NT'], DomainRole=2, PowerState=0, CurrentTimeZone=0, BootupState='Normal boot',
             PrimaryOwnerName='Windows User', UserName=f'{name}\\Administrator')
    host.add('Win32_ComputerSystemProduct', IdentifyingNumber='SN-1', Name='Server 1', Version='1', Vendor='Maker', Caption='Computer System Product',
             Description='Computer System Product', UUID='4C4C4544-0031-3010-8031-B7C04F4A3132')
    host.add('Win32_OperatingSystem', Name='Microsoft Windows Server 2022 Standard|C:\\Windows|\\Device\\Harddisk0\\Partition3', Version='10.0.20348',
             Caption='Microsoft Windows Server 2022 Standard', BuildNumber='20348', CSName=name, OSArchitecture='64-bit', Locale='0409',
             FreePhysicalMemory=48 << 20, TotalVisibleMemorySize=64 << 20, InstallDate=START, LastBootUpTime=START, LocalDateTime=host.now(),
             ProductType=3, OperatingSystemSKU=7, Status='OK', SystemDrive='C:', WindowsDirectory='C:\\Windows',
             CreationClassName='Win32_OperatingSystem', CSCreationClassName='Win32_ComputerSystem', Manufacturer='Microsoft Corporation',
             Primary=True, MUILanguages=['en-US'], CurrentTimeZone=0)
    host.add('Win32_Processor', DeviceID='CPU0', Name='A model of a processor @ 2.40GHz', Manufacturer='AuthenticAMD', NumberOfCores=8, Family=107,
             NumberOfLogicalProcessors=16, NumberOfEnabledCore=8, MaxClockSpeed=2400, CurrentClockSpeed=2400, AddressWidth=64, DataWidth=64,
             Architecture=9, CpuStatus=1, Status='OK', SocketDesignation='P0', SystemName=name, CreationClassName='Win32_Processor', LoadPercentage=5,
             SystemCreationClassName='Win32_ComputerSystem', Role='CPU', Caption='AMD64 Family 25', ProcessorId='178BFBFF00A00F11')
    for letter, capacity, free, volume in (('C:', 100 * GIB, 60 * GIB, '11111111-aaaa'), ('D:', 1000 * GIB, 800 * GIB, '22222222-bbbb')):
        host.add('Win32_Volume', DeviceID='\\\\?\\Volume{%s-4000-8000-000000000001}\\' % volume, Name=letter + '\\', Caption=letter + '\\',
                 DriveLetter=letter, Capacity=capacity, FreeSpace=free, FileSystem='NTFS', DriveType=3, BlockSize=4096, Label='', SystemName=name,
                 BootVolume=letter == 'C:', SystemVolume=False, Automount=True, Compressed=False, SerialNumber=1234567890,
                 MaximumFileNameLength=255, SupportsDiskQuotas=True, SupportsFileBasedCompression=True, PageFilePresent=letter == 'C:')


def add_service(host, kind, name, caption, description):
    host.add(kind, SystemCreationClassName='Msvm_ComputerSystem', SystemName=host.name, CreationClassName=kind, Name=name, Caption=caption,
             Description=description, ElementName=caption, EnabledState=2, EnabledDefault=2, RequestedState=NOT_APPLICABLE, HealthState=5,
             Started=True, OperationalStatus=[2], StatusDescriptions=['OK'], StartMode='Automatic')


def fill_virtualization(host):
    host.add('Msvm_ComputerSystem', CreationClassName='Msvm_ComputerSystem', Name=host.name, ElementName=host.name, Caption='Hosting Computer System',
             Description='Microsoft Hosting Computer System', EnabledState=2, EnabledDefault=2, RequestedState=NOT_APPLICABLE, HealthState=5,
             OperationalStatus=[2], StatusDescriptions=['OK'], InstallDate=START, ResetCapability=1, NumberOfNumaNodes=1, TimeOfLastStateChange=START)
    add_service(host, 'Msvm_VirtualSystemManagementService', 'vmms', 'Hyper-V Virtual System Management Service',
                'Service for creating, manipulating, and managing virtual machines')
    add_service(host, 'Msvm_VirtualSystemSnapshotService', 'vssnapsvc', 'Hyper-V Virtual System Snapshot Service',
                'Service for creating, destroying, and applying virtual machine snapshots')
    add_service(host, 'Msvm_ImageManagementService', 'vhdsvc', 'Hyper-V Image Management Service', 'Provides Image Management servicing for Hyper-V')
    host.add('Msvm_VirtualSystemManagementServiceSettingData', InstanceID='Microsoft:' + host.name,
             Caption='Hyper-V Virtual System Management Service',
             Description='Settings for the Virtual System Management Service', ElementName='Hyper-V Virtual System Management Service',
             DefaultExternalDataRoot='D:\\Hyper-V\\', DefaultVirtualHardDiskPath=FOLDER, MinimumMacAddress='00155D010000', NumaSpanningEnabled=True,
             MaximumMacAddress='00155D0100FF', PrimaryOwnerContact='', PrimaryOwnerName='Administrators', EnhancedSessionModeEnabled=False)
    host.add('Msvm_VirtualEthernetSwitch', CreationClassName='Msvm_VirtualEthernetSwitch', Name='C08CB7B8-9B3C-408E-8E30-5E16A3AEB444',
             ElementName=SWITCH, Caption='Virtual Switch', Description='Microsoft Virtual Switch', EnabledState=5, EnabledDefault=2, HealthState=5,
             RequestedState=NOT_APPLICABLE, OperationalStatus=[2], StatusDescriptions=['OK'], InstallDate=START, ResetCapability=5,
             AvailableRequestedStates=[], MaxIOVOffloads=0, MaxVMQOffloads=0)


KINDS = {  # ResourceSubType: class, ResourceType, name
    'Microsoft:Hyper-V:Processor': ('Msvm_ProcessorSettingData', 3, 'Processor'),
    'Microsoft:Hyper-V:Memory': ('Msvm_MemorySettingData', 4, 'Memory'),
    'Microsoft:Hyper-V:Emulated IDE Controller': ('Msvm_ResourceAllocationSettingData', 5, 'IDE Controller'),
    'Microsoft:Hyper-V:Synthetic SCSI Controller': ('Msvm_ResourceAllocationSettingData', 6, 'SCSI Controller'),
    'Microsoft:Hyper-V:Synthetic Disk Drive': ('Msvm_ResourceAllocationSettingData', 17, 'Hard Drive'),
    'Microsoft:Hyper-V:Synthetic DVD Drive': ('Msvm_ResourceAllocationSettingData', 16, 'DVD Drive'),
    'Microsoft:Hyper-V:Virtual Hard Disk': ('Msvm_StorageAllocationSettingData', 31, 'Hard Disk Image'),
    'Microsoft:Hyper-V:Virtual CD/DVD Disk': ('Msvm_StorageAllocationSettingData', 31, 'ISO Disk Image'),
    'Microsoft:Hyper-V:Synthetic Ethernet Port': ('Msvm_SyntheticEthernetPortSettingData', 10, 'Network Adapter'),
    'Microsoft:Hyper-V:Emulated Ethernet Port': ('Msvm_EmulatedEthernetPortSettingData', 10, 'Legacy Network Adapter'),
    'Microsoft:Hyper-V:Ethernet Connection': ('Msvm_EthernetPortAllocationSettingData', 33, 'Ethernet Switch Port Settings')}


def new_setting(host, sub_type, identity, parent=None, **properties):
    """A setting of a device; `identity` is what follows `Microsoft:` in its id."""
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
    return host.add(kind, InstanceID='Microsoft:' + identity, Parent=host.path(parent) if parent else None, **{**fields, **properties})


def fill_templates(host):
    """A real host shows, beside the settings of machines, those that new devices have at first and may have at least and at most."""
    for number, sub_type in enumerate(KINDS):
        for place, word in enumerate(('Default', 'Minimum', 'Maximum', 'Increment')):
            new_setting(host, sub_type, f'Definition\\{0xB637F346 + number:08X}-6A0E-4DEC-AF52-BD70CB80A21D\\{word}',
                        VirtualQuantity=(1024, 32, 1048576, 2)[place] if sub_type.endswith(':Memory') else 1)


# --- Machines.

def make_machines(host, count):
    """web01, web02 and so on: so many more. The odd ones are of generation 1."""
    with host.changed:
        first = max((one.number for one in host.machines), default=0) + 1
        for number in range(first, first + count):
            new_machine(host, number)


def new_machine(host, number):
    guid, name, now, generation = new_guid(), f'web{number:02d}', host.now(), 2 - number % 2
    system = host.add(
        'Msvm_ComputerSystem', CreationClassName='Msvm_ComputerSystem', Name=guid, ElementName=name, Caption='Virtual Machine', EnabledState=OFF,
        Description='Microsoft Virtual Machine', EnabledDefault=2, RequestedState=NOT_APPLICABLE, HealthState=5, OperationalStatus=[2],
        StatusDescriptions=['Operating normally'], InstallDate=now, TimeOfLastStateChange=now, TimeOfLastConfigurationChange=now,
        OnTimeInMilliseconds=0, ResetCapability=1, NumberOfNumaNodes=1, ReplicationState=0, ReplicationHealth=0, ReplicationMode=0,
        FailedOverReplicationType=0, LastReplicationType=0, EnhancedSessionModeState=3, Status='OK')
    settings = host.add(
        'Msvm_VirtualSystemSettingData', InstanceID='Microsoft:' + guid, Caption='Virtual Machine Settings', ElementName=name,
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
    machine = Machine(host, system, settings, number)
    host.machines.append(machine)
    new_setting(host, 'Microsoft:Hyper-V:Processor', f'{guid}\\{PROCESSOR}\\0', VirtualQuantity=1)
    new_setting(host, 'Microsoft:Hyper-V:Memory', f'{guid}\\{MEMORY}')
    add_drives(host, machine, generation)
    add_card(host, machine, generation == 1 and number > 1)
    host.add('Msvm_SecuritySettingData', InstanceID=f'Microsoft:{guid}\\{new_guid()}', Caption='Security Settings', ElementName='Security Settings',
             Description='Security settings of the virtual machine', TpmEnabled=False, KsdEnabled=False, ShieldingRequested=False,
             DataProtectionRequested=False, EncryptStateAndVmMigrationTraffic=False, VirtualizationBasedSecurityOptOut=False)
    machine.show_guest()
    return machine


def add_drives(host, machine, generation):
    """Generation 1: two IDE controllers, with a disk at the first and a DVD at the second. Generation 2: a SCSI controller with both."""
    guid = machine.guid
    disk = new_disk(host, f'{FOLDER}{machine.system["ElementName"]}.vhdx')
    if generation == 1:
        controllers = [new_setting(host, 'Microsoft:Hyper-V:Emulated IDE Controller', f'{guid}\\{IDE}\\{number}', Address=str(number),
                                   ElementName=f'IDE Controller {number}', AddressOnParent='') for number in (0, 1)]
        places = [(controllers[0], IDE, 0), (controllers[1], IDE, 0)]
        identities = [f'{guid}\\{IDE}\\0\\0', f'{guid}\\{IDE}\\1\\0']
    else:
        own = new_guid()
        controller = new_setting(host, 'Microsoft:Hyper-V:Synthetic SCSI Controller', f'{guid}\\{own}\\0', ElementName='SCSI Controller',
                                 VirtualSystemIdentifiers=['{%s}' % own])
        places = [(controller, own, 0), (controller, own, 1)]
        identities = [f'{guid}\\{own}\\0\\0', f'{guid}\\{own}\\0\\1']
    drive = new_setting(host, 'Microsoft:Hyper-V:Synthetic Disk Drive', identities[0] + '\\D', places[0][0], AddressOnParent=str(places[0][2]))
    new_setting(host, 'Microsoft:Hyper-V:Virtual Hard Disk', identities[0] + '\\L', drive, HostResource=[disk['Name']], Address='')
    drive = new_setting(host, 'Microsoft:Hyper-V:Synthetic DVD Drive', identities[1] + '\\D', places[1][0], AddressOnParent=str(places[1][2]))
    if generation == 1:
        new_setting(host, 'Microsoft:Hyper-V:Virtual CD/DVD Disk', identities[1] + '\\L', drive, HostResource=[ISO], Address='')


def add_card(host, machine, legacy):
    """A card, what connects it to the switch, and what its guest tells of it."""
    guid, card = machine.guid, new_guid()
    sub_type = 'Microsoft:Hyper-V:Emulated Ethernet Port' if legacy else 'Microsoft:Hyper-V:Synthetic Ethernet Port'
    fields = {} if legacy else {'VirtualSystemIdentifiers': ['{%s}' % card], 'DeviceNamingEnabled': False, 'AllowPacketDirect': False}
    port = new_setting(host, sub_type, f'{guid}\\{card}', Address=host.new_mac(), StaticMacAddress=False, ClusterMonitored=True, **fields)
    switch = host.path(host.each('Msvm_VirtualEthernetSwitch')[0])
    new_setting(host, 'Microsoft:Hyper-V:Ethernet Connection', f'{guid}\\{card}\\C', port, HostResource=[switch], EnabledState=2,
                LastKnownSwitchName=SWITCH, RequiredFeatures=[], RequiredFeatureHints=[], Address='',
                TestReplicaPoolID='', TestReplicaSwitchName='', CompartmentGuid='')
    host.add('Msvm_GuestNetworkAdapterConfiguration', InstanceID=f'Microsoft:GuestNetwork\\{guid}\\{card}', DHCPEnabled=False, IPAddresses=[],
             Subnets=[], DefaultGateways=[], DNSServers=[], ProtocolIFType=0, IPAddressOrigins=[])


def start(host, machine):
    machine.system.hidden['before'] = OFF
    machine.arrive(RUNNING)
    machine.since = float(host.now())

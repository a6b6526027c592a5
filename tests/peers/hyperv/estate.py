"""A host as it is at first: its services, its volumes, a switch, the templates of settings, and machines.

The forms of ids and the subtypes of resources are those that the documents, and clients of real hosts, tell."""
from disks import FOLDER, new_disk, new_file
from hardware import (KIND, blank_machine, fill_templates, planned_connection, planned_controller, planned_drive, planned_medium, planned_port,
                      plug)
from host import GIB, Host, new_guid
from machines import NOT_APPLICABLE, OFF, RUNNING
from schema import Moment

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


# --- Machines.

def make_machines(host, count):
    """web01, web02 and so on: so many more. The odd ones are of generation 1."""
    with host.changed:
        first = max((one.number for one in host.machines), default=0) + 1
        for number in range(first, first + count):
            new_machine(host, number)


def new_machine(host, number):
    generation = 2 - number % 2
    machine = blank_machine(host, new_guid(), number, f'web{number:02d}', generation)
    add_drives(host, machine, generation)
    add_card(host, machine, generation == 1 and number > 1)
    machine.show_guest()
    return machine


def add_drives(host, machine, generation):
    """Generation 1: a disk at the first of its IDE controllers, a DVD at the second. Generation 2: a SCSI controller with both."""
    disk = new_disk(host, f'{FOLDER}{machine.system["ElementName"]}.vhdx')
    if generation == 1:
        first, second = [one for one in host.owned(machine.guid) if one.get('ResourceSubType') == KIND + 'Emulated IDE Controller']
        slot = 0
    else:
        first = second = plug(host, machine, planned_controller(host, machine.guid))
        slot = 1
    drive = plug(host, machine, planned_drive(host, KIND + 'Synthetic Disk Drive', first, 0))
    plug(host, machine, planned_medium(host, KIND + 'Virtual Hard Disk', drive, disk['Name']))
    drive = plug(host, machine, planned_drive(host, KIND + 'Synthetic DVD Drive', second, slot))
    if generation == 1:
        plug(host, machine, planned_medium(host, KIND + 'Virtual CD/DVD Disk', drive, ISO))


def add_card(host, machine, legacy):
    """A card, and what connects it to the switch."""
    port = plug(host, machine, planned_port(host, KIND + ('Emulated' if legacy else 'Synthetic') + ' Ethernet Port', machine.guid))
    port.change(Address=host.new_mac())
    plug(host, machine, planned_connection(host, KIND + 'Ethernet Connection', port, host.each('Msvm_VirtualEthernetSwitch')[0]))


def start(host, machine):
    machine.system.hidden['before'] = OFF
    machine.arrive(RUNNING)
    machine.since = float(host.now())

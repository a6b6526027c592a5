"""The methods that the model has: what each takes, gives back besides its ReturnValue, and does."""
from collections import namedtuple

import building
import disks
import machines
import snapshots

Method = namedtuple('Method', 'function inputs outputs')
MANAGEMENT, SNAPSHOTS, IMAGES = 'Msvm_VirtualSystemManagementService', 'Msvm_VirtualSystemSnapshotService', 'Msvm_ImageManagementService'

METHODS = {
    ('Msvm_ComputerSystem', 'RequestStateChange'): Method(
        machines.request_state_change, {'RequestedState': 'uint16', 'TimeoutPeriod': 'datetime'}, ('Job',)),
    ('Msvm_ShutdownComponent', 'InitiateShutdown'): Method(machines.initiate_shutdown, {'Force': 'boolean', 'Reason': 'string'}, ()),
    (MANAGEMENT, 'DefineSystem'): Method(
        building.define_system, {'SystemSettings': 'string', 'ResourceSettings': 'string[]', 'ReferenceConfiguration': 'reference'},
        ('Job', 'ResultingSystem')),
    (MANAGEMENT, 'AddResourceSettings'): Method(
        building.add_devices, {'AffectedConfiguration': 'reference', 'ResourceSettings': 'string[]'}, ('Job', 'ResultingResourceSettings')),
    (MANAGEMENT, 'RemoveResourceSettings'): Method(building.remove_devices, {'ResourceSettings': 'reference[]'}, ('Job',)),
    (MANAGEMENT, 'ModifySystemSettings'): Method(machines.modify_system_settings, {'SystemSettings': 'string'}, ('Job',)),
    (MANAGEMENT, 'ModifyResourceSettings'): Method(
        machines.modify_resource_settings, {'ResourceSettings': 'string[]'}, ('Job', 'ResultingResourceSettings')),
    (MANAGEMENT, 'DestroySystem'): Method(machines.destroy_system, {'AffectedSystem': 'reference'}, ('Job',)),
    (SNAPSHOTS, 'CreateSnapshot'): Method(
        snapshots.create_snapshot,
        {'AffectedSystem': 'reference', 'SnapshotSettings': 'string', 'SnapshotType': 'uint16', 'ResultingSnapshot': 'reference'},
        ('Job', 'ResultingSnapshot')),
    (SNAPSHOTS, 'ApplySnapshot'): Method(snapshots.apply_snapshot, {'Snapshot': 'reference'}, ('Job',)),
    (SNAPSHOTS, 'DestroySnapshot'): Method(snapshots.destroy_snapshot, {'AffectedSnapshot': 'reference'}, ('Job',)),
    (SNAPSHOTS, 'DestroySnapshotTree'): Method(snapshots.destroy_snapshot_tree, {'SnapshotSettingData': 'reference'}, ('Job',)),
    (IMAGES, 'CreateVirtualHardDisk'): Method(disks.create_disk, {'VirtualDiskSettingData': 'string'}, ('Job',)),
    (IMAGES, 'GetVirtualHardDiskSettingData'): Method(disks.get_setting, {'Path': 'string'}, ('Job', 'SettingData')),
    (IMAGES, 'GetVirtualHardDiskState'): Method(disks.get_state, {'Path': 'string'}, ('Job', 'State')),
    ('CIM_DataFile', 'Delete'): Method(disks.delete_file, {}, ()),
}
ANSWERING = ('DefineSystem', 'AddResourceSettings', 'RemoveResourceSettings', 'ModifySystemSettings', 'ModifyResourceSettings', 'DestroySystem',
             'CreateVirtualHardDisk')  # those that can answer in more ways than one: see Host.carry_out

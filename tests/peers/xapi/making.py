"""What is made by its parts: machines, disks, drives, cards, and what disks then get. [xen-api, datamodel_vm.ml and others]"""
from database import Failure
from machines import new_card, new_disk, new_vm, plug
from pool import integer

# Fields without which XAPI makes none, as it has no default for them.
VM = {'name_label', 'name_description', 'user_version', 'is_a_template', 'affinity', 'memory_static_max', 'memory_dynamic_max', 'memory_dynamic_min',
      'memory_static_min', 'VCPUs_params', 'VCPUs_max', 'VCPUs_at_startup', 'actions_after_shutdown', 'actions_after_reboot', 'actions_after_crash',
      'PV_bootloader', 'PV_kernel', 'PV_ramdisk', 'PV_args', 'PV_bootloader_args', 'PV_legacy_args', 'HVM_boot_policy', 'HVM_boot_params', 'platform',
      'PCI_bus', 'other_config', 'recommendations'}
VDI = {'SR', 'virtual_size', 'type', 'sharable', 'read_only', 'other_config'}
VBD = {'VM', 'VDI', 'userdevice', 'bootable', 'mode', 'type', 'empty', 'other_config', 'qos_algorithm_type', 'qos_algorithm_params'}
VIF = {'device', 'network', 'VM', 'MAC', 'MTU', 'other_config', 'qos_algorithm_type', 'qos_algorithm_params'}
KEPT = ('memory_static_min', 'memory_static_max', 'memory_dynamic_min', 'memory_dynamic_max', 'VCPUs_max', 'VCPUs_at_startup')
GRAIN = 4 << 20  # a repository makes a disk of whole ones


def check(kind, record, fields):
    missing = sorted(fields - set(record))
    if missing:
        raise Failure('INTERNAL_ERROR', f'{kind}: there is no {missing[0]}')


def create_vm(pool, record):
    check('VM', record, VM)
    sizes = {key: integer(record[key]) for key in KEPT}
    limits = [sizes[f'memory_{which}'] for which in ('static_min', 'dynamic_min', 'dynamic_max', 'static_max')]
    if limits != sorted(limits):
        raise Failure('MEMORY_CONSTRAINT_VIOLATION', 'limits')
    fields = {key: record[key] for key in ('name_description', 'affinity', 'HVM_boot_policy', 'HVM_boot_params', 'platform', 'other_config')}
    made = new_vm(pool, record['name_label'], blocked_operations=dict(record.get('blocked_operations', {})), **fields)
    pool.db.change('VM', made, **sizes)
    return made


def create_disk(pool, record):
    check('VDI', record, VDI)
    size = -(-integer(record['virtual_size']) // GRAIN) * GRAIN
    return new_disk(pool, record['SR'], size, record.get('name_label', ''), name_description=record.get('name_description', ''))


def create_drive(pool, record):
    check('VBD', record, VBD)
    pool.db.get('VDI', record['VDI'])
    taken = [pool.db.get('VBD', ref)['userdevice'] for ref in pool.db.get('VM', record['VM'])['VBDs']]
    if record['userdevice'] in taken:
        raise Failure('DEVICE_ALREADY_EXISTS', record['userdevice'])
    return plug(pool, record['VM'], record['VDI'], record['userdevice'], record['type'])


def create_card(pool, record):
    check('VIF', record, VIF)
    pool.db.get('network', record['network'])
    return new_card(pool, record['VM'], record['network'], record['device'], record['MAC'])


def making_verbs():
    return {'VM.create': create_vm, 'VDI.create': create_disk, 'VBD.create': create_drive, 'VIF.create': create_card}


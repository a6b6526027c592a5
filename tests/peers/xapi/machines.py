"""What machines are and do: the states that they go through, snapshots, copies, sizes, disks."""
import uuid

from database import NULL, NEVER, Failure, date_now
from pool import integer, new_mac

GIB = 1 << 30
FROM = {  # in which states an operation is possible
    'start': ('Halted',), 'start_on': ('Halted',), 'resume': ('Suspended',), 'unpause': ('Paused',), 'pause': ('Running',),
    'clean_shutdown': ('Running',), 'clean_reboot': ('Running',), 'suspend': ('Running',), 'pool_migrate': ('Running',),
    'hard_shutdown': ('Paused', 'Suspended', 'Running'), 'hard_reboot': ('Paused', 'Running'),
    'snapshot': ('Halted', 'Paused', 'Suspended', 'Running'), 'checkpoint': ('Paused', 'Suspended', 'Running'),
    'revert': ('Halted', 'Paused', 'Suspended', 'Running'), 'clone': ('Halted',), 'copy': ('Halted',),
    'destroy': ('Halted', 'Suspended'), 'changing_VCPUs': ('Halted',), 'changing_memory_limits': ('Halted',),
}
OF_SNAPSHOTS = ('revert', 'clone', 'copy', 'destroy', 'hard_shutdown')
OF_TEMPLATES = ('clone', 'copy', 'destroy', 'changing_VCPUs', 'changing_memory_limits')
OF_GUESTS = ('clean_shutdown', 'clean_reboot')  # the guest has to take part


def why_not(pool, ref, operation):
    """The Failure that an operation would be now; None: it can be."""
    vm = pool.db.get('VM', ref)
    if vm['is_control_domain']:
        return Failure('OPERATION_NOT_ALLOWED', 'This operation is not allowed on a control domain')
    if vm['is_a_snapshot'] and operation not in OF_SNAPSHOTS:
        return Failure('VM_IS_SNAPSHOT', ref, operation)
    if vm['is_a_template'] and not vm['is_a_snapshot'] and operation not in OF_TEMPLATES:
        return Failure('VM_IS_TEMPLATE', ref, operation)
    if not vm['is_a_snapshot'] and operation == 'revert':
        return Failure('OPERATION_NOT_ALLOWED', 'Only snapshots can be gone back to')
    if operation in vm['blocked_operations']:
        return Failure('OPERATION_BLOCKED', ref, vm['blocked_operations'][operation])
    state = vm['power_state']
    wanted = FROM[operation] + (('Suspended',) if vm['is_a_snapshot'] and operation in ('clone', 'copy') else ())
    if state not in wanted:
        return Failure('VM_BAD_POWER_STATE', ref, ', '.join(one.lower() for one in wanted), state.lower())
    if operation in OF_GUESTS and vm['guest_metrics'] == NULL:
        return Failure('VM_LACKS_FEATURE', ref)
    return None


def allow(pool, ref):
    vm = pool.db.get('VM', ref)
    vm['allowed_operations'] = [operation for operation in FROM if why_not(pool, ref, operation) is None]
    pool.db.touch('VM', ref)


def must(pool, ref, operation):
    failure = why_not(pool, ref, operation)
    if failure is not None:
        raise failure


# --- Making them.

def new_vm(pool, name, **fields):
    memory = fields.pop('memory', GIB)
    metrics = pool.db.add('VM_metrics', memory_actual=0, VCPUs_number=0, VCPUs_utilisation={}, state=[], start_time=NEVER,
                          install_time=date_now(), last_updated=date_now(), hvm=True, nested_virt=False, nomigrate=False,
                          current_domain_type='unspecified', other_config={})
    record = {
        'name_label': name, 'name_description': '', 'power_state': 'Halted', 'allowed_operations': [], 'current_operations': {},
        'is_a_template': False, 'is_default_template': False, 'is_control_domain': False, 'is_a_snapshot': False, 'snapshot_of': NULL,
        'snapshots': [], 'snapshot_time': NEVER, 'snapshot_info': {}, 'parent': NULL, 'children': [], 'suspend_VDI': NULL,
        'suspend_SR': NULL, 'resident_on': NULL, 'affinity': NULL, 'scheduled_to_be_resident_on': NULL,
        'memory_static_min': 64 << 20, 'memory_static_max': memory, 'memory_dynamic_min': memory, 'memory_dynamic_max': memory,
        'memory_target': 0, 'memory_overhead': 12 << 20, 'VCPUs_max': 1, 'VCPUs_at_startup': 1, 'VCPUs_params': {},
        'actions_after_shutdown': 'destroy', 'actions_after_reboot': 'restart', 'actions_after_crash': 'restart',
        'HVM_boot_policy': 'BIOS order', 'HVM_boot_params': {'order': 'cdn', 'firmware': 'bios'}, 'domain_type': 'hvm',
        'platform': {'acpi': '1', 'apic': 'true', 'pae': 'true', 'viridian': 'false'}, 'other_config': {}, 'xenstore_data': {},
        'blocked_operations': {}, 'tags': [], 'domid': -1, 'metrics': metrics, 'guest_metrics': NULL, 'VBDs': [], 'VIFs': [],
        'consoles': [], 'VTPMs': [], 'reference_label': '', 'version': 0, 'bios_strings': {}, 'start_delay': 0, 'order': 0,
        'ha_restart_priority': '', 'appliance': NULL, 'PV_kernel': '', 'PV_args': '', 'PV_bootloader': '', 'hardware_platform_version': 0}
    record.update(fields)
    ref = pool.db.add('VM', **record)
    allow(pool, ref)
    return ref


def new_disk(pool, sr, size, name, **fields):
    record = {'name_label': name, 'name_description': '', 'SR': sr, 'VBDs': [], 'virtual_size': size, 'physical_utilisation': size // 4,
              'type': 'user', 'sharable': False, 'read_only': False, 'storage_lock': False, 'is_a_snapshot': False, 'snapshot_of': NULL,
              'snapshots': [], 'snapshot_time': NEVER, 'parent': NULL, 'missing': False, 'managed': True, 'allow_caching': False,
              'other_config': {}, 'xenstore_data': {}, 'sm_config': {'vdi_type': 'vhd'}, 'tags': [], 'cbt_enabled': False,
              'allowed_operations': ['destroy', 'snapshot', 'clone', 'copy', 'resize'], 'current_operations': {}}
    record.update(fields)
    ref = pool.db.add('VDI', **record)
    pool.db.change('VDI', ref, location=pool.db.get('VDI', ref)['uuid'])
    pool.db.get('SR', sr)['VDIs'].append(ref)
    pool.db.touch('SR', sr)
    return ref


def plug(pool, vm, vdi, device='0', kind='Disk', **fields):
    ref = pool.db.add('VBD', VM=vm, VDI=vdi, device='xvd' + 'abcdefgh'[int(device)], userdevice=device, bootable=device == '0',
                      mode='RW' if kind == 'Disk' else 'RO', type=kind, unpluggable=True, empty=vdi == NULL, currently_attached=False,
                      status_code=0, other_config={'owner': ''}, allowed_operations=['attach'], current_operations={}, **fields)
    pool.db.get('VM', vm)['VBDs'].append(ref)
    pool.db.touch('VM', vm)
    if vdi != NULL:
        pool.db.get('VDI', vdi)['VBDs'].append(ref)
        pool.db.touch('VDI', vdi)
    return ref


def new_card(pool, vm, network, device='0', mac=None):
    ref = pool.db.add('VIF', VM=vm, network=network, device=device, MAC=mac or new_mac(), MTU=1500, MAC_autogenerated=True,
                      currently_attached=False, status_code=0, other_config={}, locking_mode='network_default',
                      allowed_operations=['attach'], current_operations={})
    pool.db.get('VM', vm)['VIFs'].append(ref)
    pool.db.touch('VM', vm)
    pool.db.get('network', network)['VIFs'].append(ref)
    return ref


def new_machine(pool, name):
    db = pool.db
    vm = new_vm(pool, name, affinity=db.get('pool', db.each('pool')[0])['master'])
    plug(pool, vm, new_disk(pool, db.get('pool', db.each('pool')[0])['default_SR'], 8 * GIB, name + ' disk'))
    plug(pool, vm, NULL, '3', 'CD')
    new_card(pool, vm, db.each('network')[0])
    return vm


# --- The states.

def attach(pool, vm, attached):
    record = pool.db.get('VM', vm)
    for kind in ('VBD', 'VIF'):
        for ref in record[kind + 's']:
            pool.db.change(kind, ref, currently_attached=attached)


def set_running(pool, vm, host):
    record = pool.db.get('VM', vm)
    if record['guest_metrics'] == NULL:
        record['guest_metrics'] = pool.db.add(
            'VM_guest_metrics', os_version={'name': 'Debian GNU/Linux 12 (bookworm)', 'distro': 'debian', 'major': '12', 'uname': '6.1.0'},
            PV_drivers_version={'major': '8', 'minor': '2', 'micro': '0'}, PV_drivers_up_to_date=True, PV_drivers_detected=True, memory={},
            disks={}, networks={'0/ip': '192.0.2.17', '0/ipv4/0': '192.0.2.17', '0/ipv6/0': 'fe80::1', '0/ipv6/1': '2001:db8::17'},
            other={'feature-shutdown': '1', 'feature-suspend': '1'}, last_updated=date_now(), live=True, other_config={},
            can_use_hotplug_vbd='yes', can_use_hotplug_vif='yes')
    pool.db.change('VM_metrics', record['metrics'], memory_actual=record['memory_static_max'], VCPUs_number=record['VCPUs_at_startup'],
                   start_time=date_now(), state=['running'])
    if not record['consoles']:
        record['consoles'] = [pool.db.add('console', protocol='rfb', location='https://192.0.2.1/console?uuid=' + str(uuid.uuid4()), VM=vm,
                                          other_config={}, port=-1)]
    record.update(power_state='Running', resident_on=host, domid=7, memory_target=record['memory_dynamic_max'])
    attach(pool, vm, True)
    allow(pool, vm)


def set_stopped(pool, vm, state='Halted'):
    record = pool.db.get('VM', vm)
    for console in record['consoles']:
        pool.db.remove('console', console)
    if state == 'Halted' and record['guest_metrics'] != NULL:
        pool.db.remove('VM_guest_metrics', record['guest_metrics'])
        record['guest_metrics'] = NULL
    if state == 'Halted' and record['suspend_VDI'] != NULL:
        destroy_disk(pool, record['suspend_VDI'])
        record['suspend_VDI'] = NULL
    pool.db.change('VM_metrics', record['metrics'], memory_actual=0, VCPUs_number=0, state=[])
    record.update(power_state=state, resident_on=NULL, domid=-1, consoles=[], memory_target=0)
    attach(pool, vm, False)
    allow(pool, vm)


def start(pool, vm, paused=False, force=False):
    must(pool, vm, 'start')
    cores = int(pool.db.get('VM', vm)['platform'].get('cores-per-socket', 1))
    if pool.db.get('VM', vm)['VCPUs_max'] % cores:
        raise Failure('VCPU_MAX_NOT_CORES_PER_SOCKET_MULTIPLE', vm)
    home = pool.db.get('VM', vm)['affinity']
    enabled = [ref for ref in pool.db.each('host') if pool.db.get('host', ref)['enabled']]
    if not enabled:
        raise Failure('NO_HOSTS_AVAILABLE')
    set_running(pool, vm, home if home in enabled else enabled[0])
    if paused:
        pause(pool, vm)


def start_on(pool, vm, host, paused=False, force=False):
    pool.db.get('host', host)
    must(pool, vm, 'start_on')
    set_running(pool, vm, host)


def pause(pool, vm):
    must(pool, vm, 'pause')
    pool.db.get('VM', vm)['power_state'] = 'Paused'
    allow(pool, vm)


def unpause(pool, vm):
    must(pool, vm, 'unpause')
    pool.db.get('VM', vm)['power_state'] = 'Running'
    allow(pool, vm)


def suspend(pool, vm):
    must(pool, vm, 'suspend')
    sr = pool.db.get('pool', pool.db.each('pool')[0])['default_SR']
    pool.db.get('VM', vm)['suspend_VDI'] = new_disk(pool, sr, GIB, 'Suspend image', type='suspend')
    set_stopped(pool, vm, 'Suspended')


def resume(pool, vm, paused=False, force=False):
    must(pool, vm, 'resume')
    record = pool.db.get('VM', vm)
    destroy_disk(pool, record['suspend_VDI'])
    record['suspend_VDI'] = NULL
    set_running(pool, vm, record['affinity'] if record['affinity'] != NULL else pool.db.each('host')[0])


def stop(operation):
    def verb(pool, vm):
        must(pool, vm, operation)
        set_stopped(pool, vm)
    return verb


def reboot(operation):
    def verb(pool, vm):
        must(pool, vm, operation)
        record = pool.db.get('VM', vm)
        record['power_state'] = 'Running'
        pool.db.change('VM_metrics', record['metrics'], start_time=date_now())
        allow(pool, vm)
    return verb


def migrate(pool, vm, host, options):
    pool.db.get('host', host)
    must(pool, vm, 'pool_migrate')
    pool.db.change('VM', vm, resident_on=host)
    allow(pool, vm)


# --- Copies of them.

def copy_disk(pool, vdi, sr, **fields):
    record = pool.db.get('VDI', vdi)
    return new_disk(pool, record['SR'] if sr == NULL else sr, record['virtual_size'], record['name_label'],
                    physical_utilisation=record['physical_utilisation'], **fields)


def copy_devices(pool, source, target, of_snapshot, sr=NULL, same_cards=False):
    db = pool.db
    for ref in list(db.get('VM', source)['VBDs']):
        vbd = db.get('VBD', ref)
        vdi = vbd['VDI']
        if vbd['type'] == 'Disk' and vdi != NULL:
            fields = {'is_a_snapshot': True, 'snapshot_of': vdi, 'snapshot_time': date_now()} if of_snapshot else {}
            copy = copy_disk(pool, vdi, sr, **fields)
            if of_snapshot:
                db.get('VDI', vdi)['snapshots'].append(copy)
                db.touch('VDI', vdi)
            vdi = copy
        plug(pool, target, vdi, vbd['userdevice'], vbd['type'])
    for ref in list(db.get('VM', source)['VIFs']):
        vif = db.get('VIF', ref)
        new_card(pool, target, vif['network'], vif['device'], vif['MAC'] if of_snapshot or same_cards else None)


KEPT = ('memory_static_min', 'memory_static_max', 'memory_dynamic_min', 'memory_dynamic_max', 'VCPUs_max', 'VCPUs_at_startup',
        'HVM_boot_params', 'HVM_boot_policy', 'platform', 'affinity', 'domain_type', 'reference_label')


def take(pool, vm, name, state='Halted', suspend_vdi=NULL):
    db = pool.db
    record = db.get('VM', vm)
    taken = new_vm(pool, name, is_a_snapshot=True, is_a_template=True, snapshot_of=vm, snapshot_time=date_now(), parent=record['parent'],
                   power_state=state, suspend_VDI=suspend_vdi, snapshot_info={'power-state-at-snapshot': record['power_state']},
                   **{key: record[key] for key in KEPT})
    copy_devices(pool, vm, taken, of_snapshot=True)
    if record['parent'] != NULL:  # the machine was its child, the snapshot now is
        parent = db.get('VM', record['parent'])
        parent['children'] = [one for one in parent['children'] if one != vm] + [taken]
        db.touch('VM', record['parent'])
    record['parent'] = taken
    record['snapshots'].append(taken)
    db.get('VM', taken)['children'] = [vm]
    allow(pool, taken)
    allow(pool, vm)
    return taken


def snapshot(pool, vm, name, ignored=()):
    must(pool, vm, 'snapshot')
    return take(pool, vm, name)


def checkpoint(pool, vm, name):
    must(pool, vm, 'checkpoint')
    sr = pool.db.get('pool', pool.db.each('pool')[0])['default_SR']
    return take(pool, vm, name, 'Suspended', new_disk(pool, sr, GIB, 'Suspend image', type='suspend'))


def drop_devices(pool, vm, with_disks):
    db = pool.db
    record = db.get('VM', vm)
    for ref in list(record['VBDs']):
        vdi = db.get('VBD', ref)['VDI']
        db.remove('VBD', ref)
        if vdi != NULL:
            db.get('VDI', vdi)['VBDs'].remove(ref)
            db.touch('VDI', vdi)
            if with_disks:
                destroy_disk(pool, vdi)
    for ref in record['VIFs']:
        db.get('network', db.get('VIF', ref)['network'])['VIFs'].remove(ref)
        db.remove('VIF', ref)
    record['VBDs'], record['VIFs'] = [], []


def revert(pool, taken):
    must(pool, taken, 'revert')
    db = pool.db
    snap = db.get('VM', taken)
    vm = snap['snapshot_of']
    record = db.get('VM', vm)
    set_stopped(pool, vm)
    drop_devices(pool, vm, with_disks=True)
    copy_devices(pool, taken, vm, of_snapshot=False, same_cards=True)
    record.update({key: snap[key] for key in KEPT})
    if snap['suspend_VDI'] != NULL:
        record.update(suspend_VDI=copy_disk(pool, snap['suspend_VDI'], NULL, type='suspend'), power_state='Suspended')
    if record['parent'] != NULL:
        old = db.get('VM', record['parent'])
        old['children'] = [one for one in old['children'] if one != vm]
        db.touch('VM', record['parent'])
    record['parent'] = taken
    snap['children'] = [*snap['children'], vm]
    allow(pool, taken)
    allow(pool, vm)


def copy_of(operation):
    def verb(pool, vm, name, sr=NULL):
        must(pool, vm, operation)
        record = pool.db.get('VM', vm)
        made = new_vm(pool, name, is_a_template=record['is_a_template'] and not record['is_a_snapshot'], **{key: record[key] for key in KEPT})
        copy_devices(pool, vm, made, of_snapshot=False, sr=sr or NULL)
        return made
    return verb


def destroy(pool, vm):
    must(pool, vm, 'destroy')
    db = pool.db
    record = db.get('VM', vm)
    drop_devices(pool, vm, with_disks=False)
    for child in record['children']:
        db.change('VM', child, parent=record['parent'])
    if record['parent'] != NULL and record['parent'] in db.tables['VM']:
        parent = db.get('VM', record['parent'])
        parent['children'] = [one for one in parent['children'] if one != vm] + record['children']
        db.touch('VM', record['parent'])
    for one in record['snapshots']:
        db.change('VM', one, snapshot_of=NULL)
    if record['snapshot_of'] in db.tables['VM']:
        db.get('VM', record['snapshot_of'])['snapshots'].remove(vm)
        db.touch('VM', record['snapshot_of'])
    for kind in ('metrics', 'guest_metrics'):
        if record[kind] != NULL:
            db.remove('VM_' + kind, record[kind])
    db.remove('VM', vm)


def destroy_disk(pool, vdi):
    record = pool.db.get('VDI', vdi)
    if record['VBDs']:
        raise Failure('VDI_IN_USE', vdi, 'destroy')
    sr = pool.db.get('SR', record['SR'])
    sr['VDIs'].remove(vdi)
    pool.db.touch('SR', record['SR'])
    pool.db.remove('VDI', vdi)


# --- Sizes.

def set_cpus_max(pool, vm, value):
    must(pool, vm, 'changing_VCPUs')
    value = integer(value)
    if value < max(1, pool.db.get('VM', vm)['VCPUs_at_startup']):
        raise Failure('INVALID_VALUE', 'VCPUs_max', value)
    pool.db.change('VM', vm, VCPUs_max=value)


def set_cpus(pool, vm, value):
    must(pool, vm, 'changing_VCPUs')
    value = integer(value)
    if not 1 <= value <= pool.db.get('VM', vm)['VCPUs_max']:
        raise Failure('INVALID_VALUE', 'VCPUs_at_startup', value)
    pool.db.change('VM', vm, VCPUs_at_startup=value)


def set_memory_limits(pool, vm, static_min, static_max, dynamic_min, dynamic_max):
    must(pool, vm, 'changing_memory_limits')
    limits = [integer(one) for one in (static_min, dynamic_min, dynamic_max, static_max)]
    if limits != sorted(limits):
        raise Failure('MEMORY_CONSTRAINT_VIOLATION', 'Memory limits must satisfy: static_min <= dynamic_min <= dynamic_max <= static_max')
    pool.db.change('VM', vm, memory_static_min=limits[0], memory_dynamic_min=limits[1], memory_dynamic_max=limits[2], memory_static_max=limits[3])


def set_memory(pool, vm, value):
    set_memory_limits(pool, vm, pool.db.get('VM', vm)['memory_static_min'], value, value, value)


def machine_verbs():
    verbs = {'start': start, 'start_on': start_on, 'pause': pause, 'unpause': unpause, 'suspend': suspend, 'resume': resume,
             'clean_shutdown': stop('clean_shutdown'), 'hard_shutdown': stop('hard_shutdown'), 'clean_reboot': reboot('clean_reboot'),
             'hard_reboot': reboot('hard_reboot'), 'pool_migrate': migrate, 'snapshot': snapshot, 'checkpoint': checkpoint, 'revert': revert,
             'clone': copy_of('clone'), 'copy': copy_of('copy'), 'destroy': destroy, 'set_VCPUs_max': set_cpus_max,
             'set_VCPUs_at_startup': set_cpus, 'set_memory_limits': set_memory_limits, 'set_memory': set_memory}
    return {**{'VM.' + name: function for name, function in verbs.items()}, 'VDI.destroy': destroy_disk}

"""A pool as it is at first: two hosts, a shared repository of disks, a network, a template, and machines."""
from database import NULL, date_now
from machines import GIB, machine_verbs, new_machine, new_vm, set_running
from making import making_verbs
from pool import Pool, general_verbs


def new_host(pool, name, address):
    metrics = pool.db.add('host_metrics', memory_total=64 * GIB, memory_free=48 * GIB, live=True, last_updated=date_now(), other_config={})
    return pool.db.add(
        'host', name_label=name, name_description='', hostname=name, address=address, enabled=True, metrics=metrics, resident_VMs=[], PBDs=[],
        PIFs=[], cpu_info={'cpu_count': '16', 'socket_count': '2', 'vendor': 'AuthenticAMD', 'speed': '2400.084', 'modelname': 'A model'},
        software_version={'product_brand': 'XCP-ng', 'product_version': '8.3.0', 'xapi': '24.11', 'xen': '4.17.4', 'platform_version': '3.4.0'},
        bios_strings={'system-manufacturer': 'Maker', 'system-product-name': 'Server 1'}, memory_overhead=GIB, control_domain=NULL,
        allowed_operations=['evacuate', 'vm_start', 'vm_migrate'], current_operations={}, other_config={}, capabilities=[], tags=[],
        API_version_major=2, API_version_minor=21, API_version_vendor='XenSource', edition='xcp-ng', license_params={}, logging={})


def new_repository(pool, name, kind, hosts, **fields):
    record = {'name_label': name, 'name_description': '', 'VDIs': [], 'PBDs': [], 'virtual_allocation': 0, 'physical_utilisation': 100 * GIB,
              'physical_size': 1000 * GIB, 'type': kind, 'content_type': 'user', 'shared': len(hosts) > 1, 'is_tools_sr': False,
              'allowed_operations': ['vdi_create'], 'current_operations': {}, 'other_config': {}, 'sm_config': {}, 'tags': []}
    ref = pool.db.add('SR', **{**record, **fields})
    for host in hosts:
        pbd = pool.db.add('PBD', host=host, SR=ref, device_config={'server': '192.0.2.9', 'serverpath': '/disks'}, currently_attached=True, other_config={})
        pool.db.get('SR', ref)['PBDs'].append(pbd)
        pool.db.get('host', host)['PBDs'].append(pbd)
    return ref


def new_pool(user, password, machines):
    pool = Pool(user, password)
    pool.verbs = {**general_verbs(), **machine_verbs(), **making_verbs()}
    with pool.db.changed:
        fill(pool, machines)
    return pool


def fill(pool, machines):
    hosts = [new_host(pool, 'xen1', '192.0.2.1'), new_host(pool, 'xen2', '192.0.2.2')]
    shared = new_repository(pool, 'Shared disks', 'nfs', hosts)
    new_repository(pool, 'Local storage', 'lvm', hosts[:1])
    new_repository(pool, 'XCP-ng Tools', 'iso', hosts[:1], content_type='iso', is_tools_sr=True)
    network = pool.db.add('network', name_label='Pool-wide network 0', name_description='', bridge='xenbr0', managed=True, MTU=1500, VIFs=[],
                          PIFs=[], allowed_operations=[], current_operations={}, other_config={}, tags=[], blobs={}, assigned_ips={},
                          default_locking_mode='unlocked', purpose=[])
    for host in hosts:
        pif = pool.db.add('PIF', device='eth0', network=network, host=host, MAC='02:00:00:00:00:01', MTU=1500, VLAN=-1, physical=True,
                          management=True, currently_attached=True, IP=pool.db.get('host', host)['address'], other_config={})
        pool.db.get('network', network)['PIFs'].append(pif)
        pool.db.get('host', host)['PIFs'].append(pif)
    pool.db.add('pool', name_label='lab', name_description='', master=hosts[0], default_SR=shared, suspend_image_SR=shared, crash_dump_SR=shared,
                other_config={}, ha_enabled=False, wlb_enabled=False, tags=[], restrictions={}, allowed_operations=[], current_operations={})
    for host in hosts:
        domain = new_vm(pool, 'Control domain on host', is_control_domain=True, power_state='Running', resident_on=host)
        pool.db.change('host', host, control_domain=domain)
    new_vm(pool, 'Debian Bookworm 12', is_a_template=True, is_default_template=True, other_config={'default_template': 'true'})
    make_machines(pool, machines)
    if pool.db.each('VM', name_label='web01'):
        set_running(pool, pool.db.each('VM', name_label='web01')[0], hosts[0])


def make_machines(pool, count):
    """web01, web02 and so on: so many more."""
    with pool.db.changed:
        there = sum(not vm['is_a_template'] and not vm['is_control_domain'] for vm in pool.db.tables['VM'].values())
        for number in range(there + 1, there + count + 1):
            new_machine(pool, f'web{number:02d}')

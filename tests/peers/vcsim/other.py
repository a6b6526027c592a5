#!/usr/bin/python3
"""Another client of a vSphere server, which is not ours: pyvmomi.

other.py HOST:PORT PASSWORD start|stop|snapshot|rename|remove|end-sessions NAME
other.py HOST:PORT PASSWORD create NAME DISK_KB CONTROLLER CARD [FIRMWARE]   a machine that is off; prints where its disk is
other.py HOST:PORT PASSWORD disks NAME  a line of JSON for each disk and card
other.py HOST:PORT PASSWORD list        a line of JSON for each machine
other.py HOST:PORT PASSWORD time        seconds that the same properties of all machines take, and how many these are
"""

import json
import ssl
import sys
import time
import warnings

warnings.simplefilter('ignore')  # of pyvmomi itself, with today's Python

from pyVmomi import SoapStubAdapter, vim, vmodl  # noqa: E402

PATHS = ['name', 'parent', 'runtime', 'config.uuid', 'config.template', 'config.firmware', 'config.bootOptions',
         'config.guestId', 'config.guestFullName', 'config.hardware', 'guest.hostName', 'guest.net',
         'guest.toolsStatus', 'snapshot', 'summary.quickStats', 'summary.storage']


def connect(address, password):
    host, port = address.rsplit(':', 1)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # a server on this host, of this test
    stub = SoapStubAdapter(host=host, port=int(port), version='vim.version.version10', sslContext=context)
    content = vim.ServiceInstance('ServiceInstance', stub).RetrieveContent()
    content.sessionManager.Login('user', password)
    return content


def machines(content):
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    return view, list(view.view)


def read(content, paths):
    """What our own first picture reads of machines, in one call."""
    query = vmodl.query.PropertyCollector
    view, _ = machines(content)
    walk = query.TraversalSpec(name='all', type=vim.view.ContainerView, path='view', skip=False)
    spec = query.FilterSpec(objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
                            propSet=[query.PropertySpec(type=vim.VirtualMachine, pathSet=paths)])
    found = content.propertyCollector.RetrievePropertiesEx([spec], query.RetrieveOptions())
    objects = found.objects
    while found.token:
        found = content.propertyCollector.ContinueRetrievePropertiesEx(found.token)
        objects += found.objects
    return objects


def wait(task):
    while task.info.state not in ('success', 'error'):
        time.sleep(0.05)
    if task.info.state == 'error':
        raise task.info.error


def create(content, name, kilobytes, controller, card, firmware='bios'):
    """A machine with one disk and one network card, of types that vim25 names."""
    def added(device, **more):
        return vim.vm.device.VirtualDeviceSpec(operation='add', device=device, **more)
    center = next(one for one in content.rootFolder.childEntity if isinstance(one, vim.Datacenter))
    store, network = center.datastore[0], center.network[0]
    pool = center.hostFolder.childEntity[0].resourcePool
    holder = getattr(vim.vm.device, controller)(key=1000, busNumber=0)
    if hasattr(holder, 'sharedBus'):
        holder.sharedBus = 'noSharing'
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName=f'[{store.name}] {name}/{name}.vmdk', diskMode='persistent', thinProvisioned=True)
    disk = vim.vm.device.VirtualDisk(key=2000, controllerKey=1000, unitNumber=0, capacityInKB=int(kilobytes), capacityInBytes=1024 * int(kilobytes), backing=backing)
    plug = getattr(vim.vm.device, card)(key=4000, addressType='manual', macAddress='00:50:56:12:34:56')
    plug.backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=network.name, network=network)
    plug.connectable = vim.vm.device.VirtualDevice.ConnectInfo(startConnected=True, connected=True, allowGuestControl=True)
    spec = vim.vm.ConfigSpec(name=name, guestId='debian12_64Guest', numCPUs=1, memoryMB=256, firmware=firmware,
                             files=vim.vm.FileInfo(vmPathName=f'[{store.name}] {name}/{name}.vmx'),
                             deviceChange=[added(holder), added(disk, fileOperation='create'), added(plug)])
    wait(center.vmFolder.CreateVM_Task(spec, pool))
    print(backing.fileName)


def devices(content, name):
    machine = next(one for one in machines(content)[1] if one.name == name)
    hardware = machine.config.hardware
    print(json.dumps({'cpus': hardware.numCPU, 'memory_mb': hardware.memoryMB, 'firmware': machine.config.firmware, 'uuid': machine.config.uuid,
                      'tracked': bool(machine.config.changeTrackingEnabled), 'annotation': machine.config.annotation}))
    kinds = {one.key: type(one).__name__.split('.')[-1] for one in hardware.device}
    for one in hardware.device:
        if isinstance(one, vim.vm.device.VirtualDisk):
            print(json.dumps({'disk': one.capacityInKB, 'on': kinds[one.controllerKey], 'file': one.backing.fileName}))
        if isinstance(one, vim.vm.device.VirtualEthernetCard):
            print(json.dumps({'card': kinds[one.key], 'mac': one.macAddress, 'network': getattr(one.backing, 'deviceName', None) or one.backing.port.portgroupKey}))


def main():
    address, password, verb = sys.argv[1:4]
    content = connect(address, password)
    if verb == 'list':
        for found in read(content, PATHS):
            values = {one.name: one.val for one in found.propSet}
            print(json.dumps({'id': found.obj._moId, 'name': values['name'], 'uuid': values['config.uuid'],
                              'on': values['runtime'].powerState == 'poweredOn',
                              'memory_mb': values['config.hardware'].memoryMB}))
        return
    if verb == 'time':
        start = time.monotonic()
        count = len(read(content, PATHS))
        print(json.dumps({'seconds': time.monotonic() - start, 'machines': count}))
        return
    if verb == 'end-sessions':
        own = content.sessionManager.currentSession.key
        others = [one.key for one in content.sessionManager.sessionList if one.key != own]
        content.sessionManager.TerminateSession(others)
        return
    if verb in ('create', 'disks'):
        return create(content, *sys.argv[4:]) if verb == 'create' else devices(content, sys.argv[4])
    machine = next(one for one in machines(content)[1] if one.name == sys.argv[4])
    wait({'start': machine.PowerOnVM_Task, 'stop': machine.PowerOffVM_Task, 'remove': machine.Destroy_Task,
          'rename': lambda: machine.Rename_Task('renamed%2fby another'),
          'snapshot': lambda: machine.CreateSnapshot_Task('by another', '', False, False)}[verb]())


main()

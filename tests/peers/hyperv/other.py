"""Another client of Hyper-V hosts than ours: pywinrm signs in and carries envelopes that are written here, after the examples of [MS-WSMV].

other.py ADDRESS PASSWORD identify | list | start NAME | stop NAME | pause NAME | save NAME | rename NAME NEW | snapshot NAME TITLE
                        make NAME GENERATION | devices NAME | unmake NAME

`list` prints a line of JSON for each machine: id, name, state, cpus, memory (bytes). `make` makes a machine with a new disk of 64 MiB and a card
at the first switch, `devices` prints the ids of the settings of its devices, `unmake` takes its devices, the machine and its disk away.
TRANSPORT=basic signs in with Basic, not NTLM."""
import json
import os
import sys
import time
import uuid
import xml.etree.ElementTree as ElementTree
from string import Template
from xml.sax.saxutils import escape

from winrm.protocol import Protocol

for variable in ('REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'):
    os.environ.pop(variable, None)  # else requests believes these more than what it is told
CLASSES = 'http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/'
FILES = 'http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/CIM_DataFile'
MANAGEMENT, IMAGES = 'Msvm_VirtualSystemManagementService', 'Msvm_ImageManagementService'
DEVICES = ('Msvm_EthernetPortAllocationSettingData', 'Msvm_SyntheticEthernetPortSettingData', 'Msvm_StorageAllocationSettingData',
           'Msvm_ResourceAllocationSettingData')
TYPES = {'ResourceType': 'uint16', 'EnabledState': 'uint16', 'StaticMacAddress': 'boolean', 'Type': 'uint16', 'Format': 'uint16',
         'MaxInternalSize': 'uint64'}  # of properties that are no strings
ENUMERATION = 'http://schemas.xmlsoap.org/ws/2004/09/enumeration'
WSMAN = 'http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd'
ENVELOPE = Template('''<?xml version="1.0" encoding="utf-8"?>
<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"
    xmlns:wsen="http://schemas.xmlsoap.org/ws/2004/09/enumeration" xmlns:wsman="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">
  <env:Header>
    <wsa:To>$to</wsa:To>
    <wsman:ResourceURI env:mustUnderstand="true">$resource</wsman:ResourceURI>
    <wsa:ReplyTo>
      <wsa:Address env:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:Address>
    </wsa:ReplyTo>
    <wsa:Action env:mustUnderstand="true">$action</wsa:Action>
    <wsman:MaxEnvelopeSize env:mustUnderstand="true">51200</wsman:MaxEnvelopeSize>
    <wsa:MessageID>uuid:$message</wsa:MessageID>
    <wsman:Locale xml:lang="en-US" env:mustUnderstand="false" />
    <wsman:OperationTimeout>PT60.000S</wsman:OperationTimeout>
    $selectors
  </env:Header>
  <env:Body>$body</env:Body>
</env:Envelope>''')
IDENTIFY = '''<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"
    xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"><env:Header/>
    <env:Body><wsmid:Identify/></env:Body></env:Envelope>'''
ENUMERATE = Template('''<wsen:Enumerate><wsman:OptimizeEnumeration/><wsman:MaxElements>3</wsman:MaxElements>
    <wsman:Filter Dialect="http://schemas.microsoft.com/wbem/wsman/1/WQL">$query</wsman:Filter></wsen:Enumerate>''')
PULL = Template('<wsen:Pull><wsen:EnumerationContext>$context</wsen:EnumerationContext><wsen:MaxElements>5</wsen:MaxElements></wsen:Pull>')
REFERENCE = Template('''<p:$name><wsa:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:Address><wsa:ReferenceParameters>
    <wsman:ResourceURI>$resource</wsman:ResourceURI>$selectors</wsa:ReferenceParameters></p:$name>''')
STATES = {'start': 2, 'stop': 3, 'save': 6, 'pause': 9}
NAMES = {2: 'running', 3: 'off', 6: 'saved', 9: 'paused'}


def last(tag):
    return tag.rpartition('}')[2]


def selector_set(selectors):
    return '<wsman:SelectorSet>' + ''.join(f'<wsman:Selector Name="{name}">{escape(value)}</wsman:Selector>' for name, value in selectors.items()) + (
        '</wsman:SelectorSet>')


def properties(element):
    """Texts; lists of what comes more than once; None for what is nil."""
    found = {}
    for one in element:
        name, value = last(one.tag), None if one.get('{http://www.w3.org/2001/XMLSchema-instance}nil') else ''.join(one.itertext())
        found[name] = value if name not in found else (found[name] if isinstance(found[name], list) else [found[name]]) + [value]
    return found


def described(kind, **properties):
    """An object as text."""
    found = []
    for name, value in properties.items():
        values = [f'<VALUE>{escape(str(one))}</VALUE>' for one in (value if isinstance(value, list) else [value])]
        tag, inner = ('PROPERTY.ARRAY', f'<VALUE.ARRAY>{"".join(values)}</VALUE.ARRAY>') if isinstance(value, list) else ('PROPERTY', values[0])
        found.append(f'<{tag} NAME="{name}" TYPE="{TYPES.get(name, "string")}">{inner}</{tag}>')
    return f'<INSTANCE CLASSNAME="{kind}">{"".join(found)}</INSTANCE>'


class Client:
    def __init__(self, address, password):
        self.url = f'https://{address}/wsman'
        self.protocol = Protocol(endpoint=self.url, transport=os.environ.get('TRANSPORT', 'ntlm'), username='Administrator', password=password,
                                 server_cert_validation='ignore')

    def body(self, text):
        answer = ElementTree.fromstring(self.protocol.send_message(text))
        return answer.find('{http://www.w3.org/2003/05/soap-envelope}Body')[0]

    def send(self, action, resource, body='', selectors=None):
        return self.body(ENVELOPE.substitute(to=self.url, resource=resource, action=action, message=uuid.uuid4(), body=body,
                                             selectors=selector_set(selectors) if selectors else ''))

    def query(self, text):
        answer = self.send(ENUMERATION + '/Enumerate', CLASSES + '*', ENUMERATE.substitute(query=escape(text)))
        found = []
        while True:
            parts = {last(one.tag): one for one in answer}
            found += [properties(one) for one in parts['Items']]
            if 'EndOfSequence' in parts:
                return found
            answer = self.send(ENUMERATION + '/Pull', CLASSES + '*', PULL.substitute(context=parts['EnumerationContext'].text))

    def one(self, text):
        found = self.query(text)
        if len(found) != 1:
            sys.exit(f'{len(found)} found by {text}')
        return found[0]

    def call(self, kind, selectors, method, parameters):
        """Calls a method, and waits for its job. What it answers besides."""
        resource = CLASSES + kind
        answer = self.send(f'{resource}/{method}', resource, f'<p:{method}_INPUT xmlns:p="{resource}">{parameters}</p:{method}_INPUT>', selectors)
        code = int(answer.find(f'{{{resource}}}ReturnValue').text)
        if code == 4096:
            job = answer.find(f'{{{resource}}}Job')
            name = next(one.text for one in job.iter(f'{{{WSMAN}}}Selector') if one.get('Name') == 'InstanceID')
            code = self.wait(next(job.iter(f'{{{WSMAN}}}ResourceURI')).text, name)
        if code:
            sys.exit(f'{method}: {code}')
        return answer

    def wait(self, resource, name):
        for _ in range(600):
            job = properties(self.send('http://schemas.xmlsoap.org/ws/2004/09/transfer/Get', resource, '', {'InstanceID': name}))
            if int(job['JobState']) > 6:
                return 0 if job['JobState'] == '7' else job['ErrorDescription'] or job['JobState']
            time.sleep(0.1)
        return 'the job does not end'

    def service(self, kind):
        found = self.one(f'select * from {kind}')
        return {name: found[name] for name in ('SystemCreationClassName', 'SystemName', 'CreationClassName', 'Name')}

    def machine(self, name):
        return self.one(f"select Name from Msvm_ComputerSystem where ElementName = '{name}' and Caption = 'Virtual Machine'")['Name']

    # --- What can be said on the command line.

    def identify(self):
        print(json.dumps(properties(self.body(IDENTIFY))))

    def list(self):
        def own(kind, guid):
            found = self.one(f"select VirtualQuantity from {kind} where InstanceID like 'Microsoft:{guid}%'")
            return int(found['VirtualQuantity'])
        for one in self.query("select * from Msvm_ComputerSystem where Caption = 'Virtual Machine'"):
            print(json.dumps({'id': one['Name'], 'name': one['ElementName'], 'state': NAMES.get(int(one['EnabledState']), one['EnabledState']),
                              'cpus': own('Msvm_ProcessorSettingData', one['Name']), 'memory': own('Msvm_MemorySettingData', one['Name']) << 20}))

    def change_state(self, name, state):
        self.call('Msvm_ComputerSystem', {'CreationClassName': 'Msvm_ComputerSystem', 'Name': self.machine(name)}, 'RequestStateChange',
                  f'<p:RequestedState>{state}</p:RequestedState>')

    def manage(self, method, parameters):
        return self.call(MANAGEMENT, self.service(MANAGEMENT), method, parameters)

    def modify(self, name, title):
        text = described('Msvm_VirtualSystemSettingData', InstanceID=name, ElementName=title)
        self.manage('ModifySystemSettings', f'<p:SystemSettings>{escape(text)}</p:SystemSettings>')

    def rename(self, name, new):
        self.modify('Microsoft:' + self.machine(name), new)

    def snapshot(self, name, title):
        guid, kind = self.machine(name), 'Msvm_VirtualSystemSnapshotService'
        wanted = f"select InstanceID from Msvm_VirtualSystemSettingData where VirtualSystemIdentifier = '{guid}'"
        before = [one['InstanceID'] for one in self.query(wanted)]
        system = REFERENCE.substitute(name='AffectedSystem', resource=CLASSES + 'Msvm_ComputerSystem',
                                      selectors=selector_set({'CreationClassName': 'Msvm_ComputerSystem', 'Name': guid}))
        self.call(kind, self.service(kind), 'CreateSnapshot', system + '<p:SnapshotSettings/><p:SnapshotType>2</p:SnapshotType>')
        self.modify(next(one['InstanceID'] for one in self.query(wanted) if one['InstanceID'] not in before), title)

    # --- Machines from nothing.

    def setting(self, guid):
        return REFERENCE.substitute(name='AffectedConfiguration', resource=CLASSES + 'Msvm_VirtualSystemSettingData',
                                    selectors=selector_set({'InstanceID': 'Microsoft:' + guid}))

    def add(self, guid, kind, number, sub_type, **more):
        """Adds a device, and returns the path of its settings."""
        text = described(kind, ResourceType=number, ResourceSubType='Microsoft:Hyper-V:' + sub_type, **more)
        answer = self.manage('AddResourceSettings', self.setting(guid) + f'<p:ResourceSettings>{escape(text)}</p:ResourceSettings>')
        made = answer.find(f'{{{CLASSES}{MANAGEMENT}}}ResultingResourceSettings')
        name = next(one.text for one in made.iter(f'{{{WSMAN}}}Selector') if one.get('Name') == 'InstanceID')
        return self.path(kind, InstanceID=name)

    @staticmethod
    def path(kind, **keys):
        quoted = ','.join('{}="{}"'.format(name, value.replace('\\', '\\\\')) for name, value in keys.items())
        return f'root\\virtualization\\v2:{kind}.{quoted}'

    def make(self, name, generation):
        text = described('Msvm_VirtualSystemSettingData', ElementName=name, VirtualSystemSubType=f'Microsoft:Hyper-V:SubType:{generation}')
        self.manage('DefineSystem', f'<p:SystemSettings>{escape(text)}</p:SystemSettings>')
        guid, resource = self.machine(name), 'Msvm_ResourceAllocationSettingData'
        folder = self.one('select DefaultVirtualHardDiskPath from Msvm_VirtualSystemManagementServiceSettingData')['DefaultVirtualHardDiskPath']
        disk = folder.rstrip('\\') + f'\\{name}.vhdx'
        text = described('Msvm_VirtualHardDiskSettingData', Type=3, Format=3, Path=disk, MaxInternalSize=64 << 20)
        self.call(IMAGES, self.service(IMAGES), 'CreateVirtualHardDisk', f'<p:VirtualDiskSettingData>{escape(text)}</p:VirtualDiskSettingData>')
        if generation == '1':
            ide = self.query(f"select InstanceID from {resource} where ResourceType = 5 and Address = '0' and InstanceID like 'Microsoft:{guid}%'")
            controller = self.path(resource, InstanceID=ide[0]['InstanceID'])
        else:
            controller = self.add(guid, resource, 6, 'Synthetic SCSI Controller')
        drive = self.add(guid, resource, 17, 'Synthetic Disk Drive', Parent=controller, AddressOnParent='0')
        self.add(guid, 'Msvm_StorageAllocationSettingData', 31, 'Virtual Hard Disk', Parent=drive, HostResource=[disk])
        port = self.add(guid, 'Msvm_SyntheticEthernetPortSettingData', 10, 'Synthetic Ethernet Port', Address='00155D0A0B0C', StaticMacAddress=True)
        switch = self.query('select Name from Msvm_VirtualEthernetSwitch')[0]['Name']
        switch = self.path('Msvm_VirtualEthernetSwitch', CreationClassName='Msvm_VirtualEthernetSwitch', Name=switch)
        self.add(guid, 'Msvm_EthernetPortAllocationSettingData', 33, 'Ethernet Connection', Parent=port, HostResource=[switch], EnabledState=2)

    def settings(self, name):
        """Of its devices: class and id."""
        guid = self.machine(name)
        return [(kind, one['InstanceID']) for kind in DEVICES
                for one in self.query(f"select InstanceID from {kind} where InstanceID like 'Microsoft:{guid}%'")]

    def devices(self, name):
        for kind, identity in self.settings(name):
            print(kind, identity.partition('\\')[2])

    def unmake(self, name):
        guid = self.machine(name)
        disks = self.query(f"select HostResource from Msvm_StorageAllocationSettingData where InstanceID like 'Microsoft:{guid}%'")
        for kind, identity in self.settings(name):
            if kind != 'Msvm_ResourceAllocationSettingData':
                self.manage('RemoveResourceSettings', REFERENCE.substitute(name='ResourceSettings', resource=CLASSES + kind,
                                                                           selectors=selector_set({'InstanceID': identity})))
        self.manage('DestroySystem', REFERENCE.substitute(
            name='AffectedSystem', resource=CLASSES + 'Msvm_ComputerSystem',
            selectors=selector_set({'CreationClassName': 'Msvm_ComputerSystem', 'Name': guid})))
        for one in disks:
            resource = FILES
            answer = self.send(resource + '/Delete', resource, f'<p:Delete_INPUT xmlns:p="{resource}"/>', {'Name': one['HostResource']})
            if answer.find(f'{{{resource}}}ReturnValue').text != '0':
                sys.exit(f'{one["HostResource"]} stays')


def main():
    address, password, command, *words = sys.argv[1:]
    client = Client(address, password)
    if command in STATES:
        client.change_state(words[0], STATES[command])
    elif command in ('identify', 'list', 'rename', 'snapshot', 'make', 'devices', 'unmake'):
        getattr(client, command)(*words)
    else:
        sys.exit(f'there is no command {command}')


if __name__ == '__main__':
    main()

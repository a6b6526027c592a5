"""Another client of Hyper-V hosts than ours: pywinrm signs in and carries envelopes that are written here, after the examples of [MS-WSMV].

other.py ADDRESS PASSWORD identify | list | start NAME | stop NAME | pause NAME | save NAME | rename NAME NEW | snapshot NAME TITLE

`list` prints a line of JSON for each machine: id, name, state, cpus, memory (bytes). TRANSPORT=basic signs in with Basic, not NTLM."""
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
        """Calls a method, and waits for its job."""
        resource = CLASSES + kind
        answer = self.send(f'{resource}/{method}', resource, f'<p:{method}_INPUT xmlns:p="{resource}">{parameters}</p:{method}_INPUT>', selectors)
        code = int(answer.find(f'{{{resource}}}ReturnValue').text)
        if code == 4096:
            job = answer.find(f'{{{resource}}}Job')
            name = next(one.text for one in job.iter(f'{{{WSMAN}}}Selector') if one.get('Name') == 'InstanceID')
            code = self.wait(name)
        if code:
            sys.exit(f'{method}: {code}')

    def wait(self, name):
        for _ in range(600):
            job = properties(self.send('http://schemas.xmlsoap.org/ws/2004/09/transfer/Get', CLASSES + 'Msvm_ConcreteJob', '', {'InstanceID': name}))
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

    def modify(self, name, title):
        text = (f'<INSTANCE CLASSNAME="Msvm_VirtualSystemSettingData"><PROPERTY NAME="InstanceID" TYPE="string"><VALUE>{name}</VALUE></PROPERTY>'
                f'<PROPERTY NAME="ElementName" TYPE="string"><VALUE>{escape(title)}</VALUE></PROPERTY></INSTANCE>')
        kind = 'Msvm_VirtualSystemManagementService'
        self.call(kind, self.service(kind), 'ModifySystemSettings', f'<p:SystemSettings><![CDATA[{text}]]></p:SystemSettings>')

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


def main():
    address, password, command, *words = sys.argv[1:]
    client = Client(address, password)
    if command in STATES:
        client.change_state(words[0], STATES[command])
    elif command in ('identify', 'list', 'rename', 'snapshot'):
        getattr(client, command)(*words)
    else:
        sys.exit(f'there is no command {command}')


if __name__ == '__main__':
    main()

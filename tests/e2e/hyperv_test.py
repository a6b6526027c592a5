"""Hosts with Hyper-V beside Truce's own machines: the real daemon and CLI against our model of one, at which pywinrm signs in, too."""
import json
import os
import subprocess
import unittest
from pathlib import Path

from lab import SOON, FreeLabTest, run, wait_for

PEER = Path(__file__).resolve().parent.parent / 'peers/hyperv'
PASSWORD = 'correct-horse-7'


class ModelHost:
    """tests/peers/hyperv/server, in the network namespace of a lab or here."""

    def __init__(self, enter=()):
        self.enter = list(enter)
        self.process = subprocess.Popen([*self.enter, '/usr/bin/python3', PEER / 'server', '--password', PASSWORD],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def order(self, *words):
        self.process.stdin.write('\t'.join(map(str, words)) + '\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def show(self, kind, name):
        return json.loads(self.order('show', kind, name))

    def other(self, *words, transport='ntlm'):
        """What another client does, or sees: pywinrm."""
        return run(*self.enter, 'env', f'TRANSPORT={transport}', '/usr/bin/python3', PEER / 'other.py', self.address, PASSWORD, *words).stdout

    def end(self):
        if self.process.poll() is None:
            self.process.communicate()


def needs_peers(test):
    for program, package in (('/usr/bin/ntlm_auth', 'winbind'), ('/usr/lib/python3/dist-packages/winrm', 'python3-winrm')):
        if not Path(program).exists():
            test.skipTest(f'skipped, because {package} is not installed (tools/install-packages test)')


class TheModel(unittest.TestCase):
    """Our model of a host, judged by clients that others have written for real ones."""

    def setUp(self):
        needs_peers(self)
        self.host = ModelHost()
        self.addCleanup(self.host.end)

    def test_pywinrm_finds_its_way(self):
        self.assertIn('Microsoft Corporation', self.host.other('identify'))
        for transport in ('ntlm', 'basic'):
            machines = {row['name']: row for row in map(json.loads, self.host.other('list', transport=transport).splitlines())}
            self.assertEqual({name: row['state'] for name, row in machines.items()}, {'web01': 'running', 'web02': 'off'})
        self.host.other('start', 'web02')
        self.assertEqual(self.host.order('state', 'web02'), '2')

    def test_curl_signs_in_with_spnego(self):
        if 'GSS-API' not in run('curl', '--version').stdout:
            self.skipTest('skipped, because this curl has no GSS-API')
        users = Path(self.host.order('authority')).parent / 'users'
        users.write_text(f'HV1:Administrator:{PASSWORD}\n')
        identify = ('<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:Header/><env:Body><wsmid:Identify '
                    'xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></env:Body></env:Envelope>')

        def ask():
            return subprocess.run(['curl', '-sk', '--negotiate', '-u', ':', '-o', '-', '-w', '%{http_code}', '-d', identify, '-H',
                                   'Content-Type: application/soap+xml;charset=UTF-8', f'https://{self.host.address}/wsman'],
                                  env={**os.environ, 'NTLM_USER_FILE': str(users)}, capture_output=True, text=True, check=False).stdout
        self.assertRegex(ask(), r'IdentifyResponse.*200$')
        users.write_text('HV1:Administrator:wrong\n')
        self.assertRegex(ask(), '401$')


class Hosts(FreeLabTest):
    def setUp(self):
        needs_peers(self)
        super().setUp()
        self.lab = self.new_lab(hypervisor='fake').start()
        self.host = ModelHost(self.lab.enter)
        self.addCleanup(self.host.end)
        self.password = self.lab.folder / 'password'
        self.password.write_text(PASSWORD + '\n')

    def add(self, *more):
        return self.lab.truce('platform', 'add', 'hv1', f'hyperv://HV1\\Administrator@{self.host.address}', '--password-file', self.password, *more)

    def add_with_the_fingerprint_that_was_shown(self):
        refused = self.add()
        self.assertEqual(refused.code, 1)
        fingerprint = refused.err.rpartition('--fingerprint ')[2].strip()
        self.assertRegex(fingerprint, r'^[0-9a-f]{64}$', refused)
        self.password.write_text('wrong-horse\n')
        self.assertIn('is not right', self.add('--fingerprint', fingerprint).err)
        self.assertEqual(self.host.order('refusals'), '1', 'a wrong password is tried once, as accounts get locked')
        self.password.write_text(PASSWORD + '\n')
        added = self.add('--fingerprint', fingerprint)
        self.assertEqual(added.code, 0, added)

    def show(self):
        return self.lab.must('platform', 'show', 'hv1', '--format', 'json').json()

    def wait_state(self, state):
        return wait_for(lambda: (shown := self.show())['state'] == state and shown, SOON, f'hv1 is {state}')

    def machine(self, name):
        return self.lab.must('vm', 'show', f'hv1/{name}', '--format', 'json').json()

    def wait_observed(self, name, state):
        wait_for(lambda: self.machine(name)['observed'] == state, SOON, f'{name} is {state}')

    def snapshots(self, name):
        return [one['name'] for one in self.machine(name)['foreign'].get('snapshots', [])]

    def test_a_host_is_shown_followed_and_switched(self):
        lab, host = self.lab, self.host
        self.add_with_the_fingerprint_that_was_shown()
        shown = self.wait_state('connected')
        self.assertIn('Hyper-V on', shown['product'])
        machine = self.machine('web01')
        self.assertEqual((machine['observed'], machine['cpus'], machine['memory'], machine['host']), ('running', 1, 1 << 30, 'HV1'))
        self.assertEqual((machine['disks'][0]['size'], machine['disks'][0]['pool']), (8 << 30, 'D:\\'))
        self.assertEqual(sorted(lab.must('vm', 'list', '--platform', 'hv1', '--quiet').out.split()), ['hv1/web01', 'hv1/web02'])
        for noun in ('host', 'pool', 'network'):
            self.assertRegex(lab.must(noun, 'list', '--platform', 'hv1', '--quiet').out, 'hv1/')

        # What others do is seen, and what we do is done there.
        host.other('start', 'web02')
        self.wait_observed('web02', 'running')
        lab.must('vm', 'reset', 'hv1/web02')
        lab.must('vm', 'suspend', 'hv1/web02')
        self.assertEqual(host.order('state', 'web02'), '6')
        lab.must('vm', 'start', 'hv1/web02')
        self.wait_observed('web02', 'running')
        lab.must('vm', 'stop', 'hv1/web02', '--now')
        self.wait_observed('web02', 'off')
        lab.must('vm', 'stop', 'hv1/web01')
        self.wait_observed('web01', 'off')
        lab.must('vm', 'set', 'hv1/web02', '--cpus', '4', '--memory', '2GiB')
        self.assertEqual(int(host.show('Msvm_MemorySettingData', 'web02')['VirtualQuantity']), 2048)
        wait_for(lambda: self.machine('web02')['cpus'] == 4, SOON, 'its new size is seen')

        lab.must('vm', 'start', 'hv1/web01')
        lab.must('snapshot', 'create', 'hv1/web01', 'before', '--memory')
        wait_for(lambda: self.snapshots('web01') == ['before'], SOON, 'the snapshot is seen')
        lab.must('vm', 'stop', 'hv1/web01', '--now')
        lab.must('snapshot', 'restore', 'hv1/web01', 'before')
        self.wait_observed('web01', 'running')
        lab.must('snapshot', 'delete', 'hv1/web01', 'before')
        wait_for(lambda: self.snapshots('web01') == [], SOON, 'the snapshot is gone')
        host.order('machines', 3)
        wait_for(lambda: self.show()['vms'] == 5, SOON, 'new machines are seen')
        lab.must('vm', 'delete', 'hv1/web02')
        wait_for(lambda: self.show()['vms'] == 4, SOON, 'a machine is gone')
        self.assertNotIn('web02', host.order('files'))

    def test_a_server_that_is_away_or_another_is_told_and_nothing_secret_is_kept(self):
        lab, host = self.lab, self.host
        self.add_with_the_fingerprint_that_was_shown()
        self.wait_state('connected')
        # The server begins anew; what happened meanwhile is seen.
        host.order('stop')
        self.wait_state('trouble')
        self.assertIn('hv1', lab.refused('vm', 'stop', 'hv1/web01', '--now').err)
        host.order('remove', 'web02')
        host.order('start')
        self.wait_state('connected')
        wait_for(lambda: self.show()['vms'] == 1, SOON, 'what went meanwhile is gone')
        lab.must('vm', 'stop', 'hv1/web01', '--now')
        self.wait_observed('web01', 'off')

        # Somebody else's certificate, and who would be let in with a password is not told it.
        logins = host.order('logins')
        host.order('certificate-changes')
        wait_for(lambda: 'certificate' in self.show().get('problem', ''), SOON, 'another certificate is told')
        self.assertEqual(host.order('logins'), logins)

        lab.must('platform', 'remove', 'hv1')
        self.assertEqual(host.order('names'), 'web01', 'nothing there changes')
        files = [lab.log, *(path for path in lab.state.rglob('*') if path.is_file())]
        self.assertEqual([path for path in files if PASSWORD.encode() in path.read_bytes()], [])

    def test_what_does_not_go_is_refused_before(self):
        self.add_with_the_fingerprint_that_was_shown()
        self.wait_state('connected')
        self.assertIn('hv1', self.lab.refused('vm', 'move', 'hv1/web02', '--to', 'here').err)
        self.host.order('deny', 'on')
        self.wait_state('trouble')
        self.assertRegex(self.show()['problem'], '(?i)denied|may not|permission')


if __name__ == '__main__':
    unittest.main()

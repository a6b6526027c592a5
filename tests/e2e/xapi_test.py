"""Pools of XenServer and XCP-ng beside Truce's own machines: the real daemon and CLI against our model of one, which others judge."""
import json
import os
import subprocess
import unittest
from pathlib import Path

from lab import SOON, run, sha256_of, wait_for
from platform_peers import ModelPeer, ModelTest, Moves
from relocation_test import make_disk

PEER = Path(__file__).resolve().parent.parent / 'peers/xapi'
PASSWORD = 'correct-horse-7'


class ModelPool(ModelPeer):
    def __init__(self, enter=()):
        super().__init__('xapi', PASSWORD, enter)

    def vm(self, name):
        return json.loads(self.order('show', 'VM', name))


def needs_xenapi(test):
    if not Path('/usr/share/fence/XenAPI.py').exists():
        test.skipTest('skipped, because fence-agents is not installed (tools/install-packages test)')


class TheModel(unittest.TestCase):
    """Our model of a pool, judged by clients that others have written for real ones."""

    def setUp(self):
        self.pool = ModelPool()
        self.addCleanup(self.pool.end)

    def test_xenapi_py_finds_its_way(self):
        needs_xenapi(self)
        machines = {row['name']: row for row in map(json.loads, self.pool.other('list').splitlines())}
        self.assertEqual({name: row['state'] for name, row in machines.items()}, {'web01': 'Running', 'web02': 'Halted'})
        self.pool.other('start', 'web02')
        self.assertEqual(self.pool.vm('web02')['power_state'], 'Running')
        refused = json.loads(self.pool.other('fail', 'web02'))
        self.assertEqual((refused[0], refused[2:]), ('VM_BAD_POWER_STATE', ['suspended', 'running']))
        told = json.loads(self.pool.other('events', 'web02', 'renamed'))
        self.assertGreater(told['first'], 20)
        self.assertEqual(told['then'], [['mod', 'renamed']])
        self.assertEqual(int(told['counts']['host']), 2)
        task = json.loads(self.pool.other('task', 'web01', 'taken'))
        self.assertEqual(task['status'], 'success')
        self.assertRegex(task['result'], '^<value>OpaqueRef:.*</value>$')

    def test_a_fence_agent_switches_machines(self):
        needs_xenapi(self)
        trusted = {**os.environ, 'SSL_CERT_FILE': self.pool.order('authority')}

        def fence(action, name='web01'):
            return subprocess.run(['/usr/sbin/fence_xenapi', '--session-url', f'https://{self.pool.address}/', '--username', 'root', '--password',
                                   PASSWORD, '--plug', name, '--action', action], env=trusted, capture_output=True, text=True, check=False)
        self.assertEqual(fence('status').returncode, 0, fence('status'))
        self.assertEqual(fence('off').returncode, 0)
        self.assertEqual(self.pool.vm('web01')['power_state'], 'Halted')
        self.assertEqual(fence('status').returncode, 2)
        self.assertEqual(fence('on').returncode, 0)
        self.assertEqual(self.pool.vm('web01')['power_state'], 'Running')

    def test_the_client_of_xen_orchestra_finds_its_way(self):
        built = run(PEER / 'build', check=False)
        if built.returncode == 77:
            self.skipTest('skipped, because ' + built.stderr.strip())
        seen = json.loads(run('node', built.stdout.strip(), self.pool.address, 'root', PASSWORD, 'web02').stdout)
        self.assertEqual((seen['before'], seen['after'], seen['machines']), ('Halted', 'Running', ['web01', 'web02']))
        self.assertEqual((seen['disk'], seen['master'], seen['snapshot']), (8 << 30, 'xen1', [True, 'web02', 'judged']))
        self.assertEqual((seen['refused'][0], seen['refused'][2:]), ('VM_BAD_POWER_STATE', ['suspended', 'running']))
        for kind in ('pool', 'host', 'SR', 'VDI', 'VBD', 'VIF', 'network', 'PIF', 'VM_metrics', 'VM_guest_metrics', 'host_metrics', 'console'):
            self.assertIn(kind, seen['types'])


class PoolTest(ModelTest):
    platform, user = 'xen1', 'xen://root'

    def make_peer(self):
        self.pool = ModelPool(self.lab.enter)
        return self.pool


class Pools(PoolTest):
    def test_a_pool_is_shown_followed_and_switched(self):
        lab, pool = self.lab, self.pool
        self.add_with_the_fingerprint_that_was_shown()
        shown = self.wait_state('connected')
        self.assertIn('XCP-ng', shown['product'])
        machine = self.machine('web01')
        self.assertEqual((machine['observed'], machine['cpus'], machine['memory'], machine['host']), ('running', 1, 1 << 30, 'xen1'))
        self.assertEqual((machine['disks'][0]['size'], machine['disks'][0]['pool']), (8 << 30, 'Shared disks'))
        self.assertEqual(machine['uuid'], pool.vm('web01')['uuid'])
        self.assertEqual(sorted(lab.must('vm', 'list', '--platform', 'xen1', '--quiet').out.split()), ['xen1/web01', 'xen1/web02'])
        for noun in ('host', 'pool', 'network'):
            self.assertRegex(lab.must(noun, 'list', '--platform', 'xen1', '--quiet').out, 'xen1/')

        # What others do is seen, and what we do is done there.
        if Path('/usr/share/fence/XenAPI.py').exists():
            pool.other('start', 'web02')
            self.wait_observed('web02', 'running')
        else:
            lab.must('vm', 'start', 'xen1/web02')
        lab.must('vm', 'reset', 'xen1/web02')
        lab.must('vm', 'suspend', 'xen1/web02')
        self.assertEqual(pool.vm('web02')['power_state'], 'Suspended')
        lab.must('vm', 'start', 'xen1/web02')
        self.wait_observed('web02', 'running')
        lab.must('vm', 'stop', 'xen1/web02')
        self.wait_observed('web02', 'off')
        lab.must('vm', 'set', 'xen1/web02', '--cpus', '4', '--memory', '2GiB')
        there = pool.vm('web02')
        self.assertEqual((there['VCPUs_at_startup'], there['VCPUs_max'], there['memory_static_max']), (4, 4, 2 << 30))

        lab.must('snapshot', 'create', 'xen1/web01', 'before', '--memory')
        wait_for(lambda: self.snapshots('web01') == ['before'], SOON, 'the snapshot is seen')
        lab.must('vm', 'stop', 'xen1/web01', '--now')
        lab.must('snapshot', 'restore', 'xen1/web01', 'before')
        self.wait_observed('web01', 'running')
        lab.must('snapshot', 'delete', 'xen1/web01', 'before')
        wait_for(lambda: self.snapshots('web01') == [], SOON, 'the snapshot is gone')
        pool.order('machines', 3)
        wait_for(lambda: self.show()['vms'] == 5, SOON, 'new machines are seen')
        lab.must('vm', 'delete', 'xen1/web02')
        wait_for(lambda: self.show()['vms'] == 4, SOON, 'a machine is gone')

    def test_a_server_that_is_away_or_another_is_told_and_nothing_secret_is_kept(self):
        lab, pool = self.lab, self.pool
        self.add_with_the_fingerprint_that_was_shown()
        self.wait_state('connected')
        # The server begins anew and has forgotten sessions; what happened meanwhile is seen.
        pool.order('stop')
        self.wait_state('trouble')
        self.assertIn('xen1', lab.refused('vm', 'stop', 'xen1/web01', '--now').err)
        pool.order('remove', 'web02')
        pool.order('start')
        self.wait_state('connected')
        wait_for(lambda: self.show()['vms'] == 1, SOON, 'what went meanwhile is gone')
        lab.must('vm', 'stop', 'xen1/web01', '--now')
        self.wait_observed('web01', 'off')

        # Somebody else's certificate, and who would be let in with a password is not told it.
        logins = pool.order('calls', 'session.login_with_password')
        pool.order('certificate-changes')
        wait_for(lambda: 'certificate' in self.show().get('problem', ''), SOON, 'another certificate is told')
        self.assertEqual(pool.order('calls', 'session.login_with_password'), logins)

        lab.must('platform', 'remove', 'xen1')
        self.assertEqual(pool.vm('web01')['name_label'], 'web01', 'nothing there changes')
        files = [lab.log, *(path for path in lab.state.rglob('*') if path.is_file())]
        for secret in (PASSWORD.encode(), *(ref.encode() for ref in pool.order('sessions').split())):
            self.assertEqual([path for path in files if secret in path.read_bytes()], [])

    def test_a_member_of_a_pool_says_which_address_to_add(self):
        self.pool.order('member-of', '192.0.2.1')
        seen = self.add().err.rpartition('--fingerprint ')[2].strip()
        told = self.add('--fingerprint', seen)
        self.assertEqual(told.code, 1)
        self.assertIn('xen://root@192.0.2.1', told.err)


class PoolMoves(Moves, PoolTest):
    """Machines that leave a pool, with disks that boot here, and come to it."""
    hypervisor = 'qemu'

    def setUp(self):
        super().setUp()
        self.raw = make_disk(self.lab.folder / 'web02.raw', 512, 'this is web02', 256)
        self.pool.order('content', 'web02', self.raw)
        self.add_with_the_fingerprint_that_was_shown()
        self.wait_state('connected')
        self.lab.must('vm', 'set', 'xen1/web02', '--memory', '256MiB')
        wait_for(lambda: self.machine('web02')['disks'][0]['size'] == 512 << 20, SOON, 'its disk is seen')

    def assert_came(self):
        self.lab.wait_log('web02', 'this is web02')
        self.lab.must('vm', 'stop', 'web02', '--now')
        wait_for(lambda: self.lab.vm('web02')['observed'] == 'off', SOON, 'it is off')
        self.assert_same(self.disk_of('web02'), self.raw)
        self.assertEqual(self.machine('web02')['observed'], 'off')

    def test_a_machine_comes_and_boots(self):
        before = sha256_of(self.raw)
        report = self.lab.must('vm', 'move-report', 'xen1/web02', '--to', 'here', '--format', 'json').json()
        self.assertIn('disks: xen becomes virtio: its guest needs a driver for that to boot', report['changed'])
        self.lab.must('vm', 'move', 'xen1/web02', '--to', 'here', '--start')
        self.assert_came()
        self.assertEqual(sha256_of(self.raw), before)
        self.assertEqual(self.lab.vm('web02')['uuid'], self.pool.vm('web02')['uuid'])
        # And back, under another name, as the source was kept.
        self.lab.must('vm', 'move', 'web02', '--to', 'xen1', '--new-name', 'back', '--network', 'Pool-wide network 0', '--pool', 'Shared disks',
                      '--keep-source=false')
        self.assert_same(Path(self.pool.order('file', 'back')), self.raw)
        there = self.pool.vm('back')
        self.assertEqual((there['power_state'], there['memory_static_max'], there['blocked_operations']), ('Halted', 256 << 20, {}))
        wait_for(lambda: 'web02' not in self.lab.vms(), SOON, 'what was moved is gone here')
        self.lab.must('vm', 'start', 'xen1/back')
        self.assertIn('leave --warm out', self.lab.refused('vm', 'move', 'xen1/web01', '--to', 'here', '--warm').err)

    def test_it_goes_on_when_the_daemon_or_the_pool_was_gone(self):
        self.pool.order('pace', 0.002)
        task = self.begin('xen1/web02', '--to', 'here', '--start')
        self.wait_copying(task)
        self.pool.order('restart')
        self.lab.kill()
        self.lab.start()
        self.assertEqual(self.wait_end(task)['state'], 'succeeded')
        self.assert_came()

        # Out again: what was half made there is removed, and made anew.
        task = self.begin('web02', '--to', 'xen1', '--new-name', 'away', '--network', 'Pool-wide network 0', '--pool', 'Shared disks')
        self.wait_copying(task)
        self.assertIn(f'away ({task})', self.pool.order('names', 'VM'))
        self.lab.kill()
        self.lab.start()
        self.assertEqual(self.wait_end(task)['state'], 'succeeded')
        self.assert_same(Path(self.pool.order('file', 'away')), self.raw)
        names = self.pool.order('names', 'VM').split('\t')
        self.assertEqual([name for name in names if name.startswith('away')], ['away'])
        self.assertEqual([name for name in self.pool.order('names', 'VDI').split('\t') if name.startswith('away')], ['away disk 0'])

    def test_one_that_is_called_off_leaves_nothing(self):
        self.pool.order('pace', 0.002)
        task = self.begin('xen1/web02', '--to', 'here')
        self.wait_copying(task)
        self.lab.must('task', 'cancel', task)
        self.assertEqual(self.wait_end(task)['state'], 'cancelled')
        wait_for(lambda: 'web02' not in self.lab.vms(), SOON, 'nothing of it is here')


if __name__ == '__main__':
    unittest.main()

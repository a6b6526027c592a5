"""Hosts that become one estate, on real QEMU: how they join, what any of them answers, and what is refused."""
import base64
import json
import os
import signal
import unittest

from hosts import BOOT, SOON, Hosts, HostsTest, wait_for
from lab import UnixConnection, why_not_here


def opened(token):
    """What is in a token."""
    text = token.removeprefix('truce-join-')
    return json.loads(base64.urlsafe_b64decode(text + '=' * (-len(text) % 4)))


def sealed(content):
    return 'truce-join-' + base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip('=')


class ThreeHosts(HostsTest):
    """Machines on three hosts, driven through any of them. `lone` has not joined."""
    recipes = ('tiny',)
    alone = 1

    @property
    def lone(self):
        return self.hosts[3]

    def refuse(self, token, code=1):
        """The lone host is not let in, and goes on as it was."""
        answer = self.lone.refused('cluster', 'join', '--token-file', '-', input=token + '\n', code=code)
        self.assertEqual(self.lone.cluster(), '')
        self.assertFalse((self.lone.state / 'cluster/member.json').exists())
        return answer.err

    def one_on_each(self):
        """A running machine on each host; answers their names by that of their host."""
        names = {}
        for number in range(1, 4):
            host = self.hosts.new_tiny(f'vm{number}', ready=False)
            names.setdefault(host.name, f'vm{number}')
        self.assertEqual(sorted(names), ['host1', 'host2', 'host3'])
        return names

    def test_all_hosts_show_the_same_cluster(self):
        for host in self.hosts[:3]:
            with self.subTest(host.name):
                cluster = host.must('cluster', 'status', '--format', 'json').json()
                self.assertEqual((cluster['name'], cluster['hosts'], cluster['online'], cluster['managers_may_fail']),
                                 ('estate', 3, 3, 0))
                self.assertEqual(cluster['managers'][0]['address'], '10.123.0.1:7444')
                roles = {h['name']: (h['role'], h['state'], h['address'])
                         for h in host.must('host', 'list', '--format', 'json').json()['items']}
                self.assertEqual(roles, {'host1': ('manager', 'online', '10.123.0.1:7444'),
                                         'host2': ('node', 'online', '10.123.0.2:7444'),
                                         'host3': ('node', 'online', '10.123.0.3:7444')})

    def test_machines_are_placed_on_all_hosts_and_any_host_reaches_each(self):
        names = self.one_on_each()
        for name in names.values():
            self.hosts.manager.wait_log(name, 'truce-tiny: ready')
        far = names['host3']
        self.assertEqual(len(self.hosts.named('host3').qemu_pids(far)), 1)
        for host in self.hosts[:3]:
            with self.subTest(host.name):
                self.assertEqual(sorted(host.must('vm', 'list', '--quiet').out.split()), ['vm1', 'vm2', 'vm3'])
                host.wait_agent(far)
                self.assertEqual(host.must('vm', 'exec', far, '--', 'echo', 'hello').out, 'hello\n')
                self.assertIn('truce-tiny: ready', host.must('vm', 'log', far).out)
                with host.console(far) as console:
                    console.expect(f'Connected to the serial console of {far}')
                    console.type(f'\recho from-$((40 + 2))-{host.name}\r')
                    console.expect(f'from-42-{host.name}')
                    console.type('\x1d')
                    console.expect(f'Left {far}')
        numbers = [vm['number'] for vm in self.hosts.vms().values()]
        self.assertEqual(len(set(numbers)), 3)

    def test_a_watch_through_a_member_shows_what_happens(self):
        connection = UnixConnection(str(self.hosts[1].socket), SOON)
        connection.request('GET', '/v1/vms?watch')
        response = connection.getresponse()
        self.assertEqual((response.status, response.getheader('content-type')), (200, 'text/event-stream'))
        self.hosts[2].must('vm', 'create', 'seen', '--disk', '16MiB')
        for line in response:
            if b'"name":"seen"' in line:
                break
        else:
            self.fail('the watch ended')
        connection.close()

    def test_an_upload_through_a_member_arrives_whole(self):
        raw, image = (self.hosts[1].folder / name for name in ('image.raw', 'image.qcow2'))
        raw.write_bytes(os.urandom(9 << 20))  # three pieces, none like another
        self.hosts[1].must('image', 'convert', '-O', 'qcow2', raw, image)
        self.hosts[1].must('template', 'upload', 'large', image)
        copy = self.hosts[2].folder / 'copy.qcow2'
        self.hosts[2].must('template', 'download', 'large', '--output', copy)
        self.assertEqual(self.hosts[2].truce('image', 'compare', image, copy).code, 0)
        self.hosts[1].must('template', 'delete', 'large@1')

    def test_who_may_do_what_is_the_same_through_any_host(self):
        token = self.hosts.manager.must('token', 'create', 'eva', '--role', 'viewer', '--format', 'json').json()['token']
        member = self.hosts[1]
        self.assertEqual(member.https('GET', '/v1/vms', token=token).status, 200)
        self.assertEqual(member.https('POST', '/v1/vms', {'name': 'x', 'disk': 1 << 24}, token).status, 403)
        self.assertEqual(member.https('GET', '/v1/vms').status, 401)
        # What a client says of itself is not believed.
        forged = {'X-Truce-Forwarded-Administrator': 'root'}
        self.assertEqual(member.https('GET', '/v1/vms', headers=forged).status, 401)
        self.assertEqual(self.hosts.manager.https('GET', '/v1/vms', headers=forged).status, 401)
        self.hosts.manager.must('token', 'delete', 'eva')
        event = member.api('GET', '/v1/events?newest&limit=200').json()['items']
        self.assertTrue(any(e['kind'] == 'api.create_token' for e in event))

    def test_a_token_that_is_wrong_is_refused(self):
        right = opened(self.hosts.token('host4'))
        self.addCleanup(lambda: self.hosts.manager.truce('cluster', 'revoke', 'host4'))
        self.assertIn('wrong, was used', self.refuse(sealed({**right, 'secret': 64 * '0'})))
        self.assertIn('certificate', self.refuse(sealed({**right, 'authority': 64 * '0'})).lower())
        self.assertIn('it is for the host', self.refuse(sealed({**right, 'host': 'host5'})))
        self.assertIn('not a token', self.refuse('truce-join-what'))
        managers = [{'name': 'host1', 'address': '10.123.0.99:7444'}]
        self.refuse(sealed({**right, 'managers': managers}))

    def test_a_token_that_was_withdrawn_is_refused(self):
        token = self.hosts.token('host4')
        listed = self.hosts.manager.must('cluster', 'tokens', '--format', 'json')
        self.assertNotIn(opened(token)['secret'], listed.out)
        self.assertEqual([row['host'] for row in listed.json()['items']], ['host4'])
        self.hosts.manager.refused('cluster', 'token', 'host4')
        self.hosts.manager.must('cluster', 'revoke', 'host4')
        self.assertIn('withdrawn', self.refuse(token))

    def test_secrets_are_in_no_log_and_no_file_of_the_manager(self):
        token = self.hosts.token('host4')
        secret = opened(token)['secret']
        self.refuse(sealed({**opened(token), 'authority': 64 * '1'}))
        self.hosts.manager.must('cluster', 'revoke', 'host4')
        for host in self.hosts:
            files = [host.log, *(path for path in host.state.rglob('*') if path.is_file())]
            self.assertEqual([str(path) for path in files if secret.encode() in path.read_bytes()], [])

    def test_a_host_with_machines_of_its_own_does_not_join(self):
        self.lone.must('vm', 'create', 'mine', '--disk', '16MiB')
        try:
            token = self.hosts.token('host4')
            self.assertIn('delete mine first', self.refuse(token))
        finally:
            self.hosts.manager.must('cluster', 'revoke', 'host4')
            self.lone.must('vm', 'delete', 'mine', '--force')
            wait_for(lambda: not self.lone.vms(), SOON, 'the machine is gone')

    def test_a_draining_host_gets_no_more_machines(self):
        member = self.hosts[2]
        member.must('host', 'drain', 'host3')
        try:
            for number in range(4):
                self.hosts.manager.must('vm', 'create', f'd{number}', '--disk', '16MiB')
            self.assertNotIn('host3', {vm['host'] for vm in self.hosts.vms().values()})
            member.must('host', 'set', 'host3', '--label', 'rack=r1', '--fault-domain', 'r1')
        finally:
            member.must('host', 'undrain', 'host3')
        # What people have said outlives what the host tells of itself.
        member.stop()
        member.start()
        host = self.hosts.manager.host('host3')
        self.assertEqual((host['draining'], host['labels'], host['fault_domain'], host['role']),
                         (False, {'rack': 'r1'}, 'r1', 'node'))

    def test_the_state_goes_on_after_a_restart_of_the_manager(self):
        name = next(iter(self.one_on_each().values()))
        self.hosts.manager.wait_log(name, 'truce-tiny: ready')
        before = {vm['name']: vm['uuid'] for vm in self.hosts.vms().values()}
        self.hosts.manager.kill()
        reply = self.hosts[1].api('GET', '/v1/vms')
        self.assertEqual(reply.status, 503, reply)
        self.assertIn('not reached', reply.json()['detail'])
        self.hosts.manager.start()
        for host in self.hosts[:3]:
            host.wait_ready()
        self.assertEqual({vm['name']: vm['uuid'] for vm in self.hosts.vms().values()}, before)
        for name in before:
            self.hosts[1].wait_observed(name, 'running')
            self.assertEqual(len([pid for h in self.hosts[:3] for pid in h.qemu_pids(name)]) // 3, 1)


class Changes(unittest.TestCase):
    """Clusters that a test of their own changes."""
    maxDiff = 4000

    def setUp(self):
        reason = why_not_here()
        if reason:
            self.skipTest(reason)

    def new_hosts(self, *arguments, **more):
        hosts = Hosts(*arguments, **more)
        self.addCleanup(hosts.tear_down)
        return hosts.start()

    def test_a_token_is_good_once_and_only_for_its_own_cluster(self):
        hosts = self.new_hosts(1, alone=2, hypervisor='fake')
        manager, first, other = hosts
        token = hosts.token('host2')
        hosts.join(first, token)
        first.must('cluster', 'leave')
        wait_for(lambda: first.answers() and not first.cluster(), SOON,
                 'host2 is a single host again')
        again = first.refused('cluster', 'join', '--token-file', '-', input=token + '\n')
        self.assertIn('was used', again.err)
        # Another cluster's token: the secret is another's, and so is the authority.
        other.must('cluster', 'init', 'elsewhere', '--address', other.address, '--store', 'sqlite')
        foreign = other.must('cluster', 'token', 'host2', '--format', 'json').json()['token']
        mixed = sealed({**opened(foreign), 'managers': opened(token)['managers']})
        first.refused('cluster', 'join', '--token-file', '-', input=mixed + '\n')
        self.assertEqual(manager.api('GET', '/v1/cluster').json()['hosts'], 1)
        hosts.close()

    def test_a_host_leaves_when_it_is_empty_and_can_come_again(self):
        hosts = self.new_hosts(2, recipes=('tiny',))
        manager, member = hosts
        manager.must('host', 'drain', 'host1')
        self.assertEqual(hosts.new_tiny('stays', ready=False).name, 'host2')
        refused = member.refused('cluster', 'leave')
        self.assertIn('first', refused.err)
        self.assertIn('cannot leave it', manager.refused('cluster', 'leave').err)
        manager.refused('cluster', 'remove', 'host2')
        manager.must('vm', 'delete', 'stays', '--force')
        wait_for(lambda: not hosts.vms(), SOON, 'the machine is gone')
        member.must('cluster', 'leave')
        wait_for(lambda: member.answers() and not member.cluster(), SOON,
                 'host2 is a single host again')
        self.assertIsNone(manager.host('host2'))
        self.assertEqual(member.vms(), {})
        for template in member.api('GET', '/v1/templates').json()['items']:
            member.must('template', 'delete', template['name'])
        hosts.join(member)
        self.assertEqual(manager.host('host2')['state'], 'online')
        manager.must('host', 'undrain', 'host1')
        hosts.close()

    def test_a_host_that_is_gone_is_offline_and_comes_back_with_its_machines(self):
        hosts = self.new_hosts(2, recipes=('tiny',))
        manager, member = hosts
        manager.must('host', 'drain', 'host1')
        hosts.new_tiny('far')
        manager.must('host', 'undrain', 'host1')
        started, pids = manager.vm('far')['started'], manager.qemu_pids('far')
        member.kill()
        wait_for(lambda: manager.host('host2')['state'] == 'offline', SOON, 'host2 is offline')
        manager.wait_observed('far', 'unknown')
        self.assertIn('1 of 2 hosts are offline', manager.must('cluster', 'status').out)
        self.assertEqual(manager.vm('far')['host'], 'host2')  # not started elsewhere
        self.assertEqual(manager.qemu_pids('far'), pids)
        member.start()
        manager.wait_observed('far', 'running')
        self.assertEqual(manager.qemu_pids('far'), pids)
        self.assertEqual(manager.vm('far')['started'], started)
        # Its cable is pulled: its machine runs on, and nobody knows.
        member.cut()
        wait_for(lambda: manager.host('host2')['state'] == 'offline', BOOT, 'host2 is offline')
        manager.wait_observed('far', 'unknown')
        member.heal()
        manager.wait_observed('far', 'running', BOOT)
        hosts.close()

    def test_a_host_that_was_taken_out_is_not_let_in_again(self):
        hosts = self.new_hosts(3, recipes=('tiny',))
        manager, member, third = hosts
        manager.must('host', 'drain', 'host1')
        third.must('host', 'drain', 'host3')
        hosts.new_tiny('lost', ready=False)
        member.bookkeep()
        self.assertIn('still has machines', manager.refused('cluster', 'remove', 'host2', '--force').err)
        pid = member.qemu_pid('lost')
        member.kill()
        wait_for(lambda: manager.host('host2')['state'] == 'offline', SOON, 'host2 is offline')
        self.assertIn('--force', manager.refused('cluster', 'remove', 'host2').err)
        manager.must('cluster', 'remove', 'host2', '--force')
        self.assertEqual(hosts.vms(), {})
        self.assertIn('this cluster', manager.refused('cluster', 'remove', 'host1').err)
        member.spawn()
        reply = wait_for(lambda: member.socket.exists() and (r := self.ask(member)) is not None and r, SOON, 'an answer')
        self.assertEqual(reply.status, 503, reply)
        self.assertIn('does not let this host in', reply.json()['detail'])
        self.assertIsNone(manager.host('host2'))
        # Its administrator ends the machine that the cluster gave up, and makes it a single host again.
        self.assertEqual(member.truce('cluster', 'leave').code, 1)
        os.kill(pid, signal.SIGKILL)
        member.stop()
        member.spawn()
        wait_for(lambda: self.ask(member), SOON, 'an answer')
        wait_for(lambda: member.truce('cluster', 'leave').code == 0, SOON, 'host2 has left')
        wait_for(lambda: member.answers() and not member.cluster(), SOON,
                 'host2 is a single host again')

    @staticmethod
    def ask(host):
        try:
            return host.api('GET', '/v1/vms', timeout=30)
        except OSError:
            return None


if __name__ == '__main__':
    unittest.main()

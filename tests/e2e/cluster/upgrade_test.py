"""A cluster whose hosts are upgraded one after the other while its machines run.

`truced-next` plays the next release: the same, but of another version, and it knows a format of the state that this release
does not (programs/truced/next/release.cpp). What it would store that is new is put into etcd by the test.
"""
import json
import threading
import time
import unittest
from pathlib import Path

from hosts import SOON, wait_for
from lab import TRUCED
from managers import AGAIN, ManagersTest

OURS, NEXT = '0.1.0', '99.0.0'
NEXT_TRUCED = TRUCED.with_name('truced-next')


class Asker(threading.Thread):
    """Asks a host again and again, and remembers when it was not answered."""

    def __init__(self, host):
        super().__init__()
        self.host, self.refused, self.answered, self.ends = host, [], 0, threading.Event()
        self.start()

    def run(self):
        while not self.ends.wait(0.1):
            if self.host.get('/v1/vms', timeout=10) is None:
                self.refused.append(time.monotonic())
            else:
                self.answered += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.join()


class Upgrade(ManagersTest):
    def setUp(self):
        super().setUp()
        if not NEXT_TRUCED.exists():
            self.skipTest(f'skipped, because {NEXT_TRUCED} is not built')

    @staticmethod
    def etcd(host, *words):
        """etcdctl on a manager's own member."""
        folder = host.state / 'cluster'
        return host.inside('env', 'ETCDCTL_API=3', 'etcdctl', f'--endpoints=https://{host.address}:2379',
                           f'--cacert={folder}/etcd-authority.pem', f'--cert={folder}/etcd.pem', f'--key={folder}/etcd.pem',
                           *words).stdout

    def stored(self, host, key):
        return json.loads(self.etcd(host, 'get', '--print-value-only', f'/truce/objects/{key}'))

    @staticmethod
    def lives(hosts):
        """Of all machines: the process, when that began, and when the machine did."""
        found = {}
        for name, vm in hosts.vms().items():
            pid = hosts.manager.qemu_pid(name)
            begun = Path('/proc', str(pid), 'stat').read_text().rpartition(')')[2].split()[19]
            found[name] = (pid, begun, vm['started'])
        return found

    def change_program(self, host, program):
        self.assertEqual(host.stop(), 0)
        host.program = program
        host.start()

    def versions(self, host, **expected):
        status = host.must('cluster', 'status', '--format', 'json').json()
        self.assertEqual({'format': status['format'], **status['versions']}, expected)
        table = host.must('host', 'list').out
        for version in status['versions']:
            self.assertIn(version, table)

    def a_follower_is_upgraded(self, hosts, leader, follower, count):
        with Asker(leader) as asker:
            self.change_program(follower, NEXT_TRUCED)
            self.may_fail(leader, 1)
            self.assertIs(hosts.leader(leader), leader)
        self.assertEqual(asker.refused, [])
        self.assertGreater(asker.answered, 0)
        for host in hosts:  # any of them shows the mixture
            self.versions(host, **{'format': 1, OURS: 3 - count, NEXT: count})

    def an_older_leader_keeps_what_a_newer_one_has_stored(self, leader, newer):
        vm = self.stored(newer, 'vms/vm1')
        self.etcd(newer, 'put', '/truce/objects/vms/vm1', json.dumps({**vm, 'future': {'deep': [1, 2]}}))
        self.etcd(newer, 'put', '/truce/objects/futures/one', 'not even JSON')
        newer.must('vm', 'set', 'vm1', '--description', 'changed by the older leader')
        vm = self.stored(leader, 'vms/vm1')
        self.assertEqual((vm['future'], vm['description']), ({'deep': [1, 2]}, 'changed by the older leader'))
        self.assertIn('not even JSON', self.etcd(leader, 'get', '/truce/objects/futures/one'))
        self.etcd(newer, 'del', '/truce/objects/futures/one')

    def the_leader_is_upgraded(self, hosts, leader):
        others = [host for host in hosts if host is not leader]
        self.assertEqual(leader.stop(), 0)
        self.until_it_answers('the last one of the old release, which led, was stopped', others)
        self.assertEqual(self.stored(others[0], 'vms/vm1')['future'], {'deep': [1, 2]})
        leader.program = NEXT_TRUCED
        leader.start()
        self.may_fail(leader, 1)

    def one_goes_back_and_is_refused(self, hosts):
        leader = hosts.leader(hosts.manager)
        host = next(host for host in hosts if host is not leader)
        self.assertEqual(host.stop(), 0)
        host.program = TRUCED
        host.spawn()
        wait_for(lambda: 'truced 0.1.0 knows none after 1' in host.log.read_text(), SOON, 'it says that it is too old')
        shown = wait_for(lambda: (seen := leader.host(host.name)) and 'upgrade it' in seen['problem'] and seen, SOON,
                         'the leader says so, too')
        self.assertEqual((shown['state'], shown['version']), ('offline', OURS))
        self.assertTrue(self.answers(host))  # it passes on what it is asked
        # The last one that could lead, but for its age, does not.
        self.assertEqual(leader.stop(), 0)
        third = next(other for other in hosts if other not in (leader, host))
        self.until_it_answers('the leader was stopped beside one that is too old', [third])
        self.assertIs(hosts.leader(third), third)
        leader.start()
        self.change_program(host, NEXT_TRUCED)
        self.may_fail(host, 1)

    def test_hosts_are_upgraded_one_after_the_other_and_machines_run_on(self):
        hosts = self.new_hosts(3, store='etcd', managers=3)
        names = ('vm1', 'vm2', 'vm3')
        for name in names:  # real QEMUs; what a guest would do in them is nothing to this
            hosts.manager.must('vm', 'create', name, '--disk', '16MiB', '--memory', '128MiB', '--start')
            hosts.manager.wait_observed(name, 'running')
        self.assertEqual(len({vm['host'] for vm in hosts.vms().values()}), 3)
        before = self.lives(hosts)
        leader = hosts.leader()
        first, second = (host for host in hosts if host is not leader)
        self.versions(leader, **{'format': 1, OURS: 3})
        self.a_follower_is_upgraded(hosts, leader, first, 1)
        self.an_older_leader_keeps_what_a_newer_one_has_stored(leader, first)
        self.a_follower_is_upgraded(hosts, leader, second, 2)
        self.the_leader_is_upgraded(hosts, leader)
        wait_for(lambda: hosts.manager.get('/v1/cluster')['format'] == 2, AGAIN, 'the format is raised')
        self.versions(leader, **{'format': 2, NEXT: 3})
        self.one_goes_back_and_is_refused(hosts)
        for name in names:
            hosts.manager.wait_observed(name, 'running')
        self.assertEqual(self.lives(hosts), before)
        hosts.close()


if __name__ == '__main__':
    unittest.main()

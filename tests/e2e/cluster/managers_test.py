"""A running host that becomes a cluster on etcd, and what follows when its managers come, die and go. Real etcd, real QEMU."""
import os
import pwd
import shutil
import signal
import stat
import subprocess
import unittest

from hosts import SOON, wait_for
from lab import BOOT, TRUCED
from managers import AGAIN, ManagersTest


class Managers(ManagersTest):
    def secrets_are_kept(self, host):
        folder = host.state / 'cluster'
        for name in ('authority.key', 'host.pem', 'etcd.pem', 'etcd-authority.key', 'seals.key'):
            self.assertEqual(stat.S_IMODE((folder / name).stat().st_mode), 0o600, name)
        for key in ('authority.key', 'etcd-authority.key', 'seals.key'):
            inside = [line for line in (folder / key).read_text().splitlines() if len(line) == 64]
            self.assertTrue(inside)
            self.assertFalse([line for line in inside if line in host.log.read_text(errors='replace')])

    def init_keeps_all(self, hosts):
        """A running host becomes the first of a cluster on etcd; answers its machine's process, and a token that is good."""
        first = hosts.manager
        first.new_tiny('kept')
        pid, before = first.qemu_pid('kept'), first.vm('kept')
        token = first.must('token', 'create', 'eva', '--role', 'viewer', '--format', 'json').json()['token']
        events = {event['name']: event for event in first.api('GET', '/v1/events?limit=1000').json()['items']}
        hosts.found('etcd')
        status = first.must('cluster', 'status', '--format', 'json').json()
        self.assertEqual((status['store'], status['managers_may_fail']), ('etcd', 0))
        first.wait_observed('kept', 'running')
        after = first.vm('kept')
        self.assertEqual((first.qemu_pid('kept'), after['uuid'], after['started']), (pid, before['uuid'], before['started']))
        self.assertEqual(first.https('GET', '/v1/vms', token=token).status, 200)
        now = {event['name']: event for event in first.api('GET', '/v1/events?limit=1000').json()['items']}
        self.assertEqual({name: now.get(name) for name in events}, events)
        self.assertTrue((first.state / 'store-before-estate/truce.db').exists())
        self.assertFalse((first.state / 'store/truce.db').exists())
        owner = os.stat(f'/proc/{first.etcd_pids()[0]}').st_uid
        self.assertEqual(pwd.getpwuid(owner).pw_name, 'etcd')
        self.secrets_are_kept(first)
        self.assertIn('already', first.refused('cluster', 'init', 'again').err)
        self.assertIn('cannot leave it', first.refused('cluster', 'leave').err)
        return pid, token

    def etcd_outlives_truced(self, host):
        member = host.etcd_pids()
        self.assertEqual(len(member), 1)
        host.kill()
        self.assertEqual(host.etcd_pids(), member)
        host.start()
        self.assertEqual(host.etcd_pids(), member)

    def others_join(self, hosts):
        _, second, third, fourth = hosts
        for host in (second, third):
            hosts.join(host, role='manager')
        hosts.join(fourth)
        self.may_fail(fourth, 1)
        self.assertEqual({h['name']: h['role'] for h in third.api('GET', '/v1/hosts').json()['items']},
                         {'host1': 'manager', 'host2': 'manager', 'host3': 'manager', 'host4': 'node'})
        self.assertEqual(hosts.leader(fourth).name, 'host1')
        self.secrets_are_kept(third)
        self.assertEqual(*((host.state / 'cluster/seals.key').read_text() for host in (hosts.manager, third)))
        self.assertFalse((fourth.state / 'cluster/seals.key').exists(), 'it is a node')
        third.must('vm', 'create', 'by-third', '--disk', '16MiB')

    def leader_dies_and_comes_back(self, hosts):
        first, second, third, fourth = hosts
        self.kill(first)
        self.until_it_answers('the leader was killed', (second, third, fourth))
        self.assertIn(hosts.leader(fourth), (second, third))
        self.assertEqual(sorted(fourth.must('vm', 'list', '--quiet').out.split()), ['by-third', 'kept'])
        wait_for(fourth.is_ready, SOON, 'host4 is online')
        self.may_fail(second, 0)
        self.assertFalse(hosts.seat('host1', second)['healthy'])
        fourth.must('vm', 'create', 'later', '--disk', '16MiB')
        second.wait_observed('kept', 'unknown')
        first.start()
        self.may_fail(first, 1)
        self.assertIsNot(hosts.leader(first), first)
        first.wait_observed('kept', 'running')

    def leader_is_stopped_and_started(self, hosts):
        leader = hosts.leader(hosts[3])
        self.assertEqual(leader.stop(), 0)
        self.until_it_answers('the leader was stopped', [host for host in hosts if host is not leader])
        leader.start()
        self.may_fail(leader, 1)

    def leader_leaves_and_joins_again(self, hosts):
        first, _, _, fourth = hosts
        for name in ('by-third', 'later'):
            fourth.must('vm', 'delete', name)
        wait_for(lambda: set(fourth.vms()) == {'kept'}, SOON, 'only one machine is left')
        if hosts.leader(fourth) is first:  # which has the machine
            self.assertIn('first', first.refused('cluster', 'leave').err)
            self.leader_is_stopped_and_started(hosts)
        leaving = hosts.leader(fourth)
        leaving.must('cluster', 'leave')
        wait_for(lambda: leaving.is_in(''), SOON, 'the leader is a single host')
        wait_for(lambda: self.answers(fourth), AGAIN, 'another one leads')
        self.assertIsNone(fourth.host(leaving.name))
        self.assertEqual(len(fourth.api('GET', '/v1/cluster').json()['managers']), 2)
        self.assertEqual(leaving.etcd_pids(), [])
        self.assertFalse((leaving.state / 'etcd').exists())
        for template in leaving.api('GET', '/v1/templates').json()['items']:
            leaving.must('template', 'delete', template['name'])
        hosts.join(leaving, role='manager')
        self.may_fail(fourth, 1)

    def follower_leaves(self, hosts):
        leader = hosts.leader(hosts[3])
        follower = next(host for host in hosts[1:3] if host is not leader)
        follower.must('cluster', 'leave')
        wait_for(lambda: follower.is_in(''), SOON, 'a follower is a single host')
        self.may_fail(hosts[3], 0)

    def test_a_running_host_becomes_three_managers_of_which_any_may_die(self):
        hosts = self.new_hosts(1, alone=3, recipes=('tiny',), store=None)
        first = hosts.manager
        pid, token = self.init_keeps_all(hosts)
        self.etcd_outlives_truced(first)
        self.others_join(hosts)
        self.leader_dies_and_comes_back(hosts)
        self.assertEqual(first.https('GET', '/v1/vms', token=token).status, 200)
        self.leader_is_stopped_and_started(hosts)
        self.leader_leaves_and_joins_again(hosts)
        self.follower_leaves(hosts)
        first.wait_observed('kept', 'running', BOOT)
        self.assertEqual(first.qemu_pid('kept'), pid)
        hosts.close()

    def test_a_leader_that_is_cut_off_is_followed_by_another_one(self):
        hosts = self.new_hosts(4, hypervisor='fake', store='etcd', managers=3)
        self.may_fail(hosts[3], 1)
        leader = hosts.leader(hosts[3])
        others = [host for host in hosts if host is not leader]
        leader.cut()
        self.until_it_answers('the leader was cut off', others)
        self.assertIsNot(hosts.leader(hosts[3]), leader)
        self.assertFalse(self.answers(leader))
        wait_for(hosts[3].is_ready, SOON, 'host4 is online')
        leader.heal()
        self.may_fail(hosts[3], 1)
        wait_for(lambda: self.answers(leader), AGAIN, 'it answers again')
        wait_for(leader.is_ready, SOON, 'its node is online')
        hosts.close()

    def test_too_many_managers_that_are_gone_let_nothing_be_changed_and_nobody_lead(self):
        hosts = self.new_hosts(3, hypervisor='fake', store='etcd', managers=3)
        first, second, third = hosts
        self.may_fail(first, 1)
        for host in (second, third):
            self.kill(host)
        wait_for(lambda: not self.answers(first), AGAIN, 'the last one does not answer')
        second.spawn()
        self.until_it_answers('one of two dead managers came back', (first, second))
        # One that is dead is taken out; a living one of two is not, as long as the other is dead.
        leader = hosts.leader(first)
        follower = second if leader is first else first
        refused = leader.refused('cluster', 'remove', follower.name)
        self.assertIn('nothing could be changed', refused.err)
        leader.must('cluster', 'remove', 'host3', '--force')
        self.assertEqual(len(leader.api('GET', '/v1/cluster').json()['managers']), 2)

    def test_a_backup_of_the_whole_state_makes_a_cluster_again(self):
        hosts = self.new_hosts(1, hypervisor='fake', store='etcd')
        host = hosts.manager
        host.must('vm', 'create', 'web', '--disk', '16MiB')
        backup = host.folder / 'backup.db'
        host.must('server', 'backup', backup)
        host.must('token', 'create', 'later', '--role', 'viewer')
        words = [str(word) for word in (TRUCED, *host.options, '--restore', backup)]
        self.assertEqual(host.stop(), 0)
        refused = subprocess.run(words, capture_output=True, text=True)
        self.assertEqual(refused.returncode, 1)
        self.assertIn('the cluster', refused.stderr)
        # All managers are lost.
        for pid in host.etcd_pids():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(host.state / 'cluster')
        shutil.rmtree(host.state / 'etcd')
        restored = subprocess.run(words, capture_output=True, text=True)
        self.assertEqual(restored.returncode, 0, restored.stderr)
        host.start()
        self.assertEqual(set(host.vms()), {'web'})
        self.assertEqual(host.api('GET', '/v1/tokens').json()['items'], [])
        hosts.found('etcd')
        self.assertEqual(set(host.vms()), {'web'})
        self.assertEqual(host.cluster(), 'estate')
        hosts.close()


if __name__ == '__main__':
    unittest.main()

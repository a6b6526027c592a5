"""A manager that is the last one left, and goes on alone. Real etcd."""
import unittest

from hosts import SOON, wait_for
from lab import TRUCED, run
from managers import AGAIN, ManagersTest


class Recover(ManagersTest):
    @staticmethod
    def recover(host, others):
        return run(*host.enter, TRUCED, *host.options, '--recover-alone', others, check=False)

    def refused(self, host, others, why):
        done = self.recover(host, others)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(why, done.stderr)

    def nothing_is_recovered_while_the_others_live(self, first):
        self.refused(first, 'host2,host3', 'truced runs on this host')
        self.assertEqual(first.stop(), 0)
        self.refused(first, 'host2,host3', 'is not lost: it answers')
        first.start()
        self.may_fail(first, 1)

    def the_last_one_goes_on(self, first):
        wait_for(lambda: not self.answers(first), AGAIN, 'the last one does not answer')
        self.assertEqual(first.stop(), 0)
        for named in ('host2', 'host1,host2,host3', 'host2,host4', ','):
            self.refused(first, named, 'truced --recover-alone host2,host3')
        done = self.recover(first, 'host2,host3')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('only manager of the cluster', done.stdout)
        self.refused(first, 'host2,host3', 'only manager of the cluster \'estate\' already')
        first.start()
        self.assertEqual(set(first.vms()), {'web'})

    def the_lost_ones_lead_nobody_when_they_come_back(self, first, lost):
        for host in lost:
            host.spawn()
        for host in lost:
            log = host.state / 'etcd/etcd.log'
            wait_for(lambda log=log: 'permanently removed' in log.read_text(errors='replace'), AGAIN,
                     f'{host.name} is told that it is no member any more')
            self.assertFalse(self.answers(host))
        self.assertTrue(self.answers(first))
        self.assertNotIn('manager leads, term', ''.join(
            host.log.read_text().rpartition('is ready')[2] for host in lost))

    def test_the_last_of_three_managers_goes_on_alone_and_others_join(self):
        hosts = self.new_hosts(4, hypervisor='fake', store='etcd', managers=3)
        first, second, third, fourth = hosts
        for host in (second, third):  # what is on these is lost with them
            fourth.must('host', 'drain', host.name)
        fourth.must('vm', 'create', 'web', '--disk', '16MiB')
        self.may_fail(first, 1)
        self.nothing_is_recovered_while_the_others_live(first)
        for host in (second, third):
            self.kill(host)
        self.the_last_one_goes_on(first)
        wait_for(fourth.is_ready, SOON, 'host4 has found the manager that is left')
        for host in (second, third):
            first.must('cluster', 'remove', host.name, '--force')
        status = first.must('cluster', 'status', '--format', 'json').json()
        self.assertEqual([(seat['name'], seat['healthy']) for seat in status['managers']], [('host1', True)])
        fourth.must('vm', 'create', 'later', '--disk', '16MiB')
        self.the_lost_ones_lead_nobody_when_they_come_back(first, (second, third))
        for host in (second, third):
            host.must('cluster', 'leave')
            wait_for(lambda host=host: host.is_in(''), SOON, f'{host.name} is a single host')
            hosts.join(host, role='manager')
        self.may_fail(fourth, 1)
        self.assertEqual(set(third.vms()), {'web', 'later'})
        hosts.close()


if __name__ == '__main__':
    unittest.main()

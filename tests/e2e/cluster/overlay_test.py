"""Networks over several hosts, on real guests of a real cluster."""
import unittest

from hosts import HostsTest
from lab import SOON, wait_for


class OverlayTest(HostsTest):
    count = 3
    recipes = ('tiny',)

    def setUp(self):
        self.hosts.manager.must('network', 'create', 'lan', '--overlay', '--subnet', '10.99.9.0/24')
        self.addCleanup(self.hosts.manager.truce, 'network', 'delete', 'lan')

    def start_on_two_hosts(self):
        """Two machines of the network that run on different hosts: their names, and where they are."""
        places = {}
        for number in range(6):
            name = f'm{number}'
            places[name] = self.hosts.new_tiny(name, '--network', 'lan')
            self.addCleanup(self.hosts.manager.truce, 'vm', 'delete', name, '--force')
            for other, host in places.items():
                if host is not places[name]:
                    return (other, host), (name, places[name])
        self.fail('all machines were placed on one host')

    def address(self, name):
        return self.hosts.manager.vm(name)['nics'][0]['address']

    def in_guest(self, name, script):
        return self.hosts.manager.truce('vm', 'exec', name, '--', 'sh', '-c', script).code == 0

    def reaches(self, name, other):
        return self.in_guest(name, f'ping -c 1 -W 2 {other}')

    def test_guests_on_two_hosts_are_on_one_network(self):
        (one, _), (two, _) = self.start_on_two_hosts()
        for name in (one, two):
            self.hosts.manager.wait_agent(name)
        wait_for(lambda: self.reaches(one, self.address(two)), SOON, 'the other host is reached')
        self.assertTrue(self.reaches(two, self.address(one)))
        self.assertTrue(self.in_guest(one, f'ping -c 1 -W 5 -s 1400 {self.address(two)}'), 'as large as can be')
        for name in (one, two):
            self.assertTrue(self.reaches(name, '10.99.9.1'), 'each has a router')
        self.assertTrue(self.in_guest(one, f'nslookup {two}.truce.internal 10.99.9.1 | grep -q {self.address(two)}'))

    def test_a_machine_that_moves_keeps_its_address_and_is_reached(self):
        (one, _), (two, _) = self.start_on_two_hosts()
        for name in (one, two):
            self.hosts.manager.wait_agent(name)
        before = self.address(two)
        wait_for(lambda: self.reaches(one, before), SOON, 'the other host is reached')
        to = next(host.name for host in self.hosts if host.name not in (self.hosts.manager.vm(one)['host'],
                                                                       self.hosts.manager.vm(two)['host']))
        self.hosts.manager.must('vm', 'migrate', two, '--to', to, '--with-storage')
        self.assertEqual(self.hosts.manager.vm(two)['host'], to)
        self.assertEqual(self.address(two), before)
        wait_for(lambda: self.reaches(one, before), SOON, 'it is reached where it is now')
        wait_for(lambda: self.reaches(two, '10.99.9.1'), SOON, 'it has a router there')


if __name__ == '__main__':
    unittest.main()

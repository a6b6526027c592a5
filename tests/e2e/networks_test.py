"""What networks keep guests from, and what they let pass, on real guests."""
import unittest

from lab import SOON, LabTest, wait_for


class NetworksTest(LabTest):
    recipes = ('tiny',)

    def guest(self, name, *options):
        """A running machine with its agent; answers its address."""
        self.lab.new_tiny(name, *options)
        self.lab.wait_agent(name)
        self.addCleanup(self.lab.truce, 'vm', 'delete', name, '--force')
        return self.address(name)

    def address(self, name):
        vm = wait_for(lambda: (vm := self.lab.vm(name)) and vm['addresses'] and vm, SOON, f'{name} has an address')
        return vm['addresses'][0]

    def in_guest(self, name, script):
        """Whether a shell script in the guest succeeds."""
        return self.lab.truce('vm', 'exec', name, '--', 'sh', '-c', script).code == 0

    def test_a_guest_that_takes_another_address_is_not_heard(self):
        lab = self.lab
        own = self.guest('liar')
        gateway = own.rsplit('.', 1)[0] + '.1'
        other = own.rsplit('.', 1)[0] + ('.200' if not own.endswith('.200') else '.201')
        self.assertTrue(self.in_guest('liar', f'ping -c 1 -W 5 {gateway}'))
        self.assertTrue(self.in_guest('liar', f'ip addr add {other}/24 dev eth0'))
        self.assertFalse(self.in_guest('liar', f'ping -c 1 -W 1 -I {other} {gateway}'))
        self.assertFalse(self.in_guest('liar', f'arping -c 1 -w 1 -s {other} -I eth0 {gateway}'))
        lab.must('vm', 'set-nic', 'liar', '--spoof-filter=false')
        wait_for(lambda: self.in_guest('liar', f'ping -c 1 -W 1 -I {other} {gateway}'), SOON,
                 'the other address works while the filter is off')
        lab.must('vm', 'set-nic', 'liar', '--spoof-filter')
        wait_for(lambda: not self.in_guest('liar', f'ping -c 1 -W 1 -I {other} {gateway}'), SOON,
                 'the other address is stopped again')
        self.assertTrue(self.in_guest('liar', f'ping -c 1 -W 5 {gateway}'), 'its own is not')

    def serve(self, name, port):
        """A TCP service in the guest that says its name."""
        self.assertTrue(self.in_guest(name, f'nc -ll -p {port} -e echo {name} >/dev/null 2>&1 </dev/null &'))

    def reaches(self, name, address, port):
        return self.in_guest(name, f'nc -w 1 {address} {port} </dev/null | grep -q .')

    def test_security_groups_say_who_may_connect_and_change_while_guests_run(self):
        lab = self.lab
        lab.must('security-group', 'create', 'front')
        lab.must('security-group', 'create', 'store', '--rule', 'ingress tcp 80 from group:front')
        self.addCleanup(lab.truce, 'security-group', 'delete', 'front')
        self.addCleanup(lab.truce, 'security-group', 'delete', 'store')
        client = self.guest('client')
        server = self.guest('server')
        for port in (80, 81):
            self.serve('server', port)
            wait_for(lambda port=port: self.reaches('client', server, port), SOON, 'the server serves')
        lab.must('vm', 'set-nic', 'server', '--security-group', 'store')
        wait_for(lambda: not self.reaches('client', server, 80), SOON, 'only the group is let in')
        lab.must('vm', 'set-nic', 'client', '--security-group', 'front')
        wait_for(lambda: self.reaches('client', server, 80), SOON, 'now the client is in the group')
        self.assertFalse(self.reaches('client', server, 81))
        self.assertFalse(self.in_guest('client', f'ping -c 1 -W 1 {server}'))
        lab.must('security-group', 'set', 'store', '--add-rule', f'ingress icmp from {client}')
        wait_for(lambda: self.in_guest('client', f'ping -c 1 -W 1 {server}'), SOON, 'the rule holds at once')
        self.assertIn('store', lab.refused('security-group', 'delete', 'store').err)
        self.assertEqual(lab.must('security-group', 'show', 'store', '--format', 'json').json()['rules'],
                         ['ingress tcp 80 from group:front', f'ingress icmp from {client}/32'])
        lab.kill()
        lab.start()
        self.assertTrue(self.reaches('client', server, 80))
        self.assertFalse(self.reaches('client', server, 81), 'a daemon that was killed changes nothing')
        tree = lab.must('network', 'show', 'default').out
        self.assertRegex(tree, rf'─ server +running +nic 0 +\S+ +{server} +groups store')

    def test_a_fixed_address_a_port_of_the_host_and_a_rate(self):
        lab = self.lab
        lab.must('network', 'create', 'fixed', '--subnet', '10.99.7.0/24')
        self.addCleanup(lab.truce, 'network', 'delete', 'fixed')
        address = self.guest('pinned', '--network', 'fixed', '--address', '10.99.7.50', '--forward', '8080:80',
                             '--send-mbit', '8')
        self.assertEqual(address, '10.99.7.50')
        self.serve('pinned', 80)

        def greeting():
            try:
                with lab.connect('10.99.7.1', 8080) as sock:
                    return sock.recv(100)
            except OSError:
                return None  # the guest does not listen yet
        self.assertEqual(wait_for(greeting, SOON, 'the guest answers'), b'pinned\n')
        lab.refused('vm', 'create', 'twin', '--template', 'tiny', '--network', 'fixed', '--address', '10.99.7.50')
        lab.must('vm', 'set-nic', 'pinned', '--forward=')
        wait_for(lambda: 'dnat to' not in lab.inside('nft', 'list', 'table', 'ip', 'truce-fixed').stdout, SOON,
                 'the port is given back')
        shown = lab.must('network', 'show', 'fixed', '--format', 'json').json()
        self.assertEqual([(guest['machine'], guest['address'], guest['send_mbit']) for guest in shown['guests']],
                         [('pinned', '10.99.7.50', 8)])

    def test_what_a_mirrored_card_carries_is_copied_to_another_guest_while_it_is_wanted(self):
        lab = self.lab
        for name in ('talker', 'listener', 'watcher'):
            self.guest(name)
        listener = self.address('listener')
        self.assertTrue(self.in_guest('watcher', 'ip link set eth0 promisc on'))
        received = ('vm', 'exec', 'watcher', '--', 'cat', '/sys/class/net/eth0/statistics/rx_packets')

        def copies():
            """How many packets the watcher gets of ten: five questions and their answers."""
            before = int(lab.must(*received).out)
            self.assertTrue(self.in_guest('talker', f'ping -c 5 -W 5 {listener}'))
            return int(lab.must(*received).out) - before
        wait_for(lambda: copies() < 10, SOON, 'nothing is copied')
        lab.must('vm', 'set-nic', 'talker', '--mirror-to', 'watcher/0')
        wait_for(lambda: copies() >= 10, SOON, 'both ways are copied')
        self.assertIn('mirrored to watcher/0', lab.must('network', 'show', 'default').out)
        self.assertIn('mirrored itself', lab.refused('vm', 'set-nic', 'listener', '--mirror-to', 'talker/0').err)
        lab.kill()
        lab.start()
        self.assertGreaterEqual(copies(), 10, 'a daemon that was killed changes nothing')
        lab.must('vm', 'delete', 'watcher', '--force')
        wait_for(lambda: 'truce-mirrors' not in lab.inside('nft', 'list', 'tables').stdout, SOON,
                 'the copy ends with the machine')
        self.assertEqual(lab.vm('talker')['nics'][0]['mirror_to'], '')

    def test_an_overlay_on_one_host_is_a_network_with_given_addresses(self):
        lab = self.lab
        lab.must('network', 'create', 'lan', '--overlay', '--subnet', '10.99.9.0/24')
        self.addCleanup(lab.truce, 'network', 'delete', 'lan')
        address = self.guest('early', '--network', 'lan')
        self.assertEqual(lab.vm('early')['nics'][0]['address'], address)
        self.assertTrue(self.in_guest('early', 'ping -c 1 -W 5 10.99.9.1'))
        self.assertTrue(self.in_guest('early', 'grep -q 1430 /sys/class/net/eth0/mtu'))
        self.assertIn('over all hosts', lab.must('network', 'show', 'lan').out)
        self.assertIn('bridged', lab.refused('network', 'create', 'x', '--vlan', '5').err)

    def test_ipv6_is_advertised_filtered_and_taken_away_while_a_guest_runs(self):
        lab = self.lab
        host, own, other = 'fd00:98::1', 'fd00:98::50', 'fd00:98::51'
        lab.must('network', 'create', 'six', '--subnet6', 'FD00:98::/64')
        self.addCleanup(lab.truce, 'network', 'delete', 'six')
        address = self.guest('sixer', '--network', 'six', '--address6', own)
        wait_for(lambda: self.in_guest('sixer', 'ip -6 route | grep -q ^default'), SOON, 'the router is advertised')
        # The smallest guest has no DHCPv6 client: it takes the address that it would be given.
        self.assertTrue(self.in_guest('sixer', f'ip -6 addr add {own}/64 dev eth0'))

        def reached_from(source):
            return self.in_guest('sixer', f'ping6 -c 1 -W 1 -I {source} {host}')
        wait_for(lambda: reached_from(own), SOON, 'the host answers')
        self.assertTrue(self.in_guest('sixer', f'nslookup -type=aaaa sixer.truce.internal {host} | grep -q {own}'))
        self.assertTrue(self.in_guest('sixer', f'ip -6 addr add {other}/64 dev eth0'))
        self.assertFalse(reached_from(other))
        lab.must('vm', 'set-nic', 'sixer', '--spoof-filter=false')
        wait_for(lambda: reached_from(other), SOON, 'the other address works while the filter is off')
        lab.must('vm', 'set-nic', 'sixer', '--spoof-filter')
        wait_for(lambda: not reached_from(other), SOON, 'the other address is stopped again')
        self.assertRegex(lab.must('network', 'show', 'six').out, rf'nic 0 +\S+ +{address} {own}')
        self.assertIn('sixer', lab.refused('network', 'set', 'six', '--subnet6=').err)
        lab.must('vm', 'set-nic', 'sixer', '--address6=')
        self.assertTrue(reached_from(own), 'an address stays when it is no longer fixed')
        lab.must('network', 'set', 'six', '--subnet6=')
        wait_for(lambda: not reached_from(own), SOON, 'IPv6 is gone')

    def test_routed_and_isolated_networks_lead_where_they_say(self):
        lab = self.lab
        for mode, passes in (('isolated', False), ('routed', True)):
            lab.must('network', 'create', mode, '--mode', mode)
            self.addCleanup(lab.truce, 'network', 'delete', mode)
            address = self.guest(f'in-{mode}', '--network', mode)
            gateway = address.rsplit('.', 1)[0] + '.1'
            self.assertTrue(self.in_guest(f'in-{mode}', f'ping -c 1 -W 5 {gateway}'), mode)
            rules = lab.inside('nft', 'list', 'table', 'ip', f'truce-{mode}').stdout
            self.assertNotIn('masquerade', rules)
            self.assertEqual(self.in_guest(f'in-{mode}', 'ip route | grep -q default'), passes, mode)

    def test_a_bridged_network_is_the_hosts_own_bridge(self):
        lab = self.lab
        lab.must('network', 'create', 'wire', '--mode', 'bridged', '--bridge', 'br0')
        self.addCleanup(lab.truce, 'network', 'delete', 'wire')
        wait_for(lambda: "no bridge 'br0'" in lab.must('network', 'show', 'wire').out, SOON, 'its problem is told')
        lab.inside('ip', 'link', 'add', 'br0', 'type', 'bridge')
        self.addCleanup(lab.inside, 'ip', 'link', 'delete', 'br0')
        lab.inside('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'br0')
        lab.inside('ip', 'link', 'set', 'br0', 'up')
        lab.new_tiny('wired', '--network', 'wire', ready=False)  # nobody there gives addresses
        self.addCleanup(lab.truce, 'vm', 'delete', 'wired', '--force')
        lab.wait_agent('wired')
        self.assertTrue(self.in_guest('wired', 'ip addr add 192.0.2.5/24 dev eth0 && ping -c 1 -W 5 192.0.2.1'))

    def test_a_network_of_a_project_is_refused_to_others(self):
        lab = self.lab
        lab.must('network', 'create', 'shopnet', '--mode', 'isolated', '--private-to', 'shop')
        self.addCleanup(lab.truce, 'network', 'delete', 'shopnet')
        refused = lab.refused('vm', 'create', 'm', '--template', 'tiny', '--network', 'shopnet')
        self.assertIn("is for machines of another project", refused.err)


if __name__ == '__main__':
    unittest.main()

"""Hosts that libvirt manages beside Truce's own machines: the real daemon and CLI against a libvirtd of the test's own, with QEMU."""
import re
import unittest

from lab import SOON, wait_for
from platform_peers import LibvirtTest

class LibvirtHosts(LibvirtTest):
    def observed(self, name):
        return self.lab.must('vm', 'show', f'kvm/{name}', '--format', 'json').json()['observed']

    def wait_observed(self, name, state):
        wait_for(lambda: self.observed(name) == state, SOON, f'{name} is {state}')

    def test_a_host_with_qemu_is_shown_followed_and_switched(self):
        lab, libvirtd = self.lab, self.libvirtd
        libvirtd.define('web01')

        for address, why in (('libvirt+qemu:///system?socket=/x', 'parameters'), ('libvirt+lxc:///system', 'no kind of platform'),
                             ('libvirt+qemu+ssh://root@127.0.0.1:1/system', 'qemu+ssh://root@127.0.0.1:1/system')):
            self.assertIn(why, lab.refused('platform', 'add', 'kvm', address).err)
        added = lab.truce('platform', 'add', 'kvm', 'libvirt+qemu:///system')
        self.assertEqual(added.code, 0, added)
        shown = self.wait_state('connected')
        self.assertIn('QEMU', shown['product'])

        machine = lab.must('vm', 'show', 'kvm/web01', '--format', 'json').json()
        self.assertEqual((machine['observed'], machine['cpus'], machine['memory']), ('off', 1, 64 << 20))
        self.assertEqual((machine['disks'][0]['size'], machine['disks'][0]['pool']), (16 << 20, 'images'))
        self.assertEqual(machine['uuid'], libvirtd.virsh('domuuid', 'web01').strip())
        for noun in ('host', 'pool', 'network'):
            self.assertRegex(lab.must(noun, 'list', '--platform', 'kvm', '--quiet').out, 'kvm/')

        # What we do is seen by others, and what others do is seen.
        lab.must('vm', 'start', 'kvm/web01')
        self.assertEqual(libvirtd.virsh('domstate', 'web01').strip(), 'running')
        self.wait_observed('web01', 'running')
        libvirtd.virsh('suspend', 'web01')
        self.wait_observed('web01', 'paused')
        lab.must('vm', 'start', 'kvm/web01')
        lab.must('vm', 'reset', 'kvm/web01')
        lab.must('vm', 'suspend', 'kvm/web01')
        self.wait_observed('web01', 'suspended')
        lab.must('vm', 'start', 'kvm/web01')
        libvirtd.define('web02')
        wait_for(lambda: 'kvm/web02' in lab.must('vm', 'list', '--platform', 'kvm', '--quiet').out, SOON, 'a new machine is seen')

        # The server ends: its machines go on, and so does what is known of them.
        libvirtd.order('kill')
        problem = self.wait_state('trouble')['problem']
        self.assertRegex(problem, 'qemu:///system|connection')
        self.assertIn('kvm', lab.refused('vm', 'stop', 'kvm/web01', '--now').err)
        self.assertEqual(self.show()['vms'], 2)
        libvirtd.order('start')
        self.wait_state('connected')
        self.wait_observed('web01', 'running')
        lab.must('vm', 'stop', 'kvm/web01', '--now')
        self.assertTrue(re.search('shut off', libvirtd.virsh('domstate', 'web01')))
        self.wait_observed('web01', 'off')
        lab.must('platform', 'remove', 'kvm')
        self.assertIn('web01', libvirtd.virsh('list', '--all', '--name'), 'nothing of it is touched')


if __name__ == '__main__':
    unittest.main()

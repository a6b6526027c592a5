"""Machines that move from a vSphere server (vcsim) to a host that libvirt manages and back, directly, with real disks, and boot there."""
import os
import unittest

import small_linux
from lab import SOON, sha256_of, wait_for
from platform_peers import HasVcsim, LibvirtTest, Moves


class WithBoth(Moves, HasVcsim, LibvirtTest):
    """Has a daemon, and both platforms: `prod` and `kvm`."""
    hypervisor = 'qemu'

    def setUp(self):
        super().setUp()
        self.begin_vcsim()
        self.add_trusted()
        self.assertEqual(self.lab.truce('platform', 'add', 'kvm', 'libvirt+qemu:///system').code, 0)
        self.wait_connected('kvm')
        self.libvirtd.define('other')  # by its card, QEMU's own network is known
        self.wait_seen('other')

    def make(self, name, raw):
        flat = self.vcsim.make(name, raw)
        wait_for(lambda: f'prod/{name}' in self.machines('prod'), SOON, f'{name} is seen')
        return flat


class Across(WithBoth):
    def test_a_linux_goes_from_vsphere_to_libvirt_boots_and_goes_back(self):
        why = small_linux.why_not()
        if why:
            self.skipTest(f'skipped, because {why}')
        raw = small_linux.make_disk(self.lab.folder / 'web01.raw', 'web-one')
        flat = self.make('web01', raw)
        before = sha256_of(flat)
        report = self.lab.must('vm', 'move-report', 'prod/web01', '--to', 'kvm', '--network', 'user', '--format', 'json').json()
        self.assertIn('disks: pvscsi stays', report['kept'])
        self.lab.must('vm', 'move', 'prod/web01', '--to', 'kvm', '--network', 'user', '--start')
        self.wait_console('web01', 'is up: web-one')
        self.lab.must('vm', 'stop', 'kvm/web01', '--now')
        wait_for(lambda: self.machines()['kvm/web01']['observed'] == 'off', SOON, 'it is off')
        self.assertEqual(sha256_of(flat), before, 'the source is as it was')
        self.assertEqual(self.libvirtd.virsh('domuuid', 'web01').strip(), self.vcsim.devices('web01')['uuid'])
        self.assertNotIn('web01', self.lab.vms(), 'it never was here')

        # It only said who it is: its disk is as it came, and so it is there again, under another name.
        made = self.libvirtd.images / 'web01-sda.qcow2'
        self.assert_same(made, raw)
        self.lab.must('vm', 'move', 'kvm/web01', '--to', 'prod', '--new-name', 'back', '--network', 'VM Network', '--keep-source=false')
        sent = list(self.vcsim.sent.glob('*.vmdk'))
        self.assertEqual(len(sent), 1)
        self.assert_same(sent[0], raw)
        wait_for(lambda: 'kvm/web01' not in self.machines(), SOON, 'what was moved is gone there')
        self.assertFalse(made.exists())

    def test_a_move_begins_anew_when_the_daemon_was_killed_and_is_called_off(self):
        raw = self.lab.folder / 'heavy.raw'
        with open(raw, 'wb') as disk:
            disk.truncate(1024 << 20)
            for at in range(384):
                disk.seek((at * 2) << 20)
                disk.write(os.urandom(1 << 20))
        self.make('heavy', raw)
        task = self.begin('prod/heavy', '--to', 'kvm', '--network', 'user')
        self.wait_copying(task)
        self.lab.kill()
        self.lab.start()
        self.assertEqual(self.wait_end(task)['state'], 'succeeded')
        made = self.libvirtd.images / 'heavy-sda.qcow2'
        self.assert_same(made, raw)
        self.assertEqual(sorted(self.libvirtd.names()), ['heavy', 'other'], 'it is there once')

        self.lab.must('vm', 'delete', 'kvm/heavy')
        wait_for(lambda: 'kvm/heavy' not in self.machines(), SOON, 'it is gone there')
        task = self.begin('prod/heavy', '--to', 'kvm', '--network', 'user')
        self.wait_copying(task)
        self.assertIn('being moved', self.lab.refused('vm', 'start', 'prod/heavy').err)
        self.lab.must('task', 'cancel', task)
        self.assertEqual(self.wait_end(task)['state'], 'cancelled')
        self.assertEqual(self.libvirtd.names(), ['other'])
        self.assertFalse(made.exists())


if __name__ == '__main__':
    unittest.main()

"""Machines that move between a host that libvirt manages (a libvirtd of the test's own, with QEMU) and here, and boot on both sides."""
import os
import unittest

import small_linux
from lab import SOON, run, sha256_of, wait_for
from platform_peers import LibvirtTest, Moves


class WithOther(Moves, LibvirtTest):
    hypervisor = 'qemu'

    def setUp(self):
        super().setUp()
        self.assertEqual(self.lab.truce('platform', 'add', 'kvm', 'libvirt+qemu:///system').code, 0)
        self.wait_state('connected')
        self.libvirtd.define('other')  # by its card, QEMU's own network is known
        self.wait_seen('other')

    def there(self):
        """Machines and files there, without that one."""
        files = [path.name for path in self.libvirtd.images.iterdir()]
        return sorted(set(self.libvirtd.names()) - {'other'}), sorted(set(files) - {'other.qcow2'})


class LibvirtMoves(WithOther):
    def assert_boots_there(self, name, text):
        self.lab.must('vm', 'start', f'kvm/{name}')
        self.wait_console(name, text)
        self.lab.must('vm', 'stop', f'kvm/{name}', '--now')
        wait_for(lambda: self.machines()[f'kvm/{name}']['observed'] == 'off', SOON, f'{name} is off')

    def assert_boots_here(self, name, text):
        self.lab.wait_log(name, text)
        self.lab.must('vm', 'stop', name, '--now')
        wait_for(lambda: self.lab.vm(name)['observed'] == 'off', SOON, f'{name} is off')

    def heavy(self, name, mebi=1024, full=640):
        """A machine there whose disk is copied for some time."""
        raw = self.lab.folder / f'{name}.raw'
        with open(raw, 'wb') as disk:
            disk.truncate(mebi << 20)
            for at in range(full):
                disk.seek((at * 3 // 2) << 20)
                disk.write(os.urandom(1 << 20))
        there = self.libvirtd.define(name, raw)
        self.wait_seen(name)
        return raw, there

    def stop_in_the_middle(self, task):
        """Nothing goes on there from now on, until it is thawed."""
        self.wait_copying(task)
        self.libvirtd.order('freeze')
        self.assertEqual(self.task(task)['state'], 'running')

    def test_a_linux_comes_boots_goes_back_and_boots(self):
        why = small_linux.why_not()
        if why:
            self.skipTest(f'skipped, because {why}')
        raw = small_linux.make_disk(self.lab.folder / 'web01.raw', 'web-one')
        there = self.libvirtd.define('web01', raw, memory=128)
        self.wait_seen('web01')
        before, uuid = sha256_of(there), self.libvirtd.virsh('domuuid', 'web01').strip()
        self.assert_boots_there('web01', 'is up: web-one')

        report = self.lab.must('vm', 'move-report', 'kvm/web01', '--to', 'here', '--format', 'json').json()
        for line in ('disks: virtio stays virtio', 'network cards: virtio stays virtio'):
            self.assertIn(line, report['kept'])
        self.lab.must('vm', 'move', 'kvm/web01', '--to', 'here', '--start')
        self.assertEqual(sha256_of(there), before, 'the source is as it was')
        self.assert_boots_here('web01', 'is up: web-one')
        here = self.lab.vm('web01')
        self.assertEqual((here['uuid'], here['cpus'], here['memory']), (uuid, 1, 128 << 20))
        self.assertIn(here['nics'][0]['mac'], self.libvirtd.virsh('dumpxml', 'web01'))
        self.assert_same(self.disk_of('web01'), raw)

        # Back: what it came from was kept, and has its id.
        refused = self.lab.refused('vm', 'move', 'web01', '--to', 'kvm', '--new-name', 'back', '--network', 'user')
        self.assertIn('has the id of this machine', refused.err)
        self.lab.must('vm', 'delete', 'kvm/web01')
        wait_for(lambda: 'kvm/web01' not in self.machines(), SOON, 'it is gone there')
        report = self.lab.must('vm', 'move-report', 'web01', '--to', 'kvm', '--network', 'user', '--format', 'json').json()
        self.assertIn('disks: virtio stays', report['kept'])
        self.lab.must('vm', 'move', 'web01', '--to', 'kvm', '--network', 'user', '--keep-source=false')
        made = self.libvirtd.images / 'web01-vda.qcow2'
        self.assert_same(made, raw)
        self.assertLess(made.stat().st_blocks * 512, 32 << 20, 'holes stay holes')
        run('qemu-img', 'check', '-q', made)
        self.assertEqual(self.libvirtd.virsh('domuuid', 'web01').strip(), uuid)
        self.assertIn(here['nics'][0]['mac'], self.libvirtd.virsh('dumpxml', 'web01'))
        self.wait_seen('web01')
        self.assert_boots_there('web01', 'is up: web-one')
        wait_for(lambda: 'web01' not in self.lab.vms(), SOON, 'what was moved is gone here')

        # And here again, where it boots, too; there it is removed at the end.
        self.lab.must('vm', 'move', 'kvm/web01', '--to', 'here', '--start', '--keep-source=false')
        self.assert_boots_here('web01', 'is up: web-one')
        self.assert_same(self.disk_of('web01'), raw)
        self.assertEqual(self.there(), ([], []))

    def test_a_move_goes_on_when_the_daemon_was_killed(self):
        raw, _ = self.heavy('heavy')
        task = self.begin('kvm/heavy', '--to', 'here')
        self.stop_in_the_middle(task)
        self.lab.kill()
        self.libvirtd.order('thaw')
        self.lab.start()
        self.assertEqual(self.wait_end(task)['state'], 'succeeded')
        self.assert_same(self.disk_of('heavy'), raw)

        # Out again: what was half made there is removed, and made anew.
        self.lab.must('vm', 'delete', 'kvm/heavy')
        wait_for(lambda: 'kvm/heavy' not in self.machines(), SOON, 'it is gone there')
        task = self.begin('heavy', '--to', 'kvm', '--network', 'user')
        self.stop_in_the_middle(task)
        self.lab.kill()
        self.libvirtd.order('thaw')
        self.assertEqual(self.libvirtd.virsh('domstate', 'heavy').strip(), 'shut off')
        self.lab.start()
        self.assertEqual(self.wait_end(task)['state'], 'succeeded')
        self.assertEqual(self.there(), (['heavy'], ['heavy-vda.qcow2']))
        self.assert_same(self.libvirtd.images / 'heavy-vda.qcow2', raw)
        self.assertNotIn('do not start it', self.libvirtd.virsh('dumpxml', 'heavy'))
        self.assertEqual(self.lab.vm('heavy')['observed'], 'off', 'what it was moved from is kept')

    def test_what_is_called_off_leaves_nothing(self):
        _, there = self.heavy('large')
        before = sha256_of(there)
        task = self.begin('kvm/large', '--to', 'here')
        self.stop_in_the_middle(task)
        folder = self.disk_of('large').parent
        self.lab.must('task', 'cancel', task, '--no-wait')
        self.libvirtd.order('thaw')
        self.assertEqual(self.wait_end(task)['state'], 'cancelled')
        wait_for(lambda: 'large' not in self.lab.vms() and not folder.exists(), SOON, 'nothing is left')
        self.assertEqual(sha256_of(there), before)

        self.wait_state('connected')
        self.lab.must('vm', 'move', 'kvm/large', '--to', 'here', '--keep-source=false')
        wait_for(lambda: 'kvm/large' not in self.machines(), SOON, 'it is gone there')
        task = self.begin('large', '--to', 'kvm', '--network', 'user')
        self.stop_in_the_middle(task)
        self.lab.must('task', 'cancel', task, '--no-wait')
        self.libvirtd.order('thaw')
        self.assertEqual(self.wait_end(task)['state'], 'cancelled')
        self.assertEqual(self.there(), ([], []))
        self.assertEqual(self.lab.vm('large')['observed'], 'off')
        self.lab.must('vm', 'delete', 'large')

    def test_a_host_that_ends_in_the_middle_is_waited_for(self):
        raw, _ = self.heavy('patient')
        task = self.begin('kvm/patient', '--to', 'here')
        self.stop_in_the_middle(task)
        self.libvirtd.order('kill')
        wait_for(lambda: self.task(task)['state'] == 'running' and self.show()['state'] == 'trouble', SOON, 'it is missed')
        self.libvirtd.order('start')
        self.assertEqual(self.wait_end(task)['state'], 'succeeded')
        self.assert_same(self.disk_of('patient'), raw)


if __name__ == '__main__':
    unittest.main()

"""Machines that move between a host that libvirt manages (a libvirtd of the test's own, with QEMU) and here, and boot on both sides."""
import os
import signal
import unittest
from pathlib import Path

import small_linux
from lab import BOOT, SOON, TEMPLATES, processes_with, run, sha256_of, wait_for
from pictures import sizes_of_png
from platform_peers import LibvirtTest, Moves

FIRST_BOOT = 600  # of a Debian under emulation


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

    def test_many_come_as_a_file_says(self):
        for name in ('one', 'two', 'three'):
            self.libvirtd.define(name)
            self.wait_seen(name)
        file = self.lab.folder / 'waves.txt'
        file.write_text('# all of them\nkvm/one --to here\nkvm/two --to here --new-name second\nwave\nkvm/three --to here\n')
        self.assertRegex(self.lab.must('vm', 'move-wave', file, '--dry-run').out, r'2 +kvm/three +here +three +16MiB')
        self.lab.must('vm', 'start', 'kvm/three')
        wait_for(lambda: self.machines()['kvm/three']['observed'] == 'running', SOON, 'three runs')
        self.assertIn('line 5: kvm/three', self.lab.refused('vm', 'move-wave', file).err)
        self.assertEqual(self.lab.vms(), {}, 'nothing was begun')
        self.lab.must('vm', 'stop', 'kvm/three', '--now')
        wait_for(lambda: self.machines()['kvm/three']['observed'] == 'off', SOON, 'three is off')
        told = self.lab.must('vm', 'move-wave', file).out
        self.assertEqual(len([line for line in told.splitlines() if 'succeeded' in line]), 3, told)
        self.assertEqual(sorted(self.lab.vms()), ['one', 'second', 'three'])

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


class Proofs(WithOther):
    """Machines that are started as throw-aways before they count as here."""

    def setUp(self):
        super().setUp()
        self.images = self.lab.folder / 'raws'
        self.images.mkdir()
        why = small_linux.why_not()
        if why:
            self.skipTest(f'skipped, because {why}')

    def begin_proof(self, raw, *words, memory=128):
        """A machine there by the name of its disk, that moves here: its disk there, and the task."""
        there = self.libvirtd.define(raw.stem, raw, memory=memory)
        self.wait_seen(raw.stem)
        return there, self.begin(f'kvm/{raw.stem}', '--to', 'here', '--prove', *words)

    def wait_trial(self, name):
        """Until its throw-away runs: the words of its QEMU."""
        wait_for(lambda: (vm := self.lab.vm(name)) and vm['trial'] and vm['observed'] == 'running', 2 * BOOT, f'{name} is tried out')
        return self.qemu_of(name)

    def qemu_of(self, name):
        return processes_with(f'-uuid {self.lab.vm(name)["uuid"]}')[self.lab.qemu_pid(name)]

    def end_of(self, task, state):
        shown = wait_for(lambda: (shown := self.task(task))['state'] not in ('running', 'queued') and shown, 4 * BOOT, 'the move ends')
        self.assertEqual(shown['state'], state, (shown, self.lab.log_end()))
        return shown

    def picture_of(self, task):
        path = self.lab.folder / f'{task}.png'
        self.lab.must('task', 'screenshot', task, path)
        png = path.read_bytes()
        self.assertEqual(len(png), self.task(task)['proof']['picture'])
        if os.environ.get('TRUCE_PICTURES'):
            (Path(os.environ['TRUCE_PICTURES']) / f'{self.id().rpartition(".")[2]}.png').write_bytes(png)
        return sizes_of_png(png)

    def assert_nothing_left(self, name=None):
        """No throw-away of any machine, and nothing at all of one that did not come."""
        vms = self.lab.state / 'pool/vms'

        def left():
            found = [str(path) for path in vms.rglob('trial')] + [str(path) for path in (self.lab.run / 'vms').iterdir()]
            if name:
                found += [name] * (name in self.lab.vms()) + [str(path) for path in vms.iterdir()]
            return found + [line for line in processes_with(str(vms)).values() if 'qemu-system' in line]
        wait_for(lambda: not left(), SOON, 'nothing of a throw-away is left')

    def proves_itself(self, raw, system, memory, limit):
        """By its agent, and then is as it came; what else was seen."""
        name = raw.stem
        there, task = self.begin_proof(raw, '--keep-source=false', '--prove-seconds', limit, memory=memory)
        words = self.wait_trial(name)
        self.assertIn('user,id=net0,restrict=on', words)
        self.assertNotIn('tap,', words)
        self.assertIn('/trial/disk0.qcow2', words)
        self.assertFalse([line for line in self.lab.links() if 'tap' in line])
        refused = self.lab.refused('vm', 'stop', name)
        self.assertIn('is moving to or from a platform', refused.err)
        self.assertTrue(there.exists(), 'nothing is removed before it is proved')
        written = self.disk_of(name).stat().st_mtime_ns
        done = self.lab.must('task', 'wait', task, timeout=2 * limit)
        proof = self.task(task)['proof']
        self.assertEqual((proof['outcome'], proof['words']), ('booted', 'its guest agent answered'))
        self.assertIn(f'system: {system}', proof['seen'])
        self.assertIn('boot proof: booted: its guest agent answered', done.out)
        self.assertGreaterEqual(self.picture_of(task), (640, 400))
        self.assertEqual(self.disk_of(name).stat().st_mtime_ns, written, 'its throw-away has not written to it')
        self.assert_same(self.disk_of(name), raw)
        self.lab.must('vm', 'start', name)
        self.assertNotIn('restrict=on', self.qemu_of(name), 'in earnest it has a network')
        self.lab.must('vm', 'stop', name, '--now')
        self.assertEqual(self.there(), ([], []))
        self.assert_nothing_left()
        return proof['seen']

    def test_an_agent_that_answers_proves_a_machine_which_then_is_as_it_came(self):
        self.proves_itself(small_linux.make_tiny(self.images / 'agent.raw'), 'Truce tiny (Debian 12 kernel)', 192, 2 * BOOT)

    @unittest.skipUnless(os.environ.get('TRUCE_LONG_TESTS'), 'skipped, because a Debian takes minutes: TRUCE_LONG_TESTS=1')
    def test_a_debian_tells_of_its_services_too(self):
        raw = self.images / 'deb.raw'
        run('qemu-img', 'convert', '-O', 'raw', TEMPLATES.output('debian-12') / 'disk.qcow2', raw)
        seen = self.proves_itself(raw, 'Debian GNU/Linux 12 (bookworm)', 1024, FIRST_BOOT)
        self.assertTrue([line for line in seen if line.startswith('services')], seen)

    def test_a_login_prompt_proves_a_machine_and_one_that_says_nothing_comes_with_a_picture(self):
        raw = small_linux.make_disk(self.images / 'asks.raw', 'web-one', more='asks')
        there, task = self.begin_proof(raw)
        before = sha256_of(there)
        shown = self.end_of(task, 'succeeded')
        self.assertEqual((shown['proof']['outcome'], shown['proof']['words']), ('booted', 'login prompt on its serial port'))
        self.assertEqual(self.lab.vm('asks')['observed'], 'off')
        self.assert_same(self.disk_of('asks'), raw)
        self.assertEqual(sha256_of(there), before)

        (self.images / 'initrd.tree').rename(self.images / 'earlier')
        raw = small_linux.make_disk(self.images / 'silent.raw', 'web-two')
        _, task = self.begin_proof(raw, '--prove-seconds', 10)
        shown = self.end_of(task, 'succeeded')
        self.assertEqual(shown['proof']['outcome'], 'unclear')
        self.assertIn('whether it has booted cannot be told', shown['proof']['words'])
        self.assertEqual(self.picture_of(task), (720, 400))
        self.assert_nothing_left()

    def test_a_disk_that_does_not_boot_undoes_the_move(self):
        raw = self.images / 'empty.raw'
        raw.write_bytes(b'no boot sector'.ljust(16 << 20, b'\0'))
        there, task = self.begin_proof(raw, '--start', '--keep-source=false')
        before = sha256_of(there)
        shown = self.end_of(task, 'failed')
        self.assertEqual(shown['proof']['outcome'], 'failed')
        self.assertIn("its firmware found nothing to boot ('No bootable device.')", shown['error'])
        self.assertIn(f'truce task screenshot {task}', shown['error'])
        self.assertEqual(self.picture_of(task), (720, 400))
        self.assertEqual(sha256_of(there), before)
        self.assertEqual(self.there()[0], ['empty'])
        self.assert_nothing_left('empty')

    def test_a_daemon_that_is_killed_meanwhile_goes_on_and_a_move_can_still_be_called_off(self):
        raw = small_linux.make_disk(self.images / 'patient.raw', 'web-one')
        _, task = self.begin_proof(raw, '--prove-seconds', 20)
        self.wait_trial('patient')
        pid = self.lab.qemu_pid('patient')
        self.lab.kill()
        self.lab.start()
        self.assertEqual(self.lab.qemu_pid('patient'), pid, 'it runs on')
        self.assertEqual(self.end_of(task, 'succeeded')['proof']['outcome'], 'unclear')
        self.assert_same(self.disk_of('patient'), raw)
        self.assert_nothing_left()

        # With it dies its throw-away: then the machine has not booted.
        task = self.begin('kvm/patient', '--to', 'here', '--prove', '--new-name', 'again')
        self.wait_trial('again')
        pid = self.lab.qemu_pid('again')
        self.lab.kill()
        os.kill(pid, signal.SIGKILL)
        self.lab.start()
        self.assertIn('did not boot: QEMU ended', self.end_of(task, 'failed')['error'])
        wait_for(lambda: 'again' not in self.lab.vms(), SOON, 'it is gone')

        task = self.begin('kvm/patient', '--to', 'here', '--prove', '--new-name', 'again')
        self.wait_trial('again')
        self.lab.must('task', 'cancel', task, '--no-wait')
        self.end_of(task, 'cancelled')
        self.lab.must('vm', 'delete', 'patient')
        self.assert_nothing_left('again')
        self.assertEqual(self.there()[0], ['patient'])


if __name__ == '__main__':
    unittest.main()

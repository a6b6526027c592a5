"""Machines that come here while they run, from a host that libvirt manages, with a guest that writes all the time."""
import os
import re
import unittest

import small_linux
from lab import BOOT, READY, SOON, run, wait_for
from libvirt_moves_test import WithOther

DOMAIN = """<domain type='qemu'><name>busy</name><memory unit='MiB'>192</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
<interface type='user'><model type='virtio'/></interface><serial type='pty'/><memballoon model='none'/></devices></domain>"""
# Some 1.3 MB a second, over and over within 32 MiB, and a line at the same place each time.
WRITES = r'''n=0; while :; do n=$((n+1)); echo "line $n" | dd of=/dev/vda bs=512 seek=400000 conv=notrunc 2>/dev/null;
dd if=/dev/urandom of=/dev/vda bs=64k count=2 seek=$((2000+n%500)) conv=notrunc 2>/dev/null; sync; echo "wrote $n."; usleep 100000; done &
'''


class WarmMoves(WithOther):
    def setUp(self):
        super().setUp()
        why = small_linux.why_not()
        if why:
            self.skipTest(f'skipped, because {why}')
        raw = small_linux.make_tiny(self.lab.folder / 'busy.raw', 512)
        with open(raw, 'r+b') as disk:
            disk.seek(64 << 20)
            disk.write(os.urandom(192 << 20))  # so that there is time to stop the copy in its middle
        self.there = self.libvirtd.images / 'busy.qcow2'
        run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, self.there)
        document = self.lab.folder / 'busy.xml'
        document.write_text(DOMAIN.format(disk=self.there))
        self.libvirtd.virsh('define', document)
        self.wait_seen('busy')
        self.lab.must('vm', 'start', 'kvm/busy')
        self.terminal = os.open(self.libvirtd.virsh('ttyconsole', 'busy').strip(), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.addCleanup(os.close, self.terminal)
        self.said = ''
        self.wait_said(re.escape(READY))
        os.write(self.terminal, WRITES.replace('\n', ' ').encode() + b'\n')
        self.wait_said(r'wrote 5\.')

    def wait_said(self, pattern):
        """Until the guest has said that on its serial line, from now on."""
        self.said = ''

        def shown():
            try:
                self.said += os.read(self.terminal, 65536).decode(errors='replace')
            except BlockingIOError:
                pass
            return re.search(pattern, self.said)
        return wait_for(shown, BOOT, f'{pattern} on the serial line; it has said {self.said[-500:]!r}')

    def assert_untouched_there(self):
        """Its disk is one file again, which nothing is kept apart from."""
        files = sorted(path.name for path in self.libvirtd.images.iterdir())
        self.assertEqual(files, ['busy.qcow2', 'other.qcow2'])
        for which in ('--inactive', '--security-info'):
            self.assertIn("busy.qcow2'", self.libvirtd.virsh('dumpxml', which, 'busy'))

    def steps(self, task):
        return [step['text'] for step in self.task(task)['steps']]

    def assert_came(self, task):
        shown = wait_for(lambda: (shown := self.task(task))['state'] not in ('running', 'queued') and shown, 4 * BOOT, 'the move ends')
        self.assertEqual(shown['state'], 'succeeded', shown)
        steps = self.steps(task)
        self.assertTrue([step for step in steps if 'got meanwhile (pass 2)' in step], steps)
        self.assertEqual(self.libvirtd.virsh('domstate', 'busy').strip(), 'shut off')
        self.assert_untouched_there()
        self.assert_same(self.disk_of('busy'), self.there)
        return next(step for step in steps if 's ago, for the last part' in step)

    def test_a_guest_that_writes_comes_with_all_that_it_wrote(self):
        refused = self.lab.refused('vm', 'move', 'kvm/busy', '--to', 'here')
        self.assertIn('--warm', refused.err)
        report = self.lab.must('vm', 'move-report', 'kvm/busy', '--to', 'here', '--warm', '--format', 'json').json()
        self.assertIn('it is copied while it runs, and shut down for the last part', report['changed'])
        task = self.begin('kvm/busy', '--to', 'here', '--warm')
        told = self.assert_came(task)
        print(told)
        self.lab.must('vm', 'start', 'busy')
        self.lab.wait_log('busy', READY)

    def stop_in_the_middle(self, task):
        self.wait_copying(task)
        self.libvirtd.order('freeze')
        self.assertEqual(self.task(task)['state'], 'running')

    def test_one_that_is_called_off_runs_on_and_writes(self):
        task = self.begin('kvm/busy', '--to', 'here', '--warm')
        self.stop_in_the_middle(task)
        self.assertGreater(len(list(self.libvirtd.images.iterdir())), 2, 'what it writes is kept apart')
        self.lab.must('task', 'cancel', task, '--no-wait')
        self.libvirtd.order('thaw')
        shown = wait_for(lambda: (shown := self.task(task))['state'] not in ('running', 'queued') and shown, 4 * BOOT, 'the move ends')
        self.assertEqual(shown['state'], 'cancelled', shown)
        self.assertEqual(self.libvirtd.virsh('domstate', 'busy').strip(), 'running')
        self.assert_untouched_there()
        wait_for(lambda: 'busy' not in self.lab.vms(), SOON, 'nothing of it is here')
        self.wait_said(r'wrote \d+\.')
        number = int(re.findall(r'wrote (\d+)\.', self.said)[-1])
        self.wait_said(fr'wrote {number + 5}\.')
        self.lab.must('vm', 'stop', 'kvm/busy')
        wait_for(lambda: run('qemu-img', 'check', '-q', self.there, check=False).returncode == 0, SOON, 'its disk is let go, and whole')

    def test_it_goes_on_when_the_daemon_was_killed(self):
        task = self.begin('kvm/busy', '--to', 'here', '--warm')
        self.stop_in_the_middle(task)
        self.lab.kill()
        self.libvirtd.order('thaw')
        self.lab.start()
        self.assert_came(task)


if __name__ == '__main__':
    unittest.main()

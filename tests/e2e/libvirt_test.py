"""Hosts that libvirt manages beside Truce's own machines: the real daemon and CLI against a libvirtd of the test's own, with QEMU."""
import re
import subprocess
import unittest
from pathlib import Path

from lab import SOON, FreeLabTest, run, wait_for

PEER = Path(__file__).resolve().parent.parent / 'peers/libvirt/peer'
DOMAIN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices><interface type='user'/>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
<memballoon model='none'/></devices></domain>"""


class Libvirtd:
    """tests/peers/libvirt/peer, which ends with the test and takes its machines along."""

    def __init__(self, folder):
        self.folder = folder
        self.process = subprocess.Popen([PEER, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def order(self, word):
        """Empty, or why it cannot run here."""
        self.process.stdin.write(word + '\n')
        self.process.stdin.flush()
        if self.process.stdout.readline() == 'ok\n':
            return ''
        return self.process.stderr.read().strip() or 'it has ended'

    def virsh(self, *words):
        return run('virsh', '-q', '-c', f'qemu+unix:///system?socket={self.folder}/run/libvirt-sock', *words).stdout

    def define(self, name):
        disk = self.folder / 'images' / f'{name}.qcow2'
        run('qemu-img', 'create', '-q', '-f', 'qcow2', disk, '16M')
        document = self.folder / f'{name}.xml'
        document.write_text(DOMAIN.format(name=name, disk=disk))
        self.virsh('define', document)

    def end(self):
        self.process.communicate()


class LibvirtHosts(FreeLabTest):
    def setUp(self):
        super().setUp()
        self.lab = self.new_lab(hypervisor='fake')
        folder = self.lab.folder / 'v'
        (folder / 'images').mkdir(parents=True)
        self.libvirtd = Libvirtd(folder)
        self.addCleanup(self.libvirtd.end)
        why = self.libvirtd.order('start')
        if why:
            self.skipTest(f'skipped, because libvirtd cannot run here: {why}')
        # To truced, its socket is that of this host's libvirt.
        Path('/run/libvirt').mkdir(exist_ok=True)
        self.lab.enter = [*self.lab.enter, 'unshare', '--mount', 'sh', '-c', f'mount --bind {folder}/run /run/libvirt && exec "$@"', 'sh']
        self.lab.start()

    def show(self):
        return self.lab.must('platform', 'show', 'kvm', '--format', 'json').json()

    def wait_state(self, state):
        return wait_for(lambda: (shown := self.show())['state'] == state and shown, SOON, f'kvm is {state}')

    def observed(self, name):
        return self.lab.must('vm', 'show', f'kvm/{name}', '--format', 'json').json()['observed']

    def wait_observed(self, name, state):
        wait_for(lambda: self.observed(name) == state, SOON, f'{name} is {state}')

    def test_a_host_with_qemu_is_shown_followed_and_switched(self):
        lab, libvirtd = self.lab, self.libvirtd
        libvirtd.virsh('pool-define-as', 'images', 'dir', '--target', libvirtd.folder / 'images')
        libvirtd.virsh('pool-start', 'images')
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

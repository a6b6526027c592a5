"""A real Xen beside Truce's own machines: Xen 4.17 with Debian's libvirt in an emulated computer (tests/peers/xen), spoken to by ssh as
an operator would, with guests that really boot.

TRUCE_LONG_TESTS=1 also takes the host's power away."""
import pwd
import subprocess
import time
import unittest
from pathlib import Path

from lab import LONG, SOON, FreeLabTest, run, wait_for

PEERS = Path(__file__).resolve().parent.parent / 'peers/xen'
SLOW = 300  # of what is emulated twice, on a machine that builds software meanwhile
LOG = '/var/log/xen/console/guest-{}.log'
IMAGES = '/var/lib/libvirt/images'
READY = 'truce-guest: ready, xen '
# Of a PVH guest without a disk, by a kernel of its host; its console is written down by xenconsoled.
DOMAIN = """<domain type='xen'><name>{}</name><memory unit='MiB'>96</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='xenpvh'>xenpvh</type><kernel>/srv/guest/vmlinuz</kernel><initrd>/srv/guest/initrd</initrd>
<cmdline>console=hvc0 quiet nodisk</cmdline></os><features><acpi/><apic/></features>
<devices><interface type='bridge'><source bridge='xenbr0'/></interface><console type='pty'><target type='xen'/></console></devices></domain>"""


class XenHost:
    """tests/peers/xen/peer, in the lab's network namespace; it ends with the test and takes its guests along."""

    def __init__(self, lab):
        self.folder, self.enter, self.port = lab.folder / 'xen', lab.enter, 0
        self.folder.mkdir()
        self.process = subprocess.Popen([*self.enter, PEERS / 'peer', self.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def order(self, word):
        self.process.stdin.write(word + '\n')
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if not answer:
            raise AssertionError(f'the Xen host has ended: {self.console()[-2000:]}')
        return answer[1:]

    def start(self):
        self.port = int(self.order('start')[0])

    def console(self):
        log = self.folder / 'console.log'
        return log.read_text(errors='replace') if log.exists() else ''

    def ssh(self, *words, **options):
        """One connection for all: each new one takes an emulated processor a second."""
        return run(*self.enter, 'ssh', '-q', '-F', 'none', '-i', self.folder / 'id', '-o', f'UserKnownHostsFile={self.folder}/known_hosts',
                   '-o', 'ControlMaster=auto', '-o', f'ControlPath={self.folder}/ssh', '-o', 'ControlPersist=60', '-p', self.port,
                   'root@127.0.0.1', *words, **options)

    def virsh(self, *words):
        return self.ssh('virsh', '-q', *words).stdout

    def put(self, local, remote):
        """As scp does."""
        with open(local, 'rb') as file:
            self.ssh(f'cat > {remote}', stdin=file)

    def define(self, name):
        document = self.folder / f'{name}.xml'
        document.write_text(DOMAIN.format(name))
        self.put(document, f'/tmp/{name}.xml')
        self.virsh('define', f'/tmp/{name}.xml')

    def said(self, name):
        """The lines that a guest's own init has printed on its console."""
        log = self.ssh('cat', LOG.format(name), check=False).stdout
        return [line.partition(READY)[2].strip() for line in log.splitlines() if READY in line]

    def wait_said(self, name, count, what):
        """The last line. It is waited for there: to be asked again and again takes an emulated processor from what boots."""
        often = f'$(grep -c "{READY}" {LOG.format(name)})'
        self.ssh(f'for i in $(seq {SLOW // 2}); do [ {often} -ge {count} ] && break; sleep 2; done')
        lines = self.said(name)
        if len(lines) < count:
            raise AssertionError(f'{name} has not said {what} in {SLOW} s')
        return lines[-1]

    def end(self):
        self.process.communicate()


class XenHosts(FreeLabTest):
    def setUp(self):
        super().setUp()
        built = run(PEERS / 'build', check=False)  # here, as the lab has no way to Debian's archive
        if built.returncode == 77:
            self.skipTest('skipped, because ' + built.stderr.strip())
        self.assertEqual(built.returncode, 0, built.stderr)
        self.built = Path(built.stdout.strip())
        self.lab = self.new_lab(hypervisor='qemu')
        self.xen = XenHost(self.lab)
        self.addCleanup(self.xen.end)
        began = time.monotonic()
        self.xen.start()
        self.note(f'Xen, dom0 and libvirt answer {time.monotonic() - began:.0f} s after power on')
        self.give_identity()
        self.lab.start()

    def note(self, text):
        print(f'    {text}', flush=True)

    def give_identity(self):
        """truced's ssh finds a key, and the host's, where root's are: in a folder of the test's own."""
        home = self.lab.folder / 'ssh'
        home.mkdir(mode=0o700)
        for ours, theirs in (('id', 'id_ed25519'), ('known_hosts', 'known_hosts')):
            run('cp', '-p', self.xen.folder / ours, home / theirs)
        roots = Path(pwd.getpwuid(0).pw_dir) / '.ssh'
        roots.mkdir(mode=0o700, exist_ok=True)
        self.lab.enter = [*self.lab.enter, 'unshare', '--mount', 'sh', '-c', f'mount --bind {home} {roots} && exec "$@"', 'sh']

    def show(self):
        return self.lab.must('platform', 'show', 'xen1', '--format', 'json').json()

    def wait_state(self, state):
        return wait_for(lambda: (shown := self.show())['state'] == state and shown, SLOW, f'xen1 is {state}')

    def machine(self, name):
        return self.lab.must('vm', 'show', f'xen1/{name}', '--format', 'json').json()

    def wait_observed(self, name, state):
        began = time.monotonic()
        wait_for(lambda: self.machine(name)['observed'] == state, SLOW, f'{name} is {state}')
        return time.monotonic() - began

    def add(self):
        return self.lab.truce('platform', 'add', 'xen1', f'libvirt+xen+ssh://root@127.0.0.1:{self.xen.port}/system')

    def names(self):
        return self.lab.must('vm', 'list', '--platform', 'xen1', '--quiet').out.split()

    def test_a_xen_host_is_shown_followed_and_switched(self):
        self.xen.virsh('pool-define-as', 'images', 'dir', '--target', IMAGES)
        self.xen.virsh('pool-start', 'images')
        self.xen.define('pvh1')
        self.host_is_added_when_its_key_is_known()
        self.what_others_do_is_seen()
        self.a_machine_goes_there_and_boots()
        self.memory_is_saved_and_goes_on()
        self.what_cannot_be_is_said()
        self.libvirt_may_end()
        self.it_comes_back_and_boots()
        if LONG:
            self.host_may_lose_its_power()
        self.lab.must('vm', 'delete', 'xen1/pv1')
        self.assertEqual(self.xen.ssh('ls', IMAGES).stdout, '')
        self.lab.must('platform', 'remove', 'xen1')
        self.assertIn('pvh1', self.xen.virsh('list', '--all', '--name'), 'nothing of it is touched')

    def host_is_added_when_its_key_is_known(self):
        lab = self.lab
        known = lab.folder / 'ssh/known_hosts'
        known.rename(lab.folder / 'known_hosts')
        self.assertRegex(self.add().err, 'Host key verification failed')
        (lab.folder / 'known_hosts').rename(known)
        added = self.add()
        self.assertEqual(added.code, 0, added)
        self.assertRegex(self.wait_state('connected')['product'], 'Xen')
        self.assertEqual(self.names(), ['xen1/pvh1'], 'domain 0 is none')
        machine = self.machine('pvh1')
        self.assertEqual((machine['observed'], machine['cpus'], machine['memory']), ('off', 1, 96 << 20))
        host, = lab.must('host', 'list', '--platform', 'xen1', '--format', 'json').json()['items']
        self.assertEqual(host['cpus'], 2)
        self.assertRegex(lab.must('network', 'list', '--platform', 'xen1', '--quiet').out, 'xenbr0')

    def what_others_do_is_seen(self):
        lab, xen = self.lab, self.xen
        xen.define('other')
        began = time.monotonic()
        wait_for(lambda: 'xen1/other' in self.names(), SLOW, 'a new machine is seen')
        self.note(f'a machine that virsh has defined is seen {time.monotonic() - began:.1f} s later')
        xen.virsh('undefine', 'other')
        xen.virsh('start', 'pvh1')
        self.note(f'one that virsh has started, {self.wait_observed("pvh1", "running"):.1f} s later')
        self.assertRegex(xen.wait_said('pvh1', 1, 'that it is there'), 'PVH, disk none')
        xen.virsh('suspend', 'pvh1')
        self.note(f'one that virsh has paused, {self.wait_observed("pvh1", "paused"):.1f} s later')
        lab.must('vm', 'start', 'xen1/pvh1')
        self.wait_observed('pvh1', 'running')
        wait_for(lambda: self.names() == ['xen1/pvh1'], SLOW, 'what was undefined is gone')

    def a_machine_goes_there_and_boots(self):
        """Made here, of a disk with a boot loader for the BIOS; there by GRUB of the host, which reads the same."""
        lab, xen = self.lab, self.xen
        lab.must('template', 'upload', 'guest', self.built / 'guest.raw')
        lab.must('vm', 'create', 'pv1', '--template', 'guest', '--memory', '128MiB', '--cpus', '1')
        there = ('--to', 'xen1', '--network', 'xenbr0')
        self.assertIn('whole path', lab.refused('vm', 'move', 'pv1', *there, '--xen', 'pv', '--xen-loader', 'grub').err)
        as_any_pc = lab.must('vm', 'move-report', 'pv1', *there, '--format', 'json').json()
        self.assertIn('start: as HVM', '\n'.join(as_any_pc['kept']))
        report = lab.must('vm', 'move-report', 'pv1', *there, '--xen', 'pv', '--format', 'json').json()
        for words in ('as PV, by /usr/lib/grub-xen/grub-x86_64-xen.bin', 'virtio becomes xen (xvda)', 'virtio becomes netfront'):
            self.assertIn(words, '\n'.join(report['changed']))
        began = time.monotonic()
        lab.must('vm', 'move', 'pv1', *there, '--xen', 'pv', '--start', '--keep-source=false')
        self.note(f'a machine of 48 MiB goes there in {time.monotonic() - began:.1f} s')
        self.assertRegex(xen.wait_said('pv1', 1, 'that it is there'), 'PV, disk xvda1, boots 1, cards 1')
        self.note(f'and has booted by GRUB {time.monotonic() - began:.0f} s after it began to go')
        self.assertEqual(xen.ssh('ls', IMAGES).stdout, 'pv1-xvda.qcow2\n')
        self.assertNotIn('do not start it', xen.virsh('dumpxml', 'pv1'))
        self.assertEqual(xen.virsh('domstate', 'pv1').strip(), 'running')
        self.wait_observed('pv1', 'running')
        machine = self.machine('pv1')
        self.assertEqual((machine['cpus'], machine['memory'], machine['foreign']['memory_used']), (1, 128 << 20, 128 << 20))
        self.assertEqual((machine['disks'][0]['size'], machine['disks'][0]['pool']), (48 << 20, 'images'))
        wait_for(lambda: lab.vm('pv1') is None, SLOW, 'what was moved is gone here')

    def memory_is_saved_and_goes_on(self):
        lab, xen = self.lab, self.xen
        lab.must('vm', 'suspend', 'xen1/pv1')
        self.wait_observed('pv1', 'suspended')
        self.assertEqual(xen.virsh('domstate', 'pv1').strip(), 'shut off')
        lab.must('vm', 'start', 'xen1/pv1')
        self.wait_observed('pv1', 'running')
        lab.must('vm', 'stop', 'xen1/pv1')
        self.wait_observed('pv1', 'off')
        self.assertEqual(len(xen.said('pv1')), 1, 'it has not booted again, and heard that it shall end')

    def what_cannot_be_is_said(self):
        lab = self.lab
        self.assertRegex(lab.refused('snapshot', 'create', 'xen1/pv1', 'before').err, 'snapshots')
        self.xen.ssh('mv /usr/lib/grub-xen /usr/lib/away')
        self.assertIn('libxl-driver.log of that host', lab.refused('vm', 'start', 'xen1/pv1').err)
        self.xen.ssh('mv /usr/lib/away /usr/lib/grub-xen')
        lab.must('vm', 'reset', 'xen1/pvh1')  # libxl has none: the power goes and comes
        self.xen.wait_said('pvh1', 2, 'that it was reset')
        self.assertRegex(lab.refused('vm', 'reset', 'xen1/pv1').err, 'does not run')
        lab.must('vm', 'set', 'xen1/pv1', '--memory', '160MiB', '--cpus', '2')
        wait_for(lambda: (now := self.machine('pv1'))['cpus'] == 2 and now['memory'] == 160 << 20, SLOW, 'it has the new size')
        # libxl: no more than the host has.
        self.assertRegex(lab.refused('vm', 'set', 'xen1/pv1', '--cpus', '3').err, 'processors: .*max')

    def libvirt_may_end(self):
        self.xen.ssh('kill -9 $(cat /run/libvirtd.pid)')
        self.wait_state('trouble')
        self.wait_state('connected')
        self.wait_observed('pvh1', 'running')
        self.lab.must('vm', 'stop', 'xen1/pvh1', '--now')
        self.assertEqual(self.xen.virsh('domstate', 'pvh1').strip(), 'shut off')

    def it_comes_back_and_boots(self):
        """By the boot sector of its disk."""
        lab, xen = self.lab, self.xen
        disk = f'{IMAGES}/pv1-xvda.qcow2'
        before = xen.ssh('sha256sum', disk).stdout
        report = lab.must('vm', 'move-report', 'xen1/pv1', '--to', 'here', '--format', 'json').json()
        for words in ('xen becomes virtio', 'netfront becomes virtio', 'grub-x86_64-xen.bin stays on its host'):
            self.assertIn(words, '\n'.join(report['changed']))
        began = time.monotonic()
        lab.must('vm', 'move', 'xen1/pv1', '--to', 'here', '--start')
        self.note(f'it comes back in {time.monotonic() - began:.1f} s')
        self.assertRegex(lab.wait_log('pv1', 'truce-guest: ready', SLOW), 'xen none, disk vda1, boots 2, cards 1')
        self.assertEqual(xen.ssh('sha256sum', disk).stdout, before, 'the source is as it was')
        self.assertEqual(self.machine('pv1')['observed'], 'off')
        lab.must('vm', 'stop', 'pv1', '--now')
        wait_for(lambda: lab.vm('pv1')['observed'] == 'off', SOON, 'it is off')
        again = lab.refused('vm', 'move', 'pv1', '--to', 'xen1', '--network', 'xenbr0', '--new-name', 'back')
        self.assertIn('has the id of this machine', again.err)
        lab.must('vm', 'delete', 'pv1')

    def host_may_lose_its_power(self):
        """With a guest that runs; it comes back."""
        lab, xen = self.lab, self.xen
        lab.must('vm', 'start', 'xen1/pv1')
        xen.wait_said('pv1', 2, 'that it is there')
        self.wait_observed('pv1', 'running')
        xen.order('kill')
        self.wait_state('trouble')
        self.assertIn('xen1', lab.refused('vm', 'stop', 'xen1/pv1', '--now').err)
        self.assertEqual(self.show()['vms'], 2, 'what was known stays')
        xen.start()
        self.wait_state('connected')
        self.wait_observed('pv1', 'off')
        lab.must('platform', 'sync', 'xen1')


if __name__ == '__main__':
    unittest.main()

"""A real Xen beside Truce's own machines: Xen 4.17 with Debian's libvirt in an emulated computer (tests/peers/xen), spoken to by ssh as
an operator would, with guests that really boot.

TRUCE_LONG_TESTS=1 also takes the host's power away."""
import json
import pwd
import subprocess
import time
import unittest
from pathlib import Path

from lab import LONG, FreeLabTest, run, wait_for

PEERS = Path(__file__).resolve().parent.parent / 'peers/xen'
SLOW = 300  # of what is emulated twice, on a machine that builds software meanwhile
LOG = '/var/log/xen/console/guest-{}.log'
IMAGES = '/var/lib/libvirt/images'
READY = 'truce-guest: ready, xen '
KINDS = {'pv': "machine='xenpv'>linux", 'pvh': "machine='xenpvh'>xenpvh", 'hvm': "machine='xenfv'>hvm"}
DIRECT = '<kernel>/srv/guest/vmlinuz</kernel><initrd>/srv/guest/initrd</initrd><cmdline>console=hvc0 quiet{}</cmdline>'
DISK = ("<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{}/{}.img'/>"
        "<target dev='{}' bus='{}'/></disk>")
DOMAIN = """<domain type='xen'><name>{name}</name><memory unit='MiB'>96</memory><vcpu>1</vcpu><os><type arch='x86_64' {kind}</type>{boot}</os>
<features><acpi/><apic/></features><devices>{disk}<interface type='bridge'><source bridge='xenbr0'/></interface>
{console}</devices></domain>"""
# Of an HVM guest it is QEMU that has the console, not xenconsoled, which writes those of the others down.
CONSOLE = {'pv': "<console type='pty'><target type='xen'/></console>", 'hvm': "<serial type='file'><source path='{}'/></serial>"}


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

    def make_disk(self, name, image):
        """A volume of the pool `images` with what the guest's disk has."""
        self.put(image, '/tmp/sent.gz')
        self.ssh(f'gunzip -c /tmp/sent.gz > {IMAGES}/{name}.img && rm /tmp/sent.gz')

    def define(self, name, kind, disk=''):
        boot = "<boot dev='hd'/>" if kind == 'hvm' else DIRECT.format('' if disk else ' nodisk')
        # Of an HVM guest SCSI, as the BIOS reads IDE word by word, each of which leaves the guest.
        where = DISK.format(IMAGES, name, *(('sda', 'scsi') if kind == 'hvm' else ('xvda', 'xen'))) if disk else ''
        console = CONSOLE['hvm' if kind == 'hvm' else 'pv'].format(LOG.format(name))
        document = self.folder / f'{name}.xml'
        document.write_text(DOMAIN.format(name=name, kind=KINDS[kind], boot=boot, disk=where, console=console))
        self.put(document, f'/tmp/{name}.xml')
        self.virsh('define', f'/tmp/{name}.xml')

    def said(self, name):
        """The lines that a guest's own init has printed on its console."""
        log = self.ssh('cat', LOG.format(name), check=False).stdout
        return [line.partition(READY)[2].strip() for line in log.splitlines() if READY in line]

    def wait_said(self, name, count, what):
        return wait_for(lambda: len(lines := self.said(name)) >= count and lines[-1], SLOW, f'{name} says {what}')

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
        packed = self.lab.folder / 'guest.gz'
        with open(packed, 'wb') as file:
            subprocess.run(['gzip', '-1', '-c', self.built / 'guest.raw'], stdout=file, check=True)
        self.image = packed

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
        self.xen.make_disk('pv1', self.image)
        self.xen.virsh('pool-refresh', 'images')
        self.xen.define('pv1', 'pv', disk='yes')
        self.host_is_added_when_its_key_is_known()
        self.guests_are_started_and_seen()
        self.memory_is_saved_and_goes_on()
        self.what_cannot_be_is_said()
        self.libvirt_may_end()
        self.a_guest_comes_here_and_boots()
        self.it_goes_back_and_boots()
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
        self.assertEqual(self.names(), ['xen1/pv1'], 'domain 0 is none')
        machine = self.machine('pv1')
        self.assertEqual((machine['observed'], machine['cpus'], machine['memory']), ('off', 1, 96 << 20))
        self.assertEqual((machine['disks'][0]['size'], machine['disks'][0]['pool']), (48 << 20, 'images'))
        host, = lab.must('host', 'list', '--platform', 'xen1', '--format', 'json').json()['items']
        self.assertEqual(host['cpus'], 2)
        self.assertRegex(lab.must('network', 'list', '--platform', 'xen1', '--quiet').out, 'xenbr0')

    def guests_are_started_and_seen(self):
        lab, xen = self.lab, self.xen
        lab.must('vm', 'start', 'xen1/pv1')
        self.assertRegex(xen.wait_said('pv1', 1, 'that it is there'), 'PV, disk xvda1, boots 1, cards 1')
        self.assertEqual(xen.virsh('domstate', 'pv1').strip(), 'running')
        self.wait_observed('pv1', 'running')
        self.assertEqual(self.machine('pv1')['foreign']['memory_used'], 96 << 20)

        # What others do is seen.
        xen.define('pvh1', 'pvh')
        began = time.monotonic()
        wait_for(lambda: 'xen1/pvh1' in self.names(), SLOW, 'a new machine is seen')
        self.note(f'a machine that virsh has defined is seen {time.monotonic() - began:.1f} s later')
        xen.virsh('start', 'pvh1')
        self.note(f'one that virsh has started, {self.wait_observed("pvh1", "running"):.1f} s later')
        self.assertRegex(xen.wait_said('pvh1', 1, 'that it is there'), 'PVH, disk none')
        xen.virsh('suspend', 'pvh1')
        self.note(f'one that virsh has paused, {self.wait_observed("pvh1", "paused"):.1f} s later')
        lab.must('vm', 'start', 'xen1/pvh1')
        self.wait_observed('pvh1', 'running')

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
        self.xen.ssh('mv /srv/guest/vmlinuz /srv/guest/away')
        self.assertIn('libxl-driver.log of that host', lab.refused('vm', 'start', 'xen1/pv1').err)
        self.xen.ssh('mv /srv/guest/away /srv/guest/vmlinuz')
        lab.must('vm', 'reset', 'xen1/pvh1')  # libxl has none: the power goes and comes
        self.xen.wait_said('pvh1', 2, 'that it was reset')
        self.assertRegex(lab.refused('vm', 'reset', 'xen1/pv1').err, 'does not run')
        lab.must('vm', 'set', 'xen1/pv1', '--memory', '128MiB', '--cpus', '2')
        wait_for(lambda: (now := self.machine('pv1'))['cpus'] == 2 and now['memory'] == 128 << 20, SLOW, 'it has the new size')
        # libxl: no more than the host has.
        self.assertRegex(lab.refused('vm', 'set', 'xen1/pv1', '--cpus', '3').err, 'processors: .*max')

    def libvirt_may_end(self):
        self.xen.ssh('kill -9 $(cat /run/libvirtd.pid)')
        self.wait_state('trouble')
        self.wait_state('connected')
        self.wait_observed('pvh1', 'running')
        self.lab.must('vm', 'stop', 'xen1/pvh1', '--now')
        self.assertEqual(self.xen.virsh('domstate', 'pvh1').strip(), 'shut off')

    def a_guest_comes_here_and_boots(self):
        """By the boot sector of its disk, where its host had started a kernel of its own."""
        lab = self.lab
        before = self.xen.ssh('sha256sum', f'{IMAGES}/pv1.img').stdout
        report = lab.must('vm', 'move-report', 'xen1/pv1', '--to', 'here', '--format', 'json').json()
        for words in ('xen becomes virtio', 'netfront becomes virtio', 'the kernel /srv/guest/vmlinuz stays on its host'):
            self.assertIn(words, '\n'.join(report['changed']))
        began = time.monotonic()
        lab.must('vm', 'move', 'xen1/pv1', '--to', 'here', '--start')
        self.note(f'a machine of 48 MiB comes here in {time.monotonic() - began:.1f} s')
        self.assertRegex(lab.wait_log('pv1', 'truce-guest: ready', SLOW), 'xen none, disk vda1, boots 2, cards 1')
        self.assertEqual(self.xen.ssh('sha256sum', f'{IMAGES}/pv1.img').stdout, before, 'the source is as it was')
        self.assertEqual(self.machine('pv1')['observed'], 'off')
        lab.must('vm', 'stop', 'pv1', '--now')
        wait_for(lambda: lab.vm('pv1')['observed'] == 'off', SLOW, 'it is off')

    def it_goes_back_and_boots(self):
        """By GRUB of that host, from its disk, as a machine that never was on Xen would."""
        lab, xen = self.lab, self.xen
        there = ('--to', 'xen1', '--network', 'xenbr0')
        self.assertIn('has the id of this machine', lab.refused('vm', 'move', 'pv1', *there, '--new-name', 'back').err)
        lab.must('vm', 'delete', 'xen1/pv1')
        self.assertEqual(xen.ssh('ls', IMAGES).stdout, '')
        wait_for(lambda: 'xen1/pv1' not in self.names(), SLOW, 'it is gone there')
        self.assertIn('whole path', lab.refused('vm', 'move', 'pv1', *there, '--xen', 'pv', '--xen-loader', 'grub').err)
        as_any_pc = lab.must('vm', 'move-report', 'pv1', *there, '--format', 'json').json()
        self.assertIn('start: as HVM', '\n'.join(as_any_pc['kept']))
        report = lab.must('vm', 'move-report', 'pv1', *there, '--xen', 'pv', '--format', 'json').json()
        for words in ('as PV, by /usr/lib/grub-xen/grub-x86_64-xen.bin', 'virtio becomes xen (xvda)', 'virtio becomes netfront'):
            self.assertIn(words, '\n'.join(report['changed']))
        began = time.monotonic()
        lab.must('vm', 'move', 'pv1', *there, '--xen', 'pv', '--start', '--keep-source=false')
        self.note(f'it goes back in {time.monotonic() - began:.1f} s')
        self.assertRegex(xen.wait_said('pv1', 2, 'that it is back'), 'PV, disk xvda1, boots 3, cards 1')
        self.note(f'and has booted there by GRUB {time.monotonic() - began:.0f} s after it began to go')
        self.assertEqual(xen.ssh('ls', IMAGES).stdout, 'pv1-xvda.qcow2\n')
        self.assertNotIn('do not start it', xen.virsh('dumpxml', 'pv1'))
        wait_for(lambda: lab.vm('pv1') is None, SLOW, 'what was moved is gone here')
        lab.must('vm', 'stop', 'xen1/pv1', '--now')
        self.wait_observed('pv1', 'off')

    def host_may_lose_its_power(self):
        """With a guest that runs; it comes back."""
        lab, xen = self.lab, self.xen
        lab.must('vm', 'start', 'xen1/pv1')
        xen.wait_said('pv1', 3, 'that it is there')
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

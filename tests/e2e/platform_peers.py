"""Platforms that are not ours, and tests that have one: govmomi's vcsim, libvirt's own daemon."""
import json
import os
import subprocess
from pathlib import Path

from lab import BOOT, SOON, FreeLabTest, run, wait_for

MODELS = Path(__file__).resolve().parent.parent / 'peers'
PEERS = MODELS / 'vcsim'
LIBVIRTD = MODELS / 'libvirt/peer'
DOMAIN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory}</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices><interface type='user'>{card}</interface>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
<serial type='pty'/><memballoon model='none'/></devices></domain>"""


class Vcsim:
    """In the lab's network namespace; at the same address again after it was killed."""

    def __init__(self, lab, program, *options):
        self.lab, self.program, self.options, self.process, self.address = lab, program, options, None, '127.0.0.1:0'
        self.sent = lab.folder / 'sent'  # disks that leases got
        self.sent.mkdir(exist_ok=True)

    def start(self, machines=1, password='correct-horse-7'):
        self.password = password
        self.process = subprocess.Popen(
            [*self.lab.enter, self.program, '-l', self.address, '-machines', str(machines), '-password', password, '-keep', str(self.sent),
             *self.options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env={**os.environ, 'TMPDIR': str(self.lab.folder)})
        self.address = self.process.stdout.readline().strip()
        return self

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def other(self, *words):
        """What another client does, or sees: pyvmomi."""
        return run(*self.lab.enter, '/usr/bin/python3', PEERS / 'other.py', self.address, self.password, *words).stdout

    def devices(self, name):
        merged = {}
        for line in self.other('disks', name).splitlines():
            merged.update(json.loads(line))
        return merged

    def make(self, name, raw, controller='ParaVirtualSCSIController', card='VirtualVmxnet3', firmware='bios'):
        """A machine that is off, whose disk has the content of a raw file; the file that this lies in."""
        self.other('create', name, str(raw.stat().st_size >> 10), controller, card, firmware)
        folder = next(self.lab.folder.glob(f'govcsim-*/{name}'))
        run('qemu-img', 'convert', '-f', 'raw', '-O', 'vmdk', '-o', 'subformat=monolithicFlat', raw, folder / f'{name}.vmdk')
        return folder / f'{name}-flat.vmdk'


class HasVcsim:
    """Of a test with a `lab`: a vcsim that is the platform `prod` where that was added."""

    vcsim_options = ()

    def begin_vcsim(self):
        built = run(PEERS / 'build', check=False)
        if built.returncode == 77:
            self.skipTest('skipped, because ' + built.stderr.strip())
        self.assertEqual(built.returncode, 0, built.stderr)
        self.vcsim = Vcsim(self.lab, built.stdout.split('\n')[0], *self.vcsim_options).start()
        self.addCleanup(self.vcsim.kill)
        self.password = self.lab.folder / 'password'
        self.password.write_text('correct-horse-7\n')

    def add(self, *more):
        return self.lab.truce('platform', 'add', 'prod', f'vsphere://user@{self.vcsim.address}', '--password-file', self.password, *more)

    def add_trusted(self):
        """As the fingerprint is, that is shown."""
        fingerprint = self.add().err.rpartition('--fingerprint ')[2].strip()
        added = self.add('--fingerprint', fingerprint)
        self.assertEqual(added.code, 0, added)
        self.wait_connected('prod')

    def wait_connected(self, platform):
        wait_for(lambda: self.lab.must('platform', 'show', platform, '--format', 'json').json()['state'] == 'connected', SOON,
                 f'{platform} is connected')


class PlatformTest(HasVcsim, FreeLabTest):
    """Has a daemon, with a platform `prod` where that was added."""
    hypervisor = 'fake'

    def setUp(self):
        super().setUp()
        self.lab = self.new_lab(hypervisor=self.hypervisor).start()
        self.begin_vcsim()

    def show(self):
        return self.lab.must('platform', 'show', 'prod', '--format', 'json').json()

    def wait_state(self, state, so=lambda shown: True):
        return wait_for(lambda: (shown := self.show())['state'] == state and so(shown) and shown, SOON, f'prod is {state}')

    def machines(self):
        return {vm['name']: vm for vm in self.lab.must('vm', 'list', '--platform', 'prod', '--format', 'json').json()['items']}


class Libvirtd:
    """tests/peers/libvirt/peer, which ends with the test and takes its machines along."""

    def __init__(self, folder):
        self.folder, self.images = folder, folder / 'images'
        self.process = subprocess.Popen([LIBVIRTD, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def order(self, word):
        """Empty, or why it cannot run here."""
        self.process.stdin.write(word + '\n')
        self.process.stdin.flush()
        if self.process.stdout.readline() == 'ok\n':
            return ''
        return self.process.stderr.read().strip() or 'it has ended'

    def virsh(self, *words):
        return run('virsh', '-q', '-c', f'qemu+unix:///system?socket={self.folder}/run/libvirt-sock', *words).stdout

    def define(self, name, raw=None, memory=64, card="<model type='virtio'/>"):
        """A machine that is off, with an empty disk or with the content of a raw file; the file that this lies in."""
        disk = self.images / f'{name}.qcow2'
        if raw is None:
            run('qemu-img', 'create', '-q', '-f', 'qcow2', disk, '16M')
        else:
            run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, disk)
        document = self.folder / f'{name}.xml'
        document.write_text(DOMAIN.format(name=name, disk=disk, memory=memory, card=card))
        self.virsh('define', document)
        return disk

    def names(self):
        return self.virsh('list', '--all', '--name').split()

    def end(self):
        self.process.communicate()


class LibvirtTest(FreeLabTest):
    """Has a daemon, and a libvirtd with the pool `images` that is the platform `kvm` where that was added."""
    hypervisor = 'fake'

    def setUp(self):
        super().setUp()
        self.lab = self.new_lab(hypervisor=self.hypervisor)
        folder = self.lab.folder / 'v'
        (folder / 'images').mkdir(parents=True)
        self.libvirtd = Libvirtd(folder)
        self.addCleanup(self.libvirtd.end)
        why = self.libvirtd.order('start')
        if why:
            self.skipTest(f'skipped, because libvirtd cannot run here: {why}')
        self.libvirtd.virsh('pool-define-as', 'images', 'dir', '--target', folder / 'images')
        self.libvirtd.virsh('pool-start', 'images')
        # To truced, its socket is that of this host's libvirt.
        Path('/run/libvirt').mkdir(exist_ok=True)
        self.lab.enter = [*self.lab.enter, 'unshare', '--mount', 'sh', '-c', f'mount --bind {folder}/run /run/libvirt && exec "$@"', 'sh']
        self.lab.start()

    def show(self):
        return self.lab.must('platform', 'show', 'kvm', '--format', 'json').json()

    def wait_state(self, state):
        return wait_for(lambda: (shown := self.show())['state'] == state and shown, SOON, f'kvm is {state}')

    def machines(self, platform='kvm'):
        return {vm['name']: vm for vm in self.lab.must('vm', 'list', '--platform', platform, '--format', 'json').json()['items']}

    def wait_seen(self, name):
        wait_for(lambda: f'kvm/{name}' in self.machines(), SOON, f'{name} is seen there')

    def wait_console(self, name, text):
        """What a machine there says on its serial line: libvirt says which terminal that is."""
        terminal = os.open(self.libvirtd.virsh('ttyconsole', name).strip(), os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        self.addCleanup(os.close, terminal)
        said = b''

        def shown():
            nonlocal said
            try:
                said = (said + os.read(terminal, 4096))[-8192:]
            except BlockingIOError:
                pass
            return text.encode() in said
        wait_for(shown, BOOT, f'{text!r} on the serial line of {name}')


class ModelPeer:
    """A model of a platform (tests/peers/MODEL/server), in the network namespace of a lab or here."""

    def __init__(self, model, password, enter=()):
        self.folder, self.password, self.enter = MODELS / model, password, list(enter)
        self.process = subprocess.Popen([*self.enter, '/usr/bin/python3', self.folder / 'server', '--password', password],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def order(self, *words):
        self.process.stdin.write('\t'.join(map(str, words)) + '\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def other(self, *words, **environment):
        """What another client does, or sees."""
        return run(*self.enter, 'env', *(f'{name}={value}' for name, value in environment.items()), '/usr/bin/python3', self.folder / 'other.py',
                   self.address, self.password, *words).stdout

    def end(self):
        if self.process.poll() is None:
            self.process.communicate()


class ModelTest(FreeLabTest):
    """Has a daemon, and a `peer` (by make_peer) that is the platform `platform` where that was added."""
    hypervisor, platform, user = 'fake', '', ''

    def setUp(self):
        super().setUp()
        self.lab = self.new_lab(hypervisor=self.hypervisor).start()
        self.peer = self.make_peer()
        self.addCleanup(self.peer.end)
        self.password = self.lab.folder / 'password'
        self.password.write_text(self.peer.password + '\n')

    def add(self, *more):
        return self.lab.truce('platform', 'add', self.platform, f'{self.user}@{self.peer.address}', '--password-file', self.password, *more)

    def add_with_the_fingerprint_that_was_shown(self):
        refused = self.add()
        self.assertEqual(refused.code, 1)
        fingerprint = refused.err.rpartition('--fingerprint ')[2].strip()
        self.assertRegex(fingerprint, r'^[0-9a-f]{64}$', refused)
        self.password.write_text('wrong-horse\n')
        self.assertIn('is not right', self.add('--fingerprint', fingerprint).err)
        self.password.write_text(self.peer.password + '\n')
        added = self.add('--fingerprint', fingerprint)
        self.assertEqual(added.code, 0, added)
        return fingerprint

    def show(self):
        return self.lab.must('platform', 'show', self.platform, '--format', 'json').json()

    def wait_state(self, state):
        return wait_for(lambda: (shown := self.show())['state'] == state and shown, SOON, f'{self.platform} is {state}')

    def machine(self, name):
        return self.lab.must('vm', 'show', f'{self.platform}/{name}', '--format', 'json').json()

    def wait_observed(self, name, state):
        wait_for(lambda: self.machine(name)['observed'] == state, SOON, f'{name} is {state}')

    def snapshots(self, name):
        return [one['name'] for one in self.machine(name)['foreign'].get('snapshots', [])]


class Moves:
    """What tests of moves do, whatever the platform; beside a test with a `lab`."""

    def disk_of(self, name):
        return self.lab.state / 'pool/vms' / self.lab.vm(name)['uuid'] / 'disk0.qcow2'

    def assert_same(self, one, other):
        def compared():
            done = run('qemu-img', 'compare', one, other, check=False)
            return done if 'lock' not in done.stderr else None  # it is open for a moment yet
        done = wait_for(compared, SOON, f'{one} is let go')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def begin(self, *words):
        return self.lab.must('vm', 'move', *words, '--no-wait').out.strip()

    def task(self, name):
        return self.lab.must('task', 'show', name, '--format', 'json').json()

    def wait_copying(self, task):
        wait_for(lambda: self.task(task)['progress'] > 0.05 or self.task(task)['state'] != 'running', 4 * SOON, 'bytes go')
        self.assertEqual(self.task(task)['state'], 'running')

    def wait_end(self, task):
        return wait_for(lambda: (shown := self.task(task))['state'] not in ('running', 'queued') and shown, 4 * SOON, 'the move ends')

"""Several truced of their own, each in a network namespace as on a host of its own, joined by a bridge; and one cluster of them.

    hosts = Hosts(3, recipes=('tiny',)).start()      # host1 is the manager, host2 and host3 have joined
    hosts[1].must('vm', 'list')                      # the CLI through host2's own daemon
    hosts[2].cut(); hosts[2].heal()                  # its cable; its machines run on
    hosts.close()                                    # fails when anything is left on any host

A Host is a Lab: kill() and start() are its daemon's, host2's API is at hosts[1].socket, and 10.123.0.2 is its address.
"""
import contextlib
import secrets
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lab import BOOT, CONTROL_GROUPS, READY, SOON, Lab, Waited, alive, processes_with, run, wait_for, why_not_here

NETWORK = '10.123.0'
CLUSTER_PORT = 7444


class Host(Lab):
    """One host, on port NUMBER of the bridge."""

    def __init__(self, number, switch, *options, **more):
        self.name, self.address, self.number, self.switch = f'host{number}', f'{NETWORK}.{number}', number, switch
        # Hosts share the kernel: what one does to a machine's group must not meet its copy on another.
        group = f'{switch}-{self.name}'
        super().__init__('--name', self.name, '--control-group', group, *options, **more)
        self.control_group = group
        run('ip', 'link', 'add', 'up0', 'netns', self.namespace, 'type', 'veth', 'peer', 'name', f'port{number}',
            'netns', switch)
        run('ip', '-n', switch, 'link', 'set', f'port{number}', 'master', 'br0', 'up')
        self.inside('ip', 'address', 'add', f'{self.address}/24', 'dev', 'up0')
        self.inside('ip', 'link', 'set', 'up0', 'up')
        self.inside('ip', 'route', 'add', 'default', 'via', f'{NETWORK}.254')

    def cut(self):
        """Nothing comes from or to the other hosts any more."""
        run('ip', '-n', self.switch, 'link', 'set', f'port{self.number}', 'down')

    def heal(self):
        run('ip', '-n', self.switch, 'link', 'set', f'port{self.number}', 'up')

    def links(self):
        return [line for line in super().links() if ' up0@' not in line and ' up0:' not in line]

    def etcd_pids(self):
        """A manager's member of etcd: it outlives truced, and ends with the lab."""
        return [pid for pid, line in processes_with(f'--data-dir={self.state}').items() if line.startswith('etcd ')]

    def leftovers(self):
        return [what for what in super().leftovers() if ': etcd --' not in what]

    def namespace_pids(self):
        return [pid for pid in super().namespace_pids() if pid not in self.etcd_pids()]

    def host(self, name=None):
        """A host as this one's API shows it; itself, when none is named."""
        reply = self.api('GET', f'/v1/hosts/{name or self.name}')
        return reply.json() if reply.status == 200 else None

    def get(self, path, timeout=20):
        """What the API answers to GET; nothing while it does not, or another one than 200."""
        with contextlib.suppress(OSError, ValueError):
            reply = self.api('GET', path, timeout=timeout)
            return reply.json() if reply.status == 200 else None
        return None

    def is_in(self, cluster):
        return (self.get('/v1/cluster') or {}).get('name') == cluster

    def cluster(self):
        """The name of the cluster that it is in; empty: none."""
        return self.api('GET', '/v1/cluster').json()['name']

    def is_ready(self):
        if self.daemon.poll() is not None:
            raise AssertionError(f'{self.name}: truced ended with {self.daemon.returncode}: {self.log_end()}')
        with contextlib.suppress(OSError, ValueError):
            host = self.host()
            return host is not None and host['state'] == 'online'
        return False

    def wait_ready(self, limit=SOON):
        """Until the manager says that this host's node is connected."""
        wait_for(self.is_ready, limit, f'{self.name} is online')
        self.bookkeep()

    def own_pids(self, machine):
        """Its processes on this host: they have this host's folder for it in their root."""
        def mounts(pid):
            with contextlib.suppress(OSError):
                return Path('/proc', str(pid), 'mountinfo').read_text()
            return ''
        return [pid for pid in processes_with(f'-uuid {machine}') if f'{self.run}/vms/{machine}/' in mounts(pid)]

    def has_template(self, name):
        return any((self.state / 'pool/templates').glob(f'{name}@*'))


class Hosts:
    """Host 1 founds the cluster, and the others join it. `alone`: so many more that do not. `store`: where its state is;
    none: it is not founded. `managers`: so many of the hosts are, on etcd."""

    def __init__(self, count=3, *options, recipes=(), alone=0, hypervisor='qemu', store='sqlite', managers=1):
        self.store, self.managers = store, managers
        self.switch = f'truce-switch-{secrets.token_hex(3)}'
        run('ip', 'netns', 'add', self.switch)
        run('ip', '-n', self.switch, 'link', 'add', 'br0', 'type', 'bridge')
        run('ip', '-n', self.switch, 'address', 'add', f'{NETWORK}.254/24', 'dev', 'br0')
        run('ip', '-n', self.switch, 'link', 'set', 'br0', 'up')
        self.recipes, self.count, self.all = recipes, count, []
        try:
            for number in range(1, count + alone + 1):
                self.all.append(Host(number, self.switch, *options, recipes=recipes, hypervisor=hypervisor))
        except BaseException:
            self.tear_down()
            raise

    def __getitem__(self, index):
        return self.all[index]

    def __iter__(self):
        return iter(self.all)

    def __len__(self):
        return len(self.all)

    @property
    def manager(self):
        return self.all[0]

    def named(self, name):
        return next(host for host in self.all if host.name == name)

    def start(self):
        try:
            for host in self.all:
                host.start()
            if self.store:
                self.found()
            for host in self.all[1:self.count]:
                self.join(host, role='manager' if host.number <= self.managers else 'node')
            for name in self.recipes:
                self.make_template(name)
        except BaseException:
            self.tear_down()
            raise
        return self

    def token(self, name, *options):
        return self.manager.must('cluster', 'token', name, *options, '--format', 'json').json()['token']

    def found(self, store=None):
        host = self.manager
        host.must('cluster', 'init', 'estate', '--address', host.address, '--store', store or self.store)
        wait_for(lambda: host.is_in('estate'), SOON, 'the cluster is there')
        host.wait_ready()

    def join(self, host, token=None, role='node'):
        """Lets a single host join, and waits until it is online as a member; a manager, until it has its vote."""
        token = token or self.token(host.name, '--role', role)
        host.must('cluster', 'join', '--token-file', '-', input=token + '\n')
        wait_for(lambda: host.is_in('estate'), SOON, f'{host.name} is in the cluster')
        host.wait_ready()
        if role == 'manager':
            wait_for(lambda: self.seat(host.name, host).get('healthy'), SOON, f'{host.name} is a healthy manager')

    def seat(self, name, by=None):
        """A manager as `cluster status` shows it."""
        cluster = (by or self.manager).get('/v1/cluster') or {'managers': []}
        return next((seat for seat in cluster['managers'] if seat['name'] == name), {})

    def leader(self, by=None):
        """The host whose manager leads, as another one says."""
        cluster = wait_for(lambda: (by or self.manager).get('/v1/cluster'), SOON, 'somebody leads')
        return self.named(next(seat['name'] for seat in cluster['managers'] if seat['leader']))

    def make_template(self, name):
        """On all hosts that have joined, unless the cluster itself says which have it and fetches it for the others."""
        self.manager.must('template', 'create', name, '--recipe', name)
        listed = self.manager.api('GET', '/v1/templates').json()['items']
        if any(template['name'].startswith(f'{name}@') and template.get('hosts') for template in listed):
            return
        for host in self.all[:self.count]:
            wait_for(lambda host=host: host.has_template(name), SOON, f'the template {name} is on {host.name}')

    def new_tiny(self, name, *options, ready=True):
        """A running machine of the smallest guest, wherever it is placed; answers its host."""
        self.manager.new_tiny(name, *options, ready=ready)
        return self.named(self.manager.vm(name)['host'])

    # --- the end ----------------------------------------------------------------------------------

    def vms(self):
        found = self.manager.vms()
        for host in self.all:  # control groups are looked for by these
            host.uuids.update(self.manager.uuids)
        return found

    def delete_machines(self, kept=()):
        for name in self.vms():
            if name not in kept:
                self.manager.truce('vm', 'delete', name, '--force')

    def close(self):
        """Ends everything; whatever is left on a host is an error, and removed."""
        left = []
        try:
            for host in self.all:
                host.heal()
                if host.daemon.poll() is not None:
                    host.start()
            self.vms()
            self.manager.delete_all()
            for host in self.all[1:]:
                if not host.cluster():
                    host.delete_all()
            for host in self.all:
                try:
                    wait_for(lambda host=host: not host.leftovers(), SOON, 'nothing is left')
                except Waited:
                    left += [f'{host.name}: {what}' for what in host.leftovers()]
            for host in reversed(self.all):
                status = host.stop()
                if status != 0:
                    left.append(f'{host.name}: truced ended with {status} after SIGTERM: {host.log_end()}')
                left += [f'{host.name}: process {pid}' for pid in host.namespace_pids() if alive(pid)]
        finally:
            self.tear_down()
        if left:
            raise AssertionError('left behind: ' + '; '.join(left))

    def tear_down(self):
        for host in self.all:
            host.tear_down()
            for place in CONTROL_GROUPS:
                with contextlib.suppress(OSError):
                    (place / host.control_group).rmdir()
        run('ip', 'netns', 'delete', self.switch, check=False)


class HostsTest(unittest.TestCase):
    """Tests that share one cluster a class."""
    count, alone = 3, 0
    recipes = ()
    options = ()
    hypervisor = 'qemu'
    kept = ()
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        reason = why_not_here()
        if reason:
            raise unittest.SkipTest(reason)
        cls.hosts = Hosts(cls.count, *cls.options, recipes=cls.recipes, alone=cls.alone, hypervisor=cls.hypervisor)
        cls.hosts.start()

    @classmethod
    def tearDownClass(cls):
        cls.hosts.close()

    def setUp(self):
        self.addCleanup(lambda: self.hosts.delete_machines(self.kept))


__all__ = ['BOOT', 'READY', 'SOON', 'Host', 'Hosts', 'HostsTest', 'wait_for']

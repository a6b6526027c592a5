"""truced is killed at any moment of moves in all directions between vSphere (vcsim), libvirt, a pool of XAPI and a host with Hyper-V
(our models) and here: the source is never harmed, and the machine is where it was to be once, or nothing of it is.

TRUCE_LONG_TESTS=1 kills it 100 times instead of 5; TRUCE_SEED=N repeats a run's choices."""
import os
import random
import time
import unittest

from across_test import WithBoth
from hyperv_test import ModelHost, Samba, needs_samba
from lab import LONG, SOON, run, sha256_of, wait_for
from xapi_test import PASSWORD, ModelPool

KILLS = 100 if LONG else 5
MOST_IN_ONE = 4


class MoveKills(WithBoth):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get('TRUCE_SEED') or random.randrange(10**6))
        self.dice = random.Random(self.seed)
        self.raw = self.lab.folder / 'content.raw'
        with open(self.raw, 'wb') as disk:
            disk.truncate(384 << 20)
            for at in range(128):
                disk.seek((at * 3) << 20)
                disk.write(os.urandom(1 << 20))
        self.flat = self.make('theirs', self.raw)
        self.volume = self.libvirtd.define('guest', self.raw)
        self.wait_seen('guest')
        self.add_pool()
        self.add_host()
        self.lab.must('vm', 'move', 'prod/theirs', '--to', 'here', '--new-name', 'ours')
        self.kept = {path: sha256_of(path) for path in (self.flat, self.volume, self.raw, self.vhdx)}

    def add_platform(self, name, url):
        password = self.lab.folder / 'platform-password'
        password.write_text(PASSWORD + '\n')
        words = ('platform', 'add', name, url, '--password-file', password)
        self.lab.must(*words, '--fingerprint', self.lab.truce(*words).err.rpartition('--fingerprint ')[2].strip())
        self.wait_connected(name)

    def add_host(self):
        needs_samba(self)
        self.host = ModelHost(self.lab.enter)
        self.addCleanup(self.host.end)
        self.samba = Samba(self.lab)
        self.addCleanup(self.samba.end)
        self.host.order('volume', 'D:', self.samba.volume)
        self.host.order('size', 'web02', self.raw.stat().st_size)
        self.vhdx = self.samba.path(self.host.order('file', 'web02'))
        run('qemu-img', 'convert', '-O', 'vhdx', '-o', 'subformat=dynamic', self.raw, self.vhdx)
        self.add_platform('hv1', f'hyperv://Administrator@{self.host.address}')

    def add_pool(self):
        self.pool = ModelPool(self.lab.enter)
        self.addCleanup(self.pool.end)
        self.pool.order('content', 'web02', self.raw)
        self.pool.order('pace', 0.001)
        self.add_platform('xen1', f'xen://root@{self.pool.address}')

    # What is made, in each direction: what begins it, whether it is there, and the file that its disk is.
    def directions(self):
        here, prod = ('--to', 'here', '--new-name', 'made'), ('--to', 'prod', '--new-name', 'made', '--network', 'VM Network')
        kvm = ('--to', 'kvm', '--new-name', 'made', '--network', 'user')
        xen = ('--to', 'xen1', '--new-name', 'made', '--network', 'Pool-wide network 0', '--pool', 'Shared disks')
        hyperv = ('--to', 'hv1', '--new-name', 'made', '--network', 'Switch 1', '--pool', 'D:\\')
        return [('prod/theirs', here), ('kvm/guest', here), ('xen1/web02', here), ('ours', prod), ('prod/theirs', kvm), ('ours', kvm), ('ours', xen),
                ('kvm/guest', xen), ('xen1/web02', prod), ('hv1/web02', here), ('ours', hyperv), ('prod/theirs', hyperv), ('hv1/web02', prod)]

    def disk_made(self, to):
        if to == 'here':
            return self.disk_of('made')
        if to == 'prod':
            return max(self.vcsim.sent.glob('*.vmdk'), key=lambda path: path.stat().st_mtime)
        if to == 'xen1':
            return self.pool.order('file', 'made')
        if to == 'hv1':
            return self.samba.path(self.host.order('file', 'made'))
        made, = self.libvirtd.images.glob('made-*')
        return made

    def made(self, to):
        """How many there are, as the platforms themselves say."""
        if to == 'here':
            return int('made' in self.lab.vms())
        if to == 'prod':
            return sum('"made"' in line for line in self.vcsim.other('list').splitlines())
        if to == 'xen1':
            return sum(name.startswith('made') for name in self.pool.order('names', 'VM').split('\t'))
        if to == 'hv1':
            return sum(name.startswith('made') for name in self.host.order('names').split('\t'))
        return self.libvirtd.names().count('made')

    def kill_in_the_middle(self, task):
        """A few times, perhaps calling it off between; how often."""
        often, calls_off = 0, self.dice.random() < 0.3
        while often < MOST_IN_ONE and self.task(task)['state'] in ('queued', 'running'):
            time.sleep(self.dice.random() * 1.5)
            self.lab.kill()
            self.lab.start()
            often += 1
            if calls_off and self.dice.random() < 0.5:
                self.lab.truce('task', 'cancel', task, '--no-wait')  # it may have come already
        return often

    def remove(self, to):
        name = 'made' if to == 'here' else f'{to}/made'
        wait_for(lambda: self.lab.truce('vm', 'show', name).code == 0, SOON, 'it is shown')
        self.lab.must('vm', 'delete', name)
        wait_for(lambda: self.lab.truce('vm', 'show', name).code != 0, SOON, 'it is shown no more')

    def test_sources_stay_and_what_is_made_is_whole_or_nothing(self):
        kills, ends = 0, {}
        while kills < KILLS:
            source, words = self.dice.choice(self.directions())
            to = words[1]
            with self.subTest(seed=self.seed, kills=kills, source=source, to=to):
                task = self.begin(source, *words)
                kills += self.kill_in_the_middle(task)
                state = self.wait_end(task)['state']
                ends[state] = ends.get(state, 0) + 1
                self.assertIn(state, ('succeeded', 'cancelled'), self.task(task))
                for path, before in self.kept.items():
                    self.assertEqual(sha256_of(path), before, f'{path} is as it was')
                self.assert_same(self.disk_of('ours'), self.raw)
                if state == 'succeeded':
                    self.assertEqual(self.made(to), 1, 'it is there once')
                    self.assert_same(self.disk_made(to), self.raw)
                    self.remove(to)
                wait_for(lambda: self.made(to) == 0, SOON, 'nothing of it is there')
                self.assertEqual(sorted(path.name for path in self.libvirtd.images.iterdir()), ['guest.qcow2', 'other.qcow2'])
                self.assertEqual(list(self.vhdx.parent.iterdir()), [self.vhdx])
                wait_for(lambda: len(list((self.lab.state / 'pool/vms').iterdir())) == 1, SOON, 'one folder is left here')
        print(f'    seed {self.seed}: {kills} kills, {ends}', flush=True)


if __name__ == '__main__':
    unittest.main()

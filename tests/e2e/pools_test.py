"""Storage pools, by the CLI, on real file systems and real QEMU."""
import json
import os
import time
import unittest

from lab import LabTest, run, wait_for

BLOCK = 64 * 1024


class PoolLab(LabTest):
    recipes = ('tiny',)

    def place(self, name):
        return self.lab.folder / name

    def make_pool(self, name, *options, source=None):
        source = source or self.place(name)
        self.lab.must('pool', 'create', name, '--source', source, *options)
        self.addCleanup(self.lab.truce, 'pool', 'delete', name)
        self.addCleanup(self.delete_machines)
        return source

    def mount(self, name, kind='ext4', mib=64):
        """A file system of its own for a pool, in a file."""
        image, place = self.lab.folder / f'{name}.image', self.place(name)
        with open(image, 'wb') as file:
            file.truncate(mib << 20)
        place.mkdir()
        made = run(f'mkfs.{kind}', '-q', image, check=False)
        mounted = made if made.returncode else run('mount', '-o', 'loop', image, place, check=False)
        if mounted.returncode:
            self.skipTest(f'skipped, because no {kind} can be mounted from a file here: {mounted.stderr}')
        self.addCleanup(run, 'umount', '-l', place)
        return place

    def pool(self, name):
        return json.loads(self.lab.must('pool', 'show', name, '--format', 'json').out)

    def new(self, name, pool, disk='32MiB'):
        self.lab.new_tiny(name, '--disk', disk, '--pool', pool)
        self.lab.wait_agent(name)

    def guest(self, name, script):
        return self.lab.must('vm', 'exec', name, '--', 'sh', '-c', script).out

    def write(self, name, text):
        self.guest(name, f'echo {text} | dd of=/dev/vda bs={BLOCK} conv=sync,notrunc,fsync 2>/dev/null')

    def on_disk(self, name):
        return self.guest(name, f'echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda bs={BLOCK} count=1 '
                                '2>/dev/null | head -n 1').strip('\0\n')

    def folder(self, name, pool):
        return self.place(pool) / 'vms' / self.lab.vm(name)['uuid']

    def files(self, name, uuid=None):
        """Where files of its disk are, by pool."""
        uuid = uuid or self.lab.vm(name)['uuid']
        places = {'default': self.lab.state / 'pool', 'fast': self.place('fast'), 'slow': self.place('slow')}
        return sorted(pool for pool, place in places.items() if (place / 'vms' / uuid / 'disk0.qcow2').exists())

    def pool_of(self, name):
        return self.lab.vm(name)['disks'][0]['pool']


class Pools(PoolLab):
    def test_a_machine_lives_in_a_pool_of_its_own_and_outlives_the_daemon(self):
        lab = self.lab
        self.make_pool('fast')
        self.assertIn('fast', lab.must('pool', 'list').out)
        wait_for(lambda: self.pool('fast')['total'] > 0, 30, 'the pool is measured')
        self.new('there', 'fast')
        self.assertTrue((self.folder('there', 'fast') / 'disk0.qcow2').exists())
        self.assertFalse(list((lab.state / 'pool/vms').glob('*/disk0.qcow2')))
        self.write('there', 'one')
        lab.kill()
        lab.start()
        self.assertEqual(self.on_disk('there'), 'one')
        lab.must('vm', 'stop', 'there', '--now')
        lab.must('vm', 'start', 'there')
        lab.wait_agent('there')
        self.assertEqual(self.on_disk('there'), 'one')
        answer = lab.refused('pool', 'delete', 'fast')
        self.assertIn("'there'", answer.err)
        folder = self.folder('there', 'fast')
        lab.must('vm', 'delete', 'there', '--force')
        self.assertFalse(folder.exists())
        lab.must('pool', 'delete', 'fast')
        self.assertEqual(list(self.place('fast').iterdir()), [])
        self.assertNotIn('fast', lab.must('pool', 'list').out)

    def test_snapshots_of_a_machine_in_another_pool_are_taken_restored_and_merged(self):
        lab = self.lab
        self.make_pool('fast')
        self.new('snap', 'fast')
        self.write('snap', 'one')
        lab.must('snapshot', 'create', 'snap', 'first')
        self.write('snap', 'two')
        lab.must('snapshot', 'create', 'snap', 'warm', '--memory')
        self.write('snap', 'three')
        lab.must('snapshot', 'restore', 'snap', 'warm')
        lab.wait_agent('snap')
        self.assertEqual(self.on_disk('snap'), 'two')
        lab.must('snapshot', 'clone', 'snap', 'first', 'copy', '--start')
        lab.wait_agent('copy')
        self.assertEqual(self.on_disk('copy'), 'one')
        self.assertTrue((self.folder('copy', 'fast') / 'disk0.qcow2').exists())
        lab.must('snapshot', 'delete', 'snap', 'first')
        lab.must('snapshot', 'delete', 'snap', 'warm')
        wait_for(lambda: not list((self.folder('snap', 'fast') / 'layers').iterdir()), 60, 'all is merged')
        self.assertEqual(self.on_disk('snap'), 'two')

    def test_a_machine_whose_pool_is_not_mounted_is_not_started_on_an_empty_disk(self):
        lab = self.lab
        self.make_pool('fast')
        self.new('kept', 'fast')
        self.write('kept', 'one')
        lab.must('vm', 'stop', 'kept', '--now')
        os.rename(self.place('fast'), self.place('unmounted'))
        os.mkdir(self.place('fast'))
        self.assertEqual(lab.stop(), 0)
        lab.start()
        answer = lab.refused('vm', 'start', 'kept')
        self.assertIn('mounted', answer.err)
        self.assertIn('mounted', lab.must('pool', 'list').out)
        lab.refused('vm', 'create', 'new', '--disk', '1MiB', '--pool', 'fast')
        self.assertEqual(list(self.place('fast').iterdir()), [])
        os.rmdir(self.place('fast'))
        os.rename(self.place('unmounted'), self.place('fast'))
        wait_for(lambda: not self.pool('fast')['problem'], 60, 'the pool is found again')
        lab.must('vm', 'start', 'kept')
        lab.wait_agent('kept')
        self.assertEqual(self.on_disk('kept'), 'one')

    def test_what_cannot_be_a_pool_is_refused_and_left_alone(self):
        lab = self.lab
        theirs = self.place('theirs')
        theirs.mkdir()
        (theirs / 'file').write_text('x')
        for source, word in ((theirs, 'not empty'), (lab.state / 'pool/more', 'default'), ('/proc', 'proc'),
                             (lab.run / 'x', "truced's own")):
            self.assertIn(word, lab.refused('pool', 'create', 'other', '--source', source).err)
        self.assertEqual([path.name for path in theirs.iterdir()], ['file'])
        self.assertEqual([pool['name'] for pool in lab.api('GET', '/v1/pools').json()['items']], ['default'])


class LoopPool(PoolLab):
    """Pools on file systems of their own, in files."""

    def test_a_pool_that_fills_pauses_its_machines_and_they_go_on_with_all_they_wrote(self):
        lab = self.lab
        place = self.mount('small')
        self.make_pool('small', '--alarm-percent', '60')
        self.new('hungry', 'small', '64MiB')
        ballast = place / 'ballast'
        ballast.write_bytes(os.urandom(40 << 20))
        # Written from within, 48 MiB that do not compress: more than there is room for.
        self.guest('hungry', "sh -c 'dd if=/dev/urandom of=/run/data bs=1M count=24 && for i in 0 1; do "
                             "dd if=/run/data of=/dev/vda bs=1M seek=$((i * 24)) conv=fsync || exit; done; "
                             "echo 0 >/run/written' >/dev/null 2>&1 </dev/null &")
        lab.wait_observed('hungry', 'paused', 120)
        problem = wait_for(lambda: lab.vm('hungry')['problem'], 30, 'it says why it stands still')
        self.assertIn('pool small is full', problem)
        self.assertIn('vm.paused.no_space', [event['kind'] for event in lab.events('vms/hungry')])
        wait_for(lambda: {'pool.nearly_full', 'pool.full'} <= {event['kind'] for event in lab.events('pools/small')},
                 60, 'the pool says that it is full')
        pid = lab.qemu_pid('hungry')
        lab.kill()
        lab.start()
        lab.wait_observed('hungry', 'paused', 60)
        ballast.unlink()
        lab.wait_observed('hungry', 'running', 120)
        self.assertEqual(lab.vm('hungry')['problem'], '')
        self.assertEqual(lab.qemu_pid('hungry'), pid)
        wait_for(lambda: self.guest('hungry', 'cat /run/written 2>/dev/null || true').strip() == '0', 120,
                 'what the guest wrote is written')
        for i in range(2):
            self.guest('hungry', 'echo 3 >/proc/sys/vm/drop_caches; '
                                 f'dd if=/dev/vda bs=1M skip={i * 24} count=24 2>/dev/null | cmp - /run/data')
        lab.must('vm', 'stop', 'hungry', '--now')
        run('qemu-img', 'check', '-q', self.folder('hungry', 'small') / 'disk0.qcow2')

    def test_a_machine_that_somebody_paused_stays_paused_when_there_is_room(self):
        lab = self.lab
        place = self.mount('tiny')
        self.make_pool('tiny')
        self.new('waiting', 'tiny')
        (place / 'ballast').write_bytes(os.urandom(45 << 20))
        self.guest('waiting', 'dd if=/dev/urandom of=/dev/vda bs=1M count=30 >/dev/null 2>&1 </dev/null &')
        lab.wait_observed('waiting', 'paused', 120)
        lab.must('vm', 'pause', 'waiting')
        (place / 'ballast').unlink()
        wait_for(lambda: self.pool('tiny')['free'] > (20 << 20), 60, 'there is room')
        self.assertEqual(lab.vm('waiting')['observed'], 'paused')
        lab.must('vm', 'resume', 'waiting')
        lab.wait_observed('waiting', 'running')


class SharedPools(PoolLab):
    def home(self, name):
        """Where the host looks for what it knows of a machine."""
        return self.lab.state / 'pool/homes' / self.lab.vm(name)['uuid']

    def test_all_of_a_machine_is_in_the_shared_pool_also_its_snapshots_and_memory(self):
        lab = self.lab
        self.make_pool('nfs', '--shared')
        self.new('there', 'nfs')
        folder = self.folder('there', 'nfs')
        self.assertEqual(os.readlink(self.home('there')), str(folder))
        self.write('there', 'one')
        lab.must('snapshot', 'create', 'there', 'warm', '--memory')
        self.write('there', 'two')
        self.assertTrue((folder / 'layers.json').exists())
        self.assertEqual((folder / 'epoch').read_text(), f"1 {lab.vm('there')['host']}\n")
        self.assertEqual(list((lab.state / 'pool/vms').glob('*/*')), [])
        lab.kill()
        lab.start()
        self.assertEqual(self.on_disk('there'), 'two')
        lab.must('snapshot', 'restore', 'there', 'warm')
        lab.wait_agent('there')
        self.assertEqual(self.on_disk('there'), 'one')
        lab.must('vm', 'suspend', 'there')
        lab.must('vm', 'start', 'there')
        lab.wait_agent('there')
        self.assertEqual(self.on_disk('there'), 'one')
        lab.must('vm', 'delete', 'there', '--force')
        self.assertFalse(folder.exists())
        self.assertEqual(list((lab.state / 'pool/homes').iterdir()), [])
        lab.must('pool', 'delete', 'nfs')
        self.assertEqual(list(self.place('nfs').iterdir()), [])

    def test_an_older_copy_of_a_machine_is_not_started(self):
        lab = self.lab
        self.make_pool('nfs', '--shared')
        self.new('old', 'nfs')
        lab.must('vm', 'stop', 'old', '--now')
        epoch = self.folder('old', 'nfs') / 'epoch'
        kept = epoch.read_text()
        epoch.write_text('7 elsewhere\n')
        self.assertIn("copy 7 on host 'elsewhere'", lab.refused('vm', 'start', 'old').err)
        epoch.write_text(kept)
        lab.must('vm', 'start', 'old')
        lab.wait_agent('old')

    def test_a_linked_clone_stands_on_a_copy_of_its_template_that_goes_with_it(self):
        lab = self.lab
        self.make_pool('nfs', '--shared')
        image = lab.folder / 'image.qcow2'
        run('qemu-img', 'create', '-q', '-f', 'qcow2', image, '16M')
        lab.must('template', 'create', 'plain', '--file', image)
        lab.must('vm', 'create', 'clone', '--template', 'plain', '--pool', 'nfs')
        shown = run('qemu-img', 'info', '-U', self.folder('clone', 'nfs') / 'disk0.qcow2').stdout
        self.assertIn(str(self.place('nfs') / 'templates/plain@1/disk.qcow2'), shown)
        # It goes to a pool of one host and back, and stands on that pool's own each time.
        lab.must('disk', 'move', 'clone', 'disk0', 'default')
        file = lab.state / 'pool/vms' / lab.vm('clone')['uuid'] / 'disk0.qcow2'
        self.assertIn(str(lab.state / 'pool/templates/plain@1'), run('qemu-img', 'info', '-U', file).stdout)
        lab.must('disk', 'move', 'clone', 'disk0', 'nfs')
        lab.must('vm', 'delete', 'clone', '--force')
        lab.must('template', 'delete', 'plain')
        self.assertEqual(list((self.place('nfs') / 'templates').iterdir()), [])

    def test_a_home_follows_its_disk_into_a_shared_pool_at_the_next_start(self):
        lab = self.lab
        self.make_pool('nfs', '--shared')
        self.new('mover', 'default')
        self.write('mover', 'one')
        lab.must('disk', 'move', 'mover', 'disk0', 'nfs')
        folder = self.folder('mover', 'nfs')
        self.assertEqual((folder / 'home-host').read_text(), lab.vm('mover')['host'])
        self.assertFalse(self.home('mover').is_symlink())
        lab.must('vm', 'stop', 'mover', '--now')
        lab.must('vm', 'start', 'mover')
        lab.wait_agent('mover')
        self.assertEqual(self.on_disk('mover'), 'one')
        self.assertEqual(os.readlink(self.home('mover')), str(folder))
        self.assertTrue((folder / 'provisioned').exists())
        self.assertFalse((folder / 'home-host').exists())

    def test_a_machine_whose_shared_pool_is_not_mounted_is_unknown_until_it_is_back(self):
        lab = self.lab
        self.make_pool('nfs', '--shared')
        self.new('kept', 'nfs')
        self.write('kept', 'one')
        lab.must('vm', 'stop', 'kept', '--now')
        self.assertEqual(lab.stop(), 0)
        os.rename(self.place('nfs'), self.place('unmounted'))
        os.mkdir(self.place('nfs'))
        lab.start()
        lab.wait_observed('kept', 'unknown')
        self.assertIn('mounted', self.pool('nfs')['problem'])
        self.assertEqual(list(self.place('nfs').iterdir()), [])
        os.rmdir(self.place('nfs'))
        os.rename(self.place('unmounted'), self.place('nfs'))
        lab.wait_observed('kept', 'off', 60)
        wait_for(lambda: not self.pool('nfs')['problem'], 60, 'the pool is found again')
        lab.must('vm', 'start', 'kept')
        lab.wait_agent('kept')
        self.assertEqual(self.on_disk('kept'), 'one')


class Moves(PoolLab):
    def test_a_disk_moves_between_pools_with_all_that_is_on_it(self):
        lab = self.lab
        self.make_pool('fast')
        self.make_pool('slow')
        self.new('wanderer', 'default')
        self.write('wanderer', 'one')
        lab.must('vm', 'stop', 'wanderer', '--now')
        for pool in ('fast', 'slow', 'default', 'slow'):
            lab.must('disk', 'move', 'wanderer', 'disk0', pool)
            self.assertEqual(self.files('wanderer'), [pool])
            self.assertEqual(self.pool_of('wanderer'), pool)
        self.assertIn('already', lab.refused('disk', 'move', 'wanderer', 'disk0', 'slow').err)
        self.assertIn("no pool 'nowhere'", lab.refused('disk', 'move', 'wanderer', 'disk0', 'nowhere').err)
        lab.must('pool', 'delete', 'fast')
        lab.must('vm', 'start', 'wanderer')
        lab.wait_agent('wanderer')
        self.assertEqual(self.on_disk('wanderer'), 'one')
        lab.must('snapshot', 'create', 'wanderer', 'kept')
        lab.must('vm', 'stop', 'wanderer', '--now')
        self.assertIn('snapshots', lab.refused('disk', 'move', 'wanderer', 'disk0', 'default').err)

    def test_a_move_that_the_daemon_dies_in_leaves_one_disk_and_is_done_by_the_next(self):
        lab = self.lab
        self.make_pool('fast')
        self.new('tough', 'default', '256MiB')
        self.write('tough', 'one')
        self.guest('tough', 'dd if=/dev/urandom of=/dev/vda bs=1M seek=1 count=60 conv=fsync 2>/dev/null')
        lab.must('vm', 'stop', 'tough', '--now')
        uuid = lab.vm('tough')['uuid']
        for delay in (0, 0.05, 0.1, 0.2, 0.4):
            target = 'fast' if self.pool_of('tough') == 'default' else 'default'
            task = lab.must('disk', 'move', 'tough', 'disk0', target, '--no-wait', '--format', 'json').json()['name']
            time.sleep(delay)
            lab.kill()
            self.assertTrue(self.files('tough', uuid), 'the disk is in one of them at any moment')
            lab.start()
            lab.must('task', 'wait', task)
            self.assertEqual(self.files('tough'), [target])
            self.assertEqual(self.pool_of('tough'), target)
        lab.must('vm', 'start', 'tough')
        lab.wait_agent('tough')
        self.assertEqual(self.on_disk('tough'), 'one')


if __name__ == '__main__':
    unittest.main()

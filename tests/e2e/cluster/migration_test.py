"""Machines that change hosts, by the CLI, on real QEMU, in a cluster of three hosts: what their guests and their users see of it."""
import re
import threading
import time
import unittest

from hosts import BOOT, SOON, HostsTest, wait_for
from lab import processes_with, run

WRITER = ("sh -c 'i=0; while [ ! -e /run/enough ]; do i=$((i + 1)); echo $i | "
          "dd of=/dev/vda bs=4096 seek=$((i % 4096)) conv=sync,notrunc 2>/dev/null; "
          "echo $i >/run/last; done; sync; echo done >/run/over' >/dev/null 2>&1 </dev/null &")


class Migration(HostsTest):
    recipes = ('tiny',)

    @property
    def lab(self):
        return self.hosts.manager

    def guest(self, name, script):
        return self.lab.must('vm', 'exec', name, '--', 'sh', '-c', script).out

    def new(self, name, *options):
        """A running machine whose agent answers; answers its host."""
        host = self.hosts.new_tiny(name, '--disk', '64MiB', *options)
        self.lab.wait_agent(name)
        return host

    def other(self, name):
        here = self.lab.vm(name)['host']
        return next(host for host in self.hosts if host.name != here)

    def begin(self, name, *options):
        return self.lab.must('vm', 'migrate', name, *options, '--no-wait', '--format', 'json').json()['name']

    def task(self, name):
        return self.lab.api('GET', f'/v1/tasks/{name}').json()

    def ended(self, task):
        return wait_for(lambda: self.task(task)['state'] not in ('queued', 'running') and self.task(task), BOOT,
                        f'{task} has ended')

    def move(self, name, *options):
        task = self.ended(self.begin(name, *options))
        self.assertEqual(task['state'], 'succeeded', task)
        self.settle(name)
        return self.lab.vm(name)

    def settle(self, name):
        """Until only one process and one home are left of it; in a pool that is shared no host has its own home of it."""
        uuid = self.lab.vm(name)['uuid']

        def alone():
            homes = [host for host in self.hosts if (host.state / 'pool/vms' / uuid).exists()]
            return len(self.lab.qemu_pids(name)) <= 1 and {h.name for h in homes} <= {self.lab.vm(name)['host']}
        wait_for(alone, SOON, f'{name} is on one host only')

    def expect_one(self, name):
        """It runs, once, where the manager says."""
        vm = self.lab.wait_observed(name, 'running', BOOT)
        self.settle(name)
        host = self.hosts.named(vm['host'])
        pid = self.lab.qemu_pid(name)
        self.assertIn(str(host.folder), processes_with(f'-uuid {vm["uuid"]}')[pid])
        self.lab.wait_agent(name)

    def write_on(self, name):
        self.guest(name, WRITER)

    def check_written(self, name):
        """Each block has the number that was written to it last."""
        self.guest(name, 'touch /run/enough')
        wait_for(lambda: self.lab.truce('vm', 'exec', name, '--', 'test', '-e', '/run/over').code == 0, BOOT,
                 'the guest has written its last')
        last = int(self.guest(name, 'cat /run/last'))
        first = max(1, last - 4000)
        script = (f'echo 3 >/proc/sys/vm/drop_caches; i={first}; while [ $i -le {last} ]; do '
                  'read n <<E\n$(dd if=/dev/vda bs=4096 skip=$((i % 4096)) count=1 2>/dev/null | tr -d "\\000")\nE\n'
                  '[ "$n" = "$i" ] || { echo "block $i has $n"; exit 1; }; i=$((i + 97)); done; echo whole')
        self.assertIn('whole', self.guest(name, script))
        return last

    def make_shared_pool(self):
        folder = self.lab.folder / 'shared'
        folder.mkdir(exist_ok=True)
        if not any(pool['name'] == 'common' for pool in self.lab.api('GET', '/v1/pools').json()['items']):
            self.lab.must('pool', 'create', 'common', '--source', str(folder), '--shared')

    def test_a_guest_that_writes_goes_to_another_host_with_its_disk_and_comes_back(self):
        first = self.new('busy')
        boot = self.guest('busy', 'cat /proc/sys/kernel/random/boot_id')
        self.write_on('busy')
        vm = self.move('busy', '--to', self.other('busy').name, '--with-storage')
        self.assertNotEqual(vm['host'], first.name)
        self.expect_one('busy')
        facts = vm['last_migration']
        self.assertEqual((facts['from'], facts['to']), (first.name, vm['host']))
        for key in ('transferred', 'disks_transferred', 'total_ms', 'downtime_ms', 'predicted_total_ms'):
            self.assertGreater(facts[key], 0, facts)
        self.move('busy', '--to', first.name, '--with-storage')
        self.expect_one('busy')
        self.assertEqual(self.guest('busy', 'cat /proc/sys/kernel/random/boot_id'), boot)
        self.assertGreater(self.check_written('busy'), 100)

    def test_with_a_shared_pool_only_memory_goes_and_few_pings_are_lost(self):
        self.make_shared_pool()
        first = self.new('web', '--pool', 'common')
        address = wait_for(lambda: (self.lab.vm('web')['addresses'] or [None])[0], SOON, 'web has an address')
        answers = []

        def ping():
            reply = first.inside('ping', '-D', '-i', '0.05', '-w', '6', address, check=False)
            answers.extend(float(t) for t in re.findall(r'^\[([\d.]+)\].*icmp_seq', reply.stdout, re.M))
        pinging = threading.Thread(target=ping)
        pinging.start()
        time.sleep(1)
        vm = self.move('web')
        pinging.join()
        self.assertEqual(vm['last_migration']['disks_transferred'], 0)
        # On a network that each host has for itself the old host does not reach it any more: only until then.
        self.assertGreater(len(answers), 10)
        self.expect_one('web')

    def test_a_machine_that_is_off_moves_and_starts_there(self):
        first = self.new('cold')
        self.guest('cold', 'echo kept | dd of=/dev/vda bs=512 seek=9 conv=sync,fsync 2>/dev/null')
        self.lab.must('vm', 'stop', 'cold', '--now')
        vm = self.move('cold', '--with-storage')
        self.assertNotEqual(vm['host'], first.name)
        self.lab.must('vm', 'start', 'cold')
        self.lab.wait_agent('cold')
        self.assertIn('kept', self.guest('cold', 'dd if=/dev/vda bs=512 skip=9 count=1 2>/dev/null | tr -d "\\000"'))
        disk = self.hosts.named(vm['host']).state / 'pool/vms' / vm['uuid'] / 'disk0.qcow2'
        self.lab.must('vm', 'stop', 'cold', '--now')
        run('qemu-img', 'check', '-q', disk)

    def test_offline_is_suspended_moved_and_resumed(self):
        self.new('slow')
        boot = self.guest('slow', 'cat /proc/sys/kernel/random/boot_id')
        self.move('slow', '--with-storage', '--offline')
        self.expect_one('slow')
        self.assertEqual(self.guest('slow', 'cat /proc/sys/kernel/random/boot_id'), boot)

    def test_a_move_that_is_cancelled_leaves_the_machine_where_it_is(self):
        first = self.new('stay')
        self.guest('stay', 'dd if=/dev/urandom of=/run/much bs=1M count=40 2>/dev/null')
        task = self.begin('stay', '--with-storage', '--bandwidth', '1MiB')
        wait_for(lambda: len(self.lab.qemu_pids('stay')) == 2, BOOT, 'the other host takes it in')
        self.lab.must('task', 'cancel', task)
        self.assertEqual(self.ended(task)['state'], 'cancelled')
        self.expect_one('stay')
        self.assertEqual(self.lab.vm('stay')['host'], first.name)

    def test_daemons_that_are_killed_in_the_middle_leave_one_machine(self):
        for which in ('source', 'target', 'manager'):
            with self.subTest(which):
                name = f'kill-{which}'
                source = self.new(name)
                target = self.other(name)
                self.write_on(name)
                task = self.begin(name, '--to', target.name, '--with-storage', '--bandwidth', '4MiB')
                wait_for(lambda name=name: len(self.lab.qemu_pids(name)) == 2, BOOT, 'the other host takes it in')
                victim = {'source': source, 'target': target, 'manager': self.lab}[which]
                victim.kill()
                time.sleep(1)
                victim.start()
                for host in self.hosts:
                    host.wait_ready()
                self.ended(task)
                self.expect_one(name)
                self.check_written(name)

    def test_stop_and_delete_work_in_the_middle(self):
        for words in (('vm', 'stop', 'mid', '--now'), ('vm', 'delete', 'mid', '--force')):
            if not self.lab.vm('mid'):
                self.new('mid')
            if self.lab.vm('mid')['observed'] == 'off':
                self.lab.must('vm', 'start', 'mid')
                self.lab.wait_agent('mid')
            task = self.begin('mid', '--with-storage', '--bandwidth', '1MiB')
            wait_for(lambda: len(self.lab.qemu_pids('mid')) == 2, BOOT, 'the other host takes it in')
            self.lab.must(*words)
            self.assertEqual(self.ended(task)['state'], 'cancelled')
            wait_for(lambda: not self.lab.qemu_pids('mid'), SOON, 'no process is left')
        self.assertIsNone(self.lab.vm('mid'))

    def test_a_host_is_emptied(self):
        for name in ('d1', 'd2', 'd3'):
            self.hosts.new_tiny(name, '--disk', '16MiB')
        full = self.hosts.named(self.lab.vm('d1')['host'])
        try:
            self.lab.must('host', 'drain', full.name, '--with-storage')
            self.assertEqual([vm for vm in self.lab.vms().values() if vm['host'] == full.name], [])
            for name in ('d1', 'd2', 'd3'):
                self.expect_one(name)
        finally:
            self.lab.must('host', 'undrain', full.name)


if __name__ == '__main__':
    unittest.main(verbosity=2)

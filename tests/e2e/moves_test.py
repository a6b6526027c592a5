"""Disks that move while their machines run, by the CLI, on real QEMU, and what the guests see of it."""
import contextlib
import os
import re
import signal
import time
import unittest

import pools_test
from lab import BOOT, LONG, SOON, run, wait_for


class Moves(pools_test.PoolLab):
    def setUp(self):
        super().setUp()
        self.make_pool('fast')

    def new_full(self, name, *options):
        """A machine with much on its disk."""
        self.lab.new_tiny(name, '--disk', '256MiB', *options)
        self.lab.wait_agent(name)
        self.guest(name, 'dd if=/dev/urandom of=/run/much bs=1M count=24 2>/dev/null; '
                         'dd if=/run/much of=/dev/vda bs=1M seek=64 conv=fsync 2>/dev/null')

    def expect_whole(self, name):
        """What it had from the beginning, after a move."""
        self.guest(name, 'echo 3 >/proc/sys/vm/drop_caches; '
                         'dd if=/dev/vda bs=1M skip=64 count=24 2>/dev/null | cmp - /run/much')

    def begin(self, name, pool):
        return self.lab.must('disk', 'move', name, 'disk0', pool, '--no-wait', '--format', 'json').json()['name']

    def task(self, name):
        return self.lab.api('GET', f'/v1/tasks/{name}').json()

    def end_of(self, task):
        return wait_for(lambda: self.task(task)['state'] not in ('queued', 'running') and self.task(task), BOOT,
                        f'{task} has ended')

    def other(self, name):
        return 'fast' if self.pool_of(name) == 'default' else 'default'

    def expect_in(self, name, pool):
        self.assertEqual(self.files(name), [pool])
        self.assertEqual(self.pool_of(name), pool)
        self.assertEqual(list((self.lab.state / 'pool/vms').glob('*/*.moving')), [])

    @contextlib.contextmanager
    def copying(self, name, pool):
        """A move that does not get on: its QEMU is held."""
        note = self.lab.state / 'pool/vms' / self.lab.vm(name)['uuid'] / 'disk0.moving'
        task = self.begin(name, pool)
        pid = self.lab.qemu_pid(name)
        deadline = time.monotonic() + SOON
        while not note.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield task
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def check_file(self, name, pool):
        place = self.lab.state / 'pool' if pool == 'default' else self.place(pool)
        run('qemu-img', 'check', '-q', place / 'vms' / self.lab.vm(name)['uuid'] / 'disk0.qcow2')

    def test_a_disk_moves_to_and_fro_while_its_guest_writes_and_reads(self):
        lab = self.lab
        self.new_full('busy')
        pid, told_before = lab.qemu_pid('busy'), len(lab.log.read_text())
        # Numbers the blocks of 32 MiB, over and over, and says how far it has got.
        self.guest('busy', "sh -c 'i=0; while [ ! -e /run/enough ]; do i=$((i + 1)); echo $i | "
                           "dd of=/dev/vda bs=4096 seek=$((i % 8192)) conv=sync,notrunc 2>/dev/null; "
                           "echo $i >/run/last; done; sync; echo done >/run/over' >/dev/null 2>&1 </dev/null &")
        def last():  # at times it is being written
            return int(wait_for(lambda: self.guest('busy', 'cat /run/last 2>/dev/null || true').strip(), SOON,
                                'it says how far it is'))
        last()
        for _ in range(4):
            target = self.other('busy')
            task = self.begin('busy', target)
            before = last()
            ended = self.end_of(task)
            self.assertEqual(ended['state'], 'succeeded', ended)
            self.expect_in('busy', target)
            wait_for(lambda past=before: last() > past, SOON, 'it writes on')
        self.guest('busy', 'touch /run/enough')
        wait_for(lambda: self.guest('busy', 'cat /run/over 2>/dev/null || true').strip(), SOON, 'it has stopped')
        self.assertEqual(lab.qemu_pid('busy'), pid)
        self.expect_whole('busy')
        self.guest('busy', 'echo 3 >/proc/sys/vm/drop_caches; last=$(cat /run/last); i=$last; '
                           'while [ $i -gt 0 ] && [ $i -gt $((last - 200)) ]; do '
                           '[ "$(dd if=/dev/vda bs=4096 skip=$((i % 8192)) count=1 2>/dev/null | head -n 1)" = $i ] '
                           '|| { echo block $i >&2; exit 1; }; i=$((i - 1)); done')
        stood = [int(ms) for ms in re.findall(r'the guest stood still for (\d+) ms', lab.log.read_text()[told_before:])]
        self.assertEqual(len(stood), 4)
        print(f'the guest stood still for {stood} ms', flush=True)
        lab.must('vm', 'stop', 'busy', '--now')
        self.check_file('busy', self.pool_of('busy'))
        self.assertIn('disk.move', [task['kind'] for task in lab.tasks()])

    def test_a_move_that_is_cancelled_or_overtaken_leaves_the_disk_where_it_was(self):
        lab = self.lab
        self.new_full('stays')
        with self.copying('stays', 'fast') as task:
            lab.must('task', 'cancel', task, '--no-wait')
        self.assertEqual(self.end_of(task)['state'], 'cancelled')
        self.expect_in('stays', 'default')
        self.expect_whole('stays')
        with self.copying('stays', 'fast') as task:
            self.assertIn('being changed', lab.refused('disk', 'set', 'stays', 'disk0', '--size', '1GiB').err)
            lab.must('vm', 'stop', 'stays', '--now', '--no-wait')
        ended = self.end_of(task)
        self.assertEqual(ended['state'], 'failed')
        self.assertIn('called off', ended['error'])
        lab.wait_observed('stays', 'off')
        self.expect_in('stays', 'default')
        lab.must('vm', 'start', 'stays')
        lab.wait_agent('stays')
        with self.copying('stays', 'fast') as task:
            lab.must('vm', 'suspend', 'stays', '--no-wait')
        self.assertEqual(self.end_of(task)['state'], 'failed')
        lab.wait_observed('stays', 'suspended', BOOT)
        self.expect_in('stays', 'default')

    def test_a_paused_machine_moves_and_snapshots_wait_for_it(self):
        lab = self.lab
        self.new_full('paused')
        lab.must('vm', 'pause', 'paused')
        with self.copying('paused', 'fast') as task:
            snapshot = lab.must('snapshot', 'create', 'paused', 'later', '--no-wait', '--format', 'json').json()['name']
        self.assertEqual(self.end_of(task)['state'], 'succeeded')
        self.expect_in('paused', 'fast')
        self.assertEqual(self.end_of(snapshot)['state'], 'succeeded')
        self.assertEqual(lab.vm('paused')['observed'], 'paused')
        lab.must('vm', 'resume', 'paused')
        self.expect_whole('paused')
        self.assertIn('snapshots', lab.refused('disk', 'move', 'paused', 'disk0', 'default').err)
        lab.must('snapshot', 'delete', 'paused', 'later')
        lab.must('disk', 'move', 'paused', 'disk0', 'default')
        self.expect_in('paused', 'default')
        self.expect_whole('paused')

    def test_a_machine_whose_disk_moved_takes_snapshots_with_memory_one_after_the_other(self):
        self.new_full('kept')
        self.end_of(self.begin('kept', 'fast'))
        self.lab.must('snapshot', 'create', 'kept', 'cold')
        for name in ('warm', 'warmer'):
            self.lab.must('snapshot', 'create', 'kept', name, '--memory')
            self.assertEqual(self.lab.vm('kept')['observed'], 'running')
            self.expect_whole('kept')
        self.lab.must('snapshot', 'delete', 'kept', 'warm')
        self.expect_whole('kept')

    def test_a_daemon_that_dies_at_any_moment_of_a_move_leaves_one_disk_and_the_next_goes_on(self):
        lab = self.lab
        self.new_full('tough')
        uuid = lab.vm('tough')['uuid']
        for i, delay in enumerate((0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.2, 2) if LONG else (0, 0.4, 1.2)):
            target = self.other('tough')
            task = self.begin('tough', target)
            self.write('tough', f'round {i}')
            time.sleep(delay)
            lab.kill()
            self.assertTrue(self.files('tough', uuid))
            lab.start()
            self.assertEqual(self.end_of(task)['state'], 'succeeded')
            self.expect_in('tough', target)
            self.assertEqual(self.on_disk('tough'), f'round {i}')
        self.expect_whole('tough')
        lab.must('vm', 'stop', 'tough', '--now')
        self.check_file('tough', self.pool_of('tough'))

    def test_a_machine_that_dies_at_any_moment_of_a_move_has_all_that_it_had_written(self):
        lab = self.lab
        self.new_full('mortal')
        uuid = lab.vm('mortal')['uuid']
        for i, delay in enumerate((0, 0.1, 0.2, 0.4, 0.7, 1, 1.5) if LONG else (0.1, 0.5)):
            pid, target = lab.qemu_pid('mortal'), self.other('mortal')
            self.begin('mortal', target)
            self.write('mortal', f'round {i}')
            time.sleep(delay)
            both = i % 2 == 1
            if both:
                lab.kill()
            os.kill(pid, signal.SIGKILL)
            if both:
                lab.start()
            wait_for(lambda: not [task for task in lab.tasks() if task['state'] in ('queued', 'running')], BOOT,
                     'its tasks have ended')
            lab.wait_observed('mortal', 'off')
            self.assertEqual(self.files('mortal', uuid), [self.pool_of('mortal')])
            self.check_file('mortal', self.pool_of('mortal'))
            lab.must('vm', 'start', 'mortal')
            lab.wait_agent('mortal')
            self.assertEqual(self.on_disk('mortal'), f'round {i}')

    def test_limits_of_the_disk_hold_after_a_move(self):
        lab = self.lab
        lab.new_tiny('slow', '--disk', '64MiB')
        lab.wait_agent('slow')

        def seconds():
            begin = time.monotonic()
            self.guest('slow', 'dd if=/dev/zero of=/dev/vda bs=4k count=100 oflag=direct 2>/dev/null')
            return time.monotonic() - begin

        lab.must('vm', 'set', 'slow', '--write-iops', '20')
        lab.must('disk', 'move', 'slow', 'disk0', 'fast')
        self.assertGreater(seconds(), 3, 'a hundred writes at twenty a second take seconds')
        lab.must('vm', 'set', 'slow', '--write-iops', '0')
        self.assertLess(min(seconds() for _ in range(3)), 3)

    def test_a_target_that_fills_up_fails_the_move_and_the_guest_sees_nothing_of_it(self):
        lab = self.lab
        self.mount('tight', mib=16)
        self.make_pool('tight')
        self.new_full('big')
        ended = self.end_of(self.begin('big', 'tight'))
        self.assertEqual(ended['state'], 'failed')
        self.assertIn('No space left', ended['error'])
        self.expect_in('big', 'default')
        self.assertEqual(lab.vm('big')['observed'], 'running')
        self.write('big', 'after')
        self.assertEqual(self.on_disk('big'), 'after')
        self.expect_whole('big')
        lab.must('pool', 'set', 'tight', '--overcommit-percent', '100')
        self.assertIn('is too much', lab.refused('disk', 'move', 'big', 'disk0', 'tight').err)

    def test_a_disk_leaves_a_pool_that_is_full(self):
        lab = self.lab
        place = self.mount('slow')
        self.make_pool('slow')
        self.new('hungry', 'slow', '64MiB')
        (place / 'ballast').write_bytes(os.urandom(40 << 20))
        self.guest('hungry', "sh -c 'dd if=/dev/urandom of=/run/data bs=1M count=24; dd if=/run/data of=/dev/vda bs=1M "
                             "conv=fsync && echo 0 >/run/written' >/dev/null 2>&1 </dev/null &")
        lab.wait_observed('hungry', 'paused', BOOT)
        lab.must('disk', 'move', 'hungry', 'disk0', 'fast')
        lab.wait_observed('hungry', 'running', BOOT)
        wait_for(lambda: self.guest('hungry', 'cat /run/written 2>/dev/null || true').strip() == '0', BOOT,
                 'what the guest wrote is written')
        self.guest('hungry', 'echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda bs=1M count=24 2>/dev/null | '
                             'cmp - /run/data')
        self.assertEqual(lab.vm('hungry')['problem'], '')


if __name__ == '__main__':
    unittest.main()

"""Hosts that die, are cut off or hang: three truced on one computer, their real reapers and real QEMU."""
import json
import os
import signal
import time
import unittest

from hosts import SOON, HostsTest, wait_for

RESTARTED = 60  # generous: how long it took is printed


class AvailabilityTest(HostsTest):
    recipes = ('tiny',)

    def setUp(self):
        super().setUp()
        self.pool = self.hosts.manager.folder / 'shared'
        if not self.pool.exists():
            self.pool.mkdir()
            self.hosts.manager.must('pool', 'create', 'shared', '--source', str(self.pool), '--shared')
            self.hosts.manager.must('cluster', 'set', '--availability')
            self.hosts.manager.must('host', 'drain', self.hosts.manager.name)

    def show(self, name):
        return json.loads(self.hosts.manager.must('vm', 'show', name, '--format', 'json').out)

    def new(self, name, *options):
        """On a host that is not the manager's, as that one stays."""
        return self.hosts.new_tiny(name, '--pool', 'shared', '--disk', '64MiB', *options)

    def running(self, name):
        """Hosts on which there is a QEMU of the machine."""
        machine = self.show(name)['uuid']
        return [host.name for host in self.hosts if host.own_pids(machine)]

    def watch_it_move(self, name, home):
        """Until it runs on another host; never on two."""
        begin = time.monotonic()
        while time.monotonic() < begin + RESTARTED:
            at = self.running(name)
            self.assertLessEqual(len(at), 1, at)
            if at and at != [home.name]:
                return time.monotonic() - begin
            time.sleep(0.05)
        self.fail(f'{name} was not started on another host: {self.show(name)}')

    def reaper_of(self, host):
        found = host.reapers()
        self.assertEqual(len(found), 1, f'{host.name} has {len(found)} reapers')
        return found[0]

    def test_a_host_that_is_cut_off_kills_its_machine_and_another_host_runs_it(self):
        home = self.new('web')
        home.cut()
        self.addCleanup(home.heal)
        took = self.watch_it_move('web', home)
        print(f'cut off: runs elsewhere after {took:.1f} s')
        wait_for(lambda: self.show('web')['observed'] == 'running', SOON, 'it is seen to run')
        home.heal()
        home.wait_ready()
        time.sleep(3)
        self.assertNotIn(home.name, self.running('web'))
        self.assertTrue([event for event in self.hosts.manager.events(f'hosts/{home.name}')
                         if event['kind'] == 'host.fenced'])

    def test_a_host_that_is_dead_loses_its_machine_to_another_one(self):
        home = self.new('web')
        os.kill(self.reaper_of(home), signal.SIGKILL)  # the daemon starts another: both go
        home.kill()
        for pid in [*home.reapers(), *self.hosts.manager.qemu_pids('web')]:
            os.kill(pid, signal.SIGKILL)
        took = self.watch_it_move('web', home)
        print(f'dead: runs elsewhere after {took:.1f} s')
        home.start()
        home.wait_ready()
        time.sleep(3)
        self.assertNotIn(home.name, self.running('web'))

    def test_a_daemon_that_is_stopped_costs_the_host_its_machines_and_nothing_runs_twice(self):
        home = self.new('web')
        os.kill(home.daemon.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, home.daemon.pid, signal.SIGCONT)
        took = self.watch_it_move('web', home)
        print(f'stopped: runs elsewhere after {took:.1f} s')
        os.kill(home.daemon.pid, signal.SIGCONT)
        time.sleep(5)
        self.assertEqual(len(self.running('web')), 1)
        self.assertNotIn(home.name, self.running('web'))

    def test_a_daemon_that_is_killed_and_started_again_keeps_its_machines(self):
        home = self.new('web')
        before, reaper = self.hosts.manager.qemu_pids('web'), self.reaper_of(home)
        home.kill()
        home.start()
        home.wait_ready()
        time.sleep(12)
        self.assertEqual(self.hosts.manager.qemu_pids('web'), before)
        self.assertEqual(self.reaper_of(home), reaper)

    def test_a_machine_that_is_kept_runs_on_where_it_is_cut_off(self):
        home = self.new('db', '--keep-running')
        before = self.hosts.manager.qemu_pids('db')
        home.cut()
        self.addCleanup(home.heal)
        time.sleep(15)
        self.assertEqual(self.running('db'), [home.name])
        home.heal()
        home.wait_ready()
        self.assertEqual(self.hosts.manager.qemu_pids('db'), before)


if __name__ == '__main__':
    unittest.main()

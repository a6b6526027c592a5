"""What machines may have of their host, on real guests: counters of the kernel, and ratios of times."""
import re
import time
from pathlib import Path

from lab import SOON, LabTest, wait_for

LITTLE = '3'  # percent of a processor: less than it gets on the most crowded host
SPIN = 'while :; do :; done >/dev/null 2>&1 </dev/null &'


class ResourcesTest(LabTest):
    recipes = ('tiny',)

    def group(self, name, *above):
        """The control group of a machine that has the processor's files."""
        uuid = self.lab.vm(name)['uuid']
        for top in ('/sys/fs/cgroup/cpu/truce', '/sys/fs/cgroup/truce'):
            path = Path(top, *above, uuid)
            if path.exists():
                return path
        raise AssertionError(f'{name} has no control group below {above}')

    @staticmethod
    def throttled(group):
        """How often its limit has held a group back."""
        return int(re.search(r'(?m)^nr_throttled (\d+)$', (group / 'cpu.stat').read_text())[1])

    def expect_held_back(self, group, held_back):
        before = self.throttled(group)
        if held_back:
            wait_for(lambda: self.throttled(group) > before + 3, SOON, f'{group} is held back')
            return
        time.sleep(1)
        self.assertEqual(self.throttled(group), before)

    def guest(self, name, script):
        return self.lab.must('vm', 'exec', name, '--', 'sh', '-c', script)

    def test_a_limit_of_the_processor_changes_while_the_guest_is_busy_and_outlives_the_daemon(self):
        lab = self.lab
        lab.new_tiny('busy')
        lab.wait_agent('busy')
        self.guest('busy', SPIN)
        group = self.group('busy')
        self.expect_held_back(group, False)
        lab.must('vm', 'set', 'busy', '--cpu-limit', LITTLE)
        self.expect_held_back(group, True)
        lab.kill()
        lab.start()
        self.expect_held_back(group, True)
        lab.must('vm', 'set', 'busy', '--cpu-limit', '0')
        wait_for(lambda: not self.moves(group), SOON, 'it is not held back any more')

    def moves(self, group):
        before = self.throttled(group)
        time.sleep(0.5)
        return self.throttled(group) != before

    def test_a_pool_holds_its_machines_back_together_and_goes_with_the_last(self):
        lab = self.lab
        lab.must('resource-pool', 'create', 'lab', '--cpu-limit', '100')
        self.addCleanup(lab.truce, 'resource-pool', 'delete', 'lab')
        self.addCleanup(self.delete_machines)
        lab.new_tiny('one', '--resource-pool', 'lab')
        lab.wait_agent('one')
        self.guest('one', SPIN)
        group = self.group('one', 'lab.pool')
        lab.must('resource-pool', 'set', 'lab', '--cpu-limit', LITTLE)
        self.expect_held_back(group.parent, True)
        lab.must('resource-pool', 'set', 'lab', '--cpu-limit', '0', '--memory-limit', '200MiB')
        wait_for(lambda: not self.moves(group.parent), SOON, 'it is not held back any more')
        lab.must('vm', 'create', 'two', '--template', 'tiny', '--memory', '128MiB', '--resource-pool', 'lab')
        refused = lab.refused('vm', 'start', 'two')
        self.assertIn("the resource pool 'lab' may have 200MiB memory, 128MiB of it is in use; 128MiB more lack 56MiB",
                      refused.err)
        lab.must('vm', 'delete', 'one', '--force')
        self.assertFalse(group.parent.exists())

    def seconds(self, name, script):
        begin = time.monotonic()
        self.guest(name, script)
        return time.monotonic() - begin

    def test_a_limit_of_disks_is_one_for_all_of_a_machine_and_changes_while_it_writes(self):
        lab = self.lab
        lab.new_tiny('writer', '--disk', '64MiB', '--write-iops', '20')
        lab.wait_agent('writer')
        self.guest('writer', 'test -b /dev/vda')
        write = 'dd if=/dev/zero of=/dev/vda bs=4k count=100 oflag=direct'
        limited = self.seconds('writer', write)
        lab.must('vm', 'set', 'writer', '--write-iops', '0')
        free = min(self.seconds('writer', write) for _ in range(3))
        self.assertGreater(limited, 2 * free, 'a hundred writes at twenty a second take seconds')
        lab.must('vm', 'set', 'writer', '--write-rate', '100KiB')
        self.assertGreater(self.seconds('writer', write), 2 * free, 'and so do 400 KiB at 100 a second')

    def test_the_hosts_pressure_and_what_was_stolen_from_it_are_metrics(self):
        metrics = self.lab.api('GET', '/metrics').body.decode()
        self.assertRegex(metrics, r'(?m)^truce_host_cpu_seconds_total\{mode="steal"\} [0-9.e+]+$')
        if Path('/proc/pressure/cpu').exists():
            self.assertRegex(metrics, r'(?m)^truce_host_pressure_seconds_total\{resource="cpu",stalled="some"\} [0-9.e+]+$')

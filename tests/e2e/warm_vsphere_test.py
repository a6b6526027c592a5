"""Machines that leave a vSphere server while they run: vcsim with guests that write, which tests/peers/vcsim/warm.go adds."""
import signal
import unittest

from lab import SOON, wait_for
from platform_peers import Moves, PlatformTest
from relocation_test import make_disk


class WarmVsphere(Moves, PlatformTest):
    hypervisor = 'qemu'
    vcsim_options = ('-locks', '-pace', '10ms')  # no files of machines that run, as ESXi does it; and time to stop it in the middle

    def setUp(self):
        super().setUp()
        self.add_trusted()
        raw = make_disk(self.lab.folder / 'busy.raw', 256, 'this is busy', 96)
        self.flat = self.vcsim.make('busy', raw)
        self.wait_for_machine(observed='off')
        self.lab.must('vm', 'start', 'prod/busy')
        self.wait_for_machine(observed='running')

    def wait_for_machine(self, **wanted):
        def as_wanted():
            shown = self.machines().get('prod/busy', {})
            return all(shown.get(name) == value for name, value in wanted.items())
        wait_for(as_wanted, SOON, f'busy is {wanted}')

    def assert_as_before(self):
        """Its disk is one file, it has no snapshot, and nobody tracks it."""
        def parts():
            return sorted(path.name for path in self.flat.parent.iterdir() if path.suffix == '.vmdk')
        wait_for(lambda: parts() == ['busy-flat.vmdk', 'busy.vmdk'], SOON, f'its disk is one again, not {parts()}')
        self.assertEqual(self.vcsim.devices('busy')['tracked'], False)

    def assert_came(self, task):
        shown = self.wait_end(task)
        self.assertEqual(shown['state'], 'succeeded', shown)
        said = [step['text'] for step in shown['steps']]
        self.assertTrue([text for text in said if 's ago, for the last part' in text], said)
        self.wait_for_machine(observed='off')
        self.assert_as_before()
        self.lab.must('vm', 'stop', 'busy', '--now')
        wait_for(lambda: self.lab.vm('busy')['observed'] == 'off', SOON, 'it is off')
        self.assert_same(self.disk_of('busy'), self.flat.with_name('busy.vmdk'))
        return said

    def test_all_that_it_wrote_comes_and_it_boots_here(self):
        refused = self.lab.refused('vm', 'move', 'prod/busy', '--to', 'here')
        self.assertIn('--warm', refused.err)
        before = self.flat.read_bytes()
        task = self.begin('prod/busy', '--to', 'here', '--warm', '--start')
        self.lab.wait_log('busy', 'this is busy')
        said = self.assert_came(task)
        print(next(text for text in said if 'last part' in text))
        self.assertNotEqual(self.flat.read_bytes(), before, 'it has written meanwhile')
        self.assertRegex(self.flat.read_bytes()[99 * 512:100 * 512].decode(), r'^20\d\d-')

    def test_one_that_is_called_off_runs_on(self):
        task = self.begin('prod/busy', '--to', 'here', '--warm')
        self.wait_copying(task)
        self.assertEqual(len(list(self.flat.parent.glob('*-delta.vmdk'))), 1, 'what it writes is kept apart')
        self.lab.must('task', 'cancel', task)
        self.assertEqual(self.wait_end(task)['state'], 'cancelled')
        self.wait_for_machine(observed='running')
        self.assert_as_before()
        wait_for(lambda: 'busy' not in self.lab.vms(), SOON, 'nothing of it is here')

    def test_it_goes_on_when_the_daemon_was_killed(self):
        task = self.begin('prod/busy', '--to', 'here', '--warm', '--start')
        self.wait_copying(task)
        self.vcsim.process.send_signal(signal.SIGSTOP)
        self.lab.kill()
        self.vcsim.process.send_signal(signal.SIGCONT)
        self.lab.start()
        self.assert_came(task)


if __name__ == '__main__':
    unittest.main()

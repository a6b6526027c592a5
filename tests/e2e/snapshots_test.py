"""Snapshots of machines, by the CLI, on real QEMU: with guests that write to their disks meanwhile."""
import json
import os
import random
import signal
import time
import unittest

from lab import LONG, READY, SOON, LabTest, run, wait_for

BLOCK = 64 * 1024


class SnapshotLab(LabTest):
    recipes = ('tiny',)

    def new(self, name, *options):
        self.lab.new_tiny(name, '--disk', '32MiB', *options)
        self.lab.wait_agent(name)

    def guest(self, name, script):
        return self.lab.must('vm', 'exec', name, '--', 'sh', '-c', script).out

    def write(self, name, text, block=0):
        self.guest(name, f'echo {text} | dd of=/dev/vda bs={BLOCK} seek={block} conv=sync,notrunc,fsync 2>/dev/null')

    def on_disk(self, name, block=0):
        return self.guest(name, f'echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda bs={BLOCK} skip={block} count=1 '
                                '2>/dev/null | head -n 1').strip('\0\n')

    def tree(self, name):
        return json.loads(self.lab.must('snapshot', 'list', name, '--format', 'json').out)

    def names(self, name):
        return [each['name'] for each in self.tree(name)['snapshots']]

    def folder(self, name):
        return self.lab.state / 'pool/vms' / self.lab.vm(name)['uuid']

    def files(self, name):
        return sorted(path.name for path in (self.folder(name) / 'layers').glob('*'))

    def check_files(self, name, killed=False):
        """Every file of its disks opens, with all that is below it. A QEMU that was `killed` may have left clusters."""
        folder = self.folder(name)
        for path in [*folder.glob('*.qcow2'), *folder.glob('layers/*.qcow2')]:
            done = run('qemu-img', 'check', '-q', '-U', path, check=False)
            self.assertIn(done.returncode, (0, 3) if killed else (0,), done.stderr)  # 3: leaks only


class Snapshots(SnapshotLab):
    def test_a_tree_of_snapshots_is_taken_shown_and_gone_back_to(self):
        lab = self.lab
        self.new('tree')
        self.write('tree', 'one')
        lab.must('snapshot', 'create', 'tree', 'first', '--description', 'before anything')
        self.guest('tree', 'echo 4711 >/run/value')
        self.write('tree', 'two')
        lab.must('snapshot', 'create', 'tree', 'warm', '--memory')
        self.guest('tree', 'echo later >/run/value')
        self.write('tree', 'three')
        lab.must('snapshot', 'create', 'tree', 'last')
        shown = lab.must('snapshot', 'list', 'tree').out
        self.assertRegex(shown, r'└─ first .* crash +- +before anything\n   └─ warm .* memory +\d.*\n'
                                r'      └─ last .*\n         └─ \(the machine now\)')
        self.assertEqual(self.tree('tree')['at'], 'last')
        self.assertEqual(self.on_disk('tree'), 'three')

        lab.must('snapshot', 'restore', 'tree', 'warm')
        lab.wait_observed('tree', 'running')
        lab.wait_agent('tree')
        self.assertEqual(self.guest('tree', 'cat /run/value'), '4711\n', 'its memory of that moment')
        self.assertEqual(self.on_disk('tree'), 'two', 'and its disk')
        self.assertEqual(lab.must('vm', 'log', 'tree', '--bytes', 65536).out.count(READY), 1, 'it was not booted')
        self.assertEqual(self.tree('tree')['at'], 'warm')

        lab.must('snapshot', 'restore', 'tree', 'first')
        self.assertEqual(lab.vm('tree')['observed'], 'off')
        lab.must('vm', 'start', 'tree')
        lab.wait_agent('tree')
        self.assertEqual(self.on_disk('tree'), 'one')
        lab.must('snapshot', 'create', 'tree', 'branch')
        parents = {each['name']: each.get('parent', '') for each in self.tree('tree')['snapshots']}
        self.assertEqual(parents, {'first': '', 'warm': 'first', 'last': 'warm', 'branch': 'first'})
        self.check_files('tree')

    def test_a_snapshot_is_deleted_anywhere_in_the_tree_while_the_guest_runs(self):
        lab = self.lab
        self.new('pruned')
        for number, name in enumerate(('a', 'b', 'c')):
            self.write('pruned', f'block-{number}', number)
            lab.must('snapshot', 'create', 'pruned', name)
        self.write('pruned', 'block-3', 3)
        pid = lab.qemu_pid('pruned')
        for name, left in (('b', ['a', 'c']), ('a', ['c']), ('c', [])):
            lab.must('snapshot', 'delete', 'pruned', name)
            self.assertEqual(self.names('pruned'), left)
            for number in range(4):
                self.assertEqual(self.on_disk('pruned', number), f'block-{number}', name)
            self.check_files('pruned')
        self.assertEqual(self.files('pruned'), [], 'all is in one file again')
        self.assertEqual(lab.qemu_pid('pruned'), pid)
        lab.must('vm', 'stop', 'pruned', '--now')
        lab.must('vm', 'start', 'pruned')
        lab.wait_agent('pruned')
        for number in range(4):
            self.assertEqual(self.on_disk('pruned', number), f'block-{number}')

    def test_layers_that_were_there_at_its_start_are_merged_while_the_guest_runs(self):
        lab = self.lab
        self.new('layered')
        for number, name in enumerate(('a', 'b', 'c')):
            self.write('layered', f'block-{number}', number)
            lab.must('snapshot', 'create', 'layered', name)
        lab.must('vm', 'stop', 'layered', '--now')
        lab.must('vm', 'start', 'layered')
        lab.wait_agent('layered')
        pid = lab.qemu_pid('layered')
        for name in ('b', 'c', 'a'):
            lab.must('snapshot', 'delete', 'layered', name)
            for number in range(3):
                self.assertEqual(self.on_disk('layered', number), f'block-{number}', name)
        self.assertEqual(self.files('layered'), [])
        self.assertEqual(lab.qemu_pid('layered'), pid)

    def test_a_machine_that_is_off_is_taken_merged_and_restored_as_well(self):
        lab = self.lab
        self.new('still')
        self.write('still', 'one')
        lab.must('vm', 'stop', 'still', '--now')
        lab.must('snapshot', 'create', 'still', 'first')
        self.assertEqual(self.tree('still')['snapshots'][0]['kind'], 'off')
        lab.must('vm', 'set', 'still', '--memory', '192MiB')
        lab.must('vm', 'start', 'still')
        lab.wait_agent('still')
        self.write('still', 'two')
        lab.must('vm', 'stop', 'still', '--now')
        lab.must('snapshot', 'create', 'still', 'second')
        lab.must('snapshot', 'restore', 'still', 'first', '--start')
        lab.wait_agent('still')
        self.assertEqual(self.on_disk('still'), 'one')
        self.assertEqual(lab.vm('still')['memory'], 128 << 20, 'its settings go back, too')
        lab.must('vm', 'stop', 'still', '--now')
        lab.must('snapshot', 'delete', 'still', 'first', '--subtree')
        self.assertEqual(self.names('still'), [])
        self.assertEqual(self.files('still'), [])
        lab.must('vm', 'start', 'still')
        lab.wait_agent('still')
        self.assertEqual(self.on_disk('still'), 'one')

    def test_a_suspended_machine_keeps_its_memory_in_its_snapshot(self):
        lab = self.lab
        self.new('asleep')
        self.guest('asleep', 'echo 1 >/run/value')
        lab.must('vm', 'suspend', 'asleep')
        lab.must('snapshot', 'create', 'asleep', 'dream')
        self.assertEqual(self.tree('asleep')['snapshots'][0]['kind'], 'memory')
        lab.must('vm', 'start', 'asleep')
        lab.wait_agent('asleep')
        self.guest('asleep', 'echo 2 >/run/value')
        for _ in range(2):
            lab.must('snapshot', 'restore', 'asleep', 'dream')
            lab.wait_observed('asleep', 'running')
            lab.wait_agent('asleep')
            self.assertEqual(self.guest('asleep', 'cat /run/value'), '1\n')
            self.guest('asleep', 'echo 3 >/run/value')

    def test_frozen_file_systems_are_thawed_again(self):
        lab = self.lab
        self.new('quiet')
        lab.must('snapshot', 'create', 'quiet', 'nightly', '--quiesce')
        self.assertEqual(self.tree('quiet')['snapshots'][0]['kind'], 'agent')
        self.assertEqual(self.guest('quiet', 'echo thawed'), 'thawed\n', 'a frozen agent runs nothing')

    def test_what_cannot_be_is_refused_with_the_reason(self):
        lab = self.lab
        self.new('strict')
        lab.must('snapshot', 'create', 'strict', 'one')
        self.assertIn("has a snapshot 'one' already", lab.refused('snapshot', 'create', 'strict', 'one').err)
        self.assertIn("has no snapshot 'two'", lab.refused('snapshot', 'restore', 'strict', 'two').err)
        self.assertIn("has no snapshot 'two'", lab.refused('snapshot', 'delete', 'strict', 'two').err)
        both = lab.refused('snapshot', 'create', 'strict', 'x', '--memory', '--quiesce')
        self.assertIn('give one of them', both.err)
        lab.must('vm', 'pause', 'strict')
        self.assertIn('paused', lab.refused('snapshot', 'create', 'strict', 'x', '--memory').err)
        lab.must('vm', 'stop', 'strict', '--now')
        self.assertIn('off', lab.refused('snapshot', 'create', 'strict', 'x', '--memory').err)
        self.assertEqual(self.names('strict'), ['one'])
        lab.refused('snapshot', 'list', 'nobody')

    def test_a_clone_of_a_snapshot_is_a_machine_of_its_own(self):
        lab = self.lab
        self.new('origin')
        self.write('origin', 'then')
        lab.must('snapshot', 'create', 'origin', 'base')
        self.write('origin', 'now')
        lab.must('snapshot', 'clone', 'origin', 'base', 'copy', '--start')
        lab.wait_agent('copy')
        self.assertEqual(self.on_disk('copy'), 'then')
        ours, theirs = lab.vm('origin'), lab.vm('copy')
        self.assertNotEqual(ours['nics'][0]['mac'], theirs['nics'][0]['mac'])
        self.assertEqual(theirs.get('tree', {}).get('snapshots', []), [])
        lab.must('vm', 'delete', 'origin', '--force')
        self.write('copy', 'mine')
        self.assertEqual(self.on_disk('copy'), 'mine', 'it shares nothing')
        self.assertIn('already', lab.refused('snapshot', 'clone', 'copy', 'base', 'copy').err
                      + lab.refused('vm', 'create', 'copy', '--template', 'tiny').err)

    def test_a_machine_goes_with_its_snapshots(self):
        lab = self.lab
        self.new('going')
        lab.must('snapshot', 'create', 'going', 'one', '--memory')
        folder = self.folder('going')
        lab.must('vm', 'delete', 'going', '--force')
        self.assertFalse(folder.exists())


class Interrupted(SnapshotLab):
    """Whatever is killed in whatever moment: nothing that was written and synced is lost."""

    def act(self, lab, chance, taken):
        """Something with snapshots, begun and not waited for."""
        names = list(taken)
        choice = chance.random()
        if choice < 0.5 or not names:
            name = f's{chance.randrange(10**6)}'
            lab.truce('snapshot', 'create', 'hurt', name, *chance.choice([(), ('--memory',)]), '--no-wait')
        else:
            lab.truce('snapshot', 'delete', 'hurt', chance.choice(names), '--no-wait')

    def settle(self):
        wait_for(lambda: not [task for task in self.lab.tasks()
                              if task['state'] in ('queued', 'running')], 90, 'all tasks ended')

    def rounds(self, count, hurt, killed=False):
        lab = self.lab
        seed = random.randrange(10**6)
        chance = random.Random(seed)
        self.new('hurt')
        for number in range(count):
            with self.subTest(seed=seed, round=number):
                self.write('hurt', f'round-{number}', number % 16)
                self.act(lab, chance, self.names('hurt'))
                time.sleep(chance.random() * 0.6)
                hurt()
                if lab.vm('hurt')['observed'] != 'running':
                    lab.must('vm', 'start', 'hurt')
                lab.wait_agent('hurt')
                for block in range(min(number + 1, 16)):
                    last = max(n for n in range(number + 1) if n % 16 == block)
                    self.assertEqual(self.on_disk('hurt', block), f'round-{last}')
                self.settle()
                self.check_files('hurt', killed)
        for name in self.names('hurt'):
            lab.must('snapshot', 'delete', 'hurt', name)
        wait_for(lambda: self.files('hurt') == [], SOON, 'all layers are merged')
        self.assertEqual(self.on_disk('hurt', (count - 1) % 16), f'round-{count - 1}')

    def test_qemu_killed_in_the_middle_of_snapshots_and_merges(self):
        def kill_qemu():
            for pid in self.lab.qemu_pids('hurt'):
                os.kill(pid, signal.SIGKILL)
            self.lab.wait_observed('hurt', 'off')
        self.rounds(60 if LONG else 4, kill_qemu, killed=True)

    def test_the_daemon_killed_in_the_middle_of_snapshots_and_merges(self):
        def kill_daemon():
            self.lab.kill()
            self.lab.start()
            self.lab.wait_observed('hurt', 'running')
        self.rounds(60 if LONG else 5, kill_daemon)


if __name__ == '__main__':
    unittest.main()

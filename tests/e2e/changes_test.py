"""Changes of machines while they run, by the CLI, on real QEMU, and seen from inside the guests."""
import json
import time
import unittest

from lab import SOON, LabTest, run, wait_for

MIB = 1 << 20


class ChangesLab(LabTest):
    recipes = ('tiny',)

    def new(self, name, *options):
        self.lab.new_tiny(name, *options)
        self.lab.wait_agent(name)

    def guest(self, name, script):
        return self.lab.must('vm', 'exec', name, '--', 'sh', '-c', script).out

    def in_guest(self, name, script, expected, what):
        def so():
            said = self.lab.truce('vm', 'exec', name, '--', 'sh', '-c', script)
            return said.out.strip() == expected
        return wait_for(so, SOON, f'{what} in {name}')

    def disks(self, name):
        return {disk['id']: disk for disk in json.loads(
            self.lab.must('disk', 'list', name, '--format', 'json').out)['items']}

    def folder(self, name):
        return self.lab.state / 'pool/vms' / self.lab.vm(name)['uuid']

    def pending(self, name):
        return self.lab.vm(name).get('pending', [])


class Disks(ChangesLab):
    def test_a_disk_comes_grows_and_goes_while_the_guest_runs(self):
        lab = self.lab
        self.new('plugs')
        pid = lab.qemu_pid('plugs')
        lab.must('disk', 'create', 'plugs', '--size', '64MiB')
        self.assertEqual({'disk0': 64 * MIB}, {k: v['size'] for k, v in self.disks('plugs').items()})
        self.in_guest('plugs', 'cat /sys/block/vda/size', str(64 * MIB // 512), 'the new disk')
        self.guest('plugs', 'echo kept | dd of=/dev/vda conv=fsync 2>/dev/null')
        lab.must('disk', 'set', 'plugs', 'disk0', '--size', '96MiB')
        self.in_guest('plugs', 'cat /sys/block/vda/size', str(96 * MIB // 512), 'the new size')
        refused = lab.refused('disk', 'set', 'plugs', 'disk0', '--size', '32MiB')
        self.assertIn('not shrunk', refused.err)
        # It stays over a restart, at its place, with its data.
        before = self.guest('plugs', 'readlink /sys/block/vda/device')
        lab.must('vm', 'stop', 'plugs', '--now')
        lab.must('vm', 'start', 'plugs')
        lab.wait_agent('plugs')
        self.assertEqual(self.guest('plugs', 'head -c 4 /dev/vda'), 'kept')
        self.assertEqual(self.guest('plugs', 'readlink /sys/block/vda/device'), before)
        self.assertNotEqual(lab.qemu_pid('plugs'), pid)
        lab.must('disk', 'delete', 'plugs', 'disk0')
        self.assertEqual(self.disks('plugs'), {})
        self.in_guest('plugs', 'ls /sys/block | grep -c vd || true', '0', 'no disk')
        self.assertEqual(list(self.folder('plugs').glob('*.qcow2')), [], 'its file is gone')

    def test_disks_of_a_machine_that_is_off_are_changed_as_well(self):
        lab = self.lab
        lab.must('vm', 'create', 'off', '--template', 'tiny', '--memory', '128MiB', '--disk', '32MiB')
        lab.must('disk', 'create', 'off', '--size', '48MiB')
        lab.must('disk', 'set', 'off', 'disk0', '--size', '40MiB')
        lab.must('vm', 'start', 'off')
        lab.wait_agent('off')
        sizes = self.guest('off', 'cat /sys/block/vd?/size').split()
        self.assertEqual(sorted(map(int, sizes)), [40 * MIB // 512, 48 * MIB // 512])
        held = lab.refused('disk', 'delete', 'off', 'disk0')
        self.assertIn('stop it first', held.err, 'its first disk has a fixed place')
        self.assertIn('disk0', self.disks('off'))
        lab.must('vm', 'stop', 'off', '--now')
        lab.must('disk', 'delete', 'off', 'disk0')
        self.assertEqual(list(self.disks('off')), ['disk1'])

    def test_many_disks_at_once_each_find_a_place_and_the_last_is_refused(self):
        lab = self.lab
        self.new('many')
        tasks = [lab.must('disk', 'create', 'many', '--size', '4MiB', '--no-wait').out.strip() for _ in range(7)]
        self.assertEqual(len(set(tasks)), 7)
        wait_for(lambda: len(self.disks('many')) == 7, SOON, 'seven disks')
        self.assertEqual(len({disk['port'] for disk in self.disks('many').values()}), 7)
        self.in_guest('many', 'ls /sys/block | grep -c vd', '7', 'seven disks')
        self.assertIn('most', lab.refused('disk', 'create', 'many', '--size', '4MiB').err)

    def test_snapshots_hold_disks_as_they_are_and_a_plugged_disk_is_part_of_them(self):
        lab = self.lab
        self.new('held')
        lab.must('disk', 'create', 'held', '--size', '16MiB')
        self.in_guest('held', 'ls /sys/block | grep -c vd', '1', 'the disk')
        self.guest('held', 'echo one | dd of=/dev/vda conv=fsync 2>/dev/null')
        lab.must('snapshot', 'create', 'held', 'first', '--memory')
        self.guest('held', 'echo two | dd of=/dev/vda conv=fsync 2>/dev/null')
        for words in (('create', 'held', '--size', '8MiB'), ('set', 'held', 'disk0', '--size', '64MiB'),
                      ('delete', 'held', 'disk0')):
            self.assertIn('snapshots', lab.refused('disk', *words).err)
        lab.must('snapshot', 'restore', 'held', 'first')
        lab.wait_agent('held')
        self.assertEqual(self.guest('held', 'echo 3 >/proc/sys/vm/drop_caches; head -c 3 /dev/vda'), 'one')
        lab.must('snapshot', 'delete', 'held', 'first')
        lab.must('disk', 'delete', 'held', 'disk0')

    def test_a_daemon_killed_in_the_middle_leaves_the_disk_there_or_not_at_all(self):
        lab = self.lab
        self.new('cut')
        for delay in (0, 0.02, 0.05, 0.1, 0.2):
            before = set(self.disks('cut'))
            lab.must('disk', 'create', 'cut', '--size', '4MiB', '--no-wait')
            time.sleep(delay)
            lab.kill()
            lab.start()
            wait_for(lambda: not [task for task in lab.tasks() if task['state'] in ('queued', 'running')], SOON,
                     'its tasks have ended')
            after = set(self.disks('cut'))
            self.assertTrue(before <= after)
            self.assertEqual({path.stem for path in self.folder('cut').glob('disk*.qcow2')}, after)
            self.in_guest('cut', 'ls /sys/block | grep -c vd || true', str(len(after)), 'as many disks')
        for disk in self.disks('cut'):
            lab.must('disk', 'delete', 'cut', disk)
        self.assertEqual(list(self.folder('cut').glob('disk*.qcow2')), [])


class NetworkCards(ChangesLab):
    def test_a_card_comes_with_an_address_and_goes(self):
        lab = self.lab
        self.new('cards')
        lab.must('network', 'create', 'second', '--subnet', '10.91.0.0/24')
        lab.must('vm', 'add-nic', 'cards', '--network', 'second', '--address', '10.91.0.9')
        nics = lab.vm('cards')['nics']
        self.assertEqual([nic.get('number', 0) for nic in nics], [0, 1])
        self.in_guest('cards', "ls /sys/class/net | grep -c '^e'", '2', 'two cards')
        card = self.guest('cards', f"grep -l {nics[1]['mac']} /sys/class/net/*/address").split('/')[-2]
        self.guest('cards', f'ip link set {card} up; udhcpc -q -n -i {card} -s /bin/true >/dev/null 2>&1; '
                            f'ip addr add 10.91.0.9/24 dev {card}; ping -c 1 -W 5 10.91.0.1')
        self.assertIn('stop it first', lab.refused('vm', 'remove-nic', 'cards', '0').err, 'its fixed place')
        self.assertIn('no network card 5', lab.refused('vm', 'remove-nic', 'cards', '5').err)
        lab.must('vm', 'remove-nic', 'cards', '1')
        self.in_guest('cards', "ls /sys/class/net | grep -c '^e'", '1', 'one card')
        self.assertEqual(len(lab.vm('cards')['nics']), 1)
        lab.must('vm', 'stop', 'cards', '--now')
        lab.must('vm', 'remove-nic', 'cards', '0')
        lab.must('vm', 'start', 'cards')
        lab.wait_agent('cards')
        self.assertEqual(self.guest('cards', "ls /sys/class/net | grep -c '^e' || true").strip(), '0')
        lab.must('network', 'delete', 'second')

    def test_a_card_in_user_mode_is_plugged_in_with_its_forwards(self):
        lab = self.lab
        lab.must('network', 'create', 'inner', '--mode', 'user')
        self.new('away')
        self.assertIn('stop it first', lab.refused('vm', 'add-nic', 'away', '--network', 'inner').err,
                      "it is away from the host's network")
        self.new('slirp', '--network', 'inner')
        lab.must('vm', 'add-nic', 'slirp', '--network', 'inner', '--forward', '2299:22')
        self.in_guest('slirp', "ls /sys/class/net | grep -c '^e'", '2', 'two cards')
        self.assertIn(':2299', lab.inside('ss', '-tln').stdout)
        lab.must('vm', 'remove-nic', 'slirp', '1')
        self.assertNotIn(':2299', lab.inside('ss', '-tln').stdout)
        lab.must('vm', 'delete', 'slirp', '--force')
        lab.must('network', 'delete', 'inner')


class Settings(ChangesLab):
    options = ('--memory-low-percent', '100')  # the host is always short: balloons take what they may

    def test_processors_and_memory_are_added_up_to_the_most_and_survive_suspension(self):
        lab = self.lab
        self.new('grows', '--max-cpus', '3', '--max-memory', '512MiB')
        before = int(self.guest('grows', "awk '/MemTotal/{print $2}' /proc/meminfo"))
        lab.must('vm', 'set', 'grows', '--cpus', '3', '--memory', '256MiB')
        self.in_guest('grows', 'nproc', '3', 'three processors')
        wait_for(lambda: int(self.guest('grows', "awk '/MemTotal/{print $2}' /proc/meminfo")) > before + 100 * 1024,
                 SOON, 'more memory')
        self.assertEqual(self.pending('grows'), [])
        usage = json.loads(lab.must('vm', 'usage', 'grows', '--format', 'json').out)
        self.assertEqual(usage['hot_memory'], 128 * MIB)
        self.guest('grows', 'echo 4711 >/run/value')
        lab.must('vm', 'suspend', 'grows')
        self.assertIn('suspended', lab.refused('disk', 'create', 'grows', '--size', '4MiB').err)
        lab.must('vm', 'start', 'grows')
        lab.wait_agent('grows')
        self.assertEqual(self.guest('grows', 'cat /run/value; nproc').split(), ['4711', '3'])
        lab.must('vm', 'set', 'grows', '--memory', '512MiB')
        wait_for(lambda: int(self.guest('grows', "awk '/MemTotal/{print $2}' /proc/meminfo")) > before + 350 * 1024,
                 SOON, 'still more memory')
        lab.must('vm', 'set', 'grows', '--memory', '128MiB')
        wait_for(lambda: int(self.guest('grows', "awk '/MemTotal/{print $2}' /proc/meminfo")) < before + 300 * 1024,
                 SOON, 'memory given back')

    def test_what_needs_a_restart_waits_is_shown_and_is_given_up(self):
        lab = self.lab
        self.new('waits')
        lab.must('vm', 'set', 'waits', '--cpus', '2', '--memory', '256MiB', '--display', 'cirrus', '--watchdog', 'reset')
        lines = ['cpus: 1 -> 2', 'display: (usual) -> cirrus', 'memory: 128MiB -> 256MiB', 'watchdog: (usual) -> reset']
        self.assertEqual(self.pending('waits'), lines)
        self.assertIn('cpus: 1 -> 2', lab.must('vm', 'show', 'waits').out)
        lab.kill()
        lab.start()
        self.assertEqual(wait_for(lambda: self.pending('waits'), SOON, 'it is remembered'), lines)
        lab.must('vm', 'revert', 'waits')
        vm = lab.vm('waits')
        self.assertEqual((vm['cpus'], vm['memory'], self.pending('waits')), (1, 128 * MIB, []))
        self.assertNotIn('watchdog', vm.get('hardware', {}))
        lab.must('vm', 'set', 'waits', '--cpus', '2')
        lab.must('vm', 'stop', 'waits', '--now')
        self.assertEqual(self.pending('waits'), [], 'nothing waits for a machine that is off')
        lab.must('vm', 'start', 'waits')
        lab.wait_agent('waits')
        self.assertEqual(self.guest('waits', 'nproc').strip(), '2')
        self.assertEqual(self.pending('waits'), [])

    def test_a_cd_is_put_in_and_taken_out_where_there_is_a_drive(self):
        lab = self.lab
        for name in ('one', 'two'):
            iso = lab.folder / f'{name}.iso'
            (lab.folder / 'content').mkdir(exist_ok=True)
            (lab.folder / 'content' / 'name').write_text(name)
            run('xorriso', '-as', 'mkisofs', '-quiet', '-o', iso, lab.folder / 'content')
            lab.must('template', 'create', f'cd-{name}', '--file', iso)
        self.new('drive', '--cdrom')
        self.new('plain')
        lab.must('vm', 'set', 'drive', '--iso', 'cd-one')
        wait_for(lambda: not self.pending('drive'), SOON, 'the CD is in')
        lab.must('vm', 'set', 'drive', '--iso', 'cd-two')
        wait_for(lambda: not self.pending('drive'), SOON, 'the other CD is in')
        lab.must('vm', 'set', 'drive', '--iso', '')
        wait_for(lambda: not self.pending('drive'), SOON, 'the CD is out')
        lab.must('vm', 'set', 'plain', '--iso', 'cd-one')
        time.sleep(1)
        self.assertEqual(self.pending('plain'), ['iso: (none) -> cd-one@1'])

    def test_a_balloon_takes_down_to_the_least_and_gives_back_when_it_is_no_longer_asked(self):
        lab = self.lab
        self.new('gives', '--memory-min', '100MiB')

        def balloon():
            return json.loads(lab.must('vm', 'usage', 'gives', '--format', 'json').out)['balloon']
        wait_for(lambda: balloon() == 100 * MIB, 90, 'the balloon has taken')
        usage = json.loads(lab.must('vm', 'usage', 'gives', '--format', 'json').out)
        self.assertGreater(usage['guest_total'], 0, 'the guest tells')
        self.assertGreater(usage['guest_available'], 0)
        lab.must('vm', 'set', 'gives', '--memory-min', '0')
        wait_for(lambda: balloon() == 128 * MIB, SOON, 'the balloon has given back')
        self.assertIn('only', lab.refused('vm', 'set', 'gives', '--memory-min', '1GiB').err)


if __name__ == '__main__':
    unittest.main()

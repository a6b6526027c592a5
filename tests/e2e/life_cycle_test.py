"""The life of machines, by the CLI, on real QEMU."""
import os
import re
import shutil
import signal
import subprocess
import time
import unittest
from pathlib import Path

from lab import BOOT, READY, SOON, LabTest, run, wait_for
from pictures import sizes_of_png

MIB = 1 << 20


def memory_of_guest(lab, name):
    text = lab.must('vm', 'exec', name, '--', 'cat', '/proc/meminfo').out
    return int(re.search(r'MemTotal: +(\d+) kB', text)[1]) * 1024


def kinds(lab, name):
    return [event['kind'] for event in lab.events(f'vms/{name}')]


# Starts the i6300ESB with two stages of a second, as its driver does, and feeds it no more
# (drivers/watchdog/i6300esb.c: registers at its first BAR, unlocked by two words; enabled in its configuration).
ARM_WATCHDOG = r'''
for device in /sys/bus/pci/devices/*; do [ "$(cat $device/device)" = 0x25ab ] && break; done
echo 1 >$device/enable
read -r base _ <$device/resource
unlock() { devmem $((base + 12)) 16 0x80; devmem $((base + 12)) 16 0x86; }
unlock; devmem $base 32 512
unlock; devmem $((base + 4)) 32 512
unlock; devmem $((base + 12)) 16 0x100
printf '\002' | dd of=$device/config bs=1 seek=104 conv=notrunc
'''


class RunningMachine(LabTest):
    """What can be done with a machine that runs; all tests share one."""
    recipes = ('tiny',)
    kept = ('shared',)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.lab.new_tiny('shared', '--disk', '64MiB')
            cls.lab.wait_agent('shared')
        except BaseException:
            cls.lab.tear_down()
            raise

    def test_its_address_is_in_the_list_and_answers(self):
        address = wait_for(lambda: self.lab.vm('shared')['addresses'], SOON, 'an address')[0]
        self.assertRegex(address, r'^10\.77\.0\.\d+$')
        table = self.lab.must('vm', 'list').out
        self.assertRegex(table, rf'(?m)^shared +running +1 +128MiB +{re.escape(address)}')
        self.assertIn(address, self.lab.must('vm', 'log', 'shared').out)
        self.lab.inside('ping', '-c', '3', '-W', '10', '-i', '0.3', address)

    def test_the_host_answers_dns_for_its_name(self):
        answer = self.lab.must('vm', 'exec', 'shared', '--', 'nslookup', 'shared.truce.internal')
        self.assertIn(self.lab.vm('shared')['addresses'][0], answer.out)

    def test_the_serial_console_is_a_terminal_and_the_escape_key_leaves_it(self):
        with self.lab.console('shared') as console:
            console.expect('Connected to the serial console of shared')
            console.type('\r')
            console.expect('# ')
            console.type('echo $((6 * 7))-answers\r')
            console.expect('42-answers')
            console.type('\x1d')
            console.expect('Left shared; it goes on')
            self.assertEqual(console.status(), 0)
        self.assertEqual(self.lab.vm('shared')['observed'], 'running')

    def test_two_consoles_show_the_same_line(self):
        with self.lab.console('shared') as one, self.lab.console('shared') as two:
            one.expect('Connected')
            two.expect('Connected')
            one.type('\recho seen-by-$((1 + 1))\r')
            one.expect('seen-by-2')
            two.expect('seen-by-2')

    def test_the_console_takes_its_input_from_a_pipe(self):
        said = self.lab.must('vm', 'console', 'shared', '--linger', '4', input='\necho piped-$((40 + 2))\n')
        self.assertIn('piped-42', said.out)

    def test_the_log_holds_what_the_console_showed(self):
        self.lab.must('vm', 'exec', 'shared', '--', 'sh', '-c', 'echo for-the-log >/dev/ttyS0')
        self.lab.wait_log('shared', 'for-the-log', SOON)
        self.assertLessEqual(len(self.lab.must('vm', 'log', 'shared', '--bytes', '10').out), 11)

    def test_a_screenshot_is_a_png_of_the_screens_size(self):
        picture = self.lab.folder / 'screen.png'
        self.lab.must('vm', 'screenshot', 'shared', picture)
        self.assertEqual(sizes_of_png(picture.read_bytes()), (720, 400))  # VGA text mode
        picture.unlink()

    def test_exec_passes_output_and_status_on(self):
        answer = self.lab.truce('vm', 'exec', 'shared', '--', 'sh', '-c', 'echo good; echo bad >&2; exit 7')
        self.assertEqual((answer.code, answer.out, answer.err), (7, 'good\n', 'bad\n'))

    def test_exec_says_when_the_program_is_not_there(self):
        answer = self.lab.refused('vm', 'exec', 'shared', '--', '/no/such/program')
        self.assertIn('/no/such/program', answer.err)

    def test_exec_ends_at_its_time_limit(self):
        answer = self.lab.refused('vm', 'exec', 'shared', '--timeout', '2', '--', 'sleep', '100')
        self.assertRegex(answer.err, r'truce: vm exec shared: .*2 s')

    def test_the_disk_is_vda_and_has_the_size_asked_for(self):
        sectors = self.lab.must('vm', 'exec', 'shared', '--', 'cat', '/sys/block/vda/size').out
        self.assertEqual(int(sectors) * 512, 64 * MIB)

    def test_a_paused_guest_does_not_run_until_it_is_resumed(self):
        self.lab.must('vm', 'pause', 'shared')
        self.addCleanup(self.lab.truce, 'vm', 'resume', 'shared')
        self.assertEqual(self.lab.must('vm', 'list', '--observed', 'paused', '--quiet').out, 'shared\n')
        self.lab.refused('vm', 'suspend', 'nobody')
        with self.lab.console('shared') as console:
            console.expect('Connected')
            console.type('\recho it-runs-$((1 + 1))\r')
            with self.assertRaises(AssertionError):
                console.expect('it-runs-2', 3)
            self.lab.must('vm', 'resume', 'shared')
            console.expect('it-runs-2')
        self.assertEqual(self.lab.vm('shared')['observed'], 'running')

    def test_reset_boots_the_guest_again_in_the_same_process(self):
        pid = self.lab.qemu_pid('shared')
        boots = self.lab.must('vm', 'log', 'shared', '--bytes', 65536).out.count(READY)
        self.lab.must('vm', 'reset', 'shared')
        self.lab.wait_log('shared', READY, count=boots + 1)
        self.lab.wait_agent('shared')
        self.assertEqual(self.lab.qemu_pid('shared'), pid)

    def test_its_process_has_a_user_and_limits_of_its_own(self):
        vm, pid = self.lab.vm('shared'), self.lab.qemu_pid('shared')
        status = Path('/proc', str(pid), 'status').read_text()
        user = 720000 + vm['number']
        self.assertRegex(status, rf'(?m)^Uid:\t{user}\t{user}\t{user}\t{user}$')
        self.assertRegex(status, r'(?m)^CapEff:\t0000000000000000$')
        self.assertRegex(status, r'(?m)^NoNewPrivs:\t1$')
        self.assertRegex(status, r'(?m)^Seccomp:\t2$')
        groups = self.lab.control_groups()
        self.assertTrue(groups, 'the machine has a control group')
        for group in groups:
            self.assertIn(str(pid), Path(group, 'cgroup.procs').read_text().split())

    def test_starting_a_running_machine_is_no_error(self):
        pid = self.lab.qemu_pid('shared')
        self.lab.must('vm', 'start', 'shared')
        self.assertEqual(self.lab.qemu_pid('shared'), pid)

    def test_a_running_machine_is_not_renamed_or_deleted_without_force(self):
        self.assertIn('off', self.lab.refused('vm', 'rename', 'shared', 'other').err)
        self.assertIn('--force', self.lab.refused('vm', 'delete', 'shared').err)
        self.assertIsNotNone(self.lab.vm('shared'))


class LifeOfMachines(LabTest):
    recipes = ('tiny',)

    def test_suspend_and_start_continue_where_the_guest_was(self):
        self.lab.new_tiny('sleeper')
        self.lab.wait_agent('sleeper')
        self.lab.must('vm', 'exec', 'sleeper', '--', 'sh', '-c', 'echo 4711 >/run/value')
        uuid = self.lab.vm('sleeper')['uuid']
        self.lab.must('vm', 'suspend', 'sleeper')
        vm = self.lab.vm('sleeper')
        self.assertEqual((vm['observed'], vm['wanted'], vm['addresses']), ('suspended', 'suspended', []))
        self.assertEqual(self.lab.qemu_pids('sleeper'), [])
        state = self.lab.state / 'pool/vms' / uuid / 'suspend.state'
        self.assertTrue(state.exists())
        self.lab.must('vm', 'start', 'sleeper')
        self.assertEqual(self.lab.wait_observed('sleeper', 'running')['problem'], '')
        self.lab.wait_agent('sleeper')
        self.assertEqual(self.lab.must('vm', 'exec', 'sleeper', '--', 'cat', '/run/value').out, '4711\n')
        self.assertEqual(self.lab.must('vm', 'log', 'sleeper', '--bytes', 65536).out.count(READY), 1)
        self.assertFalse(state.exists(), 'memory older than the disk never comes back')

    def test_stopping_a_suspended_machine_forgets_its_memory(self):
        self.lab.new_tiny('forgetful')
        self.lab.must('vm', 'suspend', 'forgetful')
        self.lab.must('vm', 'stop', 'forgetful')
        self.assertEqual(self.lab.vm('forgetful')['observed'], 'off')
        folder = self.lab.state / 'pool/vms' / self.lab.vm('forgetful')['uuid']
        self.assertEqual([str(p) for p in folder.glob('suspend*')], [])

    def test_a_stop_keeps_the_disk_and_the_next_start_takes_name_memory_and_processors(self):
        lab = self.lab
        lab.new_tiny('before', '--disk', '32MiB')
        lab.wait_agent('before')
        lab.must('vm', 'exec', 'before', '--', 'sh', '-c', 'echo kept-on-disk | dd of=/dev/vda bs=512 conv=sync; sync')
        small = memory_of_guest(lab, 'before')
        lab.must('vm', 'set', 'before', '--memory', '192MiB', '--cpus', '2')
        self.assertEqual(lab.vm('before')['memory'], 192 * MIB)
        self.assertEqual(memory_of_guest(lab, 'before'), small)
        stopped = lab.must('vm', 'stop', 'before', '--format', 'json').json()
        self.assertNotIn('forcing', str(stopped['steps']))
        self.assertEqual(lab.vm('before')['observed'], 'off')
        self.assertEqual(lab.qemu_pids('before'), [])
        lab.must('vm', 'rename', 'before', 'after')
        self.assertIsNone(lab.vm('before'))
        lab.must('vm', 'start', 'after')
        lab.wait_log('after', f'{READY} after')
        lab.wait_agent('after')
        self.assertGreater(memory_of_guest(lab, 'after'), small + 40 * MIB)
        disk = lab.must('vm', 'exec', 'after', '--', 'head', '-c', '12', '/dev/vda').out
        self.assertEqual(disk, 'kept-on-disk')
        self.assertEqual(lab.must('vm', 'exec', 'after', '--', 'nproc').out, '2\n')

    def test_stop_now_cuts_the_power_and_delete_leaves_nothing(self):
        lab = self.lab
        lab.must('vm', 'create', 'short', '--template', 'tiny', '--memory', '128MiB', '--disk', '16MiB', '--start')
        vm = lab.vm('short')
        folders = [lab.state / 'pool/vms' / vm['uuid'], lab.run / 'vms' / vm['uuid']]
        lab.bookkeep()
        self.assertTrue(all(folder.exists() for folder in folders))
        self.assertTrue([line for line in lab.links() if ' tt-' in line], 'it has a tap')
        began = time.monotonic()
        lab.must('vm', 'stop', 'short', '--now')
        self.assertLess(time.monotonic() - began, 50, 'it does not wait for the guest (60 s)')
        self.assertEqual(lab.vm('short')['observed'], 'off')
        lab.must('vm', 'delete', 'short')
        self.assertIsNone(lab.vm('short'))
        wait_for(lambda: not [line for line in lab.links() if ' tt-' in line], SOON, 'its tap is gone')
        self.assertEqual([str(f) for f in folders if f.exists()], [])
        self.assertEqual([str(p) for p in (lab.state / 'networks').rglob('*') if vm['nics'][0]['mac'] in str(p)], [])
        self.assertEqual([g for g in lab.control_groups() if vm['uuid'] in g], [])

    def test_a_guest_that_does_not_listen_is_forced_after_the_limit(self):
        self.lab.new_tiny('deaf')
        self.lab.wait_agent('deaf')
        self.lab.must('vm', 'exec', 'deaf', '--', 'sh', '-c', 'killall acpid')
        stopped = self.lab.must('vm', 'stop', 'deaf', '--timeout-seconds', '3', '--format', 'json').json()
        self.assertIn('did not power off within 3 s', str(stopped['steps']))
        self.assertEqual(self.lab.vm('deaf')['observed'], 'off')

    def test_a_guest_that_powers_itself_off_is_off_and_no_problem(self):
        self.lab.new_tiny('tired')
        with self.lab.console('tired') as console:
            console.expect('Connected')
            console.type('\rpoweroff -f\r')
            vm = self.lab.wait_observed('tired', 'off')
        self.assertEqual((vm['wanted'], vm['problem']), ('off', ''))
        self.assertIn('vm.ended.guest_shutdown', kinds(self.lab, 'tired'))
        self.assertNotIn('vm.ended.crashed', kinds(self.lab, 'tired'))

    def test_a_killed_qemu_is_seen_at_once_and_told(self):
        self.lab.new_tiny('victim', ready=False)
        os.kill(self.lab.qemu_pid('victim'), signal.SIGKILL)
        vm = self.lab.wait_observed('victim', 'off', 10)
        self.assertIn('signal', vm['problem'])
        self.assertIn('vm.ended.crashed', kinds(self.lab, 'victim'))
        self.assertIn(vm['problem'], self.lab.must('vm', 'show', 'victim').out)
        self.lab.must('vm', 'start', 'victim')
        self.assertEqual(self.lab.vm('victim')['problem'], '')

    def test_a_guest_that_does_not_feed_its_watchdog_is_reset_by_policy_and_boots_again(self):
        self.lab.new_tiny('m', '--watchdog', 'reset', '--on-hang', 'reset')
        self.lab.wait_agent('m')
        before = self.lab.qemu_pid('m')
        self.lab.must('vm', 'exec', 'm', '--', 'sh', '-c', ARM_WATCHDOG)
        wait_for(lambda: 'vm.hung.reset' in kinds(self.lab, 'm'), SOON, 'the reset')
        self.lab.wait_log('m', READY, count=2)
        self.assertEqual(self.lab.qemu_pid('m'), before)
        vm = self.lab.vm('m')
        self.assertEqual((vm['observed'], vm['problem']), ('running', ''))
        said = [event['message'] for event in self.lab.events('vms/m') if event['kind'] == 'vm.hung.reset'][0]
        self.assertRegex(said, r'^its watchdog was not fed: it was reset \(1 of 3 within an hour\); '
                               r'what it showed is in /.*/hang\.png$')

    def test_a_machine_beyond_its_memory_limit_is_told_as_such(self):
        lab = self.lab
        lab.new_tiny('greedy')
        lab.wait_agent('greedy')
        group = Path('/sys/fs/cgroup/memory/truce', lab.vm('greedy')['uuid'])
        if not (group / 'memory.limit_in_bytes').exists():
            self.skipTest('skipped, because this machine has no memory controller of cgroup v1')
        used = int((group / 'memory.usage_in_bytes').read_text())
        (group / 'memory.limit_in_bytes').write_text(str(used + 2 * MIB))
        lab.truce('vm', 'exec', 'greedy', '--timeout', '30', '--',
                  'dd', 'if=/dev/zero', 'of=/run/fill', 'bs=1M', 'count=60')
        vm = lab.wait_observed('greedy', 'off')
        self.assertIn('vm.ended.out_of_memory', kinds(lab, 'greedy'))
        self.assertIn('memory', vm['problem'])

    def test_a_port_of_the_host_reaches_a_guest_on_a_user_mode_network(self):
        lab = self.lab
        lab.must('network', 'create', 'usernet', '--mode', 'user')
        self.addCleanup(lab.truce, 'network', 'delete', 'usernet')
        self.addCleanup(lab.truce, 'vm', 'delete', 'inner', '--force')
        lab.new_tiny('inner', '--network', 'usernet', '--forward', '12345:7')
        lab.wait_agent('inner')
        lab.must('vm', 'exec', 'inner', '--', 'sh', '-c',
                 'nc -ll -p 7 -e echo inside >/dev/null 2>&1 </dev/null &')

        def greeting():
            with lab.connect('127.0.0.1', 12345) as sock:
                return sock.recv(100)
        self.assertEqual(wait_for(greeting, SOON, 'the guest answers'), b'inside\n')

    def test_a_machine_without_room_says_why(self):
        answer = self.lab.truce('vm', 'create', 'huge', '--template', 'tiny', '--memory', '16TiB', '--start', '--no-wait')
        if answer.code == 0:
            vm = wait_for(lambda: (vm := self.lab.vm('huge')) and vm['problem'] and vm, SOON, 'a problem')
            self.assertRegex(vm['problem'], 'here.*memory')
        else:
            self.assertRegex(answer.err, 'memory')

    def test_a_microvm_runs_or_is_refused_with_the_reason(self):
        host = self.lab.api('GET', '/v1/hosts/here').json()
        answer = self.lab.truce('vm', 'create', 'micro', '--template', 'tiny', '--memory', '128MiB',
                                '--machine', 'microvm', '--start')
        if 'microvm' not in host['machine_types']:
            self.assertEqual(answer.code, 1, answer)
            self.assertIn('no host can run machines of type microvm: they need KVM', answer.err)
            self.assertIsNone(self.lab.vm('micro'))
            self.skipTest('skipped, because microvms need KVM (that one is refused here is checked)')
        self.assertEqual(answer.code, 0, answer)
        self.lab.wait_log('micro', READY)
        self.lab.must('vm', 'stop', 'micro')


class ImportedImages(LabTest):
    """A boot loader that only says so is a whole system, and boots in a second."""

    @classmethod
    def setUpClass(cls):
        for program in ('grub-mkrescue', 'xorriso', 'qemu-img'):
            if not shutil.which(program):
                raise unittest.SkipTest(f'skipped, because {program} is not installed')
        super().setUpClass()
        try:
            tree = cls.lab.folder / 'tree'
            (tree / 'boot/grub').mkdir(parents=True)
            (tree / 'boot/grub/grub.cfg').write_text(
                'serial --unit=0\nterminal_output serial\necho grub-says-hello\nwhile true; do sleep 60; done\n')
            cls.iso = cls.lab.folder / 'hello.iso'
            run('grub-mkrescue', '-o', cls.iso, tree)
            cls.disk = cls.lab.folder / 'hello.qcow2'
            # The image boots from a disk as well as from a CD.
            run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', cls.iso, cls.disk)
            cls.lab.must('template', 'create', 'cd', '--file', cls.iso)
            cls.lab.must('template', 'create', 'disk', '--file', cls.disk, '--description', 'a boot loader')
        except BaseException:
            cls.lab.tear_down()
            raise

    def test_templates_are_listed_with_kind_and_size(self):
        templates = {t['name']: t for t in self.lab.must('template', 'list', '--format', 'json').json()['items']}
        self.assertEqual((templates['cd@1']['kind'], templates['disk@1']['kind']), ('iso', 'disk'))
        self.assertEqual(templates['disk@1']['disk_size'], self.iso.stat().st_size)
        self.assertEqual(templates['disk@1']['description'], 'a boot loader')

    def test_a_machine_boots_from_a_cd(self):
        self.lab.must('vm', 'create', 'fromcd', '--iso', 'cd', '--disk', '16MiB', '--memory', '64MiB', '--start')
        self.lab.wait_log('fromcd', 'grub-says-hello')

    def test_a_linked_clone_boots_and_holds_its_template(self):
        self.lab.must('vm', 'create', 'linked', '--template', 'disk', '--memory', '64MiB', '--start')
        self.lab.wait_log('linked', 'grub-says-hello')
        self.assertIn('linked', self.lab.refused('template', 'delete', 'disk').err)

    def test_a_full_clone_boots_without_its_template(self):
        self.lab.must('template', 'create', 'source', '--file', self.disk)
        self.lab.must('vm', 'create', 'full', '--template', 'source', '--clone', 'full', '--disk', '64MiB',
                      '--memory', '64MiB')
        self.lab.must('template', 'delete', 'source')
        self.lab.must('vm', 'start', 'full')
        self.lab.wait_log('full', 'grub-says-hello')
        vm = self.lab.vm('full')
        self.assertEqual(vm['disks'][0]['size'], 64 * MIB)

    def test_a_disk_smaller_than_the_templates_is_refused(self):
        self.assertIn('--disk', self.lab.refused('vm', 'create', 'shrunk', '--template', 'disk', '--disk', '1MiB').err)

    def test_what_is_no_whole_image_is_refused_with_the_reason(self):
        evil = self.lab.folder / 'evil.qcow2'
        run('qemu-img', 'create', '-f', 'qcow2', '-b', '/etc/passwd', '-F', 'raw', evil)
        cut = self.lab.folder / 'cut.qcow2'
        cut.write_bytes(self.disk.read_bytes()[:200])
        for path in (evil, cut, '/etc/passwd', '/no/such/file', '/dev/null', '/proc/self/mem'):
            with self.subTest(str(path)):
                answer = self.lab.refused('template', 'create', 'bad', '--file', path)
                self.assertIn(str(path), answer.err)
        self.assertEqual([str(p) for p in (self.lab.state / 'pool/templates').glob('.new*')], [])


if __name__ == '__main__':
    unittest.main()

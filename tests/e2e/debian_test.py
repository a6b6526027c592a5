"""Debian 12 from the recipe: GRUB, cloud-init, SSH and the guest agent, by the CLI, on real QEMU."""
import shutil
import subprocess
import unittest

from lab import LONG, LabTest, wait_for

# Under emulation this guest takes about a minute to its login.
FIRST_BOOT = 600
USER_DATA = '''#cloud-config
write_files:
  - path: /etc/written-by-user-data
    content: from-user-data
runcmd:
  - touch /etc/run-by-user-data
'''


class Debian(LabTest):
    """One machine, booted once: an emulated boot is too long for one a test."""
    recipes = ('debian-12',)
    kept = ('deb',)

    @classmethod
    def setUpClass(cls):
        for program in ('mmdebstrap', 'ssh', 'ssh-keygen'):
            if not shutil.which(program):
                raise unittest.SkipTest(f'skipped, because {program} is not installed')
        super().setUpClass()
        try:
            cls.key = cls.lab.folder / 'key'
            subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', cls.key], check=True)
            user_data = cls.lab.folder / 'user-data'
            user_data.write_text(USER_DATA)
            cls.lab.must('vm', 'create', 'deb', '--template', 'debian-12', '--memory', '1GiB', '--ssh-keys',
                         f'{cls.key}.pub', '--cloud-init', user_data, '--start')
            cls.lab.bookkeep()
            cls.address = wait_for(lambda: cls.lab.vm('deb')['addresses'], FIRST_BOOT, 'an address')[0]
            wait_for(lambda: cls.ssh('true').returncode == 0, FIRST_BOOT, 'SSH with the key')
        except BaseException:
            print(cls.lab.truce('vm', 'log', 'deb').out[-3000:])
            cls.lab.tear_down()
            raise

    @classmethod
    def ssh(cls, command, key=None):
        options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'BatchMode=yes', 'ConnectTimeout=10']
        words = [*cls.lab.enter, 'ssh', '-q', '-i', key or cls.key]
        for option in options:
            words += ['-o', option]
        return subprocess.run([*map(str, words), f'debian@{cls.address}', command], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=FIRST_BOOT)

    def test_cloud_init_has_set_name_key_user_data_and_network(self):
        wait_for(lambda: self.ssh('cloud-init status --wait').returncode == 0, FIRST_BOOT, 'the end of cloud-init')
        self.assertEqual(self.ssh('hostname').stdout, 'deb\n')
        self.assertEqual(self.ssh('cat /etc/written-by-user-data').stdout, 'from-user-data')
        self.assertEqual(self.ssh('test -e /etc/run-by-user-data').returncode, 0)
        self.assertEqual(self.ssh('sudo -n id -u').stdout, '0\n', 'its user is an administrator')
        self.assertIn(self.address, self.ssh('ip -4 address').stdout)
        self.assertIn('10.77.0.1', self.ssh('ip route show default').stdout)

    def test_only_the_key_that_was_given_opens_it(self):
        other = self.lab.folder / 'other'
        subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', other], check=True)
        self.assertEqual(self.ssh('true', key=other).returncode, 255)

    def test_the_guest_agent_runs_programs_and_tells_addresses(self):
        self.lab.wait_agent('deb', FIRST_BOOT)
        self.assertIn('bookworm', self.lab.must('vm', 'exec', 'deb', '--', 'cat', '/etc/os-release').out)
        card = self.ssh("ls /sys/class/net | grep -v lo").stdout.strip()
        self.lab.must('vm', 'exec', 'deb', '--', 'ip', 'address', 'add', '198.51.100.7/24', 'dev', card)
        wait_for(lambda: '198.51.100.7' in self.lab.vm('deb')['addresses'], 120, 'the address that only the agent knows')

    def test_the_disk_has_grown_into_all_that_it_was_given(self):
        size = int(self.ssh('df --output=size -B1 / | tail -n 1').stdout)
        self.assertGreater(size, 7 << 30)

    def test_its_file_systems_are_frozen_for_a_snapshot_and_thawed(self):
        self.lab.wait_agent('deb', FIRST_BOOT)
        self.lab.must('snapshot', 'create', 'deb', 'nightly', '--quiesce')
        self.addCleanup(self.lab.must, 'snapshot', 'delete', 'deb', 'nightly')
        kinds = [each['kind'] for each in self.lab.vm('deb')['tree']['snapshots']]
        self.assertEqual(kinds, ['agent'])
        written = self.lab.must('vm', 'exec', 'deb', '--', 'sh', '-c', 'echo thawed >/var/tmp/a && sync && cat /var/tmp/a')
        self.assertEqual(written.out, 'thawed\n')

    def test_the_serial_console_shows_the_login(self):
        self.lab.wait_log('deb', 'deb login:', FIRST_BOOT)

    @unittest.skipUnless(LONG, 'skipped, because a second emulated boot is for the long run')
    def test_it_boots_again_as_the_same_machine(self):
        identity = self.ssh('cat /etc/machine-id').stdout
        self.lab.must('vm', 'stop', 'deb', '--timeout-seconds', '300')
        self.lab.must('vm', 'start', 'deb')
        wait_for(lambda: self.ssh('true').returncode == 0, FIRST_BOOT, 'SSH after the second boot')
        self.assertEqual(self.ssh('cat /etc/machine-id').stdout, identity)


if __name__ == '__main__':
    unittest.main()

"""A server without a hypervisor: a Linux with an sshd and a file system that it writes to, in an emulated computer, which moves here."""
import pwd
import re
import shutil
import subprocess
import unittest
from pathlib import Path

import small_linux
from lab import BOOT, READY, SOON, FreeLabTest, run, wait_for
from platform_peers import Moves

UUID, MAC = '6a0c4d5e-1f2a-4b3c-8d9e-0a1b2c3d4e5f', '52:54:00:aa:bb:01'
MEBI, DATA, DATA_MEBI = 176, 112, 64  # of the disk; where its file system begins, and how large that is
# What its init starts, beside what the recipe's does. Each line of its log is on the disk before the next one.
SERVICE = r"""#!/bin/sh
for module in crc16 libcrc32c crc32c_generic mbcache jbd2 ext4; do insmod /lib/more/$module.ko 2>/dev/null; done
mkdir -p /data
mount -t ext4 -o rw /dev/vda1 /data
echo "data: $(wc -l </data/log) lines, the last is $(tail -n 1 /data/log)" >/dev/ttyS0
(n=$(wc -l </data/log); while :; do
  n=$((n+1)); echo "line $n" >>/data/log
  dd if=/dev/urandom of=/data/noise bs=64k count=2 seek=$((n%200)) conv=notrunc
  sync; usleep 150000
done) 2>/dev/null &
dropbear -R -E -s -r /etc/host_key -P /run/dropbear.pid
"""
HOOK = '#!/bin/sh\necho asked >>/data/hook\n'


class RealServer:
    """In the lab's network namespace; ends with the test."""

    def __init__(self, lab, port=2200):
        self.lab, self.port, self.process = lab, port, None
        self.disk, self.console = lab.folder / 'server.raw', lab.folder / 'server.console'
        run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', lab.folder / 'id')
        run('dropbearkey', '-t', 'ed25519', '-f', lab.folder / 'host_key')
        small_linux.make_tiny(self.disk, MEBI, self.add)
        files = lab.folder / 'data.ext4'
        run('mkfs.ext4', '-q', '-b', '4096', '-E', 'root_owner=0:0', files, f'{DATA_MEBI}M')
        with open(self.disk, 'r+b') as disk:
            disk.seek(446)  # a partition of Linux's kind [MBR]
            sectors = (2048 * size for size in (DATA, DATA_MEBI))
            disk.write(b'\0\0\0\0\x83\0\0\0' + b''.join(number.to_bytes(4, 'little') for number in sectors))
            disk.seek(DATA << 20)
            disk.write(files.read_bytes())
        files.unlink()

    def add(self, tree, package):
        """dropbear with the libraries that it needs, keys, and the modules of the file system."""
        for folder in ('sbin', 'root/.ssh', 'etc/truce', 'lib/more', 'lib/x86_64-linux-gnu', 'lib64'):
            (tree / folder).mkdir(parents=True)
        shutil.copy('/usr/sbin/dropbear', tree / 'sbin/dropbear')
        for library in re.findall(r'(/\S+) \(0x', run('ldd', '/usr/sbin/dropbear').stdout):
            shutil.copy(library, tree / ('lib64' if 'ld-linux' in library else 'lib/x86_64-linux-gnu'))
        shutil.copy(self.lab.folder / 'id.pub', tree / 'root/.ssh/authorized_keys')
        for path in (tree / 'root', tree / 'root/.ssh'):
            path.chmod(0o700)
        shutil.copy(self.lab.folder / 'host_key', tree / 'etc/host_key')
        with subprocess.Popen(['dpkg-deb', '--fsys-tarfile', package], stdout=subprocess.PIPE) as whole:
            subprocess.run(['tar', '-x', '-C', tree / 'lib/more', '--transform', 's,.*/,,', '--wildcards',
                            *(f'*/{name}.ko' for name in ('crc16', 'libcrc32c', 'crc32c_generic', 'mbcache', 'jbd2', 'ext4'))],
                           stdin=whole.stdout, check=False, stderr=subprocess.DEVNULL)  # some are part of some kernels
        for path, text in (('sbin/service', SERVICE), ('etc/truce/before-last-copy', HOOK), ('etc/shells', '/bin/sh\n')):
            (tree / path).write_text(text)
            (tree / path).chmod(0o755)
        # The recipe's init calls it; what it did is done by another name.
        ready = re.search(r"cat >\"\$root/sbin/ready\" <<'READY'\n(.*?)\nREADY\n", (small_linux.TOP / 'recipes/tiny').read_text(), re.S)[1]
        (tree / 'sbin/say-ready').write_text(ready + '\n')
        (tree / 'sbin/ready').write_text('#!/bin/sh\n/sbin/service\nexec /sbin/say-ready\n')
        for name in ('ready', 'say-ready', 'dropbear'):
            (tree / 'sbin' / name).chmod(0o755)

    def start(self):
        self.process = subprocess.Popen(
            [*self.lab.enter, 'qemu-system-x86_64', '-M', 'pc,accel=tcg', '-m', '256', '-display', 'none', '-no-reboot', '-uuid', UUID,
             '-drive', f'file={self.disk},format=raw,if=virtio', '-netdev', f'user,id=n,hostfwd=tcp:127.0.0.1:{self.port}-:22',
             '-device', f'virtio-net-pci,netdev=n,mac={MAC},romfile=', '-serial', f'file:{self.console}'])
        self.wait_said(READY)

    def said(self):
        return self.console.read_text(errors='replace') if self.console.exists() else ''

    def wait_said(self, text):
        wait_for(lambda: text in self.said(), BOOT, f'{text!r} on the console of the server: {self.said()[-1000:]}')

    def ssh(self, script):
        return run(*self.lab.enter, 'ssh', '-q', '-F', 'none', '-i', self.lab.folder / 'id', '-o', f'UserKnownHostsFile={self.lab.folder}/known_hosts',
                   '-p', self.port, 'root@127.0.0.1', script).stdout

    def lines(self):
        return int(self.ssh('wc -l </data/log'))

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()


class Servers(Moves, FreeLabTest):
    def setUp(self):
        super().setUp()
        why = small_linux.why_not()
        if why:
            self.skipTest(f'skipped, because {why}')
        self.lab = self.new_lab(hypervisor='qemu')
        self.server = RealServer(self.lab)
        self.addCleanup(self.server.end)
        self.server.start()
        self.give_identity()
        self.lab.start()

    def give_identity(self):
        """truced's ssh finds a key where root's are: in a folder of the test's own."""
        home = self.home = self.lab.folder / 'ssh'
        home.mkdir(mode=0o700)
        run('cp', '-p', self.lab.folder / 'id', home / 'id_ed25519')
        roots = Path(pwd.getpwuid(0).pw_dir) / '.ssh'
        roots.mkdir(mode=0o700, exist_ok=True)
        self.lab.enter = [*self.lab.enter, 'unshare', '--mount', 'sh', '-c', f'mount --bind {home} {roots} && exec "$@"', 'sh']

    def learn_key(self):
        key = re.search(r'^ssh-ed25519 \S+', run('dropbearkey', '-y', '-f', self.lab.folder / 'host_key').stdout, re.M)[0]
        for path in (self.home / 'known_hosts', self.lab.folder / 'known_hosts'):
            path.write_text(f'[127.0.0.1]:{self.server.port} {key}\n')

    def add(self, user='root'):
        return self.lab.truce('host', 'add', f'ssh://{user}@127.0.0.1:{self.server.port}', '--name', 'old')

    def add_known(self):
        self.learn_key()
        added = self.add()
        self.assertEqual(added.code, 0, added)
        wait_for(lambda: self.machine() is not None, SOON, 'its machine is shown')

    def machine(self):
        items = self.lab.must('vm', 'list', '--platform', 'old', '--format', 'json').json()['items']
        return items[0] if items else None

    def state(self):
        return self.machine()['observed']

    def check_files(self, image):
        """The file system in a disk of ours is whole; the number of lines in its log."""
        raw = self.lab.folder / 'here.raw'
        wait_for(lambda: run('qemu-img', 'convert', '-O', 'raw', image, raw, check=False).returncode == 0, SOON, f'{image} is let go')
        run('e2fsck', '-f', '-n', f'{raw}?offset={DATA << 20}')
        log = run('debugfs', '-R', 'cat /log', f'{raw}?offset={DATA << 20}').stdout.split('\n')
        self.assertEqual(log[-2], f'line {len(log) - 1}', 'no line is missing')
        hook = run('debugfs', '-R', 'cat /hook', f'{raw}?offset={DATA << 20}').stdout
        self.assertEqual(hook, 'asked\n')
        return len(log) - 1

    def move_warm(self):
        """The task, at its end."""
        return self.assert_came(self.begin('old/tiny', '--to', 'here', '--warm', '--new-name', 'web'))

    def assert_came(self, task):
        shown = wait_for(lambda: (shown := self.task(task))['state'] not in ('running', 'queued') and shown, 4 * BOOT, 'the move ends')
        self.assertEqual(shown['state'], 'succeeded', shown)
        return shown

    def test_it_is_shown_and_comes_while_it_runs_and_is_off_then(self):
        self.assertIn('Host key verification failed', self.add().err)
        self.learn_key()
        self.assertIn('ssh-copy-id', self.add('nobody').err)
        self.add_known()
        shown = self.lab.must('vm', 'show', 'old/tiny', '--format', 'json').json()
        self.assertEqual((shown['uuid'], shown['observed'], shown['cpus']), (UUID, 'running', 1))
        self.assertEqual(shown['disks'][0]['size'], MEBI << 20)
        for words, why in (('stop', 'power cut'), ('reset', 'reset')):
            refused = self.lab.refused('vm', words, 'old/tiny', *(['--now'] if words == 'stop' else []))
            self.assertIn(why, refused.err)
        self.assertIn('--warm', self.lab.refused('vm', 'move', 'old/tiny', '--to', 'here').err)
        steps = [step['text'] for step in self.move_warm()['steps']]
        print(next(step for step in steps if 's ago, for the last part' in step))
        wait_for(lambda: self.server.process.poll() is not None, SOON, 'the server is off')
        there = int(re.findall(r'line (\d+)', run('debugfs', '-R', 'cat /log', f'{self.server.disk}?offset={DATA << 20}').stdout)[-1])
        self.assertEqual(self.check_files(self.disk_of('web')), there, 'all that it has written came')
        self.lab.must('vm', 'start', 'web')
        self.lab.wait_log('web', f'data: {there} lines')
        self.lab.wait_log('web', READY)
        vm = self.lab.vm('web')
        self.assertEqual((vm['uuid'], vm['nics'][0]['mac']), (UUID, MAC))

    def test_one_that_is_called_off_runs_on_and_writes(self):
        self.add_known()
        task = self.begin('old/tiny', '--to', 'here', '--warm', '--new-name', 'web')
        self.wait_copying(task)
        self.lab.must('task', 'cancel', task, '--no-wait')
        self.assertEqual(self.wait_end(task)['state'], 'cancelled')
        before = self.server.lines()
        wait_for(lambda: self.server.lines() > before, SOON, 'it writes on')
        wait_for(lambda: 'web' not in self.lab.vms(), SOON, 'nothing of it is here')

    def test_it_is_stopped_and_started_as_one_that_does_not_move(self):
        self.add_known()
        self.lab.must('vm', 'stop', 'old/tiny')
        wait_for(lambda: self.state() == 'off', SOON, 'its file systems are read-only')
        before = self.server.lines()
        self.assertEqual(self.server.ssh('echo x >>/data/log 2>/dev/null || echo no'), 'no\n')
        self.lab.must('vm', 'move', 'old/tiny', '--to', 'here', '--new-name', 'web')
        self.assertEqual(self.check_files(self.disk_of('web')), before)
        self.assertIsNone(self.server.process.poll(), 'a cold move leaves it as it is')
        self.lab.must('vm', 'start', 'old/tiny')
        wait_for(lambda: self.server.lines() > before, SOON, 'it writes on')
        wait_for(lambda: self.state() == 'running', SOON, 'it is shown as running')

    def test_it_goes_on_when_the_daemon_was_killed(self):
        self.add_known()
        task = self.begin('old/tiny', '--to', 'here', '--warm', '--new-name', 'web')
        self.wait_copying(task)
        self.lab.kill()
        self.lab.start()
        self.assert_came(task)
        self.check_files(self.disk_of('web'))


if __name__ == '__main__':
    unittest.main()

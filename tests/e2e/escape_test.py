"""What code that has broken out of a guest could reach: a machine's own QEMU is made to try it.

Every attempt is a line of the table that the test prints: refused, with the kernel's answer, or POSSIBLE. The
same attempts by a process of root's that nothing confines are the positive control: what is not possible there
either could not be told from what is refused, and is named.
"""
import contextlib
import errno
import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import unittest
from pathlib import Path

from lab import PORT, SOON, TOP, LabTest, alive, run, wait_for
from puppet import Died, Puppet

AT_FDCWD = -100
RDONLY, WRONLY, RDWR, CREAT, DIRECTORY = os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_DIRECTORY
NONBLOCK = socket.SOCK_NONBLOCK
CLOCK_NANOSLEEP = 230


def said(answer):
    """A system call's answer, for people."""
    return errno.errorcode.get(-answer, str(answer)) if answer < 0 else f'answered {answer}'


def unix_address(path):
    """struct sockaddr_un; a name that begins with a zero byte is abstract."""
    path = path if isinstance(path, bytes) else str(path).encode()
    return struct.pack('H', socket.AF_UNIX) + path + (b'' if path[:1] == b'\0' else b'\0')


class Attempts:
    """Each method is one attempt, by its first line of documentation; it answers as system calls do."""

    def __init__(self, puppet, world):
        self.puppet, self.world = puppet, world

    def call(self, *arguments):
        return self.puppet.call(*arguments)

    def opened(self, path, flags):
        return self.puppet.open_and_close(str(path), flags)

    def connected(self, family, address, kind=socket.SOCK_STREAM):
        made = self.call('socket', family, kind | NONBLOCK, 0)
        if made < 0:
            return made
        answer = self.call('connect', made, address, len(address))
        self.call('close', made)
        return 0 if answer == -errno.EINPROGRESS else answer

    def made(self, answer):
        """Something with a descriptor was made: it is closed again."""
        if answer >= 0:
            self.call('close', answer)
        return answer

    # --- other machines ---
    def disk_read(self):
        """read another machine's disk"""
        return self.opened(self.world['disk'], RDONLY)

    def disk_write(self):
        """write another machine's disk"""
        return self.opened(self.world['disk'], RDWR)

    def disk_truncate(self):
        """cut another machine's disk off"""
        return self.call('truncate', str(self.world['disk']), os.stat(self.world['disk']).st_size)

    def disk_link(self):
        """give another machine's disk a second name in its own folder"""
        target = str(self.world['own'] / 'second')
        answer = self.call('link', str(self.world['disk']), target)
        if answer == 0:
            self.call('unlink', target)
        return answer

    def disk_mode(self):
        """change who may open another machine's disk"""
        return self.call('chmod', str(self.world['disk']), 0o600)

    def disk_seen(self):
        """see that another machine's disk is there"""
        return self.call('stat', str(self.world['disk']), bytes(256))

    def machine_list(self):
        """list the machines of the pool"""
        return self.opened(self.world['machines'], RDONLY | DIRECTORY)

    def qmp(self):
        """command another machine's QEMU (qmp.sock)"""
        return self.connected(socket.AF_UNIX, unix_address(self.world['runtime'] / 'qmp.sock'))

    def console(self):
        """type on another machine's console (serial.sock)"""
        return self.connected(socket.AF_UNIX, unix_address(self.world['runtime'] / 'serial.sock'))

    def other_kill(self):
        """end another machine's QEMU (kill; signal 0 asks whether it could)"""
        return self.call('kill', self.world['other'], 0)

    def other_trace(self):
        """trace another machine's QEMU (ptrace)"""
        return self.call('ptrace', 0x4206, self.world['other'], 0, 0)

    def other_read(self):
        """read another machine's memory (process_vm_readv)"""
        return self.memory('process_vm_readv', self.world['other'])

    def other_write(self):
        """write another machine's memory (process_vm_writev)"""
        answer = self.memory('process_vm_writev', self.world['other'])
        return 0 if answer == -errno.EFAULT else answer  # it was let in, and the place is read-only

    def other_open_memory(self):
        """open another machine's memory (/proc/PID/mem)"""
        return self.opened(f'/proc/{self.world["other"]}/mem', RDWR)

    def memory(self, verb, pid):
        size = 16
        with open(f'/proc/{pid}/maps') as maps:
            at = int(maps.readline().split('-')[0], 16)
        here = self.puppet.put(bytes(64))
        local = self.puppet.put(struct.pack('QQ', here, size))
        remote = self.puppet.put(struct.pack('QQ', at, size))
        return self.call(verb, pid, local, 1, remote, 1, 0)

    # --- the daemon ---
    def store(self):
        """read the daemon's store"""
        return self.opened(self.world['store'], RDONLY)

    def key(self):
        """read the key of the daemon's certificate"""
        return self.opened(self.world['key'], RDONLY)

    def admin(self):
        """command the daemon (truced.sock)"""
        return self.connected(socket.AF_UNIX, unix_address(self.world['admin']))

    def node_link(self):
        """play a host to the daemon (its socket for nodes)"""
        return self.connected(socket.AF_UNIX, unix_address(self.world['node']))

    def record(self):
        """change what the daemon remembers of a machine (machine.json)"""
        return self.opened(self.world['record'], WRONLY)

    def daemon_kill(self):
        """end the daemon"""
        return self.call('kill', self.world['daemon'], 0)

    def daemon_trace(self):
        """trace the daemon (ptrace)"""
        return self.call('ptrace', 0x4206, self.world['daemon'], 0, 0)

    def daemon_read(self):
        """read the daemon's memory (process_vm_readv)"""
        return self.memory('process_vm_readv', self.world['daemon'])

    def daemon_environment(self):
        """read the daemon's environment (/proc/PID/environ)"""
        return self.opened(f'/proc/{self.world["daemon"]}/environ', RDONLY)

    def daemon_handle(self):
        """get hold of the daemon (pidfd_open)"""
        return self.made(self.call('pidfd_open', self.world['daemon'], 0))

    # --- the host ---
    def shadow(self):
        """read /etc/shadow"""
        return self.opened('/etc/shadow', RDONLY)

    def passwd(self):
        """read /etc/passwd"""
        return self.opened('/etc/passwd', RDONLY)

    def home(self):
        """list /root"""
        return self.opened('/root', RDONLY | DIRECTORY)

    def processes(self):
        """list the host's processes (/proc)"""
        return self.opened('/proc', RDONLY | DIRECTORY)

    def init(self):
        """look into process 1 (/proc/1/status)"""
        return self.opened('/proc/1/status', RDONLY)

    def temporary(self):
        """leave a file in /tmp"""
        answer = self.opened(str(self.world['temporary']), WRONLY | CREAT)
        return answer

    def shared_memory(self):
        """leave a file in /dev/shm"""
        return self.opened(str(self.world['shared']), WRONLY | CREAT)

    def program(self):
        """write into the host's system (/usr)"""
        return self.opened('/usr/lib/os-release', RDWR)

    def control_group(self):
        """change its own limits (its control group)"""
        return self.opened(self.world['limit'], WRONLY)

    def settings(self):
        """change settings of the kernel (/proc/sys)"""
        return self.opened('/proc/sys/kernel/core_pattern', WRONLY)

    def everybody_kill(self):
        """send a signal to every process (kill -1, signal 0)"""
        return self.call('kill', -1, 0)

    # --- devices ---
    def memory_device(self):
        """open the host's memory (/dev/mem)"""
        return self.opened('/dev/mem', RDONLY)

    def kernel_log(self):
        """read the kernel's log (/dev/kmsg)"""
        return self.opened('/dev/kmsg', RDONLY | NONBLOCK)

    def host_disk(self):
        """open a disk of the host"""
        return self.opened(self.world['block'], RDONLY)

    def tap(self):
        """make a network card of the host (/dev/net/tun)"""
        return self.opened('/dev/net/tun', RDWR)

    def fuse(self):
        """play a file system (/dev/fuse)"""
        return self.opened('/dev/fuse', RDWR)

    def loop(self):
        """make a disk of a file (/dev/loop-control)"""
        return self.opened('/dev/loop-control', RDWR)

    def node(self):
        """make a device node of a disk (mknod)"""
        target = str(self.world['own'] / 'node')
        answer = self.call('mknod', target, stat.S_IFBLK | 0o600, os.stat(self.world['block']).st_rdev)
        if answer == 0:
            self.call('unlink', target)
        return answer

    # --- networks ---
    def api(self):
        """connect to the daemon's API (127.0.0.1)"""
        return self.connected(socket.AF_INET, struct.pack('!2sH4s8x', struct.pack('H', socket.AF_INET), PORT,
                                                          socket.inet_aton('127.0.0.1')))

    def gateway(self):
        """send a packet to the gateway of a network of machines"""
        made = self.call('socket', socket.AF_INET, socket.SOCK_DGRAM, 0)
        if made < 0:
            return made
        address = struct.pack('!2sH4s8x', struct.pack('H', socket.AF_INET), 53, socket.inet_aton(self.world['gateway']))
        answer = self.call('sendto', made, b'x', 1, 0, self.puppet.put(address), len(address))
        self.call('close', made)
        return answer

    def abstract(self):
        """connect to an abstract socket of a program of the host"""
        return self.connected(socket.AF_UNIX, unix_address(b'\0' + self.world['abstract']))

    def raw(self):
        """make IP packets (a raw socket)"""
        return self.made(self.call('socket', socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))

    def frames(self):
        """listen to every packet (a packet socket)"""
        return self.made(self.call('socket', socket.AF_PACKET, socket.SOCK_RAW, 0x300))

    # --- the kernel ---
    def mount(self):
        """mount a file system"""
        target = str(self.world['own'])
        answer = self.call('mount', 'none', self.puppet.put(target), self.puppet.put('tmpfs'), 0, 0)
        if answer == 0:
            self.call('umount2', target, 2)
        return answer

    def root(self):
        """become root (setuid)"""
        return self.call('setuid', 0)

    def user_namespace(self):
        """become root of a namespace of its own (unshare)"""
        return self.call('unshare', 0x10000000)

    def network_namespace(self):
        """make a network of its own (unshare)"""
        return self.call('unshare', 0x40000000)

    def change_root(self):
        """take another root folder (chroot)"""
        return self.call('chroot', str(self.world['own']))

    def bpf(self):
        """load programs into the kernel (bpf)"""
        return self.made(self.call('bpf', 0, struct.pack('IIII', 2, 4, 4, 1) + bytes(112), 128))

    def perf(self):
        """measure the host (perf_event_open)"""
        attributes = struct.pack('II', 1, 128) + bytes(120)
        return self.made(self.call('perf_event_open', attributes, 0, -1, -1, 0))

    def fault_handler(self):
        """handle page faults (userfaultfd)"""
        return self.made(self.call('userfaultfd', 0))

    def ring(self):
        """have the kernel do its calls (io_uring)"""
        return self.made(self.call('io_uring_setup', 1, bytes(120)))

    def keys(self):
        """use the kernel's keys (keyctl)"""
        return self.call('keyctl', 0, -3, 1)

    def add_key(self):
        """leave a key in the kernel (add_key)"""
        return self.call('add_key', 'user', self.puppet.put('truce-escape'), self.puppet.put('x'), 1, -2)

    def log(self):
        """read the kernel's log (syslog)"""
        return self.call('syslog', 3, bytes(64), 32)

    def host_name(self):
        """rename the host"""
        return self.call('sethostname', 'escaped', 7)

    def priority(self):
        """go before all others (setpriority)"""
        return self.call('setpriority', 0, 0, -20)

    def core(self):
        """lift its limit of core dumps"""
        return self.call('setrlimit', 4, struct.pack('qq', 1 << 20, 1 << 20))

    def descriptors(self):
        """open more files than are good for the host (RLIMIT_NOFILE)"""
        return self.call('setrlimit', 7, struct.pack('qq', 15000, 15000))

    def reboot(self):
        """restart the host (reboot)"""
        answer = self.call('reboot', 0, 0, 0, 0)  # numbers that mean nothing: EINVAL is as far as one gets
        return 0 if answer == -errno.EINVAL else answer

    # --- programs; last, as they change the process ---
    def child(self):
        """start another process (clone)"""
        return self.call('clone', signal.SIGCHLD, 0, 0, 0, 0)

    def execute(self):
        """run a program of the host (execve)"""
        argv = self.puppet.put(struct.pack('QQ', self.puppet.put('true'), 0))
        return self.call('execve', self.puppet.put('/usr/bin/true'), argv, 0)

    @classmethod
    def all(cls):
        skipped = ('all', 'call', 'opened', 'connected', 'made', 'memory')
        return [name for name, value in vars(cls).items() if callable(value) and value.__doc__ and name not in skipped]


# What leaves the process that did it another one than before.
CHANGING = ('other_trace', 'daemon_trace', 'root', 'user_namespace', 'network_namespace', 'change_root', 'mount', 'child',
            'execute', 'core', 'descriptors')


def try_all(new_puppet, world):
    """The table: attempt -> (possible, what the kernel said). A process that is killed for one is replaced."""
    table = {}
    puppet = new_puppet()
    for name in Attempts.all():
        what = getattr(Attempts, name).__doc__.splitlines()[0]
        try:
            answer = getattr(Attempts(puppet, world(puppet)), name)()
            table[what] = (answer >= 0, said(answer))
            if answer >= 0 and name in CHANGING:
                puppet.close()
                puppet = new_puppet()
        except Died as death:
            table[what] = (False, f'killed: {death}')
            puppet.close()
            puppet = new_puppet()
    puppet.close()
    return table


def print_table(title, table):
    print(f'\n{title}')
    for what, (possible, answer) in table.items():
        print(f'  {"POSSIBLE" if possible else "refused":9} {what}: {answer}')


class EscapeTest(LabTest):
    recipes = ('tiny',)

    def setUp(self):
        super().setUp()
        self.children = []
        self.addCleanup(self.end_children)
        self.abstract = f'truce-escape-{os.getpid()}'.encode()
        with self.lab.in_namespace():
            self.listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.listener.close)
        self.listener.bind(b'\0' + self.abstract)
        self.listener.listen(64)

    def end_children(self):
        while self.children:
            child = self.children.pop()
            child.kill()
            child.wait()

    def world(self, own):
        """What there is to reach, for a process whose own folder is this."""
        lab = self.lab
        victim = lab.vm('victim')
        disk = self.disk_of(victim)
        names = {'disk': disk, 'machines': disk.parent.parent, 'runtime': lab.run / 'vms' / victim['uuid'],
                 'other': lab.qemu_pid('victim'), 'daemon': lab.daemon.pid, 'store': lab.state / 'store' / 'truce.db',
                 'key': lab.state / 'server.key', 'admin': lab.socket, 'node': lab.run / 'node.sock', 'own': own,
                 'record': lab.run / 'vms' / victim['uuid'] / 'machine.json', 'abstract': self.abstract,
                 'temporary': f'/tmp/truce-escaped-{os.getpid()}', 'shared': f'/dev/shm/truce-escaped-{os.getpid()}',
                 'limit': self.limit_file(victim['uuid']), 'block': self.block_device(),
                 'gateway': lab.api('GET', '/v1/networks/default').json()['subnet'].rsplit('.', 1)[0] + '.1'}
        return names

    def disk_of(self, vm):
        return next((self.lab.state / 'pool' / 'vms' / vm['uuid']).glob('disk0*'))

    @staticmethod
    def limit_file(uuid):
        for path in (f'/sys/fs/cgroup/memory/truce/{uuid}/memory.limit_in_bytes', f'/sys/fs/cgroup/truce/{uuid}/memory.max'):
            if os.path.exists(path):
                return path
        raise unittest.SkipTest('skipped, because machines have no control groups here')

    @staticmethod
    def block_device():
        for name in os.listdir('/sys/class/block'):
            path = f'/dev/{name}'
            with contextlib.suppress(OSError):
                if stat.S_ISBLK(os.stat(path).st_mode):
                    os.close(os.open(path, os.O_RDONLY))
                    return path
        raise unittest.SkipTest('skipped, because this host has no disk to try')

    def qemu(self, name, *options):
        """A puppet in a machine, which is started again when it was killed."""
        lab = self.lab
        if not lab.vm(name):
            lab.new_tiny(name, '--disk', '16MiB', *options, ready=False)
        elif not lab.qemu_pids(name):
            wait_for(lambda: lab.vm(name)['observed'] == 'off', SOON, f'{name} is off')
            lab.must('vm', 'start', name)
        lab.wait_observed(name, 'running')
        return Puppet(lab.qemu_pid(name))

    def own_folder(self, name):
        return self.lab.run / 'vms' / self.lab.vm(name)['uuid'] / 'vm'

    def unconfined(self):
        """A puppet of root's, on the host, but in the network that the daemon is in. What it does to itself
        (mounts, names) stays within it."""
        self.end_children()  # what the last one traced is free again
        words = [*self.lab.enter, 'unshare', '--mount', '--uts', 'sleep', '1000']
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        self.children.append(child)
        sleeping = Path('/proc', str(child.pid))
        wait_for(lambda: (sleeping / 'comm').read_text() == 'sleep\n'
                 and (sleeping / 'syscall').read_text().startswith(f'{CLOCK_NANOSLEEP} '), SOON, 'the control sleeps')
        return Puppet(child.pid)

    def try_in_machine(self, name, *options):
        self.qemu(name, *options).close()
        table = try_all(lambda: self.qemu(name), lambda _: self.world(self.own_folder(name)))
        print_table(f'from the QEMU of a machine ({" ".join(options) or "usual"})', table)
        return table

    def control(self, folder):
        table = try_all(self.unconfined, lambda _: self.world(folder))
        for path in (f'/tmp/truce-escaped-{os.getpid()}', f'/dev/shm/truce-escaped-{os.getpid()}'):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        print_table('positive control: a process of root that nothing confines', table)
        return table

    def test_an_escaped_qemu_reaches_nothing_that_is_not_its_own(self):
        lab = self.lab
        lab.new_tiny('victim', '--disk', '16MiB', ready=False)
        lab.wait_observed('victim', 'running')
        folder = lab.folder / 'control'
        folder.mkdir()
        control = self.control(folder)
        impossible = {what for what, (possible, _) in control.items() if not possible}
        self.assertLessEqual(impossible, {
            'open the host\'s memory (/dev/mem)', 'lift its limit of core dumps', 'load programs into the kernel (bpf)',
            'measure the host (perf_event_open)', 'use the kernel\'s keys (keyctl)', 'leave a key in the kernel (add_key)',
            'open more files than are good for the host (RLIMIT_NOFILE)', 'play a file system (/dev/fuse)',
            'make a disk of a file (/dev/loop-control)', 'read the kernel\'s log (/dev/kmsg)',
        }, 'all else is possible for root on every host')
        self.assertGreater(len(control) - len(impossible), 50)
        table = self.try_in_machine('escaped')
        self.assertEqual(table.keys(), control.keys())
        self.assertEqual([what for what, (possible, _) in table.items() if possible], [])
        self.assertTrue(alive(lab.qemu_pid('victim')) and alive(lab.daemon.pid))

    def test_a_network_in_user_mode_is_all_that_it_has_of_the_host(self):
        lab = self.lab
        lab.new_tiny('victim', '--disk', '16MiB', ready=False)
        lab.must('network', 'create', 'slirp', '--mode', 'user')
        self.addCleanup(lab.truce, 'network', 'delete', 'slirp')
        lab.wait_observed('victim', 'running')
        table = self.try_in_machine('escaped', '--network', 'slirp')
        self.assertEqual([what for what, (possible, _) in table.items() if possible],
                         ['connect to the daemon\'s API (127.0.0.1)', 'send a packet to the gateway of a network of machines'])

    def test_its_own_it_still_has(self):
        """The refusals are no fault of the attempts: what is the machine's own can be opened the same way."""
        lab = self.lab
        lab.new_tiny('escaped', '--disk', '16MiB', ready=False)
        lab.wait_observed('escaped', 'running')
        puppet = self.qemu('escaped')
        self.addCleanup(puppet.close)
        disk = self.disk_of(lab.vm('escaped'))
        self.assertGreaterEqual(puppet.open_and_close(str(disk), RDWR), 0)
        own = self.own_folder('escaped') / 'file'
        self.assertGreaterEqual(puppet.open_and_close(str(own), WRONLY | CREAT, 0o600), 0)
        self.assertEqual(own.stat().st_uid, os.stat(disk).st_uid)
        self.assertEqual(puppet.call('unlink', str(own)), 0)
        puppet.close()
        wait_for(lambda: lab.vm('escaped')['observed'] == 'running', SOON, 'it runs on')
        lab.must('vm', 'stop', 'escaped', '--now')


class Profile(unittest.TestCase):
    def test_the_apparmor_profile_can_be_read(self):
        """Whether it holds can be seen only on a host whose kernel has AppArmor."""
        if not shutil.which('apparmor_parser', path='/usr/sbin:/sbin'):
            self.skipTest('skipped, because apparmor_parser is not installed')
        run('/usr/sbin/apparmor_parser', '--skip-kernel-load', '--skip-cache', '--skip-read-cache',
            TOP / 'packaging/apparmor/truce-machine')


if __name__ == '__main__':
    unittest.main()

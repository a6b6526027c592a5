"""Makes a process do system calls that it never meant to do, as code would that has broken out of a guest.

The calls are made by the process itself, in its main thread: whatever keeps it from something (its user,
its namespaces, Landlock, its seccomp filters, its control group) keeps the calls from it. Needs root's
right to trace it (ptrace(2)).
"""
import ctypes
import errno
import os
import platform
import signal
import struct
import time

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
LIBC.ptrace.restype = ctypes.c_long
CONTINUE, SINGLESTEP, GETREGS, SETREGS, DETACH, SEIZE, INTERRUPT = 7, 9, 12, 13, 17, 0x4206, 0x4207
ALL = 0x40000000  # __WALL: also threads that are no children
HERE = platform.machine() == 'x86_64'

# arch/x86/entry/syscalls/syscall_64.tbl
NUMBERS = {
    'read': 0, 'write': 1, 'open': 2, 'close': 3, 'mmap': 9, 'munmap': 11, 'ioctl': 16, 'socket': 41, 'connect': 42,
    'sendto': 44, 'clone': 56, 'execve': 59, 'kill': 62, 'uname': 63, 'truncate': 76, 'getdents64': 217, 'rename': 82,
    'mkdir': 83, 'link': 86, 'unlink': 87, 'symlink': 88, 'chmod': 90, 'chown': 92, 'ptrace': 101, 'syslog': 103,
    'setuid': 105, 'setpriority': 141, 'setrlimit': 160, 'chroot': 161, 'mount': 165, 'umount2': 166, 'swapon': 167,
    'reboot': 169, 'sethostname': 170, 'iopl': 172, 'init_module': 175, 'mknod': 133, 'setresuid': 117, 'stat': 4,
    'settimeofday': 164, 'add_key': 248, 'keyctl': 250, 'unshare': 272, 'setns': 308, 'process_vm_readv': 310,
    'process_vm_writev': 311, 'bpf': 321, 'userfaultfd': 323, 'perf_event_open': 298, 'prlimit64': 302,
    'open_by_handle_at': 304, 'name_to_handle_at': 303, 'io_uring_setup': 425, 'pidfd_open': 434, 'pidfd_getfd': 438,
    'pidfd_send_signal': 424, 'clone3': 435, 'quotactl': 179, 'fsopen': 430, 'kcmp': 312, 'getuid': 102, 'utimensat': 280,
}


class Registers(ctypes.Structure):
    """struct user_regs_struct of <sys/user.h>."""
    _fields_ = [(name, ctypes.c_ulonglong) for name in (
        'r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss '
        'fs_base gs_base ds es fs gs').split()]


class Died(Exception):
    """The process was killed for what it did."""


def ptrace(request, pid, address=0, data=0):
    ctypes.set_errno(0)
    answer = LIBC.ptrace(request, pid, address, data)
    if answer < 0:
        number = ctypes.get_errno()
        raise ProcessLookupError(number, 'gone') if number == errno.ESRCH else OSError(number, os.strerror(number))
    return answer


class Puppet:
    ROOM = 1 << 16

    def __init__(self, pid):
        self.pid = pid
        self.memory = os.open(f'/proc/{pid}/mem', os.O_RDWR)
        ptrace(SEIZE, pid)
        self.stop_in_a_call()
        self.room = self.call('mmap', 0, self.ROOM, 3, 0x22, -1, 0)  # read and write, private, anonymous
        self.used = 0

    def stop_in_a_call(self):
        """Where it waits in a system call: the instruction before is one. A busy process runs on until it does."""
        deadline = time.monotonic() + 60
        while True:
            ptrace(INTERRUPT, self.pid)
            self.wait()
            self.saved = self.registers()
            self.instruction = self.saved.rip - 2
            if os.pread(self.memory, 2, self.instruction) == b'\x0f\x05':
                return
            if time.monotonic() > deadline:
                self.close()
                raise AssertionError(f'process {self.pid} is never in a system call')
            ptrace(CONTINUE, self.pid)
            time.sleep(0.001)

    def registers(self):
        registers = Registers()
        ptrace(GETREGS, self.pid, 0, ctypes.byref(registers))
        return registers

    def wait(self):
        """Until it stands still again; a signal for it comes first when it is one."""
        deadline = time.monotonic() + 20
        status = 0
        while True:
            pid, status = os.waitpid(self.pid, ALL | os.WNOHANG)
            if pid:
                break
            with open(f'/proc/{self.pid}/stat') as stat:
                dead = stat.read().rpartition(')')[2].split()[0] == 'Z'
            if dead or time.monotonic() > deadline:  # a filter may kill the thread alone
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, ALL)
                raise Died('its thread was killed' if dead else 'it does not come back')
            time.sleep(0.001)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            raise Died(f'signal {os.WTERMSIG(status)}' if os.WIFSIGNALED(status) else 'it ended')
        return os.WSTOPSIG(status)

    def put(self, data):
        """Bytes into its memory; answers where they are."""
        data = data.encode() if isinstance(data, str) else bytes(data)
        at = self.room + self.used
        self.used += (len(data) + 64) // 16 * 16
        if self.used > self.ROOM:
            raise AssertionError('no more room')
        os.pwrite(self.memory, data + b'\0', at)
        return at

    def get(self, at, size):
        return os.pread(self.memory, size, at)

    def call(self, name, *arguments):
        """Makes a system call; texts and bytes are put into its memory. Answers -errno or the result."""
        if name != 'mmap':
            self.used = 0 if not any(isinstance(a, int) and self.room <= a < self.room + self.ROOM for a in arguments) \
                else self.used
        words = [self.put(a) if isinstance(a, (str, bytes)) else a for a in arguments]
        words += [0] * (6 - len(words))
        registers = Registers.from_buffer_copy(self.saved)
        registers.rip = self.instruction
        registers.orig_rax = (1 << 64) - 1  # nothing is to be begun again
        registers.rax = NUMBERS[name]
        for register, word in zip(('rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'), words):
            setattr(registers, register, word & ((1 << 64) - 1))
        ptrace(SETREGS, self.pid, 0, ctypes.byref(registers))
        ptrace(SINGLESTEP, self.pid)
        stopped = self.wait()
        if stopped != signal.SIGTRAP:
            raise Died(f'signal {stopped} instead of an answer')
        return struct.unpack('q', struct.pack('Q', self.registers().rax))[0]

    def open_and_close(self, *arguments):
        """open(2): what it answers, and it is closed again."""
        answer = self.call('open', *arguments)
        if answer >= 0:
            self.call('close', answer)
        return answer

    def close(self):
        """It goes on with what it was doing."""
        try:
            ptrace(SETREGS, self.pid, 0, ctypes.byref(self.saved))
            ptrace(DETACH, self.pid)
        except ProcessLookupError:
            pass
        if getattr(self, 'memory', -1) >= 0:
            os.close(self.memory)
            self.memory = -1

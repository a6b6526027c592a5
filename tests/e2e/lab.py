"""A truced of its own in a network namespace of its own, and the real CLI to drive it.

A Lab keeps everything in one folder under the temporary directory. Its close() deletes the machines and
networks, ends the daemon, and fails when anything is left on the host: a process, an interface, a table,
a control group, a file.
"""
import atexit
import contextlib
import ctypes
import hashlib
import http.client
import json
import os
import pty
import re
import secrets
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = TOP / os.environ.get('TRUCE_BUILD', 'build/release')
TRUCE = BUILD / 'programs/truce/truce'
TRUCED = BUILD / 'programs/truced/truced'
LONG = os.environ.get('TRUCE_LONG_TESTS') == '1'
PORT = 7443  # the namespace is ours, so are its ports
CONTROL_GROUPS = [Path('/sys/fs/cgroup') / part for part in ('memory', 'cpu', 'pids', '')]
READY = 'truce-tiny: ready'  # what the smallest guest says on its serial line

# Guests are emulated where there is no KVM, and machines that build software are crowded: the limits
# are for "this will never happen", not for "this should be quick".
SOON = 30
BOOT = 120


class Waited(AssertionError):
    """Something did not come true in time."""


def why_not_here():
    """Why no lab can run on this machine; empty when one can."""
    if os.geteuid() != 0:
        return 'skipped, because network namespaces need root'
    for program in (TRUCE, TRUCED):
        if not program.exists():
            return f'skipped, because {program} is not built'
    for program in ('ip', 'nft', 'dnsmasq', 'qemu-system-x86_64', 'qemu-img'):
        if not shutil.which(program):
            return f'skipped, because {program} is not installed'
    return ''


def wait_for(true, limit, what):
    """Waits until true() answers something true, and answers that."""
    deadline = time.monotonic() + limit
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Waited(f'{what}: not within {limit} s (last: {value!r})')
        time.sleep(0.1)


def run(*words, check=True, **options):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, errors='replace',
                          stdin=options.pop('stdin', subprocess.DEVNULL), **options)
    if check and done.returncode != 0:
        raise AssertionError(f'{words}: status {done.returncode}: {done.stderr or done.stdout}')
    return done


def processes_with(text):
    """pid -> command line of all processes whose command line has `text` in it (zombies have none)."""
    found = {}
    for entry in os.listdir('/proc'):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            line = Path('/proc', entry, 'cmdline').read_bytes().replace(b'\0', b' ').decode(errors='replace')
        except OSError:
            continue
        if text in line:
            found[int(entry)] = line
    return found


def below(folder):
    """The paths of all files and folders below one that others may be deleting."""
    return [os.path.join(place, name) for place, *lists in os.walk(folder) for names in lists for name in names]


def alive(pid):
    try:
        return Path('/proc', str(pid), 'stat').read_text().rpartition(')')[2].split()[0] not in 'ZX'
    except OSError:
        return False


class Templates:
    """What is made once for all labs of a run: outputs of recipes, copied into each lab by a recipe."""

    def __init__(self):
        self.folder = None
        self.lock = threading.Lock()

    def output(self, name):
        with self.lock:
            if self.folder is None:
                self.folder = Path(tempfile.mkdtemp(prefix='truce-e2e-templates-'))
                atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
            made = self.folder / name
            if not made.exists():
                run(TOP / 'recipes' / name, self.folder / f'.{name}', timeout=1800,
                    env={**os.environ, 'TRUCE': str(TRUCE)})
                os.rename(self.folder / f'.{name}', made)
            return made


TEMPLATES = Templates()


class Answer:
    """What a command of the CLI said."""

    def __init__(self, words, done):
        self.words, self.code, self.out, self.err = words, done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f'truce {" ".join(self.words)}: status {self.code}\n{self.out}{self.err}'


class Reply:
    """What the API said."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, {k.lower(): v for k, v in headers}, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f'{self.status} {self.body[:500]!r}'


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__('localhost', timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Lab:
    def __init__(self, *options, recipes=(), state_folder=None, hypervisor='qemu'):
        """recipes: names of the project's recipes that templates may be made by, at no cost after the first."""
        self.folder = Path(tempfile.mkdtemp(prefix='tl-'))
        os.chmod(self.folder, 0o755)  # machines run as other users and pass through
        self.state = Path(state_folder) if state_folder else self.folder / 's'
        self.run = self.folder / 'r'
        self.socket = self.run / 'truced.sock'
        self.recipes = self.folder / 'recipes'
        self.recipes.mkdir()
        self.log = self.folder / 'truced.log'
        self.namespace = f'truce-test-{secrets.token_hex(3)}'
        self.options = ['--state-dir', self.state, '--run-dir', self.run, '--listen', f'127.0.0.1:{PORT}',
                        '--recipes-dir', self.recipes, '--hypervisor', hypervisor, '--name', 'here', *options]
        self.control_group, self.daemon, self.uuids, self.program = 'truce', None, set(), TRUCED
        # Not `ip netns exec`: that hides the control groups behind a /sys of its own.
        self.enter = ['nsenter', f'--net=/run/netns/{self.namespace}']
        run('ip', 'netns', 'add', self.namespace)
        self.inside('ip', 'link', 'set', 'lo', 'up')
        for name in recipes:
            self.add_copying_recipe(name)

    # --- the daemon -------------------------------------------------------------------------------

    def command(self):
        return [*self.enter, str(self.program), *map(str, self.options)]

    def spawn(self):
        with open(self.log, 'ab') as log:
            self.daemon = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           cwd='/')

    def answers(self):
        try:
            return self.api('GET', '/healthz', timeout=5).status == 200
        except OSError:
            return False

    def start(self, limit=SOON):
        """Starts the daemon and waits until it answers and its node has reported."""
        self.spawn()
        self.wait_ready(limit)
        return self

    def wait_ready(self, limit=SOON):
        def ready():
            if self.daemon.poll() is not None:
                raise AssertionError(f'truced ended with status {self.daemon.returncode}: {self.log_end()}')
            if not self.answers():
                return False
            hosts = self.api('GET', '/v1/hosts').json()['items']
            return any(host['state'] == 'online' for host in hosts)
        wait_for(ready, limit, 'truced is ready')
        self.bookkeep()

    def kill(self):
        """kill -9, as a power cut for the daemon; its machines live on."""
        self.bookkeep()
        self.daemon.kill()
        self.daemon.wait()

    def stop(self):
        """SIGTERM; answers the exit status."""
        self.bookkeep()
        self.daemon.send_signal(signal.SIGTERM)
        return self.daemon.wait(SOON)

    def log_end(self, lines=12):
        return '\n'.join(self.log.read_text(errors='replace').splitlines()[-lines:])

    # --- talking to it ----------------------------------------------------------------------------

    def environment(self, **more):
        kept = {k: v for k, v in os.environ.items() if not k.startswith('TRUCE_')}
        return {**kept, 'TRUCE_URL': f'unix:{self.socket}', 'TRUCE_CONFIG': str(self.folder / 'client.json'),
                'HOME': str(self.folder), 'TZ': 'UTC', **more}

    def truce(self, *words, input=None, timeout=300, inside=False, env=None):
        """Runs the CLI; inside: in the namespace, for https."""
        words = [str(w) for w in words]
        front = self.enter if inside else []
        options = {'input': input} if input is not None else {'stdin': subprocess.DEVNULL}
        done = subprocess.run([*front, str(TRUCE), *words], capture_output=True, text=True, errors='replace',
                              timeout=timeout, env=self.environment(**(env or {})), **options)
        return Answer(words, done)

    def must(self, *words, **options):
        answer = self.truce(*words, **options)
        if answer.code != 0:
            raise AssertionError(f'{answer!r}\n--- truced:\n{self.log_end()}')
        return answer

    def refused(self, *words, code=1, **options):
        answer = self.truce(*words, **options)
        if answer.code != code:
            raise AssertionError(f'status {code} was expected: {answer!r}\n--- truced:\n{self.log_end()}')
        return answer

    def api(self, method, path, body=None, headers=None, timeout=60):
        """A request as root through the unix socket; a body that is no text is sent as JSON."""
        connection = UnixConnection(str(self.socket), timeout)
        return self.ask(connection, method, path, body, headers)

    def https(self, method, path, body=None, token=None, headers=None, certificate=None, timeout=60):
        """A request through TLS with the server's certificate pinned."""
        headers = dict(headers or {})
        if token:
            headers['Authorization'] = f'Bearer {token}'
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.state / 'server.crt')
        if certificate:
            context.load_cert_chain(*certificate)
        connection = http.client.HTTPConnection('127.0.0.1', PORT, timeout=timeout)
        connection.sock = context.wrap_socket(self.connect('127.0.0.1', PORT, timeout))
        return self.ask(connection, method, path, body, headers)

    @staticmethod
    def ask(connection, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode('utf-8', 'surrogateescape')
        if body is not None:
            headers.setdefault('Content-Type', 'application/json')
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Reply(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def inside(self, *words, **options):
        """Runs a program in the namespace."""
        return run(*self.enter, *words, **options)

    def connect(self, address, port, timeout=10):
        """A TCP connection that begins in the namespace."""
        with self.in_namespace():
            sock = socket.socket()
        sock.settimeout(timeout)
        sock.connect((address, port))
        return sock

    @contextlib.contextmanager
    def in_namespace(self):
        """Sockets that this thread makes belong to the namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open('/proc/thread-self/ns/net', 'rb') as home, open(f'/run/netns/{self.namespace}', 'rb') as there:
            if libc.setns(there.fileno(), 0x40000000) != 0:
                raise OSError(ctypes.get_errno(), 'setns')
            try:
                yield
            finally:
                if libc.setns(home.fileno(), 0x40000000) != 0:
                    raise OSError(ctypes.get_errno(), 'setns')

    # --- machines ---------------------------------------------------------------------------------

    def add_recipe(self, name, text):
        path = self.recipes / name
        path.write_text(text)
        path.chmod(0o755)

    def add_copying_recipe(self, name):
        self.add_recipe(name, f'#!/bin/sh\nexec cp -a --reflink=auto {TEMPLATES.output(name)}/. "$1"/\n')

    def make_template(self, name):
        self.must('template', 'create', name, '--recipe', name)

    def vm(self, name):
        reply = self.api('GET', f'/v1/vms/{name}')
        return reply.json() if reply.status == 200 else None

    def vms(self):
        """All machines, by name; remembers their uuids for the last look around."""
        found = {vm['name']: vm for vm in self.api('GET', '/v1/vms?limit=1000').json()['items']}
        self.uuids.update(vm['uuid'] for vm in found.values())
        return found

    def bookkeep(self):
        with contextlib.suppress(OSError, ValueError, KeyError):
            self.vms()

    def wait_observed(self, name, state, limit=SOON):
        return wait_for(lambda: (vm := self.vm(name)) and vm['observed'] == state and vm, limit,
                        f'{name} is {state}')

    def wait_guest(self, name, true, limit, what):
        """As wait_for(); a failure shows the end of the machine's console."""
        try:
            return wait_for(true, limit, what)
        except Waited as late:
            log = self.truce('vm', 'log', name, '--bytes', 65536)
            raise Waited(f'{late}; {self.vm(name)}; its console: {log.err}{log.out[-2000:]}') from None

    def wait_log(self, name, text, limit=BOOT, count=1):
        """Waits until the serial console has shown the text so many times."""
        last = None

        def shown():
            log = self.truce('vm', 'log', name, '--bytes', 65536)
            return log.code == 0 and log.out.count(text) >= count and log.out
        return self.wait_guest(name, shown, limit, f'{text!r} on the console of {name}')

    def wait_agent(self, name, limit=BOOT):
        return self.wait_guest(name, lambda: self.truce('vm', 'exec', name, '--', 'true').code == 0, limit,
                               f'the guest agent of {name} answers')

    def new_tiny(self, name, *options, ready=True):
        """A running machine of the smallest guest."""
        self.must('vm', 'create', name, '--template', 'tiny', '--memory', '128MiB', '--start', *options)
        self.bookkeep()
        if ready:
            self.wait_log(name, READY)

    def qemu_pids(self, name):
        """The processes of a machine (one, or something is wrong)."""
        vm = self.vm(name)
        return sorted(processes_with(f'-uuid {vm["uuid"]}')) if vm else []

    def qemu_pid(self, name):
        pids = self.qemu_pids(name)
        if len(pids) != 1:
            raise AssertionError(f'{name} has the processes {pids}, not one')
        return pids[0]

    def events(self, target):
        return self.api('GET', f'/v1/events?limit=1000&target={target}').json()['items']

    def tasks(self):
        return self.api('GET', '/v1/tasks?limit=1000').json()['items']

    def console(self, name):
        return Terminal([str(TRUCE), 'vm', 'console', name], self.environment())

    # --- the end ----------------------------------------------------------------------------------

    def delete_all(self):
        """Deletes all machines and networks and waits until they are gone."""
        for name in self.vms():
            self.truce('vm', 'delete', name, '--force')
        wait_for(lambda: not self.vms(), SOON * 2, 'all machines are deleted')
        for network in self.api('GET', '/v1/networks').json()['items']:
            self.must('network', 'delete', network['name'])
        wait_for(lambda: not self.links(), SOON, 'all bridges and taps are gone')

    def links(self):
        lines = self.inside('ip', '-o', 'link').stdout.splitlines()
        return [line for line in lines if not re.match(r'\d+: lo:', line)]

    def control_groups(self):
        places = [place / self.control_group for place in CONTROL_GROUPS]
        return [str(place / uuid) for place in places for uuid in self.uuids if (place / uuid).exists()]

    def reapers(self):  # of a cluster's host: they outlive truced on purpose, and end with the lab
        return [pid for pid, line in processes_with(str(self.folder)).items() if 'truce-reaper' in line]

    def reaper_groups(self):
        name = hashlib.sha256(str(self.run / 'reaper').encode()).hexdigest()[:8]
        return [f'/sys/fs/cgroup/{hierarchy}/truce-{name}-protected' for hierarchy in ('freezer', 'unified')]

    def leftovers(self):
        """What is left that machines and networks had, once all of these are deleted."""
        found = [f'interface {line}' for line in self.links()]
        found += [f'table {line}' for line in self.inside('nft', 'list', 'tables').stdout.splitlines()]
        found += [f'control group {group}' for group in self.control_groups()]
        found += [*below(self.state / 'pool/vms'), *below(self.run / 'vms')]
        found += [str(path) for path in (self.state / 'pool/templates').glob('.new*')]
        found += [path for path in below(self.state / 'networks') if path.endswith('.json')]
        mine = self.daemon.pid if self.daemon and self.daemon.poll() is None else 0
        found += [f'process {pid}: {line[:200]}' for pid, line in processes_with(str(self.folder)).items()
                  if pid != mine and 'truce-reaper' not in line]
        return found

    def close(self):
        """Ends everything; whatever is left on the host is an error, and removed."""
        left = []
        try:
            if self.daemon is not None:
                if self.daemon.poll() is not None:
                    self.start()
                self.delete_all()
                try:  # not asked twice: a program that the daemon just starts looks like the daemon
                    wait_for(lambda: not self.leftovers(), SOON, 'nothing is left')
                except Waited:
                    left = self.leftovers()
                status = self.stop()
                if status != 0:
                    left.append(f'truced ended with status {status} after SIGTERM: {self.log_end()}')
                left += [f'process {pid} after the end' for pid in self.namespace_pids()]
        finally:
            self.tear_down()
        if left:
            raise AssertionError('left behind: ' + '; '.join(left))

    def namespace_pids(self):
        pids = run('ip', 'netns', 'pids', self.namespace, check=False).stdout.split()
        return [int(pid) for pid in pids if alive(pid) and int(pid) not in self.reapers()]

    def tear_down(self):
        """By force, and without a word: for the end of tests that failed."""
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        for pid in {*self.namespace_pids(), *processes_with(str(self.folder))}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)
        for group in [*self.control_groups(), *self.reaper_groups()]:
            with contextlib.suppress(OSError):
                os.rmdir(group)
        run('ip', 'netns', 'delete', self.namespace, check=False)
        if os.environ.get('TRUCE_KEEP_LABS') != '1':
            shutil.rmtree(self.folder, ignore_errors=True)


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, argv, environment):
        self.seen = ''
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execve(argv[0], argv, environment)
            finally:
                os._exit(127)

    def type(self, text):
        os.write(self.fd, text.encode())

    def read(self, timeout):
        if not select.select([self.fd], [], [], timeout)[0]:
            return
        try:
            self.seen += os.read(self.fd, 65536).decode(errors='replace')
        except OSError:  # the other end has closed
            time.sleep(0.05)

    def expect(self, pattern, limit=SOON):
        """Waits for what matches, and forgets all up to its end."""
        deadline = time.monotonic() + limit
        while not (match := re.search(pattern, self.seen)):
            if time.monotonic() > deadline:
                raise Waited(f'{pattern!r} not on the terminal within {limit} s: {self.seen[-1000:]!r}')
            self.read(0.2)
        self.seen = self.seen[match.end():]
        return match

    def status(self, limit=SOON):
        """Its exit status, once it has ended."""
        deadline = time.monotonic() + limit
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:
                raise Waited(f'the program on the terminal does not end: {self.seen[-1000:]!r}')
            self.read(0.1)

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class LabTest(unittest.TestCase):
    """Tests that share one lab a class. `recipes` are made into templates before the first test."""
    recipes = ()
    options = ()
    hypervisor = 'qemu'
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        reason = why_not_here()
        if reason:
            raise unittest.SkipTest(reason)
        cls.lab = Lab(*cls.options, recipes=cls.recipes, hypervisor=cls.hypervisor)
        try:
            cls.lab.start()
            for name in cls.recipes:
                cls.lab.make_template(name)
        except BaseException:
            cls.lab.tear_down()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.lab.close()

    kept = ()  # names of machines that the tests of a class share

    def setUp(self):  # no test leaves machines to the next one
        self.addCleanup(self.delete_machines)

    def delete_machines(self):
        for name in self.lab.vms():
            if name not in self.kept:
                self.lab.truce('vm', 'delete', name, '--force')


class FreeLabTest(unittest.TestCase):
    """Tests that need a lab each."""
    maxDiff = 4000

    def setUp(self):
        reason = why_not_here()
        if reason:
            self.skipTest(reason)

    def new_lab(self, *options, **more):
        lab = Lab(*options, **more)
        self.addCleanup(lab.tear_down)
        return lab


def sha256_of(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()

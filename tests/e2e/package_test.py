"""The Debian packages: built from the release build, installed into a Debian 12 of their own (this machine's system
under an overlay), upgraded while a machine runs, removed and purged.

No systemd runs in there: the daemon is started by the words of its unit's ExecStart.
"""
import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from lab import SOON, TOP, Lab, alive, run, wait_for, why_not_here

NEWER = '0.1.0+newer'
UNIT = 'lib/systemd/system/truced.service'


def why_no_packages():
    for program in ('dh', 'dpkg-buildpackage', 'lintian', 'systemd-analyze', 'logrotate'):
        if not shutil.which(program):
            return f'skipped, because {program} is not installed'
    if 'VERSION_ID="12"' not in Path('/etc/os-release').read_text():
        return 'skipped, because this is not Debian 12'
    return ''


class PackagedLab(Lab):
    """A lab whose daemon is the packaged one, inside a system of its own."""

    def __init__(self):
        super().__init__(recipes=['tiny'])
        self.root = self.folder / 'root'
        self.layers = self.folder / 'layers'
        self.root.mkdir()
        self.layers.mkdir()
        run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'truce-e2e', self.layers)
        for name in ('upper', 'work'):
            (self.layers / name).mkdir()
        run('mount', '-t', 'overlay', 'truce-e2e', '-o',
            f'lowerdir=/,upperdir={self.layers}/upper,workdir={self.layers}/work', self.root)
        for name in ('proc', 'sys', 'dev'):
            run('mount', '--rbind', '--make-rslave', f'/{name}', self.root / name)
        for name in ('run', 'tmp'):
            run('mount', '-t', 'tmpfs', '-o', 'mode=755' if name == 'run' else 'mode=1777', 'truce-e2e',
                self.root / name)
        for name in ('run/truce', 'var/lib/truce', 'var/cache/truce', 'etc/truce', 'var/log/truce'):
            shutil.rmtree(self.root / name, ignore_errors=True)
        self.state, self.run = self.root / 'var/lib/truce', self.root / 'run/truce'
        self.socket = self.run / 'truced.sock'

    def unmount(self):
        for mount in (self.root, self.layers):
            run('umount', '-R', '-l', mount, check=False)

    def tear_down(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        for pid in self.namespace_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.unmount()
        super().tear_down()

    def within(self, *words, **options):
        """Runs a program in the packaged system."""
        environment = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8', 'DEBIAN_FRONTEND': 'noninteractive'}
        return run('chroot', self.root, *words, env=environment, **options)

    def install(self, packages):
        for package in packages:
            shutil.copy(package, self.root / 'tmp')
        return self.within('dpkg', '-i', *(f'/tmp/{package.name}' for package in packages))

    def unit(self):
        """The [Service] section of the installed unit: key -> the last value."""
        text = (self.root / UNIT).read_text()
        service = text.partition('[Service]')[2].partition('[Install]')[0]
        return dict(re.findall(r'^(\w+)=(.*)$', service, re.M))

    def command(self):
        unit = self.unit()
        for key, parent in (('RuntimeDirectory', 'run'), ('StateDirectory', 'var/lib'), ('CacheDirectory', 'var/cache')):
            folder = self.root / parent / unit[key]
            folder.mkdir(exist_ok=True)
        more = ['--name', 'here', '--recipes-dir', '/recipes', '--log-level', 'info']
        return [*self.enter, 'chroot', str(self.root), *shlex.split(unit['ExecStart']), *more]


class Packages(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        reason = why_not_here() or why_no_packages()
        if reason:
            raise unittest.SkipTest(reason)
        cls.folder = Path(tempfile.mkdtemp(prefix='truce-packages-'))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.old = cls.build('0.1.0')
        cls.new = cls.build(NEWER)

    @classmethod
    def build(cls, version):
        done = run(TOP / 'tools/package', '--version', version, '--output', cls.folder,
                   env={**os.environ, 'DPKG_DEB_COMPRESSOR_TYPE': 'gzip', 'DPKG_DEB_COMPRESSOR_LEVEL': '1'})
        return [Path(line) for line in done.stdout.split()]

    def new_system(self):
        lab = PackagedLab()
        self.addCleanup(lab.tear_down)
        return lab

    def left(self, lab):
        """Files that the overlay has and the system below has not, without dpkg's own books and caches."""
        own = ('var/lib/dpkg/', 'var/log/', 'var/cache/', 'etc/group', 'etc/gshadow', 'etc/passwd', 'etc/shadow',
               'etc/.pwd.lock', 'etc/subuid', 'etc/subgid')
        upper = lab.layers / 'upper'
        found = []
        for path in upper.rglob('*'):
            name = str(path.relative_to(upper))
            if path.is_dir() or name.startswith(own) or not os.path.lexists(lab.root / name):
                continue
            if not os.path.lexists(Path('/') / name):
                found.append(name)
        return found + [name for name in ('var/log/truce', 'var/cache/truce') if (lab.root / name).exists()]

    def test_lintian_finds_no_errors(self):
        done = run('lintian', '--allow-root', '--fail-on', 'error', '--tag-display-limit', '0', *self.old, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_what_the_programs_need_is_said_by_the_packages(self):
        truced = next(p for p in self.old if p.name.startswith('truced_'))
        needs = run('dpkg-deb', '-f', truced, 'Depends').stdout
        for package in ('libsqlite3-0', 'libssl3', 'qemu-system-x86', 'dnsmasq-base', 'nftables', 'truce (= 0.1.0)'):
            self.assertIn(package, needs)
        self.assertEqual(sorted(run('dpkg-deb', '--info', truced, 'conffiles').stdout.split()),
                         ['/etc/apparmor.d/truce-machine', '/etc/logrotate.d/truced', '/etc/truce/truced.conf'])

    def test_an_upgrade_leaves_machines_running_and_a_purge_leaves_nothing(self):
        lab = self.new_system()
        groups = (lab.root / 'etc/group').read_text()
        lab.install(self.old)
        self.assertRegex((lab.root / 'etc/group').read_text(), r'(?m)^truce:')
        self.assertEqual(lab.unit()['KillMode'], 'process')
        checked = lab.within('systemd-analyze', 'verify', '--man=no', f'/{UNIT}', check=False)
        self.assertEqual((checked.returncode, checked.stderr), (0, ''))
        for shell in ('bash-completion/completions/truce', 'zsh/vendor-completions/_truce',
                      'fish/vendor_completions.d/truce.fish'):
            self.assertIn('truce', (lab.root / 'usr/share' / shell).read_text())
        self.assertIn('0.1.0', lab.within('truce', '--version').stdout)

        shutil.copytree(lab.recipes, lab.root / 'recipes')
        templates = next(iter(re.findall(r'cp -a --reflink=auto (\S+)/\.', (lab.recipes / 'tiny').read_text())))
        shutil.copytree(templates, lab.root / templates.lstrip('/'), dirs_exist_ok=True)
        lab.start()
        lab.must('template', 'create', 'tiny', '--recipe', 'tiny')
        lab.new_tiny('web')
        self.assertEqual(lab.within('truce', 'vm', 'list', '--quiet').stdout, 'web\n', 'the packaged CLI finds its daemon')
        machine, daemon = lab.qemu_pid('web'), lab.daemon.pid
        (lab.root / 'etc/truce/truced.conf').write_text('admin-group = "truce"\ntask-history = 77\n')

        lab.install(self.new)
        self.assertTrue(alive(machine), 'the machine runs on while files are replaced')
        self.assertTrue(alive(daemon), 'and so does the daemon until it is restarted')
        self.assertIn(NEWER, lab.within('dpkg-query', '-W', '-f', '${Version}', 'truced').stdout)
        self.assertIn('task-history = 77', (lab.root / 'etc/truce/truced.conf').read_text(), 'a changed conffile stays')
        self.assertEqual(lab.stop(), 0)
        self.assertTrue(alive(machine), 'the machine outlives the daemon')
        lab.start()
        lab.wait_observed('web', 'running')
        self.assertEqual(lab.qemu_pid('web'), machine, 'the new daemon has taken the same process over')
        self.assertEqual(lab.truce('vm', 'reset', 'web').code, 0)
        lab.wait_log('web', 'truce-tiny: ready', count=2)

        lab.stop()
        lab.within('dpkg', '--remove', 'truced', 'truce')
        self.assertTrue(alive(machine), 'a machine outlives even the removal')
        told = lab.within('dpkg', '--purge', 'truced', 'truce')
        self.assertIn('holds disks of machines', told.stderr)
        self.assertTrue(list((lab.state / 'pool/vms').iterdir()), 'disks of machines stay')

        lab.install(self.new)
        lab.start()
        lab.wait_observed('web', 'running')
        self.assertEqual(lab.qemu_pid('web'), machine, 'installed again, it goes on')
        lab.delete_all()
        self.assertFalse(alive(machine))
        lab.stop()
        lab.within('dpkg', '--purge', 'truced', 'truce')
        shutil.rmtree(lab.root / 'recipes')
        shutil.rmtree(lab.root / templates.lstrip('/'), ignore_errors=True)
        self.assertEqual(self.left(lab), [])
        self.assertFalse((lab.root / 'run/truce').exists())
        self.assertEqual((lab.root / 'etc/group').read_text(), groups)
        self.assertNotIn('truce', lab.within('dpkg-query', '-W', '-f', '${Package}\n').stdout.split())

    def test_members_of_the_group_may_do_everything_and_others_nothing(self):
        lab = self.new_system()
        lab.install(self.old)
        (lab.root / 'recipes').mkdir()
        lab.within('adduser', '--system', '--ingroup', 'nogroup', '--no-create-home', 'eve')
        lab.within('adduser', '--system', '--ingroup', 'nogroup', '--no-create-home', 'ann')
        lab.within('adduser', '--quiet', 'ann', 'truce')
        lab.start()

        def asked_by(user):
            return lab.within('setpriv', f'--reuid={user}', '--regid=nogroup', '--init-groups', 'truce', 'token', 'list',
                              check=False)
        self.assertEqual(asked_by('ann').returncode, 0, asked_by('ann').stderr)
        self.assertEqual(asked_by('eve').returncode, 1)
        lab.within('setpriv', '--reuid=ann', '--regid=nogroup', '--init-groups', 'truce', 'token', 'create', 'ci', '--role',
                   'viewer')
        self.assertEqual([e['user'] for e in lab.events('tokens/ci')], ['ann'], 'events say who it was')
        lab.delete_all()
        self.assertEqual(lab.stop(), 0)


if __name__ == '__main__':
    unittest.main()

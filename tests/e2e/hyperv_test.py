"""Hosts with Hyper-V beside Truce's own machines: the real daemon and CLI against our model of one, at which pywinrm signs in, too."""
import json
import os
import subprocess
import unittest
from pathlib import Path

from lab import SOON, TRUCE, run, sha256_of, wait_for
from platform_peers import ModelPeer, ModelTest, Moves
from relocation_test import make_disk

PASSWORD = 'correct-horse-7'


def needs_samba(test):
    for program, package in (('/usr/sbin/smbd', 'samba'), ('/usr/bin/rclone', 'rclone')):
        if not Path(program).exists():
            test.skipTest(f'skipped, because {package} is not installed (tools/install-packages test)')


class ModelHost(ModelPeer):
    def __init__(self, enter=()):
        super().__init__('hyperv', PASSWORD, enter)

    def show(self, kind, name):
        return json.loads(self.order('show', kind, name))


def needs_peers(test):
    for program, package in (('/usr/bin/ntlm_auth', 'winbind'), ('/usr/lib/python3/dist-packages/winrm', 'python3-winrm')):
        if not Path(program).exists():
            test.skipTest(f'skipped, because {package} is not installed (tools/install-packages test)')


class TheModel(unittest.TestCase):
    """Our model of a host, judged by clients that others have written for real ones."""

    def setUp(self):
        needs_peers(self)
        self.host = ModelHost()
        self.addCleanup(self.host.end)

    def test_pywinrm_finds_its_way(self):
        self.assertIn('Microsoft Corporation', self.host.other('identify'))
        for transport in ('ntlm', 'basic'):
            machines = {row['name']: row for row in map(json.loads, self.host.other('list', TRANSPORT=transport).splitlines())}
            self.assertEqual({name: row['state'] for name, row in machines.items()}, {'web01': 'running', 'web02': 'off'})
        self.host.other('start', 'web02')
        self.assertEqual(self.host.order('state', 'web02'), '2')

    def test_curl_signs_in_with_spnego(self):
        if 'GSS-API' not in run('curl', '--version').stdout:
            self.skipTest('skipped, because this curl has no GSS-API')
        users = Path(self.host.order('authority')).parent / 'users'
        users.write_text(f'HV1:Administrator:{PASSWORD}\n')
        identify = ('<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:Header/><env:Body><wsmid:Identify '
                    'xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></env:Body></env:Envelope>')

        def ask():
            return subprocess.run(['curl', '-sk', '--negotiate', '-u', ':', '-o', '-', '-w', '%{http_code}', '-d', identify, '-H',
                                   'Content-Type: application/soap+xml;charset=UTF-8', f'https://{self.host.address}/wsman'],
                                  env={**os.environ, 'NTLM_USER_FILE': str(users)}, capture_output=True, text=True, check=False).stdout
        self.assertRegex(ask(), r'IdentifyResponse.*200$')
        users.write_text('HV1:Administrator:wrong\n')
        self.assertRegex(ask(), '401$')


class Samba:
    """Samba's server in a lab's network namespace, at SMB's own port, with the volume D: of the model as the share D$."""

    def __init__(self, lab):
        self.folder, self.volume = lab.folder / 'samba', lab.folder / 'volume-d'
        self.limited = []
        self.folder.mkdir()
        self.volume.mkdir()
        (self.folder / 'map').write_text('root = Administrator\n')
        self.settings = self.folder / 'smb.conf'
        folders = ''.join(f'{name} = {self.folder}\n' for name in ('private dir', 'state directory', 'cache directory', 'lock directory', 'pid directory',
                                                                  'ncalrpc dir'))
        self.settings.write_text(f"""[global]
workgroup = HV1
netbios name = HV1
server role = standalone
server min protocol = SMB3
smb encrypt = required
interfaces = lo
bind interfaces only = yes
{folders}passdb backend = tdbsam:{self.folder}/passdb.tdb
username map = {self.folder}/map
log file = {self.folder}/log
load printers = no
disable spoolss = yes
[D$]
path = {self.volume}
valid users = root
read only = no
""")
        subprocess.run(['smbpasswd', '-c', self.settings, '-s', '-a', 'root'], input=f'{PASSWORD}\n{PASSWORD}\n', text=True, check=True, capture_output=True)
        self.process = subprocess.Popen([*lab.enter, '/usr/sbin/smbd', '--foreground', '--no-process-group', '-s', self.settings],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def path(self, file):
        """Where a file of the model lies here: `D:\\Hyper-V\\web01.vhdx`."""
        at = self.volume / file.removeprefix('D:\\').replace('\\', '/')
        at.parent.mkdir(parents=True, exist_ok=True)
        return at

    def limit(self, folder, room):
        """A folder of the volume has room for so many MiB more, and no more."""
        files = {path: path.read_bytes() for path in folder.iterdir()}
        used = sum(map(len, files.values())) >> 20
        run('mount', '-t', 'tmpfs', '-o', f'size={used + room}m', 'tmpfs', folder)
        self.limited.append(folder)
        for path, content in files.items():
            path.write_bytes(content)

    def end(self):
        self.process.terminate()
        self.process.wait()
        for folder in self.limited:
            run('umount', '--lazy', folder)


class HostTest(ModelTest):
    platform, user = 'hv1', 'hyperv://HV1\\Administrator'

    def setUp(self):
        needs_peers(self)
        super().setUp()

    def make_peer(self):
        self.host = ModelHost(self.lab.enter)
        return self.host

    def add_with_the_fingerprint_that_was_shown(self):
        super().add_with_the_fingerprint_that_was_shown()
        self.assertEqual(self.host.order('refusals'), '1', 'a wrong password is tried once, as accounts get locked')


class Hosts(HostTest):
    def test_a_host_is_shown_followed_and_switched(self):
        lab, host = self.lab, self.host
        self.add_with_the_fingerprint_that_was_shown()
        shown = self.wait_state('connected')
        self.assertIn('Hyper-V on', shown['product'])
        machine = self.machine('web01')
        self.assertEqual((machine['observed'], machine['cpus'], machine['memory'], machine['host']), ('running', 1, 1 << 30, 'HV1'))
        self.assertEqual((machine['disks'][0]['size'], machine['disks'][0]['pool']), (8 << 30, 'D:\\'))
        self.assertEqual(sorted(lab.must('vm', 'list', '--platform', 'hv1', '--quiet').out.split()), ['hv1/web01', 'hv1/web02'])
        for noun in ('host', 'pool', 'network'):
            self.assertRegex(lab.must(noun, 'list', '--platform', 'hv1', '--quiet').out, 'hv1/')

        # What others do is seen, and what we do is done there.
        host.other('start', 'web02')
        self.wait_observed('web02', 'running')
        lab.must('vm', 'reset', 'hv1/web02')
        lab.must('vm', 'suspend', 'hv1/web02')
        self.assertEqual(host.order('state', 'web02'), '6')
        lab.must('vm', 'start', 'hv1/web02')
        self.wait_observed('web02', 'running')
        lab.must('vm', 'stop', 'hv1/web02', '--now')
        self.wait_observed('web02', 'off')
        lab.must('vm', 'stop', 'hv1/web01')
        self.wait_observed('web01', 'off')
        lab.must('vm', 'set', 'hv1/web02', '--cpus', '4', '--memory', '2GiB')
        self.assertEqual(int(host.show('Msvm_MemorySettingData', 'web02')['VirtualQuantity']), 2048)
        wait_for(lambda: self.machine('web02')['cpus'] == 4, SOON, 'its new size is seen')

        lab.must('vm', 'start', 'hv1/web01')
        lab.must('snapshot', 'create', 'hv1/web01', 'before', '--memory')
        wait_for(lambda: self.snapshots('web01') == ['before'], SOON, 'the snapshot is seen')
        lab.must('vm', 'stop', 'hv1/web01', '--now')
        lab.must('snapshot', 'restore', 'hv1/web01', 'before')
        self.wait_observed('web01', 'running')
        lab.must('snapshot', 'delete', 'hv1/web01', 'before')
        wait_for(lambda: self.snapshots('web01') == [], SOON, 'the snapshot is gone')
        host.order('machines', 3)
        wait_for(lambda: self.show()['vms'] == 5, SOON, 'new machines are seen')
        lab.must('vm', 'delete', 'hv1/web02')
        wait_for(lambda: self.show()['vms'] == 4, SOON, 'a machine is gone')
        self.assertNotIn('web02', host.order('files'))

    def test_a_server_that_is_away_or_another_is_told_and_nothing_secret_is_kept(self):
        lab, host = self.lab, self.host
        self.add_with_the_fingerprint_that_was_shown()
        self.wait_state('connected')
        # The server begins anew; what happened meanwhile is seen.
        host.order('stop')
        self.wait_state('trouble')
        self.assertIn('hv1', lab.refused('vm', 'stop', 'hv1/web01', '--now').err)
        host.order('remove', 'web02')
        host.order('start')
        self.wait_state('connected')
        wait_for(lambda: self.show()['vms'] == 1, SOON, 'what went meanwhile is gone')
        lab.must('vm', 'stop', 'hv1/web01', '--now')
        self.wait_observed('web01', 'off')

        # Somebody else's certificate, and who would be let in with a password is not told it.
        logins = host.order('logins')
        host.order('certificate-changes')
        wait_for(lambda: 'certificate' in self.show().get('problem', ''), SOON, 'another certificate is told')
        self.assertEqual(host.order('logins'), logins)

        lab.must('platform', 'remove', 'hv1')
        self.assertEqual(host.order('names'), 'web01', 'nothing there changes')
        files = [lab.log, *(path for path in lab.state.rglob('*') if path.is_file())]
        self.assertEqual([path for path in files if PASSWORD.encode() in path.read_bytes()], [])

    def test_what_does_not_go_is_refused_before(self):
        self.add_with_the_fingerprint_that_was_shown()
        self.wait_state('connected')
        self.assertIn('leave --warm out', self.lab.refused('vm', 'move', 'hv1/web01', '--to', 'here', '--warm').err)
        self.host.order('deny', 'on')
        self.wait_state('trouble')
        self.assertRegex(self.show()['problem'], '(?i)denied|may not|permission')


class HostMoves(Moves, HostTest):
    """Machines that leave a host, whose disks are read over SMB from a real Samba, and boot here."""
    hypervisor = 'qemu'

    def setUp(self):
        needs_samba(self)
        super().setUp()
        self.samba = Samba(self.lab)
        self.addCleanup(self.samba.end)
        self.host.order('volume', 'D:', self.samba.volume)
        self.raw = make_disk(self.lab.folder / 'web01.raw', 512, 'this is web01', 256)
        self.host.order('size', 'web01', 512 << 20)
        self.add_with_the_fingerprint_that_was_shown()
        self.wait_state('connected')
        self.lab.must('vm', 'stop', 'hv1/web01', '--now')
        self.lab.must('vm', 'set', 'hv1/web01', '--memory', '256MiB')
        self.wait_observed('web01', 'off')
        self.file = self.samba.path(self.host.order('file', 'web01'))
        run('qemu-img', 'convert', '-O', 'vhdx', '-o', 'subformat=dynamic', self.raw, self.file)

    def rclones(self, how='http'):
        return run('pgrep', '-f', f'rclone serve {how} :smb:D', check=False).stdout.split()

    def files(self):
        return sorted(path.name for path in self.file.parent.iterdir())

    def assert_came(self):
        self.lab.wait_log('web01', 'this is web01')
        self.lab.must('vm', 'stop', 'web01', '--now')
        wait_for(lambda: self.lab.vm('web01')['observed'] == 'off', SOON, 'it is off')
        self.assert_same(self.disk_of('web01'), self.raw)
        self.assertEqual(self.machine('web01')['observed'], 'off')

    def test_a_machine_comes_and_boots(self):
        before = sha256_of(self.file)
        report = self.lab.must('vm', 'move-report', 'hv1/web01', '--to', 'here', '--format', 'json').json()
        self.assertIn('disks: Hyper-V IDE stays ide', report['kept'])
        self.lab.must('vm', 'move', 'hv1/web01', '--to', 'here', '--start')
        self.assert_came()
        self.assertEqual(sha256_of(self.file), before)
        self.assertEqual(self.lab.vm('web01')['uuid'], self.machine('web01')['uuid'])
        self.assertNotIn(PASSWORD, self.lab.log.read_text())

    def test_one_with_checkpoints_comes_as_it_is_now(self):
        self.host.order('add-snapshot', 'web01', 'before')
        wait_for(lambda: self.snapshots('web01') == ['before'], SOON, 'the checkpoint is seen')
        child = self.samba.path(self.host.order('file', 'web01'))
        run(TRUCE, 'image', 'create', '-f', 'vhdx', '--backing', self.file, child)
        changed = self.lab.folder / 'changed.raw'
        changed.write_bytes(self.raw.read_bytes())
        with changed.open('r+b') as disk:
            disk.seek(300 << 20)
            disk.write(os.urandom(1 << 20))
        nbd = self.lab.folder / 'child.sock'
        served = subprocess.Popen([TRUCE, 'image', 'serve', child, '--listen', f'unix:{nbd}', '--writable', '--allow-external', child.parent],
                                  stdout=subprocess.DEVNULL)
        wait_for(nbd.exists, SOON, 'the child can be written')
        run('qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'raw', changed, f'nbd:unix:{nbd}')
        served.terminate()
        served.wait()
        self.raw = changed
        self.lab.must('vm', 'move', 'hv1/web01', '--to', 'here', '--start')
        self.assert_came()

    def test_it_goes_on_when_the_daemon_was_gone_and_one_that_is_called_off_leaves_nothing(self):
        task = self.begin('hv1/web01', '--to', 'here')
        wait_for(self.rclones, SOON, 'the disk is being read')
        self.lab.must('task', 'cancel', task)
        self.assertIn(self.wait_end(task)['state'], ('cancelled', 'succeeded'))
        wait_for(lambda: not self.rclones(), SOON, 'nobody reads any more')
        if 'web01' in self.lab.vms():
            self.lab.must('vm', 'delete', 'web01')
            wait_for(lambda: 'web01' not in self.lab.vms(), SOON, 'it is gone')
        task = self.begin('hv1/web01', '--to', 'here', '--start')
        wait_for(self.rclones, SOON, 'the disk is being read')
        self.lab.kill()
        wait_for(lambda: not self.rclones(), SOON, 'what was started ends with the daemon')
        self.lab.start()
        self.assertEqual(self.wait_end(task)['state'], 'succeeded')
        self.assert_came()

    def go(self, name, *more):
        return ('vm', 'move', name, '--to', 'hv1', '--network', 'Switch 1', '--pool', 'D:\\', *more)

    def test_a_machine_goes_there_and_comes_back(self):
        self.lab.must('vm', 'move', 'hv1/web01', '--to', 'here', '--new-name', 'web1')
        report = self.lab.must('vm', 'move-report', 'web1', '--to', 'hv1', '--network', 'Switch 1', '--format', 'json').json()
        self.assertIn('firmware: bios, as generation 1', report['kept'])
        self.lab.must(*self.go('web1', '--keep-source=false', '--start'))
        wait_for(lambda: 'web1' not in self.lab.vms(), SOON, 'what was moved is gone here')
        wait_for(lambda: self.lab.truce('vm', 'show', 'hv1/web1').code == 0, SOON, 'it is seen there')
        self.wait_observed('web1', 'running')
        there = self.machine('web1')
        self.assertEqual((there['memory'], there['uuid']), (256 << 20, self.machine('web01')['uuid']))
        self.assertEqual([nic['mac'] for nic in there['nics']], [nic['mac'] for nic in self.machine('web01')['nics']])
        came = self.samba.path(self.host.order('file', 'web1'))
        run('qemu-img', 'check', '-q', came)
        self.assert_same(came, self.raw)
        self.assertLess(came.stat().st_size, self.raw.stat().st_size, 'what is empty does not go')
        self.lab.must('vm', 'stop', 'hv1/web1', '--now')
        self.wait_observed('web1', 'off')
        self.lab.must('vm', 'delete', 'hv1/web01')
        self.lab.must('vm', 'move', 'hv1/web1', '--to', 'here', '--new-name', 'web01', '--start')
        self.lab.wait_log('web01', 'this is web01')
        self.assertNotIn(PASSWORD, self.lab.log.read_text())

    def test_one_with_uefi_and_many_disks_goes_as_generation_2(self):
        self.lab.must('vm', 'create', 'big', '--memory', '256MiB', '--firmware', 'uefi', '--network', 'default', '--disk', '64MiB')
        self.lab.must('disk', 'create', 'big', '--size', '96MiB')
        self.lab.must(*self.go('big'))
        wait_for(lambda: self.lab.truce('vm', 'show', 'hv1/big').code == 0, SOON, 'it is seen there')
        there = self.machine('big')
        self.assertEqual((there['observed'], there['foreign']['firmware'], [disk['size'] for disk in there['disks']]), ('off', 'uefi', [64 << 20, 96 << 20]))
        self.lab.must('vm', 'delete', 'hv1/big')
        wait_for(lambda: self.files() == [self.file.name], SOON, 'its disks are gone with it')

    def test_going_there_is_begun_anew_after_a_crash_and_leaves_nothing_when_it_is_called_off(self):
        self.lab.must('vm', 'move', 'hv1/web01', '--to', 'here', '--new-name', 'web1')
        task = self.begin(*self.go('web1')[2:])
        wait_for(lambda: self.rclones('webdav'), SOON, 'the disk is being sent')
        self.lab.must('task', 'cancel', task)
        if self.wait_end(task)['state'] == 'cancelled':
            wait_for(lambda: self.files() == [self.file.name], SOON, 'nothing is left there')
            self.assertNotIn('web1', self.host.order('names'))
        else:
            self.lab.must('vm', 'delete', 'hv1/web1')
        task = self.begin(*self.go('web1', '--start')[2:])
        wait_for(lambda: self.rclones('webdav'), SOON, 'the disk is being sent')
        self.lab.kill()
        wait_for(lambda: not self.rclones('webdav'), SOON, 'what was started ends with the daemon')
        self.assertIn(f'web1 ({task})', self.host.order('names'))
        self.lab.start()
        self.assertEqual(self.wait_end(task)['state'], 'succeeded')
        self.assert_same(self.samba.path(self.host.order('file', 'web1')), self.raw)
        self.assertEqual(len(self.files()), 2)

    def test_a_volume_that_is_full_is_told_and_it_goes_on_when_there_is_room(self):
        self.lab.must('vm', 'move', 'hv1/web01', '--to', 'here', '--new-name', 'web1')
        self.samba.limit(self.file.parent, 100)
        task = self.begin(*self.go('web1')[2:])
        wait_for(lambda: 'disk was full' in json.dumps(self.task(task)), SOON, 'it is told')
        run('mount', '-o', 'remount,size=2g', self.file.parent)
        self.assertEqual(self.wait_end(task)['state'], 'succeeded')
        self.assert_same(self.samba.path(self.host.order('file', 'web1')), self.raw)
        self.assertEqual(len(self.files()), 2)

    def test_disks_that_cannot_be_had_are_told_before_anything_is_lost(self):
        self.file.unlink()
        task = self.begin('hv1/web01', '--to', 'here')
        shown = self.wait_end(task)
        self.assertEqual(shown['state'], 'failed')
        self.assertIn('D$', shown['error'])
        self.assertNotIn(PASSWORD, shown['error'])
        wait_for(lambda: 'web01' not in self.lab.vms(), SOON, 'nothing of it is here')


if __name__ == '__main__':
    unittest.main()

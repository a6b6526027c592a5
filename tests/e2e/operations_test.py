"""What an administrator does: host checks, logs with the id of a request, backup and restore, reload, support bundle."""
import json
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
import unittest
from pathlib import Path

from lab import SOON, FreeLabTest, LabTest, run, wait_for

REQUEST = r'r-[0-9a-f]{16}'
SECRETS = {
    'user-data': 'cloud-init-secret-1', 'answers': 'answer-file-secret-2', 'label': 'label-secret-3', 'log': 'log-secret-4',
    'qemu': 'qemu-log-secret-5', 'configuration': 'configuration-secret-6', 'argument': 'exec-argument-secret-7',
}


def machines_have_kvm():
    """Whether KVM is there for a user that is not root: open to all, or to a group."""
    try:
        status = os.stat('/dev/kvm')
    except OSError:
        return False
    return status.st_mode & 0o006 == 0o006 or (status.st_mode & 0o060 == 0o060 and status.st_gid != 0)


class Checks(LabTest):
    def test_every_row_says_what_was_found_and_what_to_do_where_something_lacks(self):
        answer = self.lab.truce('host', 'check', '--format', 'json')
        checks = answer.json()
        self.assertEqual(checks['host'], 'here')
        rows = {row['name']: row for row in checks['items']}
        self.assertLessEqual({'qemu', 'kvm', 'nested', 'iommu', 'cgroups', 'seccomp', 'landlock', 'namespaces', 'apparmor', 'userns', 'tun', 'bridge',
                              'nf_tables', 'vhost', 'space', 'memory', 'time', 'huge-pages', 'ksm', 'tpm', 'uefi'}, set(rows))
        for row in rows.values():
            self.assertIn(row['state'], ('ok', 'warning', 'missing'))
            self.assertTrue(row['found'] and row['meaning'], row)
            self.assertTrue(row['state'] == 'ok' or row.get('advice') or row['name'] == 'qemu', row)
        self.assertEqual(rows['kvm']['state'] == 'ok', machines_have_kvm(), rows['kvm'])
        for name in ('tun', 'bridge', 'nf_tables', 'dnsmasq', 'nftables'):
            self.assertEqual(rows[name]['state'], 'ok', 'the networks of this lab work')
        self.assertEqual(rows['qemu']['state'], 'ok')
        self.assertEqual(answer.code, 1 if any(row['state'] == 'missing' for row in rows.values()) else 0)
        table = self.lab.truce('host', 'check', 'here')
        self.assertRegex(table.out, r'(?m)^qemu +ok +QEMU emulator version')
        self.assertEqual(table.code, answer.code)

    def test_what_machines_cannot_do_without_makes_the_status_1(self):
        # A host of another name is not there; a disk that is full is missing room.
        self.assertIn("no host 'elsewhere'", self.lab.refused('host', 'check', 'elsewhere').err)

    def test_a_viewer_may_look_and_nobody_may_not(self):
        token = self.lab.api('POST', '/v1/tokens', {'name': 'eva', 'role': 'viewer'}).json()['token']
        self.assertEqual(self.lab.https('GET', '/v1/hosts/here/checks', token=token).status, 200)
        self.assertEqual(self.lab.https('GET', '/v1/hosts/here/checks').status, 401)
        for method, path in (('GET', '/v1/support'), ('POST', '/v1/server/backup'), ('POST', '/v1/server/reload')):
            self.assertEqual(self.lab.https(method, path, token=token).status, 403, path)


class FullHost(FreeLabTest):
    def test_a_full_disk_is_missing_room_and_the_status_is_1(self):
        lab = self.new_lab(hypervisor='qemu')
        lab.state.mkdir(mode=0o711)
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64M,mode=711', 'truce-e2e', lab.state]).returncode != 0:
            self.skipTest('skipped, because a tmpfs cannot be mounted here')
        self.addCleanup(run, 'umount', '-l', lab.state)
        lab.start()
        answer = lab.refused('host', 'check')
        self.assertRegex(answer.out, r'(?m)^space +missing +\d+MiB of 64MiB free')
        self.assertRegex(answer.out, r'(?m)^space: .*paused.*\n  do: delete')
        self.assertIn('space', lab.refused('host', 'check', '--quiet').out.split())
        lab.close()


class Requests(LabTest):
    recipes = ('tiny',)
    options = ('--log-format', 'json', '--log-level', 'debug')

    def entries(self):
        return [json.loads(line) for line in self.lab.log.read_text().splitlines() if line.startswith('{')]

    def test_one_id_goes_from_the_client_to_task_events_log_and_qemu(self):
        lab = self.lab
        lab.must('vm', 'create', 'web', '--template', 'tiny', '--memory', '128MiB')
        lab.wait_observed('web', 'off')
        reply = lab.api('POST', '/v1/vms/web/start', headers={'X-Request-Id': 'ticket-4711'})
        self.assertEqual(reply.headers['x-request-id'], 'ticket-4711')
        task = reply.json()['name']
        lab.must('task', 'wait', task)
        self.assertRegex(lab.must('task', 'show', task).out, r'(?m)^request +ticket-4711$')
        mine = [e for e in lab.events('vms/web') if e.get('request') == 'ticket-4711']
        self.assertEqual([e['kind'] for e in mine], ['api.start_vm', 'vm.start.succeeded'])
        logged = [e['msg'] for e in self.entries() if e.get('request') == 'ticket-4711']
        self.assertTrue(any('POST /v1/vms/web/start' in line and '202' in line for line in logged), logged)
        self.assertIn('machine web: start', logged)
        begin = (lab.run / 'vms' / lab.vm('web')['uuid'] / 'qemu.log').read_text().splitlines()[0]
        self.assertRegex(begin, r'^# \S+Z truce \S+ request ticket-4711: qemu-system-x86_64 .*-uuid ')

    def test_the_cli_gives_each_command_an_id_of_its_own_and_a_bad_one_is_replaced(self):
        lab = self.lab
        for name in ('a', 'b'):
            lab.must('vm', 'create', name, '--template', 'tiny', '--memory', '128MiB')
        ids = {task['request'] for task in lab.tasks() if task['target'] in ('vms/a', 'vms/b')}
        self.assertEqual(len(ids), 2)
        for one in ids:
            self.assertRegex(one, f'^{REQUEST}$')
        for bad in ('', 'x' * 65, 'a b', 'a"b', 'ä'):
            got = lab.api('GET', '/v1/vms', headers={'X-Request-Id': bad.encode()}).headers['x-request-id']
            self.assertRegex(got, f'^{REQUEST}$', bad)

    def test_every_line_of_the_log_is_an_object_with_time_and_level(self):
        lines = self.lab.log.read_text().splitlines()
        self.assertGreater(len(lines), 3)
        for line in lines:
            entry = json.loads(line)
            self.assertRegex(entry['time'], r'^\d{4}-\d\d-\d\dT[\d:.]+Z$')
            self.assertIn(entry['level'], ('debug', 'info', 'warning', 'error', 'critical'))

    def test_the_log_of_a_machine_that_ended_is_kept_in_its_folder(self):
        lab = self.lab
        lab.new_tiny('gone', ready=False)
        uuid = lab.vm('gone')['uuid']
        os.kill(lab.qemu_pid('gone'), signal.SIGKILL)
        lab.wait_observed('gone', 'off')
        self.assertIn('qemu-system-x86_64', (lab.state / 'pool/vms' / uuid / 'qemu.log').read_text())


class Configuration(FreeLabTest):
    def test_a_reload_says_what_was_applied_and_what_waits_and_a_wrong_file_changes_nothing(self):
        lab = self.new_lab('--config', '/dev/null', hypervisor='fake')
        file, log = lab.folder / 'truced.conf', lab.folder / 'own.log'
        lab.options[lab.options.index('/dev/null')] = str(file)
        file.write_text(f'log-file = "{log}"\nlog-format = "logfmt"\n')
        lab.start()
        self.assertRegex(log.read_text(), r'(?m)^time=\S+Z level=info msg="truced .* is ready')
        file.write_text(f'log-file = "{log}"\nlog-format = "json"\ntask-history = 7\nsubnet = "10.99.0.0/24"\n')
        told = lab.must('server', 'reload', '--format', 'json').json()
        self.assertEqual(told, {'applied': ['log-format', 'task-history'], 'needs_restart': ['subnet']})
        self.assertIn('"request":"r-', log.read_text())
        self.assertEqual(lab.must('server', 'reload', '--format', 'json').json(), {'applied': [], 'needs_restart': ['subnet']})

        file.write_text('log-format = "hieroglyphs"\ntask-history = 9\n')
        self.assertIn('hieroglyphs', lab.refused('server', 'reload').err)
        self.assertIsNone(lab.daemon.poll())

        file.write_text(f'log-file = "{log}"\ntask-history = 7\n')
        lab.daemon.send_signal(signal.SIGHUP)
        wait_for(lambda: 'configuration read again; applied: log-format' in log.read_text(), SOON, 'SIGHUP is heard')
        lab.close()

    def test_a_rotated_log_is_let_go_and_no_line_is_lost(self):
        lab = self.new_lab(hypervisor='fake')
        log = lab.folder / 'own.log'
        lab.options += ['--log-file', log]
        lab.start()
        rules = lab.folder / 'rotate'
        rules.write_text(f'{log} {{\n  rotate 3\n  missingok\n  postrotate\n    kill -HUP {lab.daemon.pid}\n  endscript\n}}\n')
        lab.must('vm', 'create', 'before', '--memory', '64MiB', '--disk', '8MiB')
        run('logrotate', '--force', '--state', lab.folder / 'rotate.state', rules)
        wait_for(log.exists, SOON, 'a new file')
        lab.must('vm', 'create', 'after', '--memory', '64MiB', '--disk', '8MiB')
        old = Path(f'{log}.1').read_text()
        self.assertIn('vms/before', old)
        self.assertNotIn('vms/after', old)
        self.assertIn('vms/after', log.read_text())
        lab.close()


class Backups(FreeLabTest):
    def restored(self, lab, file):
        return run(*lab.command(), '--restore', file, check=False)

    def make(self, lab, *names):
        for name in names:
            lab.must('token', 'create', name, '--role', 'viewer')

    def names(self, lab):
        return lab.must('token', 'list', '--quiet').out.split()

    def test_a_backup_is_made_while_all_runs_and_put_back_with_the_old_store_kept(self):
        lab = self.new_lab(hypervisor='fake').start()
        self.make(lab, 'early')
        backup = lab.folder / 'backup.db'
        lab.must('server', 'backup', backup)
        self.assertEqual(backup.stat().st_mode & 0o777, 0o600)
        self.assertIn('api.backup_server', [e['kind'] for e in lab.events('server')])
        self.make(lab, 'late')
        self.assertIn('is in use by', self.restored(lab, backup).stderr, 'a running daemon keeps its store')
        self.assertEqual(self.names(lab), ['early', 'late'])
        lab.stop()
        done = self.restored(lab, backup)
        self.assertEqual(done.returncode, 0, done.stderr)
        kept = Path(re.search(r'is now (\S+)', done.stdout).group(1))
        self.assertTrue(kept.exists())
        lab.start()
        self.assertEqual(self.names(lab), ['early'])
        lab.stop()
        self.assertEqual(self.restored(lab, kept).returncode, 0, 'and what was there can be had again')
        lab.start()
        self.assertEqual(self.names(lab), ['early', 'late'])
        lab.close()

    def test_what_is_damaged_newer_or_no_backup_is_refused_and_the_store_stays(self):
        lab = self.new_lab(hypervisor='fake').start()
        self.make(lab, *(f'token{n}' for n in range(10)))
        backup = lab.folder / 'backup.db'
        lab.must('server', 'backup', backup)
        lab.stop()
        whole = backup.read_bytes()
        cut, empty, text, flipped, newer = (lab.folder / name for name in ('cut', 'empty', 'text', 'flipped', 'newer'))
        cut.write_bytes(whole[:len(whole) // 2])
        empty.write_bytes(b'')
        text.write_text('no store\n' * 1000)
        flipped.write_bytes(whole.replace(b'token5', b'tokex5'))
        newer.write_bytes(whole)
        base = sqlite3.connect(newer)
        tables = [row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        seal = next(t for t in tables if 'version' in [c[1] for c in base.execute(f'PRAGMA table_info({t})')])
        base.execute(f'UPDATE {seal} SET version = 99')
        base.commit()
        base.close()
        for file in (cut, empty, text, flipped, newer, lab.folder / 'absent'):
            with self.subTest(file.name):
                done = self.restored(lab, file)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(str(file), done.stderr)
        left = [p.name for p in (lab.state / 'store').iterdir() if 'restoring' in p.name or 'before' in p.name]
        self.assertEqual(left, [])
        lab.start()
        self.assertEqual(len(self.names(lab)), 10)
        lab.close()

    def test_kill_9_in_a_backup_or_a_restore_loses_nothing(self):
        lab = self.new_lab(hypervisor='fake').start()
        self.make(lab, *(f'token{n}' for n in range(5)))
        backup = lab.folder / 'backup.db'
        lab.must('server', 'backup', backup)
        for delay in (0, 0.01, 0.03):
            thread = threading.Thread(target=lambda: lab.truce('server', 'backup', lab.folder / 'unfinished.db', timeout=30))
            thread.start()
            time.sleep(delay)
            lab.kill()
            thread.join()
            lab.start()
            self.assertEqual(len(self.names(lab)), 5)
            self.assertEqual([p.name for p in (lab.state / 'store').iterdir() if p.name.startswith('.backup')], [])
        lab.stop()
        for delay in (0, 0.005, 0.01, 0.02, 0.03, 0.05):
            process = subprocess.Popen([*lab.command(), '--restore', backup], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(delay)
            process.kill()
            process.wait()
        self.assertEqual(self.restored(lab, backup).returncode, 0, 'done again it ends')
        lab.start()
        self.assertEqual(len(self.names(lab)), 5)
        lab.close()


class Support(FreeLabTest):
    def test_a_bundle_holds_what_helps_and_none_of_the_secrets_that_were_planted(self):
        lab = self.new_lab(recipes=['tiny'])
        own_log = lab.folder / 'own.log'
        file = lab.folder / 'truced.conf'
        file.write_text(f'# password = {SECRETS["configuration"]}\nlog-file = "{own_log}"\n')
        lab.options += ['--config', file]
        lab.start()
        lab.make_template('tiny')
        (lab.folder / 'user-data').write_text(f'#cloud-config\npassword: {SECRETS["user-data"]}\n')
        (lab.folder / 'answers').write_text(f'd-i passwd/root-password password {SECRETS["answers"]}\n')
        lab.must('vm', 'create', 'web', '--template', 'tiny', '--memory', '128MiB', '--cloud-init', lab.folder / 'user-data',
                 '--labels', f'admin-password={SECRETS["label"]}', '--start')
        run('xorriso', '-as', 'mkisofs', '-quiet', '-o', lab.folder / 'cd.iso', lab.recipes)
        lab.must('template', 'create', 'cd', '--file', lab.folder / 'cd.iso')
        lab.must('vm', 'create', 'made', '--iso', 'cd', '--disk', '8MiB', '--memory', '128MiB', '--answer-file',
                 lab.folder / 'answers', '--answer-kind', 'preseed')
        lab.truce('vm', 'exec', 'web', '--timeout', '1', '--', 'login', '--password', SECRETS['argument'])
        token = lab.api('POST', '/v1/tokens', {'name': 'ci', 'role': 'admin'}).json()['token']
        lab.bookkeep()
        lab.truce('vm', 'list', env={'TRUCE_TOKEN': token})
        with open(own_log, 'a') as log:
            log.write(f'somebody wrote Authorization: Bearer {SECRETS["log"]} and {token} here\n')
            log.write((lab.state / 'server.key').read_text())
        with open(lab.run / 'vms' / lab.vm('web')['uuid'] / 'qemu.log', 'a') as log:
            log.write(f'-object secret,id=x,data={SECRETS["qemu"]} "passphrase": "{SECRETS["qemu"]}"\n')

        bundle = lab.folder / 'fault.tar.zst'
        lab.must('support', 'bundle', '-o', bundle)
        self.assertEqual(bundle.stat().st_mode & 0o777, 0o600)
        folder = lab.folder / 'unpacked'
        folder.mkdir()
        run('tar', '--zstd', '-xf', bundle, '-C', folder)
        texts = {str(p.relative_to(folder / 'truce-support')): p.read_text(errors='replace')
                 for p in folder.rglob('*') if p.is_file()}
        uuid = lab.vm('web')['uuid']
        for name, words in (('README.txt', 'Secrets were taken out'), ('versions.txt', 'truced 0.'), ('vms.jsonl', '"web"'),
                            ('tasks.jsonl', 'vm.create'), ('events.jsonl', 'api.create_token'), ('tokens.jsonl', '"ci"'),
                            ('hosts/here/checks.jsonl', '"qemu"'), ('hosts/here/truced.conf', 'log-file = '),
                            ('hosts/here/truced.log', 'machine web: start'), ('hosts/here/host/os-release', 'Debian'),
                            (f'hosts/here/machines/{uuid}/qemu.log', 'qemu-system-x86_64 ')):
            self.assertIn(words, texts.get(name, ''), f'{name} of {sorted(texts)}')
        key = (lab.state / 'server.key').read_text().splitlines()[1]
        for what, secret in {**SECRETS, 'token': token, 'TLS key': key}.items():
            for name, text in texts.items():
                self.assertNotIn(secret, text, f'{what} in {name}')
        for name, text in texts.items():
            self.assertNotIn('PRIVATE KEY', text, name)
        self.assertIn('api.get_support_bundle', [e['kind'] for e in lab.events('server')])
        lab.close()


if __name__ == '__main__':
    unittest.main()

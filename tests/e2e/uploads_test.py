"""Images that are sent to the daemon and fetched from it, by the CLI, with interruptions of all kinds."""
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import unittest

from lab import BOOT, SOON, TRUCE, FreeLabTest, LabTest, run, sha256_of, wait_for

MIB = 1 << 20
LARGE = 96 * MIB
HELLO = 'serial --unit=0\nterminal_output serial\necho grub-says-hello\nwhile true; do sleep 60; done\n'


def make_iso(folder, name, size=0):
    """A CD, and disk, that boots and says so; `size` bytes of it cannot be packed."""
    tree = folder / f'{name}-tree'
    (tree / 'boot/grub').mkdir(parents=True)
    (tree / 'boot/grub/grub.cfg').write_text(HELLO)
    (tree / 'content').write_bytes(os.urandom(size))
    iso = folder / f'{name}.iso'
    run('grub-mkrescue', '-o', iso, tree)
    return iso


class Proxy:
    """Stands before the daemon, and cuts a connection that has carried so many bytes; some times."""

    def __init__(self, path, target, limit, cuts):
        self.target, self.limit, self.cuts = str(target), limit, cuts
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.target)
                carried = [0]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self.carry, args=(*pair, carried), daemon=True).start()

    def carry(self, source, target, carried):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                carried[0] += len(data)
                if self.cuts > 0 and carried[0] > self.limit:
                    self.cuts -= 1
                    break
                target.sendall(data)
        for side in (source, target):  # the other direction ends as well
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()


def uploads(lab):
    return lab.api('GET', '/v1/uploads').json()['items']


def begin(lab, size, sha256='', template='sent'):
    def begun():  # a host that has just come has not told of its pool yet
        reply = lab.api('POST', '/v1/uploads', {'template': template, 'size': size, 'sha256': sha256})
        return reply if reply.status != 503 else None
    reply = wait_for(begun, SOON, 'an upload can begin')
    assert reply.status == 201, reply
    return reply.json()['name']


def put(lab, name, offset, piece):
    return lab.api('PUT', f'/v1/uploads/{name}/content?offset={offset}', piece,
                   {'Content-Type': 'application/octet-stream'})


def finish(lab, name):
    task = lab.api('POST', f'/v1/uploads/{name}/finish').json()['name']
    return lab.api('GET', f'/v1/tasks/{task}?wait=60').json()


class Sender:
    """The CLI as it sends a file."""

    def __init__(self, lab, name, file):
        self.lab = lab
        self.process = subprocess.Popen([str(TRUCE), 'template', 'upload', name, str(file)], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=lab.environment())

    def wait_sent(self, least=1):
        return wait_for(lambda: any(u['received'] >= least for u in uploads(self.lab)), SOON, 'a part has arrived')

    def end(self):
        out, err = self.process.communicate(timeout=300)
        return self.process.returncode, out, err


class UploadLab(LabTest):
    @classmethod
    def setUpClass(cls):
        for program in ('grub-mkrescue', 'xorriso', 'qemu-img'):
            if not shutil.which(program):
                raise unittest.SkipTest(f'skipped, because {program} is not installed')
        super().setUpClass()
        try:
            cls.small = make_iso(cls.lab.folder, 'small')
            cls.large = make_iso(cls.lab.folder, 'large', LARGE)
        except BaseException:
            cls.lab.tear_down()
            raise

    def setUp(self):
        super().setUp()
        self.addCleanup(self.delete_uploads)

    def delete_uploads(self):
        for upload in uploads(self.lab):
            self.lab.truce('upload', 'delete', upload['name'])

    def fetch(self, name, env=None):
        target = self.lab.folder / f'fetched-{name}'
        answer = self.lab.must('template', 'download', name, '--output', target, env=env)
        self.addCleanup(target.unlink)
        self.assertEqual([p.name for p in self.lab.folder.iterdir() if p.suffix == '.part'], [])
        return target, answer

    def stored(self):
        folder = self.lab.state / 'pool/uploads'
        return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


class Uploads(UploadLab):
    def test_an_iso_is_sent_boots_and_comes_back_as_it_was(self):
        lab = self.lab
        lab.must('template', 'upload', 'cd', self.small, '--description', 'says hello')
        template = lab.api('GET', '/v1/templates/cd').json()
        self.assertEqual((template['kind'], template['description']), ('iso', 'says hello'))
        self.assertEqual((uploads(lab), wait_for(lambda: not self.stored(), SOON, 'its file is gone')), ([], True))
        lab.must('vm', 'create', 'fromcd', '--iso', 'cd', '--disk', '16MiB', '--memory', '64MiB', '--start')
        lab.wait_log('fromcd', 'grub-says-hello', BOOT)
        fetched, _ = self.fetch('cd')
        self.assertEqual(sha256_of(fetched), sha256_of(self.small))
        kinds = [event['kind'] for event in lab.api('GET', '/v1/events?limit=1000').json()['items']
                 if event['target'].startswith('uploads/')]
        self.assertTrue({'api.create_upload', 'api.finish_upload'} <= set(kinds), kinds)

    def test_disks_of_other_formats_become_qcow2_with_the_same_content_and_boot(self):
        for name in ('vmdk', 'vhdx', 'qcow2'):
            with self.subTest(name):
                disk = self.lab.folder / f'disk.{name}'
                run('qemu-img', 'convert', '-f', 'raw', '-O', name, self.small, disk)
                self.lab.must('template', 'upload', name, disk)
                fetched, _ = self.fetch(name)
                self.lab.must('image', 'compare', disk, fetched)
                self.assertEqual(self.lab.must('image', 'info', fetched, '--format', 'json').json()['format'], 'qcow2')
        self.lab.must('vm', 'create', 'fromdisk', '--template', 'vmdk', '--memory', '64MiB', '--start')
        self.lab.wait_log('fromdisk', 'grub-says-hello', BOOT)

    def test_a_kill_of_the_daemon_costs_nothing_that_had_arrived(self):
        lab = self.lab
        sender = Sender(lab, 'killed', self.large)
        sender.wait_sent(8 * MIB)
        lab.kill()
        lab.start()
        promised = uploads(lab)[0]
        self.assertGreaterEqual(promised['received'], 8 * MIB)
        file = lab.state / 'pool/uploads' / promised['name']
        self.assertGreaterEqual(file.stat().st_size, promised['received'])
        code, _, err = sender.end()
        self.assertEqual(code, 0, err)
        self.assertIn('trying again', err)
        fetched, _ = self.fetch('killed')
        self.assertEqual(sha256_of(fetched), sha256_of(self.large))

    def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(self):
        lab = self.lab
        sender = Sender(lab, 'stopped', self.large)
        sender.wait_sent(4 * MIB)
        sender.process.send_signal(signal.SIGINT)
        code, _, err = sender.end()
        self.assertEqual(code, 1, err)
        upload = uploads(lab)[0]
        self.assertIn('give the same command again', err)
        self.assertIn(f'truce upload delete {upload["name"]}', err)
        answer = lab.must('template', 'upload', 'stopped', self.large)
        self.assertIn('going on at', answer.err)
        fetched, _ = self.fetch('stopped')
        self.assertEqual(sha256_of(fetched), sha256_of(self.large))

    def test_broken_connections_are_made_anew_both_ways(self):
        lab = self.lab
        there = lab.folder / 'proxy'
        proxy = Proxy(there, lab.socket, 20 * MIB, 3)
        self.addCleanup(proxy.close)
        env = {'TRUCE_URL': f'unix:{there}'}
        lab.must('template', 'upload', 'broken', self.large, env=env)
        self.assertEqual(proxy.cuts, 0)
        proxy.cuts = 3
        fetched, answer = self.fetch('broken', env)
        self.assertEqual(proxy.cuts, 0)
        self.assertIn('trying again', answer.err)
        self.assertEqual(sha256_of(fetched), sha256_of(self.large))

    def test_two_uploads_at_once_do_not_mix(self):
        senders = [Sender(self.lab, f'two-{i}', file) for i, file in enumerate((self.small, self.large))]
        for sender in senders:
            code, _, err = sender.end()
            self.assertEqual(code, 0, err)
        for i, file in enumerate((self.small, self.large)):
            self.assertEqual(sha256_of(self.fetch(f'two-{i}')[0]), sha256_of(file))

    def test_a_piece_at_another_place_is_refused_with_the_right_one(self):
        name = begin(self.lab, 10)
        self.assertEqual(put(self.lab, name, 0, b'0123').json()['received'], 4)
        for offset in (0, 3, 5):
            reply = put(self.lab, name, offset, b'45')
            self.assertEqual(reply.status, 409, reply)
            self.assertIn('begins at offset 4', reply.json()['detail'])
        self.assertEqual(put(self.lab, name, 4, b'4567890').status, 400)
        self.assertEqual(self.lab.api('POST', f'/v1/uploads/{name}/finish').status, 409)
        self.assertEqual((self.lab.state / 'pool/uploads' / name).read_bytes(), b'0123')

    def test_content_that_is_not_what_was_said_becomes_no_template(self):
        data = self.small.read_bytes()
        name = begin(self.lab, len(data), hashlib.sha256(b'other').hexdigest())
        for at in range(0, len(data), 4 * MIB):
            self.assertEqual(put(self.lab, name, at, data[at:at + 4 * MIB]).status, 200)
        task = finish(self.lab, name)
        self.assertEqual(task['state'], 'failed')
        self.assertIn(hashlib.sha256(data).hexdigest(), task['error'])
        self.assertIn('SHA-256', self.lab.must('upload', 'show', name).out)
        self.assertEqual(self.lab.api('GET', '/v1/templates/sent').status, 404)

    def test_images_that_refer_to_files_of_the_host_or_are_none_are_refused(self):
        lab = self.lab
        evil, cut, text = (lab.folder / f for f in ('evil.qcow2', 'cut.qcow2', 'text'))
        run('qemu-img', 'create', '-f', 'qcow2', '-b', '/etc/passwd', '-F', 'raw', evil)
        run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', self.small, cut)
        os.truncate(cut, 70000)
        text.write_text('not an image\n' * 100)
        for file in (evil, cut, text):
            with self.subTest(file.name):
                answer = lab.refused('template', 'upload', 'bad', file)
                self.assertEqual(answer.err.count('root:'), 0)
                problem = next(u['problem'] for u in uploads(lab))
                self.assertTrue(problem)
                self.assertIn(problem, answer.err)
                lab.must('upload', 'delete', uploads(lab)[0]['name'])
        self.assertEqual(lab.api('GET', '/v1/templates/bad').status, 404)
        wait_for(lambda: not self.stored(), SOON, 'the files are gone')

    def test_roles_and_heads_and_ranges_over_https(self):
        lab = self.lab
        tokens = {role: lab.must('token', 'create', f'up-{role}', '--role', role, '--format', 'json').json()['token']
                  for role in ('admin', 'operator', 'viewer')}
        for role in tokens:
            self.addCleanup(lab.truce, 'token', 'delete', f'up-{role}')
        remote = {'TRUCE_URL': 'https://127.0.0.1:7443', 'TRUCE_TOKEN': tokens['admin']}
        seen = lab.must('server', 'show', '--format', 'json').json()['fingerprint']
        lab.must('login', remote['TRUCE_URL'], '--fingerprint', seen, '--token', tokens['admin'], inside=True,
                 env={'TRUCE_URL': ''})
        lab.must('template', 'upload', 'remote', self.small, inside=True, env=remote)
        for role in ('operator', 'viewer'):
            answer = lab.refused('template', 'upload', 'x', self.small, inside=True,
                                 env={**remote, 'TRUCE_TOKEN': tokens[role]})
            self.assertIn('needs admin', answer.err)
        path, size = '/v1/templates/remote@1/content', self.small.stat().st_size
        self.assertEqual(lab.https('GET', path, token=tokens['viewer']).status, 403)
        head = lab.https('HEAD', path, token=tokens['operator'])
        self.assertEqual((head.status, head.headers['content-length'], head.headers['accept-ranges']),
                         (200, str(size), 'bytes'))
        self.assertEqual(head.headers['etag'], f'"{sha256_of(self.small)}"')
        self.assertIn('remote@1.iso', head.headers['content-disposition'])
        data = self.small.read_bytes()
        for field, status, content in (('bytes=0-9', 206, data[:10]), (f'bytes={size - 5}-', 206, data[-5:]),
                                       ('bytes=-7', 206, data[-7:]), ('bytes=5-1', 200, data),
                                       ('bytes=1-2,4-5', 200, data)):
            reply = lab.https('GET', path, token=tokens['operator'], headers={'Range': field})
            self.assertEqual((reply.status, reply.body == content), (status, True), field)
        behind = lab.https('GET', path, token=tokens['operator'], headers={'Range': f'bytes={size}-'})
        self.assertEqual((behind.status, behind.headers['content-range']), (416, f'bytes */{size}'))

    def test_the_quota_of_the_pool_is_asked_before_anything_is_sent(self):
        lab = self.lab
        used = lab.api('GET', '/v1/pools/default').json()['used']
        lab.must('pool', 'set', 'default', '--quota', f'{used + LARGE}')
        self.addCleanup(lab.must, 'pool', 'set', 'default', '--quota', '0')
        wait_for(lambda: lab.api('GET', '/v1/pools/default').json()['free'] <= LARGE, 60, 'the quota holds')
        answer = lab.refused('template', 'upload', 'big', self.large)
        self.assertIn('too full', answer.err)
        self.assertEqual(uploads(lab), [])


class Limits(FreeLabTest):
    def test_an_upload_that_nobody_goes_on_with_is_removed_and_an_event_tells(self):
        lab = self.new_lab('--upload-expiry', '4').start()
        name = begin(lab, 10)
        self.assertEqual(put(lab, name, 0, b'0123').status, 200)
        file = lab.state / 'pool/uploads' / name
        self.assertTrue(file.exists())
        lab.kill()
        lab.start()
        wait_for(lambda: not uploads(lab) and not file.exists(), SOON, 'it is removed')
        self.assertIn('upload.expired', [event['kind'] for event in lab.events(f'uploads/{name}')])
        self.assertEqual(put(lab, name, 4, b'4').status, 404)

    def test_a_disk_that_becomes_full_costs_a_piece_and_no_more(self):
        lab = self.new_lab()
        lab.state.mkdir()
        mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=120M,mode=711', 'truce-e2e', str(lab.state)],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f'skipped, because a tmpfs cannot be mounted here: {mounted.stderr.strip()}')
        self.addCleanup(run, 'umount', '-l', lab.state)
        self.addCleanup(lab.tear_down)
        lab.start()
        piece = os.urandom(4 * MIB)
        name = begin(lab, 12 * MIB)
        self.assertEqual(put(lab, name, 0, piece).status, 200)
        filler = lab.state / 'filler'
        with contextlib.suppress(OSError), open(filler, 'wb') as out:
            while True:
                out.write(bytes(MIB))
                out.flush()
        with open(filler, 'r+b') as out:  # the store goes on
            out.truncate(filler.stat().st_size - 2 * MIB)
        reply = put(lab, name, 4 * MIB, piece)
        self.assertEqual(reply.status, 429, reply)
        self.assertIn('no room', reply.json()['detail'])
        self.assertEqual(uploads(lab)[0]['received'], 4 * MIB)
        filler.unlink()
        self.assertEqual(put(lab, name, 4 * MIB, piece).json()['received'], 8 * MIB)
        self.assertEqual((lab.state / 'pool/uploads' / name).read_bytes(), piece * 2)

    def test_a_user_has_only_so_many_uploads(self):
        lab = self.new_lab().start()
        for _ in range(8):
            begin(lab, 1)
        reply = lab.api('POST', '/v1/uploads', {'template': 'a', 'size': 1})
        self.assertEqual(reply.status, 429)
        self.assertIn('truce upload list', reply.json()['detail'])


if __name__ == '__main__':
    unittest.main()

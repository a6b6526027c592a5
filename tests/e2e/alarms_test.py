"""Alarms, told by HTTP and SMTP to servers that are not ours."""
import asyncio
import contextlib
import email
import email.policy
import email.utils
import http.server
import json
import re
import socket
import ssl
import struct
import threading
import time
import unittest
import warnings

from lab import SOON, FreeLabTest, LabTest, run, wait_for

try:
    from aiosmtpd.smtp import SMTP, AuthResult
except ImportError:
    SMTP = None

SECRET = 'T0AB-secret-of-the-hook'
PASSWORD = 'word-of-the-mail-server'


class Hook:
    """A web server in the lab's namespace that keeps the documents it is posted. It answers `status`."""

    def __init__(self, lab, status=200, address='127.0.0.1', port=0, tls=None):
        self.status, self.documents, self.headers, self.asked = status, [], [], 0
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                hook.asked += 1
                if hook.status == 200:
                    hook.documents.append(json.loads(body))
                    hook.headers.append(dict(self.headers))
                self.send_response(hook.status)
                if hook.status == 302:
                    self.send_header('Location', '/elsewhere')
                self.end_headers()

            def log_message(self, *_):
                pass

        with lab.in_namespace():
            self.server = http.server.ThreadingHTTPServer((address, port), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        scheme = 'https' if tls else 'http'
        self.url = f'{scheme}://{address}:{self.port}/hooks/{SECRET}?room=ops'
        self.shown = f'{scheme}://{address}:{self.port}/…'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def wait(self, count, limit=SOON):
        wait_for(lambda: len(self.documents) >= count, limit, f'{count} documents at {self.shown}')
        return self.documents


class MailServer:
    """aiosmtpd in the lab's namespace."""

    def __init__(self, lab, address='127.0.0.1', **options):
        self.mails, self.signed_in = [], []
        with lab.in_namespace():
            self.socket = socket.create_server((address, 0))
        self.url = f'smtp://{address}:{self.socket.getsockname()[1]}'
        self.loop = asyncio.new_event_loop()
        if options.get('auth_required'):
            options['authenticator'] = self.sign_in
        self.options = options
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        asyncio.set_event_loop(self.loop)
        warnings.simplefilter('ignore', UserWarning)  # signing in without TLS is what is tried here
        server = self.loop.run_until_complete(self.loop.create_server(
            lambda: SMTP(self, hostname='mail.example.com', loop=self.loop, **self.options), sock=self.socket))
        self.loop.run_forever()
        server.close()
        self.loop.run_until_complete(server.wait_closed())
        self.loop.close()

    def sign_in(self, _server, _session, _envelope, _mechanism, auth):
        given = (auth.login.decode(), auth.password.decode())
        self.signed_in.append(given)
        return AuthResult(success=given == ('truce', PASSWORD), handled=False)

    async def handle_DATA(self, _server, _session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, mail))
        return '250 OK'

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(SOON)


class Node:
    """The node of another host, as far as the manager can tell."""

    def __init__(self, lab, host):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(lab.run / 'node.sock'))
        self.send({'hello': {'host': host}})
        self.send({'report': {'host': {'name': host, 'state': 'online', 'cpus': 1, 'memory': 1 << 30,
                                       'hypervisor': 'fake 1', 'accelerator': 'fake'}}})
        wait_for(lambda: lab.api('GET', f'/v1/hosts/{host}').status == 200, SOON, f'{host} has come')

    def send(self, message):
        data = json.dumps(message).encode()
        self.socket.sendall(struct.pack('>I', len(data)) + data)

    def close(self):
        self.socket.close()


class AlarmsTest(FreeLabTest):
    def alarm_lab(self, *options):
        return self.new_lab(*options, hypervisor='fake').start()

    def hook(self, lab, *options, **more):
        hook = Hook(lab, *options, **more)
        self.addCleanup(hook.close)
        return hook

    def mail_server(self, lab, **options):
        if SMTP is None:
            self.skipTest('skipped, because python3-aiosmtpd is not installed')
        server = MailServer(lab, **options)
        self.addCleanup(server.close)
        return server

    @staticmethod
    def create_gone(lab, *receivers):
        lab.must('alarm', 'create', 'gone', '--subject', 'host', '--state', 'offline', '--severity', 'critical', '--for-seconds', '0',
                 '--description', 'Rack 7 – ask Jörg', *receivers)


class Told(AlarmsTest):
    def test_a_host_that_goes_and_comes_back_is_told_by_web_and_by_mail(self):
        lab = self.new_lab(hypervisor='fake')
        mails = self.mail_server(lab, auth_required=True, auth_require_tls=False)
        (lab.folder / 'password').write_text(PASSWORD + '\n')
        lab.options += ['--smtp-server', mails.url, '--smtp-from', 'truce@example.com', '--smtp-user', 'truce',
                        '--smtp-password-file', lab.folder / 'password', '--log-level', 'debug']
        lab.start()
        hook = self.hook(lab)
        self.create_gone(lab, '--webhook', hook.url, '--mail', 'ops@example.org', '--mail', 'eva@example.net')
        node = Node(lab, 'h2')
        began = time.time()
        node.close()
        raised = hook.wait(1)[0]
        self.assertLess(time.time() - began, 15, 'within seconds')
        self.assertEqual((raised['alarm'], raised['severity'], raised['state'], raised['target'], raised['count'], raised['condition']),
                         ('gone', 'critical', 'raised', 'hosts/h2', 1, 'offline'))
        self.assertEqual(raised['text'], '[CRITICAL] gone: hosts/h2 (offline)')
        self.assertEqual(raised['description'], 'Rack 7 – ask Jörg')
        self.assertEqual(raised['server'], 'https://127.0.0.1:7443')
        self.assertEqual(hook.headers[0]['Content-Type'], 'application/json')
        wait_for(lambda: len(mails.mails) == 2, SOON, 'both have a mail')
        self.assertEqual({tuple(to) for _, to, _ in mails.mails}, {('ops@example.org',), ('eva@example.net',)})
        self.assertEqual(set(mails.signed_in), {('truce', PASSWORD)})
        sender, to, mail = mails.mails[0]
        self.assertEqual((sender, mail['Subject']), ('truce@example.com', '[CRITICAL] gone: hosts/h2'))
        self.assertEqual((mail['From'].addresses[0].addr_spec, mail['To'].addresses[0].addr_spec), ('truce@example.com', to[0]))
        self.assertAlmostEqual(email.utils.parsedate_to_datetime(str(mail['Date'])).timestamp(), time.time(), delta=60)
        self.assertIn(raised['id'], mail['Message-ID'])
        self.assertEqual(mail.defects, [])
        text = mail.get_content().replace('\r\n', '\n')
        self.assertIn('About:      Rack 7 – ask Jörg\n', text)
        self.assertRegex(text, r'(?m)^hosts/h2 since \d{4}-')
        shown = lab.must('alarm', 'show', 'gone', '--format', 'json').json()
        self.assertEqual([one['target'] for one in shown['raised']], ['hosts/h2'])
        node = Node(lab, 'h2')
        cleared = hook.wait(2)[1]
        self.assertEqual((cleared['state'], cleared['text']), ('cleared', '[OK] gone: hosts/h2'))
        wait_for(lambda: len(mails.mails) == 4, SOON, 'both have another mail')
        self.assertEqual({mail['Subject'] for *_, mail in mails.mails[2:]}, {'[OK] gone: hosts/h2'})
        kinds = [event['kind'] for event in lab.events('hosts/h2')]
        self.assertEqual((kinds.count('alarm.raised'), kinds.count('alarm.cleared')), (1, 1))
        self.assertNotIn(PASSWORD, lab.log.read_text())
        node.close()
        lab.close()

    def test_who_is_down_is_told_when_up_again_and_holds_up_nobody(self):
        lab = self.alarm_lab()
        up, down = self.hook(lab), self.hook(lab, status=503)
        with lab.in_namespace():
            silent = socket.create_server(('127.0.0.1', 0))  # takes connections, and never answers
        self.addCleanup(silent.close)
        self.create_gone(lab, '--webhook', f'http://127.0.0.1:{silent.getsockname()[1]}/', '--webhook', down.url, '--webhook', up.url)
        Node(lab, 'h2').close()
        up.wait(1, 15)
        wait_for(lambda: down.asked >= 2, SOON, 'it is tried again')
        self.assertEqual(down.documents, [])
        down.status = 200
        self.assertEqual(down.wait(1, 60)[0]['id'], up.documents[0]['id'])
        time.sleep(3)
        self.assertEqual((len(up.documents), len(down.documents)), (1, 1))

    def test_a_kill_between_the_alarm_and_its_message_loses_nothing_and_tells_nobody_twice(self):
        lab = self.alarm_lab()
        up, down = self.hook(lab), self.hook(lab, status=500)
        self.create_gone(lab, '--webhook', down.url, '--webhook', up.url)
        Node(lab, 'h2').close()
        up.wait(1)
        wait_for(lambda: down.asked >= 1, SOON, 'one has refused it')
        lab.kill()
        down.status = 200
        lab.start()
        self.assertEqual(down.wait(1)[0]['id'], up.documents[0]['id'])
        # Nothing at all was told when the daemon is killed as soon as the alarm is raised.
        up.status = down.status = 500  # the message is gathered for a moment, but a slow machine may have ended that
        Node(lab, 'h3').close()
        wait_for(lambda: lab.api('GET', '/v1/alarms/gone').json()['raised_count'] == 2, SOON + 30, 'it is raised for h3')
        lab.kill()
        up.status = down.status = 200
        lab.start()
        self.assertEqual(up.wait(2)[1]['target'], 'hosts/h3')
        self.assertEqual(down.wait(2)[1]['target'], 'hosts/h3')
        # Both hosts are still gone once they have had the time to come: that is known already.
        time.sleep(35)
        self.assertEqual((len(up.documents), len(down.documents)), (2, 2))
        nodes = [Node(lab, 'h2'), Node(lab, 'h3')]
        targets = {target['target'] for document in up.wait(3)[2:] for target in document['targets']}
        self.assertIn('hosts/h2', targets)
        for node in nodes:
            node.close()


class Refused(AlarmsTest):
    def errors(self, lab):
        answer = lab.must('alarm', 'test', 'gone', '--format', 'json').json()
        return [item.get('error', '') for item in answer['items']]

    def test_a_test_says_what_became_of_each(self):
        lab = self.alarm_lab()
        good, moved, broken = self.hook(lab), self.hook(lab, status=302), self.hook(lab, status=404)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(lab.state / 'server.crt', lab.state / 'server.key')
        unknown = self.hook(lab, tls=context)
        with lab.in_namespace(), socket.create_server(('127.0.0.1', 0)) as closed:
            nobody = f'http://127.0.0.1:{closed.getsockname()[1]}/{SECRET}'
        urls = [good.url, moved.url, broken.url, unknown.url, nobody]
        self.create_gone(lab, *(word for url in urls for word in ('--webhook', url)))
        errors = self.errors(lab)
        self.assertEqual(errors[0], '')
        self.assertEqual(good.documents[0]['state'], 'test')
        self.assertRegex(errors[1], '302.*not followed')
        self.assertEqual((moved.asked, errors[2]), (1, 'answered 404'))
        self.assertRegex(errors[3], '(?i)certificate')
        self.assertEqual(unknown.documents, [])
        self.assertRegex(errors[4], 'refused|connect')
        table = lab.must('alarm', 'test', 'gone').out
        self.assertIn(good.shown, table)
        self.assertNotIn(SECRET, table + str(errors))

    def test_a_password_is_given_to_no_mail_server_without_tls_that_can_be_trusted(self):
        lab = self.new_lab(hypervisor='fake')
        lab.inside('ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo')  # not this machine, as far as names tell
        plain = self.mail_server(lab, address='192.0.2.1', auth_required=True, auth_require_tls=False)
        (lab.folder / 'password').write_text(PASSWORD)
        options, lab.options = lab.options, [*lab.options, '--smtp-server', plain.url, '--smtp-from', 'truce@example.com',
                                             '--smtp-user', 'truce', '--smtp-password-file', lab.folder / 'password']
        lab.start()
        self.create_gone(lab, '--mail', 'ops@example.org')
        self.assertRegex(self.errors(lab)[0], '(?i)tls|ssl')
        lab.stop()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(lab.state / 'server.crt', lab.state / 'server.key')
        unknown = self.mail_server(lab, address='192.0.2.1', auth_required=True, tls_context=context)
        lab.options[lab.options.index(plain.url)] = unknown.url
        lab.start()
        self.assertRegex(self.errors(lab)[0], '(?i)certificate')
        self.assertEqual((plain.signed_in, unknown.signed_in, plain.mails, unknown.mails), ([], [], [], []))
        lab.stop()
        lab.options = options
        lab.start()
        self.assertIn('smtp-server', self.errors(lab)[0])
        self.assertIn('smtp-server', lab.refused('alarm', 'set', 'gone', '--mail', 'eva@example.net').err)

    def test_truced_does_not_start_with_mail_settings_that_cannot_work(self):
        lab = self.new_lab(hypervisor='fake')
        for options, text in ((('--smtp-server', 'mail.example.com'), 'smtp-server'),
                              (('--smtp-server', 'smtp://me:word@mail.example.com'), 'smtp-user'),
                              (('--smtp-server', 'smtp://mail.example.com'), 'smtp-from'),
                              (('--smtp-server', 'smtp://mail.example.com', '--smtp-from', 'a@b', '--smtp-user', 'x'), 'smtp-password-file')):
            done = run(*lab.command(), *options, check=False, timeout=SOON)
            self.assertEqual(done.returncode, 1)
            self.assertIn(text, done.stderr)


class Busy(LabTest):
    recipes = ('tiny',)

    def cpu(self, name):
        used = self.lab.api('GET', '/v1/usage').json().get('items', [])
        return next((each['cpu_percent'] for each in used if each['name'] == name), 0)

    def busy_cpu(self, name):
        """What a guest gets that takes all it can, which is little where the host is crowded: of a whole round."""
        self.lab.must('vm', 'exec', name, '--', 'sh', '-c', 'while :; do :; done >/dev/null 2>&1 </dev/null & echo $! >/tmp/pid')
        time.sleep(25)
        return self.cpu(name)

    def test_a_guest_that_is_busy_is_told_with_what_it_uses_and_its_calm_too(self):
        lab = self.lab
        hook = Hook(lab)
        self.addCleanup(hook.close)
        for name, options in (('web01', ('--labels', 'tier=web')), ('other', ())):
            lab.new_tiny(name, *options)
            lab.wait_agent(name)
        limit = min(self.busy_cpu(name) for name in ('other', 'web01')) / 3
        self.assertGreater(limit, 0.5)
        lab.must('alarm', 'create', 'busy', '--subject', 'vm', '--metric', 'cpu', '--above', f'{limit:.2f}', '--for-seconds', '5',
                 '--label', 'tier=web', '--webhook', hook.url)
        self.addCleanup(lab.truce, 'alarm', 'delete', 'busy')
        raised = hook.wait(1, 120)[0]
        self.assertEqual((raised['state'], raised['target'], raised['metric']), ('raised', 'vms/web01', 'cpu'))
        self.assertRegex(raised['condition'], r'^cpu above [\d.]+ for 5 seconds$')
        self.assertGreater(raised['value'], limit)
        self.assertEqual([event['kind'] for event in lab.events('vms/other') if 'alarm' in event['kind']], [])
        lab.must('vm', 'exec', 'web01', '--', 'sh', '-c', 'kill $(cat /tmp/pid)')
        cleared = hook.wait(2, 120)[1]
        self.assertEqual((cleared['state'], cleared['target']), ('cleared', 'vms/web01'))


class Secrets(LabTest):
    hypervisor = 'fake'
    options = ('--log-level', 'debug')

    def test_of_a_webhook_everybody_sees_the_host_only(self):
        lab = self.lab
        hook = Hook(lab, status=500)
        self.addCleanup(hook.close)
        viewer = lab.must('token', 'create', 'eva', '--role', 'viewer', '--format', 'json').json()['token']
        limited = lab.must('token', 'create', 'tom', '--role', 'viewer', '--projects', 'shop', '--format', 'json').json()['token']
        seen = []
        with lab.connect('127.0.0.1', 7443) as plain:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.load_verify_locations(lab.state / 'server.crt')
            with context.wrap_socket(plain) as sock:
                sock.sendall(f'GET /v1/watch HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {viewer}\r\n\r\n'.encode())
                lab.must('alarm', 'create', 'gone', '--subject', 'host', '--state', 'offline', '--for-seconds', '0', '--webhook', hook.url)
                Node(lab, 'h2').close()
                wait_for(lambda: hook.asked > 1, SOON, 'it was tried')
                lab.must('alarm', 'set', 'gone', '--webhook', hook.shown, '--webhook', f'https://other.example.com/{SECRET}')
                sock.settimeout(2)
                with contextlib.suppress(TimeoutError):
                    while data := sock.recv(1 << 16):
                        seen.append(data.decode())
        seen += [lab.https('GET', f'/v1/{path}', token=viewer).body.decode() for path in
                 ('alarms', 'alarms/gone', 'events?limit=1000', 'alarms?watch=false')]
        seen += [lab.must('alarm', verb, *words).out for verb, *words in (('list',), ('show', 'gone'), ('test', 'gone'))]
        seen.append(lab.log.read_text())
        bundle = lab.folder / 'bundle'
        bundle.mkdir()
        (lab.folder / 'bundle.tar.zst').write_bytes(lab.api('GET', '/v1/support').body)
        run('tar', '--zstd', '-xf', lab.folder / 'bundle.tar.zst', '-C', bundle)
        seen += [path.read_text(errors='replace') for path in bundle.rglob('*') if path.is_file()]
        text = '\n'.join(seen)
        self.assertIn(hook.shown, text)
        self.assertIn('https://other.example.com/…', text)
        self.assertNotIn(SECRET, text)
        self.assertIn(SECRET, (lab.state / 'store/truce.db').read_bytes().decode(errors='replace')
                      + (lab.state / 'store/truce.db-wal').read_bytes().decode(errors='replace'))
        self.assertEqual(lab.https('GET', '/v1/alarms', token=limited).json()['items'], [], 'they name machines of other projects')
        self.assertEqual(lab.https('GET', '/v1/alarms/gone', token=limited).status, 404)
        for method, path in (('POST', '/v1/alarms'), ('PATCH', '/v1/alarms/gone'), ('DELETE', '/v1/alarms/gone'), ('POST', '/v1/alarms/gone/test')):
            self.assertEqual(lab.https(method, path, {}, token=viewer).status, 403, path)

    def tearDown(self):
        self.lab.truce('alarm', 'delete', 'gone')

    def test_the_commands_say_what_an_alarm_is_and_what_is_wrong_with_it(self):
        lab = self.lab
        names = [line.split()[0] for line in lab.must('alarm', 'list').out.splitlines()[1:]]
        self.assertEqual(names, ['host-offline', 'pool-full', 'vm-problem', 'vm-unknown'])
        lab.must('alarm', 'create', 'busy', '--subject', 'vm', '--metric', 'cpu', '--above', '90.5', '--for-seconds', '300', '--label', 'tier=web')
        self.assertRegex(lab.must('alarm', 'list').out, r'(?m)^busy +warning +vm +cpu +90.5 ')
        lab.must('alarm', 'set', 'busy', '--below', '5', '--disabled')
        shown = lab.must('alarm', 'show', 'busy', '--format', 'json').json()
        self.assertEqual((shown['below'], shown['disabled'], shown.get('above')), (5, True, None))
        for words, text in ((('--subject', 'vm'), 'metric'), (('--subject', 'vm', '--metric', 'used_percent', '--above', '5'), 'cpu'),
                            (('--subject', 'host', '--state', 'running'), 'offline'),
                            (('--subject', 'host', '--state', 'offline', '--webhook', 'nonsense'), 'https://'),
                            (('--subject', 'host', '--state', 'offline', '--mail', 'ops'), 'NAME@DOMAIN')):
            self.assertIn(text, lab.refused('alarm', 'create', 'wrong', *words).err)
        self.assertTrue(re.search('threshold', lab.must('alarm', 'create', '--help').out))
        lab.must('alarm', 'delete', 'busy')
        self.assertIn('tells nobody', lab.refused('alarm', 'test', 'pool-full').err)


if __name__ == '__main__':
    unittest.main()

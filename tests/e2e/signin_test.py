"""Signing in over HTTPS: the first run, sessions, second factors, limits, and what is told to nobody."""
import base64
import concurrent.futures
import hashlib
import hmac
import http.client
import itertools
import re
import socket
import ssl
import struct
import threading
import time
from pathlib import Path

from lab import PORT, SOON, TRUCE, FreeLabTest, Terminal, run, wait_for

PASSWORD, NEW_PASSWORD = 'correct horse battery', 'staple battery horse'
HOST = f'truce.test:{PORT}'


def code_of(secret, at=None):
    """The code of RFC 6238 at a time; our own, not truced's."""
    counter = struct.pack('>Q', int((at or time.time()) // 30))
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f'{(struct.unpack(">I", digest[start:start + 4])[0] & 0x7fffffff) % 1000000:06}'


class Browser:
    """Keeps its cookie and sends what a page of the site's own sends. `source` is where it calls from."""

    def __init__(self, lab, source='127.0.0.1'):
        self.lab, self.source, self.cookie, self.csrf = lab, source, '', ''

    def socket(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.lab.state / 'server.crt')
        with self.lab.in_namespace():
            sock = socket.socket()
        sock.settimeout(60)
        sock.bind((self.source, 0))
        sock.connect(('127.0.0.1', PORT))
        return context.wrap_socket(sock)

    def headers(self, more=None):
        sent = {'Host': HOST, 'Origin': f'https://{HOST}', 'User-Agent': 'E2E/1.0', 'Cookie': self.cookie,
                'X-Truce-Csrf': self.csrf, **(more or {})}
        return {name: value for name, value in sent.items() if value}

    def ask(self, method, path, body=None, more=None):
        connection = http.client.HTTPConnection('127.0.0.1', PORT)
        connection.sock = self.socket()
        return self.lab.ask(connection, method, path, body, self.headers(more))

    def sign_in(self, user, password=PASSWORD, code='', more=None):
        reply = self.ask('POST', '/v1/session', {'user': user, 'password': password, 'code': code}, more)
        if reply.status == 200:
            self.cookie, self.csrf = reply.headers['set-cookie'].split(';')[0], reply.json()['csrf']
        return reply

    def who(self):
        return self.ask('GET', '/v1').json()['user']

    def open(self, path, more=None):
        """The answer to a GET as it comes."""
        with self.socket() as sock:
            head = ''.join(f'{name}: {value}\r\n' for name, value in self.headers(more).items())
            sock.sendall(f'GET {path} HTTP/1.1\r\n{head}\r\n'.encode())
            answer = http.client.HTTPResponse(sock)
            answer.begin()
            return answer


def until(answer, event):
    """The data of the first such event of a watch; None when it ends before."""
    lines = (line.decode().rstrip('\n') for line in iter(answer.readline, b''))
    for line in lines:
        if line == f'event: {event}':
            return next(line for line in lines if line.startswith('data: '))
    return None


class SignIn(FreeLabTest):
    def begin(self, *options, users=(('eva', 'operator'),), hypervisor='fake'):
        lab = self.new_lab(*options, hypervisor=hypervisor).start()
        for name, role in users:
            lab.must('user', 'create', name, '--role', role, '--password-file', '-', input=PASSWORD + '\n')
        return lab

    def assert_problem(self, reply, status, field=None):
        self.assertEqual((reply.status, reply.json().get('field')), (status, field), reply)

    def test_the_printed_code_makes_the_first_administrator_and_nobody_after(self):
        lab = self.new_lab(hypervisor='fake').start()
        browser = Browser(lab)
        self.assertTrue(browser.ask('GET', '/v1').json()['first_run'])
        code, = re.findall(r'one-time secret=(\S+)', lab.log.read_text())
        path = lab.state / 'first-run-code'
        self.assertEqual((path.read_text(), path.stat().st_mode & 0o777), (code + '\n', 0o600))
        lab.kill()
        lab.start()
        self.assertNotEqual(path.read_text(), code + '\n', 'each start has a code of its own')
        first = {'code': code, 'name': 'boss', 'password': PASSWORD}
        self.assert_problem(browser.ask('POST', '/v1/first-user', first), 403, '/code')
        first['code'] = path.read_text().strip().lower().replace('-', ' ')
        self.assert_problem(browser.ask('POST', '/v1/first-user', {**first, 'password': 'boss'}), 400, '/password')
        replies = []
        threads = [threading.Thread(target=lambda name=name: replies.append(
            Browser(lab).ask('POST', '/v1/first-user', {**first, 'name': name}).status)) for name in ('boss', 'thief')]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(replies), [201, 409])
        users = lab.must('user', 'list', '--format', 'json').json()['items']
        self.assertEqual([user['role'] for user in users], ['admin'])
        self.assertFalse(path.exists())
        self.assertFalse(browser.ask('GET', '/v1').json()['first_run'])
        self.assert_problem(browser.ask('POST', '/v1/first-user', first), 409)
        self.assertEqual(browser.sign_in(users[0]['name']).status, 200)
        self.assertEqual(browser.ask('GET', '/v1/users').status, 200)
        lab.stop()
        lab.start()
        self.assertFalse(path.exists())

    def test_a_user_of_the_cli_ends_the_first_run_and_a_reload_gives_another_code(self):
        lab = self.new_lab('--config', '/dev/null', hypervisor='fake').start()
        path = lab.state / 'first-run-code'
        code = path.read_text()
        lab.must('server', 'reload')
        self.assertNotEqual(path.read_text(), code)
        with Terminal([str(TRUCE), 'user', 'create', 'eva', '--role', 'admin'], lab.environment()) as terminal:
            terminal.expect('New password: ')
            terminal.type(PASSWORD + '\n')
            terminal.expect('again: ')
            terminal.type(PASSWORD + '\n')
            terminal.expect('eva')
            self.assertEqual(terminal.status(), 0)
            self.assertNotIn(PASSWORD, terminal.seen)
        self.assertFalse(path.exists())
        self.assertEqual(Browser(lab).sign_in('eva').status, 200)
        with Terminal([str(TRUCE), 'user', 'create', 'max'], lab.environment()) as terminal:
            for answer in ('first password', 'other password'):
                terminal.expect(': ')
                terminal.type(answer + '\n')
            terminal.expect('not the same')
            self.assertEqual(terminal.status(), 2)
        self.assertIn('no terminal', lab.refused('user', 'create', 'max').err)
        self.assertIn('at least 12', lab.refused('user', 'create', 'max', '--password-file', '-', input='short\n').err)

    def test_the_cookie_is_for_this_host_and_no_script_and_changes_need_more_than_it(self):
        lab = self.begin()
        browser = Browser(lab)
        reply = browser.sign_in('eva')
        cookie, *flags = reply.headers['set-cookie'].split('; ')
        self.assertRegex(cookie, r'^__Host-truce=[0-9a-f]{16}\.[0-9a-f]{64}$')
        self.assertEqual(sorted(flags), ['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure'])
        self.assertEqual(reply.headers['cache-control'], 'no-store')
        vm = {'name': 'a', 'disk': 1 << 20}
        self.assertEqual(browser.ask('POST', '/v1/vms', vm, {'X-Truce-Csrf': ''}).status, 403)
        self.assertEqual(browser.ask('POST', '/v1/vms', vm, {'X-Truce-Csrf': '0' * 64}).status, 403)
        for origin in ('https://evil.test', 'null', f'http://{HOST}', f'https://truce.test:{PORT + 1}'):
            self.assertEqual(browser.ask('POST', '/v1/vms', vm, {'Origin': origin}).status, 403, origin)
        self.assertIsNone(lab.vm('a'))
        self.assertEqual(browser.ask('POST', '/v1/vms', vm).status, 202)
        unix = lab.api('GET', '/v1', None, {'Cookie': browser.cookie})
        self.assertEqual(unix.json()['user'], 'root')

    def test_consoles_are_for_pages_of_this_site_and_end_with_the_right_to_them(self):
        lab = self.begin(hypervisor='qemu')
        browser = Browser(lab)
        browser.sign_in('eva')
        lab.must('vm', 'create', 'a', '--disk', '1MiB', '--memory', '64MiB', '--start')
        upgrade = {'Connection': 'Upgrade', 'Upgrade': 'websocket', 'Sec-WebSocket-Version': '13',
                   'Sec-WebSocket-Key': base64.b64encode(b'0' * 16).decode()}

        def ticket():
            return browser.ask('POST', '/v1/vms/a/console', {'kind': 'serial'}).json()['path']

        def streams():
            return int(re.search(r'(?m)^truce_http_streams (\d+)', lab.api('GET', '/metrics').body.decode())[1])
        self.assertEqual(browser.ask('GET', ticket(), None, {**upgrade, 'Origin': 'https://evil.test'}).status, 403)
        console = browser.open(ticket(), upgrade)
        self.addCleanup(console.close)
        self.assertEqual(console.status, 101)
        time.sleep(7)  # longer than the next look at whether it is allowed
        self.assertEqual(streams(), 1)
        unused = ticket()
        lab.must('user', 'set', 'eva', '--disabled')
        self.assertEqual(browser.ask('GET', unused, None, upgrade).status, 403, 'whom it was issued to is gone')
        wait_for(lambda: streams() == 0, SOON, 'the open console is closed')

    def test_roles_and_projects_hold_and_change_at_once(self):
        lab = self.begin(users=(('vera', 'viewer'), ('otto', 'operator'), ('anna', 'admin')))
        people = {name: Browser(lab) for name in ('vera', 'otto', 'anna')}
        for name, browser in people.items():
            self.assertEqual(browser.sign_in(name).status, 200)
        rows = (('POST', '/v1/vms', {'name': 'a', 'disk': 1 << 20}, (403, 202, 409)),
                ('GET', '/v1/vms', None, (200, 200, 200)),
                ('GET', '/v1/users', None, (403, 403, 200)),
                ('POST', '/v1/server/reload', {}, (403, 403, 200)))
        for method, path, body, expected in rows:
            self.assertEqual(tuple(b.ask(method, path, body).status for b in people.values()), expected, path)
        lab.must('user', 'set', 'otto', '--role', 'viewer')
        self.assertEqual(people['otto'].ask('DELETE', '/v1/vms/a').status, 403)
        lab.must('user', 'set', 'anna', '--projects', 'shop')
        self.assertEqual(people['anna'].ask('GET', '/v1/vms/a').status, 404)

    def test_a_disabled_user_is_out_of_an_open_watch_too(self):
        lab = self.begin()
        browser = Browser(lab)
        browser.sign_in('eva')
        watch = browser.open('/v1/watch')
        self.addCleanup(watch.close)
        self.assertIsNotNone(until(watch, 'synced'))
        lab.must('user', 'set', 'eva', '--disabled')
        self.assertIn('sign in', until(watch, 'gone'))
        self.assertEqual(watch.read().strip(), b'', 'it ends there')
        self.assertEqual(browser.ask('GET', '/v1/vms').status, 401)
        self.assertEqual(browser.sign_in('eva').status, 401)
        lab.must('vm', 'create', 'a', '--disk', '1MiB')

    def test_failed_tries_are_slowed_down_for_their_address_only_and_not_for_good(self):
        lab = self.begin()
        here, there = Browser(lab, '127.0.0.2'), Browser(lab, '127.0.0.3')
        started = time.monotonic()
        tries = [here.sign_in('eva', 'wrong').status for _ in range(10)]
        self.assertEqual(tries, [401] * 10)
        refused = next(reply for reply in (here.sign_in('eva', 'wrong') for _ in itertools.count())
                       if reply.status == 429)
        wait = int(refused.headers['retry-after'])
        self.assertTrue(1 <= wait <= 10, refused)
        self.assertLess(time.monotonic() - started, 60, 'it came while we tried')
        self.assertEqual(there.sign_in('eva').status, 200, 'who is elsewhere is not locked out')
        time.sleep(wait)
        self.assertEqual(here.sign_in('eva').status, 200)
        kinds = [event['kind'] for event in lab.events('users/eva')]
        self.assertLessEqual(kinds.count('user.sign_in_failed'), 2, 'nobody fills the history')
        self.assertGreaterEqual(kinds.count('user.sign_in_failed'), 1)
        # Many at once, as a slow machine gives some of them free again meanwhile.
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda number: lab.https('POST', '/v1/session', {'user': f'nobody{number}', 'password': 'x'}).status, range(60)))
        self.assertIn(429, answers)
        self.assertLessEqual(set(answers), {401, 429})

    def test_a_second_factor_from_its_qr_code_to_its_loss(self):
        lab = self.begin()
        browser, other = Browser(lab), Browser(lab)
        browser.sign_in('eva')
        self.assert_problem(browser.ask('POST', '/v1/session/totp', {'password': 'wrong'}), 403, '/password')
        begun = browser.ask('POST', '/v1/session/totp', {'password': PASSWORD}).json()
        secret = begun['secret']
        self.assertIn(f'secret={secret}', begun['uri'])
        self.assertEqual(other.sign_in('eva').status, 200, 'it counts once it is confirmed')
        self.assert_problem(browser.ask('POST', '/v1/session/totp/confirm', {'code': '12345'}), 400, '/code')
        confirmed = browser.ask('POST', '/v1/session/totp/confirm', {'code': code_of(secret)})
        recovery = confirmed.json()['codes']
        self.assertEqual((confirmed.status, len(set(recovery))), (200, 10))
        self.assert_problem(other.sign_in('eva'), 401, '/code')
        self.assert_problem(other.sign_in('eva', 'wrong'), 401)
        code = code_of(secret, time.time() + 30)  # the one before has confirmed it
        self.assertEqual(other.sign_in('eva', code=code).status, 200)
        self.assert_problem(other.sign_in('eva', code=code), 401)
        lab.kill()
        lab.start()
        self.assert_problem(other.sign_in('eva', code=code), 401)
        self.assertEqual(other.sign_in('eva', code=recovery[0].lower()).status, 200)
        self.assert_problem(other.sign_in('eva', code=recovery[0]), 401)
        self.assertTrue(browser.ask('GET', '/v1').json()['totp'])
        lab.must('user', 'set', 'eva', '--totp=false')
        self.assertIn('only the user', lab.refused('user', 'set', 'eva', '--totp').err)
        self.assertEqual(other.sign_in('eva').status, 200)

    def test_sessions_outlive_kill_9_and_end_by_idleness_sign_out_and_a_new_password(self):
        lab = self.begin('--session-idle-minutes', '1', '--session-hours', '1')
        browser, other, idle = Browser(lab), Browser(lab), Browser(lab)
        for each in (browser, other, idle):
            self.assertEqual(each.sign_in('eva').status, 200)
        lab.kill()
        lab.start()
        self.assertEqual([each.who() for each in (browser, other, idle)], ['eva'] * 3)
        begun = time.monotonic()
        change = {'password': PASSWORD, 'new_password': NEW_PASSWORD}
        self.assertEqual(browser.ask('POST', '/v1/session/password', change).status, 204)
        self.assertEqual((browser.who(), other.who()), ('eva', ''))
        self.assertEqual(other.sign_in('eva').status, 401)
        for each in (other, idle):
            self.assertEqual(each.sign_in('eva', NEW_PASSWORD).status, 200)
        self.assertEqual(other.ask('DELETE', '/v1/session').status, 204)
        self.assertEqual(other.who(), '')
        watch = idle.open('/v1/watch')
        self.addCleanup(watch.close)
        while time.monotonic() - begun < 75:
            self.assertEqual(browser.who(), 'eva')
            time.sleep(5)
        self.assertEqual(idle.who(), '')
        self.assertEqual(Browser(lab).sign_in('eva', NEW_PASSWORD).status, 200, 'truced is up for longer than that')
        self.assertIsNotNone(until(watch, 'gone'), 'to watch is not to use')
        wait_for(lambda: len(lab.must('session', 'list', '--format', 'json').json()['items']) == 2, 60,
                 'what has ended is removed')

    def test_nothing_secret_is_told(self):
        lab = self.begin('--log-level', 'debug', users=(('eva', 'admin'),))
        browser = Browser(lab)
        browser.sign_in('eva')
        browser.sign_in('eva', 'horse of another colour')
        Browser(lab).sign_in('my password, by mistake', PASSWORD)
        secret = browser.ask('POST', '/v1/session/totp', {'password': PASSWORD}).json()['secret']
        codes = browser.ask('POST', '/v1/session/totp/confirm', {'code': code_of(secret)}).json()['codes']
        browser.ask('POST', '/v1/session/password', {'password': PASSWORD, 'new_password': NEW_PASSWORD})
        Browser(lab).sign_in('eva', NEW_PASSWORD, codes[0])
        secrets = [PASSWORD, NEW_PASSWORD, 'horse of another colour', 'by mistake', secret, browser.csrf,
                   browser.cookie.partition('.')[2], 'argon2', *codes,
                   *(hashlib.sha256(code.replace('-', '').encode()).hexdigest() for code in codes)]
        watch = browser.open('/v1/users?watch')
        self.addCleanup(watch.close)
        shown = [until(watch, 'put')]
        shown += [browser.ask('GET', path).body.decode() for path in (
            '/v1/users', '/v1/users/eva', '/v1/sessions', '/v1/events?limit=1000', '/v1/tasks')]
        shown.append(lab.log.read_text())
        lab.must('support', 'bundle', '-o', lab.folder / 'bundle.tar.zst')
        shown.append(run('tar', '--zstd', '-xOf', lab.folder / 'bundle.tar.zst').stdout)
        for text in shown:
            found = [word for word in secrets if word in text]
            self.assertEqual(found, [], text[:300])
        kinds = {event['kind'] for event in lab.events('users/eva')}
        self.assertLessEqual({'api.create_user', 'user.signed_in', 'user.sign_in_failed', 'api.change_password',
                              'api.begin_totp', 'api.confirm_totp'}, kinds)

    def test_a_flood_of_sign_ins_holds_nobody_up(self):
        lab = self.begin(users=(('eva', 'viewer'),))
        browser = Browser(lab)
        browser.sign_in('eva')
        statuses, stop = [], threading.Event()

        def flood(source):
            attacker = Browser(lab, source)
            for number in itertools.count():
                if stop.is_set():
                    return
                statuses.append(attacker.sign_in(f'u{source[-1]}{number}', 'x').status)

        threads = [threading.Thread(target=flood, args=(f'127.0.1.{n}',)) for n in range(1, 41)]
        for thread in threads:
            thread.start()
        slowest = 0
        for _ in range(20):
            started = time.monotonic()
            self.assertEqual(lab.api('GET', '/v1/vms').status, 200)
            slowest = max(slowest, time.monotonic() - started)
            time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertLessEqual(set(statuses), {401, 429, 503})
        self.assertIn(401, statuses)
        self.assertLess(slowest, 2, 'others are answered meanwhile')
        status = Path(f'/proc/{lab.daemon.pid}/status').read_text()
        resident = int(re.search(r'VmHWM:\s+(\d+)', status)[1])
        self.assertLess(resident, 400 * 1024, 'KiB, at its most')


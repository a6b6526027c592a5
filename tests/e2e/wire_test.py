"""The API over the wire: TLS, who may do what, what is not accepted, and the limits."""
import contextlib
import hashlib
import http.client
import itertools
import json
import re
import resource
import select
import socket
import ssl
import time
import unittest
import warnings

from lab import PORT, SOON, LabTest, Reply, UnixConnection, wait_for

MIB, LARGEST_BODY, HANDSHAKE_LIMIT = 1 << 20, 4 << 20, 10
CONNECTIONS, CONNECTIONS_PER_ADDRESS, STREAMS = 4096, 512, 1024
HEALTH = b'GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n'
URL, CHUNKED = f'https://127.0.0.1:{PORT}', 'Transfer-Encoding: chunked'
REMOTE = {'inside': True, 'env': {'TRUCE_URL': ''}}


def fingerprint(lab):
    der = ssl.PEM_cert_to_DER_cert((lab.state / 'server.crt').read_text())
    return hashlib.sha256(der).hexdigest()


def tcp(lab, source):
    with lab.in_namespace():
        sock = socket.socket()
    sock.settimeout(15)
    sock.bind((source, 0))
    sock.connect(('127.0.0.1', PORT))
    return sock


def tls(lab, source='127.0.0.1', version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(lab.state / 'server.crt')
    if version:
        context.set_ciphers('ALL:@SECLEVEL=0')  # else it is the client who refuses
        context.minimum_version = context.maximum_version = version
    return context.wrap_socket(tcp(lab, source))


def message(method, target, body=b'', *fields):
    """A request as its bytes: no library keeps it from being wrong."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f'{method} {target} HTTP/1.1', 'Host: here', 'Connection: close', *fields]
    if not any(field.startswith(('Content-Length', 'Transfer')) for field in fields):
        lines.append(f'Content-Length: {len(body)}')
    return '\r\n'.join([*lines, '', '']).encode('latin-1') + body


def say(lab, data, *options):
    """The answer to bytes that need not be HTTP."""
    with tls(lab, *options) as sock, http.client.HTTPResponse(sock) as answer:
        with contextlib.suppress(OSError):  # the answer may come before all is sent
            sock.sendall(data)
        answer.begin()
        return Reply(answer.status, answer.getheaders(), answer.read())


@contextlib.contextmanager
def watching(lab, kind, token):
    """What a watch of a list, or `watch` for all kinds, shows at first, and what it shows then, as (event, data)."""
    path = kind if kind == 'watch' else f'{kind}?watch'
    with tls(lab) as sock, http.client.HTTPResponse(sock) as answer:
        sock.sendall(message('GET', f'/v1/{path}', b'', f'Authorization: Bearer {token}'))
        answer.begin()
        sock.settimeout(3)
        fields = (line.decode().rstrip('\n').partition(': ') for line in answer)
        told = (value for name, _, value in fields if name in ('event', 'data'))
        events = ((kind, json.loads(data)) for kind, data in zip(told, told))
        yield list(itertools.takewhile(lambda event: event[0] != 'synced', events)), events


class WireTest(LabTest):
    """Has tokens of each role, and the machines `ours` (project shop) and `theirs` (default)."""
    options = ('--log-level', 'debug')
    kept = ('ours', 'theirs')

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tokens = []
        try:
            cls.admin, cls.operator, cls.viewer = (
                cls.new_token(role, '--role', role) for role in ('admin', 'operator', 'viewer'))
            cls.shopkeeper = cls.new_token('eva', '--role', 'operator', '--projects', 'shop')
            cls.lab.must('vm', 'create', 'ours', '--disk', '16MiB', '--project', 'shop')
            cls.lab.must('vm', 'create', 'theirs', '--disk', '16MiB')
            cls.lab.add_recipe('seed', '#!/bin/sh\necho \'{"kernel":"manifest.json"}\' '
                                       '>$1/manifest.json\n')
            cls.lab.make_template('seed')
            cls.openapi = cls.lab.https('GET', '/v1/openapi.json').json()
        except BaseException:
            cls.lab.tear_down()
            raise

    @classmethod
    def tearDownClass(cls):
        files = [cls.lab.log, *(path for path in cls.lab.state.rglob('*') if path.is_file())]
        leaks = [path for path in files for t in cls.tokens if t.encode() in path.read_bytes()]
        super().tearDownClass()
        if leaks:
            raise AssertionError(f'tokens are to be read in {leaks}')

    @classmethod
    def new_token(cls, name, *options):
        made = cls.lab.must('token', 'create', name, *options, '--format', 'json').json()
        cls.tokens.append(made['token'])
        return made['token']

    def routes(self, *permissions):
        """(method, path with names of things that exist) of all that needs a permission."""
        names = {'vms': 'theirs', 'templates': 'seed', 'networks': 'default', 'tokens': 'eva',
                 'tasks': self.lab.tasks()[0]['name'], 'pools': 'default', 'hosts': 'here', 'alarms': 'host-offline'}
        for path, methods in self.openapi['paths'].items():
            name = names.get(path.split('/')[2] if path.count('/') > 1 else '', 'x')
            for method, row in methods.items():
                if row['x-permission'] in permissions:
                    yield method.upper(), path.replace('{name}', name).replace('{vm}', 'theirs')

    def everything(self):
        kinds = ('vms', 'templates', 'uploads', 'networks', 'tokens', 'tasks', 'events')
        found = {k: self.lab.api('GET', f'/v1/{k}?limit=1000').json()['items'] for k in kinds}
        alarms = self.lab.api('GET', '/v1/alarms').json()['items']
        return {**found, 'alarms': [(alarm['name'], alarm['for_seconds']) for alarm in alarms]}  # they may be raised meanwhile

    def assert_problem(self, reply, status, field=None):
        self.assertEqual(reply.status, status, reply)
        self.assertEqual(reply.headers['content-type'], 'application/problem+json')
        document = reply.json()
        self.assertEqual((document['status'], document.get('field')), (status, field), document)
        self.assertTrue(document['title'] and document['detail'] and document['code'], document)

    def assert_refused(self, token, status, routes, least=1):
        """Each route refuses the token, and nothing comes of any."""
        before, routes = self.everything(), list(routes)
        self.assertGreaterEqual(len(routes), least)
        bodies = {'rename': {'new_name': 'stolen'}, 'exec': {'argv': ['true']}, 'snapshots': {'name': 'mine'}, 'disks': {'size': 1 << 20}, 'move': {'pool': 'default'},
                  'clone': {'new_name': 'mine'}}
        for method, path in routes:
            verb = path.rpartition('/')[2]
            moves = verb in ('move', 'move-report') and '/disks/' not in path
            body = {'to': 'here'} if moves else bodies.get(verb, {})
            with self.subTest(f'{method} {path}'):
                self.assert_problem(self.lab.https(method, path, body, token), status)
        self.assertEqual(self.everything(), before)


class Authentication(WireTest):
    def test_without_a_token_all_but_the_public_is_refused_with_401(self):
        self.assert_refused(None, 401, self.routes('view', 'operate', 'administer'), 30)
        self.assertEqual(self.lab.https('GET', '/v1/vms').headers['www-authenticate'], 'Bearer')

    def test_a_token_that_is_not_right_to_the_letter_is_refused_with_401(self):
        right, sha256 = self.admin, hashlib.sha256(self.admin.encode()).hexdigest()
        for value in ('Bearer', 'Bearer wrong', f'Bearer {right}x', f'Bearer {right[:-1]}', right,
                      f'Bearer {right.upper()}', f'Bearer {sha256}', f'Basic {right}'):
            reply = self.lab.https('GET', '/v1/vms', headers={'Authorization': value})
            self.assert_problem(reply, 401)

    def test_a_token_is_made_listed_and_withdrawn_by_the_cli(self):
        token = self.new_token('temp', '--role', 'operator', '--projects', 'shop')
        self.assertEqual(self.lab.https('GET', '/v1', token=token).json()['user'], 'temp')
        listed = self.lab.must('token', 'list', '--format', 'json').json()['items']
        mine = next(row for row in listed if row['name'] == 'temp')
        self.assertNotIn(token, str(listed))
        self.assertEqual((mine['role'], mine['projects'], mine['sha256']),
                         ('operator', ['shop'], hashlib.sha256(token.encode()).hexdigest()))
        self.lab.must('token', 'delete', 'temp')
        self.assert_problem(self.lab.https('GET', '/v1/vms', token=token), 401)

    def test_a_withdrawn_token_sees_no_more_on_a_watch_that_it_had_open(self):
        with watching(self.lab, 'vms', self.new_token('spy')) as (_, events):
            self.lab.must('token', 'delete', 'spy')
            self.lab.must('vm', 'create', 'unseen', '--disk', '16MiB')
            with self.assertRaises((StopIteration, OSError, http.client.HTTPException)):
                next(data for _, data in events if 'unseen' in str(data))

    def test_a_client_certificate_counts_from_when_it_is_let_in_until_it_is_withdrawn(self):
        # The one that truced made for itself is good for clients, too.
        mine = [self.lab.state / 'server.crt', self.lab.state / 'server.key']
        self.assert_problem(self.lab.https('GET', '/v1/vms', certificate=mine), 401)
        self.lab.must('token', 'create', 'carl', '--role', 'operator', '--certificate', mine[0])
        self.assert_problem(self.lab.https('GET', '/v1/tokens', certificate=mine), 403)
        answer = self.lab.must('login', URL, '--fingerprint', fingerprint(self.lab),
                               '--certificate', mine[0], '--key', mine[1], **REMOTE)
        self.assertIn('as carl (operator)', answer.out)
        self.lab.must('token', 'delete', 'carl')
        self.assert_problem(self.lab.https('GET', '/v1/vms', certificate=mine), 401)

    def test_a_password_is_in_no_list_and_no_log(self):
        wish = {'name': 'secret', 'disk': 16 * MIB, 'cloud_init': '#cloud-config hunter2-secret'}
        for path, body, status in (('vms', wish, 202), ('vms', {'cpus': 'hunter2-secret'}, 400),
                                   ('vms/theirs/exec', {'argv': ['a', 'hunter2-secret']}, 409)):
            reply = self.lab.https('POST', f'/v1/{path}', body, self.admin)
            self.assertEqual(reply.status, status, reply)
        self.lab.wait_observed('secret', 'off')
        self.assertNotIn('hunter2-secret', str(self.everything()) + self.lab.log.read_text())


class Roles(WireTest):
    def test_a_viewer_changes_nothing_and_only_an_admin_of_all_projects_administers(self):
        every = self.routes('view', 'operate', 'administer')
        closed = [route for route in every if (route[0] != 'GET' or 'tokens' in route[1]) and '/sessions/' not in route[1]]
        self.assert_refused(self.viewer, 403, closed, 20)
        for token in (self.operator, self.new_token('al', '--role', 'admin', '--projects', 'shop')):
            self.assert_refused(token, 403, self.routes('administer'), 7)

    def test_an_operator_of_one_project_has_no_part_in_the_machines_of_another(self):
        foreign = [route for route in self.routes('view', 'operate') if '/theirs' in route[1]]
        self.assert_refused(self.shopkeeper, 404, foreign, 13)
        wish = {'name': 'intruder', 'disk': 16 * MIB}
        self.assert_problem(self.lab.https('POST', '/v1/vms', wish, self.shopkeeper), 403)
        reply = self.lab.https('PATCH', '/v1/vms/ours', {}, self.shopkeeper)
        self.assertEqual(reply.status, 200, reply)

    def test_an_operator_of_one_project_has_no_part_in_tasks_of_no_project(self):
        self.lab.add_recipe('slow', '#!/bin/sh\nexec sleep 2\n')
        made = self.lab.must('template', 'create', 'slow', '--recipe', 'slow', '--no-wait')
        self.addCleanup(self.lab.truce, 'task', 'wait', made.out.strip())
        task = f'/v1/tasks/{made.out.strip()}'
        self.assert_refused(self.shopkeeper, 404, [('GET', task), ('POST', f'{task}/cancel')])

    def test_an_operator_of_one_project_neither_plans_nor_sees_plans_and_rules(self):
        self.assert_refused(self.shopkeeper, 403, [('POST', '/v1/plans'), ('POST', '/v1/rules')])
        made = self.lab.https('POST', '/v1/plans', {'kind': 'balance'}, self.operator)
        self.assertEqual(made.status, 201, made)
        plan = f"/v1/plans/{made.json()['name']}"
        self.assertEqual(self.lab.https('GET', f'{plan}/estate', token=self.viewer).status, 200)
        self.assert_refused(self.shopkeeper, 404, [('GET', plan), ('GET', f'{plan}/estate'), ('DELETE', plan), ('POST', f'{plan}/apply')])
        self.assertEqual(self.lab.https('GET', '/v1/plans', token=self.shopkeeper).json()['items'], [])

    def test_lists_show_only_what_is_of_ones_project(self):
        for path in ('vms', 'vms?project=default', 'vms?contains=theirs', 'vms?watch=false',
                     'tasks', 'tasks?target=vms/theirs', 'events', 'events?target=vms/theirs'):
            with self.subTest(path):
                reply = self.lab.https('GET', f'/v1/{path}', token=self.shopkeeper, timeout=3)
                projects = {item['project'] for item in reply.json()['items']}
                self.assertEqual(projects, set() if re.search('default|theirs', path) else {'shop'})

    def test_watches_show_only_what_is_of_ones_project(self):
        for kind in ('vms', 'tasks', 'events'):
            with self.subTest(kind), watching(self.lab, kind, self.shopkeeper) as (seen, events):
                self.lab.must('token', 'create', f'for-{kind}')
                for name in ('theirs', 'ours'):
                    self.lab.must('vm', 'stop', name)
                    self.lab.must('vm', 'set', name, '--description', kind)
                seen += itertools.takewhile(lambda event: 'ours' not in str(event), events)
                self.assertEqual([e for e in seen if e[1]['object']['project'] != 'shop'], [])

    def test_the_watch_of_everything_shows_no_other_project_and_no_tokens(self):
        def told_to(token):
            with watching(self.lab, 'watch', token) as (seen, events):
                self.lab.must('token', 'create', f'for-{token[-8:]}')
                for name in ('theirs', 'ours'):
                    self.lab.must('vm', 'set', name, '--description', token[-8:])
                seen += itertools.takewhile(lambda event: event[1].get('name') != 'ours', events)
                return seen
        seen = told_to(self.shopkeeper)
        self.assertEqual([e for e in seen if 'theirs' in str(e) or e[1].get('kind') == 'tokens'], [])
        seen = told_to(self.admin)
        self.assertEqual({e[1]['kind'] for e in seen} >= {'tokens', 'vms', 'events'}, True, seen)

    def test_an_open_watch_shows_a_change_and_the_event_tells_who_made_it(self):
        wish = {'name': 'news', 'disk': 16 * MIB}
        with watching(self.lab, 'vms', self.viewer) as (_, events):
            self.assertEqual(self.lab.https('POST', '/v1/vms', wish, self.operator).status, 202)
            next(data for _, data in events if "'observed': 'off'" in str(data))
            self.lab.https('DELETE', '/v1/vms/news', token=self.operator)
            next(data for kind, data in events if (kind, data['name']) == ('delete', 'news'))
        told = self.lab.must('event', 'list', '--target', 'vms/news', '--format', 'json').json()
        who = {(e['kind'], e['user'], e['address'][:9]) for e in told['items'] if e['address']}
        for kind in ('api.create_vm', 'api.delete_vm'):
            self.assertIn((kind, 'operator', '127.0.0.1'), who)


class BadInput(WireTest):
    def check(self, *rows):
        """Rows of status, field and request (bytes, or parts of one): nothing comes of any."""
        before, token = self.everything(), f'\r\nAuthorization: Bearer {self.admin}\r\n'.encode()
        for status, field, *request in rows:
            data = request[0] if len(request) == 1 else message(*request)
            with self.subTest(data[:200]):
                self.assert_problem(say(self.lab, data.replace(b'\r\n', token, 1)), status, field)
        self.assertEqual(self.lab.https('GET', '/healthz').json()['status'], 'ok')
        self.assertEqual(self.everything(), before)
        self.assertNotRegex(self.lab.log.read_text(), r'(?m)^\S+ (error|critical)')

    def test_bodies_that_are_not_json_objects_are_refused(self):
        self.check(*((400, None, 'POST', '/v1/vms', body) for body in (
            b'{', b'{} {}', b"{'a':1}", b'{"name":"a",}', b'{"cpus":NaN}', b'\0', b'[]', b'null',
            b'5', b'"name"', b'\xef\xbb\xbf{}', b'{"name":"a\n"}', b'{"name":"\xff"}', b'[' * 9999,
            b'{"name":"\xc0\xaf"}', b'{"name":"\\ud800"}', b'[' * 33 + b']' * 33)))

    def test_a_wrong_field_of_a_new_machine_is_named(self):
        self.check(*((400, '/' + at, 'POST', '/v1/vms',
                      {'name': 'a', 'disk': MIB, at.split('/')[0]: value}) for at, values in {
            'name': (5, None, '', 'A', '../../etc', '..', 'a/b', 'a\0b', '-a', 'a' * 64),
            'cpus': (0, 65, -1, 1.5, '2', True, 10 ** 30), 'memory': (1, 1 << 63, '1GiB'),
            'disk': (0, -(1 << 63), {}), 'start': (1, 'false'), 'machine': ('z80',),
            'labels': ([], {'k' * 64: 'v'}), 'labels/a': ({'a': 1},), 'ssh_keys/1': (['a', 2],),
            'forward/0': (['x'],), 'network': ('nowhere',), 'template': ('../x',), 'iso': ('none',),
            'description': ('x' * 1001,), 'cloud_init': ('x' * 262_145,), 'colour': (1,), '': (1,),
        }.items() for value in values))

    def test_a_wrong_field_of_another_request_is_named(self):
        self.check((400, '/cpus', 'PATCH', '/v1/vms/ours', {'cpus': 99}), *(
            (400, field, 'POST', f'/v1/{path}', body) for field, path, body in (
                ('/name', 'vms', b''), ('/new_name', 'vms/ours/rename', {'new_name': '../x'}),
                ('/timeout_seconds', 'vms/ours/stop', {'timeout_seconds': 0}),
                ('/argv/0', 'vms/ours/exec', {'argv': [None]}), ('/name', 'tokens', {}),
                ('/recipe', 'templates', {'name': 'a', 'recipe': '../../bin/sh'}),
                ('/size', 'uploads', {'template': 'a', 'size': 0}),
                ('/template', 'uploads', {'template': '../a', 'size': 1}),
                ('/sha256', 'uploads', {'template': 'a', 'size': 1, 'sha256': 'abc'}),
                ('/subnet', 'networks', {'name': 'a', 'subnet': '10.9.0.1/24'}),
                ('/metric', 'alarms', {'name': 'a', 'subject': 'pool', 'metric': 'cpu', 'above': 1}),
                ('/webhook/0', 'alarms', {'name': 'a', 'subject': 'host', 'state': 'offline', 'webhook': ['file:///etc/passwd']}),
                ('/mail/0', 'alarms', {'name': 'a', 'subject': 'host', 'state': 'offline', 'mail': ['a@b\r\nBcc: c@d']}),
                ('/kind', 'rules', {'name': 'a', 'kind': 'beside'}), ('/vm', 'rules', {'name': 'a', 'kind': 'apart'}),
                ('/vm/0', 'rules', {'name': 'a', 'kind': 'apart', 'vm': ['../x', 'ours']}),
                ('/host', 'rules', {'name': 'a', 'kind': 'on-hosts', 'vm': ['ours']}), ('/kind', 'plans', {}),
                ('/host', 'plans', {'kind': 'evacuate'}), ('/moves', 'plans', {'kind': 'balance', 'moves': 0}),
                ('/domain', 'networks', {'name': 'a', 'domain': '../x\n'}),
                ('/role', 'tokens', {'name': 'a', 'role': 'god'}),
                ('/expires', 'tokens', {'name': 'a', 'expires': '2001-01-01T00:00:00.000Z'}),
                ('/certificate', 'tokens', {'name': 'a', 'certificate': 'none'}))))

    def test_wrong_queries_addresses_and_methods_are_refused(self):
        self.check(*((400, field, 'GET', f'/v1/{target}') for field, targets in {
            '?limit': f'vms?limit=0 vms?limit=1001 vms?limit= vms?limit={10 ** 30}', '?x': 'vms?x=',
            '?since': 'vms?watch&since=-1 vms?watch&since=999999', '?watch': 'vms?watch=maybe',
            '?project': 'vms?project=../x', '?observed': 'vms?observed=happy',
            None: 'vms?limit=1&limit=2 vms?label=%zz vms?label=%00 vms?label=%ff',
        }.items() for target in targets.split()), (400, '?force', 'DELETE', '/v1/vms/ours?force=5'),
            *((400, '?offset', 'PUT', f'/v1/uploads/x/content{query}', b'x') for query in ('', '?offset=', '?offset=-1')))
        self.check(*((status, None, method, target) for status, method, targets in (
            (404, 'GET', '/ //v1/vms /v1/vms/ /etc/passwd /v1/vms/nobody /v1/vms/..%5c..'),
            (400, 'GET', '/v1/vms/.. /v1/vms/../tokens /v1/vms/%2e%2e/tokens /v1/vms/..%2fetc'),
            (400, 'GET', '/v1/vms/a%00 /v1/vms/%ff /v1/% /v1/vms/a#b v1/vms * /v1/consoles/guess'),
            (405, 'GET', '/v1/vms/ours/start'), (405, 'PUT', '/v1/vms'), (405, 'DELETE', '/v1/vms'),
            (405, 'BREW', '/v1/vms/ours'), (405, 'POST', '/v1')) for target in targets.split()))
        self.assertEqual(self.lab.https('PUT', '/v1/vms').headers['allow'], 'GET, POST')

    def test_a_change_of_what_has_changed_meanwhile_is_refused_with_412(self):
        self.check(*((412, 'If-Match', *request, f'If-Match: {value}')
                     for value in ('"0"', 'x') for request in (
            ('PATCH', '/v1/vms/ours', {'cpus': 2}), ('DELETE', '/v1/vms/ours', b''),
            ('POST', '/v1/vms/ours/rename', {'new_name': 'b'}), ('POST', '/v1/vms/ours/stop', b''),
            ('PATCH', '/v1/alarms/host-offline', {'for_seconds': 5}), ('DELETE', '/v1/alarms/host-offline', b''),
            ('DELETE', '/v1/networks/default', b''), ('DELETE', '/v1/templates/seed', b''))))
        etag = self.lab.https('GET', '/v1/vms/ours', token=self.admin).headers['etag']
        request = ('PATCH', '/v1/vms/ours', {'cpus': 2}, self.admin, {'If-Match': etag})
        self.assertEqual([self.lab.https(*request).status for _ in range(2)], [200, 412])

    def test_what_is_not_correct_http_is_refused(self):
        start = ('GET /healthz HTTP/1.1', 'Host: here')
        self.check(*((status, None, '\r\n'.join([*lines, '', '']).encode()) for status, *lines in (
            (400, 'HELLO'), (400, 'GET  /healthz HTTP/1.1', start[1]), (400, start[0]),
            (400, 'GET /healthz HTTP/2.0', start[1]),
            *((400, *start, line) for line in ('Host: there', 'No colon', 'A : b', 'A: b\x01c',
              'A: b\nc', 'Authorization: Bearer x', f'Content-Length: {10 ** 30}',
              'Content-Length: -1', 'Content-Length: 1\r\nContent-Length: 2',
              f'Content-Length: 5\r\n{CHUNKED}')), (417, *start, 'Expect: magic'),
            # The one refusal above 499: what HTTP has for unknown codings (RFC 9112, 6.1).
            (501, *start, 'Transfer-Encoding: gzip'))))
        self.check(*((400, None, 'POST', '/v1/vms', body, CHUNKED) for body in (
            b'zz\r\n', b'-1\r\n', b'\r\n', b'2\r\n{}x\r\n', b'2\n{}\n0\n\n', b'1' * 300,
            b'f' * 17 + b'\r\n', b'2\r\n{}\r\n0\r\n' + b'a: b\r\n' * 2000)))

    def test_what_is_too_large_is_refused_and_what_just_fits_is_read(self):
        post, much = (None, 'POST', '/v1/vms'), b'x' * (LARGEST_BODY + 1)
        self.check(
            (413, *post, much), (413, *post, b'', f'Content-Length: {len(much)}'),
            (413, *post, b'', f'Content-Length: {1 << 60}', 'Expect: 100-continue'),
            (413, *post, b'%x\r\n' % len(much), CHUNKED), (431, *post, b'', *['A: b'] * 8_000),
            (413, *post, b'100000\r\n' + b' ' * MIB + b'\r\n300001\r\n', CHUNKED),
            (431, *post, b'', 'A: ' + 'x' * 16_384), (431, None, 'GET', '/v1/' + 'x' * 16_384),
            (400, '/name', 'POST', '/v1/vms', b'{}'.ljust(LARGEST_BODY)))


class Listener(LabTest):
    options = ('--requests-per-second', '20')

    def health(self, *options):
        return say(self.lab, HEALTH, *options).status

    def count(self, name):
        return int(re.search(rb'truce_%s (\d+)' % name, self.lab.api('GET', '/metrics').body)[1])

    def assert_limited(self, reply, status):
        kind = (reply.status, reply.headers['retry-after'], reply.headers['content-type'])
        self.assertEqual(kind, (status, '1', 'application/problem+json'), reply)

    def test_the_cli_pins_the_fingerprint_and_refuses_every_other_certificate(self):
        lab, seen = self.lab, fingerprint(self.lab)
        token = lab.must('token', 'create', 'lisa', '--format', 'json').json()['token']
        login = ('login', URL, '--token', token)
        self.assertIn(seen, lab.must('server', 'show').out)
        self.assertIn(f'--fingerprint {seen}', lab.refused(*login, **REMOTE).err)
        other = lab.refused(*login, '--fingerprint', '0' * 64, **REMOTE).err
        self.assertRegex(other, f'^truce: .*another certificate.*{seen}\n$')
        self.assertFalse((lab.folder / 'client.json').exists())
        spelled = ':'.join(re.findall('..', seen)).upper()
        self.assertIn('as lisa (viewer)', lab.must(*login, '--fingerprint', spelled, **REMOTE).out)
        self.assertEqual((lab.folder / 'client.json').stat().st_mode & 0o777, 0o600)
        lab.stop()
        lab.refused('vm', 'list', code=3, **REMOTE)
        (lab.state / 'server.crt').unlink()
        new, requests = fingerprint(lab.start()), self.count(b'http_requests_total')
        refused = lab.refused('vm', 'list', **REMOTE).err
        self.assertRegex(refused, f'^truce: .*not the trusted one.*{new}.*{seen}.*truce login\n$')
        self.assertEqual(self.count(b'http_requests_total'), requests + 1, 'it sent no token')
        lab.must(*login, '--fingerprint', new, **REMOTE)

    def test_tls_1_2_and_later_is_spoken_and_nothing_earlier(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertEqual(self.health('127.0.0.1', version), 200)
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with warnings.catch_warnings(), self.assertRaises(ssl.SSLError) as refused:
                warnings.simplefilter('ignore', DeprecationWarning)
                self.health('127.0.0.1', version)
            self.assertIn('ALERT_PROTOCOL_VERSION', refused.exception.reason)

    def test_what_is_not_tls_is_told_nothing(self):
        for data in (HEALTH, b'SSH-2.0-x\r\n', bytes(100)):
            with self.subTest(data[:20]), tcp(self.lab, '127.0.0.1') as sock:
                sock.sendall(data)
                with contextlib.suppress(ConnectionResetError):
                    self.assertRegex(sock.makefile('rb').read(), b'(?s)^(\x15.{6})?$')  # an alert

    def test_an_address_that_asks_too_often_is_told_to_wait_and_others_are_not(self):
        with tls(self.lab, '127.0.0.9') as sock:
            sock.sendall(HEALTH.replace(b'Connection: close\r\n', b'') * 99 + HEALTH)
            answers = sock.makefile('rb').read().split(b'HTTP/1.1 ')[1:]
        self.assertEqual([answer[:3] for answer in answers[:40]], [b'200'] * 40)
        self.assertIn(b'Retry-After: 1\r\n', next(a for a in answers if a.startswith(b'429')))
        self.assertEqual((self.health('127.0.0.10'), self.lab.answers()), (200, True))
        time.sleep(1)
        self.assertEqual(self.health('127.0.0.9'), 200)

    def test_an_address_with_too_many_connections_gets_no_more_and_others_do(self):
        with contextlib.ExitStack() as held:
            for _ in range(CONNECTIONS_PER_ADDRESS):
                held.enter_context(tls(self.lab, '127.0.0.5'))
            self.assert_limited(say(self.lab, HEALTH, '127.0.0.5'), 429)
            self.assertEqual((self.health('127.0.0.6'), self.lab.answers()), (200, True))
        wait_for(lambda: self.health('127.0.0.5') == 200, SOON, 'there is room again')

    def test_more_connections_or_watches_than_there_may_be_are_told_to_come_later(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if 0 <= hard < CONNECTIONS + 1000:
            self.skipTest(f'skipped, because a process may open only {hard} files here')
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        for most, target in ((CONNECTIONS, '/healthz'), (STREAMS, '/v1/vms?watch')):
            with contextlib.ExitStack() as held:
                for _ in range(most):
                    connection = UnixConnection(str(self.lab.socket), SOON)
                    held.callback(connection.close)
                    connection.request('GET', target)
                    self.assertEqual(connection.getresponse().status, 200)
                self.assert_limited(self.lab.api('GET', target), 503)
            wait_for(self.lab.answers, SOON, 'there is room again')
        wait_for(lambda: self.count(b'http_streams') == 0, SOON, 'all watches have ended')

    def test_who_does_not_finish_the_handshake_is_cut_off_and_holds_up_nobody(self):
        began, ended = time.monotonic(), {}
        with tcp(self.lab, '127.0.0.2') as silent, tcp(self.lab, '127.0.0.3') as slow:
            slow.sendall(b'\x16\x03\x01\x02\x00')
            while len(ended) < 2 and time.monotonic() < began + HANDSHAKE_LIMIT + 4:
                self.assertEqual(self.health('127.0.0.4'), 200)
                if slow not in ended:
                    with contextlib.suppress(ConnectionError):
                        slow.send(b'\x01')  # a byte now and then earns no more time
                for sock in select.select({silent, slow} - ended.keys(), [], [], 0.5)[0]:
                    ended[sock] = time.monotonic() - began
        self.assertEqual(len(ended), 2, 'both are cut off')
        self.assertGreater(min(ended.values()), HANDSHAKE_LIMIT - 1)


if __name__ == '__main__':
    unittest.main()

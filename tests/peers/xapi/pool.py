"""A pool that answers calls: sessions, objects, events, tasks. What machines can do is in machines.py."""
import threading
import time
import uuid

from database import CLASSES, NEVER, NULL, Database, Date, Failure, date_now
from model import HangUp

WRITABLE = {'name_label', 'name_description', 'other_config', 'tags', 'blocked_operations', 'affinity', 'platform'}


def integer(value):
    """Whole numbers are numbers in JSON, and texts in XML-RPC."""
    if isinstance(value, bool):
        raise Failure('FIELD_TYPE_ERROR', value)
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Failure('FIELD_TYPE_ERROR', value) from None


class Pool:
    def __init__(self, user, password):
        self.user, self.password, self.master = user, password, ''
        self.db = Database()
        self.calls, self.failures, self.hang_ups = {}, {}, {}
        self.sessions = []  # all that were ever given
        self.frozen, self.released = threading.Event(), threading.Event()
        self.released.set()
        self.pace, self.folder, self.contents = 0, '', {}  # VDI -> the file of its bytes
        self.verbs = {}  # method -> function of (pool, *parameters without the session)

    # --- What tests order.

    def wait_while_frozen(self):
        while self.frozen.is_set():
            time.sleep(0.01)

    def take_time(self):
        """For each piece of a disk."""
        self.wait_while_frozen()
        time.sleep(self.pace)

    def end_sessions(self):
        with self.db.changed:
            self.db.tables['session'].clear()
            self.db.changed.notify_all()

    def restart(self):
        """As when xapi ends and comes again: what is stored stays, sessions do not, and tasks that went on have failed."""
        with self.db.changed:
            self.end_sessions()
            for ref in list(self.db.tables['task']):
                self.db.remove('task', ref)

    def lose_events(self):
        """What has happened until now is not known any more."""
        with self.db.changed:
            self.db.lost_before = self.db.generation
            self.db.touch('pool', self.db.each('pool')[0])

    # --- Calls.

    def call(self, method, parameters):
        with self.db.changed:
            self.calls[method] = self.calls.get(method, 0) + 1
            failing, ends = self.failures.get(method), self.hang_ups.pop(method, None)
            if failing:
                raise failing.pop(0)
        result = self._answer(method, list(parameters))
        if ends:
            raise HangUp
        return result

    def _answer(self, method, parameters):
        if method == 'system.listMethods':
            return self.methods()
        if method == 'session.login_with_password':
            return self._sign_in(*parameters)
        if self.master:
            raise Failure('HOST_IS_SLAVE', self.master)
        if not parameters:
            raise Failure('MESSAGE_PARAMETER_COUNT_MISMATCH', method, 1, 0)
        session, *rest = parameters
        with self.db.changed:
            self._check(session)
        if method == 'event.from':
            return self._event_from(session, *rest)
        with self.db.changed:
            if method.startswith('Async.'):
                return self._begin(method.removeprefix('Async.'), rest)
            if method == 'session.logout':
                del self.db.tables['session'][session]
                self.db.changed.notify_all()
                return ''
            return self.do(method, rest)

    def do(self, method, parameters):
        """Carries out what has nothing to do with sessions, with the lock held."""
        function = self.verbs.get(method) or self._usual(method)
        try:
            result = function(self, *parameters)
        except TypeError as error:
            if 'positional argument' not in str(error):
                raise
            raise Failure('MESSAGE_PARAMETER_COUNT_MISMATCH', method, '?', len(parameters) + 1) from None
        return '' if result is None else result

    def methods(self):
        generic = [f'{kind}.{name}' for kind in CLASSES if kind != 'session' for name in ('get_all', 'get_all_records', 'get_record', 'get_by_uuid')]
        return [*generic, *self.verbs, *('Async.' + one for one in self.verbs), 'event.from', 'session.login_with_password', 'session.logout']

    def _check(self, session):
        if session not in self.db.tables['session']:
            raise Failure('SESSION_INVALID', session)

    def _sign_in(self, user, password, *_):
        if self.master:
            raise Failure('HOST_IS_SLAVE', self.master)
        if (user, password) != (self.user, self.password):
            raise Failure('SESSION_AUTHENTICATION_FAILED', user, 'Authentication failure')
        with self.db.changed:
            self.sessions.append(self.db.add('session', this_user=NULL, last_active=date_now()))
            return self.sessions[-1]

    # --- What every class has.

    def _usual(self, method):
        kind, _, name = method.partition('.')
        if kind not in CLASSES or kind == 'session':
            raise Failure('MESSAGE_METHOD_UNKNOWN', method)
        fixed = {'get_all': lambda pool: list(pool.db.tables[kind]),
                 'get_all_records': lambda pool: {ref: dict(record) for ref, record in pool.db.tables[kind].items()},
                 'get_record': lambda pool, ref: dict(pool.db.get(kind, ref)),
                 'get_by_uuid': lambda pool, wanted: pool.by_uuid(kind, wanted),
                 'get_by_name_label': lambda pool, wanted: pool.db.each(kind, name_label=wanted)}
        if name in fixed:
            return fixed[name]
        verb, _, field = name.partition('_')
        some = next(iter(self.db.tables[kind].values()), {})
        if verb == 'get' and (field in some or not some):
            return lambda pool, ref: pool.db.get(kind, ref)[field]
        if verb == 'set' and field in some and field in WRITABLE:
            return lambda pool, ref, value: pool.db.change(kind, ref, **{field: value})
        if name.startswith('add_to_') and name[7:] in WRITABLE:
            return lambda pool, ref, key, value: pool.put(kind, ref, name[7:], key, value)
        if name.startswith('remove_from_') and name[12:] in WRITABLE:
            return lambda pool, ref, key: pool.put(kind, ref, name[12:], key, None)
        raise Failure('MESSAGE_METHOD_UNKNOWN', method)

    def by_uuid(self, kind, wanted):
        found = self.db.each(kind, uuid=wanted)
        if not found:
            raise Failure('UUID_INVALID', kind, wanted)
        return found[0]

    def put(self, kind, ref, field, key, value):
        table = self.db.get(kind, ref)[field]
        if value is not None and key in table:
            raise Failure('MAP_DUPLICATE_KEY', kind, field, ref, key)
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
        self.db.touch(kind, ref)

    # --- Events.

    def _event_from(self, session, classes, token, timeout):
        with self.db.changed:
            try:
                since = int(token.split(',')[0]) if token else 0
            except ValueError:
                raise Failure('EVENT_FROM_TOKEN_PARSE_FAILURE', token) from None
            if token and since < self.db.lost_before:
                raise Failure('EVENTS_LOST')
            until = time.monotonic() + float(timeout)
            while True:
                self._check(session)
                events, last = self.db.events_since(classes, since)
                left = until - time.monotonic()
                if events or left <= 0:
                    return {'events': events, 'valid_ref_counts': self.db.counts(), 'token': f'{last:020d},0'}
                self.db.changed.wait(left)

    # --- Disks.

    def disk_to_pass(self, query, way):
        """A disk that is sent or comes, of machines that are off: its file, which may not be there yet, and its size."""
        with self.db.changed:
            self.calls[way] = self.calls.get(way, 0) + 1
            self._check(query.get('session_id', ''))
            vdi = query.get('vdi', '')
            if vdi not in self.db.tables['VDI']:
                vdi = self.by_uuid('VDI', vdi)
            if query.get('format', 'raw') != 'raw':
                raise Failure('INTERNAL_ERROR', query['format'])
            record = self.db.get('VDI', vdi)
            for vbd in record['VBDs']:
                if self.db.get('VM', self.db.get('VBD', vbd)['VM'])['power_state'] == 'Running':
                    raise Failure('VDI_IN_USE', vdi, way)
            return self.contents.setdefault(vdi, f'{self.folder}/{record["uuid"]}'), record['virtual_size']

    # --- Tasks.

    def _begin(self, method, parameters):
        if method not in self.verbs:
            raise Failure('MESSAGE_METHOD_UNKNOWN', 'Async.' + method)
        task = self.new_task('Async.' + method)
        threading.Thread(target=self._carry_out, args=(task, method, parameters), daemon=True).start()
        return task

    def new_task(self, name, description=''):
        return self.db.add('task', name_label=name, name_description=description, allowed_operations=['cancel', 'destroy'], current_operations={},
                           created=date_now(), finished=NEVER, status='pending', resident_on=self.db.each('host')[0], progress=0.0,
                           type='<none/>', result='', error_info=[], other_config={}, subtask_of=NULL, subtasks=[], backtrace='()')

    def _carry_out(self, task, method, parameters):
        self.released.wait()
        with self.db.changed:
            if task not in self.db.tables['task']:
                return  # the server has begun anew meanwhile
            try:
                failing = self.failures.get('task:' + method)
                if failing:
                    raise failing.pop(0)
                result = self.do(method, parameters)
                outcome = {'status': 'success', 'result': f'<value>{result}</value>' if result else ''}
            except Failure as failure:
                outcome = {'status': 'failure', 'error_info': [failure.code, *failure.parameters]}
            if task in self.db.tables['task']:
                self.db.change('task', task, progress=1.0, finished=date_now(), **outcome)


def _destroy_task(pool, ref):
    pool.db.remove('task', ref)


def _cancel_task(pool, ref):
    if pool.db.get('task', ref)['status'] == 'pending':
        pool.db.change('task', ref, status='cancelled', error_info=['TASK_CANCELLED', ref], finished=date_now())


def _inject(pool, kind, ref):
    names = {name.lower(): name for name in CLASSES}
    kind = names.get(kind.lower(), kind)
    pool.db.get(kind, ref)
    before = pool.db.generation
    pool.db.touch(kind, ref)
    return f'{before:020d},0'


def general_verbs():
    return {'task.create': lambda pool, name, description: pool.new_task(name, description), 'task.destroy': _destroy_task,
            'task.cancel': _cancel_task, 'event.inject': _inject}


def new_mac():
    number = uuid.uuid4().bytes
    return ':'.join(f'{byte:02x}' for byte in (0x02, *number[:5]))


__all__ = ['Pool', 'general_verbs', 'integer', 'new_mac', 'Date']

"""The objects of a pool, as XAPI's data model has them, each with the generation at which it came, changed or went."""
import threading
import time
import uuid

NULL = 'OpaqueRef:NULL'
CLASSES = ('session', 'task', 'pool', 'host', 'host_metrics', 'VM', 'VM_metrics', 'VM_guest_metrics', 'VBD', 'VDI', 'SR', 'PBD', 'VIF',
           'network', 'PIF', 'console', 'VTPM')
SILENT = ('session',)  # no events tell of these


class Failure(Exception):
    """An error of XAPI: its code, and its parameters."""

    def __init__(self, code, *parameters):
        super().__init__(code, *parameters)
        self.code, self.parameters = code, [str(one) for one in parameters]


class Date(str):
    """A moment, as 20260102T03:04:05Z."""


def date_now():
    return Date(time.strftime('%Y%m%dT%H:%M:%SZ', time.gmtime()))


NEVER = Date('19700101T00:00:00Z')


class Database:
    """All access is under `changed`, which is told of each change."""

    def __init__(self):
        self.changed = threading.Condition(threading.RLock())
        self.tables = {name: {} for name in CLASSES}
        self.born, self.touched, self.gone = {}, {}, {}  # (class, ref) -> generation; gone: -> (born, gone)
        self.generation = 1
        self.lost_before = 0  # tokens older than this are of events that were thrown away

    def _next(self):
        self.generation += 1
        self.changed.notify_all()
        return self.generation

    def add(self, kind, **fields):
        ref = 'OpaqueRef:' + str(uuid.uuid4())
        record = {'uuid': str(uuid.uuid4()), **fields}
        self.tables[kind][ref] = record
        self.born[kind, ref] = self.touched[kind, ref] = self._next()
        return ref

    def touch(self, kind, ref):
        self.touched[kind, ref] = self._next()

    def change(self, kind, ref, **fields):
        self.get(kind, ref).update(fields)
        self.touch(kind, ref)

    def remove(self, kind, ref):
        self.get(kind, ref)
        del self.tables[kind][ref]
        self.touched.pop((kind, ref))
        self.gone[kind, ref] = (self.born.pop((kind, ref)), self._next())

    def get(self, kind, ref):
        try:
            return self.tables[kind][ref]
        except (KeyError, TypeError):
            raise Failure('HANDLE_INVALID', kind, ref) from None

    def each(self, kind, **fields):
        return [ref for ref, record in self.tables[kind].items() if all(record[name] == value for name, value in fields.items())]

    # --- Events: which objects, of those that are subscribed to, are not now as they were at a generation.

    @staticmethod
    def _wants(subscriptions, kind, ref):
        kind = kind.lower()
        return any(one in ('*', kind) or one == f'{kind}/{ref}'.lower() for one in subscriptions)

    def events_since(self, classes, since):
        subscriptions = [one.lower() for one in classes]
        found, last = [], since
        for (kind, ref), at in self.touched.items():
            if at > since and kind not in SILENT and self._wants(subscriptions, kind, ref):
                operation = 'add' if self.born[kind, ref] > since else 'mod'
                found.append((at, kind, operation, ref, dict(self.tables[kind][ref])))
                last = max(last, at)
        for (kind, ref), (born, at) in self.gone.items():
            if at > since and kind not in SILENT and self._wants(subscriptions, kind, ref):
                last = max(last, at)
                if born <= since:
                    found.append((at, kind, 'del', ref, None))
        events = []
        for at, kind, operation, ref, snapshot in sorted(found, key=lambda one: one[0]):
            event = {'id': at, 'timestamp': '0.0', 'class': kind.lower(), 'operation': operation, 'ref': ref}
            if snapshot is not None:
                event['snapshot'] = snapshot
            events.append(event)
        return events, last

    def counts(self):
        return {kind.lower(): len(table) for kind, table in self.tables.items()}

"""The host: what instances there are, what is under way, and what the tests have ordered to go wrong."""
import re
import threading
import time
import uuid

from schema import VIRTUALIZATION, Instance, Interval, Moment

GIB = 1 << 30
COMPLETED, STARTED, NOT_SUPPORTED, INVALID_PARAMETER, INVALID_STATE = 0, 4096, 32770, 32773, 32775
FAILED, NOT_FOUND, NOT_READY = 32768, 32779, 32780
JOBS = ('Msvm_ConcreteJob', 'Msvm_StorageJob')  # that of the image service is of another class
KEPT_SECONDS = 300  # how long a job that has ended can be seen: TimeBeforeRemoval's default


class JobError(Exception):
    """A job ends in an exception."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


def new_guid():
    return str(uuid.uuid4()).upper()


class Host:
    """All access is under `changed`. Nothing happens by itself: what is due happens as soon as somebody looks."""

    def __init__(self, user, password):
        self.changed = threading.RLock()
        self.name, self.user, self.password = 'HV1', user, password
        self.schemes = ['Negotiate', 'Basic']
        self.frozen = threading.Event()
        self.instances = {}
        self.machines = []
        self.due = []  # (when, effect)
        self.moment = None  # while something happens, when it does
        self.job_seconds = 0.2
        self.quota = 512000
        self.logins = self.refusals = 0
        self.calls, self.failures, self.job_failures = {}, {}, {}
        self.manners = {}  # of methods: how the tests want them to answer
        self.volumes = {}  # those whose files are real: see volumes.py
        self.hang_ups, self.time_outs = set(), set()
        self.denied, self.complaint, self.macs = False, '', 0x0000
        self.protocol = None  # who reads envelopes: see service.py

    def serve(self, body, address):
        return self.protocol.serve(body, address)

    def wait_while_frozen(self):
        while self.frozen.is_set():
            time.sleep(0.02)

    # --- Instances.

    def add(self, kind, **properties):
        made = Instance(kind, **properties)
        self.instances.setdefault(made.kind.name, []).append(made)
        return made

    def keep(self, instance):
        self.instances.setdefault(instance.kind.name, []).append(instance)
        return instance

    def drop(self, instance):
        self.instances[instance.kind.name] = [one for one in self.instances[instance.kind.name] if one is not instance]

    def each(self, kind, **properties):
        """Those of exactly this class."""
        return [one for one in self.instances.get(kind, []) if all(one.get(name) == value for name, value in properties.items())]

    def family(self, kind):
        """Those of a class and of all that are derived from it."""
        return [one for name, some in list(self.instances.items()) for one in some
                if one.kind.namespace == kind.namespace and kind.name in one.kind.lineage()]

    def owned(self, guid):
        """The settings that belong to a machine or a snapshot: its own come first, then those of its devices."""
        head = f'Microsoft:{guid}'
        found = [one for some in list(self.instances.values()) for one in some
                 if one.get('InstanceID') == head or str(one.get('InstanceID', '')).startswith(head + '\\')]
        return sorted(found, key=lambda one: one['InstanceID'] != head)

    def path(self, instance):
        return instance.path(self.name)

    def new_mac(self):
        self.macs += 1
        return f'00155D01{self.macs:04X}'

    # --- Time.

    def now(self):
        return Moment(time.time() if self.moment is None else self.moment)

    def later(self, seconds, effect):
        self.due.append((self.now() + seconds, effect))

    def settle(self):
        """What is due by now happens, in its order; what has just ended is shown so."""
        now = time.time()
        while any(when <= now for when, _ in self.due):
            when, effect = self.due.pop(min(range(len(self.due)), key=lambda at: self.due[at][0]))
            self.moment = when
            try:
                effect()
            finally:
                self.moment = None
        for machine in self.machines:
            machine.show_time()
        for job in self.jobs():
            self.show_job(job, now)
        for volume in self.volumes.values():
            volume.refresh()

    def forget_all(self):
        """What is under way is lost with the service that does it: jobs, and what they would have done."""
        self.due = []
        for job in self.jobs():
            self.drop_job(job)
        for machine in self.machines:
            machine.calm()

    # --- Jobs.

    def jobs(self):
        return [one for kind in JOBS for one in self.each(kind)]

    def carry_out(self, method, caption, number, effect, results=None, affected=(), manner='job', kind='Msvm_ConcreteJob'):
        """What a method answers that does something: by a job, with which it names what will come of it (`job`) or does not (`job-only`),
        or at once (`at-once`). The documents allow each; the tests may want another than is usual."""
        manner = self.manners.get(method, manner)
        if manner == 'at-once':
            return self.do_now(method, effect, results or {})
        job = self.start_job(method, caption, number, effect, affected, kind=kind)
        return {'ReturnValue': STARTED, 'Job': job, **(results if results and manner == 'job' else {})}

    def do_now(self, method, effect, results):
        wanted = self.wanted_failure(method)
        try:
            if wanted:
                raise wanted
            effect(None)
        except JobError as error:
            self.complaint = error.text
            return {'ReturnValue': error.code}
        return {'ReturnValue': COMPLETED, **results}

    def wanted_failure(self, method):
        """How what a method does is to end now, if the tests want it to end badly."""
        failures = self.job_failures.get(method)
        return failures.pop(0) if failures else None

    def start_job(self, method, caption, number, effect, affected=(), undo=None, kind='Msvm_ConcreteJob'):
        """A job that will do something. It can end in an exception, if the tests want it or the effect says so: then
        `undo` is done."""
        now = self.now()
        job = self.add(kind, InstanceID=new_guid(), Caption=caption, Description=caption, ElementName=caption, Name=kind,
                       OperationalStatus=[2], StatusDescriptions=['OK'], HealthState=5, JobStatus='Job is starting', TimeSubmitted=now,
                       ScheduledStartTime=now, StartTime=now, ElapsedTime=Interval(0), LocalOrUtcTime=2, Notify='', Owner='', Priority=0,
                       PercentComplete=0, DeleteOnCompletion=False, ErrorCode=0, ErrorDescription='', ErrorSummaryDescription='', JobState=2,
                       RecoveryAction=2, TimeOfLastStateChange=now, TimeBeforeRemoval=Interval(KEPT_SECONDS), Cancellable=False, JobType=number)
        job.hidden.update(start=float(now), end=float(now) + self.job_seconds)
        for one in affected:
            self.add('Msvm_AffectedJobElement', AffectingElement=job, AffectedElement=one, ElementEffects=[0])
        wanted = self.wanted_failure(method)

        def end():
            try:
                if wanted:
                    raise wanted
                effect(job)
            except JobError as error:
                self.complaint = error.text
                job.change(JobState=10, ErrorCode=error.code, ErrorDescription=error.text, ErrorSummaryDescription=error.text,
                           JobStatus='Job failed', HealthState=20)
                hresult = re.search(r'\(0x([0-9A-F]{8})\)', error.text)
                if kind == 'Msvm_StorageJob' and hresult:
                    job.change(JobCompletionStatusCode=int(hresult.group(1), 16))
                if undo:
                    undo()
            else:
                job.change(JobState=7, PercentComplete=100, JobStatus='Job is completed')
            job.change(TimeOfLastStateChange=self.now(), ElapsedTime=Interval(self.now() - job.hidden['start']))
        self.later(self.job_seconds, end)
        return job

    def show_job(self, job, now):
        if job['JobState'] in (7, 8, 9, 10):
            if now > job.hidden['end'] + KEPT_SECONDS:
                self.drop_job(job)
            return
        part = (now - job.hidden['start']) / (job.hidden['end'] - job.hidden['start'] or 1)
        state = 3 if part < 0.2 else 4
        if job['JobState'] != state:
            job.change(JobState=state, TimeOfLastStateChange=Moment(now), JobStatus='Job is running')
        job.change(PercentComplete=min(99, int(part * 100)), ElapsedTime=Interval(now - job.hidden['start']))

    def drop_job(self, job):
        self.drop(job)
        for one in self.each('Msvm_AffectedJobElement', AffectingElement=job):
            self.drop(one)

    def find(self, resource, selectors):
        """The instance that a reference's resource and selectors mean, or None. The namespace may be a selector too."""
        kind = resource.rpartition('/')[2].lower()
        wanted = {name.lower(): value for name, value in selectors.items() if name.lower() != '__cimnamespace'}
        for some in self.instances.values():
            for one in some:
                if one.kind.name.lower() == kind and one.kind.namespace == VIRTUALIZATION and same_keys(one, wanted):
                    return one
        return None


def same_keys(instance, wanted):
    """Texts are compared as WMI does it, without regard to case."""
    keys = {name.lower(): value for name, value in instance.keys_of().items()}
    return keys.keys() == wanted.keys() and all(same(value, wanted[name]) for name, value in keys.items())


def same(value, wanted):
    if isinstance(value, Instance):
        return isinstance(wanted, tuple) and wanted[0].rpartition('/')[2] == value.kind.name and same_keys(
            value, {name.lower(): text for name, text in wanted[1].items() if name.lower() != '__cimnamespace'})
    return isinstance(wanted, str) and str(value).lower() == wanted.lower()

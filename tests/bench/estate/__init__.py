"""(o) A large estate: one manager on a member of etcd, thousands of hosts, tens of thousands of machines that run. The hosts
are real nodes with pretended machines, all in one process, which takes its share of this computer; they connect by the
manager's unix socket, so that TLS between hosts is left out."""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

import api
import daemons
import measure
from measure import Failure, Row

PER_HOST = 16
LOST = 7  # which host is


class Players:
    """bench_hosts. What its hosts keep is in memory: one disk cannot be that of thousands of hosts, and while it is waited for no
    heartbeat is sent."""

    def __init__(self, context, truced, hosts, shared):
        self.folder = tempfile.mkdtemp(prefix="truce-bench-hosts-", dir="/dev/shm" if os.path.isdir("/dev/shm") else context.work)
        self.process = subprocess.Popen(
            [context.program("tests/bench/bench_hosts"), "--socket", os.path.join(truced.run_dir, "node.sock"),
             "--folder", self.folder, "--shared", shared, "--hosts", str(hosts)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(os.path.join(context.work, "hosts.log"), "wb"), text=True)
        if self.process.stdout.readline() != "started\n":
            raise Failure("bench_hosts did not start: " + open(os.path.join(context.work, "hosts.log")).read()[-500:])

    def ask(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def revision(truced, mark):
    """That of a change which is made now: each transaction counts one."""
    truced.truce("vm", "set", "vm-00000", "--description", f"mark {mark}")
    return measure.get_json(truced.socket, "/v1/vms?limit=1")["revision"]


def etcd_of(truced):
    return int(measure.run(["pgrep", "-P", str(truced.process.pid), "-x", "etcd"]).split()[0])


def at_rest(truced, label, seconds):
    """What heartbeats and reports cost while nothing is asked for."""
    pids = {"truced": truced.process.pid, "etcd": etcd_of(truced)}
    first, begin = revision(truced, 1), time.monotonic()
    used = {name: measure.cpu_seconds(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    taken = time.monotonic() - begin
    used = {name: measure.cpu_seconds(pid) - used[name] for name, pid in pids.items()}
    rows = [Row(f"{label}: transactions of etcd a second, at rest", "", [(revision(truced, 2) - first) / taken])]
    for name, pid in pids.items():
        rows.append(Row(f"{label}: {name}, share of a processor, at rest", "%", [100 * used[name] / taken]))
        rows.append(Row(f"{label}: {name}, RSS", "MiB", [measure.memory(pid)[0]]))
    return rows


class Prober(threading.Thread):
    """Somebody who asks for a small thing again and again: how long the manager's loop lets anybody wait."""

    def __init__(self, truced):
        super().__init__(daemon=True)
        self.truced, self.ends, self.waits = truced, False, []

    def run(self):
        while not self.ends:
            begin = time.monotonic()
            if measure.http_get(self.truced.socket, "/v1/hosts/bench", timeout=60):
                self.waits.append(1000 * (time.monotonic() - begin))
            time.sleep(0.005)

    def rows(self, label):
        self.ends = True
        self.join()
        waits = self.waits or [float("nan")]
        return [Row(f"{label}: one who asks meanwhile waits: longest", "ms", [max(waits)],
                    note=f"{len(waits)} times asked; half of them waited less than {statistics.median(waits):.2f} ms")]


@contextlib.contextmanager
def probed(truced, label, rows):
    """Adds a row that tells how long others had to wait while it was done."""
    prober = Prober(truced)
    prober.start()
    try:
        yield
    finally:
        rows += prober.rows(label)


def timed(work, times):
    taken = []
    for _ in range(times):
        begin = time.monotonic()
        work()
        taken.append(time.monotonic() - begin)
    return taken


def commands(truced, label):
    """What people type, from the start of the program to its end."""
    rows = []
    for words in (("vm", "list"), ("vm", "show", "vm-00001"), ("host", "list"), ("pool", "show", "default")):
        taken = timed(lambda words=words: truced.truce(*words), measure.times(5))
        rows.append(Row(f"{label}: truce {' '.join(words)}", "ms", [1000 * one for one in taken]))
    return rows


def host_of(truced, name):
    return measure.get_json(truced.socket, f"/v1/vms/{name}").get("host")


def placed(truced, label):
    """Machines that are made: the answer says where they are."""
    count, rows = measure.times(20), []
    names = [f"new-{number:03}" for number in range(count)]
    with probed(truced, f"{label}: machines are made", rows):
        taken = [timed(lambda name=name: truced.truce("vm", "create", name, "--memory", "128MiB", "--disk", "1MiB", "--pool",
                                                      "shared", "--no-wait"), 1)[0] for name in names]
    for name in names:
        measure.until(lambda name=name: host_of(truced, name), 60, f"{name} is placed")
    rows.insert(0, Row(f"{label}: truce vm create --no-wait, placed among all hosts", "ms", [1000 * one for one in taken]))
    return rows


def balanced(truced, label):
    rows = []
    with probed(truced, f"{label}: a plan is made", rows):
        begin = time.monotonic()
        plan = json.loads(truced.truce("plan", "create", "balance", "--moves", "50", "--format", "json"))
        taken = time.monotonic() - begin
    rows.insert(0, Row(f"{label}: truce plan create balance, {len(plan.get('moves', []))} moves", "s", [taken]))
    return rows


def asked(context, truced, label, machines):
    """The API while all hosts send their heartbeats."""
    rows, url, share = [], f"unix:{truced.socket}", 4 if context.short else 1
    for name, path, requests in (("get one", "/v1/vms/{}", 8000), ("page of 500", "/v1/vms?limit=500", 400),
                                 ("summary", "/v1/summary", 400), ("hosts, a page of 500", "/v1/hosts?limit=500", 400)):
        found = api.generator(context, "get", "--url", url, "--path", path, "--machines", machines, "--connections", 1,
                              "--requests", requests // share, "--warm-up", 20)
        rows += [Row(f"{label}: {name}: {part}", "ms", [found[f"{part}_ms"]]) for part in ("p50", "p99")]
    found = api.generator(context, "watch", "--url", url, "--path", "/v1/vms/{}", "--machines", machines,
                          "--connections", 1, "--requests", 20 // share, "--warm-up", 2)
    rows.append(Row(f"{label}: from a change until a watcher saw it: p50", "ms", [found["p50_ms"]]))
    return rows


def runs_elsewhere(truced, name):
    vm = measure.get_json(truced.socket, f"/v1/vms/{name}")
    return vm["host"] != f"h{LOST:05}" and vm["observed"] == "running"


def settled(truced, label):
    """Until the manager has nothing to do any more but what it does at rest."""
    before = measure.cpu_seconds(truced.process.pid)
    for _ in range(0 if measure.ONCE else 60):
        time.sleep(1)
        now = measure.cpu_seconds(truced.process.pid)
        if now - before < 0.5:
            return
        before = now


def lost_host(truced, players, label, hosts, machines):
    lost = [f"vm-{number:05}" for number in range(LOST, machines, hosts)]
    begin = time.monotonic()
    players.ask(f"crash {LOST}")
    for name in lost:
        measure.until(lambda name=name: runs_elsewhere(truced, name), 120, f"{name} of a lost host runs again", pause=0.05)
    return [Row(f"{label}: a host is lost, until its {len(lost)} machines run elsewhere", "s", [time.monotonic() - begin],
                target=("below", 13))]


def bench(context):
    hosts = 20 if measure.ONCE else 250 if context.short else 2500
    return estate(context, hosts, hosts * PER_HOST)


def connected(truced, hosts):
    """Whether all of them have reported what they have of the pool that each has."""
    return len(measure.get_json(truced.socket, "/v1/pools/default").get("places", [])) >= hosts


def estate(context, hosts, machines):
    shared = os.path.join(context.work, "estate-shared")
    truced = daemons.Truced(context, "estate", ["--hypervisor", "fake", "--requests-per-second", "100000000"])
    measure.run([context.program("tests/bench/bench_seed"), "--state-dir", truced.state, "--host", "bench",
                 "--machines", str(machines), "--hosts", str(hosts), "--shared", shared])
    label = f"estate, {hosts:,} hosts, {machines:,} machines"
    players = None
    truced.start()
    try:
        begin = time.monotonic()
        truced.truce("cluster", "init", "estate", "--address", "127.0.0.1", "--store", "etcd")
        measure.until(truced.online, 600, "the state is in etcd")
        rows = [Row(f"{label}: its state from SQLite into etcd", "s", [time.monotonic() - begin])]
        truced.truce("cluster", "set", "--availability")
        with probed(truced, f"{label}: all come at once", rows):
            begin = time.monotonic()
            players = Players(context, truced, hosts, shared)
            measure.until(lambda: connected(truced, hosts), 3600, "all hosts are connected", pause=2)
            rows.append(Row(f"{label}: until all hosts are connected and have reported", "s", [time.monotonic() - begin]))
            measure.until(lambda: players.ask("count") >= machines, 3600, "all machines run", pause=2)
            rows.append(Row(f"{label}: until all hosts are there and all machines run", "s", [time.monotonic() - begin]))
        settled(truced, label)
        with probed(truced, f"{label}: at rest", rows):
            rows += at_rest(truced, label, 2 if measure.ONCE else 30)
        rows += asked(context, truced, label, machines) + commands(truced, label)
        rows += placed(truced, label) + balanced(truced, label)
        with probed(truced, f"{label}: a host is lost", rows):
            rows += lost_host(truced, players, label, hosts, machines)
        return rows
    except Failure:
        context.say(measure.table(rows))  # as far as it came
        raise
    finally:
        if players:
            players.stop()
        truced.stop()

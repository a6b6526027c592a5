"""(o) A large estate: one manager on a member of etcd, thousands of hosts, tens of thousands of machines that run. The hosts
are real nodes with pretended machines, all in one process, which takes its share of this computer; they connect by the
manager's unix socket, so that TLS between hosts is left out."""

import os
import subprocess
import time

import api
import daemons
import measure
from measure import Failure, Row

PER_HOST = 16
LOST = 7  # which host is


class Players:
    """bench_hosts."""

    def __init__(self, context, truced, hosts, shared):
        self.process = subprocess.Popen(
            [context.program("tests/bench/bench_hosts"), "--socket", os.path.join(truced.run_dir, "node.sock"),
             "--folder", os.path.join(context.work, "estate-hosts"), "--shared", shared, "--hosts", str(hosts)],
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


def asked(context, truced, label, machines):
    """The API while all hosts send their heartbeats."""
    rows, url, share = [], f"unix:{truced.socket}", 4 if context.short else 1
    for name, path, requests in (("get one", "/v1/vms/{}", 8000), ("page of 500", "/v1/vms?limit=500", 400),
                                 ("summary", "/v1/summary", 400)):
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


def bench(context):
    hosts = 20 if measure.ONCE else 250 if context.short else 2500
    machines = hosts * PER_HOST
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
        begin = time.monotonic()
        players = Players(context, truced, hosts, shared)
        measure.until(lambda: players.ask("count") >= machines, 3600, "all machines run", pause=0.5)
        rows.append(Row(f"{label}: until all hosts are there and all machines run", "s", [time.monotonic() - begin]))
        rows += at_rest(truced, label, 5 if measure.ONCE else 30)
        rows += asked(context, truced, label, machines)
        begin = time.monotonic()
        lost = [f"vm-{number:05}" for number in range(LOST, machines, hosts)]
        players.ask(f"crash {LOST}")
        for name in lost:
            measure.until(lambda: runs_elsewhere(truced, name), 120, f"{name} of a lost host runs again", pause=0.05)
        rows.append(Row(f"{label}: a host is lost, until its {len(lost)} machines run elsewhere", "s",
                        [time.monotonic() - begin], target=("below", 13)))
        return rows
    finally:
        if players:
            players.stop()
        truced.stop()

"""(k) The store on etcd, of one member and of three on this host's disk, beside the store in SQLite on the same disk."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import measure
from measure import Row

# what bench_store calls it, what it is called, unit, microseconds in a unit
MEASURES = [
    ("commit alone", "one commit", "us", 1),
    ("commit together", "a commit, 64 at once", "us", 1),
    ("get", "one get", "us", 1),
    ("watch", "from a commit's call to its watch", "us", 1),
    ("list", "a list of 40,000", "ms", 1000),
]


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Cluster:
    """Members of etcd on loopback, ready."""

    def __init__(self, members, folder):
        os.makedirs(folder)
        ports = free_ports(2 * members)
        clients = [f"http://127.0.0.1:{port}" for port in ports[:members]]
        peers = [f"http://127.0.0.1:{port}" for port in ports[members:]]
        together = ",".join(f"m{i}={peer}" for i, peer in enumerate(peers))
        self.urls, self.processes = clients, []
        for i, (client, peer) in enumerate(zip(clients, peers)):
            with open(os.path.join(folder, f"m{i}.log"), "wb") as log:
                self.processes.append(subprocess.Popen(
                    ["etcd", "--name", f"m{i}", "--data-dir", os.path.join(folder, f"m{i}"),
                     "--listen-client-urls", client, "--advertise-client-urls", client,
                     "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                     "--initial-cluster", together], stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def __enter__(self):
        end = time.monotonic() + 30
        while not all(map(self.is_ready, self.urls)):
            if time.monotonic() > end:
                raise measure.Failure("etcd is not ready after 30 s")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.send_signal(signal.SIGKILL)
            process.wait()

    @staticmethod
    def is_ready(url):
        try:
            with urllib.request.urlopen(url + "/health", timeout=1) as answer:
                return b'"true"' in answer.read()
        except (urllib.error.URLError, OSError):
            return False


def bench(context):
    if not shutil.which("etcd"):
        raise measure.Skip("there is no etcd here: apt-get install etcd-server")
    program = context.program("tests/bench/bench_store")
    work = os.path.join(context.work, "stores")
    os.makedirs(os.path.join(work, "sqlite"))
    sqlite = json.loads(measure.run([program, os.path.join(work, "sqlite")]))
    rows = []
    for members in (1, 3):
        with Cluster(members, os.path.join(work, f"etcd{members}")) as cluster:
            found = json.loads(measure.run([program, *cluster.urls]))
        name = f"etcd, {members} member{'s' if members > 1 else ''}"
        rows += [Row(f"{name}: {called}", unit, [value / scale for value in found[key]],
                     [value / scale for value in sqlite[key]], "SQLite's store")
                 for key, called, unit, scale in MEASURES]
    return rows

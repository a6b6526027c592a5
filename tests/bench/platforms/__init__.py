"""(o) The inventory of a vSphere server (vcsim): the first picture of all machines, and a change; govmomi and pyvmomi read the same in the same run."""

import json
import os
import subprocess

import measure
from measure import Row, Skip

PEER = os.path.join(measure.ROOT, "tests", "peers", "vcsim")
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's pyvmomi


def vcsim():
    done = subprocess.run([os.path.join(PEER, "build")], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip(f"vcsim cannot be built: {done.stderr.strip()}")
    return done.stdout.strip()


class Server:
    """A vcsim with so many machines, and how long it took to make them."""

    def __init__(self, program, machines, work):
        # vcsim puts them in two places: on a host alone and in a cluster
        log = os.path.join(work, "vcsim.log")
        self.process = measure.Process([program, "-l", "127.0.0.1:0", "-machines", str(machines // 2)], log)

        def address():
            self.process.check()
            with open(log) as file:
                return file.readline().strip()
        self.address = measure.until(address, 1800, "vcsim is ready", 0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()

    def spent(self, work):
        """What `work` answers, and the server's own processor time meanwhile."""
        before = measure.cpu_seconds(self.process.pid)
        found = work()
        return found, measure.cpu_seconds(self.process.pid) - before


def has_pyvmomi():
    return subprocess.run([PYTHON, "-W", "ignore", "-c", "import pyVmomi"], capture_output=True).returncode == 0


def bench(context):
    program = vcsim()
    machines = 200 if measure.ONCE else 2000 if context.short else 10_000
    turns = measure.times(3)
    ours = [context.program("tests/bench/bench_platforms"), "--user", "user", "--password", "pass"]
    runs, theirs, python, server = [], [], [], []
    with Server(program, machines, context.work) as at:
        for _ in range(turns):
            found, spent = at.spent(lambda: json.loads(measure.run([*ours, "--url", f"https://{at.address}", "--changes", "0"])))
            runs.append(found)
            server.append(spent)
            theirs.append(json.loads(measure.run([program, "-read", at.address])))
            if has_pyvmomi():
                python.append(json.loads(measure.run([PYTHON, os.path.join(PEER, "other.py"), at.address, "pass", "time"])))
        changes = json.loads(measure.run([*ours, "--url", f"https://{at.address}", "--changes", str(measure.times(5))]))
    if any(run["machines"] != machines for run in runs):
        raise measure.Failure(f"{runs[0]['machines']} machines were read, and there are {machines}")
    text = f"{machines:,} machines"
    pictures = [run["picture"] for run in runs]
    return [
        Row(f"first picture: {text}", "s", pictures, [run["seconds"] for run in theirs], "govmomi, machines alone", ("below", 10),
            f"of it {runs[-1]['processor']:.2f} s of our processor time, and {server[-1]:.2f} s of the server's"),
        Row("the same", "s", pictures, [run["seconds"] for run in python], "pyvmomi, machines alone"),
        Row(f"first picture: {text}, memory more than before", "MiB", [run["memory"] - run["memory_before"] for run in runs]),
        Row(f"a change, from the call until the feed shows it: {text}", "s", changes["changes"], target=("below", 1)),
    ]

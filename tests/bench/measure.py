"""Samples, medians, tables; processes and what they use."""

import json
import os
import re
import signal
import socket
import statistics
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


class Failure(Exception):
    """Something broke: the run ends with status 1."""


class Skip(Exception):
    """This machine cannot do it; the text says why."""


class Row:
    """One measure: the samples of ours, of a peer in the same run, and perhaps a target."""

    def __init__(self, name, unit, ours, peer=None, peer_name="", target=None, note=""):
        self.name, self.unit, self.note = name, unit, note
        self.ours, self.peer, self.peer_name = list(ours), list(peer or []), peer_name
        # ("below", limit) for the median of ours; ("over peer", limit) for the difference of medians;
        # ("ratio", limit) for ours divided by the peer's, at most.
        self.target = target

    def ours_median(self):
        return statistics.median(self.ours)

    def peer_median(self):
        return statistics.median(self.peer) if self.peer else None

    def ratio(self):
        return self.ours_median() / self.peer_median() if self.peer and self.peer_median() else None

    def verdict(self):
        if not self.target:
            return ""
        kind, limit = self.target
        if kind == "below":
            value, text = self.ours_median(), f"< {shown(limit, self.unit)}"
        elif kind == "over peer":
            value, text = self.ours_median() - self.peer_median(), f"at most +{shown(limit, self.unit)}"
        else:
            value, text = self.ratio(), f"ratio < {limit:g}"
        if value <= limit:
            return f"{text}: met"
        if kind == "ratio":
            return f"{text}: MISSED ({value:.2f})"
        return f"{text}: MISSED by {shown(value - limit, self.unit)}"

    def as_json(self):
        return {"name": self.name, "unit": self.unit, "truce": self.ours, "truce_median": self.ours_median(),
                "peer": self.peer_name, "peer_samples": self.peer, "peer_median": self.peer_median(),
                "ratio": self.ratio(), "target": self.target, "verdict": self.verdict(), "note": self.note}


def shown(value, unit):
    if value is None:
        return ""
    if abs(value) >= 1000:
        number = f"{value:,.0f}"
    elif abs(value) >= 100:
        number = f"{value:.0f}"
    elif abs(value) >= 10:
        number = f"{value:.1f}"
    else:
        number = f"{value:.3g}"
    return f"{number} {unit}".strip()


def spread(samples):
    """Half of what lies between the quartiles, as a share of the median: how noisy it was."""
    if len(samples) < 4 or not statistics.median(samples):
        return ""
    low, _, high = statistics.quantiles(samples, n=4)
    return f"±{50 * (high - low) / statistics.median(samples):.0f} %"


def table(rows):
    head = ["measure", "truce", "", "peer", "", "peer is", "ratio", "target"]
    lines = [head]
    for row in rows:
        ratio = row.ratio()
        lines.append([row.name, shown(row.ours_median(), row.unit), spread(row.ours),
                      shown(row.peer_median(), row.unit), spread(row.peer), row.peer_name,
                      f"{ratio:.3g}" if ratio is not None else "", row.verdict()])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    out = []
    for number, line in enumerate(lines):
        out.append("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
        if number == 0:
            out.append("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(out)


ONCE = False


def times(count):
    """How often to repeat: so often, or once where it shall be shown only that it runs."""
    return 1 if ONCE else count


def estates():
    """How many machines there are, from small to large; few where it shall be shown only that it runs."""
    return (1000,) if ONCE else (1000, 40_000)


def interleaved(contestants, count, warm_up=1):
    """Runs each contestant in turn (ABCABC...), so that noise of the machine meets all of them alike.
    `contestants` maps a name to a function that answers a dict of numbers. The samples by name and
    number, without the first rounds. With ONCE a single round shows that it runs at all."""
    if ONCE:
        count, warm_up = 1, 0
    samples = {name: {} for name in contestants}
    for turn in range(warm_up + count):
        for name, run in contestants.items():
            values = run()
            if turn < warm_up:
                continue
            for key, value in values.items():
                samples[name].setdefault(key, []).append(value)
    return samples


# --- processes -------------------------------------------------------------------------------


def cpu_seconds(pid):
    """User and system time that a process has used."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid):
    """(RSS, PSS) in MiB."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        text = file.read()
    kib = {key: int(value) for key, value in re.findall(r"^(Rss|Pss): +(\d+) kB", text, re.M)}
    return kib["Rss"] / 1024, kib["Pss"] / 1024


def run_to_end(argv, env=None, statuses=(0,)):
    """(wall seconds, CPU seconds) of a program that must end with one of the statuses; its output is thrown away."""
    begin = time.monotonic()
    with open("/dev/null", "r+b") as null:
        process = subprocess.Popen(argv, stdin=null, stdout=null, stderr=subprocess.PIPE, env=env)
        complaint = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in statuses:
        raise Failure(f"{' '.join(argv)}: {complaint.decode(errors='replace').strip()}")
    return wall, usage.ru_utime + usage.ru_stime


TIMER = "/usr/bin/time"


def can_tell_peaks():
    return os.access(TIMER, os.X_OK)


def peak_memory(argv, statuses=(0,)):
    """The most memory that a program has had, in MiB, of a run of its own. What is forked from us begins with our
    own size as its peak, so GNU time, which is small, starts it."""
    done = subprocess.run([TIMER, "-q", "-f", "%M", *argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode not in statuses:
        raise Failure(f"{' '.join(map(str, argv))}: {done.stderr.strip()}")
    return int(done.stderr.splitlines()[-1]) / 1024


def run_measured(argv, env=None):
    """(wall seconds, CPU seconds) of a program that must succeed."""
    return run_to_end(argv, env)


def run(argv, env=None, **more):
    """The output of a program that must succeed."""
    done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, argv))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def until(condition, seconds, what, pause=0.01):
    """The first true answer of `condition`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(pause)


class Process:
    """A program in the background, ended with its object's `stop`."""

    def __init__(self, argv, log, core=None, env=None, **more):
        pin = (lambda: os.sched_setaffinity(0, {core})) if core is not None else None
        self.log = log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            preexec_fn=pin, env=env, **more)
        self.pid = self.process.pid

    def check(self):
        if self.process.poll() is not None:
            with open(self.log, errors="replace") as file:
                tail = file.read()[-500:]
            raise Failure(f"{self.process.args[0]} ended by itself: {tail}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def http_get(path, target, timeout=5):
    """One GET on a unix socket with a connection of its own: (status, body), or None: no answer."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(timeout)
        try:
            line.connect(path)
            line.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while piece := line.recv(1 << 16):
                answer += piece
        except OSError:
            return None
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 "):
        return None
    return int(head.split()[1]), body


def get_json(path, target):
    answer = http_get(path, target)
    if not answer or answer[0] != 200:
        raise Failure(f"GET {target}: {answer}")
    return json.loads(answer[1])

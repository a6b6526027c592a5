"""(d) Restart: from the exec of truced, with very many machines in its store, to its first answer, and
until its node has gone through the whole assignment and reported."""

import hashlib
import json
import os
import sqlite3
import time

import daemons
import footprint
import measure
from measure import Row, Skip


def restarted(truced, count):
    truced.seed(count, touch=True)
    begin = time.monotonic()
    truced.start(wait=False)
    try:
        measure.until(truced.healthy, 120, "truced answers", pause=0.002)
        healthy = time.monotonic() - begin
        truced.wait_reported(count)
        taken = time.monotonic() - begin
        cpu = measure.cpu_seconds(truced.process.pid)
    finally:
        truced.stop()
    return {"healthy": healthy, "taken": taken, "cpu": cpu}


def read_plainly(truced):
    """The least that a restart must do: read every row, check its sum, parse its JSON."""
    begin = time.monotonic()
    database = sqlite3.connect(os.path.join(truced.state, "store", "truce.db"))
    entries = {}
    for key, value in database.execute("SELECT key, value FROM entry ORDER BY key"):
        hashlib.sha256(value).digest()
        entries[key] = json.loads(value)
    database.close()
    return {"healthy": time.monotonic() - begin}


def libvirt_restarted(libvirtd):
    libvirtd.stop_daemon()
    begin = time.monotonic()
    libvirtd.start(wait=False)
    measure.until(libvirtd.answers, 120, "libvirtd answers", pause=0.002)
    return {"healthy": time.monotonic() - begin}


def bench(context):
    rows = []
    repeats = 5 if context.short else 9
    for count in measure.estates():
        truced = daemons.Truced(context, f"restart-{count}", ["--hypervisor", "fake"])
        truced.seed(count)
        contestants = {"truce": lambda: restarted(truced, count), "plain": lambda: read_plainly(truced)}
        libvirtd = None
        try:
            if count == 1000:
                try:
                    libvirtd = daemons.Libvirtd(context, "restart-libvirt")
                    libvirtd.define([footprint.plain_domain(number) for number in range(count)])
                    contestants["libvirt"] = lambda: libvirt_restarted(libvirtd)
                except Skip as why:
                    context.say(f"skipped: libvirt: {why}")
            samples = measure.interleaved(contestants, repeats)
        finally:
            if libvirtd:
                libvirtd.stop()
        ours = samples["truce"]
        label = f"restart, {count:,}"
        rows.append(Row(f"{label}: until /healthz answers", "s", ours["healthy"], samples["plain"]["healthy"],
                        "Python reads, checks, parses all", ("below", 2) if count == 40_000 else None))
        if "libvirt" in samples:
            rows.append(Row(f"{label}: until /healthz answers", "s", ours["healthy"], samples["libvirt"]["healthy"],
                            "libvirtd until virsh lists"))
        rows.append(Row(f"{label}: until the node has reported on all", "s", ours["taken"]))
        rows.append(Row(f"{label}: CPU time until then", "s", ours["cpu"]))
    return rows

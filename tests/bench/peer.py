"""(l) The same tasks by hand, on the console and on Cockpit's page of machines (Debian's cockpit-machines), in Debian's
Chromium: what is loaded, how many clicks, and how long until the page shows the outcome.

Both have one machine with 128 MiB and an empty disk. Neither is asked to sign in. Cockpit asks about KVM first where there is
none; that is in its `open`."""

import json
import os
import shutil
import socket
import subprocess

import daemons
import measure
from measure import Failure, Process, Row, Skip, until
from web import PAGE, TOKEN, need_browser

SCRIPT = os.path.join(measure.ROOT, "web", "e2e", "peer.mjs")
COCKPIT = "/usr/lib/cockpit/cockpit-ws"
BRIDGE = "/usr/bin/cockpit-bridge"
DBUS = "/run/dbus/system_bus_socket"
DOMAIN = """<domain type='qemu'><name>bench</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os><features><acpi/></features>
<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/>
<target dev='vda' bus='virtio'/></disk><serial type='null'/><graphics type='vnc' port='-1'/><video><model type='vga'/></video>
</devices></domain>"""
TASKS = {"open": "open the list of machines, cold cache", "machine": "open a machine's page", "start": "start it",
         "snapshot": "take a snapshot", "power off": "power it off"}


def played(url, peer, env):
    done = subprocess.run(["node", SCRIPT], env={**env, "TRUCE_WEB_URL": url, "TRUCE_WEB_TOKEN": TOKEN, "TRUCE_PEER": peer},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Failure(f"web/e2e/peer.mjs {peer}: {done.stderr.strip()[-800:]}")
    return json.loads(done.stdout)


def answers(port):
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


class Ours:
    def __init__(self, context):
        self.truced = daemons.Truced(context, "peer", ["--network-mode", "user", "--web-dir", PAGE])
        self.truced.seed(0, token=TOKEN)
        self.truced.start()

    def turn(self):
        self.truced.truce("vm", "create", "bench", "--disk", "64MiB", "--memory", "128MiB")
        try:
            return played(f"https://127.0.0.1:{self.truced.port}", "truce", self.truced.env)
        finally:
            self.truced.truce("vm", "delete", "bench", "--force")

    def stop(self):
        self.truced.stop()


class Theirs:
    def __init__(self, context):
        if not os.path.exists(COCKPIT) or not os.path.exists(BRIDGE) or not shutil.which("dbus-daemon"):
            raise Skip("cockpit-machines is not installed (tools/install-packages peer)")
        self.libvirtd = daemons.Libvirtd(context, "peer-libvirt")
        self.disk = os.path.join(self.libvirtd.folder, "bench.qcow2")
        os.chmod(self.libvirtd.folder, 0o777)
        os.makedirs(os.path.dirname(DBUS), exist_ok=True)
        measure.run(["mount", "-t", "tmpfs", "tmpfs", os.path.dirname(DBUS)])  # libvirt waits for a bus that has left its socket
        log = os.path.join(self.libvirtd.folder, "cockpit")
        self.bus = Process(["dbus-daemon", "--system", "--nofork", "--nopidfile"], log + "-bus")
        until(lambda: os.path.exists(DBUS), 20, "the system's bus")
        self.log = log

    def turn(self):
        measure.run(["qemu-img", "create", "-q", "-f", "qcow2", self.disk, "64M"])
        os.chmod(self.disk, 0o666)
        self.libvirtd.define([DOMAIN.format(disk=self.disk)])
        port = measure.free_port()
        # Its session without a sign-in is good for one browser.
        page = Process([COCKPIT, "--no-tls", "--address", "127.0.0.1", "--port", str(port), f"--local-session={BRIDGE}"],
                       self.log)
        try:
            until(lambda: answers(port), 20, "Cockpit answers")
            return played(f"http://127.0.0.1:{port}", "cockpit", dict(os.environ))
        finally:
            page.stop()
            self.libvirtd.virsh("undefine", "bench", "--snapshots-metadata")

    def stop(self):
        self.bus.stop()
        self.libvirtd.stop()


def bench(context):
    need_browser()
    turns = measure.times(2 if context.short else 5)
    found = {}
    for who in (Ours, Theirs):
        side = who(context)
        try:
            found[who] = [side.turn() for _ in range(turns)]
        finally:
            side.stop()

    def row(name, unit, of):
        return Row(name, unit, [of(turn) for turn in found[Ours]], [of(turn) for turn in found[Theirs]], "Cockpit")
    rows = [row(f"by hand: {text}", "ms", lambda turn, task=task: turn["tasks"][task]["ms"]) for task, text in TASKS.items()]
    rows.append(row("by hand: clicks and fields for all of it", "", lambda turn: sum(t["clicks"] for t in turn["tasks"].values())))
    rows.append(row("by hand: loaded for all of it (packed)", "KiB", lambda turn: turn["bytes"] / 1024))
    return rows

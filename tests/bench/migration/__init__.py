"""(o) Live migration of a guest of 512 MiB between two hosts' hypervisors on one machine, beside QEMU driven by hand.

The guest is the boot sector of src/qemu/tests: it has touched 200 MiB, and then does nothing, or changes 8 MiB of memory
and its disk all the time. Both sides are on this machine, so that no network is measured; ours go through a relay as
between hosts, by hand QEMU connects to QEMU, and libvirt's go through TCP. All have one connection, no limit of bandwidth, the
same raw file as disk, and may let the guest stand still for 300 ms, of which ours leaves QEMU the half (docs/adr/0020). Total: from nothing on the other side until the guest runs there. Downtime:
from STOP until it runs; ours includes that whoever decides is told, by hand the other QEMU goes on by itself. libvirt
tells its downtime itself; its guest has 513 MiB, as it knows no others, so that without KVM one that works is not sound
when it arrives (see docs/adr/0020): only its times are compared."""

import functools
import json
import os
import re
import shutil
import socket
import subprocess
import time

import daemons
import measure
from measure import Failure, Process, Row, Skip

MEMORY = "524296K"  # not a multiple of 256 KiB: without KVM QEMU would lose what the guest writes meanwhile

HAS_KVM = daemons.kvm_for_machines()


class Ours:
    def __init__(self, context, name, *words):
        folder = os.path.join(context.work, name)
        os.makedirs(folder)
        os.chmod(folder, 0o711)
        self.process = subprocess.Popen([context.program("tests/bench/bench_migration"), "--folder", folder, *words],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.line() != "ready":
            raise Failure("bench_migration did not start its guest")

    def line(self):
        text = self.process.stdout.readline().strip()
        if not text:
            raise Failure(f"bench_migration ended: {self.process.wait()}")
        return text

    def tell(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.line()

    def rest(self):
        self.tell("rest")

    def wake(self):
        self.tell("wake")

    def measure(self):
        told = json.loads(self.tell("go"))
        return {"total": told["total"], "downtime": told["downtime"]}

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)


class Qemu:
    """One by hand, as its documentation says."""

    def __init__(self, folder, name, disk, incoming=False):
        self.qmp_path, self.serial_path = (os.path.join(folder, f"{name}.{kind}") for kind in ("qmp", "serial"))
        words = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35",
                 "-accel", "kvm" if HAS_KVM else "tcg,tb-size=128", "-cpu", "max", "-m", MEMORY,
                 "-drive", f"file={disk},format=raw,if=none,id=disk0", "-device", "virtio-blk-pci,drive=disk0",
                 "-device", "virtio-balloon-pci", "-device", "virtio-rng-pci", "-device", "VGA",
                 "-qmp", f"unix:{self.qmp_path},server=on,wait=off",
                 "-serial", f"unix:{self.serial_path},server=on,wait=off", *(["-incoming", "defer"] if incoming else [])]
        self.process = Process(words, os.path.join(folder, f"{name}.log"))
        measure.until(lambda: os.path.exists(self.qmp_path) and os.path.exists(self.serial_path), 20, "QEMU listens",
                      pause=0.002)
        self.line = self.connect(self.qmp_path)
        self.reader = self.line.makefile("r")
        self.events = []
        self.reader.readline()
        self.ask("qmp_capabilities")

    @staticmethod
    def connect(path):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(120)
        measure.until(lambda: line.connect_ex(path) == 0, 10, "QEMU takes connections", pause=0.002)
        return line

    def hear(self):
        message = json.loads(self.reader.readline())
        if "event" in message:
            stamp = message["timestamp"]
            self.events.append((message["event"], message.get("data", {}),
                                stamp["seconds"] * 1000 + stamp["microseconds"] / 1000))
        return message

    def ask(self, command, **arguments):
        self.line.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            message = self.hear()
            if "error" in message:
                raise Failure(f"QMP {command}: {message['error']['desc']}")
            if "return" in message:
                return message["return"]

    def until(self, event, **wanted):
        """When it was; also of one that has come already."""
        seen = 0
        while True:
            for name, data, stamp in self.events[seen:]:
                if name == event and wanted.items() <= data.items():
                    return stamp
            seen = len(self.events)
            self.hear()

    def say(self, letter):
        with self.connect(self.serial_path) as line:
            line.sendall(letter.encode())
            while (said := line.recv(1)) == b"R":
                pass
        return said.decode()

    def stop(self):
        self.line.close()
        self.process.stop()
        for path in (self.qmp_path, self.serial_path):
            if os.path.exists(path):
                os.unlink(path)


class ByHand:
    def __init__(self, context, name, works):
        self.folder = os.path.join(context.work, name)
        os.makedirs(self.folder)
        self.disk = os.path.join(self.folder, "disk.raw")
        measure.run([context.program("tests/bench/bench_migration"), "--image", self.disk])
        self.works, self.count = works, 0
        self.here = Qemu(self.folder, "q0", self.disk)
        self.here.say("m")
        if works:
            self.here.say("b")

    def rest(self):
        self.here.ask("stop")

    def wake(self):
        self.here.ask("cont")

    def measure(self):
        self.count += 1
        begin = time.monotonic()
        there = Qemu(self.folder, f"q{self.count}", self.disk, incoming=True)
        state = [{"capability": name, "state": True} for name in ("events", "return-path")]
        for side in (self.here, there):
            side.ask("migrate-set-capabilities", capabilities=state)
        self.here.ask("migrate-set-parameters", **{"max-bandwidth": 1 << 40, "downtime-limit": 300})
        path = f"unix:{self.folder}/flight{self.count}"
        there.ask("migrate-incoming", uri=path)
        self.here.events.clear()
        self.here.ask("migrate", uri=path)
        self.here.until("MIGRATION", status="completed")
        resumed = there.until("RESUME")
        total = (time.monotonic() - begin) * 1000
        downtime = resumed - self.here.until("STOP")
        self.here.stop()
        self.here = there
        if self.works:
            measure.until(lambda: self.here.say("s") != "N", 20, "the guest works", pause=0.02)
            if self.here.say("s") == "E":
                raise Failure("by hand: the guest did not arrive sound")
        return {"total": total, "downtime": downtime}

    def stop(self):
        self.here.stop()


class Libvirtd:
    """One of two, in a mount namespace of its own: its folders are empty, and the other does not see them."""

    def __init__(self, folder, number):
        conf = os.path.join(folder, f"conf{number}")
        os.makedirs(os.path.join(conf, "qemu"))
        with open(os.path.join(conf, "libvirtd.conf"), "w") as file:
            file.write('log_outputs = "3:stderr"\nauth_unix_rw = "none"\n'
                       f'host_uuid = "7bec0000-0000-4000-9000-0000000000a{number}"\n')
        with open(os.path.join(conf, "qemu.conf"), "w") as file:
            file.write(daemons.QEMU_CONF.format(user="root", group="root") + 'stdio_handler = "file"\nnamespaces = []\n')
        mounts = "".join(f"mkdir -p {path}; mount -t tmpfs -o mode=0755 tmpfs {path}; " for path in daemons.LIBVIRT_FOLDERS)
        script = f"set -e; {mounts} cp -r {conf}/. /etc/libvirt/; exec libvirtd -p /run/libvirt/pid -f /etc/libvirt/libvirtd.conf"
        self.daemon = Process(["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
                              os.path.join(folder, f"libvirtd{number}.log"))
        self.uri = f"qemu+unix:///system?socket=/proc/{self.daemon.pid}/root/run/libvirt/libvirt-sock"
        measure.until(self.answers, 60, "libvirtd answers", pause=0.1)

    def answers(self):
        self.daemon.check()
        return subprocess.run(["virsh", "-c", self.uri, "list"], capture_output=True).returncode == 0

    def virsh(self, *words):
        return measure.run(["virsh", "-c", self.uri, *words])


ADDRESS = "10.77.9.1"  # libvirt refuses the one that every host has
DOMAIN = """<domain type='{type}'>
  <name>bench</name>
  <uuid>7bec0000-0000-4000-9000-000000000003</uuid>
  <memory unit='KiB'>524296</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <features><acpi/></features>
  <cpu mode='maximum'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{disk}'/>
      <target dev='vda' bus='virtio'/></disk>
    <serial type='unix'><source mode='bind' path='{serial}'/><target port='0'/></serial>
    <video><model type='vga'/></video>
    <memballoon model='virtio'/>
    <rng model='virtio'><backend model='builtin'/></rng>
  </devices>
</domain>
"""


class Libvirt:
    def __init__(self, context, name, works):
        if not context.private or not shutil.which("libvirtd", path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise Skip("two libvirtd need root and the package libvirt-daemon-system")
        self.folder = os.path.join(context.work, name)
        os.makedirs(self.folder)
        self.here = self.there = None
        daemons.hide_kvm(self.folder)
        subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"], capture_output=True)  # perhaps it is there
        self.here, self.there = Libvirtd(self.folder, 0), Libvirtd(self.folder, 1)
        disk, self.serial = os.path.join(self.folder, "disk.raw"), os.path.join(self.folder, "serial")
        measure.run([context.program("tests/bench/bench_migration"), "--image", disk])
        document = os.path.join(self.folder, "bench.xml")
        with open(document, "w") as file:
            file.write(DOMAIN.format(type="kvm" if HAS_KVM else "qemu", disk=disk, serial=self.serial))
        self.here.virsh("create", document)
        for letter in "mb" if works else "m":
            with Qemu.connect(self.serial) as line:
                line.sendall(letter.encode())
                while line.recv(1) == b"R":
                    pass

    def rest(self):
        self.here.virsh("suspend", "bench")

    def wake(self):
        self.here.virsh("resume", "bench")

    def measure(self):
        begin = time.monotonic()
        self.here.virsh("migrate", "--live", "--unsafe", "bench", self.there.uri, f"tcp://{ADDRESS}")
        total = (time.monotonic() - begin) * 1000
        told = self.there.virsh("domjobinfo", "bench", "--completed")
        downtime = re.search(r"Total downtime: +(\d+) +ms", told)
        if not downtime:
            raise Failure(f"libvirt tells no downtime: {told}")
        self.here, self.there = self.there, self.here
        return {"total": total, "downtime": float(downtime.group(1))}

    def stop(self):
        subprocess.run(["virsh", "-c", self.here.uri, "destroy", "bench"], capture_output=True)
        for side in (self.here, self.there):
            side.daemon.stop()


SETTLES = 0.3  # seconds in which a guest that was woken works as before


def alone(side):
    """Measures one whose guest runs for that long only: on few processors, others would be measured, too."""
    side.wake()
    time.sleep(SETTLES)
    measured = side.measure()
    side.rest()
    return measured


def bench(context):
    rows = []
    for name, works in (("idle guest", False), ("guest that changes 8 MiB all the time", True)):
        sides = {}
        try:
            sides["truce"] = Ours(context, f"ours{works}", *(["--works"] if works else []))
            sides["by hand"] = ByHand(context, f"hand{works}", works)
            try:
                sides["libvirt"] = Libvirt(context, f"libvirt{works}", works)
            except Skip as why:
                context.say(f"skipped: libvirt: {why}")
            for side in sides.values():
                side.rest()
            contestants = {key: functools.partial(alone, side) for key, side in sides.items()}
            samples = measure.interleaved(contestants, 3 if context.short else 9)
        finally:
            for side in sides.values():
                side.stop()
        for key, text in (("downtime", "stands still"), ("total", "until it runs there")):
            for peer, shown in (("by hand", "QEMU by hand"), ("libvirt", "virsh migrate")):
                if peer in samples:
                    rows.append(Row(f"live migration, {name}: {text}", "ms", samples["truce"][key], samples[peer][key],
                                    shown))
    return rows

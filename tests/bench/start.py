"""(a) Start: from the command to a QEMU that runs, and to the guest's word on its serial line."""

import fcntl
import json
import os
import re
import socket
import struct
import subprocess
import threading
import time

import daemons
import measure
from measure import Failure, Row, Skip, until

HELLO = b"truce-tiny: ready"
TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x400454CA, 0x0002, 0x1000, 0x4000


class Hearing(threading.Thread):
    """Follows a growing file from its present end, and notes when HELLO is in it."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.heard, self.over = path, None, False
        self.start_at = os.path.getsize(path) if os.path.exists(path) else 0

    def run(self):
        seen, at = b"", self.start_at
        while not self.over and self.heard is None:
            try:
                size = os.path.getsize(self.path)
                if size < at:  # begun anew
                    seen, at = b"", 0
                if size > at:
                    with open(self.path, "rb") as file:
                        file.seek(at)
                        piece = file.read()
                    at += len(piece)
                    seen += piece
                    if HELLO in seen:
                        self.heard = time.monotonic()
            except FileNotFoundError:
                pass
            time.sleep(0.002)

    def wait(self, begin):
        self.join(120)
        self.over = True
        if self.heard is None:
            raise Failure(f"the guest did not say '{HELLO.decode()}' within two minutes ({self.path})")
        return self.heard - begin


def qemu_pid(uuid):
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if b"qemu-system" in words[0] and uuid.encode() in words:
            return int(entry)
    raise Failure(f"no QEMU runs with the uuid {uuid}")


def end_of(pid):
    def gone():
        try:  # daemons that detach become children of the first process of a namespace: us
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        return not os.path.exists(f"/proc/{pid}")

    until(gone, 20, f"the end of process {pid}")


class WithTruce:
    def __init__(self, bench, truced):
        self.truced = truced
        truced.truce("template", "create", "tiny", "--recipe", "tiny")
        truced.truce("vm", "create", "bench", "--template", "tiny", "--memory", "256MiB")
        self.vm = measure.get_json(truced.socket, "/v1/vms/bench")
        self.uuid = self.vm["uuid"]
        self.serial = os.path.join(truced.state, "pool", "vms", self.uuid, "serial.log")

    def argv(self):
        """What truce starts QEMU with."""
        self.truced.truce("vm", "start", "bench")
        with open(f"/proc/{qemu_pid(self.uuid)}/cmdline", "rb") as file:
            words = [word.decode() for word in file.read().split(b"\0")[:-1]]
        self.end()
        return words

    def end(self):
        pid = qemu_pid(self.uuid)
        self.truced.truce("vm", "stop", "bench", "--now")
        end_of(pid)

    def measure(self):
        hearing = Hearing(self.serial)
        hearing.start()
        before = measure.cpu_seconds(self.truced.process.pid)
        begin = time.monotonic()
        wall, cpu = self.truced.truce_measured("vm", "start", "bench")
        cpu += measure.cpu_seconds(self.truced.process.pid) - before
        qemu = measure.cpu_seconds(qemu_pid(self.uuid))
        hello = hearing.wait(begin)
        self.end()
        return {"running": wall * 1000, "hello": hello * 1000, "own cpu": cpu * 1000, "qemu cpu": qemu * 1000}


class Bare:
    """QEMU with the same words, by a script that prepares everything before the clock starts."""

    def __init__(self, bench, argv, bridge):
        self.folder = os.path.join(bench.work, "bare")
        os.makedirs(self.folder)
        self.bridge = bridge
        self.argv = argv

    def listening(self, name):
        path = os.path.join(self.folder, name)
        if os.path.exists(path):
            os.unlink(path)
        line = socket.socket(socket.AF_UNIX)
        line.bind(path)
        line.listen(1)
        return line

    def tap(self):
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"bench-tap", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
        measure.run(["ip", "link", "set", "bench-tap", "master", self.bridge, "up"])
        return fd

    def words(self, sockets, tap):
        out = []
        for word in self.argv:
            for name, line in sockets.items():
                word = re.sub(rf"(socket,id={name},fd=)\d+", rf"\g<1>{line.fileno()}", word)
            if tap is not None:
                word = re.sub(r"(tap,id=net0,fd=)\d+", rf"\g<1>{tap}", word)
            if word.startswith("unix:") and "vnc" in word:
                word = "unix:" + os.path.join(self.folder, "vnc.sock")
            out.append(word)
        return out

    def measure(self):
        sockets = {name: self.listening(name) for name in ("qmp", "serial", "agent")}
        tap = self.tap() if self.bridge else None
        words = self.words(sockets, tap)
        fds = [line.fileno() for line in sockets.values()] + ([tap] if tap is not None else [])
        with open(os.path.join(self.folder, "log"), "wb") as log:
            begin = time.monotonic()
            qemu = subprocess.Popen(words, pass_fds=fds, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        qmp, serial = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        try:
            qmp.settimeout(60)
            qmp.connect(os.path.join(self.folder, "qmp"))
            reader = qmp.makefile("rw")
            reader.readline()
            for command in ("qmp_capabilities", "cont", "query-status"):
                reader.write(json.dumps({"execute": command}) + "\n")
                reader.flush()
                while "return" not in (answer := json.loads(reader.readline())):
                    if "error" in answer:
                        raise Failure(f"QMP {command}: {answer}")
            if answer["return"]["status"] != "running":
                raise Failure(f"the bare QEMU is {answer['return']['status']}")
            running = time.monotonic() - begin
            cpu = measure.cpu_seconds(qemu.pid)
            serial.settimeout(120)
            serial.connect(os.path.join(self.folder, "serial"))
            seen = b""
            while HELLO not in seen:
                piece = serial.recv(1 << 16)
                if not piece:
                    raise Failure("the bare QEMU closed its serial line")
                seen += piece
            hello = time.monotonic() - begin
        finally:
            qemu.kill()
            qemu.wait()
            for line in (qmp, serial, *sockets.values()):
                line.close()
            if tap is not None:
                os.close(tap)
        return {"running": running * 1000, "hello": hello * 1000, "own cpu": 0.0, "qemu cpu": cpu * 1000}


class WithLibvirt:
    def __init__(self, libvirtd, bench, argv, bridge, mac):
        self.libvirtd = libvirtd
        self.log = os.path.join(libvirtd.folder, "serial.log")
        os.chmod(libvirtd.folder, 0o777)  # virtlogd and QEMU's user write here
        self.uuid = "7bec0000-0000-4000-9000-000000000001"
        after = {word: argv[i + 1] for i, word in enumerate(argv[:-1])}
        where = f"<source bridge='{bridge}'/>" if bridge else ""
        interface = (f"<interface type='{'bridge' if bridge else 'user'}'>{where}<mac address='{mac}'/>"
                     "<model type='virtio'/><rom enabled='no'/></interface>")
        serial = f"<serial type='file'><source path='{self.log}'/></serial>"
        libvirtd.define([daemons.domain("bench", self.uuid, bench.guest("vmlinux"), bench.guest("initrd"),
                                        after["-append"], interface, serial)])

    def measure(self):
        hearing = Hearing(self.log)
        hearing.start()
        before = self.libvirtd.cpu_seconds()
        begin = time.monotonic()
        wall, cpu = self.libvirtd.virsh_measured("start", "bench")
        cpu += self.libvirtd.cpu_seconds() - before
        pid = qemu_pid(self.uuid)
        qemu = measure.cpu_seconds(pid)
        hello = hearing.wait(begin)
        self.libvirtd.virsh("destroy", "bench")
        end_of(pid)
        return {"running": wall * 1000, "hello": hello * 1000, "own cpu": cpu * 1000, "qemu cpu": qemu * 1000}


def rows_of(samples):
    ours, rows = samples["truce"], []
    for peer, called in (("bare", "bare QEMU"), ("libvirt", "libvirt")):
        if peer not in samples:
            continue
        theirs = samples[peer]
        target = ("over peer", 50) if peer == "bare" else ("ratio", 0.5)
        rows.append(Row("start: until QEMU runs", "ms", ours["running"], theirs["running"], called, target))
        rows.append(Row("start: until the guest says hello", "ms", ours["hello"], theirs["hello"], called))
        if peer == "libvirt":
            rows.append(Row("start: CPU time of daemon and command", "ms", ours["own cpu"], theirs["own cpu"], called))
        rows.append(Row("start: CPU time of QEMU until it runs", "ms", ours["qemu cpu"], theirs["qemu cpu"], called))
    return rows


def bench(context):
    context.need_tiny()
    mode = "nat" if context.private and os.path.exists("/dev/net/tun") else "user"
    truced = daemons.Truced(context, "start", ["--network-mode", mode])
    truced.start()
    libvirtd = None
    try:
        ours = WithTruce(context, truced)
        bridge = "tr-default" if mode == "nat" else None
        argv = ours.argv()
        bare = Bare(context, argv, bridge)
        contestants = {"truce": ours.measure, "bare": bare.measure}
        try:
            libvirtd = daemons.Libvirtd(context, "start-libvirt")
            theirs = WithLibvirt(libvirtd, context, argv, bridge, ours.vm["nics"][0]["mac"])
            contestants["libvirt"] = theirs.measure
        except Skip as why:
            context.say(f"skipped: libvirt: {why}")
        samples = measure.interleaved(contestants, 5 if context.short else 11)
        truced.truce("vm", "delete", "bench")
        truced.truce("network", "delete", "default")  # the next daemon has the same
        until(lambda: not os.path.exists("/sys/class/net/tr-default"), 30, "the network is gone")
    finally:
        if libvirtd:
            libvirtd.stop()
        truced.stop()
    return rows_of(samples)

"""(j) Disk and network as the guest has them: fio and iperf3 inside, beside QEMUs tuned by hand.

All guests are the same tiny one and are up at once; each measures in turn while the others idle. Every disk is a qcow2
file of 256 MiB, written full before, on the same file system; fio goes past the guest's cache (O_DIRECT, io_uring).
The peers' network card is a tap on the bridge of Truce's network, without its filter."""

import base64
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess

import daemons
import measure
from measure import Failure, Row, Skip
from start import IFF_NO_PI, IFF_TAP, IFF_VNET_HDR, TUNSETIFF

DISK_MIB = 256
MEMORY_MIB = 512
TOOLS = ("/usr/bin/fio", "/usr/bin/iperf3")
# name, what fio is told, how many bytes one operation has
JOBS = {
    "read, 1 MiB": ("--rw=read --bs=1M --iodepth=4", 1 << 20),
    "write, 1 MiB": ("--rw=write --bs=1M --iodepth=4", 1 << 20),
    "read, 4 KiB at random, 1 in flight": ("--rw=randread --bs=4k --iodepth=1", 4096),
    "read, 4 KiB at random, 16 in flight": ("--rw=randread --bs=4k --iodepth=16", 4096),
    "write, 4 KiB at random, 16 in flight": ("--rw=randwrite --bs=4k --iodepth=16", 4096),
}
NETWORK = ("receive", "send")
PEERS = {
    "io_uring, no cache": {"aio": "io_uring", "cache.direct": "on"},
    "threads, no cache": {"aio": "threads", "cache.direct": "on"},
    "threads, host's cache": {"aio": "threads", "cache.direct": "off"},
}
RUN = "LD_LIBRARY_PATH=/lib/bench /lib/bench/"
FILL = f"{RUN}fio --name=fill --filename=/dev/vda --rw=write --bs=1M --direct=1 --size={DISK_MIB}M --end_fsync=1 >/dev/null"


def add_tools(context):
    """Appends fio and iperf3 with their libraries to the guest's initramfs: the kernel unpacks one archive after the
    other."""
    for tool in TOOLS:
        if not os.path.exists(tool):
            raise Skip(f"{tool} is missing (tools/install-packages bench)")
    folder = os.path.join(context.work, "inside", "lib", "bench")
    os.makedirs(folder)
    for tool in TOOLS:
        shutil.copy(tool, folder)
        for line in measure.run(["ldd", tool]).splitlines():
            words = line.split()
            if "=>" in words and words[2].startswith("/"):
                shutil.copy(words[2], os.path.join(folder, words[0]))
    names = subprocess.run(["find", "."], cwd=os.path.join(context.work, "inside"), capture_output=True, check=True)
    packed = subprocess.run(["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"], input=names.stdout,
                            cwd=os.path.join(context.work, "inside"), capture_output=True, check=True)
    with open(context.guest("initrd"), "ab") as file:
        file.write(b"\0" * (-file.tell() % 512) + packed.stdout)


class Guest:
    """What is done inside, however it is reached: `sh` runs a shell command and answers its output."""

    def disk(self, job, seconds):
        words, size = JOBS[job]
        text = self.sh(f"{RUN}fio --name=job --filename=/dev/vda --direct=1 --ioengine=io_uring --time_based "
                       f"--runtime={seconds} --size={DISK_MIB}M {words} --output-format=json")
        side = json.loads(text)["jobs"][0]["read" if "read" in words else "write"]
        return 1e6 * size / side["bw_bytes"]  # microseconds an operation

    def network(self, way, seconds):
        """Milliseconds a MiB between the host and the guest, measured by the host's client."""
        more = ["-R"] if way == "send" else []

        def attempt():  # a guest of a crowded machine may be too late to answer
            self.serve()
            done = subprocess.run(["iperf3", "-J", "-c", self.address(), "-t", str(seconds), *more],
                                  capture_output=True, text=True)
            answer = json.loads(done.stdout or "{}")
            self.complaint = answer.get("error", done.stderr)
            return answer.get("end", {}).get("sum_received")
        try:
            total = measure.until(attempt, 60, "iperf3 measures", pause=1)
        except Failure as why:
            raise Failure(f"{why}: {self.complaint}") from None
        return 1000 * (1 << 20) / (total["bits_per_second"] / 8)

    def serve(self):
        """A server for one measurement."""
        self.sh(f"{RUN}iperf3 -s -1 >/tmp/iperf3.log 2>&1 </dev/null & for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.5; "
                "netstat -ltn | grep -q :5201 && exit 0; done; cat /tmp/iperf3.log; exit 1")

    def measure(self, seconds, network):
        values = {job: self.disk(job, seconds) for job in JOBS}
        if network:
            values |= {way: self.network(way, seconds) for way in NETWORK}
        return values

    def hears(self):
        try:
            self.sh("true")
        except (Failure, OSError, KeyError):
            return False
        return True

    def wait(self):
        measure.until(self.hears, 180, "the guest's agent answers", pause=0.5)


class Ours(Guest):
    def __init__(self, context, network):
        self.truced = daemons.Truced(context, "inside", ["--network-mode", "nat" if network else "user"]).start()
        truce = self.truced.truce
        truce("template", "create", "tiny", "--recipe", "tiny")
        truce("vm", "create", "bench", "--template", "tiny", "--memory", f"{MEMORY_MIB}MiB",
              "--disk", f"{DISK_MIB}MiB", "--start")
        self.wait()

    def sh(self, text):
        return self.truced.truce("vm", "exec", "bench", "--timeout", "300", "--", "sh", "-c", text)

    def address(self):
        def known():
            return measure.get_json(self.truced.socket, "/v1/vms/bench")["addresses"]
        return measure.until(known, 60, "the guest has an address")[0]

    def subnet(self):
        return measure.get_json(self.truced.socket, "/v1/networks/default")["subnet"]

    def stop(self):
        self.truced.truce("vm", "delete", "bench", "--force")
        self.truced.stop()


class Theirs(Guest):
    """A QEMU tuned by hand: a thread of its own for the disk, and the given way to the host's disk."""

    def __init__(self, context, number, disk_options, bridge, subnet):
        self.folder = os.path.join(context.work, f"peer{number}")
        os.makedirs(self.folder)
        disk, self.agent = os.path.join(self.folder, "disk.qcow2"), os.path.join(self.folder, "agent")
        measure.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, f"{DISK_MIB}M"])
        options = "".join(f",file.{key}={value}" for key, value in disk_options.items())
        words = ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-machine", "pc-q35-7.2", "-accel", "tcg",
                 "-cpu", "max", "-m", f"{MEMORY_MIB}M", "-kernel", context.guest("vmlinux"), "-initrd",
                 context.guest("initrd"), "-append", "console=ttyS0 quiet", "-serial", "null",
                 "-object", "iothread,id=io", "-blockdev", f"driver=qcow2,node-name=disk,file.driver=file,"
                 f"file.filename={disk}{options}", "-device", "virtio-blk-pci,drive=disk,iothread=io",
                 "-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,path={self.agent},server=on,wait=off",
                 "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
                 "-object", "rng-builtin,id=random", "-device", "virtio-rng-pci,rng=random"]
        fds, self.ip, self.line = [], None, None
        if bridge:
            tap = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", b"bench-tap%d" % number,
                                                    IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
            measure.run(["ip", "link", "set", f"bench-tap{number}", "master", bridge, "up"])
            words += ["-netdev", f"tap,id=net,fd={tap}", "-device",
                      f"virtio-net-pci,netdev=net,mac=52:54:00:be:ac:{16 + number}"]
            fds = [tap]
            self.ip = f"{subnet.rpartition('.')[0]}.{240 + number}"
        self.process = measure.Process(words, os.path.join(self.folder, "log"), pass_fds=fds)
        for fd in fds:
            os.close(fd)
        self.wait()
        if self.ip:
            self.sh(f"killall udhcpc; ip addr flush dev eth0; ip addr add {self.ip}/24 dev eth0")

    def ask(self, command, **arguments):
        if not self.line:
            line = socket.socket(socket.AF_UNIX)
            line.settimeout(10)
            line.connect(self.agent)
            self.line, self.reader = line, line.makefile("rw")
        try:
            self.reader.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self.reader.flush()
            return json.loads(self.reader.readline())["return"]
        except (OSError, ValueError):
            self.line = None
            raise

    def sh(self, text):
        self.process.check()
        pid = self.ask("guest-exec", path="sh", arg=["-c", text], **{"capture-output": True})["pid"]
        done = measure.until(lambda: (s := self.ask("guest-exec-status", pid=pid))["exited"] and s, 120,
                             "the command ends in the guest", pause=0.1)
        if done["exitcode"] != 0:
            raise Failure(f"in the guest: {text}: {done}")
        return base64.b64decode(done.get("out-data", "")).decode()

    def address(self):
        return self.ip

    def stop(self):
        self.process.stop()


def bench(context):
    context.need_tiny()
    add_tools(context)
    network = context.private and os.path.exists("/dev/net/tun")
    if not network:
        context.say("skipped: the network: it needs root and /dev/net/tun")
    ours = Ours(context, network)
    guests = {"truce": ours}
    try:
        for number, (name, options) in enumerate(PEERS.items()):
            guests[name] = Theirs(context, number, options, "tr-default" if network else None,
                                  ours.subnet() if network else "")
        for guest in guests.values():
            guest.sh(FILL)
        seconds = 1 if context.short else 4
        samples = measure.interleaved({name: lambda guest=guest: guest.measure(seconds, network)
                                       for name, guest in guests.items()}, 3 if context.short else 5)
    finally:
        for guest in reversed(guests.values()):
            guest.stop()
    rows = [Row(f"disk in the guest: {job}", "us", samples["truce"][job], samples[name][job], f"QEMU, {name}",
                ("ratio", 1.03)) for job in JOBS for name in PEERS]
    bare = next(iter(PEERS))
    return rows + [Row(f"network: the guest {way}s, a MiB", "ms", samples["truce"][way], samples[bare][way], "QEMU, tap",
                       ("ratio", 1.03)) for way in NETWORK if network]

"""(p) A machine that is off moves here from a vSphere server (vcsim), and back; the same disk is fetched by nbdkit's curl and qemu-img, as virt-v2v does it without VDDK.
One that runs and writes 0.8 MB/s moves here, too: what counts is how long it is away."""

import glob
import os
import re
import shutil
import subprocess
import time

import daemons
import measure
import platforms
from measure import Row, Skip

MIB = 1 << 20
DISK = "disk"
BUSY = "busy"  # machines that write


def make_disk(path, mebi):
    """Half of it holds something: half of that is random, half repeats."""
    with open(path, "wb") as file:
        file.truncate(mebi * MIB)
        for at in range(0, mebi, 4):
            file.seek(at * MIB)
            file.write(os.urandom(MIB))
            file.write(bytes(range(256)) * (MIB // 256))


class Server(platforms.Server):
    """A vcsim that keeps what it is sent, with machines whose disks have content."""

    def __init__(self, program, folder, raw, machines):
        self.folder, self.sent = folder, os.path.join(folder, "sent")
        os.makedirs(self.sent)
        log = os.path.join(folder, "vcsim.log")
        argv = ["env", f"TMPDIR={folder}", program, "-l", "127.0.0.1:0", "-machines", "1", "-keep", self.sent]
        self.process = measure.Process(argv, log)

        def address():
            self.process.check()
            with open(log) as file:
                return file.readline().strip()
        self.address = measure.until(address, 120, "vcsim is ready", 0.1)
        other = [platforms.PYTHON, os.path.join(platforms.PEER, "other.py"), self.address, "pass"]
        first = None
        for name in machines:
            measure.run([*other, "create", name, str(os.path.getsize(raw) >> 10), "ParaVirtualSCSIController", "VirtualVmxnet3"])
            place = os.path.join(glob.glob(os.path.join(folder, "govcsim-*", name))[0], name)
            measure.run(["qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=monolithicFlat", raw, place + ".vmdk"])
            if first and not name.startswith(BUSY):  # the same content once is enough
                os.remove(place + "-flat.vmdk")
                os.link(first, place + "-flat.vmdk")
            first = first or place + "-flat.vmdk"
        self.url = f"https://{self.address}/folder/{machines[0]}/{machines[0]}-flat.vmdk?dcPath=DC0&dsName=LocalDS_0"


def timed(work):
    start = time.monotonic()
    work()
    return time.monotonic() - start


def pause_of(truced, name):
    """Seconds from when it was told to shut down there until its disk was whole here."""
    truced.truce("vm", "start", f"prod/{name}")
    measure.until(lambda: "running" in truced.truce("vm", "show", f"prod/{name}"), 60, f"{name} is seen to run", 0.1)
    task = truced.truce("vm", "move", f"prod/{name}", "--to", "here", "--warm", "--no-wait").strip()
    measure.until(lambda: "succeeded" in truced.truce("task", "show", task), 1200, f"{name} is here", 0.2)
    truced.truce("vm", "delete", name)
    return float(re.search(r"shut down ([0-9.]+) s ago", truced.truce("task", "show", task))[1])


def added(truced, address, folder):
    password = os.path.join(folder, "password")
    with open(password, "w") as file:
        file.write("pass")
    words = [truced.bench.program("programs/truce/truce"), "platform", "add", "prod", f"vsphere://user@{address}", "--password-file", password]
    refused = subprocess.run(words, env=truced.env, capture_output=True, text=True)
    measure.run([*words, "--fingerprint", refused.stderr.rpartition("--fingerprint ")[2].strip()], env=truced.env)


def bench(context):
    for program in ("nbdkit", "qemu-img"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise Skip(f"{program} is missing (tools/install-packages test)")
    if not platforms.has_pyvmomi():
        raise Skip("python3-pyvmomi is missing (tools/install-packages test)")
    folder = os.path.join(context.work, "relocation")
    os.makedirs(folder)
    mebi = 128 if measure.ONCE else 512 if context.short else 2048
    turns = measure.times(3)
    raw = os.path.join(folder, DISK)
    make_disk(raw, mebi)
    names = [f"bench{turn}" for turn in range(turns)]
    busy = [f"{BUSY}{turn}" for turn in range(turns)]
    ours, theirs, back, packed, pauses = [], [], [], [], []
    truced = daemons.Truced(context, "relocation-truced")
    with Server(platforms.vcsim(), folder, raw, names + busy) as server:
        truced.start()
        try:
            added(truced, server.address, folder)
            measure.until(lambda: busy[-1] in truced.truce("vm", "list", "--platform", "prod"), 60, "its machines are seen", 0.1)
            for name in names:
                ours.append(timed(lambda name=name: truced.truce("vm", "move", f"prod/{name}", "--to", "here")))
                out = os.path.join(folder, "theirs.qcow2")
                fetch = ["nbdkit", "-U", "-", "curl", server.url, "sslverify=false", "--run", f'qemu-img convert -O qcow2 "$uri" {out}']
                theirs.append(timed(lambda fetch=fetch: measure.run(fetch)))
                os.remove(out)
                away = ["vm", "move", name, "--to", "prod", "--new-name", f"{name}-back", "--network", "VM Network"]
                back.append(timed(lambda away=away: truced.truce(*away)))
                local = glob.glob(os.path.join(truced.state, "pool", "vms", "*", "disk0.qcow2"))[0]
                out = os.path.join(folder, "theirs.vmdk")
                pack = ["qemu-img", "convert", "-U", "-O", "vmdk", "-o", "subformat=streamOptimized", local, out]
                packed.append(timed(lambda pack=pack: measure.run(pack)))
                os.remove(out)
                truced.truce("vm", "delete", name)
            pauses += [pause_of(truced, name) for name in busy]
        finally:
            truced.stop()
    text = f"a disk of {mebi} MiB, half of it full"
    return [
        Row(f"from vSphere to here, end to end: {text}", "s", ours, theirs, "nbdkit curl and qemu-img, the disk alone", ("ratio", 0.5)),
        Row(f"from here to vSphere, end to end: {text}", "s", back, packed, "qemu-img, compressed into a local file"),
        Row("the same, of the disk's size", "MiB/s", [mebi / seconds for seconds in back]),
        Row(f"from vSphere to here while it runs and writes 0.8 MB/s, from its shutdown to its end: {text}", "s", pauses, target=("below", 30)),
        Row(f"from vSphere to here: {text}", "MiB/s", [mebi / seconds for seconds in ours]),
    ]

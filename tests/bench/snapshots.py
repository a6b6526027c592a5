"""(h) Snapshots of a guest that runs and writes to its disk: taking, deleting and restoring them, beside virsh.

Ours are files above files with and without memory. libvirt has two kinds: files above files without memory
(`--disk-only`, merged by `blockcommit --pivot`), and inside the qcow2 file with memory (restored by `snapshot-revert`)."""

import json
import os
import time

import daemons
import measure

# Each round writes 8 MiB of its disk anew, so that there is something to be merged.
WRITING = ("sh", "-c", "dd if=/dev/urandom of=/dev/vda bs=65536 count=128 conv=notrunc 2>/dev/null; sync")


def timed(call):
    begin = time.monotonic()
    call()
    return (time.monotonic() - begin) * 1000


class Ours:
    def __init__(self, context):
        self.truced = daemons.Truced(context, "snapshots", ["--network-mode", "user"]).start()
        truce = self.truced.truce
        truce("template", "create", "tiny", "--recipe", "tiny")
        truce("vm", "create", "bench", "--template", "tiny", "--memory", "256MiB", "--disk", "64MiB", "--start")
        measure.until(self.hears, 120, "the guest's agent answers", pause=0.5)
        self.vm = measure.get_json(self.truced.socket, "/v1/vms/bench")

    def hears(self):
        try:
            self.truced.truce("vm", "exec", "bench", "--", "true")
        except measure.Failure:
            return False
        return True

    def running(self):
        return measure.get_json(self.truced.socket, "/v1/vms/bench")["observed"] == "running"

    def measure(self):
        truce = self.truced.truce
        truce("vm", "exec", "bench", "--", *WRITING)
        values = {"disk create": timed(lambda: truce("snapshot", "create", "bench", "s"))}
        truce("vm", "exec", "bench", "--", *WRITING)
        values["disk delete"] = timed(lambda: truce("snapshot", "delete", "bench", "s"))
        values["memory create"] = timed(lambda: truce("snapshot", "create", "bench", "m", "--memory"))

        def restore():
            truce("snapshot", "restore", "bench", "m")
            measure.until(self.running, 60, "the machine runs again", pause=0.005)
        values["memory restore"] = timed(restore)
        values["memory delete"] = timed(lambda: truce("snapshot", "delete", "bench", "m"))
        return values

    def stop(self):
        self.truced.truce("vm", "delete", "bench", "--force")
        self.truced.stop()


class Theirs:
    def __init__(self, context):
        self.libvirtd = daemons.Libvirtd(context, "snapshots-libvirt")
        os.chmod(self.libvirtd.folder, 0o777)
        self.folder = os.path.join(self.libvirtd.folder, "disks")
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, 0o777)
        self.disk = os.path.join(self.folder, "disk.qcow2")
        measure.run(["qemu-img", "create", "-q", "-f", "qcow2", self.disk, "64M"])
        os.chmod(self.disk, 0o666)
        disk = (f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{self.disk}'/>"
                "<target dev='vda' bus='virtio'/></disk>")
        self.libvirtd.define([daemons.domain(
            "bench", "7bec0000-0000-4000-9000-000000000002", context.guest("vmlinux"), context.guest("initrd"),
            "console=ttyS0 quiet", disk, "<serial type='null'/>")])
        self.libvirtd.virsh("start", "bench")
        measure.until(self.hears, 120, "libvirt's guest has its agent", pause=0.5)

    def agent(self, text):
        return self.libvirtd.virsh("qemu-agent-command", "bench", text)

    def hears(self):
        try:
            self.agent('{"execute":"guest-ping"}')
        except measure.Failure:
            return False
        return True

    def write(self):
        call = {"execute": "guest-exec", "arguments": {"path": WRITING[0], "arg": list(WRITING[1:])}}
        pid = json.loads(self.agent(json.dumps(call)))["return"]["pid"]
        ask = json.dumps({"execute": "guest-exec-status", "arguments": {"pid": pid}})
        measure.until(lambda: json.loads(self.agent(ask))["return"]["exited"], 60, "the guest has written")

    def measure(self):
        virsh = self.libvirtd.virsh
        self.write()
        values = {"disk create": timed(lambda: virsh("snapshot-create-as", "bench", "s", "--disk-only", "--atomic",
                                                     "--diskspec", f"vda,file={self.folder}/s.qcow2"))}
        self.write()

        def delete():
            virsh("blockcommit", "bench", "vda", "--active", "--pivot", "--wait")
            virsh("snapshot-delete", "bench", "s", "--metadata")
            os.unlink(f"{self.folder}/s.qcow2")
        values["disk delete"] = timed(delete)
        values["memory create"] = timed(lambda: virsh("snapshot-create-as", "bench", "m"))
        values["memory restore"] = timed(lambda: virsh("snapshot-revert", "bench", "m", "--running"))
        values["memory delete"] = timed(lambda: virsh("snapshot-delete", "bench", "m"))
        return values

    def stop(self):
        self.libvirtd.virsh("destroy", "bench")
        self.libvirtd.stop()


NAMES = {
    "disk create": "snapshot of a running guest's disk: create",
    "disk delete": "the same: delete, 8 MiB merged while it runs",
    "memory create": "snapshot with 256 MiB of memory: create",
    "memory restore": "the same: restore, until it runs",
    "memory delete": "the same: delete",
}


def bench(context):
    return daemons.beside_virsh(context, Ours, Theirs, NAMES, 3 if context.short else 7)

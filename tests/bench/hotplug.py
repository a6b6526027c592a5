"""(i) Devices that come and go while a guest runs, beside virsh.

A disk of 64 MiB with the making and deleting of its file (ours durably), and a network card in user mode. Taking out
includes the guest's part: until it has let go."""

import os

import daemons
import measure
from snapshots import timed

MAC = "52:54:00:be:ac:02"


class Ours:
    def __init__(self, context):
        self.truced = daemons.Truced(context, "hotplug", ["--network-mode", "user"]).start()
        truce = self.truced.truce
        truce("template", "create", "tiny", "--recipe", "tiny")
        truce("vm", "create", "bench", "--template", "tiny", "--memory", "256MiB", "--start")
        measure.until(self.hears, 120, "the guest's agent answers", pause=0.5)

    def hears(self):
        try:
            self.truced.truce("vm", "exec", "bench", "--", "true")
        except measure.Failure:
            return False
        return True

    def measure(self):
        truce = self.truced.truce
        return {
            "disk add": timed(lambda: truce("disk", "create", "bench", "--size", "64MiB")),
            "disk remove": timed(lambda: truce("disk", "delete", "bench", "disk0")),
            "card add": timed(lambda: truce("vm", "add-nic", "bench")),
            "card remove": timed(lambda: truce("vm", "remove-nic", "bench", "1")),
        }

    def stop(self):
        self.truced.truce("vm", "delete", "bench", "--force")
        self.truced.stop()


class Theirs:
    def __init__(self, context):
        self.libvirtd = daemons.Libvirtd(context, "hotplug-libvirt")
        self.folder = os.path.join(self.libvirtd.folder, "disks")
        os.makedirs(self.folder, exist_ok=True)
        for folder in (self.libvirtd.folder, self.folder):
            os.chmod(folder, 0o777)
        self.disk = os.path.join(self.folder, "more.qcow2")
        ports = ("<controller type='pci' index='0' model='pcie-root'/>" +
                 "".join(f"<controller type='pci' index='{i}' model='pcie-root-port'/>" for i in range(1, 13)))
        self.libvirtd.define([daemons.domain(
            "bench", "7bec0000-0000-4000-9000-000000000003", context.guest("vmlinux"), context.guest("initrd"),
            "console=ttyS0 quiet", ports, "<serial type='null'/>")])
        self.libvirtd.virsh("start", "bench")
        measure.until(self.hears, 120, "libvirt's guest has its agent", pause=0.5)
        self.card = os.path.join(self.libvirtd.folder, "card.xml")
        with open(self.card, "w") as file:
            file.write(f"<interface type='user'><mac address='{MAC}'/><model type='virtio'/></interface>")

    def hears(self):
        try:
            self.libvirtd.virsh("qemu-agent-command", "bench", '{"execute":"guest-ping"}')
        except measure.Failure:
            return False
        return True

    def gone(self, text):
        return text not in self.libvirtd.virsh("dumpxml", "bench")

    def measure(self):
        virsh = self.libvirtd.virsh

        def add():
            measure.run(["qemu-img", "create", "-q", "-f", "qcow2", self.disk, "64M"])
            os.chmod(self.disk, 0o666)
            virsh("attach-disk", "bench", self.disk, "vdb", "--driver", "qemu", "--subdriver", "qcow2", "--live")

        def remove():
            virsh("detach-disk", "bench", "vdb", "--live")
            measure.until(lambda: self.gone(self.disk), 60, "the disk is out", pause=0.005)
            os.unlink(self.disk)

        def remove_card():
            virsh("detach-device", "bench", self.card, "--live")
            measure.until(lambda: self.gone(MAC), 60, "the card is out", pause=0.005)
        return {"disk add": timed(add), "disk remove": timed(remove),
                "card add": timed(lambda: virsh("attach-device", "bench", self.card, "--live")),
                "card remove": timed(remove_card)}

    def stop(self):
        self.libvirtd.virsh("destroy", "bench")
        self.libvirtd.stop()


NAMES = {
    "disk add": "hot-plug: a disk, made and plugged in",
    "disk remove": "hot-plug: a disk, taken out and deleted",
    "card add": "hot-plug: a network card plugged in",
    "card remove": "hot-plug: a network card taken out",
}


def bench(context):
    return daemons.beside_virsh(context, Ours, Theirs, NAMES, 3 if context.short else 9)

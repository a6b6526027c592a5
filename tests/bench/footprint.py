"""(b) Memory: what the daemons hold resident with 0, 100 and 1,000 machines defined; and, while both
have 1,000, how long a command takes that lists them."""

import time

import daemons
import measure
from measure import Row, Skip

COUNTS = (0, 100, 1000)


def plain_domain(number):
    """What bench_seed defines, in libvirt's words."""
    mac = f"52:54:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
    return f"""<domain type='qemu'>
  <name>vm-{number:05}</name>
  <uuid>7bec0000-0000-4000-8000-{number:012x}</uuid>
  <description>a machine to measure with</description>
  <memory unit='MiB'>512</memory>
  <vcpu>{1 + number % 4}</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <features><acpi/></features>
  <cpu mode='maximum'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
      <source file='/var/lib/libvirt/images/vm-{number:05}.qcow2'/><target dev='vda' bus='virtio'/></disk>
    <interface type='user'><mac address='{mac}'/><model type='virtio'/></interface>
    <serial type='pty'/>
    <video><model type='vga'/></video>
  </devices>
</domain>
"""


def settled(read):
    """The smallest of a few looks: what is in flight goes away."""
    looks = []
    for _ in range(5):
        time.sleep(0.4)
        looks.append(read())
    return min(looks)


def bench(context):
    rows, repeats = [], measure.times(3 if context.short else 5)
    samples = {"truce": {}, "libvirt": {}}
    commands = {}
    skipped = None
    for count in COUNTS:
        for turn in range(repeats):
            ours = daemons.Truced(context, f"memory-{count}-{turn}", ["--network-mode", "user"])
            libvirtd = None
            try:
                ours.seed(count)
                ours.start()
                until_taken(ours, count)
                if not skipped:
                    try:
                        libvirtd = daemons.Libvirtd(context, f"memory-libvirt-{count}-{turn}")
                        libvirtd.define([plain_domain(number) for number in range(count)])
                        libvirtd.stop_daemon()  # as truced: started on what is defined
                        libvirtd.start()
                    except Skip as why:
                        skipped = str(why)
                        context.say(f"skipped: libvirt: {why}")
                samples["truce"].setdefault(count, []).append(settled(lambda: measure.memory(ours.process.pid)))
                if libvirtd:
                    samples["libvirt"].setdefault(count, []).append(settled(libvirtd.memory))
                if count == COUNTS[-1] and turn == 0:
                    commands = time_commands(context, ours, libvirtd)
            finally:
                if libvirtd:
                    libvirtd.stop()
                ours.stop()
    for count in COUNTS:
        for index, kind in enumerate(("RSS", "PSS")):
            rows.append(Row(f"memory: {kind}, {count:,} machines", "MiB",
                            [pair[index] for pair in samples["truce"][count]],
                            [pair[index] for pair in samples["libvirt"].get(count, [])], "libvirtd + virtlogd"))
    for name, key in (("command: list 1,000 machines", "list"), ("command: show one of 1,000", "show")):
        rows.append(Row(name, "ms", commands["truce"][key], commands.get("libvirt", {}).get(key), "virsh"))
    return rows


def until_taken(truced, count):
    if count:
        last = f"/v1/vms/vm-{count - 1:05}"
        measure.until(lambda: measure.get_json(truced.socket, last)["observed"] == "off", 30, "the node's report")


def time_commands(context, ours, libvirtd):
    def with_truce():
        return {"list": ours.truce_measured("vm", "list")[0] * 1000,
                "show": ours.truce_measured("vm", "show", "vm-00500")[0] * 1000}

    def with_virsh():
        return {"list": libvirtd.virsh_measured("list", "--all")[0] * 1000,
                "show": libvirtd.virsh_measured("dominfo", "vm-00500")[0] * 1000}

    contestants = {"truce": with_truce}
    if libvirtd:
        contestants["libvirt"] = with_virsh
    return measure.interleaved(contestants, 5 if context.short else 15)

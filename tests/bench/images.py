"""(e) Disk images: `truce image` beside qemu-img on the same disk, format by format, and beside cp where nothing
has to be understood."""

import contextlib
import os
import re
import shutil

import measure
from disks import MIB, Folder, test_disk
from measure import Row, Skip

# What the targets of a conversion are called, by us and by qemu-img.
PLAIN = {
    "raw": (["-O", "raw"], ["-O", "raw"]),
    "qcow2": (["-O", "qcow2"], ["-O", "qcow2"]),
    "vhdx": (["-O", "vhdx"], ["-O", "vhdx"]),
    "vhd": (["-O", "vhd"], ["-O", "vpc", "-o", "force_size=on"]),
    "vhd fixed": (["-O", "vhd", "-o", "subformat=fixed"], ["-O", "vpc", "-o", "subformat=fixed,force_size=on"]),
    "vdi": (["-O", "vdi"], ["-O", "vdi"]),
    "vmdk": (["-O", "vmdk"], ["-O", "vmdk"]),
}
COMPRESSED = {
    "qcow2 zlib": (["-O", "qcow2", "-o", "compression=zlib"], ["-c", "-O", "qcow2"]),
    "vmdk stream": (["-O", "vmdk", "-o", "subformat=streamOptimized"],
                    ["-O", "vmdk", "-o", "subformat=streamOptimized"]),
}
FAST = {
    "qcow2 zlib, fast": ["-O", "qcow2", "-o", "compression=zlib", "-o", "level=fast"],
    "vmdk stream, fast": ["-O", "vmdk", "-o", "subformat=streamOptimized", "-o", "level=fast"],
}
# As small as qemu-img makes it, for more of the processor.
SMALLER = {"vmdk stream": ["-O", "vmdk", "-o", "subformat=streamOptimized", "-o", "level=5"]}
# Formats in which a raw disk lies as it is: they are made around it, without moving a byte.
IN_PLACE = {"vhd fixed": PLAIN["vhd fixed"], "vmdk flat": (["-O", "vmdk", "-o", "subformat=monolithicFlat"],) * 2}


def calls_of(argv, log):
    """How many system calls a program and its threads make."""
    measure.run(["strace", "-f", "-c", "-o", log, *argv])
    with open(log) as file:
        return int(re.search(r"^100\.00 +\S+ +\S+ +(\d+) .*total$", file.read(), re.M).group(1))


class Images:
    def __init__(self, context):
        self.context, self.rows = context, []
        self.truce = context.program("programs/truce/truce")
        self.count = 3 if context.short else 5
        self.peaks, self.looks_at_memory = [], False

    def once(self, argv, target=None, statuses=(0,)):
        """One run of a program; its target is removed before."""
        if target:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(target)
        if self.looks_at_memory:
            self.peaks.append(measure.peak_memory(argv, statuses))
            return {}
        wall, cpu = measure.run_to_end(argv, statuses=statuses)
        values = {"wall": wall, "cpu": cpu}
        if target:
            values["size"] = os.stat(target).st_blocks * 512 / MIB
        return values

    def against(self, contestants):
        samples = measure.interleaved(contestants, self.count)
        if "truce" in samples and measure.can_tell_peaks():
            self.looks_at_memory = True  # in one more run: looking takes time
            contestants["truce"]()
            self.looks_at_memory = False
        return samples

    def row(self, name, key, samples, peer, target=None, unit="s"):
        self.rows.append(Row(name, unit, samples["truce"][key], samples.get(peer, {}).get(key), peer, target))

    def ours(self, source, target, words):
        return lambda: self.once([self.truce, "image", "convert", "--quiet", source, target, *words], target)

    def qemu(self, source, target, words, form="raw"):
        return lambda: self.once(["qemu-img", "convert", "-f", form, *words, source, target], target)

    def metadata_only(self, folder):
        """Nothing moves: blocks are shared."""
        target, theirs, copied = folder.file("ours"), folder.file("theirs"), folder.file("copied")
        for name, (ours, qemu) in PLAIN.items():
            contestants = {"truce": self.ours(folder.disk, target, [*ours, "--no-sync"]),
                           "qemu-img": self.qemu(folder.disk, theirs, qemu),
                           "cp --reflink": lambda: self.once(["cp", "--reflink=always", folder.disk, copied], copied)}
            if name in ("raw", "qcow2"):
                contestants["qemu-img -C"] = self.qemu(folder.disk, theirs, ["-C", *qemu])
            samples = self.against(contestants)
            title = f"{folder.kind}: raw to {name}, shared"
            self.row(title, "wall", samples, "qemu-img", ("ratio", 0.05))
            self.row(title, "wall", samples, "cp --reflink", ("over peer", 0.1))
            if "qemu-img -C" in samples:
                self.row(title, "wall", samples, "qemu-img -C", ("ratio", 0.25))

    def large_and_empty(self, folder):
        """1 TiB of which little is stored."""
        source, target = folder.file("large.raw"), folder.file("ours")
        measure.run(["cp", "--reflink=auto", "--sparse=always", folder.disk, source])
        os.truncate(source, 1 << 40)
        for name, (ours, _) in PLAIN.items():
            samples = self.against({"truce": self.ours(source, target, [*ours, "--no-sync"])})
            self.row(f"{folder.kind}: 1 TiB raw to {name}", "wall", samples, "", ("below", 1))
        os.unlink(source)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target)

    def plain(self, folder):
        target, theirs = folder.file("ours"), folder.file("theirs")
        for name, (ours, qemu) in PLAIN.items():
            samples = self.against({
                "truce": self.ours(folder.disk, target, [*ours, "--no-sync"]),
                "qemu-img": self.qemu(folder.disk, theirs, qemu),
                "cp": lambda: self.once(["cp", "--sparse=auto", "--reflink=never", folder.disk, theirs], theirs)})
            if name == "vmdk":
                self.row(f"raw to {name}", "wall", samples, "qemu-img", ("ratio", 0.5))
            else:
                self.row(f"raw to {name}", "wall", samples, "cp", ("ratio", 1.1))
                self.row(f"raw to {name}", "wall", samples, "qemu-img", ("ratio", 1))
                self.row(f"raw to {name}, CPU", "cpu", samples, "qemu-img", ("ratio", 0.7))

    def durable(self, folder):
        """All is on the disk when the program ends."""
        target, theirs = folder.file("ours"), folder.file("theirs")
        for name, (ours, qemu) in PLAIN.items():
            samples = self.against({"truce": self.ours(folder.disk, target, ours),
                                    "qemu-img": self.qemu(folder.disk, theirs, ["-t", "writeback", *qemu])})
            wanted = 1 / 15 if name == "vmdk" else 1
            self.row(f"raw to {name}, durable", "wall", samples, "qemu-img", ("ratio", wanted))
            self.row(f"raw to {name}, durable, CPU", "cpu", samples, "qemu-img", ("ratio", 0.7))

    def in_place(self, folder):
        """The source becomes the target. Each run has a copy of its own, made before."""
        if "--in-place" not in measure.run([self.truce, "image", "convert", "--help"]):
            self.context.say("skipped: images in place: this program cannot")
            return
        target, theirs = folder.file("ours.vmdk"), folder.file("theirs")
        copy = folder.file("consumed.raw")

        def ours(words):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(folder.file("ours-flat.vmdk"))
            measure.run(["cp", "--sparse=always", folder.disk, copy])
            measure.run(["sync", copy])
            return self.once([self.truce, "image", "convert", "--quiet", "--in-place", copy, target, *words], target)

        for name, (words, qemu) in IN_PLACE.items():
            samples = self.against({"truce": lambda words=words: ours(words),
                                    "qemu-img": self.qemu(folder.disk, theirs, qemu)})
            self.row(f"raw to {name}, in place", "wall", samples, "qemu-img", ("below", 0.05))

    def system_calls(self, folder):
        """Counted in runs of their own: counting slows down."""
        if not shutil.which("strace"):
            self.context.say("skipped: system calls of images: strace is not installed")
            return
        target, theirs = folder.file("ours"), folder.file("theirs")
        for name, (ours, qemu) in PLAIN.items():
            counts = {}
            for who, argv, made in (
                    ("truce", [self.truce, "image", "convert", "--quiet", "--no-sync", folder.disk, target, *ours], target),
                    ("qemu-img", ["qemu-img", "convert", "-f", "raw", *qemu, folder.disk, theirs], theirs)):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(made)
                counts[who] = {"calls": [calls_of(argv, folder.file("calls"))]}
            self.row(f"raw to {name}, system calls", "calls", counts, "qemu-img", ("ratio", 1), "")

    def compressed(self, folder):
        for name, (ours, qemu) in COMPRESSED.items():
            target, theirs, back = folder.file("ours"), folder.file("theirs"), folder.file("back")
            form = qemu[qemu.index("-O") + 1]
            contestants = {"truce": self.ours(folder.disk, target, ours),
                           "qemu-img": self.qemu(folder.disk, theirs, qemu)}
            samples = measure.interleaved(contestants, 1 if self.context.short else 3, warm_up=0)
            self.row(f"raw to {name}, CPU", "cpu", samples, "qemu-img", ("ratio", 0.25))
            self.row(f"raw to {name}", "wall", samples, "qemu-img")
            self.row(f"raw to {name}, size", "size", samples, "qemu-img", ("ratio", 1), "MiB")
            threads = {f"{count} threads" if count > 1 else "one thread":
                       self.ours(folder.disk, target, [*ours, "--threads", str(count)]) for count in (2, 1)}
            threads = measure.interleaved(threads, self.count, warm_up=0)
            self.rows.append(Row(f"raw to {name}, two threads", "s", threads["2 threads"]["wall"],
                                 threads["one thread"]["wall"], "one thread", ("ratio", 0.6)))
            fast = self.against({"truce": self.ours(folder.disk, target, FAST[f"{name}, fast"])})
            fast["qemu-img"] = samples["qemu-img"]
            self.row(f"raw to {name}, fast, CPU", "cpu", fast, "qemu-img", ("ratio", 0.125))
            if name in SMALLER:
                smaller = measure.interleaved({"truce": self.ours(folder.disk, target, SMALLER[name])}, self.count,
                                              warm_up=0)
                smaller["qemu-img"] = samples["qemu-img"]
                self.row(f"raw to {name}, level 5, CPU", "cpu", smaller, "qemu-img")
                self.row(f"raw to {name}, level 5, size", "size", smaller, "qemu-img", ("ratio", 1), "MiB")
            samples = self.against({"truce": self.ours(theirs, back, ["-O", "raw", "--no-sync"]),
                                    "qemu-img": self.qemu(theirs, back, ["-O", "raw"], form)})
            self.row(f"{name} to raw, CPU", "cpu", samples, "qemu-img", ("ratio", 1 / 1.8))

    def look(self, folder):
        """compare, check, map and info of images that qemu-img has made."""
        verbs = measure.run([self.truce, "image", "--help"])
        for name, (_, qemu) in PLAIN.items():
            image, form = folder.file("image"), qemu[1]
            self.qemu(folder.disk, image, qemu)()
            word = name.split()[0]
            pairs = {"info": (["info", image], ["info", "-f", form, image]),
                     "map": (["map", image, "--format", "json"], ["map", "-f", form, "--output=json", image]),
                     "compare": (["compare", "--quiet", folder.disk, image, "-f", "raw", "-F", word],
                                 ["compare", "-q", "-f", "raw", "-F", form, folder.disk, image])}
            if "measure" in verbs:
                pairs["measure"] = (["measure", image, "-O", "qcow2"], ["measure", "-f", form, "-O", "qcow2", image])
            if form in ("qcow2", "vhdx", "vdi", "vmdk"):
                pairs["check"] = (["check", image], ["check", "-q", "-f", form, image])
            for verb, (ours, theirs) in pairs.items():
                # check: 1 and 3 say that space is lost, which is so in a VHDX of qemu-img's.
                samples = self.against({"truce": lambda: self.once([self.truce, "image", *ours], statuses=(0, 1)),
                                        "qemu-img": lambda: self.once(["qemu-img", *theirs], statuses=(0, 3))})
                self.row(f"{verb} {name}", "wall", samples, "qemu-img", ("ratio", 1))

    def memory(self):
        if not self.peaks:
            self.context.say("skipped: peak memory of images: GNU time is not installed")
            return
        self.rows.append(Row("peak memory of every run above", "MiB", [max(self.peaks)], target=("below", 64)))


def bench(context):
    if not shutil.which("qemu-img"):
        raise Skip("qemu-img is not installed")
    disk = test_disk(context)
    images = Images(context)
    for kind in ("xfs", "btrfs"):
        try:
            folder = Folder(context, kind, disk)
        except Skip as why:
            context.say(f"skipped: images on {kind}: {why}")
            continue
        try:
            images.metadata_only(folder)
            images.large_and_empty(folder)
        finally:
            folder.unmount()
    folder = Folder(context, "ext4", disk)
    images.plain(folder)
    images.durable(folder)
    images.in_place(folder)
    images.compressed(folder)
    images.look(folder)
    images.system_calls(folder)
    images.memory()
    return images.rows

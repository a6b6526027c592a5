"""(e) Disk images: `truce image` beside qemu-img on the same disk, format by format, and beside cp where nothing
has to be understood."""

import contextlib
import os
import shutil
import subprocess

import measure
from measure import Row, Skip

MIB = 1 << 20

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
    "qcow2 zlib, fast": ["-O", "qcow2", "-o", "compression=zlib", "-o", "level=1"],
    "vmdk stream, fast": ["-O", "vmdk", "-o", "subformat=streamOptimized", "-o", "level=1"],
}
# Files of the host that make a disk of about the wanted content, and the disk's size.
SOURCES = {True: ("/usr/lib/x86_64-linux-gnu", 512, 200), False: ("/usr/lib", 4096, 1700)}


def gather(source, folder, limit):
    """Copies real files from `source` until they hold `limit` MiB."""
    total = 0
    for path, folders, names in os.walk(source):
        folders.sort()
        for name in sorted(names):
            whole = os.path.join(path, name)
            if os.path.islink(whole) or not os.path.isfile(whole):
                continue
            size = os.path.getsize(whole)
            if total + size > limit * MIB:
                continue
            total += size
            target = os.path.join(folder, os.path.relpath(whole, source))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(whole, target)


class Folder:
    """A folder of a file system, with the test disk in it."""

    def __init__(self, context, kind, disk):
        self.kind, self.context = kind, context
        self.path = os.path.join(context.work, kind)
        os.makedirs(self.path)
        if kind != "ext4":
            self.mount(3 * os.path.getsize(disk) + 1024 * MIB)
        self.disk = os.path.join(self.path, "disk.raw")
        measure.run(["cp", "--sparse=always", disk, self.disk])
        os.sync()

    def mount(self, size):
        if not self.context.private:
            raise Skip(f"mounting {self.kind} needs root")
        image = os.path.join(self.context.work, f"{self.kind}.img")
        with open(image, "wb") as file:
            file.truncate(size)
        make = {"xfs": ["mkfs.xfs", "-q", "-m", "reflink=1"], "btrfs": ["mkfs.btrfs", "-q"]}[self.kind]
        if not shutil.which(make[0], path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise Skip(f"{make[0]} is not installed")
        env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
        measure.run(make + [image], env=env)
        try:
            measure.run(["mount", "-o", "loop", image, self.path])
        except measure.Failure as why:
            raise Skip(str(why)) from why

    def unmount(self):
        if self.kind != "ext4":
            subprocess.run(["umount", self.path], check=False)
            os.unlink(os.path.join(self.context.work, f"{self.kind}.img"))

    def file(self, name):
        return os.path.join(self.path, name)


def once(argv, target=None, statuses=(0,)):
    """One run of a program; its target is removed before."""
    if target:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target)
    wall, cpu, peak = measure.run_to_end(argv, statuses=statuses)
    values = {"wall": wall, "cpu": cpu, "peak": peak}
    if target:
        values["size"] = os.stat(target).st_blocks * 512 / MIB
    return values


class Images:
    def __init__(self, context):
        self.context, self.rows = context, []
        self.truce = context.program("programs/truce/truce")
        self.count = 3 if context.short else 5
        self.peaks = []

    def against(self, contestants):
        samples = measure.interleaved(contestants, self.count)
        if "truce" in samples:
            self.peaks += samples["truce"]["peak"]
        return samples

    def row(self, name, key, samples, peer, target=None, unit="s"):
        self.rows.append(Row(name, unit, samples["truce"][key], samples.get(peer, {}).get(key), peer, target))

    def ours(self, source, target, words):
        return lambda: once([self.truce, "image", "convert", "--quiet", source, target, *words], target)

    def qemu(self, source, target, words, form="raw"):
        return lambda: once(["qemu-img", "convert", "-f", form, *words, source, target], target)

    def metadata_only(self, folder):
        """Nothing moves: blocks are shared."""
        target, theirs, copied = folder.file("ours"), folder.file("theirs"), folder.file("copied")
        for name, (ours, qemu) in PLAIN.items():
            contestants = {"truce": self.ours(folder.disk, target, [*ours, "--no-sync"]),
                           "qemu-img": self.qemu(folder.disk, theirs, qemu),
                           "cp --reflink": lambda: once(["cp", "--reflink=always", folder.disk, copied], copied)}
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
                "cp": lambda: once(["cp", "--sparse=auto", "--reflink=never", folder.disk, theirs], theirs)})
            if name == "vmdk":
                self.row(f"raw to {name}", "wall", samples, "qemu-img", ("ratio", 0.5))
            else:
                self.row(f"raw to {name}", "wall", samples, "cp", ("ratio", 1.1))
                self.row(f"raw to {name}", "wall", samples, "qemu-img", ("ratio", 1))
                self.row(f"raw to {name}, CPU", "cpu", samples, "qemu-img", ("ratio", 0.7))
        safe = self.against({"truce": self.ours(folder.disk, target, PLAIN["vmdk"][0]),
                             "qemu-img": self.qemu(folder.disk, theirs, ["-t", "writeback", *PLAIN["vmdk"][1]])})
        self.row("raw to vmdk, durable", "wall", safe, "qemu-img", ("ratio", 1 / 15))

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
            fast = self.against({"truce": self.ours(folder.disk, target, FAST[f"{name}, fast"])})
            fast["qemu-img"] = samples["qemu-img"]
            self.row(f"raw to {name}, fast, CPU", "cpu", fast, "qemu-img", ("ratio", 0.125))
            samples = self.against({"truce": self.ours(theirs, back, ["-O", "raw", "--no-sync"]),
                                    "qemu-img": self.qemu(theirs, back, ["-O", "raw"], form)})
            self.row(f"{name} to raw, CPU", "cpu", samples, "qemu-img", ("ratio", 1 / 1.8))

    def look(self, folder):
        """compare, check, map and info of images that qemu-img has made."""
        for name, (_, qemu) in PLAIN.items():
            image, form = folder.file("image"), qemu[1]
            self.qemu(folder.disk, image, qemu)()
            word = name.split()[0]
            pairs = {"info": (["info", image], ["info", "-f", form, image]),
                     "map": (["map", image, "--format", "json"], ["map", "-f", form, "--output=json", image]),
                     "compare": (["compare", "--quiet", folder.disk, image, "-f", "raw", "-F", word],
                                 ["compare", "-q", "-f", "raw", "-F", form, folder.disk, image])}
            if form in ("qcow2", "vhdx", "vdi"):
                pairs["check"] = (["check", image], ["check", "-q", "-f", form, image])
            for verb, (ours, theirs) in pairs.items():
                # check: 1 and 3 say that space is lost, which is so in a VHDX of qemu-img's.
                samples = self.against({"truce": lambda: once([self.truce, "image", *ours], statuses=(0, 1)),
                                        "qemu-img": lambda: once(["qemu-img", *theirs], statuses=(0, 3))})
                self.row(f"{verb} {name}", "wall", samples, "qemu-img", ("ratio", 1))

    def memory(self):
        self.rows.append(Row("peak memory of every run above", "MiB", [max(self.peaks)], target=("below", 64)))


def test_disk(context):
    """A disk with a real file system of real files; kept for the next run."""
    source, size, content = SOURCES[context.short]
    kept = os.path.join(measure.ROOT, "build", f"bench-disk-{content}.raw")
    if os.path.exists(kept):
        return kept
    folder = os.path.join(context.work, "content")
    gather(source, folder, content)
    made = kept + ".new"
    with open(made, "wb") as file:
        file.truncate(size * MIB)
    measure.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d", folder, "-E", f"offset={MIB}", made,
                 f"{size - 2}M"])
    shutil.rmtree(folder)
    os.replace(made, kept)
    return kept


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
    images.compressed(folder)
    images.look(folder)
    images.memory()
    return images.rows

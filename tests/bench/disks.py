"""The disk that images are made of, and file systems to lay it on."""

import os
import shutil
import subprocess

import measure
from measure import Skip

MIB = 1 << 20

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

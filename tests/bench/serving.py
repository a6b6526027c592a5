"""(f) Serving a disk over NBD: `truce image serve` beside qemu-nbd, with fio as the client of both."""

import contextlib
import json
import os
import shutil

import measure
from disks import Folder, test_disk
from measure import Row, Skip

MILLISECONDS = {True: 700, False: 3000}  # fio knows no fractions, and then goes on to the end
# How the client asks: fio's name of it, the size of a request, how many are under way.
LOADS = {
    "sequential reads of 256 KiB, 1 in flight": ("read", "256k", 1),
    "sequential reads of 256 KiB, 16 in flight": ("read", "256k", 16),
    "random reads of 4 KiB, 1 in flight": ("randread", "4k", 1),
    "random reads of 4 KiB, 16 in flight": ("randread", "4k", 16),
    "random writes of 4 KiB, 16 in flight": ("randwrite", "4k", 16),
}


def served(context, argv, socket, load):
    """What a request costs, of a server that lives for one load: seconds that pass, and that it computes."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(socket)
    server = measure.Process(argv, os.path.join(context.work, "nbd.log"))
    try:
        measure.until(lambda: server.check() or os.path.exists(socket), 10, f"{argv[0]} listens")
        kind, size, depth = LOADS[load]
        before = measure.cpu_seconds(server.pid)
        answer = measure.run(["fio", "--name=nbd", "--ioengine=nbd", f"--uri=nbd+unix:///?socket={socket}",
                              f"--rw={kind}", f"--bs={size}", f"--iodepth={depth}", "--time_based", "--randrepeat=1",
                              f"--runtime={MILLISECONDS[context.short]}ms", "--output-format=json"])
        used = measure.cpu_seconds(server.pid) - before
    finally:
        server.stop()
    done = json.loads(answer[answer.index("{"):])["jobs"][0]["write" if "write" in kind else "read"]
    return {"wall": done["runtime"] / 1000 / done["total_ios"] * 1e6, "cpu": used / done["total_ios"] * 1e6}


def bench(context):
    missing = [name for name in ("fio", "qemu-nbd") if not shutil.which(name)]
    if missing:
        raise Skip(f"{' and '.join(missing)} not installed")
    folder = Folder(context, "ext4", test_disk(context))
    rows, socket = [], os.path.join(context.work, "nbd.sock")
    truce = context.program("programs/truce/truce")
    for form in ("qcow2",) if context.short else ("raw", "qcow2", "vmdk"):
        image = folder.file(f"served.{form}")
        measure.run([truce, "image", "convert", "--quiet", "--copy", folder.disk, image, "-O", form])
        ours = [truce, "image", "serve", image, "--quiet", "--listen", f"unix:{socket}", "--source-format", form]
        theirs = ["qemu-nbd", "--persistent", "--shared=8", "-f", form, "-k", socket, image]
        for load, (kind, _, _) in LOADS.items():
            words = (["--writable"], []) if "write" in kind else ([], ["--read-only"])
            if form == "vmdk" and "write" in kind:
                continue
            samples = measure.interleaved({
                "truce": lambda load=load, more=words[0]: served(context, ours + more, socket, load),
                "qemu-nbd": lambda load=load, more=words[1]: served(context, theirs[:1] + more + theirs[1:], socket, load),
            }, 3 if context.short else 5, warm_up=0 if context.short else 1)
            for key, name in (("wall", "time a request"), ("cpu", "CPU a request")):
                rows.append(Row(f"NBD, {form}, {load}: {name}", "us", samples["truce"][key], samples["qemu-nbd"][key],
                                "qemu-nbd", ("ratio", 1)))
        os.unlink(image)
    return rows

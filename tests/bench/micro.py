"""(e) Parts: bench_micro (Google Benchmark), each beside a peer that does only what must be done."""

import json
import os

import measure
from measure import Row

# ours, peer, what it is called, what the peer is, unit
PAIRS = [
    ("commit_to_the_store/1/real_time", "append_and_sync/real_time", "store: one commit", "write + fdatasync", "us"),
    ("commit_to_the_store/1/real_time", "insert_with_sqlite/real_time", "store: one commit", "SQLite alone", "us"),
    ("commit_to_the_store/20/real_time", "append_and_sync/real_time", "store: 20 commits at once",
     "one write + fdatasync", "us"),
    ("read_vm", "read_json_alone", "model: read a Vm", "Boost.JSON alone", "MB/s"),
    ("write_vm", "write_json_alone", "model: write a Vm", "Boost.JSON alone", "MB/s"),
    ("create_disk/real_time", "create_with_qemu_img/real_time", "storage: an empty disk, durable",
     "qemu-img create, not synced", "us"),
    ("clone_disk_linked/real_time", "create_with_qemu_img/real_time", "storage: a linked clone, durable",
     "qemu-img create, not synced", "us"),
    ("carry_over_a_link/real_time", "carry_over_tcp/real_time", "link: bytes to another host, encrypted",
     "TCP, not encrypted", "MB/s"),
    ("find_route", "find_in_hash_table", "http: find a route", "hash table of paths", "ns"),
]


def samples_of(document):
    """By name: nanoseconds of each repetition, or MB/s where bytes were counted."""
    found = {}
    for entry in document["benchmarks"]:
        if entry.get("run_type") != "iteration":
            continue
        if "bytes_per_second" in entry:
            value = entry["bytes_per_second"] / 1e6
        else:
            value = entry["real_time"]  # in the benchmark's own unit
        found.setdefault(entry["run_name"], []).append(value)
    return found


def bench(context):
    folder = os.path.join(context.work, "micro")
    os.makedirs(folder)
    out = measure.run([context.program("tests/bench/bench_micro"), "--benchmark_format=json",
                       f"--benchmark_repetitions={1 + measure.times(5 if context.short else 9)}",
                       "--benchmark_enable_random_interleaving=true",
                       f"--benchmark_min_time={0.05 if context.short else 0.3}"],
                      env={**os.environ, "TRUCE_BENCH_FOLDER": folder})
    found = samples_of(json.loads(out))
    return [Row(called, unit, found[ours][1:], found[peer][1:], peer_name)
            for ours, peer, called, peer_name, unit in PAIRS]

"""(n) Plans beside ganeti's hbal, which is the judge, too: how good after equally many moves, and how fast; one placement; how many hosts
machines are packed into, beside what is proven that they need."""

import json
import os
import re
import shutil
import subprocess

import measure
from measure import Failure, Row, Skip

LIMITS = "|128,1,0,0,0,1|128,1,0,0,0,1;1048576,512,1048576,16,16,64|ext|64.0|64.0\n"  # of sizes that hbal would refuse else


def planned(context, what, **options):
    words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
    found = json.loads(measure.run([context.program("tests/bench/bench_plans"), what, *words]))
    if found.get("wrong"):
        raise Failure(f"the checker says of {what} {options}: {found['wrong']}")
    return found


def hbal(folder, data, moves):
    """(score before, score after, moves, CPU seconds) of hbal on an estate; with no moves it only scores."""
    path = os.path.join(folder, data)
    with open(path + ".limited", "w") as out, open(path) as file:
        out.write(file.read() + LIMITS)
    argv = ["hbal", "-t", path + ".limited", "-U", os.path.join(folder, "util"), "-l", str(moves), "-vvv", "--min-gain=0",
            "--min-gain-limit=0"]
    before = os.times()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    after = os.times()
    text = done.stdout + done.stderr
    scores = [float(value) for value in re.findall(r"coefficients: +overall ([0-9.]+)", text)]
    if done.returncode != 0 or not scores:
        raise Failure(f"{' '.join(argv)}: {text[-500:]}")
    made = re.search(r"Solution length=(\d+)", text)
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return scores[0], scores[-1], int(made[1]) if made else 0, cpu


def beside_hbal(context, shape):
    """Equally many moves on the same estate, with hbal's own objective and with ours; hbal scores both."""
    if not shutil.which("hbal"):
        raise Skip("hbal is not installed (tools/install-packages bench)")
    moves = 1 if measure.ONCE else 3 if context.short else 10
    folder = os.path.join(context.work, f"hbal-{shape}")
    os.makedirs(folder)
    estate = {"hosts": 100, "machines": 2000, "moves": moves, "folder": folder, "estate": shape}
    usual = planned(context, "balance", **estate)
    _, usual_score, _, _ = hbal(folder, "after.data", 0)
    same = planned(context, "balance", **estate, objective="hbal")
    _, ours, _, _ = hbal(folder, "after.data", 0)
    before, theirs, made, cpu = hbal(folder, "before.data", moves)
    text = f"100 hosts, 2,000 machines ({shape}), {made} moves"
    return [
        Row(f"balance: hbal's score, {text}", "", [ours], [theirs], "hbal", ("ratio", 1.000001),
            f"before: {before:.4f}; the same objective; {same['moves']} moves of ours"),
        Row(f"balance: hbal's score, our own objective, {text}", "", [usual_score], [theirs], "hbal", None,
            f"{usual['moves']} moves; our score {usual['before']:.3f} to {usual['after']:.3f}, bound {usual['bound']:.3f}"),
        Row(f"balance: {text}", "s CPU", [same["seconds"]], [cpu], "hbal", ("ratio", 0.01)),
    ]


def large(context, turns):
    """Estates out of balance, as published ones are (estate "cloud" of bench_plans), and as many moves as hosts or a fifth of them."""
    rows = []
    for hosts, machines, moves, limit in ((1000, 20_000, 1000, 1), (10_000, 200_000, 2000, 10)):
        estate = {"hosts": hosts, "machines": machines}
        runs = [planned(context, "balance", **estate, moves=moves, estate="cloud") for _ in range(turns)]
        text = f"{hosts:,} hosts, {machines:,} machines out of balance"
        last = runs[-1]
        if last["moves"] < moves / 4:
            raise Failure(f"{text}: only {last['moves']} moves came out: this measures nothing")
        rows.append(Row(f"balance: {text}, {last['moves']:,} moves, one core", "s CPU", [run["seconds"] for run in runs],
                        target=("below", limit),
                        note=f"score {last['before']:.3f} to {last['after']:.3f}, bound {last['bound']:.3f}; hosts over 82.5 % of their processors: "
                             f"{last['hot_before']} to {last['hot_after']}"))
        rows.append(Row(f"balance: a candidate move, {text}", "ns", [run["ns_a_look"] for run in runs], target=("below", 55)))
        places = [planned(context, "place", **estate) for _ in range(turns)]
        rows.append(Row(f"place: one of {hosts:,} hosts", "us CPU", [run["us"] for run in places],
                        target=("below", 100 if hosts == 1000 else 2000)))
    return rows


def quality(context):
    """At one size, by how many moves the bound is come near to."""
    found = [planned(context, "balance", hosts=100, machines=2000, moves=moves, estate="cloud") for moves in (10, 50, 200, 1000)]
    came = ", ".join(f"{run['moves']} moves {run['after']:.3f}" for run in found)
    return [Row("balance: 100 hosts, 2,000 machines out of balance, the score that is left of what is above the bound", "%",
                [100 * (run["after"] - run["bound"]) / (run["before"] - run["bound"]) for run in found[-1:]],
                note=f"score before {found[0]['before']:.3f}, bound {found[0]['bound']:.3f}; {came}")]


def bench(context):
    rows = beside_hbal(context, "even") + beside_hbal(context, "cloud")
    turns = measure.times(3 if context.short else 7)
    rows += large(context, turns) + quality(context)
    emptied = planned(context, "consolidate", hosts=1000, machines=20_000)
    rows.append(Row("consolidate: 1,000 hosts, 20,000 machines", "s", [emptied["seconds"]],
                    note=f"{emptied['before']:.0f} hosts in use become {emptied['after']:.0f} by {emptied['moves']} moves; at least "
                         f"{emptied['bound']:.0f} are needed"))
    for shape in ("cloud", "skewed", "opposed"):
        packed = planned(context, "pack", machines=200_000, shape=shape)
        worst = ", ".join(f"{rule} +{100 * (hosts / packed['bound'] - 1):.1f} %" for rule, hosts in packed["rules"].items())
        rows.append(Row(f"pack: 200,000 machines of 20 types, {shape}", "hosts", [packed["hosts"]], [packed["bound"]],
                        "the proven bound", ("ratio", 1.01),
                        f"{packed['seconds']:.2f} s, by {packed['rule']}; sums alone prove {packed['sum_bound']}; the rules by themselves: {worst}"))
    return rows

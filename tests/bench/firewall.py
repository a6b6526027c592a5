"""(g) Firewall: 1,000 rules of a security group changed at once, until the kernel has them, beside `nft -f`
of the same rules written by hand, one line each."""

import os
import subprocess
import time

import daemons
import measure
from measure import Row, Skip

COUNT = 1000
TABLE = "bench-by-hand"


def apart(turn):
    """Rules that have nothing in common: each another source and another port."""
    return [(f"10.{i // 250}.{i % 250}.0/24", 1000 + turn + 2 * i) for i in range(COUNT)]


def alike(turn):
    """Rules as people write them: many sources, one port."""
    return [(f"10.{i // 250}.{i % 250}.0/24", 1000 + turn) for i in range(COUNT)]


def nft(*words, text=None):
    done = subprocess.run(["nft", *words], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise measure.Failure(f"nft {' '.join(words)}: {done.stderr}")
    return done.stdout


def by_hand(rules):
    lines = "".join(f"    ip saddr {source} tcp dport {port} accept\n" for source, port in rules)
    text = (f"table inet {TABLE} {{\n}}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n  chain forward {{\n"
            f"    type filter hook forward priority 0; policy accept;\n{lines}  }}\n}}\n")
    begin = time.monotonic()
    nft("-f", "-", text=text)
    return {"seconds": time.monotonic() - begin}


def changed(truced, file, rules):
    with open(file, "w") as out:
        out.writelines(f"ingress tcp {port} from {source}\n" for source, port in rules)
    marker = f"{rules[-1][1]}"
    begin = time.monotonic()
    truced.truce("security-group", "set", "bench", "--rules-file", file)
    answered = time.monotonic()
    measure.until(lambda: marker in nft("list", "chain", "inet", "truce-security-groups", "in-bench"), 30,
                  "the kernel has the rules", pause=0.001)
    return {"seconds": time.monotonic() - begin, "answer": answered - begin}


def bench(context):
    if not context.private:
        raise Skip("nftables need root and a network namespace of our own")
    truced = daemons.Truced(context, "firewall").start()
    file = os.path.join(context.work, "rules")
    rows = []
    try:
        truced.truce("security-group", "create", "bench")
        truced.truce("vm", "create", "guarded", "--disk", "16MiB", "--memory", "64MiB", "--security-group", "bench",
                     "--start")
        truced.truce("vm", "pause", "guarded")  # its firmware would look for a system on and on
        for label, rules_of in (("of one port", alike), ("with nothing in common", apart)):
            turn = {"truce": 0, "nft": 0}

            def next_rules(who, rules_of=rules_of, turn=turn):
                turn[who] += 1
                return rules_of(turn[who] % 2)
            samples = measure.interleaved({"truce": lambda: changed(truced, file, next_rules("truce")),
                                           "nft": lambda: by_hand(next_rules("nft"))}, 5 if context.short else 15)
            ours = samples["truce"]
            rows.append(Row(f"1,000 rules {label}: from the command until the kernel has them", "s",
                            ours["seconds"], samples["nft"]["seconds"], "nft -f, a line for each",
                            note="ours includes the CLI, the commit and the look whether they are there"))
            rows.append(Row(f"1,000 rules {label}: until the command returns", "s", ours["answer"]))
    finally:
        truced.truce("vm", "delete", "guarded", "--force")
        truced.stop()
    return rows

"""(k) The console with very many machines, in Debian's Chromium: what a person waits for, as the page itself measures it.

The daemon is held to one core; the browser has the others. What the change by a command takes includes the command itself."""

import json
import os
import shutil
import subprocess

import daemons
import measure
from measure import Failure, Row, Skip, until

TOKEN = "bench-0123456789abcdef"
MACHINES = 40_000
PAGE = os.path.join(measure.ROOT, "build", "web")
SCRIPT = os.path.join(measure.ROOT, "web", "e2e", "measure.mjs")
LIMIT = 900


def need_browser():
    for program in ("node", "chromium"):
        if not shutil.which(program):
            raise Skip(f"{program} is not installed")
    if not os.path.exists(os.path.join(PAGE, "index.html")):
        raise Skip("the page is not built (tools/web)")


def measured(context, truced, repeats):
    env = {**truced.env, "TRUCE_WEB_URL": f"https://127.0.0.1:{truced.port}", "TRUCE_WEB_TOKEN": TOKEN,
           "TRUCE_WEB_MACHINES": str(MACHINES), "TRUCE_WEB_REPEATS": str(repeats),
           "TRUCE_CLI": context.program("programs/truce/truce")}
    done = subprocess.run(["node", SCRIPT], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=LIMIT)
    if done.returncode != 0:
        raise Failure(f"web/e2e/measure.mjs: {done.stderr.strip()[-800:]}")
    return json.loads(done.stdout)


def reported(truced):
    """Whether the node has gone through all its machines: until then it keeps the daemon busy."""
    answer = measure.http_get(truced.socket, f"/v1/vms/vm-{MACHINES - 1:05}")
    return answer is not None and json.loads(answer[1])["observed"] == "off"


def bench(context):
    need_browser()
    truced = daemons.Truced(context, "web", ["--hypervisor", "fake", "--requests-per-second", "100000000",
                                             "--web-dir", PAGE], core=context.cores[0])
    truced.seed(MACHINES, token=TOKEN)
    truced.seed(MACHINES, touch=True)
    truced.start()
    try:
        until(lambda: reported(truced), 120, "the node's reports")
        samples = measured(context, truced, measure.times(3 if context.short else 8))
    finally:
        truced.stop()
    label = f"console, {MACHINES:,}"
    return [
        Row(f"{label}: first view can be used, cold cache", "ms", samples["first"], target=("below", 1500)),
        Row(f"{label}: first view, loaded (packed)", "KiB", [count / 1024 for count in samples["bytes"]],
            target=("below", 600)),
        Row(f"{label}: scrolled anywhere, until rows are shown", "ms", samples["scroll"], target=("below", 100)),
        Row(f"{label}: last letter of a filter, until rows are shown", "ms", samples["filter"], target=("below", 100)),
        Row(f"{label}: a change by a command, until it is shown", "ms", samples["change"], target=("below", 300)),
    ]

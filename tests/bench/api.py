"""(c) API: what one daemon with very many machines answers, over its unix socket and over HTTPS.

The daemon is held to one core and the load generator to the other. The peer is a server on a unix
socket that does nothing but send as many bytes: what the kernel's sockets cost by themselves."""

import json
import os
import time

import daemons
import measure
from measure import Failure, Process, Row, until

TOKEN = "bench-0123456789abcdef"


class Ask:
    """One question: what it is called, its path, how often it is asked, and the target for p99."""

    def __init__(self, name, path, requests, target=None):
        self.name, self.path, self.requests, self.target = name, path, requests, target


def questions(count, short):
    share = 4 if short else 1
    large = count >= 10_000
    return [
        Ask("get one", "/v1/vms/{}", 8000 // share, 5 if large else None),
        Ask("page of 500", "/v1/vms?limit=500", 400 // share, 20 if large else None),
        Ask("filter by label", "/v1/vms?label=rack=r07&limit=100", 400 // share),
        Ask("page of 100 by memory, from the middle", f"/v1/vms?sort=memory&offset={count // 2}&limit=100", 400 // share),
        Ask("summary", "/v1/summary", 400 // share),
        Ask("search", "/v1/search?text=777", 400 // share),
        Ask("filter by a name's part", "/v1/vms?contains=777&limit=100", 400 // share),
    ]


def generator(context, *words):
    core = context.cores[1]
    done = measure.run([context.program("tests/bench/bench_api"), *map(str, words)],
                       preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    return json.loads(done)


def ask(context, url, question, count, connections, requests):
    return generator(context, "get", "--url", url, "--token", TOKEN, "--path", question.path, "--machines", count,
                     "--connections", connections, "--requests", requests, "--warm-up", max(requests // 10, 20))


def bare(context, size, connections, requests):
    path = os.path.join(context.work, "bare-api.sock")
    server = Process([context.program("tests/bench/bench_api"), "bare", "--socket", path, "--bytes", str(size)],
                     os.path.join(context.work, "bare-api.log"), core=context.cores[0])
    try:
        until(lambda: os.path.exists(path), 10, "the bare server listens")
        time.sleep(0.1)  # it is bound; to listen is its next step
        return generator(context, "get", "--url", f"unix:{path}", "--path", "/", "--connections", connections,
                         "--requests", requests, "--warm-up", max(requests // 10, 20))
    finally:
        server.stop()
        if os.path.exists(path):
            os.unlink(path)


def one_question(context, truced, urls, question, count, repeats):
    size = ask(context, urls["unix"], question, count, 1, 20)["bytes"]
    contestants = {}

    def measured(run):
        def once():
            alone = run(1, question.requests)
            before = measure.cpu_seconds(truced.process.pid)
            crowd = run(8, question.requests)
            cpu = measure.cpu_seconds(truced.process.pid) - before
            return {"p50": alone["p50_ms"], "p99": alone["p99_ms"], "rate": crowd["per_second"],
                    "cpu": cpu / (question.requests * 1.1) * 1e6}
        return once

    for name, url in urls.items():
        contestants[name] = measured(lambda connections, requests, url=url: ask(context, url, question, count,
                                                                                connections, requests))
    contestants["bare"] = measured(lambda connections, requests: bare(context, size, connections, requests))
    samples = measure.interleaved(contestants, repeats)
    rows, label = [], f"api, {count:,}: {question.name}"
    for name in urls:
        ours, peer = samples[name], samples["bare"]
        limit = ("below", question.target) if question.target else None
        rows.append(Row(f"{label}, {name}: p50", "ms", ours["p50"], peer["p50"], "bare socket"))
        rows.append(Row(f"{label}, {name}: p99", "ms", ours["p99"], peer["p99"], "bare socket", limit))
        rows.append(Row(f"{label}, {name}: requests/s on one core", "", ours["rate"], peer["rate"], "bare socket",
                        note=f"{size} bytes; CPU of truced a request: {sorted(ours['cpu'])[len(ours['cpu']) // 2]:.0f} us"))
    return rows


def fan_out(context, urls, count, repeats):
    def with_watchers(url, watchers):
        def once():
            found = generator(context, "watch", "--url", url, "--token", TOKEN, "--path", "/v1/vms/{}", "--machines",
                              count, "--connections", watchers, "--requests", 5 if context.short else 20,
                              "--warm-up", 2)
            return {"p50": found["p50_ms"], "p99": found["p99_ms"]}
        return once

    rows = []
    for name, url in urls.items():
        samples = measure.interleaved({"100": with_watchers(url, 100), "1": with_watchers(url, 1)}, repeats)
        for part in ("p50", "p99"):
            rows.append(Row(f"watch, {count:,}: a change until 100 watchers saw it, {name}: {part}", "ms",
                            samples["100"][part], samples["1"][part], "one watcher"))
    return rows


def bench(context):
    rows = []
    repeats = 3 if context.short else 5
    for count in measure.estates():
        truced = daemons.Truced(context, f"api-{count}",
                                ["--hypervisor", "fake", "--requests-per-second", "100000000"], core=context.cores[0])
        truced.seed(count, token=TOKEN)
        truced.seed(count, touch=True)
        truced.start()
        try:
            truced.wait_reported(count)
            urls = {"unix": f"unix:{truced.socket}", "https": f"https://127.0.0.1:{truced.port}"}
            for question in questions(count, context.short):
                rows += one_question(context, truced, urls, question, count, repeats)
            rows += fan_out(context, urls, count, repeats)
            rss, _ = measure.memory(truced.process.pid)
            rows.append(Row(f"api, {count:,}: resident memory of truced afterwards", "MiB", [rss]))
        finally:
            truced.stop()
    return rows

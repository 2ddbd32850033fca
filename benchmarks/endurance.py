"""Whether a process stays as small as it is, and what becomes of it when its server can suddenly do a tenth.

``python benchmarks/endurance.py`` makes 50,000 calls through the whole loop, many short runs one after the other, 32 at
a time; ``--runs 1`` makes them in a single run. It prints memory, open files and asyncio tasks of the first and of the
last quarter. ``--capacity`` runs against a server whose capacity falls tenfold for 60 s, and prints how long its queue
got, how fast it recovered, and whether everything asked was answered once; with ``--refuse N`` the server sends whoever
comes when N wait away with status 429, and what fails by that is gone on with afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import multiprocessing
import os
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import fmean

from concurrency import TEAM, Answering  # type: ignore[import-not-found]  # a script beside this one

from doxa import Experiment, OpenAIModel
from doxa.environments import Weather
from doxa.graphs import Sweep, sweep
from doxa.graphs.arms import Arm
from doxa.graphs.told import Silent
from doxa.memory import Event, Home, Journal
from doxa.models import Limits

STEP = len(TEAM.agents)
"""Calls of a step."""
IN_FLIGHT = 32
SERVICE, SLOTS = 0.4, 20
"""Seconds that the server takes for a call, and how many it works on at once: 50 a second."""
BEFORE, NARROW, AFTER = 20, 60, 35
"""Seconds."""
REFUSAL = b'{"error": {"message": "too many requests"}}'


class Narrowing:
    """A server's capacity, which falls to a tenth for a while."""

    def __init__(self, refuse: int | None) -> None:
        self.longest = self.refused = 0
        self.answered: Counter[int] = Counter()
        self._refuse = refuse
        self._waiting: deque[tuple[Calling, bytes]] = deque()
        self._busy = 0
        self._start: float | None = None

    def take(self, connection: Calling, response: bytes) -> None:
        """Answer when there is a slot, or say at once that there is none."""
        if self._start is None:
            self._start = asyncio.get_running_loop().time()
        if self._refuse is not None and len(self._waiting) >= self._refuse:
            self.refused += 1
            wait = math.ceil(len(self._waiting) * SERVICE / self._slots())
            head = f"HTTP/1.1 429 Too Many\r\nRetry-After: {wait}\r\nContent-Type: application/json\r\n"
            connection.write(f"{head}Content-Length: {len(REFUSAL)}\r\n\r\n".encode() + REFUSAL)
            return
        self._waiting.append((connection, response))
        self._next()
        self.longest = max(self.longest, len(self._waiting))

    def _seconds(self) -> float:
        return asyncio.get_running_loop().time() - (self._start or 0.0)

    def _slots(self) -> int:
        return SLOTS // 10 if BEFORE <= self._seconds() < BEFORE + NARROW else SLOTS

    def _next(self) -> None:
        while self._waiting and self._busy < self._slots():
            self._busy += 1
            asyncio.get_running_loop().call_later(SERVICE, self._done, *self._waiting.popleft())

    def _done(self, connection: Calling, response: bytes) -> None:
        self._busy -= 1
        self.answered[int(self._seconds())] += 1
        connection.write(response)
        self._next()


class Calling(Answering):  # type: ignore[misc]  # it is of that script
    """A connection whose answers wait for capacity, if that is limited."""

    def __init__(self, capacity: Narrowing | None) -> None:
        super().__init__(0.0)
        self._capacity = capacity

    def _answer(self, response: bytes) -> None:
        if self._capacity is None:
            self.write(response)
        else:
            self._capacity.take(self, response)

    def write(self, response: bytes) -> None:
        """Send it."""
        super()._answer(response)


@dataclass(frozen=True)
class Served:
    """What the server saw: its longest queue, refusals, and answers by second."""

    longest: int
    refused: int
    answered: Counter[int]


@dataclass
class Serving:
    """The server, in a process of its own."""

    url: str
    line: Connection

    def seen(self) -> Served:
        """What it saw so far."""
        self.line.send("seen")
        served: Served = self.line.recv()
        return served


async def serving(line: Connection, refuse: int | None, *, narrow: bool) -> None:
    loop = asyncio.get_running_loop()
    capacity = Narrowing(refuse) if narrow else None
    server = await loop.create_server(lambda: Calling(capacity), "127.0.0.1", 0, backlog=1024)
    line.send(server.sockets[0].getsockname()[1])
    while await loop.run_in_executor(None, line.recv) == "seen":
        assert capacity is not None
        line.send(Served(capacity.longest, capacity.refused, capacity.answered))
    os._exit(0)  # what is still connected is of no interest


def serve(line: Connection, refuse: int | None, narrow: bool) -> None:  # noqa: FBT001
    asyncio.run(serving(line, refuse, narrow=narrow))


@contextmanager
def server(*, narrow: bool = False, refuse: int | None = None) -> Iterator[Serving]:
    """Start it, and end it."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, refuse, narrow))
    process.start()
    try:
        yield Serving(f"http://127.0.0.1:{ours.recv()}/v1", ours)
    finally:
        ours.send("enough")
        process.join()


@dataclass(frozen=True)
class Sample:
    """The process at one moment: megabytes, open files, tasks."""

    memory: float
    files: int
    tasks: int


def sampled() -> Sample:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    return Sample(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, files, len(asyncio.all_tasks()))


class Watching(Silent):
    """Samples the process every so many calls."""

    def __init__(self, every: int) -> None:
        self.samples: list[Sample] = []
        self.calls = 0
        self._every = every

    def event(self, arm: Arm, event: Event) -> None:
        """Count calls."""
        del arm  # whose they are doesn't matter
        self.calls += event.kind == "call"
        if event.kind == "call" and self.calls % self._every == 0:
            self.samples.append(sampled())


def experiments(url: str, runs: int, steps: int) -> list[Experiment]:
    model = OpenAIModel("any", base_url=url, connections=IN_FLIGHT)
    first = Experiment(Weather(days=steps), TEAM, model=model, limits=Limits(concurrency=IN_FLIGHT), name="long")
    return [replace(first, seed=seed) for seed in range(runs)]


def endurance(calls: int, runs: int) -> bool:
    """Many calls; print whether anything grows."""
    steps = calls // STEP // runs
    watching = Watching(max(1, calls // 400))
    with server() as served, tempfile.TemporaryDirectory() as home:
        asyncio.run(sweep(experiments(served.url, runs, steps), home, mode="evaluate", told=watching))
        size = sum(path.stat().st_size for path in Path(home).iterdir() if path.is_file()) / 1e6
    print(f"{watching.calls:,} calls in {runs} runs of {steps} steps; the journal has {size:.0f} MB")
    quarter = len(watching.samples) // 4
    flat = True
    print(f"{'':<14}{'first quarter':>22}{'last quarter':>22}")
    for name, unit in (("memory", "MB"), ("files", "open"), ("tasks", "")):
        first, last = (
            [getattr(s, name) for s in part] for part in (watching.samples[:quarter], watching.samples[-quarter:])
        )
        flat = flat and fmean(last) <= 1.1 * fmean(first) + 2
        told = [f"{fmean(part):.1f} (most {max(part):.0f})" for part in (first, last)]
        print(f"{name + ' ' + unit:<14}{told[0]:>22}{told[1]:>22}")
    return flat


def recovery(answered: Counter[int]) -> float | None:
    """Seconds from the return of the capacity until five seconds reach 90 % of the rate before it fell."""
    usual = fmean(answered[second] for second in range(5, BEFORE))
    for second in range(BEFORE + NARROW, BEFORE + NARROW + AFTER - 5):
        if fmean(answered[second + i] for i in range(5)) >= 0.9 * usual:
            return second - BEFORE - NARROW
    return None


def capacity(refuse: int | None) -> bool:
    """A server that falls to a tenth; print what became of the calls."""
    rate = SLOTS / SERVICE
    arms = 2 * IN_FLIGHT
    steps = math.ceil(rate * (BEFORE + NARROW / 10 + AFTER + 5) / arms / STEP)
    watching = Watching(1)
    with server(narrow=True, refuse=refuse) as served, tempfile.TemporaryDirectory() as home:

        def run() -> Sweep:
            todo = experiments(served.url, arms, steps)
            return asyncio.run(sweep(todo, home, mode="evaluate", concurrency=arms, told=watching))

        found, failed, rounds = run(), 0, 1
        while found.failed and rounds < 10:
            failed, rounds = failed + len(found.failed), rounds + 1
            found = run()
        seen = served.seen()
        with Journal.open(Home(Path(home)), write=False) as journal:
            journaled = sum(1 for row in found.rows for _ in journal.events(row.run or "", kind="call"))
    wanted, answers, back = arms * steps * STEP, sum(seen.answered.values()), recovery(seen.answered)
    rates = [fmean(seen.answered[s] for s in span) for span in (range(5, BEFORE), range(BEFORE + 5, BEFORE + NARROW))]
    print(f"{rates[0]:.0f} answers a second, then {rates[1]:.1f} for {NARROW} s; back at 90 % after {back} s")
    print(f"queue at the server: at most {seen.longest}, {seen.refused} sent away; in flight at most {IN_FLIGHT}")
    print(
        f"{wanted} calls wanted, {journaled} journaled, {answers} answered; {failed} arms failed and were gone on with"
    )
    most = max(sample.tasks for sample in watching.samples)
    print(f"at most {most} tasks for {arms} arms, {max(sample.memory for sample in watching.samples):.0f} MB")
    whole = found.ended and wanted == journaled == answers
    return whole and back is not None and back <= 30 and seen.longest <= IN_FLIGHT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--capacity", action="store_true", help="a server whose capacity falls, instead")
    parser.add_argument("--refuse", type=int, metavar="N", help="with --capacity: send away whoever comes when N wait")
    given = parser.parse_args()
    good = capacity(given.refuse) if given.capacity else endurance(given.calls, given.runs)
    print(json.dumps({"good": good}))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

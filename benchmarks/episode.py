"""What an episode costs as it grows.

``python benchmarks/episode.py`` prints, all from one run: CPU of 1,000 steps over that of 100, journal bytes per step,
peak memory, and what the journal adds to a call. Every size runs in its own process, in turn, after a warm-up.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pydantic import BaseModel

from doxa import Analyst, CVaRMonitor, Experiment, Manager, evaluate, hierarchy
from doxa.environments import Weather
from doxa.graphs.recording import JournalLog
from doxa.memory import Home, Journal
from doxa.models.protocol import Message, Place, Reply, Request, Usage

TEAM = hierarchy(
    Manager(),
    [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    CVaRMonitor(),
)
SHORT, LONG, REPEATS, CALLS = 100, 1_000, 3, 2_000


class Text(BaseModel):
    """Any answer."""

    text: str


def one_episode(steps: int) -> dict[str, float]:
    """CPU seconds and journal bytes of one episode, and the process's peak memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(evaluate(Experiment(Weather(days=10), TEAM), Path(folder) / "warm"))
        started = time.process_time()
        asyncio.run(evaluate(Experiment(Weather(days=steps), TEAM), Path(folder) / "home"))
        cpu = time.process_time() - started
        size = (Path(folder) / "home" / "journal.sqlite3").stat().st_size
    return {"cpu": cpu, "bytes": size, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def in_its_own_process(steps: int) -> dict[str, float]:
    command = [sys.executable, __file__, str(steps)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def journal_per_call() -> float:
    """Milliseconds of looking a call up, writing its intent and writing its result; 4 kB of prompt, 1 kB of reply."""
    with tempfile.TemporaryDirectory() as folder, Journal.open(Home(Path(folder)), write=True) as journal:
        log, instructions = JournalLog(journal, journal.begin("bench")), "instruction " * 250
        started = time.perf_counter()
        for step in range(CALLS):
            place = Place(0, step, 20, "analyst")
            request = Request("analyst", (Message("system", instructions), Message("user", f"{step} " * 200)), Text)
            digest = request.digest("model")
            log.recall(place, digest)
            log.intend(place, digest, request, "model")
            log.settle(place, digest, Reply("reply " * 170, Usage(1_000, 200), 0.01, "model"), attempts=1)
        return (time.perf_counter() - started) / CALLS * 1_000


def main() -> None:
    runs = [(in_its_own_process(SHORT), in_its_own_process(LONG)) for _ in range(REPEATS)]
    short, long = ({key: statistics.median(run[i][key] for run in runs) for key in runs[0][i]} for i in (0, 1))
    ratio = statistics.median(b["cpu"] / a["cpu"] for a, b in runs)
    per_step = [f"{run['cpu'] / steps * 1e3:.2f} ms of {steps}" for run, steps in ((short, SHORT), (long, LONG))]
    print(f"CPU per step: {', '.join(per_step)}")
    print(f"CPU of {LONG} steps over that of {SHORT}: {ratio:.2f} (linear is {LONG / SHORT:.0f})")
    print(f"journal bytes per step: {short['bytes'] / SHORT:.0f} and {long['bytes'] / LONG:.0f}")
    print(
        f"peak memory: {short['memory']:.0f} and {long['memory']:.0f} MB, ratio {long['memory'] / short['memory']:.3f}"
    )
    print(f"the journal adds {journal_per_call():.3f} ms to a call")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(one_episode(int(sys.argv[1]))))
    else:
        main()

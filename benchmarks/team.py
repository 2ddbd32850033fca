"""What a decision of FinCon's team takes, beside that of a debate built from the same nodes.

``python benchmarks/team.py`` runs both on the same texts against an OpenAI-compatible server on loopback, in a process
of its own, that takes 200 ms for every call. Printed per decision: calls, calls on the critical path, prompt tokens,
wall time, its ratio to the critical path, and Doxa's own CPU. Sources, sizes and answers are made up by a seed; the
debate is ``examples/debate.py``.

``python benchmarks/team.py --assets 50`` runs FinCon's team with the offline model through a year of daily decisions on
a portfolio of so many seeded assets, and prints wall time, CPU and peak memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import multiprocessing
import random
import resource
import runpy
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from doxa import EpisodeGraph, Experiment, OpenAIModel, evaluate
from doxa.environments import Choice, Environment, EnvironmentSpec, Outcome, Portfolio, Signal, Source, View
from doxa.environments.series import Day, MarketSeries
from doxa.graphs import FinCon, fincon_team
from doxa.models.protocol import Reply, Request
from doxa.models.tokens import measure
from doxa.testing import OpenAIServer

LATENCY, STEPS = 0.2, 10
SIZES = {"news": 3000, "filings_10k": 4000, "filings_10q": 4000, "calls": 4000, "reports": 4000}
"""Characters of a source's text a day, as Market shows them by default; prices and relations are numbers."""
SEVEN = ("prices", *SIZES, "relations")
FOUR = ("prices", "news", "filings_10k", "reports")
WORDS = (
    "revenue",
    "margin",
    "growth",
    "debt",
    "guidance",
    "demand",
    "cash",
    "price",
    "risk",
    "quarter",
    "year",
    "cost",
)
NOTE = " ".join(WORDS * 4)[:240]
EXAMPLE = Path(__file__).parents[1] / "examples" / "debate.py"


class Seeded(Environment):
    """Any of FinCon's sources, with texts of the usual size."""

    def __init__(self, sources: Sequence[str], steps: int) -> None:
        self._now = 0
        self.spec = EnvironmentSpec(
            id="seeded",
            task="Trade it, day by day.",
            sources=tuple(Source(name, f"About {name}.", signals=self._signals(name)) for name in sources),
            action=Choice(("buy", "hold", "sell")),
            reward={"pnl": 1.0},
            max_steps=steps,
            cautious="hold",
        )

    @staticmethod
    def _signals(name: str) -> tuple[Signal, ...]:
        if name in SIZES:
            return (Signal("tone", "buy", "sell", 0.5, tone=True),)
        return tuple(Signal(f"momentum_{h}", "buy", "sell", 0.05) for h in (1, 5, 21, 63))

    def _seen(self, components: Mapping[str, float]) -> Outcome:
        moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=self._now)
        views = {source.name: View(_text(source.name, self._now), {}, moment, moment) for source in self.spec.sources}
        return Outcome(moment, views, components)

    def _begin(self, _: random.Random) -> Outcome:
        self._now = 0
        return self._seen({})

    def _advance(self, _: str) -> Outcome:
        self._now += 1
        return self._seen({"pnl": 0.01 * (-1) ** self._now})


def _text(name: str, day: int) -> str:
    rng = random.Random(f"{name} {day}")  # noqa: S311  made-up texts, not secrets
    if name in SIZES:
        words = iter(lambda: rng.choice(WORDS), None)
        return "\n".join(f"- {' '.join(next(words) for _ in range(60))}"[:400] for _ in range(SIZES[name] // 400))
    return "\n".join(f"number_{i}: {rng.uniform(-1, 1):+.6f}" for i in range(12))


class Counted(OpenAIModel):
    """The same model, its prompts counted."""

    calls = 0
    tokens = 0

    async def complete(self, request: Request[Any]) -> Reply:
        """Count, and ask."""
        self.calls += 1
        self.tokens += _measure().prompt(request)
        return await super().complete(request)


_measure = cache(measure)


def answer(body: Mapping[str, Any]) -> dict[str, Any]:
    """Notes as long as models write them."""
    aspects = [{"aspect": "news.tone", "value": 0.2, "supports": "buy"}] * 4
    name = body["response_format"]["json_schema"]["name"]
    if "Insight" in name:
        return {"stance": "buy", "confidence": 0.5, "rationale": NOTE, "evidence": aspects, "beliefs": []}
    told = {"action": "buy", "confidence": 0.5, "reasons": NOTE, "insights": [], "beliefs": [], "reflection": NOTE}
    return {**told, "feedback": []} if "Feedback" in name else told


def serve(line: Connection) -> None:
    with OpenAIServer(answer, latency=LATENCY) as server:
        line.send(server.url)
        line.recv()


@contextmanager
def server() -> Iterator[str]:
    """A server in its own process, so that its CPU isn't counted as ours."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    process.start()
    yield ours.recv()
    ours.send("stop")
    process.join()


def path_of(graph: EpisodeGraph) -> int:
    """Calls that wait for each other."""
    depth: dict[str, int] = {}
    while len(depth) < len(graph.agents):
        for name in graph.names:
            givers = [giver for giver, taker in graph.edges if taker == name]
            if all(giver in depth for giver in givers):
                depth[name] = 1 + max((depth[giver] for giver in givers), default=0)
    return max(depth.values())


@dataclass(frozen=True)
class Topology:
    """A team and what it reads."""

    name: str
    sources: tuple[str, ...]
    graph: EpisodeGraph


def topologies() -> list[Topology]:
    """FinCon's team and the debate on the same sources."""
    example = runpy.run_path(str(EXAMPLE))
    plain = FinCon(recall=0, episodes=0, refines=False, feedback=None)
    found = []
    for sources in (SEVEN, FOUR):
        spec = Seeded(sources, 1).spec
        found.append(Topology(f"FinCon, {len(sources)} analysts", sources, fincon_team(spec)))
        found.append(Topology("  without memories and feedback", sources, fincon_team(spec, plain)))
        found.append(Topology("debate", sources, example["debate"](example["analysts"](spec))))
        found.append(
            Topology("  analysts in turn", sources, example["debate"](example["analysts"](spec), in_turn=True))
        )
    return found


def run(topology: Topology, url: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        warm = Counted("any", base_url=url)
        asyncio.run(evaluate(Experiment(Seeded(topology.sources, 2), topology.graph, model=warm, name="warm"), home))
        model = Counted("any", base_url=url)
        experiment = Experiment(Seeded(topology.sources, STEPS), topology.graph, model=model)
        wall, cpu = time.perf_counter(), time.process_time()
        asyncio.run(evaluate(experiment, home))
        wall, cpu = (time.perf_counter() - wall) / STEPS, (time.process_time() - cpu) / STEPS
    path = path_of(topology.graph)
    print(
        f"{topology.name:<32} {model.calls / STEPS:5.1f} calls, path {path:2d}, {model.tokens / STEPS:8,.0f} tokens, "
        f"{wall:6.2f} s ({wall / (path * LATENCY):4.2f} x path), CPU {cpu:.3f} s",
        flush=True,
    )


def seeded_series(number: int, days: int) -> list[MarketSeries]:
    """Random walks on weekdays."""
    calendar = [day for i in range(2 * days) if (day := date(2019, 1, 1) + timedelta(days=i)).weekday() < 5][:days]
    found = []
    for i in range(number):
        rng, price, rows = random.Random(i), 100.0, list[Day]()  # noqa: S311  made-up prices, not secrets
        for day in calendar:
            price *= math.exp(rng.gauss(0.0003, 0.015))
            rows.append(Day(day, price))
        found.append(MarketSeries(f"S{i:03d}", tuple(rows)))
    return found


def year(assets: int) -> None:
    """252 decisions by the offline model; 100 days before them fill the indicators."""
    series = seeded_series(assets, 353)
    environment = Portfolio(series, start=series[0].days[100].date)
    experiment = Experiment(environment, fincon_team(environment.spec), name="year")
    with tempfile.TemporaryDirectory() as home:
        wall, cpu = time.perf_counter(), time.process_time()
        result = asyncio.run(evaluate(experiment, home))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    steps = environment.spec.max_steps
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{assets} assets, {steps} decisions: {wall:.1f} s, CPU {cpu:.1f} s, peak {peak:.0f} MB")
    print(json.dumps(dict(result.episodes[-1].metrics)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, help="a year on so many assets, offline, instead")
    assets = parser.parse_args().assets
    if assets:
        year(assets)
        return
    print(f"per decision; every call takes {LATENCY * 1000:.0f} ms; tokens by {_measure().name}")
    with server() as url:
        for topology in topologies():
            run(topology, url)


if __name__ == "__main__":
    main()

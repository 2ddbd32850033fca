"""What a team adds to its models' latency.

``python benchmarks/topology.py`` runs N analysts and a manager against an OpenAI-compatible server on loopback, in a
process of its own, that takes 200 ms for every call. Printed per step and N: wall time, its ratio to the two calls of
the critical path, Doxa's own CPU, and the calls on the wire.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from doxa import Analyst, CVaRMonitor, Experiment, Manager, OpenAIModel, evaluate, hierarchy
from doxa.environments import Choice, Environment, EnvironmentSpec, Outcome, Source, View
from doxa.testing import OpenAIServer

LATENCY, STEPS, SIZES = 0.2, 20, (1, 4, 7)
INSIGHT = {"stance": "stay", "confidence": 0.5, "rationale": "-", "evidence": [], "beliefs": []}
DECISION = {"action": "stay", "confidence": 0.5, "reasons": "-", "insights": [], "beliefs": [], "reflection": None}


class Sources(Environment):
    """A task with any number of sources of 2 kB a step."""

    def __init__(self, sources: int, steps: int) -> None:
        self.spec = EnvironmentSpec(
            id="sources",
            task="Stay or go.",
            sources=tuple(Source(f"source-{i}", "A source.") for i in range(sources)),
            action=Choice(("stay", "go")),
            reward={"gain": 1.0},
            max_steps=steps,
        )

    def _views(self) -> Mapping[str, View]:
        return {source.name: View("- word word word word\n" * 100) for source in self.spec.sources}

    def _begin(self, _: random.Random) -> Outcome:
        return Outcome(None, self._views(), {})

    def _advance(self, _: str) -> Outcome:
        return Outcome(None, self._views(), {"gain": 0.0})


def answer(body: Mapping[str, Any]) -> dict[str, Any]:
    return DECISION if "You are manager" in json.dumps(body["messages"][0]) else INSIGHT


def serve(line: Connection) -> None:
    with OpenAIServer(answer, latency=LATENCY) as server:
        line.send(server.url)
        line.recv()
        line.send(len(server.requests))


@contextmanager
def server() -> Iterator[Connection]:
    """A server in its own process, so that its CPU isn't counted as ours."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    process.start()
    yield ours
    process.join()


def measure(analysts: int) -> None:
    team = hierarchy(Manager(), [Analyst(f"analyst-{i}", source=f"source-{i}") for i in range(analysts)], CVaRMonitor())
    with server() as line, tempfile.TemporaryDirectory() as home:
        model = OpenAIModel("any", base_url=line.recv())
        asyncio.run(evaluate(Experiment(Sources(analysts, 2), team, model=model, name="warm"), home))
        wall, cpu = time.perf_counter(), time.process_time()
        asyncio.run(evaluate(Experiment(Sources(analysts, STEPS), team, model=model), home))
        wall, cpu = (time.perf_counter() - wall) / STEPS, (time.process_time() - cpu) / STEPS
        line.send("how many?")
        calls = line.recv() / (STEPS + 2)
    path = wall / (2 * LATENCY)
    print(f"N = {analysts}: {wall:.3f} s a step, {path:.2f} x the critical path; CPU {cpu:.3f} s; {calls:g} calls")


if __name__ == "__main__":
    for size in SIZES:
        measure(size)

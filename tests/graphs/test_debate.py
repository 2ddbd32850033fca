"""The example of a debate runs offline, and its agents hear each other in turn."""

from __future__ import annotations

import asyncio
import runpy
from pathlib import Path
from typing import Any

import pytest

from doxa import EpisodeGraph, Experiment, replay, train
from doxa.environments import Weather
from doxa.memory import Home, Journal

EXAMPLE = Path(__file__).parents[2] / "examples" / "debate.py"


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLE))


def longest(graph: EpisodeGraph, name: str = "manager") -> int:
    return 1 + max((longest(graph, giver) for giver, taker in graph.edges if taker == name), default=0)


def test_four_analysts_make_seventeen_calls_most_of_them_in_a_row(example: dict[str, Any]) -> None:
    analysts = [example["Analyst"](f"a{i}", source=f"s{i}") for i in range(4)]
    graph, in_turn = example["debate"](analysts), example["debate"](analysts, in_turn=True)
    assert len(graph.agents) == len(in_turn.agents) == 17
    assert (longest(graph), longest(in_turn)) == (14, 17)


def test_it_runs_learns_and_replays(example: dict[str, Any], tmp_path: Path) -> None:
    environment = Weather(days=4)
    team = example["debate"](example["analysts"](environment.spec), rounds=1, risk_rounds=1)
    of = Experiment(environment, team, episodes=2, name="debate")
    run = asyncio.run(train(of, tmp_path))
    asyncio.run(replay(of, tmp_path, run.id))
    with Journal.open(Home(tmp_path), write=False) as journal:
        calls = {e.payload["agent"]: e.payload for e in journal.events(run.id, kind="call", episode=0)}
        heard = {agent: journal.text(dict(call["messages"])["user"]) for agent, call in calls.items()}
        (critique,) = [e.payload for e in journal.events(run.id, kind="critique", episode=1)]
        told = journal.text(
            next(dict(e.payload["messages"])["user"] for e in journal.events(run.id, kind="call") if "critic" in e.key)
        )
    assert "insight bull-1" not in heard["bull-1"]
    assert "insight almanac-analyst" in heard["bull-1"]
    assert "insight bull-1" in heard["bear-1"]
    assert "insight trader" in heard["risky-1"]
    assert "insight neutral-1" in heard["manager"]
    assert "overlap" in critique
    assert "tally trader:" in told, "one that reads no source is judged under its own name"
    assert "tally None" not in told

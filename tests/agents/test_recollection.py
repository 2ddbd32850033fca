"""The manager remembers earlier episodes, if it is asked to; by default its prompts are as they were."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, hierarchy, train
from doxa.environments import Weather
from doxa.memory import Home, Journal


def read(home: Path, *, episodes: int) -> dict[tuple[int, int], str]:
    """What the manager really read in its user message, by episode and step."""
    manager = replace(Manager(), episodes=episodes)
    analysts = [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")]
    team = hierarchy(manager, analysts, CVaRMonitor(), ConceptualCritic())
    run = asyncio.run(train(Experiment(Weather(days=6), team, episodes=3, evaluation=Weather(days=3)), home))
    found = {}
    with Journal.open(Home(home), write=False) as journal:
        for event in journal.events(run.id, kind="call"):
            if event.payload["agent"] == "manager":
                (text,) = (journal.text(digest) for role, digest in event.payload["messages"] if role == "user")
                found[event.episode, int(event.key[:6])] = text
    return found


def named(text: str) -> list[int]:
    return [int(line.split()[1]) for line in text.splitlines() if line.startswith("episode ")]


def test_the_manager_remembers_the_last_episodes_before_the_step(tmp_path: Path) -> None:
    seen = read(tmp_path, episodes=2)
    assert {episode: named(seen[episode, 0]) for episode in range(4)} == {0: [], 1: [0], 2: [0, 1], 3: [1, 2]}
    assert seen[2, 5].startswith("# Earlier episodes\nepisode 0 (train): 6 steps, return ")
    parts = [seen[2, step].partition("# Step") for step in (0, 5)]
    assert parts[0][0] == parts[1][0]  # a stable prefix


def test_by_default_it_remembers_none(tmp_path: Path) -> None:
    assert not any("Earlier episodes" in text for text in read(tmp_path, episodes=0).values())

"""Episodic memory: earlier episodes in numbers, read from the journal and never ahead of their time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from doxa.memory import Entry, Home, Journal
from doxa.memory.episodic import episodes, render

START = datetime(2024, 1, 1, tzinfo=UTC)


def played(journal: Journal, run: str, episode: int, rewards: list[float], actions: str, end: int | None) -> None:
    until = None if end is None else (START + timedelta(days=end)).isoformat()
    choices = [
        {"agent": agent, "belief": belief, "taken": taken}
        for agent, belief, taken in (("manager", "b-1", True), ("manager", "b-2", False), ("analyst", "b-3", True))
    ]
    steps = [
        Entry(episode, "step", f"{i:06d}.40.act", {"step": i, "reward": r, "action": a, "until": until})
        for i, (r, a) in enumerate(zip(rewards, actions, strict=True))
    ]
    journal.append(
        run,
        [
            Entry(episode, "propagation", "propagation", {"candidates": choices}),
            *steps,
            Entry(episode, "alert", "000001.50.cvar", {}),
            Entry(episode, "episode.ended", "end", {"mode": "train"}),
        ],
    )


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(Home(tmp_path / "home"), write=True) as journal:
        yield journal


def test_an_episode_in_numbers(journal: Journal) -> None:
    run = journal.begin("run")
    played(journal, run, 0, [1.0, -3.0, 0.5, 2.5], "bbsh", 4)
    (found,) = episodes(journal, run, agent="manager", before=1)
    assert (found.run, found.episode, found.mode, found.steps) == (run, 0, "train", 4)
    assert (found.total, found.drawdown, found.path) == (1.0, 3.0, (1.0, -2.0, -1.5, 1.0))
    assert (found.best, found.worst, found.changes, found.alerts) == (3, 1, 2, 1)
    assert found.actions == {"b": 0.5, "h": 0.25, "s": 0.25}
    assert found.beliefs == ("b-1",)
    assert found.known_at == START + timedelta(days=4)
    assert render([found]) == (
        "episode 0 (train): 4 steps, return +1.0000, drawdown 3.0000, 1 alerts; b 50%, h 25%, s 25%; 2 changes; "
        "best step 3, worst step 1\n  cumulative: +1.0000 -2.0000 -1.5000 +1.0000\n  beliefs: b-1"
    )


def test_a_loss_from_the_start_is_a_drawdown_and_a_long_path_is_thinned(journal: Journal) -> None:
    run = journal.begin("run")
    played(journal, run, 0, [-0.1] * 50, "b" * 50, None)
    (found,) = episodes(journal, run, agent="manager", before=1)
    assert found.drawdown == pytest.approx(5)
    assert len(found.path) == 10
    assert found.path[-1] == pytest.approx(-5)


def test_only_episodes_that_are_over_by_then_are_remembered(journal: Journal) -> None:
    run = journal.begin("run")
    for episode, end in enumerate([10, 20, None, 30]):
        played(journal, run, episode, [1.0], "b", end)
    journal.append(run, [Entry(4, "step", "0", {"step": 0, "reward": 1.0, "action": "b", "until": None})])

    def remembered(before: int, last: int = 9, as_of: int | None = None) -> list[int]:
        now = None if as_of is None else START + timedelta(days=as_of)
        return [m.episode for m in episodes(journal, run, agent="manager", before=before, last=last, as_of=now)]

    assert remembered(5) == [0, 1, 2, 3]  # the one that isn't over isn't there
    assert remembered(3) == [0, 1, 2]
    assert remembered(5, last=2) == [2, 3]
    assert remembered(5, as_of=20) == [0, 1]
    assert remembered(5, last=1, as_of=29) == [1]
    naive = datetime(2030, 1, 1)  # noqa: DTZ001
    assert episodes(journal, run, agent="manager", before=5, as_of=naive) == ()


def test_the_parents_episodes_are_remembered_as_far_as_it_had_come(journal: Journal) -> None:
    parent = journal.begin("parent")
    played(journal, parent, 7, [1.0], "b", 1)
    child = journal.begin("child", parent=parent)
    played(journal, parent, 8, [1.0], "b", 2)
    played(journal, child, 0, [1.0], "b", 3)
    found = episodes(journal, child, agent="manager", before=1)
    assert [(m.run, m.episode) for m in found] == [(parent, 7), (child, 0)]

"""Walk-forward: windows in order, beliefs carried on, never a belief from a test's own days or later."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa import Analyst, ConceptualCritic, Experiment, Manager, Market, hierarchy
from doxa.environments import Day, MarketSeries
from doxa.errors import SpecError
from doxa.graphs.walking import Stage, settings_of, walk, walk_windows
from doxa.memory import BeliefMemory, Home, Journal

FIRST = date(2020, 1, 1)
SPEC = """
from datetime import date, timedelta
from doxa import Analyst, ConceptualCritic, Experiment, Manager, Market, hierarchy
from doxa.environments import Day, MarketSeries

FIRST = date(2020, 1, 1)
DAYS = tuple(Day(FIRST + timedelta(days=k), 100.0 + (k % 14) * (1 if k % 28 < 14 else -1)) for k in range(200))

def experiment(train_from, train_to, test_from, test_to):
    series = MarketSeries("SAW", DAYS)
    train = Market(series, start=train_from, end=train_to)
    team = hierarchy(Manager(), [Analyst("chartist", source="prices")], None, ConceptualCritic())
    return Experiment(train, team, episodes=2, evaluation=Market(series, start=test_from, end=test_to), name="walked")
"""


def saw() -> MarketSeries:
    days = (Day(FIRST + timedelta(days=k), 100.0 + (k % 14) * (1 if k % 28 < 14 else -1)) for k in range(200))
    return MarketSeries("SAW", tuple(days))


def stages(train: int = 40, test: int = 20, last: date = date(2020, 4, 29)) -> list[Stage]:
    team = hierarchy(Manager(), [Analyst("chartist", source="prices")], None, ConceptualCritic())
    found = []
    for each in walk_windows(FIRST, last, train_days=train, test_days=test):
        training = Market(saw(), start=each.train.start, end=each.train.end)
        testing = Market(saw(), start=each.test.start, end=each.test.end)
        found.append(Stage(each, Experiment(training, team, episodes=2, evaluation=testing, name="walked")))
    return found


@given(st.integers(2, 400), st.integers(2, 200), st.integers(0, 2000))
def test_tests_stand_side_by_side_each_after_its_training(train: int, test: int, length: int) -> None:
    last = FIRST + timedelta(days=length)
    if length + 1 < train + test:
        with pytest.raises(SpecError, match="first window needs"):
            walk_windows(FIRST, last, train_days=train, test_days=test)
        return
    found = walk_windows(FIRST, last, train_days=train, test_days=test)
    for before, after in pairwise(found):
        assert after.test.start == before.test.end + timedelta(days=1)
    for each in found:
        assert each.test.start == each.train.end + timedelta(days=1)
        assert (each.train.end - each.train.start).days + 1 == train
        assert (each.test.end - each.test.start).days + 1 == test
        assert each.test.end <= last


def test_beliefs_are_carried_on_and_none_is_of_a_tests_own_time(tmp_path: Path) -> None:
    done = asyncio.run(walk(stages(), tmp_path))
    assert [each.run.parent for each in done] == [None, "walked-1", "walked-2", "walked-3"]
    handed = 0
    with Journal.open(Home(tmp_path), write=False) as journal:
        for each in done:
            memory = BeliefMemory(journal, each.run.id)
            known = {b.id: b.known_at for b in memory.beliefs()}
            event = list(journal.events(each.run.id, kind="propagation"))[-1]
            taken = {c["belief"] for c in event.payload["candidates"] if c["taken"]}
            handed += len(taken)
            start = datetime.combine(each.windows.test.start, datetime.max.time()).astimezone()
            assert all(at is not None and at < start for b, at in known.items() if b in taken)
            assert not event.payload["in_sample"]
    assert handed


def test_the_same_walk_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = asyncio.run(walk(stages(), tmp_path / "whole"))
    asyncio.run(walk(stages()[:1], tmp_path / "parts"))
    again = asyncio.run(walk(stages(), tmp_path / "parts"))
    assert [each.run.digest for each in again] == [each.run.digest for each in whole]
    with Journal.open(Home(tmp_path / "parts"), write=False) as journal:
        assert len(journal.runs()) == len(whole)


def test_the_command_walks_and_says_what_it_cannot(doxa: Any) -> None:
    given = ("spec.py:experiment", "--from", "2020-01-01", "--to", "2020-03-15", "--train", "40", "--test", "20")
    first, second = doxa("walk", *given, "--json"), doxa("walk", *given, "--json")
    assert first.code == 0, first.err
    assert [each["test"] for each in first.json] == [["2020-02-10", "2020-02-29"]]
    assert second.json == first.json
    assert "buy and hold" in doxa("walk", *given).out
    for wrong, told in (
        (("--from", "2020-13-01"), "no day"),
        (("--to", "2020-01-20"), "first window needs 60"),
        (("--test", "1"), "two days or more"),
    ):
        done = doxa("walk", *given, *wrong)
        assert (done.code, told in done.err) == (2, True), done.err


def test_a_window_without_a_test_is_refused(tmp_path: Path) -> None:
    stage = stages()[0]
    team = stage.experiment.graph
    blind = Stage(stage.windows, Experiment(stage.experiment.environment, team, name="blind"))
    with pytest.raises(SpecError, match="no evaluation"):
        asyncio.run(walk([blind], tmp_path))
    assert settings_of(stage.windows)["test_from"] == "2020-02-10"

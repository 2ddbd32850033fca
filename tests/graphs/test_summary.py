"""A home's runs are listed from a few events each, and told exactly as if all were read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, Run, evaluate, hierarchy, replay, train
from doxa.cli import app
from doxa.environments import Weather
from doxa.graphs import sweep
from doxa.graphs.summary import SUMMARY, brief
from doxa.memory import Home, Journal
from doxa.views import runs_json

TEAM = hierarchy(
    Manager(),
    [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    CVaRMonitor(),
    ConceptualCritic(),
)


def experiment(days: int) -> Experiment:
    return Experiment(Weather(days), TEAM, episodes=2, evaluation=Weather(days))


def statements(journal: Journal, run: str) -> list[str]:
    """What SQLite is asked for a run's line; listed in full, as a page of rows is one statement."""
    asked: list[str] = []
    journal.database._connection.set_trace_callback(asked.append)
    brief(journal, run)
    journal.database._connection.set_trace_callback(None)
    return asked


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    asyncio.run(train(experiment(2), home))
    asyncio.run(train(experiment(60), home))
    asyncio.run(evaluate(experiment(2), home, parent="run-1"))
    asyncio.run(sweep([replace(experiment(2), seed=seed, name="arm") for seed in (1, 2)], home))
    return home


def test_a_summary_is_what_reading_everything_tells(home: Path) -> None:
    with Journal.open(Home(home), write=False) as journal:
        for run in journal.runs():
            whole = Run.read(journal, run)
            assert brief(journal, run) == whole
            assert runs_json([brief(journal, run)]) == runs_json([whole])
        ended = [run for run in journal.runs() if journal.find(run, 2**31 - 1, SUMMARY, "")]
        assert ended == ["run-1", "run-2", "run-3", "arm-1", "arm-2"]


def test_a_long_run_is_told_by_as_few_statements_as_a_short_one(home: Path) -> None:
    with Journal.open(Home(home), write=False) as journal:
        assert journal.length("run-2") > 5 * journal.length("run-1") > 100
        short, long = statements(journal, "run-1"), statements(journal, "run-2")
        assert len(long) == len(short) <= 6
        assert not any("seq > " in sql for sql in long), "no page of a run's events is read"


def test_what_is_recorded_after_the_end_counts(tmp_path: Path) -> None:
    asyncio.run(train(experiment(6), tmp_path))
    with Journal.open(Home(tmp_path), write=False) as journal:
        before = brief(journal, "run-1")
    told = ["--aspect", "barometer", "--reason", "seen", "--home", str(tmp_path)]
    done = CliRunner().invoke(app, ["belief", "add", "run-1", "Trust the barometer.", *told])
    assert done.exit_code == 0, done.output
    with Journal.open(Home(tmp_path), write=False) as journal:
        assert brief(journal, "run-1") == Run.read(journal, "run-1")
        assert brief(journal, "run-1").digest != before.digest


def test_an_ended_run_without_a_summary_is_read_and_replays(home: Path) -> None:
    with Journal.open(Home(home), write=False) as journal:
        digest = journal.digest("run-1")
        assert not any(SUMMARY in line for line in journal.export("run-1"))
    assert asyncio.run(replay(experiment(2), home, "run-1")).digest == digest

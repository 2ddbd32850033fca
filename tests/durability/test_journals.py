"""Journals that were recorded earlier replay for ever, with nothing sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from recordings import RECORDINGS, TEAM, made, scripted

from doxa import replay
from doxa.agents import prompts
from doxa.errors import NondeterminismError
from doxa.memory import Home, Journal, arrival

FOLDER = Path(__file__).parent / "journals"
SCRIPTED = {"gap", "safe-action", "ambiguous", "stopped"}


def taken_in(name: str, home: Path) -> str:
    with Journal.open(Home(home), write=True) as journal:
        return arrival.take_in(journal, FOLDER / f"{name}.doxa").run


def test_every_recording_is_kept_and_small() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(RECORDINGS)
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 600_000


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recorded_journal_replays_with_nothing_sent(tmp_path: Path, name: str) -> None:
    run = taken_in(name, tmp_path)
    model = scripted()
    with Journal.open(Home(tmp_path), write=False) as journal:
        before = journal.digest(run)
    done = asyncio.run(replay(RECORDINGS[name].experiment(model if name in SCRIPTED else "heuristic"), tmp_path, run))
    assert done.ended
    assert done.calls > 0
    assert done.digest == before
    assert model.requests == []


def test_the_recordings_differ_in_kind(tmp_path: Path) -> None:
    kinds = set()
    for name in RECORDINGS:
        run = taken_in(name, tmp_path / name)
        with Journal.open(Home(tmp_path / name), write=False) as journal:
            kinds |= {event.kind for event in journal.events(run)}
    assert {"belief", "propagation", "alert", "gap", "call.again", "failure", "run.interrupted", "call.reused"} <= kinds


def test_another_prompt_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = taken_in("learned", tmp_path)
    monkeypatch.setattr("doxa.agents.analyst.task_text", lambda spec: prompts.task_text(spec) + "!")
    with pytest.raises(NondeterminismError, match="asks something else than what was recorded"):
        asyncio.run(replay(RECORDINGS["learned"].experiment("heuristic"), tmp_path, run))


def test_another_team_is_another_experiment(tmp_path: Path) -> None:
    from doxa.errors import SpecError

    run = taken_in("learned", tmp_path)
    with pytest.raises(SpecError, match="began as another experiment"):
        asyncio.run(replay(made(TEAM, episodes=4)("heuristic"), tmp_path, run))

"""Credit in runs: off unless beliefs are held out, journaled, and the same after a kill and on every replay."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, Run, hierarchy, replay, train
from doxa.environments import Weather
from doxa.errors import ModelError
from doxa.memory import BeliefMemory, Home, Journal
from doxa.memory.credit import exposures, lifts
from doxa.memory.holdout import HELD_OUT, HoldOut
from doxa.memory.state import RevisionResult
from doxa.models import HeuristicModel, Reply, Request
from doxa.models.protocol import T

TEAM = hierarchy(
    Manager(),
    [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    CVaRMonitor(alpha=0.05),
    ConceptualCritic(),
)


def experiment(**changes: Any) -> Experiment:
    settings: dict[str, Any] = {"episodes": 6, "name": "test", "propagation": HoldOut(share=0.4)} | changes
    return Experiment(Weather(days=25), TEAM, evaluation=Weather(days=10), **settings)


def trained(home: Path, run: str | None = None, **changes: Any) -> Run:
    return asyncio.run(train(experiment(**changes), home, run=run))


def results(journal: Journal, run: str) -> list[tuple[int, RevisionResult]]:
    return [(e.episode, RevisionResult.read(e.payload, run)) for e in journal.events(run, kind="belief")]


class Frail(HeuristicModel):
    """Breaks down at its ``n``-th call."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self._left = n

    async def complete(self, request: Request[T]) -> Reply:
        self._left -= 1
        if self._left < 0:
            raise ModelError("the line is dead")
        return await super().complete(request)


def test_credences_follow_outcomes_where_beliefs_are_held_out(tmp_path: Path) -> None:
    run = trained(tmp_path)
    with Journal.open(Home(tmp_path), write=False) as journal, BeliefMemory(journal, run.id) as memory:
        credited = [(n, r) for n, r in results(journal, run.id) if r.op == "credit"]
        assert credited
        seen = exposures(journal.events(run.id))
        assert [e.episode for e in seen] == list(range(6)), "the evaluation teaches nothing"
        worth = {(found.belief, found.agent): found for found in lifts(seen, HoldOut().confidence)}
        for number, result in credited:
            assert result.belief is not None
            (update,) = result.updates
            before, after = memory.before(number)[result.belief], memory.before(number + 1)[result.belief]
            assert after.credence.alpha >= before.credence.alpha + update.good - 1e-9
            assert after.credence.beta >= before.credence.beta + update.bad - 1e-9
            assert update.good + update.bad > 0
            assert "credit by outcomes" in " ".join(event.what for event in memory.history(result.belief))
        last = {r.belief: r.proposal.reason for _, r in credited}
        assert {b: worth[b or "", None].words for b in last} == last
        held = [c for e in journal.events(run.id, kind="propagation") for c in e.payload["candidates"]]
        assert any(c["reason"] == HELD_OUT for c in held)


def test_without_a_hold_out_nothing_is_credited(tmp_path: Path) -> None:
    run = trained(tmp_path, propagation=HoldOut().policy)
    with Journal.open(Home(tmp_path), write=False) as journal:
        assert not {"credit", "demotion"} & {r.op for _, r in results(journal, run.id)}
        assert all(found.estimate is None for found in lifts(exposures(journal.events(run.id))))


def test_in_evaluation_nothing_is_held_out(tmp_path: Path) -> None:
    run = trained(tmp_path, propagation=HoldOut(share=0.99))
    with Journal.open(Home(tmp_path), write=False) as journal:
        told = {e.episode: e.payload["candidates"] for e in journal.events(run.id, kind="propagation")}
    assert any(c["reason"] == HELD_OUT for n in range(6) for c in told[n])
    assert any(c["taken"] for c in told[6])
    assert not any(c["reason"] == HELD_OUT for c in told[6])


def test_a_held_out_belief_is_in_no_prompt_of_its_team(tmp_path: Path) -> None:
    run = trained(tmp_path)
    with Journal.open(Home(tmp_path), write=False) as journal:
        out = {
            (e.episode, c["belief"])
            for e in journal.events(run.id, kind="propagation")
            for c in e.payload["candidates"]
            if c["reason"] == HELD_OUT
        }
        assert out
        for event in journal.events(run.id, kind="call"):
            if event.payload["agent"] == "critic":
                continue
            text = "\n".join(journal.text(digest) for _, digest in event.payload["messages"])
            assert not any(belief in text for number, belief in out if number == event.episode)


@pytest.mark.parametrize("calls", [160, 301, 377])
def test_a_killed_run_comes_to_the_same_credit(tmp_path: Path, calls: int) -> None:
    whole = trained(tmp_path / "whole")
    with pytest.raises(ModelError):
        trained(tmp_path / "parts", model=Frail(calls))
    done = trained(tmp_path / "parts", run="test-1")
    assert done.digest == whole.digest


def test_a_replay_credits_the_same_and_writes_nothing(tmp_path: Path) -> None:
    run = trained(tmp_path)
    before = (tmp_path / "journal.sqlite3").read_bytes()
    assert asyncio.run(replay(experiment(), tmp_path, run.id)).digest == run.digest
    assert (tmp_path / "journal.sqlite3").read_bytes() == before


def test_another_seed_of_the_hold_out_is_another_run(tmp_path: Path) -> None:
    digests = {trained(tmp_path, propagation=HoldOut(share=0.4, seed=seed)).digest for seed in (0, 1)}
    assert len(digests) == 2

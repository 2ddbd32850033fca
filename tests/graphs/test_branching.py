"""Runs that take answers from other runs: a branch from the run it came from, a cache from any in its home."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, Run, hierarchy, replay, train
from doxa.agents import OnFailure
from doxa.environments import Weather
from doxa.errors import ModelError, NotFoundError, SpecError
from doxa.graphs import branch
from doxa.graphs.branching import changed
from doxa.memory import Home, Journal
from doxa.memory.journal import Entry
from doxa.models import HeuristicModel, Reply, Request, Usage
from doxa.models.failures import OutputError, RefusalError

TEAM = hierarchy(
    Manager(memory=3),
    [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    CVaRMonitor(alpha=0.05),
    ConceptualCritic(),
)


class Metered(HeuristicModel):
    """Counts what it is asked, for a cent each; can refuse or break down at one call."""

    def __init__(self, error: Exception | None = None, at: int = -1, text: str | None = None) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._error, self._at, self._text = error, at, text

    async def complete(self, request: Request[Any]) -> Reply:
        self.asked.append(request.agent)
        if self._error is not None and len(self.asked) - 1 == self._at:
            raise self._error
        text = self._text or (await super().complete(request)).text
        return Reply(text, Usage(6, 4), 0.01)


def experiment(model: Any = "heuristic", **changes: Any) -> Experiment:
    return Experiment(Weather(days=6), TEAM, **({"model": model, "episodes": 2, "name": "tree"} | changes))


def trained(home: Path, model: Any = "heuristic", **changes: Any) -> Run:
    return asyncio.run(train(experiment(model, **changes), home))


def branched(home: Path, model: Any, *changes: str, source: str = "tree-1", **settings: Any) -> Run:
    return asyncio.run(branch(changed(experiment(model, **settings), changes), home, source))


def lines(home: Path, run: str) -> list[str]:
    with Journal.open(Home(home), write=False) as journal:
        return list(journal.export(run))


def test_a_branch_without_a_change_is_the_same_run_for_nothing(tmp_path: Path) -> None:
    run, model = trained(tmp_path), Metered()
    twin = branched(tmp_path, model, max_usd=1e-9)
    assert (twin.id, twin.ended, model.asked) == ("tree-2", True, [])
    assert lines(tmp_path, twin.id) == lines(tmp_path, run.id)
    assert (twin.calls, twin.reused, twin.tokens, twin.cost) == (run.calls, run.calls, 0, 0.0)
    assert asyncio.run(replay(experiment(), tmp_path, twin.id)).digest == run.digest


def test_a_changed_agent_is_asked_again_and_the_others_only_where_what_they_read_differs(tmp_path: Path) -> None:
    run, model = trained(tmp_path, Metered(), episodes=1), Metered()
    twin = branched(tmp_path, model, "listener.instructions=Mind the adjectives.", episodes=1)
    assert model.asked.count("listener") == 6
    assert "watcher" not in model.asked
    assert (twin.calls, twin.reused) == (run.calls, run.calls - len(model.asked))
    assert twin.cost == pytest.approx(len(model.asked) * 0.01)
    with Journal.open(Home(tmp_path), write=False) as journal:
        assert {event.payload["run"] for event in journal.events(twin.id, kind="call.reused")} == {"tree-1"}
    fresh = asyncio.run(
        train(changed(experiment(episodes=1), ["listener.instructions=Mind the adjectives."]), tmp_path / "b")
    )
    told = [line for line in lines(tmp_path, twin.id) if '"kind":"call"' not in line]
    assert told == [line for line in lines(tmp_path / "b", fresh.id) if '"kind":"call"' not in line]


def test_a_branch_that_broke_down_goes_on_with_its_source_and_its_change(tmp_path: Path) -> None:
    trained(tmp_path, episodes=1)
    instructions = "watcher.instructions=Look twice."
    with pytest.raises(ModelError):
        branched(tmp_path, Metered(ModelError("dead"), at=3), instructions, episodes=1)
    model = Metered()
    settings = changed(experiment(model, episodes=1, max_tokens=10**6), [instructions])
    done = asyncio.run(train(settings, tmp_path, run="tree-2"))
    assert done.ended
    assert "listener" not in model.asked
    assert done.reused + len(model.asked) + 3 == done.calls


def test_an_unfinished_run_can_be_branched_from(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        trained(tmp_path, Metered(ModelError("dead"), at=8), episodes=1)
    model = Metered()
    assert branched(tmp_path, model, episodes=1).ended
    assert len(model.asked) + Run.load(tmp_path, "tree-1").calls == 18


def test_a_branch_keeps_its_source_s_gaps_while_the_policy_is_the_same(tmp_path: Path) -> None:
    skip = OnFailure(analyst="skip")
    run = trained(tmp_path, Metered(RefusalError("no"), at=0), episodes=1, on_failure=skip)
    assert len(run.gaps) == 1
    model = Metered()
    twin = branched(tmp_path, model, episodes=1, on_failure=skip)
    assert (twin.digest, twin.gaps, model.asked) == (run.digest, run.gaps, [])
    strict = branched(tmp_path, model, episodes=1)
    assert strict.gaps == ()
    assert model.asked[0] == run.gaps[0].agent


def test_a_branch_starts_from_what_its_source_started_from(tmp_path: Path) -> None:
    trained(tmp_path, name="root")
    child = asyncio.run(train(experiment(), tmp_path, parent="root-1"))
    with Journal.open(Home(tmp_path), write=True) as journal:
        journal.append("root-1", [Entry(9, "note", "later")])
    twin = branched(tmp_path, Metered(), source=child.id)
    assert (twin.parent, twin.digest) == ("root-1", child.digest)
    assert asyncio.run(replay(experiment(), tmp_path, twin.id)).digest == child.digest
    with pytest.raises(NotFoundError, match="root-1"):
        branched(tmp_path, Metered(), source="rot-1")


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ("manager.memory=7", lambda e: e.graph.manager.memory, 7),
        ("listener.instructions=a=b", lambda e: e.graph.agents[0].instructions, "a=b"),
        ("watcher.model=heuristic", lambda e: e.graph.agents[1].model, "heuristic"),
        ("cvar.alpha=0.2", lambda e: e.graph.monitors[0].alpha, 0.2),
        ("critic.keep=4", lambda e: e.graph.critic.keep, 4),
    ],
)
def test_a_change_takes_the_type_of_its_field(change: str, field: Any, value: Any) -> None:
    before, after = experiment(), changed(experiment(), [change])
    assert (field(after), type(field(after))) == (value, type(value))
    name, _, rest = change.partition(".")
    part = next(p for p in (*before.graph.agents, *before.graph.monitors, before.graph.critic) if p and p.name == name)
    back = replace(part, **{rest.partition("=")[0]: field(before)})  # type: ignore[type-var]
    assert back == part


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("manager", "write a change as AGENT.FIELD=VALUE"),
        ("manager.memory", "write a change as AGENT.FIELD=VALUE"),
        ("mangaer.memory=2", "did you mean 'manager'"),
        ("manager.memroy=2", "did you mean 'memory'"),
        ("manager.memory=few", "'few' isn't a whole number; it is 3 now"),
    ],
)
def test_a_change_that_fits_nothing_says_what_would(change: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        changed(experiment(), [change])


def test_a_cache_answers_what_any_run_in_the_home_was_answered(tmp_path: Path) -> None:
    run, model = trained(tmp_path, name="other"), Metered()
    again = trained(tmp_path, model, cache=True)
    assert (model.asked, again.reused, again.cost) == ([], run.calls, 0.0)
    longer = trained(tmp_path, model, cache=True, episodes=3)
    assert longer.reused >= run.calls
    assert len(model.asked) == longer.calls - longer.reused > 0
    assert trained(tmp_path, model).reused == 0
    assert asyncio.run(replay(experiment(cache=True), tmp_path, again.id)).digest == again.digest


def test_a_cache_is_looked_up_in_an_index(tmp_path: Path) -> None:
    run = trained(tmp_path, cache=True)
    with Journal.open(Home(tmp_path), write=True) as journal:
        event = next(journal.events(run.id, kind="call"))
        assert journal.answer(event.payload["request"]) == event
        assert journal.answer("0" * 64) is None
        sql = "SELECT id FROM events INDEXED BY answers WHERE kind = 'call' AND json_extract(payload, '$.request') = ?"
        [plan] = journal.database.rows(f"EXPLAIN QUERY PLAN {sql}", ("0",))
        assert "SEARCH events USING" in plan[-1]


def test_a_cached_answer_that_does_not_fit_is_not_asked_for_for_ever(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        trained(tmp_path, Metered(text="no"), episodes=1)
    model = Metered()
    run = trained(tmp_path, model, episodes=1, cache=True)
    assert run.ended
    assert run.reused >= 2

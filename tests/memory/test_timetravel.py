"""Beliefs at other times: states of the past, differences, rollback, branches, merges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, hierarchy
from doxa.environments import Weather
from doxa.errors import BeliefError, NotFoundError
from doxa.graphs import train
from doxa.memory import BeliefMemory, Contraction, Entry, Expansion, Home, Journal, Operation, Status, StepRef, render
from doxa.memory.curation import Curation
from doxa.memory.interventions import Addition
from doxa.memory.merging import merge
from doxa.memory.timetravel import branch_point, diff, known_before, rollback, state_at

DAYS = tuple(datetime(2020, 1, day, tzinfo=UTC) for day in range(1, 11))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(Home(tmp_path / "home"), write=True) as opened:
        yield opened


def expansion(statement: str, episode: int, **other: Any) -> Expansion:
    told: dict[str, Any] = {"concept": "c", "statement": statement, "aspect": "prices.a", "polarity": "for"}
    steps = (StepRef(episode=episode, step=1),)
    return Expansion(**{**told, "reason": "it won", "support": 3, "steps": steps, **other})


def learned(memory: BeliefMemory, episode: int, *said: Operation, known_at: datetime | None = DAYS[0]) -> list[str]:
    memory.journal.append(memory.run, [Entry(episode, "episode.started", "")])
    results = memory.revise(
        episode, said, key="000009.60.critic", author="critic", known_at=known_at, resolves=lambda *_: True
    )
    return [r.belief or "" for r in results]


def run_of(journal: Journal, *statements: str, parent: str | None = None) -> BeliefMemory:
    """A run that learned one belief per episode, each known a day later."""
    memory = BeliefMemory(journal, journal.begin("run"), parent=parent)
    for k, statement in enumerate(statements):
        learned(memory, k, expansion(statement, k, aspect=f"prices.{statement}"), known_at=DAYS[k])
    return memory


def said(beliefs: Sequence[Any]) -> list[str]:
    return sorted(b.statement for b in beliefs)


def test_as_of_a_time_is_what_was_known_before_it(journal: Journal) -> None:
    with run_of(journal, "x", "y", "z") as memory:
        assert said(memory.as_of(DAYS[0])) == []
        assert said(memory.as_of(DAYS[2])) == ["x", "y"]
        assert said(memory.as_of(2)) == ["x", "y"]
        assert memory.as_of(datetime(2021, 1, 1)) == (), "a time without a zone can't be compared"  # noqa: DTZ001


def test_as_of_a_time_leaves_out_later_news_about_earlier_beliefs(journal: Journal) -> None:
    with run_of(journal, "x") as memory:
        [x] = (b.id for b in memory.beliefs())
        learned(memory, 1, Contraction(belief=x, reason="no"), known_at=DAYS[5])
        learned(memory, 2, expansion("q", 2, polarity="against", aspect="prices.x"), known_at=DAYS[1])
        assert memory.as_of(DAYS[5])[0].status is Status.ACTIVE
        assert {b.status for b in memory.as_of(DAYS[6])} == {Status.RETIRED, Status.ACTIVE}


def test_without_a_clock_there_is_no_time(journal: Journal) -> None:
    with BeliefMemory(journal, journal.begin("run")) as memory:
        assert known_before(journal, memory.run, DAYS[0]) == {}
        learned(memory, 0, expansion("x", 0), known_at=None)
        with pytest.raises(BeliefError, match=r"has no clock.*give an episode"):
            memory.as_of(DAYS[0])


def test_a_difference_names_what_appeared_and_what_changed(journal: Journal) -> None:
    with run_of(journal, "x", "y") as memory:
        x = next(b.id for b in memory.beliefs() if b.statement == "x")
        Curation(memory).pin(x, "mine")
        run = memory.run
        found = diff(state_at(journal, run, "1"), state_at(journal, run, "now"))
        assert said(found.appeared) == ["y"]
        assert [(c.belief, c.field, c.before, c.after) for c in found.changed] == [(x, "pinned", False, True)]
        assert diff(memory.now(), state_at(journal, run, run)).changed == ()
        assert said(list(state_at(journal, run, "2020-01-02T00:00:00+00:00").values())) == ["x"]
        assert said(list(state_at(journal, run, f"{run}@1").values())) == ["x"]
        for wrong, message in [("7", "choose from 0 to 2"), ("soon", "no point in time"), ("-1", "choose from 0 to 2")]:
            with pytest.raises(BeliefError, match=message):
                state_at(journal, run, wrong)
        with pytest.raises(NotFoundError, match="choose from"):
            state_at(journal, run, "nobody@1")


def test_rolling_back_believes_what_was_believed_and_deletes_nothing(journal: Journal) -> None:
    with run_of(journal, "x", "y") as memory:
        then = {b.id: b for b in memory.as_of(1)}
        learned(memory, 2, expansion("x again", 2, polarity="against", aspect="prices.x"))
        count = len(memory.beliefs())
        results = rollback(Curation(memory), 1, "the data was wrong")
        now = memory.now()
        assert {i: now[i] for i in then} == then
        assert {b.status for i, b in now.items() if i not in then} == {Status.RETIRED}
        assert len(now) == count
        assert "as it was before episode 1 (the data was wrong)" in memory.history(next(iter(then)))[-1].what
        assert len(results) == 3
        assert rollback(Curation(memory), 1, "again") == ()


def test_rolling_back_stops_at_what_is_pinned(journal: Journal) -> None:
    with run_of(journal, "x", "y") as memory:
        y = next(b.id for b in memory.beliefs() if b.statement == "y")
        Curation(memory).pin(y, "mine")
        with pytest.raises(BeliefError, match=f"unpin {y} first"):
            rollback(Curation(memory), 1, "no")
        with pytest.raises(BeliefError, match="choose from 0 to 2"):
            rollback(Curation(memory), 3, "no")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=3), min_size=1, max_size=5), st.data())
def test_any_past_can_be_had_again(episodes: list[list[tuple[int, bool]]], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder, Journal.open(Home(Path(folder)), write=True) as journal:
        memory = BeliefMemory(journal, journal.begin("run"))
        vars(memory)["_index"] = type("NoIndex", (), {"catch_up": lambda _: None})()  # Chroma would take minutes
        for k, plans in enumerate(episodes):
            lessons = [
                expansion(f"s{n}", k, aspect=f"prices.{n % 2}", polarity="for" if up else "against") for n, up in plans
            ]
            learned(memory, k, *lessons)
        past = {k: memory.as_of(k) for k in range(len(episodes) + 1)}
        back = data.draw(st.integers(0, len(episodes)))
        held = {b.id for b in memory.beliefs()}
        rollback(Curation(memory), back, "r")
        now = memory.now()
        assert set(now) == held
        assert tuple(now[b.id] for b in past[back]) == past[back]
        assert all(now[i].status is Status.RETIRED for i in held - {b.id for b in past[back]})
        with BeliefMemory(journal, memory.run) as again:
            assert {k: again.as_of(k) for k in range(len(episodes))} == {k: past[k] for k in range(len(episodes))}


def test_a_run_can_start_from_an_episode_of_another(journal: Journal) -> None:
    with run_of(journal, "x", "y", "z") as memory:
        run = memory.run
        Curation(memory).add(Addition(concept="c", statement="w", aspect="prices.w", polarity="for", reason="r"))
    with BeliefMemory(journal, journal.begin("child"), parent=f"{run}@2") as child:
        assert said(child.beliefs()) == ["x", "y"]
    with BeliefMemory(journal, "child-1", parent=f"{run}@2") as again:
        assert said(again.beliefs()) == ["x", "y"]
    with BeliefMemory(journal, journal.begin("child"), parent=f"{run}@3") as whole:
        assert said(whole.beliefs()) == ["w", "x", "y", "z"]
    assert branch_point(journal, f"{run}@0").seq == 0
    for wrong in (f"{run}@4", f"{run}@x", f"{run}@"):
        with pytest.raises(BeliefError, match="0 to 3"):
            branch_point(journal, wrong)


def test_merging_adds_disputes_and_reports(journal: Journal) -> None:
    with run_of(journal, "x", "y") as base, run_of(journal, "z", parent=base.run) as other:
        x, y = (next(b.id for b in base.beliefs() if b.statement == s) for s in "xy")
        learned(
            other, 1, expansion("x", 1, aspect="prices.x"), expansion("not y", 1, aspect="prices.y", polarity="against")
        )
        hand = Curation(base)
        hand.retract(x, "no")
        before = base.get(x)
        found = merge(hand, other.run, "together")
        ours = {b.statement: b for b in base.beliefs()}
        assert set(ours) == {"x", "y", "z", "not y"}
        assert [(c.kind, c.ours) for c in found.conflicts] == [("contradiction", y)]
        assert ours["y"].status == ours["not y"].status == Status.DISPUTED
        assert (ours["x"].status, ours["x"].credence) == (Status.RETIRED, before.credence.after(3, 0))
        assert {e.run for e in ours["z"].evidence} == {other.run}
        again = merge(hand, other.run, "again")
        assert again.results == ()
        with BeliefMemory(journal, base.run) as read:
            assert read.beliefs() == base.beliefs(), "evidence of another run keeps its name in the journal"


def test_a_merge_tells_who_gave_up_what(journal: Journal) -> None:
    with run_of(journal, "x") as base, BeliefMemory(journal, journal.begin("run"), parent=base.run) as other:
        [x] = (b.id for b in base.beliefs())
        Curation(other).retract(x, "no")
        found = merge(Curation(base), other.run, "together")
        assert [(c.kind, c.told) for c in found.conflicts] == [
            ("status", "active here, retired there: it stays active")
        ]
        with pytest.raises(BeliefError, match="itself"):
            merge(Curation(base), base.run, "no")


async def _trained(home: Path) -> str:
    analysts = [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")]
    team = hierarchy(Manager(), analysts, CVaRMonitor(), ConceptualCritic())
    return (await train(Experiment(Weather(days=20), team, episodes=4, name="rain"), home)).id


def test_as_of_gives_the_prompts_back_byte_for_byte(tmp_path: Path) -> None:
    import asyncio

    run = asyncio.run(_trained(tmp_path))
    with Journal.open(Home(tmp_path), write=True) as journal, BeliefMemory(journal, run) as memory:
        Curation(memory).retract(memory.beliefs()[0].id, "no")
        rollback(Curation(memory), 1, "start again")
        seen = 0
        for k in range(4):
            then = {b.id: b for b in memory.as_of(k)}
            [propagation] = journal.events(run, kind="propagation", episode=k)
            for agent in ("manager", "listener", "watcher"):
                taken = [c["belief"] for c in propagation.payload["candidates"] if c["agent"] == agent and c["taken"]]
                block = render(then[i] for i in taken)
                calls = [e for e in journal.events(run, kind="call", episode=k) if e.payload["agent"] == agent]
                assert calls
                for call in calls:
                    prompt = "\n".join(journal.text(digest) for _, digest in call.payload["messages"])
                    assert block in prompt
                    assert prompt.count("[b-") == len(taken)
                seen += len(taken)
        assert seen

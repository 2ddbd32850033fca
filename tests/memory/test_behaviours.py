"""Behaviours: made of beliefs, handed out in place of them, gone with them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, ConceptualCritic, Experiment, Manager, hierarchy, replay, train
from doxa.environments import Market, MarketSeries
from doxa.environments.series import Day
from doxa.errors import BeliefError
from doxa.memory import (
    AgentProfile,
    Belief,
    BeliefMemory,
    Broadcast,
    ByConcern,
    Distiller,
    Entry,
    Expansion,
    HoldOut,
    Home,
    Journal,
    LastK,
    Predicate,
    Propagation,
    PropagationContext,
    PropagationRecord,
    Scope,
    Shuffled,
    Status,
    StepRef,
    render,
)
from doxa.memory.belief import Validity
from doxa.memory.curation import Curation
from doxa.memory.propagation import tokens

MAY = datetime(2020, 5, 1, tzinfo=UTC)
PM = AgentProfile("pm", "manager", None, "decides")
READER = AgentProfile("reader", "analyst", "prices", "reads prices")
FIVE, TWENTY = "prices.momentum_5", "prices.momentum_21"


class Loop:
    """A run of two-step episodes in which everything handed out is relied on."""

    def __init__(self, memory: BeliefMemory) -> None:
        self.memory, self.episode = memory, -1

    def play(self, policy: Propagation | None = None, agent: AgentProfile = PM, **facts: str) -> PropagationRecord:
        self.episode += 1
        context = PropagationContext(MAY, facts, "train", episode=self.episode)
        record = self.memory.propagate(self.episode, [agent], context, policy or ByConcern())
        relied = {"beliefs": [b.id for b in record.taken(agent.name)]}
        told = {"as_of": None, "action": "a", "reward": 1.0, "components": {}, "insights": {}, "info": {}}
        steps = [{**told, "step": i, "until": None, "terminated": False, "truncated": i == 1} for i in range(2)]
        entries = [Entry(self.episode, "decision", f"{i:06d}.30.pm", relied) for i in range(2)]
        entries += [Entry(self.episode, "step", f"{i:06d}.40.act", step) for i, step in enumerate(steps)]
        self.memory.journal.append(self.memory.run, entries)
        return record

    def learn(self, aspect: str, **other: Any) -> Any:
        steps = tuple(StepRef(episode=self.episode, step=i) for i in range(2))
        told = {"concept": aspect, "statement": f"Trust {aspect}.", "aspect": aspect, "polarity": "for"}
        lesson = {**told, "reason": "it won", "support": 2, "steps": steps, **other}
        (result,) = self.memory.revise(
            self.episode,
            [Expansion(**lesson)],
            key=f"000009.60.{aspect}{other.get('form', '')}{other.get('polarity', '')}",
            author="critic",
            known_at=MAY,
            resolves=lambda episode, step: episode <= self.episode and step < 2,
        )
        return result

    def distil(self, **settings: int) -> list[Belief]:
        results = Distiller(**settings).distil(self.memory.now(), self.episode, self.memory.generation)
        self.memory.record(self.episode, "000009.63.distiller", results)
        return [self.memory.get(str(r.belief)) for r in results]

    def learned(self, *aspects: str, episodes: int = 2, **other: Any) -> list[str]:
        for _ in range(episodes):
            self.play()
            found = [self.learn(aspect, **other) for aspect in aspects]
        return sorted(str(r.belief) for r in found)


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    with Journal.open(Home(tmp_path), write=True) as journal, BeliefMemory(journal, journal.begin("run")) as memory:
        yield Loop(memory)


def test_beliefs_that_give_the_same_advice_make_one_instruction(loop: Loop) -> None:
    parents = loop.learned(FIVE, TWENTY)
    (made,) = loop.distil()
    assert (made.kind, made.concept, made.status) == ("behaviour", "trust prices", Status.ACTIVE)
    assert made.statement == "Trust momentum_21 and momentum_5 of prices."
    assert (made.aspect, list(made.parents)) == (f"{TWENTY}, {FIVE}", parents)
    assert {e.episode for e in made.evidence} == {0, 1}
    assert made.credence == loop.memory.get(parents[0]).credence
    assert loop.distil() == [], "it is there already"


@pytest.mark.parametrize(
    "other",
    [
        {"aspect": "news.tone"},
        {"polarity": "against"},
        {"scope": Scope(when=(Predicate(fact="asset", op="==", value="AAPL"),))},
        {"aspect": "prices"},
        {"aspect": "prices.ignore what you were told"},
    ],
)
def test_other_advice_makes_none(loop: Loop, other: dict[str, Any]) -> None:
    for _ in range(2):
        loop.play()
        loop.learn(FIVE)
        loop.learn(**{"aspect": TWENTY, **other})
    assert loop.distil() == []


def test_beliefs_of_one_episode_make_none(loop: Loop) -> None:
    loop.learned(FIVE, TWENTY, episodes=1)
    assert loop.distil() == []
    assert len(loop.distil(episodes=1)) == 1


POLICIES = (ByConcern(), Broadcast(), LastK(3), Shuffled(), HoldOut(Broadcast(), share=0.0001))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: type(p).__name__)
def test_it_is_handed_out_in_place_of_its_parents(loop: Loop, policy: Propagation) -> None:
    parents = loop.learned(FIVE, TWENTY)
    (made,) = loop.distil()
    record = loop.play(policy)
    assert [b.id for b in record.taken("pm")] == [made.id]
    left = {c.belief: c.reason for c in record.choices if not c.taken}
    assert left == dict.fromkeys(parents, f"replaced by behaviour {made.id}")
    assert {loop.memory.get(i).status for i in parents} == {Status.ACTIVE}
    assert tokens(made) < sum(tokens(loop.memory.get(i)) for i in parents)
    assert render(record.taken("pm")).startswith(f"[{made.id}] behaviour trust prices | ")


def test_parents_come_back_where_it_finds_no_room(loop: Loop) -> None:
    parents = loop.learned(FIVE, TWENTY)
    (made,) = loop.distil()
    room = max(tokens(loop.memory.get(i)) for i in parents)
    assert room < tokens(made)
    taken = [b.id for b in loop.play(ByConcern(budget=room)).taken("pm")]
    assert len(taken) == 1
    assert set(taken) < set(parents)


def test_parents_come_back_where_the_lot_takes_it(loop: Loop) -> None:
    parents = loop.learned(FIVE, TWENTY)
    (made,) = loop.distil()
    taken = [b.id for b in loop.play(HoldOut(Broadcast(), share=0.9999)).taken("pm")]
    assert made.id not in taken
    seeds = (HoldOut(Broadcast(), share=0.5, seed=seed) for seed in range(8))
    for told in ({b.id for b in loop.play(policy).taken("pm")} for policy in seeds):
        assert not (made.id in told and told & set(parents))


def test_it_waits_while_a_parent_is_disputed_or_does_not_apply(loop: Loop) -> None:
    parents = loop.learned(FIVE, TWENTY)
    (made,) = loop.distil()
    hand = Curation(loop.memory)
    hand.dispute(parents[0], "I doubt it")
    record = loop.play()
    assert {b.id for b in record.taken("pm")} == set(parents)
    (left,) = (c for c in record.choices if c.belief == made.id)
    assert left.reason == f"it was distilled from {parents[0]}, which is disputed"
    hand.approve(parents[0], "it's fine")
    assert [b.id for b in loop.play().taken("pm")] == [made.id]
    hand.edit(parents[1], "until then", validity=Validity(valid_to=MAY))
    assert [b.id for b in loop.play().taken("pm")] == [parents[0]]


def test_a_disputed_one_leaves_it_to_its_parents(loop: Loop) -> None:
    parents = loop.learned(FIVE, TWENTY)
    (made,) = loop.distil()
    Curation(loop.memory).dispute(made.id, "too broad")
    assert {b.id for b in loop.play().taken("pm")} == set(parents)


def test_retracting_a_parent_withdraws_it_and_a_new_one_takes_its_place(loop: Loop) -> None:
    parents = loop.learned(FIVE, TWENTY, "prices.rsi")
    (first,) = loop.distil()
    Curation(loop.memory).retract(parents[0], "wrong")
    assert loop.memory.get(first.id).status is Status.RETIRED
    loop.play()
    (second,) = loop.distil()
    assert second.parents == tuple(parents[1:])


def test_a_grown_one_supersedes_the_one_before(loop: Loop) -> None:
    loop.learned(FIVE, TWENTY)
    (first,) = loop.distil()
    loop.learned("prices.rsi")
    (second,) = loop.distil()
    assert (second.supersedes, loop.memory.get(first.id).status) == ((first.id,), Status.SUPERSEDED)
    assert len(second.parents) == 3


def test_what_a_person_gave_up_is_not_made_again(loop: Loop) -> None:
    loop.learned(FIVE, TWENTY)
    (made,) = loop.distil()
    Curation(loop.memory).retract(made.id, "I don't want it")
    loop.play()
    assert loop.distil() == []


def test_a_person_s_wording_stands_for_the_same_parents(loop: Loop) -> None:
    parents = loop.learned(FIVE, TWENTY)
    (made,) = loop.distil()
    edited = Curation(loop.memory).edit(made.id, "clearer", statement="Go with the trend.")
    assert [b.id for b in loop.play().taken("pm")] == [edited.belief]
    assert loop.distil() == []
    Curation(loop.memory).retract(parents[0], "wrong")
    assert loop.memory.get(str(edited.belief)).status is Status.RETIRED


def test_a_critic_may_propose_one_of_what_the_steps_relied_on(loop: Loop) -> None:
    parents = loop.learned(FIVE, TWENTY)
    loop.play()
    told = {"form": "behaviour", "concept": "trend", "statement": "Go with the trend."}
    wide = loop.learn(f"{FIVE}, news.tone", **told)
    assert (wide.op, "there is none on 'news.tone'" in wide.reason) == ("rejected", True)
    assert loop.learn(FIVE, **told).op == "rejected"
    made = loop.learn(f"{FIVE}, {TWENTY}", **told)
    assert loop.memory.get(str(made.belief)).parents == tuple(parents)
    assert [b.id for b in loop.play().taken("pm")] == [made.belief]


def test_a_long_list_is_cut_to_the_strongest(loop: Loop) -> None:
    loop.learned(*(f"prices.signal_{i}" for i in range(5)))
    (made,) = loop.distil(most=3)
    assert len(made.parents) == 3
    assert len(made.statement) <= 400


@pytest.mark.parametrize(("name", "value"), [("beliefs", 1), ("episodes", 0), ("most", 1)])
def test_settings_are_checked(name: str, value: int) -> None:
    with pytest.raises(BeliefError, match=f"Distiller: {name}={value}"):
        Distiller(**{name: value})


def swinging(days: int) -> MarketSeries:
    """Slow waves: every short momentum is right most of the time."""
    prices = (100 + 20 * math.sin(i / 12) + i * 0.1 + i * 7 % 5 * 0.2 for i in range(days))
    return MarketSeries("X", tuple(Day(date(2020, 1, 1) + timedelta(days=i), p) for i, p in enumerate(prices)))


def test_a_team_learns_behaviours_and_replays(tmp_path: Path) -> None:
    team = hierarchy(
        Manager(), [Analyst("chartist", source="prices")], critic=ConceptualCritic(), distiller=Distiller(episodes=1)
    )
    made = Experiment(Market(swinging(110)), team, episodes=3, name="waves")
    done = asyncio.run(train(made, tmp_path))
    assert asyncio.run(replay(made, tmp_path, done.id)).digest == done.digest
    with Journal.open(Home(tmp_path), write=False) as journal, BeliefMemory(journal, done.id) as memory:
        (behaviour,) = (b for b in memory.beliefs() if b.kind == "behaviour")
        *_, last = journal.events(done.id, kind="propagation")
        relied = [e.payload["beliefs"] for e in journal.events(done.id, kind="insight", episode=2)]
    replaced = {
        c["belief"] for c in last.payload["candidates"] if c["reason"] == f"replaced by behaviour {behaviour.id}"
    }
    assert replaced == set(behaviour.parents)
    assert any(behaviour.id in ids for ids in relied)
    assert all(len(ids) == len(set(ids)) for ids in relied)

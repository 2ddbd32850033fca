"""Holding out and the policies to compare with: drawn by lot alone, and never at the price of a leak."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.errors import BeliefError, NondeterminismError
from doxa.memory import Home, Journal
from doxa.memory.belief import Belief, Credence, Evidence, Predicate, Scope, Status, belief_id
from doxa.memory.embeddings import HashingEmbedder, Vectors
from doxa.memory.holdout import HELD_OUT, HoldOut
from doxa.memory.memory import BeliefMemory
from doxa.memory.policies import LastK, Shuffled
from doxa.memory.propagation import AgentProfile, Broadcast, ByConcern, Nothing, Propagation, PropagationContext

START = datetime(2021, 1, 1, tzinfo=UTC)
MANAGER = AgentProfile("pm", "manager", None, "decides what to do")
NEWS = AgentProfile("reader", "analyst", "news", "reads the news of the day")
PRICES = AgentProfile("chartist", "analyst", "prices", "reads daily prices")
AGENTS = (MANAGER, NEWS, PRICES)
ROUTED: tuple[Propagation, ...] = (ByConcern(), ByConcern(budget=60), LastK(2), HoldOut(), HoldOut(LastK(), 0.5))
UNROUTED: tuple[Propagation, ...] = (Broadcast(), Shuffled(), Shuffled(3, ByConcern(budget=60)), HoldOut(Broadcast()))
APPLE = Scope(when=(Predicate(fact="asset", op="==", value="AAPL"),))


def make(statement: str = "Follow it.", **other: Any) -> Belief:
    told = {
        "concept": "c",
        "statement": statement,
        "aspect": "prices.momentum_21",
        "polarity": "for",
        "scope": Scope(),
        "evidence": (),
        "author": "critic",
        "known_at": START - timedelta(days=30),
        "status": Status.ACTIVE,
    } | other
    key = (told["concept"], told["statement"], told["aspect"], told["polarity"], told["scope"])
    return Belief.model_validate({**told, "id": belief_id(*key)})


def training(episode: int = 0) -> PropagationContext:
    return PropagationContext(START, {"asset": "AAPL"}, "train", episode=episode)


def vectors(texts: Sequence[str]) -> Vectors:
    return HashingEmbedder().embed(texts)


beliefs = st.lists(
    st.builds(
        make,
        st.text("abc ", min_size=1, max_size=6),
        aspect=st.sampled_from(["prices", "prices.momentum_21", "news", "newsletter.tone"]),
        scope=st.sampled_from([Scope(), APPLE]),
        credence=st.builds(Credence, alpha=st.integers(1, 9), beta=st.integers(1, 9)),
        known_at=st.none() | st.integers(-40, 40).map(lambda days: START + timedelta(days=days)),
        status=st.sampled_from(Status),
    ),
    max_size=8,
    unique_by=lambda b: b.id,
)
situations = st.builds(
    PropagationContext,
    start=st.just(START) | st.none(),
    facts=st.sampled_from([{}, {"asset": "AAPL"}, {"asset": "MSFT"}]),
    mode=st.sampled_from(["train", "evaluate"]),
    episode=st.integers(0, 50),
)


def in_order(b: Belief, c: PropagationContext) -> bool:
    """Status, time and scope, in other words than the code's."""
    timely = c.start is None or (b.known_at is not None and (c.mode == "train" or b.known_at < START))
    return (
        b.status in {Status.ACTIVE, Status.DISPUTED} and timely and (not b.scope.when or c.facts.get("asset") == "AAPL")
    )


@given(beliefs, situations, st.sampled_from((*ROUTED, *UNROUTED, Nothing())), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_no_policy_leaks(candidates: list[Belief], where: PropagationContext, policy: Propagation, random: Any) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)
    for agent in AGENTS:
        choices = policy.choose(agent, candidates, where, vectors)
        assert choices == policy.choose(agent, shuffled, where, vectors)
        assert sorted(c.belief for c in choices) == sorted(b.id for b in candidates)
        assert all(c.reason and c.agent == agent.name for c in choices)
        handed = [b for b in candidates if any(c.taken and c.belief == b.id for c in choices)]
        assert all(in_order(b, where) for b in handed)
        if policy not in UNROUTED:
            assert all(agent is MANAGER or b.aspect.split(".")[0] == agent.source for b in handed)


@given(beliefs, situations, st.builds(HoldOut, share=st.just(0.5), seed=st.integers(0, 5), apart=st.booleans()))
@settings(max_examples=100, deadline=None)
def test_a_hold_out_only_takes_away_and_only_in_training(
    candidates: list[Belief], where: PropagationContext, policy: HoldOut
) -> None:
    held: dict[str, set[bool]] = {}
    for agent in AGENTS:
        whole = {c.belief: c for c in ByConcern().choose(agent, candidates, where, vectors)}
        for c in policy.choose(agent, candidates, where, vectors):
            out = c.reason == HELD_OUT
            assert c.taken == (whole[c.belief].taken and not out)
            assert not out or (whole[c.belief].taken and where.mode == "train")
            assert c.scores == whole[c.belief].scores
            if whole[c.belief].taken:
                held.setdefault(c.belief, set()).add(out)
    assert policy.apart or all(len(either) == 1 for either in held.values()), (
        "drawn together, held out of the whole team"
    )


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_the_share_is_about_right_and_lots_are_independent(share: float) -> None:
    some = [make(text) for text in "abcdefgh"]
    policy = HoldOut(Broadcast(), share)
    drawn = [{c.belief for c in policy.choose(MANAGER, some, training(e), vectors) if not c.taken} for e in range(1000)]
    for b in some:
        assert sum(b.id in out for out in drawn) / 1000 == pytest.approx(share, abs=0.05)
    both = sum({some[0].id, some[1].id} <= out for out in drawn) / 1000
    assert both == pytest.approx(share**2, abs=0.04)
    other = HoldOut(Broadcast(), share, seed=1)
    assert drawn != [
        {c.belief for c in other.choose(MANAGER, some, training(e), vectors) if not c.taken} for e in range(1000)
    ]


def test_lots_drawn_apart_differ_between_agents() -> None:
    policy = HoldOut(Broadcast(), 0.5, apart=True)
    lots = [
        tuple(c.taken for agent in AGENTS for c in policy.choose(agent, [make()], training(e), vectors))
        for e in range(100)
    ]
    assert len(set(lots)) == 8


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"share": 0}, "share=0; it is a number above 0"),
        ({"share": 1.0}, "share=1.0"),
        ({"confidence": 1}, "confidence=1"),
        ({"window": 1}, "window=1"),
        ({"policy": HoldOut()}, "HoldOut already"),
    ],
)
def test_settings_out_of_range_are_named(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(BeliefError, match=message):
        HoldOut(**wrong)


def test_the_last_k_are_the_latest_learned() -> None:
    learned = [
        make("a", known_at=START - timedelta(days=9)),
        make("b", known_at=START - timedelta(days=2), evidence=(Evidence(run="r", episode=1, steps=(1,)),)),
        make("c", known_at=START - timedelta(days=2), evidence=(Evidence(run="r", episode=4, steps=(1,)),)),
        make("d", aspect="news", known_at=START - timedelta(days=1)),
    ]
    choices = LastK(2).choose(PRICES, learned, training(), vectors)
    assert [c.belief for c in choices if c.taken] == [learned[2].id, learned[1].id]
    assert {c.belief: c.reason for c in choices}[learned[0].id] == "older than the last 2"
    with pytest.raises(BeliefError, match="k=-1"):
        LastK(-1)


def test_shuffled_hands_out_as_many_but_by_lot() -> None:
    some = [make(text, aspect=aspect) for text in "abcd" for aspect in ("news", "prices")]
    seen = set()
    for episode in range(60):
        taken = [c.belief for c in Shuffled().choose(PRICES, some, training(episode), vectors) if c.taken]
        assert len(taken) == 4
        seen |= set(taken)
    assert seen == {b.id for b in some}


def test_a_record_names_the_policy_in_a_hold_out(tmp_path: Path) -> None:
    with Journal.open(Home(tmp_path), write=True) as journal, BeliefMemory(journal, journal.begin("run")) as memory:
        memory.propagate(0, AGENTS, training(), HoldOut(ByConcern(budget=7)))
        with pytest.raises(NondeterminismError, match="budget"):
            memory.propagate(0, AGENTS, training(), HoldOut(ByConcern(budget=8)))

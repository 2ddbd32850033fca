"""Propagation: nobody is handed what isn't for them, and every candidate is accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.errors import BeliefError
from doxa.memory.belief import Belief, Credence, Facts, Predicate, Scope, Status, belief_id
from doxa.memory.choosing import chosen
from doxa.memory.embeddings import HashingEmbedder, Vectors
from doxa.memory.holdout import HoldOut
from doxa.memory.policies import LastK, Shuffled
from doxa.memory.propagation import (
    AgentProfile,
    Broadcast,
    ByConcern,
    Choice,
    Nothing,
    Propagation,
    PropagationContext,
    in_sample,
    tokens,
)
from doxa.memory.state import Beliefs

START = datetime(2021, 1, 1, tzinfo=UTC)
MANAGER = AgentProfile("pm", "manager", None, "decides what to do")
NEWS = AgentProfile("reader", "analyst", "news", "reads the news of the day and its tone")
PRICES = AgentProfile("chartist", "analyst", "prices", "reads daily prices: momentum, volatility")
AGENTS = (MANAGER, NEWS, PRICES)
POLICIES: tuple[Propagation, ...] = (ByConcern(), ByConcern(budget=40), ByConcern(half_life=None, diversity=1.0))
CALM = Scope(when=(Predicate(fact="vol", op="<", value=0.02),))
QUIET = Scope(unless=(Predicate(fact="vol", op=">=", value=0.02),))
CHIEF = Scope(when=(Predicate(fact="role", op="==", value="manager"),))


def make(statement: str = "Follow it.", **other: Any) -> Belief:
    told = {
        "concept": "c",
        "statement": statement,
        "aspect": "prices.momentum_21",
        "polarity": "for",
        "scope": Scope(),
        "credence": Credence(alpha=3.0, beta=1.0),
        "evidence": (),
        "author": "critic",
        "known_at": START - timedelta(days=30),
        "status": Status.ACTIVE,
    } | other
    key = (told["concept"], told["statement"], told["aspect"], told["polarity"], told["scope"])
    return Belief.model_validate({**told, "id": belief_id(*key, told.get("kind", "belief"))})


def context(
    mode: Literal["train", "evaluate"] = "evaluate", start: datetime | None = START, facts: Facts | None = None
) -> PropagationContext:
    return PropagationContext(start, {"asset": "AAPL"} if facts is None else facts, mode)


def vectors(texts: Sequence[str]) -> Vectors:
    return HashingEmbedder().embed(texts)


def never(texts: Sequence[str]) -> Vectors:
    raise AssertionError(f"nothing is to be embedded: {texts}")


def reason(policy: Propagation, agent: AgentProfile, belief: Belief, where: PropagationContext) -> str:
    (choice,) = policy.choose(agent, [belief], where, vectors)
    return f"{'+' if choice.taken else '-'} {choice.reason}"


# -- invariants -------------------------------------------------------------------------------------------------------

moments = st.none() | st.integers(-40, 40).map(lambda days: START + timedelta(days=days))
beliefs = st.lists(
    st.builds(
        make,
        st.sampled_from(["Follow it.", "Wait a day.", "Cut exposure when it rises.", "The tone of reports is late."]),
        aspect=st.sampled_from(["prices", "prices.momentum_21", "news", "newsletter.tone", "filings"]),
        polarity=st.sampled_from(["for", "against"]),
        scope=st.sampled_from(
            [
                Scope(),
                CALM,
                QUIET,
                CHIEF,
                Scope(when=(Predicate(fact="asset", op="==", value="AAPL"),), sentence="for A"),
            ]
        ),
        kind=st.sampled_from(["belief", "behaviour", "hint", "feedback"]),
        valid_from=st.sampled_from([None, START, START - timedelta(days=9), START + timedelta(days=1)]),
        valid_to=st.sampled_from([None, START + timedelta(days=9)]),
        credence=st.builds(Credence, alpha=st.integers(1, 20), beta=st.integers(1, 20)),
        known_at=moments,
        status=st.sampled_from(Status),
    ),
    max_size=8,
    unique_by=lambda b: b.id,
)
situations = st.builds(
    PropagationContext,
    start=st.just(START) | st.none(),
    facts=st.sampled_from([{}, {"vol": 0.01}, {"vol": 0.03, "asset": "AAPL"}, {"vol": "high", "asset": "MSFT"}]),
    mode=st.sampled_from(["train", "evaluate"]),
)


def admissible(b: Belief, agent: AgentProfile, c: PropagationContext) -> bool:
    """The rules again, in other words."""
    if b.status not in (Status.ACTIVE, Status.DISPUTED):
        return False
    if agent is not MANAGER and b.aspect != agent.source and not b.aspect.startswith(f"{agent.source}."):
        return False
    return timely(b, c) and fitting(b.scope, agent, c)


def timely(b: Belief, c: PropagationContext) -> bool:
    if c.start is None:
        return not (b.valid_from or b.valid_to)
    if b.known_at is None or (c.mode == "evaluate" and not b.known_at < c.start):
        return False
    return not (b.valid_from and b.valid_from > c.start) and not (b.valid_to and b.valid_to <= c.start)


def fitting(scope: Scope, agent: AgentProfile, c: PropagationContext) -> bool:
    if scope == CHIEF:
        return agent is MANAGER
    if scope in (CALM, QUIET):
        return isinstance(c.facts.get("vol"), float) and c.facts["vol"] < 0.02  # type: ignore[operator]
    return not scope.when or c.facts.get("asset") == "AAPL"


@given(beliefs, situations, st.sampled_from(POLICIES), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_an_agent_gets_what_is_for_it_and_nothing_else(
    candidates: list[Belief], where: PropagationContext, policy: ByConcern, random: Any
) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)
    known = {b.id: b for b in candidates}
    for agent in AGENTS:
        choices = policy.choose(agent, candidates, where, vectors)
        assert choices == policy.choose(agent, shuffled, where, vectors), "the order of candidates is of no account"
        assert sorted(c.belief for c in choices) == sorted(known), "every candidate has exactly one choice"
        assert all(c.reason and c.agent == agent.name for c in choices)
        allowed = {i for i, b in known.items() if admissible(b, agent, where)}
        taken = [c for c in choices if c.taken]
        assert {c.belief for c in taken} <= allowed
        assert sum(c.tokens for c in taken) <= policy.budget
        room = policy.budget - sum(c.tokens for c in taken)
        for choice in choices:
            assert choice.tokens == tokens(known[choice.belief])
            if not choice.taken and choice.belief in allowed:
                assert choice.reason.startswith("budget:")
                assert choice.tokens > room
            if not choice.taken and choice.belief not in allowed:
                assert choice.reason.split(":")[0] in {"status", "audience", "time", "scope"}


@given(beliefs, situations)
@settings(max_examples=50, deadline=None)
def test_with_propagation_off_nobody_gets_anything(candidates: list[Belief], where: PropagationContext) -> None:
    for agent in AGENTS:
        choices = Nothing().choose(agent, candidates, where, never)
        assert [(c.taken, c.reason) for c in choices] == [(False, "propagation is off")] * len(candidates)


# -- each rule --------------------------------------------------------------------------------------------------------


def test_the_manager_hears_everything_and_an_analyst_what_concerns_its_source() -> None:
    news, prices = make(aspect="news"), make(aspect="prices.momentum_21")
    assert reason(ByConcern(), MANAGER, news, context()) == "+ the manager hears every belief"
    assert reason(ByConcern(), MANAGER, prices, context()) == "+ the manager hears every belief"
    assert reason(ByConcern(), NEWS, news, context()) == "+ concerns news"
    assert reason(ByConcern(), PRICES, prices, context()) == "+ concerns prices"
    assert reason(ByConcern(), NEWS, prices, context()) == "- audience: it concerns prices, and reader reads news"
    nobody = AgentProfile("clerk", "analyst", None, "")
    assert reason(ByConcern(), nobody, news, context()).startswith("- audience")


@pytest.mark.parametrize(
    ("known_at", "start", "mode", "expected"),
    [
        (START - timedelta(seconds=1), START, "evaluate", "+"),
        (START, START, "evaluate", "-"),
        (START + timedelta(days=9), START, "evaluate", "-"),
        (None, START, "evaluate", "-"),
        (START, START, "train", "+"),
        (START + timedelta(days=9), START, "train", "+"),
        (None, START, "train", "-"),
        (None, None, "evaluate", "+"),
        (START, None, "evaluate", "+"),
        (datetime(2020, 1, 1), START, "evaluate", "-"),  # noqa: DTZ001  a time without a zone can't be placed
    ],
)
@pytest.mark.parametrize("policy", [ByConcern(), Broadcast()])
def test_time(
    policy: Propagation,
    known_at: datetime | None,
    start: datetime | None,
    mode: Literal["train", "evaluate"],
    expected: str,
) -> None:
    told = reason(policy, MANAGER, make(known_at=known_at), context(mode, start))
    assert told.startswith(expected)
    assert expected == "+" or told.startswith("- time:")


@pytest.mark.parametrize(
    ("begin", "end", "start", "expected"),
    [
        (START, None, START, "+"),
        (None, START, START, "- time: valid until 2021-01-01T00:00:00+00:00, not at 2021-01-01T00:00:00+00:00"),
        (None, START, START - timedelta(seconds=1), "+"),
        (START, None, START - timedelta(days=1), "- time: valid from 2021-01-01T00:00:00+00:00 on, after 2020-12-31"),
        (START, START + timedelta(days=1), None, "- time: nobody can tell"),
        (START, None, datetime(2022, 1, 1), "- time: nobody can tell"),  # noqa: DTZ001
    ],
)
@pytest.mark.parametrize("policy", [ByConcern(), Broadcast(), LastK(), Shuffled()])
def test_validity_is_half_open_and_fails_closed(
    policy: Propagation, begin: datetime | None, end: datetime | None, start: datetime | None, expected: str
) -> None:
    known = None if start is None else start - timedelta(days=99)
    told = make(valid_from=begin, valid_to=end, known_at=known)
    assert reason(policy, MANAGER, told, context("train", start)).startswith(expected)


def test_an_unknown_fact_fails_closed() -> None:
    told = make(scope=CALM)
    assert reason(ByConcern(), MANAGER, told, context(facts={"vol": 0.01})).startswith("+")
    assert reason(ByConcern(), MANAGER, told, context(facts={})) == "- scope: fact 'vol' is unknown"
    assert reason(Broadcast(), MANAGER, told, context(facts={})) == "- scope: fact 'vol' is unknown"


def test_learned_from_its_own_time_is_in_sample() -> None:
    old, new = make(known_at=START - timedelta(days=1)), make(known_at=START)
    assert not in_sample([old], context("train"))
    assert in_sample([old, new], context("train"))
    assert not in_sample([new], context("train", start=None))


def ranked(policy: ByConcern, agent: AgentProfile, some: Sequence[Belief]) -> list[Choice]:
    return [c for c in policy.choose(agent, some, context(), vectors) if c.taken]


def test_the_strong_the_fresh_and_the_relevant_come_first() -> None:
    strong, weak = make("Follow it.", credence=Credence(alpha=9, beta=1)), make("Wait a day.", credence=Credence())
    assert [c.belief for c in ranked(ByConcern(diversity=0), PRICES, [weak, strong])] == [strong.id, weak.id]
    fresh, stale = make("Follow it."), make("Follow it!", known_at=START - timedelta(days=365))
    first, second = ranked(ByConcern(half_life=365, diversity=0), MANAGER, [stale, fresh])
    assert (first.belief, second.belief) == (fresh.id, stale.id)
    assert second.scores["decay"] == 0.5
    assert {c.scores["decay"] for c in ranked(ByConcern(half_life=None), MANAGER, [stale, fresh])} == {1.0}
    near, far = make("Daily momentum of prices tells."), make("Zzz.")
    assert [c.belief for c in ranked(ByConcern(diversity=0), PRICES, [far, near])] == [near.id, far.id]
    for c in ranked(ByConcern(), PRICES, [far, near]):
        assert c.scores["score"] == pytest.approx(
            c.scores["relevance"] * c.scores["credence"] * c.scores["decay"], abs=1e-6
        )


def test_a_scope_sentence_counts_half_of_the_relevance() -> None:
    plain = make("Zzz.")
    scoped = make("Zzz.", scope=Scope(sentence=PRICES.text))
    (without,), (with_it,) = (ranked(ByConcern(), PRICES, [b]) for b in (plain, scoped))
    assert with_it.scores["relevance"] == pytest.approx(
        (1 + (2 * without.scores["relevance"] - 1 + 1) / 2) / 2, abs=1e-6
    )


def test_diversity_puts_repetitions_last_and_equal_ones_by_id() -> None:
    same = [make("Follow it.", concept=c, aspect="news") for c in "abc"]
    other = make("Reports lag behind prices.", aspect="news", credence=Credence(alpha=2, beta=2))
    order = [c.belief for c in ranked(ByConcern(diversity=0.5), NEWS, [*same, other])]
    assert order == [min(b.id for b in same), other.id, *sorted(b.id for b in same)[1:]]
    assert [c.belief for c in ranked(ByConcern(diversity=0), NEWS, same)] == sorted(b.id for b in same)


def test_the_budget_takes_the_best_that_fit() -> None:
    long = make("Follow it, " * 30, credence=Credence(alpha=99, beta=1))
    short = make("Wait.", credence=Credence())
    policy = ByConcern(budget=tokens(short))
    taken, left = policy.choose(MANAGER, [long, short], context(), vectors)
    assert (taken.belief, taken.taken) == (short.id, True)
    assert left.reason == f"budget: it needs {tokens(long)} tokens, 0 of {tokens(short)} are left"
    assert left.scores["score"] > taken.scores["score"]


def test_broadcast_tells_everybody_the_strongest_first() -> None:
    strong, weak = make("a", credence=Credence(alpha=9, beta=1)), make("b", aspect="news")
    gone = make("c", status=Status.RETIRED)
    for agent in AGENTS:
        choices = Broadcast().choose(agent, [gone, weak, strong], context(), never)
        assert [c.belief for c in choices if c.taken] == [strong.id, weak.id]
        assert [c.reason for c in choices if not c.taken] == ["status: retired"]


def pair() -> tuple[Belief, Belief, Belief]:
    """A strong belief and a weak one that dispute each other, and one in between that nobody disputes."""
    strong = make("Follow it at once.", credence=Credence(alpha=9), status=Status.DISPUTED)
    told = {"polarity": "against", "credence": Credence(beta=9), "status": Status.DISPUTED}
    weak = make("Do quite another thing.", contradicts=(strong.id,), **told)
    return strong, weak, make("Sell in May and go away.")


@pytest.mark.parametrize("spare", [0, 1])
def test_disputed_beliefs_are_handed_out_in_pairs(spare: int) -> None:
    strong, weak, other = pair()
    policy = ByConcern(budget=tokens(strong) + tokens(weak) - 1 + spare)
    choices = policy.choose(PRICES, [strong, weak, other], context(), vectors)
    reasons = {c.belief: c.reason for c in choices}
    assert {c.belief for c in choices if c.taken} == ({strong.id, weak.id} if spare else {other.id})
    if not spare:
        assert f"needs {tokens(strong) + tokens(weak)} tokens with one that contradicts it" in reasons[strong.id]


def test_a_third_party_to_a_dispute_needs_no_second_rival() -> None:
    strong, weak, _ = pair()
    third = make("Follow it with care.", status=Status.DISPUTED, contradicts=(weak.id,))
    policy = ByConcern(budget=tokens(strong) + tokens(weak) + tokens(third))
    assert all(c.taken for c in policy.choose(PRICES, [strong, weak, third], context(), vectors))


LOTS = [Shuffled(seed, LastK(1)) for seed in range(4)]


@pytest.mark.parametrize("policy", [LastK(1), HoldOut(LastK(1), share=1e-9), *LOTS])
def test_whatever_the_policy_one_side_of_a_dispute_is_not_told_alone(policy: Propagation) -> None:
    strong, weak, other = pair()
    older = other.model_copy(update={"known_at": START - timedelta(days=300)})
    choices = chosen(policy, PRICES, Beliefs({b.id: b for b in (strong, weak, older)}), context("train"), vectors)
    assert [c.belief for c in choices if c.taken] == [older.id]
    lone = [c.reason for c in choices if c.reason.startswith("disputed: none of those that contradict it is handed")]
    assert lone or policy in LOTS
    assert all(weak.id in told or strong.id in told for told in lone)


def test_where_the_other_side_does_not_apply_a_disputed_belief_is_told_alone() -> None:
    strong, weak, _ = pair()
    for kept_out in ({"scope": CALM}, {"status": Status.RETIRED}, {"known_at": START}):
        held = {b.id: b for b in (strong, weak.model_copy(update=kept_out))}
        taken = [c.belief for c in chosen(ByConcern(), PRICES, Beliefs(held), context(), vectors) if c.taken]
        assert taken == [strong.id], kept_out


def test_the_lot_may_leave_out_one_of_a_pair() -> None:
    strong, weak, other = pair()
    beliefs = Beliefs({b.id: b for b in (strong, weak, other)})
    seen = set()
    for episode in range(30):
        where = PropagationContext(START, {}, "train", episode=episode)
        choices = chosen(HoldOut(share=0.5), PRICES, beliefs, where, vectors)
        assert {c.reason for c in choices} <= {"held out", "concerns prices"}
        seen.add(frozenset(c.belief for c in choices if c.taken) & {strong.id, weak.id})
    assert len(seen) == 4, "the pair, either of it, none"


@pytest.mark.parametrize("wrong", [{"budget": -1}, {"half_life": 0}, {"half_life": float("nan")}, {"diversity": 1.1}])
def test_settings_out_of_range_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(BeliefError, match=next(iter(wrong))):
        ByConcern(**wrong)

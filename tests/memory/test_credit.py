"""Credit: planted effects are found, luck is no skill, and what has nothing to be compared with is unscored."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.memory.belief import Belief, Credence, Status
from doxa.memory.credit import Exposure, Lift, credit, exposures, lift, lifts, outcomes
from doxa.memory.holdout import HELD_OUT, HoldOut
from doxa.memory.intervals import Estimate
from doxa.memory.state import Beliefs, RevisionResult

LATER = datetime(2022, 1, 1, tzinfo=UTC)
TEAM = frozenset({"pm"})


def belief(name: str, **other: Any) -> Belief:
    told = {
        "id": name,
        "concept": "c",
        "statement": "Follow it.",
        "aspect": "prices",
        "polarity": "for",
        "evidence": (),
        "author": "critic",
        "known_at": datetime(2021, 1, 1, tzinfo=UTC),
        "status": Status.ACTIVE,
    } | other
    return Belief.model_validate(told)


def believed(*some: Belief) -> Beliefs:
    return Beliefs({b.id: b for b in some})


def episode(number: int, value: float, handed: str = "", held: str = "") -> Exposure:
    return Exposure(number, value, dict.fromkeys(handed, TEAM), dict.fromkeys(held, TEAM))


def trial(rng: random.Random, effect: Mapping[str, float], episodes: int, share: float = 0.3) -> list[Exposure]:
    """Episodes whose returns are a season's luck plus the effects of the beliefs that were handed out."""
    seen = []
    for number in range(episodes):
        out = {b for b in effect if rng.random() < share}
        value = 10 + rng.gauss(0, 1) + sum(worth for b, worth in effect.items() if b not in out)
        seen.append(episode(number, value, "".join(sorted(set(effect) - out)), "".join(sorted(out))))
    return seen


def replayed(seen: Sequence[Exposure], beliefs: Beliefs, window: int = 40) -> Beliefs:
    """What is believed after crediting every episode in turn."""
    for number in range(len(seen)):
        recent = [e for e in seen[max(0, number - window + 1) : number + 1] if believed_in(e, beliefs)]
        if recent and recent[-1] is seen[number]:
            beliefs = beliefs.after(credit(recent, beliefs, known_at=LATER, confidence=HoldOut().confidence))
    return beliefs


def believed_in(exposure: Exposure, beliefs: Beliefs) -> bool:
    return any(b in beliefs for b in (*exposure.handed, *exposure.held))


# -- lift -------------------------------------------------------------------------------------------------------------


def test_a_planted_effect_is_found_and_its_interval_covers_it_as_often_as_it_says() -> None:
    effect = {"a": 2.0, "b": 0.0, "c": -1.0}
    covered, values = dict.fromkeys(effect, 0), {b: list[float]() for b in effect}
    for seed in range(300):
        seen = trial(random.Random(seed), effect, 40)
        for b, worth in effect.items():
            estimate = lift(seen, b).estimate
            assert estimate is not None
            assert estimate.low is not None
            assert estimate.high is not None
            covered[b] += estimate.low <= worth <= estimate.high
            values[b].append(estimate.value)
    for b, worth in effect.items():
        assert sum(values[b]) / 300 == pytest.approx(worth, abs=0.1), "unbiased"
        assert 0.92 <= covered[b] / 300 <= 0.985


def test_luck_is_no_skill() -> None:
    """Handed out in good seasons only because all seasons were good: the mean return is high, the lift isn't."""
    seen = trial(random.Random(0), {"a": 0.0}, 60)
    estimate = lift(seen, "a").estimate
    assert sum(e.value for e in seen) / 60 > 9
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < 0 < estimate.high
    after = replayed(seen, believed(belief("a", credence=Credence())), window=60)["a"]
    assert 0.35 < after.credence.mean < 0.65


def test_without_a_contrast_there_is_no_lift() -> None:
    seen = [episode(0, 5.0, "a"), episode(1, 6.0, "a")]
    assert lift(seen, "a") == Lift("a", None, 2, 0, None)
    assert lift(seen, "z") == Lift("z", None, 0, 0, None)
    assert lift(seen, "a").words == "unscored: 2 episodes with it, 0 without it"
    assert credit(seen, believed(belief("a")), known_at=LATER) == ()
    assert credit([], believed(belief("a")), known_at=LATER) == ()
    assert lift([*seen, episode(2, 4.0, held="a")], "a").estimate == Estimate(1.5)


def test_lifts_are_told_by_agent() -> None:
    seen = [
        Exposure(0, 1.0, {"a": frozenset({"pm", "x"})}),
        Exposure(1, 4.0, {"a": frozenset({"pm"})}, {"a": frozenset({"x"})}),
        Exposure(2, 9.0, {}, {"a": frozenset({"pm", "x"})}),
    ]
    assert lifts(seen) == (
        Lift("a", None, 2, 1, Estimate(-6.5)),
        Lift("a", "pm", 2, 1, Estimate(-6.5)),
        Lift("a", "x", 1, 2, Estimate(-5.5)),
    )


# -- credence ---------------------------------------------------------------------------------------------------------


def test_the_update_by_hand() -> None:
    seen = [episode(0, 5.0, "a"), episode(1, 3.0, "a"), episode(2, 4.0, held="a"), episode(3, 4.0, "a")]
    steps = [outcomes(seen[: n + 1], "a") for n in range(4)]
    assert [(u.good, u.bad) for u in steps[:2]] == [(0, 0), (0, 0)]
    first = 2 * 1 * 2 / 3  # two with it and one without it, of which one of two returned more
    assert (steps[2].good, steps[2].bad) == (round(first / 2, 6), round(first / 2, 6))
    more = 2 * 3 * 1 / 4 - first
    assert (steps[3].good, steps[3].bad) == (round(more / 2, 6), round(more / 2, 6)), "a tie is half good"


@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=1, max_size=30), st.integers(2, 12))
@settings(deadline=None)
def test_outcomes_never_take_back_and_add_up_to_the_harmonic_mean(drawn: list[tuple[bool, int]], window: int) -> None:
    seen = [episode(i, float(v), "a" if h else "", "" if h else "a") for i, (h, v) in enumerate(drawn)]
    updates = [outcomes(seen[: n + 1], "a") for n in range(len(seen))]
    assert all(u.good >= 0 and u.bad >= 0 for u in updates)
    a = sum(h for h, _ in drawn)
    b = len(drawn) - a
    assert sum(u.good + u.bad for u in updates) == pytest.approx(2 * a * b / (a + b), abs=1e-4)
    mirrored = [episode(e.episode, -e.value, "".join(e.held), "".join(e.handed)) for e in seen]
    others = [outcomes(mirrored[: n + 1], "a") for n in range(len(seen))]
    assert [(u.good, u.bad) for u in updates] == [(u.good, u.bad) for u in others], "both sides are told alike"
    for n in range(len(seen)):
        late = outcomes(seen[max(0, n - window + 1) : n + 1], "a")
        assert late.good >= 0
        assert late.bad >= 0


def test_credence_follows_what_a_belief_is_worth() -> None:
    start = believed(*(belief(b, credence=Credence(alpha=3, beta=3), pinned=True) for b in "abc"))
    after = replayed(trial(random.Random(5), {"a": 2.0, "b": 0.0, "c": -2.0}, 80), start)
    means = {b: after[b].credence.mean for b in "abc"}
    assert means["a"] > 0.75
    assert means["c"] < 0.3
    assert 0.3 < means["b"] < 0.7
    assert after["a"].known_at == LATER, "what outcomes teach is known when they are"


# -- demotion ---------------------------------------------------------------------------------------------------------


def test_what_harms_is_retired_and_what_is_pinned_or_useful_stays() -> None:
    start = believed(belief("a"), belief("c"), belief("d", pinned=True))
    after = replayed(trial(random.Random(3), {"a": 2.0, "c": -2.0, "d": -2.0}, 60), start)
    assert {b: after[b].status for b in "acd"} == {"a": Status.ACTIVE, "c": Status.RETIRED, "d": Status.ACTIVE}


def test_what_does_nothing_is_seldom_retired_though_it_is_looked_at_after_every_episode() -> None:
    retired = 0
    for seed in range(50):
        after = replayed(trial(random.Random(seed), {"a": 0.0}, 40), believed(belief("a")))
        retired += after["a"].status is Status.RETIRED
    assert retired <= 3


def test_returns_with_two_peaks_retire_hardly_any_of_many_beliefs_that_do_nothing() -> None:
    """A few episodes of one kind look like a difference to an interval, and among many beliefs one is always lucky."""
    names = "abcdefghijklmn"
    retired = 0
    for seed in range(40):
        rng, seen = random.Random(seed), list[Exposure]()
        for number in range(20):
            out = {b for b in names if rng.random() < 0.2}
            value = rng.choice((8.0, -200.0, -400.0)) + rng.random()
            seen.append(episode(number, value, "".join(sorted(set(names) - out)), "".join(sorted(out))))
        after = replayed(seen, believed(*map(belief, names)))
        retired += sum(after[b].status is Status.RETIRED for b in names)
    assert retired <= 1


def test_few_episodes_demote_nothing() -> None:
    seen = [*(episode(i, 1.0, "a") for i in range(9)), episode(9, 5.0, held="a"), episode(10, 5.0, held="a")]
    assert [r.op for r in credit(seen, believed(belief("a")), known_at=None)] == ["credit"]
    seen.append(episode(11, 5.0, held="a"))
    assert [r.op for r in credit(seen, believed(belief("a")), known_at=None)] == ["credit", "demotion"]


def test_the_end_of_one_side_ends_the_dispute() -> None:
    good = belief("a", status=Status.DISPUTED, contradicts=("c",))
    bad = belief("c", polarity="against", status=Status.DISPUTED, contradicts=("a",))
    after = replayed(trial(random.Random(3), {"a": 2.0, "c": -2.0}, 60), believed(good, bad))
    assert (after["a"].status, after["c"].status) == (Status.ACTIVE, Status.RETIRED)


def test_of_two_that_harm_and_contradict_each_other_both_go() -> None:
    one = belief("a", status=Status.DISPUTED, contradicts=("c",))
    other = belief("c", polarity="against", status=Status.DISPUTED, contradicts=("a",))
    seen = [
        *(episode(i, 1.0 + i / 100, "ac") for i in range(7)),
        *(episode(i, 5.0 + i, held="ac") for i in range(7, 10)),
    ]
    results = credit(seen, believed(one, other), known_at=None)
    assert [r.op for r in results] == ["credit", "credit", "demotion", "demotion"]
    after = believed(one, other).after(results)
    assert {after[b].status for b in "ac"} == {Status.RETIRED}


# -- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    episode: int
    kind: str
    payload: dict[str, Any] = field(default_factory=dict)


def told(number: int, value: float, mode: str, *choices: tuple[str, str, bool, str]) -> Iterator[Told]:
    candidates = [{"agent": a, "belief": b, "taken": t, "reason": r} for a, b, t, r in choices]
    yield Told(number, "propagation", {"candidates": candidates})
    yield Told(number, "step")
    yield Told(number, "episode.ended", {"mode": mode, "return": value})


def test_exposures_are_read_from_events() -> None:
    events = [
        *told(1, 2.5, "train", ("pm", "a", False, HELD_OUT), ("x", "a", False, "audience: ..."), ("pm", "b", True, "")),
        *told(0, 1.5, "train", ("pm", "a", True, ""), ("x", "a", True, "")),
        *told(2, 9.0, "evaluate", ("pm", "a", True, "")),
        Told(3, "propagation", {"candidates": []}),
        Told(4, "propagation", {"candidates": []}),
    ]
    assert exposures(events, {3: 7.0}) == (
        Exposure(0, 1.5, {"a": frozenset({"pm", "x"})}),
        Exposure(1, 2.5, {"b": TEAM}, {"a": TEAM}),
        Exposure(3, 7.0),
    )


def test_a_result_survives_the_journal() -> None:
    seen = [*(episode(i, 1.0, "a") for i in range(4)), *(episode(i, 5.0 + i, held="a") for i in range(4, 8))]
    for result in credit(seen, believed(belief("a")), known_at=LATER):
        assert RevisionResult.read(result.payload(), "run-1") == result
        assert result.proposal.reason == lift(seen, "a").words

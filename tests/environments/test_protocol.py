from __future__ import annotations

import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.environments import Choice, Environment, EnvironmentSpec, Json, Outcome, Source, View, Weather
from doxa.environments.protocol import json_digest
from doxa.errors import ActionError, EnvironmentContractError

MOVES = st.lists(st.sampled_from(("dry", "unsure", "rain")), min_size=1, max_size=12)


class Dice(Environment):
    """Roll until a six; what a step pays can be set from outside."""

    def __init__(self, pays: Mapping[str, float] | None = None, max_steps: int = 3) -> None:
        self.pays = {"pay": 1.0, "fee": -0.5} if pays is None else pays
        self.spec = EnvironmentSpec(
            "dice", "Roll.", (Source("die", "A die."),), Choice(("roll",)), {"pay": 2.0, "fee": 1.0}, max_steps
        )

    def _begin(self, rng: random.Random) -> Outcome:
        self.rng = rng
        return Outcome(None, {"die": View("")}, {})

    def _advance(self, _: Json) -> Outcome:
        face = 1 + int(self.rng.random() * 6)
        return Outcome(None, {"die": View(f"face: {face}", {"face": face})}, self.pays)


def test_reward_is_the_weighted_sum() -> None:
    dice = Dice()
    dice.reset(0)
    result = dice.step("roll")
    assert result.reward == 1.5
    assert result.components == {"pay": 1.0, "fee": -0.5}


def test_max_steps_truncate() -> None:
    dice = Dice(max_steps=2)
    dice.reset(0)
    assert not dice.step("roll").over
    last = dice.step("roll")
    assert last.truncated
    assert not last.terminated
    with pytest.raises(EnvironmentContractError, match=r"no episode is running; call reset"):
        dice.step("roll")


def test_nothing_runs_before_reset() -> None:
    with pytest.raises(EnvironmentContractError, match="call reset"):
        Dice().step("roll")
    with pytest.raises(EnvironmentContractError, match="nothing to snapshot"):
        Dice().snapshot()


def test_refused_action_changes_nothing() -> None:
    dice = Dice()
    dice.reset(0)
    before = dice.snapshot()
    with pytest.raises(ActionError, match=r"'rol' isn't allowed: choose from roll \(did you mean 'roll'\?\)"):
        dice.step("rol")
    assert dice.snapshot() == before


def test_undeclared_components_are_refused() -> None:
    dice = Dice(pays={"pay": 1.0})
    dice.reset(0)
    with pytest.raises(EnvironmentContractError, match=r"components \['pay'\], its spec declares \['fee', 'pay'\]"):
        dice.step("roll")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    dice = Dice(pays={"pay": value, "fee": 0.0})
    dice.reset(0)
    with pytest.raises(EnvironmentContractError, match="JSON can carry"):
        dice.step("roll")


def test_digest_knows_no_key_order() -> None:
    assert json_digest({"a": 1, "b": [2, "é"]}) == json_digest({"b": [2, "é"], "a": 1})
    with pytest.raises(EnvironmentContractError, match="JSON can carry"):
        json_digest({"a": object()})
    with pytest.raises(EnvironmentContractError, match="JSON can carry"):
        json_digest("\ud800")


@given(seed=st.integers(0, 99), moves=MOVES, cut=st.integers(0, 12))
def test_restore_goes_on_identically(seed: int, moves: list[str], cut: int) -> None:
    played, restored = Weather(days=20), Weather(days=20)
    played.reset(seed)
    for move in moves[:cut]:
        played.step(move)
    snapshot = played.snapshot()
    assert restored.restore(snapshot).step == len(moves[:cut])
    for move in moves[cut:]:
        assert played.step(move) == restored.step(move)
    assert played.snapshot() == restored.snapshot()


def test_snapshot_is_not_changed_by_later_steps() -> None:
    weather = Weather()
    weather.reset(1)
    weather.step("dry")
    snapshot = weather.snapshot()
    weather.step("rain")
    assert snapshot.actions == ("dry",)


def test_restore_refuses_what_leads_elsewhere() -> None:
    dice, other = Dice(), Dice(pays={"pay": 1.0, "fee": -0.25})
    dice.reset(3)
    dice.step("roll")
    with pytest.raises(EnvironmentContractError, match=r"playing 1 actions again with seed 3 led elsewhere"):
        other.restore(dice.snapshot())
    with pytest.raises(EnvironmentContractError, match=r"'dice', this environment is 'weather'"):
        Weather().restore(dice.snapshot())

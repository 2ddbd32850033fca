"""Ablations: paired arms on common seeds, each run once, whatever happened before."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, hierarchy, train
from doxa.environments import Weather
from doxa.errors import ModelError, SpecError
from doxa.graphs.ablation import ARMS, Ablation, ablate, variant
from doxa.memory import ByConcern, Home, Journal
from doxa.memory.holdout import HoldOut
from doxa.memory.policies import Shuffled
from doxa.models import HeuristicModel, Reply, Request
from doxa.models.protocol import T

LEARNING = hierarchy(
    Manager(),
    [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    CVaRMonitor(alpha=0.05),
    ConceptualCritic(),
)


class Counted(HeuristicModel):
    """Counts what it is asked, and can break down."""

    def __init__(self, breaks_at: int | None = None) -> None:
        super().__init__()
        self.asked, self._breaks_at = 0, breaks_at

    async def complete(self, request: Request[T]) -> Reply:
        if self.asked == self._breaks_at:
            raise ModelError("the line is dead")
        self.asked += 1
        return await super().complete(request)


def experiment(**changes: Any) -> Experiment:
    settings: dict[str, Any] = {"episodes": 3, "name": "test", "evaluation": Weather(days=20)} | changes
    return Experiment(Weather(days=30), LEARNING, **settings)


def ablated(home: Path, *, arms: tuple[str, ...] = ("routed", "none"), seeds: Any = (0, 1), **changes: Any) -> Ablation:
    return asyncio.run(ablate(experiment(**changes), home, arms=arms, seeds=seeds))


def test_every_arm_is_run_on_every_seed_and_differences_are_paired(tmp_path: Path) -> None:
    found = ablated(tmp_path, arms=ARMS)
    assert [arm.name for arm in found.arms] == list(ARMS)
    by_name = {arm.name: arm for arm in found.arms}
    for arm in found.arms:
        assert [trial.seed for trial in arm.trials] == [0, 1]
        assert arm.mean == sum(trial.value for trial in arm.trials) / 2
        gaps = [t.value - b.value for t, b in zip(arm.trials, by_name["none"].trials, strict=True)]
        if arm.name == "none":
            assert arm.difference is None
        else:
            assert arm.difference is not None
            assert arm.difference.value == pytest.approx(sum(gaps) / 2)
    assert by_name["none"].belief_tokens == 0
    assert 0 < by_name["routed"].belief_tokens < by_name["broadcast"].belief_tokens
    with Journal.open(Home(tmp_path), write=False) as journal:
        seeds = {t.run: next(journal.events(t.run, kind="run.started")).payload["spec"]["seed"] for t in every(found)}
    assert all(seeds[t.run] == t.seed for t in every(found))


def test_parts_of_the_team_can_be_left_out(tmp_path: Path) -> None:
    whole = experiment()
    assert variant(whole, "no-monitors", 0).graph.monitors == ()
    assert variant(whole, "no-monitors", 0).graph.critic == whole.graph.critic
    assert variant(whole, "no-critic", 0).graph.critic is None
    found = ablated(tmp_path, arms=("none", "no-critic", "no-monitors"), seeds=(0,))
    none, blind, calm = found.arms
    assert none.mean == blind.mean  # without a critic there is nothing to believe
    assert calm.trials[0].decisions == none.trials[0].decisions == 3 * 30 + 20
    assert (none.cost, none.cost_per_decision) == (0.0, 0.0)


def every(found: Ablation) -> list[Any]:
    return [trial for arm in found.arms for trial in arm.trials]


def test_an_arm_that_has_ended_is_reused_under_whatever_name(tmp_path: Path) -> None:
    before = asyncio.run(train(experiment(seed=1), tmp_path))
    model = Counted()
    first = ablated(tmp_path, model=model)
    (routed, _) = first.arms
    assert [trial.reused for trial in every(first)] == [False, True, False, False]
    assert (routed.trials[1].run, routed.trials[1].value) == (before.id, before.episodes[-1].value)
    asked = model.asked
    second = ablated(tmp_path, model=model)
    assert model.asked == asked, "nothing is paid twice"
    assert all(trial.reused for trial in every(second))
    assert [arm.mean for arm in second.arms] == [arm.mean for arm in first.arms]
    assert not any(trial.reused for trial in every(ablated(tmp_path, episodes=2)))


def test_an_interrupted_ablation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = Counted()
    first = ablated(tmp_path / "whole", model=whole)
    broken, mended = Counted(breaks_at=400), Counted()
    with pytest.raises(ModelError, match="the line is dead"):
        ablated(tmp_path / "parts", model=broken)
    again = ablated(tmp_path / "parts", model=mended)
    assert broken.asked + mended.asked == whole.asked
    assert [(t.run, t.value) for t in every(again)] == [(t.run, t.value) for t in every(first)]


def test_what_is_compared_is_said(tmp_path: Path) -> None:
    assert ablated(tmp_path, seeds=(0,)).mode == "evaluate"
    assert ablated(tmp_path, seeds=(0,)).arms[0].difference is not None
    unevaluated = ablated(tmp_path, seeds=(0,), evaluation=None)
    assert unevaluated.mode == "train"
    assert not unevaluated.alike
    assert ablated(tmp_path, arms=("routed",), seeds=(0,)).arms[0].difference is None


def test_arms_differ_in_nothing_but_the_policy() -> None:
    wanted = experiment(propagation=HoldOut(ByConcern(budget=99)))
    arms = {arm: variant(wanted, arm, 7) for arm in ARMS}
    for name, arm in arms.items():
        assert arm.seed == 7
        assert arm.name == f"test-{name}"
        assert {**arm.spec(), "propagation": 0, "name": 0, "seed": 0} == {
            **wanted.spec(),
            "propagation": 0,
            "name": 0,
            "seed": 0,
        }
    assert arms["routed"].propagation == wanted.propagation
    assert arms["shuffled"].propagation == Shuffled(7, ByConcern(budget=99))
    assert variant(experiment(name="n" * 40), "shuffled", 0).name == "n" * 31 + "-shuffled"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"arms": ("rooted",)}, "did you mean 'routed'"),
        ({"arms": ()}, "at least one"),
        ({"seeds": ()}, "at least one"),
        ({"seeds": (1, 1)}, "only once"),
    ],
)
def test_wrong_arms_and_seeds_are_named(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        ablated(tmp_path, **wrong)
    assert not (tmp_path / "journal.sqlite3").exists()

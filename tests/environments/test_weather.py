from __future__ import annotations

import pytest

from doxa.environments import Observation, Policy, Weather, play
from doxa.environments.weather import GLOOM, PRAISE
from doxa.errors import DataError


def barometer(observation: Observation) -> str:
    return "dry" if observation.views["barometer"].features["pressure_change"] > 0 else "rain"


def almanac(observation: Observation) -> str:
    return "dry" if observation.views["almanac"].text.splitlines()[-1][2:] in PRAISE else "rain"


def score(policy: Policy, *, unsettled: bool | None = None) -> float:
    def called(observation: Observation) -> str:
        spell = observation.views["barometer"].features["unsettled"]
        return str(policy(observation)) if unsettled in {None, bool(spell)} else "unsure"

    rewards = [reward for seed in range(30) for reward in play(Weather(days=100), called, seed).rewards if reward]
    return sum(rewards) / len(rewards)


def test_one_source_informs_the_other_misleads_in_one_regime() -> None:
    """Scores are shares right less shares wrong: 0.8 - 0.2, 0.5 - 0.5 and 0.1 - 0.9."""
    assert score(barometer) == pytest.approx(0.6, abs=0.08)
    assert score(almanac, unsettled=False) == pytest.approx(0.0, abs=0.08)
    assert score(almanac, unsettled=True) == pytest.approx(-0.8, abs=0.08)


def test_a_season_belongs_to_its_seed() -> None:
    assert play(Weather(), barometer, 1) == play(Weather(), barometer, 1)
    assert play(Weather(), barometer, 1) != play(Weather(), barometer, 2)


def test_it_terminates() -> None:
    weather = Weather(days=2)
    weather.reset(0)
    assert not weather.step("unsure").over
    last = weather.step("unsure")
    assert (last.terminated, last.truncated) == (True, False)


def test_views_follow_the_grammar() -> None:
    views = Weather().reset(4).views
    heading, change, unsettled = views["barometer"].text.splitlines()
    assert heading == "The barometer today."
    assert change == f"pressure_change: {views['barometer'].features['pressure_change']:+.6f}"
    assert unsettled in {"unsettled: 0", "unsettled: 1"}
    assert views["almanac"].text.splitlines()[1][2:] in PRAISE + GLOOM


def test_days() -> None:
    with pytest.raises(DataError, match="days is 0; give 1 or more"):
        Weather(days=0)

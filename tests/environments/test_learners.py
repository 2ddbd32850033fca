"""Reinforcement learning as a rival, where stable-baselines3 is installed."""

from __future__ import annotations

import random
from datetime import date, timedelta
from importlib.util import find_spec

import pytest

from doxa.environments import Day, Market, MarketSeries, Portfolio, PortfolioSettings, Weather, play
from doxa.environments.allocation import EqualSplit
from doxa.environments.learners import learned
from doxa.environments.randomness import RandomState
from doxa.errors import DataError, MissingExtraError

INSTALLED = find_spec("stable_baselines3") is not None
needed = pytest.mark.skipif(not INSTALLED, reason="stable-baselines3 isn't installed: pip install 'doxa[learners]'")


def rising(name: str = "UP", days: int = 60) -> MarketSeries:
    return MarketSeries(name, tuple(Day(date(2020, 1, 1) + timedelta(days=k), 1.01**k) for k in range(days)))


@needed
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("algorithm", "share"), [("A2C", 0.9), ("PPO", 0.9), ("DQN", 0.5)])
def test_a_price_that_only_rises_is_bought(algorithm: str, share: float) -> None:
    market = Market(rising())
    before = RandomState.current()
    policy = learned(market, algorithm, steps=3000)  # type: ignore[arg-type]
    assert not before.changes(RandomState.current())
    found = play(market, policy)
    assert found.actions.count("buy") / len(found.actions) > share
    assert play(market, policy).actions == found.actions


@needed
@pytest.mark.filterwarnings("ignore")
def test_parts_are_chosen_together_and_dqn_says_it_cannot() -> None:
    rng = random.Random(1)
    other = MarketSeries("B", tuple(Day(d.date, rng.uniform(1, 2)) for d in rising().days))
    portfolio = Portfolio([rising(), other], settings=PortfolioSettings(allocation=EqualSplit()))
    assert set(play(portfolio, learned(portfolio, "A2C", steps=200)).actions[0]) == {"UP", "B"}
    with pytest.raises(DataError, match="one thing at a time"):
        learned(portfolio, "DQN", steps=200)


def test_an_unknown_algorithm_is_named() -> None:
    with pytest.raises(DataError, match="'SAC'; choose from A2C, DQN, PPO"):
        learned(Weather(days=2), "SAC")  # type: ignore[arg-type]


@pytest.mark.skipif(INSTALLED, reason="stable-baselines3 is installed")
def test_without_the_extra_the_install_line_is_given() -> None:
    with pytest.raises(MissingExtraError, match=r"doxa\[learners\]"):
        learned(Weather(days=2))

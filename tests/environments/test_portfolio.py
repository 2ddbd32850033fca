"""Trading several assets: an honest environment with exact rewards that looks at nothing later."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, hierarchy, replay, train
from doxa.environments import Day, MarketSeries, Portfolio, PortfolioSettings, check_environment, diversified
from doxa.environments.allocation import EqualSplit
from doxa.environments.book import Fees
from doxa.environments.series import TextKind
from doxa.errors import DataError
from doxa.memory import BeliefMemory, Home, Journal

NEWS: frozenset[TextKind] = frozenset({"news"})


def asset(name: str, seed: int, days: int = 90, drift: float = 0.0) -> MarketSeries:
    rng = random.Random(seed)
    price, found = 100.0, []
    for number in range(days):
        move = rng.gauss(drift, 0.015)
        price *= math.exp(move)
        said = "Strong profit, great outlook." if rng.random() < 0.5 + 10 * move else "Terrible loss, bad outlook."
        found.append(Day(date(2020, 1, 1) + timedelta(days=number), round(price, 6), news=(said,)))
    return MarketSeries(name, tuple(found), NEWS, "made up")


def three() -> tuple[MarketSeries, ...]:
    return tuple(asset(name, seed) for seed, name in enumerate(("AAA", "BBB", "BRK.B")))


def made() -> Portfolio:
    return Portfolio(three(), settings=PortfolioSettings(relations=10), max_steps=40)


def equal(**changes: object) -> Portfolio:
    return Portfolio(three(), settings=PortfolioSettings(allocation=EqualSplit(), **changes))  # type: ignore[arg-type]


def test_it_keeps_the_contract() -> None:
    report = check_environment(made)
    assert report.skipped == ()


def test_rewards_are_the_returns_of_what_is_held() -> None:
    environment = equal()
    environment.reset(0)
    first = [s.days[0].price for s in three()]
    second = [s.days[1].price for s in three()]
    result = environment.step({"AAA": "buy", "BBB": "sell", "BRK.B": "hold"})
    moves = [q / p - 1 for p, q in zip(first, second, strict=True)]
    assert result.components == pytest.approx(
        {"AAA": moves[0] / 2, "BBB": -moves[1] / 2, "BRK.B": 0, "cost": 0, "slippage": 0}, abs=1e-12
    )
    assert result.reward == pytest.approx((moves[0] - moves[1]) / 2, abs=1e-12)


@given(st.lists(st.lists(st.sampled_from(["buy", "hold", "sell"]), min_size=3, max_size=3), min_size=5, max_size=30))
@settings(max_examples=25, deadline=None)
def test_rewards_compound_to_the_value(actions: list[list[str]]) -> None:
    environment = equal(fees=Fees(10, 5), hold="carry", gross=1.5)
    environment.reset(0)
    value = 1.0
    for action in actions:
        value *= 1 + environment.step(dict(zip(environment.assets, action, strict=True))).reward
    prices = [s.days[len(actions)].price for s in three()]
    assert environment.book.value(prices) == pytest.approx(value, abs=1e-9)


def test_costs_are_paid_on_what_is_traded() -> None:
    environment = equal(fees=Fees(10, 20))
    environment.reset(0)
    bought = environment.step({"AAA": "buy", "BBB": "hold", "BRK.B": "hold"})
    assert bought.components["cost"] == pytest.approx(-0.0010, abs=1e-12)
    assert bought.components["slippage"] == pytest.approx(-0.0020, abs=1e-12)


def test_carried_positions_are_not_traded() -> None:
    environment = equal(hold="carry", fees=Fees(100, 0))
    environment.reset(0)
    environment.step({"AAA": "buy", "BBB": "buy", "BRK.B": "buy"})
    shares = environment.book.shares
    kept = environment.step({"AAA": "hold", "BBB": "hold", "BRK.B": "hold"})
    assert (environment.book.shares, kept.components["cost"]) == (shares, 0.0)


def test_equal_weight_is_the_mean_of_the_assets_returns() -> None:
    rewards = equal().compared(0)["equal weight"]
    table = np.array([[d.price for d in s.days] for s in three()])
    assert rewards == pytest.approx((table[:, 1:] / table[:, :-1] - 1).mean(axis=0), abs=1e-12)


def test_nothing_later_than_the_day_is_seen_or_used() -> None:
    poisoned = [
        replace(s, days=(*s.days[:51], *(replace(d, price=d.price * 7, news=("Ruin!",)) for d in s.days[51:])))
        for s in three()
    ]
    clean, other = Portfolio(three()), Portfolio(poisoned)
    rng = random.Random(4)
    seen, told = clean.reset(0), other.reset(0)
    for _ in range(50):
        assert seen.digest() == told.digest()
        action = {name: rng.choice(["buy", "hold", "sell"]) for name in clean.assets}
        one, two = clean.step(action), other.step(action)
        assert one.info["weights"] == two.info["weights"]
        seen, told = one.observation, two.observation
    assert seen.digest() == told.digest()


def test_a_day_without_a_price_is_said() -> None:
    holed = asset("HOL", 9)
    holed = replace(holed, days=(*holed.days[:30], *holed.days[32:]))
    environment = Portfolio([asset("AAA", 1), holed])
    seen = environment.reset(0)
    texts = []
    for _ in range(33):
        texts.append(seen.views["prices"].text)
        seen = environment.step({"AAA": "buy", "HOL": "buy"}).observation
    assert [i for i, text in enumerate(texts) if "No price of HOL today; that of 2020-01-30 stands in." in text] == [
        30,
        31,
    ]


def test_ruin_ends_the_episode() -> None:
    up = MarketSeries("UP", tuple(Day(date(2020, 1, d + 1), p) for d, p in enumerate([1.0, 1.1, 9.0, 9.5, 9.6])))
    flat = MarketSeries("FLAT", tuple(Day(date(2020, 1, d + 1), p) for d, p in enumerate([1.0, 1.0, 1.0, 1.1, 1.0])))
    environment = Portfolio([up, flat], settings=PortfolioSettings(allocation=EqualSplit()))
    environment.reset(0)
    assert not environment.step({"UP": "sell", "FLAT": "hold"}).over
    end = environment.step({"UP": "sell", "FLAT": "hold"})
    assert (end.terminated, end.reward < -1) == (True, True)
    found = environment.metrics([-0.1, end.reward])
    assert (found["MDD %"], found["CR %"], found["Sharpe"]) == (100.0, None, None)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Portfolio([asset("A", 1)]), "two or more"),
        (lambda: Portfolio([asset("A", 1), asset("A", 2)]), "different names"),
        (lambda: Portfolio([asset("A.B", 1), asset("A_B", 2)]), "look alike"),
        (lambda: Portfolio(three(), start="2019-01-01"), "outside the data"),
        (lambda: Portfolio(three(), start="yesterday"), "YYYY-MM-DD"),
        (lambda: Portfolio(three(), sources=["rumours"]), "no source 'rumours'"),
        (lambda: Portfolio(three(), max_steps=0), "max_steps"),
        (lambda: PortfolioSettings(hold="keep"), "hold is 'keep'"),  # type: ignore[arg-type]
        (lambda: PortfolioSettings(fees=Fees(-1)), "costs_bps is -1"),
        (lambda: PortfolioSettings(gross=0), "gross is 0"),
        (lambda: diversified(three(), 4, before="2020-03-01"), "size is 4"),
        (lambda: diversified(three(), 2, before="2020-01-02"), "common day"),
    ],
)
def test_bad_input_is_named(make: object, told: str) -> None:
    with pytest.raises(DataError, match=told):
        make()  # type: ignore[operator]


def test_the_least_correlated_are_chosen_from_what_was_known() -> None:
    base = asset("BASE", 1)
    twin = replace(base, asset="TWIN", days=tuple(replace(d, price=d.price * 2) for d in base.days))
    other = asset("OTHER", 5)
    found = diversified([base, twin, other], 2, before="2020-03-01")
    assert [s.asset for s in found.series] in (["BASE", "OTHER"], ["TWIN", "OTHER"])
    later = [
        replace(s, days=(*s.days[:70], *(replace(d, price=1.0) for d in s.days[70:]))) for s in (base, twin, other)
    ]
    assert diversified(later, 2, before="2020-03-01").correlation == found.correlation


def test_a_team_learns_part_by_part_and_replays(tmp_path: Path) -> None:
    environment = made()
    team = hierarchy(
        Manager(),
        [Analyst(name, source=name) for name in ("prices", "news", "relations")],
        CVaRMonitor(),
        ConceptualCritic(),
    )
    experiment = Experiment(environment, team, evaluation=made(), episodes=3, model="heuristic", name="portfolio")
    run = asyncio.run(train(experiment, tmp_path))
    with Journal.open(Home(tmp_path), write=False) as journal:
        aspects = {belief.aspect for belief in BeliefMemory(journal, run.id).beliefs()}
    assert aspects
    assert all(aspect.split(".")[1].startswith(("AAA", "BBB", "BRK_B", "BRK.B")) for aspect in aspects)
    assert asyncio.run(replay(experiment, tmp_path, run.id)).digest == run.digest

from __future__ import annotations

from datetime import date, timedelta
from math import log
from pathlib import Path

import pytest

from doxa.environments import Day, Market, MarketSeries, Observation, Weather, buy_and_hold, flat, measure, play

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "investorbench"


def market(costs_bps: float = 0.0) -> Market:
    days = tuple(Day(date(2021, 3, 1) + timedelta(days=i), price) for i, price in enumerate((1.0, 2.0, 3.0, 6.0)))
    return Market(MarketSeries("X", days), costs_bps=costs_bps)


def test_buy_and_hold_pays_once() -> None:
    found = buy_and_hold(market(costs_bps=10))
    assert found.actions == ("buy",) * 3
    assert found.rewards == pytest.approx((log(2) - 0.001, log(1.5), log(2)))


def test_flat_earns_nothing() -> None:
    assert flat(market(costs_bps=10)).rewards == (0.0, 0.0, 0.0)


def test_a_policy_sees_each_observation() -> None:
    seen: list[int] = []

    def watch(observation: Observation) -> str:
        seen.append(observation.step)
        return "unsure"

    found = play(Weather(days=5), watch)
    assert seen == [0, 1, 2, 3, 4]
    assert found.rewards == (0.0,) * 5


@pytest.mark.parametrize(
    ("file", "start", "end", "prices", "row"),
    [
        ("msft.json", "2020-10-01", "2021-05-05", 149, (15.340, 1.039, 24.980, 9.428)),
        ("jnj.json", "2020-10-01", "2021-05-05", 149, (13.895, 1.343, 17.500, 9.847)),
        ("btc.json", "2023-04-05", "2023-11-05", 215, (21.822, 0.990, 37.426, 20.796)),
    ],
)
def test_investorbench_rows(file: str, start: str, end: str, prices: int, row: tuple[float, ...]) -> None:
    """Buy and hold as published: CR %, SR, AV %, MDD %, to three decimals."""
    if not (DATA / file).exists():
        pytest.skip(f"{file} isn't here; INVESTORBENCH's data belong in ../shared/data/investorbench")
    environment = Market.from_investorbench(DATA / file, start=start, end=end)
    rewards = buy_and_hold(environment).rewards
    metrics = measure(rewards, periods=environment.spec.parameters["periods"])
    assert len(rewards) == prices - 1
    assert metrics.cumulative_return is not None
    assert metrics.annual_volatility is not None
    assert metrics.max_drawdown is not None
    assert metrics.sharpe is not None
    found = (
        100 * metrics.cumulative_return,
        metrics.sharpe,
        100 * metrics.annual_volatility,
        100 * metrics.max_drawdown,
    )
    assert tuple(round(figure, 3) for figure in found) == row

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, Unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.environments import (
    Day,
    Market,
    MarketSeries,
    Observation,
    Policy,
    ViewSettings,
    buy_and_hold,
    measure,
    play,
)
from doxa.environments.market import Hold, MarketOptions
from doxa.environments.series import TEXT_KINDS
from doxa.errors import ActionError, DataError

FIRST = date(2021, 3, 1)
ACTIONS = ("buy", "hold", "sell")
PRICES = st.lists(st.floats(0.01, 1e4), min_size=2, max_size=30)


def series(*prices: float) -> MarketSeries:
    days = tuple(Day(FIRST + timedelta(days=i), price) for i, price in enumerate(prices))
    return MarketSeries("X", days)


def playing(market: Market, *actions: str) -> list[tuple[float, float]]:
    market.reset(0)
    components = [market.step(action).components for action in actions]
    return [(part["pnl"], part["cost"]) for part in components]


def test_positions_are_set_anew_each_day() -> None:
    up, down = math.log(2), math.log(0.5)
    found = playing(Market(series(1, 2, 1, 2, 1)), "buy", "hold", "sell", "sell")
    assert found == [(pytest.approx(up), 0.0), (0.0, 0.0), (pytest.approx(-up), 0.0), (pytest.approx(-down), 0.0)]


def test_carry_keeps_the_position() -> None:
    up = pytest.approx(math.log(2))
    found = playing(Market(series(1, 2, 4, 8, 4), hold="carry", costs_bps=10), "hold", "buy", "hold", "sell")
    assert found == [(0.0, 0.0), (up, pytest.approx(-0.001)), (up, 0.0), (up, pytest.approx(-0.002))]


@given(PRICES, st.data(), st.floats(0, 100), st.sampled_from(("flat", "carry")))
def test_book_keeping(prices: list[float], data: st.DataObject, bps: float, hold: Hold) -> None:
    market = Market(series(*prices), costs_bps=bps, hold=hold)
    market.reset(0)
    position = 0
    for t in range(len(prices) - 1):
        action = data.draw(st.sampled_from(ACTIONS))
        before = position
        targets = {"buy": 1, "sell": -1, "hold": before if hold == "carry" else 0}
        change = math.log(prices[t + 1] / prices[t])
        pnl = {name: target * change for name, target in targets.items()}
        cost = {name: -bps / 1e4 * abs(target - before) for name, target in targets.items()}
        position = targets[action]
        result = market.step(action)
        assert result.components == pytest.approx({"pnl": pnl[action], "cost": cost[action]}, abs=1e-12)
        assert result.reward == pytest.approx(pnl[action] + cost[action], abs=1e-12)
        assert result.truncated == (t == len(prices) - 2)
        assert not result.terminated
        assert (result.info["date"], result.info["position"]) == (str(FIRST + timedelta(days=t)), position)
        assert (result.info["price"], result.info["next_price"]) == (prices[t], prices[t + 1])
        assert result.info["log_return"] == pytest.approx(change, abs=1e-12)
        assert result.info["hindsight"] == pytest.approx({name: pnl[name] + cost[name] for name in ACTIONS}, abs=1e-12)


def test_every_episode_starts_without_a_position() -> None:
    market = Market(series(1, 2, 3), costs_bps=10)
    assert playing(market, "buy") == playing(market, "buy")


def test_zeros_are_not_negative() -> None:
    market = Market(series(2, 1, 1))
    market.reset(0)
    components = market.step("hold").components
    assert [math.copysign(1, value) for value in components.values()] == [1, 1]


@given(PRICES, st.integers(1, 40))
def test_steps_of_an_episode(prices: list[float], max_steps: int) -> None:
    for limit, expected in ((None, len(prices) - 1), (max_steps, min(max_steps, len(prices) - 1))):
        market = Market(series(*prices), max_steps=limit)
        market.reset(0)
        steps = 0
        over = False
        while not over:
            steps, over = steps + 1, market.step("buy").over
        assert steps == market.spec.max_steps == expected


def test_the_clock() -> None:
    market = Market(series(1, 2, 3))
    assert market.reset(0).as_of == datetime(2021, 3, 1, 23, 59, 59, tzinfo=UTC)
    observation = market.step("buy").observation
    view = observation.views["prices"]
    assert view.event_time == view.known_at == observation.as_of == datetime(2021, 3, 2, 23, 59, 59, tzinfo=UTC)


def test_history_before_the_start_is_known() -> None:
    market = Market(series(4, 2, 1, 2), start="2021-03-03", end=date(2021, 3, 4))
    features = market.reset(0).views["prices"].features
    assert features["drawdown"] == -0.75
    assert features["momentum_1"] == pytest.approx(math.log(0.5), abs=1e-6)
    assert (features["close"], features["close_1"], features["close_2"]) == (1, 2, 4)


def test_spec_says_what_shapes_an_episode() -> None:
    spec = Market(series(1, 2, 3, 4), end="2021-03-03", costs_bps=5, hold="carry").spec
    assert (spec.id, spec.tags) == ("market/X", {"asset": "X", "domain": "finance"})
    assert spec.cautious is None
    assert Market(series(1, 2)).spec.cautious == "hold"
    shown = {name: spec.parameters[name] for name in ("start", "end", "hold", "costs_bps", "periods")}
    assert shown == {"start": "2021-03-01", "end": "2021-03-03", "hold": "carry", "costs_bps": 5.0, "periods": 252}
    assert "5 basis points" in spec.task
    assert "keeps the position" in spec.task


def test_data_digest_covers_the_window_and_its_history() -> None:
    def digest(*prices: float, **settings: Unpack[MarketOptions]) -> str:
        found: str = Market(series(*prices), **settings).spec.parameters["data"]
        return found

    window: MarketOptions = {"start": "2021-03-02", "end": "2021-03-03"}
    assert digest(1, 2, 3, 4, **window) == digest(1, 2, 3, 9, **window)
    assert digest(1, 2, 3, 4, **window) != digest(9, 2, 3, 4, **window)
    assert digest(1, 2, 3, 4, **window) != digest(1, 2, 9, 4, **window)
    assert digest(1, 2, 3, 4, max_steps=1) == digest(1, 2, 9, 9, max_steps=1)


def test_periods_follow_the_calendar() -> None:
    assert Market(series(*[1.0] * 5)).spec.parameters["periods"] == 252
    assert Market(series(*[1.0] * 6)).spec.parameters["periods"] == 365
    assert Market(series(*[1.0] * 6), periods=260).spec.parameters["periods"] == 260


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hold": "flatt"}, r"hold is 'flatt'; choose from carry, flat \(did you mean 'flat'\?\)"),
        ({"costs_bps": -1}, "costs_bps is -1; give basis points, 0 or more"),
        ({"costs_bps": math.nan}, "costs_bps is nan"),
        ({"max_steps": 0}, "max_steps is 0; give 1 or more"),
        ({"periods": -5}, "periods is -5; give 1 or more"),
        ({"start": "2021-3-1"}, "start is '2021-3-1'; give a date or the text YYYY-MM-DD"),
        ({"end": "tomorrow"}, "end is 'tomorrow'"),
        ({"start": "2021-03-03", "end": "2021-03-02"}, "start 2021-03-03 is after end 2021-03-02"),
        ({"end": "2031-01-01"}, "end 2031-01-01 is outside the data"),
    ],
)
def test_settings_that_cannot_be_used(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Market(series(1, 2, 3), **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"closes": 0}, "closes is 0; the least is 1"),
        ({"item_chars": 3}, "item_chars is 3; the least is 20"),
        ({"horizons": (5, 5)}, r"horizons are \(5, 5\)"),
        ({"horizons": ()}, r"horizons are \(\)"),
        ({"cvar_alpha": 1.0}, r"cvar_alpha is 1\.0"),
    ],
)
def test_view_settings_that_cannot_be_used(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        ViewSettings(**settings)


def test_sources_can_be_left_out() -> None:
    days = series(1, 2, 3).days
    told = MarketSeries("X", days, frozenset({"news", "10k"}))
    market = Market(told, sources=["filings", "prices"])
    assert [source.name for source in market.spec.sources] == ["prices", "filings"]
    assert set(market.reset(0).views) == {"prices", "filings"}
    with pytest.raises(DataError, match=r"no source 'newz' in the data; choose from filings, news, prices \(did you"):
        Market(told, sources=["newz"])
    with pytest.raises(DataError, match="no source 'news' in the data; choose from prices"):
        Market(series(1, 2), sources=["news"])
    nothing: tuple[str, ...] = ()
    for wrong in (nothing, "news"):
        with pytest.raises(
            DataError, match=r"sources is .*; give a list of one or more, or leave it out: prices, news"
        ):
            Market(told, sources=wrong)


def test_metrics_are_in_per_cent_and_by_the_markets_calendar() -> None:
    market = Market(series(*[1.0] * 6))
    rewards = [0.02, -0.01, 0.03]
    expected = measure(rewards, periods=365)
    assert market.metrics(rewards) == {
        "CR %": pytest.approx(4.0),
        "Sharpe": expected.sharpe,
        "AV %": pytest.approx(100 * (expected.annual_volatility or 0)),
        "MDD %": pytest.approx(1.0),
        "CVaR %": pytest.approx(-1.0),
    }
    assert set(market.metrics([]).values()) == {None}
    assert market.compared(0)["buy and hold"] == list(buy_and_hold(market).rewards)


def test_unknown_actions_are_refused() -> None:
    market = Market(series(1, 2, 3))
    market.reset(0)
    with pytest.raises(ActionError, match=r"'Buy' isn't allowed: choose from buy, hold, sell \(did you mean 'buy'\?\)"):
        market.step("Buy")
    assert market.step("buy").observation.step == 1


@given(PRICES, st.lists(st.sampled_from(ACTIONS), min_size=30, max_size=30), st.integers(0, 29))
def test_a_pickled_market_goes_on_from_a_snapshot(prices: list[float], actions: list[str], cut: int) -> None:
    market = Market(series(*prices), costs_bps=3, hold="carry")
    other: Market = pickle.loads(pickle.dumps(market))  # noqa: S301  our own
    market.reset(0)
    cut = min(cut, market.spec.max_steps - 1)
    for action in actions[:cut]:
        market.step(action)
    other.restore(market.snapshot())
    for action in actions[cut : market.spec.max_steps]:
        assert market.step(action) == other.step(action)


def both(prices: list[float], draw: Callable[[int], Day], cut: int) -> tuple[Market, Market]:
    """A market, and the same with everything after index ``cut`` drawn anew."""
    days = tuple(
        Day(FIRST + timedelta(days=i), p, (f"n{i}",) * (i % 3), ("k",) * (i % 5 == 1), ("q",) * (i % 4 == 2))
        for i, p in enumerate(prices)
    )
    poisoned = (*days[: cut + 1], *(draw(i) for i in range(cut + 1, len(prices))))
    settings: MarketOptions = {"costs_bps": 2, "views": ViewSettings(horizons=(1, 3), cvar_minimum=2)}
    kinds = frozenset(TEXT_KINDS)
    return Market(MarketSeries("X", days, kinds), **settings), Market(MarketSeries("X", poisoned, kinds), **settings)


TEXTS = st.lists(st.text(max_size=8), max_size=3).map(tuple)


@given(st.lists(st.floats(1e-3, 1e6), min_size=3, max_size=30), st.data())
def test_poisoned_future(prices: list[float], data: st.DataObject) -> None:
    """Prices, texts and dates after day t are drawn anew; observations up to t stay as they are, byte for byte."""
    cut = data.draw(st.integers(0, len(prices) - 2), label="t")
    price = st.floats(1e-300, 1e300)
    gap = data.draw(st.integers(0, 50), label="days by which later dates move")

    def draw(i: int) -> Day:
        news, annual, quarterly = (data.draw(TEXTS) for _ in range(3))
        return Day(FIRST + timedelta(days=i + gap), data.draw(price), news, annual, quarterly)

    market, poisoned = both(prices, draw, cut)
    assert market.reset(0) == poisoned.reset(0)
    assert market.snapshot().digest == poisoned.snapshot().digest
    for t in range(1, cut + 1):
        action = data.draw(st.sampled_from(ACTIONS))
        one, other = market.step(action), poisoned.step(action)
        assert one.observation == other.observation
        assert one.observation.digest() == other.observation.digest()
        assert one.reward == other.reward, t


def test_the_next_day_does_differ() -> None:
    """The poison of the test above works: it is seen on the first day after t."""
    market, poisoned = both([1.0, 2.0, 3.0], lambda i: Day(FIRST + timedelta(days=i), 9.0, ("x",), ("y",), ("z",)), 1)
    for each in (market, poisoned):
        each.reset(0)
    assert market.step("buy").observation == poisoned.step("buy").observation
    one, other = market.step("buy").observation.views, poisoned.step("buy").observation.views
    assert all(one[name] != other[name] for name in ("prices", "news", "filings"))


SCRIPT = """
import locale, sys
from doxa.environments import Market
assert not {"pandas", "numpy", "skfolio"} & set(sys.modules), "only from_frame imports pandas"
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass
market = Market.from_csv(sys.argv[1], costs_bps=2)
market.reset(0)
while not market.step("sell").over:
    pass
print(market.snapshot().digest, market.spec.parameters["data"])
"""


def test_digest_is_the_same_everywhere(tmp_path: Path) -> None:
    """Across hash seeds, time zones, locales, encodings and working directories."""
    path = tmp_path / "x.csv"
    rows = "\n".join(f"{FIRST + timedelta(days=i)},{100 + 7 * math.sin(i)},né à{i}" for i in range(80))
    path.write_text(f"date,price,news\n{rows}\n", encoding="utf-8")

    def run(cwd: Path, **environ: str) -> str:
        command = [sys.executable, "-c", SCRIPT, str(path)]
        return subprocess.run(
            command, cwd=cwd, env=os.environ | environ, check=True, capture_output=True, text=True
        ).stdout

    one = run(tmp_path, PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    other = run(Path.cwd(), PYTHONHASHSEED="2", TZ="<+14>-14", LC_ALL="de_DE.UTF-8")
    assert one == other
    assert len(one.split()[0]) == 64


@pytest.mark.skipif(find_spec("skfolio") is None, reason="skfolio isn't installed (extra finance)")
def test_bundled_imports_neither_skfolio_nor_pandas() -> None:
    script = (
        "import sys; from doxa.environments import Market; m = Market.bundled('KO', start='2020-01-02', "
        "end='2020-12-31'); m.reset(0); print(m.spec.max_steps, {'skfolio', 'pandas', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "252 set()"


@given(st.lists(st.integers(50, 200), min_size=25, max_size=40), st.floats(0, 50))
@settings(max_examples=30, deadline=None)
def test_rivals_rewards_are_those_of_playing_them(prices: list[int], costs: float) -> None:
    market = Market(series(*map(float, prices)), costs_bps=costs)

    def trend(seen: Observation) -> str:
        momentum = seen.views["prices"].features.get("momentum_21", 0.0)
        return "buy" if momentum > 0 else "sell" if momentum < 0 else "hold"

    compared = market.compared(0)
    assert compared["buy and hold"] == pytest.approx(buy_and_hold(market).rewards, abs=1e-12)
    assert compared["momentum 21"] == pytest.approx(play(market, trend).rewards, abs=1e-12)


def test_chance_is_drawn_by_seed_and_played_at_the_same_costs() -> None:
    market = Market(series(*[1.0, 1.1, 1.0, 1.2, 0.9, 1.0]), costs_bps=10)
    drawn = market.chance(500, 7)
    assert (drawn, list(drawn)) == (market.chance(500, 7), sorted(drawn))
    assert drawn != market.chance(500, 8)
    every = {round(math.fsum(play(market, iter_policy(actions)).rewards), 9) for actions in product(ACTIONS, repeat=5)}
    assert set(drawn) <= every


def iter_policy(actions: Sequence[str]) -> Policy:
    return lambda seen: actions[seen.step]

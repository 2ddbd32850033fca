from __future__ import annotations

import math
import re
from datetime import date, timedelta
from typing import Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.environments import Day, Market, MarketSeries, View, ViewSettings
from doxa.environments.market import MarketOptions
from doxa.environments.metrics import cvar
from doxa.environments.rendering import fixed, item, plain, signed
from doxa.environments.series import TEXT_KINDS, TextKind, clean, close_of

FIRST = date(2021, 3, 1)
NUMBER = re.compile(r"^([A-Za-z_]\w*): ([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)$", re.ASCII)
"""The line that the offline model reads numbers from (doxa.models.reading)."""


def market(*days: Day, **settings: Unpack[MarketOptions]) -> Market:
    return Market(MarketSeries("X", days, frozenset(TEXT_KINDS)), **settings)


def day(
    number: int,
    price: float = 1.0,
    news: tuple[str, ...] = (),
    annual: tuple[str, ...] = (),
    quarterly: tuple[str, ...] = (),
) -> Day:
    return Day(FIRST + timedelta(days=number), price, news, annual, quarterly)


def first_view(source: str, *days: Day, **settings: Unpack[MarketOptions]) -> View:
    return market(*days, **settings).reset(0).views[source]


def last_view(source: str, *days: Day, **settings: Unpack[MarketOptions]) -> View:
    playing = market(*days, **settings)
    playing.reset(0)
    while not (result := playing.step("buy")).over:
        pass
    return result.observation.views[source]


@given(st.lists(st.floats(1e-3, 1e7), min_size=2, max_size=90))
def test_text_and_features_carry_the_same_numbers(prices: list[float]) -> None:
    view = last_view("prices", *(day(i, price) for i, price in enumerate(prices)))
    lines = view.text.splitlines()
    shown = {m[1]: float(m[2]) for m in map(NUMBER.match, lines) if m}
    assert shown == view.features
    assert len(lines) == 1 + len(shown)


def test_what_cannot_be_worked_out_yet_is_left_out() -> None:
    days = [day(i, 100 + i % 7) for i in range(80)]

    def names(count: int) -> set[str]:
        return set(last_view("prices", *days[:count]).features) - {f"close_{k}" for k in range(1, 5)}

    assert set(first_view("prices", *days).features) == {"close", "drawdown"}
    assert names(2) == {"close", "drawdown", "momentum_1"}
    assert names(20) == {"close", "drawdown", "momentum_1", "momentum_5"}
    assert names(21) == names(20) | {"cvar"}
    assert names(22) == names(21) | {"momentum_21", "volatility_21"}
    assert names(63) == names(22)
    assert names(64) == names(22) | {"momentum_63"}


def test_figures_against_their_definitions() -> None:
    prices = [100 * math.exp(0.1 * math.sin(i * i)) for i in range(70)]
    features = last_view("prices", *(day(i, price) for i, price in enumerate(prices))).features
    returns = [math.log(prices[i] / prices[i - 1]) for i in range(1, 70)]
    window = returns[-21:]
    mean = sum(window) / 21
    assert features["momentum_21"] == pytest.approx(math.log(prices[-1] / prices[-22]), abs=1e-6)
    assert features["volatility_21"] == pytest.approx(math.sqrt(sum((r - mean) ** 2 for r in window) / 20), abs=1e-6)
    assert features["drawdown"] == pytest.approx(prices[-1] / max(prices) - 1, abs=1e-6)
    assert features["cvar"] == pytest.approx(cvar(returns, 0.01), abs=1e-6) == pytest.approx(min(returns), abs=1e-6)
    assert features["close_4"] == pytest.approx(prices[-5], rel=1e-7)


def test_a_view_of_prices_reads_like_this() -> None:
    view = last_view("prices", day(0, 10), day(1, 20), day(2, 15.5), views=ViewSettings(closes=2, horizons=(1, 2)))
    assert view.text.splitlines() == [
        "Prices of X at the close of 2021-03-03.",
        "close: 15.5",
        "close_1: 20",
        "momentum_1: -0.254892",
        "momentum_2: +0.438255",
        "drawdown: -0.225000",
    ]


def test_news_are_those_of_the_day() -> None:
    view = first_view("news", day(0, news=("one", "two")), day(1, news=("three",)))
    assert view.text.splitlines() == ["News on X of 2021-03-01.", "- one", "- two", "items: 2"]
    assert view.features == {"items": 2}
    none = last_view("news", day(0, news=("one",)), day(1))
    assert none.text.splitlines() == ["There is no news of 2021-03-02.", "items: 0"]
    assert none.known_at == close_of(date(2021, 3, 2))


def test_news_are_bounded() -> None:
    settings = ViewSettings(news_items=2, item_chars=20)
    view = first_view("news", day(0, news=("long " * 900, "short", "third")), day(1), views=settings)
    lines = view.text.splitlines()
    assert lines[1:] == ["- long long long long…", "- short", "items: 3"]
    default = first_view("news", day(0, news=("x" * 5000,) * 50), day(1))
    assert len(default.text) < 12 * 1010


def test_a_filing_stays_until_the_next_of_its_kind() -> None:
    playing = market(
        day(0),
        day(1, annual=("first annual",)),
        day(2, quarterly=("first", "quarterly")),
        day(3, annual=("second annual",)),
        day(4),
    )
    assert playing.reset(0).views["filings"].text.splitlines() == [
        "Filings of X known so far.",
        "No 10-K so far.",
        "No 10-Q so far.",
    ]
    views = [playing.step("buy").observation.views["filings"] for _ in range(4)]
    assert "10-K of 2021-03-02:\n- first annual\nNo 10-Q so far." in views[0].text
    assert views[1].known_at == views[1].event_time == close_of(date(2021, 3, 3))
    assert views[3].text.splitlines() == [
        "Filings of X known so far.",
        "10-K of 2021-03-04:",
        "- second annual",
        "10-Q of 2021-03-03:",
        "- first quarterly",
        "days_since_10k: 1",
        "days_since_10q: 2",
    ]
    assert views[3].features == {"days_since_10k": 1, "days_since_10q": 2}
    assert views[3].known_at == close_of(date(2021, 3, 4))


def test_filings_before_the_start_are_known_and_bounded() -> None:
    settings = ViewSettings(filing_chars=25)
    days = [day(0, annual=("year",), quarterly=("word " * 50, "more " * 50)), day(1), day(2)]
    view = first_view("filings", *days, start="2021-03-02", views=settings)
    assert view.text.splitlines()[1:-2] == [
        "10-K of 2021-03-01:",
        "- year",
        "10-Q of 2021-03-01:",
        "- word word word word word…",
    ]


def test_sources_exist_only_with_their_columns() -> None:
    days = (day(0), day(1))

    def sources(*kinds: TextKind) -> list[tuple[str, bool]]:
        spec = Market(MarketSeries("X", days, frozenset(kinds))).spec
        return [(source.name, source.trusted) for source in spec.sources]

    assert sources() == [("prices", True)]
    assert sources("news") == [("prices", True), ("news", False)]
    assert sources("10q", "news") == [("prices", True), ("news", False), ("filings", False)]


@given(st.lists(st.text(st.characters(exclude_categories=()), min_size=1, max_size=60), max_size=4))
def test_no_item_can_forge_a_line(items: list[str]) -> None:
    cleaned = tuple(text for text in map(clean, items) if text)
    view = first_view("news", day(0, news=cleaned), day(1))
    lines = view.text.splitlines()
    assert len(lines) == 2 + len(cleaned)
    assert all(line.startswith("- ") for line in lines[1:-1])


def test_numbers_as_text() -> None:
    assert [signed(value) for value in (0.0123, -0.5, -1e-9, 0.0)] == [
        "+0.012300",
        "-0.500000",
        "+0.000000",
        "+0.000000",
    ]
    assert [fixed(value) for value in (0.0123, -0.5, -1e-9)] == ["0.012300", "-0.500000", "0.000000"]
    assert [plain(value) for value in (0.264, 28177.98412, 1e12)] == ["0.264", "28177.984", "1e+12"]
    assert item("abc", 3) == "- abc"
    assert item("abcd", 3) == "- ab…"

"""Masking: nothing that names the asset or the time is left, and nothing else changes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.environments import Day, Market, MarketSeries, Portfolio, PortfolioSettings
from doxa.environments.allocation import EqualSplit
from doxa.environments.masking import masked
from doxa.errors import DataError

TEXTS = ("Tesla's profit rises in 2023; TSLA up 5 %.", "elon musk sold 20190 shares of TESLA, Inc. in Q3 2022.")


def series(first: date = date(2022, 1, 3), days: int = 30) -> MarketSeries:
    found = tuple(Day(first + timedelta(days=k), 100.0 + k, news=TEXTS) for k in range(days))
    return MarketSeries("TSLA", found, frozenset({"news"}))


def test_names_and_years_are_covered_and_other_words_stay() -> None:
    day = masked(series(), ["Tesla", "Elon Musk"]).days[0]
    assert day.news == (
        "ASSET profit rises in YEAR; ASSET up 5 %.",
        "ASSET sold 20190 shares of ASSET, Inc. in Q3 YEAR.",
    )


@given(st.dates(date(1990, 1, 1), date(2024, 1, 1)))
def test_days_move_by_whole_weeks_into_the_year_2000(first: date) -> None:
    before, after = series(first), masked(series(first))
    assert date(1999, 12, 27) < after.days[0].date <= date(2000, 1, 9)
    moves = {a.date - b.date for a, b in zip(after.days, before.days, strict=True)}
    assert len(moves) == 1
    assert all(a.date.weekday() == b.date.weekday() for a, b in zip(after.days, before.days, strict=True))
    assert [d.price for d in after.days] == [d.price for d in before.days]


def test_no_prompt_of_a_masked_market_names_asset_or_time() -> None:
    market = Market(series(), start="2022-01-05", end="2022-01-20", masked=["Tesla", "Elon Musk"])
    seen, texts = market.reset(0), [market.spec.id, market.spec.task, str(market.spec.tags)]
    texts += [source.description for source in market.spec.sources]
    over = False
    while not over:
        texts += [view.text for view in seen.views.values()] + [str(seen.as_of)]
        result = market.step("buy")
        seen, over = result.observation, result.over
    assert not re.search(r"tsla|tesla|musk|202\d", "\n".join(texts), re.IGNORECASE)


def test_rewards_are_those_of_the_unmasked_market() -> None:
    plain, hidden = Market(series()), Market(series(), masked=[])
    assert plain.compared(0) == hidden.compared(0)
    assert (hidden.spec.id, hidden.spec.parameters["periods"]) == ("market/ASSET", plain.spec.parameters["periods"])


def test_a_masked_portfolio_keeps_its_rewards_and_names_nobody() -> None:
    other = replace(series(date(2022, 1, 10)), asset="GM")
    plain, hidden = (
        Portfolio([series(), other], settings=PortfolioSettings(allocation=EqualSplit()), masked=masked)
        for masked in (False, True)
    )
    assert hidden.assets == ("ASSET1", "ASSET2")
    assert plain.compared(0) == hidden.compared(0)
    seen = hidden.reset(0)
    text = "\n".join(view.text for view in seen.views.values())
    assert "2000-01-03" in text
    assert not re.search(r"TSLA|\bGM\b|202\d", text)


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(DataError, match="empty"):
        Market(series(), masked=["Tesla", " "])


def test_masking_is_the_same_for_training_and_test_windows() -> None:
    train = Market(series(), start="2022-01-03", end="2022-01-12", masked=[])
    test = Market(replace(series()), start="2022-01-13", end="2022-01-25", masked=[])
    assert train.spec.parameters["end"] < test.spec.parameters["start"]

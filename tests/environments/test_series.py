from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.environments.series import Day, MarketSeries, Window, clean, close_of, parse_date
from doxa.errors import DataError

MONDAY = date(2020, 1, 6)


def series(*prices: float, first: date = MONDAY) -> MarketSeries:
    days = tuple(Day(first + timedelta(days=i), price) for i, price in enumerate(prices))
    return MarketSeries("X", days, origin="x.csv")


def test_close_is_the_last_second_of_the_day_in_utc() -> None:
    assert close_of(MONDAY) == datetime(2020, 1, 6, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["2020-01-06", " 2020-01-06 ", MONDAY, datetime(2020, 1, 6, 23, tzinfo=timezone(timedelta(hours=-9)))]
)
def test_dates_in_every_form(value: object) -> None:
    assert parse_date(value) == MONDAY


@pytest.mark.parametrize(
    "value", ["2020-13-01", "2020-1-6", "20200106", "2020-W02-1", "06.01.2020", "", None, 5, "２０２０-01-06"]
)
def test_what_is_no_date(value: object) -> None:
    assert parse_date(value) is None


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_clean_text_is_one_line_of_utf8(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned.splitlines()) <= 1
    assert cleaned == cleaned.strip()
    cleaned.encode()
    assert clean(cleaned) == cleaned


def test_clean_keeps_words_apart() -> None:
    assert clean("one\r\n\ttwo\u2028three\x00four\x1b") == "one two three four"


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf"), float("-inf")])
def test_prices_are_finite_and_above_zero(price: float) -> None:
    with pytest.raises(DataError, match=rf"x.csv: the price of 2020-01-07 is {price}; prices are finite .* above zero"):
        series(1.0, price, 2.0)


def test_order_and_duplicates() -> None:
    one, two = Day(MONDAY, 1.0, line=2), Day(MONDAY + timedelta(days=1), 1.0, line=3)
    with pytest.raises(DataError, match=r"x.csv: line 2 \(2020-01-06\) comes after line 3 \(2020-01-07\); sort"):
        MarketSeries("X", (two, one), origin="x.csv")
    with pytest.raises(DataError, match=r"x.csv: line 2 \(2020-01-06\) is there twice; keep one"):
        MarketSeries("X", (one, one, two), origin="x.csv")
    with pytest.raises(DataError, match=r"x.csv: no prices in it"):
        MarketSeries("X", (), origin="x.csv")


def test_window_takes_the_price_days_within() -> None:
    days = tuple(Day(day, 1.0) for day in (date(2020, 1, 3), date(2020, 1, 6), date(2020, 1, 7)))
    asset = MarketSeries("X", days, origin="x.csv")
    assert asset.window(None, None) == Window(0, 2)
    assert asset.window(date(2020, 1, 4), None) == Window(1, 2)
    assert asset.window(None, date(2020, 1, 6)) == Window(0, 1)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (date(2020, 1, 8), date(2020, 1, 7), r"start 2020-01-08 is after end 2020-01-07; exchange them"),
        (date(2019, 1, 1), None, r"start 2019-01-01 is outside the data; choose 2020-01-06\.\.2020-01-08"),
        (date(2021, 1, 1), None, r"start 2021-01-01 is outside the data; choose 2020-01-06\.\.2020-01-08"),
        (None, date(2021, 1, 1), r"end 2021-01-01 is outside the data; choose 2020-01-06\.\.2020-01-08"),
        (MONDAY, MONDAY, r"2020-01-06\.\.2020-01-06 holds 1 price\(s\) and an episode needs two or more; widen"),
    ],
)
def test_windows_that_cannot_be_played(start: date | None, end: date | None, message: str) -> None:
    with pytest.raises(DataError, match=rf"^x.csv: {message}"):
        series(1.0, 2.0, 3.0).window(start, end)


def test_digest_covers_what_is_visible_and_no_more() -> None:
    asset = series(1.0, 2.0, 3.0)
    assert asset.digest(1) == series(1.0, 2.0, 9.0).digest(1) == series(1.0, 2.0).digest(1)
    assert asset.digest(2) != series(1.0, 2.0, 9.0).digest(2)
    told = MarketSeries("X", (*asset.days[:2], Day(asset.days[2].date, 3.0, news=("n",))), origin="x.csv")
    assert told.digest(2) != asset.digest(2)
    assert told.digest(1) == asset.digest(1)

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from doxa.environments.exchange import CRYPTO, US, exchange, us_holidays
from doxa.errors import DataError


def test_the_close_moves_with_daylight_saving() -> None:
    assert US.closing(date(2021, 3, 12)) == datetime(2021, 3, 12, 21, tzinfo=UTC)
    assert US.closing(date(2021, 3, 15)) == datetime(2021, 3, 15, 20, tzinfo=UTC)
    assert US.closing(date(2021, 11, 5)) == datetime(2021, 11, 5, 20, tzinfo=UTC)
    assert US.closing(date(2021, 11, 8)) == datetime(2021, 11, 8, 21, tzinfo=UTC)


def test_a_crypto_day_ends_at_midnight() -> None:
    assert CRYPTO.closing(date(2023, 4, 5)) == datetime(2023, 4, 6, tzinfo=UTC)
    assert CRYPTO.opens(date(2023, 4, 8))


def test_any_other_exchange_by_zone_and_time() -> None:
    london = exchange("Europe/London@16:30")
    assert london.closing(date(2021, 7, 1)) == datetime(2021, 7, 1, 15, 30, tzinfo=UTC)
    assert not london.opens(date(2021, 7, 3))


@pytest.mark.parametrize("name", ["nyse", "Europe/Lundon@16:30", "Europe/London@25:00", "London", "../etc@10:00", ""])
def test_an_unknown_exchange_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="choose us"):
        exchange(name)


def test_the_holidays_of_new_york() -> None:
    told = "2021-01-01 2021-01-18 2021-02-15 2021-04-02 2021-05-31 2021-07-05 2021-09-06 2021-11-25 2021-12-24"
    assert sorted(map(str, us_holidays(2021))) == told.split()
    assert date(2021, 12, 31) not in us_holidays(2021)
    assert date(2022, 6, 20) in us_holidays(2022)
    assert date(2023, 1, 2) in us_holidays(2023)
    assert date(2012, 10, 29) in us_holidays(2012)


def test_the_bundled_prices_are_those_of_the_open_days() -> None:
    """skfolio's 33 years of closes agree with the calendar on every day."""
    pytest.importorskip("skfolio", reason="compares with the prices of the extra 'finance'")
    from doxa.environments.loaders import bundled

    days = {day.date for day in bundled("AAPL").days}
    assert days == set(US.open_days(min(days), max(days)))

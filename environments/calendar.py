"""Several assets on one calendar: what each of them shows on every day that any of them has a price."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from ..errors import DataError
from .series import MarketSeries


@dataclass(frozen=True)
class Aligned:
    """Assets side by side.

    Attributes:
        days: All price days of any asset from the first on which all have one.
        series: The assets, each with a day for every one of ``days``: where it has no price, the last one it had, and
            no texts.
        last_seen: For each asset and day, the date of the price that is shown.
    """

    days: tuple[date, ...]
    series: tuple[MarketSeries, ...]
    last_seen: tuple[tuple[date, ...], ...]

    def missing(self, asset: int, at: int) -> date | None:
        """If an asset has no price of a day, the date of the one that is used; else ``None``."""
        seen = self.last_seen[asset][at]
        return None if seen == self.days[at] else seen


def aligned(series: Sequence[MarketSeries]) -> Aligned:
    """Put assets on one calendar.

    Raises:
        DataError: There are fewer than two, two have one name, or they have no day in common to start from.
    """
    names = [s.asset for s in series]
    if len(names) < 2 or len(set(names)) < len(names):
        raise DataError(f"a portfolio of {', '.join(names) or 'nothing'}: give two or more assets with different names")
    series = [_plain(s) for s in series]
    first = max(s.days[0].date for s in series)
    early = [s.asset for s in series if s.days[-1].date < first]
    if early:
        raise DataError(f"the prices of {', '.join(early)} end before {first}, when the last of the others begins")
    days = sorted({day.date for s in series for day in s.days if day.date >= first})
    found = [_shown(s, days) for s in series]
    return Aligned(tuple(days), tuple(f.series for f in found), tuple(f.dates for f in found))


def _plain(series: MarketSeries) -> MarketSeries:
    """Prices that were restated, as by a split, linked by the changes that each day knew of; texts of a day alone."""
    if type(series) is MarketSeries:
        return series
    prices = [series.price(0, 0)]
    for at in range(1, len(series.days)):
        prices.append(prices[-1] * series.price(at, at) / series.price(at - 1, at))
    days = tuple(replace(day, price=price) for day, price in zip(series.days, prices, strict=True))
    return MarketSeries(series.asset, days, series.texts, series.origin)


@dataclass(frozen=True)
class _Shown:
    series: MarketSeries
    dates: tuple[date, ...]


def _shown(series: MarketSeries, days: Sequence[date]) -> _Shown:
    dates = [day.date for day in series.days]
    latest = [series.days[bisect_right(dates, day) - 1] for day in days]
    filled = tuple(
        known if known.date == day else replace(known, date=day, news=(), annual=(), quarterly=())
        for day, known in zip(days, latest, strict=True)
    )
    return _Shown(replace(series, days=filled), tuple(known.date for known in latest))

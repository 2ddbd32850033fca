"""The days of one asset as a store knows them, with everything else that became known in between."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal, get_args

from ..errors import DataError, options
from .data import MarketData
from .datum import Datum, Kind
from .exchange import exchange
from .protocol import json_digest
from .series import Day, MarketSeries
from .timeline import Timeline

Column = Literal["close", "adjusted"]
TEXTUAL: tuple[Kind, ...] = ("news", "filing", "call", "report")


@dataclass(frozen=True)
class Vintage:
    """The prices as they were known from one day on.

    Attributes:
        first: Index of the first day on whose close they were so known.
        prices: Of all days; those of days to come are what their own closes will first say.
    """

    first: int
    prices: tuple[float, ...]


@dataclass(frozen=True)
class StoredSeries(MarketSeries):
    """A :class:`~doxa.environments.series.MarketSeries` that a store stands behind.

    ``days`` are those whose price was known by their close, with the price first known. What was restated later counts
    from the first close after that on. Closes that a stored split moves are divided by it from its day on.

    Attributes:
        moments: The close of each day.
        vintages: Prices as known from then on, the first one from day 0.
        splits: Ratios by index of the day from which on earlier closes are divided by them.
        missing: For each day the days before it, since the last one, that should have had a price and had none.
        timelines: Texts by kind.
    """

    moments: tuple[datetime, ...] = ()
    vintages: tuple[Vintage, ...] = ()
    splits: Mapping[int, float] = field(default_factory=dict)
    missing: tuple[tuple[date, ...], ...] = ()
    timelines: Mapping[Kind, Timeline] = field(default_factory=dict)

    def moment(self, at: int) -> datetime:
        """The close of the day with index ``at``."""
        return self.moments[at]

    def price(self, at: int, on: int) -> float:
        """The price of day ``at`` as it was known on day ``on``."""
        return next(vintage for vintage in reversed(self.vintages) if vintage.first <= on).prices[at]

    def notes(self, at: int) -> tuple[str, ...]:
        """Says which prices are missing before the day with index ``at``, and whether the asset was split on it."""
        found = []
        if self.missing[at]:
            days = ", ".join(map(str, self.missing[at]))
            found.append(
                f"Gap in the data: no price was known by the close of {days}; changes since then span the gap."
            )
        if at in self.splits:
            found.append(f"A {self.splits[at]:g}-for-1 split took effect; earlier closes are divided by it.")
        return tuple(found)

    def digest(self, last: int) -> str:
        """A sha256 over everything known at the close of the day with index ``last``."""
        seen = [[v.first, v.prices[: last + 1]] for v in self.vintages if v.first <= last]
        dates = [day.date.isoformat() for day in self.days[: last + 1]]
        told = [[kind, [d.digest() for d in line.at(self.moment(last)).data]] for kind, line in self.timelines.items()]
        return json_digest([self.asset, dates, seen, told])


def stored_series(
    store: MarketData, ticker: str, *, as_of: datetime | None = None, price: Column | None = None
) -> StoredSeries:
    """The price days of an asset that are known at a moment.

    Args:
        store: Where they are.
        ticker: The asset.
        as_of: By default the latest moment that the store can speak of.
        price: Closes, or closes adjusted for splits and dividends; by default adjusted ones if the first day has one.

    Raises:
        DataError: Nothing is known of it, its prices are in several currencies, or ``as_of`` is the store's future.
    """
    if price is not None and price not in get_args(Column):
        raise DataError(f"Market: price is {price!r}; {options(price, get_args(Column))}")
    moment = as_of or store.latest
    if moment is None:
        raise DataError(f"{store.folder}: an empty store; fill it with doxa data fetch --store {store.folder}")
    known = store.known("price", ticker, as_of=moment)
    origin = f"{store.folder}, {ticker}"
    _one_currency(known.data, origin)
    column = price or _column(known.data)
    firsts = _firsts(known.data)
    kept = [datum for datum in firsts if datum.known_at <= datum.event_time and datum.number(column) is not None]
    days = tuple(Day(date.fromisoformat(datum.key), datum.number(column) or 0.0) for datum in kept)
    moments = tuple(datum.event_time for datum in kept)
    if any(later <= earlier for earlier, later in pairwise(moments)):
        raise DataError(f"{origin}: two closes at one moment; keep one exchange per ticker: doxa data check")
    versions = _restated(known.data, kept, moments, column)
    splits = _splits(store.known("split", ticker, as_of=moment).data, moments)
    history = _history(kept, column, versions, splits)
    return StoredSeries(
        ticker,
        days,
        frozenset(),
        origin,
        moments,
        history.vintages,
        history.splits,
        _missing(firsts, kept),
        {kind: store.known(kind, ticker, as_of=moment) for kind in TEXTUAL},
    )


def _one_currency(data: Iterable[Datum], origin: str) -> None:
    currencies = sorted({datum.text("currency") for datum in data} - {""})
    if len(currencies) > 1:
        raise DataError(
            f"{origin}: prices in {' and '.join(currencies)}; fetch the ticker in one currency into a store of its own"
        )


def _column(data: Sequence[Datum]) -> Column:
    return "adjusted" if data and data[0].number("adjusted") is not None else "close"


def _firsts(data: Iterable[Datum]) -> list[Datum]:
    """The first known version of each day, in order of the days."""
    found: dict[str, Datum] = {}
    for datum in data:
        found.setdefault(datum.key, datum)
    return [found[key] for key in sorted(found)]


@dataclass(frozen=True)
class _History:
    """All vintages, and the splits that earlier closes had to be divided by."""

    vintages: tuple[Vintage, ...]
    splits: Mapping[int, float]


def _history(
    kept: Sequence[Datum], column: Column, restated: Mapping[int, Mapping[int, float]], splits: Mapping[int, float]
) -> _History:
    """One more vintage for every close since the last of which a price was restated or the asset was split."""
    prices = [datum.number(column) or 0.0 for datum in kept]
    found, applied = [Vintage(0, tuple(prices))], {}
    for first in sorted({*restated, *splits}):
        for at, value in restated.get(first, {}).items():
            prices[at] = value
        if first in splits and _moves(prices[first - 1], prices[first], splits[first]):
            prices[:first] = [price / splits[first] for price in prices[:first]]
            applied[first] = splits[first]
        found.append(Vintage(first, tuple(prices)))
    return _History(tuple(found), applied)


def _moves(before: float, after: float, ratio: float) -> bool:
    """Whether a change of price is nearer to a split than to none; closes adjusted for it don't move with it."""
    change = math.log(after) - math.log(before)
    return abs(change + math.log(ratio)) < abs(change)


def _restated(
    data: Iterable[Datum], kept: Sequence[Datum], moments: Sequence[datetime], column: Column
) -> dict[int, dict[int, float]]:
    """By index of the first close at which they are known: prices by index of their day."""
    index = {datum.key: at for at, datum in enumerate(kept)}
    changes: dict[int, dict[int, float]] = defaultdict(dict)
    for datum in data:
        at, value = index.get(datum.key), datum.number(column)
        if at is None or value is None or datum is kept[at]:
            continue
        effective = bisect_left(moments, datum.known_at)
        if effective < len(moments):
            changes[effective][at] = value
    return changes


def _splits(data: Iterable[Datum], moments: Sequence[datetime]) -> dict[int, float]:
    """Ratios by index of the first close at which they are known; the first day has nothing before it to divide."""
    found = {}
    for datum in _firsts(data):
        at, ratio = bisect_left(moments, datum.known_at), datum.number("ratio")
        if 0 < at < len(moments) and ratio is not None:
            found[at] = ratio
    return found


def _missing(firsts: Sequence[Datum], kept: Sequence[Datum]) -> tuple[tuple[date, ...], ...]:
    """For each kept day the days since the last one that the exchange was open or the source named, without a price."""
    named = [(date.fromisoformat(datum.key), datum.known_at) for datum in firsts]
    days = [date.fromisoformat(datum.key) for datum in kept]
    found: list[tuple[date, ...]] = [()] if days else []
    for (before, day), datum in zip(pairwise(days), kept[1:], strict=True):
        place = exchange(datum.text("exchange") or "us")
        between = [before + timedelta(days=n) for n in range(1, (day - before).days)]
        told = {day for day, known_at in named if known_at <= datum.event_time} if between else set()
        found.append(tuple(d for d in between if d in told or (place.holidays and place.opens(d))))
    return tuple(found)

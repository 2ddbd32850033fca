"""What is wrong, missing or odd in a store."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Literal

from ..errors import DataError
from .data import MarketData
from .datum import KINDS, Kind
from .exchange import Exchange, exchange
from .parsing import short
from .series import parse_date

RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 50.0)
"""Splits that a jump of prices is compared with, forward and reverse."""

NEAR = 0.06
"""How far a jump may be from a split's ratio, as a log return; a usual day's move on top of it."""

LARGE = math.log(1.4)
TAIL = 5
"""Trading days after which a ticker that stays behind the others counts as ended."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing to know about a store.

    Attributes:
        status: ``fail`` for what is wrong, ``warn`` for what may be.
        kind: Of the data; empty if it concerns several.
        ticker: The asset; empty if it concerns several.
        told: What was found.
        remedy: What to do.
    """

    status: Literal["fail", "warn"]
    kind: str
    ticker: str
    told: str
    remedy: str


def check(store: MarketData) -> tuple[Finding, ...]:
    """Look through everything in a store; an empty result is a clean one."""
    findings: list[Finding] = []
    prices: dict[str, Sequence[Row]] = {}
    for kind in KINDS:
        for ticker in store.tickers(kind):
            try:
                rows = store.rows(kind, ticker)
            except DataError as error:
                findings.append(Finding("fail", kind, ticker, str(error), "Delete the file and fetch its data again."))
                continue
            findings += _times(kind, ticker, rows)
            findings += _gaps(ticker, rows) if kind == "filing" else ()
            if kind == "price":
                prices[ticker] = rows
    open_days = _open_days(prices)
    splits = {ticker: _splits(store, ticker) for ticker in prices}
    for ticker, priced in prices.items():
        findings += _prices(ticker, priced, open_days[_exchange(priced)], splits[ticker])
    return (*findings, *_currencies(prices))


def _times(kind: Kind, ticker: str, rows: Sequence[Row]) -> Iterator[Finding]:
    """Moments that are missing, the wrong way round, or there twice."""
    unknown = sum(row["known_at"] is None or row["event_time"] is None for row in rows)
    if unknown:
        remedy = "Nobody can say when they may be seen, so they never are; fetch them again."
        yield Finding("fail", kind, ticker, f"{unknown} without known_at or event_time", remedy)
    timed = [row for row in rows if row["known_at"] is not None and row["event_time"] is not None]
    early = [row for row in timed if row["known_at"] < row["event_time"]]
    if early:
        told = f"{len(early)} known before they happened, {_some(row['key'] for row in early)}"
        yield Finding("fail", kind, ticker, told, "Correct known_at in their source, delete the file, fetch again.")
    counts = Counter((row["key"], row["known_at"]) for row in timed)
    twice = [key for (key, _), count in counts.items() if count > 1]
    if twice:
        told = f"{len(twice)} there twice with one known_at, {_some(twice)}"
        yield Finding("fail", kind, ticker, told, "Delete the file and fetch its data again.")


def _gaps(ticker: str, rows: Sequence[Row]) -> Iterator[Finding]:
    empty = sorted({row["key"] for row in rows if not row["text"]})
    if empty:
        remedy = "Agents are told of the gap; look at the filing if you need its text."
        yield Finding("warn", "filing", ticker, f"{len(empty)} without a text, {_some(empty)}", remedy)


def _prices(
    ticker: str, rows: Sequence[Row], open_days: Sequence[date], splits: Mapping[date, float]
) -> Iterator[Finding]:
    newest = _newest(rows)
    empty = [day for day, row in newest.items() if _value(row, "close") is None and _value(row, "adjusted") is None]
    if empty:
        remedy = "Agents are told of the gap; fetch again later, or give the closes in a CSV."
        yield Finding("warn", "price", ticker, f"{len(empty)} days without a close (NaN), {_some(empty)}", remedy)
    if not newest:
        return
    first, last = min(newest), max(newest)
    missing = [day for day in open_days if first <= day <= last and day not in newest]
    if missing:
        told = f"{len(missing)} exchange days missing, {_some(missing)}"
        yield Finding("warn", "price", ticker, told, "Agents are told of the gap; fetch those days again.")
    behind = len(open_days) - bisect_right(open_days, last)
    if behind > TAIL:
        told = f"ends on {last}, {behind} trading days before others on its exchange: delisted, or not fetched"
        yield Finding("warn", "price", ticker, told, f"Fetch it again, or end its episodes by {last}.")
    yield from _jumps(ticker, newest, splits)
    currencies = sorted({row["currency"] for row in rows if row["currency"]})
    if len(currencies) > 1:
        remedy = "Fetch it in one currency into a store of its own."
        yield Finding("fail", "price", ticker, f"prices in {' and '.join(currencies)}", remedy)


def _jumps(ticker: str, newest: Mapping[date, Row], splits: Mapping[date, float]) -> Iterator[Finding]:
    """Days on which prices move like a split that isn't stored; for one that is, markets correct earlier closes."""
    adjusted = any(_value(row, "adjusted") is not None for row in newest.values())
    seen = [(day, _value(row, "adjusted" if adjusted else "close")) for day, row in sorted(newest.items())]
    for (_, before), (day, after) in pairwise([(day, price) for day, price in seen if price]):
        move = math.log(after or 1.0) - math.log(before or 1.0)
        ratio = next((ratio for ratio in RATIOS if abs(abs(move) - math.log(ratio)) < NEAR), None)
        stored = splits.get(day)
        accounted = stored is not None and abs(move + math.log(stored)) < abs(move)
        if ratio is None or abs(move) < LARGE - NEAR or accounted:
            continue
        told = f"moves by {math.expm1(move):+.0%} on {day}, like a {ratio:g}:1 {'reverse ' if move > 0 else ''}split"
        remedy = "No such split is stored: fetch again with splits, or give adjusted closes."
        yield Finding("warn", "price", ticker, told, remedy)


def _currencies(prices: Mapping[str, Sequence[Row]]) -> Iterator[Finding]:
    """Assets in several currencies, which a portfolio can't add up."""
    by: dict[str, list[str]] = defaultdict(list)
    for ticker, rows in prices.items():
        for currency in sorted({row["currency"] for row in rows if row["currency"]}):
            by[currency].append(ticker)
    if len(by) > 1:
        told = "; ".join(f"{currency}: {', '.join(tickers)}" for currency, tickers in sorted(by.items()))
        yield Finding(
            "warn", "price", "", f"several currencies: {told}", "Don't put them into one portfolio as they are."
        )


def _open_days(prices: Mapping[str, Sequence[Row]]) -> dict[str, list[date]]:
    """By exchange the days that should have prices: by its calendar, or else those on which any asset has one."""
    days: dict[str, set[date]] = defaultdict(set)
    for rows in prices.values():
        days[_exchange(rows)] |= set(_newest(rows))
    found = {}
    for name, those in days.items():
        place = _place(name)
        known = place.open_days(min(those), max(those)) if place and place.holidays and those else those
        found[name] = sorted(known)
    return found


def _newest(rows: Iterable[Row]) -> dict[date, Row]:
    """By day the version known last."""
    timed = [row for row in rows if row["known_at"] is not None]
    dated = ((parse_date(row["key"]), row) for row in sorted(timed, key=_known))
    return {day: row for day, row in dated if day is not None}


def _known(row: Row) -> datetime:
    known: datetime = row["known_at"]
    return known


def _splits(store: MarketData, ticker: str) -> dict[date, float]:
    try:
        rows = [(parse_date(row["key"]), row["ratio"]) for row in store.rows("split", ticker)]
    except DataError:
        return {}
    return {day: ratio for day, ratio in rows if day is not None and ratio is not None and ratio > 0}


def _exchange(rows: Sequence[Row]) -> str:
    return next((row["exchange"] for row in rows if row["exchange"]), "us")


def _place(name: str) -> Exchange | None:
    try:
        return exchange(name)
    except DataError:
        return None


def _value(row: Row, name: str) -> float | None:
    value = row[name]
    return value if value is not None and math.isfinite(value) and value > 0 else None


def _some(things: Iterable[object]) -> str:
    """The first few."""
    shown = [str(thing) for thing in things]
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "") if shown else short(None)

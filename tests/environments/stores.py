"""Data made up for tests of the store: every kind, seeded."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from doxa.environments.data import MarketData
from doxa.environments.datum import Batch, Datum
from doxa.environments.exchange import US

NOW = datetime(2024, 1, 3, 12, tzinfo=UTC)
DAYS = list(US.open_days(date(2021, 3, 1), date(2021, 4, 16)))
SOURCES = ("prices", "news", "filings", "filings_10k", "filings_10q", "calls", "reports")


def price(day: date, close: float, known_at: datetime | None = None, **values: float | str) -> Datum:
    closing = US.closing(day)
    told = {"close": close, "currency": "USD", "exchange": "us", **values}
    return Datum("price", "ACME", str(day), closing, known_at or closing, told, "test")


def text(kind: str, key: str, known_at: datetime, **values: str) -> Datum:
    return Datum(kind, "ACME", key, known_at, known_at, values, "test")  # type: ignore[arg-type]


def everything(seed: int = 0) -> list[Datum]:
    """Prices with restatements and a split, news around the clock, filings, calls and reports."""
    rng = random.Random(seed)
    level, found = 100.0, []
    for number, day in enumerate(DAYS):
        level *= 1 + rng.gauss(0, 0.02)
        found.append(price(day, level, adjusted=level / 2))
        moment = US.closing(day) + timedelta(minutes=rng.randrange(-900, 500))
        found += [
            text("news", f"n{number}-{count}", moment, title=f"Item {count}", text=f"growth of {day}")
            for count in range(rng.randrange(3))
        ]
        if rng.random() < 0.1:
            late = US.closing(day) + timedelta(days=rng.randrange(1, 20), hours=1)
            found.append(price(day, level * 1.01, late, adjusted=level / 2.02))
        if number % 6 == 3:
            form = ("10-K", "10-Q")[number // 6 % 2]
            found.append(text("filing", f"f{number}", moment, form=form, text=f"discussion of {day}"))
            found.append(text("call", f"c{number}", moment, title="Call", text=f"said on {day}"))
        if number % 9 == 2:
            found.append(text("report", f"r{number}", moment, title="Report", text=f"rated on {day}"))
    found.append(Datum("split", "ACME", str(DAYS[9]), US.closing(DAYS[9]), US.closing(DAYS[9]), {"ratio": 2.0}))
    found.append(Datum("dividend", "ACME", str(DAYS[7]), US.closing(DAYS[7]), US.closing(DAYS[7]), {"amount": 0.2}))
    return found


def store_of(folder: Path, data: Iterable[Datum]) -> MarketData:
    store = MarketData(folder, create=True)
    store.add(Batch(tuple(data), NOW, dated=True))
    return store


def poisoned(data: Iterable[Datum], moment: datetime, rng: random.Random) -> list[Datum]:
    """The same up to a moment; whatever was known later says something else, and more of everything is added."""
    data = list(data)
    found = [datum if datum.known_at <= moment else _wrong(datum, rng) for datum in data]
    for datum in data:
        if datum.known_at <= moment and rng.random() < 0.5:
            late = moment + timedelta(seconds=rng.randrange(1, 10**7))
            found.append(replace(_wrong(datum, rng), known_at=late))
    return found


def _wrong(datum: Datum, rng: random.Random) -> Datum:
    numbers = {name: value * rng.uniform(0.1, 9) for name, value in datum.values.items() if isinstance(value, float)}
    texts = {name: f"POISON {rng.random()}" for name in ("title", "text") if name in datum.values}
    return replace(datum, values={**datum.values, **numbers, **texts})

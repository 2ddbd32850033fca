"""One thing that was learnt at one moment: a close, a split, an article, a filing."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from ..errors import DataError, options

Kind = Literal["price", "dividend", "split", "news", "filing", "call", "report"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Value: TypeAlias = float | str | None

NUMBERS: Mapping[Kind, tuple[str, ...]] = {
    "price": ("close", "adjusted"),
    "dividend": ("amount",),
    "split": ("ratio",),
    "news": (),
    "filing": (),
    "call": (),
    "report": (),
}
"""The values of each kind that are numbers. ``adjusted`` is the close adjusted for splits and dividends."""

TEXTS: Mapping[Kind, tuple[str, ...]] = {
    "price": ("currency", "exchange"),
    "dividend": ("currency",),
    "split": (),
    "news": ("title", "text", "publisher"),
    "filing": ("form", "text", "gap", "url"),
    "call": ("title", "text", "publisher"),
    "report": ("title", "text", "publisher"),
}
"""The values that are texts. ``gap`` says why a filing's text is missing."""

TOLERANCE = 1e-6
"""Numbers nearer to each other than this share of their size are the same: suppliers round anew from day to day."""

_TICKER = re.compile(r"[A-Z0-9^=][A-Z0-9^=._\-]{0,31}", re.ASCII)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Datum:
    """One version of one thing.

    Attributes:
        kind: What it is.
        ticker: The asset it is about.
        key: Which one of its kind: the day of a price, a filing's accession number. Versions of it share the key.
        event_time: When it happened, in UTC.
        known_at: From when on it could be known, in UTC; never before ``event_time``.
        values: The kind's numbers and texts; what isn't known is ``None``.
        source: Where it came from.

    Raises:
        DataError: A time is naive, it was known before it happened, or a value doesn't belong to the kind.
    """

    kind: Kind
    ticker: str
    key: str
    event_time: datetime
    known_at: datetime
    values: Mapping[str, Value] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        """Check kind, ticker, times and values."""
        if self.kind not in KINDS:
            raise DataError(f"{self.place}: no such kind; {options(self.kind, KINDS)}")
        check_ticker(self.ticker)
        for name in ("event_time", "known_at"):
            moment = getattr(self, name)
            if not isinstance(moment, datetime) or moment.utcoffset() is None:
                raise DataError(f"{self.place}: {name} is {moment!r}; give a datetime with a time zone")
        if self.known_at < self.event_time:
            raise DataError(
                f"{self.place}: known_at {self.known_at} is before event_time {self.event_time}; nothing is known "
                "before it happens: correct one of them"
            )
        object.__setattr__(self, "values", self._checked())

    @property
    def place(self) -> str:
        """How messages name it."""
        return f"{self.kind} {self.key} of {self.ticker}"

    def number(self, name: str) -> float | None:
        """A number, or ``None`` if it isn't there."""
        value = self.values.get(name)
        return value if isinstance(value, float) else None

    def text(self, name: str) -> str:
        """A text, empty if it isn't there."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def same(self, other: Datum) -> bool:
        """Whether it says what the other says, whenever each was known."""
        if self.event_time != other.event_time:
            return False
        return all(_same(value, other.values[name]) for name, value in self.values.items())

    def digest(self) -> str:
        """A sha256 over all it says and when."""
        told = [self.kind, self.ticker, self.key, self.event_time.isoformat(), self.known_at.isoformat()]
        return hashlib.sha256(json.dumps([told, sorted(self.values.items())]).encode()).hexdigest()

    def _checked(self) -> dict[str, Value]:
        """Every value of the kind, NaN as ``None``, texts as UTF-8 can carry them."""
        names = (*NUMBERS[self.kind], *TEXTS[self.kind])
        for name in self.values:
            if name not in names:
                raise DataError(f"{self.place}: no value {name!r} in this kind; {options(name, names)}")
        numbers = {name: self._number(name) for name in NUMBERS[self.kind]}
        return {**numbers, **{name: self._text(name) for name in TEXTS[self.kind]}}

    def _number(self, name: str) -> float | None:
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool | str):
            raise DataError(f"{self.place}: {name} is {value!r}; give a number above zero")
        if math.isnan(value):
            return None
        if not (math.isfinite(value) and value > 0):
            raise DataError(f"{self.place}: {name} is {value}; give a finite number above zero, or leave it out")
        return float(value)

    def _text(self, name: str) -> str | None:
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise DataError(f"{self.place}: {name} is {value!r}; give a text")
        return None if value is None else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)


def check_ticker(ticker: str) -> str:
    """The ticker itself, if it can name a file everywhere.

    Raises:
        DataError: It can't.
    """
    if not isinstance(ticker, str) or not _TICKER.fullmatch(ticker):
        raise DataError(
            f"ticker {ticker!r}: write up to 32 capital letters, digits and ^ = . _ -, such as BRK-B or BTC-USD"
        )
    return ticker


def _same(mine: Value, theirs: Value) -> bool:
    if isinstance(mine, float) and isinstance(theirs, float):
        return math.isclose(mine, theirs, rel_tol=TOLERANCE)
    return mine == theirs


@dataclass(frozen=True)
class Batch:
    """What an adapter brings home.

    Attributes:
        data: In any order.
        retrieved_at: When it was fetched; from then on a value that differs from the stored one is known.
        dated: Whether the data state their own ``known_at``, revisions included. If not, ``known_at`` is by convention
            (a close, a publication), and a differing value is a revision known at ``retrieved_at``.
        covered: Up to when the source was asked; by default the last ``known_at``.
        gaps: What should have been there and wasn't.
    """

    data: tuple[Datum, ...]
    retrieved_at: datetime
    dated: bool = False
    covered: datetime | None = None
    gaps: tuple[str, ...] = ()

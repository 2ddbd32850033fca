"""Earnings calls as a store keeps them once they are heard: a recording is listened to once, and read ever after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ..errors import DataError
from .data import Added, MarketData
from .datum import Batch, Datum, check_ticker


@dataclass(frozen=True)
class Call:
    """A recorded earnings call.

    Attributes:
        ticker: Whose.
        known_at: When it had ended, or was published: from then on its transcript is known.
        title: What it is called.
        digest: Of the recording's content.
        model: Who is to listen.
    """

    ticker: str
    known_at: datetime
    title: str
    digest: str
    model: str

    @property
    def key(self) -> str:
        """By its content, so that a copy under another name is the same call."""
        return f"audio-{self.digest[:32]}"

    @property
    def source(self) -> str:
        """As the store names it."""
        return f"audio: {self.model}"


def hear(store: MarketData, call: Call, listen: Callable[[], str], now: datetime) -> Added:
    """Store what is said in a call; if this model has listened to this recording already, nobody listens again.

    Another model's transcript is a new version, known from now on.

    Raises:
        DataError: The recording is stored as that of another moment.
    """
    versions = [row for row in store.rows("call", check_ticker(call.ticker)) if row["key"] == call.key]
    for row in versions:
        if row["event_time"] != call.known_at:
            raise DataError(
                f"{call.title}: the store has this recording as that of {row['event_time'].isoformat()}, not of "
                f"{call.known_at.isoformat()}; give that moment, or delete the store's file of the ticker's calls"
            )
    if any(row["source"] == call.source for row in versions):
        return Added(0, 0, 1)
    values = {"title": call.title, "text": listen()}
    datum = Datum("call", call.ticker, call.key, call.known_at, call.known_at, values, call.source)
    return store.add(Batch((datum,), now))

"""A text that can be found again, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

Fact = str | float | tuple[str, ...]
"""What filters are resolved against; of several texts any may meet a condition."""


@dataclass(frozen=True)
class Passage:
    """A text in a library.

    Attributes:
        id: Unique in its library; putting another passage under it replaces this one.
        text: What is searched.
        facts: What filters are resolved against, by name.
        known_at: Time of the latest datum it was made from, on the environment's clock; ``None`` if nobody knows.
        supersedes: Ids of the passages whose place it takes; they need not be there.
    """

    id: str
    text: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    known_at: datetime | None = None
    supersedes: tuple[str, ...] = ()


class Clock(NamedTuple):
    """A time as a number. Times with and without a zone can't be compared, so the two never share a clock."""

    zoned: bool
    seconds: float


def clock(time: datetime) -> Clock:
    """``time`` in seconds since 1970; one without a zone is read as if it were UTC, on a clock of its own."""
    zoned = time.tzinfo is not None
    return Clock(zoned, (time if zoned else time.replace(tzinfo=UTC)).timestamp())

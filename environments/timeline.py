"""What is known at a moment: the one place where data are cut by time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ..errors import DataError
from .datum import Datum


@dataclass(frozen=True)
class Timeline:
    """Versions of data, by the time they became known; none is later than ``as_of``.

    Every reading of a store is one of these, and it can only be narrowed.

    Attributes:
        data: By ``known_at``, then by key.
        as_of: Nothing later is in it.

    Raises:
        DataError: A datum is later than ``as_of``, the order is wrong, or ``as_of`` is naive.
    """

    data: tuple[Datum, ...]
    as_of: datetime

    def __post_init__(self) -> None:
        """Check the clock."""
        if not isinstance(self.as_of, datetime) or self.as_of.utcoffset() is None:
            raise DataError(f"as_of is {self.as_of!r}; give a datetime with a time zone")
        if self.data and max(datum.known_at for datum in self.data) > self.as_of:
            raise DataError(f"{self.data[-1].place} is known at {self.data[-1].known_at}, after as_of {self.as_of}")

    @classmethod
    def until(cls, data: Iterable[Datum], as_of: datetime) -> Timeline:
        """Those of the data that are known at ``as_of``."""
        cls((), as_of)  # refuses a naive clock before anything is compared with it
        known = (datum for datum in data if datum.known_at <= as_of)
        return cls(tuple(sorted(known, key=lambda datum: (datum.known_at, datum.event_time, datum.key))), as_of)

    def at(self, as_of: datetime) -> Timeline:
        """What was known earlier.

        Raises:
            DataError: ``as_of`` is naive or later than this timeline's.
        """
        self._check(as_of)
        return Timeline(self.data[: self._count(as_of)], as_of)

    def between(self, after: datetime, until: datetime) -> tuple[Datum, ...]:
        """What became known after one moment and by another one, which may not be later than :attr:`as_of`."""
        self._check(until)
        return self.data[self._count(after) : self._count(until)]

    def current(self) -> tuple[Datum, ...]:
        """The newest version of everything, by ``event_time``."""
        newest = {datum.key: datum for datum in self.data}
        return tuple(sorted(newest.values(), key=lambda datum: (datum.event_time, datum.key)))

    def _check(self, moment: datetime) -> None:
        Timeline((), moment)  # refuses a naive clock
        if moment > self.as_of:
            raise DataError(f"as_of {moment} is later than this timeline's, {self.as_of}; read the store again")

    def _count(self, moment: datetime) -> int:
        return bisect_right(self.data, moment, key=lambda datum: datum.known_at)

"""When exchanges close and on which days they are open: what turns a date into a moment.

A daily price is known at the close. The close is a wall time in the exchange's own zone, so daylight saving moves it in
UTC. Half days count as whole ones: a price is then taken as known some hours late, never early.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from ..errors import DataError

DAY = timedelta(days=1)
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6

_CUSTOM = re.compile(r"(?P<zone>[A-Za-z0-9_+\-/]+)@(?P<hour>\d{2}):(?P<minute>\d{2})", re.ASCII)
_SPECIAL = frozenset(
    date.fromisoformat(day)
    for day in (
        *("1994-04-27", "2001-09-11", "2001-09-12", "2001-09-13", "2001-09-14", "2004-06-11", "2007-01-02"),
        *("2012-10-29", "2012-10-30", "2018-12-05", "2025-01-09"),
    )
)
"""Days of mourning, storms and attacks on which New York stayed closed since 1990."""


@dataclass(frozen=True)
class Exchange:
    """Where an asset is traded.

    Attributes:
        name: ``us``, ``crypto``, or ``ZONE@HH:MM`` for any other.
        zone: Time zone of ``close``, an IANA name.
        close: Wall time at which a day's price is fixed; 00:00 is the midnight that ends the day.
        weekends: Whether weekends are days like others.
        holidays: Whether its holidays are known here; only then can a missing day be told from a holiday.
    """

    name: str
    zone: str
    close: time
    weekends: bool = False
    holidays: bool = False

    def closing(self, day: date) -> datetime:
        """The moment, in UTC, at which the price of ``day`` is known."""
        ends = day + DAY if self.close == time() else day
        return datetime.combine(ends, self.close, ZoneInfo(self.zone)).astimezone(UTC)

    def day(self, moment: datetime) -> date:
        """The calendar day of a moment as the exchange has it."""
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def opens(self, day: date) -> bool:
        """Whether ``day`` is a trading day, as far as is known."""
        if self.weekends:
            return True
        return day.weekday() < SATURDAY and not (self.holidays and day in us_holidays(day.year))

    def open_days(self, first: date, last: date) -> Iterator[date]:
        """The trading days from ``first`` to ``last``, both included."""
        for number in range(first.toordinal(), last.toordinal() + 1):
            day = date.fromordinal(number)
            if self.opens(day):
                yield day


US = Exchange("us", "America/New_York", time(16), holidays=True)
CRYPTO = Exchange("crypto", "UTC", time(), weekends=True, holidays=True)


def exchange(name: str) -> Exchange:
    """An exchange by its name.

    Raises:
        DataError: There is no such exchange, zone or time.
    """
    known = {"us": US, "crypto": CRYPTO}
    if name in known:
        return known[name]
    match = _CUSTOM.fullmatch(name)
    try:
        if match:
            ZoneInfo(match["zone"])
            return Exchange(name, match["zone"], time(int(match["hour"]), int(match["minute"])))
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        pass
    raise DataError(
        f"exchange {name!r}: choose us (16:00 in New York), crypto (midnight UTC, every day) or ZONE@HH:MM with an "
        "IANA time zone, such as Europe/London@16:30"
    )


@cache
def us_holidays(year: int) -> frozenset[date]:
    """Weekdays on which the New York exchanges are closed, by the rules since 1990."""
    found = {
        _nth(year, 2, MONDAY, 3),
        _easter(year) - 2 * DAY,
        _nth(year, 6, MONDAY, 1) - 7 * DAY if date(year, 5, 31).weekday() != MONDAY else date(year, 5, 31),
        _observed(date(year, 7, 4)),
        _nth(year, 9, MONDAY, 1),
        _nth(year, 11, THURSDAY, 4),
        _observed(date(year, 12, 25)),
    }
    if date(year, 1, 1).weekday() != SATURDAY:  # the Friday before belongs to the old year, which stays open
        found.add(_observed(date(year, 1, 1)))
    if year >= 1998:
        found.add(_nth(year, 1, MONDAY, 3))
    if year >= 2022:
        found.add(_observed(date(year, 6, 19)))
    return frozenset(found) | {day for day in _SPECIAL if day.year == year}


def _nth(year: int, month: int, weekday: int, count: int) -> date:
    first = date(year, month, 1)
    return first + (weekday - first.weekday()) % 7 * DAY + 7 * (count - 1) * DAY


def _observed(day: date) -> date:
    return day + {SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0) * DAY


def _easter(year: int) -> date:
    """Easter Sunday (the anonymous Gregorian algorithm: Meeus, Astronomical Algorithms, chapter 8)."""
    golden, century, of_century = year % 19, year // 100, year % 100
    correction = (8 * century + 13) // 25
    moon = (19 * golden + century - century // 4 - correction + 15) % 30
    sunday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    shift = (golden + 11 * moon + 22 * sunday) // 451
    months, days = divmod(moon + sunday - 7 * shift + 114, 31)
    return date(year, months, days + 1)

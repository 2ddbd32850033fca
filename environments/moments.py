"""Moments: timezone-aware or refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..errors import DataError
from .parsing import short


def moment_of(value: object, place: str, zone: str | None = None) -> datetime:
    """A datetime, a pandas timestamp or an ISO 8601 text as a moment in UTC.

    Args:
        value: What may be a moment.
        place: Opens the message if it isn't one.
        zone: IANA time zone of moments that name none; without it they are refused.

    Raises:
        DataError: It is no moment, or a naive one without a ``zone``.
    """
    found = _datetime(value)
    if found is None:
        raise DataError(
            f"{place}: {short(value)} isn't a moment; write ISO 8601 with an offset, such as 2021-03-01T21:00:00+00:00"
        )
    if found.tzinfo is None and zone is not None:
        found = found.replace(tzinfo=known_zone(zone))
    if found.utcoffset() is None:
        raise DataError(
            f"{place}: {short(value)} has no time zone, so it isn't known when it was; write an offset "
            f"({found.isoformat()}+00:00) or name the zone of such times"
        )
    return found.astimezone(UTC)


def known_zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name, or a ``DataError``."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise DataError(f"time zone {name!r} isn't known; give an IANA name such as America/New_York") from error


def _datetime(value: Any) -> datetime | None:  # noqa: ANN401  a pandas timestamp without importing pandas
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime) or value != value:  # noqa: PLR0124  NaT is a datetime that differs from itself
        return None
    return value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value

"""Assets without their names and dates: models have read history, and may trade on what they remember of it.

A masked series is called ``ASSET``, its days are moved by whole weeks so that the first one lies in the first week of
the year 2000, and in its texts every name of the asset, and every year from 1900 to 2099, is covered. What remains can
still give an asset away - a product, a person, a price path - so a masked result bounds memory's part from below only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from ..errors import DataError
from .series import MarketSeries

NAME = "ASSET"
ANCHOR = date(2000, 1, 3)
"""A Monday."""
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_SUFFIX = r"(?:'s|’s|\.com|\.O|\.N)?"


def offset(first: date) -> timedelta:
    """By how much days are moved: whole weeks, so that weekdays stay what they are."""
    return timedelta(weeks=(ANCHOR - first).days // 7)


def masked(series: MarketSeries, names: Sequence[str] = (), *, label: str = NAME) -> MarketSeries:
    """The same days under another name and other dates.

    Args:
        series: As it is.
        names: What else its texts may call it, e.g. ``["Tesla", "Elon Musk"]``; case doesn't matter.
        label: What it's called instead.

    Raises:
        DataError: A name is empty, or the data come from a store, whose texts have times of their own.
    """
    if type(series) is not MarketSeries:
        raise DataError(f"{series.origin}: data of a store can't be masked; read them from a file or a frame")
    if any(not name.strip() for name in names):
        raise DataError(f"masked: names are {list(names)}; an empty one would cover everything: leave it out")
    hidden = sorted({series.asset, *(name.strip() for name in names)}, key=lambda name: (-len(name), name))
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, hidden))}){_SUFFIX}(?!\w)", re.IGNORECASE)
    moved = offset(series.days[0].date)

    def covered(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_YEAR.sub("YEAR", pattern.sub(label, text)) for text in texts)

    days = tuple(
        replace(
            day,
            date=day.date + moved,
            news=covered(day.news),
            annual=covered(day.annual),
            quarterly=covered(day.quarterly),
            line=None,
        )
        for day in series.days
    )
    return replace(series, asset=label, days=days, origin=f"{series.origin}, masked")

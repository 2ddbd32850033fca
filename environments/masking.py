"""Assets without their names and dates: models have read history, and may trade on what they remember of it.

A masked series is called ``ASSET``, its days are moved by whole weeks so that the first one lies in the first week of
the year 2000, and in its texts every name of the asset, and every year from 1900 to 2099, is covered. What remains can
still give an asset away - a product, a person, a price path - so a masked result bounds memory's part from below only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

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


@dataclass(frozen=True)
class Mask:
    """What is covered.

    Attributes:
        names: By what stands in its place.
        moved: By how much days are moved.
    """

    names: Mapping[str, Sequence[str]]
    moved: timedelta

    def __post_init__(self) -> None:
        """Check the names."""
        for names in self.names.values():
            if any(not name.strip() for name in names):
                raise DataError(f"masked: names are {list(names)}; an empty one would cover everything: leave it out")

    def covered(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Texts without the names and without years."""
        found = [self._nameless(text) for text in texts]
        return tuple(_YEAR.sub("YEAR", text) for text in found)

    def _nameless(self, text: str) -> str:
        for label, pattern in self._patterns.items():
            text = pattern.sub(label, text)
        return text

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        found = {}
        for label, names in self.names.items():
            longest = sorted({name.strip() for name in names}, key=lambda name: (-len(name), name))
            any_of = "|".join(map(re.escape, longest))
            found[label] = re.compile(rf"\b(?:{any_of}){_SUFFIX}(?!\w)", re.IGNORECASE)
        return found


def masked(series: MarketSeries, names: Sequence[str] = ()) -> MarketSeries:
    """The same days under another name and other dates.

    Args:
        series: As it is.
        names: What else its texts may call it, e.g. ``["Tesla", "Elon Musk"]``; case doesn't matter.

    Raises:
        DataError: A name is empty, or the data come from a store, whose texts have times of their own.
    """
    return _under(series, NAME, Mask({NAME: [series.asset, *names]}, offset(series.days[0].date)))


def masked_together(assets: Sequence[MarketSeries]) -> tuple[MarketSeries, ...]:
    """Assets masked as ``ASSET1``, ``ASSET2``, ..., in each other's texts too, their days all moved by the same.

    Raises:
        DataError: As for :func:`masked`.
    """
    labels = {f"{NAME}{number}": series for number, series in enumerate(assets, start=1)}
    mask = Mask({label: [s.asset] for label, s in labels.items()}, offset(min(s.days[0].date for s in assets)))
    return tuple(_under(series, label, mask) for label, series in labels.items())


def _under(series: MarketSeries, label: str, mask: Mask) -> MarketSeries:
    if type(series) is not MarketSeries:
        raise DataError(f"{series.origin}: data of a store can't be masked; read them from a file or a frame")
    days = tuple(
        replace(
            day,
            date=day.date + mask.moved,
            news=mask.covered(day.news),
            annual=mask.covered(day.annual),
            quarterly=mask.covered(day.quarterly),
            line=None,
        )
        for day in series.days
    )
    return replace(series, asset=label, days=days, origin=f"{series.origin}, masked")

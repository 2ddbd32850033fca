"""Choosing the assets of a portfolio from a pool: low correlation, so that one asset's losses aren't the other's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from ..errors import DataError
from .calendar import aligned
from .indicators import log_returns
from .market import Moment
from .portfolio_views import Deviations
from .series import MarketSeries, parse_date


@dataclass(frozen=True)
class Selection:
    """Assets chosen from a pool.

    Attributes:
        series: The chosen assets, in the pool's order.
        correlation: The mean of their pairwise correlations.
    """

    series: tuple[MarketSeries, ...]
    correlation: float


def diversified(pool: Sequence[MarketSeries], size: int, *, before: Moment, days: int = 252) -> Selection:
    """Choose the assets that move together the least (FinCon's stock selection: correlation, diversification).

    The best pair first, then always the asset that adds the least correlation; of equals, the pool's first.

    Args:
        pool: Assets to choose from.
        size: How many to choose, at least 2.
        before: Only returns of days before this one count.
        days: How many of them, the latest.

    Raises:
        DataError: The pool is too small, or has fewer than three common days before that day.
    """
    if not 2 <= size <= len(pool):
        raise DataError(f"diversified: size is {size}; choose from 2 to the {len(pool)} assets of the pool")
    limit = parse_date(before)
    if limit is None:
        raise DataError(f"diversified: before is {before!r}; give a date or the text YYYY-MM-DD")
    table = aligned(pool)
    known = [at for at, day in enumerate(table.days) if day < limit]
    if len(known) < 3:
        raise DataError(f"diversified: {len(known)} common day(s) before {limit}; at least three are needed")
    returns = [log_returns([s.days[at].price for at in known])[1:][-days:] for s in table.series]
    off = [Deviations.of(those) for those in returns]
    pairs = {(i, j): off[i].correlation(off[j]) for i, j in combinations(range(len(pool)), 2)}
    first, second = min(pairs, key=lambda pair: (pairs[pair], pair))
    chosen = [first, second]
    while len(chosen) < size:
        left = (i for i in range(len(pool)) if i not in chosen)
        chosen.append(min(left, key=lambda i: (math.fsum(pairs[(i, j) if i < j else (j, i)] for j in chosen), i)))
    mutual = [pairs[i, j] for i, j in combinations(sorted(chosen), 2)]
    return Selection(tuple(pool[i] for i in sorted(chosen)), math.fsum(mutual) / len(mutual))

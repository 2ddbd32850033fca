"""Price indicators, each made from the prices up to a day and from nothing later.

Plain floats and exact sums instead of numpy: the windows are short, and results don't depend on the machine's vector
instructions, which digests of observations would show.
"""

from __future__ import annotations

import math
import statistics
from bisect import insort
from collections.abc import Sequence
from itertools import accumulate, pairwise

from .metrics import worst_mean


def log_return(before: float, after: float) -> float:
    """ln(after / before); the quotient itself might leave the range of floats."""
    return math.log(after) - math.log(before)


def log_returns(prices: Sequence[float]) -> list[float]:
    """The day's log return at every index; NaN at 0, which has none."""
    return [math.nan, *(log_return(before, after) for before, after in pairwise(prices))]


def momentum(prices: Sequence[float], at: int, horizon: int) -> float | None:
    """Log return over the last ``horizon`` price days."""
    return log_return(prices[at - horizon], prices[at]) if at >= horizon else None


def volatility(returns: Sequence[float], at: int, window: int) -> float | None:
    """Sample standard deviation (ddof 1) of the last ``window`` daily log returns; per day, not annualised."""
    return statistics.stdev(returns[at - window + 1 : at + 1]) if at >= window else None


def drawdowns(prices: Sequence[float]) -> list[float]:
    """At every index the price over the highest one so far, less 1: 0 at a peak, -0.2 when a fifth is lost."""
    return [price / peak - 1 for price, peak in zip(prices, accumulate(prices, max), strict=True)]


def expanding_cvar(returns: Sequence[float], first: int, alpha: float, minimum: int) -> list[float | None]:
    """CVaR of all log returns up to every index from ``first`` on; ``None`` below ``minimum`` of them."""
    ranked = sorted(returns[1:first])
    found: list[float | None] = []
    for at in range(first, len(returns)):
        if at > 0:
            insort(ranked, returns[at])
        found.append(worst_mean(ranked, alpha) if len(ranked) >= minimum else None)
    return found

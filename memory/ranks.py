"""How likely a lot alone ranks some numbers as low as they rank. Plain Python, the same on every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import comb, gcd, sqrt
from statistics import NormalDist

from .intervals import DIGITS

MANY = 10_000
"""Numbers times those on the smaller side up to which draws are counted; that takes about a second."""


def chance_as_low(drawn: Sequence[float], rest: Sequence[float]) -> float:
    """The share of the lots drawing as many of these numbers that draw ranks whose sum is as low as theirs or lower.

    That is the one-sided rank-sum test (F. Wilcoxon, Biometrics Bulletin 1, 1945), with ties too: equal numbers share
    the mean of their ranks. It takes nothing for granted but the lot: numbers may have two peaks, and may drift from
    one to the next. A few numbers can't be surprising: of 3 beside 6, no draw is rarer than 1 in 84.

    All draws are counted, but where that would take long (``MANY``): their sums are distributed normally, near enough.
    Low sums are rarer than a normal distribution has them, so that nothing is too surprising by that.

    Args:
        drawn: The numbers that the lot drew.
        rest: The others.

    Returns:
        In [0, 1]; 1 where either is empty.
    """
    if not drawn or not rest:
        return 1.0
    rank = _ranks([*drawn, *rest])
    low, high = [rank[number] for number in drawn], [rank[number] for number in rest]
    if len(low) > len(high):  # a draw ranks as low as what it leaves ranks high, and the smaller one is sooner counted
        low, high = [-r for r in high], [-r for r in low]
    many = len(low) * (len(low) + len(high)) > MANY
    return _approximate(low, high) if many else _counted(low, high)


def _ranks(numbers: Sequence[float]) -> dict[float, int]:
    """Twice the rank of each number, from 0 on; equal ones share the mean of theirs."""
    found: dict[float, int] = {}
    below = 0
    for number, times in sorted(Counter(numbers).items()):
        found[number] = 2 * below + times - 1
        below += times
    return found


def _counted(low: Sequence[int], high: Sequence[int]) -> float:
    """The share by counting: the draws of each size are one long number, with some bits for each sum of ranks."""
    least = min(*low, *high)
    unit = gcd(*(rank - least for rank in (*low, *high))) or 1
    ways = comb(len(low) + len(high), len(low))
    bits = ways.bit_length() + 1
    own = sum(rank - least for rank in low) // unit
    kept = (1 << bits * (own + 1)) - 1  # of higher sums nothing needs to be known
    draws = [1, *(0 for _ in low)]
    for rank in sorted((*low, *high)):
        for size in range(len(low), 0, -1):
            draws[size] += (draws[size - 1] << (rank - least) // unit * bits) & kept
    as_low = draws[-1] % ((1 << bits) - 1)  # the sum of a number's digits
    return as_low / ways


def _approximate(low: Sequence[int], high: Sequence[int]) -> float:
    """The share by the normal distribution with the mean and the variance of all draws' sums; half a rank is added."""
    every = [*low, *high]
    mean = sum(every) / len(every)
    spread = sum((rank - mean) ** 2 for rank in every) / (len(every) - 1)
    deviation = sqrt(spread * len(low) * len(high) / len(every))
    above = sum(low) + 1 - mean * len(low)  # ranks are doubled
    return round(NormalDist().cdf(above / deviation), DIGITS) if deviation else 1.0

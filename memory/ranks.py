"""How likely a lot alone ranks some numbers as low as they rank. Plain Python, the same on every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import comb


def chance_as_low(drawn: Sequence[float], rest: Sequence[float]) -> float:
    """The share of the lots drawing as many of these numbers that draw ranks whose sum is as low as theirs or lower.

    That is the one-sided rank-sum test (F. Wilcoxon, Biometrics Bulletin 1, 1945), exact, with ties too: equal numbers
    share the mean of their ranks. It takes nothing for granted but the lot: numbers may have two peaks, and may drift
    from one to the next. A few numbers can't be surprising: of 3 beside 6, no draw is rarer than 1 in 84.

    Args:
        drawn: The numbers that the lot drew.
        rest: The others.

    Returns:
        More than 0, at most 1; 1 where either is empty.
    """
    every = sorted([*drawn, *rest])
    ranks = [every.index(number) + len(every) - every[::-1].index(number) for number in every]
    doubled = dict(zip(every, ranks, strict=True))
    # how many draws of each size, out of the numbers seen so far, have each sum of doubled ranks
    draws = [Counter({0: 1}), *(Counter[int]() for _ in drawn)]
    for rank in ranks:
        for size in range(len(drawn), 0, -1):
            for total, ways in draws[size - 1].items():
                draws[size][total + rank] += ways
    own = sum(doubled[number] for number in drawn)
    low = sum(ways for total, ways in draws[-1].items() if total <= own)
    return low / comb(len(every), len(drawn))

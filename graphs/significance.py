"""Whether one policy did better than another: paired by window and seed, since markets differ more than teams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import SpecError
from ..memory.intervals import Estimate, paired

FEWEST = 6
"""Pairs below which the signed-rank test can't reach 5 % whatever they are (2 / 2^5 is above it)."""


@dataclass(frozen=True)
class Significance:
    """A paired comparison.

    Attributes:
        pairs: How many.
        difference: Mean difference, with a percentile bootstrap interval of 95 %.
        p: Of Wilcoxon's signed-rank test, two-sided: how often chance alone would rank them so far apart; ``None``
            below six pairs, or where no pair differs.
    """

    pairs: int
    difference: Estimate
    p: float | None


def compared(one: Sequence[float], other: Sequence[float]) -> Significance:
    """Compare paired results, such as returns over the same windows and seeds.

    Raises:
        SpecError: They aren't pairs, or there are none.
    """
    if len(one) != len(other) or not one:
        raise SpecError(f"{len(one)} and {len(other)} results: give one of each for every window and seed")
    differences = [a - b for a, b in zip(one, other, strict=True)]
    estimate = paired(differences)
    assert estimate is not None  # noqa: S101  there is at least one
    return Significance(len(one), estimate, _signed_rank(differences))


def _signed_rank(differences: Sequence[float]) -> float | None:
    told = [d for d in differences if d]
    if len(told) < FEWEST:
        return None
    from scipy.stats import wilcoxon

    return round(float(wilcoxon(told).pvalue), 9)

"""Means, their differences, and how sure one can be of them. Plain Python, the same on every machine."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, variance

DIGITS = 9
"""Decimals that are kept: the last digits of floating-point sums differ between machines."""


@dataclass(frozen=True)
class Estimate:
    """A number and how sure one can be of it.

    Attributes:
        value: The estimate.
        low: Lower end of its interval; ``None`` where there is too little to tell.
        high: Upper end, likewise.
    """

    value: float
    low: float | None = None
    high: float | None = None


def difference(one: Sequence[float], other: Sequence[float], confidence: float = 0.95) -> Estimate | None:
    """Mean of ``one`` less mean of ``other``, with Welch's interval; ``None`` if either is empty.

    Welch's interval (B. L. Welch, Biometrika 34, 1947) takes the two to vary each in its own way, and is honest with
    few numbers, where resampling is too sure. It needs two numbers on either side.
    """
    if not one or not other:
        return None
    gap = fmean(one) - fmean(other)
    if min(len(one), len(other)) < 2:
        return Estimate(round(gap, DIGITS))
    parts = [variance(side) / len(side) for side in (one, other)]
    error = math.sqrt(sum(parts))
    if error == 0:
        reach = 0.0
    else:
        freedom = sum(parts) ** 2 / sum(p**2 / (len(s) - 1) for p, s in zip(parts, (one, other), strict=True))
        reach = t_quantile((1 + confidence) / 2, freedom) * error
    return Estimate(*(round(number, DIGITS) for number in (gap, gap - reach, gap + reach)))


def paired(differences: Sequence[float], confidence: float = 0.95, resamples: int = 10_000) -> Estimate | None:
    """Mean of paired differences with a percentile bootstrap interval, always drawn the same; ``None`` without any."""
    if not differences:
        return None
    value = round(fmean(differences), DIGITS)
    if len(differences) < 2:
        return Estimate(value)
    rng, size = random.Random(0), len(differences)  # noqa: S311  resampling, not a secret
    means = sorted(fmean(differences[int(rng.random() * size)] for _ in range(size)) for _ in range(resamples))
    tail = int((1 - confidence) / 2 * resamples)
    return Estimate(value, round(means[tail], DIGITS), round(means[-1 - tail], DIGITS))


def t_quantile(probability: float, freedom: float) -> float:
    """The value below which Student's t falls with this probability; for probabilities of at least a half.

    Newton's method from the normal quantile, which is smaller; the distribution is concave there: no step overshoots.
    """
    value = NormalDist().inv_cdf(probability)
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    for _ in range(200):
        density = scale * (1 + value * value / freedom) ** (-(freedom + 1) / 2)
        step = (probability - t_probability(value, freedom)) / density
        value += step
        if step <= 1e-12 * value:
            break
    return value


def t_probability(value: float, freedom: float) -> float:
    """The probability that Student's t is below ``value``, for values of at least 0."""
    return 1 - _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + value * value)) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun, 26.5.8)."""
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)) / a
    fraction, c, d = 1.0, 1.0, 0.0
    for i in range(400):
        m = i // 2
        if i == 0:
            term = 1.0
        elif i % 2 == 0:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _nonzero(1 + term * d)
        c = _nonzero(1 + term / c)
        fraction *= c * d
        if abs(1 - c * d) < 1e-14:
            break
    return front * (fraction - 1)


def _nonzero(number: float) -> float:
    return number if abs(number) > 1e-300 else 1e-300

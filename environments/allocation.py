"""From directions to weights: how much of each asset to hold once it is said which to buy and which to sell.

An :class:`Allocation` is anything with one method. :class:`MeanVariance` is FinCon's, :class:`EqualSplit` the simplest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ..errors import DataError, MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DECIMALS = 6
"""Weights are rounded to so many: the last digits of linear algebra differ between machines, and a log mustn't."""


BINDING = 1000.0
"""How much heavier the row is that makes weights sum to 1."""


class Allocation(Protocol):
    """Turns directions into weights."""

    def weights(self, directions: Sequence[int], returns: NDArray[np.float64]) -> tuple[float, ...]:
        """Weights in [0, 1] for assets to buy, in [-1, 0] for those to sell, 0 for the others.

        Args:
            directions: +1, -1 or 0 for each asset.
            returns: Simple daily returns so far, a row per day and a column per asset.
        """
        ...


@dataclass(frozen=True)
class EqualSplit:
    """The same amount of every asset that is bought or sold."""

    def weights(self, directions: Sequence[int], returns: NDArray[np.float64]) -> tuple[float, ...]:  # noqa: ARG002
        """One over their number each."""
        count = sum(map(abs, directions))
        return tuple(direction / count if count else 0.0 for direction in directions)


@dataclass(frozen=True)
class MeanVariance:
    """Maximise <w, mu> - a <w, Sigma w> within the directions (FinCon, arXiv 2407.06567 v3, section 3).

    mu is the Bayes-Stein and Sigma the Ledoit-Wolf shrinkage estimate from daily returns, both as skfolio has them.

    Attributes:
        lookback: Days of returns that the estimates are made from, at most.
        minimum: Days below which nothing is estimated and the amount is split equally.
        risk_aversion: a, above 0; the paper's is 1.
    """

    lookback: int = 252
    minimum: int = 21
    risk_aversion: float = 1.0
    fallback: Allocation = field(default_factory=EqualSplit)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 2 <= self.minimum <= self.lookback:
            raise DataError(
                f"MeanVariance: minimum={self.minimum}, lookback={self.lookback}; both are numbers of days, at least "
                "2, and the minimum is the smaller one"
            )
        if not (math.isfinite(self.risk_aversion) and self.risk_aversion > 0):
            raise DataError(f"MeanVariance: risk_aversion={self.risk_aversion}; give a finite number above 0")

    def weights(self, directions: Sequence[int], returns: NDArray[np.float64]) -> tuple[float, ...]:
        """Optimal weights, rounded to six decimals.

        Raises:
            DataError: No asset's price has moved, so nothing can be estimated.
            MissingExtraError: skfolio isn't installed.
        """
        if len(returns) < self.minimum or not any(directions):
            return self.fallback.weights(directions, returns)
        estimate = estimated(returns[-self.lookback :])
        found = optimal(estimate.mu, estimate.sigma, directions, self.risk_aversion)
        return tuple(round(float(w), DECIMALS) + 0.0 for w in found)


@dataclass(frozen=True)
class Markowitz:
    """All of the money in the portfolio of long positions that maximises <w, mu> - a <w, Sigma w>; no view is heard.

    Attributes:
        lookback: Days of returns that the shrinkage estimates are made from, at most.
        minimum: Days below which the amount is split equally.
        risk_aversion: a, above 0.
    """

    lookback: int = 252
    minimum: int = 21
    risk_aversion: float = 1.0

    def weights(self, directions: Sequence[int], returns: NDArray[np.float64]) -> tuple[float, ...]:
        """Weights of at least 0 that sum to 1, rounded to six decimals."""
        if len(returns) < self.minimum:
            return EqualSplit().weights([1] * len(directions), returns)
        estimate = estimated(returns[-self.lookback :])
        found = optimal(estimate.mu, estimate.sigma, [1] * len(directions), self.risk_aversion, invested=True)
        return tuple(round(float(w), DECIMALS) + 0.0 for w in found / found.sum())


@dataclass(frozen=True)
class Estimate:
    """Expected daily returns and their covariance."""

    mu: NDArray[np.float64]
    sigma: NDArray[np.float64]


def estimated(returns: NDArray[np.float64]) -> Estimate:
    """Shrinkage estimates from simple daily returns.

    Raises:
        DataError: The covariance is singular: no asset's price has moved.
        MissingExtraError: skfolio isn't installed.
    """
    import numpy as np

    if not np.ptp(returns, axis=0).any():
        raise DataError(
            f"no asset's price moved over the last {len(returns)} days, so their covariance is singular; "
            "choose another window or other assets"
        )
    try:
        from skfolio.moments import LedoitWolf, ShrunkMu, ShrunkMuMethods
    except ImportError as error:
        raise MissingExtraError("MeanVariance", "finance") from error
    fitted = ShrunkMu(LedoitWolf(), method=ShrunkMuMethods.BAYES_STEIN).fit(returns)
    return Estimate(np.asarray(fitted.mu_), np.asarray(fitted.covariance_estimator_.covariance_))


def optimal(
    mu: NDArray[np.float64],
    sigma: NDArray[np.float64],
    directions: Sequence[int],
    risk_aversion: float = 1.0,
    *,
    invested: bool = False,
) -> NDArray[np.float64]:
    """The weights that maximise <w, mu> - a <w, Sigma w>, w in [0, 1] to buy, in [-1, 0] to sell, 0 else.

    Solved exactly, as bounded least squares: with Sigma = L L', it is min |L' w sqrt(2a) - L^-1 mu / sqrt(2a)|^2. With
    ``invested`` they sum to 1 as well, to about a millionth: a further row that weighs a thousand times the others.

    Raises:
        DataError: The covariance isn't positive definite.
    """
    import numpy as np
    from scipy.optimize import lsq_linear

    chosen = [i for i, direction in enumerate(directions) if direction]
    weights = np.zeros(len(directions))
    if not chosen:
        return weights
    try:
        root = np.linalg.cholesky(sigma[np.ix_(chosen, chosen)])
    except np.linalg.LinAlgError:
        raise DataError(
            "the covariance isn't positive definite; use a shrinkage estimate, or leave out assets that move as one"
        ) from None
    scale = math.sqrt(2 * risk_aversion)
    low = np.array([min(directions[i], 0) for i in chosen], float)
    rows, aims = root.T * scale, np.linalg.solve(root, mu[chosen]) / scale
    if invested:
        heavy = BINDING * np.abs(rows).max()
        rows, aims = np.vstack([rows, np.full(len(chosen), heavy)]), np.append(aims, heavy)
    weights[chosen] = lsq_linear(rows, aims, (low, low + 1), "bvls", tol=1e-14).x
    return weights


def scaled(weights: Sequence[float], gross: float) -> tuple[float, ...]:
    """Weights scaled down together until their absolute values sum to ``gross`` at most."""
    total = math.fsum(map(abs, weights))
    return tuple(w * gross / total for w in weights) if total > gross else tuple(weights)

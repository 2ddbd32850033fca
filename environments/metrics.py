"""How well a series of rewards did, by the definitions of FinCon and INVESTORBENCH (arXiv 2407.06567 v3, 2412.18174).

Every function takes the steps' rewards as fractions, for a market the daily position times log return. Results are
fractions as well: 0.1534 is 15.34 %. What isn't defined is ``None``, never zero. Sums are exact (``math.fsum``), so
figures don't depend on the machine.
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

TRADING_DAYS = 252
"""Periods per year of assets that trade on business days; 365 for those that trade every day."""


@dataclass(frozen=True)
class Metrics:
    """The figures of one series of rewards; see the functions of the same names."""

    steps: int
    cumulative_return: float | None
    sharpe: float | None
    annual_volatility: float | None
    max_drawdown: float | None
    cvar: float | None


def measure(returns: Sequence[float], periods: int = TRADING_DAYS, alpha: float = 0.01) -> Metrics:
    """All figures; ``periods`` per year annualise, ``alpha`` is the share of worst steps that CVaR averages."""
    return Metrics(
        steps=len(returns),
        cumulative_return=cumulative_return(returns),
        sharpe=sharpe(returns, periods),
        annual_volatility=annual_volatility(returns, periods),
        max_drawdown=max_drawdown(returns),
        cvar=cvar(returns, alpha),
    )


def cumulative_return(returns: Sequence[float]) -> float | None:
    """CR, the sum of the rewards (a log return); ``None`` without a step."""
    return math.fsum(returns) if returns else None


def annual_volatility(returns: Sequence[float], periods: int = TRADING_DAYS) -> float | None:
    """AV, the sample standard deviation (ddof 1) times the root of ``periods``; ``None`` below two steps."""
    return statistics.stdev(returns) * math.sqrt(periods) if len(returns) > 1 else None


def sharpe(returns: Sequence[float], periods: int = TRADING_DAYS) -> float | None:
    """SR = (CR / years) / AV without a risk-free rate; ``None`` where AV is undefined or zero.

    The years are the number of prices over ``periods``, as INVESTORBENCH has it; there is one price more than steps.
    """
    total, volatility = cumulative_return(returns), annual_volatility(returns, periods)
    if total is None or not volatility:
        return None
    return total / ((len(returns) + 1) / periods) / volatility


def max_drawdown(returns: Sequence[float]) -> float | None:
    """MDD, the largest loss from a peak of the value prod(1 + reward), which starts at 1; ``None`` without a step.

    Between 0 and 1; a value that falls to zero or below is lost for good.
    """
    if not returns:
        return None
    value = peak = 1.0
    worst = 0.0
    for reward in returns:
        value *= 1 + reward
        if value <= 0:
            return 1.0
        peak = max(peak, value)
        worst = max(worst, 1 - value / peak)
    return worst


def cvar(returns: Sequence[float], alpha: float = 0.01) -> float | None:
    """CVaR_a = E[R | R <= VaR_a] with VaR_a = inf{l : P(R <= l) >= a}; ``None`` without a step. Negative is a loss."""
    return worst_mean(sorted(returns), alpha)


def worst_mean(ranked: Sequence[float], alpha: float) -> float | None:
    """CVaR of values that are sorted already; costs no more than the tail is long."""
    if not ranked:
        return None
    count = max(1, math.ceil(alpha * len(ranked)))
    if count > 1 and (count - 1) / len(ranked) >= alpha:  # the product was rounded up, as in 0.07 * 100
        count -= 1
    tail = ranked[: bisect_right(ranked, ranked[count - 1])]
    return math.fsum(tail) / len(tail)

"""What a portfolio holds: cash and shares, fractions of shares allowed, short positions as negative ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fees:
    """What trading costs, each in basis points of the amount traded.

    Attributes:
        costs_bps: Fees.
        slippage_bps: What is lost because the price moves while it is traded.
    """

    costs_bps: float = 0.0
    slippage_bps: float = 0.0


@dataclass(frozen=True)
class Book:
    """Cash and shares, in the order of the assets."""

    cash: float
    shares: tuple[float, ...]

    def value(self, prices: Sequence[float]) -> float:
        """What it's worth at these prices."""
        return math.fsum([self.cash, *(s * p for s, p in zip(self.shares, prices, strict=True))])

    def weights(self, prices: Sequence[float]) -> tuple[float, ...]:
        """Each position as a share of the value; negative ones are short."""
        value = self.value(prices)
        return tuple(s * p / value for s, p in zip(self.shares, prices, strict=True))

    def rebalanced(self, weights: Sequence[float | None], prices: Sequence[float], fees: Fees) -> Rebalanced:
        """Trade at these prices until every position is its weight of the value before the trade; ``None`` keeps it.

        What trading costs is paid in cash, so before costs the value stays what it was.
        """
        value = self.value(prices)
        wanted = zip(self.shares, weights, prices, strict=True)
        shares = tuple(held if w is None else w * value / p for held, w, p in wanted)
        bought = [(new - old) * p for new, old, p in zip(shares, self.shares, prices, strict=True)]
        traded = math.fsum(map(abs, bought))
        costs, slippage = traded * fees.costs_bps / 10_000, traded * fees.slippage_bps / 10_000
        cash = math.fsum([self.cash, *(-b for b in bought), -costs, -slippage])
        return Rebalanced(Book(cash, shares), traded, costs, slippage)


@dataclass(frozen=True)
class Rebalanced:
    """A book after a trade.

    Attributes:
        book: What is held now.
        traded: The amount bought and sold, in money.
        costs: Fees paid.
        slippage: What was lost to it.
    """

    book: Book
    traded: float
    costs: float
    slippage: float

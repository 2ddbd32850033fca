"""One budget divided among arms that can't ask each other: each gets an even share of what is left."""

from __future__ import annotations

from dataclasses import dataclass

from ..models.budget import Budget, Spent


@dataclass(frozen=True)
class Share:
    """What one arm may use; ``None`` is no limit."""

    usd: float | None
    tokens: int | None

    def above(self, spent: Spent) -> Share:
        """The same on top of what it has used before."""
        return Share(
            None if self.usd is None else self.usd + spent.usd,
            None if self.tokens is None else self.tokens + spent.tokens,
        )


class Shares:
    """Hands out shares. All together never exceed the budget; what an arm leaves over goes to those after it.

    Args:
        budget: Of all arms, with what was used earlier charged.
        arms: How many will ask.
    """

    def __init__(self, budget: Budget, arms: int) -> None:
        self._usd = None if budget.usd is None else budget.usd - budget.spent_usd
        self._tokens = None if budget.tokens is None else budget.tokens - budget.spent_tokens
        self._arms = arms

    def take(self) -> Share:
        """The share of the next arm: at least a token, which pays for no call, so that the arm says what it lacks."""
        share = Share(
            None if self._usd is None else max(self._usd / self._arms, 1e-9),
            None if self._tokens is None else max(self._tokens // self._arms, 1),
        )
        self._arms -= 1
        self._change(share, -1)
        return share

    def back(self, share: Share, used: Spent) -> None:
        """Take back what an arm has left over."""
        self._change(Share(share.usd, share.tokens), 1)
        self._change(Share(used.usd, used.tokens), -1)

    def _change(self, share: Share, sign: int) -> None:
        if self._usd is not None:
            self._usd += sign * (share.usd or 0.0)
        if self._tokens is not None:
            self._tokens += sign * (share.tokens or 0)

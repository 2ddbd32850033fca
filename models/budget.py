"""A hard limit on what a run may spend."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ..errors import ModelSetupError
from .failures import BudgetExceededError, CallError, handling
from .protocol import Usage, WorstCase


@dataclass(frozen=True)
class Spent:
    """What some attempts used, or may have used: tokens of prompts and replies together, and US dollars."""

    tokens: int = 0
    usd: float = 0.0


class Reservation:
    """What one attempt may use, and then what it did use; leaving it gives the rest back to the budget."""

    def __init__(self, worst: WorstCase, close: Callable[[Reservation], None]) -> None:
        self.worst = worst
        self.tokens = 0
        self.cost = 0.0
        self._close = close

    def sent(self) -> None:
        """From here on the provider may charge: until more is known, the worst case counts."""
        self.tokens, self.cost = self.worst.tokens, self.worst.cost or 0.0

    def answered(self, usage: Usage, cost: float | None) -> None:
        """Count what the provider reported; where it reported nothing, the worst case still counts."""
        reported = usage.prompt_tokens + usage.completion_tokens
        self.tokens = reported or self.worst.tokens
        self.cost = cost if cost is not None else self.worst.cost or 0.0

    def failed(self, failure: CallError) -> None:
        """Count what a failed attempt may have been charged for."""
        if failure.usage is not None:
            self.answered(failure.usage, failure.cost)
        elif not handling(failure).billed:
            self.tokens, self.cost = 0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, CallError):
            self.failed(error)
        self._close(self)


def see_limits(usd: float | None, tokens: int | None) -> None:
    """Check limits before anything is begun under them.

    Raises:
        ModelSetupError: One isn't above 0.
    """
    for name, limit, example in (("max_usd", usd, "2.5"), ("max_tokens", tokens, "1000000")):
        if limit is not None and not limit > 0:
            raise ModelSetupError(f"{name} is {limit}; give more than 0, as {example}, or leave it out for no limit")


class Budget:
    """US dollars and tokens that all calls together may use; ``None`` leaves one unlimited.

    Each attempt sets its worst case aside before it is sent and gives the rest back after, so calls in flight together
    can't overshoot. An attempt that fits only if those in flight turn out cheaper waits for them.
    """

    def __init__(self, usd: float | None = None, tokens: int | None = None) -> None:
        see_limits(usd, tokens)
        self.usd = usd
        self.tokens = tokens
        self.spent_usd = 0.0
        self.spent_tokens = 0
        self._set_aside = WorstCase(0, 0.0)
        self._open = 0
        self._waiting = 0
        self._changed = asyncio.Event()

    def charge(self, spent: Spent) -> None:
        """Count what was used earlier, in the part of the run that is now replayed."""
        self.spent_usd += spent.usd
        self.spent_tokens += spent.tokens

    async def reserve(self, worst: WorstCase, model: str) -> Reservation:
        """Set the worst case of one attempt at ``model`` aside.

        Raises:
            BudgetExceededError: The attempt could overshoot the budget.
            ModelSetupError: The budget is in dollars and the model's price isn't known.
        """
        if self.usd is not None and worst.cost is None:
            raise ModelSetupError(
                f"a budget of ${self.usd:g} needs the price of {model}, which isn't known: give the model "
                "price=Price(...) (a model of your own: a worst_case method), or set the budget in tokens"
            )
        while not self._fits(worst, self._set_aside):
            if not self._fits(worst, WorstCase(0, 0.0)):
                raise BudgetExceededError(self._shortage(worst))
            self._waiting += 1
            try:
                await self._changed.wait()
            finally:
                self._waiting -= 1
        reservation = Reservation(worst, self._close)
        self._open += 1
        self._set_aside = WorstCase(
            self._set_aside.tokens + worst.tokens, (self._set_aside.cost or 0.0) + (worst.cost or 0.0)
        )
        return reservation

    def _close(self, reservation: Reservation) -> None:
        worst, aside = reservation.worst, self._set_aside
        self._open -= 1  # where nothing is open, nothing is set aside: what adding and taking away rounds is gone
        left = max(0.0, (aside.cost or 0.0) - (worst.cost or 0.0)) if self._open else 0.0
        self._set_aside = WorstCase(aside.tokens - worst.tokens, left)
        self.spent_usd += reservation.cost
        self.spent_tokens += reservation.tokens
        if self._waiting:
            self._changed.set()
            self._changed = asyncio.Event()

    def _fits(self, worst: WorstCase, beside: WorstCase) -> bool:
        usd = self.spent_usd + (worst.cost or 0.0) + (beside.cost or 0.0)
        tokens = self.spent_tokens + worst.tokens + beside.tokens
        rounding = 1 + 1e-12  # of adding up many small costs
        return (self.usd is None or usd <= self.usd * rounding) and (self.tokens is None or tokens <= self.tokens)

    def _shortage(self, worst: WorstCase) -> str:
        parts = []
        if self.usd is not None:
            parts.append(f"${self.spent_usd:.4f} of ${self.usd:g} spent, up to ${worst.cost or 0.0:.4f} needed")
        if self.tokens is not None:
            parts.append(f"{self.spent_tokens} of {self.tokens} tokens spent, up to {worst.tokens} needed")
        return "the budget doesn't cover the next attempt: " + "; ".join(parts)

"""The one retry policy: how often, how long, how patiently."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from ..errors import ModelSetupError
from .clock import Clock, Deadline
from .failures import CallError, handling

R = TypeVar("R")


@dataclass(frozen=True)
class RetryPolicy:
    """When a failed attempt is made again; the client libraries' own retries are off.

    The pause before attempt n + 1 is drawn evenly from the upper half of ``base_delay * 2 ** (n - 1)``, capped by
    ``max_delay``. A server's ``Retry-After`` takes its place, with up to ``base_delay`` on top so that callers who
    were sent away together don't come back together. A pause that wouldn't end before the deadline isn't begun: the
    call fails over or fails at once.
    """

    attempts: int = 4
    """Requests per model and call, the first included."""
    base_delay: float = 0.5
    """Seconds."""
    max_delay: float = 20.0
    """Seconds; doesn't cap ``Retry-After``."""
    deadline: float = 120.0
    """Seconds one model may take for one call, pauses included; waiting for a place under the rate limits isn't."""
    step_deadline: float | None = None
    """Seconds all calls of one step may take together, from its first call on; ``None`` for no such bound."""

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ModelSetupError(f"attempts={self.attempts}: at least 1, the first request counts")
        if not (0 <= self.base_delay <= self.max_delay and self.deadline > 0):
            raise ModelSetupError(
                f"base_delay={self.base_delay}, max_delay={self.max_delay}, deadline={self.deadline}: "
                "0 <= base_delay <= max_delay and a deadline above 0 are needed"
            )
        if self.step_deadline is not None and not self.step_deadline > 0:
            raise ModelSetupError(f"step_deadline={self.step_deadline}: seconds above 0, or None for no bound")

    def pause(self, attempt: int, retry_after: float | None, rng: random.Random) -> float:
        """Seconds to wait after the failure of ``attempt``, counted from 1."""
        if retry_after is not None:
            return retry_after + rng.uniform(0, self.base_delay)
        full = min(self.max_delay, self.base_delay * 2.0 ** min(attempt - 1, 60))
        return rng.uniform(full / 2, full)

    async def run(self, attempt: Callable[[], Awaitable[R]], deadline: Deadline, clock: Clock, rng: random.Random) -> R:
        """Call ``attempt`` until it succeeds, fails for good, or the policy gives up; the last failure is raised."""
        try:
            return await attempt()
        except CallError as failure:
            failed: list[CallError] = [failure]

        async def again() -> R:
            if failed:
                raise failed.pop()  # the first attempt, made already: most calls need no retrying at all
            return await attempt()

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return self.pause(state.attempt_number, error.retry_after if isinstance(error, CallError) else None, rng)

        def stop(state: RetryCallState) -> bool:
            return state.attempt_number >= self.attempts or state.upcoming_sleep >= deadline.left

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: handling(error).retried),
            wait=wait,
            stop=stop,
            sleep=clock.sleep,
            reraise=True,
        )
        return await retrying(again)

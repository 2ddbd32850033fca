"""How much may be sent to one endpoint: at once, and per minute."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from ..errors import ModelSetupError
from .clock import Clock
from .failures import BadRequestError
from .loops import PerLoop

WINDOW = 61.0
"""Seconds: a minute, and a second for requests that were sent apart and arrive together."""

LOOK_AGAIN = 1.0
"""Seconds after which the head of the queue looks whether a request in flight used less than was set aside for it."""


@dataclass(frozen=True)
class Limits:
    """What one endpoint allows; ``None`` means no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    """Prompt and reply together, as providers count them."""
    concurrency: int | None = 64
    """Requests in flight at once."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and value < 1:
                raise ModelSetupError(f"Limits({name}={value}): at least 1, or None for no limit")

    @property
    def rated(self) -> bool:
        """Whether anything is limited by the minute."""
        return self.requests_per_minute is not None or self.tokens_per_minute is not None


@dataclass(eq=False)
class Pass:
    """Leave to send one request."""

    time: float
    tokens: int
    place: asyncio.Semaphore

    def used(self, tokens: int) -> None:
        """Count what the request really used in place of what was set aside for it."""
        self.tokens = tokens


class Limiter:
    """Hands out passes first come, first served, so that no minute holds more than the limits.

    Where there is a rate it keeps every pass of the last minute: exact in any sliding window, unlike buckets, which
    allow twice the limit around a refill or use less than all of it.
    """

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._passes: deque[Pass] = deque()
        self._queue = PerLoop(asyncio.Lock)
        self._places = PerLoop(lambda: asyncio.Semaphore(limits.concurrency or 2**31))

    async def acquire(self, tokens: int) -> Pass:
        """Wait for a pass and a place in flight; give it back with ``release``.

        Raises:
            BadRequestError: The request alone is larger than the limit; it would wait for ever.
        """
        most = self._limits.tokens_per_minute
        if most is not None and tokens > most:
            raise BadRequestError(
                f"one request may use {tokens} tokens, more than the limit of {most} per minute: "
                "lower max_tokens or raise tokens_per_minute"
            )
        places = self._places.get()
        await places.acquire()
        try:
            async with self._queue.get():
                while (delay := self._delay(tokens)) > 0:
                    await self._clock.sleep(min(delay, LOOK_AGAIN))
                issued = Pass(self._clock.monotonic(), tokens, places)
                if self._limits.rated:
                    self._passes.append(issued)
        except BaseException:
            places.release()
            raise
        return issued

    def release(self, issued: Pass, *, sent: bool) -> None:
        """Free the place in flight; a pass that wasn't used to send anything doesn't count."""
        issued.place.release()
        if not sent and issued in self._passes:
            self._passes.remove(issued)

    def _delay(self, tokens: int) -> float:
        """Seconds until a request of ``tokens`` fits, if nothing in flight turns out smaller than set aside."""
        now = self._clock.monotonic()
        while self._passes and self._passes[0].time + WINDOW <= now:
            self._passes.popleft()
        requests, used, delay = len(self._passes) + 1, sum(p.tokens for p in self._passes) + tokens, 0.0
        leaving = iter(self._passes)
        while not self._within(requests, used):
            oldest = next(leaving)
            requests, used, delay = requests - 1, used - oldest.tokens, oldest.time + WINDOW - now
        return delay

    def _within(self, requests: int, tokens: int) -> bool:
        most = self._limits
        return (most.requests_per_minute is None or requests <= most.requests_per_minute) and (
            most.tokens_per_minute is None or tokens <= most.tokens_per_minute
        )

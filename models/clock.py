"""Time as the gateway sees it: a seam, so that tests wait for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Clock(Protocol):
    """Seconds from an arbitrary start, and a way to let them pass."""

    def monotonic(self) -> float:
        """Seconds; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class LoopClock:
    """The running event loop's own time."""

    def monotonic(self) -> float:
        """The loop's time in seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait on the loop."""
        await asyncio.sleep(seconds)


class Deadline:
    """A number of seconds that run down, except while paused."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left; never below 0."""
        return max(0.0, self._end - self._clock.monotonic())

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time spent inside doesn't count."""
        start = self._clock.monotonic()
        try:
            yield
        finally:
            self._end += self._clock.monotonic() - start

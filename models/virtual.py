"""Time that passes only when everything waits: hours of retries and queues in a moment, and always the same."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

R = TypeVar("R")


class _Selector(selectors.DefaultSelector):
    """Instead of waiting, counts how long it would have waited."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now."""
        if timeout is None:
            raise RuntimeError("everything waits, and nothing will ever happen: a deadlock")
        self.passed += max(0.0, timeout)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.passed


def run_virtually(work: Coroutine[Any, Any, R]) -> R:
    """``asyncio.run`` on virtual time that starts at 0; no sockets, no threads.

    Raises:
        RuntimeError: Everything waits for something that won't happen.
    """
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)

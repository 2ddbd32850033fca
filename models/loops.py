"""Things that belong to one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Makes a thing on first use, and a new one when another event loop uses it: ``asyncio.run`` may come twice."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thing: T | None = None

    def get(self) -> T:
        """The running loop's own."""
        loop = asyncio.get_running_loop()
        if self._thing is None or self._loop is not loop:
            self._loop, self._thing = loop, self._make()
        return self._thing

    def take(self) -> T | None:
        """The thing, if one was made, which is then made anew on the next use."""
        thing, self._thing = self._thing, None
        return thing

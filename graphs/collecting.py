"""Python's garbage collector, called less often while thousands of episodes make objects that live for a while."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (20_000, 50, 100)
"""New objects between two collections of the youngest, and collections of one age between two of the next."""


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Inside, the collector waits for more objects; where it was turned off, or waits for more already, it's left so.

    With Python's own setting (700 objects) it looked again and again at what concurrent calls still hold: a tenth of a
    sweep's CPU.
    """
    before = gc.get_threshold()
    if before[0]:
        gc.set_threshold(*(max(own, seldom) for own, seldom in zip(before, SELDOM, strict=True)))
    try:
        yield
    finally:
        gc.set_threshold(*before)

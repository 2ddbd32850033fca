"""The process's global random state: whose it is, and that nobody touched it."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RandomState:
    """The state of Python's generator and, if numpy is imported, of numpy's old global one."""

    python: tuple[Any, ...]
    numpy: Any = None

    @classmethod
    def current(cls) -> RandomState:
        """As it is now; numpy isn't imported for it."""
        numpy = sys.modules.get("numpy")
        return cls(random.getstate(), None if numpy is None else numpy.random.get_state())

    @classmethod
    def moved_on(cls) -> RandomState:
        """As it is after a draw from each generator: somewhere that no environment would put it by seeding it."""
        random.random()  # noqa: S311  the number isn't used
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.random_sample()
        return cls.current()

    def restore(self) -> None:
        """Put it back."""
        random.setstate(self.python)
        if self.numpy is not None:
            sys.modules["numpy"].random.set_state(self.numpy)

    def changes(self, later: RandomState) -> tuple[str, ...]:
        """Which generators differ; numpy counts only if it was imported before."""
        changed = ["random"] if self.python != later.python else []
        if self.numpy is not None and _plain(self.numpy) != _plain(later.numpy):
            changed.append("numpy.random")
        return tuple(changed)


def _plain(state: Any) -> list[Any]:  # noqa: ANN401  numpy's, which isn't imported here
    """A state as values that can be compared; without numpy afterwards, it differs from any."""
    return [part.tobytes() if hasattr(part, "tobytes") else part for part in state or ()]


@contextmanager
def borrowed(seed: int) -> Iterator[None]:
    """Let a library draw from the global generators, seeded, and give them back as they were.

    Args:
        seed: Of both generators, 0 or more; of numpy's only if numpy is imported, and modulo 2**32.
    """
    state = RandomState.current()
    try:
        random.seed(seed)
        if state.numpy is not None:
            sys.modules["numpy"].random.seed(seed % 2**32)
        yield
    finally:
        state.restore()


class PrivateRandomness:
    """A global random state of an engine's own: in place while the engine runs, away at all other times.

    Args:
        seed: What the generators start from.
    """

    def __init__(self, seed: int) -> None:
        with borrowed(seed):
            self._own = RandomState.current()

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While the engine runs; the caller's state comes back whatever happens."""
        caller = RandomState.current()
        self._own.restore()
        try:
            yield
        finally:
            self._own = RandomState.current()
            caller.restore()

"""Filling a prompt's budget with beliefs: the best first, repetitions thinned, disputed ones in pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .belief import Belief, Status

Column = NDArray[np.float64]


@dataclass
class Filling:
    """Beliefs, by their places, on their way into a budget.

    Attributes:
        score: What each is worth.
        statements: A vector for each, of length 1.
        costs: Tokens of each.
        rivals: Of each disputed one the disputed ones that contradict it, if any are here.
        room: Tokens that are left.
        diversity: Weight in [0, 1] of being unlike what was taken already.
        redundancy: How like each is to what was taken.
    """

    score: Column
    statements: Column
    costs: NDArray[np.int64]
    rivals: Mapping[int, Sequence[int]]
    room: int
    diversity: float
    redundancy: Column = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing taken: a disputed belief needs room for the shortest of its rivals, too."""
        self.redundancy = np.zeros(len(self.costs))
        self._waiting = np.ones(len(self.costs), bool)
        self._needs = self.costs.copy()
        for i, others in self.rivals.items():
            self._needs[i] += min(self.costs[other] for other in others)

    def taken(self) -> Iterator[int]:
        """Take the best that still fits until nothing does; ``redundancy`` is what it was when that was chosen."""
        while (best := self._best(self._waiting & (self._needs <= self.room))) is not None:
            alone = self._needs[best] > self.costs[best]
            yield best
            self._take(best)
            if alone and (rival := self._best(self._rivals_of(best) & (self.costs <= self.room))) is not None:
                yield rival
                self._take(rival)

    @property
    def left(self) -> list[int]:
        """What wasn't taken."""
        return [int(i) for i in np.flatnonzero(self._waiting)]

    def need(self, i: int) -> str:
        """What a belief needs, in words."""
        pair = " with one that contradicts it" if self._needs[i] > self.costs[i] else ""
        return f"it needs {self._needs[i]} tokens{pair}"

    def _best(self, among: NDArray[np.bool_]) -> int | None:
        """The best of some; of equals the first, which has the lowest id."""
        if not among.any():
            return None
        value = (1 - self.diversity) * self.score - self.diversity * self.redundancy
        return int(np.argmax(np.where(among, np.round(value, 9), -np.inf)))

    def _rivals_of(self, i: int) -> NDArray[np.bool_]:
        found = np.zeros(len(self.costs), bool)
        found[list(self.rivals[i])] = True
        return found & self._waiting

    def _take(self, i: int) -> None:
        self._waiting[i] = False
        self.room -= int(self.costs[i])
        self.redundancy = np.maximum(self.redundancy, np.round(self.statements @ self.statements[i], 6))
        for other in self.rivals.get(i, ()):
            self._needs[other] = self.costs[other]


def rivals(beliefs: Sequence[Belief]) -> dict[int, list[int]]:
    """Of each disputed belief those disputed ones that contradict it, by their places among some; if there are any.

    It counts from either side: what one says of the other is so for both.
    """
    place = {b.id: i for i, b in enumerate(beliefs) if b.status is Status.DISPUTED}
    pairs = {(i, place[other]) for i in place.values() for other in beliefs[i].contradicts if other in place}
    found: dict[int, list[int]] = {}
    for one, other in sorted({(i, j) for pair in pairs for i, j in (pair, pair[::-1]) if i != j}):
        found.setdefault(one, []).append(other)
    return found

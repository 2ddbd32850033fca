"""What Gymnasium's little grid worlds have in common: a place, and what the last action led to.

The worlds themselves: ``taxi``, ``lakes``, ``cliffs``, ``blackjack``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .gymnasium import Moment
from .protocol import Source, View
from .rendering import plain, view

OUTCOME = Source("outcome", "What the last action led to.", trusted=True)


@dataclass(frozen=True)
class Cell:
    """A cell of a grid, counted from 0: ``row`` from the top, ``column`` from the left."""

    row: int
    column: int

    @classmethod
    def of(cls, state: int, columns: int) -> Cell:
        """The cell of a state that numbers the cells row by row."""
        return cls(*divmod(state, columns))


def place(heading: str, cell: Cell) -> View:
    """Where something is."""
    return view(heading, {"row": str(cell.row), "column": str(cell.column)})


def outcome(moment: Moment, happened: str, before: Cell, now: Cell) -> View:
    """What the last action led to, and how far it moved: rows downward, columns to the right."""
    if moment.action is None:
        return view("No action has been taken yet.", {})
    moved = {"moved_rows": str(now.row - before.row), "moved_columns": str(now.column - before.column)}
    return view(f"Last action: {moment.action}. {happened}", {**moved, "last_reward": plain(moment.reward)})


def walked(
    moment: Moment, columns: int, position: Source, happened: Callable[[Moment, Cell, Cell], str]
) -> Mapping[str, View]:
    """Where one walker is, and what its last action led to.

    Args:
        moment: What the engine shows; its observation numbers the cells row by row.
        columns: How many there are.
        position: The source that shows the place.
        happened: Says what happened, given the cells before the action and now.
    """
    now = Cell.of(moment.observation, columns)
    before = now if moment.before is None else Cell.of(moment.before, columns)
    told = outcome(moment, happened(moment, before, now), before, now)
    return {position.name: place("You.", now), OUTCOME.name: told}

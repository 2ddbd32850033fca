"""The reference policies for FrozenLake and CliffWalking: plan the way over what isn't known to give way.

Three agents with a slice each: one sees where they stand, one what the last step led to, and the manager what both say.
The task says how large the grid is and where it begins and ends. Where one falls, and whether steps slip, is learned:
one fact per cell, and one about the steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from .crossing import Cell, Crossing, Stakes
from .facts import Fact, believed, critique, decision, insight, readings, source_read
from .reading import BeliefLine, ExperienceLine, Prompt
from .rules import Answer

POSITION, OUTCOME = "position", "outcome"
SLIPS: Final = f"{OUTCOME}.slips"
STEADY: Final = 5
"""Steps that all went where they should, from which steps don't slip; of slipping ones that's less than 1 in 100."""
SOON: Final = 1e-4
"""What a step costs a plan that isn't told otherwise: of two sure ways the shorter is taken."""
_SIZE = re.compile(r"\b(?P<rows>\d+) rows and (?P<columns>\d+) columns")
_LIMIT = re.compile(r"after (?P<steps>\d+) steps it is over")
_CELL = re.compile(rf"{POSITION}\.cell_(?P<row>\d+)_(?P<column>\d+)")


@dataclass(frozen=True)
class World:
    """What tells one grid from another.

    Attributes:
        name: Of the rules.
        stakes: What a crossing is worth.
        below: Whether it begins in the last row; else in the first.
        holds: What is said of a cell that can be stepped on.
        falls: What is said of one that can't.
        fall: The reward of a step that ends in a fall without an end; ``None`` where a fall is the end.
    """

    name: str
    stakes: Stakes
    below: bool
    holds: str
    falls: str
    fall: float | None = None

    def crossing(self, prompt: Prompt) -> Crossing:
        """The grid as the task and the beliefs in a prompt tell it."""
        size = prompt.told(_SIZE)
        rows, columns = (int(size["rows"]), int(size["columns"])) if size else (1, 1)
        known = believed(prompt, POSITION)
        pits = frozenset(cell for cell, line in _cells(known) if line.polarity == "against")
        slips = believed(prompt, OUTCOME).get(SLIPS)
        start, goal = Cell(rows - 1 if self.below else 0, 0), Cell(rows - 1, columns - 1)
        return Crossing(rows, columns, start, goal, self.stakes, pits, slips is not None and slips.polarity == "for")


LAKE: Final = World(
    "lake",
    Stakes(-SOON, 1.0, 0.0, again=False),
    below=False,
    holds="The ice holds at row {row}, column {column}.",
    falls="There is a hole at row {row}, column {column}.",
)
CLIFF: Final = World(
    "cliff",
    Stakes(-1.0, 0.0, -99.0, again=True),
    below=True,
    holds="The ground holds at row {row}, column {column}.",
    falls="The cliff is at row {row}, column {column}.",
    fall=-100.0,
)


@dataclass(frozen=True)
class CrossingRules:
    """Answers for readers of ``position`` and ``outcome``, their manager and the critic of facts."""

    world: World

    @property
    def name(self) -> str:
        """That of the world."""
        return self.world.name

    def insight(self, prompt: Prompt) -> Answer:
        """Say what the own source shows; who sees the place says where to go as far as it is known."""
        source, numbers = source_read(prompt), prompt.numbers
        seen = {f"{source}.{name}": value for name, value in numbers.items()}
        crossing = self.world.crossing(prompt)
        if source != POSITION:
            return insight(crossing.best(crossing.start), seen, "the last step")
        here = Cell(int(numbers["row"]), int(numbers["column"]))
        return insight(crossing.best(here), seen, "where we stand", believed(prompt, POSITION).values())

    def decision(self, prompt: Prompt) -> Answer:
        """Take the best way over the grid as it is known."""
        read = readings(prompt)
        here = Cell(int(read[f"{POSITION}.row"]), int(read[f"{POSITION}.column"]))
        return decision(prompt, self.world.crossing(prompt).best(here), f"the way from row {here.row}")

    def critique(self, prompt: Prompt) -> Answer:
        """Read off the episode which cells held, where it fell, and whether steps slip."""
        crossing = self.world.crossing(prompt)
        walk = Walk.of(prompt.experience, crossing, self.world)
        slips = walk.slips(crossing)
        known = dict(_cells(believed(prompt, POSITION)))
        safe = {cell for cell, line in known.items() if line.polarity == "for"} | set(walk.visited)
        facts = [*_course(walk), *self._fallen(walk, replace(crossing, slips=slips), safe, prompt)]
        return critique(prompt, [*facts, *self._held(walk, known)])

    def _fallen(self, walk: Walk, crossing: Crossing, safe: set[Cell], prompt: Prompt) -> Iterator[Fact]:
        """The cells where a fall can only have ended."""
        falls = list(walk.falls)
        if self.world.fall is None and walk.ends_in_a_fall(prompt):
            falls.append(walk.last)
        found: dict[Cell, list[int]] = {}
        for step in falls:
            ends = set(crossing.ends(cell_of(step), step.action)) - safe
            if len(ends) == 1:
                found.setdefault(ends.pop(), []).append(step.step)
        for cell, steps in sorted(found.items()):
            yield self._fact(cell, steps, holds=False)

    def _held(self, walk: Walk, known: Mapping[Cell, BeliefLine]) -> Iterator[Fact]:
        """The cells that held; on a large grid those alone that were thought not to."""
        for cell, steps in sorted(walk.visited.items()):
            if self.world.fall is None or cell in known:
                yield self._fact(cell, steps, holds=True)

    def _fact(self, cell: Cell, steps: Sequence[int], *, holds: bool) -> Fact:
        told = (self.world.holds if holds else self.world.falls).format(row=cell.row, column=cell.column)
        return Fact(f"{POSITION}.cell_{cell.row}_{cell.column}", holds, told, tuple(steps))


@dataclass(frozen=True)
class Walk:
    """An episode's steps.

    Attributes:
        visited: The steps at each cell that was stood on.
        steered: Steps that went where they should.
        strayed: Steps that didn't.
        falls: Steps that ended in a fall, and went on from the start.
        last: The last step.
    """

    visited: Mapping[Cell, list[int]]
    steered: tuple[int, ...]
    strayed: tuple[int, ...]
    falls: tuple[ExperienceLine, ...]
    last: ExperienceLine

    @classmethod
    def of(cls, steps: Sequence[ExperienceLine], crossing: Crossing, world: World) -> Walk:
        """Sum up an episode."""
        visited: dict[Cell, list[int]] = {}
        for step in steps:
            visited.setdefault(cell_of(step), []).append(step.step)
        falls = tuple(step for step in steps if step.reward == world.fall)
        moves = [(a, b) for a, b in pairwise(steps) if a not in falls]
        straight = [(a.step, cell_of(b) == crossing.to(cell_of(a), a.action)) for a, b in moves]
        steered = tuple(step for step, went in straight if went)
        return cls(visited, steered, tuple(step for step, went in straight if not went), falls, steps[-1])

    def slips(self, crossing: Crossing) -> bool:
        """Whether steps slip, as far as the episode tells, or else the beliefs."""
        return bool(self.strayed) or (crossing.slips and len(self.steered) < STEADY)

    def ends_in_a_fall(self, prompt: Prompt) -> bool:
        """Whether the last step was into a hole: not to the goal, nor the last that there may be."""
        limit = prompt.told(_LIMIT)
        return self.last.reward <= 0 and (limit is None or self.last.step + 1 < int(limit["steps"]))


def _course(walk: Walk) -> Iterator[Fact]:
    """Whether steps slip."""
    if walk.strayed:
        yield Fact(SLIPS, holds=True, statement="Steps slip to either side.", shown=walk.strayed)
    elif len(walk.steered) >= STEADY:
        yield Fact(SLIPS, holds=False, statement="Steps go where they should.", shown=walk.steered)


def _cells(known: Mapping[str, BeliefLine]) -> Iterable[tuple[Cell, BeliefLine]]:
    """The cells that beliefs are about."""
    found = ((_CELL.fullmatch(aspect), line) for aspect, line in known.items())
    return ((Cell(int(m["row"]), int(m["column"])), line) for m, line in found if m)


def cell_of(step: ExperienceLine) -> Cell:
    """Where a step began."""
    return Cell(int(step.seen[f"{POSITION}.row"]), int(step.seen[f"{POSITION}.column"]))

"""How Taxi's rules read facts off an episode, and mend what they believed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

from .facts import concluded
from .reading import BeliefLine, ExperienceLine, Prompt
from .routes import MOVES, Cell, Grid, pair
from .rules import Answer
from .taxi_facts import Fact, aside, elsewhere, first, known, landmark, riding, straight, wall

WHERE_MOVES_STRAY = 3
"""Vain tries that make a wall where moves go aside: there, one may come from something else."""
STEADY = 20
"""Moves in a row as steered that show that moves aren't straying, or not any more."""

Edge: TypeAlias = tuple[Cell, Cell]


@dataclass(frozen=True)
class Passage:
    """A step and the one after it."""

    before: ExperienceLine
    after: ExperienceLine

    @property
    def start(self) -> Cell:
        """Where the taxi was."""
        return _cell(self.before)

    @property
    def end(self) -> Cell:
        """Where it is then."""
        return _cell(self.after)

    @property
    def refused(self) -> bool:
        """Whether the passenger is where, and as, they were."""
        return all(_passenger(self.before, name) == _passenger(self.after, name) for name in ("riding", "waiting_at"))


@dataclass
class Drive:
    """What an episode shows of the grid: the steps at which each pair of cells was, or wasn't, passed between."""

    vain: dict[Edge, list[int]] = field(default_factory=lambda: defaultdict(list))
    passed: dict[Edge, list[int]] = field(default_factory=lambda: defaultdict(list))
    steered: list[int] = field(default_factory=list)
    """Moves that went where they should."""
    strayed: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, passages: Iterable[Passage], grid: Grid) -> Drive:
        """Sum up the moves of an episode."""
        drive, bare = cls(), Grid(grid.rows, grid.columns)
        for passage in passages:
            start, end, move = passage.start, passage.end, passage.before.action
            if move not in MOVES:
                continue
            if end == start and bare.open(start, move):
                drive.vain[pair(start, start.to(move))].append(passage.before.step)
            if any(end == start.to(other) for other in MOVES):
                drive.passed[pair(start, end)].append(passage.before.step)
            if end != start:
                (drive.steered if end == start.to(move) else drive.strayed).append(passage.before.step)
        return drive

    def walls(self, *, strays: bool) -> Iterator[tuple[Fact, list[int]]]:
        """Pairs of cells that were tried, and never passed between."""
        for (one, other), steps in sorted(self.vain.items()):
            if (one, other) not in self.passed and len(steps) >= (WHERE_MOVES_STRAY if strays else 1):
                yield wall(one, other), steps

    def course(self) -> Iterator[tuple[Fact, list[int]]]:
        """Whether moves stray."""
        if self.strayed:
            yield aside(len(self.strayed) / (len(self.strayed) + len(self.steered))), self.strayed
        elif len(self.steered) >= STEADY:
            yield straight(), self.steered


@dataclass
class Fares:
    """What an episode shows of passengers: the steps that show each fact, and where a landmark isn't."""

    shown: dict[Fact, list[int]] = field(default_factory=lambda: defaultdict(list))
    missed: set[tuple[int, Cell]] = field(default_factory=set)

    @classmethod
    def of(cls, passages: Sequence[Passage], last: ExperienceLine) -> Fares:
        """Sum up the pickups and dropoffs of an episode."""
        fares = cls()
        for passage in passages:
            if passage.before.action in ("pickup", "dropoff"):
                fares._note(passage)
        if last.action == "dropoff" and last.reward > 0:
            fares.shown[landmark(int(last.seen["passenger.destination"]), _cell(last))].append(last.step)
        return fares

    def _note(self, passage: Passage) -> None:
        now, rides = passage.before, _passenger(passage.before, "riding") > 0
        picks, waits = now.action == "pickup", _passenger(now, "waiting_at")
        if not passage.refused:
            number = waits if picks else _passenger(passage.after, "waiting_at")
            self.shown[landmark(int(number), passage.start)].append(now.step)
        elif picks and rides:
            self.shown[riding(-now.reward)].append(now.step)
        elif not picks and not rides:
            self.shown[first(-now.reward)].append(now.step)
        else:
            self.shown[elsewhere(-now.reward)].append(now.step)
            if picks:
                self.missed.add((int(waits), passage.start))

    def facts(self) -> Iterator[tuple[Fact, list[int]]]:
        """What the episode says with one voice: of an aspect of which steps show different things, nothing."""
        aspects = Counter(fact.aspect for fact in self.shown)
        yield from ((fact, steps) for fact, steps in self.shown.items() if aspects[fact.aspect] == 1)


def criticise(prompt: Prompt, grid: Grid) -> Answer:
    """The facts that the episode shows, and what it disproves."""
    steps = prompt.experience
    passages = [Passage(a, b) for a, b in pairwise(steps)]
    drive, fares = Drive.of(passages, grid), Fares.of(passages, steps[-1])
    strays = bool(drive.strayed) or grid.aside > 0
    held: dict[str, list[BeliefLine]] = defaultdict(list)
    for belief in prompt.beliefs:
        held[belief.aspect].append(belief)
    shown = [*fares.facts(), *drive.course(), *drive.walls(strays=strays)]
    told = {fact.aspect for fact, _ in shown}
    wrong = [
        b for aspect, beliefs in held.items() if aspect not in told for b in beliefs if _disproved(b, drive, fares)
    ]
    proposals = [_given_up(belief) for belief in wrong]
    for fact, where in shown:
        proposals += _learned(fact, where, held.get(fact.aspect, []), prompt.current or 0)
    return concluded(f"{len(shown)} facts were shown and {len(wrong)} disproved.", proposals)


def _disproved(belief: BeliefLine, drive: Drive, fares: Fares) -> bool:
    """Whether the taxi passed where a wall should be, or nobody could be picked up where a landmark should be."""
    facts = known([belief])
    misplaced = any(place in fares.missed for place in facts.landmarks.items())
    return misplaced or any(edge in drive.passed for edge in facts.walls)


def _learned(fact: Fact, steps: Sequence[int], held: Sequence[BeliefLine], episode: int) -> list[dict[str, Any]]:
    """Restate what is believed already; put the fact in the place of what says otherwise; or else add it."""
    lesson = {
        **_worded(fact, held),
        "reason": f"it showed at {len(steps)} steps of episode {episode}",
        "support": len(steps),
        "against": 0,
        "steps": [{"episode": episode, "step": step} for step in steps[:40]],
    }
    others = [belief for belief in held if belief.statement != lesson["statement"]]
    if len(others) < len(held) or not others:
        return [{"kind": "expansion", **lesson}, *map(_given_up, others)]
    return [{"kind": "revision", "belief": others[0].id, **lesson}, *map(_given_up, others[1:])]


def _worded(fact: Fact, held: Iterable[BeliefLine]) -> Mapping[str, Any]:
    """The fact; how often moves stray is only estimated, so what is believed of that is left as it is."""
    same = next((b for b in held if b.polarity == fact.polarity == "against" and known([b]).aside), None)
    return fact.lesson() if same is None else {**fact.lesson(), "statement": same.statement}


def _given_up(belief: BeliefLine) -> dict[str, Any]:
    return {"kind": "contraction", "belief": belief.id, "reason": "the episode's steps show otherwise"}


def _cell(line: ExperienceLine) -> Cell:
    return Cell(int(line.seen["taxi.row"]), int(line.seen["taxi.column"]))


def _passenger(line: ExperienceLine, name: str) -> float:
    """A number of the passenger's; -1 for what isn't told, as where somebody waits who rides."""
    return line.seen.get(f"passenger.{name}", -1.0)

"""Rules for Taxi: a dispatcher, a navigator and a manager who know nothing that beliefs don't tell them.

What the prompt's task says is known: the actions, the size of the grid, that somebody wants to be fetched and brought.
Everything else is a fact to be learned, in sentences of a fixed form, one belief each (:mod:`doxa.models.taxi_facts`).
Who has no fact to go by follows the die in the navigator's view.
"""

from __future__ import annotations

import re
from typing import Any

from .reading import BeliefLine, Prompt
from .routes import MOVES, Cell, Grid
from .rules import Answer
from .taxi_critic import criticise
from .taxi_facts import ELSEWHERE, FIRST, RIDING, known

_SIZE = re.compile(r"\b(?P<rows>\d+) rows and (?P<columns>\d+) columns")
_ACTIONS = (*MOVES, "pickup", "dropoff")


class TaxiRules:
    """A stateless policy for :class:`~doxa.environments.Dispatch`, and a critic that learns its facts."""

    name = "taxi"

    def insight(self, prompt: Prompt) -> Answer:
        """The slice that the agent reads says which of the two it is."""
        return _navigate(prompt) if "row" in prompt.numbers else _dispatch(prompt)

    def decision(self, prompt: Prompt) -> Answer:
        """Go where the dispatcher says on the way that the facts show, or else where the die says."""
        readings = {name: value for i in prompt.insights for name, value in i.readings.items()}
        here = Cell(int(readings["taxi.row"]), int(readings["taxi.column"]))
        wanted = next((i for i in prompt.insights if i.source == "passenger"), None)
        grid = grid_of(prompt)
        target = _target(readings)
        action = None
        if target is not None and wanted is not None:
            action = wanted.stance if here == target else grid.way(here, target)
        if action is None:
            sure = wanted.stance if wanted is not None and wanted.confidence > 0 else None
            action = _tried(prompt, here, int(readings["taxi.die"]), sure)
        return {
            "action": action,
            "confidence": 0.0 if target is None else 1.0,
            "reasons": "the die" if target is None else f"on the way to row {target.row}, column {target.column}",
            "insights": [insight.agent for insight in prompt.insights],
            "beliefs": [] if target is None else [b.id for b in _about(prompt, "taxi")],
            "reflection": "an alert was raised" if prompt.alerted else None,
        }

    def critique(self, prompt: Prompt) -> Answer:
        """Read the facts off the episode's steps."""
        return criticise(prompt, grid_of(prompt))


def grid_of(prompt: Prompt) -> Grid:
    """The grid as the task and the beliefs tell it."""
    size = prompt.told(_SIZE)
    facts = known(_about(prompt, "taxi"))
    rows, columns = (int(size["rows"]), int(size["columns"])) if size else (0, 0)
    return Grid(rows, columns, facts.walls, facts.aside)


def _navigate(prompt: Prompt) -> Answer:
    """Say where the taxi is, and what the die showed."""
    numbers = prompt.numbers
    stance = _ACTIONS[int(numbers["die"]) - 1]
    evidence = [_reading(f"taxi.{name}", numbers[name], stance) for name in ("row", "column", "die")]
    return _insight(stance, 0.0, "where the taxi is", evidence, [])


def _dispatch(prompt: Prompt) -> Answer:
    """Say what is to be done, and where, as far as that is known."""
    numbers, beliefs = prompt.numbers, _about(prompt, "passenger")
    facts = known(beliefs)
    riding = numbers["riding"] > 0
    stance = "dropoff" if riding else "pickup"
    landmark = int(numbers["destination"] if riding else numbers["waiting_at"])
    sure = (RIDING if riding else FIRST) in facts.rules
    place = facts.landmarks.get(landmark) if sure else None
    evidence = [_reading(f"passenger.{name}", value, stance) for name, value in numbers.items()]
    if place is not None:
        evidence += [
            _reading("passenger.target_row", place.row, stance),
            _reading("passenger.target_column", place.column, stance),
        ]
    return _insight(stance, 1.0 if sure else 0.0, "what the passenger wants", evidence, [b.id for b in beliefs])


def _tried(prompt: Prompt, here: Cell, die: int, wanted: str | None) -> str:
    """What the die says: a move, whether it leads anywhere or not, so that dead ends are dwelt in; or an attempt.

    Who knows what is wanted doesn't try the other thing; who knows what the wrong place costs tries it at a 6 only, and
    not at the landmarks that are known to be others.
    """
    facts = known(_about(prompt, "passenger"))
    careful = ELSEWHERE in facts.rules
    tries = die == 6 or (die == 5 and not careful)
    if tries and not (careful and here in facts.landmarks.values()):
        return wanted or ("pickup", "dropoff")[(here.row + here.column + die) % 2]
    return list(MOVES)[(die - 1 if die <= len(MOVES) else here.row + here.column) % len(MOVES)]


def _target(readings: dict[str, float]) -> Cell | None:
    row, column = readings.get("passenger.target_row"), readings.get("passenger.target_column")
    return None if row is None or column is None else Cell(int(row), int(column))


def _about(prompt: Prompt, source: str) -> list[BeliefLine]:
    """The beliefs that bear on a source."""
    return [belief for belief in prompt.beliefs if belief.source == source]


def _reading(aspect: str, value: float, supports: str) -> dict[str, Any]:
    return {"aspect": aspect, "value": value, "supports": supports}


def _insight(stance: str, confidence: float, note: str, evidence: list[dict[str, Any]], beliefs: list[str]) -> Answer:
    return {
        "stance": stance,
        "confidence": confidence,
        "rationale": note,
        "evidence": evidence,
        "beliefs": list(dict.fromkeys(beliefs)),
    }

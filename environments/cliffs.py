"""Gymnasium's CliffWalking: walk along a cliff; where it is is for the agents to learn."""

from __future__ import annotations

from collections.abc import Mapping

from .grid_world import GridWorld
from .gymnasium import Description, Moment
from .protocol import Source, View
from .toytext import OUTCOME, Cell, walked

ACTIONS = ("up", "right", "down", "left")
TASK = (
    "Walk on a grid of 4 rows and 12 columns from the first cell of the last row to the last cell of that row. "
    "Somewhere on the way is a cliff. Every step costs 1; who steps off the cliff pays 100 and is back at the start."
)
FALL = -100
POSITION = Source("position", "Where you stand: row from the top, column from the left, both from 0.", trusted=True)


def cliff_walking(*, slippery: bool = False, max_steps: int = 200) -> GridWorld:
    """The CliffWalking task.

    Args:
        slippery: A step goes where it should in one of three cases, else to either side.
        max_steps: The engine names no limit of its own.
    """
    return GridWorld(
        "CliffWalking-v1",
        Description(TASK, (POSITION, OUTCOME), _views, ACTIONS, tags={"domain": "cliff_walking"}),
        arguments={"is_slippery": slippery},
        id="cliff_walking/slippery" if slippery else "cliff_walking",
        max_steps=max_steps,
    )


def _views(moment: Moment) -> Mapping[str, View]:
    return walked(moment, moment.engine.shape[1], POSITION, _happened)


def _happened(moment: Moment, before: Cell, now: Cell) -> str:
    if moment.terminated:
        return "You reached the goal."
    if moment.reward == FALL:
        return "You fell off the cliff and are back at the start."
    return "You moved." if before != now else "You didn't move."

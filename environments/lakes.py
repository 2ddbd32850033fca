"""Gymnasium's FrozenLake: cross the ice without falling in; where the holes are is for the agents to learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ..errors import DataError, options
from .grid_world import GridWorld
from .gymnasium import Description, Moment
from .protocol import Source, View
from .toytext import OUTCOME, Cell, walked

ACTIONS = ("left", "down", "right", "up")
LIMITS = {"4x4": 100, "8x8": 200}
"""Steps of an episode, by map."""
POSITION = Source("position", "Where you stand: row from the top, column from the left, both from 0.", trusted=True)


def frozen_lake(map: Literal["4x4", "8x8"] = "4x4", *, slippery: bool = True) -> GridWorld:  # noqa: A002  as the engine
    """The FrozenLake task.

    Args:
        map: Its size.
        slippery: A step goes where it should in one of three cases, else to either side.

    Raises:
        DataError: There is no such map.
    """
    if map not in LIMITS:
        raise DataError(f"frozen_lake: map is {map!r}; {options(map, LIMITS)}")
    size = map.partition("x")[0]
    task = (
        f"Cross a frozen lake of {size} rows and {size} columns, from the first cell of the first row to the last cell "
        f"of the last row; after {LIMITS[map]} steps it is over. The ice has holes; who falls in one is out. Only the "
        "goal brings a reward, of 1."
    )
    tags = {"domain": "frozen_lake", "map": map}
    return GridWorld(
        "FrozenLake-v1",
        Description(task, (POSITION, OUTCOME), _views, ACTIONS, tags=tags),
        arguments={"map_name": map, "is_slippery": slippery},
        id=f"frozen_lake/{map}" + ("" if slippery else "/dry"),
        max_steps=LIMITS[map],
    )


def _views(moment: Moment) -> Mapping[str, View]:
    return walked(moment, moment.engine.ncol, POSITION, _happened)


def _happened(moment: Moment, before: Cell, now: Cell) -> str:
    if moment.terminated:
        return "You reached the goal." if moment.reward > 0 else "You fell into a hole."
    return "You moved." if before != now else "You didn't move."

"""A node that can wait for people: the step's other nodes still do their work, then the episode stops where it is."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..agents.node import EpisodeRuntime
from ..agents.state import EpisodeState, Update
from ..errors import WaitingError


class Node(Protocol):
    """Any node of an episode's graph."""

    def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Awaitable[Update]:
        """Do its work."""
        ...


@dataclass(frozen=True)
class Pausable:
    """A node, and what happens if people have to answer before it, or one before it, can go on."""

    name: str
    node: Node

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        """The node's update; ``waiting`` for answers; or nothing, once anything waits."""
        if state.get("waiting"):
            return {}
        try:
            return await self.node(state, runtime)
        except WaitingError as waiting:
            return {"waiting": {self.name: list(waiting.questions)}}


def see_answered(waiting: Mapping[str, Sequence[str]], run: str, then: str) -> None:
    """See that an episode came to its end.

    Raises:
        WaitingError: It stopped, waiting for people.
    """
    if waiting:
        raise WaitingError(run, [question for name in sorted(waiting) for question in waiting[name]], then)

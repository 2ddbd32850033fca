"""What runs episodes, kept ready, so that many episodes of one team build it once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ..agents.episode import Episode
from ..agents.state import EpisodeState
from ..environments.protocol import EnvironmentSpec
from .course import Course
from .episode import EpisodeMachine, compile_episode, wire
from .graph import EpisodeGraph

KEPT = 16


class Machine(Protocol):
    """Runs episodes of one team, any number at a time."""

    async def run(self, episode: Episode, limit: int) -> EpisodeState:
        """Run an episode from START to END, in at most so many supersteps, and return the last state."""
        ...


@dataclass(frozen=True)
class Compiled:
    """A machine that LangGraph runs."""

    machine: EpisodeMachine

    async def run(self, episode: Episode, limit: int) -> EpisodeState:
        """Run an episode."""
        last: EpisodeState = await self.machine.ainvoke({}, {"recursion_limit": limit}, context=episode)  # type: ignore[assignment]
        return last


def compiled(graph: EpisodeGraph, environment: EnvironmentSpec) -> Machine:
    """A team's machine, run by LangGraph.

    Raises:
        GraphError: The team doesn't fit the environment.
    """
    return Compiled(compile_episode(graph, environment))


def lean(graph: EpisodeGraph, environment: EnvironmentSpec) -> Machine:
    """The same without LangGraph's scheduler, for many episodes at a time.

    Raises:
        GraphError: The team doesn't fit the environment.
    """
    graph.check(environment)
    course = Course()
    wire(course, graph)
    return course


@dataclass(frozen=True)
class Ready:
    """A team and its machine."""

    graph: EpisodeGraph
    machine: Machine


@dataclass(frozen=True)
class Machines:
    """The last few teams' machines: a machine keeps nothing of the episodes it ran."""

    build: Callable[[EpisodeGraph, EnvironmentSpec], Machine] = compiled
    known: deque[Ready] = field(default_factory=lambda: deque(maxlen=KEPT))

    def of(self, graph: EpisodeGraph, environment: EnvironmentSpec) -> Machine:
        """The machine that runs a team's episodes.

        Raises:
            GraphError: The team doesn't fit the environment.
        """
        for ready in self.known:
            if ready.graph == graph:
                graph.check(environment)
                return ready.machine
        machine = self.build(graph, environment)
        self.known.append(Ready(graph, machine))
        return machine

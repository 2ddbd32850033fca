"""Compiled episodes, so that many runs of one team compile it once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ..environments.protocol import EnvironmentSpec
from .episode import EpisodeMachine, compile_episode
from .graph import EpisodeGraph

KEPT = 16


@dataclass(frozen=True)
class Compiled:
    """A team and its machine."""

    graph: EpisodeGraph
    machine: EpisodeMachine


@dataclass(frozen=True)
class Machines:
    """The last few teams' machines: a machine keeps nothing of the episodes it ran."""

    known: deque[Compiled] = field(default_factory=lambda: deque(maxlen=KEPT))

    def of(self, graph: EpisodeGraph, environment: EnvironmentSpec) -> EpisodeMachine:
        """The machine that runs a team's episodes.

        Raises:
            GraphError: The team doesn't fit the environment.
        """
        for compiled in self.known:
            if compiled.graph == graph:
                graph.check(environment)
                return compiled.machine
        machine = compile_episode(graph, environment)
        self.known.append(Compiled(graph, machine))
        return machine

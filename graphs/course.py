"""An episode's graph run by a few lines instead of by LangGraph: the same nodes, the same edges, the same supersteps.

LangGraph's scheduler costs more CPU than everything else in a step: where a thousand episodes run in one process, that
is what they wait for. It is used for single runs, where its streaming, tracing and interrupts are at hand; sweeps use
this. Both are built by the same code, and a run is the same by either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast, get_type_hints

from langgraph.graph import END, START
from langgraph.runtime import Runtime

from ..agents.episode import Episode
from ..agents.node import EpisodeRuntime
from ..agents.state import EpisodeState, Update
from ..errors import GraphError

Node = Callable[[EpisodeState, EpisodeRuntime], Awaitable[Update]]
Path = Callable[[EpisodeState], str]
Reducer = Callable[[Any, Any], Any]


class Wiring(Protocol):
    """What takes the nodes and edges of an episode: LangGraph's ``StateGraph``, or a :class:`Course`."""

    def add_node(self, name: str, node: Any, /) -> Any:  # noqa: ANN401  StateGraph's signature
        """Take a node."""
        ...

    def add_edge(self, start: Any, end: str, /) -> Any:  # noqa: ANN401
        """After ``start``, or after all of several, comes ``end``."""
        ...

    def add_conditional_edges(self, source: str, path: Any, ends: Any, /) -> Any:  # noqa: ANN401
        """After ``source`` comes what ``path`` says of the state."""
        ...


def _reducers() -> dict[str, Reducer]:
    """How a state's channels take what several nodes return."""
    hints = get_type_hints(EpisodeState, include_extras=True)
    return {key: hint.__metadata__[0] for key, hint in hints.items() if hasattr(hint, "__metadata__")}


@dataclass
class Course:
    """Nodes, and what comes after them."""

    nodes: dict[str, Node] = field(default_factory=dict)
    after: dict[str, list[str]] = field(default_factory=dict)
    joins: list[tuple[frozenset[str], str]] = field(default_factory=list)
    paths: dict[str, Path] = field(default_factory=dict)
    reducers: Mapping[str, Reducer] = field(default_factory=_reducers)

    def add_node(self, name: str, node: Node, /) -> None:
        """Take a node."""
        self.nodes[name] = node

    def add_edge(self, start: str | Sequence[str], end: str, /) -> None:
        """After ``start``, or after all of several, comes ``end``."""
        if isinstance(start, str):
            self.after.setdefault(start, []).append(end)
        else:
            self.joins.append((frozenset(start), end))

    def add_conditional_edges(self, source: str, path: Path, ends: Collection[str], /) -> None:
        """After ``source`` comes what ``path`` says of the state."""
        del ends  # for drawing only
        self.paths[source] = path

    async def run(self, episode: Episode, limit: int) -> EpisodeState:
        """Run an episode from START to END and return the last state.

        Raises:
            GraphError: It takes more than ``limit`` supersteps.
        """
        runtime: EpisodeRuntime = Runtime(context=episode)
        state: dict[str, Any] = {}
        done: dict[str, set[str]] = {end: set() for _, end in self.joins}
        names = self._following([START], {}, {}, done)
        for _ in range(limit):
            if not names:
                return cast("EpisodeState", state)
            updates = dict(zip(names, await self._step(names, state, runtime), strict=True))
            before, state = state, self._merged(state, updates.values())
            names = self._following(names, before, updates, done)
        raise GraphError(f"an episode took more than {limit} supersteps, which its graph and its task don't allow")

    async def _step(self, names: Sequence[str], state: dict[str, Any], runtime: EpisodeRuntime) -> list[Update]:
        """Run nodes side by side; if one fails, the others are given up."""
        given = cast("EpisodeState", state)
        if len(names) == 1:
            return [await self.nodes[names[0]](given, runtime)]
        tasks = [asyncio.ensure_future(self.nodes[name](given, runtime)) for name in names]
        try:
            return await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    def _merged(self, state: dict[str, Any], updates: Iterable[Update | None]) -> dict[str, Any]:
        """The state after updates, which leave the state that nodes hold as it is."""
        state, told = dict(state), set[str]()
        for update in updates:
            for key, value in (update or {}).items():
                reduce = self.reducers.get(key)
                if reduce is None and key in told:
                    raise GraphError(f"two nodes returned {key!r} in one superstep; only one may")
                told.add(key)
                state[key] = value if reduce is None else reduce(state.get(key), value)
        return state

    def _following(
        self,
        names: Sequence[str],
        state: dict[str, Any],
        updates: Mapping[str, Update],
        done: dict[str, set[str]],
    ) -> list[str]:
        """What comes next, in the order of the names; a path sees the state before and its own node's update."""
        following: set[str] = set()
        for name in names:
            following.update(self.after.get(name, ()))
            if name in self.paths:
                following.add(self.paths[name](cast("EpisodeState", self._merged(state, [updates[name]]))))
            for starts, end in self.joins:
                if name in starts:
                    done[end].add(name)
                    if done[end] == starts:
                        done[end].clear()
                        following.add(end)
        return sorted(following - {END})

"""What an agent is to a graph."""

from __future__ import annotations

import re
from typing import ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

from langgraph.runtime import Runtime

from ..errors import GraphError
from .episode import Episode
from .state import EpisodeState, Update

Role = Literal["analyst", "manager"]
EpisodeRuntime: TypeAlias = Runtime[Episode]


@runtime_checkable
class Agent(Protocol):
    """A LangGraph node that asks a model: ``await agent(state, runtime) -> update``.

    It may be used in any ``StateGraph(EpisodeState, context_schema=Episode)``.
    """

    role: ClassVar[Role]

    @property
    def name(self) -> str:
        """Unique within a graph."""
        ...

    @property
    def source(self) -> str | None:
        """The source it reads; ``None`` for one that reads none."""
        ...

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        """Do this step's work."""
        ...


def checked_name(name: str) -> str:
    """A name that can stand in keys and prompts.

    Raises:
        GraphError: It can't; the message says what can.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", name):
        raise GraphError(
            f"{name!r} can't be an agent's name: use 1 to 40 lower-case letters, digits, '-' or '_', "
            "starting with a letter or digit"
        )
    return name

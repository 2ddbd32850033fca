"""What the conceptual critic answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..memory.operations import Operation
from ..memory.remembering import MemoryOperation

Line = Annotated[str, Field(min_length=1, max_length=400)]


class Concept(BaseModel):
    """One entry of the aspect -> advice map behind an episode's results."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    aspect: Annotated[str, Field(max_length=80)]
    advice: Line


class Critique(BaseModel):
    """A comparison of two consecutive episodes (FinCon's conceptual verbal reinforcement)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    current: Annotated[list[Concept], Field(max_length=12)]
    """Concepts behind the current episode's results."""
    previous: Annotated[list[Concept], Field(max_length=12)]
    """Concepts behind the previous episode's results."""
    better: Literal["current", "previous", "equal"]
    strengths: Annotated[list[Line], Field(max_length=6)]
    weaknesses: Annotated[list[Line], Field(max_length=6)]
    direction: Line
    """The meta-prompt: why one did better, and what to do differently, in words."""
    proposals: Annotated[list[Operation], Field(max_length=20)]
    """Belief operations, the most important first."""


class CritiqueWithMemories(Critique):
    """The same by a critic that also judges what agents remember."""

    memories: Annotated[list[MemoryOperation], Field(max_length=20)] = []
    """What is to happen to agents' memories."""

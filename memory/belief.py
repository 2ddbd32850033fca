"""What a belief is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

Polarity = Literal["for", "against"]


class Status(StrEnum):
    """Where a belief stands; only active and disputed ones can be handed to an agent."""

    CANDIDATE = "candidate"
    ACTIVE = "active"
    DISPUTED = "disputed"
    SUPERSEDED = "superseded"
    RETIRED = "retired"
    QUARANTINED = "quarantined"


class Record(BaseModel):
    """Base of everything that is kept: frozen, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Predicate(Record):
    """One typed condition on a fact, e.g. ``asset == "AAPL"`` or ``volatility_21 > 0.02``."""

    fact: str
    op: Literal["==", "!=", "<", "<=", ">", ">=", "in"]
    value: str | FiniteFloat | tuple[str, ...]
    """Text, a number, or the texts that ``in`` allows."""


class Scope(Record):
    """When a belief applies: every predicate has to hold."""

    when: tuple[Predicate, ...] = ()
    sentence: str = ""
    """The same in words; has its own embedding."""


class Credence(Record):
    """Degree of belief: a Beta distribution over the outcomes of the episodes in which the belief was used."""

    alpha: Annotated[float, Field(gt=0)] = 1.0
    beta: Annotated[float, Field(gt=0)] = 1.0

    @property
    def mean(self) -> float:
        """Expected share of good outcomes, in [0, 1]."""
        return self.alpha / (self.alpha + self.beta)

    def after(self, good: float = 0.0, bad: float = 0.0) -> Credence:
        """The posterior after ``good`` and ``bad`` further outcomes."""
        return Credence(alpha=self.alpha + good, beta=self.beta + bad)


class Evidence(Record):
    """Where a belief comes from."""

    run: str
    episode: int
    steps: tuple[int, ...]
    """The steps that speak for it."""
    note: str = ""
    """What was seen there, in words."""


class Belief(Record):
    """A conceptual lesson. Its ``id`` is derived from what it says, so the same lesson has the same id everywhere."""

    id: str
    concept: str
    """The idea in a few words, e.g. "short-term momentum"."""
    statement: str
    """One sentence that an agent can act on."""
    aspect: str
    """What it bears on: a source (``news``) or one of its signals (``prices.momentum_21``)."""
    polarity: Polarity
    """Whether to trust the aspect or to act against it."""
    scope: Scope = Scope()
    audience: tuple[str, ...] = ()
    """Agents that the critic suggested; the propagation policy decides."""
    credence: Credence = Credence()
    evidence: tuple[Evidence, ...]
    author: str
    """The critic that proposed it."""
    known_at: datetime | None
    """Time of the latest datum it was made from; ``None`` only where the task has no clock."""
    status: Status = Status.CANDIDATE
    pinned: bool = False
    tainted: bool = False
    """Made, at least in part, from text that strangers wrote."""
    supersedes: tuple[str, ...] = ()
    contradicts: tuple[str, ...] = ()


def belief_id(concept: str, statement: str, aspect: str, polarity: Polarity, scope: Scope) -> str:
    """The id of the belief that says this: ``b-`` and the first ten hex digits of a sha256 over it."""
    said: list[object] = [concept, statement, aspect, polarity, scope.model_dump(mode="json")]
    digest = hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    return f"b-{digest[:10]}"


Facts = Mapping[str, str | float]
"""What is known about a situation, for scopes to be resolved against."""

"""Which beliefs are handed to whom before an episode, and why each was taken or left.

A policy is anything with one method, :meth:`Propagation.choose`. It sees one agent and all candidates, and says of
every single one whether the agent gets it, with one reason. What is exact - status, audience, time, scope - is resolved
first; only what is left is ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import BeliefError
from .belief import Belief, Facts, Validity
from .block import BeliefLine, line, parse, render
from .filling import Filling, rivals
from .scope import unmet
from .state import HANDED

__all__ = [
    "AgentProfile",
    "BeliefLine",
    "Broadcast",
    "ByConcern",
    "Choice",
    "Nothing",
    "Propagation",
    "PropagationContext",
    "PropagationRecord",
    "Vectorise",
    "parse",
    "render",
]

Vectorise = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to L2-normalised rows; only called by policies that rank."""


@dataclass(frozen=True)
class AgentProfile:
    """What a policy knows of an agent.

    Attributes:
        name: Unique within the graph.
        role: ``manager``, ``analyst``, ...
        source: What it reads; ``None`` for an agent that reads none.
        text: What it is for, in words; relevance is measured against it.
    """

    name: str
    role: str
    source: str | None
    text: str


@dataclass(frozen=True)
class PropagationContext:
    """The situation at the start of an episode.

    Attributes:
        start: The environment's clock; ``None`` where the task has none.
        facts: What scopes are resolved against.
        mode: In ``evaluate`` nothing learned at or after ``start`` may be used; walk-forward training is ``evaluate``
            in this sense. ``train`` passes over one window several times and may use what earlier passes taught.
        in_sample: The caller already knows that the episode's own data was learned from; the record will say so.
        episode: Index of the episode within its run; what policies that draw lots draw by.
    """

    start: datetime | None
    facts: Facts
    mode: Literal["train", "evaluate", "imagine"]
    in_sample: bool = False
    episode: int = 0


@dataclass(frozen=True)
class Choice:
    """What became of one candidate for one agent.

    Attributes:
        agent: Name of the agent.
        belief: Id of the belief.
        taken: Whether the agent gets it.
        reason: Why, or why not.
        scores: What it was ranked by, by component; empty if it never came to that.
        tokens: What its line costs in the prompt, estimated as a quarter of its characters.
    """

    agent: str
    belief: str
    taken: bool
    reason: str
    scores: Mapping[str, float] = field(default_factory=dict)
    tokens: int = 0


class Propagation(Protocol):
    """Decides what an agent is told."""

    def choose(
        self, agent: AgentProfile, beliefs: Sequence[Belief], context: PropagationContext, vectors: Vectorise
    ) -> tuple[Choice, ...]:
        """Return one choice per belief; the taken ones in the order in which the agent reads them.

        Equal arguments give equal choices, whatever the order of ``beliefs``.
        """
        ...


@dataclass(frozen=True)
class PropagationRecord:
    """What every agent was handed before an episode, and every candidate that was left.

    Attributes:
        episode: Before which.
        in_sample: Whether beliefs made from the episode's own time were handed out, or the caller said so.
        choices: One per agent and candidate.
        beliefs: The candidates by id, as they stood then.
    """

    episode: int
    in_sample: bool
    choices: tuple[Choice, ...]
    beliefs: Mapping[str, Belief] = field(repr=False)

    def taken(self, agent: str) -> tuple[Belief, ...]:
        """What an agent was handed, in the order in which it reads it."""
        return tuple(self.beliefs[c.belief] for c in self.choices if c.agent == agent and c.taken)


@dataclass(frozen=True)
class Nothing:
    """Propagation off: every belief is left."""

    def choose(
        self,
        agent: AgentProfile,
        beliefs: Sequence[Belief],
        context: PropagationContext,  # noqa: ARG002
        vectors: Vectorise,  # noqa: ARG002
    ) -> tuple[Choice, ...]:
        """Leave everything."""
        return tuple(Choice(agent.name, b.id, taken=False, reason="propagation is off") for b in _sorted(beliefs))


@dataclass(frozen=True)
class Broadcast:
    """Everybody gets every belief in force, the strongest first; for comparison. Time and scope are still respected."""

    def choose(
        self,
        agent: AgentProfile,
        beliefs: Sequence[Belief],
        context: PropagationContext,
        vectors: Vectorise,  # noqa: ARG002
    ) -> tuple[Choice, ...]:
        """Take what isn't excluded."""
        ranked = sorted(beliefs, key=lambda b: (-b.credence.mean, b.id))
        objections = [(b, objection(b, context, agent, audience=False)) for b in ranked]
        return tuple(
            Choice(agent.name, b.id, taken=against is None, reason=against or "broadcast", tokens=tokens(b))
            for b, against in objections
        )


@dataclass(frozen=True)
class ByConcern:
    """The default: an analyst hears what concerns its source, the manager hears everything (FinCon, section 3).

    What may be handed out is ranked by relevance x credence x decay, thinned of repetitions by maximal marginal
    relevance, and taken as far as the token budget goes. Disputed beliefs are handed out marked as such, in pairs: with
    one that contradicts them, if any of those can be handed out here.

    Attributes:
        budget: Tokens of beliefs per agent.
        half_life: After how long a belief counts half, on the environment's clock; ``None`` for never.
        diversity: Weight in [0, 1] of being unlike what was taken already.
    """

    budget: int = 600
    half_life: float | None = 365.0
    """In days."""
    diversity: float = 0.3

    def __post_init__(self) -> None:
        if self.budget < 0:
            raise BeliefError(f"ByConcern: budget={self.budget}; it is a number of tokens, at least 0")
        if self.half_life is not None and not self.half_life > 0:
            raise BeliefError(f"ByConcern: half_life={self.half_life}; it is a number of days above 0, or None")
        if not 0 <= self.diversity <= 1:
            raise BeliefError(f"ByConcern: diversity={self.diversity}; it is a weight in [0, 1]")

    def choose(
        self, agent: AgentProfile, beliefs: Sequence[Belief], context: PropagationContext, vectors: Vectorise
    ) -> tuple[Choice, ...]:
        """Exclude exactly, then rank, then fill the budget."""
        admitted: list[Belief] = []
        excluded: list[Choice] = []
        for b in _sorted(beliefs):
            against = objection(b, context, agent)
            if against is None:
                admitted.append(b)
            else:
                excluded.append(Choice(agent.name, b.id, taken=False, reason=against, tokens=tokens(b)))
        return (*self._filled(agent, admitted, context, vectors), *excluded)

    def _filled(
        self, agent: AgentProfile, beliefs: Sequence[Belief], context: PropagationContext, vectors: Vectorise
    ) -> list[Choice]:
        """Take the best that still fits until nothing does."""
        if not beliefs:
            return []
        columns = self._scored(agent, beliefs, context, vectors)
        filling = Filling(
            columns["score"],
            vectors([b.statement for b in beliefs]).astype(np.float64),
            np.array([tokens(b) for b in beliefs]),
            rivals(beliefs),
            self.budget,
            self.diversity,
        )
        why = "the manager hears every belief" if agent.role == "manager" else f"concerns {agent.source}"

        def chosen(i: int, reason: str, *, taken: bool) -> Choice:
            scores = {name: float(column[i]) for name, column in {**columns, "redundancy": filling.redundancy}.items()}
            return Choice(agent.name, beliefs[i].id, taken, reason, scores, int(filling.costs[i]))

        taken = [chosen(i, why, taken=True) for i in filling.taken()]
        budget = f"{filling.room} of {self.budget} are left"
        left = [chosen(i, f"budget: {filling.need(i)}, {budget}", taken=False) for i in filling.left]
        return [*taken, *left]

    def _scored(
        self, agent: AgentProfile, beliefs: Sequence[Belief], context: PropagationContext, vectors: Vectorise
    ) -> dict[str, NDArray[np.float64]]:
        relevance = (1 + _likeness(agent, beliefs, vectors)) / 2
        credence = np.array([b.credence.mean for b in beliefs])
        decay = np.array([self._decay(b, context) for b in beliefs])
        named = {"relevance": relevance, "credence": credence, "decay": decay, "score": relevance * credence * decay}
        # the last digits of a dot product differ between machines; a record mustn't
        return {name: np.round(column, 6) for name, column in named.items()}

    def _decay(self, belief: Belief, context: PropagationContext) -> float:
        if self.half_life is None or belief.known_at is None or context.start is None:
            return 1.0
        if _is_later(belief.known_at, context.start):
            return 1.0
        age = (context.start - belief.known_at) / timedelta(days=1)
        return float(0.5 ** (age / self.half_life))


def tokens(belief: Belief) -> int:
    """What a belief costs in a prompt: a quarter of the characters of its line, rounded up."""
    return ceil(len(line(belief)) / 4)


def objection(belief: Belief, context: PropagationContext, agent: AgentProfile, *, audience: bool = True) -> str | None:
    """What stands exactly against handing a belief out: status, audience, time or scope; ``None`` if nothing does.

    Args:
        belief: The candidate.
        context: The situation.
        agent: Who would get it.
        audience: Whether it matters whom it concerns.
    """
    concern = _audience(belief, agent) if audience else None
    return _status(belief) or concern or _time(belief, context) or _scope(belief, context, agent)


def in_sample(beliefs: Sequence[Belief], context: PropagationContext) -> bool:
    """Whether any of these was made from data of the episode's own time or later."""
    return any(_is_later(belief.known_at, context.start) for belief in beliefs)


def _likeness(agent: AgentProfile, beliefs: Sequence[Belief], vectors: Vectorise) -> NDArray[np.float64]:
    """Cosine of the agent's text with the statement, averaged with that of the scope's sentence if there is one."""
    profile = vectors([agent.text])[0].astype(np.float64)
    likeness: NDArray[np.float64] = vectors([b.statement for b in beliefs]).astype(np.float64) @ profile
    scoped = [i for i, b in enumerate(beliefs) if b.scope.sentence]
    if scoped:
        sentences = vectors([beliefs[i].scope.sentence for i in scoped]).astype(np.float64)
        likeness[scoped] = (likeness[scoped] + sentences @ profile) / 2
    return np.clip(likeness, -1, 1)


def _status(belief: Belief) -> str | None:
    if belief.status in HANDED:
        return None
    return f"status: {belief.status}" + (f", {belief.held_back}" if belief.held_back else "")


def _audience(belief: Belief, agent: AgentProfile) -> str | None:
    source = belief.aspect.split(".", 1)[0]
    if agent.role == "manager" or source == agent.source:
        return None
    return f"audience: it concerns {source}, and {agent.name} reads {agent.source or 'no source'}"


def _time(belief: Belief, context: PropagationContext) -> str | None:
    if invalid := _invalid(belief.validity, context.start):
        return f"time: {invalid}"
    if context.start is None:
        return None
    if belief.known_at is None:
        return "time: nobody recorded when it was known"
    if context.mode == "evaluate" and _is_later(belief.known_at, context.start):
        return f"time: known at {belief.known_at.isoformat()}, not before {context.start.isoformat()}"
    return None


def _invalid(validity: Validity, start: datetime | None) -> str | None:
    """Why an episode that starts then doesn't begin while a belief is valid; what can't be compared isn't."""
    begin, end = validity.valid_from, validity.valid_to
    if begin is None and end is None:
        return None
    if start is None or any(at and (at.tzinfo is None) != (start.tzinfo is None) for at in (begin, end)):
        return f"nobody can tell whether {start and start.isoformat()} lies in its validity"
    if begin is not None and start < begin:
        return f"valid from {begin.isoformat()} on, after {start.isoformat()}"
    return f"valid until {end.isoformat()}, not at {start.isoformat()}" if end is not None and start >= end else None


def _is_later(known_at: datetime | None, start: datetime | None) -> bool:
    """Whether something was known at ``start`` or later only; times with and without a zone can't tell: then it was."""
    if known_at is None or start is None:
        return False
    return (known_at.tzinfo is None) != (start.tzinfo is None) or known_at >= start


def _scope(belief: Belief, context: PropagationContext, agent: AgentProfile) -> str | None:
    reason = unmet(belief.scope, {**context.facts, "agent": agent.name, "role": agent.role})
    return None if reason is None else f"scope: {reason}"


def _sorted(beliefs: Sequence[Belief]) -> list[Belief]:
    return sorted(beliefs, key=lambda b: b.id)

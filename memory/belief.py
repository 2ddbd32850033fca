"""What a belief is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from math import fsum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

Polarity = Literal["for", "against"]

Kind = Literal["belief", "behaviour", "hint", "feedback"]
"""What sort of lesson: a conceptual belief; a named instruction, handed out in place of the reasoning that it was
distilled from; a cue for one instance; what a person said."""

Facts = Mapping[str, str | float]
"""What is known about a situation, for scopes to be resolved against."""


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
    value: str | FiniteFloat | tuple[str | FiniteFloat, ...]
    """Text, a number, or the texts and numbers that ``in`` allows."""

    def __str__(self) -> str:
        """As people write it: ``asset in AAPL, MSFT``."""
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return f"{self.fact} {self.op} {', '.join(map(_written, values))}"


class Scope(Record):
    """When a belief applies: every condition has to hold, and no exclusion may."""

    when: tuple[Predicate, ...] = ()
    unless: tuple[Predicate, ...] = ()
    """Exclusions: each has to be known not to hold; of what isn't known, nobody knows that."""
    sentence: str = ""
    """The same in words; has its own embedding."""

    @property
    def conditions(self) -> tuple[str, ...]:
        """Its conditions and exclusions, each in words."""
        return (*map(str, self.when), *(f"not {p}" for p in self.unless))


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
    rewards: tuple[float, ...] = ()
    """What each of the steps returned; empty where that isn't recorded."""
    mean: float | None = None
    """What a step of that episode returned on average."""
    trajectory: str = ""
    """A sha256 over the episode's steps, so that others can't be passed off as them."""
    words: tuple[str, ...] = ()
    """Sources that strangers write and whose words the critic saw beside these steps; empty if it saw numbers alone."""
    imagined: bool = False
    """Whether a model made the episode up; it then says nothing of how good a belief is."""

    @property
    def difference(self) -> float | None:
        """How much more than an average step of their episode the cited steps returned, each."""
        if self.mean is None or not self.rewards:
            return None
        return fsum(self.rewards) / len(self.rewards) - self.mean


class Given(Record):
    """One fact of a situation."""

    fact: str
    value: str | FiniteFloat


class Situation(Record):
    """A few facts that a scope can be tested with."""

    given: tuple[Given, ...]

    @property
    def facts(self) -> Facts:
        """The facts by name."""
        return {each.fact: each.value for each in self.given}

    def __str__(self) -> str:
        """The facts in one line."""
        return ", ".join(f"{each.fact} = {each.value!r}" for each in self.given) or "no facts"


class Examples(Record):
    """Situations kept with a belief; its scope is tested with them whenever it changes."""

    fire: tuple[Situation, ...] = ()
    """It applies in these."""
    quiet: tuple[Situation, ...] = ()
    """It doesn't apply in these."""

    def with_(self, other: Examples) -> Examples:
        """These and the others, each once."""
        return Examples(fire=_each(self.fire + other.fire), quiet=_each(self.quiet + other.quiet))


class Validity(Record):
    """When a belief is valid, on the environment's clock: from its begin on, and no longer at its end."""

    valid_from: datetime | None = None
    valid_to: datetime | None = None

    @model_validator(mode="after")
    def _begins_first(self) -> Self:
        begin, end = self.valid_from, self.valid_to
        if begin and end and ((begin.tzinfo is None) != (end.tzinfo is None) or begin >= end):
            raise ValueError(
                f"valid from {begin.isoformat()} to {end.isoformat()}: the end has to come after the begin"
            )
        return self


def whole(concept: str, statement: str) -> str:
    """A lesson as it is compared with others."""
    return f"{concept}: {statement}"


class Belief(Validity):
    """A lesson. Its ``id`` is derived from what it says, so the same lesson has the same id everywhere."""

    id: str
    kind: Kind = "belief"
    concept: str
    """The idea in a few words, e.g. "short-term momentum"; a behaviour's name."""
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
    """The critic or the person that proposed it."""
    model: str = ""
    """The critic's model; empty where none was asked."""
    prompt: str = ""
    """Digest of the request that the critic's model answered."""
    known_at: datetime | None
    """Time of the latest datum it was made from; ``None`` only where the task has no clock."""
    recorded: int | None = None
    """After which episode, of the run that learned it; ``None`` if that isn't known."""
    retracted: int | None = None
    """After which episode it was retired or superseded, while it is."""
    status: Status = Status.CANDIDATE
    held_back: str = ""
    """Why it's a candidate or quarantined, or that it was revoked; empty otherwise."""
    examples: Examples = Examples()
    pinned: bool = False
    tainted: bool = False
    """Made, at least in part, from text that strangers wrote."""
    words: tuple[str, ...] = ()
    """The sources of that text, by name."""
    parents: tuple[str, ...] = ()
    """What it was derived from: a belief that it replaced, those that every step it cites relied on, or those that a
    behaviour was distilled from."""
    supersedes: tuple[str, ...] = ()
    contradicts: tuple[str, ...] = ()
    generation: str = ""
    """Of the embeddings that its texts were compared by when it came in."""

    @property
    def imagined(self) -> bool:
        """Whether no real episode, and nobody's word, speaks for it."""
        return bool(self.evidence) and all(evidence.imagined for evidence in self.evidence)

    @property
    def validity(self) -> Validity:
        """When it is valid."""
        return Validity(valid_from=self.valid_from, valid_to=self.valid_to)

    @property
    def whole(self) -> str:
        """What it says, as it is compared with others; a person's feedback has no concept of its own."""
        return self.statement if self.kind == "feedback" else whole(self.concept, self.statement)

    @property
    def texts(self) -> tuple[str, ...]:
        """What is embedded of it."""
        return tuple(text for text in (self.statement, self.whole, self.scope.sentence) if text)


def belief_id(
    concept: str, statement: str, aspect: str, polarity: Polarity, scope: Scope, kind: Kind = "belief"
) -> str:
    """The id of the belief that says this: ``b-`` and the first ten hex digits of a sha256 over it.

    No exclusions and the kind ``belief`` aren't written into it: beliefs had ids before there were others.
    """
    conditions = scope.model_dump(mode="json", exclude=None if scope.unless else {"unless"})
    said: list[object] = [concept, statement, aspect, polarity, conditions, *([] if kind == "belief" else [kind])]
    digest = hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    return f"b-{digest[:10]}"


def id_of(belief: Belief) -> str:
    """The id that a belief should have by what it says."""
    b = belief
    return belief_id(b.concept, b.statement, b.aspect, b.polarity, b.scope, b.kind)


def _written(value: str | float) -> str:
    """A text as it stands, a whole number without its decimal point."""
    return str(int(value)) if not isinstance(value, str) and value.is_integer() and abs(value) < 1e15 else str(value)


def _each(situations: tuple[Situation, ...]) -> tuple[Situation, ...]:
    return tuple(dict.fromkeys(situations))

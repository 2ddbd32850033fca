"""What a critic may propose: the three operations of belief revision, as typed model output."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .belief import Examples, Polarity, Scope

Form = Literal["belief", "behaviour", "hint"]
"""What sort of lesson a critic may propose: see :data:`~doxa.memory.belief.Kind`."""
Sentence = Annotated[str, Field(min_length=1, max_length=400)]


class StepRef(BaseModel):
    """A step that speaks for a proposal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    episode: int
    step: int


class Proposal(BaseModel):
    """What every proposal carries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Sentence
    """Why, in one sentence."""


class Lesson(Proposal):
    """The content of a belief, as a critic words it."""

    concept: Annotated[str, Field(min_length=1, max_length=80)]
    statement: Sentence
    aspect: Annotated[str, Field(min_length=1, max_length=80)]
    """A source, or ``source.signal``, exactly as it stands in the evidence lines."""
    polarity: Polarity
    scope: Scope = Scope()
    examples: Examples = Examples()
    """Situations in which it must apply, or mustn't; its scope is tested with them now and at every change."""
    audience: tuple[str, ...] = ()
    support: Annotated[int, Field(ge=0, le=10_000)] = 1
    """How many of the steps looked at agree with it."""
    against: Annotated[int, Field(ge=0, le=10_000)] = 0
    """How many of the steps looked at disagree."""
    steps: Annotated[tuple[StepRef, ...], Field(min_length=1, max_length=40)]
    """Steps that show it."""


class Expansion(Lesson):
    """Add a belief."""

    kind: Literal["expansion"] = "expansion"
    form: Form = "belief"


class Revision(Lesson):
    """Put a belief in the place of another one, which stays on record as superseded."""

    kind: Literal["revision"] = "revision"
    form: Form = "belief"
    belief: str
    """Id of the belief to supersede."""


class Contraction(Proposal):
    """Give a belief up; it stays on record as retired."""

    kind: Literal["contraction"] = "contraction"
    belief: str
    """Id of the belief to give up."""


Operation = Annotated[Expansion | Revision | Contraction, Field(discriminator="kind")]

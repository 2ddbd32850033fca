"""Holding beliefs out: the randomised trial that credit rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..errors import BeliefError
from .belief import Belief
from .lots import lot
from .propagation import AgentProfile, ByConcern, Choice, Propagation, PropagationContext, Vectorise

HELD_OUT = "held out"
"""The reason of a choice that the lot alone decided."""


@dataclass(frozen=True)
class HoldOut:
    """Leaves each belief out of a random share of the training episodes, whoever would have been handed it.

    The other policy decides first, over all candidates; only what it would have handed out is drawn for, and nothing
    moves up into the room that a held-out belief leaves. So whether a belief is eligible doesn't depend on the lot, and
    episodes with it and without it differ by chance alone. In evaluation nothing is held out.

    With a hold-out in use, credences follow outcomes after every training episode: see :mod:`doxa.memory.credit`.

    Attributes:
        policy: Decides what would be handed out.
        share: Of the episodes, in (0, 1), that a belief is held out of.
        seed: Another seed draws other lots.
        apart: Whether lots are drawn for every agent apart. Then a belief's lift can differ between agents; drawn
            together, it is held out of the whole team, and what is measured is the belief itself.
        window: Training episodes, the latest, that credit looks back on; what was true before is forgotten.
        confidence: Of the lift's interval, in (0, 1); a belief is demoted if all of its interval is below 0. Intervals
            are looked at after every episode, so 0.95 would retire more than a few that do nothing.
    """

    policy: Propagation = field(default_factory=ByConcern)
    share: float = 0.2
    seed: int = 0
    apart: bool = False
    window: int = 40
    confidence: float = 0.99

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("share", "confidence"):
            if not 0 < (value := getattr(self, name)) < 1:
                raise BeliefError(f"HoldOut: {name}={value}; it is a number above 0 and below 1")
        if self.window < 2:
            raise BeliefError(f"HoldOut: window={self.window}; it is a number of episodes, at least 2 to compare")
        if isinstance(self.policy, HoldOut):
            raise BeliefError("HoldOut: policy= is a HoldOut already; give one share instead of two")

    def choose(
        self, agent: AgentProfile, beliefs: Sequence[Belief], context: PropagationContext, vectors: Vectorise
    ) -> tuple[Choice, ...]:
        """What the other policy chooses, less what the lot takes away."""
        choices = self.policy.choose(agent, beliefs, context, vectors)
        if context.mode != "train":
            return choices
        kept = [c for c in choices if not (c.taken and self._drawn(c, context))]
        held = [replace(c, taken=False, reason=HELD_OUT) for c in choices if c.taken and self._drawn(c, context)]
        return (*kept, *held)

    def _drawn(self, choice: Choice, context: PropagationContext) -> bool:
        whose = (choice.agent,) if self.apart else ()
        return lot(self.seed, context.episode, choice.belief, *whose) < self.share

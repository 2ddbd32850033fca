"""A gate between proposing a belief and believing it: a person approves or rejects what a critic would have learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..memory.approval import APPROVE, REJECT, Held
from ..memory.questions import Question, Reply
from ..memory.trajectory import Phase
from .episode import Episode
from .node import checked_name
from .occasions import Always, Doubt


@dataclass(frozen=True)
class Review:
    """Beliefs stay candidates, and the run waits, until people have ruled on each.

    Attributes:
        name: Unique within its graph; the author of the rulings.
        when: Which beliefs a person is asked about; one condition that holds is enough.
    """

    name: str = "review"
    when: tuple[Doubt, ...] = (Always(),)

    def __post_init__(self) -> None:
        """Check the name."""
        checked_name(self.name)

    async def rulings(self, waiting: Sequence[Held], step: int, episode: Episode) -> dict[str, Reply]:
        """What people ruled, by belief; all of them are asked before any is waited for."""
        questions = [self._question(held, number, step, episode) for number, held in enumerate(waiting)]
        replies = await episode.consult(*questions)
        return {held.belief.id: reply for held, reply in zip(waiting, replies, strict=True)}

    def _question(self, held: Held, number: int, step: int, episode: Episode) -> Question:
        return episode.question(
            step,
            Phase.REVIEW,
            self.name,
            number,
            about="belief",
            text=held_text(held),
            allowed="approve or reject",
            schema={"enum": [APPROVE, REJECT]},
            subject=held.belief.id,
        )


def held_text(held: Held) -> str:
    """A proposed belief as a person sees it: what it says, why, on which steps it rests, what it would do to others."""
    belief, result = held.belief, held.result
    return "\n".join(
        [
            f"# Belief {belief.id}, proposed by {belief.author}",
            belief.statement,
            f"concept: {belief.concept}",
            f"aspect: {belief.aspect}, {belief.polarity}; credence {belief.credence.mean:.2f}"
            + ("; made from text that strangers wrote" if belief.tainted else ""),
            *([f"for: {', '.join(belief.audience)}"] if belief.audience else []),
            *([f"applies: {belief.scope.sentence}"] if belief.scope.sentence else []),
            *(f"  where {condition}" for condition in belief.scope.conditions),
            f"why: {result.proposal.reason}",
            f"as: {result.op}; {result.reason}",
            *(
                f"evidence: episode {e.episode} steps {', '.join(map(str, e.steps))}"
                for e in belief.evidence
                if e.steps
            ),
        ]
    )

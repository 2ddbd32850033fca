"""What happened to a belief, as the journal tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .journal import Event, Journal
from .propagation import Choice
from .state import RevisionResult


@dataclass(frozen=True)
class BeliefEvent:
    """Something that happened to a belief.

    Attributes:
        run: Where.
        episode: When: after this episode if it was revised, before it if it was handed out.
        op: ``expansion``, ``reinforcement``, ``dispute``, ``revision``, ``contraction``; ``handed`` or ``left``.
        reason: Why, as the rules see it.
        author: The critic that proposed it, or the agent it was for.
        said: The critic's own reason; empty for propagations.
        scores: What it was ranked by, if it was.
    """

    run: str
    episode: int
    op: str
    reason: str
    author: str
    said: str
    scores: Mapping[str, float]

    @property
    def what(self) -> str:
        """The event in a line."""
        if self.op in {"handed", "left"}:
            score = f", score {self.scores['score']:.2f}" if "score" in self.scores else ""
            return f"{'handed to' if self.op == 'handed' else 'not for'} {self.author}: {self.reason}{score}"
        return f"{self.op} by {self.author}: {self.reason} ({self.said})"


def happened(journal: Journal, belief: str, run: str, until: int | None = None) -> Iterator[BeliefEvent]:
    """What happened to a belief in a run, up to a position in it, in the order of the run's log."""
    events = [*journal.events(run, kind="belief"), *journal.events(run, kind="propagation")]
    for event in sorted(events, key=lambda e: (e.episode, e.key)):
        if until is None or event.seq <= until:
            yield from _revised(event, belief) if event.kind == "belief" else _handed(event, belief)


def _revised(event: Event, belief: str) -> Iterator[BeliefEvent]:
    result = RevisionResult.read(event.payload, event.run, event.episode)
    if belief in result.concerns:
        reason = result.reason if belief == result.belief else f"by way of {result.belief}, {result.reason}"
        yield BeliefEvent(event.run, event.episode, result.op, reason, result.author, result.proposal.reason, scores={})


def _handed(event: Event, belief: str) -> Iterator[BeliefEvent]:
    for c in (Choice(**choice) for choice in event.payload["candidates"]):
        if c.belief == belief:
            op = "handed" if c.taken else "left"
            yield BeliefEvent(event.run, event.episode, op, c.reason, c.agent, "", c.scores)

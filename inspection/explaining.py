"""Why agents were handed what they were handed, to be looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import NotFoundError
from ..escapes import terminal
from .markup import table, titled
from .record import Record

if TYPE_CHECKING:
    from ..graphs.explanation import Candidate, Explanation

_HEAD = ("belief", "handed", "why", "what it says", "scores", "tokens")
_SHOWN = 12


@dataclass(frozen=True, repr=False)
class Why:
    """Every candidate before an episode, and what became of it for each agent.

    Attributes:
        run: Id of the run.
        episode: Before which; ``None`` if beliefs were never handed out.
        explanations: One per agent.
        belief: The only belief that is told of; ``None`` for all.
    """

    run: str
    episode: int | None
    explanations: tuple[Explanation, ...]
    belief: str | None

    def __repr__(self) -> str:
        if self.episode is None:
            return f"{self.run}: no beliefs have been handed out yet"
        lines = (line for e in self.explanations for line in self._lines(e))
        return "\n".join([f"{self.run}, before episode {self.episode}:", *lines])

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        """As HTML, escaped."""
        if self.episode is None:
            return titled(repr(self))
        return titled(f"{self.run}, before episode {self.episode}", *(self._agent(e) for e in self.explanations))

    def _lines(self, e: Explanation) -> Iterable[str]:
        yield f"  {e.agent}: {len(e.taken)} of {len(e.candidates)} handed"
        for c in self._of(e.candidates)[:_SHOWN]:
            mark = "handed" if c.choice.taken else "left"
            yield f"    {c.belief.id} {mark}, {terminal(c.choice.reason)}: {terminal(c.belief.statement)}"

    def _agent(self, e: Explanation) -> str:
        rows = self._of(e.candidates)
        head = f"{e.agent} was handed {len(e.taken)} of {len(e.candidates)} by {e.policy}: {e.tokens} tokens a prompt"
        return titled(head, table(_HEAD, map(_row, rows[:_SHOWN])) if rows else "", *_more(len(rows)))

    def _of(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        return [c for c in candidates if self.belief in {None, c.belief.id}]


def explained(record: Record, agent: str | None, episode: int | None, belief: str | None) -> Why:
    """Read it from the journal.

    Args:
        record: Of which run.
        agent: For whom; ``None`` for everyone.
        episode: Before which; ``None`` for the last one.
        belief: The only belief to be told of; ``None`` for all.

    Raises:
        NotFoundError: The run has no such episode, agent or belief.
    """
    from ..graphs.explanation import agents_of, explain
    from ..memory import BeliefMemory

    with record.opened() as journal, BeliefMemory(journal, record.run) as memory:
        begun = [e.episode for e in journal.events(record.run, kind="propagation")]
        if episode is None and not begun:
            return Why(record.run, None, (), belief)
        last = max(begun, default=0) if episode is None else episode
        wanted = None if belief is None else memory.get(belief).id
        names = [agent] if agent is not None else sorted(agents_of(journal, record.run, last))
        found = tuple(explain(memory, name, last) for name in names)
    if wanted is not None and not any(c.belief.id == wanted for e in found for c in e.candidates):
        raise NotFoundError(f"{wanted} was no candidate before episode {last}: it isn't from before, or not in force")
    return Why(record.run, last, found, wanted)


def _row(c: Candidate) -> tuple[object, ...]:
    scores = ", ".join(f"{name} {value:.3g}" for name, value in c.choice.scores.items())
    handed = "yes" if c.choice.taken else "no"
    return c.belief.id, handed, c.choice.reason, c.belief.statement, scores, c.choice.tokens


def _more(count: int) -> list[str]:
    return [f"<p>and {count - _SHOWN} more: .propagations is all of them</p>"] if count > _SHOWN else []

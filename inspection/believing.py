"""What a run believes, and what became of its beliefs, as frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..memory.belief import Belief, Evidence, Scope
from ..memory.journal import Ancestor
from ..memory.state import RevisionResult, changes
from .columns import frame, from_rows
from .record import Record, undisturbed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Turn:
    """A belief after something happened to it: after which episode and at which place of the log, what, and by whom.

    ``reason`` is the rules' own, ``why`` that of who proposed it, if anyone did.
    """

    episode: int
    key: str
    op: str
    reason: str
    author: str
    why: str
    belief: Belief


@dataclass(frozen=True)
class Past:
    """All that became of a run's beliefs.

    Attributes:
        inherited: What it started with, by id.
        turns: What happened to beliefs in the run itself, in the order of its log.
    """

    inherited: Mapping[str, Belief] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()

    @classmethod
    def of(cls, record: Record) -> Past:
        """Read it from the journal."""
        *ancestors, own = record.chain()
        inherited: dict[str, Belief] = {}
        with undisturbed():
            for part in ancestors:
                for result in _results(record, part):
                    inherited |= changes(inherited, result.result)
            return cls(inherited, tuple(_turns(inherited, _results(record, own))))

    def before(self, episode: int | None = None) -> dict[str, Belief]:
        """What was believed when an episode began, by id; all that is recorded for ``None``."""
        told = {t.belief.id: t.belief for t in self.turns if episode is None or t.episode < episode}
        return {**self.inherited, **told}


@dataclass(frozen=True)
class _Placed:
    """A result and its place."""

    episode: int
    key: str
    result: RevisionResult


def _results(record: Record, part: Ancestor) -> list[_Placed]:
    rows = sorted(record.rows("belief", part), key=lambda row: (row.episode, row.key))
    return [_Placed(r.episode, r.key, RevisionResult.skim(r.payload, part.run, r.episode)) for r in rows]


def _turns(inherited: Mapping[str, Belief], results: Iterable[_Placed]) -> Iterator[Turn]:
    state = dict(inherited)
    for placed in results:
        result, changed = placed.result, changes(state, placed.result)
        state |= changed
        told = (placed.episode, placed.key, result.op, result.reason, result.author, _said(result.proposal))
        yield from (Turn(*told, belief) for belief in changed.values())


def _said(proposal: object) -> str:
    """A proposal's own reason, as it was recorded."""
    return str(proposal.get("reason", "")) if isinstance(proposal, Mapping) else ""


def beliefs_frame(beliefs: Mapping[str, Belief], inherited: Iterable[str]) -> pd.DataFrame:
    """A row per belief, sorted by id."""
    held, known = [beliefs[i] for i in sorted(beliefs)], frozenset(inherited)
    rows = [_belief_row(belief, known) for belief in held]
    data = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    return frame("beliefs", {**data, **_between([b.credence.alpha for b in held], [b.credence.beta for b in held])})


def _belief_row(b: Belief, inherited: frozenset[str]) -> dict[str, Any]:
    alike = ("kind", "concept", "statement", "aspect", "polarity", "author", "model", "held_back", "pinned", "tainted")
    return {
        **{name: getattr(b, name) for name in alike},
        **{name: " ".join(getattr(b, name)) for name in ("parents", "supersedes", "contradicts")},
        "belief": b.id,
        "status": b.status.value,
        "credence": b.credence.mean,
        "alpha": b.credence.alpha,
        "beta": b.credence.beta,
        "scope": scope_text(b.scope),
        "audience": ", ".join(b.audience),
        "episodes": len({(e.run, e.episode) for e in b.evidence}),
        "steps": sum(len(e.steps) for e in b.evidence),
        "known_at": None if b.known_at is None else b.known_at.isoformat(),
        "born": b.recorded,
        "gone": b.retracted,
        "inherited": b.id in inherited,
    }


def evidence_frame(beliefs: Mapping[str, Belief]) -> pd.DataFrame:
    """A row per step that a belief cites, and one for evidence without steps."""
    rows = [row for i in sorted(beliefs) for e in beliefs[i].evidence for row in _evidence_rows(i, e)]
    names = ("belief", "run", "episode", "step", "reward", "mean", "note")
    return from_rows("evidence", names, rows)


def _evidence_rows(belief: str, e: Evidence) -> list[tuple[Any, ...]]:
    rewards = e.rewards or (None,) * len(e.steps)
    cited: list[tuple[Any, Any]] = list(zip(e.steps, rewards, strict=True)) or [(None, None)]
    return [(belief, e.run, e.episode, step, reward, e.mean, e.note) for step, reward in cited]


def changes_frame(turns: Iterable[Turn]) -> pd.DataFrame:
    """A row per belief and change, in the order of the log."""
    rows = [
        (
            t.episode,
            t.key,
            t.belief.id,
            t.op,
            t.reason,
            t.author,
            t.why,
            b.status.value,
            b.credence.alpha,
            b.credence.beta,
        )
        for t in turns
        for b in (t.belief,)
    ]
    names = ("episode", "key", "belief", "op", "reason", "author", "why", "status", "alpha", "beta")
    return from_rows("changes", names, rows)


def _between(alpha: list[float], beta: list[float]) -> dict[str, list[float]]:
    """The central 95 % of each Beta distribution."""
    if not alpha:
        return {}
    from scipy.special import betaincinv

    return {"low": betaincinv(alpha, beta, 0.025).tolist(), "high": betaincinv(alpha, beta, 0.975).tolist()}


def scope_text(scope: Scope) -> str:
    """When a belief applies, in a line; empty for always."""
    return "; ".join(filter(None, (scope.sentence, " and ".join(scope.conditions))))

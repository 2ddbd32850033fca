"""What is believed at some point: a fold of the results of revision, as the journal holds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from .belief import Belief, Evidence, Record, Status
from .interventions import Cause

Op = Literal[
    "expansion",
    "reinforcement",
    "dispute",
    "revision",
    "contraction",
    "rejected",
    "pinning",
    "approval",
    "restoration",
    "credit",
    "demotion",
]

IN_FORCE = frozenset({Status.CANDIDATE, Status.ACTIVE, Status.DISPUTED})


class Update(Record):
    """What happens to a belief that is there already."""

    belief: str
    status: Status | None = None
    """The new one; ``None`` if it stays."""
    good: float = 0.0
    bad: float = 0.0
    """Outcomes added to its credence."""
    evidence: tuple[Evidence, ...] = ()
    """Merged into its own."""
    known_at: datetime | None = None
    """Of that evidence, or of those outcomes."""
    tainted: bool = False
    supersedes: tuple[str, ...] = ()
    contradicts: tuple[str, ...] = ()
    pinned: bool | None = None
    audience: tuple[str, ...] | None = None
    """The new ones; ``None`` if they stay."""

    def applied(self, belief: Belief) -> Belief:
        """The belief afterwards. What was learned later is known later, and what was tainted stays so."""
        told = {
            "status": self.status or belief.status,
            "credence": belief.credence.after(self.good, self.bad),
            "evidence": _merged(belief.evidence, self.evidence),
            "known_at": later(belief.known_at, self.known_at) if self._teaches else belief.known_at,
            "tainted": belief.tainted or self.tainted,
            "supersedes": _united(belief.supersedes, self.supersedes),
            "contradicts": _united(belief.contradicts, self.contradicts),
            "pinned": belief.pinned if self.pinned is None else self.pinned,
            "audience": belief.audience if self.audience is None else self.audience,
        }
        return belief.model_copy(update=told)

    @property
    def _teaches(self) -> bool:
        return bool(self.evidence or self.good or self.bad)


class RevisionResult(Record):
    """What became of one proposal: a belief event."""

    op: Op
    reason: str
    """Why it was admitted as this, or rejected."""
    belief: str | None = None
    """The belief that was added, reinforced, put in another's place, or given up."""
    proposal: Cause
    added: Belief | None = None
    updates: tuple[Update, ...] = ()
    restored: tuple[Belief, ...] = ()
    """Beliefs put back exactly as they stood once."""
    author: str = ""
    known_at: datetime | None = None
    """Time of the latest datum behind the proposal."""
    tainted: bool = False
    generation: str = ""
    """Of the embeddings that texts were compared by."""

    @property
    def concerns(self) -> frozenset[str]:
        """Ids of all beliefs it bears on."""
        return frozenset(
            {*([self.belief] if self.belief else []), *(u.belief for u in self.updates), *(b.id for b in self.restored)}
        )

    def payload(self, run: str | None = None) -> dict[str, Any]:
        """The result as JSON for the journal. The run's own id isn't in it, so that equal runs have equal logs.

        Args:
            run: Whose log it is for: evidence of other runs keeps their names. ``None`` if all evidence is its own.
        """
        data = self.model_dump(mode="json")
        for holder in _holders(data):
            for evidence in holder["evidence"]:
                if run in {None, evidence["run"]}:
                    del evidence["run"]
        return data

    @classmethod
    def read(cls, payload: Mapping[str, Any], run: str) -> RevisionResult:
        """The result that an event of ``run`` recorded."""
        added = dict(payload["added"]) if payload["added"] else None
        listed = {name: [dict(each) for each in payload.get(name, ())] for name in ("updates", "restored")}
        data = {**payload, "added": added, **listed}
        for holder in _holders(data):
            holder["evidence"] = [{"run": run, **e} for e in holder["evidence"]]
        return cls.model_validate(data)


class Beliefs(Mapping[str, Belief]):
    """Beliefs by id; never changed, only followed by others."""

    def __init__(self, beliefs: Mapping[str, Belief] | None = None) -> None:
        self._by_id = dict(beliefs or {})

    def __getitem__(self, key: str) -> Belief:
        return self._by_id[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def in_force(self) -> tuple[Belief, ...]:
        """Those that are neither given up nor replaced."""
        return tuple(belief for belief in self._by_id.values() if belief.status in IN_FORCE)

    def after(self, results: Iterable[RevisionResult]) -> Beliefs:
        """What is believed after these results."""
        state = dict(self._by_id)
        for result in results:
            if (new := result.added) is not None:
                # the critics of one episode don't know of each other: two may have added the same belief
                state[new.id] = support(new).applied(state[new.id]) if new.id in state else new
            for update in result.updates:
                state[update.belief] = update.applied(state[update.belief])
            state |= {belief.id: belief for belief in result.restored}
        return Beliefs(state)


def support(lesson: Belief) -> Update:
    """What a lesson adds to a belief that says the same already."""
    return Update(
        belief=lesson.id,
        good=lesson.credence.alpha - 1,
        bad=lesson.credence.beta - 1,
        evidence=lesson.evidence,
        known_at=lesson.known_at,
        tainted=lesson.tainted,
        supersedes=lesson.supersedes,
        contradicts=lesson.contradicts,
        status=Status.DISPUTED if lesson.contradicts else None,
    )


def _holders(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Everything in a result's JSON that has evidence."""
    if data["added"]:
        yield data["added"]
    yield from data["updates"]
    yield from data["restored"]


def _merged(held: tuple[Evidence, ...], more: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Evidence with the steps that weren't cited yet; evidence without steps is someone's word."""
    cited = {(e.run, e.episode, step) for e in held for step in e.steps}
    fresh = [(e, tuple(s for s in e.steps if (e.run, e.episode, s) not in cited)) for e in more]
    new = (e.model_copy(update={"steps": steps}) for e, steps in fresh if steps or not e.steps)
    return (*held, *(e for e in new if e not in held))


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two times; ``None``, so unknown, if either is or they can't be compared."""
    if one is None or other is None or (one.tzinfo is None) != (other.tzinfo is None):
        return None
    return max(one, other)


def _united(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))

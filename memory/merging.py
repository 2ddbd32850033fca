"""Two runs' beliefs in one memory.

Merging is three-way: what both runs started from, or what was merged before, counts once. What only the other run
believes is added; what both believe is reinforced by the other's new evidence. Where they disagree nothing is decided
silently: opposite beliefs become disputed, a belief that one gave up keeps the status it has here, and every such case
is in the report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import BeliefError
from .belief import Belief, Status
from .curation import Curation
from .disputes import opposed
from .interventions import Merger
from .journal import Ancestor, Journal
from .recorded import believed, chain, results_of
from .state import HANDED, IN_FORCE, RevisionResult, Update, support


@dataclass(frozen=True)
class Conflict:
    """Where two runs disagree.

    Attributes:
        kind: ``contradiction`` of two beliefs, or another ``status`` of one.
        ours: Id of the belief here.
        theirs: Id of the belief there.
        told: What became of it, in words.
    """

    kind: Literal["contradiction", "status"]
    ours: str
    theirs: str
    told: str


@dataclass(frozen=True)
class Merge:
    """What came of a merge: one result per belief that was added or reinforced, and all conflicts."""

    results: tuple[RevisionResult, ...]
    conflicts: tuple[Conflict, ...]


def merge(hand: Curation, other: str, reason: str) -> Merge:
    """Take over what another run believes now.

    Args:
        hand: On the memory that takes over.
        other: The other run, which stays as it is.
        reason: Why.

    Raises:
        NotFoundError: There is no such run.
        BeliefError: It is the same run.
    """
    journal, run = hand.memory.journal, hand.memory.run
    if journal.require(other) == run:
        raise BeliefError(f"run {run} can't be merged with itself: name another run")
    seq = journal.length(other)
    base, theirs = _base(journal, run, other), believed(journal, chain(journal, other, seq))
    state, results, conflicts = hand.memory.now(), list[RevisionResult](), list[Conflict]()
    for belief in (theirs[i] for i in sorted(theirs)):
        said = Merger(reason=reason, run=other, seq=seq)
        if belief.id in state:
            conflicts += _status(state[belief.id], belief, base.get(belief.id))
            result = _reinforced(hand, state[belief.id], belief, base.get(belief.id), said)
        else:
            result = _added(hand, state.in_force(), belief, said)
            conflicts += _contradictions(result, belief)
        if result:
            results.append(result)
            state = state.after([result])
    return Merge(hand.record(results) if results else (), tuple(conflicts))


def _base(journal: Journal, run: str, other: str) -> Mapping[str, Belief]:
    """What both have already: as far as ``other`` was merged before, or what both started from."""
    merged = [
        r.proposal.seq
        for r in results_of(journal, chain(journal, run))
        if isinstance(r.proposal, Merger) and r.proposal.run == other
    ]
    if merged:
        return believed(journal, chain(journal, other, max(merged)))
    ours = {a.run: a.seq for a in chain(journal, run)}
    shared = [Ancestor(a.run, min(a.seq, ours[a.run])) for a in chain(journal, other) if a.run in ours]
    return believed(journal, shared)


def _added(hand: Curation, held: Sequence[Belief], new: Belief, said: Merger) -> RevisionResult:
    rivals = [b for b in held if b.status in HANDED and opposed(b, new)] if new.status in HANDED else []
    told = {"contradicts": tuple(sorted({*new.contradicts, *(b.id for b in rivals)}))}
    status = {"status": Status.DISPUTED} if rivals else {}
    updates = tuple(Update(belief=b.id, status=Status.DISPUTED, contradicts=(new.id,)) for b in rivals)
    against = f"; it contradicts {', '.join(b.id for b in rivals)}" if rivals else ""
    result = hand.result(
        "dispute" if rivals else "expansion", f"run {said.run} believes this{against}", said, new.id, updates
    )
    added = new.model_copy(update={**told, **status})
    return result.model_copy(update={"added": added, "generation": hand.memory.generation})


def _reinforced(
    hand: Curation, ours: Belief, theirs: Belief, base: Belief | None, said: Merger
) -> RevisionResult | None:
    """What the other run's evidence adds, if it believes the same and words don't come in by it."""
    if theirs.status not in IN_FORCE or (theirs.tainted and not ours.tainted):
        return None  # nobody believes it there, or words would add to what stands on numbers
    cited = {(e.run, e.episode, e.steps, e.note) for e in ours.evidence}
    if all((e.run, e.episode, e.steps, e.note) in cited for e in theirs.evidence):
        return None
    gained = support(theirs).model_copy(update={"supersedes": (), "contradicts": (), "status": None})
    if base is not None:
        good, bad = theirs.credence.alpha - base.credence.alpha, theirs.credence.beta - base.credence.beta
        gained = gained.model_copy(update={"good": max(0.0, good), "bad": max(0.0, bad)})
    return hand.result("reinforcement", f"run {said.run} has more evidence for it", said, ours.id, (gained,))


def _status(ours: Belief, theirs: Belief, base: Belief | None) -> Iterator[Conflict]:
    if (ours.status in IN_FORCE) != (theirs.status in IN_FORCE) and (base is None or theirs.status != base.status):
        told = f"{ours.status} here, {theirs.status} there: it stays {ours.status}"
        yield Conflict("status", ours.id, theirs.id, told)


def _contradictions(result: RevisionResult, belief: Belief) -> Iterator[Conflict]:
    for update in result.updates:
        yield Conflict("contradiction", update.belief, belief.id, "they say the opposite: both are disputed")

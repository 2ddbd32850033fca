"""What people do to a run's beliefs: add, edit, pin, approve, dispute, retract.

Every intervention is an event of the run's belief log, with a reason and an author, and nothing is deleted. It counts
from the episode after the last one that has begun: an episode that is resumed or replayed sees what it saw, and the
critique of the episode under way is folded in before it, so that a person has the last word. A run that has ended can
be curated too; runs that start from it afterwards see it.

A person may have seen all that a run showed, so what a person says is known at the latest time on the run's clock
unless a time is given: a belief added after an evaluation isn't handed out in an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..errors import BeliefError
from .belief import Belief, Evidence, Status
from .disputes import freed, opposed
from .gate import unfit
from .interventions import Addition, Amendment, Approval, Cause, Disputation, Pinning, Withdrawal
from .journal import Journal
from .judging import OpenPair, Rulings
from .lineage import Derived, derived
from .memory import BeliefMemory
from .revision import admit, undecided
from .sentences import needed
from .state import HANDED, IN_FORCE, Op, RevisionResult, Update, later
from .terms import Guard, Terms
from .vetting import REJECTED

ENDED = 2**31 - 1
"""The episode number under which a run's end is recorded: no episode."""

_SAID = ("concept", "statement", "aspect", "polarity", "scope", "kind")
_EDITABLE = (*_SAID, "audience", "examples", "validity")


@dataclass(frozen=True)
class Curation:
    """A person's hand on a memory that is open for writing.

    Attributes:
        memory: Whose beliefs.
        author: Who intervenes.
        decide: Asks a judge about what structure and words leave open; ``None`` leaves it open.
    """

    memory: BeliefMemory
    author: str = "person"
    decide: Callable[[Sequence[OpenPair]], Rulings] | None = None

    def add(self, lesson: Addition, *, known_at: datetime | None = None) -> RevisionResult:
        """Add what a person knows, scoped like any other belief; its evidence is that person's word.

        A belief in force that says the same is reinforced; one that says the opposite becomes disputed, as does this.

        Args:
            lesson: What is to be believed.
            known_at: When it could be known, on the environment's clock; the latest time of the run if not given.

        Raises:
            BeliefError: It can't be accepted; the message says why.
        """
        return self._admitted(lesson, known_at)

    def edit(self, belief: str, reason: str, *, known_at: datetime | None = None, **changes: Any) -> RevisionResult:  # noqa: ANN401
        """Put another wording or scope in the place of a belief, which stays on record as superseded.

        Evidence and credence stay, unless the aspect or the polarity is another: then only the person's word is left.
        Another audience, validity or other examples are changed in the belief itself.

        Args:
            belief: Its id, or the beginning of it.
            reason: Why.
            known_at: As for :meth:`add`.
            changes: ``concept``, ``statement``, ``aspect``, ``polarity``, ``scope``, ``kind``, ``audience``,
                ``examples``, ``validity``.

        Raises:
            NotFoundError: There is no such belief.
            BeliefError: It isn't in force, is pinned, nothing would change, or an example fails.
        """
        old = self._unpinned(belief, "edited")
        told = {name: changes.get(name, getattr(old, name)) for name in _EDITABLE}
        if all(told[name] == getattr(old, name) for name in _EDITABLE):
            raise BeliefError(f"{old.id} says that already: change at least one of {', '.join(_EDITABLE)}")
        same = all(told[name] == getattr(old, name) for name in _SAID)
        amendment = Amendment(belief=old.id, reason=reason, support=0, form=told.pop("kind"), **told)
        if same:
            return self._adjusted(old, amendment)
        return self._admitted(amendment, known_at, old)

    def pin(self, belief: str, reason: str) -> RevisionResult:
        """Keep a belief from being revised, retracted or rolled back.

        Raises:
            NotFoundError: There is no such belief.
            BeliefError: It isn't in force, or is pinned already.
        """
        return self._pinning(belief, reason, pinned=True)

    def unpin(self, belief: str, reason: str) -> RevisionResult:
        """Let a belief be revised again; errors as for :meth:`pin`."""
        return self._pinning(belief, reason, pinned=False)

    def approve(self, belief: str, reason: str) -> RevisionResult:
        """Put a belief in force that is a candidate, quarantined, disputed, superseded or retired.

        Raises:
            NotFoundError: There is no such belief.
            BeliefError: It is active already, a belief in force contradicts it, or its examples fail.
        """
        found = self.memory.get(belief)
        if found.status is Status.ACTIVE:
            raise BeliefError(f"{found.id} is active already")
        self._see_fit(found)
        rivals = [b.id for b in self.memory.beliefs() if b.status in HANDED and b.id != found.id]
        rivals = [i for i in rivals if opposed(self.memory.get(i), found) or i in found.contradicts]
        if rivals:
            raise BeliefError(
                f"{found.id} is contradicted by {', '.join(rivals)}, in force too: retract or edit what you don't hold"
            )
        update = Update(belief=found.id, status=Status.ACTIVE)
        said = Approval(belief=found.id, reason=reason)
        return self._one("approval", f"{found.id} was {found.status} and is in force", said, found.id, (update,))

    def reject(self, belief: str, reason: str) -> RevisionResult:
        """Keep a belief in quarantine for good that is held back: no support lets it in, only an approval.

        Raises:
            NotFoundError: There is no such belief.
            BeliefError: It isn't held back.
        """
        found = self.memory.get(belief)
        if found.status not in {Status.CANDIDATE, Status.QUARANTINED}:
            raise BeliefError(f"{found.id} is {found.status} and isn't held back: retract it to give it up")
        update = Update(belief=found.id, status=Status.QUARANTINED, held_back=f"{REJECTED}: {reason}")
        said = Withdrawal(belief=found.id, reason=reason)
        return self._one("contraction", f"{found.id} is rejected", said, found.id, (update,))

    def dispute(self, belief: str, reason: str, rival: str | None = None) -> RevisionResult:
        """Mark a belief as disputed; it enters prompts only with that mark. With ``rival`` both are.

        Raises:
            NotFoundError: There is no such belief.
            BeliefError: It isn't in force, or is disputed already.
        """
        found = self._in_force(belief)
        other = self._in_force(rival) if rival is not None else None
        if found.status is Status.DISPUTED and (other is None or other.id in found.contradicts):
            raise BeliefError(f"{found.id} is disputed already")
        if other is not None and other.id == found.id:
            raise BeliefError(f"{found.id} can't contradict itself: name another belief, or none")
        pair = [(found, other), (other, found)] if other else [(found, None)]
        updates = tuple(
            Update(belief=a.id, status=Status.DISPUTED, contradicts=(b.id,) if b else ()) for a, b in pair if a
        )
        said = Disputation(belief=found.id, reason=reason, rival=other.id if other else None)
        return self._one("dispute", f"a {self.author} doubts {found.id}", said, found.id, updates)

    def derived(self, belief: str) -> tuple[Derived, ...]:
        """What :meth:`retract` would withdraw with a belief, or leave because it is pinned.

        Raises:
            NotFoundError: There is no such belief.
        """
        found = self.memory.get(belief)
        return derived(self.memory.journal, {b.id: b for b in self.memory.beliefs()}, found.id)

    def retract(self, belief: str, reason: str, *, cascade: bool = True) -> tuple[RevisionResult, ...]:
        """Give a belief up, and everything derived from it with the same reason; all of it stays on record as retired.

        Args:
            belief: Its id, or the beginning of it.
            reason: Why.
            cascade: Whether what was derived from it goes too; what is pinned stays.

        Raises:
            NotFoundError: There is no such belief.
            BeliefError: It is pinned, or retired already.
        """
        found = self.memory.get(belief)
        self._see_unpinned(found, "retracted")
        if found.status is Status.RETIRED:
            raise BeliefError(f"{found.id} is retired already")
        also = [d for d in self.derived(found.id) if not d.pinned] if cascade else []
        wanted = [Withdrawal(belief=found.id, reason=reason)]
        wanted += [Withdrawal(belief=d.belief, reason=reason, root=found.id) for d in also]
        reasons = [f"{found.id} is given up", *(f"{d.belief} goes with {found.id}: {d.reason}" for d in also)]
        return self.record(self._withdrawals(wanted, reasons))

    def record(self, results: Sequence[RevisionResult]) -> tuple[RevisionResult, ...]:
        """Record results as one intervention, after everything else of the last episode that has begun."""
        journal, run = self.memory.journal, self.memory.run
        episode = last_episode(journal, run)
        head = f"999999.90.{self.author}."  # after every critic's key
        keys = [e.key for e in journal.events(run, kind="belief", episode=episode) if e.key.startswith(head)]
        number = len({key.rpartition(".")[0] for key in keys})
        return self.memory.record(episode, f"{head}{number:04d}", results)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _adjusted(self, old: Belief, amendment: Amendment) -> RevisionResult:
        """Change what isn't part of what a belief says."""
        update = Update(
            belief=old.id,
            audience=amendment.audience,
            validity=amendment.validity,
            examples=amendment.examples,
        )
        self._see_fit(update.applied(old))
        changed = [n for n in ("audience", "examples", "validity") if getattr(amendment, n) != getattr(old, n)]
        told = f"{old.id} has another {' and '.join(changed)}"
        return self._one("revision", told, amendment, old.id, (update,))

    def _see_fit(self, belief: Belief) -> None:
        if reason := unfit(belief):
            raise BeliefError(f"it can't be accepted: {reason}")

    def _admitted(
        self, lesson: Addition | Amendment, known_at: datetime | None, old: Belief | None = None
    ) -> RevisionResult:
        at = known_at or clock(self.memory)
        word = Evidence(
            run=self.memory.run,
            episode=last_episode(self.memory.journal, self.memory.run),
            steps=(),
            note=f"stated by a person: {lesson.reason}",
        )
        terms = Terms(
            run=self.memory.run,
            author=self.author,
            known_at=later(old.known_at, at) if old else at,
            resolves=lambda _episode, _step: False,
            alike=self.memory.alike,
            near=self.memory.near,
            tainted=bool(old and old.tainted),
            guard=Guard(old.words if old else ()),
            generation=self.memory.generation,
            stated=(word,),
            known=needed([lesson], self.memory.journal, self.memory.run, word.episode),
            episode=word.episode,
        )
        pairs = undecided(self.memory.now(), [lesson], terms) if self.decide else ()
        if self.decide and pairs:
            terms = replace(terms, rulings=self.decide(pairs))
        (result,) = admit(self.memory.now(), [lesson], terms)
        if result.op == "rejected":
            raise BeliefError(f"it can't be accepted: {result.reason}")
        if old and result.added:
            result = result.model_copy(update={"added": grounded(result.added, old)})
        return self.record([result])[0]

    def _withdrawals(self, wanted: Sequence[Withdrawal], reasons: Sequence[str]) -> list[RevisionResult]:
        state, results = self.memory.now(), list[RevisionResult]()
        for said, reason in zip(wanted, reasons, strict=True):
            updates = (Update(belief=said.belief, status=Status.RETIRED), *freed(state, state[said.belief]))
            results.append(self.result("contraction", reason, said, said.belief, updates))
            state = state.after(results[-1:])
        return results

    def _pinning(self, belief: str, reason: str, *, pinned: bool) -> RevisionResult:
        found = self._in_force(belief) if pinned else self.memory.get(belief)
        if found.pinned is pinned:
            raise BeliefError(f"{found.id} {'is pinned already' if pinned else 'is not pinned'}")
        said = Pinning(belief=found.id, reason=reason, pinned=pinned)
        told = f"{found.id} is {'pinned' if pinned else 'no longer pinned'}"
        return self._one("pinning", told, said, found.id, (Update(belief=found.id, pinned=pinned),))

    def _in_force(self, belief: str) -> Belief:
        found = self.memory.get(belief)
        if found.status not in IN_FORCE:
            heirs = [b.id for b in self.memory.beliefs() if found.id in b.supersedes]
            instead = f", or name {' or '.join(heirs)}, which took its place" if heirs else ""
            raise BeliefError(f"{found.id} is {found.status}: approve it first to put it in force again{instead}")
        return found

    def _unpinned(self, belief: str, what: str) -> Belief:
        found = self._in_force(belief)
        self._see_unpinned(found, what)
        return found

    def _see_unpinned(self, belief: Belief, what: str) -> None:
        if belief.pinned:
            raise BeliefError(
                f"{belief.id} is pinned and can't be {what}: unpin it first, "
                f"doxa belief unpin {self.memory.run} {belief.id} --reason ..."
            )

    def _one(self, op: Op, reason: str, said: Cause, belief: str, updates: tuple[Update, ...]) -> RevisionResult:
        return self.record([self.result(op, reason, said, belief, updates)])[0]

    def result(
        self, op: Op, reason: str, said: Cause, belief: str | None = None, updates: tuple[Update, ...] = ()
    ) -> RevisionResult:
        """A result by this author, known at the run's latest time."""
        return RevisionResult(
            op=op,
            reason=reason,
            belief=belief,
            proposal=said,
            updates=updates,
            author=self.author,
            known_at=clock(self.memory),
        )


def last_episode(journal: Journal, run: str) -> int:
    """The last episode of a run that has begun; -1 if none has."""
    sql = "SELECT episode FROM events WHERE run = ? AND episode < ? ORDER BY episode DESC LIMIT 1"
    rows = journal.database.rows(sql, (journal.require(run), ENDED))
    return int(rows[0][0]) if rows else -1


def clock(memory: BeliefMemory) -> datetime | None:
    """The latest time that a run or its ancestors have seen; ``None`` if there is none or they don't compare."""
    journal = memory.journal
    runs = [(a.run, a.seq) for a in journal.ancestors(memory.run)] + [(memory.run, 2**63 - 1)]
    steps = (e for run, until in runs for e in journal.events(run, kind="step") if e.seq <= until)
    seen = {event.payload.get("until") for event in steps}
    times = [datetime.fromisoformat(text) for text in seen if text]
    times += [b.known_at for b in memory.beliefs() if b.known_at is not None]
    if len({at.tzinfo is None for at in times}) != 1:
        return None
    return max(times)


def grounded(new: Belief, old: Belief) -> Belief:
    """An amended belief with what still speaks for it."""
    if (new.aspect, new.polarity) != (old.aspect, old.polarity):
        return new
    return new.model_copy(update={"credence": old.credence, "evidence": (*old.evidence, *new.evidence)})

"""Admission: what becomes of a critic's proposals. Pure: beliefs and proposals in, results out, nothing written.

Every proposal ends in exactly one result with its reason, and no belief is ever deleted:

=================  ==================================================================================================
``expansion``      a belief is added, or one given up earlier is taken up again; what doesn't pass the gate
                   (:mod:`~doxa.memory.gate`) is added as a candidate or quarantined
``reinforcement``  a belief in force says the same already; the evidence is merged into it
``dispute``        a belief is added that contradicts others in force; all of them become disputed
``revision``       a belief takes the place of another, which becomes superseded
``contraction``    a belief is retired
``rejected``       nothing happens: evidence that doesn't resolve, an example that fails, an unknown or pinned belief,
                   no budget left, ...
=================  ==================================================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .behaviours import misfit, parents_of
from .belief import Belief, Credence, Evidence, Status, Validity, belief_id
from .disputes import against, disputes, freed, why
from .gate import Standing, brings_outcomes, failing, lifted, standing, tainted_reason, unfit
from .interventions import Addition, Amendment, Cause
from .judging import OpenPair, pair_key
from .lengths import oversized
from .operations import Contraction, Expansion, Lesson, Operation, Revision
from .past import behind, cited_evidence
from .provenance import united
from .relation import Related, related
from .sentences import understood
from .state import HANDED, IN_FORCE, Beliefs, Op, RevisionResult, Update, support
from .terms import Terms
from .vetting import REJECTED, TAINTED

Lessons = Expansion | Revision | Addition | Amendment


def admit(
    beliefs: Beliefs, proposals: Sequence[Operation | Addition | Amendment], terms: Terms
) -> tuple[RevisionResult, ...]:
    """Judge the proposals of one critique in order, each in the light of those before it."""
    admission = _Admission(beliefs, terms)
    return tuple(admission.judge(proposal) for proposal in proposals)


def undecided(
    beliefs: Beliefs, proposals: Sequence[Operation | Addition | Amendment], terms: Terms
) -> tuple[OpenPair, ...]:
    """The pairs that a judge could decide before these proposals are admitted, the nearest first."""
    admission = _Admission(beliefs, terms)
    return tuple(sorted(admission.undecided(proposals), key=lambda pair: (-pair.nearness, pair.key)))


class _RejectedError(Exception):
    """Why a proposal ends here; never leaves this module."""


class _Admission:
    """One critique on its way in."""

    def __init__(self, beliefs: Beliefs, terms: Terms) -> None:
        self._beliefs = beliefs.unrevoked()
        self._terms = terms
        self._left = terms.budget
        self._said: set[str] = set()

    def judge(self, proposal: Operation | Addition | Amendment) -> RevisionResult:
        """The one result of this proposal."""
        try:
            if isinstance(proposal, Contraction):
                return self._concluded(self._contraction(proposal))
            result = self._concluded(self._lesson(proposal))
            self._said |= {result.belief} if result.belief else set()
        except _RejectedError as rejection:
            return self._result("rejected", str(rejection), proposal)
        return result

    def _concluded(self, result: RevisionResult) -> RevisionResult:
        self._beliefs = self._beliefs.after([result])
        return result

    def _contraction(self, proposal: Contraction) -> RevisionResult:
        old = self._standing(proposal.belief)
        if self._imagined:
            raise _RejectedError(f"{old.id} stays: what was imagined gives no belief up")
        if self._terms.guard.words and not old.tainted:
            raise _RejectedError(
                f"{old.id} stands without strangers' words, and these can't take it away: {self._named}"
            )
        self._spend()
        updates = (Update(belief=old.id, status=Status.RETIRED), *freed(self._beliefs, old))
        return self._result("contraction", f"{old.id} is given up", proposal, old.id, None, updates)

    def undecided(self, proposals: Sequence[Operation | Addition | Amendment]) -> Iterator[OpenPair]:
        """Open pairs of what is in force or proposed earlier with what is proposed."""
        before = dict(self._beliefs)
        for proposal in proposals:
            if isinstance(proposal, Contraction):
                continue
            try:
                old = self._standing(proposal.belief) if isinstance(proposal, Revision | Amendment) else None
                new = self._candidate(proposal, old)
            except _RejectedError:
                continue
            if self._gate(new, old).status is not Status.ACTIVE:
                continue  # what is held back is in no prompt, a judge's included
            held = [b for b in before.values() if b.status in IN_FORCE and b is not old and b.id != new.id]
            found = self._compared(new, held)
            yield from (OpenPair(b, new, r.nearness) for b, r in zip(held, found, strict=True) if r.judged)
            before.setdefault(new.id, new)

    def _lesson(self, proposal: Lessons) -> RevisionResult:
        old = self._standing(proposal.belief) if isinstance(proposal, Revision | Amendment) else None
        new = self._candidate(proposal, old)
        ruled = [b for b in self._beliefs.values() if b.held_back.startswith(REJECTED)]
        if known := self._restated(self._pairs(new, [b for b in ruled if b.id == new.id or not self._terms.stated])):
            raise _RejectedError(f"{known.id} says this, and a person has ruled on it: {known.held_back}")
        if (waits := self._quarantined(new)) is not None:
            return self._supported(proposal, new, waits)
        held = [b for b in self._beliefs.in_force() if b is not old]
        others = self._pairs(new, held)
        known = old if old and old.id == new.id else self._restated(others)
        if known and known.id in self._said:
            raise _RejectedError(f"an earlier proposal of this critique said the same ({known.id})")
        if known and (old is None or known is old):
            return self._reinforced(proposal, new, known)
        known = known or self._beliefs.get(new.id)
        gate = self._gate(new, old)
        if known is not None and gate.status is not Status.ACTIVE and not gate.reason.startswith(TAINTED):
            raise _RejectedError(f"{known.id}, which is {known.status}, says this. {gate.reason}")
        self._spend()
        if gate.status is not Status.ACTIVE:
            return self._held_back(proposal, new, known, old, gate)
        rivals = [b for b, r in others.values() if r.relation == "contradicts" and b.status in HANDED]
        doubts = "".join(self._doubt(new, b) for b, r in others.values() if r.relation == "open")
        return self._placed(proposal, new, known, old, rivals, doubts)

    def _reinforced(self, proposal: Lessons, new: Belief, held: Belief) -> RevisionResult:
        """Merge a restatement's evidence into the belief; a candidate that is supported then is in force."""
        if new.tainted and not held.tainted and not self._terms.stated:
            raise _RejectedError(f"{held.id} says this on numbers alone, and words add nothing to it: {self._named}")
        gained = self._fresh(new, held)
        if not held.tainted:  # a stranger said what is believed already: on record, and nothing of it is theirs
            gained = gained.model_copy(update={"tainted": False, "words": ()})
        told = f"it says what {held.id} says{self._ruled(new, held)}"
        if not lifted(held, gained.applied(held).credence):
            return self._result("reinforcement", told, proposal, held.id, None, (gained,))
        return self._lifted(proposal, held, gained, f"{told}, which is supported now")

    def _quarantined(self, new: Belief) -> Belief | None:
        """A belief that says the same and waits for support; what stands on numbers alone waits for nobody."""
        if not new.tainted or self._terms.stated:
            return None
        held = (b for b in self._beliefs.values() if b.status is Status.QUARANTINED)
        return self._restated(self._pairs(new, [b for b in held if b.held_back.startswith(TAINTED)]))

    def _supported(self, proposal: Lessons, new: Belief, held: Belief) -> RevisionResult:
        """Merge a restatement's evidence into a tainted belief, and let it in if it has enough now."""
        gained = self._fresh(new, held)
        lacks = self._terms.guard.vetting.against(gained.applied(held))
        told = f"it says what {held.id} says{self._ruled(new, held)}"
        if lacks is None:
            return self._lifted(proposal, held, gained, f"{told}, which several sources support now")
        back = {"status": Status.QUARANTINED, "held_back": tainted_reason(held.words, lacks)}
        gained = gained.model_copy(update=back)
        return self._result("reinforcement", f"{told}; {lacks}", proposal, held.id, None, (gained,))

    def _fresh(self, new: Belief, held: Belief) -> Update:
        """What a restatement adds to a belief, if it brings outcomes."""
        if not brings_outcomes(new, held):
            raise _RejectedError(f"echo: {held.id} says this, and every step it cites counts for that already")
        return self._gained(new, held)

    def _lifted(self, proposal: Lessons, held: Belief, gained: Update, told: str) -> RevisionResult:
        """Put a belief in force that was held back."""
        others = self._pairs(held, [b for b in self._beliefs.in_force() if b.status in HANDED])
        rivals = [b for b, r in others.values() if r.relation == "contradicts"]
        status = Status.DISPUTED if rivals else Status.ACTIVE
        contradicted = tuple(sorted(b.id for b in rivals))
        updates = (
            gained.model_copy(update={"status": status, "contradicts": contradicted}),
            *disputes(rivals, held.id),
        )
        op: Op = "dispute" if rivals else "expansion"
        return self._result(op, told + against(rivals), proposal, held.id, None, updates)

    def _gained(self, new: Belief, held: Belief) -> Update:
        """What a restatement adds to a belief."""
        if new.validity not in {held.validity, Validity()}:
            raise _RejectedError(f"{held.id} says this for another time: edit its validity")
        examples = held.examples.with_(new.examples)
        if reason := failing(held.scope, examples):
            raise _RejectedError(f"{held.id} says this, and has examples: {reason}")
        told = {"belief": held.id, "examples": examples if examples != held.examples else None}
        return support(new).model_copy(update=told)

    def _gate(self, new: Belief, old: Belief | None) -> Standing:
        """How a proposal comes in; a person's word is in force at once."""
        if self._terms.stated:
            return Standing(Status.CANDIDATE, self._terms.held) if self._terms.held else Standing(Status.ACTIVE)
        past = [b for b in self._beliefs.values() if b.status not in IN_FORCE and b is not old]
        same = (b.id for b, r in zip(past, self._compared(new, past), strict=True) if r.relation == "same")
        return standing(new, self._terms, {new.id, *same})

    def _held_back(
        self, proposal: Lessons, new: Belief, known: Belief | None, old: Belief | None, gate: Standing
    ) -> RevisionResult:
        """Keep a proposal on record that isn't handed out; what it would replace stays in force."""
        told: dict[str, Any] = {"status": gate.status, "held_back": gate.reason}
        reason = f"{gate.status}: {gate.reason}" + (f"; {old.id} stays" if old else "")
        if known is None:
            return self._result("expansion", reason, proposal, new.id, new.model_copy(update=told))
        back = self._gained(new, known).model_copy(update=told)
        return self._result("expansion", reason, proposal, known.id, None, (back,))

    def _placed(
        self,
        proposal: Lessons,
        new: Belief,
        known: Belief | None,
        old: Belief | None,
        rivals: Sequence[Belief],
        doubts: str,
    ) -> RevisionResult:
        """Put a lesson among the others: as a new belief, or into the one that says it already."""
        own = new.id if known is None else known.id
        doubted = bool(rivals) or (known is not None and known.status is Status.DISPUTED)
        told = {
            "status": Status.DISPUTED if doubted else Status.ACTIVE,
            "supersedes": (old.id,) if old else (),
            "contradicts": tuple(sorted(b.id for b in rivals)),
        }
        updates = disputes(rivals, own)
        afresh = known is not None and known.tainted and not new.tainted and known.id == new.id
        if known is not None and not afresh:
            updates.append(self._gained(new, known).model_copy(update=told))
        if old is not None:
            settled = {own, *(b.id for b in rivals)} if rivals else set[str]()
            updates.append(Update(belief=old.id, status=Status.SUPERSEDED))
            updates += [update for update in freed(self._beliefs, old) if update.belief not in settled]
        placed = new.model_copy(update=told)
        added = placed if known is None else None
        op: Op = "revision" if old else "dispute" if rivals else "expansion"
        result = self._result(op, why(known, old, rivals) + doubts, proposal, own, added, tuple(updates))
        # what was said with strangers' words before and stands on numbers now owes those words nothing
        return result.model_copy(update={"restored": (placed,)}) if afresh else result

    @property
    def _imagined(self) -> bool:
        """Whether the proposals come from an episode that a model made up; nothing counts then as an outcome."""
        terms = self._terms
        return not terms.stated and terms.episode is not None and terms.past.imagined(terms.episode)

    def _candidate(self, p: Lessons, old: Belief | None) -> Belief:
        """The belief that a proposal would make, if its evidence is real and its scope passes its examples."""
        unreal = [r for r in p.steps if not self._terms.resolves(r.episode, r.step)]
        if unreal:
            named = ", ".join(f"episode {r.episode} step {r.step}" for r in unreal[:3])
            raise _RejectedError(f"its evidence points at steps that don't exist: {named}")
        aspect = p.aspect.strip()
        if not aspect:
            raise _RejectedError("it names no aspect")
        if long := oversized(p):
            raise _RejectedError(long)
        derived = behind(tuple((r.episode, r.step) for r in p.steps), self._terms.past)
        scope = understood(p.scope, self._terms.known).scope
        own = belief_id(p.concept, p.statement, aspect, p.polarity, scope, p.form)
        new = Belief(
            id=own,
            kind=p.form,
            concept=p.concept,
            statement=p.statement,
            aspect=aspect,
            polarity=p.polarity,
            scope=scope,
            examples=old.examples.with_(p.examples) if old and isinstance(p, Revision) else p.examples,
            audience=p.audience,
            credence=Credence() if self._imagined else Credence().after(p.support, p.against),
            evidence=self._evidence(p) or self._terms.stated,
            author=self._terms.author,
            model=self._terms.asked.model,
            prompt=self._terms.asked.prompt,
            known_at=self._terms.known_at,
            recorded=self._terms.episode,
            status=Status.ACTIVE,
            tainted=self._terms.tainted or bool(old and old.tainted),
            words=united([self._terms.guard.words, old.words if old else ()]),
            parents=tuple(sorted({*derived, *([old.id] if old else [])} - {own})),
            generation=self._terms.generation,
            **(p.validity.model_dump() if isinstance(p, Addition | Amendment) else {}),
        )
        if new.kind == "behaviour":
            new = self._behaviour(new, old, derived)
        if reason := unfit(new):
            raise _RejectedError(reason)
        return new

    def _behaviour(self, new: Belief, old: Belief | None, relied: frozenset[str]) -> Belief:
        """A behaviour with what it stands for; a person's stands for what the one that it replaces did."""
        if self._terms.stated:
            kept = old.parents if old and old.kind == "behaviour" else ()
            return new.model_copy(update={"parents": kept})
        new = new.model_copy(update={"parents": parents_of(new, relied, self._beliefs)})
        if reason := misfit(new, self._beliefs):
            raise _RejectedError(reason)
        return new

    def _evidence(self, proposal: Lessons) -> tuple[Evidence, ...]:
        cited: dict[int, set[int]] = {}
        for ref in proposal.steps:
            cited.setdefault(ref.episode, set()).add(ref.step)
        return tuple(
            cited_evidence(
                self._terms.run,
                episode,
                tuple(sorted(steps)),
                proposal.reason,
                self._terms.past,
                self._terms.guard.words,
            )
            for episode, steps in sorted(cited.items())
        )

    def _standing(self, named: str) -> Belief:
        """The belief in force that a model named, with or without brackets."""
        belief = self._beliefs.get(named.strip(" []"))
        if belief is None:
            raise _RejectedError(f"there is no belief {named!r}")
        if belief.status not in IN_FORCE:
            raise _RejectedError(f"{belief.id} is {belief.status} already")
        if belief.pinned:
            raise _RejectedError(f"{belief.id} is pinned")
        return belief

    def _pairs(self, new: Belief, held: Sequence[Belief]) -> dict[str, tuple[Belief, Related]]:
        return {b.id: (b, r) for b, r in zip(held, self._compared(new, held), strict=True)}

    def _compared(self, new: Belief, held: Sequence[Belief]) -> list[Related]:
        """What a belief is to each of some others, with what a judge decided."""
        close = [b for b in held if b.aspect == new.aspect and b.polarity == new.polarity]
        scores = self._terms.alike(new.whole, [b.whole for b in close]) if close else []
        cosines = {b.id: cosine for b, cosine in zip(close, scores, strict=True)}
        found = [related(b, new, cosines.get(b.id, 0.0), self._terms.near) for b in held]
        return [self._decided(b, new, r) if r.judged else r for b, r in zip(held, found, strict=True)]

    def _decided(self, held: Belief, new: Belief, found: Related) -> Related:
        ruling = self._terms.rulings.get(pair_key(held.id, new.id))
        return found if ruling is None else Related(ruling.decision, ruling.reason, found.nearness)

    def _restated(self, others: Mapping[str, tuple[Belief, Related]]) -> Belief | None:
        """The belief in force, other than the one to be revised, that says the same; the nearest if there are more."""
        near = [(-r.nearness, i) for i, (_, r) in others.items() if r.relation == "same"]
        return others[min(near)[1]][0] if near else None

    def _ruled(self, new: Belief, held: Belief) -> str:
        ruling = self._terms.rulings.get(pair_key(held.id, new.id))
        return f", the judge says: {ruling.reason}" if ruling else ""

    def _doubt(self, new: Belief, held: Belief) -> str:
        ruling = self._terms.rulings.get(pair_key(held.id, new.id))
        return f"; whether it says what {held.id} says is open" + (f": {ruling.reason}" if ruling else "")

    def _spend(self) -> None:
        if self._left is None:
            return
        if self._left <= 0:
            raise _RejectedError(f"the critique's budget of {self._terms.budget} edits is spent")
        self._left -= 1

    def _result(
        self,
        op: Op,
        reason: str,
        proposal: Cause,
        belief: str | None = None,
        added: Belief | None = None,
        updates: tuple[Update, ...] = (),
    ) -> RevisionResult:
        if isinstance(proposal, Lesson) and op != "rejected":
            reason += understood(proposal.scope, self._terms.known).told
        return RevisionResult(
            op=op,
            reason=reason,
            belief=belief,
            proposal=proposal,
            added=added,
            updates=updates,
            author=self._terms.author,
            known_at=self._terms.known_at,
            tainted=self._terms.tainted,
            words=self._terms.guard.words,
            generation=self._terms.generation,
        )

    @property
    def _named(self) -> str:
        return f"words of {', '.join(self._terms.guard.words)}"

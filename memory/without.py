"""What a run would believe without a source: its recorded proposals, judged once more.

Left out is what the source had a part in: its words, its numbers, and whatever was made of beliefs that go. Critiques
are admitted again by what would have been believed before them, and what people said is said again; everything else
they did is done as far as it is about what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from .approval import WAITING
from .belief import Belief, Status
from .curation import grounded
from .interventions import Addition, Amendment, Disputation, Merger, Retirement
from .judging import Ruling, Rulings, by_pair
from .memory import BeliefMemory
from .operations import Contraction, Expansion, Revision
from .past import Asked, RecordedPast
from .provenance import came_from, source_of, united
from .recorded import Recorded, believed, chain, recorded
from .revision import admit
from .sentences import needed
from .state import IN_FORCE, Beliefs, RevisionResult
from .terms import Guard, Terms

_STATED = ("addition", "amendment", "approval", "pinning", "disputation")
"""What a person said didn't come from a source, unless its words are in it."""


@dataclass
class Without:
    """A run's beliefs, without a source.

    Attributes:
        memory: Of the run.
        source: Which.
    """

    memory: BeliefMemory
    source: str
    actual: Beliefs = field(default_factory=Beliefs)
    other: Beliefs = field(default_factory=Beliefs)
    gone: set[str] = field(default_factory=set)
    sources: dict[int, frozenset[str]] = field(default_factory=dict)
    """What is left out of each recorded result: the source, and those that were revoked later."""
    doubted: set[str] = field(default_factory=set)
    """What a person doubts, whoever else does."""

    def believed(self) -> Beliefs:
        """What would be believed."""
        journal = self.memory.journal
        runs = [recorded(journal, run.run, run.seq) for run in chain(journal, self.memory.run)]
        later = frozenset({self.source})
        for each in reversed([r for run in runs for r in run]):
            self.sources[id(each)] = later
            later |= {each.result.proposal.source} if isinstance(each.result.proposal, Retirement) else set()
        for run in runs:
            for _, episode in groupby(run, key=lambda r: r.episode):
                self._episode(list(episode))
        return Beliefs({**self.other, **{b.id: b for b in self._freed()}})

    def _freed(self) -> Iterator[Belief]:
        """What only those disputed that are gone is in force again."""
        for b in self.other.values():
            gone = {i for i in b.contradicts if i not in self.other}
            left = (self.other[i] for i in b.contradicts if i not in gone)
            alone = gone and b.id not in self.doubted and not any(rival.status in IN_FORCE for rival in left)
            if alone and b.status is Status.DISPUTED:
                yield b.model_copy(update={"status": Status.ACTIVE})

    def _episode(self, results: Sequence[Recorded]) -> None:
        """The critiques of an episode don't see each other: each is judged by what was believed before it."""
        before, same = self.other, self.actual == self.other
        for _, place in groupby(results, key=lambda r: r.key.rpartition(".")[0]):
            whole = list(place)
            kept = [r for r in whole if not self._left_out(r)]
            doubts = [r.result.proposal for r in kept if isinstance(r.result.proposal, Disputation)]
            self.doubted |= {said.belief for said in doubts if said.rival is None}
            critique = all(isinstance(r.result.proposal, Expansion | Revision | Contraction) for r in kept)
            alike = same if critique else self.actual == self.other
            if alike and len(kept) == len(whole):
                self.other = self.other.after(r.result for r in kept)
            elif critique and not any(_held(r.result) for r in kept):
                self.other = self.other.after(self._admitted(kept, before))
            else:
                for each in kept:
                    self.other = self.other.after(self._anew(each))
            self.gone -= set(self.other)
            self.actual = self.actual.after(r.result for r in whole)

    def _left_out(self, each: Recorded) -> bool:
        """Whether a source had a part in a result, or only put back what one had done; what it made goes with it."""
        result, said = each.result, each.result.proposal
        if isinstance(said, Retirement):
            return True
        named = {getattr(said, "belief", None), getattr(said, "rival", None), *getattr(said, "parents", ())}
        about = named & self.gone
        made = result.added
        derived = made is not None and bool({*made.parents, *made.supersedes} & self.gone)
        stated = said.kind in _STATED
        on = source_of(getattr(said, "aspect", "")) if not stated else ()
        aspects = came_from(made) if made is not None and not stated else ()
        behind = {*result.words, *on, *aspects, *(made.words if made else ())}
        if not (about or derived or behind & self.sources[id(each)]):
            return False
        if made is not None:
            self.gone.add(made.id)
        return True

    def _anew(self, each: Recorded) -> Iterator[RevisionResult]:
        """A result as it would have been: said once more, or as far as it is about what is there."""
        result, said = each.result, each.result.proposal
        if isinstance(said, Addition | Amendment) and _whole(result, said):
            yield from self._stated(each, said)
        elif isinstance(said, Merger) and result.added is None and result.belief not in self.other:
            yield from self._merged(each, said)
        else:
            updates = tuple(u for u in result.updates if u.belief in self.other or _adds(result, u.belief))
            restored = tuple(b for b in result.restored if b.id not in self.gone)
            yield result.model_copy(update={"updates": updates, "restored": restored})

    def _stated(self, each: Recorded, said: Addition | Amendment) -> Iterator[RevisionResult]:
        """What a person said, said to who never heard the source."""
        before = each.result
        told = [b.evidence for b in (before.added, *before.restored) if b is not None and b.id == before.belief]
        told += [u.evidence for u in before.updates if u.belief == before.belief]
        terms = Terms(
            run=each.run,
            author=before.author,
            known_at=before.known_at,
            resolves=lambda _episode, _step: False,
            alike=self.memory.alike,
            near=self.memory.near,
            tainted=before.tainted,
            guard=Guard(before.words),
            generation=before.generation,
            stated=told[0][-1:],  # what was there before the person's word comes first
            rulings=self._rulings(each.run, each.episode),
            known=needed([said], self.memory.journal, each.run, each.episode),
            episode=each.episode,
        )
        (result,) = admit(self.other, [said], terms)
        if isinstance(said, Amendment) and result.added:
            result = result.model_copy(update={"added": grounded(result.added, self.other[said.belief])})
        if result.op != "rejected":
            yield result.model_copy(update={"episode": each.episode})

    def _merged(self, each: Recorded, said: Merger) -> Iterator[RevisionResult]:
        """What the other run believed, which only added to a belief that is gone now."""
        journal = self.memory.journal
        theirs = believed(journal, chain(journal, said.run, said.seq)).get(each.result.belief or "")
        if theirs is not None and self.source not in came_from(theirs):
            told = {"op": "expansion", "added": theirs, "updates": (), "generation": self.memory.generation}
            yield each.result.model_copy(update=told)

    def _admitted(self, kept: Sequence[Recorded], before: Beliefs) -> tuple[RevisionResult, ...]:
        kept = [r for r in kept if not r.result.reason.startswith("the critique's budget")]
        if not kept:
            return ()
        place, first = kept[0], kept[0].result
        proposals = [r.result.proposal for r in kept]
        real = {
            (ref.episode, ref.step)
            for r in kept
            if r.result.op != "rejected"
            for ref in getattr(r.result.proposal, "steps", ())
        }
        past = RecordedPast(self.memory.journal, place.run)
        made = next((r.result.added for r in kept if r.result.added), None)
        terms = Terms(
            run=place.run,
            author=first.author,
            known_at=first.known_at,
            resolves=lambda e, s: (e, s) in real or s in past.outcomes(e).rewards,
            alike=self.memory.alike,
            near=self.memory.near,
            tainted=first.tainted,
            guard=Guard(first.words, agents=self._agents(place.run)),
            generation=first.generation,
            rulings=self._rulings(place.run, place.episode),
            known=needed(proposals, self.memory.journal, place.run, place.episode),
            past=past,
            episode=place.episode,
            asked=Asked(made.model, made.prompt) if made else Asked(),
        )
        results = admit(before, proposals, terms)  # type: ignore[arg-type]  # a critic's operations, as was seen
        return tuple(result.model_copy(update={"episode": place.episode}) for result in results)

    def _agents(self, run: str) -> tuple[str, ...]:
        events = self.memory.journal.events(run, kind="propagation")
        return united([c["agent"] for c in event.payload["candidates"]] for event in events)

    def _rulings(self, run: str, episode: int) -> Rulings:
        events = self.memory.journal.events(run, kind="judgement", episode=episode)
        return by_pair([Ruling.model_validate(event.payload) for event in events])


def _whole(result: RevisionResult, said: Addition | Amendment) -> bool:
    """Whether a person said what to believe, and it was in force at once: not just for whom, or when."""
    waits = result.added is not None and bool(result.added.held_back)
    return not waits and not (isinstance(said, Amendment) and result.belief == said.belief)


def _held(result: RevisionResult) -> bool:
    """Whether a person had been asked about it."""
    return any(h == WAITING for h in (result.added and result.added.held_back, *(u.held_back for u in result.updates)))


def _adds(result: RevisionResult, belief: str) -> bool:
    return result.added is not None and result.added.id == belief

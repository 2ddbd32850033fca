"""Withdrawing everything that came from a source, as if nobody had ever read it.

What is believed is worked out again from the recorded proposals, without those that the source had a part in: its
words, its numbers, and whatever was made of beliefs that go. So a belief that the source had strengthened, disputed,
replaced or kept out stands afterwards as it would have stood. Nothing is deleted: what goes is retired, with a reason.

What can't be undone are actions that were taken meanwhile, and what other proposals owe to them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from ..errors import BeliefError, options
from .belief import Belief, Status
from .curation import Curation, last_episode
from .interventions import Retirement
from .memory import BeliefMemory
from .provenance import came_from, united
from .remembering import Memory
from .state import REVOKED, RevisionResult, Update
from .timetravel import branch_point
from .without import Without


@dataclass(frozen=True)
class Revocation:
    """What revoking a source comes to.

    Attributes:
        source: Which.
        gone: Beliefs that are withdrawn, as they stand now.
        changed: Beliefs as they would stand without the source, where that is otherwise than now.
        back: Beliefs that the source had kept out.
        memories: What agents noted with its words.
    """

    source: str
    gone: tuple[Belief, ...]
    changed: tuple[Belief, ...]
    back: tuple[Belief, ...]
    memories: tuple[Memory, ...]


def revocation(memory: BeliefMemory, source: str) -> Revocation:
    """What would be withdrawn.

    Raises:
        BeliefError: Nothing came from the source.
    """
    from .procedural import ProceduralMemory

    now = memory.now()
    past = Without(memory, source).believed()
    notes = ProceduralMemory(memory.journal, memory.run, memory.embedder).memories()
    found = Revocation(
        source,
        tuple(now[i] for i in sorted({*now} - {*past}) if not now[i].held_back.startswith(REVOKED)),
        tuple(past[i] for i in sorted({*now} & {*past}) if past[i] != now[i]),
        tuple(past[i] for i in sorted({*past} - {*now})),
        tuple(note for note in notes if source in {note.source, *note.words}),
    )
    if not (found.gone or found.changed or found.back or found.memories):
        known = united([*(came_from(b) for b in now.values()), *((n.source, *n.words) for n in notes)])
        raise BeliefError(
            f"nothing that run {memory.run} believes or remembers came from {source!r}: {options(source, known)}"
        )
    return found


def revoke(hand: Curation, source: str, reason: str) -> Revocation:
    """Withdraw what came from a source; it counts from the next episode on.

    Raises:
        BeliefError: Nothing did.
    """
    from .procedural import ProceduralMemory

    found, memory = revocation(hand.memory, source), hand.memory
    said = Retirement(source=source, reason=reason)
    why = f"{REVOKED} with {source}: {reason}"
    results = [
        hand.result("contraction", f"{b.id} came from {source}", said, b.id, (_withdrawn(b, why),)) for b in found.gone
    ]
    for b in found.changed:
        result = hand.result("restoration", f"{b.id} is as it would be without {source}", said, b.id)
        results.append(result.model_copy(update={"restored": (b,)}))
    for b in found.back:
        result = hand.result("expansion", f"{source} had kept it out", said, b.id)
        results.append(result.model_copy(update={"added": b, "generation": memory.generation}))
    if results:
        hand.record(results)
    if found.memories:
        episode = last_episode(memory.journal, memory.run)
        ProceduralMemory(memory.journal, memory.run, memory.embedder).forget(
            episode, found.memories, author=hand.author, reason=why[:400]
        )
    return found


def revoke_again(hand: Curation, origin: str) -> None:
    """Withdraw, in a run that starts from an earlier state of another, what was revoked there since.

    Args:
        hand: On the new run's memory.
        origin: ``RUN@EPISODE``, what it starts from.
    """
    journal = hand.memory.journal
    begin = branch_point(journal, origin)
    later = (e for e in journal.events(begin.run, kind="belief") if e.seq > begin.seq)
    causes = (RevisionResult.read(e.payload, begin.run, e.episode).proposal for e in later)
    for said in dict.fromkeys(cause for cause in causes if isinstance(cause, Retirement)):
        with suppress(BeliefError):  # nothing of it is there
            revoke(hand, said.source, said.reason)


def _withdrawn(belief: Belief, why: str) -> Update:
    return Update(belief=belief.id, status=Status.RETIRED, held_back=why, pinned=False)

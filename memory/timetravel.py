"""Beliefs at other times: as of an episode or a moment, the difference between two, and back to how it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..errors import BeliefError
from .belief import Belief, Status
from .curation import Curation, last_episode
from .interventions import Rollback
from .journal import Ancestor, Journal
from .recorded import believed, chain, recorded, results_of
from .state import HANDED, REVOKED, Beliefs, RevisionResult, Update
from .vetting import REJECTED


@dataclass(frozen=True)
class Change:
    """A field of a belief that is another one now."""

    belief: str
    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class BeliefDiff:
    """How two states of belief differ.

    Attributes:
        appeared: Only in the later one.
        vanished: Only in the earlier one; possible between runs, never within one.
        changed: Field by field.
    """

    appeared: tuple[Belief, ...]
    vanished: tuple[Belief, ...]
    changed: tuple[Change, ...]


def diff(before: Mapping[str, Belief], after: Mapping[str, Belief]) -> BeliefDiff:
    """How two states of belief differ, sorted by id."""
    changes = [
        Change(i, name, old, new)
        for i in sorted({*before} & {*after})
        for name in Belief.model_fields
        if (old := getattr(before[i], name)) != (new := getattr(after[i], name))
    ]
    return BeliefDiff(
        tuple(after[i] for i in sorted({*after} - {*before})),
        tuple(before[i] for i in sorted({*before} - {*after})),
        tuple(changes),
    )


def known_before(journal: Journal, run: str, moment: datetime) -> Beliefs:
    """What could be believed by an episode that starts at ``moment`` on the environment's clock.

    A run may pass over one window several times; whatever was learned from data of that moment or later isn't in it,
    in whichever pass it was learned.

    Raises:
        BeliefError: The run's beliefs have no clock.
    """
    results = results_of(journal, chain(journal, run))
    if results and all(r.known_at is None for r in results):
        raise BeliefError(f"run {run} has no clock, so nothing is known at {moment.isoformat()}: give an episode")
    state = Beliefs()
    for result in results:
        if _earlier(result.known_at, moment):
            updates = tuple(u for u in result.updates if u.belief in state or _adds(result, u.belief))
            state = state.after([result.model_copy(update={"updates": updates})])
    return state


def state_at(journal: Journal, run: str, when: str) -> Beliefs:
    """A state of belief as it is named on the command line.

    Args:
        journal: Where it is.
        run: Whose beliefs, unless ``when`` names another run.
        when: ``now``, an episode's number, a time, ``RUN`` or ``RUN@EPISODE``.

    Raises:
        BeliefError: It is none of these.
        NotFoundError: There is no such run or episode.
    """
    if when == "now":
        return believed(journal, chain(journal, run))
    if when.lstrip("-").isdecimal():
        return _before(journal, run, int(when))
    if when in journal.runs():
        return believed(journal, chain(journal, when))
    name, at, episode = when.partition("@")
    if at and episode.isdecimal():
        return _before(journal, journal.require(name), int(episode))
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        raise BeliefError(
            f"{when!r} is no point in time: write now, an episode's number, a time as 2021-01-31, a run or RUN@EPISODE"
        ) from None
    return known_before(journal, run, moment)


def branch_point(journal: Journal, origin: str) -> Ancestor:
    """The position in a run that ``RUN`` or ``RUN@EPISODE`` names: all of it, or what was believed before the episode.

    Raises:
        NotFoundError: There is no such run.
        BeliefError: There is no such episode.
    """
    run, at, episode = origin.partition("@")
    journal.require(run)
    if not at:
        return Ancestor(run, journal.length(run))
    last = last_episode(journal, run) + 1
    if not episode.isdecimal() or int(episode) > last:
        raise BeliefError(f"{origin!r} is no point to start from: write {run}, or {run}@EPISODE with 0 to {last}")
    seqs = [e.seq for e in journal.events(run, kind="belief") if e.episode < int(episode)]
    return Ancestor(run, max(seqs, default=0))


def rollback(hand: Curation, episode: int, reason: str) -> tuple[RevisionResult, ...]:
    """Believe again what was believed when an episode began; what came since is retired, and stays on record.

    What was revoked or rejected since stays so.

    Args:
        hand: Whose memory, and who does it.
        episode: From 0 to the next one.
        reason: Why.

    Raises:
        BeliefError: There is no such episode, or a pinned belief would have to change.
    """
    memory = hand.memory
    then, now = _before(memory.journal, memory.run, episode), memory.now()
    back = [b for b in then.values() if now[b.id] != b and not ruled_out(now[b.id])]
    gone = [b for b in now.values() if b.id not in then and b.status is not Status.RETIRED]
    pinned = sorted(b.id for b in (*gone, *back) if now[b.id].pinned)
    if pinned:
        raise BeliefError(
            f"rolling back to before episode {episode} would change what is pinned: unpin {', '.join(pinned)} first"
        )
    said = Rollback(episode=episode, reason=reason)
    told = f"wasn't believed before episode {episode}"
    results = [
        hand.result("contraction", f"{b.id} {told}", said, b.id, (Update(belief=b.id, status=Status.RETIRED),))
        for b in gone
    ]
    for b in back:
        result = hand.result("restoration", f"{b.id} is as it was before episode {episode}", said, b.id)
        results.append(result.model_copy(update={"restored": (b,)}))
    return hand.record(results) if results else ()


def ruled_out(belief: Belief) -> bool:
    """Whether a belief came from a source that was revoked, or a person has rejected it."""
    return belief.status not in HANDED and belief.held_back.startswith((REVOKED, REJECTED))


def _before(journal: Journal, run: str, episode: int) -> Beliefs:
    last = last_episode(journal, run) + 1
    if not 0 <= episode <= last:
        raise BeliefError(f"run {run} has no episode {episode}: choose from 0 to {last}, which is after all of it")
    inherited = believed(journal, journal.ancestors(run))
    return inherited.after(r.result for r in recorded(journal, run) if r.episode < episode)


def _earlier(known_at: datetime | None, moment: datetime) -> bool:
    """Whether something was known before; what can't be compared wasn't."""
    return known_at is not None and (known_at.tzinfo is None) == (moment.tzinfo is None) and known_at < moment


def _adds(result: RevisionResult, belief: str) -> bool:
    return result.added is not None and result.added.id == belief

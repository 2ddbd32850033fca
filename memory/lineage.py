"""What was made from a belief.

A belief is *derived* from another if it took the other's place, if it's a behaviour that was distilled from it, or if
every step it cites was decided, or read, relying on the other: what the agents said they relied on is in the journal. A
belief with a step of its own, or with a person's word, stands without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .belief import Belief, Status
from .journal import Journal


class Step(NamedTuple):
    """A step of an episode of a run."""

    run: str
    episode: int
    step: int


@dataclass(frozen=True)
class Derived:
    """A belief that wouldn't stand without another one.

    Attributes:
        belief: The derived one.
        sources: Ids of what it was derived from.
        reason: By lineage or by evidence, in words.
        pinned: Whether a person keeps it.
    """

    belief: str
    sources: tuple[str, ...]
    reason: str
    pinned: bool


def derived(journal: Journal, beliefs: Mapping[str, Belief], root: str) -> tuple[Derived, ...]:
    """Everything derived from ``root``, directly or by way of others, that isn't given up yet; nearest first.

    What is pinned is listed, and what was derived from it isn't.
    """
    known = set(journal.runs())
    relied = reliance(journal, {(s.run, s.episode) for b in beliefs.values() for s in cited(b) if s.run in known})
    gone, found = {root}, list[Derived]()
    while fresh := [d for d in _next(beliefs, relied, gone) if d.belief not in {f.belief for f in found}]:
        found += fresh
        gone |= {d.belief for d in fresh if not d.pinned}
    return tuple(found)


def cited(belief: Belief) -> Iterator[Step]:
    """The steps that a belief cites."""
    return (Step(e.run, e.episode, step) for e in belief.evidence for step in e.steps)


def _next(beliefs: Mapping[str, Belief], relied: Mapping[Step, frozenset[str]], gone: set[str]) -> Iterator[Derived]:
    for belief in (beliefs[i] for i in sorted(beliefs) if i not in gone):
        if belief.status is Status.RETIRED:
            continue
        if parents := gone & set(belief.supersedes):
            yield _because(belief, parents, "it took the place of")
        elif belief.kind == "behaviour" and (parents := gone & set(belief.parents)):
            yield _because(belief, parents, "it was distilled from")
        elif all(e.steps for e in belief.evidence):
            behind = [gone & relied.get(step, frozenset()) for step in cited(belief)]
            if behind and all(behind):
                yield _because(belief, set().union(*behind), "all its evidence was decided relying on")


def _because(belief: Belief, sources: set[str], why: str) -> Derived:
    named = tuple(sorted(sources))
    return Derived(belief.id, named, f"{why} {', '.join(named)}", belief.pinned)


def reliance(journal: Journal, episodes: Iterable[tuple[str, int]]) -> dict[Step, frozenset[str]]:
    """The beliefs that agents said they relied on, at every step of these episodes of runs."""
    found: dict[Step, frozenset[str]] = {}
    for run, episode in sorted(episodes):
        for kind in ("insight", "decision"):
            for event in journal.events(run, kind=kind, episode=episode):
                step = Step(run, episode, int(event.key.partition(".")[0]))
                found[step] = found.get(step, frozenset()) | frozenset(event.payload.get("beliefs", ()))
    return found
